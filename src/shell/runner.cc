#include "shell/runner.h"

#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

#include "sql/parser.h"

namespace rowan::shell {

namespace {

constexpr int kIncludeDepthMax = 16;

constexpr std::string_view kHelp =
    R"(General
  \q                 leave the shell
  \? or help         this help
  \timing            turn timing of statements on or off
  \x                 turn expanded records on or off
  \i FILE            run the statements of a file

What there is
  \d                 tables
  \d TABLE           a table's columns and key
  \dt                tables with their row counts
  \l                 schemas (CREATE DATABASE makes one)

Versions
  SHOW LOG [FOR table] [LIMIT n]           commits, newest first
  SHOW BRANCHES                            branches
  CREATE BRANCH name [FROM 'revision']     make a branch
  CHECKOUT name                            switch this session to it
  SELECT … FROM t AS OF 'revision'         read a branch, tag, commit id, HEAD~3 …
  COMMIT MESSAGE 'text'                    end a BEGIN block with your own words
)";

// The data of COPY FROM STDIN: lines up to one that is `\.`, or the end of input.
class LineSource final : public CopySource {
 public:
  explicit LineSource(std::function<bool(std::string&)> next_line) : next_line_(std::move(next_line)) {}

  Outcome<size_t> read(char* buffer, size_t size) override {
    while (at_ == line_.size()) {
      if (ended_ || !next_line_(line_) || line_ == "\\.") {
        ended_ = true;
        return size_t{0};
      }
      line_.push_back('\n');
      at_ = 0;
    }
    const size_t count = std::min(size, line_.size() - at_);
    line_.copy(buffer, count, at_);
    at_ += count;
    if (at_ == line_.size()) {
      line_.clear();
      at_ = 0;
    }
    return count;
  }
  // What a failed COPY left unread must not be taken for statements.
  void drain() {
    while (!ended_ && next_line_(line_) && line_ != "\\.") {
    }
    ended_ = true;
  }

 private:
  std::function<bool(std::string&)> next_line_;
  std::string line_;
  size_t at_ = 0;
  bool ended_ = false;
};

class StreamSink final : public CopySink {
 public:
  explicit StreamSink(std::ostream& out) : out_(out) {}
  Outcome<bool> write(std::string_view bytes) override {
    out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out_) return Failure{"58030", "writing the output failed", "", "", 0, false};
    return true;
  }

 private:
  std::ostream& out_;
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

// Whether the statement reads its data from the lines behind it: only then may they be taken.
bool is_copy_from_stdin(std::string_view statement) {
  std::string upper;
  for (const char c : statement) upper.push_back(static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  const std::string_view words = trimmed(upper);
  return words.starts_with("COPY") && words.find("STDIN") != std::string_view::npos;
}

}  // namespace

Runner::Runner(Session& session, Options options, std::ostream& out, std::ostream& errors)
    : session_(session), options_(std::move(options)), out_(out), errors_(errors) {
  session_.set_progress([this](const Progress& progress) { progress_.show(progress); });
}

void Runner::report(const Failure& failure, std::string_view statement) {
  failure_state_ = failure.sqlstate;
  out_.flush();
  errors_ << (options_.source.empty() ? "" : options_.source + ": ") << failure_text(failure, statement);
  errors_.flush();
}

bool Runner::run_statement(std::string_view statement, CopySource* source) {
  const auto started = std::chrono::steady_clock::now();
  StreamSink sink(out_);
  session_.set_copy_source(source);
  session_.set_copy_sink(&sink);
  auto rows = session_.run(statement);
  std::optional<Failure> failure;
  if (!rows) {
    failure = rows.failure();
  } else {
    auto printed = print_rows(**rows, options_.print, out_, errors_);
    if (!printed) failure = printed.failure();
  }
  session_.set_copy_source(nullptr);
  session_.set_copy_sink(nullptr);
  progress_.clear();
  if (failure) {
    report(*failure, statement);
    return !options_.stop_on_error;
  }
  if (options_.echo_timing) {
    out_ << fmt::format("Time: {:.3f} ms\n", std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count());
  }
  out_.flush();
  return true;
}

bool Runner::run_script(std::string_view text) {
  std::string_view rest = text;
  const auto next_line = [&rest](std::string& line) {
    if (rest.empty()) return false;
    const size_t end = std::min(rest.find('\n'), rest.size());
    line = rest.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return true;
  };
  while (!rest.empty()) {
    const std::string_view blank_free = trimmed(rest);
    if (blank_free.empty()) break;
    rest.remove_prefix(static_cast<size_t>(blank_free.data() - rest.data()));
    if (rest.front() == '\\') {
      std::string line;
      next_line(line);
      if (!run_command(line)) return false;
      continue;
    }
    const size_t end = std::min(sql::statement_end(rest), rest.size());
    const std::string_view statement = rest.substr(0, end);
    rest.remove_prefix(end);
    if (is_copy_from_stdin(statement)) {
      std::string rest_of_line;
      next_line(rest_of_line);
      LineSource source(next_line);
      const bool go_on = run_statement(statement, &source);
      source.drain();
      if (!go_on) return false;
      continue;
    }
    if (trimmed(statement) == ";") continue;
    if (!run_statement(statement, nullptr)) return false;
  }
  return true;
}

bool Runner::add_line(std::string_view line, const std::function<bool(std::string&)>& read_more) {
  const std::string_view words = trimmed(line);
  if (buffer_.empty()) {
    if (words.empty()) return true;
    if (words.front() == '\\') return run_command(words);
    if (words == "help" || words == "help;") return run_command("\\?");
    if (words == "quit" || words == "exit") return run_command("\\q");
  }
  buffer_ += line;
  buffer_ += '\n';
  for (;;) {
    const size_t end = sql::statement_end(buffer_);
    if (end == std::string::npos) break;
    const std::string statement = buffer_.substr(0, end);
    buffer_.erase(0, end);
    if (trimmed(buffer_).empty()) buffer_.clear();
    bool go_on = true;
    if (is_copy_from_stdin(statement)) {
      errors_ << "Enter data, one row a line; end with \\. on a line of its own.\n";
      LineSource source(read_more);
      go_on = run_statement(statement, &source);
    } else if (trimmed(statement) != ";") {
      go_on = run_statement(statement, nullptr);
    }
    if (!go_on) return false;
    if (buffer_.empty()) break;
  }
  return true;
}

bool Runner::run_command(std::string_view line) {
  const std::string_view words = trimmed(line);
  const size_t split = std::min(words.find_first_of(" \t"), words.size());
  std::string_view command = words.substr(0, split);
  std::string_view argument = trimmed(words.substr(split));
  while (!argument.empty() && argument.back() == ';') argument.remove_suffix(1);
  while (!command.empty() && command.back() == ';') command.remove_suffix(1);
  if (command == "\\q") {
    quit_ = true;
    return false;
  }
  if (command == "\\?" || command == "\\h") {
    out_ << kHelp;
    return true;
  }
  if (command == "\\x") {
    const bool on = options_.print.format != Format::kExpanded;
    options_.print.format = on ? Format::kExpanded : Format::kTable;
    out_ << "Expanded display is " << (on ? "on" : "off") << ".\n";
    return true;
  }
  if (command == "\\timing") {
    options_.echo_timing = argument.empty() ? !options_.echo_timing : argument == "on";
    out_ << "Timing is " << (options_.echo_timing ? "on" : "off") << ".\n";
    return true;
  }
  if (command == "\\i") return include_file(std::string(argument));
  if (command == "\\l") return run_statement("SELECT name FROM rowan.schemas ORDER BY name", nullptr);
  if (command == "\\dt" || (command == "\\d" && argument.empty())) {
    return run_statement("SELECT schema, name, rows FROM rowan.tables ORDER BY schema, name", nullptr);
  }
  if (command == "\\d") return describe(argument);
  errors_ << "invalid command " << command << "\nTry \\? for help.\n";
  failure_state_ = "42601";
  return !options_.stop_on_error;
}

bool Runner::describe(std::string_view name) {
  const size_t dot = name.find('.');
  const std::string schema = dot == std::string_view::npos ? "public" : std::string(name.substr(0, dot));
  const std::string table(dot == std::string_view::npos ? name : name.substr(dot + 1));
  const std::string where = " WHERE schema = " + sql::quote_literal(schema) + " AND \"table\" = " + sql::quote_literal(table);
  auto count = session_.run("SELECT count(*) FROM rowan.columns" + where);
  if (!count) {
    report(count.failure(), "");
    return !options_.stop_on_error;
  }
  auto row = (*count)->next();
  if (row && *row && (*count)->get_int(0) == 0) {
    errors_ << fmt::format("Did not find any relation named \"{}\".\n", name);
    return true;
  }
  out_ << fmt::format("Table \"{}.{}\"\n", schema, table);
  return run_statement("SELECT name AS \"Column\", type AS \"Type\", CASE WHEN nullable THEN '' ELSE 'not null' END AS \"Nullable\", "
                       "coalesce(\"default\", '') AS \"Default\", coalesce(CAST(key_position AS text), '') AS \"Key\" FROM rowan.columns" +
                           where + " ORDER BY position",
                       nullptr);
}

bool Runner::include_file(const std::string& path) {
  if (include_depth_ == kIncludeDepthMax) {
    errors_ << "\\i: files include each other more than " << kIncludeDepthMax << " deep\n";
    return !options_.stop_on_error;
  }
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) {
    errors_ << path << ": cannot be read\n";
    failure_state_ = "58P01";
    return !options_.stop_on_error;
  }
  ++include_depth_;
  const bool go_on = run_script(text);
  --include_depth_;
  return go_on;
}

}  // namespace rowan::shell
