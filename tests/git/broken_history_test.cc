// Proves: a pushed commit whose rows break a rule, with one behind it that mends them, does not spoil the
// history that it stands in. Its rows are read as they stand; what cannot be read at all says which
// commit it is, and everything else goes on; such a history only comes with a clone, for a push of it is
// parked. Each fault, with the store open and closed.
#include "git_testing.h"

namespace rowan::git_testing {

namespace {

struct BrokenRule {
  const char* name;
  const char* from;       // A line of the table's, and what the broken commit has in its place.
  const char* to;
  const char* as_of;      // count(*), count(DISTINCT id), count(name) as of the broken commit.
  bool breaks_rule;       // So that no branch may stand there.
};

// Lines of city: [id, name, size, price, region].
constexpr BrokenRule kBroken[] = {
    {"NULL in NOT NULL", R"([2,"Bern",20,2.50,1])", R"([2,null,20,2.50,1])", "4|4|3;", true},
    {"a repeated key", "[2,\"Bern\",20,2.50,1]\n", "[2,\"Bern\",20,2.50,1]\n[2,\"Basel\",21,2.50,1]\n",
     "4|4|4;", true},
    {"a repeated row", "[2,\"Bern\",20,2.50,1]\n", "[2,\"Bern\",20,2.50,1]\n[2,\"Bern\",20,2.50,1]\n",
     "4|4|4;", true},
    {"a broken CHECK", R"([2,"Bern",20,2.50,1])", R"([2,"Bern",-20,2.50,1])", "4|4|4;", true},
    {"a broken UNIQUE", R"([2,"Bern",20,2.50,1])", R"([2,"Rome",20,2.50,1])", "4|4|4;", true},
    {"a broken foreign key", R"([2,"Bern",20,2.50,1])", R"([2,"Bern",20,2.50,77])", "4|4|4;", true},
    {"lines out of order", "[1,\"Rome\",10,1.50,1]\n[2,\"Bern\",20,2.50,1]\n",
     "[2,\"Bern\",20,2.50,1]\n[1,\"Rome\",10,1.50,1]\n", "4|4|4;", false},
    {"a numeric out of range", R"([2,"Bern",20,2.50,1])", R"([2,"Bern",20,123456.789,1])", nullptr, true},
    {"a line that cannot be read", R"([2,"Bern",20,2.50,1])", R"([2,"Bern")", nullptr, true},
};

class BrokenHistory {
 public:
  explicit BrokenHistory(const BrokenRule& rule, bool is_open)
      : db(scratch / "db"), work(scratch / "work") {
    auto opened = std::make_unique<Opened>(db);
    opened->execute("CREATE TABLE region (id integer PRIMARY KEY)");
    opened->execute("INSERT INTO region VALUES (1)");
    opened->execute(
        "CREATE TABLE city (id integer PRIMARY KEY, name text NOT NULL UNIQUE, size integer CHECK (size > 0), "
        "price numeric(5,2), region integer REFERENCES region)");
    opened->execute("INSERT INTO city VALUES (1, 'Rome', 10, 1.5, 1), (2, 'Bern', 20, 2.5, 1), "
                    "(3, 'Oslo', 30, 3.5, 1), (4, 'Riga', 40, 4.5, 1)");
    opened->checkpoint();
    if (!is_open) opened.reset();
    must("git clone -q '" + db.string() + "' '" + work.string() + "'");
    leaf = work / "public/city/rows/0.jsonl";
    good = read_file(leaf);
    std::string text = good;
    const size_t at = text.find(rule.from);
    REQUIRE(at != std::string::npos);
    write_file(leaf, text.replace(at, std::string(rule.from).size(), rule.to));
    git(work, "commit -qam broken");
    broken = git(work, "rev-parse HEAD").substr(0, 40);
    text = good;
    const std::string riga = R"([4,"Riga",40)";
    write_file(leaf, text.replace(text.find(riga), riga.size(), R"([4,"Riga",44)"));
    git(work, "commit -qam mended");
    if (rule.as_of == nullptr) {
      git(work, "push -q origin HEAD:main");
      if (opened == nullptr) opened = std::make_unique<Opened>(db);
      parked = eventually([&] { return opened->ask("SELECT count(*) FROM rowan.foreign") == "1;"; });
      opened.reset();
      db = scratch / "clone";
      must("git clone -q --bare '" + work.string() + "' '" + db.string() + "'");
      git(work, "remote set-url origin '" + db.string() + "'");
    } else {
      git(work, "push -q origin HEAD:main");
    }
    if (opened == nullptr) opened = std::make_unique<Opened>(db);
    session = std::move(opened);
    taken = eventually([&] { return ask("SELECT size FROM city WHERE id = 4") == "44;"; });
  }

  std::string ask(const std::string& sql) { return session->ask(sql); }

  const Scratch scratch;
  fs::path db;
  const fs::path work;
  fs::path leaf;
  std::string good;  // The leaf as it was.
  std::string broken;
  std::unique_ptr<Opened> session;
  bool taken = false;
  bool parked = false;  // What cannot be read, when it was pushed.
};

bool is_error(const std::string& answer) {
  return answer.size() > 6 && answer[5] == ':' && answer.find_first_of("|;") > 5;
}

}  // namespace

TEST_CASE("history over a commit that breaks a rule") {
  for (const BrokenRule& rule : kBroken) {
    for (const bool is_open : {true, false}) {
      INFO(rule.name << (is_open ? ", open" : ", closed"));
      BrokenHistory t(rule, is_open);
      CHECK(t.taken);
      CHECK(t.parked == (rule.as_of == nullptr));
      CHECK(t.ask("SELECT count(*), sum(size) FROM city") == "4|104;");

      const std::string as_of =
          t.ask("SELECT count(*), count(DISTINCT id), count(name) FROM city AS OF '" + t.broken + "'");
      const bool is_readable = rule.as_of != nullptr;
      if (is_readable) CHECK(as_of == rule.as_of);
      else CHECK(as_of.starts_with("VC008: public/city/rows/0.jsonl: line 2: "));
      // What the fault does not touch.
      CHECK(t.ask("SELECT count(*) FROM region AS OF '" + t.broken + "'") == "1;");

      for (const char* question :
           {"SELECT count(*) FROM rowan.blame('city')", "SELECT count(*) FROM rowan.blame_cells('city')",
            "SELECT count(*) > 0 FROM rowan.history('city')", "SELECT count(*) > 0 FROM rowan.history('city', 'HEAD', 2)",
            "SELECT count(*) > 0 FROM city FOR SYSTEM_TIME ALL", "SHOW LOG FOR city KEY 2", "SHOW LOG",
            "SELECT count(*) > 0 FROM rowan.diff('city', 'HEAD~2', 'HEAD')",
            "SELECT count(*) >= 0 FROM rowan.diff('city', 'HEAD~2', 'HEAD~1')"}) {
        const std::string answer = t.ask(question);
        CAPTURE(question);
        CAPTURE(answer);
        if (is_readable) CHECK_FALSE(is_error(answer));
        else CHECK((answer.starts_with("VC008: ") || !is_error(answer)));
      }
      if (is_readable) CHECK(t.ask("SELECT size FROM rowan.blame('city') b JOIN city USING (id) WHERE id = 4") == "44;");

      // A branch cannot stand at such rows; one that mends them in its own way merges.
      const std::string made = t.ask("CREATE BRANCH there FROM '" + t.broken + "'");
      CAPTURE(made);
      CHECK(is_error(made) == rule.breaks_rule);
      git(t.work, "checkout -qb side " + t.broken);
      std::string mended = t.good;
      const std::string oslo = R"([3,"Oslo",30)";
      write_file(t.leaf, mended.replace(mended.find(oslo), oslo.size(), R"([3,"Oslo",31)"));
      git(t.work, "commit -qam 'mended another way'");
      git(t.work, "push -q origin HEAD:side");
      CHECK(eventually([&] { return t.ask("SELECT count(*) FROM rowan.branches WHERE branch = 'side'") == "1;"; }));
      const std::string merged = t.ask("MERGE side");
      CAPTURE(merged);
      if (is_readable) {
        CHECK_FALSE(is_error(merged));
        CHECK(t.ask("SELECT size FROM city WHERE id IN (3, 4) ORDER BY id") == "31;44;");
      } else {
        CHECK(merged.starts_with("VC008: "));
      }
      CHECK(t.ask("SELECT id, name FROM city ORDER BY id") == "1|Rome;2|Bern;3|Oslo;4|Riga;");

      // Undone, the broken commit would come back: the result is held to the rules, and nothing changes.
      const std::string before = t.ask("SELECT * FROM city ORDER BY id");
      const std::string mending = git(t.work, "rev-parse main").substr(0, 40);
      const std::string undone = t.ask("REVERT '" + mending + "'");
      CAPTURE(undone);
      CHECK_FALSE(undone.starts_with("XX"));
      if (is_error(undone)) CHECK(t.ask("SELECT * FROM city ORDER BY id") == before);
      CHECK(t.ask("SELECT count(*) FROM city WHERE name IS NULL OR size <= 0") == "0;");
      t.session->execute("INSERT INTO city VALUES (9, 'still here', 1, 1, 1)");
      t.session->checkpoint();
      auto problems = t.session->database().check();
      REQUIRE(problems.ok());
      CHECK(problems->empty() == is_readable);
      for (const std::string& problem : *problems)
        CHECK(problem.starts_with("commit " + t.broken.substr(0, 12) + " (branch "));
    }
  }
}

}  // namespace rowan::git_testing
