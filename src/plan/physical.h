// The physical plan: what each operator needs to run, as one tree.
//
// Columns: every node gives columns 0…n-1 (`outputs`); its expressions index the columns of its
// input. A join's input is its left input's columns followed by its right input's. Threads:
// immutable once planned.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "expr/expr.h"
#include "expr/functions.h"
#include "plan/plan.h"
#include "sql/ast.h"

namespace rowan::plan {

struct SortKey {
  uint32_t column = 0;
  bool descending = false;
  bool nulls_first = false;

  bool operator==(const SortKey&) const = default;
};

struct AggregateItem {
  expr::AggregateSpec spec;
  std::vector<expr::NodePtr> arguments;  // The call's, then what `order` looks at besides.
  std::vector<SortKey> order;  // Over `arguments`: the order in which rows are taken. Then DISTINCT
                               // leaves rows that are equal in all keys.
  expr::NodePtr filter;        // FILTER (WHERE …); may be null.
};

// Which keys of a table, or entries of an index, are read. Values hold no columns; they are
// evaluated when the scan opens.
struct KeyBounds {
  std::vector<expr::NodePtr>
      equal;  // Of the first key columns, in key order. A null pointer (indexes only): IS NULL.
  std::vector<expr::NodePtr> any;  // The next key column is one of these; then it has no bounds.
  expr::NodePtr lower, upper;      // Of the next key column; may be null.
  bool lower_inclusive = false;
  bool upper_inclusive = false;
  bool not_null = false;  // The next column IS NOT NULL (indexes only).

  bool present() const {
    return !equal.empty() || !any.empty() || lower != nullptr || upper != nullptr || not_null;
  }
};

// The index that a scan reads. Its rows come in key order all the same, unless it is `ordered`.
struct IndexChoice {
  std::string name;
  std::vector<catalog::IndexColumnDef> columns;  // Empty: no index is read.
  expr::NodePtr condition;  // What the bounds say, over the rows read; null when they say nothing.
  std::string lookup;       // The looked-up side of an index join: what is looked up, for EXPLAIN.
  bool ordered = false;     // Rows come in the order of the first `ordered_columns` columns, equal
                            // ones in key order.
  bool backward = false;    // … turned round (equal ones in key order still).
  size_t ordered_columns = 0;

  bool present() const { return !columns.empty(); }
};

// A stored table as it is read. The rows read have `columns`; `filter` looks at all of these; what
// is given is the first `output_columns` of them, then the encoded key, then the raw line if asked
// for.
struct ScanSpec {
  catalog::TableVersion
      table;  // At planning. The executor asks the transaction for the rows, unless historical.
  bool historical = false;
  bool materialized = false;  // The rows of a materialised view.
  std::string alias;
  std::vector<uint16_t> columns;  // Indexes into the definition's columns.
  size_t output_columns = 0;
  bool with_key = false;  // UPDATE and DELETE: key and line behind the columns.
  bool each_row = false;  // … of a table without a primary key: equal rows come one by one (`row_key`).
  KeyBounds bounds;       // Of the primary key, or of the index.
  IndexChoice index;
  bool point = false;                  // `bounds.equal` holds the whole primary key.
  bool backward = false;               // Rows come in descending key order.
  std::optional<double> bounded_rows;  // Estimated: what the bounds leave.
  expr::NodePtr filter;                // May be null.
  std::optional<uint64_t>
      row_target;  // A hint: few rows will be asked for, so small steps are better.
};

enum class ApplyKind : uint8_t { kScalar, kExists, kIn };

// A subquery in an expression: it adds one column to its input (child 0), computed from child 1.
struct ApplySpec {
  ApplyKind kind = ApplyKind::kScalar;
  bool negated = false;
  expr::NodePtr operand;  // kIn: over child 0.
  std::vector<expr::NodePtr>
      parameters;  // Outer values that child 1 reads, over child 0. Empty: it runs once.
  std::vector<uint32_t> parameter_slots;  // Where child 1 finds them among the parameters.
  uint32_t parameter_count = 0;           // Size of child 1's parameter list.
  bool is_volatile = false;  // Child 1 runs for every row, also for outer values that were there already.
  std::vector<expr::NodePtr> outer_keys;  // kExists: over child 0; a row is wanted that has these
                                          // values in child 1's columns. It runs once.
};

// What a node of either kind of plan may carry; which members count is said by its kind.
struct NodeFields {
  std::vector<OutputColumn> outputs;
  double rows = 0;  // Estimated.

  ScanSpec scan;  // Scans.
  std::shared_ptr<const VirtualTable> virtual_table;
  std::string virtual_name;
  std::vector<std::vector<expr::NodePtr>> values;  // Values: rows of expressions without columns.
  expr::NodePtr condition;  // Filter, joins (what is left besides the hash keys); may be null.
  std::vector<expr::NodePtr>
      expressions;  // Project; Aggregate: group keys; VirtualScan: arguments.
  std::vector<AggregateItem> aggregates;
  sql::JoinKind join = sql::JoinKind::kInner;
  std::vector<expr::NodePtr> left_keys;   // HashJoin: over the left input.
  std::vector<expr::NodePtr> right_keys;  // HashJoin: over the right input.
  bool build_left = false;  // HashJoin: the left input is hashed (else the right). IndexJoin: the
                            // left input is looked up.
  std::vector<expr::NodePtr> lookup_keys;  // IndexJoin: of the first index or key columns of the
                                           // looked-up scan, over the other input.
  std::vector<SortKey> sort;
  expr::NodePtr limit,
      offset;  // Limit, TopN; may be null. A Limit's child 1, if there is one, gives both as a row.
  std::vector<uint32_t> distinct_on;  // Distinct: empty means all columns.
  sql::SetOperation set_operation = sql::SetOperation::kNone;
  bool set_all = false;
  ApplySpec apply;
  // Filter, Project, Apply: something volatile below what may stop asking. Its input comes a row at a
  // time, so that nothing is evaluated for rows that nobody asked for.
  bool row_by_row = false;
  uint64_t known_rows = 0;  // RowCount: of the tree in `scan.table.rows`, else child 0 counts.
};

enum class PhysicalKind : uint8_t {
  kScan,
  kRangeScan,
  kPointGet,
  kIndexScan,
  kVirtualScan,
  kValues,
  kFilter,
  kProject,
  kHashJoin,
  kNestedLoopJoin,
  kIndexJoin,
  kAggregate,
  kRowCount,
  kSort,
  kTopN,
  kLimit,
  kDistinct,
  kSetOperation,
  kApply,
};

struct PhysicalNode : NodeFields {
  PhysicalKind kind = PhysicalKind::kValues;
  std::vector<std::unique_ptr<PhysicalNode>> children;
};

// One line for EXPLAIN ("Seq Scan on t"), then the indented detail lines under it ("Filter: (x >
// 1)").
std::string describe(const PhysicalNode& node);
std::vector<std::string> describe_details(const PhysicalNode& node);

}  // namespace rowan::plan
