#include "sharing/message.h"

namespace rowan::sharing {

namespace {

// PostgreSQL's oids of the types whose binary form is their text.
bool is_text_in_binary(uint32_t oid) {
  constexpr uint32_t kName = 19, kText = 25, kJson = 114, kChar = 1042, kVarchar = 1043;
  return oid == kName || oid == kText || oid == kJson || oid == kChar || oid == kVarchar;
}

}  // namespace

Forms forms_of(const ColumnInfo& column) {
  Forms forms;
  switch (column.kind) {
    case ColumnKind::kBool:
    case ColumnKind::kInteger:
    case ColumnKind::kDate:
    case ColumnKind::kTime:
    case ColumnKind::kTimestamp:
      forms.integer = true;
      forms.real = true;
      break;
    case ColumnKind::kFloat:
    case ColumnKind::kNumeric:
      forms.real = true;
      break;
    case ColumnKind::kText:
    case ColumnKind::kBytes:
    case ColumnKind::kUuid:
    case ColumnKind::kJson:
    case ColumnKind::kInterval:
      break;
  }
  forms.binary = !is_text_in_binary(column.type_oid);
  return forms;
}

}  // namespace rowan::sharing
