// Text functions. Positions and lengths count characters.
#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "expr/families.h"
#include "expr/kernels.h"
#include "expr/utf8.h"
#include "sql/parser.h"
#include "type/cast.h"
#include "type/text.h"

namespace rowan::expr {
namespace {

Error too_long() { return Error(ErrorCode::kProgramLimit, "requested length too large"); }

// ---- Lengths and positions ----

Result<Column> character_length(const KernelInput& input) {
  return map1<int64_t, std::string_view>(
      input, [](std::string_view text) { return static_cast<int64_t>(type::utf8_length(text)); });
}
Result<Column> byte_length(const KernelInput& input) {
  return map1<int64_t, std::string_view>(
      input, [](std::string_view text) { return static_cast<int64_t>(text.size()); });
}
// char(n) is as long as its type says.
Result<Column> padded_byte_length(const KernelInput& input) {
  const Column& column = input.arguments[0];
  const int64_t width = std::max(column.type.modifier, 0);
  return map1<int64_t, std::string_view>(input, [width](std::string_view text) {
    const auto characters = static_cast<int64_t>(type::utf8_length(text));
    return static_cast<int64_t>(text.size()) + std::max<int64_t>(width - characters, 0);
  });
}
Result<Column> bit_length(const KernelInput& input) {
  return map1<int64_t, std::string_view>(
      input, [](std::string_view text) { return static_cast<int64_t>(text.size()) * 8; });
}

int64_t find_character(std::string_view text, std::string_view part) {
  const size_t at = text.find(part);
  return at == std::string_view::npos
             ? 0
             : static_cast<int64_t>(type::utf8_length(text.substr(0, at))) + 1;
}
Result<Column> strpos(const KernelInput& input) {
  return map2<int64_t, std::string_view, std::string_view>(input, find_character);
}
Result<Column> starts_with(const KernelInput& input) {
  return map2<int64_t, std::string_view, std::string_view>(
      input, [](std::string_view text, std::string_view start) {
        return static_cast<int64_t>(text.starts_with(start));
      });
}
Result<Column> ascii(const KernelInput& input) {
  return map1<int64_t, std::string_view>(input, [](std::string_view text) {
    return text.empty() ? int64_t{0} : static_cast<int64_t>(decode_character(text, 0));
  });
}

// ---- Case ----

void append_initcap(std::string_view text, std::string& out) {
  bool inside = false;
  for (size_t at = 0; at < text.size(); at = next_character(text, at)) {
    const uint32_t code = decode_character(text, at);
    append_character(inside ? to_lower(code) : to_upper(code), out);
    inside = is_alphanumeric(code);
  }
}

template <void (*append)(std::string_view, std::string&)>
Result<Column> rewrite(const KernelInput& input) {
  const Strings texts(input.arguments[0]);
  std::string scratch;
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    scratch.clear();
    append(texts[row], scratch);
    out.set(row, scratch);
    return {};
  });
}

// ---- Parts ----

// f(text, row) -> a part of the text, shared with it.
template <typename F>
Result<Column> part_of(const KernelInput& input, size_t argument, F f) {
  const Strings texts(input.arguments[argument]);
  StringOutput out(input.result_type, input.rows);
  out.keep(input.arguments[argument]);
  for (size_t row = 0; row < input.rows; ++row) {
    if (is_null(input, row)) continue;
    TRY_ASSIGN(const std::string_view part, f(texts[row], row));
    out.set_view(row, part);
  }
  return out.finish();
}

// Characters [from, to), counted from 1 as SQL does; from may lie before the text.
std::string_view character_range(std::string_view text, int64_t from, int64_t to) {
  from = std::max<int64_t>(from, 1);
  if (to <= from) return {};
  if (is_ascii(text)) {
    if (from > static_cast<int64_t>(text.size())) return {};
    return text.substr(static_cast<size_t>(from - 1), static_cast<size_t>(to - from));
  }
  const size_t begin = character_offset(text, static_cast<size_t>(from - 1));
  const std::string_view rest = text.substr(begin);
  return rest.substr(0, character_offset(rest, static_cast<size_t>(to - from)));
}

// As character_range(), of bytes.
std::string_view byte_range(std::string_view bytes, int64_t from, int64_t to) {
  from = std::max<int64_t>(from, 1);
  if (to <= from || from > static_cast<int64_t>(bytes.size())) return {};
  return bytes.substr(static_cast<size_t>(from - 1), static_cast<size_t>(to - from));
}

Result<Column> substring(const KernelInput& input) {
  const Ints from(input.arguments[1]);
  const Column* count = input.arguments.size() > 2 ? &input.arguments[2] : nullptr;
  return part_of(input, 0, [&](std::string_view text, size_t row) -> Result<std::string_view> {
    if (count == nullptr) return character_range(text, from[row], INT64_MAX);
    const int64_t length = count->ints()[count->index(row)];
    if (length < 0)
      return Error(ErrorCode::kNegativeSubstringLength, "negative substring length not allowed");
    return character_range(text, from[row], from[row] + length);
  });
}

// Bytes as substring() takes characters.
Result<Column> substring_bytes(const KernelInput& input) {
  const Ints from(input.arguments[1]);
  const Column* count = input.arguments.size() > 2 ? &input.arguments[2] : nullptr;
  return part_of(input, 0, [&](std::string_view bytes, size_t row) -> Result<std::string_view> {
    if (count == nullptr) return byte_range(bytes, from[row], INT64_MAX);
    const int64_t length = count->ints()[count->index(row)];
    if (length < 0)
      return Error(ErrorCode::kNegativeSubstringLength, "negative substring length not allowed");
    return byte_range(bytes, from[row], from[row] + length);
  });
}

// overlay(text, new, from [, count]): `count` characters from there on give way; without it as many
// as come.
template <std::string_view (*range)(std::string_view, int64_t, int64_t),
          int64_t (*length)(std::string_view)>
Result<Column> overlay(const KernelInput& input) {
  const Strings texts(input.arguments[0]), news(input.arguments[1]);
  const Ints from(input.arguments[2]);
  const Column* counts = input.arguments.size() > 3 ? &input.arguments[3] : nullptr;
  std::string scratch;
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    const int64_t at = from[row];
    const int64_t count =
        counts == nullptr ? length(news[row]) : counts->ints()[counts->index(row)];
    if (at <= 0)
      return Error(ErrorCode::kNegativeSubstringLength, "negative substring length not allowed");
    if (at + count > INT32_MAX || at + count < INT32_MIN)
      return Error(ErrorCode::kNumericOutOfRange, "integer out of range");
    scratch = range(texts[row], 1, at);
    scratch += news[row];
    scratch += range(texts[row], at + count, INT64_MAX);
    if (scratch.size() > kValueBytesMax) return too_long();
    out.set(row, scratch);
    return {};
  });
}
int64_t characters_of(std::string_view text) {
  return static_cast<int64_t>(type::utf8_length(text));
}
int64_t bytes_of(std::string_view bytes) { return static_cast<int64_t>(bytes.size()); }

Result<Column> left(const KernelInput& input) {
  const Ints counts(input.arguments[1]);
  return part_of(input, 0, [&](std::string_view text, size_t row) -> Result<std::string_view> {
    const int64_t count = counts[row] >= 0
                              ? counts[row]
                              : static_cast<int64_t>(type::utf8_length(text)) + counts[row];
    return character_range(text, 1, count + 1);
  });
}

Result<Column> right(const KernelInput& input) {
  const Ints counts(input.arguments[1]);
  return part_of(input, 0, [&](std::string_view text, size_t row) -> Result<std::string_view> {
    const int64_t length = static_cast<int64_t>(type::utf8_length(text));
    return character_range(text, counts[row] >= 0 ? length - counts[row] + 1 : -counts[row] + 1,
                           INT64_MAX);
  });
}

bool is_one_of(std::string_view text, size_t at, size_t end, std::string_view set) {
  const std::string_view character = text.substr(at, end - at);
  for (size_t i = 0; i < set.size(); i = next_character(set, i)) {
    if (set.substr(i, next_character(set, i) - i) == character) return true;
  }
  return false;
}

template <bool front, bool back>
Result<Column> trim(const KernelInput& input) {
  const Column* sets = input.arguments.size() > 1 ? &input.arguments[1] : nullptr;
  return part_of(input, 0, [&](std::string_view text, size_t row) -> Result<std::string_view> {
    const std::string_view set =
        sets == nullptr ? std::string_view(" ") : sets->strings()[sets->index(row)];
    while (front && !text.empty()) {
      const size_t end = next_character(text, 0);
      if (!is_one_of(text, 0, end, set)) break;
      text.remove_prefix(end);
    }
    while (back && !text.empty()) {
      size_t at = text.size() - 1;
      while (at > 0 && is_continuation(text[at])) --at;
      if (!is_one_of(text, at, text.size(), set)) break;
      text = text.substr(0, at);
    }
    return text;
  });
}

// Field n of the text, from 1; from the end when negative.
std::string_view field_of(std::string_view text, std::string_view delimiter, int64_t n) {
  if (delimiter.empty()) return n == 1 || n == -1 ? text : std::string_view();
  if (n < 0) {
    int64_t fields = 1;
    for (size_t at = text.find(delimiter); at != std::string_view::npos;
         at = text.find(delimiter, at + delimiter.size()))
      ++fields;
    n = fields + n + 1;
    if (n < 1) return {};
  }
  size_t from = 0;
  while (true) {
    const size_t at = text.find(delimiter, from);
    if (n == 1) return text.substr(from, at == std::string_view::npos ? at : at - from);
    if (at == std::string_view::npos) return {};
    from = at + delimiter.size();
    --n;
  }
}

Result<Column> split_part(const KernelInput& input) {
  const Strings delimiters(input.arguments[1]);
  const Ints numbers(input.arguments[2]);
  return part_of(input, 0, [&](std::string_view text, size_t row) -> Result<std::string_view> {
    if (numbers[row] == 0)
      return Error(ErrorCode::kInvalidParameterValue, "field position must not be zero");
    return field_of(text, delimiters[row], numbers[row]);
  });
}

// ---- New texts ----

template <bool at_left>
Result<Column> pad(const KernelInput& input) {
  const Strings texts(input.arguments[0]);
  const Ints lengths(input.arguments[1]);
  const Column* fills = input.arguments.size() > 2 ? &input.arguments[2] : nullptr;
  std::string scratch;
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    const std::string_view text = texts[row];
    const std::string_view fill =
        fills == nullptr ? std::string_view(" ") : fills->strings()[fills->index(row)];
    const int64_t wanted = std::max<int64_t>(lengths[row], 0);
    const int64_t length = static_cast<int64_t>(type::utf8_length(text));
    if (wanted <= length || fill.empty()) {
      out.set(row, character_range(text, 1, wanted + 1));
      return {};
    }
    if (static_cast<uint64_t>(wanted) > kValueBytesMax) return too_long();
    scratch.clear();
    size_t at = 0;
    for (int64_t i = length; i < wanted; ++i) {
      const size_t end = next_character(fill, at);
      scratch.append(fill, at, end - at);
      at = end >= fill.size() ? 0 : end;
    }
    if (at_left) {
      scratch += text;
    } else {
      scratch.insert(0, text);
    }
    out.set(row, scratch);
    return {};
  });
}

Result<Column> replace(const KernelInput& input) {
  const Strings texts(input.arguments[0]), froms(input.arguments[1]), tos(input.arguments[2]);
  std::string scratch;
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    const std::string_view text = texts[row], from = froms[row], to = tos[row];
    scratch.clear();
    size_t at = 0;
    while (!from.empty()) {
      const size_t found = text.find(from, at);
      if (found == std::string_view::npos) break;
      scratch.append(text, at, found - at);
      scratch += to;
      at = found + from.size();
      if (scratch.size() > kValueBytesMax) return too_long();
    }
    scratch.append(text, at, std::string_view::npos);
    out.set(row, scratch);
    return {};
  });
}

Result<Column> translate(const KernelInput& input) {
  const Strings texts(input.arguments[0]), froms(input.arguments[1]), tos(input.arguments[2]);
  std::string scratch;
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    const std::string_view text = texts[row], from = froms[row], to = tos[row];
    scratch.clear();
    for (size_t at = 0; at < text.size(); at = next_character(text, at)) {
      const std::string_view character = text.substr(at, next_character(text, at) - at);
      size_t index = 0;
      size_t place = 0;
      while (place < from.size() &&
             from.substr(place, next_character(from, place) - place) != character) {
        place = next_character(from, place);
        ++index;
      }
      if (place >= from.size()) {
        scratch += character;
        continue;
      }
      const size_t target = character_offset(to, index);
      if (target < to.size()) scratch.append(to, target, next_character(to, target) - target);
    }
    out.set(row, scratch);
    return {};
  });
}

void append_reverse(std::string_view text, std::string& out) {
  size_t end = text.size();
  while (end > 0) {
    size_t at = end - 1;
    while (at > 0 && is_continuation(text[at])) --at;
    out.append(text, at, end - at);
    end = at;
  }
}

Result<Column> repeat(const KernelInput& input) {
  const Strings texts(input.arguments[0]);
  const Ints counts(input.arguments[1]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    const std::string_view text = texts[row];
    const uint64_t count = static_cast<uint64_t>(std::max<int64_t>(counts[row], 0));
    if (text.empty() || count == 0) return {};
    if (count > kValueBytesMax / text.size()) return too_long();
    char* to = out.allocate(text.size() * count);
    for (uint64_t i = 0; i < count; ++i)
      std::memcpy(to + i * text.size(), text.data(), text.size());
    out.set_view(row, {to, text.size() * count});
    return {};
  });
}

Result<Column> chr(const KernelInput& input) {
  const Ints codes(input.arguments[0]);
  std::string scratch;
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    const int64_t code = codes[row];
    if (code == 0) return Error(ErrorCode::kProgramLimit, "null character not permitted");
    if (code < 0)
      return Error(ErrorCode::kInvalidParameterValue, "character number must be positive");
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      return Error(ErrorCode::kProgramLimit,
                   "requested character too large for encoding: " + std::to_string(code));
    }
    scratch.clear();
    append_character(static_cast<uint32_t>(code), scratch);
    out.set(row, scratch);
    return {};
  });
}

template <typename Unsigned>
Result<Column> to_hexadecimal(const KernelInput& input) {
  const Ints values(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    char digits[16];
    const auto end =
        std::to_chars(digits, digits + sizeof digits, static_cast<Unsigned>(values[row]), 16).ptr;
    out.set(row, {digits, static_cast<size_t>(end - digits)});
    return {};
  });
}

void append_quoted_ident(std::string_view text, std::string& out) { out += sql::quote_ident(text); }
// With backslashes, as a literal that reads the same under any setting of
// standard_conforming_strings.
void append_quoted_literal(std::string_view text, std::string& out) {
  if (text.find('\\') == std::string_view::npos) {
    out += sql::quote_literal(text);
    return;
  }
  std::string doubled;
  for (const char byte : text) doubled.append(byte == '\\' ? 2 : 1, byte);
  out += 'E';
  out += sql::quote_literal(doubled);
}

// ---- Concatenation ----

Result<Column> concatenate(const KernelInput& input) {
  const Strings a(input.arguments[0]), b(input.arguments[1]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    const size_t size = a[row].size() + b[row].size();
    if (size == 0) return {};
    if (size > kValueBytesMax) return too_long();
    char* to = out.allocate(size);
    if (!a[row].empty()) std::memcpy(to, a[row].data(), a[row].size());
    if (!b[row].empty()) std::memcpy(to + a[row].size(), b[row].data(), b[row].size());
    out.set_view(row, {to, size});
    return {};
  });
}

// text || any: the other side as its cast to text.
Result<Column> concatenate_any(const KernelInput& input) {
  Column sides[2] = {input.arguments[0], input.arguments[1]};
  for (Column& side : sides) {
    if (!type::is_text(side.type.id)) {
      TRY_ASSIGN(side, type::cast(side, {TypeId::kText}, type::CastContext::kExplicit));
    }
  }
  KernelInput texts = input;
  texts.arguments = sides;
  return concatenate(texts);
}

void append_output(const Column& column, size_t row, std::string& out) {
  type::append_text(column.type, column.datum(row), out);
}

// concat and concat_ws pass NULLs over.
Result<Column> concat(const KernelInput& input) {
  std::string scratch;
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    scratch.clear();
    for (const Column& argument : input.arguments) {
      if (!argument.is_null(row)) append_output(argument, row, scratch);
      if (scratch.size() > kValueBytesMax) return too_long();
    }
    out.set(row, scratch);
    return {};
  });
}

Result<Column> concat_ws(const KernelInput& input) {
  std::string scratch;
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    const Column& separator = input.arguments[0];
    if (separator.is_null(row)) {
      out.set_null(row);
      return {};
    }
    scratch.clear();
    bool first = true;
    for (const Column& argument : input.arguments.subspan(1)) {
      if (argument.is_null(row)) continue;
      if (!first) scratch += separator.strings()[separator.index(row)];
      first = false;
      append_output(argument, row, scratch);
      if (scratch.size() > kValueBytesMax) return too_long();
    }
    out.set(row, scratch);
    return {};
  });
}

Result<Column> quote_nullable(const KernelInput& input) {
  const Column& texts = input.arguments[0];
  std::string scratch;
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    scratch.clear();
    if (texts.is_null(row)) {
      scratch = "NULL";
    } else {
      append_quoted_literal(texts.strings()[texts.index(row)], scratch);
    }
    out.set(row, scratch);
    return {};
  });
}

// f of any value's text.
template <Kernel f>
Result<Column> of_any_text(const KernelInput& input) {
  Column text = input.arguments[0];
  if (text.type.id != TypeId::kText) {
    TRY_ASSIGN(text, type::cast(text, {TypeId::kText}, type::CastContext::kExplicit));
  }
  KernelInput inner = input;
  inner.arguments = {&text, 1};
  return f(inner);
}

// position(part, text) is strpos(text, part).
Result<Column> position(const KernelInput& input) {
  return map2<int64_t, std::string_view, std::string_view>(
      input,
      [](std::string_view part, std::string_view text) { return find_character(text, part); });
}
Result<Column> byte_position(const KernelInput& input) {
  return map2<int64_t, std::string_view, std::string_view>(
      input, [](std::string_view part, std::string_view bytes) {
        const size_t at = bytes.find(part);
        return at == std::string_view::npos ? int64_t{0} : static_cast<int64_t>(at) + 1;
      });
}

// ---- The rows ----

using enum TypeId;

constexpr Traits kStable = {.volatility = Volatility::kStable};
constexpr Traits kOfNulls = {.strict = false};
constexpr Traits kOfAny = {.volatility = Volatility::kStable, .strict = false, .variadic = true};

constexpr Function kRows[] = {
    {1317, "length", {kText}, kInt4, character_length},
    {1381, "char_length", {kText}, kInt4, character_length},
    {1369, "character_length", {kText}, kInt4, character_length},
    {2010, "length", {kBytea}, kInt4, byte_length},
    {1374, "octet_length", {kText}, kInt4, byte_length},
    {1811, "bit_length", {kText}, kInt4, bit_length},
    {720, "octet_length", {kBytea}, kInt4, byte_length},
    {1810, "bit_length", {kBytea}, kInt4, bit_length},
    {1375, "octet_length", {kChar}, kInt4, padded_byte_length},
    {868, "strpos", {kText, kText}, kInt4, strpos},
    {3696, "starts_with", {kText, kText}, kBool, starts_with},
    {3877, "^@", {kText, kText}, kBool, starts_with},
    {849, "position", {kText, kText}, kInt4, position},
    {2014, "position", {kBytea, kBytea}, kInt4, byte_position},
    {1620, "ascii", {kText}, kInt4, ascii},
    {870, "lower", {kText}, kText, rewrite<append_lower>},
    {871, "upper", {kText}, kText, rewrite<append_upper>},
    {872, "initcap", {kText}, kText, rewrite<append_initcap>},
    {3062, "reverse", {kText}, kText, rewrite<append_reverse>},
    {1282, "quote_ident", {kText}, kText, rewrite<append_quoted_ident>},
    {1283, "quote_literal", {kText}, kText, rewrite<append_quoted_literal>},
    {1285, "quote_literal", {Any::kElement}, kText, of_any_text<rewrite<append_quoted_literal>>, kStable},
    {1289, "quote_nullable", {kText}, kText, quote_nullable, kOfNulls},
    {1290, "quote_nullable", {Any::kElement}, kText, of_any_text<quote_nullable>, {.volatility = Volatility::kStable, .strict = false}},
    {883, "substr", {kText, kInt4}, kText, substring},
    {877, "substr", {kText, kInt4, kInt4}, kText, substring},
    {2086, "substr", {kBytea, kInt4}, kBytea, substring_bytes},
    {2085, "substr", {kBytea, kInt4, kInt4}, kBytea, substring_bytes},
    {937, "substring", {kText, kInt4}, kText, substring},
    {936, "substring", {kText, kInt4, kInt4}, kText, substring},
    {2013, "substring", {kBytea, kInt4}, kBytea, substring_bytes},
    {2012, "substring", {kBytea, kInt4, kInt4}, kBytea, substring_bytes},
    {1405, "overlay", {kText, kText, kInt4}, kText, overlay<character_range, characters_of>},
    {1404, "overlay", {kText, kText, kInt4, kInt4}, kText, overlay<character_range, characters_of>},
    {752, "overlay", {kBytea, kBytea, kInt4}, kBytea, overlay<byte_range, bytes_of>},
    {749, "overlay", {kBytea, kBytea, kInt4, kInt4}, kBytea, overlay<byte_range, bytes_of>},
    {3060, "left", {kText, kInt4}, kText, left},
    {3061, "right", {kText, kInt4}, kText, right},
    {885, "btrim", {kText}, kText, trim<true, true>},
    {884, "btrim", {kText, kText}, kText, trim<true, true>},
    {881, "ltrim", {kText}, kText, trim<true, false>},
    {875, "ltrim", {kText, kText}, kText, trim<true, false>},
    {882, "rtrim", {kText}, kText, trim<false, true>},
    {876, "rtrim", {kText, kText}, kText, trim<false, true>},
    {2088, "split_part", {kText, kText, kInt4}, kText, split_part},
    {879, "lpad", {kText, kInt4}, kText, pad<true>},
    {873, "lpad", {kText, kInt4, kText}, kText, pad<true>},
    {880, "rpad", {kText, kInt4}, kText, pad<false>},
    {874, "rpad", {kText, kInt4, kText}, kText, pad<false>},
    {2087, "replace", {kText, kText, kText}, kText, replace},
    {878, "translate", {kText, kText, kText}, kText, translate},
    {1622, "repeat", {kText, kInt4}, kText, repeat},
    {1621, "chr", {kInt4}, kText, chr},
    {2089, "to_hex", {kInt4}, kText, to_hexadecimal<uint32_t>},
    {2090, "to_hex", {kInt8}, kText, to_hexadecimal<uint64_t>},
    {654, "||", {kText, kText}, kText, concatenate},
    {2779, "||", {kText, Any::kNonArray}, kText, concatenate_any},
    {2780, "||", {Any::kNonArray, kText}, kText, concatenate_any},
    {2018, "||", {kBytea, kBytea}, kBytea, concatenate},
    {3058, "concat", {Any::kAny}, kText, concat, kOfAny},
    {3059, "concat_ws", {kText, Any::kAny}, kText, concat_ws, kOfAny},
};

}  // namespace

constinit const std::span<const Function> kTextFunctions = kRows;

}  // namespace rowan::expr
