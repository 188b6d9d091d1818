// Making and applying Git deltas.
#include "store/pack_delta.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

namespace rowan::store {

namespace {

constexpr size_t kBlockBytes = 16;
constexpr size_t kCopyBytesMax = 0x10000;  // What every Git version reads.
constexpr size_t kInsertBytesMax = 127;
constexpr size_t kBlocksIndexedMax = 1u << 16;
constexpr size_t kMiddleBytesMin = 48;  // A shorter changed middle is simply inserted.

uint64_t load64(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

size_t common_prefix(Bytes a, Bytes b) {
  const size_t size = std::min(a.size(), b.size());
  size_t at = 0;
  while (at + 8 <= size && load64(&a[at]) == load64(&b[at])) at += 8;
  while (at < size && a[at] == b[at]) ++at;
  return at;
}

size_t common_suffix(Bytes a, Bytes b, size_t size_max) {
  size_t size = 0;
  while (size + 8 <= size_max && load64(&a[a.size() - size - 8]) == load64(&b[b.size() - size - 8]))
    size += 8;
  while (size < size_max && a[a.size() - size - 1] == b[b.size() - size - 1]) ++size;
  return size;
}

uint64_t hash_block(const char* at) {
  const uint64_t h =
      (load64(at) ^ (load64(at + 8) * 0x9e3779b97f4a7c15ULL)) * 0xff51afd7ed558ccdULL;
  return h ^ (h >> 32);
}

void put_varint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// Nothing when cut short or above 63 bits.
std::optional<uint64_t> take_varint(Bytes delta, size_t& at) {
  uint64_t value = 0;
  for (int shift = 0; shift < 63 && at < delta.size(); shift += 7) {
    const auto byte = static_cast<uint8_t>(delta[at++]);
    value |= uint64_t{byte & 0x7fu} << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

}  // namespace

const std::string& DeltaMaker::make(Bytes base, Bytes target, size_t bytes_max) {
  out_.clear();
  if (base.size() > UINT32_MAX || target.size() > UINT32_MAX) return out_;
  put_varint(out_, base.size());
  put_varint(out_, target.size());

  // Versions of a node differ in few places: what is common at both ends is found without any
  // table.
  const size_t prefix = common_prefix(base, target);
  const size_t suffix = common_suffix(base, target, std::min(base.size(), target.size()) - prefix);
  const size_t base_end = base.size() - suffix;
  const size_t target_end = target.size() - suffix;
  copy(0, prefix);
  if (target_end - prefix < kMiddleBytesMin || base_end - prefix < kBlockBytes) {
    insert(target.substr(prefix, target_end - prefix));
  } else {
    match_middle(base, target, prefix, base_end, target_end, bytes_max);
  }
  copy(base_end, suffix);
  if (out_.size() > bytes_max) out_.clear();
  return out_;
}

// Several changes lie between the common ends: aligned blocks of the base are indexed, and every
// position of the target that meets one is extended as far as it goes.
void DeltaMaker::match_middle(Bytes base, Bytes target, size_t from, size_t base_end,
                              size_t target_end, size_t bytes_max) {
  const size_t blocks = std::min((base_end - from) / kBlockBytes, kBlocksIndexedMax);
  table_.assign(std::bit_ceil(blocks * 2), 0);
  const size_t mask = table_.size() - 1;
  for (size_t block = 0; block < blocks; ++block) {
    table_[hash_block(&base[from + block * kBlockBytes]) & mask] = static_cast<uint32_t>(block + 1);
  }

  size_t pending = from;  // Where the bytes not written yet begin.
  for (size_t at = from; at + kBlockBytes <= target_end;) {
    const uint32_t block = table_[hash_block(&target[at]) & mask];
    const size_t base_at = from + (size_t{block} - 1) * kBlockBytes;
    if (block == 0 || std::memcmp(&base[base_at], &target[at], kBlockBytes) != 0) {
      ++at;
      continue;
    }
    const size_t ahead =
        common_prefix(base.substr(base_at, base_end - base_at), target.substr(at, target_end - at));
    const size_t behind = common_suffix(base.substr(0, base_at), target.substr(0, at),
                                        std::min(base_at, at - pending));
    insert(target.substr(pending, at - behind - pending));
    copy(base_at - behind, behind + ahead);
    at += ahead;
    pending = at;
    if (out_.size() > bytes_max) return;  // make() will drop it.
  }
  insert(target.substr(pending, target_end - pending));
}

void DeltaMaker::copy(size_t offset, size_t size) {
  while (size > 0) {
    const size_t part = std::min(size, kCopyBytesMax);
    char op[8];
    size_t used = 1;
    uint8_t bits = 0x80;
    for (int i = 0; i < 4; ++i) {
      const auto byte = static_cast<uint8_t>(offset >> (8 * i));
      if (byte == 0) continue;
      op[used++] = static_cast<char>(byte);
      bits |= static_cast<uint8_t>(1u << i);
    }
    for (int i = 0; part != kCopyBytesMax && i < 2; ++i) {
      const auto byte = static_cast<uint8_t>(part >> (8 * i));
      if (byte == 0) continue;
      op[used++] = static_cast<char>(byte);
      bits |= static_cast<uint8_t>(0x10u << i);
    }
    op[0] = static_cast<char>(bits);
    out_.append(op, used);
    offset += part;
    size -= part;
  }
}

void DeltaMaker::insert(Bytes bytes) {
  while (!bytes.empty()) {
    const size_t part = std::min(bytes.size(), kInsertBytesMax);
    out_.push_back(static_cast<char>(part));
    out_.append(bytes.substr(0, part));
    bytes.remove_prefix(part);
  }
}

Result<DeltaSizes> read_delta_sizes(Bytes delta) {
  size_t at = 0;
  const auto base = take_varint(delta, at);
  const auto result = take_varint(delta, at);
  if (!base || !result) return Error(ErrorCode::kCorruption, "a delta's sizes cannot be read");
  return DeltaSizes{*base, *result};
}

bool apply_delta(Bytes base, Bytes delta, char* out, size_t out_bytes) {
  size_t at = 0;
  if (take_varint(delta, at) != base.size() || take_varint(delta, at) != out_bytes) return false;
  size_t made = 0;
  while (at < delta.size()) {
    const auto op = static_cast<uint8_t>(delta[at++]);
    if ((op & 0x80) != 0) {
      const auto operand_bytes =
          static_cast<size_t>(std::popcount(static_cast<uint8_t>(op & 0x7f)));
      if (delta.size() - at < operand_bytes) return false;
      uint32_t offset = 0;
      uint32_t size = 0;
      for (int i = 0; i < 4; ++i) {
        if (op & (1 << i)) offset |= uint32_t{static_cast<uint8_t>(delta[at++])} << (8 * i);
      }
      for (int i = 0; i < 3; ++i) {
        if (op & (0x10 << i)) size |= uint32_t{static_cast<uint8_t>(delta[at++])} << (8 * i);
      }
      if (size == 0) size = kCopyBytesMax;
      if (offset > base.size() || size > base.size() - offset || size > out_bytes - made)
        return false;
      std::memcpy(out + made, base.data() + offset, size);
      made += size;
    } else {
      if (op == 0 || op > delta.size() - at || op > out_bytes - made) return false;
      std::memcpy(out + made, delta.data() + at, op);
      at += op;
      made += op;
    }
  }
  return made == out_bytes;
}

}  // namespace rowan::store
