#include "store/journal_head.h"

#include <cstring>
#include <random>

#include "base/hash.h"

namespace rowan::store {

namespace {

constexpr char kMagic[] = "RWJF";
constexpr uint32_t kVersion = 1;

template <typename T>
T get(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

uint32_t checksum(Bytes head) { return crc32(head.substr(8, kJournalHeadUsedBytes - 8)); }

}  // namespace

JournalHead new_journal_head(uint32_t number, uint64_t key) {
  std::random_device random;
  const uint64_t id = (static_cast<uint64_t>(random()) << 32 | random()) | 1;
  return {number, key, id};
}

std::string encode_journal_head(const JournalHead& head) {
  std::string out(kJournalHeadBytes, '\0');
  std::memcpy(out.data(), kMagic, 4);
  std::memcpy(out.data() + 8, &kVersion, 4);
  std::memcpy(out.data() + 12, &head.number, 4);
  std::memcpy(out.data() + 16, &head.key, 8);
  std::memcpy(out.data() + 24, &head.id, 8);
  const uint32_t crc = checksum(out);
  std::memcpy(out.data() + 4, &crc, 4);
  return out;
}

std::optional<JournalHead> read_journal_head(Bytes bytes) {
  if (bytes.size() < kJournalHeadUsedBytes || !bytes.starts_with(kMagic)) return std::nullopt;
  if (get<uint32_t>(bytes.data() + 4) != checksum(bytes) ||
      get<uint32_t>(bytes.data() + 8) != kVersion)
    return std::nullopt;
  return JournalHead{get<uint32_t>(bytes.data() + 12), get<uint64_t>(bytes.data() + 16),
                     get<uint64_t>(bytes.data() + 24)};
}

}  // namespace rowan::store
