// Proves: whatever moment the power goes, a branch that was moved (reset, squash, a tree committed
// outside a transaction) and the refs of the same record stand together after opening again, what
// was acknowledged is there, later writes hold, and git finds all in order.
#include "crash/power_loss.h"
#include "crash/txn_world.h"

namespace rowan::txn {

namespace {

constexpr char kNote[] =
    "refs/rowan/note";  // Moves with every change of main and names the same commit.

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
  commit.refs = {{kNote, w.ref(kNote), tip.commit}};
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
                  {entry, {kNote, w.ref(kNote), tip.commit}},
                  store::SyncMode::kOn};
  return w.manager->move_branch(move);
}

// Where the refs are: main, the note, the tag, and how many entries the reflog has.
struct Standing {
  Oid main, note, tag;
  size_t moves = 0;
  bool operator==(const Standing&) const = default;
};

Standing standing_of(const World& w) {
  return {w.ref("refs/heads/main"), w.ref(kNote), w.ref("refs/tags/t"),
          w.store->refs("refs/rowan/reflog/main/").size()};
}

// Runs the steps until one fails.
store::Progress<Standing> take_steps(World& w) {
  store::Progress<Standing> progress(standing_of(w));
  const auto step = [&](const auto& result) {
    return progress.note_step(result.has_value(), standing_of(w));
  };
  const Oid first = w.tip().commit;
  if (!step(commit_rows(w, 3))) return progress;
  const Oid middle = w.tip().commit;
  if (!step(commit_rows(w, 5)) || !step(reset_to(w, middle))) return progress;
  if (!step(w.manager->update_refs(nullptr, {{"refs/tags/t", Oid{}, middle}}))) return progress;
  if (!w.store->checkpoint()) return progress;
  if (!step(reset_to(w, first))) return progress;
  if (!w.store->checkpoint()) return progress;
  if (!step(commit_rows(w, 7))) return progress;
  if (!step(w.manager->update_refs(nullptr, {{"refs/tags/t", middle, Oid{}}}))) return progress;
  if (!step(reset_to(w, middle))) return progress;
  ignore_error(w.store->checkpoint(), "the next opening tells");
  return progress;
}

struct Trial {
  void work(const std::filesystem::path& repository, store::FaultFileSystem& files, uint64_t n) {
    make_repository(repository);
    World w(repository, files, clock);
    files.crash_at(n);
    progress = take_steps(w);
  }

  void check(const std::filesystem::path& repository, store::FaultFileSystem& files) const {
    Standing reopened;
    {
      World w(repository, files, clock);
      reopened = standing_of(w);
      CHECK(w.tip().commit == reopened.main);
      CHECK(progress.may_have_left(reopened));
      must(commit_rows(w, 9));
      must(reset_to(w, w.ref(kNote)));
      must(commit_rows(w, 11));
      reopened = standing_of(w);
    }
    const World w(repository, store::real_file_system(), clock);
    CHECK(standing_of(w) == reopened);
    must(w.store->checkpoint());
    CHECK(store::git(repository, "rev-parse main").output == reopened.main.hex());
  }

  TestClock clock;
  store::Progress<Standing> progress{{}};
};

}  // namespace

TEST_CASE("power loss at every operation while branches move") {
  store::lose_power_at_every_operation<Trial>(0);
}

}  // namespace rowan::txn
