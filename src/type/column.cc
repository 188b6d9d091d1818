#include "type/column.h"

#include <cstring>

#include "base/ensure.h"
#include "base/memory_budget.h"

namespace rowan::type {

namespace {

constexpr size_t kBlockBytes = 16u << 10;

size_t element_bytes(TypeId id) {
  return physical(id) == Physical::kString ? sizeof(std::string_view) : 8;
}

// What a finished column owns: its arrays, copied strings' bytes, and what it borrows strings from.
struct Owned {
  std::vector<int64_t> ints;
  std::vector<double> doubles;
  std::vector<std::string_view> strings;
  std::vector<uint8_t> nulls;
  std::vector<std::unique_ptr<char[]>> blocks;
  std::vector<std::shared_ptr<const void>> kept;
};

}  // namespace

struct ColumnBuilder::State {
  Type type;
  Physical form = Physical::kString;
  std::shared_ptr<Owned> owned = std::make_shared<Owned>();
  char* free = nullptr;  // The unused rest of the last block.
  size_t free_bytes = 0;

  size_t size() const {
    switch (form) {
      case Physical::kInt64:
        return owned->ints.size();
      case Physical::kDouble:
        return owned->doubles.size();
      case Physical::kString:
        return owned->strings.size();
    }
    return 0;
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
  switch (state_->form) {
    case Physical::kInt64:
      state_->owned->ints.reserve(reserve);
      break;
    case Physical::kDouble:
      state_->owned->doubles.reserve(reserve);
      break;
    case Physical::kString:
      state_->owned->strings.reserve(reserve);
      break;
  }
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
  switch (state_->form) {
    case Physical::kInt64:
      owned.ints.push_back(0);
      break;
    case Physical::kDouble:
      owned.doubles.push_back(0);
      break;
    case Physical::kString:
      owned.strings.emplace_back();
      break;
  }
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

void ColumnBuilder::append(const Value& value) {
  if (value.is_null()) {
    append_null();
    return;
  }
  switch (state_->form) {
    case Physical::kInt64:
      append_int(value.as_int());
      break;
    case Physical::kDouble:
      append_double(value.as_double());
      break;
    case Physical::kString:
      append_string(value.as_string());
      break;
  }
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
  switch (state_->form) {
    case Physical::kInt64:
      column.size = owned->ints.size();
      column.data = owned->ints.data();
      break;
    case Physical::kDouble:
      column.size = owned->doubles.size();
      column.data = owned->doubles.data();
      break;
    case Physical::kString:
      column.size = owned->strings.size();
      column.data = owned->strings.data();
      break;
  }
  ENSURE(owned->nulls.empty() || owned->nulls.size() == column.size);
  column.nulls = owned->nulls.empty() ? nullptr : owned->nulls.data();
  column.owner = std::move(owned);
  return column;
}

std::vector<int64_t>& ColumnBuilder::ints() { return state_->owned->ints; }
std::vector<double>& ColumnBuilder::doubles() { return state_->owned->doubles; }
std::vector<std::string_view>& ColumnBuilder::strings() { return state_->owned->strings; }
std::vector<uint8_t>& ColumnBuilder::nulls() { return state_->owned->nulls; }

Value Column::value(size_t row) const {
  if (is_null(row)) {
    return Value::null(type);
  }
  const size_t at = index(row);
  switch (physical(type.id)) {
    case Physical::kInt64:
      return Value::of_int(type, ints()[at]);
    case Physical::kDouble:
      return Value::of_double(type, doubles()[at]);
    case Physical::kString:
      return Value::of_string(type, std::string(strings()[at]));
  }
  return Value::null(type);
}

Column Column::slice(size_t from, size_t count) const {
  DCHECK(from + count <= size);
  Column result = *this;
  result.size = count;
  if (!constant) {
    result.data = static_cast<const char*>(data) + from * element_bytes(type.id);
    result.nulls = nulls == nullptr ? nullptr : nulls + from;
  }
  return result;
}

namespace {

// Copies chosen rows of the fixed part into a new owner that keeps the old one alive for its
// strings.
template <typename T, typename RowOf>
Column copy_rows(const Column& source, std::vector<T> Owned::* array, size_t count, RowOf row_of) {
  auto owned = std::make_shared<Owned>();
  std::vector<T>& out = (*owned).*array;
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
  if (physical(source.type.id) == Physical::kString) {
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
  switch (physical(source.type.id)) {
    case Physical::kInt64:
      return copy_rows(source, &Owned::ints, count, row_of);
    case Physical::kDouble:
      return copy_rows(source, &Owned::doubles, count, row_of);
    case Physical::kString:
      return copy_rows(source, &Owned::strings, count, row_of);
  }
  return {};
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
