#include "exec/constraints.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/violations.h"
#include "exec/row_writer.h"
#include "exec/table_source.h"
#include "expr/binder.h"
#include "plan/logical.h"
#include "plan/table_expressions.h"
#include "sql/parser.h"
#include "tree/row_tree.h"
#include "type/text.h"

namespace rowan::exec {

namespace {

constexpr size_t kCachedChecksMax = 256;
constexpr uint64_t kCancelEveryRows = 1024;

constexpr size_t kShownValueBytesMax = 64;  // As PostgreSQL.

std::string row_text(const std::vector<type::Value>& values) {
  std::string out = "(";
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ", ";
    out += values[i].is_null() ? "null" : type::clipped(type::to_text(values[i]), kShownValueBytesMax);
  }
  return out + ")";
}

// A batch of one row, with the columns that a condition reads.
type::Batch one_row(const expr::Node& condition, const std::vector<type::Value>& row) {
  type::Batch batch;
  batch.rows = 1;
  batch.columns.resize(row.size());
  std::vector<uint32_t> used;
  expr::collect_columns(condition, used);
  for (const uint32_t column : used) {
    type::ColumnBuilder builder(row[column].type());
    builder.append(row[column]);
    batch.columns[column] = builder.finish();
  }
  return batch;
}

bool is_false(const type::Column& column, size_t row) {
  const type::Value value = column.value(row);
  return !value.is_null() && value.as_int() == 0;
}

}  // namespace

Error check_violation(const catalog::TableDef& table, const catalog::CheckConstraint& check,
                      const std::vector<type::Value>& row) {
  return Error(ErrorCode::kCheckViolation,
               fmt::format("new row for relation \"{}\" violates check constraint \"{}\"",
                           table.name, check.name))
      .with_detail("Failing row contains " + row_text(row) + ".")
      .about(catalog::constraint_object(table, check.name));
}

Error not_null_violation(const catalog::TableDef& table, const catalog::ColumnDef& column,
                         const std::vector<type::Value>& row) {
  return Error(ErrorCode::kNotNullViolation,
               fmt::format(
                   "null value in column \"{}\" of relation \"{}\" violates not-null constraint",
                   column.name, table.name))
      .with_detail("Failing row contains " + row_text(row) + ".")
      .about(catalog::column_object(table, column));
}

Result<std::shared_ptr<const RowChecks>> RowChecks::bind(
    std::shared_ptr<const catalog::TableDef> table) {
  std::shared_ptr<RowChecks> checks(new RowChecks(std::move(table)));
  for (const catalog::CheckConstraint& check : checks->table_->checks) {
    TRY_ASSIGN(const sql::ParsedExpression parsed, sql::parse_expression(check.expression_sql));
    TRY_ASSIGN(expr::NodePtr node, plan::bind_check(*checks->table_, *parsed.expr));
    expr::collect_columns(*node, checks->columns_);
    checks->volatile_ = checks->volatile_ || plan::is_volatile(*node);
    checks->conditions_.push_back(std::move(node));
  }
  std::sort(checks->columns_.begin(), checks->columns_.end());
  checks->columns_.erase(std::unique(checks->columns_.begin(), checks->columns_.end()),
                         checks->columns_.end());
  return std::shared_ptr<const RowChecks>(std::move(checks));
}

Result<const catalog::CheckConstraint*> RowChecks::find_broken(
    const std::vector<type::Value>& row, const expr::EvalContext& context) const {
  for (size_t i = 0; i < conditions_.size(); ++i) {
    TRY_ASSIGN(const type::Column holds,
               expr::evaluate(*conditions_[i], one_row(*conditions_[i], row), context));
    if (is_false(holds, 0)) return &table_->checks[i];
  }
  return nullptr;
}

Result<void> RowChecks::check(const std::vector<type::Value>& row,
                              const expr::EvalContext& context) const {
  TRY_ASSIGN(const catalog::CheckConstraint* const broken, find_broken(row, context));
  if (broken != nullptr) return check_violation(*table_, *broken, row);
  return {};
}

Result<std::optional<RowChecks::Broken>> RowChecks::find_broken(
    const type::Batch& rows, const expr::EvalContext& context) const {
  for (size_t i = 0; i < conditions_.size(); ++i) {
    TRY_ASSIGN(const type::Column holds, expr::evaluate(*conditions_[i], rows, context));
    for (size_t row = 0; row < rows.rows; ++row) {
      if (is_false(holds, row)) return std::optional<Broken>(Broken{&table_->checks[i], row});
    }
  }
  return std::optional<Broken>();
}

Result<void> RowChecks::check(const type::Batch& rows, const expr::EvalContext& context) const {
  TRY_ASSIGN(const std::optional<Broken> broken, find_broken(rows, context));
  if (!broken) return {};
  std::vector<type::Value> values;
  for (const type::Column& column : rows.columns) values.push_back(column.value(broken->row));
  return check_violation(*table_, *broken->check, values);
}

CheckBatch::CheckBatch(std::shared_ptr<const RowChecks> checks) : checks_(std::move(checks)) {
  for (const uint32_t column : columns())
    builders_.emplace_back(checks_->table().columns[column].type);
}

void CheckBatch::add(const std::vector<type::Value>& row) {
  for (size_t i = 0; i < builders_.size(); ++i) builders_[i].append(row[columns()[i]]);
  end_row();
}

Result<std::optional<RowChecks::Broken>> CheckBatch::finish(const expr::EvalContext& context) {
  type::Batch batch;
  batch.rows = std::exchange(rows_, 0);
  if (batch.rows == 0) return std::optional<RowChecks::Broken>();
  batch.columns.resize(checks_->table().columns.size());
  for (size_t i = 0; i < builders_.size(); ++i) batch.columns[columns()[i]] = builders_[i].finish();
  return checks_->find_broken(batch, context);
}

Result<std::shared_ptr<const RowChecks>> CheckCache::of(
    const std::shared_ptr<const catalog::TableDef>& table) {
  const auto known = checks_.find(table->definition_id);
  if (known != checks_.end()) return known->second;
  TRY_ASSIGN(auto checks, RowChecks::bind(table));
  if (checks_.size() >= kCachedChecksMax) checks_.clear();
  checks_.emplace(table->definition_id, checks);
  return checks;
}

Result<std::vector<type::Value>> row_values(const catalog::TableDef& table, Bytes line,
                                            const store::ObjectReader& objects, uint64_t* count) {
  const BlobReader large(objects);
  TRY_ASSIGN(std::vector<type::Value> by_slot, type::decode_line(table.layout, line, large, count));
  std::vector<type::Value> values(table.columns.size());
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::move(by_slot[table.columns[i].slot]);
  return values;
}

namespace {

// The line of a changed row over the one below it; nothing when the row is gone. `joined` keeps
// what has to be made.
Result<std::optional<Bytes>> changed_line(const catalog::TableDef& table,
                                          const txn::RowChange& change, std::optional<Bytes> below,
                                          std::string& joined) {
  if (!table.layout.counted) return change.line ? std::optional<Bytes>(*change.line) : std::nullopt;
  std::vector<Bytes> elements;
  uint64_t count = 0;
  if (below) TRY(type::split_line(table.layout, *below, elements, count));
  const int64_t left = static_cast<int64_t>(count) + change.count_delta;
  if (left <= 0) return std::optional<Bytes>();
  const size_t end = change.line->find_first_of(",]");
  joined = fmt::format("[{}{}", left, Bytes(*change.line).substr(end));
  return std::optional<Bytes>(joined);
}

}  // namespace

Result<void> visit_rows(const txn::Transaction& transaction, store::NodeCache& cache,
                        const catalog::TableVersion& table, const RowVisitor& visit) {
  TRY_ASSIGN(const txn::TableView view, transaction.view(table));
  const catalog::TableLineKeys keys(table.table);
  const tree::TreeReader reader{transaction.objects(), cache, keys};
  std::optional<tree::Cursor> cursor;
  if (!view.version.rows.is_zero()) {
    TRY_ASSIGN(tree::Cursor opened, tree::Cursor::open(reader, view.version.rows));
    cursor.emplace(std::move(opened));
  }
  static const std::map<std::string, txn::RowChange, std::less<>> kNothing;
  const auto& changes = view.overlay != nullptr ? view.overlay->rows : kNothing;
  auto change = changes.begin();
  std::string joined;
  for (;;) {
    const bool below = cursor && !cursor->at_end();
    if (!below && change == changes.end()) return {};
    if (change == changes.end() || (below && cursor->key() < Bytes(change->first))) {
      TRY_ASSIGN(const bool more, visit(cursor->key(), cursor->line()));
      if (!more) return {};
      TRY(cursor->next());
      continue;
    }
    const bool both = below && cursor->key() == Bytes(change->first);
    TRY_ASSIGN(const auto line,
               changed_line(*table.table, change->second,
                            both ? std::optional<Bytes>(cursor->line()) : std::nullopt, joined));
    if (line) {
      TRY_ASSIGN(const bool more, visit(change->first, *line));
      if (!more) return {};
    }
    if (both) TRY(cursor->next());
    ++change;
  }
}

Result<void> check_all_rows(ExecContext& context, const catalog::TableVersion& table,
                            const RowChecks& checks) {
  if (checks.empty()) return {};
  const catalog::TableDef& def = *table.table;
  CheckBatch batch(
      std::shared_ptr<const RowChecks>(std::shared_ptr<void>(), &checks));  // Borrowed.
  const auto flush = [&]() -> Result<void> {
    TRY_ASSIGN(const auto broken, batch.finish(context.eval));
    if (!broken) return {};
    return Error(ErrorCode::kCheckViolation,
                 fmt::format("check constraint \"{}\" of relation \"{}\" is violated by some row",
                             broken->check->name, def.name))
        .about(catalog::constraint_object(def, broken->check->name));
  };
  TRY(visit_rows(context.transaction, context.manager.store().cache(), table,
                 [&](Bytes, Bytes line) -> Result<bool> {
                   TRY_ASSIGN(const std::vector<type::Value> values,
                              row_values(def, line, context.transaction.objects()));
                   uint64_t times = 1;
                   if (def.layout.counted && checks.is_volatile()) {
                     TRY_ASSIGN(times, line_count(line));
                   }
                   for (; times > 0; --times) batch.add(values);
                   if (batch.rows() < kCheckBatchRows) return true;
                   if (context.cancelled())
                     return Error(ErrorCode::kQueryCanceled,
                                  "canceling statement due to user request");
                   TRY(flush());
                   return true;
                 }));
  TRY(flush());
  return context.transaction.watch_rows(table, true);
}

Result<void> check_all_not_null(ExecContext& context, const catalog::TableVersion& table,
                                uint16_t column) {
  const catalog::TableDef& def = *table.table;
  const uint16_t slot = def.columns[column].slot;
  uint64_t rows = 0;
  TRY(visit_rows(context.transaction, context.manager.store().cache(), table,
                 [&](Bytes, Bytes line) -> Result<bool> {
                   if (++rows % kCancelEveryRows == 0 && context.cancelled())
                     return Error(ErrorCode::kQueryCanceled,
                                  "canceling statement due to user request");
                   std::vector<Bytes> elements;
                   uint64_t count = 0;
                   TRY(type::split_line(def.layout, line, elements, count));
                   const bool null = slot < elements.size() ? elements[slot] == "null"
                                                            : def.columns[column].absent.is_null();
                   if (!null) return true;
                   return Error(ErrorCode::kNotNullViolation,
                                fmt::format("column \"{}\" of relation \"{}\" contains null values",
                                            def.columns[column].name, def.name))
                       .about(catalog::column_object(def, def.columns[column]));
                 }));
  return context.transaction.watch_rows(table, true);
}

}  // namespace rowan::exec
