// Filters: the numbers of the rows where a condition is true. Conjunctions narrow the list step by
// step; comparisons of columns and constants run over the list in place.
#include "expr/filter.h"

#include <array>

#include "expr/compare.h"
#include "expr/constant_set.h"
#include "expr/expr.h"
#include "expr/kernels.h"

namespace rowan::expr {

using type::Batch;

namespace {

// The candidates: all rows of the batch, or those of a list.
struct Candidates {
  bool all = true;
  size_t rows = 0;
};

// A side that costs nothing to have for all rows.
bool is_direct(const Node& node) {
  if (node.kind == NodeKind::kColumn || node.kind == NodeKind::kConstant ||
      node.kind == NodeKind::kParameter)
    return true;
  return node.kind == NodeKind::kCast && is_relabel(node.children[0]->type, node.type) &&
         is_direct(*node.children[0]);
}

// Keeps the candidates for which keep(row) holds. Writing never overtakes reading, so the list is
// narrowed in place.
template <typename F>
void narrow(Candidates& candidates, std::vector<uint32_t>& rows, F keep) {
  size_t kept = 0;
  if (candidates.all) {
    rows.resize(candidates.rows);
    uint32_t* out = rows.data();
    for (size_t row = 0; row < candidates.rows; ++row) {
      out[kept] = static_cast<uint32_t>(row);
      kept += keep(row) ? 1 : 0;
    }
  } else {
    uint32_t* out = rows.data();
    const size_t count = rows.size();
    for (size_t i = 0; i < count; ++i) {
      const uint32_t row = out[i];
      out[kept] = row;
      kept += keep(row) ? 1 : 0;
    }
  }
  rows.resize(kept);
  candidates.all = false;
}

void narrow_to_none(Candidates& candidates, std::vector<uint32_t>& rows) {
  rows.clear();
  candidates.all = false;
}

template <CompareOp op, typename Order>
void narrow_by(const Column& left, const Column& right, Candidates& candidates,
               std::vector<uint32_t>& rows) {
  using T = typename Order::Item;
  const T* a = static_cast<const T*>(left.data);
  const uint8_t* a_nulls = left.nulls;
  if (right.constant) {
    const T b = *static_cast<const T*>(right.data);
    if (a_nulls == nullptr) {
      narrow(candidates, rows, [=](size_t row) { return holds<op, Order>(a[row], b); });
    } else {
      narrow(candidates, rows,
             [=](size_t row) { return (a_nulls[row] == 0) & holds<op, Order>(a[row], b); });
    }
    return;
  }
  const T* b = static_cast<const T*>(right.data);
  const uint8_t* b_nulls = right.nulls;
  if (a_nulls == nullptr && b_nulls == nullptr) {
    narrow(candidates, rows, [=](size_t row) { return holds<op, Order>(a[row], b[row]); });
  } else {
    narrow(candidates, rows, [=](size_t row) {
      const bool null =
          (a_nulls != nullptr && a_nulls[row] != 0) || (b_nulls != nullptr && b_nulls[row] != 0);
      return !null && holds<op, Order>(a[row], b[row]);
    });
  }
}

Result<void> narrow_compare(const Node& node, CompareOp op, const Batch& input,
                            const EvalContext& context, Candidates& candidates,
                            std::vector<uint32_t>& rows) {
  TRY_ASSIGN(Column left, evaluate(*node.children[0], input, context));
  TRY_ASSIGN(Column right, evaluate(*node.children[1], input, context));
  if (left.constant && !right.constant) {
    std::swap(left, right);
    op = swapped(op);
  }
  if ((right.constant && right.is_null(0)) || (left.constant && left.is_null(0))) {
    narrow_to_none(candidates, rows);
    return {};
  }
  if (left.constant) left = left.flatten();
  with_order(node.children[0]->type.id, [&]<typename Order>() {
    with_op(op,
            [&]<CompareOp chosen>() { narrow_by<chosen, Order>(left, right, candidates, rows); });
  });
  return {};
}

// Any other condition: evaluated over the candidates.
Result<void> narrow_general(const Node& node, const Batch& input, const EvalContext& context,
                            Candidates& candidates, std::vector<uint32_t>& rows) {
  const bool all = candidates.all;
  TRY_ASSIGN(const Column column,
             evaluate(node, all ? input : gather_used(node, input, rows), context));
  if (column.constant) {
    if (column.is_null(0) || column.ints()[0] == 0) narrow_to_none(candidates, rows);
    return {};
  }
  const int64_t* truths = column.ints();  // 0 under a NULL.
  if (all) {
    narrow(candidates, rows, [=](size_t row) { return truths[row] != 0; });
    return {};
  }
  size_t kept = 0;
  for (size_t i = 0; i < column.size; ++i) {
    rows[kept] = rows[i];
    kept += truths[i] != 0 ? 1 : 0;
  }
  rows.resize(kept);
  return {};
}

Result<void> narrow_in(const Node& node, const Batch& input, const EvalContext& context,
                       Candidates& candidates, std::vector<uint32_t>& rows) {
  TRY_ASSIGN(const Column operand, evaluate(*node.children[0], input, context));
  if (node.negated && node.set->has_null()) {
    narrow_to_none(candidates, rows);
    return {};
  }
  narrow(candidates, rows, [&](size_t row) {
    return !operand.is_null(row) && node.set->contains(operand, row) != node.negated;
  });
  return {};
}

Result<void> narrow_any(const Node& node, const Batch& input, const EvalContext& context,
                        Candidates& candidates, std::vector<uint32_t>& rows) {
  if (!candidates.all && rows.empty()) return {};
  if (node.kind == NodeKind::kAnd) {
    for (const auto& child : node.children)
      TRY(narrow_any(*child, input, context, candidates, rows));
    return {};
  }
  if (node.kind == NodeKind::kCall && node.children.size() == 2) {
    const CompareOp op = compare_op(node.function->name);
    // A date beside a timestamp counts in other units; its kernel knows.
    const bool same_units =
        node.children[0]->type.id == node.children[1]->type.id ||
        (node.children[0]->type.id != TypeId::kDate && node.children[1]->type.id != TypeId::kDate);
    const bool direct =
        candidates.all || (is_direct(*node.children[0]) && is_direct(*node.children[1]));
    if (op != CompareOp::kNone && direct && same_units)
      return narrow_compare(node, op, input, context, candidates, rows);
  }
  if (node.kind == NodeKind::kIn && node.set != nullptr &&
      (candidates.all || is_direct(*node.children[0]))) {
    return narrow_in(node, input, context, candidates, rows);
  }
  return narrow_general(node, input, context, candidates, rows);
}

}  // namespace

Result<void> evaluate_filter(const Node& node, const Batch& input, const EvalContext& context,
                             std::vector<uint32_t>& rows) {
  TRY(check_cancelled(context));
  rows.clear();
  if (input.rows == 0) return {};
  Candidates candidates{true, input.rows};
  TRY(narrow_any(node, input, context, candidates, rows));
  if (candidates.all) {  // Nothing narrowed it: a condition that is always true.
    rows.resize(input.rows);
    for (size_t i = 0; i < input.rows; ++i) rows[i] = static_cast<uint32_t>(i);
  }
  return {};
}

}  // namespace rowan::expr
