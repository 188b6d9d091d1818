// Clock: the time of day, passed in so that tests can pass another.
#pragma once

#include <cstdint>

namespace rowan {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t now_us() const = 0;  // Microseconds since 1970-01-01 UTC. Any thread.
};

// The machine's clock. Lives for ever.
const Clock& system_clock();

}  // namespace rowan
