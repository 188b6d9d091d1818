// COPY: its ends are files, or what the caller set.
#include <fmt/format.h>

#include "engine/failure.h"
#include "engine/resolver.h"
#include "engine/session.h"
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
      TRY_ASSIGN(source, exec::open_copy_source(statement.path, context));
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
    plan::PlanContext planning{resolver, parameters, context.eval, settings_.disabled_rules()};
    exec::FileSink sink;
    if (statement.end == sql::CopyEnd::kFile) {
      TRY_ASSIGN(sink, exec::open_copy_sink(statement.path, context));
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
    if (sink.finish) TRY(sink.finish());
  }
  TRY_ASSIGN(std::string commit, finish_statement(prepared));
  return done(fmt::format("COPY {}", rows), rows, std::move(commit));
}

}  // namespace rowan::engine
