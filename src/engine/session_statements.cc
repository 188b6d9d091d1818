// DISCARD, and prepared statements of SQL: PREPARE, EXECUTE, DEALLOCATE.
#include <fmt/format.h>

#include "engine/failure.h"
#include "engine/session.h"
#include "expr/constant.h"
#include "sql/print.h"
#include "sql/statements.h"
#include "type/text.h"

namespace rowan::engine {

namespace {

Error no_prepared(std::string_view name) {
  return Error(ErrorCode::kUndefinedPreparedStatement,
               fmt::format("prepared statement \"{}\" does not exist", name));
}

Parameter as_parameter(const type::Value& value) {
  if (value.is_null()) return std::monostate();
  return type::to_text(value);
}

}  // namespace

// ---- DISCARD ----

Result<void> SessionImpl::discard_all() {
  TRY(go_home());
  TRY(settings_.reset("all"));
  named_.clear();
  sequences_ = {};
  violations_.clear();
  report_changes();
  return {};
}

Outcome<bool> SessionImpl::reset() {
  return guarded([&]() -> Outcome<bool> {
    implicit_ = false;
    end_transaction(false);
    const auto done = discard_all();
    if (!done) return to_failure(done.error());
    return true;
  });
}

Result<std::unique_ptr<Rows>> SessionImpl::run_discard(const sql::SetStmt& statement) {
  if (statement.name == "all") {
    TRY(check_alone("DISCARD ALL"));
    TRY(discard_all());
    return done("DISCARD ALL");
  }
  if (statement.name == "sequences") {
    sequences_ = {};
    return done("DISCARD SEQUENCES");
  }
  if (statement.name == "temp") return done("DISCARD TEMP");  // There is nothing temporary.
  for (const auto& [name, prepared] : named_) prepared->planned = false;
  return done("DISCARD PLANS");
}

// ---- PREPARE ----

Result<std::shared_ptr<Prepared>> SessionImpl::find_named(std::string_view name) const {
  const auto found = named_.find(name);
  if (found == named_.end()) return no_prepared(name);
  return found->second;
}

Result<std::unique_ptr<Rows>> SessionImpl::run_prepare(const sql::PrepareStmt& statement) {
  if (named_.contains(statement.name))
    return Error(ErrorCode::kDuplicatePreparedStatement,
                 fmt::format("prepared statement \"{}\" already exists", statement.name));
  TRY_ASSIGN(const std::shared_ptr<Prepared> prepared, parse_prepared(statement.prepared));
  for (const sql::TypeName& name : statement.types) {
    TRY_ASSIGN(type::Type type,
               type::type_from_name(name.name, name.modifiers.items, name.modifiers.count));
    if (name.is_array) {
      TRY_ASSIGN(type, type::array_type(type));
    }
    prepared->given_types.push_back(type);
  }
  if (!prepared->is_deep) TRY(describe_checked(*prepared));
  named_.emplace(statement.name, prepared);
  return done("PREPARE");
}

Result<std::unique_ptr<Rows>> SessionImpl::run_execute(const sql::PrepareStmt& statement) {
  TRY_ASSIGN(const std::shared_ptr<Prepared> prepared, find_named(statement.name));
  const size_t wanted = prepared->parameter_count();
  if (statement.arguments.count != wanted)
    return Error(ErrorCode::kSyntaxError,
                 fmt::format("wrong number of parameters for prepared statement \"{}\"",
                             statement.name))
        .with_detail(fmt::format("Expected {} parameters but got {}.", wanted,
                                 statement.arguments.count));
  std::vector<Parameter> parameters;
  for (size_t i = 0; i < wanted; ++i) {
    type::Type type = prepared->parameters.types[i];
    if (type.id == type::TypeId::kUnknown) type = {type::TypeId::kText};
    TRY_ASSIGN(const type::Value value, expr::constant_value(*statement.arguments[i], type,
                                                       "EXECUTE", eval_context()));
    parameters.push_back(as_parameter(value));
  }
  return execute_at_depth(prepared, parameters);
}

Result<std::unique_ptr<Rows>> SessionImpl::run_deallocate(const sql::PrepareStmt& statement) {
  if (statement.name.empty()) {
    named_.clear();
    return done("DEALLOCATE ALL");
  }
  const auto found = named_.find(statement.name);
  if (found == named_.end()) return no_prepared(statement.name);
  named_.erase(found);
  return done("DEALLOCATE");
}

}  // namespace rowan::engine
