// The history index as a graph, against a model that knows the set of ancestors of every commit.
#include <doctest/doctest.h>

#include <algorithm>
#include <bitset>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "derived/history_index.h"
#include "store/object_store.h"

namespace rowan::derived {

namespace {

constexpr size_t kCommits = 90;

Oid oid(size_t n) {
  return store::hash_object(store::ObjectType::kBlob, "commit " + std::to_string(n));
}

struct Graph {
  explicit Graph(uint32_t seed, double merges, double roots) : random(seed) {
    std::uniform_real_distribution<double> chance(0, 1);
    for (size_t n = 0; n < kCommits; ++n) {
      std::vector<size_t> parents;
      if (n > 0 && chance(random) >= roots) {
        parents.push_back(recent(n));
        while (chance(random) < merges && parents.size() < 4) {
          const size_t parent = recent(n);
          if (std::find(parents.begin(), parents.end(), parent) == parents.end())
            parents.push_back(parent);
        }
      }
      std::vector<Oid> ids;
      std::bitset<kCommits> above;
      above.set(n);
      for (const size_t parent : parents) {
        ids.push_back(oid(parent));
        above |= ancestors[parent];
      }
      ancestors.push_back(above);
      index.add(oid(n), ids, static_cast<int64_t>(n) * 10, {});
    }
  }

  size_t recent(size_t n) {
    return n - 1 - std::uniform_int_distribution<size_t>(0, std::min<size_t>(n - 1, 7))(random);
  }

  std::set<Oid> bases(size_t a, size_t b) const {
    const auto common = ancestors[a] & ancestors[b];
    std::set<Oid> best;
    for (size_t n = 0; n < kCommits; ++n) {
      if (!common[n]) continue;
      bool is_best = true;
      for (size_t m = 0; m < kCommits && is_best; ++m)
        is_best = m == n || !common[m] || !ancestors[m][n];
      if (is_best) best.insert(oid(n));
    }
    return best;
  }

  std::mt19937 random;
  HistoryIndex index;
  std::vector<std::bitset<kCommits>> ancestors;
};

void check_all_pairs(const Graph& graph) {
  for (size_t a = 0; a < kCommits; ++a) {
    for (size_t b = 0; b < kCommits; ++b) {
      INFO("commits " << a << " and " << b);
      REQUIRE(graph.index.is_ancestor(oid(a), oid(b)) == graph.ancestors[b][a]);
      const auto counts = graph.index.ahead_behind(oid(a), oid(b));
      REQUIRE(counts.ahead == (graph.ancestors[a] & ~graph.ancestors[b]).count());
      REQUIRE(counts.behind == (graph.ancestors[b] & ~graph.ancestors[a]).count());
      const std::vector<Oid> bases = graph.index.merge_bases(oid(a), oid(b));
      REQUIRE(std::set<Oid>(bases.begin(), bases.end()) == graph.bases(a, b));
      REQUIRE(bases.size() == graph.bases(a, b).size());
      for (size_t i = 1; i < bases.size(); ++i) {
        REQUIRE(graph.index.find(bases[i - 1])->time_us >= graph.index.find(bases[i])->time_us);
      }
    }
  }
}

}  // namespace

TEST_CASE("ancestors, merge bases, ahead and behind agree with sets of ancestors") {
  for (uint32_t seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed);
    check_all_pairs(Graph(seed, 0.0, 0.02));  // Branches only.
    check_all_pairs(Graph(seed, 0.15, 0.0));
    check_all_pairs(Graph(seed, 0.5, 0.05));  // Criss-cross, several roots.
  }
}

TEST_CASE("a criss-cross has two merge bases; unknown commits have none") {
  HistoryIndex index;
  index.add(oid(0), Oid{}, 0, {});
  index.add(oid(1), oid(0), 1, {});
  index.add(oid(2), oid(0), 2, {});
  index.add(oid(3), {oid(1), oid(2)}, 3, {});
  index.add(oid(4), {oid(2), oid(1)}, 4, {});
  CHECK(index.merge_bases(oid(3), oid(4)) == std::vector<Oid>{oid(2), oid(1)});
  CHECK(index.merge_bases(oid(3), oid(99)).empty());
  CHECK_FALSE(index.is_ancestor(oid(99), oid(3)));
  CHECK(index.ahead_behind(oid(3), oid(99)).ahead == 0);
}

TEST_CASE("the next candidate skips commits that cannot have changed the row") {
  HistoryIndex index;
  const auto hash = [](int n) { return change_hash("public/t", std::to_string(n)); };
  index.add(oid(0), Oid{}, 0, {});
  for (size_t n = 1; n < 1000; ++n)
    index.add(oid(n), oid(n - 1), static_cast<int64_t>(n), {hash(static_cast<int>(n % 100))});
  const std::vector<uint32_t> wanted = {hash(7)};
  CHECK(index.next_candidate(oid(999), wanted) == oid(907));
  CHECK(index.next_candidate(oid(907), wanted) == oid(907));
  CHECK(index.next_candidate(oid(6), wanted) == oid(0));
  index.add(oid(1000), {oid(999), oid(50)}, 1000, {});
  CHECK(index.next_candidate(oid(1000), wanted) == oid(1000));
  CHECK_FALSE(index.next_candidate(oid(5000), wanted));
}

}  // namespace rowan::derived
