// DIR/rowan/refs: where the branches, and HEAD, were when we last published. A branch that it spells
// out needs no verification at the next open; the file itself vouches for nothing else.
//
//   HEAD <branch>                       the first line, when HEAD named a branch of ours
//   <40 hexadecimal digits> <ref>       a line for each branch, each ended by a line feed
//
// Whatever stands there reads: a line that is no such line, one without its end, and a name that
// stands twice with two values say nothing. Not synced: losing it costs a verification, never trust.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "store/ref_files.h"

namespace rowan::store {

struct RememberedRefs {
  std::optional<std::string> head;  // The branch that HEAD named.
  RefMap branches;                  // By whole name: "refs/heads/main".
};

RememberedRefs read_remembered_refs(Bytes text);
std::string remembered_refs_text(const RememberedRefs& refs);

}  // namespace rowan::store
