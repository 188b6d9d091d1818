#include "store/store_state.h"

#include <array>
#include <cstring>
#include <string>

#include "base/hash.h"
#include "base/limits.h"

namespace rowan::store {

namespace {

constexpr size_t kStateBytes = 64;
constexpr char kMagic[] = "RowanSt1";

template <typename T>
T get(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

}  // namespace

Result<StoreState> read_state(FileSystem& files, const std::filesystem::path& path) {
  TRY_ASSIGN(const std::string bytes, files.read_whole(path, 4096));
  const auto damaged = [&] {
    return Error(ErrorCode::kCorruption, "file \"" + path.string() + "\" is damaged");
  };
  if (bytes.size() < 16 || bytes.compare(0, 8, kMagic) != 0) return damaged();
  if (get<uint32_t>(bytes.data() + 8) > kFormatVersion) {
    return Error(ErrorCode::kUnsupportedFormat,
                 "the journal was written by a newer version of Rowan");
  }
  if (bytes.size() != kStateBytes ||
      get<uint32_t>(bytes.data() + 12) != crc32(Bytes(bytes).substr(16)))
    return damaged();
  StoreState state;
  state.key = get<uint64_t>(bytes.data() + 16);
  state.published = get<uint64_t>(bytes.data() + 24);
  state.live_epoch = get<uint64_t>(bytes.data() + 32);
  state.next_epoch = get<uint64_t>(bytes.data() + 40);
  state.clean = bytes[48] == 1;
  return state;
}

Result<void> write_state(FileSystem& files, const std::filesystem::path& path,
                         const StoreState& state) {
  std::array<char, kStateBytes> bytes{};
  const uint32_t version = kFormatVersion;
  std::memcpy(bytes.data(), kMagic, 8);
  std::memcpy(bytes.data() + 8, &version, 4);
  std::memcpy(bytes.data() + 16, &state.key, 8);
  std::memcpy(bytes.data() + 24, &state.published, 8);
  std::memcpy(bytes.data() + 32, &state.live_epoch, 8);
  std::memcpy(bytes.data() + 40, &state.next_epoch, 8);
  bytes[48] = state.clean ? 1 : 0;
  const uint32_t crc = crc32(Bytes(bytes.data() + 16, kStateBytes - 16));
  std::memcpy(bytes.data() + 12, &crc, 4);
  return files.replace(path, Bytes(bytes.data(), bytes.size()));
}

}  // namespace rowan::store
