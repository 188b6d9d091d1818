#include "sharing/served_session.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/caught.h"
#include "sharing/failures.h"

namespace rowan::sharing {

namespace {

constexpr size_t kBatchBytes = 64u << 10;
constexpr uint64_t kBatchRows = 4096;

// Settings that only say how things are.
bool is_saved(std::string_view name) {
  return name != "rowan.branch" && !name.starts_with("transaction_");
}

}  // namespace

ServedSession::ServedSession(Database& database, Channel& channel, uint64_t key)
    : database_(database), channel_(channel), key_(key) {}

ServedSession::~ServedSession() {
  cancellable_.store(nullptr);
  copy_in_.reset();
  copy_out_.reset();
  rows_.clear();
  statements_.clear();
}

void ServedSession::cancel() {
  if (Session* session = cancellable_.load()) session->cancel();
}

bool ServedSession::is_at_rest() const {
  return session_ == nullptr ||
         (session_->transaction_state() == TransactionState::kIdle && !implicit_ && rows_.empty() &&
          copy_in_ == nullptr && copy_out_ == nullptr);
}

bool ServedSession::handle(const Frame& frame) {
  const Ask ask = static_cast<Ask>(frame.kind);
  Decoder in(frame.body);
  switch (ask) {
    case Ask::kBeginImplicit:
      if (session_) session_->begin_implicit();
      implicit_ = session_ != nullptr;
      return true;
    case Ask::kDropRows:
    case Ask::kDropStatement: {
      uint64_t id = 0;
      in(id);
      if (ask == Ask::kDropRows) {
        rows_.erase(id);
      } else {
        statements_.erase(id);
      }
      return true;
    }
    case Ask::kDropCopy:
      copy_in_.reset();
      copy_out_.reset();
      return true;
    default: {
      Call call;
      in(call);
      if (!in.is_sound()) return false;
      return answer(ask, call, in);
    }
  }
}

bool ServedSession::answer(Ask ask, Call call, Decoder in) {
  last_call_ = call.number;
  failure_.reset();
  Encoder out;
  try {
    listen_for(call.hears);
    work(ask, in, out);
    if (!in.is_sound()) return false;
  } catch (...) {
    failure_ = to_failure(error_of_exception());
  }
  if (failure_) failure_ = as_told(std::move(*failure_));
  if (settings_stale_ && session_) note_settings();
  if (is_broken_) return false;
  const Reply head = reply(call.number);
  if (failure_) {
    tell(Tell::kFailed, encode(head, *failure_));
  } else {
    tell(Tell::kDone, encode(head), out.out());
  }
  return !is_broken_;
}

// What end() cancelled nobody asked to cancel.
Failure ServedSession::as_told(Failure failure) const {
  if (is_ended_ && is(failure, ErrorCode::kQueryCanceled)) return to_failure(ended_by_the_other());
  return failure;
}

Reply ServedSession::reply(uint64_t number) {
  Reply reply;
  reply.number = number;
  if (!session_) return reply;
  reply.state = session_->transaction_state();
  reply.branch = session_->branch();
  if (settings_stale_ && reply.state == TransactionState::kIdle) {
    settings_stale_ = false;
    reply.settings = told_settings_;
  }
  return reply;
}

// Those that are not as at the start; only outside of a transaction, which may yet take them back.
void ServedSession::note_settings() {
  if (session_->transaction_state() != TransactionState::kIdle) return;
  told_settings_.clear();
  for (const std::string& name : setting_names_) {
    std::string value = session_->setting(name);
    if (value != initial_settings_[name]) told_settings_.emplace_back(name, std::move(value));
  }
}

void ServedSession::tell(Tell kind, std::string_view body, std::string_view more) {
  if (!is_broken_ && !channel_.send(static_cast<uint8_t>(kind), body, more)) is_broken_ = true;
}

template <typename T, typename Take>
Outcome<T> ServedSession::ask_back(Tell question, std::string_view body, Ask answer,
                                   const Take& take) {
  tell(question, body);
  const auto frame = is_broken_ ? Result<Frame>(lost_connection()) : channel_.receive();
  if (frame && static_cast<Ask>(frame->kind) == answer) {
    Decoder in(frame->body);
    std::optional<Failure> failure;
    in(failure);
    if (failure && in.is_sound()) return std::move(*failure);
    const std::optional<T> taken = take(in);
    if (taken && in.is_sound()) return *taken;
  }
  is_broken_ = true;
  return to_failure(lost_connection());
}

// ---- What the client hears while a call runs ----

void ServedSession::listen_for(uint8_t hears) {
  if (hears == hears_ || !session_) return;
  hears_ = hears;
  session_->set_notice_handler(nullptr);
  session_->set_status_handler(nullptr);
  session_->set_progress(nullptr);
  if ((hears & kHearsNotices) != 0)
    session_->set_notice_handler(
        [this](const Notice& notice) { tell(Tell::kNotice, encode(notice)); });
  if ((hears & kHearsStatuses) != 0)
    session_->set_status_handler([this](std::string_view name, std::string_view value) {
      tell(Tell::kStatus, encode(name, value));
    });
  if ((hears & kHearsProgress) != 0)
    session_->set_progress([this](const Progress& progress) {
      tell(Tell::kProgress, encode(progress.what, progress.done, progress.total, progress.unit));
    });
  session_->set_copy_source((hears & kHasSource) != 0 ? this : nullptr);
  session_->set_copy_sink((hears & kHasSink) != 0 ? this : nullptr);
}

Outcome<size_t> ServedSession::read(char* buffer, size_t size) {
  return ask_back<size_t>(Tell::kReadSource, encode(static_cast<uint64_t>(size)), Ask::kSourceBytes,
                          [&](Decoder& in) -> std::optional<size_t> {
                            const std::string_view bytes = in.view();
                            if (bytes.size() > size) return std::nullopt;
                            std::copy(bytes.begin(), bytes.end(), buffer);
                            return bytes.size();
                          });
}

Outcome<bool> ServedSession::write(std::string_view bytes) {
  return ask_back<bool>(Tell::kWriteSink, encode(bytes), Ask::kSinkTaken,
                        [](Decoder&) { return std::optional<bool>(true); });
}

// ---- Calls ----

template <typename T>
T* ServedSession::taken(Outcome<T>& outcome) {
  if (outcome) return &*outcome;
  failure_ = outcome.failure();
  return nullptr;
}

void ServedSession::work(Ask ask, Decoder& in, Encoder& out) {
  if (ask == Ask::kConnect) return connect(in, out);
  if (ask == Ask::kCheck) return check(in, out);
  if (ask == Ask::kCheckpoint) {
    auto done = database_.checkpoint();
    taken(done);
    return;
  }
  if (!session_) {
    failure_ = to_failure(lost_connection());
    return;
  }
  switch (ask) {
    case Ask::kPrepare:
      return prepare(in, out);
    case Ask::kPrepareAll:
      return prepare_all(in, out);
    case Ask::kDescribe: {
      Statement* const open = find_statement(in);
      if (open == nullptr) return;
      bool has_values = false;
      std::vector<Parameter> values;
      in(has_values, values);
      if (!in.is_sound()) return;
      auto info = has_values ? open->describe(values) : open->describe();
      if (const StatementInfo* known = taken(info)) out(*known);
      return;
    }
    case Ask::kCheckValues: {
      Statement* const open = find_statement(in);
      if (open == nullptr) return;
      std::vector<Parameter> values;
      in(values);
      if (!in.is_sound()) return;
      auto checked = open->check(values);
      taken(checked);
      return;
    }
    case Ask::kRun:
      return run(in, out);
    case Ask::kFetch: {
      uint64_t id = 0;
      in(id);
      const auto found = rows_.find(id);
      if (found == rows_.end()) {
        failure_ = to_failure(Error(ErrorCode::kInvalidCursorName, "the rows are gone"));
        return;
      }
      const RowBatch batch = next_batch(*found->second);
      if (batch.is_last) rows_.erase(found);
      out(batch);
      return;
    }
    case Ask::kEndImplicit: {
      implicit_ = false;
      auto ended = session_->end_implicit();
      taken(ended);
      return;
    }
    case Ask::kFailBlock:
      return session_->fail_block();
    case Ask::kReset: {
      settings_stale_ = true;
      auto done = session_->reset();
      taken(done);
      return;
    }
    case Ask::kNameStatement: {
      Statement* const open = find_statement(in);
      if (open == nullptr) return;
      auto named = session_->name_statement(in.view(), *open);
      taken(named);
      return;
    }
    case Ask::kNamedStatement: {
      auto statement = session_->named_statement(in.view());
      if (taken(statement) != nullptr) out(keep(std::move(*statement)));
      return;
    }
    case Ask::kDropNamed: {
      auto dropped = session_->drop_named_statement(in.view());
      if (const bool* was_there = taken(dropped)) out(*was_there);
      return;
    }
    case Ask::kSetting: {
      std::string name;
      in(name);
      out(session_->setting(name), session_->timeout_ms(name));
      return;
    }
    case Ask::kReported:
      out(session_->reported_settings());
      return;
    default:
      return copy(ask, in, out);
  }
}

void ServedSession::connect(Decoder& in, Encoder& out) {
  ConnectOptions options;
  in(options);
  if (!in.is_sound()) return;
  // Of one that came here by way of another process, that one.
  if (options.process == 0) options.process = channel_.peer_process();
  auto session = database_.connect(options);
  if (taken(session) == nullptr) return;
  session_ = std::move(*session);
  cancellable_.store(session_.get());
  auto all = session_->run("SHOW ALL");
  if (all) {
    while (true) {
      auto more = (*all)->next();
      if (!more || !*more) break;
      const std::string name = (*all)->get_text(0);
      if (!is_saved(name)) continue;
      setting_names_.push_back(name);
      initial_settings_[name] = session_->setting(name);
    }
  }
  out(key_, session_->database(), session_->user());
}

void ServedSession::check(Decoder& in, Encoder& out) {
  bool wants_notes = false;
  uint8_t hears = 0;
  in(wants_notes, hears);
  std::vector<std::string> notes;
  std::function<void(const Progress&)> report;
  if ((hears & kHearsProgress) != 0)
    report = [this](const Progress& progress) {
      tell(Tell::kProgress, encode(progress.what, progress.done, progress.total, progress.unit));
    };
  auto problems = database_.check(report, wants_notes ? &notes : nullptr);
  if (const auto* found = taken(problems)) out(*found, notes);
}

PreparedFacts ServedSession::keep(std::unique_ptr<Statement> statement) {
  PreparedFacts facts;
  facts.id = ++last_id_;
  facts.parameter_count = statement->parameter_count();
  facts.words = statement->words();
  facts.is_copy_in = statement->is_copy_in();
  facts.is_copy_out = statement->is_copy_out();
  facts.traits = statement->traits();
  statements_[facts.id] = std::move(statement);
  return facts;
}

void ServedSession::prepare(Decoder& in, Encoder& out) {
  const std::string_view text = in.view();
  std::vector<uint32_t> oids;
  in(oids);
  if (!in.is_sound()) return;
  auto statement = session_->prepare(text, oids);
  if (taken(statement) != nullptr) out(keep(std::move(*statement)));
}

void ServedSession::prepare_all(Decoder& in, Encoder& out) {
  const std::string_view text = in.view();
  if (!in.is_sound()) return;
  auto statements = session_->prepare_all(text);
  if (taken(statements) == nullptr) return;
  std::vector<PreparedFacts> facts;
  for (auto& statement : *statements) facts.push_back(keep(std::move(statement)));
  out(facts);
}

Statement* ServedSession::find_statement(Decoder& in) {
  uint64_t id = 0;
  in(id);
  const auto found = statements_.find(id);
  if (found != statements_.end()) return found->second.get();
  failure_ = to_failure(
      Error(ErrorCode::kUndefinedPreparedStatement, "the prepared statement does not exist"));
  return nullptr;
}

void ServedSession::run(Decoder& in, Encoder& out) {
  Statement* const open = find_statement(in);
  std::vector<Parameter> parameters;
  in(parameters);
  if (open == nullptr || !in.is_sound()) return;
  settings_stale_ = settings_stale_ || open->traits().may_set;
  auto rows = open->run(parameters);
  if (taken(rows) != nullptr) put_rows(std::move(*rows), out);
}

void ServedSession::put_rows(std::unique_ptr<Rows> rows, Encoder& out) {
  RowsHead head;
  head.id = ++last_id_;
  head.format = rows->format();
  head.columns = rows->columns();
  head.first = next_batch(*rows);
  if (!head.first.is_last) rows_[head.id] = std::move(rows);
  out(head);
}

RowBatch ServedSession::next_batch(Rows& rows) {
  RowBatch batch;
  const std::vector<ColumnInfo>& columns = rows.columns();
  std::vector<Forms> forms;
  forms.reserve(columns.size());
  for (const ColumnInfo& column : columns) forms.push_back(forms_of(column));
  Encoder values;
  std::string text;
  while (values.out().size() < kBatchBytes && batch.rows < kBatchRows) {
    auto more = rows.next();
    if (!more) batch.failure = as_told(more.failure());
    if (!more || !*more) {
      batch.is_last = true;
      break;
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      const bool is_null = rows.is_null(i);
      values(is_null);
      if (is_null) continue;
      text.clear();
      rows.append(i, Format::kText, text);
      values(text);
      if (forms[i].integer) values(rows.get_int(i));
      if (forms[i].real) values(rows.get_double(i));
      if (!forms[i].binary) continue;
      text.clear();
      rows.append(i, Format::kBinary, text);
      values(text);
    }
    ++batch.rows;
  }
  batch.values = std::move(values.out());
  batch.tag = rows.tag();
  batch.affected = rows.affected();
  batch.commit_id = rows.commit_id();
  batch.notices = rows.notices();
  return batch;
}

void ServedSession::copy(Ask ask, Decoder& in, Encoder& out) {
  switch (ask) {
    case Ask::kCopyIn:
    case Ask::kCopyOut: {
      Statement* const open = find_statement(in);
      if (open == nullptr) return;
      if (ask == Ask::kCopyIn) {
        auto copy = session_->start_copy_in(*open);
        if (taken(copy) == nullptr) return;
        copy_in_ = std::move(*copy);
        out(static_cast<uint64_t>(copy_in_->column_count()));
      } else {
        auto copy = session_->start_copy_out(*open);
        if (taken(copy) == nullptr) return;
        copy_out_ = std::move(*copy);
        out(static_cast<uint64_t>(copy_out_->column_count()));
      }
      return;
    }
    case Ask::kCopyWrite:
    case Ask::kCopyFinish:
    case Ask::kCopyFail: {
      if (!copy_in_) break;
      if (ask == Ask::kCopyWrite) {
        auto written = copy_in_->write(in.view());
        taken(written);
        return;
      }
      const std::unique_ptr<CopyIn> ended = std::move(copy_in_);
      if (ask == Ask::kCopyFail) {
        out(ended->fail(in.view()));
        return;
      }
      auto rows = ended->finish();
      if (taken(rows) != nullptr) put_rows(std::move(*rows), out);
      return;
    }
    case Ask::kCopyNext:
    case Ask::kCopyOutFinish: {
      if (!copy_out_) break;
      if (ask == Ask::kCopyNext) {
        std::string chunk;
        auto more = copy_out_->next(chunk);
        if (taken(more) != nullptr) out(*more, chunk);
        return;
      }
      const std::unique_ptr<CopyOut> ended = std::move(copy_out_);
      auto rows = ended->finish();
      if (taken(rows) != nullptr) put_rows(std::move(*rows), out);
      return;
    }
    default:
      break;
  }
  failure_ = to_failure(Error(ErrorCode::kProtocolViolation, "a call that does not fit was made"));
}

}  // namespace rowan::sharing
