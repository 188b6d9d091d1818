// Row codec: a row's canonical JSON line read back (docs/format.md, "Lines"); LineWriter writes it.
//
// A line is `[v0,v1,…]` in slot order without its newline; it ends at the last slot that differs
// from that slot's ABSENT value. With a count (tables without a primary key) the first element is
// the number of equal rows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/oid.h"
#include "base/result.h"
#include "type/column.h"
#include "type/type.h"
#include "type/value.h"

namespace rowan::type {

struct Slot {
  Type type;  // kUnknown for a dropped slot: its bytes are carried, never read.
  bool dropped = false;
  Value absent;  // What a line that ends before this slot means. NULL by default.
};

// How a table's lines are laid out. Slot numbers are positions in `slots`.
struct RowLayout {
  std::vector<Slot> slots;
  std::vector<uint16_t> key_slots;  // In key order. Empty: no primary key.
  bool counted = false;             // True when there is no primary key: element 0 is the count.
};

// An out-of-line value as it stands in a line.
struct LargeRef {
  Oid oid;
  uint64_t bytes = 0;
};

// The JSON text of one value: `42`, `"Ada"`, `null`, `[{"a":1}]` for jsonb.
void append_json(const Value& value, std::string& out);
void append_large_ref(const LargeRef& ref, std::string& out);  // {"large":"<oid>","bytes":n}

// Splits a line into the raw JSON text of its elements, without the count. Checks JSON shape only.
// kCorruption when the line is no JSON array.
Result<void> split_line(const RowLayout& layout, Bytes line, std::vector<Bytes>& elements,
                        uint64_t& count);

// One raw element as a value of `type` (ABSENT is the caller's). A large reference gives kInternal:
// resolve it first.
Result<Value> decode_element(Type type, Bytes element);
std::optional<LargeRef> large_ref(Bytes element);

// The slots of a line whose values are out of line, with their blobs; dropped slots too.
Result<std::vector<std::pair<uint16_t, Oid>>> large_slots(const RowLayout& layout, Bytes line);

// The whole line, one value a slot (dropped ones NULL), absent ones filled in. `large` fetches
// out-of-line bytes.
class LargeReader {
 public:
  virtual ~LargeReader() = default;
  virtual Result<std::string> read_large(const LargeRef& ref) const = 0;
};
Result<std::vector<Value>> decode_line(const RowLayout& layout, Bytes line,
                                       const LargeReader& large, uint64_t* count = nullptr);

// Appends the encoded primary key of a line (or, when counted, the 32 hex digits of the row's
// 128-bit hash).
Result<void> append_line_key(const RowLayout& layout, Bytes line, std::string& key);

// Strict check that a line is the one canonical spelling of its row, for foreign content.
// kInvalidContent says where it is not.
Result<void> check_line(const RowLayout& layout, Bytes line);

// LineDecoder: decodes the lines of many leaves into one set of typed columns at about memory
// speed: the scan path.
//   slots: which slots to decode, in the order of the columns wanted; others are skipped over.
//   text:  whole lines, each ended by '\n'. Strings without escapes point into it; `owner` keeps it
//   alive.
// With layout.counted, each line is repeated count times.
class LineDecoder {
 public:
  LineDecoder(const RowLayout& layout, std::vector<uint16_t> slots, const LargeReader& large);
  ~LineDecoder();
  Result<void> add(Bytes text, const std::shared_ptr<const void>& owner);
  Batch finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rowan::type
