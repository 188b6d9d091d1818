// Proves how a script is cut into statements, commands and data, whatever the pieces it arrives in.
#include "shell/script_reader.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <thread>
#include <vector>

using namespace rowan::shell;

namespace {

std::vector<std::string> items(ScriptReader& script) {
  std::vector<std::string> out;
  for (std::string_view text;;) {
    const auto kind = script.next(text);
    if (kind == ScriptReader::Kind::kEnd) return out;
    out.push_back(std::to_string(script.line()) +
                  (kind == ScriptReader::Kind::kCommand ? " command " : " ") + std::string(text));
  }
}

}  // namespace

TEST_CASE("statements, commands, comments and line numbers") {
  ScriptReader script(
      std::string_view("-- first; one\nSELECT 1; ;\n/* a /* nested */ ; */ \\x on\n\nSELECT\n ';' "
                       ";SELECT $$;$$;\nSELECT 4 -- end"));
  CHECK(items(script) == std::vector<std::string>{"2 SELECT 1;", "3 command \\x on",
                                                  "5 SELECT\n ';' ;", "6 SELECT $$;$$;",
                                                  "7 SELECT 4 -- end"});
}

TEST_CASE("nothing but blanks and comments holds no statement") {
  ScriptReader script(std::string_view(" \n-- a\n/* b */ ; \n"));
  CHECK(items(script).empty());
}

TEST_CASE("a comment that stays open is not passed over") {
  CHECK(leading_blanks("  /* a */ -- b\n SELECT") == 16);
  CHECK(leading_blanks(" /* a\n b") == 1);
  CHECK(leading_blanks("/* a */ /* b /* c */") == 8);
  ScriptReader script(std::string_view("SELECT 1; /* open"));
  CHECK(items(script) == std::vector<std::string>{"1 SELECT 1;", "1 /* open"});
}

TEST_CASE("text that arrives byte by byte is cut the same way") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const std::string text =
      "/* x */SELECT 'a;b';-- c\n\\timing\nCOPY t FROM STDIN;\n1\t2\r\n\\.\nSELECT 2";
  std::thread writer([&] {
    for (const char c : text) CHECK(::write(ends[1], &c, 1) == 1);
    ::close(ends[1]);
  });
  ScriptReader script(ends[0]);
  std::string_view item;
  CHECK(script.next(item) == ScriptReader::Kind::kStatement);
  CHECK(item == "SELECT 'a;b';");
  CHECK(script.next(item) == ScriptReader::Kind::kCommand);
  CHECK(item == "\\timing");
  CHECK(script.next(item) == ScriptReader::Kind::kStatement);
  CHECK(item == "COPY t FROM STDIN;");
  std::string line;
  CHECK(script.next_line(line));
  CHECK(line.empty());
  CHECK(script.next_line(line));
  CHECK(line == "1\t2\r");
  CHECK(script.next_line(line));
  CHECK(line == "\\.");
  CHECK(script.next(item) == ScriptReader::Kind::kStatement);
  CHECK(item == "SELECT 2");
  CHECK(script.line() == 6);
  CHECK(script.next(item) == ScriptReader::Kind::kEnd);
  CHECK(!script.next_line(line));
  writer.join();
  ::close(ends[0]);
}

TEST_CASE("only COPY FROM STDIN takes the lines behind it") {
  CHECK(is_copy_from_stdin("COPY t (a, b) FROM STDIN (FORMAT csv);"));
  CHECK(is_copy_from_stdin("copy t from stdin"));
  CHECK(!is_copy_from_stdin("COPY t TO STDOUT"));
  CHECK(!is_copy_from_stdin("COPY t FROM '/tmp/stdin'"));
  CHECK(!is_copy_from_stdin("COPY (SELECT 'from stdin') TO STDOUT"));
  CHECK(!is_copy_from_stdin("SELECT 'COPY t FROM STDIN'"));
}
