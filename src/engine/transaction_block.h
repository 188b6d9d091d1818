// TransactionBlock: a session's transactions: BEGIN to COMMIT with its savepoints, the implicit one of
// several statements, and the one that a statement has to itself.
//
// Owns:    the open transaction and what stands and falls with it: whether it failed, whether it may
//          write, its savepoints, the text of its commit, what is known of unique keys in it, and the
//          list of the streams that read in it.
// Borrows: the session's settings and cursors, which it takes back at a rollback; and of the session
//          where it stands and who commits (BlockSession).
// Errors:  a statement that failed must be told by fail_statement() (N2, N3).
// Threads: the session's.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/block_mode.h"
#include "engine/cursors.h"
#include "engine/database.h"
#include "engine/session_settings.h"
#include "exec/unique_keys.h"
#include "git/commit.h"
#include "rowan/rowan.h"
#include "sql/ast.h"
#include "txn/transaction.h"
#include "versions/context.h"

namespace rowan::engine {

class Stream;

// What a block asks of the session that it is in.
class BlockSession {
 public:
  virtual const versions::Head& head() const = 0;
  virtual git::Signature author() const = 0;  // Of commits.
  // Whether the session may change its branch: 25006 on a tag or commit, 42501 on a protected branch.
  virtual Result<void> check_writable() const = 0;

 protected:
  ~BlockSession() = default;
};

// What one of its statements (BEGIN, COMMIT, SAVEPOINT …) came to.
struct BlockAnswer {
  std::string tag;
  std::string commit_id = {};             // Empty: none was made.
  std::optional<Error> warning = {};
};

class TransactionBlock {
 public:
  TransactionBlock(const BlockSession& session, DatabaseImpl& database, SessionSettings& settings,
                   Cursors& cursors, const std::atomic<bool>& cancelled)
      : session_(session),
        database_(database),
        settings_(settings),
        cursors_(cursors),
        cancelled_(cancelled),
        unique_(database.unique_indexes(), database.store()) {}
  TransactionBlock(const TransactionBlock&) = delete;
  TransactionBlock& operator=(const TransactionBlock&) = delete;

  // ---- How it stands ----
  bool is_open() const { return state_ == TransactionState::kOpen; }
  bool has_failed() const { return state_ == TransactionState::kFailed; }
  // In a transaction that is not the running statement's alone.
  bool in_block() const { return state_ != TransactionState::kIdle; }
  bool in_explicit_block() const { return in_block() && !implicit_open_; }  // BEGIN was said.
  // To the client an implicit transaction is none.
  TransactionState told_state() const { return implicit_open_ ? TransactionState::kIdle : state_; }
  bool is_implicit() const { return implicit_; }  // From begin_implicit() to its end.
  // Whether what is set now goes with a transaction of several statements.
  bool is_shared() const { return is_open() || implicit_; }
  // Whether the running statement is in a block, or behind others of an implicit transaction.
  bool is_behind_others() const { return in_explicit_block() || ran_before_; }
  // What no transaction takes is refused there. kActiveTransaction.
  Result<void> check_alone(std::string_view words) const;

  txn::Transaction* transaction() const { return transaction_.get(); }  // Null: none is open.
  exec::UniqueState& unique() { return unique_; }
  // Of the block, or of one that would begin now.
  txn::IsolationLevel isolation() const;
  bool read_only() const;
  bool refuses_writes() const;  // As read_only(), and on a tag or commit.
  bool schema_changed() const { return schema_changed_; }  // By it: cached plans do not hold.
  void note_schema_change() { schema_changed_ = true; }

  // ---- BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE, ROLLBACK TO, SET TRANSACTION ----
  Result<BlockAnswer> run(const sql::TransactionStmt& statement);
  void roll_back();  // Whatever is open; nothing is said.

  // ---- A statement ----
  void note_start() { ran_before_ = implicit_ && implicit_ran_; }  // Before each.
  // The block's transaction, or one for the statement alone. kReadOnlyTransaction; check_writable().
  Result<void> begin_statement(bool writes);
  // For a look at what is there: the block's, or one of its own, which end_own() ends. True: its own.
  Result<bool> begin_look();
  // `text`: of a statement that wrote, for the commit's body. Outside a block commits; gives the
  // commit's id, or nothing when there is none.
  Result<std::string> finish_statement(std::string_view text);
  // Ends the transaction of a statement that only read; in a block it stays.
  void end_own();
  std::unique_ptr<txn::Transaction> take_own();  // The same, for who reads on. Null in a block.
  // What the statement did is undone, and it may run once more.
  void undo_statement();
  // An error, or an exception, ends what the statement was in.
  void fail_statement() noexcept;

  // ---- Implicit transactions ----
  void begin_implicit();
  Result<void> end_implicit();

  // ---- Streams that read in it (stream.h) ----
  void add_stream(Stream& stream) { streams_.push_back(&stream); }
  void remove_stream(Stream& stream) { std::erase(streams_, &stream); }
  void draw_streams() noexcept;
  // Draws those that a statement of that kind could change the rows of.
  void draw_before(sql::StatementKind kind) noexcept;

  // ---- Commits of the session ----
  const std::string& last_commit() const { return last_commit_; }  // Hex; empty: none yet.
  // One was made past its transactions: reads must see it.
  void note_commit(const Oid& commit, uint64_t sequence);
  // The session went to another branch, or its branch was moved.
  void forget_sequence() { last_sequence_ = 0; }

 private:
  using Answer = Result<BlockAnswer>;
  const Settings& settings() const { return settings_.now(); }
  Result<void> begin(txn::IsolationLevel isolation, bool read_only);
  Result<void> begin_for_statement(bool writes);
  void open(bool is_implicit);  // What was begun is a block.
  Result<txn::CommitOutcome> commit(std::string_view message);
  void end(bool committed);
  void cut_streams(const Error& why) noexcept;
  Answer begin_block(const sql::TransactionStmt& statement);
  Answer go_on_as_block(const sql::TransactionStmt& statement);
  Answer end_block(const sql::TransactionStmt& statement);
  Answer mark(const sql::TransactionStmt& statement);
  Answer set_transaction(const sql::TransactionStmt& statement);
  Result<void> set_mode(const sql::TransactionStmt& statement, bool before_first_query);

  const BlockSession& session_;
  DatabaseImpl& database_;
  SessionSettings& settings_;
  Cursors& cursors_;
  const std::atomic<bool>& cancelled_;

  TransactionState state_ = TransactionState::kIdle;
  std::unique_ptr<txn::Transaction> transaction_;
  BlockMode mode_;                // Of the block.
  bool first_statement_ = true;   // Of the block: isolation and mode can still be set.
  bool schema_changed_ = false;
  std::string commit_body_;       // The block's writing statements so far.
  exec::UniqueState unique_;
  std::vector<Stream*> streams_;  // That read in the block's transaction, or were drawn in it.
  // From begin_implicit() on. Its first query alone may have a transaction of its own, as it would
  // outside; from the second statement on, or the first that writes, all share one, in which `state_`
  // is kOpen.
  bool implicit_ = false;
  bool implicit_ran_ = false;     // Something ran in it.
  bool implicit_open_ = false;    // The open transaction is the implicit one.
  bool ran_before_ = false;       // As implicit_ran_ when the running statement began.
  uint64_t last_sequence_ = 0;    // Of the session's last commit: its reads must see it.
  std::string last_commit_;
};

// Why nothing runs in a failed block.
Error failed_block();
// kActiveTransaction: what no transaction takes.
Error not_in_block(std::string_view words);

}  // namespace rowan::engine
