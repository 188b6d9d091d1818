#include "engine/text_parameters.h"

#include <fmt/format.h>

#include <cctype>

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

bool reads_rows(StatementKind kind) {
  return kind == StatementKind::kSelect || kind == StatementKind::kInsert ||
         kind == StatementKind::kUpdate || kind == StatementKind::kDelete ||
         kind == StatementKind::kExplain || kind == StatementKind::kCopy ||
         kind == StatementKind::kCreateView;
}

// Whether a parameter may stand behind AS OF or @. Asked at every run, so that the others need not be
// parsed once more: a glance at what is before each.
bool may_name_revision(std::string_view text) {
  for (size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at + 1)) {
    size_t before = at;
    while (before > 0 && std::isspace(static_cast<unsigned char>(text[before - 1])) != 0) --before;
    if (before > 0 && text[before - 1] == '@') return true;
    if (before > 1 && (text[before - 2] | 0x20) == 'o' && (text[before - 1] | 0x20) == 'f')
      return true;
  }
  return false;
}

Result<std::string> text_of(const Parameter& value, const sql::TextParameter& at) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  if (const auto* binary = std::get_if<BinaryValue>(&value)) return binary->bytes;
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
  if (parsed.parameter_count == 0) return false;
  if (sql::class_of(kind) == sql::StatementClass::kVersion || shows_history(kind)) return true;
  return reads_rows(kind) && may_name_revision(parsed.statement->text);
}

Result<const std::vector<sql::TextParameter>*> text_parameters_of(Prepared& prepared) {
  if (!prepared.text_parameters) {
    TRY_ASSIGN(prepared.text_parameters,
               sql::find_text_parameters(prepared.parsed.statement->text));
  }
  return &*prepared.text_parameters;
}

Result<std::shared_ptr<Prepared>> with_text_parameters(Prepared& prepared,
                                                       const std::vector<Parameter>& parameters) {
  const std::string_view text = prepared.parsed.statement->text;
  TRY_ASSIGN(const auto* const found, text_parameters_of(prepared));
  if (found->empty()) return std::shared_ptr<Prepared>();
  std::string made;
  size_t from = 0;
  for (const sql::TextParameter& at : *found) {
    if (at.number > parameters.size())
      return Error(ErrorCode::kUndefinedParameter, fmt::format("there is no parameter ${}", at.number))
          .at(at.position);
    TRY_ASSIGN(const std::string value, text_of(parameters[at.number - 1], at));
    made += text.substr(from, at.begin - from);
    made += sql::quote_literal(value);
    from = at.end;
  }
  made += text.substr(from);
  if (prepared.with_texts == nullptr || prepared.with_texts->parsed.statement->text != made) {
    TRY_ASSIGN(prepared.with_texts, parse_prepared(made));
    prepared.with_texts->given_types = prepared.given_types;
  }
  return prepared.with_texts;
}

}  // namespace rowan::engine
