#include "expr/regex.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/limits.h"
#include "expr/utf8.h"

namespace rowan::expr {

namespace {

constexpr size_t kStepsMax = 10'000;  // Of one expression, bounds written out.
constexpr uint32_t kBoundMax = 255;   // As in PostgreSQL.
constexpr int kGroupsMax = 200;       // One in another.
constexpr uint32_t kNever = ~uint32_t{0};
constexpr uint32_t kLookEvery = 1024;  // Characters.

Error invalid(std::string_view why) {
  return Error(ErrorCode::kInvalidRegex, "invalid regular expression: " + std::string(why));
}

Error not_regular(std::string_view what) {
  return Error(ErrorCode::kFeatureNotSupported,
               std::string(what) + " in regular expressions is not supported");
}

}  // namespace

// Writes the steps of an expression. A part is a run of steps that ends where the next one begins.
class RegexParser {
 public:
  RegexParser(std::string_view pattern, Regex& regex) : pattern_(pattern), regex_(regex) {}

  Result<void> run() {
    TRY(choice());
    if (!at_end()) return invalid("parentheses () not balanced");
    return emit({Regex::Op::kMatch});
  }

 private:
  using Op = Regex::Op;
  using Step = Regex::Step;
  using Ranges = std::vector<std::pair<uint32_t, uint32_t>>;

  bool at_end() const { return at_ >= pattern_.size(); }
  char peek() const { return pattern_[at_]; }
  bool take(char wanted) {
    if (at_end() || peek() != wanted) return false;
    ++at_;
    return true;
  }
  uint32_t take_character() {
    const uint32_t character = decode_character(pattern_, at_);
    at_ = next_character(pattern_, at_);
    return character;
  }

  std::vector<Step>& steps() { return regex_.steps_; }
  uint32_t here() { return static_cast<uint32_t>(steps().size()); }
  Result<void> emit(Step step) {
    if (steps().size() == kStepsMax) return invalid("regular expression is too complex");
    steps().push_back(step);
    return {};
  }
  // Makes room for a step before the ones from `begin` on.
  Result<void> insert(uint32_t begin, Step step) {
    TRY(emit({}));
    std::move_backward(steps().begin() + begin, steps().end() - 1, steps().end());
    steps()[begin] = step;
    for (uint32_t i = begin + 1; i < here(); ++i) {
      if (steps()[i].op != Op::kSplit && steps()[i].op != Op::kJump) continue;
      if (steps()[i].next >= begin) ++steps()[i].next;
      if (steps()[i].op == Op::kSplit && steps()[i].other >= begin) ++steps()[i].other;
    }
    return {};
  }

  // a|b
  Result<void> choice() {
    if (++groups_ > kGroupsMax) return invalid("regular expression is too complex");
    const uint32_t begin = here();
    TRY(sequence());
    while (take('|')) {
      TRY(insert(begin, {Op::kSplit, 0, begin + 1, 0}));
      const uint32_t jump = here();
      TRY(emit({Op::kJump}));
      steps()[begin].other = here();
      TRY(sequence());
      steps()[jump].next = here();
    }
    --groups_;
    return {};
  }
  Result<void> sequence() {
    while (!at_end() && peek() != '|' && peek() != ')') TRY(repeated());
    return {};
  }

  Result<void> repeated() {
    const uint32_t begin = here();
    TRY(atom());
    while (!at_end()) {
      if (take('*')) {
        TRY(repeat(begin, 0, kNever));
      } else if (take('+')) {
        TRY(repeat(begin, 1, kNever));
      } else if (take('?')) {
        TRY(repeat(begin, 0, 1));
      } else if (peek() == '{' && at_ + 1 < pattern_.size() && is_digit(pattern_[at_ + 1])) {
        ++at_;
        TRY(bound(begin));
      } else {
        break;
      }
      take('?');  // Which match is longest does not matter here.
    }
    return {};
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  Result<uint32_t> number() {
    uint32_t value = 0;
    while (!at_end() && is_digit(peek())) {
      value = value * 10 + static_cast<uint32_t>(pattern_[at_++] - '0');
      if (value > kBoundMax) return invalid("invalid repetition count(s)");
    }
    return value;
  }

  Result<void> bound(uint32_t begin) {
    TRY_ASSIGN(const uint32_t least, number());
    uint32_t most = least;
    if (take(',')) {
      most = kNever;
      if (!at_end() && is_digit(peek())) {
        TRY_ASSIGN(most, number());
      }
    }
    if (!take('}') || most < least) return invalid("invalid repetition count(s)");
    return repeat(begin, least, most);
  }

  // The part from `begin` on, that often.
  Result<void> repeat(uint32_t begin, uint32_t least, uint32_t most) {
    const std::vector<Step> part(steps().begin() + begin, steps().end());
    steps().resize(begin);
    const auto again = [&]() -> Result<void> {
      const uint32_t shift = here() - begin;
      for (Step step : part) {
        if (step.op == Op::kSplit || step.op == Op::kJump) step.next += shift;
        if (step.op == Op::kSplit) step.other += shift;
        TRY(emit(step));
      }
      return {};
    };
    for (uint32_t i = 0; i < least; ++i) TRY(again());
    if (most == kNever) {
      const uint32_t split = here();
      TRY(emit({Op::kSplit, 0, split + 1, 0}));
      TRY(again());
      TRY(emit({Op::kJump, 0, split}));
      steps()[split].other = here();
      return {};
    }
    std::vector<uint32_t> splits;
    for (uint32_t i = least; i < most; ++i) {
      splits.push_back(here());
      TRY(emit({Op::kSplit, 0, here() + 1, 0}));
      TRY(again());
    }
    for (const uint32_t split : splits) steps()[split].other = here();
    return {};
  }

  Result<void> atom() {
    const char c = peek();
    switch (c) {
      case '(': {
        ++at_;
        if (take('?')) {
          if (!take(':')) return not_regular("look-around");
        }
        TRY(choice());
        return take(')') ? Result<void>() : invalid("parentheses () not balanced");
      }
      case '[':
        ++at_;
        return bracket();
      case '.':
        ++at_;
        return emit({Op::kAny});
      case '^':
        ++at_;
        return emit({Op::kBegin});
      case '$':
        ++at_;
        return emit({Op::kEnd});
      case '*':
      case '+':
      case '?':
        return invalid("quantifier operand invalid");
      case '\\':
        ++at_;
        return escape();
      default:
        return character(take_character());
    }
  }

  Result<void> character(uint32_t wanted) {
    return emit({Op::kCharacter, regex_.fold_case_ ? to_lower(wanted) : wanted});
  }

  Result<void> set(Ranges ranges, bool negated) {
    regex_.sets_.push_back({negated, std::move(ranges)});
    return emit({Op::kSet, static_cast<uint32_t>(regex_.sets_.size() - 1)});
  }

  Result<void> escape() {
    if (at_end()) return invalid("invalid escape \\ sequence");
    const uint32_t c = take_character();
    if (const std::optional<Ranges> ranges = class_of_letter(static_cast<char>(c | 0x20), c))
      return set(*ranges, c >= 'A' && c <= 'Z');
    if (c == 'A') return emit({Op::kBegin});
    if (c == 'Z') return emit({Op::kEnd});
    if (c >= '1' && c <= '9') return not_regular("a back reference");
    if (c == 'm' || c == 'M' || c == 'y' || c == 'Y') return not_regular("a bound of words");
    TRY_ASSIGN(const uint32_t wanted, escaped(c));
    return character(wanted);
  }

  static Result<uint32_t> escaped(uint32_t c) {
    switch (c) {
      case 'n':
        return uint32_t{'\n'};
      case 't':
        return uint32_t{'\t'};
      case 'r':
        return uint32_t{'\r'};
      case 'f':
        return uint32_t{'\f'};
      case 'v':
        return uint32_t{'\v'};
      default:
        break;
    }
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (is_word) return invalid("invalid escape \\ sequence");
    return c;
  }

  static std::optional<Ranges> class_of_letter(char lower, uint32_t c) {
    if (c >= 0x80) return std::nullopt;
    if (lower == 'd') return Ranges{{'0', '9'}};
    if (lower == 's') return Ranges{{'\t', '\r'}, {' ', ' '}};
    if (lower == 'w') return word();
    return std::nullopt;
  }
  static Ranges word() {
    return {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}, {0xaa, 0x10ffff}};
  }

  static std::optional<Ranges> class_of_name(std::string_view name) {
    if (name == "digit") return Ranges{{'0', '9'}};
    if (name == "space") return Ranges{{'\t', '\r'}, {' ', ' '}};
    if (name == "blank") return Ranges{{'\t', '\t'}, {' ', ' '}};
    if (name == "alpha") return Ranges{{'A', 'Z'}, {'a', 'z'}, {0xaa, 0x10ffff}};
    if (name == "alnum") return Ranges{{'0', '9'}, {'A', 'Z'}, {'a', 'z'}, {0xaa, 0x10ffff}};
    if (name == "word") return word();
    if (name == "upper") return Ranges{{'A', 'Z'}};
    if (name == "lower") return Ranges{{'a', 'z'}};
    if (name == "xdigit") return Ranges{{'0', '9'}, {'A', 'F'}, {'a', 'f'}};
    if (name == "punct") return Ranges{{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}};
    if (name == "cntrl") return Ranges{{0, 31}, {127, 127}};
    if (name == "print") return Ranges{{' ', '~'}, {0xa0, 0x10ffff}};
    if (name == "graph") return Ranges{{'!', '~'}, {0xa1, 0x10ffff}};
    return std::nullopt;
  }

  // What stands in brackets.
  Result<void> bracket() {
    const bool negated = take('^');
    Ranges ranges;
    for (bool first = true;; first = false) {
      if (at_end()) return invalid("brackets [] not balanced");
      if (peek() == ']' && !first) {
        ++at_;
        break;
      }
      if (pattern_.substr(at_).starts_with("[:")) {
        const size_t end = pattern_.find(":]", at_);
        if (end == std::string_view::npos) return invalid("brackets [] not balanced");
        const auto named = class_of_name(pattern_.substr(at_ + 2, end - at_ - 2));
        if (!named) return invalid("invalid character class");
        ranges.insert(ranges.end(), named->begin(), named->end());
        at_ = end + 2;
        continue;
      }
      TRY(bracket_range(ranges));
    }
    return set(std::move(ranges), negated);
  }

  Result<void> bracket_range(Ranges& ranges) {
    uint32_t from = take_character();
    if (from == '\\' && !at_end()) {
      const uint32_t c = take_character();
      if (c >= 'a' && c <= 'z') {
        if (const auto named = class_of_letter(static_cast<char>(c), c)) {
          ranges.insert(ranges.end(), named->begin(), named->end());
          return {};
        }
      }
      TRY_ASSIGN(from, escaped(c));
    }
    uint32_t to = from;
    if (at_ + 1 < pattern_.size() && peek() == '-' && pattern_[at_ + 1] != ']') {
      ++at_;
      to = take_character();
      if (to == '\\' && !at_end()) {
        TRY_ASSIGN(to, escaped(take_character()));
      }
      if (to < from) return invalid("invalid character range");
    }
    ranges.emplace_back(from, to);
    return {};
  }

  std::string_view pattern_;
  size_t at_ = 0;
  Regex& regex_;
  int groups_ = 0;
};

Result<Regex> Regex::compile(std::string_view pattern, bool fold_case) {
  Regex regex;
  regex.fold_case_ = fold_case;
  if (pattern.starts_with("***")) return not_regular("a prefix ***");
  TRY(RegexParser(pattern, regex).run());
  return regex;
}

bool Regex::Set::contains(uint32_t character) const {
  return std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
    return range.first <= character && character <= range.second;
  });
}

bool Regex::accepts(const Step& step, uint32_t character) const {
  switch (step.op) {
    case Op::kCharacter:
      return step.character == (fold_case_ ? to_lower(character) : character);
    case Op::kAny:
      return true;
    case Op::kSet: {
      const Set& set = sets_[step.character];
      const bool inside =
          set.contains(character) ||
          (fold_case_ && (set.contains(to_lower(character)) || set.contains(to_upper(character))));
      return inside != set.negated;
    }
    case Op::kSplit:
    case Op::kJump:
    case Op::kBegin:
    case Op::kEnd:
    case Op::kMatch:
      return false;
  }
  return false;
}

// Adds the steps that read a character and can be reached from there without reading one.
void Regex::follow(uint32_t step, bool at_begin, bool at_end, std::vector<uint32_t>& active,
                   std::vector<uint32_t>& seen, uint32_t mark, std::vector<uint32_t>& open,
                   bool& matched) const {
  open.push_back(step);
  while (!open.empty()) {
    const uint32_t at = open.back();
    open.pop_back();
    if (seen[at] == mark) continue;
    seen[at] = mark;
    const Step& one = steps_[at];
    switch (one.op) {
      case Op::kSplit:
        open.push_back(one.other);
        open.push_back(one.next);
        break;
      case Op::kJump:
        open.push_back(one.next);
        break;
      case Op::kBegin:
        if (at_begin) open.push_back(at + 1);
        break;
      case Op::kEnd:
        if (at_end) open.push_back(at + 1);
        break;
      case Op::kMatch:
        matched = true;
        break;
      case Op::kCharacter:
      case Op::kAny:
      case Op::kSet:
        active.push_back(at);
        break;
    }
  }
}

Result<bool> Regex::matches(std::string_view text, const std::atomic<bool>* cancelled) const {
  std::vector<uint32_t> seen(steps_.size(), kNever);
  std::vector<uint32_t> active, next, open;
  bool matched = false;
  uint32_t mark = 0;
  size_t at = 0;
  follow(0, true, text.empty(), active, seen, mark, open, matched);
  while (!matched && at < text.size()) {
    const uint32_t character = decode_character(text, at);
    at = next_character(text, at);
    const bool at_end = at >= text.size();
    ++mark;
    if (mark % kLookEvery == 0 && cancelled != nullptr &&
        cancelled->load(std::memory_order_relaxed)) {
      return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
    }
    next.clear();
    for (const uint32_t step : active) {
      if (accepts(steps_[step], character))
        follow(step + 1, false, at_end, next, seen, mark, open, matched);
    }
    follow(0, false, at_end, next, seen, mark, open, matched);  // A match may begin anywhere.
    active.swap(next);
  }
  return matched;
}

}  // namespace rowan::expr
