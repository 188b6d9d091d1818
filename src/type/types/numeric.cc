// numeric: an exact decimal, kept as its text with its scale; a number in lines. Keys are the sign,
// the exponent and the digits without the zeros around them, so 1.0 and 1.00 have one key.
#include "type/numeric.h"

#include <algorithm>
#include <array>

#include "type/key_codec.h"
#include "type/numeric_parts.h"
#include "type/types/parts.h"
#include "type/types/rows.h"

namespace rowan::type {

namespace {

constexpr int32_t kPrecisionMax = 1000;

Error bad_modifier(std::string message) {
  return Error(ErrorCode::kInvalidParameterValue, std::move(message));
}

Result<Type> with_modifiers(TypeId id, std::string_view, const int32_t* modifiers, size_t count) {
  if (count == 0) return Type{id, -1};
  if (count > 2) return bad_modifier("invalid NUMERIC type modifier");
  const int32_t precision = modifiers[0];
  const int32_t scale = count == 2 ? modifiers[1] : 0;
  if (precision < 1 || precision > kPrecisionMax) {
    return bad_modifier("NUMERIC precision " + std::to_string(precision) +
                        " must be between 1 and 1000");
  }
  if (scale < -kPrecisionMax || scale > kPrecisionMax) {
    return bad_modifier("NUMERIC scale " + std::to_string(scale) +
                        " must be between -1000 and 1000");
  }
  return Type::numeric(precision, scale);
}

std::string shown_with(Type type) {
  return "numeric(" + std::to_string(type.numeric_precision()) + "," +
         std::to_string(type.numeric_scale()) + ")";
}

Result<Value> read_text(Type type, std::string_view text, Moment) {
  TRY_ASSIGN(std::string parsed, numeric_parse(text));
  if (type.modifier >= 0) {
    TRY_ASSIGN(parsed, numeric_apply_modifier(parsed, type));
  }
  return Value::of_string(type, std::move(parsed));
}

void write_text(Type, Datum value, std::string& out) { out += value.text; }

// ---- The binary form: digits of base 10000 ----

constexpr size_t kGroupDigits = 4;
constexpr size_t kHeadBytes = 8;
constexpr uint64_t kNegative = 0x4000;
constexpr uint64_t kNan = 0xc000;
constexpr uint64_t kInfinity = 0xd000;
constexpr uint64_t kMinusInfinity = 0xf000;
constexpr uint64_t kScaleMax = 0x3fff;
constexpr size_t kInfinityScale = 0x20;  // Means nothing; PostgreSQL sends it.

void put_head(size_t groups, int64_t weight, uint64_t sign, size_t scale, std::string& out) {
  put_big_endian(groups, 2, out);
  put_big_endian(static_cast<uint64_t>(weight), 2, out);
  put_big_endian(sign, 2, out);
  put_big_endian(scale, 2, out);
}

void write_binary(Type, Datum value, std::string& out) {
  const decimal::Parts parts = decimal::split(value.text);
  switch (parts.kind) {
    case decimal::Kind::kNan:
      return put_head(0, 0, kNan, 0, out);
    case decimal::Kind::kInfinity:
      return put_head(0, 0, kInfinity, kInfinityScale, out);
    case decimal::Kind::kMinusInfinity:
      return put_head(0, 0, kMinusInfinity, kInfinityScale, out);
    case decimal::Kind::kFinite:
      break;
  }
  // Whole groups on both sides of the point.
  std::string digits((kGroupDigits - parts.whole.size() % kGroupDigits) % kGroupDigits, '0');
  digits += parts.whole;
  int64_t weight = static_cast<int64_t>(digits.size() / kGroupDigits) - 1;
  digits += parts.fraction;
  digits.append((kGroupDigits - digits.size() % kGroupDigits) % kGroupDigits, '0');
  std::vector<uint64_t> groups;
  for (size_t at = 0; at < digits.size(); at += kGroupDigits) {
    uint64_t group = 0;
    for (size_t i = 0; i < kGroupDigits; ++i) {
      group = group * 10 + static_cast<uint64_t>(digits[at + i] - '0');
    }
    groups.push_back(group);
  }
  while (!groups.empty() && groups.back() == 0) groups.pop_back();
  const auto first = std::find_if(groups.begin(), groups.end(), [](uint64_t g) { return g != 0; });
  weight -= first - groups.begin();
  groups.erase(groups.begin(), first);
  if (groups.empty()) weight = 0;
  put_head(groups.size(), weight, parts.negative ? kNegative : 0, parts.scale(), out);
  for (const uint64_t group : groups) put_big_endian(group, 2, out);
}

Result<Value> read_binary(Type type, Bytes bytes) {
  if (bytes.size() < kHeadBytes) TRY(check_binary_length(bytes, kHeadBytes));
  const size_t count = get_big_endian(bytes.substr(0, 2));
  const auto weight = static_cast<int16_t>(get_big_endian(bytes.substr(2, 2)));
  const uint64_t sign = get_big_endian(bytes.substr(4, 2));
  const uint64_t scale = get_big_endian(bytes.substr(6, 2));
  if (sign == kNan) return Value::of_string(type, "NaN");
  if (sign == kInfinity || sign == kMinusInfinity) {
    return read_text(type, sign == kInfinity ? "Infinity" : "-Infinity", {});
  }
  if (sign != 0 && sign != kNegative) {
    return bad_binary("invalid sign in external \"numeric\" value");
  }
  if (scale > kScaleMax) return bad_binary("invalid scale in external \"numeric\" value");
  TRY(check_binary_length(bytes, kHeadBytes + 2 * count));
  std::string whole;
  std::string fraction(weight < -1 ? kGroupDigits * static_cast<size_t>(-1 - weight) : 0, '0');
  for (size_t i = 0; i < count; ++i) {
    const uint64_t group = get_big_endian(bytes.substr(kHeadBytes + 2 * i, 2));
    if (group > 9999) return bad_binary("invalid digit in external \"numeric\" value");
    std::string text = std::to_string(group);
    text.insert(0, kGroupDigits - text.size(), '0');
    (static_cast<int64_t>(i) <= weight ? whole : fraction) += text;
  }
  if (weight >= 0) whole.resize(kGroupDigits * (static_cast<size_t>(weight) + 1), '0');
  fraction.resize(scale, '0');  // What the scale does not show is cut, as PostgreSQL cuts it.
  std::string text = sign == kNegative ? "-" : "";
  text += whole.empty() ? "0" : whole;
  if (!fraction.empty()) text += "." + fraction;
  return read_text(type, text, {});
}

// ---- Keys ----

void write_key(Datum value, std::string& key) {
  const std::string_view numeric = value.text;
  key += 'n';
  const bool negative = !numeric.empty() && numeric.front() == '-';
  const std::string_view body = numeric.substr(negative ? 1 : 0);
  if (body.empty() || !is_digit(body.front())) {
    key += body == "NaN" ? '9' : negative ? '1' : '8';
    return;
  }
  const size_t point = body.find('.');
  const size_t whole = point == body.npos ? body.size() : point;
  std::string digits;
  digits.reserve(body.size());
  digits.append(body.substr(0, whole));
  if (point != body.npos) digits.append(body.substr(point + 1));
  const size_t first = digits.find_first_not_of('0');
  if (first == digits.npos) {
    key += '5';
    return;
  }
  const size_t last = digits.find_last_not_of('0');
  const int64_t exponent = static_cast<int64_t>(whole) - static_cast<int64_t>(first);
  key += negative ? '4' : '6';
  append_int_key(negative ? -exponent : exponent, key);
  for (size_t i = first; i <= last; ++i) {
    key += negative ? static_cast<char>('9' - (digits[i] - '0')) : digits[i];
  }
  key += negative ? '~' : '+';
}

size_t key_length(Bytes text, bool descending) {
  const char sign = text.size() > 1 ? mirrored(text[1], descending) : '5';
  if (sign != '4' && sign != '6') return 2;
  const size_t digits =
      2 + whole_key_length(text.substr(std::min<size_t>(2, text.size())), descending);
  return key_length_until(text, digits, sign == '4' ? '~' : '+', descending);
}

constexpr std::array<std::string_view, 3> kSpellings = {"numeric", "decimal", "dec"};

using enum CastContext;
constexpr std::array kCasts = {
    CastRow{TypeId::kInt2, kAssignment, cast_number},
    CastRow{TypeId::kInt4, kAssignment, cast_number},
    CastRow{TypeId::kInt8, kAssignment, cast_number},
    CastRow{TypeId::kFloat4, kImplicit, cast_number},
    CastRow{TypeId::kFloat8, kImplicit, cast_number},
};

}  // namespace

constinit const TypeInfo kNumericType = {
    .id = TypeId::kNumeric,
    .oid = 1700,
    .array_oid = 1231,
    .name = "numeric",
    .shown = "numeric",
    .spellings = kSpellings,
    .category = 'N',
    .order = Order::kNumeric,
    .shape = Shape::kNumeric,
    .with_modifiers = with_modifiers,
    .shown_with = shown_with,
    .fit = cast_number,
    .read_text = read_text,
    .write_text = write_text,
    .read_binary = read_binary,
    .write_binary = write_binary,
    .read_json = read_number_element,
    .write_json = write_number_element<TypeId::kNumeric>,
    .read_large = read_large_input,
    .write_key = write_key,
    .key_length = key_length,
    .casts = kCasts,
    .sum = TypeId::kNumeric,
    .average = TypeId::kNumeric,
    .has_extremes = true,
};

}  // namespace rowan::type
