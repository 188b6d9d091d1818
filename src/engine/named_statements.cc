#include "engine/named_statements.h"

#include <fmt/format.h>

namespace rowan::engine {

Result<void> NamedStatements::check_new(std::string_view name) const {
  if (!statements_.contains(name)) return {};
  return Error(ErrorCode::kDuplicatePreparedStatement,
               fmt::format("prepared statement \"{}\" already exists", name));
}

void NamedStatements::add(std::string_view name, std::shared_ptr<Prepared> prepared) {
  statements_.emplace(name, std::move(prepared));
}

Result<std::shared_ptr<Prepared>> NamedStatements::find(std::string_view name) const {
  const auto found = statements_.find(name);
  if (found != statements_.end()) return found->second;
  return Error(ErrorCode::kUndefinedPreparedStatement,
               fmt::format("prepared statement \"{}\" does not exist", name));
}

Result<void> NamedStatements::drop(std::string_view name) {
  TRY(find(name));
  statements_.erase(statements_.find(name));
  return {};
}

void NamedStatements::drop_plans() {
  for (const auto& [name, prepared] : statements_) prepared->planned = false;
}

}  // namespace rowan::engine
