// What a name stands for: one enumeration for statements, catalogs, merges and differences.
#pragma once

#include <cstdint>
#include <string_view>

namespace rowan::sql {

enum class ObjectKind : uint8_t {
  kNone,  // Nothing has the name.
  kSchema,
  kTable,
  kView,
  kMaterializedView,
  kSequence,
  kIndex,
  kOther,  // A file outside the objects.
};

// As a message calls it: "table", "materialized view"; "relation" for kNone, "file" for kOther.
std::string_view object_word(ObjectKind kind);
// As a statement does: "TABLE", "MATERIALIZED VIEW".
std::string_view object_words(ObjectKind kind);

}  // namespace rowan::sql
