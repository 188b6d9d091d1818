// A session's settings through its transactions: what SET changed goes back at ROLLBACK, what SET LOCAL
// changed at COMMIT as well, and the client is told of those that it should know.
//
// Threads: the session's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/settings.h"

namespace rowan::engine {

class SessionSettings {
 public:
  using StatusHandler = std::function<void(std::string_view name, std::string_view value)>;
  using Change = std::function<Result<void>(Settings&)>;

  const Settings& now() const { return now_; }
  Settings& now() { return now_; }  // To change what no transaction takes back.
  std::string text(std::string_view name) const;  // As SHOW has it; unknown: empty.

  // In a transaction what was is kept for its end; outside a local change is tried, no more.
  Result<void> apply(const Change& change, bool in_transaction, bool is_local);
  void end_transaction(bool committed);

  // ---- What the client is told ----
  void set_handler(StatusHandler handler);
  std::vector<std::pair<std::string, std::string>> reported() const;
  void report_changes();  // To the handler.

 private:
  Settings now_;
  std::optional<Settings> on_rollback_;  // Set by the first change of a transaction.
  std::optional<Settings> on_commit_;    // As above, without what is local.
  StatusHandler handler_;
  std::vector<std::pair<std::string, std::string>> reported_;  // What the handler knows.
};

}  // namespace rowan::engine
