// Content that somebody else made: is it Rowan's, does it hold what its definitions promise, and
// what is its canonical form?
//
// Everything is untrusted: paths, names, sizes, JSON, SQL text, tree shape. Only what differs from
// `known_root` is read. Threads: any. Errors:  kInvalidContent, kUnsupportedFormat,
// kNotNullViolation, kProgramLimit; each names the file.
#pragma once

#include "base/oid.h"
#include "base/result.h"
#include "store/object_store.h"

namespace rowan::engine {

// Gives the canonical twin of the tree `root`: `root` itself when it is canonical already, else a
// tree with the same rows whose new objects are in `made`. `known_root`: a tree of valid content,
// to be skipped where it is equal; zero: none.
Result<Oid> canonical_content(store::PendingObjects& made, store::ObjectStore& store,
                              const Oid& known_root, const Oid& root);

}  // namespace rowan::engine
