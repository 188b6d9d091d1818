#include "engine/import/spelling.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "type/datetime.h"
#include "type/json_text.h"
#include "type/numeric.h"
#include "type/text.h"
#include "type/type_info.h"

namespace rowan::engine {

namespace {

constexpr size_t kShownBytesMax = 80;

// How deeply arrays and objects nest in a line.
int nesting_of(Bytes line) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (in_string && c == '\\') ++i;
    if (c == '"') in_string = !in_string;
    if (in_string) continue;
    if (c == '[' || c == '{') deepest = std::max(deepest, ++depth);
    if (c == ']' || c == '}') --depth;
  }
  return deepest;
}

// The values of a line; nothing: it is no JSON array.
std::optional<size_t> values_in(Bytes line) {
  if (!line.starts_with('[') || !line.ends_with(']')) return std::nullopt;
  size_t values = 0;
  const char* const end = line.data() + line.size() - 1;
  for (const char* p = line.data() + 1; p < end; ++values) {
    p = type::skip_json(p, end);
    if (p == nullptr || (p < end && *p != ',')) return std::nullopt;
    if (p < end) ++p;
  }
  return values;
}

Error unfit(type::Type type, std::string_view why) {
  return Error(ErrorCode::kInvalidContent, std::string(why) + type::type_name(type));
}

// A number or a truth value in another spelling than its type's own: 6.0 and "6" are the integer 6.
Result<type::Value> value_spelled_otherwise(type::Type type, Bytes element) {
  std::string text(element);
  const bool quoted = element.starts_with('"');
  if (quoted && !type::read_json_string(element, text)) return unfit(type, "it is no ");
  if (type.id == type::TypeId::kBool && quoted) {
    auto value = type::parse_text(type, text);
    return value ? std::move(value) : unfit(type, "it is no ");
  }
  const bool number = quoted || element.starts_with('-') ||
                      (!element.empty() && element.front() >= '0' && element.front() <= '9');
  if (!type::is_integer(type.id) || !number) return unfit(type, "it is no ");
  const auto exact = type::numeric_parse(text);
  if (!exact) return unfit(type, "it is no ");
  const auto whole = type::numeric_to_int(*exact);
  if (!whole) return unfit(type, "it is out of range for ");
  if (type::numeric_compare(type::numeric_from_int(*whole), *exact) != 0)
    return unfit(type, "its fraction would be lost in ");
  auto value = type::parse_text(type, std::to_string(*whole));
  return value ? std::move(value) : unfit(type, "it is out of range for ");
}

}  // namespace

std::string without_blanks(Bytes line) {
  std::string out;
  out.reserve(line.size());
  bool in_string = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (!in_string && (c == ' ' || c == '\t' || c == '\r')) continue;
    out += c;
    if (in_string && c == '\\' && i + 1 < line.size()) out += line[++i];
    if (c == '"') in_string = !in_string;
  }
  return out;
}

std::string shown(Bytes line) {
  size_t bytes = std::min(line.size(), kShownBytesMax);
  while (bytes < line.size() && bytes > 0 && (line[bytes] & 0xC0) == 0x80) --bytes;
  return std::string(line.substr(0, bytes)) + (bytes < line.size() ? "…" : "");
}

std::string why_no_row(const type::RowLayout& layout, Bytes text) {
  const std::string line = without_blanks(text);
  if (nesting_of(line) > type::kJsonDepthMax)
    return "its values nest more deeply than " + std::to_string(type::kJsonDepthMax) + " levels";
  const std::optional<size_t> values = values_in(line);
  if (!values) return "it is no JSON array";
  const size_t columns = layout.slots.size() + (layout.counted ? 1 : 0);
  if (*values > columns)
    return "it has " + std::to_string(*values) + " values, and table.sql has room for " +
           std::to_string(columns);
  return "its values are not those of table.sql";
}

Result<type::Value> lenient_value(type::Type type, Bytes element) {
  auto value = type::decode_element(type, element);
  if (!value) return value_spelled_otherwise(type, element);
  const auto fit = type::type_info(type.id).fit;
  if (fit == nullptr || type.modifier == -1 || value->is_null()) return value;
  auto fitted = fit(*value, type);
  if (!fitted) return unfit(type, "it is out of range for ");
  if (type::compare(*fitted, *value) != 0) {
    const bool has_digits = type::is_number(type.id) || type::is_datetime(type.id);
    return unfit(type, has_digits ? "its last digits would be lost in "
                                  : "a part of it would be lost in ");
  }
  return fitted;
}

}  // namespace rowan::engine
