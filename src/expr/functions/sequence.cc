// Sequences: nextval, currval, lastval, setval.
#include "expr/function_table.h"
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

}  // namespace

void add_sequence(FunctionTable& table) {
  const auto add = [&](std::string_view name, std::vector<TypeId> arguments, Kernel kernel,
                       Effect effect) {
    table.push_back({.name = name,
                     .arguments = std::move(arguments),
                     .result = TypeId::kInt8,
                     .kernel = kernel,
                     .is_volatile = true,
                     .effect = effect});
  };
  add("nextval", {TypeId::kText}, nextval, Effect::kWrites);
  add("currval", {TypeId::kText}, currval, Effect::kReadsSession);
  add("lastval", {}, lastval, Effect::kReadsSession);
  add("setval", {TypeId::kText, TypeId::kInt8}, setval, Effect::kWrites);
  add("setval", {TypeId::kText, TypeId::kInt8, TypeId::kBool}, setval, Effect::kWrites);
}

}  // namespace rowan::expr
