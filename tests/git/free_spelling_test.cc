// Rows that another program spelled freely read as the rows that they are: as a branch's tip, below
// one that another program made, in a repository that is open, closed, or opened for reading, and
// whatever their commits say of who made them.
#include <array>
#include <cstdio>

#include "free_spelling.h"

namespace rowan::git_testing {

namespace {

const Kinds kKinds = {{"city", "isi"},     {"pair", "sin"},    {"odd", "ifbsjss"}, {"note", "#si"},
                      {"big", "is"},       {"many", "iis"},    {"seen", "#ii"}};

// Three states by SQL: the revisions {0}, {1} and {2} of the questions below.
class Twins {
 public:
  explicit Twins(uint32_t seed) : plain(scratch / "plain"), free(scratch / "free"), seed_(seed) {
    {
      Opened opened(plain);
      begin(opened);
      ids_[0] = opened.execute("INSERT INTO city VALUES (99, 'Ghent', 9)");
      ids_[1] = change(opened, first_changes());
      ids_[2] = change(opened, second_changes());
      opened.checkpoint();
    }
    must("git init -q --bare '" + free.string() + "'");
    git(plain, "push -q '" + free.string() + "' " + ids_[0] + ":refs/heads/main");
    respell();
  }

  // The commits of the plain repository, spelled freely, come into the other one as its main.
  void push() const { git(work(), "push -q '" + free.string() + "' " + freed_[2] + ":refs/heads/main"); }

  std::string filled(std::string text, bool is_free) const {
    for (size_t i = 0; i < 3; ++i) {
      const std::string name = "{" + std::to_string(i) + "}";
      for (size_t at; (at = text.find(name)) != std::string::npos;)
        text.replace(at, name.size(), is_free ? freed_[i] : ids_[i]);
    }
    return text;
  }
  // An answer in which the commits have their names.
  std::string named(std::string text) const {
    for (size_t i = 0; i < 3; ++i) {
      for (const std::string& id : {ids_[i], freed_[i]}) {
        for (size_t at; (at = text.find(id)) != std::string::npos;)
          text.replace(at, id.size(), "{" + std::to_string(i) + "}");
      }
    }
    return text;
  }

  std::string tree_of(const fs::path& repository, const std::string& path) const {
    return run("git -C '" + repository.string() + "' rev-parse " + path).output;
  }

  const Scratch scratch;
  const fs::path plain, free;

 private:
  fs::path work() const { return scratch / "work"; }

  static void begin(Opened& opened) {
    opened.execute("CREATE TABLE city (id integer PRIMARY KEY, name text NOT NULL, size bigint)");
    opened.execute("INSERT INTO city SELECT n * 10, 'city/' || n || ' \"é€😀\\\"', n * 100 "
                   "FROM generate_series(1, 60) AS g(n)");
    opened.execute("CREATE TABLE pair (a text, b smallint, c numeric(10,2), PRIMARY KEY (a, b))");
    opened.execute("INSERT INTO pair SELECT 'k' || n % 7, n, n * 1.5 FROM generate_series(1, 70) AS g(n)");
    opened.execute("CREATE TABLE odd (id integer PRIMARY KEY, f double precision, b boolean, d date, "
                   "j jsonb, u uuid, t timestamp)");
    opened.execute("INSERT INTO odd SELECT n, n / 4.0, n % 3 = 0, date '2024-01-01' + n, "
                   "('{\"a\": ' || n || ', \"list\": [1, 2.50, \"x/y\"], \"bb\": null}')::jsonb, "
                   "('00000000-0000-0000-0000-0000000000' || (10 + n % 80))::uuid, "
                   "('2024-01-0' || (1 + n % 9) || ' 10:00:' || (10 + n))::timestamp "
                   "FROM generate_series(1, 50) AS g(n)");
    opened.execute("CREATE TABLE note (t text, n integer)");
    opened.execute("INSERT INTO note SELECT 'note ' || n % 9, n % 4 FROM generate_series(1, 90) AS g(n)");
    opened.execute("CREATE TABLE big (id integer PRIMARY KEY, body text)");
    opened.execute("INSERT INTO big SELECT n, repeat('large ' || n, 2000) FROM generate_series(1, 6) AS g(n)");
    opened.execute("CREATE TABLE many (id integer PRIMARY KEY, k integer, v text)");
    opened.execute("INSERT INTO many SELECT n, n % 50, 'value number ' || n FROM generate_series(1, 2500) AS g(n)");
    opened.execute("CREATE MATERIALIZED VIEW seen AS SELECT k, count(*)::integer AS n FROM many GROUP BY k");
  }
  static std::vector<std::string> first_changes() {
    return {"UPDATE city SET size = size + 5 WHERE id % 30 = 0",
            "DELETE FROM city WHERE id = 40",
            "INSERT INTO pair VALUES ('new', 1, 0.10), ('new', 2, 200.00)",
            "UPDATE odd SET f = f * 2, b = NOT b WHERE id % 5 = 0",
            "INSERT INTO note SELECT 'note 3', 3 FROM generate_series(1, 4) AS g(n)",
            "UPDATE big SET body = body || '!' WHERE id = 2",
            "UPDATE many SET v = v || ' again' WHERE id % 100 = 7",
            "REFRESH MATERIALIZED VIEW seen"};
  }
  static std::vector<std::string> second_changes() {
    return {"UPDATE city SET name = 'town ' || id WHERE id % 70 = 0",
            "INSERT INTO city VALUES (40, 'back again', 1)",
            "DELETE FROM pair WHERE b % 10 = 3",
            "UPDATE odd SET j = '{\"z\": [true, {\"k\": \"v\"}]}' WHERE id = 9",
            "DELETE FROM note WHERE t = 'note 5'",
            "DELETE FROM big WHERE id = 5",
            "DELETE FROM many WHERE id BETWEEN 700 AND 760",
            "REFRESH MATERIALIZED VIEW seen"};
  }
  static std::string change(Opened& opened, const std::vector<std::string>& statements) {
    opened.execute("BEGIN");
    for (const std::string& statement : statements) opened.execute(statement);
    return opened.execute("COMMIT");
  }

  // The second and third commit with other trees and parents, and else as they are: each still says
  // that Rowan made it.
  void respell() {
    FreeSpelling spelling(seed_);
    must("git clone -q '" + plain.string() + "' '" + work().string() + "'");
    freed_[0] = ids_[0];
    for (size_t i = 1; i < 3; ++i) {
      git(work(), "checkout -q " + ids_[i]);
      spelling.respell(work() / "public", kKinds);
      git(work(), "add -A");
      const std::string tree = git(work(), "write-tree").substr(0, 40);
      std::string commit = git(work(), "cat-file commit " + ids_[i]);
      REQUIRE(commit.find("Rowan-Time: ") != std::string::npos);
      commit.replace(5, 40, tree);
      commit.replace(commit.find("parent ") + 7, 40, freed_[i - 1]);
      write_file(scratch / "commit", commit);
      freed_[i] = git(work(), "hash-object -t commit -w '" + (scratch / "commit").string() + "'").substr(0, 40);
      REQUIRE(freed_[i] != ids_[i]);
      git(work(), "reset -q --hard " + ids_[i]);
    }
  }

  const uint32_t seed_;
  std::string ids_[3], freed_[3];
};

// Questions about one table, {T} being the table and where it is read.
std::vector<std::string> questions_of(const std::string& table) {
  std::vector<std::string> all{"SELECT count(*) FROM {T}", "SELECT * FROM {T} ORDER BY 1, 2"};
  const auto add = [&](std::initializer_list<const char*> more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  if (table == "city") {
    add({"SELECT name FROM {T} WHERE id = 40", "SELECT name FROM {T} WHERE id = 30",
         "SELECT size FROM {T} WHERE id = 600", "SELECT count(*) FROM {T} WHERE id = 41",
         "SELECT id FROM {T} WHERE id BETWEEN 100 AND 200 ORDER BY id",
         "SELECT id FROM {T} WHERE id IN (10, 20, 30, 40, 50, 999) ORDER BY id",
         "SELECT id FROM {T} WHERE id > 550 ORDER BY id DESC", "SELECT sum(size), avg(size), max(name) FROM {T}",
         "SELECT min(id), max(id) FROM {T}", "SELECT id FROM {T} WHERE name = 'city/3 \"é€😀\\\"'",
         "SELECT count(*) FROM {T} WHERE name LIKE 'town%'", "SELECT id FROM {T} ORDER BY id LIMIT 3",
         "SELECT id FROM {T} ORDER BY id DESC LIMIT 3", "SELECT c.id, m.v FROM {T} c JOIN many m ON m.id = c.id ORDER BY 1"});
  } else if (table == "pair") {
    add({"SELECT c FROM {T} WHERE a = 'k1' AND b = 8", "SELECT b, c FROM {T} WHERE a = 'new' ORDER BY b",
         "SELECT a, count(*), sum(c) FROM {T} GROUP BY a ORDER BY a",
         "SELECT * FROM {T} WHERE (a, b) >= ('k3', 40) ORDER BY a, b LIMIT 5",
         "SELECT count(DISTINCT c) FROM {T}", "SELECT * FROM {T} WHERE c = 1.5"});
  } else if (table == "odd") {
    add({"SELECT f, b, d FROM {T} WHERE id = 10", "SELECT j FROM {T} WHERE id = 9",
         "SELECT id FROM {T} WHERE b ORDER BY id", "SELECT sum(f) FROM {T} WHERE id BETWEEN 10 AND 20",
         "SELECT id FROM {T} WHERE j->>'a' = '7'", "SELECT count(*) FROM {T} WHERE t < '2024-01-02'",
         "SELECT u FROM {T} WHERE id IN (1, 2, 50) ORDER BY id"});
  } else if (table == "note") {
    add({"SELECT t, n, count(*) FROM {T} GROUP BY t, n ORDER BY t, n", "SELECT count(*) FROM {T} WHERE t = 'note 3'",
         "SELECT DISTINCT n FROM {T} ORDER BY n"});
  } else if (table == "big") {
    add({"SELECT id, length(body), md5(body) FROM {T} ORDER BY id", "SELECT right(body, 9) FROM {T} WHERE id = 2"});
  } else if (table == "many") {
    add({"SELECT v FROM {T} WHERE id = 107", "SELECT v FROM {T} WHERE id = 2500", "SELECT count(*) FROM {T} WHERE id = 710",
         "SELECT sum(k) FROM {T} WHERE id BETWEEN 650 AND 800", "SELECT k, count(*) FROM {T} GROUP BY k ORDER BY k",
         "SELECT id FROM {T} WHERE id IN (3, 699, 700, 760, 761) ORDER BY id", "SELECT max(id) FROM {T} WHERE id < 755",
         "SELECT count(*) FROM {T} WHERE v LIKE '%again'", "SELECT id FROM {T} WHERE id > 2490 ORDER BY id"});
  }
  return all;
}

std::vector<std::string> questions() {
  std::vector<std::string> all;
  for (const auto& [table, kinds] : kKinds) {
    for (const std::string& question : questions_of(table)) {
      for (const char* place : {"", " AS OF '{0}'", " AS OF '{1}'", " AS OF '{2}'", " AS OF '{2}~1'"}) {
        std::string text = question;
        text.replace(text.find("{T}"), 3, table + place);
        all.push_back(text);
      }
    }
    for (const char* range : {"'{0}', '{1}'", "'{1}', '{2}'", "'{0}', '{2}'", "'{2}', '{0}'"}) {
      all.push_back("SELECT * FROM rowan.diff('" + table + "', " + range + ") ORDER BY 2, 3, 4");
      all.push_back("SELECT * FROM rowan.diff_stat('" + table + "', " + range + ")");
      all.push_back("SELECT * FROM rowan.diff_rows('" + table + "', " + range + ") ORDER BY 1, 2, 3, 4");
    }
    for (const char* at : {"{0}", "{1}", "{2}"}) {
      all.push_back("SELECT count(*) FROM rowan.log('" + std::string(at) + "', '" + table + "')");
      if (kinds[0] == '#') continue;
      all.push_back("SELECT * FROM rowan.history('" + table + "', '" + at + "') ORDER BY time, 4, 5, 6");
      all.push_back("SELECT * FROM rowan.blame('" + table + "', '" + at + "') ORDER BY 1, 2, 3");
      all.push_back("SELECT * FROM rowan.blame_cells('" + table + "', '" + at + "') ORDER BY 1, 2, 3, 4");
    }
    if (kinds[0] == '#' || table == "seen") continue;
    all.push_back("SELECT * FROM " + table + " FOR SYSTEM_TIME ALL WHERE valid_to < 'infinity' ORDER BY 1, 2, 3, valid_from");
    all.push_back("SELECT count(*) FROM " + table + " FOR SYSTEM_TIME ALL");
  }
  for (const char* each :
       {"SELECT id, size FROM rowan.history('city', '{2}', 40) ORDER BY time", "SELECT v FROM rowan.history('many', '{2}', 107) ORDER BY time",
        "SELECT message FROM rowan.blame('city', '{2}', 30)", "SELECT change, id FROM rowan.pickaxe('city', 'back again', 'name', '{2}') ORDER BY 1, 2",
        "SELECT change, id FROM rowan.pickaxe('many', 'value number 107 again', 'v', '{2}') ORDER BY 1, 2",
        "SELECT step, verdict FROM rowan.bisect('SELECT count(*) = 61 FROM city', '{0}', '{2}')",
        "SELECT step, verdict FROM rowan.bisect('SELECT max(v) IS NOT NULL FROM many WHERE id = 750', '{0}', '{2}')",
        "SELECT a.id, a.size, b.size FROM city AS OF '{0}' a JOIN city AS OF '{1}' b ON a.id = b.id WHERE a.size <> b.size ORDER BY 1",
        "SELECT count(*) FROM many AS OF '{1}' a LEFT JOIN many AS OF '{2}' b ON a.id = b.id WHERE b.id IS NULL",
        "SELECT a.id FROM city AS OF '{2}' a JOIN many AS OF '{1}' b USING (id) ORDER BY 1",
        "SELECT count(*) FROM city AS OF '{1}' WHERE id IN (SELECT id FROM many AS OF '{2}')"})
    all.push_back(each);
  return all;
}

// Every question gives both the same; `place`: where the session stands.
size_t compare(const Twins& twins, Opened& plain, Opened& free, const std::vector<std::string>& all,
               const std::string& place = "") {
  const auto plain_session = plain.connect(twins.filled(place, false));
  const auto free_session = free.connect(twins.filled(place, true));
  size_t wrong = 0;
  for (const std::string& question : all) {
    const std::string wanted = twins.named(Opened::ask(*plain_session, twins.filled(question, false)));
    const std::string given = twins.named(Opened::ask(*free_session, twins.filled(question, true)));
    if (wanted == given) continue;
    ++wrong;
    if (wrong > 5) continue;
    INFO(question);
    INFO(wanted.substr(0, 300));
    INFO(given.substr(0, 300));
    CHECK(false);
  }
  CHECK(wrong == 0);
  return all.size();
}

// Statements that build upon the commits, and then the trees that came of them.
void compare_statements(const Twins& twins, Opened& plain, Opened& free) {
  const std::vector<std::string> statements{
      "CREATE BRANCH picked FROM '{0}'", "CHECKOUT picked", "CHERRY-PICK '{1}'",
      "CREATE BRANCH reverted FROM '{2}'", "CHECKOUT reverted", "REVERT '{2}'",
      "CREATE BRANCH twice FROM '{1}'", "CHECKOUT twice", "UPDATE city SET size = -1 WHERE id = 10",
      "MERGE reverted WITH THEIRS", "CREATE BRANCH restored FROM '{2}'", "CHECKOUT restored",
      "RESTORE TABLE city TO '{1}'", "RESTORE TABLE many TO '{1}'", "RESTORE TABLE note TO '{0}'",
      "CREATE BRANCH based FROM '{0}'", "CHECKOUT based", "DELETE FROM city WHERE id = 20",
      "MERGE twice WITH THEIRS", "CHECKOUT main"};
  for (const std::string& statement : statements) {
    INFO(statement);
    const std::string wanted = plain.ask(twins.filled(statement, false));
    CHECK(twins.named(free.ask(twins.filled(statement, true))) == twins.named(wanted));
  }
  plain.checkpoint();
  free.checkpoint();
  for (const char* branch : {"main", "picked", "reverted", "twice", "restored", "based"}) {
    for (const auto& [table, kinds] : kKinds) {
      const std::string path = std::string(branch) + ":public/" + table + "/rows";
      INFO(path);
      CHECK(twins.tree_of(twins.free, path) == twins.tree_of(twins.plain, path));
    }
  }
}

}  // namespace

TEST_CASE("what is spelled freely reads as it is meant: pushed while the repository is open") {
  const Twins twins(20240229);
  Opened plain(twins.plain);
  Opened free(twins.free);
  CHECK(free.ask("SELECT count(*) FROM many") == "2500;");
  twins.push();
  REQUIRE(eventually([&] { return free.ask("SELECT count(*) FROM many") != "2500;"; }));
  CHECK(free.ask("SELECT reason FROM rowan.foreign").empty());
  const std::vector<std::string> all = questions();
  const size_t asked = compare(twins, plain, free, all);
  MESSAGE(asked << " questions");
  CHECK(asked >= 442);
  std::vector<std::string> here;
  for (const auto& [table, kinds] : kKinds) {
    for (std::string question : questions_of(table)) {
      question.replace(question.find("{T}"), 3, table);
      here.push_back(question);
    }
  }
  for (const char* place : {"{1}", "{2}", "{2}~1"}) compare(twins, plain, free, here, place);
  compare_statements(twins, plain, free);
  check_clean(twins.free);
}

namespace {

// Pushes while nobody has the repository open.
void push_closed(const Twins& twins) {
  { Opened first(twins.free); }
  twins.push();
}

}  // namespace

TEST_CASE("what is spelled freely reads as it is meant: pushed while nobody has the repository open") {
  const Twins twins(7);
  push_closed(twins);
  Opened plain(twins.plain);
  {
    // The first answer is that of the canonical commit, which is there before it.
    Opened free(twins.free);
    CHECK(free.ask("SELECT name FROM city WHERE id = 40") == "back again;");
    CHECK(free.ask("SELECT message FROM rowan.log LIMIT 1") == "normalise;");
    compare(twins, plain, free, questions());
    compare_statements(twins, plain, free);
  }
  check_clean(twins.free);
}

TEST_CASE("what is spelled freely reads as it is meant: in a repository opened for reading") {
  const Twins twins(11);
  push_closed(twins);
  { Opened writes(twins.free); }  // The tip's canonical form is a commit; what is below it is as it came.
  Opened plain(twins.plain);
  OpenOptions options;
  options.read_only = true;
  Opened free(twins.free, options);
  compare(twins, plain, free, questions());
  CHECK(run_rowan("check '" + twins.free.string() + "'").code == 0);
}

TEST_CASE("what cannot be read is an error, and no wrong answer") {
  const Twins twins(3);
  const fs::path work = twins.scratch / "hands";
  must("git clone -q '" + twins.plain.string() + "' '" + work.string() + "'");
  const fs::path city = work / "public" / "city" / "rows" / "0.jsonl";
  const std::string good = read_file(city);
  // Two leaves that lie between each other, and a size that is no number.
  std::string even, odd;
  bool is_odd = false;
  std::istringstream lines(good);
  for (std::string line; std::getline(lines, line); is_odd = !is_odd) (is_odd ? odd : even) += line + "\n";
  write_file(city, even);
  write_file(city.parent_path() / "x.jsonl", odd + "[7,\"seven\",\"x\"]\n");
  git(work, "add -A");
  git(work, "commit -qm 'a size is no number'");
  git(work, "checkout -q HEAD~1 .");
  fs::remove(city.parent_path() / "x.jsonl");
  git(work, "commit -qam 'and is there again'");
  // By a push it would be parked: commits below a tip must read. A clone is taken as it is.
  const fs::path cloned = twins.scratch / "cloned";
  must("git clone -q --bare '" + work.string() + "' '" + cloned.string() + "'");
  Opened opened(cloned);
  REQUIRE(opened.ask("SELECT message FROM rowan.log LIMIT 1") == "and is there again;");
  for (const std::string question : {"SELECT count(*) FROM city AS OF 'HEAD~1'", "SELECT sum(size) FROM city AS OF 'HEAD~1'", "SELECT name FROM city AS OF 'HEAD~1' WHERE id = 20",
                               "SELECT change FROM rowan.diff('city', 'HEAD~1', 'HEAD')", "REVERT 'HEAD~1'"}) {
    INFO(question);
    const std::string answer = opened.ask(question);
    INFO(answer);
    CHECK(answer.starts_with("VC008: "));
    CHECK(answer.find("column \"size\"") != std::string::npos);
  }
  CHECK(opened.ask("SELECT count(*) FROM many AS OF 'HEAD~1'") == opened.ask("SELECT count(*) FROM many"));
  CHECK(opened.ask("SELECT count(*) FROM rowan.history('many', 'HEAD', 107)") == "2;");
}

TEST_CASE("N9: a time of another program has no more digits than its column") {
  const Scratch scratch;
  const fs::path db = scratch / "db", work = scratch / "work";
  Opened opened(db);
  opened.execute("CREATE TABLE t (id integer PRIMARY KEY, at timestamp(1), h time(0), z timestamptz(3))");
  opened.execute("INSERT INTO t VALUES (1, '2024-01-01 10:00:00.5', '10:00:00', '2024-01-01 10:00:00.125+00')");
  opened.checkpoint();
  must("git clone -q '" + db.string() + "' '" + work.string() + "'");
  const fs::path leaf = work / "public/t/rows/0.jsonl";
  const std::string line = "[1,\"2024-01-01 10:00:00.5\",\"10:00:00\",\"2024-01-01 10:00:00.125+00\"]\n";
  REQUIRE(read_file(leaf) == line);
  const auto push = [&](const std::string& from, const std::string& to) {
    std::string text = line;
    write_file(leaf, text.replace(text.find(from), from.size(), to));
    git(work, "commit -qam edit");
    // Git refuses while the ref is being set back for the push before.
    REQUIRE(eventually([&] { return run("git -C '" + work.string() + "' push -qf origin HEAD:main").code == 0; }));
  };
  for (const auto& [from, to, type] : std::vector<std::array<std::string, 3>>{
           {"00:00.5\"", "00:00.55\"", "timestamp(1) without time zone"},
           {"\"10:00:00\"", "\"10:00:00.25\"", "time(0) without time zone"},
           {".125+00", ".1255+00", "timestamp(3) with time zone"}}) {
    CAPTURE(type);
    push(from, to);
    const std::string tip = git(work, "rev-parse HEAD").substr(0, 40);
    CHECK(eventually([&] {
      return opened.ask("SELECT reason FROM rowan.foreign WHERE \"commit\" = '" + tip + "'")
                 .find("its last digits would be lost in " + type) != std::string::npos;
    }));
    git(work, "reset -q --hard HEAD~1");
  }
  push("00:00.5\",\"10:00:00\",\"2024-01-01 10:00:00.125+00", "00:00.50\",\"10:00:00.0\",\"2024-01-01 10:00:00.126+00");
  CHECK(eventually([&] { return opened.ask("SELECT at, h, z FROM t") == "2024-01-01 10:00:00.5|10:00:00|2024-01-01 10:00:00.126+00;"; }));
  opened.checkpoint();
  check_clean(db);
}

}  // namespace rowan::git_testing
