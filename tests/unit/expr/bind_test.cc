// Proves: parameters take the type their place asks for, conditions are boolean, output columns
// have PostgreSQL's names.
#include <doctest/doctest.h>

#include "base/limits.h"
#include "expr_testing.h"

namespace rowan::expr {
namespace {

using type::TypeId;

TestScope table() {
  TestScope scope;
  scope.column("id", {TypeId::kInt8})
      .column("name", {TypeId::kVarchar, 20})
      .column("price", type::Type::numeric(10, 2))
      .column("day", {TypeId::kDate});
  return scope;
}

TypeId parameter_type(std::string_view text) {
  TestScope scope = table();
  ParameterTypes parameters;
  const auto node = bind_text(text, scope, parameters);
  REQUIRE_MESSAGE(node.has_value(), std::string(text));
  REQUIRE(parameters.types.size() == 1);
  return parameters.types[0].id;
}

std::string condition_error(std::string_view text) {
  TestScope scope = table();
  ParameterTypes parameters;
  const auto node = bind_text(text, scope, parameters, true);
  return node.has_value() ? "fine" : show(node.error());
}

std::string name_of(std::string_view text) {
  const auto parsed = sql::parse_expression(text);
  REQUIRE(parsed.has_value());
  return std::string(output_name(*parsed->expr));
}

std::string printed(std::string_view text) {
  TestScope scope = table();
  ParameterTypes parameters;
  auto node = bind_text(text, scope, parameters);
  REQUIRE(node.has_value());
  REQUIRE(fold_constants(*node, EvalContext{}).has_value());
  return to_string(**node, scope.names());
}

}  // namespace

TEST_CASE("a parameter takes the other side's type, text at last") {
  CHECK(parameter_type("id = $1") == TypeId::kInt8);
  CHECK(parameter_type("$1 < price") == TypeId::kNumeric);
  CHECK(parameter_type("day - $1") == TypeId::kDate);
  CHECK(parameter_type("id + $1") == TypeId::kInt8);
  CHECK(parameter_type("name LIKE $1") == TypeId::kText);
  CHECK(parameter_type("id IN (1, $1)") == TypeId::kInt8);
  CHECK(parameter_type("id BETWEEN $1 AND 5") == TypeId::kInt8);
  CHECK(parameter_type("coalesce($1, day)") == TypeId::kDate);
  CHECK(parameter_type("$1::int") == TypeId::kInt4);
  CHECK(parameter_type("NOT $1") == TypeId::kBool);
  CHECK(parameter_type("$1 IS NULL") == TypeId::kText);
  CHECK(parameter_type("$1") == TypeId::kText);
}

TEST_CASE("a condition is boolean") {
  CHECK(condition_error("id = 1") == "fine");
  CHECK(condition_error("id") ==
        "ERROR 42804: argument of WHERE must be type boolean, not type bigint");
  CHECK(condition_error("'x'") == "ERROR 22P02: invalid input syntax for type boolean: \"x\"");
  CHECK(condition_error("nosuch = 1") == "ERROR 42703: column \"nosuch\" does not exist");
  CHECK(condition_error("count(id) > 1") ==
        "ERROR 42803: aggregate functions are not allowed in WHERE");
  CHECK(condition_error("name ~ 'x'") == "fine");
}

TEST_CASE("errors point at their place") {
  TestScope scope = table();
  ParameterTypes parameters;
  CHECK(bind_text("id = 'x'", scope, parameters).error().position() == 6);
  CHECK(bind_text("id = lower(5)", scope, parameters).error().position() == 6);
}

TEST_CASE("output columns are named as PostgreSQL names them") {
  CHECK(name_of("1 + 1") == "?column?");
  CHECK(name_of("id") == "id");
  CHECK(name_of("lower(name)") == "lower");
  CHECK(name_of("id::text") == "id");
  CHECK(name_of("'1'::int") == "int4");
  CHECK(name_of("CASE WHEN true THEN 1 END") == "case");
  CHECK(name_of("CASE WHEN true THEN 1 ELSE id END") == "id");
  CHECK(name_of("coalesce(id, 1)") == "coalesce");
  CHECK(name_of("true") == "bool");
}

TEST_CASE("constants fold, what varies stays, what fails is an error") {
  CHECK(printed("id + (1 + 2)") == "(id + 3)");
  CHECK(printed("now()") == "now()");
  CHECK(printed("name = 'a' || 'b'") == "(name = 'ab'::text)");
  CHECK(printed("name LIKE 'a%'") == "(name LIKE 'a%'::text)");
  TestScope scope = table();
  ParameterTypes parameters;
  auto fails = bind_text("id + 1 / 0", scope, parameters);
  REQUIRE(fails.has_value());
  const auto folded = fold_constants(*fails, EvalContext{});
  REQUIRE_FALSE(folded.has_value());
  CHECK(folded.error().code() == ErrorCode::kDivisionByZero);
}

TEST_CASE("long chains are fine, deep nesting is refused") {
  std::string chain = "id = 1";
  for (int i = 0; i < 300; ++i) chain += " OR id = 1";
  CHECK(condition_error(chain) == "fine");
  sql::LiteralExpr leaf{};
  leaf.kind = sql::ExprKind::kLiteral;
  std::vector<sql::IsNullExpr> levels(kExpressionDepthMax + 1);
  sql::Expr* inner = &leaf;
  for (auto& level : levels) {
    level.kind = sql::ExprKind::kIsNull;
    level.operand = inner;
    inner = &level;
  }
  TestScope scope;
  ParameterTypes parameters;
  BindContext context{scope, parameters, {}};
  CHECK(show(bind(*inner, context).error()) == "ERROR 54001: stack depth limit exceeded");
}

}  // namespace rowan::expr
