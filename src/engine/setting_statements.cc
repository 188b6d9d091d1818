// SET, RESET and SHOW of settings, and CHECKPOINT: statements outside transactions.
#include <fmt/format.h>

#include "engine/session.h"

namespace rowan::engine {

using sql::StatementKind;

Result<std::unique_ptr<Rows>> SessionImpl::run_checkpoint() {
  TRY(database_.manager().roll_up_due());
  TRY(database_.store().checkpoint());
  return done("CHECKPOINT");
}

Result<std::unique_ptr<Rows>> SessionImpl::run_set(const sql::SetStmt& statement) {
  if (statement.kind == StatementKind::kShow) {
    TableRows table;
    if (statement.name == "all") {
      std::vector<std::vector<std::string>> rows;
      for (const Settings::Row& row : settings_.all())
        rows.push_back({std::string(row.name), row.value, std::string(row.description)});
      table = text_rows({"name", "setting", "description"}, rows);
    } else if (statement.name == "transaction_isolation" ||
               statement.name == "transaction isolation level") {
      constexpr std::string_view kNames[] = {"read uncommitted", "read committed",
                                             "repeatable read", "serializable"};
      const txn::IsolationLevel level =
          transaction_ ? transaction_->isolation() : settings_.isolation();
      table =
          text_rows({"transaction_isolation"}, {{std::string(kNames[static_cast<size_t>(level)])}});
    } else {
      TRY_ASSIGN(std::string value, settings_.get(statement.name));
      table = text_rows({std::string(statement.name)}, {{std::move(value)}});
    }
    return make_batch_rows(column_infos(table.columns), std::move(table.batches),
                           {"SHOW", 0, {}, {}});
  }
  const bool reset = statement.kind == StatementKind::kReset || statement.is_default;
  const auto apply = [&](Settings& settings) {
    return reset ? settings.reset(statement.name)
                 : settings.set(statement.name, statement.value, statement.is_list);
  };
  const bool in_block = state_ == TransactionState::kOpen;
  if (statement.local && !in_block) {
    Settings tried = settings_;
    TRY(apply(tried));
    return done("SET", 0, {}, "SET LOCAL can only be used in transaction blocks");
  }
  if (in_block && !settings_on_rollback_) {
    settings_on_rollback_ = settings_;
    settings_on_commit_ = settings_;
  }
  TRY(apply(settings_));
  if (in_block && !statement.local) TRY(apply(*settings_on_commit_));
  if (statement.also != nullptr) return run_set(*statement.also);
  return done(statement.kind == StatementKind::kReset ? "RESET" : "SET");
}

}  // namespace rowan::engine
