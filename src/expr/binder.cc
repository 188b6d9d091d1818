// The scalar binder.
#include "expr/binder.h"

#include <algorithm>
#include <charconv>

#include "base/deep_stack.h"
#include "base/limits.h"
#include "expr/array_forms.h"
#include "expr/binder_parts.h"
#include "expr/catalog_casts.h"
#include "expr/compare.h"
#include "expr/families.h"
#include "expr/named_arguments.h"
#include "expr/resolve.h"
#include "type/numeric.h"
#include "type/text.h"
#include "type/type_info.h"

namespace rowan::expr {

using sql::ExprKind;
using type::CastContext;
using type::Type;
using type::TypeId;
using type::Value;

Result<NodePtr> Scope::resolve_aggregate(const sql::CallExpr& call) {
  return Error(ErrorCode::kGrouping,
               "aggregate functions are not allowed in " + std::string(clause()))
      .at(call.position);
}

Result<NodePtr> Scope::resolve_subquery(const sql::SubqueryExpr& subquery) {
  return Error(ErrorCode::kFeatureNotSupported,
               "subqueries are not supported in " + std::string(clause()))
      .at(subquery.position);
}

namespace {

bool is_unknown_literal(const Node& node) {
  return node.kind == NodeKind::kConstant && node.type.id == TypeId::kUnknown;
}
bool is_unknown_parameter(const Node& node) {
  return node.kind == NodeKind::kParameter && node.type.id == TypeId::kUnknown;
}

std::string plain_name(Type type) { return expr::plain_name(type.id); }

NodePtr make_not(NodePtr operand) {
  NodePtr node = make_node(NodeKind::kNot, {TypeId::kBool}, operand->position);
  node->children.push_back(std::move(operand));
  return node;
}

size_t count_nodes(const Node& node) {
  size_t count = 1;
  for (const NodePtr& child : node.children) count += count_nodes(*child);
  return count;
}

}  // namespace

Result<NodePtr> copy(const Node& node, BindContext& context) {
  context.copied_nodes += count_nodes(node);
  if (context.copied_nodes > kCopiedNodesMax) {
    return Error(ErrorCode::kStatementTooComplex, "the expression is too complex")
        .with_hint(
            "NULLIF, BETWEEN, IN and CASE repeat their operand; nested in one another they grow "
            "too large.")
        .at(node.position);
  }
  return node.clone();
}

namespace {

// ---- Coercion ----

Error positioned(Error error, uint32_t position) {
  return error.position() != 0 ? error : std::move(error).at(position);
}

Result<NodePtr> cast_constant(const Value& from, Type to, CastContext context, uint32_t position) {
  auto value = type::cast(from, to, context);
  if (!value.has_value()) return std::move(value).error();
  return constant_at(std::move(value).value(), position);
}

NodePtr make_cast(NodePtr node, Type to, CastContext context);

// 'now' and 'today' are read when the statement runs.
Result<NodePtr> read_later(NodePtr node, Type to, bool is_stored) {
  const std::string& text = node->constant.as_string();
  if (is_stored) {
    return Error(ErrorCode::kFeatureNotSupported,
                 "a definition may not hold \"" + text + "\", which PostgreSQL reads once")
        .with_hint("Write the value, or a function such as current_date.")
        .at(node->position);
  }
  return make_cast(constant_at(Value::of_string({TypeId::kText}, text), node->position), to,
                   CastContext::kExplicit);
}

Result<NodePtr> coerce_literal(NodePtr node, Type to, CastContext context, bool is_stored) {
  if (node->constant.is_null()) return constant_at(Value::null(to), node->position);
  if (to.id == TypeId::kChar) {  // Read as it stands: whether its blanks stay is the cast's business.
    return cast_constant(Value::of_string({TypeId::kChar}, node->constant.as_string()), to, context,
                         node->position);
  }
  // As PostgreSQL: read without the modifier, then fitted to it by the rules of the cast's context.
  const bool guided = type::type_info(to.id).modifier_guides_text;
  auto value = type::parse_text(guided ? to : Type{to.id}, node->constant.as_string());
  if (!value.has_value()) {
    if (type::is_datetime(to.id) && type::depends_on_now(to.id, node->constant.as_string()))
      return read_later(std::move(node), to, is_stored);
    return positioned(std::move(value).error(), node->position);
  }
  if (to.modifier != -1) return cast_constant(*value, to, context, node->position);
  return constant_at(std::move(value).value(), node->position);
}

NodePtr make_cast(NodePtr node, Type to, CastContext context) {
  if (node->kind == NodeKind::kConstant) {
    auto value = type::cast(node->constant, to, context);
    // A cast that fails is left to fail when it is run.
    if (value.has_value()) {
      NodePtr constant = constant_at(std::move(value).value(), node->position);
      constant->type = to;
      constant->constant_column.type = to;
      return constant;
    }
  }
  NodePtr cast = make_node(NodeKind::kCast, to, node->position);
  cast->cast_context = context;
  cast->children.push_back(std::move(node));
  return cast;
}

Result<NodePtr> coerce_parameter(NodePtr node, Type to, CastContext context,
                                 BindContext& bind_context) {
  Type& known = bind_context.parameters.types[node->column];
  if (known.id == TypeId::kUnknown) known = {to.id};
  node->type = known;
  return coerce(std::move(node), to, context, bind_context);
}

// Makes a node boolean; `what` is "WHERE", "AND", "CASE/WHEN".
Result<NodePtr> coerce_bool(NodePtr node, std::string_view what, BindContext& context) {
  if (node->type.id == TypeId::kBool) return node;
  if (node->type.id == TypeId::kUnknown)
    return coerce(std::move(node), {TypeId::kBool}, CastContext::kAssignment, context);
  return Error(ErrorCode::kDatatypeMismatch, "argument of " + std::string(what) +
                                                 " must be type boolean, not type " +
                                                 plain_name(node->type))
      .at(node->position);
}

// ---- Operators and functions ----

Result<NodePtr> bind_operator(std::string_view name, Nodes arguments, uint32_t position,
                              BindContext& context) {
  TRY_ASSIGN(const ResolvedCall call, resolve_function(name, types_of(arguments), true, position));
  if (type::is_array(call.arguments[0].id) && compare_op(name) != CompareOp::kNone)
    TRY(check_groupable({type::element_of(call.arguments[0].id)}, position));
  return make_call(call, std::move(arguments), position, context);
}

}  // namespace

Result<NodePtr> bind_operator(std::string_view name, NodePtr left, NodePtr right, uint32_t position,
                              BindContext& context) {
  Nodes arguments;
  arguments.push_back(std::move(left));
  arguments.push_back(std::move(right));
  return bind_operator(name, std::move(arguments), position, context);
}

namespace {

NodePtr make_list(NodeKind kind, Nodes children, uint32_t position) {
  if (children.size() == 1) return std::move(children[0]);
  NodePtr node = make_node(kind, {TypeId::kBool}, position);
  node->children = std::move(children);
  return node;
}

// ---- Literals, parameters ----

// As PostgreSQL, a minus in front of a number belongs to it: -2147483648 is an integer.
Result<NodePtr> bind_number(const sql::LiteralExpr& literal, bool negative, uint32_t position) {
  std::string text(negative ? 1 : 0, '-');
  text += literal.text;
  if (literal.literal == sql::LiteralKind::kInteger) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) {
      const bool small = value >= INT32_MIN && value <= INT32_MAX;
      return constant_at(Value::of_int({small ? TypeId::kInt4 : TypeId::kInt8}, value), position);
    }
  }
  auto numeric = type::numeric_parse(text);
  if (!numeric.has_value()) return positioned(std::move(numeric).error(), position);
  return constant_at(Value::of_string({TypeId::kNumeric}, std::move(numeric).value()), position);
}

Result<NodePtr> bind_literal(const sql::LiteralExpr& literal) {
  switch (literal.literal) {
    case sql::LiteralKind::kNull:
      return constant_at(Value(), literal.position);
    case sql::LiteralKind::kBool:
      return constant_at(Value::of_int({TypeId::kBool}, literal.boolean ? 1 : 0), literal.position);
    case sql::LiteralKind::kString:
      return constant_at(Value::of_string({TypeId::kUnknown}, std::string(literal.text)),
                         literal.position);
    default:
      return bind_number(literal, false, literal.position);
  }
}

Result<NodePtr> bind_parameter(const sql::ParameterExpr& parameter, BindContext& context) {
  if (parameter.number == 0 || parameter.number > kParametersMax) {
    return Error(ErrorCode::kUndefinedParameter,
                 "there is no parameter $" + std::to_string(parameter.number))
        .at(parameter.position);
  }
  auto& types = context.parameters.types;
  if (types.size() < parameter.number) types.resize(parameter.number);
  auto& uses = context.parameters.uses;
  if (uses.size() < types.size()) uses.resize(types.size());
  ++uses[parameter.number - 1];
  NodePtr node = make_node(NodeKind::kParameter, types[parameter.number - 1], parameter.position);
  node->column = parameter.number - 1;
  return node;
}

// ---- Unary, binary ----

// The number behind one or several minuses; nullptr when there is something else.
const sql::LiteralExpr* number_behind(const sql::UnaryExpr& unary, bool& negative) {
  const sql::Expr* expr = &unary;
  while (expr->kind == ExprKind::kUnary && static_cast<const sql::UnaryExpr*>(expr)->op == "-") {
    negative = !negative;
    expr = static_cast<const sql::UnaryExpr*>(expr)->operand;
  }
  if (expr->kind != ExprKind::kLiteral) return nullptr;
  const auto* literal = static_cast<const sql::LiteralExpr*>(expr);
  const bool number = literal->literal == sql::LiteralKind::kInteger ||
                      literal->literal == sql::LiteralKind::kDecimal;
  return number ? literal : nullptr;
}

Result<NodePtr> bind_unary(const sql::UnaryExpr& unary, BindContext& context) {
  bool negative = false;
  if (unary.op == "-") {
    if (const sql::LiteralExpr* literal = number_behind(unary, negative))
      return bind_number(*literal, negative, unary.position);
  }
  TRY_ASSIGN(NodePtr operand, bind(*unary.operand, context));
  if (unary.op == "not") {
    TRY_ASSIGN(operand, coerce_bool(std::move(operand), "NOT", context));
    return make_not(std::move(operand));
  }
  Nodes arguments;
  arguments.push_back(std::move(operand));
  return bind_operator(unary.op, std::move(arguments), unary.position, context);
}

// The operands of a chain of one operator, left to right. Without recursion: chains may be long.
std::vector<const sql::Expr*> operands_of(const sql::BinaryExpr& root) {
  std::vector<const sql::Expr*> stack = {&root};
  std::vector<const sql::Expr*> operands;
  while (!stack.empty()) {
    const sql::Expr* top = stack.back();
    stack.pop_back();
    const auto* binary =
        top->kind == ExprKind::kBinary ? static_cast<const sql::BinaryExpr*>(top) : nullptr;
    if (binary != nullptr && binary->op == root.op) {
      stack.push_back(binary->right);
      stack.push_back(binary->left);
    } else {
      operands.push_back(top);
    }
  }
  return operands;
}

Result<NodePtr> bind_and_or(const sql::BinaryExpr& binary, BindContext& context) {
  const bool conjunction = binary.op == "and";
  Nodes children;
  for (const sql::Expr* operand : operands_of(binary)) {
    TRY_ASSIGN(NodePtr child, bind(*operand, context));
    TRY_ASSIGN(child, coerce_bool(std::move(child), conjunction ? "AND" : "OR", context));
    children.push_back(std::move(child));
  }
  return make_list(conjunction ? NodeKind::kAnd : NodeKind::kOr, std::move(children),
                   binary.position);
}

// (a, b) < (c, d) is a < c OR a = c AND b < d: the first pair that differs decides, or a NULL in it.
Result<NodePtr> order_rows(const Nodes& left, const Nodes& right, std::string_view op,
                           uint32_t position, BindContext& context) {
  const std::string strict(op.substr(0, 1));
  NodePtr result;
  for (size_t i = left.size(); i-- > 0;) {
    const auto compare = [&](std::string_view name) -> Result<NodePtr> {
      TRY_ASSIGN(NodePtr a, copy(*left[i], context));
      TRY_ASSIGN(NodePtr b, copy(*right[i], context));
      return bind_operator(name, std::move(a), std::move(b), position, context);
    };
    if (result == nullptr) {
      TRY_ASSIGN(result, compare(op));
      continue;
    }
    TRY_ASSIGN(NodePtr differs, compare(strict));
    TRY_ASSIGN(NodePtr same, compare("="));
    Nodes both;
    both.push_back(std::move(same));
    both.push_back(std::move(result));
    Nodes either;
    either.push_back(std::move(differs));
    either.push_back(make_list(NodeKind::kAnd, std::move(both), position));
    result = make_list(NodeKind::kOr, std::move(either), position);
  }
  return result;
}

Result<NodePtr> bind_row_comparison(const Nodes& left, const sql::RowExpr& right,
                                    std::string_view op, uint32_t position, BindContext& context) {
  if (left.size() != right.items.size()) {
    return Error(ErrorCode::kSyntaxError, "unequal number of entries in row expressions")
        .at(position);
  }
  const bool orders = op == "<" || op == "<=" || op == ">" || op == ">=";
  if (orders && !left.empty()) {
    TRY_ASSIGN(const Nodes others, bind_all(right.items, context));
    return order_rows(left, others, op, position, context);
  }
  if ((op != "=" && op != "<>") || left.empty()) {
    return Error(ErrorCode::kFeatureNotSupported,
                 "row comparison with operator " + std::string(op) + " is not supported")
        .at(position);
  }
  Nodes pairs;
  for (size_t i = 0; i < left.size(); ++i) {
    TRY_ASSIGN(NodePtr a, copy(*left[i], context));
    TRY_ASSIGN(NodePtr b, bind(*right.items[i], context));
    TRY_ASSIGN(NodePtr pair, bind_operator(op, std::move(a), std::move(b), position, context));
    pairs.push_back(std::move(pair));
  }
  return make_list(op == "=" ? NodeKind::kAnd : NodeKind::kOr, std::move(pairs), position);
}

Result<NodePtr> bind_binary(const sql::BinaryExpr& binary, BindContext& context) {
  if (binary.op == "and" || binary.op == "or") return bind_and_or(binary, context);
  if (binary.left->kind == ExprKind::kRow && binary.right->kind == ExprKind::kRow) {
    TRY_ASSIGN(const Nodes left,
               bind_all(static_cast<const sql::RowExpr&>(*binary.left).items, context));
    return bind_row_comparison(left, static_cast<const sql::RowExpr&>(*binary.right), binary.op,
                               binary.position, context);
  }
  TRY_ASSIGN(NodePtr left, bind(*binary.left, context));
  TRY_ASSIGN(NodePtr right, bind(*binary.right, context));
  return bind_operator(binary.op, std::move(left), std::move(right), binary.position, context);
}

// ---- IS, BETWEEN, IN, LIKE ----

NodePtr make_is_null(NodePtr operand, bool negated, uint32_t position) {
  NodePtr node = make_node(NodeKind::kIsNull, {TypeId::kBool}, position);
  node->negated = negated;
  node->children.push_back(std::move(operand));
  return node;
}

// Parameters whose type nothing tells become text.
Result<NodePtr> settle(NodePtr node, BindContext& context) {
  if (node->type.id != TypeId::kUnknown) return node;
  return coerce(std::move(node), {TypeId::kText}, CastContext::kImplicit, context);
}

Result<NodePtr> bind_is_null(const sql::IsNullExpr& test, BindContext& context) {
  if (test.operand->kind == ExprKind::kRow) {  // All of its values are NULL, or none is.
    TRY_ASSIGN(Nodes items, bind_all(static_cast<const sql::RowExpr&>(*test.operand).items, context));
    if (items.empty())
      return constant_at(Value::of_int({TypeId::kBool}, 1), test.position);
    for (NodePtr& item : items) {
      TRY_ASSIGN(item, settle(std::move(item), context));
      item = make_is_null(std::move(item), test.negated, test.position);
    }
    return make_list(NodeKind::kAnd, std::move(items), test.position);
  }
  TRY_ASSIGN(NodePtr operand, bind(*test.operand, context));
  TRY_ASSIGN(operand, settle(std::move(operand), context));
  return make_is_null(std::move(operand), test.negated, test.position);
}

Result<NodePtr> bind_is_bool(const sql::IsBoolExpr& test, BindContext& context) {
  constexpr std::string_view kNames[] = {"IS TRUE",     "IS FALSE",     "IS UNKNOWN",
                                         "IS NOT TRUE", "IS NOT FALSE", "IS NOT UNKNOWN"};
  TRY_ASSIGN(NodePtr operand, bind(*test.operand, context));
  TRY_ASSIGN(operand, coerce_bool(std::move(operand),
                                  kNames[static_cast<size_t>(test.truth) + (test.negated ? 3 : 0)],
                                  context));
  NodePtr node = make_node(NodeKind::kIsBool, {TypeId::kBool}, test.position);
  node->truth = test.truth;
  node->negated = test.negated;
  node->children.push_back(std::move(operand));
  return node;
}

bool is_null_literal(const Node& node) {
  return is_unknown_literal(node) && node.constant.is_null();
}

Result<NodePtr> bind_is_distinct(const sql::IsDistinctExpr& test, BindContext& context) {
  TRY_ASSIGN(NodePtr left, bind(*test.left, context));
  TRY_ASSIGN(NodePtr right, bind(*test.right, context));
  if (is_null_literal(*left)) std::swap(left, right);
  if (is_null_literal(*right)) {
    TRY_ASSIGN(left, settle(std::move(left), context));
    return make_is_null(std::move(left), !test.negated, test.position);
  }
  const Type types[] = {left->type, right->type};
  TRY_ASSIGN(const ResolvedCall equality, resolve_function("=", types, true, test.position));
  TRY_ASSIGN(const ResolvedCall twin,
             resolve_function(kIsDistinctName, equality.arguments, false, test.position));
  Nodes arguments;
  arguments.push_back(std::move(left));
  arguments.push_back(std::move(right));
  TRY_ASSIGN(NodePtr node, make_call(twin, std::move(arguments), test.position, context));
  return test.negated ? make_not(std::move(node)) : std::move(node);
}

// low <= x AND x <= high; like PostgreSQL, x is evaluated for each comparison.
Result<NodePtr> bind_range(const Node& operand, const Node& low, const Node& high,
                           uint32_t position, BindContext& context) {
  Nodes both;
  TRY_ASSIGN(NodePtr first, copy(operand, context));
  TRY_ASSIGN(NodePtr second, copy(operand, context));
  TRY_ASSIGN(NodePtr lower, copy(low, context));
  TRY_ASSIGN(NodePtr upper, copy(high, context));
  TRY_ASSIGN(NodePtr above,
             bind_operator(">=", std::move(first), std::move(lower), position, context));
  both.push_back(std::move(above));
  TRY_ASSIGN(NodePtr below,
             bind_operator("<=", std::move(second), std::move(upper), position, context));
  both.push_back(std::move(below));
  return make_list(NodeKind::kAnd, std::move(both), position);
}

Result<NodePtr> bind_between(const sql::BetweenExpr& between, BindContext& context) {
  TRY_ASSIGN(const NodePtr operand, bind(*between.operand, context));
  TRY_ASSIGN(const NodePtr low, bind(*between.low, context));
  TRY_ASSIGN(const NodePtr high, bind(*between.high, context));
  TRY_ASSIGN(NodePtr node, bind_range(*operand, *low, *high, between.position, context));
  if (between.symmetric) {
    TRY_ASSIGN(NodePtr turned, bind_range(*operand, *high, *low, between.position, context));
    Nodes either;
    either.push_back(std::move(node));
    either.push_back(std::move(turned));
    node = make_list(NodeKind::kOr, std::move(either), between.position);
  }
  return between.negated ? make_not(std::move(node)) : std::move(node);
}

Result<NodePtr> bind_row_in(const sql::InExpr& in, BindContext& context) {
  TRY_ASSIGN(const Nodes operand,
             bind_all(static_cast<const sql::RowExpr&>(*in.operand).items, context));
  Nodes options;
  for (const sql::Expr* item : in.items) {
    if (item->kind != ExprKind::kRow) {
      return Error(ErrorCode::kSyntaxError, "unequal number of entries in row expressions")
          .at(item->position);
    }
    TRY_ASSIGN(NodePtr option, bind_row_comparison(operand, static_cast<const sql::RowExpr&>(*item),
                                                   "=", in.position, context));
    options.push_back(std::move(option));
  }
  NodePtr node = make_list(NodeKind::kOr, std::move(options), in.position);
  return in.negated ? make_not(std::move(node)) : std::move(node);
}

bool has_column(const Node& node) {
  return node.kind == NodeKind::kColumn ||
         std::any_of(node.children.begin(), node.children.end(),
                     [](const NodePtr& child) { return has_column(*child); });
}

Result<NodePtr> make_in_list(Nodes children, Type to, uint32_t position, BindContext& context) {
  const Type pair[] = {to, to};
  TRY(resolve_function("=", pair, true, position));
  TRY(coerce_common(children, to, "IN", context));
  NodePtr node = make_node(NodeKind::kIn, {TypeId::kBool}, position);
  node->children = std::move(children);
  prepare_set(*node);
  return node;
}

Result<NodePtr> bind_in(const sql::InExpr& in, BindContext& context) {
  if (in.operand->kind == ExprKind::kRow) return bind_row_in(in, context);
  Nodes children;
  TRY_ASSIGN(NodePtr operand, bind(*in.operand, context));
  children.push_back(std::move(operand));
  for (const sql::Expr* item : in.items) {
    TRY_ASSIGN(NodePtr bound, bind(*item, context));
    children.push_back(std::move(bound));
  }
  // As PostgreSQL: items without columns, when there are several that have one type with the operand,
  // are one list; every other item is compared for itself, and only where none before it was equal.
  std::vector<Type> list_types;
  for (const NodePtr& child : children) {
    if (child == children[0] || !has_column(*child)) list_types.push_back(child->type);
  }
  const auto common = common_type(list_types, "IN", in.position);
  bool is_list = list_types.size() > 2 && common.has_value();
  for (const Type& type : list_types) is_list = is_list && can_coerce(type.id, common->id);
  Nodes list;
  Nodes options;
  for (size_t i = 1; i < children.size(); ++i) {
    if (is_list && !has_column(*children[i])) {
      list.push_back(std::move(children[i]));
      continue;
    }
    TRY_ASSIGN(NodePtr operand, copy(*children[0], context));
    TRY_ASSIGN(NodePtr option, bind_operator(in.negated ? "<>" : "=", std::move(operand),
                                             std::move(children[i]), in.position, context));
    options.push_back(std::move(option));
  }
  if (is_list) {
    list.insert(list.begin(), std::move(children[0]));
    TRY_ASSIGN(NodePtr node, make_in_list(std::move(list), {common->id}, in.position, context));
    node->negated = in.negated;
    options.insert(options.begin(), std::move(node));
  }
  return make_list(in.negated ? NodeKind::kAnd : NodeKind::kOr, std::move(options), in.position);
}

// x SIMILAR TO y is x ~ similar_to_escape(y).
Result<NodePtr> bind_similar(const sql::LikeExpr& like, BindContext& context) {
  TRY_ASSIGN(NodePtr operand, bind(*like.operand, context));
  Nodes arguments;
  for (const sql::Expr* argument : {like.pattern, like.escape}) {
    if (argument == nullptr) continue;
    TRY_ASSIGN(NodePtr node, bind(*argument, context));
    arguments.push_back(std::move(node));
  }
  TRY_ASSIGN(const ResolvedCall call, resolve_function("similar_to_escape", types_of(arguments),
                                                       false, like.position));
  TRY_ASSIGN(NodePtr pattern, make_call(call, std::move(arguments), like.position, context));
  return bind_operator(like.negated ? "!~" : "~", std::move(operand), std::move(pattern),
                       like.position, context);
}

Result<NodePtr> bind_like(const sql::LikeExpr& like, BindContext& context) {
  if (like.like == sql::LikeKind::kSimilar) return bind_similar(like, context);
  const bool fold = like.like == sql::LikeKind::kIlike;
  const std::string_view name =
      fold ? (like.negated ? "!~~*" : "~~*") : (like.negated ? "!~~" : "~~");
  TRY_ASSIGN(NodePtr operand, bind(*like.operand, context));
  TRY_ASSIGN(NodePtr pattern, bind(*like.pattern, context));
  if (like.escape == nullptr)
    return bind_operator(name, std::move(operand), std::move(pattern), like.position, context);
  const Type pair[] = {operand->type, pattern->type};
  TRY_ASSIGN(const ResolvedCall plain, resolve_function(name, pair, true, like.position));
  TRY_ASSIGN(NodePtr escape, bind(*like.escape, context));
  const Type wanted[] = {plain.arguments[0], plain.arguments[1], {TypeId::kText}};
  TRY_ASSIGN(const ResolvedCall function, resolve_function(name, wanted, false, like.position));
  Nodes arguments;
  arguments.push_back(std::move(operand));
  arguments.push_back(std::move(pattern));
  arguments.push_back(std::move(escape));
  return make_call(function, std::move(arguments), like.position, context);
}

// ---- CASE, CAST ----

Result<NodePtr> bind_case(const sql::CaseExpr& expr, BindContext& context) {
  NodePtr operand;
  if (expr.operand != nullptr) {
    TRY_ASSIGN(operand, bind(*expr.operand, context));
    TRY_ASSIGN(operand, settle(std::move(operand), context));
  }
  Nodes conditions;
  Nodes results;
  for (const sql::CaseBranch& branch : expr.branches) {
    TRY_ASSIGN(NodePtr when, bind(*branch.when, context));
    if (operand != nullptr) {
      TRY_ASSIGN(NodePtr again, copy(*operand, context));
      TRY_ASSIGN(when, bind_operator("=", std::move(again), std::move(when), branch.when->position,
                                     context));
    } else {
      TRY_ASSIGN(when, coerce_bool(std::move(when), "CASE/WHEN", context));
    }
    conditions.push_back(std::move(when));
    TRY_ASSIGN(NodePtr then, bind(*branch.then, context));
    results.push_back(std::move(then));
  }
  // ELSE is read last, but comes first where PostgreSQL looks for the common type.
  if (expr.otherwise != nullptr) {
    TRY_ASSIGN(NodePtr otherwise, bind(*expr.otherwise, context));
    results.insert(results.begin(), std::move(otherwise));
  }
  TRY_ASSIGN(const Type common, common_type(types_of(results), "CASE", expr.position));
  TRY(coerce_common(results, common, "CASE", context));
  NodePtr node = make_node(NodeKind::kCase, common, expr.position);
  node->has_else = expr.otherwise != nullptr;
  for (size_t i = 0; i < conditions.size(); ++i) {
    node->children.push_back(std::move(conditions[i]));
    node->children.push_back(std::move(results[i + (node->has_else ? 1 : 0)]));
  }
  if (node->has_else) node->children.push_back(std::move(results[0]));
  return node;
}

Result<Type> resolve_type(const sql::TypeName& name) {
  auto type = type::type_from_name(name.name, name.modifiers.items, name.modifiers.size());
  if (type.has_value() && name.is_array) type = type::array_type(*type);
  if (!type.has_value()) return positioned(std::move(type).error(), name.position);
  return type;
}

// ---- Arrays ----

bool is_array_constructor(const sql::Expr& expr) {
  return expr.kind == ExprKind::kCall &&
         static_cast<const sql::CallExpr&>(expr).name == kArrayName;
}

Result<NodePtr> bind_cast(const sql::CastExpr& cast, BindContext& context) {
  if (const auto object = find_object_class(cast.type)) return bind_object_cast(cast, *object, context);
  TRY_ASSIGN(const Type to, resolve_type(cast.type));
  if (type::is_array(to.id) && is_array_constructor(*cast.operand)) {
    return bind_array(static_cast<const sql::CallExpr&>(*cast.operand),
                      Type{type::element_of(to.id), to.modifier}, context);
  }
  TRY_ASSIGN(NodePtr operand, bind(*cast.operand, context));
  if (type::is_text(to.id)) {
    TRY_ASSIGN(operand, object_as_text(std::move(operand), context));
  }
  return coerce(std::move(operand), to, CastContext::kExplicit, context);
}

// ---- Calls ----

// date('2024-01-01'), text(5): a type's name with one argument is a cast, when no function of that
// name fits.
Result<NodePtr> bind_cast_call(const sql::CallExpr& call, NodePtr argument, Error error,
                               BindContext& context) {
  const auto to = type::type_from_name(call.name, nullptr, 0);
  if (!to.has_value() || (argument->type.id != TypeId::kUnknown &&
                          !type::can_cast(argument->type.id, to->id, CastContext::kExplicit))) {
    return error;
  }
  return coerce(std::move(argument), *to, CastContext::kExplicit, context);
}

// The row of a special form; nullptr: the call is none.
const Function* find_form(const sql::CallExpr& call) {
  if (!call.schema.empty()) return nullptr;
  std::string_view name = call.name;
  if (name.ends_with(kAnyEnding)) name = kAnyEnding;  // x op ANY (array)
  if (name.ends_with(kAllEnding)) name = kAllEnding;
  for (const Function* function : functions_named(name)) {
    if (function->kind() == FunctionKind::kForm) return function;
  }
  return nullptr;
}

// What only aggregates may have.
Result<void> check_plain(const sql::CallExpr& call) {
  const auto not_aggregate = [&](std::string_view what) {
    return Error(ErrorCode::kWrongObjectType, std::string(what) + " specified, but " +
                                                  std::string(call.name) +
                                                  " is not an aggregate function")
        .at(call.position);
  };
  if (call.star) {
    TRY(resolve_function(call.name, {}, false, call.position));
    return not_aggregate(std::string(call.name) + "(*)");
  }
  if (call.distinct) return not_aggregate("DISTINCT");
  if (!call.order_by.empty()) return not_aggregate("ORDER BY");
  if (call.filter != nullptr) return not_aggregate("FILTER");
  return {};
}

// Of the first function of that name that has such arguments.
std::optional<PlacedArguments> places_of(std::string_view name, const sql::CallExpr& call) {
  for (const Function* function : functions_named(name)) {
    const size_t required = function->arguments.size() - function->traits.optional;
    const auto names = function->traits.names.first(
        std::min(function->traits.names.size(), function->arguments.size()));
    if (auto places = place_arguments(names, required, call)) return places;
  }
  return std::nullopt;
}

Result<NodePtr> bind_call(const sql::CallExpr& call, BindContext& context) {
  const std::string name(call.name);
  const bool own = call.schema.empty() || call.schema == "pg_catalog";
  const Function* form = find_form(call);
  const bool has_no_names = form != nullptr || (own && is_aggregate(call.name));
  if (!call.names.empty() && has_no_names) {
    TRY_ASSIGN(const Nodes arguments, bind_all(call.arguments, context));
    return no_such_function(call, arguments);
  }
  if (form != nullptr) return form->body.bind_form(call, context);
  if (own && is_aggregate(call.name)) return context.scope.resolve_aggregate(call);
  TRY(check_plain(call));
  TRY_ASSIGN(Nodes arguments, bind_all(call.arguments, context));
  if (!call.names.empty()) {
    const std::string known = call.schema == "rowan" ? "rowan." + name : own ? name : std::string();
    TRY_ASSIGN(arguments, in_places(call, places_of(known, call), std::move(arguments), context));
  }
  if (call.schema == "rowan") {
    TRY_ASSIGN(const ResolvedCall function,
               resolve_function("rowan." + name, types_of(arguments), false, call.position));
    return make_call(function, std::move(arguments), call.position, context);
  }
  if (!own)
    return no_such_function(std::string(call.schema) + "." + name, types_of(arguments),
                            call.position);
  auto function = resolve_function(call.name, types_of(arguments), false, call.position);
  if (!function.has_value()) {
    if (arguments.size() == 1)
      return bind_cast_call(call, std::move(arguments[0]), std::move(function).error(), context);
    return std::move(function).error();
  }
  return make_call(*function, std::move(arguments), call.position, context);
}

Result<NodePtr> bind_kind(const sql::Expr& expr, BindContext& context) {
  switch (expr.kind) {
    case ExprKind::kLiteral:
      return bind_literal(static_cast<const sql::LiteralExpr&>(expr));
    case ExprKind::kColumn:
      return context.scope.resolve_column(static_cast<const sql::ColumnExpr&>(expr));
    case ExprKind::kParameter:
      return bind_parameter(static_cast<const sql::ParameterExpr&>(expr), context);
    case ExprKind::kUnary:
      return bind_unary(static_cast<const sql::UnaryExpr&>(expr), context);
    case ExprKind::kBinary:
      return bind_binary(static_cast<const sql::BinaryExpr&>(expr), context);
    case ExprKind::kIsNull:
      return bind_is_null(static_cast<const sql::IsNullExpr&>(expr), context);
    case ExprKind::kIsBool:
      return bind_is_bool(static_cast<const sql::IsBoolExpr&>(expr), context);
    case ExprKind::kIsDistinct:
      return bind_is_distinct(static_cast<const sql::IsDistinctExpr&>(expr), context);
    case ExprKind::kBetween:
      return bind_between(static_cast<const sql::BetweenExpr&>(expr), context);
    case ExprKind::kIn:
      return bind_in(static_cast<const sql::InExpr&>(expr), context);
    case ExprKind::kLike:
      return bind_like(static_cast<const sql::LikeExpr&>(expr), context);
    case ExprKind::kCase:
      return bind_case(static_cast<const sql::CaseExpr&>(expr), context);
    case ExprKind::kCast:
      return bind_cast(static_cast<const sql::CastExpr&>(expr), context);
    case ExprKind::kCall:
      return bind_call(static_cast<const sql::CallExpr&>(expr), context);
    case ExprKind::kSubquery:
    case ExprKind::kExists:
    case ExprKind::kInSubquery:
      return context.scope.resolve_subquery(static_cast<const sql::SubqueryExpr&>(expr));
    case ExprKind::kStar:
      return Error(ErrorCode::kSyntaxError, "row expansion via \"*\" is not supported here")
          .at(expr.position);
    case ExprKind::kRow:
      return Error(ErrorCode::kFeatureNotSupported, "row values are not supported here")
          .at(expr.position);
    case ExprKind::kDefault:
      return Error(ErrorCode::kSyntaxError, "DEFAULT is not allowed in this context")
          .at(expr.position);
  }
  return Error(ErrorCode::kInternal, "unknown syntax");
}

}  // namespace

Result<NodePtr> bind(const sql::Expr& expr, BindContext& context) {
  if (context.replace) {
    if (auto replaced = context.replace(expr)) return std::move(*replaced);
  }
  if (context.depth >= nesting_limits().expressions) {
    return Error(ErrorCode::kStatementTooComplex, "stack depth limit exceeded")
        .with_hint("An expression may be nested " +
                   std::to_string(nesting_limits().expressions) +
                   " levels deep.")
        .at(expr.position);
  }
  ++context.depth;
  auto node = bind_kind(expr, context);
  --context.depth;
  if (node.has_value() && (*node)->position == 0) (*node)->position = expr.position;
  return node;
}

Result<NodePtr> bind_condition(const sql::Expr& expr, BindContext& context) {
  TRY_ASSIGN(NodePtr node, bind(expr, context));
  return coerce_bool(std::move(node), context.scope.clause(), context);
}

Result<NodePtr> coerce(NodePtr node, Type to, CastContext context, BindContext& bind_context) {
  // What is stored of a char without n has no trailing blanks, what is computed may have.
  const bool strips =
      to == Type{TypeId::kChar} && context == CastContext::kAssignment && !is_unknown_literal(*node);
  if (to.id == TypeId::kUnknown || (node->type == to && !strips)) return node;
  if (is_unknown_parameter(*node))
    return coerce_parameter(std::move(node), to, context, bind_context);
  if (is_unknown_literal(*node))
    return coerce_literal(std::move(node), to, context, bind_context.is_stored);
  const Type from = node->type;
  // Leaving a modifier away changes no value, but of char(n), which is padded by its type.
  if (from.id == to.id && to.modifier == -1 && context != CastContext::kExplicit &&
      to.id != TypeId::kChar)
    return node;
  // An expression of unknown type that is no literal (a column of a subquery) is text.
  const TypeId known = from.id == TypeId::kUnknown ? TypeId::kText : from.id;
  const CastContext needed = from.id == TypeId::kUnknown ? CastContext::kExplicit : context;
  if (known != to.id && !type::can_cast(known, to.id, needed)) {
    return Error(ErrorCode::kCannotCoerce,
                 "cannot cast type " + plain_name(from) + " to " + plain_name(to))
        .at(node->position);
  }
  return make_cast(std::move(node), to, context);
}

Result<Type> common_type(std::span<const Type> types, std::string_view what, uint32_t position) {
  Type common;
  bool same_modifier = true;
  for (const Type& next : types) {
    if (next.id == TypeId::kUnknown) {
      same_modifier = false;  // A literal has the type, but no modifier.
      continue;
    }
    if (common.id == TypeId::kUnknown) {
      common = next;
      continue;
    }
    if (next.id == common.id) {
      same_modifier = same_modifier && next.modifier == common.modifier;
      continue;
    }
    same_modifier = false;
    if (category(next.id) != category(common.id)) {
      return Error(ErrorCode::kDatatypeMismatch, std::string(what) + " types " +
                                                     plain_name(common) + " and " +
                                                     plain_name(next) + " cannot be matched")
          .at(position);
    }
    if (!is_preferred(common.id) && can_coerce(common.id, next.id) &&
        !can_coerce(next.id, common.id))
      common = next;
  }
  if (common.id == TypeId::kUnknown) return Type{TypeId::kText};
  if (!same_modifier) common.modifier = -1;
  return common;
}

// ---- Names of output columns ----

namespace {

std::string_view internal_type_name(const sql::TypeName& name) {
  const auto type = type::type_from_name(name.name, nullptr, 0);
  if (!type.has_value()) return name.name;
  return type::type_info(type->id).name;
}

// PostgreSQL's FigureColname: a name and how much it counts; a cast or CASE gives way to a stronger
// name inside.
struct Naming {
  std::string_view name;
  int strength = 0;
};

Naming figure_name(const sql::Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kColumn:
      return {static_cast<const sql::ColumnExpr&>(expr).column, 2};
    case ExprKind::kCall: {
      const auto& call = static_cast<const sql::CallExpr&>(expr);
      if (call.name == kArrayName) return {"array", 2};
      if (call.name == kSubscriptName) return figure_name(*call.arguments[0]);
      if (call.name.ends_with(kAnyEnding) || call.name.ends_with(kAllEnding)) return {};
      return {call.name, 2};
    }
    case ExprKind::kExists:
      return {"exists", 2};
    case ExprKind::kRow:
      return {"row", 2};
    case ExprKind::kLiteral:
      if (static_cast<const sql::LiteralExpr&>(expr).literal == sql::LiteralKind::kBool)
        return {"bool", 1};
      return {};
    case ExprKind::kCast: {
      const auto& cast = static_cast<const sql::CastExpr&>(expr);
      const Naming inner = figure_name(*cast.operand);
      return inner.strength > 1 ? inner : Naming{internal_type_name(cast.type), 1};
    }
    case ExprKind::kCase: {
      const auto& branch = static_cast<const sql::CaseExpr&>(expr);
      const Naming inner = branch.otherwise == nullptr ? Naming{} : figure_name(*branch.otherwise);
      return inner.strength > 1 ? inner : Naming{"case", 1};
    }
    case ExprKind::kSubquery: {
      const sql::SelectStmt* select = static_cast<const sql::SubqueryExpr&>(expr).select;
      if (select == nullptr || select->items.size() != 1) return {};
      const sql::SelectItem& item = select->items[0];
      if (!item.alias.empty()) return {item.alias, 2};
      return figure_name(*item.expr);
    }
    default:
      return {};
  }
}

}  // namespace

std::string_view output_name(const sql::Expr& expr) {
  const Naming naming = figure_name(expr);
  return naming.strength == 0 ? std::string_view("?column?") : naming.name;
}

}  // namespace rowan::expr
