// rowan-slt: runs sqllogictest scripts and our own golden scripts.
//
//   rowan-slt [--store memory|git | --connect URL] [--no-rules] [--except FILE] [--failures N] PATH…
//
// With --connect each script gets a database of its own on a server that serves a folder.
// Exit code 1 when a record is wrong. With the Git store each script's repository is closed,
// checked (`rowan check`) and handed to `git fsck --strict`.

#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>

#include "rowan/rowan.h"
#include "script.h"
#include "target.h"

namespace rowan::slt {
namespace {

namespace fs = std::filesystem;

struct Options {
  bool git = false;
  bool no_rules = false;
  std::string connect;  // A server's URL; empty: in this process.
  int failures_max = 10;  // Printed a script.
  // Recorded outcomes that PostgreSQL 15 itself does not give: script (with its folders) and line,
  // to the SQLSTATE it gives, "-" for other rows.
  std::map<std::string, std::map<int, std::string>> exceptions;
};

struct Tally {
  uint64_t statements = 0, statements_wrong = 0, queries = 0, queries_wrong = 0;
  void add(const Tally& other) {
    statements += other.statements;
    statements_wrong += other.statements_wrong;
    queries += other.queries;
    queries_wrong += other.queries_wrong;
  }
};

bool has_number(ColumnKind kind) {
  return kind == ColumnKind::kInteger || kind == ColumnKind::kFloat ||
         kind == ColumnKind::kNumeric || kind == ColumnKind::kText;
}

std::string md5_hex(const std::string& text) {
  uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_md5(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string leading_integer(const std::string& text) {
  size_t end = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  const size_t digits = end;
  while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end]))) ++end;
  if (end == digits) return "0";
  std::string number = text.substr(0, end);
  if (number[0] == '+') number.erase(0, 1);
  return number == "-0" ? "0" : number;
}

std::string render(const Cell& cell, ColumnKind kind, char type) {
  if (!cell) return "NULL";
  const std::string& text = *cell;
  switch (type) {
    case 'A':
      return text;
    case 'I':
      if (kind == ColumnKind::kBool) return text == "t" ? "1" : "0";
      if (kind == ColumnKind::kFloat)
        return fmt::format("{:d}", static_cast<int64_t>(std::atof(text.c_str())));
      return leading_integer(text);
    case 'R':
      if (kind == ColumnKind::kBool) return text == "t" ? "1.000" : "0.000";
      return fmt::format("{:.3f}", has_number(kind) ? std::atof(text.c_str()) : 0.0);
    default: {
      if (kind == ColumnKind::kBool) return text;
      if (text.empty()) return "(empty)";
      std::string shown = text;
      for (char& c : shown) c = c < 0x20 || c > 0x7e ? '@' : c;
      return shown;
    }
  }
}

class ScriptRun {
 public:
  ScriptRun(const fs::path& path, const Options& options) : path_(path), options_(options) {
    for (const auto& [script, lines] : options.exceptions) {
      if (("/" + path.generic_string()).ends_with("/" + script)) exceptions_ = &lines;
    }
    folder_ = fs::temp_directory_path() /
              fmt::format("rowan-slt-{}-{}", ::getpid(), path.stem().string());
  }
  ~ScriptRun() {
    target_.reset();
    std::error_code error;
    fs::remove_all(folder_, error);
  }

  Tally run() {
    std::ifstream file(path_, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    std::string problem;
    const std::vector<Record> records = parse_script(text, problem);
    if (!file || !problem.empty() || records.empty()) {
      fail(0, problem.empty() ? "the script cannot be read, or holds no record" : problem);
      ++tally_.statements_wrong;
      return tally_;
    }
    open();
    for (const Record& record : records) {
      if (record.kind == RecordKind::kHalt) break;
      if (record.kind == RecordKind::kRestart) {
        begun_.clear();
        if (options_.git) {
          target_.reset();
          open();
        } else if (!options_.connect.empty()) {
          target_->reconnect();
        }
      } else if (record.kind == RecordKind::kQuery) {
        ++tally_.queries;
        if (!run_query(record)) ++tally_.queries_wrong;
      } else {
        ++tally_.statements;
        if (!run_statement(record)) ++tally_.statements_wrong;
      }
    }
    check_repository();
    if (failures_ > options_.failures_max)
      std::cout << fmt::format("{}: … and {} more\n", path_.string(),
                               failures_ - options_.failures_max);
    return tally_;
  }

 private:
  bool fail(int line, const std::string& what) {
    if (++failures_ <= options_.failures_max)
      std::cout << fmt::format("{}:{}: {}\n", path_.string(), line, what);
    return false;
  }

  void open() {
    target_ = options_.connect.empty()
                  ? make_local_target(options_.git ? folder_.string() : ":memory:")
                  : make_wire_target(options_.connect, fmt::format("slt_{}", ::getpid()));
  }

  Answer ask(const Record& record) {
    if (options_.no_rules && begun_.insert(record.session).second)
      target_->run(record.session, "SET rowan.disabled_rules = 'all'");
    return target_->run(record.session, record.sql);
  }

  std::string exception_state(const Record& record) const {
    if (exceptions_ == nullptr) return "";
    const auto found = exceptions_->find(record.line);
    return found == exceptions_->end() ? "" : found->second;
  }

  bool run_statement(const Record& record) {
    const std::optional<Failure> failure = ask(record).failure;
    if (failure && failure->sqlstate.starts_with("XX"))
      return fail(record.line, "internal error: " + failure->message);
    if (const std::string state = exception_state(record); !state.empty()) {
      if (state == "-") return true;
      return (failure && failure->sqlstate == state) ||
             fail(record.line,
                  fmt::format("PostgreSQL gives {} here, not {}\n    {}", state,
                              failure ? failure->sqlstate : "success", record.sql.substr(0, 300)));
    }
    if (record.kind == RecordKind::kStatementOk) {
      return !failure || fail(record.line, fmt::format("{}: {} ({})\n    {}", failure->sqlstate,
                                                       failure->message, failure->detail,
                                                       record.sql.substr(0, 300)));
    }
    if (!failure)
      return fail(record.line,
                  "succeeded, but an error was expected\n    " + record.sql.substr(0, 300));
    if (!record.sqlstate.empty() && record.sqlstate != failure->sqlstate) {
      return fail(record.line, fmt::format("{}: {}\n    expected {}", failure->sqlstate,
                                           failure->message, record.sqlstate));
    }
    for (const std::string& part : record.expected) {
      const std::string all = failure->message + "\n" + failure->detail + "\n" + failure->hint + "\n" + failure->context;
      if (all.find(part) == std::string::npos)
        return fail(record.line, fmt::format("error text \"{}\" lacks \"{}\"", all, part));
    }
    return true;
  }

  bool run_query(const Record& record) {
    const Answer answer = ask(record);
    if (answer.failure) return query_failed(record, *answer.failure);
    if (answer.kinds.size() != record.types.size()) {
      return fail(record.line, fmt::format("{} columns, expected {}", answer.kinds.size(),
                                           record.types.size()));
    }
    std::vector<std::vector<std::string>> found;
    for (const std::vector<Cell>& cells : answer.rows) {
      std::vector<std::string> row;
      for (size_t i = 0; i < record.types.size(); ++i)
        row.push_back(render(cells[i], answer.kinds[i], record.types[i]));
      found.push_back(std::move(row));
    }
    if (const std::string state = exception_state(record); !state.empty() && state != "-") {
      return fail(record.line, fmt::format("PostgreSQL gives {} here, not rows\n    {}", state,
                                           record.sql.substr(0, 300)));
    }
    return compare(record, std::move(found));
  }

  bool query_failed(const Record& record, const Failure& failure) {
    const std::string state = exception_state(record);
    if (!state.empty() && state == failure.sqlstate) return true;
    return fail(record.line, fmt::format("{}: {}\n    {}", failure.sqlstate, failure.message,
                                         record.sql.substr(0, 300)));
  }

  bool compare(const Record& record, std::vector<std::vector<std::string>> found) {
    const bool by_rows = record.types.size() > 1 && !record.expected.empty() &&
                         record.expected[0].find('\t') != std::string::npos;
    if (record.sort == SortMode::kRows) std::sort(found.begin(), found.end());
    std::vector<std::string> values;
    for (const auto& row : found) {
      if (by_rows) {
        std::string line;
        for (size_t i = 0; i < row.size(); ++i) line += (i > 0 ? "\t" : "") + row[i];
        values.push_back(std::move(line));
      } else {
        values.insert(values.end(), row.begin(), row.end());
      }
    }
    if (record.sort == SortMode::kValues) std::sort(values.begin(), values.end());
    std::string joined;
    for (const std::string& value : values) joined += value + "\n";
    const std::string hashed =
        fmt::format("{} values hashing to {}", values.size(), md5_hex(joined));
    if (!record.label.empty()) {
      const auto [known, added] = labels_.emplace(record.label, hashed);
      if (!added && known->second != hashed)
        return fail(record.line, "differs from an earlier query with label " + record.label);
    }
    if (record.expected.size() == 1 &&
        record.expected[0].find(" values hashing to ") != std::string::npos) {
      return record.expected[0] == hashed || known_exception(record) ||
             fail(record.line, fmt::format("{}, expected {}\n    {}", hashed, record.expected[0],
                                           record.sql.substr(0, 300)));
    }
    if (values == record.expected || known_exception(record)) return true;
    std::string shown;
    for (size_t i = 0; i < std::min<size_t>(values.size(), 12); ++i)
      shown += "\n      " + values[i];
    std::string wanted;
    for (size_t i = 0; i < std::min<size_t>(record.expected.size(), 12); ++i)
      wanted += "\n      " + record.expected[i];
    return fail(record.line,
                fmt::format("wrong rows for {}\n    found ({}):{}\n    expected ({}):{}",
                            record.sql.substr(0, 300), values.size(), shown, record.expected.size(),
                            wanted));
  }
  bool known_exception(const Record& record) const { return exception_state(record) == "-"; }

  // After every script: our invariants, and stock git's.
  void check_repository() {
    for (const std::string& problem : target_->check()) {
      ++tally_.statements_wrong;
      fail(0, "check: " + problem);
    }
    target_.reset();
    if (!options_.git) return;
    if (std::system(fmt::format("git --git-dir '{}' fsck --strict --no-progress >'{}.fsck' 2>&1 || "
                                "{{ cat '{}.fsck'; false; }}",
                                folder_.string(), folder_.string(), folder_.string())
                        .c_str()) != 0) {
      ++tally_.statements_wrong;
      fail(0, "git fsck --strict found problems");
    }
    std::error_code error;
    fs::remove(folder_.string() + ".fsck", error);
  }

  fs::path path_;
  const Options& options_;
  const std::map<int, std::string>* exceptions_ = nullptr;  // Of this script, or null.
  fs::path folder_;
  std::unique_ptr<Target> target_;
  std::set<std::string> begun_;  // Sessions that go without rules.
  std::map<std::string, std::string> labels_;
  Tally tally_;
  int failures_ = 0;
};

// Lines of "script<tab>line<tab>kind<tab>SQLSTATE", as ../shared/sqllogictest/pg15-exceptions.tsv
// has them.
void read_exceptions(const std::string& file, Options& options) {
  std::ifstream in(file);
  if (!in) {
    std::cerr << "rowan-slt: cannot read " << file << '\n';
    std::exit(2);
  }
  for (std::string line; std::getline(in, line);) {
    std::vector<std::string> fields;
    for (size_t from = 0; from <= line.size();) {
      const size_t end = std::min(line.find('\t', from), line.size());
      fields.push_back(line.substr(from, end - from));
      from = end + 1;
    }
    if (fields.size() < 2 || fields[1].empty() ||
        !std::isdigit(static_cast<unsigned char>(fields[1][0])))
      continue;
    options.exceptions[fields[0]][std::stoi(fields[1])] =
        fields.size() > 3 && !fields[3].empty() ? fields[3] : "-";
  }
}

int main_with(const std::vector<std::string>& words) {
  Options options;
  std::vector<fs::path> scripts;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--store" && i + 1 < words.size()) {
      options.git = words[++i] == "git";
    } else if (words[i] == "--connect" && i + 1 < words.size()) {
      options.connect = words[++i];
    } else if (words[i] == "--no-rules") {
      options.no_rules = true;
    } else if (words[i] == "--except" && i + 1 < words.size()) {
      read_exceptions(words[++i], options);
    } else if (words[i] == "--failures" && i + 1 < words.size()) {
      options.failures_max = std::stoi(words[++i]);
    } else if (fs::is_directory(words[i])) {
      for (const auto& entry : fs::recursive_directory_iterator(words[i])) {
        if (entry.path().extension() == ".test") scripts.push_back(entry.path());
      }
    } else {
      scripts.emplace_back(words[i]);
    }
  }
  std::sort(scripts.begin(), scripts.end());
  if (scripts.empty()) {
    std::cerr << "usage: rowan-slt [--store memory|git | --connect URL] [--no-rules] [--except FILE] [--failures "
                 "N] PATH...\n";
    return 2;
  }
  Tally all;
  for (const fs::path& script : scripts) {
    const auto start = std::chrono::steady_clock::now();
    const Tally tally = ScriptRun(script, options).run();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::cout << fmt::format("{}: {} statements ({} wrong), {} queries ({} wrong), {:.1f} s\n",
                             script.string(), tally.statements, tally.statements_wrong,
                             tally.queries, tally.queries_wrong, seconds)
              << std::flush;
    all.add(tally);
  }
  std::cout << fmt::format("{} scripts: {} statements ({} wrong), {} queries ({} wrong)\n",
                           scripts.size(), all.statements, all.statements_wrong, all.queries,
                           all.queries_wrong);
  return all.statements_wrong + all.queries_wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace rowan::slt

int main(int argc, char** argv) { return rowan::slt::main_with({argv + 1, argv + argc}); }
