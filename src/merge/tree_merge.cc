#include "merge/tree_merge.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "catalog/objects.h"
#include "catalog/paths.h"
#include "type/key_codec.h"

namespace rowan::merge {
namespace {

constexpr Side kSides[] = {Side::kBase, Side::kOurs, Side::kTheirs};
constexpr size_t kConflictTextBytesMax = 16u << 10;
constexpr int kFolderDepthMax = 64;

size_t at(Side side) { return static_cast<size_t>(side); }

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

}  // namespace

TreeMerge::TreeMerge(store::PendingObjects& made, store::NodeCache& cache, const Request& request)
    : made_(made),
      cache_(cache),
      request_(request),
      roots_{request.base_root, request.ours_root, request.theirs_root},
      choices_(preference(request), request.resolve_schema),
      context_{made, cache, request, outcome_, choices_} {}

Result<Outcome> TreeMerge::run() {
  outcome_.root = request_.ours_root;
  if (request_.theirs_root == request_.base_root) return std::move(outcome_);
  TRY_ASSIGN(changes_, find_changes(made_, cache_, roots_));
  TRY(find_tables());
  TRY(settle_paths());
  TRY(merge_definitions());
  TRY(find_name_clashes());
  TRY(merge_rows());
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
  return std::move(outcome_);
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

Result<void> TreeMerge::find_tables() {
  std::array<std::map<std::string, std::string>, 3> renames;
  std::array<std::set<std::string>, 3> targets;
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    TRY_ASSIGN(renames[at(side)], find_renames(made_, cache_, roots_, changes_, side));
    for (const auto& [from, to] : renames[at(side)]) targets[at(side)].insert(to);
  }
  const auto path_on = [&](Side side, const ChangedObject& object) {
    if (object.is(side, ObjectKind::kTable)) return object.path;
    const auto found = renames[at(side)].find(object.path);
    return found == renames[at(side)].end() ? std::string() : found->second;
  };
  for (const auto& [path, object] : changes_.objects) {
    if (object.is(Side::kBase, ObjectKind::kTable)) {
      TRY(add_job(path, path_on(Side::kOurs, object), path_on(Side::kTheirs, object)));
      continue;
    }
    const bool ours =
        object.is(Side::kOurs, ObjectKind::kTable) && !targets[at(Side::kOurs)].contains(path);
    const bool theirs =
        object.is(Side::kTheirs, ObjectKind::kTable) && !targets[at(Side::kTheirs)].contains(path);
    if (ours || theirs)
      TRY(add_job({}, ours ? path : std::string(), theirs ? path : std::string()));
  }
  return {};
}

// A table that one side dropped and the other changed. True: it stays, as that other side has it.
Result<bool> TreeMerge::settle_dropped(Job& job) {
  const Side kept = job.has(Side::kOurs) ? Side::kOurs : Side::kTheirs;
  if (job.unchanged(kept)) return false;
  TRY_ASSIGN(const PlainPath plain, decode_path(job.side_path(Side::kBase)));
  SchemaConflict conflict{plain.dotted(),
                          "dropped table",
                          catalog::table_sql(*job.sides.versions[at(Side::kBase)].table),
                          {},
                          {}};
  (kept == Side::kOurs ? conflict.ours : conflict.theirs) =
      catalog::table_sql(*job.sides.versions[at(kept)].table);
  const Side stands = choices_.settle(std::move(conflict));
  return stands == kept || stands == Side::kBase;
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
        if (request_.cancelled != nullptr && request_.cancelled->load(std::memory_order_relaxed))
          return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
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
    job.whole = kept;
    job.path = job.side_path(kept);
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
  // M4: but where counts or sums add up, what both sides did alike they did twice.
  const bool adds = adds_up(*job.sides.versions[at(Side::kOurs)].table);
  if (job.unchanged(Side::kTheirs)) {
    job.whole = Side::kOurs;
  } else if (job.unchanged(Side::kOurs)) {
    job.whole = Side::kTheirs;
  } else if (job.folder(Side::kOurs) == job.folder(Side::kTheirs) && ours == theirs && !adds) {
    job.whole = Side::kOurs;
  }
  TRY_ASSIGN(const PlainPath plain, decode_path(job.path));
  DefinitionInput input{{}, plain.schema, plain.name};
  for (const Side side : kSides) input.sides[at(side)] = job.sides.versions[at(side)].table.get();
  job.definition = std::make_unique<DefinitionMerge>(std::move(input), choices_);
  return job.definition->merge_columns([&](Side kept, uint16_t base_slot, uint16_t slot) {
    return changed_cells(job, kept, base_slot, slot);
  });
}

Result<void> TreeMerge::settle_paths() {
  for (const auto& job : jobs_) TRY(place(*job));
  // Ours first: who comes to a taken name later waits for another one.
  std::stable_sort(jobs_.begin(), jobs_.end(), [](const auto& a, const auto& b) {
    return a->has(Side::kOurs) > b->has(Side::kOurs);
  });
  for (const auto& job : jobs_) {
    if (job->path.empty()) continue;
    const auto object = changes_.objects.find(job->path);
    const bool other_kind = object != changes_.objects.end() &&
                            !object->second.is(Side::kOurs, ObjectKind::kNone) &&
                            !object->second.is(Side::kOurs, ObjectKind::kTable) &&
                            job->side_path(Side::kOurs) != job->path;
    if (!other_kind && placed_.emplace(job->path, job.get()).second) continue;
    // A table that theirs made where ours has something else is settled with that, as one name for
    // two kinds of object; one that theirs moved there has rows of ours as well.
    if (!other_kind || job->has(Side::kBase)) {
      TRY_ASSIGN(const PlainPath plain, decode_path(job->path));
      choices_.list({plain.dotted(), "table name", {}, plain.dotted(), plain.dotted()});
    }
    job->path.clear();
    job->definition.reset();
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

Result<void> TreeMerge::merge_definitions() {
  for (const auto& job : jobs_) {
    if (job->path.empty()) continue;
    if (job->whole != Side::kBase) {
      if (!needs_new_references(*job)) continue;
      // A table of one side alone is merged with itself, so that its references are put right.
      if (!job->definition) {
        TRY_ASSIGN(const PlainPath plain, decode_path(job->path));
        const catalog::TableVersion own = job->sides.versions[at(job->whole)];
        // What comes from theirs alone comes to an empty table; what is ours alone stays.
        const catalog::TableVersion before =
            job->whole == Side::kOurs ? own : catalog::TableVersion{own.table, {}, {}};
        job->sides.versions = {before, before, own};
        DefinitionInput input{
            {own.table.get(), own.table.get(), own.table.get()}, plain.schema, plain.name};
        job->definition = std::make_unique<DefinitionMerge>(std::move(input), choices_);
        TRY(job->definition->merge_columns({}));
        const Side only = job->whole;
        TRY(job->definition->merge_constraints(
            [&, only](Side, std::string_view schema, std::string_view table) {
              return reference(only, schema, table);
            }));
        job->merged = std::make_shared<const catalog::TableDef>(job->definition->table());
        job->whole = Side::kBase;
        continue;
      }
      job->whole = Side::kBase;
    }
    TRY(job->definition->merge_constraints(
        [&](Side side, std::string_view schema, std::string_view table) {
          return reference(side, schema, table);
        }));
    job->merged = std::make_shared<const catalog::TableDef>(job->definition->table());
  }
  return {};
}

// Indexes share their schema's names with tables and views. What theirs brought may have a name
// that ours gave to something else.
Result<void> TreeMerge::find_name_clashes() {
  const catalog::Catalog ours(made_, cache_, root(Side::kOurs));
  const auto check = [&](const std::string& schema, const std::string& name,
                         const std::string& own_table) -> Result<void> {
    TRY_ASSIGN(const bool known, ours.has_schema(schema));
    if (!known) return {};
    TRY_ASSIGN(const auto index, ours.find_index(schema, name));
    if (index && index->table->name == own_table) return {};
    TRY_ASSIGN(const auto kind, ours.find_relation(schema, name));
    if (kind == catalog::Catalog::RelationKind::kNone) return {};
    choices_.list({schema + "." + name,
                   "relation name",
                   {},
                   index ? "index of " + index->table->name : "relation",
                   "index of " + own_table});
    return {};
  };
  for (const auto& job : jobs_) {
    const auto& theirs = job->sides.versions[at(Side::kTheirs)].table;
    const auto& base = job->sides.versions[at(Side::kBase)].table;
    if (job->path.empty() || !theirs || theirs == base) continue;
    const auto is_new = [&](const auto& parts, const std::string& name) {
      return std::none_of(parts.begin(), parts.end(),
                          [&](const auto& part) { return part.name == name; });
    };
    const auto& own = job->sides.versions[at(Side::kOurs)].table;
    const std::string own_table = own ? own->name : theirs->name;
    for (const catalog::IndexDef& index : theirs->indexes) {
      if (!base || is_new(base->indexes, index.name))
        TRY(check(theirs->schema, index.name, own_table));
    }
    for (const catalog::UniqueKey& key : theirs->unique_keys) {
      if (!base || is_new(base->unique_keys, key.name))
        TRY(check(theirs->schema, key.name, own_table));
    }
  }
  return {};
}

// ---- Tables: rows ----

Result<void> TreeMerge::merge_rows() {
  for (const auto& job : jobs_) {
    if (job->merged)
      job->rows = std::make_unique<RowMerge>(context_, job->sides, job->merged, *job->definition);
  }
  if (request_.renumber) TRY(find_new_keys());
  for (const auto& job : jobs_) {
    if (!job->rows) continue;
    TRY(job->rows->run(new_keys_));
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

Result<std::optional<catalog::SequenceDef>> TreeMerge::sequence_in(const Oid& root,
                                                                   std::string_view dotted) const {
  const size_t dot = dotted.find('.');
  if (root.is_zero() || dot == std::string_view::npos) return std::optional<catalog::SequenceDef>();
  return catalog::Catalog(made_, cache_, root)
      .find_sequence(dotted.substr(0, dot), dotted.substr(dot + 1));
}

// Fresh keys follow the farther of both sides' sequences.
Result<void> TreeMerge::draw_keys(Job& job, const std::vector<int64_t>& keys) {
  const catalog::ColumnDef& column = job.merged->columns[*generated_key_column(*job.merged)];
  TRY_ASSIGN(const auto ours, sequence_in(root(Side::kOurs), column.sequence));
  TRY_ASSIGN(const auto theirs, sequence_in(root(Side::kTheirs), column.sequence));
  if (!ours && !theirs) return {};
  const catalog::SequenceDef& sequence = ours ? *ours : *theirs;
  const bool upward = sequence.increment > 0;
  int64_t next = sequence.start;
  for (const auto* side : {&ours, &theirs}) {
    if (!*side || !(*side)->called) continue;
    const int64_t after = (*side)->last + sequence.increment;
    next = upward ? std::max(next, after) : std::min(next, after);
  }
  if (const auto drawn = drawn_.find(column.sequence); drawn != drawn_.end())
    next = drawn->second + sequence.increment;
  KeyMap& map = new_keys_[{job.merged->schema, job.merged->name}];
  for (const int64_t key : keys) {
    for (;;) {
      if (next < sequence.min || next > sequence.max) {
        return Error(
            ErrorCode::kNumericOutOfRange,
            "sequence " + column.sequence + " has no more values for the rows that need new keys");
      }
      TRY_ASSIGN(const bool taken, job.rows->has_key(next));
      if (!taken) break;
      next += sequence.increment;
    }
    map[key] = next;
    drawn_[column.sequence] = next;
    outcome_.renumbered.push_back(
        {job.merged->schema, job.merged->name, std::to_string(key), std::to_string(next)});
    next += sequence.increment;
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
      TRY_ASSIGN(const store::ObjectRef object, made_.read(leaf));
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
  const auto count_of = [&](const std::optional<Bytes>& line) -> uint64_t {
    return !line                        ? 0
           : ours.table->layout.counted ? std::strtoull(line->data() + 1, nullptr, 10)
                                        : 1;
  };
  TRY(tree::diff_trees({made_, cache_, our_keys}, ours.rows, {made_, cache_, their_keys},
                       theirs.rows, [&](const tree::RowDifference& row) -> Result<bool> {
                         const uint64_t from = count_of(row.from);
                         const uint64_t to = count_of(row.to);
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
  return {};
}

// ---- Everything else ----

Result<void> TreeMerge::merge_objects() {
  for (const auto& [path, object] : changes_.objects) TRY(merge_object(object));
  for (const auto& [dotted, value] : drawn_) {
    const size_t dot = dotted.find('.');
    const std::string path =
        type::encode_name(dotted.substr(0, dot)) + "/" + type::encode_name(dotted.substr(dot + 1));
    std::array<Oid, 3> folders{};
    for (const Side side : kSides) {
      if (root(side).is_zero()) continue;
      TRY_ASSIGN(const auto found, tree::find_path(made_, cache_, root(side), path));
      if (found && found->is_tree()) folders[at(side)] = found->id;
    }
    TRY(merge_sequence(path, folders));
  }
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
  const ObjectKind kind = *kinds.begin();
  if (kinds.size() == 1) {
    if (kind == ObjectKind::kTable) return {};
    TRY_ASSIGN(const bool settled, settle_dropped_object(object, kind));
    if (settled) return {};
    if (kind == ObjectKind::kSequence) return merge_sequence(object.path, object.id);
    if (kind == ObjectKind::kMaterializedView) return merge_materialized(object);
    return merge_folder(object.path, object.id, kind_word(kind));
  }
  // One name for things of different kinds: taken or left as a whole.
  if (object.same(Side::kBase, Side::kTheirs) || object.same(Side::kOurs, Side::kTheirs)) return {};
  if (!object.same(Side::kBase, Side::kOurs)) {
    TRY_ASSIGN(const PlainPath plain, decode_path(object.path));
    const auto word = [&](Side side) {
      return object.is(side, ObjectKind::kNone) ? std::string()
                                                : std::string(kind_word(object.kind[at(side)]));
    };
    const Side stands = choices_.settle({plain.dotted(), "kind of object", word(Side::kBase),
                                         word(Side::kOurs), word(Side::kTheirs)});
    if (stands != Side::kTheirs) return {};
  }
  if (const auto placed = placed_.find(object.path); placed != placed_.end()) {
    // Ours' own table goes, as the choice says; one that was moved here has rows of both sides.
    const Job& job = *placed->second;
    if (job.has(Side::kBase) || job.has(Side::kTheirs)) {
      TRY_ASSIGN(const PlainPath plain, decode_path(object.path));
      choices_.list({plain.dotted(), "table name", {}, plain.dotted(), plain.dotted()});
      return {};
    }
    const std::string inside = object.path + "/";
    std::erase_if(edits_, [&](const auto& edit) { return edit.first.starts_with(inside); });
  }
  put(object.path, object.id[at(Side::kTheirs)], true);
  return {};
}

Result<void> TreeMerge::merge_sequence(const std::string& path, const std::array<Oid, 3>& folders) {
  TRY_ASSIGN(const PlainPath plain, decode_path(path));
  std::array<std::optional<catalog::SequenceDef>, 3> sides;
  std::array<std::string, 3> texts;  // Without what was drawn.
  for (const Side side : kSides) {
    TRY_ASSIGN(const Oid blob, entry(folders[at(side)], "sequence.json"));
    if (blob.is_zero()) continue;
    TRY_ASSIGN(const store::ObjectRef object, made_.read(blob));
    TRY_ASSIGN(sides[at(side)],
               catalog::sequence_from_json(object.bytes, plain.schema, plain.name));
    catalog::SequenceDef definition = *sides[at(side)];
    definition.last = 0;
    definition.called = false;
    texts[at(side)] = catalog::sequence_json(definition);
  }
  size_t chosen = at(Side::kOurs);
  if (texts[1] != texts[2] && texts[2] != texts[0]) {
    chosen = at(Side::kTheirs);
    if (texts[1] != texts[0])
      chosen = at(choices_.settle({plain.dotted(), "sequence", texts[0], texts[1], texts[2]}));
  }
  if (!sides[chosen]) {
    put(path, Oid{}, true);
    return {};
  }
  catalog::SequenceDef merged = *sides[chosen];
  const auto farther = [&](int64_t last) {
    if (!merged.called || (merged.increment > 0 ? last > merged.last : last < merged.last))
      merged.last = last;
    merged.called = true;
  };
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    if (sides[at(side)] && sides[at(side)]->called) farther(sides[at(side)]->last);
  }
  if (const auto drawn = drawn_.find(plain.dotted()); drawn != drawn_.end()) farther(drawn->second);
  const Oid blob = made_.add(store::ObjectType::kBlob, catalog::sequence_json(merged));
  TRY_ASSIGN(const Oid old, entry(folders[at(Side::kOurs)], "sequence.json"));
  if (blob != old) put(path + "/sequence.json", blob, false);
  return {};
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
