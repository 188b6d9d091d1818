// What the crash tests of the transactions share: a repository to start from, and its store and
// manager opened on a file system that may fail.
#pragma once

#include <filesystem>
#include <memory>

#include "crash/fault_file_system.h"
#include "unit/store/store_fixture.h"
#include "unit/txn/fixture.h"

namespace rowan::txn {

// Makes a repository whose branch main has one commit, with the empty table t.
inline void make_repository(const std::filesystem::path& dir) {
  must(store::init_git_store_with(dir, "main", store::quiet_options()));
  const auto store = store::open_or_fail(dir, store::quiet_options());
  store::PendingObjects objects(*store);
  const catalog::TableDef table = make_table("t");
  const Oid text = objects.add(store::ObjectType::kBlob, catalog::table_sql(table));
  git::Commit commit;
  const Oid empty = must(catalog::write_initial_tree(objects));
  commit.tree = must(tree::edit_paths(objects, store->cache(), empty,
                                      {{table.path() + "/table.sql", tree::kModeBlob, text}}));
  commit.author = commit.committer = {"init", "init@example.org", 1'600'000'000, 0};
  commit.message = "init\n";
  const Oid first = objects.add(store::ObjectType::kCommit, git::encode_commit(commit));
  must(store->wait_durable(must(store->append(objects, {{"refs/heads/main", Oid{}, first}}))));
}

// The repository, opened; its clock outlives it, so time goes on when it is opened again.
struct World {
  World(const std::filesystem::path& dir, store::FileSystem& files, const TestClock& clock)
      : store(store::open_or_fail(dir, store::quiet_options(), files)),
        manager(must(Manager::open(*store, clock, options()))) {}
  static ManagerOptions options() {
    ManagerOptions made;
    made.log = &null_log();
    return made;
  }
  Snapshot tip() const { return must(manager->tip_snapshot("main")); }
  Oid ref(const std::string& name) const { return store->ref(name).value_or(Oid{}); }

  std::unique_ptr<store::ObjectStore> store;
  std::unique_ptr<Manager> manager;
};

}  // namespace rowan::txn
