// ~ ~* !~ !~*: whether a text matches a regular expression anywhere.
#include "expr/regex.h"

#include <optional>
#include <string>

#include "expr/families.h"
#include "expr/kernels.h"

namespace rowan::expr {
namespace {

template <bool fold, bool negated>
Result<Column> regex_kernel(const KernelInput& input) {
  auto out = make_fixed<int64_t>(input.result_type, input.rows);
  const Strings texts(input.arguments[0]);
  const Strings patterns(input.arguments[1]);
  std::optional<Regex> regex;
  std::string compiled;
  for (size_t row = 0; row < input.rows; ++row) {
    out.data[row] = 0;
    if (is_null(input, row)) continue;
    if (!regex || compiled != patterns[row]) {
      compiled = patterns[row];
      TRY_ASSIGN(regex, Regex::compile(compiled, fold));
    }
    TRY_ASSIGN(const bool matches, regex->matches(texts[row], input.context->cancelled));
    out.data[row] = matches != negated;
  }
  return std::move(out.column);
}

// ---- The rows ----

using enum TypeId;

constexpr Function kRows[] = {
    {641, "~", {kText, kText}, kBool, regex_kernel<false, false>},
    {1055, "~", {kChar, kText}, kBool, regex_kernel<false, false>},
    {642, "!~", {kText, kText}, kBool, regex_kernel<false, true>},
    {1056, "!~", {kChar, kText}, kBool, regex_kernel<false, true>},
    {1228, "~*", {kText, kText}, kBool, regex_kernel<true, false>},
    {1234, "~*", {kChar, kText}, kBool, regex_kernel<true, false>},
    {1229, "!~*", {kText, kText}, kBool, regex_kernel<true, true>},
    {1235, "!~*", {kChar, kText}, kBool, regex_kernel<true, true>},
};

}  // namespace

constinit const std::span<const Function> kRegexFunctions = kRows;

}  // namespace rowan::expr
