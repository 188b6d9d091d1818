// Views, sequences, files and schemas: all that is no table.
#include <algorithm>
#include <set>

#include "catalog/objects.h"
#include "catalog/paths.h"
#include "merge/sides.h"
#include "merge/tree_merge.h"
#include "type/key_codec.h"

namespace rowan::merge {
namespace {

constexpr int kFolderDepthMax = 64;

// What the merged tree has of three ids; nothing: both sides changed it differently.
std::optional<Oid> three_way(const std::array<Oid, 3>& id) {
  if (id[1] == id[2] || id[2] == id[0]) return id[1];
  if (id[1] == id[0]) return id[2];
  return std::nullopt;
}

}  // namespace

// ---- README.md of tables, views and sequences ----

// Both sides' texts are merged for every object that goes on. It lies at its path in the merged
// tree, which may be another one than a side's, or comes there with one side's whole folder: so it
// is put right when all else is written.
Result<void> TreeMerge::merge_readmes() {
  const auto merge = [&](const std::string& path, const std::array<Oid, 3>& folders) -> Result<void> {
    TRY_ASSIGN(const ChangedFile file,
               readme_sides(made_, cache_, path + "/" + std::string(catalog::kReadmeFile), folders));
    const bool has_ours = !folders[at(Side::kOurs)].is_zero();
    if (has_ours && !folders[at(Side::kTheirs)].is_zero()) {
      TRY_ASSIGN(readmes_[path], merge_passive_file(made_, choices_, file));
    } else {  // If that side's object stands, so does what it says of it.
      readmes_[path] = side_of(file, has_ours ? Side::kOurs : Side::kTheirs);
    }
    return {};
  };
  for (const auto& job : jobs_) {
    if (!job->path.empty()) TRY(merge(job->path, job->folders));
  }
  for (const auto& [path, object] : changes_.objects) {
    const bool one_kind = object.kind[at(Side::kOurs)] == object.kind[at(Side::kTheirs)] ||
                          object.is(Side::kOurs, ObjectKind::kNone) ||
                          object.is(Side::kTheirs, ObjectKind::kNone);
    const bool has_table = std::find(object.kind.begin(), object.kind.end(), ObjectKind::kTable) !=
                           object.kind.end();
    if (one_kind && !has_table) TRY(merge(path, object.id));
  }
  for (const MovedSequence& sequence : moved_sequences_)
    TRY(merge(sequence.path, sequence.folders));
  return {};
}

// ---- Everything else ----

Result<void> TreeMerge::merge_objects() {
  TRY(merge_relations());
  return merge_drawn();
}

Result<void> TreeMerge::merge_relations() {
  for (const auto& [path, object] : changes_.objects) TRY(merge_object(object));
  for (const MovedSequence& sequence : moved_sequences_) TRY(merge_sequence(sequence));
  return {};
}

// A view or sequence that one side dropped while the other changed README.md alone: that is asked
// about, as it is with tables. True: it was that.
Result<bool> TreeMerge::settle_dropped_object(const ChangedObject& object, ObjectKind kind) {
  const bool ours_dropped = object.id[at(Side::kOurs)].is_zero();
  const bool theirs_dropped = object.id[at(Side::kTheirs)].is_zero();
  const Side kept = ours_dropped ? Side::kTheirs : Side::kOurs;
  if (ours_dropped == theirs_dropped || object.is(Side::kBase, ObjectKind::kNone) ||
      object.same(Side::kBase, kept))
    return false;
  TRY_ASSIGN(const bool same, same_data(made_, cache_, object.id[0], object.id[at(kept)]));
  if (!same) return false;
  TRY_ASSIGN(const PlainPath plain, decode_path(object.path));
  TRY_ASSIGN(const ChangedFile readme, readme_sides(made_, cache_, object.path, object.id));
  SchemaConflict conflict{plain.dotted(), "dropped " + std::string(kind_word(kind)), {}, {}, {}};
  for (const Side side : {Side::kBase, kept}) {
    const FileSide file = side_of(readme, side);
    if (file.id.is_zero()) continue;
    std::string& text = side == Side::kBase   ? conflict.base
                        : side == Side::kOurs ? conflict.ours
                                              : conflict.theirs;
    TRY_ASSIGN(text, catalog::shown_file(made_, file.id, file.mode, kConflictTextBytesMax));
  }
  const Side stands = choices_.settle(std::move(conflict));
  if (stands != Side::kOurs) put(object.path, object.id[at(stands)], true);
  return true;
}

Result<void> TreeMerge::merge_object(const ChangedObject& object) {
  std::set<ObjectKind> kinds(object.kind.begin(), object.kind.end());
  kinds.erase(ObjectKind::kNone);
  if (kinds.empty()) return {};  // A sequence that went elsewhere.
  const ObjectKind kind = *kinds.begin();
  if (is_in_lost_schema(object.path)) {
    const Side dropper = settled_.lost_schemas.at(object.path.substr(0, object.path.find('/')));
    if (kind != ObjectKind::kTable) TRY(tell_lost_object(object, kind, "dropped schema", dropper));
    if (!object.is(Side::kOurs, ObjectKind::kNone)) put(object.path, Oid{}, true);
    return {};
  }
  TRY_ASSIGN(const bool is_done, stands_by_need(object, kind));
  if (is_done) return {};
  // A view that has its name again, or one of two that came to a name: settled with the name.
  const auto back = back_in_place_.find(object.path);
  const auto named = kind_stands_.find(object.path);
  const bool is_view = kind == ObjectKind::kView || kind == ObjectKind::kMaterializedView;
  const bool has_back = back != back_in_place_.end();
  if (kinds.size() == 1 && is_view && (has_back || named != kind_stands_.end())) {
    const Side stands = has_back ? back->second : named->second;
    TRY_ASSIGN(const Oid folder, renamed_view(stands, object));
    if (folder != object.id[at(Side::kOurs)]) put(object.path, folder, true);
    return {};
  }
  const MovedSequence sequence{{object.path, object.path, object.path}, object.id, object.path};
  if (kinds.size() == 1) {
    if (kind == ObjectKind::kTable) return {};
    if (kind == ObjectKind::kSequence && drawn_from_.contains(object.path))
      return merge_sequence(sequence);
    TRY_ASSIGN(const bool settled, settle_dropped_object(object, kind));
    if (settled) return {};
    if (kind == ObjectKind::kSequence) return merge_sequence(sequence);
    if (kind != ObjectKind::kView && kind != ObjectKind::kMaterializedView)
      return merge_folder(object.path, object.id, kind_word(kind));
    // Views are compared, and stand, in merged names.
    ChangedObject view = object;
    for (const Side side : kSides) {
      TRY_ASSIGN(view.id[at(side)], renamed_view(side, object));
    }
    TRY(kind == ObjectKind::kMaterializedView
            ? merge_materialized(view)
            : merge_folder(object.path, view.id, kind_word(kind)));
    const auto edit = edits_.lower_bound(object.path);
    const bool edited = edit != edits_.end() && (edit->first == object.path ||
                                                 edit->first.starts_with(object.path + "/"));
    if (!edited && view.id[at(Side::kOurs)] != object.id[at(Side::kOurs)])
      put(object.path, view.id[at(Side::kOurs)], true);
    return {};
  }
  // One name for things of different kinds: taken or left as a whole, and on record as a whole, but
  // for tables (tell_gone) and what has its old name back. A table's name was settled with the table.
  const auto tell_loser = [&](Side stands) -> Result<void> {
    const Side loser = other_side(stands);
    const ObjectKind lost = object.kind[at(loser)];
    TRY_ASSIGN(const PlainPath plain, decode_path(object.path));
    const auto& renamed = *renamed_[at(loser)];
    const bool has_another = std::any_of(renamed.begin(), renamed.end(), [&](const auto& one) {
      return one.schema == plain.schema && one.name == plain.name;
    });
    if (stands == Side::kBase || has_another || yielding_.contains({loser, object.path}) ||
        is_moved_sequence(loser, object.path) ||
        (lost != ObjectKind::kView && lost != ObjectKind::kMaterializedView &&
         lost != ObjectKind::kSequence))
      return {};
    return tell_lost_object(object, lost, "name taken", stands);
  };
  if (named != kind_stands_.end()) TRY(tell_loser(named->second));
  if (placed_.contains(object.path)) return {};
  Side stands = Side::kOurs;
  if (named != kind_stands_.end()) {
    stands = named->second;
  } else if (object.same(Side::kBase, Side::kOurs)) {
    stands = Side::kTheirs;
  } else if (!object.same(Side::kBase, Side::kTheirs) && !object.same(Side::kOurs, Side::kTheirs)) {
    TRY_ASSIGN(stands, settle_kind(object));
    TRY(tell_loser(stands));
  }
  // A table that was there has another name by now, or went.
  const bool is_table = object.is(stands, ObjectKind::kTable);
  Oid folder = is_table ? Oid{} : object.id[at(stands)];
  if (object.is(stands, ObjectKind::kView) || object.is(stands, ObjectKind::kMaterializedView)) {
    TRY_ASSIGN(folder, renamed_view(stands, object));
  }
  if (folder != object.id[at(Side::kOurs)] || is_table) put(object.path, folder, true);
  return {};
}

// What the side knows by another name than the merged tree: tables, their columns, and views that
// the other side renamed.
Result<const std::vector<RenamedRelation>*> TreeMerge::renamed_relations(Side side) {
  auto& renamed = renamed_[at(side)];
  if (renamed) return &*renamed;
  renamed.emplace();
  for (const auto& job : jobs_) {
    if (job->path.empty() || job->side_path(side).empty()) continue;
    TRY_ASSIGN(PlainPath from, decode_path(job->side_path(side)));
    TRY_ASSIGN(PlainPath to, decode_path(job->path));
    ColumnNames columns = job->definition ? job->definition->names_of(side) : ColumnNames();
    if (job->path == job->side_path(side) && columns.empty()) continue;
    renamed->push_back({std::move(from.schema), std::move(from.name), std::move(to.schema),
                        std::move(to.name), std::move(columns)});
  }
  return &*renamed;
}

// And the views that a side renamed, once the tables are known.
Result<void> TreeMerge::find_views() {
  for (const Side side : kSides) {
    TRY_ASSIGN(const auto* ignored, renamed_relations(side));
    static_cast<void>(ignored);
  }
  const auto view_of = [&](Side side, const std::string& path) -> Result<catalog::ViewDef> {
    TRY_ASSIGN(const PlainPath plain, decode_path(path));
    TRY_ASSIGN(const Oid folder, renamed_view(side, changes_.objects.at(path)));
    TRY_ASSIGN(Oid blob, entry(folder, "view.sql"));
    if (blob.is_zero()) {
      TRY_ASSIGN(blob, entry(folder, "matview.sql"));
    }
    TRY_ASSIGN(const store::ObjectRef text, made_.read(blob));
    return catalog::view_from_sql(text.bytes, plain.schema, plain.name);
  };
  std::array<std::map<std::string, std::string>, 3> views;
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    TRY_ASSIGN(views[at(side)], find_renamed_views(changes_, side, view_of));
  }
  std::array<std::vector<RenamedRelation>, 3> found;
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    for (const auto& [was, is] : views[at(side)]) {
      TRY_ASSIGN(const PlainPath from, decode_path(was));
      TRY_ASSIGN(const PlainPath to, decode_path(is));
      const auto& others = views[at(other_side(side))];
      const auto same = others.find(was);
      const bool is_shared = same != others.end() && same->second == is;
      bool has_name = true;
      if (!is_shared) {
        TRY_ASSIGN(has_name, settle_view_name(side, was, is));
      }
      if (!has_name) {
        found[at(side)].push_back({to.schema, to.name, from.schema, from.name, {}});
        continue;
      }
      for (const Side other : kSides) {
        if (other != side)
          found[at(other)].push_back({from.schema, from.name, to.schema, to.name, {}});
      }
    }
  }
  for (const Side side : kSides) {
    for (RenamedRelation& relation : found[at(side)]) renamed_[at(side)]->push_back(relation);
  }
  return {};
}

// A view that a side renamed to what the other side has something at: one of them has the name. False:
// the other one; then the view is what it was called in the base, and what reads it follows.
Result<bool> TreeMerge::settle_view_name(Side side, const std::string& was, const std::string& is) {
  const Side other = other_side(side);
  const ChangedObject& object = changes_.objects.at(is);
  if (object.is(other, ObjectKind::kNone) || yielding_.contains({other, is})) return true;
  if (!kind_stands_.contains(is)) {
    if (object.kind[at(side)] == object.kind[at(other)]) {
      TRY_ASSIGN(const PlainPath plain, decode_path(is));
      SchemaConflict conflict{
          plain.dotted(), std::string(kind_word(object.kind[at(side)])), {}, {}, {}};
      TRY_ASSIGN(conflict.ours, view_text(Side::kOurs, object));
      TRY_ASSIGN(conflict.theirs, view_text(Side::kTheirs, object));
      conflict.may_stand[at(Side::kBase)] = false;  // What reads either would have nothing to read.
      kind_stands_[is] = choices_.settle(std::move(conflict));
    } else {
      TRY_ASSIGN(kind_stands_[is], settle_kind(object));
    }
  }
  if (kind_stands_.at(is) == side) return true;
  const ChangedObject& before = changes_.objects.at(was);
  if (before.is(other, ObjectKind::kNone)) return false;
  back_in_place_.emplace(was, other);
  std::array<std::string, 3> names;
  for (const Side of : kSides) {
    TRY_ASSIGN(const PlainPath own, decode_path(of == side ? is : was));
    names[at(of)] = own.dotted();
  }
  tell_renamed(std::string(kind_word(before.kind[0])) + " name", names, names[0], "name taken");
  return false;
}

Result<std::string> TreeMerge::view_text(Side side, const ChangedObject& object) const {
  TRY_ASSIGN(Oid blob, entry(object.id[at(side)], "view.sql"));
  if (blob.is_zero()) {
    TRY_ASSIGN(blob, entry(object.id[at(side)], "matview.sql"));
  }
  return text_of(blob);
}

// One name for things of different kinds.
Result<Side> TreeMerge::settle_kind(const ChangedObject& object) {
  TRY_ASSIGN(const PlainPath plain, decode_path(object.path));
  const auto word = [&](Side side) {
    return object.is(side, ObjectKind::kNone) ? std::string()
                                              : std::string(kind_word(object.kind[at(side)]));
  };
  return choices_.settle({plain.dotted(), "kind of object", word(Side::kBase), word(Side::kOurs),
                          word(Side::kTheirs)});
}

// The view's folder on that side, its query in merged names.
Result<Oid> TreeMerge::renamed_view(Side side, const ChangedObject& object) {
  const Oid& folder = object.id[at(side)];
  TRY_ASSIGN(const auto* renamed, renamed_relations(side));
  const SequenceNames& sequences = sequence_names_[at(side)];
  if (folder.is_zero() || (renamed->empty() && sequences.empty())) return folder;
  const char* const file =
      object.is(side, ObjectKind::kMaterializedView) ? "matview.sql" : "view.sql";
  TRY_ASSIGN(const Oid blob, entry(folder, file));
  if (blob.is_zero()) return folder;
  TRY_ASSIGN(const store::ObjectRef text, made_.read(blob));
  TRY_ASSIGN(const PlainPath plain, decode_path(object.path));
  const catalog::Catalog catalog(made_, cache_, root(side));
  TRY_ASSIGN(const std::string now,
             view_in_merged_names(catalog, text.bytes, plain.schema, plain.name, *renamed,
                                  sequences));
  if (now == text.bytes) return folder;
  return tree::edit_paths(made_, cache_, folder,
                          {{file, tree::kModeBlob, made_.add(store::ObjectType::kBlob, now)}});
}

// What REFRESH saw at one moment is no set of rows to be merged: one side's stands.
Result<void> TreeMerge::merge_materialized(const ChangedObject& object) {
  std::array<Oid, 3> data = object.id;  // A side that changed README.md alone changed nothing here.
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    TRY_ASSIGN(const bool same, same_data(made_, cache_, data[0], data[at(side)]));
    if (same) data[at(side)] = data[0];
  }
  std::optional<Oid> stands = three_way(data);
  if (stands && *stands == data[at(Side::kOurs)]) return {};
  if (!stands) {
    std::array<Oid, 3> definitions{};
    for (const Side side : kSides) {
      TRY_ASSIGN(definitions[at(side)], entry(object.id[at(side)], "matview.sql"));
    }
    TRY_ASSIGN(const PlainPath plain, decode_path(object.path));
    Side side = Side::kOurs;
    if (const std::optional<Oid> definition = three_way(definitions); !definition) {
      TRY_ASSIGN(const std::string base, text_of(definitions[0]));
      TRY_ASSIGN(const std::string ours, text_of(definitions[1]));
      TRY_ASSIGN(const std::string theirs, text_of(definitions[2]));
      side = choices_.settle({plain.dotted(), "materialized view", base, ours, theirs});
    } else if (definitions[1] != definitions[2]) {
      side = *definition == definitions[2] ? Side::kTheirs : Side::kOurs;
    } else if (request_.conflicts_take_base) {
      side = Side::kBase;
    } else if (request_.policy == Policy::kTheirs) {
      side = Side::kTheirs;
    } else if (request_.policy == Policy::kRowLevel && request_.theirs_is_later) {
      TRY_ASSIGN(const bool later, request_.theirs_is_later(object.path, {}, object.path, {}, {}));
      side = later ? Side::kTheirs : Side::kOurs;
    }
    stands = object.id[at(side)];
  }
  if (*stands != object.id[at(Side::kOurs)]) put(object.path, *stands, true);
  return {};
}

Result<void> TreeMerge::merge_file(const std::string& path, const std::array<Oid, 3>& files,
                                   std::string_view kind) {
  std::optional<Oid> stands = three_way(files);
  if (!stands) {
    TRY_ASSIGN(const std::string base, text_of(files[0]));
    TRY_ASSIGN(const std::string ours, text_of(files[1]));
    TRY_ASSIGN(const std::string theirs, text_of(files[2]));
    std::string object = path;
    if (const size_t slash = path.find('/'); slash != std::string::npos && kind != "file") {
      TRY_ASSIGN(const PlainPath plain, decode_path(path.substr(0, path.find('/', slash + 1))));
      object = plain.dotted();
    }
    stands = files[at(choices_.settle({object, std::string(kind), base, ours, theirs}))];
  }
  if (*stands != files[at(Side::kOurs)]) put(path, *stands, false);
  return {};
}

// Folders whose files are merged one by one.
Result<void> TreeMerge::merge_folder(const std::string& path, const std::array<Oid, 3>& folders,
                                     std::string_view kind) {
  if (std::count(path.begin(), path.end(), '/') > kFolderDepthMax) {
    return Error(ErrorCode::kProgramLimit, "folder " + path + " is nested too deeply");
  }
  if (const std::optional<Oid> stands = three_way(folders)) {
    if (*stands != folders[at(Side::kOurs)]) put(path, *stands, true);
    return {};
  }
  std::map<std::string, std::pair<std::array<Oid, 3>, std::array<Oid, 3>>>
      entries;  // Trees and files by name.
  for (const Side side : kSides) {
    if (folders[at(side)].is_zero()) continue;
    TRY_ASSIGN(const auto node, tree::GitTree::read(made_, cache_, folders[at(side)]));
    for (const tree::TreeEntry& entry : node->entries()) {
      auto& ids = entries[std::string(entry.name)];
      (entry.is_tree() ? ids.first : ids.second)[at(side)] = entry.id;
    }
  }
  for (const auto& [name, ids] : entries) {
    const std::string below = path + "/" + name;
    if (catalog::is_passive(below)) continue;  // merge_readmes
    const auto is_there = [](const std::array<Oid, 3>& id) {
      return !id[0].is_zero() || !id[1].is_zero() || !id[2].is_zero();
    };
    if (is_there(ids.first)) TRY(merge_folder(below, ids.first, kind));
    if (is_there(ids.second)) TRY(merge_file(below, ids.second, kind));
  }
  return {};
}

// A schema that one side dropped and that is not to stay: what the other side put into it goes with
// it, and what that side moved into it goes back.
bool TreeMerge::is_in_lost_schema(const std::string& path) const {
  return settled_.lost_schemas.contains(path.substr(0, path.find('/')));
}

Result<void> TreeMerge::tell_lost_table(const Job& job, Side kept) const {
  if (job.unchanged(kept)) return {};
  Consequence told{{}, "table", {}, {}, "dropped schema"};
  for (const Side side : kSides) {
    if (job.has(side))
      told.sides[at(side)] = catalog::table_sql(*job.sides.versions[at(side)].table);
  }
  TRY_ASSIGN(const PlainPath plain, decode_path(job.side_path(kept)));
  told.object = plain.dotted();
  choices_.tell(std::move(told));
  return {};
}

// A view, a sequence or what else is no table, of which a side's version stands, or that goes,
// because of something else: when a side changed it and that is not what stands.
Result<void> TreeMerge::tell_lost_object(const ChangedObject& object, ObjectKind kind,
                                         std::string_view ground, Side stands) const {
  const Side loser = other_side(stands);
  if (object.same(Side::kBase, loser) || object.same(Side::kOurs, Side::kTheirs)) return {};
  TRY_ASSIGN(const PlainPath plain, decode_path(object.path));
  if (was_settled(plain.dotted())) return {};
  Consequence told{plain.dotted(), std::string(kind_word(kind)), {}, {}, std::string(ground)};
  for (const Side side : kSides) {
    for (const char* const file : {"view.sql", "matview.sql", "sequence.json"}) {
      TRY_ASSIGN(const Oid blob, entry(object.id[at(side)], file));
      if (!blob.is_zero()) {
        TRY_ASSIGN(told.sides[at(side)], text_of(blob));
      }
    }
  }
  told.merged = told.sides[at(stands)];
  choices_.tell(std::move(told));
  return {};
}

// Takes a schema with all that is in it out of what is merged.
void TreeMerge::drop_schema(const std::string& folder, const std::string& name) {
  const std::string inside = folder + "/";
  std::erase_if(edits_, [&](const auto& edit) { return edit.first.starts_with(inside); });
  std::erase_if(outcome_.tables, [&](const TableMerge& table) { return table.schema == name; });
  put(folder, Oid{}, true);
}

Side TreeMerge::settle_dropped_schema(const std::string& name, bool ours_dropped) {
  const std::string text = catalog::schema_sql(name);
  return choices_.settle({name, "dropped schema", text, ours_dropped ? std::string() : text,
                          ours_dropped ? text : std::string()});
}

// A schema that one side dropped while the other put something into it. True: it goes, and the merge
// begins anew. What else becomes of it is for keep_schemas.
Result<bool> TreeMerge::settle_schemas() {
  if (request_.conflicts_take_base || !choices_.open.empty()) return false;
  for (const ChangedFile& file : changes_.files) {
    const size_t slash = file.path.find('/');
    const bool ours_dropped = file.id[at(Side::kOurs)].is_zero();
    if (slash == std::string::npos || file.path.substr(slash) != "/schema.sql" ||
        file.id[0].is_zero() || ours_dropped == file.id[at(Side::kTheirs)].is_zero() ||
        is_in_lost_schema(file.path))
      continue;
    const std::string folder = file.path.substr(0, slash);
    TRY_ASSIGN(const PlainPath plain, decode_path(folder));
    bool has_objects = false;
    TRY(look_at_merged([&](const store::ObjectReader& objects, const Oid& root) -> Result<void> {
      TRY_ASSIGN(const auto there, tree::find_path(objects, cache_, root, folder));
      if (!there || !there->is_tree()) return {};
      TRY_ASSIGN(const auto node, tree::GitTree::read(objects, cache_, there->id));
      for (const tree::TreeEntry& entry : node->entries())
        has_objects = has_objects || entry.is_tree();
      return {};
    }));
    if (!has_objects) continue;
    Choices before = choices_;  // It is settled, and told, by keep_schemas.
    const size_t held_back = held_back_ ? held_back_->size() : 0;
    const Side stands = settle_dropped_schema(plain.schema, ours_dropped);
    const bool settled = choices_.open.empty();
    choices_ = std::move(before);
    if (held_back_) held_back_->resize(held_back);
    if (!settled || stands != (ours_dropped ? Side::kOurs : Side::kTheirs)) continue;
    settled_.lost_schemas.emplace(folder, ours_dropped ? Side::kOurs : Side::kTheirs);
    return true;
  }
  return false;
}

// On top of what the other edits made.
Result<void> TreeMerge::write_readmes() {
  std::vector<tree::PathEdit> edits;
  for (const auto& [object, file] : readmes_) {
    TRY_ASSIGN(const auto folder, tree::find_path(made_, cache_, outcome_.root, object));
    if (!folder || !folder->is_tree()) continue;
    TRY_ASSIGN(const auto node, tree::GitTree::read(made_, cache_, folder->id));
    const tree::TreeEntry* now = node->find(catalog::kReadmeFile);
    const FileSide there = now == nullptr ? FileSide() : FileSide{now->id, now->mode};
    if (there == file) continue;
    edits.push_back({object + "/" + std::string(catalog::kReadmeFile), file.mode, file.id});
  }
  if (edits.empty()) return {};
  TRY_ASSIGN(outcome_.root, tree::edit_paths(made_, cache_, outcome_.root, std::move(edits)));
  return {};
}

// Writes the edits. A schema that one side dropped while the other put something into it is a
// conflict; until it is settled it stays.
Result<void> TreeMerge::keep_schemas() {
  const auto write = [&]() -> Result<void> {
    std::vector<tree::PathEdit> edits;
    for (auto& [path, edit] : edits_) edits.push_back(edit);
    if (!edits.empty()) {
      TRY_ASSIGN(outcome_.root,
                 tree::edit_paths(made_, cache_, request_.ours_root, std::move(edits)));
    }
    return write_readmes();
  };
  for (const auto& [folder, dropper] : settled_.lost_schemas) {
    TRY_ASSIGN(const PlainPath plain, decode_path(folder));
    settle_dropped_schema(plain.schema, dropper == Side::kOurs);
    drop_schema(folder, plain.schema);
  }
  TRY(write());
  TRY_ASSIGN(const auto top, tree::GitTree::read(made_, cache_, outcome_.root));
  bool again = false;
  for (const tree::TreeEntry& schema : top->entries()) {
    if (!schema.is_tree() || catalog::is_passive(schema.name, true)) continue;
    TRY_ASSIGN(const auto node, tree::GitTree::read(made_, cache_, schema.id));
    if (node->find("schema.sql") != nullptr) continue;
    const std::string path = std::string(schema.name) + "/schema.sql";
    TRY_ASSIGN(const PlainPath plain, decode_path(schema.name));
    const bool ours_dropped = edits_.find(path) == edits_.end();
    const size_t open = choices_.open.size();
    const Side stands = settle_dropped_schema(plain.schema, ours_dropped);
    const bool settled = choices_.open.size() == open;
    again = true;
    if (settled && stands == (ours_dropped ? Side::kOurs : Side::kTheirs)) {
      drop_schema(std::string(schema.name), plain.schema);
    } else {
      const std::string text = catalog::schema_sql(plain.schema);
      put(path, made_.add(store::ObjectType::kBlob, text), false);
    }
  }
  return again ? write() : Result<void>();
}

}  // namespace rowan::merge
