// Proves that what merges make of definitions that one side changed and rows that the other changed
// is what a model on plain values says: every pair of them, with and without a primary key, by every
// statement that merges.
//
// By default each pair is tried, by a part of the ways; ROWAN_MATRIX=full tries all, and every tenth
// pair on a Git repository.
#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>
#include <memory>

#include "matrix_cases.h"
#include "matrix_model.h"
#include "rowan/rowan.h"
#include "unit/temp_folder.h"

namespace {

using matrix::Definition;
using matrix::Outcome;
using matrix::Policy;
using matrix::State;
using Names = std::map<std::string, std::string>;

struct Failure {
  std::string sqlstate, message;
};

class World {
 public:
  World(const std::string& path, bool keyed) : keyed_(keyed) {
    auto opened = rowan::Database::open(path, {.create = true});
    REQUIRE(opened.ok());
    database_ = std::move(*opened);
    const std::string key = keyed ? " PRIMARY KEY" : "";
    must("main", "CREATE TABLE t (k int" + key + ", a text, m int, d text DEFAULT 'dd')");
    must("main",
         "INSERT INTO t VALUES (1, 'a1', 10, 'x'), (2, 'a2', 20, 'y'), (3, 'a3', 30, NULL), "
         "(4, 'a4', 40, 'z'), (5, 'a5', 50, 'x')");
    must("main", "CREATE TAG base");
  }

  void branch(const std::string& name, const std::string& from) {
    must("main", "CREATE BRANCH " + name + " FROM " + from);
  }
  // Nothing: all went well.
  std::optional<Failure> run(const std::string& branch, const std::string& sql) {
    auto session = database_->connect(branch);
    REQUIRE(session.ok());
    const auto done = (*session)->run_script(sql);
    if (done.ok()) return std::nullopt;
    return Failure{done.failure().sqlstate, done.failure().message + " " + done.failure().detail};
  }
  std::optional<Failure> run_block(const std::string& branch, const std::string& sql) {
    return run(branch, "BEGIN; " + sql + "; COMMIT");
  }
  void must(const std::string& branch, const std::string& sql) {
    const auto failure = run(branch, sql);
    if (failure) FAIL(sql << ": " << failure->sqlstate << " " << failure->message);
  }

  std::vector<std::vector<matrix::Cell>> query(const std::string& branch, const std::string& sql,
                                               std::optional<Failure>* failure = nullptr) {
    auto session = database_->connect(branch);
    REQUIRE(session.ok());
    std::vector<std::vector<matrix::Cell>> rows;
    auto result = (*session)->run(sql);
    while (result.ok()) {
      auto more = (*result)->next();
      if (!more.ok()) {
        result = more.failure();
        break;
      }
      if (!*more) break;
      std::vector<matrix::Cell> row;
      for (size_t i = 0; i < (*result)->columns().size(); ++i)
        row.push_back((*result)->is_null(i) ? matrix::Cell() : (*result)->get_text(i));
      rows.push_back(std::move(row));
    }
    if (!result.ok()) {
      if (failure == nullptr) FAIL(sql << ": " << result.failure().message);
      *failure = Failure{result.failure().sqlstate, result.failure().message};
    }
    return rows;
  }

  // A table as a branch or tag has it. Nothing: its values do not read in these types.
  std::optional<State> read(const std::string& branch, const std::string& table, const Names& names,
                            const Names& types) {
    State state;
    std::string list;
    for (const auto& row : query(branch, "SELECT name FROM rowan.columns WHERE \"table\" = '" + table +
                                             "' ORDER BY position")) {
      const auto known = names.find(*row[0]);
      state.columns.push_back(known == names.end() ? *row[0] : known->second);
      const auto type = types.find(state.columns.back());
      list += (list.empty() ? "" : ", ") + *row[0];
      if (type != types.end()) list += "::" + type->second;
    }
    for (const auto& row : query(branch, "SELECT name FROM rowan.columns WHERE \"table\" = '" + table +
                                             "' AND key_position IS NOT NULL ORDER BY key_position")) {
      const auto known = names.find(*row[0]);
      state.key.push_back(known == names.end() ? *row[0] : known->second);
    }
    std::optional<Failure> failure;
    for (auto& row : query(branch, "SELECT " + list + " FROM " + table, &failure)) {
      matrix::Row& cells = state.rows.emplace_back();
      for (size_t i = 0; i < row.size(); ++i) cells[state.columns[i]] = std::move(row[i]);
    }
    if (failure) return std::nullopt;
    return state;
  }
  // Everything about the table's columns but where they lie.
  std::string definition(const std::string& branch, const std::string& table) {
    std::string text;
    for (const auto& row : query(branch,
                                 "SELECT name, type, nullable, \"default\", key_position FROM "
                                 "rowan.columns WHERE \"table\" = '" + table + "' ORDER BY name")) {
      for (const matrix::Cell& cell : row) text += cell.value_or("-") + " ";
      text += "\n";
    }
    return text;
  }

  std::string head(const std::string& branch) {
    return *query(branch, "SELECT commit FROM rowan.branches WHERE branch = '" + branch + "'")[0][0];
  }

  void check() {
    auto problems = database_->check();
    REQUIRE(problems.ok());
    for (const std::string& problem : *problems) FAIL_CHECK(problem);
  }
  bool keyed() const { return keyed_; }

 private:
  std::unique_ptr<rowan::Database> database_;
  const bool keyed_;
};

// One definition against one change of rows.
class Pair {
 public:
  Pair(const Definition& definition, const std::string& change, World& world, unsigned ways)
      : definition_(definition), change_(change), world_(world), ways_(ways) {}

  // How many merges were compared.
  int run() {
    world_.branch("a", "base");
    world_.branch("b", "base");
    if (const auto failure = world_.run_block("a", definition_.sql)) {
      // Some are not for a table without a key.
      if (world_.keyed()) FAIL_CHECK(definition_.sql << ": " << failure->message);
      return 0;
    }
    if (is_double() && !is_like_theirs()) return 0;
    world_.must("b", "BEGIN; " + change_ + "; COMMIT");
    read_sides();
    if (base_ && ours_ && theirs_) {
      if (wants(0)) merge("b into a", "a", "MERGE b", false);
      if (wants(1)) merge("a into b", "b", "MERGE a", true);
      if (wants(2)) merge_with("a into b", "b", "MERGE a", true);
      if (wants(3)) merge_with("b into a", "a", "MERGE b", false);
      const bool is_commit = world_.head("a") != world_.head("base_view");
      if (wants(4) && is_commit) merge("pick", "b", "CHERRY-PICK 'a'", true, true);
      if (wants(5)) merge("rebase", "b", "REBASE ONTO a", false, true);
      if (wants(6)) cross();
      if (wants(5)) several();
    }
    undo();
    world_.check();
    return compared_;
  }

 private:
  bool wants(unsigned way) const { return (ways_ >> way & 1) != 0; }
  bool is_double() const { return change_.starts_with("ALTER"); }
  // Both sides add c: only as one type, and by its own name.
  bool is_like_theirs() const {
    const std::string& sql = definition_.sql;
    return sql.find("COLUMN c ") == sql.npos ||
           (sql.find("COLUMN c int") != sql.npos && sql.find("COLUMN c TO") == sql.npos &&
            sql.find("COLUMN c TYPE") == sql.npos);
  }
  std::vector<std::string> key() const {
    if (!world_.keyed() && definition_.key == "k") return {};
    return definition_.key.empty() ? std::vector<std::string>() : std::vector<std::string>{definition_.key};
  }

  void read_sides() {
    const Names none;
    base_ = world_.read("base_view", "t", none, definition_.types);
    ours_ = world_.read("a", definition_.table, definition_.names, definition_.types);
    theirs_ = world_.read("b", "t", none, definition_.types);
    if (!ours_ || !theirs_ || !base_) return;
    for (const auto& [column, text] : definition_.fill) ours_->fill[column] = text;
    ours_->redefined = base_->columns != ours_->columns || !definition_.types.empty();
    if (is_double()) theirs_->fill["c"] = "7";
    theirs_->redefined = is_double();
  }

  Outcome expected(bool swapped, Policy policy) const {
    return swapped ? matrix::merge(*base_, *theirs_, *ours_, policy, key())
                   : matrix::merge(*base_, *ours_, *theirs_, policy, key());
  }

  std::string context(const std::string& way) const {
    return way + (world_.keyed() ? "" : " without a key") + ": " + definition_.sql + " | " + change_;
  }

  std::string next_branch(const std::string& from) {
    const std::string name = "r" + std::to_string(++branches_);
    world_.branch(name, from);
    return name;
  }

  // Two of the merged table's columns have one name: somebody has to rename one.
  bool has_one_name(const std::vector<std::string>& columns) const {
    std::set<std::string> names;
    for (const std::string& column : columns) {
      std::string name = column;
      for (const auto& [is, was] : definition_.names) {
        if (was == column) name = is;
      }
      if (!names.insert(name).second) return true;
    }
    return false;
  }

  // A side's choice of who keeps the name: the other column has another name, or its old one.
  bool has_settled_names(const Outcome& outcome, const std::string& branch, const std::string& table,
                         const Names& types) {
    Names moved = definition_.names;  // The new column keeps it.
    Names kept;                       // The one that was there does.
    for (const auto& [is, was] : definition_.names) {
      moved[is + "_2"] = is;
      kept[is + "_2"] = was;
    }
    for (const Names& names : {moved, kept, Names()}) {
      const auto found = world_.read(branch, table, names, types);
      if (found && matrix::difference(outcome, *found).empty()) return true;
    }
    return false;
  }

  // What stopped it was a conflict, or what the definition demands of rows. Changes that are made
  // again or undone have no policy that would settle one.
  void accept(const std::string& way, const Outcome& outcome, const Failure& failure,
              bool is_replay = false, bool may_refuse = false) {
    ++compared_;
    if (may_refuse && failure.sqlstate == "VC001") return;
    if (is_replay && outcome.has_conflict && failure.sqlstate == "VC001") return;
    const bool violates = definition_.may_violate || is_double();
    const bool is_conflict = failure.sqlstate == "VC001" || failure.sqlstate.starts_with("23");
    const bool fine =
        is_conflict && (outcome.must_refuse || violates || has_one_name(outcome.columns));
    if (!fine) FAIL_CHECK(context(way) << "\n  " << failure.sqlstate << " " << failure.message);
  }

  void compare(const std::string& way, const Outcome& outcome, const std::string& branch,
               const std::string& table, const Names& names, const Names& types) {
    ++compared_;
    if (outcome.must_refuse) {
      FAIL_CHECK(context(way) << "\n  is no conflict");
      return;
    }
    const auto found = world_.read(branch, table, names, types);
    REQUIRE(found);
    const std::string what = matrix::difference(outcome, *found);
    if (what.empty() || (has_one_name(outcome.columns) && has_settled_names(outcome, branch, table, types)))
      return;
    FAIL_CHECK(context(way) << "\n  " << what << "\n  found " << matrix::show(*found));
  }

  void merge(const std::string& way, const std::string& from, const std::string& sql, bool swapped,
             bool is_replay = false) {
    const Outcome outcome = expected(swapped, Policy::kAny);
    const std::string branch = next_branch(from);
    if (const auto failure = world_.run(branch, sql))
      return accept(way, outcome, *failure, is_replay);
    compare(way, outcome, branch, definition_.table, definition_.names, definition_.types);
    if (!is_double() && world_.definition(branch, definition_.table) != world_.definition("a", definition_.table))
      FAIL_CHECK(context(way) << "\n  another definition:\n" << world_.definition(branch, definition_.table));
  }

  // The policies, and the answers that mean the same.
  void merge_with(const std::string& way, const std::string& from, const std::string& sql, bool swapped) {
    for (const bool ours : {true, false}) {
      const Outcome outcome = expected(swapped, ours ? Policy::kOurs : Policy::kTheirs);
      const std::string word = ours ? " WITH OURS" : " WITH THEIRS";
      const std::string branch = next_branch(from);
      if (const auto failure = world_.run(branch, sql + word)) {
        accept(way + word, outcome, *failure);
      } else {
        compare(way + word, outcome, branch, definition_.table, definition_.names, definition_.types);
      }
      // Answers are remembered: the two would be one.
      if (ours == (ways_ % 2 == 0)) answer(way, from, sql, outcome, ours);
    }
  }

  void answer(const std::string& way, const std::string& from, const std::string& sql,
              const Outcome& outcome, bool ours) {
    const std::string answered = next_branch(from);
    const std::string words = way + (ours ? " answered HEAD" : " answered SOURCE");
    if (const auto failure = world_.run(answered, sql + " WITH MANUAL RESOLUTION"))
      return accept(words, outcome, *failure);
    if (outcome.has_conflict) {
      // A column that stays may bring a conflict of its rows with it.
      std::optional<Failure> failure;
      for (int round = 0; round < 2; ++round) {
        world_.run(answered, std::string("RESOLVE CONFLICTS USING ") + (ours ? "HEAD" : "SOURCE"));
        failure = world_.run(answered, "COMMIT MERGE");
        if (!failure) break;
      }
      if (failure && failure->sqlstate != "55000") return accept(words, outcome, *failure);
    }
    // An answer for a row is the whole row of that side.
    Outcome or_whole = outcome;
    for (const matrix::Row& row : (ours == (from == "a") ? *ours_ : *theirs_).rows) {
      std::vector<matrix::Cell> key;
      for (const std::string& column : outcome.key) key.push_back(row.at(column));
      const auto allowed = or_whole.rows.find(key);
      if (allowed == or_whole.rows.end() || !outcome.has_conflict) continue;
      for (auto& [column, cells] : allowed->second.cells) {
        if (const auto own = row.find(column); own != row.end()) cells.insert(own->second);
      }
    }
    compare(words, or_whole, answered, definition_.table, definition_.names, definition_.types);
  }

  // Both merge each other, go on, and merge once more.
  void cross() {
    const Outcome outcome = expected(false, Policy::kAny);
    if (outcome.has_conflict || is_double()) return;
    const std::string left = next_branch("a");
    const std::string right = next_branch("b");
    if (world_.run(left, "MERGE b") || world_.run(right, "MERGE a")) return;
    const std::string k = renamed("k"), a = renamed("a");
    if (k.empty() || a.empty()) return;
    const std::string insert = "INSERT INTO " + definition_.table + " (" + k + ", " + a + ") VALUES ";
    if (world_.run(left, insert + "(78, 'left')") || world_.run(right, insert + "(79, 'right')")) return;
    auto before = world_.read(left, definition_.table, definition_.names, definition_.types);
    const auto other = world_.read(right, definition_.table, definition_.names, definition_.types);
    REQUIRE((before && other));
    world_.must(left, "MERGE " + right);
    for (const matrix::Row& row : other->rows) {
      if (row.at("k") == "79") before->rows.push_back(row);
    }
    const Outcome both = matrix::merge(*before, *before, *before, Policy::kAny, key());
    compare("criss-cross", both, left, definition_.table, definition_.names, definition_.types);
  }
  // Both and a third at once.
  void several() {
    if (expected(true, Policy::kAny).has_conflict || is_double()) return;
    const std::string two = next_branch("b");
    if (world_.run(two, "MERGE a")) return;
    world_.branch("c", "base");
    world_.must("c", "INSERT INTO t (k, a) VALUES (77, 'third')");
    auto ours = world_.read(two, definition_.table, definition_.names, definition_.types);
    const auto third = world_.read("c", "t", {}, definition_.types);
    REQUIRE((ours && third));
    ours->fill = ours_->fill;
    const Outcome outcome = matrix::merge(*base_, *ours, *third, Policy::kAny, key());
    const std::string three = next_branch("b");
    if (const auto failure = world_.run(three, "MERGE a, c")) {
      // Under another name, and with none of its rows left, it is not known to be that table.
      return accept("several", outcome, *failure, false, definition_.table != "t");
    }
    compare("several", outcome, three, definition_.table, definition_.names, definition_.types);
  }

  // A column's name after the definition; empty: it is gone.
  std::string renamed(const std::string& column) const {
    for (const auto& [name, was] : definition_.names) {
      if (was == column) return name;
    }
    return ours_->has(column) && !definition_.names.contains(column) ? column : std::string();
  }

  // The definition, then the rows, then the definition undone.
  void undo() {
    if (!wants(7) || is_double() || world_.head("a") == world_.head("base_view")) return;
    const std::string after = next_branch("a");
    std::string change = change_;
    if (definition_.table != "t") return;
    // A column that it needs is gone, or it changes nothing.
    if (world_.run_block(after, change) || world_.head(after) == world_.head("a")) return;
    const Names none;
    auto base = world_.read("a", "t", definition_.names, definition_.undone_types);
    auto ours = world_.read(after, "t", definition_.names, definition_.undone_types);
    auto theirs = world_.read("base_view", "t", none, definition_.undone_types);
    if (!base || !ours || !theirs) return;
    theirs->redefined = base->columns != theirs->columns || !definition_.undone_types.empty();
    // A row that was made while the column was away gets its default.
    if (!base->has("d")) theirs->fill["d"] = "dd";
    const std::vector<std::string> key = world_.keyed() ? std::vector<std::string>{"k"} : std::vector<std::string>();
    if (!base->has("k")) return;  // No row would have a key.
    Outcome outcome = matrix::merge(*base, *ours, *theirs, Policy::kAny, key);
    for (const std::string& column : definition_.undone_numbers)
      matrix::refuse_misfits(outcome, column);
    const auto settle = [&](const std::string& way, const std::string& branch, const std::string& sql) {
      if (const auto failure = world_.run(branch, sql))
        return accept(way, outcome, *failure, !sql.starts_with("MERGE"));
      compare(way, outcome, branch, "t", none, definition_.undone_types);
    };
    const Outcome as_merged = outcome;
    if (!world_.keyed()) {
      const matrix::GivenBack given = matrix::give_columns_back(*base, *ours, *theirs);
      outcome = matrix::merge(given.base, given.ours, *theirs, Policy::kAny, key);
    }
    settle("revert", next_branch(after), "REVERT 'HEAD~1'");
    outcome = as_merged;
    const std::string undone = next_branch("a");
    world_.must(undone, "REVERT 'HEAD'");
    if (world_.definition(undone, "t") != world_.definition("base_view", "t"))
      FAIL_CHECK(context("revert alone") << "\n  another definition");
    compare("revert alone", matrix::merge(*theirs, *theirs, *theirs, Policy::kAny, key), undone, "t", none,
            definition_.undone_types);
    settle("merge of the undo", next_branch(after), "MERGE " + undone);
    settle("pick of the undo", next_branch(after), "CHERRY-PICK '" + undone + "'");
    settle("rebase onto the undo", next_branch(after), "REBASE ONTO " + undone);
    const std::string restored = next_branch(after);
    world_.must(restored, "RESTORE TABLE t TO base");
    compare("restore", matrix::merge(*theirs, *theirs, *theirs, Policy::kAny, key), restored, "t", none,
            definition_.undone_types);
  }

  const Definition& definition_;
  const std::string& change_;
  World& world_;
  const unsigned ways_;
  std::optional<State> base_, ours_, theirs_;
  int branches_ = 0;
  int compared_ = 0;
};

bool is_full() {
  const char* word = std::getenv("ROWAN_MATRIX");
  return word != nullptr && std::string(word) == "full";
}

}  // namespace

TEST_CASE("every definition against every change of rows merges as plain values do") {
  const char* only = std::getenv("ROWAN_MATRIX_ONLY");  // "12,3": one pair.
  int compared = 0;
  size_t number = 0;
  for (size_t d = 0; d < matrix::definitions().size(); ++d) {
    for (size_t c = 0; c < matrix::row_changes().size(); ++c) {
      for (const bool keyed : {true, false}) {
        ++number;
        if (only != nullptr && std::to_string(d) + "," + std::to_string(c) != only) continue;
        rowan::TempFolder folder;
        const bool on_git = is_full() && number % 10 == 0;
        World world(on_git ? folder.repository().string() : ":memory:", keyed);
        world.branch("base_view", "base");
        const unsigned ways = is_full() || only != nullptr ? ~0u : 0x81u << number % 7 | 1u << number % 5;
        compared += Pair(matrix::definitions()[d], matrix::row_changes()[c], world, ways).run();
      }
    }
  }
  CHECK(compared > (only != nullptr ? 0 : 2000));
}
