#include "merge/view_names.h"

#include <algorithm>

#include "catalog/objects.h"
#include "sql/parser.h"
#include "sql/print.h"
#include "sql/walk.h"

namespace rowan::merge {
namespace {

sql::QualifiedName as_written(std::string_view schema, std::string_view name) {
  sql::QualifiedName written;
  written.schema = schema;
  written.name = name;
  return written;
}

// Renames one after the other. Names that change places go by way of a name that nothing has.
class Renamer {
 public:
  Renamer(const catalog::Catalog& catalog, sql::SelectStmt& select, sql::Arena& arena)
      : catalog_(catalog), select_(select), arena_(arena) {}

  // False: the query takes one of the columns where it has no name of its own to change.
  bool columns(const RenamedRelation& relation) {
    const bool in_turn = std::any_of(
        relation.columns.begin(), relation.columns.end(),
        [&](const auto& rename) { return relation.columns.contains(rename.second); });
    if (in_turn) {
      for (const auto& [from, to] : relation.columns) {
        if (!column(relation, from, aside(to))) return false;
      }
    }
    for (const auto& [from, to] : relation.columns) {
      if (!column(relation, in_turn ? aside(to) : from, to)) return false;
    }
    return true;
  }
  void tables(const std::vector<RenamedRelation>& renamed) {
    for (const RenamedRelation& one : renamed)
      table({one.schema, one.name}, {one.to_schema, aside(one.to_name)}, one);
    for (const RenamedRelation& one : renamed)
      table({one.to_schema, aside(one.to_name)}, {one.to_schema, one.to_name}, one);
  }
  void sequences(const SequenceNames& names, std::string_view schema) {
    sql::each_sequence_name(select_, [&](sql::LiteralExpr& literal) {
      const auto name = catalog::parse_name(literal.text, schema);
      if (!name) return;
      const auto found = names.find(catalog::qualified(name->schema, name->name));
      if (found == names.end()) return;
      literal.text = arena_.copy(found->second);
      changed_ = true;
    });
  }
  bool changed() const { return changed_; }

 private:
  static std::string aside(const std::string& name) { return name + " "; }

  bool column(const RenamedRelation& relation, const std::string& from, const std::string& to) {
    sql::ColumnRename rename;
    rename.table = as_written(relation.schema, relation.name);
    rename.column = arena_.copy(from);
    rename.new_column = arena_.copy(to);
    rename.has_column = [&](const sql::TableRef& ref, std::string_view name) {
      if (ref.kind != sql::TableRefKind::kTable) return false;
      const auto& named = static_cast<const sql::NamedTable&>(ref);
      if (const auto table = catalog_.find_table(named.name.schema, named.name.name);
          table && *table)
        return (*table)->table->find_column(name).has_value();
      const auto view = catalog_.find_view(named.name.schema, named.name.name);
      return view && *view != nullptr &&
             std::find((*view)->columns.begin(), (*view)->columns.end(), name) !=
                 (*view)->columns.end();
    };
    const sql::RenameOutcome outcome = sql::rename_column(select_, rename);
    changed_ = changed_ || outcome == sql::RenameOutcome::kRenamed;
    return outcome != sql::RenameOutcome::kBlocked;
  }
  // A table without an alias goes on by the name that its columns are written with.
  void table(const catalog::ObjectName& from, const catalog::ObjectName& to,
             const RenamedRelation& relation) {
    if (relation.schema == relation.to_schema && relation.name == relation.to_name) return;
    const sql::QualifiedName old_name =
        as_written(arena_.copy(from.schema), arena_.copy(from.name));
    const sql::QualifiedName new_name = as_written(arena_.copy(to.schema), arena_.copy(to.name));
    changed_ = sql::rename_table(select_, old_name, new_name) || changed_;
  }

  const catalog::Catalog& catalog_;
  sql::SelectStmt& select_;
  sql::Arena& arena_;
  bool changed_ = false;
};

}  // namespace

Result<std::string> view_in_merged_names(const catalog::Catalog& catalog, std::string_view text,
                                         std::string_view schema, std::string_view name,
                                         const std::vector<RenamedRelation>& renamed,
                                         const SequenceNames& sequences) {
  TRY_ASSIGN(catalog::ViewDef view, catalog::view_from_sql(text, schema, name));
  TRY_ASSIGN(const sql::ParsedStatement parsed, sql::parse_statement(view.query_sql));
  if (parsed.statement->kind != sql::StatementKind::kSelect) return std::string(text);
  auto& select = static_cast<sql::SelectStmt&>(*parsed.statement);
  Renamer renamer(catalog, select, *parsed.arena);
  for (const RenamedRelation& relation : renamed) {
    if (!renamer.columns(relation)) return std::string(text);
  }
  renamer.tables(renamed);
  renamer.sequences(sequences, schema);
  if (!renamer.changed()) return std::string(text);
  view.query_sql = sql::to_sql(select);
  return catalog::view_sql(view);
}

}  // namespace rowan::merge
