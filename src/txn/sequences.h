// Sequence counters: one a branch and sequence, in memory, shared by all of the branch's sessions
// and never rolled back. Not for other rooms.
//
// A counter promises not to pass `covered` before somebody is told to store that: whoever drew a
// value writes `covered` into sequence.json with its commit. So what a commit holds is never given
// out again, whatever happens. A counter that is not there begins from the file in the branch's
// tip. When the branch goes to a tree that was made elsewhere (a merge, a reset), it reads the file
// again and goes on from the farther of the two.
//
// Threads: any. The commit queue may be held when these are called, never the other way round.
// Errors:  kSequenceLimit, kUndefinedTable, those of reading.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/oid.h"
#include "base/result.h"
#include "catalog/objects.h"
#include "store/object_store.h"
#include "txn/sequence_notes.h"

namespace rowan::txn {

struct SequenceCounter {
  catalog::SequenceDef definition;  // `last` and `called` as the file had them when it was read.
  bool stale = false;               // The file must be read again.
  bool called = false;
  int64_t value = 0;               // Given out last, when `called`.
  // Given out next: of setval(…, false) where nothing can stand before it in bigint. The file has no
  // word for that, and whoever reads it goes on behind it; a note has: its two numbers are equal.
  std::optional<int64_t> next = {};
  std::optional<int64_t> covered;  // What the next commit of somebody who drew has to store;
                                   // nothing: nothing was drawn.
};

// A counter where the file says it is.
SequenceCounter counter_of(catalog::SequenceDef sequence);
Result<int64_t> draw(SequenceCounter& counter);
void set(SequenceCounter& counter, int64_t value, bool called);

// The sequence whose file is `path` + "/sequence.json" in a commit's tree; nothing when there is
// none.
Result<std::optional<catalog::SequenceDef>> read_sequence(const store::ObjectReader& objects,
                                                          store::NodeCache& cache, const Oid& root,
                                                          const std::string& path,
                                                          std::string_view schema,
                                                          std::string_view name);

// The tree of a branch's tip.
struct SequencePlace {
  const store::ObjectReader& objects;
  store::NodeCache& cache;
  Oid root;
};

class SequenceCounters {
 public:
  using PlaceSource = std::function<SequencePlace()>;
  // Asks for the place under the mutex, so that no counter begins from a tree that is older than
  // one it has to follow.
  Result<int64_t> next(const PlaceSource& place, const catalog::SequenceDef& sequence);
  // `definition`: the transaction changed it, and only it (ALTER SEQUENCE without RESTART).
  Result<int64_t> next_as(const PlaceSource& place, const catalog::SequenceDef& sequence,
                          const catalog::SequenceDef& definition);
  Result<void> set(const PlaceSource& place, const catalog::SequenceDef& sequence, int64_t value,
                   bool called);
  // What the file has to say now; nothing when nothing was drawn here.
  Result<std::optional<int64_t>> covered(const SequencePlace& place, const std::string& path);

  // The branch goes to a tree made elsewhere: `advance` moves its tip.
  void follow_tree(const std::function<void()>& advance);
  // A commit defined, moved or dropped what is at or below `path`.
  void forget(std::string_view path);
  void install(const std::string& path, SequenceCounter counter);
  // Where counters stand that have promised more than they gave out, or give out `next`; and a note of that from before
  // the database was closed, for a counter that has not begun yet.
  std::vector<SequenceNote> notes(const std::string& branch);
  void resume(const SequenceNote& note);
  // A commit changed the definition without starting the sequence again.
  void redefine(const std::string& path, const catalog::SequenceDef& definition);

 private:
  // The counter as of the place. Requires: mutex_ held.
  Result<SequenceCounter*> find(const SequencePlace& place, const catalog::SequenceDef& sequence);

  std::mutex mutex_;                                              // Guards what follows.
  std::map<std::string, SequenceCounter, std::less<>> counters_;  // By path.
  std::map<std::string, SequenceNote, std::less<>>
      notes_;  // By path; of counters that have not begun.
};

}  // namespace rowan::txn
