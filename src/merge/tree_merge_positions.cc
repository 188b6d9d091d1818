// Sequences of the merged tree: what they are there, who owns them, and how far they are.
#include <algorithm>
#include <utility>

#include "catalog/paths.h"
#include "catalog/sequence_bounds.h"
#include "merge/sequence_names.h"
#include "merge/sides.h"
#include "merge/tree_merge.h"

namespace rowan::merge {


Result<std::optional<catalog::SequenceDef>> TreeMerge::sequence_on(Side side,
                                                                   std::string_view dotted) const {
  std::string own(dotted);
  for (const auto& [was, is] : sequence_names_[at(side)]) {
    if (is == dotted) own = was;
  }
  if (root(side).is_zero()) return std::optional<catalog::SequenceDef>();
  TRY_ASSIGN(const catalog::ObjectName name, catalog::parse_name(own, catalog::kDefaultSchema));
  const catalog::Catalog catalog(made_, cache_, root(side));
  TRY_ASSIGN(const bool known, catalog.has_schema(name.schema));
  if (!known) return std::optional<catalog::SequenceDef>();
  return catalog.find_sequence(name.schema, name.name);
}

// The next value of a sequence of the merged tree: behind the farther of both sides'.
Result<int64_t> TreeMerge::next_value(const std::string& dotted) {
  TRY_ASSIGN(const auto ours, sequence_on(Side::kOurs, dotted));
  TRY_ASSIGN(const auto theirs, sequence_on(Side::kTheirs, dotted));
  if (!ours && !theirs)
    return Error(ErrorCode::kUndefinedTable, "relation \"" + dotted + "\" does not exist");
  const catalog::SequenceDef& sequence = ours ? *ours : *theirs;
  const bool upward = sequence.increment > 0;
  int64_t next = sequence.start;
  for (const auto* side : {&ours, &theirs}) {
    if (!*side || !(*side)->called) continue;
    const int64_t after = (*side)->last + sequence.increment;
    next = upward ? std::max(next, after) : std::min(next, after);
  }
  if (const auto drawn = drawn_.find(dotted); drawn != drawn_.end())
    next = drawn->second + sequence.increment;
  if (next < sequence.min || next > sequence.max)
    return Error(ErrorCode::kNumericOutOfRange,
                 "sequence " + dotted + " has no more values for the rows that need one");
  drawn_[dotted] = next;
  return next;
}

// What columns of the merged tables draw from stays, whoever dropped it.
Result<void> TreeMerge::find_drawn_from() {
  for (const std::string& path : settled_.kept) drawn_from_.insert(path);
  for (const auto& job : jobs_) {
    if (job->path.empty()) continue;
    const auto& table = job->merged ? job->merged : job->sides.versions[at(job->whole)].table;
    for (const catalog::ColumnDef& column : table->columns) {
      TRY_ASSIGN(const auto drawn, drawn_by(column));
      for (const std::string& dotted : drawn) {
        TRY_ASSIGN(std::string path, path_of(dotted));
        drawn_from_.insert(std::move(path));
      }
    }
  }
  return {};
}

// The owner in merged names.
Result<void> TreeMerge::rename_owner(Side side, catalog::SequenceDef& sequence) const {
  if (sequence.owner_table.empty()) return {};
  TRY_ASSIGN(const catalog::ObjectName name,
             catalog::parse_name(sequence.owner_table, catalog::kDefaultSchema));
  const Reference owner = reference(side, name.schema, name.name);
  if (owner.schema != name.schema || owner.table != name.name)
    sequence.owner_table = catalog::qualified(owner.schema, owner.table);
  if (const auto column = owner.columns.find(sequence.owner_column); column != owner.columns.end())
    sequence.owner_column = column->second;
  return {};
}

// Whether something else has the path that a sequence left.
bool TreeMerge::is_taken_anew(const std::string& path) const {
  const auto object = changes_.objects.find(path);
  return placed_.contains(path) ||
         (object != changes_.objects.end() &&
          std::any_of(object->second.kind.begin(), object->second.kind.end(),
                      [](ObjectKind kind) { return kind != ObjectKind::kNone; }));
}

// Whether the column that owns it, in merged names, is there; or none does.
Result<bool> TreeMerge::has_owner(const catalog::SequenceDef& sequence) const {
  if (sequence.owner_table.empty() || request_.conflicts_take_base) return true;
  TRY_ASSIGN(const std::string path, path_of(sequence.owner_table));
  const Job* const job = job_at(path);
  // A table that differs is merged, or goes.
  if (job == nullptr && changes_.objects.contains(path)) return false;
  TRY_ASSIGN(const auto table, definition_at(path));
  return table != nullptr && table->find_column(sequence.owner_column).has_value();
}

// An identity's sequence belongs to its column, whichever side's file stands.
Result<void> TreeMerge::give_to_identity(const std::string& path,
                                         catalog::SequenceDef& sequence) const {
  for (const auto& job : jobs_) {
    if (job->path.empty()) continue;
    const catalog::TableDef& table = standing(*job);
    for (const catalog::ColumnDef& column : table.columns) {
      if (column.identity == sql::IdentityKind::kNone) continue;
      TRY_ASSIGN(const std::string own, path_of(column.sequence));
      if (own != path) continue;
      sequence.owner_table = catalog::qualified(table.schema, table.name);
      sequence.owner_column = column.name;
      return {};
    }
  }
  return {};
}

Result<void> TreeMerge::merge_sequence(const MovedSequence& sequence) {
  const std::string& path = sequence.path;
  merged_sequences_.insert(path);
  TRY_ASSIGN(const PlainPath plain, decode_path(path));
  std::array<std::optional<catalog::SequenceDef>, 3> sides;
  std::array<std::string, 3> texts;  // Without what was drawn.
  for (const Side side : kSides) {
    TRY_ASSIGN(const Oid blob, entry(sequence.folders[at(side)], "sequence.json"));
    if (blob.is_zero()) continue;
    TRY_ASSIGN(const store::ObjectRef object, made_.read(blob));
    TRY_ASSIGN(sides[at(side)],
               catalog::sequence_from_json(object.bytes, plain.schema, plain.name));
    TRY(rename_owner(side, *sides[at(side)]));
    texts[at(side)] = definition_text(*sides[at(side)]);
  }
  size_t chosen = at(Side::kOurs);
  if (drawn_from_.contains(path) && (!sides[1] || !sides[2])) {
    chosen = at(sides[1] ? Side::kOurs : sides[2] ? Side::kTheirs : Side::kBase);
    bool known = !sides[0] || !sides[0]->owner_table.empty() || chosen == 0 ||
                 settled_.kept.contains(path);
    for (const auto& job : jobs_) {
      TRY_ASSIGN(const bool draws,
                 drawn_from_in(job->sides.versions[0].table.get(),
                               catalog::qualified(plain.schema, plain.name)));
      known = known || draws;
    }
    if (!known) {  // The other side's new default needs what this one dropped.
      SchemaConflict conflict{plain.dotted(), "dropped sequence", texts[0], texts[1], texts[2]};
      conflict.may_stand[at(sides[1] ? Side::kTheirs : Side::kOurs)] = false;
      choices_.settle(std::move(conflict));
    }
  } else if (texts[1] != texts[2] && texts[2] != texts[0]) {
    chosen = at(Side::kTheirs);
    if (texts[1] != texts[0]) {
      SchemaConflict conflict{plain.dotted(), "sequence", texts[0], texts[1], texts[2]};
      // What both sides made cannot go while something draws from it.
      conflict.may_stand[at(Side::kBase)] = sides[0] || !drawn_from_.contains(path);
      chosen = at(choices_.settle(std::move(conflict)));
      if (!sides[chosen] && drawn_from_.contains(path)) chosen = at(Side::kOurs);
    }
  }
  const std::string& ours = sequence.paths[at(Side::kOurs)];
  if (!ours.empty() && ours != path && !is_taken_anew(ours)) put(ours, Oid{}, true);
  if (!sides[chosen]) {
    put(path, Oid{}, true);
    return {};
  }
  catalog::SequenceDef merged = *sides[chosen];
  TRY(give_to_identity(path, merged));
  TRY_ASSIGN(const bool is_owned, has_owner(merged));
  if (!is_owned) {  // As with a column that is dropped: it goes, unless something draws from it.
    const bool stays = drawn_from_.contains(path);
    Consequence told{plain.dotted(), stays ? "sequence owner" : "sequence", {}, {}, "its owner"};
    for (const Side side : kSides) {
      if (!sides[at(side)]) continue;
      told.sides[at(side)] = stays ? sides[at(side)]->owner_table + "." + sides[at(side)]->owner_column
                                   : texts[at(side)];
    }
    choices_.tell(std::move(told));
    if (!stays) {
      put(path, Oid{}, true);
      return {};
    }
    merged.owner_table.clear();
    merged.owner_column.clear();
  }
  const auto advance = [&](int64_t last) {
    if (is_farther(merged, last)) merged.last = last;
    merged.called = true;
  };
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    if (sides[at(side)] && sides[at(side)]->called) advance(sides[at(side)]->last);
  }
  if (const auto drawn = drawn_.find(catalog::qualified(plain.schema, plain.name));
      drawn != drawn_.end())
    advance(drawn->second);
  // One side may have narrowed the bounds, and the other drawn beyond them: it is exhausted.
  catalog::keep_in_bounds(merged);
  const Oid blob = made_.add(store::ObjectType::kBlob, catalog::sequence_json(merged));
  TRY_ASSIGN(const Oid old, entry(sequence.folders[at(Side::kOurs)], "sequence.json"));
  if (blob != old || path != ours) put(path + "/sequence.json", blob, false);
  return {};
}

// The sequence that the merged tree has at a path.
Result<TreeMerge::MovedSequence> TreeMerge::sequence_of_path(const std::string& path) const {
  for (const MovedSequence& moved : moved_sequences_) {
    if (moved.path == path) return moved;
  }
  MovedSequence sequence{{path, path, path}, {}, path};
  for (const Side side : kSides) {
    if (root(side).is_zero()) continue;
    TRY_ASSIGN(const auto found, tree::find_path(made_, cache_, root(side), path));
    if (found && found->is_tree()) sequence.folders[at(side)] = found->id;
  }
  return sequence;
}

// Those that the merge itself drew from.
Result<void> TreeMerge::merge_drawn() {
  for (const auto& [dotted, value] : drawn_) {
    TRY_ASSIGN(const std::string path, path_of(dotted));
    if (merged_sequences_.contains(path)) continue;
    TRY_ASSIGN(const MovedSequence sequence, sequence_of_path(path));
    TRY(merge_sequence(sequence));
  }
  return {};
}

}  // namespace rowan::merge
