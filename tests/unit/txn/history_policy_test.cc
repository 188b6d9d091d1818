// History policies: roll-ups, what is kept of the commits below them, what time reads, and what an
// open finds by the refs alone.
#include <algorithm>

#include "fixture.h"

namespace rowan::txn {

namespace {

constexpr int64_t kHour = 3'600'000'000;

struct PolicyFixture : Fixture {
  PolicyFixture() { create("t"); }

  Oid commit(int64_t id) {
    auto t = begin();
    must(insert(*t, "t", id, id));
    return must(t->commit(request("row " + std::to_string(id)))).commit;
  }
  void wait(int64_t time_us) { clock.set(clock.now_us() + time_us); }
  Oid tip(const std::string& branch = "main") { return must(manager->tip_snapshot(branch)).commit; }
  Oid ref(const std::string& name) { return store->ref(name).value_or(Oid{}); }
  Oid head() { return ref("refs/heads/main"); }
  Oid fine(int n) { return ref("refs/rowan/fine/main/" + std::to_string(n)); }
  git::Commit read(const Oid& id) { return must(git::parse_commit(must(store->read(id)).bytes)); }
  void reopen() {
    manager.reset();
    manager = must(Manager::open(*store, clock));
  }
};

}  // namespace

TEST_CASE(
    "commits chain beside the branch until the interval has passed; then one commit stands for "
    "them") {
  PolicyFixture f;
  const Oid start = f.tip();
  must(f.manager->set_history_policy("main", {kHour, 0}));
  CHECK(f.head() == start);
  CHECK(f.fine(1) == start);

  const Oid one = f.commit(1);
  f.wait(kHour / 2);
  const Oid two = f.commit(2);
  CHECK(f.head() == start);
  CHECK(f.fine(1) == two);
  CHECK(f.tip() == two);
  CHECK(f.read(two).parents == std::vector<Oid>{one});
  CHECK(must(f.manager->resolve_revision("main", "main")) == two);

  f.wait(kHour);
  const Oid three = f.commit(3);
  const Oid rolled = f.head();
  CHECK(rolled != start);
  CHECK(f.read(rolled).parents == std::vector<Oid>{start});
  CHECK(f.read(rolled).tree == f.read(two).tree);
  CHECK(f.message_of(rolled).starts_with("roll up 2 commits\n"));
  CHECK(f.message_of(rolled).find("Rowan-Rolls-Up: " + two.hex()) != std::string::npos);
  CHECK(f.read(three).parents == std::vector<Oid>{rolled});
  CHECK(f.fine(1) == two);
  CHECK(f.fine(2) == three);
  CHECK(f.see("t", 2) == row(2, 2));
  CHECK(f.see("t", 3) == row(3, 3));

  f.wait(2 * kHour);
  must(f.manager->roll_up_due());
  CHECK(f.read(f.head()).parents == std::vector<Oid>{rolled});
  CHECK(f.tip() == f.head());
  const Oid quiet = f.head();
  f.wait(2 * kHour);
  must(f.manager->roll_up_due());
  CHECK(f.head() == quiet);  // Nothing to roll up.
}

TEST_CASE("a time is read from the fine commits while they are kept, then from the roll-ups") {
  PolicyFixture f;
  must(f.manager->set_history_policy("main", {kHour, 9 * kHour / 2}));
  const auto at = [&](int64_t time_us) { return must(f.manager->revision_at(time_us, "main")); };
  const Oid start = f.tip();
  f.wait(1'000);
  const int64_t first_us = f.clock.now_us();
  const Oid one = f.commit(1);
  f.wait(1'000);
  const int64_t second_us = f.clock.now_us();
  const Oid two = f.commit(2);
  f.wait(kHour);
  f.commit(3);
  CHECK(at(first_us - 1) == start);
  CHECK(at(first_us) == one);
  CHECK(at(second_us - 1) == one);
  CHECK(at(second_us) == two);
  CHECK(f.read(at(second_us + kHour / 2)).tree == f.read(two).tree);

  f.wait(2 * kHour);
  f.commit(4);
  CHECK(f.fine(1) == two);
  f.wait(2 * kHour);
  f.commit(5);
  CHECK(f.fine(1).is_zero());
  CHECK_FALSE(f.fine(2).is_zero());
  CHECK(at(first_us) == start);
  CHECK(f.read(at(second_us + 1)).tree == f.read(two).tree);
}

TEST_CASE("the refs alone tell an open where the branch is") {
  PolicyFixture f;
  must(f.manager->set_history_policy("main", {kHour, 0}));
  f.commit(1);
  f.wait(kHour);
  const Oid two = f.commit(2);
  const Oid rolled = f.head();
  f.reopen();
  CHECK(f.tip() == two);
  CHECK(f.head() == rolled);
  f.wait(5 * kHour);
  const Oid three =
      f.commit(3);  // No policy was given again: it goes on, and nothing is rolled up.
  CHECK(f.head() == rolled);
  CHECK(f.fine(2) == three);
  must(f.manager->set_history_policy("main", {kHour, 0}));
  f.commit(4);
  CHECK(f.read(f.head()).parents == std::vector<Oid>{rolled});
  CHECK(f.fine(2) == three);
}

TEST_CASE(
    "refs/heads moved while nobody looked: what follows is taken, what stands beside newer commits "
    "is kept aside") {
  PolicyFixture f;
  must(f.manager->set_history_policy("main", {kHour, 0}));
  const auto foreign = [&](const Oid& parent) {
    store::PendingObjects objects(*f.store);
    git::Commit commit = f.read(parent);
    commit.parents = {parent};
    commit.message = "by hand\n";
    const Oid id = objects.add(store::ObjectType::kCommit, git::encode_commit(commit));
    must(f.store->append(objects, {{"refs/heads/main", f.head(), id}}));
    return id;
  };
  SUBCASE("it follows") {
    const Oid id = foreign(f.head());
    f.reopen();
    CHECK(f.tip() == id);
    CHECK(f.fine(1) == id);
    const Oid next = f.commit(1);
    CHECK(f.head() == id);
    CHECK(f.fine(1) == next);
  }
  SUBCASE("it stands beside") {
    const Oid start = f.head();
    const Oid one = f.commit(1);
    const Oid id = foreign(start);
    f.reopen();
    CHECK(f.tip() == one);
    CHECK(f.head() == start);
    CHECK(f.ref("refs/rowan/foreign/main/" + id.hex()) == id);
    f.commit(2);
    CHECK(f.head() == start);
  }
  SUBCASE("it was set back to an older commit") {
    const Oid one = f.commit(1);
    must(
        f.store->append(store::PendingObjects(*f.store), {{"refs/heads/main", f.head(), f.first}}));
    f.reopen();
    CHECK(f.tip() == one);
    must(f.manager->drop_history_policy("main"));
    CHECK(f.head() == one);
  }
  SUBCASE("the branch was deleted") {
    const Oid one = f.commit(1);
    must(f.store->append(store::PendingObjects(*f.store), {{"refs/heads/main", f.head(), Oid{}}}));
    f.reopen();
    CHECK(f.fine(1).is_zero());
    CHECK(f.ref("refs/rowan/kept/main/1") == one);
    must(f.manager->create_branch("main", f.first));
    CHECK(f.tip() == f.first);
    f.reopen();
    CHECK(f.tip() == f.first);
  }
}

TEST_CASE("dropping the policy goes forward to the newest commit; a new policy counts on") {
  PolicyFixture f;
  must(f.manager->set_history_policy("main", {1, 0}));
  const int64_t first_us = f.clock.now_us() + 10;
  f.clock.set(first_us);
  const Oid one = f.commit(1);
  f.wait(10);
  f.commit(2);
  f.wait(10);
  const Oid three = f.commit(3);
  CHECK(must(f.manager->drop_history_policy("main")));
  CHECK_FALSE(must(f.manager->drop_history_policy("main")));
  CHECK(f.head() == three);
  CHECK(f.store->refs("refs/rowan/fine/").empty());
  CHECK(f.ref("refs/rowan/kept/main/1") == one);
  CHECK(must(f.manager->revision_at(first_us, "main")) == one);
  const Oid four = f.commit(4);
  CHECK(f.head() == four);
  f.reopen();
  CHECK(f.tip() == four);
  must(f.manager->set_history_policy("main", {kHour, 0}));
  CHECK(f.fine(3) == four);

  must(f.manager->drop_history_policy("main"));
  must(f.manager->rename_branch("main", "trunk"));
  CHECK(f.ref("refs/rowan/kept/trunk/1") == one);
  CHECK(f.store->refs("refs/rowan/kept/main/").empty());
}

TEST_CASE(
    "a branch with a policy only goes forward, and takes its chains along when it is dropped") {
  PolicyFixture f;
  const Oid start = f.tip();
  must(f.manager->set_history_policy("main", {1, 0}));
  f.commit(1);
  f.wait(10);
  const Oid two = f.commit(2);
  BranchMove back{"main", two, start, nullptr, {}, store::SyncMode::kOn};
  CHECK(f.manager->move_branch(back).error().code() == ErrorCode::kObjectNotInState);
  CHECK(f.manager->rename_branch("main", "trunk").error().code() == ErrorCode::kObjectNotInState);
  CHECK(f.tip() == two);

  // A commit made elsewhere lands on the roll-up that came before it.
  f.wait(10);
  TreeCommit made;
  made.branch = "main";
  made.expected_tip = two;
  made.root = f.read(start).tree;
  made.parents = {two};
  made.author = {"Ada", "ada@example.org", 0, 0};
  made.message = "back";
  const Oid restored = must(f.manager->commit_tree(made)).commit;
  CHECK(f.read(restored).parents == std::vector<Oid>{f.head()});
  CHECK(f.message_of(f.head()).find(two.hex()) != std::string::npos);

  must(f.manager->create_branch("other", start));
  must(f.manager->drop_branch("main", {restored, nullptr, {}}));
  CHECK(f.store->refs("refs/rowan/fine/").empty());
  CHECK(f.head().is_zero());
}

TEST_CASE(
    "a roll-up holds what it rolled up: merge bases lie where branches began, and chains they "
    "began in stay") {
  PolicyFixture f;
  must(f.manager->set_history_policy("main", {kHour, kHour}));
  const Oid one = f.commit(1);
  must(f.manager->create_branch("dev", one));
  const Oid two = f.commit(2);
  f.wait(kHour);
  f.commit(3);
  const Oid tip = f.tip();
  must(f.manager->history().ensure(*f.store, tip));
  CHECK(f.manager->history().merge_bases(tip, one) != std::vector<Oid>{one});
  CHECK(f.manager->merge_bases(tip, one) == std::vector<Oid>{one});
  CHECK(f.manager->merge_bases(one, tip) == std::vector<Oid>{one});
  const auto held = f.manager->held_tips(tip);
  CHECK(std::find(held.begin(), held.end(), two) != held.end());

  f.wait(9 * kHour);
  f.commit(4);
  f.wait(9 * kHour);
  f.commit(5);
  CHECK(f.fine(1) == two);  // dev needs it.
  CHECK(f.fine(2).is_zero());
  CHECK(f.manager->merge_bases(f.tip(), one) == std::vector<Oid>{one});
  must(f.manager->drop_branch("dev"));
  f.wait(9 * kHour);
  f.commit(6);
  CHECK(f.fine(1).is_zero());
}

}  // namespace rowan::txn
