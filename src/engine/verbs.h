// The verbs of version control as functions: rowan.merge(source, policy, …), rowan.restore(…). Each is
// its statement with the arguments as values, so that nobody has to paste names into text.
//
// A verb stands alone: SELECT * FROM rowan.merge('autumn'), or CALL rowan.merge('autumn'). It commits
// by itself as its statement does, so it can be no part of a query. The answer of each is one row:
// "commit", rows, conflicts, notice.
//
// Threads: any; the list is fixed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/virtual_rows.h"
#include "expr/binder.h"
#include "expr/expr.h"
#include "sql/ast.h"
#include "type/value.h"
#include "versions/answer.h"

namespace rowan::engine {

struct Verb;

// A statement that is the call of a verb and nothing else.
struct VerbCall {
  const Verb* verb = nullptr;
  const sql::CallExpr* call = nullptr;
  bool is_call = false;  // CALL, not SELECT.
};
// Nothing: it is another statement. kUndefinedFunction: CALL of what is no verb.
Result<std::optional<VerbCall>> find_verb_call(const sql::Statement& statement);

// The arguments, each as the type that the verb takes. kUndefinedFunction: too many, or too few.
Result<std::vector<expr::NodePtr>> bind_arguments(const VerbCall& call,
                                                  expr::ParameterTypes& parameters);
// The statement that the call stands for. kInvalidParameterValue.
Result<std::string> statement_of(const VerbCall& call, const std::vector<type::Value>& arguments);
std::vector<plan::OutputColumn> verb_columns();
// The one row that every verb answers with.
TableRows verb_row(const versions::VerbResult& result);

bool is_verb(const sql::CallExpr& call);
// As people are told of it: "rowan.merge(source text [, policy text …])".
std::vector<std::string> verb_calls();

// kFeatureNotSupported, when the call is of a verb: it stands where it cannot.
Result<void> check_no_verb(const sql::CallExpr& call);
// The same of all calls in a query.
Result<void> check_no_verb(const sql::Statement& statement);

}  // namespace rowan::engine
