// What a patch does to views and sequences beside its tables. For the patch only.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "diff/changes.h"
#include "diff/patch.h"
#include "diff/patch_table.h"

namespace rowan::diff {

// What the parts of a patch are made from.
struct PatchContext {
  const Source& source;
  const PatchRequest& request;
  const std::vector<ObjectChange>& changes;
  const std::vector<TableWork>& tables;
};

// Views that change, that read what is in the way of a table's change, or that stand on such a view
// go, last made first, and come again behind what they read.
struct ViewWork {
  std::vector<std::string> drops, creates;
  std::vector<std::string> notes;
};
Result<ViewWork> views_of_patch(const PatchContext& context);

// A sequence goes with the table or the identity column that owns it, unless it lets go of it first.
struct SequenceWork {
  std::vector<std::string> releases;  // Before tables go.
  std::vector<std::string> drops;     // Once nothing draws from them.
  std::vector<std::string> frees;     // Before creates.
  std::vector<std::string> creates;   // Before tables come.
  std::vector<std::string> renames;   // Once all tables are there.
  std::vector<std::string> settles;   // At the end: options, owners and where they stand.
};
Result<SequenceWork> sequences_of_patch(const PatchContext& context);

}  // namespace rowan::diff
