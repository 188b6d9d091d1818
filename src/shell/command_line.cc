#include "shell/command_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "rowan/rowan.h"
#include "shell/interactive.h"
#include "shell/printer.h"
#include "shell/progress_bar.h"
#include "shell/runner.h"
#include "sql/parser.h"

namespace rowan::shell {

namespace {

constexpr int kFine = 0;
constexpr int kFound = 1;
constexpr int kUsage = 2;

constexpr std::string_view kHelp = R"(Rowan: a SQL database whose storage is a Git repository.

  rowan init DIR                            make an empty repository
  rowan shell [DIR]                         the interactive shell (in memory without DIR)
  rowan sql DIR [-c SQL | -f FILE]          run SQL (from standard input without -c and -f)
        [--format table|csv|json|expanded] [--branch B]
  rowan import DIR TABLE FILE.csv [--no-header] [--delimiter C] [--null TEXT] [--branch B]
  rowan export DIR TABLE FILE.csv [--no-header] [--delimiter C] [--branch B]
  rowan log DIR [TABLE] [-n COUNT] [--branch B]
  rowan branch DIR                          list branches
  rowan branch DIR NAME [--from REVISION]   make one
  rowan branch DIR --delete NAME [--force]  delete one
  rowan check DIR                           check everything that is stored
  rowan checkpoint DIR                      publish all commits to Git
  rowan version

Exit codes: 0 fine, 1 problems found, 2 usage, 3 refused, 10 and above: errors by class.
)";

// Exit codes by the class of a SQLSTATE; documented in docs/command-line.md.
int exit_code(std::string_view sqlstate) {
  if (sqlstate == "55006" || sqlstate == "58P02" || sqlstate == "25006") return 3;
  const std::string_view wide = sqlstate.substr(0, 2);
  static const std::map<std::string_view, int> codes = {{"42", 10}, {"3D", 10}, {"3F", 10}, {"0A", 11}, {"22", 12}, {"23", 13}, {"25", 14},
                                                        {"40", 15}, {"53", 16}, {"54", 16}, {"58", 17}, {"VC", 18}, {"XX", 19}, {"57", 20}};
  const auto found = codes.find(wide);
  return found == codes.end() ? 21 : found->second;
}

int fail(const Failure& failure) {
  std::cerr << failure_text(failure, "");
  return exit_code(failure.sqlstate);
}

int usage(std::string_view message) {
  std::cerr << "rowan: " << message << "\nTry `rowan help`.\n";
  return kUsage;
}

// A command's words: plain ones in order, and options with or without a value.
struct Words {
  std::vector<std::string> plain;
  std::map<std::string, std::vector<std::string>> options;

  bool has(const std::string& name) const { return options.contains(name); }
  std::string get(const std::string& name, std::string fallback = "") const {
    const auto found = options.find(name);
    return found == options.end() || found->second.empty() ? fallback : found->second.back();
  }
};

std::optional<Words> parse_words(const std::vector<std::string>& arguments, const std::set<std::string>& with_value, const std::set<std::string>& flags) {
  Words words;
  for (size_t i = 1; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word.size() < 2 || word[0] != '-') {
      words.plain.push_back(word);
      continue;
    }
    const size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
    const std::string name = word.substr(0, equals);
    if (flags.contains(name) && equals == std::string::npos) {
      words.options[name];
    } else if (with_value.contains(name)) {
      if (equals != std::string::npos) {
        words.options[name].push_back(word.substr(equals + 1));
      } else if (i + 1 < arguments.size()) {
        words.options[name].push_back(arguments[++i]);
      } else {
        usage("option " + name + " needs a value");
        return std::nullopt;
      }
    } else {
      usage("unknown option " + word);
      return std::nullopt;
    }
  }
  return words;
}

// An open repository and one session on it.
struct Connection {
  std::unique_ptr<Database> database;
  std::unique_ptr<Session> session;
};

std::optional<Failure> connect(const std::string& path, const std::string& branch, bool read_only, Connection& connection) {
  OpenOptions options;
  options.read_only = read_only;
  auto database = Database::open(path, options);
  if (!database) return database.failure();
  connection.database = std::move(*database);
  auto session = connection.database->connect(branch);
  if (!session) return session.failure();
  connection.session = std::move(*session);
  return std::nullopt;
}

// For commands that only read: beside another process they see what is published.
std::optional<Failure> connect_to_read(const std::string& path, const std::string& branch, Connection& connection) {
  auto failure = connect(path, branch, false, connection);
  if (failure && (failure->sqlstate == "55006" || failure->sqlstate == "42501")) return connect(path, branch, true, connection);
  return failure;
}

int run_and_print(Session& session, const std::string& sql, Format format = Format::kTable) {
  Runner runner(session, {{format, false}, true, false, ""}, std::cout, std::cerr);
  runner.run_script(sql);
  return runner.failure_state().empty() ? kFine : exit_code(runner.failure_state());
}

int command_init(const Words& words) {
  if (words.plain.size() != 1) return usage("init takes one folder");
  auto done = Database::init(words.plain[0]);
  if (!done) return fail(done.failure());
  std::cout << "Made an empty Rowan repository in " << words.plain[0] << " (branch main).\n";
  return kFine;
}

int command_shell(const Words& words) {
  if (words.plain.size() > 1) return usage("shell takes one folder at most");
  Connection connection;
  const std::string path = words.plain.empty() ? ":memory:" : words.plain[0];
  if (path.starts_with("postgres://") || path.starts_with("postgresql://")) {
    return usage("connecting to a server is not supported yet; give a folder");
  }
  if (auto failure = connect(path, words.get("--branch"), words.has("--read-only"), connection)) return fail(*failure);
  return run_interactive(*connection.session);
}

int command_sql(const Words& words) {
  if (words.plain.size() != 1) return usage("sql takes one folder");
  const auto format = format_from_name(words.get("--format", "table"));
  if (!format) return usage("--format is table, csv, json or expanded");
  Connection connection;
  const std::string& path = words.plain[0];
  if (auto failure = connect(path, words.get("--branch"), words.has("--read-only"), connection)) return fail(*failure);
  Runner::Options options{{*format, *format == Format::kTable || *format == Format::kExpanded}, true, false, ""};
  if (words.has("-c")) {
    for (const std::string& sql : words.options.at("-c")) {
      Runner runner(*connection.session, options, std::cout, std::cerr);
      // COPY … FROM STDIN reads the process's own input.
      if (!runner.add_line(sql + ";", [](std::string& line) { return static_cast<bool>(std::getline(std::cin, line)); }) || !runner.failure_state().empty()) {
        return exit_code(runner.failure_state());
      }
    }
    return kFine;
  }
  std::string text;
  if (words.has("-f")) {
    options.source = words.get("-f");
    std::ifstream file(options.source, std::ios::binary);
    if (!file) return fail({"58P01", "could not open file \"" + options.source + "\"", "", "", 0, false});
    text.assign(std::istreambuf_iterator<char>(file), {});
  } else if (::isatty(STDIN_FILENO) != 0) {
    return run_interactive(*connection.session);
  } else {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  }
  Runner runner(*connection.session, options, std::cout, std::cerr);
  runner.run_script(text);
  return runner.failure_state().empty() ? kFine : exit_code(runner.failure_state());
}

// "shop.orders" as SQL.
std::string table_name(const std::string& word) {
  const size_t dot = word.find('.');
  if (dot == std::string::npos) return sql::quote_ident(word);
  return sql::quote_ident(word.substr(0, dot)) + "." + sql::quote_ident(word.substr(dot + 1));
}

int copy_command(const Words& words, bool import) {
  if (words.plain.size() != 3) return usage(import ? "import takes a folder, a table and a file" : "export takes a folder, a table and a file");
  Connection connection;
  const auto failure = import ? connect(words.plain[0], words.get("--branch"), false, connection)
                              : connect_to_read(words.plain[0], words.get("--branch"), connection);
  if (failure) return fail(*failure);
  const std::string file = std::filesystem::absolute(words.plain[2]).string();
  std::string sql = "COPY " + table_name(words.plain[1]) + (import ? " FROM " : " TO ") + sql::quote_literal(file) + " (FORMAT csv, HEADER " +
                    (words.has("--no-header") ? "false" : "true");
  if (words.has("--delimiter")) sql += ", DELIMITER " + sql::quote_literal(words.get("--delimiter"));
  if (words.has("--null")) sql += ", NULL " + sql::quote_literal(words.get("--null"));
  Runner runner(*connection.session, {{}, true, false, ""}, std::cout, std::cerr);
  runner.run_script(sql + ");");
  return runner.failure_state().empty() ? kFine : exit_code(runner.failure_state());
}

int command_log(const Words& words) {
  if (words.plain.empty() || words.plain.size() > 2) return usage("log takes a folder and perhaps a table");
  const std::string count = words.get("-n");
  if (count.find_first_not_of("0123456789") != std::string::npos) return usage("-n takes a number");
  Connection connection;
  if (auto failure = connect_to_read(words.plain[0], words.get("--branch"), connection)) return fail(*failure);
  std::string sql = "SHOW LOG";
  if (words.plain.size() == 2) sql += " FOR " + table_name(words.plain[1]);
  if (!count.empty()) sql += " LIMIT " + count;
  auto rows = connection.session->run(sql);
  if (!rows) return fail(rows.failure());
  for (;;) {
    auto more = (*rows)->next();
    if (!more) return fail(more.failure());
    if (!*more) return kFine;
    std::cout << fmt::format("commit {}\nAuthor: {} <{}>\nDate:   {}\n\n    {}\n\n", (*rows)->get_text(0), (*rows)->get_text(1), (*rows)->get_text(2),
                             (*rows)->get_text(3), (*rows)->get_text(4));
  }
}

int command_branch(const Words& words) {
  const bool remove = words.has("--delete");
  if (words.plain.empty() || words.plain.size() > 2 || (remove && words.plain.size() != 1)) return usage("branch takes a folder and perhaps a name");
  Connection connection;
  const bool list = !remove && words.plain.size() == 1;
  const auto failure = list ? connect_to_read(words.plain[0], "", connection) : connect(words.plain[0], "", false, connection);
  if (failure) return fail(*failure);
  if (list) return run_and_print(*connection.session, "SELECT branch, substr(\"commit\", 1, 12) AS commit, author, time, message FROM rowan.branches ORDER BY branch;");
  if (remove) return run_and_print(*connection.session, "DROP BRANCH " + sql::quote_ident(words.get("--delete")) + (words.has("--force") ? " FORCE;" : ";"));
  std::string sql = "CREATE BRANCH " + sql::quote_ident(words.plain[1]);
  if (words.has("--from")) sql += " FROM " + sql::quote_literal(words.get("--from"));
  return run_and_print(*connection.session, sql + ";");
}

int command_check(const Words& words) {
  if (words.plain.size() != 1) return usage("check takes one folder");
  Connection connection;
  if (auto failure = connect_to_read(words.plain[0], "", connection)) return fail(*failure);
  ProgressBar bar;
  auto problems = connection.database->check([&](const Progress& progress) { bar.show(progress); });
  bar.clear();
  if (!problems) return fail(problems.failure());
  for (const std::string& problem : *problems) std::cout << problem << '\n';
  if (problems->empty()) std::cout << "No problem found.\n";
  return problems->empty() ? kFine : kFound;
}

int command_checkpoint(const Words& words) {
  if (words.plain.size() != 1) return usage("checkpoint takes one folder");
  Connection connection;
  if (auto failure = connect(words.plain[0], "", false, connection)) return fail(*failure);
  auto done = connection.database->checkpoint();
  return done ? kFine : fail(done.failure());
}

struct Command {
  std::string_view name;
  std::set<std::string> with_value;
  std::set<std::string> flags;
  int (*run)(const Words&);
};

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {
      {"init", {}, {}, command_init},
      {"shell", {"--branch"}, {"--read-only"}, command_shell},
      {"sql", {"-c", "-f", "--format", "--branch"}, {"--read-only"}, command_sql},
      {"import", {"--delimiter", "--null", "--branch"}, {"--no-header"}, [](const Words& words) { return copy_command(words, true); }},
      {"export", {"--delimiter", "--null", "--branch"}, {"--no-header"}, [](const Words& words) { return copy_command(words, false); }},
      {"log", {"-n", "--branch"}, {}, command_log},
      {"branch", {"--from", "--delete"}, {"--force"}, command_branch},
      {"check", {}, {}, command_check},
      {"checkpoint", {}, {}, command_checkpoint},
  };
  return all;
}

}  // namespace

int run_command_line(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    std::cerr << kHelp;
    return kUsage;
  }
  const std::string& name = arguments[0];
  if (name == "help" || name == "--help" || name == "-h") {
    std::cout << kHelp;
    return kFine;
  }
  if (name == "version" || name == "--version") {
    std::cout << "rowan " << version() << '\n';
    return kFine;
  }
  for (const Command& command : commands()) {
    if (command.name != name) continue;
    const auto words = parse_words(arguments, command.with_value, command.flags);
    return words ? command.run(*words) : kUsage;
  }
  return usage("unknown command " + name);
}

}  // namespace rowan::shell
