// Branches, revisions, and tips that somebody else made.
#include "fixture.h"

namespace rowan::txn {

namespace {

// Passes everything on and says what is durable, so that a test can let a flush fail.
class WatchedStore final : public store::ObjectStore {
 public:
  explicit WatchedStore(store::ObjectStore& below) : below_(below) {}
  Result<store::ObjectRef> read(const Oid& id) const override { return below_.read(id); }
  bool contains(const Oid& id) const override { return below_.contains(id); }
  std::vector<Oid> find_prefix(std::string_view hex, size_t limit) const override {
    return below_.find_prefix(hex, limit);
  }
  std::optional<Oid> ref(std::string_view name) const override { return below_.ref(name); }
  std::vector<store::RefEntry> refs(std::string_view prefix) const override {
    return below_.refs(prefix);
  }
  Result<uint64_t> append(const store::PendingObjects& objects,
                          const std::vector<store::RefUpdate>& refs) override {
    if (fail) return Error(ErrorCode::kIoError, "read-only");
    return below_.append(objects, refs);
  }
  Result<void> wait_durable(uint64_t sequence) override {
    if (fail) return Error(ErrorCode::kIoError, "fsync failed");
    durable = std::max(durable, sequence);
    return {};
  }
  uint64_t durable_sequence() const override { return durable; }
  Result<std::unique_ptr<store::BulkWriter>> begin_bulk() override { return below_.begin_bulk(); }
  Result<void> checkpoint() override { return {}; }
  Result<void> maintain() override { return {}; }
  void set_foreign_handler(std::function<void(const store::ForeignMove&)>) override {}
  bool read_only() const override { return false; }
  store::StoreStats stats() const override { return {}; }
  store::NodeCache& cache() const override { return below_.cache(); }

  uint64_t durable = 0;
  bool fail = false;

 private:
  store::ObjectStore& below_;
};

Oid commit_rows(Fixture& f, int64_t id) {
  auto t = f.begin();
  must(f.insert(*t, "t", id, id));
  return must(t->commit(f.request())).commit;
}

}  // namespace

TEST_CASE("branches are made, renamed and dropped") {
  Fixture f;
  f.create("t");
  const Oid tip = must(f.manager->tip_snapshot("main")).commit;
  must(f.manager->create_branch("dev", tip));
  CHECK(f.manager->create_branch("dev", tip).error().code() == ErrorCode::kDuplicateBranch);
  CHECK(f.manager->create_branch("a..b", tip).error().code() == ErrorCode::kInvalidName);
  must(f.manager->rename_branch("dev", "new"));
  CHECK_FALSE(must(f.manager->has_branch("dev")));
  CHECK(f.store->ref("refs/heads/new") == tip);
  CHECK(f.manager->branches().size() == 2);
  auto open = must(f.manager->begin("new", IsolationLevel::kReadCommitted, false));
  must(open->begin_statement(true));
  must(f.insert(*open, "t", 1, 1));
  must(f.manager->drop_branch("new"));
  CHECK(open->commit(f.request()).error().code() == ErrorCode::kUndefinedBranch);
  CHECK(f.manager->begin("new", IsolationLevel::kReadCommitted, false).error().code() ==
        ErrorCode::kUndefinedBranch);
  CHECK(f.manager->begin("main", IsolationLevel::kSerializable, false).error().code() ==
        ErrorCode::kFeatureNotSupported);
}

TEST_CASE("revisions in every form") {
  Fixture f;
  f.create("t");
  std::vector<Oid> commits{f.first, must(f.manager->tip_snapshot("main")).commit};
  for (int i = 0; i < 30; ++i) {
    f.clock.set(1'700'000'100'000'000 + i * 1'000'000);
    commits.push_back(commit_rows(f, i));
  }
  const Oid tip = commits.back();
  const auto resolve = [&](const std::string& text) {
    return must(f.manager->resolve_revision(text, "main"));
  };
  CHECK(resolve("main") == tip);
  CHECK(resolve("HEAD") == tip);
  CHECK(resolve("refs/heads/main") == tip);
  CHECK(resolve(tip.hex()) == tip);
  CHECK(resolve(tip.hex().substr(0, 12)) == tip);
  CHECK(resolve("HEAD~") == commits[30]);
  CHECK(resolve("HEAD~7^") == commits[23]);
  CHECK(resolve("main^1~0") == commits[30]);
  CHECK(resolve("HEAD~31") == f.first);
  // 2023-11-14 22:15:00 UTC is second 1700000100.
  CHECK(resolve("main@{2023-11-14 22:15:03}") == commits[5]);
  CHECK(resolve("main@{2023-11-14T23:15:03.5+01:00}~1") == commits[4]);
  CHECK(must(f.manager->revision_at(1'700'000'110'000'000, "main")) == commits[12]);
  CHECK(f.manager->revision_at(5, "main").error().code() == ErrorCode::kUndefinedRevision);

  store::PendingObjects objects(*f.store);
  const Oid tag = objects.add(store::ObjectType::kTag,
                              "object " + commits[9].hex() + "\ntype commit\ntag v1\n\nv1\n");
  must(f.store->append(objects, {{"refs/tags/v1", Oid{}, tag}}));
  CHECK(resolve("v1") == commits[9]);
  for (const char* bad : {"nothing", "HEAD~32", "HEAD^2", "main@{soon}", "abc", "", "main@{"}) {
    CHECK_FALSE(f.manager->resolve_revision(bad, "main"));
  }
}

TEST_CASE("an abbreviation of several commits is ambiguous") {
  Fixture f;
  store::PendingObjects objects(*f.store);
  git::Commit commit = must(git::parse_commit(must(f.store->read(f.first)).bytes));
  std::map<std::string, Oid> seen;
  std::string shared;
  for (int i = 0; shared.empty(); ++i) {
    commit.message = std::to_string(i) + "\n";
    const Oid id = objects.add(store::ObjectType::kCommit, git::encode_commit(commit));
    if (!seen.emplace(id.hex().substr(0, 4), id).second) shared = id.hex().substr(0, 4);
  }
  must(f.store->append(objects, {}));
  CHECK(f.manager->resolve_revision(shared, "main").error().code() ==
        ErrorCode::kAmbiguousRevision);
}

TEST_CASE("a tip of another program is taken over where the branch stands as it was told") {
  Fixture f;
  f.create("t");
  const Oid base = commit_rows(f, 1);
  const Oid good = commit_rows(f, 2);
  // A second manager stands at `base`, as if `good` had been pushed by somebody else.
  must(f.store->append(store::PendingObjects(*f.store), {{"refs/heads/main", good, base}}));
  auto manager = must(Manager::open(*f.store, f.clock));
  const uint64_t generation = must(manager->tip_snapshot("main")).schema_generation;
  CHECK(manager->take_over({"main", f.first, good}).error().code() ==
        ErrorCode::kSerializationFailure);
  CHECK(must(manager->tip_snapshot("main")).commit == base);
  must(manager->take_over({"main", base, good}));
  CHECK(must(manager->tip_snapshot("main")).commit == good);
  CHECK(f.store->ref("refs/heads/main") == good);
  CHECK(must(manager->tip_snapshot("main")).schema_generation != generation);
  must(manager->take_over({"pushed", Oid{}, good}));
  CHECK(must(manager->tip_snapshot("pushed")).commit == good);
}

TEST_CASE(
    "X3: reads wait for what they saw; a failed flush takes every tip back to what is durable") {
  Fixture f;
  f.create("t");
  WatchedStore store(*f.store);
  store.durable = f.store->durable_sequence();
  auto manager = must(Manager::open(store, f.clock));
  const Oid durable = must(manager->tip_snapshot("main")).commit;
  const auto insert = [&](int64_t id, store::SyncMode sync) {
    auto t = must(manager->begin("main", IsolationLevel::kReadCommitted, false));
    must(t->begin_statement(true));
    must(f.insert(*t, "t", id, id));
    CommitRequest request = f.request();
    request.sync = sync;
    return t->commit(request);
  };
  const CommitOutcome off = must(insert(1, store::SyncMode::kOff));
  CHECK(must(manager->durable_snapshot("main")).commit == durable);
  auto reader = must(manager->begin("main", IsolationLevel::kReadCommitted, false));
  must(reader->begin_statement(false));
  CHECK(reader->snapshot().commit == off.commit);  // X5: it was acknowledged.
  auto own =
      must(manager->begin("main", IsolationLevel::kReadCommitted, false, nullptr, off.sequence));
  must(own->begin_statement(false));
  CHECK(own->snapshot().commit == off.commit);
  must(own->commit(f.request()));
  CHECK(store.durable == off.sequence);
  CHECK(must(manager->durable_snapshot("main")).commit == off.commit);

  must(insert(2, store::SyncMode::kOff));
  store.fail = true;
  auto t = must(manager->begin("main", IsolationLevel::kReadCommitted, false));
  must(t->begin_statement(true));
  const auto failed = t->commit(f.request());
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code() == ErrorCode::kIoError);
  CHECK(must(manager->tip_snapshot("main")).commit == off.commit);
}

}  // namespace rowan::txn
