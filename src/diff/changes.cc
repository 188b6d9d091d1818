#include "diff/changes.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "base/limits.h"
#include "catalog/paths.h"
#include "tree/git_tree.h"
#include "tree/row_tree.h"
#include "type/key_codec.h"
#include "type/row_codec.h"

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

constexpr size_t kRowsCompared = 64;  // Of a table that may have been renamed.
constexpr size_t kRowsSearched = 1u << 16;  // For these, where rows have no key.
// A name of a key, which no other table of the schema can have, weighs more than rows, which another
// table may have as well, and those more than the path.
constexpr int kSameKeyName = 4;
constexpr int kSameRows = 2;
constexpr int kEqualRows = 1;
constexpr int kSamePath = 1;

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

  // One side of a table that may be another one's at the other path.
  struct Candidate {
    size_t change = 0;
    catalog::TableVersion version;
    int own = -1;  // How much speaks for the table at its path now.
  };
  struct Move {
    int weight = 0;
    size_t from = 0, to = 0;  // Changes.
  };

  // Tables that are one under two names, those for which most speaks first. A name may be another
  // table's by now: the one at a path is only the old one where no other table is more like it.
  Result<void> pair_renames() {
    std::vector<Candidate> befores, afters;
    size_t one_sided = 0;
    for (size_t i = 0; i < changes_.size(); ++i) {
      const ObjectChange& change = changes_[i];
      if (change.kind != ObjectKind::kTable) continue;
      const bool both = change.from && change.to;
      if (both && change.from->definition == change.to->definition) continue;
      if (!both) ++one_sided;
      if (change.from) befores.push_back({i, {}});
      if (change.to) afters.push_back({i, {}});
    }
    if (befores.size() + afters.size() < (one_sided > 0 ? 2 : 4) || befores.empty() ||
        afters.empty())
      return {};
    for (Candidate& one : befores) TRY(read_candidate(one, *changes_[one.change].from));
    for (Candidate& one : afters) TRY(read_candidate(one, *changes_[one.change].to));
    TRY(weigh_own(befores, afters));
    TRY_ASSIGN(const std::vector<Move> moves, find_moves(befores, afters));
    apply(moves);
    return {};
  }

  Result<void> read_candidate(Candidate& one, const ObjectSide& side) const {
    TRY_ASSIGN(const auto folder, read_folder(source_, side.id));
    TRY_ASSIGN(one.version, read_version(side, *folder));
    return {};
  }

  Result<void> weigh_own(std::vector<Candidate>& befores, std::vector<Candidate>& afters) const {
    for (Candidate& before : befores) {
      for (Candidate& after : afters) {
        if (before.change != after.change) continue;
        TRY_ASSIGN(const auto weight, likeness(before.version, after.version));
        before.own = after.own = weight.value_or(0) + kSamePath;
      }
    }
    return {};
  }

  Result<std::vector<Move>> find_moves(const std::vector<Candidate>& befores,
                                       const std::vector<Candidate>& afters) const {
    std::vector<Move> moves;
    for (const Candidate& before : befores) {
      for (const Candidate& after : afters) {
        if (before.change == after.change) continue;
        TRY_ASSIGN(const auto weight, likeness(before.version, after.version));
        if (weight && *weight > std::max(before.own, after.own))
          moves.push_back({*weight, before.change, after.change});
      }
    }
    std::stable_sort(moves.begin(), moves.end(),
                     [](const Move& a, const Move& b) { return a.weight > b.weight; });
    return moves;
  }

  // A table that went elsewhere leaves what is at its path by now as another one.
  void apply(const std::vector<Move>& moves) {
    std::set<size_t> went, came;
    std::vector<ObjectChange> renamed;
    for (const Move& move : moves) {
      if (went.contains(move.from) || came.contains(move.to)) continue;
      went.insert(move.from);
      came.insert(move.to);
      ObjectChange& change = renamed.emplace_back();
      change.kind = ObjectKind::kTable;
      change.from = changes_[move.from].from;
      change.to = changes_[move.to].to;
    }
    for (const size_t i : went) changes_[i].from.reset();
    for (const size_t i : came) changes_[i].to.reset();
    std::erase_if(changes_, [](const ObjectChange& change) { return !change.from && !change.to; });
    changes_.insert(changes_.end(), std::make_move_iterator(renamed.begin()),
                    std::make_move_iterator(renamed.end()));
  }

  // How much speaks for two tables being one; nothing: they are not.
  Result<std::optional<int>> likeness(const catalog::TableVersion& a,
                                      const catalog::TableVersion& b) const {
    if (!same_table(*a.table, *b.table)) return std::optional<int>();
    int weight = 0;
    if (!a.table->primary_key.empty() && a.table->primary_key_name == b.table->primary_key_name)
      weight += kSameKeyName;
    if (!a.rows.is_zero() && !b.rows.is_zero()) {
      TRY_ASSIGN(bool same, shares_rows(source_, a, b));
      if (!same) {
        TRY_ASSIGN(same, shares_rows(source_, b, a));
      }
      if (same) weight += kSameRows + (a.rows == b.rows ? kEqualRows : 0);
    }
    return std::optional(weight);
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

// A line's cells in columns (by ID) that two versions of a table have with one type, as text.
class CommonCells {
 public:
  CommonCells(const catalog::TableDef& table, const catalog::TableDef& other) : table_(table) {
    for (const catalog::ColumnDef& column : table.columns) {
      const bool is_common = std::any_of(
          other.columns.begin(), other.columns.end(),
          [&](const auto& one) { return one.id == column.id && one.type == column.type; });
      if (is_common) columns_.emplace(column.id, &column);
    }
  }
  bool empty() const { return columns_.empty(); }
  Result<std::string> of(Bytes line) const {
    std::vector<Bytes> elements;
    uint64_t count = 0;
    TRY(type::split_line(table_.layout, line, elements, count));
    std::string cells;
    for (const auto& [id, column] : columns_) {
      if (column->slot < elements.size()) {
        cells += elements[column->slot];
      } else {
        type::append_json(column->absent, cells);
      }
      cells += '\n';
    }
    return cells;
  }

 private:
  const catalog::TableDef& table_;
  std::map<uint32_t, const catalog::ColumnDef*> columns_;
};

}  // namespace

Result<bool> shares_cells(const Source& source, const catalog::TableVersion& from,
                          const catalog::TableVersion& to) {
  const CommonCells from_cells(*from.table, *to.table);
  const CommonCells to_cells(*to.table, *from.table);
  if (from_cells.empty()) return false;
  const catalog::TableLineKeys from_keys(from.table);
  const catalog::TableLineKeys to_keys(to.table);
  TRY_ASSIGN(tree::Cursor cursor,
             tree::Cursor::open({source.objects, source.cache, from_keys}, from.rows));
  std::map<std::string, size_t> wanted;
  size_t seen = 0, found = 0;
  for (; !cursor.at_end() && seen < kRowsCompared; ++seen) {
    TRY_ASSIGN(std::string cells, from_cells.of(cursor.line()));
    ++wanted[std::move(cells)];
    TRY(cursor.next());
  }
  TRY_ASSIGN(tree::Cursor other,
             tree::Cursor::open({source.objects, source.cache, to_keys}, to.rows));
  for (size_t read = 0; !other.at_end() && read < kRowsSearched && !wanted.empty(); ++read) {
    TRY_ASSIGN(const std::string cells, to_cells.of(other.line()));
    if (const auto row = wanted.find(cells); row != wanted.end()) {
      found += row->second;
      wanted.erase(row);
    }
    TRY(other.next());
  }
  return found * 2 >= seen;
}

Result<bool> shares_rows(const Source& source, const catalog::TableVersion& from,
                         const catalog::TableVersion& to) {
  if (from.rows == to.rows) return true;
  const catalog::TableLineKeys from_keys(from.table);
  const catalog::TableLineKeys to_keys(to.table);
  const tree::TreeReader from_reader{source.objects, source.cache, from_keys};
  const tree::TreeReader to_reader{source.objects, source.cache, to_keys};
  TRY_ASSIGN(tree::Cursor cursor, tree::Cursor::open(from_reader, from.rows));
  size_t seen = 0, found = 0;
  for (; !cursor.at_end() && seen < kRowsCompared; ++seen) {
    TRY_ASSIGN(const auto line, tree::find_line(to_reader, to.rows, cursor.key()));
    if (line) ++found;
    TRY(cursor.next());
  }
  return found * 2 >= seen;
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
  if (there) {
    TRY_ASSIGN(const auto now,
               tree::find_path(source.objects, source.cache, root, path + "/table.sql"));
    if (now && now->id == there->id) return std::optional<std::string>(path);
  }
  TRY_ASSIGN(const std::vector<ObjectChange> changes, changed_objects(source, before_root, root));
  for (const ObjectChange& change : changes) {
    if (change.kind != ObjectKind::kTable || !change.to || change.to->path != path) continue;
    return change.from ? std::optional<std::string>(change.from->path) : std::nullopt;
  }
  return there ? std::optional<std::string>(path) : std::nullopt;
}

Result<std::optional<std::string>> path_further_back(const Source& source, const Oid& before_root,
                                                     const Oid& root, const std::string& path,
                                                     const std::optional<std::string>& before) {
  using Found = std::optional<std::string>;
  if (before || before_root.is_zero()) return before ? before : Found(path);
  TRY_ASSIGN(const auto here, tree::find_path(source.objects, source.cache, root, path + "/table.sql"));
  TRY_ASSIGN(const auto there,
             tree::find_path(source.objects, source.cache, before_root, path + "/table.sql"));
  return here && there ? Found() : Found(path);
}

}  // namespace rowan::diff
