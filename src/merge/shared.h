// SharedDeltas: what a commit did to a table whose rows or cells add up, when both sides hold that
// commit because one picked it from the other. It counts once.
//
// Threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "merge/definition.h"
#include "merge/lines.h"
#include "merge/merge.h"

namespace rowan::merge {

class SharedDeltas {
 public:
  // Of one row, by its key in the merged table.
  struct Row {
    int64_t count = 0;  // Of a table that counts its rows.
    std::string line;   // Such a row, for its cells.
    struct Cell {       // Of a table with a key: what a column with the rule `sum` went from and to.
      uint16_t slot = 0;
      std::optional<type::Value> before;  // Nothing: the row was not there.
      type::Value after;
    };
    std::vector<Cell> cells;
  };

  bool empty() const { return rows_.empty(); }
  const std::map<std::string, Row, std::less<>>& rows() const { return rows_; }
  const Row* find(Bytes key) const;
  // Adds what the change did to the table. `tables`: the sides' by now.
  Result<void> add(store::PendingObjects& objects, store::NodeCache& cache,
                   const SharedChange& change,
                   const std::array<const catalog::TableDef*, 3>& tables,
                   const DefinitionMerge& definition, const Lines& lines);

  // The base's value and all of the column's deltas. `base` may be null: no such row.
  static Result<type::Value> with_deltas(const Row& row, const catalog::ColumnDef& column,
                                         const type::Value* base);

 private:
  std::map<std::string, Row, std::less<>> rows_;
};

}  // namespace rowan::merge
