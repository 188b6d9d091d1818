#include "merge/fit.h"

#include "merge/lines.h"
#include "tree/row_tree.h"
#include "type/cast.h"

namespace rowan::merge {

std::optional<type::Value> fitted(const type::Value& value, const type::Type& to) {
  if (value.is_null()) return type::Value::null(to);
  if (value.type() == to) return value;
  auto cast = type::cast(value, to, type::CastContext::kAssignment);
  if (!cast && cast.error().code() == ErrorCode::kCannotCoerce)
    cast = type::cast(value, to, type::CastContext::kExplicit);
  if (!cast) return std::nullopt;
  return std::move(*cast);
}

Result<uint64_t> count_misfits(store::PendingObjects& objects, store::NodeCache& cache,
                               const MisfitQuestion& question,
                               const std::atomic<bool>* cancelled) {
  uint64_t count = 0;
  const catalog::TableDef& table = *question.now.table;
  const Lines lines(table, objects);
  std::optional<Lines> base_lines;
  if (question.base.table) base_lines.emplace(*question.base.table, objects);
  const catalog::TableLineKeys keys(question.now.table);
  const catalog::TableLineKeys base_keys(question.base.table ? question.base.table
                                                             : question.now.table);
  if (!question.base_slot && !question.base.rows.is_zero() &&
      !fitted(table.layout.slots[question.slot].absent, question.to))
    ++count;  // What the rows that were there hold.
  TRY(tree::diff_trees(
      {objects, cache, base_keys}, question.base.rows, {objects, cache, keys}, question.now.rows,
      [&](const tree::RowDifference& row) -> Result<bool> {
        if (cancelled != nullptr && cancelled->load(std::memory_order_relaxed))
          return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
        if (!row.to) return true;
        uint64_t copies = 1, copies_before = 1;  // Without a key a row may be put once more.
        TRY_ASSIGN(const Cells is, lines.take_apart(*row.to, &copies));
        if (row.from && question.base_slot) {
          TRY_ASSIGN(const Cells was, base_lines->take_apart(*row.from, &copies_before));
          if (was[*question.base_slot] == is[question.slot] && copies <= copies_before) return true;
        }
        TRY_ASSIGN(const type::Value value, lines.value(question.slot, is[question.slot]));
        count += !fitted(value, question.to);
        return true;
      }));
  return count;
}

}  // namespace rowan::merge
