// Row counts by content: an in-memory map with a bound, and one small checksummed file.
#include "derived/row_counts.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>
#include <utility>

#include "base/files.h"
#include "base/hash.h"
#include "tree/leaf.h"
#include "tree/row_tree.h"

namespace rowan::derived {

namespace {

constexpr size_t kCountsMax = 65'536;      // In memory: about 6 MB.
constexpr size_t kCountsSavedMax = 1'024;  // On disk: the tips and what came shortly before.
constexpr std::string_view kMagic = "rowan counts 1\n";
constexpr uint64_t kFileBytesMax = 1u << 20;
constexpr size_t kRecordBytes = Oid::kBytes + sizeof(uint64_t);

// The number after a counted line's bracket: `[3,"a"]` has 3 rows.
Result<uint64_t> count_of(Bytes line) {
  uint64_t count = 0;
  const char* end = line.data() + line.size();
  if (line.empty() || line[0] != '[' ||
      std::from_chars(line.data() + 1, end, count).ec != std::errc()) {
    return Error(ErrorCode::kCorruption, "a line of a table without primary key has no count");
  }
  return count;
}

Result<uint64_t> count_leaf(Bytes text, bool counted) {
  if (!counted) return static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
  uint64_t rows = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    TRY_ASSIGN(const uint64_t count, count_of(text.substr(0, end)));
    rows += count;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return rows;
}

}  // namespace

RowCounts::RowCounts(std::filesystem::path file) : file_(std::move(file)) {
  if (!file_.empty()) load();
}

void RowCounts::load() {
  const auto read = read_whole_file(file_, kFileBytesMax);
  if (!read) return;
  const std::string& text = *read;
  if (!Bytes(text).starts_with(kMagic) || text.size() < kMagic.size() + sizeof(uint32_t)) return;
  const Bytes body =
      Bytes(text).substr(kMagic.size(), text.size() - kMagic.size() - sizeof(uint32_t));
  uint32_t sum = 0;
  std::memcpy(&sum, body.data() + body.size(), sizeof sum);
  if (sum != crc32(body) || body.size() % kRecordBytes != 0) return;
  for (size_t at = 0; at < body.size(); at += kRecordBytes) {
    uint64_t rows = 0;
    std::memcpy(&rows, body.data() + at + Oid::kBytes, sizeof rows);
    set_locked(Oid::from_raw(body.data() + at), rows);
  }
}

std::optional<uint64_t> RowCounts::find(const Oid& root) const {
  if (root.is_zero()) return 0;
  const std::lock_guard guard(mutex_);
  const auto found = counts_.find(root);
  if (found == counts_.end()) return std::nullopt;
  return found->second;
}

Result<uint64_t> RowCounts::ensure(const store::ObjectReader& objects, store::NodeCache& cache,
                                   const catalog::TableDef& table, const Oid& root) {
  if (const auto known = find(root)) return *known;
  TRY_ASSIGN(const uint64_t rows, count(objects, cache, table, root));
  set(root, rows);
  return rows;
}

Result<uint64_t> RowCounts::count(const store::ObjectReader& objects, store::NodeCache& cache,
                                  const catalog::TableDef& table, const Oid& root) {
  if (root.is_zero()) return uint64_t{0};
  // The keys are never asked for: only ids and raw lines are read. Leaves do not enter the cache.
  const catalog::TableLineKeys keys(std::make_shared<const catalog::TableDef>(table));
  TRY_ASSIGN(const auto runs, tree::leaf_runs({objects, cache, keys}, root));
  uint64_t rows = 0;
  for (const tree::LeafRun& run : runs) {
    for (const Oid& leaf : run.leaves) {
      TRY_ASSIGN(const store::ObjectRef object, tree::read_leaf(objects, leaf));
      TRY_ASSIGN(const uint64_t in_leaf, count_leaf(object.bytes, table.layout.counted));
      rows += in_leaf;
    }
  }
  return rows;
}

void RowCounts::set(const Oid& root, uint64_t rows) {
  if (root.is_zero()) return;
  const std::lock_guard guard(mutex_);
  set_locked(root, rows);
}

void RowCounts::note(const Oid& old_root, const Oid& new_root, int64_t delta) {
  if (new_root.is_zero()) return;
  const std::lock_guard guard(mutex_);
  uint64_t old_rows = 0;
  if (!old_root.is_zero()) {
    const auto found = counts_.find(old_root);
    if (found == counts_.end()) return;
    old_rows = found->second;
  }
  set_locked(new_root, old_rows + static_cast<uint64_t>(delta));
}

void RowCounts::set_locked(const Oid& root, uint64_t rows) {
  const auto [at, is_new] = counts_.insert_or_assign(root, rows);
  if (!is_new) return;
  order_.push_back(root);
  if (order_.size() > kCountsMax) {
    counts_.erase(order_.front());
    order_.pop_front();
  }
}

Result<void> RowCounts::save() const {
  if (file_.empty()) return {};
  std::string body;
  {
    const std::lock_guard guard(mutex_);
    const size_t first = order_.size() - std::min(order_.size(), kCountsSavedMax);
    for (size_t i = first; i < order_.size(); ++i) {
      const uint64_t rows = counts_.at(order_[i]);
      body.append(order_[i].raw());
      body.append(reinterpret_cast<const char*>(&rows), sizeof rows);
    }
  }
  const uint32_t sum = crc32(body);
  TRY(make_folders(file_.parent_path()));
  TRY_ASSIGN(NewFile out, NewFile::open(file_));
  TRY(out.write(kMagic));
  TRY(out.write(body));
  TRY(out.write(Bytes(reinterpret_cast<const char*>(&sum), sizeof sum)));
  return out.commit(false);
}

}  // namespace rowan::derived
