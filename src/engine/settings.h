// Settings: the session's parameters of SET and SHOW.
//
// Threads: one session's thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "store/object_store.h"
#include "txn/transaction.h"

namespace rowan::engine {

class Settings {
 public:
  Settings();

  // kUndefinedObject for an unknown name, kInvalidParameterValue for a value it cannot have,
  // 55P02-like refusals as kObjectNotInState for those that are read-only. `is_list`: the value is
  // several between commas.
  Result<void> set(std::string_view name, std::string_view value, bool is_list = false);
  // To what the connection began with. "all": every one, but the branch.
  Result<void> reset(std::string_view name);
  // As set(), and what reset() goes back to.
  Result<void> set_initial(std::string_view name, std::string_view value);
  // What is so whoever sets it: the session's branch, its user. Requires: a name that is known.
  void note(std::string_view name, std::string_view value);
  Result<std::string> get(std::string_view name) const;  // kUndefinedObject.

  struct Row {
    std::string_view name;
    std::string value;
    std::string_view description;
  };
  std::vector<Row> all() const;  // Sorted by name.

  // Decoded forms of those that the engine reads on every statement.
  store::SyncMode synchronous_commit() const { return sync_; }
  txn::IsolationLevel isolation() const { return isolation_; }
  enum class CommitStatement : uint8_t { kNormalised, kFull, kOff };
  CommitStatement commit_statement() const { return commit_statement_; }
  // The schemas of search_path in order; never empty. Some may not be there.
  const std::vector<std::string>& search_path() const { return search_path_; }
  const std::string& application_name() const { return application_name_; }
  const std::vector<std::string>& disabled_rules() const { return disabled_rules_; }
  bool default_read_only() const { return default_read_only_; }
  int64_t lock_timeout_ms() const { return lock_timeout_ms_; }  // 0: waits for ever.
  int64_t statement_timeout_ms() const { return statement_timeout_ms_; }  // 0: as long as it takes.
  const std::string& commit_message() const { return commit_message_; }   // Empty: none.
  // Who commits, where that is not whoever the session is.
  struct Author {
    std::string name, email;
  };
  const std::optional<Author>& author() const { return author_; }
  // client_min_messages: whether some notices are left out, and whether that one is not.
  bool leaves_out_notices() const { return leaves_out_notices_; }
  bool wants(std::string_view severity) const;
  size_t work_mem() const { return work_mem_; }                 // Bytes.
  static bool is_called(std::string_view setting, std::string_view name);  // In any case.
  // A time as settings write it: "5s"; a number is in ms. Nothing: it is none.
  static std::optional<int64_t> milliseconds(std::string_view text);
  // What read-only parameters say of the open database.
  void set_memory_limit(size_t bytes);

 private:
  struct Value {
    size_t definition;
    std::string text;
    std::string initial;
  };
  Value* find(std::string_view name);
  const Value* find(std::string_view name) const;
  void decode();

  std::vector<Value> values_;
  store::SyncMode sync_ = store::SyncMode::kOn;
  txn::IsolationLevel isolation_ = txn::IsolationLevel::kReadCommitted;
  CommitStatement commit_statement_ = CommitStatement::kNormalised;
  std::vector<std::string> search_path_ = {"public"};
  std::string application_name_;
  std::vector<std::string> disabled_rules_;
  bool default_read_only_ = false;
  int64_t lock_timeout_ms_ = 0;
  size_t work_mem_ = kWorkMemDefault;
  int64_t statement_timeout_ms_ = 0;
  std::string commit_message_;
  std::optional<Author> author_;
  bool leaves_out_notices_ = false;
};

}  // namespace rowan::engine
