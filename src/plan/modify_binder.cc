// UPDATE, DELETE and RETURNING: names over the changed table and those beside it.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "plan/query_binder.h"

namespace rowan::plan {

namespace {

constexpr type::Type kText = {type::TypeId::kText, -1};

}  // namespace

Result<void> check_assignable(std::string_view column, type::Type to, type::Type from,
                              uint32_t position) {
  if (from.id == type::TypeId::kUnknown ||
      type::can_cast(from.id, to.id, type::CastContext::kAssignment))
    return {};
  return Error(ErrorCode::kDatatypeMismatch,
               fmt::format("column \"{}\" is of type {} but expression is of type {}", column,
                           type::type_name(to), type::type_name(from)))
      .with_hint("You will need to rewrite or cast the expression.")
      .at(position);
}

Result<BoundModify> QueryBinder::bind_modify(const ModifyRequest& request) {
  TRY_ASSIGN(ResolvedTable resolved,
             state_.context.resolver.resolve(request.table, {}, std::nullopt));
  if (resolved.view != nullptr)
    return not_updatable(*resolved.view, "update").at(request.table.position);
  if (!resolved.table.has_value()) {
    return Error(ErrorCode::kWrongObjectType,
                 fmt::format("cannot change system view \"{}\"", request.table.name))
        .at(request.table.position);
  }
  BoundModify result;
  result.target = *resolved.table;
  sql::NamedTable target{
      {sql::TableRefKind::kTable, request.table.position}, request.table, {}, request.alias, {}};
  std::vector<sql::TableRef*> refs = {&target};
  refs.insert(refs.end(), request.from.begin(), request.from.end());
  // WITH names never hide the target, since there are none here.
  TRY_ASSIGN(LogicalPtr node, bind_from({refs.data(), refs.size()}));

  // The target is the leftmost scan: key and line go right behind its columns, so all that follows
  // moves by two.
  LogicalNode* scan = node.get();
  const auto width = static_cast<uint32_t>(result.target.table->columns.size());
  const std::vector<OutputColumn> hidden = {{"rowan_key", kText}, {"rowan_line", kText}};
  for (;;) {
    scan->outputs.insert(scan->outputs.begin() + width, hidden.begin(), hidden.end());
    if (scan->kind == LogicalKind::kScan) break;
    scan = scan->children[0].get();
  }
  scan->scan.with_key = true;
  result.scan = scan;
  const auto move_columns = [&](std::vector<VisibleColumn>& columns) {
    for (VisibleColumn& column : columns) {
      if (column.index >= width) column.index += 2;
    }
  };
  move_columns(from_.visible);
  for (FromTable& table : from_.tables) move_columns(table.columns);
  // Conditions of joins inside FROM count from their own left input, which does not hold the
  // target.
  base_width_ = static_cast<uint32_t>(node->width());

  if (request.where != nullptr) {
    TRY_ASSIGN(expr::NodePtr condition, bind_where(*request.where, "WHERE"));
    node = make_filter(wrap_applies(std::move(node), base_applies_), std::move(condition));
    base_width_ = static_cast<uint32_t>(node->width());
  }
  TRY_ASSIGN(std::vector<expr::NodePtr> expressions, bind_assigned(request));
  std::vector<uint32_t> read_of_others;
  TRY_ASSIGN(result.returning, bind_returning_items(request.returning, width, read_of_others));
  for (const uint32_t column : read_of_others) {
    result.returning.joined.push_back(node->outputs[column].type);
    expressions.push_back(expr::make_column(column, node->outputs[column].type));
  }
  node = wrap_applies(std::move(node), base_applies_);
  std::vector<uint32_t> kept(width + 2);
  for (size_t i = 0; i < kept.size(); ++i) kept[i] = static_cast<uint32_t>(i);
  node = make_projection(std::move(node), kept);
  for (expr::NodePtr& expression : expressions) {
    node->outputs.push_back({"expression", expression->type});
    node->expressions.push_back(std::move(expression));
  }
  result.root = std::move(node);
  return result;
}

// The values of SET, as their columns take them.
Result<std::vector<expr::NodePtr>> QueryBinder::bind_assigned(const ModifyRequest& request) {
  std::vector<expr::NodePtr> expressions;
  clause_ = "UPDATE";
  for (size_t i = 0; i < request.expressions.size(); ++i) {
    expr::BindContext context = bind_context();
    TRY_ASSIGN(expr::NodePtr value, expr::bind(*request.expressions[i], context));
    const AssignedColumn& to = request.assigned[i];
    TRY(check_assignable(to.name, to.type, value->type, request.expressions[i]->position));
    TRY_ASSIGN(value,
               expr::coerce(std::move(value), to.type, type::CastContext::kAssignment, context));
    expressions.push_back(std::move(value));
  }
  return expressions;
}

// RETURNING: a row as it was written, and beside it the other tables' row that it was joined with.
// `width`: of the target, whose key and line stand before the others' columns.
Result<Returning> QueryBinder::bind_returning_items(const sql::List<sql::SelectItem>& written,
                                                    uint32_t width,
                                                    std::vector<uint32_t>& read_of_others) {
  clause_ = "RETURNING";
  subqueries_allowed_ = false;
  TRY_ASSIGN(std::vector<OutputItem> items, bind_items(written));
  Returning result;
  std::vector<uint32_t> columns;
  const catalog::TableDef& target = *from_.tables.front().definition;
  const auto relation =
      std::make_shared<const RelationName>(RelationName{target.schema, target.name});
  for (OutputItem& item : items) {
    expr::collect_columns(*item.node, columns);
    OutputColumn& output = result.outputs.emplace_back();
    output.name = std::move(item.name);
    output.type = item.node->type;
    if (item.node->kind == expr::NodeKind::kColumn && item.node->column < target.columns.size()) {
      output.relation = relation;
      output.number = static_cast<uint16_t>(item.node->column + 1);
    }
    result.nodes.push_back(std::move(item.node));
  }
  std::sort(columns.begin(), columns.end());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  std::vector<uint32_t> places(width);
  std::iota(places.begin(), places.end(), 0u);
  for (const uint32_t column : columns) {
    if (column < width) continue;
    places.resize(column + 1, 0);
    places[column] = width + static_cast<uint32_t>(read_of_others.size());
    read_of_others.push_back(column);
  }
  for (expr::NodePtr& node : result.nodes) expr::remap_columns(*node, places);
  return result;
}

Result<Returning> QueryBinder::bind_returning(const sql::QualifiedName& table,
                                              std::string_view alias,
                                              const sql::List<sql::SelectItem>& items) {
  sql::NamedTable target{{sql::TableRefKind::kTable, table.position}, table, {}, alias, {}};
  sql::TableRef* refs[] = {&target};
  TRY_ASSIGN(const LogicalPtr node, bind_from({refs, 1}));
  std::vector<uint32_t> read_of_others;
  return bind_returning_items(items, static_cast<uint32_t>(node->width()), read_of_others);
}

Result<Returning> bind_returning(const sql::QualifiedName& table, std::string_view alias,
                                 const sql::List<sql::SelectItem>& items, BindState& state) {
  QueryBinder binder(state, nullptr, nullptr);
  return binder.bind_returning(table, alias, items);
}

Result<BoundModify> bind_modify(const ModifyRequest& request, BindState& state) {
  QueryBinder binder(state, nullptr, nullptr);
  return binder.bind_modify(request);
}

}  // namespace rowan::plan
