// Names inside expressions: columns, aggregates and subqueries.
#include <fmt/format.h>

#include <algorithm>

#include "expr/resolve.h"
#include "plan/query_binder.h"
#include "sql/print.h"

namespace rowan::plan {

namespace {

// Final numbers are given by finish_grouping.
constexpr uint32_t kGroupPlaceholder = 1u << 22;
constexpr uint32_t kAggregatePlaceholder = 1u << 23;
constexpr uint32_t kApplyPlaceholder = 1u << 24;

// Calls `visit` for the direct operands of an expression. Operands of subqueries count, their
// queries do not.
template <typename Visit>
void for_each_operand(const sql::Expr& expr, const Visit& visit) {
  const auto one = [&](const sql::Expr* operand) {
    if (operand != nullptr) visit(*operand);
  };
  const auto all = [&](const sql::List<sql::Expr*>& operands) {
    for (const sql::Expr* operand : operands) one(operand);
  };
  switch (expr.kind) {
    case sql::ExprKind::kUnary:
      return one(static_cast<const sql::UnaryExpr&>(expr).operand);
    case sql::ExprKind::kBinary: {
      const auto& binary = static_cast<const sql::BinaryExpr&>(expr);
      one(binary.left);
      return one(binary.right);
    }
    case sql::ExprKind::kIsNull:
      return one(static_cast<const sql::IsNullExpr&>(expr).operand);
    case sql::ExprKind::kIsBool:
      return one(static_cast<const sql::IsBoolExpr&>(expr).operand);
    case sql::ExprKind::kIsDistinct: {
      const auto& distinct = static_cast<const sql::IsDistinctExpr&>(expr);
      one(distinct.left);
      return one(distinct.right);
    }
    case sql::ExprKind::kBetween: {
      const auto& between = static_cast<const sql::BetweenExpr&>(expr);
      one(between.operand);
      one(between.low);
      return one(between.high);
    }
    case sql::ExprKind::kIn: {
      const auto& in = static_cast<const sql::InExpr&>(expr);
      one(in.operand);
      return all(in.items);
    }
    case sql::ExprKind::kLike: {
      const auto& like = static_cast<const sql::LikeExpr&>(expr);
      one(like.operand);
      one(like.pattern);
      return one(like.escape);
    }
    case sql::ExprKind::kCase: {
      const auto& branches = static_cast<const sql::CaseExpr&>(expr);
      one(branches.operand);
      for (const sql::CaseBranch& branch : branches.branches) {
        one(branch.when);
        one(branch.then);
      }
      return one(branches.otherwise);
    }
    case sql::ExprKind::kCast:
      return one(static_cast<const sql::CastExpr&>(expr).operand);
    case sql::ExprKind::kCall: {
      const auto& call = static_cast<const sql::CallExpr&>(expr);
      all(call.arguments);
      for (const sql::OrderItem& item : call.order_by) one(item.expr);
      return one(call.filter);
    }
    case sql::ExprKind::kRow:
      return all(static_cast<const sql::RowExpr&>(expr).items);
    case sql::ExprKind::kSubquery:
    case sql::ExprKind::kExists:
    case sql::ExprKind::kInSubquery:
      return one(static_cast<const sql::SubqueryExpr&>(expr).operand);
    case sql::ExprKind::kLiteral:
    case sql::ExprKind::kColumn:
    case sql::ExprKind::kStar:
    case sql::ExprKind::kParameter:
    case sql::ExprKind::kDefault:
      return;
  }
}

bool is_subquery(const sql::Expr& expr) {
  return expr.kind == sql::ExprKind::kSubquery || expr.kind == sql::ExprKind::kExists ||
         expr.kind == sql::ExprKind::kInSubquery;
}

std::string column_text(const sql::ColumnExpr& column) {
  return column.table.empty() ? std::string(column.column)
                              : fmt::format("{}.{}", column.table, column.column);
}

bool has_outer_values(const expr::Node& node) {
  if (node.kind == expr::NodeKind::kParameter && node.column >= kOuterParameterBase) return true;
  return std::any_of(node.children.begin(), node.children.end(),
                     [](const auto& child) { return has_outer_values(*child); });
}

const expr::Node& without_implicit_casts(const expr::Node& node) {
  const expr::Node* at = &node;
  while (at->kind == expr::NodeKind::kCast && at->cast_context == type::CastContext::kImplicit)
    at = at->children[0].get();
  return *at;
}

void renumber(expr::Node& node, uint32_t groups, uint32_t aggregates) {
  if (node.kind == expr::NodeKind::kColumn) {
    if (node.column >= kApplyPlaceholder) {
      node.column = node.column - kApplyPlaceholder + groups + aggregates;
    } else if (node.column >= kAggregatePlaceholder) {
      node.column = node.column - kAggregatePlaceholder + groups;
    } else if (node.column >= kGroupPlaceholder) {
      node.column -= kGroupPlaceholder;
    }
  }
  for (expr::NodePtr& child : node.children) renumber(*child, groups, aggregates);
}

}  // namespace

bool contains_aggregate(const sql::Expr& expr) {
  if (expr.kind == sql::ExprKind::kCall &&
      expr::is_aggregate(static_cast<const sql::CallExpr&>(expr).name))
    return true;
  bool found = false;
  for_each_operand(expr,
                   [&](const sql::Expr& operand) { found = found || contains_aggregate(operand); });
  return found;
}

bool contains_subquery(const sql::Expr& expr) {
  if (is_subquery(expr)) return true;
  bool found = false;
  for_each_operand(expr,
                   [&](const sql::Expr& operand) { found = found || contains_subquery(operand); });
  return found;
}

expr::BindContext QueryBinder::bind_context() {
  expr::BindContext context{*this, state_.context.parameters, {}, state_.context.stars != nullptr};
  if (phase_ == Phase::kGrouped && groups_by_expression_ && !inside_aggregate_) {
    context.replace = [this](const sql::Expr& expr) { return replace_by_group(expr); };
  }
  return context;
}

// An expression of the output that equals a GROUP BY expression is that group key.
std::optional<expr::NodePtr> QueryBinder::replace_by_group(const sql::Expr& expr) {
  if (expr.kind == sql::ExprKind::kColumn || expr.kind == sql::ExprKind::kLiteral ||
      expr.kind == sql::ExprKind::kParameter || expr.kind == sql::ExprKind::kStar ||
      expr.kind == sql::ExprKind::kDefault || contains_aggregate(expr)) {
    return std::nullopt;
  }
  if (contains_subquery(expr)) {
    const std::string text = subquery_groups_.empty() ? std::string() : sql::to_sql(expr);
    for (const auto& [group, index] : subquery_groups_) {
      if (group == text)
        return expr::make_column(kGroupPlaceholder + static_cast<uint32_t>(index),
                                 groups_[index]->type);
    }
    return std::nullopt;
  }
  phase_ = Phase::kBase;
  expr::BindContext context = bind_context();
  const Result<expr::NodePtr> bound = expr::bind(expr, context);
  phase_ = Phase::kGrouped;
  if (!bound) return std::nullopt;
  for (size_t i = 0; i < groups_.size(); ++i) {
    if (expr::equal(**bound, *groups_[i]))
      return expr::make_column(kGroupPlaceholder + static_cast<uint32_t>(i), groups_[i]->type);
  }
  return std::nullopt;
}

Result<expr::NodePtr> QueryBinder::resolve_column(const sql::ColumnExpr& column) {
  Result<expr::NodePtr> local = resolve_local(column);
  if (local || parent_ == nullptr) return local;
  const ErrorCode code = local.error().code();
  if (code != ErrorCode::kUndefinedColumn && code != ErrorCode::kUndefinedTable) return local;
  const bool inside = std::exchange(parent_->inside_subquery_, true);
  Result<expr::NodePtr> outer = parent_->resolve_column(column);
  parent_->inside_subquery_ = inside;
  if (!outer) {
    const ErrorCode outer_code = outer.error().code();
    return outer_code == ErrorCode::kUndefinedColumn || outer_code == ErrorCode::kUndefinedTable
               ? std::move(local)
               : std::move(outer);
  }
  auto parameter = std::make_unique<expr::Node>();
  parameter->kind = expr::NodeKind::kParameter;
  parameter->type = (*outer)->type;
  parameter->position = column.position;
  for (const OuterReference& reference : outer_references_) {
    if (!expr::equal(*reference.outer, **outer)) continue;
    parameter->column = kOuterParameterBase + reference.slot;
    return parameter;
  }
  const uint32_t slot = state_.outer_parameters++;
  outer_references_.push_back({std::move(*outer), slot});
  parameter->column = kOuterParameterBase + slot;
  return parameter;
}

Result<expr::NodePtr> QueryBinder::resolve_local(const sql::ColumnExpr& column) {
  if (phase_ == Phase::kConstant) {
    return Error(ErrorCode::kUndefinedColumn,
                 fmt::format("cannot use column reference \"{}\" in {}", column_text(column),
                             clause_))
        .at(column.position);
  }
  TRY_ASSIGN(expr::NodePtr base, resolve_base(column));
  if (phase_ == Phase::kBase || inside_aggregate_) return base;
  return grouped(std::move(base), column);
}

Result<expr::NodePtr> QueryBinder::resolve_base(const sql::ColumnExpr& column) {
  const VisibleColumn* found = nullptr;
  bool table_found = column.table.empty();
  const auto look = [&](const std::vector<VisibleColumn>& columns) {
    size_t matches = 0;
    for (const VisibleColumn& candidate : columns) {
      if (candidate.name != column.column) continue;
      found = &candidate;
      ++matches;
    }
    return matches;
  };
  size_t matches = 0;
  if (column.table.empty()) {
    matches = look(from_.visible);
  } else {
    for (const FromTable& table : from_.tables) {
      if (table.alias != column.table || (!column.schema.empty() && table.schema != column.schema))
        continue;
      table_found = true;
      matches += look(table.columns);
    }
  }
  if (!table_found) {
    return Error(ErrorCode::kUndefinedTable,
                 fmt::format("missing FROM-clause entry for table \"{}\"", column.table))
        .at(column.position);
  }
  if (matches > 1) {
    return Error(ErrorCode::kAmbiguousColumn,
                 fmt::format("column reference \"{}\" is ambiguous", column.column))
        .at(column.position);
  }
  if (found == nullptr && column.table.empty()) {
    const bool is_table =
        std::any_of(from_.tables.begin(), from_.tables.end(),
                    [&](const auto& table) { return table.alias == column.column; });
    if (is_table) {
      return Error(ErrorCode::kFeatureNotSupported,
                   fmt::format("the whole row \"{}\" as a value is not supported", column.column))
          .at(column.position);
    }
  }
  if (found == nullptr) {
    return Error(ErrorCode::kUndefinedColumn,
                 column.table.empty()
                     ? fmt::format("column \"{}\" does not exist", column.column)
                     : fmt::format("column {} does not exist", column_text(column)))
        .at(column.position);
  }
  expr::NodePtr node = expr::make_column(found->index, found->type);
  node->position = column.position;
  return node;
}

// Of a column that is neither a group key nor determined by one the query fails, but only once all
// else in it is bound: what does not exist is said first.
expr::NodePtr QueryBinder::grouped(expr::NodePtr base, const sql::ColumnExpr& column) {
  for (size_t i = 0; i < groups_.size(); ++i) {
    if (expr::equal(*base, *groups_[i]))
      return expr::make_column(kGroupPlaceholder + static_cast<uint32_t>(i), base->type);
  }
  if (determined_by_groups(base->column)) {
    const type::Type type = base->type;
    groups_.push_back(std::move(base));
    return expr::make_column(kGroupPlaceholder + static_cast<uint32_t>(groups_.size() - 1), type);
  }
  if (!ungrouped_) ungrouped_ = ungrouped_error(*base, column);
  return base;
}

Error QueryBinder::ungrouped_error(const expr::Node& base, const sql::ColumnExpr& column) const {
  std::string name(column.column);
  for (const FromTable& table : from_.tables) {
    for (const VisibleColumn& candidate : table.columns) {
      if (candidate.index == base.column) name = table.alias + "." + candidate.name;
    }
  }
  if (inside_subquery_) {
    return Error(ErrorCode::kGrouping,
                 fmt::format("subquery uses ungrouped column \"{}\" from outer query", name))
        .at(column.position);
  }
  return Error(ErrorCode::kGrouping, fmt::format("column \"{}\" must appear in the GROUP BY clause "
                                                 "or be used in an aggregate function",
                                                 name))
      .at(column.position);
}

// A table's primary key among the groups determines its other columns.
bool QueryBinder::determined_by_groups(uint32_t column) const {
  for (const FromTable& table : from_.tables) {
    const bool owner = std::any_of(table.columns.begin(), table.columns.end(),
                                   [&](const auto& c) { return c.index == column; });
    if (!owner || table.definition == nullptr || table.definition->primary_key.empty()) continue;
    return std::all_of(table.definition->primary_key.begin(), table.definition->primary_key.end(),
                       [&](uint16_t key) {
                         return std::any_of(groups_.begin(), groups_.end(),
                                            [&](const expr::NodePtr& group) {
                                              return group->kind == expr::NodeKind::kColumn &&
                                                     group->column == table.columns[key].index;
                                            });
                       });
  }
  return false;
}

Error QueryBinder::misplaced_aggregate(const sql::CallExpr& call) const {
  return Error(ErrorCode::kGrouping,
               fmt::format("aggregate functions are not allowed in {}", clause_))
      .at(call.position);
}

// Whether it may stand where it does is said last, too: after what is inside it.
Result<expr::NodePtr> QueryBinder::resolve_aggregate(const sql::CallExpr& call) {
  if (phase_ == Phase::kConstant) return misplaced_aggregate(call);
  const bool is_nested = inside_aggregate_;
  AggregateItem item;
  inside_aggregate_ = true;
  const Result<void> bound = [&]() -> Result<void> {
    expr::BindContext context = bind_context();
    std::vector<type::Type> types;
    for (const sql::Expr* argument : call.arguments) {
      TRY_ASSIGN(expr::NodePtr node, expr::bind(*argument, context));
      types.push_back(node->type);
      item.arguments.push_back(std::move(node));
    }
    if (call.filter != nullptr) {
      TRY_ASSIGN(item.filter, expr::bind_condition(*call.filter, context));
    }
    TRY_ASSIGN(item.spec,
               expr::resolve_aggregate(call.name, types, call.star, call.distinct, call.position));
    for (size_t i = 0; i < item.arguments.size(); ++i) {
      expr::NodePtr& argument = item.arguments[i];
      if (argument->type == item.spec.arguments[i]) continue;
      TRY_ASSIGN(argument, expr::coerce(std::move(argument), item.spec.arguments[i],
                                        type::CastContext::kImplicit, context));
    }
    return bind_aggregate_order(call, item, context);
  }();
  inside_aggregate_ = is_nested;
  if (!bound) return Error(bound.error());
  if (is_nested) {
    return Error(ErrorCode::kGrouping, "aggregate function calls cannot be nested")
        .at(call.position);
  }
  if (!aggregates_allowed_ || phase_ != Phase::kGrouped) return misplaced_aggregate(call);
  const bool local = std::any_of(item.arguments.begin(), item.arguments.end(),
                                 [](const auto& node) { return has_columns(*node); });
  const bool outer = std::any_of(item.arguments.begin(), item.arguments.end(),
                                 [](const auto& node) { return has_outer_values(*node); });
  if (outer && !local) {
    // By SQL's rules it would be computed over the rows of the outer query.
    return Error(ErrorCode::kFeatureNotSupported,
                 "aggregate functions over columns of an outer query are not supported")
        .at(call.position);
  }
  const auto same = [&](const AggregateItem& other) {
    if (other.spec.function != item.spec.function || other.spec.distinct != item.spec.distinct ||
        (other.filter == nullptr) != (item.filter == nullptr) ||
        other.arguments.size() != item.arguments.size() || other.order != item.order ||
        (item.filter != nullptr && !expr::equal(*item.filter, *other.filter))) {
      return false;
    }
    return std::equal(
        item.arguments.begin(), item.arguments.end(), other.arguments.begin(),
        [](const auto& a, const auto& b) { return !is_volatile(*a) && expr::equal(*a, *b); });
  };
  const auto found = std::find_if(aggregates_.begin(), aggregates_.end(), same);
  const auto index = static_cast<uint32_t>(found - aggregates_.begin());
  const type::Type type = item.spec.result;
  if (found == aggregates_.end()) aggregates_.push_back(std::move(item));
  return expr::make_column(kAggregatePlaceholder + index, type);
}

// ORDER BY among an aggregate's arguments, and the order in which DISTINCT takes them: PostgreSQL
// sorts by what is written there, then by the arguments that are not.
Result<void> QueryBinder::bind_aggregate_order(const sql::CallExpr& call, AggregateItem& item,
                                               expr::BindContext& context) {
  const size_t own_arguments = item.arguments.size();
  for (const sql::OrderItem& written : call.order_by) {
    TRY_ASSIGN(expr::NodePtr node, expr::bind(*written.expr, context));
    if (node->type.id == type::TypeId::kUnknown) {
      TRY_ASSIGN(node, expr::coerce(std::move(node), {type::TypeId::kText},
                                    type::CastContext::kImplicit, context));
    }
    TRY(expr::check_sortable(node->type, written.expr->position));
    const auto same = std::find_if(
        item.arguments.begin(), item.arguments.end(), [&](const expr::NodePtr& argument) {
          return expr::equal(without_implicit_casts(*argument), *node, true);
        });
    const auto place = static_cast<uint32_t>(same - item.arguments.begin());
    if (item.spec.distinct && place >= own_arguments) {
      return Error(ErrorCode::kInvalidColumnReference,
                   "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list")
          .at(written.expr->position);
    }
    if (same == item.arguments.end()) item.arguments.push_back(std::move(node));
    item.order.push_back({place, written.descending, written.nulls_first});
  }
  if (!item.spec.distinct || !item.spec.function->traits.by_order) return {};
  for (uint32_t i = 0; i < own_arguments; ++i) {
    const bool sorted = std::any_of(item.order.begin(), item.order.end(),
                                    [&](const SortKey& key) { return key.column == i; });
    if (!sorted) item.order.push_back({i, false, false});
  }
  return {};
}

Result<expr::NodePtr> QueryBinder::resolve_subquery(const sql::SubqueryExpr& subquery) {
  if (!subqueries_allowed_ || phase_ == Phase::kConstant) {
    return Error(ErrorCode::kFeatureNotSupported,
                 fmt::format("subqueries in {} are not supported", clause_))
        .at(subquery.position);
  }
  QueryBinder child(state_, this, common_tables_);
  TRY_ASSIGN(LogicalPtr inner, child.bind(*subquery.select));
  PendingApply pending;
  pending.spec.negated = subquery.negated;
  pending.type = {type::TypeId::kBool, -1};
  if (subquery.kind == sql::ExprKind::kInSubquery &&
      subquery.operand->kind == sql::ExprKind::kRow) {
    return Error(ErrorCode::kFeatureNotSupported, "row values in IN (SELECT …) are not supported")
        .at(subquery.position);
  }
  if (subquery.kind != sql::ExprKind::kExists && inner->width() != 1) {
    const bool in = subquery.kind == sql::ExprKind::kInSubquery;
    return Error(ErrorCode::kSyntaxError, in ? inner->width() == 0 ? "subquery has too few columns"
                                                                   : "subquery has too many columns"
                                             : "subquery must return only one column")
        .at(subquery.position);
  }
  if (subquery.kind == sql::ExprKind::kInSubquery)
    return resolve_in_subquery(subquery, child, std::move(inner), std::move(pending));
  if (subquery.kind == sql::ExprKind::kExists) {
    pending.spec.kind = ApplyKind::kExists;
  } else {
    pending.type = inner->outputs[0].type;
  }
  pending.inner = std::move(inner);
  for (OuterReference& reference : child.outer_references_) {
    pending.spec.parameters.push_back(std::move(reference.outer));
    pending.spec.parameter_slots.push_back(reference.slot);
  }
  return add_apply(std::move(pending));
}

Result<expr::NodePtr> QueryBinder::resolve_in_subquery(const sql::SubqueryExpr& subquery,
                                                       QueryBinder& child, LogicalPtr inner,
                                                       PendingApply pending) {
  expr::BindContext context = bind_context();
  TRY_ASSIGN(expr::NodePtr operand, expr::bind(*subquery.operand, context));
  const type::Type types[] = {operand->type, inner->outputs[0].type};
  // Compared as `operand = value` would be; where that takes two types of one kind, as the wider.
  TRY_ASSIGN(const expr::ResolvedCall equality,
             expr::resolve_function("=", types, true, subquery.position));
  TRY_ASSIGN(const type::Type common,
             expr::common_type(equality.arguments, "IN", subquery.position));
  TRY_ASSIGN(pending.spec.operand,
             expr::coerce(std::move(operand), common, type::CastContext::kImplicit, context));
  if (inner->outputs[0].type.id != common.id) {
    LogicalPtr project = make_projection(std::move(inner), {0});
    TRY_ASSIGN(project->expressions[0], expr::coerce(std::move(project->expressions[0]), common,
                                                     type::CastContext::kImplicit, context));
    project->outputs[0].type = common;
    inner = std::move(project);
  }
  pending.spec.kind = ApplyKind::kIn;
  pending.inner = std::move(inner);
  for (OuterReference& reference : child.outer_references_) {
    pending.spec.parameters.push_back(std::move(reference.outer));
    pending.spec.parameter_slots.push_back(reference.slot);
  }
  return add_apply(std::move(pending));
}

expr::NodePtr QueryBinder::add_apply(PendingApply pending) {
  const type::Type type = pending.type;
  if (phase_ == Phase::kGrouped && !inside_aggregate_) {
    grouped_applies_.push_back(std::move(pending));
    return expr::make_column(kApplyPlaceholder + static_cast<uint32_t>(grouped_applies_.size() - 1),
                             type);
  }
  base_applies_.push_back(std::move(pending));
  return expr::make_column(base_width_ + static_cast<uint32_t>(base_applies_.size() - 1), type);
}

LogicalPtr QueryBinder::wrap_applies(LogicalPtr input, std::vector<PendingApply>& applies) {
  for (PendingApply& pending : applies) {
    LogicalPtr node = make_node(LogicalKind::kApply, std::move(input));
    node->outputs.push_back({"subquery", pending.type});
    node->apply = std::move(pending.spec);
    node->children.push_back(std::move(pending.inner));
    input = std::move(node);
  }
  applies.clear();
  return input;
}

void QueryBinder::adopt_outer_references(QueryBinder& child) {
  for (OuterReference& reference : child.outer_references_)
    outer_references_.push_back(std::move(reference));
}

// Puts the aggregation between the base and what was bound over it, now that its columns can be
// numbered.
Result<LogicalPtr> QueryBinder::finish_grouping(LogicalPtr input, std::vector<OutputItem>& items,
                                                expr::NodePtr& having) {
  const auto groups = static_cast<uint32_t>(groups_.size());
  const auto aggregates = static_cast<uint32_t>(aggregates_.size());
  for (OutputItem& item : items) renumber(*item.node, groups, aggregates);
  if (having != nullptr) renumber(*having, groups, aggregates);
  for (PendingApply& pending : grouped_applies_) {
    if (pending.spec.operand != nullptr) renumber(*pending.spec.operand, groups, aggregates);
    for (expr::NodePtr& parameter : pending.spec.parameters)
      renumber(*parameter, groups, aggregates);
  }
  LogicalPtr node = make_node(LogicalKind::kAggregate);
  for (const expr::NodePtr& group : groups_) {
    const bool column = group->kind == expr::NodeKind::kColumn && group->column < input->width();
    node->outputs.push_back(output_of(column ? input->outputs[group->column].name : "group", *group,
                                      input->outputs));
  }
  for (const AggregateItem& item : aggregates_)
    node->outputs.push_back({"aggregate", item.spec.result});
  node->expressions = std::move(groups_);
  node->aggregates = std::move(aggregates_);
  node->children.push_back(std::move(input));
  return make_filter(wrap_applies(std::move(node), grouped_applies_), std::move(having));
}

}  // namespace rowan::plan
