#include "merge/tree_merge.h"

#include <algorithm>
#include <set>

#include "catalog/format_file.h"
#include "catalog/objects.h"
#include "catalog/paths.h"
#include "merge/fit.h"
#include "merge/lost_cells.h"
#include "merge/record.h"
#include "merge/sides.h"
#include "merge/told.h"
#include "tree/leaf.h"
#include "type/key_codec.h"
#include "type/text.h"

namespace rowan::merge {
namespace {

// What was settled about definitions, for who asked to be told.
Choices::Record schema_record(const Request& request) {
  if (!request.record) return {};
  return [&request](const SchemaConflict& conflict, Side side, bool answered) {
    Settlement settlement = settlement_of(conflict);
    settlement.merged = side == Side::kOurs     ? settlement.ours
                        : side == Side::kTheirs ? settlement.theirs
                                                : settlement.base;
    settlement.choice = side_word(side);
    settlement.ground = answered ? "answer" : policy_ground(request);
    request.record(std::move(settlement));
  };
}

Choices::Tell consequence_record(const Request& request) {
  if (!request.record) return {};
  return [&request](Consequence told) {
    SchemaConflict about{std::move(told.object), std::move(told.kind), std::move(told.sides[0]),
                         std::move(told.sides[1]), std::move(told.sides[2])};
    Settlement settlement = settlement_of(about);
    if (!told.merged.empty()) settlement.merged = std::move(told.merged);
    settlement.choice = choice_of(settlement);
    settlement.ground = std::move(told.ground);
    request.record(std::move(settlement));
  };
}

Error canceled() {
  return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
}

Prefer preference(const Request& request) {
  if (request.conflicts_take_base) return Prefer::kBase;
  if (request.policy == Policy::kOurs) return Prefer::kOurs;
  if (request.policy == Policy::kTheirs) return Prefer::kTheirs;
  return Prefer::kReport;
}

}  // namespace

TreeMerge::TreeMerge(store::PendingObjects& made, store::NodeCache& cache, const Request& request,
                     Settled& settled)
    : made_(made),
      cache_(cache),
      record_(request.record),
      request_(told_of(request)),
      settled_(settled),
      roots_{request.base_root, request.ours_root, request.theirs_root},
      choices_(preference(request_), request_.resolve_schema, schema_record(request_),
               consequence_record(request_)),
      context_{made, cache, request_, outcome_, choices_} {}

Request TreeMerge::told_of(const Request& request) {
  Request told = request;
  if (!record_) return told;
  told.record = [this](Settlement settlement) {
    if (!held_back_) return record_(std::move(settlement));
    held_back_->push_back(std::move(settlement));
    return true;
  };
  return told;
}

bool TreeMerge::is_cancelled() const {
  return request_.cancelled != nullptr && request_.cancelled->load(std::memory_order_relaxed);
}

void TreeMerge::tell_held_back() {
  std::vector<Settlement> settlements = *std::exchange(held_back_, std::nullopt);
  for (Settlement& settlement : settlements) {
    if (!record_(std::move(settlement))) break;
  }
}

Result<std::optional<Outcome>> TreeMerge::run() {
  outcome_.root = request_.ours_root;
  // What both sides hold by one commit may be what makes them alike.
  if (request_.theirs_root == request_.base_root && !request_.shared_changes)
    return std::optional<Outcome>(std::move(outcome_));
  for (const SchemaConflict& conflict : settled_.needs) choices_.settle(conflict);
  TRY_ASSIGN(changes_, find_changes(made_, cache_, roots_));
  TRY(find_shared_tables());
  TRY(find_tables());
  TRY(find_yielding());
  const size_t whole = settled_.whole.size();
  TRY(settle_paths());
  if (settled_.whole.size() > whole) return std::optional<Outcome>();
  TRY(merge_definitions());
  TRY(find_drawn_from());
  TRY(settle_index_names());
  TRY(find_views());
  TRY_ASSIGN(const bool retyped, settle_reference_types());
  if (retyped) return std::optional<Outcome>();
  TRY_ASSIGN(const bool schema_goes, settle_schemas());
  if (schema_goes) return std::optional<Outcome>();
  TRY_ASSIGN(const bool again, settle_needs());
  if (again) return std::optional<Outcome>();
  TRY_ASSIGN(const bool bound_anew, settle_unusable());
  if (bound_anew) return std::optional<Outcome>();
  TRY_ASSIGN(const bool done, merge_rows());
  if (!done) return std::optional<Outcome>();
  TRY(write_tables());
  TRY(merge_objects());
  for (const ChangedFile& file : changes_.files) {
    if (file.path == catalog::kFormatFile) {
      TRY(unite_features(file));
      continue;
    }
    if (!catalog::is_passive(file.path)) {
      TRY(merge_file(file.path, file.id, "file"));
      continue;
    }
    TRY_ASSIGN(const FileSide merged, merge_passive_file(made_, choices_, file));
    if (merged != side_of(file, Side::kOurs)) put_file(file.path, merged);
  }
  TRY(merge_readmes());
  TRY(keep_schemas());
  TRY(catalog::check_passive_files(made_, cache_, request_.ours_root, outcome_.root));
  outcome_.schema_conflicts = std::move(choices_.open);
  outcome_.settled += choices_.settled;
  return std::optional<Outcome>(std::move(outcome_));
}

// What either side names stays named, whatever the base says.
Result<void> TreeMerge::unite_features(const ChangedFile& file) {
  TRY_ASSIGN(catalog::FeatureSet features,
             catalog::named_features(made_, cache_, root(Side::kOurs)));
  TRY_ASSIGN(catalog::FeatureSet theirs,
             catalog::named_features(made_, cache_, root(Side::kTheirs)));
  features.merge(theirs);
  const Oid united = made_.add(store::ObjectType::kBlob, catalog::format_text(features));
  if (united != file.id[at(Side::kOurs)]) put(file.path, united, false);
  return {};
}

Result<Oid> TreeMerge::entry(const Oid& folder, std::string_view name) const {
  if (folder.is_zero()) return Oid{};
  TRY_ASSIGN(const auto node, tree::GitTree::read(made_, cache_, folder));
  const tree::TreeEntry* found = node->find(name);
  return found == nullptr ? Oid{} : found->id;
}

Result<std::string> TreeMerge::text_of(const Oid& blob) const {
  if (blob.is_zero()) return std::string();
  TRY_ASSIGN(const store::ObjectRef object, made_.read(blob));
  return std::string(object.bytes.substr(0, kConflictTextBytesMax));
}

void TreeMerge::put(std::string path, const Oid& id, bool is_tree) {
  tree::PathEdit edit{path, is_tree ? tree::kModeTree : tree::kModeBlob, id};
  edits_[std::move(path)] = std::move(edit);
}

void TreeMerge::put_file(std::string path, const FileSide& file) {
  edits_[path] = {path, file.mode, file.id};
}

// ---- Tables: which of the sides' are one ----

Result<void> TreeMerge::add_job(const std::string& base, const std::string& ours,
                                const std::string& theirs) {
  auto job = std::make_unique<Job>();
  job->sides.paths = {base, ours, theirs};
  for (const Side side : kSides) {
    const std::string& path = job->sides.paths[at(side)];
    if (path.empty()) continue;
    TRY_ASSIGN(job->sides.versions[at(side)], table_at(made_, cache_, root(side), path));
    job->folders[at(side)] = changes_.objects.at(path).id[at(side)];
  }
  jobs_.push_back(std::move(job));
  return {};
}

// Tables where what both sides hold by one commit came to nothing on either.
Result<void> TreeMerge::find_shared_tables() {
  if (!request_.shared_changes) return {};
  return add_alike_tables(
      made_, cache_, roots_,
      [this](const std::string& path) -> Result<bool> {
        TRY_ASSIGN(const catalog::TableVersion version, table_at(made_, cache_, roots_[0], path));
        if (!adds_up(*version.table)) return false;
        TRY_ASSIGN(const auto shared, request_.shared_changes({path, path, path}));
        return !shared.empty();
      },
      changes_);
}

Result<void> TreeMerge::find_tables() {
  std::array<std::map<std::string, std::string>, 3> renames;
  std::array<std::set<std::string>, 3> targets;
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    TRY_ASSIGN(renames[at(side)], find_renames(made_, cache_, roots_, changes_, side,
                                               request_.base_is_aside));
    for (const auto& [from, to] : renames[at(side)]) {
      if (!to.empty()) targets[at(side)].insert(to);
    }
  }
  const auto path_on = [&](Side side, const ChangedObject& object) {
    const auto found = renames[at(side)].find(object.path);
    if (found != renames[at(side)].end()) return found->second;
    return object.is(side, ObjectKind::kTable) ? object.path : std::string();
  };
  for (const auto& [path, object] : changes_.objects) {
    if (object.is(Side::kBase, ObjectKind::kTable)) {
      TRY(add_job(path, path_on(Side::kOurs, object), path_on(Side::kTheirs, object)));
    }
    // The table is new on the side: not the base's, neither the one at this path nor another.
    const auto is_new = [&](Side side) {
      return object.is(side, ObjectKind::kTable) && !targets[at(side)].contains(path) &&
             (!object.is(Side::kBase, ObjectKind::kTable) || renames[at(side)].contains(path));
    };
    const bool ours = is_new(Side::kOurs);
    const bool theirs = is_new(Side::kTheirs);
    if (ours || theirs)
      TRY(add_job({}, ours ? path : std::string(), theirs ? path : std::string()));
  }
  return {};
}

// A table that one side dropped and the other changed. True: it stays, as that other side has it,
// or, where the base stands, as that has it.
Result<bool> TreeMerge::settle_dropped(Job& job) {
  const Side kept = job.has(Side::kOurs) ? Side::kOurs : Side::kTheirs;
  if (settled_.kept.contains(job.side_path(Side::kBase))) return true;
  if (job.unchanged(kept)) return false;
  // What the other side made in its place is settled with it, as one name for two things.
  if (keeps_other_kind(kept == Side::kOurs ? Side::kTheirs : Side::kOurs, job.side_path(kept)))
    return true;
  TRY_ASSIGN(const PlainPath plain, decode_path(job.side_path(Side::kBase)));
  SchemaConflict conflict{plain.dotted(),
                          "dropped table",
                          catalog::table_sql(*job.sides.versions[at(Side::kBase)].table),
                          {},
                          {}};
  (kept == Side::kOurs ? conflict.ours : conflict.theirs) =
      catalog::table_sql(*job.sides.versions[at(kept)].table);
  const Side stands = choices_.settle(std::move(conflict));
  if (stands == Side::kBase) {  // It comes as theirs would, had it left the table alone.
    job.sides.versions[at(Side::kTheirs)] = job.sides.versions[at(Side::kBase)];
    job.sides.paths[at(Side::kTheirs)] = job.side_path(Side::kBase);
    job.folders[at(Side::kTheirs)] = job.folder(Side::kBase);
    job.whole = Side::kTheirs;
    return true;
  }
  return stands == kept;
}

// Rows whose key is another one by now are new rows. Without a key a row is the base's when all
// else in it is.
Result<uint64_t> TreeMerge::changed_cells(const Job& job, Side kept, uint16_t base_slot,
                                          uint16_t slot) const {
  const catalog::TableVersion& base = job.sides.versions[at(Side::kBase)];
  const catalog::TableVersion& now = job.sides.versions[at(kept)];
  uint64_t changed = 0;
  if (base.rows == now.rows) return changed;
  const Lines base_lines(*base.table, made_);
  const Lines lines(*now.table, made_);
  const catalog::TableLineKeys base_keys(base.table);
  const catalog::TableLineKeys keys(now.table);
  // Rows taken away and put, by the other columns that both have.
  std::map<std::string, std::pair<uint64_t, uint64_t>> rests;
  std::vector<std::pair<uint16_t, uint16_t>> others;
  for (const catalog::ColumnDef& was : base.table->columns) {
    for (const catalog::ColumnDef& is : now.table->columns) {
      if (was.id == is.id && is.slot != slot) others.emplace_back(was.slot, is.slot);
    }
  }
  const auto rest_of = [&](const Cells& cells, bool of_base) {
    std::string rest;
    for (const auto& [was, is] : others) rest += cells[of_base ? was : is] + "\n";
    return rest;
  };
  TRY(tree::diff_trees(
      {made_, cache_, base_keys}, base.rows, {made_, cache_, keys}, now.rows,
      [&](const tree::RowDifference& row) -> Result<bool> {
        if (is_cancelled()) return canceled();
        if (base.table->layout.counted) {
          uint64_t from = 0, to = 0;
          Cells was, is;
          if (row.from) {
            TRY_ASSIGN(was, base_lines.take_apart(*row.from, &from));
          }
          if (row.to) {
            TRY_ASSIGN(is, lines.take_apart(*row.to, &to));
          }
          if (from > to) rests[rest_of(was, true)].first += from - to;
          if (to > from) rests[rest_of(is, false)].second += to - from;
          return true;
        }
        if (!row.from || !row.to) return true;
        TRY_ASSIGN(const Cells was, base_lines.take_apart(*row.from));
        TRY_ASSIGN(const Cells is, lines.take_apart(*row.to));
        changed += was[base_slot] != is[slot];
        return true;
      }));
  for (const auto& [rest, counts] : rests) changed += std::min(counts.first, counts.second);
  return changed;
}

Result<void> TreeMerge::place(Job& job) {
  if (!job.has(Side::kOurs) || !job.has(Side::kTheirs)) {
    const Side kept = job.has(Side::kOurs) ? Side::kOurs : Side::kTheirs;
    if (!job.has(kept)) return {};
    if (job.has(Side::kBase)) {
      TRY_ASSIGN(const bool stays, settle_dropped(job));
      if (!stays) return {};
    }
    if (job.whole == Side::kBase) job.whole = kept;
    if (is_in_lost_schema(job.side_path(job.whole))) return tell_lost_table(job, kept);
    job.path = job.side_path(job.whole);
    return {};
  }
  const std::string& base = job.side_path(Side::kBase);
  const std::string& ours = job.side_path(Side::kOurs);
  const std::string& theirs = job.side_path(Side::kTheirs);
  job.path = ours == base ? theirs : ours;
  if (ours != base && theirs != base && ours != theirs) {
    TRY_ASSIGN(const PlainPath was, decode_path(base));
    TRY_ASSIGN(const PlainPath our_name, decode_path(ours));
    TRY_ASSIGN(const PlainPath their_name, decode_path(theirs));
    const Side stands = choices_.settle(
        {was.dotted(), "table name", was.dotted(), our_name.dotted(), their_name.dotted()});
    job.path = stands == Side::kTheirs ? theirs : stands == Side::kBase ? base : ours;
  }
  if (is_in_lost_schema(job.path)) {
    job.path = is_in_lost_schema(ours) ? theirs : ours;
    TRY(tell_new_path(job, "dropped schema"));
  }
  if (const auto whole = settled_.whole.find(ours); whole != settled_.whole.end()) {
    job.whole = choices_.settle(whole->second);
    job.chosen_whole = true;
    job.is_rewritten = job.whole != Side::kBase && job.path != job.side_path(job.whole);
    std::array<const catalog::TableDef*, 3> definitions{};
    for (const Side side : kSides)
      definitions[at(side)] = job.sides.versions[at(side)].table.get();
    TRY_ASSIGN(const PlainPath plain, decode_path(job.path));
    tell_lost_definition(choices_, definitions, job.whole, plain.dotted(),
                         choices_.answered ? "answer" : policy_ground(request_));
    return tell_lost_rows(made_, cache_, request_, job.sides.versions, job.whole,
                          whole->second.kind, choices_.answered);
  }
  // M4: but where counts or sums add up, what both sides did alike they did twice.
  const bool adds = adds_up(*job.sides.versions[at(Side::kOurs)].table);
  if (adds && request_.shared_changes) {
    TRY_ASSIGN(job.shared, request_.shared_changes({base, ours, theirs}));
  }
  if (!job.shared.empty()) {
    job.whole = Side::kBase;
  } else if (job.unchanged(Side::kTheirs)) {
    job.whole = Side::kOurs;
  } else if (job.unchanged(Side::kOurs)) {
    job.whole = Side::kTheirs;
  } else if (job.folder(Side::kOurs) == job.folder(Side::kTheirs) && ours == theirs && !adds) {
    job.whole = Side::kOurs;
  }
  // A table that goes back from a schema that goes.
  job.is_rewritten = job.whole != Side::kBase && job.path != job.side_path(job.whole);
  return {};
}

// The columns of a table that both sides have, by its path in the merged tree.
Result<void> TreeMerge::define(Job& job) {
  if (job.path.empty() || !job.has(Side::kOurs) || !job.has(Side::kTheirs) || job.chosen_whole)
    return {};
  if (job.whole == Side::kTheirs && job.unchanged(Side::kTheirs)) return {};  // The base stands.
  TRY_ASSIGN(const PlainPath plain, decode_path(job.path));
  DefinitionInput input{{}, plain.schema, plain.name};
  for (const Side side : kSides) input.sides[at(side)] = job.sides.versions[at(side)].table.get();
  if (const auto parts = settled_.kept_parts.find(job.id()); parts != settled_.kept_parts.end()) {
    input.parts = parts->second;
    for (const auto& [name, side] : input.parts) {
      const std::string object = plain.dotted() + "." + name;
      if (was_settled(object)) input.asked.insert(name);
    }
    job.is_rewritten = true;
  }
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    const auto columns = settled_.kept_columns.find({side, job.side_path(side)});
    if (columns == settled_.kept_columns.end()) continue;
    input.columns[at(side)] = columns->second;
    job.is_rewritten = true;
  }
  job.definition = std::make_unique<DefinitionMerge>(std::move(input), choices_);
  RowQuestions rows;
  rows.changed_cells = [&](Side kept, uint16_t base_slot, uint16_t slot) {
    return changed_cells(job, kept, base_slot, slot);
  };
  rows.misfits = [&](Side side, std::optional<uint16_t> base_slot, uint16_t slot,
                     const type::Type& to) {
    const MisfitQuestion question{job.sides.versions[at(Side::kBase)],
                                  job.sides.versions[at(side)], base_slot, slot, to};
    return count_misfits(made_, cache_, question, request_.cancelled);
  };
  rows.takes_default = [&](const catalog::ColumnDef& column) -> Result<bool> {
    if (!request_.default_value) return true;
    const auto value = request_.default_value(
        column, [](const std::string&) { return Result<int64_t>(1); });
    if (!value && is_cancelled()) return canceled();
    return value.has_value();
  };
  TRY(job.definition->merge_columns(rows));
  job.sides.settled_misfits = job.definition->settled_misfits();
  if (const auto& whole = job.definition->whole_table(); whole && !request_.conflicts_take_base) {
    if (choices_.ask(*whole)) settled_.whole.emplace(job.side_path(Side::kOurs), *whole);
  }
  return {};
}

// Once its rows are merged.
Result<void> TreeMerge::tell_lost_cells_of(const Job& job) {
  if (!job.rows) return {};
  const TableVersions versions{job.sides.versions,
                               {job.merged, job.rows->rows(), job.rows->large()},
                               *job.definition,
                               *job.rows};
  for (const LostColumn& column : job.definition->lost_columns()) {
    // Of a side whose rows do not stand each row that it changed is on record.
    const std::optional<Side>& whole = job.rows->whole();
    if (!whole || *whole == column.holder) TRY(tell_lost_cells(made_, cache_, request_, versions, column));
  }
  return {};
}

// ---- Tables: definitions ----

Reference TreeMerge::reference(Side side, std::string_view schema, std::string_view table) const {
  Reference same{std::string(schema), std::string(table), {}};
  const std::string path = type::encode_name(schema) + "/" + type::encode_name(table);
  for (const auto& job : jobs_) {
    if (job->side_path(side) != path || job->path.empty()) continue;
    auto plain = decode_path(job->path);
    if (!plain) return same;
    return {plain->schema, plain->name,
            job->definition ? job->definition->names_of(side) : ColumnNames()};
  }
  return same;
}

// A table that only one side changed may refer to one that the other side renamed.
bool TreeMerge::needs_new_references(const Job& job) const {
  for (const catalog::ForeignKey& key : job.sides.versions[at(job.whole)].table->foreign_keys) {
    const Reference to = reference(job.whole, key.schema, key.table);
    if (to.schema != key.schema || to.table != key.table) return true;
    for (const std::string& column : key.referenced) {
      if (to.columns.contains(column)) return true;
    }
  }
  return false;
}

// A table of one side alone, so that what it names can be put right.
Result<void> TreeMerge::merge_with_itself(Job& job) {
  TRY_ASSIGN(const PlainPath plain, decode_path(job.path));
  const Side only = job.whole;
  const catalog::TableVersion own = job.sides.versions[at(only)];
  // What comes from theirs alone comes to an empty table; what is ours alone stays.
  const catalog::TableVersion before =
      only == Side::kOurs ? own : catalog::TableVersion{own.table, {}, {}};
  job.sides.versions = {before, before, own};
  DefinitionInput input{
      {own.table.get(), own.table.get(), own.table.get()}, plain.schema, plain.name};
  job.definition = std::make_unique<DefinitionMerge>(std::move(input), choices_);
  TRY(job.definition->merge_columns({}));
  TRY(job.definition->merge_constraints(
      [&, only](Side, std::string_view schema, std::string_view table) {
        return reference(only, schema, table);
      }));
  job.merged = std::make_shared<const catalog::TableDef>(job.definition->table());
  job.whole = Side::kBase;
  return {};
}

Result<void> TreeMerge::merge_definitions() {
  for (const auto& job : jobs_) {
    if (job->path.empty()) continue;
    if (job->whole != Side::kBase) {
      if (!job->is_rewritten && !needs_new_references(*job)) continue;
      if (!job->definition) {
        TRY(merge_with_itself(*job));
        continue;
      }
    }
    TRY(merge_constraints(*job));
  }
  return {};
}

Result<void> TreeMerge::merge_constraints(Job& job) {
  TRY(job.definition->merge_constraints(
      [&](Side side, std::string_view schema, std::string_view table) {
        return reference(side, schema, table);
      }));
  job.merged = std::make_shared<const catalog::TableDef>(job.definition->table());
  job.whole = Side::kBase;
  return {};
}

}  // namespace rowan::merge
