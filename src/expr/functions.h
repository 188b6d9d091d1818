// The one table of functions and operators, and the aggregates.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "expr/expr.h"
#include "type/column.h"

namespace rowan::expr {

// A vectorised kernel. Arguments have equal size (some may be constant); the result has `rows`
// rows. strict functions are never shown NULLs' data as meaningful: the evaluator merges null
// masks, and a kernel must not raise an error for a row that is NULL in `nulls` (nullptr: none).
struct KernelInput {
  std::span<const type::Column> arguments;
  size_t rows = 0;
  const uint8_t* nulls = nullptr;
  type::Type result_type;
  const EvalContext* context = nullptr;
};
using Kernel = Result<type::Column> (*)(const KernelInput& input);

// What a call does or needs beside its arguments.
enum class Effect : uint8_t {
  kNone,
  kReadsSession,  // What the session's own calls left: currval, lastval.
  kWrites,        // The transaction: nextval, setval, rowan.write_file.
};

struct Function {
  std::string_view name;                // "lower", or an operator: "+", "||", "=".
  std::vector<type::TypeId> arguments;  // kUnknown: any type.
  type::TypeId result;
  Kernel kernel;
  bool strict = true;        // NULL in, NULL out.
  bool is_volatile = false;  // Never folded: random(), clock_timestamp().
  bool variadic = false;     // The last argument type repeats (concat, greatest).
  bool is_stable = false;  // Fixed within a statement only: now(), current_user. Never folded, one
                           // value a batch.
  Effect effect = Effect::kNone;
};

// PostgreSQL's resolution: exact match, then implicit casts with preferred types; unknown literals
// adapt. kUndefinedFunction with PostgreSQL's words ("operator does not exist: integer + text"),
// kAmbiguousFunction.
Result<const Function*> resolve_function(std::string_view name,
                                         std::span<const type::Type> arguments, bool is_operator,
                                         uint32_t position);

// ---- Aggregates ----

enum class AggregateKind : uint8_t {
  kCountStar,
  kCount,
  kSum,
  kAvg,
  kMin,
  kMax,
  kBoolAnd,
  kBoolOr,
  kStringAgg,
  kArrayAgg
};

struct AggregateSpec {
  AggregateKind kind = AggregateKind::kCountStar;
  type::Type argument;  // Unused by count(*).
  type::Type
      result;  // PostgreSQL's: sum(int4) -> int8, sum(int8) -> numeric, avg(int) -> numeric …
  bool distinct = false;
};
// nullptr kind when `name` is no aggregate.
bool is_aggregate(std::string_view name);
Result<AggregateSpec> resolve_aggregate(std::string_view name,
                                        std::span<const type::Type> arguments, bool star,
                                        bool distinct, uint32_t position);

// Whether the result may change with the order in which values are taken.
bool depends_on_order(const AggregateSpec& spec);

// The state of one aggregate for many groups at once.
class AggregateState {
 public:
  static std::unique_ptr<AggregateState> make(const AggregateSpec& spec);
  virtual ~AggregateState() = default;
  virtual void resize(size_t groups) = 0;  // New groups start empty.
  // groups[i] is the group of row i; nullptr: all rows go to group 0 (the fast path of plain
  // aggregates). `arguments` is empty for count(*).
  virtual Result<void> add(std::span<const type::Column> arguments, const uint32_t* groups,
                           size_t rows) = 0;
  // Adds another state of the same spec: its group g goes to group_map[g] here. Not for distinct
  // ones.
  virtual Result<void> merge(const AggregateState& other, const uint32_t* group_map) = 0;
  virtual Result<type::Column> finish() const = 0;  // One row a group.
  virtual size_t memory_bytes() const = 0;
};

}  // namespace rowan::expr
