#include "shell/runner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "shell/signals.h"
#include "shell/statement_help.h"
#include "sql/parser.h"

namespace rowan::shell {

namespace {

constexpr int kIncludeDepthMax = 16;

bool stopped_by_signal() { return interrupted() || leaving_signal() != 0; }

// The data of COPY FROM STDIN: lines up to one that is `\.`, or the end of input.
class LineSource final : public CopySource {
 public:
  explicit LineSource(const NextLine& next_line) : next_line_(next_line) {}

  Outcome<size_t> read(char* buffer, size_t size) override {
    size_t count = 0;
    while (count < size) {
      if (at_ == line_.size()) {
        auto more = next();
        if (!more) return more.failure();
        if (!*more) break;
      }
      const size_t part = std::min(size - count, line_.size() - at_);
      line_.copy(buffer + count, part, at_);
      count += part;
      at_ += part;
    }
    return count;
  }
  // What a failed COPY left unread must not be taken for statements.
  void drain() {
    for (auto more = next(); more && *more; more = next()) {
    }
  }

 private:
  Outcome<bool> next() {
    if (ended_) return false;
    line_.clear();
    at_ = 0;
    auto more = next_line_(line_);
    ended_ = !more || !*more || line_ == "\\." || line_ == "\\.\r";
    if (ended_) {
      line_.clear();
      return more ? Outcome<bool>(false) : more;
    }
    line_.push_back('\n');
    return true;
  }

  const NextLine& next_line_;
  std::string line_;
  size_t at_ = 0;
  bool ended_ = false;
};

class StreamSink final : public CopySink {
 public:
  explicit StreamSink(std::ostream& out) : out_(out) {}
  Outcome<bool> write(std::string_view bytes) override {
    out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    used_ = true;
    if (!out_) return Failure{.sqlstate = "58030", .message = "could not write the output"};
    return true;
  }
  bool used() const { return used_; }

 private:
  std::ostream& out_;
  bool used_ = false;
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())))
    text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
    text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

// One part of a pattern behind \dt as one for LIKE: `*` is any text and `?` any character, unless
// they are quoted, and what is not quoted is folded to lower case.
std::string like_pattern(std::string_view part) {
  std::string out;
  bool quoted = false;
  for (const char c : part) {
    if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == '*' || c == '?')) {
      out += c == '*' ? '%' : '_';
    } else {
      if (c == '%' || c == '_' || c == '\\') out += '\\';
      out += quoted ? c : lower({&c, 1})[0];
    }
  }
  return out;
}

// ` AND …` for the relations that a pattern means, of all schemas unless it names some; nothing for no
// pattern.
std::string matching(std::string_view pattern) {
  if (pattern.empty()) return {};
  bool quoted = false;
  size_t dot = std::string_view::npos;
  for (size_t i = 0; i < pattern.size() && dot == std::string_view::npos; ++i) {
    quoted = quoted != (pattern[i] == '"');
    if (pattern[i] == '.' && !quoted) dot = i;
  }
  const bool has_schema = dot != std::string_view::npos;
  const auto like = [](std::string_view column, std::string_view part) {
    return fmt::format(" AND {} LIKE {} ESCAPE '\\'", column,
                       sql::quote_literal(like_pattern(part)));
  };
  return (has_schema ? like("schema", pattern.substr(0, dot)) : std::string()) +
         like("name", has_schema ? pattern.substr(dot + 1) : pattern);
}

// A name as it is typed behind \d: folded to lower case unless quoted.
std::string folded_name(std::string_view word) {
  if (word.size() >= 2 && word.front() == '"' && word.back() == '"')
    return std::string(word.substr(1, word.size() - 2));
  std::string out(word);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

}  // namespace

Runner::Runner(Session& session, Options options, std::ostream& out, std::ostream& errors)
    : session_(session), options_(std::move(options)), out_(out), errors_(errors) {
  session_.set_progress([this](const Progress& progress) { progress_.show(progress); });
  options_.print.stopped = stopped_by_signal;
}

bool Runner::report(const Failure& failure, std::string_view statement) {
  failure_state_ = failure.sqlstate;
  out_.flush();
  if (!options_.source.empty()) errors_ << options_.source << ':' << line_ << ": ";
  errors_ << failure_text(failure, options_.quote_statement ? statement : "");
  errors_.flush();
  return !options_.stop_on_error && !stopped_by_signal();
}

bool Runner::refuse(const std::string& sqlstate, const std::string& message) {
  failure_state_ = sqlstate;
  out_.flush();
  if (!options_.source.empty()) errors_ << options_.source << ':' << line_ << ": ";
  errors_ << message << '\n';
  errors_.flush();
  return !options_.stop_on_error;
}

bool Runner::run_statement(std::string_view statement, CopySource* source) {
  const auto started = std::chrono::steady_clock::now();
  StreamSink sink(out_);
  session_.set_copy_source(source);
  session_.set_copy_sink(&sink);
  progress_.restart();
  auto rows = session_.run(statement);
  std::optional<Failure> failure;
  if (!rows) {
    failure = rows.failure();
  } else {
    progress_.clear();
    PrintOptions print = options_.print;
    print.tags = print.tags && !sink.used();  // COPY TO STDOUT: "COPY 7" is no part of the data.
    auto printed = print_rows(**rows, print, out_, errors_);
    if (!printed) failure = printed.failure();
  }
  session_.set_copy_source(nullptr);
  session_.set_copy_sink(nullptr);
  progress_.clear();
  out_.flush();
  if (!out_) return false;  // Nobody reads any more: the end of the process says why.
  if (failure) return report(*failure, statement);
  if (timing_) {
    const double ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started)
            .count();
    out_ << fmt::format("Time: {:.3f} ms", ms);
    if (ms >= 1000)
      out_ << fmt::format(" ({:02}:{:06.3f})", static_cast<int>(ms / 60'000),
                          ms / 1000 - 60 * static_cast<int>(ms / 60'000));
    out_ << '\n';
    out_.flush();
  }
  return !stopped_by_signal();
}

bool Runner::run_copy(std::string_view statement, const NextLine& next_line, bool drain) {
  LineSource source(next_line);
  const bool go_on = run_statement(statement, &source);
  if (drain) source.drain();
  return go_on;
}

bool Runner::run_script(ScriptReader& script, ScriptReader* data) {
  ScriptReader& lines = data != nullptr ? *data : script;
  const NextLine next_line = [&lines](std::string& line) -> Outcome<bool> {
    if (lines.next_line(line)) return true;
    if (stopped_by_signal())
      return Failure{.sqlstate = "57014", .message = "canceling statement due to user request"};
    if (lines.read_error() != 0)
      return Failure{.sqlstate = "58030",
                     .message = std::string("could not read the input: ") +
                                std::strerror(lines.read_error())};
    return false;
  };
  for (;;) {
    std::string_view text;
    const ScriptReader::Kind kind = script.next(text);
    line_ = script.line();
    if (stopped_by_signal()) {
      failure_state_ = "57014";
      return false;
    }
    if (kind == ScriptReader::Kind::kEnd) break;
    bool go_on = true;
    if (kind == ScriptReader::Kind::kCommand) {
      go_on = run_command(text);
    } else if (is_copy_from_stdin(text)) {
      const std::string statement(text);  // Reading data moves the reader's text.
      std::string rest_of_line;
      if (data == nullptr) script.next_line(rest_of_line);
      go_on = run_copy(statement, next_line, data == nullptr);
    } else {
      go_on = run_statement(text, nullptr);
    }
    if (!go_on) return false;
  }
  if (script.read_error() != 0)
    return refuse("58030",
                  std::string("could not read the script: ") + std::strerror(script.read_error()));
  return true;
}

bool Runner::add_line(std::string_view line, const NextLine& read_more) {
  if (buffer_.empty()) {
    const std::string_view words = trimmed(line);
    if (words == "help" || words == "help;") return run_command("\\?");
    if (words == "quit" || words == "exit" || words == "quit;" || words == "exit;")
      return run_command("\\q");
  }
  // As in psql, a command line does not end the statement it stands in, unless it is part of a
  // literal there.
  const bool is_command = !buffer_.empty() && trimmed(line).starts_with('\\') &&
                          sql::statement_end(buffer_ + ";") != std::string::npos;
  if (is_command) return run_command(line);
  buffer_ += line;
  buffer_ += '\n';
  for (;;) {
    buffer_.erase(0, leading_blanks(buffer_));
    if (buffer_.empty()) return true;
    if (buffer_.front() == '\\') {
      const size_t end = buffer_.find('\n');
      const std::string command = buffer_.substr(0, end);
      buffer_.erase(0, end);
      if (!run_command(command)) return false;
    } else if (sql::statement_end(buffer_) == std::string::npos) {
      return true;
    } else if (!run_typed(read_more)) {
      buffer_.clear();
      return false;
    }
  }
}

// The first statement of what was typed, which is complete.
bool Runner::run_typed(const NextLine& read_more) {
  const std::string statement = buffer_.substr(0, sql::statement_end(buffer_));
  buffer_.erase(0, statement.size());
  if (statement == ";") return true;
  if (!is_copy_from_stdin(statement)) return run_statement(statement, nullptr);
  buffer_.erase(0, buffer_.find('\n') + 1);
  if (buffer_.empty()) {
    out_.flush();
    errors_ << "Enter data to be copied followed by a newline.\nEnd with a backslash and a period "
               "on a line by itself, "
               "or an EOF signal.\n";
    errors_.flush();
  }
  // Lines that came in one piece with the statement come first.
  const NextLine next_line = [&](std::string& line) -> Outcome<bool> {
    if (buffer_.empty()) return read_more(line);
    line = buffer_.substr(0, buffer_.find('\n'));
    buffer_.erase(0, line.size() + 1);
    return true;
  };
  return run_copy(statement, next_line, false);
}

bool Runner::run_query(std::string_view sql, std::string title, bool footer) {
  std::swap(options_.print.title, title);
  std::swap(options_.print.footer, footer);
  const bool go_on = run_statement(sql, nullptr);
  std::swap(options_.print.title, title);
  std::swap(options_.print.footer, footer);
  return go_on;
}

bool Runner::run_command(std::string_view line) {
  const std::string_view words = trimmed(line);
  const size_t split = std::min(words.find_first_of(" \t;"), words.size());
  const std::string_view command = words.substr(0, split);
  std::string_view argument = trimmed(words.substr(split));
  while (!argument.empty() && argument.back() == ';')
    argument = trimmed(argument.substr(0, argument.size() - 1));
  const bool alone =
      command == "\\q" || command == "\\quit" || command == "\\?" || command == "\\l";
  if (alone && !argument.empty())
    return refuse("42601", fmt::format("{}: takes no argument, not \"{}\"", command, argument));
  if (command == "\\q" || command == "\\quit") {
    quit_ = true;
    return false;
  }
  if (command == "\\?") {
    out_ << shell_help() << std::flush;
  } else if (command == "\\h" || command == "\\help") {
    return explain_statement(argument);
  } else if (command == "\\x" || command == "\\timing" || command == "\\verbose") {
    return run_switch(command, argument);
  } else if (command == "\\i") {
    return argument.empty() ? refuse("42601", "\\i: name the file to run")
                            : include_file(std::string(argument));
  } else if (command == "\\l") {
    return run_query("SELECT name AS \"Name\" FROM rowan.schemas ORDER BY name", "List of schemas",
                     true);
  } else if (command == "\\d" && argument.empty()) {
    return list_relations("'table', 'view', 'materialized view', 'sequence'", "List of relations",
                          {});
  } else if (command == "\\di") {
    return list_relations("'index'", "List of indexes", argument);
  } else if (command == "\\dv") {
    return list_relations("'view'", "List of views", argument);
  } else if (command == "\\dm") {
    return list_relations("'materialized view'", "List of materialized views", argument);
  } else if (command == "\\ds") {
    return list_relations("'sequence'", "List of sequences", argument);
  } else if (command == "\\dt") {
    return list_tables(argument);
  } else if (command == "\\d" && argument.find_first_of("*?") != std::string_view::npos) {
    return describe_matching(argument);
  } else if (command == "\\d") {
    return describe(argument);
  } else {
    return refuse("42601", fmt::format("invalid command {}\nTry \\? for help.", command));
  }
  return true;
}

bool Runner::explain_statement(std::string_view words) {
  const std::string help = words.empty() ? list_statements() : statement_help(words);
  if (help.empty()) {
    return refuse("42601", fmt::format("No help available for \"{}\".\n"
                                       "Try \\h with no arguments to see available help.",
                                       words));
  }
  out_ << help << std::flush;
  return true;
}

// \x, \timing, \verbose: on, off, or the other way round.
bool Runner::run_switch(std::string_view command, std::string_view argument) {
  const std::string word = lower(argument);
  const bool on = word == "on" || word == "true" || word == "yes" || word == "1";
  if (!on && !word.empty() && word != "off" && word != "false" && word != "no" && word != "0") {
    return refuse("22023", fmt::format("unrecognized value \"{}\" for \"{}\": on or off expected",
                                       argument, command));
  }
  const auto set = [&](bool now) { return word.empty() ? !now : on; };
  if (command == "\\x") {
    const bool expanded = set(options_.print.format == Format::kExpanded);
    options_.print.format = expanded ? Format::kExpanded : Format::kTable;
    out_ << "Expanded display is " << (expanded ? "on" : "off") << ".\n";
  } else if (command == "\\timing") {
    timing_ = set(timing_);
    out_ << "Timing is " << (timing_ ? "on" : "off") << ".\n";
  } else {
    options_.print.commits = set(options_.print.commits);
    out_ << "Commits are " << (options_.print.commits ? "shown" : "not shown") << ".\n";
  }
  out_ << std::flush;
  return true;
}

// The relations of some kinds, of all schemas, or those that a pattern means.
bool Runner::list_relations(std::string_view kinds, const std::string& title,
                            std::string_view pattern) {
  const std::string from =
      fmt::format("FROM rowan.relations WHERE kind IN ({}){}", kinds, matching(pattern));
  if (!require_match(from, pattern)) return !options_.stop_on_error;
  return run_query("SELECT schema AS \"Schema\", name AS \"Name\", kind AS \"Type\" " + from +
                       " ORDER BY 1, 2",
                   title, true);
}

bool Runner::list_tables(std::string_view pattern) {
  const std::string from = "FROM rowan.tables WHERE true" + matching(pattern);
  if (!require_match(from, pattern)) return !options_.stop_on_error;
  // Those whose rows nobody has counted yet are counted now.
  std::vector<std::string> unknown;
  if (!read_texts("SELECT schema, name " + from + " AND rows IS NULL", unknown))
    return !options_.stop_on_error;
  std::string counted;
  for (size_t i = 0; i + 1 < unknown.size(); i += 2) {
    counted += fmt::format(" WHEN schema = {} AND name = {} THEN (SELECT count(*) FROM {}.{})",
                           sql::quote_literal(unknown[i]), sql::quote_literal(unknown[i + 1]),
                           sql::quote_ident(unknown[i]), sql::quote_ident(unknown[i + 1]));
  }
  const std::string rows =
      counted.empty() ? std::string("rows") : "coalesce(rows, CASE" + counted + " END)";
  return run_query("SELECT schema AS \"Schema\", name AS \"Name\", " + rows + " AS \"Rows\" " + from +
                       " ORDER BY schema, name",
                   "List of tables", true);
}

// False: a pattern was given and nothing has such a name, which is reported.
bool Runner::require_match(const std::string& from, std::string_view pattern) {
  if (pattern.empty()) return true;
  std::vector<std::string> found;
  if (!read_texts("SELECT name " + from + " LIMIT 1", found)) return false;
  if (!found.empty()) return true;
  refuse("42P01", fmt::format("Did not find any relation named \"{}\".", pattern));
  return false;
}

bool Runner::describe_matching(std::string_view pattern) {
  const std::string from =
      "FROM rowan.relations WHERE kind IN ('table', 'view', 'materialized view', 'sequence')" +
      matching(pattern);
  if (!require_match(from, pattern)) return !options_.stop_on_error;
  std::vector<std::string> names;
  if (!read_texts("SELECT schema, name " + from + " ORDER BY 1, 2", names))
    return !options_.stop_on_error;
  for (size_t i = 0; i + 1 < names.size(); i += 2) {
    if (!describe(sql::quote_ident(names[i]) + "." + sql::quote_ident(names[i + 1]))) return false;
  }
  return true;
}

bool Runner::describe(std::string_view name) {
  const size_t dot = name.find('.');
  const std::string relation =
      folded_name(dot == std::string_view::npos ? name : name.substr(dot + 1));
  const std::string wanted_schema = dot == std::string_view::npos
                                        ? "current_schema()"
                                        : sql::quote_literal(folded_name(name.substr(0, dot)));
  std::vector<std::string> found;
  if (!read_texts(
          fmt::format("SELECT schema, kind FROM rowan.relations WHERE schema = {} AND name = {}",
                      wanted_schema, sql::quote_literal(relation)),
          found)) {
    return !options_.stop_on_error;
  }
  if (found.empty())
    return refuse("42P01", fmt::format("Did not find any relation named \"{}\".", name));
  const std::string& schema = found[0];
  const std::string& kind = found[1];
  const std::string is_it = fmt::format(" WHERE schema = {} AND {{}} = {}",
                                        sql::quote_literal(schema), sql::quote_literal(relation));
  const auto where = [&](std::string_view column) {
    return fmt::format(fmt::runtime(is_it), column);
  };
  if (kind == "table") return describe_table(schema, relation, where("\"table\""));
  const std::string title = fmt::format("{}{} \"{}.{}\"", static_cast<char>(std::toupper(kind[0])),
                                        kind.substr(1), schema, relation);
  if (kind == "sequence") {
    return run_query(
               "SELECT type AS \"Type\", start AS \"Start\", min AS \"Minimum\", max AS "
               "\"Maximum\", increment AS \"Increment\", "
               "cycle AS \"Cycles\", owned_by AS \"Owned by\" FROM rowan.sequences" +
                   where("name"),
               title, false) &&
           end_sections();
  }
  if (kind == "index") {
    return run_query(
               "SELECT \"table\" AS \"Table\", columns AS \"Columns\", \"unique\" AS \"Unique\", "
               "\"constraint\" AS \"Constraint\" "
               "FROM rowan.indexes" +
                   where("name"),
               title, false) &&
           end_sections();
  }
  if (!run_query(
          fmt::format("DESCRIBE {}.{}", sql::quote_ident(schema), sql::quote_ident(relation)),
          title, false))
    return false;
  return show_section("View definition:", "SELECT definition FROM rowan.views" + where("name")) &&
         end_sections();
}

bool Runner::describe_table(const std::string& schema, const std::string& table,
                            const std::string& where) {
  std::vector<std::string> rules;
  if (!read_texts("SELECT name FROM rowan.columns" + where + " AND merge_rule IS NOT NULL LIMIT 1",
                  rules))
    return !options_.stop_on_error;
  const std::string columns =
      "SELECT name AS \"Column\", type AS \"Type\", CASE WHEN nullable THEN '' ELSE 'not null' END "
      "AS \"Nullable\", "
      "CASE WHEN identity IS NOT NULL THEN 'generated ' || lower(identity) || ' as identity' ELSE "
      "coalesce(\"default\", '') END "
      "AS \"Default\"" +
      std::string(rules.empty() ? "" : ", coalesce(merge_rule, '') AS \"Merge rule\"") +
      " FROM rowan.columns" + where + " ORDER BY position";
  const std::string qualified = sql::quote_ident(schema) + "." + sql::quote_ident(table);
  return run_query(columns, fmt::format("Table \"{}.{}\"", schema, table), false) &&
         show_section("Indexes:",
                      "SELECT name || ' ' || coalesce(\"constraint\" || ' ', CASE WHEN \"unique\" "
                      "THEN 'UNIQUE ' ELSE '' END) || columns "
                      "FROM rowan.indexes" +
                          where) &&
         show_section("Check constraints:",
                      "SELECT name || ' ' || definition FROM rowan.constraints" + where +
                          " AND kind = 'CHECK' ORDER BY name") &&
         show_section("Foreign-key constraints:",
                      "SELECT name || ' ' || definition FROM rowan.constraints" + where +
                          " AND kind = 'FOREIGN KEY' ORDER BY name") &&
         show_section("Referenced by:",
                      "SELECT 'TABLE ' || schema || '.' || \"table\" || ' CONSTRAINT ' || name || "
                      "' ' || definition FROM rowan.constraints "
                      "WHERE \"references\" = " +
                          sql::quote_literal(qualified) + " ORDER BY 1") &&
         end_sections();
}

// Appends every value of the rows; false when the query failed, which is reported.
bool Runner::read_texts(const std::string& query, std::vector<std::string>& texts) {
  auto rows = session_.run(query);
  if (!rows) {
    report(rows.failure(), "");
    return false;
  }
  for (;;) {
    auto more = (*rows)->next();
    if (!more) {
      report(more.failure(), "");
      return false;
    }
    if (!*more) return true;
    for (size_t i = 0; i < (*rows)->columns().size(); ++i) texts.push_back((*rows)->get_text(i));
  }
}

// A heading and what the query gives, a line a row; nothing when it gives nothing.
bool Runner::show_section(std::string_view heading, const std::string& query) {
  std::vector<std::string> lines;
  if (!read_texts(query, lines)) return !options_.stop_on_error;
  if (!lines.empty()) out_ << heading << '\n';
  for (const std::string& line : lines) out_ << "    " << visible(line) << '\n';
  return true;
}

bool Runner::end_sections() {
  out_ << '\n' << std::flush;
  return true;
}

bool Runner::include_file(const std::string& path) {
  if (include_depth_ == kIncludeDepthMax)
    return refuse("54001",
                  fmt::format("\\i: files include each other more than {} deep", kIncludeDepthMax));
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return refuse("58P01", fmt::format("{}: {}", path, std::strerror(errno)));
  const std::string source = std::exchange(options_.source, path);
  const size_t line = line_;
  ++include_depth_;
  ScriptReader script(file);
  const bool go_on = run_script(script);
  --include_depth_;
  options_.source = source;
  line_ = line;
  ::close(file);
  return go_on;
}

}  // namespace rowan::shell
