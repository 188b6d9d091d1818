// COPY: its ends are files, what the caller set, or pushed and pulled piece by piece.
#include <fmt/format.h>

#include <chrono>

#include "base/caught.h"
#include "engine/failure.h"
#include "engine/resolver.h"
#include "engine/session.h"
#include "engine/statement.h"
#include "exec/copy.h"

namespace rowan::engine {

Result<std::unique_ptr<Rows>> SessionImpl::run_copy(Prepared& prepared) {
  const auto& statement = static_cast<const sql::CopyStmt&>(*prepared.parsed.statement);
  exec::ExecContext context = exec_context();
  int64_t next_report_us = 0;
  const exec::ProgressReport report = [&](std::string_view what, uint64_t finished, uint64_t total,
                                          std::string_view unit) {
    const int64_t now = database_.clock().now_us();
    if (!progress_ || now < next_report_us) return;
    next_report_us = now + 100'000;
    progress_({what, finished, total, unit});
  };
  uint64_t rows = 0;
  if (statement.from) {
    exec::FileSource source;
    if (statement.end == sql::CopyEnd::kFile) {
      TRY_ASSIGN(source, exec::open_copy_source(statement.path, file_names_, context));
    } else {
      if (copy_source_ == nullptr)
        return Error(ErrorCode::kFeatureNotSupported, "COPY FROM STDIN needs a source of data")
            .with_hint("Use COPY FROM 'file'.");
      CopySource* from = std::exchange(copy_source_, nullptr);
      source.read = [from](char* buffer, size_t size) -> Result<size_t> {
        auto got = from->read(buffer, size);
        if (!got) return to_error(got.failure());
        return *got;
      };
    }
    TRY_ASSIGN(rows, exec::copy_from(statement, source.read, source.bytes, report, context));
  } else {
    SessionResolver resolver(*this);
    expr::ParameterTypes parameters;
    plan::PlanContext planning{resolver, parameters, context.eval, settings().disabled_rules()};
    exec::FileSink sink;
    if (statement.end == sql::CopyEnd::kFile) {
      TRY_ASSIGN(sink, exec::open_copy_sink(statement.path, file_names_, context));
    } else {
      if (copy_sink_ == nullptr)
        return Error(ErrorCode::kFeatureNotSupported, "COPY TO STDOUT needs somewhere to write")
            .with_hint("Use COPY TO 'file'.");
      CopySink* to = std::exchange(copy_sink_, nullptr);
      sink.write = [to](std::string_view bytes) -> Result<void> {
        auto written = to->write(bytes);
        if (!written) return to_error(written.failure());
        return {};
      };
    }
    TRY_ASSIGN(rows, exec::copy_to(statement, sink.write, planning, report, context));
    if (rows == 0) TRY(sink.write({}));  // Whose sink it is learns that it was used.
    if (sink.finish) TRY(sink.finish());
  }
  TRY_ASSIGN(std::string commit, finish_statement(prepared));
  return done(fmt::format("COPY {}", rows), rows, std::move(commit));
}

// ---- Piece by piece ----

// A COPY between its pieces: its statement has begun, and nothing runs.
class CopyRun {
 public:
  CopyRun(SessionImpl& session, std::shared_ptr<Prepared> prepared)
      : session_(session),
        prepared_(std::move(prepared)),
        time_left_us_(session.settings().statement_timeout_ms() * 1000) {}
  ~CopyRun() {
    if (is_over_) return;
    if (statement().from) {
      session_.block_.fail_statement();
    } else {
      session_.block_.end_own();
    }
  }
  CopyRun(const CopyRun&) = delete;
  CopyRun& operator=(const CopyRun&) = delete;

  const sql::CopyStmt& statement() const {
    return static_cast<const sql::CopyStmt&>(*prepared_->parsed.statement);
  }
  exec::ExecContext& context() { return *context_; }
  SessionImpl& session() { return session_; }

  Result<void> begin() {
    session_.cancelled_.store(false, std::memory_order_relaxed);
    session_.block_.draw_streams();
    return step([&]() -> Result<void> {
      if (session_.block_.has_failed()) return failed_block();
      session_.block_.note_start();
      TRY(session_.block_.begin_statement(may_write(*prepared_)));
      context_.emplace(session_.exec_context());
      return {};
    });
  }

  // A piece of the statement's work; when it fails, so does the statement.
  template <typename Work>
  auto step(const Work& work) -> decltype(work()) {
    const auto begun = std::chrono::steady_clock::now();
    try {
      auto result = session_.within(time_left_us_, [&] {
        const BudgetScope counted(&session_.owner().memory());
        return work();
      });
      if (!result) fail();
      if (time_left_us_ > 0) {
        const auto taken = std::chrono::duration_cast<std::chrono::microseconds>(
            std::chrono::steady_clock::now() - begun);
        time_left_us_ = std::max<int64_t>(time_left_us_ - taken.count(), 1);
      }
      return result;
    } catch (...) {
      fail();
      throw;
    }
  }

  // What reads or writes in the transaction goes before it does.
  std::function<void()> drop;

  void fail() noexcept {
    is_over_ = true;
    if (drop) ends_well(drop);
    context_.reset();
    session_.block_.fail_statement();
  }

  // `count` gives the number of rows.
  template <typename Count>
  Outcome<std::unique_ptr<Rows>> finish(const Count& count) {
    return guarded([&] {
      return to_outcome(step([&]() -> Result<std::unique_ptr<Rows>> {
        TRY_ASSIGN(const uint64_t rows, count());
        TRY_ASSIGN(std::string commit, session_.finish_statement(*prepared_));
        is_over_ = true;
        return session_.done(fmt::format("COPY {}", rows), rows, std::move(commit));
      }));
    });
  }

 private:
  SessionImpl& session_;
  const std::shared_ptr<Prepared> prepared_;
  std::optional<exec::ExecContext> context_;
  int64_t time_left_us_;
  bool is_over_ = false;
};

namespace {

// Once it has failed, every call says so again.
class PushedCopy final : public CopyIn {
 public:
  PushedCopy(SessionImpl& session, std::shared_ptr<Prepared> prepared)
      : run_(session, std::move(prepared)) {
    run_.drop = [this] { copy_.reset(); };
  }

  Result<void> begin() {
    TRY(run_.begin());
    return run_.step([&]() -> Result<void> {
      TRY_ASSIGN(copy_, exec::CopyFrom::open(run_.statement(), {}, run_.context()));
      columns_ = copy_->column_count();
      return {};
    });
  }
  size_t column_count() const override { return columns_; }
  Outcome<bool> write(std::string_view bytes) override {
    if (failure_) return *failure_;
    auto written = guarded([&]() -> Outcome<bool> {
      auto pushed = run_.step([&] { return copy_->push(bytes); });
      if (!pushed) return to_failure(pushed.error());
      return true;
    });
    if (!written) failure_ = written.failure();
    return written;
  }
  Outcome<std::unique_ptr<Rows>> finish() override {
    if (failure_) return *failure_;
    auto rows = run_.finish([&] { return copy_->finish(); });
    failure_ = rows ? ended() : rows.failure();
    return rows;
  }
  Failure fail(std::string_view message) override {
    if (failure_) return *failure_;
    run_.fail();
    failure_ = to_failure(Error(ErrorCode::kQueryCanceled,
                                fmt::format("COPY from stdin failed: {}", message)));
    return *failure_;
  }

 private:
  static Failure ended() {
    return to_failure(Error(ErrorCode::kObjectNotInState, "the COPY has ended"));
  }

  CopyRun run_;
  std::unique_ptr<exec::CopyFrom> copy_;
  size_t columns_ = 0;
  std::optional<Failure> failure_;
};

class PulledCopy final : public CopyOut {
 public:
  PulledCopy(SessionImpl& session, std::shared_ptr<Prepared> prepared)
      : run_(session, std::move(prepared)) {
    run_.drop = [this] { copy_.reset(); };
  }
  ~PulledCopy() override { copy_.reset(); }  // Before its transaction.

  Result<void> begin() {
    TRY(run_.begin());
    return run_.step([&]() -> Result<void> {
      SessionResolver resolver(run_.session());
      expr::ParameterTypes parameters;
      plan::PlanContext planning{resolver, parameters, run_.context().eval,
                                 run_.session().settings().disabled_rules()};
      TRY_ASSIGN(copy_, exec::CopyTo::open(run_.statement(), planning, run_.context()));
      columns_ = copy_->column_count();
      return {};
    });
  }
  size_t column_count() const override { return columns_; }
  Outcome<bool> next(std::string& chunk) override {
    if (failure_) return *failure_;
    auto more = guarded([&] { return to_outcome(run_.step([&] { return copy_->next(chunk); })); });
    if (!more) failure_ = more.failure();
    return more;
  }
  Outcome<std::unique_ptr<Rows>> finish() override {
    if (failure_) return *failure_;
    const uint64_t rows = copy_->rows();
    copy_.reset();
    return run_.finish([&]() -> Result<uint64_t> { return rows; });
  }

 private:
  CopyRun run_;
  std::unique_ptr<exec::CopyTo> copy_;
  size_t columns_ = 0;
  std::optional<Failure> failure_;
};

Failure not_that_copy(std::string_view words) {
  return to_failure(
      Error(ErrorCode::kObjectNotInState, fmt::format("the statement is no {}", words)));
}

}  // namespace

Outcome<std::unique_ptr<CopyIn>> SessionImpl::start_copy_in(Statement& statement) {
  if (!statement.is_copy_in()) return not_that_copy("COPY FROM STDIN");
  return guarded([&]() -> Outcome<std::unique_ptr<CopyIn>> {
    auto copy = std::make_unique<PushedCopy>(*this, prepared_in(statement));
    if (auto begun = copy->begin(); !begun) return to_failure(begun.error());
    return std::unique_ptr<CopyIn>(std::move(copy));
  });
}

Outcome<std::unique_ptr<CopyOut>> SessionImpl::start_copy_out(Statement& statement) {
  if (!statement.is_copy_out()) return not_that_copy("COPY TO STDOUT");
  return guarded([&]() -> Outcome<std::unique_ptr<CopyOut>> {
    auto copy = std::make_unique<PulledCopy>(*this, prepared_in(statement));
    if (auto begun = copy->begin(); !begun) return to_failure(begun.error());
    return std::unique_ptr<CopyOut>(std::move(copy));
  });
}

}  // namespace rowan::engine
