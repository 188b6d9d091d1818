#include "engine/given_parameters.h"

#include <fmt/format.h>

#include <string>

#include "engine/session.h"
#include "sql/statements.h"
#include "type/cast.h"
#include "type/text.h"
#include "type/type_info.h"

namespace rowan::engine {

namespace {

using sql::StatementClass;
using type::TypeId;

Error no_parameter(size_t number) {
  return Error(ErrorCode::kUndefinedParameter, fmt::format("there is no parameter ${}", number));
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

// What commits keep of a statement has the names in it.
bool is_kept_with_texts(sql::StatementKind kind) {
  const StatementClass its_class = sql::class_of(kind);
  return its_class == StatementClass::kVersion || its_class == StatementClass::kDefine;
}

std::string with_texts(std::string_view written, const std::vector<sql::TextParameter*>& texts) {
  std::string made;
  size_t from = 0;
  for (const sql::TextParameter* at : texts) {
    made += written.substr(from, at->begin - from);
    made += sql::quote_literal(at->text);
    from = at->end;
  }
  return made += written.substr(from);
}

}  // namespace

Result<type::Value> to_value(const Parameter& parameter, type::Type wanted, int64_t now) {
  if (wanted.id == TypeId::kUnknown) wanted = {TypeId::kText};
  if (std::holds_alternative<std::monostate>(parameter)) return type::Value::null(wanted);
  if (const auto* text = std::get_if<std::string>(&parameter))
    return type::parse_text(wanted, *text, now);
  if (const auto* integer = std::get_if<int64_t>(&parameter)) {
    if (wanted.id == TypeId::kInt8) return type::Value::of_int(wanted, *integer);
    if (wanted.id == TypeId::kInt4 && *integer >= INT32_MIN && *integer <= INT32_MAX)
      return type::Value::of_int(wanted, *integer);
    return type::cast(type::Value::of_int({TypeId::kInt8}, *integer), wanted,
                      type::CastContext::kAssignment);
  }
  if (const auto* number = std::get_if<double>(&parameter)) {
    return type::cast(type::Value::of_double({TypeId::kFloat8}, *number), wanted,
                      type::CastContext::kAssignment);
  }
  if (const auto* binary = std::get_if<BinaryValue>(&parameter))
    return type::type_info(wanted.id).read_binary(wanted, binary->bytes);
  return type::cast(type::Value::of_int({TypeId::kBool}, std::get<bool>(parameter) ? 1 : 0), wanted,
                    type::CastContext::kAssignment);
}

Result<void> GivenParameters::fill_texts() {
  const auto& places = prepared_.parsed.text_parameters;
  if (places.empty()) return {};
  were_read_ = true;
  prepared_.texts.resize(places.size());
  for (size_t i = 0; i < places.size(); ++i) {
    sql::TextParameter& place = *places[i];
    std::string& text = prepared_.texts[i];
    if (values_ == nullptr) {
      text = place.is_revision ? "HEAD" : "";
    } else if (place.number > values_->size()) {
      return no_parameter(place.number).at(place.position);
    } else {
      TRY_ASSIGN(text, text_of((*values_)[place.number - 1], place));
      if (place.is_revision && text.empty())
        return Error(ErrorCode::kInvalidParameterValue, "a revision must not be empty")
            .at(place.position);
    }
    place.text = text;
    if (place.literal == nullptr) continue;
    place.literal->literal = sql::LiteralKind::kString;
    place.literal->text = text;
  }
  sql::Statement& statement = *prepared_.parsed.statement;
  if (!is_kept_with_texts(statement.kind)) return {};
  if (prepared_.written.empty()) prepared_.written = statement.text;
  prepared_.text = with_texts(prepared_.written, places);
  statement.text = prepared_.text;
  return {};
}

Result<std::optional<type::Value>> GivenParameters::value(uint32_t index, type::Type wanted) {
  were_read_ = true;
  auto& types = prepared_.parameters.types;
  if (types.size() <= index) types.resize(index + 1);
  if (types[index].id == TypeId::kUnknown) types[index] = wanted;
  if (values_ == nullptr) return std::optional<type::Value>();
  if (index >= values_->size()) return no_parameter(index + 1);
  TRY_ASSIGN(type::Value value, to_value((*values_)[index], wanted, session_.statement_time_us()));
  return std::optional<type::Value>(std::move(value));
}

}  // namespace rowan::engine
