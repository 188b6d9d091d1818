// Merge: two trees that came from a common base become one: schema and rows together, three-way, at
// a cost that follows the changes.
//
// Invariants (cited as M1…):
//   M1. With row-level, or ours and theirs exchanged with the sides, merge(a, b) and merge(b, a)
//   have the same tree, but for the slots and
//       the order of columns that both sides added to one table: ours come first.
//   M2. Merging what is merged already changes nothing; disjoint changes give what doing both
//   gives. M3. Of a table's rows only the subtrees that theirs changed are opened, in base and
//   theirs, and of ours the paths to the rows in them. M4. A row, table or object that only one
//   side changed is that side's; one that both changed alike is that. Rows of a table without a
//       primary key have a count instead: what each side added to it or took from it is added up,
//       but it never falls below zero. Cells with the rule `sum` add up in the same way: equal
//       deltas on both sides are two deltas.
// Rows are matched by key and columns by ID; lines of either side are carried into the merged
// definition before they are compared. Cells that only one side changed merge cell by cell; a cell
// that both changed differently is settled by the column's rule, the table's, or else the policy.
//
// Threads: any; one merge belongs to one thread.
// Errors:  those of reading; kProgramLimit. A conflict is an answer, not an error.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/memory_budget.h"
#include "base/oid.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "store/object_store.h"

namespace rowan::merge {

enum class Policy : uint8_t {
  kRowLevel,  // The side that changed the row (or cell) last wins.
  kOurs,
  kTheirs,
  kManual,  // Conflicts stay; ours stands in the tree meanwhile.
};

enum class Side : uint8_t { kBase, kOurs, kTheirs };

// One row of a side in the merged table's layout; nothing: the row is not there.
using SideLine = std::optional<std::string>;

struct RowConflict {
  std::string schema;
  std::string table;              // The merged table's name.
  std::string key;                // Encoded; in the merged table's layout.
  SideLine base, ours, theirs;    // Canonical lines of the merged table.
  std::vector<uint16_t> columns;  // Indexes of the merged table's columns that both changed
                                  // differently; empty: delete against change.
  // The row with everything merged that is no conflict, and the conflict's columns as ours has them.
  // Nothing where whole rows are at stake: one was deleted, or two have one generated key.
  SideLine merged;
  // By Side: columns of the merged table (indexes) that the side does not have. Its line has there
  // what rows without a value have.
  std::array<std::vector<uint16_t>, 3> lacks;
  // By Side, where a line above has what the merged default gives the row: the row as the side itself
  // has it. To be shown; what it was filled with is no change of it, and no answer.
  std::array<SideLine, 3> own;
  bool generated_key = false;  // Both inserted it, with a key that a sequence gave: most likely two
                               // rows. Not for kRowLevel to settle.

  const SideLine& line(Side side) const {
    return side == Side::kBase ? base : side == Side::kOurs ? ours : theirs;
  }
  const SideLine& shown(Side side) const {
    const SideLine& as_it_is = own[static_cast<size_t>(side)];
    return as_it_is ? as_it_is : line(side);
  }
  size_t text_bytes() const {
    size_t bytes = key.size();
    for (const SideLine* each : {&base, &ours, &theirs, &merged, &own[1], &own[2]})
      bytes += *each ? (*each)->size() : 0;
    return bytes;
  }
  bool has(Side side, uint16_t column) const;
  // Whether the side can be the answer: of cells that are in conflict it must have the columns.
  bool takes(Side side) const;
};

// Something about the schema that both changed differently. `object` is "public.t", "public.t.c"
// for a column, and so on.
struct SchemaConflict {
  std::string object;
  std::string kind;  // "column type", "constraint", "view", "dropped table" …: one plain noun.
  std::string base, ours, theirs;  // SQL text of each side; empty: not there.
  // Whose version can stand, by Side: rows of another one may have no value that it takes.
  std::array<bool, 3> may_stand{true, true, true};

  bool takes(Side side) const { return may_stand[static_cast<size_t>(side)]; }
};

// What became of something that both sides changed differently, where a value of a side was lost:
// a cell, a row (no column), or a definition (no key). Values are texts; nothing: NULL, or not
// there.
struct Settlement {
  std::string schema, object;  // The merged table; of a definition, what SchemaConflict names.
  std::optional<std::string> key;
  std::string kind;  // "both changed", "both added", "deleted by us", "deleted by them", or
                     // SchemaConflict's.
  std::optional<std::string> column;
  std::optional<std::string> base, ours, theirs, merged;
  std::string_view choice;  // "ours", "theirs", "base", or "neither": a value of its own.
  std::string ground;       // "policy ours", "rule sum", "answer".
};

// What merging did to one table, counted against ours.
struct TableMerge {
  std::string schema, table;
  uint64_t added = 0, changed = 0, deleted = 0;
  uint64_t conflicts = 0;  // Settled by policy or rule, or left (manual).
  bool definition_changed = false;
};

struct RenumberedKey {
  std::string schema, table;
  std::string from, to;  // Text of the key.
};

// A conflict's remembered or just given answer: the row as it shall be (nothing: deleted).
struct Resolution {
  SideLine line;
};

// What a commit did to the table that was asked about.
struct CommitChange {
  Oid before_root, root;  // The trees of the commit's parent, and its own.
  std::string path;       // Of the table in `root`: "public/t".
};
// Where a table stands on each side ("public/t"). Empty: it is not there.
struct TablePlaces {
  std::string base, ours, theirs;
};
// A commit that both sides hold, because it was picked from one onto the other or from a third one
// onto both.
struct SharedChange {
  Side side = Side::kTheirs;  // Whose `pick` is.
  CommitChange pick;
  std::optional<CommitChange> other;  // The same on the other side; nothing: a merge was picked.
};

// A view, or a CHECK of a table, that does not bind in its tree.
struct Unusable {
  std::string schema, name;  // The view's, or the table's.
  std::string check;         // Empty: it is a view.
  ErrorCode code;
};

struct Request {
  Oid base_root;  // Zero: unrelated histories.
  Oid ours_root;
  Oid theirs_root;
  Policy policy = Policy::kRowLevel;
  bool renumber = false;  // Rows that both inserted under one generated key: theirs get new keys,
                          // references follow.
  // Whether theirs changed the row later than ours (path "public/t" on that side, key in that
  // side's encoding). Called for real conflicts only; an empty key asks about the table. `column`:
  // the ID of the cell's; where ours is several commits' work, those count that changed the cell.
  // Never null with kRowLevel; without it the rule `newest` leaves a conflict.
  std::function<Result<bool>(const std::string& ours_path, Bytes ours_key,
                             const std::string& theirs_path, Bytes theirs_key,
                             std::optional<uint32_t> column)>
      theirs_is_later;
  // An answer for a conflict, asked before the policy; may be null.
  std::function<Result<std::optional<Resolution>>(const RowConflict& conflict)> resolve;
  // The same for the schema: whose definition stands.
  std::function<std::optional<Side>(const SchemaConflict& conflict)> resolve_schema;
  // What theirs has in columns that the base lacks is no change of its rows: they come back.
  bool gives_columns_back = false;
  // The base is no state that ours came from, nor theirs perhaps: columns of it may be unknown there.
  bool base_is_aside = false;
  // Conflicts take the base's version: for virtual_base.
  bool conflicts_take_base = false;
  // What both sides hold of the changes of a table. Asked about tables where deltas add up; may be
  // null.
  std::function<Result<std::vector<SharedChange>>(const TablePlaces& places)> shared_changes;
  // The value that a column's default gives a row, with the sequences of the merged tree. May be
  // null: then rows that came without the column have NULL.
  std::function<Result<type::Value>(
      const catalog::ColumnDef& column,
      const std::function<Result<int64_t>(const std::string& sequence)>& next_value)>
      default_value;
  // What views may call the branch by that the merged tree is for, beside HEAD.
  std::string branch;
  // The views and CHECKs of a tree that do not bind. May be null: then nobody asks.
  std::function<Result<std::vector<Unusable>>(const store::ObjectReader& objects, const Oid& root)>
      find_unusable;
  // Told of settlements by which a side's value was lost, until it gives false; may be null.
  std::function<bool(Settlement settlement)> record;
  // Reports work done in rows; may be null.
  std::function<void(uint64_t rows)> progress;
  const std::atomic<bool>* cancelled = nullptr;
};

struct Outcome {
  Oid root;  // The merged tree; with unresolved conflicts ours stands in their place.
  std::vector<RowConflict>
      conflicts;  // Unresolved (manual, or a rule that says so), in table and key order.
  std::vector<SchemaConflict> schema_conflicts;
  std::vector<TableMerge> tables;  // Those that differ from ours or had conflicts.
  std::vector<RenumberedKey> renumbered;
  uint64_t settled = 0;  // Conflicts that policy, rules or resolutions settled.
  CountedMemory memory;  // Of the conflicts.

  bool clean() const { return conflicts.empty() && schema_conflicts.empty(); }
};

// New objects go to `made`, which reads through to the store.
Result<Outcome> merge_trees(store::PendingObjects& made, store::NodeCache& cache,
                            const Request& request);

// The tree that stands for several merge bases: they are merged with each other, oldest first; what
// conflicts there stays as in their own base.
struct BaseQuestions {
  std::function<Result<std::vector<Oid>>(const Oid&, const Oid&)> bases_of;  // Of two commits.
  std::function<Result<Oid>(const Oid&)> root_of;                            // A commit's tree.
  // Request::shared_changes for commits merged already, which gave `ours_root`, and another one; may
  // be null.
  std::function<Result<std::vector<SharedChange>>(const std::vector<Oid>& ours,
                                                  const Oid& ours_root, const Oid& theirs,
                                                  const TablePlaces& places)>
      shared_changes;
};
Result<Oid> virtual_base(store::PendingObjects& made, store::NodeCache& cache,
                         const std::vector<Oid>& bases, const BaseQuestions& questions);

}  // namespace rowan::merge
