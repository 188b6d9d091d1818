// What a transaction reads and what its commit leaves behind: isolation, savepoints, spilling,
// messages.
#include <chrono>
#include <thread>

#include "fixture.h"

namespace rowan::txn {

TEST_CASE("a commit holds the rows, with a summary and trailers; an empty one makes none") {
  Fixture f;
  f.create("t");
  auto t = f.begin();
  must(f.insert(*t, "t", 1, 10));
  must(f.insert(*t, "t", 2, 20));
  CHECK(f.see(*t, "t", 1) == "[1,10]");
  CommitRequest request = f.request();
  request.application = "psql";
  request.body = "INSERT INTO t";
  const CommitOutcome outcome = must(t->commit(request));
  CHECK(outcome.changed);
  const std::string message = f.message_of(outcome.commit);
  CHECK(git::subject(message) == "public.t: +2 ~0 -0");
  CHECK(message.find("\n\nINSERT INTO t\n\nRowan-Time: ") != std::string::npos);
  CHECK(message.find("Rowan-App: psql") != std::string::npos);
  CHECK(f.see("t", 2) == "[2,20]");
  CHECK(f.manager->row_counts().find(must(f.begin()->get_table("public", "t")).rows) == 2);

  auto same = f.begin();
  must(f.update(*same, "t", 1, 10));
  const CommitOutcome none = must(same->commit(f.request()));
  CHECK_FALSE(none.changed);
  CHECK(none.commit == outcome.commit);

  auto mixed = f.begin();
  must(f.update(*mixed, "t", 1, 11));
  must(f.remove(*mixed, "t", 2));
  const CommitOutcome second = must(mixed->commit(f.request()));
  CHECK(git::subject(f.message_of(second.commit)) == "public.t: +0 ~1 -1");
  CHECK(f.see("t", 2) == "");
  // The clock stands still, so the effective time is the parent's and a microsecond.
  CHECK(must(f.manager->tip_snapshot("main")).time_us == f.clock.now_us() + 2);
}

TEST_CASE("X1: others see nothing before the commit; a snapshot of REPEATABLE READ stays") {
  Fixture f;
  f.create("t");
  auto writer = f.begin();
  must(f.insert(*writer, "t", 1, 10));
  auto reader = f.begin(IsolationLevel::kRepeatableRead);
  auto fresh = f.begin();
  CHECK(f.see(*reader, "t", 1) == "");
  must(writer->commit(f.request()));
  must(reader->begin_statement(false));
  must(fresh->begin_statement(false));
  CHECK(f.see(*reader, "t", 1) == "");
  CHECK(f.see(*fresh, "t", 1) == "[1,10]");
}

TEST_CASE("a lost update is prevented: READ COMMITTED runs again, REPEATABLE READ fails") {
  Fixture f;
  f.create("t");
  auto t = f.begin();
  must(f.insert(*t, "t", 1, 10));
  must(t->commit(f.request()));

  auto a = f.begin();
  auto b = f.begin();
  auto c = f.begin(IsolationLevel::kRepeatableRead);
  CHECK(must(f.update(*a, "t", 1, 11)) == LockOutcome::kCurrent);
  std::thread other([&] {
    CHECK(must(f.update(*b, "t", 1, 12)) == LockOutcome::kChanged);
    must(b->restart_statement());
    CHECK(f.see(*b, "t", 1) == "[1,11]");
    CHECK(must(f.update(*b, "t", 1, 12)) == LockOutcome::kCurrent);
    must(b->commit(f.request()));
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  must(a->commit(f.request()));
  other.join();
  CHECK(f.see("t", 1) == "[1,12]");
  const auto failed = f.update(*c, "t", 1, 13);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code() == ErrorCode::kSerializationFailure);
  CHECK(failed.error().message() == "could not serialize access due to concurrent update");
}

TEST_CASE("two inserts of one key: the second waits and then finds it") {
  Fixture f;
  f.create("t");
  auto a = f.begin();
  auto b = f.begin();
  must(f.insert(*a, "t", 1, 10));
  std::thread other([&] {
    const auto second = f.insert(*b, "t", 1, 11);
    REQUIRE_FALSE(second);
    CHECK(second.error().code() == ErrorCode::kUniqueViolation);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  must(a->commit(f.request()));
  other.join();
}

TEST_CASE("rows written without their locks are compared with the tip inside the queue") {
  Fixture f;
  f.create("t");
  auto a = f.begin();
  auto b = f.begin();
  for (Transaction* t : {a.get(), b.get()})
    must(t->put_row(must(t->get_table("public", "t")), key_of(1), row(1, 1)));
  must(a->commit(f.request()));
  const auto twice = b->commit(f.request());
  REQUIRE_FALSE(twice);
  CHECK(twice.error().code() == ErrorCode::kUniqueViolation);
  auto c = f.begin();
  auto d = f.begin();
  must(c->put_row(must(c->get_table("public", "t")), key_of(1), row(1, 2)));
  must(d->put_row(must(d->get_table("public", "t")), key_of(1), row(1, 3)));
  must(c->commit(f.request()));
  const auto moved = d->commit(f.request());
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::kSerializationFailure);
}

TEST_CASE("savepoints and statement undo") {
  Fixture f;
  f.create("t");
  auto t = f.begin();
  must(f.insert(*t, "t", 1, 10));
  t->savepoint("s");
  must(t->begin_statement(true));
  must(f.insert(*t, "t", 2, 20));
  must(f.update(*t, "t", 1, 11));
  must(t->begin_statement(true));
  must(f.insert(*t, "t", 3, 30));
  t->undo_statement();
  CHECK(f.see(*t, "t", 3) == "");
  CHECK(f.see(*t, "t", 2) == "[2,20]");
  must(t->rollback_to_savepoint("s"));
  CHECK(f.see(*t, "t", 2) == "");
  CHECK(f.see(*t, "t", 1) == "[1,10]");
  must(t->release_savepoint("s"));
  CHECK_FALSE(t->rollback_to_savepoint("s"));
  must(t->commit(f.request()));
  CHECK(f.see("t", 1) == "[1,10]");
}

TEST_CASE("a spilled workspace gives the same tree, undo included, also when the tip moved") {
  Fixture plain;
  Fixture spilling(50);
  for (Fixture* f : {&plain, &spilling}) {
    f->create("t");
    auto seed = f->begin();
    for (int i = 0; i < 40; ++i) must(f->insert(*seed, "t", i * 10, i));
    must(seed->commit(f->request()));
    auto t = f->begin();
    for (int i = 0; i < 30; ++i) must(f->insert(*t, "t", 1000 + i, i));
    t->savepoint("s");
    must(t->begin_statement(true));
    for (int i = 0; i < 200; ++i) must(f->insert(*t, "t", 2000 + i, i));
    CHECK(f->see(*t, "t", 2150) == "[2150,150]");
    must(t->rollback_to_savepoint("s"));
    CHECK(f->see(*t, "t", 2150) == "");
    CHECK(f->see(*t, "t", 1029) == "[1029,29]");
    must(t->begin_statement(true));
    for (int i = 0; i < 150; ++i) must(f->insert(*t, "t", 3000 + i, i));
    must(f->update(*t, "t", 10, -1));
    must(f->remove(*t, "t", 20));
    auto other = f->begin();
    must(f->update(*other, "t", 30, -3));
    must(other->commit(f->request()));
    const CommitOutcome outcome = must(t->commit(f->request()));
    CHECK(git::subject(f->message_of(outcome.commit)) == "public.t: +180 ~1 -1");
    CHECK(f->see("t", 30) == "[30,-3]");
    CHECK(f->see("t", 20) == "");
    CHECK(f->see("t", 3149) == "[3149,149]");
  }
  CHECK(must(plain.manager->tip_snapshot("main")).root ==
        must(spilling.manager->tip_snapshot("main")).root);
}

TEST_CASE("own DDL is seen, undone and committed; generations move with it alone") {
  Fixture f;
  const uint64_t before = must(f.manager->tip_snapshot("main")).schema_generation;
  auto t = f.begin();
  const catalog::TableDef table = make_table("t");
  must(t->put_file(table.path() + "/table.sql", catalog::table_sql(table)));
  CHECK(t->snapshot().schema_generation != before);
  must(f.insert(*t, "t", 1, 10));
  CHECK(f.see(*t, "t", 1) == "[1,10]");
  must(t->commit(f.request()));
  const uint64_t after = must(f.manager->tip_snapshot("main")).schema_generation;
  CHECK(after != before);
  auto u = f.begin();
  must(f.update(*u, "t", 1, 11));
  must(u->commit(f.request()));
  CHECK(must(f.manager->tip_snapshot("main")).schema_generation == after);

  auto dropped = f.begin();
  must(f.update(*dropped, "t", 1, 12));
  must(dropped->begin_statement(true));
  must(dropped->put_file(table.path(), std::nullopt));
  CHECK_FALSE(dropped->get_table("public", "t"));
  dropped->undo_statement();
  CHECK(f.see(*dropped, "t", 1) == "[1,12]");
  dropped->rollback();

  auto writer = f.begin();
  must(f.update(*writer, "t", 1, 13));
  auto gone = f.begin();
  must(gone->put_file(table.path(), std::nullopt));
  CHECK(git::subject(f.message_of(must(gone->commit(f.request())).commit)) == "drop public.t");
  const auto failed = writer->commit(f.request());
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code() == ErrorCode::kSerializationFailure);
}

TEST_CASE("RENAME TABLE takes the rows and later changes along") {
  Fixture f;
  f.create("a");
  auto t = f.begin();
  must(f.insert(*t, "a", 1, 10));
  must(t->commit(f.request()));
  auto u = f.begin();
  must(f.update(*u, "a", 1, 11));
  must(u->move_folder("public/a", "public/b"));
  must(u->put_file("public/b/table.sql", catalog::table_sql(make_table("b"))));
  must(f.insert(*u, "b", 2, 20));
  must(u->commit(f.request()));
  CHECK(f.see("b", 1) == "[1,11]");
  CHECK(f.see("b", 2) == "[2,20]");
}

TEST_CASE("truncate and bulk replacement") {
  Fixture f;
  f.create("t");
  auto t = f.begin();
  for (int i = 0; i < 10; ++i) must(f.insert(*t, "t", i, i));
  must(t->commit(f.request()));
  auto u = f.begin();
  must(u->truncate(must(u->get_table("public", "t"))));
  must(f.insert(*u, "t", 5, 50));
  CHECK(f.see(*u, "t", 4) == "");
  must(u->commit(f.request()));
  CHECK(f.see("t", 4) == "");
  CHECK(f.see("t", 5) == "[5,50]");

  auto bulk = f.begin();
  const auto table = must(bulk->get_table("public", "t"));
  const auto writer = must(f.store->begin_bulk());
  tree::Builder builder(
      [&](store::ObjectType type, Bytes bytes) { return writer->add(type, bytes); });
  must(builder.add(key_of(5), row(5, 50)));
  must(builder.add(key_of(6), row(6, 60)));
  const Oid root = must(builder.finish());
  must(writer->finish());
  must(bulk->replace_rows(table, root, table.large, 1));
  CHECK(f.see(*bulk, "t", 6) == "[6,60]");
  auto other = f.begin();
  must(f.insert(*other, "t", 7, 70));
  must(other->commit(f.request()));
  must(bulk->commit(f.request()));
  CHECK(f.see("t", 6) == "[6,60]");
  CHECK(f.see("t", 7) == "[7,70]");
}

TEST_CASE("tables without a primary key add counts") {
  Fixture f;
  f.create("bag", false);
  const auto add = [&](Transaction& t, int64_t delta) {
    const auto table = must(t.get_table("public", "bag"));
    std::string key;
    must(type::append_line_key(table.table->layout, "[1,7,8]", key));
    must(t.add_count(table, key, "[0,7,8]", delta));
    return key;
  };
  auto a = f.begin();
  auto b = f.begin();
  const std::string key = add(*a, 2);
  add(*b, 3);
  must(a->commit(f.request()));
  must(b->commit(f.request()));
  CHECK(f.see(*f.begin(), "bag", key) == "[5,7,8]");
  auto c = f.begin();
  add(*c, -5);
  must(c->commit(f.request()));
  CHECK(must(f.begin()->get_table("public", "bag")).rows.is_zero());
}

TEST_CASE("deadlock, cancellation and timeout end a wait") {
  Fixture f;
  f.create("t");
  auto seed = f.begin();
  must(f.insert(*seed, "t", 1, 1));
  must(f.insert(*seed, "t", 2, 2));
  must(seed->commit(f.request()));
  auto a = f.begin();
  auto b = f.begin();
  must(f.update(*a, "t", 1, 10));
  must(f.update(*b, "t", 2, 20));
  // Whichever waits last closes the circle and is the victim; the other one then holds both rows.
  Result<LockOutcome> of_a = LockOutcome::kCurrent;
  std::thread other([&] {
    of_a = f.update(*a, "t", 2, 11);
    if (!of_a) a->rollback();
  });
  const auto of_b = f.update(*b, "t", 1, 21);
  if (!of_b) b->rollback();
  other.join();
  REQUIRE(of_a.has_value() != of_b.has_value());
  CHECK((of_a ? of_b : of_a).error().code() == ErrorCode::kDeadlock);

  std::atomic<bool> cancelled = false;
  auto c = must(f.manager->begin("main", IsolationLevel::kReadCommitted, false, &cancelled));
  must(c->begin_statement(true));
  std::thread canceller([&] { cancelled = true; });
  const auto stopped = f.update(*c, "t", 1, 3);
  canceller.join();
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().code() == ErrorCode::kQueryCanceled);
  auto d = f.begin();
  d->set_lock_timeout(1);
  const auto late = f.update(*d, "t", 1, 3);
  REQUIRE_FALSE(late);
  CHECK(late.error().code() == ErrorCode::kLockNotAvailable);
}

TEST_CASE(
    "X2: eight threads move amounts on one branch; every commit is its parent and its change") {
  Fixture f;
  f.create("t");
  constexpr int kAccounts = 20;
  auto seed = f.begin();
  for (int i = 0; i < kAccounts; ++i) must(f.insert(*seed, "t", i, 100));
  must(seed->commit(f.request()));
  std::atomic<int> committed = 0;
  const auto amount = [](const std::string& line) {
    return std::stoll(line.substr(line.find(',') + 1));
  };
  const auto work = [&](unsigned number) {
    unsigned random = number * 7919 + 1;
    for (int round = 0; round < 50; ++round) {
      random = random * 1103515245 + 12345;
      const int from = (random >> 8) % kAccounts;
      const int to = (random >> 16) % kAccounts;
      if (from == to) continue;
      auto t = f.begin();
      bool fine = true;
      for (const auto& [id, delta] : {std::pair{from, -1}, std::pair{to, 1}}) {
        must(t->begin_statement(true));
        for (;;) {
          const auto line = f.see(*t, "t", id);
          const auto outcome = f.update(*t, "t", id, amount(line) + delta);
          fine = outcome.has_value();
          if (!fine || *outcome == LockOutcome::kCurrent) break;
          must(t->restart_statement());
        }
        if (!fine) break;  // A deadlock's victim.
      }
      if (!fine) continue;
      must(t->commit(f.request()));
      ++committed;
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 8; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();

  auto t = f.begin();
  int64_t sum = 0;
  for (int i = 0; i < kAccounts; ++i) sum += amount(f.see(*t, "t", i));
  CHECK(sum == kAccounts * 100);
  // Witness (a): every commit differs from its parent in exactly its two rows.
  Oid at = t->snapshot().commit;
  const auto table = must(t->get_table("public", "t"));
  const catalog::TableLineKeys keys(table.table);
  const tree::TreeReader reader{*f.store, f.store->cache(), keys};
  int walked = 0;
  for (; walked < committed; ++walked) {
    const git::Commit commit = must(git::parse_commit(must(f.store->read(at)).bytes));
    const git::Commit parent =
        must(git::parse_commit(must(f.store->read(commit.parents[0])).bytes));
    const auto now =
        must(tree::find_path(*f.store, f.store->cache(), commit.tree, "public/t/rows"));
    const auto then =
        must(tree::find_path(*f.store, f.store->cache(), parent.tree, "public/t/rows"));
    int changed = 0;
    int64_t moved = 0;
    must(tree::diff_trees(reader, then->id, now->id,
                          [&](const tree::RowDifference& d) -> Result<bool> {
                            ++changed;
                            moved += amount(std::string(*d.to)) - amount(std::string(*d.from));
                            return true;
                          }));
    CHECK(changed == 2);
    CHECK(moved == 0);
    CHECK(must(tree::check_tree(reader, now->id)) == kAccounts);
    at = commit.parents[0];
  }
}

}  // namespace rowan::txn
