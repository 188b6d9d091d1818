// rowan.diff_rows: every changed row of every table, both rows as JSON.
#include "system/fillers.h"
#include "system/rowan/history_tables.h"
#include "system/rowan/table_sides.h"
#include "type/text.h"

namespace rowan::system {

using type::Value;

namespace {

// A JSON object of a line, for statements that show rows of several tables.
Result<std::string> row_json(const catalog::TableDef& table, Bytes line,
                             const diff::LargeValues& large) {
  TRY_ASSIGN(const std::vector<Value> slots, type::decode_line(table.layout, line, large));
  std::string out = "{";
  for (const catalog::ColumnDef& column : table.columns) {
    if (out.size() > 1) out += ", ";
    type::append_json(text_value(column.name), out);
    out += ": ";
    const Value& value = slots[column.slot];
    const bool is_json = type::is_json(column.type.id);
    if (is_json && !value.is_null()) {
      out += value.as_string();
    } else {
      type::append_json(value, out);
    }
  }
  return out + "}";
}

Result<std::string> key_text(const catalog::TableDef& table, Bytes line,
                             const diff::LargeValues& large) {
  TRY_ASSIGN(const std::vector<Value> slots, type::decode_line(table.layout, line, large));
  std::string text;
  for (const uint16_t column : table.primary_key) {
    text += (text.empty() ? "" : ", ") + type::to_text(slots[table.columns[column].slot]);
  }
  return table.primary_key.size() > 1 ? "(" + text + ")" : text;
}

}  // namespace

Result<NextRow> diff_rows_rows(Context& context, const DiffTarget& target,
                               const expr::EvalContext& eval) {
  TRY_ASSIGN(ChangedTables open,
             ChangedTables::open(context, target, history_of(context, eval.cancelled)));
  struct State {
    ChangedTables tables;
    TableSides sides;
    std::optional<diff::TableDiff> rows;
    std::vector<Value> current;
    uint64_t left = 0;
  };
  auto state = std::make_shared<State>(State{std::move(open), {}, std::nullopt, {}, 0});
  return NextRow([state](std::vector<Value>& row) -> Result<bool> {
    diff::RowDiff difference;
    while (state->left == 0) {
      if (!state->rows) {
        if (state->tables.at_end()) return false;
        state->sides = state->tables.take();
        TRY_ASSIGN(diff::TableDiff rows, diff::TableDiff::open(state->tables.source(),
                                                               state->sides.from, state->sides.to));
        state->rows.emplace(std::move(rows));
      }
      TRY_ASSIGN(const bool more, state->rows->next(difference));
      if (!more) {
        state->rows.reset();
        continue;
      }
      const diff::TablePair& pair = state->rows->pair();
      const diff::LargeValues& large = state->rows->large();
      const bool is_to = difference.kind != diff::RowKind::kRemoved;
      const catalog::TableDef& named = is_to ? *pair.to() : *pair.from();
      TRY_ASSIGN(std::string key,
                 key_text(named, is_to ? difference.to_line : difference.from_line, large));
      state->current = {
          text_value(table_label(state->sides)),
          text_value(std::string(diff::row_kind_name(difference.kind))),
          named.primary_key.empty() ? Value::null(kTextType) : text_value(std::move(key)),
          Value::null(kTextType), Value::null(kTextType)};
      if (difference.kind != diff::RowKind::kAdded) {
        TRY_ASSIGN(std::string json, row_json(*pair.from(), difference.from_line, large));
        state->current[3] = text_value(std::move(json));
      }
      if (is_to) {
        TRY_ASSIGN(std::string json, row_json(*pair.to(), difference.to_line, large));
        state->current[4] = text_value(std::move(json));
      }
      state->left = difference.count;
    }
    --state->left;
    row = state->current;
    return true;
  });
}

Result<NextRow> open_diff_rows(Context& context, const Values& arguments,
                               const expr::EvalContext& eval) {
  TRY_ASSIGN(const DiffTarget target, target_arguments(context, arguments));
  return diff_rows_rows(context, target, eval);
}

}  // namespace rowan::system
