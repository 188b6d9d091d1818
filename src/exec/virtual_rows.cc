#include "exec/virtual_rows.h"

#include <algorithm>

#include "base/memory_budget.h"
#include "exec/operators.h"
#include "sql/statements.h"

namespace rowan::exec {

namespace {

// The first batches are small, for whoever wants only a few rows.
constexpr size_t kFirstBatchRows = 32;

class StreamRows final : public plan::VirtualRows {
 public:
  StreamRows(const std::vector<plan::OutputColumn>& columns, NextRow next,
             const std::atomic<bool>* cancelled)
      : columns_(columns), next_(std::move(next)), cancelled_(cancelled) {}

  Result<bool> next(type::Batch& batch) override {
    if (done_) return false;
    RowCollector rows(columns_, batch_rows_);
    std::vector<type::Value> row;
    const TextMeter text;
    while (!done_ && rows.rows() < batch_rows_ && text.bytes() < kBatchTextBytes) {
      if (cancelled_ != nullptr && cancelled_->load(std::memory_order_relaxed)) {
        return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
      }
      row.clear();
      TRY_ASSIGN(const bool more, next_(row));
      if (more) {
        rows.add(row);
      } else {
        done_ = true;
      }
    }
    batch_rows_ = std::min(2 * batch_rows_, kBatchRows);
    std::vector<type::Batch> made = rows.finish();
    if (made.empty()) return false;
    batch = std::move(made.front());
    return true;
  }

 private:
  const std::vector<plan::OutputColumn>& columns_;
  NextRow next_;
  const std::atomic<bool>* cancelled_;
  size_t batch_rows_ = kFirstBatchRows;
  bool done_ = false;
};

class StreamTable final : public plan::VirtualTable {
 public:
  StreamTable(std::vector<plan::OutputColumn> columns, OpenRows open, bool follows_revisions)
      : columns_(std::move(columns)),
        open_(std::move(open)),
        follows_revisions_(follows_revisions) {}

  const std::vector<plan::OutputColumn>& columns() const override { return columns_; }
  bool cacheable() const override { return !follows_revisions_; }
  Result<std::vector<type::Batch>> rows(const std::vector<type::Value>& arguments,
                                        const expr::EvalContext& context) const override {
    return all_rows(*this, arguments, context);
  }
  Result<std::unique_ptr<plan::VirtualRows>> open(const std::vector<type::Value>& arguments,
                                                  const expr::EvalContext& context) const override {
    TRY_ASSIGN(NextRow next, open_(arguments, context));
    return stream_rows(columns_, std::move(next), context);
  }

 private:
  std::vector<plan::OutputColumn> columns_;
  OpenRows open_;
  bool follows_revisions_;
};

}  // namespace

RowCollector::RowCollector(const std::vector<plan::OutputColumn>& columns, size_t batch_rows)
    : batch_rows_(batch_rows) {
  for (const plan::OutputColumn& column : columns) builders_.emplace_back(column.type);
}

void RowCollector::add(const std::vector<type::Value>& row) {
  for (size_t i = 0; i < builders_.size(); ++i) {
    memory_.add(type::physical(row[i].type().id) == type::Physical::kString && !row[i].is_null()
                    ? row[i].as_string().size() + sizeof(std::string_view)
                    : sizeof(int64_t));
    if (row[i].is_null()) {
      builders_[i].append_null();
    } else {
      builders_[i].append(row[i]);
    }
  }
  ++total_;
  if (++rows_ == batch_rows_) flush();
}

void RowCollector::flush() {
  if (rows_ == 0) return;
  type::Batch batch;
  batch.rows = rows_;
  for (type::ColumnBuilder& builder : builders_) batch.columns.push_back(builder.finish());
  batches_.push_back(std::move(batch));
  rows_ = 0;
}

std::vector<type::Batch> RowCollector::finish() {
  flush();
  return std::move(batches_);
}

std::unique_ptr<plan::VirtualRows> stream_rows(const std::vector<plan::OutputColumn>& columns,
                                               NextRow next, const expr::EvalContext& context) {
  return std::make_unique<StreamRows>(columns, std::move(next), context.cancelled);
}

std::shared_ptr<const plan::VirtualTable> stream_table(std::vector<plan::OutputColumn> columns,
                                                       OpenRows open, bool follows_revisions) {
  return std::make_shared<StreamTable>(std::move(columns), std::move(open), follows_revisions);
}

namespace {

TableRows filled_with_texts(std::vector<plan::OutputColumn> columns,
                            const std::vector<std::vector<std::string>>& rows) {
  TableRows table;
  table.columns = std::move(columns);
  RowCollector collector(table.columns);
  for (const auto& row : rows) {
    std::vector<type::Value> values;
    for (const std::string& cell : row) values.push_back(text_value(cell));
    collector.add(values);
  }
  table.batches = collector.finish();
  return table;
}

}  // namespace

TableRows text_rows(std::vector<std::string> names,
                    const std::vector<std::vector<std::string>>& rows) {
  std::vector<plan::OutputColumn> columns;
  for (std::string& name : names) columns.push_back({std::move(name), kTextType});
  return filled_with_texts(std::move(columns), rows);
}

std::vector<plan::OutputColumn> answer_columns(sql::StatementKind kind) {
  std::vector<plan::OutputColumn> columns;
  for (const sql::AnswerColumn& column : sql::answer_of(kind).columns)
    columns.push_back({std::string(column.name), column.is_count ? kBigintType : kTextType});
  return columns;
}

TableRows answer_rows(sql::StatementKind kind, const std::vector<std::vector<std::string>>& rows) {
  return filled_with_texts(answer_columns(kind), rows);
}

Result<std::vector<type::Batch>> all_rows(const plan::VirtualTable& table,
                                          const std::vector<type::Value>& arguments,
                                          const expr::EvalContext& context, uint64_t limit) {
  TRY_ASSIGN(const auto rows, table.open(arguments, context));
  if (rows == nullptr) return table.rows(arguments, context);
  std::vector<type::Batch> batches;
  CountedMemory memory;
  type::Batch batch;
  while (limit > 0) {
    TRY_ASSIGN(const bool more, rows->next(batch));
    if (!more) break;
    if (batch.rows > limit) batch = batch.slice(0, limit);
    limit -= batch.rows;
    memory.add(exec::batch_bytes(batch));
    batches.push_back(std::move(batch));
    batch = {};
  }
  return batches;
}

}  // namespace rowan::exec
