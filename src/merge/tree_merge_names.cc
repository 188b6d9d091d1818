// Names that several things came to: tables, and what shares a schema's names with them.
#include <algorithm>
#include <utility>

#include "merge/sequence_names.h"
#include "merge/sides.h"
#include "merge/tree_merge.h"
#include "type/key_codec.h"

namespace rowan::merge {
namespace {

// The indexes and keys of a table that `before` does not have.
std::vector<std::string> new_index_names(const catalog::TableDef& table,
                                         const catalog::TableDef* before) {
  const auto names_of = [](const catalog::TableDef& of) {
    std::vector<std::string> names;
    for (const catalog::IndexDef& index : of.indexes) names.push_back(index.name);
    for (const catalog::UniqueKey& key : of.unique_keys) names.push_back(key.name);
    if (!of.primary_key.empty()) names.push_back(of.primary_key_name);
    return names;
  };
  std::vector<std::string> names = names_of(table);
  const std::vector<std::string> known =
      before == nullptr ? std::vector<std::string>() : names_of(*before);
  std::erase_if(names, [&](const std::string& name) {
    return std::find(known.begin(), known.end(), name) != known.end();
  });
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool has_index(const catalog::TableDef& table, std::string_view name) {
  const std::vector<std::string> names = new_index_names(table, nullptr);
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

// ---- Names that several things came to ----

// Whether the side has something at the path that is no table and that stays: the other side did
// not take it away as it was.
bool TreeMerge::keeps_other_kind(Side side, const std::string& path) const {
  const auto object = changes_.objects.find(path);
  if (object == changes_.objects.end() || object->second.is(side, ObjectKind::kNone) ||
      object->second.is(side, ObjectKind::kTable) || yielding_.contains({side, path}))
    return false;
  const Side other = side == Side::kOurs ? Side::kTheirs : Side::kOurs;
  return !object->second.same(Side::kBase, side) || object->second.same(side, other);
}

// Something of one side, or both, that has a name which neither gave it, since something else has
// theirs. `names`: by Side; empty: the side does not have it.
void TreeMerge::tell_renamed(std::string_view kind, const std::array<std::string, 3>& names,
                             const std::string& merged, std::string_view ground) const {
  const std::string& known = !names[1].empty() ? names[1] : !names[2].empty() ? names[2] : names[0];
  choices_.tell({known, std::string(kind), names, merged, std::string(ground)});
}

// A table that goes with its name, as one line with all that was in it.
Result<void> TreeMerge::tell_gone(const Job& job, const std::string& path) const {
  TRY_ASSIGN(const PlainPath plain, decode_path(path));
  Consequence told{plain.dotted(), "table", {}, {}, "name taken"};
  for (const Side side : kSides) {
    if (job.has(side))
      told.sides[at(side)] = catalog::table_sql(*job.sides.versions[at(side)].table);
  }
  choices_.tell(std::move(told));
  return {};
}

// A table that has to leave its name: for its name in the base, or one of its own. What one side
// alone has goes.
Result<void> TreeMerge::give_way(Job& job) {
  const std::string contested = std::exchange(job.path, std::string());
  if (!job.has(Side::kBase) || !job.has(Side::kOurs) || !job.has(Side::kTheirs))
    return tell_gone(job, contested);
  if (!job.chosen_whole) job.whole = Side::kBase;
  TRY_ASSIGN(const PlainPath plain, decode_path(contested));
  const auto is_free = [&](const std::string& path) {
    return path != contested && !placed_.contains(path) && !keeps_other_kind(Side::kOurs, path) &&
           !keeps_other_kind(Side::kTheirs, path) &&
           std::none_of(jobs_.begin(), jobs_.end(), [&](const auto& other) {
             return other.get() != &job && other->path == path;
           });
  };
  std::string path = job.side_path(Side::kBase);
  for (int n = 2; !is_free(path); ++n) {
    path = type::encode_name(plain.schema) + "/" +
           type::encode_name(plain.name + "_" + std::to_string(n));
  }
  job.path = path;
  placed_.emplace(path, &job);
  return tell_new_path(job, "name taken");
}

Result<void> TreeMerge::tell_new_path(const Job& job, std::string_view ground) {
  std::array<std::string, 3> names;
  for (const Side side : kSides) {
    if (!job.has(side)) continue;
    TRY_ASSIGN(const PlainPath own, decode_path(job.side_path(side)));
    names[at(side)] = own.dotted();
  }
  TRY_ASSIGN(const PlainPath now, decode_path(job.path));
  tell_renamed("table name", names, now.dotted(), ground);
  return {};
}

// A table that came to a name which the other side has something else at: one of them has it.
Result<void> TreeMerge::settle_other_kind(Job& job) {
  const std::string path = job.path;
  for (const Side other : {Side::kOurs, Side::kTheirs}) {
    if (job.side_path(other) == path || !keeps_other_kind(other, path)) continue;
    const ChangedObject& object = changes_.objects.at(path);
    TRY_ASSIGN(const PlainPath plain, decode_path(path));
    const auto word = [&](Side side) {
      return object.is(side, ObjectKind::kNone) ? std::string()
                                                : std::string(kind_word(object.kind[at(side)]));
    };
    const Side stands = choices_.settle({plain.dotted(), "kind of object", word(Side::kBase),
                                         word(Side::kOurs), word(Side::kTheirs)});
    kind_stands_[path] = stands;
    const bool stays = job.side_path(stands) == path;
    return stays ? Result<void>() : give_way(job);
  }
  return {};
}

// Two tables that came to one name.
Result<void> TreeMerge::settle_one_name(Job& first, Job& second) {
  const std::string path = second.path;
  TRY_ASSIGN(const PlainPath plain, decode_path(path));
  const auto was = [&](Side side) {
    const Job& own = first.side_path(side) == path ? first : second;
    auto base = decode_path(own.has(Side::kBase) ? own.side_path(Side::kBase) : path);
    return "table " + (base ? base->dotted() : path);
  };
  const Side stands = choices_.settle(
      {plain.dotted(), "table name", {}, was(Side::kOurs), was(Side::kTheirs)});
  Job& leaves = first.side_path(stands) == path ? second : first;
  if (&leaves == &first) placed_[path] = &second;
  TRY(give_way(leaves));
  Job& stays = &leaves == &first ? second : first;
  if (stands != Side::kBase || stays.side_path(Side::kBase) == path) return {};
  placed_.erase(path);
  return give_way(stays);
}

Result<void> TreeMerge::settle_paths() {
  for (const auto& job : jobs_) TRY(place(*job));
  // Ours first: who comes to a taken name later waits for another one.
  std::stable_sort(jobs_.begin(), jobs_.end(), [](const auto& a, const auto& b) {
    return a->has(Side::kOurs) > b->has(Side::kOurs);
  });
  for (const auto& job : jobs_) {
    if (!job->path.empty()) TRY(settle_other_kind(*job));
    if (job->path.empty()) continue;
    const auto [found, is_new] = placed_.emplace(job->path, job.get());
    if (is_new || found->second == job.get()) continue;
    TRY(settle_one_name(*found->second, *job));
  }
  TRY(take_lost_keys());
  TRY(find_sequences());
  for (const auto& job : jobs_) TRY(define(*job));
  return {};
}

// Indexes share their schema's names with tables and views. What both sides gave a name to, here an
// index and there something else, keeps it on one side; the other index gets a name of its own.
Result<void> TreeMerge::settle_index_names() {
  struct Claim {
    Job* job;
    std::string schema, name;
  };
  std::array<std::vector<Claim>, 3> claims;
  for (const auto& job : jobs_) {
    if (job->path.empty()) continue;
    TRY_ASSIGN(const PlainPath plain, decode_path(job->path));
    const catalog::TableDef* before = job->sides.versions[at(Side::kBase)].table.get();
    if (before != nullptr && before->schema != plain.schema) before = nullptr;  // All come there.
    for (const Side side : {Side::kOurs, Side::kTheirs}) {
      const auto& own = job->sides.versions[at(side)].table;
      if (!job->has(side) || (job->whole != Side::kBase && job->whole != side)) continue;
      for (std::string& name : new_index_names(*own, before))
        claims[at(side)].push_back({job.get(), plain.schema, std::move(name)});
    }
  }
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    const Side other = side == Side::kOurs ? Side::kTheirs : Side::kOurs;
    for (const Claim& claim : claims[at(side)]) {
      const auto rival = std::find_if(
          claims[at(other)].begin(), claims[at(other)].end(), [&](const Claim& one) {
            return one.job != claim.job && one.schema == claim.schema && one.name == claim.name;
          });
      if (rival != claims[at(other)].end()) {
        if (side == Side::kTheirs) continue;  // Settled from ours.
        TRY(settle_two_indexes(claim.schema, claim.name, *claim.job, *rival->job));
        continue;
      }
      TRY_ASSIGN(const bool taken, has_new_relation(other, claim.schema, claim.name));
      TRY_ASSIGN(const bool stays, stays_elsewhere(side, *claim.job, claim.schema, claim.name));
      if (taken || stays) TRY(rename_index(*claim.job, claim.schema, claim.name));
    }
  }
  return {};
}

// Whether something that the side dropped, or moved away, stands all the same with the name which the
// side gave to the table's index.
Result<bool> TreeMerge::stays_elsewhere(Side side, const Job& job, const std::string& schema,
                                        const std::string& name) const {
  for (const auto& other : jobs_) {
    if (other.get() == &job || other->path.empty() || !has_index(standing(*other), name)) continue;
    TRY_ASSIGN(const PlainPath plain, decode_path(other->path));
    if (plain.schema == schema) return true;
  }
  const std::string path = type::encode_name(schema) + "/" + type::encode_name(name);
  const Side kept = other_side(side);
  if (const auto object = changes_.objects.find(path); object != changes_.objects.end()) {
    const bool is_kept = settled_.kept.contains(path) || drawn_from_.contains(path) ||
                         !object->second.same(Side::kBase, kept);
    return is_kept && !object->second.is(kept, ObjectKind::kNone) &&
           !object->second.is(kept, ObjectKind::kTable);
  }
  // What nobody changed, where the table comes to another schema than the side's.
  TRY_ASSIGN(const PlainPath own, decode_path(job.side_path(side)));
  if (own.schema == schema) return false;
  const catalog::Catalog catalog(made_, cache_, root(Side::kOurs));
  TRY_ASSIGN(const bool known, catalog.has_schema(schema));
  if (!known) return false;
  TRY_ASSIGN(const auto kind, catalog.find_relation(schema, name));
  if (kind != sql::ObjectKind::kNone && kind != sql::ObjectKind::kIndex) return true;
  TRY_ASSIGN(const auto holder, catalog.find_index(schema, name));
  return holder && !changes_.objects.contains(holder->table->path());
}

// The table as it stands, unless something takes a name from it yet.
const catalog::TableDef& TreeMerge::standing(const Job& job) {
  return job.merged ? *job.merged : *job.sides.versions[at(job.whole)].table;
}

Result<void> TreeMerge::settle_two_indexes(const std::string& schema, const std::string& name,
                                           Job& ours, Job& theirs) {
  TRY_ASSIGN(const PlainPath our_table, decode_path(ours.path));
  TRY_ASSIGN(const PlainPath their_table, decode_path(theirs.path));
  const Side stands =
      choices_.settle({schema + "." + name, "relation name", {}, "index of " + our_table.dotted(),
                       "index of " + their_table.dotted(), {false, true, true}});
  return rename_index(stands == Side::kTheirs ? ours : theirs, schema, name);
}

// Whether the side made a table, a view or a sequence of that name, and it stands.
Result<bool> TreeMerge::has_new_relation(Side side, const std::string& schema,
                                         const std::string& name) const {
  const std::string path = type::encode_name(schema) + "/" + type::encode_name(name);
  if (placed_.contains(path) || is_moved_sequence(side, path)) return true;
  const auto object = changes_.objects.find(path);
  return object != changes_.objects.end() && object->second.is(Side::kBase, ObjectKind::kNone) &&
         !object->second.is(side, ObjectKind::kNone) &&
         !object->second.is(side, ObjectKind::kTable);
}

Result<void> TreeMerge::rename_index(Job& job, const std::string& schema, const std::string& name) {
  std::array<std::string, 3> names;
  for (const Side side : kSides) {
    const auto& own = job.sides.versions[at(side)].table;
    if (!job.side_path(side).empty() && has_index(*own, name)) names[at(side)] = schema + "." + name;
  }
  if (job.whole != Side::kBase) {
    if (job.definition) {
      TRY(merge_constraints(job));
    } else {
      TRY(merge_with_itself(job));
    }
  }
  std::string fresh;
  for (int n = 2;; ++n) {
    fresh = name + "_" + std::to_string(n);
    TRY_ASSIGN(const bool is_free, is_sequence_path_free(path_of({schema, fresh})));
    const bool is_given = std::any_of(jobs_.begin(), jobs_.end(), [&](const auto& other) {
      return !other->path.empty() && has_index(standing(*other), fresh);
    });
    if (is_free && !is_given) break;
  }
  tell_renamed("index name", names, schema + "." + fresh, "name taken");
  job.definition->rename_index(name, fresh);
  job.merged = std::make_shared<const catalog::TableDef>(job.definition->table());
  return {};
}

}  // namespace rowan::merge
