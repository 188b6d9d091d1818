// Recovery's scan over arbitrary journal files: what it gives back is whole and consecutive, and a
// record that was written is read as it was. Input: a byte says how: 0 the bytes are a file as they
// stand; 1 they are the body of a record with a right head; 2 they are cut into records, written
// properly, and one byte of the file is then changed.
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "fuzz_input.h"
#include "store/journal_scan.h"

namespace {

using namespace rowan;
using namespace rowan::store;
using fuzz::require;

constexpr uint64_t kKey = 1000;  // The store's epochs begin here.

class ReadOnlyFile final : public File {
 public:
  explicit ReadOnlyFile(const std::string& bytes) : bytes_(bytes) {}
  Result<size_t> read(char* to, size_t bytes_max, uint64_t offset) const override {
    const Bytes part = offset < bytes_.size() ? Bytes(bytes_).substr(offset, bytes_max) : Bytes();
    std::memcpy(to, part.data() == nullptr ? "" : part.data(), part.size());
    return part.size();
  }
  Result<void> write(Bytes, uint64_t) override { return refused(); }
  Result<void> sync() override { return refused(); }
  Result<void> truncate(uint64_t) override { return refused(); }
  Result<void> allocate(uint64_t) override { return refused(); }
  Result<uint64_t> size() const override { return bytes_.size(); }
  static Error refused() { return Error(ErrorCode::kIoError, "read only"); }

 private:
  const std::string& bytes_;
};

// A folder with the journal files 0001, 0002 …
class ReadOnlyFiles final : public FileSystem {
 public:
  explicit ReadOnlyFiles(std::vector<std::string> files) : files_(std::move(files)) {}
  Result<std::unique_ptr<File>> open(const std::filesystem::path& path, OpenMode) override {
    return std::unique_ptr<File>(
        std::make_unique<ReadOnlyFile>(files_[std::stoul(path.filename().string()) - 1]));
  }
  Result<std::vector<std::string>> list(const std::filesystem::path&) override {
    std::vector<std::string> names;
    for (size_t i = 1; i <= files_.size(); ++i) {
      names.push_back("000" + std::to_string(i));
    }
    return names;
  }
  Result<void> rename(const std::filesystem::path&, const std::filesystem::path&) override {
    return ReadOnlyFile::refused();
  }
  Result<void> unlink(const std::filesystem::path&) override { return ReadOnlyFile::refused(); }
  Result<void> make_folder(const std::filesystem::path&) override {
    return ReadOnlyFile::refused();
  }
  Result<void> remove_folder(const std::filesystem::path&) override {
    return ReadOnlyFile::refused();
  }
  Result<void> sync_folder(const std::filesystem::path&) override {
    return ReadOnlyFile::refused();
  }
  bool exists(const std::filesystem::path&) override { return true; }

 private:
  std::vector<std::string> files_;
};

Result<JournalScan> scan(std::vector<std::string> files) {
  ReadOnlyFiles folder(std::move(files));
  StoreState state;
  state.key = kKey;
  state.live_epoch = kKey + 1;
  state.next_epoch = kKey + 9;
  state.clean = false;
  auto found = scan_journal(folder, "journal", state);
  if (found) {
    uint64_t sequence = 0;
    for (const ScannedRecord& record : found->records) {
      require(record.sequence == ++sequence, "records follow each other");
      for (const RecordObject& object : record.body.objects) {
        require(hash_object(object.type, object.bytes) == object.id, "objects match their ids");
      }
    }
    require(found->last_sequence == sequence, "the last sequence is that of the last record");
  }
  return found;
}

void scan_body(fuzz::Input input) {
  RecordHead head;
  head.objects = input.byte() % 8;
  head.refs = input.byte() % 8;
  std::string record(kRecordHeadBytes, '\0');
  record += input.rest();
  record.resize((record.size() + 7) / 8 * 8);
  head.length = record.size();
  head.epoch = kKey + 1;
  head.sequence = 1;
  head.body_crc = crc32(Bytes(record).substr(kRecordHeadBytes));
  write_record_head(record.data(), head);
  const auto body = read_record_body(record, head);
  require(!body || (body->objects.size() == head.objects && body->refs.size() == head.refs),
          "a body holds what its head says");
  (void)scan({record});
}

// Gives the file, and where each record begins.
std::pair<std::string, std::vector<size_t>> write_records(fuzz::Input& input) {
  class Nothing final : public ObjectReader {
    Result<ObjectRef> read(const Oid&) const override {
      return Error(ErrorCode::kCorruption, "nothing below");
    }
  } nothing;
  std::string file;
  std::vector<size_t> begins;
  for (uint64_t sequence = 1; sequence <= 4; ++sequence) {
    PendingObjects objects(nothing);
    std::vector<RefUpdate> refs;
    for (int i = input.byte() % 4; i > 0; --i) {
      objects.add(static_cast<ObjectType>(1 + input.byte() % 4),
                  std::string(input.take(input.byte())));
    }
    for (int i = input.byte() % 3; i > 0; --i) {
      refs.push_back({"refs/heads/" + to_hex(input.take(input.byte())), {}, {}});
    }
    std::string record;
    RecordHead head = encode_record(objects.entries(), refs, record);
    head.epoch = kKey + 1;
    head.sequence = sequence;
    head.durable = sequence - 1 - input.byte() % 2 % sequence;
    write_record_head(record.data(), head);
    begins.push_back(file.size());
    file += record;
  }
  return {std::move(file), std::move(begins)};
}

void scan_changed(fuzz::Input input) {
  const size_t place = input.number();
  const uint8_t change = input.byte();
  auto [file, begins] = write_records(input);
  const size_t at = place % file.size();
  const auto whole = scan({file});
  require(whole.has_value() && whole->records.size() == begins.size(),
          "every record that was written is read");
  std::string changed = file;
  changed[at] = static_cast<char>(changed[at] ^ change);
  const auto rest = scan({changed});
  if (rest && change != 0) {
    // No error: then a tail was cut off, never more than from the record that was changed.
    size_t before = 0;
    while (before + 1 < begins.size() && begins[before + 1] <= at) {
      ++before;
    }
    require(rest->records.size() == before,
            "the records before a changed one are kept, the changed one is not");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  switch (input.byte() % 3) {
    case 0: {
      const std::string_view first = input.take(input.number());
      (void)scan({std::string(first), std::string(input.rest())});
      break;
    }
    case 1:
      scan_body(input);
      break;
    default:
      scan_changed(input);
  }
  return 0;
}
