// CREATE VIEW, CREATE MATERIALIZED VIEW and REFRESH; and whether the views of a tree still mean
// something.
//
// Threads: the transaction's.
#pragma once

#include <string>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "exec/operator.h"
#include "exec/validator.h"
#include "plan/plan.h"
#include "sql/ast.h"

namespace rowan::exec {

struct ViewOutcome {
  std::string tag;  // "CREATE VIEW"; "SELECT 3" when a materialised view is made with three rows.
  std::string notice;  // May be empty.
};
// The query is bound, and stored as text with every table qualified and every * written out.
Result<ViewOutcome> run_create_view(const sql::CreateViewStmt& statement, ExecContext& context,
                                    plan::PlanContext& planning);
// Runs the query again; the rows become what it gives.
Result<ViewOutcome> run_refresh(const sql::RefreshStmt& statement, ExecContext& context,
                                plan::PlanContext& planning);

// The views of the request's root, or of its valid tree, whose queries do not bind (any more), as
// violations, at most `violations_max` of them. Views that read system tables or functions of the
// engine are left out: those are always there. AS OF 'HEAD' is the tree at hand, which is a branch's
// tip or going to be; views that read what lies behind it ('HEAD~1'), or name a revision which is
// not here (yet), are taken as they are: refs are no part of a tree, and come and go by themselves.
Result<std::vector<Violation>> check_views(const ValidateRequest& request, const Oid& root,
                                           txn::Manager& manager, const expr::EvalContext& eval,
                                           size_t violations_max);

}  // namespace rowan::exec
