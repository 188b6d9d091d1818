// What a path in a commit's tree is: the one place that says what belongs there.
#pragma once

#include <cstdint>
#include <string_view>

namespace rowan::engine {

enum class PathKind : uint8_t {
  kFormat,            // rowan.json
  kAttributes,        // .gitattributes
  kSchemaFolder,      // <schema>/
  kSchemaDefinition,  // <schema>/schema.sql
  kObjectFolder,      // <schema>/<name>/: a table, a view, a sequence
  kObjectDefinition,  // <schema>/<name>/table.sql, view.sql, matview.sql, sequence.json
  kRowsFolder,        // <schema>/<name>/rows/, with all below
  kLargeFolder,       // <schema>/<name>/large/, with all below
  kStranger,          // Nothing of ours.
};

// `path`: from the root, parts with '/' between. Whether a folder's name stands for a name, and
// what a file holds, is for others to check.
PathKind classify_path(std::string_view path, bool is_folder);

}  // namespace rowan::engine
