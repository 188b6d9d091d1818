// Sequences: those that went to another name, what draws from them, and how far they are.
#include <algorithm>
#include <utility>

#include "catalog/expression_text.h"
#include "catalog/paths.h"
#include "merge/sequence_names.h"
#include "merge/sides.h"
#include "merge/tree_merge.h"
#include "type/key_codec.h"

namespace rowan::merge {
namespace {

Result<std::string> qualified_path(const std::string& path) {
  TRY_ASSIGN(const PlainPath plain, decode_path(path));
  return catalog::qualified(plain.schema, plain.name);
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
  TRY(part_identities());
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
  const bool is_taken = sequence.path != base && is_taken_by_another(sequence);
  if (is_taken) {
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
  }
  TRY_ASSIGN(const PlainPath found, decode_path(sequence.path));
  TRY(keep_with_owner(sequence));
  TRY_ASSIGN(const PlainPath now, decode_path(sequence.path));
  // With its table it goes in silence; another name is told.
  if (is_taken || now.name != found.name) TRY(tell_new_path(sequence, "name taken"));
  return take_moved(std::move(sequence));
}

// A sequence lives in the schema of the table that owns it, wherever that came to.
Result<void> TreeMerge::keep_with_owner(MovedSequence& sequence) const {
  const Side side = sequence.paths[at(Side::kOurs)].empty() ? Side::kTheirs : Side::kOurs;
  TRY_ASSIGN(auto own, sequence_at(side, sequence.paths[at(side)]));
  if (!own || own->owner_table.empty()) return {};
  TRY(rename_owner(side, *own));
  TRY_ASSIGN(const catalog::ObjectName owner, catalog::parse_name(own->owner_table, own->schema));
  TRY_ASSIGN(const PlainPath plain, decode_path(sequence.path));
  if (owner.schema == plain.schema) return {};
  MovedSequence there = sequence;
  there.path = path_of({owner.schema, plain.name});
  if (is_taken_by_another(there)) {
    TRY_ASSIGN(there.path, free_sequence_path(owner.schema, plain.name));
  }
  sequence.path = there.path;
  return {};
}

Result<void> TreeMerge::tell_new_path(const MovedSequence& sequence,
                                      std::string_view ground) const {
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

// The sequence of an identity is one column's. A table that one side made, and that came to the sequence of
// one which it dropped and which stays, gets another.
Result<void> TreeMerge::part_identities() {
  const auto drawn_on = [](const Job& job, Side side) -> Result<std::set<std::string>> {
    std::set<std::string> paths;
    for (const catalog::ColumnDef& column : job.sides.versions[at(side)].table->columns) {
      if (column.identity == sql::IdentityKind::kNone) continue;
      TRY_ASSIGN(std::string path, path_of(column.sequence));
      paths.insert(std::move(path));
    }
    return paths;
  };
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    const Side other = other_side(side);
    for (const auto& job : jobs_) {
      if (job->path.empty() || !job->has(side) || job->has(other) || job->has(Side::kBase)) continue;
      TRY_ASSIGN(const std::set<std::string> own, drawn_on(*job, side));
      for (const auto& kept : jobs_) {
        if (kept->path.empty() || !kept->has(other) || kept->has(side)) continue;
        TRY_ASSIGN(const std::set<std::string> theirs, drawn_on(*kept, other));
        for (const std::string& path : own) {
          const auto object = changes_.objects.find(path);
          if (!theirs.contains(path) || object == changes_.objects.end() ||
              !object->second.is(side, ObjectKind::kSequence))
            continue;
          TRY_ASSIGN(const PlainPath plain, decode_path(path));
          MovedSequence moved;
          moved.paths[at(side)] = path;
          TRY_ASSIGN(moved.path, free_sequence_path(plain.schema, plain.name));
          TRY(tell_new_path(moved, "name taken"));
          TRY(take_moved(std::move(moved)));
        }
      }
    }
  }
  return {};
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

}  // namespace rowan::merge
