// LIKE and ILIKE: the operators ~~ and ~~*, and their negations.
#include "expr/like.h"

#include <optional>

#include "expr/families.h"
#include "expr/kernels.h"
#include "expr/utf8.h"
#include "type/text.h"

namespace rowan::expr {

Result<LikePattern> LikePattern::compile(std::string_view pattern, std::string_view escape,
                                         bool fold) {
  if (!escape.empty() && next_character(escape, 0) != escape.size()) {
    return Error(ErrorCode::kInvalidEscape, "invalid escape string")
        .with_hint("Escape string must be empty or one character.");
  }
  LikePattern result;
  result.fold_ = fold;
  std::string folded;
  if (fold) {
    append_lower(pattern, folded);
    pattern = folded;
  }
  for (size_t at = 0; at < pattern.size();) {
    const size_t end = next_character(pattern, at);
    const std::string_view character = pattern.substr(at, end - at);
    if (!escape.empty() && character == escape) {
      if (end >= pattern.size()) {
        result.steps_.push_back({Kind::kDangling});
        break;
      }
      const size_t literal_end = next_character(pattern, end);
      for (size_t i = end; i < literal_end; ++i) result.steps_.push_back({Kind::kByte, pattern[i]});
      at = literal_end;
      continue;
    }
    if (character == "%") {
      if (result.steps_.empty() || result.steps_.back().kind != Kind::kAny)
        result.steps_.push_back({Kind::kAny});
    } else if (character == "_") {
      result.steps_.push_back({Kind::kOne});
    } else {
      for (const char byte : character) result.steps_.push_back({Kind::kByte, byte});
    }
    at = end;
  }
  result.find_shape();
  return result;
}

void LikePattern::find_shape() {
  const bool any_front = !steps_.empty() && steps_.front().kind == Kind::kAny;
  const bool any_back = steps_.size() > 1 && steps_.back().kind == Kind::kAny;
  for (size_t i = any_front ? 1 : 0; i < steps_.size() - (any_back ? 1 : 0); ++i) {
    if (steps_[i].kind != Kind::kByte) return;
    literal_.push_back(steps_[i].byte);
  }
  shape_ = any_front && any_back ? Shape::kContains
           : any_front           ? Shape::kSuffix
           : any_back            ? Shape::kPrefix
                                 : Shape::kExact;
}

Result<bool> LikePattern::matches(std::string_view text) const {
  if (!fold_) return matches_folded(text);
  std::string folded;
  append_lower(text, folded);
  return matches_folded(folded);
}

Result<bool> LikePattern::matches_folded(std::string_view text) const {
  switch (shape_) {
    case Shape::kExact:
      return text == literal_;
    case Shape::kPrefix:
      return text.starts_with(literal_);
    case Shape::kSuffix:
      return text.ends_with(literal_);
    case Shape::kContains:
      return text.find(literal_) != std::string_view::npos;
    case Shape::kGeneral:
      break;
  }
  return matches_general(text);
}

// On a mismatch only the last % takes one character more: what earlier ones took can stay as it is.
Result<bool> LikePattern::matches_general(std::string_view text) const {
  size_t at = 0;
  size_t step = 0;
  size_t any_step = std::string_view::npos;
  size_t any_at = 0;
  while (true) {
    if (step < steps_.size() && steps_[step].kind == Kind::kAny) {
      any_step = step++;
      any_at = at;
      continue;
    }
    if (step == steps_.size() && at == text.size()) return true;
    if (step < steps_.size() && steps_[step].kind == Kind::kDangling && at < text.size()) {
      return Error(ErrorCode::kInvalidEscape, "LIKE pattern must not end with escape character");
    }
    const bool fits = step < steps_.size() && at < text.size() &&
                      (steps_[step].kind == Kind::kOne || steps_[step].byte == text[at]);
    if (fits) {
      at = steps_[step].kind == Kind::kOne ? next_character(text, at) : at + 1;
      ++step;
      continue;
    }
    if (any_step == std::string_view::npos || any_at >= text.size()) return false;
    any_at = next_character(text, any_at);
    at = any_at;
    step = any_step + 1;
  }
}

namespace {

// char(n) takes part with its blanks.
std::string_view padded(const Column& column, std::string_view text, std::string& scratch) {
  if (column.type.id != TypeId::kChar || column.type.modifier < 0) return text;
  const size_t length = type::utf8_length(text);
  scratch.assign(text);
  if (length < static_cast<size_t>(column.type.modifier))
    scratch.append(static_cast<size_t>(column.type.modifier) - length, ' ');
  return scratch;
}

template <bool fold, bool negated>
Result<Column> like_kernel(const KernelInput& input) {
  const Column& subject = input.arguments[0];
  const Strings texts(subject), patterns(input.arguments[1]);
  const Column* escapes = input.arguments.size() > 2 ? &input.arguments[2] : nullptr;
  const bool fixed = input.arguments[1].constant && (escapes == nullptr || escapes->constant);
  std::optional<LikePattern> pattern;
  auto out = make_fixed<int64_t>(input.result_type, input.rows);
  std::string scratch;
  for (size_t row = 0; row < input.rows; ++row) {
    out.data[row] = 0;
    if (is_null(input, row)) continue;
    if (!pattern.has_value() || !fixed) {
      const std::string_view escape =
          escapes == nullptr ? std::string_view("\\") : escapes->strings()[escapes->index(row)];
      TRY_ASSIGN(pattern, LikePattern::compile(patterns[row], escape, fold));
    }
    TRY_ASSIGN(const bool matches, pattern->matches(padded(subject, texts[row], scratch)));
    out.data[row] = matches != negated;
  }
  return std::move(out.column);
}

// ---- The rows ----

using enum TypeId;

constexpr Function kRows[] = {
    {1209, "~~", {kText, kText}, kBool, like_kernel<false, false>},
    {0, "~~", {kText, kText, kText}, kBool, like_kernel<false, false>},
    {1210, "!~~", {kText, kText}, kBool, like_kernel<false, true>},
    {0, "!~~", {kText, kText, kText}, kBool, like_kernel<false, true>},
    {1627, "~~*", {kText, kText}, kBool, like_kernel<true, false>},
    {0, "~~*", {kText, kText, kText}, kBool, like_kernel<true, false>},
    {1628, "!~~*", {kText, kText}, kBool, like_kernel<true, true>},
    {0, "!~~*", {kText, kText, kText}, kBool, like_kernel<true, true>},
    {1211, "~~", {kChar, kText}, kBool, like_kernel<false, false>},
    {0, "~~", {kChar, kText, kText}, kBool, like_kernel<false, false>},
    {1212, "!~~", {kChar, kText}, kBool, like_kernel<false, true>},
    {0, "!~~", {kChar, kText, kText}, kBool, like_kernel<false, true>},
    {1629, "~~*", {kChar, kText}, kBool, like_kernel<true, false>},
    {0, "~~*", {kChar, kText, kText}, kBool, like_kernel<true, false>},
    {1630, "!~~*", {kChar, kText}, kBool, like_kernel<true, true>},
    {0, "!~~*", {kChar, kText, kText}, kBool, like_kernel<true, true>},
};

}  // namespace

constinit const std::span<const Function> kLikeFunctions = kRows;

}  // namespace rowan::expr
