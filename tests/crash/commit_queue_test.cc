// Proves: when the flush of a batch of the commit queue fails, every session whose commit is not on
// disk is told so, the branch goes back to what is durable, nothing more is written, and after a
// power loss the branch is the durable commits and a whole prefix of the rest.
#include <algorithm>
#include <atomic>
#include <thread>

#include "crash/txn_world.h"

namespace rowan::txn {

namespace {

constexpr int kBatch = 3;

struct Queue : World {
  using World::World;
  Result<CommitOutcome> insert(int64_t id) {
    TRY_ASSIGN(auto t, manager->begin("main", IsolationLevel::kReadCommitted, false));
    TRY(t->begin_statement(true));
    TRY(Fixture::insert(*t, "t", id, id));
    ++arrived;
    return t->commit(Fixture::request(std::to_string(id)));
  }
  bool has(int64_t id) {
    auto t = must(manager->begin("main", IsolationLevel::kReadCommitted, true));
    must(t->begin_statement(false));
    return !Fixture::see(*t, "t", id).empty();
  }

  std::atomic<int> arrived = 0;
};

// Session 0 commits and is durable; while it is in the queue the others line up behind it and
// become one batch, whose flush fails.
void commit_and_fail(Queue& q, store::FaultFileSystem& files,
                     std::vector<Result<CommitOutcome>>& outcomes) {
  std::atomic<bool> first_done = false;
  std::atomic<int> built = 0;
  q.manager->set_commit_listener([&](const CommitEvent&) {
    const int nth = built++;
    while (nth == 0 && q.arrived < kBatch + 1) std::this_thread::yield();
    while (nth == 1 && !first_done) std::this_thread::yield();
    if (nth == 1) files.fail_next_sync();
  });
  std::thread first([&] {
    outcomes[0] = q.insert(0);
    first_done = true;
  });
  while (built == 0) std::this_thread::yield();
  std::vector<std::thread> others;
  for (int n = 1; n <= kBatch; ++n)
    others.emplace_back([&, n] { outcomes[static_cast<size_t>(n)] = q.insert(n); });
  first.join();
  for (auto& thread : others) thread.join();
}

}  // namespace

TEST_CASE("a flush that fails under a batch of the commit queue") {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    TempFolder folder;
    make_repository(folder.repository());
    CommitOutcome last;
    int acknowledged = 0;
    const TestClock clock;
    store::FaultFileSystem files(folder.path / "trash", seed);
    std::vector<Result<CommitOutcome>> outcomes;
    for (int n = 0; n <= kBatch; ++n) outcomes.emplace_back(CommitOutcome{});
    {
      Queue q(folder.repository(), files, clock);
      const std::unique_ptr<Transaction> reader =
          must(q.manager->begin("main", IsolationLevel::kRepeatableRead, true));
      must(reader->begin_statement(false));
      commit_and_fail(q, files, outcomes);
      // The flush of session 0 may have taken the first commit of the batch along: then that one
      // stands.
      for (int n = 0; n <= kBatch; ++n) {
        const auto& outcome = outcomes[static_cast<size_t>(n)];
        CHECK(q.has(n) == outcome.has_value());
        if (!outcome) CHECK(outcome.error().code() == ErrorCode::kIoError);
        if (outcome && outcome->sequence > last.sequence) last = *outcome;
        acknowledged += outcome ? 1 : 0;
      }
      CHECK(outcomes[0].has_value());
      CHECK(acknowledged <= 2);
      CHECK(q.tip().commit == last.commit);
      CHECK(must(q.manager->durable_snapshot("main")).commit == last.commit);
      CHECK(q.has(0));
      CHECK(Fixture::see(*reader, "t", 0).empty());
      CHECK(q.insert(9).error().code() ==
            ErrorCode::kIoError);  // Nothing is written until it is opened again.
      CHECK(q.manager->create_branch("late", last.commit).error().code() == ErrorCode::kIoError);
      CHECK_FALSE(must(q.manager->has_branch("late")));
      files.crash_at(1);
    }
    files.settle();
    Queue again(folder.repository(), files, clock);
    for (int n = 0; n <= kBatch; ++n)
      CHECK((again.has(n) || !outcomes[static_cast<size_t>(n)].has_value()));
    // What was not acknowledged is there whole, in its order, or not at all.
    int depth = 0;
    int there = 0;
    for (Oid at = again.tip().commit; at != last.commit; ++depth) {
      REQUIRE(depth <= kBatch);
      at = must(git::parse_commit(must(again.store->read(at)).bytes)).parents.at(0);
    }
    for (int n = 0; n <= kBatch; ++n) there += again.has(n) ? 1 : 0;
    CHECK(there == acknowledged + depth);
    CHECK_FALSE(again.has(9));
    must(again.insert(20));
    CHECK(again.has(20));
    must(again.store->checkpoint());
    store::check_fsck(folder.repository());
  }
}

// The disk is full for the log under a batch: who is refused is told so and leaves nothing, who was
// answered stays, and with room again all goes on.
TEST_CASE("a full disk under a batch of the commit queue") {
  TempFolder folder;
  make_repository(folder.repository());
  const TestClock clock;
  store::FaultFileSystem files(folder.path / "trash", 1);
  std::vector<int64_t> there;
  {
    Queue q(folder.repository(), files, clock);
    must(q.insert(0));
    there.push_back(0);
    files.set_disk_full(true);
    int64_t next = 1;
    size_t refused = 0;
    for (int round = 0; refused == 0; ++round) {
      REQUIRE(round < 2000);  // What the log had reserved is used up first.
      std::vector<Result<CommitOutcome>> outcomes;
      for (int n = 0; n < kBatch; ++n) outcomes.emplace_back(CommitOutcome{});
      std::vector<std::thread> sessions;
      for (int n = 0; n < kBatch; ++n)
        sessions.emplace_back([&, n] { outcomes[static_cast<size_t>(n)] = q.insert(next + n); });
      for (auto& session : sessions) session.join();
      for (int n = 0; n < kBatch; ++n, ++next) {
        const auto& outcome = outcomes[static_cast<size_t>(n)];
        if (outcome) there.push_back(next);
        if (!outcome) CHECK(outcome.error().code() == ErrorCode::kDiskFull);
        CHECK(q.has(next) == outcome.has_value());
        refused += outcome ? 0 : 1;
      }
    }
    CHECK(q.tip().commit == must(q.manager->durable_snapshot("main")).commit);
    files.set_disk_full(false);
    must(q.insert(next));
    there.push_back(next);
    files.crash_at(1);
  }
  files.settle();
  Queue again(folder.repository(), files, clock);
  for (int64_t id = 0; id <= there.back(); ++id)
    CHECK(again.has(id) == (std::find(there.begin(), there.end(), id) != there.end()));
  must(again.insert(there.back() + 1));
  must(again.store->checkpoint());
  store::check_fsck(folder.repository());
}

}  // namespace rowan::txn
