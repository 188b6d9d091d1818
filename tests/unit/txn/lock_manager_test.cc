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
        const auto outcome = locks.lock(owner, {1, std::string(1, static_cast<char>('a' + at))}, {});
        if (outcome) ++counters[at];
        locks.release_all(owner);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(counters[0] + counters[1] + counters[2] + counters[3] == 8 * 500);
}

}  // namespace rowan::txn
