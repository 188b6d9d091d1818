#include "engine/prepared.h"

#include "sql/statements.h"

namespace rowan::engine {

using sql::StatementClass;

bool may_be_deep(sql::StatementKind kind) {
  const StatementClass its_class = sql::class_of(kind);
  return its_class == StatementClass::kQuery || its_class == StatementClass::kModify ||
         its_class == StatementClass::kExplain;
}

bool writes(const sql::Statement& statement) {
  switch (sql::class_of(statement.kind)) {
    case StatementClass::kModify:
    case StatementClass::kDefine:
      return true;
    case StatementClass::kCopy:
      return static_cast<const sql::CopyStmt&>(statement).from;
    case StatementClass::kExplain: {
      const auto& explain = static_cast<const sql::ExplainStmt&>(statement);
      return explain.analyze && writes(*explain.statement);
    }
    case StatementClass::kQuery:
    case StatementClass::kShow:
    case StatementClass::kTransaction:
    case StatementClass::kSession:
    case StatementClass::kVersion:
      return false;
  }
  return false;
}

std::shared_ptr<Prepared> make_prepared(sql::ParsedStatement parsed) {
  auto prepared = std::make_shared<Prepared>();
  prepared->parsed = std::move(parsed);
  return prepared;
}

Result<std::shared_ptr<Prepared>> make_deep(sql::ParsedStatement parsed) {
  const bool is_deep = may_be_deep(parsed.statement->kind);
  if (!is_deep) TRY(sql::parse_statement(parsed.statement->text));
  auto prepared = make_prepared(std::move(parsed));
  prepared->is_deep = is_deep;
  return prepared;
}

Result<std::shared_ptr<Prepared>> parse_prepared(std::string_view text) {
  bool is_deep = false;
  TRY_ASSIGN(sql::ParsedStatement parsed,
             parse_deep([&] { return sql::parse_statement(text); }, is_deep));
  if (is_deep) return make_deep(std::move(parsed));
  return make_prepared(std::move(parsed));
}

}  // namespace rowan::engine
