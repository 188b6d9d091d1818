// SystemTables: what names in the program's own schemas (rowan, pg_catalog, information_schema) mean to a
// view that is bound where no session is: in a tree that was pushed or merged. Columns, never rows.
//
// Threads: any.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/objects.h"
#include "plan/plan.h"
#include "sql/ast.h"

namespace rowan::exec {

class SystemTables {
 public:
  virtual ~SystemTables() = default;

  // One of them is set, or none: there is nothing of that name.
  struct Found {
    std::shared_ptr<const catalog::ViewDef> view;
    std::shared_ptr<const plan::VirtualTable> table;  // Whose rows nobody can ask for.
    bool follows_session = false;  // It is there, but its columns follow what a session has.
  };
  virtual Found find_relation(std::string_view schema, std::string_view name) const = 0;
  // A call in FROM. kUndefinedFunction.
  virtual Result<Found> find_function(const sql::CallExpr& call,
                                      const std::vector<type::Type>& arguments) const = 0;
};

}  // namespace rowan::exec
