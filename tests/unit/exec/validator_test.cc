// The validator on trees that no statement and no merge makes: names that two relations of a schema share.
#include "exec/validator.h"

#include "query_fixture.h"

namespace rowan::exec {
namespace {

// Trees of one branch, one after the other.
class Trees : public QueryFixture {
 public:
  Oid root() const { return manager->tip_snapshot("main")->root; }
  // The tree with a table more, or a file.
  Oid with_table(const std::string& text) {
    create(text);
    commit();
    return root();
  }
  Oid with_file(const std::string& path, const std::string& text) {
    REQUIRE(transaction->put_file(path, text).has_value());
    commit();
    return root();
  }

  // "42P07 table: message", one a violation; both ways of asking have to agree.
  std::vector<std::string> violations(const Oid& valid_root, const Oid& root) {
    const ValidateRequest request{*store, valid_root, root};
    const auto all = validate(request, *manager, manager->indexes(), eval);
    REQUIRE(all.has_value());
    const auto definitions = validate_definitions(request, *manager, manager->indexes(), eval);
    REQUIRE(definitions.has_value());
    CHECK(lines(*all) == lines(*definitions));
    return lines(*all);
  }

 private:
  static std::vector<std::string> lines(const std::vector<Violation>& violations) {
    std::vector<std::string> lines;
    for (const Violation& violation : violations)
      lines.push_back(std::string(sqlstate(violation.code)) + " " + violation.message);
    return lines;
  }
};

const std::vector<std::string> kTaken{"42P07 relation \"n\" already exists"};

}  // namespace

TEST_CASE("a tree in which two relations of a schema have one name is no branch's") {
  struct Case {
    const char* first;
    const char* second;
  };
  for (const auto& [first, second] : std::initializer_list<Case>{
           {"CREATE TABLE a (k integer, CONSTRAINT n PRIMARY KEY (k))",
            "CREATE TABLE b (k integer, CONSTRAINT n PRIMARY KEY (k))"},
           {"CREATE TABLE a (k integer, CONSTRAINT n UNIQUE (k))",
            "CREATE TABLE b (k integer, CONSTRAINT n PRIMARY KEY (k))"},
           {"CREATE TABLE a (k integer, CONSTRAINT n UNIQUE (k))", "CREATE TABLE n (k integer)"},
           {"CREATE TABLE n (k integer)", "CREATE TABLE a (k integer, CONSTRAINT n UNIQUE (k))"},
       }) {
    CAPTURE(first);
    CAPTURE(second);
    Trees it;
    const Oid empty = it.root();
    const Oid one = it.with_table(first);
    CHECK(it.violations(empty, one).empty());
    const Oid both = it.with_table(second);
    CHECK(it.violations(one, both) == kTaken);
    CHECK(it.violations(empty, both) == kTaken);
    CHECK(it.violations({}, both) == kTaken);
    // What stood so before is no news.
    const Oid later = it.with_table("CREATE TABLE c (k integer)");
    CHECK(it.violations(both, later).empty());
  }
}

TEST_CASE("a key and a sequence or view of one name are no branch's either") {
  Trees it;
  const Oid one = it.with_table("CREATE TABLE a (k integer, CONSTRAINT n UNIQUE (k))");
  const Oid sequence = it.with_file(
      "public/n/sequence.json",
      "{\"type\":\"bigint\",\"start\":1,\"increment\":1,\"min\":1,\"max\":9,\"cycle\":false}\n");
  CHECK(it.violations(one, sequence) == kTaken);
  Trees other;
  const Oid table = other.with_table("CREATE TABLE a (k integer, CONSTRAINT n UNIQUE (k))");
  const Oid view = other.with_file("public/n/view.sql", "CREATE VIEW public.n (one) AS SELECT 1 AS one;\n");
  CHECK(other.violations(table, view) == kTaken);
}

TEST_CASE("names of two schemas are two names") {
  Trees it;
  const Oid one = it.with_table("CREATE TABLE a (k integer, CONSTRAINT n UNIQUE (k))");
  REQUIRE(it.transaction->put_file("s/schema.sql", "CREATE SCHEMA s;\n").has_value());
  const Oid both = it.with_table("CREATE TABLE s.n (k integer)");
  CHECK(it.violations(one, both).empty());
}

}  // namespace rowan::exec
