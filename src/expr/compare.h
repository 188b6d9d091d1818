// Comparison of physical values, with PostgreSQL's order (NaN equals itself and is above all
// numbers).
#pragma once

#include <cstring>
#include <string_view>

#include "type/array.h"
#include "type/jsonb.h"
#include "type/numeric.h"
#include "type/text.h"
#include "type/type_info.h"
#include "type/value.h"

namespace rowan::expr {

enum class CompareOp : uint8_t {
  kNone,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual
};

// kNone when `name` is no comparison.
inline CompareOp compare_op(std::string_view name) {
  if (name.size() == 1) {
    return name[0] == '='   ? CompareOp::kEqual
           : name[0] == '<' ? CompareOp::kLess
           : name[0] == '>' ? CompareOp::kGreater
                            : CompareOp::kNone;
  }
  if (name.size() != 2) return CompareOp::kNone;
  if (name == "<>") return CompareOp::kNotEqual;
  if (name == "<=") return CompareOp::kLessEqual;
  if (name == ">=") return CompareOp::kGreaterEqual;
  return CompareOp::kNone;
}

// a op b is b swapped(op) a.
inline CompareOp swapped(CompareOp op) {
  switch (op) {
    case CompareOp::kLess:
      return CompareOp::kGreater;
    case CompareOp::kLessEqual:
      return CompareOp::kGreaterEqual;
    case CompareOp::kGreater:
      return CompareOp::kLess;
    case CompareOp::kGreaterEqual:
      return CompareOp::kLessEqual;
    default:
      return op;
  }
}

struct IntOrder {
  using Item = int64_t;
  static bool equal(int64_t a, int64_t b) { return a == b; }
  static bool less(int64_t a, int64_t b) { return a < b; }
};

struct DoubleOrder {
  using Item = double;
  static bool equal(double a, double b) { return (a == b) | ((a != a) & (b != b)); }
  static bool less(double a, double b) { return (a < b) | ((a == a) & (b != b)); }
};

struct BytesOrder {
  using Item = std::string_view;
  static bool equal(std::string_view a, std::string_view b) { return a == b; }
  static bool less(std::string_view a, std::string_view b) { return a < b; }
};

// The texts of a NULL row are empty and never reach numeric_compare.
struct NumericOrder {
  using Item = std::string_view;
  static int compare(std::string_view a, std::string_view b) {
    if (a.empty() || b.empty()) return a.empty() == b.empty() ? 0 : a.empty() ? -1 : 1;
    return type::numeric_compare(a, b);
  }
  static bool equal(std::string_view a, std::string_view b) { return a == b || compare(a, b) == 0; }
  static bool less(std::string_view a, std::string_view b) { return compare(a, b) < 0; }
};

// char(n): trailing blanks do not count.
struct PaddedOrder {
  using Item = std::string_view;
  static bool equal(std::string_view a, std::string_view b) {
    return type::without_padding(a) == type::without_padding(b);
  }
  static bool less(std::string_view a, std::string_view b) {
    return type::without_padding(a) < type::without_padding(b);
  }
};

struct JsonbOrder {
  using Item = std::string_view;
  static bool equal(std::string_view a, std::string_view b) {
    return a == b || type::jsonb_compare(a, b) == 0;
  }
  static bool less(std::string_view a, std::string_view b) { return type::jsonb_compare(a, b) < 0; }
};

// Of two lengths the same, whatever they are made of: a month is 30 days, a day 24 hours.
struct IntervalOrder {
  using Item = type::Interval;
  static bool equal(type::Interval a, type::Interval b) {
    return type::compare_intervals(a, b) == 0;
  }
  static bool less(type::Interval a, type::Interval b) {
    return type::compare_intervals(a, b) < 0;
  }
};

struct ArrayOrder {
  using Item = std::string_view;
  static bool equal(std::string_view a, std::string_view b) {
    return a == b || type::array_compare(a, b) == 0;
  }
  static bool less(std::string_view a, std::string_view b) { return type::array_compare(a, b) < 0; }
};

template <CompareOp op, typename Order, typename T>
inline bool holds(const T& a, const T& b) {
  if constexpr (op == CompareOp::kEqual) return Order::equal(a, b);
  if constexpr (op == CompareOp::kNotEqual) return !Order::equal(a, b);
  if constexpr (op == CompareOp::kLess) return Order::less(a, b);
  if constexpr (op == CompareOp::kLessEqual) return !Order::less(b, a);
  if constexpr (op == CompareOp::kGreater) return Order::less(b, a);
  return !Order::less(a, b);
}

// Calls f.template operator()<op>() for the run-time `op`.
template <typename F>
auto with_op(CompareOp op, F f) {
  switch (op) {
    case CompareOp::kNotEqual:
      return f.template operator()<CompareOp::kNotEqual>();
    case CompareOp::kLess:
      return f.template operator()<CompareOp::kLess>();
    case CompareOp::kLessEqual:
      return f.template operator()<CompareOp::kLessEqual>();
    case CompareOp::kGreater:
      return f.template operator()<CompareOp::kGreater>();
    case CompareOp::kGreaterEqual:
      return f.template operator()<CompareOp::kGreaterEqual>();
    default:
      return f.template operator()<CompareOp::kEqual>();
  }
}

// Calls f.template operator()<Order>() for the order of values of a type.
template <typename F>
auto with_order(type::TypeId id, F f) {
  switch (type::type_info(id).order) {
    case type::Order::kInt:
      return f.template operator()<IntOrder>();
    case type::Order::kDouble:
      return f.template operator()<DoubleOrder>();
    case type::Order::kInterval:
      return f.template operator()<IntervalOrder>();
    case type::Order::kNumeric:
      return f.template operator()<NumericOrder>();
    case type::Order::kPadded:
      return f.template operator()<PaddedOrder>();
    case type::Order::kJsonb:
      return f.template operator()<JsonbOrder>();
    case type::Order::kArray:
      return f.template operator()<ArrayOrder>();
    case type::Order::kBytes:
    case type::Order::kNone:
      break;
  }
  return f.template operator()<BytesOrder>();
}

}  // namespace rowan::expr
