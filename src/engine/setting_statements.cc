// SET, RESET and SHOW of settings, and CHECKPOINT: statements outside transactions.
#include <fmt/format.h>

#include "engine/session.h"
#include "sql/statements.h"

namespace rowan::engine {

using sql::StatementKind;

namespace {

constexpr std::string_view kBranchSetting = "rowan.branch";
constexpr std::string_view kAuthorSetting = "rowan.author";

}  // namespace

Error not_the_owner(std::string_view name) {
  return Error(ErrorCode::kInsufficientPrivilege,
               fmt::format("permission denied to set parameter \"{}\"", name))
      .with_hint("Who connects under a name commits under it.");
}

Result<std::unique_ptr<Rows>> SessionImpl::run_checkpoint() {
  TRY(database_.manager().roll_up_due());
  TRY(database_.store().checkpoint());
  return done("CHECKPOINT");
}

Result<std::unique_ptr<Rows>> SessionImpl::run_set(const sql::SetStmt& statement) {
  if (statement.kind == StatementKind::kShow) {
    TRY_ASSIGN(TableRows table, shown_setting(statement));
    return make_batch_rows(column_infos(table.columns), std::move(table.batches),
                           {"SHOW", 0, {}, {}});
  }
  TRY(apply_setting(statement));
  settings_.report_changes();
  if (statement.local && !block_.is_shared())
    return done_with_warning("SET", ErrorCode::kNoActiveTransaction,
                             "SET LOCAL can only be used in transaction blocks");
  if (statement.also != nullptr) return run_set(*statement.also);
  return done(statement.kind == StatementKind::kReset ? "RESET" : "SET");
}

Result<TableRows> SessionImpl::shown_setting(const sql::SetStmt& statement) {
  if (statement.name == "all") {
    std::vector<std::vector<std::string>> rows;
    for (const Settings::Row& row : settings().all())
      rows.push_back({std::string(row.name), row.value, std::string(row.description)});
    return text_rows({"name", "setting", "description"}, rows);
  }
  if (statement.name == "transaction_isolation" ||
      statement.name == "transaction isolation level") {
    constexpr std::string_view kNames[] = {"read uncommitted", "read committed", "repeatable read",
                                           "serializable"};
    const auto level = static_cast<size_t>(block_.isolation());
    return text_rows({"transaction_isolation"}, {{std::string(kNames[level])}});
  }
  if (statement.name == "transaction_read_only")
    return text_rows({"transaction_read_only"}, {{block_.read_only() ? "on" : "off"}});
  TRY_ASSIGN(std::string value, settings().get(statement.name));
  return text_rows({std::string(statement.name)}, {{std::move(value)}});
}

Result<void> SessionImpl::apply_setting(const sql::SetStmt& statement) {
  const bool reset = statement.kind == StatementKind::kReset || statement.is_default;
  const bool all = reset && statement.name == "all";
  const auto apply = [&](Settings& settings) {
    return reset ? settings.reset(statement.name)
                 : settings.set(statement.name, statement.value, statement.is_list);
  };
  if (Settings::is_called(kBranchSetting, statement.name)) return set_branch(statement, reset);
  if (Settings::is_called(kAuthorSetting, statement.name) && !reset && !is_owner_)
    return not_the_owner(kAuthorSetting);
  if (all) TRY(go_home());
  return settings_.apply(apply, block_.is_shared(), statement.local);
}

// set_config(). An empty search_path is one of no schema, which SET writes as "".
Result<std::string> SessionImpl::change_setting(std::string_view name, std::string_view value,
                                                bool is_local) {
  if (Settings::is_called(kBranchSetting, name))
    return Error(ErrorCode::kFeatureNotSupported, "a function cannot change the branch")
        .with_hint("SET rowan.branch, or CHECKOUT.");
  sql::SetStmt statement;
  statement.kind = StatementKind::kSet;
  statement.name = name;
  statement.value = value.empty() && Settings::is_called("search_path", name) ? "\"\"" : value;
  statement.local = is_local;
  TRY(apply_setting(statement));
  settings_.report_changes();
  return value.empty() ? std::string() : setting(name);
}

Result<void> SessionImpl::set_branch(const sql::SetStmt& statement, bool reset) {
  if (statement.local)
    return Error(ErrorCode::kFeatureNotSupported, "the branch cannot be set for a transaction alone")
        .with_hint("SET rowan.branch, or CHECKOUT, before it begins.");
  if (reset) return go_home();
  if (statement.value == head_.name() && !head_.is_pinned) return {};
  TRY(block_.check_alone("SET rowan.branch"));
  return check_out(statement.value);
}

Result<void> SessionImpl::go_home() {
  const std::string home = home_.empty() ? database_.default_branch() : home_;
  if (home == head_.name()) return {};
  TRY(block_.check_alone("RESET rowan.branch"));
  return check_out(home);
}

// ---- What is told of settings ----

std::string SessionImpl::setting(std::string_view name) const {
  return settings_.text(name);
}

int64_t SessionImpl::timeout_ms(std::string_view name) const {
  return Settings::milliseconds(setting(name)).value_or(0);
}

std::vector<std::pair<std::string, std::string>> SessionImpl::reported_settings() const {
  return settings_.reported();
}

void SessionImpl::set_status_handler(
    std::function<void(std::string_view, std::string_view)> handler) {
  settings_.set_handler(std::move(handler));
}

}  // namespace rowan::engine
