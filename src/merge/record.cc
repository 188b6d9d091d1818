#include "merge/record.h"

#include <algorithm>
#include <array>

#include "merge/sides.h"
#include "type/text.h"

namespace rowan::merge {
namespace {

template <typename T>
std::string_view choice_of(const std::optional<T>& base, const std::optional<T>& ours,
                           const std::optional<T>& theirs, const std::optional<T>& merged) {
  if (merged == ours) return "ours";
  if (merged == theirs) return "theirs";
  return merged == base ? "base" : "neither";
}

}  // namespace

std::string_view conflict_kind(const RowConflict& conflict) {
  if (!conflict.ours) return "deleted by us";
  if (!conflict.theirs) return "deleted by them";
  return conflict.base ? "both changed" : "both added";
}

Settlement settlement_of(const SchemaConflict& conflict) {
  const auto text = [](const std::string& of) {
    return of.empty() ? std::optional<std::string>() : std::optional<std::string>(of);
  };
  Settlement settlement;
  settlement.kind = conflict.kind;
  settlement.base = text(conflict.base);
  settlement.ours = text(conflict.ours);
  settlement.theirs = text(conflict.theirs);
  if (conflict.kind == "file") {  // A path is one name, whatever dots are in it.
    settlement.object = conflict.object;
    return settlement;
  }
  const size_t dot = conflict.object.find('.');
  settlement.schema = conflict.object.substr(0, dot);
  if (dot != std::string::npos) settlement.object = conflict.object.substr(dot + 1);
  return settlement;
}

std::string policy_ground(const Request& request) {
  switch (request.policy) {
    case Policy::kRowLevel:
      return "policy row-level";
    case Policy::kOurs:
      return "policy ours";
    case Policy::kTheirs:
      return "policy theirs";
    case Policy::kManual:
      break;
  }
  return "answer";
}

std::string_view choice_of(const Settlement& settlement) {
  return choice_of(settlement.base, settlement.ours, settlement.theirs, settlement.merged);
}

Settlement Recorder::about(const RowConflict& conflict) const {
  Settlement settlement;
  settlement.schema = conflict.schema;
  settlement.object = conflict.table;
  settlement.kind = conflict_kind(conflict);
  return settlement;
}

Result<std::string> Recorder::key_text(const RowConflict& conflict) const {
  const SideLine& line = conflict.ours     ? conflict.ours
                         : conflict.theirs ? conflict.theirs
                                           : conflict.base;
  TRY_ASSIGN(const Cells cells, lines_.take_apart(*line));
  std::string text;
  for (const uint16_t column : lines_.table().primary_key) {
    TRY_ASSIGN(const auto cell, cell_text(column, cells));
    text += (text.empty() ? "" : ", ") + cell.value_or("null");
  }
  return lines_.table().primary_key.size() > 1 ? "(" + text + ")" : text;
}

Result<std::optional<std::string>> Recorder::cell_text(uint16_t column, const Cells& cells) const {
  const uint16_t slot = lines_.table().columns[column].slot;
  if (cells[slot] == "null") return std::optional<std::string>();
  TRY_ASSIGN(const type::Value value, lines_.value(slot, cells[slot]));
  return std::optional<std::string>(type::to_text(value));
}

Result<std::string> row_text(const Lines& lines, const Cells& cells,
                             const std::vector<uint16_t>& without) {
  std::string text = "{";
  const auto& columns = lines.table().columns;
  for (uint16_t i = 0; i < columns.size(); ++i) {
    if (std::find(without.begin(), without.end(), i) != without.end()) continue;
    const catalog::ColumnDef& column = columns[i];
    if (text.size() > 1) text += ", ";
    type::append_json(type::Value::of_string({type::TypeId::kText}, column.name), text);
    text += ": ";
    const bool is_json = type::is_json(column.type.id);
    TRY_ASSIGN(const type::Value value, lines.value(column.slot, cells[column.slot]));
    if (is_json && !value.is_null()) {
      text += value.as_string();
    } else {
      type::append_json(value, text);
    }
  }
  return text + "}";
}

Result<std::optional<std::string>> Recorder::row_text(
    const SideLine& line, const std::vector<uint16_t>& without) const {
  if (!line) return std::optional<std::string>();
  TRY_ASSIGN(const Cells cells, lines_.take_apart(*line));
  TRY_ASSIGN(std::string text, merge::row_text(lines_, cells, without));
  return std::optional<std::string>(std::move(text));
}

Result<void> Recorder::whole_row(const RowConflict& conflict, const SideLine& merged,
                                 const std::string& ground) const {
  Settlement settlement = about(conflict);
  TRY_ASSIGN(settlement.key, key_text(conflict));
  TRY_ASSIGN(settlement.base, row_text(conflict.base, conflict.lacks[at(Side::kBase)]));
  TRY_ASSIGN(settlement.ours, row_text(conflict.shown(Side::kOurs), conflict.lacks[at(Side::kOurs)]));
  TRY_ASSIGN(settlement.theirs,
             row_text(conflict.shown(Side::kTheirs), conflict.lacks[at(Side::kTheirs)]));
  TRY_ASSIGN(settlement.merged, row_text(merged, {}));
  std::array<std::optional<std::string>, 3> whole;  // As the merged table would have them.
  for (const Side side : kSides) {
    TRY_ASSIGN(whole[at(side)], row_text(conflict.line(side), {}));
  }
  settlement.choice = choice_of(whole[0], whole[1], whole[2], settlement.merged);
  settlement.ground = ground;
  enough_ = !request_.record(std::move(settlement));
  return {};
}

Result<void> Recorder::row(const RowConflict& conflict, const SideLine& merged,
                           const std::map<uint16_t, std::string>& grounds,
                           const std::string& ground) const {
  if (!wanted()) return {};
  if (!conflict.ours || !conflict.theirs || !merged) return whole_row(conflict, merged, ground);
  Cells base;
  if (conflict.base) {
    TRY_ASSIGN(base, lines_.take_apart(*conflict.base));
  }
  TRY_ASSIGN(const Cells ours, lines_.take_apart(*conflict.ours));
  TRY_ASSIGN(const Cells theirs, lines_.take_apart(*conflict.theirs));
  TRY_ASSIGN(const Cells now, lines_.take_apart(*merged));
  const auto& columns = lines_.table().columns;
  for (uint16_t i = 0; i < columns.size(); ++i) {
    const uint16_t slot = columns[i].slot;
    const auto is_lost = [&](Side side, const Cells& cells) {
      return conflict.has(side, i) && cells[slot] != now[slot] &&
             (!conflict.base || cells[slot] != base[slot]);
    };
    if (!is_lost(Side::kOurs, ours) && !is_lost(Side::kTheirs, theirs)) continue;
    Settlement settlement = about(conflict);
    TRY_ASSIGN(settlement.key, key_text(conflict));
    settlement.column = columns[i].name;
    const auto text_of = [&](Side side, const Cells& cells) -> Result<std::optional<std::string>> {
      if (!conflict.line(side) || !conflict.has(side, i)) return std::optional<std::string>();
      return cell_text(i, cells);
    };
    const auto shown = [&](Side side) -> Result<std::optional<std::string>> {
      if (!conflict.line(side)) return std::optional<std::string>();
      TRY_ASSIGN(const Cells cells, lines_.take_apart(*conflict.shown(side)));
      return text_of(side, cells);
    };
    TRY_ASSIGN(settlement.base, text_of(Side::kBase, base));
    TRY_ASSIGN(settlement.ours, shown(Side::kOurs));
    TRY_ASSIGN(settlement.theirs, shown(Side::kTheirs));
    TRY_ASSIGN(settlement.merged, cell_text(i, now));
    // A side without the column has no cell that could stand.
    const auto cell_of = [&](Side side, const Cells& cells) {
      return conflict.line(side) && conflict.has(side, i) ? std::optional(cells[slot])
                                                          : std::nullopt;
    };
    settlement.choice = choice_of(cell_of(Side::kBase, base), cell_of(Side::kOurs, ours),
                                  cell_of(Side::kTheirs, theirs), std::optional(now[slot]));
    const auto own = grounds.find(i);
    settlement.ground = own == grounds.end() ? ground : own->second;
    enough_ = !request_.record(std::move(settlement));
    if (enough_) break;
  }
  return {};
}

Result<void> Recorder::put_back(const RowConflict& conflict) const {
  if (!wanted()) return {};
  Settlement settlement = about(conflict);
  TRY_ASSIGN(settlement.base, row_text(conflict.base, {}));
  TRY_ASSIGN(settlement.ours, row_text(conflict.ours, {}));
  TRY_ASSIGN(settlement.theirs, row_text(conflict.theirs, {}));
  settlement.key = settlement.base;
  settlement.merged = conflict.ours ? settlement.ours : settlement.theirs;
  settlement.choice = choice_of(settlement);
  if (conflict.ours && conflict.theirs) {
    settlement.merged = *settlement.ours + ", " + *settlement.theirs;
    settlement.choice = "neither";
  }
  settlement.ground = "rows are counted";
  enough_ = !request_.record(std::move(settlement));
  return {};
}

Result<void> Recorder::renumbered(const Renumbered& renumbered) const {
  if (!wanted()) return {};
  const auto& [base, ours, before, after] = renumbered;
  Cells ours_cells;
  if (ours) {
    TRY_ASSIGN(ours_cells, lines_.take_apart(*ours));
  }
  Cells base_cells;
  if (base) {
    TRY_ASSIGN(base_cells, lines_.take_apart(*base));
  }
  RowConflict row;
  row.schema = lines_.table().schema;
  row.table = lines_.table().name;
  row.theirs = std::string(after);
  TRY_ASSIGN(const Cells was, lines_.take_apart(before));
  TRY_ASSIGN(const Cells is, lines_.take_apart(after));
  const auto& columns = lines_.table().columns;
  for (uint16_t i = 0; i < columns.size() && !enough_; ++i) {
    if (was[columns[i].slot] == is[columns[i].slot]) continue;
    Settlement settlement = about(row);
    settlement.kind = "renumbered key";
    if (lines_.table().layout.counted) {
      TRY_ASSIGN(settlement.key, row_text(row.theirs, {}));
    } else {
      TRY_ASSIGN(settlement.key, key_text(row));
    }
    settlement.column = columns[i].name;
    if (base) {
      TRY_ASSIGN(settlement.base, cell_text(i, base_cells));
    }
    if (ours) {
      TRY_ASSIGN(settlement.ours, cell_text(i, ours_cells));
    }
    TRY_ASSIGN(settlement.theirs, cell_text(i, was));
    TRY_ASSIGN(settlement.merged, cell_text(i, is));
    settlement.choice = "neither";
    settlement.ground = "renumber";
    enough_ = !request_.record(std::move(settlement));
  }
  return {};
}

}  // namespace rowan::merge
