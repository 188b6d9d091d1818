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
  const void* data = nullptr;  // Cells by physical(type.id): int64_t[], double[] and so on.
  const uint8_t* nulls =
      nullptr;  // One byte a row, 1 = NULL. nullptr: no NULLs. Data under a NULL is 0 / empty.
  std::shared_ptr<const void> owner;  // Keeps data, nulls and the strings' bytes alive.

  const int64_t* ints() const { return static_cast<const int64_t*>(data); }
  const double* doubles() const { return static_cast<const double*>(data); }
  const std::string_view* strings() const { return static_cast<const std::string_view*>(data); }
  const Interval* intervals() const { return static_cast<const Interval*>(data); }
  bool is_null(size_t row) const { return nulls != nullptr && nulls[constant ? 0 : row] != 0; }
  size_t index(size_t row) const { return constant ? 0 : row; }

  Value value(size_t row) const;                  // Copies.
  Datum datum(size_t row) const;                  // Requires: not null. Points into the column.
  Datum datum(Physical form, size_t row) const;   // The same, where the type's form is known.
  Column slice(size_t from, size_t count) const;  // Shares.
  Column gather(const uint32_t* rows,
                size_t count) const;  // Copies the fixed part; strings' bytes are shared.
  Column flatten() const;             // Not constant any more.

  static Column of_constant(const Value& value, size_t size);
};

// Calls f.template operator()<T>() with the type of one cell of a physical form.
template <typename F>
auto with_cell(Physical form, F f) {
  switch (form) {
    case Physical::kInt64:
      return f.template operator()<int64_t>();
    case Physical::kDouble:
      return f.template operator()<double>();
    case Physical::kInterval:
      return f.template operator()<Interval>();
    case Physical::kString:
      break;
  }
  return f.template operator()<std::string_view>();
}

inline Datum Column::datum(Physical form, size_t row) const {
  const size_t at = index(row);
  return with_cell(form, [&]<typename T>() { return Datum(static_cast<const T*>(data)[at]); });
}

// What one cell takes in a column, without a string's bytes.
inline size_t cell_bytes(TypeId id) {
  return with_cell(physical(id), []<typename T>() { return sizeof(T); });
}

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
  void append_interval(Interval value);             // Requires: physical kInterval.
  void append_datum(Datum value);                   // Copies the bytes of a string.
  void append(const Value& value);                  // Same physical type, or NULL.
  void append_from(const Column& column, size_t row);  // Copies the bytes of strings.
  void keep(std::shared_ptr<const void> owner);        // Keeps foreign bytes alive with the column.
  Column finish();  // Leaves the builder empty and usable for another column.

  // Direct access for decoders and kernels; after filling, sizes of data and nulls must agree.
  std::vector<int64_t>& ints();
  std::vector<double>& doubles();
  std::vector<std::string_view>& strings();
  std::vector<Interval>& intervals();
  template <typename T>
  std::vector<T>& cells();  // One of the above, by the type of its cells.
  std::vector<uint8_t>& nulls();  // Filled lazily: empty means no NULL so far.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

template <>
inline std::vector<int64_t>& ColumnBuilder::cells<int64_t>() {
  return ints();
}
template <>
inline std::vector<double>& ColumnBuilder::cells<double>() {
  return doubles();
}
template <>
inline std::vector<std::string_view>& ColumnBuilder::cells<std::string_view>() {
  return strings();
}
template <>
inline std::vector<Interval>& ColumnBuilder::cells<Interval>() {
  return intervals();
}

}  // namespace rowan::type
