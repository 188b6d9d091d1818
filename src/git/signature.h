// Who made an object and when, as Git writes it: "Name <email> seconds +hhmm".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rowan::git {

struct Signature {
  std::string name;  // Cleaned of '<', '>', newlines and controls when it is written.
  std::string email;
  int64_t seconds = 0;  // Since 1970-01-01 UTC.
  int offset_minutes = 0;
};

void append_signature(std::string& out, const Signature& who);
Result<Signature> parse_signature(
    std::string_view line);  // kCorruption. An odd time is zero, as Git reads it.

}  // namespace rowan::git
