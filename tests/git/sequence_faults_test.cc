// Sequences and columns that no statement makes, pushed as files: owners that are no column, identities
// whose sequence is somebody else's, values out of bounds, columns with one identity. The hook refuses
// each with SQL's code, an open repository and one that is opened later park it, and what is fine
// beside it is taken. What was so before is no news.
#include "git_testing.h"

namespace rowan::git_testing {

namespace {

struct Fault {
  std::string name;
  std::string file, from, to;  // An edit below public/.
  std::string sqlstate, reason;
  std::string twin;  // In place of `to`: fine.
};

std::vector<Fault> faults() {
  const std::string sequence = "s/sequence.json";
  const std::string owner = R"("owner":["public.t","n"])";
  const std::string identity = "t_5fid_5fseq/sequence.json";
  const std::string own = R"(,"owner":["public.t","id"])";
  return {
      {"owner: a view", sequence, owner, R"("owner":["public.v","id"])", "42809", "is not a table",
       R"("owner":["public.t","m"])"},
      {"owner: a sequence", sequence, owner, R"("owner":["public.s","n"])", "42809", "is not a table",
       R"("owner":["public.u","k"])"},
      {"owner: no such table", sequence, owner, R"("owner":["public.gone","n"])", "42P01",
       "does not exist", R"("owner":["public.t","m"])"},
      {"owner: no such schema", sequence, owner, R"("owner":["gone.t","n"])", "42P01",
       "does not exist", R"("owner":["public.t","m"])"},
      {"owner: no such column", sequence, owner, R"("owner":["public.t","gone"])", "42703",
       "no such column", R"("owner":["public.t","m"])"},
      {"identity: no owner", identity, own, "", "0A000", "identity", own},
      {"identity: another table's column", identity, own, R"(,"owner":["public.u","k"])", "0A000",
       "identity", own},
      {"identity: another column", identity, own, R"(,"owner":["public.t","n"])", "0A000", "identity",
       own},
      {"value: above all", identity, R"("last":32)", R"("last":99999999999)", "22003",
       "out of bounds", R"("last":2147483647)"},
      {"value: below all", identity, R"("last":32)", R"("last":-1)", "22003", "out of bounds",
       R"("last":0)"},
      {"value: the end of all numbers", sequence, R"("last":32)", R"("last":9223372036854775807)",
       "22003", "out of bounds", R"("last":90)"},
      {"IDs: two columns", "t/table.sql", "n integer SLOT 1 ID @n", "n integer SLOT 1 ID @m", "42P16",
       "two columns with ID", "n integer SLOT 1 ID 00000001"},
      {"IDs: a dropped column", "t/table.sql", "m integer SLOT 2 ID @m", "m integer SLOT 2 ID @d", "42P16",
       "two columns with ID", "m integer SLOT 2 ID 00000002"},
  };
}

class World {
 public:
  World() : db(scratch / "db"), work(scratch / "work") {
    {
      Opened opened(db);
      opened.execute(
          "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n integer, m integer, "
          "d integer)");
      opened.execute("ALTER TABLE t DROP COLUMN d");
      opened.execute("CREATE TABLE u (k integer PRIMARY KEY)");
      opened.execute("CREATE VIEW v AS SELECT id FROM t");
      opened.execute("CREATE SEQUENCE s MAXVALUE 100 OWNED BY t.n");
      opened.execute("INSERT INTO t (n) VALUES (nextval('s'))");
    }
    must("git clone -q '" + db.string() + "' '" + work.string() + "'");
    const std::string table = read_file(work / "public/t/table.sql");
    n_ = id_of(table, "n integer SLOT 1 ID ");
    m_ = id_of(table, "m integer SLOT 2 ID ");
    d_ = id_of(table, "DROPPED SLOT 3 ID ");
    start = git(work, "rev-parse HEAD").substr(0, 40);
  }
  std::string commit(const Fault& fault, const std::string& to) const {
    git(work, "reset -q --hard " + start);
    const fs::path file = work / "public" / fault.file;
    std::string text = read_file(file);
    const std::string from = filled(fault.from);
    INFO(text);
    INFO(from);
    const size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    write_file(file, text.replace(at, from.size(), filled(to)));
    git(work, "commit -q --allow-empty -am 'by hand'");
    return git(work, "rev-parse HEAD").substr(0, 40);
  }
  Ended push() const { return run("git -C '" + work.string() + "' push -q -f origin HEAD:main"); }

  const Scratch scratch;
  const fs::path db, work;
  std::string start;

 private:
  static std::string id_of(const std::string& table, const std::string& before) {
    const size_t at = table.find(before);
    INFO(table);
    REQUIRE(at != std::string::npos);
    return table.substr(at + before.size(), 8);
  }
  std::string filled(std::string text) const {
    for (const auto& [mark, id] : {std::pair("@n", n_), std::pair("@m", m_), std::pair("@d", d_)}) {
      if (const size_t at = text.find(mark); at != std::string::npos) text.replace(at, 2, id);
    }
    return text;
  }
  std::string n_, m_, d_;
};

std::string parked(Opened& opened, const std::string& id) {
  return opened.ask("SELECT sqlstate || ' ' || file || ' ' || reason FROM rowan.foreign WHERE \"commit\" = '" +
                    id + "'");
}

}  // namespace

TEST_CASE("sequences and columns that no statement makes do not come by git") {
  for (const Fault& fault : faults()) {
    CAPTURE(fault.name);
    const World it;
    const std::string bad = it.commit(fault, fault.to);
    const auto is_parked = [&](Opened& opened) {
      const auto named = [&] {
        const std::string text = parked(opened, bad);
        return text.starts_with(fault.sqlstate + " public/") && text.find(fault.reason) != std::string::npos;
      };
      const bool was_named = eventually(named, 3000);
      INFO(parked(opened, bad));
      CHECK(was_named);
    };
    CHECK(it.push().code == 0);
    {
      Opened opened(it.db);  // Closed.
      is_parked(opened);
      opened.execute("DROP FOREIGN '" + bad + "'");
      opened.checkpoint();
      CHECK(it.push().code == 0);
      is_parked(opened);
      CHECK(opened.ask("TAKE FOREIGN '" + bad + "'").starts_with(fault.sqlstate + ": "));
      opened.execute("DROP FOREIGN '" + bad + "'");
      opened.execute("INSERT INTO t (n) VALUES (7)");
    }
    git(it.db, "update-ref refs/heads/main " + it.start);
    must("rm -rf '" + (it.db / "rowan").string() + "'");  // As a clone.
    for (const char* kept : {"good", "foreign", "reasons"})
      must("git -C '" + it.db.string() + "' for-each-ref --format='delete %(refname)' refs/rowan/" + kept +
           " | git -C '" + it.db.string() + "' update-ref --stdin");
    CHECK(run_rowan("sql '" + it.db.string() + "' -c 'SELECT 1'").code == 0);
    REQUIRE(run_rowan("hook install '" + it.db.string() + "'").code == 0);
    const Ended refused = it.push();
    INFO(refused.output);
    CHECK(refused.code != 0);
    CHECK(refused.output.find("(" + fault.sqlstate + ")") != std::string::npos);
    it.commit(fault, fault.twin);
    const Ended twin = it.push();
    INFO(twin.output);
    CHECK(twin.code == 0);
    check_clean(it.db);
  }
}

TEST_CASE("ALTER SEQUENCE keeps a sequence within its bounds") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  {
    Opened opened(db);
    opened.execute("CREATE SEQUENCE s");
    CHECK(opened.ask("SELECT nextval('s')") == "1;");
    opened.execute("CREATE TABLE done (a integer)");
    opened.execute("ALTER SEQUENCE s MAXVALUE 10");
  }
  const std::string file = git(db, "show main:public/s/sequence.json");
  INFO(file);
  CHECK(file.find("\"last\":10}") != std::string::npos);
}

TEST_CASE("a merge keeps a sequence within bounds that one side narrowed while the other drew beyond them") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  {
    Opened opened(db);
    opened.execute("CREATE SEQUENCE s");
    opened.execute("CREATE TABLE t (a bigint)");
    opened.execute("CREATE BRANCH narrow");
    Opened::execute(*opened.connect("narrow"), "ALTER SEQUENCE s MAXVALUE 10");
    for (int i = 0; i < 12; ++i) opened.execute("INSERT INTO t VALUES (nextval('s'))");
    CHECK(opened.ask("MERGE narrow").find(":") == std::string::npos);
    CHECK(opened.ask("SELECT nextval('s')").starts_with("2200H: "));
  }
  CHECK(git(db, "show main:public/s/sequence.json").find("\"last\":10}") != std::string::npos);
  check_clean(db);
}

}  // namespace rowan::git_testing
