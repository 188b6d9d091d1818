// Content that somebody else made: is it Rowan's, does it hold what its definitions promise, and
// what is its canonical form?
//
// Everything is untrusted: paths, names, sizes, JSON, SQL text, tree shape. Only what differs from
// `known_root` is read. Threads: any. Errors:  kInvalidContent, kUnsupportedFormat,
// kNotNullViolation, kProgramLimit; each names the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/oid.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "store/object_store.h"

namespace rowan::engine {

// A file in a commit's tree, and a line in it.
struct Place {
  std::string file;   // Empty: not known.
  uint64_t line = 0;  // From 1; 0: the file as a whole.
};

// Gives the canonical twin of the tree `root`: `root` itself when it is canonical already, else a
// tree with the same rows whose new objects are in `made`. `known_root`: a tree of valid content,
// to be skipped where it is equal; zero: none. `at`: where an error is; may be null.
Result<Oid> canonical_content(store::PendingObjects& made, store::ObjectStore& store,
                              const Oid& known_root, const Oid& root, Place* at = nullptr);

// What history is read by, where nobody admitted a commit.
struct ReadableContent {
  Oid root;                    // Of the same rows in canonical form; new objects are in `made`.
  std::optional<Error> fault;  // The first table, or file, that cannot be read.
  Place fault_at = {};         // Of a table's, view's or sequence's fault.
  // The first row that only breaks NOT NULL or repeats a key: it is read as it stands.
  std::optional<Error> broken_rule = {};
};
// As canonical_content, table by table: one that does not read gives its error to whoever reads its
// rows, and no wrong answer. Constraints, references and files beside the data are not looked at.
Result<ReadableContent> readable_content(store::PendingObjects& made, store::ObjectStore& store,
                                         const Oid& known_root, const Oid& root);

// Where a row stands that is `line` in its canonical form, however the table's files spell it.
// Reads the table's rows: for a report of a fault.
Result<Place> find_line(store::ObjectStore& store, const catalog::TableVersion& table, Bytes line);

}  // namespace rowan::engine
