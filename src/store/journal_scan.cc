#include "store/journal_scan.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/limits.h"
#include "store/journal_head.h"
#include "store/layout.h"
#include "store/ref_files.h"

namespace rowan::store {

namespace {

constexpr uint64_t kJournalFileBytesMax = 1ULL << 28;
constexpr size_t kScannedFilesMax = 4 * kJournalFilesMax;
constexpr uint64_t kEpochsMax =
    1ULL << 40;  // Epochs a store uses in its life: far more than any disk survives.

// A good record that no unbroken chain leads to.
struct Stray {
  uint64_t offset;
  uint64_t sequence;
  uint64_t durable;
};

// One file that holds, or may hold, records after the published ones.
struct LiveFile {
  size_t index = 0;  // Into JournalScan::files.
  std::shared_ptr<char[]> bytes;
  uint64_t size = 0;
  uint64_t epoch = 0;
  std::vector<std::pair<uint64_t, RecordHead>>
      chain;                  // Offset and head of each record from the file's start.
  uint64_t end = 0;           // Where the chain stops.
  std::vector<Stray> strays;  // Of the same epoch, behind `end`.

  Bytes from(uint64_t offset) const { return {bytes.get() + offset, size - offset}; }
};

class Scanner {
 public:
  Scanner(FileSystem& files, const std::filesystem::path& folder, const StoreState& state)
      : files_(files), folder_(folder), state_(state) {}

  Result<JournalScan> run() {
    scan_.last_sequence = state_.published;
    TRY(list_files());
    TRY(check_entered());
    if (state_.clean) {
      TRY(check_unused());
      return std::move(scan_);
    }
    for (size_t i = 0; i < scan_.files.size(); ++i) TRY(read_file(i));
    std::sort(live_.begin(), live_.end(),
              [](const LiveFile& a, const LiveFile& b) { return a.epoch < b.epoch; });
    TRY(join());
    return std::move(scan_);
  }

 private:
  std::filesystem::path path_of(uint32_t number) const {
    std::string name = std::to_string(number);
    name.insert(0, name.size() < 4 ? 4 - name.size() : 0, '0');
    return folder_ / name;
  }

  Error lost(const std::string& what) const {
    return lost_journal(folder_.parent_path().parent_path(), what);
  }
  std::string named(uint32_t number) const {
    return "journal file \"" + path_of(number).string() + "\"";
  }
  Error damage(const LiveFile& file, uint64_t offset) const {
    return lost(named(scan_.files[file.index].number) + " is damaged at offset " +
                std::to_string(offset));
  }

  Result<void> list_files() {
    TRY_ASSIGN(const auto names, files_.list(folder_));
    for (const std::string& name : names) {
      ScannedFile file;
      const auto read = std::from_chars(name.data(), name.data() + name.size(), file.number);
      if (read.ec != std::errc() || read.ptr != name.data() + name.size() || file.number == 0)
        continue;
      if (scan_.files.size() == kScannedFilesMax)
        return lost("\"" + folder_.string() + "\" has more files than a journal can have");
      TRY(examine(file));
      scan_.files.push_back(file);
    }
    return {};
  }

  // Its size, its head, and what its first record says.
  Result<void> examine(ScannedFile& file) {
    TRY_ASSIGN(const auto open, files_.open(path_of(file.number), OpenMode::kRead));
    TRY_ASSIGN(file.bytes, open->size());
    if (file.bytes > kJournalFileBytesMax) return lost(named(file.number) + " is too large");
    char bytes[kRecordHeadBytes];
    static_assert(sizeof bytes >= kJournalHeadUsedBytes);
    TRY_ASSIGN(size_t got, open->read(bytes, sizeof bytes, 0));
    const auto head = read_journal_head(Bytes(bytes, got));
    if (head) file.begin = kJournalHeadBytes;
    if (head && head->key == state_.key && head->number == file.number) file.id = head->id;
    if (head) {
      TRY_ASSIGN(got, open->read(bytes, sizeof bytes, file.begin));
    }
    file.first_epoch = read_record_epoch(Bytes(bytes, got));
    return {};
  }

  // A file that holds, or held, transactions does not vanish by itself: what the state enters is
  // there, or something was lost.
  Result<void> check_entered() const {
    for (const EnteredFile& entered : state_.files) {
      const auto at =
          std::find_if(scan_.files.begin(), scan_.files.end(),
                       [&](const ScannedFile& file) { return file.number == entered.number; });
      if (at == scan_.files.end()) return lost(named(entered.number) + " is missing");
      if (at->bytes < entered.bytes) {
        return lost(named(entered.number) + " was cut short: " + std::to_string(at->bytes) +
                    " of " + std::to_string(entered.bytes) + " bytes are left");
      }
      if (at->id != entered.id)
        return lost(named(entered.number) + " does not begin with its head: it was overwritten, "
                                            "or another file is in its place");
    }
    return {};
  }

  // Requires: the state says that nothing is in the journal. Then no file was used since.
  Result<void> check_unused() const {
    for (const ScannedFile& file : scan_.files) {
      if (file.first_epoch && is_live_epoch(*file.first_epoch)) {
        return lost(named(file.number) + " is newer than \"" +
                    (folder_.parent_path() / "state").string() +
                    "\", which says that nothing is in it");
      }
    }
    return {};
  }

  bool is_own_epoch(uint64_t epoch) const { return epoch - state_.key < kEpochsMax; }
  bool is_live_epoch(uint64_t epoch) const {
    return is_own_epoch(epoch) && epoch >= state_.live_epoch;
  }

  Result<void> read_file(size_t index) {
    LiveFile file;
    file.index = index;
    file.size = scan_.files[index].bytes;
    const ScannedFile& seen = scan_.files[index];
    if (file.size < seen.begin + kRecordHeadBytes) return {};
    // A file whose first record is an old one was not used since the last checkpoint.
    const auto epoch = seen.first_epoch;
    if (epoch && is_own_epoch(*epoch) && *epoch < state_.live_epoch) {
      scan_.epoch_max = std::max(scan_.epoch_max, *epoch);
      return {};
    }
    file.end = seen.begin;
    TRY_ASSIGN(const auto open, files_.open(path_of(seen.number), OpenMode::kRead));
    file.bytes = std::make_unique_for_overwrite<char[]>(file.size);
    TRY_ASSIGN(file.size, open->read(file.bytes.get(), file.size, 0));
    read_chain(file);
    read_strays(file);
    if (file.epoch != 0) live_.push_back(std::move(file));
    return {};
  }

  void read_chain(LiveFile& file) {
    while (true) {
      const Bytes rest = file.from(file.end);
      const auto head = read_record_head(rest);
      if (!head || !is_live_epoch(head->epoch) || !is_record_whole(rest, *head)) return;
      if (!file.chain.empty()) {
        const RecordHead& before = file.chain.back().second;
        if (head->epoch != before.epoch || head->sequence != before.sequence + 1) return;
      }
      file.epoch = head->epoch;
      scan_.epoch_max = std::max(scan_.epoch_max, head->epoch);
      file.chain.emplace_back(file.end, *head);
      file.end += head->length;
    }
  }

  // Records begin at multiples of eight bytes. Epochs count up from a random key, so bytes within
  // an object cannot be made to look like a record by somebody who does not know it.
  void read_strays(LiveFile& file) {
    for (uint64_t at = file.end; at + kRecordHeadBytes <= file.size;) {
      uint32_t magic;
      std::memcpy(&magic, file.bytes.get() + at, sizeof magic);
      if (magic == kRecordMagic) {
        const Bytes rest = file.from(at);
        const auto head = read_record_head(rest);
        const bool is_ours =
            head && is_live_epoch(head->epoch) && (file.epoch == 0 || head->epoch >= file.epoch);
        if (is_ours && is_record_whole(rest, *head)) {
          if (file.epoch == 0) file.epoch = head->epoch;
          scan_.epoch_max = std::max(scan_.epoch_max, head->epoch);
          file.strays.push_back({at, head->sequence, head->durable});
          at += head->length;
          continue;
        }
      }
      at += 8;
    }
  }

  Result<void> join() {
    uint64_t next = state_.published + 1;
    for (size_t i = 0; i < live_.size(); ++i) {
      LiveFile& file = live_[i];
      ScannedFile& seen = scan_.files[file.index];
      seen.epoch = file.epoch;
      if (!file.chain.empty()) {
        seen.first_sequence = file.chain.front().second.sequence;
        seen.last_sequence = file.chain.back().second.sequence;
        if (seen.first_sequence > next)
          return damage(i == 0 ? file : live_[i - 1], i == 0 ? seen.begin : live_[i - 1].end);
        TRY(take_records(file, next));
      }
      // A later file was only written once everything before it was durable (journal.cc syncs a
      // file before it goes on to the next): if one goes on exactly here, what follows here is a
      // tail that was given up.
      bool goes_on = false;
      bool later = false;
      bool stray_proof = false;
      for (size_t j = i; j < live_.size(); ++j) {
        const LiveFile& other = live_[j];
        if (j > i && !other.chain.empty()) {
          goes_on = goes_on || other.chain.front().second.sequence == next;
          later = later || other.chain.back().second.sequence >= next;
        }
        for (const Stray& stray : other.strays) {
          stray_proof = stray_proof || (stray.sequence > next && stray.durable >= next);
        }
      }
      if (!goes_on && (later || stray_proof)) return damage(file, file.end);
    }
    scan_.last_sequence = next - 1;
    return {};
  }

  Result<void> take_records(const LiveFile& file, uint64_t& next) {
    for (const auto& [offset, head] : file.chain) {
      if (head.sequence < next) continue;  // Published already.
      auto body = read_record_body(file.from(offset), head);
      if (!body) return damage(file, offset);
      for (const RecordObject& object : body->objects) {
        if (hash_object(object.type, object.bytes) != object.id) return damage(file, offset);
      }
      for (const RefUpdate& ref : body->refs) {
        if (!is_ref_path(ref.name)) return damage(file, offset);
      }
      scan_.records.push_back({head.sequence, std::move(*body), file.bytes});
      ++next;
    }
    return {};
  }

  FileSystem& files_;
  const std::filesystem::path& folder_;
  const StoreState& state_;
  JournalScan scan_;
  std::vector<LiveFile> live_;
};

}  // namespace

Result<JournalScan> scan_journal(FileSystem& files, const std::filesystem::path& folder,
                                 const StoreState& state) {
  return Scanner(files, folder, state).run();
}

}  // namespace rowan::store
