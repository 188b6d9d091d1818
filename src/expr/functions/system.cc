// What a session knows about itself, and random identifiers.
#include <random>

#include "expr/families.h"
#include "expr/kernels.h"

namespace rowan::expr {
namespace {

Result<Column> repeated(const KernelInput& input, std::string_view text) {
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    out.set(row, text);
    return {};
  });
}

Result<Column> current_user(const KernelInput& input) {
  return repeated(input, input.context->user);
}
Result<Column> current_database(const KernelInput& input) {
  return repeated(input, input.context->database);
}
Result<Column> current_schema(const KernelInput& input) {
  return repeated(input, input.context->schema);
}
Result<Column> current_branch(const KernelInput& input) {
  return repeated(input, input.context->branch);
}
Result<Column> version(const KernelInput& input) {
  return repeated(input, "PostgreSQL 15.0 (Rowan)");
}

Result<Column> last_commit(const KernelInput& input) {
  const std::string_view commit = input.context->last_commit;
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    if (commit.empty()) {
      out.set_null(row);
    } else {
      out.set(row, commit);
    }
    return {};
  });
}

// Version 4: 122 random bits from the system.
Result<Column> random_uuid(const KernelInput& input) {
  std::random_device device;
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    uint32_t bits = 0;
    for (int i = 0; i < 32; ++i) {
      if (i % 8 == 0) bits = device();
      if (i == 8 || i == 12 || i == 16 || i == 20) text.push_back('-');
      uint32_t digit = bits & 15;
      if (i == 12) digit = 4;
      if (i == 16) digit = 8 | (digit & 3);
      text.push_back(kDigits[digit]);
      bits >>= 4;
    }
    out.set(row, text);
    return {};
  });
}

// ---- The rows ----

using enum TypeId;

constexpr Traits kStable = {.volatility = Volatility::kStable};

constexpr Function kRows[] = {
    {745, "current_user", {}, kText, current_user, kStable},
    {746, "session_user", {}, kText, current_user, kStable},
    {0, "user", {}, kText, current_user, kStable},
    {0, "current_role", {}, kText, current_user, kStable},
    {861, "current_database", {}, kText, current_database, kStable},
    {0, "current_catalog", {}, kText, current_database, kStable},
    {1402, "current_schema", {}, kText, current_schema, kStable},
    {9007, "current_branch", {}, kText, current_branch, kStable},
    {89, "version", {}, kText, version, kStable},
    {9006, "rowan.last_commit", {}, kText, last_commit, kStable},
    {3432, "gen_random_uuid", {}, kUuid, random_uuid, {.volatility = Volatility::kVolatile}},
};

}  // namespace

constinit const std::span<const Function> kSystemFunctions = kRows;

}  // namespace rowan::expr
