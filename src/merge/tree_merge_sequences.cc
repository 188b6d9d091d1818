// Sequences: those that went to another name, what draws from them, and how far they are.
#include <algorithm>
#include <utility>

#include "catalog/expression_text.h"
#include "catalog/paths.h"
#include "merge/sides.h"
#include "merge/tree_merge.h"
#include "type/key_codec.h"

namespace rowan::merge {
namespace {


std::string path_of(const catalog::ObjectName& name) {
  return type::encode_name(name.schema) + "/" + type::encode_name(name.name);
}

Result<std::string> path_of(std::string_view dotted) {
  TRY_ASSIGN(const catalog::ObjectName name, catalog::parse_name(dotted, catalog::kDefaultSchema));
  return path_of(name);
}

Result<std::string> qualified_path(const std::string& path) {
  TRY_ASSIGN(const PlainPath plain, decode_path(path));
  return catalog::qualified(plain.schema, plain.name);
}

// "schema.name" of the sequences that a column draws from.
Result<std::vector<std::string>> drawn_by(const catalog::ColumnDef& column) {
  std::vector<std::string> names;
  if (!column.sequence.empty()) names.push_back(column.sequence);
  if (column.default_sql.empty()) return names;
  TRY_ASSIGN(const std::vector<std::string> named, catalog::sequences_of(column.default_sql));
  for (const std::string& name : named) {
    if (name != column.sequence) names.push_back(name);
  }
  return names;
}

// What a sequence is, but for its position.
std::string definition_text(catalog::SequenceDef sequence) {
  sequence.last = 0;
  sequence.called = false;
  return catalog::sequence_json(sequence);
}

bool is_farther(const catalog::SequenceDef& sequence, int64_t last) {
  return !sequence.called ||
         (sequence.increment > 0 ? last > sequence.last : last < sequence.last);
}

// Whether `is` may be `was` under another name: it was not set back.
bool goes_on(const catalog::SequenceDef& was, const catalog::SequenceDef& is) {
  return !was.called || (is.called && (is.last == was.last || is_farther(was, is.last)));
}

// The table with names of sequences replaced; null: it has none of them.
Result<std::shared_ptr<const catalog::TableDef>> with_names(const catalog::TableDef& table,
                                                            const SequenceNames& names) {
  std::shared_ptr<catalog::TableDef> renamed;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    TRY_ASSIGN(const auto drawn, drawn_by(table.columns[i]));
    for (const std::string& name : drawn) {
      const auto found = names.find(name);
      if (found == names.end()) continue;
      if (!renamed) renamed = std::make_shared<catalog::TableDef>(table);
      catalog::ColumnDef& column = renamed->columns[i];
      if (column.sequence == name) column.sequence = found->second;
      if (column.default_sql.empty()) continue;
      TRY_ASSIGN(column.default_sql,
                 catalog::rename_sequence_in(column.default_sql, name, found->second));
    }
  }
  if (renamed) catalog::finish_table(*renamed);
  return std::shared_ptr<const catalog::TableDef>(std::move(renamed));
}

// Whether a column of a table of the base, one that differs by now, draws from the sequence.
Result<bool> drawn_from_in(const catalog::TableDef* table, std::string_view dotted) {
  if (table == nullptr) return false;
  for (const catalog::ColumnDef& column : table->columns) {
    TRY_ASSIGN(const auto drawn, drawn_by(column));
    if (std::find(drawn.begin(), drawn.end(), dotted) != drawn.end()) return true;
  }
  return false;
}

}  // namespace

// ---- Which went elsewhere ----

Result<std::optional<catalog::SequenceDef>> TreeMerge::sequence_at(Side side,
                                                                   const std::string& path) const {
  const auto object = changes_.objects.find(path);
  if (object == changes_.objects.end() || !object->second.is(side, ObjectKind::kSequence))
    return std::optional<catalog::SequenceDef>();
  TRY_ASSIGN(const PlainPath plain, decode_path(path));
  TRY_ASSIGN(const Oid blob, entry(object->second.id[at(side)], "sequence.json"));
  TRY_ASSIGN(const store::ObjectRef text, made_.read(blob));
  TRY_ASSIGN(catalog::SequenceDef sequence,
             catalog::sequence_from_json(text.bytes, plain.schema, plain.name));
  return std::optional(std::move(sequence));
}

// By the columns that drew from a sequence of the base and draw from another one by now: base path
// to the side's.
Result<std::map<std::string, std::string>> TreeMerge::drawn_instead(Side side) const {
  std::map<std::string, std::string> instead;
  for (const auto& job : jobs_) {
    if (!job->has(Side::kBase) || !job->has(side)) continue;
    for (const catalog::ColumnDef& was : job->sides.versions[0].table->columns) {
      for (const catalog::ColumnDef& is : job->sides.versions[at(side)].table->columns) {
        if (was.id != is.id) continue;
        TRY_ASSIGN(const auto before, drawn_by(was));
        TRY_ASSIGN(const auto now, drawn_by(is));
        if (before.size() != 1 || now.size() != 1 || before == now) continue;
        TRY_ASSIGN(std::string from, path_of(before[0]));
        TRY_ASSIGN(std::string to, path_of(now[0]));
        instead.emplace(std::move(from), std::move(to));
      }
    }
  }
  return instead;
}

// Sequences that came to a name of their own by a column: they give way to what else has it.
Result<void> TreeMerge::find_yielding() {
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    for (const auto& [path, object] : changes_.objects) {
      if (!object.is(side, ObjectKind::kSequence) || !object.is(Side::kBase, ObjectKind::kNone))
        continue;
      TRY_ASSIGN(const auto sequence, sequence_at(side, path));
      if (!sequence->owner_table.empty()) yielding_.emplace(side, path);
    }
    TRY_ASSIGN(const auto instead, drawn_instead(side));
    for (const auto& [from, to] : instead) yielding_.emplace(side, to);
  }
  return {};
}

// Whether something else than the side's sequence stands at its path: the other side's. Of two
// sequences that columns brought one yields, whichever side is ours.
Result<bool> TreeMerge::must_yield(Side side, const std::string& path,
                                   const catalog::SequenceDef& sequence) const {
  if (!yielding_.contains({side, path})) return false;
  const Side other = other_side(side);
  const bool is_sequence = changes_.objects.at(path).is(other, ObjectKind::kSequence);
  if (placed_.contains(path) || (!is_sequence && keeps_other_kind(other, path))) return true;
  TRY_ASSIGN(auto rival, sequence_at(other, path));
  if (!rival) return false;
  TRY(rename_owner(other, *rival));
  const auto owner = [](const catalog::SequenceDef& of) {
    return std::pair(of.owner_table, of.owner_column);
  };
  return owner(*rival) < owner(sequence);
}

// Sequences of the base that the side has under another name: by what draws from them, else one that
// is gone and a new one with its definition that was not set back.
Result<std::map<std::string, std::string>> TreeMerge::find_renamed_sequences(Side side) {
  std::map<std::string, std::string> renames;
  std::set<std::string> taken;
  const auto is_new = [&](const ChangedObject& object) {
    const bool is_alone =
        object.is(other_side(side), ObjectKind::kNone) && !placed_.contains(object.path);
    return object.is(side, ObjectKind::kSequence) && object.is(Side::kBase, ObjectKind::kNone) &&
           (is_alone || yielding_.contains({side, object.path})) && !taken.contains(object.path);
  };
  TRY_ASSIGN(const auto instead, drawn_instead(side));
  for (const auto& [from, to] : instead) {
    const auto was = changes_.objects.find(from);
    const auto is = changes_.objects.find(to);
    if (was == changes_.objects.end() || is == changes_.objects.end() || !is_new(is->second) ||
        !was->second.is(Side::kBase, ObjectKind::kSequence))
      continue;
    renames.emplace(from, to);
    taken.insert(to);
  }
  for (const auto& [from, object] : changes_.objects) {
    if (!object.is(Side::kBase, ObjectKind::kSequence) || !object.is(side, ObjectKind::kNone) ||
        renames.contains(from))
      continue;
    TRY_ASSIGN(auto was, sequence_at(Side::kBase, from));
    TRY(rename_owner(Side::kBase, *was));
    for (const auto& [to, candidate] : changes_.objects) {
      if (!is_new(candidate)) continue;
      TRY_ASSIGN(auto is, sequence_at(side, to));
      TRY(rename_owner(side, *is));
      if (definition_text(*was) != definition_text(*is) || !goes_on(*was, *is)) continue;
      renames.emplace(from, to);
      taken.insert(to);
      break;
    }
  }
  return renames;
}

Result<void> TreeMerge::find_sequences() {
  std::array<std::map<std::string, std::string>, 3> renames;
  std::set<std::string> moved;
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    TRY_ASSIGN(renames[at(side)], find_renamed_sequences(side));
    for (const auto& [from, to] : renames[at(side)]) moved.insert(from);
  }
  for (const std::string& from : moved) {
    MovedSequence sequence{{from, {}, {}}, {}, {}};
    for (const Side side : {Side::kOurs, Side::kTheirs}) {
      const auto renamed = renames[at(side)].find(from);
      const bool stays = changes_.objects.at(from).is(side, ObjectKind::kSequence);
      sequence.paths[at(side)] = renamed != renames[at(side)].end() ? renamed->second
                                 : stays                            ? from
                                                                    : std::string();
    }
    if (!sequence.paths[1].empty() && !sequence.paths[2].empty())
      TRY(place_sequence(std::move(sequence)));
  }
  TRY(follow_owners());
  return rename_sequences_in_tables();
}

// The name that it has in the merged tree.
Result<void> TreeMerge::place_sequence(MovedSequence sequence) {
  const auto& [base, ours, theirs] = sequence.paths;
  sequence.path = ours == base ? theirs : ours;
  if (ours != base && theirs != base && ours != theirs) {
    TRY_ASSIGN(const PlainPath was, decode_path(base));
    TRY_ASSIGN(const PlainPath our_name, decode_path(ours));
    TRY_ASSIGN(const PlainPath their_name, decode_path(theirs));
    SchemaConflict conflict{was.dotted(), "sequence name", was.dotted(), our_name.dotted(),
                            their_name.dotted()};
    const ChangedObject& object = changes_.objects.at(base);
    conflict.may_stand[0] = object.is(Side::kOurs, ObjectKind::kNone) &&
                            object.is(Side::kTheirs, ObjectKind::kNone) && !placed_.contains(base);
    const Side stands = choices_.settle(std::move(conflict));
    sequence.path = sequence.paths[at(stands)];
  }
  if (is_in_lost_schema(sequence.path)) {
    sequence.path = is_in_lost_schema(ours) ? theirs : ours;
    TRY(tell_new_path(sequence, "dropped schema"));
  }
  if (sequence.path != base && is_taken_by_another(sequence)) {
    const bool may_go_back = !placed_.contains(base) && std::none_of(kSides, std::end(kSides), [&](Side side) {
      const ChangedObject& object = changes_.objects.at(base);
      return !object.is(side, ObjectKind::kNone) && !object.is(side, ObjectKind::kSequence);
    });
    if (may_go_back) {
      sequence.path = base;
    } else {
      TRY_ASSIGN(const PlainPath plain, decode_path(sequence.path));
      TRY_ASSIGN(sequence.path, free_sequence_path(plain.schema, plain.name));
    }
    TRY(tell_new_path(sequence, "name taken"));
  }
  return take_moved(std::move(sequence));
}

Result<void> TreeMerge::tell_new_path(const MovedSequence& sequence, std::string_view ground) {
  std::array<std::string, 3> names;
  for (const Side side : kSides) {
    const std::string& path = sequence.paths[at(side)];
    if (path.empty()) continue;
    TRY_ASSIGN(const PlainPath own, decode_path(path));
    names[at(side)] = own.dotted();
  }
  TRY_ASSIGN(const PlainPath now, decode_path(sequence.path));
  tell_renamed("sequence name", names, now.dotted(), ground);
  return {};
}

// Whether a side has something else at the sequence's path in the merged tree.
bool TreeMerge::is_taken_by_another(const MovedSequence& sequence) const {
  const auto object = changes_.objects.find(sequence.path);
  return placed_.contains(sequence.path) ||
         (object != changes_.objects.end() &&
          std::any_of(kSides + 1, std::end(kSides), [&](Side side) {
            return sequence.paths[at(side)] != sequence.path &&
                   !object->second.is(side, ObjectKind::kNone);
          }));
}

// As the name is given to a column's sequence: the name, or with a number behind it.
Result<std::string> TreeMerge::free_sequence_path(const std::string& schema,
                                                  const std::string& name) const {
  std::string path = path_of({schema, name});
  for (int n = 1;; ++n) {
    TRY_ASSIGN(const bool is_free, is_sequence_path_free(path));
    if (is_free) return path;
    path = path_of({schema, name + std::to_string(n)});
  }
}

// From now on the sides' objects at its paths are other ones.
Result<void> TreeMerge::take_moved(MovedSequence sequence) {
  TRY_ASSIGN(const std::string merged, qualified_path(sequence.path));
  for (const Side side : kSides) {
    const std::string& path = sequence.paths[at(side)];
    if (path.empty()) continue;
    ChangedObject& object = changes_.objects.at(path);
    sequence.folders[at(side)] = std::exchange(object.id[at(side)], Oid{});
    object.kind[at(side)] = ObjectKind::kNone;
    TRY_ASSIGN(const std::string own, qualified_path(path));
    if (path != sequence.path) sequence_names_[at(side)].emplace(own, merged);
  }
  moved_sequences_.push_back(std::move(sequence));
  return {};
}

// A sequence that one side made for a table which the other side moved to another schema moves with
// it, and one whose name something else has goes to another name.
Result<void> TreeMerge::follow_owners() {
  std::vector<std::pair<Side, std::string>> fresh;
  for (const auto& [path, object] : changes_.objects) {
    for (const Side side : {Side::kOurs, Side::kTheirs}) {
      if (object.is(side, ObjectKind::kSequence) && object.is(Side::kBase, ObjectKind::kNone))
        fresh.emplace_back(side, path);
    }
  }
  for (const auto& [side, path] : fresh) {
    const ChangedObject& object = changes_.objects.at(path);
    if (object.is(side, ObjectKind::kSequence)) TRY(follow_owner(side, object));
  }
  return {};
}

Result<void> TreeMerge::follow_owner(Side side, const ChangedObject& object) {
  TRY_ASSIGN(auto sequence, sequence_at(side, object.path));
  const std::string owner = sequence->owner_table;
  if (owner.empty()) return {};
  TRY(rename_owner(side, *sequence));
  TRY_ASSIGN(const catalog::ObjectName was, catalog::parse_name(owner, sequence->schema));
  TRY_ASSIGN(const catalog::ObjectName is,
             catalog::parse_name(sequence->owner_table, sequence->schema));
  TRY_ASSIGN(const bool yields, must_yield(side, object.path, *sequence));
  const bool goes_along = was.schema != is.schema && sequence->schema != is.schema;
  if (!goes_along && !yields) return {};
  const std::string schema = goes_along ? is.schema : sequence->schema;
  MovedSequence moved;
  moved.paths[at(side)] = object.path;
  moved.path = path_of({schema, sequence->name});
  // The other side may have made one for the same column.
  const Side other = other_side(side);
  TRY_ASSIGN(auto rival, sequence_at(other, moved.path));
  if (rival) TRY(rename_owner(other, *rival));
  if (rival && rival->owner_table == sequence->owner_table &&
      rival->owner_column == sequence->owner_column) {
    moved.paths[at(other)] = moved.path;
    return take_moved(std::move(moved));
  }
  const std::string wanted = moved.path;
  TRY_ASSIGN(moved.path, free_sequence_path(schema, sequence->name));
  if (moved.path != wanted) TRY(tell_new_path(moved, "name taken"));
  return take_moved(std::move(moved));
}

Result<bool> TreeMerge::is_sequence_path_free(const std::string& path) const {
  const bool taken = std::any_of(moved_sequences_.begin(), moved_sequences_.end(),
                                 [&](const auto& moved) { return moved.path == path; });
  if (placed_.contains(path) || taken) return false;
  TRY_ASSIGN(const PlainPath plain, decode_path(path));
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    const catalog::Catalog catalog(made_, cache_, root(side));
    TRY_ASSIGN(const bool known, catalog.has_schema(plain.schema));
    if (!known) continue;
    TRY_ASSIGN(const auto kind, catalog.find_relation(plain.schema, plain.name));
    TRY_ASSIGN(const auto index, catalog.find_index(plain.schema, plain.name));
    if (kind != sql::ObjectKind::kNone || index) return false;
  }
  return true;
}

// Defaults and identities draw from the merged names.
Result<void> TreeMerge::rename_sequences_in_tables() {
  for (const auto& job : jobs_) {
    for (const Side side : kSides) {
      catalog::TableVersion& version = job->sides.versions[at(side)];
      if (!version.table || sequence_names_[at(side)].empty()) continue;
      TRY_ASSIGN(auto renamed, with_names(*version.table, sequence_names_[at(side)]));
      if (!renamed) continue;
      version.table = std::move(renamed);
      job->is_rewritten = true;
    }
  }
  return {};
}

bool TreeMerge::is_moved_sequence(Side side, const std::string& path) const {
  return std::any_of(
      moved_sequences_.begin(), moved_sequences_.end(), [&](const MovedSequence& moved) {
        return moved.path == path && moved.paths[at(Side::kBase)] != path &&
               !moved.paths[at(side)].empty();
      });
}

// ---- How far they are ----

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

Result<void> TreeMerge::merge_sequence(const MovedSequence& sequence) {
  const std::string& path = sequence.path;
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
    if (texts[1] != texts[0])
      chosen = at(choices_.settle({plain.dotted(), "sequence", texts[0], texts[1], texts[2]}));
  }
  const std::string& ours = sequence.paths[at(Side::kOurs)];
  if (!ours.empty() && ours != path && !is_taken_anew(ours)) put(ours, Oid{}, true);
  if (!sides[chosen]) {
    put(path, Oid{}, true);
    return {};
  }
  catalog::SequenceDef merged = *sides[chosen];
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
    TRY_ASSIGN(const MovedSequence sequence, sequence_of_path(path));
    TRY(merge_sequence(sequence));
  }
  return {};
}

}  // namespace rowan::merge
