#include "derived/unique_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "base/hash.h"
#include "store/memory_store.h"
#include "store/node_cache.h"
#include "tree/row_tree.h"
#include "type/key_codec.h"
#include "type/row_codec.h"

namespace rowan::derived {

namespace {

constexpr size_t kVersionsMax = 16;           // Rows trees whose index is kept.
constexpr size_t kIndexesMax = 256;
constexpr size_t kGarbageBytesMin = 16u << 20;

class BlobReader final : public type::LargeReader {
 public:
  explicit BlobReader(const store::ObjectReader& objects) : objects_(objects) {}
  Result<std::string> read_large(const type::LargeRef& ref) const override {
    TRY_ASSIGN(const store::ObjectRef object, objects_.read(ref.oid));
    return std::string(object.bytes);
  }

 private:
  const store::ObjectReader& objects_;
};

// An index line is its own key: the encoded value, a blank (below every byte of a key), the key of the row.
class IndexLineKeys final : public tree::LineKeys {
 public:
  Result<void> append_key(Bytes line, std::string& key) const override {
    key += line;
    return {};
  }
  uint64_t identity() const override { return hash64("unique index"); }
};
const IndexLineKeys kIndexKeys;

std::string index_line(Bytes value, Bytes row_key) {
  std::string line(value);
  line += ' ';
  line += row_key;
  return line;
}

}  // namespace

Result<std::optional<std::string>> unique_key_of(const catalog::TableDef& table, const catalog::UniqueKey& unique, Bytes line,
                                                 const store::ObjectReader& objects) {
  std::vector<Bytes> elements;
  uint64_t count = 0;
  TRY(type::split_line(table.layout, line, elements, count));
  const BlobReader blobs(objects);
  std::string key;
  for (const uint16_t index : unique.columns) {
    const catalog::ColumnDef& column = table.columns[index];
    type::Value value = column.absent;
    if (column.slot < elements.size()) {
      if (const auto large = type::large_ref(elements[column.slot])) {
        TRY_ASSIGN(std::string bytes, blobs.read_large(*large));
        value = type::Value::of_string(column.type, std::move(bytes));
      } else {
        TRY_ASSIGN(value, type::decode_element(column.type, elements[column.slot]));
      }
    }
    if (value.is_null()) return std::optional<std::string>();
    TRY(type::append_key(value, key));
  }
  if (key.size() > kUniqueKeyBytesMax) {
    return Error(ErrorCode::kProgramLimit, fmt::format("index row size {} exceeds maximum {} for constraint \"{}\"", key.size(), kUniqueKeyBytesMax, unique.name));
  }
  return std::optional<std::string>(std::move(key));
}

// One unique key of one table definition, for the rows trees it was asked about last.
class UniqueIndexes::Index {
 public:
  Result<std::optional<std::string>> holder(const store::ObjectStore& store, const catalog::TableVersion& version, size_t which, Bytes value) {
    const std::lock_guard lock(mutex_);
    TRY_ASSIGN(const Oid root, root_for(store, version, which));
    if (root.is_zero()) return std::optional<std::string>();
    TRY_ASSIGN(tree::Cursor cursor, tree::Cursor::open(reader(), root));
    const std::string prefix = index_line(value, "");
    TRY(cursor.seek(prefix));
    if (cursor.at_end() || !cursor.key().starts_with(prefix)) return std::optional<std::string>();
    return std::optional<std::string>(std::string(cursor.key().substr(prefix.size())));
  }

  Result<void> check(const store::ObjectStore& store, const catalog::TableVersion& version, size_t which) {
    const std::lock_guard lock(mutex_);
    TRY_ASSIGN(const Oid root, root_for(store, version, which));
    if (root.is_zero()) return {};
    TRY_ASSIGN(tree::Cursor cursor, tree::Cursor::open(reader(), root));
    std::string before;
    while (!cursor.at_end()) {
      const std::string value(cursor.key().substr(0, cursor.key().find(' ') + 1));
      if (value == before) {
        return Error(ErrorCode::kUniqueViolation, fmt::format("table {} breaks unique constraint \"{}\"", version.table->qualified_name(),
                                                              version.table->unique_keys[which].name));
      }
      before = value;
      TRY(cursor.next());
    }
    return {};
  }

 private:
  struct Version {
    Oid rows;
    Oid root;
  };

  tree::TreeReader reader() const { return {*memory_, memory_->cache(), kIndexKeys}; }

  Result<Oid> root_for(const store::ObjectStore& store, const catalog::TableVersion& version, size_t which) {
    if (version.rows.is_zero()) return Oid{};
    for (auto known = versions_.begin(); known != versions_.end(); ++known) {
      if (known->rows != version.rows) continue;
      const Version found = *known;
      versions_.erase(known);
      versions_.push_back(found);
      return found.root;
    }
    if (memory_ == nullptr || garbage_bytes_ > std::max(kGarbageBytesMin, 4 * fresh_bytes_)) {
      memory_ = store::make_memory_store();
      versions_.clear();
      garbage_bytes_ = fresh_bytes_ = 0;
    }
    const Version from = versions_.empty() ? Version{} : versions_.back();
    TRY_ASSIGN(const Oid root, catch_up(store, from, version, which));
    versions_.push_back({version.rows, root});
    if (versions_.size() > kVersionsMax) versions_.pop_front();
    return root;
  }

  Result<Oid> catch_up(const store::ObjectStore& store, const Version& from, const catalog::TableVersion& to, size_t which) {
    const catalog::TableDef& table = *to.table;
    const catalog::UniqueKey& unique = table.unique_keys[which];
    const catalog::TableLineKeys keys(to.table);
    // Entry -> whether it is there afterwards. A row whose value stays gives its entry both ways; the later word wins.
    std::vector<std::pair<std::string, bool>> changes;
    TRY(tree::diff_trees({store, store.cache(), keys}, from.rows, to.rows, [&](const tree::RowDifference& row) -> Result<bool> {
      if (row.from) {
        TRY_ASSIGN(const auto value, unique_key_of(table, unique, *row.from, store));
        if (value) changes.emplace_back(index_line(*value, row.key), false);
      }
      if (row.to) {
        TRY_ASSIGN(const auto value, unique_key_of(table, unique, *row.to, store));
        if (value) changes.emplace_back(index_line(*value, row.key), true);
      }
      return true;
    }));
    std::stable_sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<tree::RowEdit> edits;
    for (const auto& [line, present] : changes) {
      if (!edits.empty() && edits.back().key == Bytes(line)) edits.pop_back();
      edits.push_back({line, present ? std::optional<Bytes>(line) : std::nullopt});
    }
    if (edits.empty()) return from.root;
    store::PendingObjects objects(*memory_);
    Oid root;
    if (from.root.is_zero()) {
      tree::Builder builder([&objects](store::ObjectType type, Bytes bytes) -> Result<Oid> { return objects.add(type, std::string(bytes)); });
      for (const tree::RowEdit& edit : edits) {
        if (edit.line) TRY(builder.add(edit.key, *edit.line));
      }
      TRY_ASSIGN(root, builder.finish());
      fresh_bytes_ = objects.bytes();
    } else {
      TRY_ASSIGN(root, tree::apply_edits(objects, memory_->cache(), kIndexKeys, from.root, edits));
      garbage_bytes_ += objects.bytes();
    }
    TRY_ASSIGN(const uint64_t sequence, memory_->append(objects, {}));
    (void)sequence;
    return root;
  }

  std::mutex mutex_;                               // Guards what follows.
  std::unique_ptr<store::ObjectStore> memory_;     // The index trees' nodes; made anew when most of it is of old versions.
  std::deque<Version> versions_;                   // Last used last.
  size_t fresh_bytes_ = 0;
  size_t garbage_bytes_ = 0;
};

UniqueIndexes::UniqueIndexes() = default;
UniqueIndexes::~UniqueIndexes() = default;

std::shared_ptr<UniqueIndexes::Index> UniqueIndexes::index_of(const catalog::TableDef& table, size_t which) {
  const std::lock_guard lock(mutex_);
  const std::string name = fmt::format("{} {}", table.definition_id.hex(), which);
  const auto known = indexes_.find(name);
  if (known != indexes_.end()) return known->second;
  if (indexes_.size() >= kIndexesMax) indexes_.clear();
  return indexes_.emplace(name, std::make_shared<Index>()).first->second;
}

Result<std::optional<std::string>> UniqueIndexes::holder(const store::ObjectStore& store, const catalog::TableVersion& version, size_t which,
                                                         Bytes value) {
  return index_of(*version.table, which)->holder(store, version, which, value);
}

Result<void> UniqueIndexes::check(const store::ObjectStore& store, const catalog::TableVersion& version) {
  for (size_t which = 0; which < version.table->unique_keys.size(); ++which) {
    TRY(index_of(*version.table, which)->check(store, version, which));
    if (!version.table->layout.counted) continue;
    // Equal rows of a table without a primary key share one entry: their count tells.
    const catalog::TableLineKeys keys(version.table);
    TRY(tree::diff_trees({store, store.cache(), keys}, Oid{}, version.rows, [&](const tree::RowDifference& row) -> Result<bool> {
      TRY_ASSIGN(const auto value, unique_key_of(*version.table, version.table->unique_keys[which], *row.to, store));
      if (value && !row.to->starts_with("[1,") && *row.to != "[1]") {
        return Error(ErrorCode::kUniqueViolation, fmt::format("table {} breaks unique constraint \"{}\"", version.table->qualified_name(),
                                                              version.table->unique_keys[which].name));
      }
      return true;
    }));
  }
  return {};
}

}  // namespace rowan::derived
