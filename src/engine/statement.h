// StatementImpl: a prepared statement of a session, as its caller holds it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/failure.h"
#include "engine/session.h"
#include "engine/traits.h"
#include "rowan/rowan.h"
#include "sql/statements.h"

namespace rowan::engine {

inline bool is_copy(const Prepared& prepared, sql::CopyEnd end) {
  const sql::Statement& statement = *prepared.parsed.statement;
  return statement.kind == sql::StatementKind::kCopy &&
         static_cast<const sql::CopyStmt&>(statement).end == end;
}

class StatementImpl final : public Statement {
 public:
  StatementImpl(SessionImpl& session, std::shared_ptr<Prepared> prepared)
      : session_(session), prepared_(std::move(prepared)), traits_(traits_of(prepared_->parsed)) {}
  size_t parameter_count() const override { return prepared_->parameter_count(); }
  std::string words() const override { return sql::words_of(*prepared_->parsed.statement); }
  bool is_copy_in() const override { return is_copy(*prepared_, sql::CopyEnd::kStdin); }
  bool is_copy_out() const override { return is_copy(*prepared_, sql::CopyEnd::kStdout); }
  StatementTraits traits() const override { return traits_; }
  Outcome<StatementInfo> describe() override {
    return guarded([&] { return to_outcome(session_.describe_prepared(prepared_, nullptr)); });
  }
  Outcome<StatementInfo> describe(const std::vector<Parameter>& parameters) override {
    return guarded([&] { return to_outcome(session_.describe_prepared(prepared_, &parameters)); });
  }
  Outcome<bool> check(const std::vector<Parameter>& parameters) override {
    return guarded([&]() -> Outcome<bool> {
      const auto checked = session_.check(*prepared_, parameters);
      if (!checked) return to_failure(checked.error());
      return true;
    });
  }
  Outcome<std::unique_ptr<Rows>> run(const std::vector<Parameter>& parameters) override {
    return guarded([&] { return to_outcome(session_.execute(prepared_, parameters)); });
  }
  const std::shared_ptr<Prepared>& prepared() const { return prepared_; }

 private:
  SessionImpl& session_;
  std::shared_ptr<Prepared> prepared_;
  const StatementTraits traits_;
};

// Requires: it is no empty text.
inline const std::shared_ptr<Prepared>& prepared_in(Statement& statement) {
  return static_cast<StatementImpl&>(statement).prepared();
}

}  // namespace rowan::engine
