#include "exec/copy_input.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace rowan::exec {

namespace {

constexpr size_t kTarMarkAt = 257;  // Of a tar archive, behind the first member's name and times.
constexpr std::string_view kTarMark = "ustar";
constexpr size_t kHeadBytes = kTarMarkAt + kTarMark.size();
constexpr size_t kCompressedChunkBytes = 64u << 10;
constexpr int kGzipWindow = 16 + MAX_WBITS;  // zlib: gzip's header and trailer, largest window.
constexpr std::string_view kGzip("\x1f\x8b", 2);

// Files that are no text. `makes_text`: what turns one into text.
struct Foreign {
  std::string_view head;
  std::string_view what;
  std::string_view makes_text;
};
constexpr Foreign kForeign[] = {
    {std::string_view("\x28\xb5\x2f\xfd", 4), "compressed with zstd", "zstd -dc FILE"},
    {std::string_view("\xfd"
                      "7zXZ\0",
                      6),
     "compressed with xz", "xz -dc FILE"},
    {std::string_view("\x04\x22\x4d\x18", 4), "compressed with lz4", "lz4 -dc FILE"},
    {std::string_view("\x1f\x9d", 2), "compressed with compress", "zcat FILE"},
    {std::string_view("\x5d\0\0", 3), "compressed with lzma", "xz -dc FILE"},
    {std::string_view("LZIP\x01", 5), "compressed with lzip", "lzip -dc FILE"},
    {std::string_view("Rar!\x1a\x07", 6), "a rar archive", "unrar p FILE"},
    {std::string_view("PK\x03\x04", 4), "a zip archive", "unzip -p FILE"},
    {std::string_view("7z\xbc\xaf\x27\x1c", 6), "a 7z archive", "7z x -so FILE"},
    {std::string_view("\xff\xfe", 2), "UTF-16", "iconv -f UTF-16 -t UTF-8 FILE"},
    {std::string_view("\xfe\xff", 2), "UTF-16", "iconv -f UTF-16 -t UTF-8 FILE"},
    {std::string_view("SQLite format 3\0", 16), "a SQLite database", "sqlite3 -csv FILE QUERY"}};

bool is_bzip2(std::string_view head) {
  return head.size() >= 10 && head.starts_with("BZh") && head.substr(4, 6) == "1AY&SY";
}

Error not_text(const Foreign& foreign) {
  return Error(ErrorCode::kFeatureNotSupported,
               fmt::format("COPY reads UTF-8 text, and this is {}", foreign.what))
      .with_hint(fmt::format("Feed it what this gives: {}", foreign.makes_text));
}

Result<void> check_head(std::string_view head) {
  for (const Foreign& foreign : kForeign) {
    if (head.starts_with(foreign.head)) return not_text(foreign);
  }
  if (is_bzip2(head)) return not_text({{}, "compressed with bzip2", "bzip2 -dc FILE"});
  if (head.size() == kHeadBytes && head.substr(kTarMarkAt) == kTarMark)
    return not_text({{}, "a tar archive", "tar -xOf FILE"});
  return {};
}

// The first bytes once more, then the rest.
struct Replayed {
  std::string head;
  ByteSource rest;

  Result<size_t> read(char* buffer, size_t size) {
    if (head.empty()) return rest(buffer, size);
    const size_t taken = std::min(size, head.size());
    std::memcpy(buffer, head.data(), taken);
    head.erase(0, taken);
    return taken;
  }
};

// A gzip file, of one member or several behind each other.
class Gunzip {
 public:
  explicit Gunzip(ByteSource input) : input_(std::move(input)), chunk_(kCompressedChunkBytes) {}
  ~Gunzip() {
    if (open_) inflateEnd(&stream_);
  }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  Result<size_t> read(char* buffer, size_t size) {
    stream_.next_out = reinterpret_cast<Bytef*>(buffer);
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(size, UINT32_MAX));
    const uInt wanted = stream_.avail_out;
    while (stream_.avail_out == wanted) {
      TRY(fill());
      if (starved_) return kNoBytesYet;
      if (stream_.avail_in == 0) {
        if (open_) return damaged("it ends early");
        return size_t{0};
      }
      TRY(begin_member());
      const int rc = inflate(&stream_, Z_NO_FLUSH);
      if (rc == Z_STREAM_END) {
        inflateEnd(&stream_);
        open_ = false;
      } else if (rc != Z_OK) {
        return damaged(stream_.msg != nullptr ? stream_.msg : "it cannot be read");
      }
    }
    return size_t{wanted - stream_.avail_out};
  }

 private:
  static Error damaged(std::string_view why) {
    return Error(ErrorCode::kBadCopyFormat, fmt::format("the gzip file is damaged: {}", why));
  }
  Result<void> fill() {
    if (stream_.avail_in > 0) return {};
    TRY_ASSIGN(const size_t got, input_(chunk_.data(), chunk_.size()));
    starved_ = got == kNoBytesYet;
    if (starved_) return {};
    stream_.next_in = reinterpret_cast<Bytef*>(chunk_.data());
    stream_.avail_in = static_cast<uInt>(got);
    return {};
  }
  Result<void> begin_member() {
    if (open_) return {};
    if (inflateInit2(&stream_, kGzipWindow) != Z_OK)
      return Error(ErrorCode::kOutOfMemory, "out of memory");
    open_ = true;
    return {};
  }

  ByteSource input_;
  std::vector<char> chunk_;
  z_stream stream_{};
  bool open_ = false;
  bool starved_ = false;
};

Result<std::string> read_head(const ByteSource& source) {
  std::string head;
  while (head.size() < kHeadBytes) {
    char buffer[kHeadBytes];
    TRY_ASSIGN(const size_t got, source(buffer, kHeadBytes - head.size()));
    if (got == 0 || got == kNoBytesYet) break;
    head.append(buffer, got);
  }
  TRY(check_head(head));
  return head;
}

ByteSource replayed(std::string head, ByteSource rest) {
  auto again = std::make_shared<Replayed>(Replayed{std::move(head), std::move(rest)});
  return [again](char* buffer, size_t size) { return again->read(buffer, size); };
}

}  // namespace

Result<bool> CopyInput::knows(std::string_view head, bool ended) {
  if (ended) return true;
  if (head.size() < kHeadBytes) return false;
  if (!head.starts_with(kGzip)) return true;
  size_t at = 0;
  Gunzip gunzip([&](char* buffer, size_t size) -> Result<size_t> {
    const size_t taken = std::min(size, head.size() - at);
    std::memcpy(buffer, head.data() + at, taken);
    at += taken;
    return taken == 0 ? kNoBytesYet : taken;
  });
  size_t plain = 0;
  while (plain < kHeadBytes) {
    char buffer[kHeadBytes];
    TRY_ASSIGN(const size_t got, gunzip.read(buffer, kHeadBytes - plain));
    if (got == kNoBytesYet) return false;
    plain += got;
  }
  return true;
}

Result<CopyInput> CopyInput::open(const ByteSource& source) {
  TRY_ASSIGN(std::string head, read_head(source));
  CopyInput input;
  input.compressed_ = head.starts_with(kGzip);
  input.plain_ = replayed(std::move(head), source);
  if (!input.compressed_) return input;
  const auto gunzip = std::make_shared<Gunzip>(std::move(input.plain_));
  const ByteSource plain = [gunzip](char* buffer, size_t size) {
    return gunzip->read(buffer, size);
  };
  TRY_ASSIGN(head, read_head(plain));
  if (head.starts_with(kGzip)) return not_text({{}, "compressed with gzip twice", "zcat FILE"});
  input.plain_ = replayed(std::move(head), plain);
  return input;
}

}  // namespace rowan::exec
