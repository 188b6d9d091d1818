#include "derived/index.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <system_error>

#include "base/files.h"
#include "base/hash.h"
#include "catalog/violations.h"
#include "store/node_cache.h"
#include "tree/row_tree.h"
#include "type/key_codec.h"
#include "type/row_codec.h"
#include "type/text.h"

namespace rowan::derived {

namespace {

constexpr size_t kVersionsMax = 16;  // Rows trees of one shape whose index is kept.
constexpr size_t kShapesMax = 1024;
constexpr size_t kCandidatesMax = 4;            // Versions that are tried as the nearest.
constexpr size_t kNearChangesMax = 2000;        // A version that many rows away is near.
constexpr size_t kRunBytesMax = 64u << 20;      // Entries that are sorted at a time.
constexpr uint64_t kSavedEntriesMin = 100'000;  // A smaller index is built sooner than read.
constexpr size_t kFilesOfShapeMax = 2;
constexpr auto kSlowBuild = std::chrono::seconds(1);
constexpr char kNullFirst =
    '!';  // Below and above every byte that a value begins with, mirrored or not.
constexpr char kNullLast = '~';
constexpr std::string_view kFileEnding = ".index";

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

Result<type::Value> column_value(const catalog::ColumnDef& column,
                                 const std::vector<Bytes>& elements,
                                 const store::ObjectReader& objects) {
  if (column.slot >= elements.size()) return column.absent;
  const Bytes element = elements[column.slot];
  if (const auto large = type::large_ref(element)) {
    TRY_ASSIGN(std::string bytes, BlobReader(objects).read_large(*large));
    return type::Value::of_string(column.type, std::move(bytes));
  }
  return type::decode_element(column.type, element);
}

// Makes the entries of rows, with room that is kept from row to row.
class EntryMaker {
 public:
  EntryMaker(const catalog::TableDef& table, const IndexKey& key,
             const store::ObjectReader& objects)
      : table_(table), key_(key), objects_(objects) {}

  Result<void> append(Bytes line, Bytes row_key, std::string& out) {
    elements_.clear();
    uint64_t count = 0;
    TRY(type::split_line(table_.layout, line, elements_, count));
    for (const catalog::IndexColumnDef& column : key_.columns) {
      TRY_ASSIGN(const type::Value value,
                 column_value(table_.columns[column.column], elements_, objects_));
      TRY(append_index_value(column, value, out));
    }
    out += ' ';  // Below every byte of a key, and in none.
    out += row_key;
    return {};
  }

 private:
  const catalog::TableDef& table_;
  const IndexKey& key_;
  const store::ObjectReader& objects_;
  std::vector<Bytes> elements_;
};

// Sorts any number of entries: in runs, which are merged at the end.
class EntrySorter {
 public:
  explicit EntrySorter(EntryMeter meter) : meter_(std::move(meter)) {}

  template <typename Append>
  Result<void> add(const Append& append) {
    TRY(append(text_));
    ends_.push_back(text_.size());
    if (text_.size() >= kRunBytesMax) close_run();
    return {};
  }

  EntryTree finish() {
    close_run();
    if (runs_.empty()) return {};
    if (runs_.size() == 1) return std::move(runs_[0]);
    std::vector<EntryWalk> walks;
    for (EntryTree& run : runs_) {
      walks.emplace_back(std::move(run));
      walks.back().move_to(0);
    }
    EntryWalk* given = nullptr;
    return EntryTree::build(
        [&]() -> std::optional<Bytes> {
          if (given != nullptr) given->next();
          given = nullptr;
          for (EntryWalk& walk : walks) {
            if (walk.valid() && (given == nullptr || walk.entry() < given->entry())) given = &walk;
          }
          return given == nullptr ? std::nullopt : std::optional<Bytes>(given->entry());
        },
        meter_);
  }

 private:
  void close_run() {
    if (ends_.empty()) return;
    std::vector<Bytes> entries;
    entries.reserve(ends_.size());
    size_t begin = 0;
    for (const size_t end : ends_) {
      entries.push_back(Bytes(text_).substr(begin, end - begin));
      begin = end;
    }
    std::sort(entries.begin(), entries.end());
    size_t at = 0;
    runs_.push_back(EntryTree::build(
        [&]() -> std::optional<Bytes> {
          return at == entries.size() ? std::nullopt : std::optional<Bytes>(entries[at++]);
        },
        meter_));
    text_.clear();
    ends_.clear();
  }

  EntryMeter meter_;
  std::string text_;
  std::vector<size_t> ends_;
  std::vector<EntryTree> runs_;
};

// What entries depend on besides the rows; stored in file names through its hash.
std::string shape_text(const catalog::TableDef& table, const IndexKey& key) {
  std::string text = "index 1";
  for (const catalog::IndexColumnDef& part : key.columns) {
    const catalog::ColumnDef& column = table.columns[part.column];
    text += fmt::format(
        "\n{} {} {} {} {}", column.slot, type::type_name(column.type), part.descending,
        part.nulls_first,
        column.absent.is_null() ? std::string("-") : "=" + type::to_text(column.absent));
  }
  text += "\nkey";
  for (const uint16_t slot : table.layout.key_slots)
    text += fmt::format(" {} {}", slot, type::type_name(table.layout.slots[slot].type));
  return text;
}

// The edits that lead from the index of `from` to that of the source's rows; nothing when more than
// `changes_max` rows differ.
Result<std::optional<std::vector<EntryTree::Edit>>> edits_between(const IndexSource& source,
                                                                  const IndexKey& key,
                                                                  const Oid& from,
                                                                  size_t changes_max) {
  const catalog::TableVersion& version = source.version;
  const catalog::TableLineKeys keys(version.table);
  EntryMaker maker(*version.table, key, source.objects);
  std::vector<EntryTree::Edit> edits;
  size_t rows = 0;
  TRY(tree::diff_trees({source.objects, source.cache, keys}, from, version.rows,
                       [&](const tree::RowDifference& row) -> Result<bool> {
                         if (++rows > changes_max) return false;
                         for (const bool present : {false, true}) {
                           const std::optional<Bytes>& line = present ? row.to : row.from;
                           if (!line) continue;
                           edits.push_back({{}, present});
                           TRY(maker.append(*line, row.key, edits.back().entry));
                         }
                         return true;
                       }));
  if (rows > changes_max) return std::optional<std::vector<EntryTree::Edit>>();
  // A row whose value stays gives its entry both ways; the later word wins.
  std::stable_sort(edits.begin(), edits.end(),
                   [](const auto& a, const auto& b) { return a.entry < b.entry; });
  std::vector<EntryTree::Edit> distinct;
  for (EntryTree::Edit& edit : edits) {
    if (!distinct.empty() && distinct.back().entry == edit.entry) distinct.pop_back();
    distinct.push_back(std::move(edit));
  }
  return std::optional(std::move(distinct));
}

std::string shape_hash(std::string_view shape) {
  const auto hash = sha256_128(shape);
  return to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

std::string file_name(std::string_view shape_hash, const Oid& rows) {
  return fmt::format("{}-{}{}", shape_hash, rows.hex(), kFileEnding);
}

// The rows tree of a file, by its name.
std::optional<Oid> rows_of_file(std::string_view name) {
  const size_t hex_at = name.find('-');
  if (hex_at == name.npos || !name.ends_with(kFileEnding) ||
      name.size() != hex_at + 1 + Oid::kHexDigits + kFileEnding.size())
    return std::nullopt;
  return Oid::parse(name.substr(hex_at + 1, Oid::kHexDigits));
}

Error breaks_unique(const catalog::TableDef& table, const catalog::UniqueKey& unique) {
  return Error(ErrorCode::kUniqueViolation, fmt::format("table {} breaks unique constraint \"{}\"",
                                                        table.qualified_name(), unique.name))
      .about(catalog::constraint_object(table, unique.name));
}

}  // namespace

Error damaged_index(const catalog::TableDef& table) {
  return Error(ErrorCode::kCorruption,
               fmt::format("an index of table {} names a row that is not there",
                           table.qualified_name()))
      .with_hint("Indexes are made from the rows: forget those that were kept with rowan check DIR "
                 "--drop-caches.");
}

IndexKey index_key(const std::vector<uint16_t>& columns) {
  IndexKey key;
  for (const uint16_t column : columns) key.columns.push_back({column, false, false});
  return key;
}

IndexKey index_key(const catalog::UniqueKey& unique) { return index_key(unique.columns); }
IndexKey index_key(const catalog::IndexDef& index) { return {index.columns}; }

Result<void> append_index_value(const catalog::IndexColumnDef& column, const type::Value& value,
                                std::string& out) {
  if (!value.is_null()) return type::append_key(value, out, column.descending);
  out += column.nulls_first ? kNullFirst : kNullLast;
  return {};
}

Result<std::string> index_entry(const catalog::TableDef& table, const IndexKey& key, Bytes line,
                                Bytes row_key, const store::ObjectReader& objects) {
  std::string entry;
  TRY(EntryMaker(table, key, objects).append(line, row_key, entry));
  return entry;
}

Result<std::optional<std::string>> columns_key_of(const catalog::TableDef& table,
                                                  const std::vector<uint16_t>& columns, Bytes line,
                                                  const store::ObjectReader& objects) {
  std::vector<Bytes> elements;
  uint64_t count = 0;
  TRY(type::split_line(table.layout, line, elements, count));
  std::string key;
  for (const uint16_t index : columns) {
    TRY_ASSIGN(const type::Value value, column_value(table.columns[index], elements, objects));
    if (value.is_null()) return std::optional<std::string>();
    TRY(type::append_key(value, key));
  }
  return std::optional<std::string>(std::move(key));
}

Result<std::optional<std::string>> unique_key_of(const catalog::TableDef& table,
                                                 const catalog::UniqueKey& unique, Bytes line,
                                                 const store::ObjectReader& objects) {
  TRY_ASSIGN(auto key, columns_key_of(table, unique.columns, line, objects));
  if (key && key->size() > kUniqueKeyBytesMax) {
    return Error(ErrorCode::kProgramLimit,
                 fmt::format("index row size {} exceeds maximum {} for constraint \"{}\"",
                             key->size(), kUniqueKeyBytesMax, unique.name));
  }
  return key;
}

// All indexes of one shape of one table.
struct Indexes::Shape {
  std::string name;              // In by_name_.
  std::string hash;              // 32 hexadecimal digits of the shape's text: in file names.
  std::mutex mutex;              // Guards what follows.
  std::deque<Version> versions;  // Last used last.
  bool files_looked_for = false;
};

Indexes::Indexes(std::filesystem::path folder, size_t memory_bytes_max)
    : folder_(std::move(folder)),
      memory_bytes_max_(memory_bytes_max),
      meter_(std::make_shared<std::atomic<size_t>>(0)) {}
Indexes::~Indexes() = default;

Indexes::Stats Indexes::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

std::shared_ptr<Indexes::Shape> Indexes::shape_of(const catalog::TableDef& table,
                                                  const IndexKey& key) {
  const std::string text = shape_text(table, key);
  std::string name = table.path() + "\n" + text;
  const std::lock_guard lock(mutex_);
  if (const auto known = by_name_.find(name); known != by_name_.end()) {
    shapes_.splice(shapes_.begin(), shapes_, known->second);
    return shapes_.front();
  }
  if (shapes_.size() >= kShapesMax) {
    by_name_.erase(shapes_.back()->name);
    shapes_.pop_back();
  }
  auto shape = std::make_shared<Shape>();
  shape->name = name;
  shape->hash = shape_hash(text);
  shapes_.push_front(shape);
  by_name_.emplace(std::move(name), shapes_.begin());
  return shape;
}

Result<EntryTree> Indexes::get(const IndexSource& source, const IndexKey& key) {
  if (source.version.rows.is_zero()) return EntryTree();
  TRY_ASSIGN(std::optional<EntryTree> made,
             make(*shape_of(*source.version.table, key), source, key, std::nullopt));
  return std::move(*made);
}

Result<std::optional<EntryTree>> Indexes::find(const IndexSource& source, const IndexKey& key,
                                               size_t changes_max) {
  if (source.version.rows.is_zero()) return std::optional(EntryTree());
  return make(*shape_of(*source.version.table, key), source, key, changes_max);
}

Result<std::optional<EntryTree>> Indexes::make(Shape& shape, const IndexSource& source,
                                               const IndexKey& key,
                                               std::optional<size_t> changes_max) {
  const std::lock_guard lock(shape.mutex);
  const Oid& rows = source.version.rows;
  if (!shape.files_looked_for) load_files(shape);
  for (auto known = shape.versions.begin(); known != shape.versions.end(); ++known) {
    if (known->rows != rows) continue;
    Version found = std::move(*known);
    shape.versions.erase(known);
    shape.versions.push_back(std::move(found));
    return std::optional(shape.versions.back().tree);
  }
  const auto begun = std::chrono::steady_clock::now();
  std::optional<EntryTree> tree;
  const size_t candidates = std::min(shape.versions.size(), kCandidatesMax);
  for (size_t i = 0; i < candidates && !tree; ++i) {
    const Version& from = shape.versions[shape.versions.size() - 1 - i];
    // The last used one is worth more changes, if no scan is cheaper.
    const size_t limit = changes_max.value_or(
        i == 0 ? std::max<size_t>(kNearChangesMax, from.tree.size() / 4) : kNearChangesMax);
    auto edits = edits_between(source, key, from.rows, limit);
    // Older rows may be gone from the store; then this version is no help.
    if (edits && *edits) tree = from.tree.with(**edits, meter_);
  }
  const bool caught_up = tree.has_value();
  if (!tree && changes_max) return std::optional<EntryTree>();
  if (!tree) {
    TRY_ASSIGN(tree, build(source, key));
  }
  {
    const std::lock_guard counting(mutex_);
    ++(caught_up ? stats_.caught_up : stats_.built);
  }
  shape.versions.push_back({rows, std::move(*tree), false});
  if (shape.versions.size() > kVersionsMax) shape.versions.pop_front();
  const bool slow = std::chrono::steady_clock::now() - begun > kSlowBuild;
  const bool too_large =
      memory_bytes() > memory_bytes_max_ && shape.versions.back().tree.size() >= kSavedEntriesMin;
  if (slow || too_large)
    ignore_error(save_version(shape, shape.versions.back()), "the index is there all the same");
  EntryTree result = shape.versions.back().tree;
  if (memory_bytes() > memory_bytes_max_) trim_memory(&shape);
  return std::optional(std::move(result));
}

Result<EntryTree> Indexes::build(const IndexSource& source, const IndexKey& key) {
  const catalog::TableVersion& version = source.version;
  const catalog::TableLineKeys keys(version.table);
  EntryMaker maker(*version.table, key, source.objects);
  EntrySorter sorter(meter_);
  TRY_ASSIGN(tree::Cursor cursor,
             tree::Cursor::open({source.objects, source.cache, keys}, version.rows));
  while (!cursor.at_end()) {
    const tree::Leaf& leaf = *cursor.leaf();
    for (size_t i = 0; i < leaf.size(); ++i) {
      TRY(sorter.add(
          [&](std::string& out) { return maker.append(leaf.line(i), leaf.key(i), out); }));
    }
    TRY(cursor.next_leaf());
  }
  return sorter.finish();
}

Result<std::optional<std::string>> Indexes::holder(const IndexSource& source, size_t which,
                                                   Bytes value) {
  TRY_ASSIGN(const EntryTree tree,
             get(source, index_key(source.version.table->unique_keys[which])));
  EntryWalk walk(tree);
  const std::string prefix = std::string(value) + ' ';
  walk.seek(prefix);
  if (!walk.valid() || !walk.entry().starts_with(prefix)) return std::optional<std::string>();
  return std::optional<std::string>(std::string(walk.entry().substr(prefix.size())));
}

Result<std::optional<std::string>> Indexes::holder(const store::ObjectStore& store,
                                                   const catalog::TableVersion& version,
                                                   size_t which, Bytes value) {
  return holder(IndexSource{store, store.cache(), version}, which, value);
}

Result<void> Indexes::visit_rows(const IndexSource& source, const std::vector<uint16_t>& columns,
                                 Bytes value,
                                 const std::function<Result<bool>(Bytes row_key)>& visit) {
  TRY_ASSIGN(const EntryTree tree, get(source, index_key(columns)));
  EntryWalk walk(tree);
  const std::string prefix = std::string(value) + ' ';
  for (walk.seek(prefix); walk.valid() && walk.entry().starts_with(prefix); walk.next()) {
    TRY_ASSIGN(const bool goes_on, visit(walk.entry().substr(prefix.size())));
    if (!goes_on) break;
  }
  return {};
}

Result<bool> Indexes::contains(const IndexSource& source, const std::vector<uint16_t>& columns,
                               Bytes value) {
  bool found = false;
  TRY(visit_rows(source, columns, value, [&](Bytes) -> Result<bool> {
    found = true;
    return false;
  }));
  return found;
}

Result<void> Indexes::check(const store::ObjectStore& store, const catalog::TableVersion& version) {
  const catalog::TableDef& table = *version.table;
  for (const catalog::UniqueKey& unique : table.unique_keys) {
    TRY_ASSIGN(const EntryTree tree, get({store, store.cache(), version}, index_key(unique)));
    EntryWalk walk(tree);
    std::string before;
    for (walk.move_to(0); walk.valid(); walk.next()) {
      const Bytes value = entry_value(walk.entry());
      if (!before.empty() && value == Bytes(before) && value[0] != kNullLast) {
        const std::string key(entry_row_key(walk.entry()));
        const catalog::TableLineKeys keys(version.table);
        TRY_ASSIGN(const auto found,
                   tree::find_line({store, store.cache(), keys}, version.rows, key));
        if (!found) return damaged_index(table);
        // Rows that share a NULL share nothing.
        TRY_ASSIGN(const auto shared, unique_key_of(table, unique, found->line, store));
        if (shared) return breaks_unique(table, unique);
      }
      before = value;
    }
    if (!table.layout.counted) continue;
    // Equal rows of a table without a primary key share one entry: their count tells.
    const catalog::TableLineKeys keys(version.table);
    TRY(tree::diff_trees({store, store.cache(), keys}, Oid{}, version.rows,
                         [&](const tree::RowDifference& row) -> Result<bool> {
                           TRY_ASSIGN(const auto value,
                                      unique_key_of(table, unique, *row.to, store));
                           if (value && !row.to->starts_with("[1,") && *row.to != "[1]")
                             return breaks_unique(table, unique);
                           return true;
                         }));
  }
  return {};
}

// ---- Files and memory ----

std::vector<Oid> Indexes::rows_in_files(const std::filesystem::path& folder) {
  std::vector<Oid> found;
  const auto names = list_folder(folder);
  if (!names) return found;
  for (const std::string& name : *names) {
    if (const auto rows = rows_of_file(name)) found.push_back(*rows);
  }
  return found;
}

Result<bool> Indexes::file_agrees(const IndexSource& source, const IndexKey& key) {
  const std::string hash = shape_hash(shape_text(*source.version.table, key));
  const auto found = EntryTree::load(folder_ / file_name(hash, source.version.rows), meter_);
  if (!found) return true;
  TRY_ASSIGN(const EntryTree made, build(source, key));
  if (made.size() != found->size()) return false;
  EntryWalk is(*found), should_be(made);
  is.move_to(0);
  for (should_be.move_to(0); should_be.valid(); should_be.next(), is.next()) {
    if (is.entry() != should_be.entry()) return false;
  }
  return true;
}

void Indexes::load_files(Shape& shape) {
  shape.files_looked_for = true;
  if (folder_.empty()) return;
  struct Found {
    std::filesystem::file_time_type time;
    std::filesystem::path path;
    Oid rows;
  };
  std::vector<Found> files;
  std::error_code failed;
  const auto names = list_folder(folder_);
  if (!names) return;
  for (const std::string& file : *names) {
    const auto rows = rows_of_file(file);
    if (!rows || !file.starts_with(shape.hash + "-")) continue;
    if (!is_file(folder_ / file)) continue;
    files.push_back(
        {std::filesystem::last_write_time(folder_ / file, failed), folder_ / file, *rows});
  }
  std::sort(files.begin(), files.end(),
            [](const Found& a, const Found& b) { return a.time < b.time; });
  for (const Found& file : files) {
    std::optional<EntryTree> tree = EntryTree::load(file.path, meter_);
    if (!tree) {
      ignore_error(remove_file(file.path), "it is not read either");
      continue;
    }
    shape.versions.push_back({file.rows, std::move(*tree), true});
    const std::lock_guard counting(mutex_);
    ++stats_.loaded;
  }
}

// Requires: the shape's lock. Afterwards the version reads from its file.
Result<void> Indexes::save_version(Shape& shape, Version& version) {
  if (folder_.empty() || version.in_file) return {};
  const std::filesystem::path file = folder_ / file_name(shape.hash, version.rows);
  TRY(version.tree.save(file));
  version.in_file = true;
  {
    const std::lock_guard counting(mutex_);
    ++stats_.saved;
  }
  if (std::optional<EntryTree> mapped = EntryTree::load(file, meter_))
    version.tree = std::move(*mapped);
  trim_files();
  return {};
}

// A few files a shape, and all within their budget; the oldest go.
void Indexes::trim_files() {
  struct Found {
    std::filesystem::file_time_type time;
    std::filesystem::path path;
    uint64_t bytes = 0;
  };
  std::vector<Found> files;
  std::error_code failed;
  const auto names = list_folder(folder_);
  if (!names) return;
  for (const std::string& name : *names) {
    const std::filesystem::path file = folder_ / name;
    if (!name.ends_with(kFileEnding) || !is_file(file)) continue;
    files.push_back({std::filesystem::last_write_time(file, failed), file,
                     std::filesystem::file_size(file, failed)});
  }
  std::sort(files.begin(), files.end(),
            [](const Found& a, const Found& b) { return a.time > b.time; });
  std::unordered_map<std::string, size_t> of_shape;
  uint64_t bytes = 0;
  for (const Found& file : files) {
    const std::string name = file.path.filename().string();
    bytes += file.bytes;
    if (++of_shape[name.substr(0, name.find('-'))] > kFilesOfShapeMax ||
        bytes > kIndexFilesBytesMax) {
      ignore_error(remove_file(file.path), "the next one tries again");
      bytes -= file.bytes;
    }
  }
}

// Gives up versions until memory is within its budget: of the shapes used longest ago first, and
// all but the newest of `in_use`.
void Indexes::trim_memory(const Shape* in_use) {
  const std::lock_guard lock(mutex_);
  for (auto shape = shapes_.rbegin(); shape != shapes_.rend() && memory_bytes() > memory_bytes_max_;
       ++shape) {
    if (shape->get() == in_use) continue;
    const std::unique_lock other((*shape)->mutex, std::try_to_lock);
    if (!other.owns_lock()) continue;
    while (!(*shape)->versions.empty() && memory_bytes() > memory_bytes_max_)
      (*shape)->versions.pop_front();
  }
  for (const std::shared_ptr<Shape>& shape : shapes_) {
    if (shape.get() != in_use) continue;
    while (shape->versions.size() > 1 && memory_bytes() > memory_bytes_max_)
      shape->versions.pop_front();
  }
}

Result<void> Indexes::save() {
  if (folder_.empty()) return {};
  std::vector<std::shared_ptr<Shape>> shapes;
  {
    const std::lock_guard lock(mutex_);
    shapes.assign(shapes_.begin(), shapes_.end());
  }
  for (const std::shared_ptr<Shape>& shape : shapes) {
    const std::lock_guard lock(shape->mutex);
    if (shape->versions.empty() || shape->versions.back().tree.size() < kSavedEntriesMin) continue;
    TRY(save_version(*shape, shape->versions.back()));
  }
  return {};
}

}  // namespace rowan::derived
