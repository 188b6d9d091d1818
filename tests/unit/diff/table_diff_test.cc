// Differences of two versions of a table against a model; mirrored they are the same; only unequal
// subtrees are read.
#include <doctest/doctest.h>

#include <random>
#include <set>

#include "diff/table_diff.h"
#include "diff_fixture.h"

namespace rowan::diff {

using namespace testing;

namespace {

struct Shown {
  RowKind kind;
  std::set<uint32_t> changed;
  bool operator==(const Shown&) const = default;
};
using Differences = std::map<std::string, Shown>;

Differences actual(World& world, const Oid& from_root, const std::string& from_path,
                   const Oid& to_root, const std::string& to_path) {
  const Source source = world.source();
  const auto from = table_at(source, from_root, from_path).value();
  const auto to = table_at(source, to_root, to_path).value();
  TableDiff rows = TableDiff::open(source, from, to).value();
  Differences found;
  RowDiff row;
  std::string last;
  while (rows.next(row).value()) {
    REQUIRE(std::string(row.key) > last);
    last = row.key;
    Shown shown{row.kind, {}};
    for (size_t i = 0; i < row.changed.size(); ++i) {
      if (!row.changed[i]) continue;
      const ColumnPair& pair = rows.pair().columns()[i];
      shown.changed.insert(pair.to ? rows.pair().to()->columns[*pair.to].id
                                   : rows.pair().from()->columns[*pair.from].id);
    }
    found.emplace(row.key, shown);
  }
  return found;
}

Differences naive(const ModelTable& from, const ModelTable& to) {
  Differences found;
  for (const auto& [id, row] : from.rows) {
    if (!to.rows.contains(id)) {
      found[key_of(id)] = {RowKind::kRemoved, {}};
      continue;
    }
    const auto changed = naive_changed(from, to, id);
    if (!changed.empty())
      found[key_of(id)] = {RowKind::kModified, {changed.begin(), changed.end()}};
  }
  for (const auto& [id, row] : to.rows) {
    if (!from.rows.contains(id)) found[key_of(id)] = {RowKind::kAdded, {}};
  }
  return found;
}

Differences mirrored(Differences differences) {
  for (auto& [key, shown] : differences) {
    if (shown.kind != RowKind::kModified)
      shown.kind = shown.kind == RowKind::kAdded ? RowKind::kRemoved : RowKind::kAdded;
  }
  return differences;
}

void edit(ModelTable& table, std::mt19937& random, uint32_t& next_id) {
  const auto pick = [&](int below) {
    return std::uniform_int_distribution<int>(0, below - 1)(random);
  };
  const int id = pick(300);
  switch (pick(12)) {
    case 0:
      table.rows.erase(id);
      break;
    case 1:
      if (table.slots() < 12) {
        table.add_column(
            "c" + std::to_string(next_id), next_id,
            pick(2) == 0 ? int_value(pick(3)) : type::Value::null({type::TypeId::kInt4}));
        ++next_id;
      }
      break;
    case 2:
      if (table.definition.columns.size() > 2)
        table.drop_column(
            1 + static_cast<size_t>(pick(static_cast<int>(table.definition.columns.size()) - 1)));
      break;
    default: {
      const auto& column = table.definition.columns[static_cast<size_t>(
          pick(static_cast<int>(table.definition.columns.size())))];
      table.set(id, column.slot, column.slot == 0 ? std::to_string(id) : std::to_string(pick(4)));
    }
  }
}

}  // namespace

TEST_CASE("differences agree with a model, mirrored too, through changes of the definition") {
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    World world;
    uint32_t next_id = 1000;
    ModelTable base = ModelTable::make("t", {"id", "a", "b"});
    for (int i = 0; i < 200; ++i) edit(base, random, next_id);
    // Two sides of a fork: slots may be taken twice.
    ModelTable left = base;
    ModelTable right = base;
    for (int i = 0; i < 12; ++i) {
      edit(left, random, next_id);
      edit(right, random, next_id);
    }
    const std::vector<const ModelTable*> versions = {&base, &left, &right};
    std::vector<Oid> roots;
    for (const ModelTable* version : versions) roots.push_back(world.tree_of({version}));
    for (size_t a = 0; a < versions.size(); ++a) {
      for (size_t b = 0; b < versions.size(); ++b) {
        const Differences expected = naive(*versions[a], *versions[b]);
        const Differences found = actual(world, roots[a], "public/t", roots[b], "public/t");
        REQUIRE(found == expected);
        REQUIRE(actual(world, roots[b], "public/t", roots[a], "public/t") == mirrored(expected));
        DiffStat stat = count_differences(world.source(),
                                          table_at(world.source(), roots[a], "public/t").value(),
                                          table_at(world.source(), roots[b], "public/t").value())
                            .value();
        REQUIRE(stat.added + stat.removed + stat.modified == expected.size());
      }
    }
  }
}

TEST_CASE("a table that only one tree has is added or removed as a whole") {
  World world;
  ModelTable table = ModelTable::make("t", {"id", "a"});
  for (int i = 0; i < 50; ++i) table.set(i, 1, "1");
  const auto version = table_at(world.source(), world.tree_of({&table}), "public/t").value();
  CHECK(count_differences(world.source(), std::nullopt, version).value().added == 50);
  CHECK(count_differences(world.source(), version, std::nullopt).value().removed == 50);
}

TEST_CASE("another type with the same values is no difference; another key makes other rows") {
  World world;
  ModelTable before = ModelTable::make("t", {"id", "a"});
  for (int i = 0; i < 30; ++i) before.set(i, 1, std::to_string(i * 3));
  ModelTable after = before;
  after.definition.columns[1].type = {type::TypeId::kText};
  after.definition.columns[1].absent = type::Value::null({type::TypeId::kText});
  catalog::finish_table(after.definition);
  for (auto& [id, row] : after.rows) row[1] = "\"" + row[1] + "\"";
  const Oid from = world.tree_of({&before});
  CHECK(actual(world, from, "public/t", world.tree_of({&after}), "public/t").empty());
  after.rows[7][1] = "\"seven\"";
  CHECK(actual(world, from, "public/t", world.tree_of({&after}), "public/t").size() == 1);

  const auto stat_of = [&](const ModelTable& table) {
    return count_differences(world.source(), table_at(world.source(), from, "public/t").value(),
                             table_at(world.source(), world.tree_of({&table}), "public/t").value())
        .value();
  };
  ModelTable other = before;
  other.definition.columns[0].id = 7;  // Dropped and made again: the same values are the same rows.
  catalog::finish_table(other.definition);
  CHECK(stat_of(other).added == 0);
  CHECK(stat_of(other).removed == 0);
  other.definition.columns[0].name = "key";
  catalog::finish_table(other.definition);
  CHECK(stat_of(other).added == 30);
  CHECK(stat_of(other).removed == 30);
}

}  // namespace rowan::diff
