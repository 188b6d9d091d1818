// Lines of the merged table: carried over from a side's layout, taken apart into cells, put
// together again.
//
// Threads: one. The definitions and objects must outlive these.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "catalog/table.h"
#include "store/object_store.h"
#include "type/line_writer.h"
#include "type/row_codec.h"

namespace rowan::merge {

// A line's cells as JSON text, one a slot; what the line leaves out has its ABSENT value's text.
// Values that stand out of line only because their line was long are brought back, so that equal
// values have equal texts.
using Cells = std::vector<std::string>;

class Lines {
 public:
  Lines(const catalog::TableDef& table, store::PendingObjects& objects);

  Result<Cells> take_apart(Bytes line, uint64_t* count = nullptr) const;
  // The canonical line (T9); blobs of what leaves it go to the pending objects.
  Result<std::string> put_together(const Cells& cells, uint64_t count) const;
  Result<type::Value> value(uint16_t slot,
                            const std::string& cell) const;  // Fetches what is out of line.
  const catalog::TableDef& table() const { return table_; }
  // What a line that ends before the slot has there.
  const std::string& absent_text(size_t slot) const { return absent_[slot]; }
  // `line` with `other`'s cells in these slots.
  Result<std::string> with_cells_of(Bytes other, const std::vector<size_t>& slots,
                                    std::string line) const;
  // Whether two lines are one row: what dropped columns left in them is nobody's.
  Result<bool> same_row(Bytes a, Bytes b) const;

 private:
  Result<void> bring_back(Cells& cells) const;

  const catalog::TableDef& table_;
  store::PendingObjects& objects_;
  type::LineWriter writer_;
  std::vector<std::string> absent_;  // Per slot.
};

// Carrier: one side's lines in the merged table's layout.
//
// M5. A stored line means something only under its own side's layout: the bytes of a dropped slot
// are nobody's, and where a line ends early its side says what is meant. So two sides' lines are
// compared as bytes only where both read them alike (reads_like); everywhere else each row is
// carried by its own side's Carrier first, and compared by column and value.
class Carrier {
 public:
  // `sources`: per merged slot the side's; kNoSlot: none. `side` null: the side has no such table,
  // and no line is ever carried.
  Carrier(const catalog::TableDef* side, const Lines& merged, std::vector<int32_t> sources,
          store::PendingObjects& objects);

  bool has(size_t slot) const;  // A live column of the side that is the merged slot's.
  bool is_identity() const { return identity_; }   // Lines stay byte for byte.
  bool keeps_keys() const { return keeps_keys_; }  // Rows keep their keys.
  bool same_key_layout() const {
    return same_key_layout_;
  }  // The merged table reads keys out of the side's lines.
  Result<std::string> carry(Bytes line);
  // What a row is to this side that the base has as `base`, when `line` is how the side alone has
  // it (both carried): where the side has no such column, or where the base has none and the side
  // only has what its definition filled in, it left the row as it was.
  // A value that its column's new type does not take (`misfits`, of that line) is not there: the cell
  // is as the base has it.
  Result<std::string> beside(Bytes base, std::string line,
                             const std::vector<size_t>& misfits) const;
  bool is_refilled() const { return !refills_.empty(); }
  // The parts of a row that beside() would look at as the base has them; nothing: this row has a
  // value of its own there.
  Result<std::optional<std::string>> rest_of(Bytes line, bool of_base,
                                             const std::vector<size_t>& misfits = {}) const;
  // Equal lines of the two are one row. To be asked after know_base.
  bool reads_like(const Carrier& base) const;
  // Whether both have the same of the merged columns.
  bool has_columns_of(const Carrier& other) const;
  // Once, before beside(). `as_base`: slots in which every row of the base stays as it is there.
  void know_base(const Carrier& base, const std::vector<uint16_t>& as_base);
  // Of the last line: where a value is none of its column's new type; the cell has what rows without
  // one have.
  const std::vector<size_t>& misfit_slots() const { return misfit_slots_; }
  const std::string& misfit_values() const { return misfit_values_; }  // As JSON texts, in that order.

 private:
  bool finds_identity() const;
  bool finds_kept_keys() const;
  Result<std::string> carry_cell(size_t slot, Bytes raw, bool is_there);

  struct Refill {
    size_t slot = 0;
    std::optional<std::string> filled;  // Only cells that read so; nothing: whatever they are.
  };

  const catalog::TableDef* side_;
  const Lines& merged_;
  std::vector<int32_t> sources_;
  store::PendingObjects& objects_;
  std::vector<Refill> refills_;
  bool identity_ = false, keeps_keys_ = false, same_key_layout_ = false;
  std::vector<size_t> misfit_slots_;
  std::string misfit_values_;
};

}  // namespace rowan::merge
