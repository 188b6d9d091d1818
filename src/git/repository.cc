#include "git/repository.h"

#include <iterator>
#include <mutex>
#include <string>

namespace rowan::git {

Library::Library() {
  git_libgit2_init();
  // The list of what may stand in a repository's configuration is freed with the last user of the
  // library and is not to be set twice at once, so one user stays.
  static std::once_flag once;
  std::call_once(once, [] {
    git_libgit2_init();
    const char* known[] = {"partialclone"};  // GitStore tells what such a clone does not have.
    git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, known, std::size(known));
  });
  // Who may open what is for trust.h to say, before anything is opened.
  git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
}
Library::~Library() { git_libgit2_shutdown(); }

Error git_failure(int rc, std::string_view action) {
  const git_error* last = git_error_last();
  std::string message = "could not " + std::string(action);
  if (last != nullptr && last->message != nullptr) message += ": " + std::string(last->message);
  ErrorCode code = ErrorCode::kIoError;
  if (rc == GIT_ENOTFOUND) code = ErrorCode::kUndefinedObject;
  if (rc == GIT_EEXISTS) code = ErrorCode::kDuplicateObject;
  return Error(code, std::move(message));
}

git_oid to_git(const Oid& id) {
  git_oid out;
  git_oid_fromraw(&out, id.bytes.data());
  return out;
}

Oid from_git(const git_oid& id) { return Oid::from_raw(id.id); }

Result<void> init_bare_repository(const std::filesystem::path& dir, std::string_view branch,
                                  const std::vector<ConfigChange>& settings) {
  const Library library;
  const std::string head(branch);
  git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
  options.flags =
      GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH | GIT_REPOSITORY_INIT_NO_REINIT;
  options.initial_head = head.c_str();
  git_repository* raw = nullptr;
  int rc = git_repository_init_ext(&raw, dir.c_str(), &options);
  const RepositoryHandle repository(raw);
  if (rc < 0) return git_failure(rc, "make the repository \"" + dir.string() + "\"");
  return write_settings(dir, settings);
}

Result<RepositoryHandle> open_repository(const std::filesystem::path& dir) {
  git_repository* raw = nullptr;
  const int rc = git_repository_open_ext(&raw, dir.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr);
  RepositoryHandle repository(raw);
  if (rc == GIT_ENOTFOUND) {
    return Error(ErrorCode::kNotARepository, "\"" + dir.string() + "\" is not a Git repository");
  }
  if (rc < 0) return git_failure(rc, "open the repository \"" + dir.string() + "\"");
  return repository;
}

Result<CommitHandle> lookup_commit(git_repository& repository, const Oid& id) {
  const git_oid wanted = to_git(id);
  git_commit* raw = nullptr;
  const int rc = git_commit_lookup(&raw, &repository, &wanted);
  CommitHandle commit(raw);
  if (rc < 0) return git_failure(rc, "read commit " + id.hex());
  return commit;
}

Result<std::optional<Oid>> merge_base(git_repository& repository, const Oid& ours,
                                      const Oid& theirs) {
  const git_oid one = to_git(ours);
  const git_oid two = to_git(theirs);
  git_oid base;
  const int rc = git_merge_base(&base, &repository, &one, &two);
  if (rc == GIT_ENOTFOUND) return std::optional<Oid>();
  if (rc < 0) return git_failure(rc, "find a merge base");
  return std::optional<Oid>(from_git(base));
}

Result<bool> is_ancestor(git_repository& repository, const Oid& ancestor, const Oid& descendant) {
  if (ancestor == descendant) return true;
  const git_oid above = to_git(ancestor);
  const git_oid below = to_git(descendant);
  const int rc = git_graph_descendant_of(&repository, &below, &above);
  if (rc < 0) return git_failure(rc, "compare two commits");
  return rc == 1;
}

Result<std::vector<Oid>> history(git_repository& repository, const Oid& from, size_t limit) {
  git_revwalk* raw = nullptr;
  int rc = git_revwalk_new(&raw, &repository);
  const RevwalkHandle walk(raw);
  if (rc < 0) return git_failure(rc, "walk history");
  git_revwalk_sorting(walk.get(), GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME);
  const git_oid start = to_git(from);
  rc = git_revwalk_push(walk.get(), &start);
  if (rc < 0) return git_failure(rc, "walk history from " + from.hex());
  std::vector<Oid> out;
  git_oid next;
  while (out.size() < limit) {
    rc = git_revwalk_next(&next, walk.get());
    if (rc == GIT_ITEROVER) break;
    if (rc < 0) return git_failure(rc, "walk history from " + from.hex());
    out.push_back(from_git(next));
  }
  return out;
}

}  // namespace rowan::git
