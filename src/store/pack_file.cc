// Mapping a pack and its index, and decoding single entries.
#include "store/pack_file.h"

#include <fcntl.h>
#include <libdeflate.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/files.h"
#include "base/limits.h"

namespace rowan::store {

namespace {

constexpr size_t kPackHeadBytes = 12;
constexpr size_t kIdxHeadBytes = 8;
constexpr size_t kFanoutBytes = 256 * 4;
constexpr uint64_t kDeflateRatioMax = 1032;  // What deflate can reach at best.
constexpr std::string_view kIdxMagic("\377tOc\0\0\0\2", 8);

struct FreeInflater {
  void operator()(libdeflate_decompressor* handle) const { libdeflate_free_decompressor(handle); }
};

libdeflate_decompressor* thread_inflater() {
  thread_local const std::unique_ptr<libdeflate_decompressor, FreeInflater> inflater(
      libdeflate_alloc_decompressor());
  return inflater.get();
}

Error io_error(const std::filesystem::path& file, std::string_view what, int number) {
  return Error(number == ENOENT ? ErrorCode::kUndefinedFile : ErrorCode::kIoError,
               "could not " + std::string(what) + " file \"" + file.string() +
                   "\": " + std::strerror(number));
}

}  // namespace

uint32_t load_be32(const char* at) {
  uint32_t word;
  std::memcpy(&word, at, sizeof word);
  return __builtin_bswap32(word);
}

uint64_t load_be64(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return __builtin_bswap64(word);
}

bool inflate_exactly(Bytes in, char* out, size_t out_bytes) {
  // libdeflate wants a place to write to even for an empty result.
  char none = 0;
  size_t used = 0;
  return libdeflate_zlib_decompress_ex(thread_inflater(), in.data(), in.size(),
                                       out_bytes == 0 ? &none : out, out_bytes, &used,
                                       nullptr) == LIBDEFLATE_SUCCESS;
}

std::optional<std::string> inflate_unknown(Bytes in, size_t bytes_max, bool& too_long) {
  too_long = false;
  for (size_t guess = std::min(bytes_max, std::max<size_t>(4096, in.size() * 4));;
       guess = std::min(bytes_max, guess * 4)) {
    std::string out(guess, '\0');
    size_t used = 0;
    size_t made = 0;
    const auto outcome = libdeflate_zlib_decompress_ex(thread_inflater(), in.data(), in.size(),
                                                       out.data(), guess, &used, &made);
    if (outcome == LIBDEFLATE_SUCCESS) {
      out.resize(made);
      return out;
    }
    too_long = outcome == LIBDEFLATE_INSUFFICIENT_SPACE && guess == bytes_max;
    if (outcome != LIBDEFLATE_INSUFFICIENT_SPACE || too_long) return std::nullopt;
  }
}

Result<MappedFile> MappedFile::open(const std::filesystem::path& file) {
  TRY_ASSIGN(const Descriptor opened, open_file(file, OpenMode::kRead));
  struct stat info{};
  if (fstat(opened.number(), &info) != 0) return io_error(file, "read", errno);
  const auto size = static_cast<size_t>(info.st_size);
  // The mapping keeps the file.
  void* const at =
      size == 0 ? nullptr : mmap(nullptr, size, PROT_READ, MAP_SHARED, opened.number(), 0);
  const int number = errno;
  if (at == MAP_FAILED) return io_error(file, "map", number);
  return MappedFile(Bytes(static_cast<const char*>(at), size));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

Result<std::shared_ptr<const PackFile>> PackFile::open(const std::filesystem::path& stem) {
  TRY_ASSIGN(auto idx, MappedFile::open(stem.string() + ".idx"));
  TRY_ASSIGN(auto pack, MappedFile::open(stem.string() + ".pack"));
  std::shared_ptr<PackFile> made(new PackFile(stem, std::move(pack), std::move(idx)));
  TRY(made->check());
  struct stat info{};
  if (lstat((stem.string() + ".pack").c_str(), &info) == 0) {
    made->time_ns_ = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
  }
  return std::shared_ptr<const PackFile>(std::move(made));
}

Result<void> PackFile::check() {
  const Bytes idx = idx_.bytes();
  const Bytes pack = pack_.bytes();
  const std::string idx_name = "index \"" + stem_.string() + ".idx\"";
  if (idx.size() < kIdxHeadBytes + kFanoutBytes + 2 * Oid::kBytes || !idx.starts_with(kIdxMagic)) {
    return Error(ErrorCode::kCorruption, idx_name + " is not a pack index of version 2");
  }
  fanout_ = idx.substr(kIdxHeadBytes, kFanoutBytes);
  uint32_t before = 0;
  for (size_t i = 0; i < 256; ++i) {
    const uint32_t upto = load_be32(&fanout_[i * 4]);
    if (upto < before)
      return Error(ErrorCode::kCorruption, idx_name + " has a damaged fanout table");
    before = upto;
  }
  count_ = before;
  const uint64_t tables = kIdxHeadBytes + kFanoutBytes;
  const uint64_t fixed = tables + count_ * (Oid::kBytes + 4 + 4) + 2 * Oid::kBytes;
  if (idx.size() < fixed || (idx.size() - fixed) % 8 != 0) {
    return Error(ErrorCode::kCorruption, idx_name + " has the wrong size");
  }
  ids_ = idx.substr(tables, count_ * Oid::kBytes);
  crcs_ = idx.substr(tables + count_ * Oid::kBytes, count_ * 4);
  offsets_ = idx.substr(tables + count_ * (Oid::kBytes + 4), count_ * 4);
  long_offsets_ = idx.substr(tables + count_ * (Oid::kBytes + 8), idx.size() - fixed);

  if (pack.size() < kPackHeadBytes + Oid::kBytes || !pack.starts_with("PACK") ||
      load_be32(&pack[4]) < 2 || load_be32(&pack[4]) > 3) {
    return corrupt(0, "is not a pack of version 2");
  }
  if (load_be32(&pack[8]) != count_)
    return corrupt(8, "holds another number of objects than its index");
  if (pack.substr(pack.size() - Oid::kBytes) !=
      idx.substr(idx.size() - 2 * Oid::kBytes, Oid::kBytes)) {
    return corrupt(pack.size() - Oid::kBytes, "does not belong to its index");
  }
  return {};
}

Error PackFile::corrupt(uint64_t offset, std::string_view what) const {
  return Error(ErrorCode::kCorruption, "pack \"" + stem_.string() + ".pack\" " + std::string(what))
      .with_detail("At offset " + std::to_string(offset) + ".");
}

Oid PackFile::id_at(uint64_t position) const {
  return Oid::from_raw(&ids_[position * Oid::kBytes]);
}

uint32_t PackFile::crc_at(uint64_t position) const { return load_be32(&crcs_[position * 4]); }

Result<uint64_t> PackFile::offset_at(uint64_t position) const {
  uint64_t offset = load_be32(&offsets_[position * 4]);
  if ((offset & 0x80000000u) != 0) {
    const uint64_t number = offset & 0x7fffffffu;
    if (number >= long_offsets_.size() / 8) return corrupt(0, "has an index with a damaged offset");
    offset = load_be64(&long_offsets_[number * 8]);
  }
  if (offset < kPackHeadBytes || offset >= entries_end()) {
    return corrupt(offset, "has an index that points outside of it");
  }
  return offset;
}

std::optional<uint64_t> PackFile::find(const Oid& id) const {
  const uint8_t first = id.bytes[0];
  uint64_t low = first == 0 ? 0 : load_be32(&fanout_[(first - 1) * 4]);
  uint64_t high = load_be32(&fanout_[first * 4]);
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    const int order = std::memcmp(&ids_[middle * Oid::kBytes], id.bytes.data(), Oid::kBytes);
    if (order == 0) return middle;
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return std::nullopt;
}

std::pair<uint64_t, uint64_t> PackFile::range(const Oid& low, const Oid& high) const {
  const auto lower_bound = [&](const Oid& id, bool after_equal) {
    uint64_t from = 0;
    uint64_t to = count_;
    while (from < to) {
      const uint64_t middle = from + (to - from) / 2;
      const int order = std::memcmp(&ids_[middle * Oid::kBytes], id.bytes.data(), Oid::kBytes);
      if (order < 0 || (after_equal && order == 0)) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    return from;
  };
  return {lower_bound(low, false), lower_bound(high, true)};
}

Result<PackEntry> PackFile::entry_at(uint64_t offset) const {
  const Bytes pack = pack_.bytes().substr(0, entries_end());
  PackEntry entry;
  entry.offset = offset;
  uint64_t at = offset;
  if (at < kPackHeadBytes || at >= pack.size())
    return corrupt(offset, "has an entry outside of it");

  auto byte = static_cast<uint8_t>(pack[at++]);
  const int kind = (byte >> 4) & 7;
  entry.size = byte & 15;
  for (int shift = 4; (byte & 0x80) != 0; shift += 7) {
    if (shift > 56 || at >= pack.size()) return corrupt(offset, "has a damaged entry");
    byte = static_cast<uint8_t>(pack[at++]);
    entry.size |= uint64_t{byte & 0x7fu} << shift;
  }

  if (kind >= 1 && kind <= 4) {
    entry.type = static_cast<ObjectType>(kind);
  } else if (kind == 6) {
    entry.form = PackEntry::Form::kOffsetDelta;
    uint64_t distance = 0;
    for (int digits = 0;; ++digits) {
      if (digits > 8 || at >= pack.size()) return corrupt(offset, "has a damaged delta entry");
      byte = static_cast<uint8_t>(pack[at++]);
      distance = (digits == 0 ? 0 : (distance + 1) << 7) | (byte & 0x7fu);
      if ((byte & 0x80) == 0) break;
    }
    if (distance == 0 || distance > offset - kPackHeadBytes)
      return corrupt(offset, "has a delta without a base");
    entry.base_offset = offset - distance;
  } else if (kind == 7) {
    entry.form = PackEntry::Form::kIdDelta;
    if (pack.size() - at < Oid::kBytes) return corrupt(offset, "has a damaged delta entry");
    entry.base_id = Oid::from_raw(&pack[at]);
    at += Oid::kBytes;
  } else {
    return corrupt(offset, "has an entry of unknown type");
  }
  entry.data_offset = at;
  if (entry.size > kObjectBytesMax && entry.size <= kDeflateRatioMax * pack.size()) {
    return Error(ErrorCode::kProgramLimit,
                 "an object of " + std::to_string(entry.size) + " bytes is too large")
        .with_detail("Pack \"" + stem_.string() + ".pack\", offset " + std::to_string(offset) +
                     ".");
  }
  // A damaged size must not make us reserve what the data could never fill.
  if (entry.size > kDeflateRatioMax * (pack.size() - at))
    return corrupt(offset, "has an entry with a damaged size");
  return entry;
}

Result<void> PackFile::inflate(const PackEntry& entry, char* out) const {
  if (!inflate_exactly(raw(entry.data_offset, entries_end()), out, entry.size)) {
    return corrupt(entry.offset, "has an entry that does not inflate");
  }
  return {};
}

}  // namespace rowan::store
