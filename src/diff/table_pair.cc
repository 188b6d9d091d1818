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
  if (type::is_float(id)) return static_cast<int>(TypeId::kFloat8);
  return static_cast<int>(id);
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
bool do_slots_agree(const TableDef& a, const TableDef& b) {
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

// No line holds values of a column that one side alone has.
bool nothing_of_one_side(const TableDef& table, const TableDef& other) {
  const size_t slots = other.columns.size() + other.dropped.size();
  return std::all_of(table.columns.begin(), table.columns.end(), [&](const ColumnDef& column) {
    const bool shared = std::any_of(other.columns.begin(), other.columns.end(),
                                    [&](const auto& each) { return each.id == column.id; });
    return shared || (column.slot >= slots && column.absent.is_null());
  });
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

constexpr std::string_view kNullCell = "null";

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

std::vector<ColumnName> column_names(const TableDef& table) {
  std::vector<ColumnName> names;
  for (const ColumnDef& column : table.columns) names.push_back({column.id, column.name});
  return names;
}

std::vector<std::optional<uint16_t>> match_columns(const std::vector<ColumnName>& wanted,
                                                   const TableDef& table) {
  std::unordered_map<uint32_t, uint16_t> by_id;
  for (size_t i = 0; i < table.columns.size(); ++i)
    by_id[table.columns[i].id] = static_cast<uint16_t>(i);
  std::vector<std::optional<uint16_t>> found(wanted.size());
  std::vector<bool> taken(table.columns.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto column = by_id.find(wanted[i].id);
    if (column == by_id.end()) continue;
    found[i] = column->second;
    taken[column->second] = true;
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (found[i]) continue;
    const auto column = table.find_column(wanted[i].name);
    if (column && !taken[*column]) found[i] = column;
  }
  return found;
}

TablePair::TablePair(std::shared_ptr<const TableDef> from, std::shared_ptr<const TableDef> to)
    : from_(std::move(from)), to_(std::move(to)) {
  std::vector<bool> taken(from_ != nullptr ? from_->columns.size() : 0);
  if (to_ != nullptr) {
    std::vector<std::optional<uint16_t>> matches(to_->columns.size());
    if (from_ != nullptr) matches = match_columns(column_names(*to_), *from_);
    for (size_t i = 0; i < matches.size(); ++i) {
      columns_.push_back({matches[i], static_cast<uint16_t>(i)});
      if (matches[i]) taken[*matches[i]] = true;
    }
  }
  for (size_t i = 0; i < taken.size(); ++i) {
    if (!taken[i]) columns_.push_back({static_cast<uint16_t>(i), std::nullopt});
  }
  if (from_ == nullptr || to_ == nullptr) return;
  const bool same = from_->definition_id == to_->definition_id;
  slots_agree_ = same || do_slots_agree(*from_, *to_);
  aligned_ = same || (slots_agree_ && nothing_of_one_side(*from_, *to_) &&
                      nothing_of_one_side(*to_, *from_));
  rows_match_ = same || (keys_match() && (slots_agree_ || !from_->layout.counted));
}

// Over columns that are one: another key makes other rows.
bool TablePair::keys_match() const {
  if (from_->primary_key.size() != to_->primary_key.size()) return false;
  for (size_t i = 0; i < to_->primary_key.size(); ++i) {
    const ColumnDef& left = from_->columns[from_->primary_key[i]];
    const ColumnDef& right = to_->columns[to_->primary_key[i]];
    const bool is_one = columns_[to_->primary_key[i]].from == from_->primary_key[i];
    if (!is_one || key_family(left.type.id) != key_family(right.type.id)) return false;
  }
  return true;
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
    std::string left_absent, right_absent;
    const std::string_view a =
        pair.from ? cell_text(from_->columns[*pair.from], before, left_absent) : kNullCell;
    const std::string_view b =
        pair.to ? cell_text(to_->columns[*pair.to], after, right_absent) : kNullCell;
    bool differs = a != b;
    if (pair.from && pair.to) {
      const ColumnDef& left = from_->columns[*pair.from];
      const ColumnDef& right = to_->columns[*pair.to];
      const bool retyped = left.type != right.type;
      // The same value may be written in two ways: as another type, or in line here and out of line
      // there.
      if (retyped || (differs && (type::large_ref(a) || type::large_ref(b)))) {
        TRY_ASSIGN(const std::vector<Value> from_slots,
                   type::decode_line(from_->layout, from_line, large));
        TRY_ASSIGN(const std::vector<Value> to_slots,
                   type::decode_line(to_->layout, to_line, large));
        differs = !same_value(from_slots[left.slot], to_slots[right.slot]);
      }
    }
    if (differs && changed.empty()) changed.resize(columns_.size());
    if (differs) changed[i] = true;
  }
  return changed;
}

Result<bool> TablePair::written(Bytes from_line, Bytes to_line, const LargeValues& large) const {
  TRY_ASSIGN(const std::vector<bool> changed, compare(from_line, to_line, large));
  TRY_ASSIGN(const std::vector<Bytes> after, elements_of(*to_, to_line));
  for (size_t i = 0; i < changed.size(); ++i) {
    if (!changed[i] || !columns_[i].to) continue;
    if (columns_[i].from) return true;
    const ColumnDef& column = to_->columns[*columns_[i].to];
    std::string absent;
    if (cell_text(column, after, absent) != json_of(column.absent)) return true;
  }
  return false;
}

Result<std::vector<Value>> TablePair::from_values(Bytes line, const LargeValues& large) const {
  return side_values(columns_, *from_, false, line, large);
}

Result<std::vector<Value>> TablePair::to_values(Bytes line, const LargeValues& large) const {
  return side_values(columns_, *to_, true, line, large);
}

}  // namespace rowan::diff
