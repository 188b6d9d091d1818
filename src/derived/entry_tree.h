// EntryTree: an immutable ordered set of byte strings (entries of an index); an edit gives a new
// tree that shares what did not change.
//
// A B+ tree whose nodes know how many entries are below them, so that the entries between two
// bounds are counted in O(log n). A leaf is one run of bytes, each entry as what it shares with the
// one before and the rest; a saved tree is those runs in one file, mapped.
//
//   file:  "rowanix1" | u32 crc32 of all that follows | u64 entries | u64 leaves | leaves × (u64
//   offset, u32 bytes, u32 entries,
//          u32 bytes of the first entry, first entry) | leaf runs
//   run:   (varint shared bytes, varint other bytes, other bytes)*
//
// Threads: any; nothing changes once made.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace rowan::derived {

struct EntryNode;
using EntryNodePtr = std::shared_ptr<const EntryNode>;

// Bytes of all living nodes that were made with it. Mapped leaves count for nothing.
using EntryMeter = std::shared_ptr<std::atomic<size_t>>;

class EntryTree {
 public:
  EntryTree() = default;  // Empty.

  uint64_t size() const;
  uint64_t rank(Bytes bound) const;  // Entries below `bound`.

  struct Edit {
    std::string entry;
    bool present = true;  // False: it goes.
  };
  // Requires: entries ascend strictly. One that is there already, or gone already, is no error.
  EntryTree with(std::span<const Edit> edits, const EntryMeter& meter) const;

  // Gives entries in ascending order; an empty optional ends them.
  using Source = std::function<std::optional<Bytes>()>;
  static EntryTree build(const Source& source, const EntryMeter& meter);

  // Writes the tree beside `file` and renames it over it.
  Result<void> save(const std::filesystem::path& file) const;
  // Nothing when the file is missing, torn or damaged, or says what no tree of ours says: every run
  // is read once, so that what is given out can be walked. Whether the entries are those of the rows
  // is another question (engine/derived_check.h).
  static std::optional<EntryTree> load(const std::filesystem::path& file, const EntryMeter& meter);

 private:
  friend class EntryWalk;
  explicit EntryTree(EntryNodePtr root) : root_(std::move(root)) {}
  EntryNodePtr root_;  // nullptr: empty.
};

// An ordered walk both ways.
class EntryWalk {
 public:
  explicit EntryWalk(EntryTree tree) : tree_(std::move(tree)) {}

  void seek(Bytes from) {
    move_to(tree_.rank(from));
  }  // To the first entry at or above `from`, else behind the last.
  void move_to(uint64_t rank);
  uint64_t rank() const { return rank_; }
  bool valid() const { return rank_ < tree_.size(); }
  Bytes entry() const;  // Requires: valid(). Until the walk moves.
  void next() { move_to(rank_ + 1); }
  void previous() {
    move_to(rank_ == 0 ? UINT64_MAX : rank_ - 1);
  }  // Before the first one, valid() is false.

 private:
  EntryTree tree_;
  uint64_t rank_ = UINT64_MAX;
  uint64_t leaf_rank_ = 0;  // Of the decoded leaf's first entry.
  std::string text_;        // The decoded leaf's entries, one behind the other.
  std::vector<uint32_t> ends_;
};

}  // namespace rowan::derived
