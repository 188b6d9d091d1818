// Bound scalar expressions: what a name, operator or call in SQL became once types were known.
//
// Ownership: a tree of unique_ptrs; functions point into the static function table.
// Threads:   immutable once bound; evaluation may run on many threads with a context each.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/ast.h"
#include "type/cast.h"
#include "type/column.h"
#include "type/type.h"
#include "type/value.h"

namespace rowan::expr {

// Where nextval and its like draw from: the session. Names are as written ('s', 'public.s').
class SequenceSource {
 public:
  virtual ~SequenceSource() = default;
  virtual Result<int64_t> next(std::string_view name) = 0;
  virtual Result<int64_t> current(std::string_view name) = 0;
  virtual Result<int64_t> last() = 0;
  virtual Result<void> set(std::string_view name, int64_t value,
                           bool called) = 0;  // !called: the next value is `value`.
};

// Where rowan.write_file and rowan.delete_file write: the session's transaction.
class FileWriter {
 public:
  virtual ~FileWriter() = default;
  // Gives the id of the content, in hexadecimal. `executable`: nothing keeps what the file has.
  virtual Result<std::string> write(std::string_view path, std::string_view content,
                                    std::optional<bool> executable) = 0;
  virtual Result<void> remove(std::string_view path) = 0;
};

class CatalogReader;  // catalog_reader.h

// What functions such as now() and current_user read.
// Parameters that are read before a plan has all their types: in AS OF TIMESTAMP $1, LIMIT $1 of SHOW LOG.
class ParameterSource {
 public:
  virtual ~ParameterSource() = default;
  // $1 is 0. As that type, which it has from now on if it had none. Nothing: it has no value yet, the
  // statement is only described. kUndefinedParameter; errors of its text.
  virtual Result<std::optional<type::Value>> value(uint32_t index, type::Type wanted) = 0;
};

struct EvalContext {
  const std::vector<type::Value>* parameters = nullptr;  // $1 is [0]. Types as the plan asked for.
  ParameterSource* given = nullptr;  // While the statement is planned; nullptr: it has none.
  int64_t transaction_time_us = 0;  // Since 2000-01-01 UTC: now(), current_date.
  std::string_view user = "rowan";
  std::string_view database;
  std::string_view schema = "public";  // Of names that are made without one.
  std::span<const std::string> path;    // Where names without a schema are looked for; empty: in `schema`.
  std::string_view branch;
  std::string_view last_commit;  // The session's own last one, in hexadecimal; empty: none.
  const std::atomic<bool>* cancelled =
      nullptr;                          // Looked at once a batch; true gives kQueryCanceled.
  SequenceSource* sequences = nullptr;  // nullptr: nextval gives kFeatureNotSupported.
  FileWriter* files = nullptr;          // nullptr: the same for rowan.write_file.
  CatalogReader* catalog = nullptr;     // nullptr: the same for pg_get_indexdef and its kin.
};

enum class NodeKind : uint8_t {
  kColumn,
  kConstant,
  kParameter,
  kCall,
  kCast,
  kAnd,
  kOr,
  kNot,
  kIsNull,
  kIsBool,
  kCase,
  kIn,
  kCoalesce
};

struct Function;    // functions.h
class ConstantSet;  // constant_set.h

struct Node {
  NodeKind kind = NodeKind::kConstant;
  type::Type type;
  uint32_t position = 0;         // In the statement, for run-time errors.
  uint32_t column = 0;           // kColumn: index into the input batch. kParameter: number - 1.
  type::Value constant;          // kConstant.
  type::Column constant_column;  // kConstant made by make_constant(): the same, ready to evaluate.
                                 // Else size 0.
  std::shared_ptr<const ConstantSet>
      set;                             // kIn whose items are all constants; made by prepare_set().
  const Function* function = nullptr;  // kCall.
  const Function* element_function = nullptr;  // kCall of x op ANY (array): the operator.
  type::CastContext cast_context = type::CastContext::kImplicit;  // kCast.
  sql::TruthValue truth = sql::TruthValue::kTrue;                 // kIsBool.
  bool negated = false;                                           // kIsNull, kIsBool, kIn.
  bool has_else = false;  // kCase: children are when1, then1, …, [else].
  std::vector<std::unique_ptr<Node>>
      children;  // kIn: operand, then items (all of the operand's type).

  std::unique_ptr<Node> clone() const;
};
using NodePtr = std::unique_ptr<Node>;

NodePtr make_column(uint32_t index, type::Type type);
NodePtr make_constant(type::Value value);
void prepare_set(
    Node& node);  // kIn: fills `set` when every item is a constant and there are enough of them.

// Evaluates over a batch; the result has batch.rows rows and may be constant. AND, OR, CASE and
// COALESCE evaluate later operands only for rows that still need them, so `x <> 0 AND 1/x > 2`
// cannot fail.
Result<type::Column> evaluate(const Node& node, const type::Batch& input,
                              const EvalContext& context);
// Without input columns.
Result<type::Value> evaluate_constant(const Node& node, const EvalContext& context);
// The rows where a boolean node is true (not false, not NULL).
Result<void> evaluate_filter(const Node& node, const type::Batch& input, const EvalContext& context,
                             std::vector<uint32_t>& rows);

// Computes what is constant, in PostgreSQL's order and with its errors: `CASE WHEN x THEN 1/0 END`
// fails here, but the branches behind a constant condition are never looked at. A strict function
// of a constant NULL is NULL, whatever its other arguments.
Result<void> fold_constants(NodePtr& node, const EvalContext& context);
// For WHERE, HAVING and ON, where NULL counts as false: AND with such an operand becomes false, OR
// drops it.
void fold_condition(NodePtr& condition);
bool is_never_true(const Node& condition);  // The constants false and NULL.
void collect_columns(const Node& node, std::vector<uint32_t>& columns);  // Distinct, ascending.
void remap_columns(Node& node,
                   const std::vector<uint32_t>& new_index);  // column = new_index[column].
// Same meaning by structure. Two calls of a volatile function mean different values, unless `as_written`:
// ORDER BY and GROUP BY take what is written like an item of the select list for that item.
bool equal(const Node& a, const Node& b, bool as_written = false);
// For EXPLAIN: SQL-like text with column names from `columns`.
std::string to_string(const Node& node, const std::vector<std::string>& columns);

}  // namespace rowan::expr
