// Whatever parses must survive: parsing again, printing of its expressions and queries (Q3), and
// the helpers on raw text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sql/parser.h"
#include "sql/print.h"

namespace {

using namespace rowan::sql;

const SelectStmt* query_of(const Statement& statement) {
  switch (statement.kind) {
    case StatementKind::kSelect:
      return static_cast<const SelectStmt*>(&statement);
    case StatementKind::kInsert:
      return static_cast<const InsertStmt&>(statement).source;
    case StatementKind::kCreateView:
      return static_cast<const CreateViewStmt&>(statement).select;
    case StatementKind::kExplain:
      return query_of(*static_cast<const ExplainStmt&>(statement).statement);
    default:
      return nullptr;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto script = parse_script(text);
  if (script) {
    for (const ParsedStatement& parsed : *script) {
      const SelectStmt* select = query_of(*parsed.statement);
      if (select == nullptr) continue;
      const std::string printed = to_sql(*select);
      const auto again = parse_statement(printed);
      if (again && (query_of(*again->statement) == nullptr ||
                    to_sql(*query_of(*again->statement)) != printed))
        std::abort();
      if (!again && again.error().code() != rowan::ErrorCode::kStatementTooComplex) std::abort();
    }
  }
  const auto expression = parse_expression(text);
  if (expression) {
    const std::string printed = to_sql(*expression->expr);
    const auto again = parse_expression(printed);
    if (again && to_sql(*again->expr) != printed) std::abort();
    if (!again && again.error().code() != rowan::ErrorCode::kStatementTooComplex) std::abort();
  }
  return 0;
}
