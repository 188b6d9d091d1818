// Arrays: making them, their elements and bounds, joining and searching them, ANY and ALL.
#include "type/array.h"

#include "base/limits.h"
#include "expr/array_forms.h"
#include "expr/compare.h"
#include "expr/function_table.h"
#include "expr/kernels.h"
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

// ARRAY[a, b, …]
Result<Column> construct(const KernelInput& input) {
  return make_arrays(input, [&](size_t row, ArrayBuilder& out) -> Result<bool> {
    for (const Column& argument : input.arguments) append_cell(argument, row, out);
    return true;
  });
}

// a[i]: NULL where there is no such element.
Result<Column> subscript(const KernelInput& input) {
  const Strings arrays(input.arguments[0]);
  const Ints indexes(input.arguments[1]);
  type::ColumnBuilder out(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) {
    std::optional<type::Datum> found;
    if (!is_null(input, row)) {
      int64_t at = 1;
      for (ArrayReader reader(arrays[row]); !reader.at_end(); ++at) {
        const auto value = reader.next();
        if (at == indexes[row]) found = value;
        if (at >= indexes[row]) break;
      }
    }
    if (found) {
      out.append_datum(*found);
    } else {
      out.append_null();
    }
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

// ---- x op ANY (array), x op ALL (array) ----

// True or false as soon as an element says so; else NULL where one was NULL.
template <CompareOp op, bool all>
Result<Column> quantified(const KernelInput& input) {
  const Column& values = input.arguments[0];
  const Column& arrays = input.arguments[1];
  const TypeId element = type::element_of(arrays.type.id);
  const auto holds_for = [](int order) {
    if constexpr (op == CompareOp::kEqual) return order == 0;
    if constexpr (op == CompareOp::kNotEqual) return order != 0;
    if constexpr (op == CompareOp::kLess) return order < 0;
    if constexpr (op == CompareOp::kLessEqual) return order <= 0;
    if constexpr (op == CompareOp::kGreater) return order > 0;
    return order >= 0;
  };
  auto out = make_nullable<int64_t>(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) {
    out.data[row] = 0;
    if (arrays.is_null(row)) {
      out.nulls[row] = 1;
      continue;
    }
    bool decided = false;
    bool unknown = false;
    for (ArrayReader reader(arrays.strings()[arrays.index(row)]); !reader.at_end() && !decided;) {
      const auto value = reader.next();
      if (!value || values.is_null(row)) {
        unknown = true;
      } else {
        decided = holds_for(type::compare(element, values.datum(row), *value)) != all;
      }
    }
    out.nulls[row] = !decided && unknown ? 1 : 0;
    out.data[row] = out.nulls[row] == 0 && decided != all ? 1 : 0;
  }
  return std::move(out.column);
}

template <bool all>
void add_quantified(FunctionTable& table, TypeId element) {
  const auto add = [&](std::string_view name, Kernel kernel) {
    table.push_back({.name = name,
                     .arguments = {element, type::array_of(element)},
                     .result = TypeId::kBool,
                     .kernel = kernel,
                     .strict = false});
  };
  add(all ? "= all" : "= any", quantified<CompareOp::kEqual, all>);
  add(all ? "<> all" : "<> any", quantified<CompareOp::kNotEqual, all>);
  add(all ? "< all" : "< any", quantified<CompareOp::kLess, all>);
  add(all ? "<= all" : "<= any", quantified<CompareOp::kLessEqual, all>);
  add(all ? "> all" : "> any", quantified<CompareOp::kGreater, all>);
  add(all ? ">= all" : ">= any", quantified<CompareOp::kGreaterEqual, all>);
}

void add_type(FunctionTable& table, const type::TypeInfo& element) {
  using enum TypeId;
  const TypeId item = element.id;
  const TypeId array = type::array_of(item);
  const auto add = [&](std::string_view name, std::vector<TypeId> arguments, TypeId result,
                       Kernel kernel, bool strict = true) {
    table.push_back({.name = name,
                     .arguments = std::move(arguments),
                     .result = result,
                     .kernel = kernel,
                     .strict = strict});
  };
  add(kSubscriptName, {array, kInt4}, item, subscript);
  add("cardinality", {array}, kInt4, cardinality);
  add("array_length", {array, kInt4}, kInt4, length);
  add("array_upper", {array, kInt4}, kInt4, length);
  add("array_lower", {array, kInt4}, kInt4, lower);
  add("array_ndims", {array}, kInt4, dimensions);
  add("array_cat", {array, array}, array, join<true, true>, false);
  add("array_append", {array, item}, array, join<true, false>, false);
  add("array_prepend", {item, array}, array, join<false, true>, false);
  add("||", {array, array}, array, join<true, true>, false);
  add("||", {array, item}, array, join<true, false>, false);
  add("||", {item, array}, array, join<false, true>, false);
  add("array_to_string", {array, kText}, kText, to_string, false);
  add("array_to_string", {array, kText, kText}, kText, to_string, false);
  if (element.order == type::Order::kNone) return;
  add("array_position", {array, item}, kInt4, position, false);
  add("array_remove", {array, item}, array, remove, false);
  add_quantified<false>(table, item);
  add_quantified<true>(table, item);
}

}  // namespace

void add_array(FunctionTable& table) {
  table.push_back({.name = kArrayName,
                   .arguments = {TypeId::kUnknown},
                   .result = TypeId::kUnknown,
                   .kernel = construct,
                   .strict = false,
                   .variadic = true});
  for (const type::TypeInfo* row : type::all_types()) {
    if (row->id != TypeId::kUnknown) add_type(table, *row);
  }
}

}  // namespace rowan::expr
