// TRUNCATE.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/objects.h"
#include "exec/definition.h"
#include "exec/dependents.h"
#include "exec/dml.h"
#include "exec/foreign_keys.h"

namespace rowan::exec {

namespace {

Result<catalog::TableVersion> truncated_table(const sql::QualifiedName& written,
                                              ExecContext& context) {
  TRY_ASSIGN(const RelationName name, relation_name(written, context));
  auto table = context.transaction.get_table(name.schema, name.name);
  if (table || table.error().code() != ErrorCode::kUndefinedTable) return table;
  TRY_ASSIGN(const auto kind,
             context.transaction.catalog().find_relation(name.schema, name.name));
  if (kind != sql::ObjectKind::kNone)
    return Error(ErrorCode::kWrongObjectType, fmt::format("\"{}\" is not a table", name.name));
  return table;
}

// Tables that refer to those that go, and those that refer to them. Gives a notice of each.
Result<std::string> add_children(std::vector<catalog::TableVersion>& tables, ExecContext& context) {
  std::string notice;
  for (size_t i = 0; i < tables.size(); ++i) {
    const std::shared_ptr<const catalog::TableDef> parent = tables[i].table;
    TRY_ASSIGN(const auto references,
               references_to(context.transaction.catalog(), parent->schema, parent->name));
    for (const Reference& reference : references) {
      const catalog::TableDef& child = *reference.child;
      const bool known = std::any_of(tables.begin(), tables.end(), [&](const auto& each) {
        return each.table->schema == child.schema && each.table->name == child.name;
      });
      if (known) continue;
      TRY_ASSIGN(auto version, context.transaction.get_table(child.schema, child.name));
      tables.push_back(std::move(version));
      notice += (notice.empty() ? "" : "\n") +
                fmt::format("truncate cascades to table \"{}\"", child.name);
    }
  }
  return notice;
}

Result<void> restart_sequences(const catalog::TableDef& table, ExecContext& context) {
  TRY_ASSIGN(const auto owned,
             sequences_owned_by(context.transaction.catalog(), table.schema, table.name));
  sql::SequenceOptions restart;
  restart.has_restart = true;
  for (const catalog::SequenceDef& sequence : owned) {
    TRY_ASSIGN(const catalog::SequenceDef again, catalog::sequence_from_options(restart, sequence));
    TRY(put_sequence(again, context));
  }
  return {};
}

}  // namespace

Result<std::string> run_truncate(const sql::TruncateStmt& statement, ExecContext& context) {
  std::vector<catalog::TableVersion> tables;
  for (const sql::QualifiedName& name : statement.tables) {
    TRY_ASSIGN(auto table, truncated_table(name, context));
    tables.push_back(std::move(table));
  }
  std::string notice;
  if (statement.cascade) {
    TRY_ASSIGN(notice, add_children(tables, context));
  }
  TRY(check_truncate(context.transaction.catalog(), tables));
  for (const catalog::TableVersion& table : tables) TRY(context.transaction.truncate(table));
  for (size_t i = 0; statement.restart_identity && i < tables.size(); ++i)
    TRY(restart_sequences(*tables[i].table, context));
  return notice;
}

}  // namespace rowan::exec
