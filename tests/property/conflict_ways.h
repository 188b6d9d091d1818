// Two changes from one base, merged in every way that a hint or rowan.conflicts names: each way must
// end, and leave relations that can be read and tables that can be written.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "sql_session.h"

namespace rowan::testing {

struct WayRules {
  // A definition that does not work is no violation that one of the branches may be changed for,
  // but a fault.
  bool definitions_work = false;
  bool check_records = false;  // What was answered is what rowan.merge_decisions says.
  // What the merged definitions have otherwise than a side is the other side's change, or on record.
  bool definitions_are_told = false;
  bool may_fail = false;       // Changes that the base does not admit are left out.
};

struct ConflictWays {
  ConflictWays(const std::string& base, std::vector<std::string> all, WayRules given = {})
      : changes(std::move(all)),
        rules(given),
        database(std::move(*Database::open(":memory:"))),
        session(*database) {
    session.must(base);
    for (size_t i = 0; i < changes.size(); ++i) {
      const std::string branch = "c" + std::to_string(i);
      session.must("CHECKOUT main; CREATE BRANCH " + branch + "; CHECKOUT " + branch);
      if (rules.may_fail && !session.try_all(changes[i])) {
        left_out.insert(i);
        continue;
      }
      session.must(changes[i]);
    }
  }

  // A branch where `ours` was made, to merge into.
  void begin(size_t ours) {
    const std::string branch = "w" + std::to_string(made++);
    session.must("CREATE BRANCH " + branch + " FROM c" + std::to_string(ours) + "; CHECKOUT " + branch);
  }
  void fault(const std::string& what) {
    faults.push_back("[" + changes[ours] + "] <- [" + changes[theirs] + "] " + what);
  }
  // That something is not there is a conflict with a way out, no violation.
  bool is_violation(const std::string& sqlstate) const {
    const bool is_missing = sqlstate == "42P01" || sqlstate == "42830";
    if (rules.definitions_work) return sqlstate.starts_with("23");
    return sqlstate.starts_with("23") || (sqlstate.starts_with("42") && !is_missing) ||
           sqlstate == "VC008";
  }
  // Every relation can be read, and every table written but for what its rows break.
  void check_readable(const std::string& way) {
    for (const auto& row : session.run("SELECT schema, name, kind FROM rowan.relations WHERE kind NOT IN ('index', 'sequence')").rows) {
      const std::string name = "\"" + row[0] + "\".\"" + row[1] + "\"";
      const auto answer = session.run("SELECT * FROM " + name);
      if (!answer.ok()) fault(way + ": " + row[1] + " cannot be read: " + answer.text());
      if (row[2] != "table") continue;
      for (const std::string& sql : {"INSERT INTO " + name + " DEFAULT VALUES", "DELETE FROM " + name}) {
        session.must("BEGIN");
        const auto written = session.run(sql);
        if (!written.ok() && !written.failure.sqlstate.starts_with("23"))
          fault(way + ": " + sql + ": " + written.text());
        session.run("ROLLBACK");
      }
    }
  }
  // What is there in one of two states only, or has another name, as "kind name"; the name without its
  // schema and table. What follows a name in its text is no other thing, nor is what moved along to
  // another schema.
  // Each with the table that it is of, if any. `made_there`: what only the second state has.
  std::map<std::string, std::string> redefined(const std::string& from, const std::string& to, bool all,
                                               std::set<std::string>* made_there = nullptr) {
    std::map<std::string, std::string> names;
    std::set<std::string> gone, made;
    const auto rows = session.run("SELECT kind, object, from_sql IS NULL, to_sql IS NULL, from_sql "
                                  "FROM rowan.schema_diff('" + from + "', '" + to + "')").rows;
    const auto last = [](const std::string& name) { return name.substr(name.rfind('.') + 1); };
    for (const auto& row : rows) {
      std::string kind = row[0];
      if (!all && row[2] == "f" && row[3] == "f" && !kind.ends_with(" name")) continue;
      if (kind == "table name") kind = "table";
      if (kind == "column name" || kind == "column type") kind = "column";
      const std::string what = kind + " " + last(row[1]);
      const std::string of = row[1].substr(0, row[1].rfind('.'));
      names.emplace(what, of.find('.') == of.npos ? std::string() : last(of));
      if (row[0].ends_with(" name")) names.emplace(kind + " " + last(row[4]), std::string());
      if (row[2] == "t") made.insert(what);
      if (row[3] == "t") gone.insert(what);
    }
    for (const std::string& what : gone) {
      if (made.contains(what) && what.starts_with("sequence ")) names.erase(what);
    }
    if (made_there != nullptr) *made_there = std::move(made);
    // What is of a table with two names is of either.
    for (const auto& row : rows) {
      if (row[0] != "table name") continue;
      for (auto& [what, table] : names) {
        if (table == last(row[1])) table += " " + last(row[4]);
      }
    }
    return names;
  }
  // Whether it holds for one of the table's names.
  template <typename Holds>
  static bool any_of(const std::string& names, const Holds& holds) {
    std::istringstream all(names);
    for (std::string name; all >> name;) {
      if (holds(name)) return true;
    }
    return false;
  }
  static bool mentions(const std::string& text, const std::string& name) {
    const auto is_word = [](char c) { return isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
    for (size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
      const size_t end = at + name.size();
      if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) return true;
    }
    return false;
  }
  void check_told(const std::string& way, const std::string& commit) {
    const auto decisions = session.run(
        "SELECT kind || ' ' || schema || '.' || \"table\" || ' ' || coalesce(\"column\", '') || ' ' || coalesce(base, '') || ' ' || "
        "coalesce(ours, '') || ' ' || coalesce(theirs, '') || ' ' || coalesce(merged, '') "
        "FROM rowan.merge_decisions('" + commit + "') WHERE key IS NULL");
    if (!decisions.ok()) return fault(way + ": merge_decisions: " + decisions.text());
    std::set<std::string> listed;
    for (const auto& row : decisions.rows) {
      if (!listed.insert(row[0]).second) fault(way + ": twice on record: " + row[0].substr(0, 80));
    }
    for (const bool of_ours : {true, false}) {
      const std::string side = "c" + std::to_string(of_ours ? ours : theirs);
      const std::string other = "c" + std::to_string(of_ours ? theirs : ours);
      const auto known = redefined("main", other, true);
      const auto own = redefined("main", side, true);
      const auto apart = redefined(side, other, true);
      std::set<std::string> added;
      const std::string changed = changes[ours] + changes[theirs];
      const bool renames = changed.find(" RENAME ") != changed.npos;  // What is of the column has another name, too.
      for (const auto& [what, table] : redefined(side, commit, false, &added)) {
        const std::string name = what.substr(what.rfind(' ') + 1);
        bool is_told = known.contains(what) || (renames && (what.starts_with("not null ") || what.starts_with("merge rule ") || what.starts_with("default ")));
        // Both made the table: what the other one has in it came to it.
        const auto is_known = [&](const std::string& one) { return known.contains("table " + one); };
        const bool both_made = any_of(table, [&](const std::string& one) {
          return is_known(one) && own.contains("table " + one);
        });
        is_told = is_told || (both_made && added.contains(what) && apart.contains(what));
        for (const auto& row : decisions.rows) {
          // With a table all that is in it, and all that is in another one which has its name instead.
          const bool has_its_name = row[0].starts_with("table name ") && any_of(table, is_known);
          const bool in_table = (has_its_name || row[0].starts_with("dropped table ")) &&
                                any_of(table, [&](const std::string& one) { return mentions(row[0], one); });
          is_told = is_told || in_table || mentions(row[0], name);
        }
        if (!is_told) fault(way + ": not on record: " + what + " of " + (of_ours ? "ours" : "theirs"));
      }
    }
  }
  // What SQL makes of the way from the base to what was merged is what was merged: nothing in it is
  // refused.
  void check_patch(const std::string& way, const std::string& commit) {
    const auto patch = session.run("SELECT statement FROM rowan.native_patch('main', '" + commit + "')");
    if (!patch.ok()) return fault(way + ": native_patch: " + patch.text());
    session.must("CREATE BRANCH replayed FROM main; CHECKOUT replayed; BEGIN");
    for (const auto& row : patch.rows) {
      if (row[0].starts_with("--")) continue;  // It says what it does not write.
      const auto answer = session.run(row[0]);
      if (answer.ok()) continue;
      fault(way + ": its patch is refused: " + row[0] + " " + answer.text());
      break;
    }
    session.run("COMMIT");
    const auto differences = session.run("SELECT kind, object, from_sql, to_sql FROM rowan.schema_diff('" + commit + "', 'replayed')");
    for (const auto& row : differences.rows)
      fault(way + ": its patch makes another " + row[0] + " " + row[1] + ": " + row[3] + " instead of " + row[2]);
    const auto stat = session.run("SELECT \"table\" FROM rowan.diff_stat('" + commit + "', 'replayed')");
    for (const auto& row : stat.rows) fault(way + ": its patch makes other rows of " + row[0]);
    session.must("CHECKOUT w" + std::to_string(made - 1) + "; DROP BRANCH replayed FORCE");
  }
  // After a merge that went through. A violation is a way that does not work, unless it says so.
  void ended(const std::string& way, const SqlSession::Answer& answer) {
    if (answer.ok()) {
      if (rules.definitions_are_told && !answer.commit.empty()) check_told(way, answer.commit);
      if (rules.definitions_work && !answer.commit.empty()) check_patch(way, answer.commit);
      return check_readable(way);
    }
    fault(way + ": " + answer.text());
  }

  // What merge_decisions says of each answer, and what is there now. Tables p and s have the key
  // id, all others k.
  void check_record(const std::string& way, const std::string& commit,
                    const std::map<std::string, std::string>& answers) {
    const auto decisions = session.run(
        "SELECT schema, \"table\", key, kind, \"column\", base, ours, theirs, merged, choice "
        "FROM rowan.merge_decisions('" + commit + "') WHERE ground = 'answer'");
    if (!decisions.ok()) return fault(way + ": merge_decisions: " + decisions.text());
    for (const auto& row : decisions.rows) {
      const std::string about = row[0] + "." + row[1] + " " + row[3];
      const bool is_definition = row[2] == "∅";
      const bool is_cell = !is_definition && row[4] != "∅";
      const std::string& side = row[9] == "base" ? row[5] : row[9] == "ours" ? row[6] : row[7];
      if ((is_definition || is_cell) && row[9] != "neither" && side != row[8])
        fault(way + ": on record as " + row[9] + ": " + about + ": " + side + " is " + row[8]);
      if (const auto found = answers.find(about); is_definition && found != answers.end()) {
        const std::string wanted = found->second == "HEAD"     ? "ours"
                                   : found->second == "SOURCE" ? "theirs"
                                                               : "base";
        if (row[9] != wanted) fault(way + ": on record as " + row[9] + ": " + about);
      }
      if (!is_cell || !row[3].starts_with("both ")) continue;
      const std::string key = row[1] == "p" || row[1] == "s" ? "id" : "k";
      const auto there = session.run("SELECT \"" + row[4] + "\"::text FROM \"" + row[0] + "\".\"" +
                                     row[1] + "\" WHERE " + key + "::text = '" + row[2] + "'");
      if (!there.ok()) continue;  // By another key now.
      if (there.rows.size() != 1 || there.rows[0][0] != row[8])
        fault(way + ": is not there as on record: " + about + " " + row[2] + ", " + row[4]);
    }
  }

  void by_policy(const char* policy) {
    begin(ours);
    ended(policy, session.run("MERGE c" + std::to_string(theirs) + " WITH " + policy));
  }
  // Settles each conflict by the side; some can only be settled by another one, which way_out names.
  void by_hand(const std::string& side) {
    begin(ours);
    const std::string source = "c" + std::to_string(theirs);
    if (const auto answer = session.run("MERGE " + source + " WITH MANUAL RESOLUTION"); !answer.ok()) {
      fault("MANUAL: " + answer.text());
      return;
    }
    std::set<std::string> seen;
    std::map<std::string, std::string> answers;
    for (int round = 0; round < 12; ++round) {
      const auto open = session.run("SELECT way_out, schema || '.' || \"table\" || ' ' || kind FROM rowan.conflicts");
      if (open.rows.empty()) break;
      const std::string way = open.rows[0][0];
      if (!seen.insert(way + open.rows[0][1]).second) {
        fault("MANUAL " + side + ": listed again: " + way);
        return;
      }
      const size_t using_at = way.find(" USING ");
      if (using_at == std::string::npos) {
        fault("MANUAL " + side + ": no side can stand: " + open.rows[0][1]);
        session.must("ABORT MERGE");
        return;
      }
      const std::string sides = way.substr(using_at + 7);
      const std::string use = sides.find(side) != std::string::npos ? side : sides.substr(0, sides.find(' '));
      const auto answer = session.run(way.substr(0, using_at) + " USING " + use);
      if (!answer.ok()) {
        fault("MANUAL: " + way + ": " + answer.text());
        return;
      }
      answers[open.rows[0][1]] = use;
    }
    const auto answer = session.run("COMMIT MERGE");
    if (!answer.ok() && is_violation(answer.failure.sqlstate)) {
      ++stopped["MANUAL " + side];  // Said which rows break what; one of the branches can be changed.
      if (getenv("VERBOSE") != nullptr) fault("COMMIT MERGE " + side + ": " + answer.text());
      session.must("ABORT MERGE");
      return;
    }
    ended("MANUAL " + side, answer);
    if (rules.check_records && answer.ok() && !answers.empty())
      check_record("MANUAL " + side, answer.commit, answers);
  }

  // Answers are remembered: each side needs a matrix of its own.
  void pair(size_t our, size_t their, const std::string& side) {
    if (left_out.contains(our) || left_out.contains(their)) return;
    ours = our;
    theirs = their;
    begin(ours);
    const auto answer = session.run("MERGE c" + std::to_string(theirs));
    if (answer.ok()) return ended("MERGE", answer);
    if (is_violation(answer.failure.sqlstate)) {
      ++stopped["MERGE"];
      if (answer.failure.hint.empty()) fault("MERGE without a hint: " + answer.text());
      if (getenv("VERBOSE") != nullptr) fault("MERGE: " + answer.text());
      return;
    }
    if (answer.failure.sqlstate != "VC001") return fault("MERGE: " + answer.text());
    ++conflicts;
    const std::string& hint = answer.failure.hint;
    const auto names = [&](const char* words) { return hint.find(words) != std::string::npos; };
    if (names("OURS")) by_policy("OURS");
    if (names("THEIRS")) by_policy("THEIRS");
    if (names("RENUMBER")) by_policy("RENUMBER");
    by_hand(side);
  }

  // The branches that merges were tried on, with what check says of them; then they go. When they
  // are many, or `always`.
  void forget_branches(bool always) {
    if (!always && made - forgotten < 200) return;
    forgotten = made;
    session.must("CHECKOUT main");
    auto problems = database->check();
    REQUIRE(problems.ok());
    for (const std::string& problem : *problems)
      faults.push_back("up to [" + changes[ours] + "] check: " + problem);
    for (const auto& row : session.run("SELECT branch FROM rowan.branches WHERE branch LIKE 'w%'").rows)
      session.must("DROP BRANCH " + row[0] + " FORCE");
  }
  void report() const {
    for (const std::string& fault : faults) MESSAGE(fault);
    MESSAGE("conflicting pairs: " << conflicts);
    for (const auto& [way, count] : stopped) MESSAGE(way << " stopped by violations: " << count);
  }

  const std::vector<std::string> changes;
  const WayRules rules;
  std::set<size_t> left_out;
  std::unique_ptr<Database> database;
  SqlSession session;
  size_t made = 0, forgotten = 0, ours = 0, theirs = 0;  // Branches made; the pair at hand.
  size_t conflicts = 0;
  std::map<std::string, size_t> stopped;
  std::vector<std::string> faults;
};

}  // namespace rowan::testing
