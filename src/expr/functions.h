// The one table of functions: scalar ones, operators, aggregates, window functions, functions that give
// sets of rows, and SQL's special forms. Before OVER an aggregate is its own row. A row a function; each family of rows is a file (families.def). What shows
// history and state in FROM (rowan.log(…)) are relations with arguments: rows of system/registry.h.
//
// Lifetime: rows are constants. Threads: any.
#pragma once

#include <array>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "expr/expr.h"
#include "expr/named_arguments.h"
#include "type/column.h"

namespace rowan::expr {

struct BindContext;

// ---- What implements a function: which of these it has says its kind ----

// A vectorised kernel. Arguments have equal size (some may be constant); the result has `rows`
// rows. strict functions are never shown NULLs' data as meaningful: the evaluator merges null
// masks, and a kernel must not raise an error for a row that is NULL in `nulls` (nullptr: none).
struct KernelInput {
  std::span<const type::Column> arguments;
  size_t rows = 0;
  const uint8_t* nulls = nullptr;
  type::Type result_type;
  const EvalContext* context = nullptr;
  const Function* element = nullptr;  // Of x op ANY (array): the operator.
};
using Kernel = Result<type::Column> (*)(const KernelInput& input);

// An aggregate as it is called.
class AggregateState;
struct AggregateSpec {
  const Function* function = nullptr;
  type::Type argument;  // The first one's; unused by count(*).
  std::vector<type::Type> arguments;  // What all are cast to.
  type::Type result;
  bool distinct = false;
};
using StateMaker = std::unique_ptr<AggregateState> (*)(const AggregateSpec& spec);

// The rows of a set as they come.
class SetRows {
 public:
  virtual ~SetRows() = default;
  virtual Result<bool> next(type::Batch& batch) = 0;  // Any number of rows; false at the end.
};
// What is handed in outlives the rows.
struct SetInput {
  const std::vector<type::Value>& arguments;  // Of the types that the row asks for.
  std::span<const type::Type> results;        // One a column.
  const EvalContext& context;
};
using SetMaker = Result<std::unique_ptr<SetRows>> (*)(const SetInput& input);

// A special form: it is bound by rules of its own, not by the types of its arguments.
using FormBinder = Result<NodePtr> (*)(const sql::CallExpr& call, BindContext& context);

enum class FunctionKind : uint8_t { kScalar, kAggregate, kWindow, kSet, kForm };

// What only stands before OVER, which is not there yet: the row says its types, and that it is known.
struct WindowOnly {};

struct Body {
  constexpr Body(Kernel the_kernel) : kind(FunctionKind::kScalar), kernel(the_kernel) {}  // NOLINT
  constexpr Body(StateMaker maker) : kind(FunctionKind::kAggregate), make_state(maker) {}  // NOLINT
  constexpr Body(WindowOnly) : kind(FunctionKind::kWindow) {}                              // NOLINT
  constexpr Body(SetMaker maker) : kind(FunctionKind::kSet), make_rows(maker) {}           // NOLINT
  // Some forms become calls of a kernel.
  constexpr Body(FormBinder binder, Kernel the_kernel = nullptr)  // NOLINT
      : kind(FunctionKind::kForm), kernel(the_kernel), bind_form(binder) {}

  FunctionKind kind;
  Kernel kernel = nullptr;
  StateMaker make_state = nullptr;
  SetMaker make_rows = nullptr;
  FormBinder bind_form = nullptr;
};

// ---- Types of arguments ----

// PostgreSQL's polymorphic types. All kElement, kNonArray and kArray of one call fit one type, and
// so do all kCompatible…, of which unequal ones are cast to a common type.
enum class Any : uint8_t {
  kNo,
  kAny,  // Each of its own type.
  kElement,
  kNonArray,
  kArray,
  kCompatible,
  kCompatibleNonArray,
  kCompatibleArray,
};

struct ArgumentType {
  constexpr ArgumentType(type::TypeId the_id) : id(the_id) {}  // NOLINT: what stands in a row.
  constexpr ArgumentType(Any the_any) : any(the_any) {}        // NOLINT
  bool operator==(const ArgumentType&) const = default;

  type::TypeId id = type::TypeId::kUnknown;
  Any any = Any::kNo;
};

inline constexpr size_t kFunctionArgumentsMax = 7;

class ArgumentTypes {
 public:
  constexpr ArgumentTypes(std::initializer_list<ArgumentType> types) {
    for (const ArgumentType type : types) types_[size_++] = type;
  }
  constexpr size_t size() const { return size_; }
  constexpr ArgumentType operator[](size_t index) const { return types_[index]; }
  const ArgumentType* begin() const { return types_; }
  const ArgumentType* end() const { return types_ + size_; }
  bool operator==(const ArgumentTypes& other) const {
    return std::equal(begin(), end(), other.begin(), other.end());
  }

 private:
  static constexpr ArgumentType kNone = type::TypeId::kUnknown;
  ArgumentType types_[kFunctionArgumentsMax] = {kNone, kNone, kNone, kNone, kNone, kNone, kNone};
  uint8_t size_ = 0;
};

// ---- A row ----

// As PostgreSQL has it. A stable function is fixed within a statement only: it is never folded, and
// gives one value a batch. A volatile one is computed for every row.
enum class Volatility : uint8_t { kImmutable, kStable, kVolatile };

// What a call does or needs beside its arguments.
enum class Effect : uint8_t {
  kNone,
  kReadsSession,  // What the session's own calls left: currval, lastval.
  kSets,          // A setting: set_config. What the session's own calls left, too.
  kWrites,        // The transaction: nextval, setval, rowan.write_file.
};

struct Traits {
  Volatility volatility = Volatility::kImmutable;
  bool strict = true;     // NULL in, NULL out. A set of NULLs is empty.
  bool variadic = false;  // The last argument type repeats (concat).
  uint8_t optional = 0;   // How many arguments may be left away from the end.
  Effect effect = Effect::kNone;
  // Aggregates: whether the order of the rows, or a row that comes twice, changes the result.
  bool by_order = false;
  bool by_count = true;
  // Sets of several columns: their names and types; else the function's name and `result`.
  std::span<const std::pair<std::string_view, ArgumentType>> columns = {};
  std::span<const ArgumentName> names = {};  // Of the arguments; none: they have none.
};

struct Function {
  uint32_t oid = 0;       // PostgreSQL's, in pg_proc or pg_operator. 0: it has none.
  std::string_view name;  // "lower", or an operator: "+", "||", "=".
  ArgumentTypes arguments;
  ArgumentType result;
  Body body;
  Traits traits = {};

  FunctionKind kind() const { return body.kind; }
  bool is_volatile() const { return traits.volatility == Volatility::kVolatile; }
};

// A family: the rows of one file.
struct Family {
  std::string_view title;
  std::span<const Function> rows;
};
std::span<const Family> all_families();
std::span<const Function* const> functions_named(std::string_view name);

// ---- Looking a call up ----

// A row, and what it is for the types of one call: `arguments` are what the call's are cast to (of
// kAny: their own).
struct ResolvedCall {
  const Function* function = nullptr;
  std::vector<type::Type> arguments;
  type::Type result;
};

// PostgreSQL's resolution: exact match, then implicit casts with preferred types; unknown literals
// adapt. kUndefinedFunction with PostgreSQL's words ("operator does not exist: integer + text"),
// kAmbiguousFunction.
Result<ResolvedCall> resolve_function(std::string_view name, std::span<const type::Type> arguments,
                                      bool is_operator, uint32_t position);

// What evaluating an expression does or needs, all calls together.
struct Effects {
  bool is_volatile = false;
  bool reads_session = false;
  bool writes = false;

  void add(const Node& node);
  void add(const Effects& other);
};

// ---- Aggregates ----

bool is_aggregate(std::string_view name);
Result<AggregateSpec> resolve_aggregate(std::string_view name,
                                        std::span<const type::Type> arguments, bool star,
                                        bool distinct, uint32_t position);
// count(*), which a table's statistics may answer.
bool counts_rows(const AggregateSpec& spec);

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
