// DatabaseImpl: an open repository: its store, its transactions, and what its sessions share.
//
// Threads: any; sessions use it concurrently.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/memory_budget.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "derived/index.h"
#include "engine/deadlines.h"
#include "engine/import/foreign_moves.h"
#include "engine/readable_roots.h"
#include "git/commit.h"
#include "rowan/rowan.h"
#include "store/object_store.h"
#include "txn/transaction.h"
#include "versions/branch_settings.h"
#include "versions/context.h"
#include "versions/hints.h"
#include "versions/repository.h"

namespace rowan::engine {

class DatabaseImpl final : public Database, public versions::Repository {
 public:
  static Result<std::unique_ptr<DatabaseImpl>> open(std::string_view path,
                                                    const OpenOptions& options);
  static Result<void> init(std::string_view path);
  ~DatabaseImpl() override;

  using Database::connect;
  Outcome<std::unique_ptr<Session>> connect(const ConnectOptions& options) override;
  Outcome<bool> checkpoint() override;
  Outcome<std::vector<std::string>> check(
      const std::function<void(const Progress&)>& report,
      std::vector<std::string>* notes) override;

  store::ObjectStore& store() { return *store_; }
  txn::Manager& manager() { return *manager_; }
  derived::Indexes& unique_indexes() { return manager_->indexes(); }
  // The tree that a commit of history is read by (readable_roots.h).
  Result<Oid> root_of(const Oid& commit) override { return roots_->root_of(commit); }
  // The same to build upon.
  Result<Oid> sound_root_of(const Oid& commit) override { return roots_->sound_root_of(commit); }
  Result<Oid> canonical_commit(store::PendingObjects& objects, const Oid& commit,
                               const Oid& known_root) override;
  Result<Oid> canonical_tree(store::PendingObjects& objects, const Oid& known_root,
                             const Oid& root) override;
  Result<void> check_history(const Oid& commit, const Oid& known_root) override;
  versions::BranchSettings& branch_settings() { return branch_settings_; }
  const std::string& name() const { return name_; }  // The folder's name without ".git".
  const git::Signature& author() const { return author_; }
  // What the system calls whom author() is.
  const std::string& login() const { return login_; }
  const versions::HintWords& hints() const { return versions::hint_words(door_); }
  // For a verb of nobody's session. Borrows `branch`.
  versions::Context context_on(const std::string& branch) { return context_on(branch, hints()); }
  // The same for one who came by that door.
  versions::Context context_on(const std::string& branch, const versions::HintWords& words);
  ForeignMoves& foreign_moves() { return foreign_moves_; }
  // What judges commits that somebody else made.
  Admission admission() { return {*manager_, branch_settings_, clock(), author_.name, name_, &foreign_moves_.ending()}; }
  const exec::SystemTables& system_tables() const override;
  std::string default_branch() const override;  // The branch of Git's HEAD: where sessions begin.
  // After a branch got another name: HEAD follows it, as `git branch -m` has it.
  Result<void> follow_rename(std::string_view from, std::string_view to) override;
  const Clock& clock() const { return system_clock(); }
  MemoryBudget& memory() { return memory_; }  // Of all sessions.
  Deadlines& deadlines() { return deadlines_; }
  // Rows of a table if they are known without a scan.
  std::optional<uint64_t> row_count(const catalog::TableVersion& table);

 private:
  explicit DatabaseImpl(size_t memory_bytes) : memory_(memory_bytes) {}
  Result<void> find_default_branch();

  MemoryBudget memory_;
  Deadlines deadlines_;
  std::unique_ptr<store::ObjectStore> store_;
  ForeignMoves foreign_moves_{stderr_log()};
  std::unique_ptr<txn::Manager> manager_;
  std::unique_ptr<ReadableRoots> roots_;
  versions::BranchSettings branch_settings_;
  std::string name_;
  git::Signature author_;
  std::string login_;
  versions::Door door_ = versions::Door::kSql;
  std::filesystem::path folder_;   // Empty: in memory.
  mutable std::mutex head_mutex_;  // Guards default_branch_.
  std::string default_branch_ = "main";
  std::optional<Error> head_problem_;  // Fixed by open(): what HEAD says is of no use.
};

}  // namespace rowan::engine
