// PackFile: one pack and its index, memory-mapped and checked.
//
//   pack: "PACK" u32 version u32 count, entries, SHA-1 of all before it
//   idx (version 2): ff 't' 'O' 'c' u32 2, fanout u32[256], ids[n], crc32[n], offset u32[n] (top
//   bit: number of a 64-bit offset), u64[m], SHA-1 of the pack, SHA-1 of all before it. Integers
//   are big-endian.
//
// Lifetime: the mapping outlives the file's name, so a pack that stock gc deletes stays readable
// while a PackFile is held. Threads:  fixed after open(); any thread. Errors:   kCorruption names
// the file and, where there is one, the offset.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/oid.h"
#include "base/result.h"
#include "store/object_store.h"

namespace rowan::store {

// A file mapped for reading.
class MappedFile {
 public:
  // kUndefinedFile when it does not exist, else kIoError.
  static Result<MappedFile> open(const std::filesystem::path& file);
  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  Bytes bytes() const { return bytes_; }

 private:
  explicit MappedFile(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// How an entry is stored: its header, decoded.
struct PackEntry {
  enum class Form : uint8_t { kWhole, kOffsetDelta, kIdDelta };
  Form form = Form::kWhole;
  ObjectType type = ObjectType::kBlob;  // Of a whole object only.
  uint64_t size = 0;                    // Of the inflated data: the object, or the delta.
  uint64_t base_offset = 0;             // kOffsetDelta.
  Oid base_id;                          // kIdDelta.
  uint64_t offset = 0;                  // Of the header in the pack.
  uint64_t data_offset = 0;             // Of the deflated data.
};

class PackFile {
 public:
  // `stem`: the path without ".pack" and ".idx".
  static Result<std::shared_ptr<const PackFile>> open(const std::filesystem::path& stem);

  const std::filesystem::path& stem() const { return stem_; }
  uint64_t count() const { return count_; }
  uint64_t bytes() const { return pack_.bytes().size(); }
  uint64_t entries_end() const { return pack_.bytes().size() - Oid::kBytes; }
  int64_t time_ns() const { return time_ns_; }  // When the pack was last written.
  Bytes id_table() const { return ids_; }       // The ids, sorted, 20 bytes each.

  Oid id_at(uint64_t position) const;  // Requires: position < count().
  uint32_t crc_at(uint64_t position) const;
  // kCorruption when the index points outside the pack.
  Result<uint64_t> offset_at(uint64_t position) const;

  std::optional<uint64_t> find(const Oid& id) const;  // Its position in the index.
  // Positions [first, last) of the ids from `low` to `high`, both included.
  std::pair<uint64_t, uint64_t> range(const Oid& low, const Oid& high) const;

  Result<PackEntry> entry_at(uint64_t offset) const;
  // Inflates the entry's data into `out`, which has entry.size bytes.
  Result<void> inflate(const PackEntry& entry, char* out) const;
  Bytes raw(uint64_t from, uint64_t to) const { return pack_.bytes().substr(from, to - from); }

  Error corrupt(uint64_t offset, std::string_view what) const;

 private:
  PackFile(std::filesystem::path stem, MappedFile pack, MappedFile idx)
      : stem_(std::move(stem)), pack_(std::move(pack)), idx_(std::move(idx)) {}
  Result<void> check();

  std::filesystem::path stem_;
  MappedFile pack_;
  MappedFile idx_;
  uint64_t count_ = 0;
  int64_t time_ns_ = 0;
  Bytes fanout_;  // The tables inside idx_.
  Bytes ids_;
  Bytes crcs_;
  Bytes offsets_;
  Bytes long_offsets_;
};

uint32_t load_be32(const char* at);
uint64_t load_be64(const char* at);

// Inflates a zlib stream of exactly `out_bytes` at the front of `in`; what follows it is not looked
// at.
bool inflate_exactly(Bytes in, char* out, size_t out_bytes);
// Inflates a zlib stream of unknown size, at most `bytes_max`. Nothing when it is damaged or longer
// (`too_long`).
std::optional<std::string> inflate_unknown(Bytes in, size_t bytes_max, bool& too_long);

}  // namespace rowan::store
