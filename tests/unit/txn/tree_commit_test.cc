// Commits and branch moves made outside a transaction: compare-and-swap on the tip, one record, and
// everything told.
#include <algorithm>
#include <thread>

#include "fixture.h"

namespace rowan::txn {

namespace {

Oid tip_of(Fixture& f, std::string_view branch = "main") {
  return must(f.manager->tip_snapshot(branch)).commit;
}
Oid root_of(Fixture& f, const Oid& commit) {
  return must(git::parse_commit(must(f.store->read(commit)).bytes)).tree;
}

void add_row(Fixture& f, int64_t id, int64_t v, const std::string& branch = "main") {
  auto t = must(f.manager->begin(branch, IsolationLevel::kReadCommitted, false));
  must(t->begin_statement(true));
  must(f.insert(*t, "t", id, v));
  must(t->commit(f.request()));
}

TreeCommit onto_tip(Fixture& f, const Oid& root) {
  TreeCommit commit;
  commit.branch = "main";
  commit.expected_tip = tip_of(f);
  commit.root = root;
  commit.parents = {commit.expected_tip};
  commit.author = {"Grace", "grace@example.org", 0, 0};
  commit.message = "restore";
  return commit;
}

}  // namespace

TEST_CASE("branches at one tip that are told the same at the same time make commits of their own") {
  for (const int64_t now : {int64_t{1'700'000'000'000'000}, int64_t{1'000'000'000'000'000}}) {
    Fixture f;  // Whose clock stands still.
    f.create("t");
    const Oid fork = tip_of(f);
    must(f.manager->create_branch("dev", fork));
    f.clock.set(now);
    std::vector<Oid> made;
    for (const char* branch : {"main", "dev"}) {
      auto t = must(f.manager->begin(branch, IsolationLevel::kReadCommitted, false));
      must(t->begin_statement(true));
      must(f.insert(*t, "t", 1, 1));
      made.push_back(must(t->commit(f.request("insert"))).commit);
    }
    CHECK(made[0] != made[1]);
    CHECK(f.manager->merge_bases(made[0], made[1]) == std::vector<Oid>{fork});
    for (size_t i = 0; i < 2; ++i) {
      TreeCommit commit = onto_tip(f, root_of(f, fork));
      commit.branch = i == 0 ? "main" : "dev";
      commit.expected_tip = made[i];
      commit.parents = {made[i]};
      must(f.manager->commit_tree(commit));
    }
    CHECK(must(f.manager->tip_snapshot("main")).time_us !=
          must(f.manager->tip_snapshot("dev")).time_us);
  }
}

TEST_CASE("a tree becomes a commit on the tip, later than its parents, and derived data knows it") {
  Fixture f;
  f.create("t");
  add_row(f, 1, 1);
  const Oid old_root = root_of(f, tip_of(f));
  const auto old_table = must(f.begin()->get_table("public", "t"));
  add_row(f, 2, 2);
  CommitEvent told;
  f.manager->set_commit_listener([&](const CommitEvent& event) { told = event; });
  f.clock.set(1'600'000'000'000'000);  // Clocks went back: the commit still comes after its parent.
  const Oid before = tip_of(f);
  const int64_t before_us = must(f.manager->tip_snapshot("main")).time_us;
  const uint64_t generation = must(f.manager->tip_snapshot("main")).schema_generation;
  TreeCommit commit = onto_tip(f, old_root);
  commit.trailers = {{"Rowan-Kind", "restore"}};
  const CommitOutcome outcome = must(f.manager->commit_tree(commit));
  CHECK(outcome.changed);
  const Snapshot tip = must(f.manager->tip_snapshot("main"));
  CHECK(tip.commit == outcome.commit);
  CHECK(tip.root == old_root);
  CHECK(tip.time_us == before_us + 1);
  CHECK(tip.schema_generation != generation);
  CHECK(must(f.manager->durable_snapshot("main")).commit == outcome.commit);
  CHECK(f.store->ref("refs/heads/main") == outcome.commit);
  const std::string message = f.message_of(outcome.commit);
  CHECK(message ==
        "restore\n\nRowan-Time: " + std::to_string(before_us + 1) + "\nRowan-Kind: restore\n");
  CHECK(told.commit == outcome.commit);
  CHECK(told.parent == before);
  const auto info = f.manager->history().find(outcome.commit);
  REQUIRE(info.has_value());
  CHECK(info->time_us == before_us + 1);
  CHECK(f.manager->history().may_have_changed(outcome.commit,
                                              derived::change_hash("public/t", key_of(2))));
  CHECK_FALSE(f.manager->history().may_have_changed(outcome.commit,
                                                    derived::change_hash("public/t", key_of(1))));
  CHECK(f.manager->row_counts().find(old_table.rows) == 1);
  CHECK(f.see("t", 2).empty());
}

TEST_CASE("a tip that moved, and a tree that changes nothing") {
  Fixture f;
  f.create("t");
  const Oid root = root_of(f, tip_of(f));
  TreeCommit commit = onto_tip(f, root);
  const CommitOutcome same = must(f.manager->commit_tree(commit));
  CHECK_FALSE(same.changed);
  CHECK(same.commit == tip_of(f));
  add_row(f, 1, 1);
  CHECK(f.manager->commit_tree(commit).error().code() == ErrorCode::kSerializationFailure);
  commit = onto_tip(f, root);
  commit.branch = "nowhere";
  CHECK(f.manager->commit_tree(commit).error().code() == ErrorCode::kUndefinedBranch);
  // A second parent makes a commit of the same tree.
  must(f.manager->create_branch("dev", f.first));
  commit = onto_tip(f, root_of(f, tip_of(f)));
  commit.parents.push_back(f.first);
  CHECK(must(f.manager->commit_tree(commit)).changed);
}

TEST_CASE("other refs move in the same record, or nothing moves") {
  Fixture f;
  f.create("t");
  const Oid old_root = root_of(f, tip_of(f));
  add_row(f, 1, 1);
  const Oid tip = tip_of(f);
  TreeCommit commit = onto_tip(f, old_root);
  commit.refs = {{"refs/rowan/note", tip, f.first}};  // It does not exist.
  CHECK(f.manager->commit_tree(commit).error().code() == ErrorCode::kSerializationFailure);
  CHECK(tip_of(f) == tip);
  commit.refs = {{"refs/rowan/note", Oid{}, f.first}};
  const Oid made = must(f.manager->commit_tree(commit)).commit;
  CHECK(f.store->ref("refs/rowan/note") == f.first);

  BranchMove move{"main", tip, f.first, nullptr, {}, store::SyncMode::kOn};
  CHECK(f.manager->move_branch(move).error().code() == ErrorCode::kSerializationFailure);
  move.expected_tip = made;
  move.refs = {{"refs/rowan/note", f.first, made}};
  const CommitOutcome moved = must(f.manager->move_branch(move));
  CHECK(moved.changed);
  CHECK(tip_of(f) == f.first);
  CHECK(f.store->ref("refs/heads/main") == f.first);
  CHECK(f.store->ref("refs/rowan/note") == made);
  CHECK(f.begin()->get_table("public", "t").error().code() == ErrorCode::kUndefinedTable);

  must(f.manager->update_refs(nullptr, {{"refs/tags/one", Oid{}, made}}));
  CHECK(f.store->ref("refs/tags/one") == made);
  CHECK(f.manager->update_refs(nullptr, {{"refs/tags/one", Oid{}, tip}}).error().code() ==
        ErrorCode::kSerializationFailure);
  CHECK(f.manager->update_refs(nullptr, {{"refs/heads/main", f.first, tip}}).error().code() ==
        ErrorCode::kInternal);
}

TEST_CASE("a transaction that wrote a row sees that a reset took it") {
  Fixture f;
  f.create("t");
  const Oid empty = tip_of(f);
  add_row(f, 1, 1);
  auto open = f.begin();
  CHECK(must(f.update(*open, "t", 1, 5)) == LockOutcome::kCurrent);
  must(f.manager->move_branch({"main", tip_of(f), empty, nullptr, {}, store::SyncMode::kOn}));
  CHECK(open->commit(f.request()).error().code() == ErrorCode::kSerializationFailure);
  CHECK(tip_of(f) == empty);
  auto fresh = f.begin();
  must(f.insert(*fresh, "t", 1, 7));
  CHECK(must(fresh->commit(f.request())).changed);
}

TEST_CASE("a large tree goes past the queue") {
  Fixture f;
  f.create("t");
  const auto table = must(f.begin()->get_table("public", "t"));
  store::PendingObjects objects(*f.store);
  const catalog::TableLineKeys keys(table.table);
  std::vector<std::string> bytes;
  for (int64_t id = 0; id < 400'000; ++id) {
    bytes.push_back(key_of(id));
    bytes.push_back("[" + std::to_string(id) + "," +
                    std::to_string(1'000'000'000'000'000'000 + id * 7919) + "]");
  }
  std::vector<tree::RowEdit> edits;
  for (size_t i = 0; i < bytes.size(); i += 2) edits.push_back({bytes[i], Bytes(bytes[i + 1])});
  std::sort(edits.begin(), edits.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  const Oid rows = must(tree::apply_edits(objects, f.store->cache(), keys, Oid{}, edits));
  const Oid root = must(tree::edit_paths(objects, f.store->cache(), root_of(f, tip_of(f)),
                                         {{"public/t/rows", tree::kModeTree, rows}}));
  CHECK(objects.bytes() > (8u << 20));
  TreeCommit commit = onto_tip(f, root);
  commit.objects = &objects;
  must(f.manager->commit_tree(commit));
  CHECK(f.see("t", 399'999) == row(399'999, 1'000'000'000'000'000'000 + 399'999LL * 7919));
  CHECK(f.manager->row_counts().find(rows) == 400'000);
}

TEST_CASE("commits of all kinds on one branch form one chain") {
  Fixture f;
  f.create("t");
  must(f.manager->create_branch("side", tip_of(f)));
  constexpr int kThreads = 3;
  constexpr int kEach = 60;
  std::atomic<int> made = 0;
  std::vector<std::thread> threads;
  for (int n = 0; n < kThreads; ++n) {
    threads.emplace_back([&, n] {
      for (int i = 0; i < kEach; ++i) {
        auto t = must(f.manager->begin("main", IsolationLevel::kReadCommitted, false));
        must(t->begin_statement(true));
        must(Fixture::insert(*t, "t", n * 1000 + i, i));
        if (must(t->commit(Fixture::request())).changed) ++made;
      }
    });
  }
  threads.emplace_back([&] {
    for (int done = 0; done < kEach;) {
      // Adds a row to whatever the tip is, as a merge would.
      const Snapshot tip = must(f.manager->tip_snapshot("main"));
      store::PendingObjects objects(*f.store);
      const catalog::Catalog catalog(*f.store, f.store->cache(), tip.root);
      const auto table = must(catalog.get_table("public", "t"));
      const catalog::TableLineKeys keys(table.table);
      const std::string key = key_of(9000 + done);
      const std::string line = row(9000 + done, 0);
      const std::vector<tree::RowEdit> edits{{key, Bytes(line)}};
      TreeCommit commit;
      commit.branch = "main";
      commit.expected_tip = tip.commit;
      commit.parents = {tip.commit};
      commit.root = must(tree::edit_paths(
          objects, f.store->cache(), tip.root,
          {{"public/t/rows", tree::kModeTree,
            must(tree::apply_edits(objects, f.store->cache(), keys, table.rows, edits))}}));
      commit.objects = &objects;
      commit.author = {"Grace", "grace@example.org", 0, 0};
      commit.message = "merge";
      const auto outcome = f.manager->commit_tree(commit);
      if (outcome) {
        ++done;
        ++made;
      } else {
        CHECK(outcome.error().code() ==
              ErrorCode::kSerializationFailure);  // An insert came between.
      }
    }
  });
  for (auto& thread : threads) thread.join();
  CHECK(made == (kThreads + 1) * kEach);
  int depth = 0;
  int64_t later = INT64_MAX;
  for (Oid at = tip_of(f); at != f.first; ++depth) {
    const git::Commit commit = must(git::parse_commit(must(f.store->read(at)).bytes));
    CHECK(git::commit_time_us(commit) < later);
    later = git::commit_time_us(commit);
    at = commit.parents.at(0);
  }
  CHECK(depth == made + 1);
  for (int n = 0; n < kThreads; ++n)
    CHECK(f.see("t", n * 1000 + kEach - 1) == row(n * 1000 + kEach - 1, kEach - 1));
  CHECK(f.see("t", 9000 + kEach - 1) == row(9000 + kEach - 1, 0));
}

}  // namespace rowan::txn
