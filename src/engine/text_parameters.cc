#include "engine/text_parameters.h"

#include <fmt/format.h>

#include "sql/statements.h"
#include "sql/text_parameters.h"

namespace rowan::engine {

namespace {

using sql::StatementKind;

bool shows_history(StatementKind kind) {
  return kind == StatementKind::kShowLog || kind == StatementKind::kShowTransactions ||
         kind == StatementKind::kShowDiff || kind == StatementKind::kBlame ||
         kind == StatementKind::kShowReflog;
}

Result<std::string> text_of(const Parameter& value, const sql::TextParameter& at) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  if (std::holds_alternative<std::monostate>(value))
    return Error(ErrorCode::kInvalidParameterValue,
                 fmt::format("parameter ${} stands for a name and must not be null", at.number))
        .at(at.position);
  return Error(ErrorCode::kDatatypeMismatch,
               fmt::format("parameter ${} stands for a name and must be a text", at.number))
      .at(at.position);
}

}  // namespace

bool takes_text_parameters(const sql::ParsedStatement& parsed) {
  const StatementKind kind = parsed.statement->kind;
  const bool is_version_statement = sql::class_of(kind) == sql::StatementClass::kVersion;
  return parsed.parameter_count > 0 && (is_version_statement || shows_history(kind));
}

Result<std::optional<std::string>> with_text_parameters(const sql::ParsedStatement& parsed,
                                                        const std::vector<Parameter>& parameters) {
  const std::string_view text = parsed.statement->text;
  TRY_ASSIGN(const auto found, sql::find_text_parameters(text));
  if (found.empty()) return std::optional<std::string>();
  std::string made;
  size_t from = 0;
  for (const sql::TextParameter& at : found) {
    if (at.number > parameters.size())
      return Error(ErrorCode::kUndefinedParameter, fmt::format("there is no parameter ${}", at.number))
          .at(at.position);
    TRY_ASSIGN(const std::string value, text_of(parameters[at.number - 1], at));
    made += text.substr(from, at.begin - from);
    made += sql::quote_literal(value);
    from = at.end;
  }
  made += text.substr(from);
  return std::optional<std::string>(std::move(made));
}

}  // namespace rowan::engine
