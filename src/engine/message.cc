// Implicit transactions: the statements of a message, or of a pipeline, that share one unless they say
// BEGIN.
#include <fmt/format.h>

#include "engine/failure.h"
#include "engine/session.h"

namespace rowan::engine {

void SessionImpl::begin_implicit() {
  if (!in_block()) implicit_ = true;
}

Outcome<bool> SessionImpl::end_implicit() {
  return guarded([&]() -> Outcome<bool> {
    if (!std::exchange(implicit_, false) || in_explicit_block()) return true;
    cursors_.drop_unheld();
    if (!streams_.empty()) draw_streams();
    if (!implicit_open_) {
      end_transaction(true);
      return true;
    }
    const auto committed = ended([&] { return commit_transaction(""); });
    if (!committed) return to_failure(committed.error());
    end_transaction(true);
    return true;
  });
}

namespace {

Error not_in_block(std::string_view words) {
  return Error(ErrorCode::kActiveTransaction,
               fmt::format("{} cannot run inside a transaction block", words));
}

}  // namespace

Result<void> SessionImpl::check_alone(std::string_view words) const {
  if (!in_block() && !ran_before_) return {};
  return not_in_block(words);
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
      if (parsed.size() > 1 && statement.statement->kind == sql::StatementKind::kVacuum)
        return not_in_block("VACUUM");
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
      fail_statement();
      throw;
    }
    if (!*told) {
      fail_statement();
      return told->failure();
    }
    ++count;
  }
  if (auto ended_well = end_implicit(); !ended_well) return ended_well.failure();
  return count;
}

}  // namespace rowan::engine
