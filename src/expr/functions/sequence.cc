// Sequences: nextval, currval, lastval, setval.
#include "expr/families.h"
#include "expr/kernels.h"

namespace rowan::expr {
namespace {

Result<SequenceSource*> source_of(const KernelInput& input) {
  if (input.context->sequences != nullptr) return input.context->sequences;
  return Error(ErrorCode::kFeatureNotSupported, "sequences cannot be used here");
}

// One value a row, in order: each call counts.
template <typename Draw>
Result<Column> each_row(const KernelInput& input, const Draw& draw) {
  TRY_ASSIGN(SequenceSource* const source, source_of(input));
  type::ColumnBuilder builder({TypeId::kInt8});
  for (size_t row = 0; row < input.rows; ++row) {
    if (is_null(input, row)) {
      builder.append_null();
      continue;
    }
    TRY_ASSIGN(const int64_t value, draw(*source, row));
    builder.append_int(value);
  }
  return builder.finish();
}

std::string_view name_at(const KernelInput& input, size_t row) {
  return Strings(input.arguments[0])[row];
}

Result<Column> nextval(const KernelInput& input) {
  return each_row(
      input, [&](SequenceSource& source, size_t row) { return source.next(name_at(input, row)); });
}
Result<Column> currval(const KernelInput& input) {
  return each_row(input, [&](SequenceSource& source, size_t row) {
    return source.current(name_at(input, row));
  });
}
Result<Column> lastval(const KernelInput& input) {
  return each_row(input, [](SequenceSource& source, size_t) { return source.last(); });
}
Result<Column> setval(const KernelInput& input) {
  return each_row(input, [&](SequenceSource& source, size_t row) -> Result<int64_t> {
    const int64_t value = Ints(input.arguments[1])[row];
    const bool called = input.arguments.size() < 3 || Ints(input.arguments[2])[row] != 0;
    TRY(source.set(name_at(input, row), value, called));
    return value;
  });
}

// ---- The rows ----

using enum TypeId;

constexpr Traits kDraws = {.volatility = Volatility::kVolatile, .effect = Effect::kWrites};
constexpr Traits kReads = {.volatility = Volatility::kVolatile, .effect = Effect::kReadsSession};

constexpr Function kRows[] = {
    {1574, "nextval", {kText}, kInt8, nextval, kDraws},
    {1575, "currval", {kText}, kInt8, currval, kReads},
    {2559, "lastval", {}, kInt8, lastval, kReads},
    {1576, "setval", {kText, kInt8}, kInt8, setval, kDraws},
    {1765, "setval", {kText, kInt8, kBool}, kInt8, setval, kDraws},
};

}  // namespace

constinit const std::span<const Function> kSequenceFunctions = kRows;

}  // namespace rowan::expr
