// TAKE FOREIGN and DROP FOREIGN: what becomes of tips that were parked. And the merge of a push
// beside a tip that moved.
#pragma once

#include <string>

#include "base/oid.h"
#include "base/result.h"
#include "engine/import/parked.h"
#include "sql/ast.h"
#include "store/object_store.h"
#include "versions/answer.h"
#include "versions/context.h"

namespace rowan::engine {

class SessionImpl;

struct ForeignMerge {
  std::string branch;  // The context's.
  Oid commit;          // The other program's.
  Oid target;          // The same, or its canonical form, made in `objects`.
  store::PendingObjects* objects;
};
// The branch gets what the commit brings, by a fast-forward or a merge; its parked refs go in the
// same record. `clean_only`: whatever is left to a choice stops it. Gives the branch's new tip.
Result<Oid> merge_foreign_tip(versions::Context& context, const ForeignMerge& merge,
                              bool clean_only, std::string_view message = {},
                              std::string_view body = {});

// Into the tip's own branch, whichever the session is on. A branch that is not there is made.
Result<versions::VerbResult> run_take_foreign(SessionImpl& session,
                                              const sql::RevisionsStmt& statement);
Result<versions::VerbResult> run_drop_foreign(SessionImpl& session,
                                              const sql::RevisionsStmt& statement);

}  // namespace rowan::engine
