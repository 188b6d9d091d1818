// Proves: a delta gives back the target for any pair of texts, stays small for small changes, and
// damaged deltas are refused without touching memory out of bounds.
#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <string>

#include "store/pack_delta.h"

namespace rowan::store {

namespace {

std::string random_text(std::mt19937_64& random, size_t size) {
  std::string text;
  for (size_t i = 0; i < size; ++i) text.push_back(static_cast<char>(random()));
  return text;
}

std::string apply(const std::string& base, const std::string& delta, size_t size) {
  std::string out(size, '\0');
  REQUIRE(apply_delta(base, delta, out.data(), out.size()));
  return out;
}

}  // namespace

TEST_CASE("any two texts have a delta that leads from one to the other") {
  std::mt19937_64 random(1);
  DeltaMaker maker;
  for (int round = 0; round < 3000; ++round) {
    const std::string base = random_text(random, random() % 6000);
    std::string target = base;
    for (uint64_t edits = random() % 6; edits > 0; --edits) {
      const size_t at = random() % (target.size() + 1);
      target.replace(at, std::min<size_t>(random() % 200, target.size() - at),
                     random_text(random, random() % 150));
    }
    const std::string delta = maker.make(base, target, SIZE_MAX);
    CHECK(apply(base, delta, target.size()) == target);
    const auto sizes = read_delta_sizes(delta);
    REQUIRE(sizes);
    CHECK(sizes->base == base.size());
    CHECK(sizes->result == target.size());
  }
}

TEST_CASE("large and repetitive texts work as well") {
  std::mt19937_64 random(2);
  DeltaMaker maker;
  std::string base(3'000'000, 'a');
  std::string target = base + random_text(random, 500'000) + base;
  CHECK(apply(base, maker.make(base, target, SIZE_MAX), target.size()) == target);
  CHECK(apply(target, maker.make(target, base, SIZE_MAX), base.size()) == base);
  CHECK(apply("", maker.make("", target, SIZE_MAX), target.size()) == target);
  CHECK(apply(base, maker.make(base, "", SIZE_MAX), 0).empty());
}

TEST_CASE("several changed ids in a tree cost little more than the ids") {
  std::mt19937_64 random(3);
  std::string base;
  for (int i = 0; i < 64; ++i)
    base += "100644 name" + std::to_string(100 + i) + '\0' + random_text(random, 20);
  std::string target = base;
  for (const size_t at : {200, 1000, 2000}) target.replace(at, 20, random_text(random, 20));
  DeltaMaker maker;
  const size_t size = maker.make(base, target, SIZE_MAX).size();
  CHECK(size < 200);
  CHECK(maker.make(base, target, size - 1).empty());
}

TEST_CASE("damaged deltas are refused or give some text of the right size") {
  std::mt19937_64 random(4);
  const std::string base = random_text(random, 1000);
  std::string target = base;
  target.replace(300, 100, random_text(random, 120));
  target.replace(700, 100, random_text(random, 20));
  DeltaMaker maker;
  const std::string good = maker.make(base, target, SIZE_MAX);
  for (int round = 0; round < 20'000; ++round) {
    std::string bad = good;
    for (uint64_t flips = 1 + random() % 3; flips > 0; --flips) {
      bad[random() % bad.size()] ^= static_cast<char>(1 << random() % 8);
    }
    if (random() % 4 == 0) bad.resize(random() % bad.size());
    const auto out =
        std::make_unique<char[]>(target.size());  // A guarded size under the address sanitizer.
    (void)apply_delta(base, bad, out.get(), target.size());
  }
}

}  // namespace rowan::store
