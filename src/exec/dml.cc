#include "exec/dml.h"

#include <fmt/format.h>

#include <optional>
#include <unordered_set>

#include "exec/batch_parts.h"
#include "exec/build.h"
#include "exec/operators.h"
#include "exec/foreign_keys.h"
#include "exec/point.h"
#include "exec/table_source.h"
#include "plan/modify.h"
#include "type/cast.h"

namespace rowan::exec {

namespace {

using type::CastContext;
using type::Value;

// Collects the rows that RETURNING shows.
class ReturningRows {
 public:
  ReturningRows(const catalog::TableDef& table, const plan::Returning& returning,
                const ExecContext& context)
      : nodes_(returning.nodes), context_(context), account_(context.rows_account()) {
    if (nodes_.empty()) return;
    for (const catalog::ColumnDef& column : table.columns) builders_.emplace_back(column.type);
    for (const type::Type type : returning.joined) builders_.emplace_back(type);
    for (const expr::NodePtr& node : nodes_) parts_.will_evaluate(*node);
  }
  // `joined`: as many values as the other tables' columns that are read.
  Result<void> add(const std::vector<Value>& row, const Value* joined = nullptr) {
    if (builders_.empty()) return {};
    for (size_t i = 0; i < builders_.size(); ++i)
      builders_[i].append(i < row.size() ? row[i] : joined[i - row.size()]);
    ++rows_;
    return rows_ == kBatchRows || made_.bytes() > kBatchTextBytes ? flush() : Result<void>();
  }
  Result<void> finish(DmlOutcome& outcome) {
    TRY(flush());
    outcome.returning = std::move(batches_);
    outcome.returning_account = std::move(account_);
    return {};
  }

 private:
  Result<void> flush() {
    if (rows_ == 0) return {};
    type::Batch input;
    input.rows = std::exchange(rows_, 0);
    for (type::ColumnBuilder& builder : builders_) input.columns.push_back(builder.finish());
    for (size_t from = 0; from < input.rows;) {
      type::Batch output;
      TRY_ASSIGN(const size_t done, parts_.next(input, from, [&](const type::Batch& part) {
        return show(part, output);
      }));
      TRY(account_.add(batch_bytes(output)));
      batches_.push_back(std::move(output));
      from += done;
    }
    made_ = TextMeter();
    return {};
  }

  Result<void> show(const type::Batch& rows, type::Batch& output) const {
    output.rows = rows.rows;
    output.columns.clear();
    for (const expr::NodePtr& node : nodes_) {
      TRY_ASSIGN(type::Column column, expr::evaluate(*node, rows, context_.eval));
      output.columns.push_back(std::move(column));
    }
    return {};
  }

  const std::vector<expr::NodePtr>& nodes_;
  const ExecContext& context_;
  BatchParts parts_;
  std::vector<type::ColumnBuilder> builders_;
  size_t rows_ = 0;  // In them.
  TextMeter made_;
  MemoryAccount account_;
  std::vector<type::Batch> batches_;
};

class Insert final : public DmlPlan {
 public:
  explicit Insert(plan::InsertPlan plan) : plan_(std::move(plan)) {}


  Result<DmlOutcome> write_rows(ExecContext& context) const override {
    TRY_ASSIGN(catalog::TableVersion version,
               context.transaction.get_table(plan_.table->schema, plan_.table->name));
    RowWriter writer(context, std::move(version));
    DmlOutcome outcome;
    ReturningRows returning(*plan_.table, plan_.returning, context);
    std::vector<Value> row(plan_.table->columns.size());
    if (plan_.source) {
      TRY(insert_query(context, writer, row, returning, outcome));
    } else {
      for (const auto& cells : plan_.rows) {
        TRY(fill_defaults(context, cells.size(), row));
        for (size_t i = 0; i < cells.size(); ++i) {
          const uint16_t column = plan_.columns[i];
          if (plan_.takes_default(plan_.table->columns[column])) continue;  // Filled already.
          const expr::Node& node = cells[i] != nullptr ? *cells[i] : *plan_.defaults[column];
          TRY_ASSIGN(row[column], expr::evaluate_constant(node, context.eval));
        }
        TRY(writer.insert(row));
        TRY(returning.add(row));
        ++outcome.rows;
        if (context.cancelled())
          return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
      }
    }
    TRY(returning.finish(outcome));
    return outcome;
  }

  const std::vector<plan::OutputColumn>& returning() const override {
    return plan_.returning.outputs;
  }
  bool cacheable() const override { return plan_.cacheable; }
  std::vector<std::string> explain() const override { return plan::explain(plan_); }
  std::string_view tag() const override { return "INSERT 0"; }

 private:

  // Values for the columns that the statement does not name, or names in vain.
  Result<void> fill_defaults(ExecContext& context, size_t given, std::vector<Value>& row) const {
    if (given == row.size() && plan_.overriding != sql::Overriding::kUser) return {};
    std::vector<uint8_t> is_given(row.size(), 0);
    for (size_t i = 0; i < given; ++i)
      is_given[plan_.columns[i]] = plan_.takes_default(plan_.table->columns[plan_.columns[i]]) ? 0 : 1;
    for (size_t i = 0; i < row.size(); ++i) {
      if (is_given[i]) continue;
      TRY_ASSIGN(row[i], expr::evaluate_constant(*plan_.defaults[i], context.eval));
    }
    return {};
  }

  Result<void> insert_query(ExecContext& context, RowWriter& writer, std::vector<Value>& row,
                            ReturningRows& returning, DmlOutcome& outcome) const {
    // All rows are read before the first is written: the source may read the target.
    TRY_ASSIGN(std::unique_ptr<Operator> source, build(*plan_.source, context));
    TRY(source->open());
    MemoryAccount account = context.rows_account();
    TRY_ASSIGN(std::vector<type::Batch> batches, read_batches(*source, context, account));
    source.reset();  // A LIMIT may leave a scan reading ahead, which must not look on while rows
                     // are written.
    TRY_ASSIGN(const std::shared_ptr<const RowChecks> checks, writer.checks());
    for (type::Batch& batch : batches) {
      for (size_t i = 0; i < batch.columns.size(); ++i) {
        TRY_ASSIGN(batch.columns[i], type::cast(batch.columns[i], plan_.table->columns[plan_.columns[i]].type,
                                                CastContext::kAssignment));
      }
      TRY(checks == nullptr ? insert_batch(context, batch, writer, row, returning, outcome)
                            : insert_checked(context, batch, checks, writer, returning, outcome));
      batch = {};
      if (context.cancelled())
        return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
    }
    return {};
  }

  Result<void> fill_row(ExecContext& context, const type::Batch& batch, size_t r,
                        std::vector<Value>& row) const {
    TRY(fill_defaults(context, batch.columns.size(), row));
    for (size_t i = 0; i < batch.columns.size(); ++i) {
      const uint16_t column = plan_.columns[i];
      if (!plan_.takes_default(plan_.table->columns[column])) row[column] = batch.columns[i].value(r);
    }
    return {};
  }

  Result<void> insert_batch(ExecContext& context, const type::Batch& batch, RowWriter& writer,
                            std::vector<Value>& row, ReturningRows& returning,
                            DmlOutcome& outcome) const {
    for (size_t r = 0; r < batch.rows; ++r) {
      TRY(fill_row(context, batch, r, row));
      TRY(writer.insert(row));
      TRY(returning.add(row));
      ++outcome.rows;
    }
    return {};
  }

  // The CHECKs of a batch are evaluated at once. When one does not hold, or fails, the rows are
  // looked at one by one, so that the first row with any fault is the one that is named.
  Result<void> insert_checked(ExecContext& context, const type::Batch& batch,
                              const std::shared_ptr<const RowChecks>& checks, RowWriter& writer,
                              ReturningRows& returning, DmlOutcome& outcome) const {
    CheckBatch check(checks);
    std::vector<std::vector<Value>> rows(batch.rows, std::vector<Value>(plan_.table->columns.size()));
    for (size_t r = 0; r < batch.rows; ++r) {
      TRY(fill_row(context, batch, r, rows[r]));
      check.add(rows[r]);
    }
    const auto broken = check.finish(context.eval);
    const bool hold = broken && !*broken;
    for (const std::vector<Value>& row : rows) {
      TRY(writer.insert(row, hold));
      TRY(returning.add(row));
      ++outcome.rows;
    }
    return {};
  }

  const plan::InsertPlan plan_;
};

// UPDATE and DELETE:  all are found before the first is written.
class Change final : public DmlPlan {
 public:
  explicit Change(plan::ChangePlan plan) : plan_(std::move(plan)) {}


  Result<DmlOutcome> write_rows(ExecContext& context) const override {
    TRY_ASSIGN(catalog::TableVersion version,
               context.transaction.get_table(plan_.table->schema, plan_.table->name));
    RowWriter writer(context, std::move(version));
    DmlOutcome outcome;
    ReturningRows returning(*plan_.table, plan_.returning, context);
    if (is_point_modify(plan_.rows)) {
      TRY_ASSIGN(const PointModifyRow row,
                 run_point_modify_source(plan_.rows, context, !plan_.returning.nodes.empty()));
      if (row.found)
        TRY(write_row(context, writer, row.columns, row.key, row.line, row.expressions.data(),
                      returning, outcome));
    } else {
      TRY(write_all(context, writer, returning, outcome));
    }
    if (!outcome.restart) TRY(returning.finish(outcome));
    return outcome;
  }

  const std::vector<plan::OutputColumn>& returning() const override {
    return plan_.returning.outputs;
  }
  bool cacheable() const override { return plan_.rows.plan.cacheable; }
  std::vector<std::string> explain() const override { return plan::explain(plan_); }
  std::string_view tag() const override { return plan_.is_update ? "UPDATE" : "DELETE"; }

 private:

  Result<void> write_all(ExecContext& context, RowWriter& writer, ReturningRows& returning,
                         DmlOutcome& outcome) const {
    TRY_ASSIGN(std::unique_ptr<Operator> source, build(plan_.rows.plan, context));
    TRY(source->open());
    MemoryAccount account = context.rows_account();
    TRY_ASSIGN(const std::vector<type::Batch> batches, read_batches(*source, context, account));
    source.reset();  // A LIMIT may leave a scan reading ahead, which must not look on while rows
                     // are written.
    // A join may show a target row several times; it is changed once (PostgreSQL takes any one
    // match). A row's key here is its own, also among equal rows that come one by one.
    std::unordered_set<std::string_view> seen;
    std::vector<Value> row;
    for (const type::Batch& batch : batches) {
      for (size_t r = 0; r < batch.rows; ++r) {
        const type::Column& keys = batch.columns[plan_.rows.key_column];
        const std::string_view key = keys.strings()[keys.index(r)];
        if (plan_.joined && !seen.insert(key).second) continue;
        const type::Column& lines = batch.columns[plan_.rows.line_column];
        row.clear();
        for (const type::Column& column : batch.columns) row.push_back(column.value(r));
        TRY(write_row(context, writer, row, plan_.rows.each_row ? stored_key(key) : key,
                      lines.strings()[lines.index(r)],
                      row.data() + plan_.rows.first_expression, returning, outcome));
        if (outcome.restart) return {};
      }
      if (context.cancelled())
        return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
    }
    return {};
  }

  Result<void> write_row(ExecContext& context, RowWriter& writer, const std::vector<Value>& row,
                         Bytes key, Bytes line, const Value* expressions, ReturningRows& returning,
                         DmlOutcome& outcome) const {
    uint64_t rows = 1;
    WriteOutcome written = WriteOutcome::kWritten;
    std::vector<Value> values;
    if (plan_.is_update) {
      values.reserve(plan_.columns.size());
      for (const expr::NodePtr& set_default : plan_.set_defaults) {
        if (set_default == nullptr) {
          values.push_back(*expressions++);
        } else {
          TRY_ASSIGN(Value value, expr::evaluate_constant(*set_default, context.eval));
          values.push_back(std::move(value));
        }
      }
      TRY_ASSIGN(written, writer.update(key, line, plan_.columns, values, rows));
    } else {
      TRY_ASSIGN(written, writer.remove(key, line, rows));
    }
    if (written == WriteOutcome::kRestart) {
      outcome.restart = true;
      return {};
    }
    outcome.rows += rows;
    if (plan_.returning.nodes.empty()) return {};
    std::vector<Value> shown(row.begin(),
                             row.begin() + static_cast<ptrdiff_t>(plan_.table->columns.size()));
    for (size_t i = 0; i < plan_.columns.size(); ++i) shown[plan_.columns[i]] = values[i];
    for (uint64_t i = 0; i < rows; ++i) TRY(returning.add(shown, expressions));
    return {};
  }

  const plan::ChangePlan plan_;
};

}  // namespace

Result<DmlOutcome> DmlPlan::run(ExecContext& context) const {
  if (context.foreign_keys != nullptr) context.foreign_keys->begin_statement();
  TRY_ASSIGN(DmlOutcome outcome, write_rows(context));
  if (context.foreign_keys == nullptr || outcome.restart) return outcome;
  TRY_ASSIGN(outcome.restart, context.foreign_keys->finish(context));
  return outcome;
}

Result<std::unique_ptr<DmlPlan>> plan_insert(const sql::InsertStmt& statement,
                                             plan::PlanContext& context) {
  TRY_ASSIGN(plan::InsertPlan plan, plan::plan_insert(statement, context));
  return std::unique_ptr<DmlPlan>(std::make_unique<Insert>(std::move(plan)));
}
Result<std::unique_ptr<DmlPlan>> plan_update(const sql::UpdateStmt& statement,
                                             plan::PlanContext& context) {
  TRY_ASSIGN(plan::ChangePlan plan, plan::plan_update(statement, context));
  return std::unique_ptr<DmlPlan>(std::make_unique<Change>(std::move(plan)));
}
Result<std::unique_ptr<DmlPlan>> plan_delete(const sql::DeleteStmt& statement,
                                             plan::PlanContext& context) {
  TRY_ASSIGN(plan::ChangePlan plan, plan::plan_delete(statement, context));
  return std::unique_ptr<DmlPlan>(std::make_unique<Change>(std::move(plan)));
}

}  // namespace rowan::exec
