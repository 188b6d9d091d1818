// References to what is not there.
#include <algorithm>

#include "catalog/catalog.h"
#include "catalog/objects.h"
#include "sql/parser.h"
#include "sql/walk.h"

namespace rowan::catalog {

namespace {

using Lines = std::vector<std::string>;

Result<void> check_table(const Catalog& catalog, const TableDef& table, Lines& out) {
  const std::string own = qualified(table.schema, table.name);
  for (const ForeignKey& key : table.foreign_keys) {
    TRY_ASSIGN(const std::optional<TableVersion> parent, catalog.find_table(key.schema, key.table));
    if (!parent || !references_key(key, *parent->table))
      out.push_back(own + ": " + foreign_key_sql(table, key));
  }
  for (const ColumnDef& column : table.columns) {
    if (column.sequence.empty()) continue;
    TRY_ASSIGN(const ObjectName name, parse_name(column.sequence, table.schema));
    TRY_ASSIGN(const Catalog::RelationKind kind, catalog.find_relation(name.schema, name.name));
    if (kind != Catalog::RelationKind::kSequence) out.push_back(own + ": " + column.sequence);
  }
  return {};
}

class TablesRead final : public sql::Visitor {
 public:
  void table(sql::NamedTable& table) override {
    if (table.as_of.kind == sql::AsOfKind::kNone)
      names.push_back({std::string(table.name.schema), std::string(table.name.name)});
  }
  std::vector<ObjectName> names;
};

Result<void> check_view(const Catalog& catalog, const ViewDef& view, Lines& out) {
  TRY_ASSIGN(const sql::ParsedStatement parsed, sql::parse_statement(view.query_sql));
  if (parsed.statement->kind != sql::StatementKind::kSelect) return {};
  TablesRead read;
  sql::walk(static_cast<sql::SelectStmt&>(*parsed.statement), read);
  for (const ObjectName& name : read.names) {
    TRY_ASSIGN(const bool stored, catalog.has_schema(name.schema));
    if (!stored) continue;  // A virtual table.
    TRY_ASSIGN(const Catalog::RelationKind kind, catalog.find_relation(name.schema, name.name));
    if (kind == Catalog::RelationKind::kNone)
      out.push_back(qualified(view.schema, view.name) + ": " + qualified(name.schema, name.name));
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> dangling_references(const Catalog& catalog) {
  Lines out;
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
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace rowan::catalog
