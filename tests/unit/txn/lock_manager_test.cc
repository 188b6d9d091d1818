// Locks are exclusive, re-entrant, first come first served, and a cycle has a victim.
#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "txn/lock_manager.h"

namespace rowan::txn {

TEST_CASE("a lock is exclusive and re-entrant") {
  LockManager locks;
  LockOwner a;
  LockOwner b;
  CHECK(locks.lock(a, {1, "k"}, {}));
  CHECK(locks.lock(a, {1, "k"}, {}));
  CHECK(a.held_count() == 1);
  CHECK(locks.lock(b, {2, "k"}, {}));
  const auto late = locks.lock(b, {1, "k"}, {nullptr, 1});
  REQUIRE_FALSE(late);
  CHECK(late.error().code() == ErrorCode::kLockNotAvailable);
  locks.release_all(a);
  CHECK(locks.lock(b, {1, "k"}, {}));
  locks.release_all(b);
}

TEST_CASE("a cycle of three has one victim") {
  LockManager locks;
  LockOwner owners[3];
  const char* names[] = {"a", "b", "c"};
  for (int i = 0; i < 3; ++i) CHECK(locks.lock(owners[i], {1, names[i]}, {}));
  std::atomic<int> victims = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      const auto outcome = locks.lock(owners[i], {1, names[(i + 1) % 3]}, {});
      if (!outcome && outcome.error().code() == ErrorCode::kDeadlock) ++victims;
      locks.release_all(owners[i]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(victims == 1);
}

TEST_CASE("many threads on few names: the lock guards what it names") {
  LockManager locks;
  int64_t counters[4] = {};
  std::vector<std::thread> threads;
  for (int n = 0; n < 8; ++n) {
    threads.emplace_back([&, n] {
      LockOwner owner;
      for (int i = 0; i < 500; ++i) {
        const int at = (n + i) % 4;
        const auto outcome =
            locks.lock(owner, {1, std::string(1, static_cast<char>('a' + at))}, {});
        if (outcome) ++counters[at];
        locks.release_all(owner);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(counters[0] + counters[1] + counters[2] + counters[3] == 8 * 500);
}

TEST_CASE("a shared lock keeps others out, not sharers") {
  LockManager locks;
  LockOwner a;
  LockOwner b;
  LockOwner c;
  CHECK(locks.share(a, {1, "k"}, {}));
  CHECK(locks.share(a, {1, "k"}, {}));
  CHECK(locks.share(b, {1, "k"}, {}));
  CHECK(a.held_count() == 1);
  const auto late = locks.lock(c, {1, "k"}, {nullptr, 1});
  REQUIRE_FALSE(late);
  CHECK(late.error().code() == ErrorCode::kLockNotAvailable);
  // An owner's own share does not stand in its way, another's does.
  const auto blocked = locks.lock(a, {1, "k"}, {nullptr, 1});
  REQUIRE_FALSE(blocked);
  CHECK(blocked.error().code() == ErrorCode::kLockNotAvailable);
  locks.release_all(b);
  CHECK(locks.lock(a, {1, "k"}, {}));
  CHECK(a.held_count() == 1);
  CHECK_FALSE(locks.share(c, {1, "k"}, {nullptr, 1}));
  CHECK(locks.share(a, {1, "k"}, {}));  // It has more than that.
  locks.release_all(a);
  CHECK(locks.lock(c, {1, "k"}, {}));
  locks.release_all(c);
}

TEST_CASE("two sharers that both want it alone: one is the victim") {
  LockManager locks;
  LockOwner owners[2];
  for (LockOwner& owner : owners) CHECK(locks.share(owner, {1, "k"}, {}));
  std::atomic<int> victims = 0;
  std::vector<std::thread> threads;
  for (LockOwner& owner : owners) {
    threads.emplace_back([&] {
      const auto outcome = locks.lock(owner, {1, "k"}, {});
      if (!outcome && outcome.error().code() == ErrorCode::kDeadlock) ++victims;
      locks.release_all(owner);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(victims == 1);
}

TEST_CASE("a sharer that comes behind a waiting owner does not overtake it") {
  LockManager locks;
  LockOwner reader;
  LockOwner writer;
  LockOwner late;
  CHECK(locks.share(reader, {1, "k"}, {}));
  std::thread waits([&] { CHECK(locks.lock(writer, {1, "k"}, {})); });
  // Once the writer is in the queue, sharing times out.
  for (;;) {
    const auto shared = locks.share(late, {1, "k"}, {nullptr, 1});
    if (!shared) break;
    locks.release_all(late);
  }
  locks.release_all(reader);
  waits.join();
  locks.release_all(writer);
  CHECK(locks.share(late, {1, "k"}, {}));
  locks.release_all(late);
}

TEST_CASE("many threads share and exclude: nobody writes beside a reader") {
  LockManager locks;
  std::atomic<int> readers[4] = {};
  std::atomic<int> writers[4] = {};
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int n = 0; n < 8; ++n) {
    threads.emplace_back([&, n] {
      LockOwner owner;
      for (int i = 0; i < 400; ++i) {
        const int first = (n * 7 + i) % 4;
        const int second = (first + 1 + i % 3) % 4;
        bool shared[4] = {};
        bool owned[4] = {};
        for (const int at : {first, second}) {
          const std::string name(1, static_cast<char>('a' + at));
          if ((n + i + at) % 3 == 0) {
            if (!locks.lock(owner, {1, name}, {})) break;
            if (++writers[at] != 1 || readers[at] != 0) ++wrong;
            owned[at] = true;
          } else {
            if (!locks.share(owner, {1, name}, {})) break;
            ++readers[at];
            if (writers[at] != 0) ++wrong;
            shared[at] = true;
          }
        }
        for (int at = 0; at < 4; ++at) {
          if (owned[at]) --writers[at];
          if (shared[at]) --readers[at];
        }
        locks.release_all(owner);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

}  // namespace rowan::txn
