// Proves: whatever moment the power goes while a branch has a history policy, what was acknowledged
// is on the branch after opening again, refs/heads/<branch> stands at or below it, the branch goes
// on, and git finds all in order.
#include <algorithm>

#include "crash/power_loss.h"
#include "crash/txn_world.h"

namespace rowan::txn {

namespace {

constexpr char kHead[] = "refs/heads/main";
constexpr char kFine[] = "refs/rowan/fine/main/";

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
  const Oid commit = fine.empty() ? w.ref(kHead) : fine.back().value;
  return must(w.manager->snapshot_of(commit)).root;
}

// Runs the steps, a millisecond apart, until one fails.
store::Progress<Oid> take_steps(World& w, TestClock& clock) {
  store::Progress<Oid> progress(standing_root(w));
  const auto step = [&](const auto& run) {
    clock.set(clock.now_us() + 1'000);
    const Result<void> done = run();
    return progress.note_step(done.has_value(), standing_root(w));
  };
  const auto policy = [&](int64_t every_us, int64_t keep_us) {
    return step([&] { return w.manager->set_history_policy("main", {every_us, keep_us}); });
  };
  const auto commit = [&](const char* name) { return step([&] { return commit_table(w, name); }); };
  if (!policy(1'000'000, 0) || !commit("a")) return progress;
  if (!policy(10, 2'500) || !commit("c") || !commit("d")) return progress;
  if (!w.store->checkpoint()) return progress;
  if (!commit("e")) return progress;
  if (!step([&] { return w.manager->roll_up_due(); })) return progress;
  step([&]() -> Result<void> {
    TRY_ASSIGN(const bool dropped, w.manager->drop_history_policy("main"));
    return dropped ? Result<void>()
                   : Result<void>(Error(ErrorCode::kInternal, "no policy was dropped"));
  });
  ignore_error(w.store->checkpoint(), "the next opening tells");
  return progress;
}

// What refs say is what the branch is.
void check_refs(const World& w) {
  const Oid tip = w.tip().commit;
  const Oid head = w.ref(kHead);
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

struct Trial {
  void work(const std::filesystem::path& repository, store::FaultFileSystem& files, uint64_t n) {
    make_repository(repository);
    World w(repository, files, clock);
    files.crash_at(n);
    progress = take_steps(w, clock);
  }

  void check(const std::filesystem::path& repository, store::FaultFileSystem& files) {
    Oid reopened;
    {
      World w(repository, files, clock);
      CHECK(progress.may_have_left(w.tip().root));
      check_refs(w);
      clock.set(clock.now_us() + 1'000'000);
      must(w.manager->set_history_policy("main", {10, 0}));
      must(commit_table(w, "x"));
      clock.set(clock.now_us() + 1'000);
      must(commit_table(w, "y"));
      check_refs(w);
      reopened = w.tip().commit;
    }
    const World w(repository, store::real_file_system(), clock);
    CHECK(w.tip().commit == reopened);
    check_refs(w);
    must(w.manager->drop_history_policy("main"));
    must(w.store->checkpoint());
    CHECK(store::git(repository, "rev-parse main").output == reopened.hex());
  }

  TestClock clock;
  store::Progress<Oid> progress{Oid{}};
};

}  // namespace

TEST_CASE("power loss at every operation under a history policy") {
  store::lose_power_at_every_operation<Trial>(0);
}

}  // namespace rowan::txn
