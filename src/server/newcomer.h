// A newcomer: a connection from its first byte until it is let in. It lives on the control thread,
// does no engine work, and has a minute.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <cstddef>
#include <list>
#include <memory>

#include "server/shared.h"

namespace rowan::server {

class Newcomer;

// All of them. When there are too many, who has waited longest goes, so that the next client is
// served whatever others leave half open.
class Newcomers {
 public:
  Newcomers(asio::io_context& control, Shared& shared);
  ~Newcomers();

  void greet(asio::generic::stream_protocol::socket socket);
  void close_oldest();
  void close_all();
  bool empty() const { return waiting_.empty(); }

 private:
  asio::awaitable<void> receive(std::shared_ptr<Newcomer> newcomer);

  asio::io_context& control_;
  Shared& shared_;
  std::list<std::shared_ptr<Newcomer>> waiting_;  // Who came first, first.
};

}  // namespace rowan::server
