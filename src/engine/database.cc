#include "engine/database.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/caught.h"
#include "base/files.h"
#include "catalog/format_file.h"
#include "engine/check.h"
#include "engine/failure.h"
#include "engine/import/admission.h"
#include "engine/import/content.h"
#include "engine/session.h"
#include "git/config.h"
#include "git/head.h"
#include "git/ref_names.h"
#include "store/adopt.h"
#include "store/git_store.h"
#include "store/memory_store.h"
#include "store/node_cache.h"
#include "system/registry.h"
#include "versions/history_policy.h"

namespace rowan::engine {

namespace {

constexpr std::string_view kMemory = ":memory:";
constexpr std::string_view kMainBranch = "main";
constexpr size_t kUnpublishedPart = 4;  // Of all memory, at most.
constexpr size_t kUnpublishedBytesMin = 4u << 20;

std::string text_of(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? std::string() : std::string(value);
}

// The system user whose process this is.
std::string local_login() {
  const passwd* user = ::getpwuid(::getuid());  // Called once, before any thread is started.
  return user != nullptr ? user->pw_name : "rowan";
}

// Git's own way to a name and an address: the environment, its settings, else the system user.
Result<git::Signature> local_author(const std::filesystem::path& folder, const std::string& login) {
  git::Signature author;
  author.name = text_of("GIT_AUTHOR_NAME");
  author.email = text_of("GIT_AUTHOR_EMAIL");
  if (author.name.empty() || author.email.empty()) {
    TRY_ASSIGN(git::Identity configured, git::configured_author(folder));
    if (author.name.empty()) author.name = std::move(configured.name);
    if (author.email.empty()) author.email = std::move(configured.email);
  }
  if (author.email.empty()) author.email = text_of("EMAIL");
  if (author.name.empty()) author.name = login;
  if (author.email.empty()) author.email = login + "@localhost";
  return author;
}

// The first commit of a repository: an empty public schema.
Result<void> write_first_commit(store::ObjectStore& store, const git::Signature& author,
                                const Clock& clock) {
  store::PendingObjects objects(store);
  git::Commit commit;
  TRY_ASSIGN(commit.tree, catalog::write_initial_tree(objects));
  const int64_t now = clock.now_us();
  commit.author = author;
  commit.author.seconds = now / 1'000'000;
  commit.committer = commit.author;
  commit.message = git::message_with_trailers("create the repository", "",
                                              {{"Rowan-Time", std::to_string(now)}});
  const Oid id = objects.add(store::ObjectType::kCommit, git::encode_commit(commit));
  TRY_ASSIGN(const uint64_t sequence,
             store.append(objects, {{git::branch_ref(kMainBranch), Oid{}, id}}));
  return store.wait_durable(sequence);
}

Result<store::SyncMode> sync_mode(std::string_view word) {
  if (word == "on") return store::SyncMode::kOn;
  if (word == "normal") return store::SyncMode::kNormal;
  if (word == "off") return store::SyncMode::kOff;
  return Error(ErrorCode::kInvalidParameterValue,
               fmt::format("invalid value for synchronous_commit: \"{}\"", word))
      .with_hint("Use on, normal or off.");
}

}  // namespace

Result<void> DatabaseImpl::init(std::string_view path) {
  TRY(store::init_git_store(std::filesystem::path(path), kMainBranch));
  TRY_ASSIGN(const std::unique_ptr<store::ObjectStore> store,
             store::open_git_store(std::filesystem::path(path), {}));
  TRY_ASSIGN(const git::Signature author, local_author(path, local_login()));
  TRY(write_first_commit(*store, author, system_clock()));
  return store->checkpoint();
}

Result<std::unique_ptr<DatabaseImpl>> DatabaseImpl::open(std::string_view path,
                                                         const OpenOptions& options) {
  std::unique_ptr<DatabaseImpl> database(new DatabaseImpl(
      options.memory_bytes != 0 ? options.memory_bytes : default_memory_bytes()));
  if (options.command_hints) database->door_ = versions::Door::kCommand;
  TRY_ASSIGN(const store::SyncMode sync, sync_mode(options.synchronous_commit));
  const auto set_author = [&](const std::filesystem::path& folder) -> Result<void> {
    database->login_ = local_login();
    TRY_ASSIGN(database->author_, local_author(folder, database->login_));
    if (!options.user.empty()) database->author_.name = options.user;
    if (!options.email.empty()) database->author_.email = options.email;
    return {};
  };
  if (path == kMemory) {
    TRY(set_author({}));
    database->name_ = options.name.empty() ? "memory" : options.name;
    database->store_ = store::make_memory_store();
    TRY(write_first_commit(*database->store_, database->author_, database->clock()));
    if (options.read_only) store::end_writing(*database->store_);
  } else {
    std::error_code error;
    if (options.create && !std::filesystem::exists(path, error)) TRY(init(path));
    // Links that the user's own path leads through are followed once, here; then none is.
    const std::filesystem::path folder = resolve(path);
    database->folder_ = folder;
    store::GitStoreOptions store_options;
    store_options.read_only = options.read_only;
    store_options.sync = sync;
    store_options.publish_each = options.publish_each;
    store_options.cache_bytes = options.cache_bytes;
    // Objects that only the journal has are in memory as well; a small process publishes sooner.
    store_options.unpublished_bytes_max =
        std::clamp(database->memory_.bytes_max() / kUnpublishedPart, kUnpublishedBytesMin,
                   kUnpublishedBytesMax);
    TRY_ASSIGN(database->store_, store::open_git_store(folder, store_options));
    if (options.drop_caches && !options.read_only) TRY(store::drop_derived(folder));
    TRY(set_author(folder));
    std::filesystem::path named = std::filesystem::absolute(path, error).lexically_normal();
    if (named.filename().empty()) named = named.parent_path();
    database->name_ =
        !options.name.empty() ? options.name
        : named.extension() == ".git" ? named.stem().string() : named.filename().string();
  }
  if (path != kMemory) TRY(database->branch_settings_.open(database->folder_));
  txn::ManagerOptions manager_options;
  if (path != kMemory) manager_options.derived_folder = store::derived_folder(database->folder_);
  manager_options.verify_moved = [&](txn::Manager& manager) {
    const BudgetScope counted(&database->memory_);
    // Views of what is judged may read history.
    database->roots_ = std::make_unique<ReadableRoots>(*database->store_, manager.history());
    const Admission admission(manager, database->branch_settings_, database->clock(),
                              database->author_.name, database->name_);
    return database->foreign_moves_.verify_moved(manager, admission);
  };
  manager_options.readable_root = [opened = database.get()](const Oid& commit) {
    return opened->root_of(commit);
  };
  TRY_ASSIGN(database->manager_,
             txn::Manager::open(*database->store_, database->clock(), manager_options));
  TRY(database->find_default_branch());
  // A newer format is refused at once; other broken content is its branch's matter, so that `rowan
  // check` can show it.
  TRY_ASSIGN(const txn::Snapshot tip, database->manager_->tip_snapshot(database->default_branch_));
  const auto format = catalog::check_format(*database->store_, database->store_->cache(), tip.root);
  if (!format && format.error().code() == ErrorCode::kUnsupportedFormat)
    return Error(format.error());
  if (database->foreign_moves_.is_sound(database->default_branch_))
    database->roots_->compare_with(tip.root);
  if (!options.read_only) versions::apply_history_policies(*database->manager_, database->branch_settings_);
  database->foreign_moves_.start(*database);
  return database;
}

// HEAD says where sessions begin. Where it says nothing of use (and the store could not set it back),
// the only branch is meant; of several, none is guessed: a session then has to name one.
Result<void> DatabaseImpl::find_default_branch() {
  if (folder_.empty()) return {};
  const auto read = git::head_branch(folder_);
  const std::optional<std::string> head = read ? *read : std::nullopt;
  if (head) {
    default_branch_ = *head;
    TRY_ASSIGN(const bool is_branch, manager_->has_branch(*head));
    if (is_branch) return {};
  }
  const std::vector<txn::BranchInfo> branches = manager_->branches();
  if (branches.empty())
    return Error(ErrorCode::kNotARepository,
                 fmt::format("\"{}\" has no branch", folder_.string()));
  default_branch_ = branches.front().name;
  if (branches.size() == 1) return {};
  const std::string named =
      head ? fmt::format("branch \"{}\", which does not exist", *head) : std::string("no branch");
  head_problem_ = Error(ErrorCode::kUndefinedBranch, "HEAD names " + named)
                      .with_hint(fmt::format(
                          "Name the branch to work on (--branch), or let HEAD name it: git "
                          "--git-dir \"{}\" symbolic-ref HEAD refs/heads/{}",
                          folder_.string(), default_branch_));
  return {};
}

DatabaseImpl::~DatabaseImpl() {
  ends_well([&] { foreign_moves_.stop(); });
  if (!manager_) return;
  ends_well([&] { ignore_error(manager_->roll_up_due(), "the next commit looks again"); });
  ends_well([&] {
    ignore_error(manager_->close(), "the store's journal keeps what was committed");
  });
}

Result<Oid> DatabaseImpl::canonical_commit(store::PendingObjects& objects, const Oid& commit,
                                           const Oid& known_root) {
  return engine::canonical_commit(*manager_, objects, commit, known_root);
}

Result<Oid> DatabaseImpl::canonical_tree(store::PendingObjects& objects, const Oid& known_root,
                                         const Oid& root) {
  return canonical_content(objects, *store_, known_root, root);
}

Result<void> DatabaseImpl::check_history(const Oid& commit, const Oid& known_root) {
  const auto objection = admission().ask_ancestors({{}, commit}, known_root);
  return objection ? Result<void>(objection_error(*objection)) : Result<void>();
}

const exec::SystemTables& DatabaseImpl::system_tables() const {
  return system::tables_without_session();
}

std::string DatabaseImpl::default_branch() const {
  const std::lock_guard lock(head_mutex_);
  return default_branch_;
}

Result<void> DatabaseImpl::follow_rename(std::string_view from, std::string_view to) {
  const std::lock_guard lock(head_mutex_);
  if (default_branch_ != from) return {};
  default_branch_ = to;
  if (folder_.empty()) return {};
  TRY(store_->checkpoint());  // HEAD must not name a branch that Git does not have yet.
  return git::set_head_branch(folder_, to);
}

Outcome<std::unique_ptr<Session>> DatabaseImpl::connect(const ConnectOptions& options) {
  return guarded([&]() -> Outcome<std::unique_ptr<Session>> {
    // "name@rev" names the database as well, as a connection from elsewhere does.
    ConnectOptions wanted = options;
    if (wanted.branch.starts_with(name_ + "@") && !wanted.branch.starts_with(name_ + "@{"))
      wanted.branch.erase(0, name_.size() + 1);
    if (wanted.branch.empty() && head_problem_) return to_failure(*head_problem_);
    auto session = std::make_unique<SessionImpl>(*this, wanted);
    if (auto begun = session->begin(wanted); !begun) return to_failure(begun.error());
    return std::unique_ptr<Session>(std::move(session));
  });
}

Outcome<bool> DatabaseImpl::checkpoint() {
  return guarded([&]() -> Outcome<bool> {
    if (auto rolled = manager_->roll_up_due(); !rolled) return to_failure(rolled.error());
    auto done = store_->checkpoint();
    if (!done) return to_failure(done.error());
    return true;
  });
}

Outcome<std::vector<std::string>> DatabaseImpl::check(
    const std::function<void(const Progress&)>& report, std::vector<std::string>* notes) {
  return guarded([&]() -> Outcome<std::vector<std::string>> {
    // Branches have most of their rows in common: each is compared with one that is fine.
    Admission admission = this->admission();
    const auto violations = [this, &admission, fine = Oid{}](const store::ObjectReader& objects,
                                                 const Oid& root) mutable {
      auto found = admission.find_violations(objects, fine, root);
      if (found && found->empty() && store_->contains(root)) fine = root;
      return found;
    };
    const auto is_own = [this](const Oid& commit) { return manager_->history().is_own(commit); };
    const DerivedData derived{manager_->history(), manager_->row_counts(),
                              folder_.empty() ? folder_ : store::derived_folder(folder_)};
    auto checked = check_repository(*store_, violations, is_own, derived, report);
    if (!checked) return to_failure(checked.error());
    if (notes != nullptr) *notes = std::move(checked->notes);
    return std::move(checked->problems);
  });
}

std::optional<uint64_t> DatabaseImpl::row_count(const catalog::TableVersion& table) {
  if (table.rows.is_zero()) return 0;
  return manager_->row_counts().find(table.rows);
}

}  // namespace rowan::engine

namespace rowan {

Outcome<std::unique_ptr<Database>> Database::open(std::string_view path,
                                                  const OpenOptions& options) {
  return engine::guarded([&]() -> Outcome<std::unique_ptr<Database>> {
    auto opened = engine::DatabaseImpl::open(path, options);
    if (!opened) return engine::to_failure(opened.error());
    return std::unique_ptr<Database>(std::move(*opened));
  });
}

Outcome<std::unique_ptr<Session>> Database::connect(std::string_view branch) {
  return engine::guarded([&]() -> Outcome<std::unique_ptr<Session>> {
    ConnectOptions options;
    options.branch = branch;
    return connect(options);
  });
}

Outcome<bool> Database::init(std::string_view path) {
  return engine::guarded([&]() -> Outcome<bool> {
    auto done = engine::DatabaseImpl::init(path);
    if (!done) return engine::to_failure(done.error());
    return true;
  });
}

const char* version() { return "0.1.0"; }

}  // namespace rowan
