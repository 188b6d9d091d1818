// What other programs write into messages and names is shown to people by its codes: an escape
// sequence must not reach the terminal of who reads a log.
#include "git_testing.h"

namespace rowan::git_testing {

TEST_CASE("control characters of others are shown by their codes") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  {
    Opened opened(db);
    opened.execute("CREATE TABLE t (id integer PRIMARY KEY, v text)");
    opened.execute("INSERT INTO t VALUES (1, 'one')");
  }
  const fs::path work = scratch / "work";
  must("git clone -q '" + db.string() + "' '" + work.string() + "'");
  const fs::path rows = work / "public" / "t" / "rows" / "0.jsonl";
  write_file(rows, "[1,\"uno\"]\n");
  must("cd '" + work.string() + "' && git add -A && GIT_AUTHOR_NAME=\"$(printf 'E\\033[7mve')\" git commit -qm \"$(printf 'red \\033[31m \\302\\233 and \\007 bell')\"");
  git(work, "push -q origin HEAD:main");
  // Then one that is parked, with a name of a file that is none.
  write_file(work / "public" / "t" / "rows" / "a\033[2Jb.txt", "x");
  git(work, "add -A");
  git(work, "commit -qm 'no such file'");
  git(work, "push -q origin HEAD:main");
  const std::string place = " '" + db.string() + "'";
  std::string all;
  for (const std::string arguments :
       {"sql" + place + " -c 'SELECT message, author FROM rowan.log'", "log" + place, "log --oneline" + place,
        "log --graph" + place, "blame t" + place, "foreign" + place, "sql" + place + " -c 'SHOW FOREIGN'",
        "sql" + place + " -c \"CREATE BRANCH b FROM 'refs/rowan/foreign/main/" + git(work, "rev-parse HEAD").substr(0, 40) + "'\"",
        "check" + place}) {
    const Ended ended = run_rowan(arguments);
    INFO(arguments);
    INFO(ended.output);
    CHECK(ended.output.find('\033') == std::string::npos);
    CHECK(ended.output.find('\007') == std::string::npos);
    CHECK(ended.output.find("\302\233") == std::string::npos);
    all += ended.output;
  }
  CHECK(all.find("red \\x1B[31m \\u009B and \\x07 bell") != std::string::npos);
  CHECK(all.find("a\\x1B[2Jb.txt") != std::string::npos);
  // Data for programs is as it is.
  const std::string csv = run_rowan("sql" + place + " --format csv -c 'SELECT message FROM rowan.log'").output;
  CHECK(csv.find("red \033[31m") != std::string::npos);
}

}  // namespace rowan::git_testing
