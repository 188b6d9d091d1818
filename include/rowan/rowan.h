// Rowan's embedding API: open a repository, run SQL in sessions, read results.
//
// Threads:   a Database may be used from any thread; a Session, its Statements and Results from one
// at a time
//            (cancel() excepted).
// Errors:    functions that can fail give an Outcome and throw nothing. To take the value of an
//            Outcome that failed, or the failure of one that did not, is a mistake of the caller's
//            and throws std::bad_variant_access. Memory that runs out is a failure 53200; only a
//            getter that makes a string (get_text, branch, database, user) lets std::bad_alloc
//            through. What a source or sink of COPY throws ends its statement in XX000; what `each`
//            of run_script throws comes out of that.
// Lifetime:  a Session must not outlive its Database, a Statement or Result not its Session.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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

struct ColumnInfo {
  std::string name;
  std::string type_name;  // "integer", "numeric(10,2)".
  ColumnKind kind = ColumnKind::kText;
};

// A parameter: NULL, or a value; text is read as the parameter's type when it is of another one.
using Parameter = std::variant<std::monostate, bool, int64_t, double, std::string>;

// The rows of one statement. Those of a query outside a block are streamed: next() reads on, batch
// by batch, in the transaction that the Rows hold until the end (ORDER BY, GROUP BY and joins hold
// what they need). In a block, and of statements that write, show something or draw from a sequence,
// all rows are in memory when run() returns.
class Rows {
 public:
  virtual ~Rows() = default;
  virtual const std::vector<ColumnInfo>& columns() const = 0;
  virtual Outcome<bool> next() = 0;  // To the next row; false at the end.
  virtual bool is_null(size_t column) const = 0;
  virtual int64_t get_int(size_t column)
      const = 0;  // Integers, booleans (0/1), dates and times in their unit; others: 0.
  virtual double get_double(size_t column) const = 0;     // Numbers; others: 0.
  virtual std::string get_text(size_t column) const = 0;  // PostgreSQL's output text.
  virtual std::string_view get_string(
      size_t column) const = 0;  // Text and numeric without a copy; valid until next().
  virtual const std::string& tag()
      const = 0;  // "SELECT 3", "INSERT 0 5": final once next() was false.
  virtual uint64_t affected() const = 0;
  virtual const std::string& commit_id() const = 0;  // The commit this statement made; empty: none.
  virtual const std::vector<std::string>& notices() const = 0;
};

// A prepared statement.
class Statement {
 public:
  virtual ~Statement() = default;
  virtual size_t parameter_count() const = 0;
  virtual Outcome<std::unique_ptr<Rows>> run(const std::vector<Parameter>& parameters = {}) = 0;
};

// COPY FROM STDIN and TO STDOUT.
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

struct Progress {
  std::string_view what;  // "COPY orders".
  uint64_t done = 0;
  uint64_t total = 0;     // 0: not known.
  std::string_view unit;  // "rows", "bytes".
};

enum class TransactionState { kIdle, kOpen, kFailed };

class Session {
 public:
  virtual ~Session() = default;
  virtual Outcome<std::unique_ptr<Statement>> prepare(std::string_view sql) = 0;
  // One statement.
  virtual Outcome<std::unique_ptr<Rows>> run(std::string_view sql,
                                             const std::vector<Parameter>& parameters = {}) = 0;
  // A script; `each` sees every result. Stops at the first failure. `position` of a failure counts
  // from the script's start.
  virtual Outcome<uint64_t> run_script(std::string_view sql,
                                       const std::function<void(Rows&)>& each = nullptr) = 0;
  virtual void set_copy_source(CopySource* source) = 0;  // Borrowed, for the next COPY FROM STDIN.
  virtual void set_copy_sink(CopySink* sink) = 0;        // Borrowed, for the next COPY TO STDOUT.
  virtual void set_progress(
      std::function<void(const Progress&)> report) = 0;  // At most ten times a second.
  virtual void cancel() = 0;  // Any thread: the running statement ends with 57014.
  virtual std::string branch() const = 0;
  virtual std::string database() const = 0;
  virtual std::string user() const = 0;
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
};

class Database {
 public:
  // A repository folder, or ":memory:".
  static Outcome<std::unique_ptr<Database>> open(std::string_view path,
                                                 const OpenOptions& options = {});
  static Outcome<bool> init(std::string_view path);  // Makes an empty repository with branch main.
  virtual ~Database() = default;                     // Closes with a checkpoint.
  virtual Outcome<std::unique_ptr<Session>> connect(std::string_view branch = "") = 0;
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
