// What all verbs share that change a branch past a transaction. Each makes its own commit, if any, and is
// refused inside a transaction block.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "sql/ast.h"
#include "store/object_store.h"
#include "txn/transaction.h"
#include "versions/context.h"

namespace rowan::versions {

// 25006 naming the statement, when it or an answer to a conflict would change the repository.
Result<void> check_only_reads(const sql::Statement& statement);
// 25001 naming the statement, when it runs in a transaction.
Result<void> check_no_block(const Context& context, std::string_view words);

// How often it is tried on a branch that others move meanwhile.
inline constexpr int kChangeAttemptsMax = 100;
inline constexpr int kMergeAttemptsMax = 10;  // What is tried takes long.
inline constexpr int kAnswerAttemptsMax = 20;

// Runs `attempt`, and again when somebody else moved what it was worked out on (kSerializationFailure).
template <typename Attempt>
auto until_it_stands(const Context& context, int attempts_max, const Attempt& attempt)
    -> decltype(attempt()) {
  for (int attempts = 1;; ++attempts) {
    auto result = attempt();
    const bool moved = !result && result.error().code() == ErrorCode::kSerializationFailure;
    if (!moved || attempts == attempts_max) return result;
    TRY(context.check_cancelled());
  }
}

// A branch as a verb that changes it found it. check_writable() has been asked.
struct BranchTarget {
  std::string branch;
  Oid tip;
  Oid root;
};
Result<BranchTarget> writable_target(const Context& context);

// Runs `attempt` on the tip of the asker's branch until it stands, and notes what was made.
Result<txn::CommitOutcome> change_branch(
    Context& context,
    const std::function<Result<txn::CommitOutcome>(const BranchTarget&)>& attempt);
// With the way out, where a history policy is what keeps the branch from going back.
Error with_policy_hint(const Context& context, std::string_view branch, Error error);

// Refuses content that breaks its constraints, where it differs from `valid_root`, which keeps
// them. `what` begins the error: "the revert". `of`: the commits that the content comes from; of those
// that another program made, definitions are asked all that a push is asked.
Result<void> check_constraints(const Context& context, const store::ObjectReader& objects,
                               const Oid& valid_root, const Oid& root, std::string_view what,
                               const std::vector<Oid>& of);

}  // namespace rowan::versions
