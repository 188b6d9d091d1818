// FROM: tables, subqueries, functions and joins, and the names they offer.
#include <fmt/format.h>

#include <algorithm>

#include "base/deep_stack.h"
#include "base/limits.h"
#include "catalog/names.h"
#include "expr/constant.h"
#include "expr/resolve.h"
#include "plan/query_binder.h"

namespace rowan::plan {

namespace {

// A timestamp's value in µs since 1970. The infinities, and what is as far away, are the ends.
int64_t since_1970(int64_t since_2000) {
  constexpr int64_t kPostgresEpochUs = 946'684'800'000'000;  // 2000-01-01.
  if (since_2000 == INT64_MIN) return INT64_MIN;
  if (since_2000 >= INT64_MAX - kPostgresEpochUs) return INT64_MAX;
  return since_2000 + kPostgresEpochUs;
}

LogicalPtr one_empty_row() {
  LogicalPtr node = make_node(LogicalKind::kValues);
  node->values.emplace_back();
  return node;
}

LogicalPtr cross_join(LogicalPtr left, LogicalPtr right, sql::JoinKind kind) {
  LogicalPtr node = make_node(LogicalKind::kJoin, std::move(left));
  node->join = kind;
  node->outputs.insert(node->outputs.end(), right->outputs.begin(), right->outputs.end());
  node->children.push_back(std::move(right));
  return node;
}

Result<void> check_aliases(const FromScope& left, const FromScope& right, uint32_t position) {
  for (const FromTable& a : left.tables) {
    for (const FromTable& b : right.tables) {
      if (!a.alias.empty() && a.alias == b.alias && a.schema == b.schema) {
        return Error(ErrorCode::kDuplicateAlias,
                     fmt::format("table name \"{}\" specified more than once", b.alias))
            .at(position);
      }
    }
  }
  return {};
}

void shift_scope(FromScope& scope, uint32_t by) {
  for (VisibleColumn& column : scope.visible) column.index += by;
  for (FromTable& table : scope.tables) {
    for (VisibleColumn& column : table.columns) column.index += by;
  }
}

void append_scope(FromScope& scope, FromScope&& more) {
  std::move(more.tables.begin(), more.tables.end(), std::back_inserter(scope.tables));
  std::move(more.visible.begin(), more.visible.end(), std::back_inserter(scope.visible));
}

// The one column of a side that USING names.
Result<VisibleColumn> using_column(const FromScope& scope, const std::string& name,
                                   std::string_view side, uint32_t position) {
  const VisibleColumn* found = nullptr;
  for (const VisibleColumn& column : scope.visible) {
    if (column.name != name) continue;
    if (found != nullptr) {
      return Error(ErrorCode::kAmbiguousColumn,
                   fmt::format("common column name \"{}\" appears more than once in {} table", name,
                               side))
          .at(position);
    }
    found = &column;
  }
  if (found == nullptr) {
    return Error(ErrorCode::kUndefinedColumn,
                 fmt::format("column \"{}\" specified in USING clause does not exist in {} table",
                             name, side))
        .at(position);
  }
  return *found;
}

expr::NodePtr coalesce(expr::NodePtr left, expr::NodePtr right) {
  auto node = std::make_unique<expr::Node>();
  node->kind = expr::NodeKind::kCoalesce;
  node->type = left->type;
  node->children.push_back(std::move(left));
  node->children.push_back(std::move(right));
  return node;
}

// WITH ORDINALITY: the rows of a function, counted in a last column.
class NumberedTable final : public VirtualTable {
 public:
  explicit NumberedTable(std::shared_ptr<const VirtualTable> inner)
      : inner_(std::move(inner)), columns_(inner_->columns()) {
    columns_.push_back({"ordinality", {type::TypeId::kInt8, -1}});
  }
  const std::vector<OutputColumn>& columns() const override { return columns_; }
  bool cacheable() const override { return inner_->cacheable(); }
  Result<std::vector<type::Batch>> rows(const std::vector<type::Value>& arguments,
                                        const expr::EvalContext& context) const override {
    TRY_ASSIGN(const auto stream, inner_->open(arguments, context));
    std::vector<type::Batch> batches;
    if (stream == nullptr) {
      TRY_ASSIGN(batches, inner_->rows(arguments, context));
    } else {
      for (type::Batch batch;;) {
        TRY_ASSIGN(const bool more, stream->next(batch));
        if (!more) break;
        batches.push_back(std::move(batch));
        batch = {};
      }
    }
    int64_t row = 0;
    for (type::Batch& batch : batches) {
      type::ColumnBuilder numbers(columns_.back().type, batch.rows);
      for (size_t i = 0; i < batch.rows; ++i) numbers.append_int(++row);
      batch.columns.push_back(numbers.finish());
    }
    return batches;
  }

 private:
  std::shared_ptr<const VirtualTable> inner_;
  std::vector<OutputColumn> columns_;
};

}  // namespace

Result<LogicalPtr> QueryBinder::bind_from(const sql::List<sql::TableRef*>& from) {
  LogicalPtr result;
  FromScope scope;
  if (from.size() > kFromTablesMax) {
    return Error(ErrorCode::kStatementTooComplex,
                 fmt::format("FROM names more than {} tables", kFromTablesMax))
        .at(from[0]->position);
  }
  for (const sql::TableRef* ref : from) {
    FromScope right;
    TRY_ASSIGN(LogicalPtr node, bind_table_ref(*ref, right));
    if (result == nullptr) {
      result = std::move(node);
      scope = std::move(right);
      continue;
    }
    TRY(check_aliases(scope, right, ref->position));
    shift_scope(right, static_cast<uint32_t>(result->width()));
    result = cross_join(std::move(result), std::move(node), sql::JoinKind::kCross);
    append_scope(scope, std::move(right));
  }
  if (result == nullptr) result = one_empty_row();
  from_ = std::move(scope);
  phase_ = Phase::kBase;
  base_width_ = static_cast<uint32_t>(result->width());
  return result;
}

Result<LogicalPtr> QueryBinder::bind_table_ref(const sql::TableRef& ref, FromScope& scope) {
  if (++state_.depth > nesting_limits().queries) {
    return Error(ErrorCode::kStatementTooComplex, "query is nested too deeply");
  }
  Result<LogicalPtr> result = [&]() -> Result<LogicalPtr> {
    switch (ref.kind) {
      case sql::TableRefKind::kTable:
        return bind_named_table(static_cast<const sql::NamedTable&>(ref), scope);
      case sql::TableRefKind::kSubquery:
        return bind_subquery_table(static_cast<const sql::SubqueryTable&>(ref), scope);
      case sql::TableRefKind::kFunction:
        return bind_function_table(static_cast<const sql::FunctionTable&>(ref), scope);
      case sql::TableRefKind::kJoin:
        return bind_join(static_cast<const sql::JoinTable&>(ref), scope);
    }
    return Error(ErrorCode::kInternal, "unknown kind of FROM item");
  }();
  --state_.depth;
  return result;
}

// Those of a view of the catalogue, which only a name reaches.
void hide_table_oids(FromScope& scope) {
  const auto hide = [](std::vector<VisibleColumn>& columns) {
    for (VisibleColumn& column : columns) column.is_hidden = column.name == catalog::kTableOidColumn;
  };
  hide(scope.visible);
  hide(scope.tables.back().columns);
}

// Gives the node's columns their names in `scope`; column aliases rename from the left.
Result<LogicalPtr> QueryBinder::add_columns(LogicalPtr node, FromTable table,
                                            const sql::List<std::string_view>& aliases,
                                            uint32_t position, FromScope& scope) {
  const size_t available =
      table.definition != nullptr ? table.definition->columns.size() : node->outputs.size();
  if (aliases.size() > available) {
    return Error(ErrorCode::kInvalidColumnReference,
                 fmt::format("table \"{}\" has {} columns available but {} columns specified",
                             table.alias, available, aliases.size()))
        .at(position);
  }
  for (size_t i = 0; i < available; ++i) {
    if (i < aliases.size()) node->outputs[i].name = aliases[i];
    table.columns.push_back(
        {node->outputs[i].name, node->outputs[i].type, static_cast<uint32_t>(i)});
  }
  scope.visible = table.columns;
  scope.tables.push_back(std::move(table));
  return node;
}

Result<ResolvedTable> QueryBinder::resolve_table(const sql::NamedTable& table) {
  Resolver& resolver = state_.context.resolver;
  if (table.as_of.kind == sql::AsOfKind::kNone)
    return resolver.resolve(table.name, state_.view_revision, std::nullopt);
  // A revision such as 'HEAD~1' names another commit tomorrow, so a plan that read one is not kept.
  state_.cacheable = false;
  if (table.as_of.kind != sql::AsOfKind::kRevision && table.as_of.kind != sql::AsOfKind::kTimestamp)
    return resolve_versions(table);
  const Phase phase = std::exchange(phase_, Phase::kConstant);
  clause_ = "AS OF";
  const bool timestamp = table.as_of.kind == sql::AsOfKind::kTimestamp;
  expr::BindContext context = bind_context();
  TRY_ASSIGN(expr::NodePtr node, expr::bind(*table.as_of.value, context));
  const type::Type wanted = {timestamp ? type::TypeId::kTimestamptz : type::TypeId::kText, -1};
  TRY_ASSIGN(node, expr::coerce(std::move(node), wanted, type::CastContext::kAssignment, context));
  phase_ = phase;
  TRY_ASSIGN(const auto value, expr::evaluate_given(*node, state_.context.eval));
  if (!value) return resolver.resolve(table.name, "HEAD", std::nullopt);  // As long as it is not known.
  if (value->is_null())
    return Error(ErrorCode::kInvalidParameterValue, "AS OF must not be null")
        .at(table.as_of.value->position);
  if (timestamp) return resolver.resolve(table.name, {}, since_1970(value->as_int()));
  if (value->as_string().empty())
    return Error(ErrorCode::kInvalidParameterValue, "a revision must not be empty")
        .at(table.as_of.value->position);
  return resolver.resolve(table.name, value->as_string(), std::nullopt);
}

// A time of FOR SYSTEM_TIME in µs since 1970; nothing for no expression.
Result<std::optional<int64_t>> QueryBinder::system_time(const sql::Expr* value) {
  if (value == nullptr) return std::optional<int64_t>();
  const Phase phase = std::exchange(phase_, Phase::kConstant);
  clause_ = "FOR SYSTEM_TIME";
  expr::BindContext context = bind_context();
  TRY_ASSIGN(expr::NodePtr node, expr::bind(*value, context));
  TRY_ASSIGN(node, expr::coerce(std::move(node), {type::TypeId::kTimestamptz, -1},
                                type::CastContext::kAssignment, context));
  phase_ = phase;
  TRY_ASSIGN(const auto time, expr::evaluate_given(*node, state_.context.eval));
  if (!time) return std::optional<int64_t>();
  if (time->is_null())
    return Error(ErrorCode::kInvalidParameterValue, "FOR SYSTEM_TIME must not be null")
        .at(value->position);
  return std::optional<int64_t>(since_1970(time->as_int()));
}

Result<ResolvedTable> QueryBinder::resolve_versions(const sql::NamedTable& table) {
  TimeRange range;
  TRY_ASSIGN(range.from_us, system_time(table.as_of.value));
  TRY_ASSIGN(range.to_us, system_time(table.as_of.until));
  range.to_inclusive = table.as_of.kind == sql::AsOfKind::kBetween;
  ResolvedTable resolved;
  TRY_ASSIGN(resolved.virtual_table, state_.context.resolver.resolve_versions(table.name, range));
  return resolved;
}

// A query in WITH stands wherever it is named. One that is volatile and named more than once has to
// give the same rows everywhere, so it runs once. One that reads an outer row runs for each of these
// anyway, and stands in each place.
Result<LogicalPtr> QueryBinder::bind_common_table(const CommonTableScope& common) {
  std::shared_ptr<const VirtualTable>& shared = state_.shared[common.table];
  if (shared == nullptr) {
    TRY_ASSIGN(LogicalPtr node, bind_child(*common.table->select, common.next));
    const bool shares = state_.named_again.contains(common.table) && has_volatile(*node) &&
                        !has_outer_values(*node);
    if (!shares) return node;
    TRY_ASSIGN(Plan plan, finish_plan(std::move(node), state_));
    state_.shared_effects.add(plan.effects);
    TRY_ASSIGN(shared, state_.context.resolver.run_once(std::move(plan)));
    state_.cacheable = false;  // The rows are of this run.
  }
  LogicalPtr node = make_node(LogicalKind::kVirtual);
  node->outputs = shared->columns();
  node->virtual_table = shared;
  node->virtual_name = common.table->name;
  return node;
}

Result<LogicalPtr> QueryBinder::bind_named_table(const sql::NamedTable& table, FromScope& scope) {
  FromTable entry;
  entry.alias = table.alias.empty() ? table.name.name : table.alias;
  if (table.name.schema.empty() && table.as_of.kind == sql::AsOfKind::kNone) {
    for (const CommonTableScope* common = common_tables_; common != nullptr;
         common = common->next) {
      if (common->table->name != table.name.name) continue;
      if (++state_.with_references > kWithReferencesMax) {
        return Error(ErrorCode::kStatementTooComplex,
                     "the queries in WITH refer to one another too often")
            .at(table.position);
      }
      TRY_ASSIGN(LogicalPtr node, bind_common_table(*common));
      FromScope inner;
      TRY_ASSIGN(node, add_columns(std::move(node), {entry.alias, {}, {}, nullptr},
                                   common->table->columns, table.position, inner));
      return add_columns(std::move(node), std::move(entry), table.column_aliases, table.position,
                         scope);
    }
  }
  TRY_ASSIGN(ResolvedTable resolved, resolve_table(table));
  if (resolved.virtual_table != nullptr) {
    LogicalPtr node = make_node(LogicalKind::kVirtual);
    node->outputs = resolved.virtual_table->columns();
    node->virtual_table = std::move(resolved.virtual_table);
    node->virtual_name = table.name.name;
    return add_columns(std::move(node), std::move(entry), table.column_aliases, table.position,
                       scope);
  }
  if (resolved.view != nullptr && !resolved.view->materialized()) {
    TRY_ASSIGN(LogicalPtr node, bind_view(table, resolved));
    if (table.alias.empty()) entry.schema = resolved.view->schema;
    TRY_ASSIGN(node, add_columns(std::move(node), std::move(entry), table.column_aliases,
                                 table.position, scope));
    if (catalog::is_system_schema(resolved.view->schema)) hide_table_oids(scope);
    return node;
  }
  if (resolved.view != nullptr && !resolved.view->populated) {
    return Error(
               ErrorCode::kObjectNotInState,
               fmt::format("materialized view \"{}\" has not been populated", resolved.view->name))
        .with_hint("Use the REFRESH MATERIALIZED VIEW command.");
  }
  LogicalPtr node = make_node(LogicalKind::kScan);
  node->scan.materialized = resolved.view != nullptr;
  entry.definition = resolved.table->table;
  if (table.alias.empty()) entry.schema = entry.definition->schema;
  node->scan.table = std::move(*resolved.table);
  node->scan.historical = resolved.historical;
  node->scan.alias = entry.alias;
  const auto& columns = entry.definition->columns;
  const auto relation = std::make_shared<const RelationName>(
      RelationName{entry.definition->schema, entry.definition->name});
  for (size_t i = 0; i < columns.size(); ++i) {
    node->scan.columns.push_back(static_cast<uint16_t>(i));
    node->outputs.push_back(
        {columns[i].name, columns[i].type, relation, static_cast<uint16_t>(i + 1)});
  }
  node->scan.output_columns = columns.size();
  return add_columns(std::move(node), std::move(entry), table.column_aliases, table.position,
                     scope);
}

// A view's query in place of its name. What it reads is of the view's revision, unless a name in it
// has one of its own.
Result<LogicalPtr> QueryBinder::bind_view(const sql::NamedTable& table,
                                          const ResolvedTable& resolved) {
  const catalog::ViewDef& view = *resolved.view;
  if (++state_.view_references > kWithReferencesMax) {
    return Error(ErrorCode::kStatementTooComplex, "views refer to one another too often")
        .at(table.position);
  }
  const std::string path = view.path() + "@" + resolved.commit.hex();
  if (std::find(state_.open_views.begin(), state_.open_views.end(), path) !=
      state_.open_views.end()) {
    return Error(ErrorCode::kInvalidObjectDefinition,
                 fmt::format("infinite recursion detected in rules for relation \"{}\"", view.name))
        .at(table.position);
  }
  auto parsed = sql::parse_statement(view.query_sql);
  if (!parsed) return std::move(parsed.error()).at(table.position);
  if (parsed->statement->kind != sql::StatementKind::kSelect)
    return Error(ErrorCode::kInvalidContent, fmt::format("view \"{}\" is no query", view.name));
  state_.view_queries.push_back(std::make_unique<sql::ParsedStatement>(std::move(*parsed)));
  const auto& select = static_cast<const sql::SelectStmt&>(*state_.view_queries.back()->statement);
  std::string revision = std::exchange(state_.view_revision,
                                       resolved.historical ? resolved.commit.hex() : std::string());
  std::vector<StarColumns>* stars = std::exchange(state_.context.stars, nullptr);
  state_.open_views.push_back(path);
  QueryBinder binder(state_, nullptr, nullptr);
  Result<LogicalPtr> node = binder.bind(select);
  state_.open_views.pop_back();
  state_.context.stars = stars;
  state_.view_revision = std::move(revision);
  // Positions count in the view's text, not in the statement's.
  if (!node) return std::move(node.error()).at(table.position);
  if ((*node)->width() != view.columns.size()) {
    return Error(ErrorCode::kInvalidContent,
                 fmt::format("view \"{}\" names {} columns, its query gives {}", view.name,
                             view.columns.size(), (*node)->width()));
  }
  const auto relation = std::make_shared<const RelationName>(RelationName{view.schema, view.name});
  for (size_t i = 0; i < view.columns.size(); ++i) {
    OutputColumn& output = (*node)->outputs[i];
    output.name = view.columns[i];
    output.relation = relation;
    output.number = static_cast<uint16_t>(i + 1);
  }
  return node;
}

Result<LogicalPtr> QueryBinder::bind_subquery_table(const sql::SubqueryTable& table,
                                                    FromScope& scope) {
  TRY_ASSIGN(LogicalPtr node, bind_child(*table.select, common_tables_));
  FromTable entry;
  entry.alias = table.alias;
  return add_columns(std::move(node), std::move(entry), table.column_aliases, table.position,
                     scope);
}

namespace {

// Whether the table of functions has it: some row of the name gives rows, or would with OVER.
bool is_of_table(const sql::CallExpr& call) {
  if (!call.schema.empty() && call.schema != "pg_catalog") return false;
  const auto rows = expr::functions_named(call.name);
  return std::any_of(rows.begin(), rows.end(), [](const expr::Function* function) {
    return function->kind() == expr::FunctionKind::kSet ||
           function->kind() == expr::FunctionKind::kWindow;
  });
}

// The rows of a function of the table.
class FunctionRows final : public VirtualTable {
 public:
  FunctionRows(const expr::ResolvedCall& call, std::string_view name) : call_(call) {
    for (const auto& [column, type] : call.function->traits.columns) {
      columns_.push_back({std::string(column),
                          type.any == expr::Any::kNo ? type::Type{type.id} : call.result});
    }
    if (columns_.empty()) columns_.push_back({std::string(name), call.result});
    for (const OutputColumn& column : columns_) types_.push_back(column.type);
  }
  const std::vector<OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const std::vector<type::Value>& arguments,
                                        const expr::EvalContext& context) const override {
    TRY_ASSIGN(const std::unique_ptr<VirtualRows> rows, open(arguments, context));
    std::vector<type::Batch> batches;
    for (;;) {
      type::Batch batch;
      TRY_ASSIGN(const bool more, rows->next(batch));
      if (!more) return batches;
      batches.push_back(std::move(batch));
    }
  }
  Result<std::unique_ptr<VirtualRows>> open(const std::vector<type::Value>& arguments,
                                            const expr::EvalContext& context) const override {
    const bool has_null = std::any_of(arguments.begin(), arguments.end(),
                                      [](const type::Value& value) { return value.is_null(); });
    if (has_null && call_.function->traits.strict)
      return std::unique_ptr<VirtualRows>(std::make_unique<Given>(nullptr));
    TRY_ASSIGN(auto rows, call_.function->body.make_rows({arguments, types_, context}));
    return std::unique_ptr<VirtualRows>(std::make_unique<Given>(std::move(rows)));
  }

 private:
  class Given final : public VirtualRows {
   public:
    explicit Given(std::unique_ptr<expr::SetRows> rows) : rows_(std::move(rows)) {}
    Result<bool> next(type::Batch& batch) override {
      return rows_ == nullptr ? Result<bool>(false) : rows_->next(batch);
    }

   private:
    std::unique_ptr<expr::SetRows> rows_;  // nullptr: none.
  };

  const expr::ResolvedCall call_;
  std::vector<OutputColumn> columns_;
  std::vector<type::Type> types_;
};

}  // namespace

Result<LogicalPtr> QueryBinder::bind_function_table(const sql::FunctionTable& table,
                                                    FromScope& scope) {
  const Phase phase = std::exchange(phase_, Phase::kConstant);
  clause_ = "functions in FROM";
  const bool of_table = is_of_table(*table.call);
  LogicalPtr node = make_node(LogicalKind::kVirtual);
  std::vector<type::Type> types;
  std::vector<std::optional<type::Value>> known;
  expr::BindContext context = bind_context();
  std::vector<expr::NodePtr> arguments;
  for (const sql::Expr* argument : table.call->arguments) {
    TRY_ASSIGN(expr::NodePtr bound, expr::bind(*argument, context));
    arguments.push_back(std::move(bound));
  }
  if (!table.call->names.empty()) {
    const auto places = of_table ? std::optional<expr::PlacedArguments>()
                                 : state_.context.resolver.place_arguments(*table.call);
    TRY_ASSIGN(arguments, expr::in_places(*table.call, places, std::move(arguments), context));
  }
  for (expr::NodePtr& bound : arguments) {
    if (of_table) {  // Its types are known below.
      types.push_back(bound->type);
      node->expressions.push_back(std::move(bound));
      continue;
    }
    if (bound->type.id == type::TypeId::kUnknown) {
      TRY_ASSIGN(bound, expr::coerce(std::move(bound), {type::TypeId::kText, -1},
                                     type::CastContext::kImplicit, context));
    }
    types.push_back(bound->type);
    auto value = expr::evaluate_given(*bound, state_.context.eval);
    known.push_back(value ? std::move(*value) : std::nullopt);
    // What it gives may follow from a value of this run.
    if (known.back() && expr::has_parameter(*bound)) state_.cacheable = false;
    node->expressions.push_back(std::move(bound));
  }
  phase_ = phase;
  if (of_table) {
    TRY_ASSIGN(const expr::ResolvedCall call, expr::resolve_function(table.call->name, types, false,
                                                                     table.call->position));
    if (call.function->kind() == expr::FunctionKind::kWindow)
      return expr::needs_over(*call.function, table.call->position);
    for (size_t i = 0; i < node->expressions.size(); ++i) {
      expr::NodePtr& argument = node->expressions[i];
      if (argument->type.id == call.arguments[i].id) continue;
      TRY_ASSIGN(argument, expr::coerce(std::move(argument), call.arguments[i],
                                        type::CastContext::kImplicit, context));
    }
    node->virtual_table = std::make_shared<FunctionRows>(call, table.call->name);
  } else {
    TRY_ASSIGN(node->virtual_table,
               state_.context.resolver.resolve_call(*table.call, types, known));
  }
  if (!node->virtual_table->cacheable()) state_.cacheable = false;
  const bool one = node->virtual_table->columns().size() == 1;
  if (table.with_ordinality)
    node->virtual_table = std::make_shared<NumberedTable>(std::move(node->virtual_table));
  node->virtual_name = table.call->name;
  node->outputs = node->virtual_table->columns();
  FromTable entry;
  entry.alias = table.alias.empty() ? table.call->name : table.alias;
  // A function that gives one column named after itself lends it the alias: `generate_series(1, 3)
  // AS n` has a column n.
  if (one && node->outputs[0].name == table.call->name)
    node->outputs[0].name = entry.alias;
  return add_columns(std::move(node), std::move(entry), table.column_aliases, table.position,
                     scope);
}

Result<LogicalPtr> QueryBinder::bind_join(const sql::JoinTable& join, FromScope& scope) {
  FromScope left, right;
  TRY_ASSIGN(LogicalPtr left_node, bind_table_ref(*join.left, left));
  TRY_ASSIGN(LogicalPtr right_node, bind_table_ref(*join.right, right));
  TRY(check_aliases(left, right, join.right->position));
  shift_scope(right, static_cast<uint32_t>(left_node->width()));
  LogicalPtr node = cross_join(std::move(left_node), std::move(right_node), join.join);

  std::vector<std::string> names(join.using_columns.begin(), join.using_columns.end());
  if (join.natural) {
    for (const VisibleColumn& column : left.visible) {
      if (column.is_hidden) continue;
      const bool common = std::any_of(right.visible.begin(), right.visible.end(),
                                      [&](const auto& other) { return other.name == column.name; });
      if (common) names.push_back(column.name);
    }
  }
  if (!names.empty()) return bind_using(join, std::move(node), left, right, names, scope);

  append_scope(scope, std::move(left));
  append_scope(scope, std::move(right));
  return join.on == nullptr ? std::move(node) : bind_join_condition(join, std::move(node), scope);
}

Result<LogicalPtr> QueryBinder::bind_join_condition(const sql::JoinTable& join, LogicalPtr node,
                                                    const FromScope& scope) {
  const auto width = static_cast<uint32_t>(node->width());
  FromScope outside = std::exchange(from_, scope);
  const Phase phase = std::exchange(phase_, Phase::kBase);
  // An inner join tests its condition behind the join, where a subquery can add its column. Outer
  // joins cannot.
  const bool subqueries = std::exchange(subqueries_allowed_, join.join == sql::JoinKind::kInner);
  const uint32_t base_width = std::exchange(base_width_, width);
  Result<expr::NodePtr> condition = bind_where(*join.on, "JOIN conditions");
  from_ = std::move(outside);
  phase_ = phase;
  subqueries_allowed_ = subqueries;
  base_width_ = base_width;
  if (!condition) return std::move(condition).error();
  if (base_applies_.empty()) {
    node->condition = std::move(*condition);
    return node;
  }
  std::vector<uint32_t> own(width);
  for (uint32_t i = 0; i < width; ++i) own[i] = i;
  node->join = sql::JoinKind::kCross;
  return make_projection(
      make_filter(wrap_applies(std::move(node), base_applies_), std::move(*condition)), own);
}

// USING and NATURAL: the named columns come first and once; `t.c` still reaches each side's own.
Result<LogicalPtr> QueryBinder::bind_using(const sql::JoinTable& join, LogicalPtr node,
                                           const FromScope& left, const FromScope& right,
                                           const std::vector<std::string>& names,
                                           FromScope& scope) {
  std::vector<expr::NodePtr> conditions;
  std::vector<expr::NodePtr> merged;  // Only for FULL: COALESCE of both sides.
  expr::BindContext context = bind_context();
  for (const std::string& name : names) {
    TRY_ASSIGN(const VisibleColumn a, using_column(left, name, "left", join.position));
    TRY_ASSIGN(const VisibleColumn b, using_column(right, name, "right", join.position));
    const type::Type types[] = {a.type, b.type};
    TRY_ASSIGN(const type::Type common, expr::common_type(types, "JOIN/USING", join.position));
    const auto side = [&](const VisibleColumn& column) {
      return expr::coerce(expr::make_column(column.index, column.type), common,
                          type::CastContext::kImplicit, context);
    };
    TRY_ASSIGN(expr::NodePtr x, side(a));
    TRY_ASSIGN(expr::NodePtr y, side(b));
    if (join.join == sql::JoinKind::kFull) merged.push_back(coalesce(x->clone(), y->clone()));
    const type::Type operand_types[] = {x->type, y->type};
    auto equals = std::make_unique<expr::Node>();
    equals->kind = expr::NodeKind::kCall;
    equals->type = {type::TypeId::kBool, -1};
    TRY_ASSIGN(const expr::ResolvedCall equality,
               expr::resolve_function("=", operand_types, true, join.position));
    equals->function = equality.function;
    equals->children.push_back(std::move(x));
    equals->children.push_back(std::move(y));
    conditions.push_back(std::move(equals));
    VisibleColumn column = join.join == sql::JoinKind::kRight ? b : a;
    if (join.join == sql::JoinKind::kFull) {
      column = {name, common, static_cast<uint32_t>(node->width() + merged.size() - 1)};
    }
    scope.visible.push_back(std::move(column));
  }
  const auto add_rest = [&](const FromScope& side) {
    for (const VisibleColumn& column : side.visible) {
      if (std::find(names.begin(), names.end(), column.name) == names.end())
        scope.visible.push_back(column);
    }
    scope.tables.insert(scope.tables.end(), side.tables.begin(), side.tables.end());
  };
  add_rest(left);
  add_rest(right);
  node->condition = join_conjuncts(std::move(conditions));
  if (node->join == sql::JoinKind::kCross) node->join = sql::JoinKind::kInner;
  if (merged.empty()) return node;
  std::vector<uint32_t> all(node->width());
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint32_t>(i);
  LogicalPtr project = make_projection(std::move(node), all);
  for (size_t i = 0; i < merged.size(); ++i) {
    project->outputs.push_back(output_of(names[i], *merged[i], project->children[0]->outputs));
    project->expressions.push_back(std::move(merged[i]));
  }
  return project;
}

}  // namespace rowan::plan
