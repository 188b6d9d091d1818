// The history index. One record of the file, all numbers little-endian:
//
//   u32 length of the payload | u32 CRC-32 of the payload | payload:
//   20 bytes commit | i64 effective time | u8 parents | 20 bytes each | u16 changes | u32 each
//
// The number of changes is 0xfffe for many, and 0xffff where they are not known: of a commit that
// was read from its object.
#include "derived/history_index.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/caught.h"
#include "base/files.h"
#include "base/hash.h"
#include "git/commit.h"

namespace rowan::derived {

namespace {

constexpr std::string_view kMagic = "rowan history 1\n";
constexpr uint16_t kMany = 0xfffe;
constexpr uint16_t kUnknown = 0xffff;
constexpr size_t kUnsavedBytesMax = 256u << 10;
constexpr size_t kParentsMax = 255;
constexpr uint64_t kFileBytesMax = 1u << 30;  // More is made anew from the commits.
constexpr size_t kCommitsMax = 50'000'000;  // Of one walk: a bound for hostile histories.

template <typename T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
bool take(Bytes& in, T& value) {
  if (in.size() < sizeof value) return false;
  std::memcpy(&value, in.data(), sizeof value);
  in.remove_prefix(sizeof value);
  return true;
}

bool take_oid(Bytes& in, Oid& id) {
  if (in.size() < Oid::kBytes) return false;
  id = Oid::from_raw(in.data());
  in.remove_prefix(Oid::kBytes);
  return true;
}

}  // namespace

uint32_t change_hash(std::string_view table_path, Bytes key) {
  return static_cast<uint32_t>(hash64(key, hash64(table_path)));
}

struct HistoryIndex::Record {
  Oid commit;
  std::vector<Oid> parents;
  int64_t time_us = 0;
  std::vector<uint32_t> changes;
  bool many = false;  // Or not known.
  bool own = false;   // Told of by add().

  bool decode(Bytes in) {
    uint8_t parent_count = 0;
    if (!take_oid(in, commit) || !take(in, time_us) || !take(in, parent_count)) return false;
    parents.resize(parent_count);
    for (Oid& parent : parents) {
      if (!take_oid(in, parent)) return false;
    }
    uint16_t change_count = 0;
    if (!take(in, change_count)) return false;
    own = change_count != kUnknown;
    many = change_count == kMany || !own;
    if (many) return in.empty();
    if (change_count > kChangesMax || in.size() != change_count * sizeof(uint32_t)) return false;
    changes.resize(change_count);
    if (change_count != 0) std::memcpy(changes.data(), in.data(), in.size());
    return true;
  }
};

HistoryIndex::HistoryIndex(std::filesystem::path file, bool writable) : file_(std::move(file)) {
  if (!file_.empty()) load(writable);
  if (!writable) file_.clear();
}

HistoryIndex::~HistoryIndex() {
  ends_well([&] { ignore_error(save(), "the index is rebuilt from the commits"); });
}

void HistoryIndex::load(bool writable) {
  const auto read = read_whole_file(file_, kFileBytesMax);
  if (!read) return;
  const std::string& text = *read;
  if (!Bytes(text).starts_with(kMagic)) return;
  Bytes rest = Bytes(text).substr(kMagic.size());
  positions_.reserve(rest.size() / 64);
  while (!rest.empty()) {
    Bytes at = rest;
    uint32_t length = 0;
    uint32_t sum = 0;
    if (!take(at, length) || !take(at, sum) || at.size() < length) break;
    Record record;
    if (crc32(at.substr(0, length)) != sum || !record.decode(at.substr(0, length)) ||
        !add_locked(record))
      break;
    rest = at.substr(length);
  }
  // A torn or damaged tail goes, so that later records follow a whole one.
  file_ready_ = true;
  if (!writable) return;
  const auto file = open_file(file_, OpenMode::kWrite);
  const auto whole = static_cast<off_t>(text.size() - rest.size());
  file_ready_ = file && (rest.empty() || ::ftruncate(file->number(), whole) == 0);
}

uint32_t HistoryIndex::position(const Oid& commit) const {
  const auto found = positions_.find(commit);
  return found == positions_.end() ? kNone : found->second;
}

size_t HistoryIndex::size() const {
  const std::lock_guard guard(mutex_);
  return nodes_.size();
}

std::optional<CommitInfo> HistoryIndex::find(const Oid& commit) const {
  const std::lock_guard guard(mutex_);
  const uint32_t at = position(commit);
  if (at == kNone) return std::nullopt;
  const Node& node = nodes_[at];
  CommitInfo info{node.commit, {}, node.generation, node.time_us};
  if (node.first_parent != kNone) info.parents.push_back(nodes_[node.first_parent].commit);
  for (const uint32_t parent : node.more_parents) info.parents.push_back(nodes_[parent].commit);
  return info;
}

// False when a parent is missing: the record cannot be placed.
bool HistoryIndex::add_locked(const Record& record) {
  if (position(record.commit) != kNone) return true;
  Node node;
  node.commit = record.commit;
  node.time_us = git::bounded_time_us(record.time_us);
  for (size_t i = 0; i < record.parents.size(); ++i) {
    const uint32_t parent = position(record.parents[i]);
    if (parent == kNone) return false;
    node.generation = std::max(node.generation, nodes_[parent].generation + 1);
    if (i > 0)
      node.more_parents.push_back(parent);
    else
      node.first_parent = parent;
  }
  if (!node.more_parents.empty()) node.merges = 1;
  if (node.first_parent != kNone) {
    const Node& parent = nodes_[node.first_parent];
    node.merges += parent.merges;
    node.depth = parent.depth + 1;
    node.time_us = git::bounded_time_us(std::max(node.time_us, parent.time_us + 1));
    node.skip = node.first_parent;
    if (parent.skip != kNone) {
      const Node& skip = nodes_[parent.skip];
      const uint32_t farther = skip.skip;
      if (farther != kNone && parent.depth - skip.depth == skip.depth - nodes_[farther].depth)
        node.skip = farther;
    }
  }
  node.many = record.many;
  node.own = record.own;
  node.changes = record.changes;
  positions_.emplace(node.commit, static_cast<uint32_t>(nodes_.size()));
  nodes_.push_back(std::move(node));
  return true;
}

void HistoryIndex::add(const Oid& commit, const Oid& parent, int64_t time_us,
                       const std::vector<uint32_t>& changes) {
  std::vector<Oid> parents;
  if (!parent.is_zero()) parents.push_back(parent);
  add(commit, parents, time_us, changes);
}

void HistoryIndex::add(const Oid& commit, const std::vector<Oid>& parents, int64_t time_us,
                       const std::vector<uint32_t>& changes) {
  Record record;
  record.commit = commit;
  record.parents = parents;
  record.time_us = time_us;
  record.own = true;
  record.many = changes.size() > kChangesMax;
  if (!record.many) {
    record.changes = changes;
    std::sort(record.changes.begin(), record.changes.end());
  }
  const std::lock_guard guard(mutex_);
  const bool is_new = position(commit) == kNone;
  if (is_new && add_locked(record)) write_locked(record);
}

bool HistoryIndex::is_own(const Oid& commit) const {
  const std::lock_guard guard(mutex_);
  const uint32_t at = position(commit);
  return at != kNone && nodes_[at].own;
}

Result<void> HistoryIndex::ensure(const store::ObjectReader& objects, const Oid& commit) {
  const std::lock_guard guard(mutex_);
  // Parents go in before their children: a commit stays on the stack until all of its parents are
  // known.
  std::vector<Oid> stack{commit};
  std::unordered_map<Oid, Record, OidHash> read;
  while (!stack.empty()) {
    const Oid id = stack.back();
    if (position(id) != kNone) {
      stack.pop_back();
      continue;
    }
    auto at = read.find(id);
    if (at == read.end()) {
      TRY_ASSIGN(const store::ObjectRef object, objects.read(id));
      if (object.type != store::ObjectType::kCommit) {
        return Error(ErrorCode::kCorruption, "object " + id.hex() + " is no commit");
      }
      TRY_ASSIGN(git::Commit parsed, git::parse_commit(object.bytes));
      if (parsed.parents.size() > kParentsMax || read.size() >= kCommitsMax) {
        return Error(ErrorCode::kProgramLimit,
                     "commit " + id.hex() + " has too many parents or ancestors");
      }
      const int64_t time_us = git::commit_time_us(parsed);
      at = read.emplace(id, Record{id, std::move(parsed.parents), time_us, {}, true}).first;
    }
    const size_t depth = stack.size();
    for (const Oid& parent : at->second.parents) {
      if (position(parent) == kNone) stack.push_back(parent);
    }
    if (stack.size() > depth) continue;
    add_locked(at->second);
    write_locked(at->second);
    read.erase(at);
    stack.pop_back();
  }
  return {};
}

bool HistoryIndex::may_have_changed(const Oid& commit, uint32_t change) const {
  const std::lock_guard guard(mutex_);
  const uint32_t at = position(commit);
  if (at == kNone || nodes_[at].many) return true;
  const std::vector<uint32_t>& changes = nodes_[at].changes;
  return std::binary_search(changes.begin(), changes.end(), change);
}

std::optional<Oid> HistoryIndex::newest_at(const Oid& commit, int64_t time_us) const {
  const std::lock_guard guard(mutex_);
  uint32_t at = position(commit);
  while (at != kNone && nodes_[at].time_us > time_us) {
    const uint32_t skip = nodes_[at].skip;
    at = skip != kNone && nodes_[skip].time_us > time_us ? skip : nodes_[at].first_parent;
  }
  if (at == kNone) return std::nullopt;
  return nodes_[at].commit;
}

std::optional<Oid> HistoryIndex::oldest_after(const Oid& commit, int64_t time_us) const {
  const std::lock_guard guard(mutex_);
  const auto is_after = [&](uint32_t node) {
    return node != kNone && nodes_[node].time_us > time_us;
  };
  uint32_t at = position(commit);
  if (!is_after(at)) return std::nullopt;
  for (;;) {
    const Node& node = nodes_[at];
    if (is_after(node.skip)) {
      at = node.skip;
    } else if (is_after(node.first_parent)) {
      at = node.first_parent;
    } else {
      return node.commit;
    }
  }
}

std::optional<Oid> HistoryIndex::nth_parent(const Oid& commit, uint64_t n) const {
  const std::lock_guard guard(mutex_);
  const uint32_t at = position(commit);
  if (at == kNone || n > nodes_[at].depth) return std::nullopt;
  return nodes_[at_depth(at, nodes_[at].depth - static_cast<uint32_t>(n))].commit;
}

std::optional<Oid> HistoryIndex::next_candidate(const Oid& commit,
                                                std::span<const uint32_t> changes) const {
  const std::lock_guard guard(mutex_);
  for (uint32_t at = position(commit); at != kNone; at = nodes_[at].first_parent) {
    const Node& node = nodes_[at];
    if (node.first_parent == kNone || !node.more_parents.empty()) return node.commit;
    if (node.many && !changes.empty()) return node.commit;
    for (const uint32_t change : changes) {
      if (std::binary_search(node.changes.begin(), node.changes.end(), change)) return node.commit;
    }
  }
  return std::nullopt;
}

void HistoryIndex::write_locked(const Record& record) {
  if (file_.empty()) return;
  const size_t start = unsaved_.size();
  unsaved_.append(2 * sizeof(uint32_t), '\0');
  unsaved_.append(record.commit.raw());
  put(unsaved_, record.time_us);
  put(unsaved_, static_cast<uint8_t>(record.parents.size()));
  for (const Oid& parent : record.parents) unsaved_.append(parent.raw());
  put(unsaved_, !record.own   ? kUnknown
                : record.many ? kMany
                              : static_cast<uint16_t>(record.changes.size()));
  if (!record.many) {
    unsaved_.append(reinterpret_cast<const char*>(record.changes.data()),
                    record.changes.size() * sizeof(uint32_t));
  }
  const Bytes payload = Bytes(unsaved_).substr(start + 2 * sizeof(uint32_t));
  const uint32_t length = static_cast<uint32_t>(payload.size());
  const uint32_t sum = crc32(payload);
  std::memcpy(unsaved_.data() + start, &length, sizeof length);
  std::memcpy(unsaved_.data() + start + sizeof length, &sum, sizeof sum);
  if (unsaved_.size() > kUnsavedBytesMax)
    ignore_error(save_locked(), "the index is rebuilt from the commits");
}

Result<void> HistoryIndex::save() {
  const std::lock_guard guard(mutex_);
  return save_locked();
}

Result<void> HistoryIndex::save_locked() {
  if (file_.empty() || unsaved_.empty()) return {};
  const std::string added = std::exchange(
      unsaved_, {});  // Tried once: a full disk must not make us hold ever more memory.
  const bool follows = std::exchange(file_ready_, false);  // After a torn write, afresh.
  TRY(make_folders(file_.parent_path()));
  if (follows) {
    TRY_ASSIGN(const Descriptor file, open_file(file_, OpenMode::kWrite));
    struct stat facts;
    if (::fstat(file.number(), &facts) != 0) return file_error("examine", file_, errno);
    TRY(write_fully(file, added, static_cast<uint64_t>(facts.st_size), file_));
  } else {
    TRY_ASSIGN(NewFile file, NewFile::open(file_));
    TRY(file.write(kMagic));
    TRY(file.write(added));
    TRY(file.commit(false));
  }
  file_ready_ = true;
  return {};
}

}  // namespace rowan::derived
