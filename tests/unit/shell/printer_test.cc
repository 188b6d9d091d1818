// Proves that results look as psql shows them, and that CSV and JSON hold every value exactly.
#include "shell/printer.h"

#include <doctest/doctest.h>

#include <clocale>
#include <sstream>

#include "fake_rows.h"

using namespace rowan;
using namespace rowan::shell;

namespace {

const std::vector<ColumnInfo> kTwoColumns = {{"id", "integer", ColumnKind::kInteger},
                                             {"name", "text", ColumnKind::kText}};

std::string printed(FakeRows rows, PrintOptions options = {}) {
  std::setlocale(LC_CTYPE, "C.UTF-8");  // As main() does: the widths of characters come from it.
  std::ostringstream out;
  std::ostringstream notices;
  auto count = print_rows(rows, options, out, notices);
  return out.str() + notices.str() + (count ? "" : count.failure().sqlstate);
}

}  // namespace

TEST_CASE(
    "a table: centred headers, numbers to the right, NULL as nothing, no padding at the end of a "
    "line") {
  CHECK(printed({kTwoColumns, {{"1", "Ada"}, {"20", std::nullopt}, {"300", "Grace Hopper"}}}) ==
        " id  |     name     \n"
        "-----+--------------\n"
        "   1 | Ada\n"
        "  20 | \n"
        " 300 | Grace Hopper\n"
        "(3 rows)\n\n");
}

TEST_CASE("no row, one row") {
  CHECK(printed({kTwoColumns, {}}) == " id | name \n----+------\n(0 rows)\n\n");
  CHECK(printed({kTwoColumns, {{"1", "x"}}}) == " id | name \n----+------\n  1 | x\n(1 row)\n\n");
}

TEST_CASE("a cell of several lines is marked where it goes on") {
  const std::vector<ColumnInfo> columns = {{"a", "text", ColumnKind::kText},
                                           {"b", "text", ColumnKind::kText}};
  CHECK(printed({columns, {{"one\nthree", "x"}, {"y", "p\nlonger"}}}) ==
        "   a   |   b    \n"
        "-------+--------\n"
        " one  +| x\n"
        " three | \n"
        " y     | p     +\n"
        "       | longer\n"
        "(2 rows)\n\n");
}

TEST_CASE(
    "wide and combining characters keep the columns straight; controls are shown by their code") {
  const std::vector<ColumnInfo> columns = {{"a", "text", ColumnKind::kText},
                                           {"b", "text", ColumnKind::kText}};
  CHECK(printed(
            {columns, {{"日本", "x"}, {"e\u0301", "\tt"}, {"\x01\x7f", "\r"}, {"\u0085", "z"}}}) ==
        "    a     |     b     \n"
        "----------+-----------\n"
        " 日本     | x\n"
        " e\u0301        |         t\n"
        " \\x01\\x7F | \\r\n"
        " \\u0085   | z\n"
        "(4 rows)\n\n");
}

TEST_CASE("a title stands over the middle of its table, and a footer can be left out") {
  PrintOptions options;
  options.title = "List";
  options.footer = false;
  CHECK(printed({kTwoColumns, {{"1", "Grace Hopper"}}}, options) ==
        "       List\n id |     name     \n----+--------------\n  1 | Grace Hopper\n");
}

TEST_CASE("expanded records") {
  PrintOptions options{shell::Format::kExpanded};
  CHECK(printed({kTwoColumns, {{"1", "Grace Brewster Hopper"}, {std::nullopt, "a\nb"}}}, options) ==
        "-[ RECORD 1 ]---------------\n"
        "id   | 1\n"
        "name | Grace Brewster Hopper\n"
        "-[ RECORD 2 ]---------------\n"
        "id   | \n"
        "name | a                    +\n"
        "     | b\n\n");
  CHECK(printed({kTwoColumns, {}}, options) == "(0 rows)\n\n");
}

TEST_CASE("csv quotes what needs it, and tells an empty text from NULL") {
  PrintOptions options{shell::Format::kCsv, false};
  CHECK(printed({kTwoColumns,
                 {{"1", "a,b"}, {"2", "say \"x\""}, {"3", ""}, {"4", std::nullopt}, {"5", "l\nm"}}},
                options) == "id,name\n1,\"a,b\"\n2,\"say \"\"x\"\"\"\n3,\"\"\n4,\n5,\"l\nm\"\n");
}

TEST_CASE("json: numbers, truth values and json as they are, the rest as strings") {
  const std::vector<ColumnInfo> columns = {{"n", "numeric", ColumnKind::kNumeric},
                                           {"b", "boolean", ColumnKind::kBool},
                                           {"j", "jsonb", ColumnKind::kJson},
                                           {"t", "text", ColumnKind::kText}};
  PrintOptions options{shell::Format::kJson, false};
  CHECK(printed({columns,
                 {{"1.50", "t", "{\"a\": 1}", "q\"\\\n\x01"},
                  {"NaN", "f", std::nullopt, std::nullopt}}},
                options) ==
        "[\n {\"n\":1.50,\"b\":true,\"j\":{\"a\": 1},\"t\":\"q\\\"\\\\\\n\\u0001\"},\n"
        " {\"n\":\"NaN\",\"b\":false,\"j\":null,\"t\":null}\n]\n");
  CHECK(printed({columns, {}}, options) == "[]\n");
}

TEST_CASE("a result without columns gives its tag, notices go apart") {
  FakeRows rows({}, {});
  rows.command_tag = "INSERT 0 1";
  rows.said = {{.message = "mind the gap"}};
  CHECK(printed(rows) == "INSERT 0 1\nNOTICE:  mind the gap\n");
}

TEST_CASE("a failure while reading prints no table; a stop ends any format") {
  FakeRows broken(kTwoColumns, {{"1", "x"}});
  broken.failure = Failure{.sqlstate = "22012", .message = "division by zero"};
  CHECK(printed(broken) == "22012");
  PrintOptions options;
  options.stopped = [] { return true; };
  CHECK(printed({kTwoColumns, {{"1", "x"}, {"2", "y"}}}, options) == "57014");
  options.format = shell::Format::kCsv;
  CHECK(printed({kTwoColumns, {{"1", "x"}, {"2", "y"}}}, options) == "id,name\n1,x\n57014");
}

TEST_CASE("a failure names its line and points at the place") {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  const Failure failure{"42703", "column \"x\" does not exist", "why", "do y", 15, false};
  CHECK(failure_text(failure, "SELECT 'é',\n  x FROM t") ==
        "ERROR:  42703: column \"x\" does not exist\nLINE 2:   x FROM t\n          ^\nDETAIL:  "
        "why\nHINT:  do y\n");
  CHECK(failure_text({"XX000", "oops", "", "", 0, false}, "SELECT 1") == "ERROR:  XX000: oops\n");
}

TEST_CASE("a long line is cut around the place") {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  const std::string statement =
      "SELECT " + std::string(200, 'a') + ", nope, " + std::string(200, 'b');
  const std::string text = failure_text({"42703", "no", "", "", 210, false}, statement);
  const std::string line =
      text.substr(text.find("LINE"), text.find('\n', text.find("LINE")) - text.find("LINE"));
  const size_t caret = text.rfind('^') - text.rfind('\n', text.rfind('^')) - 1;
  CHECK(line.size() < 120);
  CHECK(line.starts_with("LINE 1: ...a"));
  CHECK(line.ends_with("b..."));
  CHECK(line.substr(caret, 4) == "nope");
}
