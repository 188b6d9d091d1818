// Proves: queries answer as a naive evaluation does, with any rule switched off, over committed
// rows, over changed rows and over both; and a point get answers as a scan does.
#include <map>
#include <random>

#include "query_fixture.h"

using namespace rowan;
using Rows = std::vector<std::string>;

namespace {

struct Shop : QueryFixture {
  Shop() {
    create("CREATE TABLE item (id int PRIMARY KEY, grp int, name text)");
    create("CREATE TABLE sale (item_id int, day int, amount int, PRIMARY KEY (item_id, day))");
    create("CREATE TABLE tag (item_id int, word text)");
    insert("item", {{i4(1), i4(10), txt("apple")},
                    {i4(2), i4(10), txt("pear")},
                    {i4(3), i4(20), null_txt()},
                    {i4(4), null_i4(), txt("fig")}});
    insert("sale", {{i4(1), i4(1), i4(5)},
                    {i4(1), i4(2), i4(7)},
                    {i4(2), i4(1), i4(1)},
                    {i4(9), i4(1), null_i4()}});
    insert(
        "tag",
        {{i4(1), txt("red")}, {i4(1), txt("red")}, {i4(3), txt("blue")}, {null_i4(), txt("none")}});
  }
};

}  // namespace

TEST_CASE("queries over a transaction's own rows and over committed ones") {
  Shop shop;
  for (const bool committed : {false, true}) {
    CAPTURE(committed);
    if (committed) shop.commit();
    CHECK(shop.query("SELECT id, name FROM item") == Rows{"1|apple", "2|pear", "3|null", "4|fig"});
    CHECK(shop.query("SELECT * FROM sale WHERE item_id = 1 AND day = 2") == Rows{"1|2|7"});
    CHECK(shop.query("SELECT day FROM sale WHERE item_id = 1 AND day > 1") == Rows{"2"});
    CHECK(shop.query("SELECT item_id, day FROM sale WHERE item_id >= 2 AND item_id < 9") ==
          Rows{"2|1"});
    CHECK(shop.query("SELECT count(*), count(grp), sum(id), min(name), max(id) FROM item") ==
          Rows{"4|3|10|apple|4"});
    CHECK(shop.query("SELECT grp, count(*) FROM item GROUP BY grp ORDER BY grp") ==
          Rows{"10|2", "20|1", "null|1"});
    CHECK(shop.query("SELECT grp, count(*) AS n FROM item GROUP BY 1 HAVING count(*) > 1") ==
          Rows{"10|2"});
    CHECK(shop.query("SELECT i.id, i.name, sum(s.amount) FROM item i JOIN sale s ON s.item_id = "
                     "i.id GROUP BY i.id ORDER BY 3 DESC") == Rows{"1|apple|12", "2|pear|1"});
    CHECK(shop.sorted("SELECT i.id, s.amount FROM item i LEFT JOIN sale s ON s.item_id = i.id") ==
          Rows{"1|5", "1|7", "2|1", "3|null", "4|null"});
    CHECK(shop.sorted("SELECT i.id, s.item_id FROM item i FULL JOIN sale s ON s.item_id = i.id AND "
                      "s.day = 1") == Rows{"1|1", "2|2", "3|null", "4|null", "null|1", "null|9"});
    CHECK(shop.sorted("SELECT word, item_id FROM tag") ==
          Rows{"blue|3", "none|null", "red|1", "red|1"});
    CHECK(shop.query("SELECT count(*) FROM tag") == Rows{"4"});
    CHECK(shop.sorted("SELECT DISTINCT word FROM tag") == Rows{"blue", "none", "red"});
    CHECK(shop.query("SELECT id FROM item ORDER BY name DESC NULLS LAST LIMIT 2 OFFSET 1") ==
          Rows{"4", "1"});
    CHECK(shop.query("SELECT id FROM item WHERE id IN (SELECT item_id FROM sale) ORDER BY id") ==
          Rows{"1", "2"});
    CHECK(shop.query("SELECT id FROM item WHERE id NOT IN (SELECT item_id FROM tag)") == Rows{});
    CHECK(shop.query(
              "SELECT id FROM item i WHERE EXISTS (SELECT 1 FROM sale s WHERE s.item_id = i.id)") ==
          Rows{"1", "2"});
    CHECK(shop.query(
              "SELECT id, (SELECT max(amount) FROM sale s WHERE s.item_id = i.id) FROM item i") ==
          Rows{"1|7", "2|1", "3|null", "4|null"});
    CHECK(shop.query("SELECT id FROM item WHERE id = (SELECT max(id) FROM item)") == Rows{"4"});
    CHECK(shop.query("WITH x AS (SELECT grp AS g FROM item) SELECT count(*) FROM x WHERE g = 10") ==
          Rows{"2"});
    CHECK(shop.query("VALUES (1, 'a'), (2, 'b') ORDER BY 1 DESC") == Rows{"2|b", "1|a"});
    CHECK(shop.sorted("SELECT grp FROM item UNION SELECT item_id FROM sale") ==
          Rows{"1", "10", "2", "20", "9", "null"});
    CHECK(shop.sorted("SELECT item_id FROM tag EXCEPT ALL SELECT 1") == Rows{"1", "3", "null"});
    CHECK(shop.sorted("SELECT item_id FROM tag INTERSECT SELECT item_id FROM sale") == Rows{"1"});
    CHECK(shop.query("SELECT DISTINCT ON (grp) grp, id FROM item ORDER BY grp, id DESC") ==
          Rows{"10|2", "20|3", "null|4"});
    CHECK(shop.query("SELECT grp + 1, count(*) FILTER (WHERE id > 1) FROM item GROUP BY grp + 1 "
                     "ORDER BY grp + 1") == Rows{"11|1", "21|1", "null|1"});
    CHECK(shop.sorted("SELECT * FROM item JOIN sale USING (id)")[0].starts_with("ERROR 42703"));
    CHECK(shop.query("SELECT item_id, word, amount FROM tag NATURAL JOIN sale WHERE day = 2") ==
          Rows{"1|red|7", "1|red|7"});
    CHECK(shop.query("SELECT a.id, b.id FROM item a, item b WHERE a.id < b.id AND b.id < 3") ==
          Rows{"1|2"});
  }
}

TEST_CASE("names that cannot be resolved") {
  Shop shop;
  CHECK(shop.query("SELECT x FROM item") == Rows{"ERROR 42703: column \"x\" does not exist"});
  CHECK(shop.query("SELECT t.id FROM item") ==
        Rows{"ERROR 42P01: missing FROM-clause entry for table \"t\""});
  CHECK(shop.query("SELECT item_id FROM sale, tag") ==
        Rows{"ERROR 42702: column reference \"item_id\" is ambiguous"});
  CHECK(shop.query("SELECT 1 FROM item, item") ==
        Rows{"ERROR 42712: table name \"item\" specified more than once"});
  CHECK(shop.query("SELECT name, count(*) FROM item") ==
        Rows{"ERROR 42803: column \"item.name\" must appear in the GROUP BY clause or be used in "
             "an aggregate function"});
  CHECK(shop.query("SELECT 1 FROM item WHERE count(*) > 1") ==
        Rows{"ERROR 42803: aggregate functions are not allowed in WHERE"});
  CHECK(shop.query("SELECT id FROM item ORDER BY 2") ==
        Rows{"ERROR 42P10: ORDER BY position 2 is not in select list"});
  CHECK(shop.query("SELECT (SELECT id FROM item)") ==
        Rows{"ERROR 21000: more than one row returned by a subquery used as an expression"});
  CHECK(shop.query("SELECT id FROM item LIMIT -1") ==
        Rows{"ERROR 2201W: LIMIT must not be negative"});
}

TEST_CASE("a point get answers as a scan, and gives UPDATE its row") {
  Shop shop;
  shop.commit();
  shop.insert("item", {{i4(7), i4(1), txt("new")}});
  for (const std::string id : {"1", "7", "99"}) {
    const std::string text = "SELECT name, id + 1 FROM item WHERE id = " + id;
    const auto made = shop.plan(text);
    REQUIRE(made.has_value());
    REQUIRE(exec::is_point_get(*made));
    exec::ExecContext context{*shop.manager, *shop.transaction, shop.eval};
    const auto point = exec::run_point_get(*made, context);
    REQUIRE(point.has_value());
    const Rows rows = shop.query(text);
    CHECK(point->found == !rows.empty());
    if (point->found)
      CHECK(type::to_text(point->values[0]) + "|" + type::to_text(point->values[1]) == rows[0]);
  }
  auto parsed = sql::parse_statement("UPDATE item SET grp = grp + 5 WHERE id = 2");
  REQUIRE(parsed.has_value());
  const auto& update = static_cast<const sql::UpdateStmt&>(*parsed->statement);
  plan::ModifyRequest request;
  request.table = update.table;
  request.where = update.where;
  request.expressions = {update.set[0].value};
  request.assigned = {{"grp", {type::TypeId::kInt4, -1}}};
  plan::PlanContext plan_context{*shop.resolver, shop.parameter_types, shop.eval, {}};
  const auto modify = plan::plan_modify(request, plan_context);
  REQUIRE(modify.has_value());
  REQUIRE(exec::is_point_modify(*modify));
  exec::ExecContext context{*shop.manager, *shop.transaction, shop.eval};
  const auto row = exec::run_point_modify_source(*modify, context, true);
  REQUIRE(row.has_value());
  CHECK(row->found);
  CHECK(row->line == "[2,10,\"pear\"]");
  CHECK(row->expressions[0].as_int() == 15);
  CHECK(row->columns.size() == 3);
  const auto rows = shop.run(modify->plan);
  REQUIRE(rows.has_value());
  CHECK(*rows == Rows{"2|10|pear|a2|[2,10,\"pear\"]|15"});
}

TEST_CASE("a parameter that nothing else types takes the type of where its value goes") {
  using type::TypeId;
  Shop shop;
  const auto types_of = [&](const std::string& text, const std::vector<type::Type>& wanted) {
    auto parsed = sql::parse_statement(text);
    REQUIRE(parsed.has_value());
    expr::ParameterTypes parameters;
    plan::PlanContext context{*shop.resolver, parameters, shop.eval, {}};
    const auto& select = static_cast<const sql::SelectStmt&>(*parsed->statement);
    const auto accept = [](const std::vector<plan::OutputColumn>&) { return Result<void>(); };
    const auto plan = wanted.empty() ? plan::plan_query(select, context)
                                     : plan::plan_query_for(select, wanted, accept, context);
    if (!plan) return "ERROR " + std::string(sqlstate(plan.error().code()));
    std::string names;
    for (const type::Type& type : parameters.types)
      names += (names.empty() ? "" : ", ") + type::type_name(type);
    return names;
  };
  CHECK(types_of("SELECT $1", {}) == "text");
  CHECK(types_of("SELECT $1, $2 FROM item", {{TypeId::kInt8}, {TypeId::kDate}}) == "bigint, date");
  CHECK(types_of("SELECT $1 FROM item ORDER BY id LIMIT 1", {{TypeId::kInt8}}) == "bigint");
  CHECK(types_of("SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM item WHERE id = $1)",
                 {{TypeId::kInt8}}) == "integer");
  CHECK(types_of("SELECT $1 UNION ALL SELECT id FROM item", {}) == "integer");
  CHECK(types_of("VALUES ($1), ($2) UNION ALL SELECT id FROM item", {}) == "integer, integer");
  // Used as text elsewhere, it stays text; what does not fit is said by whoever takes the rows.
  CHECK(types_of("SELECT $1, $1 || 'x'", {{TypeId::kInt4}, {TypeId::kText}}) == "text");
  CHECK(types_of("VALUES ($1), ($1) UNION ALL SELECT id FROM item", {}) == "ERROR 42804");
}

TEST_CASE("many segments, with changes on top, equal a map of rows") {
  QueryFixture db;
  db.create("CREATE TABLE big (id int PRIMARY KEY, v int, s text)");
  std::map<int, int> expected;
  std::vector<std::vector<type::Value>> rows;
  for (int id = 0; id < 30'000; id += 2) {
    rows.push_back({i4(id), i4(id % 97), txt("name of " + std::to_string(id))});
    expected[id] = id % 97;
  }
  db.insert("big", rows);
  db.commit();
  std::mt19937 random(7);
  const auto check = [&] {
    int64_t sum = 0;
    for (const auto& [id, v] : expected) sum += v;
    CHECK(db.query("SELECT count(*), sum(v) FROM big") ==
          Rows{std::to_string(expected.size()) + "|" + std::to_string(sum)});
    const Rows ids = db.query("SELECT id FROM big");
    CHECK(ids.size() == expected.size());
    CHECK(std::equal(
        ids.begin(), ids.end(), expected.begin(),
        [](const std::string& a, const auto& b) { return a == std::to_string(b.first); }));
    for (int i = 0; i < 20; ++i) {
      const int low = static_cast<int>(random() % 30'000),
                high = low + static_cast<int>(random() % 12'000);
      const auto count = std::distance(expected.lower_bound(low), expected.upper_bound(high));
      CHECK(db.query("SELECT count(*) FROM big WHERE id >= " + std::to_string(low) +
                     " AND id <= " + std::to_string(high)) == Rows{std::to_string(count)});
    }
    CHECK(db.query("SELECT id FROM big LIMIT 3").size() == 3);
  };
  check();
  std::vector<std::vector<type::Value>> more;
  for (int i = 0; i < 300; ++i) {
    const int id = static_cast<int>(random() % 40'000) | 1;
    if (!expected.emplace(id, 1).second) continue;
    more.push_back({i4(id), i4(1), null_txt()});
  }
  db.insert("big", more);
  check();
  db.threads = 1;
  check();
}

TEST_CASE(
    "random small tables: joins, groups and sorts equal a naive evaluation, with every rule on and "
    "off") {
  const Rows rules = {"",          "predicate_pushdown", "join_order",
                      "point_get", "key_range",          "count_from_statistics",
                      "key_order", "limit_pushdown",     "column_pruning"};
  std::mt19937 random(11);
  for (int round = 0; round < 4; ++round) {
    QueryFixture db;
    db.create("CREATE TABLE a (id int PRIMARY KEY, x int, y text)");
    db.create("CREATE TABLE b (id int PRIMARY KEY, x int, z int)");
    struct A {
      int id;
      std::optional<int> x;
      std::string y;
    };
    std::vector<A> a, b;
    const auto fill = [&](const char* table, std::vector<A>& list, bool text) {
      for (int id = 0; id < 40; ++id) {
        A row{id,
              random() % 5 == 0 ? std::nullopt : std::optional<int>(static_cast<int>(random() % 8)),
              std::to_string(random() % 3)};
        list.push_back(row);
        db.insert(table, {{i4(id), row.x ? i4(*row.x) : null_i4(),
                           text ? txt(row.y) : i4(std::stoi(row.y))}});
      }
    };
    fill("a", a, true);
    fill("b", b, false);
    if (round % 2 == 1) db.commit();
    const auto text = [](const std::optional<int>& x) { return x ? std::to_string(*x) : "null"; };
    Rows inner, left, cross;
    for (const A& r : a) {
      bool any = false;
      for (const A& s : b) {
        if (r.id < s.id && s.id < 5)
          cross.push_back(std::to_string(r.id) + "|" + std::to_string(s.id));
        if (!r.x || !s.x || *r.x != *s.x) continue;
        inner.push_back(std::to_string(r.id) + "|" + std::to_string(s.id) + "|" + text(r.x));
        if (std::stoi(s.y) > 0) {
          left.push_back(std::to_string(r.id) + "|" + std::to_string(s.id));
          any = true;
        }
      }
      if (!any) left.push_back(std::to_string(r.id) + "|null");
    }
    std::map<std::string, std::pair<int, int>> groups;
    for (const A& r : a) {
      auto& [n, sum] = groups[text(r.x) + "|" + r.y];
      ++n;
      sum += r.id;
    }
    Rows grouped;
    for (const auto& [key, value] : groups)
      grouped.push_back(key + "|" + std::to_string(value.first) + "|" +
                        std::to_string(value.second));
    for (Rows* rows : {&inner, &left, &cross, &grouped}) std::sort(rows->begin(), rows->end());
    for (const std::string& rule : rules) {
      CAPTURE(rule);
      db.disabled = {rule};
      CHECK(db.sorted("SELECT a.id, b.id, a.x FROM a, b WHERE a.x = b.x") == inner);
      CHECK(db.sorted("SELECT a.id, b.id FROM a LEFT JOIN b ON a.x = b.x AND b.z > 0") == left);
      CHECK(db.sorted("SELECT a.id, b.id FROM a JOIN b ON a.id < b.id WHERE b.id < 5") == cross);
      CHECK(db.sorted("SELECT x, y, count(*), sum(id) FROM a GROUP BY x, y") == grouped);
      CHECK(db.query("SELECT id FROM a ORDER BY x NULLS FIRST, y DESC, id LIMIT 7") ==
            db.query(
                "SELECT id FROM (SELECT * FROM a ORDER BY x NULLS FIRST, y DESC, id) q LIMIT 7"));
      CHECK(db.query("SELECT id FROM a WHERE id = 7") == Rows{"7"});
      CHECK(db.query("SELECT count(*) FROM a") == Rows{"40"});
    }
  }
}
