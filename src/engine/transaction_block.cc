#include "engine/transaction_block.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/caught.h"
#include "base/hash.h"
#include "base/limits.h"
#include "engine/stream.h"

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

BlockAnswer with_warning(std::string tag, ErrorCode code, std::string message) {
  return {.tag = std::move(tag), .warning = Error(code, std::move(message))};
}

Error outside_block(std::string_view what) {
  return Error(ErrorCode::kNoActiveTransaction,
               fmt::format("{} can only be used in transaction blocks", what));
}

}  // namespace

Error failed_block() {
  return Error(ErrorCode::kInFailedTransaction,
               "current transaction is aborted, commands ignored until end of transaction block");
}

Error not_in_block(std::string_view words) {
  return Error(ErrorCode::kActiveTransaction,
               fmt::format("{} cannot run inside a transaction block", words));
}

// ---- How it stands ----

Result<void> TransactionBlock::check_alone(std::string_view words) const {
  if (!in_block() && !ran_before_) return {};
  return not_in_block(words);
}

txn::IsolationLevel TransactionBlock::isolation() const {
  return in_block() && transaction_ ? transaction_->isolation() : settings().isolation();
}

bool TransactionBlock::read_only() const {
  return in_block() ? mode_.read_only() : settings().default_read_only();
}

bool TransactionBlock::refuses_writes() const {
  if (!in_block() || !transaction_) return settings().default_read_only();
  return transaction_->read_only() || mode_.read_only();
}

// ---- From its beginning to its end ----

Result<void> TransactionBlock::begin(txn::IsolationLevel isolation, bool read_only) {
  const versions::Head& head = session_.head();
  txn::Manager& manager = database_.manager();
  if (head.is_pinned) {
    TRY_ASSIGN(const Oid commit, manager.resolve_revision("HEAD", head.branch));
    TRY_ASSIGN(transaction_, manager.begin_at(commit, isolation, &cancelled_));
  } else {
    TRY_ASSIGN(transaction_,
               manager.begin(head.branch, isolation, read_only, &cancelled_, last_sequence_));
  }
  schema_changed_ = false;
  transaction_->set_lock_timeout(settings().lock_timeout_ms());
  unique_.clear();
  return {};
}

void TransactionBlock::open(bool is_implicit) {
  state_ = TransactionState::kOpen;
  implicit_open_ = is_implicit;
  first_statement_ = true;
  mode_.begin(transaction_->read_only());
}

void TransactionBlock::end(bool committed) {
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

void TransactionBlock::roll_back() {
  implicit_ = false;
  end(false);
}

Result<txn::CommitOutcome> TransactionBlock::commit(std::string_view message) {
  if (transaction_->has_changes())
    TRY(session_.check_writable());  // The branch may have been protected since the statement.
  txn::CommitRequest request;
  request.author = session_.author();
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

void TransactionBlock::note_commit(const Oid& commit, uint64_t sequence) {
  last_commit_ = commit.hex();
  last_sequence_ = std::max(last_sequence_, sequence);
}

// ---- Its statements ----

Result<BlockAnswer> TransactionBlock::run(const sql::TransactionStmt& statement) {
  if (statement.kind == StatementKind::kBegin) return begin_block(statement);
  if (statement.kind == StatementKind::kCommit || statement.kind == StatementKind::kRollback)
    return end_block(statement);
  if (statement.kind != StatementKind::kSetTransaction) return mark(statement);
  if (implicit_ && !in_block()) TRY(begin_for_statement(true));
  if (!in_block())
    return with_warning("SET", ErrorCode::kNoActiveTransaction,
                        "SET TRANSACTION can only be used in transaction blocks");
  return set_transaction(statement);
}

Result<BlockAnswer> TransactionBlock::begin_block(const sql::TransactionStmt& statement) {
  const std::string tag = statement.is_start ? "START TRANSACTION" : "BEGIN";
  if (in_explicit_block()) {
    if (has_failed()) return failed_block();
    if (statement.has_isolation || statement.has_read_only) TRY(set_transaction(statement));
    return with_warning(tag, ErrorCode::kActiveTransaction,
                        "there is already a transaction in progress");
  }
  if (implicit_open_) {  // It goes on as a block.
    if (statement.has_isolation && statement.isolation != transaction_->isolation())
      return Error(ErrorCode::kActiveTransaction,
                   "SET TRANSACTION ISOLATION LEVEL must be called before any query");
    TRY(set_mode(statement, false));
    implicit_open_ = false;
    return BlockAnswer{.tag = tag};
  }
  TRY(begin(statement.has_isolation ? statement.isolation : settings().isolation(),
            statement.has_read_only ? statement.read_only : settings().default_read_only()));
  open(false);
  return BlockAnswer{.tag = tag};
}

// COMMIT and ROLLBACK, which end an implicit transaction as well.
Result<BlockAnswer> TransactionBlock::end_block(const sql::TransactionStmt& statement) {
  const bool commits = statement.kind == StatementKind::kCommit && !has_failed();
  const bool was_block = in_explicit_block();
  BlockAnswer answer{.tag = commits ? "COMMIT" : "ROLLBACK"};
  if (commits && in_block()) {
    auto outcome = commit(statement.message);
    end(outcome.has_value());
    if (!outcome) return std::move(outcome.error());
    if (outcome->changed) answer.commit_id = outcome->commit.hex();
  } else {
    end(commits);
  }
  if (!was_block)
    return with_warning(std::move(answer.tag), ErrorCode::kNoActiveTransaction,
                        "there is no transaction in progress");
  return answer;
}

// SAVEPOINT, RELEASE and ROLLBACK TO.
Result<BlockAnswer> TransactionBlock::mark(const sql::TransactionStmt& statement) {
  const std::string_view name = statement.savepoint;
  if (statement.kind == StatementKind::kRollbackTo) {
    if (!in_explicit_block()) return outside_block("ROLLBACK TO SAVEPOINT");
    TRY(transaction_->rollback_to_savepoint(name));
    mode_.rollback_to(name);
    cursors_.rollback_to(name);
    state_ = TransactionState::kOpen;
    return BlockAnswer{.tag = "ROLLBACK"};
  }
  const bool sets = statement.kind == StatementKind::kSavepoint;
  if (!in_explicit_block()) return outside_block(sets ? "SAVEPOINT" : "RELEASE SAVEPOINT");
  if (has_failed()) return failed_block();
  if (sets) {
    transaction_->savepoint(std::string(name));
    mode_.savepoint(name);
    cursors_.savepoint(name);
    return BlockAnswer{.tag = "SAVEPOINT"};
  }
  TRY(transaction_->release_savepoint(name));
  mode_.release(name);
  cursors_.release(name);
  return BlockAnswer{.tag = "RELEASE"};
}

Result<void> TransactionBlock::set_mode(const sql::TransactionStmt& statement,
                                        bool before_first_query) {
  if (!statement.has_read_only) return {};
  if (!statement.read_only) return mode_.allow_writes(before_first_query);
  mode_.forbid_writes();
  return {};
}

// Where nothing was read yet the block starts again with other properties.
Result<BlockAnswer> TransactionBlock::set_transaction(const sql::TransactionStmt& statement) {
  const txn::IsolationLevel isolation =
      statement.has_isolation ? statement.isolation : transaction_->isolation();
  if (isolation != transaction_->isolation() && (!first_statement_ || mode_.in_savepoint())) {
    return Error(ErrorCode::kActiveTransaction,
                 first_statement_
                     ? "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction"
                     : "SET TRANSACTION ISOLATION LEVEL must be called before any query");
  }
  TRY(set_mode(statement, first_statement_));
  if (first_statement_ && !mode_.in_savepoint()) TRY(begin(isolation, mode_.read_only()));
  return BlockAnswer{.tag = "SET"};
}

// ---- A statement ----

Result<void> TransactionBlock::begin_statement(bool writes) {
  if (writes) TRY(session_.check_writable());
  if (!in_block()) TRY(begin_for_statement(writes));
  implicit_ran_ = implicit_;
  first_statement_ = false;
  if (writes && (transaction_->read_only() || (in_block() && mode_.read_only()))) {
    return Error(ErrorCode::kReadOnlyTransaction, "cannot change data in a read-only transaction");
  }
  return transaction_->begin_statement(writes);
}

Result<void> TransactionBlock::begin_for_statement(bool writes) {
  const txn::IsolationLevel isolation = settings().isolation();
  const bool may_share =
      writes || ran_before_ || isolation != txn::IsolationLevel::kReadCommitted;
  if (!implicit_ || !may_share)
    return begin(isolation, writes ? settings().default_read_only() : true);
  TRY(begin(isolation, settings().default_read_only()));
  open(true);
  return {};
}

Result<bool> TransactionBlock::begin_look() {
  if (transaction_ != nullptr) return false;
  TRY(begin(txn::IsolationLevel::kReadCommitted, true));
  TRY(transaction_->begin_statement(false));
  return true;
}

Result<std::string> TransactionBlock::finish_statement(std::string_view text) {
  if (is_open()) {
    // Past the limit only the length and the hash would change; keep enough to know that it is past.
    if (!text.empty() && commit_body_.size() < 4 * kCommitBodyBytesMax) {
      if (!commit_body_.empty()) commit_body_ += ";\n";
      commit_body_ += text;
    }
    return std::string();
  }
  commit_body_ = text;
  TRY_ASSIGN(const txn::CommitOutcome outcome, commit(""));
  transaction_.reset();
  schema_changed_ = false;
  return outcome.changed ? outcome.commit.hex() : std::string();
}

void TransactionBlock::end_own() {
  if (!in_block()) transaction_.reset();
}

std::unique_ptr<txn::Transaction> TransactionBlock::take_own() {
  if (in_block()) return nullptr;
  return std::move(transaction_);
}

void TransactionBlock::undo_statement() {
  if (!in_block()) {
    transaction_.reset();
  } else if (transaction_) {
    transaction_->undo_statement();
  }
}

void TransactionBlock::fail_statement() noexcept {
  const bool was_implicit = std::exchange(implicit_, false) || implicit_open_;
  if (was_implicit && !in_explicit_block()) {
    ends_well([&] { end(false); });
  } else if (state_ == TransactionState::kIdle) {
    transaction_.reset();  // Rolls back.
    schema_changed_ = false;
  } else if (state_ == TransactionState::kOpen) {
    state_ = TransactionState::kFailed;
    ends_well([&] { cut_streams(failed_block()); });
    // What it leaves undone goes with the rest: nothing but going back further is possible now.
    if (transaction_) ends_well([&] { transaction_->undo_statement(); });
    // Without a savepoint nothing of it can come back: those who wait for its locks go on.
    if (transaction_ && !mode_.in_savepoint()) ends_well([&] { transaction_->rollback(); });
  }
}

// ---- Implicit transactions ----

void TransactionBlock::begin_implicit() {
  if (!in_block()) implicit_ = true;
}

Result<void> TransactionBlock::end_implicit() {
  if (!std::exchange(implicit_, false) || in_explicit_block()) return {};
  cursors_.drop_unheld();
  draw_streams();
  if (implicit_open_) TRY(commit(""));
  end(true);
  return {};
}

// ---- Streams ----

// The cursors that end with a block are read no more.
void TransactionBlock::draw_before(StatementKind kind) noexcept {
  if (streams_.empty() || kind == StatementKind::kRollback || kind == StatementKind::kFetch ||
      kind == StatementKind::kMove || kind == StatementKind::kClose)
    return;
  if (kind == StatementKind::kCommit && is_open()) cursors_.drop_unheld();
  draw_streams();
}

void TransactionBlock::draw_streams() noexcept {
  const std::vector<Stream*>& streams = streams_;
  for (size_t i = 0; i < streams.size(); ++i) streams[i]->draw();
}

void TransactionBlock::cut_streams(const Error& why) noexcept {
  for (Stream* const stream : std::exchange(streams_, {})) stream->cut(why);
}

}  // namespace rowan::engine
