// INSERT, UPDATE and DELETE: what they are once their names are known. The executor runs them.
//
// Threads: immutable once planned; may run many times while the schema generation stays.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.h"

namespace rowan::plan {

struct InsertPlan {
  std::shared_ptr<const catalog::TableDef> table;
  std::vector<uint16_t> columns;  // Target column of each expression.
  bool all_columns = false;       // None were named: the expressions may be fewer.
  sql::Overriding overriding = sql::Overriding::kNone;
  std::vector<expr::NodePtr> defaults;           // One a table column.
  std::vector<std::vector<expr::NodePtr>> rows;  // VALUES; null: DEFAULT.
  std::optional<Plan> source;                    // Else the rows come from here.
  Returning returning;
  bool cacheable = true;
  expr::Effects effects;

  // OVERRIDING USER VALUE: the sequence's value goes before the statement's.
  bool takes_default(const catalog::ColumnDef& column) const {
    return overriding == sql::Overriding::kUser && column.identity != sql::IdentityKind::kNone;
  }
};

// UPDATE or DELETE.
struct ChangePlan {
  std::shared_ptr<const catalog::TableDef> table;
  ModifyPlan rows;
  Returning returning;
  bool is_update = false;
  bool joined = false;            // FROM or USING is given.
  std::vector<uint16_t> columns;  // UPDATE: the columns set …
  std::vector<expr::NodePtr>
      set_defaults;  // … and their DEFAULT, null where an expression is given.
  expr::Effects effects;
};

Result<InsertPlan> plan_insert(const sql::InsertStmt& statement, PlanContext& context);
Result<ChangePlan> plan_update(const sql::UpdateStmt& statement, PlanContext& context);
Result<ChangePlan> plan_delete(const sql::DeleteStmt& statement, PlanContext& context);

std::vector<std::string> explain(const InsertPlan& plan);
std::vector<std::string> explain(const ChangePlan& plan);

}  // namespace rowan::plan
