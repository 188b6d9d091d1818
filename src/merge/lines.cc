#include "merge/lines.h"

#include <algorithm>

#include "base/limits.h"
#include "merge/definition.h"
#include "type/cast.h"
#include "type/text.h"

namespace rowan::merge {
namespace {

using type::Physical;
using type::TypeId;

constexpr size_t kReferenceBytes =
    80;  // A reference is about this long: shorter values gain nothing by leaving.
constexpr std::string_view kLargeMark = "{\"large\":";

// What is out of line is the value's own bytes, as the type keeps them in memory.
Result<type::Value> value_of_blob(const store::ObjectReader& objects, type::Type type,
                                  const type::LargeRef& ref) {
  TRY_ASSIGN(const store::ObjectRef object, objects.read(ref.oid));
  if (object.type != store::ObjectType::kBlob || object.bytes.size() != ref.bytes) {
    return Error(ErrorCode::kCorruption,
                 "out-of-line value " + ref.oid.hex() + " does not have its stated size");
  }
  return type::Value::of_string(type, std::string(object.bytes));
}

bool is_wider_text(const type::Type& from, const type::Type& to) {
  if (from.id == TypeId::kChar || to.id == TypeId::kChar) return from == to;
  return type::is_text(from.id) && type::is_text(to.id) &&
         (to.modifier < 0 || (from.modifier >= 0 && from.modifier <= to.modifier));
}

// Every value of `from` has the same JSON text as a value of `to`.
bool same_texts(const type::Type& from, const type::Type& to) {
  if (from == to) return true;
  if (type::is_integer(from.id) && type::is_integer(to.id)) return from.id <= to.id;
  if (from.id == TypeId::kNumeric && to.id == TypeId::kNumeric) return to.modifier < 0;
  return is_wider_text(from, to);
}

// Equal values of the two have equal keys.
bool same_keys(const type::Type& from, const type::Type& to) {
  if (from.id == to.id) return true;
  if (type::is_integer(from.id) && type::is_integer(to.id)) return true;
  const auto plain_text = [](TypeId id) { return id == TypeId::kText || id == TypeId::kVarchar; };
  return plain_text(from.id) && plain_text(to.id);
}

}  // namespace

Result<std::vector<std::pair<uint16_t, Oid>>> large_slots(const type::RowLayout& layout,
                                                          Bytes line) {
  std::vector<std::pair<uint16_t, Oid>> slots;
  if (line.find(kLargeMark) == Bytes::npos) return slots;
  std::vector<Bytes> elements;
  uint64_t count = 0;
  TRY(type::split_line(layout, line, elements, count));
  for (size_t slot = 0; slot < elements.size(); ++slot) {
    if (const auto ref = type::large_ref(elements[slot]))
      slots.emplace_back(static_cast<uint16_t>(slot), ref->oid);
  }
  return slots;
}

Lines::Lines(const catalog::TableDef& table, store::PendingObjects& objects)
    : table_(table), objects_(objects) {
  const type::RowLayout& layout = table.layout;
  absent_.resize(layout.slots.size());
  is_key_.resize(layout.slots.size());
  for (size_t slot = 0; slot < layout.slots.size(); ++slot) {
    if (layout.slots[slot].dropped) {
      absent_[slot] = "null";
    } else {
      type::append_json(layout.slots[slot].absent, absent_[slot]);
    }
  }
  for (const uint16_t slot : layout.key_slots) is_key_[slot] = 1;
}

// Values that are out of line only because some line was long.
Result<void> Lines::bring_back(Cells& cells) const {
  for (size_t slot = 0; slot < cells.size(); ++slot) {
    if (!cells[slot].starts_with('{') || table_.layout.slots[slot].dropped) continue;
    const auto ref = type::large_ref(cells[slot]);
    if (!ref || ref->bytes > kLargeValueBytes) continue;
    TRY_ASSIGN(const type::Value value,
               value_of_blob(objects_, table_.layout.slots[slot].type, *ref));
    cells[slot].clear();
    type::append_json(value, cells[slot]);
  }
  return {};
}

Result<Cells> Lines::take_apart(Bytes line, uint64_t* count) const {
  std::vector<Bytes> elements;
  uint64_t repeated = 1;
  TRY(type::split_line(table_.layout, line, elements, repeated));
  Cells cells = absent_;
  for (size_t slot = 0; slot < elements.size(); ++slot) cells[slot].assign(elements[slot]);
  TRY(bring_back(cells));
  if (count != nullptr) *count = repeated;
  return cells;
}

Result<type::Value> Lines::value(uint16_t slot, const std::string& cell) const {
  const type::Type type = table_.layout.slots[slot].type;
  if (const auto ref = type::large_ref(cell)) return value_of_blob(objects_, type, *ref);
  return type::decode_element(type, cell);
}

bool Lines::may_leave(size_t slot, const std::string& cell) const {
  const type::Slot& of = table_.layout.slots[slot];
  return !of.dropped && !is_key_[slot] && type::physical(of.type.id) == Physical::kString &&
         cell != "null" && !type::large_ref(cell);
}

Result<void> Lines::move_out(size_t slot, Cells& cells) const {
  TRY_ASSIGN(const type::Value value,
             type::decode_element(table_.layout.slots[slot].type, cells[slot]));
  const std::string& bytes = value.as_string();
  const Oid blob = objects_.add(store::ObjectType::kBlob, bytes);
  cells[slot].clear();
  type::append_large_ref({blob, bytes.size()}, cells[slot]);
  return {};
}

std::string Lines::encode(const Cells& cells, uint64_t count) const {
  size_t used = cells.size();
  while (used > 0 && cells[used - 1] == absent_[used - 1]) --used;
  std::string line = "[";
  if (table_.layout.counted) line += std::to_string(count);
  for (size_t slot = 0; slot < used; ++slot) {
    if (line.size() > 1) line += ',';
    line += cells[slot];
  }
  return line + "]";
}

Result<std::string> Lines::put_together(const Cells& given, uint64_t count) const {
  Cells cells = given;
  TRY(bring_back(cells));
  for (size_t slot = 0; slot < cells.size(); ++slot) {
    if (cells[slot].size() <= kLargeValueBytes || !may_leave(slot, cells[slot])) continue;
    TRY_ASSIGN(const type::Value value,
               type::decode_element(table_.layout.slots[slot].type, cells[slot]));
    if (value.as_string().size() > kLargeValueBytes) TRY(move_out(slot, cells));
  }
  std::string line = encode(cells, count);
  while (line.size() > kLineSoftBytes) {
    size_t longest = cells.size();
    size_t longest_bytes = kReferenceBytes;
    for (size_t slot = 0; slot < cells.size(); ++slot) {
      if (cells[slot].size() <= longest_bytes || !may_leave(slot, cells[slot])) continue;
      longest = slot;
      longest_bytes = cells[slot].size();
    }
    if (longest == cells.size()) break;
    TRY(move_out(longest, cells));
    line = encode(cells, count);
  }
  if (line.size() > kLineBytesMax) {
    return Error(ErrorCode::kProgramLimit, "a merged row of " + table_.qualified_name() +
                                               " is longer than the limit of " +
                                               std::to_string(kLineBytesMax) + " bytes");
  }
  return line;
}

Carrier::Carrier(const catalog::TableDef* side, const Lines& merged, std::vector<int32_t> sources,
                 store::PendingObjects& objects)
    : side_(side), merged_(merged), sources_(std::move(sources)), objects_(objects) {
  identity_ = side_ == nullptr || finds_identity();
  keeps_keys_ = side_ == nullptr || finds_kept_keys();
  same_key_layout_ = side_ == nullptr ||
                     (keeps_keys_ && side_->layout.key_slots == merged_.table().layout.key_slots);
}

bool Carrier::finds_identity() const {
  const type::RowLayout& to = merged_.table().layout;
  const type::RowLayout& from = side_->layout;
  if (from.counted != to.counted || from.slots.size() > to.slots.size()) return false;
  for (size_t slot = 0; slot < to.slots.size(); ++slot) {
    const int32_t source = sources_[slot];
    if (source == kNoSlot && slot >= from.slots.size()) continue;
    if (source != static_cast<int32_t>(slot)) return false;
    const type::Slot& was = from.slots[slot];
    const type::Slot& is = to.slots[slot];
    if (is.dropped) {
      // A line may end at the slot's former ABSENT value; dropped slots end at null.
      if (!was.dropped && !was.absent.is_null()) return false;
      continue;
    }
    if (was.dropped || !same_texts(was.type, is.type) || !same_value(was.absent, is.absent))
      return false;
  }
  return true;
}

bool Carrier::finds_kept_keys() const {
  const type::RowLayout& to = merged_.table().layout;
  const type::RowLayout& from = side_->layout;
  if (from.counted != to.counted) return false;
  if (to.counted) return identity_;
  if (from.key_slots.size() != to.key_slots.size()) return false;
  for (size_t i = 0; i < to.key_slots.size(); ++i) {
    if (sources_[to.key_slots[i]] != from.key_slots[i]) return false;
    if (!same_keys(from.slots[from.key_slots[i]].type, to.slots[to.key_slots[i]].type))
      return false;
  }
  return true;
}

Result<std::string> Carrier::carry_cell(size_t slot, Bytes raw, bool is_there) {
  const type::Slot& to = merged_.table().layout.slots[slot];
  const type::Slot& from = side_->layout.slots[static_cast<size_t>(sources_[slot])];
  const auto text_of = [](const type::Value& value) {
    std::string text;
    type::append_json(value, text);
    return text;
  };
  if (to.dropped || (from.dropped && is_there)) {
    if (!is_there) return std::string("null");
    if (to.dropped || type::large_ref(raw) || type::decode_element(to.type, raw))
      return std::string(raw);
    return text_of(to.absent);
  }
  if (from.dropped) return text_of(to.absent);
  if (is_there && same_texts(from.type, to.type)) return std::string(raw);
  type::Value value = from.absent.is_null() ? type::Value::null(from.type) : from.absent;
  if (is_there) {
    if (const auto ref = type::large_ref(raw)) {
      TRY_ASSIGN(value, value_of_blob(objects_, from.type, *ref));
    } else {
      TRY_ASSIGN(value, type::decode_element(from.type, raw));
    }
  }
  if (value.is_null()) return std::string("null");
  if (from.type == to.type) return text_of(value);
  auto cast = type::cast(value, to.type, type::CastContext::kAssignment);
  if (!cast && cast.error().code() == ErrorCode::kCannotCoerce)
    cast = type::cast(value, to.type, type::CastContext::kExplicit);
  if (!cast) {
    ++misfits_;
    return text_of(to.absent);  // What a row without a value has.
  }
  return text_of(*cast);
}

Result<std::string> Carrier::carry(Bytes line) {
  if (identity_) return std::string(line);
  std::vector<Bytes> elements;
  uint64_t count = 1;
  TRY(type::split_line(side_->layout, line, elements, count));
  const type::RowLayout& to = merged_.table().layout;
  Cells cells(to.slots.size());
  for (size_t slot = 0; slot < cells.size(); ++slot) {
    const int32_t source = sources_[slot];
    if (source == kNoSlot) {
      if (to.slots[slot].dropped) {
        cells[slot] = "null";
      } else {
        type::append_json(to.slots[slot].absent, cells[slot]);
      }
      continue;
    }
    const bool is_there = static_cast<size_t>(source) < elements.size();
    TRY_ASSIGN(
        cells[slot],
        carry_cell(slot, is_there ? elements[static_cast<size_t>(source)] : Bytes(), is_there));
  }
  return merged_.put_together(cells, count);
}

}  // namespace rowan::merge
