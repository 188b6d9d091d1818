// Row trees: a table's rows as a search tree of Git objects (docs/format.md, "Row trees").
//
// The tree sees keys and lines as bytes. A key is the encoded primary key; a line is one row
// without its newline. How a key is read out of a line is the caller's (LineKeys).
//
// Invariants (cited as T1…):
//   T1. Equal sets of lines give equal root ids, whatever the order of edits (history
//   independence). T2. Lines of a leaf, and leaves of a tree, are in strictly ascending key order.
//   T3. An entry's name is the first 200 bytes of the first key below it; the leftmost entry of a
//   level is `0`. T4. A root is the first interior level with exactly one node; an empty tree has
//   no object (a zero Oid).
// Threads: trees are immutable; editors, builders and cursors belong to one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/oid.h"
#include "base/result.h"
#include "store/node_cache.h"
#include "store/object_store.h"
#include "tree/git_tree.h"

namespace rowan::tree {

// Reads the key of a line. One per table definition; `identity` separates decoded leaves of
// different definitions in the cache.
class LineKeys {
 public:
  virtual ~LineKeys() = default;
  virtual Result<void> append_key(Bytes line, std::string& key) const = 0;  // Any thread.
  virtual uint64_t identity() const = 0;
};

// Where a tree is read from.
struct TreeReader {
  const store::ObjectReader& objects;
  store::NodeCache& cache;
  const LineKeys& keys;
};

// A decoded leaf. Immutable and cached.
class Leaf final : public store::CachedNode {
 public:
  static Result<std::shared_ptr<const Leaf>> read(const TreeReader& reader, const Oid& id);

  size_t size() const;  // Lines.
  Bytes key(size_t index) const;
  Bytes line(size_t index) const;             // Without its newline.
  Bytes text() const;                         // The whole blob.
  std::shared_ptr<const void> owner() const;  // Keeps text() alive.
  // The first line whose key is not below `key`; size() when all are.
  size_t lower_bound(Bytes key) const;
  size_t memory_bytes() const override;

  // Offsets of a line and its newline in text().
  size_t begin(size_t index) const { return index == 0 ? 0 : line_ends_[index - 1] + 1; }
  size_t end(size_t index) const { return line_ends_[index] + 1; }
  size_t key_bytes() const { return keys_.size(); }

 private:
  friend struct LeafBuilder;
  store::ObjectRef object_;
  std::vector<uint32_t> line_ends_;  // Offset of each line's newline.
  std::string keys_;
  std::vector<uint32_t> key_ends_;
  KeyHeads heads_;
};

// The line of `key`, or nothing. The pointer keeps the line alive.
struct FoundLine {
  std::shared_ptr<const Leaf> leaf;
  Bytes line;
};
Result<std::optional<FoundLine>> find_line(const TreeReader& reader, const Oid& root, Bytes key);

// Cursor: an ordered walk over the lines of one tree.
class Cursor {
 public:
  static Result<Cursor> open(const TreeReader& reader, const Oid& root);  // At the first line.
  Result<void> seek(Bytes key);  // To the first line at or after `key`, else to the end.
  Result<void> next();           // Requires: !at_end().
  Result<void> next_leaf();      // To the first line of the next leaf. Requires: !at_end().
  bool at_end() const;
  Bytes key() const;   // Requires: !at_end(). Valid while the cursor stays on the leaf.
  Bytes line() const;  // As key().
  const std::shared_ptr<const Leaf>& leaf() const;
  size_t index_in_leaf() const;

 private:
  explicit Cursor(const TreeReader& reader) : reader_(reader) {}
  struct Level {
    std::shared_ptr<const GitTree> node;
    size_t index = 0;
  };
  Result<void> descend(const Oid& id,
                       const Bytes* key);  // To the leaf for `key`, the first without one.

  TreeReader reader_;
  Oid root_;
  std::vector<Level> path_;           // From the root to the level above the leaf.
  std::shared_ptr<const Leaf> leaf_;  // nullptr: at the end.
  size_t index_ = 0;
};

// The leaves of a tree in order, by id, without reading them: what parallel scans divide.
struct LeafRun {
  Oid parent;  // The level-1 node: a scan segment (~64 leaves) is cached by it.
  std::vector<Oid> leaves;
  std::string first_key;  // Name of the run's first leaf ("0" for the leftmost).
};
// With bounds: only the runs that may hold keys in [lower, upper); empty ones bound nothing.
Result<std::vector<LeafRun>> leaf_runs(const TreeReader& reader, const Oid& root, Bytes lower = {},
                                       Bytes upper = {});

// About the share of the lines whose keys are below `key`, from the fan-out on its path.
Result<double> key_place(const TreeReader& reader, const Oid& root, Bytes key);

// One changed row. No line: the row goes. An edit of an absent row's deletion is no error.
struct RowEdit {
  Bytes key;
  std::optional<Bytes> line;
};

// Applies edits (strictly ascending keys) to `root` and gives the new root (zero: empty). New nodes
// go to `objects`. kProgramLimit when a leaf would pass 1 MB.
Result<Oid> apply_edits(store::PendingObjects& objects, store::NodeCache& cache,
                        const LineKeys& keys, const Oid& root, std::span<const RowEdit> edits);

// The same for a large set of edits against any sink (bulk writers, spilled workspaces): streams,
// keeps little in memory.
using ObjectSink = std::function<Result<Oid>(store::ObjectType, Bytes)>;
Result<Oid> apply_edit_stream(const TreeReader& reader, const ObjectSink& sink, const Oid& root,
                              const std::function<Result<std::optional<RowEdit>>()>& next_edit);

// Builder: a tree from lines in strictly ascending key order.
class Builder {
 public:
  explicit Builder(ObjectSink sink);
  ~Builder();
  Result<void> add(Bytes key, Bytes line);  // kInternal when keys do not ascend.
  Result<Oid> finish();                     // Zero when nothing was added.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Differences of two trees in key order; only unequal subtrees are read. `from` or `to` is absent
// for added or removed rows. Views are valid during the call. Return false to stop.
struct RowDifference {
  Bytes key;
  std::optional<Bytes> from;
  std::optional<Bytes> to;
};
using DifferenceVisitor = std::function<Result<bool>(const RowDifference&)>;
Result<void> diff_trees(const TreeReader& reader, const Oid& from, const Oid& to,
                        const DifferenceVisitor& visit);

// The same when the two sides read keys by different definitions or from different stores.
Result<void> diff_trees(const TreeReader& from_reader, const Oid& from, const TreeReader& to_reader,
                        const Oid& to, const DifferenceVisitor& visit);

// The same, one difference at a time: for results that may be left before their end.
class DifferenceCursor {
 public:
  // The readers must outlive the cursor.
  static Result<DifferenceCursor> open(const TreeReader& from_reader, const Oid& from,
                                       const TreeReader& to_reader, const Oid& to);
  DifferenceCursor(DifferenceCursor&&) noexcept;
  DifferenceCursor& operator=(DifferenceCursor&&) noexcept;
  ~DifferenceCursor();
  // False at the end. The views are valid until the next call.
  Result<bool> next(RowDifference& difference);

 private:
  struct State;
  explicit DifferenceCursor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Checks T1–T4 for a whole tree by building it again from its lines; kInvalidContent names the
// first node that differs.
Result<uint64_t> check_tree(const TreeReader& reader,
                            const Oid& root);  // Gives the number of lines.

// The same for a tree of large values; gives the number of entries.
Result<uint64_t> check_large_tree(const store::ObjectReader& objects, store::NodeCache& cache,
                                  const Oid& root);

// The large-value tree of a table: entries `<32 hex digits of the key hash>-<slot>` to blobs,
// chunked like interior levels.
struct LargeEdit {
  std::string name;
  Oid blob;  // Zero: the entry goes.
};
std::string large_name(Bytes key, uint16_t slot);
Result<Oid> apply_large_edits(store::PendingObjects& objects, store::NodeCache& cache,
                              const Oid& root, std::vector<LargeEdit> edits);
Result<std::optional<Oid>> find_large(const store::ObjectReader& objects, store::NodeCache& cache,
                                      const Oid& root, std::string_view name);
// Every entry in order. Return false to stop.
Result<void> walk_large(
    const store::ObjectReader& objects, store::NodeCache& cache, const Oid& root,
    const std::function<Result<bool>(std::string_view name, const Oid& blob)>& visit);

}  // namespace rowan::tree
