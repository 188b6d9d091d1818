#include "engine/named_statements.h"

#include <fmt/format.h>

namespace rowan::engine {

Result<void> NamedStatements::check_new(std::string_view name) const {
  if (!statements_.contains(name)) return {};
  return Error(ErrorCode::kDuplicatePreparedStatement,
               fmt::format("prepared statement \"{}\" already exists", name));
}

void NamedStatements::add(std::string_view name, NamedStatement statement) {
  statements_.emplace(name, std::move(statement));
}

Result<std::shared_ptr<Prepared>> NamedStatements::find(std::string_view name) const {
  const auto found = statements_.find(name);
  if (found != statements_.end()) return found->second.prepared;
  return Error(ErrorCode::kUndefinedPreparedStatement,
               fmt::format("prepared statement \"{}\" does not exist", name));
}

Result<void> NamedStatements::drop(std::string_view name) {
  TRY(find(name));
  statements_.erase(statements_.find(name));
  return {};
}

void NamedStatements::drop_plans() {
  for (const auto& [name, statement] : statements_) statement.prepared->planned = false;
}

}  // namespace rowan::engine
