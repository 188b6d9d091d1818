// Prints what the room costs on the memory store: not a test. `txn_timing [rows]`.
#define DOCTEST_CONFIG_IMPLEMENT
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "fixture.h"
#include "txn/lock_manager.h"

namespace {

template <typename Work>
void measure(const char* name, int rounds, Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i) work(i);
  const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
  std::printf("%-40s %10.0f ns\n", name, spent.count() / rounds);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace rowan;
  using namespace rowan::txn;
  const int64_t rows = argc > 1 ? std::atoll(argv[1]) : 100'000;
  doctest::Context context;
  context.setAsDefaultForAssertsOutOfTestCases();
  Fixture f;
  f.create("t");
  auto bulk = f.begin();
  const auto table = must(bulk->get_table("public", "t"));
  const auto writer = must(f.store->begin_bulk());
  tree::Builder builder(
      [&](store::ObjectType type, Bytes bytes) { return writer->add(type, bytes); });
  for (int64_t i = 0; i < rows; ++i) must(builder.add(key_of(i), row(i, i)));
  const Oid root = must(builder.finish());
  must(writer->finish());
  must(bulk->replace_rows(table, root, table.large, static_cast<uint64_t>(rows)));
  must(bulk->commit(f.request()));

  LockManager locks;
  LockOwner owner;
  const std::string key = key_of(4711);
  measure("lock and unlock", 1'000'000, [&](int) {
    must(locks.lock(owner, {7, key}, {}));
    locks.release_all(owner);
  });
  measure("begin, begin_statement, commit (read)", 1'000'000, [&](int) {
    auto t = must(f.manager->begin("main", IsolationLevel::kReadCommitted, true));
    must(t->begin_statement(false));
    must(t->commit(f.request()));
  });
  auto open = f.begin();
  measure("begin_statement", 1'000'000, [&](int) { must(open->begin_statement(false)); });
  open.reset();
  const catalog::TableLineKeys keys(table.table);
  measure("begin and point read", 200'000, [&](int i) {
    auto t = must(f.manager->begin("main", IsolationLevel::kReadCommitted, true));
    must(t->begin_statement(false));
    const auto version = must(t->get_table("public", "t"));
    must(tree::find_line({t->objects(), f.store->cache(), keys}, version.rows, key_of(i % 1000)));
  });
  uint64_t random = 1;
  measure("one-row commit (update)", 20'000, [&](int i) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    auto t = f.begin();
    must(f.update(*t, "t", static_cast<int64_t>((random >> 33) % static_cast<uint64_t>(rows)), -i));
    must(t->commit(f.request()));
  });
  return 0;
}
