// Regular expressions: the operators, and what takes texts apart by them.
#include "expr/regex.h"

#include "base/limits.h"
#include "expr/families.h"
#include "expr/kernels.h"
#include "expr/utf8.h"
#include "type/array.h"
#include "type/text.h"

namespace rowan::expr {
namespace {

using type::ArrayBuilder;
using Spans = std::vector<std::optional<Regex::Span>>;

// The last pattern stays compiled: mostly it is the same for all rows.
class Patterns {
 public:
  Result<const Regex*> get(std::string_view pattern, RegexOptions options,
                           std::string_view letters = {}) {
    if (regex_ && pattern_ == pattern && letters_ == letters) return &*regex_;
    auto made = Regex::compile(pattern, options);
    if (!made) return std::move(made).error();
    regex_.emplace(std::move(made).value());
    pattern_ = pattern;
    letters_ = letters;
    return &*regex_;
  }

 private:
  std::optional<Regex> regex_;
  std::string pattern_;
  std::string letters_;
};

std::string_view part(std::string_view text, Regex::Span span) {
  return text.substr(span.from, span.to - span.from);
}

// Where to look for the next match; past the end: nowhere.
size_t after(std::string_view text, Regex::Span match) {
  if (match.to > match.from) return match.to;
  return match.to < text.size() ? next_character(text, match.to) : text.size() + 1;
}

// f(match) for every match, until it gives false.
template <typename F>
Result<void> each_match(const Regex& regex, std::string_view text, size_t from, F f) {
  const Regex::Subject subject(text);
  while (from <= text.size()) {
    const Spans match = regex.search(subject, from);
    if (match.empty()) return {};
    TRY_ASSIGN(const bool more, f(match));
    if (!more) return {};
    from = after(text, *match[0]);
  }
  return {};
}

Result<RegexOptions> options_of(const KernelInput& input, size_t argument, size_t row,
                                std::string_view function, bool takes_global = false) {
  if (input.arguments.size() <= argument) return RegexOptions();
  TRY_ASSIGN(const RegexOptions options,
             RegexOptions::parse(Strings(input.arguments[argument])[row]));
  if (!options.global || takes_global) return options;
  return Error(ErrorCode::kInvalidParameterValue,
               std::string(function) + " does not support the \"global\" option")
      .with_hint("Use the regexp_matches function instead.");
}
std::string_view letters_of(const KernelInput& input, size_t argument, size_t row) {
  return input.arguments.size() <= argument ? std::string_view()
                                            : Strings(input.arguments[argument])[row];
}

template <bool fold, bool negated>
Result<Column> matches(const KernelInput& input) {
  Patterns patterns;
  return try_map2<int64_t, std::string_view, std::string_view>(
      input, [&](std::string_view text, std::string_view pattern, int64_t& r) -> Result<void> {
        TRY_ASSIGN(const Regex* const regex, patterns.get(pattern, {.fold = fold}));
        r = regex->matches(text) != negated ? 1 : 0;
        return {};
      });
}

Result<Column> regexp_like(const KernelInput& input) {
  const Strings texts(input.arguments[0]), regexes(input.arguments[1]);
  Patterns patterns;
  auto out = make_fixed<int64_t>(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) {
    out.data[row] = 0;
    if (is_null(input, row)) continue;
    TRY_ASSIGN(const RegexOptions options, options_of(input, 2, row, "regexp_like()"));
    TRY_ASSIGN(const Regex* const regex,
               patterns.get(regexes[row], options, letters_of(input, 2, row)));
    out.data[row] = regex->matches(texts[row]) ? 1 : 0;
  }
  return std::move(out.column);
}

Result<Column> regexp_count(const KernelInput& input) {
  const Strings texts(input.arguments[0]), regexes(input.arguments[1]);
  Patterns patterns;
  auto out = make_fixed<int64_t>(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) {
    out.data[row] = 0;
    if (is_null(input, row)) continue;
    size_t from = 0;
    if (input.arguments.size() > 2) {
      const int64_t start = Ints(input.arguments[2])[row];
      if (start <= 0) {
        return Error(ErrorCode::kInvalidParameterValue,
                     "invalid value for parameter \"start\": " + std::to_string(start));
      }
      from = character_offset(texts[row], static_cast<size_t>(start - 1));
    }
    TRY_ASSIGN(const RegexOptions options, options_of(input, 3, row, "regexp_count()"));
    TRY_ASSIGN(const Regex* const regex,
               patterns.get(regexes[row], options, letters_of(input, 3, row)));
    TRY(each_match(*regex, texts[row], from, [&](const Spans&) -> Result<bool> {
      ++out.data[row];
      return true;
    }));
  }
  return std::move(out.column);
}

// substring(text FROM pattern): the first capture, or the whole match.
Result<Column> substring_by_pattern(const KernelInput& input) {
  const Strings texts(input.arguments[0]), regexes(input.arguments[1]);
  Patterns patterns;
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    TRY_ASSIGN(const Regex* const regex, patterns.get(regexes[row], {}));
    const Regex::Subject subject(texts[row]);
    const Spans match = regex->search(subject, 0);
    const auto wanted = match.empty() ? std::nullopt : match[match.size() > 1 ? 1 : 0];
    if (wanted) {
      out.set(row, part(texts[row], *wanted));
    } else {
      out.set_null(row);
    }
    return {};
  });
}

// ---- Matches as arrays ----

std::string array_of(std::string_view text, const Spans& match) {
  ArrayBuilder array(TypeId::kText);
  for (size_t i = match.size() > 1 ? 1 : 0; i < match.size(); ++i) {
    if (match[i]) {
      array.append(type::Datum(part(text, *match[i])));
    } else {
      array.append_null();
    }
  }
  return array.finish();
}

Result<Column> regexp_match(const KernelInput& input) {
  const Strings texts(input.arguments[0]), regexes(input.arguments[1]);
  Patterns patterns;
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    TRY_ASSIGN(const RegexOptions options, options_of(input, 2, row, "regexp_match()"));
    TRY_ASSIGN(const Regex* const regex,
               patterns.get(regexes[row], options, letters_of(input, 2, row)));
    const Regex::Subject subject(texts[row]);
    const Spans match = regex->search(subject, 0);
    if (match.empty()) {
      out.set_null(row);
    } else {
      out.set(row, array_of(texts[row], match));
    }
    return {};
  });
}

// The parts of a text between matches. As PostgreSQL has it, an empty match at an end does not count.
Result<std::vector<std::string_view>> split(const Regex& regex, std::string_view text) {
  std::vector<std::string_view> parts;
  size_t from = 0;
  TRY(each_match(regex, text, 0, [&](const Spans& match) -> Result<bool> {
    const Regex::Span at = *match[0];
    const bool empty = at.from == at.to;
    if (empty && (at.from == from || at.from == text.size())) return true;
    parts.push_back(text.substr(from, at.from - from));
    from = at.to;
    return true;
  }));
  parts.push_back(text.substr(from));
  return parts;
}

Result<Column> split_to_array(const KernelInput& input) {
  const Strings texts(input.arguments[0]), regexes(input.arguments[1]);
  Patterns patterns;
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    TRY_ASSIGN(const RegexOptions options, options_of(input, 2, row, "regexp_split_to_array()"));
    TRY_ASSIGN(const Regex* const regex,
               patterns.get(regexes[row], options, letters_of(input, 2, row)));
    TRY_ASSIGN(const auto parts, split(*regex, texts[row]));
    ArrayBuilder array(TypeId::kText);
    for (const std::string_view one : parts) array.append(type::Datum(one));
    out.set(row, array.finish());
    return {};
  });
}

// ---- Matches as rows ----

class TextRows final : public SetRows {
 public:
  TextRows(Type type, std::vector<std::string> texts) : type_(type), texts_(std::move(texts)) {}
  Result<bool> next(type::Batch& batch) override {
    if (done_ || texts_.empty()) return false;
    done_ = true;
    type::ColumnBuilder builder(type_, texts_.size());
    for (const std::string& text : texts_) builder.append_string(text);
    batch.rows = texts_.size();
    batch.columns = {builder.finish()};
    return true;
  }

 private:
  const Type type_;
  const std::vector<std::string> texts_;
  bool done_ = false;
};

Result<Regex> regex_of(const SetInput& input, RegexOptions& options) {
  if (input.arguments.size() > 2) {
    TRY_ASSIGN(options, RegexOptions::parse(input.arguments[2].as_string()));
  }
  return Regex::compile(input.arguments[1].as_string(), options);
}

Result<std::unique_ptr<SetRows>> regexp_matches(const SetInput& input) {
  RegexOptions options;
  auto regex = regex_of(input, options);
  if (!regex) return std::move(regex).error();
  const std::string& text = input.arguments[0].as_string();
  std::vector<std::string> arrays;
  TRY(each_match(*regex, text, 0, [&](const Spans& match) -> Result<bool> {
    arrays.push_back(array_of(text, match));
    return options.global;
  }));
  return std::unique_ptr<SetRows>(std::make_unique<TextRows>(input.results[0], std::move(arrays)));
}

Result<std::unique_ptr<SetRows>> split_to_table(const SetInput& input) {
  RegexOptions options;
  auto regex = regex_of(input, options);
  if (!regex) return std::move(regex).error();
  TRY_ASSIGN(const auto parts, split(*regex, input.arguments[0].as_string()));
  std::vector<std::string> texts(parts.begin(), parts.end());
  return std::unique_ptr<SetRows>(std::make_unique<TextRows>(input.results[0], std::move(texts)));
}

// ---- regexp_replace ----

// \1 … \9, \& and \\ in what comes instead.
void append_replacement(std::string_view replacement, std::string_view text, const Spans& match,
                        std::string& out) {
  for (size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] != '\\' || i + 1 == replacement.size()) {
      out += replacement[i];
      continue;
    }
    const char what = replacement[++i];
    if (what == '&') {
      out += part(text, *match[0]);
    } else if (what >= '1' && what <= '9') {
      const auto number = static_cast<size_t>(what - '0');
      if (number < match.size() && match[number]) out += part(text, *match[number]);
    } else if (what == '\\') {
      out += '\\';
    } else {
      out += '\\';
      out += what;
    }
  }
}

Result<Column> regexp_replace(const KernelInput& input) {
  const Strings texts(input.arguments[0]), regexes(input.arguments[1]), news(input.arguments[2]);
  Patterns patterns;
  std::string made;
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    TRY_ASSIGN(const RegexOptions options, options_of(input, 3, row, "regexp_replace()", true));
    TRY_ASSIGN(const Regex* const regex,
               patterns.get(regexes[row], options, letters_of(input, 3, row)));
    const std::string_view text = texts[row];
    made.clear();
    size_t from = 0;
    TRY(each_match(*regex, text, 0, [&](const Spans& match) -> Result<bool> {
      made += text.substr(from, match[0]->from - from);
      append_replacement(news[row], text, match, made);
      from = match[0]->to;
      if (made.size() > kValueBytesMax)
        return Error(ErrorCode::kProgramLimit, "requested length too large");
      return options.global;
    }));
    made += text.substr(from);
    out.set(row, made);
    return {};
  });
}

// ---- SIMILAR TO ----

// The pattern as a regular expression; `escape`: empty for none.
Result<std::string> similar_pattern(std::string_view pattern, std::string_view escape) {
  if (!escape.empty() && next_character(escape, 0) != escape.size()) {
    return Error(ErrorCode::kInvalidEscape, "invalid escape string")
        .with_hint("Escape string must be empty or one character.");
  }
  std::string out = "^(?:";
  bool in_bracket = false;
  for (size_t at = 0; at < pattern.size();) {
    const size_t end = next_character(pattern, at);
    const std::string_view character = pattern.substr(at, end - at);
    at = end;
    if (!escape.empty() && character == escape) {
      if (at == pattern.size()) break;
      const size_t next = next_character(pattern, at);
      if (next - at == 1 && !is_alphanumeric(static_cast<unsigned char>(pattern[at]))) out += '\\';
      out += pattern.substr(at, next - at);
      at = next;
      continue;
    }
    if (in_bracket) {
      if (character == "\\") out += '\\';
      out += character;
      in_bracket = character != "]";
    } else if (character == "[") {
      out += '[';
      in_bracket = true;
    } else if (character == "%") {
      out += ".*";
    } else if (character == "_") {
      out += '.';
    } else if (character == "(") {
      out += "(?:";
    } else {
      if (character == "\\" || character == "." || character == "^" || character == "$") out += '\\';
      out += character;
    }
  }
  return out + ")$";
}

Result<Column> similar_to_escape(const KernelInput& input) {
  const Strings texts(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    const std::string_view escape =
        input.arguments.size() > 1 ? Strings(input.arguments[1])[row] : std::string_view("\\");
    TRY_ASSIGN(const std::string pattern, similar_pattern(texts[row], escape));
    out.set(row, pattern);
    return {};
  });
}

// ---- The rows ----

using enum TypeId;

constexpr TypeId kTexts = type::array_of(kText);

constexpr Function kRows[] = {
    {641, "~", {kText, kText}, kBool, matches<false, false>},
    {642, "!~", {kText, kText}, kBool, matches<false, true>},
    {1228, "~*", {kText, kText}, kBool, matches<true, false>},
    {1229, "!~*", {kText, kText}, kBool, matches<true, true>},
    {1055, "~", {kChar, kText}, kBool, matches<false, false>},
    {1056, "!~", {kChar, kText}, kBool, matches<false, true>},
    {1234, "~*", {kChar, kText}, kBool, matches<true, false>},
    {1235, "!~*", {kChar, kText}, kBool, matches<true, true>},
    {6263, "regexp_like", {kText, kText, kText}, kBool, regexp_like, {.optional = 1}},
    {6254, "regexp_count", {kText, kText, kInt4, kText}, kInt4, regexp_count, {.optional = 2}},
    {2073, "substring", {kText, kText}, kText, substring_by_pattern},
    {3396, "regexp_match", {kText, kText}, kTexts, regexp_match},
    {3397, "regexp_match", {kText, kText, kText}, kTexts, regexp_match},
    {2763, "regexp_matches", {kText, kText}, kTexts, regexp_matches},
    {2764, "regexp_matches", {kText, kText, kText}, kTexts, regexp_matches},
    {2767, "regexp_split_to_array", {kText, kText}, kTexts, split_to_array},
    {2768, "regexp_split_to_array", {kText, kText, kText}, kTexts, split_to_array},
    {2765, "regexp_split_to_table", {kText, kText}, kText, split_to_table},
    {2766, "regexp_split_to_table", {kText, kText, kText}, kText, split_to_table},
    {2284, "regexp_replace", {kText, kText, kText}, kText, regexp_replace},
    {2285, "regexp_replace", {kText, kText, kText, kText}, kText, regexp_replace},
    {1986, "similar_to_escape", {kText, kText}, kText, similar_to_escape},
    {1987, "similar_to_escape", {kText}, kText, similar_to_escape},
};

}  // namespace

constinit const std::span<const Function> kRegexFunctions = kRows;

}  // namespace rowan::expr
