// Lexer: SQL text to tokens, by PostgreSQL 15's lexical rules.
//
// Ownership: borrows the source and the arena; texts of tokens point into either.
// Errors:    next() gives kTokenError and error() says what; the lexer must not be used further.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "sql/arena.h"

namespace rowan::sql {

inline constexpr int kTokenEnd = 0;  // The grammar's end marker.
inline constexpr int kTokenError = -1;

enum class KeywordClass : uint8_t { kUnreserved, kColumnName, kTypeFunction, kReserved };

struct Keyword {
  std::string_view word;  // Lower case.
  int terminal;
  KeywordClass word_class;
};

// The keyword a folded word is, or nullptr.
const Keyword* find_keyword(std::string_view folded);

// Plain data, since the generated parser keeps it in a union.
struct Token {
  const char* data;  // Identifiers folded, strings without quotes and escapes; else as written.
  uint32_t size;
  uint32_t position;  // 1-based, in characters.
  uint32_t begin;     // Bytes of the source that the token covers.
  uint32_t end;

  std::string_view text() const { return {data, size}; }
};

class Lexer {
 public:
  // `position_base`: characters of the user's text before `source`. Requires: `source` is valid
  // UTF-8 without NUL (check_text) and at most kStatementBytesMax long.
  Lexer(std::string_view source, Arena& arena, uint32_t position_base);

  int next(Token& token);  // A terminal of the grammar.
  // As next(), but words go on over '-', '/' and '.', and nothing is cut: branch names.
  int next_branch_word(Token& token);
  // As next(), but eight hexadecimal digits are one HEX8 token.
  int next_hex_word(Token& token);

  const std::optional<Error>& error() const { return error_; }
  // A sentence for each identifier that was cut to kIdentifierBytesMax.
  const std::vector<std::string>& notices() const { return notices_; }
  uint32_t position(
      size_t byte);  // Bytes must not go back by much: counts from the last one asked.

 private:
  bool skip_blanks();  // False on an unterminated comment.
  bool skip_comment();
  int word(Token& token);
  int identifier(Token& token, std::string_view name);
  int number(Token& token);
  int operator_or_sign(Token& token);
  int parameter(Token& token);
  int quoted_identifier(Token& token);
  int quoted_part(Token& token);
  int string(Token& token, bool escapes);
  int dollar_string(Token& token);
  int with_unicode_escapes(Token& token);
  bool take_uescape(char& escape);
  bool decode_unicode_escapes(std::string_view text, char escape, std::string& out);
  bool continues_string();
  bool read_escape(std::string& out);
  bool take_unicode_digits(uint32_t& code);
  bool read_unicode_escape(size_t begin, std::string& out);
  bool append_code_point(uint32_t code, std::string& out);
  int finish(Token& token, int terminal, std::string_view text);
  int fail(ErrorCode code, std::string message, size_t begin);
  int fail_near(std::string message, size_t begin, size_t end);

  std::string_view source_;
  Arena& arena_;
  size_t at_ = 0;
  size_t begin_ = 0;
  bool ascii_;
  bool cuts_ = true;  // Identifiers above kIdentifierBytesMax.
  uint32_t position_base_;
  size_t counted_byte_ = 0;
  uint32_t counted_characters_ = 0;
  std::optional<Error> error_;
  std::vector<std::string> notices_;
};

// kUntranslatableCharacter when `text` is not UTF-8 or holds a NUL byte.
Result<void> check_text(std::string_view text);

bool is_identifier_start(unsigned char c);
bool is_identifier_part(unsigned char c);
// The length of a dollar quote's opening tag ("$a$", "$$") at the start of `text`, or 0.
size_t dollar_tag_size(std::string_view text);
// At most kIdentifierBytesMax bytes of `name`, cut between characters.
std::string_view cut_identifier(std::string_view name);

}  // namespace rowan::sql
