// The session's transactions: BEGIN to COMMIT, savepoints, and the one that a statement outside a
// block has to itself.
#include <fmt/format.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/caught.h"
#include "engine/session.h"
#include "engine/stream.h"
#include "sql/statements.h"

namespace rowan::engine {

namespace {

using sql::StatementKind;

// A commit's body holds at most kCommitBodyBytesMax of SQL; what is cut is named by its length and
// hash.
std::string cut_body(std::string body) {
  if (body.size() <= kCommitBodyBytesMax) return body;
  const auto hash = sha256(body);
  const std::string note =
      fmt::format("\n... {} bytes in all, sha256 {}", body.size(),
                  to_hex(Bytes(reinterpret_cast<const char*>(hash.data()), hash.size())));
  size_t cut = kCommitBodyBytesMax;
  while (cut > 0 && (static_cast<uint8_t>(body[cut]) & 0xc0) == 0x80)
    --cut;  // Not inside a character.
  body.resize(cut);
  return body + note;
}

}  // namespace

Result<void> SessionImpl::begin_transaction(txn::IsolationLevel isolation, bool read_only) {
  if (head_.is_pinned) {
    TRY_ASSIGN(const Oid commit, database_.manager().resolve_revision("HEAD", head_.branch));
    TRY_ASSIGN(transaction_, database_.manager().begin_at(commit, isolation, &cancelled_));
  } else {
    TRY_ASSIGN(transaction_, database_.manager().begin(head_.branch, isolation, read_only, &cancelled_,
                                                       last_sequence_));
  }
  schema_changed_ = false;
  transaction_->set_lock_timeout(settings().lock_timeout_ms());
  unique_.clear();
  return {};
}

void SessionImpl::end_transaction(bool committed) {
  cursors_.end_transaction(committed);
  if (committed) {
    for (Stream* const stream : std::exchange(streams_, {})) stream->release();
  } else if (!streams_.empty()) {
    ends_well([&] {
      cut_streams(Error(ErrorCode::kInvalidCursorName,
                        "the rows are gone: their transaction was rolled back"));
    });
  }
  transaction_.reset();
  state_ = TransactionState::kIdle;
  schema_changed_ = false;
  implicit_ran_ = false;
  implicit_open_ = false;
  commit_body_.clear();
  settings_.end_transaction(committed);
}

Result<txn::CommitOutcome> SessionImpl::commit_transaction(std::string_view message) {
  if (transaction_->has_changes())
    TRY(check_writable());  // The branch may have been protected since the statement.
  txn::CommitRequest request;
  request.author = author();
  request.message = message.empty() ? settings().commit_message() : message;
  request.body = cut_body(std::move(commit_body_));
  request.application = settings().application_name();
  request.sync = settings().synchronous_commit();
  commit_body_.clear();
  auto outcome = transaction_->commit(request);
  if (outcome && outcome->changed) {
    last_sequence_ = outcome->sequence;
    last_commit_ = outcome->commit.hex();
  }
  return outcome;
}

Error failed_block() {
  return Error(ErrorCode::kInFailedTransaction,
               "current transaction is aborted, commands ignored until end of transaction block");
}

Result<std::unique_ptr<Rows>> SessionImpl::begin_block(const sql::TransactionStmt& statement) {
  const std::string tag = statement.is_start ? "START TRANSACTION" : "BEGIN";
  if (in_explicit_block()) {
    if (state_ == TransactionState::kFailed) return failed_block();
    if (statement.has_isolation || statement.has_read_only) TRY(set_transaction(statement));
    return done_with_warning(tag, ErrorCode::kActiveTransaction,
                             "there is already a transaction in progress");
  }
  if (implicit_open_) {  // It goes on as a block.
    if (statement.has_isolation && statement.isolation != transaction_->isolation())
      return Error(ErrorCode::kActiveTransaction,
                   "SET TRANSACTION ISOLATION LEVEL must be called before any query");
    if (statement.has_read_only && statement.read_only) mode_.forbid_writes();
    if (statement.has_read_only && !statement.read_only) TRY(mode_.allow_writes(false));
    implicit_open_ = false;
    return done(tag);
  }
  TRY(begin_transaction(statement.has_isolation ? statement.isolation : settings().isolation(),
                        statement.has_read_only ? statement.read_only
                                                : settings().default_read_only()));
  state_ = TransactionState::kOpen;
  first_statement_ = true;
  mode_.begin(transaction_->read_only());
  return done(tag);
}

// COMMIT and ROLLBACK, which end an implicit transaction as well.
Result<std::unique_ptr<Rows>> SessionImpl::end_block(const sql::TransactionStmt& statement) {
  const bool commits = statement.kind == StatementKind::kCommit;
  const bool was_block = in_explicit_block();
  const bool failed = state_ == TransactionState::kFailed;
  std::string commit;
  if (commits && in_block() && !failed) {
    auto outcome = commit_transaction(statement.message);
    end_transaction(outcome.has_value());
    if (!outcome) return std::move(outcome.error());
    if (outcome->changed) commit = outcome->commit.hex();
  } else {
    end_transaction(commits && !failed);
  }
  std::string tag = commits && !failed ? "COMMIT" : "ROLLBACK";
  if (was_block) return done(std::move(tag), 0, std::move(commit));
  return done_with_warning(std::move(tag), ErrorCode::kNoActiveTransaction,
                           "there is no transaction in progress");
}

Result<std::unique_ptr<Rows>> SessionImpl::run_transaction_statement(
    const sql::TransactionStmt& statement) {
  const auto outside = [&](std::string_view what) {
    return Error(ErrorCode::kNoActiveTransaction,
                 fmt::format("{} can only be used in transaction blocks", what));
  };
  const bool failed = state_ == TransactionState::kFailed;
  switch (statement.kind) {
    case StatementKind::kBegin:
      return begin_block(statement);
    case StatementKind::kCommit:
    case StatementKind::kRollback:
      return end_block(statement);
    case StatementKind::kSavepoint:
      if (!in_explicit_block()) return outside("SAVEPOINT");
      if (failed) return failed_block();
      transaction_->savepoint(std::string(statement.savepoint));
      mode_.savepoint(statement.savepoint);
      cursors_.savepoint(statement.savepoint);
      return done("SAVEPOINT");
    case StatementKind::kReleaseSavepoint:
      if (!in_explicit_block()) return outside("RELEASE SAVEPOINT");
      if (failed) return failed_block();
      TRY(transaction_->release_savepoint(statement.savepoint));
      mode_.release(statement.savepoint);
      cursors_.release(statement.savepoint);
      return done("RELEASE");
    case StatementKind::kRollbackTo:
      if (!in_explicit_block()) return outside("ROLLBACK TO SAVEPOINT");
      TRY(transaction_->rollback_to_savepoint(statement.savepoint));
      mode_.rollback_to(statement.savepoint);
      cursors_.rollback_to(statement.savepoint);
      state_ = TransactionState::kOpen;
      return done("ROLLBACK");
    default:
      break;
  }
  if (implicit_ && !in_block()) TRY(begin_statement_transaction(true));
  if (!in_block())
    return done_with_warning("SET", ErrorCode::kNoActiveTransaction,
                             "SET TRANSACTION can only be used in transaction blocks");
  return set_transaction(statement);
}

// Where nothing was read yet the block starts again with other properties.
Result<std::unique_ptr<Rows>> SessionImpl::set_transaction(const sql::TransactionStmt& statement) {
  const txn::IsolationLevel isolation =
      statement.has_isolation ? statement.isolation : transaction_->isolation();
  if (isolation != transaction_->isolation() && (!first_statement_ || mode_.in_savepoint())) {
    return Error(ErrorCode::kActiveTransaction,
                 first_statement_
                     ? "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction"
                     : "SET TRANSACTION ISOLATION LEVEL must be called before any query");
  }
  if (statement.has_read_only && statement.read_only) mode_.forbid_writes();
  if (statement.has_read_only && !statement.read_only) TRY(mode_.allow_writes(first_statement_));
  if (first_statement_ && !mode_.in_savepoint())
    TRY(begin_transaction(isolation, mode_.read_only()));
  return done("SET");
}

Result<std::string> SessionImpl::finish_statement(Prepared& prepared) {
  if (prepared.draws || writes(*prepared.parsed.statement)) {
    const std::string_view text = commit_text(prepared);
    if (state_ == TransactionState::kOpen) {
      // Past the limit only the length and the hash would change; keep enough to know that it is
      // past.
      if (!text.empty() && commit_body_.size() < 4 * kCommitBodyBytesMax) {
        if (!commit_body_.empty()) commit_body_ += ";\n";
        commit_body_ += text;
      }
    } else {
      commit_body_ = text;
    }
  }
  if (state_ == TransactionState::kOpen) return std::string();
  TRY_ASSIGN(const txn::CommitOutcome outcome, commit_transaction(""));
  transaction_.reset();
  schema_changed_ = false;
  return outcome.changed ? outcome.commit.hex() : std::string();
}

// What the commit's body keeps of a statement.
std::string_view SessionImpl::commit_text(Prepared& prepared) const {
  const Settings::CommitStatement form = settings().commit_statement();
  if (form == Settings::CommitStatement::kOff || prepared.parsed.may_hold_secret) return {};
  // Definitions have no data to hide, and numeric($1,$2) says nothing.
  const bool defines =
      sql::class_of(prepared.parsed.statement->kind) == sql::StatementClass::kDefine;
  if (form == Settings::CommitStatement::kFull || defines)
    return prepared.parsed.statement->text;
  if (prepared.commit_text.empty())
    prepared.commit_text = sql::normalise_statement(prepared.parsed.statement->text);
  return prepared.commit_text;
}

}  // namespace rowan::engine
