// The makers of operators, one for each kind of plan node, and what several of them share.
#pragma once

#include <memory>
#include <vector>

#include "exec/build.h"
#include "exec/operator.h"
#include "plan/physical.h"

namespace rowan::exec {

using OperatorPtr = std::unique_ptr<Operator>;
using plan::PhysicalKind;
using plan::PhysicalNode;

OperatorPtr make_scan(const PhysicalNode& node, ExecContext& context);
OperatorPtr make_point_get(const PhysicalNode& node, ExecContext& context);
OperatorPtr make_index_scan(const PhysicalNode& node, ExecContext& context);
// A scan of the whole table in place of an index scan: what its bounds say is tested row by row.
OperatorPtr make_scan_instead(const plan::ScanSpec& index_scan, ExecContext& context);
OperatorPtr make_virtual_scan(const PhysicalNode& node, ExecContext& context);
OperatorPtr make_values(const PhysicalNode& node, ExecContext& context);
OperatorPtr make_filter(const PhysicalNode& node, ExecContext& context, OperatorPtr input);
OperatorPtr make_project(const PhysicalNode& node, ExecContext& context, OperatorPtr input);
// Gives the input's rows one by one.
OperatorPtr make_row_by_row(OperatorPtr input);
OperatorPtr make_limit(const PhysicalNode& node, ExecContext& context, OperatorPtr input,
                       OperatorPtr counts);  // `counts` may be null.
OperatorPtr make_row_count(const PhysicalNode& node, ExecContext& context, OperatorPtr input);
OperatorPtr make_hash_join(const PhysicalNode& node, ExecContext& context, OperatorPtr left,
                           OperatorPtr right);
OperatorPtr make_nested_loop_join(const PhysicalNode& node, ExecContext& context, OperatorPtr left,
                                  OperatorPtr right);
// `outer`: the input whose rows are looked up in the other one.
OperatorPtr make_index_join(const PhysicalNode& node, ExecContext& context, OperatorPtr outer);
OperatorPtr make_aggregate(const PhysicalNode& node, ExecContext& context, OperatorPtr input);
OperatorPtr make_sort(const PhysicalNode& node, ExecContext& context, OperatorPtr input);
OperatorPtr make_distinct(const PhysicalNode& node, ExecContext& context, OperatorPtr input);
OperatorPtr make_set_operation(const PhysicalNode& node, ExecContext& context, OperatorPtr left,
                               OperatorPtr right);
OperatorPtr make_apply(const PhysicalNode& node, ExecContext& context, OperatorPtr input);

OperatorPtr build_node(const PhysicalNode& node, ExecContext& context);

Result<void> check_cancelled(const ExecContext& context);

// Copies all rows of an input into one batch. `account` counts them: kOutOfMemory above its bound.
class Collector {
 public:
  Collector(const std::vector<plan::OutputColumn>& outputs, const ExecContext& context,
            MemoryAccount& account);
  Result<void> add(const type::Batch& batch);
  Result<void> add_all(Operator& input);
  size_t rows() const { return rows_; }
  type::Batch finish();

 private:
  const ExecContext& context_;
  MemoryAccount& account_;
  std::vector<type::ColumnBuilder> builders_;
  size_t rows_ = 0;
};
// What the batch takes, each of its texts counted as if it belonged to it alone.
size_t batch_bytes(const type::Batch& batch);
type::Batch empty_batch(const std::vector<plan::OutputColumn>& outputs);
type::Column null_column(type::Type type, size_t rows);

// LIMIT's or OFFSET's number. kInvalidRowCount, kInvalidRowOffset.
Result<uint64_t> evaluate_count(const expr::NodePtr& node, const ExecContext& context,
                                uint64_t when_absent, bool is_limit);

}  // namespace rowan::exec
