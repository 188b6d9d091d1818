// Parameters in the place of names and texts: MERGE $1, SHOW DIFF $1, RESTORE ALL TO $1 MESSAGE $2,
// FROM t AS OF $1.
// Their values stand in the statement as quoted texts, whatever is in them.
//
// Threads: any.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "rowan/rowan.h"
#include "sql/parser.h"

namespace rowan::engine {

// Whether it is worth a look: a statement of version control or one that shows history, with
// parameters; another one with a parameter behind AS OF or @.
bool takes_text_parameters(const sql::ParsedStatement& parsed);
// Those that stand for a name or a text; they may stand in expressions besides.
Result<std::vector<uint32_t>> text_parameter_numbers(const sql::ParsedStatement& parsed);
// The statement's text with the values; nothing when all its parameters stand in expressions.
// kUndefinedParameter, kInvalidParameterValue (NULL), kDatatypeMismatch.
Result<std::optional<std::string>> with_text_parameters(const sql::ParsedStatement& parsed,
                                                        const std::vector<Parameter>& parameters);

}  // namespace rowan::engine
