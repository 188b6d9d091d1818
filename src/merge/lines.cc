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

class LargeObjects final : public type::LargeStore {
 public:
  explicit LargeObjects(store::PendingObjects& objects) : objects_(objects) {}

  Result<std::string> read_large(const type::LargeRef& ref) const override {
    TRY_ASSIGN(const store::ObjectRef object, objects_.read(ref.oid));
    if (object.type != store::ObjectType::kBlob || object.bytes.size() != ref.bytes) {
      return Error(ErrorCode::kCorruption,
                   "out-of-line value " + ref.oid.hex() + " does not have its stated size");
    }
    return std::string(object.bytes);
  }
  Oid write_large(uint16_t /*slot*/, Bytes bytes) override {
    return objects_.add(store::ObjectType::kBlob, std::string(bytes));
  }

 private:
  store::PendingObjects& objects_;
};

// What is out of line is the value's own bytes, as the type keeps them in memory.
Result<type::Value> value_of_blob(store::PendingObjects& objects, type::Type type,
                                  const type::LargeRef& ref) {
  TRY_ASSIGN(std::string bytes, LargeObjects(objects).read_large(ref));
  return type::Value::of_string(type, std::move(bytes));
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

Lines::Lines(const catalog::TableDef& table, store::PendingObjects& objects)
    : table_(table), objects_(objects), writer_(table.layout) {
  const type::RowLayout& layout = table.layout;
  absent_.resize(layout.slots.size());
  for (size_t slot = 0; slot < layout.slots.size(); ++slot) {
    if (layout.slots[slot].dropped) {
      absent_[slot] = "null";
    } else {
      type::append_json(layout.slots[slot].absent, absent_[slot]);
    }
  }
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

Result<std::string> Lines::put_together(const Cells& cells, uint64_t count) const {
  std::vector<type::Cell> given;
  given.reserve(cells.size());
  for (const std::string& cell : cells) given.push_back({nullptr, cell});
  LargeObjects large(objects_);
  std::string line;
  TRY(writer_.write(given, count, large, line));
  return line;
}

Result<std::string> Lines::with_cells_of(Bytes other, const std::vector<size_t>& slots,
                                         std::string line) const {
  uint64_t count = 1;
  TRY_ASSIGN(Cells cells, take_apart(line, &count));
  TRY_ASSIGN(Cells others, take_apart(other));
  for (const size_t slot : slots) cells[slot] = std::move(others[slot]);
  return put_together(cells, count);
}

Result<bool> Lines::same_row(Bytes a, Bytes b) const {
  if (a == b || table_.dropped.empty()) return a == b;
  TRY_ASSIGN(const Cells left, take_apart(a));
  TRY_ASSIGN(const Cells right, take_apart(b));
  return std::all_of(table_.columns.begin(), table_.columns.end(),
                     [&](const auto& column) { return left[column.slot] == right[column.slot]; });
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
      // Without a key rows are told apart by their lines: nothing of a dropped slot may be in them.
      if (to.counted) return false;
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
  if (to.dropped)
    return std::string(is_there && !merged_.table().layout.counted ? raw : Bytes("null"));
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
    misfit_slots_.push_back(slot);
    misfit_values_ += text_of(value) + "\n";
    return text_of(to.absent);  // What a row without a value has.
  }
  return text_of(*cast);
}

Result<std::string> Carrier::carry(Bytes line) {
  misfit_slots_.clear();
  misfit_values_.clear();
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

bool Carrier::has(size_t slot) const {
  return side_ != nullptr && sources_[slot] != kNoSlot &&
         !side_->layout.slots[static_cast<size_t>(sources_[slot])].dropped;
}

bool Carrier::has_columns_of(const Carrier& other) const {
  for (const catalog::ColumnDef& column : merged_.table().columns) {
    if (has(column.slot) != other.has(column.slot)) return false;
  }
  return true;
}

void Carrier::know_base(const Carrier& base, const std::vector<uint16_t>& as_base) {
  if (side_ == nullptr || base.side_ == nullptr) return;
  for (const catalog::ColumnDef& column : merged_.table().columns) {
    const bool is_fixed = std::find(as_base.begin(), as_base.end(), column.slot) != as_base.end();
    if (base.has(column.slot) && (is_fixed || !has(column.slot)))
      refills_.push_back({column.slot, {}});
    if (!has(column.slot) || base.has(column.slot)) continue;
    auto filled = carry_cell(column.slot, {}, false);
    std::string absent;
    type::append_json(column.absent, absent);
    if (filled && *filled != absent) refills_.push_back({column.slot, std::move(*filled)});
  }
}

bool Carrier::reads_like(const Carrier& base) const {
  if (side_ == nullptr || base.side_ == nullptr || (identity_ && base.identity_)) return true;
  const type::RowLayout& layout = side_->layout;
  const type::RowLayout& base_layout = base.side_->layout;
  if (layout.counted != base_layout.counted) return false;
  for (const catalog::ColumnDef& column : merged_.table().columns) {
    if (!has(column.slot)) continue;  // Both mean what the base has.
    const auto source = static_cast<size_t>(sources_[column.slot]);
    if (!base.has(column.slot)) {
      if (source < base_layout.slots.size()) return false;
      continue;
    }
    if (base.sources_[column.slot] != sources_[column.slot]) return false;
    const type::Slot& is = layout.slots[source];
    const type::Slot& was = base_layout.slots[source];
    if (is.type != was.type &&
        !(same_texts(is.type, column.type) && same_texts(was.type, column.type)))
      return false;
    if (!same_value(is.absent, was.absent)) return false;
  }
  return true;
}

Result<std::string> Carrier::beside(Bytes base, std::string line,
                                    const std::vector<size_t>& misfits) const {
  if (!misfits.empty()) {
    TRY_ASSIGN(line, merged_.with_cells_of(base, misfits, std::move(line)));
  }
  if (refills_.empty()) return line;
  uint64_t count = 1;
  TRY_ASSIGN(Cells cells, merged_.take_apart(line, &count));
  TRY_ASSIGN(const Cells base_cells, merged_.take_apart(base));
  for (const Refill& refill : refills_) {
    if (!refill.filled || cells[refill.slot] == *refill.filled)
      cells[refill.slot] = base_cells[refill.slot];
  }
  return merged_.put_together(cells, count);
}

Result<std::optional<std::string>> Carrier::rest_of(Bytes line, bool of_base,
                                                    const std::vector<size_t>& misfits) const {
  TRY_ASSIGN(Cells cells, merged_.take_apart(line));
  for (const size_t slot : misfits) cells[slot].clear();
  for (const Refill& refill : refills_) {
    if (!of_base && refill.filled && cells[refill.slot] != *refill.filled)
      return std::optional<std::string>();
    cells[refill.slot].clear();
  }
  std::string rest;
  for (const std::string& cell : cells) rest += cell + "\n";
  return std::optional<std::string>(std::move(rest));
}

}  // namespace rowan::merge
