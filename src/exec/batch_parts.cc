#include "exec/batch_parts.h"

#include "plan/logical.h"

namespace rowan::exec {

namespace {

constexpr size_t kFewRowsShare = 8;  // Fewer than an eighth of the rows.

// Columns and constants are there already.
bool makes_text(const expr::Node& node) {
  const bool is_made = node.kind != expr::NodeKind::kColumn &&
                       node.kind != expr::NodeKind::kConstant &&
                       node.kind != expr::NodeKind::kParameter;
  if (is_made && type::physical(node.type.id) == type::Physical::kString) return true;
  return std::any_of(node.children.begin(), node.children.end(),
                     [](const auto& child) { return makes_text(*child); });
}

}  // namespace

void BatchParts::will_evaluate(const expr::Node& node) {
  makes_text_ = makes_text_ || makes_text(node);
  is_volatile_ = is_volatile_ || plan::is_volatile(node);
  may_repeat_ = !makes_text_ || !is_volatile_;
  if (!may_repeat_) rows_ = kRowsWithoutRepeat;
}

type::Batch keep_rows(const type::Batch& batch, const std::vector<uint32_t>& rows) {
  type::Batch kept = batch.gather(rows.data(), rows.size());
  kept.rows = rows.size();
  if (rows.size() > batch.rows / kFewRowsShare) return kept;
  for (type::Column& column : kept.columns) {
    if (column.constant || type::physical(column.type.id) != type::Physical::kString) continue;
    type::ColumnBuilder builder(column.type, rows.size());
    for (size_t row = 0; row < rows.size(); ++row) builder.append_from(column, row);
    column = builder.finish();
  }
  return kept;
}

Result<void> filter_rows(const expr::Node& condition, const type::Batch& batch,
                         const expr::EvalContext& context, std::vector<uint32_t>& rows) {
  if (!makes_text(condition)) return expr::evaluate_filter(condition, batch, context, rows);
  BatchParts parts;
  parts.will_evaluate(condition);
  std::vector<uint32_t> passing;
  for (size_t from = 0; from < batch.rows;) {
    TRY_ASSIGN(const size_t done, parts.next(batch, from, [&](const type::Batch& part) {
      passing.clear();
      return expr::evaluate_filter(condition, part, context, passing);
    }));
    for (const uint32_t row : passing) rows.push_back(static_cast<uint32_t>(from + row));
    from += done;
  }
  return {};
}

}  // namespace rowan::exec
