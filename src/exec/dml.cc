#include "exec/dml.h"

#include <fmt/format.h>

#include <optional>
#include <unordered_set>

#include "exec/build.h"
#include "exec/foreign_keys.h"
#include "exec/point.h"
#include "sql/parser.h"
#include "type/cast.h"

namespace rowan::exec {

namespace {

using type::CastContext;
using type::Value;

// The columns of one table, for RETURNING.
class TableScope final : public expr::Scope {
 public:
  TableScope(const catalog::TableDef& table, std::string_view alias) : table_(table), alias_(alias) {}

  Result<expr::NodePtr> resolve_column(const sql::ColumnExpr& column) override {
    if (!column.table.empty() && column.table != (alias_.empty() ? std::string_view(table_.name) : alias_)) {
      return Error(ErrorCode::kUndefinedTable, fmt::format("missing FROM-clause entry for table \"{}\"", column.table)).at(column.position);
    }
    const auto index = table_.find_column(column.column);
    if (!index) {
      return Error(ErrorCode::kUndefinedColumn, fmt::format("column \"{}\" does not exist", column.column)).at(column.position);
    }
    return expr::make_column(*index, table_.columns[*index].type);
  }
  std::string_view clause() const override { return "RETURNING"; }

 private:
  const catalog::TableDef& table_;
  std::string_view alias_;
};

// A scope without any column: VALUES and DEFAULT.
class EmptyScope final : public expr::Scope {
 public:
  explicit EmptyScope(std::string_view clause) : clause_(clause) {}
  Result<expr::NodePtr> resolve_column(const sql::ColumnExpr& column) override {
    if (clause_ == "DEFAULT expressions") {
      return Error(ErrorCode::kFeatureNotSupported, "cannot use column reference in DEFAULT expression").at(column.position);
    }
    return Error(ErrorCode::kUndefinedColumn, fmt::format("column \"{}\" does not exist", column.column)).at(column.position);
  }
  std::string_view clause() const override { return clause_; }

 private:
  std::string_view clause_;
};

Result<plan::ResolvedTable> resolve_target(const sql::QualifiedName& name, plan::PlanContext& context) {
  TRY_ASSIGN(plan::ResolvedTable resolved, context.resolver.resolve(name, "", std::nullopt));
  if (!resolved.table) {
    return Error(ErrorCode::kWrongObjectType, fmt::format("cannot change \"{}\": it is a system view", name.name)).at(name.position);
  }
  return resolved;
}

Error undefined_target_column(const catalog::TableDef& table, std::string_view column, uint32_t position) {
  return Error(ErrorCode::kUndefinedColumn, fmt::format("column \"{}\" of relation \"{}\" does not exist", column, table.name)).at(position);
}

Result<void> bind_returning(const sql::List<sql::SelectItem>& items, const catalog::TableDef& table, std::string_view alias,
                            plan::PlanContext& context, std::vector<plan::OutputColumn>& outputs, std::vector<expr::NodePtr>& nodes) {
  TableScope scope(table, alias);
  expr::BindContext bind{scope, context.parameters, {}};
  for (const sql::SelectItem& item : items) {
    if (item.expr->kind == sql::ExprKind::kStar) {
      for (size_t i = 0; i < table.columns.size(); ++i) {
        outputs.push_back({table.columns[i].name, table.columns[i].type});
        nodes.push_back(expr::make_column(static_cast<uint32_t>(i), table.columns[i].type));
      }
      continue;
    }
    TRY_ASSIGN(expr::NodePtr node, expr::bind(*item.expr, bind));
    const std::string_view name = item.alias.empty() ? expr::output_name(*item.expr) : item.alias;
    outputs.push_back({std::string(name), node->type});
    nodes.push_back(std::move(node));
  }
  return {};
}

// Collects the rows that RETURNING shows.
class ReturningRows {
 public:
  ReturningRows(const catalog::TableDef& table, const std::vector<expr::NodePtr>& nodes) : nodes_(nodes) {
    if (nodes_.empty()) return;
    for (const catalog::ColumnDef& column : table.columns) builders_.emplace_back(column.type);
  }
  void add(const std::vector<Value>& row) {
    for (size_t i = 0; i < builders_.size(); ++i) builders_[i].append(row[i]);
    rows_ += builders_.empty() ? 0 : 1;
  }
  Result<void> finish(const expr::EvalContext& context, DmlOutcome& outcome) {
    if (rows_ == 0) return {};
    type::Batch input;
    input.rows = rows_;
    for (type::ColumnBuilder& builder : builders_) input.columns.push_back(builder.finish());
    type::Batch output;
    output.rows = rows_;
    for (const expr::NodePtr& node : nodes_) {
      TRY_ASSIGN(type::Column column, expr::evaluate(*node, input, context));
      output.columns.push_back(std::move(column));
    }
    outcome.returning.push_back(std::move(output));
    return {};
  }

 private:
  const std::vector<expr::NodePtr>& nodes_;
  std::vector<type::ColumnBuilder> builders_;
  size_t rows_ = 0;
};

class InsertPlan final : public DmlPlan {
 public:
  static Result<std::unique_ptr<DmlPlan>> make(const sql::InsertStmt& statement, plan::PlanContext& context) {
    auto plan = std::make_unique<InsertPlan>();
    TRY_ASSIGN(const plan::ResolvedTable target, resolve_target(statement.table, context));
    plan->table_ = target.table->table;
    const catalog::TableDef& table = *plan->table_;
    for (const std::string_view name : statement.columns) {
      const auto index = table.find_column(name);
      if (!index) return undefined_target_column(table, name, statement.table.position);
      for (const uint16_t other : plan->columns_) {
        if (other == *index) return Error(ErrorCode::kDuplicateColumn, fmt::format("column \"{}\" specified more than once", name));
      }
      plan->columns_.push_back(*index);
    }
    plan->all_columns_ = plan->columns_.empty();
    if (plan->all_columns_) {
      for (size_t i = 0; i < table.columns.size(); ++i) plan->columns_.push_back(static_cast<uint16_t>(i));
    }
    TRY_ASSIGN(plan->defaults_, bind_defaults(table));
    if (statement.source == nullptr) {
      plan->rows_.emplace_back();
    } else if (is_plain_values(*statement.source) && !plan::has_subquery(*statement.source)) {
      TRY(plan->bind_values(*statement.source, context));
    } else {
      TRY_ASSIGN(plan::Plan source, plan->plan_source(*statement.source, context));
      TRY(plan->check_width(source.outputs.size()));
      plan->cacheable_ = source.cacheable;
      for (size_t i = 0; i < source.outputs.size(); ++i) {
        const catalog::ColumnDef& column = table.columns[plan->columns_[i]];
        if (!type::can_cast(source.outputs[i].type.id, column.type.id, CastContext::kAssignment)) {
          return type_error(column, source.outputs[i].type, 0);
        }
      }
      plan->source_ = std::move(source);
    }
    TRY(bind_returning(statement.returning, table, "", context, plan->returning_columns_, plan->returning_));
    return std::unique_ptr<DmlPlan>(std::move(plan));
  }

  Result<DmlOutcome> write_rows(ExecContext& context) const override {
    TRY_ASSIGN(catalog::TableVersion version, context.transaction.get_table(table_->schema, table_->name));
    RowWriter writer(context, std::move(version));
    DmlOutcome outcome;
    ReturningRows returning(*table_, returning_);
    std::vector<Value> row(table_->columns.size());
    if (source_) {
      TRY(insert_query(context, writer, row, returning, outcome));
    } else {
      for (const auto& cells : rows_) {
        TRY(fill_defaults(context, cells.size(), row));
        for (size_t i = 0; i < cells.size(); ++i) {
          const uint16_t column = columns_[i];
          const expr::Node& node = cells[i] != nullptr ? *cells[i] : *defaults_[column];
          TRY_ASSIGN(row[column], expr::evaluate_constant(node, context.eval));
        }
        TRY(writer.insert(row));
        returning.add(row);
        ++outcome.rows;
        if (context.cancelled()) return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
      }
    }
    TRY(returning.finish(context.eval, outcome));
    return outcome;
  }

  std::string_view tag() const override { return "INSERT 0"; }
  std::vector<std::string> explain() const override {
    std::vector<std::string> lines = {"Insert on " + table_->name};
    if (source_) {
      for (const std::string& line : plan::explain(*source_)) lines.push_back("  ->  " + line);
    } else {
      lines.push_back(fmt::format("  ->  Values  (rows={})", rows_.size()));
    }
    return lines;
  }

 private:
  static bool is_plain_values(const sql::SelectStmt& source) {
    return !source.values.empty() && source.order_by.empty() && source.limit == nullptr && source.offset == nullptr;
  }

  // VALUES with subqueries still gives its literals the columns' types.
  Result<plan::Plan> plan_source(const sql::SelectStmt& source, plan::PlanContext& context) const {
    if (!is_plain_values(source)) return plan::plan_query(source, context);
    TRY(check_width(source.values[0].size()));
    std::vector<type::Type> types;
    for (size_t i = 0; i < source.values[0].size(); ++i) types.push_back(table_->columns[columns_[i]].type);
    return plan::plan_values(source, types, context);
  }

  static Error type_error(const catalog::ColumnDef& column, type::Type from, uint32_t position) {
    return Error(ErrorCode::kDatatypeMismatch, fmt::format("column \"{}\" is of type {} but expression is of type {}", column.name,
                                                           type::type_name(column.type), type::type_name(from)))
        .with_hint("You will need to rewrite or cast the expression.")
        .at(position);
  }

  Result<void> check_width(size_t width) const {
    if (width > columns_.size()) return Error(ErrorCode::kSyntaxError, "INSERT has more expressions than target columns");
    if (width < columns_.size() && !all_columns_) return Error(ErrorCode::kSyntaxError, "INSERT has more target columns than expressions");
    return {};
  }

  Result<void> bind_values(const sql::SelectStmt& source, plan::PlanContext& context) {
    EmptyScope scope("VALUES");
    expr::BindContext bind{scope, context.parameters, {}};
    for (const sql::List<sql::Expr*>& cells : source.values) {
      if (cells.size() != source.values[0].size()) return Error(ErrorCode::kSyntaxError, "VALUES lists must all be the same length");
      TRY(check_width(cells.size()));
      std::vector<expr::NodePtr> nodes;
      for (size_t i = 0; i < cells.size(); ++i) {
        if (cells[i]->kind == sql::ExprKind::kDefault) {
          nodes.push_back(nullptr);
          continue;
        }
        const catalog::ColumnDef& column = table_->columns[columns_[i]];
        TRY_ASSIGN(expr::NodePtr node, expr::bind(*cells[i], bind));
        const type::Type from = node->type;
        if (from.id != type::TypeId::kUnknown && !type::can_cast(from.id, column.type.id, CastContext::kAssignment)) {
          return type_error(column, from, cells[i]->position);
        }
        TRY_ASSIGN(node, expr::coerce(std::move(node), column.type, CastContext::kAssignment, bind));
        nodes.push_back(std::move(node));
      }
      rows_.push_back(std::move(nodes));
    }
    return {};
  }

  // Values for the columns that the statement does not name.
  Result<void> fill_defaults(ExecContext& context, size_t given, std::vector<Value>& row) const {
    if (given == row.size()) return {};
    std::vector<uint8_t> is_given(row.size(), 0);
    for (size_t i = 0; i < given; ++i) is_given[columns_[i]] = 1;
    for (size_t i = 0; i < row.size(); ++i) {
      if (is_given[i]) continue;
      TRY_ASSIGN(row[i], expr::evaluate_constant(*defaults_[i], context.eval));
    }
    return {};
  }

  Result<void> insert_query(ExecContext& context, RowWriter& writer, std::vector<Value>& row, ReturningRows& returning,
                            DmlOutcome& outcome) const {
    // All rows are read before the first is written: the source may read the target.
    TRY_ASSIGN(std::unique_ptr<Operator> source, build(*source_, context));
    TRY(source->open());
    std::vector<type::Batch> batches;
    for (;;) {
      type::Batch batch;
      TRY_ASSIGN(const bool more, source->next(batch));
      if (!more) break;
      for (size_t i = 0; i < batch.columns.size(); ++i) {
        TRY_ASSIGN(batch.columns[i], type::cast(batch.columns[i], table_->columns[columns_[i]].type, CastContext::kAssignment));
      }
      batches.push_back(std::move(batch));
    }
    source.reset();   // A LIMIT may leave a scan reading ahead, which must not look on while rows are written.
    for (const type::Batch& batch : batches) {
      for (size_t r = 0; r < batch.rows; ++r) {
        TRY(fill_defaults(context, batch.columns.size(), row));
        for (size_t i = 0; i < batch.columns.size(); ++i) row[columns_[i]] = batch.columns[i].value(r);
        TRY(writer.insert(row));
        returning.add(row);
        ++outcome.rows;
      }
      if (context.cancelled()) return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
    }
    return {};
  }

  std::shared_ptr<const catalog::TableDef> table_;
  std::vector<uint16_t> columns_;                      // Target column of each expression.
  bool all_columns_ = false;
  std::vector<expr::NodePtr> defaults_;                // One a table column.
  std::vector<std::vector<expr::NodePtr>> rows_;       // VALUES; null: DEFAULT.
  std::optional<plan::Plan> source_;
};

// UPDATE and DELETE: the rows come from a ModifyPlan; all are found before the first is written.
class ModifyRowsPlan final : public DmlPlan {
 public:
  static Result<std::unique_ptr<DmlPlan>> make_update(const sql::UpdateStmt& statement, plan::PlanContext& context) {
    auto plan = std::make_unique<ModifyRowsPlan>();
    TRY_ASSIGN(const plan::ResolvedTable target, resolve_target(statement.table, context));
    plan->table_ = target.table->table;
    const catalog::TableDef& table = *plan->table_;
    plan::ModifyRequest request{statement.table, statement.alias, statement.from, statement.where, {}, {}};
    TRY_ASSIGN(const std::vector<expr::NodePtr> defaults, bind_defaults(table));
    for (const sql::Assignment& assignment : statement.set) {
      const auto index = table.find_column(assignment.column);
      if (!index) return undefined_target_column(table, assignment.column, assignment.position);
      for (const uint16_t other : plan->columns_) {
        if (other == *index) {
          return Error(ErrorCode::kSyntaxError, fmt::format("multiple assignments to same column \"{}\"", assignment.column));
        }
      }
      plan->columns_.push_back(*index);
      if (assignment.value->kind == sql::ExprKind::kDefault) {
        plan->set_defaults_.push_back(defaults[*index]->clone());
        continue;
      }
      plan->set_defaults_.push_back(nullptr);
      request.expressions.push_back(assignment.value);
      request.expression_types.push_back(table.columns[*index].type);
    }
    plan->update_ = true;
    return finish(std::move(plan), request, statement.returning, statement.alias, context);
  }

  static Result<std::unique_ptr<DmlPlan>> make_delete(const sql::DeleteStmt& statement, plan::PlanContext& context) {
    auto plan = std::make_unique<ModifyRowsPlan>();
    TRY_ASSIGN(const plan::ResolvedTable target, resolve_target(statement.table, context));
    plan->table_ = target.table->table;
    const plan::ModifyRequest request{statement.table, statement.alias, statement.using_tables, statement.where, {}, {}};
    return finish(std::move(plan), request, statement.returning, statement.alias, context);
  }

  Result<DmlOutcome> write_rows(ExecContext& context) const override {
    TRY_ASSIGN(catalog::TableVersion version, context.transaction.get_table(table_->schema, table_->name));
    RowWriter writer(context, std::move(version));
    DmlOutcome outcome;
    ReturningRows returning(*table_, returning_);
    if (is_point_modify(modify_)) {
      TRY_ASSIGN(const PointModifyRow row, run_point_modify_source(modify_, context, !returning_.empty()));
      if (row.found) TRY(write_row(context, writer, row.columns, row.key, row.line, row.expressions.data(), returning, outcome));
    } else {
      TRY(write_all(context, writer, returning, outcome));
    }
    if (!outcome.restart) TRY(returning.finish(context.eval, outcome));
    return outcome;
  }

  std::string_view tag() const override { return update_ ? "UPDATE" : "DELETE"; }
  std::vector<std::string> explain() const override {
    std::vector<std::string> lines = {(update_ ? "Update on " : "Delete on ") + table_->name};
    for (const std::string& line : plan::explain(modify_.plan)) lines.push_back("  ->  " + line);
    return lines;
  }

 private:
  static Result<std::unique_ptr<DmlPlan>> finish(std::unique_ptr<ModifyRowsPlan> plan, const plan::ModifyRequest& request,
                                                 const sql::List<sql::SelectItem>& returning, std::string_view alias,
                                                 plan::PlanContext& context) {
    TRY_ASSIGN(plan->modify_, plan::plan_modify(request, context));
    plan->cacheable_ = plan->modify_.plan.cacheable;
    plan->joined_ = !request.from.empty();
    TRY(bind_returning(returning, *plan->table_, alias, context, plan->returning_columns_, plan->returning_));
    return std::unique_ptr<DmlPlan>(std::move(plan));
  }

  Result<void> write_all(ExecContext& context, RowWriter& writer, ReturningRows& returning, DmlOutcome& outcome) const {
    TRY_ASSIGN(std::unique_ptr<Operator> source, build(modify_.plan, context));
    TRY(source->open());
    std::vector<type::Batch> batches;
    for (;;) {
      type::Batch batch;
      TRY_ASSIGN(const bool more, source->next(batch));
      if (!more) break;
      batches.push_back(std::move(batch));
    }
    source.reset();   // A LIMIT may leave a scan reading ahead, which must not look on while rows are written.
    // A join may show a target row several times; it is changed once (PostgreSQL takes any one match).
    std::unordered_set<std::string_view> seen;
    std::vector<Value> row;
    for (const type::Batch& batch : batches) {
      for (size_t r = 0; r < batch.rows; ++r) {
        const type::Column& keys = batch.columns[modify_.key_column];
        const std::string_view key = keys.strings()[keys.index(r)];
        if (joined_ && !seen.insert(key).second) continue;
        const type::Column& lines = batch.columns[modify_.line_column];
        row.clear();
        for (const type::Column& column : batch.columns) row.push_back(column.value(r));
        TRY(write_row(context, writer, row, key, lines.strings()[lines.index(r)], row.data() + modify_.first_expression, returning, outcome));
        if (outcome.restart) return {};
      }
      if (context.cancelled()) return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
    }
    return {};
  }

  Result<void> write_row(ExecContext& context, RowWriter& writer, const std::vector<Value>& row, Bytes key, Bytes line,
                         const Value* expressions, ReturningRows& returning, DmlOutcome& outcome) const {
    uint64_t rows = 1;
    WriteOutcome written = WriteOutcome::kWritten;
    std::vector<Value> values;
    if (update_) {
      values.reserve(columns_.size());
      for (const expr::NodePtr& set_default : set_defaults_) {
        if (set_default == nullptr) {
          values.push_back(*expressions++);
        } else {
          TRY_ASSIGN(Value value, expr::evaluate_constant(*set_default, context.eval));
          values.push_back(std::move(value));
        }
      }
      TRY_ASSIGN(written, writer.update(key, line, columns_, values, rows));
    } else {
      TRY_ASSIGN(written, writer.remove(key, line, rows));
    }
    if (written == WriteOutcome::kRestart) {
      outcome.restart = true;
      return {};
    }
    outcome.rows += rows;
    if (returning_.empty()) return {};
    std::vector<Value> shown(row.begin(), row.begin() + static_cast<ptrdiff_t>(table_->columns.size()));
    for (size_t i = 0; i < columns_.size(); ++i) shown[columns_[i]] = values[i];
    for (uint64_t i = 0; i < rows; ++i) returning.add(shown);
    return {};
  }

  std::shared_ptr<const catalog::TableDef> table_;
  plan::ModifyPlan modify_;
  bool update_ = false;
  bool joined_ = false;                             // FROM or USING is given.
  std::vector<uint16_t> columns_;                   // UPDATE: the columns set …
  std::vector<expr::NodePtr> set_defaults_;         // … and their DEFAULT, null where an expression is given.
};

}  // namespace

Result<DmlOutcome> DmlPlan::run(ExecContext& context) const {
  if (context.foreign_keys != nullptr) context.foreign_keys->begin_statement();
  TRY_ASSIGN(DmlOutcome outcome, write_rows(context));
  if (context.foreign_keys == nullptr || outcome.restart) return outcome;
  TRY_ASSIGN(outcome.restart, context.foreign_keys->finish(context));
  return outcome;
}

Result<expr::NodePtr> bind_default(const sql::Expr& expression, const catalog::ColumnDef& column) {
  EmptyScope scope("DEFAULT expressions");
  expr::ParameterTypes parameters;
  expr::BindContext bind{scope, parameters, {}};
  TRY_ASSIGN(expr::NodePtr node, expr::bind(expression, bind));
  if (!parameters.types.empty()) return Error(ErrorCode::kUndefinedParameter, "there is no parameter $1");
  if (node->type.id != type::TypeId::kUnknown && !type::can_cast(node->type.id, column.type.id, CastContext::kAssignment)) {
    return Error(ErrorCode::kDatatypeMismatch, fmt::format("column \"{}\" is of type {} but default expression is of type {}", column.name,
                                                           type::type_name(column.type), type::type_name(node->type)))
        .with_hint("You will need to rewrite or cast the expression.");
  }
  return expr::coerce(std::move(node), column.type, CastContext::kAssignment, bind);
}

Result<std::vector<expr::NodePtr>> bind_defaults(const catalog::TableDef& table) {
  std::vector<expr::NodePtr> nodes;
  for (const catalog::ColumnDef& column : table.columns) {
    if (column.default_sql.empty()) {
      nodes.push_back(expr::make_constant(Value::null(column.type)));
      continue;
    }
    TRY_ASSIGN(const sql::ParsedExpression parsed, sql::parse_expression(column.default_sql));
    TRY_ASSIGN(expr::NodePtr node, bind_default(*parsed.expr, column));
    nodes.push_back(std::move(node));
  }
  return nodes;
}

Result<std::unique_ptr<DmlPlan>> plan_insert(const sql::InsertStmt& statement, plan::PlanContext& context) {
  return InsertPlan::make(statement, context);
}
Result<std::unique_ptr<DmlPlan>> plan_update(const sql::UpdateStmt& statement, plan::PlanContext& context) {
  return ModifyRowsPlan::make_update(statement, context);
}
Result<std::unique_ptr<DmlPlan>> plan_delete(const sql::DeleteStmt& statement, plan::PlanContext& context) {
  return ModifyRowsPlan::make_delete(statement, context);
}

Result<void> run_truncate(const sql::TruncateStmt& statement, ExecContext& context) {
  std::vector<catalog::TableVersion> tables;
  for (const sql::QualifiedName& name : statement.tables) {
    const std::string_view schema = name.schema.empty() ? context.eval.schema : name.schema;
    TRY_ASSIGN(catalog::TableVersion table, context.transaction.get_table(schema, name.name));
    tables.push_back(std::move(table));
  }
  TRY(check_truncate(context.transaction.catalog(), tables));
  for (const catalog::TableVersion& table : tables) TRY(context.transaction.truncate(table));
  return {};
}

}  // namespace rowan::exec
