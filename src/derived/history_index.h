// HistoryIndex: per commit its parents, generation, effective time and what it changed. Derived
// from the commits themselves: entries are named by commit id, so that they can be missing but
// never stale.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/oid.h"
#include "base/result.h"
#include "store/object_store.h"

namespace rowan::derived {

// What the index knows of one commit.
struct CommitInfo {
  Oid commit;
  std::vector<Oid> parents;
  uint32_t generation = 0;  // 1 + the highest of its parents; a commit without parents has 1.
  int64_t time_us = 0;      // Effective: above the first parent's.
};

// 32 bits that stand for one changed row, or for a table when `key` is empty.
uint32_t change_hash(std::string_view table_path, Bytes key);

inline constexpr size_t kChangesMax = 512;  // More than this: "many".

class HistoryIndex {
 public:
  // `file` is an append-only list of checked records; what follows a damaged one is dropped. Empty:
  // memory only. A file that cannot be opened is as good as none. One that is not `writable` is
  // read only, as far as it is whole.
  explicit HistoryIndex(std::filesystem::path file = {}, bool writable = true);
  ~HistoryIndex();

  size_t size() const;
  std::optional<CommitInfo> find(const Oid& commit) const;

  // A commit made here. Its parents must be known (ensure). `changes`: change_hash of every table
  // and row in which it differs from its first parent; more than kChangesMax are kept as "many".
  void add(const Oid& commit, const Oid& parent, int64_t time_us,
           const std::vector<uint32_t>& changes);
  void add(const Oid& commit, const std::vector<Oid>& parents, int64_t time_us,
           const std::vector<uint32_t>& changes);

  // Whether add() told of the commit: this repository's own work, and no other program's. Only ever
  // true when it is so; what was lost since is not known.
  bool is_own(const Oid& commit) const;

  // Reads the commit and those of its ancestors that are missing, from their objects.
  Result<void> ensure(const store::ObjectReader& objects, const Oid& commit);

  // False: the commit certainly did not change it (against its first parent). Requires:
  // find(commit).
  bool may_have_changed(const Oid& commit, uint32_t change) const;

  // Walks the chain of first parents from `commit`, itself included, to the first commit that may
  // have changed one of `changes`, or that has several parents or none; 0 changes: to the first of
  // the latter kind. Requires: ensure(commit).
  std::optional<Oid> next_candidate(const Oid& commit, std::span<const uint32_t> changes) const;

  // The newest commit of the first-parent chain from `commit` whose time is not after `time_us`;
  // O(log n). Requires: ensure(commit).
  std::optional<Oid> newest_at(const Oid& commit, int64_t time_us) const;
  // The oldest commit of that chain whose time is after `time_us`: the one that follows what
  // newest_at() gives; O(log n).
  std::optional<Oid> oldest_after(const Oid& commit, int64_t time_us) const;
  // The n-th first parent. Requires: ensure(commit).
  std::optional<Oid> nth_parent(const Oid& commit, uint64_t n) const;

  // The graph of commits. Require: ensure() of each commit. Along chains without merges they jump
  // (O(log n)); else the cost follows the commits between.
  bool is_ancestor(const Oid& ancestor, const Oid& descendant) const;  // True for equal ids.
  // The best common ancestors (git merge-base --all), newest first; several after criss-cross
  // merges, none for unrelated histories.
  std::vector<Oid> merge_bases(const Oid& a, const Oid& b) const;
  struct AheadBehind {
    uint64_t ahead = 0;   // Commits of `commit` that `other` lacks.
    uint64_t behind = 0;  // The other way round.
  };
  AheadBehind ahead_behind(const Oid& commit, const Oid& other) const;

  // Hands what was added to the operating system. Failing is harmless.
  Result<void> save();

 private:
  static constexpr uint32_t kNone = ~0u;

  // The chain of first parents carries skip pointers (as in a skew-binary list), so that searching
  // it takes O(log n).
  struct Node {
    Oid commit;
    uint32_t first_parent = kNone;
    uint32_t skip = kNone;  // A first-parent ancestor.
    uint32_t depth = 0;     // First parents below.
    uint32_t merges =
        0;  // Commits with several parents on the chain of first parents from here on.
    uint32_t generation = 1;
    int64_t time_us = 0;
    std::vector<uint32_t> more_parents;
    std::vector<uint32_t> changes;  // Sorted. Empty with `many`: anything may have changed.
    bool many = false;
    bool own = false;
  };
  struct Record;
  struct Painter;

  void load(bool writable);
  uint32_t position(const Oid& commit) const;  // Requires: mutex_ held, as all below.
  uint32_t at_depth(uint32_t at, uint32_t depth)
      const;  // The first-parent ancestor of that depth. Requires: depth <= its depth.
  uint32_t fork_point(
      uint32_t a, uint32_t b) const;  // Where the two chains of first parents meet; kNone: nowhere.
  bool straight(uint32_t from, uint32_t to)
      const;  // No merge on the chain from `from` down to (not including) `to`.
  bool add_locked(const Record& record);
  void write_locked(const Record& record);
  Result<void> save_locked();

  std::filesystem::path file_;  // Fixed after construction.
  mutable std::mutex mutex_;    // Guards what follows.
  std::deque<Node> nodes_;
  std::unordered_map<Oid, uint32_t, OidHash> positions_;
  std::string unsaved_;
  bool file_ready_ = false;  // Has a header and ends with a whole record.
};

}  // namespace rowan::derived
