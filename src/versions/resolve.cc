#include "versions/resolve.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "sql/arena.h"
#include "versions/change_branch.h"
#include "versions/conflict_answers.h"
#include "versions/conflict_text.h"
#include "versions/merge_run.h"
#include "versions/pending_merge.h"

namespace rowan::versions {

using exec::answer_rows;

namespace {

constexpr size_t kAnswerRoundsMax = 8;
constexpr std::string_view kTablePrefix = "conflicts_";
constexpr std::string_view kOurPrefix = "our_";

// The pending merge as the statement finds it, and the answers it gives.
struct Work {
  explicit Work(store::ObjectStore& the_store)
      : store(the_store), objects(the_store), answers(objects) {}

  store::ObjectStore& store;
  PendingMerge pending;
  txn::Snapshot tip;
  MergeRun run;
  MergeRun left;  // Once its answers are kept: what is still open.
  store::PendingObjects objects;
  NewAnswers answers;

  Result<catalog::TableVersion> table(std::string_view schema, std::string_view name) const {
    return catalog::Catalog(*run.made, store.cache(), run.root).get_table(schema, name);
  }
};

Result<void> begin(const Context& context, std::string_view words, Work& work) {
  TRY(check_no_block(context, words));
  if (context.head.is_pinned) TRY(check_writable(context));
  TRY_ASSIGN(work.pending, get_pending_merge(work.store, context.head.branch, context.words));
  TRY_ASSIGN(work.tip, context.manager.tip_snapshot(context.head.branch));
  TRY_ASSIGN(work.run, rerun_pending(context, work.pending, work.tip));
  return {};
}

// Keeps the answers; gives the number of conflicts that are left.
Result<size_t> keep_answers(Context& context, Work& work) {
  if (!work.answers.empty()) {
    TRY_ASSIGN(const Oid tree, work.answers.write(work.store.cache(), work.pending.answers.tree()));
    work.pending.answers = Answers(tree);
    TRY(keep_pending_merge(context, work.pending, work.objects));
    TRY_ASSIGN(work.pending, get_pending_merge(work.store, context.head.branch, context.words));
  }
  TRY_ASSIGN(work.left, rerun_pending(context, work.pending, work.tip));
  return open_count(work.left.outcome);
}

// With one answer settled the next conflict about the same thing may read another way: it has that
// answer, too.
Result<size_t> finish(Context& context, Work& work, std::optional<merge::Side> side = {}) {
  std::set<std::pair<std::string, std::string>> given;
  for (const merge::SchemaConflict& conflict : work.run.outcome.schema_conflicts) {
    if (work.answers.has(conflict)) given.emplace(conflict.object, conflict.kind);
  }
  for (size_t round = 0;; ++round) {
    TRY_ASSIGN(const size_t remaining, keep_answers(context, work));
    bool more = false;
    for (const merge::SchemaConflict& conflict : work.left.outcome.schema_conflicts) {
      if (!side || !given.contains({conflict.object, conflict.kind}) || !conflict.takes(*side) ||
          work.answers.has(conflict))
        continue;
      work.answers.add(conflict, *side);
      more = true;
    }
    if (!more || round == kAnswerRoundsMax) return remaining;
  }
}

merge::Side side_of(sql::ResolveSide side) {
  return side == sql::ResolveSide::kSource ? merge::Side::kTheirs
         : side == sql::ResolveSide::kBase ? merge::Side::kBase
                                           : merge::Side::kOurs;
}

Result<merge::SideLine> answer_of(const Work& work, const merge::RowConflict& conflict,
                                  const sql::ResolveStmt& statement) {
  TRY_ASSIGN(const catalog::TableVersion version, work.table(conflict.schema, conflict.table));
  if (statement.side != sql::ResolveSide::kJson && !conflict.takes(side_of(statement.side)))
    return lacks_column(*version.table, conflict, side_of(statement.side));
  switch (statement.side) {
    case sql::ResolveSide::kHead:
      return side_answer(*version.table, conflict, conflict.ours);
    case sql::ResolveSide::kSource:
      return side_answer(*version.table, conflict, conflict.theirs);
    case sql::ResolveSide::kBase:
      return side_answer(*version.table, conflict, conflict.base);
    case sql::ResolveSide::kJson:
      break;
  }
  return json_answer(*version.table, conflict, statement.json);
}

// ---- Which conflicts ----

// SELECT items FROM rowan."conflicts_<schema>.<table>" [AS alias] WHERE …
sql::SelectStmt* conflict_query(sql::Arena& arena, std::string_view table_name,
                                std::string_view alias, sql::Expr* where,
                                const std::vector<sql::Expr*>& items) {
  auto* table = arena.make<sql::NamedTable>();
  table->kind = sql::TableRefKind::kTable;
  table->name.schema = "rowan";
  table->name.name = arena.copy(table_name);
  table->alias = alias;
  auto* select = arena.make<sql::SelectStmt>();
  select->kind = sql::StatementKind::kSelect;
  select->from = arena.copy(std::vector<sql::TableRef*>{table});
  select->where = where;
  std::vector<sql::SelectItem> list;
  for (sql::Expr* item : items) list.push_back({item, {}});
  select->items = arena.copy(list);
  return select;
}

sql::Expr* column_expr(sql::Arena& arena, std::string_view name) {
  auto* column = arena.make<sql::ColumnExpr>();
  column->kind = sql::ExprKind::kColumn;
  column->column = arena.copy(name);
  return column;
}

Result<std::vector<type::Batch>> run_query(const Context& context, const sql::SelectStmt& query) {
  if (context.run_query) return context.run_query(query);
  return Error(ErrorCode::kFeatureNotSupported, "conditions on conflicts are not supported here");
}

Result<std::set<std::string>> keys_where(const Context& context, std::string_view table_name,
                                         std::string_view alias, sql::Expr* where) {
  sql::Arena arena;
  TRY_ASSIGN(const auto batches,
             run_query(context, *conflict_query(arena, table_name, alias, where,
                                                {column_expr(arena, "conflict_key")})));
  std::set<std::string> keys;
  for (const type::Batch& batch : batches) {
    for (size_t row = 0; row < batch.rows; ++row)
      keys.insert(batch.columns[0].value(row).as_string());
  }
  return keys;
}

struct Target {
  std::string schema, table;
  bool holds(const merge::RowConflict& conflict) const {
    return conflict.schema == schema && conflict.table == table;
  }
  bool holds(const merge::SchemaConflict& conflict) const {
    const std::string own = schema + "." + table;
    return conflict.object == own || conflict.object.starts_with(own + ".");
  }
};

Target target_of(const Context& context, const sql::QualifiedName& name) {
  return {schema_of(context, name), std::string(name.name)};
}

VerbResult resolved(std::string what, size_t remaining) {
  VerbResult result{
      {"RESOLVE", 0, {}, {}},
      answer_rows(sql::StatementKind::kResolve, {{std::move(what), std::to_string(remaining)}})};
  result.open_conflicts = remaining;
  if (remaining == 0)
    result.facts.notices.push_back("no conflicts are left: COMMIT MERGE finishes the merge");
  return result;
}

Result<VerbResult> resolve_row(Context& context, const sql::ResolveStmt& statement, Work& work) {
  const Target target = target_of(context, statement.table);
  TRY_ASSIGN(const catalog::TableVersion version, work.table(target.schema, target.table));
  TRY_ASSIGN(const std::string key, encoded_key(*version.table, *statement.key));
  const auto& conflicts = work.run.outcome.conflicts;
  const auto found = std::find_if(conflicts.begin(), conflicts.end(), [&](const auto& conflict) {
    return target.holds(conflict) && conflict.key == key;
  });
  if (found == conflicts.end()) {
    return Error(ErrorCode::kUndefinedObject,
                 fmt::format("there is no open conflict for that key of table {}",
                             version.table->qualified_name()))
        .with_hint("SHOW MERGE CONFLICTS lists the open ones.");
  }
  TRY_ASSIGN(const merge::SideLine line, answer_of(work, *found, statement));
  TRY_ASSIGN(const std::string text, key_text(*version.table, *found));
  work.answers.add(*found, line);
  TRY_ASSIGN(const size_t remaining, finish(context, work));
  return resolved(fmt::format("{}.{}.{}", target.schema, target.table, text), remaining);
}

Error cannot_stand(const merge::SchemaConflict& conflict, merge::Side side) {
  const bool is_new = side == merge::Side::kBase && conflict.base.empty();
  return Error(ErrorCode::kInvalidParameterValue,
               fmt::format("that side of {} ({}) cannot stand", conflict.object, conflict.kind))
      .with_detail(is_new ? "Both sides added it: the base does not have it."
                   : conflict.kind.starts_with("dropped ")
                       ? "What one side made needs it, and is not there in the base."
                       : "Rows of the other side have no value that it takes.")
      .with_hint(
          "The column way_out of rowan.conflicts names the sides that can; else change the "
          "rows on one of the branches.");
}

// Conflicts about the definition that the statement's path names; nothing: it names none of them.
Result<std::optional<VerbResult>> resolve_definition(Context& context,
                                                     const sql::ResolveStmt& statement,
                                                     Work& work) {
  if (statement.object.empty()) return std::optional<VerbResult>();
  const std::string object(statement.object);
  const std::string in_schema =
      schema_of(context, std::string_view(object).substr(0, object.find('.'))) + "." + object;
  std::string name;
  const merge::SchemaConflict* stays =
      nullptr;  // Of several about it, one that the side cannot settle.
  for (const merge::SchemaConflict& conflict : work.run.outcome.schema_conflicts) {
    if (conflict.object != object && conflict.object != in_schema) continue;
    if (statement.side == sql::ResolveSide::kJson) {
      return Error(ErrorCode::kInvalidParameterValue,
                   fmt::format("the conflict about {} is settled by a side, not by a row",
                               conflict.object))
          .with_hint("Use HEAD, SOURCE or BASE, or change the definition on this branch.");
    }
    if (!conflict.takes(side_of(statement.side))) {
      stays = &conflict;
      continue;
    }
    name = conflict.object;
    work.answers.add(conflict, side_of(statement.side));
  }
  if (name.empty())
    return stays != nullptr
               ? Result<std::optional<VerbResult>>(cannot_stand(*stays, side_of(statement.side)))
               : Result<std::optional<VerbResult>>(std::nullopt);
  TRY_ASSIGN(const size_t remaining, finish(context, work, side_of(statement.side)));
  return std::optional(resolved(name, remaining));
}

// Answers conflicts that came up meanwhile by the statement's side. False: there are none that it can settle.
Result<bool> answer_left(Work& work, const sql::ResolveStmt& statement) {
  const merge::Side side = side_of(statement.side);
  const size_t before = work.answers.size();
  for (const merge::SchemaConflict& conflict : work.left.outcome.schema_conflicts) {
    if (conflict.takes(side) && !work.answers.has(conflict)) work.answers.add(conflict, side);
  }
  const catalog::Catalog merged(*work.left.made, work.store.cache(), work.left.root);
  for (const merge::RowConflict& conflict : work.left.outcome.conflicts) {
    if (!conflict.takes(side)) continue;
    TRY_ASSIGN(const catalog::TableVersion version,
               merged.get_table(conflict.schema, conflict.table));
    TRY_ASSIGN(const merge::SideLine line,
               side_answer(*version.table, conflict, conflict.line(side)));
    work.answers.add(conflict, line);
  }
  return work.answers.size() > before;
}

Result<VerbResult> resolve_many(Context& context, const sql::ResolveStmt& statement, Work& work) {
  std::optional<Target> target;
  std::optional<std::set<std::string>> keys;
  // What the side cannot settle. It may be no conflict any more once the others are settled.
  std::vector<std::pair<const merge::RowConflict*, std::string>> rows_stay;
  std::vector<const merge::SchemaConflict*> stay;
  if (statement.has_table) target = target_of(context, statement.table);
  if (statement.where != nullptr) {
    TRY_ASSIGN(keys,
               keys_where(context, std::string(kTablePrefix) + target->schema + "." + target->table,
                          {}, statement.where));
  }
  for (const merge::RowConflict& conflict : work.run.outcome.conflicts) {
    if (target && !target->holds(conflict)) continue;
    if (keys) {
      TRY_ASSIGN(const catalog::TableVersion version, work.table(conflict.schema, conflict.table));
      TRY_ASSIGN(const std::string key, conflict_key(*version.table, conflict));
      if (!keys->contains(key)) continue;
    }
    if (statement.side != sql::ResolveSide::kJson && !conflict.takes(side_of(statement.side))) {
      TRY_ASSIGN(const catalog::TableVersion version, work.table(conflict.schema, conflict.table));
      TRY_ASSIGN(const std::string key, key_text(*version.table, conflict));
      rows_stay.emplace_back(&conflict,
                             fmt::format("that side of {} key {} cannot stand: see rowan.conflicts",
                                         version.table->qualified_name(), key));
      continue;
    }
    TRY_ASSIGN(const merge::SideLine line, answer_of(work, conflict, statement));
    work.answers.add(conflict, line);
  }
  for (const merge::SchemaConflict& conflict : work.run.outcome.schema_conflicts) {
    if (keys || statement.side == sql::ResolveSide::kJson || (target && !target->holds(conflict)))
      continue;
    if (!conflict.takes(side_of(statement.side))) {
      stay.push_back(&conflict);
      continue;
    }
    work.answers.add(conflict, side_of(statement.side));
  }
  TRY_ASSIGN(size_t remaining, finish(context, work, side_of(statement.side)));
  // What was settled may bring up other conflicts: all means these, too.
  const bool is_all = !target && !keys && statement.side != sql::ResolveSide::kJson;
  for (size_t round = 0; is_all && remaining > 0 && round < kAnswerRoundsMax; ++round) {
    TRY_ASSIGN(const bool more, answer_left(work, statement));
    if (!more) break;
    TRY_ASSIGN(remaining, finish(context, work, side_of(statement.side)));
  }
  const size_t given = work.answers.size();
  VerbResult result =
      resolved(fmt::format("{} conflict{}", given, given == 1 ? "" : "s"), remaining);
  const auto& open = work.left.outcome.conflicts;
  for (auto& [conflict, notice] : rows_stay) {
    const bool is_open =
        std::any_of(open.begin(), open.end(), [&](const auto& left) {
          return left.schema == conflict->schema && left.table == conflict->table &&
                 left.key == conflict->key;
        });
    if (is_open) result.facts.notices.push_back(std::move(notice));
  }
  for (const merge::SchemaConflict* conflict : stay) {
    const auto& left = work.left.outcome.schema_conflicts;
    const bool is_open = std::any_of(left.begin(), left.end(), [&](const auto& one) {
      return one.object == conflict->object && one.kind == conflict->kind;
    });
    if (is_open)
      result.facts.notices.push_back(
          fmt::format("that side of {} ({}) cannot stand: see rowan.conflicts", conflict->object,
                      conflict->kind));
  }
  return result;
}

// The table that rowan.conflicts_<name> speaks of.
Target conflict_target(const Context& context, const sql::QualifiedName& name) {
  const std::string_view table = name.name.substr(kTablePrefix.size());
  const size_t dot = table.find('.');
  if (dot == std::string_view::npos) return {schema_of(context, table), std::string(table)};
  return {std::string(table.substr(0, dot)), std::string(table.substr(dot + 1))};
}

Result<VerbResult> resolve_listed(Context& context, const sql::ResolveStmt& statement, Work& work) {
  TRY_ASSIGN(auto definition, resolve_definition(context, statement, work));
  if (definition) return std::move(*definition);
  if (statement.key != nullptr && !statement.has_table) {
    return Error(ErrorCode::kUndefinedObject,
                 fmt::format("there is no open conflict about {}", statement.object))
        .with_hint("SHOW MERGE CONFLICTS lists the open ones.");
  }
  return statement.key != nullptr ? resolve_row(context, statement, work)
                                  : resolve_many(context, statement, work);
}

Result<void> ask_again(const Context& context, Work& work, Unanswered what) {
  TRY_ASSIGN(work.run, rerun_pending(context, work.pending, work.tip, {}, what));
  return {};
}

}  // namespace

Result<VerbResult> run_resolve(Context& context, const sql::ResolveStmt& statement) {
  return until_it_stands(context, kAnswerAttemptsMax, [&]() -> Result<VerbResult> {
    Work work(context.store);
    TRY(begin(context, "RESOLVE CONFLICT", work));
    auto resolved = resolve_listed(context, statement, work);
    // What is answered already may be answered once more, until the merge is committed: its answer
    // may be what breaks a constraint.
    if (!resolved && !statement.object.empty()) {
      TRY(ask_again(context, work, Unanswered::kDefinitions));
      TRY_ASSIGN(auto definition, resolve_definition(context, statement, work));
      if (definition) return std::move(*definition);
    }
    const bool is_open = resolved || resolved.error().code() != ErrorCode::kUndefinedObject;
    if (is_open || !statement.has_table || statement.key == nullptr) return resolved;
    TRY(ask_again(context, work, Unanswered::kRows));
    return resolve_row(context, statement, work);
  });
}

namespace {

bool is_conflict_table(const sql::QualifiedName& name) {
  return name.schema == "rowan" && name.name.starts_with(kTablePrefix);
}

Result<VerbResult> run_conflict_delete(Context& context, const sql::DeleteStmt& statement) {
  if (!statement.returning.empty() || !statement.using_tables.empty()) {
    return Error(ErrorCode::kFeatureNotSupported, "DELETE of a conflict table takes WHERE only");
  }
  Work work(context.store);
  TRY(begin(context, "DELETE of a conflict table", work));
  const Target target = conflict_target(context, statement.table);
  TRY_ASSIGN(const auto keys,
             keys_where(context, statement.table.name, statement.alias, statement.where));
  for (const merge::RowConflict& conflict : work.run.outcome.conflicts) {
    if (!target.holds(conflict)) continue;
    TRY_ASSIGN(const catalog::TableVersion version, work.table(conflict.schema, conflict.table));
    TRY_ASSIGN(const std::string key, conflict_key(*version.table, conflict));
    if (keys.contains(key))
      work.answers.add(conflict, conflict.merged ? conflict.merged : conflict.ours);
  }
  const size_t count = work.answers.size();
  TRY(finish(context, work));
  return VerbResult{{fmt::format("DELETE {}", count), count, {}, {}}, {}};
}

Result<VerbResult> run_conflict_update(Context& context, const sql::UpdateStmt& statement) {
  if (!statement.returning.empty() || !statement.from.empty()) {
    return Error(ErrorCode::kFeatureNotSupported,
                 "UPDATE of a conflict table takes SET and WHERE only");
  }
  Work work(context.store);
  TRY(begin(context, "UPDATE of a conflict table", work));
  const Target target = conflict_target(context, statement.table);
  TRY_ASSIGN(const catalog::TableVersion version, work.table(target.schema, target.table));
  const catalog::TableDef& table = *version.table;
  sql::Arena arena;
  std::vector<sql::Expr*> items{column_expr(arena, "conflict_key")};
  std::vector<uint16_t> columns;
  for (const sql::Assignment& assignment : statement.set) {
    const bool ours = assignment.column.starts_with(kOurPrefix);
    const std::optional<uint16_t> column =
        ours ? table.find_column(assignment.column.substr(kOurPrefix.size())) : std::nullopt;
    if (!column) {
      return Error(ErrorCode::kUndefinedColumn,
                   fmt::format("column \"{}\" of relation \"{}\" cannot be set", assignment.column,
                               statement.table.name))
          .with_hint("Only the our_* columns of a conflict table can be set.")
          .at(assignment.position);
    }
    if (assignment.value->kind == sql::ExprKind::kDefault)
      return Error(ErrorCode::kFeatureNotSupported, "DEFAULT is not supported here")
          .at(assignment.position);
    columns.push_back(*column);
    items.push_back(assignment.value);
  }
  TRY_ASSIGN(const auto batches,
             run_query(context, *conflict_query(arena, statement.table.name, statement.alias,
                                                statement.where, items)));
  std::map<std::string, const merge::RowConflict*> conflicts;
  for (const merge::RowConflict& conflict : work.run.outcome.conflicts) {
    if (!target.holds(conflict)) continue;
    TRY_ASSIGN(std::string key, conflict_key(table, conflict));
    conflicts.emplace(std::move(key), &conflict);
  }
  for (const type::Batch& batch : batches) {
    for (size_t row = 0; row < batch.rows; ++row) {
      const auto entry = conflicts.find(batch.columns[0].value(row).as_string());
      if (entry == conflicts.end()) continue;
      const merge::RowConflict* found = entry->second;
      std::vector<std::optional<type::Value>> values(table.columns.size());
      for (size_t i = 0; i < columns.size(); ++i) {
        TRY_ASSIGN(values[columns[i]],
                   assigned(batch.columns[i + 1].value(row), table.columns[columns[i]].type));
      }
      TRY_ASSIGN(std::string line, changed_line(table, *found, values));
      work.answers.add(*found, std::move(line));
    }
  }
  const size_t count = work.answers.size();
  TRY(finish(context, work));
  return VerbResult{{fmt::format("UPDATE {}", count), count, {}, {}}, {}};
}

}  // namespace

bool is_conflict_change(const sql::Statement& statement) {
  if (statement.kind == sql::StatementKind::kUpdate)
    return is_conflict_table(static_cast<const sql::UpdateStmt&>(statement).table);
  if (statement.kind == sql::StatementKind::kDelete)
    return is_conflict_table(static_cast<const sql::DeleteStmt&>(statement).table);
  return false;
}

Result<VerbResult> run_conflict_change(Context& context, const sql::Statement& statement) {
  return until_it_stands(context, kAnswerAttemptsMax, [&] {
    return statement.kind == sql::StatementKind::kUpdate
               ? run_conflict_update(context, static_cast<const sql::UpdateStmt&>(statement))
               : run_conflict_delete(context, static_cast<const sql::DeleteStmt&>(statement));
  });
}

}  // namespace rowan::versions
