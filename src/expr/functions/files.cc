// Files beside the data: rowan.write_file, rowan.delete_file.
#include "expr/families.h"
#include "expr/kernels.h"

namespace rowan::expr {
namespace {

Result<FileWriter*> writer_of(const KernelInput& input) {
  if (input.context->files != nullptr) return input.context->files;
  return Error(ErrorCode::kFeatureNotSupported, "files cannot be written here");
}

bool any_null(const KernelInput& input, size_t row) {
  for (const Column& argument : input.arguments) {
    if (argument.is_null(row)) return true;
  }
  return false;
}

// write_file(path, content [, executable]): the content's id. One call a row, in order.
Result<Column> write_file(const KernelInput& input) {
  TRY_ASSIGN(FileWriter* const writer, writer_of(input));
  type::ColumnBuilder builder({TypeId::kText});
  const Strings paths(input.arguments[0]);
  const Strings contents(input.arguments[1]);
  for (size_t row = 0; row < input.rows; ++row) {
    if (any_null(input, row))
      return Error(ErrorCode::kInvalidParameterValue, "a file's path and content cannot be NULL");
    std::optional<bool> executable;
    if (input.arguments.size() > 2) executable = Ints(input.arguments[2])[row] != 0;
    TRY_ASSIGN(const std::string id, writer->write(paths[row], contents[row], executable));
    builder.append_string(id);
  }
  return builder.finish();
}

// delete_file(path): true; a file that is not there is an error.
Result<Column> delete_file(const KernelInput& input) {
  TRY_ASSIGN(FileWriter* const writer, writer_of(input));
  type::ColumnBuilder builder({TypeId::kBool});
  const Strings paths(input.arguments[0]);
  for (size_t row = 0; row < input.rows; ++row) {
    if (any_null(input, row))
      return Error(ErrorCode::kInvalidParameterValue, "a file's path cannot be NULL");
    TRY(writer->remove(paths[row]));
    builder.append_int(1);
  }
  return builder.finish();
}

// ---- The rows ----

using enum TypeId;

constexpr ArgumentName kFile[] = {{"path"}, {"content"}, {"executable"}};

constexpr Traits kWrites = {.volatility = Volatility::kVolatile,
                            .strict = false,
                            .effect = Effect::kWrites,
                            .names = kFile};

constexpr Function kRows[] = {
    {9001, "rowan.write_file", {kText, kText}, kText, write_file, kWrites},
    {9002, "rowan.write_file", {kText, kText, kBool}, kText, write_file, kWrites},
    {9003, "rowan.write_file", {kText, kBytea}, kText, write_file, kWrites},
    {9004, "rowan.write_file", {kText, kBytea, kBool}, kText, write_file, kWrites},
    {9005, "rowan.delete_file", {kText}, kBool, delete_file, kWrites},
};

}  // namespace

constinit const std::span<const Function> kFileFunctions = kRows;

}  // namespace rowan::expr
