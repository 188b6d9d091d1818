// SharedSession: a session that lives on when the process that it runs in ends: it begins again in
// whichever has the repository then.
//
// Threads: as Session has it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/rowan.h"
#include "sharing/remote_session.h"

namespace rowan::sharing {

// Where sessions come from.
class Attachments {
 public:
  // A session in the process that has the repository, this one by now or another; then `remote` is the
  // same.
  virtual Outcome<std::unique_ptr<Session>> attach_session(const ConnectOptions& options,
                                                           RemoteSession*& remote) = 0;

 protected:
  ~Attachments() = default;
};

class SharedSession final : public Session {
 public:
  SharedSession(Attachments& attachments, ConnectOptions options)
      : attachments_(attachments), options_(std::move(options)) {}
  ~SharedSession() override { current_.store(nullptr); }
  std::optional<Failure> begin();

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
  void fail_block() override;
  void set_copy_source(CopySource* source) override;
  void set_copy_sink(CopySink* sink) override;
  Outcome<std::unique_ptr<CopyIn>> start_copy_in(Statement& statement) override;
  Outcome<std::unique_ptr<CopyOut>> start_copy_out(Statement& statement) override;
  void set_progress(std::function<void(const Progress&)> report) override;
  void set_notice_handler(std::function<void(const Notice&)> handler) override;
  void set_status_handler(
      std::function<void(std::string_view, std::string_view)> handler) override;
  std::vector<std::pair<std::string, std::string>> reported_settings() const override;
  void cancel() override;
  Outcome<bool> reset() override;
  std::string setting(std::string_view name) const override;
  int64_t timeout_ms(std::string_view name) const override;
  std::string branch() const override { return inner_ ? inner_->branch() : branch_; }
  std::string database() const override { return inner_ ? inner_->database() : database_; }
  std::string user() const override { return inner_ ? inner_->user() : user_; }
  TransactionState transaction_state() const override;

 private:
  friend class SharedStatement;
  enum class Kind : uint8_t {
    kLooks,    // Nothing is done: it can be asked again.
    kRuns,     // It cannot.
    kCommits,  // And it may have committed when its answer is lost.
  };

  // `work` on the session as it is now. When the connection breaks meanwhile, what follows depends on
  // the kind.
  template <typename Work>
  auto on(Kind kind, const Work& work) -> decltype(work(std::declval<Session&>()));
  // A session to work on. The failure of one that had a transaction open when it broke off.
  std::optional<Failure> get_ready();
  std::optional<Failure> begin_again();
  // After the link broke: what to say of the running call, and what is to be made good later.
  Failure break_off(Kind kind);
  void apply_handlers();
  Kind kind_of(const StatementTraits& traits) const;

  Attachments& attachments_;
  const ConnectOptions options_;
  std::unique_ptr<Session> inner_;
  RemoteSession* remote_ = nullptr;  // The same, where it is one.
  std::atomic<Session*> current_{nullptr};
  uint64_t generation_ = 0;  // Of inner_.
  std::string branch_, database_, user_;  // When the link broke.
  Settings settings_;
  bool implicit_ = false;
  bool block_is_lost_ = false;  // The next session is to begin in a failed block.
  Ears ears_;
};

}  // namespace rowan::sharing
