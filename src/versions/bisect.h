// Bisection: the first commit at which something stops being true, found as git bisect does.
//
// Threads: one. Borrows the history's parts and the question.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "diff/row_history.h"

namespace rowan::versions {

// What holds at a commit; nothing: it cannot be said.
using Verdict = std::optional<bool>;
using AskCommit = std::function<Result<Verdict>(const Oid& commit)>;

struct BisectStep {
  Oid commit;
  std::string_view verdict;  // "good", "bad", "skipped"; at the end "first bad" or "suspect".
  size_t remaining = 0;      // Suspects that are left.
};

class Bisection {
 public:
  Bisection(diff::History history, AskCommit ask);

  // Requires that it holds at `good`, does not at `bad`, and that `bad` comes after:
  // kInvalidParameterValue. The last step names the first bad commit, or the last ones name the
  // commits among which it is.
  Result<std::vector<BisectStep>> run(const Oid& good, const Oid& bad);

 private:
  using CommitSet = std::unordered_set<Oid, OidHash>;

  Result<Verdict> ask(const Oid& commit) const;
  Result<void> check_ends(const Oid& good, const Oid& bad) const;
  Result<void> collect(const Oid& good, const Oid& bad);
  CommitSet ancestors_of(const Oid& commit) const;
  void keep(const CommitSet& set, bool inside);
  std::optional<Oid> pick(const Oid& bad) const;
  void add_step(const Oid& commit, std::string_view verdict);

  diff::History history_;
  AskCommit ask_;
  std::vector<Oid> suspects_;  // By generation.
  CommitSet skipped_;
  std::vector<BisectStep> steps_;
};

}  // namespace rowan::versions
