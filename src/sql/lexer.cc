#include "sql/lexer.h"

#include <array>
#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "base/limits.h"
#include "sql/grammar.h"

namespace rowan::sql {
namespace {

constexpr Keyword kKeywords[] = {
#define ROWAN_KEYWORD(word, terminal, word_class) {word, TK_##terminal, KeywordClass::word_class},
#include "sql/keywords.def"
#undef ROWAN_KEYWORD
};
constexpr size_t kKeywordCount = std::size(kKeywords);
constexpr size_t kKeywordBytesMax = 17;
constexpr size_t kKeywordSlots = 2048;
static_assert(kKeywordCount * 4 < kKeywordSlots, "probing must stay short");

constexpr size_t keyword_hash(std::string_view word) {
  uint32_t h = 2166136261u;
  for (const char c : word) h = (h ^ static_cast<unsigned char>(c)) * 16777619u;
  return (h ^ (h >> 15)) & (kKeywordSlots - 1);
}

// Open addressing, made by the compiler; 0 is an empty slot, else the index plus one.
constexpr auto kKeywordTable = [] {
  std::array<uint16_t, kKeywordSlots> table{};
  for (size_t i = 0; i < kKeywordCount; ++i) {
    size_t slot = keyword_hash(kKeywords[i].word);
    while (table[slot] != 0) slot = (slot + 1) & (kKeywordSlots - 1);
    table[slot] = static_cast<uint16_t>(i + 1);
  }
  return table;
}();

enum : uint8_t {
  kBlank = 1,
  kWordStart = 2,
  kWordPart = 4,
  kDigit = 8,
  kOperator = 16,
  kBreak = 32
};

constexpr auto kClasses = [] {
  std::array<uint8_t, 256> classes{};
  for (const char c : {' ', '\t', '\n', '\r', '\f'})
    classes[static_cast<unsigned char>(c)] |= kBlank;
  classes['\n'] |= kBreak;
  classes['\r'] |= kBreak;
  for (int c = 0; c < 256; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
    if (letter) classes[c] |= kWordStart | kWordPart;
    if (c >= '0' && c <= '9') classes[c] |= kDigit | kWordPart;
    if (c == '$') classes[c] |= kWordPart;
  }
  for (const char c :
       {'~', '!', '@', '#', '^', '&', '|', '`', '?', '+', '-', '*', '/', '%', '<', '>', '='}) {
    classes[static_cast<unsigned char>(c)] |= kOperator;
  }
  return classes;
}();

bool is(char c, uint8_t wanted) { return (kClasses[static_cast<unsigned char>(c)] & wanted) != 0; }

bool all_ascii(std::string_view text) {
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    if ((word & 0x8080808080808080u) != 0) return false;
  }
  for (; i < text.size(); ++i) {
    if (static_cast<unsigned char>(text[i]) >= 0x80) return false;
  }
  return true;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The length of the valid UTF-8 character at `at`, or 0.
size_t character_size(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto tail = [&](size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
  const unsigned lead = byte(at);
  if (lead < 0x80) return lead == 0 ? 0 : 1;
  if (lead >= 0xc2 && lead <= 0xdf) return tail(at + 1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (!tail(at + 1) || !tail(at + 2)) return 0;
    if (lead == 0xe0 && byte(at + 1) < 0xa0) return 0;
    if (lead == 0xed && byte(at + 1) > 0x9f) return 0;
    return 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (!tail(at + 1) || !tail(at + 2) || !tail(at + 3)) return 0;
    if (lead == 0xf0 && byte(at + 1) < 0x90) return 0;
    if (lead == 0xf4 && byte(at + 1) > 0x8f) return 0;
    return 4;
  }
  return 0;
}

Error bad_encoding(std::string_view text, size_t at) {
  std::string message = "invalid byte sequence for encoding \"UTF8\":";
  const unsigned char lead = static_cast<unsigned char>(text[at]);
  const size_t expected = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  for (size_t i = at; i < text.size() && i < at + expected; ++i) {
    message += " 0x" + to_hex(text.substr(i, 1));
  }
  return Error(ErrorCode::kUntranslatableCharacter, std::move(message));
}

}  // namespace

const Keyword* find_keyword(std::string_view folded) {
  if (folded.size() > kKeywordBytesMax) return nullptr;
  size_t slot = keyword_hash(folded);
  while (kKeywordTable[slot] != 0) {
    const Keyword& keyword = kKeywords[kKeywordTable[slot] - 1];
    if (keyword.word == folded) return &keyword;
    slot = (slot + 1) & (kKeywordSlots - 1);
  }
  return nullptr;
}

bool is_identifier_start(unsigned char c) { return (kClasses[c] & kWordStart) != 0; }
bool is_identifier_part(unsigned char c) { return (kClasses[c] & kWordPart) != 0; }

std::string_view cut_identifier(std::string_view name) {
  if (name.size() <= kIdentifierBytesMax) return name;
  size_t size = kIdentifierBytesMax;
  while (size > 0 && (static_cast<unsigned char>(name[size]) & 0xc0) == 0x80) --size;
  return name.substr(0, size);
}

size_t dollar_tag_size(std::string_view text) {
  if (text.size() < 2 || text[0] != '$') return 0;
  size_t i = 1;
  if (is(text[i], kWordStart)) {
    while (i < text.size() && text[i] != '$' && is(text[i], kWordPart)) ++i;
  }
  return i < text.size() && text[i] == '$' ? i + 1 : 0;
}

Result<void> check_text(std::string_view text) {
  if (all_ascii(text)) {
    const size_t nul = text.find('\0');
    if (nul != std::string_view::npos) return bad_encoding(text, nul);
    return {};
  }
  for (size_t i = 0; i < text.size();) {
    const size_t size = character_size(text, i);
    if (size == 0) return bad_encoding(text, i);
    i += size;
  }
  return {};
}

Lexer::Lexer(std::string_view source, Arena& arena, uint32_t position_base)
    : source_(source), arena_(arena), ascii_(all_ascii(source)), position_base_(position_base) {}

uint32_t Lexer::position(size_t byte) {
  if (ascii_) return position_base_ + static_cast<uint32_t>(byte) + 1;
  if (byte < counted_byte_) {
    counted_byte_ = 0;
    counted_characters_ = 0;
  }
  for (; counted_byte_ < byte; ++counted_byte_) {
    if ((static_cast<unsigned char>(source_[counted_byte_]) & 0xc0) != 0x80) ++counted_characters_;
  }
  return position_base_ + counted_characters_ + 1;
}

int Lexer::finish(Token& token, int terminal, std::string_view text) {
  token.data = text.data();
  token.size = static_cast<uint32_t>(text.size());
  token.begin = static_cast<uint32_t>(begin_);
  token.end = static_cast<uint32_t>(at_);
  token.position = position(begin_);
  return terminal;
}

int Lexer::fail(ErrorCode code, std::string message, size_t begin) {
  error_ = Error(code, std::move(message)).at(position(begin));
  return kTokenError;
}

int Lexer::fail_near(std::string message, size_t begin, size_t end) {
  message += " at or near \"";
  message += source_.substr(begin, end - begin);
  message += '"';
  return fail(ErrorCode::kSyntaxError, std::move(message), begin);
}

bool Lexer::skip_comment() {
  const size_t begin = at_;
  int depth = 0;
  while (at_ < source_.size()) {
    const std::string_view two = source_.substr(at_, 2);
    if (two == "/*") {
      ++depth;
      at_ += 2;
    } else if (two == "*/") {
      at_ += 2;
      if (--depth == 0) return true;
    } else {
      ++at_;
    }
  }
  fail_near("unterminated /* comment", begin, source_.size());
  return false;
}

bool Lexer::skip_blanks() {
  while (at_ < source_.size()) {
    const char c = source_[at_];
    if (is(c, kBlank)) {
      ++at_;
    } else if (c == '-' && source_.substr(at_, 2) == "--") {
      while (at_ < source_.size() && !is(source_[at_], kBreak)) ++at_;
    } else if (c == '/' && source_.substr(at_, 2) == "/*") {
      if (!skip_comment()) return false;
    } else {
      break;
    }
  }
  begin_ = at_;
  return true;
}

int Lexer::next(Token& token) {
  if (error_ || !skip_blanks()) return kTokenError;
  if (at_ >= source_.size()) return finish(token, kTokenEnd, {});
  const char c = source_[at_];
  const char after = at_ + 1 < source_.size() ? source_[at_ + 1] : '\0';
  if (is(c, kWordStart)) {
    if (after == '\'' && (c == 'e' || c == 'E' || c == 'n' || c == 'N')) {
      ++at_;
      return string(token, c == 'e' || c == 'E');
    }
    const char third = at_ + 2 < source_.size() ? source_[at_ + 2] : '\0';
    if ((c == 'u' || c == 'U') && after == '&' && (third == '\'' || third == '"')) {
      at_ += 2;
      return with_unicode_escapes(token);
    }
    if (after == '\'' && (c == 'x' || c == 'X' || c == 'b' || c == 'B')) {
      return fail(ErrorCode::kFeatureNotSupported, "bit strings are not supported yet", at_);
    }
    return word(token);
  }
  if (is(c, kDigit) || (c == '.' && is(after, kDigit))) return number(token);
  switch (c) {
    case '\'':
      return string(token, false);
    case '"':
      return quoted_identifier(token);
    case '$':
      return is(after, kDigit) ? parameter(token) : dollar_string(token);
    default:
      break;
  }
  if (is(c, kOperator)) return operator_or_sign(token);
  int terminal = TK_UNKNOWN_CHARACTER;
  size_t size = 1;
  switch (c) {
    case '(':
      terminal = TK_LP;
      break;
    case ')':
      terminal = TK_RP;
      break;
    case '[':
      terminal = TK_LBRACKET;
      break;
    case ']':
      terminal = TK_RBRACKET;
      break;
    case ',':
      terminal = TK_COMMA;
      break;
    case ';':
      terminal = TK_SEMICOLON;
      break;
    case '.':
      terminal = TK_DOT;
      break;
    case ':':
      if (after == ':') {
        terminal = TK_TYPECAST;
        size = 2;
      } else if (after == '=') {
        terminal = TK_NAMES_ARGUMENT;
        size = 2;
      }
      break;
    default:
      break;
  }
  at_ += size;
  return finish(token, terminal, source_.substr(begin_, size));
}

int Lexer::word(Token& token) {
  bool folded = true;
  size_t end = at_;
  for (; end < source_.size() && is(source_[end], kWordPart); ++end) {
    if (source_[end] >= 'A' && source_[end] <= 'Z') folded = false;
  }
  std::string_view text = source_.substr(at_, end - at_);
  at_ = end;
  if (!folded) {
    char* copy = static_cast<char*>(arena_.allocate(text.size() + 1));
    for (size_t i = 0; i < text.size(); ++i) {
      copy[i] = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    }
    text = {copy, text.size()};
  }
  if (const Keyword* keyword = find_keyword(text)) return finish(token, keyword->terminal, text);
  return identifier(token, text);
}

int Lexer::identifier(Token& token, std::string_view name) {
  const std::string_view cut = cuts_ ? cut_identifier(name) : name;
  if (cut.size() < name.size()) {
    notices_.push_back("identifier \"" + std::string(name) + "\" will be truncated to \"" +
                       std::string(cut) + "\"");
  }
  return finish(token, TK_IDENT, cut);
}

int Lexer::next_branch_word(Token& token) {
  cuts_ = false;
  const int terminal = next(token);
  cuts_ = true;
  if (terminal <= 0 || !is(source_[begin_], kWordStart) || is(source_[at_ - 1], kBlank))
    return terminal;
  if (source_[at_ - 1] == '\'' || source_[at_ - 1] == '"') return terminal;
  size_t end = at_;
  while (end < source_.size()) {
    const char c = source_[end];
    const bool joint = c == '-' || c == '/' || c == '.';
    if (!joint && !is(c, kWordPart)) break;
    const std::string_view two = source_.substr(end, 2);
    if (two == "--" || two == "/*") break;
    ++end;
  }
  if (end == at_) return terminal;
  at_ = end;
  char* copy = static_cast<char*>(arena_.allocate(end - begin_ + 1));
  for (size_t i = begin_; i < end; ++i) {
    const char c = source_[i];
    copy[i - begin_] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  return finish(token, TK_IDENT, {copy, end - begin_});
}

int Lexer::next_hex_word(Token& token) {
  if (error_ || !skip_blanks()) return kTokenError;
  size_t end = at_;
  while (end < source_.size() && hex_digit(source_[end]) >= 0) ++end;
  const bool whole = end == source_.size() || !is(source_[end], kWordPart);
  if (end - at_ != 8 || !whole) return next(token);
  at_ = end;
  return finish(token, TK_HEX8, source_.substr(begin_, 8));
}

int Lexer::number(Token& token) {
  const auto digits = [&] {
    while (at_ < source_.size() && is(source_[at_], kDigit)) ++at_;
  };
  int terminal = TK_INTEGER;
  digits();
  if (at_ < source_.size() && source_[at_] == '.' && source_.substr(at_, 2) != "..") {
    terminal = TK_DECIMAL;
    ++at_;
    digits();
  }
  if (at_ < source_.size() && (source_[at_] == 'e' || source_[at_] == 'E')) {
    size_t exponent = at_ + 1;
    if (exponent < source_.size() && (source_[exponent] == '+' || source_[exponent] == '-'))
      ++exponent;
    if (exponent < source_.size() && is(source_[exponent], kDigit)) {
      terminal = TK_DECIMAL;
      at_ = exponent;
      digits();
    }
  }
  if (at_ < source_.size() && is(source_[at_], kWordStart)) {
    while (at_ < source_.size() && is(source_[at_], kWordPart)) ++at_;
    return fail_near("trailing junk after numeric literal", begin_, at_);
  }
  return finish(token, terminal, source_.substr(begin_, at_ - begin_));
}

int Lexer::parameter(Token& token) {
  ++at_;
  while (at_ < source_.size() && is(source_[at_], kDigit)) ++at_;
  if (at_ < source_.size() && is(source_[at_], kWordStart)) {
    while (at_ < source_.size() && is(source_[at_], kWordPart)) ++at_;
    return fail_near("trailing junk after parameter", begin_, at_);
  }
  return finish(token, TK_PARAMETER, source_.substr(begin_ + 1, at_ - begin_ - 1));
}

int Lexer::operator_or_sign(Token& token) {
  size_t end = at_;
  while (end < source_.size() && is(source_[end], kOperator)) {
    const std::string_view two = source_.substr(end, 2);
    if (two == "--" || two == "/*") break;
    ++end;
  }
  // An operator may end in + or - only if it holds one of the characters that SQL's own operators
  // do not use.
  std::string_view text = source_.substr(at_, end - at_);
  if (text.find_first_of("~!@#^&|`?%") == std::string_view::npos) {
    while (text.size() > 1 && (text.back() == '+' || text.back() == '-')) text.remove_suffix(1);
  }
  at_ += text.size();
  int terminal = TK_OP;
  if (text.size() == 1) {
    switch (text[0]) {
      case '+':
        terminal = TK_PLUS;
        break;
      case '-':
        terminal = TK_MINUS;
        break;
      case '*':
        terminal = TK_STAR;
        break;
      case '/':
        terminal = TK_SLASH;
        break;
      case '%':
        terminal = TK_PERCENT;
        break;
      case '^':
        terminal = TK_CARET;
        break;
      case '<':
        terminal = TK_LT;
        break;
      case '>':
        terminal = TK_GT;
        break;
      case '=':
        terminal = TK_EQ;
        break;
      default:
        break;
    }
  } else if (text == "<=") {
    terminal = TK_LE;
  } else if (text == ">=") {
    terminal = TK_GE;
  } else if (text == "<>" || text == "!=") {
    terminal = TK_NE;
    text = "<>";
  } else if (text == "=>") {
    terminal = TK_NAMES_ARGUMENT;
  }
  return finish(token, terminal, text);
}

int Lexer::quoted_identifier(Token& token) {
  const int terminal = quoted_part(token);
  if (terminal <= 0) return terminal;
  return identifier(token, token.text());
}

// Requires: source_[at_] is the opening quote. The name is not cut yet.
int Lexer::quoted_part(Token& token) {
  std::string unquoted;
  size_t i = at_ + 1;
  size_t from = i;
  for (;; ++i) {
    const size_t quote = source_.find('"', i);
    if (quote == std::string_view::npos) {
      return fail_near("unterminated quoted identifier", begin_, source_.size());
    }
    i = quote;
    if (i + 1 >= source_.size() || source_[i + 1] != '"') break;
    unquoted += source_.substr(from, i + 1 - from);
    ++i;
    from = i + 1;
  }
  at_ = i + 1;
  std::string_view text = source_.substr(from, i - from);
  if (!unquoted.empty()) {
    unquoted += text;
    text = arena_.copy(unquoted);
  }
  if (text.empty()) return fail_near("zero-length delimited identifier", begin_, at_);
  return finish(token, TK_IDENT, text);
}

// A string goes on in the next quoted part when only white space with a line break stands between
// them; comments to the end of a line are white space here, others are not.
bool Lexer::continues_string() {
  size_t i = at_;
  bool line_break = false;
  for (; i < source_.size(); ++i) {
    if (source_.substr(i, 2) == "--") {
      while (i + 1 < source_.size() && !is(source_[i + 1], kBreak)) ++i;
    } else if (is(source_[i], kBlank)) {
      line_break = line_break || is(source_[i], kBreak);
    } else {
      break;
    }
  }
  if (!line_break || i >= source_.size() || source_[i] != '\'') return false;
  at_ = i;
  return true;
}

// Requires: source_[at_] is the opening quote. Plain strings without doubled quotes are not copied.
int Lexer::string(Token& token, bool escapes) {
  std::string text;
  bool copied = false;
  std::string_view whole;
  for (bool more = true; more;) {
    size_t from = ++at_;
    for (;;) {
      const size_t stop = source_.find_first_of(escapes ? "'\\" : "'", at_);
      if (stop == std::string_view::npos)
        return fail_near("unterminated quoted string", begin_, source_.size());
      at_ = stop;
      if (source_[at_] == '\\') {
        text += source_.substr(from, at_ - from);
        copied = true;
        if (!read_escape(text)) return kTokenError;
        from = at_;
        continue;
      }
      if (source_.substr(at_, 2) != "''") break;
      text += source_.substr(from, at_ + 1 - from);
      copied = true;
      at_ += 2;
      from = at_;
    }
    const std::string_view part = source_.substr(from, at_ - from);
    ++at_;
    more = continues_string();
    if (more || copied) {
      text += part;
      copied = true;
    } else {
      whole = part;
    }
  }
  if (copied) {
    if (escapes) {
      const Result<void> checked = check_text(text);
      if (!checked) return fail(checked.error().code(), checked.error().message(), begin_);
    }
    whole = arena_.copy(text);
  }
  return finish(token, TK_STRING, whole);
}

// Behind `\u` or `\U`. False, and nothing taken, when too few digits follow.
bool Lexer::take_unicode_digits(uint32_t& code) {
  const size_t wanted = source_[at_ - 1] == 'u' ? 4 : 8;
  size_t end = at_;
  code = 0;
  for (; end < source_.size() && end - at_ < wanted && hex_digit(source_[end]) >= 0; ++end)
    code = code * 16 + static_cast<uint32_t>(hex_digit(source_[end]));
  if (end - at_ < wanted) return false;
  at_ = end;
  return true;
}

// One character, from two escapes when the first is the upper half of a pair.
bool Lexer::read_unicode_escape(size_t begin, std::string& out) {
  const auto is_low = [](uint32_t code) { return code >= 0xdc00 && code <= 0xdfff; };
  const auto no_pair = [&](size_t from, size_t end) {
    fail_near("invalid Unicode surrogate pair", from, end);
    return false;
  };
  uint32_t code = 0;
  if (!take_unicode_digits(code)) {
    fail(ErrorCode::kInvalidEscape, "invalid Unicode escape", begin);
    error_ = Error(std::move(*error_).with_hint("Unicode escapes must be \\uXXXX or \\UXXXXXXXX."));
    return false;
  }
  if (is_low(code)) return no_pair(begin, at_);
  if (code >= 0xd800 && code <= 0xdbff) {
    const size_t second = at_;
    const std::string_view mark = source_.substr(at_, 2);
    uint32_t low = 0;
    at_ += 2;
    if ((mark != "\\u" && mark != "\\U") || !take_unicode_digits(low))
      return no_pair(second, std::min(second + 1, source_.size()));
    if (!is_low(low)) return no_pair(second, at_);
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  if (append_code_point(code, out)) return true;
  fail_near("invalid Unicode escape value", begin, at_);
  return false;
}

bool Lexer::append_code_point(uint32_t code, std::string& out) {
  if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
  return true;
}

// Reads one backslash escape at at_ and moves behind it.
bool Lexer::read_escape(std::string& out) {
  const size_t begin = at_++;
  if (at_ >= source_.size()) {
    fail_near("unterminated quoted string", begin_, source_.size());
    return false;
  }
  const char c = source_[at_++];
  const auto digits = [&](size_t most, int base) {
    uint32_t value = 0;
    for (size_t n = 0; n < most && at_ < source_.size(); ++n, ++at_) {
      const int digit = hex_digit(source_[at_]);
      if (digit < 0 || digit >= base) break;
      value = value * static_cast<uint32_t>(base) + static_cast<uint32_t>(digit);
    }
    return value;
  };
  switch (c) {
    case 'b':
      out += '\b';
      return true;
    case 'f':
      out += '\f';
      return true;
    case 'n':
      out += '\n';
      return true;
    case 'r':
      out += '\r';
      return true;
    case 't':
      out += '\t';
      return true;
    case 'x':
      if (at_ < source_.size() && hex_digit(source_[at_]) >= 0) {
        out += static_cast<char>(digits(2, 16));
        return true;
      }
      break;
    case 'u':
    case 'U':
      return read_unicode_escape(begin, out);
    default:
      if (c >= '0' && c <= '7') {
        --at_;
        out += static_cast<char>(digits(3, 8) & 0xff);
        return true;
      }
      break;
  }
  out += c;
  return true;
}

// Behind `U&`: a string or a quoted identifier whose escapes are \XXXX and \+XXXXXX, or have the
// character that UESCAPE names in place of the backslash.
int Lexer::with_unicode_escapes(Token& token) {
  const size_t begin = begin_;
  const bool is_name = source_[at_] == '"';
  const int terminal = is_name ? quoted_part(token) : string(token, false);
  if (terminal <= 0) return terminal;
  const size_t end = at_;
  char escape = '\\';
  if (!take_uescape(escape)) return kTokenError;
  if (at_ == begin_) at_ = end;  // No UESCAPE: what was looked at is for the next token.
  begin_ = begin;
  std::string text;
  if (!decode_unicode_escapes(token.text(), escape, text)) return kTokenError;
  const std::string_view decoded = arena_.copy(text);
  return is_name ? identifier(token, decoded) : finish(token, terminal, decoded);
}

// Leaves at_ == begin_ when there is no UESCAPE. False on an error.
bool Lexer::take_uescape(char& escape) {
  if (!skip_blanks()) return false;
  constexpr std::string_view kWord = "uescape";
  size_t end = at_;
  while (end < source_.size() && is(source_[end], kWordPart)) ++end;
  if (end - at_ != kWord.size()) return true;
  for (size_t i = 0; i < kWord.size(); ++i) {
    const char c = source_[at_ + i];
    if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != kWord[i]) return true;
  }
  at_ = end;
  Token token;
  const int terminal = next(token);
  if (terminal == kTokenError) return false;
  if (terminal != TK_STRING) {
    const bool at_end = terminal == kTokenEnd;
    fail_near("UESCAPE must be followed by a simple string literal", begin_,
              at_end ? source_.size() : at_);
    return false;
  }
  const std::string_view text = token.text();
  const bool usable = text.size() == 1 && hex_digit(text[0]) < 0 &&
                      !is(text[0], kBlank) &&
                      std::string_view("+'\"").find(text[0]) == std::string_view::npos;
  if (!usable) {
    fail_near("invalid Unicode escape character", begin_, at_);
    return false;
  }
  escape = text[0];
  return true;
}

bool Lexer::decode_unicode_escapes(std::string_view text, char escape, std::string& out) {
  const auto refuse = [&](std::string message) {
    fail(ErrorCode::kSyntaxError, std::move(message), begin_);
    return false;
  };
  uint32_t high = 0;  // The upper half of a pair, when its lower half must follow.
  for (size_t i = 0; i < text.size();) {
    if (text[i] != escape || text.substr(i + 1, 1) == text.substr(i, 1)) {
      if (high != 0) return refuse("invalid Unicode surrogate pair");
      out += text[i];
      i += text[i] == escape ? 2 : 1;
      continue;
    }
    const bool is_long = text.substr(i + 1, 1) == "+";
    const size_t from = i + (is_long ? 2 : 1);
    const size_t wanted = is_long ? 6 : 4;
    uint32_t code = 0;
    size_t end = from;
    for (; end < text.size() && end - from < wanted && hex_digit(text[end]) >= 0; ++end)
      code = code * 16 + static_cast<uint32_t>(hex_digit(text[end]));
    if (end - from < wanted) {
      fail(ErrorCode::kSyntaxError, "invalid Unicode escape", begin_);
      error_ = Error(std::move(*error_).with_hint("Unicode escapes must be \\XXXX or \\+XXXXXX."));
      return false;
    }
    i = end;
    const bool is_low = code >= 0xdc00 && code <= 0xdfff;
    if (is_low != (high != 0)) return refuse("invalid Unicode surrogate pair");
    if (is_low) code = 0x10000 + ((std::exchange(high, 0) - 0xd800) << 10) + (code - 0xdc00);
    if (code >= 0xd800 && code <= 0xdbff) {
      high = code;
    } else if (!append_code_point(code, out)) {
      return refuse("invalid Unicode escape value");
    }
  }
  return high == 0 || refuse("invalid Unicode surrogate pair");
}

int Lexer::dollar_string(Token& token) {
  const size_t tag_size = dollar_tag_size(source_.substr(at_));
  if (tag_size == 0) {
    ++at_;
    return finish(token, TK_UNKNOWN_CHARACTER, source_.substr(begin_, 1));
  }
  const std::string_view tag = source_.substr(at_, tag_size);
  const size_t from = at_ + tag_size;
  const size_t close = source_.find(tag, from);
  if (close == std::string_view::npos) {
    return fail_near("unterminated dollar-quoted string", begin_, source_.size());
  }
  at_ = close + tag_size;
  return finish(token, TK_STRING, source_.substr(from, close - from));
}

}  // namespace rowan::sql
