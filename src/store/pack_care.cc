// Pack care: merges the smallest packs by copying their entries as they are stored. Only at the
// seams, where a node's newest version in one pack meets its versions in another, deltas are made.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/limits.h"
#include "store/file_system.h"
#include "store/oid_positions.h"
#include "store/pack_delta.h"
#include "store/pack_file.h"
#include "store/pack_links.h"
#include "store/pack_output.h"
#include "store/pack_set.h"

namespace rowan::store {

namespace {

namespace fs = std::filesystem;

constexpr int kRebuildLevel = 1;

// The packs to merge: the smallest ones, up to the largest that is not twice the sum of those below
// it. What lies above already is, so the result fits in.
std::vector<PackSet::PackInfo> choose_packs(const PackSet& packs, const fs::path& pack_folder,
                                            FileSystem& files, uint64_t objects_max) {
  std::vector<PackSet::PackInfo> chosen;
  for (PackSet::PackInfo& info : packs.packs()) {
    if (info.kept || info.stem.parent_path() != pack_folder) continue;
    // Git gives these packs a meaning that a merged one would lose.
    if (files.exists(info.stem.string() + ".promisor") ||
        files.exists(info.stem.string() + ".mtimes"))
      continue;
    chosen.push_back(std::move(info));
  }
  std::sort(chosen.begin(), chosen.end(),
            [](const auto& a, const auto& b) { return a.bytes < b.bytes; });
  size_t merge = 0;
  uint64_t sum = 0;
  for (size_t i = 0; i < chosen.size(); ++i) {
    if (i > 0 && chosen[i].bytes < 2 * sum) merge = i + 1;
    sum += chosen[i].bytes;
  }
  if (chosen.size() - merge + 1 >= kPacksMax) merge = chosen.size() - kPacksMax + 2;
  // Packs that are large enough stay as they are, however many they become.
  uint64_t objects = 0;
  for (size_t i = 0; i < merge; ++i) {
    objects += chosen[i].objects;
    if (objects > objects_max) merge = i;
  }
  chosen.resize(merge);
  return chosen;
}

// An object that moves: the one copy of it that is taken. There may be millions.
struct Moving {
  enum class State : uint8_t { kWaiting, kOpen, kWritten };
  uint32_t entry;  // Of its old pack: the how manieth in the file.
  uint16_t pack;   // In the merger's list.
  State state = State::kWaiting;
  uint8_t depth = 0;  // Links to a whole object, in the new pack.
  uint64_t new_offset = 0;
};
static_assert(sizeof(Moving) == 16 && kDeltaChainMax < UINT8_MAX);

class Merger {
 public:
  Merger(const PackSet& packs, size_t objects_max)
      : packs_(packs),
        deflater_(kRebuildLevel),
        links_(packs, [this](const Oid& id) { return home_of(id); }),
        number_(objects_max) {
    moving_.reserve(objects_max);
  }

  // The newest pack first. Each must outlive the merger.
  Result<void> take(const PackFile* pack);
  Result<WrittenPack> write(const fs::path& pack_folder, FileSystem& files);

 private:
  struct OldPack {
    const PackFile* file;  // Borrowed.
    std::vector<std::pair<uint64_t, uint32_t>> entries;  // (offset, position in the index), sorted.
  };

  const OldPack& pack_of(const Moving& moving) const { return packs_of_moving_[moving.pack]; }
  const PackFile& file_of(const Moving& moving) const { return *pack_of(moving).file; }
  uint64_t offset_of(const Moving& moving) const {
    return pack_of(moving).entries[moving.entry].first;
  }
  uint64_t end_of(const Moving& moving) const {  // Where the next entry begins.
    const OldPack& pack = pack_of(moving);
    return moving.entry + 1 < pack.entries.size() ? pack.entries[moving.entry + 1].first
                                                  : pack.file->entries_end();
  }
  uint32_t position_of(const Moving& moving) const {  // In its old pack's index.
    return pack_of(moving).entries[moving.entry].second;
  }
  Oid id_of(const Moving& moving) const { return file_of(moving).id_at(position_of(moving)); }

  std::optional<size_t> number_of(const Oid& id) const {
    return number_.find(id, [this](size_t number) { return id_of(moving_[number]); });
  }
  const void* home_of(const Oid& id) const;
  Result<void> find_links();
  Result<std::optional<size_t>> base_of(const Moving& moving, const PackEntry& entry) const;
  Result<void> write_with_bases(size_t number, PackOutput& output);
  Result<void> write_one(Moving& moving, const PackEntry& entry, std::optional<size_t> base,
                         PackOutput& output);
  Result<bool> write_new_delta(Moving& moving, const Moving& base, PackOutput& output);
  Result<ObjectRef> read(const Moving& moving) const;

  const PackSet& packs_;
  Deflater deflater_;
  DeltaMaker deltas_;
  VersionLinks links_;
  std::vector<Moving> moving_;
  OidPositions number_;  // In moving_.
  std::vector<OldPack> packs_of_moving_;
};

Result<void> Merger::take(const PackFile* pack) {
  const auto number = static_cast<uint16_t>(packs_of_moving_.size());
  auto& entries = packs_of_moving_.emplace_back(OldPack{pack, {}}).entries;
  entries.reserve(pack->count());
  for (uint64_t i = 0; i < pack->count(); ++i) {
    TRY_ASSIGN(const uint64_t offset, pack->offset_at(i));
    entries.emplace_back(offset, static_cast<uint32_t>(i));
  }
  std::sort(entries.begin(), entries.end());
  for (uint32_t i = 0; i < entries.size(); ++i) {
    const Moving moving{i, number};
    const uint64_t offset = entries[i].first;
    if (end_of(moving) == offset)
      return pack->corrupt(offset, "has an index with two objects at one place");
    // A newer pack may have had it.
    const bool is_new = number_.insert(id_of(moving), moving_.size(),
                                       [this](size_t other) { return id_of(moving_[other]); });
    if (is_new) moving_.push_back(moving);
  }
  return {};
}

const void* Merger::home_of(const Oid& id) const {
  const auto found = number_of(id);
  return found ? &file_of(moving_[*found]) : nullptr;
}

Result<void> Merger::find_links() {
  std::vector<Oid> commits;
  for (const Moving& moving : moving_) {
    TRY_ASSIGN(const auto entry, file_of(moving).entry_at(offset_of(moving)));
    const bool is_whole = entry.form == PackEntry::Form::kWhole;
    if (is_whole && entry.type == ObjectType::kCommit) commits.push_back(id_of(moving));
  }
  return links_.find(commits);
}

// The moving object that an entry is made from, or, for a whole object, could be: its newer version
// in another pack. Nothing when there is none or the base stays elsewhere.
Result<std::optional<size_t>> Merger::base_of(const Moving& moving, const PackEntry& entry) const {
  Oid base_id = entry.base_id;
  if (entry.form == PackEntry::Form::kWhole) {
    const Oid* const newer = links_.newer(id_of(moving));
    if (newer == nullptr || home_of(*newer) == &file_of(moving)) return std::optional<size_t>();
    base_id = *newer;
  } else if (entry.form == PackEntry::Form::kOffsetDelta) {
    const auto& entries = pack_of(moving).entries;
    const auto at =
        std::lower_bound(entries.begin(), entries.end(), std::pair(entry.base_offset, uint32_t{0}));
    if (at == entries.end() || at->first != entry.base_offset) {
      return file_of(moving).corrupt(entry.offset, "has a delta without a base");
    }
    base_id = file_of(moving).id_at(at->second);
  }
  return number_of(base_id);
}

Result<WrittenPack> Merger::write(const fs::path& pack_folder, FileSystem& files) {
  TRY(find_links());
  TRY_ASSIGN(
      auto output,
      PackOutput::open(pack_folder, {.files = &files, .keep = false, .count = moving_.size()}));
  for (size_t i = 0; i < moving_.size(); ++i) {
    if (moving_[i].state == Moving::State::kWaiting) TRY(write_with_bases(i, *output));
  }
  return output->finish();
}

// Bases first. The copies come from several packs, so their deltas may form a ring or a long chain:
// where one would close or pass the limit, the object is written whole.
Result<void> Merger::write_with_bases(size_t number, PackOutput& output) {
  struct Step {
    size_t number;
    PackEntry entry;
    std::optional<size_t> base;
  };
  std::vector<Step> steps;
  for (std::optional<size_t> next = number;
       next && moving_[*next].state == Moving::State::kWaiting;) {
    Moving& moving = moving_[*next];
    TRY_ASSIGN(const auto entry, file_of(moving).entry_at(offset_of(moving)));
    if (entry.data_offset >= end_of(moving))
      return file_of(moving).corrupt(offset_of(moving), "has an entry that is cut short");
    TRY_ASSIGN(const auto base, base_of(moving, entry));
    moving.state = Moving::State::kOpen;
    steps.push_back({*next, entry, base});
    next = base;
  }
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    Moving& moving = moving_[step->number];
    if (step->base && (moving_[*step->base].state != Moving::State::kWritten ||
                       moving_[*step->base].depth >= kDeltaChainMax)) {
      step->base.reset();
    }
    TRY(write_one(moving, step->entry, step->base, output));
    moving.state = Moving::State::kWritten;
  }
  return {};
}

Result<void> Merger::write_one(Moving& moving, const PackEntry& entry, std::optional<size_t> base,
                               PackOutput& output) {
  moving.new_offset = output.offset();
  const PackFile& file = file_of(moving);
  const Oid id = id_of(moving);
  if (crc32(file.raw(offset_of(moving), end_of(moving))) != file.crc_at(position_of(moving))) {
    return file.corrupt(offset_of(moving), "has an entry that does not match its checksum");
  }
  const Bytes data = file.raw(entry.data_offset, end_of(moving));
  if (entry.form == PackEntry::Form::kWhole) {
    if (base) {
      TRY_ASSIGN(const bool written, write_new_delta(moving, moving_[*base], output));
      if (written) return {};
    }
    return output.add(id, whole_entry_head(entry.type, entry.size), data);
  }
  if (base) {
    moving.depth = static_cast<uint8_t>(moving_[*base].depth + 1);
    return output.add(id,
                      delta_entry_head(entry.size, moving.new_offset - moving_[*base].new_offset),
                      data);
  }
  TRY_ASSIGN(const auto object, read(moving));
  std::string deflated;
  deflater_.append(object.bytes, deflated);
  return output.add(id, whole_entry_head(object.type, object.bytes.size()), deflated);
}

// False when a delta would not be worth it.
Result<bool> Merger::write_new_delta(Moving& moving, const Moving& base, PackOutput& output) {
  TRY_ASSIGN(const auto object, read(moving));
  TRY_ASSIGN(const auto newer, read(base));
  if (object.type != newer.type || object.bytes.size() < kDeltaObjectBytesMin) return false;
  const std::string& delta = deltas_.make(newer.bytes, object.bytes, object.bytes.size() / 2);
  if (delta.empty()) return false;
  std::string deflated;
  deflater_.append(delta, deflated);
  moving.depth = static_cast<uint8_t>(base.depth + 1);
  TRY(output.add(id_of(moving), delta_entry_head(delta.size(), moving.new_offset - base.new_offset),
                 deflated));
  return true;
}

// Checked: what is made anew must not carry damage into a good pack.
Result<ObjectRef> Merger::read(const Moving& moving) const {
  TRY_ASSIGN(auto object, packs_.find(id_of(moving), true));
  if (!object) return file_of(moving).corrupt(offset_of(moving), "has an object that cannot be found");
  return *std::move(object);
}

// The index goes first: without it stock git does not look for the pack, while an index without its
// pack would be tried. A crash in between leaves a file that nobody reads.
Result<void> remove_packs(const std::vector<PackSet::PackInfo>& old, const fs::path& kept,
                          FileSystem& files) {
  const auto remove = [&](const fs::path& file) -> Result<void> {
    auto removed = files.unlink(file);
    if (!removed && removed.error().code() == ErrorCode::kUndefinedFile)
      return {};  // Stock gc was faster.
    return removed;
  };
  // A multi-pack-index that names a pack which is gone makes git complain; git repack drops it for
  // the same reason.
  TRY(remove(kept.parent_path() / "multi-pack-index"));
  for (const PackSet::PackInfo& info : old) {
    if (info.stem == kept) continue;  // One pack held all the others.
    for (const char* extension : {".idx", ".pack", ".rev", ".bitmap"}) {
      TRY(remove(info.stem.string() + extension));
    }
  }
  return {};
}

}  // namespace

Result<size_t> consolidate_packs(PackSet& packs, const fs::path& pack_folder,
                                 FileSystem* files_or_null, uint64_t objects_max) {
  FileSystem& files = files_or_null != nullptr ? *files_or_null : real_file_system();
  TRY(packs.refresh());
  const std::vector<PackSet::PackInfo> chosen = choose_packs(packs, pack_folder, files, objects_max);
  if (chosen.size() < 2) return size_t{0};

  std::vector<std::shared_ptr<const PackFile>> opened;
  size_t count_max = 0;
  for (const PackSet::PackInfo& info : chosen) {
    auto pack = PackFile::open(info.stem);
    // Stock gc is at work: not now.
    if (!pack && pack.error().code() == ErrorCode::kUndefinedFile) return size_t{0};
    if (!pack) return std::move(pack).error();
    count_max += (*pack)->count();
    opened.push_back(std::move(*pack));
  }
  std::sort(opened.begin(), opened.end(),
            [](const auto& a, const auto& b) { return a->time_ns() > b->time_ns(); });
  Merger merger(packs, count_max);
  for (const auto& pack : opened) TRY(merger.take(pack.get()));
  TRY_ASSIGN(const WrittenPack written, merger.write(pack_folder, files));
  packs.add_pack(written.stem);
  TRY(remove_packs(chosen, written.stem, files));
  TRY(packs.refresh());
  return chosen.size();
}

}  // namespace rowan::store
