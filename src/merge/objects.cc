#include "merge/objects.h"

#include <algorithm>
#include <set>

#include "base/limits.h"
#include "catalog/objects.h"
#include "catalog/paths.h"
#include "diff/changes.h"
#include "type/key_codec.h"
#include "merge/sides.h"

namespace rowan::merge {
namespace {

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

// A key that was made with the new table has the new table's name.
bool keeps_key_name(const catalog::TableDef& was, const catalog::TableDef& is) {
  return !was.primary_key.empty() && was.primary_key_name == is.primary_key_name &&
         is.primary_key_name != catalog::default_primary_key_name(is);
}

// So has a sequence that an identity made; it goes where its column goes.
bool keeps_sequence_name(const catalog::TableDef& was, const catalog::TableDef& is) {
  const auto name_in = [](const catalog::TableDef& table, const catalog::ColumnDef& column) {
    const auto name = catalog::parse_name(column.sequence, table.schema);
    return name ? name->name : std::string();
  };
  for (const catalog::ColumnDef& before : was.columns) {
    if (before.identity == sql::IdentityKind::kNone) continue;
    const auto now = std::find_if(is.columns.begin(), is.columns.end(), [&](const auto& column) {
      return column.id == before.id && column.identity != sql::IdentityKind::kNone;
    });
    if (now == is.columns.end()) continue;
    const std::string name = name_in(is, *now);
    if (name == name_in(was, before) &&
        name != catalog::default_sequence_name(is, now->name, [](std::string_view) { return false; }))
      return true;
  }
  return false;
}

// How much speaks for two tables being one. A name of a key, which no other table of the schema can
// have, weighs more than rows, which another table may have as well, and those more than the path.
constexpr int kSameKeyName = 4;
constexpr int kSameRows = 2;
constexpr int kSamePath = 1;
constexpr int kSurelyItself = kSameKeyName + kSameRows;

struct Likeness {
  int weight = 0;
  bool may_be_one = false;  // Enough for a table that is no longer at its path.
};

Result<Likeness> likeness(const store::ObjectReader& objects, store::NodeCache& cache,
                          const catalog::TableVersion& was, const catalog::TableVersion& is,
                          bool base_is_aside) {
  Likeness like;
  const std::set<uint32_t> old_ids = ids_of(*was.table);
  const std::set<uint32_t> new_ids = ids_of(*is.table);
  const bool has_all =
      std::includes(new_ids.begin(), new_ids.end(), old_ids.begin(), old_ids.end());
  if (!has_all && !(base_is_aside && diff::same_table(*was.table, *is.table))) return like;
  const bool keeps_sequence = keeps_sequence_name(*was.table, *is.table);
  if (keeps_sequence || (!was.table->primary_key.empty() &&
                         was.table->primary_key_name == is.table->primary_key_name))
    like.weight += kSameKeyName;
  if (was.rows.is_zero() || is.rows.is_zero()) {
    // Into another schema a table takes its name along.
    const bool keeps_name = was.rows == is.rows && was.table->name == is.table->name;
    like.may_be_one =
        keeps_sequence ||
        (old_ids == new_ids && (keeps_name || keeps_key_name(*was.table, *is.table)));
    return like;
  }
  TRY_ASSIGN(like.may_be_one, diff::shares_rows({objects, cache}, was, is));
  if (like.may_be_one) like.weight += kSameRows;
  like.may_be_one = like.may_be_one || keeps_sequence;
  return like;
}

using Versions = std::map<std::string, catalog::TableVersion>;  // By path.

struct Move {
  int weight;
  std::string from, to;
};

// Takes the moves for which most speaks. Where as much speaks for two of a table, neither is it.
void settle_moves(std::vector<Move> moves, std::map<std::string, std::string>& renames,
                  std::set<std::string>& taken) {
  std::stable_sort(moves.begin(), moves.end(),
                   [](const Move& a, const Move& b) { return a.weight > b.weight; });
  std::set<std::string> unsure_from, unsure_to;
  for (size_t begin = 0, end = 0; begin < moves.size(); begin = end) {
    std::map<std::string, size_t> of_from, of_to;
    std::vector<const Move*> open;
    for (end = begin; end < moves.size() && moves[end].weight == moves[begin].weight; ++end) {
      const Move& move = moves[end];
      if (renames.contains(move.from) || taken.contains(move.to) ||
          unsure_from.contains(move.from) || unsure_to.contains(move.to))
        continue;
      ++of_from[move.from];
      ++of_to[move.to];
      open.push_back(&move);
    }
    for (const Move* move : open) {
      if (of_from[move->from] == 1 && of_to[move->to] == 1) {
        renames.emplace(move->from, move->to);
        taken.insert(move->to);
      } else {
        unsure_from.insert(move->from);
        unsure_to.insert(move->to);
      }
    }
  }
}

}  // namespace

std::string_view kind_word(ObjectKind kind) {
  if (kind == ObjectKind::kNone || kind == ObjectKind::kOther) return "object";
  return sql::object_word(kind);
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
                                                        const Changes& changes, Side side,
                                                        bool base_is_aside) {
  Versions before, after;  // Tables that may have gone elsewhere, and those that may be one of them.
  std::map<std::string, int> own;  // How well a table of the base is the one at its path now.
  for (const auto& [path, object] : changes.objects) {
    const bool was = object.is(Side::kBase, ObjectKind::kTable);
    const bool is = object.is(side, ObjectKind::kTable);
    if (was) {
      TRY_ASSIGN(before[path], table_at(objects, cache, roots[at(Side::kBase)], path));
    }
    if (is) {
      TRY_ASSIGN(after[path], table_at(objects, cache, roots[at(side)], path));
    }
    if (!was || !is) continue;
    TRY_ASSIGN(const Likeness like, likeness(objects, cache, before[path], after[path], base_is_aside));
    own[path] = like.weight + kSamePath;
    if (own[path] < kSurelyItself) continue;
    before.erase(path);
    after.erase(path);
  }
  std::vector<Move> moves;
  for (const auto& [from, was] : before) {
    for (const auto& [to, is] : after) {
      if (from == to) continue;
      TRY_ASSIGN(Likeness like, likeness(objects, cache, was, is, base_is_aside));
      const bool is_counted = was.table->layout.counted && is.table->layout.counted;
      if (!like.may_be_one && is_counted && !own.contains(from) && !own.contains(to) &&
          !was.rows.is_zero() && !is.rows.is_zero() && diff::same_table(*was.table, *is.table)) {
        TRY_ASSIGN(like.may_be_one, diff::shares_cells({objects, cache}, was, is));
      }
      const bool stays = own.contains(from) && own.at(from) >= like.weight;
      const bool is_another = own.contains(to) && own.at(to) >= like.weight;
      if (like.may_be_one && !stays && !is_another) moves.push_back({like.weight, from, to});
    }
  }
  std::map<std::string, std::string> renames;
  std::set<std::string> taken;
  settle_moves(std::move(moves), renames, taken);
  for (const std::string& to : taken) {
    if (before.contains(to)) renames.emplace(to, std::string());
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
