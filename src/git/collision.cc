#include "git/collision.h"

#include "git/repository.h"

namespace rowan::git {

Result<void> check_collision(const Oid& id, Bytes blob) {
  static const Library
      library;  // Counted: hashing needs no repository, so nobody else may have started libgit2.
  git_oid found;
  const int rc = git_odb_hash(&found, blob.data(), blob.size(), GIT_OBJECT_BLOB);
  if (rc < 0)
    return Error(ErrorCode::kDataException, "the value is part of a SHA-1 collision attack")
        .with_detail(git_failure(rc, "hash a value").message());
  if (from_git(found) != id)
    return Error(ErrorCode::kInternal, "two hash functions disagree on the id of a value");
  return {};
}

}  // namespace rowan::git
