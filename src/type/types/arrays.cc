// One-dimensional arrays of every type: a row for each, made from its element's; in lines arrays of
// the elements' own forms ([1,2,null]). They never leave their line, and are no keys.
#include <array>
#include <memory>
#include <vector>

#include "type/array.h"
#include "type/json_text.h"
#include "type/line_scan.h"
#include "type/types/parts.h"
#include "type/types/rows.h"

namespace rowan::type {

namespace {

void write_text(Type type, Datum value, std::string& out) {
  append_array_text(type, value.text, out);
}

std::string shown_with(Type type) { return type_name({element_of(type.id), type.modifier}) + "[]"; }

// ---- Binary: dimensions, whether there are NULLs, the elements' oid; their number and first index ----

Result<Value> read_binary(Type type, Bytes bytes) {
  constexpr size_t kHeadBytes = 12;
  constexpr size_t kDimensionBytes = 8;
  const TypeInfo& element = type_info(element_of(type.id));
  if (bytes.size() < kHeadBytes) TRY(check_binary_length(bytes, kHeadBytes));
  const uint64_t dimensions = get_big_endian(bytes.substr(0, 4));
  if (get_big_endian(bytes.substr(8, 4)) != element.oid) return bad_binary("wrong element type");
  ArrayBuilder builder(element.id);
  if (dimensions == 0) return Value::of_string(type, builder.finish());
  if (dimensions > 1) {
    return Error(ErrorCode::kFeatureNotSupported,
                 "arrays of more than one dimension are not supported");
  }
  bytes.remove_prefix(kHeadBytes);
  if (bytes.size() < kDimensionBytes) TRY(check_binary_length(bytes, kDimensionBytes));
  const uint64_t size = get_big_endian(bytes.substr(0, 4));
  if (get_big_endian(bytes.substr(4, 4)) != 1) {
    return Error(ErrorCode::kFeatureNotSupported,
                 "arrays with other bounds than from 1 on are not supported");
  }
  bytes.remove_prefix(kDimensionBytes);
  for (uint64_t i = 0; i < size; ++i) {
    if (bytes.size() < 4) TRY(check_binary_length(bytes, 4));
    const auto length = static_cast<int32_t>(get_big_endian(bytes.substr(0, 4)));
    bytes.remove_prefix(4);
    if (length == -1) {
      builder.append_null();
      continue;
    }
    if (length < 0 || bytes.size() < static_cast<size_t>(length))
      return Error(ErrorCode::kProtocolViolation, "insufficient data left in message");
    const Bytes item = bytes.substr(0, static_cast<size_t>(length));
    TRY_ASSIGN(const Value value, element.read_binary({element.id, type.modifier}, item));
    builder.append(value.datum());
    bytes.remove_prefix(static_cast<size_t>(length));
  }
  TRY(check_binary_length(bytes, 0));
  return Value::of_string(type, builder.finish());
}

void write_binary(Type type, Datum value, std::string& out) {
  const TypeInfo& element = type_info(element_of(type.id));
  std::string items;
  uint64_t size = 0;
  bool has_null = false;
  for (ArrayReader reader(value.text); !reader.at_end(); ++size) {
    const auto datum = reader.next();
    has_null = has_null || !datum;
    std::string item;
    if (datum) element.write_binary({element.id, type.modifier}, *datum, item);
    put_big_endian(datum ? item.size() : ~uint64_t{0}, 4, items);
    items += item;
  }
  put_big_endian(size == 0 ? 0 : 1, 4, out);
  put_big_endian(has_null ? 1 : 0, 4, out);
  put_big_endian(element.oid, 4, out);
  if (size == 0) return;
  put_big_endian(size, 4, out);
  put_big_endian(1, 4, out);
  out += items;
}

// ---- JSON ----

Result<Value> read_json(Type type, Bytes element) {
  const TypeInfo& row = type_info(element_of(type.id));
  if (element.size() < 2 || element.front() != '[' || element.back() != ']')
    return damaged_line(element);
  ArrayBuilder builder(row.id);
  const char* p = element.data() + 1;
  const char* const end = element.data() + element.size() - 1;
  while (p < end) {
    const char* const stop = skip_element(p, end);
    if (stop == nullptr || stop == p || (stop < end && (*stop != ',' || stop + 1 == end)))
      return damaged_line(element);
    const Bytes item(p, static_cast<size_t>(stop - p));
    if (item == "null") {
      builder.append_null();
    } else if (item.front() == '{') {
      return damaged_line(element);
    } else {
      TRY_ASSIGN(const Value value, row.read_json({row.id}, item));
      builder.append(value.datum());
    }
    p = stop + (stop < end ? 1 : 0);
  }
  return Value::of_string(type, builder.finish());
}

void write_json(Datum array, std::string& out) {
  out += '[';
  const char* separator = "";
  for (ArrayReader reader(array.text); !reader.at_end(); separator = ",") {
    out += separator;
    const auto value = reader.next();
    if (value) {
      type_info(reader.element()).write_json(*value, out);
    } else {
      out += "null";
    }
  }
  out += ']';
}

// The rows with the names that they point to.
struct Rows {
  std::vector<std::unique_ptr<std::string>> names;
  std::vector<TypeInfo> rows;

  std::string_view keep(std::string name) {
    return *names.emplace_back(std::make_unique<std::string>(std::move(name)));
  }

  Rows() {
    for (const TypeInfo* element : all_types()) {
      TypeInfo& row = rows.emplace_back();
      row.id = array_of(element->id);
      row.oid = element->array_oid;
      row.name = keep("_" + std::string(element->name));
      row.shown = keep(std::string(element->shown) + "[]");
      row.plain = keep(std::string(element->plain) + "[]");
      row.category = 'A';
      row.operators = row.id;
      row.physical = Physical::kString;
      row.order = element->order == Order::kNone ? Order::kNone : Order::kArray;
      row.shape = Shape::kArray;
      row.shown_with = shown_with;
      row.read_text = parse_array;
      row.write_text = write_text;
      row.modifier_guides_text = element->modifier_guides_text;
      row.read_binary = read_binary;
      row.write_binary = write_binary;
      row.read_json = read_json;
      row.write_json = write_json;
      row.has_extremes = row.order != Order::kNone;
    }
  }
};

}  // namespace

const TypeInfo& array_info(TypeId element) {
  static const Rows kRows;  // Made once, never changed.
  return kRows.rows[static_cast<size_t>(element)];
}

}  // namespace rowan::type
