// Oid: the name of a Git object, the 20 bytes of its SHA-1.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace rowan {

struct Oid {
  static constexpr size_t kBytes = 20;
  static constexpr size_t kHexDigits = 40;

  std::array<uint8_t, kBytes> bytes{};  // All zero: no object.

  static Oid from_raw(const void* raw) {
    Oid id;
    std::memcpy(id.bytes.data(), raw, kBytes);
    return id;
  }
  static std::optional<Oid> parse(std::string_view hex);  // Exactly 40 digits.

  bool is_zero() const { return *this == Oid{}; }
  std::string hex() const { return to_hex(raw()); }
  Bytes raw() const { return {reinterpret_cast<const char*>(bytes.data()), kBytes}; }

  // Two words and a half instead of a call: ids are compared at every step through trees and packs.
  bool operator==(const Oid& other) const {
    uint64_t mine[2];
    uint64_t theirs[2];
    uint32_t my_rest;
    uint32_t their_rest;
    std::memcpy(mine, bytes.data(), sizeof mine);
    std::memcpy(theirs, other.bytes.data(), sizeof theirs);
    std::memcpy(&my_rest, bytes.data() + sizeof mine, sizeof my_rest);
    std::memcpy(&their_rest, other.bytes.data() + sizeof theirs, sizeof their_rest);
    return mine[0] == theirs[0] && mine[1] == theirs[1] && my_rest == their_rest;
  }
  auto operator<=>(const Oid&) const = default;
};

struct OidHash {
  // The first eight bytes of a SHA-1 are as good a hash as any.
  size_t operator()(const Oid& id) const noexcept {
    uint64_t h;
    std::memcpy(&h, id.bytes.data(), sizeof h);
    return h;
  }
};

}  // namespace rowan
