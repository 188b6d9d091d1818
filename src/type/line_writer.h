// LineWriter: the one writer of canonical lines. Cells go in; a line comes out, and the values that
// are too long for it.
//
// T9. Equal rows of one layout have equal lines, whoever writes them and wherever the cells come
// from. A line ends at the last slot that differs from its ABSENT value. Of what is left a value
// above kLargeValueBytes stands out of line; then, while the line is above kLineSoftBytes, the one
// with the longest text does (the lowest slot on ties). Keys and short texts never leave.
//
// Ownership: borrows the layout.
// Threads:   LineWriter: any. LineBuilder: one.
// Errors:    kProgramLimit for rows and values above their limits; those of the LargeStore.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/oid.h"
#include "base/result.h"
#include "type/row_codec.h"

namespace rowan::type {

// One cell on its way into a line.
struct Cell {
  const Value* value = nullptr;  // nullptr: take `raw`.
  Bytes raw;                     // JSON text in its canonical spelling; empty: null.
};

// Where values go that leave a line, and where those are that left an earlier one.
class LargeStore : public LargeReader {
 public:
  // Gives the name of the blob that these bytes are.
  virtual Oid write_large(uint16_t slot, Bytes bytes) = 0;
};

class LineWriter {
 public:
  explicit LineWriter(const RowLayout& layout);

  // Replaces `line`. One cell a slot; a dropped slot's bytes are carried as they are. References
  // to values that were long only beside others are read and written anew. `count` is used only
  // when layout.counted. The cells are spent.
  Result<void> write(std::vector<Cell>& cells, uint64_t count, LargeStore& large,
                     std::string& line) const;

  const RowLayout& layout() const { return layout_; }

 private:
  friend class LineBuilder;
  bool can_leave(size_t slot, const Cell& cell) const;
  bool wants_care(size_t slot, const Cell& cell) const;
  Result<void> write_long(std::vector<Cell>& cells, uint64_t count, LargeStore& large,
                          std::string& line) const;

  const RowLayout& layout_;
  std::vector<uint8_t> may_leave_;  // By slot: its values may stand out of line.
};

// A line from elements that come as text, slot after slot: COPY's way, without values.
class LineBuilder {
 public:
  explicit LineBuilder(const LineWriter& writer) : writer_(writer) {}

  void begin(uint64_t count, std::string& line);  // Replaces `line`.
  std::string& next();  // The line, for one element in canonical spelling to be appended.
  // True: the line is finished. False: it is too long or holds a value that may be; the row has to
  // go through LineWriter::write.
  bool finish();

 private:
  const LineWriter& writer_;
  std::string* line_ = nullptr;
  std::vector<size_t> starts_;  // Of the elements.
};

// The line of these cells as they stand: nothing leaves it, nothing is brought back.
void encode_line(const RowLayout& layout, const std::vector<Cell>& cells, uint64_t count,
                 std::string& line);

// A counted line with another count: equal rows differ in nothing else.
std::string with_line_count(Bytes line, uint64_t count);

// Whether an element that is no key would not stand in a line of this length.
Result<bool> must_leave_line(Type type, Bytes element, size_t line_bytes);

}  // namespace rowan::type
