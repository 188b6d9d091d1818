// Indexes: which rows of a table hold a value: behind UNIQUE constraints, CREATE INDEX and foreign
// keys.
//
// An index is an EntryTree: for each row one entry, "<encoded columns> <encoded row key>". It
// belongs to a rows tree (by its id) and to a shape (the columns' slots, types and directions), so
// it is never stale. One that is not there is caught up from the nearest that is, by a tree diff,
// or built by a scan. Indexes live in memory within a budget; what took long to build is kept in a
// file as well.
//
// Threads: any. An index is made by one thread at a time; what was given out is immutable.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/oid.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/table.h"
#include "derived/entry_tree.h"
#include "store/object_store.h"
#include "type/value.h"

namespace rowan::derived {

// The columns of an index, in order.
struct IndexKey {
  std::vector<catalog::IndexColumnDef> columns;
};
IndexKey index_key(const catalog::UniqueKey& unique);  // Ascending, NULLs last.
IndexKey index_key(const catalog::IndexDef& index);
IndexKey index_key(const std::vector<uint16_t>& columns);

// Appends what entries hold for a value of an index column. In ascending entries, so that with
// NULLs first or last and DESC the entries' byte order is the index's order. For an ascending
// column and a value that is not NULL it is type::append_key's encoding.
Result<void> append_index_value(const catalog::IndexColumnDef& column, const type::Value& value,
                                std::string& out);

// The entry of a row. `line` is as stored (or counted), `row_key` its encoded key.
Result<std::string> index_entry(const catalog::TableDef& table, const IndexKey& key, Bytes line,
                                Bytes row_key, const store::ObjectReader& objects);
inline Bytes entry_row_key(Bytes entry) { return entry.substr(entry.find(' ') + 1); }
inline Bytes entry_value(Bytes entry) { return entry.substr(0, entry.find(' ')); }

// Bounds of entries: all that begin with `prefix` lie in [prefix, after(prefix)).
inline std::string after_prefix(Bytes prefix) { return std::string(prefix) + '\xff'; }

// The encoded value of a unique key in a row: nothing when a column is NULL (it then equals
// nothing). kProgramLimit above kUniqueKeyBytesMax.
inline constexpr size_t kUniqueKeyBytesMax = 8191;
Result<std::optional<std::string>> unique_key_of(const catalog::TableDef& table,
                                                 const catalog::UniqueKey& unique, Bytes line,
                                                 const store::ObjectReader& objects);
// The same over any columns; no limit of bytes. For foreign keys: equal values of child and parent
// have equal encodings when the columns' types do (integers of any width; text and varchar).
Result<std::optional<std::string>> columns_key_of(const catalog::TableDef& table,
                                                  const std::vector<uint16_t>& columns, Bytes line,
                                                  const store::ObjectReader& objects);

// An index says what its rows do not: its file was not written by us. kCorruption.
Error damaged_index(const catalog::TableDef& table);

// What an index is made from: the rows of `version`, read through `objects`.
struct IndexSource {
  const store::ObjectReader& objects;
  store::NodeCache& cache;
  const catalog::TableVersion& version;
};

inline constexpr size_t kIndexMemoryBytesMax =
    512u << 20;  // All indexes in memory together; the ones in use may pass it.
inline constexpr uint64_t kIndexFilesBytesMax = 2ull << 30;  // Of all files; the oldest go first.

class Indexes {
 public:
  // Files go into `folder`; empty: memory only.
  explicit Indexes(std::filesystem::path folder = {},
                   size_t memory_bytes_max = kIndexMemoryBytesMax);
  ~Indexes();

  // The index of the rows of a table version, whatever it costs to make.
  Result<EntryTree> get(const IndexSource& source, const IndexKey& key);
  // The same when it is there or at most `changes_max` changed rows away from one that is.
  Result<std::optional<EntryTree>> find(const IndexSource& source, const IndexKey& key,
                                        size_t changes_max);

  // The key of the row that holds `value` under the table's `which`th unique key (as unique_key_of
  // gives it).
  Result<std::optional<std::string>> holder(const IndexSource& source, size_t which, Bytes value);
  Result<std::optional<std::string>> holder(const store::ObjectStore& store,
                                            const catalog::TableVersion& version, size_t which,
                                            Bytes value);
  // Whether any row has these values in these columns (as columns_key_of gives them), and the keys
  // of such rows in order until `visit` gives false. The columns need no index of their own: one is
  // made.
  Result<bool> contains(const IndexSource& source, const std::vector<uint16_t>& columns,
                        Bytes value);
  Result<void> visit_rows(const IndexSource& source, const std::vector<uint16_t>& columns,
                          Bytes value, const std::function<Result<bool>(Bytes row_key)>& visit);
  // Whether every unique key of the table holds in `version`: what `rowan check` and imports ask.
  // kUniqueViolation names it.
  Result<void> check(const store::ObjectStore& store, const catalog::TableVersion& version);

  // Whether the file of this index, if there is one that is whole, says what the rows say: for `rowan
  // check`. Makes the index once more.
  Result<bool> file_agrees(const IndexSource& source, const IndexKey& key);
  // The rows trees that have files in `folder`, of whatever index.
  static std::vector<Oid> rows_in_files(const std::filesystem::path& folder);

  // Writes large indexes that have no file yet. Failing is harmless: kIoError is for the log.
  Result<void> save();
  size_t memory_bytes() const { return meter_->load(std::memory_order_relaxed); }
  // Makings since open: for tests.
  struct Stats {
    uint64_t built = 0, caught_up = 0, loaded = 0, saved = 0;
  };
  Stats stats() const;

 private:
  struct Shape;
  struct Version {
    Oid rows;
    EntryTree tree;
    bool in_file = false;
  };
  std::shared_ptr<Shape> shape_of(const catalog::TableDef& table, const IndexKey& key);
  Result<std::optional<EntryTree>> make(Shape& shape, const IndexSource& source,
                                        const IndexKey& key, std::optional<size_t> changes_max);
  Result<EntryTree> build(const IndexSource& source, const IndexKey& key);
  void load_files(Shape& shape);
  Result<void> save_version(Shape& shape, Version& version);
  void trim_files();
  void trim_memory(const Shape* in_use);

  const std::filesystem::path folder_;
  const size_t memory_bytes_max_;
  const EntryMeter meter_;
  mutable std::mutex mutex_;                  // Guards what follows.
  std::list<std::shared_ptr<Shape>> shapes_;  // Last used first.
  std::unordered_map<std::string, std::list<std::shared_ptr<Shape>>::iterator> by_name_;
  Stats stats_;
};

using UniqueIndexes = Indexes;

}  // namespace rowan::derived
