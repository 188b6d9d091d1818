// An SQL script that turns one tree into another: what goes, what changes its name or shape, rows,
// what constrains them.
//
// Plain, it is PostgreSQL's language: run there or here, in one transaction, it gives the contents
// of `to`, whatever is said in `notes`. Native, it speaks of slots, IDs and merge rules too, and
// gives exactly the tree of `to`, but where `notes` say otherwise. Errors: those of reading. The
// script is made in memory, which counts as the running statement's.
#pragma once

#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "base/result.h"
#include "diff/changes.h"

namespace rowan::diff {

struct Patch {
  std::vector<std::string> statements;  // In order, without semicolons.
  std::vector<std::string> notes;       // One sentence each; empty: the result is exact.
  CountedMemory memory;                 // Of what rows need. Belongs to whoever holds the texts.
};

struct PatchRequest {
  Oid from_root;
  Oid to_root;
  std::string table_path;  // Only the one that is at this path on either side; empty: everything.
  bool native = false;
};
Result<Patch> make_patch(const Source& source, const PatchRequest& request);

}  // namespace rowan::diff
