// TypeInfo: a row of the table of types: all that tells one type from another.
//
// Each row is filled by one file under types/ and named in types.def; nothing else has to know a
// type by name, but what reads lines at memory speed (line_decoder, text_fast) and the functions
// and operators that are the type's own (expr/functions).
//
// Lifetime: rows are constants. Threads: any.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "type/cast.h"
#include "type/datetime.h"
#include "type/type.h"
#include "type/value.h"

namespace rowan::type {

// How two values are put in order.
//   kPadded: by bytes, without trailing blanks.  kNumeric, kJsonb: by what the texts mean.
//   kInterval: by length, a month having 30 days.  kArray: element by element.
//   kNone: they cannot be compared at all.
enum class Order : uint8_t {
  kNone,
  kInt,
  kDouble,
  kBytes,
  kPadded,
  kNumeric,
  kJsonb,
  kInterval,
  kArray,
};

// What programs take a value for.
enum class Shape : uint8_t {
  kBool,
  kInteger,
  kFloat,
  kNumeric,
  kText,
  kBytes,
  kDate,
  kTime,
  kTimestamp,
  kInterval,
  kUuid,
  kJson,
  kArray,
};

// A cast out of a type. Those from and to texts are none: they go by the text forms.
struct CastRow {
  TypeId to = TypeId::kUnknown;
  CastContext weakest = CastContext::kExplicit;  // The weakest context in which it applies.
  Result<Value> (*run)(const Value& value, Type to) = nullptr;  // nullptr: it stays as it lies.
};

struct TypeInfo {
  TypeId id = TypeId::kUnknown;

  // ---- In the catalog ----
  uint32_t oid = 0;  // PostgreSQL's, as is all of this.
  uint32_t array_oid = 0;
  std::string_view name;           // pg_type.typname: "int4"
  std::string_view shown;          // format_type without a modifier: "integer"
  std::string_view plain = shown;  // In messages about the type.
  std::span<const std::string_view> spellings;  // In SQL, the name too.
  char category = 'U';
  bool preferred = false;                // Of its category.
  int16_t length = -1;                   // pg_type.typlen
  TypeId operators = id;                 // The type whose operators it uses: text's for varchar.

  // ---- In memory ----
  Physical physical = Physical::kString;
  Order order = Order::kNone;
  Shape shape = Shape::kText;

  // ---- Modifiers: both nullptr when it takes none ----
  Result<Type> (*with_modifiers)(TypeId id, std::string_view name, const int32_t* modifiers,
                                 size_t count) = nullptr;  // Without any too.
  std::string (*shown_with)(Type type) = nullptr;          // Requires: type.modifier >= 0.
  // A value as one with the modifier of `to`, which is not -1. Texts: see cast.
  Result<Value> (*fit)(const Value& value, Type to) = nullptr;

  // ---- Text ----
  Result<Value> (*read_text)(Type type, std::string_view text, Moment now) = nullptr;
  void (*write_text)(Type type, Datum value, std::string& out) = nullptr;
  bool modifier_guides_text = false;  // What a text means depends on the modifier: interval '1' year

  // ---- PostgreSQL's binary form, on the wire ----
  Result<Value> (*read_binary)(Type type, Bytes bytes) = nullptr;
  void (*write_binary)(Type type, Datum value, std::string& out) = nullptr;

  // ---- In a line ----
  Result<Value> (*read_json)(Type type, Bytes element) = nullptr;  // Not null, no reference.
  void (*write_json)(Datum value, std::string& out) = nullptr;
  // The value of out-of-line bytes; nullptr: its values never leave their line.
  Result<Value> (*read_large)(Type type, std::string bytes) = nullptr;
  bool is_utf8 = false;       // What a string of it holds is checked as text before it is stored.
  bool spaced_json = false;   // Its strings have blanks that a line has not.

  // ---- As a key: both nullptr when it cannot be one ----
  void (*write_key)(Datum value, std::string& key) = nullptr;
  // How long the key of one value is at the beginning of `text`, which is not empty.
  size_t (*key_length)(Bytes text, bool descending) = nullptr;

  // ---- Casts and aggregates ----
  std::span<const CastRow> casts;
  TypeId sum = TypeId::kUnknown;  // Of sum(); kUnknown: there is none.
  TypeId average = TypeId::kUnknown;
  bool has_extremes = false;  // min() and max()
};

const TypeInfo& type_info(TypeId id);
const TypeInfo& array_info(TypeId element);    // Of its array.
std::span<const TypeInfo* const> all_types();  // By their numbers; without arrays.
const TypeInfo* find_type(uint32_t oid);       // nullptr: none.
const TypeInfo* find_type(std::string_view spelling);  // Of no array.

}  // namespace rowan::type
