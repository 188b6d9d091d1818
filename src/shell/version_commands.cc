// The verbs of version control on the command line: each is the statement of the same name.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "shell/command.h"
#include "sql/parser.h"

namespace rowan::shell {

namespace {

// Everything behind the repository's folder and `skip` more words, as literals with commas between.
std::string literals(const Words& words, size_t from) {
  std::string list;
  for (size_t i = from; i < words.plain.size(); ++i)
    list += (list.empty() ? "" : ", ") + sql::quote_literal(words.plain[i]);
  return list;
}

std::string message_of(const Words& words) {
  return words.has("-m") ? " MESSAGE " + sql::quote_literal(words.get("-m")) : "";
}

// Runs one statement on the branch that the words name.
int run_on_branch(const Words& words, const std::string& sql) {
  Connection connection;
  if (auto failure = connect(words.plain[0], words.get("--branch"), false, connection))
    return fail(*failure);
  return run_and_print(*connection.session, sql + ";");
}

int run_reading(const Words& words, const std::string& sql) {
  Connection connection;
  if (auto failure = connect_to_read(words.plain[0], "", connection)) return fail(*failure);
  return run_and_print(*connection.session, sql + ";");
}

int command_branch(const Words& words) {
  const std::vector<std::string> verbs = {"--delete", "--rename", "--protect", "--unprotect"};
  const auto given = std::count_if(verbs.begin(), verbs.end(),
                                   [&](const std::string& verb) { return words.has(verb); });
  if (given > 1)
    return bad_value("only one of --delete, --rename, --protect and --unprotect can be given");
  const auto verb = std::find_if(verbs.begin(), verbs.end(),
                                 [&](const std::string& name) { return words.has(name); });
  const size_t wanted = words.has("--rename") ? 2 : 1;
  if (given == 1 && words.plain.size() != wanted) {
    return bad_value(words.has("--rename")
                         ? "--rename takes the branch's name, and the new one follows the folder"
                         : *verb + " takes the branch's name; nothing may follow the folder");
  }
  const bool makes = given == 0 && words.plain.size() == 2;
  if (words.has("--from") && !makes) return bad_value("--from goes with the name of a new branch");
  if (words.has("--force") && !words.has("--delete"))
    return bad_value("--force goes with --delete");
  if (given == 0 && words.plain.size() == 1) {
    return run_reading(words,
                       "SELECT CASE WHEN current THEN '*' ELSE '' END AS \" \", branch, "
                       "substr(\"commit\", 1, 12) AS commit, author, time, "
                       "ahead, behind, CASE WHEN protected THEN 'yes' ELSE '' END AS protected, "
                       "message FROM rowan.branches ORDER BY branch");
  }
  if (words.has("--delete"))
    return run_on_branch(words, "DROP BRANCH " + sql::quote_ident(words.get("--delete")) +
                                    (words.has("--force") ? " FORCE" : ""));
  if (words.has("--rename"))
    return run_on_branch(
        words, fmt::format("RENAME BRANCH {} TO {}", sql::quote_ident(words.get("--rename")),
                           sql::quote_ident(words.plain[1])));
  if (words.has("--protect"))
    return run_on_branch(words, "PROTECT BRANCH " + sql::quote_ident(words.get("--protect")));
  if (words.has("--unprotect"))
    return run_on_branch(words, "UNPROTECT BRANCH " + sql::quote_ident(words.get("--unprotect")));
  std::string sql = "CREATE BRANCH " + sql::quote_ident(words.plain[1]);
  if (words.has("--from")) sql += " FROM " + sql::quote_literal(words.get("--from"));
  return run_on_branch(words, sql);
}

int command_tag(const Words& words) {
  const bool makes = words.plain.size() == 2 && !words.has("--delete");
  for (const char* option : {"--from", "-m"}) {
    if (words.has(option) && !makes)
      return bad_value(fmt::format("{} goes with the name of a new tag", option));
  }
  if (words.has("--delete")) {
    if (words.plain.size() != 1)
      return bad_value("--delete takes the tag's name; nothing may follow the folder");
    return run_on_branch(words, "DROP TAG " + sql::quote_ident(words.get("--delete")));
  }
  if (words.plain.size() == 1) {
    return run_reading(words,
                       "SELECT tag, substr(\"commit\", 1, 12) AS commit, author, time, message "
                       "FROM rowan.tags ORDER BY tag");
  }
  std::string sql = "CREATE TAG " + sql::quote_ident(words.plain[1]);
  if (words.has("--from")) sql += " FROM " + sql::quote_literal(words.get("--from"));
  return run_on_branch(words, sql + message_of(words));
}

int replay(const Words& words, std::string_view verb) {
  std::string sql = fmt::format("{} {}{}", verb, literals(words, 1), message_of(words));
  if (words.has("--parent")) {
    const std::string parent = words.get("--parent");
    if (parent.empty() || parent.find_first_not_of("0123456789") != std::string::npos)
      return bad_value("--parent takes a number");
    sql += " PARENT " + parent;
  }
  return run_on_branch(words, sql);
}

int command_restore(const Words& words) {
  if (!words.has("--to")) return bad_value("--to is missing: the revision to restore from");
  if (words.has("--schema") && words.plain.size() > 1)
    return bad_value("either tables or --schema can be named, not both");
  std::string what = "ALL";
  if (words.has("--schema")) what = "SCHEMA " + sql::quote_ident(words.get("--schema"));
  if (words.plain.size() > 1) {
    what = "TABLE ";
    for (size_t i = 1; i < words.plain.size(); ++i)
      what += (i > 1 ? ", " : "") + table_name(words.plain[i]);
  }
  return run_on_branch(
      words, fmt::format("RESTORE {} TO {}{}", what, sql::quote_literal(words.get("--to")),
                         message_of(words)));
}

int command_reflog(const Words& words) {
  const std::string branch =
      words.plain.size() > 1 ? "FOR " + sql::quote_literal(words.plain[1]) : "";
  return run_reading(words, "SHOW REFLOG " + branch);
}

// Conflicts that wait for an answer are no failure, but not all is well either.
int command_merge(const Words& words) {
  Connection connection;
  if (auto failure = connect(words.plain[0], words.get("--branch"), false, connection))
    return fail(*failure);
  std::string sql = "MERGE " + literals(words, 1);
  std::string with;
  const auto add = [&](std::string_view option) {
    with += (with.empty() ? " WITH " : ", ") + std::string(option);
  };
  const std::string policy = words.get("--policy");
  if (!policy.empty()) {
    if (policy != "row-level" && policy != "ours" && policy != "theirs" && policy != "manual") {
      return bad_value("there is no policy \"" + policy +
                       "\"; policies are row-level, ours, theirs and manual");
    }
    add(policy == "row-level" ? "LAST WRITER" : policy == "manual" ? "MANUAL RESOLUTION" : policy);
  }
  if (words.has("--no-ff")) add("NO FAST FORWARD");
  if (words.has("--ff-only")) add("FAST FORWARD ONLY");
  if (words.has("--renumber")) add("RENUMBER");
  sql += with + (words.has("--dry-run") ? " DRY RUN" : "") + message_of(words);
  if (words.has("--dry-run")) {
    bool goes_through = true;
    const int code = run_and_print(*connection.session, sql + ";", [&](const Rows& rows) {
      const std::vector<ColumnInfo>& columns = rows.columns();
      for (size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].name != "outcome") continue;
        const std::string outcome = rows.get_text(i);
        goes_through = goes_through && outcome != "refused" && outcome != "waits";
      }
    });
    return code == kFine && !goes_through ? kFound : code;
  }
  const int code = run_and_print(*connection.session, sql + ";");
  if (code != kFine || policy != "manual") return code;
  auto open = connection.session->run("SELECT 1 FROM rowan.merges WHERE branch = " +
                                      sql::quote_literal(connection.session->branch()));
  if (!open) return code;
  auto row = (*open)->next();
  return row && *row ? kFound : kFine;
}

}  // namespace

const std::vector<Command>& version_commands() {
  static const std::vector<Command> all = {
      {"branch",
       "DIR [NAME [--from REVISION]] | DIR --delete NAME [--force] | DIR --rename NAME NEW | DIR "
       "--protect NAME | DIR --unprotect NAME",
       "list branches, make one, delete, rename or protect one",
       1,
       2,
       {"--from", "--delete", "--rename", "--protect", "--unprotect"},
       {"--force"},
       command_branch},
      {"tag",
       "DIR [NAME [--from REVISION] [-m MESSAGE]] | DIR --delete NAME",
       "list tags, make one, delete one",
       1,
       2,
       {"--from", "--delete", "-m"},
       {},
       command_tag},
      {"merge",
       "DIR REVISION… [--branch B] [--policy row-level|ours|theirs|manual] [--dry-run] [--no-ff] "
       "[--ff-only] [--renumber] [-m MESSAGE]",
       "merge branches into a branch",
       2,
       SIZE_MAX,
       {"--branch", "--policy", "-m"},
       {"--dry-run", "--no-ff", "--ff-only", "--renumber"},
       command_merge},
      {"revert",
       "DIR REVISION… [--branch B] [--parent N] [-m MESSAGE]",
       "undo the change of commits by new ones",
       2,
       SIZE_MAX,
       {"--branch", "--parent", "-m"},
       {},
       [](const Words& words) { return replay(words, "REVERT"); }},
      {"cherry-pick",
       "DIR REVISION… [--branch B] [--parent N] [-m MESSAGE]",
       "bring the change of commits to a branch",
       2,
       SIZE_MAX,
       {"--branch", "--parent", "-m"},
       {},
       [](const Words& words) { return replay(words, "CHERRY-PICK"); }},
      {"restore",
       "DIR [TABLE…] --to REVISION [--schema S] [--branch B] [-m MESSAGE]",
       "bring tables, a schema or everything back as it was",
       1,
       SIZE_MAX,
       {"--to", "--schema", "--branch", "-m"},
       {},
       command_restore},
      {"reset",
       "DIR REVISION [--branch B]",
       "move a branch to another commit",
       2,
       2,
       {"--branch"},
       {},
       [](const Words& words) {
         return run_on_branch(words, "RESET BRANCH TO " + literals(words, 1));
       }},
      {"rebase",
       "DIR REVISION [--branch B]",
       "put a branch's own commits on another commit",
       2,
       2,
       {"--branch"},
       {},
       [](const Words& words) {
         return run_on_branch(words, "REBASE ONTO " + literals(words, 1));
       }},
      {"squash",
       "DIR REVISION [--branch B] [-m MESSAGE] [--force]",
       "make one commit of those since a revision",
       2,
       2,
       {"--branch", "-m"},
       {"--force"},
       [](const Words& words) {
         return run_on_branch(words, "SQUASH SINCE " + literals(words, 1) + message_of(words) +
                                         (words.has("--force") ? " FORCE" : ""));
       }},
      {"reflog", "DIR [BRANCH]", "where a branch was, newest first", 1, 2, {}, {}, command_reflog},
  };
  return all;
}

}  // namespace rowan::shell
