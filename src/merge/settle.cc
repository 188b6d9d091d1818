#include "merge/settle.h"

#include <algorithm>

#include "merge/rules.h"

namespace rowan::merge {
namespace {

Decision take(const std::optional<Bytes>& line) {
  return {false, line ? SideLine(std::string(*line)) : SideLine()};
}

Bytes side_line(const std::optional<Bytes>& line) { return line ? *line : Bytes(); }

catalog::MergeRule rule_of(const catalog::TableDef& table, size_t column) {
  const catalog::MergeRule own = table.columns[column].merge_rule;
  return own != catalog::MergeRule::kNone ? own : table.merge_rule;
}

SideLine copy_of(const std::optional<Bytes>& line) {
  return line ? SideLine(std::string(*line)) : SideLine();
}

}  // namespace

bool sums_up(const catalog::TableDef& table, size_t column) {
  const bool is_key = std::find(table.primary_key.begin(), table.primary_key.end(), column) !=
                      table.primary_key.end();
  return !is_key && type::is_number(table.columns[column].type.id) &&
         rule_of(table, column) == catalog::MergeRule::kSum;
}

bool adds_up(const catalog::TableDef& table) {
  if (table.layout.counted) return true;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (sums_up(table, i)) return true;
  }
  return false;
}

std::optional<uint16_t> generated_key_column(const catalog::TableDef& table) {
  if (table.primary_key.size() != 1) return std::nullopt;
  const catalog::ColumnDef& column = table.columns[table.primary_key[0]];
  if (column.sequence.empty() || !type::is_integer(column.type.id)) return std::nullopt;
  return table.primary_key[0];
}

Settler::Settler(const Request& request, const Lines& lines, std::string ours_path,
                 std::string theirs_path)
    : request_(request),
      lines_(lines),
      recorder_(request, lines),
      ours_path_(std::move(ours_path)),
      theirs_path_(std::move(theirs_path)),
      generated_key_(generated_key_column(lines.table()).has_value()),
      sums_(lines.table().columns.size(), 0) {
  for (size_t i = 0; i < sums_.size(); ++i) {
    sums_[i] = sums_up(lines.table(), i) ? 1 : 0;
    any_sums_ = any_sums_ || sums_[i] != 0;
  }
}

Result<Decision> Settler::settle(const ThreeLines& row) {
  shared_row_ = shared_ == nullptr ? nullptr : shared_->find(row.key);
  if (lines_.table().layout.counted) return add_counts(row);
  if (shared_row_ != nullptr && row.ours && row.theirs) return merge_cells(row);
  TRY_ASSIGN(const bool theirs_kept, same(row.base, row.theirs));
  if (theirs_kept) return Decision();
  // M4: equal rows are agreed on, but equal sums may be two deltas.
  TRY_ASSIGN(const bool agreed, same(row.ours, row.theirs));
  if (agreed && (!row.ours || !any_sums_)) return Decision();
  TRY_ASSIGN(const bool ours_kept, same(row.base, row.ours));
  if (ours_kept) return take(row.theirs);
  if (!row.ours || !row.theirs) return settle_deletion(row);
  return merge_cells(row);
}

Result<bool> Settler::same(const std::optional<Bytes>& a, const std::optional<Bytes>& b) const {
  if (!a || !b) return !a && !b;
  return lines_.same_row(*a, *b);
}

// M4: counts add up. Both sides may have taken the same row away, so the sum may fall below zero;
// then none is left.
Result<Decision> Settler::add_counts(const ThreeLines& row) {
  const auto count_of = [&](const std::optional<Bytes>& line) -> Result<int64_t> {
    if (!line) return int64_t{0};
    std::vector<Bytes> elements;
    uint64_t count = 0;
    TRY(type::split_line(lines_.table().layout, *line, elements, count));
    return static_cast<int64_t>(count);
  };
  TRY_ASSIGN(int64_t base, count_of(row.base));
  if (shared_row_ != nullptr) base += shared_row_->count;
  TRY_ASSIGN(const int64_t ours, count_of(row.ours));
  TRY_ASSIGN(const int64_t theirs, count_of(row.theirs));
  if (base == theirs) return Decision();
  int64_t sum = 0;
  if (__builtin_add_overflow(ours, theirs - base, &sum))
    return Error(ErrorCode::kProgramLimit, "a merged row's count is too large");
  if (sum < 0) {
    tally_.missing += static_cast<uint64_t>(-sum);
    if (row.base && tally_.missing_rows.size() < kPutBackRowsTold)
      tally_.missing_rows.emplace_back(*row.base, static_cast<uint64_t>(-sum));
  }
  if (sum <= 0) return Decision{false, {}};
  if (sum == ours) return Decision();
  const Bytes from = row.theirs ? *row.theirs : row.ours ? *row.ours : Bytes(shared_row_->line);
  const size_t end = from.find_first_of(",]");
  return Decision{false, "[" + std::to_string(sum) + std::string(from.substr(end))};
}

RowConflict Settler::conflict_of(const ThreeLines& row) const {
  RowConflict conflict;
  conflict.schema = lines_.table().schema;
  conflict.table = lines_.table().name;
  conflict.key = row.key;
  conflict.base = copy_of(row.base);
  conflict.ours = copy_of(row.ours);
  conflict.theirs = copy_of(row.theirs);
  conflict.lacks = lacks_;
  conflict.own = {SideLine(), row.ours_own, row.theirs_own};
  conflict.generated_key = generated_key_ && !row.base && row.ours && row.theirs;
  return conflict;
}

Decision Settler::leave_open(RowConflict conflict) {
  ++tally_.conflicts;
  tally_.open.push_back(std::move(conflict));
  return {};
}

Result<std::optional<Decision>> Settler::answered(const RowConflict& conflict,
                                                  const Cells& computed, Grounds grounds) {
  if (!request_.resolve) return std::optional<Decision>();
  TRY_ASSIGN(const std::optional<Resolution> answer, request_.resolve(conflict));
  if (!answer) return std::optional<Decision>();
  ++tally_.settled;
  ++tally_.conflicts;
  SideLine line;
  if (answer->line) {
    uint64_t count = 1;
    TRY_ASSIGN(const Cells cells, lines_.take_apart(*answer->line, &count));
    TRY_ASSIGN(line, lines_.put_together(cells, count));
    if (!grounds.empty()) {
      // What a rule had worked out may stand in the answer as it was.
      std::erase_if(grounds, [&](const auto& ground) {
        const uint16_t slot = lines_.table().columns[ground.first].slot;
        return cells[slot] != computed[slot];
      });
    }
  }
  TRY(recorder_.row(conflict, line, grounds, "answer"));
  if (answer->line == conflict.ours) return std::optional<Decision>(Decision());
  return std::optional<Decision>(Decision{false, std::move(line)});
}

Result<std::optional<Settler::Winner>> Settler::winner(const ThreeLines& row,
                                                       catalog::MergeRule rule, bool generated,
                                                       std::optional<uint16_t> column) {
  using Found = std::optional<Winner>;
  if (request_.conflicts_take_base) return Found({Side::kBase, {}});
  if (rule == catalog::MergeRule::kConflict) return Found();
  const bool newest = rule == catalog::MergeRule::kNewest && request_.theirs_is_later;
  if (!newest) {
    if (request_.policy == Policy::kOurs) return Found({Side::kOurs, policy_ground(request_)});
    if (request_.policy == Policy::kTheirs) return Found({Side::kTheirs, policy_ground(request_)});
    if (request_.policy == Policy::kManual || generated || rule == catalog::MergeRule::kNewest)
      return Found();
  }
  std::optional<uint32_t> id;
  if (column) id = lines_.table().columns[*column].id;
  TRY_ASSIGN(const bool later, request_.theirs_is_later(ours_path_, row.ours_key, theirs_path_,
                                                        row.theirs_key, id));
  return Found({later ? Side::kTheirs : Side::kOurs,
                newest ? "rule newest" : policy_ground(request_)});
}

// One side deleted the row, the other changed it.
Result<Decision> Settler::settle_deletion(const ThreeLines& row) {
  RowConflict conflict = conflict_of(row);
  TRY_ASSIGN(std::optional<Decision> answer, answered(conflict, {}, {}));
  if (answer) return std::move(*answer);
  TRY_ASSIGN(const std::optional<Winner> won, winner(row, lines_.table().merge_rule, false, {}));
  if (!won) return leave_open(std::move(conflict));
  ++tally_.settled;
  ++tally_.conflicts;
  const std::optional<Bytes>& stands = won->side == Side::kOurs     ? row.ours
                                       : won->side == Side::kTheirs ? row.theirs
                                                                    : row.base;
  TRY(recorder_.row(conflict, copy_of(stands), {}, won->ground));
  return won->side == Side::kOurs ? Decision() : take(stands);
}

// Whether a change of the row's cell is in both sides by one commit.
bool Settler::is_shared(size_t column) const {
  if (shared_row_ == nullptr || sums_[column] == 0) return false;
  const uint16_t slot = lines_.table().columns[column].slot;
  return std::any_of(shared_row_->cells.begin(), shared_row_->cells.end(),
                     [&](const auto& cell) { return cell.slot == slot; });
}

Result<std::optional<type::Value>> Settler::computed(size_t column, const Cells* base,
                                                     const Cells& ours, const Cells& theirs) const {
  using Computed = std::optional<type::Value>;
  const catalog::ColumnDef& def = lines_.table().columns[column];
  const catalog::MergeRule rule = rule_of(lines_.table(), column);
  if (rule == catalog::MergeRule::kNone || rule == catalog::MergeRule::kNewest ||
      rule == catalog::MergeRule::kConflict)
    return Computed();
  if (rule == catalog::MergeRule::kSum && sums_[column] == 0) return Computed();
  TRY_ASSIGN(const type::Value ours_value, lines_.value(def.slot, ours[def.slot]));
  TRY_ASSIGN(const type::Value theirs_value, lines_.value(def.slot, theirs[def.slot]));
  std::optional<type::Value> base_value;
  if (base != nullptr) {
    TRY_ASSIGN(base_value, lines_.value(def.slot, (*base)[def.slot]));
  }
  if (is_shared(column)) {
    TRY_ASSIGN(base_value, SharedDeltas::with_deltas(*shared_row_, def,
                                                     base_value ? &*base_value : nullptr));
  }
  return Computed(
      apply_rule({rule, def.type, base_value ? &*base_value : nullptr, ours_value, theirs_value}));
}

Result<Decision> Settler::merge_cells(const ThreeLines& row) {
  const catalog::TableDef& table = lines_.table();
  TRY_ASSIGN(const Cells ours, lines_.take_apart(side_line(row.ours)));
  TRY_ASSIGN(const Cells theirs, lines_.take_apart(side_line(row.theirs)));
  Cells base;
  if (row.base) {
    TRY_ASSIGN(base, lines_.take_apart(*row.base));
  }
  Cells merged = ours;
  // What dropped columns left behind is nobody's: both sides must only agree on which bytes it is.
  for (const catalog::DroppedSlot& dropped : table.dropped) {
    const size_t slot = dropped.slot;
    const bool ours_kept = row.base && ours[slot] == base[slot];
    const bool theirs_kept = row.base && theirs[slot] == base[slot];
    if (!theirs_kept && (ours_kept || theirs[slot] > ours[slot])) merged[slot] = theirs[slot];
  }
  RowConflict conflict = conflict_of(row);
  Grounds grounds;  // Of the columns that rules computed.
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const uint16_t slot = table.columns[i].slot;
    const bool shared = is_shared(i) && ours[slot] != "null" && theirs[slot] != "null";
    if (row.base && theirs[slot] == base[slot] && !shared) continue;
    if (row.base && ours[slot] == base[slot] && !shared) {
      merged[slot] = theirs[slot];
      continue;
    }
    if (ours[slot] == theirs[slot] && (sums_[i] == 0 || ours[slot] == "null")) continue;
    // A side that has no such column says nothing about it.
    const auto column = static_cast<uint16_t>(i);
    const bool ours_alone = !conflict.has(Side::kTheirs, column);
    if (!conflict.generated_key && (ours_alone || !conflict.has(Side::kOurs, column))) {
      if (!ours_alone) merged[slot] = theirs[slot];
      continue;
    }
    TRY_ASSIGN(const std::optional<type::Value> value,
               computed(i, row.base ? &base : nullptr, ours, theirs));
    if (!value) {
      conflict.columns.push_back(static_cast<uint16_t>(i));
      continue;
    }
    merged[slot].clear();
    type::append_json(*value, merged[slot]);
    grounds[static_cast<uint16_t>(i)] =
        "rule " + std::string(catalog::merge_rule_name(rule_of(table, i)));
    ++tally_.settled;
  }
  if (!conflict.columns.empty()) {
    TRY_ASSIGN(std::optional<Decision> answer, answered(conflict, merged, grounds));
    if (answer) return std::move(*answer);
    TRY_ASSIGN(std::optional<Decision> stays,
               choose_cells(row, conflict, row.base ? &base : nullptr, theirs, merged, grounds));
    if (stays) return std::move(*stays);
  }
  TRY_ASSIGN(std::string line, lines_.put_together(merged, 1));
  if (!grounds.empty()) TRY(recorder_.row(conflict, line, grounds, {}));
  if (line == *row.ours) return Decision();
  return Decision{false, std::move(line)};
}

// The columns of the conflict, by rule or policy; a decision when that is no matter of cells: it
// stays open, or the row goes.
Result<std::optional<Decision>> Settler::choose_cells(const ThreeLines& row, RowConflict& conflict,
                                                      const Cells* base, const Cells& theirs,
                                                      Cells& merged, Grounds& grounds) {
  const catalog::TableDef& table = lines_.table();
  std::vector<uint16_t> open;
  for (const uint16_t column : conflict.columns) {
    const uint16_t slot = table.columns[column].slot;
    const catalog::MergeRule rule = rule_of(table, column);
    // A sum that its column cannot hold: whichever side stood, the other's delta would be lost.
    const bool overflows = rule == catalog::MergeRule::kSum && sums_[column] != 0 &&
                           merged[slot] != "null" && theirs[slot] != "null";
    std::optional<Winner> won;
    if (!overflows || request_.conflicts_take_base || request_.policy != Policy::kRowLevel) {
      TRY_ASSIGN(won, winner(row, rule, conflict.generated_key, column));
    }
    if (!won) {
      open.push_back(column);
      continue;
    }
    if (won->side == Side::kBase && base == nullptr)
      return std::optional<Decision>(Decision{false, {}});
    if (won->side == Side::kTheirs) merged[slot] = theirs[slot];
    if (won->side == Side::kBase) merged[slot] = (*base)[slot];
    grounds[column] = std::move(won->ground);
  }
  if (!open.empty()) {
    conflict.columns = std::move(open);
    if (!conflict.generated_key) {
      TRY_ASSIGN(conflict.merged, lines_.put_together(merged, 1));
    }
    return std::optional<Decision>(leave_open(std::move(conflict)));
  }
  ++tally_.conflicts;
  ++tally_.settled;
  return std::optional<Decision>();
}

}  // namespace rowan::merge
