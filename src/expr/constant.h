// Values that stand in a statement where there are no rows: LIMIT of SHOW LOG, KEY, arguments of EXECUTE.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "expr/binder.h"
#include "type/value.h"

namespace rowan::expr {

// No columns: only constants, functions and parameters. `clause`: where it stands, for messages; it
// outlives the scope.
class NoColumns final : public Scope {
 public:
  explicit NoColumns(std::string_view clause) : clause_(clause) {}
  Result<NodePtr> resolve_column(const sql::ColumnExpr& column) override;
  std::string_view clause() const override { return clause_; }

 private:
  const std::string_view clause_;
};

// With the parameters as they are given. Nothing: one of them has no value yet. kUndefinedParameter:
// none are given. Requires: the node has no columns.
Result<std::optional<type::Value>> evaluate_given(const Node& node, const EvalContext& eval);

bool has_parameter(const Node& node);

// The value, cast to `wanted` as an assignment; of kUnknown: of its own type, else text. Nothing: a
// parameter of it has no value yet.
Result<std::optional<type::Value>> constant_value(const sql::Expr& expr, type::Type wanted,
                                                  std::string_view clause, const EvalContext& eval);

}  // namespace rowan::expr
