#include "diff/table_pair.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "type/cast.h"
#include "type/text.h"

namespace rowan::diff {

namespace {

using catalog::ColumnDef;
using catalog::TableDef;
using type::Type;
using type::TypeId;
using type::Value;

// Types whose values have the same key bytes.
int key_family(TypeId id) {
  if (type::is_integer(id)) return static_cast<int>(TypeId::kInt8);
  if (type::is_text(id)) return static_cast<int>(TypeId::kText);
  if (id == TypeId::kFloat4) return static_cast<int>(TypeId::kFloat8);
  return static_cast<int>(id);
}

bool keys_match(const TableDef& a, const TableDef& b) {
  if (a.primary_key.size() != b.primary_key.size()) return false;
  for (size_t i = 0; i < a.primary_key.size(); ++i) {
    const ColumnDef& left = a.columns[a.primary_key[i]];
    const ColumnDef& right = b.columns[b.primary_key[i]];
    if (left.id != right.id || key_family(left.type.id) != key_family(right.type.id)) return false;
  }
  return true;
}

std::string json_of(const Value& value) {
  std::string text;
  type::append_json(value, text);
  return text;
}

// What a slot means: its column's ID, and whether it is live.
struct SlotOwner {
  uint32_t id = 0;
  const ColumnDef* column = nullptr;
};
std::unordered_map<uint16_t, SlotOwner> slot_owners(const TableDef& table) {
  std::unordered_map<uint16_t, SlotOwner> owners;
  for (const ColumnDef& column : table.columns) owners[column.slot] = {column.id, &column};
  for (const catalog::DroppedSlot& dropped : table.dropped)
    owners[dropped.slot] = {dropped.id, nullptr};
  return owners;
}

// No slot means one thing here and another there.
bool slots_agree(const TableDef& a, const TableDef& b) {
  if (a.layout.counted != b.layout.counted) return false;
  const auto left = slot_owners(a);
  const auto right = slot_owners(b);
  for (const auto& [slot, owner] : left) {
    const auto found = right.find(slot);
    if (found == right.end()) continue;
    if (found->second.id != owner.id) return false;
    if (owner.column == nullptr || found->second.column == nullptr) continue;
    if (json_of(owner.column->absent) != json_of(found->second.column->absent)) return false;
  }
  // The same column must not stand in two slots either.
  std::unordered_map<uint32_t, uint16_t> slots;
  for (const auto& [slot, owner] : left) slots[owner.id] = slot;
  return std::all_of(right.begin(), right.end(), [&](const auto& item) {
    const auto found = slots.find(item.second.id);
    return found == slots.end() || found->second == item.first;
  });
}

bool was_dropped(const TableDef& table, uint32_t id) {
  return std::any_of(table.dropped.begin(), table.dropped.end(),
                     [&](const auto& dropped) { return dropped.id == id; });
}

Result<std::vector<Bytes>> elements_of(const TableDef& table, Bytes line) {
  std::vector<Bytes> elements;
  uint64_t count = 0;
  TRY(type::split_line(table.layout, line, elements, count));
  return elements;
}

Result<std::vector<Value>> side_values(const std::vector<ColumnPair>& columns,
                                       const TableDef& table, bool to, Bytes line,
                                       const LargeValues& large) {
  TRY_ASSIGN(std::vector<Value> slots, type::decode_line(table.layout, line, large));
  std::vector<Value> values;
  values.reserve(columns.size());
  for (const ColumnPair& pair : columns) {
    const std::optional<uint16_t>& column = to ? pair.to : pair.from;
    values.push_back(column ? std::move(slots[table.columns[*column].slot]) : Value());
  }
  return values;
}

// The JSON text of a cell.
std::string_view cell_text(const ColumnDef& column, const std::vector<Bytes>& elements,
                           std::string& absent) {
  if (column.slot < elements.size()) return elements[column.slot];
  absent = json_of(column.absent);
  return absent;
}

bool survives_cast(const Value& value, const Value& other) {
  const Result<Value> there = type::cast(value, other.type(), type::CastContext::kExplicit);
  return there && !there->is_null() && type::to_text(*there) == type::to_text(other);
}

}  // namespace

Result<std::string> LargeValues::read_large(const type::LargeRef& ref) const {
  TRY_ASSIGN(const store::ObjectRef object, objects_.read(ref.oid));
  if (object.type != store::ObjectType::kBlob)
    return Error(ErrorCode::kCorruption, "out-of-line value " + ref.oid.hex() + " is no blob");
  return std::string(object.bytes);
}

bool same_value(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
  if (type::to_text(a) == type::to_text(b)) return true;
  return a.type() != b.type() && survives_cast(a, b) && survives_cast(b, a);
}

Result<uint64_t> counted_rows(const TableDef& table, Bytes line) {
  if (!table.layout.counted) return uint64_t{1};
  std::vector<Bytes> elements;
  uint64_t count = 0;
  TRY(type::split_line(table.layout, line, elements, count));
  return count;
}

TablePair::TablePair(std::shared_ptr<const TableDef> from, std::shared_ptr<const TableDef> to)
    : from_(std::move(from)), to_(std::move(to)) {
  std::unordered_map<uint32_t, uint16_t> from_columns;
  if (from_ != nullptr) {
    for (size_t i = 0; i < from_->columns.size(); ++i)
      from_columns[from_->columns[i].id] = static_cast<uint16_t>(i);
  }
  if (to_ != nullptr) {
    for (size_t i = 0; i < to_->columns.size(); ++i) {
      ColumnPair pair;
      pair.to = static_cast<uint16_t>(i);
      if (const auto found = from_columns.find(to_->columns[i].id); found != from_columns.end()) {
        pair.from = found->second;
        from_columns.erase(found);
      }
      pair.compared = from_ == nullptr || pair.from || !was_dropped(*from_, to_->columns[i].id);
      columns_.push_back(pair);
    }
  }
  for (size_t i = 0; from_ != nullptr && i < from_->columns.size(); ++i) {
    const uint32_t id = from_->columns[i].id;
    const auto left = from_columns.find(id);
    if (left == from_columns.end() || left->second != i) continue;
    columns_.push_back(
        {static_cast<uint16_t>(i), std::nullopt, to_ == nullptr || !was_dropped(*to_, id)});
  }
  if (from_ == nullptr || to_ == nullptr) return;
  const bool same = from_->definition_id == to_->definition_id;
  aligned_ = same || slots_agree(*from_, *to_);
  rows_match_ = same || (keys_match(*from_, *to_) && (aligned_ || !from_->layout.counted));
}

std::optional<size_t> TablePair::find_to(uint16_t column) const {
  return to_ != nullptr && column < to_->columns.size() ? std::optional<size_t>(column)
                                                        : std::nullopt;
}

Result<std::vector<bool>> TablePair::compare(Bytes from_line, Bytes to_line,
                                             const LargeValues& large) const {
  TRY_ASSIGN(const std::vector<Bytes> before, elements_of(*from_, from_line));
  TRY_ASSIGN(const std::vector<Bytes> after, elements_of(*to_, to_line));
  std::vector<bool> changed;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const ColumnPair& pair = columns_[i];
    if (!pair.compared) continue;
    bool differs = false;
    if (pair.from && pair.to) {
      const ColumnDef& left = from_->columns[*pair.from];
      const ColumnDef& right = to_->columns[*pair.to];
      std::string left_absent, right_absent;
      const std::string_view a = cell_text(left, before, left_absent);
      const std::string_view b = cell_text(right, after, right_absent);
      if (left.type == right.type && a == b) continue;
      differs = true;
      // The same value may be written in two ways: as another type, or in line here and out of line
      // there.
      if (left.type != right.type || type::large_ref(a) || type::large_ref(b)) {
        TRY_ASSIGN(const std::vector<Value> from_slots,
                   type::decode_line(from_->layout, from_line, large));
        TRY_ASSIGN(const std::vector<Value> to_slots,
                   type::decode_line(to_->layout, to_line, large));
        differs = !same_value(from_slots[left.slot], to_slots[right.slot]);
      }
    } else {
      const ColumnDef& column = pair.to ? to_->columns[*pair.to] : from_->columns[*pair.from];
      const std::vector<Bytes>& elements = pair.to ? after : before;
      differs = column.slot < elements.size() && elements[column.slot] != json_of(column.absent);
    }
    if (differs && changed.empty()) changed.resize(columns_.size());
    if (differs) changed[i] = true;
  }
  return changed;
}

Result<std::vector<Value>> TablePair::from_values(Bytes line, const LargeValues& large) const {
  return side_values(columns_, *from_, false, line, large);
}

Result<std::vector<Value>> TablePair::to_values(Bytes line, const LargeValues& large) const {
  return side_values(columns_, *to_, true, line, large);
}

}  // namespace rowan::diff
