#include "engine/derived_check.h"

#include <fmt/format.h>

#include <unordered_set>

#include "catalog/catalog.h"
#include "derived/index.h"
#include "store/node_cache.h"
#include "tree/git_tree.h"
#include "txn/tree_changes.h"
#include "type/key_codec.h"
#include "versions/revisions.h"

namespace rowan::engine {

namespace {

constexpr size_t kFaultsMax = 100;

class DerivedChecker {
 public:
  DerivedChecker(store::ObjectStore& store, const DerivedData& derived)
      : store_(store),
        derived_(derived),
        counts_in_file_(derived.folder.empty() ? std::filesystem::path()
                                               : derived.folder / "counts"),
        indexes_(derived.folder.empty() ? std::filesystem::path() : derived.folder / "indexes") {
    if (derived.folder.empty()) return;
    for (const Oid& rows : derived::Indexes::rows_in_files(derived.folder / "indexes"))
      indexed_rows_.insert(rows);
  }

  Result<std::vector<std::string>> run(const std::vector<Oid>& commits) {
    for (const Oid& id : commits) {
      if (faults_.size() >= kFaultsMax) break;
      const auto commit = versions::read_commit(store_, id);
      if (!commit) continue;
      check_commit(id, *commit);
      if (auto checked = check_tables(commit->tree); !checked && is_fatal(checked.error()))
        return std::move(checked).error();
    }
    return std::move(faults_);
  }

 private:
  // What is not well in a commit is said where commits are checked.
  static bool is_fatal(const Error& error) {
    return error.code() == ErrorCode::kOutOfMemory || error.code() == ErrorCode::kQueryCanceled;
  }

  void fault(std::string_view file, std::string text) {
    faults_.push_back(fmt::format("rowan/derived/{}: {}", file, text));
  }

  void check_commit(const Oid& id, const git::Commit& commit) {
    const auto known = derived_.history.find(id);
    if (!known) return;
    const std::string named = "of commit " + id.hex().substr(0, 12);
    if (known->parents != commit.parents) return fault("history", "the parents " + named + " are others");
    if (!store_.is_boundary(id) && truth_.ensure(store_, id)) {
      const auto right = truth_.find(id);
      if (right && right->time_us != known->time_us)
        return fault("history", "the time " + named + " is another");
    }
    if (commit.parents.empty() || !derived_.history.is_own(id)) return;
    const auto parent = versions::read_commit(store_, commit.parents.front());
    if (!parent) return;
    const auto changes = txn::tree_changes(store_, store_.cache(), parent->tree, commit.tree);
    if (!changes) return;
    for (const uint32_t change : changes->hashes) {
      if (!derived_.history.may_have_changed(id, change))
        return fault("history", "it hides changes " + named);
    }
  }

  // Tables stand in folders: what a folder holds is looked at once.
  Result<void> check_tables(const Oid& root) {
    const catalog::Catalog catalog(store_, store_.cache(), root);
    TRY_ASSIGN(const std::vector<std::string> schemas, catalog.schemas());
    for (const std::string& schema : schemas) {
      TRY_ASSIGN(const auto folder,
                 tree::find_path(store_, store_.cache(), root, catalog::schema_path(schema)));
      if (!folder || !seen_.insert(schema + " " + folder->id.hex()).second) continue;
      TRY_ASSIGN(const std::vector<std::string> tables, catalog.tables(schema));
      for (const std::string& name : tables) {
        TRY_ASSIGN(const catalog::TableVersion version, catalog.get_table(schema, name));
        if (version.rows.is_zero()) continue;
        if (!seen_.insert(version.table->definition_id.hex() + version.rows.hex()).second) continue;
        TRY(check_counts(version));
        TRY(check_indexes(version));
      }
    }
    return {};
  }

  Result<void> check_counts(const catalog::TableVersion& version) {
    for (const derived::RowCounts* counts : {&derived_.counts, &counts_in_file_}) {
      const auto known = counts->find(version.rows);
      if (!known) continue;
      TRY_ASSIGN(const uint64_t rows, derived::RowCounts::count(store_, store_.cache(),
                                                                *version.table, version.rows));
      if (*known == rows) continue;
      fault("counts", fmt::format("table {} has {} rows, not {} (tree {})",
                                  version.table->qualified_name(), rows, *known,
                                  version.rows.hex().substr(0, 12)));
      break;
    }
    return {};
  }

  Result<void> check_indexes(const catalog::TableVersion& version) {
    if (!indexed_rows_.contains(version.rows)) return {};
    std::vector<derived::IndexKey> keys;
    for (const catalog::UniqueKey& unique : version.table->unique_keys)
      keys.push_back(derived::index_key(unique));
    for (const catalog::IndexDef& index : version.table->indexes)
      keys.push_back(derived::index_key(index));
    for (const catalog::ForeignKey& reference : version.table->foreign_keys)
      keys.push_back(derived::index_key(reference.columns));
    for (const derived::IndexKey& key : keys) {
      TRY_ASSIGN(const bool agrees,
                 indexes_.file_agrees({store_, store_.cache(), version}, key));
      if (agrees) continue;
      fault("indexes", fmt::format("an index of table {} has other entries than its rows (tree {})",
                                   version.table->qualified_name(),
                                   version.rows.hex().substr(0, 12)));
      break;
    }
    return {};
  }

  store::ObjectStore& store_;
  const DerivedData& derived_;
  const derived::RowCounts counts_in_file_;
  derived::Indexes indexes_;
  derived::HistoryIndex truth_;  // From the commits alone.
  std::unordered_set<Oid, OidHash> indexed_rows_;
  std::unordered_set<std::string> seen_;
  std::vector<std::string> faults_;
};

}  // namespace

Result<std::vector<std::string>> check_derived(store::ObjectStore& store,
                                               const std::vector<Oid>& commits,
                                               const DerivedData& derived) {
  return DerivedChecker(store, derived).run(commits);
}

}  // namespace rowan::engine
