// Operators that look at one batch at a time, and the sources that need no table.
#include <algorithm>

#include "base/ensure.h"
#include "base/limits.h"
#include "exec/batch_parts.h"
#include "exec/operators.h"

namespace rowan::exec {

Result<void> check_cancelled(const ExecContext& context) {
  if (context.cancelled())
    return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
  return {};
}

type::Column null_column(type::Type type, size_t rows) {
  return type::Column::of_constant(type::Value::null(type), rows);
}

type::Batch empty_batch(const std::vector<plan::OutputColumn>& outputs) {
  type::Batch batch;
  for (const plan::OutputColumn& output : outputs)
    batch.columns.push_back(type::ColumnBuilder(output.type).finish());
  return batch;
}

namespace {

Result<uint64_t> checked_count(const type::Value& value, uint64_t when_absent, bool is_limit) {
  if (value.is_null()) return when_absent;
  if (value.as_int() < 0) {
    return is_limit ? Error(ErrorCode::kInvalidRowCount, "LIMIT must not be negative")
                    : Error(ErrorCode::kInvalidRowOffset, "OFFSET must not be negative");
  }
  return static_cast<uint64_t>(value.as_int());
}

}  // namespace

Result<uint64_t> evaluate_count(const expr::NodePtr& node, const ExecContext& context,
                                uint64_t when_absent, bool is_limit) {
  if (node == nullptr) return when_absent;
  TRY_ASSIGN(const type::Value value, expr::evaluate_constant(*node, context.eval));
  return checked_count(value, when_absent, is_limit);
}

namespace {

size_t text_bytes(const type::Column& column, size_t rows) {
  if (type::physical(column.type.id) != type::Physical::kString || column.data == nullptr) return 0;
  size_t bytes = 0;
  for (size_t i = 0, count = column.constant ? 1 : rows; i < count; ++i)
    bytes += column.strings()[i].size();
  return bytes;
}

// Copies the texts: one of them must not keep all of its segment in memory.
void append_texts(const type::Column& column, size_t rows, type::ColumnBuilder& builder) {
  for (size_t i = 0; i < rows; ++i) builder.append_from(column, i);
}

template <typename T>
void append_cells(const type::Column& column, size_t rows, std::vector<T>& out) {
  const T* data = static_cast<const T*>(column.data);
  if (column.constant) {
    out.insert(out.end(), rows, data == nullptr ? T() : data[0]);
  } else {
    out.insert(out.end(), data, data + rows);
  }
}

// `before`: how many rows the builder had.
void append_nulls(const type::Column& column, size_t rows, size_t before,
                  std::vector<uint8_t>& nulls) {
  if (column.nulls == nullptr && nulls.empty()) return;
  nulls.resize(before, 0);
  if (column.nulls == nullptr) {
    nulls.resize(before + rows, 0);
  } else if (column.constant) {
    nulls.insert(nulls.end(), rows, column.nulls[0]);
  } else {
    nulls.insert(nulls.end(), column.nulls, column.nulls + rows);
  }
}

}  // namespace

size_t batch_bytes(const type::Batch& batch) {
  size_t bytes = 0;
  for (const type::Column& column : batch.columns) {
    if (!column.constant) bytes += batch.rows * type::cell_bytes(column.type.id);
    bytes += text_bytes(column, batch.rows);
  }
  return bytes;
}

Collector::Collector(const std::vector<plan::OutputColumn>& outputs, const ExecContext& context,
                     MemoryAccount& account)
    : context_(context), account_(account) {
  for (const plan::OutputColumn& output : outputs) builders_.emplace_back(output.type);
}

Result<void> Collector::add(const type::Batch& batch) {
  if (batch.rows == 0) return {};
  if (rows_ + batch.rows > UINT32_MAX - 1)
    return Error(ErrorCode::kProgramLimit, "too many rows to sort, join or collect");
  size_t bytes = 0;
  for (size_t i = 0; i < builders_.size(); ++i) {
    bytes += batch.rows * type::cell_bytes(builders_[i].type().id);
    bytes += text_bytes(batch.columns[i], batch.rows);
  }
  TRY(account_.add(bytes));
  for (size_t i = 0; i < builders_.size(); ++i) {
    const type::Column& column = batch.columns[i];
    type::ColumnBuilder& builder = builders_[i];
    type::with_cell(type::physical(builder.type().id), [&]<typename T>() {
      if constexpr (std::is_same_v<T, std::string_view>) {
        append_texts(column, batch.rows, builder);
      } else {
        append_cells(column, batch.rows, builder.template cells<T>());
        append_nulls(column, batch.rows, rows_, builder.nulls());
      }
    });
  }
  rows_ += batch.rows;
  return {};
}

Result<void> Collector::add_all(Operator& input) {
  type::Batch batch;
  for (;;) {
    TRY(check_cancelled(context_));
    TRY_ASSIGN(const bool more, input.next(batch));
    if (!more) return {};
    TRY(add(batch));
  }
}

type::Batch Collector::finish() {
  type::Batch result;
  result.rows = std::exchange(rows_, 0);
  for (type::ColumnBuilder& builder : builders_) result.columns.push_back(builder.finish());
  return result;
}

Result<std::vector<type::Batch>> read_batches(Operator& input, const ExecContext& context,
                                              MemoryAccount& account) {
  std::vector<type::Batch> batches;
  for (;;) {
    TRY(check_cancelled(context));
    type::Batch batch;
    TRY_ASSIGN(const bool more, input.next(batch));
    if (!more) return batches;
    TRY(account.add(batch_bytes(batch)));
    batches.push_back(std::move(batch));
  }
}

namespace {

class Filter final : public Operator {
 public:
  Filter(const PhysicalNode& node, ExecContext& context, OperatorPtr input)
      : node_(node), context_(context), input_(std::move(input)) {}
  Result<void> open() override { return input_->open(); }
  Result<bool> pull(type::Batch& batch) override {
    for (;;) {
      TRY(check_cancelled(context_));
      TRY_ASSIGN(const bool more, input_->next(batch));
      if (!more) return false;
      rows_.clear();
      TRY(filter_rows(*node_.condition, batch, context_.eval, rows_));
      if (rows_.empty()) continue;
      if (rows_.size() < batch.rows) batch = keep_rows(batch, rows_);
      return true;
    }
  }

 private:
  const PhysicalNode& node_;
  ExecContext& context_;
  OperatorPtr input_;
  std::vector<uint32_t> rows_;
};

class Project final : public Operator {
 public:
  Project(const PhysicalNode& node, ExecContext& context, OperatorPtr input)
      : node_(node), context_(context), input_(std::move(input)) {
    for (const expr::NodePtr& expression : node_.expressions) parts_.will_evaluate(*expression);
  }
  Result<void> open() override { return input_->open(); }
  Result<bool> pull(type::Batch& batch) override {
    TRY(check_cancelled(context_));
    while (at_ == below_.rows) {
      TRY_ASSIGN(const bool more, input_->next(below_));
      if (!more) return false;
      at_ = 0;
    }
    TRY_ASSIGN(const size_t done, parts_.next(below_, at_, [&](const type::Batch& part) {
      return project(part, batch);
    }));
    at_ += done;
    if (at_ == below_.rows) {
      below_ = {};
      at_ = 0;
    }
    return true;
  }

 private:
  Result<void> project(const type::Batch& part, type::Batch& batch) const {
    batch.rows = part.rows;
    batch.columns.clear();
    for (const expr::NodePtr& expression : node_.expressions) {
      TRY_ASSIGN(type::Column column, expr::evaluate(*expression, part, context_.eval));
      batch.columns.push_back(std::move(column));
    }
    return {};
  }

  const PhysicalNode& node_;
  ExecContext& context_;
  OperatorPtr input_;
  BatchParts parts_;
  type::Batch below_;  // Its rows from at_ on are still to be done.
  size_t at_ = 0;
};

class RowByRow final : public Operator {
 public:
  explicit RowByRow(OperatorPtr input) : input_(std::move(input)) {}
  Result<void> open() override { return input_->open(); }
  Result<bool> pull(type::Batch& batch) override {
    while (at_ == rows_.rows) {
      TRY_ASSIGN(const bool more, input_->next(rows_));
      if (!more) return false;
      at_ = 0;
    }
    batch = rows_.slice(at_++, 1);
    batch.rows = 1;
    return true;
  }

 private:
  OperatorPtr input_;
  type::Batch rows_;
  size_t at_ = 0;
};

class Limit final : public Operator {
 public:
  Limit(const PhysicalNode& node, ExecContext& context, OperatorPtr input, OperatorPtr counts)
      : node_(node), context_(context), input_(std::move(input)), counts_(std::move(counts)) {}
  Result<void> open() override {
    if (counts_ != nullptr) {
      TRY(read_counts());
    } else {
      TRY_ASSIGN(left_, evaluate_count(node_.limit, context_, UINT64_MAX, true));
      TRY_ASSIGN(skip_, evaluate_count(node_.offset, context_, 0, false));
    }
    if (left_ == 0) return {};
    return input_->open();
  }
  Result<bool> pull(type::Batch& batch) override {
    while (left_ > 0) {
      TRY(check_cancelled(context_));
      TRY_ASSIGN(const bool more, input_->next(batch));
      if (!more) break;
      if (skip_ >= batch.rows) {
        skip_ -= batch.rows;
        continue;
      }
      const size_t rows = std::min<uint64_t>(batch.rows - skip_, left_);
      if (rows < batch.rows) batch = batch.slice(skip_, rows);
      batch.rows = rows;
      skip_ = 0;
      left_ -= rows;
      return true;
    }
    return false;
  }

 private:
  Result<void> read_counts() {
    TRY(counts_->open());
    type::Batch row;
    TRY_ASSIGN(const bool found, counts_->next(row));
    ENSURE(found && row.rows == 1);
    TRY_ASSIGN(left_, checked_count(row.columns[0].value(0), UINT64_MAX, true));
    TRY_ASSIGN(skip_, checked_count(row.columns[1].value(0), 0, false));
    return {};
  }

  const PhysicalNode& node_;
  ExecContext& context_;
  OperatorPtr input_;
  OperatorPtr counts_;
  uint64_t left_ = 0;
  uint64_t skip_ = 0;
};

class Values final : public Operator {
 public:
  Values(const PhysicalNode& node, ExecContext& context) : node_(node), context_(context) {}
  Result<void> open() override { return {}; }
  Result<bool> pull(type::Batch& batch) override {
    TRY(check_cancelled(context_));
    if (at_ == node_.values.size()) return false;
    const size_t end = std::min(node_.values.size(), at_ + kBatchRows);
    std::vector<type::ColumnBuilder> builders;
    for (const plan::OutputColumn& output : node_.outputs)
      builders.emplace_back(output.type, end - at_);
    batch.rows = 0;
    for (const TextMeter made; at_ < end && made.bytes() < kBatchTextBytes; ++at_, ++batch.rows) {
      for (size_t column = 0; column < builders.size(); ++column) {
        TRY_ASSIGN(const type::Value value,
                   expr::evaluate_constant(*node_.values[at_][column], context_.eval));
        builders[column].append(value);
      }
    }
    batch.columns.clear();
    for (type::ColumnBuilder& builder : builders) batch.columns.push_back(builder.finish());
    return true;
  }

 private:
  const PhysicalNode& node_;
  ExecContext& context_;
  size_t at_ = 0;
};

class VirtualScan final : public Operator {
 public:
  VirtualScan(const PhysicalNode& node, ExecContext& context)
      : node_(node), context_(context), account_(context.rows_account()) {}
  Result<void> open() override {
    std::vector<type::Value> arguments;
    for (const expr::NodePtr& expression : node_.expressions) {
      TRY_ASSIGN(type::Value value, expr::evaluate_constant(*expression, context_.eval));
      arguments.push_back(std::move(value));
    }
    TRY_ASSIGN(rows_, node_.virtual_table->open(arguments, context_.eval));
    if (rows_ == nullptr) {
      TRY_ASSIGN(batches_, node_.virtual_table->rows(arguments, context_.eval));
      for (const type::Batch& made : batches_) TRY(account_.add(batch_bytes(made)));
    }
    return {};
  }
  Result<bool> pull(type::Batch& batch) override {
    TRY(check_cancelled(context_));
    while (rows_ != nullptr) {
      batch = {};
      TRY_ASSIGN(const bool more, rows_->next(batch));
      if (!more || batch.rows > 0) return more;
    }
    while (at_ < batches_.size()) {
      batch = std::move(batches_[at_++]);
      if (batch.rows > 0) return true;
    }
    return false;
  }

 private:
  const PhysicalNode& node_;
  ExecContext& context_;
  MemoryAccount account_;
  std::unique_ptr<plan::VirtualRows> rows_;  // As they come, else all of them:
  std::vector<type::Batch> batches_;
  size_t at_ = 0;
};

}  // namespace

OperatorPtr make_filter(const PhysicalNode& node, ExecContext& context, OperatorPtr input) {
  return std::make_unique<Filter>(node, context, std::move(input));
}
OperatorPtr make_project(const PhysicalNode& node, ExecContext& context, OperatorPtr input) {
  return std::make_unique<Project>(node, context, std::move(input));
}
OperatorPtr make_row_by_row(OperatorPtr input) {
  return std::make_unique<RowByRow>(std::move(input));
}
OperatorPtr make_limit(const PhysicalNode& node, ExecContext& context, OperatorPtr input,
                       OperatorPtr counts) {
  return std::make_unique<Limit>(node, context, std::move(input), std::move(counts));
}
OperatorPtr make_values(const PhysicalNode& node, ExecContext& context) {
  return std::make_unique<Values>(node, context);
}
OperatorPtr make_virtual_scan(const PhysicalNode& node, ExecContext& context) {
  return std::make_unique<VirtualScan>(node, context);
}

}  // namespace rowan::exec
