// Views in merged names: what one side renamed, the other side's views follow.
//
// Threads: one.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "merge/expression_text.h"

namespace rowan::merge {

// A relation that a side knows by another name than the merged tree does, or some of its columns.
struct RenamedRelation {
  std::string schema, name;        // The side's.
  std::string to_schema, to_name;  // The merged tree's.
  ColumnNames columns;             // The side's to the merged ones.
};

// Sequences that a side knows by another name: "schema.name" to the merged one.
using SequenceNames = std::map<std::string, std::string>;

// The text of a side's view with those names. What cannot follow (a column that is joined by its
// name) stays as it is. `catalog` is the side's.
Result<std::string> view_in_merged_names(const catalog::Catalog& catalog, std::string_view text,
                                         std::string_view schema, std::string_view name,
                                         const std::vector<RenamedRelation>& renamed,
                                         const SequenceNames& sequences);

}  // namespace rowan::merge
