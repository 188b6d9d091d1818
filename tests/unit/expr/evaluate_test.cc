// Proves: batches of many rows give what single rows give, NULLs included; filters find the rows
// where a condition is true; later operands run only for rows that need them.
#include <doctest/doctest.h>

#include "expr_testing.h"

namespace rowan::expr {
namespace {

using type::Batch;
using type::Column;
using type::ColumnBuilder;
using type::TypeId;

// i: 0..n-1 with every seventh NULL; d: i / 4.0; s: "r<i mod 10>", every fifth NULL; n: i as
// numeric with two digits.
struct Fixture {
  TestScope scope;
  ParameterTypes parameters;
  Batch batch;

  explicit Fixture(size_t rows) {
    scope.column("i", {TypeId::kInt4})
        .column("d", {TypeId::kFloat8})
        .column("s", {TypeId::kText})
        .column("n", {TypeId::kNumeric});
    ColumnBuilder i({TypeId::kInt4}), d({TypeId::kFloat8}), s({TypeId::kText}),
        n({TypeId::kNumeric});
    for (size_t row = 0; row < rows; ++row) {
      if (row % 7 == 3) {
        i.append_null();
      } else {
        i.append_int(static_cast<int64_t>(row));
      }
      d.append_double(static_cast<double>(row) / 4);
      if (row % 5 == 4) {
        s.append_null();
      } else {
        s.append_string("r" + std::to_string(row % 10));
      }
      n.append_string(std::to_string(row) + ".50");
    }
    batch.rows = rows;
    for (ColumnBuilder* builder : {&i, &d, &s, &n}) batch.columns.push_back(builder->finish());
  }
};

const char* const kExpressions[] = {
    "i + 1",
    "i * 2 - i",
    "-i",
    "i / 3",
    "i % 4",
    "i + d",
    "d * 2 > i",
    "i = 5",
    "i <> 5",
    "5 < i",
    "i < d",
    "n + i",
    "n > 20",
    "s || i",
    "upper(s)",
    "substr(s, 2)",
    "length(s)",
    "s = 'r3'",
    "s LIKE '%3'",
    "s IN ('r1', 'r2', 'r3', 'r5', 'r6')",
    "i IN (1, 2, i)",
    "i NOT IN (1, 2, NULL)",
    "i IS NULL",
    "s IS NOT NULL",
    "i > 3 AND s = 'r5'",
    "i > 3 OR s = 'r5'",
    "NOT (i > 3)",
    "(i > 3) IS TRUE",
    "(i > 3) IS NOT FALSE",
    "i IS DISTINCT FROM 4",
    "CASE WHEN i < 5 THEN 'low' WHEN i < 10 THEN s ELSE 'high' END",
    "CASE WHEN i < 5 THEN i END",
    "coalesce(i, -1)",
    "coalesce(s, 'none')",
    "nullif(i, 4)",
    "greatest(i, 6)",
    "least(s, 'r4')",
    "i BETWEEN 3 AND 8",
    "i::text",
    "i::float8",
    "d::int",
    "n::int",
    "concat(s, i)",
    "CASE WHEN i <> 0 THEN 10 / i END",
    "i <> 0 AND 10 / i > 1",
    "i = 0 OR i IS NULL OR 10 / i > 1",
    "round(n, 1)",
    "s ILIKE 'R_'",
    "5",
    "NULL::int + i",
};

}  // namespace

TEST_CASE("a batch gives what its rows give one by one") {
  constexpr size_t kRows = 64;
  Fixture fixture(kRows);
  for (const char* text : kExpressions) {
    const std::string expression = text;
    CAPTURE(expression);
    auto node = bind_text(text, fixture.scope, fixture.parameters);
    REQUIRE(node.has_value());
    const auto whole = evaluate(**node, fixture.batch, {});
    REQUIRE(whole.has_value());
    REQUIRE(whole->size == kRows);
    std::vector<uint32_t> expected;
    for (size_t row = 0; row < kRows; ++row) {
      const auto single = evaluate(**node, fixture.batch.slice(row, 1), {});
      REQUIRE(single.has_value());
      const type::Value value = single->value(0);
      CHECK(show(whole->value(row)) == show(value));
      if ((*node)->type.id == TypeId::kBool && !value.is_null() && value.as_int() != 0)
        expected.push_back(static_cast<uint32_t>(row));
    }
    if ((*node)->type.id != TypeId::kBool) continue;
    std::vector<uint32_t> rows;
    REQUIRE(evaluate_filter(**node, fixture.batch, {}, rows).has_value());
    CHECK(rows == expected);
  }
}

TEST_CASE("data under a NULL is zero") {
  Fixture fixture(16);
  auto node = bind_text("i + 5", fixture.scope, fixture.parameters).value();
  const Column column = evaluate(*node, fixture.batch, {}).value();
  CHECK(column.is_null(3));
  CHECK(column.ints()[3] == 0);
}

TEST_CASE("a row that is NULL raises no error") {
  Fixture fixture(8);
  auto node =
      bind_text("CASE WHEN i IS NULL THEN i END / 0", fixture.scope, fixture.parameters).value();
  const Column column = evaluate(*node, fixture.batch, {}).value();
  for (size_t row = 0; row < 8; ++row) CHECK(column.is_null(row));
}

TEST_CASE("parameters, cancellation and empty batches") {
  Fixture fixture(4);
  auto node = bind_text("i + $1", fixture.scope, fixture.parameters).value();
  const std::vector<type::Value> values = {type::Value::of_int({TypeId::kInt4}, 10)};
  EvalContext context;
  context.parameters = &values;
  CHECK(show(evaluate(*node, fixture.batch, context)->value(2)) == "12");
  CHECK(show(evaluate(*node, fixture.batch, {}).error()) ==
        "ERROR 42P02: there is no parameter $1");
  const std::atomic<bool> cancelled{true};
  context.cancelled = &cancelled;
  CHECK(show(evaluate(*node, fixture.batch, context).error()) ==
        "ERROR 57014: canceling statement due to user request");
  auto failing = bind_text("1 / 0", fixture.scope, fixture.parameters).value();
  CHECK(evaluate(*failing, fixture.batch.slice(0, 0), {})->size == 0);
}

TEST_CASE("equal, clone, columns") {
  Fixture fixture(4);
  auto a = bind_text("i + 1 > d", fixture.scope, fixture.parameters).value();
  CHECK(equal(*a, *a->clone()));
  auto b = bind_text("i + 2 > d", fixture.scope, fixture.parameters).value();
  CHECK_FALSE(equal(*a, *b));
  std::vector<uint32_t> columns;
  collect_columns(*a, columns);
  CHECK(columns == std::vector<uint32_t>{0, 1});
  remap_columns(*a, {1, 0});
  columns.clear();
  collect_columns(*a, columns);
  CHECK(columns == std::vector<uint32_t>{0, 1});
}

}  // namespace rowan::expr
