#include "type/row_codec.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/ensure.h"
#include "base/hash.h"
#include "base/limits.h"
#include "type/key_codec.h"
#include "type/line_scan.h"
#include "type/line_writer.h"
#include "type/number_text.h"
#include "type/text.h"
#include "type/type_info.h"
#include "type/types/parts.h"

namespace rowan::type {

namespace {

constexpr std::string_view kLargeHead = "{\"large\":\"";
constexpr std::string_view kLargeMiddle = "\",\"bytes\":";

// Pushes elements until `wanted` of them are found or the line ends.
Result<void> split_elements(Bytes line, size_t wanted, std::vector<Bytes>& elements) {
  elements.clear();
  const char* p = line.data();
  const char* const end = p + line.size();
  const auto skip_blanks = [&] {
    while (p < end && (*p == ' ' || *p == '\t')) {
      ++p;
    }
  };
  skip_blanks();
  if (p == end || *p++ != '[') {
    return damaged_line(line);
  }
  skip_blanks();
  bool closed = p < end && *p == ']';
  p += closed ? 1 : 0;
  while (!closed && elements.size() < wanted) {
    skip_blanks();
    const char* stop = skip_element(p, end);
    if (stop == nullptr) {
      return damaged_line(line);
    }
    elements.emplace_back(p, static_cast<size_t>(stop - p));
    p = stop;
    skip_blanks();
    if (p == end || (*p != ',' && *p != ']')) {
      return damaged_line(line);
    }
    closed = *p++ == ']';
  }
  skip_blanks();
  if (closed && p != end) {
    return damaged_line(line);
  }
  return {};
}

// A count of 0 is a row on its way into a transaction; check_line and LineDecoder refuse it in
// stored lines.
Result<void> take_count(Bytes line, std::vector<Bytes>& elements, uint64_t& count) {
  int64_t value = 0;
  if (elements.empty()) {
    return damaged_line(line);
  }
  const char* p = elements.front().data();
  const char* const end = p + elements.front().size();
  if (!read_line_integer(p, end, value) || p != end || value < 0) {
    return damaged_line(line);
  }
  count = static_cast<uint64_t>(value);
  elements.erase(elements.begin());
  return {};
}

// `[5,1,2]` is keyed by the hash of `[1,2]`. A count of 0 is a row on its way into a transaction,
// never a stored one.
Result<void> append_counted_key(Bytes line, std::string& key) {
  const char* p = line.data() + 1;
  const char* const end = line.data() + line.size();
  int64_t count = 0;
  if (line.size() < 3 || line.front() != '[' || line.back() != ']' ||
      !read_line_integer(p, end, count) || count < 0 || (*p != ',' && p + 1 != end)) {
    return damaged_line(line);
  }
  std::string row = "[";
  row.append(*p == ',' ? p + 1 : p, end);
  const auto hash = sha256_128(row);
  key += to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
  return {};
}

// The digits are copied as they stand: no number is made. False when the slow way must look at it.
bool append_plain_integer_key(Bytes line, std::string& key) {
  const char* p = line.data() + 1;
  const char* const end = line.data() + line.size();
  if (line.size() < 3 || line.front() != '[') {
    return false;
  }
  const bool negative = *p == '-';
  p += negative ? 1 : 0;
  const char* const first = p;
  while (p < end && is_digit(*p)) {
    ++p;
  }
  const auto digits = static_cast<size_t>(p - first);
  if (digits == 0 || digits > 18 || p == end || (*p != ',' && *p != ']') ||
      (*first == '0' && (digits > 1 || negative))) {
    return false;
  }
  if (!negative) {
    key += static_cast<char>('a' + digits - 1);
    key.append(first, digits);
    return true;
  }
  key += '1';
  key += static_cast<char>('z' - static_cast<char>(digits));
  for (size_t i = 0; i < digits; ++i) {
    key += static_cast<char>('9' - (first[i] - '0'));
  }
  return true;
}

Result<Value> decode_or_fetch(Type type, Bytes element, const LargeReader& large) {
  if (const auto ref = large_ref(element)) {
    TRY_ASSIGN(std::string bytes, large.read_large(*ref));
    if (bytes.size() != ref->bytes) {
      return damaged_line(element);
    }
    return value_from_large(type, std::move(bytes));
  }
  return decode_element(type, element);
}

Error not_canonical(Bytes line, const std::string& why) {
  constexpr size_t kShown = 80;
  return Error(ErrorCode::kInvalidContent, "a row is not in canonical form: " + why)
      .with_detail(std::string(line.substr(0, kShown)));
}

Result<void> check_modifier(const Slot& slot, const Value& value, Bytes line) {
  if (slot.type.modifier < 0 || value.is_null()) {
    return {};
  }
  if (is_datetime(slot.type.id)) {
    const auto fitted = to_precision(slot.type, value.as_int());
    if (fitted && *fitted == value.as_int()) {
      return {};
    }
    return not_canonical(line, "a value does not fit " + type_name(slot.type));
  }
  std::string text;
  append_text({slot.type.id, -1}, value.datum(), text);
  const auto again = parse_text(slot.type, text);
  if (!again.has_value() ||
      !is_same(physical(slot.type.id), again->datum(), value.datum())) {
    return not_canonical(line, "a value does not fit " + type_name(slot.type));
  }
  return {};
}

}  // namespace

Error damaged_line(Bytes line) {
  constexpr size_t kShown = 80;
  std::string shown(line.substr(0, std::min(line.find('\n'), kShown)));
  return Error(ErrorCode::kCorruption, "a stored row cannot be read").with_detail(std::move(shown));
}

Result<Value> value_from_large(Type type, std::string bytes) {
  const TypeInfo& row = type_info(type.id);
  return row.read_large == nullptr ? bad_large(type) : row.read_large(type, std::move(bytes));
}

void append_json(const Value& value, std::string& out) {
  if (value.is_null()) {
    out += "null";
    return;
  }
  type_info(value.type().id).write_json(value.datum(), out);
}

void append_large_ref(const LargeRef& ref, std::string& out) {
  out += kLargeHead;
  out += ref.oid.hex();
  out += kLargeMiddle;
  append_integer(static_cast<int64_t>(ref.bytes), out);
  out += '}';
}

std::optional<LargeRef> large_ref(Bytes element) {
  constexpr size_t kBytesAt = kLargeHead.size() + Oid::kHexDigits + kLargeMiddle.size();
  if (element.size() < kBytesAt + 2 || !element.starts_with(kLargeHead) || element.back() != '}' ||
      element.substr(kLargeHead.size() + Oid::kHexDigits, kLargeMiddle.size()) != kLargeMiddle) {
    return std::nullopt;
  }
  const std::string_view hex = element.substr(kLargeHead.size(), Oid::kHexDigits);
  const auto oid = Oid::parse(hex);
  const char* p = element.data() + kBytesAt;
  const char* const end = element.data() + element.size() - 1;
  int64_t bytes = 0;
  if (!oid.has_value() || oid->hex() != hex || !read_line_integer(p, end, bytes) || p != end ||
      bytes < 0) {
    return std::nullopt;
  }
  return LargeRef{*oid, static_cast<uint64_t>(bytes)};
}

Result<void> split_line(const RowLayout& layout, Bytes line, std::vector<Bytes>& elements,
                        uint64_t& count) {
  count = 1;
  TRY(split_elements(line, kColumnsMax + 2, elements));
  if (layout.counted) {
    TRY(take_count(line, elements, count));
  }
  if (elements.size() > layout.slots.size()) {
    return damaged_line(line);
  }
  return {};
}

Result<Value> decode_element(Type type, Bytes element) {
  if (element == "null") {
    return Value::null(type);
  }
  if (element.empty()) {
    return damaged_line(element);
  }
  if (element.front() == '{') {
    return large_ref(element).has_value()
               ? Error(ErrorCode::kInternal,
                       "an out-of-line value was decoded before it was fetched")
               : damaged_line(element);
  }
  return type_info(type.id).read_json(type, element);
}

Result<std::vector<std::pair<uint16_t, Oid>>> large_slots(const RowLayout& layout, Bytes line) {
  std::vector<std::pair<uint16_t, Oid>> slots;
  if (line.find(kLargeHead) == Bytes::npos) {
    return slots;
  }
  std::vector<Bytes> elements;
  uint64_t count = 0;
  TRY(split_line(layout, line, elements, count));
  for (size_t slot = 0; slot < elements.size(); ++slot) {
    if (const auto ref = large_ref(elements[slot])) {
      slots.emplace_back(static_cast<uint16_t>(slot), ref->oid);
    }
  }
  return slots;
}

Result<std::vector<Value>> decode_line(const RowLayout& layout, Bytes line,
                                       const LargeReader& large, uint64_t* count) {
  std::vector<Bytes> elements;
  uint64_t repeated = 1;
  TRY(split_line(layout, line, elements, repeated));
  std::vector<Value> values;
  values.reserve(layout.slots.size());
  for (size_t i = 0; i < layout.slots.size(); ++i) {
    const Slot& slot = layout.slots[i];
    if (slot.dropped) {
      values.push_back(Value::null(slot.type));
    } else if (i >= elements.size()) {
      values.push_back(slot.absent.is_null() ? Value::null(slot.type) : slot.absent);
    } else {
      TRY_ASSIGN(Value value, decode_or_fetch(slot.type, elements[i], large));
      values.push_back(std::move(value));
    }
  }
  if (count != nullptr) {
    *count = repeated;
  }
  return values;
}

Result<void> append_line_key(const RowLayout& layout, Bytes line, std::string& key) {
  if (layout.counted) {
    return append_counted_key(line, key);
  }
  const auto& slots = layout.key_slots;
  if (slots.size() == 1 && slots[0] == 0 && is_integer(layout.slots[0].type.id) &&
      append_plain_integer_key(line, key)) {
    return {};
  }
  const size_t wanted =
      slots.empty() ? 0 : static_cast<size_t>(*std::max_element(slots.begin(), slots.end())) + 1;
  std::vector<Bytes> elements;
  elements.reserve(wanted);
  TRY(split_elements(line, wanted, elements));
  for (const uint16_t number : slots) {
    const Slot& slot = layout.slots[number];
    if (number >= elements.size()) {
      TRY(append_key(slot.absent, key));
      continue;
    }
    const Bytes element = elements[number];
    const bool plain = is_text(slot.type.id) && element.size() >= 2 && element.front() == '"' &&
                       element.find('\\') == element.npos;
    if (plain) {
      key += 't';
      key += encode_name(element.substr(1, element.size() - 2));
      key += '+';
      continue;
    }
    if (element.front() == '{') {
      return damaged_line(line);
    }
    TRY_ASSIGN(const Value value, decode_element(slot.type, element));
    TRY(append_key(value, key));
  }
  return {};
}

Result<void> check_line(const RowLayout& layout, Bytes line) {
  std::vector<Bytes> elements;
  uint64_t count = 1;
  if (auto split = split_line(layout, line, elements, count); !split.has_value()) {
    return not_canonical(line, "it is no JSON array that fits the table");
  }
  if (count == 0) {
    return not_canonical(line, "its count is 0");
  }
  if (!is_valid_utf8(line)) {
    return not_canonical(line, "it is not UTF-8");
  }
  std::vector<Value> values(elements.size());
  std::vector<Cell> cells(elements.size());
  for (size_t i = 0; i < elements.size(); ++i) {
    const Slot& slot = layout.slots[i];
    const bool is_key =
        std::find(layout.key_slots.begin(), layout.key_slots.end(), i) != layout.key_slots.end();
    const bool may_be_large = type_info(slot.type.id).read_large != nullptr && !is_key;
    if (slot.dropped || (may_be_large && large_ref(elements[i]).has_value())) {
      cells[i].raw = elements[i];
      continue;
    }
    auto value = decode_element(slot.type, elements[i]);
    if (!value.has_value()) {
      return not_canonical(line, "slot " + std::to_string(i) + " is no " + type_name(slot.type));
    }
    values[i] = std::move(value).value();
    cells[i].value = &values[i];
    TRY(check_modifier(slot, values[i], line));
  }
  std::string again;
  again.reserve(line.size());
  encode_line(layout, cells, count, again);
  if (again != line) {
    return not_canonical(line, "it should read " + again.substr(0, 80));
  }
  return {};
}

}  // namespace rowan::type
