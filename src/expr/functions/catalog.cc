// What clients ask of the catalogue beside its tables: definitions, names of oids, rights,
// comments.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "expr/catalog_reader.h"
#include "expr/families.h"
#include "expr/kernels.h"
#include "type/array.h"
#include "type/type_info.h"

namespace rowan::expr {
namespace {

constexpr int64_t kDatabaseOwnerOid =
    6171;                          // PostgreSQL's pg_database_owner, who has schema public.
constexpr int64_t kOwnerOid = 10;  // The one role: whoever has the repository open.

Result<CatalogReader*> reader_of(const KernelInput& input) {
  if (input.context->catalog != nullptr) return input.context->catalog;
  return Error(ErrorCode::kFeatureNotSupported, "the catalogue cannot be read here");
}

void set_optional(StringOutput& out, size_t row, const std::optional<std::string>& text) {
  if (text) {
    out.set(row, *text);
  } else {
    out.set_null(row);
  }
}

// ---- Constants ----

template <bool value>
Result<Column> always(const KernelInput& input) {
  auto out = make_fixed<int64_t>(input.result_type, input.rows);
  for (size_t i = 0; i < input.rows; ++i) out.data[i] = value ? 1 : 0;
  clear_nulls(out.data, input);
  return std::move(out.column);
}

// No comments, triggers or functions of users yet: nothing to tell.
Result<Column> nothing(const KernelInput& input) {
  StringOutput out(input.result_type, input.rows);
  for (size_t i = 0; i < input.rows; ++i) out.set_null(i);
  return out.finish();
}

Result<Column> no_number(const KernelInput& input) {
  type::ColumnBuilder out(input.result_type, input.rows);
  for (size_t i = 0; i < input.rows; ++i) out.append_null();
  return out.finish();
}

Result<Column> no_temporary_schema(const KernelInput& input) {
  auto out = make_fixed<int64_t>(input.result_type, input.rows);
  std::fill_n(out.data, input.rows, 0);
  return std::move(out.column);
}

// ---- Names ----

template <ObjectClass kind>
Result<Column> name_of(const KernelInput& input) {
  TRY_ASSIGN(CatalogReader* const reader, reader_of(input));
  const Ints oids(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    if (oids[row] == 0) {
      out.set(row, "-");
      return {};
    }
    TRY_ASSIGN(const auto name, reader->name_of(kind, oids[row]));
    out.set(row, name ? *name : std::to_string(oids[row]));
    return {};
  });
}

Error no_such(ObjectClass kind, std::string_view name) {
  switch (kind) {
    case ObjectClass::kRelation:
      return Error(ErrorCode::kUndefinedTable, fmt::format("relation \"{}\" does not exist", name));
    case ObjectClass::kType:
      return Error(ErrorCode::kUndefinedObject, fmt::format("type \"{}\" does not exist", name));
    case ObjectClass::kNamespace:
      return Error(ErrorCode::kInvalidSchemaName,
                   fmt::format("schema \"{}\" does not exist", name));
    case ObjectClass::kRole:
      return Error(ErrorCode::kUndefinedObject, fmt::format("role \"{}\" does not exist", name));
    case ObjectClass::kFunction:
      return Error(ErrorCode::kUndefinedFunction,
                   fmt::format("function \"{}\" does not exist", name));
  }
  return Error(ErrorCode::kInternal, "an object of no known kind");
}

std::optional<int64_t> digits(std::string_view text) {
  if (text == "-") return 0;
  int64_t oid = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), oid);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  return whole && oid >= 0 ? std::optional(oid) : std::nullopt;
}

// `strict`: a name that means nothing is an error, as in a cast; else NULL, as to_regclass() has
// it.
template <ObjectClass kind, bool strict>
Result<Column> oid_of(const KernelInput& input) {
  TRY_ASSIGN(CatalogReader* const reader, reader_of(input));
  const Strings names(input.arguments[0]);
  type::ColumnBuilder out(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) {
    std::optional<int64_t> oid;
    if (!is_null(input, row)) {
      oid = digits(names[row]);
      if (!oid) {
        TRY_ASSIGN(oid, reader->oid_of(kind, names[row]));
      }
      if (!oid && strict) return no_such(kind, names[row]);
    }
    if (oid) {
      out.append_int(*oid);
    } else {
      out.append_null();
    }
  }
  return out.finish();
}

Result<Column> user_name(const KernelInput& input) {
  const Ints oids(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    out.set(row, oids[row] == kOwnerOid           ? std::string(input.context->user)
                 : oids[row] == kDatabaseOwnerOid ? "pg_database_owner"
                                                  : fmt::format("unknown (OID={})", oids[row]));
    return {};
  });
}

Result<Column> encoding_name(const KernelInput& input) {
  const Ints encodings(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    out.set(row, encodings[row] == 6 ? "UTF8" : encodings[row] == 0 ? "SQL_ASCII" : "");
    return {};
  });
}

Result<Column> encoding_number(const KernelInput& input) {
  return map1<int64_t, std::string_view>(
      input, [](std::string_view name) -> int64_t { return name == "UTF8" ? 6 : -1; });
}

Result<Column> database_encoding(const KernelInput& input) {
  return map_strings(input, [](size_t row, StringOutput& out) -> Result<void> {
    out.set(row, "UTF8");
    return {};
  });
}

// ---- Types ----

// pg_attribute.atttypmod as this room has modifiers.
int32_t own_modifier(TypeId id, int64_t modifier) {
  if (modifier < 0) return -1;
  const bool headed = id == TypeId::kVarchar || id == TypeId::kChar || id == TypeId::kNumeric;
  return static_cast<int32_t>(headed ? modifier - 4 : modifier);
}

std::string type_text(int64_t oid, std::optional<int64_t> modifier) {
  if (oid == 0) return "-";
  for (const type::TypeInfo* row : type::all_types()) {
    const bool is_array = row->array_oid == oid;
    if (row->oid != oid && !is_array) continue;
    if (row->id == TypeId::kChar && modifier && *modifier < 0)
      return is_array ? "bpchar[]" : "bpchar";
    std::string text = type::type_name({row->id, own_modifier(row->id, modifier.value_or(-1))});
    return is_array ? text + "[]" : text;
  }
  switch (oid) {  // Of columns of the catalogue that are texts here.
    case 19:
      return "name";
    case 18:
      return "\"char\"";
    default:
      return "???";
  }
}

Result<Column> format_type(const KernelInput& input) {
  const Ints oids(input.arguments[0]);
  const Column& modifiers = input.arguments[1];
  StringOutput out(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) {
    if (input.arguments[0].is_null(row)) {
      out.set_null(row);
      continue;
    }
    const bool none = modifiers.is_null(row);
    out.set(row, type_text(oids[row], none ? std::nullopt : std::optional(Ints(modifiers)[row])));
  }
  return out.finish();
}

Result<Column> type_is_visible(const KernelInput& input) {
  return map1<int64_t, int64_t>(
      input, [](int64_t oid) -> int64_t { return type_text(oid, std::nullopt) != "???"; });
}

// ---- Relations ----

Result<Column> is_visible(const KernelInput& input) {
  TRY_ASSIGN(CatalogReader* const reader, reader_of(input));
  const Ints oids(input.arguments[0]);
  type::ColumnBuilder out(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) {
    std::optional<bool> visible;
    if (!is_null(input, row)) {
      TRY_ASSIGN(visible, reader->is_visible(oids[row]));
    }
    if (visible) {
      out.append_int(*visible ? 1 : 0);
    } else {
      out.append_null();
    }
  }
  return out.finish();
}

template <DefinitionKind kind>
Result<Column> definition_of(const KernelInput& input) {
  TRY_ASSIGN(CatalogReader* const reader, reader_of(input));
  const Ints oids(input.arguments[0]);
  const bool has_column = kind == DefinitionKind::kIndex && input.arguments.size() > 1;
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    CatalogReader::Wanted wanted;
    if (has_column) wanted.column = Ints(input.arguments[1])[row];
    if (input.arguments.size() > 1) wanted.is_pretty = Ints(input.arguments.back())[row] != 0;
    TRY_ASSIGN(const auto text, reader->definition_of(kind, oids[row], wanted));
    set_optional(out, row, text);
    return {};
  });
}

Result<Column> view_of_name(const KernelInput& input) {
  TRY_ASSIGN(CatalogReader* const reader, reader_of(input));
  const Strings names(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    TRY_ASSIGN(const auto oid, reader->oid_of(ObjectClass::kRelation, names[row]));
    if (!oid) return no_such(ObjectClass::kRelation, names[row]);
    TRY_ASSIGN(const auto text, reader->definition_of(DefinitionKind::kView, *oid, {}));
    set_optional(out, row, text);
    return {};
  });
}

// Expressions are kept as texts.
Result<Column> expression(const KernelInput& input) {
  const Strings texts(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    out.set(row, texts[row]);
    return {};
  });
}

Result<Column> serial_sequence(const KernelInput& input) {
  TRY_ASSIGN(CatalogReader* const reader, reader_of(input));
  const Strings tables(input.arguments[0]);
  const Strings columns(input.arguments[1]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    TRY_ASSIGN(const auto name, reader->sequence_of(tables[row], columns[row]));
    set_optional(out, row, name);
    return {};
  });
}

// ---- Sizes ----

// In the largest unit of which there are ten or more, rounded half away from zero.
Result<Column> size_text(const KernelInput& input) {
  const Ints sizes(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    constexpr std::string_view kUnits[] = {"kB", "MB", "GB", "TB", "PB"};
    constexpr uint64_t kBytesMax = 10 * 1024;
    const bool is_negative = sizes[row] < 0;
    uint64_t size =
        is_negative ? 0 - static_cast<uint64_t>(sizes[row]) : static_cast<uint64_t>(sizes[row]);
    const std::string_view sign = is_negative ? "-" : "";
    if (size < kBytesMax) {
      out.set(row, fmt::format("{}{} bytes", sign, size));
      return {};
    }
    size >>= 9;  // Twice the kilobytes, so that halves are seen.
    size_t unit = 0;
    while (unit + 1 < std::size(kUnits) && size >= 2 * kBytesMax - 1) {
      size >>= 10;
      ++unit;
    }
    out.set(row, fmt::format("{}{} {}", sign, (size + 1) / 2, kUnits[unit]));
    return {};
  });
}

// What a table or a repository takes is shared with its history: nobody has counted it.
Result<Column> no_size(const KernelInput& input) { return no_number(input); }

// ---- The session ----

// pg_catalog comes first where the path does not name it.
Result<Column> current_schemas(const KernelInput& input) {
  const Ints implicit(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    type::ArrayBuilder names(TypeId::kText);
    const auto add = [&](std::string_view name) {
      names.append(Value::of_string({TypeId::kText}, std::string(name)).datum());
    };
    if (implicit[row] != 0) add("pg_catalog");
    if (input.context->path.empty()) add(input.context->schema);
    for (const std::string& name : input.context->path) add(name);
    out.set(row, names.finish());
    return {};
  });
}

template <bool missing_ok>
Result<Column> current_setting(const KernelInput& input) {
  TRY_ASSIGN(CatalogReader* const reader, reader_of(input));
  const Strings names(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    const auto value = reader->setting(names[row]);
    const bool may_miss = missing_ok && Ints(input.arguments[1])[row] != 0;
    if (!value && !may_miss) {
      return Error(ErrorCode::kUndefinedObject,
                   fmt::format("unrecognized configuration parameter \"{}\"", names[row]));
    }
    set_optional(out, row, value);
    return {};
  });
}

// NULL for a value changes nothing.
Result<Column> set_config(const KernelInput& input) {
  TRY_ASSIGN(CatalogReader* const reader, reader_of(input));
  const Strings names(input.arguments[0]);
  const Strings values(input.arguments[1]);
  const Ints locals(input.arguments[2]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    TRY_ASSIGN(const std::string value,
               reader->change_setting(names[row], values[row], locals[row] != 0));
    out.set(row, value);
    return {};
  });
}

// ---- The rows ----

using enum TypeId;

constexpr Traits kStable = {.volatility = Volatility::kStable};

constexpr Function kRows[] = {
    {0, "regclass name", {kOid}, kText, name_of<ObjectClass::kRelation>, kStable},
    {0, "regclass oid", {kText}, kOid, oid_of<ObjectClass::kRelation, true>, kStable},
    {3495, "to_regclass", {kText}, kOid, oid_of<ObjectClass::kRelation, false>, kStable},
    {0, "regtype name", {kOid}, kText, name_of<ObjectClass::kType>, kStable},
    {0, "regtype oid", {kText}, kOid, oid_of<ObjectClass::kType, true>, kStable},
    {3493, "to_regtype", {kText}, kOid, oid_of<ObjectClass::kType, false>, kStable},
    {0, "regnamespace name", {kOid}, kText, name_of<ObjectClass::kNamespace>, kStable},
    {0, "regnamespace oid", {kText}, kOid, oid_of<ObjectClass::kNamespace, true>, kStable},
    {4086, "to_regnamespace", {kText}, kOid, oid_of<ObjectClass::kNamespace, false>, kStable},
    {0, "regrole name", {kOid}, kText, name_of<ObjectClass::kRole>, kStable},
    {0, "regrole oid", {kText}, kOid, oid_of<ObjectClass::kRole, true>, kStable},
    {0, "regproc name", {kOid}, kText, name_of<ObjectClass::kFunction>, kStable},
    {0, "regproc oid", {kText}, kOid, oid_of<ObjectClass::kFunction, true>, kStable},

    {1643, "pg_get_indexdef", {kOid}, kText, definition_of<DefinitionKind::kIndex>, kStable},
    {2507, "pg_get_indexdef", {kOid, kInt4, kBool}, kText, definition_of<DefinitionKind::kIndex>, kStable},
    {1387, "pg_get_constraintdef", {kOid}, kText, definition_of<DefinitionKind::kConstraint>, kStable},
    {2508, "pg_get_constraintdef", {kOid, kBool}, kText, definition_of<DefinitionKind::kConstraint>, kStable},
    {1641, "pg_get_viewdef", {kOid}, kText, definition_of<DefinitionKind::kView>, kStable},
    {2506, "pg_get_viewdef", {kOid, kBool}, kText, definition_of<DefinitionKind::kView>, kStable},
    {1640, "pg_get_viewdef", {kText}, kText, view_of_name, kStable},
    {0, "pg_get_expr", {kText, kOid}, kText, expression, kStable},
    {0, "pg_get_expr", {kText, kOid, kBool}, kText, expression, kStable},
    {1665, "pg_get_serial_sequence", {kText, kText}, kText, serial_sequence, kStable},
    {2098, "pg_get_functiondef", {kOid}, kText, nothing, kStable},
    {3808, "pg_get_function_arg_default", {kOid, kInt4}, kText, nothing, kStable},
    {3408, "pg_get_partition_constraintdef", {kOid}, kText, nothing, kStable},
    {3415, "pg_get_statisticsobjdef", {kOid}, kText, nothing, kStable},
    // No rights are kept: there are no defaults of them either.
    {0, "acldefault", {kText, kOid}, type::array_of(kText), nothing, kStable},
    {2854, "pg_my_temp_schema", {}, kOid, no_temporary_schema, kStable},
    {2855, "pg_is_other_temp_schema", {kOid}, kBool, always<false>, kStable},
    {6197, "pg_get_function_sqlbody", {kOid}, kText, nothing, kStable},
    {2165, "pg_get_function_result", {kOid}, kText, nothing, kStable},
    {2162, "pg_get_function_arguments", {kOid}, kText, nothing, kStable},
    {2232, "pg_get_function_identity_arguments", {kOid}, kText, nothing, kStable},
    {1662, "pg_get_triggerdef", {kOid}, kText, nothing, kStable},
    {1573, "pg_get_ruledef", {kOid}, kText, nothing, kStable},
    {6174, "pg_get_statisticsobjdef_columns", {kOid}, kText, nothing, kStable},
    {3352, "pg_get_partkeydef", {kOid}, kText, nothing, kStable},
    {2730, "pg_get_triggerdef", {kOid, kBool}, kText, nothing, kStable},
    {2504, "pg_get_ruledef", {kOid, kBool}, kText, nothing, kStable},
    {3778, "pg_tablespace_location", {kOid}, kText, nothing, kStable},
    {1348, "obj_description", {kOid}, kText, nothing, kStable},
    {1215, "obj_description", {kOid, kText}, kText, nothing, kStable},
    {1993, "shobj_description", {kOid, kText}, kText, nothing, kStable},
    {1216, "col_description", {kOid, kInt4}, kText, nothing, kStable},

    // Whoever has the repository open has every right to it.
    {2254, "has_database_privilege", {kText, kText}, kBool, always<true>, kStable},
    {2250, "has_database_privilege", {kText, kText, kText}, kBool, always<true>, kStable},
    {2255, "has_database_privilege", {kOid, kText}, kBool, always<true>, kStable},
    {2251, "has_database_privilege", {kText, kOid, kText}, kBool, always<true>, kStable},
    {2272, "has_schema_privilege", {kText, kText}, kBool, always<true>, kStable},
    {2268, "has_schema_privilege", {kText, kText, kText}, kBool, always<true>, kStable},
    {2273, "has_schema_privilege", {kOid, kText}, kBool, always<true>, kStable},
    {2269, "has_schema_privilege", {kText, kOid, kText}, kBool, always<true>, kStable},
    {1926, "has_table_privilege", {kText, kText}, kBool, always<true>, kStable},
    {1922, "has_table_privilege", {kText, kText, kText}, kBool, always<true>, kStable},
    {1927, "has_table_privilege", {kOid, kText}, kBool, always<true>, kStable},
    {1923, "has_table_privilege", {kText, kOid, kText}, kBool, always<true>, kStable},
    {3028, "has_any_column_privilege", {kText, kText}, kBool, always<true>, kStable},
    {3024, "has_any_column_privilege", {kText, kText, kText}, kBool, always<true>, kStable},
    {3029, "has_any_column_privilege", {kOid, kText}, kBool, always<true>, kStable},
    {3025, "has_any_column_privilege", {kText, kOid, kText}, kBool, always<true>, kStable},
    {2185, "has_sequence_privilege", {kText, kText}, kBool, always<true>, kStable},
    {2181, "has_sequence_privilege", {kText, kText, kText}, kBool, always<true>, kStable},
    {2186, "has_sequence_privilege", {kOid, kText}, kBool, always<true>, kStable},
    {2182, "has_sequence_privilege", {kText, kOid, kText}, kBool, always<true>, kStable},
    {2260, "has_function_privilege", {kText, kText}, kBool, always<true>, kStable},
    {2256, "has_function_privilege", {kText, kText, kText}, kBool, always<true>, kStable},
    {2261, "has_function_privilege", {kOid, kText}, kBool, always<true>, kStable},
    {2257, "has_function_privilege", {kText, kOid, kText}, kBool, always<true>, kStable},
    {3142, "has_type_privilege", {kText, kText}, kBool, always<true>, kStable},
    {3138, "has_type_privilege", {kText, kText, kText}, kBool, always<true>, kStable},
    {3143, "has_type_privilege", {kOid, kText}, kBool, always<true>, kStable},
    {3139, "has_type_privilege", {kText, kOid, kText}, kBool, always<true>, kStable},
    {2394, "has_tablespace_privilege", {kText, kText}, kBool, always<true>, kStable},
    {2390, "has_tablespace_privilege", {kText, kText, kText}, kBool, always<true>, kStable},
    {2395, "has_tablespace_privilege", {kOid, kText}, kBool, always<true>, kStable},
    {2391, "has_tablespace_privilege", {kText, kOid, kText}, kBool, always<true>, kStable},
    {3020, "has_column_privilege", {kText, kText, kText}, kBool, always<true>, kStable},
    {3021, "has_column_privilege", {kText, kInt2, kText}, kBool, always<true>, kStable},
    {2709, "pg_has_role", {kText, kText}, kBool, always<true>, kStable},
    {3022, "has_column_privilege", {kOid, kText, kText}, kBool, always<true>, kStable},
    {3023, "has_column_privilege", {kOid, kInt2, kText}, kBool, always<true>, kStable},
    {2710, "pg_has_role", {kOid, kText}, kBool, always<true>, kStable},
    {2705, "pg_has_role", {kText, kText, kText}, kBool, always<true>, kStable},

    {1642, "pg_get_userbyid", {kOid}, kText, user_name, kStable},
    {1597, "pg_encoding_to_char", {kInt4}, kText, encoding_name, kStable},
    {1264, "pg_char_to_encoding", {kText}, kInt4, encoding_number, kStable},
    {1039, "getdatabaseencoding", {}, kText, database_encoding, kStable},
    {1081, "format_type", {kOid, kInt4}, kText, format_type, {.volatility = Volatility::kStable, .strict = false}},
    {2079, "pg_table_is_visible", {kOid}, kBool, is_visible, kStable},
    {2080, "pg_type_is_visible", {kOid}, kBool, type_is_visible, kStable},
    {2081, "pg_function_is_visible", {kOid}, kBool, always<true>, kStable},
    {2082, "pg_operator_is_visible", {kOid}, kBool, always<true>, kStable},
    {3815, "pg_collation_is_visible", {kOid}, kBool, always<true>, kStable},
    {2083, "pg_opclass_is_visible", {kOid}, kBool, always<true>, kStable},
    {0, "pg_relation_is_publishable", {kOid}, kBool, always<false>, kStable},
    {0, "pg_partition_ancestors", {kOid}, kOid, no_number, kStable},
    {3756, "pg_ts_parser_is_visible", {kOid}, kBool, always<true>, kStable},
    {3757, "pg_ts_dict_is_visible", {kOid}, kBool, always<true>, kStable},
    {3758, "pg_ts_config_is_visible", {kOid}, kBool, always<true>, kStable},
    {3768, "pg_ts_template_is_visible", {kOid}, kBool, always<true>, kStable},
    {3829, "pg_opfamily_is_visible", {kOid}, kBool, always<true>, kStable},
    {3403, "pg_statistics_obj_is_visible", {kOid}, kBool, always<true>, kStable},
    {2093, "pg_conversion_is_visible", {kOid}, kBool, always<true>, kStable},
    {2288, "pg_size_pretty", {kInt8}, kText, size_text, kStable},
    {2168, "pg_database_size", {kText}, kInt8, no_size, kStable},
    {2324, "pg_database_size", {kOid}, kInt8, no_size, kStable},
    {0, "pg_relation_size", {kOid}, kInt8, no_size, kStable},
    {0, "pg_table_size", {kOid}, kInt8, no_size, kStable},
    {0, "pg_indexes_size", {kOid}, kInt8, no_size, kStable},
    {0, "pg_total_relation_size", {kOid}, kInt8, no_size, kStable},
    {3810, "pg_is_in_recovery", {}, kBool, always<false>, kStable},
    {1403, "current_schemas", {kBool}, type::array_of(kText), current_schemas, kStable},
    {2077, "current_setting", {kText}, kText, current_setting<false>, kStable},
    {3294, "current_setting", {kText, kBool}, kText, current_setting<true>, kStable},
    {2078, "set_config", {kText, kText, kBool}, kText, set_config, {.volatility = Volatility::kVolatile, .effect = Effect::kSets}},
};

}  // namespace

constinit const std::span<const Function> kCatalogFunctions = kRows;

}  // namespace rowan::expr
