// What the files of the scalar binder share. An inner part of binder.cc.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "expr/binder.h"
#include "expr/functions.h"

namespace rowan::expr {

using Nodes = std::vector<NodePtr>;

NodePtr make_node(NodeKind kind, type::Type type, uint32_t position);
NodePtr constant_at(type::Value value, uint32_t position);
std::vector<type::Type> types_of(const Nodes& nodes);
Result<Nodes> bind_all(const sql::List<sql::Expr*>& list, BindContext& context);
// All to one type; `what` is CASE, ARRAY and so on.
Result<void> coerce_common(Nodes& nodes, type::Type to, std::string_view what,
                           BindContext& context);
// To what a row asks for; values of that type keep their modifier.
Result<NodePtr> coerce_argument(NodePtr argument, type::Type to, BindContext& context);
Result<NodePtr> make_call(const ResolvedCall& call, Nodes arguments, uint32_t position,
                          BindContext& context);
// binder.cc: an operator by its name, and operands that stand in several places: nested ones
// multiply, so all copies together have a limit.
Result<NodePtr> bind_operator(std::string_view name, NodePtr left, NodePtr right, uint32_t position,
                              BindContext& context);
Result<NodePtr> copy(const Node& node, BindContext& context);

// functions/forms.cc: ARRAY[…] of a common type, or of the one that a cast around it wants.
Result<NodePtr> bind_array(const sql::CallExpr& call, std::optional<type::Type> element,
                           BindContext& context);

}  // namespace rowan::expr
