// Whole statements against a small database in memory: no input may end in an internal error, and
// the database stays sound. What runs too long is cancelled.
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "fuzz_input.h"
#include "rowan/rowan.h"
#include "sql/parser.h"

namespace {

using namespace rowan;
using fuzz::require;

constexpr std::string_view kTables =
    "CREATE TABLE a (id integer PRIMARY KEY, name text NOT NULL DEFAULT 'x', price numeric(10,2), "
    "at timestamp, ok boolean);"
    "INSERT INTO a VALUES (1, 'one', 1.50, '2024-02-29 12:00', true), (2, 'two', NULL, NULL, "
    "false), (3, '', -7, 'infinity', NULL);"
    "CREATE TABLE b (a_id bigint, kind varchar(10), weight double precision, raw bytea, day date, "
    "doc jsonb, PRIMARY KEY (a_id, kind));"
    "INSERT INTO b VALUES (1, 'k', 0.5, '\\x00ff', '2024-01-01', '{\"a\":[1,2]}'), (1, 'l', 'NaN', "
    "NULL, NULL, NULL), (9, '', -1e300, '', '-infinity', '1');"
    "CREATE TABLE c (x smallint, y real, u uuid, t time);"
    "INSERT INTO c VALUES (1, 2, NULL, '10:00'), (1, 2, NULL, '10:00'), (NULL, NULL, "
    "'00000000-0000-0000-0000-000000000001', NULL);";

// Cancels the session's statements while it lives, once the time is over.
class Deadline {
 public:
  explicit Deadline(Session& session)
      : thread_([this, &session] {
          std::unique_lock lock(mutex_);
          auto wait = std::chrono::milliseconds(300);
          while (!done_.wait_for(lock, wait, [this] { return is_done_; })) {
            session.cancel();
            wait = std::chrono::milliseconds(20);
          }
        }) {}
  ~Deadline() {
    {
      const std::lock_guard lock(mutex_);
      is_done_ = true;
    }
    done_.notify_one();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  bool is_done_ = false;
  std::thread thread_;
};

// COPY to and from files would leave the sandbox that a database in memory is.
bool touches_files(std::string_view text) {
  const auto script = sql::parse_script(text);
  if (!script) {
    return true;
  }
  for (const auto& parsed : *script) {
    const sql::Statement* statement = parsed.statement;
    if (statement->kind == sql::StatementKind::kExplain) {
      statement = static_cast<const sql::ExplainStmt*>(statement)->statement;
    }
    if (statement->kind == sql::StatementKind::kCopy &&
        static_cast<const sql::CopyStmt*>(statement)->end == sql::CopyEnd::kFile) {
      return true;
    }
  }
  return false;
}

void read_rows(Rows& rows) {
  constexpr int kRowsMax = 1000;
  for (int i = 0; i < kRowsMax; ++i) {
    auto more = rows.next();
    if (!more.ok()) {
      require(!more.failure().sqlstate.starts_with("XX"), "no statement ends in an internal error",
              more.failure().message);
      return;
    }
    if (!*more) {
      return;
    }
    for (size_t column = 0; column < rows.columns().size(); ++column) {
      (void)rows.get_text(column);
      (void)rows.get_double(column);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  constexpr size_t kTextMax = 2000;
  if (size > kTextMax || touches_files(text)) {
    return 0;
  }
  auto database = Database::open(":memory:");
  require(database.ok(), "a database in memory opens");
  auto session = (*database)->connect();
  require(session.ok(), "a session begins");
  auto tables = (*session)->run_script(kTables);
  require(tables.ok(), "the tables are made", tables.ok() ? "" : tables.failure().message);
  {
    const Deadline deadline(**session);
    auto ran = (*session)->run_script(text, read_rows);
    require(ran.ok() || !ran.failure().sqlstate.starts_with("XX"),
            "no statement ends in an internal error", ran.ok() ? "" : ran.failure().message);
  }
  auto problems = (*database)->check();
  require(problems.ok() && (*problems).empty(), "the database stays sound",
          problems.ok() && !(*problems).empty() ? (*problems)[0] : "");
  return 0;
}
