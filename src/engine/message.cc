// Implicit transactions: the statements of a message, or of a pipeline, that share one unless they say
// BEGIN.
#include "engine/failure.h"
#include "engine/session.h"
#include "sql/statements.h"

namespace rowan::engine {

Outcome<bool> SessionImpl::end_implicit() {
  return guarded([&]() -> Outcome<bool> {
    const auto finished = ended([&] { return block_.end_implicit(); });
    if (!finished) return to_failure(finished.error());
    return true;
  });
}

Outcome<uint64_t> SessionImpl::run_message(std::string_view text,
                                           const std::function<Outcome<bool>(Rows&)>& each) {
  return guarded([&]() -> Outcome<uint64_t> {
    bool is_deep = false;
    auto parsed =
        ended([&] { return parse_deep([&] { return sql::parse_script(text); }, is_deep); });
    if (!parsed) return to_failure(parsed.error());
    if (parsed->empty()) {  // A result all the same, without a tag.
      const auto nothing = make_batch_rows(no_columns(), {}, {});
      if (auto told = each(*nothing); !told) return told.failure();
      return uint64_t{0};
    }
    return run_parsed(std::move(*parsed), is_deep, each);
  });
}

Outcome<uint64_t> SessionImpl::run_parsed(std::vector<sql::ParsedStatement> parsed, bool is_deep,
                                          const std::function<Outcome<bool>(Rows&)>& each) {
  if (parsed.size() > 1) begin_implicit();
  uint64_t count = 0;
  for (sql::ParsedStatement& statement : parsed) {
    if (parsed.size() > 1) begin_implicit();  // A block may have ended.
    const auto prepared = ended([&]() -> Result<std::shared_ptr<Prepared>> {
      if (parsed.size() > 1 && sql::deeds_of(statement.statement->kind).has(sql::Deed::kAlone))
        return not_in_block(sql::words_of(*statement.statement));
      return prepared_of(std::move(statement), is_deep);
    });
    if (!prepared) return to_failure(prepared.error());
    auto rows = execute(*prepared, {});
    if (!rows) return to_failure(rows.error());
    // Failing to take a result fails the statement.
    std::optional<Outcome<bool>> told;
    try {
      told.emplace(each(**rows));
    } catch (...) {
      block_.fail_statement();
      throw;
    }
    if (!*told) {
      block_.fail_statement();
      return told->failure();
    }
    ++count;
  }
  if (auto ended_well = end_implicit(); !ended_well) return ended_well.failure();
  return count;
}

}  // namespace rowan::engine
