// Renumbering: rows that both sides inserted under one generated key. Theirs get fresh keys, and
// what of theirs refers to them follows. Each cell that is another one by that is on record (M8).
//
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "catalog/table.h"
#include "merge/lines.h"
#include "merge/merge.h"
#include "merge/record.h"

namespace rowan::merge {

// A column of a merged table: "schema", "name", the column.
using KeyColumn = std::tuple<std::string, std::string, std::string>;
using NewKeyOf = std::map<int64_t, int64_t>;  // Old key to new.

// What is to be renumbered: generated keys, and columns that hold them through foreign keys.
struct KeyMaps {
  std::map<KeyColumn, NewKeyOf> drawn;
  std::multimap<KeyColumn, KeyColumn> refers;  // By foreign keys, column for column.

  std::vector<KeyColumn> reached(const KeyColumn& from) const;  // Itself first.
  const NewKeyOf* of(const KeyColumn& column) const;            // Null: its values stay.
};

// Keys of new rows of theirs under which ours has a new row as well.
struct GivenKeys {
  std::vector<int64_t> apart;  // Another row than ours.
  // The same row as ours', as long as what it refers to keeps its key.
  struct Follows {
    KeyColumn column;  // What it refers to.
    int64_t referenced = 0;
    int64_t key = 0;  // Its own.
  };
  std::vector<Follows> alike;
};

// A row of theirs that differs from the base's, in the merged table's lines.
struct TheirChange {
  std::string key;       // In the merged table.
  std::string side_key;  // As theirs encodes it.
  SideLine base, theirs;
  // Slots where a value of theirs does not fit its column's new type, and the base's does.
  std::vector<size_t> misfits = {};
  SideLine own = {};  // RowConflict::own, of theirs.
};

// Gives theirs' rows of one table their new keys and references. Keys stay in order: the changes
// are sorted again.
class Renumberer {
 public:
  Renumberer(const Request& request, const Lines& lines, const KeyMaps& maps);
  bool applies() const { return !cells_.empty(); }
  // `ours_at`: ours' row of a key, for the record.
  using OursAt = std::function<Result<std::optional<Bytes>>(Bytes key)>;
  Result<void> rewrite(std::vector<TheirChange>& changes, const OursAt& ours_at) const;

 private:
  struct Cell {
    uint16_t slot = 0;
    const NewKeyOf* map = nullptr;
    bool is_key = false;  // The table's own generated key; else a reference.
  };
  Result<bool> rewrite_line(TheirChange& change, const OursAt& ours_at) const;

  const Lines& lines_;
  Recorder recorder_;
  std::vector<Cell> cells_;
};

}  // namespace rowan::merge
