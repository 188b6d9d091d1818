// DISCARD, and prepared statements of SQL: PREPARE, EXECUTE, DEALLOCATE.
#include <fmt/format.h>

#include "engine/failure.h"
#include "engine/session.h"
#include "engine/statement.h"
#include "expr/constant.h"
#include "sql/print.h"
#include "sql/statements.h"
#include "type/text.h"

namespace rowan::engine {

namespace {

Parameter as_parameter(const type::Value& value) {
  if (value.is_null()) return std::monostate();
  return type::to_text(value);
}

}  // namespace

// ---- DISCARD ----

Result<void> SessionImpl::discard_all() {
  TRY(go_home());
  TRY(settings_.now().reset("all"));
  named_.clear();
  cursors_.clear();
  sequences_ = {};
  violations_.clear();
  settings_.report_changes();
  return {};
}

Outcome<bool> SessionImpl::reset() {
  return guarded([&]() -> Outcome<bool> {
    block_.roll_back();
    const auto done = discard_all();
    if (!done) return to_failure(done.error());
    return true;
  });
}

Result<std::unique_ptr<Rows>> SessionImpl::run_discard(const sql::SetStmt& statement) {
  if (statement.name == "all") {
    TRY(block_.check_alone("DISCARD ALL"));
    TRY(discard_all());
    return done("DISCARD ALL");
  }
  if (statement.name == "sequences") {
    sequences_ = {};
    return done("DISCARD SEQUENCES");
  }
  if (statement.name == "temp") return done("DISCARD TEMP");  // There is nothing temporary.
  named_.drop_plans();
  return done("DISCARD PLANS");
}

// ---- PREPARE ----

Result<std::unique_ptr<Rows>> SessionImpl::run_prepare(const sql::PrepareStmt& statement) {
  TRY(named_.check_new(statement.name));
  TRY_ASSIGN(const std::shared_ptr<Prepared> prepared, parse_prepared(statement.prepared));
  for (const sql::TypeName& name : statement.types) {
    TRY_ASSIGN(type::Type type,
               type::type_from_name(name.name, name.modifiers.items, name.modifiers.count));
    if (name.is_array) {
      TRY_ASSIGN(type, type::array_type(type));
    }
    prepared->given_types.push_back(type);
  }
  if (!prepared->is_deep) TRY(describe_checked(*prepared, nullptr));
  named_.add(statement.name, {prepared, std::string(statement.text), statement_time_us(), true});
  return done("PREPARE");
}

Outcome<bool> SessionImpl::name_statement(std::string_view name, Statement& statement) {
  return guarded([&]() -> Outcome<bool> {
    const auto named = ended([&]() -> Result<void> {
      TRY(named_.check_new(name));
      if (statement.words().empty())
        return Error(ErrorCode::kFeatureNotSupported, "an empty statement cannot have a name");
      const std::shared_ptr<Prepared>& prepared = prepared_in(statement);
      named_.add(name, {prepared, std::string(prepared->parsed.statement->text),
                        statement_time_us(), false});
      return {};
    });
    if (!named) return to_failure(named.error());
    return true;
  });
}

Outcome<std::unique_ptr<Statement>> SessionImpl::named_statement(std::string_view name) {
  return guarded([&]() -> Outcome<std::unique_ptr<Statement>> {
    const auto prepared = ended([&] { return named_.find(name); });
    if (!prepared) return to_failure(prepared.error());
    return std::unique_ptr<Statement>(std::make_unique<StatementImpl>(*this, *prepared));
  });
}

Outcome<bool> SessionImpl::drop_named_statement(std::string_view name) {
  return guarded([&]() -> Outcome<bool> { return named_.drop(name).has_value(); });
}

Result<std::unique_ptr<Rows>> SessionImpl::run_execute(const sql::PrepareStmt& statement) {
  TRY_ASSIGN(const std::shared_ptr<Prepared> prepared, named_.find(statement.name));
  TRY_ASSIGN(const std::vector<Parameter> parameters, arguments_of(statement, *prepared));
  return execute_at_depth(prepared, parameters);
}

Result<std::vector<Parameter>> SessionImpl::arguments_of(const sql::PrepareStmt& statement,
                                                         const Prepared& prepared) {
  const size_t wanted = prepared.parameter_count();
  if (statement.arguments.count != wanted)
    return Error(ErrorCode::kSyntaxError,
                 fmt::format("wrong number of parameters for prepared statement \"{}\"",
                             statement.name))
        .with_detail(fmt::format("Expected {} parameters but got {}.", wanted,
                                 statement.arguments.count));
  std::vector<Parameter> parameters;
  for (size_t i = 0; i < wanted; ++i) {
    type::Type type = prepared.parameters.types[i];
    if (type.id == type::TypeId::kUnknown) type = {type::TypeId::kText};
    TRY_ASSIGN(const auto value, expr::constant_value(*statement.arguments[i], type, "EXECUTE",
                                                      eval_context()));
    parameters.push_back(value ? as_parameter(*value) : Parameter());
  }
  return parameters;
}

Result<std::unique_ptr<Rows>> SessionImpl::run_deallocate(const sql::PrepareStmt& statement) {
  if (statement.name.empty()) {
    named_.clear();
    return done("DEALLOCATE ALL");
  }
  TRY(named_.drop(statement.name));
  return done("DEALLOCATE");
}

// ---- Cursors ----

// DECLARE's query as a statement of its own.
Prepared& SessionImpl::query_of(Prepared& declare) {
  if (declare.inner == nullptr) {
    declare.inner = std::make_unique<Prepared>();
    sql::ParsedStatement& query = declare.inner->parsed;
    query.statement = static_cast<sql::DeclareStmt&>(*declare.parsed.statement).select;
    query.parameter_count = declare.parsed.parameter_count;
    query.text_parameters = declare.parsed.text_parameters;
    query.may_hold_secret = declare.parsed.may_hold_secret;
    declare.inner->given_types = declare.given_types;
  }
  return *declare.inner;
}

namespace {

Result<void> check_declaration(const sql::DeclareStmt& statement) {
  const auto both = [](std::string_view one, std::string_view other) {
    return Error(ErrorCode::kInvalidCursorDefinition,
                 fmt::format("cannot specify both {} and {}", one, other));
  };
  if (statement.scroll && statement.no_scroll) return both("SCROLL", "NO SCROLL");
  if (statement.insensitive && statement.asensitive) return both("ASENSITIVE", "INSENSITIVE");
  return {};
}

}  // namespace

Result<std::unique_ptr<Rows>> SessionImpl::run_declare(const std::shared_ptr<Prepared>& prepared,
                                                       const std::vector<Parameter>& parameters) {
  const auto& statement = static_cast<const sql::DeclareStmt&>(*prepared->parsed.statement);
  TRY(check_declaration(statement));
  const bool is_safe = !block_.in_block() && !block_.is_implicit();  // No transaction takes it back.
  if (!statement.hold && is_safe)
    return Error(ErrorCode::kNoActiveTransaction,
                 "DECLARE CURSOR can only be used in transaction blocks")
        .with_hint("WITH HOLD makes one that stands outside of them.");
  TRY(cursors_.check_new(statement.name));
  const std::shared_ptr<Prepared> query(prepared, &query_of(*prepared));  // Which holds its tree.
  TRY_ASSIGN(std::unique_ptr<Rows> rows, execute_checked(query, parameters));
  const Cursor::Reach reach{statement.scroll, statement.no_scroll, settings().work_mem()};
  cursors_.add(statement.name,
               std::make_unique<Cursor>(std::move(rows), reach,
                                        Cursor::Facts{statement.hold, statement.binary,
                                                      std::string(statement.text),
                                                      statement_time_us()},
                                        database_.memory()),
               is_safe);
  return done(sql::tag_of(statement));
}

Result<std::unique_ptr<Rows>> SessionImpl::run_fetch(const sql::FetchStmt& statement) {
  TRY_ASSIGN(Cursor* const cursor, cursors_.find(statement.cursor));
  TRY_ASSIGN(FetchedRows fetched, cursor->fetch(statement.direction, statement.count));
  ResultFacts facts{fmt::format("{} {}", sql::tag_of(statement), fetched.count), fetched.count, {}, {}};
  if (statement.kind == sql::StatementKind::kMove)
    return make_batch_rows(no_columns(), {}, std::move(facts));
  TRY_ASSIGN(auto rows, make_counted_rows(cursor->columns(), std::move(fetched.batches),
                                          std::move(facts), database_.memory()));
  if (cursor->facts().is_binary) set_format(*rows, Format::kBinary);
  return rows;
}

Result<std::unique_ptr<Rows>> SessionImpl::run_close(const sql::CloseStmt& statement) {
  if (statement.cursor.empty()) {
    cursors_.clear();
    return done("CLOSE CURSOR ALL");
  }
  TRY(cursors_.close(statement.cursor));
  return done(sql::tag_of(statement));
}

}  // namespace rowan::engine
