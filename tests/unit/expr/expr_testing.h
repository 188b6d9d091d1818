// What the tests of this room share: SQL text to a value, over columns given by hand.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "expr/binder.h"
#include "expr/expr.h"
#include "sql/parser.h"
#include "type/text.h"

namespace rowan::expr {

// Columns by name.
class TestScope : public Scope {
 public:
  TestScope& column(std::string name, type::Type type) {
    names_.push_back(std::move(name));
    types_.push_back(type);
    return *this;
  }
  Result<NodePtr> resolve_column(const sql::ColumnExpr& column) override {
    for (size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] == column.column) return make_column(static_cast<uint32_t>(i), types_[i]);
    }
    return Error(ErrorCode::kUndefinedColumn,
                 "column \"" + std::string(column.column) + "\" does not exist")
        .at(column.position);
  }
  std::string_view clause() const override { return "WHERE"; }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  std::vector<type::Type> types_;
};

inline Result<NodePtr> bind_text(std::string_view text, Scope& scope, ParameterTypes& parameters,
                                 bool condition = false) {
  TRY_ASSIGN(const sql::ParsedExpression parsed, sql::parse_expression(text));
  BindContext context{scope, parameters, {}};
  if (condition) return bind_condition(*parsed.expr, context);
  TRY_ASSIGN(NodePtr node, bind(*parsed.expr, context));
  if (node->type.id == type::TypeId::kUnknown)
    return coerce(std::move(node), {type::TypeId::kText}, type::CastContext::kImplicit, context);
  return node;
}

inline std::string show(const Error& error) {
  return "ERROR " + std::string(sqlstate(error.code())) + ": " + error.message();
}
inline std::string show(const type::Value& value) {
  return value.is_null() ? "NULL" : type::to_text(value);
}

// The output text of an expression without columns, "NULL", or "ERROR <sqlstate>: <message>".
inline std::string run(std::string_view text) {
  TestScope scope;
  ParameterTypes parameters;
  const auto node = bind_text(text, scope, parameters);
  if (!node.has_value()) return show(node.error());
  const auto value = evaluate_constant(**node, EvalContext{});
  return value.has_value() ? show(*value) : show(value.error());
}

}  // namespace rowan::expr
