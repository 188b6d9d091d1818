// Proves: aggregates have PostgreSQL's types and results, pass NULLs over, are exact beyond 64
// bits, merge and are distinct.
#include <doctest/doctest.h>

#include "expr/functions.h"
#include "expr_testing.h"

namespace rowan::expr {
namespace {

using type::Column;
using type::ColumnBuilder;
using type::Type;
using type::TypeId;

Column column_of(Type type, std::initializer_list<const char*> texts) {
  ColumnBuilder builder(type);
  for (const char* text : texts) {
    if (text == nullptr) {
      builder.append_null();
    } else {
      builder.append(type::parse_text(type, text).value());
    }
  }
  return builder.finish();
}

AggregateSpec spec_of(std::string_view name, std::vector<Type> types, bool distinct = false) {
  return resolve_aggregate(name, types, false, distinct, 0).value();
}

std::string total(std::string_view name, const Column& column, bool distinct = false) {
  const auto spec = resolve_aggregate(name, std::vector<Type>{column.type}, false, distinct, 0);
  if (!spec.has_value()) return show(spec.error());
  auto state = AggregateState::make(*spec);
  state->resize(1);
  const auto added = state->add(std::span(&column, 1), nullptr, column.size);
  if (!added.has_value()) return show(added.error());
  const auto result = state->finish();
  if (!result.has_value()) return show(result.error());
  CHECK(result->type.id == spec->result.id);
  return show(result->value(0));
}

}  // namespace

TEST_CASE("sums and averages have PostgreSQL's types, scales and range") {
  const Column ints = column_of({TypeId::kInt4}, {"1", "2", nullptr, "4"});
  CHECK(total("sum", ints) == "7");
  CHECK(total("avg", ints) == "2.3333333333333333");
  CHECK(total("count", ints) == "3");
  CHECK(total("min", ints) == "1");
  CHECK(total("max", ints) == "4");
  const Column wide =
      column_of({TypeId::kInt8}, {"9223372036854775807", "9223372036854775807", "-5"});
  CHECK(total("sum", wide) == "18446744073709551609");
  CHECK(total("sum", column_of({TypeId::kNumeric}, {"1.50", "2.5", nullptr})) == "4.00");
  CHECK(total("avg", column_of({TypeId::kNumeric}, {"1.50", "2.5"})) == "2.0000000000000000");
  CHECK(total("sum", column_of({TypeId::kFloat8}, {"0.1", "0.2"})) == "0.30000000000000004");
  CHECK(total("sum", column_of({TypeId::kFloat8}, {"1e308", "1e308"})) ==
        "ERROR 22003: value out of range: overflow");
  CHECK(total("sum", column_of({TypeId::kFloat8}, {"Infinity", "1"})) == "Infinity");
  CHECK(total("max", column_of({TypeId::kFloat8}, {"1", "NaN", "Infinity"})) == "NaN");
  CHECK(total("min", column_of({TypeId::kNumeric}, {"10", "9.5"})) == "9.5");
  CHECK(total("max", column_of({TypeId::kText}, {"a", "c", nullptr, "b"})) == "c");
  CHECK(total("bool_and", column_of({TypeId::kBool}, {"t", "f", nullptr})) == "f");
  CHECK(total("bool_or", column_of({TypeId::kBool}, {"t", "f"})) == "t");
}

TEST_CASE("nothing but NULLs gives NULL, and counts give 0") {
  const Column nulls = column_of({TypeId::kInt8}, {nullptr, nullptr});
  CHECK(total("sum", nulls) == "NULL");
  CHECK(total("avg", nulls) == "NULL");
  CHECK(total("max", nulls) == "NULL");
  CHECK(total("count", nulls) == "0");
}

TEST_CASE("DISTINCT compares by value") {
  CHECK(total("count", column_of({TypeId::kNumeric}, {"1.0", "1.00", "2"}), true) == "2");
  CHECK(total("sum", column_of({TypeId::kInt4}, {"3", "3", "4", nullptr}), true) == "7");
  CHECK(total("count", column_of({TypeId::kFloat8}, {"0", "-0", "NaN", "NaN"}), true) == "2");
}

TEST_CASE("groups and merged states") {
  const Column column = column_of({TypeId::kInt4}, {"1", "2", "3", nullptr});
  const uint32_t groups[] = {0, 1, 0, 1};
  const auto spec = spec_of("sum", {column.type});
  auto a = AggregateState::make(spec);
  a->resize(2);
  REQUIRE(a->add(std::span(&column, 1), groups, 4).has_value());
  auto b = AggregateState::make(spec);
  b->resize(2);
  REQUIRE(b->add(std::span(&column, 1), groups, 4).has_value());
  const uint32_t map[] = {1, 0};
  REQUIRE(a->merge(*b, map).has_value());
  const Column result = a->finish().value();
  CHECK(show(result.value(0)) == "6");
  CHECK(show(result.value(1)) == "6");
}

TEST_CASE("string_agg puts delimiters between rows and between merged states") {
  const Column columns[] = {column_of({TypeId::kText}, {"a", nullptr, "b"}),
                            Column::of_constant(type::Value::of_string({TypeId::kText}, ", "), 3)};
  auto a = AggregateState::make(spec_of("string_agg", {{TypeId::kText}, {TypeId::kUnknown}}));
  a->resize(1);
  REQUIRE(a->add(columns, nullptr, 3).has_value());
  auto b = AggregateState::make(spec_of("string_agg", {{TypeId::kText}, {TypeId::kUnknown}}));
  b->resize(1);
  REQUIRE(b->add(columns, nullptr, 3).has_value());
  const uint32_t map[] = {0};
  REQUIRE(a->merge(*b, map).has_value());
  CHECK(show(a->finish().value().value(0)) == "a, b, a, b");
}

TEST_CASE("aggregates refuse types they do not take") {
  const Type text{TypeId::kText};
  CHECK(show(resolve_aggregate("sum", std::vector<Type>{text}, false, false, 0).error()) ==
        "ERROR 42883: function sum(text) does not exist");
  CHECK(
      show(resolve_aggregate("min", std::vector<Type>{{TypeId::kBool}}, false, false, 0).error()) ==
      "ERROR 42883: function min(boolean) does not exist");
  CHECK(counts_rows(*resolve_aggregate("count", {}, true, false, 0)));
}

}  // namespace rowan::expr
