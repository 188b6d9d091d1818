// What one side took away and something new on the other side needs: a view's relation, a foreign
// key's table or key. Either what was taken away stays, or what is new goes.
#include <algorithm>
#include <utility>

#include "catalog/objects.h"
#include "merge/constraint_text.h"
#include "merge/sides.h"
#include "merge/tree_merge.h"
#include "type/key_codec.h"

namespace rowan::merge {
namespace {

std::string path_of(const catalog::ObjectName& name) {
  return type::encode_name(name.schema) + "/" + type::encode_name(name.name);
}

// The primary and unique keys of a table by name, each as its columns' names.
std::map<std::string, std::set<std::string>> keys_of(const catalog::TableDef& table) {
  std::map<std::string, std::set<std::string>> keys;
  const auto add = [&](const std::string& name, const std::vector<uint16_t>& columns) {
    for (const uint16_t column : columns) keys[name].insert(table.columns[column].name);
  };
  if (!table.primary_key.empty()) add(table.primary_key_name, table.primary_key);
  for (const catalog::UniqueKey& key : table.unique_keys) add(key.name, key.columns);
  return keys;
}

std::set<std::string> renamed(const std::set<std::string>& columns, const ColumnNames& names) {
  std::set<std::string> merged;
  for (const std::string& column : columns) {
    const auto found = names.find(column);
    merged.insert(found == names.end() ? column : found->second);
  }
  return merged;
}

std::string words(const catalog::DanglingReference& reference) {
  const std::string from = catalog::qualified(reference.from.schema, reference.from.name);
  return reference.kind == catalog::DanglingReference::Kind::kView
             ? "view " + from
             : "foreign key " + reference.key + " of " + from;
}

}  // namespace

struct TreeMerge::Need {
  SchemaConflict conflict;
  Side holder = Side::kOurs;  // The side that did not take it away.
  std::string path;           // Of the relation: the base's.
  std::string key;            // That key of it; empty: the relation itself.
  std::string holder_path;    // And where the holder has the table, with the key's columns.
  std::set<std::string> columns;
  std::vector<catalog::DanglingReference> dependents;
};

const TreeMerge::Job* TreeMerge::job_at(const std::string& path) const {
  const auto found =
      std::find_if(jobs_.begin(), jobs_.end(), [&](const auto& job) { return job->path == path; });
  return found == jobs_.end() ? nullptr : found->get();
}

// Whether a side took away something that another thing could need.
bool TreeMerge::may_dangle() const {
  if (!settled_.lost_schemas.empty()) return true;
  for (const auto& [path, object] : changes_.objects) {
    if (object.is(Side::kBase, ObjectKind::kNone)) continue;
    for (const Side side : {Side::kOurs, Side::kTheirs}) {
      if (object.kind[at(side)] != object.kind[at(Side::kBase)]) return true;
    }
  }
  return std::any_of(jobs_.begin(), jobs_.end(), [](const auto& job) {
    if (!job->has(Side::kBase)) return false;
    const auto before = keys_of(*job->sides.versions[at(Side::kBase)].table);
    for (const Side side : {Side::kOurs, Side::kTheirs}) {
      if (!job->has(side)) continue;
      const auto keys = keys_of(*job->sides.versions[at(side)].table);
      for (const auto& [name, columns] : before) {
        const auto now = keys.find(name);
        if (now == keys.end() || now->second != columns) return true;
      }
    }
    return false;
  });
}

// Shows the merged definitions, unless something about them is open. What is written for that is
// forgotten.
Result<void> TreeMerge::look_at_merged(const LookAt& look) {
  Choices before = choices_;
  const size_t held_back = held_back_ ? held_back_->size() : 0;
  for (const auto& job : jobs_) {
    const std::string& ours = job->side_path(Side::kOurs);
    if (!ours.empty() && ours != job->path && !placed_.contains(ours)) put(ours, Oid{}, true);
    if (job->path.empty()) continue;
    const auto& table = job->merged ? job->merged : job->sides.versions[at(job->whole)].table;
    put(job->path + "/table.sql",
        made_.add(store::ObjectType::kBlob, catalog::table_sql(*table)), false);
  }
  for (const ChangedFile& file : changes_.files) {  // Schemas stay, unless that is settled.
    const bool ours_dropped = file.path.ends_with("/schema.sql") && !file.id[0].is_zero() &&
                              file.id[at(Side::kOurs)].is_zero();
    if (ours_dropped && !file.id[at(Side::kTheirs)].is_zero())
      put(file.path, file.id[at(Side::kTheirs)], false);
  }
  TRY(merge_relations());
  std::vector<tree::PathEdit> edits;
  for (auto& [path, edit] : std::exchange(edits_, {})) edits.push_back(std::move(edit));
  merged_sequences_.clear();
  const bool is_open = !choices_.open.empty();
  choices_ = std::move(before);
  if (held_back_) held_back_->resize(held_back);
  if (is_open) return {};  // What is to be found depends on that.
  store::PendingObjects scratch(static_cast<const store::ObjectReader&>(made_));
  TRY_ASSIGN(const Oid root,
             tree::edit_paths(scratch, cache_, request_.ours_root, std::move(edits)));
  return look(scratch, root);
}

// References of the merged definitions to what is not there, and that neither side had before.
Result<std::vector<catalog::DanglingReference>> TreeMerge::dangling_here() {
  std::vector<catalog::DanglingReference> found;
  TRY(look_at_merged([&](const store::ObjectReader& objects, const Oid& root) -> Result<void> {
    TRY_ASSIGN(found, catalog::find_dangling(catalog::Catalog(objects, cache_, root)));
    return {};
  }));
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    if (found.empty()) break;
    TRY_ASSIGN(const auto known,
               catalog::dangling_references(catalog::Catalog(made_, cache_, this->root(side))));
    std::erase_if(found, [&](const auto& reference) {
      return std::find(known.begin(), known.end(), reference.text) != known.end();
    });
  }
  return found;
}

// Nothing: it is not for want of what a side took away.
Result<std::optional<TreeMerge::Need>> TreeMerge::need_of(
    const catalog::DanglingReference& reference) {
  if (reference.kind == catalog::DanglingReference::Kind::kDefault) return std::optional<Need>();
  const std::string path = path_of(reference.to);
  Need need;
  std::string kind;
  std::array<std::string, 3> texts;
  for (const auto& job : jobs_) {
    if (!job->path.empty() || !job->has(Side::kBase)) continue;
    for (const Side side : {Side::kOurs, Side::kTheirs}) {
      if (!job->has(side) || job->side_path(side) != path) continue;
      kind = "table";
      need.holder = side;
      need.path = job->side_path(Side::kBase);
      for (const Side of : {Side::kBase, side})
        texts[at(of)] = catalog::table_sql(*job->sides.versions[at(of)].table);
    }
  }
  const auto object = changes_.objects.find(path);
  if (kind.empty() && object != changes_.objects.end()) {
    for (const Side side : {Side::kOurs, Side::kTheirs}) {
      const ObjectKind own = object->second.kind[at(side)];
      const bool is_one = own == ObjectKind::kView || own == ObjectKind::kMaterializedView ||
                          own == ObjectKind::kSequence;
      const bool was_there = !object->second.is(Side::kBase, ObjectKind::kNone) ||
                             settled_.lost_views.contains(path);
      if (!is_one || !was_there || !object->second.is(other_side(side), ObjectKind::kNone))
        continue;
      kind = kind_word(own);
      need.holder = side;
      need.path = path;
      texts[0] = texts[at(side)] = kind + "\n";
    }
  }
  if (kind.empty() && is_in_lost_schema(path)) {  // Settled with the schema.
    need.holder = other_side(settled_.lost_schemas.at(path.substr(0, path.find('/'))));
    need.path = path;
    return std::optional(std::move(need));
  }
  if (kind.empty()) return need_of_key(reference);
  need.conflict = {reference.to.schema + "." + reference.to.name, "dropped " + kind, texts[0],
                   texts[1], texts[2]};
  return std::optional(std::move(need));
}

// A foreign key whose table is there, without the key.
Result<std::optional<TreeMerge::Need>> TreeMerge::need_of_key(
    const catalog::DanglingReference& reference) {
  const Job* child = job_at(path_of(reference.from));
  const Job* parent = job_at(path_of(reference.to));
  if (child == nullptr || parent == nullptr || !parent->has(Side::kBase) || !parent->definition)
    return std::optional<Need>();
  const auto& merged =
      child->merged ? child->merged : child->sides.versions[at(child->whole)].table;
  const catalog::ForeignKey* key = find_foreign_key(merged.get(), reference.key);
  if (key == nullptr) return std::optional<Need>();
  const std::set<std::string> wanted(key->referenced.begin(), key->referenced.end());
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    const auto& lacking = parent->sides.versions[at(other_side(side))].table;
    if (!parent->has(side) || lacking == nullptr) continue;
    const auto kept = keys_of(*lacking);
    const bool has_key = std::any_of(kept.begin(), kept.end(), [&](const auto& one) {
      return renamed(one.second, parent->definition->names_of(other_side(side))) == wanted;
    });
    if (has_key) continue;
    for (const auto& [name, columns] : keys_of(*parent->sides.versions[at(side)].table)) {
      if (renamed(columns, parent->definition->names_of(side)) != wanted) continue;
      Need need;
      need.holder = side;
      need.path = parent->side_path(Side::kBase);
      need.key = name;
      need.holder_path = parent->side_path(side);
      need.columns = columns;
      std::string text = "key (";
      for (const std::string& column : columns) text += (text.ends_with('(') ? "" : ", ") + column;
      need.conflict = {reference.to.schema + "." + reference.to.name + "." + name, "dropped key",
                       text + ")", {}, {}};
      (side == Side::kOurs ? need.conflict.ours : need.conflict.theirs) = text + ")";
      return std::optional(std::move(need));
    }
  }
  return std::optional<Need>();
}

Result<std::vector<TreeMerge::Need>> TreeMerge::find_needs() {
  std::vector<Need> needs;
  TRY_ASSIGN(const auto dangling, dangling_here());
  for (const catalog::DanglingReference& reference : dangling) {
    TRY_ASSIGN(std::optional<Need> need, need_of(reference));
    if (!need) continue;
    auto known = std::find_if(needs.begin(), needs.end(), [&](const Need& one) {
      return one.path == need->path && one.key == need->key;
    });
    if (known == needs.end()) known = needs.insert(needs.end(), std::move(*need));
    known->dependents.push_back(reference);
  }
  for (Need& need : needs) {
    std::string& text =
        need.holder == Side::kOurs ? need.conflict.ours : need.conflict.theirs;
    for (size_t i = 0; i < need.dependents.size(); ++i)
      text += (i == 0 ? "-- needed by " : ", ") + words(need.dependents[i]);
    need.conflict.may_stand[at(Side::kBase)] = false;  // It is there, and what needs it is not.
  }
  return needs;
}

// Whether a table or view went although the other side had changed it: that was a conflict of its own,
// and it is settled.
bool TreeMerge::went_by_choice(const std::string& base_path) const {
  const auto object = changes_.objects.find(base_path);
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    if (object == changes_.objects.end() || !object->second.is(Side::kBase, ObjectKind::kView)) break;
    if (object->second.is(side, ObjectKind::kView) && !object->second.same(Side::kBase, side) &&
        object->second.is(other_side(side), ObjectKind::kNone))
      return true;
  }
  return std::any_of(jobs_.begin(), jobs_.end(), [&](const auto& job) {
    if (!job->path.empty() || !job->has(Side::kBase) || job->side_path(Side::kBase) != base_path)
      return false;
    const bool ours = job->has(Side::kOurs);
    return ours != job->has(Side::kTheirs) && !job->unchanged(ours ? Side::kOurs : Side::kTheirs);
  });
}

// True: something was settled, and the merge begins anew.
Result<bool> TreeMerge::settle_needs() {
  if (request_.conflicts_take_base || !choices_.open.empty() || !may_dangle()) return false;
  TRY_ASSIGN(const std::vector<Need> needs, find_needs());
  const size_t before = settled_.size();
  for (const Need& need : needs) {
    const Side dropper = other_side(need.holder);
    const bool is_lost = need.key.empty() && (settled_.lost_views.contains(need.path) ||
                                              is_in_lost_schema(need.path) ||
                                              went_by_choice(need.path));
    Side stands = dropper;
    if (!is_lost) {
      const size_t open = choices_.open.size();
      stands = choices_.settle(need.conflict);
      if (choices_.open.size() > open) continue;
      settled_.needs.push_back(need.conflict);
    }
    if (stands == need.holder) {
      if (need.key.empty()) {
        settled_.kept.insert(need.path);
        continue;
      }
      settled_.kept_parts[need.path].emplace(need.key, need.holder);
      settled_.kept_columns[{need.holder, need.holder_path}].insert(need.columns.begin(),
                                                                    need.columns.end());
      continue;
    }
    for (const catalog::DanglingReference& reference : need.dependents) {
      std::string path = path_of(reference.from);
      const bool is_view = reference.kind == catalog::DanglingReference::Kind::kView;
      if (const Job* job = is_view ? nullptr : job_at(path)) path = job->side_path(need.holder);
      if (is_view) {
        settled_.lost_views.emplace(path, dropper);
      } else {
        settled_.lost_keys.emplace(path, reference.key);
      }
    }
  }
  return settled_.size() > before;
}

size_t Settled::size() const {
  size_t size = kept.size() + lost_schemas.size() + kept_views.size() + lost_views.size() + lost_keys.size();
  for (const auto& [table, parts] : kept_parts) size += parts.size();
  for (const auto& [table, columns] : kept_columns) size += columns.size();
  return size;
}

// Whether what needs it, or what it needs, says which version of a relation stands.
Result<bool> TreeMerge::stands_by_need(const ChangedObject& object, ObjectKind kind) {
  Side stands = Side::kOurs;
  if (const auto lost = settled_.lost_views.find(object.path); lost != settled_.lost_views.end()) {
    stands = lost->second;
  } else if (const auto kept = settled_.kept_views.find(object.path);
             kept != settled_.kept_views.end()) {
    stands = kept->second;
  } else if (settled_.kept.contains(object.path) && kind != ObjectKind::kSequence &&
             kind != ObjectKind::kTable) {
    stands = object.is(Side::kOurs, ObjectKind::kNone) ? Side::kTheirs : Side::kOurs;
  } else {
    return false;
  }
  TRY(tell_lost_object(object, kind, "what it needs", stands));
  TRY_ASSIGN(const Oid folder, renamed_view(stands, object));
  if (folder != object.id[at(Side::kOurs)]) put(object.path, folder, true);
  return true;
}

// Whether it was a conflict of its own.
bool TreeMerge::was_settled(const std::string& object) const {
  return std::any_of(settled_.needs.begin(), settled_.needs.end(),
                     [&](const SchemaConflict& conflict) { return conflict.object == object; });
}

void TreeMerge::tell_lost_key(const Job& job, const std::string& name) const {
  const auto& known = job.sides.versions[at(job.has(Side::kOurs) ? Side::kOurs : Side::kTheirs)].table;
  Consequence told{known->schema + "." + known->name + "." + name, "foreign key", {}, {},
                   "what it needs"};
  for (const Side side : kSides) {
    const auto& table = job.sides.versions[at(side)].table;
    const catalog::ForeignKey* key = find_foreign_key(table.get(), name);
    if (key != nullptr) told.sides[at(side)] = catalog::foreign_key_sql(*table, *key);
  }
  const auto lost_by = [&](Side side) {
    const std::string& own = told.sides[at(side)];
    return !own.empty() && own != told.sides[at(Side::kBase)];
  };
  if (!was_settled(told.object) && (lost_by(Side::kOurs) || lost_by(Side::kTheirs))) choices_.tell(std::move(told));
}

// Foreign keys that go with what they need.
Result<void> TreeMerge::take_lost_keys() {
  for (const auto& [path, name] : settled_.lost_keys) {
    for (const auto& job : jobs_) {
      if (job->side_path(Side::kOurs) != path && job->side_path(Side::kTheirs) != path) continue;
      tell_lost_key(*job, name);
      for (catalog::TableVersion& version : job->sides.versions) {
        if (find_foreign_key(version.table.get(), name) == nullptr) continue;
        auto table = std::make_shared<catalog::TableDef>(*version.table);
        std::erase_if(table->foreign_keys, [&](const auto& key) { return key.name == name; });
        catalog::finish_table(*table);
        version.table = std::move(table);
        job->is_rewritten = true;
      }
    }
  }
  return {};
}

}  // namespace rowan::merge
