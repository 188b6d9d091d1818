// What a statement shows is known before it runs: for every SHOW statement the columns told are
// those of its rows, by name and by type.
#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/session.h"
#include "sql/parser.h"
#include "sql/statements.h"
#include "catalog/names.h"
#include "system/compiled_views.h"
#include "system/shown.h"

namespace rowan::system {
namespace {

using sql::StatementKind;

constexpr StatementKind kAllKinds[] = {
#define STATEMENT(kind, ...) StatementKind::kind,
#include "sql/statements.def"
#undef STATEMENT
};

class World {
 public:
  World() {
    auto opened = Database::open(":memory:", {});
    REQUIRE(opened.ok());
    database_ = std::move(*opened);
    auto connected = database_->connect("main");
    REQUIRE(connected.ok());
    session_ = std::move(*connected);
    for (const char* sql :
         {"CREATE TABLE t (id integer PRIMARY KEY, price numeric(10,2), at date)",
          "CREATE INDEX t_at ON t (at)", "CREATE VIEW v AS SELECT id, price FROM t",
          "INSERT INTO t VALUES (1, 2.50, '2024-01-05'), (2, NULL, NULL)",
          "UPDATE t SET price = 3 WHERE id = 1", "CREATE TAG one"}) {
      run(sql);
    }
  }

  std::unique_ptr<Rows> run(const std::string& sql) {
    auto rows = session_->run(sql, {});
    INFO(sql);
    if (!rows.ok()) FAIL(rows.failure().message);
    return std::move(*rows);
  }
  Session& api() { return *session_; }
  engine::SessionImpl& session() { return static_cast<engine::SessionImpl&>(*session_); }

 private:
  std::unique_ptr<Database> database_;
  std::unique_ptr<Session> session_;
};

TEST_CASE("for every SHOW statement the columns told before are those of the rows") {
  const std::vector<std::string> texts = {
      "SHOW LOG",          "SHOW LOG FOR t KEY 1",
      "SHOW TRANSACTIONS", "SHOW DIFF FROM 'HEAD~1' TO 'HEAD'",
      "SHOW DIFF STAT",    "SHOW DIFF SCHEMA FROM 'HEAD~2'",
      "SHOW DIFF FOR t",   "BLAME t",
      "BLAME t CELLS",     "SHOW BRANCHES",
      "SHOW TAGS",         "SHOW FOREIGN",
      "SHOW REFLOG",       "SHOW TABLES",
      "SHOW VIEWS",        "SHOW INDEXES FROM t",
      "SHOW DATABASES",    "SHOW STATUS",
      "DESCRIBE t",        "DESCRIBE v",
  };
  World world;
  std::set<StatementKind> seen;
  for (const std::string& text : texts) {
    CAPTURE(text);
    const auto parsed = sql::parse_statement(text);
    REQUIRE(parsed.has_value());
    seen.insert(parsed->statement->kind);
    world.run("BEGIN");
    world.run("SELECT 1");  // A transaction to look through.
    const auto shown = shown_by(world.session().system(), *parsed->statement);
    if (!shown.has_value()) FAIL(shown.error().message());
    std::vector<plan::OutputColumn> told = shown->table->columns();
    world.run("ROLLBACK");
    const auto rows = world.run(text);
    const std::vector<ColumnInfo>& columns = rows->columns();
    REQUIRE(columns.size() == told.size());
    for (size_t i = 0; i < told.size(); ++i) {
      CHECK(columns[i].name == told[i].name);
      CHECK(columns[i].type_name == type::type_name(told[i].type));
    }
  }
  for (const StatementKind kind : kAllKinds) {
    const bool gives_rows = kind != StatementKind::kVacuum && kind != StatementKind::kAnalyze;
    if (sql::class_of(kind) == sql::StatementClass::kShow && gives_rows)
      CHECK_MESSAGE(seen.contains(kind), "a SHOW statement that this test does not run");
  }
}

TEST_CASE("every relation of rowan, pg_catalog and information_schema can be read whole") {
  World world;
  for (const Relation& row : relation_rows()) {
    if (row.make != nullptr) continue;
    CAPTURE(row.name);
    const auto rows = world.run("SELECT * FROM rowan." + std::string(row.name));
    CHECK(rows->columns().size() == row.columns.size());
  }
  for (const auto& view : compiled_views()) {
    CAPTURE(view->name);
    CHECK(!view->columns.empty());
    const std::set<std::string> names(view->columns.begin(), view->columns.end());
    CHECK(names.size() == view->columns.size());
    CHECK(!names.contains("?column?"));
    const auto rows = world.run("SELECT * FROM " + view->schema + "." + view->name);
    // `*` has all but the catalogue's tableoid.
    CHECK(rows->columns().size() == names.size() - names.count(std::string(catalog::kTableOidColumn)));
  }
}

// Y1: a plan is kept, its rows are those of the transaction that runs.
TEST_CASE("a statement that is run again sees what has become of the catalogue") {
  World world;
  auto prepared = world.api().prepare(
      "SELECT count(*) FROM pg_class WHERE relname = 'later' AND relkind = 'r'");
  REQUIRE(static_cast<bool>(prepared));
  const auto count = [&] {
    auto rows = (*prepared)->run({});
    REQUIRE(static_cast<bool>(rows));
    REQUIRE(*(*rows)->next());
    return (*rows)->get_text(0);
  };
  CHECK(count() == "0");
  world.run("CREATE TABLE later (id integer)");
  CHECK(count() == "1");
  world.run("BEGIN");
  world.run("DROP TABLE later");
  CHECK(count() == "0");
  world.run("ROLLBACK");
  CHECK(count() == "1");
}

TEST_CASE("oids are those of names: the same in another repository, whatever else is in it") {
  World one, two;
  two.run("CREATE TABLE a_first (id integer)");
  two.run("CREATE TABLE t_more (id integer)");
  const auto oids_of = [](World& world) {
    std::map<std::string, std::string> oids;
    const auto rows = world.run("SELECT relname, oid::text FROM pg_class");
    for (;;) {
      auto more = rows->next();
      if (!more.ok() || !*more) break;
      oids[rows->get_text(0)] = rows->get_text(1);
    }
    return oids;
  };
  const auto of_one = oids_of(one);
  const auto of_two = oids_of(two);
  CHECK(of_one.size() + 2 == of_two.size());
  for (const auto& [name, oid] : of_one) CHECK(of_two.at(name) == oid);
  CHECK(of_one.at("pg_class") == "1259");
}

}  // namespace
}  // namespace rowan::system
