// Blame, the versions of rows and last changes over random graphs of commits, against models that
// look at every commit.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "diff/row_history.h"
#include "diff/table_history.h"
#include "diff_fixture.h"

namespace rowan::diff {

using namespace testing;

namespace {

constexpr int kRows = 60;

struct Commit {
  Oid id;
  std::vector<size_t> parents;
  ModelTable table;
};

// Commits whose tables change by rows, columns, names and merges. `hashes`: the index knows what
// each commit changed.
struct Past {
  Past(uint32_t seed, size_t count, bool hashes) : random(seed) {
    for (size_t n = 0; n < count; ++n) {
      Commit commit;
      if (n == 0) {
        commit.table = ModelTable::make("t", {"id", "a", "b"});
        for (int i = 0; i < 20; ++i) commit.table.set(pick(kRows), 1, "0");
      } else {
        commit.parents.push_back(
            n - 1 - static_cast<size_t>(pick(static_cast<int>(std::min<size_t>(n, 4)))));
        commit.table = commits[commit.parents[0]].table;
        bool many = false;
        const size_t other =
            n - 1 - static_cast<size_t>(pick(static_cast<int>(std::min<size_t>(n, 4))));
        if (pick(4) == 0 && other != commit.parents[0]) {
          commit.parents.push_back(other);
          merge(commit.table, commits[other].table);
          many = true;
        }
        for (int i = pick(3); i > 0; --i) many = edit(commit.table) || many;
        definitions_changed = many;
      }
      commit.id = world.commit(world.tree_of({&commit.table}), ids(commit.parents),
                               static_cast<int64_t>(n) * 10);
      if (hashes) note(commit);
      commits.push_back(std::move(commit));
    }
  }

  int pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random); }

  std::vector<Oid> ids(const std::vector<size_t>& parents) const {
    std::vector<Oid> out;
    for (const size_t parent : parents) out.push_back(commits[parent].id);
    return out;
  }

  // True: the definition changed.
  bool edit(ModelTable& table) {
    const int id = pick(kRows);
    switch (pick(14)) {
      case 0:
        table.rows.erase(id);
        return false;
      case 1:
        if (table.slots() >= 8) return false;
        table.add_column("c" + std::to_string(next_id), next_id,
                         pick(2) == 0 ? int_value(5) : type::Value::null({type::TypeId::kInt4}));
        ++next_id;
        return true;
      case 2:
        if (table.definition.columns.size() <= 2) return false;
        table.drop_column(
            1 + static_cast<size_t>(pick(static_cast<int>(table.definition.columns.size()) - 1)));
        return true;
      case 3:
        table.definition.name = "t" + std::to_string(next_id++);
        table.definition.primary_key_name.clear();
        catalog::finish_table(table.definition);
        return true;
      default: {
        const auto& column = table.definition.columns[static_cast<size_t>(
            pick(static_cast<int>(table.definition.columns.size())))];
        table.set(id, column.slot, column.slot == 0 ? std::to_string(id) : std::to_string(pick(4)));
        return false;
      }
    }
  }

  // Takes some of theirs' rows where both have the same columns.
  void merge(ModelTable& table, const ModelTable& theirs) {
    if (table.definition.layout.slots.size() != theirs.definition.layout.slots.size()) return;
    for (size_t i = 0; i < table.definition.columns.size(); ++i) {
      if (i >= theirs.definition.columns.size() ||
          table.definition.columns[i].id != theirs.definition.columns[i].id)
        return;
    }
    for (int id = 0; id < kRows; ++id) {
      if (pick(2) == 0) continue;
      if (const auto row = theirs.rows.find(id); row != theirs.rows.end())
        table.rows[id] = row->second;
      else
        table.rows.erase(id);
    }
  }

  void note(const Commit& commit) {
    std::vector<uint32_t> changes;
    if (definitions_changed || commit.parents.empty()) {
      changes.resize(derived::kChangesMax + 1);
    } else {
      const ModelTable& before = commits[commit.parents[0]].table;
      const std::string path = commit.table.definition.path();
      for (int id = 0; id < kRows; ++id) {
        const bool was = before.rows.contains(id);
        const bool is = commit.table.rows.contains(id);
        if (was != is || (is && before.line(id) != commit.table.line(id)))
          changes.push_back(derived::change_hash(path, key_of(id)));
      }
      if (!changes.empty()) changes.push_back(derived::change_hash(path, {}));
    }
    world.index().add(commit.id, ids(commit.parents),
                      static_cast<int64_t>(commits.size()) * 10'000'000, changes);
  }

  static bool same(const ModelTable& a, const ModelTable& b, int id) {
    if (a.rows.contains(id) != b.rows.contains(id)) return false;
    return !a.rows.contains(id) || naive_changed(a, b, id).empty();
  }

  std::mt19937 random;
  World world;
  uint32_t next_id = 1000;
  bool definitions_changed = true;
  std::vector<Commit> commits;
};

size_t naive_blame(const Past& past, size_t at, int id) {
  for (const size_t parent : past.commits[at].parents) {
    if (past.commits[parent].table.rows.contains(id) &&
        Past::same(past.commits[parent].table, past.commits[at].table, id)) {
      return naive_blame(past, parent, id);
    }
  }
  return at;
}

size_t naive_cell_blame(const Past& past, size_t at, int id, uint32_t column) {
  for (const size_t parent : past.commits[at].parents) {
    const ModelTable& before = past.commits[parent].table;
    if (before.rows.contains(id) && before.cell(id, column) &&
        before.cell(id, column) == past.commits[at].table.cell(id, column)) {
      return naive_cell_blame(past, parent, id, column);
    }
  }
  return at;
}

void check_past(uint32_t seed, bool hashes) {
  INFO("seed " << seed << " hashes " << hashes);
  Past past(seed, 40, hashes);
  const size_t tip = past.commits.size() - 1;
  const ModelTable& table = past.commits[tip].table;
  const History history = past.world.history();
  std::map<std::string, int> ids;
  for (const auto& [id, row] : table.rows) ids[key_of(id)] = id;

  const Blame rows =
      blame(history, {past.commits[tip].id, table.definition.path(), std::nullopt, false, false})
          .value();
  const Blame cells =
      blame(history, {past.commits[tip].id, table.definition.path(), std::nullopt, true, false})
          .value();
  REQUIRE(rows.rows() == ids.size());
  size_t at = 0;
  for (const auto& [key, id] : ids) {
    INFO("row " << id);
    REQUIRE(rows.at(at) == past.commits[naive_blame(past, tip, id)].id);
    const Blame one = blame(history, {past.commits[tip].id, table.definition.path(),
                                      std::vector<std::string>{key}, false, false})
                          .value();
    REQUIRE(one.at(0) == rows.at(at));
    for (size_t c = 0; c < table.definition.columns.size(); ++c) {
      REQUIRE(cells.at(at, c) ==
              past.commits[naive_cell_blame(past, tip, id, table.definition.columns[c].id)].id);
    }
    ++at;
  }
}

using Versions = std::set<std::pair<Oid, std::string>>;

void check_versions(uint32_t seed, bool hashes) {
  INFO("seed " << seed << " hashes " << hashes);
  Past past(seed, 40, hashes);
  const size_t tip = past.commits.size() - 1;
  Versions expected;
  std::vector<bool> reached(past.commits.size());
  const std::function<void(size_t)> visit = [&](size_t n) {
    if (reached[n]) return;
    reached[n] = true;
    const Commit& commit = past.commits[n];
    for (int id = 0; id < kRows; ++id) {
      bool differs = !commit.parents.empty() || commit.table.rows.contains(id);
      for (const size_t parent : commit.parents)
        differs = differs && !Past::same(past.commits[parent].table, commit.table, id);
      if (differs) expected.emplace(commit.id, key_of(id));
    }
    for (const size_t parent : commit.parents) visit(parent);
  };
  visit(tip);
  for (const bool single : {false, true}) {
    Versions found;
    for (int id = 0; id < (single ? kRows : 1); ++id) {
      TableHistoryRequest request{past.commits[tip].id, past.commits[tip].table.definition.path(),
                                  std::nullopt, false};
      if (single) request.key = RowKey{key_of(id), {}};
      TableHistory versions = TableHistory::open(past.world.history(), request).value();
      RowVersion version;
      int64_t last = INT64_MAX;
      while (versions.next(version).value()) {
        REQUIRE(version.time_us <= last);
        last = version.time_us;
        REQUIRE(found.emplace(version.commit, version.row.key).second);
      }
    }
    REQUIRE(found == expected);
  }
}

}  // namespace

TEST_CASE("blame by row and by cell agrees with looking at every commit") {
  for (uint32_t seed = 1; seed <= 30; ++seed) {
    check_past(seed, true);
    check_past(seed, false);
  }
}

TEST_CASE("the versions of rows are those in which a commit differs from all of its parents") {
  for (uint32_t seed = 1; seed <= 30; ++seed) {
    check_versions(seed, true);
    check_versions(seed, false);
  }
}

TEST_CASE("the last change of a row counts deletes and stops at the base") {
  World world;
  ModelTable table = ModelTable::make("t", {"id", "a"});
  table.set(1, 1, "1");
  table.set(2, 1, "1");
  const Oid base = world.commit(world.tree_of({&table}), {}, 10);
  table.set(1, 1, "2");
  const Oid changed = world.commit(world.tree_of({&table}), {base}, 20);
  table.rows.erase(2);
  const Oid deleted = world.commit(world.tree_of({&table}), {changed}, 30);
  table.set(3, 1, "3");
  const Oid tip = world.commit(world.tree_of({&table}), {deleted}, 40);
  const auto last = [&](int id, const Oid& from) {
    return last_change(world.history(), tip, {from}, "public/t", key_of(id)).value();
  };
  CHECK(last(1, base)->commit == changed);
  CHECK(last(1, base)->time_us == 20'000'000);
  CHECK(last(2, base)->commit == deleted);
  CHECK(last(3, base)->commit == tip);
  CHECK_FALSE(last(1, changed));
  CHECK_FALSE(last(9, base));
}

}  // namespace rowan::diff
