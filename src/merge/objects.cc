#include "merge/objects.h"

#include <algorithm>
#include <set>

#include "base/limits.h"
#include "catalog/objects.h"
#include "catalog/paths.h"
#include "tree/row_tree.h"
#include "type/key_codec.h"

namespace rowan::merge {
namespace {

constexpr Side kSides[] = {Side::kBase, Side::kOurs, Side::kTheirs};
constexpr size_t kRowsCompared = 64;  // Of a table that may have been renamed.

size_t at(Side side) { return static_cast<size_t>(side); }

using Node = std::shared_ptr<const tree::GitTree>;

Result<ObjectKind> kind_of(const store::ObjectReader& objects, store::NodeCache& cache,
                           const Oid& folder) {
  if (folder.is_zero()) return ObjectKind::kNone;
  TRY_ASSIGN(const Node node, tree::GitTree::read(objects, cache, folder));
  if (node->find("table.sql") != nullptr) return ObjectKind::kTable;
  if (node->find("view.sql") != nullptr) return ObjectKind::kView;
  if (node->find("matview.sql") != nullptr) return ObjectKind::kMaterializedView;
  if (node->find("sequence.json") != nullptr) return ObjectKind::kSequence;
  return ObjectKind::kOther;
}

// The entries of three trees by name. A zero id: the side has none.
struct Entries {
  std::array<Oid, 3> id{};
  std::array<bool, 3> is_tree{};
  std::array<uint32_t, 3> mode{tree::kModeBlob, tree::kModeBlob, tree::kModeBlob};
  bool equal() const {
    return id[0] == id[1] && id[1] == id[2] && mode[0] == mode[1] && mode[1] == mode[2];
  }
  bool mixes_files_and_folders() const {
    bool has_file = false, has_folder = false;
    for (const Side side : kSides) {
      if (!id[at(side)].is_zero()) (is_tree[at(side)] ? has_folder : has_file) = true;
    }
    return has_file && has_folder;
  }
};

Result<std::map<std::string, Entries>> entries_of(const store::ObjectReader& objects,
                                                  store::NodeCache& cache,
                                                  const std::array<Oid, 3>& trees) {
  std::map<std::string, Entries> entries;
  for (const Side side : kSides) {
    if (trees[at(side)].is_zero()) continue;
    TRY_ASSIGN(const Node node, tree::GitTree::read(objects, cache, trees[at(side)]));
    for (const tree::TreeEntry& entry : node->entries()) {
      Entries& found = entries[std::string(entry.name)];
      found.id[at(side)] = entry.id;
      found.is_tree[at(side)] = entry.is_tree();
      found.mode[at(side)] = entry.mode;
    }
  }
  return entries;
}

std::array<Oid, 3> trees_in(const Entries& entries) {
  std::array<Oid, 3> trees{};
  for (const Side side : kSides)
    trees[at(side)] = entries.is_tree[at(side)] ? entries.id[at(side)] : Oid{};
  return trees;
}

std::array<Oid, 3> files_in(const Entries& entries) {
  std::array<Oid, 3> files{};
  for (const Side side : kSides)
    files[at(side)] = entries.is_tree[at(side)] ? Oid{} : entries.id[at(side)];
  return files;
}

bool differ(const std::array<Oid, 3>& ids) { return ids[0] != ids[1] || ids[1] != ids[2]; }

// What differs among files that people keep beside the data, folder by folder.
Result<void> find_files(const store::ObjectReader& objects, store::NodeCache& cache,
                        const std::string& path, const Entries& entries, size_t depth,
                        std::vector<ChangedFile>& files) {
  if (depth > kPassiveFolderDepthMax)
    return Error(ErrorCode::kProgramLimit, path + ": folders nest too deeply");
  if (entries.mixes_files_and_folders() || !differ(trees_in(entries))) {
    files.push_back({path, entries.id, entries.mode});
    return {};
  }
  TRY_ASSIGN(const auto inner, entries_of(objects, cache, trees_in(entries)));
  for (const auto& [name, below] : inner) {
    if (!below.equal())
      TRY(find_files(objects, cache, path + "/" + name, below, depth + 1, files));
  }
  return {};
}

std::set<uint32_t> ids_of(const catalog::TableDef& table) {
  std::set<uint32_t> ids;
  for (const auto& column : table.columns) ids.insert(column.id);
  for (const auto& dropped : table.dropped) ids.insert(dropped.id);
  return ids;
}

// Whether enough of the first rows of `from` are rows of `to` as well.
Result<bool> shares_rows(const store::ObjectReader& objects, store::NodeCache& cache,
                         const catalog::TableVersion& from, const catalog::TableVersion& to) {
  if (from.rows == to.rows) return true;
  const catalog::TableLineKeys from_keys(from.table);
  const catalog::TableLineKeys to_keys(to.table);
  const tree::TreeReader from_reader{objects, cache, from_keys};
  const tree::TreeReader to_reader{objects, cache, to_keys};
  TRY_ASSIGN(tree::Cursor cursor, tree::Cursor::open(from_reader, from.rows));
  size_t seen = 0, found = 0;
  for (; !cursor.at_end() && seen < kRowsCompared; ++seen) {
    TRY_ASSIGN(const auto line, tree::find_line(to_reader, to.rows, cursor.key()));
    if (line) ++found;
    TRY(cursor.next());
  }
  return found * 2 >= seen;
}

// A key that was made with the new table has the new table's name.
bool keeps_key_name(const catalog::TableDef& was, const catalog::TableDef& is) {
  return !was.primary_key.empty() && was.primary_key_name == is.primary_key_name &&
         is.primary_key_name != catalog::default_primary_key_name(is);
}

}  // namespace

std::string_view kind_word(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kTable:
      return "table";
    case ObjectKind::kView:
      return "view";
    case ObjectKind::kMaterializedView:
      return "materialized view";
    case ObjectKind::kSequence:
      return "sequence";
    case ObjectKind::kNone:
    case ObjectKind::kOther:
      break;
  }
  return "object";
}

Result<Changes> find_changes(const store::ObjectReader& objects, store::NodeCache& cache,
                             const std::array<Oid, 3>& roots) {
  Changes changes;
  TRY_ASSIGN(const auto top, entries_of(objects, cache, roots));
  for (const auto& [schema, of_schema] : top) {
    if (of_schema.equal()) continue;
    if (catalog::is_passive(schema)) {
      TRY(find_files(objects, cache, schema, of_schema, 0, changes.files));
      continue;
    }
    if (const auto files = files_in(of_schema); differ(files))
      changes.files.push_back({schema, files});
    const auto trees = trees_in(of_schema);
    if (!differ(trees)) continue;
    TRY_ASSIGN(const auto inner, entries_of(objects, cache, trees));
    for (const auto& [name, of_object] : inner) {
      const std::string path = schema + "/" + name;
      if (const auto files = files_in(of_object); differ(files) || !of_object.equal())
        if (files != std::array<Oid, 3>{}) changes.files.push_back({path, files, of_object.mode});
      ChangedObject object{path, trees_in(of_object), {}};
      if (!differ(object.id)) continue;
      for (const Side side : kSides) {
        TRY_ASSIGN(object.kind[at(side)], kind_of(objects, cache, object.id[at(side)]));
      }
      changes.objects.emplace(path, std::move(object));
    }
  }
  return changes;
}

Result<void> add_alike_tables(const store::ObjectReader& objects, store::NodeCache& cache,
                              const std::array<Oid, 3>& roots, const WantedTable& wanted,
                              Changes& changes) {
  TRY_ASSIGN(const auto top, entries_of(objects, cache, roots));
  for (const auto& [schema, of_schema] : top) {
    if (catalog::is_passive(schema)) continue;
    TRY_ASSIGN(const auto inner, entries_of(objects, cache, trees_in(of_schema)));
    for (const auto& [name, of_object] : inner) {
      const std::string path = schema + "/" + name;
      ChangedObject object{path, trees_in(of_object), {}};
      if (differ(object.id) || object.id[0].is_zero()) continue;
      TRY_ASSIGN(const ObjectKind kind, kind_of(objects, cache, object.id[0]));
      if (kind != ObjectKind::kTable) continue;
      TRY_ASSIGN(const bool is_wanted, wanted(path));
      if (!is_wanted) continue;
      object.kind.fill(kind);
      changes.objects.emplace(path, std::move(object));
    }
  }
  return {};
}

Result<ChangedFile> readme_sides(const store::ObjectReader& objects, store::NodeCache& cache,
                                 std::string path, const std::array<Oid, 3>& folders) {
  ChangedFile file{std::move(path), {}};
  for (const Side side : kSides) {
    if (folders[at(side)].is_zero()) continue;
    TRY_ASSIGN(const Node node, tree::GitTree::read(objects, cache, folders[at(side)]));
    const tree::TreeEntry* readme = node->find(catalog::kReadmeFile);
    if (readme == nullptr || readme->is_tree()) continue;
    file.id[at(side)] = readme->id;
    file.mode[at(side)] = readme->mode;
  }
  return file;
}

Result<bool> same_data(const store::ObjectReader& objects, store::NodeCache& cache, const Oid& a,
                       const Oid& b) {
  if (a == b) return true;
  if (a.is_zero() || b.is_zero()) return false;
  TRY_ASSIGN(const auto entries, entries_of(objects, cache, {a, b, b}));
  return std::all_of(entries.begin(), entries.end(), [](const auto& entry) {
    return entry.first == catalog::kReadmeFile || entry.second.equal();
  });
}

Result<PlainPath> decode_path(std::string_view path) {
  const size_t slash = path.find('/');
  PlainPath plain;
  TRY_ASSIGN(plain.schema, type::decode_name(path.substr(0, slash)));
  if (slash == std::string_view::npos) return plain;
  const std::string_view name = path.substr(slash + 1);
  auto decoded = type::decode_name(name);
  plain.name = decoded ? std::move(*decoded) : std::string(name);  // "f.function" is no name alone.
  return plain;
}

Result<catalog::TableVersion> table_at(const store::ObjectReader& objects, store::NodeCache& cache,
                                       const Oid& root, const std::string& path) {
  if (root.is_zero() || path.empty()) return catalog::TableVersion();
  TRY_ASSIGN(const PlainPath plain, decode_path(path));
  TRY_ASSIGN(auto found,
             catalog::Catalog(objects, cache, root).find_table(plain.schema, plain.name));
  return found ? std::move(*found) : catalog::TableVersion();
}

Result<std::map<std::string, std::string>> find_renames(const store::ObjectReader& objects,
                                                        store::NodeCache& cache,
                                                        const std::array<Oid, 3>& roots,
                                                        const Changes& changes, Side side) {
  std::map<std::string, std::string> renames;
  std::vector<std::string> fresh;
  for (const auto& [path, object] : changes.objects) {
    if (object.is(Side::kBase, ObjectKind::kNone) && object.is(side, ObjectKind::kTable))
      fresh.push_back(path);
  }
  std::set<std::string> taken;
  for (const auto& [path, object] : changes.objects) {
    if (fresh.empty()) break;
    if (!object.is(Side::kBase, ObjectKind::kTable) || !object.is(side, ObjectKind::kNone))
      continue;
    TRY_ASSIGN(const catalog::TableVersion was,
               table_at(objects, cache, roots[at(Side::kBase)], path));
    const std::set<uint32_t> old_ids = ids_of(*was.table);
    for (const std::string& candidate : fresh) {
      if (taken.contains(candidate)) continue;
      TRY_ASSIGN(const catalog::TableVersion is,
                 table_at(objects, cache, roots[at(side)], candidate));
      const std::set<uint32_t> new_ids = ids_of(*is.table);
      if (!std::includes(new_ids.begin(), new_ids.end(), old_ids.begin(), old_ids.end())) continue;
      if (was.rows.is_zero() || is.rows.is_zero()) {
        if (old_ids != new_ids || !keeps_key_name(*was.table, *is.table)) continue;
      } else {
        TRY_ASSIGN(const bool shares, shares_rows(objects, cache, was, is));
        if (!shares) continue;
      }
      renames.emplace(path, candidate);
      taken.insert(candidate);
      break;
    }
  }
  return renames;
}

Result<std::map<std::string, std::string>> find_renamed_views(const Changes& changes, Side side,
                                                              const ViewOf& view_of) {
  const auto is_view = [&](const ChangedObject& object, Side of) {
    return object.is(of, ObjectKind::kView) || object.is(of, ObjectKind::kMaterializedView);
  };
  std::map<std::string, std::string> renames;
  std::set<std::string> taken;
  for (const auto& [path, object] : changes.objects) {
    if (!is_view(object, Side::kBase) || !object.is(side, ObjectKind::kNone)) continue;
    TRY_ASSIGN(const auto was, view_of(Side::kBase, path));
    for (const auto& [candidate, fresh] : changes.objects) {
      if (!fresh.is(Side::kBase, ObjectKind::kNone) || !is_view(fresh, side) ||
          taken.contains(candidate))
        continue;
      TRY_ASSIGN(const auto is, view_of(side, candidate));
      if (was.query_sql != is.query_sql || was.columns != is.columns ||
          was.materialized() != is.materialized())
        continue;
      renames.emplace(path, candidate);
      taken.insert(candidate);
      break;
    }
  }
  return renames;
}

}  // namespace rowan::merge
