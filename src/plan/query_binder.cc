#include "plan/query_binder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <set>

#include "base/deep_stack.h"
#include "expr/resolve.h"
#include "sql/print.h"
#include "sql/walk.h"

namespace rowan::plan {

namespace {

constexpr type::Type kText = {type::TypeId::kText, -1};
constexpr type::Type kInt8 = {type::TypeId::kInt8, -1};

// A bare integer in ORDER BY or GROUP BY is a position in the output. Other bare constants are
// refused there. As in PostgreSQL a minus in front belongs to the number.
Result<std::optional<size_t>> output_position(const sql::Expr& expr, std::string_view clause,
                                              size_t count) {
  const sql::Expr* at = &expr;
  bool negative = false;
  while (at->kind == sql::ExprKind::kUnary && static_cast<const sql::UnaryExpr*>(at)->op == "-") {
    negative = !negative;
    at = static_cast<const sql::UnaryExpr*>(at)->operand;
  }
  if (at->kind != sql::ExprKind::kLiteral) return std::optional<size_t>();
  const auto& literal = static_cast<const sql::LiteralExpr&>(*at);
  const bool is_number = literal.literal == sql::LiteralKind::kInteger ||
                         literal.literal == sql::LiteralKind::kDecimal;
  if (at != &expr && !is_number) return std::optional<size_t>();  // -NULL, -'1'
  int32_t position = 0;
  const auto end =
      std::from_chars(literal.text.data(), literal.text.data() + literal.text.size(), position);
  if (literal.literal != sql::LiteralKind::kInteger || end.ec != std::errc()) {
    return Error(ErrorCode::kSyntaxError, fmt::format("non-integer constant in {}", clause))
        .at(expr.position);
  }
  if (negative) position = -position;
  if (position < 1 || static_cast<size_t>(position) > count) {
    return Error(ErrorCode::kInvalidColumnReference,
                 fmt::format("{} position {} is not in select list", clause, position))
        .at(expr.position);
  }
  return std::optional<size_t>(static_cast<size_t>(position) - 1);
}

bool is_plain_name(const sql::Expr& expr) {
  return expr.kind == sql::ExprKind::kColumn &&
         static_cast<const sql::ColumnExpr&>(expr).table.empty();
}

bool is_untyped_literal(const sql::Expr& expr) {
  if (expr.kind != sql::ExprKind::kLiteral) return false;
  const sql::LiteralKind kind = static_cast<const sql::LiteralExpr&>(expr).literal;
  return kind == sql::LiteralKind::kNull || kind == sql::LiteralKind::kString;
}

std::string_view item_name(const sql::SelectItem& item) {
  return item.alias.empty() ? expr::output_name(*item.expr) : item.alias;
}

}  // namespace

Result<LogicalPtr> QueryBinder::bind(const sql::SelectStmt& select) {
  if (++state_.depth > nesting_limits().queries)
    return Error(ErrorCode::kStatementTooComplex, "query is nested too deeply");
  if (select.with_recursive) {
    return Error(ErrorCode::kFeatureNotSupported, "WITH RECURSIVE is not supported")
        .at(select.position);
  }
  if (!select.with.empty()) note_names(select);
  for (const sql::CommonTable& table : select.with) {
    for (const CommonTableScope& other : own_common_tables_) {
      if (other.table->name == table.name) {
        return Error(ErrorCode::kDuplicateAlias,
                     fmt::format("WITH query name \"{}\" specified more than once", table.name))
            .at(select.position);
      }
    }
    own_common_tables_.push_back({&table, common_tables_});
    common_tables_ = &own_common_tables_.back();
  }
  TRY_ASSIGN(LogicalPtr node, bind_body(select));
  TRY_ASSIGN(node, bind_limit(std::move(node), select));
  --state_.depth;
  return node;
}

// Which queries of WITH are named more than once.
void QueryBinder::note_names(const sql::SelectStmt& select) {
  struct Names final : sql::Visitor {
    std::set<const sql::CommonTable*> seen, again;
    void common_table(sql::NamedTable&, const sql::CommonTable& common) override {
      if (!seen.insert(&common).second) again.insert(&common);
    }
  } names;
  sql::walk(const_cast<sql::SelectStmt&>(select), names);  // Only looks.
  state_.named_again.insert(names.again.begin(), names.again.end());
}

Result<LogicalPtr> QueryBinder::bind_body(const sql::SelectStmt& select) {
  if (select.set_operation == sql::SetOperation::kNone && select.values.empty())
    return bind_plain(select);
  Result<LogicalPtr> node = select.set_operation != sql::SetOperation::kNone
                                ? bind_set_operation(select)
                                : bind_values(select);
  if (!node) return node;
  return order_by_outputs(std::move(*node), select);
}

Result<LogicalPtr> QueryBinder::bind_for(const sql::SelectStmt& select,
                                         std::span<const type::Type> types) {
  TRY_ASSIGN(LogicalPtr node, bind(select));
  for (const uint32_t output : literal_outputs_) {
    // Where the type cannot be given the literal stays text, and whoever takes the rows says what
    // does not fit.
    if (output < types.size())
      TRY(give_literal_type(*node, output, types[output], type::CastContext::kAssignment));
  }
  return node;
}

Result<LogicalPtr> QueryBinder::bind_child(const sql::SelectStmt& select,
                                           const CommonTableScope* common_tables,
                                           std::vector<uint32_t>* literals) {
  QueryBinder child(state_, parent_, common_tables);
  Result<LogicalPtr> node = child.bind(select);
  if (node) adopt_outer_references(child);
  if (literals != nullptr) *literals = std::move(child.literal_outputs_);
  return node;
}

// Whether nothing says the type of what is written here: it is text, unless whoever takes it says
// another. Before it is bound.
bool QueryBinder::is_untyped(const sql::Expr& expr) const {
  if (expr.kind != sql::ExprKind::kParameter) return is_untyped_literal(expr);
  const uint32_t number = static_cast<const sql::ParameterExpr&>(expr).number;
  const auto& types = state_.context.parameters.types;
  return number > types.size() || (number > 0 && types[number - 1].id == type::TypeId::kUnknown);
}

// A literal, or a parameter that is used nowhere else.
bool QueryBinder::can_retype(const expr::Node& expression) const {
  return expression.kind == expr::NodeKind::kConstant ||
         (expression.kind == expr::NodeKind::kParameter &&
          state_.context.parameters.uses[expression.column] == 1);
}

Result<void> QueryBinder::retype(expr::NodePtr& expression, type::Type to, type::CastContext cast) {
  expression->type = {type::TypeId::kUnknown};
  if (expression->kind == expr::NodeKind::kParameter)
    state_.context.parameters.types[expression->column] = expression->type;
  expr::BindContext context = bind_context();
  TRY_ASSIGN(expression, expr::coerce(std::move(expression), to, cast, context));
  return {};
}

// Reads the literal behind an output as a type, down to where it stands. False: it was replaced by
// something else, as by a group's key.
Result<bool> QueryBinder::give_literal_type(LogicalNode& node, uint32_t output, type::Type to,
                                            type::CastContext cast) {
  bool given = false;
  if (node.kind == LogicalKind::kProject) {
    expr::NodePtr& expression = node.expressions[output];
    if (expression->kind == expr::NodeKind::kColumn) {
      TRY_ASSIGN(given, give_literal_type(*node.children[0], expression->column, to, cast));
      if (given) expression->type = to;
    } else if (can_retype(*expression)) {
      TRY(retype(expression, to, cast));
      given = true;
    }
  } else if (node.kind == LogicalKind::kValues) {
    given = std::all_of(node.values.begin(), node.values.end(),
                        [&](const auto& row) { return can_retype(*row[output]); });
    for (auto& row : node.values) {
      if (given) TRY(retype(row[output], to, cast));
    }
  } else if (node.kind == LogicalKind::kSort || node.kind == LogicalKind::kDistinct ||
             node.kind == LogicalKind::kLimit) {
    TRY_ASSIGN(given, give_literal_type(*node.children[0], output, to, cast));
  }
  if (given) node.outputs[output].type = to;
  return given;
}

Result<expr::NodePtr> QueryBinder::bind_scalar(const sql::Expr& expr) {
  expr::BindContext context = bind_context();
  TRY_ASSIGN(expr::NodePtr node, expr::bind(expr, context));
  if (node->type.id != type::TypeId::kUnknown) return node;
  return expr::coerce(std::move(node), kText, type::CastContext::kImplicit, context);
}

Result<expr::NodePtr> QueryBinder::bind_where(const sql::Expr& expr, std::string_view clause) {
  clause_ = clause;
  expr::BindContext context = bind_context();
  return expr::bind_condition(expr, context);
}

Result<void> QueryBinder::expand_star(const sql::StarExpr& star, std::vector<OutputItem>& out) {
  const auto add = [&](const std::vector<VisibleColumn>& columns) -> Result<void> {
    for (const VisibleColumn& column : columns) {
      if (column.is_hidden) continue;
      expr::NodePtr node = expr::make_column(column.index, column.type);
      if (phase_ == Phase::kGrouped) {
        sql::ColumnExpr name{{sql::ExprKind::kColumn, star.position}, {}, {}, column.name};
        node = grouped(std::move(node), name);
      }
      out.push_back({std::move(node), column.name});
    }
    return {};
  };
  TRY_ASSIGN(const std::vector<VisibleColumn>* columns, star_columns(star));
  record_star(star, *columns);
  return add(*columns);
}

Result<const std::vector<VisibleColumn>*> QueryBinder::star_columns(
    const sql::StarExpr& star) const {
  if (star.table.empty()) {
    if (from_.tables.empty()) {
      return Error(ErrorCode::kSyntaxError, "SELECT * with no tables specified is not valid")
          .at(star.position);
    }
    return &from_.visible;
  }
  for (const FromTable& table : from_.tables) {
    if (table.alias == star.table && (star.schema.empty() || star.schema == table.schema))
      return &table.columns;
  }
  return Error(ErrorCode::kUndefinedTable,
               fmt::format("missing FROM-clause entry for table \"{}\"", star.table))
      .at(star.position);
}

// For a view's text: each column by its table's name, or alone when USING merged it.
void QueryBinder::record_star(const sql::StarExpr& star,
                              const std::vector<VisibleColumn>& columns) {
  if (state_.context.stars == nullptr) return;
  StarColumns record{&star, {}};
  for (const VisibleColumn& column : columns) {
    if (column.is_hidden) continue;
    ColumnName name{{}, {}, column.name};
    for (const FromTable& table : from_.tables) {
      const bool owns = std::any_of(table.columns.begin(), table.columns.end(), [&](const auto& c) {
        return c.index == column.index && c.name == column.name;
      });
      if (!owns) continue;
      const bool twice =
          std::count_if(from_.tables.begin(), from_.tables.end(),
                        [&](const auto& other) { return other.alias == table.alias; }) > 1;
      name.table = table.alias;
      if (twice) name.schema = table.schema;
    }
    record.columns.push_back(std::move(name));
  }
  state_.context.stars->push_back(std::move(record));
}

Result<std::vector<QueryBinder::OutputItem>> QueryBinder::bind_items(
    const sql::List<sql::SelectItem>& items) {
  std::vector<OutputItem> out;
  for (const sql::SelectItem& item : items) {
    if (item.expr->kind == sql::ExprKind::kStar) {
      TRY(expand_star(static_cast<const sql::StarExpr&>(*item.expr), out));
      continue;
    }
    if (is_untyped(*item.expr)) literal_outputs_.push_back(static_cast<uint32_t>(out.size()));
    TRY_ASSIGN(expr::NodePtr node, bind_scalar(*item.expr));
    out.push_back({std::move(node), std::string(item_name(item))});
  }
  return out;
}

// The outputs of a select list that has not been bound yet: an expression, or a column of a `*`.
Result<std::vector<QueryBinder::Output>> QueryBinder::outputs_of(
    const sql::List<sql::SelectItem>& items) const {
  std::vector<Output> outputs;
  for (const sql::SelectItem& item : items) {
    if (item.expr->kind != sql::ExprKind::kStar) {
      outputs.push_back({item.expr, nullptr});
      continue;
    }
    TRY_ASSIGN(const std::vector<VisibleColumn>* columns,
               star_columns(static_cast<const sql::StarExpr&>(*item.expr)));
    for (const VisibleColumn& column : *columns) {
      if (!column.is_hidden) outputs.push_back({nullptr, &column});
    }
  }
  return outputs;
}

// What a GROUP BY item means: a position or an output's name stands for that output's expression;
// an input column wins over an output's name.
Result<QueryBinder::Output> QueryBinder::group_expression(const sql::Expr& expr,
                                                          const sql::SelectStmt& select) {
  TRY_ASSIGN(const std::vector<Output> outputs, outputs_of(select.items));
  TRY_ASSIGN(const std::optional<size_t> position,
             output_position(expr, "GROUP BY", outputs.size()));
  if (position.has_value()) return outputs[*position];
  const Output itself{&expr, nullptr};
  if (!is_plain_name(expr)) return itself;
  const auto& column = static_cast<const sql::ColumnExpr&>(expr);
  const Result<expr::NodePtr> input = resolve_base(column);
  if (input || input.error().code() != ErrorCode::kUndefinedColumn) return itself;
  for (const sql::SelectItem& item : select.items) {
    if (item.expr->kind != sql::ExprKind::kStar && item_name(item) == column.column)
      return Output{item.expr, nullptr};
  }
  return itself;
}

Result<void> QueryBinder::bind_groups(const sql::SelectStmt& select) {
  clause_ = "GROUP BY";
  for (const sql::Expr* expr : select.group_by) {
    if (expr->kind == sql::ExprKind::kCall) {
      const std::string_view name = static_cast<const sql::CallExpr*>(expr)->name;
      if (name == "rollup" || name == "cube") {
        return Error(ErrorCode::kFeatureNotSupported,
                     "GROUP BY ROLLUP and CUBE are not supported yet")
            .at(expr->position);
      }
    }
    TRY_ASSIGN(const Output meant, group_expression(*expr, select));
    expr::NodePtr node;
    if (meant.column != nullptr) {
      node = expr::make_column(meant.column->index, meant.column->type);
    } else {
      TRY_ASSIGN(node, bind_scalar(*meant.expr));
    }
    const bool has_subquery = meant.expr != nullptr && contains_subquery(*meant.expr);
    TRY(expr::check_groupable(node->type, expr->position));
    groups_by_expression_ = groups_by_expression_ || node->kind != expr::NodeKind::kColumn ||
                            has_subquery;
    const bool known = std::any_of(groups_.begin(), groups_.end(),
                                   [&](const auto& group) { return expr::equal(*group, *node, true); });
    if (!known) groups_.push_back(std::move(node));
    if (has_subquery)
      subquery_groups_.emplace_back(sql::to_sql(*meant.expr), groups_.size() - 1);
  }
  return {};
}

Result<SortKey> QueryBinder::bind_order_item(const sql::OrderItem& item,
                                             const sql::SelectStmt& select,
                                             std::vector<OutputItem>& items, size_t visible_items) {
  SortKey key{0, item.descending, item.nulls_first};
  TRY_ASSIGN(key.column, order_column(item, select, items, visible_items));
  TRY(expr::check_sortable(items[key.column].node->type, item.expr->position));
  return key;
}

// The output that an ORDER BY item names, or one that is added for it.
Result<uint32_t> QueryBinder::order_column(const sql::OrderItem& item,
                                           const sql::SelectStmt& select,
                                           std::vector<OutputItem>& items, size_t visible_items) {
  TRY_ASSIGN(const std::optional<size_t> position,
             output_position(*item.expr, "ORDER BY", visible_items));
  if (position.has_value()) return static_cast<uint32_t>(*position);
  if (is_plain_name(*item.expr)) {
    const std::string_view name = static_cast<const sql::ColumnExpr*>(item.expr)->column;
    std::optional<size_t> found;
    for (size_t i = 0; i < visible_items; ++i) {
      if (items[i].name != name) continue;
      if (found.has_value() && !expr::equal(*items[*found].node, *items[i].node, true)) {
        return Error(ErrorCode::kAmbiguousColumn, fmt::format("ORDER BY \"{}\" is ambiguous", name))
            .at(item.expr->position);
      }
      if (!found.has_value()) found = i;
    }
    if (found.has_value()) return static_cast<uint32_t>(*found);
  }
  TRY_ASSIGN(expr::NodePtr node, bind_scalar(*item.expr));
  const auto same = std::find_if(items.begin(), items.end(), [&](const OutputItem& other) {
    return expr::equal(*other.node, *node, true);
  });
  const auto column = static_cast<uint32_t>(same - items.begin());
  if (same != items.end()) return column;
  if (select.distinct && select.distinct_on.empty()) {
    return Error(ErrorCode::kInvalidColumnReference,
                 "for SELECT DISTINCT, ORDER BY expressions must appear in select list")
        .at(item.expr->position);
  }
  items.push_back({std::move(node), "order"});
  return column;
}

Result<std::vector<uint32_t>> QueryBinder::bind_distinct_on(const sql::SelectStmt& select,
                                                            std::vector<OutputItem>& items) {
  std::vector<uint32_t> columns;
  clause_ = "DISTINCT ON";
  const size_t visible_items = items.size();
  for (sql::Expr* expr : select.distinct_on) {
    TRY_ASSIGN(const uint32_t column,
               order_column({expr, false, false}, select, items, visible_items));
    TRY(expr::check_groupable(items[column].node->type, expr->position));
    columns.push_back(column);
  }
  return columns;
}

LogicalPtr QueryBinder::project_then_sort(LogicalPtr input, std::vector<OutputItem>& items,
                                          std::vector<SortKey> sort, bool distinct) {
  LogicalPtr node = make_node(LogicalKind::kProject);
  for (OutputItem& item : items) {
    node->outputs.push_back(output_of(std::move(item.name), *item.node, input->outputs));
    node->expressions.push_back(std::move(item.node));
  }
  node->children.push_back(std::move(input));
  if (distinct) node = make_node(LogicalKind::kDistinct, std::move(node));
  if (sort.empty()) return node;
  node = make_node(LogicalKind::kSort, std::move(node));
  node->sort = std::move(sort);
  return node;
}

// What is volatile waits until the rows are in order: nextval counts as the result shows it, and is
// not drawn for rows that a LIMIT leaves out. What is sorted by cannot wait.
LogicalPtr QueryBinder::project_after_sort(LogicalPtr input, std::vector<OutputItem>& items,
                                           std::vector<SortKey> sort) {
  const auto waits = [&](size_t i) {
    return is_volatile(*items[i].node) &&
           std::none_of(sort.begin(), sort.end(), [&](const SortKey& key) { return key.column == i; });
  };
  bool any = false;
  for (size_t i = 0; i < items.size(); ++i) any = any || waits(i);
  if (sort.empty() || !any) return project_then_sort(std::move(input), items, std::move(sort), false);
  std::vector<uint32_t> all(input->width());
  std::iota(all.begin(), all.end(), 0u);
  LogicalPtr below = make_projection(std::move(input), all);
  LogicalPtr above = make_node(LogicalKind::kProject);
  for (size_t i = 0; i < items.size(); ++i) {
    above->outputs.push_back(output_of(items[i].name, *items[i].node, below->outputs));
    if (waits(i)) {
      above->expressions.push_back(nullptr);
      continue;
    }
    const auto place = static_cast<uint32_t>(below->width());
    above->expressions.push_back(expr::make_column(place, items[i].node->type));
    below->outputs.push_back(above->outputs.back());
    below->expressions.push_back(std::move(items[i].node));
  }
  for (SortKey& key : sort) key.column = above->expressions[key.column]->column;
  for (size_t i = 0; i < items.size(); ++i) {
    if (above->expressions[i] == nullptr) above->expressions[i] = std::move(items[i].node);
  }
  LogicalPtr sorted = make_node(LogicalKind::kSort, std::move(below));
  sorted->sort = std::move(sort);
  above->children.push_back(std::move(sorted));
  return above;
}

Result<LogicalPtr> QueryBinder::bind_plain(const sql::SelectStmt& select) {
  TRY_ASSIGN(LogicalPtr node, bind_from(select.from));
  if (select.where != nullptr) {
    TRY_ASSIGN(expr::NodePtr condition, bind_where(*select.where, "WHERE"));
    node = make_filter(wrap_applies(std::move(node), base_applies_), std::move(condition));
    base_width_ = static_cast<uint32_t>(node->width());
  }
  bool is_grouped = !select.group_by.empty() || select.having != nullptr;
  for (const sql::SelectItem& item : select.items)
    is_grouped = is_grouped || contains_aggregate(*item.expr);
  for (const sql::OrderItem& item : select.order_by)
    is_grouped = is_grouped || contains_aggregate(*item.expr);
  if (is_grouped) {
    TRY(bind_groups(select));
    phase_ = Phase::kGrouped;
    aggregates_allowed_ = true;
  }
  clause_ = "SELECT";
  TRY_ASSIGN(std::vector<OutputItem> items, bind_items(select.items));
  const size_t visible_items = items.size();
  expr::NodePtr having;
  if (select.having != nullptr) {
    TRY_ASSIGN(having, bind_where(*select.having, "HAVING"));
  }
  TRY_ASSIGN(const std::vector<uint32_t> distinct_on, bind_distinct_on(select, items));
  clause_ = "ORDER BY";
  std::vector<SortKey> sort;
  for (const sql::OrderItem& item : select.order_by) {
    TRY_ASSIGN(const SortKey key, bind_order_item(item, select, items, visible_items));
    sort.push_back(key);
  }
  for (size_t i = 0; i < distinct_on.size() && i < sort.size(); ++i) {
    if (std::find(distinct_on.begin(), distinct_on.end(), sort[i].column) == distinct_on.end()) {
      return Error(ErrorCode::kInvalidColumnReference,
                   "SELECT DISTINCT ON expressions must match initial ORDER BY expressions")
          .at(select.order_by[i].expr->position);
    }
  }
  const bool distinct = select.distinct && distinct_on.empty();
  for (const OutputItem& item : items) {
    if (distinct) TRY(expr::check_groupable(item.node->type, item.node->position));
  }

  node = wrap_applies(std::move(node), base_applies_);
  if (ungrouped_) {
    TRY(bind_limit(std::move(node), select));  // For its own errors, which come first.
    return *ungrouped_;
  }
  if (is_grouped) {
    TRY_ASSIGN(node, finish_grouping(std::move(node), items, having));
  }
  const bool waits = !select.distinct && distinct_on.empty();
  node = waits ? project_after_sort(std::move(node), items, sort)
               : project_then_sort(std::move(node), items, std::move(sort), distinct);
  if (!distinct_on.empty()) {
    node = make_node(LogicalKind::kDistinct, std::move(node));
    node->distinct_on = distinct_on;
  }
  if (node->width() == visible_items) return node;
  std::vector<uint32_t> visible(visible_items);
  for (size_t i = 0; i < visible_items; ++i) visible[i] = static_cast<uint32_t>(i);
  return make_projection(std::move(node), visible);
}

// The columns' types: those asked for, else what is common to the rows.
Result<std::vector<type::Type>> QueryBinder::value_types(
    const std::vector<std::vector<expr::NodePtr>>& rows, const sql::SelectStmt& select) const {
  std::vector<type::Type> result;
  for (size_t column = 0; column < wanted_columns_.size(); ++column) {
    const AssignedColumn& wanted = wanted_columns_[column];
    for (size_t row = 0; row < rows.size(); ++row) {
      TRY(check_assignable(wanted.name, wanted.type, rows[row][column]->type,
                           select.values[row][column]->position));
    }
    result.push_back(wanted.type);
  }
  if (!wanted_columns_.empty()) return result;
  for (size_t column = 0; column < rows[0].size(); ++column) {
    std::vector<type::Type> types;
    for (const auto& row : rows) types.push_back(row[column]->type);
    TRY_ASSIGN(const type::Type common,
               expr::common_type(types, "VALUES", select.values[0][column]->position));
    result.push_back(common.id == type::TypeId::kUnknown ? kText : common);
  }
  return result;
}

Result<LogicalPtr> QueryBinder::bind_values(const sql::SelectStmt& select) {
  phase_ = Phase::kConstant;
  clause_ = "VALUES";
  const size_t width = select.values[0].size();
  bool has_subquery = false;
  for (const sql::List<sql::Expr*>& row : select.values) {
    if (row.size() != width) {
      return Error(ErrorCode::kSyntaxError, "VALUES lists must all be the same length")
          .at(row.empty() ? 0 : row[0]->position);
    }
    for (const sql::Expr* expr : row) {
      if (expr->kind == sql::ExprKind::kDefault) {
        return Error(ErrorCode::kSyntaxError, "DEFAULT is not allowed in this context")
            .at(expr->position);
      }
      has_subquery = has_subquery || contains_subquery(*expr);
    }
  }
  if (has_subquery) return bind_value_queries(select);
  LogicalPtr node = make_node(LogicalKind::kValues);
  expr::BindContext context = bind_context();
  for (const sql::List<sql::Expr*>& row : select.values) {
    std::vector<expr::NodePtr> bound;
    for (const sql::Expr* expr : row) {
      TRY_ASSIGN(expr::NodePtr value, expr::bind(*expr, context));
      bound.push_back(std::move(value));
    }
    node->values.push_back(std::move(bound));
  }
  TRY_ASSIGN(const std::vector<type::Type> types, value_types(node->values, select));
  for (size_t column = 0; column < width; ++column) {
    const bool untyped = std::all_of(
        node->values.begin(), node->values.end(),
        [&](const auto& row) { return row[column]->type.id == type::TypeId::kUnknown; });
    if (untyped && wanted_columns_.empty()) literal_outputs_.push_back(static_cast<uint32_t>(column));
    for (auto& row : node->values) {
      TRY_ASSIGN(row[column], expr::coerce(std::move(row[column]), types[column],
                                           type::CastContext::kImplicit, context));
    }
    node->outputs.push_back({fmt::format("column{}", column + 1), types[column]});
  }
  return node;
}

// VALUES with subqueries: every row is a query of its own, and all are appended, as a balanced tree
// since rows may be many.
Result<LogicalPtr> QueryBinder::bind_value_queries(const sql::SelectStmt& select) {
  std::vector<LogicalPtr> parts;
  std::vector<std::vector<expr::NodePtr>> rows;
  for (const sql::List<sql::Expr*>& row : select.values) {
    QueryBinder child(state_, parent_, common_tables_);
    TRY_ASSIGN(LogicalPtr node, child.bind_from({}));
    child.clause_ = "VALUES";
    expr::BindContext context = child.bind_context();
    std::vector<expr::NodePtr> bound;
    for (const sql::Expr* expr : row) {
      TRY_ASSIGN(expr::NodePtr value, expr::bind(*expr, context));
      bound.push_back(std::move(value));
    }
    rows.push_back(std::move(bound));
    parts.push_back(child.wrap_applies(std::move(node), child.base_applies_));
    adopt_outer_references(child);
  }
  TRY_ASSIGN(const std::vector<type::Type> types, value_types(rows, select));
  const auto cast =
      wanted_columns_.empty() ? type::CastContext::kImplicit : type::CastContext::kAssignment;
  expr::BindContext context = bind_context();
  for (size_t i = 0; i < parts.size(); ++i) {
    LogicalPtr project = make_node(LogicalKind::kProject);
    for (size_t column = 0; column < types.size(); ++column) {
      TRY_ASSIGN(expr::NodePtr value,
                 expr::coerce(std::move(rows[i][column]), types[column], cast, context));
      project->outputs.push_back({fmt::format("column{}", column + 1), types[column]});
      project->expressions.push_back(std::move(value));
    }
    project->children.push_back(std::move(parts[i]));
    parts[i] = std::move(project);
  }
  for (size_t step = 1; step < parts.size(); step *= 2) {
    for (size_t i = 0; i + step < parts.size(); i += 2 * step) {
      LogicalPtr both = make_node(LogicalKind::kSetOperation, std::move(parts[i]));
      both->set_operation = sql::SetOperation::kUnion;
      both->set_all = true;
      both->children.push_back(std::move(parts[i + step]));
      parts[i] = std::move(both);
    }
  }
  return std::move(parts[0]);
}

Result<LogicalPtr> QueryBinder::bind_set_operation(const sql::SelectStmt& select) {
  static constexpr std::string_view kNames[] = {"", "UNION", "INTERSECT", "EXCEPT"};
  const std::string_view name = kNames[static_cast<size_t>(select.set_operation)];
  std::vector<uint32_t> left_literals;
  std::vector<uint32_t> right_literals;
  TRY_ASSIGN(LogicalPtr left, bind_child(*select.left, common_tables_, &left_literals));
  TRY_ASSIGN(LogicalPtr right, bind_child(*select.right, common_tables_, &right_literals));
  if (left->width() != right->width()) {
    return Error(ErrorCode::kSyntaxError,
                 fmt::format("each {} query must have the same number of columns", name))
        .at(select.right->position);
  }
  // A literal takes the type of the column on the other side, unless that is one too: then both are
  // text.
  using Literals = std::vector<uint32_t>;
  const auto give = [&](LogicalNode& side, const Literals& literals, const LogicalNode& other,
                        const Literals& others) -> Result<void> {
    for (const uint32_t i : literals) {
      const bool both = std::find(others.begin(), others.end(), i) != others.end();
      if (!both)
        TRY(give_literal_type(side, i, {other.outputs[i].type.id}, type::CastContext::kImplicit));
    }
    return {};
  };
  TRY(give(*left, left_literals, *right, right_literals));
  TRY(give(*right, right_literals, *left, left_literals));
  expr::BindContext context = bind_context();
  std::vector<OutputColumn> outputs = left->outputs;
  for (size_t i = 0; i < outputs.size(); ++i) {
    outputs[i].relation = nullptr;
    outputs[i].number = 0;
    const type::Type types[] = {left->outputs[i].type, right->outputs[i].type};
    TRY_ASSIGN(outputs[i].type, expr::common_type(types, name, select.position));
    const bool compares =
        !select.set_all || select.set_operation != sql::SetOperation::kUnion;
    if (compares) TRY(expr::check_groupable(outputs[i].type, select.position));
  }
  const auto convert = [&](LogicalPtr side) -> Result<LogicalPtr> {
    std::vector<uint32_t> columns(side->width());
    bool same = true;
    for (size_t i = 0; i < columns.size(); ++i) {
      columns[i] = static_cast<uint32_t>(i);
      same = same && side->outputs[i].type == outputs[i].type;
    }
    if (same) return side;
    LogicalPtr project = make_projection(std::move(side), columns);
    for (size_t i = 0; i < outputs.size(); ++i) {
      TRY_ASSIGN(project->expressions[i],
                 expr::coerce(std::move(project->expressions[i]), outputs[i].type,
                              type::CastContext::kImplicit, context));
      project->outputs[i].type = outputs[i].type;
    }
    return project;
  };
  TRY_ASSIGN(left, convert(std::move(left)));
  TRY_ASSIGN(right, convert(std::move(right)));
  LogicalPtr node = make_node(LogicalKind::kSetOperation, std::move(left));
  node->outputs = std::move(outputs);
  node->set_operation = select.set_operation;
  node->set_all = select.set_all;
  node->children.push_back(std::move(right));
  return node;
}

// ORDER BY of set operations: names and positions of the output only. VALUES may also be ordered by
// expressions over them.
Result<LogicalPtr> QueryBinder::order_by_outputs(LogicalPtr input, const sql::SelectStmt& select) {
  if (select.order_by.empty()) return input;
  const auto width = static_cast<uint32_t>(input->width());
  std::vector<uint32_t> all(width);
  std::iota(all.begin(), all.end(), 0u);
  LogicalPtr project;  // Only once there is an expression.
  std::vector<SortKey> sort;
  for (const sql::OrderItem& item : select.order_by) {
    SortKey key{0, item.descending, item.nulls_first};
    TRY_ASSIGN(std::optional<size_t> found, output_position(*item.expr, "ORDER BY", width));
    if (!found.has_value() && is_plain_name(*item.expr)) {
      const std::string_view name = static_cast<const sql::ColumnExpr*>(item.expr)->column;
      const std::vector<OutputColumn>& outputs =
          project != nullptr ? project->outputs : input->outputs;
      for (size_t i = width; i-- > 0;) {
        if (outputs[i].name == name) found = i;
      }
      if (!found.has_value()) {
        return Error(ErrorCode::kUndefinedColumn, fmt::format("column \"{}\" does not exist", name))
            .at(item.expr->position);
      }
    }
    if (!found.has_value() && select.values.empty()) {
      return Error(ErrorCode::kFeatureNotSupported,
                   "invalid UNION/INTERSECT/EXCEPT ORDER BY clause")
          .with_detail("Only result column names can be used, not expressions or functions.")
          .at(item.expr->position);
    }
    if (!found.has_value()) {
      if (project == nullptr) {
        FromScope outputs;
        TRY_ASSIGN(input,
                   add_columns(std::move(input), {"*VALUES*", {}, {}, nullptr}, {}, 0, outputs));
        from_ = std::move(outputs);
        phase_ = Phase::kBase;
        clause_ = "ORDER BY";
        subqueries_allowed_ = false;
        project = make_projection(std::move(input), all);
      }
      TRY_ASSIGN(expr::NodePtr expression, bind_scalar(*item.expr));
      found = project->expressions.size();
      project->outputs.push_back({"order", expression->type});
      project->expressions.push_back(std::move(expression));
    }
    key.column = static_cast<uint32_t>(*found);
    const std::vector<OutputColumn>& outputs =
        project != nullptr ? project->outputs : input->outputs;
    TRY(expr::check_sortable(outputs[key.column].type, item.expr->position));
    sort.push_back(key);
  }
  LogicalPtr node =
      make_node(LogicalKind::kSort, project != nullptr ? std::move(project) : std::move(input));
  node->sort = std::move(sort);
  return node->width() == width ? std::move(node) : make_projection(std::move(node), all);
}

Result<LogicalPtr> QueryBinder::bind_limit(LogicalPtr input, const sql::SelectStmt& select) {
  if (select.limit == nullptr && select.offset == nullptr) return input;
  const auto has_subquery = [](const sql::Expr* expr) {
    return expr != nullptr && contains_subquery(*expr);
  };
  if (has_subquery(select.limit) || has_subquery(select.offset))
    return bind_limit_query(std::move(input), select);
  const Phase phase = std::exchange(phase_, Phase::kConstant);
  LogicalPtr node = make_node(LogicalKind::kLimit, std::move(input));
  const auto bind_count = [&](const sql::Expr* expr,
                              std::string_view clause) -> Result<expr::NodePtr> {
    if (expr == nullptr) return expr::NodePtr();
    clause_ = clause;
    expr::BindContext context = bind_context();
    TRY_ASSIGN(expr::NodePtr count, expr::bind(*expr, context));
    TRY_ASSIGN(count,
               expr::coerce(std::move(count), kInt8, type::CastContext::kAssignment, context));
    // LIMIT 10 is by far the most common; a folded constant lets the rules see it.
    TRY(expr::fold_constants(count, state_.context.eval));
    return count;
  };
  TRY_ASSIGN(node->limit, bind_count(select.limit, "LIMIT"));
  TRY_ASSIGN(node->offset, bind_count(select.offset, "OFFSET"));
  phase_ = phase;
  return node;
}

// Subqueries in LIMIT or OFFSET: both counts are the columns of a query of one row, which runs
// first.
Result<LogicalPtr> QueryBinder::bind_limit_query(LogicalPtr input, const sql::SelectStmt& select) {
  QueryBinder child(state_, parent_, common_tables_);
  TRY_ASSIGN(LogicalPtr row, child.bind_from({}));
  expr::BindContext context = child.bind_context();
  LogicalPtr counts = make_node(LogicalKind::kProject);
  for (const bool is_limit : {true, false}) {
    const sql::Expr* expr = is_limit ? select.limit : select.offset;
    child.clause_ = is_limit ? "LIMIT" : "OFFSET";
    expr::NodePtr count = expr::make_constant(type::Value::null(kInt8));
    if (expr != nullptr) {
      TRY_ASSIGN(count, expr::bind(*expr, context));
      TRY_ASSIGN(count,
                 expr::coerce(std::move(count), kInt8, type::CastContext::kAssignment, context));
    }
    counts->outputs.push_back({is_limit ? "limit" : "offset", kInt8});
    counts->expressions.push_back(std::move(count));
  }
  counts->children.push_back(child.wrap_applies(std::move(row), child.base_applies_));
  adopt_outer_references(child);
  LogicalPtr node = make_node(LogicalKind::kLimit, std::move(input));
  node->children.push_back(std::move(counts));
  return node;
}

Error not_updatable(const catalog::ViewDef& view, std::string_view verb) {
  if (view.materialized())
    return Error(ErrorCode::kWrongObjectType,
                 fmt::format("cannot change materialized view \"{}\"", view.name));
  return Error(ErrorCode::kObjectNotInState, fmt::format("cannot {} view \"{}\"", verb, view.name))
      .with_detail("Views are not updatable.")
      .with_hint("Change the tables that the view reads.");
}

Result<LogicalPtr> bind_query(const sql::SelectStmt& select, BindState& state) {
  QueryBinder binder(state, nullptr, nullptr);
  return binder.bind(select);
}

Result<LogicalPtr> bind_query_for(const sql::SelectStmt& select, std::span<const type::Type> types,
                                  BindState& state) {
  QueryBinder binder(state, nullptr, nullptr);
  return binder.bind_for(select, types);
}

Result<LogicalPtr> bind_values_as(const sql::SelectStmt& values,
                                  std::span<const AssignedColumn> columns, BindState& state) {
  QueryBinder binder(state, nullptr, nullptr);
  return binder.bind_values_as(values, columns);
}

}  // namespace rowan::plan
