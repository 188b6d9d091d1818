// Prepared: a parsed statement and the plan it had last; and the way there from text.
//
// Threads: the session's.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/deep_stack.h"
#include "base/result.h"
#include "engine/rows.h"
#include "engine/settings.h"
#include "exec/dml.h"
#include "plan/plan.h"
#include "sql/parser.h"

namespace rowan::engine {

struct Prepared {
  // Types of its parameters by oid, which win over those inferred. 42704: no such type.
  Result<void> give_types(const std::vector<uint32_t>& oids);
  size_t parameter_count() const {
    return std::max<size_t>(parsed.parameter_count, given_types.size());
  }
  // What is known of the parameters before anything is bound.
  void start_parameters();

  sql::ParsedStatement parsed;
  std::vector<type::Type> given_types;  // kUnknown: not given.
  expr::ParameterTypes parameters;
  std::string commit_text;  // Normalised text for commit bodies, made on first use.
  // What stands in the place of its text parameters, one each, as of its last run; its text with them,
  // where commits keep it, and as it was written (empty: it was not changed).
  std::vector<std::string> texts;
  std::string text;
  std::string_view written;
  std::unique_ptr<Prepared> inner;  // DECLARE's query, which lives in this one's tree.

  // The plan, good while the schema generation and the search path stay.
  uint64_t generation = 0;
  std::vector<std::string> search_path;
  std::shared_ptr<const plan::Plan> query;
  bool is_point = false;
  std::shared_ptr<const exec::DmlPlan> dml;
  ColumnInfos columns;
  bool planned = false;
  bool draws = false;  // A query whose functions write: nextval, setval, rowan.write_file.
  // Or read what the session's own calls left: its rows are read at once, in the session's
  // transaction.
  bool uses_session = false;
  // Nested so deeply that it runs on a stack of its own, which its rows and its plan do not outlive.
  bool is_deep = false;
};

// Takes the plans of a deep statement down on the stack that bears it: they are as deep.
class DropPlans {
 public:
  explicit DropPlans(Prepared& prepared) : prepared_(prepared) {}
  ~DropPlans() {
    prepared_.planned = false;
    prepared_.query.reset();
    prepared_.dml.reset();
  }
  DropPlans(const DropPlans&) = delete;
  DropPlans& operator=(const DropPlans&) = delete;

 private:
  Prepared& prepared_;
};

// What may be nested deeper than a thread's own stack bears. Definitions may not: they are read
// again wherever their tables are.
bool may_be_deep(sql::StatementKind kind);

// Whether it changes rows or definitions, whatever its functions do.
bool writes(const sql::Statement& statement);
// The same, its functions included, as far as its plan is known.
inline bool may_write(const Prepared& prepared) {
  return prepared.draws || writes(*prepared.parsed.statement);
}

std::shared_ptr<Prepared> make_prepared(sql::ParsedStatement parsed);
// Of what was parsed with the deep limits.
Result<std::shared_ptr<Prepared>> make_deep(sql::ParsedStatement parsed);
Result<std::shared_ptr<Prepared>> parse_prepared(std::string_view text);
// Of a statement of a script, of which one needed the deep limits.
Result<std::shared_ptr<Prepared>> prepared_of(sql::ParsedStatement parsed, bool is_deep);

// Parses with the deep limits where the ordinary ones do not do: parsing itself needs no stack.
// `is_deep`: that was so.
template <typename Parse>
auto parse_deep(const Parse& parse, bool& is_deep) -> decltype(parse()) {
  auto parsed = parse();
  is_deep = !parsed && parsed.error().code() == ErrorCode::kStatementTooComplex;
  if (!is_deep) return parsed;
  std::optional<decltype(parse())> deep;
  TRY(run_on_deep_stack([&] { deep.emplace(parse()); }));
  return std::move(*deep);
}

}  // namespace rowan::engine
