// Column and Batch: values of one type in a run, and columns of equal length side by side.
//
// Ownership: a Column is a view; `owner` keeps what it points into alive. Copying one is cheap and
// shares the data. Threads:   immutable once built; may be shared.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "type/type.h"
#include "type/value.h"

namespace rowan::type {

struct Column {
  Type type;
  // True: `data` and `nulls` hold one row that stands for all. Kernels may expand it with
  // flatten().
  bool constant = false;
  size_t size = 0;             // Rows.
  const void* data = nullptr;  // int64_t[], double[] or std::string_view[] by physical(type.id).
  const uint8_t* nulls =
      nullptr;  // One byte a row, 1 = NULL. nullptr: no NULLs. Data under a NULL is 0 / empty.
  std::shared_ptr<const void> owner;  // Keeps data, nulls and the strings' bytes alive.

  const int64_t* ints() const { return static_cast<const int64_t*>(data); }
  const double* doubles() const { return static_cast<const double*>(data); }
  const std::string_view* strings() const { return static_cast<const std::string_view*>(data); }
  bool is_null(size_t row) const { return nulls != nullptr && nulls[constant ? 0 : row] != 0; }
  size_t index(size_t row) const { return constant ? 0 : row; }

  Value value(size_t row) const;                  // Copies.
  Column slice(size_t from, size_t count) const;  // Shares.
  Column gather(const uint32_t* rows,
                size_t count) const;  // Copies the fixed part; strings' bytes are shared.
  Column flatten() const;             // Not constant any more.

  static Column of_constant(const Value& value, size_t size);
};

struct Batch {
  size_t rows = 0;
  std::vector<Column> columns;

  Batch slice(size_t from, size_t count) const;
  Batch gather(const uint32_t* row_numbers, size_t count) const;
};

// ColumnBuilder: appends values and gives a Column that owns them.
class ColumnBuilder {
 public:
  explicit ColumnBuilder(Type type, size_t reserve = 0);
  ColumnBuilder(ColumnBuilder&&) noexcept;
  ColumnBuilder& operator=(ColumnBuilder&&) noexcept;
  ~ColumnBuilder();

  Type type() const;
  size_t size() const;
  void append_null();
  void append_int(int64_t value);                   // Requires: physical kInt64.
  void append_double(double value);                 // Requires: physical kDouble.
  void append_string(std::string_view value);       // Requires: physical kString. Copies the bytes.
  void append_string_view(std::string_view value);  // The bytes must be kept alive by keep().
  void append(const Value& value);                  // Same physical type, or NULL.
  void append_from(const Column& column, size_t row);  // Copies the bytes of strings.
  void keep(std::shared_ptr<const void> owner);        // Keeps foreign bytes alive with the column.
  Column finish();  // Leaves the builder empty and usable for another column.

  // Direct access for decoders and kernels; after filling, sizes of data and nulls must agree.
  std::vector<int64_t>& ints();
  std::vector<double>& doubles();
  std::vector<std::string_view>& strings();
  std::vector<uint8_t>& nulls();  // Filled lazily: empty means no NULL so far.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rowan::type
