// What commits of history are read by. A commit that was made elsewhere may spell its rows freely,
// in any order; where one follows that a branch could take, nobody wrote it anew. Such a commit is
// read through its canonical twin: a tree of the same rows, made once and never on a branch. Which
// commits were made here the history index says; a commit says of itself what it likes.
//
// Threads: any. Errors: those of reading.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "derived/history_index.h"
#include "engine/import/content.h"
#include "store/object_store.h"

namespace rowan::engine {

class ReadableRoots {
 public:
  ReadableRoots(store::ObjectStore& store, const derived::HistoryIndex& history)
      : store_(store), history_(history) {}

  // The canonical tree of a tip that was admitted: what is equal to it need not be read.
  void compare_with(const Oid& sound_root);

  // The tree to read the commit by. A table that is beyond reading gives its error to whoever reads
  // its rows.
  Result<Oid> root_of(const Oid& commit);
  // The tree to build upon: with what is beyond reading it is an error.
  Result<Oid> sound_root_of(const Oid& commit);

 private:
  Result<ReadableContent> find(const Oid& commit);
  Result<ReadableContent> read(const Oid& root);
  Result<ReadableContent> read_on(const Oid& known_root, const Oid& root);

  store::ObjectStore& store_;
  const derived::HistoryIndex& history_;
  std::mutex mutex_;  // Guards what follows.
  Oid sound_root_;    // The last that was found, as neighbours are read one after the other; zero: none.
  std::unordered_map<Oid, ReadableContent, OidHash> found_;  // By the commit's own tree.
  std::vector<std::shared_ptr<const void>> holds_;           // Of the twins' packs.
};

}  // namespace rowan::engine
