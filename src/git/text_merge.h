// Three texts become one, line by line, as `git merge` does it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace rowan::git {

struct TextSides {
  Bytes base, ours, theirs;
};
// Whose lines stand where both sides changed the same ones.
enum class Favor : uint8_t { kNobody, kOurs, kTheirs };

// Nothing: both sides changed the same lines, and nobody's stand. Any thread.
Result<std::optional<std::string>> merge_text(const TextSides& sides, Favor favor);

}  // namespace rowan::git
