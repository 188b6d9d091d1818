// What commits of history are read by. A commit that was made elsewhere may spell its rows freely,
// in any order; where one follows that a branch could take, nobody wrote it anew. Such a commit is
// read through its canonical twin: a tree of the same rows, made once and never on a branch.
//
// Threads: any. Errors: those of reading.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "git/commit.h"
#include "store/object_store.h"

namespace rowan::engine {

// Whether Rowan wrote the commit, as its trailer says. Its content is canonical then.
bool made_here(const git::Commit& commit);

class ReadableRoots {
 public:
  explicit ReadableRoots(store::ObjectStore& store) : store_(store) {}

  // The commit's own tree when Rowan made the commit, or when it is canonical, or beyond reading:
  // then whoever reads it says what is wrong.
  Result<Oid> root_of(const Oid& commit) { return root_of(commit, 0); }

 private:
  Result<Oid> root_of(const Oid& commit, size_t depth);
  Result<Oid> twin_of(const Oid& known_root, const Oid& root);

  store::ObjectStore& store_;
  std::mutex mutex_;  // Guards what follows.
  std::unordered_map<Oid, Oid, OidHash> found_;          // By commit.
  std::vector<std::shared_ptr<const void>> holds_;  // Of the twins' packs.
};

}  // namespace rowan::engine
