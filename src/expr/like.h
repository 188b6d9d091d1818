// LikePattern: a compiled LIKE pattern. Matching takes at most pattern x text steps, mostly one
// pass.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rowan::expr {

class LikePattern {
 public:
  // `escape`: empty for none, else one character. `fold`: letters match in either case.
  // kInvalidEscape.
  static Result<LikePattern> compile(std::string_view pattern, std::string_view escape, bool fold);

  // kInvalidEscape when the match arrives at an escape that ends the pattern.
  Result<bool> matches(std::string_view text) const;

 private:
  enum class Shape : uint8_t { kExact, kPrefix, kSuffix, kContains, kGeneral };
  enum class Kind : uint8_t {
    kByte,
    kOne,
    kAny,
    kDangling
  };  // kDangling: an escape with nothing behind it.
  struct Step {
    Kind kind;
    char byte = 0;
  };

  void find_shape();
  Result<bool> matches_folded(std::string_view text) const;
  Result<bool> matches_general(std::string_view text) const;

  bool fold_ = false;
  Shape shape_ = Shape::kGeneral;
  std::string literal_;  // For all shapes but kGeneral.
  std::vector<Step> steps_;
};

}  // namespace rowan::expr
