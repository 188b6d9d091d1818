#include "type/json_text.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/ensure.h"
#include "type/number_text.h"
#include "type/numeric.h"
#include "type/text.h"

namespace rowan::type {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

const char* skip_blanks(const char* p, const char* end) {
  while (p < end && is_blank(*p)) {
    ++p;
  }
  return p;
}

int hex_digit(char c) {
  if (is_digit(c)) {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 32);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

const char* skip_string(const char* p, const char* end) {
  for (++p; p < end; ++p) {
    if (*p == '"') {
      return p + 1;
    }
    if (static_cast<unsigned char>(*p) < 0x20) {
      return nullptr;
    }
    if (*p != '\\') {
      continue;
    }
    if (++p == end) {
      return nullptr;
    }
    if (*p == 'u') {
      if (end - p < 5 ||
          (hex_digit(p[1]) | hex_digit(p[2]) | hex_digit(p[3]) | hex_digit(p[4])) < 0) {
        return nullptr;
      }
      p += 4;
    } else if (std::strchr("\"\\/bfnrt", *p) == nullptr || *p == '\0') {
      return nullptr;
    }
  }
  return nullptr;
}

const char* skip_digits(const char* p, const char* end) {
  const char* from = p;
  while (p < end && is_digit(*p)) {
    ++p;
  }
  return p == from ? nullptr : p;
}

const char* skip_number(const char* p, const char* end) {
  if (*p == '-') {
    ++p;
  }
  if (p < end && *p == '0') {
    ++p;
  } else {
    p = skip_digits(p, end);
  }
  if (p != nullptr && p < end && *p == '.') {
    p = skip_digits(p + 1, end);
  }
  if (p != nullptr && p < end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p < end && (*p == '+' || *p == '-')) {
      ++p;
    }
    p = skip_digits(p, end);
  }
  return p;
}

const char* skip_word(const char* p, const char* end, std::string_view word) {
  return std::string_view(p, static_cast<size_t>(end - p)).starts_with(word) ? p + word.size()
                                                                             : nullptr;
}

const char* skip_scalar(const char* p, const char* end) {
  switch (*p) {
    case '"':
      return skip_string(p, end);
    case 't':
      return skip_word(p, end, "true");
    case 'f':
      return skip_word(p, end, "false");
    case 'n':
      return skip_word(p, end, "null");
    default:
      return *p == '-' || is_digit(*p) ? skip_number(p, end) : nullptr;
  }
}

const char* skip_value(const char* p, const char* end, int depth);

const char* skip_container(const char* p, const char* end, int depth) {
  const bool object = *p == '{';
  const char close = object ? '}' : ']';
  p = skip_blanks(p + 1, end);
  if (p < end && *p == close) {
    return p + 1;
  }
  while (p < end) {
    if (object) {
      p = *p == '"' ? skip_string(p, end) : nullptr;
      p = p == nullptr ? nullptr : skip_blanks(p, end);
      if (p == nullptr || p == end || *p != ':') {
        return nullptr;
      }
      ++p;
    }
    p = skip_value(p, end, depth + 1);
    p = p == nullptr ? nullptr : skip_blanks(p, end);
    if (p == nullptr || p == end) {
      return nullptr;
    }
    if (*p == close) {
      return p + 1;
    }
    if (*p != ',') {
      return nullptr;
    }
    p = skip_blanks(p + 1, end);
  }
  return nullptr;
}

const char* skip_value(const char* p, const char* end, int depth) {
  p = skip_blanks(p, end);
  if (p == end || depth > kJsonDepthMax) {
    return nullptr;
  }
  return *p == '{' || *p == '[' ? skip_container(p, end, depth) : skip_scalar(p, end);
}

void append_utf8(uint32_t c, std::string& out) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

// Requires: four characters.
int32_t read_hex4(const char* p) {
  const int digits[4] = {hex_digit(p[0]), hex_digit(p[1]), hex_digit(p[2]), hex_digit(p[3])};
  return (digits[0] | digits[1] | digits[2] | digits[3]) < 0
             ? -1
             : digits[0] << 12 | digits[1] << 8 | digits[2] << 4 | digits[3];
}

// Behind `\u`: one character, with its second half when it is a surrogate. Advances p. False when
// there is none.
bool read_unicode_escape(const char*& p, const char* end, std::string& out) {
  if (end - p < 4) {
    return false;
  }
  int32_t code = read_hex4(p);
  p += 4;
  if (code <= 0 || (code >= 0xdc00 && code < 0xe000)) {
    return false;
  }
  if (code >= 0xd800 && code < 0xdc00) {
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u') {
      return false;
    }
    const int32_t low = read_hex4(p + 2);
    if (low < 0xdc00 || low >= 0xe000) {
      return false;
    }
    p += 6;
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  append_utf8(static_cast<uint32_t>(code), out);
  return true;
}

Error bad_surrogate(std::string_view detail) {
  return Error(ErrorCode::kInvalidText, "invalid input syntax for type json")
      .with_detail(std::string(detail));
}

Error bad_json(std::string_view text) {
  Error error(ErrorCode::kInvalidText, "invalid input syntax for type json");
  const char* p = text.data();
  const char* const end = p + text.size();
  const char* const first = skip_blanks(p, end);
  if (first == end) {
    return std::move(error).with_detail("The input string ended unexpectedly.");
  }
  if (*first != '{' && *first != '[' && skip_scalar(first, end) == nullptr) {
    const char* stop = first;
    while (stop < end && !is_blank(*stop)) {
      ++stop;
    }
    return std::move(error).with_detail("Token \"" + std::string(first, stop) + "\" is invalid.");
  }
  return error;
}

// jsonb's writer: reads checked JSON and appends PostgreSQL's canonical text. Depth was bounded by
// the check.
class JsonbWriter {
 public:
  JsonbWriter(const char* p, const char* end) : p_(p), end_(end) {}

  Result<void> write(std::string& out) {
    p_ = skip_blanks(p_, end_);
    switch (*p_) {
      case '{':
        return write_object(out);
      case '[':
        return write_array(out);
      case '"': {
        std::string text;
        TRY(read_string(text));
        append_json_string(text, out);
        return {};
      }
      default: {
        const char* stop = skip_scalar(p_, end_);
        const std::string_view token(p_, static_cast<size_t>(stop - p_));
        p_ = stop;
        if (token.front() != '-' && !is_digit(token.front())) {
          out += token;
          return {};
        }
        TRY_ASSIGN(const std::string number, numeric_parse(token));
        out += number;
        return {};
      }
    }
  }

 private:
  Result<void> read_string(std::string& text) {
    const char* stop = skip_string(p_, end_);
    const std::string_view quoted(p_, static_cast<size_t>(stop - p_));
    p_ = stop;
    TRY(check_json_escapes(quoted));
    ENSURE(read_json_string(quoted, text));
    return {};
  }

  Result<void> write_array(std::string& out) {
    out += '[';
    p_ = skip_blanks(p_ + 1, end_);
    for (bool first = true; *p_ != ']'; first = false) {
      if (!first) {
        ++p_;
        out += ", ";
      }
      TRY(write(out));
      p_ = skip_blanks(p_, end_);
    }
    ++p_;
    out += ']';
    return {};
  }

  Result<void> write_object(std::string& out) {
    std::vector<std::pair<std::string, std::string>> members;
    p_ = skip_blanks(p_ + 1, end_);
    while (*p_ != '}') {
      if (*p_ == ',') {
        p_ = skip_blanks(p_ + 1, end_);
      }
      auto& [key, value] = members.emplace_back();
      TRY(read_string(key));
      p_ = skip_blanks(p_, end_) + 1;
      TRY(write(value));
      p_ = skip_blanks(p_, end_);
    }
    ++p_;
    // By length, then bytes; of equal keys the last written wins.
    std::stable_sort(members.begin(), members.end(), [](const auto& a, const auto& b) {
      return a.first.size() != b.first.size() ? a.first.size() < b.first.size() : a.first < b.first;
    });
    out += '{';
    bool first = true;
    for (size_t i = 0; i < members.size(); ++i) {
      if (i + 1 < members.size() && members[i].first == members[i + 1].first) {
        continue;
      }
      out += first ? "" : ", ";
      first = false;
      append_json_string(members[i].first, out);
      out += ": ";
      out += members[i].second;
    }
    out += '}';
    return {};
  }

  const char* p_;
  const char* end_;
};

}  // namespace

const char* skip_json(const char* p, const char* end) { return skip_value(p, end, 0); }

Result<void> check_json(std::string_view text) {
  const char* const end = text.data() + text.size();
  const char* stop = skip_json(text.data(), end);
  if (stop == nullptr || skip_blanks(stop, end) != end) {
    return bad_json(text);
  }
  return {};
}

Result<std::string> jsonb_from_text(std::string_view text) {
  TRY(check_json(text));
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  TRY(JsonbWriter(text.data(), text.data() + text.size()).write(out));
  return out;
}

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  size_t clean = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') [[likely]] {
      continue;
    }
    out.append(text.substr(clean, i - clean));
    clean = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\r':
        out += "\\r";
        break;
      default: {
        const char byte = static_cast<char>(c);
        out += "\\u00";
        out += to_hex({&byte, 1});
      }
    }
  }
  out.append(text.substr(clean));
  out += '"';
}

Result<void> check_json_escapes(std::string_view json) {
  constexpr std::string_view kLone = "Unicode low surrogate must follow a high surrogate.";
  const char* p = json.data();
  const char* const end = p + json.size();
  bool after_high = false;
  for (; p < end; ++p) {
    if (*p != '\\' || end - p < 2 || p[1] != 'u' || end - p < 6) {
      if (after_high) {
        return bad_surrogate(kLone);
      }
      p += *p == '\\' ? 1 : 0;
      continue;
    }
    const int32_t code = read_hex4(p + 2);
    p += 5;
    if (code == 0) {
      return Error(ErrorCode::kUnsupportedUnicodeEscape, "unsupported Unicode escape sequence")
          .with_detail("\\u0000 cannot be converted to text.");
    }
    const bool is_high = code >= 0xd800 && code < 0xdc00;
    const bool is_low = code >= 0xdc00 && code < 0xe000;
    if (after_high && is_high) {
      return bad_surrogate("Unicode high surrogate must not follow a high surrogate.");
    }
    if (after_high != is_low) {
      return bad_surrogate(kLone);
    }
    after_high = is_high;
  }
  return {};
}

bool read_json_string(std::string_view quoted, std::string& out) {
  if (quoted.size() < 2 || quoted.front() != '"' || quoted.back() != '"') {
    return false;
  }
  const char* p = quoted.data() + 1;
  const char* const end = quoted.data() + quoted.size() - 1;
  out.clear();
  out.reserve(quoted.size());
  while (p < end) {
    const auto stop = static_cast<const char*>(std::memchr(p, '\\', static_cast<size_t>(end - p)));
    out.append(p, stop == nullptr ? end : stop);
    if (stop == nullptr) {
      break;
    }
    p = stop + 1;
    if (p == end) {
      return false;
    }
    switch (*p++) {
      case '"':
        out += '"';
        break;
      case '\\':
        out += '\\';
        break;
      case '/':
        out += '/';
        break;
      case 'b':
        out += '\b';
        break;
      case 't':
        out += '\t';
        break;
      case 'n':
        out += '\n';
        break;
      case 'f':
        out += '\f';
        break;
      case 'r':
        out += '\r';
        break;
      case 'u':
        if (!read_unicode_escape(p, end, out)) {
          return false;
        }
        break;
      default:
        return false;
    }
  }
  return true;
}

void append_compact_json(std::string_view jsonb, std::string& out) {
  bool quoted = false;
  for (size_t i = 0; i < jsonb.size(); ++i) {
    const char c = jsonb[i];
    if (!quoted && c == ' ') {
      continue;
    }
    out += c;
    if (quoted && c == '\\' && i + 1 < jsonb.size()) {
      out += jsonb[++i];
    } else if (c == '"') {
      quoted = !quoted;
    }
  }
}

void append_spaced_json(std::string_view compact, std::string& out) {
  bool quoted = false;
  for (size_t i = 0; i < compact.size(); ++i) {
    const char c = compact[i];
    out += c;
    if (quoted && c == '\\' && i + 1 < compact.size()) {
      out += compact[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == ',' || c == ':')) {
      out += ' ';
    }
  }
}

}  // namespace rowan::type
