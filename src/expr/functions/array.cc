// Arrays: their bounds, joining and searching them. ARRAY[…], elements, ANY and ALL: forms.cc.
#include "type/array.h"

#include "base/limits.h"
#include "expr/families.h"
#include "expr/kernels.h"
#include "expr/resolve.h"
#include "type/text.h"
#include "type/type_info.h"

namespace rowan::expr {
namespace {

using type::ArrayBuilder;
using type::ArrayReader;

Result<void> check_bytes(const ArrayBuilder& builder) {
  if (builder.bytes() <= kValueBytesMax) return {};
  return Error(ErrorCode::kProgramLimit, "array size exceeds the maximum allowed");
}

void copy_elements(std::string_view array, ArrayBuilder& out) {
  for (ArrayReader reader(array); !reader.at_end();) out.append(reader.next());
}

void append_cell(const Column& column, size_t row, ArrayBuilder& out) {
  if (column.is_null(row)) {
    out.append_null();
  } else {
    out.append(column.datum(row));
  }
}

// A kernel that makes an array for every row: f(row, builder), false for NULL.
template <typename F>
Result<Column> make_arrays(const KernelInput& input, F f) {
  StringOutput out(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) {
    if (is_null(input, row)) continue;
    ArrayBuilder builder(type::element_of(input.result_type.id));
    TRY_ASSIGN(const bool made, f(row, builder));
    if (!made) {
      out.set_null(row);
      continue;
    }
    TRY(check_bytes(builder));
    out.set(row, builder.finish());
  }
  return out.finish();
}

// ---- Bounds ----

Result<Column> cardinality(const KernelInput& input) {
  return map1<int64_t, std::string_view>(
      input, [](std::string_view array) { return static_cast<int64_t>(type::array_size(array)); });
}

// Of dimension n: NULL where there is none. f(size) is the answer.
template <typename F>
Result<Column> of_dimension(const KernelInput& input, F f) {
  const Strings arrays(input.arguments[0]);
  const Ints dimensions(input.arguments[1]);
  auto out = make_nullable<int64_t>(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) {
    out.data[row] = 0;
    if (is_null(input, row)) continue;
    const size_t size = type::array_size(arrays[row]);
    if (size == 0 || dimensions[row] != 1) {
      out.nulls[row] = 1;
    } else {
      out.data[row] = f(static_cast<int64_t>(size));
    }
  }
  return std::move(out.column);
}
Result<Column> length(const KernelInput& input) {
  return of_dimension(input, [](int64_t size) { return size; });
}
Result<Column> lower(const KernelInput& input) {
  return of_dimension(input, [](int64_t) { return int64_t{1}; });
}
Result<Column> dimensions(const KernelInput& input) {
  const Strings arrays(input.arguments[0]);
  auto out = make_nullable<int64_t>(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) {
    out.data[row] = is_null(input, row) ? 0 : 1;
    if (is_null(input, row) || !ArrayReader(arrays[row]).at_end()) continue;
    out.data[row] = 0;
    out.nulls[row] = 1;
  }
  return std::move(out.column);
}

// ---- Joining: a NULL array is one without elements, unless both are ----

template <bool left_is_array, bool right_is_array>
Result<Column> join(const KernelInput& input) {
  const Column& left = input.arguments[0];
  const Column& right = input.arguments[1];
  const auto add = [](const Column& column, size_t row, bool is_array, ArrayBuilder& out) {
    if (!is_array) {
      append_cell(column, row, out);
    } else if (!column.is_null(row)) {
      copy_elements(column.strings()[column.index(row)], out);
    }
  };
  return make_arrays(input, [&](size_t row, ArrayBuilder& out) -> Result<bool> {
    if (left_is_array && right_is_array && left.is_null(row) && right.is_null(row)) return false;
    add(left, row, left_is_array, out);
    add(right, row, right_is_array, out);
    return true;
  });
}

// ---- Searching ----

bool is_same_value(TypeId element, const std::optional<type::Datum>& a, const Column& b,
                   size_t row) {
  if (b.is_null(row)) return !a;
  return a && type::compare(element, *a, b.datum(row)) == 0;
}

Result<Column> position(const KernelInput& input) {
  const Column& arrays = input.arguments[0];
  const TypeId element = type::element_of(arrays.type.id);
  TRY(check_groupable({element}, 0));
  auto out = make_nullable<int64_t>(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) {
    out.data[row] = 0;
    out.nulls[row] = 1;
    if (arrays.is_null(row)) continue;
    int64_t at = 1;
    for (ArrayReader reader(arrays.strings()[arrays.index(row)]); !reader.at_end(); ++at) {
      if (!is_same_value(element, reader.next(), input.arguments[1], row)) continue;
      out.data[row] = at;
      out.nulls[row] = 0;
      break;
    }
  }
  return std::move(out.column);
}

Result<Column> remove(const KernelInput& input) {
  const Column& arrays = input.arguments[0];
  const TypeId element = type::element_of(arrays.type.id);
  TRY(check_groupable({element}, 0));
  return make_arrays(input, [&](size_t row, ArrayBuilder& out) -> Result<bool> {
    if (arrays.is_null(row)) return false;
    for (ArrayReader reader(arrays.strings()[arrays.index(row)]); !reader.at_end();) {
      const auto value = reader.next();
      if (!is_same_value(element, value, input.arguments[1], row)) out.append(value);
    }
    return true;
  });
}

// array_to_string(array, delimiter [, for NULL])
Result<Column> to_string(const KernelInput& input) {
  const Column& arrays = input.arguments[0];
  const Column& delimiters = input.arguments[1];
  const Column* const nulls = input.arguments.size() > 2 ? &input.arguments[2] : nullptr;
  StringOutput out(input.result_type, input.rows);
  std::string text;
  for (size_t row = 0; row < input.rows; ++row) {
    if (arrays.is_null(row) || delimiters.is_null(row)) {
      out.set_null(row);
      continue;
    }
    text.clear();
    bool first = true;
    for (ArrayReader reader(arrays.strings()[arrays.index(row)]); !reader.at_end();) {
      const auto value = reader.next();
      if (!value && (nulls == nullptr || nulls->is_null(row))) continue;
      if (!first) text += delimiters.strings()[delimiters.index(row)];
      first = false;
      if (value) {
        type::append_text({reader.element(), arrays.type.modifier}, *value, text);
      } else {
        text += nulls->strings()[nulls->index(row)];
      }
      if (text.size() > kValueBytesMax)
        return Error(ErrorCode::kProgramLimit, "requested length too large");
    }
    out.set(row, text);
  }
  return out.finish();
}

// ---- The rows ----

using enum TypeId;

constexpr Traits kOfNulls = {.strict = false};
constexpr Traits kStableOfNulls = {.volatility = Volatility::kStable, .strict = false};

constexpr Function kRows[] = {
    {3179, "cardinality", {Any::kArray}, kInt4, cardinality},
    {2176, "array_length", {Any::kArray, kInt4}, kInt4, length},
    {2092, "array_upper", {Any::kArray, kInt4}, kInt4, length},
    {2091, "array_lower", {Any::kArray, kInt4}, kInt4, lower},
    {748, "array_ndims", {Any::kArray}, kInt4, dimensions},
    {383, "array_cat", {Any::kCompatibleArray, Any::kCompatibleArray}, Any::kCompatibleArray, join<true, true>, kOfNulls},
    {378, "array_append", {Any::kCompatibleArray, Any::kCompatible}, Any::kCompatibleArray, join<true, false>, kOfNulls},
    {379, "array_prepend", {Any::kCompatible, Any::kCompatibleArray}, Any::kCompatibleArray, join<false, true>, kOfNulls},
    {375, "||", {Any::kCompatibleArray, Any::kCompatibleArray}, Any::kCompatibleArray, join<true, true>, kOfNulls},
    {349, "||", {Any::kCompatibleArray, Any::kCompatible}, Any::kCompatibleArray, join<true, false>, kOfNulls},
    {374, "||", {Any::kCompatible, Any::kCompatibleArray}, Any::kCompatibleArray, join<false, true>, kOfNulls},
    {395, "array_to_string", {Any::kArray, kText}, kText, to_string, kStableOfNulls},
    {384, "array_to_string", {Any::kArray, kText, kText}, kText, to_string, kStableOfNulls},
    {3277, "array_position", {Any::kCompatibleArray, Any::kCompatible}, kInt4, position, kOfNulls},
    {3167, "array_remove", {Any::kCompatibleArray, Any::kCompatible}, Any::kCompatibleArray, remove, kOfNulls},
};

}  // namespace

constinit const std::span<const Function> kArrayFunctions = kRows;

}  // namespace rowan::expr
