#include "sql/revision_hint.h"

#include <fmt/format.h>

#include <utility>

#include "sql/lexer.h"

namespace rowan::sql {

namespace {

// Statements that take revisions. An empty second word: whatever follows.
struct Verb {
  std::string_view first, second;
};
constexpr Verb kVerbs[] = {
    {"alter", "branch"}, {"blame", ""},      {"checkout", ""},    {"cherry", ""},
    {"create", "branch"}, {"create", "tag"}, {"create", "snapshot"}, {"drop", "branch"},
    {"drop", "foreign"}, {"drop", "tag"},    {"merge", ""},       {"protect", ""},
    {"rebase", ""},      {"rename", "branch"}, {"reset", "branch"}, {"reset", "hard"},
    {"reset", "to"},     {"restore", ""},    {"revert", ""},      {"show", "diff"},
    {"show", "log"},     {"show", "reflog"}, {"squash", ""},      {"take", "foreign"},
    {"unprotect", ""}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
// What stands inside revisions and no word.
bool is_joint(char c) { return std::string_view("~^@{}-/.:#").find(c) != std::string_view::npos; }

// Words and what joins them, without blanks.
std::string_view revision_from(std::string_view source, size_t begin) {
  size_t end = begin;
  while (end < source.size() && (is_word(source[end]) || is_joint(source[end]))) ++end;
  return source.substr(begin, end - begin);
}

}  // namespace

Error with_revision_hint(Error error, std::string_view source, uint32_t position_base,
                         Arena& arena) {
  if (error.code() != ErrorCode::kSyntaxError || error.position() == 0 || !error.hint().empty())
    return error;
  Lexer lexer(source, arena, position_base);
  Token token{};
  std::string_view first, second, before, last;  // Words, the last two before the error.
  size_t end = 0;                                // Of the token before.
  for (size_t number = 0;; ++number) {
    const int terminal = lexer.next(token);
    if (terminal == kTokenEnd) return error;
    if (terminal == kTokenError || token.position >= error.position()) break;
    if (number == 0) first = token.text();
    if (number == 1) second = token.text();
    before = std::exchange(last, token.text());
    end = token.end;
  }
  size_t begin = end;
  while (begin < source.size() && std::string_view(" \t\r\n").find(source[begin]) != std::string_view::npos)
    ++begin;
  if (begin == source.size()) return error;
  const char at = source[begin];
  if (before == "as" && last == "of" && is_word(at)) {
    return std::move(error).with_hint(
        fmt::format("A revision stands in quotes: AS OF '{}'.", revision_from(source, begin)));
  }
  if (last == "@" && is_word(at)) {
    return std::move(error).with_hint(
        fmt::format("A revision stands in quotes: {}@'{}'.", before,
                    revision_from(source, begin)));
  }
  if (first == "show" && second == "diff" && last == "diff" && is_word(at)) {
    return std::move(error).with_hint(
        fmt::format("Revisions stand in quotes: SHOW DIFF '{}'.", revision_from(source, begin)));
  }
  bool is_verb = false;
  for (const Verb& verb : kVerbs)
    is_verb = is_verb || (verb.first == first && (verb.second.empty() || verb.second == second));
  const bool is_joined = is_joint(at) && begin == end && begin > 0 && is_word(source[begin - 1]);
  const bool is_count = last == "limit" || last == "parent" || last == "log";
  if (!is_verb || (!is_digit(at) && !is_joined) || is_count) return error;
  while (begin > 0 && (is_word(source[begin - 1]) || is_joint(source[begin - 1]))) --begin;
  return std::move(error).with_hint(fmt::format(
      "A revision that is no plain word stands in quotes: '{}'.", revision_from(source, begin)));
}

}  // namespace rowan::sql
