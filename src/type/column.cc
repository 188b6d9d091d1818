#include "type/column.h"

#include <cstring>

#include "base/ensure.h"
#include "base/memory_budget.h"

namespace rowan::type {

namespace {

constexpr size_t kBlockBytes = 16u << 10;

// What a finished column owns: its arrays, copied strings' bytes, and what it borrows strings from.
struct Owned {
  std::vector<int64_t> ints;
  std::vector<double> doubles;
  std::vector<std::string_view> strings;
  std::vector<Interval> intervals;
  std::vector<uint8_t> nulls;
  std::vector<std::unique_ptr<char[]>> blocks;
  std::vector<std::shared_ptr<const void>> kept;

  template <typename T>
  std::vector<T>& cells() {
    if constexpr (std::is_same_v<T, int64_t>) {
      return ints;
    } else if constexpr (std::is_same_v<T, double>) {
      return doubles;
    } else if constexpr (std::is_same_v<T, Interval>) {
      return intervals;
    } else {
      return strings;
    }
  }
};

}  // namespace

struct ColumnBuilder::State {
  Type type;
  Physical form = Physical::kString;
  std::shared_ptr<Owned> owned = std::make_shared<Owned>();
  char* free = nullptr;  // The unused rest of the last block.
  size_t free_bytes = 0;

  size_t size() const {
    return with_cell(form, [this]<typename T>() { return owned->template cells<T>().size(); });
  }

  void push_not_null() {
    if (!owned->nulls.empty()) {
      owned->nulls.push_back(0);
    }
  }

  std::string_view copy(std::string_view value) {
    if (value.empty()) {
      return {};
    }
    if (value.size() > free_bytes) {
      const size_t bytes = value.size() > kBlockBytes / 4 ? value.size() : kBlockBytes;
      count_text(bytes);
      owned->blocks.push_back(std::make_unique_for_overwrite<char[]>(bytes));
      char* block = owned->blocks.back().get();
      if (bytes == value.size()) {
        std::memcpy(block, value.data(), bytes);  // A long value has a block of its own.
        return {block, bytes};
      }
      free = block;
      free_bytes = bytes;
    }
    std::memcpy(free, value.data(), value.size());
    const std::string_view result(free, value.size());
    free += value.size();
    free_bytes -= value.size();
    return result;
  }
};

ColumnBuilder::ColumnBuilder(Type type, size_t reserve) : state_(std::make_unique<State>()) {
  state_->type = type;
  state_->form = physical(type.id);
  with_cell(state_->form,
            [&]<typename T>() { state_->owned->template cells<T>().reserve(reserve); });
}
ColumnBuilder::ColumnBuilder(ColumnBuilder&&) noexcept = default;
ColumnBuilder& ColumnBuilder::operator=(ColumnBuilder&&) noexcept = default;
ColumnBuilder::~ColumnBuilder() = default;

Type ColumnBuilder::type() const { return state_->type; }
size_t ColumnBuilder::size() const { return state_->size(); }

void ColumnBuilder::append_null() {
  Owned& owned = *state_->owned;
  if (owned.nulls.empty()) {
    owned.nulls.resize(state_->size(), 0);
  }
  owned.nulls.push_back(1);
  with_cell(state_->form, [&]<typename T>() { owned.template cells<T>().emplace_back(); });
}

void ColumnBuilder::append_int(int64_t value) {
  DCHECK(state_->form == Physical::kInt64);
  state_->owned->ints.push_back(value);
  state_->push_not_null();
}

void ColumnBuilder::append_double(double value) {
  DCHECK(state_->form == Physical::kDouble);
  state_->owned->doubles.push_back(value);
  state_->push_not_null();
}

void ColumnBuilder::append_string(std::string_view value) {
  append_string_view(state_->copy(value));
}

void ColumnBuilder::append_string_view(std::string_view value) {
  DCHECK(state_->form == Physical::kString);
  state_->owned->strings.push_back(value);
  state_->push_not_null();
}

void ColumnBuilder::append_interval(Interval value) {
  DCHECK(state_->form == Physical::kInterval);
  state_->owned->intervals.push_back(value);
  state_->push_not_null();
}

void ColumnBuilder::append_datum(Datum value) {
  switch (state_->form) {
    case Physical::kInt64:
      append_int(value.whole);
      break;
    case Physical::kDouble:
      append_double(value.real);
      break;
    case Physical::kString:
      append_string(value.text);
      break;
    case Physical::kInterval:
      append_interval(value.interval);
      break;
  }
}

void ColumnBuilder::append(const Value& value) {
  if (value.is_null()) {
    append_null();
    return;
  }
  append_datum(value.datum());
}

void ColumnBuilder::append_from(const Column& column, size_t row) {
  if (column.is_null(row)) {
    append_null();
    return;
  }
  const size_t at = column.index(row);
  switch (state_->form) {
    case Physical::kInt64:
      append_int(column.ints()[at]);
      break;
    case Physical::kDouble:
      append_double(column.doubles()[at]);
      break;
    case Physical::kString:
      append_string(column.strings()[at]);
      break;
    case Physical::kInterval:
      append_interval(column.intervals()[at]);
      break;
  }
}

void ColumnBuilder::keep(std::shared_ptr<const void> owner) {
  auto& kept = state_->owned->kept;
  if (owner != nullptr && (kept.empty() || kept.back() != owner)) {
    kept.push_back(std::move(owner));
  }
}

Column ColumnBuilder::finish() {
  std::shared_ptr<Owned> owned = std::move(state_->owned);
  state_->owned = std::make_shared<Owned>();
  state_->free = nullptr;
  state_->free_bytes = 0;
  Column column;
  column.type = state_->type;
  with_cell(state_->form, [&]<typename T>() {
    column.size = owned->template cells<T>().size();
    column.data = owned->template cells<T>().data();
  });
  ENSURE(owned->nulls.empty() || owned->nulls.size() == column.size);
  column.nulls = owned->nulls.empty() ? nullptr : owned->nulls.data();
  column.owner = std::move(owned);
  return column;
}

std::vector<int64_t>& ColumnBuilder::ints() { return state_->owned->ints; }
std::vector<double>& ColumnBuilder::doubles() { return state_->owned->doubles; }
std::vector<std::string_view>& ColumnBuilder::strings() { return state_->owned->strings; }
std::vector<Interval>& ColumnBuilder::intervals() { return state_->owned->intervals; }
std::vector<uint8_t>& ColumnBuilder::nulls() { return state_->owned->nulls; }

Value Column::value(size_t row) const {
  if (is_null(row)) {
    return Value::null(type);
  }
  return Value::of(type, datum(row));
}

Datum Column::datum(size_t row) const {
  return datum(physical(type.id), row);
}

Column Column::slice(size_t from, size_t count) const {
  DCHECK(from + count <= size);
  Column result = *this;
  result.size = count;
  if (!constant) {
    result.data = static_cast<const char*>(data) + from * cell_bytes(type.id);
    result.nulls = nulls == nullptr ? nullptr : nulls + from;
  }
  return result;
}

namespace {

// Copies chosen rows of the fixed part into a new owner that keeps the old one alive for its
// strings.
template <typename T, typename RowOf>
Column copy_cells(const Column& source, size_t count, RowOf row_of) {
  auto owned = std::make_shared<Owned>();
  std::vector<T>& out = owned->template cells<T>();
  const T* data = static_cast<const T*>(source.data);
  out.resize(count);
  for (size_t i = 0; i < count; ++i) {
    out[i] = data[row_of(i)];
  }
  if (source.nulls != nullptr) {
    owned->nulls.resize(count);
    for (size_t i = 0; i < count; ++i) {
      owned->nulls[i] = source.nulls[row_of(i)];
    }
  }
  if constexpr (std::is_same_v<T, std::string_view>) {
    owned->kept.push_back(source.owner);
  }
  Column result;
  result.type = source.type;
  result.size = count;
  result.data = out.data();
  result.nulls = owned->nulls.empty() ? nullptr : owned->nulls.data();
  result.owner = std::move(owned);
  return result;
}

template <typename RowOf>
Column copy_rows(const Column& source, size_t count, RowOf row_of) {
  return with_cell(physical(source.type.id),
                   [&]<typename T>() { return copy_cells<T>(source, count, row_of); });
}

}  // namespace

Column Column::gather(const uint32_t* rows, size_t count) const {
  if (constant) {
    Column result = *this;
    result.size = count;
    return result;
  }
  return copy_rows(*this, count, [rows](size_t i) { return rows[i]; });
}

Column Column::flatten() const {
  if (!constant) {
    return *this;
  }
  return copy_rows(*this, size, [](size_t) { return size_t{0}; });
}

Column Column::of_constant(const Value& value, size_t size) {
  ColumnBuilder builder(value.type(), 1);
  builder.append(value);
  Column column = builder.finish();
  column.constant = true;
  column.size = size;
  return column;
}

Batch Batch::slice(size_t from, size_t count) const {
  Batch result;
  result.rows = count;
  result.columns.reserve(columns.size());
  for (const Column& column : columns) {
    result.columns.push_back(column.slice(from, count));
  }
  return result;
}

Batch Batch::gather(const uint32_t* row_numbers, size_t count) const {
  Batch result;
  result.rows = count;
  result.columns.reserve(columns.size());
  for (const Column& column : columns) {
    result.columns.push_back(column.gather(row_numbers, count));
  }
  return result;
}

}  // namespace rowan::type
