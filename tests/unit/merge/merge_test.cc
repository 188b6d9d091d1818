// Proves, cell by cell of the matrix, what a merge makes of rows, definitions and other objects,
// and what it reads to do so.
#include "merge_fixture.h"

#include "tree/git_tree.h"

using namespace rowan;
using namespace rowan::merge;
using merge::testing::MergeFixture;
using merge::testing::TestRoot;
using Lines = std::vector<std::string>;

namespace {

const std::string kTable =
    "CREATE TABLE public.t (id integer NOT NULL, a integer, b text, PRIMARY KEY (id))";

struct Rows : MergeFixture {
  Oid root(const Lines& lines, const std::string& sql = kTable) {
    return write({{"public.t", {sql, lines, {}}}});
  }
  Lines merged(const Lines& base, const Lines& ours, const Lines& theirs,
               Policy policy = Policy::kManual) {
    outcome = merge(root(base), root(ours), root(theirs), policy);
    return lines(outcome.root, "public.t");
  }
  Outcome outcome;
};

}  // namespace

TEST_CASE("rows that one side changed are that side's") {
  Rows t;
  CHECK(t.merged({"[1,1]", "[2,2]"}, {"[1,1]", "[2,2]", "[3,3]"}, {"[1,1]", "[2,2]", "[4,4]"}) ==
        Lines{"[1,1]", "[2,2]", "[3,3]", "[4,4]"});
  CHECK(t.merged({"[1,1]", "[2,2]"}, {"[1,7]", "[2,2]"}, {"[1,1]", "[2,8]"}) ==
        Lines{"[1,7]", "[2,8]"});
  CHECK(t.merged({"[1,1]", "[2,2]", "[3,3]"}, {"[2,2]", "[3,3]"}, {"[1,1]", "[3,3]"}) ==
        Lines{"[3,3]"});
  CHECK(t.merged({"[1,1]"}, {}, {}) == Lines{});
  CHECK(t.merged({"[1,1]"}, {"[1,5]", "[2,2]"}, {"[1,5]", "[2,2]"}) == Lines{"[1,5]", "[2,2]"});
  CHECK(t.outcome.clean());
  CHECK(t.merged({"[1,1,\"x\"]"}, {"[1,2,\"x\"]"}, {"[1,1,\"y\"]"}) == Lines{"[1,2,\"y\"]"});
  CHECK(t.outcome.clean());
  CHECK(t.outcome.tables[0].changed == 1);
}

TEST_CASE("conflicts of rows under each policy") {
  Rows t;
  const Lines base{"[1,1,\"x\"]"}, ours{"[1,2,\"x\"]"}, theirs{"[1,3,\"y\"]"};
  CHECK(t.merged(base, ours, theirs) == ours);
  REQUIRE(t.outcome.conflicts.size() == 1);
  CHECK(t.outcome.conflicts[0].columns == std::vector<uint16_t>{1});
  CHECK(*t.outcome.conflicts[0].theirs == theirs[0]);
  CHECK(t.merged(base, ours, theirs, Policy::kOurs) == Lines{"[1,2,\"y\"]"});
  CHECK(t.merged(base, ours, theirs, Policy::kTheirs) == theirs);
  CHECK(t.outcome.settled == 1);
  CHECK(t.merged(base, {}, theirs) == Lines{});
  REQUIRE(t.outcome.conflicts.size() == 1);
  CHECK(t.outcome.conflicts[0].columns.empty());
  CHECK_FALSE(t.outcome.conflicts[0].ours.has_value());
  CHECK(t.merged(base, {}, theirs, Policy::kOurs) == Lines{});
  CHECK(t.merged(base, {}, theirs, Policy::kTheirs) == theirs);
  CHECK(t.merged(base, ours, {}, Policy::kTheirs) == Lines{});
  CHECK(t.merged({}, {"[1,1]"}, {"[1,2]"}) == Lines{"[1,1]"});
  CHECK(t.outcome.conflicts.size() == 1);
  CHECK(t.merged({}, {"[1,1]"}, {"[1,2]"}, Policy::kTheirs) == Lines{"[1,2]"});
}

TEST_CASE("a row-level merge asks whose change was later") {
  Rows t;
  Request request;
  request.base_root = t.root({"[1,1]"});
  request.ours_root = t.root({"[1,2]"});
  request.theirs_root = t.root({"[1,3]"});
  std::string asked;
  request.theirs_is_later = [&](const std::string& ours, Bytes ours_key, const std::string& theirs,
                                Bytes theirs_key, std::optional<uint32_t>) -> Result<bool> {
    asked += ours + " " + std::string(ours_key) + " " + theirs + " " + std::string(theirs_key);
    return true;
  };
  CHECK(t.lines(t.merge(request).root, "public.t") == Lines{"[1,3]"});
  CHECK(asked == "public/t a1 public/t a1");
  request.resolve = [](const RowConflict&) -> Result<std::optional<Resolution>> {
    return std::optional<Resolution>(Resolution{"[1,9]"});
  };
  CHECK(t.lines(t.merge(request).root, "public.t") == Lines{"[1,9]"});
}

TEST_CASE("rules settle cells") {
  Rows t;
  const auto merged = [&](const std::string& column, const std::string& base,
                          const std::string& ours, const std::string& theirs) {
    const std::string sql =
        "CREATE TABLE public.t (id integer NOT NULL, v " + column + ", PRIMARY KEY (id))";
    const Outcome outcome =
        t.merge(t.root({"[1," + base + "]"}, sql), t.root({"[1," + ours + "]"}, sql),
                t.root({"[1," + theirs + "]"}, sql));
    return outcome.clean() ? t.lines(outcome.root, "public.t")[0] : "conflict";
  };
  CHECK(merged("integer MERGE RULE sum", "10", "15", "7") == "[1,12]");
  CHECK(merged("integer MERGE RULE sum", "0", "2147483647", "1") == "conflict");
  // Equal deltas are two deltas: the same number on both sides is no agreement.
  CHECK(merged("integer MERGE RULE sum", "100", "108", "108") == "[1,116]");
  CHECK(merged("integer MERGE RULE max", "100", "108", "108") == "[1,108]");
  CHECK(merged("numeric(10,2) MERGE RULE sum", "1.00", "1.50", "2.25") == "[1,2.75]");
  CHECK(merged("double precision MERGE RULE sum", "1", "1.5", "2") == "[1,2.5]");
  CHECK(merged("integer MERGE RULE max", "1", "5", "3") == "[1,5]");
  CHECK(merged("text MERGE RULE min", "\"m\"", "\"z\"", "\"b\"") == "[1,\"b\"]");
  CHECK(merged("jsonb MERGE RULE union", "[[\"a\",\"b\"]]", "[[\"a\",\"b\",\"d\"]]",
               "[[\"b\",\"c\"]]") == "[1,[[\"b\",\"c\",\"d\"]]]");
  CHECK(merged("jsonb MERGE RULE union", "[[1]]", "[{\"x\":1}]", "[[2]]") == "conflict");
  CHECK(merged("integer MERGE RULE conflict", "1", "2", "3") == "conflict");
  CHECK(merged("integer", "1", "2", "3") == "conflict");
}

TEST_CASE("sums add up whichever way equal deltas meet") {
  Rows t;
  const auto merged = [&](const std::string& table_rule, const std::string& column_rule,
                          const Lines& base, const Lines& ours, const Lines& theirs) {
    const std::string sql = "CREATE TABLE public.t (id integer NOT NULL, v integer" + column_rule +
                            ", w text, PRIMARY KEY (id))" + table_rule;
    const Outcome outcome = t.merge(t.root(base, sql), t.root(ours, sql), t.root(theirs, sql));
    CHECK(outcome.clean());
    return t.lines(outcome.root, "public.t");
  };
  const std::string sum = " MERGE RULE sum";
  // Whole tables that are equal, tables that differ elsewhere, a rule of the table, rows that both
  // made.
  CHECK(merged("", sum, {"[1,10]"}, {"[1,13]"}, {"[1,13]"}) == Lines{"[1,16]"});
  CHECK(merged("", sum, {"[1,10]"}, {"[1,13]", "[2,1]"}, {"[1,13]", "[3,1]"}) ==
        Lines{"[1,16]", "[2,1]", "[3,1]"});
  CHECK(merged(sum, "", {"[1,10]"}, {"[1,13]"}, {"[1,13]"}) == Lines{"[1,16]"});
  CHECK(merged("", sum, {"[1,10,\"x\"]"}, {"[1,13,\"y\"]"}, {"[1,13,\"y\"]"}) ==
        Lines{"[1,16,\"y\"]"});
  CHECK(merged("", sum, {}, {"[1,1]"}, {"[1,1]"}) == Lines{"[1,2]"});
  CHECK(merged("", sum, {"[1,10]"}, {"[1,10,\"y\"]"}, {"[1,10,\"y\"]"}) == Lines{"[1,10,\"y\"]"});
  CHECK(merged("", sum, {"[1,10]"}, {}, {}) == Lines{});
}

TEST_CASE("rows without a key are counted") {
  MergeFixture t;
  const std::string sql = "CREATE TABLE public.t (a integer)";
  const auto merged = [&](const Lines& base, const Lines& ours, const Lines& theirs) {
    const auto root = [&](const Lines& lines) { return t.write({{"public.t", {sql, lines, {}}}}); };
    const Outcome outcome = t.merge(root(base), root(ours), root(theirs));
    CHECK(outcome.clean());
    return t.lines(outcome.root, "public.t");
  };
  CHECK(merged({"[2,7]"}, {"[3,7]"}, {"[5,7]"}) == Lines{"[6,7]"});
  CHECK(merged({}, {"[1,7]"}, {"[1,7]"}) == Lines{"[2,7]"});
  CHECK(merged({"[2,7]"}, {"[1,7]"}, {}) == Lines{});
  CHECK(merged({"[2,7]"}, {"[3,7]"}, {"[1,7]"}) == Lines{"[2,7]"});
  CHECK(merged({"[1,7]"}, {}, {}) == Lines{});
}

TEST_CASE("columns added, dropped, renamed and retyped") {
  MergeFixture t;
  const auto root = [&](const std::string& columns, const Lines& lines) {
    return t.write(
        {{"public.t", {"CREATE TABLE public.t (" + columns + ", PRIMARY KEY (id))", lines, {}}}});
  };
  const std::string id = "id integer NOT NULL SLOT 0 ID 00000001, ";
  const Oid base = root(id + "a integer SLOT 1 ID 00000002", {"[1,10]", "[2,20]"});

  SUBCASE("one slot for two columns: theirs moves on, and so do its cells") {
    const Oid ours = root(id + "a integer SLOT 1 ID 00000002, x text SLOT 2 ID 0000000a",
                          {"[1,10,\"o\"]", "[2,20]"});
    const Oid theirs = root(id + "a integer SLOT 1 ID 00000002, y text SLOT 2 ID 0000000b",
                            {"[1,11,\"t\"]", "[2,20,\"u\"]", "[3,30,\"v\"]"});
    const Outcome outcome = t.merge(base, ours, theirs);
    CHECK(outcome.clean());
    CHECK(t.lines(outcome.root, "public.t") ==
          Lines{"[1,11,\"o\",\"t\"]", "[2,20,null,\"u\"]", "[3,30,null,\"v\"]"});
    CHECK(t.sql(outcome.root, "public.t").find("y text SLOT 3 ID 0000000b") != std::string::npos);
    // Merging on from there finds the column in its new slot.
    const Oid again = root(id + "a integer SLOT 1 ID 00000002, y text SLOT 2 ID 0000000b",
                           {"[1,11,\"t\"]", "[2,20,\"w\"]", "[3,30,\"v\"]"});
    const Outcome second = t.merge(theirs, outcome.root, again);
    CHECK(second.clean());
    CHECK(t.lines(second.root, "public.t")[1] == "[2,20,null,\"w\"]");
  }
  SUBCASE("the same column on both sides is one") {
    const Oid ours = root(
        id +
            "a integer SLOT 1 ID 00000002, o integer SLOT 2 ID 00000003, x text SLOT 3 ID 0000000a",
        {"[1,10,5,\"p\"]", "[2,20]"});
    const Oid theirs = root(id + "a integer SLOT 1 ID 00000002, x text SLOT 2 ID 0000000b",
                            {"[1,10]", "[2,20,\"q\"]"});
    const Outcome outcome = t.merge(base, ours, theirs);
    CHECK(outcome.clean());
    CHECK(t.lines(outcome.root, "public.t") == Lines{"[1,10,5,\"p\"]", "[2,20,null,\"q\"]"});
  }
  SUBCASE("renamed here, changed there; dropped here, new rows or changed cells there") {
    const Oid ours = root(id + "renamed integer SLOT 1 ID 00000002", {"[1,10]", "[2,20]"});
    const Oid theirs = root(id + "a integer SLOT 1 ID 00000002", {"[1,10]", "[2,21]"});
    CHECK(t.lines(t.merge(base, ours, theirs).root, "public.t") == Lines{"[1,10]", "[2,21]"});
    CHECK(t.sql(t.merge(base, theirs, ours).root, "public.t").find("renamed integer") !=
          std::string::npos);
    const Oid dropped = root("id integer NOT NULL SLOT 0 ID 00000001, DROPPED SLOT 1 ID 00000002",
                             {"[1,10]", "[2,20]", "[5]"});
    const Oid inserted = root(id + "a integer SLOT 1 ID 00000002", {"[1,10]", "[2,20]", "[3,30]"});
    const Outcome outcome = t.merge(base, inserted, dropped);
    CHECK(outcome.clean());
    CHECK(t.lines(outcome.root, "public.t") == Lines{"[1,10]", "[2,20]", "[3,30]", "[5]"});
    CHECK(t.sql(outcome.root, "public.t").find("DROPPED SLOT 1") != std::string::npos);
    for (const Outcome& lost : {t.merge(base, theirs, dropped), t.merge(base, dropped, theirs)}) {
      REQUIRE(lost.schema_conflicts.size() == 1);
      CHECK(lost.schema_conflicts[0].kind == "dropped column");
      CHECK(lost.schema_conflicts[0].base == "a integer");
      CHECK(lost.schema_conflicts[0].ours + lost.schema_conflicts[0].theirs ==
            "a integer, changed in 1 row");
    }
    const Outcome clash = t.merge(base, ours, dropped);
    REQUIRE(clash.schema_conflicts.size() == 1);
    CHECK(clash.schema_conflicts[0].kind == "dropped column");
    CHECK(clash.schema_conflicts[0].object == "public.t.a");
  }
  SUBCASE("retyped here, new rows there") {
    const Oid ours = root(id + "a text SLOT 1 ID 00000002", {"[1,\"10\"]", "[2,\"20\"]"});
    const Oid theirs = root(id + "a integer SLOT 1 ID 00000002", {"[1,10]", "[2,22]", "[3,30]"});
    const Lines expected{"[1,\"10\"]", "[2,\"22\"]", "[3,\"30\"]"};
    CHECK(t.lines(t.merge(base, ours, theirs).root, "public.t") == expected);
    CHECK(t.lines(t.merge(base, theirs, ours).root, "public.t") == expected);
    CHECK(t.merge(base, theirs, ours).root == t.merge(base, ours, theirs).root);
    const Oid other = root(id + "a boolean SLOT 1 ID 00000002", {"[1,true]", "[2,true]"});
    const Outcome clash = t.merge(base, ours, other);
    REQUIRE_FALSE(clash.schema_conflicts.empty());
    CHECK(clash.schema_conflicts[0].kind == "column type");
    CHECK(clash.schema_conflicts[0].theirs == "boolean");
  }
  SUBCASE("a value that the new type does not take") {
    const Oid text_base = root(id + "a text SLOT 1 ID 00000002", {"[1,\"10\"]"});
    const Oid ours = root(id + "a integer SLOT 1 ID 00000002", {"[1,10]"});
    const Oid theirs = root(id + "a text SLOT 1 ID 00000002", {"[1,\"10\"]", "[2,\"x\"]"});
    const Outcome outcome = t.merge(text_base, ours, theirs);
    REQUIRE(outcome.schema_conflicts.size() == 1);
    CHECK(outcome.schema_conflicts[0].theirs ==
          "1 row holds a value that the new type cannot take");
  }
  SUBCASE("constraints follow a column's new name") {
    const Oid ours = root(id + "renamed integer SLOT 1 ID 00000002", {"[1,10]", "[2,20]"});
    const Oid theirs = root(
        id + "a integer SLOT 1 ID 00000002, CONSTRAINT c CHECK (a > 0), CONSTRAINT u UNIQUE (a)",
        {"[1,10]", "[2,20]"});
    const Outcome outcome = t.merge(base, ours, theirs);
    CHECK(outcome.clean());
    const std::string sql = t.sql(outcome.root, "public.t");
    CHECK(sql.find("CHECK (renamed > 0)") != std::string::npos);
    CHECK(sql.find("UNIQUE (renamed)") != std::string::npos);
    CHECK(t.merge(base, theirs, ours).root == outcome.root);
  }
  SUBCASE("a key that moves to another column") {
    const Oid ours = t.write({{"public.t",
                               {"CREATE TABLE public.t (" + id +
                                    "a integer NOT NULL SLOT 1 ID 00000002, PRIMARY KEY (a))",
                                {"[1,10]", "[2,20]"},
                                {}}}});
    const Oid theirs = root(id + "a integer SLOT 1 ID 00000002", {"[2,20]", "[3,5]"});
    const Outcome outcome = t.merge(base, ours, theirs);
    CHECK(outcome.clean());
    CHECK(t.lines(outcome.root, "public.t") == Lines{"[3,5]", "[2,20]"});
    CHECK(t.merge(base, theirs, ours).root == outcome.root);
  }
}

TEST_CASE("tables created, dropped and renamed") {
  Rows t;
  const Lines base_lines{"[1,1]", "[2,2]"};
  const Oid base = t.root(base_lines);
  const Oid none = t.write({});
  const Oid changed = t.root({"[1,1]", "[2,3]"});
  CHECK(t.merge(base, base, none).root == none);
  CHECK(t.merge(base, none, base).root == none);
  CHECK(t.merge(none, none, base).root == base);
  const Outcome clash = t.merge(base, changed, none);
  REQUIRE(clash.schema_conflicts.size() == 1);
  CHECK(clash.schema_conflicts[0].kind == "dropped table");
  CHECK(clash.root == changed);
  CHECK(t.merge(base, changed, none, Policy::kTheirs).root == none);
  CHECK(t.merge(base, changed, none, Policy::kTheirs).clean());

  const std::string renamed_sql =
      "CREATE TABLE public.u (id integer NOT NULL, a integer, b text, PRIMARY KEY (id))";
  const Oid renamed = t.write({{"public.u", {renamed_sql, {"[1,1]", "[2,2]", "[9,9]"}, {}}}});
  const Outcome follows = t.merge(base, renamed, changed);
  CHECK(follows.clean());
  CHECK(t.lines(follows.root, "public.u") == Lines{"[1,1]", "[2,3]", "[9,9]"});
  CHECK(t.merge(base, changed, renamed).root == follows.root);

  const Oid both = t.write({{"public.t", {kTable, {"[1,1]", "[5,5]"}, {}}}});
  const Outcome created = t.merge(none, base, both);
  CHECK(created.clean());
  CHECK(t.lines(created.root, "public.t") == Lines{"[1,1]", "[2,2]", "[5,5]"});
}

TEST_CASE("unrelated histories have nothing in common but what is equal") {
  Rows t;
  Request request;
  request.ours_root = t.root({"[1,1]", "[3,3]"});
  request.theirs_root = t.root({"[2,2]", "[3,3]"});
  request.policy = Policy::kManual;
  const Outcome outcome = t.merge(request);
  CHECK(outcome.clean());
  CHECK(t.lines(outcome.root, "public.t") == Lines{"[1,1]", "[2,2]", "[3,3]"});
}

TEST_CASE("two indexes that come to one name") {
  MergeFixture t;
  const auto table = [](const std::string& name, const std::string& more) {
    return "CREATE TABLE public." + name + " (id integer NOT NULL, a integer, PRIMARY KEY (id)" +
           more + ")";
  };
  const auto root = [&](const std::string& first, const std::string& second) {
    return t.write(
        {{"public.t", {table("t", first), {}, {}}}, {"public.u", {table("u", second), {}, {}}}});
  };
  const Oid base = root("", "");
  const Oid ours = root(", INDEX i (a)", "");
  CHECK(t.merge(base, ours, root(", INDEX i (a)", "")).clean());
  const Outcome clash = t.merge(base, ours, root("", ", INDEX i (a)"));
  REQUIRE(clash.schema_conflicts.size() == 1);
  CHECK(clash.schema_conflicts[0].kind == "relation name");
  CHECK(clash.schema_conflicts[0].object == "public.i");
  const Outcome differ = t.merge(base, ours, root(", INDEX i (a DESC)", ""));
  REQUIRE(differ.schema_conflicts.size() == 1);
  CHECK(differ.schema_conflicts[0].kind == "index");
}

TEST_CASE("foreign keys follow a renamed table") {
  MergeFixture t;
  const auto parent = [](const std::string& name) {
    return "CREATE TABLE public." + name + " (id integer NOT NULL, PRIMARY KEY (id))";
  };
  const std::string child =
      "CREATE TABLE public.c (id integer NOT NULL, p integer, PRIMARY KEY (id), FOREIGN KEY (p) "
      "REFERENCES public.p (id))";
  const Oid base = t.write({{"public.p", {parent("p"), {"[1]"}, {}}}});
  const Oid ours = t.write({{"public.q", {parent("q"), {"[1]"}, {}}}});
  const Oid theirs =
      t.write({{"public.p", {parent("p"), {"[1]"}, {}}}, {"public.c", {child, {"[1,1]"}, {}}}});
  for (const Outcome& outcome : {t.merge(base, ours, theirs), t.merge(base, theirs, ours)}) {
    CHECK(outcome.clean());
    CHECK(t.sql(outcome.root, "public.c").find("REFERENCES public.q (id)") != std::string::npos);
    CHECK(t.lines(outcome.root, "public.c") == Lines{"[1,1]"});
  }
}

TEST_CASE("sequences take the farther value; views conflict as texts") {
  MergeFixture t;
  const auto root = [&](int64_t last, const std::string& view) {
    catalog::SequenceDef sequence;
    sequence.schema = "public";
    sequence.name = "s";
    sequence.type = {type::TypeId::kInt8};
    sequence.last = last;
    sequence.called = last > 0;
    return t.write({{"public.s", {{}, {}, {{"sequence.json", catalog::sequence_json(sequence)}}}},
                    {"public.v", {{}, {}, {{"view.sql", view}}}}});
  };
  CHECK(t.merge(root(0, "a"), root(64, "a"), root(32, "a")).root == root(64, "a"));
  CHECK(t.merge(root(0, "a"), root(32, "b"), root(64, "a")).root == root(64, "b"));
  const Outcome clash = t.merge(root(0, "a"), root(0, "b"), root(0, "c"));
  REQUIRE(clash.schema_conflicts.size() == 1);
  CHECK(clash.schema_conflicts[0].kind == "view");
  CHECK(clash.schema_conflicts[0].object == "public.v");
  CHECK(t.merge(root(0, "a"), root(0, "b"), root(0, "c"), Policy::kTheirs).root == root(0, "c"));
}

TEST_CASE("generated keys of both sides are told apart, and renumbered with what refers to them") {
  MergeFixture t;
  const std::string sql =
      "CREATE TABLE public.t (id integer NOT NULL GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME "
      "public.t_id_seq), a text, PRIMARY KEY (id))";
  const auto made = catalog::table_from_sql(sql, "public", "t");
  if (!made) {
    MESSAGE(made.error().message());
    return;
  }
  const std::string child =
      "CREATE TABLE public.c (id integer NOT NULL, t_id integer, PRIMARY KEY (id), FOREIGN KEY "
      "(t_id) REFERENCES public.t (id))";
  const auto root = [&](const Lines& lines, const Lines& children, int64_t last) {
    catalog::SequenceDef sequence;
    sequence.schema = "public";
    sequence.name = "t_id_seq";
    sequence.type = {type::TypeId::kInt4};
    sequence.max = INT32_MAX;
    sequence.last = last;
    sequence.called = true;
    return t.write(
        {{"public.t", {sql, lines, {}}},
         {"public.c", {child, children, {}}},
         {"public.t_id_seq", {{}, {}, {{"sequence.json", catalog::sequence_json(sequence)}}}}});
  };
  Request request;
  request.base_root = root({"[1,\"x\"]"}, {}, 32);
  request.ours_root = root({"[1,\"x\"]", "[2,\"o\"]"}, {"[1,2]"}, 32);
  request.theirs_root = root({"[1,\"x\"]", "[2,\"t\"]"}, {"[7,2]", "[8,1]"}, 64);
  request.policy = Policy::kRowLevel;
  request.theirs_is_later = [](const std::string&, Bytes, const std::string&,
                               Bytes, std::optional<uint32_t>) -> Result<bool> { return true; };
  const Outcome told = t.merge(request);
  REQUIRE(told.conflicts.size() == 1);
  CHECK(told.conflicts[0].generated_key);
  request.renumber = true;
  const Outcome outcome = t.merge(request);
  CHECK(outcome.clean());
  CHECK(t.lines(outcome.root, "public.t") == Lines{"[1,\"x\"]", "[2,\"o\"]", "[65,\"t\"]"});
  CHECK(t.lines(outcome.root, "public.c") == Lines{"[1,2]", "[7,65]", "[8,1]"});
  REQUIRE(outcome.renumbered.size() == 1);
  CHECK(outcome.renumbered[0].to == "65");
}

TEST_CASE("long values follow their rows, in and out of line") {
  MergeFixture t;
  const std::string sql =
      "CREATE TABLE public.t (id integer NOT NULL, a text, b text, c text, PRIMARY KEY (id))";
  const std::string seven(7000, 's'), six(6000, 'x'), five(5000, 'f');
  const auto root = [&](const Lines& lines) { return t.write({{"public.t", {sql, lines, {}}}}); };
  const std::string base = "[1,\"" + seven + "\",\"\",\"\"]";
  const Oid base_root = root({base});
  const Oid ours = root({"[1,\"" + seven + "\",\"" + six + "\",\"\"]"});
  const Oid theirs = root({"[1,\"" + seven + "\",\"\",\"" + five + "\"]"});
  const Outcome outcome = t.merge(base_root, ours, theirs);
  CHECK(outcome.clean());
  const auto merged = t.lines(outcome.root, "public.t");
  REQUIRE(merged.size() == 1);
  CHECK(merged[0].find("{\"large\":") == 3);  // The longest of the three left.
  const auto version = t.table(outcome.root, "public.t");
  const auto blob = MergeFixture::get(
      tree::find_large(t.objects, t.cache, version.large, tree::large_name("a1", 1)));
  REQUIRE(blob.has_value());
  CHECK(MergeFixture::get(t.objects.read(*blob)).bytes == seven);
  // And back: when a side shortens the row again, the value returns into the line.
  const Oid shorter = root({"[1,\"" + seven + "\",\"" + six + "\",\"s\"]"});
  const Outcome back = t.merge(theirs, outcome.root, root({"[1,\"" + seven + "\",\"\",\"s\"]"}));
  CHECK(t.lines(back.root, "public.t") == t.lines(shorter, "public.t"));
  CHECK(back.root == shorter);
}

TEST_CASE("M3: what is read follows the changes") {
  MergeFixture t;
  Lines lines;
  for (int i = 0; i < 100'000; ++i)
    lines.push_back("[" + std::to_string(i) + "," + std::to_string(i * 7) +
                    ",\"some text to fill the row\"]");
  const auto changed = [&](int first, int step) {
    Lines copy = lines;
    for (int i = first; i < 100'000; i += step)
      copy[static_cast<size_t>(i)] = "[" + std::to_string(i) + ",-1,\"changed\"]";
    return t.write({{"public.t", {kTable, copy, {}}}});
  };
  const Oid base = t.write({{"public.t", {kTable, lines, {}}}});
  const Oid ours = changed(10, 1000);
  const Oid theirs = changed(510, 1000);
  t.cache.clear();
  t.objects.reads = 0;
  const Outcome outcome = t.merge(base, ours, theirs);
  CHECK(outcome.clean());
  CHECK(outcome.tables[0].changed == 100);
  // 100 changes; four levels; base, ours and theirs; the leaves beside a moved boundary; some
  // folders and definitions.
  CHECK(t.objects.reads < 100 * 4 * 3);
  // One subtree of theirs alone, however much ours changed elsewhere: some dozen objects.
  const Oid much = changed(3, 7);
  Lines one = lines;
  one[5000] = "[5000,1]";
  const Oid little = t.write({{"public.t", {kTable, one, {}}}});
  t.cache.clear();
  t.objects.reads = 0;
  CHECK(t.merge(base, much, little).clean());
  CHECK(t.objects.reads < 40);
}

TEST_CASE("a virtual base stands for several") {
  MergeFixture t;
  const auto root = [&](const Lines& lines) {
    return t.write({{"public.t", {kTable, lines, {}}}});
  };
  std::map<Oid, Oid> roots;
  const auto commit = [&](uint8_t n, const Lines& lines) {
    Oid id;
    id.bytes[0] = n;
    roots[id] = root(lines);
    return id;
  };
  const Oid first = commit(1, {"[1,1]", "[2,2]", "[3,3]"});
  const Oid left = commit(2, {"[1,10]", "[2,2]", "[3,30]"});
  const Oid right = commit(3, {"[1,1]", "[2,20]", "[3,31]"});
  store::PendingObjects made(t.objects);
  const auto bases_of = [&](const Oid&, const Oid&) -> Result<std::vector<Oid>> {
    return std::vector<Oid>{first};
  };
  const auto root_of = [&](const Oid& id) -> Result<Oid> { return roots.at(id); };
  const Oid base = MergeFixture::get(virtual_base(made, t.cache, {right, left}, {bases_of, root_of, {}}));
  const Oid exchanged =
      MergeFixture::get(virtual_base(made, t.cache, {left, right}, {bases_of, root_of, {}}));
  t.objects.take(made);
  CHECK(t.lines(base, "public.t") == Lines{"[1,10]", "[2,20]", "[3,3]"});
  CHECK(base == exchanged);
}

TEST_CASE("a virtual base adds up however often the histories crossed") {
  constexpr size_t kCrossings = 300;
  MergeFixture t;
  const auto root = [&](size_t sum) {
    return t.write({{"public.t",
                     {"CREATE TABLE public.t (id integer NOT NULL, n integer MERGE RULE sum, "
                      "PRIMARY KEY (id))",
                      {"[1," + std::to_string(sum) + "]"},
                      {}}}});
  };
  const auto id_of = [](size_t crossing, uint8_t side) {
    Oid id;
    id.bytes[0] = static_cast<uint8_t>(crossing / 256);
    id.bytes[1] = static_cast<uint8_t>(crossing);
    id.bytes[2] = side;
    return id;
  };
  // Before each crossing both sides add one to what both had; then each merges the other.
  std::map<Oid, Oid> roots;
  std::map<Oid, size_t> crossings;
  for (size_t i = 0; i <= kCrossings; ++i) {
    for (const uint8_t side : {1, 2}) {
      roots[id_of(i, side)] = root(i == 0 ? 0 : 2 * (i - 1) + 1);
      crossings[id_of(i, side)] = i;
    }
  }
  size_t asked = 0;
  const auto bases_of = [&](const Oid& a, const Oid&) -> Result<std::vector<Oid>> {
    ++asked;
    const size_t i = crossings.at(a) - 1;
    if (i == 0) return std::vector<Oid>{id_of(0, 1)};
    return std::vector<Oid>{id_of(i, 1), id_of(i, 2)};
  };
  const auto root_of = [&](const Oid& id) -> Result<Oid> { return roots.at(id); };
  store::PendingObjects made(t.objects);
  const Oid base = MergeFixture::get(
      virtual_base(made, t.cache, {id_of(kCrossings, 1), id_of(kCrossings, 2)}, {bases_of, root_of, {}}));
  t.objects.take(made);
  CHECK(t.lines(base, "public.t") == Lines{"[1," + std::to_string(2 * kCrossings) + "]"});
  CHECK(asked == kCrossings);
}
