// Proves that the verbs of version control need a store and a manager, and no session: what they ask for
// is in the context that a test makes, and what they did is in it afterwards.
#include <algorithm>
#include <atomic>
#include <functional>
#include <utility>

#include "base/limits.h"
#include "sql/parser.h"
#include "unit/txn/fixture.h"
#include "versions/bisect.h"
#include "versions/branches.h"
#include "versions/change_branch.h"
#include "versions/log.h"
#include "versions/merging.h"
#include "versions/pending_merge.h"
#include "versions/replay.h"
#include "versions/resolve.h"
#include "versions/revisions.h"
#include "versions/rewrite.h"
#include "versions/tags.h"

namespace rowan::versions {

namespace {

using sql::StatementKind;
using txn::must;

// Its views read nothing of the program's own.
class NoSystemTables final : public exec::SystemTables {
  Found find_relation(std::string_view, std::string_view) const override { return {}; }
  Result<Found> find_function(const sql::CallExpr&, const std::vector<type::Type>&) const override {
    return Error(ErrorCode::kUndefinedFunction, "no function");
  }
};

// A repository in which nobody else makes commits.
class OwnRepository final : public Repository {
 public:
  explicit OwnRepository(store::ObjectStore& store) : store_(store) {}
  const exec::SystemTables& system_tables() const override { return system_tables_; }
  std::string default_branch() const override { return head_; }
  Result<void> follow_rename(std::string_view from, std::string_view to) override {
    if (head_ == from) head_ = to;
    return {};
  }
  Result<Oid> root_of(const Oid& commit) override {
    TRY_ASSIGN(const git::Commit read, read_commit(store_, commit));
    return read.tree;
  }
  Result<Oid> sound_root_of(const Oid& commit) override {
    if (meanwhile) std::exchange(meanwhile, nullptr)();
    return root_of(commit);
  }
  Result<Oid> canonical_commit(store::PendingObjects&, const Oid& commit, const Oid&) override {
    return commit;
  }
  Result<Oid> canonical_tree(store::PendingObjects&, const Oid&, const Oid& root) override {
    return root;
  }
  Result<void> check_history(const Oid&, const Oid&) override { return {}; }

  std::function<void()> meanwhile;  // Done once, while a merge is worked out.

 private:
  store::ObjectStore& store_;
  std::string head_ = "main";
  NoSystemTables system_tables_;
};

// The verb of a statement.
Result<VerbResult> run_verb(Context& context, const sql::Statement& statement) {
  switch (statement.kind) {
    case StatementKind::kCreateBranch:
      return run_create_branch(context, static_cast<const sql::BranchStmt&>(statement));
    case StatementKind::kDropBranch:
      return run_drop_branch(context, static_cast<const sql::BranchStmt&>(statement));
    case StatementKind::kRenameBranch:
      return run_rename_branch(context, static_cast<const sql::BranchStmt&>(statement));
    case StatementKind::kCheckout:
      return run_checkout(context, static_cast<const sql::BranchStmt&>(statement));
    case StatementKind::kProtectBranch:
    case StatementKind::kUnprotectBranch:
      return run_protect_branch(context, static_cast<const sql::BranchSettingStmt&>(statement));
    case StatementKind::kCreateTag:
      return run_create_tag(context, static_cast<const sql::TagStmt&>(statement));
    case StatementKind::kMerge:
      return run_merge(context, static_cast<const sql::MergeStmt&>(statement));
    case StatementKind::kCommitMerge:
      return run_commit_merge(context, static_cast<const sql::MergeStmt&>(statement));
    case StatementKind::kResolve:
      return run_resolve(context, static_cast<const sql::ResolveStmt&>(statement));
    case StatementKind::kShowConflicts:
      return show_conflicts(context, static_cast<const sql::ShowStmt&>(statement));
    case StatementKind::kRevert:
      return run_revert(context, static_cast<const sql::RevisionsStmt&>(statement));
    case StatementKind::kRestore:
      return run_restore(context, static_cast<const sql::RestoreStmt&>(statement));
    case StatementKind::kResetTo:
      return run_reset(context, static_cast<const sql::RevisionsStmt&>(statement));
    default:
      return Error(ErrorCode::kInternal, "no verb of this test");
  }
}

// A table t of rows (1, 10), (2, 20), (3, 30), with v above zero, and a branch dev beside main.
struct Verbs : txn::Fixture {
  Verbs() {
    auto t = begin();
    catalog::TableDef table = txn::make_table("t");
    table.checks.push_back({"t_v_check", "v > 0"});
    must(t->put_file(table.path() + "/table.sql", catalog::table_sql(table)));
    must(t->commit(request()));
    for (const int64_t id : {1, 2, 3}) write("main", id, id * 10);
    run("CREATE BRANCH dev");
  }

  Result<VerbResult> try_run(std::string_view text) {
    const sql::ParsedStatement parsed = must(sql::parse_statement(text));
    context.effects = {};
    return run_verb(context, *parsed.statement);
  }
  VerbResult run(std::string_view text) { return must(try_run(text)); }
  Error failure(std::string_view text) {
    auto result = try_run(text);
    REQUIRE_MESSAGE(!result, std::string(text));
    return result.error();
  }

  // The row gets a value on the branch; it may be new there.
  void write(const std::string& branch, int64_t id, int64_t v) {
    auto t = must(manager->begin(branch, txn::IsolationLevel::kReadCommitted, false));
    must(t->begin_statement(true));
    if (see(*t, "t", id).empty()) {
      must(insert(*t, "t", id, v));
    } else {
      must(update(*t, "t", id, v));
    }
    must(t->commit(request("write " + std::to_string(id))));
  }
  std::string value_on(const std::string& branch, int64_t id) {
    auto t = must(manager->begin(branch, txn::IsolationLevel::kReadCommitted, true));
    must(t->begin_statement(false));
    return see(*t, "t", id);
  }
  Oid tip_of(const std::string& branch = "main") {
    return must(manager->tip_snapshot(branch)).commit;
  }
  git::Commit commit_of(const Oid& id) { return must(read_commit(*store, id)); }
  std::string key_conflicts() {  // Of SHOW MERGE CONFLICTS.
    std::string keys;
    const VerbResult shown = run("SHOW MERGE CONFLICTS");
    for (const type::Batch& batch : shown.rows->batches) {
      for (size_t row = 0; row < batch.rows; ++row)
        keys += batch.columns[2].value(row).as_string() + " ";
    }
    return keys;
  }

  OwnRepository repository{*store};
  BranchSettings settings;
  Context context{.store = *store,
                  .manager = *manager,
                  .indexes = manager->indexes(),
                  .repository = repository,
                  .settings = settings,
                  .clock = clock,
                  .head = {"main", false, {}},
                  .author = {"Grace", "grace@example.org", 0, 0}};
};

}  // namespace

TEST_CASE("a merge brings both sides' rows together, and says where the branch is now") {
  Verbs f;
  f.write("main", 1, 11);
  f.write("dev", 2, 22);
  const Oid ours = f.tip_of(), theirs = f.tip_of("dev");
  const VerbResult result = f.run("MERGE dev");
  CHECK(f.value_on("main", 1) == txn::row(1, 11));
  CHECK(f.value_on("main", 2) == txn::row(2, 22));
  CHECK(f.value_on("dev", 1) == txn::row(1, 10));
  REQUIRE(f.context.effects.commit);
  CHECK(f.context.effects.commit->id == f.tip_of());
  CHECK(f.context.effects.commit->sequence > 0);
  CHECK(result.facts.commit_id == f.tip_of().hex());
  const git::Commit merge = f.commit_of(f.tip_of());
  CHECK(merge.parents == std::vector<Oid>{ours, theirs});
  CHECK(merge.author.name == "Grace");
  CHECK(merge.message.find("MERGE dev") != std::string::npos);  // The statement is its body.
  f.context.head = {"dev", false, {}};
  CHECK(f.run("MERGE main").facts.notices.front().starts_with("fast-forward"));
  CHECK(f.tip_of("dev") == f.tip_of());
}

TEST_CASE("a merge is worked out again when somebody moved the branch meanwhile") {
  Verbs f;
  f.write("main", 1, 11);
  f.write("dev", 2, 22);
  Oid moved;
  f.repository.meanwhile = [&] {
    f.write("main", 9, 90);
    moved = f.tip_of();
  };
  f.run("MERGE dev");
  CHECK(f.commit_of(f.tip_of()).parents[0] == moved);
  CHECK(f.value_on("main", 9) == txn::row(9, 90));
  CHECK(f.value_on("main", 2) == txn::row(2, 22));
  // So are answers to its conflicts, and its end.
  f.write("main", 1, 100);
  f.write("dev", 1, 200);
  f.run("MERGE dev WITH MANUAL RESOLUTION");
  f.run("RESOLVE CONFLICT IN t KEY 1 USING SOURCE");
  f.repository.meanwhile = [&] {
    f.write("main", 9, 91);
    moved = f.tip_of();
  };
  f.run("COMMIT MERGE");
  CHECK(f.commit_of(f.tip_of()).parents[0] == moved);
  CHECK(f.value_on("main", 1) == txn::row(1, 200));
}

TEST_CASE("a merge by hand waits, takes answers, and is committed") {
  Verbs f;
  for (const int64_t id : {1, 2, 3}) {
    f.write("main", id, 100 + id);
    f.write("dev", id, 200 + id);
  }
  const Oid before = f.tip_of();
  CHECK(f.run("MERGE dev WITH MANUAL RESOLUTION").open_conflicts == 3);
  CHECK(f.tip_of() == before);
  CHECK(!f.context.effects.commit);
  CHECK(f.key_conflicts() == "1 2 3 ");
  CHECK(f.failure("COMMIT MERGE").code() == ErrorCode::kConflict);
  CHECK(f.run("RESOLVE CONFLICT IN t KEY 1 USING SOURCE").open_conflicts == 2);
  CHECK(f.run("RESOLVE CONFLICT IN t KEY 2 USING '{\"v\": 7}'").open_conflicts == 1);
  CHECK(f.key_conflicts() == "3 ");
  // The branch may move meanwhile.
  f.write("main", 4, 40);
  f.run("RESOLVE CONFLICTS USING HEAD");
  f.run("COMMIT MERGE");
  CHECK(f.value_on("main", 1) == txn::row(1, 201));
  CHECK(f.value_on("main", 2) == txn::row(2, 7));
  CHECK(f.value_on("main", 3) == txn::row(3, 103));
  CHECK(f.value_on("main", 4) == txn::row(4, 40));
  CHECK(!f.store->ref(merge_ref("main")));
  CHECK(f.store->ref(git::kResolutionsRef));
  CHECK(f.commit_of(f.tip_of()).parents.size() == 2);
}

TEST_CASE("which conflicts a condition means is asked of whoever lent the context") {
  Verbs f;
  for (const int64_t id : {1, 2}) {
    f.write("main", id, 100 + id);
    f.write("dev", id, 200 + id);
  }
  f.run("MERGE dev WITH MANUAL RESOLUTION");
  const std::string_view by_condition = "RESOLVE CONFLICTS IN t WHERE our_v = 102 USING SOURCE";
  CHECK(f.failure(by_condition).code() == ErrorCode::kFeatureNotSupported);
  std::string asked;
  f.context.run_query = [&](const sql::SelectStmt& query) -> Result<std::vector<type::Batch>> {
    asked = static_cast<const sql::NamedTable&>(*query.from[0]).name.name;
    type::ColumnBuilder keys({type::TypeId::kText, -1});
    keys.append(type::Value::of_string({type::TypeId::kText, -1}, "2"));
    type::Batch batch;
    batch.rows = 1;
    batch.columns.push_back(keys.finish());
    return std::vector<type::Batch>{batch};
  };
  CHECK(f.run(by_condition).open_conflicts == 1);
  CHECK(asked == "conflicts_public.t");
  CHECK(f.key_conflicts() == "1 ");
}

TEST_CASE("rows that stop a merge come back with its error, and go when the next one is fine") {
  Verbs f;
  f.write("main", 1, 11);
  {
    auto t = must(f.manager->begin("dev", txn::IsolationLevel::kReadCommitted, false));
    must(t->begin_statement(true));
    must(f.update(*t, "t", 2, -1));  // No CHECK is asked here: as a hand edit may have it.
    must(t->commit(f.request("below zero")));
  }
  const Oid before = f.tip_of();
  CHECK(f.failure("MERGE dev").code() == ErrorCode::kCheckViolation);
  REQUIRE(f.context.effects.violations);
  REQUIRE(f.context.effects.violations->size() == 1);
  CHECK(f.context.effects.violations->front().constraint == "t_v_check");
  CHECK(f.context.effects.violations->front().key == "(2)");
  CHECK(f.tip_of() == before);
  f.write("dev", 2, 1);
  f.run("MERGE dev");
  REQUIRE(f.context.effects.violations);
  CHECK(f.context.effects.violations->empty());
}

TEST_CASE("commits are taken back, and rows and branches brought to where they were") {
  Verbs f;
  const Oid start = f.tip_of();
  f.write("main", 1, 11);
  f.run("REVERT HEAD");
  CHECK(f.value_on("main", 1) == txn::row(1, 10));
  CHECK(f.commit_of(f.tip_of()).message.starts_with("Revert \"write 1\""));
  CHECK(f.context.effects.commit->id == f.tip_of());
  f.write("main", 2, 22);
  f.run("RESTORE TABLE t TO 'HEAD~1'");
  CHECK(f.value_on("main", 2) == txn::row(2, 20));
  f.run("RESET BRANCH TO '" + start.hex() + "'");
  CHECK(f.tip_of() == start);
}

TEST_CASE("a tag is read from and not written to; the asker stands where the verbs left him") {
  Verbs f;
  f.run("CREATE TAG v1");
  const Oid tagged = f.tip_of();
  f.write("main", 1, 11);
  f.run("CHECKOUT v1");
  CHECK(f.context.effects.checked_out);
  CHECK(f.context.head.is_pinned);
  CHECK(f.context.head.name() == "v1");
  CHECK(f.context.head.branch == tagged.hex());
  CHECK(f.failure("MERGE dev").code() == ErrorCode::kReadOnlyTransaction);
  CHECK(f.failure("REVERT HEAD").code() == ErrorCode::kReadOnlyTransaction);
  CHECK(must(find_revision(f.context, "HEAD")).commit == tagged);
  f.run("CHECKOUT dev");
  CHECK(!f.context.head.is_pinned);
  f.run("RENAME BRANCH dev TO work");
  CHECK(f.context.head.branch == "work");
  CHECK(f.failure("DROP BRANCH work").code() == ErrorCode::kObjectNotInState);
  f.run("CHECKOUT main");
  f.run("DROP BRANCH work");
  CHECK(!must(f.manager->has_branch("work")));
}

TEST_CASE("a protected branch takes merges and nothing else") {
  Verbs f;
  f.write("main", 1, 11);
  f.write("dev", 2, 22);
  f.run("PROTECT BRANCH main");
  CHECK(f.failure("REVERT HEAD").code() == ErrorCode::kInsufficientPrivilege);
  f.run("MERGE dev");
  CHECK(f.value_on("main", 2) == txn::row(2, 22));
}

TEST_CASE("no verb runs in a transaction") {
  Verbs f;
  f.write("dev", 2, 22);
  const auto transaction = f.begin();
  f.context.transaction = transaction.get();
  CHECK(f.failure("MERGE dev").code() == ErrorCode::kActiveTransaction);
}

TEST_CASE("the log is walked, and revisions mean what the running statement reads") {
  Verbs f;
  f.write("main", 1, 11);
  const Oid read = f.tip_of();
  const auto transaction = must(f.manager->begin_at(read, txn::IsolationLevel::kRepeatableRead));
  f.write("main", 1, 12);
  CHECK(must(find_commit(f.context, "HEAD")) == f.tip_of());
  CHECK(must(find_commit(f.context, "")) == f.tip_of());
  f.context.transaction = transaction.get();
  CHECK(must(find_commit(f.context, "HEAD")) == read);
  CHECK(must(find_commit(f.context, "HEAD~1")) == f.commit_of(read).parents[0]);
  LogRequest request;
  request.from = {f.tip_of()};
  request.grep = "write 1";
  LogWalk walk = must(LogWalk::open(history_of(f.context, nullptr), request));
  std::vector<Oid> found;
  LogEntry entry;
  while (must(walk.next(entry))) found.push_back(entry.id);
  REQUIRE(found.size() == 3);
  CHECK(found[0] == f.tip_of());
  CHECK(found[1] == read);
}

TEST_CASE("the first bad commit is found wherever it is, with few questions") {
  Verbs f;
  const Oid good = f.tip_of();
  std::vector<Oid> commits;
  for (int i = 0; i < 20; ++i) {
    f.write("main", 1, 100 + i);
    commits.push_back(f.tip_of());
  }
  const auto place_of = [&](const Oid& commit) {
    return std::find(commits.begin(), commits.end(), commit) - commits.begin();
  };
  for (std::ptrdiff_t first_bad = 0; first_bad < 20; ++first_bad) {
    CAPTURE(first_bad);
    size_t asked = 0;
    Bisection bisection(history_of(f.context, nullptr), [&](const Oid& commit) -> Result<Verdict> {
      ++asked;
      return Verdict(commit == good || place_of(commit) < first_bad);
    });
    const std::vector<BisectStep> steps = must(bisection.run(good, commits.back()));
    CHECK(steps.back().verdict == "first bad");
    CHECK(place_of(steps.back().commit) == first_bad);
    CHECK(asked <= 2 + 5);  // The ends, and as often as twenty can be halved.
  }
  // Where it cannot be said of some, it is one of them or the first bad one behind them.
  Bisection bisection(history_of(f.context, nullptr), [&](const Oid& commit) -> Result<Verdict> {
    const std::ptrdiff_t place = place_of(commit);
    if (place >= 7 && place < 10) return Verdict();
    return Verdict(commit == good || place < 10);
  });
  size_t suspects = 0;
  for (const BisectStep& step : must(bisection.run(good, commits.back()))) {
    if (step.verdict != "suspect") continue;
    ++suspects;
    CHECK(place_of(step.commit) >= 7);
    CHECK(place_of(step.commit) <= 10);
  }
  CHECK(suspects == 4);
}

TEST_CASE("what others moved meanwhile is tried again, until it stands or somebody cancels") {
  Verbs f;
  std::atomic<bool> cancelled = false;
  f.context.cancelled = &cancelled;
  int left = 2;
  const auto twice = [&]() -> Result<int> {
    if (left-- > 0) return Error(ErrorCode::kSerializationFailure, "moved");
    return 7;
  };
  CHECK(must(until_it_stands(f.context, 3, twice)) == 7);
  int tried = 0;
  const auto never = [&]() -> Result<int> {
    ++tried;
    return Error(ErrorCode::kSerializationFailure, "moved");
  };
  CHECK(until_it_stands(f.context, 3, never).error().code() == ErrorCode::kSerializationFailure);
  CHECK(tried == 3);
  const auto refused = [&]() -> Result<int> {
    ++tried;
    return Error(ErrorCode::kConflict, "no");
  };
  CHECK(until_it_stands(f.context, 3, refused).error().code() == ErrorCode::kConflict);
  CHECK(tried == 4);
  cancelled = true;
  CHECK(until_it_stands(f.context, 3, never).error().code() == ErrorCode::kQueryCanceled);
  CHECK(tried == 5);
}

TEST_CASE("a branch that moves while it is changed gets the change on top") {
  Verbs f;
  int attempts = 0;
  const auto outcome =
      must(change_branch(f.context, [&](const BranchTarget& target) -> Result<txn::CommitOutcome> {
        if (++attempts == 1) f.write("main", 9, 90);
        store::PendingObjects objects(*f.store);
        txn::TreeCommit commit;
        commit.branch = target.branch;
        commit.expected_tip = target.tip;
        commit.root = must(read_commit(*f.store, f.first)).tree;
        commit.parents = {target.tip};
        commit.objects = &objects;
        commit.author = f.context.author;
        commit.message = "empty";
        return f.manager->commit_tree(commit);
      }));
  CHECK(attempts == 2);
  CHECK(outcome.commit == f.tip_of());
  CHECK(f.commit_of(f.commit_of(outcome.commit).parents[0]).message.starts_with("write 9"));
  CHECK(f.context.effects.commit->id == outcome.commit);
}

}  // namespace rowan::versions
