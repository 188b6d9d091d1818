#include "versions/interval_text.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

namespace rowan::versions {

namespace {

constexpr double kSecond = 1e6;
constexpr double kDay = 86'400 * kSecond;
constexpr double kIntervalMax = 1'000 * 365.25 * kDay;

// A unit's name without its plural s.
constexpr std::array<std::pair<std::string_view, double>, 20> kUnits{{
    {"microsecond", 1},
    {"us", 1},
    {"usec", 1},
    {"millisecond", 1e3},
    {"ms", 1e3},
    {"msec", 1e3},
    {"second", kSecond},
    {"sec", kSecond},
    {"s", kSecond},
    {"minute", 60 * kSecond},
    {"min", 60 * kSecond},
    {"m", 60 * kSecond},
    {"hour", 3600 * kSecond},
    {"hr", 3600 * kSecond},
    {"h", 3600 * kSecond},
    {"day", kDay},
    {"d", kDay},
    {"week", 7 * kDay},
    {"month", 30 * kDay},
    {"year", 365.25 * kDay},
}};

std::optional<double> unit_of(std::string word) {
  for (char& c : word) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  for (const auto& [name, size] : kUnits) {
    if (word == name || (name.size() > 2 && word == std::string(name) + "s")) return size;
  }
  return std::nullopt;
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && (text[0] == ' ' || text[0] == '\t')) text.remove_prefix(1);
}

// Digits with at most one point; moves past them.
std::optional<double> take_decimal(std::string_view& text) {
  double value = 0;
  if (text.empty() || !((text[0] >= '0' && text[0] <= '9') || text[0] == '.')) return std::nullopt;
  const auto read =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (read.ec != std::errc() || value > kIntervalMax) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(read.ptr - text.data()));
  return value;
}

// The rest of `hours:minutes[:seconds]` behind the hours.
std::optional<double> take_clock(double hours, std::string_view& text) {
  double sum = hours * 3600;
  for (const double factor : {60.0, 1.0}) {
    if (text.empty() || text[0] != ':') break;
    text.remove_prefix(1);
    const auto value = take_decimal(text);
    if (!value || *value >= 60) return std::nullopt;
    sum += *value * factor;
  }
  return sum * kSecond;
}

std::optional<double> take_part(std::string_view& text) {
  const auto value = take_decimal(text);
  if (!value) return std::nullopt;
  if (text.starts_with(':')) return take_clock(*value, text);
  skip_blanks(text);
  size_t end = 0;
  while (end < text.size() && ((text[end] | 0x20) >= 'a' && (text[end] | 0x20) <= 'z')) ++end;
  const auto unit = end == 0 && text.empty() ? std::optional<double>(kSecond)
                                             : unit_of(std::string(text.substr(0, end)));
  text.remove_prefix(end);
  if (!unit) return std::nullopt;
  return *value * *unit;
}

}  // namespace

Result<int64_t> parse_interval(std::string_view text) {
  const Error invalid(ErrorCode::kInvalidDatetimeFormat,
                      fmt::format("invalid input syntax for type interval: \"{}\"", text));
  std::string_view rest = text;
  double sum = 0;
  skip_blanks(rest);
  const bool is_negative = rest.starts_with('-');
  if (is_negative) rest.remove_prefix(1);
  if (rest.empty()) return invalid;
  while (!rest.empty()) {
    const auto part = take_part(rest);
    if (!part) return invalid;
    sum += *part;
    skip_blanks(rest);
  }
  if (is_negative || sum < 1) {
    return Error(
        ErrorCode::kInvalidParameterValue,
        fmt::format("the interval of a history policy must be above zero, not \"{}\"", text));
  }
  if (sum > kIntervalMax)
    return Error(ErrorCode::kInvalidParameterValue,
                 fmt::format("interval \"{}\" is out of range", text));
  return static_cast<int64_t>(std::llround(sum));
}

}  // namespace rowan::versions
