// What a statement takes and gives, found out by binding it and not running it.
#include <fmt/format.h>

#include "base/deep_stack.h"
#include "engine/session.h"
#include "engine/given_parameters.h"
#include "engine/verbs.h"
#include "sql/statements.h"
#include "system/shown.h"
#include "type/type_info.h"
#include "versions/resolve.h"

namespace rowan::engine {

using sql::AnswerSource;
using sql::StatementClass;
using sql::StatementKind;
using type::TypeId;

namespace {

void set_columns(StatementInfo& info, const ColumnInfos& columns) {
  info.columns = *columns;
  info.gives_rows = !columns->empty();
}

}  // namespace

Result<StatementInfo> SessionImpl::describe_prepared(const std::shared_ptr<Prepared>& prepared,
                                                     const std::vector<Parameter>* values) {
  cancelled_.store(false, std::memory_order_relaxed);
  block_.draw_streams();
  return within(settings().statement_timeout_ms() * 1000, [&] {
    return ended([&]() -> Result<StatementInfo> {
      if (!prepared->is_deep) {
        auto info = describe_checked(*prepared, values);
        const bool is_too_deep = !info &&
                                 info.error().code() == ErrorCode::kStatementTooComplex &&
                                 may_be_deep(prepared->parsed.statement->kind);
        if (!is_too_deep) return info;
        prepared->is_deep = true;
      }
      std::optional<Result<StatementInfo>> deep;
      TRY(run_on_deep_stack([&] {
        const DropPlans dropped(*prepared);
        deep.emplace(describe_checked(*prepared, values));
      }));
      return std::move(*deep);
    });
  });
}

Result<StatementInfo> SessionImpl::describe_checked(Prepared& prepared,
                                                    const std::vector<Parameter>* values) {
  const BudgetScope counted(&database_.memory());
  const sql::Statement& statement = *prepared.parsed.statement;
  if (block_.has_failed() &&
      sql::class_of(statement.kind) != StatementClass::kTransaction)
    return failed_block();
  StatementInfo info;
  info.words = sql::words_of(statement);
  TRY_ASSIGN(const bool has_own, block_.begin_look());
  TRY(describe_with(prepared, values, info));
  if (has_own) block_.end_own();
  for (const type::Type& known : prepared.parameters.types) {
    const type::Type type = known.id == TypeId::kUnknown ? type::Type{TypeId::kText} : known;
    info.parameters.push_back({type::plain_type_name(type.id), type::type_info(type.id).oid});
  }
  return info;
}

Result<void> SessionImpl::describe_with(Prepared& prepared, const std::vector<Parameter>* values,
                                        StatementInfo& info) {
  GivenParameters given(*this, prepared, values);
  const SetWhile<expr::ParameterSource> while_described(given_, &given);
  // A plan that stands knows them.
  if (!prepared.planned) prepared.start_parameters();
  TRY(given.fill_texts());
  TRY(describe_kind(prepared, info));
  // The answers of version control are alike wherever it stands.
  info.follows_values = given.were_read() && sql::class_of(prepared.parsed.statement->kind) !=
                                                 StatementClass::kVersion;
  return {};
}

Result<void> SessionImpl::describe_kind(Prepared& prepared, StatementInfo& info) {
  const sql::Statement& statement = *prepared.parsed.statement;
  TRY_ASSIGN(const std::optional<VerbCall> verb, find_verb_call(statement));
  if (verb) {
    TRY(bind_arguments(*verb, prepared.parameters));
    set_columns(info, column_infos(verb_columns()));
    return {};
  }
  if (statement.kind == StatementKind::kExplain) TRY(plan_explained(prepared));
  if (statement.kind == StatementKind::kDeclare) {
    Prepared& query = query_of(prepared);
    query.start_parameters();
    TRY(plan_statement(query));
    prepared.parameters.types = query.parameters.types;
  }
  if (statement.kind == StatementKind::kCopy) {
    const sql::CopyEnd end = static_cast<const sql::CopyStmt&>(statement).end;
    info.is_copy_in = end == sql::CopyEnd::kStdin;
    info.is_copy_out = end == sql::CopyEnd::kStdout;
  }
  switch (sql::answer_of(statement.kind).source) {
    case AnswerSource::kFixed:
      set_columns(info, column_infos(exec::answer_columns(statement.kind)));
      return {};
    case AnswerSource::kPlan:
      if (versions::is_conflict_change(statement)) return {};
      TRY(plan_statement(prepared));
      set_columns(info, prepared.columns);
      if (statement.kind == StatementKind::kSelect) info.gives_rows = true;
      return {};
    case AnswerSource::kShown: {
      TRY_ASSIGN(const system::Shown shown, system::shown_by(system_, statement));
      set_columns(info, column_infos(shown.table->columns()));
      return {};
    }
    case AnswerSource::kSetting: {
      TRY_ASSIGN(const TableRows shown, shown_setting(static_cast<const sql::SetStmt&>(statement)));
      set_columns(info, column_infos(shown.columns));
      return {};
    }
    case AnswerSource::kNamed:
      return describe_named(static_cast<const sql::PrepareStmt&>(statement), info);
    case AnswerSource::kCursor: {
      TRY_ASSIGN(const ColumnInfos columns,
                 cursors_.columns(static_cast<const sql::FetchStmt&>(statement).cursor));
      info.columns = *columns;
      info.gives_rows = true;
      return {};
    }
  }
  return {};
}

Result<void> SessionImpl::describe_named(const sql::PrepareStmt& execute, StatementInfo& info) {
  TRY_ASSIGN(const std::shared_ptr<Prepared> named, named_.find(execute.name));
  TRY_ASSIGN(const std::vector<Parameter> values, arguments_of(execute, *named));
  StatementInfo inner;
  TRY(describe_with(*named, &values, inner));
  info.columns = std::move(inner.columns);
  info.gives_rows = inner.gives_rows;
  return {};
}

Result<void> SessionImpl::check_parameters(const Prepared& prepared,
                                           const std::vector<Parameter>& values) const {
  TRY(check_parameter_count(prepared, values));
  const int64_t now = statement_time_us();
  const auto& types = prepared.parameters.types;
  for (size_t i = 0; i < types.size() && i < values.size(); ++i) TRY(to_value(values[i], types[i], now));
  return {};
}

}  // namespace rowan::engine
