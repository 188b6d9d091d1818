// Proves: what append() took is readable at once, durable when asked, published by a checkpoint
// that stock git accepts, and back after reopening; refs move by compare-and-swap, also against
// other programs; one writer at a time.
#include <git2.h>

#include <atomic>
#include <thread>

#include "crash/fault_file_system.h"
#include "git/repository.h"
#include "unit/store/store_fixture.h"

namespace rowan::store {

TEST_CASE("init makes a bare repository and refuses what is there") {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  CHECK(git(folder.repository(), "symbolic-ref HEAD").output == "refs/heads/main");
  CHECK(git(folder.repository(), "config gc.auto").output == "0");
  CHECK(git(folder.repository(), "config transfer.hiderefs").output == "refs/rowan");
  const auto perms = std::filesystem::status(folder.repository() / "rowan").permissions();
  CHECK((perms & std::filesystem::perms::all) == std::filesystem::perms::owner_all);
  const auto again = init_git_store(folder.repository(), "main");
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().code() == ErrorCode::kDuplicateFile);
  CHECK(open_git_store(folder.path, quiet_options()).error().code() == ErrorCode::kNotARepository);
  CHECK(init_git_store(folder.path / "x", "bad..name").error().code() == ErrorCode::kInvalidName);
}

TEST_CASE("a transaction is readable at once, published by a checkpoint and back after reopening") {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  Made made;
  {
    auto store = open_or_fail(folder.repository(), quiet_options());
    made = must_commit(*store, "hello\n");
    CHECK(store->ref("refs/heads/main") == made.commit);
    CHECK(text_of(*store, made.blob) == "hello\n");
    CHECK(store->contains(made.blob));
    CHECK(store->find_prefix(made.blob.hex().substr(0, 8), 5) == std::vector<Oid>{made.blob});
    CHECK(git(folder.repository(), "rev-parse --verify -q main").status != 0);
    REQUIRE(store->checkpoint().has_value());
    CHECK(git(folder.repository(), "rev-parse main").output == made.commit.hex());
    CHECK(text_of(*store, made.blob) == "hello\n");
    CHECK(store->stats().journal_bytes == 0);
    made = must_commit(*store, "hello again\n");
  }
  CHECK(git(folder.repository(), "rev-list --count main").output == "2");
  CHECK(git(folder.repository(), "reflog main").output.find("text of 12") != std::string::npos);
  check_fsck(folder.repository());
  auto store = open_or_fail(folder.repository(), quiet_options());
  CHECK(store->ref("refs/heads/main") == made.commit);
  CHECK(text_of(*store, made.blob) == "hello again\n");
  CHECK(must_commit(*store, "more\n").sequence == made.sequence + 1);
}

TEST_CASE("refs are compared before they move, within the same order as transactions") {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  auto store = open_or_fail(folder.repository(), quiet_options());
  const Made one = must_commit(*store, "one");
  PendingObjects none(*store);
  const auto stale = store->append(none, {{"refs/heads/main", Oid{}, one.commit}});
  REQUIRE_FALSE(stale.has_value());
  CHECK(stale.error().code() == ErrorCode::kSerializationFailure);
  CHECK(store->append(none, {{"refs/heads/main/below", Oid{}, one.commit}}).error().code() ==
        ErrorCode::kDuplicateBranch);
  CHECK(store->append(none, {{"refs/heads/a..b", Oid{}, one.commit}}).error().code() ==
        ErrorCode::kInvalidName);
  REQUIRE(store
              ->append(none, {{"refs/heads/side/way", Oid{}, one.commit},
                              {"refs/tags/v1", Oid{}, one.commit}})
              .has_value());
  CHECK(store->append(none, {{"refs/heads/side", Oid{}, one.commit}}).error().code() ==
        ErrorCode::kDuplicateBranch);
  REQUIRE(store->checkpoint().has_value());
  // A name and a name below it may change places in one transaction.
  REQUIRE(store
              ->append(none, {{"refs/heads/side/way", one.commit, Oid{}},
                              {"refs/heads/side", Oid{}, one.commit}})
              .has_value());
  REQUIRE(store->checkpoint().has_value());
  CHECK(
      git(folder.repository(), "for-each-ref --format='%(refname)'").output ==
      "refs/heads/main\nrefs/heads/side\nrefs/rowan/good/main\nrefs/rowan/good/side\nrefs/tags/v1");
  CHECK(store->refs("refs/heads/").size() == 2);
}

TEST_CASE("a branch's good ref follows our values alone, and tells of a branch that was deleted") {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  const auto rev = [&](const std::string& ref) {
    return git(folder.repository(), "rev-parse -q --verify " + ref).output;
  };
  auto store = open_or_fail(folder.repository(), quiet_options());
  const Made one = must_commit(*store, "one");
  PendingObjects none(*store);
  REQUIRE(store->append(none, {{"refs/heads/side", Oid{}, one.commit}}).has_value());
  REQUIRE(store->checkpoint().has_value());
  CHECK(rev("refs/rowan/good/main") == one.commit.hex());
  SUBCASE("another program's moves leave it alone") {
    const Made two = must_commit(*store, "two");
    REQUIRE(store->checkpoint().has_value());
    REQUIRE(git(folder.repository(), "update-ref refs/heads/main " + one.commit.hex()).status == 0);
    REQUIRE(
        git(folder.repository(), "update-ref refs/rowan/good/main " + one.commit.hex()).status ==
        0);
    REQUIRE(store->checkpoint().has_value());
    REQUIRE(store->checkpoint().has_value());
    CHECK(rev("main") == two.commit.hex());
    CHECK(rev("refs/rowan/good/main") == two.commit.hex());
  }
  SUBCASE("a move while nobody looked is told with it") {
    store.reset();
    const auto tree = git(folder.repository(), "rev-parse main^{tree}").output;
    const auto other =
        git(folder.repository(),
            "-c user.name=x -c user.email=x@y commit-tree -p main -m by-hand " + tree)
            .output;
    REQUIRE(git(folder.repository(), "update-ref refs/heads/main " + other).status == 0);
    REQUIRE(git(folder.repository(), "update-ref -d refs/heads/side").status == 0);
    store = open_or_fail(folder.repository(), quiet_options());
    const auto moved = store->unverified_branches();
    REQUIRE(moved.size() == 2);
    CHECK(moved[0].value.hex() == other);
    CHECK(moved[0].good == one.commit);
    CHECK(moved[1].name == "refs/heads/side");
    CHECK(moved[1].value.is_zero());
    CHECK(moved[1].good == one.commit);
    REQUIRE(store->checkpoint().has_value());
    CHECK(rev("refs/rowan/good/main") ==
          one.commit.hex());  // Nobody said that the other one is good.
    store->mark_verified("refs/heads/main");
    REQUIRE(store->checkpoint().has_value());
    CHECK(rev("refs/rowan/good/main") == other);
  }
  SUBCASE("it goes with the branch") {
    REQUIRE(store->append(none, {{"refs/heads/side", one.commit, Oid{}}}).has_value());
    store.reset();
    CHECK(rev("refs/rowan/good/side").empty());
    store = open_or_fail(folder.repository(), quiet_options());
    CHECK(store->unverified_branches().empty());
  }
}

TEST_CASE("many refs at once go through packed-refs, and can be deleted from there") {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  auto store = open_or_fail(folder.repository(), quiet_options());
  const Made one = must_commit(*store, "one");
  PendingObjects none(*store);
  std::vector<RefUpdate> updates;
  for (int i = 0; i < 200; ++i)
    updates.push_back({"refs/heads/b" + std::to_string(i), Oid{}, one.commit});
  REQUIRE(store->append(none, updates).has_value());
  REQUIRE(store->checkpoint().has_value());
  CHECK(store->checkpoint().has_value());
  CHECK(std::filesystem::exists(folder.repository() / "packed-refs"));
  CHECK(git(folder.repository(), "for-each-ref refs/heads | wc -l").output == "201");
  REQUIRE(store->append(none, {{"refs/heads/b7", one.commit, Oid{}}}).has_value());
  REQUIRE(store->checkpoint().has_value());
  CHECK(git(folder.repository(), "for-each-ref refs/heads | wc -l").output == "200");
  check_fsck(folder.repository());
}

TEST_CASE("journal files are recycled under new epochs, and the store goes on past all of them") {
  TempFolder folder;
  REQUIRE(init_git_store_with(folder.repository(), "main", quiet_options()).has_value());
  Made last;
  {
    auto store = open_or_fail(folder.repository(), quiet_options());
    for (int i = 0; i < 300; ++i)
      last = must_commit(*store, std::string(5000, 'a') + std::to_string(i));
  }
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(folder.repository() / "rowan/journal"))
    ++files;
  CHECK(files <= kJournalFilesMax);
  CHECK(git(folder.repository(), "rev-list --count main").output == "300");
  check_fsck(folder.repository());
  auto store = open_or_fail(folder.repository(), quiet_options());
  CHECK(store->ref("refs/heads/main") == last.commit);
}

TEST_CASE("a transaction waits for a checkpoint when too much is in the journal alone") {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  for (const bool background : {false, true}) {
    GitStoreOptions options = quiet_options();
    options.background = background;
    options.sync = SyncMode::kOff;
    options.journal_file_bytes = 16u << 20;  // It is never full here.
    options.unpublished_bytes_max = 256u << 10;
    auto store = open_or_fail(folder.repository(), options);
    uint64_t most = 0;
    for (int i = 0; i < 300; ++i) {
      must_commit(*store, std::string(10'000, 'a') + std::to_string(i));
      most = std::max(most, store->stats().journal_bytes);
    }
    CHECK(most < (256u << 10) + 20'000);
  }
  check_fsck(folder.repository());
}

TEST_CASE("objects too large for the journal go to a pack first") {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  auto store = open_or_fail(folder.repository(), quiet_options());
  const std::string text(100'000, 'x');
  const Made made = must_commit(*store, text);
  CHECK(text_of(*store, made.blob) == text);
  CHECK(store->stats().packs == 1);
  REQUIRE(store->checkpoint().has_value());
  for (const auto& entry :
       std::filesystem::directory_iterator(folder.repository() / "objects/pack")) {
    CHECK(entry.path().extension() != ".keep");
  }
  check_fsck(folder.repository());
}

TEST_CASE("a second writer is refused, readers are not") {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  auto store = open_or_fail(folder.repository(), quiet_options());
  const Made published = must_commit(*store, "published");
  REQUIRE(store->checkpoint().has_value());
  const Made unpublished = must_commit(*store, "not yet");
  const auto second = open_git_store(folder.repository(), quiet_options());
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code() == ErrorCode::kDatabaseInUse);
  CHECK(second.error().message().find("pid " + std::to_string(getpid())) != std::string::npos);
  auto options = quiet_options();
  options.read_only = true;
  auto reader = open_or_fail(folder.repository(), options);
  CHECK(reader->ref("refs/heads/main") == published.commit);
  CHECK_FALSE(reader->contains(unpublished.blob));
  PendingObjects none(*reader);
  CHECK(reader->append(none, {}).error().code() == ErrorCode::kReadOnlyTransaction);
}

TEST_CASE("many threads share flushes, in every sync mode") {
  for (const SyncMode mode : {SyncMode::kOn, SyncMode::kNormal, SyncMode::kOff}) {
    TempFolder folder;
    REQUIRE(init_git_store(folder.repository(), "main").has_value());
    constexpr int kThreads = 8;
    constexpr int kEach = 60;
    {
      auto options = quiet_options();
      options.background = true;
      options.sync = mode;
      options.journal_file_bytes = 1 << 20;
      auto store = open_or_fail(folder.repository(), options);
      std::atomic<int> failures = 0;
      std::vector<std::thread> threads;
      for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
          for (int i = 0; i < kEach; ++i) {
            const std::string text = "thread " + std::to_string(t) + " row " + std::to_string(i);
            const auto made = commit_text(*store, text, "refs/heads/t" + std::to_string(t));
            if (!made || !store->wait_durable(made->sequence) ||
                text_of(*store, made->blob) != text)
              ++failures;
            if (mode == SyncMode::kOn && made && store->durable_sequence() < made->sequence)
              ++failures;
          }
        });
      }
      for (auto& thread : threads) thread.join();
      CHECK(failures == 0);
      CHECK(store->stats().commits_appended == kThreads * kEach);
      if (mode == SyncMode::kOn) CHECK(store->stats().flushes <= kThreads * kEach);
    }
    CHECK(git(folder.repository(), "rev-list --count --all").output ==
          std::to_string(kThreads * kEach));
    check_fsck(folder.repository());
  }
}

TEST_CASE("a full disk is told before anything is promised, and passes") {
  TempFolder folder;
  REQUIRE(init_git_store_with(folder.repository(), "main", quiet_options()).has_value());
  FaultFileSystem files(folder.path / "trash", 1);
  Made last;
  {
    auto store = open_or_fail(folder.repository(), quiet_options(), files);
    last = must_commit(*store, "before");
    files.set_disk_full(true);
    Result<Made> made = last;
    int taken = 0;
    while ((made = commit_text(*store, std::string(3000, 'f') + std::to_string(taken)))) {
      REQUIRE(store->wait_durable(made->sequence).has_value());
      last = *made;
      REQUIRE(++taken < 100);
    }
    CHECK(made.error().code() == ErrorCode::kDiskFull);
    CHECK_FALSE(store->checkpoint().has_value());
    CHECK(store->ref("refs/heads/main") == last.commit);
    files.set_disk_full(false);
    last = must_commit(*store, "after");
    REQUIRE(store->checkpoint().has_value());
  }
  CHECK(git(folder.repository(), "rev-parse main").output == last.commit.hex());
  check_fsck(folder.repository());
}

TEST_CASE("after a failed sync the store only reads, until it is opened again") {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  FaultFileSystem files(folder.path / "trash", 1);
  Made first;
  {
    auto store = open_or_fail(folder.repository(), quiet_options(), files);
    first = must_commit(*store, "first");
    const auto second = commit_text(*store, "second");
    REQUIRE(second.has_value());
    files.fail_next_sync();
    CHECK(store->wait_durable(second->sequence).error().code() == ErrorCode::kIoError);
    CHECK(commit_text(*store, "third").error().code() == ErrorCode::kIoError);
    CHECK(text_of(*store, first.blob) == "first");
  }
  auto store = open_or_fail(folder.repository(), quiet_options());
  CHECK(text_of(*store, first.blob) == "first");
  must_commit(*store, "fourth");
}

TEST_CASE("a foreign move is parked and set back, or answered by the handler") {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  auto store = open_or_fail(folder.repository(), quiet_options());
  must_commit(*store, "one");
  REQUIRE(store->checkpoint().has_value());
  const auto tree = git(folder.repository(), "rev-parse main^{tree}").output;
  const std::string as = "-c user.name=x -c user.email=x@y ";
  const auto make = [&](const std::string& message) {
    return git(folder.repository(), as + "commit-tree -p main -m " + message + " " + tree).output;
  };

  SUBCASE("without an answer our value comes back") {
    const std::string foreign = make("foreign");
    REQUIRE(git(folder.repository(), "update-ref refs/heads/main " + foreign).status == 0);
    const Made two = must_commit(*store, "two");
    std::vector<ForeignMove> heard;
    store->set_foreign_handler([&](const ForeignMove& move) {
      heard.push_back(move);
      CHECK(git(folder.repository(), "rev-parse refs/rowan/foreign/main/" + foreign).output ==
            foreign);
    });
    REQUIRE(store->checkpoint().has_value());
    REQUIRE(heard.size() == 1);
    CHECK(heard[0].name == "refs/heads/main");
    CHECK(heard[0].foreign.hex() == foreign);
    CHECK(git(folder.repository(), "rev-parse main").output == two.commit.hex());
    CHECK(store->ref("refs/rowan/foreign/main/" + foreign).has_value());
  }
  SUBCASE("the handler's transaction stands") {
    const std::string foreign = make("welcome");
    REQUIRE(git(folder.repository(), "update-ref refs/heads/main " + foreign).status == 0);
    store->set_foreign_handler([&](const ForeignMove& move) {
      PendingObjects none(*store);
      CHECK(store->append(none, {{move.name, *store->ref(move.name), move.foreign}}).has_value());
    });
    REQUIRE(store->checkpoint().has_value());
    CHECK(store->ref("refs/heads/main")->hex() == foreign);
    CHECK(git(folder.repository(), "rev-parse main").output == foreign);
  }
  SUBCASE("a deleted branch comes back, a new tag is simply there") {
    REQUIRE(git(folder.repository(), "update-ref refs/tags/theirs " + make("tagged")).status == 0);
    REQUIRE(git(folder.repository(), "update-ref -d refs/heads/main").status == 0);
    REQUIRE(store->checkpoint().has_value());
    CHECK(git(folder.repository(), "rev-parse main").output ==
          store->ref("refs/heads/main")->hex());
    CHECK(store->ref("refs/tags/theirs").has_value());
  }
  store.reset();
  check_fsck(folder.repository());
}

TEST_CASE("the watch hears a push without being asked") {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  auto options = quiet_options();
  options.background = true;
  auto store = open_or_fail(folder.repository(), options);
  must_commit(*store, "one");
  REQUIRE(store->checkpoint().has_value());
  std::atomic<int> heard = 0;
  store->set_foreign_handler([&](const ForeignMove&) { ++heard; });
  const auto tip = store->ref("refs/heads/main")->hex();
  REQUIRE(git(folder.repository(), "update-ref refs/heads/other " + tip).status == 0);
  for (int i = 0; i < 200 && heard == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  CHECK(heard == 1);
  for (int i = 0; i < 200 && git(folder.repository(), "rev-parse -q --verify other").status == 0;
       ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  CHECK(git(folder.repository(), "rev-parse -q --verify other").status != 0);
  CHECK(heard == 1);
}

TEST_CASE(
    "bulk packs are readable when finished and kept until a published transaction names them") {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  auto store = open_or_fail(folder.repository(), quiet_options());
  auto bulk = store->begin_bulk();
  REQUIRE(bulk.has_value());
  const auto blob = (*bulk)->add(ObjectType::kBlob, "bulky\n");
  REQUIRE(blob.has_value());
  REQUIRE((*bulk)->finish().has_value());
  CHECK(text_of(*store, *blob) == "bulky\n");
  const auto keeps = [&] {
    int count = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder.repository() / "objects/pack")) {
      count += entry.path().extension() == ".keep";
    }
    return count;
  };
  CHECK(keeps() == 1);
  must_commit(*store, "unrelated");
  REQUIRE(store->checkpoint().has_value());
  CHECK(keeps() == 1);
  must_commit(*store, "bulky\n");
  REQUIRE(store->checkpoint().has_value());
  CHECK(keeps() == 0);
  check_fsck(folder.repository());
}

namespace {

// A commit on main whose tree holds `blob`.
Oid commit_of(ObjectStore& store, const Oid& blob, PendingObjects& objects) {
  std::string tree = "100644 leaf.jsonl";
  tree.push_back('\0');
  tree += blob.raw();
  git::Commit commit;
  commit.tree = objects.add(ObjectType::kTree, tree);
  const Oid parent = store.ref("refs/heads/main").value_or(Oid{});
  if (!parent.is_zero()) commit.parents.push_back(parent);
  commit.author = commit.committer = {"Ada", "ada@example.org", 1'700'000'000, 60};
  commit.message = "bulk\n";
  const Oid id = objects.add(ObjectType::kCommit, git::encode_commit(commit));
  REQUIRE(store.append(objects, {{"refs/heads/main", parent, id}}).has_value());
  return id;
}

}  // namespace

TEST_CASE("of a bulk pack only what a transaction leads to stays") {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  GitStoreOptions options = quiet_options();
  auto store = open_or_fail(folder.repository(), options);
  must_commit(*store, "first");
  const auto load = [&](std::shared_ptr<const void>& hold) {
    auto bulk = store->begin_bulk();
    REQUIRE(bulk.has_value());
    hold = (*bulk)->hold();
    const auto wanted = (*bulk)->add(ObjectType::kBlob, "wanted");
    REQUIRE((*bulk)->add(ObjectType::kBlob, "given up").has_value());
    REQUIRE((*bulk)->finish().has_value());
    return *wanted;
  };
  const Oid given_up = hash_object(ObjectType::kBlob, "given up");
  std::shared_ptr<const void> lost;
  std::shared_ptr<const void> kept;
  load(lost);
  const Oid wanted = load(kept);
  REQUIRE(store->checkpoint().has_value());
  CHECK(store->contains(given_up));  // Both are still held.
  {
    PendingObjects objects(*store);
    objects.add(ObjectType::kBlob, "made on the way");
    commit_of(*store, wanted, objects);
  }
  kept.reset();
  lost.reset();
  REQUIRE(store->checkpoint().has_value());
  CHECK(text_of(*store, wanted) == "wanted");
  CHECK_FALSE(store->contains(given_up));
  CHECK(git(folder.repository(), "fsck --full --strict --dangling --no-progress").output == "");
  // One that nobody holds when the process dies is removed at the next open.
  load(lost);
  kept = std::move(lost);
  options.read_only = true;
  store.reset();
  store = open_or_fail(folder.repository(), options);
  CHECK_FALSE(store->contains(given_up));
  CHECK(text_of(*store, wanted) == "wanted");
}

TEST_CASE("libgit2 finds a commit right after append, on two odbs and two threads") {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  const git::Library library;
  auto store = open_or_fail(folder.repository(), quiet_options());
  const auto made = commit_text(*store, "seen at once");
  REQUIRE(made.has_value());
  std::atomic<int> found = 0;
  const auto look = [&] {
    auto repository = git::open_repository(folder.repository());
    if (!repository) return;
    git_odb* raw = nullptr;
    if (git_repository_odb(&raw, repository->get()) != 0) return;
    const git::OdbHandle odb(raw);
    git_odb_backend* backend = make_journal_backend(*store);
    if (git_odb_add_backend(odb.get(), backend, 100) != 0) return;
    for (int i = 0; i < 50; ++i) {
      const auto commit = git::lookup_commit(**repository, made->commit);
      if (commit && git_commit_parentcount(commit->get()) == 0) ++found;
    }
    git_oid id = git::to_git(made->commit);
    git_oid full;
    if (git_odb_exists_prefix(&full, odb.get(), &id, 10) == 0 && git_oid_equal(&full, &id)) ++found;
  };
  std::thread one(look);
  std::thread two(look);
  one.join();
  two.join();
  CHECK(found == 102);
}

TEST_CASE("publish = each shows every transaction to stock git") {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  auto options = quiet_options();
  options.publish_each = true;
  auto store = open_or_fail(folder.repository(), options);
  for (int i = 0; i < 3; ++i) {
    const Made made = must_commit(*store, std::to_string(i));
    CHECK(git(folder.repository(), "rev-parse main").output == made.commit.hex());
  }
}

}  // namespace rowan::store
