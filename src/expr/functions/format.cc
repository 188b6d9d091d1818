// Texts that are made by a pattern or taken apart: format, encode, md5, string_to_array, to_char.
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

#include "base/hash.h"
#include "base/limits.h"
#include "expr/families.h"
#include "expr/kernels.h"
#include "expr/resolve.h"
#include "expr/utf8.h"
#include "sql/parser.h"
#include "type/array.h"
#include "type/datetime.h"
#include "type/numeric.h"
#include "type/text.h"

namespace rowan::expr {
namespace {

using type::ArrayBuilder;
using type::ArrayReader;

Error too_long() { return Error(ErrorCode::kProgramLimit, "requested length too large"); }

void append_value(const Column& column, size_t row, std::string& out) {
  if (!column.is_null(row)) type::append_text(column.type, column.datum(row), out);
}

// ---- format ----

// %[position$][-][width]type, or %%.
class FormatReader {
 public:
  FormatReader(const KernelInput& input, size_t row) : input_(input), row_(row) {}

  Result<void> run(std::string_view pattern, std::string& out) {
    for (size_t at = 0; at < pattern.size(); ++at) {
      if (pattern[at] != '%') {
        out += pattern[at];
        continue;
      }
      if (++at == pattern.size()) return unterminated();
      if (pattern[at] == '%') {
        out += '%';
        continue;
      }
      TRY(one(pattern, at, out));
      if (out.size() > kValueBytesMax) return too_long();
    }
    return {};
  }

 private:
  static Error unterminated() {
    return Error(ErrorCode::kInvalidParameterValue, "unterminated format() type specifier")
        .with_hint("For a single \"%\" use \"%%\".");
  }
  static std::optional<int64_t> number(std::string_view pattern, size_t& at) {
    int64_t value = 0;
    const char* const begin = pattern.data() + at;
    const auto [end, error] = std::from_chars(begin, pattern.data() + pattern.size(), value);
    if (error != std::errc() || end == begin || *begin == '-') return std::nullopt;
    at += static_cast<size_t>(end - begin);
    return value;
  }
  Result<const Column*> argument(int64_t position) {
    if (position < 1)
      return Error(ErrorCode::kInvalidParameterValue,
                   "format specifies argument 0, but arguments are numbered from 1");
    if (static_cast<size_t>(position) >= input_.arguments.size())
      return Error(ErrorCode::kInvalidParameterValue, "too few arguments for format()");
    next_ = position + 1;
    return &input_.arguments[static_cast<size_t>(position)];
  }

  Result<void> one(std::string_view pattern, size_t& at, std::string& out) {
    std::optional<int64_t> position;
    bool left = false;
    int64_t width = 0;
    auto first = number(pattern, at);
    if (first && at < pattern.size() && pattern[at] == '$') {
      position = first;
      first.reset();
      ++at;
    }
    if (!first) {
      while (at < pattern.size() && pattern[at] == '-') {
        left = true;
        ++at;
      }
      if (at < pattern.size() && pattern[at] == '*') {
        ++at;
        auto from = number(pattern, at);
        if (from && at < pattern.size() && pattern[at] == '$') ++at;
        TRY_ASSIGN(const Column* column, argument(from ? *from : next_));
        std::string text;
        append_value(*column, row_, text);
        std::from_chars(text.data(), text.data() + text.size(), width);
        if (width < 0) {
          left = true;
          width = -width;
        }
      } else {
        first = number(pattern, at);
      }
    }
    if (first) width = *first;
    if (at >= pattern.size()) return unterminated();
    const char kind = pattern[at];
    if (kind != 's' && kind != 'I' && kind != 'L') {
      return Error(ErrorCode::kInvalidParameterValue,
                   "unrecognized format() type specifier \"" + std::string(1, kind) + "\"")
          .with_hint("For a single \"%\" use \"%%\".");
    }
    TRY_ASSIGN(const Column* column, argument(position ? *position : next_));
    if (width > static_cast<int64_t>(kValueBytesMax)) return too_long();
    std::string text;
    append_value(*column, row_, text);
    if (kind == 'I') {
      if (column->is_null(row_))
        return Error(ErrorCode::kInvalidParameterValue,
                     "null values cannot be formatted as an SQL identifier");
      text = sql::quote_ident(text);
    }
    if (kind == 'L') text = column->is_null(row_) ? "NULL" : quoted(text);
    const size_t length = type::utf8_length(text);
    const size_t blanks = static_cast<size_t>(width) > length ? static_cast<size_t>(width) - length : 0;
    if (!left) out.append(blanks, ' ');
    out += text;
    if (left) out.append(blanks, ' ');
    return {};
  }
  static std::string quoted(std::string_view text) {
    if (text.find('\\') == std::string_view::npos) return sql::quote_literal(text);
    std::string doubled;
    for (const char byte : text) doubled.append(byte == '\\' ? 2 : 1, byte);
    return "E" + sql::quote_literal(doubled);
  }

  const KernelInput& input_;
  const size_t row_;
  int64_t next_ = 1;
};

Result<Column> format(const KernelInput& input) {
  std::string text;
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    const Column& patterns = input.arguments[0];
    if (patterns.is_null(row)) {
      out.set_null(row);
      return {};
    }
    text.clear();
    TRY(FormatReader(input, row).run(patterns.strings()[patterns.index(row)], text));
    out.set(row, text);
    return {};
  });
}

// ---- Digests and encodings ----

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4];
    text += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

Result<Column> md5(const KernelInput& input) {
  const Strings texts(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (EVP_Digest(texts[row].data(), texts[row].size(), digest, &size, EVP_md5(), nullptr) != 1)
      return Error(ErrorCode::kFeatureNotSupported, "could not compute MD5 hash: unsupported");
    out.set(row, hexadecimal({reinterpret_cast<const char*>(digest), size}));
    return {};
  });
}

Result<Column> sha_256(const KernelInput& input) {
  const Strings bytes(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    const auto digest = sha256(bytes[row]);
    out.set(row, {reinterpret_cast<const char*>(digest.data()), digest.size()});
    return {};
  });
}

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(std::string_view bytes) {
  constexpr size_t kLine = 76;
  std::string text;
  size_t in_line = 0;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t word = 0;
    const size_t count = std::min<size_t>(3, bytes.size() - at);
    for (size_t i = 0; i < 3; ++i)
      word = word << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    if (in_line == kLine) {
      text += '\n';
      in_line = 0;
    }
    for (size_t i = 0; i < 4; ++i) text += i > count ? '=' : kBase64[word >> (18 - 6 * i) & 63];
    in_line += 4;
  }
  return text;
}

Error bad_encoded(std::string message) {
  return Error(ErrorCode::kInvalidParameterValue, std::move(message));
}

Result<std::string> from_base64(std::string_view text) {
  std::string bytes;
  uint32_t word = 0;
  int filled = 0;
  int padding = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
    const size_t digit = kBase64.find(c);
    if (c == '=') {
      if (filled < 2) return bad_encoded("unexpected \"=\" while decoding base64 sequence");
      ++padding;
    } else if (digit == std::string_view::npos || padding > 0) {
      return bad_encoded("invalid symbol \"" + std::string(1, c) +
                         "\" found while decoding base64 sequence");
    }
    word = word << 6 | (c == '=' ? 0u : static_cast<uint32_t>(digit));
    if (++filled < 4) continue;
    for (int i = 0; i < 3 - padding; ++i) bytes += static_cast<char>(word >> (16 - 8 * i) & 255);
    word = 0;
    filled = padding = 0;
  }
  if (filled != 0) {
    return bad_encoded("invalid base64 end sequence")
        .with_hint("Input data is missing padding, is truncated, or is otherwise corrupted.");
  }
  return bytes;
}

Result<std::string> from_hexadecimal(std::string_view text) {
  std::string bytes;
  int high = -1;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
    const char lower = static_cast<char>(c | 32);
    const int digit = c >= '0' && c <= '9'           ? c - '0'
                      : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10
                                                     : -1;
    if (digit < 0)
      return bad_encoded("invalid hexadecimal digit: \"" + std::string(1, c) + "\"");
    if (high < 0) {
      high = digit;
    } else {
      bytes += static_cast<char>(high << 4 | digit);
      high = -1;
    }
  }
  if (high >= 0) return bad_encoded("invalid hexadecimal data: odd number of digits");
  return bytes;
}

std::string to_escape(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    const auto code = static_cast<unsigned char>(byte);
    if (byte == '\\') {
      text += "\\\\";
    } else if (code == 0 || code >= 128) {
      text += '\\';
      for (const int shift : {6, 3, 0}) text += static_cast<char>('0' + (code >> shift & 7));
    } else {
      text += byte;
    }
  }
  return text;
}

Result<std::string> from_escape(std::string_view text) {
  std::string bytes;
  const auto octal = [&](size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      bytes += text[at];
    } else if (at + 1 < text.size() && text[at + 1] == '\\') {
      bytes += text[++at];
    } else if (octal(at + 1) && text[at + 1] <= '3' && octal(at + 2) && octal(at + 3)) {
      bytes += static_cast<char>((text[at + 1] - '0') << 6 | (text[at + 2] - '0') << 3 |
                                 (text[at + 3] - '0'));
      at += 3;
    } else {
      return Error(ErrorCode::kInvalidText, "invalid input syntax for type bytea");
    }
  }
  return bytes;
}

Error unknown_encoding(std::string_view name) {
  return Error(ErrorCode::kInvalidParameterValue,
               "unrecognized encoding: \"" + std::string(name) + "\"");
}

Result<Column> encode(const KernelInput& input) {
  const Strings bytes(input.arguments[0]), names(input.arguments[1]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    std::string name;
    append_lower(names[row], name);
    if (name == "hex") {
      out.set(row, hexadecimal(bytes[row]));
    } else if (name == "base64") {
      out.set(row, to_base64(bytes[row]));
    } else if (name == "escape") {
      out.set(row, to_escape(bytes[row]));
    } else {
      return unknown_encoding(names[row]);
    }
    return {};
  });
}

Result<Column> decode(const KernelInput& input) {
  const Strings texts(input.arguments[0]), names(input.arguments[1]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    std::string name;
    append_lower(names[row], name);
    if (name != "hex" && name != "base64" && name != "escape") return unknown_encoding(names[row]);
    TRY_ASSIGN(const std::string bytes, name == "hex"      ? from_hexadecimal(texts[row])
                                        : name == "base64" ? from_base64(texts[row])
                                                           : from_escape(texts[row]));
    out.set(row, bytes);
    return {};
  });
}

// ---- Texts to lists and back ----

// Without a delimiter every character is a part; an empty one leaves the text whole.
std::vector<std::string_view> split(std::string_view text, std::optional<std::string_view> delimiter) {
  std::vector<std::string_view> parts;
  if (text.empty()) return parts;
  if (!delimiter) {
    for (size_t at = 0; at < text.size();) {
      const size_t end = next_character(text, at);
      parts.push_back(text.substr(at, end - at));
      at = end;
    }
    return parts;
  }
  if (delimiter->empty()) return {text};
  for (;;) {
    const size_t at = text.find(*delimiter);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + delimiter->size());
  }
}

std::optional<std::string_view> text_at(const Column& column, size_t row) {
  if (column.is_null(row)) return std::nullopt;
  return column.strings()[column.index(row)];
}

Result<Column> string_to_array(const KernelInput& input) {
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    const auto text = text_at(input.arguments[0], row);
    if (!text) {
      out.set_null(row);
      return {};
    }
    const auto null = input.arguments.size() > 2 ? text_at(input.arguments[2], row) : std::nullopt;
    ArrayBuilder array(TypeId::kText);
    for (const std::string_view part : split(*text, text_at(input.arguments[1], row))) {
      if (null && part == *null) {
        array.append_null();
      } else {
        array.append(type::Datum(part));
      }
    }
    out.set(row, array.finish());
    return {};
  });
}

class PartRows final : public SetRows {
 public:
  PartRows(Type type, type::Column parts) : type_(type), parts_(std::move(parts)) {}
  Result<bool> next(type::Batch& batch) override {
    if (parts_.size == 0) return false;
    batch.rows = parts_.size;
    batch.columns = {std::exchange(parts_, {})};
    return true;
  }

 private:
  const Type type_;
  type::Column parts_;
};

Result<std::unique_ptr<SetRows>> string_to_table(const SetInput& input) {
  type::ColumnBuilder parts(input.results[0]);
  const auto& arguments = input.arguments;
  if (!arguments[0].is_null()) {
    std::optional<std::string_view> delimiter;
    if (!arguments[1].is_null()) delimiter = arguments[1].as_string();
    for (const std::string_view part : split(arguments[0].as_string(), delimiter)) {
      const bool null =
          arguments.size() > 2 && !arguments[2].is_null() && part == arguments[2].as_string();
      if (null) {
        parts.append_null();
      } else {
        parts.append_string(part);
      }
    }
  }
  return std::unique_ptr<SetRows>(std::make_unique<PartRows>(input.results[0], parts.finish()));
}

Result<Column> array_dims(const KernelInput& input) {
  const Strings arrays(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    const size_t size = type::array_size(arrays[row]);
    if (size == 0) {
      out.set_null(row);
    } else {
      out.set(row, "[1:" + std::to_string(size) + "]");
    }
    return {};
  });
}

// ---- to_char of dates and times ----

constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
constexpr std::string_view kDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                      "Thursday", "Friday", "Saturday"};

struct Moment {
  int64_t days = 0;
  int64_t micros = 0;  // Of the day.
};

std::string padded_number(int64_t value, size_t width, bool plain) {
  std::string digits = std::to_string(value < 0 ? -value : value);
  if (!plain && digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return (value < 0 ? "-" : "") + digits;
}

std::string cased(std::string_view word, std::string_view like) {
  std::string text;
  if (like.size() > 1 && like[0] >= 'A' && like[0] <= 'Z' && like[1] >= 'A' && like[1] <= 'Z') {
    append_upper(word, text);
  } else if (like[0] >= 'a') {
    append_lower(word, text);
  } else {
    text = word;
  }
  return text;
}

// The ISO week's number and its year.
std::pair<int64_t, int64_t> iso_week(int64_t days) {
  const auto weekday = [](int64_t day) { return ((day + 5) % 7 + 7) % 7; };  // Monday: 0.
  const int64_t thursday = days - weekday(days) + 3;
  const int64_t year = type::civil_from_days(thursday).year;
  return {(thursday - type::days_from_civil(year, 1, 1)) / 7 + 1, year};
}

std::string word_of_date(std::string_view key, std::string_view as_written, const Moment& moment,
                         bool plain) {
  const type::CivilDate date = type::civil_from_days(moment.days);
  const int64_t year = date.year > 0 ? date.year : 1 - date.year;
  const int64_t seconds = moment.micros / 1'000'000;
  const int64_t hour = seconds / 3600;
  const auto weekday = static_cast<size_t>(((moment.days + 6) % 7 + 7) % 7);  // Sunday: 0.
  const auto name = [&](std::string_view word, size_t width) {
    std::string text = cased(word, as_written);
    if (!plain && text.size() < width) text.append(width - text.size(), ' ');
    return text;
  };
  constexpr size_t kLongest = 9;
  if (key == "YYYY") return padded_number(year, 4, plain);
  if (key == "YYY") return padded_number(year % 1000, 3, plain);
  if (key == "YY") return padded_number(year % 100, 2, plain);
  if (key == "Y") return padded_number(year % 10, 1, plain);
  if (key == "Y,YYY") return std::to_string(year / 1000) + "," + padded_number(year % 1000, 3, false);
  if (key == "IYYY") return padded_number(iso_week(moment.days).second, 4, plain);
  if (key == "IW") return padded_number(iso_week(moment.days).first, 2, plain);
  if (key == "CC") return padded_number((year + 99) / 100, 2, plain);
  if (key == "MM") return padded_number(date.month, 2, plain);
  if (key == "MONTH") return name(kMonths[date.month - 1], kLongest);
  if (key == "MON") return name(kMonths[date.month - 1].substr(0, 3), 0);
  if (key == "DD") return padded_number(date.day, 2, plain);
  if (key == "DDD")
    return padded_number(moment.days - type::days_from_civil(date.year, 1, 1) + 1, 3, plain);
  if (key == "D") return std::to_string(weekday + 1);
  if (key == "ID") return std::to_string(weekday == 0 ? 7 : weekday);
  if (key == "DAY") return name(kDays[weekday], kLongest);
  if (key == "DY") return name(kDays[weekday].substr(0, 3), 0);
  if (key == "Q") return std::to_string((date.month - 1) / 3 + 1);
  if (key == "W") return std::to_string((date.day - 1) / 7 + 1);
  if (key == "WW")
    return padded_number((moment.days - type::days_from_civil(date.year, 1, 1)) / 7 + 1, 2, plain);
  if (key == "J") return std::to_string(moment.days + 2'451'545);
  if (key == "HH24") return padded_number(hour, 2, plain);
  if (key == "HH" || key == "HH12") return padded_number(hour % 12 == 0 ? 12 : hour % 12, 2, plain);
  if (key == "MI") return padded_number(seconds / 60 % 60, 2, plain);
  if (key == "SS") return padded_number(seconds % 60, 2, plain);
  if (key == "MS") return padded_number(moment.micros / 1000 % 1000, 3, plain);
  if (key == "US") return padded_number(moment.micros % 1'000'000, 6, plain);
  if (key == "SSSS" || key == "SSSSS") return std::to_string(seconds);
  if (key == "AM" || key == "PM") return cased(hour < 12 ? "AM" : "PM", as_written);
  if (key == "A.M." || key == "P.M.") return cased(hour < 12 ? "A.M." : "P.M.", as_written);
  if (key == "BC" || key == "AD") return cased(date.year > 0 ? "AD" : "BC", as_written);
  if (key == "TZ") return cased("UTC", as_written);
  if (key == "OF") return "+00";
  return {};
}

constexpr std::string_view kKeys[] = {
    "Y,YYY", "MONTH", "SSSSS", "YYYY", "IYYY", "HH24", "HH12", "SSSS", "A.M.", "P.M.", "YYY", "MON",
    "DDD",   "DAY",   "YY",    "CC",   "MM",   "DD",   "ID",   "DY",   "WW",   "IW",   "HH",  "MI",
    "SS",    "MS",    "US",    "AM",   "PM",   "BC",   "AD",   "TZ",   "OF",   "Y",    "D",   "Q",
    "W",     "J"};

std::optional<std::string_view> key_at(std::string_view pattern, size_t at) {
  std::string upper;
  append_upper(pattern.substr(at, 6), upper);
  for (const std::string_view key : kKeys) {
    if (upper.starts_with(key)) return key;
  }
  return std::nullopt;
}

std::string ordinal(std::string_view number, bool upper) {
  const char last = number.empty() ? '0' : number.back();
  const bool teen = number.size() > 1 && number[number.size() - 2] == '1';
  const std::string_view ending = teen            ? "th"
                                  : last == '1' ? "st"
                                  : last == '2' ? "nd"
                                  : last == '3' ? "rd"
                                                : "th";
  std::string text;
  if (upper) {
    append_upper(ending, text);
  } else {
    text = ending;
  }
  return text;
}

std::string format_moment(std::string_view pattern, const Moment& moment) {
  std::string out;
  bool plain = false;
  for (size_t at = 0; at < pattern.size();) {
    if (pattern[at] == '"') {
      const size_t end = pattern.find('"', at + 1);
      out += pattern.substr(at + 1, end == std::string_view::npos ? end : end - at - 1);
      at = end == std::string_view::npos ? pattern.size() : end + 1;
      continue;
    }
    const std::string_view rest = pattern.substr(at);
    if (rest.starts_with("FM") || rest.starts_with("fm")) {
      plain = true;
      at += 2;
      continue;
    }
    const auto key = key_at(pattern, at);
    if (!key) {
      const size_t end = next_character(pattern, at);
      out += pattern.substr(at, end - at);
      at = end;
      continue;
    }
    const std::string word = word_of_date(*key, rest.substr(0, key->size()), moment, plain);
    out += word;
    at += key->size();
    const std::string_view behind = pattern.substr(at);
    if (behind.starts_with("TH") || behind.starts_with("th")) {
      out += ordinal(word, behind[0] == 'T');
      at += 2;
    }
    plain = false;
  }
  return out;
}

template <TypeId id>
Result<Column> to_char_moment(const KernelInput& input) {
  const Ints values(input.arguments[0]);
  const Strings patterns(input.arguments[1]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    const int64_t value = values[row];
    if (!type::is_finite_timestamp(value)) {
      out.set_null(row);
      return {};
    }
    int64_t days = value / type::kMicrosPerDay;
    if (value % type::kMicrosPerDay < 0) --days;
    out.set(row, format_moment(patterns[row], {days, value - days * type::kMicrosPerDay}));
    return {};
  });
}

// ---- to_date and to_timestamp: the same words read back ----

struct DateParts {
  int64_t year = 1;
  int64_t month = 1, day = 1, hour = 0, minute = 0, second = 0, micros = 0;
  bool has_half = false, afternoon = false, before_christ = false;
  std::optional<int64_t> day_of_year;
};

class DateReader {
 public:
  explicit DateReader(std::string_view text) : text_(text) {}

  Result<DateParts> read(std::string_view pattern) {
    for (size_t at = 0; at < pattern.size();) {
      const std::string_view rest = pattern.substr(at);
      if (rest.starts_with("FM") || rest.starts_with("fm")) {
        at += 2;
        continue;
      }
      if (pattern[at] == '"') {
        const size_t end = pattern.find('"', at + 1);
        const size_t length = (end == std::string_view::npos ? pattern.size() : end) - at - 1;
        at_ = std::min(text_.size(), at_ + length);
        at += length + 2;
        continue;
      }
      const auto key = key_at(pattern, at);
      if (!key) {
        const char c = pattern[at++];
        const bool separates = !is_alphanumeric(static_cast<unsigned char>(c));
        if (separates) {
          if (at_ < text_.size() && !is_alphanumeric(static_cast<unsigned char>(text_[at_]))) ++at_;
        } else if (at_ < text_.size()) {
          ++at_;
        }
        continue;
      }
      at += key->size();
      skip_blanks();
      const bool digits_follow = key_at(pattern, at).has_value();
      TRY(take(*key, digits_follow));
      const std::string_view behind = pattern.substr(at);
      if (behind.starts_with("TH") || behind.starts_with("th")) {
        at += 2;
        at_ = std::min(text_.size(), at_ + 2);
      }
      if (at_ >= text_.size()) break;
    }
    return parts_;
  }

 private:
  bool is_digit(size_t at) const { return at < text_.size() && text_[at] >= '0' && text_[at] <= '9'; }
  void skip_blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  Result<int64_t> number(std::string_view key, size_t most) {
    const size_t from = at_;
    int64_t value = 0;
    while (is_digit(at_) && at_ - from < most) value = value * 10 + (text_[at_++] - '0');
    if (at_ == from) {
      return Error(ErrorCode::kInvalidDatetimeFormat,
                   "invalid value \"" + std::string(text_.substr(from, most)) + "\" for \"" +
                       std::string(key) + "\"")
          .with_detail("Value must be an integer.");
    }
    return value;
  }

  Result<size_t> one_of(std::span<const std::string_view> words, size_t length, std::string_view key) {
    std::string rest;
    append_lower(text_.substr(at_), rest);
    for (size_t i = 0; i < words.size(); ++i) {
      std::string word;
      append_lower(length == 0 ? words[i] : words[i].substr(0, length), word);
      if (!rest.starts_with(word)) continue;
      at_ += word.size();
      return i;
    }
    return Error(ErrorCode::kInvalidDatetimeFormat,
                 "invalid value \"" + std::string(text_.substr(at_)) + "\" for \"" +
                     std::string(key) + "\"")
        .with_detail("The given value did not match any of the allowed values for this field.");
  }

  Result<void> take(std::string_view key, bool digits_follow) {
    const auto read = [&](size_t width, int64_t& to) -> Result<void> {
      TRY_ASSIGN(to, number(key, digits_follow ? width : std::max<size_t>(width, 9)));
      return {};
    };
    if (key == "YYYY" || key == "IYYY") return read(4, parts_.year);
    if (key == "YY") {
      TRY(read(2, parts_.year));
      if (parts_.year < 100) parts_.year += parts_.year < 70 ? 2000 : 1900;
      return {};
    }
    if (key == "MM") return read(2, parts_.month);
    if (key == "DD") return read(2, parts_.day);
    if (key == "DDD") {
      int64_t day = 0;
      TRY(read(3, day));
      parts_.day_of_year = day;
      return {};
    }
    if (key == "HH24" || key == "HH" || key == "HH12") return read(2, parts_.hour);
    if (key == "MI") return read(2, parts_.minute);
    if (key == "SS") return read(2, parts_.second);
    if (key == "MS" || key == "US") {
      const size_t from = at_;
      const size_t width = key == "MS" ? 3 : 6;
      TRY_ASSIGN(int64_t value, number(key, width));
      for (size_t i = at_ - from; i < 6; ++i) value *= 10;
      parts_.micros = value;
      return {};
    }
    if (key == "MONTH" || key == "MON") {
      TRY_ASSIGN(const size_t month, one_of(kMonths, key == "MON" ? 3 : 0, key));
      parts_.month = static_cast<int64_t>(month) + 1;
      return {};
    }
    if (key == "DAY" || key == "DY") {
      TRY(one_of(kDays, key == "DY" ? 3 : 0, key));
      return {};
    }
    if (key == "AM" || key == "PM" || key == "A.M." || key == "P.M.") {
      static constexpr std::string_view kHalves[] = {"a.m.", "p.m.", "am", "pm"};
      TRY_ASSIGN(const size_t half, one_of(kHalves, 0, key));
      parts_.has_half = true;
      parts_.afternoon = half % 2 == 1;
      return {};
    }
    if (key == "BC" || key == "AD") {
      static constexpr std::string_view kEras[] = {"bc", "ad"};
      TRY_ASSIGN(const size_t era, one_of(kEras, 0, key));
      parts_.before_christ = era == 0;
      return {};
    }
    return Error(ErrorCode::kFeatureNotSupported,
                 "\"" + std::string(key) + "\" is not supported in to_date and to_timestamp");
  }

  std::string_view text_;
  size_t at_ = 0;
  DateParts parts_;
};

Error out_of_range(std::string_view text) {
  return Error(ErrorCode::kDatetimeOutOfRange,
               "date/time field value out of range: \"" + std::string(text) + "\"");
}

Result<Moment> read_moment(std::string_view text, std::string_view pattern) {
  TRY_ASSIGN(DateParts parts, DateReader(text).read(pattern));
  if (parts.has_half) {
    if (parts.hour < 1 || parts.hour > 12) {
      return Error(ErrorCode::kInvalidDatetimeFormat,
                   "hour \"" + std::to_string(parts.hour) + "\" is invalid for the 12-hour clock")
          .with_hint("Use the 24-hour clock, or give an hour between 1 and 12.");
    }
    parts.hour = parts.hour % 12 + (parts.afternoon ? 12 : 0);
  }
  const int64_t year = parts.before_christ ? 1 - parts.year : parts.year;
  if (parts.month < 1 || parts.month > 12 || parts.day < 1 || parts.year > 294'276 ||
      parts.day > type::days_in_month(year, static_cast<int>(parts.month)) || parts.hour > 24 ||
      parts.minute > 59 || parts.second > 60)
    return out_of_range(text);
  const int64_t days =
      parts.day_of_year
          ? type::days_from_civil(year, 1, 1) + *parts.day_of_year - 1
          : type::days_from_civil(year, static_cast<int>(parts.month), static_cast<int>(parts.day));
  const int64_t seconds = parts.hour * 3600 + parts.minute * 60 + parts.second;
  return Moment{days, seconds * 1'000'000 + parts.micros};
}

Result<Column> to_date(const KernelInput& input) {
  return try_map2<int64_t, std::string_view, std::string_view>(
      input, [](std::string_view text, std::string_view pattern, int64_t& r) -> Result<void> {
        TRY_ASSIGN(const Moment moment, read_moment(text, pattern));
        r = moment.days;
        return {};
      });
}

Result<Column> to_timestamp(const KernelInput& input) {
  return try_map2<int64_t, std::string_view, std::string_view>(
      input, [](std::string_view text, std::string_view pattern, int64_t& r) -> Result<void> {
        TRY_ASSIGN(const Moment moment, read_moment(text, pattern));
        r = moment.days * type::kMicrosPerDay + moment.micros;
        return {};
      });
}

// ---- The rows ----

using enum TypeId;

constexpr Traits kStable = {.volatility = Volatility::kStable};
constexpr Traits kStableOfNulls = {.volatility = Volatility::kStable, .strict = false};
constexpr TypeId kTexts = type::array_of(kText);

constexpr Function kRows[] = {
    {3540, "format", {kText}, kText, format, kStableOfNulls},
    {3539, "format", {kText, Any::kAny}, kText, format, {.volatility = Volatility::kStable, .strict = false, .variadic = true}},
    {2311, "md5", {kText}, kText, md5},
    {2321, "md5", {kBytea}, kText, md5},
    {3420, "sha256", {kBytea}, kBytea, sha_256},
    {1946, "encode", {kBytea, kText}, kText, encode},
    {1947, "decode", {kText, kText}, kBytea, decode},
    {394, "string_to_array", {kText, kText}, kTexts, string_to_array, {.strict = false}},
    {376, "string_to_array", {kText, kText, kText}, kTexts, string_to_array, {.strict = false}},
    {6160, "string_to_table", {kText, kText}, kText, string_to_table, {.strict = false}},
    {6161, "string_to_table", {kText, kText, kText}, kText, string_to_table, {.strict = false}},
    {748, "array_dims", {Any::kArray}, kText, array_dims},
    {2049, "to_char", {kTimestamp, kText}, kText, to_char_moment<kTimestamp>, kStable},
    {1770, "to_char", {kTimestamptz, kText}, kText, to_char_moment<kTimestamptz>, kStable},
    {1780, "to_date", {kText, kText}, kDate, to_date, kStable},
    {1778, "to_timestamp", {kText, kText}, kTimestamptz, to_timestamp, kStable},
};

}  // namespace

constinit const std::span<const Function> kFormatFunctions = kRows;

}  // namespace rowan::expr
