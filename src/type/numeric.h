// Exact decimal arithmetic on numeric texts, with PostgreSQL's result scales.
//
// A numeric is its canonical PostgreSQL text: "12.50", "-0.001", "NaN", "Infinity", "-Infinity".
// Scales are kept.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "type/type.h"

namespace rowan::type {

Result<std::string> numeric_parse(
    std::string_view text);  // Any input spelling ("1e3", ".5", " 7 ") to canonical text.
Result<std::string> numeric_apply_modifier(
    std::string_view numeric,
    Type type);  // Rounds half away from zero; 22003 when it does not fit.
Result<std::string> numeric_add(std::string_view a, std::string_view b);
Result<std::string> numeric_subtract(std::string_view a, std::string_view b);
Result<std::string> numeric_multiply(std::string_view a, std::string_view b);
Result<std::string> numeric_divide(std::string_view a,
                                   std::string_view b);  // PostgreSQL's select_div_scale.
Result<std::string> numeric_modulo(std::string_view a, std::string_view b);
std::string numeric_negate(std::string_view a);
Result<std::string> numeric_round(std::string_view a, int32_t scale);
Result<std::string> numeric_truncate(std::string_view a, int32_t scale);
std::string numeric_floor(std::string_view a);
std::string numeric_ceil(std::string_view a);
int numeric_sign(std::string_view a);  // NaN counts as positive.
int numeric_compare(std::string_view a, std::string_view b);
std::string numeric_from_int(int64_t value);
std::string numeric_from_double(
    double value);  // 15 significant digits, as PostgreSQL; NaN and infinities too.
std::string numeric_from_float(double value);  // The same for a real: 6 significant digits.
Result<int64_t> numeric_to_int(
    std::string_view numeric);  // Rounds half away from zero. 22003; NaN/Infinity: 0A000 like PG.
double numeric_to_double(std::string_view numeric);

// NumericSum: the exact sum of many numerics (and its average), fast while the terms are short.
class NumericSum {
 public:
  NumericSum();
  ~NumericSum();
  NumericSum(NumericSum&&) noexcept;
  NumericSum& operator=(NumericSum&&) noexcept;
  void add(std::string_view numeric);
  void add(int64_t value);
  void merge(const NumericSum& other);
  uint64_t count() const;
  std::string sum() const;              // Requires: count() > 0.
  Result<std::string> average() const;  // Requires: count() > 0.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rowan::type
