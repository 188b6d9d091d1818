// PackOutput: the file side of writing a pack. Entries go in, and a synced pack, its index and
// (asked for) .keep come out.
//
// Until finish() everything has a temporary name (tmp_rowan_*_pack, *_idx), which stock git ignores
// and prunes; without finish() the destructor removes it. Order of finish(): pack and idx synced,
// .keep, pack renamed, idx renamed (only now git sees the pack), folder synced. Threads: one at a
// time.
#pragma once

#include <libdeflate.h>
#include <openssl/evp.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/oid.h"
#include "base/result.h"
#include "store/file_system.h"
#include "store/object_store.h"
#include "store/pack_writer.h"

namespace rowan::store {

// What stands in our .keep files: of packs about to be published, and of private ones
// (private_packs.h).
inline constexpr std::string_view kKeepText = "rowan\n";
inline constexpr std::string_view kPrivateKeepText = "rowan private\n";

// The bytes in front of an entry's data.
std::string whole_entry_head(ObjectType type, uint64_t size);
std::string delta_entry_head(uint64_t delta_size,
                             uint64_t distance);  // OFS_DELTA; `distance` back to the base.

// Compresses entry data. One thread at a time.
class Deflater {
 public:
  explicit Deflater(int level);
  // Appends `data` as a zlib stream.
  void append(Bytes data, std::string& out);

 private:
  struct Free {
    void operator()(libdeflate_compressor* handle) const { libdeflate_free_compressor(handle); }
  };
  std::unique_ptr<libdeflate_compressor, Free> handle_;
};

class PackOutput {
 public:
  struct Options {
    FileSystem* files = nullptr;  // Borrowed; nullptr: the real one.
    bool sync = true;
    bool keep = true;         // Leave a .keep file.
    bool is_private = false;  // As PackOptions::is_private.
    std::optional<uint64_t>
        count;  // Entries to come. Unknown: the pack is read once more for its checksum.
  };

  static Result<std::unique_ptr<PackOutput>> open(const std::filesystem::path& pack_folder,
                                                  const Options& options);
  ~PackOutput();
  PackOutput(const PackOutput&) = delete;
  PackOutput& operator=(const PackOutput&) = delete;

  uint64_t offset() const { return written_ + buffer_.size(); }  // Where the next entry begins.
  uint64_t count() const { return entries_.size(); }

  Result<void> add(const Oid& id, Bytes head, Bytes data);
  Result<WrittenPack> finish();

 private:
  struct Entry {
    Oid id;
    uint32_t crc;
    uint64_t offset;
  };
  struct FreeHash {
    void operator()(EVP_MD_CTX* handle) const { EVP_MD_CTX_free(handle); }
  };

  PackOutput(std::filesystem::path folder, const Options& options);
  Result<void> flush();
  Result<void> hash_again();
  std::string make_idx(const Oid& pack_hash);

  std::filesystem::path folder_;
  Options options_;
  FileSystem& files_;
  std::string temporary_;  // Path of the temporary files, without their last part.
  std::unique_ptr<File> pack_;
  std::unique_ptr<EVP_MD_CTX, FreeHash> hash_;
  std::string buffer_;  // Not written yet.
  uint64_t written_ = 0;
  std::vector<Entry> entries_;
  bool has_pack_ = false;  // The temporary files that exist.
  bool has_idx_ = false;
};

}  // namespace rowan::store
