// Service: serves an open repository to other processes of its user, on the socket in its folder, for
// as long as this process has it open.
//
// Threads: one that accepts, and one a connection. They take no signals. stop() and the destructor are
//          called by one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>

#include "base/result.h"
#include "rowan/rowan.h"

namespace rowan::sharing {

class Service {
 public:
  // Borrows `database`, which must outlive it and have the repository's lock. kIoError, kInsufficientPrivilege, kOutOfMemory: it cannot be served.
  static Result<std::unique_ptr<Service>> start(Database& database,
                                                const std::filesystem::path& repository);
  virtual ~Service() = default;  // As stop().

  // Takes nobody any more. Sessions at rest end at once, others when their transaction does, or with
  // 57P01 after five seconds. Then none is left.
  virtual void stop() = 0;
  // The connections there are. Any thread.
  virtual size_t connections() const = 0;
};

}  // namespace rowan::sharing
