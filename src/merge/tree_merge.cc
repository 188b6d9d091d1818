#include "merge/tree_merge.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "catalog/objects.h"
#include "catalog/paths.h"
#include "merge/fit.h"
#include "merge/lost_cells.h"
#include "merge/record.h"
#include "sql/parser.h"
#include "sql/walk.h"
#include "tree/leaf.h"
#include "type/key_codec.h"
#include "type/text.h"

namespace rowan::merge {
namespace {

constexpr Side kSides[] = {Side::kBase, Side::kOurs, Side::kTheirs};
constexpr size_t kConflictTextBytesMax = 16u << 10;
constexpr int kFolderDepthMax = 64;

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

size_t at(Side side) { return static_cast<size_t>(side); }

Error canceled() {
  return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
}

Prefer preference(const Request& request) {
  if (request.conflicts_take_base) return Prefer::kBase;
  if (request.policy == Policy::kOurs) return Prefer::kOurs;
  if (request.policy == Policy::kTheirs) return Prefer::kTheirs;
  return Prefer::kReport;
}

// What the merged tree has of three ids; nothing: both sides changed it differently.
std::optional<Oid> three_way(const std::array<Oid, 3>& id) {
  if (id[1] == id[2] || id[2] == id[0]) return id[1];
  if (id[1] == id[0]) return id[2];
  return std::nullopt;
}

// Whether the column's default is worked out anew for every row.
Result<bool> gives_each_its_own(const catalog::ColumnDef& column) {
  if (!column.sequence.empty()) return true;
  TRY_ASSIGN(const sql::ParsedExpression parsed, sql::parse_expression(column.default_sql));
  struct Calls final : sql::Visitor {
    void call(sql::CallExpr&) override { any = true; }
    bool any = false;
  } calls;
  sql::walk(*parsed.expr, calls);
  return calls.any;
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
      choices_(preference(request_), request_.resolve_schema, schema_record(request_)),
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
  TRY(settle_paths());
  TRY(merge_definitions());
  TRY(settle_index_names());
  TRY(find_views());
  TRY(find_drawn_from());
  TRY_ASSIGN(const bool again, settle_needs());
  if (again) return std::optional<Outcome>();
  TRY_ASSIGN(const bool done, merge_rows());
  if (!done) return std::optional<Outcome>();
  TRY(write_tables());
  TRY(merge_objects());
  for (const ChangedFile& file : changes_.files) {
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
        TRY_ASSIGN(const auto shared, request_.shared_changes({path}));
        return !shared.empty();
      },
      changes_);
}

Result<void> TreeMerge::find_tables() {
  std::array<std::map<std::string, std::string>, 3> renames;
  std::array<std::set<std::string>, 3> targets;
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    TRY_ASSIGN(renames[at(side)], find_renames(made_, cache_, roots_, changes_, side));
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
  if (const auto whole = settled_.whole.find(ours); whole != settled_.whole.end()) {
    job.whole = choices_.settle(whole->second);
    job.chosen_whole = true;
    return tell_lost_rows(made_, cache_, request_, job.sides.versions, job.whole,
                          whole->second.kind, choices_.answered);
  }
  // M4: but where counts or sums add up, what both sides did alike they did twice.
  const bool adds = adds_up(*job.sides.versions[at(Side::kOurs)].table);
  if (adds && request_.shared_changes) {
    TRY_ASSIGN(job.shared, request_.shared_changes({ours, theirs, base}));
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
  if (const auto keys = settled_.kept_keys.find(job.side_path(Side::kBase));
      keys != settled_.kept_keys.end()) {
    input.keys = keys->second;
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
  TRY(job.definition->merge_columns(rows));
  job.sides.settled_misfits = job.definition->settled_misfits();
  return {};
}

// Once its rows are merged.
Result<void> TreeMerge::tell_lost_cells_of(const Job& job) {
  if (!job.rows) return {};
  const TableVersions versions{job.sides.versions,
                               {job.merged, job.rows->rows(), job.rows->large()},
                               !job.rows->is_rekeyed()};
  for (const LostColumn& column : job.definition->lost_columns())
    TRY(tell_lost_cells(made_, cache_, request_, versions, column));
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

// ---- Tables: rows ----

// Tables whose rows get other keys come first: there one side's table may have to stand whole, and
// then another merge begins, which knows it. False: it does.
Result<bool> TreeMerge::merge_rows() {
  for (const auto& job : jobs_) {
    if (job->merged)
      job->rows = std::make_unique<RowMerge>(context_, job->sides, job->merged, *job->definition);
  }
  if (request_.renumber) TRY(find_new_keys());
  bool done = true;
  for (const auto& job : jobs_) {
    if (!job->rows || !job->rows->is_rekeyed()) continue;
    TRY(merge_rows_of(*job));
    TRY_ASSIGN(const bool whole, stands_whole(*job));
    done = done && !whole;
  }
  if (!done) return false;
  tell_held_back();
  for (const auto& job : jobs_) {
    if (job->rows && !job->rows->is_rekeyed()) TRY(merge_rows_of(*job));
  }
  for (const auto& job : jobs_) TRY(tell_lost_cells_of(*job));
  return true;
}

Result<void> TreeMerge::merge_rows_of(Job& job) {
  TRY(count_once(job));
  TRY(job.rows->run(new_keys_));
  return fill_new_columns(job);
}

// Nobody can say what becomes of rows which the merged key does not tell apart: one side's table
// stands, or it is a conflict.
Result<bool> TreeMerge::stands_whole(const Job& job) {
  std::optional<SchemaConflict> conflict = job.rows->unmatched();
  if (!conflict || request_.conflicts_take_base) return false;
  const size_t open = choices_.open.size();
  choices_.settle(*conflict);
  if (choices_.open.size() > open) return false;
  settled_.whole.emplace(job.side_path(Side::kOurs), std::move(*conflict));
  return true;
}

Result<void> TreeMerge::count_once(Job& job) {
  if (job.shared.empty()) return {};
  const std::vector<std::string> paths{job.side_path(Side::kOurs), job.side_path(Side::kTheirs),
                                       job.side_path(Side::kBase)};
  SharedDeltas shared;
  for (const SharedChange& change : job.shared)
    TRY(shared.add(made_, cache_, change, paths, *job.definition, job.rows->lines()));
  job.rows->count_once(std::move(shared));
  return {};
}

// A column that one side added with a value for every row (an identity, a default that gives each
// its own): rows that the other side brought get theirs.
Result<void> TreeMerge::fill_new_columns(Job& job) {
  if (!request_.default_value || request_.conflicts_take_base) return {};
  const auto source = [&](Side side, uint16_t slot) {
    return job.definition->sources(side)[slot] != kNoSlot;
  };
  const auto changed = [&](Side side) {
    return job.sides.versions[at(side)].rows != job.sides.versions[at(Side::kBase)].rows;
  };
  for (const auto& [known, other] :
       {std::pair(Side::kOurs, Side::kTheirs), std::pair(Side::kTheirs, Side::kOurs)}) {
    std::vector<uint16_t> columns;
    for (uint16_t i = 0; i < job.merged->columns.size(); ++i) {
      const catalog::ColumnDef& column = job.merged->columns[i];
      const bool gives = !column.sequence.empty() || !column.default_sql.empty();
      if (!gives || !column.absent.is_null() || !source(known, column.slot) ||
          source(other, column.slot) || source(Side::kBase, column.slot))
        continue;
      TRY_ASSIGN(const bool each, gives_each_its_own(column));
      if (each || column.not_null) columns.push_back(i);
    }
    if (columns.empty() || !changed(other)) continue;
    TRY(job.rows->fill(columns, known, [&](const catalog::ColumnDef& column) {
      return request_.default_value(
          column, [&](const std::string& sequence) { return next_value(sequence); });
    }));
  }
  return {};
}

Result<void> TreeMerge::find_new_keys() {
  for (const auto& job : jobs_) {
    if (!job->rows || !generated_key_column(*job->merged)) continue;
    TRY_ASSIGN(const std::vector<int64_t> keys, job->rows->duplicate_keys());
    if (!keys.empty()) TRY(draw_keys(*job, keys));
  }
  // Rows of one side alone may refer to rows that get a new key.
  for (const auto& job : jobs_) {
    if (job->path.empty() || job->whole != Side::kTheirs) continue;
    const catalog::TableVersion& theirs = job->sides.versions[at(Side::kTheirs)];
    const bool follows = std::any_of(
        theirs.table->foreign_keys.begin(), theirs.table->foreign_keys.end(), [&](const auto& key) {
          const Reference to = reference(Side::kTheirs, key.schema, key.table);
          return new_keys_.contains({to.schema, to.table});
        });
    if (!follows) continue;
    TRY_ASSIGN(const PlainPath plain, decode_path(job->path));
    if (!job->definition) {
      job->sides.versions[at(Side::kOurs)] = {theirs.table, {}, {}};
      job->sides.versions[at(Side::kBase)] = {theirs.table, {}, {}};
      DefinitionInput input{
          {theirs.table.get(), theirs.table.get(), theirs.table.get()}, plain.schema, plain.name};
      job->definition = std::make_unique<DefinitionMerge>(std::move(input), choices_);
      TRY(job->definition->merge_columns({}));
    }
    TRY(job->definition->merge_constraints(
        [&](Side, std::string_view schema, std::string_view table) {
          return reference(Side::kTheirs, schema, table);
        }));
    job->merged = std::make_shared<const catalog::TableDef>(job->definition->table());
    job->rows = std::make_unique<RowMerge>(context_, job->sides, job->merged, *job->definition);
    job->whole = Side::kBase;
  }
  return {};
}

// Fresh keys follow the farther of both sides' sequences.
Result<void> TreeMerge::draw_keys(Job& job, const std::vector<int64_t>& keys) {
  const catalog::ColumnDef& column = job.merged->columns[*generated_key_column(*job.merged)];
  TRY_ASSIGN(const auto ours, sequence_on(Side::kOurs, column.sequence));
  TRY_ASSIGN(const auto theirs, sequence_on(Side::kTheirs, column.sequence));
  if (!ours && !theirs) return {};
  KeyMap& map = new_keys_[{job.merged->schema, job.merged->name}];
  for (const int64_t key : keys) {
    int64_t next = 0;
    for (bool taken = true; taken;) {
      TRY_ASSIGN(next, next_value(column.sequence));
      TRY_ASSIGN(taken, job.rows->has_key(next));
    }
    map[key] = next;
    outcome_.renumbered.push_back(
        {job.merged->schema, job.merged->name, std::to_string(key), std::to_string(next)});
  }
  return {};
}

Result<uint64_t> TreeMerge::count_rows(const catalog::TableVersion& version) const {
  if (version.rows.is_zero()) return uint64_t{0};
  const catalog::TableLineKeys keys(version.table);
  const tree::TreeReader reader{made_, cache_, keys};
  TRY_ASSIGN(const std::vector<tree::LeafRun> runs, tree::leaf_runs(reader, version.rows));
  uint64_t rows = 0;
  for (const tree::LeafRun& run : runs) {
    for (const Oid& leaf : run.leaves) {
      TRY_ASSIGN(const store::ObjectRef object, tree::read_leaf(made_, leaf));
      if (!version.table->layout.counted) {
        rows += static_cast<uint64_t>(std::count(object.bytes.begin(), object.bytes.end(), '\n'));
        continue;
      }
      for (size_t line = 0; line < object.bytes.size(); line = object.bytes.find('\n', line) + 1) {
        rows += std::strtoull(object.bytes.data() + line + 1, nullptr, 10);
      }
    }
  }
  return rows;
}

// ---- Tables: the merged tree ----

Result<void> TreeMerge::write_tables() {
  for (const auto& job : jobs_) {
    const std::string& ours = job->side_path(Side::kOurs);
    if (!ours.empty() && ours != job->path && !placed_.contains(ours)) put(ours, Oid{}, true);
    if (job->path.empty()) {
      if (job->has(Side::kOurs)) {
        TRY_ASSIGN(const uint64_t rows, count_rows(job->sides.versions[at(Side::kOurs)]));
        TRY_ASSIGN(const PlainPath plain, decode_path(ours));
        outcome_.tables.push_back({plain.schema, plain.name, 0, 0, rows, 0, true});
      }
      continue;
    }
    TRY(job->whole == Side::kBase ? write_merged(*job) : write_whole(*job));
  }
  std::sort(outcome_.tables.begin(), outcome_.tables.end(),
            [](const TableMerge& a, const TableMerge& b) {
              return std::tie(a.schema, a.table) < std::tie(b.schema, b.table);
            });
  return {};
}

Result<void> TreeMerge::summarise_whole(const Job& job) {
  TRY_ASSIGN(const PlainPath plain, decode_path(job.path));
  TableMerge summary{plain.schema, plain.name, 0, 0, 0, 0, false};
  const catalog::TableVersion& ours = job.sides.versions[at(Side::kOurs)];
  const catalog::TableVersion& theirs = job.sides.versions[at(Side::kTheirs)];
  summary.definition_changed =
      !ours.table || ours.table->definition_id != theirs.table->definition_id;
  if (!ours.table) {
    TRY_ASSIGN(summary.added, count_rows(theirs));
    outcome_.tables.push_back(std::move(summary));
    return {};
  }
  const catalog::TableLineKeys our_keys(ours.table);
  const catalog::TableLineKeys their_keys(theirs.table);
  const auto count_of = [](const catalog::TableVersion& side,
                           const std::optional<Bytes>& line) -> uint64_t {
    return !line                        ? 0
           : side.table->layout.counted ? std::strtoull(line->data() + 1, nullptr, 10)
                                        : 1;
  };
  TRY(tree::diff_trees({made_, cache_, our_keys}, ours.rows, {made_, cache_, their_keys},
                       theirs.rows, [&](const tree::RowDifference& row) -> Result<bool> {
                         if (is_cancelled()) return canceled();
                         const uint64_t from = count_of(ours, row.from);
                         const uint64_t to = count_of(theirs, row.to);
                         if (to > from) summary.added += to - from;
                         if (to < from) summary.deleted += from - to;
                         if (to == from) ++summary.changed;
                         return true;
                       }));
  outcome_.tables.push_back(std::move(summary));
  return {};
}

Result<void> TreeMerge::write_whole(Job& job) {
  if (job.whole == Side::kOurs && job.path == job.side_path(Side::kOurs)) return {};
  if (job.whole == Side::kOurs) {  // Kept by ours, but it goes by the name that theirs gave it.
    put(job.path, job.folder(Side::kOurs), true);
    return {};
  }
  if (job.has(Side::kOurs) || !job.has(Side::kBase)) TRY(summarise_whole(job));
  put(job.path, job.folder(Side::kTheirs), true);
  return {};
}

// What ours has at a path that a table moves to goes.
Result<void> TreeMerge::clear_place(const std::string& path) {
  TRY_ASSIGN(const auto there, tree::find_path(made_, cache_, root(Side::kOurs), path));
  if (!there || !there->is_tree()) return {};
  TRY_ASSIGN(const auto node, tree::GitTree::read(made_, cache_, there->id));
  for (const tree::TreeEntry& entry : node->entries())
    put(path + "/" + std::string(entry.name), Oid{}, entry.is_tree());
  return {};
}

Result<void> TreeMerge::write_merged(Job& job) {
  const std::string text = catalog::table_sql(*job.merged);
  std::array<Oid, 3> folders = job.folders;
  std::set<std::string> others;  // What stands beside table.sql, rows and large.
  for (const Oid& folder : folders) {
    if (folder.is_zero()) continue;
    TRY_ASSIGN(const auto node, tree::GitTree::read(made_, cache_, folder));
    for (const tree::TreeEntry& entry : node->entries()) {
      const bool is_own = entry.name == "table.sql" || entry.name == "rows" ||
                          entry.name == "large" || entry.name == catalog::kReadmeFile;
      if (!is_own)
        others.insert(std::string(entry.name));
    }
  }
  const bool moved = job.path != job.side_path(Side::kOurs);
  const Oid definition = made_.add(store::ObjectType::kBlob, text);
  TRY_ASSIGN(const Oid old_definition, entry(folders[at(Side::kOurs)], "table.sql"));
  TRY_ASSIGN(const Oid old_rows, entry(folders[at(Side::kOurs)], "rows"));
  TRY_ASSIGN(const Oid old_large, entry(folders[at(Side::kOurs)], "large"));
  const auto put_changed = [&](std::string_view name, const Oid& id, const Oid& old, bool is_tree) {
    if (moved ? !id.is_zero() : id != old) put(job.path + "/" + std::string(name), id, is_tree);
  };
  if (moved) TRY(clear_place(job.path));
  put_changed("table.sql", definition, old_definition, false);
  put_changed("rows", job.rows->rows(), old_rows, true);
  put_changed("large", job.rows->rows().is_zero() ? Oid{} : job.rows->large(), old_large, true);
  for (const std::string& name : others) {
    std::array<Oid, 3> ids{};
    for (const Side side : kSides) {
      TRY_ASSIGN(ids[at(side)], entry(folders[at(side)], name));
    }
    TRY(merge_folder(job.path + "/" + name, ids, "trigger"));
    if (moved && !edits_.contains(job.path + "/" + name) && !ids[1].is_zero())
      put(job.path + "/" + name, ids[1], true);
  }
  TableMerge& summary = job.rows->summary();
  const bool differs = definition != old_definition || job.rows->rows() != old_rows || moved;
  if (differs || summary.conflicts > 0) outcome_.tables.push_back(summary);
  return {};
}

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
  TRY_ASSIGN(const bool is_done, stands_by_need(object, kind));
  if (is_done) return {};
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
  // One name for things of different kinds: taken or left as a whole. A table's name was settled
  // with the table.
  if (placed_.contains(object.path)) return {};
  Side stands = Side::kOurs;
  if (const auto settled = kind_stands_.find(object.path); settled != kind_stands_.end()) {
    stands = settled->second;
  } else if (object.same(Side::kBase, Side::kOurs)) {
    stands = Side::kTheirs;
  } else if (!object.same(Side::kBase, Side::kTheirs) && !object.same(Side::kOurs, Side::kTheirs)) {
    TRY_ASSIGN(const PlainPath plain, decode_path(object.path));
    const auto word = [&](Side side) {
      return object.is(side, ObjectKind::kNone) ? std::string()
                                                : std::string(kind_word(object.kind[at(side)]));
    };
    stands = choices_.settle({plain.dotted(), "kind of object", word(Side::kBase),
                              word(Side::kOurs), word(Side::kTheirs)});
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
  std::array<std::vector<RenamedRelation>, 3> found;
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    TRY_ASSIGN(const auto views, find_renamed_views(changes_, side, view_of));
    for (const auto& [was, is] : views) {
      TRY_ASSIGN(const PlainPath from, decode_path(was));
      TRY_ASSIGN(const PlainPath to, decode_path(is));
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
      TRY_ASSIGN(const bool later, request_.theirs_is_later(object.path, {}, object.path, {}));
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

// Takes a schema with all that is in it out of what is merged.
void TreeMerge::drop_schema(const std::string& folder, const std::string& name) {
  const std::string inside = folder + "/";
  std::erase_if(edits_, [&](const auto& edit) { return edit.first.starts_with(inside); });
  std::erase_if(outcome_.tables, [&](const TableMerge& table) { return table.schema == name; });
  put(folder, Oid{}, true);
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
    const std::string text = catalog::schema_sql(plain.schema);
    const size_t open = choices_.open.size();
    const Side stands =
        choices_.settle({plain.schema, "dropped schema", text, ours_dropped ? std::string() : text,
                         ours_dropped ? text : std::string()});
    const bool settled = choices_.open.size() == open;
    again = true;
    if (settled && stands == (ours_dropped ? Side::kOurs : Side::kTheirs)) {
      drop_schema(std::string(schema.name), plain.schema);
    } else {
      put(path, made_.add(store::ObjectType::kBlob, text), false);
    }
  }
  return again ? write() : Result<void>();
}

}  // namespace rowan::merge
