#include "engine/database.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/caught.h"
#include "engine/check.h"
#include "engine/failure.h"
#include "engine/history_policy.h"
#include "engine/session.h"
#include "git/head.h"
#include "store/git_store.h"
#include "store/memory_store.h"
#include "store/node_cache.h"

namespace rowan::engine {

namespace {

constexpr std::string_view kMemory = ":memory:";
constexpr std::string_view kMainBranch = "main";

// Git's own way to a name and an address: the environment, else the system user.
git::Signature system_author() {
  git::Signature author;
  const char* name = std::getenv("GIT_AUTHOR_NAME");
  const char* email = std::getenv("GIT_AUTHOR_EMAIL");
  const passwd* user = ::getpwuid(::getuid());  // Called once, before any thread is started.
  const std::string login = user != nullptr ? user->pw_name : "rowan";
  author.name = name != nullptr && *name != '\0' ? name : login;
  author.email = email != nullptr && *email != '\0' ? email : login + "@localhost";
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
             store.append(objects, {{"refs/heads/" + std::string(kMainBranch), Oid{}, id}}));
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
  TRY(write_first_commit(*store, system_author(), system_clock()));
  return store->checkpoint();
}

Result<std::unique_ptr<DatabaseImpl>> DatabaseImpl::open(std::string_view path,
                                                         const OpenOptions& options) {
  std::unique_ptr<DatabaseImpl> database(new DatabaseImpl(
      options.memory_bytes != 0 ? options.memory_bytes : default_memory_bytes()));
  database->author_ = system_author();
  if (!options.user.empty()) database->author_.name = options.user;
  if (!options.email.empty()) database->author_.email = options.email;
  TRY_ASSIGN(const store::SyncMode sync, sync_mode(options.synchronous_commit));
  if (path == kMemory) {
    database->name_ = "memory";
    database->store_ = store::make_memory_store();
    TRY(write_first_commit(*database->store_, database->author_, database->clock()));
  } else {
    const std::filesystem::path folder(path);
    std::error_code error;
    if (options.create && !std::filesystem::exists(folder, error)) TRY(init(path));
    store::GitStoreOptions store_options;
    store_options.read_only = options.read_only;
    store_options.sync = sync;
    store_options.publish_each = options.publish_each;
    store_options.cache_bytes = options.cache_bytes;
    TRY_ASSIGN(database->store_, store::open_git_store(folder, store_options));
    std::filesystem::path named = std::filesystem::absolute(folder, error).lexically_normal();
    if (named.filename().empty()) named = named.parent_path();
    database->name_ =
        named.extension() == ".git" ? named.stem().string() : named.filename().string();
  }
  if (path != kMemory) TRY(database->branch_settings_.open(path));
  database->roots_ = std::make_unique<ReadableRoots>(*database->store_);
  txn::ManagerOptions manager_options;
  if (path != kMemory && !options.read_only)
    manager_options.derived_folder = std::filesystem::path(path) / "rowan" / "derived";
  manager_options.verify_moved = [&](txn::Manager& manager) {
    const Admission admission(manager, database->branch_settings_, database->clock(),
                              database->author_.name, database->name_);
    return database->foreign_moves_.verify_moved(manager, admission);
  };
  TRY_ASSIGN(database->manager_,
             txn::Manager::open(*database->store_, database->clock(), manager_options));
  if (path != kMemory) {
    database->folder_ = path;
    TRY_ASSIGN(const auto head, git::head_branch(database->folder_));
    if (head) database->default_branch_ = *head;
  }
  TRY_ASSIGN(const bool has_head, database->manager_->has_branch(database->default_branch_));
  if (!has_head) {
    const auto branches = database->manager_->branches();
    if (branches.empty())
      return Error(ErrorCode::kNotARepository, fmt::format("\"{}\" has no branch", path));
    database->default_branch_ = branches.front().name;
  }
  // A newer format is refused at once; other broken content is its branch's matter, so that `rowan
  // check` can show it.
  TRY_ASSIGN(const txn::Snapshot tip, database->manager_->tip_snapshot(database->default_branch_));
  const auto format = catalog::check_format(*database->store_, database->store_->cache(), tip.root);
  if (!format && format.error().code() == ErrorCode::kUnsupportedFormat)
    return Error(format.error());
  if (!options.read_only) apply_history_policies(*database->manager_, database->branch_settings_);
  database->foreign_moves_.start(*database);
  return database;
}

DatabaseImpl::~DatabaseImpl() {
  ends_well([&] { foreign_moves_.stop(); });
  if (!manager_) return;
  ends_well([&] { ignore_error(manager_->roll_up_due(), "the next commit looks again"); });
  ends_well([&] {
    ignore_error(manager_->close(), "the store's journal keeps what was committed");
  });
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

Outcome<std::unique_ptr<Session>> DatabaseImpl::connect(std::string_view branch) {
  return guarded([&]() -> Outcome<std::unique_ptr<Session>> {
    // "name@rev" names the database as well, as a connection from elsewhere does.
    if (branch.starts_with(name_ + "@") && !branch.starts_with(name_ + "@{"))
      branch.remove_prefix(name_.size() + 1);
    auto session = std::make_unique<SessionImpl>(*this, default_branch());
    if (!branch.empty()) {
      if (auto moved = session->check_out(branch); !moved) return to_failure(moved.error());
    }
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
    const std::function<void(const Progress&)>& report, std::vector<std::string>* absent) {
  return guarded([&]() -> Outcome<std::vector<std::string>> {
    // Branches have most of their rows in common: each is compared with one that is fine.
    const auto violations = [this, fine = Oid{}](const Oid& root) mutable {
      auto found = admission().find_violations(*store_, fine, root);
      if (found && found->empty()) fine = root;
      return found;
    };
    auto checked = check_repository(*store_, violations, report);
    if (!checked) return to_failure(checked.error());
    if (absent != nullptr) *absent = std::move(checked->absent);
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

Outcome<bool> Database::init(std::string_view path) {
  return engine::guarded([&]() -> Outcome<bool> {
    auto done = engine::DatabaseImpl::init(path);
    if (!done) return engine::to_failure(done.error());
    return true;
  });
}

const char* version() { return "0.1.0"; }

}  // namespace rowan
