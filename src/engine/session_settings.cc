#include "engine/session_settings.h"

namespace rowan::engine {

namespace {

// Those that PostgreSQL tells its clients of, as it spells them.
constexpr std::string_view kReported[] = {
    "application_name", "client_encoding",   "DateStyle",      "default_transaction_read_only",
    "in_hot_standby",   "integer_datetimes", "IntervalStyle",  "is_superuser",
    "server_encoding",  "server_version",    "session_authorization",
    "standard_conforming_strings", "TimeZone"};

}  // namespace

std::string SessionSettings::text(std::string_view name) const {
  auto value = now_.get(name);
  return value ? *value : std::string();
}

Result<void> SessionSettings::apply(const Change& change, bool in_transaction, bool is_local) {
  if (is_local && !in_transaction) {
    Settings tried = now_;
    return change(tried);
  }
  if (in_transaction && !on_rollback_) {
    on_rollback_ = now_;
    on_commit_ = now_;
  }
  TRY(change(now_));
  if (in_transaction && !is_local) TRY(change(*on_commit_));
  return {};
}

void SessionSettings::end_transaction(bool committed) {
  if (!on_rollback_) return;
  now_ = committed ? std::move(*on_commit_) : std::move(*on_rollback_);
  on_rollback_.reset();
  on_commit_.reset();
  report_changes();
}

void SessionSettings::set_handler(StatusHandler handler) {
  handler_ = std::move(handler);
  if (handler_) reported_ = reported();
}

std::vector<std::pair<std::string, std::string>> SessionSettings::reported() const {
  std::vector<std::pair<std::string, std::string>> told;
  for (const std::string_view name : kReported) told.emplace_back(name, text(name));
  return told;
}

void SessionSettings::report_changes() {
  if (!handler_) return;
  const auto before = std::exchange(reported_, reported());
  for (size_t i = 0; i < reported_.size(); ++i) {
    if (reported_[i].second != before[i].second) handler_(reported_[i].first, reported_[i].second);
  }
}

}  // namespace rowan::engine
