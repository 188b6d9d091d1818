// Arguments by name: f(a, n => b), in the places that the function has for them.
//
// Threads: any.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "expr/expr.h"
#include "sql/ast.h"

namespace rowan::expr {

struct BindContext;

struct ArgumentName {
  std::string_view name;
  // Its value, as a text, where it is left out and a later one is given; no data: it cannot be.
  std::string_view otherwise = {};
};

// "table, from=HEAD, to": the names, and behind `=` what stands for one that is left out.
std::vector<ArgumentName> argument_names(std::string_view list);

// For each place, up to the last one given: which argument of the call stands there, or what does for
// one that was left out.
struct PlacedArgument {
  std::optional<size_t> argument;
  std::string_view otherwise;
};
using PlacedArguments = std::vector<PlacedArgument>;

// Nothing: a name is not among them or its place is taken, or one of the first `required` is missing.
std::optional<PlacedArguments> place_arguments(std::span<const ArgumentName> names, size_t required,
                                               const sql::CallExpr& call);
// The bound arguments of the call in these places. kUndefinedFunction: they have none.
Result<std::vector<NodePtr>> in_places(const sql::CallExpr& call,
                                       const std::optional<PlacedArguments>& places,
                                       std::vector<NodePtr> arguments, BindContext& context);
// "function f(integer, n => text) does not exist"
Error no_such_function(const sql::CallExpr& call, std::span<const NodePtr> arguments);

}  // namespace rowan::expr
