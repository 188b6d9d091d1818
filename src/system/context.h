// Context: what system relations are filled from. The running statement's transaction, and what its
// session and its database say of themselves; never a session.
//
// Lifetime: a session's. Tables that were made with it, and plans that hold these, end before.
// Threads:  the session's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "exec/operator.h"
#include "exec/validator.h"
#include "expr/expr.h"
#include "plan/plan.h"
#include "store/object_store.h"
#include "txn/transaction.h"
#include "versions/context.h"

namespace rowan::system {

class Objects;

// A parameter of SET and SHOW.
struct Setting {
  std::string_view name;
  std::string value;
  std::string_view description;
};

// A tip of another program that was not admitted.
struct ForeignTip {
  std::string branch;
  Oid commit;
  std::string ref;        // Empty: known to this process only.
  int64_t parked_us = 0;  // Since 1970; 0: not known.
  std::string sqlstate;
  std::string file;  // Where it is wrong; empty: nowhere in particular.
  uint64_t line = 0;
  std::string reason;
};

// What PREPARE made, or the protocol named.
struct NamedStatementFacts {
  std::string name;
  std::string text;
  int64_t made_us = 0;  // Since 2000.
  std::vector<type::Type> parameters;
  bool from_sql = true;
};

// What DECLARE made.
struct CursorFacts {
  std::string name;
  std::string text;
  int64_t made_us = 0;  // Since 2000.
  bool is_held = false;
  bool is_binary = false;
  bool may_go_back = false;
};

class Context {
 public:
  virtual ~Context() = default;

  virtual txn::Transaction& transaction() = 0;  // The one that the running statement reads through.
  virtual store::ObjectStore& store() = 0;
  virtual txn::Manager& manager() = 0;
  // What verbs of version control read by, for the running statement.
  virtual versions::Context versions() = 0;
  virtual bool is_cancelled() const = 0;
  virtual std::string_view version() const = 0;  // Of the program.
  virtual std::string database() const = 0;
  // Its own, and those that are served beside it, in order.
  virtual Result<std::vector<std::string>> databases() const = 0;
  virtual std::vector<NamedStatementFacts> named_statements() const = 0;
  virtual std::vector<CursorFacts> cursors() const = 0;
  virtual const std::string& branch() const = 0;  // On a tag or commit the commit's id.
  virtual std::vector<Setting> settings() const = 0;
  // As SET, or SET LOCAL, does it; what it is then.
  virtual Result<std::string> change_setting(std::string_view name, std::string_view value,
                                             bool is_local) = 0;
  virtual std::string user() const = 0;
  virtual const std::vector<std::string>& search_path() const = 0;
  // Names in FROM as the running statement has them; for queries of stored texts.
  virtual std::unique_ptr<plan::Resolver> resolver() = 0;
  virtual expr::EvalContext eval() const = 0;
  // For operators that read in the running statement's transaction.
  virtual exec::ExecContext exec_context(const expr::EvalContext& eval) = 0;
  virtual const std::vector<std::string>& disabled_rules() const = 0;
  // By search_path: where a name without a schema is; where a new one goes (an empty name).
  virtual std::string schema_of(std::string_view name) const = 0;
  virtual std::vector<ForeignTip> foreign_tips() = 0;
  // What stopped the session's last merge.
  virtual const std::vector<exec::Violation>& violations() const = 0;
  // Rows of a table if they are known without a scan.
  virtual std::optional<uint64_t> row_count(const catalog::TableVersion& table) = 0;

  // What a commit's tree holds; zero: what the transaction sees. Kept while the tree is asked for.
  Result<std::shared_ptr<const Objects>> objects(const Oid& root);

  Result<void> check_cancelled() const {
    if (!is_cancelled()) return {};
    return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
  }

 private:
  Oid objects_root_;
  std::shared_ptr<const Objects> objects_;  // Of that tree; null: none yet.
};

}  // namespace rowan::system
