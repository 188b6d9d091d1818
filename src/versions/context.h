// Context: what the verbs of version control work on. An open repository, who asks, and where he
// stands; never a session, so that whoever can open a repository can merge in it.
//
// Ownership: borrows all but plain values; what it borrows must outlive it.
// Lifetime:  one statement's. Whoever makes it takes `head` and `effects` back when the statement is over,
//            also when it failed.
// Threads:   one at a time; several contexts of one repository may be used at once.
//
// A function that takes `Context&` may change the repository, or where the asker stands; one that takes
// `const Context&` only reads.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/oid.h"
#include "base/result.h"
#include "derived/index.h"
#include "exec/validator.h"
#include "expr/expr.h"
#include "git/commit.h"
#include "sql/ast.h"
#include "store/object_store.h"
#include "txn/transaction.h"
#include "type/column.h"
#include "versions/branch_settings.h"
#include "versions/hints.h"
#include "versions/repository.h"

namespace rowan::versions {

// Where somebody stands, as Git's HEAD has it: on a branch, or on a commit to read from.
struct Head {
  std::string branch;       // When pinned: a commit's id, which stands for HEAD in revisions.
  bool is_pinned = false;   // On a tag or commit: reads only.
  std::string pinned_name;  // What the user called that.

  const std::string& name() const { return is_pinned ? pinned_name : branch; }
};

// What the verbs did that the asker's next statements depend on.
struct Effects {
  struct Commit {
    Oid id;
    uint64_t sequence = 0;
  };
  std::optional<Commit> commit;  // Where the asker's branch is now: his reads must see it.
  bool checked_out = false;      // `head` is what CHECKOUT named.
  // The rows that stopped the merge; none: it was looked at, and all is well.
  std::optional<std::vector<exec::Violation>> violations;
};

// Runs a query of ours, in which names mean what they mean to the asker, on his branch's tip.
using RunQuery = std::function<Result<std::vector<type::Batch>>(const sql::SelectStmt& query)>;

struct Context {
  // ---- The repository ----
  store::ObjectStore& store;
  txn::Manager& manager;
  derived::Indexes& indexes;
  Repository& repository;
  BranchSettings& settings;
  const Clock& clock;

  // ---- Who asks, and how ----
  Head head;
  git::Signature author;         // Of commits. Its time is the commit's.
  std::string application = {};  // Of trailers; empty: none.
  bool keeps_statements = true;  // A merge's commit says by which statement it came.
  store::SyncMode sync = store::SyncMode::kOn;
  const HintWords& words = hint_words(Door::kSql);
  const std::atomic<bool>* cancelled = nullptr;  // nullptr: nobody can.
  expr::EvalContext eval = {};  // For CHECKs, defaults and views of trees that are made.
  // What the running statement reads through; nullptr: it has no transaction, as verbs have none.
  txn::Transaction* transaction = nullptr;
  RunQuery run_query = {};  // Empty: conditions on conflicts are not supported.

  // ---- What came of it ----
  Effects effects = {};

  bool is_cancelled() const {
    return cancelled != nullptr && cancelled->load(std::memory_order_relaxed);
  }
  Result<void> check_cancelled() const;  // kQueryCanceled.
};

// 25006 on a tag or commit, 42501 on a protected branch.
Result<void> check_writable(const Head& head, const BranchSettings& settings,
                            const HintWords& words);
inline Result<void> check_writable(const Context& context) {
  return check_writable(context.head, context.settings, context.words);
}

// Where CHECKOUT of a revision leads from there: a branch, or any other revision to read from.
// kUndefinedBranch.
Result<Head> find_head(txn::Manager& manager, const Head& from, std::string_view revision,
                       const HintWords& words);

// By search_path: where a name is that was written without a schema; where a new one goes. In the
// transaction, else on the branch's tip.
std::string schema_of(std::span<const std::string> path, std::string_view name,
                      const txn::Transaction* transaction, txn::Manager& manager,
                      std::string_view branch);
std::string schema_of(const Context& context, std::string_view name);
inline std::string schema_of(const Context& context, const sql::QualifiedName& name) {
  return name.schema.empty() ? schema_of(context, name.name) : std::string(name.schema);
}

// The branch of the asker is at that commit now.
void note_commit(Context& context, const txn::CommitOutcome& outcome);

}  // namespace rowan::versions
