#include "type/numeric_parts.h"

#include <algorithm>
#include <array>

namespace rowan::type::decimal {

std::string assemble(bool negative, std::string_view digits, size_t scale) {
  std::string text;
  text.reserve(digits.size() + scale + 3);
  const size_t first = std::min(digits.find_first_not_of('0'), digits.size());
  if (negative && first < digits.size()) {
    text += '-';
  }
  const size_t whole = digits.size() > scale ? digits.size() - scale : 0;
  if (first >= whole) {
    text += '0';
  } else {
    text.append(digits.substr(first, whole - first));
  }
  if (scale > 0) {
    text += '.';
    text.append(scale - (digits.size() - whole), '0');
    text.append(digits.substr(whole));
  }
  return text;
}

std::string rescale(const Parts& parts, int32_t scale, bool round) {
  const int64_t keep = static_cast<int64_t>(parts.whole.size()) + scale;
  std::string digits;
  digits.append(parts.whole).append(parts.fraction);
  const size_t shown_scale = static_cast<size_t>(std::max(scale, 0));
  if (keep >= static_cast<int64_t>(digits.size())) {
    digits.append(static_cast<size_t>(keep) - digits.size(), '0');
    return assemble(parts.negative, digits, shown_scale);
  }
  if (keep < 0) {
    return assemble(false, "0", shown_scale);
  }
  const size_t cut = static_cast<size_t>(keep);
  const bool up = round && digits[cut] >= '5';
  digits.resize(cut);
  if (up) {
    digits.insert(digits.begin(), '0');
    size_t at = digits.size() - 1;
    while (digits[at] == '9') {
      digits[at--] = '0';
    }
    ++digits[at];
  }
  if (scale < 0) {
    digits.append(static_cast<size_t>(-scale), '0');
  }
  return assemble(parts.negative, digits, shown_scale);
}

int sign_of(const Parts& parts) {
  switch (parts.kind) {
    case Kind::kFinite:
      return parts.is_zero() ? 0 : parts.negative ? -1 : 1;
    case Kind::kMinusInfinity:
      return -1;
    default:
      return 1;
  }
}

std::string infinity(int sign) { return sign < 0 ? "-Infinity" : "Infinity"; }

Error numeric_overflow() { return Error(ErrorCode::kNumericOutOfRange, "value overflows numeric format"); }
Error division_by_zero() { return Error(ErrorCode::kDivisionByZero, "division by zero"); }

Result<std::string> checked(std::string text) {
  const Parts parts = split(text);
  if (parts.whole.size() > kWholeDigitsMax) {
    return numeric_overflow();
  }
  return text;
}

LeadingDigits leading_digits(const Parts& parts) {
  std::string digits;
  digits.append(parts.whole).append(parts.fraction);
  const size_t first = digits.find_first_not_of('0');
  LeadingDigits leading;
  if (first == digits.npos) {
    return leading;
  }
  const int exponent = static_cast<int>(parts.whole.size()) - 1 - static_cast<int>(first);
  leading.weight = exponent >= 0 ? exponent / 4 : -((-exponent + 3) / 4);
  size_t at = first;
  const auto read = [&](int count) {
    int digit = 0;
    for (int i = 0; i < count; ++i, ++at) {
      digit = digit * 10 + (at < digits.size() ? digits[at] - '0' : 0);
    }
    return digit;
  };
  leading.first = read(exponent - 4 * leading.weight + 1);
  leading.more = at < digits.size() && digits.find_first_not_of('0', at) != digits.npos;
  leading.second = read(4);
  return leading;
}

Big::Big(const Parts& parts) : Big() {
  std::string digits;
  digits.reserve(parts.whole.size() + parts.fraction.size() + 1);
  digits.append(parts.whole).append(parts.fraction);
  mpz_set_str(value_, digits.c_str(), 10);
  if (parts.negative) {
    mpz_neg(value_, value_);
  }
}

void Big::shift(size_t places) {
  if (places > 0) {
    Big power;
    mpz_ui_pow_ui(power.get(), 10, places);
    mpz_mul(value_, value_, power.get());
  }
}

std::string Big::text(size_t scale) const {
  std::string digits(mpz_sizeinbase(value_, 10) + 2, '\0');
  mpz_get_str(digits.data(), 10, value_);
  digits.resize(digits.find('\0'));
  const bool negative = digits.front() == '-';
  return assemble(negative, std::string_view(digits).substr(negative ? 1 : 0), scale);
}

void Big::add(Int128 term) {
  const bool negative = term < 0;
  const Uint128 magnitude = negative ? 0 - static_cast<Uint128>(term) : static_cast<Uint128>(term);
  const std::array<uint64_t, 2> words = {static_cast<uint64_t>(magnitude),
                                         static_cast<uint64_t>(magnitude >> 64)};
  Big other;
  mpz_import(other.get(), 2, -1, sizeof(uint64_t), 0, 0, words.data());
  if (negative) {
    mpz_sub(value_, value_, other.get());
  } else {
    mpz_add(value_, value_, other.get());
  }
}

}  // namespace rowan::type::decimal
