// The workspace: a transaction's changes over its snapshot, with an undo log for savepoints. Not
// for other rooms.
//
// Threads: its session's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "tree/git_tree.h"
#include "txn/core.h"

namespace rowan::txn {

using RowMap = std::map<std::string, RowChange, std::less<>>;

// A head that rows were written on.
struct WriteBase {
  Head head;
  Oid rows;  // The table's, there.
};

struct RowTally {
  int64_t inserted = 0;
  int64_t updated = 0;
  int64_t deleted = 0;
};

// All that can be undone of one table.
struct TableState {
  std::string path;                   // In this transaction.
  std::optional<std::string> origin;  // On the branch; nothing: the table was made here.
  TableOverlay overlay;
  std::map<std::string, Oid, std::less<>> large;  // Entries of the large tree by name; zero: gone.
  Oid spill_base;                 // The branch's rows that overlay.base_rows was made from.
  std::optional<Oid> large_root;  // Replaced as a whole by a bulk load.
  RowTally spilled;               // What the private tree already holds.
  size_t overlay_bytes = 0;       // Written into the overlay, the undo log's part included.
  bool rewritten =
      false;  // All rows stand in the private tree, under another definition than the branch's.
  bool dropped = false;
};

struct TableWork {
  TableState state;
  std::shared_ptr<const catalog::TableDef> table;
  std::unique_ptr<catalog::TableLineKeys> keys;
  uint64_t lock_table = 0;
  std::vector<WriteBase> bases;
  bool unlocked_writes = false;  // A row was written without its lock.
  // Built before the queue is entered: the rows tree `prepared_from` with the overlay applied.
  std::optional<Oid> prepared_from;
  Oid prepared;

  bool changes_rows() const {
    return !state.dropped &&
           (!state.overlay.rows.empty() || state.overlay.truncated || state.overlay.spilled);
  }
  bool is_empty() const { return !changes_rows() && state.large.empty(); }
  bool counted() const { return table->layout.counted; }
};

struct FileOp {
  std::string path;
  std::string moved_to;          // Not empty: a move of the folder `path`.
  Oid blob;                      // Else what the path becomes; zero: it goes.
  uint32_t mode = tree::kModeBlob;
  Head base;                     // The branch when this was done.
  uint64_t number = 0;           // Unique.
  bool starts_sequence = false;  // The path is a sequence's file, and its position is new.
};

// A table whose rows were looked at as a whole.
struct WatchedRows {
  std::string path;  // On the branch.
  Oid rows;
  uint64_t unlocked = 0;
  bool any = false;
};

// Where a sequence of the transaction comes from.
struct SequenceOrigin {
  // Not 0: it was made or started again by the file operation of this number, and others do not draw
  // from what this transaction sees.
  uint64_t started = 0;
  std::string path;      // Else where it is on the branch, or in a move of the transaction's.
  bool altered = false;  // Its definition or its name; it goes on from where it is.
};

struct UndoEntry {
  enum class Kind : uint8_t { kNewRow, kOldRow, kNewLarge, kOldLarge, kTable, kMoved, kFiles };
  Kind kind;
  TableWork* work = nullptr;
  RowMap::iterator row;
  RowChange old_row;
  std::string name;  // Of the large entry; for kMoved the old path.
  Oid old_large;
  std::unique_ptr<TableState> old_table;
  size_t file_ops = 0;
};

struct Savepoint {
  std::string name;
  size_t undo_size = 0;
};

struct TransactionBody {
  explicit TransactionBody(Core& the_core);
  virtual ~TransactionBody();
  void reset();  // Ready for the next transaction.

  // ---- Tables (workspace.cc) ----
  TableWork* find_work(const catalog::TableDef& table) const;
  Result<TableWork*> work_for_write(const catalog::TableVersion& table);
  Result<void> set_row(TableWork& work, Bytes key, std::optional<std::string> line);
  Result<void> add_count(TableWork& work, Bytes key, std::string line, int64_t delta);
  void save_table(
      TableWork& work);  // Puts the table's whole state in the undo log and leaves it empty.
  Result<void> spill(TableWork& work);
  // After a row was written: what has become too large for memory goes into packs.
  Result<void> spill_if_large(TableWork& work);
  Result<void> write_objects_ahead();
  void undo_to(size_t size);
  bool has_changes() const;
  // The rows tree of a table on the branch at `head`; zero when it has none.
  Result<Oid> branch_rows(const Head& head, const TableWork& work) const;
  Result<std::optional<std::string>> line_below(const TableWork& work, Bytes key) const;

  // ---- Files ----
  Result<void> add_file_op(FileOp op);
  Result<void> rebuild_catalog();  // After the snapshot or the file operations changed.
  void use_head(const Head& head);
  Result<catalog::TableVersion> get_table(std::string_view schema, std::string_view name);

  SequenceOrigin sequence_origin(std::string path) const;
  // Where what was at `path` before the file operation number `first` of file_ops is now; nothing:
  // it is gone.
  std::optional<std::string> moved_path(std::string path, size_t first) const;

  // ---- Locks ----
  Result<void> lock(uint64_t table, Bytes key, bool is_row);
  Result<void> lock_beside(TableWork& work, const std::string& name);
  Result<void> share(TableWork& work, Bytes key);

  Core& core;
  std::shared_ptr<Branch> branch;
  IsolationLevel isolation = IsolationLevel::kReadCommitted;
  bool read_only = false;
  bool finished = false;
  bool statement_begun = false;
  const std::atomic<bool>* cancelled = nullptr;
  uint64_t own_sequence = 0;
  uint64_t seen_sequence = 0;  // The newest commit whose content was seen.
  int64_t start_time_us = 0;
  int64_t lock_timeout_ms = 0;

  Head head;          // What the snapshot is on the branch.
  Snapshot snapshot;  // As `head`, with a schema generation of its own after DDL.
  std::optional<catalog::Catalog> catalog;  // Over the snapshot, or over private_root.
  Oid private_root;  // The snapshot's tree with the file operations; zero: none.
  // The table that was found last, in a snapshot: nearly always the one that is asked for next, in this
  // transaction and in the session's next one on the same tip. Outlives reset().
  struct FoundTable {
    Oid root;  // Zero: none.
    catalog::TableVersion version;
  } last_found;

  store::PendingObjects objects;  // Blobs, and at the end the commit: what is appended.
  store::PendingObjects scratch;  // Private trees: read, never appended. Reads through `objects`.
  size_t scratch_bytes_needed = 0;  // Of it, when it was last made anew.

  std::vector<std::shared_ptr<const void>>
      holds;  // Of packs written past the journal: they go when nothing was committed.

  std::vector<std::unique_ptr<TableWork>> works;
  std::vector<FileOp> file_ops;
  std::vector<UndoEntry> undo;
  uint64_t changes = 0;  // Grows with every change and every undo.
  // Never undone: values are not given back. By path on the branch, whatever their names are here.
  std::map<std::string, CounterId, std::less<>> drawn_sequences;
  std::map<uint64_t, SequenceCounter> own_sequences;  // By SequenceOrigin::started.
  // Rows that must be there when the transaction commits, the other ends of foreign keys: by table
  // and key the number of commits without locks that the tip had when they were seen.
  std::map<std::pair<TableWork*, std::string>, uint64_t> needed_rows;
  std::vector<WatchedRows> watched_rows;
  std::vector<Savepoint> savepoints;
  size_t statement_mark = 0;

  LockOwner lock_owner;
  // What was locked last, and what is known of it: nearly always the row that is written next.
  uint64_t last_lock_table = 0;
  std::string last_lock_key;
  enum class Existence : uint8_t { kUnknown, kThere, kAbsent } last_lock_row = Existence::kUnknown;
};

// Where a table of the transaction is on its branch; nothing when the transaction made it.
Result<std::optional<std::string>> origin_of(const TransactionBody& body, std::string path);

// The line a counted table has for a key after `delta`: nothing when no row is left.
// kSerializationFailure below zero.
Result<std::optional<std::string>> counted_line(std::optional<Bytes> below,
                                                const RowChange& change);

// Applies an overlay's rows to a rows tree.
Result<Oid> apply_overlay(store::PendingObjects& objects, store::NodeCache& cache,
                          const TableWork& work, const Oid& rows);

// `ours` was made from `base`; applies to it what the branch changed since (base -> theirs).
// kSerializationFailure when both changed a row, kUniqueViolation when both inserted it.
Result<Oid> rebase_rows(store::PendingObjects& objects, store::NodeCache& cache,
                        const TableWork& work, const Oid& base, const Oid& ours, const Oid& theirs);

bool is_at_or_below(std::string_view path, std::string_view folder);

// Applies file operations to a tree; those that may share one edit of the tree with row changes are
// left in `batch`.
Result<Oid> apply_file_ops(store::PendingObjects& objects, store::NodeCache& cache, Oid root,
                           const std::vector<FileOp>& ops, std::vector<tree::PathEdit>& batch);

std::string shared_key_lock(Bytes key);  // The lock that share_key shares.

Error serialization_failure();

// The commit queue (commit.cc).
Result<CommitOutcome> commit_transaction(TransactionBody& body, const CommitRequest& request);

}  // namespace rowan::txn
