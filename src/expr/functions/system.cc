// What a session knows about itself, and random identifiers.
#include <random>

#include "expr/function_table.h"
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

}  // namespace

void add_system(FunctionTable& table) {
  const auto add = [&](std::string_view name, Kernel kernel) {
    table.push_back({.name = name,
                     .arguments = {},
                     .result = TypeId::kText,
                     .kernel = kernel,
                     .is_stable = true});
  };
  for (const std::string_view name : {"current_user", "session_user", "user", "current_role"})
    add(name, current_user);
  for (const std::string_view name : {"current_database", "current_catalog"})
    add(name, current_database);
  add("current_schema", current_schema);
  add("current_branch", current_branch);
  add("version", version);
  add("rowan.last_commit", last_commit);
  table.push_back({.name = "gen_random_uuid",
                   .arguments = {},
                   .result = TypeId::kUuid,
                   .kernel = random_uuid,
                   .is_volatile = true});
}

}  // namespace rowan::expr
