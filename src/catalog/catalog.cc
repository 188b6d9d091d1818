#include "catalog/catalog.h"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "base/hash.h"
#include "base/limits.h"
#include "sql/parser.h"
#include "store/node_cache.h"
#include "type/key_codec.h"

namespace rowan::catalog {
namespace {

constexpr std::string_view kFormatFile = "rowan.json";
constexpr std::string_view kFormatText = "{\"format\":1}\n";
constexpr std::string_view kAttributesFile = ".gitattributes";
constexpr std::string_view kAttributesText = "* -text\n*.jsonl diff=rowan merge=rowan\n";
constexpr std::string_view kSchemaFile = "schema.sql";
constexpr std::string_view kTableFile = "table.sql";
constexpr uint64_t kCachedTableKind = 0x7461626c65646566;   // "tabledef"

// A definition in the node cache, by its blob's id. Blob and name go together: the name is part of the cache's kind, since
// hand-edited text may leave the schema out and so be equal for two tables.
class CachedTable final : public store::CachedNode {
 public:
  explicit CachedTable(std::shared_ptr<const TableDef> table, size_t bytes) : table_(std::move(table)), bytes_(bytes) {}
  const std::shared_ptr<const TableDef>& table() const { return table_; }
  size_t memory_bytes() const override { return bytes_; }

 private:
  std::shared_ptr<const TableDef> table_;
  size_t bytes_;
};

Error undefined_schema(std::string_view schema) {
  return Error(ErrorCode::kInvalidSchemaName, "schema \"" + std::string(schema) + "\" does not exist");
}

Result<std::shared_ptr<const TableDef>> read_table(const store::ObjectReader& objects, store::NodeCache& cache, const Oid& blob,
                                                   std::string_view schema, std::string_view name) {
  const uint64_t kind = hash64(std::string(schema) + '\0' + std::string(name), kCachedTableKind);
  const auto build = [&]() -> Result<std::shared_ptr<const CachedTable>> {
    TRY_ASSIGN(const store::ObjectRef object, objects.read(blob));
    if (object.type != store::ObjectType::kBlob) return Error(ErrorCode::kInvalidContent, "table.sql is no file");
    TRY_ASSIGN(TableDef made, table_from_sql(object.bytes, schema, name));
    const size_t bytes = sizeof(TableDef) + object.bytes.size() + made.columns.size() * (sizeof(ColumnDef) + sizeof(type::Slot));
    return std::make_shared<const CachedTable>(std::make_shared<const TableDef>(std::move(made)), bytes);
  };
  TRY_ASSIGN(const std::shared_ptr<const CachedTable> cached, cache.get<CachedTable>(blob, kind, build));
  return cached->table();
}

}  // namespace

std::string schema_sql(std::string_view schema) { return "CREATE SCHEMA " + sql::quote_ident(schema) + ";\n"; }

std::string schema_path(std::string_view schema) { return type::encode_name(schema); }

Result<std::vector<std::string>> Catalog::schemas() const {
  std::vector<std::string> names;
  TRY_ASSIGN(const auto tree, tree::GitTree::read(objects_, cache_, root_));
  for (const tree::TreeEntry& entry : tree->entries()) {
    if (!entry.is_tree()) continue;
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

Result<std::vector<std::string>> Catalog::tables(std::string_view schema) const {
  if (schema.empty()) return undefined_schema(schema);
  TRY_ASSIGN(const auto folder, tree::find_path(objects_, cache_, root_, schema_path(schema)));
  if (!folder || !folder->is_tree()) return undefined_schema(schema);
  std::vector<std::string> names;
  TRY_ASSIGN(const auto tree, tree::GitTree::read(objects_, cache_, folder->id));
  for (const tree::TreeEntry& entry : tree->entries()) {
    if (!entry.is_tree()) continue;
    TRY_ASSIGN(const auto table, tree::GitTree::read(objects_, cache_, entry.id));
    if (table->find(kTableFile) == nullptr) continue;
    TRY_ASSIGN(std::string name, type::decode_name(entry.name));
    names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::optional<TableVersion>> Catalog::find_table(std::string_view schema, std::string_view name) const {
  if (schema.empty() || name.empty()) return std::optional<TableVersion>();
  const std::string path = schema_path(schema) + "/" + type::encode_name(name);
  TRY_ASSIGN(const auto folder, tree::find_path(objects_, cache_, root_, path));
  if (!folder || !folder->is_tree()) return std::optional<TableVersion>();
  TRY_ASSIGN(const auto tree, tree::GitTree::read(objects_, cache_, folder->id));
  const tree::TreeEntry* definition = tree->find(kTableFile);
  if (definition == nullptr || definition->is_tree()) return std::optional<TableVersion>();
  TableVersion version;
  TRY_ASSIGN(version.table, read_table(objects_, cache_, definition->id, schema, name));
  if (const tree::TreeEntry* rows = tree->find("rows"); rows != nullptr && rows->is_tree()) version.rows = rows->id;
  if (const tree::TreeEntry* large = tree->find("large"); large != nullptr && large->is_tree()) version.large = large->id;
  return std::optional<TableVersion>(std::move(version));
}

Result<TableVersion> Catalog::get_table(std::string_view schema, std::string_view name) const {
  TRY_ASSIGN(std::optional<TableVersion> found, find_table(schema, name));
  if (found) return std::move(*found);
  TRY_ASSIGN(const bool known, has_schema(schema));
  if (!known) return undefined_schema(schema);
  const std::string shown = schema == kDefaultSchema ? std::string(name) : std::string(schema) + "." + std::string(name);
  return Error(ErrorCode::kUndefinedTable, "relation \"" + shown + "\" does not exist");
}

Result<Oid> write_initial_tree(store::PendingObjects& objects) {
  const auto blob = [&](std::string_view text) { return objects.add(store::ObjectType::kBlob, std::string(text)); };
  std::string schema;
  tree::append_entry(schema, tree::kModeBlob, kSchemaFile, blob(schema_sql(kDefaultSchema)));
  const Oid schema_id = objects.add(store::ObjectType::kTree, std::move(schema));
  std::string root;   // In Git's order.
  tree::append_entry(root, tree::kModeBlob, kAttributesFile, blob(kAttributesText));
  tree::append_entry(root, tree::kModeTree, schema_path(kDefaultSchema), schema_id);
  tree::append_entry(root, tree::kModeBlob, kFormatFile, blob(kFormatText));
  return objects.add(store::ObjectType::kTree, std::move(root));
}

Result<void> check_format(const store::ObjectReader& objects, store::NodeCache& cache, const Oid& root) {
  TRY_ASSIGN(const auto entry, tree::find_path(objects, cache, root, kFormatFile));
  if (!entry || entry->is_tree()) return Error(ErrorCode::kInvalidContent, "there is no rowan.json: this is no Rowan content");
  TRY_ASSIGN(const store::ObjectRef object, objects.read(entry->id));
  const auto json = nlohmann::json::parse(object.bytes, nullptr, false);
  if (!json.is_object() || !json.contains("format") || !json["format"].is_number_unsigned()) {
    return Error(ErrorCode::kInvalidContent, "rowan.json does not name a format");
  }
  const uint64_t format = json["format"].get<uint64_t>();
  if (format > kFormatVersion) {
    return Error(ErrorCode::kUnsupportedFormat, "the repository has format " + std::to_string(format) +
                 "; this version of Rowan reads formats up to " + std::to_string(kFormatVersion));
  }
  if (format == 0) return Error(ErrorCode::kInvalidContent, "rowan.json names format 0, which never was");
  return {};
}

}  // namespace rowan::catalog
