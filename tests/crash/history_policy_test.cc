// Proves: whatever moment the power goes while a branch has a history policy, what was acknowledged
// is on the branch after opening again, refs/heads/<branch> stands at or below it, the branch goes
// on, and git finds all in order.
#include "crash/fault_file_system.h"
#include "unit/store/store_fixture.h"
#include "unit/txn/fixture.h"

namespace rowan::txn {

namespace {

constexpr char kHead[] = "refs/heads/main";
constexpr char kFine[] = "refs/rowan/fine/main/";

struct World {
  World(const std::filesystem::path& dir, store::FileSystem& files, TestClock& clock)
      : store(store::open_or_fail(dir, store::quiet_options(), files)),
        manager(must(Manager::open(*store, clock, options()))) {}
  static ManagerOptions options() {
    ManagerOptions made;
    made.log = &null_log();
    return made;
  }
  Snapshot tip() const { return must(manager->tip_snapshot("main")); }

  std::unique_ptr<store::ObjectStore> store;
  std::unique_ptr<Manager> manager;
};

// A commit that changes one file of the table.
Result<void> commit_table(World& w, const std::string& name) {
  TRY_ASSIGN(const auto t, w.manager->begin("main", IsolationLevel::kReadCommitted, false));
  TRY(t->begin_statement(true));
  const catalog::TableDef table = make_table(name);
  TRY(t->put_file(table.path() + "/table.sql", catalog::table_sql(table)));
  TRY_ASSIGN(const CommitOutcome outcome, t->commit(Fixture::request(name)));
  return outcome.changed ? Result<void>()
                         : Result<void>(Error(ErrorCode::kInternal, "nothing was committed"));
}

// The tree that the branch has by the store's refs: what it is at, or would be had the last flush
// not failed. The numbers have one digit here.
Oid standing_root(const World& w) {
  const auto fine = w.store->refs(kFine);
  const Oid commit = fine.empty() ? w.store->ref(kHead).value_or(Oid{}) : fine.back().value;
  return must(w.manager->snapshot_of(commit)).root;
}

// Runs the steps until one fails; gives the branch's trees before the first and after each that was
// acknowledged or merely begun.
std::vector<Oid> work(World& w, TestClock& clock, size_t& acknowledged) {
  std::vector<Oid> roots{standing_root(w)};
  const auto step = [&](const std::function<Result<void>()>& run) {
    clock.set(clock.now_us() + 1'000);
    const Result<void> done = run();
    if (done) acknowledged = roots.size();
    roots.push_back(standing_root(w));
    return done.has_value();
  };
  const auto policy = [&](int64_t every_us, int64_t keep_us) {
    return [&w, every_us, keep_us] {
      return w.manager->set_history_policy("main", {every_us, keep_us});
    };
  };
  const auto commit = [&](const char* name) {
    return [&w, name] { return commit_table(w, name); };
  };
  if (!step(policy(1'000'000, 0)) || !step(commit("a"))) return roots;
  if (!step(policy(10, 2'500)) || !step(commit("c")) || !step(commit("d"))) return roots;
  if (!w.store->checkpoint()) return roots;
  if (!step(commit("e"))) return roots;
  if (!step([&] { return w.manager->roll_up_due(); })) return roots;
  step([&]() -> Result<void> {
    TRY_ASSIGN(const bool dropped, w.manager->drop_history_policy("main"));
    return dropped ? Result<void>()
                   : Result<void>(Error(ErrorCode::kInternal, "no policy was dropped"));
  });
  ignore_error(w.store->checkpoint(), "the next opening tells");
  return roots;
}

// What refs say is what the branch is.
void check_refs(const World& w) {
  const Oid tip = w.tip().commit;
  const Oid head = w.store->ref(kHead).value_or(Oid{});
  const bool has_policy = !w.store->refs(kFine).empty();
  must(w.manager->history().ensure(*w.store, tip));
  CHECK(w.manager->history().is_ancestor(head, tip));
  if (!has_policy) CHECK(head == tip);
  const auto refs = w.store->refs(kFine);
  const bool is_live =
      !has_policy || std::any_of(refs.begin(), refs.end(),
                                 [&](const store::RefEntry& ref) { return ref.value == tip; });
  CHECK(is_live);
}

void make_repository(const std::filesystem::path& dir) {
  must(store::init_git_store_with(dir, "main", store::quiet_options()));
  const auto store = store::open_or_fail(dir, store::quiet_options());
  store::PendingObjects objects(*store);
  git::Commit commit;
  commit.tree = must(catalog::write_initial_tree(objects));
  commit.author = commit.committer = {"init", "init@example.org", 1'600'000'000, 0};
  commit.message = "init\n";
  const Oid first = objects.add(store::ObjectType::kCommit, git::encode_commit(commit));
  must(store->wait_durable(must(store->append(objects, {{kHead, Oid{}, first}}))));
}

}  // namespace

TEST_CASE("power loss at every operation under a history policy") {
  bool is_clean = false;
  for (uint64_t n = 1; !is_clean; ++n) {
    CAPTURE(n);
    TestClock clock;
    store::TempFolder folder;
    make_repository(folder.repository());
    store::FaultFileSystem files(folder.path / "trash", static_cast<uint32_t>(n));
    size_t acknowledged = 0;
    std::vector<Oid> roots;
    {
      World w(folder.repository(), files, clock);
      files.crash_at(n);
      roots = work(w, clock, acknowledged);
      is_clean = !files.has_crashed();
    }
    files.settle();
    Oid reopened;
    {
      World w(folder.repository(), files, clock);
      const bool stands = std::find(roots.begin() + static_cast<ptrdiff_t>(acknowledged),
                                    roots.end(), w.tip().root) != roots.end();
      CHECK(stands);
      check_refs(w);
      clock.set(clock.now_us() + 1'000'000);
      must(w.manager->set_history_policy("main", {10, 0}));
      must(commit_table(w, "x"));
      clock.set(clock.now_us() + 1'000);
      must(commit_table(w, "y"));
      check_refs(w);
      reopened = w.tip().commit;
    }
    World w(folder.repository(), store::real_file_system(), clock);
    CHECK(w.tip().commit == reopened);
    check_refs(w);
    must(w.manager->drop_history_policy("main"));
    must(w.store->checkpoint());
    CHECK(store::git(folder.repository(), "rev-parse main").output == reopened.hex());
    w.manager.reset();
    w.store.reset();
    store::check_fsck(folder.repository());
  }
}

}  // namespace rowan::txn
