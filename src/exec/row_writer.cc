#include "exec/row_writer.h"

#include <fmt/format.h>

#include "base/ensure.h"
#include "catalog/violations.h"
#include "exec/table_source.h"
#include "git/collision.h"
#include "sql/parser.h"
#include "type/text.h"

namespace rowan::exec {

namespace {

constexpr Bytes kNullElement = "null";

// What leaves a row that is being written waits beside its line.
class RowLarge final : public type::LargeStore {
 public:
  RowLarge(const store::ObjectReader& objects, RowWriter::EncodedRow& row)
      : reader_(objects), row_(row) {}
  Result<std::string> read_large(const type::LargeRef& ref) const override {
    return reader_.read_large(ref);
  }
  Oid write_large(uint16_t slot, Bytes bytes) override {
    row_.large.emplace_back(slot, bytes);
    return store::hash_object(store::ObjectType::kBlob, bytes);
  }

 private:
  BlobReader reader_;
  RowWriter::EncodedRow& row_;
};

}  // namespace

Result<std::string> BlobReader::read_large(const type::LargeRef& ref) const {
  TRY_ASSIGN(const store::ObjectRef object, objects_.read(ref.oid));
  if (object.type != store::ObjectType::kBlob || object.bytes.size() != ref.bytes) {
    return Error(ErrorCode::kCorruption,
                 "out-of-line value " + ref.oid.hex() + " does not have its stated size");
  }
  return std::string(object.bytes);
}

RowWriter::RowWriter(ExecContext& context, catalog::TableVersion table)
    : context_(context),
      transaction_(context.transaction),
      unique_(table.table->unique_keys.empty() ? nullptr : context.unique),
      table_(std::move(table)),
      lines_(table_.table->layout) {
  ENSURE(table_.table->unique_keys.empty() || unique_ != nullptr);
  const catalog::TableDef& def = *table_.table;
  column_of_slot_.assign(def.layout.slots.size(), -1);
  is_key_slot_.assign(def.layout.slots.size(), 0);
  for (size_t i = 0; i < def.columns.size(); ++i)
    column_of_slot_[def.columns[i].slot] = static_cast<int32_t>(i);
  for (const uint16_t slot : def.layout.key_slots) is_key_slot_[slot] = 1;
}

// What the first row needs to know: a constructor cannot fail.
Result<void> RowWriter::get_ready() {
  if (ready_) return {};
  if (!table().checks.empty()) {
    TRY_ASSIGN(checks_, context_.checks != nullptr ? context_.checks->of(table_.table)
                                                   : RowChecks::bind(table_.table));
  }
  if (context_.foreign_keys != nullptr) {
    TRY_ASSIGN(const TableReferences* const references,
               context_.foreign_keys->of(transaction_, table()));
    if (!references->empty()) references_ = references;
  }
  ready_ = true;
  return {};
}

Result<void> RowWriter::note_references(Bytes old_key, std::optional<Bytes> old_line, Bytes new_key,
                                        std::optional<Bytes> new_line) {
  TRY(get_ready());
  if (references_ == nullptr) return {};
  return context_.foreign_keys->note(*references_, transaction_, table_, old_key, old_line,
                                     new_key, new_line);
}

Result<void> RowWriter::check_row(const std::vector<type::Value>& values) {
  TRY(check_not_null(values));
  TRY(get_ready());
  if (checks_ != nullptr) TRY(checks_->check(values, context_.eval));
  return {};
}

Result<void> RowWriter::check_not_null(const std::vector<type::Value>& values) const {
  for (size_t i = 0; i < table().columns.size(); ++i) {
    if (table().columns[i].not_null && values[i].is_null())
      return not_null_violation(table(), table().columns[i], values);
  }
  return {};
}

// The line of a row that is new to the table, and its key.
Result<void> RowWriter::write_line(std::vector<type::Cell>& cells, EncodedRow& row) const {
  row.large.clear();
  RowLarge large(transaction_.objects(), row);
  TRY(lines_.write(cells, 0, large, row.line));
  // A row's line is canonical text; what leaves it is any bytes that the user likes.
  for (const auto& [slot, bytes] : row.large)
    TRY(git::check_collision(store::hash_object(store::ObjectType::kBlob, bytes), bytes));
  return {};
}

Result<std::shared_ptr<const RowChecks>> RowWriter::checks() {
  TRY(get_ready());
  return checks_;
}

Result<void> RowWriter::encode(const std::vector<type::Value>& values, EncodedRow& row,
                               bool checked) {
  TRY(checked ? check_not_null(values) : check_row(values));
  std::vector<type::Cell> cells(column_of_slot_.size());
  for (size_t slot = 0; slot < cells.size(); ++slot) {
    const int32_t column = column_of_slot_[slot];
    cells[slot] = column < 0 ? type::Cell{nullptr, kNullElement} : type::Cell{&values[column], {}};
  }
  TRY(write_line(cells, row));
  row.key.clear();
  return type::append_line_key(table().layout, row.line, row.key);
}

Error RowWriter::duplicate_key(Bytes line) const {
  return catalog::duplicate_key(table(), line);
}

Result<void> RowWriter::insert(const std::vector<type::Value>& values, bool checked) {
  EncodedRow row;
  TRY(encode(values, row, checked));
  return insert_encoded(std::move(row));
}

Result<void> RowWriter::insert_encoded(EncodedRow row) {
  TRY(set_large({}, {}, row));
  // The primary key first: where several are violated, that is the one to tell.
  if (!table().layout.counted) {
    TRY(transaction_.lock_key(table_, row.key));
    TRY_ASSIGN(const auto existing, transaction_.current_line(table_, row.key));
    if (existing) return duplicate_key(row.line);
  }
  if (unique_ != nullptr) TRY(unique_->check(transaction_, table_, std::nullopt, {}, row.line));
  TRY(note_references({}, std::nullopt, row.key, row.line));
  const uint64_t changes = transaction_.change_count();
  const std::string line = unique_ != nullptr ? row.line : std::string();
  if (table().layout.counted) {
    TRY(transaction_.add_count(table_, row.key, std::move(row.line), 1));
  } else {
    TRY(transaction_.put_row(table_, row.key, std::move(row.line)));
  }
  if (unique_ != nullptr)
    TRY(unique_->note(transaction_, table_, std::nullopt, line, row.key, changes));
  return {};
}

// The entries of large/ follow the line: those of the old one that the new one does not have go,
// those that it has stay or come, whether the row was given the value now or kept it. Equal rows of
// a table without a primary key share their entries, which stay while any of them is left.
Result<void> RowWriter::set_large(Bytes old_key, Bytes old_line, EncodedRow& row) {
  const type::RowLayout& layout = table().layout;
  for (auto& [slot, bytes] : row.large) transaction_.add_blob(std::move(bytes));
  TRY_ASSIGN(const auto after, type::large_slots(layout, row.line));
  if (!layout.counted) {
    TRY_ASSIGN(const auto before, type::large_slots(layout, old_line));
    for (const auto& [slot, blob] : before)
      TRY(transaction_.set_large(table_, old_key, slot, Oid{}));
  }
  for (const auto& [slot, blob] : after) TRY(transaction_.set_large(table_, row.key, slot, blob));
  return {};
}

Result<WriteOutcome> RowWriter::update(Bytes key, Bytes line, const std::vector<uint16_t>& columns,
                                       const std::vector<type::Value>& values, uint64_t& rows) {
  rows = 1;
  TRY_ASSIGN(const txn::LockOutcome lock, transaction_.lock_row(table_, key));
  if (lock == txn::LockOutcome::kChanged) return WriteOutcome::kRestart;

  const catalog::TableDef& def = table();
  TRY(get_ready());
  bool check = checks_ != nullptr;
  for (size_t i = 0; i < columns.size(); ++i)
    check = check || (def.columns[columns[i]].not_null && values[i].is_null());
  if (check) {
    TRY_ASSIGN(std::vector<type::Value> all, row_values(def, line, transaction_.objects()));
    for (size_t k = 0; k < columns.size(); ++k) all[columns[k]] = values[k];
    TRY(check_row(all));
  }
  std::vector<Bytes> elements;
  uint64_t count = 0;
  TRY(type::split_line(def.layout, line, elements, count));
  if (def.layout.counted) rows = count;

  std::vector<type::Cell> cells(column_of_slot_.size());
  for (size_t slot = 0; slot < cells.size(); ++slot) {
    cells[slot] = slot < elements.size() ? type::Cell{nullptr, elements[slot]}
                                         : type::Cell{&def.layout.slots[slot].absent, {}};
  }
  bool key_changed = def.layout.counted;
  for (size_t i = 0; i < columns.size(); ++i) {
    const uint16_t slot = def.columns[columns[i]].slot;
    cells[slot] = {&values[i], {}};
    key_changed = key_changed || is_key_slot_[slot];
  }
  EncodedRow row;
  TRY(write_line(cells, row));
  if (key_changed) {
    TRY(type::append_line_key(def.layout, row.line, row.key));
  } else {
    row.key = key;
  }
  return replace(key, line, std::move(row), count);
}

Result<WriteOutcome> RowWriter::replace(Bytes key, Bytes line, EncodedRow row, uint64_t count) {
  if (table().layout.counted && row.key == key) return WriteOutcome::kWritten;
  if (!table().layout.counted && row.key != key) {
    TRY(transaction_.lock_key(table_, row.key));
    TRY_ASSIGN(const auto existing, transaction_.current_line(table_, row.key));
    if (existing) return duplicate_key(row.line);
  }
  if (unique_ != nullptr) TRY(unique_->check(transaction_, table_, line, key, row.line));
  TRY(note_references(key, line, row.key, row.line));
  const uint64_t changes = transaction_.change_count();
  const std::string new_line = unique_ != nullptr ? row.line : std::string();
  if (table().layout.counted) {
    TRY(transaction_.add_count(table_, key, type::with_line_count(line, 0),
                               -static_cast<int64_t>(count)));
  } else if (row.key != key) {
    TRY(transaction_.delete_row(table_, key));
  }
  TRY(set_large(key, line, row));
  if (table().layout.counted) {
    TRY(transaction_.add_count(table_, row.key, std::move(row.line), static_cast<int64_t>(count)));
  } else {
    TRY(transaction_.put_row(table_, row.key, std::move(row.line)));
  }
  if (unique_ != nullptr)
    TRY(unique_->note(transaction_, table_, line, new_line, row.key, changes));
  return WriteOutcome::kWritten;
}

Result<WriteOutcome> RowWriter::remove(Bytes key, Bytes line, uint64_t& rows) {
  rows = 1;
  TRY_ASSIGN(const txn::LockOutcome lock, transaction_.lock_row(table_, key));
  if (lock == txn::LockOutcome::kChanged) return WriteOutcome::kRestart;
  TRY(note_references(key, line, {}, std::nullopt));
  const uint64_t changes = transaction_.change_count();
  if (!table().layout.counted) {
    TRY_ASSIGN(const auto large, type::large_slots(table().layout, line));
    for (const auto& [slot, blob] : large) TRY(transaction_.set_large(table_, key, slot, Oid{}));
    TRY(transaction_.delete_row(table_, key));
    if (unique_ != nullptr)
      TRY(unique_->note(transaction_, table_, line, std::nullopt, key, changes));
    return WriteOutcome::kWritten;
  }
  TRY_ASSIGN(rows, line_count(line));
  TRY(transaction_.add_count(table_, key, type::with_line_count(line, 0),
                             -static_cast<int64_t>(rows)));
  if (unique_ != nullptr)
    TRY(unique_->note(transaction_, table_, line, std::nullopt, key, changes));
  return WriteOutcome::kWritten;
}

}  // namespace rowan::exec
