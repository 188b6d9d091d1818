// Proves: whatever moment the power goes, a branch that was moved (reset, squash, a tree committed
// outside a transaction) and the refs of the same record stand together after opening again, what
// was acknowledged is there, later writes hold, and git finds all in order.
#include <map>

#include "crash/fault_file_system.h"
#include "unit/store/store_fixture.h"
#include "unit/txn/fixture.h"

namespace rowan::txn {

namespace {

constexpr char kNote[] =
    "refs/rowan/note";  // Moves with every change of main and names the same commit.

struct World {
  explicit World(const std::filesystem::path& dir, store::FileSystem& files)
      : store(store::open_or_fail(dir, store::quiet_options(), files)),
        manager(must(Manager::open(*store, clock, options()))) {}
  static ManagerOptions options() {
    ManagerOptions made;
    made.log = &null_log();
    return made;
  }
  Oid tip() const { return must(manager->tip_snapshot("main")).commit; }

  TestClock clock;
  std::unique_ptr<store::ObjectStore> store;
  std::unique_ptr<Manager> manager;
};

// A table's first rows as a tree of their own: `rows` of them.
Result<Oid> tree_with(store::PendingObjects& objects, store::ObjectStore& store, const Oid& root,
                      int64_t rows) {
  const catalog::Catalog catalog(objects, store.cache(), root);
  TRY_ASSIGN(const auto table, catalog.get_table("public", "t"));
  const catalog::TableLineKeys keys(table.table);
  std::vector<std::string> text;
  for (int64_t id = 1; id <= rows; ++id) {
    text.push_back(key_of(id));
    text.push_back(row(id, rows));
  }
  std::vector<tree::RowEdit> edits;
  for (size_t i = 0; i < text.size(); i += 2) edits.push_back({text[i], Bytes(text[i + 1])});
  TRY_ASSIGN(const Oid made, tree::apply_edits(objects, store.cache(), keys, Oid{}, edits));
  return tree::edit_paths(objects, store.cache(), root, {{"public/t/rows", tree::kModeTree, made}});
}

Result<CommitOutcome> commit_rows(World& w, int64_t rows) {
  store::PendingObjects objects(*w.store);
  TRY_ASSIGN(const Snapshot tip, w.manager->tip_snapshot("main"));
  TreeCommit commit;
  commit.branch = "main";
  commit.expected_tip = tip.commit;
  TRY_ASSIGN(commit.root, tree_with(objects, *w.store, tip.root, rows));
  commit.parents = {tip.commit};
  commit.objects = &objects;
  commit.author = {"Ada", "ada@example.org", 0, 0};
  commit.message = "rows " + std::to_string(rows);
  // The commit's id is not known yet: the note goes to the tip below it.
  commit.refs = {{kNote, w.store->ref(kNote).value_or(Oid{}), tip.commit}};
  return w.manager->commit_tree(commit);
}

Result<CommitOutcome> reset_to(World& w, const Oid& target) {
  store::PendingObjects objects(*w.store);
  TRY_ASSIGN(const Snapshot tip, w.manager->tip_snapshot("main"));
  TRY_ASSIGN(store::RefUpdate entry,
             w.manager->reflog_entry(objects, "main", tip.commit, target,
                                     {"Ada", "ada@example.org", 0, 0}, "reset: moving"));
  BranchMove move{"main",
                  tip.commit,
                  target,
                  &objects,
                  {entry, {kNote, w.store->ref(kNote).value_or(Oid{}), tip.commit}},
                  store::SyncMode::kOn};
  return w.manager->move_branch(move);
}

// What a step left, or would have left had its flush not failed: main, the note, the tag, and how
// many entries the reflog has.
struct Standing {
  Oid main, note, tag;
  size_t moves = 0;
  bool operator==(const Standing&) const = default;
};

Standing standing_of(const World& w) {
  return {w.store->ref("refs/heads/main").value_or(Oid{}), w.store->ref(kNote).value_or(Oid{}),
          w.store->ref("refs/tags/t").value_or(Oid{}),
          w.store->refs("refs/rowan/reflog/main/").size()};
}

// Runs the steps until one fails; gives the standings before the first and after each that was
// acknowledged or merely begun.
std::vector<Standing> work(World& w, size_t& acknowledged) {
  std::vector<Standing> standings{standing_of(w)};
  const Oid first = w.tip();
  Oid middle;
  const auto step = [&](const std::function<Result<void>()>& run) {
    const Result<void> done = run();
    if (done) acknowledged = standings.size();
    standings.push_back(standing_of(w));
    return done.has_value();
  };
  const auto outcome = [](Result<CommitOutcome> result) -> Result<void> {
    return result ? Result<void>() : Result<void>(std::move(result).error());
  };
  if (!step([&] { return outcome(commit_rows(w, 3)); })) return standings;
  middle = w.tip();
  if (!step([&] { return outcome(commit_rows(w, 5)); })) return standings;
  if (!step([&] { return outcome(reset_to(w, middle)); })) return standings;
  if (!step([&] { return w.manager->update_refs(nullptr, {{"refs/tags/t", Oid{}, middle}}); }))
    return standings;
  if (!w.store->checkpoint()) return standings;
  if (!step([&] { return outcome(reset_to(w, first)); })) return standings;
  if (!w.store->checkpoint()) return standings;
  if (!step([&] { return outcome(commit_rows(w, 7)); })) return standings;
  if (!step([&] { return w.manager->update_refs(nullptr, {{"refs/tags/t", middle, Oid{}}}); }))
    return standings;
  if (!step([&] { return outcome(reset_to(w, middle)); })) return standings;
  ignore_error(w.store->checkpoint(), "the next opening tells");
  return standings;
}

void make_repository(const std::filesystem::path& dir) {
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

}  // namespace

TEST_CASE("power loss at every operation while branches move") {
  bool is_clean = false;
  for (uint64_t n = 1; !is_clean; ++n) {
    CAPTURE(n);
    store::TempFolder folder;
    make_repository(folder.repository());
    store::FaultFileSystem files(folder.path / "trash", static_cast<uint32_t>(n));
    size_t acknowledged = 0;
    std::vector<Standing> standings;
    {
      World w(folder.repository(), files);
      files.crash_at(n);
      standings = work(w, acknowledged);
      is_clean = !files.has_crashed();
    }
    files.settle();
    Standing reopened;
    {
      World w(folder.repository(), files);
      reopened = standing_of(w);
      CHECK(w.tip() == reopened.main);
      // What was acknowledged, or one of the states that were under way behind it: never a mixture.
      const auto found = std::find(standings.begin() + static_cast<ptrdiff_t>(acknowledged),
                                   standings.end(), reopened);
      const bool is_whole = found != standings.end();
      CHECK(is_whole);
      must(commit_rows(w, 9));
      must(reset_to(w, w.store->ref(kNote).value()));
      must(commit_rows(w, 11));
      reopened = standing_of(w);
    }
    World w(folder.repository(), store::real_file_system());
    CHECK(standing_of(w) == reopened);
    must(w.store->checkpoint());
    CHECK(store::git(folder.repository(), "rev-parse main").output == reopened.main.hex());
    w.manager.reset();
    w.store.reset();
    store::check_fsck(folder.repository());
  }
}

}  // namespace rowan::txn
