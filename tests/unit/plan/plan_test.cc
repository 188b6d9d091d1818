// Proves: the plans of typical queries, by EXPLAIN, and that each rule is what makes the
// difference.
#include "query_fixture.h"

using namespace rowan;

namespace {

struct Tables : QueryFixture {
  Tables() {
    create("CREATE TABLE t (id int PRIMARY KEY, x int, y text)");
    create("CREATE TABLE u (a int, b int, c int, PRIMARY KEY (a, b))");
    insert("t", {{i4(1), i4(2), txt("a")}});
    insert("u", {{i4(1), i4(2), i4(3)}});
    commit();
  }
  std::string without(const std::string& rule, const std::string& text) {
    disabled = {rule};
    std::string plan = explain(text);
    disabled.clear();
    return plan;
  }
  static bool has(const std::string& plan, std::string_view part) {
    return plan.find(part) != std::string::npos;
  }
};

}  // namespace

TEST_CASE("access paths") {
  Tables db;
  CHECK(db.explain("SELECT * FROM t").starts_with("Seq Scan on t"));
  const std::string point = "SELECT y FROM t WHERE id = 5";
  CHECK(db.explain(point) == "Index Scan using t_pkey on t  (rows=1)\n  Index Cond: (id = 5)\n");
  CHECK(db.has(db.without("point_get", point),
               "Index Scan using t_pkey on t"));  // As a range of one key.
  CHECK(db.has(db.explain("SELECT c FROM u WHERE a = 1 AND b > 2 AND b <= 9"),
               "Index Cond: ((a = 1) AND (b > 2) AND (b <= 9))"));
  CHECK(db.has(db.without("key_range", "SELECT c FROM u WHERE a = 1"), "Seq Scan on u"));
  CHECK(db.has(db.explain("SELECT y FROM t WHERE x > 1"), "Filter: (x > 1)"));
}

TEST_CASE("sorts, limits and counts") {
  Tables db;
  CHECK(db.has(db.explain("SELECT * FROM t ORDER BY x LIMIT 3"), "Top-N Sort"));
  CHECK(db.has(db.without("limit_pushdown", "SELECT * FROM t ORDER BY x LIMIT 3"), "Limit"));
  CHECK_FALSE(db.has(db.explain("SELECT * FROM t ORDER BY id"), "Sort"));
  CHECK(db.has(db.without("key_order", "SELECT * FROM t ORDER BY id"), "Sort Key: id"));
  CHECK(db.has(db.explain("SELECT * FROM t ORDER BY id DESC"),
               "Index Scan Backward using t_pkey on t"));
  CHECK(db.explain("SELECT count(*) FROM t").starts_with("Aggregate"));
  db.resolver->counts[db.transaction->get_table("public", "t")->rows] = 1;
  CHECK(db.explain("SELECT count(*) FROM t").starts_with("Row Count of t"));
  CHECK(db.query("SELECT count(*) FROM t") == std::vector<std::string>{"1"});
  db.insert("t", {{i4(2), i4(2), txt("b")}});
  CHECK(db.query("SELECT count(*) FROM t") == std::vector<std::string>{"2"});
}

TEST_CASE("joins take their conditions from WHERE and put filters below") {
  Tables db;
  const std::string join = "SELECT t.y FROM t, u WHERE t.id = u.a AND u.c > 4 AND t.x + u.b < 9";
  const std::string plan = db.explain(join);
  CHECK(db.has(plan, "Hash Join"));
  CHECK(db.has(plan, "Join Filter:"));
  CHECK(db.has(plan, "Filter: (c > 4)"));
  CHECK(db.has(db.without("predicate_pushdown", join), "Nested Loop"));
  CHECK(db.has(db.explain("SELECT 1 FROM t LEFT JOIN u ON t.id = u.a"), "Hash Left Join"));
  CHECK(db.has(db.explain("SELECT 1 FROM t JOIN u ON t.id < u.a"), "Nested Loop"));
  CHECK(db.has(db.explain("SELECT x, count(*) FROM t GROUP BY x"), "Group Key: x"));
}
