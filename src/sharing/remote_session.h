// RemoteSession: a session in the process that has the repository, through its socket.
//
// Threads: as Session has it.
// Errors:  kConnectionFailure once the connection broke; then link().loss() says how.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/rowan.h"
#include "sharing/channel.h"
#include "sharing/message.h"

namespace rowan::sharing {

// Who is told what while a call runs.
struct Ears {
  std::function<void(const Notice&)> notice;
  std::function<void(std::string_view, std::string_view)> status;
  std::function<void(const Progress&)> progress;
  CopySource* source = nullptr;
  CopySink* sink = nullptr;
};

// A connection to that process. What stands on it (the session, its statements and rows) shares it.
class Link {
 public:
  enum class Loss : uint8_t {
    kNone,
    kIdle,      // While nothing ran.
    kNotBegun,  // The running call was not begun.
    kUnknown,   // Nobody knows what became of the running call.
    kEnded,     // The process ended what was open.
  };

  // Takes over a socket that is connected. kDatabaseInUse: another version of Rowan is there.
  static Result<std::shared_ptr<Link>> greet(std::shared_ptr<const Place> place, Descriptor socket);

  // Gives what the answer holds.
  Outcome<std::string> call(Ask ask, std::string_view body);
  void tell(Ask ask, std::string_view body);
  // Looks whether the other end is still there, without waiting.
  bool is_alive();
  Loss loss() const { return loss_; }
  const Failure& why() const { return why_; }

  // As of the last answer.
  TransactionState state() const { return state_; }
  void set_state(TransactionState state) { state_ = state; }
  const std::string& branch() const { return branch_; }
  const Settings& settings() const { return settings_; }
  int64_t process() const { return process_; }

  Ears ears;
  void set_key(uint64_t key) { key_.store(key, std::memory_order_relaxed); }
  void cancel() const noexcept;  // Any thread; a signal's handler, too.

 private:
  Link(std::shared_ptr<const Place> place, Descriptor socket)
      : place_(std::move(place)), channel_(std::move(socket)) {
    channel_.set_impatience(&impatient_since_ms_);
  }
  Failure lost(Loss loss, Failure why);
  std::optional<Outcome<std::string>> take(Frame& frame, uint64_t number);
  void answer_source(std::string_view body);
  void answer_sink(std::string_view body);
  uint8_t hears() const;

  std::shared_ptr<const Place> place_;
  Channel channel_;
  uint64_t number_ = 0;
  Loss loss_ = Loss::kNone;
  Failure why_;
  TransactionState state_ = TransactionState::kIdle;
  std::string branch_;
  Settings settings_;
  int64_t process_ = 0;
  std::atomic<uint64_t> key_{0};
  mutable std::atomic<int64_t> impatient_since_ms_{0};  // Since the running call was cancelled.
};

class RemoteSession final : public Session {
 public:
  static Outcome<std::unique_ptr<RemoteSession>> connect(std::shared_ptr<Link> link,
                                                         const ConnectOptions& options);

  Link& link() { return *link_; }

  Outcome<std::unique_ptr<Statement>> prepare(
      std::string_view sql, const std::vector<uint32_t>& parameter_oids) override;
  Outcome<std::vector<std::unique_ptr<Statement>>> prepare_all(std::string_view sql) override;
  Outcome<std::unique_ptr<Rows>> run(std::string_view sql,
                                     const std::vector<Parameter>& parameters) override;
  Outcome<uint64_t> run_script(std::string_view sql,
                               const std::function<void(Rows&)>& each) override;
  Outcome<uint64_t> run_message(std::string_view sql,
                                const std::function<Outcome<bool>(Rows&)>& each) override;
  Outcome<bool> name_statement(std::string_view name, Statement& statement) override;
  Outcome<std::unique_ptr<Statement>> named_statement(std::string_view name) override;
  Outcome<bool> drop_named_statement(std::string_view name) override;
  void begin_implicit() override;
  Outcome<bool> end_implicit() override;
  void fail_block() override { static_cast<void>(link_->call(Ask::kFailBlock, {})); }
  void set_copy_source(CopySource* source) override { link_->ears.source = source; }
  void set_copy_sink(CopySink* sink) override { link_->ears.sink = sink; }
  Outcome<std::unique_ptr<CopyIn>> start_copy_in(Statement& statement) override;
  Outcome<std::unique_ptr<CopyOut>> start_copy_out(Statement& statement) override;
  void set_progress(std::function<void(const Progress&)> report) override {
    link_->ears.progress = std::move(report);
  }
  void set_notice_handler(std::function<void(const Notice&)> handler) override {
    link_->ears.notice = std::move(handler);
  }
  void set_status_handler(
      std::function<void(std::string_view, std::string_view)> handler) override {
    link_->ears.status = std::move(handler);
  }
  std::vector<std::pair<std::string, std::string>> reported_settings() const override;
  void cancel() override { link_->cancel(); }
  Outcome<bool> reset() override;
  std::string setting(std::string_view name) const override;
  int64_t timeout_ms(std::string_view name) const override;
  std::string branch() const override { return link_->branch(); }
  std::string database() const override { return database_; }
  std::string user() const override { return user_; }
  TransactionState transaction_state() const override { return link_->state(); }

 private:
  explicit RemoteSession(std::shared_ptr<Link> link) : link_(std::move(link)) {}

  std::shared_ptr<Link> link_;
  std::string database_;
  std::string user_;
};

// Database::checkpoint() and check() over there.
Outcome<bool> remote_checkpoint(Link& link);
Outcome<std::vector<std::string>> remote_check(Link& link,
                                               const std::function<void(const Progress&)>& report,
                                               std::vector<std::string>* notes);

}  // namespace rowan::sharing
