// Log: where a room says what a user of the program, not of a statement, must know.
#pragma once

#include <string_view>

namespace rowan {

enum class LogLevel { kInfo, kWarning, kError };

class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level,
                     std::string_view line) = 0;  // Any thread; one line, no newline.
};

Log& stderr_log();  // Lives for ever.
Log& null_log();    // Drops everything. Lives for ever.

}  // namespace rowan
