#include "engine/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/limits.h"
#include "catalog/catalog.h"
#include "catalog/format_file.h"
#include "catalog/names.h"
#include "catalog/objects.h"
#include "catalog/paths.h"
#include "catalog/table.h"
#include "engine/import/content.h"
#include "git/ref_names.h"
#include "store/node_cache.h"
#include "tree/git_tree.h"
#include "tree/row_tree.h"
#include "type/key_codec.h"
#include "versions/revisions.h"

namespace rowan::engine {

namespace {

constexpr size_t kProblemsMax = 1000;
constexpr size_t kReportEvery = 1024;
// What git keeps beside the commits: notes on them, and what is to be read in their place.
constexpr std::string_view kGitsOwn[] = {"refs/notes/", "refs/replace/"};

class Checker {
 public:
  Checker(store::ObjectStore& store, const FindViolations& violations, const IsOwn& is_own,
          const DerivedData& derived, const std::function<void(const Progress&)>& report)
      : store_(store),
        violations_(violations),
        is_own_(is_own),
        derived_(derived),
        report_(report) {}

  Result<CheckResult> run() {
    TRY(collect_commits());
    for (const Oid& commit : commits_) {
      if (problems_.size() >= kProblemsMax) break;
      auto checked = check_commit(commit);
      if (!checked && checked.error().code() == ErrorCode::kAbsentObject) {
        ++partly_checked_;
      } else if (!checked) {
        problem(commit, checked.error());
      }
      tell("commits", ++commits_done_, commits_.size());
    }
    TRY_ASSIGN(const std::vector<std::string> faults, check_derived(store_, commits_, derived_));
    problems_.insert(problems_.end(), faults.begin(), faults.end());
    if (!faults.empty()) {
      problems_.emplace_back(
          "rowan/derived says otherwise than the commits: forget it with check --drop-caches");
    }
    return CheckResult{std::move(problems_), notes()};
  }

 private:
  struct Found {
    Oid id;
    std::vector<Oid> parents;
  };

  std::vector<std::string> notes() const {
    std::vector<std::string> lines = waiting_;
    for (const Oid& commit : boundary_) {
      lines.push_back(
          fmt::format("Not here: the history before commit {} (a shallow clone). It was not checked.",
                      commit.hex().substr(0, 12)));
    }
    if (!absent_objects_.empty()) {
      lines.push_back(fmt::format(
          "Not here: {} object{} that the remote of this partial clone has. {} commit{} that need{} "
          "them {} checked in part.",
          absent_objects_.size(), absent_objects_.size() == 1 ? "" : "s", partly_checked_,
          partly_checked_ == 1 ? "" : "s", partly_checked_ == 1 ? "s" : "",
          partly_checked_ == 1 ? "was" : "were"));
    }
    return lines;
  }
  void problem(const Oid& commit, const Error& error) {
    problems_.push_back(fmt::format("commit {}{}: {}: {}", commit.hex().substr(0, 12),
                                    led_by(commit), sqlstate(error.code()), error.message()));
  }

  // " (branch main)": a ref that leads to the commit, one that is at it before all others.
  std::string led_by(const Oid& commit) const {
    const auto at = tip_refs_.find(commit);
    const auto reached = known_.find(commit);
    if (at == tip_refs_.end() && reached == known_.end()) return {};
    const std::string& name = refs_[at != tip_refs_.end() ? at->second : reached->second];
    if (name.starts_with(git::kBranchRefs))
      return " (branch " + name.substr(git::kBranchRefs.size()) + ")";
    if (name.starts_with(git::kTagRefs)) return " (tag " + name.substr(git::kTagRefs.size()) + ")";
    return " (" + name + ")";
  }
  void tell(std::string_view unit, uint64_t done, uint64_t total) {
    if (report_ && (done % kReportEvery == 0 || done == total))
      report_({"check", done, total, unit});
  }

  // All reachable commits, parents before children.
  Result<void> collect_commits() {
    for (const store::RefEntry& ref : store_.refs("refs/")) {
      if (ref.name.starts_with(git::kForeignRefs))
        continue;  // Kept aside because it is not valid, most often.
      const bool is_gits = std::any_of(std::begin(kGitsOwn), std::end(kGitsOwn),
                                       [&](auto prefix) { return ref.name.starts_with(prefix); });
      // Remembered answers to conflicts: no content in all of its history.
      if (ref.name == git::kResolutionsRef || is_gits) continue;
      auto tip = peel(ref.value);
      if (!tip) {
        problems_.push_back(fmt::format("{}: {}: {}", ref.name, sqlstate(tip.error().code()),
                                        tip.error().message()));
        continue;
      }
      if (!*tip) continue;
      if (ref.name.starts_with(git::kBranchRefs) || ref.name.starts_with(git::kFineRefs))
        tips_.insert(**tip);
      // A commit of our own book-keeping (reflog entries, pending merges) holds no content, but
      // what it names does.
      const bool is_content = !ref.name.starts_with(git::kOwnRefs) ||
                              ref.name.starts_with(git::kFineRefs) ||
                              ref.name.starts_with(git::kKeptRefs);
      refs_.push_back(ref.name);
      if (is_content) tip_refs_.try_emplace(**tip, refs_.size() - 1);
      if (auto walked = collect_from(**tip, is_content); !walked)
        problems_.push_back(fmt::format("{}: {}: {}", ref.name, sqlstate(walked.error().code()),
                                        walked.error().message()));
    }
    sort_topologically();
    return {};
  }

  // `tip` and its ancestors, as far as no other ref leads to them; without the tip unless it
  // `is_content`. The ref is the last of refs_.
  Result<void> collect_from(const Oid& tip, bool is_content) {
    std::vector<Oid> open;
    if (is_content) {
      open.push_back(tip);
    } else {
      TRY_ASSIGN(const git::Commit commit, versions::read_commit(store_, tip));
      open = commit.parents;
    }
    while (!open.empty()) {
      const Oid id = open.back();
      open.pop_back();
      if (!known_.try_emplace(id, refs_.size() - 1).second) continue;
      TRY_ASSIGN(git::Commit commit, versions::read_commit(store_, id));
      open.insert(open.end(), commit.parents.begin(), commit.parents.end());
      found_.push_back({id, std::move(commit.parents)});
    }
    return {};
  }

  Result<std::optional<Oid>> peel(Oid id) {
    for (int depth = 0; depth < 16; ++depth) {
      TRY_ASSIGN(const store::ObjectRef object, store_.read(id));
      if (object.type == store::ObjectType::kCommit) return std::optional<Oid>(id);
      if (object.type != store::ObjectType::kTag || !object.bytes.starts_with("object "))
        return std::optional<Oid>();
      const auto target = Oid::parse(object.bytes.substr(7, Oid::kHexDigits));
      if (!target) return Error(ErrorCode::kCorruption, "tag " + id.hex() + " names no object");
      id = *target;
    }
    return Error(ErrorCode::kCorruption, "tags nest too deeply");
  }

  void sort_topologically() {
    std::unordered_map<Oid, const Found*, OidHash> by_id;
    for (const Found& entry : found_) by_id.emplace(entry.id, &entry);
    std::unordered_set<Oid, OidHash> placed;
    std::vector<std::pair<const Found*, size_t>> path;
    for (auto entry = found_.rbegin(); entry != found_.rend(); ++entry) {
      if (placed.contains(entry->id)) continue;
      path.push_back({&*entry, 0});
      while (!path.empty()) {
        auto& [commit, next_parent] = path.back();
        if (next_parent < commit->parents.size()) {
          const auto parent = by_id.find(commit->parents[next_parent++]);
          if (parent != by_id.end() && !placed.contains(parent->first))
            path.push_back({parent->second, 0});
          continue;
        }
        if (placed.insert(commit->id).second) commits_.push_back(commit->id);
        path.pop_back();
      }
    }
  }

  Result<void> check_commit(const Oid& id) {
    TRY_ASSIGN(const store::ObjectRef object, store_.read(id));
    if (store_.is_boundary(id)) {
      boundary_.push_back(id);
    } else {
      TRY(check_hash(id, object));
    }
    TRY_ASSIGN(const git::Commit commit, git::parse_commit(object.bytes));
    const bool is_tip = tips_.contains(id);
    const bool is_own = is_own_(id);
    TRY(check_objects(commit.tree, is_own));
    if (!is_own) {
      TRY(check_foreign(commit.tree));
      const bool is_canonical = foreign_.at(commit.tree);
      if (is_tip && !is_canonical) return check_waiting(id, commit.tree);
      if (!is_tip) return {};
    }
    TRY(catalog::check_format(store_, store_.cache(), commit.tree));
    std::optional<Oid> parent_root;
    if (!commit.parents.empty()) {
      TRY_ASSIGN(const git::Commit parent, versions::read_commit(store_, commit.parents.front()));
      parent_root = parent.tree;
    }
    const catalog::Catalog catalog(store_, store_.cache(), commit.tree);
    TRY_ASSIGN(const std::vector<std::string> schemas, catalog.schemas());
    for (const std::string& schema : schemas) {
      if (is_own) TRY(check_schema(catalog, schema, commit.tree, parent_root));
    }
    sound_root_ = commit.tree;
    if (!is_tip) return {};
    TRY(check_files(commit.tree));
    TRY(note_upgrade(id, commit.tree));
    TRY_ASSIGN(const std::vector<std::string> dangling, catalog::dangling_references(catalog));
    if (!dangling.empty())
      return Error(ErrorCode::kInvalidContent, dangling.front() + " refers to what is not there");
    for (const std::string& schema : schemas) {
      TRY(catalog::check_schema_name(schema));
      TRY_ASSIGN(const catalog::NameClash clash, catalog::find_name_clash(catalog, schema));
      if (!clash.name.empty()) return catalog::name_clash_error(clash);
    }
    return check_constraints(id, store_, commit.tree);
  }

  // A commit that another program made. Its rows must read; spelled freely they are read through a
  // twin (readable_roots.h). Nothing is trusted, its size least.
  Result<void> check_foreign(const Oid& root) {
    if (foreign_.contains(root)) return {};
    store::PendingObjects scratch(store_);
    TRY_ASSIGN(const ReadableContent content,
               readable_content(scratch, store_, sound_root_, root));
    if (content.fault) return *content.fault;
    const bool is_canonical = content.root == root;
    if (is_canonical) sound_root_ = root;
    foreign_.emplace(root, is_canonical);
    return {};
  }

  // Somebody else's tip that is spelled freely: the next open for writing has its canonical form
  // follow it. What it says is held to the constraints here.
  Result<void> check_waiting(const Oid& id, const Oid& root) {
    store::PendingObjects twin(store_);
    TRY_ASSIGN(const Oid canonical, canonical_content(twin, store_, sound_root_, root));
    waiting_.push_back(
        fmt::format("commit {}{}: another program's, not in canonical form yet; the next open for "
                    "writing puts that right.",
                    id.hex().substr(0, 12), led_by(id)));
    return check_constraints(id, twin, canonical);
  }

  // What a folder holds is proven once, wherever it stands again under the same name.
  Result<void> check_schema(const catalog::Catalog& catalog, const std::string& schema,
                            const Oid& root, const std::optional<Oid>& parent_root) {
    TRY_ASSIGN(const std::string here, place_of(root, type::encode_name(schema)));
    if (proven_.contains(here)) return {};
    TRY_ASSIGN(const std::vector<std::string> tables, catalog.tables(schema));
    for (const std::string& name : tables) {
      TRY_ASSIGN(const std::string place,
                 place_of(root, type::encode_name(schema) + "/" + type::encode_name(name)));
      if (proven_.contains(place)) continue;
      TRY_ASSIGN(const catalog::TableVersion table, catalog.get_table(schema, name));
      TRY(check_table(table, root, parent_root));
      proven_.insert(place);
    }
    TRY(check_views(catalog, schema));
    TRY(check_sequences(catalog, schema));
    proven_.insert(here);
    return {};
  }

  // A folder's path and id.
  Result<std::string> place_of(const Oid& root, const std::string& path) const {
    TRY_ASSIGN(const auto entry, tree::find_path(store_, store_.cache(), root, path));
    return path + " " + (entry ? entry->id : Oid{}).hex();
  }

  // Only a branch's newest commit must satisfy constraints.
  Result<void> check_constraints(const Oid& id, const store::ObjectReader& objects,
                                 const Oid& root) {
    TRY_ASSIGN(const std::vector<exec::Violation> violations, violations_(objects, root));
    for (const exec::Violation& violation : violations) {
      if (problems_.size() >= kProblemsMax) break;
      const std::string row = violation.key.empty() ? std::string() : " key " + violation.key;
      problem(id, Error(violation.code, fmt::format("{}.{}{}: {}", violation.schema,
                                                    violation.table, row, violation.message)));
    }
    return {};
  }

  // A tip from before a feature that it uses was known, or from before rowan.json had one spelling.
  Result<void> note_upgrade(const Oid& id, const Oid& root) {
    store::PendingObjects scratch(store_);
    TRY_ASSIGN(const Oid named, catalog::with_features(scratch, store_.cache(), Oid{}, root));
    if (named == root) return {};
    waiting_.push_back(
        fmt::format("commit {}{}: rowan.json is not as this version writes it; rowan upgrade puts "
                    "that right.",
                    id.hex().substr(0, 12), led_by(id)));
    return {};
  }

  // What stands beside the data may; nothing else does.
  Result<void> check_files(const Oid& root) {
    TRY(catalog::check_passive_files(store_, store_.cache(), Oid{}, root));
    TRY_ASSIGN(const auto top, tree::GitTree::read(store_, store_.cache(), root));
    for (const tree::TreeEntry& schema : top->entries()) {
      const std::string path(schema.name);
      TRY(check_place(path, schema));
      if (catalog::classify_path(path, schema.is_tree()) != catalog::PathKind::kSchema) continue;
      TRY_ASSIGN(const auto folder, tree::GitTree::read(store_, store_.cache(), schema.id));
      for (const tree::TreeEntry& object : folder->entries()) {
        const std::string below = path + "/" + std::string(object.name);
        TRY(check_place(below, object));
        if (!object.is_tree()) continue;
        TRY_ASSIGN(const auto parts, tree::GitTree::read(store_, store_.cache(), object.id));
        for (const tree::TreeEntry& part : parts->entries())
          TRY(check_place(below + "/" + std::string(part.name), part));
      }
    }
    return {};
  }

  static Result<void> check_place(const std::string& path, const tree::TreeEntry& entry) {
    const catalog::PathKind kind = catalog::classify_path(path, entry.is_tree());
    if (kind == catalog::PathKind::kStray)
      return Error(ErrorCode::kInvalidContent, path + ": no such file belongs here");
    if (kind != catalog::PathKind::kPassive && entry.mode != tree::kModeTree &&
        entry.mode != tree::kModeBlob)
      return Error(ErrorCode::kInvalidContent, path + ": it is no plain file");
    return {};
  }

  Result<Oid> definition_at(const catalog::Catalog& catalog, const std::string& path) const {
    TRY_ASSIGN(const auto entry, tree::find_path(store_, store_.cache(), catalog.root(), path));
    return entry ? entry->id : Oid{};
  }

  Result<void> check_views(const catalog::Catalog& catalog, const std::string& schema) {
    TRY_ASSIGN(const std::vector<std::string> names, catalog.views(schema));
    for (const std::string& name : names) {
      TRY_ASSIGN(const auto view, catalog.find_view(schema, name));
      const std::string file = view->path() + (view->materialized() ? "/matview.sql" : "/view.sql");
      TRY_ASSIGN(const Oid found, definition_at(catalog, file));
      if (found != view->definition_id)
        return Error(ErrorCode::kInvalidContent, file + " is not in its canonical form");
      if (!view->materialized()) continue;
      TRY_ASSIGN(const catalog::TableVersion version, catalog.materialized_rows(*view));
      if (!view->populated && !version.rows.is_zero())
        return misplaced(version, "rows in a view WITH NO DATA");
      TRY(check_rows(version, std::nullopt));
    }
    return {};
  }

  Result<void> check_sequences(const catalog::Catalog& catalog, const std::string& schema) {
    TRY_ASSIGN(const std::vector<std::string> names, catalog.sequences(schema));
    for (const std::string& name : names) {
      TRY_ASSIGN(const auto sequence, catalog.find_sequence(schema, name));
      const std::string file = sequence->path() + "/sequence.json";
      TRY_ASSIGN(const Oid found, definition_at(catalog, file));
      if (found == store::hash_object(store::ObjectType::kBlob, catalog::sequence_json(*sequence)))
        continue;
      return Error(ErrorCode::kInvalidContent, file + " is not in its canonical form");
    }
    return {};
  }

  Error misplaced(const catalog::TableVersion& table, std::string_view what) {
    return Error(ErrorCode::kInvalidContent,
                 fmt::format("table {}: {}", table.table->qualified_name(), what));
  }

  Result<void> check_table(const catalog::TableVersion& version, const Oid& root,
                           const std::optional<Oid>& parent_root) {
    TRY_ASSIGN(const auto definition,
               tree::find_path(store_, store_.cache(), root, version.table->path() + "/table.sql"));
    if (!definition || definition->id != version.table->definition_id)
      return misplaced(version, "table.sql is not in its canonical form");
    return check_rows(version, parent_root);
  }

  Result<void> check_rows(const catalog::TableVersion& version,
                          const std::optional<Oid>& parent_root) {
    if (version.rows.is_zero()) {
      return version.large.is_zero() ? Result<void>{}
                                     : misplaced(version, "out-of-line values without rows");
    }
    const Oid definition = version.table->definition_id;
    if (is_sound(definition, version.rows)) return {};
    const catalog::TableLineKeys keys(version.table);
    const tree::TreeReader reader{store_, store_.cache(), keys};
    TRY_ASSIGN(const std::optional<Oid> proven, proven_rows(version, parent_root));
    if (proven) {
      TRY(check_step(reader, keys, *proven, version));
    } else {
      TRY(tree::check_tree(reader, version.rows));
      TRY(check_lines(reader, {}, version));
    }
    sound_tables_.insert(definition.hex() + version.rows.hex());
    sound_rows_[definition] = version.rows;
    return {};
  }

  bool is_sound(const Oid& definition, const Oid& rows) const {
    return sound_tables_.contains(definition.hex() + rows.hex());
  }

  // Rows of the same definition that are known to be well, not far from the version's: the
  // parent's, else the last that were seen.
  Result<std::optional<Oid>> proven_rows(const catalog::TableVersion& version,
                                         const std::optional<Oid>& parent_root) const {
    const Oid definition = version.table->definition_id;
    if (parent_root) {
      const auto parent = tree::find_path(store_, store_.cache(), *parent_root,
                                          version.table->path() + "/rows");
      if (parent && *parent && is_sound(definition, (*parent)->id))
        return std::optional<Oid>((*parent)->id);
    }
    const auto last = sound_rows_.find(definition);
    return last == sound_rows_.end() ? std::optional<Oid>() : std::optional<Oid>(last->second);
  }

  // The version is the proven one with its differences applied.
  Result<void> check_step(const tree::TreeReader& reader, const catalog::TableLineKeys& keys,
                          const Oid& from, const catalog::TableVersion& version) {
    std::vector<std::pair<std::string, std::optional<std::string>>> rows;
    TRY(tree::diff_trees(
        reader, from, version.rows, [&](const tree::RowDifference& row) -> Result<bool> {
          rows.emplace_back(std::string(row.key),
                            row.to ? std::optional<std::string>(*row.to) : std::nullopt);
          return true;
        }));
    std::vector<tree::RowEdit> edits;
    for (const auto& [key, line] : rows)
      edits.push_back({key, line ? std::optional<Bytes>(*line) : std::nullopt});
    store::PendingObjects scratch(store_);
    TRY_ASSIGN(const Oid again, tree::apply_edits(scratch, store_.cache(), keys, from, edits));
    if (again != version.rows)
      return misplaced(version,
                       "the row tree " + version.rows.hex() + " is not in its canonical shape");
    return check_lines(reader, from, version);
  }

  // Every line new since `from` is canonical, and its out-of-line values are there.
  Result<void> check_lines(const tree::TreeReader& reader, const Oid& from,
                           const catalog::TableVersion& version) {
    return tree::diff_trees(
        reader, from, version.rows, [&](const tree::RowDifference& row) -> Result<bool> {
          if (!row.to) return true;
          if (auto checked = type::check_line(version.table->layout, *row.to); !checked)
            return misplaced(version, checked.error().message());
          if (row.to->find("{\"large\":") == Bytes::npos) return true;
          std::vector<Bytes> elements;
          uint64_t count = 0;
          TRY(type::split_line(version.table->layout, *row.to, elements, count));
          for (size_t slot = 0; slot < elements.size(); ++slot) {
            const auto large = type::large_ref(elements[slot]);
            if (!large) continue;
            TRY_ASSIGN(const auto blob,
                       tree::find_large(store_, store_.cache(), version.large,
                                        tree::large_name(row.key, static_cast<uint16_t>(slot))));
            if (!blob || *blob != large->oid)
              return misplaced(version, "an out-of-line value is missing below large/");
          }
          return true;
        });
  }

  Result<void> check_hash(const Oid& id, const store::ObjectRef& object) {
    if (store::hash_object(object.type, object.bytes) != id)
      return Error(ErrorCode::kCorruption, "object " + id.hex() + " does not match its id");
    return {};
  }

  // Reads and hashes everything below a tree that was not read before.
  Result<void> check_objects(const Oid& root, bool is_own) {
    struct Place {
      Oid id;
      size_t entries_max;
      size_t entries_max_below;
    };
    constexpr size_t kSchemaEntriesMax = kSchemaObjectsMax + kDirectoryEntriesMax;
    std::vector<Place> open = {{root, kDirectoryEntriesMax + kSchemasMax, kSchemaEntriesMax}};
    while (!open.empty()) {
      const auto [id, entries_max, entries_max_below] = open.back();
      open.pop_back();
      if (!checked_objects_.insert(id).second) continue;
      auto read = store_.read(id);
      if (!read && read.error().code() == ErrorCode::kAbsentObject) {
        absent_objects_.insert(id);
        continue;
      }
      if (!read) return std::move(read).error();
      store::ObjectRef object = std::move(*read);
      TRY(check_hash(id, object));
      if (object.type != store::ObjectType::kTree) continue;
      TRY_ASSIGN(const auto tree, tree::GitTree::parse(std::move(object)));
      if (is_own && tree->entries().size() > entries_max)
        return Error(ErrorCode::kInvalidContent,
                     "tree " + id.hex() + " has more than " + std::to_string(entries_max) +
                         " entries");
      for (const tree::TreeEntry& entry : tree->entries()) {
        if (entry.mode != tree::kModeGitlink)
          open.push_back({entry.id, entries_max_below, kDirectoryEntriesMax});
      }
    }
    return {};
  }

  store::ObjectStore& store_;
  const FindViolations& violations_;
  const IsOwn& is_own_;
  const DerivedData& derived_;
  const std::function<void(const Progress&)>& report_;
  std::vector<std::string> problems_;
  std::vector<std::string> waiting_;  // A line for each tip that is not in canonical form yet.
  std::vector<Found> found_;
  std::vector<std::string> refs_;                      // Those that were walked from.
  std::unordered_map<Oid, size_t, OidHash> known_;     // Commits, by the ref that led to them first.
  std::unordered_map<Oid, size_t, OidHash> tip_refs_;  // Tips, by the first ref that is at them.
  std::unordered_set<Oid, OidHash> tips_;
  std::vector<Oid> commits_;
  uint64_t commits_done_ = 0;
  std::vector<Oid> boundary_;  // Commits whose parents are not here.
  std::unordered_set<Oid, OidHash> absent_objects_;
  uint64_t partly_checked_ = 0;  // Commits whose check ended at one of them.
  std::unordered_set<Oid, OidHash> checked_objects_;
  Oid sound_root_;  // Of the last commit that was well, in canonical form.
  std::unordered_map<Oid, bool, OidHash> foreign_;  // Trees that read, and whether canonical.
  std::unordered_set<std::string> proven_;  // Folders, by path and id.
  std::unordered_set<std::string> sound_tables_;  // Definition and rows.
  std::unordered_map<Oid, Oid, OidHash> sound_rows_;  // The last of them, by definition.
};

}  // namespace

Result<CheckResult> check_repository(store::ObjectStore& store, const FindViolations& violations,
                                     const IsOwn& is_own, const DerivedData& derived,
                                     const std::function<void(const Progress&)>& report) {
  return Checker(store, violations, is_own, derived, report).run();
}

}  // namespace rowan::engine
