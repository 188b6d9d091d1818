#include "merge/lost_cells.h"

#include <optional>
#include <string>
#include <utility>

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
        merged_keys_(versions.merged.table) {
    if (base().table) base_lines_.emplace(*base().table, objects);
  }

  Result<void> run() {
    const catalog::TableLineKeys keys(now().table);
    const catalog::TableLineKeys base_keys(base().table ? base().table : now().table);
    return tree::diff_trees({objects_, cache_, base_keys}, base().rows, {objects_, cache_, keys},
                            now().rows,
                            [this](const tree::RowDifference& row) { return tell(row); });
  }

 private:
  const catalog::TableVersion& base() const { return versions_.sides[at(Side::kBase)]; }
  const catalog::TableVersion& now() const { return versions_.sides[at(column_.holder)]; }

  // False: nobody wants to hear more.
  Result<bool> tell(const tree::RowDifference& row) {
    TRY(check_cancelled(request_));
    if (!row.to) return true;
    TRY_ASSIGN(const Cells is, lines_.take_apart(*row.to));
    Settlement settlement;
    if (row.from && column_.base_slot) {
      TRY_ASSIGN(const Cells was, base_lines_->take_apart(*row.from));
      if (was[*column_.base_slot] == is[column_.slot]) return true;
      TRY_ASSIGN(const type::Value before,
                 base_lines_->value(*column_.base_slot, was[*column_.base_slot]));
      settlement.base = text_of(before);
    }
    TRY_ASSIGN(const type::Value value, lines_.value(column_.slot, is[column_.slot]));
    if (!column_.column) {
      if (!row.from && value.is_null()) return true;
    } else {
      TRY_ASSIGN(const std::optional<type::Value> merged, carried(row.key, value));
      if (!merged || is_whole(value, *merged)) return true;
      settlement.merged = text_of(*merged);
    }
    TRY_ASSIGN(settlement.key, row_name(lines_, is));
    (column_.holder == Side::kOurs ? settlement.ours : settlement.theirs) = text_of(value);
    return record(std::move(settlement));
  }

  bool record(Settlement settlement) const {
    settlement.schema = versions_.merged.table->schema;
    settlement.object = versions_.merged.table->name;
    settlement.kind = column_.column ? "column type" : "dropped column";
    settlement.column = column_.name;
    // What the new type made of a value is no side's.
    settlement.choice = settlement.merged ? "neither" : side_word(column_.stands);
    settlement.ground = !column_.contested  ? settlement.kind
                        : column_.answered ? "answer"
                                           : policy_ground(request_);
    return request_.record(std::move(settlement));
  }

  Result<std::optional<tree::FoundLine>> merged_row(Bytes key) const {
    if (versions_.merged.rows.is_zero()) return std::optional<tree::FoundLine>();
    return tree::find_line({objects_, cache_, merged_keys_}, versions_.merged.rows, key);
  }

  bool finds_rows() const {
    return versions_.keeps_keys && !versions_.merged.table->layout.counted;
  }

  // What the merged row has for the value; nothing: another settlement gave it something else.
  Result<std::optional<type::Value>> carried(Bytes key, const type::Value& value) const {
    using Found = std::optional<type::Value>;
    const catalog::ColumnDef& column = versions_.merged.table->columns[*column_.column];
    std::optional<type::Value> fit = fitted(value, column.type);
    if (!fit) fit = column.absent;
    if (!finds_rows()) return Found(std::move(*fit));
    TRY_ASSIGN(const auto found, merged_row(key));
    if (!found) return Found();
    TRY_ASSIGN(const Cells cells, merged_lines_.take_apart(found->line));
    TRY_ASSIGN(const type::Value merged, merged_lines_.value(column.slot, cells[column.slot]));
    return text_of(merged) == text_of(*fit) ? Found(merged) : Found();
  }

  store::PendingObjects& objects_;
  store::NodeCache& cache_;
  const Request& request_;
  const TableVersions& versions_;
  const LostColumn& column_;
  const Lines lines_;
  const Lines merged_lines_;
  const catalog::TableLineKeys merged_keys_;
  std::optional<Lines> base_lines_;
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
