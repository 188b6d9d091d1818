// Proves: every function of schema rowan, with every argument left at what it should be but one, gives a
// right answer or says with its SQLSTATE what is wrong: for NULL, an empty text, a name of nothing, a
// value of another type, a name with a stray quote, a revision that is not there, too many arguments
// and too few.
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rowan/rowan.h"

namespace rowan {

namespace {

// What an argument is.
enum class Kind { kRevision, kRange, kTable, kTableFirst, kKey, kValue, kColumn, kQuery, kPolicy, kBranch, kPath, kContent, kFlag };

struct Call {
  std::string name;
  std::vector<std::pair<Kind, std::string>> arguments;  // With a value that is fine.
  size_t least = 1;                                      // So many it needs.
  bool is_scalar = false;
};

// The same answer as without the argument, or with HEAD in its place.
const std::string kSame = "same", kNone = "none";

// What becomes of each wrong value, by the kind of the argument: a SQLSTATE, kSame, or kNone (no rows).
struct Wrong {
  std::string value;
  std::map<Kind, std::string> outcome;  // Kinds that are not named take the value.
};

const std::vector<Wrong>& wrongs() {
  using enum Kind;
  static const std::vector<Wrong> all = {
      {"NULL",
       {{kRevision, kSame}, {kTable, kSame}, {kTableFirst, "42P18"}, {kKey, "22023"}, {kValue, kNone}, {kColumn, kSame},
        {kQuery, "42601"}, {kPolicy, kSame}, {kBranch, kSame}, {kPath, "22023"}, {kContent, "22023"}, {kFlag, "22023"}}},
      {"''",
       {{kRevision, "22023"}, {kRange, "22023"}, {kTable, "42602"}, {kTableFirst, "42602"}, {kKey, "22P02"}, {kValue, kNone},
        {kColumn, "42703"}, {kQuery, "42601"}, {kPolicy, "22023"}, {kBranch, "22023"}, {kPath, "42602"}, {kFlag, "22P02"}}},
      {"'nosuch'",
       {{kRevision, "VC002"}, {kRange, "VC002"}, {kTable, "42P01"}, {kTableFirst, "42P01"}, {kKey, "22P02"}, {kValue, kNone},
        {kColumn, "42703"}, {kQuery, "42601"}, {kPolicy, "22023"}, {kBranch, "VC005"}, {kPath, "42602"}, {kFlag, "22P02"}}},
      {"'a\"b'",
       {{kRevision, "VC002"}, {kRange, "VC002"}, {kTable, "42602"}, {kTableFirst, "42602"}, {kKey, "22P02"}, {kValue, kNone},
        {kColumn, "42703"}, {kQuery, "42601"}, {kPolicy, "22023"}, {kBranch, "VC005"}, {kPath, ""}, {kFlag, "22P02"}}},
      {"true",
       {{kRevision, "42883"}, {kRange, "42883"}, {kTable, "42883"}, {kTableFirst, "42883"}, {kKey, "22P02"}, {kValue, kNone},
        {kColumn, "42883"}, {kQuery, "42883"}, {kPolicy, "42883"}, {kBranch, "42883"}, {kPath, "42883"}, {kContent, "42883"}}},
      {"42",
       {{kRevision, "42883"}, {kRange, "42883"}, {kTable, "42883"}, {kTableFirst, "42883"}, {kKey, kNone}, {kValue, kNone},
        {kColumn, "42883"}, {kQuery, "42883"}, {kPolicy, "42883"}, {kBranch, "42883"}, {kPath, "42883"}, {kContent, "42883"},
        {kFlag, "42883"}}},
      {"date '2024-01-01'",
       {{kRevision, "42883"}, {kRange, "42883"}, {kTable, "42883"}, {kTableFirst, "42883"}, {kKey, "22P02"}, {kValue, kNone},
        {kColumn, "42883"}, {kQuery, "42883"}, {kPolicy, "42883"}, {kBranch, "42883"}, {kPath, "42883"}, {kContent, "42883"},
        {kFlag, "42883"}}},
      {"'HEAD~99'",
       {{kRevision, "VC002"}, {kRange, "VC002"}, {kTable, "42P01"}, {kTableFirst, "42P01"}, {kKey, "22P02"}, {kValue, kNone},
        {kColumn, "42703"}, {kQuery, "42601"}, {kPolicy, "22023"}, {kBranch, "VC005"}, {kPath, ""}, {kFlag, "22P02"}}},
      {"'w'",  // A view.
       {{kRevision, "VC002"}, {kRange, "VC002"}, {kTable, "42809"}, {kTableFirst, "42809"}, {kKey, "22P02"}, {kValue, kNone},
        {kColumn, "42703"}, {kQuery, "42601"}, {kPolicy, "22023"}, {kBranch, "VC005"}, {kPath, "42602"}, {kFlag, "22P02"}}},
  };
  return all;
}

const std::vector<Call>& calls() {
  using enum Kind;
  const std::pair<Kind, std::string> from{kRevision, "'HEAD~1'"}, to{kRevision, "'HEAD'"}, range{kRange, "'HEAD~1..HEAD'"},
      table{kTable, "'t'"}, first{kTableFirst, "'t'"}, key{kKey, "1"}, value{kValue, "'one'"}, column{kColumn, "'a'"};
  static const std::vector<Call> all = {
      {"log", {to}, 0},
      {"log", {range}, 0},
      {"log", {to, table}, 0},
      {"log", {to, table, key}, 0},
      {"diff", {first, from, to}, 2},
      {"diff", {first, range}, 2},
      {"diff_stat", {from, to}},
      {"diff_stat", {table, from, to}},
      {"diff_stat", {table, range}},
      {"diff_rows", {from, to}},
      {"diff_rows", {table, from, to}},
      {"diff_rows", {table, range}},
      {"schema_diff", {from, to}},
      {"schema_diff", {table, from, to}},
      {"patch", {from, to}},
      {"patch", {table, from, to}},
      {"native_patch", {from, to}},
      {"native_patch", {table, from, to}},
      {"history", {first, to}},
      {"history", {first, to, key}},
      {"blame", {first, to}},
      {"blame", {first, to, key}},
      {"blame_cells", {first, to}},
      {"blame_cells", {first, to, key}},
      {"pickaxe", {first, value}, 2},
      {"pickaxe", {first, value, column}, 2},
      {"pickaxe", {first, value, column, to}, 2},
      {"bisect", {{kQuery, "'SELECT count(*) < 2 FROM t'"}, from, to}, 3},
      {"merge_decisions", {{kRevision, "'merge'"}}},
      {"merge_decisions", {from, to, {kPolicy, "'ours'"}}},
      {"reflog", {{kBranch, "'main'"}}, 0},
      {"write_file", {{kPath, "'README.md'"}, {kContent, "'x'"}}, 2, true},
      {"write_file", {{kPath, "'README.md'"}, {kContent, "'x'"}, {kFlag, "true"}}, 2, true},
      {"delete_file", {{kPath, "'README.md'"}}, 1, true},
      {"last_commit", {}, 0, true},
  };
  return all;
}

class Asked {
 public:
  Asked() {
    auto opened = Database::open(":memory:", {});
    REQUIRE(opened.ok());
    database_ = std::move(*opened);
    session_ = std::move(*database_->connect(""));
    for (const char* sql :
         {"CREATE TABLE t (id integer PRIMARY KEY, a text)", "CREATE VIEW w AS SELECT id FROM t", "CREATE BRANCH side",
          "INSERT INTO t VALUES (1, 'one')", "CHECKOUT side", "CREATE TABLE other (id integer PRIMARY KEY)", "CHECKOUT main",
          "MERGE side", "CREATE TAG merge", "SELECT rowan.write_file('README.md', 'first')", "INSERT INTO t VALUES (2, 'two')"}) {
      INFO(sql);
      const std::string answer = ask(sql);
      INFO(answer);
      REQUIRE((answer.size() < 6 || answer[5] != ':'));
    }
  }

  // Rows, or "SQLSTATE: message".
  std::string ask(const std::string& sql) {
    auto rows = session_->run(sql);
    if (!rows) return rows.failure().sqlstate + ": " + rows.failure().message;
    std::string out;
    while (true) {
      auto more = (*rows)->next();
      if (!more) return more.failure().sqlstate + ": " + more.failure().message;
      if (!*more) return out;
      for (size_t i = 0; i < (*rows)->columns().size(); ++i)
        out += ((*rows)->is_null(i) ? "NULL" : (*rows)->get_text(i)) + "|";
      out += ";";
    }
  }
  // What a write did is undone.
  std::string ask(const Call& call, const std::vector<std::string>& arguments) {
    std::string list;
    for (const std::string& argument : arguments) list += (list.empty() ? "" : ", ") + argument;
    last_sql = std::string(call.is_scalar ? "SELECT rowan." : "SELECT * FROM rowan.") + call.name + "(" + list + ")";
    ask("BEGIN");
    std::string answer = ask(last_sql);
    ask("ROLLBACK");
    return answer;
  }

  std::string last_sql;

 private:
  std::unique_ptr<Database> database_;
  std::unique_ptr<Session> session_;
};

std::string state_of(const std::string& answer) {
  return answer.size() > 6 && answer[5] == ':' && answer[6] == ' ' ? answer.substr(0, 5) : "";
}

std::vector<std::string> fine(const Call& call) {
  std::vector<std::string> values;
  for (const auto& [kind, value] : call.arguments) values.push_back(value);
  return values;
}

}  // namespace

TEST_CASE("every argument of every rowan function, one of them wrong") {
  Asked db;
  for (const Call& call : calls()) {
    const std::vector<std::string> right = fine(call);
    const std::string answer = db.ask(call, right);
    INFO(db.last_sql << " -> " << answer);
    CHECK(state_of(answer) == "");
    if (call.name != "merge_decisions" && call.name != "schema_diff") CHECK(answer != "");
    for (size_t i = 0; i < right.size(); ++i) {
      const Kind kind = call.arguments[i].first;
      for (const Wrong& wrong : wrongs()) {
        std::vector<std::string> values = right;
        values[i] = wrong.value;
        const std::string got = db.ask(call, values);
        CAPTURE(db.last_sql);
        CAPTURE(got);
        CHECK_FALSE(got.starts_with("XX"));
        const auto found = wrong.outcome.find(kind);
        if (found == wrong.outcome.end() || found->second.empty()) continue;
        std::string expected = found->second;
        // A part of a definition may be a view's, and a lone key names a table.
        if (wrong.value == "'w'" && kind == Kind::kTable && (call.name == "schema_diff" || call.name.ends_with("patch"))) expected = "";
        if (wrong.value == "NULL" && kind == Kind::kTable && call.name == "log" && right.size() > 2) expected = "22023";
        if (expected == kNone) {
          CHECK(got == "");
        } else if (expected == kSame) {
          values[i] = kind == Kind::kRevision ? "'HEAD'" : right[i];
          if (kind == Kind::kRevision) CHECK(got == db.ask(call, values));
          else CHECK(state_of(got) == "");
        } else {
          CHECK(state_of(got) == expected);
          CHECK((expected.empty() || got.size() > 8));
        }
      }
    }
    // Too many; a key of one column is given three.
    std::vector<std::string> many = right;
    for (int i = 0; i < 4; ++i) many.push_back("'1'");
    const std::string more = state_of(db.ask(call, many));
    CAPTURE(db.last_sql);
    CHECK((more == "42883" || more == "22023" || (call.name == "log" && more == "42P01")));
    for (size_t count = 0; count < call.least; ++count) {
      const std::string fewer = db.ask(call, {right.begin(), right.begin() + static_cast<ptrdiff_t>(count)});
      CAPTURE(db.last_sql);
      CHECK(state_of(fewer) == "42883");
    }
  }
}

TEST_CASE("names with quotes, ranges turned round, and keys of several columns") {
  Asked db;
  CHECK(db.ask("CREATE TABLE \"Odd \"\"n\" (k text, l integer, v text, PRIMARY KEY (k, l))") == "");
  CHECK(db.ask("INSERT INTO \"Odd \"\"n\" VALUES ('it''s', 1, 'v')") == "");
  const std::string odd = "'\"Odd \"\"n\"'";
  CHECK(db.ask("SELECT count(*) FROM rowan.history(" + odd + ")") == "1|;");
  CHECK(db.ask("SELECT change FROM rowan.history(" + odd + ", 'HEAD', 'it''s', 1)") == "added|;");
  CHECK(db.ask("SELECT count(*) FROM rowan.blame('public.' || " + odd + ", NULL, 'it''s', '1')") == "1|;");
  CHECK(db.ask("SELECT count(*) FROM rowan.history(" + odd + ", 'HEAD', 'it''s')").starts_with("22023: "));
  CHECK(db.ask("SELECT count(*) FROM rowan.history(" + odd + ", 'HEAD', 1, 'it''s')").starts_with("22P02: "));
  CHECK(db.ask("SELECT count(*) FROM rowan.history('Odd \"n')").starts_with("42602: "));
  // The other way round: what was added is removed.
  CHECK(db.ask("SELECT change FROM rowan.diff(" + odd + ", 'HEAD', 'HEAD~1')") == "removed|;");
  CHECK(db.ask("SELECT change FROM rowan.diff(" + odd + ", 'HEAD..HEAD~1')") == "removed|;");
  CHECK(db.ask("SELECT count(*) FROM rowan.log('HEAD..HEAD~1')") == "0|;");
  CHECK(db.ask("SELECT * FROM rowan.bisect('SELECT true', 'HEAD', 'HEAD~1')").starts_with("22023: "));
  CHECK(db.ask("SELECT count(*) FROM rowan.diff('t', 'HEAD~1..HEAD', 'HEAD')").starts_with("VC002: "));
  // NULL is no empty text.
  CHECK(db.ask("INSERT INTO t VALUES (3, '')") == "");
  CHECK(db.ask("SELECT count(*) FROM rowan.pickaxe('t', '')") == "1|;");
  CHECK(db.ask("SELECT count(*) FROM rowan.pickaxe('t', NULL)") == "0|;");
  CHECK(db.ask("SELECT count(*) FROM rowan.log('HEAD', NULL, 1)").starts_with("22023: "));
  // What was typed is what the error names.
  CHECK(db.ask("SELECT * FROM rowan.log('HEAD~99')") == "VC002: revision \"HEAD~99\" does not exist");
}

}  // namespace rowan
