#include "txn/tree_changes.h"

#include <charconv>
#include <map>
#include <string>

#include "catalog/catalog.h"
#include "catalog/paths.h"
#include "derived/history_index.h"
#include "tree/git_tree.h"
#include "tree/row_tree.h"
#include "type/key_codec.h"

namespace rowan::txn {

namespace {

constexpr std::string_view kSequenceFile = "sequence.json";
constexpr size_t kWalkedRowsMax = 1u << 19;  // Past this a row count is not worth the walk.

// The rows that a line stands for: its first element in a table without a primary key.
int64_t rows_of(const std::optional<Bytes>& line, bool counted) {
  if (!line) return 0;
  int64_t count = 1;
  if (counted) std::from_chars(line->data() + 1, line->data() + line->size(), count);
  return count;
}

class Walk {
 public:
  Walk(const store::ObjectReader& objects, store::NodeCache& cache)
      : objects_(objects), cache_(cache) {}

  // Entries of two folders by name; a zero id where one side has none.
  struct Pair {
    Oid from, to;
    bool is_tree = false;
  };
  Result<std::map<std::string, Pair>> differing(const Oid& from, const Oid& to) const {
    std::map<std::string, Pair> pairs;
    for (const bool first : {true, false}) {
      const Oid& id = first ? from : to;
      if (id.is_zero()) continue;
      TRY_ASSIGN(const auto tree, tree::GitTree::read(objects_, cache_, id));
      for (const tree::TreeEntry& entry : tree->entries()) {
        Pair& pair = pairs[std::string(entry.name)];
        (first ? pair.from : pair.to) = entry.id;
        pair.is_tree = pair.is_tree || entry.is_tree();
      }
    }
    std::erase_if(pairs, [](const auto& item) { return item.second.from == item.second.to; });
    return pairs;
  }

  Result<void> table(const std::string& path, const Pair& folder) {
    TRY_ASSIGN(const auto parts, differing(folder.from, folder.to));
    const auto rows = parts.find("rows");
    for (const auto& [name, part] : parts) {
      const bool touches_no_row =
          name == "large" || name == kSequenceFile || name == catalog::kReadmeFile;
      if (name != "rows" && !touches_no_row) many();
    }
    if (rows == parts.end()) return {};
    TRY_ASSIGN(const auto definition, definition_of(path, folder.to));
    if (definition == nullptr || parts.contains("table.sql")) return {};
    return diff_rows(path, definition, rows->second.from, rows->second.to);
  }

  void many() { changes_.hashes.resize(derived::kChangesMax + 1); }
  TreeChanges take() { return std::move(changes_); }

 private:
  Result<std::shared_ptr<const catalog::TableDef>> definition_of(const std::string& path,
                                                                 const Oid& folder) const {
    std::shared_ptr<const catalog::TableDef> none;
    if (folder.is_zero()) return none;
    TRY_ASSIGN(const auto entry, tree::find_path(objects_, cache_, folder, "table.sql"));
    const size_t slash = path.find('/');
    const auto schema = type::decode_name(std::string_view(path).substr(0, slash));
    const auto name = type::decode_name(std::string_view(path).substr(slash + 1));
    if (!entry || !schema || !name) return none;
    TRY_ASSIGN(const store::ObjectRef text, objects_.read(entry->id));
    TRY_ASSIGN(catalog::TableDef table, catalog::table_from_sql(text.bytes, *schema, *name));
    return std::make_shared<const catalog::TableDef>(std::move(table));
  }

  Result<void> diff_rows(const std::string& path,
                         const std::shared_ptr<const catalog::TableDef>& table, const Oid& from,
                         const Oid& to) {
    const catalog::TableLineKeys keys(table);
    std::vector<uint32_t>& hashes = changes_.hashes;
    const auto note = [&](uint32_t hash) {
      if (hashes.size() <= derived::kChangesMax) hashes.push_back(hash);
    };
    note(derived::change_hash(path, {}));
    size_t walked = 0;
    int64_t delta = 0;
    TRY(tree::diff_trees(
        {objects_, cache_, keys}, from, to, [&](const tree::RowDifference& row) -> Result<bool> {
          note(derived::change_hash(path, row.key));
          delta +=
              rows_of(row.to, table->layout.counted) - rows_of(row.from, table->layout.counted);
          return ++walked < kWalkedRowsMax;
        }));
    if (walked < kWalkedRowsMax) changes_.rows.push_back({from, to, delta});
    return {};
  }

  const store::ObjectReader& objects_;
  store::NodeCache& cache_;
  TreeChanges changes_;
};

}  // namespace

Result<TreeChanges> tree_changes(const store::ObjectReader& objects, store::NodeCache& cache,
                                 const Oid& from, const Oid& to) {
  Walk walk(objects, cache);
  TRY_ASSIGN(const auto schemas, walk.differing(from, to));
  for (const auto& [schema, folder] : schemas) {
    if (catalog::is_passive(schema, folder.is_tree)) continue;  // No row is touched.
    if (!folder.is_tree) {
      walk.many();
      continue;
    }
    TRY_ASSIGN(const auto entries, walk.differing(folder.from, folder.to));
    for (const auto& [name, entry] : entries) {
      if (catalog::is_passive(schema + "/" + name, entry.is_tree)) continue;
      // A definition that came, went or changed may touch any row.
      if (!entry.is_tree || entry.from.is_zero() || entry.to.is_zero()) {
        walk.many();
      } else {
        TRY(walk.table(schema + "/" + name, entry));
      }
    }
  }
  return walk.take();
}

}  // namespace rowan::txn
