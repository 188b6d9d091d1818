// What a merge has to come to, worked out on plain values: rows are maps from a column to a text,
// merged cell by cell. Knows nothing of lines, slots or trees.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace matrix {

using Cell = std::optional<std::string>;  // Nothing: NULL.
using Row = std::map<std::string, Cell>;  // By column: a name that stays with it when it is renamed.

// A table as one side has it, its values read in the merged table's types.
struct State {
  std::vector<std::string> columns;
  std::vector<std::string> key;  // Empty: no primary key.
  std::vector<Row> rows;
  std::map<std::string, Cell> fill;  // What ADD COLUMN put into rows that were there already.
  bool redefined = false;            // Has other columns or types than the base.

  bool has(const std::string& column) const;
};

enum class Policy { kAny, kOurs, kTheirs };

struct Outcome {
  bool must_refuse = false;  // The same, for sure.
  bool has_conflict = false;
  std::vector<std::string> columns;
  std::vector<std::string> key;
  // Keyed: what each row may be. A cell has one of its values; `may_go`: or the row is gone.
  struct Allowed {
    std::map<std::string, std::set<Cell>> cells;
    bool may_go = false;
  };
  std::map<std::vector<Cell>, Allowed> rows;
  // Without a key: how many of each row.
  std::map<std::vector<Cell>, int> counts;
};

Outcome merge(const State& base, const State& ours, const State& theirs, Policy policy,
              const std::vector<std::string>& key);

// Empty: `found` is what the outcome says; else what differs.
// Marks a merge that would have to put another text into a column of numbers: it cannot be made.
void refuse_misfits(Outcome& outcome, const std::string& column);

// A table without a key, of which theirs alone has some columns: the base and ours with those, where
// all else in theirs' rows is the base's. What ours took away stays away; where ours took some of
// several rows that only those columns tell apart, or put rows as well, they stay as they are.
struct GivenBack {
  State base, ours;
};
GivenBack give_columns_back(const State& base, const State& ours, const State& theirs);

std::string difference(const Outcome& outcome, const State& found);

std::string show(const State& state);

}  // namespace matrix
