// Proves that a merge stops where it is told to, or where it cannot go on, with an error and without a tree.
#include <atomic>

#include "merge_fixture.h"

using namespace rowan;
using namespace rowan::merge;
using merge::testing::MergeFixture;
using Lines = std::vector<std::string>;

namespace {

struct Limits : MergeFixture {
  Request request;

  Limits(const Oid& base, const Oid& ours, const Oid& theirs) { between(base, ours, theirs); }
  Limits() = default;

  void between(const Oid& base, const Oid& ours, const Oid& theirs) {
    request = Request();
    request.base_root = base;
    request.ours_root = ours;
    request.theirs_root = theirs;
    request.policy = Policy::kManual;
  }
  Oid root(const std::string& sql, const Lines& lines) {
    return write({{"public.t", {sql, lines, {}}}});
  }
  std::optional<ErrorCode> failure() {
    store::PendingObjects made(objects);
    auto outcome = merge_trees(made, cache, request);
    if (outcome) return std::nullopt;
    said = outcome.error().message();
    return outcome.error().code();
  }
  std::string said;
};

std::string table(const std::string& columns, const std::string& key = ", PRIMARY KEY (id)") {
  return "CREATE TABLE public.t (id integer NOT NULL, " + columns + key + ")";
}

// Rows 1 to `count`, each with `value` behind its number.
Lines rows(int count, const std::string& value, const std::string& before = "[") {
  Lines lines;
  for (int i = 1; i <= count; ++i) lines.push_back(before + std::to_string(i) + "," + value + "]");
  return lines;
}

constexpr int kMany = 3000;  // Enough to be asked about more than once.

}  // namespace

TEST_CASE("a merge that is cancelled stops, whatever way its rows are merged") {
  struct Way {
    std::string name, base_sql, ours_sql, theirs_sql;
    Lines base, ours, theirs;
  };
  const std::string plain = table("a integer");
  const std::string keyless = "CREATE TABLE public.t (id integer NOT NULL, a integer)";
  const std::string moved =
      "CREATE TABLE public.t (id integer NOT NULL, a integer NOT NULL, PRIMARY KEY (a, id))";
  const Lines one = rows(kMany, "1"), two = rows(kMany, "2");
  Lines other = one;
  other[0] = "[1,7]";
  const std::vector<Way> ways{
      {"theirs' table", plain, plain, plain, one, one, two},
      {"theirs' rows", plain, table("a integer, CHECK (a > 0)"), plain, one, one, two},
      {"row by row", plain, plain, plain, one, other, two},
      {"side by side", plain, table("a text"), plain, one, rows(kMany, "\"1\""), two},
      {"by other keys", plain, moved, plain, one, one, two},
      {"without keys", keyless, keyless, keyless, rows(kMany, "1", "[1,"), rows(kMany, "3", "[1,"),
       rows(kMany, "2", "[1,")},
      {"a dropped column", plain, "CREATE TABLE public.t (id integer NOT NULL, PRIMARY KEY (id))",
       plain, one, one, two},
      {"a retyped column", plain, table("a smallint"), plain, one, one, two},
  };
  for (const Way& way : ways) {
    CAPTURE(way.name);
    Limits t;
    t.between(t.root(way.base_sql, way.base), t.root(way.ours_sql, way.ours),
              t.root(way.theirs_sql, way.theirs));
    CHECK_FALSE(t.failure().has_value());
    std::atomic<bool> cancelled = true;
    t.request.cancelled = &cancelled;
    CHECK(t.failure() == ErrorCode::kQueryCanceled);
    CHECK(t.said == "canceling statement due to user request");
  }
}

TEST_CASE("a merge tells how far it is") {
  Limits t;
  const std::string sql = table("a integer");
  t.between(t.root(sql, rows(kMany, "1")), t.root(sql, rows(kMany, "2")),
            t.root(sql, rows(kMany, "3")));
  std::vector<uint64_t> told;
  t.request.progress = [&](uint64_t rows) { told.push_back(rows); };
  CHECK_FALSE(t.failure().has_value());
  CHECK(told == std::vector<uint64_t>{1024, 2048});
}

TEST_CASE("more equal rows than a line can count are refused") {
  Limits t;
  const std::string sql = "CREATE TABLE public.t (a integer)";
  t.between(t.root(sql, {}), t.root(sql, {"[9000000000000000000,1]"}),
            t.root(sql, {"[9000000000000000000,1]"}));
  CHECK(t.failure() == ErrorCode::kProgramLimit);
  CHECK(t.said == "a merged row's count is too large");
}

TEST_CASE("folders of an object that nest too deeply are refused") {
  Limits t;
  const auto nested = [&](int depth, const std::string& text) {
    store::PendingObjects made(t.objects);
    tree::PathEdit edit{"f.sql", tree::kModeBlob, made.add(store::ObjectType::kBlob, text)};
    for (; depth > 0; --depth)
      edit = {"d", tree::kModeTree,
              MergeFixture::get(tree::edit_paths(made, t.cache, Oid{}, {edit}))};
    edit.path = "public/t/d";
    const Oid root = t.root(table("a integer"), {});
    const Oid id = MergeFixture::get(tree::edit_paths(made, t.cache, root, {edit}));
    t.objects.take(made);
    return id;
  };
  t.between(nested(40, "1"), nested(40, "2"), nested(40, "3"));
  CHECK_FALSE(t.failure().has_value());
  t.between(nested(80, "1"), nested(80, "2"), nested(80, "3"));
  CHECK(t.failure() == ErrorCode::kProgramLimit);
  CHECK(t.said.find("is nested too deeply") != std::string::npos);
}

TEST_CASE("a sequence that has no more values for new keys is an error, and one that is gone keeps the conflict") {
  const std::string sql =
      "CREATE TABLE public.t (id integer NOT NULL GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME "
      "public.t_id_seq), a text, PRIMARY KEY (id))";
  for (const int64_t increment : {1, -1}) {
    CAPTURE(increment);
    Limits t;
    const auto root = [&](const Lines& lines, int64_t last, int64_t room) {
      catalog::SequenceDef sequence;
      sequence.schema = "public";
      sequence.name = "t_id_seq";
      sequence.type = {type::TypeId::kInt4};
      sequence.increment = increment;
      sequence.max = increment > 0 ? last + room : 1000;
      sequence.min = increment > 0 ? 1 : last - room;
      sequence.start = increment > 0 ? 1 : 1000;
      sequence.last = last;
      sequence.called = true;
      return t.write(
          {{"public.t", {sql, lines, {}}},
           {"public.t_id_seq", {{}, {}, {{"sequence.json", catalog::sequence_json(sequence)}}}}});
    };
    const Lines ours{"[1,\"x\"]", "[2,\"o\"]"}, theirs{"[1,\"x\"]", "[2,\"t\"]"};
    t.between(root({"[1,\"x\"]"}, 32, 0), root(ours, 32, 0), root(theirs, 32, 0));
    t.request.renumber = true;
    CHECK(t.failure() == ErrorCode::kNumericOutOfRange);
    CHECK(t.said == "sequence public.t_id_seq has no more values for the rows that need one");
    t.between(root({"[1,\"x\"]"}, 32, 1), root(ours, 32, 1), root(theirs, 32, 1));
    t.request.renumber = true;
    const Outcome outcome = t.merge(t.request);
    REQUIRE(outcome.renumbered.size() == 1);
    CHECK(outcome.renumbered[0].to == std::to_string(32 + increment));
  }
  Limits t;
  t.between(t.root(sql, {"[1,\"x\"]"}), t.root(sql, {"[1,\"x\"]", "[2,\"o\"]"}),
            t.root(sql, {"[1,\"x\"]", "[2,\"t\"]"}));
  t.request.renumber = true;
  CHECK(t.merge(t.request).conflicts.size() == 1);
}

TEST_CASE("a long value that is not as long as its row says is damage, not a merge") {
  Limits t;
  const std::string sql = table("a text, b integer");
  const std::string id = t.write({}).hex();
  const std::string line = "[1,{\"large\":\"" + id + "\",\"bytes\":100},";
  t.between(t.root(sql, {line + "1]"}), t.root(sql, {line + "2]"}), t.root(sql, {line + "1]", "[2]"}));
  t.request.base_root = t.root(sql, {});
  CHECK(t.failure() == ErrorCode::kCorruption);
  CHECK(t.said == "out-of-line value " + id + " does not have its stated size");
}
