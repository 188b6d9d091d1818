#include "engine/traits.h"

#include <string>
#include <string_view>

#include "engine/verbs.h"
#include "expr/functions.h"
#include "sql/statements.h"

namespace rowan::engine {

namespace {

using sql::Deed;

void add(const sql::CallExpr& call, StatementTraits& traits) {
  if (is_verb(call)) {  // It does as its statement.
    traits.may_commit = true;
    traits.may_set = true;
    return;
  }
  std::string own;
  if (call.schema == "rowan") own = "rowan." + std::string(call.name);
  for (const expr::Function* function : expr::functions_named(own.empty() ? call.name : own)) {
    traits.may_commit = traits.may_commit || function->traits.effect == expr::Effect::kWrites;
    traits.may_set = traits.may_set || function->traits.effect == expr::Effect::kSets;
  }
}

// COPY TO only reads.
bool only_gives(const sql::Statement& statement) {
  return statement.kind == sql::StatementKind::kCopy &&
         !static_cast<const sql::CopyStmt&>(statement).from;
}

}  // namespace

StatementTraits traits_of(const sql::ParsedStatement& parsed) {
  const sql::Deeds deeds = sql::deeds_of(parsed.statement->kind);
  StatementTraits traits;
  traits.may_commit = deeds.has(Deed::kCommits) && !only_gives(*parsed.statement);
  traits.may_set = deeds.has(Deed::kSets);
  traits.may_repeat = deeds.has(Deed::kRepeats);
  traits.ends_block = deeds.has(Deed::kEnds);
  traits.stands_alone = deeds.has(Deed::kAlone);
  for (const sql::CallExpr* call : parsed.calls) add(*call, traits);
  return traits;
}

}  // namespace rowan::engine
