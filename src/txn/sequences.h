// Sequence counters: one a branch and sequence, in memory, shared by all of the branch's sessions
// and never rolled back. Not for other rooms.
//
// A counter promises not to pass `covered` before somebody is told to store that: whoever drew a
// value writes `covered` into sequence.json with its commit. So what a commit holds is never given
// out again, whatever happens. A counter that is not there begins from the file in the branch's
// tip. When the branch goes to a tree that was made elsewhere (a merge, a reset), it reads the file
// again and goes on from the farther of the two.
//
// What was drawn belongs to the sequence, not to its name: a counter goes along when its sequence is
// moved, and it stays when the sequence is dropped, for whoever brings it back. A sequence that is
// made anew under the name gets another counter. Whoever commits must have drawn from the counter
// that stands for the sequence then.
//
// Threads: any. The commit queue may be held when these are called, never the other way round.
// Errors:  kSequenceLimit, kUndefinedTable, those of reading.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
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
  bool restarted = false;           // With `stale`: the file alone says where it stands.
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

// What a transaction drew from: holds the counter, so that none that comes later is taken for it.
using CounterId = std::shared_ptr<const SequenceCounter>;

struct Draw {
  int64_t value = 0;
  CounterId from;
};

// The tree of a branch's tip.
struct SequencePlace {
  const store::ObjectReader& objects;
  store::NodeCache& cache;
  Oid root;
};

class SequenceCounters {
 public:
  using PlaceSource = std::function<SequencePlace()>;
  // `path`: of the sequence on the branch. Asks for the place under the mutex, so that no counter
  // begins from a tree that is older than one it has to follow. `definition`: the transaction
  // changed or moved it, and only it sees that; null: nothing of the kind.
  Result<Draw> next(const PlaceSource& place, const std::string& path,
                    const catalog::SequenceDef& sequence, const catalog::SequenceDef* definition);
  Result<CounterId> set(const PlaceSource& place, const std::string& path,
                        const catalog::SequenceDef& sequence, int64_t value, bool called);
  // What the file has to say now; nothing when nothing was drawn here.
  Result<std::optional<int64_t>> covered(const SequencePlace& place, const std::string& path);
  // Whether `counter` is the one of the sequence at `path`.
  bool is_current(const std::string& path, const CounterId& counter);

  // The branch goes to a tree made elsewhere: `advance` moves its tip.
  void follow_tree(const std::function<void()>& advance);
  // ---- What a commit did ----
  void drop(std::string_view path);  // What is at or below it went.
  // What is at or below it is at or below `to` now.
  void move(std::string_view path, std::string_view to);
  void create(const std::string& path);   // Another sequence than whatever had the name before.
  void restart(const std::string& path);  // The same sequence, from another position.
  void install(const std::string& path, SequenceCounter counter);  // After either of them.
  // Without starting the sequence again.
  void redefine(const std::string& path, const catalog::SequenceDef& definition);

  // Where counters stand that have promised more than they gave out, or give out `next`; and a note
  // of that from before the database was closed, for a counter that has not begun yet.
  std::vector<SequenceNote> notes(const std::string& branch);
  void resume(const SequenceNote& note);

 private:
  using Counter = std::shared_ptr<SequenceCounter>;
  using Counters = std::map<std::string, Counter, std::less<>>;  // By path.

  // The counter as of the place. Requires: mutex_ held.
  Result<Counter> find(const SequencePlace& place, const std::string& path,
                       const catalog::SequenceDef& sequence);
  Result<Counter> begin(const SequencePlace& place, const std::string& path,
                        catalog::SequenceDef now);
  void leave(const std::string& path, const Counter& counter);

  std::mutex mutex_;  // Guards what follows.
  Counters counters_;
  Counters left_;  // What stood at a path until its sequence was dropped or moved.
  std::map<std::string, SequenceNote, std::less<>>
      notes_;  // By path; of counters that have not begun.
};

}  // namespace rowan::txn
