// Parser: SQL text to statements.
//
// Threads: no shared state; any thread.
// Errors:  kSyntaxError with position and PostgreSQL's wording (`syntax error at or near "x"`, `at
// end of input`),
//          kStatementTooComplex, kNameTooLong never (names over 63 bytes are cut, as PostgreSQL
//          does), kProgramLimit.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/ast.h"

namespace rowan::sql {

// One parsed statement with everything it points at.
struct ParsedStatement {
  std::unique_ptr<Arena> arena;
  Statement* statement = nullptr;  // Never null in a result.
  uint32_t parameter_count = 0;    // The highest $n.
  // In the place of names, revisions and texts, in the order of the text; in the arena.
  std::vector<TextParameter*> text_parameters;
  std::vector<const CallExpr*> calls;  // Every function that it names, wherever; in the arena.
  bool may_hold_secret = false;    // Its text must not be kept in commits (passwords, tokens).
  std::vector<std::string> notices;  // What parsing it changed: identifiers that were cut.
};

// Splits and parses a script. Empty statements are dropped.
Result<std::vector<ParsedStatement>> parse_script(std::string_view text);
// Nothing but blanks, comments and semicolons.
bool is_blank(std::string_view text);
// Exactly one statement (a closing semicolon is allowed).
Result<ParsedStatement> parse_statement(std::string_view text);
// One scalar expression, as stored defaults and checks are.
struct ParsedExpression {
  std::unique_ptr<Arena> arena;
  Expr* expr = nullptr;
};
Result<ParsedExpression> parse_expression(std::string_view text);

// Where the first complete statement of `text` ends (behind its semicolon), or npos while it is
// still open: inside a string, a comment, a dollar quote or parentheses. For shells and script
// readers.
size_t statement_end(std::string_view text);

// The statement with every literal as $n (commit_statement = normalised), white space folded,
// comments gone.
std::string normalise_statement(std::string_view text);

// What SHOW DIFF compares. Both ends are given: 'a..' is a..HEAD, and a revision alone is compared
// with HEAD. kSyntaxError: a parameter is a range, and TO stands beside it.
struct RevisionRange {
  std::string_view from, to;
  bool three_dots = false;  // From the merge base of both.
};
Result<RevisionRange> revision_range(const DiffStmt& statement);

// A name may name the database it is read in, and no other one: 0A000. `own` is empty where none
// may be named.
Result<void> check_database(const QualifiedName& name, std::string_view own);

// "name", quoted when SQL needs it.
std::string quote_ident(std::string_view name);
// 'text' with quotes doubled.
std::string quote_literal(std::string_view text);
// Every keyword, upper case, sorted: for completion and highlighting.
const std::vector<std::string_view>& keywords();

}  // namespace rowan::sql
