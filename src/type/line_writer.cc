#include "type/line_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "base/ensure.h"
#include "base/limits.h"
#include "type/line_scan.h"
#include "type/text_fast.h"
#include "type/type_info.h"

namespace rowan::type {

namespace {

// A reference is about this long: shorter values gain nothing by leaving.
constexpr size_t kReferenceBytes = 80;

bool has_long_form(TypeId id) { return type_info(id).read_large != nullptr; }

// A text is at least as long as its value, but where a blank may stand behind each byte.
bool may_be_long(TypeId id, Bytes element) {
  return element.size() > (type_info(id).spaced_json ? kLargeValueBytes / 2 : kLargeValueBytes);
}

Result<bool> is_long(Type type, const Cell& cell) {
  if (cell.value != nullptr) {
    return cell.value->as_string().size() > kLargeValueBytes;
  }
  if (!may_be_long(type.id, cell.raw)) {
    return false;
  }
  TRY_ASSIGN(const Value value, decode_element(type, cell.raw));
  return value.as_string().size() > kLargeValueBytes;
}

bool is_null(const Cell& cell) {
  return cell.value != nullptr ? cell.value->is_null() : cell.raw.empty() || cell.raw == "null";
}

// The last gate: whatever made a value, no line holds a text that a reader would refuse. Raw cells
// come from lines and from text_fast, which have been checked.
Result<void> check_value(const Cell& cell) {
  if (cell.value == nullptr || cell.value->is_null()) {
    return {};
  }
  return type_info(cell.value->type().id).is_utf8 ? check_text(cell.value->as_string())
                                                  : Result<void>();
}

// Whether a cell is written exactly as its slot's ABSENT value would be.
bool is_absent(const Cell& cell, const Slot& slot) {
  if (slot.dropped || slot.absent.is_null() || is_null(cell)) {
    return is_null(cell) && (slot.dropped || slot.absent.is_null());
  }
  if (cell.value == nullptr || cell.value->type().id != slot.absent.type().id) {
    std::string text;
    std::string absent;
    append_json(slot.absent, absent);
    if (cell.value == nullptr) {
      return cell.raw == absent;
    }
    append_json(*cell.value, text);
    return text == absent;
  }
  return is_same(physical(cell.value->type().id), cell.value->datum(), slot.absent.datum());
}

Result<std::string> read_reference(const LargeRef& ref, const LargeStore& large) {
  TRY_ASSIGN(std::string bytes, large.read_large(ref));
  if (bytes.size() != ref.bytes) {
    return Error(ErrorCode::kCorruption,
                 "out-of-line value " + ref.oid.hex() + " does not have its stated size");
  }
  return bytes;
}

// A reference to a value that may stand in a line again, or that is the slot's ABSENT value, is
// that value once more. True: it was one, and `text` holds it.
Result<bool> bring_back(const Slot& slot, Bytes raw, const LargeStore& large, std::string& text) {
  const auto ref = large_ref(raw);
  if (!ref) {
    return false;
  }
  const bool may_be_absent = has_long_form(slot.type.id) && !slot.absent.is_null() &&
                             slot.absent.as_string().size() == ref->bytes;
  if (ref->bytes > kLargeValueBytes && !may_be_absent) {
    return false;
  }
  TRY_ASSIGN(std::string bytes, read_reference(*ref, large));
  if (ref->bytes > kLargeValueBytes && bytes != slot.absent.as_string()) {
    return false;
  }
  TRY_ASSIGN(const Value value, value_from_large(slot.type, std::move(bytes)));
  append_json(value, text);
  return true;
}

// Replaces a cell by a reference, whose text `texts` keeps.
Result<void> move_out(size_t slot, Type type, Cell& cell, LargeStore& large,
                      std::deque<std::string>& texts) {
  Value decoded;
  if (cell.value == nullptr) {
    TRY_ASSIGN(decoded, decode_element(type, cell.raw));
  }
  const std::string& bytes = (cell.value != nullptr ? *cell.value : decoded).as_string();
  const Oid blob = large.write_large(static_cast<uint16_t>(slot), bytes);
  std::string& reference = texts.emplace_back();
  append_large_ref({blob, bytes.size()}, reference);
  cell = {nullptr, reference};
  return {};
}

size_t text_bytes(const Cell& cell) {
  if (cell.value == nullptr) {
    return cell.raw.size();
  }
  std::string text;
  append_json(*cell.value, text);
  return text.size();
}

// Equal rows have equal elements however many of them there are: a line is as long as that of one.
size_t bytes_of_one(const RowLayout& layout, uint64_t count, const std::string& line) {
  size_t digits = 1;
  for (uint64_t rest = count; layout.counted && rest >= 10; rest /= 10) {
    ++digits;
  }
  return line.size() - (digits - 1);
}

Error too_long(std::string_view what, size_t bytes, size_t limit) {
  return Error(ErrorCode::kProgramLimit,
               fmt::format("{} of {} bytes is longer than the limit of {} bytes", what, bytes,
                           limit));
}

}  // namespace

LineWriter::LineWriter(const RowLayout& layout)
    : layout_(layout), may_leave_(layout.slots.size(), 0) {
  for (size_t slot = 0; slot < may_leave_.size(); ++slot) {
    may_leave_[slot] = !layout.slots[slot].dropped && has_long_form(layout.slots[slot].type.id);
  }
  for (const uint16_t slot : layout.key_slots) {
    may_leave_[slot] = 0;
  }
}

bool LineWriter::can_leave(size_t slot, const Cell& cell) const {
  return may_leave_[slot] != 0 && !is_null(cell) &&
         (cell.value != nullptr || !large_ref(cell.raw).has_value());
}

// Whether write() has to look closer. Cheap, and true of few rows.
bool LineWriter::wants_care(size_t slot, const Cell& cell) const {
  if (cell.value == nullptr) {
    return cell.raw.starts_with('{') ||
           (may_leave_[slot] != 0 && may_be_long(layout_.slots[slot].type.id, cell.raw));
  }
  return !cell.value->is_null() && physical(cell.value->type().id) == Physical::kString &&
         cell.value->as_string().size() > kLargeValueBytes;
}

Result<void> LineWriter::write(std::vector<Cell>& cells, uint64_t count, LargeStore& large,
                               std::string& line) const {
  ENSURE(cells.size() == layout_.slots.size());
  bool care = false;
  for (size_t slot = 0; slot < cells.size(); ++slot) {
    TRY(check_value(cells[slot]));
    care = care || wants_care(slot, cells[slot]);
  }
  if (!care) {
    line.clear();
    encode_line(layout_, cells, count, line);
    if (bytes_of_one(layout_, count, line) <= kLineSoftBytes) {
      return {};
    }
  }
  return write_long(cells, count, large, line);
}

Result<void> LineWriter::write_long(std::vector<Cell>& cells, uint64_t count, LargeStore& large,
                                    std::string& line) const {
  std::deque<std::string> texts;  // Of cells that were replaced.
  for (size_t slot = 0; slot < cells.size(); ++slot) {
    Cell& cell = cells[slot];
    if (cell.value != nullptr && !cell.value->is_null() && may_leave_[slot] != 0 &&
        cell.value->as_string().size() > kValueBytesMax) {
      return too_long("a value", cell.value->as_string().size(), kValueBytesMax);
    }
    if (cell.value != nullptr || layout_.slots[slot].dropped) {
      continue;
    }
    std::string text;
    TRY_ASSIGN(const bool back, bring_back(layout_.slots[slot], cell.raw, large, text));
    if (back) {
      cell.raw = texts.emplace_back(std::move(text));
    }
  }
  while (!cells.empty() && is_absent(cells.back(), layout_.slots[cells.size() - 1])) {
    cells.pop_back();
  }
  for (size_t slot = 0; slot < cells.size(); ++slot) {
    if (!can_leave(slot, cells[slot])) {
      continue;
    }
    TRY_ASSIGN(const bool leaves, is_long(layout_.slots[slot].type, cells[slot]));
    if (leaves) {
      TRY(move_out(slot, layout_.slots[slot].type, cells[slot], large, texts));
    }
  }
  line.clear();
  encode_line(layout_, cells, count, line);
  while (bytes_of_one(layout_, count, line) > kLineSoftBytes) {
    size_t longest = cells.size();
    size_t longest_bytes = kReferenceBytes;
    for (size_t slot = 0; slot < cells.size(); ++slot) {
      if (!can_leave(slot, cells[slot])) {
        continue;
      }
      const size_t bytes = text_bytes(cells[slot]);
      if (bytes > longest_bytes) {
        longest = slot;
        longest_bytes = bytes;
      }
    }
    if (longest == cells.size()) {
      break;
    }
    TRY(move_out(longest, layout_.slots[longest].type, cells[longest], large, texts));
    line.clear();
    encode_line(layout_, cells, count, line);
  }
  return line.size() > kLineBytesMax ? Result<void>(too_long("row", line.size(), kLineBytesMax))
                                     : Result<void>();
}

void LineBuilder::begin(uint64_t count, std::string& line) {
  line_ = &line;
  starts_.clear();
  line = '[';
  if (writer_.layout_.counted) {
    append_integer(static_cast<int64_t>(count), line);
  }
}

std::string& LineBuilder::next() {
  if (line_->size() > 1) {
    line_->push_back(',');
  }
  starts_.push_back(line_->size());
  return *line_;
}

bool LineBuilder::finish() {
  size_t end = line_->size();
  bool is_last = true;
  for (size_t slot = starts_.size(); slot > 0; --slot) {
    const Cell cell{nullptr, Bytes(*line_).substr(starts_[slot - 1], end - starts_[slot - 1])};
    if (writer_.wants_care(slot - 1, cell)) {
      return false;
    }
    is_last = is_last && is_absent(cell, writer_.layout_.slots[slot - 1]);
    end = starts_[slot - 1] - (slot > 1 || writer_.layout_.counted ? 1 : 0);
    if (is_last) {
      line_->resize(end);
    }
  }
  line_->push_back(']');
  return line_->size() <= kLineSoftBytes;
}

void encode_line(const RowLayout& layout, const std::vector<Cell>& cells, uint64_t count,
                 std::string& line) {
  size_t used = std::min(cells.size(), layout.slots.size());
  while (used > 0 && is_absent(cells[used - 1], layout.slots[used - 1])) {
    --used;
  }
  line += '[';
  if (layout.counted) {
    append_integer(static_cast<int64_t>(count), line);
    line += used > 0 ? "," : "";
  }
  for (size_t i = 0; i < used; ++i) {
    if (i > 0) {
      line += ',';
    }
    if (cells[i].value != nullptr) {
      append_json(*cells[i].value, line);
    } else {
      line += cells[i].raw.empty() ? Bytes("null") : cells[i].raw;
    }
  }
  line += ']';
}

std::string with_line_count(Bytes line, uint64_t count) {
  std::string out = "[";
  append_integer(static_cast<int64_t>(count), out);
  out += line.substr(std::min(line.find_first_of(",]"), line.size()));
  return out;
}

Result<bool> must_leave_line(Type type, Bytes element, size_t line_bytes) {
  const Cell cell{nullptr, element};
  if (!has_long_form(type.id) || is_null(cell) || large_ref(element)) {
    return false;
  }
  if (line_bytes > kLineSoftBytes && element.size() > kReferenceBytes) {
    return true;
  }
  return is_long(type, cell);
}

}  // namespace rowan::type
