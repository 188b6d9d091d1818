// Row trees: whatever the order and grouping of edits, equal rows give one root (T1), and a
// difference applied is the identity. Every run prints its seed; ROWAN_SEED=n repeats one.
#include <doctest/doctest.h>

#include <cstdlib>
#include <random>

#include "../unit/tree/tree_fixture.h"

namespace rowan::tree::testing {
namespace {

uint64_t seed() {
  static const uint64_t value = [] {
    const char* given = std::getenv("ROWAN_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  }();
  return value;
}

// Keys of several kinds: integers, long texts with a shared beginning, keys equal in their first
// 200 bytes.
std::string random_key(std::mt19937_64& random, uint64_t space) {
  const uint64_t value = random() % space;
  switch (value % 16) {
    case 0:
      return "t" + std::string(150 + value % 40, 'q') + int_key(value);
    case 1:
      return "u" + std::string(210, 'x') + int_key(value);
    default:
      return int_key(value);
  }
}

std::string random_line(const std::string& key, std::mt19937_64& random) {
  const uint64_t kind = random() % 200;
  if (kind == 0) return key + " " + std::string(random() % (16u << 10), 'L');
  if (kind < 20) return key + " " + std::string(random() % 400, 'm');
  return row_line(key, random() % 4);
}

Rows random_changes(const Rows& rows, std::mt19937_64& random, size_t count, uint64_t space) {
  Rows changes;
  for (size_t i = 0; i < count; ++i) {
    std::string key = random_key(random, space);
    if (random() % 3 != 0 && !rows.empty()) {
      auto near = rows.lower_bound(key);
      if (near == rows.end()) near = rows.begin();
      key = near->first;
    }
    changes[key] = random() % 3 == 0 ? std::string() : random_line(key, random);
  }
  return changes;
}

}  // namespace

TEST_CASE("tree property: batches in any order, streamed or not, give the builder's root") {
  MESSAGE("seed " << seed());
  for (uint64_t round = 0; round < 12; ++round) {
    std::mt19937_64 random(seed() + round);
    TestTree tree;
    Rows rows;
    Oid root;
    const uint64_t space = round % 3 == 0 ? 300 : 20'000;
    for (int batch = 0; batch < 60; ++batch) {
      const size_t size = 1 + random() % (batch % 10 == 0 ? 3000 : 12);
      const Rows changes = random_changes(rows, random, size, space);
      const Oid streamed = tree.apply_stream(root, changes);
      const Oid before = root;
      root = tree.apply(root, changes);
      change_rows(rows, changes);
      CAPTURE(round);
      CAPTURE(batch);
      REQUIRE(streamed == root);
      REQUIRE(root == tree.build(rows));
      // The difference of the two versions is exactly what changed, and applied to the old one
      // gives the new one.
      Rows difference;
      REQUIRE(diff_trees(tree.reader, before, root, [&](const RowDifference& row) -> Result<bool> {
        CHECK(row.from != row.to);
        difference[std::string(row.key)] = std::string(row.to.value_or(""));
        return true;
      }));
      REQUIRE(tree.apply(before, difference) == root);
    }
    REQUIRE(tree.rows_of(root) == rows);
    if (!root.is_zero()) {
      const auto checked = check_tree(tree.reader, root);
      REQUIRE(checked.has_value());
      CHECK(*checked == rows.size());
    }
    // Down to nothing, in parts.
    while (!rows.empty()) {
      Rows changes;
      for (const auto& [key, line] : rows) {
        if (random() % 3 == 0) changes[key] = "";
      }
      root = tree.apply(root, changes);
      change_rows(rows, changes);
      REQUIRE(root == tree.build(rows));
    }
    CHECK(root.is_zero());
  }
}

TEST_CASE("tree property: random insertion order with stray rows") {
  MESSAGE("seed " << seed());
  std::mt19937_64 random(seed());
  const Rows rows = make_rows(20'000);
  TestTree tree;
  const Oid expected = tree.build(rows);
  std::vector<std::string> order;
  for (const auto& [key, line] : rows) order.push_back(key);
  std::shuffle(order.begin(), order.end(), random);
  Oid root;
  Rows stray;
  for (size_t at = 0; at < order.size();) {
    Rows changes = stray;  // Takes back what the last batch put in too much.
    for (auto& [key, line] : changes) line = "";
    stray.clear();
    const size_t batch = 1 + random() % 400;
    for (size_t i = 0; i < batch && at < order.size(); ++i, ++at)
      changes[order[at]] = rows.at(order[at]);
    for (int i = 0; i < 5 && at < order.size(); ++i) {
      const std::string key = int_key(random() % 40'000 | 1);
      changes[key] = stray[key] = row_line(key, 9);
    }
    root = tree.apply(root, changes);
  }
  CHECK(root == expected);
}

TEST_CASE("tree property: large-value trees") {
  MESSAGE("seed " << seed());
  std::mt19937_64 random(seed());
  TestTree tree;
  std::map<std::string, Oid> values;
  Oid root;
  for (int batch = 0; batch < 80; ++batch) {
    std::vector<LargeEdit> edits;
    std::map<std::string, Oid> changes;
    const size_t size = 1 + random() % (batch % 10 == 0 ? 900 : 6);
    for (size_t i = 0; i < size; ++i) {
      const std::string name =
          large_name(int_key(random() % 2000), static_cast<uint16_t>(random() % 3));
      const bool removed = random() % 3 == 0;
      changes[name] =
          removed ? Oid{} : store::hash_object(store::ObjectType::kBlob, std::to_string(random()));
    }
    for (const auto& [name, id] : changes) {
      edits.push_back({name, id});
      if (id.is_zero()) {
        values.erase(name);
      } else {
        values[name] = id;
      }
    }
    std::shuffle(edits.begin(), edits.end(), random);
    store::PendingObjects pending(tree.objects);
    const auto made = apply_large_edits(pending, tree.cache, root, edits);
    REQUIRE(made.has_value());
    tree.objects.take(pending);
    root = *made;
    std::vector<LargeEdit> all;
    for (const auto& [name, id] : values) all.push_back({name, id});
    store::PendingObjects again(tree.objects);
    REQUIRE(*apply_large_edits(again, tree.cache, Oid{}, all) == root);
    REQUIRE(check_large_tree(tree.objects, tree.cache, root).has_value());
    std::map<std::string, Oid> walked;
    REQUIRE(walk_large(tree.objects, tree.cache, root,
                       [&](std::string_view name, const Oid& blob) -> Result<bool> {
                         walked.emplace(name, blob);
                         return true;
                       }));
    REQUIRE(walked == values);
    for (const auto& [name, id] : changes) {
      const auto found = find_large(tree.objects, tree.cache, root, name);
      REQUIRE(found.has_value());
      CHECK(found->value_or(Oid{}) == id);
    }
  }
}

}  // namespace rowan::tree::testing
