#include "expr/binder_parts.h"

#include "expr/resolve.h"

namespace rowan::expr {

using type::CastContext;
using type::Type;
using type::TypeId;
using type::Value;

NodePtr make_node(NodeKind kind, Type type, uint32_t position) {
  auto node = std::make_unique<Node>();
  node->kind = kind;
  node->type = type;
  node->position = position;
  return node;
}

NodePtr constant_at(Value value, uint32_t position) {
  NodePtr node = make_constant(std::move(value));
  node->position = position;
  return node;
}

std::vector<Type> types_of(const Nodes& nodes) {
  std::vector<Type> types;
  types.reserve(nodes.size());
  for (const NodePtr& node : nodes) types.push_back(node->type);
  return types;
}

Result<Nodes> bind_all(const sql::List<sql::Expr*>& list, BindContext& context) {
  Nodes nodes;
  nodes.reserve(list.size());
  for (const sql::Expr* item : list) {
    TRY_ASSIGN(NodePtr node, bind(*item, context));
    nodes.push_back(std::move(node));
  }
  return nodes;
}

Result<void> coerce_common(Nodes& nodes, Type to, std::string_view what, BindContext& context) {
  for (NodePtr& node : nodes) {
    if (!can_coerce(node->type.id, to.id)) {
      return Error(ErrorCode::kCannotCoerce, std::string(what) + " could not convert type " +
                                                 plain_name(node->type.id) + " to " + plain_name(to.id))
          .at(node->position);
    }
    TRY_ASSIGN(node, coerce(std::move(node), to, CastContext::kImplicit, context));
  }
  return {};
}

Result<NodePtr> coerce_argument(NodePtr argument, Type to, BindContext& context) {
  if (argument->type.id == to.id) return argument;  // Whatever its modifier.
  return coerce(std::move(argument), to, CastContext::kImplicit, context);
}

Result<NodePtr> make_call(const ResolvedCall& call, Nodes arguments, uint32_t position,
                          BindContext& context) {
  if (call.function->kind() == FunctionKind::kWindow) return needs_over(*call.function, position);
  if (call.function->kind() == FunctionKind::kSet) {
    return Error(ErrorCode::kFeatureNotSupported,
                 "set-returning functions are not allowed in " +
                     std::string(context.scope.clause()))
        .at(position);
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    TRY_ASSIGN(arguments[i], coerce_argument(std::move(arguments[i]), call.arguments[i], context));
  }
  NodePtr node = make_node(NodeKind::kCall, call.result, position);
  node->function = call.function;
  node->children = std::move(arguments);
  return node;
}

}  // namespace rowan::expr
