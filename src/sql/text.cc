// Helpers on SQL text that need no parse: ends of statements, normalising, quoting, the list of
// keywords.
#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "sql/grammar.h"
#include "sql/lexer.h"
#include "sql/parser.h"

namespace rowan::sql {
namespace {

// Behind the closing quote of the string or identifier that opens at `at`, or npos.
size_t skip_quoted(std::string_view text, size_t at, bool escapes) {
  const char quote = text[at];
  for (size_t i = at + 1; i < text.size(); ++i) {
    if (escapes && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (i + 1 >= text.size() || text[i + 1] != quote) return i + 1;
      ++i;
    }
  }
  return std::string_view::npos;
}

size_t skip_block_comment(std::string_view text, size_t at) {
  int depth = 0;
  while (at < text.size()) {
    const std::string_view two = text.substr(at, 2);
    if (two == "/*") {
      ++depth;
      at += 2;
    } else if (two == "*/") {
      at += 2;
      if (--depth == 0) return at;
    } else {
      ++at;
    }
  }
  return std::string_view::npos;
}

// Behind whatever starts at `at` and may hide a semicolon: npos when it does not end, `at` when
// nothing starts there.
size_t skip_opaque(std::string_view text, size_t at) {
  const char c = text[at];
  const std::string_view two = text.substr(at, 2);
  if (c == '\'' || c == '"') return skip_quoted(text, at, false);
  if (two == "--") return std::min(text.find_first_of("\n\r", at), text.size());
  if (two == "/*") return skip_block_comment(text, at);
  if (c == '$') {
    const size_t tag = dollar_tag_size(text.substr(at));
    if (tag == 0) return at;
    const size_t close = text.find(text.substr(at, tag), at + tag);
    return close == std::string_view::npos ? close : close + tag;
  }
  if (is_identifier_part(static_cast<unsigned char>(c))) {
    size_t end = at;
    while (end < text.size() && is_identifier_part(static_cast<unsigned char>(text[end]))) ++end;
    const bool escapes =
        end == at + 1 && (c == 'e' || c == 'E') && end < text.size() && text[end] == '\'';
    return escapes ? skip_quoted(text, end, true) : end;
  }
  return at;
}

}  // namespace

size_t statement_end(std::string_view text) {
  int depth = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t next = skip_opaque(text, at);
    if (next == std::string_view::npos) return next;
    if (next != at) {
      at = next;
      continue;
    }
    const char c = text[at++];
    if (c == '(') ++depth;
    if (c == ')' && depth > 0) --depth;
    if (c == ';' && depth == 0) return at;
  }
  return std::string_view::npos;
}

std::string normalise_statement(std::string_view text) {
  if (!check_text(text)) return {};
  // Numbers go on behind the highest parameter that is there already.
  uint32_t highest = 0;
  {
    Arena arena;
    Lexer lexer(text, arena, 0);
    Token token;
    for (int terminal; (terminal = lexer.next(token)) > 0;) {
      uint32_t number = 0;
      if (terminal == TK_PARAMETER) std::from_chars(token.data, token.data + token.size, number);
      highest = std::max(highest, std::min(number, 1'000'000u));
    }
  }
  Arena arena;
  Lexer lexer(text, arena, 0);
  Token token;
  std::string out;
  uint32_t previous_end = 0;
  for (int terminal; (terminal = lexer.next(token)) > 0;) {
    if (terminal == TK_SEMICOLON) break;
    const bool is_literal =
        terminal == TK_STRING || terminal == TK_INTEGER || terminal == TK_DECIMAL;
    // What stands side by side must not become one word when a literal turns into $n: 'a'b.
    const bool would_join =
        !out.empty() && is_identifier_part(static_cast<unsigned char>(out.back())) &&
        (is_literal || is_identifier_part(static_cast<unsigned char>(text[token.begin])));
    if (!out.empty() && (token.begin > previous_end || would_join)) out += ' ';
    if (is_literal) {
      out += "$" + std::to_string(++highest);
    } else {
      out += text.substr(token.begin, token.end - token.begin);
    }
    previous_end = token.end;
  }
  return out;
}

Result<void> check_database(const QualifiedName& name, std::string_view own) {
  if (name.catalog.empty() || name.catalog == own) return {};
  return Error(ErrorCode::kFeatureNotSupported,
               "cross-database references are not implemented: \"" + std::string(name.catalog) +
                   "." + std::string(name.schema) + "." + std::string(name.name) + "\"")
      .at(name.position);
}

std::string quote_ident(std::string_view name) {
  bool plain = !name.empty() && !(name[0] >= '0' && name[0] <= '9');
  for (const char c : name)
    plain = plain && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_');
  if (plain) {
    const Keyword* keyword = find_keyword(name);
    plain = keyword == nullptr || keyword->word_class == KeywordClass::kUnreserved;
  }
  if (plain) return std::string(name);
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
  return out;
}

std::string quote_literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  out += '\'';
  return out;
}

const std::vector<std::string_view>& keywords() {
  static const std::vector<std::string> words = [] {
    std::vector<std::string> made = {
#define ROWAN_KEYWORD(word, terminal, word_class) word,
#include "sql/keywords.def"
#undef ROWAN_KEYWORD
    };
    for (std::string& word : made) {
      for (char& c : word) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    }
    std::sort(made.begin(), made.end());
    return made;
  }();
  static const std::vector<std::string_view> views(words.begin(), words.end());
  return views;
}

Result<RevisionRange> revision_range(const DiffStmt& statement) {
  const std::string_view text = statement.range;
  const size_t dots = text.find("..");
  RevisionRange range{statement.from, statement.to};
  if (text.empty()) {
    if (range.from.empty()) range.from = range.to.empty() ? "HEAD~1" : "HEAD";
  } else if (dots == std::string_view::npos) {
    range.from = text;
  } else if (!range.to.empty()) {
    return Error(ErrorCode::kSyntaxError, "TO does not stand beside a range of revisions");
  } else {
    range.three_dots = text.substr(dots, 3) == "...";
    range.from = text.substr(0, dots);
    range.to = text.substr(dots + (range.three_dots ? 3 : 2));
    if (range.from.empty()) range.from = "HEAD";
  }
  if (range.to.empty()) range.to = "HEAD";
  return range;
}

}  // namespace rowan::sql
