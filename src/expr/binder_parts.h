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
Result<NodePtr> make_call(const Function* function, Nodes arguments, uint32_t position,
                          BindContext& context);

// ---- Arrays (array_binder.cc) ----

// ARRAY[…] of a common type, or of the one that a cast around it wants.
Result<NodePtr> bind_array(const sql::CallExpr& call, std::optional<type::Type> element,
                           BindContext& context);
Result<NodePtr> bind_subscript(const sql::CallExpr& call, BindContext& context);
Result<NodePtr> bind_quantified(const sql::CallExpr& call, BindContext& context);

}  // namespace rowan::expr
