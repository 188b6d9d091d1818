// ServedSession: one connection's session on the side of the process that has the repository: calls
// in, answers out.
//
// Threads: its connection's, but cancel().
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/rowan.h"
#include "sharing/channel.h"
#include "sharing/message.h"

namespace rowan::sharing {

class ServedSession : private CopySource, private CopySink {
 public:
  // Borrows both. `key`: what a request to cancel must name.
  ServedSession(Database& database, Channel& channel, uint64_t key);
  ~ServedSession() override;

  // One frame of the client. False: the connection is over.
  bool handle(const Frame& frame);
  // Whether nothing is open: it may end without anybody noticing.
  bool is_at_rest() const;
  uint64_t last_call() const { return last_call_; }
  void cancel();  // Any thread, as long as it is not destroyed meanwhile.
  // As cancel(), and the client is told that this process ends.
  void end() {
    is_ended_ = true;
    cancel();
  }

 private:
  bool answer(Ask ask, Call call, Decoder in);
  void work(Ask ask, Decoder& in, Encoder& out);
  void connect(Decoder& in, Encoder& out);
  void check(Decoder& in, Encoder& out);
  void prepare(Decoder& in, Encoder& out);
  void prepare_all(Decoder& in, Encoder& out);
  void run(Decoder& in, Encoder& out);
  void copy(Ask ask, Decoder& in, Encoder& out);
  PreparedFacts keep(std::unique_ptr<Statement> statement);
  void put_rows(std::unique_ptr<Rows> rows, Encoder& out);
  RowBatch next_batch(Rows& rows);
  Statement* find_statement(Decoder& in);
  Failure as_told(Failure failure) const;
  Reply reply(uint64_t number);
  void listen_for(uint8_t hears);
  void note_settings();
  void tell(Tell kind, std::string_view body, std::string_view more = {});
  // Asks the client something while its call runs. `take` reads the answer; nothing: it makes no sense.
  template <typename T, typename Take>
  Outcome<T> ask_back(Tell question, std::string_view body, Ask answer, const Take& take);
  // The value; null: failure_ says why there is none.
  template <typename T>
  T* taken(Outcome<T>& outcome);

  Outcome<size_t> read(char* buffer, size_t size) override;
  Outcome<bool> write(std::string_view bytes) override;

  Database& database_;
  Channel& channel_;
  const uint64_t key_;
  std::unique_ptr<Session> session_;
  std::atomic<Session*> cancellable_{nullptr};
  std::atomic<bool> is_ended_{false};
  uint64_t last_call_ = 0;
  uint8_t hears_ = 0;
  bool is_broken_ = false;  // The client is gone.
  std::optional<Failure> failure_;  // What the running call ended in.
  bool implicit_ = false;
  uint64_t last_id_ = 0;
  std::map<uint64_t, std::unique_ptr<Statement>> statements_;
  std::map<uint64_t, std::unique_ptr<Rows>> rows_;
  std::unique_ptr<CopyIn> copy_in_;
  std::unique_ptr<CopyOut> copy_out_;
  std::vector<std::string> setting_names_;
  std::map<std::string, std::string> initial_settings_;
  bool settings_stale_ = false;
  Settings told_settings_;
};

}  // namespace rowan::sharing
