// CREATE TAG, CREATE SNAPSHOT, DROP TAG.
#pragma once

#include "base/result.h"
#include "sql/ast.h"
#include "versions/answer.h"
#include "versions/context.h"

namespace rowan::versions {

Result<VerbResult> run_create_tag(  // And CREATE SNAPSHOT.
    Context& context, const sql::TagStmt& statement);
Result<VerbResult> run_drop_tag(Context& context, const sql::TagStmt& statement);

}  // namespace rowan::versions
