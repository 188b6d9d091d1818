// Proves: an account never holds more than its own bound and its budget allow, gives back what it
// held, and names the setting that is in the way; text that is made is limited on its own thread.
#include "base/memory_budget.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "base/deep_stack.h"

namespace rowan {

TEST_CASE("accounts share a budget") {
  MemoryBudget budget(1000);
  {
    MemoryAccount first(&budget, 600);
    CHECK(first.hold(600).has_value());
    CHECK(budget.held() == 600);
    const auto above = first.add(1);
    REQUIRE_FALSE(above.has_value());
    CHECK(above.error().code() == ErrorCode::kOutOfMemory);
    CHECK(above.error().hint().find("work_mem") != std::string::npos);
    CHECK(first.held() == 600);
    MemoryAccount second(&budget);
    CHECK(second.add(400).has_value());
    const auto all = second.add(1);
    REQUIRE_FALSE(all.has_value());
    CHECK(all.error().hint().find("rowan.memory_limit") != std::string::npos);
    CHECK(budget.held() == 1000);
    MemoryAccount moved(std::move(first));
    CHECK(moved.hold(100).has_value());
    CHECK(budget.held() == 500);
    moved = MemoryAccount(nullptr);
    CHECK(budget.held() == 400);
  }
  CHECK(budget.held() == 0);
  MemoryAccount alone(nullptr);
  CHECK(alone.add(size_t{1} << 40).has_value());
}

TEST_CASE("a limit on text") {
  const TextMeter all;
  count_text(10);
  {
    const TextLimit limit(100);
    const TextMeter made;
    count_text(60);
    CHECK(made.bytes() == 60);
    CHECK_THROWS_AS(count_text(41), TextLimit::Reached);
    count_text(40);
    {
      const TextLimit inner(1000);
      count_text(500);
    }
    CHECK_THROWS_AS(count_text(1), std::bad_alloc);
  }
  CHECK(all.bytes() == 10);
  count_text(size_t{1} << 40);
}

TEST_CASE("a deep stack has its own limits, and hands on what is thrown") {
  CHECK(nesting_limits().expressions == kShallowNesting.expressions);
  int seen = 0;
  REQUIRE(run_on_deep_stack([&] { seen = nesting_limits().expressions; }).has_value());
  CHECK(seen == kDeepNesting.expressions);
  CHECK(nesting_limits().expressions == kShallowNesting.expressions);
  CHECK_THROWS_AS(static_cast<void>(run_on_deep_stack([] { throw std::bad_alloc(); })),
                  std::bad_alloc);
}

}  // namespace rowan
