// Rowan's embedding API: open a repository, run SQL in sessions, read results.
//
//   auto database = Database::open("shop.git");           // Failed: database.failure().
//   auto session = (*database)->connect("main");
//   auto rows = (*session)->run("SELECT name FROM item WHERE id = $1", {int64_t{7}});
//   while (*(*rows)->next()) use((*rows)->get_text(0));    // Each step can fail, too.
//
// Threads:   a Database may be used by any number of threads at once. A Session with its Statements, Rows,
//            CopyIn and CopyOut is used by one at a time, whichever that is; only cancel() may be called
//            beside. Handlers and callbacks are called by the thread that is in the session.
// Errors:    functions that can fail give an Outcome and throw nothing. To take the value of an
//            Outcome that failed, or the failure of one that did not, is a mistake of the caller's
//            and throws std::bad_variant_access. Memory that runs out is a failure 53200; only a
//            getter that makes a string (get_text, append, branch, database, user, setting) lets
//            std::bad_alloc through. What a source or sink of COPY throws ends its statement in XX000; what `each`
//            of run_script or run_message throws comes out of that. A statement that failed has left nothing
//            behind; in a block it fails the block, which takes nothing but its end (25P02).
// Lifetime:  a Session must not outlive its Database; a Statement, Rows, CopyIn or CopyOut not its
//            Session. Rows need their Statement no longer. What views point into is said with each.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace rowan {

// What went wrong: five characters of SQLSTATE, one sentence, and what helps.
struct Failure {
  std::string sqlstate;
  std::string message;
  std::string detail;
  std::string hint;
  uint32_t position = 0;  // 1-based character in the statement; 0: none.
  bool retryable = false;
  std::string context;  // Where it happened, beside the statement: "COPY item, line 3".
  // Names of what an integrity error (class 23) is about.
  std::string schema;
  std::string table;
  std::string column;
  std::string data_type;
  std::string constraint;
};

template <typename T>
class Outcome {
 public:
  Outcome(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit on purpose
  Outcome(Failure failure)
      : state_(std::in_place_index<1>, std::move(failure)) {}  // NOLINT: implicit on purpose
  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& operator*() { return std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const Failure& failure() const { return std::get<1>(state_); }

 private:
  std::variant<T, Failure> state_;
};

enum class ColumnKind {
  kBool,
  kInteger,
  kFloat,
  kNumeric,
  kText,
  kBytes,
  kDate,
  kTime,
  kTimestamp,
  kUuid,
  kJson,
  kInterval
};

// How a value is written: as PostgreSQL's output text, or in the binary form of its wire.
enum class Format : uint8_t { kText, kBinary };

struct ColumnInfo {
  std::string name;
  std::string type_name;  // "integer", "numeric(10,2)".
  ColumnKind kind = ColumnKind::kText;
  uint32_t type_oid = 25;      // PostgreSQL's: of pg_type. 25: text.
  int32_t type_modifier = -1;  // As pg_attribute.atttypmod; -1: none.
  int16_t type_size = -1;      // pg_type.typlen; -1: it varies.
  // Where it is a table's column and nothing else: pg_class.oid, pg_attribute.attnum. 0: it is not.
  uint32_t table_oid = 0;
  int16_t table_column = 0;
};

struct ParameterInfo {
  std::string type_name;
  uint32_t type_oid = 25;
};

// A parameter in the binary form of the type that the statement has for it.
struct BinaryValue {
  std::string bytes;
};
// A parameter: NULL, or a value; text is read as the parameter's type when it is of another one.
using Parameter = std::variant<std::monostate, bool, int64_t, double, std::string, BinaryValue>;

// What a statement says beside its result.
struct Notice {
  std::string severity = "NOTICE";  // NOTICE, WARNING, INFO
  std::string sqlstate = "00000";
  std::string message;
  std::string detail;
  std::string hint;
};

// The rows of one statement, before the first. Those of a query are streamed: next() reads on, batch by
// batch (ORDER BY, GROUP BY and joins hold what they need). They are a portal: read as many as are wanted,
// run other statements, read on, or drop them at any time.
//
// Outside a block the Rows hold a transaction of their own until the end, and other statements do not
// touch them. In a block, an implicit one included, they read in the block's; when another statement begins
// there, COMMIT included, the rows not read yet are drawn into memory first (counted; what fails then is told
// by next()), so that any number of Rows can be read side by side, and after the block. A ROLLBACK draws
// nothing: what was not in memory yet is gone, and next() fails with 34000. A failure while rows are read
// fails the block as well; other Rows that read there go on with what is in memory, then fail with 25P02. Of
// statements that write, show something or draw from a sequence all rows are in memory when run() returns.
//
// Values are those of the row that next() came to: their getters require that it gave true.
class Rows {
 public:
  virtual ~Rows() = default;
  virtual const std::vector<ColumnInfo>& columns() const = 0;
  // kBinary: of a BINARY cursor; whoever asks for no format by himself is to get that one.
  virtual Format format() const { return Format::kText; }
  virtual Outcome<bool> next() = 0;  // To the next row; false at the end, and then again.
  virtual bool is_null(size_t column) const = 0;
  virtual int64_t get_int(size_t column)
      const = 0;  // Integers, booleans (0/1), dates and times in their unit; others: 0.
  virtual double get_double(size_t column) const = 0;     // Numbers; others: 0.
  virtual std::string get_text(size_t column) const = 0;  // PostgreSQL's output text.
  virtual std::string_view get_string(
      size_t column) const = 0;  // Text and numeric without a copy; valid until next().
  // Appends the value, which is not NULL, to `out`.
  virtual void append(size_t column, Format format, std::string& out) const = 0;
  virtual const std::string& tag()
      const = 0;  // "SELECT 3", "INSERT 0 5": final once next() was false.
  // Rows written or shown; of a query those read, once next() was false.
  virtual uint64_t affected() const = 0;
  virtual const std::string& commit_id() const = 0;  // The commit this statement made; empty: none.
  virtual const std::vector<Notice>& notices() const = 0;  // Unless a handler has got them.
};

// What is known of a statement before it runs.
struct StatementInfo {
  std::vector<ParameterInfo> parameters;
  std::vector<ColumnInfo> columns;
  bool gives_rows = false;  // False: `columns` is empty, and next() will be false at once.
  std::string words;        // "SELECT", "CREATE TABLE"; empty: no statement.
  bool is_copy_in = false;  // COPY FROM STDIN
  bool is_copy_out = false;
  // Its columns may be others for other values of its parameters (AS OF $1): describe(parameters) knows
  // them, describe() speaks of HEAD.
  bool follows_values = false;
};

// What a statement may do, told by its text: its kind and the functions that it names. What those of a
// view do is not seen.
struct StatementTraits {
  bool may_commit = false;  // It may leave a commit or a moved ref behind, at once or with its block.
  bool may_set = false;     // It may change a setting, or the session's branch.
  bool may_repeat = false;  // Run twice it has done what it does once: BEGIN, SET, SHOW.
  bool ends_block = false;  // A failed block takes it: COMMIT, ROLLBACK, ROLLBACK TO.
  bool stands_alone = false;  // run_message() refuses it beside others: VACUUM.
};

// A prepared statement. It may run any number of times, also while Rows of an earlier run are read; it is
// planned again when definitions changed.
class Statement {
 public:
  virtual ~Statement() = default;
  virtual size_t parameter_count() const = 0;
  virtual std::string words() const = 0;      // As StatementInfo's, at no cost; so are the next three.
  virtual bool is_copy_in() const = 0;
  virtual bool is_copy_out() const = 0;
  virtual StatementTraits traits() const = 0;
  // Binds it without running it: in the block's transaction, or in a snapshot of its own. Fails as
  // run() would for what is wrong with the statement itself; that fails a block, as PostgreSQL's does.
  virtual Outcome<StatementInfo> describe() = 0;
  // The same for a run with these parameters.
  virtual Outcome<StatementInfo> describe(const std::vector<Parameter>& parameters) = 0;
  // Whether the parameters are of the statement's types, as describe() gave them; fails as run() would.
  virtual Outcome<bool> check(const std::vector<Parameter>& parameters) = 0;
  // Of parameters there are parameter_count(); fewer are 42P02, more are left aside.
  virtual Outcome<std::unique_ptr<Rows>> run(const std::vector<Parameter>& parameters = {}) = 0;
};

// COPY FROM STDIN and TO STDOUT of a caller who waits in the statement: it asks for bytes and gives
// them away.
class CopySource {
 public:
  virtual ~CopySource() = default;
  virtual Outcome<size_t> read(char* buffer, size_t size) = 0;  // 0: the end.
};
class CopySink {
 public:
  virtual ~CopySink() = default;
  virtual Outcome<bool> write(std::string_view bytes) = 0;
};

// COPY FROM STDIN of a caller whose data come when they come. Given up before its end it fails.
class CopyIn {
 public:
  virtual ~CopyIn() = default;
  virtual size_t column_count() const = 0;
  // Any part of the data, cut anywhere. A failure is the statement's: nothing more need be written.
  virtual Outcome<bool> write(std::string_view bytes) = 0;
  virtual Outcome<std::unique_ptr<Rows>> finish() = 0;  // "COPY 5"
  // The caller's data broke off: the statement fails with 57014, which is given back.
  virtual Failure fail(std::string_view message) = 0;
};

// COPY TO STDOUT, drawn piece by piece. Given up before its end it is as if it had been read.
class CopyOut {
 public:
  virtual ~CopyOut() = default;
  virtual size_t column_count() const = 0;
  // Puts the next whole lines in the place of what is in `chunk`, some 64 kB; false at the end.
  virtual Outcome<bool> next(std::string& chunk) = 0;
  virtual Outcome<std::unique_ptr<Rows>> finish() = 0;  // Once next() was false: "COPY 5"
};

struct Progress {
  std::string_view what;  // "COPY orders".
  uint64_t done = 0;
  uint64_t total = 0;     // 0: not known.
  std::string_view unit;  // "rows", "bytes".
};

// kIdle: outside a block, where each statement is a transaction. kFailed: a block that only ends.
enum class TransactionState { kIdle, kOpen, kFailed };

// A connection: a branch, settings, at most one transaction block. Its end rolls an open block back; what
// was committed stands.
class Session {
 public:
  virtual ~Session() = default;

  // ---- Statements ----
  // One statement; none at all is a statement that does nothing and has no tag. The types of its first
  // parameters by PostgreSQL's oids; 0 and those not given are inferred. 42704: no such type.
  virtual Outcome<std::unique_ptr<Statement>> prepare(
      std::string_view sql, const std::vector<uint32_t>& parameter_oids = {}) = 0;
  // All statements of a text, none of which runs. Each is bound as it is run, so that one may need
  // what those before it made.
  virtual Outcome<std::vector<std::unique_ptr<Statement>>> prepare_all(std::string_view sql) = 0;
  // One statement, or none.
  virtual Outcome<std::unique_ptr<Rows>> run(std::string_view sql,
                                             const std::vector<Parameter>& parameters = {}) = 0;
  // A script: every statement as if by run(); `each` sees every result. Stops at the first failure.
  // `position` of a failure counts from the script's start.
  virtual Outcome<uint64_t> run_script(std::string_view sql,
                                       const std::function<void(Rows&)>& each = nullptr) = 0;
  // PostgreSQL's simple query: several statements are one implicit transaction, a single one is as by
  // run(). `each` sees every result and stops by a failure, which is then that of its statement and
  // given back; so is that of rows that it read. Rows that it left are not read. COPY FROM STDIN and
  // TO STDOUT go by the source and the sink. Gives the number of statements that ran.
  virtual Outcome<uint64_t> run_message(std::string_view sql,
                                        const std::function<Outcome<bool>(Rows&)>& each) = 0;

  // ---- Statements by name, which PREPARE, EXECUTE and DEALLOCATE share ----
  // 42P05: the name is another's.
  virtual Outcome<bool> name_statement(std::string_view name, Statement& statement) = 0;
  // The one of that name, however it came to it. 26000: there is none.
  virtual Outcome<std::unique_ptr<Statement>> named_statement(std::string_view name) = 0;
  // False: there is none.
  virtual Outcome<bool> drop_named_statement(std::string_view name) = 0;

  // ---- Implicit transactions ----
  // From here to end_implicit() statements outside a block share one transaction, which the first
  // failure rolls back. BEGIN makes it a block; COMMIT and ROLLBACK end it with the warning 25P01, and
  // the next statement begins another. Statements that no transaction takes (MERGE, CHECKOUT …) are
  // refused with 25001 once something ran in it, and commit by themselves before. No-op in a block,
  // and when it has begun.
  virtual void begin_implicit() = 0;
  // Commits. No-op in a block, after a failure, and when none has begun.
  virtual Outcome<bool> end_implicit() = 0;
  // What the caller itself could not do is as a statement's failure: it fails an open block and rolls
  // an implicit transaction back. No-op outside of both.
  virtual void fail_block() = 0;

  // ---- COPY ----
  virtual void set_copy_source(CopySource* source) = 0;  // Borrowed, for the next COPY FROM STDIN.
  virtual void set_copy_sink(CopySink* sink) = 0;        // Borrowed, for the next COPY TO STDOUT.
  // Runs the statement, which is_copy_in() or is_copy_out(). Until its end nothing else may run in the
  // session, but cancel().
  virtual Outcome<std::unique_ptr<CopyIn>> start_copy_in(Statement& statement) = 0;
  virtual Outcome<std::unique_ptr<CopyOut>> start_copy_out(Statement& statement) = 0;

  // ---- What it tells, by the thread that runs the statement, while it runs ----
  virtual void set_progress(
      std::function<void(const Progress&)> report) = 0;  // At most ten times a second.
  virtual void set_notice_handler(std::function<void(const Notice&)> handler) = 0;
  // A setting of reported_settings() changed: by SET, RESET, ROLLBACK of one, the end of SET LOCAL.
  virtual void set_status_handler(
      std::function<void(std::string_view name, std::string_view value)> handler) = 0;
  // Those that PostgreSQL tells clients of, under its names: "DateStyle", "TimeZone", …
  virtual std::vector<std::pair<std::string, std::string>> reported_settings() const = 0;

  // ---- State ----
  // Any thread: the running statement, or the reading of its rows, ends with 57014. The next statement
  // knows nothing of it.
  virtual void cancel() = 0;
  // DISCARD ALL: ends a block by rollback; branch and settings are the connection's again.
  virtual Outcome<bool> reset() = 0;
  virtual std::string setting(std::string_view name) const = 0;  // As SHOW has it; unknown: empty.
  virtual int64_t timeout_ms(std::string_view name) const = 0;   // The same as a number; 0: none.
  virtual std::string branch() const = 0;
  virtual std::string database() const = 0;
  virtual std::string user() const = 0;
  // An implicit transaction is none.
  virtual TransactionState transaction_state() const = 0;
};

struct OpenOptions {
  bool read_only = false;
  bool create = false;                    // Make the repository when the folder does not exist.
  std::string synchronous_commit = "on";  // on | normal | off
  bool publish_each = false;
  size_t cache_bytes = 256u << 20;
  // What all statements together may hold, beside the cache; above it they end in 53200. 0: half of
  // the machine's memory, or of the address space where that is limited (ulimit -v).
  size_t memory_bytes = 0;
  std::string user = "";  // Git name of commits; empty: what Git's environment and settings name.
  std::string email = "";
  bool drop_caches = false;  // Forget what is derived from the commits: it is made again. Not with
                             // `read_only`.
  bool command_hints = false;  // Hints name options of the commands of `rowan`, not SQL.
  std::string name;            // What current_database() says; empty: the folder's name without ".git".
};

struct ConnectOptions {
  std::string branch;  // Or another revision, to read from; empty: Git's HEAD.
  // The author of the session's commits. Empty: the database's own (OpenOptions); the e-mail of another
  // name: NAME@localhost. Who is named here cannot commit as somebody else (SET rowan.author).
  std::string user, email;
  std::string application_name;
  // More settings, which RESET goes back to. An unknown or bad one fails as SET would.
  std::vector<std::pair<std::string, std::string>> settings;
  std::string folder;          // Where COPY's relative names of files begin; empty: where the process is.
  int64_t process = 0;         // Whose /dev/stdin, /dev/fd and /proc/self COPY's names mean; 0: this one's.
  bool command_hints = false;  // As OpenOptions has it, of this session.
  // The folder whose repositories pg_database lists, each a database; empty: this one alone.
  std::string databases_folder;
};

// An open repository. One process writes it; others may have it open with `read_only`.
class Database {
 public:
  // A repository folder, or ":memory:".
  static Outcome<std::unique_ptr<Database>> open(std::string_view path,
                                                 const OpenOptions& options = {});
  static Outcome<bool> init(std::string_view path);  // Makes an empty repository with branch main.
  virtual ~Database() = default;                     // Closes with a checkpoint.
  virtual Outcome<std::unique_ptr<Session>> connect(const ConnectOptions& options) = 0;
  Outcome<std::unique_ptr<Session>> connect(std::string_view branch = "");
  virtual Outcome<bool> checkpoint() = 0;
  // Checks every invariant over all reachable trees, and that caches say what these say; gives a line
  // per problem. Empty: all is well.
  // `notes`, unless null, gets a line for what is no problem but worth knowing: what a shallow or
  // partial clone does not hold and was not checked, and tips that are not in canonical form yet.
  virtual Outcome<std::vector<std::string>> check(
      const std::function<void(const Progress&)>& report = nullptr,
      std::vector<std::string>* notes = nullptr) = 0;
};

const char* version();  // "0.1.0"

}  // namespace rowan
