// An SQL script that turns one tree into another: definitions first, then rows, then what
// constrains them.
//
// Applied to `from` it gives exactly the tree of `to`, but where `notes` say otherwise: bytes that
// dropped columns left behind in rows, the drawn part of sequences, rows of materialised views.
// Then it gives the same contents. Errors: those of reading. The script is made in memory.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "diff/changes.h"

namespace rowan::diff {

struct Patch {
  std::vector<std::string> statements;  // In order, without semicolons.
  std::vector<std::string> notes;       // One sentence each; empty: the result is exact.
};

// `table`: only the one that is at this path on either side; empty: everything.
Result<Patch> make_patch(const Source& source, const Oid& from_root, const Oid& to_root,
                         const std::string& table_path = {});

}  // namespace rowan::diff
