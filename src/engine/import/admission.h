// Admission: whether a commit that somebody else made may stand on a branch, and what the branch
// then becomes. Pushes, fetches, hand edits and opens ask here; nothing else decides.
//
// Threads: any. Errors: those of content.h; kConflict when it does not follow the branch.
#pragma once

#include "base/oid.h"
#include "base/result.h"
#include "store/object_store.h"
#include "txn/transaction.h"

namespace rowan::engine {

// A commit that a branch may stand on: `commit` itself when its tree is canonical and valid, else a
// commit "normalise" on top of it, made in `objects`. Reads what differs from `known_root`, the
// tree of some branch's tip.
Result<Oid> canonical_commit(txn::Manager& manager, store::PendingObjects& objects,
                             const Oid& commit, const Oid& known_root);

// Whether `ancestor` is reached from `commit`; on the way every new commit must parse and have a
// tree. A zero `ancestor` is.
Result<bool> descends(txn::Manager& manager, const Oid& commit, const Oid& ancestor);

}  // namespace rowan::engine
