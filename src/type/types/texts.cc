// text, varchar(n), char(n), and the unknown type of an untyped literal: UTF-8 in lines, escaped
// text in keys. A char(n) is kept without its trailing blanks and gets them back where it is shown.
#include <array>

#include "type/key_codec.h"
#include "type/text.h"
#include "type/text_fast.h"
#include "type/types/parts.h"
#include "type/types/rows.h"

namespace rowan::type {

namespace {

constexpr int32_t kLengthMax = 10'485'760;  // PostgreSQL's limit for char(n) and varchar(n).

Error bad_modifier(std::string message) {
  return Error(ErrorCode::kInvalidParameterValue, std::move(message));
}

// A bare char is char(1); bpchar has no length at all.
Result<Type> with_length(TypeId id, std::string_view name, const int32_t* modifiers, size_t count) {
  const bool is_char = id == TypeId::kChar;
  const std::string shown = is_char ? "char" : "varchar";
  if (count > 1) return bad_modifier("invalid type modifier");
  if (count == 0) return Type{id, is_char && name != "bpchar" ? 1 : -1};
  if (modifiers[0] < 1) {
    return bad_modifier("length for type " + shown + " must be at least 1");
  }
  if (modifiers[0] > kLengthMax) {
    return bad_modifier("length for type " + shown + " cannot exceed " +
                        std::to_string(kLengthMax));
  }
  return Type{id, modifiers[0]};
}

std::string shown_varchar(Type type) {
  return "character varying(" + std::to_string(type.modifier) + ")";
}
std::string shown_char(Type type) { return "character(" + std::to_string(type.modifier) + ")"; }

// The bytes of the first `characters` characters. Requires: valid UTF-8.
size_t prefix_bytes(std::string_view text, size_t characters) {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    if ((text[at] & 0xc0) != 0x80 && characters-- == 0) break;
  }
  return at;
}

Result<Value> read_text(Type type, std::string_view text, Moment) {
  TRY(check_text(text));
  return Value::of_string(type, std::string(text));
}

// Blanks behind the last character that fits may always be cut.
Result<Value> read_fitting(Type type, std::string_view text, Moment) {
  TRY(check_text(text));
  const std::string_view kept = type.id == TypeId::kChar ? without_padding(text) : text;
  if (type.modifier < 0 || kept.size() <= static_cast<size_t>(type.modifier)) {
    return Value::of_string(type, std::string(kept));
  }
  const size_t bytes = prefix_bytes(kept, static_cast<size_t>(type.modifier));
  if (kept.find_first_not_of(' ', bytes) != kept.npos) {
    return Error(ErrorCode::kStringTooLong, "value too long for type " + type_name(type));
  }
  return Value::of_string(type, std::string(kept.substr(0, bytes)));
}

void write_text(Type, Datum value, std::string& out) { out += value.text; }

void write_padded(Type type, Datum value, std::string& out) {
  out += value.text;
  if (type.modifier <= 0) return;
  const size_t length = utf8_length(value.text);
  const auto width = static_cast<size_t>(type.modifier);
  out.append(width > length ? width - length : 0, ' ');
}

Result<Value> read_binary(Type type, Bytes bytes) {
  return type_info(type.id).read_text(type, bytes, {});
}

void write_key(Datum value, std::string& key) {
  key += 't';
  append_escaped_key(value.text, key);
  key += '+';
}
void write_padded_key(Datum value, std::string& key) {
  write_key(without_padding(value.text), key);
}

constexpr std::array<std::string_view, 1> kUnknownSpellings = {"unknown"};
constexpr std::array<std::string_view, 1> kTextSpellings = {"text"};
constexpr std::array<std::string_view, 3> kVarcharSpellings = {"varchar", "character varying",
                                                               "char varying"};
constexpr std::array<std::string_view, 3> kCharSpellings = {"bpchar", "char", "character"};

}  // namespace

constinit const TypeInfo kUnknownType = {
    .id = TypeId::kUnknown,
    .oid = 705,
    .name = "unknown",
    .shown = "unknown",
    .spellings = kUnknownSpellings,
    .category = 'X',
    .length = -2,
    .order = Order::kBytes,
    .shape = Shape::kText,
    .read_text = read_text,
    .write_text = write_text,
    .read_binary = read_binary,
    .write_binary = write_binary_bytes,
    .read_json = read_string_element,
    .write_json = write_string_element,
    .is_utf8 = true,
    .write_key = write_key,
    .key_length = ended_key_length,
};

constinit const TypeInfo kTextType = {
    .id = TypeId::kText,
    .oid = 25,
    .array_oid = 1009,
    .name = "text",
    .shown = "text",
    .spellings = kTextSpellings,
    .category = 'S',
    .preferred = true,
    .order = Order::kBytes,
    .shape = Shape::kText,
    .read_text = read_text,
    .write_text = write_text,
    .read_binary = read_binary,
    .write_binary = write_binary_bytes,
    .read_json = read_string_element,
    .write_json = write_string_element,
    .read_large = read_large_text,
    .is_utf8 = true,
    .write_key = write_key,
    .key_length = ended_key_length,
    .has_extremes = true,
};

constinit const TypeInfo kVarcharType = {
    .id = TypeId::kVarchar,
    .oid = 1043,
    .array_oid = 1015,
    .name = "varchar",
    .shown = "character varying",
    .spellings = kVarcharSpellings,
    .category = 'S',
    .operators = TypeId::kText,
    .order = Order::kBytes,
    .shape = Shape::kText,
    .with_modifiers = with_length,
    .shown_with = shown_varchar,
    .read_text = read_fitting,
    .write_text = write_text,
    .read_binary = read_binary,
    .write_binary = write_binary_bytes,
    .read_json = read_string_element,
    .write_json = write_string_element,
    .read_large = read_large_text,
    .is_utf8 = true,
    .write_key = write_key,
    .key_length = ended_key_length,
    .has_extremes = true,
};

constinit const TypeInfo kCharType = {
    .id = TypeId::kChar,
    .oid = 1042,
    .array_oid = 1014,
    .name = "bpchar",
    .shown = "bpchar",
    .plain = "character",
    .spellings = kCharSpellings,
    .category = 'S',
    .order = Order::kPadded,
    .shape = Shape::kText,
    .with_modifiers = with_length,
    .shown_with = shown_char,
    .read_text = read_fitting,
    .write_text = write_padded,
    .read_binary = read_binary,
    .write_binary = write_padded,
    .read_json = read_string_element,
    .write_json = write_string_element,
    .read_large = read_large_text,
    .is_utf8 = true,
    .write_key = write_padded_key,
    .key_length = ended_key_length,
    .has_extremes = true,
};

}  // namespace rowan::type
