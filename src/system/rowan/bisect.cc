// rowan.bisect(query, good, bad): the first commit at which a query stops being true, found as git
// bisect does.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "exec/build.h"
#include "sql/parser.h"
#include "system/fillers.h"
#include "system/rowan/history_parts.h"

namespace rowan::system {

using type::Value;

namespace {

constexpr size_t kBisectCommitsMax = 1'000'000;

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

class Bisection {
 public:
  Bisection(Context& context, const expr::EvalContext& eval)
      : context_(context), eval_(eval), history_(history_of(context, eval.cancelled)) {}

  Result<std::vector<std::vector<Value>>> run(std::string_view query, const Oid& good,
                                              const Oid& bad) {
    TRY_ASSIGN(query_, sql::parse_statement(query));
    if (query_.statement->kind != sql::StatementKind::kSelect) {
      return Error(ErrorCode::kSyntaxError, "rowan.bisect takes a query that gives one boolean");
    }
    TRY(history_.index.ensure(history_.objects, good));
    TRY(history_.index.ensure(history_.objects, bad));
    TRY(check_ends(good, bad));
    TRY(collect(good, bad));
    Oid first_bad = bad;
    while (suspects_.size() > 1) {
      const std::optional<Oid> middle = pick(first_bad);
      if (!middle) break;
      TRY_ASSIGN(const std::optional<bool> verdict, ask(*middle));
      if (!verdict) {
        skipped_.insert(*middle);
      } else if (*verdict) {
        keep(ancestors_of(*middle), false);
      } else {
        keep(ancestors_of(*middle), true);
        first_bad = *middle;
      }
      TRY(add_row(*middle, !verdict ? "skipped" : *verdict ? "good" : "bad"));
    }
    if (suspects_.size() == 1) {
      TRY(add_row(first_bad, "first bad"));
      return std::move(rows_);
    }
    // Only commits at which the query gave NULL are left beside the first known bad one.
    std::sort(suspects_.begin(), suspects_.end(),
              [this](const Oid& a, const Oid& b) { return time_of(a) > time_of(b); });
    for (const Oid& commit : suspects_) TRY(add_row(commit, "suspect"));
    return std::move(rows_);
  }

 private:
  int64_t time_of(const Oid& commit) const { return history_.index.find(commit)->time_us; }

  Result<void> check_ends(const Oid& good, const Oid& bad) {
    if (history_.index.is_ancestor(bad, good)) {
      return Error(ErrorCode::kInvalidParameterValue,
                   "the bad commit must come after the good one");
    }
    for (const bool is_good : {true, false}) {
      TRY_ASSIGN(const std::optional<bool> verdict, ask(is_good ? good : bad));
      if (verdict == is_good) continue;
      return Error(ErrorCode::kInvalidParameterValue,
                   fmt::format("the query is not {} at the {} commit", is_good ? "true" : "false",
                               is_good ? "good" : "bad"))
          .with_detail(fmt::format("At commit {} it is {}.",
                                   (is_good ? good : bad).hex().substr(0, 12),
                                   !verdict   ? "null"
                                   : *verdict ? "true"
                                              : "false"))
          .with_hint("The query must be true where all is well.");
    }
    return {};
  }

  // All that `bad` has and `good` lacks, parents before children.
  Result<void> collect(const Oid& good, const Oid& bad) {
    std::vector<std::pair<uint32_t, Oid>> found;
    std::vector<Oid> stack = {bad};
    std::unordered_set<Oid, OidHash> seen = {bad};
    while (!stack.empty()) {
      TRY(history_.check_cancelled());
      const Oid commit = stack.back();
      stack.pop_back();
      if (history_.index.is_ancestor(commit, good)) continue;
      const auto info = history_.index.find(commit);
      if (found.size() == kBisectCommitsMax)
        return Error(ErrorCode::kProgramLimit,
                     fmt::format("more than {} commits to look through", kBisectCommitsMax));
      found.emplace_back(info->generation, commit);
      for (const Oid& parent : info->parents) {
        if (seen.insert(parent).second) stack.push_back(parent);
      }
    }
    std::sort(found.begin(), found.end());
    for (const auto& [generation, commit] : found) suspects_.push_back(commit);
    return {};
  }

  // A suspect and its ancestors among the suspects.
  std::unordered_set<Oid, OidHash> ancestors_of(const Oid& commit) const {
    const std::unordered_set<Oid, OidHash> all(suspects_.begin(), suspects_.end());
    std::unordered_set<Oid, OidHash> found = {commit};
    std::vector<Oid> stack = {commit};
    while (!stack.empty()) {
      const Oid at = stack.back();
      stack.pop_back();
      const auto info = history_.index.find(at);
      for (const Oid& parent : info->parents) {
        if (all.contains(parent) && found.insert(parent).second) stack.push_back(parent);
      }
    }
    return found;
  }

  void keep(const std::unordered_set<Oid, OidHash>& set, bool inside) {
    std::erase_if(suspects_, [&](const Oid& commit) { return set.contains(commit) != inside; });
  }

  // The suspect that parts them best: as many below it as not.
  std::optional<Oid> pick(const Oid& bad) const {
    std::unordered_map<Oid, size_t, OidHash> weights;
    std::optional<Oid> best;
    size_t best_gain = 0;
    for (const Oid& commit : suspects_) {
      const auto info = history_.index.find(commit);
      std::vector<Oid> inside;
      for (const Oid& parent : info->parents) {
        if (weights.contains(parent)) inside.push_back(parent);
      }
      const size_t weight = inside.empty()       ? 1
                            : inside.size() == 1 ? weights[inside[0]] + 1
                                                 : ancestors_of(commit).size();
      weights[commit] = weight;
      const size_t gain = std::min(weight, suspects_.size() - weight);
      if (commit == bad || skipped_.contains(commit) || (best && gain <= best_gain)) continue;
      best = commit;
      best_gain = gain;
    }
    return best;
  }

  // What the query says at a commit; nothing: NULL or no row.
  Result<std::optional<bool>> ask(const Oid& commit) {
    TRY(history_.check_cancelled());
    auto answer = evaluate(commit);
    if (!answer && answer.error().code() != ErrorCode::kQueryCanceled) {
      return std::move(answer.error())
          .with_detail(fmt::format("At commit {}.", commit.hex().substr(0, 12)));
    }
    return answer;
  }

  Result<std::optional<bool>> evaluate(const Oid& commit) {
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

  Result<void> add_row(const Oid& commit, std::string_view verdict) {
    TRY_ASSIGN(const git::Commit read, versions::read_commit(history_.objects, commit));
    rows_.push_back({bigint_value(static_cast<int64_t>(rows_.size() + 1)), text_value(commit.hex()),
                     text_value(std::string(verdict)),
                     bigint_value(static_cast<int64_t>(suspects_.size())),
                     text_value(read.author.name), time_value(time_of(commit)),
                     text_value(std::string(git::subject(read.message)))});
    return {};
  }

  Context& context_;
  const expr::EvalContext& eval_;
  diff::History history_;
  sql::ParsedStatement query_;
  std::vector<Oid> suspects_;  // By generation.
  std::unordered_set<Oid, OidHash> skipped_;
  std::vector<std::vector<Value>> rows_;
};

}  // namespace

Result<NextRow> open_bisect(Context& context, const Values& arguments,
                            const expr::EvalContext& eval) {
  TRY_ASSIGN(const std::string good_name, revision_text(arguments, 1));
  TRY_ASSIGN(const std::string bad_name, revision_text(arguments, 2));
  TRY_ASSIGN(const Oid good, commit_of(context, good_name));
  TRY_ASSIGN(const Oid bad, commit_of(context, bad_name));
  Bisection bisection(context, eval);
  TRY_ASSIGN(std::vector<Values> rows, bisection.run(argument_text(arguments, 0), good, bad));
  auto shared = std::make_shared<std::vector<Values>>(std::move(rows));
  return NextRow([shared, at = size_t{0}](Values& row) mutable -> Result<bool> {
    if (at == shared->size()) return false;
    row = (*shared)[at++];
    return true;
  });
}

}  // namespace rowan::system
