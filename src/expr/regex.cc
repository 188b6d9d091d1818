// The pattern becomes a tree; from it are made automata: one for the whole, and where captures are
// wanted one for each part, forwards and backwards (docs/decisions/0020-regular-expressions.md).
#include "expr/regex.h"

#include <algorithm>
#include <map>

#include "base/limits.h"
#include "expr/utf8.h"

namespace rowan::expr {

namespace {

constexpr size_t kInstructionsMax = 100'000;
constexpr int kRepeatMax = 255;  // PostgreSQL's bound of {m,n}.
constexpr int kNestingMax = 200;
constexpr int kUnbounded = -1;

Error bad(std::string_view what) {
  return Error(ErrorCode::kInvalidRegex, "invalid regular expression: " + std::string(what));
}
Error unsupported(std::string_view what) {
  return Error(ErrorCode::kFeatureNotSupported,
               std::string(what) + " in regular expressions are not supported");
}

bool is_digit(uint32_t c) { return c >= '0' && c <= '9'; }
bool is_space(uint32_t c) { return c == ' ' || (c >= 9 && c <= 13) || c == 0x85 || c == 0xa0; }
bool is_word(uint32_t c) { return c == '_' || is_alphanumeric(c); }

// ---- Sets of characters ----

enum class Class : uint8_t {
  kAlpha, kUpper, kLower, kDigit, kXdigit, kAlnum, kPrint, kGraph, kPunct, kBlank, kSpace, kCntrl,
  kWord,
};

bool is_in(Class which, uint32_t c) {
  const bool ascii = c < 128;
  switch (which) {
    case Class::kAlpha:
      return is_alphanumeric(c) && !is_digit(c);
    case Class::kUpper:
      return to_lower(c) != c;
    case Class::kLower:
      return to_upper(c) != c;
    case Class::kDigit:
      return is_digit(c);
    case Class::kXdigit:
      return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    case Class::kAlnum:
      return is_alphanumeric(c);
    case Class::kPrint:
      return c >= 32 && c != 127;
    case Class::kGraph:
      return c > 32 && c != 127 && !is_space(c);
    case Class::kPunct:
      return ascii && c > 32 && c < 127 && !is_alphanumeric(c);
    case Class::kBlank:
      return c == ' ' || c == '\t';
    case Class::kSpace:
      return is_space(c);
    case Class::kCntrl:
      return c < 32 || c == 127;
    case Class::kWord:
      return is_word(c);
  }
  return false;
}

struct Set {
  bool negated = false;
  bool no_line = false;  // Negated sets and dots that leave a line's end out.
  bool fold = false;
  std::vector<std::pair<uint32_t, uint32_t>> ranges;
  std::vector<std::pair<Class, bool>> classes;  // And whether it is turned round.
  bool any = false;

  bool has_exactly(uint32_t c) const {
    for (const auto& [low, high] : ranges) {
      if (c >= low && c <= high) return true;
    }
    return std::any_of(classes.begin(), classes.end(),
                       [&](const auto& item) { return is_in(item.first, c) != item.second; });
  }
  bool has(uint32_t c) const {
    if (no_line && c == '\n') return false;
    if (any) return true;
    bool found = has_exactly(c);
    if (!found && fold) found = has_exactly(to_lower(c)) || has_exactly(to_upper(c));
    return found != negated;
  }
};

enum class Place : uint8_t {
  kTextBegin, kTextEnd, kLineBegin, kLineEnd, kWordBegin, kWordEnd, kWordEdge, kNoWordEdge,
};

// ---- The tree ----

enum class Kind : uint8_t { kEmpty, kSet, kPlace, kSequence, kChoice, kRepeat, kGroup };
enum class Prefers : uint8_t { kNothing, kLonger, kShorter };

struct Tree {
  Kind kind = Kind::kEmpty;
  std::vector<int> children;
  int set = 0;
  Place place = Place::kTextBegin;
  int least = 0;
  int most = kUnbounded;
  int capture = -1;  // Of a group.
  Prefers prefers = Prefers::kNothing;
  bool has_captures = false;
};

}  // namespace

struct Instruction {
  enum class Op : uint8_t { kSet, kPlace, kJump, kFork, kMatch } op;
  uint32_t a = 0;  // kSet: the set. kPlace: which. kJump, kFork: where to go on.
  uint32_t b = 0;  // kFork: the other.
};
using Automaton = std::vector<Instruction>;

struct Regex::Program {
  std::vector<Set> sets;
  std::vector<Tree> trees;
  int root = 0;
  size_t captures = 0;
  Automaton whole;
  std::string literal;  // What matches() looks for when the pattern is nothing else.
  bool is_literal = false;
};

namespace {

using Op = Instruction::Op;

// ---- Reading a pattern ----

class PatternReader {
 public:
  PatternReader(std::string_view pattern, RegexOptions options, Regex::Program& program)
      : pattern_(pattern), options_(options), program_(program) {}

  Result<void> read() {
    TRY(read_prefix());
    if (options_.literal) {
      TRY_ASSIGN(program_.root, plain_text());
      return {};
    }
    TRY_ASSIGN(program_.root, choice(0));
    if (at_ < pattern_.size()) return bad("parentheses () not balanced");
    return {};
  }

 private:
  bool at_end() const { return at_ >= pattern_.size(); }
  uint32_t peek() const { return decode_character(pattern_, at_); }
  bool next_is(char c) const { return !at_end() && pattern_[at_] == c; }
  uint32_t take() {
    const uint32_t c = peek();
    at_ = next_character(pattern_, at_);
    return c;
  }
  bool accept(std::string_view text) {
    if (!pattern_.substr(at_).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }

  // ***= and ***: and (?letters) at the beginning.
  Result<void> read_prefix() {
    if (options_.literal) return {};
    if (accept("***=")) {
      options_.literal = true;
      return {};
    }
    accept("***:");
    if (!pattern_.substr(at_).starts_with("(?") || pattern_.size() < at_ + 3 ||
        !is_alphanumeric(static_cast<unsigned char>(pattern_[at_ + 2])))
      return {};
    const size_t end = pattern_.find(')', at_);
    if (end == std::string_view::npos) return bad("invalid embedded option");
    const auto given = RegexOptions::parse(pattern_.substr(at_ + 2, end - at_ - 2));
    if (!given || given->global) return bad("invalid embedded option");
    options_.fold = options_.fold || given->fold;
    options_.expanded = options_.expanded || given->expanded;
    options_.literal = given->literal;
    options_.dot_no_line = options_.dot_no_line || given->dot_no_line;
    options_.line_anchors = options_.line_anchors || given->line_anchors;
    at_ = end + 1;
    return {};
  }

  int add(Tree tree) {
    for (const int child : tree.children)
      tree.has_captures = tree.has_captures || program_.trees[child].has_captures;
    program_.trees.push_back(std::move(tree));
    return static_cast<int>(program_.trees.size()) - 1;
  }
  int add_set(Set set) {
    set.fold = options_.fold;
    program_.sets.push_back(std::move(set));
    Tree tree;
    tree.kind = Kind::kSet;
    tree.set = static_cast<int>(program_.sets.size()) - 1;
    return add(std::move(tree));
  }
  int add_character(uint32_t c) {
    Set set;
    set.ranges = {{c, c}};
    return add_set(std::move(set));
  }
  int add_class(Class which, bool negated) {
    Set set;
    set.classes = {{which, negated}};
    return add_set(std::move(set));
  }
  int add_place(Place place) {
    Tree tree;
    tree.kind = Kind::kPlace;
    tree.place = place;
    return add(std::move(tree));
  }

  Result<int> plain_text() {
    Tree sequence;
    sequence.kind = Kind::kSequence;
    while (!at_end()) sequence.children.push_back(add_character(take()));
    return add(std::move(sequence));
  }

  void skip_blanks() {
    while (options_.expanded && !at_end()) {
      if (is_space(peek())) {
        take();
      } else if (next_is('#')) {
        while (!at_end() && take() != '\n') {
        }
      } else {
        return;
      }
    }
  }

  Result<int> choice(int depth) {
    if (depth > kNestingMax) return bad("regular expression is too complex");
    Tree tree;
    tree.kind = Kind::kChoice;
    for (;;) {
      TRY_ASSIGN(const int branch, sequence(depth));
      tree.children.push_back(branch);
      if (!next_is('|')) break;
      take();
    }
    if (tree.children.size() == 1) return tree.children[0];
    tree.prefers = Prefers::kLonger;
    return add(std::move(tree));
  }

  Result<int> sequence(int depth) {
    Tree tree;
    tree.kind = Kind::kSequence;
    for (;;) {
      skip_blanks();
      if (at_end() || next_is('|') || (next_is(')') && depth > 0)) break;
      TRY_ASSIGN(const int item, quantified(depth));
      if (tree.prefers == Prefers::kNothing) tree.prefers = program_.trees[item].prefers;
      tree.children.push_back(item);
    }
    if (tree.children.size() == 1) return tree.children[0];
    if (tree.children.empty()) tree.kind = Kind::kEmpty;
    return add(std::move(tree));
  }

  Result<int> quantified(int depth) {
    TRY_ASSIGN(int item, atom(depth));
    for (bool first = true;; first = false) {
      skip_blanks();
      int least = 0;
      int most = kUnbounded;
      if (next_is('*')) {
        take();
      } else if (next_is('+')) {
        take();
        least = 1;
      } else if (next_is('?')) {
        take();
        most = 1;
      } else if (next_is('{') && at_ + 1 < pattern_.size() && is_digit(static_cast<unsigned char>(pattern_[at_ + 1]))) {
        TRY(bounds(least, most));
      } else {
        return item;
      }
      if (!first) return bad("quantifier operand invalid");
      const bool shorter = next_is('?');
      if (shorter) take();
      if (program_.trees[item].kind == Kind::kPlace) return bad("quantifier operand invalid");
      Tree tree;
      tree.kind = Kind::kRepeat;
      tree.children = {item};
      tree.least = least;
      tree.most = most;
      tree.prefers = least == most ? program_.trees[item].prefers
                     : shorter     ? Prefers::kShorter
                                   : Prefers::kLonger;
      item = add(std::move(tree));
    }
  }

  Result<void> bounds(int& least, int& most) {
    take();
    const auto number = [&]() -> Result<int> {
      int value = 0;
      while (!at_end() && is_digit(peek())) {
        value = value * 10 + static_cast<int>(take() - '0');
        if (value > kRepeatMax) return bad("invalid repetition count(s)");
      }
      return value;
    };
    TRY_ASSIGN(least, number());
    most = least;
    if (next_is(',')) {
      take();
      most = kUnbounded;
      if (!next_is('}')) {
        TRY_ASSIGN(most, number());
      }
    }
    if (!next_is('}')) return bad("braces {} not balanced");
    take();
    if (most != kUnbounded && most < least) return bad("invalid repetition count(s)");
    return {};
  }

  Result<int> atom(int depth) {
    const uint32_t c = take();
    switch (c) {
      case '(':
        return group(depth);
      case '[':
        return bracket();
      case '\\':
        return escape();
      case '.': {
        Set set;
        set.any = true;
        set.no_line = options_.dot_no_line;
        return add_set(std::move(set));
      }
      case '^':
        return add_place(options_.line_anchors ? Place::kLineBegin : Place::kTextBegin);
      case '$':
        return add_place(options_.line_anchors ? Place::kLineEnd : Place::kTextEnd);
      case ')':
        return bad("parentheses () not balanced");
      case '*':
      case '+':
      case '?':
        return bad("quantifier operand invalid");
      case '{':
        if (!at_end() && is_digit(peek())) return bad("quantifier operand invalid");
        return add_character(c);
      default:
        return add_character(c);
    }
  }

  Result<int> group(int depth) {
    int capture = -1;
    if (accept("?:")) {
    } else if (accept("?=") || accept("?!") || accept("?<=") || accept("?<!")) {
      return unsupported("lookaround constraints");
    } else if (next_is('?')) {
      return bad("quantifier operand invalid");
    } else {
      capture = static_cast<int>(program_.captures++);
    }
    TRY_ASSIGN(const int inner, choice(depth + 1));
    if (!next_is(')')) return bad("parentheses () not balanced");
    take();
    if (capture < 0) {
      if (program_.trees[inner].kind != Kind::kPlace) return inner;
    }
    Tree tree;
    tree.kind = Kind::kGroup;
    tree.children = {inner};
    tree.capture = capture;
    tree.prefers = program_.trees[inner].prefers;
    tree.has_captures = capture >= 0;
    return add(std::move(tree));
  }

  // ---- Brackets ----

  Result<int> bracket() {
    if (accept("[:<:]]")) return add_place(Place::kWordBegin);
    if (accept("[:>:]]")) return add_place(Place::kWordEnd);
    Set set;
    if (next_is('^')) {
      take();
      set.negated = true;
      set.no_line = options_.dot_no_line;
    }
    for (bool first = true;; first = false) {
      if (at_end()) return bad("brackets [] not balanced");
      if (next_is(']') && !first) {
        take();
        break;
      }
      if (accept("[:")) {
        TRY(named_class(set));
        continue;
      }
      if (next_is('\\') && class_escape(set)) continue;
      TRY_ASSIGN(const uint32_t low, element());
      uint32_t high = low;
      if (next_is('-') && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']') {
        take();
        TRY_ASSIGN(high, element());
        if (high < low) return bad("invalid character range");
      }
      set.ranges.emplace_back(low, high);
    }
    return add_set(std::move(set));
  }

  Result<uint32_t> element() {
    if (at_end()) return bad("brackets [] not balanced");
    for (const char kind : {'.', '='}) {
      const std::string open = std::string("[") + kind;
      if (!accept(open)) continue;
      if (at_end()) return bad("brackets [] not balanced");
      const uint32_t c = take();
      if (!accept(std::string(1, kind) + "]")) return bad("invalid collating element");
      return c;
    }
    const uint32_t c = take();
    return c == '\\' ? character_escape() : Result<uint32_t>(c);
  }

  Result<void> named_class(Set& set) {
    static constexpr std::pair<std::string_view, Class> kNames[] = {
        {"alpha", Class::kAlpha}, {"upper", Class::kUpper},   {"lower", Class::kLower},
        {"digit", Class::kDigit}, {"xdigit", Class::kXdigit}, {"alnum", Class::kAlnum},
        {"print", Class::kPrint}, {"graph", Class::kGraph},   {"punct", Class::kPunct},
        {"blank", Class::kBlank}, {"space", Class::kSpace},   {"cntrl", Class::kCntrl},
        {"word", Class::kWord},
    };
    const size_t end = pattern_.find(":]", at_);
    if (end == std::string_view::npos) return bad("brackets [] not balanced");
    const std::string_view name = pattern_.substr(at_, end - at_);
    for (const auto& [known, which] : kNames) {
      if (known != name) continue;
      set.classes.emplace_back(which, false);
      at_ = end + 2;
      return {};
    }
    return bad("invalid character class");
  }

  static std::optional<std::pair<Class, bool>> class_of(uint32_t letter) {
    switch (letter) {
      case 'd':
        return std::pair(Class::kDigit, false);
      case 's':
        return std::pair(Class::kSpace, false);
      case 'w':
        return std::pair(Class::kWord, false);
      case 'D':
        return std::pair(Class::kDigit, true);
      case 'S':
        return std::pair(Class::kSpace, true);
      case 'W':
        return std::pair(Class::kWord, true);
      default:
        return std::nullopt;
    }
  }

  bool class_escape(Set& set) {
    if (at_ + 1 >= pattern_.size()) return false;
    const auto found = class_of(static_cast<unsigned char>(pattern_[at_ + 1]));
    if (!found) return false;
    set.classes.push_back(*found);
    at_ += 2;
    return true;
  }

  // ---- Escapes: the backslash is taken ----

  Result<int> escape() {
    if (at_end()) return bad("invalid escape \\ sequence");
    const uint32_t c = peek();
    if (const auto found = class_of(c)) {
      take();
      return add_class(found->first, found->second);
    }
    const auto place = [&](Place which) {
      take();
      return add_place(which);
    };
    switch (c) {
      case 'A':
        return place(Place::kTextBegin);
      case 'Z':
        return place(Place::kTextEnd);
      case 'm':
        return place(Place::kWordBegin);
      case 'M':
        return place(Place::kWordEnd);
      case 'y':
        return place(Place::kWordEdge);
      case 'Y':
        return place(Place::kNoWordEdge);
      default:
        break;
    }
    if (c >= '1' && c <= '9') return unsupported("back references");
    TRY_ASSIGN(const uint32_t code, character_escape());
    return add_character(code);
  }

  Result<uint32_t> character_escape() {
    if (at_end()) return bad("invalid escape \\ sequence");
    const uint32_t c = take();
    switch (c) {
      case 'a':
        return 7u;
      case 'b':
        return 8u;
      case 'B':
        return static_cast<uint32_t>('\\');
      case 'e':
        return 27u;
      case 'f':
        return 12u;
      case 'n':
        return 10u;
      case 'r':
        return 13u;
      case 't':
        return 9u;
      case 'v':
        return 11u;
      case 'c':
        if (at_end()) return bad("invalid escape \\ sequence");
        return take() & 31u;
      case 'u':
        return hexadecimal(4, 4);
      case 'U':
        return hexadecimal(8, 8);
      case 'x':
        return hexadecimal(1, 255);
      case '0':
        return octal();
      default:
        if (c < 128 && is_alphanumeric(c)) return bad("invalid escape \\ sequence");
        return c;
    }
  }
  Result<uint32_t> hexadecimal(size_t least, size_t most) {
    uint32_t code = 0;
    size_t digits = 0;
    while (digits < most && !at_end() && is_in(Class::kXdigit, peek())) {
      const uint32_t c = take();
      code = code * 16 + (is_digit(c) ? c - '0' : (c | 32) - 'a' + 10);
      if (code > 0x10ffff) return bad("invalid escape \\ sequence");
      ++digits;
    }
    if (digits < least) return bad("invalid escape \\ sequence");
    return code;
  }
  Result<uint32_t> octal() {
    uint32_t code = 0;
    for (int i = 0; i < 2 && !at_end() && peek() >= '0' && peek() <= '7'; ++i)
      code = code * 8 + (take() - '0');
    return code;
  }

  std::string_view pattern_;
  size_t at_ = 0;
  RegexOptions options_;
  Regex::Program& program_;
};

// ---- From the tree to an automaton ----

class Compiler {
 public:
  Compiler(const Regex::Program& program, bool backward) : program_(program), backward_(backward) {}

  bool compile(int tree) {
    put(program_.trees[tree]);
    out_.push_back({Op::kMatch});
    return !too_large_;
  }
  // A repetition of a tree with other bounds.
  bool compile_repeat(int item, int least, int most) {
    repeat(item, least, most);
    out_.push_back({Op::kMatch});
    return !too_large_;
  }
  Automaton take() { return std::move(out_); }

 private:
  uint32_t here() const { return static_cast<uint32_t>(out_.size()); }

  void put(int tree) { put(program_.trees[tree]); }
  void put(const Tree& tree) {
    if (out_.size() > kInstructionsMax) {
      too_large_ = true;
      return;
    }
    switch (tree.kind) {
      case Kind::kEmpty:
        return;
      case Kind::kSet:
        out_.push_back({Op::kSet, static_cast<uint32_t>(tree.set)});
        return;
      case Kind::kPlace:
        out_.push_back({Op::kPlace, static_cast<uint32_t>(tree.place)});
        return;
      case Kind::kGroup:
        return put(tree.children[0]);
      case Kind::kSequence:
        if (backward_) {
          for (size_t i = tree.children.size(); i-- > 0;) put(tree.children[i]);
        } else {
          for (const int child : tree.children) put(child);
        }
        return;
      case Kind::kChoice:
        return choose(tree);
      case Kind::kRepeat:
        return repeat(tree.children[0], tree.least, tree.most);
    }
  }
  void choose(const Tree& tree) {
    std::vector<uint32_t> ends;
    for (size_t i = 0; i < tree.children.size(); ++i) {
      const bool last = i + 1 == tree.children.size();
      const uint32_t fork = here();
      if (!last) out_.push_back({Op::kFork, fork + 1});
      put(tree.children[i]);
      if (last) break;
      ends.push_back(here());
      out_.push_back({Op::kJump});
      out_[fork].b = here();
    }
    for (const uint32_t end : ends) out_[end].a = here();
  }
  void repeat(int item, int least, int most) {
    for (int i = 0; i < least && !too_large_; ++i) put(item);
    if (most == kUnbounded) {
      const uint32_t fork = here();
      out_.push_back({Op::kFork, fork + 1});
      put(item);
      out_.push_back({Op::kJump, fork});
      out_[fork].b = here();
      return;
    }
    std::vector<uint32_t> forks;
    for (int i = least; i < most && !too_large_; ++i) {
      forks.push_back(here());
      out_.push_back({Op::kFork, here() + 1});
      put(item);
    }
    for (const uint32_t fork : forks) out_[fork].b = here();
  }

  const Regex::Program& program_;
  const bool backward_;
  Automaton out_;
  bool too_large_ = false;
};

}  // namespace

// ---- Running ----

// One search in one text.
struct RegexRun {
  const Regex::Program& program;
  const Regex::Subject& subject;

  bool holds(Place place, size_t at) const {
    const size_t size = subject.size();
    const bool before = at > 0 && is_word(subject.code(at - 1));
    const bool after = at < size && is_word(subject.code(at));
    switch (place) {
      case Place::kTextBegin:
        return at == 0;
      case Place::kTextEnd:
        return at == size;
      case Place::kLineBegin:
        return at == 0 || subject.code(at - 1) == '\n';
      case Place::kLineEnd:
        return at == size || subject.code(at) == '\n';
      case Place::kWordBegin:
        return !before && after;
      case Place::kWordEnd:
        return before && !after;
      case Place::kWordEdge:
        return before != after;
      case Place::kNoWordEdge:
        return before == after;
    }
    return false;
  }

  // The states that an automaton is in, each with the leftmost place where its match began.
  struct States {
    std::vector<uint32_t> list;
    std::vector<size_t> begin;  // By state.
    std::vector<uint32_t> seen;  // The step in which it was entered, by state.
    uint32_t step = 0;

    explicit States(size_t size) : begin(size), seen(size, 0) {}
    void clear() {
      list.clear();
      ++step;
    }
  };

  void enter(const Automaton& automaton, States& states, uint32_t first, size_t at,
             size_t begin) const {
    std::vector<uint32_t>& stack = stack_;
    stack.assign(1, first);
    while (!stack.empty()) {
      const uint32_t state = stack.back();
      stack.pop_back();
      if (states.seen[state] == states.step) {
        if (states.begin[state] <= begin) continue;
      } else {
        states.seen[state] = states.step;
        states.list.push_back(state);
      }
      states.begin[state] = begin;
      const Instruction& instruction = automaton[state];
      switch (instruction.op) {
        case Op::kJump:
          stack.push_back(instruction.a);
          break;
        case Op::kFork:
          stack.push_back(instruction.b);
          stack.push_back(instruction.a);
          break;
        case Op::kPlace:
          if (holds(static_cast<Place>(instruction.a), at)) stack.push_back(state + 1);
          break;
        case Op::kSet:
        case Op::kMatch:
          break;
      }
    }
  }

  struct Found {
    size_t from = 0;
    size_t to = 0;
  };

  // The leftmost match from `from` on, as long or as short as can be. `any`: whichever is met first.
  std::optional<Found> find(size_t from, bool shortest, bool any) const {
    const Automaton& automaton = program.whole;
    States now(automaton.size()), next(automaton.size());
    now.clear();
    next.clear();
    std::optional<Found> best;
    const size_t size = subject.size();
    for (size_t at = from;; ++at) {
      if (!best) enter(automaton, now, 0, at, at);
      for (const uint32_t state : now.list) {
        if (automaton[state].op != Op::kMatch) continue;
        const size_t begin = now.begin[state];
        const bool better = !best || begin < best->from || (begin == best->from && !shortest);
        if (better) best = Found{begin, at};
        if (any) return best;
      }
      if (at == size) return best;
      const uint32_t c = subject.code(at);
      next.clear();
      for (const uint32_t state : now.list) {
        const Instruction& instruction = automaton[state];
        const size_t begin = now.begin[state];
        if (instruction.op != Op::kSet || (best && begin > best->from)) continue;
        if (best && shortest && begin == best->from) continue;
        if (program.sets[instruction.a].has(c)) enter(automaton, next, state + 1, at + 1, begin);
      }
      std::swap(now, next);
      if (now.list.empty() && best) return best;
    }
  }

  // Where in [from, to] the automaton can end that begins at `from`.
  std::vector<bool> ends(const Automaton& automaton, size_t from, size_t to) const {
    std::vector<bool> result(to - from + 1, false);
    States now(automaton.size()), next(automaton.size());
    now.clear();
    next.clear();
    enter(automaton, now, 0, from, 0);
    for (size_t at = from;; ++at) {
      for (const uint32_t state : now.list) {
        if (automaton[state].op == Op::kMatch) result[at - from] = true;
      }
      if (at == to || now.list.empty()) return result;
      next.clear();
      const uint32_t c = subject.code(at);
      for (const uint32_t state : now.list) {
        if (automaton[state].op == Op::kSet && program.sets[automaton[state].a].has(c))
          enter(automaton, next, state + 1, at + 1, 0);
      }
      std::swap(now, next);
    }
  }

  // Where in [from, to] the backward automaton can begin that ends at one of `last` (counted from
  // `from`).
  std::vector<bool> begins(const Automaton& automaton, size_t from, size_t to,
                           const std::vector<bool>& last) const {
    std::vector<bool> result(to - from + 1, false);
    States now(automaton.size()), next(automaton.size());
    now.clear();
    next.clear();
    for (size_t at = to;; --at) {
      if (last[at - from]) enter(automaton, now, 0, at, 0);
      for (const uint32_t state : now.list) {
        if (automaton[state].op == Op::kMatch) result[at - from] = true;
      }
      if (at == from) return result;
      next.clear();
      const uint32_t c = subject.code(at - 1);
      for (const uint32_t state : now.list) {
        if (automaton[state].op == Op::kSet && program.sets[automaton[state].a].has(c))
          enter(automaton, next, state + 1, at - 1, 0);
      }
      std::swap(now, next);
    }
  }

  const Automaton& part(int tree, bool backward) const {
    const auto key = std::pair(tree, backward);
    const auto known = parts_.find(key);
    if (known != parts_.end()) return known->second;
    Compiler compiler(program, backward);
    compiler.compile(tree);
    return parts_.emplace(key, compiler.take()).first->second;
  }

  // The split of [from, to] between what comes first and the rest: `first_can` end and `rest_can`
  // begin there.
  static std::optional<size_t> split(const std::vector<bool>& first_can,
                                     const std::vector<bool>& rest_can, size_t from,
                                     bool shortest) {
    const size_t count = first_can.size();
    for (size_t i = 0; i < count; ++i) {
      const size_t at = shortest ? i : count - 1 - i;
      if (first_can[at] && rest_can[at]) return from + at;
    }
    return std::nullopt;
  }

  // The tree matches [from, to] as a whole: finds what its captures take.
  void capture(int index, size_t from, size_t to, std::vector<std::optional<Found>>& found) const {
    const Tree& tree = program.trees[index];
    if (!tree.has_captures) return;
    switch (tree.kind) {
      case Kind::kGroup:
        if (tree.capture >= 0) found[static_cast<size_t>(tree.capture)] = Found{from, to};
        return capture(tree.children[0], from, to, found);
      case Kind::kChoice:
        for (const int child : tree.children) {
          if (ends(part(child, false), from, to)[to - from])
            return capture(child, from, to, found);
        }
        return;
      case Kind::kSequence:
        return capture_sequence(tree, from, to, found);
      case Kind::kRepeat:
        return capture_repeat(tree, from, to, found);
      case Kind::kEmpty:
      case Kind::kSet:
      case Kind::kPlace:
        return;
    }
  }

  void capture_sequence(const Tree& tree, size_t from, size_t to,
                        std::vector<std::optional<Found>>& found) const {
    // What the children from i on can match up to `to`, from the back.
    const size_t count = tree.children.size();
    std::vector<std::vector<bool>> rest(count + 1);
    rest[count].assign(to - from + 1, false);
    rest[count][to - from] = true;
    for (size_t i = count; i-- > 1;) {
      rest[i] = begins(part(tree.children[i], true), from, to, rest[i + 1]);
    }
    size_t at = from;
    for (size_t i = 0; i < count; ++i) {
      const auto first = ends(part(tree.children[i], false), at, to);
      const std::vector<bool> after(rest[i + 1].begin() + static_cast<ptrdiff_t>(at - from),
                                    rest[i + 1].end());
      const bool shortest = program.trees[tree.children[i]].prefers == Prefers::kShorter;
      const auto end = split(first, after, at, shortest);
      if (!end) return;
      capture(tree.children[i], at, *end, found);
      at = *end;
    }
  }

  // The last turn's captures count.
  void capture_repeat(const Tree& tree, size_t from, size_t to,
                      std::vector<std::optional<Found>>& found) const {
    const int item = tree.children[0];
    if (from == to) {
      if (tree.least > 0) capture(item, from, to, found);
      return;
    }
    const bool shortest = program.trees[item].prefers == Prefers::kShorter;
    int least = tree.least;
    int most = tree.most;
    for (size_t at = from; at < to;) {
      least = std::max(least - 1, 0);
      if (most != kUnbounded) --most;
      Compiler compiler(program, true);
      compiler.compile_repeat(item, least, most);
      std::vector<bool> last(to - at + 1, false);
      last.back() = true;
      const auto rest = begins(compiler.take(), at, to, last);
      auto first = ends(part(item, false), at, to);
      if (first.size() > 1) first[0] = false;  // Each turn takes something.
      const auto end = split(first, rest, at, shortest);
      if (!end) return;
      capture(item, at, *end, found);
      at = *end;
    }
  }

  mutable std::map<std::pair<int, bool>, Automaton> parts_ = {};
  mutable std::vector<uint32_t> stack_ = {};
};

Result<RegexOptions> RegexOptions::parse(std::string_view letters) {
  RegexOptions options;
  for (const char letter : letters) {
    switch (letter) {
      case 'g':
        options.global = true;
        break;
      case 'i':
        options.fold = true;
        break;
      case 'c':
        options.fold = false;
        break;
      case 'q':
        options.literal = true;
        break;
      case 'x':
        options.expanded = true;
        break;
      case 't':
        options.expanded = false;
        break;
      case 'n':
      case 'm':
        options.dot_no_line = options.line_anchors = true;
        break;
      case 'p':
        options.dot_no_line = true;
        options.line_anchors = false;
        break;
      case 'w':
        options.dot_no_line = false;
        options.line_anchors = true;
        break;
      case 's':
        options.dot_no_line = options.line_anchors = false;
        break;
      case 'b':
      case 'e':
        return Error(ErrorCode::kFeatureNotSupported,
                     "basic and extended regular expressions are not supported");
      default:
        return Error(ErrorCode::kInvalidParameterValue,
                     std::string("invalid regular expression option: \"") + letter + "\"");
    }
  }
  return options;
}

Regex::Regex(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

Result<Regex> Regex::compile(std::string_view pattern, RegexOptions options) {
  auto program = std::make_unique<Program>();
  TRY(PatternReader(pattern, options, *program).read());
  Compiler compiler(*program, false);
  if (!compiler.compile(program->root)) return bad("regular expression is too complex");
  program->whole = compiler.take();
  program->is_literal = !options.fold;
  for (const Instruction& instruction : program->whole) {
    if (instruction.op == Op::kMatch) break;
    const bool one = instruction.op == Op::kSet && !program->sets[instruction.a].negated &&
                     !program->sets[instruction.a].fold && !program->sets[instruction.a].any &&
                     program->sets[instruction.a].classes.empty() &&
                     program->sets[instruction.a].ranges.size() == 1 &&
                     program->sets[instruction.a].ranges[0].first ==
                         program->sets[instruction.a].ranges[0].second;
    program->is_literal = program->is_literal && one;
    if (one) append_character(program->sets[instruction.a].ranges[0].first, program->literal);
  }
  return Regex(std::move(program));
}

Regex::Subject::Subject(std::string_view text) : text_(text), ascii_(is_ascii(text)) {
  if (ascii_) return;
  for (size_t at = 0; at < text.size(); at = next_character(text, at)) {
    codes_.push_back(decode_character(text, at));
    offsets_.push_back(static_cast<uint32_t>(at));
  }
  offsets_.push_back(static_cast<uint32_t>(text.size()));
}

size_t Regex::Subject::index(size_t offset) const {
  if (ascii_) return std::min(offset, text_.size());
  return static_cast<size_t>(std::lower_bound(offsets_.begin(), offsets_.end(), offset) -
                             offsets_.begin());
}

size_t Regex::captures() const { return program_->captures; }

bool Regex::matches(std::string_view text) const {
  if (program_->is_literal) return text.find(program_->literal) != std::string_view::npos;
  const Subject subject(text);
  return RegexRun{*program_, subject}.find(0, true, true).has_value();
}

std::vector<std::optional<Regex::Span>> Regex::search(const Subject& subject, size_t from) const {
  std::vector<std::optional<Span>> spans;
  const RegexRun run{*program_, subject};
  const Tree& root = program_->trees[static_cast<size_t>(program_->root)];
  const auto found = run.find(subject.index(from), root.prefers == Prefers::kShorter, false);
  if (!found) return spans;
  std::vector<std::optional<RegexRun::Found>> captured(program_->captures);
  run.capture(program_->root, found->from, found->to, captured);
  spans.emplace_back(Span{subject.offset(found->from), subject.offset(found->to)});
  for (const auto& part : captured) {
    if (part) {
      spans.emplace_back(Span{subject.offset(part->from), subject.offset(part->to)});
    } else {
      spans.emplace_back(std::nullopt);
    }
  }
  return spans;
}

}  // namespace rowan::expr
