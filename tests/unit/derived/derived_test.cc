// Row counts and the history index: kept, found again, and as good as new when their files are
// damaged.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "derived/history_index.h"
#include "derived/row_counts.h"
#include "git/commit.h"
#include "store/memory_store.h"
#include "unit/temp_folder.h"

namespace rowan::derived {

namespace {

Oid oid(int n) { return store::hash_object(store::ObjectType::kBlob, std::to_string(n)); }

}  // namespace

TEST_CASE("row counts follow commits and survive in their file") {
  const TempFolder folder;
  {
    RowCounts counts(folder.path / "sub" / "counts");
    counts.note(Oid{}, oid(1), 5);
    counts.note(oid(1), oid(2), -2);
    counts.note(oid(7), oid(8), 1);
    CHECK(counts.find(Oid{}) == 0);
    CHECK(counts.find(oid(2)) == 3);
    CHECK_FALSE(counts.find(oid(8)));
    CHECK(counts.save());
  }
  const auto file = folder.path / "sub" / "counts";
  CHECK(RowCounts(file).find(oid(2)) == 3);
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(20).put('x');
  CHECK_FALSE(RowCounts(file).find(oid(2)));
}

TEST_CASE("the history index finds parents and times, also after a torn write") {
  const TempFolder folder;
  const auto file = folder.path / "history";
  constexpr int kCommits = 1000;
  {
    HistoryIndex index(file);
    for (int i = 0; i < kCommits; ++i) {
      index.add(oid(i), i == 0 ? Oid{} : oid(i - 1), i * 10,
                {change_hash("public/t", std::to_string(i))});
    }
  }
  {
    const HistoryIndex index(file);
    CHECK(index.size() == kCommits);
    CHECK(index.find(oid(700))->generation == 701);
    for (int n : {0, 1, 2, 500, 999}) CHECK(index.nth_parent(oid(999), n) == oid(999 - n));
    CHECK_FALSE(index.nth_parent(oid(999), 1000));
    for (int i : {0, 1, 37, 998}) CHECK(index.newest_at(oid(999), i * 10 + 5) == oid(i));
    CHECK_FALSE(index.newest_at(oid(999), -1));
    CHECK(index.may_have_changed(oid(5), change_hash("public/t", "5")));
    CHECK_FALSE(index.may_have_changed(oid(5), change_hash("public/t", "6")));
  }
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 3);
  {
    HistoryIndex index(file);
    CHECK(index.size() == kCommits - 1);
    index.add(oid(999), oid(998), 9990, std::vector<uint32_t>(kChangesMax + 1));
    CHECK(index.may_have_changed(oid(999), 42));
  }
  CHECK(HistoryIndex(file).size() == kCommits);
}

TEST_CASE("missing commits are read from their objects; times never go back") {
  const auto store = store::make_memory_store();
  store::PendingObjects objects(*store);
  git::Commit commit;
  commit.tree = objects.add(store::ObjectType::kTree, "");
  commit.author = commit.committer = {"a", "a@b", 1000, 0};
  commit.message = "m\n";
  const Oid first = objects.add(store::ObjectType::kCommit, git::encode_commit(commit));
  commit.parents = {first};
  commit.committer.seconds = 900;
  const Oid second = objects.add(store::ObjectType::kCommit, git::encode_commit(commit));
  REQUIRE(store->append(objects, {}));
  HistoryIndex index;
  REQUIRE(index.ensure(*store, second));
  CHECK(index.find(first)->time_us == 1'000'000'000);
  CHECK(index.find(second)->time_us == 1'000'000'001);
  CHECK(index.may_have_changed(second, 1));
  CHECK_FALSE(index.ensure(*store, oid(1)));
}

}  // namespace rowan::derived
