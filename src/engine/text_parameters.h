// Parameters in the place of names and texts: MERGE $1, SHOW DIFF $1, RESTORE ALL TO $1 MESSAGE $2,
// FROM t AS OF $1.
// Their values stand in the statement as quoted texts, whatever is in them.
//
// Threads: any.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "engine/prepared.h"
#include "rowan/rowan.h"
#include "sql/parser.h"
#include "sql/text_parameters.h"

namespace rowan::engine {

// Whether it is worth a look: a statement of version control or one that shows history, with
// parameters; another one with a parameter behind AS OF or @.
bool takes_text_parameters(const sql::ParsedStatement& parsed);
// Those of the statement, found once. They may stand in expressions besides.
Result<const std::vector<sql::TextParameter>*> text_parameters_of(Prepared& prepared);
// The statement with the values; null when all its parameters stand in expressions. It is parsed when
// they are others than the last time. kUndefinedParameter, kInvalidParameterValue (NULL),
// kDatatypeMismatch.
Result<std::shared_ptr<Prepared>> with_text_parameters(Prepared& prepared,
                                                       const std::vector<Parameter>& parameters);

}  // namespace rowan::engine
