// Proves the lexical rules through the parser: quoting, numbers, operators, comments, positions,
// ends of statements.
#include <doctest/doctest.h>

#include <string>

#include "base/limits.h"
#include "sql/parser.h"

using namespace rowan;
using namespace rowan::sql;

namespace {
std::string string_of(const std::string& text) {
  auto parsed = parse_expression(text);
  if (!parsed) return "error: " + parsed.error().message();
  if (parsed->expr->kind != ExprKind::kLiteral) return "no literal";
  return std::string(static_cast<LiteralExpr*>(parsed->expr)->text);
}
std::string error_of(const std::string& text) {
  auto parsed = parse_statement(text);
  if (parsed) return "parsed";
  return std::string(sqlstate(parsed.error().code())) + " " +
         std::to_string(parsed.error().position()) + " " + parsed.error().message();
}
}  // namespace

TEST_CASE("strings") {
  CHECK(string_of("'it''s'") == "it's");
  CHECK(string_of("'a'\n  'b'") == "ab");
  CHECK(string_of("E'a\\n\\x41\\101\\u00e4\\\\'") == "a\nAA\xc3\xa4\\");
  CHECK(string_of("E'\\U0001F600'") == "\xf0\x9f\x98\x80");
  CHECK(string_of("E'\\ud83d\\ude00'") == "\xf0\x9f\x98\x80");
  CHECK(string_of("$$a'b$$") == "a'b");
  CHECK(string_of("$q$a$$b$q$") == "a$$b");
  CHECK(string_of("''") == "");
  CHECK(string_of("'\\n'") == "\\n");
}

TEST_CASE("numbers") {
  for (const char* number : {"1", "1e5", ".5", "5.", "1.5e-3", "123456789012345678901234567890"})
    CHECK(string_of(number) == number);
  CHECK(error_of("select 1a") == "42601 8 trailing junk after numeric literal at or near \"1a\"");
}

TEST_CASE("identifiers above 63 bytes are cut between characters, and that is said; branch names are not") {
  const std::string long_name = std::string(62, 'a') + "\xC3\xA9" + "z";
  const auto parsed = parse_statement("select 1 as " + long_name + ", 2 as \"" + long_name + "\"");
  REQUIRE(parsed);
  CHECK(parsed->notices ==
        std::vector<std::string>(2, "identifier \"" + long_name + "\" will be truncated to \"" +
                                        std::string(62, 'a') + "\""));
  for (const std::string& name : {long_name, "\"" + long_name + "\""}) {
    const auto branch = parse_statement("create branch " + name);
    REQUIRE(branch);
    CHECK(branch->notices.empty());
  }
  CHECK(parse_statement("select 1 as " + std::string(63, 'a'))->notices.empty());
}

TEST_CASE("lexical errors and positions in characters") {
  CHECK(error_of("select 'abc") == "42601 8 unterminated quoted string at or near \"'abc\"");
  CHECK(error_of("select \"abc") == "42601 8 unterminated quoted identifier at or near \"\"abc\"");
  CHECK(error_of("select /* x /* y */") ==
        "42601 8 unterminated /* comment at or near \"/* x /* y */\"");
  CHECK(error_of("select $a$ x") ==
        "42601 8 unterminated dollar-quoted string at or near \"$a$ x\"");
  CHECK(error_of("select \"\"") == "42601 8 zero-length delimited identifier at or near \"\"\"\"");
  CHECK(error_of("select '\xc3\xa4\xc3\xb6' frm x y") == "42601 17 syntax error at or near \"x\"");
  CHECK(error_of("select '\xff'").substr(0, 5) == "22021");
  CHECK(error_of(std::string("select '\0'", 10)).substr(0, 5) == "22021");
}

TEST_CASE("identifiers are folded and cut") {
  auto parsed = parse_expression(std::string(62, 'A') + "\xc3\xa4");
  REQUIRE(parsed);
  CHECK(static_cast<ColumnExpr*>(parsed->expr)->column == std::string(62, 'a'));
  auto quoted = parse_expression("\"A\"\"b\"");
  REQUIRE(quoted);
  CHECK(static_cast<ColumnExpr*>(quoted->expr)->column == "A\"b");
}

TEST_CASE("operators end where PostgreSQL ends them") {
  auto parsed = parse_expression("a<-1");  // No special character: the sign is its own token.
  REQUIRE(parsed);
  CHECK(static_cast<BinaryExpr*>(parsed->expr)->op == "<");
  parsed = parse_expression("a@-b");  // @ allows the minus to stay.
  REQUIRE(parsed);
  CHECK(static_cast<BinaryExpr*>(parsed->expr)->op == "@-");
  parsed = parse_expression("a->>'b'");
  REQUIRE(parsed);
  CHECK(static_cast<BinaryExpr*>(parsed->expr)->op == "->>");
  parsed = parse_expression("a!=b");
  REQUIRE(parsed);
  CHECK(static_cast<BinaryExpr*>(parsed->expr)->op == "<>");
  parsed = parse_expression("1--2\n+3");
  REQUIRE(parsed);
  CHECK(static_cast<BinaryExpr*>(parsed->expr)->op == "+");
}

TEST_CASE("statement_end") {
  CHECK(statement_end("select 1; x") == 9);
  CHECK(statement_end("select ';'") == std::string_view::npos);
  CHECK(statement_end("select ';';") == 11);
  CHECK(statement_end("select (1;") == std::string_view::npos);
  CHECK(statement_end("select $$;$$;") == 13);
  CHECK(statement_end("select e'\\';';") == 14);
  CHECK(statement_end("-- ;\n;") == 6);
  CHECK(statement_end("/* ; /* ; */ ;") == std::string_view::npos);
  CHECK(statement_end("select a$b$;") == 12);
}

TEST_CASE("normalise and quoting") {
  CHECK(normalise_statement("SELECT  *\n from t -- c\n where a = 5 and b='x' ;") ==
        "SELECT * from t where a = $1 and b=$2");
  CHECK(normalise_statement("select $1, 2") == "select $1, $2");
  CHECK(normalise_statement("select 'a'b") == "select $1 b");
  CHECK(quote_ident("a_1") == "a_1");
  CHECK(quote_ident("A") == "\"A\"");
  CHECK(quote_ident("select") == "\"select\"");
  CHECK(quote_ident("log") == "log");
  CHECK(quote_ident("left") == "\"left\"");
  CHECK(quote_literal("it's") == "'it''s'");
  CHECK(keywords().size() > 150);
}
