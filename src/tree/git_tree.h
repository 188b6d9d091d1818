// GitTree: a decoded Git tree object, and edits of trees by path.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "store/node_cache.h"
#include "store/object_store.h"
#include "tree/key_heads.h"

namespace rowan::tree {

inline constexpr uint32_t kModeTree = 040000;
inline constexpr uint32_t kModeBlob = 0100644;
inline constexpr uint32_t kModeExecutable = 0100755;
inline constexpr uint32_t kModeSymlink = 0120000;
inline constexpr uint32_t kModeGitlink = 0160000;  // A commit of another repository: no object of this one.

struct TreeEntry {
  std::string_view name;  // Points into the tree's bytes.
  Oid id;
  uint32_t mode = kModeBlob;

  bool is_tree() const { return mode == kModeTree; }
  bool is_file() const { return mode == kModeBlob || mode == kModeExecutable; }
};

// Immutable; entries in Git's order. Cached by id.
class GitTree final : public store::CachedNode {
 public:
  static Result<std::shared_ptr<const GitTree>> read(const store::ObjectReader& objects,
                                                     store::NodeCache& cache, const Oid& id);
  static Result<std::shared_ptr<const GitTree>> parse(store::ObjectRef object);  // kCorruption.

  const std::vector<TreeEntry>& entries() const { return entries_; }
  const TreeEntry* find(std::string_view name) const;  // nullptr: none.
  Bytes bytes() const { return object_.bytes; }        // As stored.
  size_t memory_bytes() const override;

  // As a node of a row tree: an entry's key is its name without `.jsonl`.
  size_t size() const { return entries_.size(); }
  Bytes key(size_t index) const;
  size_t begin(size_t index) const {
    return index == 0 ? 0 : end(index - 1);
  }  // Offsets of an entry in bytes().
  size_t end(size_t index) const;
  size_t lower_bound(Bytes key) const;  // The first entry whose key is not below `key`.
  size_t child_index(
      Bytes key) const;  // The last entry whose key is not above `key`, else the first.

  // For bytes made here just now: decoded without checks and put into the cache, where they
  // supersede the version `old` (nullptr: none), from which everything that did not change is
  // taken.
  static void remember(store::NodeCache& cache, const Oid& id, store::ObjectRef object,
                       const GitTree* old, const Oid& old_id);
  // As above, with the version `old_id` when the cache has it (zero: none).
  static void remember(store::NodeCache& cache, const Oid& id, store::ObjectRef object,
                       const Oid& old_id);

 private:
  void index_keys();
  bool take_layout(const GitTree& old);  // False: the entries are not the old ones with other ids.

  store::ObjectRef object_;
  std::vector<TreeEntry> entries_;
  // Over key(): for the searches by key. Shared by the versions of a node that differ in ids only.
  std::shared_ptr<const KeyHeads> heads_;
};

// Appends one entry in Git's byte form: "<mode> <name>\0<20 bytes>".
void append_entry(std::string& tree, uint32_t mode, std::string_view name, const Oid& id);

// The entry at a `/`-separated path below `root`; nullopt when any part is missing. An empty path
// is an error of the caller.
Result<std::optional<TreeEntry>> find_path(const store::ObjectReader& objects,
                                           store::NodeCache& cache, const Oid& root,
                                           std::string_view path);

// What a path becomes. A zero id removes it; a tree left empty is removed too.
struct PathEdit {
  std::string path;
  uint32_t mode = kModeBlob;
  Oid id;
};

// Applies edits (any order, one per path, no path below another's) and gives the new root; zero
// when nothing is left.
Result<Oid> edit_paths(store::PendingObjects& objects, store::NodeCache& cache, const Oid& root,
                       std::vector<PathEdit> edits);

}  // namespace rowan::tree
