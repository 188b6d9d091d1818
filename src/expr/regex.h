// Regex: PostgreSQL's regular expressions as far as they are regular: no back references, no
// look-around. A text is matched in time proportional to its length and the expression's, whatever
// both are: all ways are followed at once, none is tried and taken back.
//
// Threads: a Regex is immutable once compiled; matching keeps its state in the call.
// Errors:  kInvalidRegex; kFeatureNotSupported for what is not regular.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace rowan::expr {

class Regex {
 public:
  static Result<Regex> compile(std::string_view pattern, bool fold_case);
  // Whether it matches anywhere in the text, which is valid UTF-8. `cancelled` may be null:
  // kQueryCanceled.
  Result<bool> matches(std::string_view text, const std::atomic<bool>* cancelled = nullptr) const;

 private:
  friend class RegexParser;

  enum class Op : uint8_t { kCharacter, kAny, kSet, kSplit, kJump, kBegin, kEnd, kMatch };
  struct Step {
    Op op = Op::kMatch;
    uint32_t character = 0;  // kSet: index into sets_.
    uint32_t next = 0;       // kSplit, kJump.
    uint32_t other = 0;      // kSplit.
  };
  struct Set {
    bool negated = false;
    std::vector<std::pair<uint32_t, uint32_t>> ranges;
    bool contains(uint32_t character) const;
  };

  bool accepts(const Step& step, uint32_t character) const;
  void follow(uint32_t step, bool at_begin, bool at_end, std::vector<uint32_t>& active,
              std::vector<uint32_t>& seen, uint32_t mark, std::vector<uint32_t>& open,
              bool& matched) const;

  std::vector<Step> steps_;
  std::vector<Set> sets_;
  bool fold_case_ = false;
};

}  // namespace rowan::expr
