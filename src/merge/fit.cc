#include "merge/fit.h"

#include "merge/lines.h"
#include "tree/row_tree.h"
#include "type/cast.h"
#include "type/text.h"

namespace rowan::merge {
namespace {

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
    name += (name.empty() ? "" : ", ") + (value.is_null() ? "null" : type::to_text(value));
  }
  return columns.size() > 1 ? "(" + name + ")" : name;
}

}  // namespace

std::optional<type::Value> fitted(const type::Value& value, const type::Type& to) {
  if (value.is_null()) return type::Value::null(to);
  if (value.type() == to) return value;
  auto cast = type::cast(value, to, type::CastContext::kAssignment);
  if (!cast && cast.error().code() == ErrorCode::kCannotCoerce)
    cast = type::cast(value, to, type::CastContext::kExplicit);
  if (!cast) return std::nullopt;
  return std::move(*cast);
}

Result<Misfits> find_misfits(store::PendingObjects& objects, store::NodeCache& cache,
                             const MisfitQuestion& question, bool wants_cells,
                             const std::atomic<bool>* cancelled) {
  Misfits found;
  const catalog::TableDef& table = *question.now.table;
  const Lines lines(table, objects);
  std::optional<Lines> base_lines;
  if (question.base.table) base_lines.emplace(*question.base.table, objects);
  const catalog::TableLineKeys keys(question.now.table);
  const catalog::TableLineKeys base_keys(question.base.table ? question.base.table
                                                             : question.now.table);
  if (!question.base_slot && !question.base.rows.is_zero() &&
      !fitted(table.layout.slots[question.slot].absent, question.to))
    ++found.count;  // What the rows that were there hold.
  TRY(tree::diff_trees(
      {objects, cache, base_keys}, question.base.rows, {objects, cache, keys}, question.now.rows,
      [&](const tree::RowDifference& row) -> Result<bool> {
        if (cancelled != nullptr && cancelled->load(std::memory_order_relaxed))
          return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
        if (!row.to) return true;
        TRY_ASSIGN(const Cells is, lines.take_apart(*row.to));
        if (row.from && question.base_slot) {
          TRY_ASSIGN(const Cells was, base_lines->take_apart(*row.from));
          if (was[*question.base_slot] == is[question.slot]) return true;
        }
        TRY_ASSIGN(const type::Value value, lines.value(question.slot, is[question.slot]));
        if (fitted(value, question.to)) return true;
        ++found.count;
        if (!wants_cells) return true;
        TRY_ASSIGN(std::string name, row_name(lines, is));
        found.cells.push_back({std::move(name), type::to_text(value)});
        return true;
      }));
  return found;
}

}  // namespace rowan::merge
