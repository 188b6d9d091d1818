// The inside of a numeric: its text taken apart, and integers of any length. Shared by the files of
// numeric; not for other rooms.
#pragma once

#include <gmp.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "type/number_text.h"

namespace rowan::type::decimal {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

constexpr size_t kWholeDigitsMax = 131'072;  // PostgreSQL's bound on digits before the point.

enum class Kind : uint8_t { kFinite, kNan, kInfinity, kMinusInfinity };

// A canonical text taken apart. The views point into it.
struct Parts {
  Kind kind = Kind::kFinite;
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;

  size_t scale() const { return fraction.size(); }
  bool is_zero() const {
    return whole.find_first_not_of('0') == whole.npos &&
           fraction.find_first_not_of('0') == fraction.npos;
  }
};

inline Parts split(std::string_view text) {
  Parts parts;
  if (!text.empty() && text.front() == '-') {
    parts.negative = true;
    text.remove_prefix(1);
  }
  if (!text.empty() && !is_digit(text.front())) {
    parts.kind = text.front() == 'N' ? Kind::kNan
                 : parts.negative    ? Kind::kMinusInfinity
                                     : Kind::kInfinity;
    return parts;
  }
  const size_t point = text.find('.');
  parts.whole = text.substr(0, point);
  parts.fraction = point == text.npos ? std::string_view() : text.substr(point + 1);
  return parts;
}

// Digits without sign, `scale` of them behind the point. Leading zeros go, and so does the sign of
// zero.
std::string assemble(bool negative, std::string_view digits, size_t scale);
// Keeps `scale` digits behind the point (or zeros before it when negative).
std::string rescale(const Parts& parts, int32_t scale, bool round);
int sign_of(const Parts& parts);  // Of NaN: 1.
std::string infinity(int sign);
Error numeric_overflow();
Error division_by_zero();
Result<std::string> checked(std::string text);  // 22003 with more digits than a numeric can hold.

// How PostgreSQL sees a number: in digits of base 10000, zeros around them cut off. The rules for
// the scales of results look at the first two.
struct LeadingDigits {
  int weight = 0;  // Of the first digit, in powers of 10000. Of zero: 0.
  int first = 0;
  int second = 0;
  bool more = false;  // Whether any digit follows the first.
};
LeadingDigits leading_digits(const Parts& parts);

// An integer of any length that cleans up after itself.
class Big {
 public:
  Big() { mpz_init(value_); }
  explicit Big(const Parts& parts);  // Its digits as a whole number: the value times 10^scale.
  Big(const Big&) = delete;
  Big& operator=(const Big&) = delete;
  ~Big() { mpz_clear(value_); }

  mpz_ptr get() { return value_; }
  mpz_srcptr get() const { return value_; }

  void shift(size_t places);  // Times 10^places.

  std::string text(size_t scale) const;
  void add(Int128 term);

 private:
  mpz_t value_;
};

}  // namespace rowan::type::decimal
