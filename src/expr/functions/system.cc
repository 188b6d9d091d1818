// What a session knows about itself, and random identifiers.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include "expr/catalog_reader.h"
#include "expr/families.h"
#include "expr/kernels.h"
#include "type/array.h"

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

// ---- The server and its transactions ----

Result<Column> backend_pid(const KernelInput& input) {
  auto out = make_fixed<int64_t>(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) out.data[row] = ::getpid();
  return std::move(out.column);
}

// When it began tells a transaction from those before and after it.
Result<Column> transaction_id(const KernelInput& input) {
  constexpr int64_t kEpochUs = 946'684'800'000'000;  // 2000-01-01 since 1970.
  auto out = make_fixed<int64_t>(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row)
    out.data[row] = input.context->transaction_time_us + kEpochUs;
  return std::move(out.column);
}

// In short steps, so that a cancelled statement ends soon.
Result<void> sleep_for(double seconds, const EvalContext& context) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kStep = std::chrono::milliseconds(10);
  constexpr double kSecondsMax = 1e9;
  if (!(seconds > 0)) return {};
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(std::min(seconds, kSecondsMax)));
  while (Clock::now() < end) {
    if (context.cancelled != nullptr && context.cancelled->load())
      return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
    std::this_thread::sleep_for(std::min<Clock::duration>(kStep, end - Clock::now()));
  }
  return {};
}

// There is no type void: its only value is shown as an empty text, as it is here.
Result<Column> pg_sleep(const KernelInput& input) {
  const Doubles seconds(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput&) -> Result<void> {
    return sleep_for(seconds[row], *input.context);
  });
}
Result<Column> pg_sleep_for(const KernelInput& input) {
  const Arg<type::Interval> spans(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput&) -> Result<void> {
    constexpr double kMicros = 1e6;
    return sleep_for(static_cast<double>(type::interval_length(spans[row])) / kMicros,
                     *input.context);
  });
}

Result<Column> client_encoding(const KernelInput& input) {
  CatalogReader* const reader = input.context->catalog;
  const auto set = reader == nullptr ? std::nullopt : reader->setting("client_encoding");
  return repeated(input, set.value_or("UTF8"));
}

Result<Column> in_recovery(const KernelInput& input) {
  auto out = make_fixed<int64_t>(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) out.data[row] = 0;
  return std::move(out.column);
}

// current_schemas(with those that are searched without being named)
Result<Column> current_schemas(const KernelInput& input) {
  const Ints implicit(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    type::ArrayBuilder array(TypeId::kText);
    if (implicit[row] != 0) array.append(type::Datum(std::string_view("pg_catalog")));
    const std::string own(input.context->schema);
    if (input.context->path.empty()) array.append(type::Datum(std::string_view(own)));
    for (const std::string& schema : input.context->path)
      array.append(type::Datum(std::string_view(schema)));
    out.set(row, array.finish());
    return {};
  });
}

// ---- The rows ----

using enum TypeId;

constexpr Traits kStable = {.volatility = Volatility::kStable};
constexpr Traits kVolatile = {.volatility = Volatility::kVolatile};

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
    {2026, "pg_backend_pid", {}, kInt4, backend_pid, kStable},
    {2943, "txid_current", {}, kInt8, transaction_id, kStable},
    {2626, "pg_sleep", {kFloat8}, kText, pg_sleep, kVolatile},
    {3935, "pg_sleep_for", {kInterval}, kText, pg_sleep_for, kVolatile},
    {810, "pg_client_encoding", {}, kText, client_encoding, kStable},
    {3810, "pg_is_in_recovery", {}, kBool, in_recovery, kVolatile},
    {1403, "current_schemas", {kBool}, type::array_of(kText), current_schemas, kStable},
    {3432, "gen_random_uuid", {}, kUuid, random_uuid, {.volatility = Volatility::kVolatile}},
};

}  // namespace

constinit const std::span<const Function> kSystemFunctions = kRows;

}  // namespace rowan::expr
