// Dialogue: one connection's talk after its start: messages in, messages out, a session in between.
// It knows no socket: whoever has one feeds `in`, writes `out` and calls advance() again.
//
// Ownership: owns the session and what is prepared in it; borrows the rest.
// Threads:   one at a time; advance() may wait in the engine.
// Errors:    are told to the client; those of the protocol end the dialogue.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rowan/rowan.h"
#include "server/connections.h"
#include "server/databases.h"
#include "server/pgwire/frame.h"
#include "server/pgwire/frontend.h"
#include "server/server_statement.h"

namespace rowan::server {

enum class Next : uint8_t {
  kRead,   // Nothing to do before more has come. `out` is to be written if wants_flush().
  kWrite,  // `out` is to be written, then advance().
  kEnd,    // `out` is to be written, then the connection closed.
};

class Dialogue {
 public:
  static constexpr size_t kChunkBytes = 64u << 10;  // Of `out`, before it is written.

  Dialogue(Databases& databases, Databases::Use use, std::unique_ptr<Session> session,
           Presence& presence, pgwire::FrameReader& in, std::string& out);
  ~Dialogue();

  void greet();  // What follows the client's authentication.
  Next advance();
  // There is no memory for what comes: the client is told, and the dialogue ends.
  void refuse_input(const Error& error) { broken(error); }
  bool wants_flush() const { return wants_flush_; }
  void flushed() { wants_flush_ = false; }

  // Whether it waits for a statement, outside of any transaction.
  bool is_at_rest() const;
  struct IdleLimit {
    std::chrono::milliseconds idle_max{0};  // 0: none.
    Ending ending = Ending::kNone;
  };
  IdleLimit idle_limit();

 private:
  struct PreparedStatement;
  struct Portal;
  struct ScriptItem;
  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };
  template <typename T>
  using Named = std::unordered_map<std::string, T, NameHash, std::equal_to<>>;

  enum class State : uint8_t {
    kReady,     // For the next message.
    kScript,    // The statements of a Query run.
    kPortal,    // A portal's rows are sent.
    kCopyIn,    // The client sends data.
    kCopyOut,   // It is sent data.
    kSkipping,  // After a failure, to the next Sync.
    kEnded,
  };
  enum class Pumped : uint8_t { kFull, kLimit, kDone, kFailed };

  Next step();
  bool take_message();  // False: none has come whole.
  void handle(const pgwire::Frame& frame);
  void handle_copy_in(const pgwire::Frame& frame);

  void query(std::string_view text);
  bool read_statement(std::string_view text);
  bool read_script(std::string_view text);
  void next_of_script();
  void end_script();
  void end_simple();

  void parse(Bytes body);
  void bind(Bytes body);
  void describe(Bytes body);
  void execute(Bytes body);
  void close(Bytes body);
  void sync();

  void describe_cursor(std::string_view name);
  void describe_columns(const std::vector<ColumnInfo>& columns,
                        const std::vector<int16_t>& formats);
  bool check_prepared(const PreparedStatement& statement);
  bool check_bind(const pgwire::BindMessage& message, const PreparedStatement& statement);
  bool check_values(Portal& portal);
  void run_portal();
  void continue_portal();
  void finish_portal();
  bool keeps_described_columns(const Portal& portal);
  bool next_is_sync() const { return in_.peek_type() == 'S'; }

  Pumped pump(Rows& rows, const std::vector<int16_t>& formats, uint64_t rows_max, uint64_t& sent);
  static bool is_shared(const ServerStatement& statement);
  bool obeys(const ServerStatement& statement);
  bool run_server_statement(const ServerStatement& statement);
  Outcome<bool> obey(const ServerStatement& statement);
  void begin_copy_in(Statement& statement);
  void begin_copy_out(Statement& statement);
  void continue_copy_out();
  void copied(Outcome<std::unique_ptr<Rows>> rows);
  void complete(const std::string& tag, bool may_set);  // Settings.
  void end_of_statement(bool may_set);

  // Counts what is kept of a message; false: the client was told that there is no memory for it.
  bool charge(pgwire::InputCharge& charge, size_t bytes);
  std::shared_ptr<PreparedStatement> find_statement(std::string_view name);
  bool name_statement(std::string_view name, std::shared_ptr<PreparedStatement> prepared);
  Outcome<bool> drop_statement(std::string_view name);
  Portal* find_portal(std::string_view name);
  void drop_portals();

  void fail(const Failure& failed);
  void fail_fatally(const Failure& failure);
  void broken(const Error& error);
  void say_farewell();
  void ready();

  Databases& databases_;
  Databases::Use use_;
  std::unique_ptr<Session> session_;
  Presence& presence_;
  pgwire::FrameReader& in_;
  std::string& out_;

  State state_ = State::kReady;
  bool extended_ = false;      // The running statement came by Execute.
  bool implicit_ = false;      // An implicit transaction was begun.
  bool was_in_block_ = false;  // Before the running statement.
  bool wants_flush_ = false;
  bool limits_stale_ = true;
  IdleLimit session_limit_;
  IdleLimit transaction_limit_;
  std::string statuses_;  // ParameterStatus messages for the next ReadyForQuery.

  Named<std::shared_ptr<PreparedStatement>> statements_;
  std::shared_ptr<PreparedStatement> unnamed_statement_;
  Named<std::unique_ptr<Portal>> portals_;
  std::unique_ptr<Portal> unnamed_portal_;
  Portal* running_portal_ = nullptr;

  std::vector<ScriptItem> script_;
  size_t script_at_ = 0;
  std::unique_ptr<Rows> rows_;  // Of the script's statement.
  uint64_t rows_sent_ = 0;

  std::unique_ptr<CopyIn> copy_in_;
  std::unique_ptr<CopyOut> copy_out_;
  std::string copy_chunk_;
  bool copy_in_quotes_ = false;
};

}  // namespace rowan::server
