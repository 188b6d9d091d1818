// rowan.bisect(query, good, bad): the first commit at which a query stops being true.
#include <utility>

#include "engine/history_tables.h"
#include "engine/resolver.h"
#include "engine/session.h"
#include "exec/build.h"
#include "sql/parser.h"
#include "versions/bisect.h"

namespace rowan::engine {

using plan::OutputColumn;
using type::Value;

namespace {

// Names in FROM mean what they meant at one commit.
class CommitResolver final : public plan::Resolver {
 public:
  CommitResolver(SessionImpl& session, const Oid& commit)
      : inner_(session), commit_(commit.hex()) {}
  Result<plan::ResolvedTable> resolve(const sql::QualifiedName& name, std::string_view revision,
                                      std::optional<int64_t> time_us) override {
    const bool plain = revision.empty() && !time_us;
    return inner_.resolve(name, plain ? std::string_view(commit_) : revision, time_us);
  }
  Result<std::shared_ptr<const plan::VirtualTable>> resolve_function(
      const sql::CallExpr& call, const std::vector<type::Type>& arguments) override {
    return inner_.resolve_function(call, arguments);
  }
  std::optional<uint64_t> row_count(const catalog::TableVersion& table) override {
    return inner_.row_count(table);
  }

 private:
  SessionResolver inner_;
  std::string commit_;
};

// A query that gives one boolean, asked at one commit after the other.
class BisectQuery {
 public:
  BisectQuery(SessionImpl& session, const expr::EvalContext& eval, sql::ParsedStatement query)
      : session_(session), eval_(eval), query_(std::move(query)) {}

  static Result<BisectQuery> parse(SessionImpl& session, const expr::EvalContext& eval,
                                   std::string_view text) {
    TRY_ASSIGN(sql::ParsedStatement query, sql::parse_statement(text));
    if (query.statement->kind != sql::StatementKind::kSelect)
      return Error(ErrorCode::kSyntaxError, "rowan.bisect takes a query that gives one boolean");
    return BisectQuery(session, eval, std::move(query));
  }

  // Nothing: NULL or no row.
  Result<versions::Verdict> ask(const Oid& commit) {
    CommitResolver resolver(session_, commit);
    expr::ParameterTypes parameters;
    plan::PlanContext planning{resolver, parameters, eval_, session_.settings().disabled_rules()};
    TRY_ASSIGN(const plan::Plan plan,
               plan::plan_query(static_cast<const sql::SelectStmt&>(*query_.statement), planning));
    if (plan.outputs.size() != 1 || plan.outputs[0].type.id != type::TypeId::kBool) {
      return Error(ErrorCode::kDatatypeMismatch, "the query of rowan.bisect must give one boolean");
    }
    exec::ExecContext context = session_.context_in(*session_.transaction(), eval_);
    TRY_ASSIGN(const auto root, exec::build(plan, context));
    TRY(root->open());
    std::optional<bool> answer;
    size_t rows = 0;
    type::Batch batch;
    for (;;) {
      TRY_ASSIGN(const bool more, root->next(batch));
      if (!more) break;
      if (rows == 0 && batch.rows > 0 && !batch.columns[0].is_null(0))
        answer = batch.columns[0].value(0).as_int() != 0;
      rows += batch.rows;
    }
    if (rows > 1)
      return Error(ErrorCode::kCardinalityViolation,
                   "the query of rowan.bisect gave more than one row");
    return answer;
  }

 private:
  SessionImpl& session_;
  const expr::EvalContext& eval_;
  sql::ParsedStatement query_;
};

Result<std::vector<std::vector<Value>>> rows_of(const diff::History& history,
                                                const std::vector<versions::BisectStep>& steps) {
  std::vector<std::vector<Value>> rows;
  for (const versions::BisectStep& step : steps) {
    TRY_ASSIGN(const git::Commit commit, read_commit(history.objects, step.commit));
    rows.push_back(
        {bigint_value(static_cast<int64_t>(rows.size() + 1)), text_value(step.commit.hex()),
         text_value(std::string(step.verdict)), bigint_value(static_cast<int64_t>(step.remaining)),
         text_value(commit.author.name), time_value(history.index.find(step.commit)->time_us),
         text_value(std::string(git::subject(commit.message)))});
  }
  return rows;
}

}  // namespace

VirtualTablePtr bisect_table(SessionImpl& session) {
  const std::vector<OutputColumn> columns = {{"step", kBigintType},  {"commit", kTextType},
                                             {"verdict", kTextType}, {"remaining", kBigintType},
                                             {"author", kTextType},  {"time", kTimeType},
                                             {"message", kTextType}};
  return stream_table(
      columns,
      [&session](const std::vector<Value>& arguments,
                 const expr::EvalContext& context) -> Result<NextRow> {
        TRY_ASSIGN(const std::string good_name, revision_text(arguments, 1));
        TRY_ASSIGN(const std::string bad_name, revision_text(arguments, 2));
        TRY_ASSIGN(const Oid good, session_revision(session, good_name));
        TRY_ASSIGN(const Oid bad, session_revision(session, bad_name));
        TRY_ASSIGN(BisectQuery query,
                   BisectQuery::parse(session, context, argument_text(arguments, 0)));
        const diff::History history = session_history(session, context.cancelled);
        versions::Bisection bisection(history,
                                      [&](const Oid& commit) { return query.ask(commit); });
        TRY_ASSIGN(const auto steps, bisection.run(good, bad));
        TRY_ASSIGN(std::vector<std::vector<Value>> rows, rows_of(history, steps));
        auto shared = std::make_shared<std::vector<std::vector<Value>>>(std::move(rows));
        return NextRow([shared, at = size_t{0}](std::vector<Value>& row) mutable -> Result<bool> {
          if (at == shared->size()) return false;
          row = (*shared)[at++];
          return true;
        });
      },
      false);
}

}  // namespace rowan::engine
