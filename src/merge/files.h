// Files that people keep beside the data: three versions of one become one, as Git merges text.
//
// Lines that only one side changed are that side's. Where both changed the same ones, or the file
// is no text, or one side took it away, it is a conflict of kind "file"; the side that settles it
// has its lines there, and the other side's stand everywhere else. A mode is merged by itself.
// Threads: one.
#pragma once

#include "base/oid.h"
#include "base/result.h"
#include "merge/choice.h"
#include "merge/objects.h"
#include "tree/git_tree.h"

namespace rowan::merge {

// A file as one side has it.
struct FileSide {
  Oid id;  // Zero: it has none.
  uint32_t mode = tree::kModeBlob;
  bool operator==(const FileSide&) const = default;
};
FileSide side_of(const ChangedFile& file, Side side);

Result<FileSide> merge_passive_file(store::PendingObjects& made, Choices& choices,
                                    const ChangedFile& file);

}  // namespace rowan::merge
