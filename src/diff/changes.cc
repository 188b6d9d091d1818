#include "diff/changes.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "base/limits.h"
#include "catalog/paths.h"
#include "tree/git_tree.h"
#include "type/key_codec.h"

namespace rowan::diff {

namespace {

// As many files as there may be on both sides, each below as many folders as it may be.
constexpr size_t kVisitsMax = 2 * kPassiveFilesMax * (1 + kPassiveFolderDepthMax);

using tree::GitTree;
using tree::TreeEntry;

struct DefinitionFile {
  std::string_view file;
  ObjectKind kind;
};
constexpr std::array<DefinitionFile, 4> kDefinitionFiles = {
    {{"table.sql", ObjectKind::kTable},
     {"view.sql", ObjectKind::kView},
     {"matview.sql", ObjectKind::kMaterializedView},
     {"sequence.json", ObjectKind::kSequence}}};
constexpr std::string_view kSchemaFile = "schema.sql";

struct Found {
  ObjectKind kind = ObjectKind::kOther;
  ObjectSide side;
  std::shared_ptr<const GitTree> folder;  // Null: a file.
};

Result<std::shared_ptr<const GitTree>> read_folder(const Source& source, const Oid& id) {
  return GitTree::read(source.objects, source.cache, id);
}

std::string join_path(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (!path.empty()) path += '/';
  path += name;
  return path;
}

// What stands behind one entry of a schema's folder.
Result<Found> look_at(const Source& source, const std::string& schema, std::string_view folder,
                      const TreeEntry& entry) {
  Found found;
  found.side.schema = schema;
  found.side.path = join_path(folder, entry.name);
  found.side.id = entry.id;
  found.side.name = entry.name;
  found.side.mode = entry.mode;
  if (!entry.is_tree()) return found;
  TRY_ASSIGN(found.folder, read_folder(source, entry.id));
  for (const DefinitionFile& known : kDefinitionFiles) {
    const TreeEntry* definition = found.folder->find(known.file);
    if (definition == nullptr || definition->is_tree()) continue;
    found.kind = known.kind;
    found.side.definition = definition->id;
    TRY_ASSIGN(found.side.name, type::decode_name(entry.name));
    return found;
  }
  return found;
}

// Two folders' entries side by side, by name; equal ones are left out.
struct EntryPair {
  const TreeEntry* from = nullptr;
  const TreeEntry* to = nullptr;
};
std::map<std::string_view, EntryPair> unequal_entries(const GitTree* from, const GitTree* to) {
  std::map<std::string_view, EntryPair> pairs;
  if (from != nullptr) {
    for (const TreeEntry& entry : from->entries()) pairs[entry.name].from = &entry;
  }
  if (to != nullptr) {
    for (const TreeEntry& entry : to->entries()) pairs[entry.name].to = &entry;
  }
  std::erase_if(pairs, [](const auto& item) {
    const EntryPair& pair = item.second;
    return pair.from != nullptr && pair.to != nullptr && pair.from->id == pair.to->id &&
           pair.from->mode == pair.to->mode;
  });
  return pairs;
}

// README.md in the folder of an object; nullptr: none.
const TreeEntry* readme_in(const GitTree* folder) {
  const TreeEntry* readme = folder == nullptr ? nullptr : folder->find(catalog::kReadmeFile);
  return readme == nullptr || readme->is_tree() ? nullptr : readme;
}

bool differ_beside_readme(const GitTree& from, const GitTree& to) {
  const auto pairs = unequal_entries(&from, &to);
  return std::any_of(pairs.begin(), pairs.end(), [](const auto& item) {
    return item.first != catalog::kReadmeFile;
  });
}

ObjectSide file_side(std::string path, const TreeEntry& entry) {
  ObjectSide side;
  side.name = side.path = std::move(path);
  side.id = side.definition = entry.id;
  side.mode = entry.mode;
  return side;
}

class Comparison {
 public:
  explicit Comparison(const Source& source) : source_(source) {}

  Result<std::vector<ObjectChange>> run(const Oid& from_root, const Oid& to_root) {
    if (from_root == to_root) return std::vector<ObjectChange>();
    TRY_ASSIGN(const auto from, open(from_root));
    TRY_ASSIGN(const auto to, open(to_root));
    for (const auto& [name, pair] : unequal_entries(from.get(), to.get())) {
      const auto is_schema = [&](const TreeEntry* entry) {
        return entry != nullptr && entry->is_tree() &&
               catalog::classify_path(name, true) == catalog::PathKind::kSchema;
      };
      const bool from_schema = is_schema(pair.from);
      const bool to_schema = is_schema(pair.to);
      if (from_schema || to_schema) {
        TRY(compare_schemas(std::string(name), from_schema ? pair.from->id : Oid{},
                            to_schema ? pair.to->id : Oid{}));
      }
      TRY(compare_files(std::string(name), from_schema ? nullptr : pair.from,
                        to_schema ? nullptr : pair.to, 0));
    }
    TRY(pair_renames());
    pair_readmes();
    std::sort(changes_.begin(), changes_.end(), [](const ObjectChange& a, const ObjectChange& b) {
      return std::pair(a.either().path, a.to.has_value()) <
             std::pair(b.either().path, b.to.has_value());
    });
    return std::move(changes_);
  }

 private:
  // Files, or folders of such, that stand at one path.
  Result<void> compare_files(const std::string& path, const TreeEntry* from, const TreeEntry* to,
                             size_t depth) {
    if (depth > kPassiveFolderDepthMax)
      return Error(ErrorCode::kInvalidContent, path + ": folders nest too deeply");
    if (depth > 0 && ++visited_ > kVisitsMax)
      return Error(ErrorCode::kProgramLimit, path + ": there are too many files beside the data");
    const bool from_file = from != nullptr && !from->is_tree();
    const bool to_file = to != nullptr && !to->is_tree();
    if (from_file || to_file) {
      ObjectChange& change = changes_.emplace_back();
      if (from_file) change.from = file_side(path, *from);
      if (to_file) change.to = file_side(path, *to);
    }
    const bool from_folder = from != nullptr && !from_file;
    const bool to_folder = to != nullptr && !to_file;
    if (!from_folder && !to_folder) return {};
    TRY_ASSIGN(const auto before, open(from_folder ? from->id : Oid{}));
    TRY_ASSIGN(const auto after, open(to_folder ? to->id : Oid{}));
    for (const auto& [name, pair] : unequal_entries(before.get(), after.get()))
      TRY(compare_files(join_path(path, name), pair.from, pair.to, depth + 1));
    return {};
  }

  // README.md of an object that stands at one path, or of two objects of different kinds there.
  void compare_readmes(const std::string& path, const GitTree* from, const GitTree* to) {
    const TreeEntry* before = readme_in(from);
    const TreeEntry* after = readme_in(to);
    if (before == nullptr && after == nullptr) return;
    if (before != nullptr && after != nullptr && before->id == after->id &&
        before->mode == after->mode)
      return;
    const std::string file = join_path(path, catalog::kReadmeFile);
    ObjectChange& change = changes_.emplace_back();
    if (before != nullptr) change.from = file_side(file, *before);
    if (after != nullptr) change.to = file_side(file, *after);
  }

  // What moved along with its table is one file; it differs when somebody wrote it.
  void pair_readmes() {
    const auto find = [this](const std::string& table, bool removed) {
      const std::string file = join_path(table, catalog::kReadmeFile);
      return std::find_if(changes_.begin(), changes_.end(), [&](const ObjectChange& change) {
        const auto& wanted = removed ? change.from : change.to;
        const auto& other = removed ? change.to : change.from;
        return change.kind == ObjectKind::kOther && wanted && !other && wanted->path == file;
      });
    };
    std::vector<std::pair<std::string, std::string>> renames;
    for (const ObjectChange& change : changes_) {
      if (change.kind == ObjectKind::kTable && change.renamed())
        renames.emplace_back(change.from->path, change.to->path);
    }
    for (const auto& [from, to] : renames) {
      const auto removed = find(from, true);
      const auto added = find(to, false);
      if (removed == changes_.end() || added == changes_.end()) continue;
      added->from = std::move(removed->from);
      removed->from.reset();
      const bool equal =
          added->from->id == added->to->id && added->from->mode == added->to->mode;
      if (equal) added->from = added->to = std::nullopt;
      std::erase_if(changes_, [](const ObjectChange& change) { return !change.from && !change.to; });
    }
  }

  Result<std::shared_ptr<const GitTree>> open(const Oid& id) const {
    if (id.is_zero()) return std::shared_ptr<const GitTree>();
    return read_folder(source_, id);
  }

  Result<void> compare_schemas(const std::string& folder, const Oid& from_id, const Oid& to_id) {
    TRY_ASSIGN(const std::string schema, type::decode_name(folder));
    TRY_ASSIGN(const auto from, open(from_id));
    TRY_ASSIGN(const auto to, open(to_id));
    if (from == nullptr || to == nullptr) {
      ObjectChange change;
      change.kind = ObjectKind::kSchema;
      const ObjectSide side{schema, "", folder, from == nullptr ? to_id : from_id, {}};
      (from == nullptr ? change.to : change.from) = side;
      changes_.push_back(std::move(change));
    }
    for (const auto& [name, pair] : unequal_entries(from.get(), to.get())) {
      if (name == kSchemaFile) continue;
      if ((pair.from == nullptr || !pair.from->is_tree()) &&
          (pair.to == nullptr || !pair.to->is_tree())) {
        TRY(compare_files(join_path(folder, name), pair.from, pair.to, 0));
        continue;
      }
      std::optional<Found> before, after;
      if (pair.from != nullptr) {
        TRY_ASSIGN(before, look_at(source_, schema, folder, *pair.from));
      }
      if (pair.to != nullptr) {
        TRY_ASSIGN(after, look_at(source_, schema, folder, *pair.to));
      }
      add(std::move(before), std::move(after));
    }
    return {};
  }

  void add(std::optional<Found> before, std::optional<Found> after) {
    const GitTree* from = before ? before->folder.get() : nullptr;
    const GitTree* to = after ? after->folder.get() : nullptr;
    compare_readmes((after ? after : before)->side.path, from, to);
    if (from != nullptr && to != nullptr && !differ_beside_readme(*from, *to)) return;
    const bool other_kind = before && after && before->kind != after->kind;
    if (before) {
      ObjectChange& change = changes_.emplace_back();
      change.kind = before->kind;
      change.from = std::move(before->side);
      if (after && !other_kind) change.to = std::move(after->side);
      if (!other_kind) return;
    }
    if (after) {
      ObjectChange& change = changes_.emplace_back();
      change.kind = after->kind;
      change.to = std::move(after->side);
    }
  }

  // Removed and added tables that are one: those with the same rows first, then whichever shares
  // its columns.
  Result<void> pair_renames() {
    std::vector<size_t> removed, added;
    for (size_t i = 0; i < changes_.size(); ++i) {
      if (changes_[i].kind != ObjectKind::kTable || (changes_[i].from && changes_[i].to)) continue;
      (changes_[i].from ? removed : added).push_back(i);
    }
    if (removed.empty() || added.empty()) return {};
    std::map<size_t, catalog::TableVersion> versions;
    for (const std::vector<size_t>* side : {&removed, &added}) {
      for (const size_t i : *side) {
        const ObjectSide& object = changes_[i].either();
        TRY_ASSIGN(const auto folder, read_folder(source_, object.id));
        TRY_ASSIGN(versions[i], read_version(object, *folder));
      }
    }
    std::set<size_t> gone;
    for (const bool same_rows : {true, false}) {
      for (const size_t r : removed) {
        for (const size_t a : added) {
          if (gone.contains(r) || !changes_[a].to || changes_[a].from) continue;
          if (same_rows && versions[r].rows != versions[a].rows) continue;
          if (!same_table(*versions[r].table, *versions[a].table)) continue;
          changes_[a].from = std::move(changes_[r].from);
          gone.insert(r);
        }
      }
    }
    size_t at = 0;
    std::erase_if(changes_, [&](const ObjectChange&) { return gone.contains(at++); });
    return {};
  }

  Result<catalog::TableVersion> read_version(const ObjectSide& side, const GitTree& folder) const {
    catalog::TableVersion version;
    TRY_ASSIGN(const store::ObjectRef text, source_.objects.read(side.definition));
    TRY_ASSIGN(catalog::TableDef table,
               catalog::table_from_sql(text.bytes, side.schema, side.name));
    version.table = std::make_shared<const catalog::TableDef>(std::move(table));
    if (const TreeEntry* rows = folder.find("rows"); rows != nullptr && rows->is_tree())
      version.rows = rows->id;
    if (const TreeEntry* large = folder.find("large"); large != nullptr && large->is_tree())
      version.large = large->id;
    return version;
  }

  const Source& source_;
  std::vector<ObjectChange> changes_;
  size_t visited_ = 0;  // In folders beside the data, so far.
};

std::set<uint32_t> column_ids(const catalog::TableDef& table, bool key_only) {
  std::set<uint32_t> ids;
  if (key_only) {
    for (const uint16_t column : table.primary_key) ids.insert(table.columns[column].id);
    return ids;
  }
  for (const catalog::ColumnDef& column : table.columns) ids.insert(column.id);
  for (const catalog::DroppedSlot& dropped : table.dropped) ids.insert(dropped.id);
  return ids;
}

}  // namespace

std::string_view object_kind_name(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kSchema:
      return "schema";
    case ObjectKind::kTable:
      return "table";
    case ObjectKind::kView:
      return "view";
    case ObjectKind::kMaterializedView:
      return "materialized view";
    case ObjectKind::kSequence:
      return "sequence";
    case ObjectKind::kOther:
      return "file";
  }
  return "";
}

bool same_table(const catalog::TableDef& a, const catalog::TableDef& b) {
  if (column_ids(a, true) != column_ids(b, true)) return false;
  const std::set<uint32_t> left = column_ids(a, false);
  const std::set<uint32_t> right = column_ids(b, false);
  const auto common = static_cast<size_t>(
      std::count_if(left.begin(), left.end(), [&](uint32_t id) { return right.contains(id); }));
  return 2 * common > std::max(left.size(), right.size());
}

Result<std::vector<ObjectChange>> changed_objects(const Source& source, const Oid& from_root,
                                                  const Oid& to_root) {
  return Comparison(source).run(from_root, to_root);
}

Result<std::optional<catalog::TableVersion>> table_at(const Source& source, const Oid& root,
                                                      std::string_view path) {
  const size_t slash = path.find('/');
  if (root.is_zero() || slash == std::string_view::npos)
    return std::optional<catalog::TableVersion>();
  TRY_ASSIGN(const std::string schema, type::decode_name(path.substr(0, slash)));
  TRY_ASSIGN(const std::string name, type::decode_name(path.substr(slash + 1)));
  return catalog::Catalog(source.objects, source.cache, root).find_table(schema, name);
}

Result<std::optional<std::string>> path_before(const Source& source, const Oid& before_root,
                                               const Oid& root, const std::string& path) {
  if (before_root.is_zero()) return std::optional<std::string>();
  TRY_ASSIGN(const auto there,
             tree::find_path(source.objects, source.cache, before_root, path + "/table.sql"));
  if (there) return std::optional<std::string>(path);
  TRY_ASSIGN(const std::vector<ObjectChange> changes, changed_objects(source, before_root, root));
  for (const ObjectChange& change : changes) {
    if (change.kind == ObjectKind::kTable && change.renamed() && change.to->path == path)
      return std::optional<std::string>(change.from->path);
  }
  return std::optional<std::string>();
}

}  // namespace rowan::diff
