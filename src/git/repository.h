// libgit2 behind owning handles: the library's life, opening and making repositories, walks over
// history.
//
// Threads: a RepositoryHandle and all that is made from it belong to one thread. Ids and bytes may
// travel. Errors:  git_failure copies libgit2's words at once, on the thread where they were
// raised.
#pragma once

#include <git2.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "git/config.h"

namespace rowan::git {

// Keeps libgit2 initialised while it lives; counted, so that several may.
class Library {
 public:
  Library();
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
};

template <auto Free>
struct FreeWith {
  void operator()(auto* handle) const noexcept { Free(handle); }
};

using RepositoryHandle = std::unique_ptr<git_repository, FreeWith<git_repository_free>>;
using CommitHandle = std::unique_ptr<git_commit, FreeWith<git_commit_free>>;
using TreeHandle = std::unique_ptr<git_tree, FreeWith<git_tree_free>>;
using OdbHandle = std::unique_ptr<git_odb, FreeWith<git_odb_free>>;
using OdbObjectHandle = std::unique_ptr<git_odb_object, FreeWith<git_odb_object_free>>;
using ReferenceHandle = std::unique_ptr<git_reference, FreeWith<git_reference_free>>;
using RevwalkHandle = std::unique_ptr<git_revwalk, FreeWith<git_revwalk_free>>;
using ConfigHandle = std::unique_ptr<git_config, FreeWith<git_config_free>>;

// The Error for a libgit2 call that returned `rc` < 0. Call it before any other libgit2 call on
// this thread.
Error git_failure(int rc, std::string_view action);

git_oid to_git(const Oid& id);
Oid from_git(const git_oid& id);

// Makes a bare repository whose HEAD names the unborn `branch`, and applies `settings`.
Result<void> init_bare_repository(const std::filesystem::path& dir, std::string_view branch,
                                  const std::vector<ConfigChange>& settings);

// For tests, and for repositories that are trusted: libgit2 reads a repository's configuration with
// all that it includes. kNotARepository.
Result<RepositoryHandle> open_repository(const std::filesystem::path& dir);
Result<CommitHandle> lookup_commit(git_repository& repository, const Oid& id);

// The best common ancestor, or nothing when the histories share none.
Result<std::optional<Oid>> merge_base(git_repository& repository, const Oid& ours,
                                      const Oid& theirs);
Result<bool> is_ancestor(git_repository& repository, const Oid& ancestor,
                         const Oid& descendant);  // True for equal ids.
// Commits reachable from `from`, newest first, children before parents; at most `limit`.
Result<std::vector<Oid>> history(git_repository& repository, const Oid& from, size_t limit);

}  // namespace rowan::git
