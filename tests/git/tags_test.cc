// Proves: a pushed tag may name any commit, and spoils nothing. What reads it reads what is there, or says
// what cannot be read; what builds on it keeps every rule, or says what is in the way and changes
// nothing. Pushed while the repository is open, and while it is closed.
#include <functional>

#include "git_testing.h"

namespace rowan::git_testing {

namespace {

struct BadTag {
  std::string name;
  std::function<void(const fs::path& work)> make;  // Of a clone's files.
  std::string built;  // The SQLSTATE of building on all of it; empty: it may be built on.
  std::string read;   // The same of reading table t.
};

std::function<void(const fs::path&)> put(const std::string& file, const std::string& text) {
  return [=](const fs::path& work) {
    fs::create_directories((work / file).parent_path());
    write_file(work / file, text);
  };
}

const std::vector<BadTag>& bad_tags() {
  constexpr const char* kRows = "public/t/rows/0.jsonl";
  constexpr const char* kTable = "public/t/table.sql";
  static const std::vector<BadTag> all = {
      {"notnull", put(kRows, "[1,\"one\"]\n[2,null]\n"), "23502", ""},
      {"twice", put(kRows, "[1,\"one\"]\n[1,\"uno\"]\n"), "VC008", ""},
      {"check", put(kRows, "[1,\"one\"]\n[2,\"\"]\n"), "23514", ""},
      {"line", put(kRows, "[1,\"one\"]\n[2,"), "VC008", "VC008"},
      {"type", put(kRows, "[\"one\",1]\n"), "VC008", "VC008"},
      {"table", put(kTable, "CREATE TABLE public.t (id integer PRIMARY KEY, a nosuch);\n"), "VC008", "VC008"},
      {"words", put(kTable, "no SQL\n"), "VC008", "VC008"},
      {"rule", put(kTable, "CREATE TABLE public.t (id integer PRIMARY KEY MERGE RULE sum, a text NOT NULL);\n"), "42P16", ""},
      {"default", put(kTable, "CREATE TABLE public.t (id integer PRIMARY KEY, a text NOT NULL DEFAULT nosuch());\n"), "42883", ""},
      {"view", put("public/v/view.sql", "CREATE VIEW public.v (a) AS SELECT nosuch FROM public.t;\n"), "42703", ""},
      {"stray", put("public/t/other.txt", "what is this\n"), "VC008", "VC008"},
      {"json", put("rowan.json", "no JSON\n"), "VC008", ""},
      {"free", put(kRows, "[ 2, \"two\" ]\n[1,\"\\u006fne\"]\n"), "", ""},
  };
  return all;
}

std::string state_of(const std::string& answer) {
  return answer.size() > 6 && answer[5] == ':' && answer[6] == ' ' ? answer.substr(0, 5) : "";
}

// An error is a sentence, of what is at hand.
void check_clear(const std::string& answer) {
  const std::string state = state_of(answer);
  CHECK_FALSE(state.starts_with("XX"));
  if (state.empty()) return;
  CHECK(answer.size() > 20);
  CHECK(answer.find("unreadable") == std::string::npos);
  CHECK(answer.find(": line 1: it is no JSON array, in ") == std::string::npos);
}

std::string filled(std::string text, const std::string& tag) {
  for (size_t at = text.find("{}"); at != std::string::npos; at = text.find("{}")) text.replace(at, 2, tag);
  return text;
}

void ask_all(Opened& opened, const BadTag& tag) {
  const std::string before = opened.ask("SELECT \"commit\" FROM rowan.branches WHERE branch = 'main'");
  // Reading.
  const std::string rows = opened.ask(filled("SELECT count(*), count(a) FROM t AS OF '{}'", tag.name));
  CAPTURE(rows);
  CHECK(state_of(rows) == (tag.read));
  for (const std::string question :
       {"SELECT * FROM rowan.diff('t', '{}', 'main')", "SELECT * FROM rowan.diff_stat('main', '{}')",
        "SELECT * FROM rowan.diff_rows('main', '{}')", "SELECT * FROM rowan.schema_diff('main', '{}')",
        "SELECT * FROM rowan.patch('{}', 'main')", "SELECT * FROM rowan.patch('main', '{}')",
        "SELECT * FROM rowan.history('t', '{}')", "SELECT * FROM rowan.blame('t', '{}')", "SHOW LOG ON '{}'",
        "SELECT * FROM rowan.files AS OF '{}'", "SELECT * FROM rowan.merge_decisions('main', '{}')", "SELECT * FROM v AS OF '{}'",
        "SELECT * FROM rowan.bisect('SELECT count(*) >= 0 FROM t', 'main', '{}')"}) {
    const std::string answer = opened.ask(filled(question, tag.name));
    CAPTURE(question);
    CAPTURE(answer);
    check_clear(answer);
  }
  CHECK(opened.ask(filled("SELECT count(*) FROM rowan.tags WHERE tag = '{}'", tag.name)) == "1;");
  const auto there = opened.connect();
  CHECK(Opened::ask(*there, filled("CHECKOUT '{}'", tag.name)) == "");
  CHECK(Opened::ask(*there, "SELECT count(*), count(a) FROM t") == rows.substr(0, rows.find("\n")));
  check_clear(Opened::ask(*there, "SELECT * FROM rowan.tables"));
  CHECK(state_of(Opened::ask(*there, "INSERT INTO t VALUES (9, 'nine')")) == "25006");

  // Building.
  for (const std::string statement : {"CREATE BRANCH made FROM '{}'", "RESTORE ALL TO '{}'", "RESTORE SCHEMA public TO '{}'", "RESET TO '{}'",
                                "MERGE '{}'", "MERGE '{}' DRY RUN", "REBASE ONTO '{}'", "CHERRY-PICK '{}'", "RESTORE TABLE t TO '{}'",
                                "CHECKOUT NEW made FROM '{}'"}) {
    CAPTURE(statement);
    const auto session = opened.connect();
    const std::string answer = Opened::ask(*session, filled(statement, tag.name));
    CAPTURE(answer);
    check_clear(answer);
    const bool takes_all = !statement.starts_with("CHERRY-PICK") && !statement.starts_with("RESTORE TABLE");
    const bool says_only = statement.ends_with("DRY RUN");
    // What is spelled freely is merged as a branch: the hint says how.
    const bool wants_branch = statement.starts_with("MERGE") && state_of(answer) == "55000";
    if (!tag.built.empty() && takes_all && !says_only && !wants_branch) CHECK(state_of(answer) == tag.built);
    if (tag.built.empty() && !wants_branch) CHECK(state_of(answer) == "");
    if (!state_of(answer).empty() || says_only)
      CHECK(opened.ask("SELECT \"commit\" FROM rowan.branches WHERE branch = 'main'") == before);
    // Whatever came of it is sound.
    CHECK(opened.ask("SELECT count(*) FROM t WHERE a IS NULL OR a = ''") == "0;");
    auto problems = opened.database().check();
    REQUIRE(problems.ok());
    for (const std::string& problem : *problems) CHECK(problem.find("(branch ") == std::string::npos);
    opened.ask("DROP BRANCH IF EXISTS made FORCE");
    Opened::execute(*opened.connect(), "RESET TO '" + before.substr(0, 40) + "'");
  }
}

}  // namespace

TEST_CASE("a tag at any commit is read as it stands, and no branch comes to stand there") {
  for (const BadTag& tag : bad_tags()) {
    for (const bool is_open : {true, false}) {
      INFO(tag.name << (is_open ? ", open" : ", closed"));
      const Scratch scratch;
      const fs::path db = scratch / "db", work = scratch / "work";
      auto opened = std::make_unique<Opened>(db);
      opened->execute("CREATE TABLE t (id integer PRIMARY KEY, a text NOT NULL CHECK (a <> ''))");
      opened->execute("INSERT INTO t VALUES (1, 'one'), (2, 'two')");
      opened->checkpoint();
      if (!is_open) opened.reset();
      must("git clone -q '" + db.string() + "' '" + work.string() + "'");
      tag.make(work);
      git(work, "add -A");
      git(work, "commit -qm 'tagged'");
      git(work, std::string("tag ") + (is_open ? "" : "-m why ") + tag.name);
      git(work, std::string("push -q origin ") + tag.name);
      if (opened == nullptr) opened = std::make_unique<Opened>(db);
      REQUIRE(eventually([&] { return opened->ask(filled("SELECT count(*) FROM rowan.tags WHERE tag = '{}'", tag.name)) == "1;"; }));
      CHECK(opened->ask("SELECT count(*) FROM rowan.foreign") == "0;");
      ask_all(*opened, tag);
      CHECK(opened->ask(filled("DROP TAG \"{}\"", tag.name)) == "");
    }
  }
}

TEST_CASE("a tag of something else than a commit is named as that") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  Opened opened(db);
  opened.execute("CREATE TABLE t (id integer PRIMARY KEY)");
  opened.checkpoint();
  write_file(scratch / "text", "text\n");
  const std::string blob = git(db, "hash-object -w '" + (scratch / "text").string() + "'").substr(0, 40);
  git(db, "tag blob " + blob);
  git(db, "tag tree main^{tree}");
  for (const std::string tag : {"blob", "tree"}) {
    CHECK(eventually([&] { return opened.ask("CHECKOUT '" + tag + "'").ends_with("is not a commit"); }));
    for (const char* statement :
         {"SELECT * FROM t AS OF '{}'", "CHECKOUT '{}'", "CREATE BRANCH b FROM '{}'", "RESET TO '{}'", "RESTORE ALL TO '{}'", "MERGE '{}'",
          "REVERT '{}'", "CHERRY-PICK '{}'", "CREATE TAG again FROM '{}'", "SELECT * FROM rowan.diff('t', '{}', 'main')"}) {
      CAPTURE(statement);
      CHECK(opened.ask(filled(statement, tag)) == "VC002: \"" + tag + "\" is not a commit");
    }
  }
  CHECK(opened.ask("SELECT count(*) FROM rowan.commits") == "2;");
  CHECK(opened.ask("DROP TAG blob") == "");
  check_clean(db);
}

}  // namespace rowan::git_testing
