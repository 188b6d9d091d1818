// RefFiles: Git's refs as files (loose files below refs/, packed-refs), read and moved by
// compare-and-swap under Git's own lock files, so that stock git and Rowan never overwrite each
// other unseen (S5).
//
// Threads: one at a time.
// Errors:  kIoError when a lock file stays in the way; kCorruption for a ref that cannot be read.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "store/file_system.h"

namespace rowan::store {

using RefMap = std::map<std::string, Oid, std::less<>>;

// Names are paths: whether this one leads to a file below refs/, and nowhere else. Git passes over
// files that are called otherwise, and so do we.
bool is_ref_path(std::string_view name);

// What DIR/rowan/publishing says: the refs, and "packed-refs", beside which a lock file of ours may
// lie. Names that lead elsewhere are passed over.
std::vector<std::string_view> marked_names(std::string_view text);

struct RefChange {
  std::string name;
  Oid expected;  // Zero: the ref must not exist.
  Oid desired;   // Zero: delete it.
};

class RefFiles {
 public:
  // `marker`: a file of ours that names the refs being locked, so that a crash's lock files can be
  // told from a git's.
  RefFiles(FileSystem& files, std::filesystem::path git_dir, std::filesystem::path marker);

  Result<RefMap> read_all();  // Without HEAD and without symbolic refs.

  // Moves each ref whose value is `expected`, and makes that durable. Gives, for each change, the
  // value found under the lock when it was another one (that ref is left alone), or nothing when
  // the ref now has the desired value.
  Result<std::vector<std::optional<Oid>>> publish(std::span<const RefChange> changes);

  // One line for the ref's log. Not synced: the log explains, the ref decides.
  Result<void> append_log(std::string_view name, const Oid& from, const Oid& to,
                          std::string_view who, std::string_view message);

  // Removes lock files that a publish left behind when its process died.
  Result<void> remove_stale_locks();

 private:
  struct PackedLine {
    Oid id;
    std::string peeled;  // The "^…" line, or empty.
  };
  using Packed = std::map<std::string, PackedLine, std::less<>>;

  std::filesystem::path path_of(std::string_view name) const;
  Result<Packed> read_packed();
  Result<std::optional<Oid>> read_loose(std::string_view name);
  Result<void> read_folder(const std::string& prefix, int depth, RefMap& out);
  Result<std::unique_ptr<File>> lock(const std::filesystem::path& path);
  Result<void> write_packed(const Packed& packed, File& lock_file);
  Result<std::optional<Oid>> publish_loose(const RefChange& change, const Packed& packed);
  Result<void> publish_packed(std::span<const RefChange> changes,
                              std::vector<std::optional<Oid>>& found);
  Result<void> remove_loose(const std::string& name);
  Result<void> make_way(const std::filesystem::path& path);
  Result<void> mark(std::span<const RefChange> changes);

  FileSystem& files_;
  std::filesystem::path git_dir_;
  std::filesystem::path marker_;
  std::vector<std::filesystem::path> touched_;  // Folders to sync before publish returns.
};

}  // namespace rowan::store
