#include "engine/prepared.h"

#include <fmt/format.h>

#include "sql/statements.h"
#include "type/type_info.h"

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

Result<void> Prepared::give_types(const std::vector<uint32_t>& oids) {
  constexpr uint32_t kUnknownOid = 705;
  for (const uint32_t oid : oids) {
    const type::TypeInfo* found = nullptr;
    if (oid != 0 && oid != kUnknownOid) {
      found = type::find_type(oid);
      if (found == nullptr)
        return Error(ErrorCode::kUndefinedObject, fmt::format("type with OID {} does not exist", oid));
    }
    given_types.push_back(found == nullptr ? type::Type{} : type::Type{found->id});
  }
  return {};
}

void Prepared::start_parameters() {
  parameters.types = given_types;
  parameters.types.resize(parameter_count());
  parameters.uses.clear();
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

Result<std::shared_ptr<Prepared>> prepared_of(sql::ParsedStatement parsed, bool is_deep) {
  if (is_deep) return make_deep(std::move(parsed));
  return make_prepared(std::move(parsed));
}

Result<std::shared_ptr<Prepared>> parse_prepared(std::string_view text) {
  bool is_deep = false;
  TRY_ASSIGN(sql::ParsedStatement parsed,
             parse_deep([&] { return sql::parse_statement(text); }, is_deep));
  return prepared_of(std::move(parsed), is_deep);
}

}  // namespace rowan::engine
