// Definitions that come from outside are held to what SQL asks of its own, by every way that they can
// come: for every definition that a statement refuses, its pushed form is refused by the hook, parked
// by an open repository and by one that is opened later, and not taken by TAKE FOREIGN, as something
// new and as a change, with a reason that names it; and what stands beside the fault in SQL is taken.
#include "git_testing.h"

namespace rowan::git_testing {

namespace {

// A definition as a statement and, in the same words, as the file that is pushed.
struct Fault {
  std::string bad;   // SQL refuses it.
  std::string good;  // SQL takes it.
  std::string bad_file = {};   // What is pushed, where it is not the statement.
  std::string good_file = {};
};

std::string table(const std::string& parts) { return "CREATE TABLE public.x (" + parts + ");\n"; }
std::string view(const std::string& rest) { return "CREATE VIEW public.x " + rest + ";\n"; }
std::string matview(const std::string& rest) {
  return "CREATE MATERIALIZED VIEW public.x " + rest + ";\n";
}
std::string sequence(const std::string& members) {
  return "{\"type\":\"smallint\"," + members + "}\n";
}

Fault in_table(const std::string& bad, const std::string& good) {
  return {table(bad), table(good)};
}

std::vector<Fault> faults() {
  const std::string key = "k integer PRIMARY KEY, ";
  std::vector<Fault> all;
  // DEFAULT: an expression without columns that fits the column.
  for (const auto& [bad, good] : std::vector<std::pair<std::string, std::string>>{
           {"integer DEFAULT 'zz'", "integer DEFAULT '12'"},
           {"integer DEFAULT nextval(12)", "integer DEFAULT nextval('public.s')"},
           {"integer DEFAULT true", "integer DEFAULT 2.5"},
           {"boolean DEFAULT 1", "boolean DEFAULT false"},
           {"integer DEFAULT now()", "timestamptz DEFAULT now()"},
           {"date DEFAULT 'not a day'", "date DEFAULT '2024-02-29'"},
           {"date DEFAULT 5", "date DEFAULT current_date"},
           {"jsonb DEFAULT '{'", "jsonb DEFAULT '{}'"},
           {"uuid DEFAULT 'u'", "uuid DEFAULT gen_random_uuid()"},
           {"integer DEFAULT nosuch(1)", "integer DEFAULT abs(-1)"},
           {"integer DEFAULT abs('a', 'b')", "integer DEFAULT length('a')"},
           {"integer DEFAULT k", "integer DEFAULT 1"},
           {"integer DEFAULT (SELECT 1)", "integer DEFAULT (1)"},
           {"integer DEFAULT count(*)", "integer DEFAULT 3"},
           {"integer DEFAULT 1 + 'x'", "integer DEFAULT 1 + '2'"},
           {"integer DEFAULT 1 + true", "integer DEFAULT 1 + 1"},
           {"integer DEFAULT 'x'::integer", "integer DEFAULT '1'::integer"},
           {"integer DEFAULT $1", "integer DEFAULT 4"},
           {"bytea DEFAULT 7", "bytea DEFAULT '\\x07'"},
           {"timestamp DEFAULT 'soon'", "timestamp DEFAULT '2024-02-29 12:00'"},
           {"integer DEFAULT nextval('public.nosuch')", "integer DEFAULT nextval('public.s')"},
           {"integer DEFAULT nextval('public.nosuch') + 1",
            "integer DEFAULT nextval('public.s') + 1"},
           {"integer DEFAULT nextval('public.p')", "integer DEFAULT 5"},
       })
    all.push_back(in_table(key + "a " + bad, key + "a " + good));
  // CHECK: a boolean over the row.
  for (const auto& [bad, good] : std::vector<std::pair<std::string, std::string>>{
           {"a + 1", "a > 1"},
           {"'maybe'", "true"},
           {"a", "a <> 0"},
           {"nosuch(a)", "abs(a) > 0"},
           {"a > 'zz'", "a > '1'"},
           {"a > true", "a > 1.5"},
           {"nocolumn > 0", "k > 0"},
           {"x.nocolumn > 0", "x.k > 0"},
           {"count(*) > 0", "a IS NOT NULL"},
           {"a IN (SELECT 1)", "a IN (1)"},
           {"a > $1", "a > 0"},
           {"length(a) > 0", "length(a::text) > 0"},
       })
    all.push_back(in_table(key + "a integer, CHECK (" + bad + ")",
                           key + "a integer, CHECK (" + good + ")"));
  // FOREIGN KEY: like types, and a key over there.
  for (const auto& [bad, good] : std::vector<std::pair<std::string, std::string>>{
           {"a text REFERENCES public.p (id)", "a bigint REFERENCES public.p (id)"},
           {"a integer REFERENCES public.p (t)", "a varchar(9) REFERENCES public.p (t)"},
           {"a numeric REFERENCES public.p (id)", "a smallint REFERENCES public.p (id)"},
           {"a double precision REFERENCES public.p (id)", "a integer REFERENCES public.p (id)"},
           {"a boolean REFERENCES public.p (id)", "a integer REFERENCES public.p (id)"},
           {"a date REFERENCES public.p (t)", "a char(3) REFERENCES public.p (t)"},
           {"a integer REFERENCES public.x (b), b text UNIQUE",
            "a integer REFERENCES public.x (k), b text UNIQUE"},
           {"a integer REFERENCES public.p (plain)", "a integer REFERENCES public.p (id)"},
           {"a integer REFERENCES public.p (nosuch)", "a integer REFERENCES public.p (id)"},
           {"a integer REFERENCES public.nosuch (id)", "a integer REFERENCES public.p (id)"},
           {"a integer REFERENCES public.v (id)", "a integer REFERENCES public.p (id)"},
           {"a integer REFERENCES public.p (id, t)", "a integer REFERENCES public.p (id)"},
           {"a text, b integer, FOREIGN KEY (a, b) REFERENCES public.q (m, n)",
            "a text, b integer, FOREIGN KEY (b, a) REFERENCES public.q (m, n)"},
       })
    all.push_back(in_table(key + bad, key + good));
  // Keys, indexes, columns.
  for (const auto& [bad, good] : std::vector<std::pair<std::string, std::string>>{
           {"k json PRIMARY KEY", "k text PRIMARY KEY"},
           {"k integer PRIMARY KEY, j json UNIQUE", "k integer PRIMARY KEY, j text UNIQUE"},
           {"k integer PRIMARY KEY, PRIMARY KEY (k)", "k integer PRIMARY KEY"},
           {"k integer, PRIMARY KEY (nosuch)", "k integer, PRIMARY KEY (k)"},
           {"k integer, UNIQUE (k, k)", "k integer, UNIQUE (k)"},
           {"k integer, k text", "k integer, l text"},
           {"k nosuchtype", "k integer"},
           {"k varchar(0)", "k varchar(1)"},
           {"k numeric(2000)", "k numeric(20)"},
           {"k integer DEFAULT 1 DEFAULT 2", "k integer DEFAULT 1"},
           {"k integer PRIMARY KEY MERGE RULE sum, a integer",
            "k integer PRIMARY KEY, a integer MERGE RULE sum"},
           {"k integer PRIMARY KEY, a integer MERGE RULE union",
            "k integer PRIMARY KEY, a jsonb MERGE RULE union"},
           {"k integer PRIMARY KEY, a text MERGE RULE sum",
            "k integer PRIMARY KEY, a numeric MERGE RULE sum"},
           {"k integer PRIMARY KEY, a jsonb MERGE RULE max",
            "k integer PRIMARY KEY, a date MERGE RULE max"},
           {"a integer MERGE RULE sum", "a integer"},
       })
    all.push_back(in_table(bad, good));
  all.push_back({"CREATE TABLE public.x (k integer PRIMARY KEY, a text) MERGE RULE sum;\n",
                 "CREATE TABLE public.x (k integer PRIMARY KEY, a integer) MERGE RULE sum;\n"});
  all.push_back({"CREATE TABLE public.x (a integer) MERGE RULE sum;\n",
                 "CREATE TABLE public.x (k integer PRIMARY KEY, a integer) MERGE RULE sum;\n"});
  all.push_back(in_table("k text GENERATED ALWAYS AS IDENTITY", "k integer"));
  // Views.
  for (const auto& [bad, good] : std::vector<std::pair<std::string, std::string>>{
           {"(a) AS SELECT nosuch FROM public.p", "(a) AS SELECT id FROM public.p"},
           {"(a) AS SELECT id FROM public.nosuch", "(a) AS SELECT id FROM public.q2"},
           {"(a) AS SELECT id + true FROM public.p", "(a) AS SELECT id + 1 FROM public.p"},
           {"(a) AS SELECT nosuch(id) FROM public.p", "(a) AS SELECT abs(id) FROM public.p"},
           {"(a) AS SELECT id FROM public.p WHERE t", "(a) AS SELECT id FROM public.p WHERE t = ''"},
           {"(a) AS SELECT id FROM public.p GROUP BY t", "(a) AS SELECT id FROM public.p GROUP BY id"},
           {"(a, b) AS SELECT id FROM public.p", "(a, b) AS SELECT id, t FROM public.p"},
           {"(a, a) AS SELECT id, t FROM public.p", "(a, b) AS SELECT id, t FROM public.p"},
           {"(a) AS SELECT id FROM public.p WHERE id = $1", "(a) AS SELECT id FROM public.p WHERE id = 1"},
           {"(a) AS SELECT a FROM public.x", "(a) AS SELECT id FROM public.p"},
           {"(a) AS SELECT nextval('public.nosuch')", "(a) AS SELECT nextval('public.s')"},
           {"(a) AS SELECT 1 UNION SELECT true", "(a) AS SELECT 1 UNION SELECT 2"},
       })
    all.push_back({view(bad), view(good)});
  // Views over what is the program's own.
  for (const auto& [bad, good] : std::vector<std::pair<std::string, std::string>>{
           {"AS SELECT message FROM rowan.nosuch", "AS SELECT message FROM rowan.log"},
           {"AS SELECT nosuch FROM rowan.log", "AS SELECT author FROM rowan.log"},
           {"AS SELECT body + 1 FROM rowan.log", "AS SELECT ahead + 1 FROM rowan.branches"},
           {"AS SELECT p.nosuch FROM public.p, rowan.tags", "AS SELECT p.id FROM public.p, rowan.tags"},
           {"AS SELECT added FROM rowan.diff_stat()", "AS SELECT added FROM rowan.diff_stat('main')"},
           {"AS SELECT nosuch FROM rowan.log('main')", "AS SELECT message FROM rowan.log('main')"},
           {"AS SELECT 1 FROM rowan.nosuch('main')", "AS SELECT 1 FROM rowan.reflog('main')"},
           {"AS SELECT 1 FROM rowan.merge('main')", "AS SELECT 1 FROM rowan.log('main', 'main')"},
           {"AS SELECT relname FROM pg_catalog.pg_nosuch", "AS SELECT relname FROM pg_catalog.pg_class"},
           {"AS SELECT nosuch FROM pg_catalog.pg_class", "AS SELECT relname FROM pg_catalog.pg_class"},
           {"AS SELECT nosuch FROM information_schema.tables",
            "AS SELECT table_name FROM information_schema.tables"},
       })
    all.push_back({view("(a) " + bad), view("(a) " + good)});
  for (const auto& [bad, good] : std::vector<std::pair<std::string, std::string>>{
           {"AS SELECT nosuch FROM public.p", "AS SELECT id AS a FROM public.p"},
           {"AS SELECT id + true AS a FROM public.p", "AS SELECT id + 1 AS a FROM public.p"},
       }) {
    all.push_back({matview(bad + " WITH NO DATA"), matview(good + " WITH NO DATA"),
                   matview("(a integer) " + bad + " WITH NO DATA"),
                   matview("(a integer) " + good + " WITH NO DATA")});
  }
  // Sequences.
  const std::string rest = "\"cycle\":false";
  const std::string fine = sequence("\"start\":1,\"increment\":1,\"min\":1,\"max\":9," + rest);
  for (const auto& [options, members] : std::vector<std::pair<std::string, std::string>>{
           {"MAXVALUE 40000", "\"start\":1,\"increment\":1,\"min\":1,\"max\":40000,"},
           {"MINVALUE -40000", "\"start\":1,\"increment\":1,\"min\":-40000,\"max\":9,"},
           {"MINVALUE 9 MAXVALUE 3", "\"start\":9,\"increment\":1,\"min\":9,\"max\":3,"},
           {"START 0", "\"start\":0,\"increment\":1,\"min\":1,\"max\":9,"},
           {"START 10 MAXVALUE 9", "\"start\":10,\"increment\":1,\"min\":1,\"max\":9,"},
           {"INCREMENT 0", "\"start\":1,\"increment\":0,\"min\":1,\"max\":9,"},
       }) {
    all.push_back({"CREATE SEQUENCE public.x AS smallint " + options,
                   "CREATE SEQUENCE public.x AS smallint MAXVALUE 9", sequence(members + rest),
                   fine});
  }
  return all;
}

std::string file_of(const std::string& statement) {
  if (statement.starts_with("CREATE VIEW")) return "view.sql";
  if (statement.starts_with("CREATE MATERIALIZED")) return "matview.sql";
  return statement.starts_with("CREATE SEQUENCE") ? "sequence.json" : "table.sql";
}

constexpr const char* kWorld[] = {
    "CREATE TABLE p (id integer PRIMARY KEY, t text UNIQUE, plain integer)",
    "CREATE TABLE q (m integer, n text, PRIMARY KEY (m, n))",
    "CREATE TABLE q2 (id integer)",
    "CREATE VIEW v AS SELECT id FROM p",
    "CREATE SEQUENCE s",
    "INSERT INTO p VALUES (1, 'one', 1)",
};

// The file's path, or the object's name where the fault is what it refers to.
bool names_x(const std::string& output) {
  return output.find("public/x") != std::string::npos ||
         output.find("public.x") != std::string::npos;
}

class Pushes {
 public:
  Pushes() : db(scratch / "db"), work(scratch / "work") {
    {
      Opened opened(db);
      for (const char* statement : kWorld) opened.execute(statement);
    }
    must("git clone -q '" + db.string() + "' '" + work.string() + "'");
    REQUIRE(run_rowan("hook install '" + db.string() + "'").code == 0);
    start_ = git(work, "rev-parse HEAD").substr(0, 40);
  }

  // Back to where nothing was pushed.
  void reset() const {
    git(work, "reset -q --hard " + start_);
    git(db, "update-ref refs/heads/main " + start_);
  }
  Ended push(const std::string& file, const std::string& text) const {
    const fs::path folder = work / "public" / "x";
    fs::create_directories(folder);
    write_file(folder / file, text);
    git(work, "add -A");
    git(work, "commit -qm 'by hand'");
    return run("git -C '" + work.string() + "' push -q origin HEAD:main");
  }
  void take_back() const { git(work, "reset -q --hard HEAD~1"); }

  const Scratch scratch;
  const fs::path db;
  const fs::path work;

 private:
  std::string start_;
};

}  // namespace

TEST_CASE("N7: what SQL refuses to define is refused when it is pushed") {
  const Pushes it;
  Opened sql(it.scratch / "sql");
  for (const char* statement : kWorld) sql.execute(statement);
  for (const Fault& fault : faults()) {
    CAPTURE(fault.bad);
    const std::string refused = sql.ask(fault.bad);
    CAPTURE(refused);
    CHECK(refused.substr(0, refused.find(' ')).size() == 6);  // "42804:"
    sql.execute("BEGIN");
    const std::string taken = sql.ask(fault.good);
    CHECK(taken == "");
    sql.execute("ROLLBACK");

    const std::string file = file_of(fault.bad);
    const std::string bad = fault.bad_file.empty() ? fault.bad : fault.bad_file;
    const std::string good = fault.good_file.empty() ? fault.good : fault.good_file;
    it.reset();
    const Ended as_new = it.push(file, bad);
    INFO("new: " << as_new.output);
    CHECK(as_new.code != 0);
    CHECK(names_x(as_new.output));
    it.reset();
    const Ended twin = it.push(file, good);
    INFO("twin: " << twin.output);
    CHECK(twin.code == 0);
    const Ended as_change = it.push(file, bad);
    INFO("change: " << as_change.output);
    CHECK(as_change.code != 0);
    CHECK(names_x(as_change.output));
  }
}

namespace {

// A repository without a hook, and commits for it that a clone made.
class Arrivals {
 public:
  Arrivals() : db(scratch_ / "db"), work_(scratch_ / "work") {
    {
      Opened opened(db);
      for (const char* statement : kWorld) opened.execute(statement);
    }
    must("git clone -q '" + db.string() + "' '" + work_.string() + "'");
    start_ = git(work_, "rev-parse HEAD").substr(0, 40);
  }

  // A commit with the file, whose objects are in the repository; on the branch, or where all began.
  std::string commit(const std::string& file, const std::string& text, const std::string& branch = "") {
    if (!branch.empty()) git(work_, "fetch -q origin refs/heads/" + branch);
    git(work_, "checkout -q --detach " + (branch.empty() ? start_ : "FETCH_HEAD"));
    const fs::path folder = work_ / "public" / "x";
    fs::create_directories(folder);
    write_file(folder / file, text);
    git(work_, "add -A");
    git(work_, "commit -qm 'by hand'");
    const std::string made = git(work_, "rev-parse HEAD").substr(0, 40);
    git(work_, "push -q origin " + made + ":refs/kept/" + made);
    return made;
  }
  void set(const std::string& branch, const std::string& commit) const {
    git(db, "update-ref refs/heads/" + branch + " " + commit);
  }

 private:
  const Scratch scratch_;

 public:
  const fs::path db;

 private:
  const fs::path work_;
  std::string start_;
};

std::string parked_reason(Opened& opened, const std::string& branch, const std::string& commit) {
  return opened.ask("SELECT coalesce(file, '') || ' ' || reason FROM rowan.foreign WHERE branch = '" + branch +
                    "' AND \"commit\" = '" + commit + "'");
}
bool stands_at(Opened& opened, const std::string& branch, const std::string& commit) {
  return opened.ask("SELECT \"commit\" FROM rowan.branches WHERE branch = '" + branch + "'") == commit + ";";
}
bool is_failure(const std::string& answer) {
  return answer.size() > 6 && answer[5] == ':' && !answer.starts_with("XX");
}

}  // namespace

TEST_CASE("N7: what SQL refuses to define does not come by another way") {
  Arrivals it;
  const std::vector<Fault> all = faults();
  struct Pushed {
    std::string good, bad, good_tip;  // `bad` follows `good_tip`, which sessions see.
  };
  std::vector<Pushed> pushed;
  const auto name = [](const char* way, size_t i) { return way + std::to_string(i); };
  {
    Opened opened(it.db);
    for (size_t i = 0; i < all.size(); ++i) {
      const Fault& fault = all[i];
      CAPTURE(fault.bad);
      const std::string file = file_of(fault.bad);
      const std::string bad_text = fault.bad_file.empty() ? fault.bad : fault.bad_file;
      const std::string good_text = fault.good_file.empty() ? fault.good : fault.good_file;
      // By an edit of the ref, as something new.
      const std::string fresh = it.commit(file, bad_text);
      it.set(name("new", i), fresh);
      CHECK(eventually([&] { return names_x(parked_reason(opened, name("new", i), fresh)); }));
      CHECK(is_failure(opened.ask("TAKE FOREIGN '" + fresh + "'")));
      CHECK(opened.ask("SELECT count(*) FROM rowan.branches WHERE branch = '" + name("new", i) + "'") == "0;");
      // As a change of what is fine.
      Pushed one;
      one.good = it.commit(file, good_text);
      it.set(name("open", i), one.good);
      CHECK(eventually([&] { return opened.ask("SELECT count(*) FROM rowan.branches WHERE branch = '" + name("open", i) + "'") == "1;"; }));
      opened.checkpoint();
      one.good_tip = git(it.db, "rev-parse refs/heads/" + name("open", i)).substr(0, 40);
      // ALTER TABLE may leave the table's own rule without a column that it fits; so may a push.
      if (fault.bad.ends_with(") MERGE RULE sum;\n") && fault.bad.find("a text") != std::string::npos) {
        pushed.push_back(one);
        continue;
      }
      one.bad = it.commit(file, bad_text, name("open", i));
      it.set(name("open", i), one.bad);
      CHECK(eventually([&] { return names_x(parked_reason(opened, name("open", i), one.bad)); }));
      CHECK(stands_at(opened, name("open", i), one.good_tip));
      // Whoever takes it all the same is told so, as a step forward and as a merge.
      const auto session = opened.connect(name("open", i));
      const std::string forward = Opened::ask(*session, "TAKE FOREIGN '" + one.bad + "'");
      INFO("forward: " << forward);
      CHECK(is_failure(forward));
      Opened::execute(*session, "INSERT INTO q2 VALUES (7)");
      const std::string merged = Opened::ask(*session, "TAKE FOREIGN '" + one.bad + "'");
      INFO("merged: " << merged);
      CHECK(is_failure(merged));
      CHECK(Opened::ask(*session, "SELECT count(*) FROM rowan.parents WHERE parent = '" + one.bad + "'") == "0;");
      pushed.push_back(one);
    }
  }
  for (size_t i = 0; i < all.size(); ++i) it.set(name("closed", i), pushed[i].good_tip);
  {
    Opened opened(it.db);
    for (size_t i = 0; i < all.size(); ++i) CHECK(stands_at(opened, name("closed", i), pushed[i].good_tip));
  }
  for (size_t i = 0; i < all.size(); ++i) {
    if (!pushed[i].bad.empty()) it.set(name("closed", i), pushed[i].bad);
  }
  Opened opened(it.db);
  for (size_t i = 0; i < all.size(); ++i) {
    CAPTURE(all[i].bad);
    if (pushed[i].bad.empty()) continue;
    CHECK(stands_at(opened, name("closed", i), pushed[i].good_tip));
    CHECK(names_x(parked_reason(opened, name("closed", i), pushed[i].bad)));
  }
}

}  // namespace rowan::git_testing
