// Regex: PostgreSQL's regular expressions (its "advanced" ones), without back references and
// lookaround.
//
// A match begins as far left as it can and is as long as it can be, or as short where the first
// quantifier is a non-greedy one; captures go left to right by the same rule. Matching never goes
// back: it takes at most (size of the program) x (length of the text) steps, captures in nested
// repetitions a further factor of the match's length.
//
// Threads: immutable once compiled.
// Errors:  kInvalidRegex in PostgreSQL's words; kFeatureNotSupported for what is left out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rowan::expr {

struct RegexOptions {
  bool fold = false;        // i: letters match in either case.
  bool literal = false;     // q: the pattern is a plain text.
  bool expanded = false;    // x: blanks and comments in the pattern do not count.
  bool dot_no_line = false;  // p, n: . and [^…] do not match a line's end.
  bool line_anchors = false;  // w, n: ^ and $ match at lines.
  bool global = false;      // g: all matches, of functions that have it.

  // Letters as the last argument of regexp_replace and so on. kInvalidParameterValue.
  static Result<RegexOptions> parse(std::string_view letters);
};

class Regex {
 public:
  static Result<Regex> compile(std::string_view pattern, RegexOptions options);
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  // A part of the text, in bytes.
  struct Span {
    size_t from = 0;
    size_t to = 0;
    bool operator==(const Span&) const = default;
  };
  // A text made ready to be searched; it must live as long.
  class Subject {
   public:
    explicit Subject(std::string_view text);
    std::string_view text() const { return text_; }

   private:
    friend class Regex;
    friend struct RegexRun;
    size_t size() const { return ascii_ ? text_.size() : codes_.size(); }
    uint32_t code(size_t at) const {
      return ascii_ ? static_cast<unsigned char>(text_[at]) : codes_[at];
    }
    size_t offset(size_t at) const { return ascii_ ? at : offsets_[at]; }
    size_t index(size_t offset) const;

    std::string_view text_;
    bool ascii_;
    std::vector<uint32_t> codes_;
    std::vector<uint32_t> offsets_;  // One more than codes.
  };

  size_t captures() const;  // Parentheses that capture.
  bool matches(std::string_view text) const;
  // The first match at or after byte `from`: its place, then those of the captures (nothing: took no
  // part). Empty: there is none.
  std::vector<std::optional<Span>> search(const Subject& subject, size_t from) const;

  struct Program;

 private:
  explicit Regex(std::unique_ptr<const Program> program);
  std::unique_ptr<const Program> program_;
};

}  // namespace rowan::expr
