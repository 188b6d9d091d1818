#include "merge/lost_cells.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "merge/fit.h"
#include "merge/lines.h"
#include "merge/record.h"
#include "merge/sides.h"
#include "tree/row_tree.h"
#include "type/cast.h"
#include "type/text.h"

namespace rowan::merge {
namespace {

Result<void> check_cancelled(const Request& request) {
  if (request.cancelled == nullptr || !request.cancelled->load(std::memory_order_relaxed)) return {};
  return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
}

std::optional<std::string> text_of(const type::Value& value) {
  return value.is_null() ? std::nullopt : std::optional<std::string>(type::to_text(value));
}

// "7", "(7, x)"; of a table without a key the whole row.
Result<std::string> row_name(const Lines& lines, const Cells& cells) {
  const catalog::TableDef& table = lines.table();
  std::vector<uint16_t> columns = table.primary_key;
  if (columns.empty()) {
    for (uint16_t i = 0; i < table.columns.size(); ++i) columns.push_back(i);
  }
  std::string name;
  for (const uint16_t column : columns) {
    const uint16_t slot = table.columns[column].slot;
    TRY_ASSIGN(const type::Value value, lines.value(slot, cells[slot]));
    name += (name.empty() ? "" : ", ") + text_of(value).value_or("null");
  }
  return columns.size() > 1 ? "(" + name + ")" : name;
}

// Whether a value is still what it was: put back into its own type, it reads the same.
bool is_whole(const type::Value& value, const type::Value& now) {
  if (value.is_null() || now.is_null()) return value.is_null() == now.is_null();
  if (type::to_text(value) == type::to_text(now)) return true;
  const auto back = fitted(now, value.type());
  return back && !back->is_null() && type::to_text(*back) == type::to_text(value);
}

// One column of one side, row by row.
class LostCells {
 public:
  LostCells(store::PendingObjects& objects, store::NodeCache& cache, const Request& request,
            const TableVersions& versions, const LostColumn& column)
      : objects_(objects),
        cache_(cache),
        request_(request),
        versions_(versions),
        column_(column),
        lines_(*now().table, objects),
        merged_lines_(*versions.merged.table, objects),
        merged_keys_(versions.merged.table),
        base_carrier_(carrier_of(Side::kBase)),
        carrier_(carrier_of(column.holder)) {
    if (base().table) base_lines_.emplace(*base().table, objects);
    carrier_.know_base(base_carrier_, versions.definition.slots_as_base());
  }

  Result<void> run() {
    const catalog::TableLineKeys keys(now().table);
    const catalog::TableLineKeys base_keys(base().table ? base().table : now().table);
    return tree::diff_trees({objects_, cache_, base_keys}, base().rows, {objects_, cache_, keys},
                            now().rows,
                            [this](const tree::RowDifference& row) { return tell(row); });
  }

 private:
  // What became of a cell.
  struct Fate {
    std::optional<type::Value> merged, other;  // Nothing: no such row; of `other`, or unknown.
  };

  const catalog::TableVersion& version(Side side) const { return versions_.sides[at(side)]; }
  const catalog::TableVersion& base() const { return version(Side::kBase); }
  const catalog::TableVersion& now() const { return version(column_.holder); }
  Carrier carrier_of(Side side) const {
    return {version(side).table.get(), merged_lines_, versions_.definition.sources(side), objects_};
  }
  const catalog::ColumnDef& merged_column() const {
    return versions_.merged.table->columns[*column_.column];
  }

  // False: nobody wants to hear more.
  Result<bool> tell(const tree::RowDifference& row) {
    TRY(check_cancelled(request_));
    if (!row.to) return true;
    uint64_t copies = 1, copies_before = 1;  // Without a key a row may be put once more.
    TRY_ASSIGN(const Cells is, lines_.take_apart(*row.to, &copies));
    Settlement settlement;
    if (row.from && column_.base_slot) {
      TRY_ASSIGN(const Cells was, base_lines_->take_apart(*row.from, &copies_before));
      if (was[*column_.base_slot] == is[column_.slot] && copies <= copies_before) return true;
      TRY_ASSIGN(const type::Value before,
                 base_lines_->value(*column_.base_slot, was[*column_.base_slot]));
      settlement.base = text_of(before);
      TRY_ASSIGN(const type::Value after, lines_.value(column_.slot, is[column_.slot]));
      if (before.type() != after.type() && is_whole(before, after)) return true;
    }
    TRY_ASSIGN(const type::Value value, lines_.value(column_.slot, is[column_.slot]));
    std::optional<std::string> other;
    if (!column_.column) {
      if (!row.from && value.is_null()) return true;
    } else {
      TRY_ASSIGN(const std::optional<Fate> fate, versions_.merged.table->layout.counted
                                                     ? counted_fate(row, value)
                                                     : fate_of(row, value));
      if (!fate || (fate->merged && is_whole(value, *fate->merged))) return true;
      if (fate->merged) settlement.merged = text_of(*fate->merged);
      if (fate->other) other = text_of(*fate->other);
    }
    TRY_ASSIGN(settlement.key, row_name(lines_, is));
    settlement.ours = settlement.theirs = other;
    (column_.holder == Side::kOurs ? settlement.ours : settlement.theirs) = text_of(value);
    // What the new type made of a value is no side's.
    settlement.choice = !settlement.merged || settlement.merged == other
                            ? side_word(column_.stands)
                            : "neither";
    return record(std::move(settlement));
  }

  bool record(Settlement settlement) const {
    settlement.schema = versions_.merged.table->schema;
    settlement.object = versions_.merged.table->name;
    settlement.kind = column_.column ? "column type" : "dropped column";
    settlement.column = column_.name;
    settlement.ground = !column_.contested  ? settlement.kind
                        : column_.answered ? "answer"
                                           : policy_ground(request_);
    return request_.record(std::move(settlement));
  }

  // A column of the merged table in a merged line.
  Result<type::Value> merged_cell(Bytes line) const {
    const uint16_t slot = merged_column().slot;
    TRY_ASSIGN(const Cells cells, merged_lines_.take_apart(line));
    return merged_lines_.value(slot, cells[slot]);
  }

  // The other side's value in the row of that merged key.
  Result<std::optional<type::Value>> other_cell(const std::string& key) {
    using Found = std::optional<type::Value>;
    const Side side = other_side(column_.holder);
    const catalog::TableVersion& other = version(side);
    const uint16_t merged_slot = merged_column().slot;
    const int32_t slot = versions_.definition.sources(side)[merged_slot];
    if (!other.table || other.rows.is_zero() || slot == kNoSlot || !carrier_of(side).has(merged_slot))
      return Found();
    const Lines lines(*other.table, objects_);
    const catalog::TableLineKeys keys(other.table);
    std::optional<std::string> line;
    if (!versions_.rows.is_rekeyed()) {
      TRY_ASSIGN(const auto found, tree::find_line({objects_, cache_, keys}, other.rows, key));
      if (found) line = std::string(found->line);
    } else {
      if (!rekeyed_) TRY(read_rekeyed(side));
      if (const auto found = rekeyed_->find(key); found != rekeyed_->end()) line = found->second;
    }
    if (!line) return Found();
    TRY_ASSIGN(const Cells cells, lines.take_apart(*line));
    TRY_ASSIGN(type::Value value,
               lines.value(static_cast<uint16_t>(slot), cells[static_cast<size_t>(slot)]));
    return Found(std::move(value));
  }

  Result<void> read_rekeyed(Side side) {
    rekeyed_.emplace();
    Carrier carrier = carrier_of(side);
    const catalog::TableLineKeys keys(version(side).table);
    TRY_ASSIGN(tree::Cursor cursor,
               tree::Cursor::open({objects_, cache_, keys}, version(side).rows));
    while (!cursor.at_end()) {
      TRY(check_cancelled(request_));
      TRY_ASSIGN(const std::string line, carrier.carry(cursor.line()));
      std::string key;
      TRY(type::append_line_key(versions_.merged.table->layout, line, key));
      rekeyed_->emplace(std::move(key), cursor.line());
      TRY(cursor.next());
    }
    return {};
  }

  // Of a row by its key. Nothing: the settlement between cells, or of the row, tells of it. Those see
  // what the row is in the merged table, beside the base's row there: a value that does not fit, or
  // that is the base's when it does, is no change to them.
  Result<std::optional<Fate>> fate_of(const tree::RowDifference& row, const type::Value& value) {
    TRY_ASSIGN(std::string line, carrier_.carry(*row.to));
    const std::vector<size_t> misfits = carrier_.misfit_slots();
    std::string key;
    TRY(type::append_line_key(versions_.merged.table->layout, line, key));
    const uint16_t slot = merged_column().slot;
    bool row_is_seen = true;
    bool is_seen = std::find(misfits.begin(), misfits.end(), slot) == misfits.end();
    if (row.from) {
      TRY_ASSIGN(const std::string before, base_carrier_.carry(*row.from));
      TRY_ASSIGN(line, carrier_.beside(before, std::move(line), misfits));
      TRY_ASSIGN(const Cells was, merged_lines_.take_apart(before));
      TRY_ASSIGN(const Cells is, merged_lines_.take_apart(line));
      is_seen = was[slot] != is[slot];
      row_is_seen = line != before;
    }
    std::optional<tree::FoundLine> found;
    if (!versions_.merged.rows.is_zero()) {
      TRY_ASSIGN(found,
                 tree::find_line({objects_, cache_, merged_keys_}, versions_.merged.rows, key));
    }
    if (!found && row_is_seen) return std::optional<Fate>();
    Fate fate;
    if (found) {
      TRY_ASSIGN(fate.merged, merged_cell(found->line));
      if (is_seen) {
        const std::optional<type::Value> fit = fitted(value, merged_column().type);
        if (!fit || text_of(*fit) != text_of(*fate.merged)) return std::optional<Fate>();
      }
    }
    TRY_ASSIGN(fate.other, other_cell(key));
    return std::optional(std::move(fate));
  }

  // Of a row that has no key: the value as the new type has it, or, where that has none, the base's.
  Result<std::optional<Fate>> counted_fate(const tree::RowDifference& row,
                                           const type::Value& value) const {
    Fate fate{fitted(value, merged_column().type), {}};
    if (fate.merged) return std::optional(std::move(fate));
    const auto& kept = versions_.rows.kept_misfits(column_.holder);
    const auto as_base = kept.find(std::string(row.key));
    if (as_base == kept.end()) {
      fate.merged = merged_column().absent;
    } else {
      TRY_ASSIGN(fate.merged, merged_cell(as_base->second));
      fate.other = fate.merged;
    }
    return std::optional(std::move(fate));
  }

  store::PendingObjects& objects_;
  store::NodeCache& cache_;
  const Request& request_;
  const TableVersions& versions_;
  const LostColumn& column_;
  const Lines lines_;
  const Lines merged_lines_;
  const catalog::TableLineKeys merged_keys_;
  Carrier base_carrier_, carrier_;
  std::optional<Lines> base_lines_;
  std::optional<std::map<std::string, std::string>> rekeyed_;  // The other side's, by merged key.
};

// A row as JSON, and how many of it there are.
Result<std::optional<std::string>> counted_row(const Lines& lines, const std::optional<Bytes>& line) {
  if (!line) return std::optional<std::string>();
  uint64_t count = 1;
  TRY_ASSIGN(const Cells cells, lines.take_apart(*line, &count));
  TRY_ASSIGN(std::string text, row_text(lines, cells));
  if (count > 1) text += " × " + std::to_string(count);
  return std::optional<std::string>(std::move(text));
}

}  // namespace

std::string_view side_word(Side side) {
  return side == Side::kOurs ? "ours" : side == Side::kTheirs ? "theirs" : "base";
}

Result<void> tell_lost_cells(store::PendingObjects& objects, store::NodeCache& cache,
                             const Request& request, const TableVersions& versions,
                             const LostColumn& column) {
  if (!request.record || request.conflicts_take_base) return {};
  return LostCells(objects, cache, request, versions, column).run();
}

Result<void> tell_lost_rows(store::PendingObjects& objects, store::NodeCache& cache,
                            const Request& request,
                            const std::array<catalog::TableVersion, 3>& sides, Side stands,
                            std::string_view kind, bool answered) {
  if (!request.record || request.conflicts_take_base) return {};
  const catalog::TableVersion& base = sides[at(Side::kBase)];
  bool wanted = true;
  for (const Side loser : {Side::kOurs, Side::kTheirs}) {
    const catalog::TableVersion& now = sides[at(loser)];
    if (loser == stands || !now.table || !wanted) continue;
    const catalog::TableVersion& before = base.table ? base : now;
    const Lines lines(*now.table, objects);
    const Lines base_lines(*before.table, objects);
    const catalog::TableLineKeys keys(now.table);
    const catalog::TableLineKeys base_keys(before.table);
    const auto tell = [&](const tree::RowDifference& row) -> Result<bool> {
      TRY(check_cancelled(request));
      Settlement settlement;
      settlement.schema = now.table->schema;
      settlement.object = now.table->name;
      settlement.kind = kind;
      TRY_ASSIGN(const Cells cells,
                 row.to ? lines.take_apart(*row.to) : base_lines.take_apart(*row.from));
      TRY_ASSIGN(settlement.key, row_name(row.to ? lines : base_lines, cells));
      TRY_ASSIGN(settlement.base, counted_row(base_lines, row.from));
      TRY_ASSIGN((loser == Side::kOurs ? settlement.ours : settlement.theirs),
                 counted_row(lines, row.to));
      if (stands == Side::kBase) settlement.merged = settlement.base;
      settlement.choice = side_word(stands);
      settlement.ground = answered ? "answer" : policy_ground(request);
      wanted = request.record(std::move(settlement));
      return wanted;
    };
    TRY(tree::diff_trees({objects, cache, base_keys}, base.rows, {objects, cache, keys}, now.rows,
                         tell));
  }
  return {};
}

}  // namespace rowan::merge
