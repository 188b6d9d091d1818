// Row trees: pinned bytes and ids, sizes and costs, cursors, differences, and refusal of damaged
// nodes.
#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "tree/boundary.h"
#include "tree_fixture.h"

namespace rowan::tree::testing {
namespace {

constexpr size_t kManyRows = 100'000;

std::shared_ptr<const std::string> own(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

Result<std::shared_ptr<const GitTree>> parse(std::string bytes) {
  const auto owner = own(std::move(bytes));
  return GitTree::parse({store::ObjectType::kTree, *owner, owner});
}

std::string entry(std::string_view mode_and_name) {
  return std::string(mode_and_name) + '\0' + std::string(20, 'i');
}

ErrorCode leaf_error(Bytes text) {
  TestTree tree;
  const auto leaf = Leaf::read(tree.reader, tree.objects.add(store::ObjectType::kBlob, text));
  REQUIRE(!leaf.has_value());
  return leaf.error().code();
}

}  // namespace

TEST_CASE("tree: the format's test vectors") {
  TestTree tree;
  CHECK(tree.build({}).is_zero());
  const Oid one = tree.build({{"a1", "a1 [1]"}});
  CHECK(store::hash_object(store::ObjectType::kBlob, "a1 [1]\n").hex() ==
        "79fd5c11221203aa2e959359298e59dea956b3d0");
  CHECK(one.hex() == "07b02d252c507485f94ff94dc514ecc6e7d5745e");
  const auto root = GitTree::read(tree.objects, tree.cache, one);
  REQUIRE(root.has_value());
  REQUIRE((*root)->size() == 1);
  CHECK((*root)->entries()[0].name == "0.jsonl");
  // Lines "<key> <i>" for i = 1..n, key = letter for the number of digits, digits.
  const auto numbered = [&](uint64_t count) {
    Rows rows;
    for (uint64_t i = 1; i <= count; ++i) rows[int_key(i)] = int_key(i) + " " + std::to_string(i);
    return tree.build(rows);
  };
  CHECK(numbered(1000).hex() == "fd26e61661d5e8534bd041cf18d5bece13bc421e");
  CHECK(numbered(100'000).hex() == "2d7608593d67e7b133b9900596556d3cc24c5763");
  CHECK(hash64("d7167", 0) == 0x98d35fbba7cf65e6ULL);
  CHECK(hash64("d7167", 1) == 0x7cd63adacdcd2fbdULL);
}

TEST_CASE("tree: the step tables are the Weibull hazard of their targets") {
  const auto check = [](const StepTable& table, double target) {
    for (int s = 0; s < 15; ++s) {
      const double hazard =
          (std::pow((s + 1) / 8.0, 4) - std::pow(s / 8.0, 4)) / std::pow(1.1033, 4) / (target / 8);
      CHECK(static_cast<double>(table[static_cast<size_t>(s)]) ==
            doctest::Approx(hazard * 4294967296.0).epsilon(1e-3));
    }
    CHECK(table[15] == uint64_t{1} << 32);
  };
  check(kLeafSteps, 4096);
  check(kInteriorSteps, 2240);
}

TEST_CASE("tree: sizes lie around the target and directories stay small") {
  TestTree tree;
  const Oid root = tree.build(make_rows(kManyRows));
  const auto runs = leaf_runs(tree.reader, root);
  REQUIRE(runs.has_value());
  double count = 0, sum = 0, squares = 0;
  for (const LeafRun& run : *runs) {
    CHECK(run.leaves.size() < kDirectoryEntriesMax);
    for (const Oid& id : run.leaves) {
      const double size = static_cast<double>((*Leaf::read(tree.reader, id))->text().size());
      count += 1;
      sum += size;
      squares += size * size;
    }
  }
  const double mean = sum / count;
  const double variation = std::sqrt(squares / count - mean * mean) / mean;
  CHECK(mean == doctest::Approx(4096).epsilon(0.06));
  CHECK(variation == doctest::Approx(0.28).epsilon(0.1));
  CHECK(runs->front().first_key == "0");
  CHECK(check_tree(tree.reader, root).value() == kManyRows);
}

TEST_CASE("tree: an edit of one row makes little more than one node a level") {
  TestTree tree;
  const Rows rows = make_rows(kManyRows);
  const Oid root = tree.build(rows);
  const auto node = GitTree::read(tree.objects, tree.cache, root);
  std::mt19937_64 random(11);
  const auto mean_made = [&](int kind) {
    size_t sum = 0;
    for (int i = 0; i < 600; ++i) {
      const std::string key = int_key(2 * (1 + random() % kManyRows) + (kind == 1 ? 1 : 0));
      size_t made = 0;
      tree.apply(root, {{key, kind == 2 ? std::string() : row_line(key, 5)}}, &made);
      sum += made;
    }
    return static_cast<double>(sum) / 600;
  };
  // 100 k rows stand three levels high.
  CHECK(mean_made(0) < 3.1);
  CHECK(mean_made(1) < 3.25);
  CHECK(mean_made(2) < 3.25);
}

TEST_CASE("tree: a new node names the one it follows") {
  TestTree tree;
  const Oid root = tree.build(make_rows(5000));
  const std::string line = "d5000 changed";
  const RowEdit edit{"d5000", Bytes(line)};
  store::PendingObjects pending(tree.objects);
  REQUIRE(apply_edits(pending, tree.cache, tree.keys, root, {&edit, 1}).has_value());
  REQUIRE(!pending.entries().empty());
  CHECK(pending.entries().back().previous == root);
  for (const auto& made : pending.entries()) CHECK(!made.previous.is_zero());
}

TEST_CASE("tree: edits without effect make nothing") {
  TestTree tree;
  const Rows rows = make_rows(3000);
  const Oid root = tree.build(rows);
  size_t made = 1;
  CHECK(tree.apply(root, {{"a2", rows.at("a2")}, {"a3", ""}, {"zzz", ""}}, &made) == root);
  CHECK(made == 0);
  CHECK(tree.apply(Oid{}, {{"a3", ""}}).is_zero());
  const RowEdit unordered[] = {{"b", {}}, {"a", {}}};
  store::PendingObjects pending(tree.objects);
  CHECK(apply_edits(pending, tree.cache, tree.keys, root, unordered).error().code() ==
        ErrorCode::kInternal);
}

TEST_CASE("tree: find and cursor") {
  TestTree tree;
  const Rows rows = make_rows(20'000);
  const Oid root = tree.build(rows);
  for (const auto& [key, line] : rows) {
    const auto found = find_line(tree.reader, root, key);
    REQUIRE(found.has_value());
    REQUIRE(found->has_value());
    REQUIRE((*found)->line == line);
  }
  for (const char* absent : {"", "0", "a1", "c101", "e40001", "zz"})
    CHECK(!find_line(tree.reader, root, absent)->has_value());
  CHECK(!find_line(tree.reader, Oid{}, "a2")->has_value());
  auto cursor = Cursor::open(tree.reader, root);
  REQUIRE(cursor.has_value());
  std::mt19937_64 random(3);
  for (int i = 0; i < 2000; ++i) {
    const std::string key = int_key(random() % 41'000);
    REQUIRE(cursor->seek(key).has_value());
    const auto expected = rows.lower_bound(key);
    REQUIRE(cursor->at_end() == (expected == rows.end()));
    if (!cursor->at_end()) REQUIRE(cursor->key() == expected->first);
  }
  REQUIRE(cursor->seek("").has_value());
  size_t lines = 0;
  while (!cursor->at_end()) {
    lines += cursor->leaf()->size();
    REQUIRE(cursor->next_leaf().has_value());
  }
  CHECK(lines == rows.size());
}

TEST_CASE(
    "tree: the runs of a range hold all of it and little more, and a key's place is about its "
    "share") {
  TestTree tree;
  const Rows rows = make_rows(20'000);
  const Oid root = tree.build(rows);
  const auto all = leaf_runs(tree.reader, root);
  REQUIRE(all.has_value());
  std::mt19937_64 random(5);
  for (int i = 0; i < 300; ++i) {
    std::string lower = i % 10 == 0 ? "" : int_key(random() % 41'000);
    std::string upper = i % 10 == 1 ? "" : int_key(random() % 41'000);
    if (!upper.empty() && upper < lower) std::swap(lower, upper);
    const auto runs = leaf_runs(tree.reader, root, lower, upper);
    REQUIRE(runs.has_value());
    REQUIRE(!runs->empty());
    Rows found;
    size_t lines = 0;
    for (const LeafRun& run : *runs) {
      for (const Oid& id : run.leaves) {
        const auto leaf = Leaf::read(tree.reader, id);
        REQUIRE(leaf.has_value());
        lines += (*leaf)->size();
        for (size_t k = 0; k < (*leaf)->size(); ++k)
          found.emplace((*leaf)->key(k), (*leaf)->line(k));
      }
    }
    const auto end = upper.empty() ? rows.end() : rows.lower_bound(upper);
    size_t inside = 0;
    for (auto row = rows.lower_bound(lower); row != end; ++row, ++inside)
      REQUIRE(found.contains(row->first));
    CHECK(lines <= inside + 3 * rows.size() / all->size() + 10'000);
    const auto place = key_place(tree.reader, root, lower);
    REQUIRE(place.has_value());
    const double exact = static_cast<double>(std::distance(rows.begin(), rows.lower_bound(lower))) /
                         static_cast<double>(rows.size());
    CHECK(std::abs(*place - exact) < 0.2);
  }
}

TEST_CASE("tree: a difference reads little more than the changed paths") {
  TestTree tree;
  const Oid root = tree.build(make_rows(kManyRows));
  std::mt19937_64 random(5);
  Rows changes;
  while (changes.size() < 50) {
    const std::string key = int_key(1 + random() % (2 * kManyRows));
    changes[key] = row_line(key, 8);
  }
  const Oid changed = tree.apply(root, changes);
  tree.cache.clear();
  tree.objects.reads = 0;
  size_t seen = 0;
  REQUIRE(diff_trees(tree.reader, root, changed, [&](const RowDifference&) -> Result<bool> {
            ++seen;
            return true;
          }).has_value());
  CHECK(seen == changes.size());
  CHECK(tree.objects.reads < 50 * 2 * 3);
  seen = 0;
  REQUIRE(diff_trees(tree.reader, root, changed, [&](const RowDifference&) -> Result<bool> {
            return ++seen < 3;
          }).has_value());
  CHECK(seen == 3);
}

TEST_CASE("tree: long keys, long lines and too many rows of one name") {
  TestTree tree;
  Rows rows;
  for (int i = 0; i < 40; ++i) {
    const std::string key = "t" + std::string(250, 'k') + int_key(static_cast<uint64_t>(i));
    rows[key] = key + " " + std::string(3000, 'v');
  }
  for (uint64_t i = 0; i < 12; ++i)
    rows["z" + int_key(i)] = "z" + int_key(i) + " " + std::string(256u << 10, 'w');
  const Oid root = tree.build(rows);
  CHECK(tree.rows_of(root) == rows);
  CHECK(tree.apply(Oid{}, rows) == root);
  CHECK(check_tree(tree.reader, root).has_value());
  // None of the forty may start a leaf, whatever their size.
  Builder builder(tree.objects.sink());
  ErrorCode code = ErrorCode::kInternal;
  for (int i = 0; i < 400; ++i) {
    const std::string key = "t" + std::string(250, 'k') + int_key(static_cast<uint64_t>(1000 + i));
    const auto added = builder.add(key, key + " " + std::string(3000, 'v'));
    if (!added) {
      code = added.error().code();
      break;
    }
  }
  CHECK(code == ErrorCode::kProgramLimit);
}

TEST_CASE("tree: damaged leaves and trees are refused") {
  CHECK(leaf_error("") == ErrorCode::kCorruption);
  CHECK(leaf_error("a1 x") == ErrorCode::kCorruption);
  CHECK(leaf_error("a2 x\na1 x\n") == ErrorCode::kInvalidContent);
  CHECK(leaf_error("a1 x\na1 x\n") == ErrorCode::kInvalidContent);
  CHECK(leaf_error("nokey\n") == ErrorCode::kCorruption);
  CHECK(leaf_error("a1 x\n\n") == ErrorCode::kCorruption);

  CHECK(parse(entry("100644 a") + entry("40000 a-") + entry("40000 b")).has_value());
  // What else Git writes is kept as it is: it may be people's own.
  for (const std::string_view mode : {"100755", "120000", "160000"}) {
    const std::string tree = entry(std::string(mode) + " a") + entry("40000 b");
    const auto parsed = parse(tree);
    REQUIRE(parsed.has_value());
    const TreeEntry& first = (*parsed)->entries()[0];
    std::string again;
    append_entry(again, first.mode, first.name, first.id);
    CHECK(again == tree.substr(0, again.size()));
  }
  for (const std::string& bad :
       {entry("100644 a/b"), entry("100644 "), entry("100644 ."), entry("100644 .."),
        entry("40000 .GiT"), entry("100664 a"), entry("040000 a"), entry("100600 a"),
        entry("100644 b") + entry("100644 a"), entry("100644 a") + entry("100644 a"),
        entry("100644 a") + entry("100644 a-") + entry("40000 a"), entry("100644 a").substr(0, 20),
        std::string("100644"), std::string("100644 a")}) {
    CAPTURE(bad);
    const auto tree = parse(bad);
    REQUIRE(!tree.has_value());
    CHECK(tree.error().code() == ErrorCode::kCorruption);
  }
  // Every prefix of a good tree either parses or is refused.
  const std::string good = entry("100644 a") + entry("40000 b") + entry("100644 c");
  for (size_t i = 0; i < good.size(); ++i) static_cast<void>(parse(good.substr(0, i)).has_value());
}

TEST_CASE("tree: what is readable but not canonical is named") {
  TestTree tree;
  const Oid left = tree.objects.add(store::ObjectType::kBlob, "a1 x\n");
  const Oid right = tree.objects.add(store::ObjectType::kBlob, "a2 x\n");
  std::string bytes;
  append_entry(bytes, kModeBlob, "0.jsonl", left);
  append_entry(bytes, kModeBlob, "a2.jsonl", right);
  const Oid root = tree.objects.add(store::ObjectType::kTree, bytes);
  CHECK(check_tree(tree.reader, root).error().code() == ErrorCode::kInvalidContent);
  CHECK(find_line(tree.reader, root, "a2")->has_value());
  // A node without entries, and one that is missing.
  const Oid empty = tree.objects.add(store::ObjectType::kTree, "");
  CHECK(find_line(tree.reader, empty, "a").error().code() == ErrorCode::kCorruption);
  CHECK(
      Cursor::open(tree.reader, store::hash_object(store::ObjectType::kTree, "?")).error().code() ==
      ErrorCode::kCorruption);
}

TEST_CASE("git tree: find tells files from folders in Git's order") {
  const auto tree = parse(entry("100644 a") + entry("100644 ab-c") + entry("100644 ab.x") +
                          entry("40000 ab") + entry("40000 z"));
  REQUIRE(tree.has_value());
  for (const char* name : {"a", "ab-c", "ab.x", "ab", "z"}) {
    REQUIRE((*tree)->find(name) != nullptr);
    CHECK((*tree)->find(name)->name == name);
  }
  for (const char* name : {"", "b", "ab-", "zz", "abc"}) CHECK((*tree)->find(name) == nullptr);
}

TEST_CASE("git tree: edits by path") {
  TestTree tree;
  const Oid blob = tree.objects.add(store::ObjectType::kBlob, "x");
  const Oid other = tree.objects.add(store::ObjectType::kBlob, "y");
  const auto edit = [&](const Oid& root, std::vector<PathEdit> edits, size_t* made = nullptr) {
    store::PendingObjects pending(tree.objects);
    const auto result = edit_paths(pending, tree.cache, root, std::move(edits));
    REQUIRE(result.has_value());
    if (made != nullptr) *made = pending.entries().size();
    tree.objects.take(pending);
    return *result;
  };
  const auto id_at = [&](const Oid& root, std::string_view path) {
    const auto found = find_path(tree.objects, tree.cache, root, path);
    REQUIRE(found.has_value());
    return *found ? (*found)->id : Oid{};
  };
  size_t made = 0;
  const Oid root = edit(Oid{},
                        {{"rowan.json", kModeBlob, blob},
                         {"a/t/table.sql", kModeBlob, blob},
                         {"a/t/large/x", kModeBlob, blob},
                         {"a/t-1/table.sql", kModeBlob, blob},
                         {"a.b/c", kModeBlob, blob}},
                        &made);
  CHECK(made == 6);
  CHECK(id_at(root, "a/t/large/x") == blob);
  CHECK(id_at(root, "a.b/c") == blob);
  CHECK(id_at(root, "a/t/none").is_zero());
  CHECK(id_at(root, "rowan.json/x").is_zero());
  const Oid changed = edit(root, {{"a/t/table.sql", kModeBlob, other}}, &made);
  CHECK(made == 3);
  CHECK(id_at(changed, "a/t/table.sql") == other);
  CHECK(edit(changed, {{"a/t/table.sql", kModeBlob, blob}}) == root);
  CHECK(edit(root, {{"a/t/table.sql", kModeBlob, blob}}, &made) == root);
  CHECK(made == 0);
  // A folder left empty goes, all the way up.
  const Oid less = edit(root, {{"a/t/large/x", kModeBlob, {}}, {"a.b/c", kModeBlob, {}}});
  CHECK(id_at(less, "a/t/large").is_zero());
  CHECK(id_at(less, "a.b").is_zero());
  CHECK(edit(less, {{"a", kModeTree, {}}, {"rowan.json", kModeBlob, {}}}).is_zero());
  store::PendingObjects pending(tree.objects);
  for (const char* path : {"", "/a", "a//b", "a/../b", ".git/x"}) {
    CHECK(!edit_paths(pending, tree.cache, root, {{path, kModeBlob, blob}}).has_value());
  }
  CHECK(!edit_paths(pending, tree.cache, root, {{"q", kModeBlob, blob}, {"q/r", kModeBlob, blob}})
             .has_value());
}

}  // namespace rowan::tree::testing
