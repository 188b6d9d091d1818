#include "versions/row_collector.h"

namespace rowan::versions {

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

}  // namespace rowan::versions
