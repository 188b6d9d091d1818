#include "sharing/remote_session.h"

#include <fmt/format.h>

#include <utility>

#include "base/caught.h"
#include "sharing/failures.h"
#include "sharing/scripts.h"

namespace rowan::sharing {

namespace {

constexpr size_t kCopyBytes = 64u << 10;

// Reads one structure out of an answer; what does not fit is a failure.
template <typename T>
Outcome<T> decoded(Outcome<std::string> answer) {
  if (!answer) return answer.failure();
  T value{};
  Decoder in(*answer);
  in(value);
  if (!in.is_sound()) return to_failure(lost_connection());
  return value;
}

class RemoteRows final : public Rows {
 public:
  RemoteRows(std::shared_ptr<Link> link, RowsHead head)
      : link_(std::move(link)),
        id_(head.id),
        format_(head.format),
        columns_(std::move(head.columns)),
        batch_(std::move(head.first)),
        in_(batch_.values),
        values_(columns_.size()) {
    for (const ColumnInfo& column : columns_) forms_.push_back(forms_of(column));
  }
  ~RemoteRows() override {
    if (!batch_.is_last) link_->tell(Ask::kDropRows, encode(id_));
  }
  RemoteRows(const RemoteRows&) = delete;
  RemoteRows& operator=(const RemoteRows&) = delete;

  const std::vector<ColumnInfo>& columns() const override { return columns_; }
  Format format() const override { return format_; }

  Outcome<bool> next() override {
    while (read_ == batch_.rows) {
      if (batch_.failure) return *std::exchange(batch_.failure, std::nullopt);
      if (batch_.is_last) return false;
      auto more = decoded<RowBatch>(link_->call(Ask::kFetch, encode(id_)));
      if (!more) {
        batch_.is_last = true;
        return more.failure();
      }
      batch_ = std::move(*more);
      in_ = Decoder(batch_.values);
      read_ = 0;
    }
    for (size_t i = 0; i < values_.size(); ++i) read_value(i);
    ++read_;
    return true;
  }
  bool is_null(size_t i) const override { return values_[i].is_null; }
  int64_t get_int(size_t i) const override { return values_[i].integer; }
  double get_double(size_t i) const override { return values_[i].real; }
  std::string get_text(size_t i) const override { return std::string(values_[i].text); }
  std::string_view get_string(size_t i) const override {
    const ColumnKind kind = columns_[i].kind;
    const bool is_plain = kind == ColumnKind::kText || kind == ColumnKind::kNumeric;
    return is_plain ? values_[i].text : std::string_view();
  }
  void append(size_t i, Format format, std::string& out) const override {
    out.append(format == Format::kBinary && forms_[i].binary ? values_[i].binary
                                                             : values_[i].text);
  }
  const std::string& tag() const override { return batch_.tag; }
  uint64_t affected() const override { return batch_.affected; }
  const std::string& commit_id() const override { return batch_.commit_id; }
  const std::vector<Notice>& notices() const override { return batch_.notices; }

 private:
  struct Value {
    bool is_null = true;
    std::string_view text;
    int64_t integer = 0;
    double real = 0;
    std::string_view binary;
  };

  void read_value(size_t i) {
    Value& value = values_[i];
    value = Value();
    in_(value.is_null);
    if (value.is_null) return;
    value.text = in_.view();
    if (forms_[i].integer) in_(value.integer);
    if (forms_[i].real) in_(value.real);
    if (forms_[i].binary) value.binary = in_.view();
  }

  std::shared_ptr<Link> link_;
  uint64_t id_;
  Format format_;
  std::vector<ColumnInfo> columns_;
  std::vector<Forms> forms_;
  RowBatch batch_;
  Decoder in_;
  uint64_t read_ = 0;  // Of the batch's rows.
  std::vector<Value> values_;
};

Outcome<std::unique_ptr<Rows>> rows_of(const std::shared_ptr<Link>& link,
                                       Outcome<std::string> answer) {
  auto head = decoded<RowsHead>(std::move(answer));
  if (!head) return head.failure();
  return std::unique_ptr<Rows>(std::make_unique<RemoteRows>(link, std::move(*head)));
}

class RemoteStatement final : public Statement {
 public:
  RemoteStatement(std::shared_ptr<Link> link, PreparedFacts facts)
      : link_(std::move(link)), facts_(std::move(facts)) {}
  ~RemoteStatement() override { link_->tell(Ask::kDropStatement, encode(facts_.id)); }
  RemoteStatement(const RemoteStatement&) = delete;
  RemoteStatement& operator=(const RemoteStatement&) = delete;

  size_t parameter_count() const override { return facts_.parameter_count; }
  std::string words() const override { return facts_.words; }
  bool is_copy_in() const override { return facts_.is_copy_in; }
  bool is_copy_out() const override { return facts_.is_copy_out; }
  StatementTraits traits() const override { return facts_.traits; }
  Outcome<StatementInfo> describe() override {
    return decoded<StatementInfo>(
        link_->call(Ask::kDescribe, encode(facts_.id, false, std::vector<Parameter>())));
  }
  Outcome<StatementInfo> describe(const std::vector<Parameter>& parameters) override {
    return decoded<StatementInfo>(
        link_->call(Ask::kDescribe, encode(facts_.id, true, parameters)));
  }
  Outcome<bool> check(const std::vector<Parameter>& parameters) override {
    auto answer = link_->call(Ask::kCheckValues, encode(facts_.id, parameters));
    if (!answer) return answer.failure();
    return true;
  }
  Outcome<std::unique_ptr<Rows>> run(const std::vector<Parameter>& parameters) override {
    return rows_of(link_, link_->call(Ask::kRun, encode(facts_.id, parameters)));
  }
  uint64_t id() const { return facts_.id; }

 private:
  std::shared_ptr<Link> link_;
  PreparedFacts facts_;
};

class RemoteCopyIn final : public CopyIn {
 public:
  RemoteCopyIn(std::shared_ptr<Link> link, uint64_t columns)
      : link_(std::move(link)), columns_(columns) {}
  ~RemoteCopyIn() override {
    // Answered, so that it is known what became of the block.
    if (!ended_) ends_well([&] { static_cast<void>(link_->call(Ask::kCopyFail, encode(std::string_view()))); });
  }
  RemoteCopyIn(const RemoteCopyIn&) = delete;
  RemoteCopyIn& operator=(const RemoteCopyIn&) = delete;

  size_t column_count() const override { return columns_; }
  Outcome<bool> write(std::string_view bytes) override {
    buffer_.append(bytes);
    // What is wrong with the first pieces is told at once; many of them go together.
    return sent_ >= kCopyBytes && buffer_.size() < kCopyBytes ? Outcome<bool>(true) : flush();
  }
  Outcome<std::unique_ptr<Rows>> finish() override {
    if (auto flushed = flush(); !flushed) return flushed.failure();
    ended_ = true;
    auto answer = link_->call(Ask::kCopyFinish, {});
    if (!answer && link_->loss() == Link::Loss::kUnknown &&
        link_->state() == TransactionState::kIdle)
      return to_failure(unknown_outcome());
    return rows_of(link_, std::move(answer));
  }
  Failure fail(std::string_view message) override {
    if (failure_) return *failure_;
    ended_ = true;
    auto answer = link_->call(Ask::kCopyFail, encode(message));
    if (!answer) return answer.failure();
    Failure failed;
    Decoder in(*answer);
    in(failed);
    return failed;
  }

 private:
  Outcome<bool> flush() {
    if (failure_) return *failure_;
    if (buffer_.empty()) return true;
    auto written = link_->call(Ask::kCopyWrite, encode(buffer_));
    sent_ += buffer_.size();
    buffer_.clear();
    if (written) return true;
    failure_ = written.failure();
    return *failure_;
  }

  std::shared_ptr<Link> link_;
  uint64_t columns_;
  std::string buffer_;
  uint64_t sent_ = 0;               // Bytes.
  std::optional<Failure> failure_;  // Of the statement.
  bool ended_ = false;
};

class RemoteCopyOut final : public CopyOut {
 public:
  RemoteCopyOut(std::shared_ptr<Link> link, uint64_t columns)
      : link_(std::move(link)), columns_(columns) {}
  ~RemoteCopyOut() override {
    if (!ended_) link_->tell(Ask::kDropCopy, {});
  }
  RemoteCopyOut(const RemoteCopyOut&) = delete;
  RemoteCopyOut& operator=(const RemoteCopyOut&) = delete;

  size_t column_count() const override { return columns_; }
  Outcome<bool> next(std::string& chunk) override {
    auto answer = link_->call(Ask::kCopyNext, {});
    if (!answer) return answer.failure();
    bool more = false;
    Decoder in(*answer);
    in(more, chunk);
    return more;
  }
  Outcome<std::unique_ptr<Rows>> finish() override {
    ended_ = true;
    return rows_of(link_, link_->call(Ask::kCopyOutFinish, {}));
  }

 private:
  std::shared_ptr<Link> link_;
  uint64_t columns_;
  bool ended_ = false;
};

}  // namespace

Outcome<std::unique_ptr<RemoteSession>> RemoteSession::connect(std::shared_ptr<Link> link,
                                                               const ConnectOptions& options) {
  auto answer = link->call(Ask::kConnect, encode(options));
  if (!answer) return answer.failure();
  std::unique_ptr<RemoteSession> session(new RemoteSession(std::move(link)));
  uint64_t key = 0;
  Decoder in(*answer);
  in(key, session->database_, session->user_);
  if (!in.is_sound()) return to_failure(lost_connection());
  session->link_->set_key(key);
  return session;
}

Outcome<std::unique_ptr<Statement>> RemoteSession::prepare(
    std::string_view sql, const std::vector<uint32_t>& parameter_oids) {
  auto facts = decoded<PreparedFacts>(link_->call(Ask::kPrepare, encode(sql, parameter_oids)));
  if (!facts) return facts.failure();
  return std::unique_ptr<Statement>(std::make_unique<RemoteStatement>(link_, std::move(*facts)));
}

Outcome<std::vector<std::unique_ptr<Statement>>> RemoteSession::prepare_all(std::string_view sql) {
  auto all = decoded<std::vector<PreparedFacts>>(link_->call(Ask::kPrepareAll, encode(sql)));
  if (!all) return all.failure();
  std::vector<std::unique_ptr<Statement>> statements;
  for (PreparedFacts& facts : *all)
    statements.push_back(std::make_unique<RemoteStatement>(link_, std::move(facts)));
  return statements;
}

Outcome<std::unique_ptr<Rows>> RemoteSession::run(std::string_view sql,
                                                  const std::vector<Parameter>& parameters) {
  auto statement = prepare(sql, {});
  if (!statement) return statement.failure();
  return (*statement)->run(parameters);
}

Outcome<uint64_t> RemoteSession::run_script(std::string_view sql,
                                            const std::function<void(Rows&)>& each) {
  auto statements = prepare_all(sql);
  if (!statements) return statements.failure();
  return run_each(*statements, each);
}

Outcome<uint64_t> RemoteSession::run_message(std::string_view sql,
                                             const std::function<Outcome<bool>(Rows&)>& each) {
  return run_as_message(*this, sql, each);
}

Outcome<bool> RemoteSession::name_statement(std::string_view name, Statement& statement) {
  const uint64_t id = static_cast<RemoteStatement&>(statement).id();
  auto named = link_->call(Ask::kNameStatement, encode(id, name));
  if (!named) return named.failure();
  return true;
}

Outcome<std::unique_ptr<Statement>> RemoteSession::named_statement(std::string_view name) {
  auto facts = decoded<PreparedFacts>(link_->call(Ask::kNamedStatement, encode(name)));
  if (!facts) return facts.failure();
  return std::unique_ptr<Statement>(std::make_unique<RemoteStatement>(link_, std::move(*facts)));
}

Outcome<bool> RemoteSession::drop_named_statement(std::string_view name) {
  return decoded<bool>(link_->call(Ask::kDropNamed, encode(name)));
}

void RemoteSession::begin_implicit() { link_->tell(Ask::kBeginImplicit, {}); }

Outcome<bool> RemoteSession::end_implicit() {
  auto ended = link_->call(Ask::kEndImplicit, {});
  if (!ended) return ended.failure();
  return true;
}

Outcome<std::unique_ptr<CopyIn>> RemoteSession::start_copy_in(Statement& statement) {
  const uint64_t id = static_cast<RemoteStatement&>(statement).id();
  auto columns = decoded<uint64_t>(link_->call(Ask::kCopyIn, encode(id)));
  if (!columns) return columns.failure();
  return std::unique_ptr<CopyIn>(std::make_unique<RemoteCopyIn>(link_, *columns));
}

Outcome<std::unique_ptr<CopyOut>> RemoteSession::start_copy_out(Statement& statement) {
  const uint64_t id = static_cast<RemoteStatement&>(statement).id();
  auto columns = decoded<uint64_t>(link_->call(Ask::kCopyOut, encode(id)));
  if (!columns) return columns.failure();
  return std::unique_ptr<CopyOut>(std::make_unique<RemoteCopyOut>(link_, *columns));
}

std::vector<std::pair<std::string, std::string>> RemoteSession::reported_settings() const {
  auto reported = decoded<Settings>(link_->call(Ask::kReported, {}));
  return reported ? std::move(*reported) : Settings();
}

Outcome<bool> RemoteSession::reset() {
  auto done = link_->call(Ask::kReset, {});
  if (!done) return done.failure();
  return true;
}

std::string RemoteSession::setting(std::string_view name) const {
  auto answer = link_->call(Ask::kSetting, encode(name));
  std::string value;
  if (answer) {
    Decoder in(*answer);
    in(value);
  }
  return value;
}

int64_t RemoteSession::timeout_ms(std::string_view name) const {
  auto answer = link_->call(Ask::kSetting, encode(name));
  std::string value;
  int64_t milliseconds = 0;
  if (answer) {
    Decoder in(*answer);
    in(value, milliseconds);
  }
  return milliseconds;
}

Outcome<bool> remote_checkpoint(Link& link) {
  auto done = link.call(Ask::kCheckpoint, {});
  if (!done) return done.failure();
  return true;
}

Outcome<std::vector<std::string>> remote_check(Link& link,
                                               const std::function<void(const Progress&)>& report,
                                               std::vector<std::string>* notes) {
  link.ears.progress = report;
  auto answer = link.call(
      Ask::kCheck, encode(notes != nullptr, report ? kHearsProgress : uint8_t{0}));
  if (!answer) return answer.failure();
  std::vector<std::string> problems, more;
  Decoder in(*answer);
  in(problems, more);
  if (!in.is_sound()) return to_failure(lost_connection());
  if (notes != nullptr) *notes = std::move(more);
  return problems;
}

}  // namespace rowan::sharing
