#include "versions/conflict_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "type/cast.h"
#include "type/json_text.h"
#include "type/key_codec.h"
#include "type/line_writer.h"
#include "type/row_codec.h"
#include "type/text.h"

namespace rowan::versions {

namespace {

// ---- Rows given as JSON ----

const char* skip_blanks(const char* p, const char* end) {
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) ++p;
  return p;
}

// The members of one JSON object, values as they are written: numbers keep every digit.
Result<std::vector<std::pair<std::string, std::string>>> members_of(std::string_view json) {
  TRY(type::check_json(json));
  const Error no_object(ErrorCode::kInvalidText,
                        "a resolution is a JSON object of columns, or null to delete the row");
  const char* const end = json.data() + json.size();
  const char* p = skip_blanks(json.data(), end);
  if (p == end || *p != '{') return no_object;
  std::vector<std::pair<std::string, std::string>> members;
  for (p = skip_blanks(p + 1, end); p < end && *p != '}'; p = skip_blanks(p, end)) {
    if (*p == ',') {
      ++p;
      continue;
    }
    const char* stop = type::skip_json(p, end);
    std::string name;
    if (stop == nullptr || !type::read_json_string({p, static_cast<size_t>(stop - p)}, name))
      return no_object;
    p = skip_blanks(stop, end);
    p = skip_blanks(p + 1, end);  // Behind the colon.
    stop = type::skip_json(p, end);
    if (stop == nullptr) return no_object;
    members.emplace_back(std::move(name), std::string(p, static_cast<size_t>(stop - p)));
    p = stop;
  }
  return members;
}

Result<type::Value> json_value(type::Type type, const std::string& raw) {
  if (raw == "null" && !type::is_json(type.id)) return type::Value::null(type);
  if (raw == "null") return type::Value::null(type);
  if (type::is_json(type.id)) return type::parse_text(type, raw);
  std::string text = raw;
  if (raw.front() == '"' && !type::read_json_string(raw, text))
    return Error(ErrorCode::kInvalidText, "invalid JSON string " + raw);
  return type::parse_text(type, text);
}

}  // namespace

Result<std::string> changed_line(const catalog::TableDef& table, const merge::RowConflict& conflict,
                                 const std::vector<std::optional<type::Value>>& values) {
  const merge::SideLine& from = conflict.merged ? conflict.merged
                                : conflict.ours ? conflict.ours
                                                : conflict.theirs;
  std::vector<Bytes> elements;
  uint64_t count = 0;
  TRY(type::split_line(table.layout, *from, elements, count));
  std::vector<type::Cell> cells(table.layout.slots.size());
  for (size_t slot = 0; slot < cells.size(); ++slot) {
    cells[slot] = slot < elements.size() ? type::Cell{nullptr, elements[slot]}
                                         : type::Cell{&table.layout.slots[slot].absent, {}};
  }
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const catalog::ColumnDef& column = table.columns[i];
    if (values[i]) cells[column.slot] = {&*values[i], {}};
    const bool is_null = values[i]                             ? values[i]->is_null()
                         : cells[column.slot].value != nullptr ? cells[column.slot].value->is_null()
                                                               : cells[column.slot].raw == "null";
    if (column.not_null && is_null) {
      return Error(
          ErrorCode::kNotNullViolation,
          fmt::format("null value in column \"{}\" of relation \"{}\" violates not-null constraint",
                      column.name, table.name));
    }
  }
  std::string line;
  type::encode_line(table.layout, cells, count, line);
  std::string key;
  TRY(type::append_line_key(table.layout, line, key));
  if (key != conflict.key)
    return Error(ErrorCode::kInvalidParameterValue, "a resolution cannot change the row's key");
  return line;
}

Result<merge::SideLine> json_answer(const catalog::TableDef& table,
                                    const merge::RowConflict& conflict, std::string_view json) {
  if (json == "null") return merge::SideLine();
  TRY_ASSIGN(const auto members, members_of(json));
  std::vector<std::optional<type::Value>> values(table.columns.size());
  for (const auto& [name, raw] : members) {
    const std::optional<uint16_t> column = table.find_column(name);
    if (!column) {
      return Error(
          ErrorCode::kUndefinedColumn,
          fmt::format("column \"{}\" of relation \"{}\" does not exist", name, table.name));
    }
    TRY_ASSIGN(values[*column], json_value(table.columns[*column].type, raw));
  }
  TRY_ASSIGN(std::string line, changed_line(table, conflict, values));
  return merge::SideLine(std::move(line));
}

Result<merge::SideLine> side_answer(const catalog::TableDef& table,
                                    const merge::RowConflict& conflict,
                                    const merge::SideLine& side) {
  if (!conflict.merged || !side) return side;
  std::vector<Bytes> elements;
  std::vector<Bytes> side_elements;
  uint64_t count = 0;
  TRY(type::split_line(table.layout, *conflict.merged, elements, count));
  TRY(type::split_line(table.layout, *side, side_elements, count));
  std::vector<type::Cell> cells(table.layout.slots.size());
  const auto take = [&](size_t slot, const std::vector<Bytes>& from) {
    cells[slot] = slot < from.size() ? type::Cell{nullptr, from[slot]}
                                     : type::Cell{&table.layout.slots[slot].absent, {}};
  };
  for (size_t slot = 0; slot < cells.size(); ++slot) take(slot, elements);
  for (const uint16_t column : conflict.columns) take(table.columns[column].slot, side_elements);
  std::string line;
  type::encode_line(table.layout, cells, count, line);
  return merge::SideLine(std::move(line));
}

Error lacks_column(const catalog::TableDef& table, const merge::RowConflict& conflict,
                   merge::Side side) {
  const auto column = std::find_if(conflict.columns.begin(), conflict.columns.end(),
                                   [&](uint16_t one) { return !conflict.has(side, one); });
  return Error(ErrorCode::kInvalidParameterValue,
               fmt::format("that side of {} has no column \"{}\", which is in conflict",
                           table.qualified_name(), table.columns[*column].name))
      .with_hint("Answer with HEAD, SOURCE or a JSON object of columns.");
}

// ---- Keys and values that statements give ----

namespace {

Result<type::Value> literal_value(const sql::Expr& expr, type::Type type) {
  if (expr.kind == sql::ExprKind::kUnary) {
    const auto& unary = static_cast<const sql::UnaryExpr&>(expr);
    if ((unary.op == "-" || unary.op == "+") && unary.operand->kind == sql::ExprKind::kLiteral) {
      return type::parse_text(
          type, std::string(unary.op) +
                    std::string(static_cast<const sql::LiteralExpr&>(*unary.operand).text));
    }
  }
  if (expr.kind != sql::ExprKind::kLiteral)
    return Error(ErrorCode::kFeatureNotSupported, "a key is given by literals").at(expr.position);
  const auto& literal = static_cast<const sql::LiteralExpr&>(expr);
  if (literal.literal == sql::LiteralKind::kNull)
    return Error(ErrorCode::kNotNullViolation, "a key holds no NULL").at(expr.position);
  if (literal.literal == sql::LiteralKind::kBool)
    return type::parse_text(type, literal.boolean ? "true" : "false");
  return type::parse_text(type, literal.text);
}

}  // namespace

Result<std::string> encoded_key(const catalog::TableDef& table, const sql::Expr& key) {
  std::vector<const sql::Expr*> parts{&key};
  if (key.kind == sql::ExprKind::kRow) {
    const auto& items = static_cast<const sql::RowExpr&>(key).items;
    parts.assign(items.begin(), items.end());
  }
  if (parts.size() != table.primary_key.size()) {
    return Error(ErrorCode::kDatatypeMismatch,
                 fmt::format("the key of {} has {} columns, {} were given", table.qualified_name(),
                             table.primary_key.size(), parts.size()))
        .at(key.position);
  }
  std::string encoded;
  for (size_t i = 0; i < parts.size(); ++i) {
    TRY_ASSIGN(const type::Value value,
               literal_value(*parts[i], table.columns[table.primary_key[i]].type));
    TRY(type::append_key(value, encoded));
  }
  return encoded;
}

Result<type::Value> assigned(const type::Value& value, type::Type type) {
  if (value.is_null()) return type::Value::null(type);
  if (value.type().id == type::TypeId::kUnknown) return type::parse_text(type, value.as_string());
  if (value.type() == type) return value;
  return type::cast(value, type, type::CastContext::kAssignment);
}

}  // namespace rowan::versions
