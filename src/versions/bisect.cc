#include "versions/bisect.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "versions/revisions.h"

namespace rowan::versions {

namespace {

constexpr size_t kBisectCommitsMax = 1'000'000;

}  // namespace

Bisection::Bisection(diff::History history, AskCommit ask)
    : history_(std::move(history)), ask_(std::move(ask)) {}

Result<std::vector<BisectStep>> Bisection::run(const Oid& good, const Oid& bad) {
  TRY(history_.index.ensure(history_.objects, good));
  TRY(history_.index.ensure(history_.objects, bad));
  TRY(check_ends(good, bad));
  TRY(collect(good, bad));
  Oid first_bad = bad;
  while (suspects_.size() > 1) {
    const std::optional<Oid> middle = pick(first_bad);
    if (!middle) break;
    TRY_ASSIGN(const Verdict verdict, ask(*middle));
    if (!verdict) {
      skipped_.insert(*middle);
    } else if (*verdict) {
      keep(ancestors_of(*middle), false);
    } else {
      keep(ancestors_of(*middle), true);
      first_bad = *middle;
    }
    add_step(*middle, !verdict ? "skipped" : *verdict ? "good" : "bad");
  }
  if (suspects_.size() == 1) {
    add_step(first_bad, "first bad");
    return std::move(steps_);
  }
  // Only commits at which it could not be said are left beside the first known bad one.
  const auto time_of = [&](const Oid& commit) { return history_.index.find(commit)->time_us; };
  std::sort(suspects_.begin(), suspects_.end(),
            [&](const Oid& a, const Oid& b) { return time_of(a) > time_of(b); });
  for (const Oid& commit : suspects_) add_step(commit, "suspect");
  return std::move(steps_);
}

void Bisection::add_step(const Oid& commit, std::string_view verdict) {
  steps_.push_back({commit, verdict, suspects_.size()});
}

Result<Verdict> Bisection::ask(const Oid& commit) const {
  TRY(history_.check_cancelled());
  auto answer = ask_(commit);
  if (!answer && answer.error().code() != ErrorCode::kQueryCanceled) {
    return std::move(answer.error())
        .with_detail(fmt::format("At commit {}.", commit.hex().substr(0, 12)));
  }
  return answer;
}

Result<void> Bisection::check_ends(const Oid& good, const Oid& bad) const {
  if (history_.index.is_ancestor(bad, good)) {
    return Error(ErrorCode::kInvalidParameterValue, "the bad commit must come after the good one");
  }
  for (const bool is_good : {true, false}) {
    TRY_ASSIGN(const Verdict verdict, ask(is_good ? good : bad));
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
Result<void> Bisection::collect(const Oid& good, const Oid& bad) {
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
Bisection::CommitSet Bisection::ancestors_of(const Oid& commit) const {
  const CommitSet all(suspects_.begin(), suspects_.end());
  CommitSet found = {commit};
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

void Bisection::keep(const CommitSet& set, bool inside) {
  std::erase_if(suspects_, [&](const Oid& commit) { return set.contains(commit) != inside; });
}

// The suspect that parts them best: as many below it as not.
std::optional<Oid> Bisection::pick(const Oid& bad) const {
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

}  // namespace rowan::versions
