// Building blocks of kernels: access to arguments, and result columns in one allocation.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/memory_budget.h"
#include "base/result.h"
#include "expr/functions.h"
#include "type/column.h"

namespace rowan::expr {

using type::Column;
using type::Type;
using type::TypeId;
using type::Value;

// One argument, constant or not. The mask sends every row of a constant to its only one.
template <typename T>
class Arg {
 public:
  explicit Arg(const Column& column)
      : data_(static_cast<const T*>(column.data)), mask_(column.constant ? 0 : ~size_t{0}) {}
  const T& operator[](size_t row) const { return data_[row & mask_]; }

 private:
  const T* data_;
  size_t mask_;
};
using Ints = Arg<int64_t>;
using Doubles = Arg<double>;
using Strings = Arg<std::string_view>;

inline bool is_null(const KernelInput& input, size_t row) {
  return input.nulls != nullptr && input.nulls[row] != 0;
}

// A column of fixed-size values being filled.
template <typename T>
struct Fixed {
  T* data = nullptr;
  uint8_t* nulls = nullptr;  // Only from make_nullable(); zeroed.
  Column column;
};

template <typename T>
Fixed<T> make_fixed(Type type, size_t rows) {
  auto block = std::make_shared_for_overwrite<T[]>(rows);
  Fixed<T> out;
  out.data = block.get();
  out.column.type = type;
  out.column.size = rows;
  out.column.data = out.data;
  out.column.owner = std::move(block);
  return out;
}

template <typename T>
Fixed<T> make_nullable(Type type, size_t rows) {
  auto out = make_fixed<T>(type, rows + (rows + sizeof(T) - 1) / sizeof(T));
  out.column.size = rows;
  out.nulls = reinterpret_cast<uint8_t*>(out.data + rows);
  std::memset(out.nulls, 0, rows);
  out.column.nulls = out.nulls;
  return out;
}

// Data under a NULL is 0.
template <typename T>
void clear_nulls(T* data, const KernelInput& input) {
  if (input.nulls == nullptr) return;
  for (size_t i = 0; i < input.rows; ++i) data[i] = input.nulls[i] != 0 ? T{} : data[i];
}

// A column of strings being filled; rows that are not set stay empty.
class StringOutput {
 public:
  StringOutput(Type type, size_t rows) : type_(type), block_(std::make_shared<Block>()) {
    block_->views.resize(rows);
  }

  void set(size_t row, std::string_view text) { block_->views[row] = copy(text); }
  // The bytes must belong to a column given to keep().
  void set_view(size_t row, std::string_view text) { block_->views[row] = text; }
  void set_null(size_t row) {
    if (block_->nulls.empty()) block_->nulls.resize(block_->views.size());
    block_->nulls[row] = 1;
  }
  void keep(const Column& column) { block_->kept.push_back(column.owner); }
  // Room for `bytes` bytes of the result of one row, for the caller to fill.
  char* allocate(size_t bytes) {
    if (bytes > block_->left) grow(bytes);
    char* at = block_->next;
    block_->next += bytes;
    block_->left -= bytes;
    return at;
  }
  Column finish() {
    Column column;
    column.type = type_;
    column.size = block_->views.size();
    column.data = block_->views.data();
    column.nulls = block_->nulls.empty() ? nullptr : block_->nulls.data();
    column.owner = std::move(block_);
    return column;
  }

 private:
  struct Block {
    std::vector<std::string_view> views;
    std::vector<uint8_t> nulls;
    std::vector<std::unique_ptr<char[]>> chunks;
    std::vector<std::shared_ptr<const void>> kept;
    char* next = nullptr;
    size_t left = 0;
    size_t chunk_bytes = 256;
  };

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* at = allocate(text.size());
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }
  void grow(size_t bytes) {
    const size_t size = bytes > block_->chunk_bytes ? bytes : block_->chunk_bytes;
    count_text(size);
    block_->chunks.push_back(std::make_unique_for_overwrite<char[]>(size));
    block_->next = block_->chunks.back().get();
    block_->left = size;
    if (block_->chunk_bytes < (size_t{1} << 18)) block_->chunk_bytes *= 4;
  }

  Type type_;
  std::shared_ptr<Block> block_;
};

// ---- Whole kernels from one function of a row ----

// f(A) -> R, cannot fail.
template <typename R, typename A, typename F>
Result<Column> map1(const KernelInput& input, F f) {
  auto out = make_fixed<R>(input.result_type, input.rows);
  const Arg<A> a(input.arguments[0]);
  for (size_t i = 0; i < input.rows; ++i) out.data[i] = f(a[i]);
  clear_nulls(out.data, input);
  return std::move(out.column);
}

// f(A, B) -> R, cannot fail. A loop for each shape of the sides, so that each one vectorises.
template <typename R, typename A, typename B, typename F>
Result<Column> map2(const KernelInput& input, F f) {
  auto out = make_fixed<R>(input.result_type, input.rows);
  const Column& left = input.arguments[0];
  const Column& right = input.arguments[1];
  const A* a = static_cast<const A*>(left.data);
  const B* b = static_cast<const B*>(right.data);
  R* r = out.data;
  const size_t rows = input.rows;
  if (right.constant) {
    const B value = *b;
    if (left.constant) {
      for (size_t i = 0; i < rows; ++i) r[i] = f(*a, value);
    } else {
      for (size_t i = 0; i < rows; ++i) r[i] = f(a[i], value);
    }
  } else if (left.constant) {
    const A value = *a;
    for (size_t i = 0; i < rows; ++i) r[i] = f(value, b[i]);
  } else {
    for (size_t i = 0; i < rows; ++i) r[i] = f(a[i], b[i]);
  }
  clear_nulls(out.data, input);
  return std::move(out.column);
}

// f(A, R&) -> Result<void>, only for rows that are not NULL.
template <typename R, typename A, typename F>
Result<Column> try_map1(const KernelInput& input, F f) {
  auto out = make_fixed<R>(input.result_type, input.rows);
  const Arg<A> a(input.arguments[0]);
  for (size_t i = 0; i < input.rows; ++i) {
    out.data[i] = R{};
    if (!is_null(input, i)) TRY(f(a[i], out.data[i]));
  }
  return std::move(out.column);
}

template <typename R, typename A, typename B, typename F>
Result<Column> try_map2(const KernelInput& input, F f) {
  auto out = make_fixed<R>(input.result_type, input.rows);
  const Arg<A> a(input.arguments[0]);
  const Arg<B> b(input.arguments[1]);
  for (size_t i = 0; i < input.rows; ++i) {
    out.data[i] = R{};
    if (!is_null(input, i)) TRY(f(a[i], b[i], out.data[i]));
  }
  return std::move(out.column);
}

// f(row, StringOutput&) -> Result<void>, only for rows that are not NULL.
template <typename F>
Result<Column> map_strings(const KernelInput& input, F f) {
  StringOutput out(input.result_type, input.rows);
  for (size_t i = 0; i < input.rows; ++i) {
    if (!is_null(input, i)) TRY(f(i, out));
  }
  return out.finish();
}

// A constant column that owns its value, in one allocation for fixed sizes.
Column constant_column(const Value& value, size_t rows);

}  // namespace rowan::expr
