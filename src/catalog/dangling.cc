#include "catalog/dangling.h"

#include <algorithm>
#include <utility>

#include "catalog/expression_text.h"
#include "sql/parser.h"
#include "sql/walk.h"

namespace rowan::catalog {

namespace {

using Kind = DanglingReference::Kind;
using References = std::vector<DanglingReference>;
using sql::ObjectKind;

// Where the schema itself is gone there is nothing.
Result<ObjectKind> kind_at(const Catalog& catalog, const ObjectName& name) {
  TRY_ASSIGN(const bool has_schema, catalog.has_schema(name.schema));
  return has_schema ? catalog.find_relation(name.schema, name.name)
                    : Result<ObjectKind>(ObjectKind::kNone);
}

Result<void> check_table(const Catalog& catalog, const TableDef& table, References& out) {
  const ObjectName own{table.schema, table.name};
  const std::string before = qualified(table.schema, table.name) + ": ";
  for (const ForeignKey& key : table.foreign_keys) {
    TRY_ASSIGN(const ObjectKind kind, kind_at(catalog, {key.schema, key.table}));
    std::optional<TableVersion> parent;
    if (kind == ObjectKind::kTable) {
      TRY_ASSIGN(parent, catalog.find_table(key.schema, key.table));
    }
    if (!parent || !references_key(key, *parent->table))
      out.push_back({Kind::kForeignKey, own, key.name, {key.schema, key.table},
                     before + foreign_key_sql(table, key)});
  }
  for (const ColumnDef& column : table.columns) {
    if (column.sequence.empty()) continue;
    TRY_ASSIGN(ObjectName name, parse_name(column.sequence, table.schema));
    TRY_ASSIGN(const ObjectKind kind, kind_at(catalog, name));
    if (kind != ObjectKind::kSequence)
      out.push_back({Kind::kDefault, own, {}, std::move(name), before + column.sequence});
  }
  return {};
}

class TablesRead final : public sql::Visitor {
 public:
  void table(sql::NamedTable& table) override {
    if (sql::is_of_tip(table))
      names.push_back({std::string(table.name.schema), std::string(table.name.name)});
  }
  std::vector<ObjectName> names;
};

Result<void> check_view(const Catalog& catalog, const ViewDef& view, References& out) {
  TRY_ASSIGN(const sql::ParsedStatement parsed, sql::parse_statement(view.query_sql));
  if (parsed.statement->kind != sql::StatementKind::kSelect) return {};
  TablesRead read;
  sql::walk(static_cast<sql::SelectStmt&>(*parsed.statement), read);
  TRY_ASSIGN(const auto sequences, sequences_of_query(view.query_sql, view.schema));
  for (const std::string& sequence : sequences) {
    auto name = parse_name(sequence, view.schema);
    if (name) read.names.push_back(std::move(*name));
  }
  for (const ObjectName& name : read.names) {
    TRY_ASSIGN(const bool stored, catalog.has_schema(name.schema));
    if (!stored) continue;  // A virtual table.
    TRY_ASSIGN(const ObjectKind kind, catalog.find_relation(name.schema, name.name));
    if (kind == ObjectKind::kNone)
      out.push_back({Kind::kView, {view.schema, view.name}, {}, name,
                     qualified(view.schema, view.name) + ": " + qualified(name.schema, name.name)});
  }
  return {};
}

}  // namespace

Result<std::vector<DanglingReference>> find_dangling(const Catalog& catalog) {
  References out;
  TRY_ASSIGN(const std::vector<std::string> schemas, catalog.schemas());
  for (const std::string& schema : schemas) {
    TRY_ASSIGN(const std::vector<std::string> tables, catalog.tables(schema));
    for (const std::string& name : tables) {
      TRY_ASSIGN(const TableVersion version, catalog.get_table(schema, name));
      TRY(check_table(catalog, *version.table, out));
    }
    TRY_ASSIGN(const std::vector<std::string> views, catalog.views(schema));
    for (const std::string& name : views) {
      TRY_ASSIGN(const std::shared_ptr<const ViewDef> view, catalog.find_view(schema, name));
      if (view != nullptr) TRY(check_view(catalog, *view, out));
    }
  }
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return a.text < b.text; });
  return out;
}

Result<std::vector<std::string>> dangling_references(const Catalog& catalog) {
  TRY_ASSIGN(const References found, find_dangling(catalog));
  std::vector<std::string> lines;
  for (const DanglingReference& reference : found) lines.push_back(reference.text);
  return lines;
}

}  // namespace rowan::catalog
