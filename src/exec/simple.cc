// Operators that look at one batch at a time, and the sources that need no table.
#include <algorithm>

#include "base/ensure.h"
#include "base/limits.h"
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

Collector::Collector(const std::vector<plan::OutputColumn>& outputs, const ExecContext& context)
    : context_(context) {
  for (const plan::OutputColumn& output : outputs) types_.push_back(output.type);
}

Result<void> Collector::add(const type::Batch& batch) {
  if (batch.rows == 0) return {};
  rows_ += batch.rows;
  for (const type::Column& column : batch.columns) {
    if (column.constant) continue;
    const bool strings = type::physical(column.type.id) == type::Physical::kString;
    bytes_ += batch.rows * (strings ? sizeof(std::string_view) : 8);
    if (!strings) continue;
    for (size_t i = 0; i < batch.rows; ++i) bytes_ += column.strings()[i].size();
  }
  if (bytes_ > context_.memory_bytes || rows_ > UINT32_MAX - 1) {
    return Error(ErrorCode::kOutOfMemory, "out of memory")
        .with_detail(
            "Sorting, joining or collecting these rows needs more memory than the statement may "
            "use.");
  }
  batches_.push_back(batch);
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

namespace {

template <typename T>
void append_cells(const type::Column& column, size_t rows, std::vector<T>& out) {
  const T* data = static_cast<const T*>(column.data);
  if (column.constant) {
    out.insert(out.end(), rows, data == nullptr ? T() : data[0]);
  } else {
    out.insert(out.end(), data, data + rows);
  }
}

type::Column concatenate(const std::vector<type::Batch>& batches, size_t column_index,
                         type::Type type, size_t rows) {
  type::ColumnBuilder builder(type, rows);
  const bool any_null = std::any_of(batches.begin(), batches.end(), [&](const auto& b) {
    return b.columns[column_index].nulls != nullptr;
  });
  for (const type::Batch& batch : batches) {
    const type::Column& column = batch.columns[column_index];
    switch (type::physical(type.id)) {
      case type::Physical::kInt64:
        append_cells(column, batch.rows, builder.ints());
        break;
      case type::Physical::kDouble:
        append_cells(column, batch.rows, builder.doubles());
        break;
      case type::Physical::kString:
        append_cells(column, batch.rows, builder.strings());
        builder.keep(column.owner);
        break;
    }
    if (!any_null) continue;
    std::vector<uint8_t>& nulls = builder.nulls();
    if (column.nulls == nullptr) {
      nulls.insert(nulls.end(), batch.rows, 0);
    } else if (column.constant) {
      nulls.insert(nulls.end(), batch.rows, column.nulls[0]);
    } else {
      nulls.insert(nulls.end(), column.nulls, column.nulls + batch.rows);
    }
  }
  return builder.finish();
}

}  // namespace

type::Batch Collector::finish() {
  type::Batch result;
  result.rows = rows_;
  if (batches_.size() == 1) {
    result = std::move(batches_[0]);
    for (type::Column& column : result.columns) column = column.flatten();
  } else {
    for (size_t i = 0; i < types_.size(); ++i)
      result.columns.push_back(concatenate(batches_, i, types_[i], rows_));
  }
  batches_.clear();
  return result;
}

namespace {

class Filter final : public Operator {
 public:
  Filter(const PhysicalNode& node, ExecContext& context, OperatorPtr input)
      : node_(node), context_(context), input_(std::move(input)) {}
  Result<void> open() override { return input_->open(); }
  Result<bool> next(type::Batch& batch) override {
    for (;;) {
      TRY(check_cancelled(context_));
      TRY_ASSIGN(const bool more, input_->next(batch));
      if (!more) return false;
      rows_.clear();
      TRY(expr::evaluate_filter(*node_.condition, batch, context_.eval, rows_));
      if (rows_.empty()) continue;
      if (rows_.size() < batch.rows) batch = batch.gather(rows_.data(), rows_.size());
      batch.rows = rows_.size();
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
      : node_(node), context_(context), input_(std::move(input)) {}
  Result<void> open() override { return input_->open(); }
  Result<bool> next(type::Batch& batch) override {
    TRY(check_cancelled(context_));
    type::Batch below;
    TRY_ASSIGN(const bool more, input_->next(below));
    if (!more) return false;
    batch.rows = below.rows;
    batch.columns.clear();
    for (const expr::NodePtr& expression : node_.expressions) {
      TRY_ASSIGN(type::Column column, expr::evaluate(*expression, below, context_.eval));
      batch.columns.push_back(std::move(column));
    }
    return true;
  }

 private:
  const PhysicalNode& node_;
  ExecContext& context_;
  OperatorPtr input_;
};

class RowByRow final : public Operator {
 public:
  explicit RowByRow(OperatorPtr input) : input_(std::move(input)) {}
  Result<void> open() override { return input_->open(); }
  Result<bool> next(type::Batch& batch) override {
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
  Result<bool> next(type::Batch& batch) override {
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
  Result<bool> next(type::Batch& batch) override {
    TRY(check_cancelled(context_));
    const size_t rows = std::min(node_.values.size() - at_, kBatchRows);
    if (rows == 0) return false;
    batch.rows = rows;
    batch.columns.clear();
    for (size_t column = 0; column < node_.outputs.size(); ++column) {
      type::ColumnBuilder builder(node_.outputs[column].type, rows);
      for (size_t row = at_; row < at_ + rows; ++row) {
        TRY_ASSIGN(const type::Value value,
                   expr::evaluate_constant(*node_.values[row][column], context_.eval));
        builder.append(value);
      }
      batch.columns.push_back(builder.finish());
    }
    at_ += rows;
    return true;
  }

 private:
  const PhysicalNode& node_;
  ExecContext& context_;
  size_t at_ = 0;
};

class VirtualScan final : public Operator {
 public:
  VirtualScan(const PhysicalNode& node, ExecContext& context) : node_(node), context_(context) {}
  Result<void> open() override {
    std::vector<type::Value> arguments;
    for (const expr::NodePtr& expression : node_.expressions) {
      TRY_ASSIGN(type::Value value, expr::evaluate_constant(*expression, context_.eval));
      arguments.push_back(std::move(value));
    }
    TRY_ASSIGN(rows_, node_.virtual_table->open(arguments, context_.eval));
    if (rows_ == nullptr) {
      TRY_ASSIGN(batches_, node_.virtual_table->rows(arguments, context_.eval));
    }
    return {};
  }
  Result<bool> next(type::Batch& batch) override {
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
