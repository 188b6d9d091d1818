#include "sql/object_kind.h"

namespace rowan::sql {

std::string_view object_word(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kNone:
      return "relation";
    case ObjectKind::kSchema:
      return "schema";
    case ObjectKind::kTable:
      return "table";
    case ObjectKind::kView:
      return "view";
    case ObjectKind::kMaterializedView:
      return "materialized view";
    case ObjectKind::kSequence:
      return "sequence";
    case ObjectKind::kIndex:
      return "index";
    case ObjectKind::kOther:
      return "file";
  }
  return {};
}

std::string_view object_words(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kNone:
      return "RELATION";
    case ObjectKind::kSchema:
      return "SCHEMA";
    case ObjectKind::kTable:
      return "TABLE";
    case ObjectKind::kView:
      return "VIEW";
    case ObjectKind::kMaterializedView:
      return "MATERIALIZED VIEW";
    case ObjectKind::kSequence:
      return "SEQUENCE";
    case ObjectKind::kIndex:
      return "INDEX";
    case ObjectKind::kOther:
      return "FILE";
  }
  return {};
}

}  // namespace rowan::sql
