#include "engine/stream.h"

#include <chrono>

#include "base/caught.h"
#include "engine/session.h"
#include "engine/virtual_rows.h"
#include "exec/build.h"
#include "exec/operators.h"

namespace rowan::engine {

Stream::Stream(SessionImpl& session, std::shared_ptr<Prepared> prepared,
               std::unique_ptr<txn::Transaction> own, std::vector<type::Value> parameters)
    : session_(session),
      prepared_(std::move(prepared)),
      plan_(prepared_->query),
      own_(std::move(own)),
      parameters_(std::move(parameters)),
      in_block_(own_ == nullptr),
      time_left_us_(session.settings().statement_timeout_ms() * 1000) {
  if (in_block_) session_.block().add_stream(*this);
}

Stream::~Stream() {
  root_.reset();
  if (in_block_) session_.block().remove_stream(*this);
}

// While it lives, system tables read through the stream's transaction, and what is collected counts.
template <typename Read>
auto Stream::reading(const Read& read) -> decltype(read()) {
  struct Scope {
    Scope(SessionImpl& of, txn::Transaction* transaction)
        : session(of), counted(&of.owner().memory()) {
      session.set_reading(transaction);
    }
    ~Scope() { session.set_reading(nullptr); }
    SessionImpl& session;
    const BudgetScope counted;
  };
  const Scope scope(session_, own_ ? own_.get() : session_.transaction());
  return read();
}

void Stream::make_context() {
  txn::Transaction& transaction = own_ ? *own_ : *session_.transaction();
  expr::EvalContext eval = session_.eval_context();
  frozen_ = {std::string(eval.user),   std::string(eval.database),
             std::string(eval.schema), std::string(eval.branch),
             std::string(eval.last_commit), {eval.path.begin(), eval.path.end()}};
  eval.user = frozen_.user;
  eval.database = frozen_.database;
  eval.schema = frozen_.schema;
  eval.branch = frozen_.branch;
  eval.last_commit = frozen_.last_commit;
  eval.path = frozen_.path;
  eval.transaction_time_us = transaction.start_time_us() - kMicrosFrom1970To2000;
  eval.parameters = &parameters_;
  eval.given = nullptr;
  eval.sequences = nullptr;  // It outlives the statement, which they belong to.
  eval.files = nullptr;
  context_.emplace(session_.context_in(transaction, eval));
}

Result<void> Stream::open() {
  make_context();
  TRY_ASSIGN(root_, exec::build(*plan_, *context_));
  return reading([&] { return root_->open(); });
}

Result<bool> Stream::read_on(type::Batch& batch) {
  if (time_left_us_ == 0) return reading([&] { return root_->next(batch); });
  const auto begin = std::chrono::steady_clock::now();
  Result<bool> more = session_.within(time_left_us_, [&] {
    return reading([&] { return root_->next(batch); });
  });
  const auto taken = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - begin);
  time_left_us_ = std::max<int64_t>(time_left_us_ - taken.count(), 1);
  return more;
}

Result<bool> Stream::pull(type::Batch& batch) {
  if (next_drawn_ < drawn_.size()) {
    batch = std::move(drawn_[next_drawn_++]);
    return true;
  }
  if (failure_) {
    if (in_block_) session_.block().fail_statement();
    return Error(*failure_);
  }
  if (root_ == nullptr) return false;
  try {
    auto more = read_on(batch);
    if (!more && in_block_) session_.block().fail_statement();
    return more;
  } catch (...) {
    if (in_block_) session_.block().fail_statement();
    throw;
  }
}

void Stream::draw() noexcept {
  if (root_ == nullptr) return;
  try {
    account_ = context_->rows_account();
    for (;;) {
      type::Batch batch;
      auto more = read_on(batch);
      if (more && !*more) break;
      if (more) {
        if (auto counted = account_.add(exec::batch_bytes(batch)); !counted)
          more = std::move(counted).error();
      }
      if (!more) {
        failure_ = std::move(more).error();
        break;
      }
      drawn_.push_back(std::move(batch));
    }
  } catch (...) {
    ends_well([&] { failure_ = error_of_exception(); });
  }
  root_.reset();
}

void Stream::cut(const Error& why) noexcept {
  in_block_ = false;
  if (root_ == nullptr) return;
  root_.reset();
  ends_well([&] { failure_ = why; });
}

}  // namespace rowan::engine
