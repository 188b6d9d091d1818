// The set of packs and loose objects of a repository and its alternates.
#include "store/pack_set.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <tuple>
#include <utility>

#include "base/files.h"
#include "base/limits.h"
#include "git/trust.h"
#include "store/pack_delta.h"
#include "store/pack_file.h"

namespace rowan::store {

namespace {

namespace fs = std::filesystem;

constexpr size_t kChainLinksMax = 4096;  // Stock git makes up to 4095.
constexpr size_t kAlternatesMax = 64;
constexpr uint64_t kAlternatesBytesMax = 1u << 20;
constexpr int kAlternatesDepthMax = 5;  // Git's own limit.
constexpr size_t kPackFilesMax = 100'000;
constexpr size_t kLooseHeadBytesMax = 32;
constexpr std::string_view kIdxEnding = ".idx";
// A folder's time may stand still for a clock tick between two changes.
constexpr int64_t kSettledNs = 20'000'000;

using PackPointer = std::shared_ptr<const PackFile>;

// What a listing of the pack folders found. Fixed once made.
struct PackList {
  std::vector<PackPointer> packs;  // Newest first: that is where reads mostly end.
  std::vector<Error> damaged;      // Packs that could not be opened.
};

struct ObjectFolder {
  fs::path objects;
  int64_t time_ns = -1;  // Of <objects>/pack when it was listed last; -1: no folder.
  bool settled = false;  // Whether an equal time proves that nothing changed.
};

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int64_t folder_time_ns(const fs::path& folder) {
  struct stat info {};
  if (lstat(folder.c_str(), &info) != 0) return -1;
  return info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
}

fs::path loose_file(const fs::path& objects, const Oid& id) {
  const std::string hex = id.hex();
  return objects / hex.substr(0, 2) / hex.substr(2);
}

std::shared_ptr<char[]> new_buffer(size_t size) {
  return std::make_shared_for_overwrite<char[]>(std::max<size_t>(size, 1));
}

struct Buffer {
  std::shared_ptr<char[]> data;
  size_t size = 0;
  Bytes bytes() const { return {data.get(), size}; }
};

class PackSetImpl final : public PackSet {
 public:
  explicit PackSetImpl(std::vector<ObjectFolder> folders)
      : folders_(std::move(folders)), list_(std::make_shared<const PackList>()) {}

  Result<std::optional<ObjectRef>> find(const Oid& id, bool verify) const override {
    TRY_ASSIGN(auto found, find_once(*list(), id));
    if (!found) {
      if (list_again_if_changed()) {
        TRY_ASSIGN(found, find_once(*list(), id));
      }
      if (!found) {
        // The object may be in a pack that could not be read: then it is not known to be missing.
        const auto packs = list();
        if (!packs->damaged.empty()) return Error(packs->damaged.front());
        return std::optional<ObjectRef>();
      }
    }
    if (verify && hash_object(found->type, found->bytes) != id) {
      return Error(ErrorCode::kCorruption, "object " + id.hex() + " does not match its id")
          .with_detail("Under \"" + folders_.front().objects.string() + "\".");
    }
    return found;
  }

  bool contains(const Oid& id) const override {
    if (contains_once(*list(), id)) return true;
    return list_again_if_changed() && contains_once(*list(), id);
  }

  std::vector<Oid> find_prefix(std::string_view hex, size_t limit) const override;

  Result<void> refresh() override {
    list_folders();
    return {};
  }

  void add_pack(const fs::path& stem) override {
    auto opened = PackFile::open(stem);
    if (!opened) return;  // The next miss lists the folder and tells what is wrong.
    const std::unique_lock guard(mutex_);
    auto next = std::make_shared<PackList>(*list_);
    std::erase_if(next->packs, [&](const PackPointer& pack) { return pack->stem() == stem; });
    next->packs.insert(next->packs.begin(), *opened);
    list_ = std::move(next);
  }

  std::vector<PackInfo> packs() const override {
    std::vector<PackInfo> infos;
    const auto now = list();  // Held: another thread may put a new list in its place.
    for (const PackPointer& pack : now->packs) {
      const bool kept = has_entry(pack->stem().string() + ".keep");
      infos.push_back({pack->stem(), pack->count(), pack->bytes(), kept});
    }
    return infos;
  }

  Result<std::vector<Oid>> ids_of(const fs::path& stem) const override {
    const auto now = list();
    for (const PackPointer& pack : now->packs) {
      if (pack->stem() != stem) continue;
      std::vector<Oid> ids;
      ids.reserve(pack->count());
      for (uint64_t i = 0; i < pack->count(); ++i) ids.push_back(pack->id_at(i));
      return ids;
    }
    return Error(ErrorCode::kUndefinedFile, "pack \"" + stem.string() + ".pack\" is not open");
  }

 private:
  using ListPointer = std::shared_ptr<const PackList>;

  ListPointer list() const {
    const std::shared_lock guard(mutex_);
    return list_;
  }

  Result<std::optional<ObjectRef>> find_once(const PackList& list, const Oid& id) const;
  bool contains_once(const PackList& list, const Oid& id) const;
  Result<ObjectRef> read_packed(const PackList& list, PackPointer pack, uint64_t offset) const;
  Result<std::optional<ObjectRef>> read_loose(const Oid& id) const;
  bool list_again_if_changed() const;
  void list_folders() const;

  mutable std::shared_mutex mutex_;      // Guards list_ and the changing members of folders_.
  mutable std::mutex listing_;           // One lister at a time; taken before mutex_.
  mutable std::vector<ObjectFolder> folders_;  // Our own first, then alternates.
  mutable ListPointer list_;
  mutable std::atomic<const PackFile*> last_hit_ = nullptr;  // Only compared, never followed.
};

Result<std::optional<ObjectRef>> PackSetImpl::find_once(const PackList& list, const Oid& id) const {
  std::optional<Error> damage;
  const auto try_pack = [&](const PackPointer& pack) -> Result<std::optional<ObjectRef>> {
    const auto position = pack->find(id);
    if (!position) return std::optional<ObjectRef>();
    auto offset = pack->offset_at(*position);
    if (!offset) {
      damage = std::move(offset).error();
      return std::optional<ObjectRef>();
    }
    auto object = read_packed(list, pack, *offset);
    if (object) {
      last_hit_.store(pack.get(), std::memory_order_relaxed);
      return std::optional<ObjectRef>(std::move(*object));
    }
    if (object.error().code() != ErrorCode::kCorruption) return std::move(object).error();
    damage = std::move(object).error();  // Another pack may hold a good copy.
    return std::optional<ObjectRef>();
  };

  const PackFile* const last = last_hit_.load(std::memory_order_relaxed);
  for (const PackPointer& pack : list.packs) {
    if (pack.get() != last) continue;
    TRY_ASSIGN(auto object, try_pack(pack));
    if (object) return object;
    break;
  }
  for (const PackPointer& pack : list.packs) {
    if (pack.get() == last) continue;
    TRY_ASSIGN(auto object, try_pack(pack));
    if (object) return object;
  }
  auto loose = read_loose(id);
  if (loose && !*loose && damage) return *std::move(damage);
  return loose;
}

bool PackSetImpl::contains_once(const PackList& list, const Oid& id) const {
  for (const PackPointer& pack : list.packs) {
    if (pack->find(id)) return true;
  }
  for (const ObjectFolder& folder : folders_) {
    if (has_entry(loose_file(folder.objects, id))) return true;
  }
  return false;
}

// Follows the deltas to a whole object, then applies them on the way back. Only their places are
// kept, so that a hostile chain costs no more memory than three objects.
Result<ObjectRef> PackSetImpl::read_packed(const PackList& list, PackPointer pack,
                                           uint64_t offset) const {
  struct Link {
    PackPointer pack;
    PackEntry entry;
  };
  std::vector<Link> links;
  Buffer object;
  ObjectType type = ObjectType::kBlob;
  for (;;) {
    TRY_ASSIGN(const auto entry, pack->entry_at(offset));
    if (entry.form == PackEntry::Form::kWhole) {
      object = {new_buffer(entry.size), entry.size};
      TRY(pack->inflate(entry, object.data.get()));
      type = entry.type;
      break;
    }
    if (links.size() >= kChainLinksMax)
      return pack->corrupt(offset, "has a delta chain without an end");
    links.push_back({pack, entry});
    if (entry.form == PackEntry::Form::kOffsetDelta) {
      offset = entry.base_offset;
      continue;
    }
    std::optional<uint64_t> position = pack->find(entry.base_id);
    for (size_t i = 0; !position && i < list.packs.size(); ++i) {
      position = list.packs[i]->find(entry.base_id);
      if (position) pack = list.packs[i];
    }
    if (position) {
      TRY_ASSIGN(offset, pack->offset_at(*position));
      continue;
    }
    TRY_ASSIGN(const auto loose, read_loose(entry.base_id));
    if (!loose) return pack->corrupt(offset, "has a delta without a base");
    object = {new_buffer(loose->bytes.size()), loose->bytes.size()};
    std::memcpy(object.data.get(), loose->bytes.data(), loose->bytes.size());
    type = loose->type;
    break;
  }

  std::shared_ptr<char[]> delta;
  size_t delta_room = 0;
  for (; !links.empty(); links.pop_back()) {
    const Link& link = links.back();
    if (link.entry.size > delta_room) {
      delta_room = link.entry.size;
      delta = new_buffer(delta_room);
    }
    TRY(link.pack->inflate(link.entry, delta.get()));
    const Bytes delta_bytes(delta.get(), link.entry.size);
    const auto sizes = read_delta_sizes(delta_bytes);
    if (!sizes || sizes->base != object.size)
      return link.pack->corrupt(link.entry.offset, "has a damaged delta");
    if (sizes->result > kObjectBytesMax) {
      return Error(ErrorCode::kProgramLimit,
                   "an object of " + std::to_string(sizes->result) + " bytes is too large")
          .with_detail("Pack \"" + link.pack->stem().string() + ".pack\".");
    }
    Buffer result{new_buffer(sizes->result), sizes->result};
    if (!apply_delta(object.bytes(), delta_bytes, result.data.get(), result.size)) {
      return link.pack->corrupt(link.entry.offset, "has a damaged delta");
    }
    object = std::move(result);
  }
  const Bytes bytes = object.bytes();
  return ObjectRef{type, bytes, std::move(object.data)};
}

// "<type> <size>\0<bytes>", deflated.
Result<std::optional<ObjectRef>> PackSetImpl::read_loose(const Oid& id) const {
  for (const ObjectFolder& folder : folders_) {
    const fs::path file = loose_file(folder.objects, id);
    auto mapped = MappedFile::open(file);
    if (!mapped) {
      if (mapped.error().code() == ErrorCode::kUndefinedFile) continue;
      return std::move(mapped).error();
    }
    const auto damaged = [&] {
      return Error(ErrorCode::kCorruption, "loose object \"" + file.string() + "\" is damaged");
    };
    bool too_long = false;
    auto inflated =
        inflate_unknown(mapped->bytes(), kObjectBytesMax + kLooseHeadBytesMax, too_long);
    if (too_long)
      return Error(ErrorCode::kProgramLimit, "loose object \"" + file.string() + "\" is too large");
    if (!inflated) return damaged();
    const size_t head = inflated->find('\0');
    const size_t space = inflated->find(' ');
    if (head == std::string::npos || head > kLooseHeadBytesMax || space >= head) return damaged();
    auto owner = std::make_shared<const std::string>(std::move(*inflated));
    const Bytes bytes = Bytes(*owner).substr(head + 1);
    uint64_t size = 0;
    const auto [end, error] =
        std::from_chars(owner->data() + space + 1, owner->data() + head, size);
    if (error != std::errc() || end != owner->data() + head || size != bytes.size())
      return damaged();
    for (const auto type :
         {ObjectType::kCommit, ObjectType::kTree, ObjectType::kBlob, ObjectType::kTag}) {
      if (Bytes(*owner).substr(0, space) != type_word(type)) continue;
      return std::optional<ObjectRef>(ObjectRef{type, bytes, std::move(owner)});
    }
    return damaged();
  }
  return std::optional<ObjectRef>();
}

std::vector<Oid> PackSetImpl::find_prefix(std::string_view hex, size_t limit) const {
  if (hex.size() < 4 || hex.size() > Oid::kHexDigits) return {};
  const auto low = Oid::parse(std::string(hex) + std::string(Oid::kHexDigits - hex.size(), '0'));
  const auto high = Oid::parse(std::string(hex) + std::string(Oid::kHexDigits - hex.size(), 'f'));
  if (!low || !high) return {};
  list_again_if_changed();

  std::set<Oid> found;
  const auto now = list();
  for (const PackPointer& pack : now->packs) {
    const auto [first, last] = pack->range(*low, *high);
    for (uint64_t i = first; i < last && i - first < limit; ++i) found.insert(pack->id_at(i));
  }
  const std::string two = low->hex().substr(0, 2);
  for (const ObjectFolder& folder : folders_) {
    const auto names = list_folder(folder.objects / two);
    if (!names) continue;
    for (const std::string& name : *names) {
      const auto id = Oid::parse(two + name);
      if (id && *id >= *low && *id <= *high) found.insert(*id);
    }
  }
  std::vector<Oid> ids(found.begin(), found.end());
  if (ids.size() > limit) ids.resize(limit);
  return ids;
}

// A miss costs one stat of each pack folder as long as nothing changed. True when the folders were
// listed again.
bool PackSetImpl::list_again_if_changed() const {
  bool changed = false;
  {
    const std::shared_lock guard(mutex_);
    for (const ObjectFolder& folder : folders_) {
      changed =
          changed || !folder.settled || folder_time_ns(folder.objects / "pack") != folder.time_ns;
    }
  }
  if (changed) list_folders();
  return changed;
}

void PackSetImpl::list_folders() const {
  const std::lock_guard one_lister(listing_);
  const ListPointer before = list();
  std::map<fs::path, PackPointer> open;
  for (const PackPointer& pack : before->packs) open.emplace(pack->stem(), pack);

  auto next = std::make_shared<PackList>();
  std::vector<std::pair<int64_t, bool>> times;
  for (const ObjectFolder& folder : folders_) {
    const fs::path packs = folder.objects / "pack";
    const int64_t time =
        folder_time_ns(packs);  // Before listing: a change during it is seen next time.
    times.emplace_back(time, now_ns() - time > kSettledNs);
    const auto names = list_folder(packs);
    if (!names) {
      if (names.error().code() == ErrorCode::kCorruption) next->damaged.push_back(names.error());
      continue;
    }
    for (const std::string& name : *names) {
      if (!name.ends_with(kIdxEnding) || next->packs.size() >= kPackFilesMax) continue;
      const fs::path stem = packs / name.substr(0, name.size() - kIdxEnding.size());
      if (const auto known = open.find(stem); known != open.end()) {
        next->packs.push_back(known->second);
        continue;
      }
      auto opened = PackFile::open(stem);
      if (opened) {
        next->packs.push_back(std::move(*opened));
      } else if (opened.error().code() !=
                 ErrorCode::kUndefinedFile) {  // Gone meanwhile is no damage.
        next->damaged.push_back(std::move(opened).error());
      }
    }
  }
  std::stable_sort(
      next->packs.begin(), next->packs.end(),
      [](const PackPointer& a, const PackPointer& b) { return a->time_ns() > b->time_ns(); });

  const std::unique_lock guard(mutex_);
  // Packs that add_pack() brought while we listed stay.
  for (const PackPointer& pack : list_->packs) {
    const bool is_new = !open.contains(pack->stem());
    const auto same = [&](const PackPointer& other) { return other->stem() == pack->stem(); };
    if (is_new && std::none_of(next->packs.begin(), next->packs.end(), same)) {
      next->packs.insert(next->packs.begin(), pack);
    }
  }
  for (size_t i = 0; i < folders_.size(); ++i)
    std::tie(folders_[i].time_ns, folders_[i].settled) = times[i];
  list_ = std::move(next);
}

// Whether a folder lies in the repository whose objects are in `own`.
bool is_inside(const fs::path& folder, const fs::path& own) {
  std::error_code failed;
  const fs::path repository = fs::canonical(own, failed).parent_path();
  return !failed && folder.string().starts_with(repository.string() + "/");
}

// info/alternates: one objects folder a line, relative ones from the objects folder that names
// them. Outside of the repository they are the user's to allow: whoever made the repository could
// name any of his.
Result<void> gather_folders(const fs::path& objects, const fs::path& own, int depth,
                            std::vector<ObjectFolder>& folders) {
  const auto same = [&](const ObjectFolder& folder) { return folder.objects == objects; };
  if (folders.size() > kAlternatesMax || std::any_of(folders.begin(), folders.end(), same))
    return {};
  folders.push_back({objects});
  const auto list = read_whole_file(objects / "info" / "alternates", kAlternatesBytesMax);
  if (!list && list.error().code() != ErrorCode::kUndefinedFile) return list.error();
  if (!list || depth >= kAlternatesDepthMax) return {};
  Bytes text = *list;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const Bytes line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    std::error_code error;
    const fs::path folder = fs::weakly_canonical(objects / fs::path(line), error);
    if (error) continue;
    if (!is_inside(folder, own) && !git::may_lend_objects(folder)) {
      return Error(ErrorCode::kInsufficientPrivilege,
                   "the repository borrows objects from \"" + folder.string() +
                       "\", which lies outside of it")
          .with_detail("Named in \"" + (objects / "info" / "alternates").string() + "\".")
          .with_hint("To allow it: git config --global --add rowan.alternates \"" +
                     folder.string() +
                     "\", or name the folder in ROWAN_ALTERNATES. To do without: git repack -a -d "
                     "in the repository, and remove the file.");
    }
    TRY(gather_folders(folder, own, depth + 1, folders));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<PackSet>> PackSet::open(const fs::path& objects_folder,
                                               const fs::path& another) {
  if (!is_folder(objects_folder)) {
    return Error(ErrorCode::kNotARepository,
                 "folder \"" + objects_folder.string() + "\" is not a Git object folder");
  }
  std::vector<ObjectFolder> folders;
  TRY(gather_folders(objects_folder, objects_folder, 0, folders));
  if (!another.empty()) TRY(gather_folders(another, objects_folder, 0, folders));
  auto made = std::make_unique<PackSetImpl>(std::move(folders));
  TRY(made->refresh());
  return std::unique_ptr<PackSet>(std::move(made));
}

}  // namespace rowan::store
