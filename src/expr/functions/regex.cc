// ~ ~* !~ !~*: whether a text matches a regular expression anywhere.
#include "expr/regex.h"

#include <optional>
#include <string>

#include "expr/function_table.h"
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

}  // namespace

void add_regex(FunctionTable& table) {
  using enum TypeId;
  const auto add = [&](std::string_view name, Kernel kernel) {
    for (const TypeId subject : {kText, kChar}) {
      table.push_back(
          {.name = name, .arguments = {subject, kText}, .result = kBool, .kernel = kernel});
    }
  };
  add("~", regex_kernel<false, false>);
  add("!~", regex_kernel<false, true>);
  add("~*", regex_kernel<true, false>);
  add("!~*", regex_kernel<true, true>);
}

}  // namespace rowan::expr
