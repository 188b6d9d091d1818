// rowan.bisect(query, good, bad): the first commit at which a query stops being true.
#include <memory>
#include <utility>

#include "exec/build.h"
#include "sql/parser.h"
#include "system/fillers.h"
#include "system/rowan/history_parts.h"
#include "versions/bisect.h"

namespace rowan::system {

namespace {

// Names in FROM mean what they meant at one commit.
class CommitResolver final : public plan::Resolver {
 public:
  CommitResolver(Context& context, const Oid& commit)
      : inner_(context.resolver()), commit_(commit.hex()) {}
  Result<plan::ResolvedTable> resolve(const sql::QualifiedName& name, std::string_view revision,
                                      std::optional<int64_t> time_us) override {
    const bool plain = revision.empty() && !time_us;
    return inner_->resolve(name, plain ? std::string_view(commit_) : revision, time_us);
  }
  Result<std::shared_ptr<const plan::VirtualTable>> resolve_function(
      const sql::CallExpr& call, const std::vector<type::Type>& arguments) override {
    return inner_->resolve_function(call, arguments);
  }
  std::optional<uint64_t> row_count(const catalog::TableVersion& table) override {
    return inner_->row_count(table);
  }

 private:
  std::unique_ptr<plan::Resolver> inner_;
  std::string commit_;
};

// A query that gives one boolean, asked at one commit after the other.
class BisectQuery {
 public:
  BisectQuery(Context& context, const expr::EvalContext& eval, sql::ParsedStatement query)
      : context_(context), eval_(eval), query_(std::move(query)) {}

  static Result<BisectQuery> parse(Context& context, const expr::EvalContext& eval,
                                   std::string_view text) {
    TRY_ASSIGN(sql::ParsedStatement query, sql::parse_statement(text));
    if (query.statement->kind != sql::StatementKind::kSelect)
      return Error(ErrorCode::kSyntaxError, "rowan.bisect takes a query that gives one boolean");
    return BisectQuery(context, eval, std::move(query));
  }

  // Nothing: NULL or no row.
  Result<versions::Verdict> ask(const Oid& commit) {
    CommitResolver resolver(context_, commit);
    expr::ParameterTypes parameters;
    plan::PlanContext planning{resolver, parameters, eval_, context_.disabled_rules()};
    TRY_ASSIGN(const plan::Plan plan,
               plan::plan_query(static_cast<const sql::SelectStmt&>(*query_.statement), planning));
    if (plan.outputs.size() != 1 || plan.outputs[0].type.id != type::TypeId::kBool) {
      return Error(ErrorCode::kDatatypeMismatch, "the query of rowan.bisect must give one boolean");
    }
    exec::ExecContext context = context_.exec_context(eval_);
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
  Context& context_;
  const expr::EvalContext& eval_;
  sql::ParsedStatement query_;
};

Result<std::vector<Values>> rows_of(const diff::History& history,
                                    const std::vector<versions::BisectStep>& steps) {
  std::vector<Values> rows;
  for (const versions::BisectStep& step : steps) {
    TRY_ASSIGN(const git::Commit commit, versions::read_commit(history.objects, step.commit));
    rows.push_back(
        {bigint_value(static_cast<int64_t>(rows.size() + 1)), text_value(step.commit.hex()),
         text_value(std::string(step.verdict)), bigint_value(static_cast<int64_t>(step.remaining)),
         text_value(commit.author.name), time_value(history.index.find(step.commit)->time_us),
         text_value(std::string(git::subject(commit.message)))});
  }
  return rows;
}

}  // namespace

Result<NextRow> open_bisect(Context& context, const Values& arguments,
                            const expr::EvalContext& eval) {
  TRY_ASSIGN(const std::string good_name, revision_text(arguments, 1));
  TRY_ASSIGN(const std::string bad_name, revision_text(arguments, 2));
  TRY_ASSIGN(const Oid good, commit_of(context, good_name));
  TRY_ASSIGN(const Oid bad, commit_of(context, bad_name));
  TRY_ASSIGN(BisectQuery query, BisectQuery::parse(context, eval, argument_text(arguments, 0)));
  const diff::History history = history_of(context, eval.cancelled);
  versions::Bisection bisection(history, [&](const Oid& commit) { return query.ask(commit); });
  TRY_ASSIGN(const auto steps, bisection.run(good, bad));
  TRY_ASSIGN(std::vector<Values> rows, rows_of(history, steps));
  auto shared = std::make_shared<std::vector<Values>>(std::move(rows));
  return NextRow([shared, at = size_t{0}](Values& row) mutable -> Result<bool> {
    if (at == shared->size()) return false;
    row = (*shared)[at++];
    return true;
  });
}

}  // namespace rowan::system
