// RESOLVE CONFLICT, and UPDATE and DELETE of the conflict tables.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "engine/merge_statements.h"
#include "engine/resolver.h"
#include "exec/build.h"
#include "sql/arena.h"
#include "type/cast.h"
#include "type/json_text.h"
#include "type/key_codec.h"
#include "type/line_writer.h"
#include "type/text.h"

namespace rowan::engine {

namespace {

constexpr std::string_view kTablePrefix = "conflicts_";
constexpr std::string_view kOurPrefix = "our_";

constexpr int kAttemptsMax = 20;

// Another session may settle something at the same time: then once more, on what it left.
Result<VersionResult> try_again(const std::function<Result<VersionResult>()>& attempt) {
  for (int attempts = 1;; ++attempts) {
    auto result = attempt();
    if (result || result.error().code() != ErrorCode::kSerializationFailure ||
        attempts == kAttemptsMax)
      return result;
  }
}

// The pending merge as the statement finds it, and the answers it gives.
struct Work {
  explicit Work(store::ObjectStore& the_store)
      : store(the_store), objects(the_store), answers(objects) {}

  store::ObjectStore& store;
  PendingMerge pending;
  txn::Snapshot tip;
  MergeRun run;
  merge::Outcome left;  // Once its answers are kept: what is still open.
  store::PendingObjects objects;
  NewAnswers answers;

  Result<catalog::TableVersion> table(std::string_view schema, std::string_view name) const {
    return catalog::Catalog(*run.made, store.cache(), run.root).get_table(schema, name);
  }
};

Result<void> begin(SessionImpl& session, std::string_view words, Work& work) {
  if (session.in_block())
    return Error(ErrorCode::kActiveTransaction,
                 fmt::format("{} cannot run inside a transaction block", words));
  if (session.is_pinned()) TRY(session.check_writable());
  TRY_ASSIGN(work.pending, get_pending_merge(work.store, session.branch_name(), session.owner().hints()));
  TRY_ASSIGN(work.tip, session.owner().manager().tip_snapshot(session.branch_name()));
  TRY_ASSIGN(work.run, rerun_pending(session, work.pending, work.tip));
  return {};
}

// Keeps the answers; gives the number of conflicts that are left.
Result<size_t> finish(SessionImpl& session, Work& work) {
  if (!work.answers.empty()) {
    TRY_ASSIGN(const Oid tree, work.answers.write(work.store.cache(), work.pending.answers.tree()));
    work.pending.answers = Answers(tree);
    TRY(keep_pending_merge(session, work.pending, work.objects));
    TRY_ASSIGN(work.pending, get_pending_merge(work.store, session.branch_name(), session.owner().hints()));
  }
  TRY_ASSIGN(MergeRun again, rerun_pending(session, work.pending, work.tip));
  work.left = std::move(again.outcome);
  return work.left.conflicts.size() + work.left.schema_conflicts.size();
}

// ---- Rows given as JSON ----

const char* skip_blanks(const char* p, const char* end) {
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) ++p;
  return p;
}

// The members of one JSON object, values as they are written: numbers keep every digit.
Result<std::vector<std::pair<std::string, std::string>>> members_of(std::string_view json) {
  TRY(type::check_json(json));
  const Error no_object(ErrorCode::kInvalidText,
                        "a resolution is a JSON object of columns, or null to delete the row");
  const char* const end = json.data() + json.size();
  const char* p = skip_blanks(json.data(), end);
  if (p == end || *p != '{') return no_object;
  std::vector<std::pair<std::string, std::string>> members;
  for (p = skip_blanks(p + 1, end); p < end && *p != '}'; p = skip_blanks(p, end)) {
    if (*p == ',') {
      ++p;
      continue;
    }
    const char* stop = type::skip_json(p, end);
    std::string name;
    if (stop == nullptr || !type::read_json_string({p, static_cast<size_t>(stop - p)}, name))
      return no_object;
    p = skip_blanks(stop, end);
    p = skip_blanks(p + 1, end);  // Behind the colon.
    stop = type::skip_json(p, end);
    if (stop == nullptr) return no_object;
    members.emplace_back(std::move(name), std::string(p, static_cast<size_t>(stop - p)));
    p = stop;
  }
  return members;
}

Result<type::Value> json_value(type::Type type, const std::string& raw) {
  if (raw == "null" && !type::is_json(type.id))
    return type::Value::null(type);
  if (raw == "null") return type::Value::null(type);
  if (type::is_json(type.id))
    return type::parse_text(type, raw);
  std::string text = raw;
  if (raw.front() == '"' && !type::read_json_string(raw, text))
    return Error(ErrorCode::kInvalidText, "invalid JSON string " + raw);
  return type::parse_text(type, text);
}

// A line with some columns replaced; the others keep their bytes.
Result<std::string> changed_line(const catalog::TableDef& table, const merge::RowConflict& conflict,
                                 const std::vector<std::optional<type::Value>>& values) {
  const merge::SideLine& from = conflict.merged ? conflict.merged
                                : conflict.ours ? conflict.ours
                                                : conflict.theirs;
  std::vector<Bytes> elements;
  uint64_t count = 0;
  TRY(type::split_line(table.layout, *from, elements, count));
  std::vector<type::Cell> cells(table.layout.slots.size());
  for (size_t slot = 0; slot < cells.size(); ++slot) {
    cells[slot] = slot < elements.size() ? type::Cell{nullptr, elements[slot]}
                                         : type::Cell{&table.layout.slots[slot].absent, {}};
  }
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const catalog::ColumnDef& column = table.columns[i];
    if (values[i]) cells[column.slot] = {&*values[i], {}};
    const bool is_null = values[i]                             ? values[i]->is_null()
                         : cells[column.slot].value != nullptr ? cells[column.slot].value->is_null()
                                                               : cells[column.slot].raw == "null";
    if (column.not_null && is_null) {
      return Error(
          ErrorCode::kNotNullViolation,
          fmt::format("null value in column \"{}\" of relation \"{}\" violates not-null constraint",
                      column.name, table.name));
    }
  }
  std::string line;
  type::encode_line(table.layout, cells, count, line);
  std::string key;
  TRY(type::append_line_key(table.layout, line, key));
  if (key != conflict.key)
    return Error(ErrorCode::kInvalidParameterValue, "a resolution cannot change the row's key");
  return line;
}

Result<merge::SideLine> json_answer(const catalog::TableDef& table,
                                    const merge::RowConflict& conflict, std::string_view json) {
  if (json == "null") return merge::SideLine();
  TRY_ASSIGN(const auto members, members_of(json));
  std::vector<std::optional<type::Value>> values(table.columns.size());
  for (const auto& [name, raw] : members) {
    const std::optional<uint16_t> column = table.find_column(name);
    if (!column) {
      return Error(
          ErrorCode::kUndefinedColumn,
          fmt::format("column \"{}\" of relation \"{}\" does not exist", name, table.name));
    }
    TRY_ASSIGN(values[*column], json_value(table.columns[*column].type, raw));
  }
  TRY_ASSIGN(std::string line, changed_line(table, conflict, values));
  return merge::SideLine(std::move(line));
}

// A side stands in the columns of the conflict; what is no conflict stays merged.
Result<merge::SideLine> side_answer(const catalog::TableDef& table,
                                    const merge::RowConflict& conflict,
                                    const merge::SideLine& side) {
  if (!conflict.merged || !side) return side;
  std::vector<Bytes> elements;
  std::vector<Bytes> side_elements;
  uint64_t count = 0;
  TRY(type::split_line(table.layout, *conflict.merged, elements, count));
  TRY(type::split_line(table.layout, *side, side_elements, count));
  std::vector<type::Cell> cells(table.layout.slots.size());
  const auto take = [&](size_t slot, const std::vector<Bytes>& from) {
    cells[slot] = slot < from.size() ? type::Cell{nullptr, from[slot]}
                                     : type::Cell{&table.layout.slots[slot].absent, {}};
  };
  for (size_t slot = 0; slot < cells.size(); ++slot) take(slot, elements);
  for (const uint16_t column : conflict.columns) take(table.columns[column].slot, side_elements);
  std::string line;
  type::encode_line(table.layout, cells, count, line);
  return merge::SideLine(std::move(line));
}

merge::Side side_of(sql::ResolveSide side) {
  return side == sql::ResolveSide::kSource ? merge::Side::kTheirs
         : side == sql::ResolveSide::kBase ? merge::Side::kBase
                                           : merge::Side::kOurs;
}

// A side that has no such column has no answer about it.
Error lacks_column(const catalog::TableDef& table, const merge::RowConflict& conflict,
                   merge::Side side) {
  const auto column = std::find_if(conflict.columns.begin(), conflict.columns.end(),
                                   [&](uint16_t one) { return !conflict.has(side, one); });
  return Error(ErrorCode::kInvalidParameterValue,
               fmt::format("that side of {} has no column \"{}\", which is in conflict",
                           table.qualified_name(), table.columns[*column].name))
      .with_hint("Answer with HEAD, SOURCE or a JSON object of columns.");
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

Result<type::Value> literal_value(const sql::Expr& expr, type::Type type) {
  if (expr.kind == sql::ExprKind::kUnary) {
    const auto& unary = static_cast<const sql::UnaryExpr&>(expr);
    if ((unary.op == "-" || unary.op == "+") && unary.operand->kind == sql::ExprKind::kLiteral) {
      return type::parse_text(
          type, std::string(unary.op) +
                    std::string(static_cast<const sql::LiteralExpr&>(*unary.operand).text));
    }
  }
  if (expr.kind != sql::ExprKind::kLiteral)
    return Error(ErrorCode::kFeatureNotSupported, "a key is given by literals").at(expr.position);
  const auto& literal = static_cast<const sql::LiteralExpr&>(expr);
  if (literal.literal == sql::LiteralKind::kNull)
    return Error(ErrorCode::kNotNullViolation, "a key holds no NULL").at(expr.position);
  if (literal.literal == sql::LiteralKind::kBool)
    return type::parse_text(type, literal.boolean ? "true" : "false");
  return type::parse_text(type, literal.text);
}

Result<std::string> encoded_key(const catalog::TableDef& table, const sql::Expr& key) {
  std::vector<const sql::Expr*> parts{&key};
  if (key.kind == sql::ExprKind::kRow) {
    const auto& items = static_cast<const sql::RowExpr&>(key).items;
    parts.assign(items.begin(), items.end());
  }
  if (parts.size() != table.primary_key.size()) {
    return Error(ErrorCode::kDatatypeMismatch,
                 fmt::format("the key of {} has {} columns, {} were given", table.qualified_name(),
                             table.primary_key.size(), parts.size()))
        .at(key.position);
  }
  std::string encoded;
  for (size_t i = 0; i < parts.size(); ++i) {
    TRY_ASSIGN(const type::Value value,
               literal_value(*parts[i], table.columns[table.primary_key[i]].type));
    TRY(type::append_key(value, encoded));
  }
  return encoded;
}

// Runs a query of the engine's own making on the session's branch.
Result<std::vector<type::Batch>> run_select(SessionImpl& session, const sql::SelectStmt& select) {
  TRY_ASSIGN(const auto transaction, session.owner().manager().begin(
                                         session.branch_name(), txn::IsolationLevel::kReadCommitted,
                                         true, &session.cancel_flag()));
  TRY(transaction->begin_statement(false));
  session.set_reading(transaction.get());
  const auto read = [&]() -> Result<std::vector<type::Batch>> {
    SessionResolver resolver(session);
    expr::ParameterTypes parameters;
    const expr::EvalContext eval = session.eval_context();
    plan::PlanContext planning{resolver, parameters, eval, session.settings().disabled_rules()};
    TRY_ASSIGN(const plan::Plan plan, plan::plan_query(select, planning));
    exec::ExecContext context = session.context_in(*transaction, eval);
    MemoryAccount account = context.rows_account();
    return exec::run_all(plan, context, account);
  };
  auto batches = read();
  session.set_reading(nullptr);
  return batches;
}

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

Result<std::set<std::string>> keys_where(SessionImpl& session, std::string_view table_name,
                                         std::string_view alias, sql::Expr* where) {
  sql::Arena arena;
  TRY_ASSIGN(const auto batches,
             run_select(session, *conflict_query(arena, table_name, alias, where,
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

Target target_of(SessionImpl& session, const sql::QualifiedName& name) {
  return {session.schema_of(name), std::string(name.name)};
}

VersionResult resolved(std::string what, size_t remaining) {
  VersionResult result{
      {"RESOLVE", 0, {}, {}},
      text_rows({"Resolved", "Remaining"}, {{std::move(what), std::to_string(remaining)}})};
  result.open_conflicts = remaining;
  if (remaining == 0)
    result.facts.notices.push_back("no conflicts are left: COMMIT MERGE finishes the merge");
  return result;
}

Result<VersionResult> resolve_row(SessionImpl& session, const sql::ResolveStmt& statement,
                                  Work& work) {
  const Target target = target_of(session, statement.table);
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
  TRY_ASSIGN(const size_t remaining, finish(session, work));
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
      .with_hint("The column way_out of rowan.conflicts names the sides that can; else change the "
                 "rows on one of the branches.");
}

// Conflicts about the definition that the statement's path names; nothing: it names none of them.
Result<std::optional<VersionResult>> resolve_definition(SessionImpl& session,
                                                        const sql::ResolveStmt& statement,
                                                        Work& work) {
  if (statement.object.empty()) return std::optional<VersionResult>();
  const std::string object(statement.object);
  const std::string in_schema =
      session.schema_of(std::string_view(object).substr(0, object.find('.'))) + "." + object;
  std::string name;
  const merge::SchemaConflict* stays = nullptr;  // Of several about it, one that the side cannot settle.
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
    return stays != nullptr ? Result<std::optional<VersionResult>>(cannot_stand(*stays, side_of(statement.side)))
                            : Result<std::optional<VersionResult>>(std::nullopt);
  TRY_ASSIGN(const size_t remaining, finish(session, work));
  return std::optional(resolved(name, remaining));
}

Result<VersionResult> resolve_many(SessionImpl& session, const sql::ResolveStmt& statement,
                                   Work& work) {
  std::optional<Target> target;
  std::optional<std::set<std::string>> keys;
  // What the side cannot settle. It may be no conflict any more once the others are settled.
  std::vector<std::pair<const merge::RowConflict*, std::string>> rows_stay;
  std::vector<const merge::SchemaConflict*> stay;
  if (statement.has_table) target = target_of(session, statement.table);
  if (statement.where != nullptr) {
    TRY_ASSIGN(keys,
               keys_where(session, std::string(kTablePrefix) + target->schema + "." + target->table,
                          {}, statement.where));
  }
  for (const merge::RowConflict& conflict : work.run.outcome.conflicts) {
    if ((target && !target->holds(conflict)) || (keys && !keys->contains(conflict.key))) continue;
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
  const size_t given = work.answers.size();
  TRY_ASSIGN(const size_t remaining, finish(session, work));
  VersionResult result =
      resolved(fmt::format("{} conflict{}", given, given == 1 ? "" : "s"), remaining);
  for (auto& [conflict, notice] : rows_stay) {
    const bool is_open = std::any_of(
        work.left.conflicts.begin(), work.left.conflicts.end(), [&](const auto& left) {
          return left.schema == conflict->schema && left.table == conflict->table &&
                 left.key == conflict->key;
        });
    if (is_open) result.facts.notices.push_back(std::move(notice));
  }
  for (const merge::SchemaConflict* conflict : stay) {
    const auto& left = work.left.schema_conflicts;
    const bool is_open = std::any_of(left.begin(), left.end(), [&](const auto& one) {
      return one.object == conflict->object && one.kind == conflict->kind;
    });
    if (is_open)
      result.facts.notices.push_back(fmt::format(
          "that side of {} ({}) cannot stand: see rowan.conflicts", conflict->object, conflict->kind));
  }
  return result;
}

// The table that rowan.conflicts_<name> speaks of.
Target conflict_target(SessionImpl& session, const sql::QualifiedName& name) {
  const std::string_view table = name.name.substr(kTablePrefix.size());
  const size_t dot = table.find('.');
  if (dot == std::string_view::npos) return {session.schema_of(table), std::string(table)};
  return {std::string(table.substr(0, dot)), std::string(table.substr(dot + 1))};
}

Result<type::Value> assigned(const type::Value& value, type::Type type) {
  if (value.is_null()) return type::Value::null(type);
  if (value.type().id == type::TypeId::kUnknown) return type::parse_text(type, value.as_string());
  if (value.type() == type) return value;
  return type::cast(value, type, type::CastContext::kAssignment);
}

}  // namespace

namespace {

Result<VersionResult> resolve_listed(SessionImpl& session, const sql::ResolveStmt& statement,
                                     Work& work) {
  TRY_ASSIGN(auto definition, resolve_definition(session, statement, work));
  if (definition) return std::move(*definition);
  if (statement.key != nullptr && !statement.has_table) {
    return Error(ErrorCode::kUndefinedObject,
                 fmt::format("there is no open conflict about {}", statement.object))
        .with_hint("SHOW MERGE CONFLICTS lists the open ones.");
  }
  return statement.key != nullptr ? resolve_row(session, statement, work)
                                  : resolve_many(session, statement, work);
}

Result<void> ask_again(SessionImpl& session, Work& work, Unanswered what) {
  TRY_ASSIGN(work.run, rerun_pending(session, work.pending, work.tip, {}, what));
  return {};
}

}  // namespace

Result<VersionResult> run_resolve(SessionImpl& session, const sql::ResolveStmt& statement) {
  return try_again([&]() -> Result<VersionResult> {
    Work work(session.owner().store());
    TRY(begin(session, "RESOLVE CONFLICT", work));
    auto resolved = resolve_listed(session, statement, work);
    // What is answered already may be answered once more, until the merge is committed: its answer
    // may be what breaks a constraint.
    if (!resolved && !statement.object.empty()) {
      TRY(ask_again(session, work, Unanswered::kDefinitions));
      TRY_ASSIGN(auto definition, resolve_definition(session, statement, work));
      if (definition) return std::move(*definition);
    }
    const bool is_open = resolved || resolved.error().code() != ErrorCode::kUndefinedObject;
    if (is_open || !statement.has_table || statement.key == nullptr) return resolved;
    TRY(ask_again(session, work, Unanswered::kRows));
    return resolve_row(session, statement, work);
  });
}

namespace {

bool is_conflict_table(const sql::QualifiedName& name) {
  return name.schema == "rowan" && name.name.starts_with(kTablePrefix);
}

Result<VersionResult> run_conflict_delete(SessionImpl& session, const sql::DeleteStmt& statement) {
  if (!statement.returning.empty() || !statement.using_tables.empty()) {
    return Error(ErrorCode::kFeatureNotSupported, "DELETE of a conflict table takes WHERE only");
  }
  Work work(session.owner().store());
  TRY(begin(session, "DELETE of a conflict table", work));
  const Target target = conflict_target(session, statement.table);
  TRY_ASSIGN(const auto keys,
             keys_where(session, statement.table.name, statement.alias, statement.where));
  for (const merge::RowConflict& conflict : work.run.outcome.conflicts) {
    if (target.holds(conflict) && keys.contains(conflict.key))
      work.answers.add(conflict, conflict.merged ? conflict.merged : conflict.ours);
  }
  const size_t count = work.answers.size();
  TRY(finish(session, work));
  return VersionResult{{fmt::format("DELETE {}", count), count, {}, {}}, {}};
}

Result<VersionResult> run_conflict_update(SessionImpl& session, const sql::UpdateStmt& statement) {
  if (!statement.returning.empty() || !statement.from.empty()) {
    return Error(ErrorCode::kFeatureNotSupported,
                 "UPDATE of a conflict table takes SET and WHERE only");
  }
  Work work(session.owner().store());
  TRY(begin(session, "UPDATE of a conflict table", work));
  const Target target = conflict_target(session, statement.table);
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
             run_select(session, *conflict_query(arena, statement.table.name, statement.alias,
                                                 statement.where, items)));
  for (const type::Batch& batch : batches) {
    for (size_t row = 0; row < batch.rows; ++row) {
      const std::string key = batch.columns[0].value(row).as_string();
      const auto& conflicts = work.run.outcome.conflicts;
      const auto found = std::find_if(
          conflicts.begin(), conflicts.end(),
          [&](const auto& conflict) { return target.holds(conflict) && conflict.key == key; });
      if (found == conflicts.end()) continue;
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
  TRY(finish(session, work));
  return VersionResult{{fmt::format("UPDATE {}", count), count, {}, {}}, {}};
}

}  // namespace

bool is_conflict_change(const sql::Statement& statement) {
  if (statement.kind == sql::StatementKind::kUpdate)
    return is_conflict_table(static_cast<const sql::UpdateStmt&>(statement).table);
  if (statement.kind == sql::StatementKind::kDelete)
    return is_conflict_table(static_cast<const sql::DeleteStmt&>(statement).table);
  return false;
}

Result<VersionResult> run_conflict_change(SessionImpl& session, const sql::Statement& statement) {
  return try_again([&] {
    return statement.kind == sql::StatementKind::kUpdate
               ? run_conflict_update(session, static_cast<const sql::UpdateStmt&>(statement))
               : run_conflict_delete(session, static_cast<const sql::DeleteStmt&>(statement));
  });
}

}  // namespace rowan::engine
