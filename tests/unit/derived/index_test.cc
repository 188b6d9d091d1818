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

// ---- Large indexes: sorted in runs, kept in files ----

namespace {

constexpr int kManyRows = 100'500;  // Above the size from which an index is worth a file.

// `width` characters of value for each of many rows.
void fill(TestTable& table, size_t width) {
  const catalog::TableLineKeys keys(table.version.table);
  store::PendingObjects objects(*table.store);
  tree::Builder builder([&](store::ObjectType type, Bytes bytes) -> Result<Oid> {
    return objects.add(type, std::string(bytes));
  });
  for (int i = 0; i < kManyRows; ++i) {
    const int id = 200'000 + i;
    std::string value = std::to_string((i * 7919LL) % 1'000'003);
    value.resize(width, 'v');
    const std::string line = "[" + std::to_string(id) + ",\"" + value + "\"]";
    std::string key;
    REQUIRE(keys.append_key(line, key));
    REQUIRE(builder.add(key, line));
  }
  auto root = builder.finish();
  REQUIRE(root);
  REQUIRE(table.store->append(objects, {}));
  table.version.rows = *root;
}

size_t files_in(const std::filesystem::path& folder) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    files += entry.path().extension() == ".index" ? 1 : 0;
  return files;
}

}  // namespace

TEST_CASE("a large index is sorted in runs, saved, and read back by whoever comes next") {
  const TempFolder folder;
  const auto files = folder.path / "indexes";
  std::filesystem::create_directories(files);
  TestTable table("CREATE TABLE t (id int PRIMARY KEY, a text)");
  fill(table, 700);  // More than one run of entries.
  const IndexKey key = index_key(std::vector<uint16_t>{1});
  std::vector<std::string> entries;
  {
    Indexes indexes(files);
    entries = entries_of(table.index(indexes, key));
    CHECK(entries.size() == kManyRows);
    CHECK(std::is_sorted(entries.begin(), entries.end()));
    REQUIRE(indexes.save());
    REQUIRE(indexes.save());  // What has its file is not written again.
    CHECK(files_in(files) == 1);
  }
  Indexes second(files);
  CHECK(entries_of(table.index(second, key)) == entries);
  CHECK(second.stats().loaded == 1);
  CHECK(second.stats().built == 0);
  // Another version is caught up from the file's, and has a file of its own.
  table.put("[1,\"new\"]");
  CHECK(table.index(second, key).size() == kManyRows + 1);
  CHECK(second.stats().caught_up == 1);
  REQUIRE(second.save());
  // Two files a shape: the oldest goes.
  table.put("[2,\"newer\"]");
  CHECK(table.index(second, key).size() == kManyRows + 2);
  REQUIRE(second.save());
  CHECK(files_in(files) == 2);
  // Files of other names are none of ours; a damaged one goes, and the index is built.
  std::ofstream(files / "notes.txt") << "hello";
  for (const auto& entry : std::filesystem::directory_iterator(files)) {
    if (entry.path().extension() == ".index")
      std::filesystem::resize_file(entry.path(), std::filesystem::file_size(entry.path()) / 2);
  }
  const std::string hash = [&] {
    for (const auto& entry : std::filesystem::directory_iterator(files)) {
      const std::string name = entry.path().filename().string();
      if (entry.path().extension() == ".index") return name.substr(0, name.find('-'));
    }
    return std::string();
  }();
  std::ofstream(files / (hash + "-" + std::string(40, 'z') + ".index")) << "no object's name";
  Indexes third(files);
  CHECK(table.index(third, key).size() == kManyRows + 2);
  CHECK(third.stats().loaded == 0);
  CHECK(third.stats().built == 1);
  CHECK(std::filesystem::exists(files / "notes.txt"));
}

TEST_CASE("above the memory budget versions go, and a large index moves to its file") {
  const TempFolder folder;
  const auto files = folder.path / "indexes";
  std::filesystem::create_directories(files);
  TestTable table("CREATE TABLE t (id int PRIMARY KEY, a text)");
  fill(table, 40);
  Indexes indexes(files, 1 << 20);
  const IndexKey by_value = index_key(std::vector<uint16_t>{1});
  const IndexKey by_id = index_key(std::vector<uint16_t>{0});
  CHECK(table.index(indexes, by_value).size() == kManyRows);
  CHECK(indexes.stats().saved == 1);
  CHECK(table.index(indexes, by_id).size() == kManyRows);  // The other shape gives way.
  CHECK(table.index(indexes, by_value).size() == kManyRows);
  // Without a folder it stays in memory, all the same.
  Indexes nowhere({}, 1 << 20);
  CHECK(table.index(nowhere, by_value).size() == kManyRows);
  REQUIRE(nowhere.save());
  CHECK(nowhere.stats().saved == 0);
}

TEST_CASE("what a table's unique keys are asked") {
  TestTable table("CREATE TABLE t (id int PRIMARY KEY, a int, b text, UNIQUE (a, b))");
  for (const char* line : {"[1,5,\"x\"]", "[2,5,\"y\"]", "[3,null,\"x\"]", "[4,null,\"x\"]"})
    table.put(line);
  Indexes indexes;
  REQUIRE(indexes.check(*table.store, table.version));  // Rows that share a NULL share nothing.
  const auto value = [&](const std::string& line) {
    auto key = unique_key_of(*table.version.table, table.version.table->unique_keys[0], line,
                             *table.store);
    REQUIRE(key);
    return *key;
  };
  const auto held = indexes.holder(*table.store, table.version, 0, *value("[9,5,\"y\"]"));
  REQUIRE(held);
  CHECK(held->has_value());
  const auto free = indexes.holder(*table.store, table.version, 0, *value("[9,6,\"y\"]"));
  REQUIRE(free);
  CHECK_FALSE(free->has_value());
  CHECK_FALSE(value("[9,null,\"y\"]").has_value());
  table.put("[5,5,\"y\"]");
  const auto broken = indexes.check(*table.store, table.version);
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code() == ErrorCode::kUniqueViolation);
  const std::string long_value(9000, 'x');
  const auto too_long =
      unique_key_of(*table.version.table, table.version.table->unique_keys[0],
                    "[6,1,\"" + long_value + "\"]", *table.store);
  REQUIRE_FALSE(too_long);
  CHECK(too_long.error().code() == ErrorCode::kProgramLimit);
}

TEST_CASE("equal rows of a table without a key break a unique key by their count") {
  TestTable table("CREATE TABLE t (a int UNIQUE, b int)");
  Indexes indexes;
  table.put("[3,null,1]");
  table.put("[1,7,1]");
  REQUIRE(indexes.check(*table.store, table.version));
  table.put("[2,8,1]");
  CHECK_FALSE(indexes.check(*table.store, table.version));
}

}  // namespace rowan::derived
