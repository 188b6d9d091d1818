#include "exec/rename.h"

#include <fmt/format.h>

#include "catalog/expression_text.h"
#include "exec/dependents.h"
#include "sql/parser.h"
#include "sql/print.h"
#include "sql/walk.h"
#include "type/key_codec.h"

namespace rowan::exec {

namespace {

using catalog::TableDef;

std::string folder_of(const RelationName& name) {
  return catalog::schema_path(name.schema) + "/" + type::encode_name(name.name);
}

sql::QualifiedName as_written(const RelationName& name) {
  sql::QualifiedName written;
  written.schema = name.schema;
  written.name = name.name;
  return written;
}

// Parses a view's query, lets `change` alter it, and stores the view when it says that something
// changed.
template <typename Change>
Result<void> change_view(const catalog::ViewDef& view, ExecContext& context, const Change& change) {
  TRY_ASSIGN(const sql::ParsedStatement parsed, sql::parse_statement(view.query_sql));
  if (parsed.statement->kind != sql::StatementKind::kSelect) return {};
  auto& select = static_cast<sql::SelectStmt&>(*parsed.statement);
  TRY_ASSIGN(const bool changed, change(select));
  if (!changed) return {};
  catalog::ViewDef renamed = view;
  renamed.query_sql = sql::to_sql(select);
  return put_view(renamed, context);
}

Result<void> rename_in_views(const RelationName& from, const RelationName& to,
                             ExecContext& context) {
  TRY_ASSIGN(const auto views,
             views_reading(context.transaction.catalog(), from.schema, from.name));
  for (const auto& view : views) {
    TRY(change_view(*view, context, [&](sql::SelectStmt& select) -> Result<bool> {
      return sql::rename_table(select, as_written(from), as_written(to));
    }));
  }
  return {};
}

}  // namespace

Result<void> put_view(const catalog::ViewDef& view, ExecContext& context) {
  return context.transaction.put_file(
      view.path() + (view.materialized() ? "/matview.sql" : "/view.sql"), catalog::view_sql(view));
}

Result<void> rename_table(const catalog::TableVersion& version, const RelationName& to,
                          ExecContext& context) {
  txn::Transaction& transaction = context.transaction;
  const RelationName from{version.table->schema, version.table->name};
  TRY_ASSIGN(const std::vector<Reference> keys,
             references_to(transaction.catalog(), from.schema, from.name));
  TRY_ASSIGN(const std::vector<catalog::SequenceDef> owned,
             sequences_owned_by(transaction.catalog(), from.schema, from.name));
  TRY(transaction.move_folder(folder_of(from), folder_of(to)));
  TableDef table = *version.table;
  table.schema = to.schema;
  table.name = to.name;
  for (catalog::ForeignKey& key : table.foreign_keys) {
    if (key.schema == from.schema && key.table == from.name) {
      key.schema = to.schema;
      key.table = to.name;
    }
  }
  TRY(put_table(table, context));
  for (const Reference& reference : keys) {
    if (reference.child == version.table ||
        (reference.child->schema == from.schema && reference.child->name == from.name))
      continue;
    TRY_ASSIGN(const catalog::TableVersion child,
               transaction.get_table(reference.child->schema, reference.child->name));
    TableDef changed = *child.table;  // Read again: it may have several such keys.
    changed.foreign_keys[reference.index].schema = to.schema;
    changed.foreign_keys[reference.index].table = to.name;
    TRY(put_table(changed, context));
  }
  for (catalog::SequenceDef sequence : owned) {
    sequence.owner_table = catalog::qualified(to.schema, to.name);
    TRY(put_sequence(sequence, context));
    if (to.schema != sequence.schema && to.schema != from.schema)
      TRY(rename_sequence({sequence.schema, sequence.name}, {to.schema, sequence.name}, context));
  }
  return rename_in_views(from, to, context);
}

Result<void> rename_column(const catalog::TableVersion& version, std::string_view column,
                           std::string_view to, ExecContext& context) {
  txn::Transaction& transaction = context.transaction;
  TableDef table = *version.table;
  table.columns[*table.find_column(column)].name = to;
  for (catalog::CheckConstraint& check : table.checks) {
    TRY_ASSIGN(check.expression_sql, catalog::rename_column_in(check.expression_sql, column, to));
  }
  const auto rename_referenced = [&](catalog::ForeignKey& key) {
    for (std::string& name : key.referenced) {
      if (name == column) name = to;
    }
  };
  for (catalog::ForeignKey& key : table.foreign_keys) {
    if (key.schema == table.schema && key.table == table.name) rename_referenced(key);
  }
  TRY_ASSIGN(const std::vector<Reference> keys,
             references_to(transaction.catalog(), table.schema, table.name));
  TRY_ASSIGN(const std::vector<catalog::SequenceDef> owned,
             sequences_owned_by(transaction.catalog(), table.schema, table.name));
  TRY_ASSIGN(const auto views,
             views_reading(transaction.catalog(), table.schema, table.name, column));
  for (const Reference& reference : keys) {
    if (reference.child->schema == table.schema && reference.child->name == table.name) continue;
    TRY_ASSIGN(const catalog::TableVersion child,
               transaction.get_table(reference.child->schema, reference.child->name));
    TableDef changed = *child.table;
    rename_referenced(changed.foreign_keys[reference.index]);
    TRY(put_table(changed, context));
  }
  for (catalog::SequenceDef sequence : owned) {
    if (sequence.owner_column != column) continue;
    sequence.owner_column = to;
    TRY(put_sequence(sequence, context));
  }
  sql::ColumnRename rename;
  rename.table.schema = table.schema;
  rename.table.name = table.name;
  rename.column = column;
  rename.new_column = to;
  rename.has_column = [&](const sql::TableRef& ref, std::string_view name) {
    if (ref.kind != sql::TableRefKind::kTable) return false;
    const auto& named = static_cast<const sql::NamedTable&>(ref);
    if (const auto other = transaction.catalog().find_table(named.name.schema, named.name.name);
        other && *other) {
      return (*other)->table->find_column(name).has_value();
    }
    const auto view = transaction.catalog().find_view(named.name.schema, named.name.name);
    return view && *view != nullptr &&
           std::find((*view)->columns.begin(), (*view)->columns.end(), name) !=
               (*view)->columns.end();
  };
  for (const auto& view : views) {
    TRY(change_view(*view, context, [&](sql::SelectStmt& select) -> Result<bool> {
      const sql::RenameOutcome outcome = sql::rename_column(select, rename);
      if (outcome != sql::RenameOutcome::kBlocked) return outcome == sql::RenameOutcome::kRenamed;
      return Error(ErrorCode::kDependentObjects,
                   fmt::format(
                       "cannot rename column {} of table {} because view {} joins by its name",
                       sql::quote_ident(column), table.qualified_name(),
                       shown_name(view->schema, view->name)))
          .with_hint("Drop the view, rename the column, and create the view again.");
    }));
  }
  return put_table(table, context);
}

Result<void> rename_view(const RelationName& from, const RelationName& to, ExecContext& context) {
  TRY_ASSIGN(const auto view, context.transaction.catalog().find_view(from.schema, from.name));
  if (view == nullptr)
    return Error(ErrorCode::kUndefinedTable,
                 fmt::format("relation \"{}\" does not exist", from.name));
  TRY(context.transaction.move_folder(folder_of(from), folder_of(to)));
  catalog::ViewDef renamed = *view;
  renamed.schema = to.schema;
  renamed.name = to.name;
  if (view->stored != nullptr) {
    TableDef stored = *view->stored;
    stored.schema = to.schema;
    stored.name = to.name;
    catalog::finish_table(stored);
    renamed.stored = std::make_shared<const TableDef>(std::move(stored));
  }
  TRY(put_view(renamed, context));
  return rename_in_views(from, to, context);
}

Result<void> rename_sequence(const RelationName& from, const RelationName& to,
                             ExecContext& context) {
  TRY_ASSIGN(const std::vector<SequenceUse> uses,
             uses_of_sequence(context.transaction.catalog(), from.schema, from.name));
  TRY(context.transaction.move_folder(folder_of(from), folder_of(to)));
  const std::string old_name = catalog::qualified(from.schema, from.name);
  const std::string new_name = catalog::qualified(to.schema, to.name);
  for (const SequenceUse& use : uses) {
    TRY_ASSIGN(const catalog::TableVersion version,
               context.transaction.get_table(use.table->schema, use.table->name));
    TableDef table = *version.table;
    catalog::ColumnDef& column = table.columns[use.column];
    if (column.sequence == old_name) column.sequence = new_name;
    if (!column.default_sql.empty()) {
      TRY_ASSIGN(column.default_sql,
                 catalog::rename_sequence_in(column.default_sql, old_name, new_name));
    }
    TRY(put_table(table, context));
  }
  TRY_ASSIGN(const auto views,
             views_drawing(context.transaction.catalog(), from.schema, from.name));
  for (const auto& view : views) {
    TRY(change_view(*view, context, [&](sql::SelectStmt& select) -> Result<bool> {
      return catalog::rename_sequence_in(select, view->schema, old_name, new_name);
    }));
  }
  return {};
}

}  // namespace rowan::exec
