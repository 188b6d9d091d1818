#include "store/store_state.h"

#include <cstring>
#include <string>

#include "base/ensure.h"
#include "base/hash.h"

namespace rowan::store {

namespace {

constexpr size_t kStateBytes = 64;  // Without the files entered.
constexpr size_t kEntryBytes = 24;
constexpr uint32_t kVersion = 2;
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
  const auto version = get<uint32_t>(bytes.data() + 8);
  if (version > kVersion) {
    return Error(ErrorCode::kUnsupportedFormat,
                 "the journal was written by a newer version of Rowan");
  }
  const size_t entered =
      version == kVersion && bytes.size() >= kStateBytes ? static_cast<uint8_t>(bytes[49]) : 0;
  if (bytes.size() != kStateBytes + entered * kEntryBytes ||
      get<uint32_t>(bytes.data() + 12) != crc32(Bytes(bytes).substr(16)))
    return damaged();
  StoreState state;
  state.key = get<uint64_t>(bytes.data() + 16);
  state.published = get<uint64_t>(bytes.data() + 24);
  state.live_epoch = get<uint64_t>(bytes.data() + 32);
  state.next_epoch = get<uint64_t>(bytes.data() + 40);
  state.clean = bytes[48] == 1;
  for (size_t i = 0; i < entered; ++i) {
    const char* entry = bytes.data() + kStateBytes + i * kEntryBytes;
    state.files.push_back(
        {get<uint32_t>(entry), get<uint64_t>(entry + 8), get<uint64_t>(entry + 16)});
  }
  return state;
}

Result<void> write_state(FileSystem& files, const std::filesystem::path& path,
                         const StoreState& state) {
  ENSURE(state.files.size() <= kEnteredFilesMax);
  std::string bytes(kStateBytes + state.files.size() * kEntryBytes, '\0');
  std::memcpy(bytes.data(), kMagic, 8);
  std::memcpy(bytes.data() + 8, &kVersion, 4);
  std::memcpy(bytes.data() + 16, &state.key, 8);
  std::memcpy(bytes.data() + 24, &state.published, 8);
  std::memcpy(bytes.data() + 32, &state.live_epoch, 8);
  std::memcpy(bytes.data() + 40, &state.next_epoch, 8);
  bytes[48] = state.clean ? 1 : 0;
  bytes[49] = static_cast<char>(state.files.size());
  for (size_t i = 0; i < state.files.size(); ++i) {
    char* entry = bytes.data() + kStateBytes + i * kEntryBytes;
    std::memcpy(entry, &state.files[i].number, 4);
    std::memcpy(entry + 8, &state.files[i].id, 8);
    std::memcpy(entry + 16, &state.files[i].bytes, 8);
  }
  const uint32_t crc = crc32(Bytes(bytes).substr(16));
  std::memcpy(bytes.data() + 12, &crc, 4);
  return files.replace(path, bytes);
}

}  // namespace rowan::store
