// Tips of other programs that were not admitted. Each is kept by refs/rowan/foreign/<branch>/<id>,
// and refs/rowan/reasons/<branch>/<id> is a blob that says when it was parked and why
// (docs/format.md).
//
// Threads: any. A tip that a branch holds by now is no news: it is not listed, and sweep_parked()
// drops its refs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/oid.h"
#include "base/result.h"
#include "versions/hints.h"
#include "engine/import/content.h"
#include "store/object_store.h"
#include "txn/transaction.h"

namespace rowan::engine {

// Why a tip is not admitted.
struct Objection {
  Error error;
  Place place = {};
  bool is_rewind = false;  // It is held by the branch already, or beside all of it.
};

// What is wrong, without the place that the error's message may begin with.
std::string bare_reason(const Objection& objection);

struct ParkedTip {
  std::string branch;
  Oid commit;
  std::string ref;        // Empty: known to this process only (the repository is read-only).
  int64_t parked_us = 0;  // 0: not known.
  std::string sqlstate;
  Place place;
  std::string reason;
  bool is_rewind = false;
};

std::string parked_ref(std::string_view branch, const Oid& commit);

// All that are kept, by branch and id.
std::vector<ParkedTip> parked_tips(txn::Manager& manager);
// By id, of which four digits do, or by ref. kUndefinedRevision, kAmbiguousRevision.
Result<ParkedTip> find_parked(txn::Manager& manager, std::string_view name,
                              const versions::HintWords& words);

// The ref that says why, as an update; its blob is made in `objects`.
store::RefUpdate reason_update(const store::ObjectStore& store, store::PendingObjects& objects,
                               const ParkedTip& tip);
// The updates that forget a tip: those of its refs that are there.
std::vector<store::RefUpdate> forget_updates(const store::ObjectStore& store,
                                             std::string_view branch, const Oid& commit);
// Forgets the tips that their branches hold by now, and reasons without a tip.
Result<void> sweep_parked(txn::Manager& manager);

}  // namespace rowan::engine
