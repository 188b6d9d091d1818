// Recorder: what a row's settlement cost, as text.
//
// Threads: one. The request and the lines must outlive it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "merge/lines.h"
#include "merge/merge.h"

namespace rowan::merge {

class Recorder {
 public:
  Recorder(const Request& request, const Lines& lines) : request_(request), lines_(lines) {}

  bool wanted() const { return request_.record && !request_.conflicts_take_base && !enough_; }
  // Every cell of the row in which a side's change is not what the row has now; the row itself when
  // one of the sides, or what was decided, is that there is none. `grounds`: of the columns that
  // were in conflict, and `ground` of all else.
  Result<void> row(const RowConflict& conflict, const SideLine& merged,
                   const std::map<uint16_t, std::string>& grounds, const std::string& ground) const;
  // A row without a key that both sides took away; what a side put in its place, if anything, is there.
  Result<void> put_back(const RowConflict& conflict) const;
  // A row of theirs that got another key, or refers to one that did.
  struct Renumbered {
    const SideLine& base;
    const SideLine& ours;  // Nothing: it is not there.
    Bytes before, after;   // Theirs.
  };
  Result<void> renumbered(const Renumbered& renumbered) const;

 private:
  Settlement about(const RowConflict& conflict) const;
  Result<void> whole_row(const RowConflict& conflict, const SideLine& merged,
                         const std::string& ground) const;
  Result<std::optional<std::string>> cell_text(uint16_t column, const Cells& cells) const;
  Result<std::optional<std::string>> row_text(const SideLine& line,
                                              const std::vector<uint16_t>& without) const;
  Result<std::string> key_text(const RowConflict& conflict) const;

  const Request& request_;
  const Lines& lines_;
  mutable bool enough_ = false;
};

// "both changed", "both added", "deleted by us", "deleted by them".
std::string_view conflict_kind(const RowConflict& conflict);
// A JSON object by column name; `without`: columns (indexes) that are not there.
Result<std::string> row_text(const Lines& lines, const Cells& cells,
                             const std::vector<uint16_t>& without = {});
// What a conflict about a definition says, before it is settled.
Settlement settlement_of(const SchemaConflict& conflict);
// "ours", "theirs", "base" or "neither": whose value is the merged one.
std::string_view choice_of(const Settlement& settlement);

// "policy ours"; "answer" by hand.
std::string policy_ground(const Request& request);

}  // namespace rowan::merge
