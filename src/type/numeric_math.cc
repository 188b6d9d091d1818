#include "type/numeric_math.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "type/numeric.h"
#include "type/numeric_parts.h"

namespace rowan::type {

using namespace decimal;

namespace {

// PostgreSQL's bounds: least significant digits, most places shown, and how large exp's operand may
// be.
constexpr int kSignificantDigits = 16;
constexpr int kShownScaleMax = 1000;
constexpr double kExponentMax = 6000;
constexpr double kLog10OfE = 0.434294481903252;
// Binary digits in a decimal one, rounded up, and what rounding errors of a whole computation stay
// far below.
constexpr double kBitsPerDigit = 3.33;
constexpr int kGuardBits = 96;

Error negative_logarithm() {
  return Error(ErrorCode::kInvalidLogArgument, "cannot take logarithm of a negative number");
}
Error zero_logarithm() {
  return Error(ErrorCode::kInvalidLogArgument, "cannot take logarithm of zero");
}

int bounded_scale(int scale, std::initializer_list<size_t> at_least) {
  scale = std::max(scale, 0);
  for (const size_t shown : at_least) scale = std::max(scale, static_cast<int>(shown));
  return std::min(scale, kShownScaleMax);
}

std::string zero(int scale) { return assemble(false, "0", static_cast<size_t>(scale)); }
bool is_finite(const Parts& parts) { return parts.kind == Kind::kFinite; }
bool is_integral(const Parts& parts) {
  return parts.fraction.find_first_not_of('0') == parts.fraction.npos;
}

// ---- Fixed-point arithmetic: an integer stands for itself times 2^-bits ----

unsigned long unsigned_bits(int bits) { return static_cast<unsigned long>(bits); }

void scale_up(Big& value, int64_t bits) {
  if (bits >= 0) {
    mpz_mul_2exp(value.get(), value.get(), static_cast<unsigned long>(bits));
  } else {
    mpz_fdiv_q_2exp(value.get(), value.get(), static_cast<unsigned long>(-bits));
  }
}

void multiply(Big& value, const Big& by, int bits) {
  mpz_mul(value.get(), value.get(), by.get());
  mpz_fdiv_q_2exp(value.get(), value.get(), unsigned_bits(bits));
}

// a / b for fixed-point operands.
void divide(Big& out, const Big& a, const Big& b, int bits) {
  mpz_mul_2exp(out.get(), a.get(), unsigned_bits(bits));
  mpz_fdiv_q(out.get(), out.get(), b.get());
}

void to_fixed(const Parts& parts, int bits, Big& out) {
  Big digits(parts);
  Big power;
  mpz_ui_pow_ui(power.get(), 10, parts.scale());
  mpz_mul_2exp(out.get(), digits.get(), unsigned_bits(bits));
  mpz_fdiv_q(out.get(), out.get(), power.get());
}

// Rounds half away from zero to `scale` decimal places.
std::string from_fixed(const Big& value, int bits, int scale) {
  Big scaled;
  mpz_abs(scaled.get(), value.get());
  scaled.shift(static_cast<size_t>(scale));
  Big half;
  mpz_set_ui(half.get(), 1);
  mpz_mul_2exp(half.get(), half.get(), unsigned_bits(bits - 1));
  mpz_add(scaled.get(), scaled.get(), half.get());
  mpz_fdiv_q_2exp(scaled.get(), scaled.get(), unsigned_bits(bits));
  if (mpz_sgn(value.get()) < 0) mpz_neg(scaled.get(), scaled.get());
  return scaled.text(static_cast<size_t>(scale));
}

// 2 artanh(t) = 2 (t + t^3/3 + t^5/5 + …).
void twice_artanh(const Big& t, int bits, Big& out) {
  Big square, term, part;
  mpz_set(square.get(), t.get());
  multiply(square, t, bits);
  mpz_set(term.get(), t.get());
  mpz_set(out.get(), t.get());
  for (unsigned long n = 3; mpz_sgn(term.get()) != 0; n += 2) {
    multiply(term, square, bits);
    // Rounding down would leave a negative term at -1 for ever.
    if (mpz_cmp_si(term.get(), -1) == 0) break;
    mpz_tdiv_q_ui(part.get(), term.get(), n);
    mpz_add(out.get(), out.get(), part.get());
  }
  mpz_mul_2exp(out.get(), out.get(), 1);
}

void ln_of_two(int bits, Big& out) {
  Big third;
  mpz_set_ui(third.get(), 1);
  mpz_mul_2exp(third.get(), third.get(), unsigned_bits(bits));
  mpz_fdiv_q_ui(third.get(), third.get(), 3);
  twice_artanh(third, bits, out);
}

// ln(x) for x > 0. x = m 2^e with m in [1, 2); square roots bring m near 1, where the series is
// short.
void fixed_ln(const Parts& parts, int bits, Big& out) {
  const int roots = std::max(4, static_cast<int>(std::sqrt(bits)) / 2);
  const int inner = bits + 2 * roots + 32;
  Big numerator(parts);
  Big denominator;
  mpz_ui_pow_ui(denominator.get(), 10, parts.scale());
  int64_t exponent = static_cast<int64_t>(mpz_sizeinbase(numerator.get(), 2)) -
                     static_cast<int64_t>(mpz_sizeinbase(denominator.get(), 2));
  scale_up(numerator, inner - std::min<int64_t>(exponent, inner));
  scale_up(denominator, std::max<int64_t>(exponent - inner, 0));
  Big mantissa;
  mpz_fdiv_q(mantissa.get(), numerator.get(), denominator.get());
  const int64_t excess =
      static_cast<int64_t>(mpz_sizeinbase(mantissa.get(), 2)) - 1 - static_cast<int64_t>(inner);
  scale_up(mantissa, -excess);
  exponent += excess;
  for (int i = 0; i < roots; ++i) {
    mpz_mul_2exp(mantissa.get(), mantissa.get(), unsigned_bits(inner));
    mpz_sqrt(mantissa.get(), mantissa.get());
  }
  Big one, above, below, t;
  mpz_set_ui(one.get(), 1);
  mpz_mul_2exp(one.get(), one.get(), unsigned_bits(inner));
  mpz_sub(above.get(), mantissa.get(), one.get());
  mpz_add(below.get(), mantissa.get(), one.get());
  divide(t, above, below, inner);
  twice_artanh(t, inner, out);
  mpz_mul_2exp(out.get(), out.get(), unsigned_bits(roots));
  Big two;
  ln_of_two(inner, two);
  mpz_mul_si(two.get(), two.get(), exponent);
  mpz_add(out.get(), out.get(), two.get());
  scale_up(out, bits - inner);
}

// e^x. x = n ln 2 + r with r in [0, ln 2); r is halved for the series and its result squared again.
void fixed_exp(const Big& x, int bits, Big& out) {
  const int halvings = std::max(4, static_cast<int>(std::sqrt(bits)) / 2);
  const int inner = bits + 2 * halvings + 32;
  Big rest, two, quotient;
  mpz_set(rest.get(), x.get());
  scale_up(rest, inner - bits);
  ln_of_two(inner, two);
  mpz_fdiv_qr(quotient.get(), rest.get(), rest.get(), two.get());
  mpz_fdiv_q_2exp(rest.get(), rest.get(), unsigned_bits(halvings));
  Big term;
  mpz_set_ui(out.get(), 1);
  mpz_mul_2exp(out.get(), out.get(), unsigned_bits(inner));
  mpz_set(term.get(), out.get());
  for (unsigned long n = 1; mpz_sgn(term.get()) != 0; ++n) {
    multiply(term, rest, inner);
    mpz_fdiv_q_ui(term.get(), term.get(), n);
    mpz_add(out.get(), out.get(), term.get());
  }
  Big copy;
  for (int i = 0; i < halvings; ++i) {
    mpz_set(copy.get(), out.get());
    multiply(out, copy, inner);
  }
  scale_up(out, mpz_get_si(quotient.get()) + bits - inner);
}

int bits_for(int digits) {
  return static_cast<int>(std::max(digits, 0) * kBitsPerDigit) + kGuardBits;
}

// ---- Scales ----

// The decimal weight of ln(x), from the first digits of x.
int ln_weight(std::string_view text) {
  const Parts parts = split(text);
  if (sign_of(parts) <= 0) return 0;
  if (numeric_compare(text, "0.9") >= 0 && numeric_compare(text, "1.1") <= 0) {
    // ln(1 + x) is about x.
    const auto difference = numeric_subtract(text, "1");
    const Parts x = split(*difference);
    if (x.is_zero()) return 0;
    const LeadingDigits digits = leading_digits(x);
    return digits.weight * 4 + static_cast<int>(std::log10(digits.first));
  }
  const LeadingDigits digits = leading_digits(parts);
  double value = digits.first;
  int weight = digits.weight * 4;
  if (digits.more) {
    value = value * 10'000 + digits.second;
    weight -= 4;
  }
  const double ln = std::log(value) + weight * 2.302585092994046;
  return static_cast<int>(std::log10(std::fabs(ln)));
}

std::string exp_to_scale(const Big& x, int bits, int scale) {
  Big result;
  fixed_exp(x, bits, result);
  return from_fixed(result, bits, scale);
}

// ---- Powers ----

// A positive number by its `bits` leading binary digits.
class BinaryFloat {
 public:
  explicit BinaryFloat(int bits) : bits_(bits) { mpz_set_ui(digits_.get(), 1); }
  BinaryFloat(const Parts& parts, int bits) : bits_(bits) {
    Big power;
    mpz_ui_pow_ui(power.get(), 10, parts.scale());
    Big digits(parts);
    mpz_abs(digits.get(), digits.get());
    exponent_ = static_cast<int64_t>(mpz_sizeinbase(digits.get(), 2)) -
                static_cast<int64_t>(mpz_sizeinbase(power.get(), 2)) - bits;
    scale_up(digits, -std::min<int64_t>(exponent_, 0));
    scale_up(power, std::max<int64_t>(exponent_, 0));
    mpz_fdiv_q(digits_.get(), digits.get(), power.get());
  }

  void multiply(const BinaryFloat& by) {
    mpz_mul(digits_.get(), digits_.get(), by.digits_.get());
    exponent_ += by.exponent_;
    const auto excess = static_cast<int64_t>(mpz_sizeinbase(digits_.get(), 2)) - bits_;
    if (excess <= 0) return;
    scale_up(digits_, -excess);
    exponent_ += excess;
  }
  void square() {
    Big copy;
    mpz_set(copy.get(), digits_.get());
    mpz_mul(digits_.get(), digits_.get(), copy.get());
    exponent_ *= 2;
    const auto excess = static_cast<int64_t>(mpz_sizeinbase(digits_.get(), 2)) - bits_;
    if (excess <= 0) return;
    scale_up(digits_, -excess);
    exponent_ += excess;
  }
  void invert() {
    Big one;
    mpz_set_ui(one.get(), 1);
    mpz_mul_2exp(one.get(), one.get(), static_cast<unsigned long>(2 * bits_));
    mpz_fdiv_q(digits_.get(), one.get(), digits_.get());
    exponent_ = -exponent_ - 2 * bits_;
  }
  // About log2 of the value.
  int64_t magnitude() const {
    return static_cast<int64_t>(mpz_sizeinbase(digits_.get(), 2)) + exponent_;
  }
  std::string text(bool negative, int scale) {
    if (negative) mpz_neg(digits_.get(), digits_.get());
    if (exponent_ < 0) return from_fixed(digits_, static_cast<int>(-exponent_), scale);
    scale_up(digits_, exponent_ + 1);
    return from_fixed(digits_, 1, scale);
  }

 private:
  int bits_;
  Big digits_;
  int64_t exponent_ = 0;  // The value is digits 2^exponent.
};

// log10 of |x|, from its first 16 digits.
double approximate_log10(const Parts& parts) {
  std::string digits;
  digits.append(parts.whole).append(parts.fraction);
  const size_t first = digits.find_first_not_of('0');
  const std::string mantissa = "0." + digits.substr(first, 17);
  const auto exponent = static_cast<double>(parts.whole.size()) - static_cast<double>(first);
  return std::log10(std::strtod(mantissa.c_str(), nullptr)) + exponent;
}

Result<std::string> integer_power(std::string_view text, const Parts& base, int64_t exponent) {
  constexpr double kWeightMax = 3 * 32767.0 * 4;
  const int scale = bounded_scale(kSignificantDigits, {base.scale()});
  if (exponent == 0) return rescale(split("1"), scale, false);
  if (exponent == 1) return numeric_round(text, scale);
  if (base.is_zero()) return exponent < 0 ? Result<std::string>(division_by_zero()) : zero(scale);
  if (exponent == 2) {
    TRY_ASSIGN(const std::string square, numeric_multiply(text, text));
    return numeric_round(square, scale);
  }
  const double weight = static_cast<double>(exponent) * approximate_log10(base);
  if (weight > kWeightMax) return numeric_overflow();
  if (weight + 1 < -scale) return zero(scale);
  // Each multiplication loses less than a digit's tenth; what lies left of the point must be exact
  // as well.
  const int digits = 1 + scale + static_cast<int>(weight) +
                     static_cast<int>(std::log(std::fabs(static_cast<double>(exponent))));
  const int bits = bits_for(digits) + 64;
  BinaryFloat product(base, bits);
  BinaryFloat result(bits);
  for (uint64_t rest = static_cast<uint64_t>(std::llabs(exponent)); rest != 0;) {
    if ((rest & 1) != 0) result.multiply(product);
    rest >>= 1;
    if (rest != 0) product.square();
  }
  if (exponent < 0) result.invert();
  constexpr int64_t kMagnitudeMax = 500'000;  // More than 131072 digits before the point.
  if (result.magnitude() > kMagnitudeMax) return numeric_overflow();
  if (result.magnitude() < -kMagnitudeMax) return zero(scale);
  return checked(result.text(base.negative && (exponent & 1) != 0, scale));
}

// e^(exponent ln base), for a base above zero.
Result<std::string> real_power(std::string_view base_text, std::string_view exponent_text,
                               bool negative) {
  const Parts base = split(base_text);
  const Parts exponent = split(exponent_text);
  const int weight_of_ln = ln_weight(base_text);
  // A first look, on eight digits as PostgreSQL takes it, tells the scale.
  const int first_scale = bounded_scale(8 - weight_of_ln, {});
  Big ln;
  const int first_bits = bits_for(first_scale);
  fixed_ln(base, first_bits, ln);
  TRY_ASSIGN(std::string product,
             numeric_multiply(from_fixed(ln, first_bits, first_scale), exponent_text));
  TRY_ASSIGN(product, numeric_round(product, first_scale));
  double value = numeric_to_double(product);
  if (std::fabs(value) > kExponentMax * 1.003333333333) {
    if (value > 0) return numeric_overflow();
    return zero(kShownScaleMax);
  }
  value *= kLog10OfE;
  const int scale = bounded_scale(kSignificantDigits - static_cast<int>(value),
                                  {base.scale(), exponent.scale()});
  const int bits = bits_for(scale + std::max(static_cast<int>(value), 0)) +
                   static_cast<int>(exponent.whole.size() * kBitsPerDigit);
  fixed_ln(base, bits, ln);
  Big factor(exponent);
  mpz_mul(ln.get(), ln.get(), factor.get());
  Big places;
  mpz_ui_pow_ui(places.get(), 10, exponent.scale());
  mpz_fdiv_q(ln.get(), ln.get(), places.get());
  std::string text = exp_to_scale(ln, bits, scale);
  return checked(negative ? numeric_negate(text) : std::move(text));
}

// Where an operand is NaN or infinite, as POSIX has it for pow().
Result<std::string> special_power(std::string_view x, std::string_view y, const Parts& base,
                                  const Parts& exponent) {
  const int sign = sign_of(exponent);
  const bool is_nan = base.kind == Kind::kNan || exponent.kind == Kind::kNan;
  const auto is_one = [](const Parts& parts, std::string_view text) {
    return is_finite(parts) && numeric_compare(text, "1") == 0;
  };
  if (is_nan) {
    const bool one = exponent.kind != Kind::kNan ? sign == 0 : is_one(base, x);
    return std::string(one ? "1" : "NaN");
  }
  const int base_sign = sign_of(base);
  if (base_sign == 0 && sign < 0) {
    return Error(ErrorCode::kInvalidPowerArgument, "zero raised to a negative power is undefined");
  }
  if (base_sign < 0 && is_finite(exponent) && !is_integral(exponent)) {
    return Error(ErrorCode::kInvalidPowerArgument,
                 "a negative number raised to a non-integer power yields a complex result");
  }
  if (is_one(base, x) || sign == 0) return std::string("1");
  if (base_sign == 0) return std::string("0");
  if (is_finite(base)) {  // To an infinite power.
    TRY_ASSIGN(const std::string size, numeric_multiply(x, base_sign < 0 ? "-1" : "1"));
    const int order = numeric_compare(size, "1");
    if (order == 0) return std::string("1");
    return std::string((order > 0) == (sign > 0) ? "Infinity" : "0");
  }
  if (sign < 0) return std::string("0");
  if (base.kind == Kind::kInfinity) return std::string("Infinity");
  TRY_ASSIGN(const std::string rest, numeric_modulo(y, "2"));
  return infinity(is_finite(exponent) && sign_of(split(rest)) != 0 ? -1 : 1);
}

}  // namespace

Result<std::string> numeric_sqrt(std::string_view a) {
  const Parts parts = split(a);
  if (parts.kind == Kind::kNan || parts.kind == Kind::kInfinity) return std::string(a);
  if (sign_of(parts) < 0) {
    return Error(ErrorCode::kInvalidPowerArgument, "cannot take square root of a negative number");
  }
  const int weight = 2 * (leading_digits(parts).weight + 1) - 1;
  const int scale = bounded_scale(kSignificantDigits - weight, {parts.scale()});
  // One place more than is shown; what the whole root leaves over only matters at exactly half.
  Big value(parts);
  const int64_t shift = 2 * (static_cast<int64_t>(scale) + 1) - static_cast<int64_t>(parts.scale());
  if (shift >= 0) {
    value.shift(static_cast<size_t>(shift));
  } else {
    Big power;
    mpz_ui_pow_ui(power.get(), 10, static_cast<unsigned long>(-shift));
    mpz_fdiv_q(value.get(), value.get(), power.get());
  }
  mpz_sqrt(value.get(), value.get());
  const std::string text = value.text(static_cast<size_t>(scale) + 1);
  return rescale(split(text), scale, true);
}

Result<std::string> numeric_exp(std::string_view a) {
  const Parts parts = split(a);
  if (parts.kind == Kind::kNan || parts.kind == Kind::kInfinity) return std::string(a);
  if (!is_finite(parts)) return std::string("0");
  constexpr double kWeightMax = 2000;
  const double value = numeric_to_double(a);
  const double weight = std::clamp(value * kLog10OfE, -kWeightMax, kWeightMax);
  const int scale = bounded_scale(kSignificantDigits - static_cast<int>(weight), {parts.scale()});
  if (std::fabs(value) >= kExponentMax) {
    if (value > 0) return numeric_overflow();
    return zero(scale);
  }
  const int bits = bits_for(scale + static_cast<int>(std::max(value * kLog10OfE, 0.0)));
  Big x;
  to_fixed(parts, bits, x);
  return checked(exp_to_scale(x, bits, scale));
}

Result<std::string> numeric_ln(std::string_view a) {
  const Parts parts = split(a);
  if (parts.kind == Kind::kNan || parts.kind == Kind::kInfinity) return std::string(a);
  const int sign = sign_of(parts);
  if (sign < 0) return negative_logarithm();
  if (sign == 0) return zero_logarithm();
  const int scale = bounded_scale(kSignificantDigits - ln_weight(a), {parts.scale()});
  const int bits = bits_for(scale);
  Big result;
  fixed_ln(parts, bits, result);
  return from_fixed(result, bits, scale);
}

Result<std::string> numeric_log(std::string_view base, std::string_view a) {
  const Parts left = split(base);
  const Parts right = split(a);
  if (left.kind == Kind::kNan || right.kind == Kind::kNan) return std::string("NaN");
  // Where both are wrong, PostgreSQL names what is wrong with the base; beside infinity, the sign.
  const bool special = !is_finite(left) || !is_finite(right);
  if (sign_of(left) < 0 || (special && sign_of(right) < 0)) return negative_logarithm();
  if (sign_of(left) == 0) return zero_logarithm();
  if (sign_of(right) < 0) return negative_logarithm();
  if (sign_of(right) == 0) return zero_logarithm();
  if (left.kind == Kind::kInfinity)
    return std::string(right.kind == Kind::kInfinity ? "NaN" : "0");
  if (right.kind == Kind::kInfinity) return std::string("Infinity");
  const int base_weight = ln_weight(base);
  const int weight = ln_weight(a) - base_weight;
  const int scale =
      bounded_scale(kSignificantDigits - weight, {left.scale(), right.scale()});
  // The quotient of small logarithms needs their digits behind many zeros.
  const int bits = bits_for(scale + std::abs(weight) + 2 * std::max(-base_weight, 0));
  Big ln_base, ln_a, quotient;
  fixed_ln(left, bits, ln_base);
  if (numeric_compare(base, "1") == 0) return division_by_zero();
  fixed_ln(right, bits, ln_a);
  divide(quotient, ln_a, ln_base, bits);
  return from_fixed(quotient, bits, scale);
}

Result<std::string> numeric_power(std::string_view base, std::string_view exponent) {
  const Parts x = split(base);
  const Parts y = split(exponent);
  if (!is_finite(x) || !is_finite(y)) return special_power(base, exponent, x, y);
  if (x.is_zero() && sign_of(y) < 0) {
    return Error(ErrorCode::kInvalidPowerArgument, "zero raised to a negative power is undefined");
  }
  const bool whole = is_integral(y);
  if (x.negative && !whole) {
    return Error(ErrorCode::kInvalidPowerArgument,
                 "a negative number raised to a non-integer power yields a complex result");
  }
  if (whole) {
    const auto small = numeric_to_int(exponent);
    if (small.has_value() && *small >= INT32_MIN && *small <= INT32_MAX)
      return integer_power(base, x, *small);
  }
  if (x.is_zero()) return zero(kSignificantDigits);
  TRY_ASSIGN(const std::string rest, numeric_modulo(exponent, "2"));
  const bool odd = whole && sign_of(split(rest)) != 0;
  return real_power(x.negative ? base.substr(1) : base, exponent, x.negative && odd);
}

namespace {

// Both numbers as integers of one scale, and what `combine` makes of them in place of the first.
Result<std::string> combined(std::string_view a, std::string_view b,
                             void (*combine)(mpz_ptr, mpz_srcptr, mpz_srcptr)) {
  const Parts x = split(a);
  const Parts y = split(b);
  if (!is_finite(x) || !is_finite(y)) return std::string("NaN");
  const size_t scale = std::max(x.scale(), y.scale());
  Big left(x);
  Big right(y);
  left.shift(scale - x.scale());
  right.shift(scale - y.scale());
  combine(left.get(), left.get(), right.get());
  return checked(left.text(scale));
}

}  // namespace

Result<std::string> numeric_gcd(std::string_view a, std::string_view b) {
  return combined(a, b, mpz_gcd);
}

Result<std::string> numeric_lcm(std::string_view a, std::string_view b) {
  return combined(a, b, mpz_lcm);
}

}  // namespace rowan::type
