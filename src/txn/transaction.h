// Transactions: snapshot, workspace, locks and the commit queue (section 4 of the design).
//
// Invariants (cited as X1…):
//   X1. What a statement reads is one commit plus its own transaction's changes; nothing
//   uncommitted of others. X2. A commit's tree is its parent's tree with exactly the transaction's
//   row and file changes applied. X3. commit() answers only when what the transaction read and
//   wrote is durable (unless synchronous_commit is off). X4. Row and key locks are held until the
//   transaction's commit is built (not flushed) or it is rolled back.
// Threads: a Transaction belongs to one session's thread at a time; the Manager is shared by all.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/oid.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/table.h"
#include "derived/history_index.h"
#include "derived/index.h"
#include "derived/row_counts.h"
#include "git/commit.h"
#include "sql/ast.h"
#include "store/object_store.h"

namespace rowan::txn {

using sql::IsolationLevel;

// A commit as something to read from.
struct Snapshot {
  Oid commit;
  Oid root;               // The commit's tree.
  uint64_t sequence = 0;  // Journal sequence of the commit; 0: published before this process.
  uint64_t schema_generation =
      0;  // Equal generations mean equal schemas: plans may be kept. Unique per manager.
  int64_t time_us = 0;  // Effective time, since 1970.
};

// One changed row of a table with a primary key: the new line, or nothing when deleted.
// For a table without one: `line` is the row with count 0 (its first element), `count_delta` what
// is added.
struct RowChange {
  std::optional<std::string> line;
  int64_t count_delta = 0;
  uint32_t base =
      0;  // The transaction's own: which of the snapshots it wrote on came first for this row.
  bool existed = false;  // The row is there below the overlay.
};

// The changed rows of one table, in key order.
struct TableOverlay {
  std::map<std::string, RowChange, std::less<>> rows;
  bool truncated = false;  // The rows below (of the snapshot) are gone; `rows` stands alone.
  Oid base_rows;  // When spilled: a private tree that stands in for the snapshot's rows. Zero:
                  // none.
  bool spilled = false;
};

// What one statement sees of one table.
struct TableView {
  catalog::TableVersion
      version;  // Rows as of the snapshot (or the private tree, or zero after TRUNCATE).
  const TableOverlay* overlay =
      nullptr;  // nullptr: nothing changed. Valid until the transaction changes.
};

enum class LockOutcome : uint8_t {
  kCurrent,  // Locked, and the row in the branch's tip is the one the snapshot shows.
  kChanged,  // Locked, but the tip has moved on: READ COMMITTED runs the statement again.
};

struct CommitRequest {
  git::Signature author;
  std::string message;      // The user's; empty: a summary ("orders: +3 ~1 -0").
  std::string body;         // The statements, already normalised or empty.
  std::string application;  // Rowan-App trailer; empty: none.
  store::SyncMode sync = store::SyncMode::kOn;
};

struct CommitOutcome {
  bool changed = false;  // False: nothing was written, no commit was made.
  Oid commit;            // The new commit, else the snapshot's.
  uint64_t sequence = 0;
};

class Manager;

class Transaction {
 public:
  ~Transaction();  // Rolls back.

  const std::string& branch() const;
  IsolationLevel isolation() const;
  bool read_only() const;
  bool has_changes() const;
  const Snapshot& snapshot() const;
  int64_t start_time_us() const;                // Since 1970: now().
  void set_lock_timeout(int64_t milliseconds);  // 0, the default: waits for ever.

  // Call before each statement. At READ COMMITTED the snapshot moves to the newest commit (that
  // was acknowledged or is durable for read-only statements, tip for others). `writes`: the statement may write or lock.
  Result<void> begin_statement(bool writes);
  // Sets the statement's changes aside (not its locks) and moves the snapshot to tip, to run it
  // again after kChanged.
  Result<void> restart_statement();
  // Undoes the current statement's changes (its implicit savepoint), after an error.
  void undo_statement();

  // ---- Reading: the snapshot with this transaction's changes on top ----
  const catalog::Catalog& catalog() const;  // Includes this transaction's DDL.
  Result<catalog::TableVersion> get_table(std::string_view schema, std::string_view name) const;
  Result<TableView> view(const catalog::TableVersion& table) const;
  const store::ObjectReader& objects() const;  // The store and this transaction's pending objects.

  // The line that this transaction would see for `key` on top of TIP (not the snapshot), for
  // uniqueness checks.
  Result<std::optional<std::string>> current_line(const catalog::TableVersion& table,
                                                  Bytes key) const;

  // The table as TIP has it, with the transaction's TRUNCATE or private tree in its place; for
  // unique keys.
  Result<catalog::TableVersion> tip_version(const catalog::TableVersion& table) const;
  // Grows with every change of rows and every undo of one: what was worked out from view() holds
  // while it stays.
  uint64_t change_count() const;

  // ---- Writing ----
  // Locks a row before it is updated or deleted. Waits. kSerializationFailure at REPEATABLE READ
  // when the row changed, kDeadlock, kQueryCanceled, kLockNotAvailable (lock_timeout).
  Result<LockOutcome> lock_row(const catalog::TableVersion& table, Bytes key);
  // Locks a key before a row with it is inserted. Waits as lock_row; the caller then asks
  // current_line().
  Result<void> lock_key(const catalog::TableVersion& table, Bytes key);

  // Locks a value of the table's `which`th unique key, beside the keys of its rows. Waits as
  // lock_key.
  Result<void> lock_value(const catalog::TableVersion& table, size_t which, Bytes value);

  // Shares a row's key with others that share it: a child row keeps its parent's from going. It
  // must be there: the caller asks current_line() next, and when a commit without locks came in
  // between, the commit looks again (kSerializationFailure). Whoever only changes other columns of
  // the row neither waits for sharers nor keeps them waiting.
  Result<void> share_key(const catalog::TableVersion& table, Bytes key);
  // Waits for all who share a row's key and keeps others from it: before the row goes, or changes
  // what others refer to.
  Result<void> lock_shared_key(const catalog::TableVersion& table, Bytes key);
  // What was found out about all rows of a table (no row refers to this key; every row passes a
  // check) must still hold at the commit: kSerializationFailure when the branch's rows of the table
  // changed since now, by a commit without locks or (`any`) by any.
  Result<void> watch_rows(const catalog::TableVersion& table, bool any);

  Result<void> put_row(const catalog::TableVersion& table, Bytes key, std::string line);
  Result<void> delete_row(const catalog::TableVersion& table, Bytes key);
  Result<void> add_count(const catalog::TableVersion& table, Bytes key, std::string line,
                         int64_t delta);  // No primary key.
  Result<void> truncate(const catalog::TableVersion& table);
  // Out-of-line values of a row: blob ids by slot; a zero id removes the entry. `blob` was made by
  // add_blob.
  Oid add_blob(std::string bytes);
  Result<void> set_large(const catalog::TableVersion& table, Bytes key, uint16_t slot,
                         const Oid& blob);

  // The table's rows become a tree made elsewhere (bulk load past the journal). Its objects are
  // already in the store. keep() comes first: the hold of the writer that wrote them.
  Result<void> replace_rows(const catalog::TableVersion& table, const Oid& rows, const Oid& large,
                            uint64_t added_rows);
  void keep(std::shared_ptr<const void> hold);  // Until the transaction ends (BulkWriter::hold).

  // ALTER TABLE: the rows become a tree made elsewhere, this transaction's own among them, under
  // the definition of `table`. As replace_rows, but what the branch has below is not looked at
  // again; it must not move (watch_rows).
  Result<void> rewrite_rows(const catalog::TableVersion& table, const Oid& rows, const Oid& large,
                            uint64_t row_count);

  // A file of the commit's tree ("public/t/table.sql"). nullopt removes the file or the whole
  // folder.
  Result<void> put_file(std::string path, std::optional<std::string> content,
                        bool executable = false);
  // nextval and setval. `sequence`: as catalog() has it. The value comes from the branch's counter
  // (sequences.h), and is not given back when the transaction rolls back; its commit stores what
  // the counter says by then. No schema generation changes, nobody waits, nobody fails for it.
  // kSequenceLimit, kUndefinedTable (another session dropped it), kReadOnlyTransaction.
  Result<int64_t> next_value(const catalog::SequenceDef& sequence);
  Result<void> set_value(const catalog::SequenceDef& sequence, int64_t value, bool called);
  // Moves a whole folder (RENAME TABLE), rows and all.
  Result<void> move_folder(std::string from, std::string to);

  // ---- Savepoints ----
  void savepoint(std::string name);
  Result<void> release_savepoint(std::string_view name);  // kInvalidSavepoint.
  Result<void> rollback_to_savepoint(std::string_view name);

  // ---- End ----
  // Builds the commit on the branch's tip and waits until it is durable. After any error the
  // transaction is rolled back. kSerializationFailure, kUniqueViolation (found again in tip),
  // kDiskFull, kIoError (outcome unknown).
  Result<CommitOutcome> commit(const CommitRequest& request);
  void rollback();

 private:
  friend class Manager;
  struct State;
  explicit Transaction(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// A commit whose tree was made outside a transaction: merge, restore, revert, import.
struct TreeCommit {
  std::string branch;
  Oid expected_tip;  // The branch must still be here.
  Oid root;
  std::vector<Oid> parents;  // All of them; normally expected_tip first.
  store::PendingObjects* objects =
      nullptr;            // What `root` needs beyond the store; gets the commit too. May be null.
  git::Signature author;  // Its time when it has one, else the commit's.
  git::Signature committer;  // Without a name: the author.
  std::string message;       // Never empty.
  std::string body;
  std::vector<std::pair<std::string, std::string>> trailers;  // Beside Rowan-Time.
  std::vector<store::RefUpdate> refs;  // Other refs that move in the same record.
  store::SyncMode sync = store::SyncMode::kOn;
};

// A branch goes to a commit that is there already: fast-forward, RESET, REBASE, SQUASH.
struct BranchMove {
  std::string branch;
  Oid expected_tip;
  Oid target;
  store::PendingObjects* objects = nullptr;  // New commits that `target` needs; may be null.
  std::vector<store::RefUpdate> refs;        // As in TreeCommit: reflog entries, the merge state.
  store::SyncMode sync = store::SyncMode::kOn;
};

// How much of a branch's history Git is shown and how long the rest is kept (ALTER BRANCH … SET
// HISTORY POLICY).
struct HistoryPolicy {
  int64_t every_us =
      0;  // A roll-up commit for each such interval that has commits. 0: none is made.
  int64_t keep_us = 0;  // Commits that were rolled up go when they are older than this. 0: never.
};

// A branch that another program moved while nobody had the repository open.
struct MovedBranch {
  std::string name;
  Oid tip;        // Where it is; zero: it was deleted.
  Oid good;       // The last commit that sessions saw there; zero: not known.
  Oid published;  // Where refs/heads/<name> was then: `good`, but under a history policy.
};

// Where a branch is to stand that another program moved.
struct ForeignTip {
  std::string branch;
  Oid published;  // What its ref had from us; zero: the branch is new.
  Oid target;     // The other program's commit, or one of `objects` on top of it.
  store::PendingObjects* objects = nullptr;  // May be null.
  std::vector<store::RefUpdate> refs = {};   // Others that move in the same record.
};

// What goes with a branch that is dropped or renamed, in the same record.
struct BranchEnd {
  Oid expected_tip;  // kSerializationFailure when the branch is elsewhere. Zero: anywhere.
  store::PendingObjects* objects = nullptr;
  std::vector<store::RefUpdate> refs;
};

// One line of a branch's reflog: where the branch went, from where, and how.
struct ReflogEntry {
  Oid commit;          // Zero: the branch was dropped.
  Oid previous;        // Zero: the first commit.
  std::string action;  // "commit", "merge", "reset", "rebase", "squash", "rename", "drop" …
  std::string message;
  git::Signature author;
  int64_t time_us = 0;
};

struct BranchInfo {
  std::string name;
  Oid commit;
};

// Summary of one commit made here, for the history index and row counts.
struct CommitEvent {
  std::string branch;
  Oid commit;
  Oid parent;
  Oid old_root;
  Oid new_root;
};

struct ManagerOptions {
  std::filesystem::path
      derived_folder;  // DIR/rowan/derived: counts and history are kept there. Empty: in memory.
  std::filesystem::path history_to_read;  // The history index of another process's repository; set
                                          // by open() for a read-only store.
  size_t workspace_rows_max = kWorkspaceRowsMax;  // A table's overlay above this is spilled.
  Log* log = nullptr;                             // Borrowed; nullptr: stderr.
  // Called while nobody else has the manager: verifies the branches that another program moved
  // while nobody looked (moved_branches()). Empty: they are taken as they are.
  std::function<Result<void>(Manager&)> verify_moved;
  // The tree that a commit is read by, which another program may have spelled freely (snapshot_of,
  // begin_at). Empty: its own.
  std::function<Result<Oid>(const Oid& commit)> readable_root;
};

class Manager {
 public:
  // Borrows all; they must outlive it.
  static Result<std::unique_ptr<Manager>> open(store::ObjectStore& store, const Clock& clock,
                                               const ManagerOptions& options = {});
  ~Manager();

  // `own_sequence`: CommitOutcome::sequence of the session's last commit, which its reads must see
  // even when it is not durable yet. kUndefinedBranch.
  Result<std::unique_ptr<Transaction>> begin(std::string_view branch, IsolationLevel isolation,
                                             bool read_only,
                                             const std::atomic<bool>* cancelled = nullptr,
                                             uint64_t own_sequence = 0);
  // A transaction that only reads, on a commit instead of a branch.
  Result<std::unique_ptr<Transaction>> begin_at(const Oid& commit, IsolationLevel isolation,
                                                const std::atomic<bool>* cancelled = nullptr);
  // The newest commit of a branch that is durable / that was built.
  Result<Snapshot> durable_snapshot(std::string_view branch);
  Result<Snapshot> tip_snapshot(std::string_view branch);
  Result<Snapshot> snapshot_of(const Oid& commit);  // Any commit, read-only.

  std::vector<BranchInfo> branches();
  // An existing branch is never moved: kDuplicateBranch. kInvalidName. `objects`: what the commit
  // needs beyond the store; may be null.
  Result<void> create_branch(std::string_view name, const Oid& commit,
                             store::PendingObjects* objects = nullptr);
  Result<void> drop_branch(std::string_view name, const BranchEnd& end = {});
  Result<void> rename_branch(std::string_view from, std::string_view to, const BranchEnd& end = {});
  Result<bool> has_branch(std::string_view name);

  // Both enter the branch's commit queue, count as a change of rows without locks and give a new
  // schema generation. kSerializationFailure when the branch is not at `expected_tip` any more:
  // nothing was written; work it out again on the new tip. Without a change (the tip's own tree and
  // no further parent, the tip itself) only the other refs move. A branch with a history policy
  // only goes forward: kObjectNotInState.
  Result<CommitOutcome> commit_tree(const TreeCommit& commit);
  Result<CommitOutcome> move_branch(const BranchMove& move);
  // Under a history policy commits chain from the last roll-up below refs/rowan/fine/<branch>/, and
  // refs/heads/<branch> moves when they are rolled up. Without one, set_history_policy starts it;
  // with one, it changes how often. Refs alone say that a branch has one: `policy` is to be given
  // again after open().
  Result<void> set_history_policy(std::string_view branch, const HistoryPolicy& policy);
  // refs/heads/<branch> goes forward to the newest commit. What was rolled up before stays as long
  // as the branch. False: it had none.
  Result<bool> drop_history_policy(std::string_view branch);
  // Rolls up every branch whose interval has passed.
  Result<void> roll_up_due();
  // The time of a new commit whose parents have at most the time `after`. No two commits get the
  // same: two branches at one tip that are told the same in the same microsecond would make one
  // commit of one id, and merging them would count its change once. Any thread.
  int64_t commit_time(int64_t after);
  // As the history index has them, where a roll-up counts as holding the kept commits that it
  // rolled up. ensure() both first.
  std::vector<Oid> merge_bases(const Oid& a, const Oid& b);
  // `tip`, and the newest of what each roll-up that it has rolled up: it holds what is reached from
  // any of them.
  std::vector<Oid> held_tips(const Oid& tip);

  // Refs that are no branches (tags, refs/rowan/…), with the objects they need, in one record;
  // durable on return (but SyncMode::kOff).
  Result<void> update_refs(const store::PendingObjects* objects,
                           const std::vector<store::RefUpdate>& refs,
                           store::SyncMode sync = store::SyncMode::kOn);

  // ---- What another program made of a branch; whether it may stand is the caller's to say ----
  // A branch stands at `target` from now on. When nobody here has it yet, it is new.
  // kSerializationFailure when it is not at `published` any more (under a history policy: has
  // commits that `target` lacks).
  Result<void> take_over(const ForeignTip& tip);
  // During ManagerOptions::verify_moved only. The branches that another program moved while nobody
  // had the repository open, and what becomes of each: `answer.target` is its tip (fine as it is),
  // a commit on top of that, or one to go back to. A read-only store keeps that in memory. One
  // without any answer is unusable.
  std::vector<MovedBranch> moved_branches();
  Result<void> settle_moved(const MovedBranch& moved, const ForeignTip& answer);
  void set_unusable(std::string_view branch, Error why);

  // A move of a branch that is no commit on top of it goes into the refs of its record: `what` is
  // "reset: moving to v1". A zero `to`: dropped.
  Result<store::RefUpdate> reflog_entry(store::PendingObjects& objects, std::string_view branch,
                                        const Oid& from, const Oid& to,
                                        const git::Signature& author, std::string_view what);
  // The ref updates that hand a branch's entries to its new name, with one that says so.
  Result<std::vector<store::RefUpdate>> rename_reflog(store::PendingObjects& objects,
                                                      std::string_view from, std::string_view to,
                                                      const git::Signature& author);
  // Newest first, until `visit` says false. The moves that were recorded, and between them the
  // chain of first parents. A branch that was dropped still has its entries.
  Result<void> walk_reflog(std::string_view branch,
                           const std::function<Result<bool>(const ReflogEntry&)>& visit);

  // branch, tag, refs/…, commit id (>= 4 digits), HEAD (of `branch`), rev~n, rev^n, rev@{time},
  // branch@{n}, tag^{}. A session on a commit gives its id as `branch`. kUndefinedRevision,
  // kAmbiguousRevision.
  Result<Oid> resolve_revision(std::string_view revision, std::string_view branch);
  // The newest commit of the branch's first-parent chain at or before the time (µs since 1970).
  // kUndefinedRevision when there is none.
  Result<Oid> revision_at(int64_t time_us, std::string_view branch);

  store::ObjectStore& store();
  derived::RowCounts& row_counts();
  derived::Indexes& indexes();
  derived::HistoryIndex& history();  // ensure() a commit before asking for it.
  void set_commit_listener(
      std::function<void(const CommitEvent&)> listener);  // Called inside the queue: be quick.
  Result<void> close();                                   // Waits for commits under way.

 private:
  friend class Transaction;
  struct State;
  explicit Manager(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace rowan::txn
