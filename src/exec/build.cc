#include "exec/build.h"

#include <fmt/format.h>

#include <chrono>
#include <map>

#include "exec/operators.h"

namespace rowan::exec {

namespace {

struct NodeTimes {
  uint64_t rows = 0;
  std::chrono::steady_clock::duration time{};
};
using TimesByNode = std::map<const PhysicalNode*, NodeTimes>;

// Counts rows and time of the operator below, for EXPLAIN ANALYZE.
class Measured final : public Operator {
 public:
  Measured(OperatorPtr inner, NodeTimes& times) : inner_(std::move(inner)), times_(times) {}
  Result<void> open() override {
    const auto start = std::chrono::steady_clock::now();
    Result<void> result = inner_->open();
    times_.time += std::chrono::steady_clock::now() - start;
    return result;
  }
  Result<bool> pull(type::Batch& batch) override {
    const auto start = std::chrono::steady_clock::now();
    Result<bool> more = inner_->next(batch);
    times_.time += std::chrono::steady_clock::now() - start;
    if (more && *more) times_.rows += batch.rows;
    return more;
  }

 private:
  OperatorPtr inner_;
  NodeTimes& times_;
};

OperatorPtr build_measured(const PhysicalNode& node, ExecContext& context, TimesByNode* times) {
  const auto child = [&](size_t i) {
    OperatorPtr input = build_measured(*node.children[i], context, times);
    return node.row_by_row ? make_row_by_row(std::move(input)) : std::move(input);
  };
  OperatorPtr made;
  switch (node.kind) {
    case PhysicalKind::kScan:
    case PhysicalKind::kRangeScan:
      made = make_scan(node, context);
      break;
    case PhysicalKind::kPointGet:
      made = make_point_get(node, context);
      break;
    case PhysicalKind::kIndexScan:
      made = make_index_scan(node, context);
      break;
    case PhysicalKind::kVirtualScan:
      made = make_virtual_scan(node, context);
      break;
    case PhysicalKind::kValues:
      made = make_values(node, context);
      break;
    case PhysicalKind::kFilter:
      made = make_filter(node, context, child(0));
      break;
    case PhysicalKind::kProject:
      made = make_project(node, context, child(0));
      break;
    case PhysicalKind::kHashJoin:
      made = make_hash_join(node, context, child(0), child(1));
      break;
    case PhysicalKind::kNestedLoopJoin:
      made = make_nested_loop_join(node, context, child(0), child(1));
      break;
    case PhysicalKind::kIndexJoin:
      made = make_index_join(node, context, child(node.build_left ? 1 : 0));
      break;
    case PhysicalKind::kAggregate:
      made = make_aggregate(node, context, child(0));
      break;
    case PhysicalKind::kRowCount:
      made = make_row_count(node, context, child(0));
      break;
    case PhysicalKind::kSort:
    case PhysicalKind::kTopN:
      made = make_sort(node, context, child(0));
      break;
    case PhysicalKind::kLimit:
      made = make_limit(node, context, child(0), node.children.size() > 1 ? child(1) : nullptr);
      break;
    case PhysicalKind::kDistinct:
      made = make_distinct(node, context, child(0));
      break;
    case PhysicalKind::kSetOperation:
      made = make_set_operation(node, context, child(0), child(1));
      break;
    case PhysicalKind::kApply:
      made = make_apply(node, context, child(0));
      break;
  }
  if (times == nullptr) return made;
  return std::make_unique<Measured>(std::move(made), (*times)[&node]);
}

void write_measured(const PhysicalNode& node, size_t depth, const TimesByNode& times,
                    std::vector<std::string>& lines) {
  if (node.kind == PhysicalKind::kProject)
    return write_measured(*node.children[0], depth, times, lines);
  const std::string indent = depth == 0 ? "" : std::string((depth - 1) * 6 + 2, ' ') + "->  ";
  const auto found = times.find(&node);
  std::string actual = " (never executed)";
  if (found != times.end()) {
    actual = fmt::format(" (actual time={:.3f} ms rows={})",
                         std::chrono::duration<double, std::milli>(found->second.time).count(),
                         found->second.rows);
  }
  lines.push_back(fmt::format("{}{}  (rows={:.0f}){}", indent, describe(node), node.rows, actual));
  for (const std::string& detail : describe_details(node))
    lines.push_back(std::string(depth * 6 + 2, ' ') + detail);
  for (const auto& child : node.children) write_measured(*child, depth + 1, times, lines);
}

}  // namespace

OperatorPtr build_node(const PhysicalNode& node, ExecContext& context) {
  return build_measured(node, context, nullptr);
}

Result<OperatorPtr> build(const plan::Plan& plan, ExecContext& context) {
  return build_node(*plan.root, context);
}

Result<std::vector<std::string>> explain_analyze(const plan::Plan& plan, ExecContext& context) {
  TimesByNode times;
  const auto start = std::chrono::steady_clock::now();
  const OperatorPtr root = build_measured(*plan.root, context, &times);
  TRY(root->open());
  type::Batch batch;
  for (;;) {
    TRY_ASSIGN(const bool more, root->next(batch));
    if (!more) break;
  }
  const double total =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  std::vector<std::string> lines;
  write_measured(*plan.root, 0, times, lines);
  lines.push_back(fmt::format("Execution Time: {:.3f} ms", total));
  return lines;
}

Result<std::vector<type::Batch>> run_all(const plan::Plan& plan, ExecContext& context,
                                         MemoryAccount& account) {
  TRY_ASSIGN(const OperatorPtr root, build(plan, context));
  TRY(root->open());
  return read_batches(*root, context, account);
}

}  // namespace rowan::exec
