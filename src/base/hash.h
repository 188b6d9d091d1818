// The fixed hashes. All but crc32 reach disk through the format: never change them.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace rowan {

// FNV-1a over `bytes`, started from `0xcbf29ce484222325 ^ (salt * 0x9e3779b97f4a7c15)`, then
// finished with two xor-shift-multiply rounds so that the high bits are good. Drawn in
// docs/format.md.
uint64_t hash64(Bytes bytes, uint64_t salt = 0);

// The first 16 bytes of SHA-256: keys of rows without a primary key, and of out-of-line values.
std::array<uint8_t, 16> sha256_128(Bytes bytes);
std::array<uint8_t, 32> sha256(Bytes bytes);

// SHA-1 of `head` followed by `body` (a Git object's header and content).
std::array<uint8_t, 20> sha1(Bytes head, Bytes body);

// CRC-32 (the polynomial of zlib and Git's pack index), chained through `seed`.
uint32_t crc32(Bytes bytes, uint32_t seed = 0);

}  // namespace rowan
