#include "sql/parser.h"

#include <utility>

#include "base/ensure.h"
#include "base/limits.h"
#include "sql/builder.h"
#include "sql/lexer.h"
#include "sql/not_supported.h"
#include "sql/revision_hint.h"

// The generated parser: C from lemon's template, with names of its own.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wtype-limits"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include "sql/grammar.inc"
#pragma GCC diagnostic pop

namespace rowan::sql {
namespace {

static_assert(YYSTACKDEPTH == kParserDepthMax);

// TokenStream: the lexer's tokens with the pairs fused that the grammar wants fused, and the lexer
// switched to branch words and hexadecimal ids where they are due.
class TokenStream {
 public:
  // An expression has no words of its own at the front: `merge - a.b` begins with a column.
  TokenStream(std::string_view source, Arena& arena, uint32_t position_base, bool expression)
      : lexer_(source, arena, position_base), expression_(expression) {}

  int next(Token& token) {
    int terminal = take(token);
    if (terminal <= 0) return terminal;
    const int fused = fuse(terminal, token);
    if (!expression_) {
      ++count_;
      if (count_ == 1) first_ = fused;
      if (count_ == 2) second_ = fused;
      switch_words(fused);
    }
    hex_next_ = fused == TK_ID && last_ == TK_INTEGER && before_last_ == TK_SLOT;
    hex_next_ =
        hex_next_ || (fused == TK_ID && last_ == TK_INTEGER && before_last_ == TK_DROPPED_SLOT);
    before_last_ = last_;
    last_ = fused;
    return fused;
  }

  const std::optional<Error>& error() const { return lexer_.error(); }
  const std::vector<std::string>& notices() const { return lexer_.notices(); }

 private:
  struct Ahead {
    int terminal;
    Token token;
  };

  // Where names of branches and revisions may stand, words go on over '-', '/' and '.': behind
  // these beginnings of statements all words, in SHOW LOG, SHOW DIFF, RESTORE, RESET and BLAME the
  // one word behind ON, FROM, TO and AS OF.
  void switch_words(int terminal) {
    if (count_ == 1) {
      branch_words_ = terminal == TK_CHECKOUT || terminal == TK_SWITCH || terminal == TK_MERGE ||
                      terminal == TK_REBASE || terminal == TK_REVERT || terminal == TK_SQUASH;
    } else if (count_ == 2) {
      const bool of_branch = first_ == TK_CREATE || first_ == TK_DROP || first_ == TK_RENAME ||
                             first_ == TK_ALTER || first_ == TK_PROTECT || first_ == TK_UNPROTECT;
      const bool of_tag = first_ == TK_CREATE || first_ == TK_DROP;
      if (of_branch && terminal == TK_BRANCH) branch_words_ = true;
      if (of_tag && (terminal == TK_TAG || terminal == TK_SNAPSHOT)) branch_words_ = true;
      if (first_ == TK_SHOW && terminal == TK_REFLOG) branch_words_ = true;
      if (first_ == TK_RESET && terminal == TK_HARD) branch_words_ = true;
    } else if (count_ == 3 && first_ == TK_CHERRY) {
      branch_words_ = true;
    }
    const bool of_show = first_ == TK_SHOW && (second_ == TK_LOG || second_ == TK_DIFF);
    const bool to = terminal == TK_TO && (of_show || first_ == TK_RESTORE || first_ == TK_RESET);
    branch_next_ = to || (of_show && (terminal == TK_ON || terminal == TK_FROM)) ||
                   (first_ == TK_BLAME && terminal == TK_AS_OF);
  }

  int lex(Token& token) {
    if (hex_next_) {
      hex_next_ = false;
      return lexer_.next_hex_word(token);
    }
    return branch_words_ || std::exchange(branch_next_, false) ? lexer_.next_branch_word(token)
                                                               : lexer_.next(token);
  }

  int take(Token& token) {
    if (ahead_count_ == 0) return lex(token);
    const int terminal = ahead_[0].terminal;
    token = ahead_[0].token;
    ahead_[0] = ahead_[1];
    ahead_[1] = ahead_[2];
    --ahead_count_;
    return terminal;
  }

  // The token `index` places ahead (0 to 2). Errors and the end stay in the queue and are met again
  // by take().
  const Ahead& peek(size_t index) {
    while (ahead_count_ <= index) {
      Ahead& slot = ahead_[ahead_count_];
      if (ahead_count_ > 0 && ahead_[ahead_count_ - 1].terminal <= 0) {
        slot = ahead_[ahead_count_ - 1];
      } else {
        slot.terminal = lex(slot.token);
      }
      ++ahead_count_;
    }
    return ahead_[index];
  }

  bool peek_word(size_t index, std::string_view word) {
    const Ahead& ahead = peek(index);
    return ahead.terminal > 0 && ahead.terminal != TK_STRING && ahead.token.text() == word &&
           ahead.token.end - ahead.token.begin == word.size();  // Not a quoted identifier.
  }

  void swallow(size_t tokens, Token& token) {
    Token taken;
    for (; tokens > 0; --tokens) {
      take(taken);
      token.end = taken.end;
    }
  }

  int fuse(int terminal, Token& token) {
    switch (terminal) {
      case TK_NOT: {
        const int next = peek(0).terminal;
        const bool fuses = next == TK_BETWEEN || next == TK_IN || next == TK_LIKE ||
                           next == TK_ILIKE || next == TK_SIMILAR;
        return fuses ? TK_NOT_LA : terminal;
      }
      case TK_AS:
        if (peek_word(0, "of")) {
          if (first_ == TK_BLAME) {
            swallow(1, token);
            return TK_AS_OF;
          }
          const int after = peek(1).terminal;
          if (after == TK_STRING || after == TK_PARAMETER || after == TK_TIMESTAMP ||
              last_ == TK_FOR_SYSTEM_TIME) {
            swallow(1, token);
            return TK_AS_OF;
          }
        }
        return terminal;
      case TK_FOR:
        if (!peek_word(0, "system_time")) return terminal;
        swallow(1, token);
        return TK_FOR_SYSTEM_TIME;
      case TK_WITH:
        if (last_ == TK_RP && peek_word(0, "ordinality")) {
          swallow(1, token);
          return TK_WITH_ORDINALITY;
        }
        if (peek(0).terminal != TK_TIME || peek(1).terminal != TK_ZONE) return terminal;
        swallow(2, token);
        return TK_WITH_TIME_ZONE;
      case TK_WITHOUT:
        if (peek(0).terminal != TK_TIME || peek(1).terminal != TK_ZONE) return terminal;
        swallow(2, token);
        return TK_WITHOUT_TIME_ZONE;
      case TK_INDEX:
        return begins_index() ? TK_INDEX_LA : terminal;
      case TK_MERGE:
        if (!defines_table() || last_ == TK_LP || last_ == TK_COMMA || !peek_word(0, "rule"))
          return terminal;
        swallow(1, token);
        return TK_MERGE_RULE;
      case TK_IDENT:
        return token.data != nullptr ? fuse_word(terminal, token) : terminal;
      default:
        return terminal;
    }
  }

  bool defines_table() const {
    return (first_ == TK_CREATE || first_ == TK_ALTER) && second_ == TK_TABLE;
  }

  // An entry `INDEX name (column …)` of a table, not a column of that name: `index varchar(20)`.
  bool begins_index() {
    if (!defines_table() || (last_ != TK_LP && last_ != TK_COMMA && last_ != TK_UNIQUE))
      return false;
    if (peek(0).terminal <= 0 || peek(1).terminal != TK_LP) return false;
    const int inside = peek(2).terminal;
    return inside != TK_INTEGER && inside != TK_MINUS;
  }

  // The fields behind `interval` or `interval '…'`, as one token: `year to month`, `second`.
  bool fuse_interval_fields(Token& token) {
    struct Fields {
      std::string_view first;
      std::string_view last;
      const char* text;
    };
    static constexpr Fields kFields[] = {
        {"year", "month", "year to month"},    {"day", "hour", "day to hour"},
        {"day", "minute", "day to minute"},    {"day", "second", "day to second"},
        {"hour", "minute", "hour to minute"},  {"hour", "second", "hour to second"},
        {"minute", "second", "minute to second"},
        {"year", "", nullptr},   {"month", "", nullptr}, {"day", "", nullptr},
        {"hour", "", nullptr},   {"minute", "", nullptr}, {"second", "", nullptr},
    };
    for (const Fields& fields : kFields) {
      if (token.text() != fields.first) continue;
      if (fields.last.empty()) return true;
      if (!peek_word(0, "to") || !peek_word(1, fields.last)) continue;
      swallow(2, token);
      token.data = fields.text;
      token.size = static_cast<uint32_t>(std::string_view(fields.text).size());
      return true;
    }
    return false;
  }

  int fuse_word(int terminal, Token& token) {
    const std::string_view word = token.text();
    // Only the few words below go on; quoted identifiers are longer in the source than their text.
    if (word.size() > 9 || word.size() < 2 || token.end - token.begin != word.size())
      return terminal;
    if ((last_ == TK_INTERVAL || (last_ == TK_STRING && before_last_ == TK_INTERVAL)) &&
        fuse_interval_fields(token)) {
      return TK_INTERVAL_FIELDS;
    }
    const auto fused = [&](size_t tokens, int as, const char* text) {
      swallow(tokens, token);
      if (text != nullptr) {
        token.data = text;
        token.size = static_cast<uint32_t>(std::string_view(text).size());
      }
      return as;
    };
    switch (word[0]) {
      case 'a':
        if (word == "at" && peek(0).terminal == TK_TIME && peek(1).terminal == TK_ZONE)
          return fused(2, TK_AT_TIME_ZONE, nullptr);
        break;
      case 'b':
        if (word == "bit" && peek_word(0, "varying"))
          return fused(1, TK_CHAR_VARYING, "bit varying");
        break;
      case 'c':
        if ((word == "char" || word == "character") && peek_word(0, "varying"))
          return fused(1, TK_CHAR_VARYING, "character varying");
        break;
      case 'd':
        if (word == "double" && peek_word(0, "precision"))
          return fused(1, TK_DOUBLE_PRECISION, "double precision");
        if (word == "dropped" && peek(0).terminal == TK_SLOT)
          return fused(1, TK_DROPPED_SLOT, nullptr);
        break;
      case 'n':
        if (word == "nulls" && (peek(0).terminal == TK_FIRST || peek(0).terminal == TK_LAST))
          return TK_NULLS_LA;
        break;
      case 'o':
        if (word == "over" && last_ == TK_RP &&
            (peek(0).terminal == TK_LP || peek(0).terminal == TK_IDENT))
          return TK_WINDOW;
        break;
      default:
        break;
    }
    return terminal;
  }

  Lexer lexer_;
  bool expression_;
  Ahead ahead_[3] = {};
  size_t ahead_count_ = 0;
  size_t count_ = 0;
  int first_ = 0, second_ = 0, last_ = 0, before_last_ = 0;
  bool branch_words_ = false;
  bool branch_next_ = false;
  bool hex_next_ = false;
};

// A parser with its stack, which is too large for a thread's own. Each thread keeps one.
class BorrowedParser {
 public:
  BorrowedParser() : parser_(std::move(kept)) {
    if (parser_ == nullptr) parser_ = std::make_unique_for_overwrite<yyParser>();
  }
  ~BorrowedParser() { kept = std::move(parser_); }
  BorrowedParser(const BorrowedParser&) = delete;
  BorrowedParser& operator=(const BorrowedParser&) = delete;
  yyParser* get() const { return parser_.get(); }

 private:
  static thread_local std::unique_ptr<yyParser> kept;
  std::unique_ptr<yyParser> parser_;
};
thread_local std::unique_ptr<yyParser> BorrowedParser::kept;

// Parses one statement or expression. `position_base`: characters of the user's text before `text`.
Result<ParsedStatement> parse_one(std::string_view text, uint32_t position_base, bool expression,
                                  Expr** expr) {
  if (text.size() > kStatementBytesMax) {
    return Error(ErrorCode::kProgramLimit, "a statement may have at most " +
                                               std::to_string(kStatementBytesMax >> 20) + " MB");
  }
  TRY(check_text(text));
  ParsedStatement parsed;
  parsed.arena = std::make_unique<Arena>();
  const std::string_view source = parsed.arena->copy(text);
  Builder builder(*parsed.arena, source);
  TokenStream tokens(source, *parsed.arena, position_base, expression);
  const BorrowedParser borrowed;
  yyParser* const parser = borrowed.get();
  RowanSqlParseInit(parser, &builder);
  if (expression) RowanSqlParse(parser, TK_PARSE_EXPRESSION, Token{});
  uint32_t end = 0;
  Token token{};
  for (int terminal = -1; terminal != kTokenEnd;) {
    terminal = tokens.next(token);
    if (terminal == kTokenError)
      return with_revision_hint(*tokens.error(), source, position_base, *parsed.arena);
    if (terminal == TK_SEMICOLON && !expression) {
      Token after{};
      const int next = tokens.next(after);
      if (next == kTokenError) return *tokens.error();
      if (next != kTokenEnd) {
        return Error(ErrorCode::kSyntaxError,
                     "cannot insert multiple commands into a prepared statement")
            .at(after.position);
      }
      terminal = kTokenEnd;
    }
    builder.set_previous_end(end);
    RowanSqlParse(parser, terminal, token);
    if (builder.failed()) {
      Error explained = explain_syntax_error(*builder.error(), source, position_base, *parsed.arena);
      return with_revision_hint(std::move(explained), source, position_base, *parsed.arena);
    }
    end = token.end;
  }
  parsed.statement = builder.statement();
  parsed.parameter_count = builder.parameter_count();
  parsed.may_hold_secret = builder.may_hold_secret();
  parsed.notices = tokens.notices();
  parsed.text_parameters = builder.text_parameters();
  parsed.calls = builder.take_calls();
  for (TextParameter* parameter : parsed.text_parameters) {
    const auto before = static_cast<uint32_t>(parsed.statement->text.data() - source.data());
    parameter->begin -= before;
    parameter->end -= before;
  }
  if (expr != nullptr) *expr = builder.expression();
  ENSURE(expression ? builder.expression() != nullptr : parsed.statement != nullptr);
  return parsed;
}

// True when nothing but blanks, comments and semicolons is left.
bool is_empty(std::string_view text) {
  Arena arena;
  Lexer lexer(text, arena, 0);
  Token token;
  const int terminal = lexer.next(token);
  return terminal == kTokenEnd || terminal == TK_SEMICOLON;
}

uint32_t count_characters(std::string_view text) {
  uint32_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

}  // namespace

bool is_blank(std::string_view text) {
  Arena arena;
  Lexer lexer(text, arena, 0);
  Token token;
  int terminal = lexer.next(token);
  while (terminal == TK_SEMICOLON) terminal = lexer.next(token);
  return terminal == kTokenEnd;
}

Result<ParsedStatement> parse_statement(std::string_view text) {
  return parse_one(text, 0, false, nullptr);
}

Result<ParsedExpression> parse_expression(std::string_view text) {
  ParsedExpression parsed;
  TRY_ASSIGN(ParsedStatement made, parse_one(text, 0, true, &parsed.expr));
  parsed.arena = std::move(made.arena);
  return parsed;
}

Result<std::vector<ParsedStatement>> parse_script(std::string_view text) {
  std::vector<ParsedStatement> statements;
  uint32_t position = 0;
  while (!text.empty()) {
    const size_t end = std::min(statement_end(text), text.size());
    const std::string_view one = text.substr(0, end);
    if (!is_empty(one)) {
      TRY_ASSIGN(ParsedStatement parsed, parse_one(one, position, false, nullptr));
      statements.push_back(std::move(parsed));
    }
    position += count_characters(one);
    text.remove_prefix(end);
  }
  return statements;
}

}  // namespace rowan::sql
