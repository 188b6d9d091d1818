#include "shell/command_line.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <variant>

#include "rowan/rowan.h"
#include "rowan/shared.h"
#include "shell/command.h"
#include "shell/history_commands.h"
#include "shell/interactive.h"
#include "shell/output.h"
#include "shell/printer.h"
#include "shell/runner.h"
#include "shell/signals.h"
#include "sql/parser.h"

namespace rowan::shell {

namespace {

constexpr std::string_view kMemory = ":memory:";
constexpr size_t kKeyWordsMax = 32;  // PostgreSQL's limit on the columns of a key.
constexpr int kSignalled =
    128;  // Plus the signal's number, as a shell tells of a process that one ended.

// Exit codes by the class of a SQLSTATE; documented in docs/command-line.md.
int exit_code(std::string_view sqlstate) {
  static const std::set<std::string_view> refused = {"55006", "58P02", "25006", "42501", "55000"};
  if (refused.contains(sqlstate)) return 3;
  const std::string_view wide = sqlstate.substr(0, 2);
  static const std::map<std::string_view, int> codes = {
      {"42", 10}, {"3D", 10}, {"3F", 10}, {"0A", 11}, {"22", 12}, {"23", 13}, {"25", 14},
      {"40", 15}, {"53", 16}, {"54", 16}, {"58", 17}, {"VC", 18}, {"XX", 19}, {"57", 20}};
  const auto found = codes.find(wide);
  return found == codes.end() ? 21 : found->second;
}

}  // namespace

int fail(const Failure& failure) {
  std::cerr << failure_text(failure, "");
  return exit_code(failure.sqlstate);
}

int bad_value(std::string_view message) {
  std::cerr << "rowan: " << message << '\n';
  return kUsage;
}

namespace {

// A command line that cannot be followed: one sentence for the user.
struct Misuse {
  std::string message;
};

int usage(const Command& command, std::string_view message) {
  std::cerr << fmt::format("rowan {}: {}\nUsage: rowan {} {}\n", command.name, message,
                           command.name, command.form);
  return kUsage;
}

// Options that may be given several times, and values that may be empty; an empty name or revision
// would quietly mean the default.
const std::set<std::string> kRepeated = {"-c", "-f", "--listen"};
const std::set<std::string> kMayBeEmpty = {"-c", "-m", "--null", "--grep"};

std::variant<Words, Misuse> parse_words(const std::vector<std::string>& arguments,
                                        const Command& command) {
  Words words;
  for (size_t i = 1; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word.size() < 2 || word[0] != '-') {
      words.plain.push_back(word);
      continue;
    }
    if (word == "--") {
      words.plain.insert(words.plain.end(), arguments.begin() + static_cast<ptrdiff_t>(i) + 1,
                         arguments.end());
      break;
    }
    const size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
    const std::string name = word.substr(0, equals);
    if (command.flags.contains(name) && equals == std::string::npos) {
      if (!words.options.try_emplace(name).second)
        return Misuse{"option " + name + " is given twice"};
    } else if (!command.with_value.contains(name)) {
      return Misuse{command.flags.contains(name) ? "option " + name + " takes no value"
                                                 : "unknown option " + name};
    } else if (equals == std::string::npos && i + 1 == arguments.size()) {
      return Misuse{"option " + name + " needs a value"};
    } else {
      std::vector<std::string>& values = words.options[name];
      values.push_back(equals != std::string::npos ? word.substr(equals + 1) : arguments[++i]);
      if (values.back().empty() && !kMayBeEmpty.contains(name))
        return Misuse{"option " + name + " needs a value"};
      if (values.size() > 1 && !kRepeated.contains(name))
        return Misuse{"option " + name + " is given twice"};
    }
  }
  return words;
}

}  // namespace

std::optional<Failure> connect(const std::string& path, const std::string& branch, bool read_only,
                               Connection& connection) {
  std::error_code error;
  if (path != kMemory && !std::filesystem::exists(path, error) && !error) {
    return Failure{.sqlstate = "VC006",
                   .message = "there is no folder \"" + path + "\"",
                   .hint = "rowan init " + path + " makes an empty repository there."};
  }
  OpenOptions options;
  options.read_only = read_only;
  options.command_hints = !connection.speaks_sql;
  options.drop_caches = connection.drop_caches;
  connection.is_read_only = read_only;
  auto database = open_shared(path, options);
  if (!database) {
    Failure failure = database.failure();
    const std::filesystem::path inner = std::filesystem::path(path) / ".git";
    if (failure.sqlstate == "VC006" && std::filesystem::is_directory(inner, error))
      failure.hint = fmt::format("It is a clone's working tree. Work on a bare clone (git clone --bare), or read its "
                                 "repository: rowan sql --read-only {}", inner.string());
    return failure;
  }
  connection.database = std::move(*database);
  auto session = connection.database->connect(branch);
  if (!session) return session.failure();
  connection.session = std::move(*session);
  return std::nullopt;
}

std::optional<Failure> connect_to_read(const std::string& path, const std::string& branch,
                                       Connection& connection) {
  auto failure = connect(path, branch, false, connection);
  constexpr std::string_view kReadAllTheSame[] = {"55006", "42501", "55000"};  // A working tree's.
  if (failure && std::find(std::begin(kReadAllTheSame), std::end(kReadAllTheSame),
                           failure->sqlstate) != std::end(kReadAllTheSame))
    return connect(path, branch, true, connection);
  return failure;
}

namespace {

std::optional<Failure>& unpublished() {
  static std::optional<Failure> failure;
  return failure;
}

}  // namespace

// Here, and not when the database goes: only this says what went wrong.
Connection::~Connection() {
  session.reset();
  if (database == nullptr || is_read_only) return;
  auto done = database->checkpoint();
  // Where another process has the repository, that one publishes.
  constexpr std::string_view kOfAnother[] = {"55006", "53300", "08006", "57P01"};
  if (done || std::find(std::begin(kOfAnother), std::end(kOfAnother), done.failure().sqlstate) !=
                  std::end(kOfAnother))
    return;
  unpublished() = done.failure();
}

namespace {

int finish_code(const Runner& runner) {
  return runner.failure_state().empty() ? kFine : exit_code(runner.failure_state());
}

}  // namespace

int run_and_print(Session& session, const std::string& sql,
                  const std::function<void(const Rows&)>& seen) {
  const SignalGuard guard(session);
  Runner runner(session,
                {.print = {.tags = false, .seen = seen}, .stop_on_error = true, .quote_statement = false},
                std::cout, std::cerr);
  ScriptReader script(sql);
  runner.run_script(script);
  return finish_code(runner);
}

namespace {

int command_init(const Words& words) {
  auto done = Database::init(words.plain[0]);
  if (!done) return fail(done.failure());
  std::cout << "Made an empty Rowan repository in " << words.plain[0] << " (branch main).\n";
  return kFine;
}

int command_shell(const Words& words) {
  const std::string path = words.plain.empty() ? std::string(kMemory) : words.plain[0];
  if (path.starts_with("postgres://") || path.starts_with("postgresql://")) {
    return fail({"0A000", "connecting to a server is not supported yet", "",
                 "Give the folder of a repository.", 0, false});
  }
  Connection connection{.speaks_sql = true};
  if (auto failure = connect(path, words.get("--branch"), words.has("--read-only"), connection))
    return fail(*failure);
  return run_interactive(*connection.session);
}

// Each -c is a script of its own; COPY … FROM STDIN in it reads the process's own input.
int run_texts(Session& session, const std::vector<std::string>& texts,
              const Runner::Options& options) {
  ScriptReader input(STDIN_FILENO);
  Runner runner(session, options, std::cout, std::cerr);
  for (const std::string& text : texts) {
    ScriptReader script(text);
    if (!runner.run_script(script, &input)) break;
  }
  return finish_code(runner);
}

int run_files(Session& session, const std::vector<std::string>& paths, Runner::Options options) {
  for (const std::string& path : paths) {
    options.source = path == "-" ? "" : path;
    const int file = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0)
      return fail({"58P01",
                   fmt::format("could not open file \"{}\": {}", path, std::strerror(errno)), "",
                   "", 0, false});
    Runner runner(session, options, std::cout, std::cerr);
    ScriptReader script(file);
    const bool go_on = runner.run_script(script);
    if (file != STDIN_FILENO) ::close(file);
    if (!go_on) return finish_code(runner);
  }
  return kFine;
}

int command_sql(const Words& words) {
  const auto format = format_from_name(words.get("--format", "table"));
  if (!format)
    return bad_value("there is no format \"" + words.get("--format") +
                     "\"; formats are table, csv, json and expanded");
  Connection connection{.speaks_sql = true};
  if (auto failure =
          connect(words.plain[0], words.get("--branch"), words.has("--read-only"), connection))
    return fail(*failure);
  const bool for_people = *format == Format::kTable || *format == Format::kExpanded;
  const Runner::Options options{
      .print = {.format = *format, .tags = for_people, .commits = words.has("--verbose")},
      .stop_on_error = true};
  const bool given = words.has("-c") || words.has("-f");
  if (!given && ::isatty(STDIN_FILENO) != 0) {
    if (words.has("--format") || words.has("--verbose"))
      return bad_value("at a terminal \\x and \\verbose change what is shown, not options");
    return run_interactive(*connection.session);
  }
  const SignalGuard guard(*connection.session);
  if (words.has("-c")) return run_texts(*connection.session, words.options.at("-c"), options);
  return run_files(*connection.session,
                   words.has("-f") ? words.options.at("-f") : std::vector<std::string>{"-"},
                   options);
}

}  // namespace

std::string table_name(const std::string& word) {
  const size_t dot = word.find('.');
  if (dot == std::string::npos) return sql::quote_ident(word);
  return sql::quote_ident(word.substr(0, dot)) + "." + sql::quote_ident(word.substr(dot + 1));
}

namespace {

// `-` as the file is standard input or output.
int copy_command(const Words& words, bool import) {
  Connection connection;
  const auto failure = import ? connect(words.plain[0], words.get("--branch"), false, connection)
                              : connect_to_read(words.plain[0], words.get("--branch"), connection);
  if (failure) return fail(*failure);
  const std::string& file = words.plain[2];
  std::error_code error;
  std::string sql = "COPY " + table_name(words.plain[1]) + (import ? " FROM " : " TO ");
  // Standard input by its name: line by line, as scripts read it, compressed bytes would not last.
  sql += file == "-" ? std::string(import ? "'/dev/stdin'" : "STDOUT")
                     : sql::quote_literal(std::filesystem::absolute(file, error).string());
  sql += std::string(" (FORMAT csv, HEADER ") + (words.has("--no-header") ? "false" : "true");
  if (words.has("--delimiter"))
    sql += ", DELIMITER " + sql::quote_literal(words.get("--delimiter"));
  if (words.has("--null")) sql += ", NULL " + sql::quote_literal(words.get("--null"));
  const SignalGuard guard(*connection.session);
  const bool tag = import || file != "-";
  Runner runner(*connection.session,
                {.print = {.tags = tag}, .stop_on_error = true, .quote_statement = false},
                std::cout, std::cerr);
  ScriptReader script(sql + ");");
  ScriptReader input(STDIN_FILENO);
  runner.run_script(script, &input);
  return finish_code(runner);
}

int command_log(const Words& words) {
  const std::string count = words.get("-n");
  if (count.find_first_not_of("0123456789") != std::string::npos || count.size() > 18)
    return bad_value("-n takes a number of commits");
  Connection connection;
  if (auto failure = connect_to_read(words.plain[0], words.get("--branch"), connection))
    return fail(*failure);
  LogView view;
  if (words.plain.size() == 2) view.revision = words.plain[1];
  view.table = words.get("--table");
  view.author = words.get("--author");
  view.grep = words.get("--grep");
  view.since = words.get("--since");
  view.until = words.get("--until");
  if (!count.empty()) view.count = std::stoull(count);
  view.graph = words.has("--graph");
  view.oneline = words.has("--oneline");
  const SignalGuard guard(*connection.session);
  if (auto failure = show_log(*connection.session, view, standard_output_screen(), std::cout))
    return fail(*failure);
  return kFine;
}

int command_diff(const Words& words) {
  DiffView view;
  const std::map<std::string, DiffForm> forms = {{"--stat", DiffForm::kStat},
                                                 {"--json", DiffForm::kJson},
                                                 {"--sql", DiffForm::kSql},
                                                 {"--schema", DiffForm::kSchema}};
  size_t given = 0;
  for (const auto& [name, form] : forms) {
    if (!words.has(name)) continue;
    view.form = form;
    ++given;
  }
  if (given > 1) return bad_value("of --stat, --json, --sql and --schema only one can be given");
  view.native = words.has("--native");
  if (view.native && view.form != DiffForm::kSql) return bad_value("--native goes with --sql");
  Connection connection;
  if (auto failure = connect_to_read(words.plain[0], words.get("--branch"), connection))
    return fail(*failure);
  view.from = words.plain[1];
  if (words.plain.size() == 3) view.to = words.plain[2];
  view.table = words.get("--table");
  const SignalGuard guard(*connection.session);
  const auto shown = show_diff(*connection.session, view, standard_output_screen(), std::cout);
  if (const auto* failure = std::get_if<Failure>(&shown)) return fail(*failure);
  return std::get<bool>(shown) && words.has("--exit-code") ? kFound : kFine;
}

int command_blame(const Words& words) {
  Connection connection;
  if (auto failure = connect_to_read(words.plain[0], words.get("--branch"), connection))
    return fail(*failure);
  BlameView view;
  view.table = words.plain[1];
  view.revision = words.get("--at");
  view.key.assign(words.plain.begin() + 2, words.plain.end());
  view.cells = words.has("--cells");
  const SignalGuard guard(*connection.session);
  const auto shown = show_blame(*connection.session, view, standard_output_screen(), std::cout);
  if (const auto* failure = std::get_if<Failure>(&shown)) return fail(*failure);
  // A table may be empty; a row that is asked for by its key is missed.
  if (std::get<bool>(shown) || view.key.empty()) return kFine;
  std::string key;
  for (const std::string& part : view.key) key += (key.empty() ? "" : ", ") + part;
  std::cerr << fmt::format(
      "rowan blame: table \"{}\" has no row with the key ({})\n"
      "HINT:  --at REVISION asks about an earlier state, which may have had it.\n",
      view.table, key);
  return kFound;
}

// Reads only: what an open for writing would mend (edits by hand that are not canonical) is
// reported as it stands.
const std::vector<Command>& commands() {
  static const std::vector<Command> all = [] {
    std::vector<Command> made = {
        {"init", "DIR", "make an empty repository", 1, 1, {}, {}, command_init},
        {"shell",
         "[DIR] [--branch B] [--read-only]",
         "the interactive shell (in memory without DIR)",
         0,
         1,
         {"--branch"},
         {"--read-only"},
         command_shell},
        {"sql",
         "DIR [-c SQL]… | [-f FILE]… [--format table|csv|json|expanded] [--branch REVISION] "
         "[--read-only] [--verbose]",
         "run SQL; without -c and -f from standard input, at a terminal the shell",
         1,
         1,
         {"-c", "-f", "--format", "--branch"},
         {"--read-only", "--verbose"},
         command_sql},
        {"import",
         "DIR TABLE FILE.csv [--no-header] [--delimiter C] [--null TEXT] [--branch B]",
         "rows of a CSV file into a table (FILE - is standard input)",
         3,
         3,
         {"--delimiter", "--null", "--branch"},
         {"--no-header"},
         [](const Words& words) { return copy_command(words, true); }},
        {"export",
         "DIR TABLE FILE.csv [--no-header] [--delimiter C] [--null TEXT] [--branch B]",
         "a table as a CSV file (FILE - is standard output)",
         3,
         3,
         {"--delimiter", "--null", "--branch"},
         {"--no-header"},
         [](const Words& words) { return copy_command(words, false); }},
        {"log",
         "DIR [REVISION] [-n COUNT] [--graph] [--oneline] [--table T] [--author A] [--grep TEXT] "
         "[--since TIME] [--until TIME] [--branch B]",
         "commits, newest first",
         1,
         2,
         {"-n", "--branch", "--table", "--author", "--grep", "--since", "--until"},
         {"--graph", "--oneline"},
         command_log},
        {"diff",
         "DIR A [B] [--table T] [--stat | --json | --sql [--native] | --schema] [--exit-code] "
         "[--branch B]",
         "what two revisions differ by (B: HEAD; A may be a..b or a...b); with --exit-code 1 when "
         "they do",
         2,
         3,
         {"--table", "--branch"},
         {"--stat", "--json", "--sql", "--native", "--schema", "--exit-code"},
         command_diff},
        {"blame",
         "DIR TABLE [KEY…] [--cells] [--at REVISION] [--branch B]",
         "the commit behind each row, or each cell",
         2,
         2 + kKeyWordsMax,
         {"--at", "--branch"},
         {"--cells"},
         command_blame},
    };
    for (const auto* more : {&version_commands(), &foreign_commands(), &care_commands(),
                             &serve_commands()})
      made.insert(made.end(), more->begin(), more->end());
    return made;
  }();
  return all;
}

void print_help(std::ostream& out) {
  out << "Rowan: a SQL database whose storage is a Git repository.\n\n";
  for (const Command& command : commands())
    out << fmt::format("  rowan {} {}\n        {}\n", command.name, command.form, command.purpose);
  out << "  rowan version\n  rowan help [COMMAND]\n\n"
         "Start with: rowan init demo.git, then rowan shell demo.git.\n"
         "Exit codes: 0 fine, 1 problems found, 2 usage, 3 refused, 10 and above: errors by "
         "class.\n";
}

// What is wrong with the number of plain words, in a sentence.
std::string count_message(const Command& command, const Words& words) {
  if (words.plain.size() < command.plain_min)
    return words.plain.empty() ? "the repository's folder is missing"
                               : "something is missing behind the folder";
  if (command.name == "sql")
    return "unexpected \"" + words.plain[1] + "\"; SQL is given with -c, a file of SQL with -f";
  return "unexpected \"" + words.plain[command.plain_max] + "\"";
}

// -h or --help where an option stands: not as another one's value, nor behind "--".
bool asks_for_help(const Command& command, const std::vector<std::string>& arguments) {
  for (size_t i = 1; i < arguments.size() && arguments[i] != "--"; ++i) {
    if (arguments[i] == "-h" || arguments[i] == "--help") return true;
    if (command.with_value.contains(arguments[i])) ++i;
  }
  return false;
}

int run_command(const Command& command, const std::vector<std::string>& arguments) {
  if (asks_for_help(command, arguments)) {
    std::cout << fmt::format("rowan {} {}\n  {}\n", command.name, command.form, command.purpose);
    return kFine;
  }
  const auto parsed = parse_words(arguments, command);
  if (const auto* misuse = std::get_if<Misuse>(&parsed)) return usage(command, misuse->message);
  const Words& words = std::get<Words>(parsed);
  if (words.plain.size() < command.plain_min || words.plain.size() > command.plain_max)
    return usage(command, count_message(command, words));
  // A key of BLAME may be an empty text; nothing else may.
  const size_t names = command.name == "blame" ? 2 : words.plain.size();
  for (size_t i = 0; i < std::min(names, words.plain.size()); ++i) {
    if (words.plain[i].empty()) return usage(command, "a folder, name or revision is empty");
  }
  if (words.has("-c") && words.has("-f"))
    return usage(command, "-c and -f cannot be used together");
  return command.run(words);
}

int dispatch(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    print_help(std::cerr);
    return kUsage;
  }
  const std::string& name = arguments[0];
  if (name == "version" || name == "--version") {
    std::cout << "rowan " << version() << '\n';
    return kFine;
  }
  const bool help = name == "help" || name == "--help" || name == "-h";
  if (help && (arguments.size() == 1 || arguments[1] == "-h" || arguments[1] == "--help")) {
    print_help(std::cout);
    return kFine;
  }
  const std::string& wanted = help ? arguments[1] : name;
  if (help && (wanted == "version" || wanted == "help")) {
    std::cout << (wanted == "version" ? "rowan version\n  say which version this is\n"
                                      : "rowan help [COMMAND]\n  say what commands there are, or how one is used\n");
    return kFine;
  }
  for (const Command& command : commands()) {
    if (command.name == wanted)
      return help ? run_command(command, {wanted, "--help"}) : run_command(command, arguments);
  }
  std::cerr << fmt::format("rowan: unknown command \"{}\"\nTry `rowan help`.\n", wanted);
  return kUsage;
}

}  // namespace

int run_command_line(const std::vector<std::string>& arguments) {
  ignore_broken_pipes();
  OutputGuard output;
  int code = dispatch(arguments);
  if (auto& failure = unpublished()) {
    if (failure->hint.empty())
      failure->hint = "What was committed is safe in the journal. The next rowan publishes it to Git.";
    const int unpublished_code = fail(*failure);
    if (code == kFine || code == kFound) code = unpublished_code;
  }
  const int error = output.finish();
  if (leaving_signal() != 0) return kSignalled + leaving_signal();
  if (error == EPIPE) return kSignalled + SIGPIPE;  // Whoever read us has seen enough.
  if (error == 0) return code;
  return fail({"58030", std::string("could not write the output: ") + std::strerror(error), "", "",
               0, false});
}

}  // namespace rowan::shell
