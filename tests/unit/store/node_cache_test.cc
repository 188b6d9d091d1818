// Proves: the cache finds what it was given, keeps its budget, prefers what is used, and bears
// several threads.
#include "store/node_cache.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "store/object_store.h"

namespace rowan::store {

namespace {

class TestNode final : public CachedNode {
 public:
  TestNode(uint64_t value, size_t bytes) : value(value), bytes_(bytes) { ++alive; }
  ~TestNode() override { --alive; }
  size_t memory_bytes() const override { return bytes_; }

  static inline std::atomic<int> alive = 0;
  const uint64_t value;

 private:
  size_t bytes_;
};

Oid id_of(uint64_t number) { return hash_object(ObjectType::kBlob, std::to_string(number)); }

uint64_t value_of(const std::shared_ptr<const CachedNode>& node) {
  return std::static_pointer_cast<const TestNode>(node)->value;
}

}  // namespace

TEST_CASE("a node is found by id and kind; the first one inserted stays") {
  NodeCache cache(1 << 20);
  CHECK(cache.find(id_of(1), 1) == nullptr);
  const auto first = cache.insert(id_of(1), 1, std::make_shared<TestNode>(10, 100));
  CHECK(value_of(cache.insert(id_of(1), 1, std::make_shared<TestNode>(11, 100))) == 10);
  CHECK(cache.find(id_of(1), 1) == first);
  CHECK(cache.find(id_of(1), 2) == nullptr);
  const auto got = cache.get<TestNode>(id_of(2), 1, [] {
    return Result<std::shared_ptr<const TestNode>>(std::make_shared<const TestNode>(20, 1));
  });
  REQUIRE(got);
  CHECK((*got)->value == 20);
  CHECK(value_of(cache.find(id_of(2), 1)) == 20);
  cache.clear();
  CHECK(cache.memory_bytes() == 0);
  CHECK(cache.find(id_of(1), 1) == nullptr);
  CHECK(value_of(first) == 10);
}

TEST_CASE("the budget holds, whatever is inserted, and nodes in use stay") {
  {
    NodeCache cache(1 << 20);
    for (uint64_t i = 0; i < 50'000; ++i) {
      cache.insert(id_of(i), 0, std::make_shared<TestNode>(i, 100 + i % 1000));
      if (i % 8 == 0) cache.find(id_of(0), 0);
    }
    CHECK(cache.memory_bytes() <= cache.bytes_max());
    CHECK(cache.memory_bytes() > cache.bytes_max() / 2);
    REQUIRE(cache.find(id_of(0), 0) != nullptr);  // Found all the time: it got its second chances.
    size_t found = 0;
    for (uint64_t i = 0; i < 50'000; ++i) {
      if (const auto node = cache.find(id_of(i), 0)) {
        CHECK(value_of(node) == i);
        ++found;
      }
    }
    CHECK(found > 500);
    const auto large = cache.insert(id_of(99'999), 0, std::make_shared<TestNode>(7, 2 << 20));
    CHECK(value_of(large) == 7);  // Given back, not kept.
    CHECK(cache.find(id_of(99'999), 0) == nullptr);
  }
  CHECK(TestNode::alive == 0);
}

TEST_CASE("threads may do anything at once") {
  NodeCache cache(256 << 10);
  std::vector<std::thread> threads;
  std::atomic<size_t> wrong = 0;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (uint64_t i = 0; i < 20'000; ++i) {
        const uint64_t number = (i * 7 + t) % 1000;
        auto node = cache.find(id_of(number), 3);
        if (node == nullptr)
          node = cache.insert(id_of(number), 3, std::make_shared<TestNode>(number, 500));
        wrong += value_of(node) != number;
        if (t == 0 && i % 5000 == 0) cache.clear();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(cache.memory_bytes() <= cache.bytes_max());
}

}  // namespace rowan::store
