#include "type/numeric.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/ensure.h"
#include "type/number_text.h"
#include "type/numeric_parts.h"

namespace rowan::type {

using namespace decimal;

namespace {

// PostgreSQL's bounds on what a numeric can hold and on the scale of a quotient.
constexpr size_t kScaleMax = 16'383;
constexpr int kQuotientDigitsMin = 16;
constexpr int kQuotientScaleMax = 1000;
constexpr int kRoundScaleMin = -131'072;
constexpr int kRoundScaleMax = 16'383;
constexpr size_t kShortDigitsMax = 18;  // Any such number fits in an int64_t.

constexpr std::array<int64_t, 19> kPowers = [] {
  std::array<int64_t, 19> powers{};
  int64_t power = 1;
  for (size_t i = 0; i < powers.size(); ++i) {
    powers[i] = power;
    power = i + 1 < powers.size() ? power * 10 : power;
  }
  return powers;
}();
static_assert(kPowers[18] == 1'000'000'000'000'000'000);

bool to_short(const Parts& parts, int64_t& digits) {
  if (parts.whole.size() + parts.fraction.size() > kShortDigitsMax) {
    return false;
  }
  int64_t value = 0;
  for (const char c : parts.whole) {
    value = value * 10 + (c - '0');
  }
  for (const char c : parts.fraction) {
    value = value * 10 + (c - '0');
  }
  digits = parts.negative ? -value : value;
  return true;
}

std::string from_int128(Int128 value, size_t scale) {
  char buffer[48];
  char* p = buffer + sizeof buffer;
  const bool negative = value < 0;
  Uint128 rest = negative ? 0 - static_cast<Uint128>(value) : static_cast<Uint128>(value);
  while (rest > std::numeric_limits<uint64_t>::max()) {
    *--p = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  uint64_t low = static_cast<uint64_t>(rest);
  do {
    *--p = static_cast<char>('0' + low % 10);
    low /= 10;
  } while (low != 0);
  return assemble(negative, {p, static_cast<size_t>(buffer + sizeof buffer - p)}, scale);
}

Result<std::string> add_finite(const Parts& a, const Parts& b, bool subtract) {
  const size_t scale = std::max(a.scale(), b.scale());
  int64_t x = 0;
  int64_t y = 0;
  if (to_short(a, x) && to_short(b, y)) {
    const Int128 left = Int128{x} * kPowers[scale - a.scale()];
    const Int128 right = Int128{y} * kPowers[scale - b.scale()];
    return from_int128(subtract ? left - right : left + right, scale);
  }
  Big left(a);
  Big right(b);
  left.shift(scale - a.scale());
  right.shift(scale - b.scale());
  if (subtract) {
    mpz_sub(left.get(), left.get(), right.get());
  } else {
    mpz_add(left.get(), left.get(), right.get());
  }
  return checked(left.text(scale));
}

Result<std::string> add_or_subtract(std::string_view a, std::string_view b, bool subtract) {
  const Parts left = split(a);
  const Parts right = split(b);
  if (left.kind == Kind::kFinite && right.kind == Kind::kFinite) [[likely]] {
    return add_finite(left, right, subtract);
  }
  if (left.kind == Kind::kNan || right.kind == Kind::kNan) {
    return std::string("NaN");
  }
  const int right_sign = subtract ? -sign_of(right) : sign_of(right);
  if (left.kind == Kind::kFinite) {
    return infinity(right_sign);
  }
  if (right.kind != Kind::kFinite && sign_of(left) != right_sign) {
    return std::string("NaN");
  }
  return infinity(sign_of(left));
}

// PostgreSQL's select_div_scale.
size_t quotient_scale(const Parts& a, const Parts& b) {
  const LeadingDigits left = leading_digits(a);
  const LeadingDigits right = leading_digits(b);
  const int quotient_weight = left.weight - right.weight - (left.first <= right.first ? 1 : 0);
  int scale = kQuotientDigitsMin - quotient_weight * 4;
  scale = std::max({scale, static_cast<int>(a.scale()), static_cast<int>(b.scale()), 0});
  return static_cast<size_t>(std::min(scale, kQuotientScaleMax));
}

// a / b rounded half away from zero to `scale`. Requires: b is not zero.
Result<std::string> divide_finite(const Parts& a, const Parts& b, size_t scale) {
  Big dividend(a);
  Big divisor(b);
  // a.digits / 10^sa / (b.digits / 10^sb) * 10^scale, kept whole on both sides.
  const int64_t shift = static_cast<int64_t>(scale) + static_cast<int64_t>(b.scale()) -
                        static_cast<int64_t>(a.scale());
  if (shift >= 0) {
    dividend.shift(static_cast<size_t>(shift));
  } else {
    divisor.shift(static_cast<size_t>(-shift));
  }
  Big quotient;
  Big remainder;
  mpz_tdiv_qr(quotient.get(), remainder.get(), dividend.get(), divisor.get());
  mpz_mul_2exp(remainder.get(), remainder.get(), 1);
  if (mpz_cmpabs(remainder.get(), divisor.get()) >= 0) {
    const bool negative = (mpz_sgn(dividend.get()) < 0) != (mpz_sgn(divisor.get()) < 0);
    quotient.add(negative ? -1 : 1);
  }
  return checked(quotient.text(scale));
}

// Digits, point and exponent of input text. Requires: no spaces around it.
Result<std::string> parse_number(std::string_view body, std::string_view text) {
  size_t at = 0;
  const bool negative = !body.empty() && body.front() == '-';
  at += !body.empty() && (body.front() == '-' || body.front() == '+') ? 1 : 0;
  const size_t whole_from = at;
  while (at < body.size() && is_digit(body[at])) {
    ++at;
  }
  const std::string_view whole = body.substr(whole_from, at - whole_from);
  std::string_view fraction;
  if (at < body.size() && body[at] == '.') {
    const size_t from = ++at;
    while (at < body.size() && is_digit(body[at])) {
      ++at;
    }
    fraction = body.substr(from, at - from);
  }
  if (whole.empty() && fraction.empty()) {
    return invalid_text(TypeId::kNumeric, text);
  }
  int64_t exponent = 0;
  if (at < body.size() && (body[at] == 'e' || body[at] == 'E')) {
    ++at;
    const size_t digits_from = at + (at < body.size() && body[at] == '+' ? 1 : 0);
    const auto [end, error] =
        std::from_chars(body.data() + digits_from, body.data() + body.size(), exponent);
    if (error == std::errc::invalid_argument) {
      return invalid_text(TypeId::kNumeric, text);
    }
    at = static_cast<size_t>(end - body.data());
    if (error == std::errc::result_out_of_range || exponent >= INT_MAX / 2 ||
        exponent <= -(INT_MAX / 2)) {
      return numeric_overflow();
    }
  }
  if (at != body.size()) {
    return invalid_text(TypeId::kNumeric, text);
  }
  const int64_t scale = std::max<int64_t>(0, static_cast<int64_t>(fraction.size()) - exponent);
  std::string digits;
  digits.append(whole).append(fraction);
  const size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
  const bool zero = zeros == digits.size();
  const int64_t whole_digits =
      static_cast<int64_t>(whole.size()) - static_cast<int64_t>(zeros) + exponent;
  if (scale > static_cast<int64_t>(kScaleMax) ||
      (!zero && whole_digits > static_cast<int64_t>(kWholeDigitsMax))) {
    return numeric_overflow();
  }
  if (!zero && exponent > static_cast<int64_t>(fraction.size())) {
    digits.append(static_cast<size_t>(exponent) - fraction.size(), '0');
  }
  return assemble(negative, digits, static_cast<size_t>(scale));
}

std::string from_printed(const char* format, int digits, double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return infinity(value < 0 ? -1 : 1);
  }
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, format, digits, value);
  auto parsed = numeric_parse(buffer);
  ENSURE(parsed.has_value());
  return std::move(parsed).value();
}

}  // namespace

Result<std::string> numeric_parse(std::string_view text) {
  const std::string_view body = trim_spaces(text);
  if (!body.empty() && (is_digit(body.back()) || body.back() == '.')) [[likely]] {
    return parse_number(body, text);
  }
  if (equals_ignoring_case(body, "nan")) {
    return std::string("NaN");
  }
  if (equals_ignoring_case(body, "infinity") || equals_ignoring_case(body, "+infinity") ||
      equals_ignoring_case(body, "inf") || equals_ignoring_case(body, "+inf")) {
    return std::string("Infinity");
  }
  if (equals_ignoring_case(body, "-infinity") || equals_ignoring_case(body, "-inf")) {
    return std::string("-Infinity");
  }
  return invalid_text(TypeId::kNumeric, text);
}

Result<std::string> numeric_apply_modifier(std::string_view numeric, Type type) {
  const Parts parts = split(numeric);
  if (type.modifier < 0 || parts.kind == Kind::kNan) {
    return std::string(numeric);
  }
  const int precision = type.numeric_precision();
  const int scale = type.numeric_scale();
  const std::string field =
      "A field with precision " + std::to_string(precision) + ", scale " + std::to_string(scale);
  if (parts.kind != Kind::kFinite) {
    return Error(ErrorCode::kNumericOutOfRange, "numeric field overflow")
        .with_detail(field + " cannot hold an infinite value.");
  }
  std::string rounded = rescale(parts, scale, true);
  const Parts result = split(rounded);
  // Digits in front of the point; a number below 1 counts the zeros behind its point as negative
  // digits.
  int64_t digits = static_cast<int64_t>(result.whole.size());
  if (result.whole == "0") {
    const size_t first = result.fraction.find_first_not_of('0');
    if (first == result.fraction.npos) {
      return rounded;
    }
    digits = -static_cast<int64_t>(first);
  }
  const int digits_max = precision - scale;
  if (digits > digits_max) {
    const std::string bound = digits_max != 0 ? "10^" + std::to_string(digits_max) : "1";
    return Error(ErrorCode::kNumericOutOfRange, "numeric field overflow")
        .with_detail(field + " must round to an absolute value less than " + bound + ".");
  }
  return rounded;
}

Result<std::string> numeric_add(std::string_view a, std::string_view b) {
  return add_or_subtract(a, b, false);
}
Result<std::string> numeric_subtract(std::string_view a, std::string_view b) {
  return add_or_subtract(a, b, true);
}

Result<std::string> numeric_multiply(std::string_view a, std::string_view b) {
  const Parts left = split(a);
  const Parts right = split(b);
  if (left.kind == Kind::kNan || right.kind == Kind::kNan) {
    return std::string("NaN");
  }
  if (left.kind != Kind::kFinite || right.kind != Kind::kFinite) {
    const int sign = sign_of(left) * sign_of(right);
    return sign == 0 ? std::string("NaN") : infinity(sign);
  }
  const size_t scale = left.scale() + right.scale();
  int64_t x = 0;
  int64_t y = 0;
  if (to_short(left, x) && to_short(right, y)) {
    return from_int128(Int128{x} * y, scale);
  }
  Big product(left);
  const Big factor(right);
  mpz_mul(product.get(), product.get(), factor.get());
  std::string text = product.text(scale);
  if (scale > kScaleMax) {
    text = rescale(split(text), static_cast<int32_t>(kScaleMax), true);
  }
  return checked(std::move(text));
}

Result<std::string> numeric_divide(std::string_view a, std::string_view b) {
  const Parts left = split(a);
  const Parts right = split(b);
  if (left.kind == Kind::kNan || right.kind == Kind::kNan) {
    return std::string("NaN");
  }
  const int right_sign = sign_of(right);
  if (right_sign == 0) {
    return division_by_zero();
  }
  if (left.kind != Kind::kFinite) {
    return right.kind != Kind::kFinite ? std::string("NaN") : infinity(sign_of(left) * right_sign);
  }
  if (right.kind != Kind::kFinite) {
    return std::string("0");
  }
  return divide_finite(left, right, quotient_scale(left, right));
}

Result<std::string> numeric_modulo(std::string_view a, std::string_view b) {
  const Parts left = split(a);
  const Parts right = split(b);
  if (left.kind == Kind::kNan || right.kind == Kind::kNan) {
    return std::string("NaN");
  }
  if (sign_of(right) == 0) {
    return division_by_zero();
  }
  if (left.kind != Kind::kFinite) {
    return std::string("NaN");
  }
  if (right.kind != Kind::kFinite) {
    return std::string(a);
  }
  const size_t scale = std::max(left.scale(), right.scale());
  Big dividend(left);
  Big divisor(right);
  dividend.shift(scale - left.scale());
  divisor.shift(scale - right.scale());
  mpz_tdiv_r(dividend.get(), dividend.get(), divisor.get());
  return dividend.text(scale);
}

std::string numeric_negate(std::string_view a) {
  const Parts parts = split(a);
  if (parts.kind == Kind::kNan || (parts.kind == Kind::kFinite && parts.is_zero())) {
    return std::string(a);
  }
  return parts.negative ? std::string(a.substr(1)) : "-" + std::string(a);
}

Result<std::string> numeric_round(std::string_view a, int32_t scale) {
  const Parts parts = split(a);
  if (parts.kind != Kind::kFinite) {
    return std::string(a);
  }
  return checked(rescale(parts, std::clamp(scale, kRoundScaleMin, kRoundScaleMax), true));
}

Result<std::string> numeric_truncate(std::string_view a, int32_t scale) {
  const Parts parts = split(a);
  if (parts.kind != Kind::kFinite) {
    return std::string(a);
  }
  return rescale(parts, std::clamp(scale, kRoundScaleMin, kRoundScaleMax), false);
}

namespace {

std::string to_whole(std::string_view a, bool down) {
  const Parts parts = split(a);
  if (parts.kind != Kind::kFinite) {
    return std::string(a);
  }
  std::string whole = rescale(parts, 0, false);
  const bool exact = parts.fraction.find_first_not_of('0') == parts.fraction.npos;
  if (exact || parts.negative != down) {
    return whole;
  }
  auto moved = add_or_subtract(whole, "1", down);
  return moved.has_value() ? std::move(moved).value() : whole;
}

}  // namespace

std::string numeric_floor(std::string_view a) { return to_whole(a, true); }
std::string numeric_ceil(std::string_view a) { return to_whole(a, false); }

int numeric_sign(std::string_view a) { return sign_of(split(a)); }

int numeric_compare(std::string_view a, std::string_view b) {
  const Parts x = split(a);
  const Parts y = split(b);
  const auto rank = [](const Parts& parts) {
    return parts.kind == Kind::kNan        ? 2
           : parts.kind == Kind::kInfinity ? 1
           : parts.kind == Kind::kFinite   ? 0
                                           : -1;
  };
  if (x.kind != Kind::kFinite || y.kind != Kind::kFinite) {
    return rank(x) < rank(y) ? -1 : rank(x) > rank(y) ? 1 : 0;
  }
  const int sign_x = sign_of(x);
  const int sign_y = sign_of(y);
  if (sign_x != sign_y) {
    return sign_x < sign_y ? -1 : 1;
  }
  // Same sign: the longer whole part is the larger, then digit by digit; missing digits are zeros.
  int order = 0;
  if (x.whole.size() != y.whole.size()) {
    order = x.whole.size() < y.whole.size() ? -1 : 1;
  } else {
    order = x.whole.compare(y.whole);
  }
  if (order == 0) {
    const size_t shared = std::min(x.scale(), y.scale());
    order = x.fraction.substr(0, shared).compare(y.fraction.substr(0, shared));
    if (order == 0 && x.fraction.find_first_not_of('0', shared) != x.fraction.npos) {
      order = 1;
    }
    if (order == 0 && y.fraction.find_first_not_of('0', shared) != y.fraction.npos) {
      order = -1;
    }
  }
  order = order < 0 ? -1 : order > 0 ? 1 : 0;
  return sign_x < 0 ? -order : order;
}

std::string numeric_from_int(int64_t value) {
  std::string text;
  append_integer(value, text);
  return text;
}

std::string numeric_from_double(double value) { return from_printed("%.*g", 15, value); }
std::string numeric_from_float(double value) { return from_printed("%.*g", 6, value); }

Result<int64_t> numeric_to_int(std::string_view numeric) {
  const Parts parts = split(numeric);
  if (parts.kind != Kind::kFinite) {
    return Error(ErrorCode::kFeatureNotSupported, parts.kind == Kind::kNan
                                                      ? "cannot convert NaN to bigint"
                                                      : "cannot convert infinity to bigint");
  }
  const std::string whole = parts.fraction.empty() ? std::string(numeric) : rescale(parts, 0, true);
  int64_t value = 0;
  if (std::from_chars(whole.data(), whole.data() + whole.size(), value).ec != std::errc()) {
    return Error(ErrorCode::kNumericOutOfRange, "bigint out of range");
  }
  return value;
}

double numeric_to_double(std::string_view numeric) {
  const Parts parts = split(numeric);
  if (parts.kind == Kind::kNan) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (parts.kind != Kind::kFinite) {
    return parts.negative ? -kInfinity : kInfinity;
  }
  double value = 0;
  const auto error = std::from_chars(numeric.data(), numeric.data() + numeric.size(), value).ec;
  if (error == std::errc::result_out_of_range) {
    const bool large = parts.whole != "0";
    value = large ? kInfinity : 0.0;
    return parts.negative ? -value : value;
  }
  return value;
}

// The sum so far is (big + small) / 10^scale; `big` is made only when `small` overflows or a term
// is long.
struct NumericSum::State {
  Int128 small = 0;
  size_t scale = 0;
  uint64_t count = 0;
  uint64_t nans = 0;
  uint64_t infinities = 0;
  uint64_t minus_infinities = 0;
  std::unique_ptr<Big> big;

  Big& spill() {
    if (big == nullptr) {
      big = std::make_unique<Big>();
    }
    big->add(small);
    small = 0;
    return *big;
  }

  void raise_scale(size_t to) {
    if (to <= scale) {
      return;
    }
    const size_t places = to - scale;
    if (small != 0 || big != nullptr) {
      Int128 shifted = small;
      const bool fits = big == nullptr && places <= kShortDigitsMax &&
                        !__builtin_mul_overflow(shifted, Int128{kPowers[places]}, &shifted);
      if (fits) {
        small = shifted;
      } else {
        spill().shift(places);
      }
    }
    scale = to;
  }

  void add_short(int64_t digits, size_t term_scale) {
    raise_scale(term_scale);
    const size_t places = scale - term_scale;
    if (places > kShortDigitsMax) {
      Big term;
      term.add(digits);
      term.shift(places);
      Big& total = spill();
      mpz_add(total.get(), total.get(), term.get());
      return;
    }
    const Int128 term = Int128{digits} * kPowers[places];
    Int128 next = 0;
    if (__builtin_add_overflow(small, term, &next)) {
      spill();
      next = term;
    }
    small = next;
  }
};

NumericSum::NumericSum() : state_(std::make_unique<State>()) {}
NumericSum::~NumericSum() = default;
NumericSum::NumericSum(NumericSum&&) noexcept = default;
NumericSum& NumericSum::operator=(NumericSum&&) noexcept = default;

void NumericSum::add(std::string_view numeric) {
  State& state = *state_;
  ++state.count;
  const Parts parts = split(numeric);
  switch (parts.kind) {
    case Kind::kNan:
      ++state.nans;
      return;
    case Kind::kInfinity:
      ++state.infinities;
      return;
    case Kind::kMinusInfinity:
      ++state.minus_infinities;
      return;
    case Kind::kFinite:
      break;
  }
  int64_t digits = 0;
  if (to_short(parts, digits)) {
    state.add_short(digits, parts.scale());
    return;
  }
  state.raise_scale(parts.scale());
  Big term(parts);
  term.shift(state.scale - parts.scale());
  Big& total = state.spill();
  mpz_add(total.get(), total.get(), term.get());
}

void NumericSum::add(int64_t value) {
  ++state_->count;
  state_->add_short(value, 0);
}

void NumericSum::merge(const NumericSum& other) {
  State& state = *state_;
  const State& theirs = *other.state_;
  state.count += theirs.count;
  state.nans += theirs.nans;
  state.infinities += theirs.infinities;
  state.minus_infinities += theirs.minus_infinities;
  state.raise_scale(theirs.scale);
  Big term;
  if (theirs.big != nullptr) {
    mpz_set(term.get(), theirs.big->get());
  }
  term.add(theirs.small);
  term.shift(state.scale - theirs.scale);
  Big& total = state.spill();
  mpz_add(total.get(), total.get(), term.get());
}

uint64_t NumericSum::count() const { return state_->count; }

std::string NumericSum::sum() const {
  const State& state = *state_;
  if (state.nans > 0 || (state.infinities > 0 && state.minus_infinities > 0)) {
    return "NaN";
  }
  if (state.infinities > 0 || state.minus_infinities > 0) {
    return infinity(state.infinities > 0 ? 1 : -1);
  }
  if (state.big == nullptr) {
    return from_int128(state.small, state.scale);
  }
  Big total;
  mpz_set(total.get(), state.big->get());
  total.add(state.small);
  return total.text(state.scale);
}

Result<std::string> NumericSum::average() const {
  return numeric_divide(sum(), std::to_string(state_->count));
}

}  // namespace rowan::type
