// Pack and index files: bytes, checksums, names, and the order in which they become durable.
#include "store/pack_output.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <random>
#include <system_error>

#include "base/caught.h"
#include "base/ensure.h"
#include "base/hash.h"
#include "base/limits.h"

namespace rowan::store {

namespace {

namespace fs = std::filesystem;

constexpr size_t kBufferBytes = 1u << 20;
constexpr uint64_t kShortOffsetMax = 0x7fffffff;
constexpr std::string_view kTemporaryPrefix = "tmp_rowan_";
// Not ".pack" and ".idx": git opens every file with that ending, however its name begins.
constexpr const char* kPackSuffix = "_pack";
constexpr const char* kIdxSuffix = "_idx";
constexpr uint64_t kKeepTextBytesMax = 4096;

void put_be32(std::string& out, uint64_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::string pack_head(uint64_t count) {
  std::string head = "PACK";
  put_be32(head, 2);
  put_be32(head, count);
  return head;
}

std::string entry_head(unsigned kind, uint64_t size) {
  std::string head;
  unsigned byte = kind << 4 | (size & 15);
  for (size >>= 4; size != 0; size >>= 7) {
    head.push_back(static_cast<char>(byte | 0x80));
    byte = size & 0x7f;
  }
  head.push_back(static_cast<char>(byte));
  return head;
}

// A private pack may be removed again, so no published pack of equal content may ever share its
// name.
Oid private_name(const Oid& pack_hash) {
  static std::atomic<uint64_t> number = 0;
  std::random_device random;
  const std::string salt = "rowan private " + std::to_string(random()) + std::to_string(random()) +
                           " " + std::to_string(getpid()) + " " + std::to_string(number++);
  Oid name;
  name.bytes = sha1(pack_hash.raw(), salt);
  return name;
}

// Readers of the folder must not take a pack for something to edit. Only a courtesy, so failing
// does not matter.
void make_read_only(const fs::path& file) {
  std::error_code ignored;
  fs::permissions(file, fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read,
                  ignored);
}

}  // namespace

std::string whole_entry_head(ObjectType type, uint64_t size) {
  return entry_head(static_cast<unsigned>(type), size);
}

std::string delta_entry_head(uint64_t delta_size, uint64_t distance) {
  std::string head = entry_head(6, delta_size);
  char digits[10];
  size_t at = sizeof digits;
  digits[--at] = static_cast<char>(distance & 0x7f);
  while ((distance >>= 7) != 0) digits[--at] = static_cast<char>(0x80 | (--distance & 0x7f));
  return head.append(digits + at, sizeof digits - at);
}

Deflater::Deflater(int level) : handle_(libdeflate_alloc_compressor(std::clamp(level, 0, 12))) {
  ENSURE(handle_ != nullptr);
}

void Deflater::append(Bytes data, std::string& out) {
  const size_t before = out.size();
  const size_t bound = libdeflate_zlib_compress_bound(handle_.get(), data.size());
  out.resize(before + bound);
  const size_t size =
      libdeflate_zlib_compress(handle_.get(), data.data(), data.size(), out.data() + before, bound);
  ENSURE(size != 0);
  out.resize(before + size);
}

PackOutput::PackOutput(fs::path folder, const Options& options)
    : folder_(std::move(folder)),
      options_(options),
      files_(options.files != nullptr ? *options.files : real_file_system()),
      hash_(EVP_MD_CTX_new()) {
  if (options_.count) entries_.reserve(*options_.count);
  static std::atomic<uint64_t> number = 0;  // Only makes the names of one process differ.
  temporary_ = (folder_ / kTemporaryPrefix).string() + std::to_string(getpid()) + "_" +
               std::to_string(number++);
}

PackOutput::~PackOutput() {
  ends_well([&] {
    if (has_pack_) ignore_error(files_.unlink(temporary_ + kPackSuffix), "git prunes tmp_ files");
    if (has_idx_) ignore_error(files_.unlink(temporary_ + kIdxSuffix), "git prunes tmp_ files");
  });
}

Result<std::unique_ptr<PackOutput>> PackOutput::open(const fs::path& pack_folder,
                                                     const Options& options) {
  std::unique_ptr<PackOutput> output(new PackOutput(pack_folder, options));
  if (output->hash_ == nullptr ||
      EVP_DigestInit_ex(output->hash_.get(), EVP_sha1(), nullptr) != 1) {
    return Error(ErrorCode::kInternal, "SHA-1 is not available");
  }
  auto opened = output->files_.open(output->temporary_ + kPackSuffix, OpenMode::kCreateNew);
  if (!opened && opened.error().code() == ErrorCode::kDuplicateFile) {
    // Left by a process of the same number that died.
    TRY(output->files_.unlink(output->temporary_ + kPackSuffix));
    opened = output->files_.open(output->temporary_ + kPackSuffix, OpenMode::kCreateNew);
  }
  if (!opened) return std::move(opened).error();
  output->pack_ = std::move(*opened);
  output->has_pack_ = true;
  output->buffer_.reserve(kBufferBytes + (64u << 10));
  output->buffer_ = pack_head(options.count.value_or(0));
  return output;
}

Result<void> PackOutput::add(const Oid& id, Bytes head, Bytes data) {
  if (entries_.size() >= UINT32_MAX)
    return Error(ErrorCode::kProgramLimit, "a pack holds too many objects");
  entries_.push_back({id, crc32(data, crc32(head)), offset()});
  buffer_.append(head);
  buffer_.append(data);
  if (buffer_.size() >= kBufferBytes) TRY(flush());
  return {};
}

Result<void> PackOutput::flush() {
  if (options_.count) EVP_DigestUpdate(hash_.get(), buffer_.data(), buffer_.size());
  TRY(pack_->write(buffer_, written_));
  written_ += buffer_.size();
  buffer_.clear();
  return {};
}

// The count stands in front of what the checksum covers, so it must be known before hashing can
// begin.
Result<void> PackOutput::hash_again() {
  TRY(pack_->write(pack_head(entries_.size()), 0));
  std::string block(kBufferBytes, '\0');
  for (uint64_t at = 0; at < written_;) {
    TRY_ASSIGN(const size_t got,
               pack_->read(block.data(), std::min<uint64_t>(block.size(), written_ - at), at));
    if (got == 0) return Error(ErrorCode::kIoError, "a pack was cut short while it was written");
    EVP_DigestUpdate(hash_.get(), block.data(), got);
    at += got;
  }
  return {};
}

std::string PackOutput::make_idx(const Oid& pack_hash) {
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return a.id < b.id; });
  std::string idx("\377tOc\0\0\0\2", 8);
  idx.reserve(8 + 1024 + entries_.size() * 28 + 40);
  size_t upto = 0;
  for (unsigned first = 0; first < 256; ++first) {
    while (upto < entries_.size() && entries_[upto].id.bytes[0] <= first) ++upto;
    put_be32(idx, upto);
  }
  for (const Entry& entry : entries_) idx.append(entry.id.raw());
  for (const Entry& entry : entries_) put_be32(idx, entry.crc);
  std::string long_offsets;
  for (const Entry& entry : entries_) {
    if (entry.offset <= kShortOffsetMax) {
      put_be32(idx, entry.offset);
    } else {
      put_be32(idx, 0x80000000u | (long_offsets.size() / 8));
      put_be32(long_offsets, entry.offset >> 32);
      put_be32(long_offsets, entry.offset & 0xffffffffu);
    }
  }
  idx.append(long_offsets);
  idx.append(pack_hash.raw());
  Oid idx_hash;
  idx_hash.bytes = sha1(idx, {});
  idx.append(idx_hash.raw());
  return idx;
}

Result<WrittenPack> PackOutput::finish() {
  if (entries_.empty()) return WrittenPack{};  // The destructor removes the temporary file.
  ENSURE(!options_.count || *options_.count == entries_.size());
  TRY(flush());
  if (!options_.count) TRY(hash_again());
  Oid pack_hash;
  EVP_DigestFinal_ex(hash_.get(), pack_hash.bytes.data(), nullptr);
  TRY(pack_->write(pack_hash.raw(), written_));
  written_ += Oid::kBytes;
  if (options_.sync) TRY(pack_->sync());
  pack_.reset();

  TRY_ASSIGN(auto idx_file, files_.open(temporary_ + kIdxSuffix, OpenMode::kCreate));
  has_idx_ = true;
  TRY(idx_file->truncate(0));
  const std::string idx = make_idx(pack_hash);
  TRY(idx_file->write(idx, 0));
  if (options_.sync) TRY(idx_file->sync());
  idx_file.reset();

  const Oid name = options_.is_private ? private_name(pack_hash) : pack_hash;
  WrittenPack written{folder_ / ("pack-" + name.hex()), entries_.size(), written_};
  const std::string stem = written.stem.string();
  if (options_.keep) {
    TRY_ASSIGN(auto keep, files_.open(stem + ".keep", OpenMode::kCreate));
    TRY(keep->write(options_.is_private ? kPrivateKeepText : kKeepText, 0));
    if (options_.sync) TRY(keep->sync());
  }
  make_read_only(temporary_ + kPackSuffix);
  make_read_only(temporary_ + kIdxSuffix);
  TRY(files_.rename(temporary_ + kPackSuffix, stem + ".pack"));
  has_pack_ = false;
  TRY(files_.rename(temporary_ + kIdxSuffix, stem + ".idx"));
  has_idx_ = false;
  if (options_.sync) TRY(files_.sync_folder(folder_));
  return written;
}

Result<void> remove_temporary_packs(const fs::path& pack_folder, FileSystem& files) {
  TRY_ASSIGN(const auto names, files.list(pack_folder));
  for (const std::string& name : names) {
    if (name.starts_with(kTemporaryPrefix)) TRY(files.unlink(pack_folder / name));
  }
  return {};
}

Result<void> release_kept_packs(const fs::path& pack_folder, FileSystem& files) {
  TRY_ASSIGN(const auto names, files.list(pack_folder));
  for (const std::string& name : names) {
    if (!name.ends_with(".keep")) continue;
    const auto text = files.read_whole(pack_folder / name, kKeepTextBytesMax);
    if (text && (*text == kKeepText || *text == kPrivateKeepText))
      TRY(files.unlink(pack_folder / name));
  }
  return {};
}

}  // namespace rowan::store
