// Indexes: an entry tree is a set whatever the order of its edits, a file gives it back or nothing,
// and an index caught up equals one built.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "catalog/table.h"
#include "derived/index.h"
#include "sql/parser.h"
#include "store/memory_store.h"
#include "tree/row_tree.h"
#include "unit/temp_folder.h"

namespace rowan::derived {

namespace {

EntryMeter meter() { return std::make_shared<std::atomic<size_t>>(0); }

std::vector<std::string> entries_of(const EntryTree& tree) {
  std::vector<std::string> out;
  EntryWalk walk(tree);
  for (walk.move_to(0); walk.valid(); walk.next()) out.emplace_back(walk.entry());
  return out;
}

std::string random_entry(std::mt19937& random) {
  std::string entry = "k" + std::to_string(random() % 3000);
  if (random() % 50 == 0) entry += std::string(random() % 9000, 'x');
  return entry;
}

// A table whose rows are kept as lines by key, and its versions in a store.
struct TestTable {
  explicit TestTable(const std::string& sql) {
    auto parsed = sql::parse_statement(sql);
    REQUIRE(parsed);
    auto made = catalog::table_from_statement(
        static_cast<const sql::CreateTableStmt&>(*parsed->statement), {{}, "public"});
    REQUIRE(made);
    version.table = std::make_shared<const catalog::TableDef>(std::move(*made));
  }

  void put(const std::string& line, bool present = true) {
    const catalog::TableLineKeys keys(version.table);
    std::string key;
    REQUIRE(keys.append_key(line, key));
    store::PendingObjects objects(*store);
    const tree::RowEdit edit{key, present ? std::optional<Bytes>(line) : std::nullopt};
    auto root = tree::apply_edits(objects, store->cache(), keys, version.rows, {&edit, 1});
    REQUIRE(root);
    REQUIRE(store->append(objects, {}));
    version.rows = *root;
  }

  EntryTree index(Indexes& indexes, const IndexKey& key) {
    auto made = indexes.get({*store, store->cache(), version}, key);
    REQUIRE(made);
    return *made;
  }

  std::unique_ptr<store::ObjectStore> store = store::make_memory_store();
  catalog::TableVersion version;
};

}  // namespace

TEST_CASE("an entry tree is a set, whatever the order of edits") {
  const uint32_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const EntryMeter bytes = meter();
  {
    std::set<std::string> model;
    EntryTree tree;
    for (int round = 0; round < 120; ++round) {
      std::set<std::string> touched;
      for (size_t i = random() % 400; i > 0; --i) touched.insert(random_entry(random));
      const bool removes = round % 3 == 2;
      std::vector<EntryTree::Edit> edits;
      for (const std::string& entry : touched)
        edits.push_back({entry, removes ? random() % 4 == 0 : true});
      for (const EntryTree::Edit& edit : edits) {
        if (edit.present) model.insert(edit.entry);
        if (!edit.present) model.erase(edit.entry);
      }
      tree = tree.with(edits, bytes);
      REQUIRE(tree.size() == model.size());
    }
    CHECK(entries_of(tree) == std::vector<std::string>(model.begin(), model.end()));
    for (int i = 0; i < 300; ++i) {
      const std::string bound = random_entry(random);
      const auto at = model.lower_bound(bound);
      REQUIRE(tree.rank(bound) == static_cast<uint64_t>(std::distance(model.begin(), at)));
      EntryWalk walk(tree);
      walk.seek(bound);
      REQUIRE(walk.valid() == (at != model.end()));
      if (walk.valid()) REQUIRE(walk.entry() == *at);
      walk.previous();
      REQUIRE(walk.valid() == (at != model.begin()));
      if (walk.valid()) REQUIRE(walk.entry() == *std::prev(at));
    }
    std::vector<EntryTree::Edit> all;
    for (const std::string& entry : model) all.push_back({entry, false});
    CHECK(tree.with(all, bytes).size() == 0);
    CHECK(tree.size() == model.size());
    CHECK(bytes->load() > 0);
  }
  CHECK(bytes->load() == 0);
}

TEST_CASE("a saved entry tree comes back, or not at all when its file is damaged") {
  const TempFolder folder;
  const auto file = folder.path / "sub" / "tree.index";
  std::vector<std::string> entries;
  for (int i = 10'000; i < 30'000; ++i) entries.push_back("e" + std::to_string(i));
  size_t at = 0;
  const EntryTree tree = EntryTree::build(
      [&] { return at == entries.size() ? std::nullopt : std::optional<Bytes>(entries[at++]); },
      meter());
  REQUIRE(tree.save(file));
  const auto loaded = EntryTree::load(file, meter());
  REQUIRE(loaded);
  CHECK(entries_of(*loaded) == entries);
  const EntryTree::Edit edit{"e20000x", true};
  CHECK(loaded->with({&edit, 1}, meter()).size() == entries.size() + 1);
  REQUIRE(EntryTree().save(folder.path / "empty"));
  CHECK(EntryTree::load(folder.path / "empty", meter())->size() == 0);
  CHECK_FALSE(EntryTree::load(folder.path / "none", meter()));
  const auto copy = folder.path / "copy";
  for (const size_t place : {size_t{3}, size_t{9}, size_t{40}, size_t{50'000}}) {
    std::filesystem::copy_file(file, copy, std::filesystem::copy_options::overwrite_existing);
    std::fstream(copy, std::ios::in | std::ios::out | std::ios::binary)
        .seekp(static_cast<std::streamoff>(place))
        .put('\x7f');
    CHECK_FALSE(EntryTree::load(copy, meter()));
  }
  std::filesystem::copy_file(file, copy, std::filesystem::copy_options::overwrite_existing);
  std::filesystem::resize_file(copy, std::filesystem::file_size(copy) / 2);
  CHECK_FALSE(EntryTree::load(copy, meter()));
}

TEST_CASE("an index caught up equals one that is built, in every direction and with NULLs") {
  TestTable table("CREATE TABLE t (id int PRIMARY KEY, a int, b text)");
  std::vector<IndexKey> shapes;
  for (const bool descending : {false, true}) {
    for (const bool nulls_first : {false, true})
      shapes.push_back({{{1, descending, nulls_first}, {2, !descending, nulls_first}}});
  }
  const uint32_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  Indexes kept;
  for (int step = 0; step < 200; ++step) {
    const std::string id = std::to_string(random() % 60);
    const std::string a =
        random() % 4 == 0 ? "null" : std::to_string(static_cast<int>(random() % 7) - 3);
    const std::string b =
        random() % 3 == 0 ? ""
                          : ",\"" + std::string(1, static_cast<char>('a' + random() % 3)) + "\"";
    std::string line = "[" + id + (a == "null" && b.empty() ? "" : "," + a) + b + "]";
    table.put(line, random() % 5 != 0);
    if (step % 20 != 0) continue;
    for (const IndexKey& key : shapes) {
      Indexes fresh;
      REQUIRE(entries_of(table.index(kept, key)) == entries_of(table.index(fresh, key)));
    }
  }
  CHECK(kept.stats().built <= shapes.size());
  CHECK(kept.stats().caught_up >= shapes.size() * 8);
}

TEST_CASE("entries sort as ORDER BY does") {
  TestTable table("CREATE TABLE t (id int PRIMARY KEY, a int)");
  for (const char* line : {"[1,5]", "[2]", "[3,-7]", "[4,100]", "[5,0]", "[6]"}) table.put(line);
  const auto order = [&](bool descending, bool nulls_first) {
    Indexes indexes;
    std::string out;
    for (const std::string& entry :
         entries_of(table.index(indexes, {{{1, descending, nulls_first}}})))
      out += entry_row_key(entry).substr(1);
    return out;
  };
  CHECK(order(false, false) == "351426");
  CHECK(order(false, true) == "263514");
  CHECK(order(true, false) == "415326");
  CHECK(order(true, true) == "264153");
}

TEST_CASE("a near version is found, a far one is not, and a budget holds") {
  TestTable table("CREATE TABLE t (id int PRIMARY KEY, a int)");
  const IndexKey key = index_key(std::vector<uint16_t>{1});
  Indexes indexes({}, 1);
  for (int i = 0; i < 300; ++i)
    table.put("[" + std::to_string(i) + "," + std::to_string(i % 7) + "]");
  const auto find = [&](size_t changes) {
    auto found = indexes.find({*table.store, table.store->cache(), table.version}, key, changes);
    REQUIRE(found);
    return found->has_value();
  };
  CHECK_FALSE(find(10));
  CHECK(table.index(indexes, key).size() == 300);
  CHECK(find(0));
  for (int i = 0; i < 20; ++i) table.put("[" + std::to_string(i) + ",9]");
  CHECK_FALSE(find(10));
  CHECK(find(30));
  CHECK(indexes.contains({*table.store, table.store->cache(), table.version}, {1}, "a9").value());
  CHECK_FALSE(
      indexes.contains({*table.store, table.store->cache(), table.version}, {1}, "a8").value());
}

}  // namespace rowan::derived
