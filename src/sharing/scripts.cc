#include "sharing/scripts.h"

namespace rowan::sharing {

namespace {

Outcome<bool> read_to_the_end(Rows& rows) {
  for (;;) {
    auto more = rows.next();
    if (!more) return more.failure();
    if (!*more) return true;
  }
}

}  // namespace

Outcome<uint64_t> run_each(const std::vector<std::unique_ptr<Statement>>& statements,
                           const std::function<void(Rows&)>& each) {
  uint64_t count = 0;
  for (const auto& statement : statements) {
    auto rows = statement->run({});
    if (!rows) return rows.failure();
    if (each) {
      each(**rows);
    } else if (auto read = read_to_the_end(**rows); !read) {
      return read.failure();
    }
    ++count;
  }
  return count;
}

Outcome<uint64_t> run_as_message(Session& session, std::string_view sql,
                                 const std::function<Outcome<bool>(Rows&)>& each) {
  auto statements = session.prepare_all(sql);
  if (!statements) return statements.failure();
  if (statements->empty()) {  // A result all the same, without a tag.
    auto nothing = session.run("");
    if (!nothing) return nothing.failure();
    if (auto told = each(**nothing); !told) return told.failure();
    return uint64_t{0};
  }
  const bool several = statements->size() > 1;
  uint64_t count = 0;
  for (const auto& statement : *statements) {
    if (several) session.begin_implicit();  // Once more: a block may have ended.
    auto rows = statement->run({});
    if (!rows) return rows.failure();
    if (auto told = each(**rows); !told) {
      // Failing to take a result fails the statement, and what it was in. The session does not know.
      if (several || session.transaction_state() == TransactionState::kOpen)
        static_cast<void>(session.run("ROLLBACK TO SAVEPOINT \"none such\""));
      return told.failure();
    }
    ++count;
  }
  if (several) {
    if (auto ended = session.end_implicit(); !ended) return ended.failure();
  }
  return count;
}

}  // namespace rowan::sharing
