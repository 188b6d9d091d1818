#include "catalog/catalog.h"

#include <algorithm>
#include <map>

#include "base/hash.h"
#include "catalog/format_file.h"
#include "catalog/paths.h"
#include "sql/parser.h"
#include "store/node_cache.h"
#include "type/key_codec.h"

namespace rowan::catalog {

using sql::ObjectKind;
namespace {

constexpr std::string_view kAttributesFile = ".gitattributes";
constexpr std::string_view kAttributesText = "* -text\n*.jsonl diff=rowan merge=rowan\n";
constexpr std::string_view kSchemaFile = "schema.sql";
constexpr std::string_view kTableFile = "table.sql";
constexpr std::string_view kViewFile = "view.sql";
constexpr std::string_view kMaterializedViewFile = "matview.sql";
constexpr std::string_view kSequenceFile = "sequence.json";
constexpr uint64_t kCachedViewKind = 0x7669657764656621;   // "viewdef!"
constexpr uint64_t kCachedNamesKind = 0x6b65796e616d6573;  // "keynames"
constexpr uint64_t kCachedTableKind = 0x7461626c65646566;  // "tabledef"

// A definition in the node cache, by its blob's id. Blob and name go together: the name is part of
// the cache's kind, since hand-edited text may leave the schema out and so be equal for two tables.
class CachedTable final : public store::CachedNode {
 public:
  explicit CachedTable(std::shared_ptr<const TableDef> table, size_t bytes)
      : table_(std::move(table)), bytes_(bytes) {}
  const std::shared_ptr<const TableDef>& table() const { return table_; }
  size_t memory_bytes() const override { return bytes_; }

 private:
  std::shared_ptr<const TableDef> table_;
  size_t bytes_;
};

// A view's definition, as CachedTable.
class CachedView final : public store::CachedNode {
 public:
  explicit CachedView(std::shared_ptr<const ViewDef> view, size_t bytes)
      : view_(std::move(view)), bytes_(bytes) {}
  const std::shared_ptr<const ViewDef>& view() const { return view_; }
  size_t memory_bytes() const override { return bytes_; }

 private:
  std::shared_ptr<const ViewDef> view_;
  size_t bytes_;
};

Error undefined_schema(std::string_view schema) {
  return Error(ErrorCode::kInvalidSchemaName,
               "schema \"" + std::string(schema) + "\" does not exist");
}

Result<std::shared_ptr<const TableDef>> read_table(const store::ObjectReader& objects,
                                                   store::NodeCache& cache, const Oid& blob,
                                                   std::string_view schema, std::string_view name) {
  const uint64_t kind = hash64(std::string(schema) + '\0' + std::string(name), kCachedTableKind);
  const auto build = [&]() -> Result<std::shared_ptr<const CachedTable>> {
    TRY_ASSIGN(const store::ObjectRef object, objects.read(blob));
    if (object.type != store::ObjectType::kBlob)
      return Error(ErrorCode::kInvalidContent, "table.sql is no file");
    TRY_ASSIGN(TableDef made, table_from_sql(object.bytes, schema, name));
    const size_t bytes = sizeof(TableDef) + object.bytes.size() +
                         made.columns.size() * (sizeof(ColumnDef) + sizeof(type::Slot));
    return std::make_shared<const CachedTable>(std::make_shared<const TableDef>(std::move(made)),
                                               bytes);
  };
  TRY_ASSIGN(const std::shared_ptr<const CachedTable> cached,
             cache.get<CachedTable>(blob, kind, build));
  return cached->table();
}

// What a folder of a schema holds, by the one file that defines it.
sql::ObjectKind kind_of(const tree::GitTree& folder) {
  using Kind = ObjectKind;
  const std::pair<std::string_view, Kind> files[] = {
      {kTableFile, Kind::kTable},
      {kViewFile, Kind::kView},
      {kMaterializedViewFile, Kind::kMaterializedView},
      {kSequenceFile, Kind::kSequence}};
  for (const auto& [file, kind] : files) {
    const tree::TreeEntry* entry = folder.find(file);
    if (entry != nullptr && !entry->is_tree()) return kind;
  }
  return Kind::kNone;
}

// Git's order: a folder's name compares as if it ended in a slash.
bool comes_before(const tree::TreeEntry& a, const tree::TreeEntry& b) {
  const size_t shared = std::min(a.name.size(), b.name.size());
  if (const int order = a.name.substr(0, shared).compare(b.name.substr(0, shared)); order != 0)
    return order < 0;
  const auto next = [&](const tree::TreeEntry& entry) {
    return entry.name.size() > shared ? static_cast<unsigned char>(entry.name[shared])
           : entry.is_tree()          ? static_cast<unsigned char>('/')
                                      : 0;
  };
  return next(a) < next(b);
}

// The names of a table's keys and indexes.
std::vector<std::string_view> key_names_of(const TableDef& table) {
  std::vector<std::string_view> names;
  if (!table.primary_key.empty()) names.push_back(table.primary_key_name);
  for (const UniqueKey& key : table.unique_keys) names.push_back(key.name);
  for (const IndexDef& index : table.indexes) names.push_back(index.name);
  return names;
}

}  // namespace

// The tables that have an index or a key of each name, for one version of a schema's folder. Of a
// version that follows another one only what differs is kept, over what the names are made from: a
// transaction that defines many things makes many versions.
class CachedKeyNames final : public store::CachedNode {
 public:
  using Names = std::map<std::string, std::string, std::less<>>;

  explicit CachedKeyNames(Names names) : whole_(std::make_shared<const Names>(std::move(names))) {
    bytes_ += bytes_of(*whole_);
  }
  CachedKeyNames(const CachedKeyNames& before, Names changed)
      : whole_(before.whole_), changed_(before.changed_) {
    for (auto& [index, table] : changed) changed_.insert_or_assign(index, std::move(table));
    if (changed_.size() > kChangedMax) {
      Names all = *whole_;
      for (auto& [index, table] : changed_) {
        if (table.empty()) {
          all.erase(index);
        } else {
          all.insert_or_assign(index, std::move(table));
        }
      }
      changed_.clear();
      whole_ = std::make_shared<const Names>(std::move(all));
      bytes_ += bytes_of(*whole_);
    }
    bytes_ += bytes_of(changed_);
  }

  // Empty: none.
  std::string_view table_of(std::string_view index) const {
    if (const auto found = changed_.find(index); found != changed_.end()) return found->second;
    const auto found = whole_->find(index);
    return found == whole_->end() ? std::string_view() : std::string_view(found->second);
  }
  size_t memory_bytes() const override { return bytes_; }

 private:
  static constexpr size_t kChangedMax = 128;

  static size_t bytes_of(const Names& names) {
    size_t bytes = 0;
    for (const auto& [index, table] : names) bytes += 96 + index.size() + table.size();
    return bytes;
  }

  std::shared_ptr<const Names> whole_;
  Names changed_;  // An empty table: nothing has the name any more.
  size_t bytes_ = sizeof(CachedKeyNames);
};

std::string schema_sql(std::string_view schema) {
  return "CREATE SCHEMA " + sql::quote_ident(schema) + ";\n";
}

std::string schema_path(std::string_view schema) { return type::encode_name(schema); }

Result<std::vector<std::string>> Catalog::schemas() const {
  std::vector<std::string> names;
  TRY_ASSIGN(const auto tree, tree::GitTree::read(objects_, cache_, root_));
  for (const tree::TreeEntry& entry : tree->entries()) {
    if (!entry.is_tree() || classify_path(entry.name, true) != PathKind::kSchema) continue;
    TRY_ASSIGN(std::string name, type::decode_name(entry.name));
    names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<bool> Catalog::has_schema(std::string_view schema) const {
  if (schema.empty()) return false;
  TRY_ASSIGN(const auto entry, tree::find_path(objects_, cache_, root_, schema_path(schema)));
  return entry && entry->is_tree();
}

Result<std::vector<std::string>> Catalog::names_of(
    std::string_view schema, std::initializer_list<ObjectKind> kinds) const {
  if (schema.empty()) return undefined_schema(schema);
  TRY_ASSIGN(const auto folder, tree::find_path(objects_, cache_, root_, schema_path(schema)));
  if (!folder || !folder->is_tree()) return undefined_schema(schema);
  std::vector<std::string> names;
  TRY_ASSIGN(const auto tree, tree::GitTree::read(objects_, cache_, folder->id));
  for (const tree::TreeEntry& entry : tree->entries()) {
    if (!entry.is_tree()) continue;
    TRY_ASSIGN(const auto object, tree::GitTree::read(objects_, cache_, entry.id));
    if (std::find(kinds.begin(), kinds.end(), kind_of(*object)) == kinds.end()) continue;
    TRY_ASSIGN(std::string name, type::decode_name(entry.name));
    names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<std::string>> Catalog::tables(std::string_view schema) const {
  return names_of(schema, {ObjectKind::kTable});
}

Result<std::vector<std::string>> Catalog::views(std::string_view schema) const {
  return names_of(schema, {ObjectKind::kView, ObjectKind::kMaterializedView});
}

Result<std::vector<std::string>> Catalog::sequences(std::string_view schema) const {
  return names_of(schema, {ObjectKind::kSequence});
}

Result<std::shared_ptr<const tree::GitTree>> Catalog::folder_of(std::string_view schema,
                                                                std::string_view name) const {
  if (schema.empty() || name.empty()) return std::shared_ptr<const tree::GitTree>();
  const std::string path = schema_path(schema) + "/" + type::encode_name(name);
  TRY_ASSIGN(const auto folder, tree::find_path(objects_, cache_, root_, path));
  if (!folder || !folder->is_tree()) return std::shared_ptr<const tree::GitTree>();
  return tree::GitTree::read(objects_, cache_, folder->id);
}

Result<std::string> Catalog::schema_of(std::span<const std::string> path,
                                       std::string_view name) const {
  std::string first_there;
  for (const std::string& schema : path) {
    TRY_ASSIGN(const bool there, has_schema(schema));
    if (!there) continue;
    if (first_there.empty()) first_there = schema;
    if (name.empty()) break;
    TRY_ASSIGN(const ObjectKind kind, find_relation(schema, name));
    if (kind != ObjectKind::kNone) return schema;
  }
  if (!first_there.empty()) return first_there;
  return path.empty() ? std::string(kDefaultSchema) : path.front();
}

Result<sql::ObjectKind> Catalog::find_relation(std::string_view schema,
                                                     std::string_view name) const {
  TRY_ASSIGN(const auto folder, folder_of(schema, name));
  if (folder != nullptr) {
    if (const ObjectKind kind = kind_of(*folder); kind != ObjectKind::kNone) return kind;
  }
  TRY_ASSIGN(const std::optional<std::string> table, table_of_index(schema, name));
  return table ? ObjectKind::kIndex : ObjectKind::kNone;
}

// Goes through the entries of both folders once, and reads the tables that differ.
Result<std::shared_ptr<const CachedKeyNames>> Catalog::key_names_after(
    std::string_view schema, const std::shared_ptr<const CachedKeyNames>& known,
    const tree::GitTree& from, const tree::GitTree& to) const {
  constexpr size_t kDifferencesMax = 16;
  CachedKeyNames::Names changed;
  size_t differences = 0;
  // The table in an entry's folder, if one is there.
  const auto table_in = [&](const tree::TreeEntry& entry) -> Result<std::shared_ptr<const TableDef>> {
    if (!entry.is_tree()) return std::shared_ptr<const TableDef>();
    TRY_ASSIGN(const auto folder, tree::GitTree::read(objects_, cache_, entry.id));
    const tree::TreeEntry* const definition = folder->find(kTableFile);
    if (definition == nullptr || definition->is_tree()) return std::shared_ptr<const TableDef>();
    TRY_ASSIGN(const std::string name, type::decode_name(entry.name));
    return read_table(objects_, cache_, definition->id, schema, name);
  };
  bool is_clear = true;  // No name has two owners: then the order in which they are read is nothing.
  const auto take = [&](const tree::TreeEntry& entry, bool is_there) -> Result<void> {
    TRY_ASSIGN(const auto table, table_in(entry));
    if (table == nullptr) return {};
    for (const std::string_view name : key_names_of(*table)) {
      const auto mine = changed.find(name);
      const std::string_view owner = mine != changed.end() ? std::string_view(mine->second)
                                                           : known->table_of(name);
      is_clear = is_clear && (is_there ? owner.empty() : owner == table->name);
      changed.insert_or_assign(std::string(name), is_there ? table->name : std::string());
    }
    return {};
  };
  std::vector<const tree::TreeEntry*> added;
  auto is = from.entries().begin();
  for (const tree::TreeEntry& entry : to.entries()) {
    while (is != from.entries().end() && comes_before(*is, entry)) {
      if (++differences > kDifferencesMax) return std::shared_ptr<const CachedKeyNames>();
      TRY(take(*is++, false));
    }
    const bool is_same_name = is != from.entries().end() && !comes_before(entry, *is);
    if (is_same_name && is->id == entry.id) {
      ++is;
      continue;
    }
    if (++differences > kDifferencesMax) return std::shared_ptr<const CachedKeyNames>();
    if (is_same_name) TRY(take(*is++, false));
    added.push_back(&entry);
  }
  for (; is != from.entries().end(); ++is) {
    if (++differences > kDifferencesMax) return std::shared_ptr<const CachedKeyNames>();
    TRY(take(*is, false));
  }
  for (const tree::TreeEntry* entry : added) TRY(take(*entry, true));
  if (!is_clear) return std::shared_ptr<const CachedKeyNames>();
  return std::make_shared<const CachedKeyNames>(*known, std::move(changed));
}

Result<std::shared_ptr<const CachedKeyNames>> Catalog::key_names(std::string_view schema,
                                                                 const Oid& folder) const {
  const uint64_t kind = hash64(schema, kCachedNamesKind);
  const auto build = [&]() -> Result<std::shared_ptr<const CachedKeyNames>> {
    if (!before_.is_zero()) {
      TRY_ASSIGN(const auto before,
                 tree::find_path(objects_, cache_, before_, schema_path(schema)));
      const auto known = before && before->is_tree()
                             ? std::static_pointer_cast<const CachedKeyNames>(
                                   cache_.find(before->id, kind))
                             : nullptr;
      if (known != nullptr) {
        TRY_ASSIGN(const auto from, tree::GitTree::read(objects_, cache_, before->id));
        TRY_ASSIGN(const auto to, tree::GitTree::read(objects_, cache_, folder));
        TRY_ASSIGN(auto made, key_names_after(schema, known, *from, *to));
        if (made != nullptr) {
          cache_.supersede(before->id, kind);
          return made;
        }
      }
    }
    CachedKeyNames::Names names;
    TRY_ASSIGN(const std::vector<std::string> tables, this->tables(schema));
    for (const std::string& each : tables) {
      TRY_ASSIGN(const std::optional<TableVersion> version, find_table(schema, each));
      if (!version) continue;
      for (const std::string_view name : key_names_of(*version->table))
        names.emplace(std::string(name), each);
    }
    return std::make_shared<const CachedKeyNames>(std::move(names));
  };
  return cache_.get<CachedKeyNames>(folder, kind, build);
}

Result<std::optional<std::string>> Catalog::table_of_index(std::string_view schema,
                                                           std::string_view name) const {
  if (schema.empty() || name.empty()) return std::optional<std::string>();
  TRY_ASSIGN(const auto folder, tree::find_path(objects_, cache_, root_, schema_path(schema)));
  if (!folder || !folder->is_tree()) return std::optional<std::string>();
  TRY_ASSIGN(const std::shared_ptr<const CachedKeyNames> cached, key_names(schema, folder->id));
  const std::string_view table = cached->table_of(name);
  return table.empty() ? std::optional<std::string>() : std::optional<std::string>(table);
}

Result<std::optional<TableVersion>> Catalog::find_index(std::string_view schema,
                                                        std::string_view name) const {
  TRY_ASSIGN(const std::optional<std::string> table, table_of_index(schema, name));
  if (!table) return std::optional<TableVersion>();
  return find_table(schema, *table);
}

Result<std::shared_ptr<const ViewDef>> Catalog::find_view(std::string_view schema,
                                                          std::string_view name) const {
  TRY_ASSIGN(const auto folder, folder_of(schema, name));
  if (folder == nullptr || kind_of(*folder) == ObjectKind::kTable)
    return std::shared_ptr<const ViewDef>();
  const tree::TreeEntry* file = folder->find(kViewFile);
  const bool materialized = file == nullptr;
  if (materialized) file = folder->find(kMaterializedViewFile);
  if (file == nullptr || file->is_tree()) return std::shared_ptr<const ViewDef>();
  const auto build = [&]() -> Result<std::shared_ptr<const CachedView>> {
    TRY_ASSIGN(const store::ObjectRef object, objects_.read(file->id));
    TRY_ASSIGN(ViewDef view, view_from_sql(object.bytes, schema, name));
    if (view.materialized() != materialized) {
      return Error(ErrorCode::kInvalidContent,
                   "view " + qualified(schema, name) +
                       ": a materialised view stands in matview.sql, any other in view.sql");
    }
    const size_t bytes =
        sizeof(ViewDef) + 2 * object.bytes.size() + view.columns.size() * sizeof(ColumnDef);
    return std::make_shared<const CachedView>(std::make_shared<const ViewDef>(std::move(view)),
                                              bytes);
  };
  const uint64_t kind = hash64(std::string(schema) + '\0' + std::string(name), kCachedViewKind);
  TRY_ASSIGN(const std::shared_ptr<const CachedView> cached,
             cache_.get<CachedView>(file->id, kind, build));
  return cached->view();
}

Result<TableVersion> Catalog::materialized_rows(const ViewDef& view) const {
  TRY_ASSIGN(const auto folder, folder_of(view.schema, view.name));
  if (folder == nullptr || !view.materialized()) {
    return Error(ErrorCode::kUndefinedTable,
                 "materialized view \"" + view.name + "\" does not exist");
  }
  TableVersion version;
  version.table = view.stored;
  if (const tree::TreeEntry* rows = folder->find("rows"); rows != nullptr && rows->is_tree())
    version.rows = rows->id;
  if (const tree::TreeEntry* large = folder->find("large"); large != nullptr && large->is_tree())
    version.large = large->id;
  return version;
}

Result<std::optional<SequenceDef>> Catalog::find_sequence(std::string_view schema,
                                                          std::string_view name) const {
  TRY_ASSIGN(const auto folder, folder_of(schema, name));
  const tree::TreeEntry* file = folder == nullptr ? nullptr : folder->find(kSequenceFile);
  if (file == nullptr || file->is_tree()) return std::optional<SequenceDef>();
  TRY_ASSIGN(const store::ObjectRef object, objects_.read(file->id));
  TRY_ASSIGN(SequenceDef sequence, sequence_from_json(object.bytes, schema, name));
  return std::optional<SequenceDef>(std::move(sequence));
}

Result<std::optional<TableVersion>> Catalog::find_table(std::string_view schema,
                                                        std::string_view name) const {
  TRY_ASSIGN(const auto tree, folder_of(schema, name));
  if (tree == nullptr) return std::optional<TableVersion>();
  const tree::TreeEntry* definition = tree->find(kTableFile);
  if (definition == nullptr || definition->is_tree()) return std::optional<TableVersion>();
  TableVersion version;
  TRY_ASSIGN(version.table, read_table(objects_, cache_, definition->id, schema, name));
  if (const tree::TreeEntry* rows = tree->find("rows"); rows != nullptr && rows->is_tree())
    version.rows = rows->id;
  if (const tree::TreeEntry* large = tree->find("large"); large != nullptr && large->is_tree())
    version.large = large->id;
  return std::optional<TableVersion>(std::move(version));
}

Result<TableVersion> Catalog::get_table(std::string_view schema, std::string_view name) const {
  TRY_ASSIGN(std::optional<TableVersion> found, find_table(schema, name));
  if (found) return std::move(*found);
  TRY_ASSIGN(const bool known, has_schema(schema));
  if (!known) return undefined_schema(schema);
  const std::string shown =
      schema == kDefaultSchema ? std::string(name) : std::string(schema) + "." + std::string(name);
  return Error(ErrorCode::kUndefinedTable, "relation \"" + shown + "\" does not exist");
}

Result<Oid> write_initial_tree(store::PendingObjects& objects) {
  const auto blob = [&](std::string_view text) {
    return objects.add(store::ObjectType::kBlob, std::string(text));
  };
  std::string schema;
  tree::append_entry(schema, tree::kModeBlob, kSchemaFile, blob(schema_sql(kDefaultSchema)));
  const Oid schema_id = objects.add(store::ObjectType::kTree, std::move(schema));
  std::string root;  // In Git's order.
  tree::append_entry(root, tree::kModeBlob, kAttributesFile, blob(kAttributesText));
  tree::append_entry(root, tree::kModeTree, schema_path(kDefaultSchema), schema_id);
  tree::append_entry(root, tree::kModeBlob, kFormatFile, blob(format_text({})));
  return objects.add(store::ObjectType::kTree, std::move(root));
}

}  // namespace rowan::catalog
