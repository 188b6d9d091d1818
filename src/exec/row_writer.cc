#include "exec/row_writer.h"

#include <fmt/format.h>

#include "base/ensure.h"
#include "base/limits.h"
#include "git/collision.h"
#include "sql/parser.h"
#include "type/text.h"

namespace rowan::exec {

namespace {

constexpr Bytes kNullElement = "null";

bool may_go_out_of_line(const type::Cell& cell) {
  return cell.value != nullptr && !cell.value->is_null() &&
         type::physical(cell.value->type().id) == type::Physical::kString;
}

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
      table_(std::move(table)) {
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

Result<void> RowWriter::note_references(Bytes old_key, std::optional<Bytes> old_line,
                                        std::optional<Bytes> new_line) {
  TRY(get_ready());
  if (references_ == nullptr) return {};
  return context_.foreign_keys->note(*references_, transaction_, table_, old_key, old_line,
                                     new_line);
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

// Long values leave the line: first every one above kLargeValueBytes, then, while the line is above
// kLineSoftBytes, the longest that is left (the lowest slot on ties). What goes out depends on the
// row alone, so equal rows have equal lines.
Result<void> RowWriter::finish_line(std::vector<type::Cell>& cells,
                                    std::vector<std::string>& references, EncodedRow& row) const {
  const auto move_out = [&](size_t slot) {
    const std::string& bytes = cells[slot].value->as_string();
    std::string reference;
    type::append_large_ref({store::hash_object(store::ObjectType::kBlob, bytes), bytes.size()},
                           reference);
    references.push_back(std::move(reference));
    row.large.emplace_back(static_cast<uint16_t>(slot), bytes);
    cells[slot] = {nullptr, references.back()};
  };
  references.reserve(cells.size());
  for (size_t slot = 0; slot < cells.size(); ++slot) {
    if (!may_go_out_of_line(cells[slot])) continue;
    const size_t size = cells[slot].value->as_string().size();
    if (size > kValueBytesMax) {
      return Error(ErrorCode::kProgramLimit,
                   fmt::format("a value of {} bytes is longer than the limit of {} bytes", size,
                               kValueBytesMax));
    }
    if (size > kLargeValueBytes && !is_key_slot_[slot]) move_out(slot);
  }
  row.line.clear();
  type::encode_line(table().layout, cells, 0, row.line);
  while (row.line.size() > kLineSoftBytes) {
    size_t longest = cells.size();
    size_t longest_bytes = 0;
    for (size_t slot = 0; slot < cells.size(); ++slot) {
      if (is_key_slot_[slot] || !may_go_out_of_line(cells[slot])) continue;
      std::string text;
      type::append_json(*cells[slot].value, text);
      if (text.size() > longest_bytes) {
        longest = slot;
        longest_bytes = text.size();
      }
    }
    // A reference is about 70 bytes: shorter values gain nothing by leaving.
    if (longest == cells.size() || longest_bytes <= 80) break;
    move_out(longest);
    row.line.clear();
    type::encode_line(table().layout, cells, 0, row.line);
  }
  if (row.line.size() > kLineBytesMax) {
    return Error(ErrorCode::kProgramLimit,
                 fmt::format("row of {} bytes is longer than the limit of {} bytes",
                             row.line.size(), kLineBytesMax));
  }
  // A row's line is canonical text; what leaves it is any bytes that the user likes.
  for (const auto& [slot, bytes] : row.large)
    TRY(git::check_collision(store::hash_object(store::ObjectType::kBlob, bytes), bytes));
  row.key.clear();
  return type::append_line_key(table().layout, row.line, row.key);
}

Result<std::shared_ptr<const RowChecks>> RowWriter::checks() {
  TRY(get_ready());
  return checks_;
}

Result<void> RowWriter::encode(const std::vector<type::Value>& values, EncodedRow& row,
                               bool checked) {
  TRY(checked ? check_not_null(values) : check_row(values));
  row.large.clear();
  std::vector<type::Cell> cells(column_of_slot_.size());
  for (size_t slot = 0; slot < cells.size(); ++slot) {
    const int32_t column = column_of_slot_[slot];
    cells[slot] = column < 0 ? type::Cell{nullptr, kNullElement} : type::Cell{&values[column], {}};
  }
  std::vector<std::string> references;
  return finish_line(cells, references, row);
}

Error RowWriter::duplicate_key(Bytes line) const {
  return exec::duplicate_key(table(), table().primary_key_name, table().primary_key, line);
}

Result<void> RowWriter::insert(const std::vector<type::Value>& values, bool checked) {
  EncodedRow row;
  TRY(encode(values, row, checked));
  return insert_encoded(std::move(row));
}

Result<void> RowWriter::insert_encoded(EncodedRow row) {
  for (auto& [slot, bytes] : row.large) {
    const Oid blob = transaction_.add_blob(std::move(bytes));
    TRY(transaction_.set_large(table_, row.key, slot, blob));
  }
  if (unique_ != nullptr) TRY(unique_->check(transaction_, table_, std::nullopt, {}, row.line));
  TRY(note_references({}, std::nullopt, row.line));
  const uint64_t changes = transaction_.change_count();
  const std::string line = unique_ != nullptr ? row.line : std::string();
  if (table().layout.counted) {
    TRY(transaction_.add_count(table_, row.key, std::move(row.line), 1));
  } else {
    TRY(transaction_.lock_key(table_, row.key));
    TRY_ASSIGN(const auto existing, transaction_.current_line(table_, row.key));
    if (existing) return duplicate_key(row.line);
    TRY(transaction_.put_row(table_, row.key, std::move(row.line)));
  }
  if (unique_ != nullptr)
    TRY(unique_->note(transaction_, table_, std::nullopt, line, row.key, changes));
  return {};
}

// Drops the entries of a row's out-of-line values. A table without a primary key shares them
// between equal rows and keeps them while any is left, so there nothing is dropped here.
Result<void> RowWriter::forget_large(Bytes key, Bytes line) {
  if (table().layout.counted || line.find("{\"large\":") == Bytes::npos) return {};
  std::vector<Bytes> elements;
  uint64_t count = 0;
  TRY(type::split_line(table().layout, line, elements, count));
  for (size_t slot = 0; slot < elements.size(); ++slot) {
    if (type::large_ref(elements[slot]))
      TRY(transaction_.set_large(table_, key, static_cast<uint16_t>(slot), Oid{}));
  }
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

  EncodedRow row;
  std::vector<type::Cell> cells(column_of_slot_.size());
  bool whole = line.size() >
               kLineSoftBytes;  // What is out of line may change: encode the row from its values.
  std::vector<type::Value> absent_values;
  for (size_t slot = 0; slot < cells.size(); ++slot) {
    if (slot < elements.size()) {
      cells[slot].raw = elements[slot];
      if (elements[slot].starts_with('{')) whole = true;
    } else {
      cells[slot].value = &def.layout.slots[slot].absent;
    }
  }
  for (size_t i = 0; i < columns.size(); ++i)
    cells[def.columns[columns[i]].slot] = {&values[i], {}};
  std::vector<std::string> references;
  if (!whole) {
    type::encode_line(def.layout, cells, 0, row.line);
    whole = row.line.size() > kLineSoftBytes;
    for (const type::Value& value : values) {
      whole = whole ||
              (!value.is_null() && type::physical(value.type().id) == type::Physical::kString &&
               value.as_string().size() > kLargeValueBytes);
    }
  }
  if (whole) {
    TRY_ASSIGN(std::vector<type::Value> all, row_values(def, line, transaction_.objects(), &count));
    for (size_t i = 0; i < columns.size(); ++i) all[columns[i]] = values[i];
    for (size_t slot = 0; slot < cells.size(); ++slot) {
      if (column_of_slot_[slot] >= 0) cells[slot] = {&all[column_of_slot_[slot]], {}};
    }
    row.line.clear();
    TRY(finish_line(cells, references, row));
  } else {
    bool key_changed = def.layout.counted;
    for (const uint16_t column : columns)
      key_changed = key_changed || is_key_slot_[def.columns[column].slot];
    if (key_changed) {
      TRY(type::append_line_key(def.layout, row.line, row.key));
    } else {
      row.key = key;
    }
  }
  return replace(key, line, std::move(row), count);
}

Result<WriteOutcome> RowWriter::replace(Bytes key, Bytes line, EncodedRow row, uint64_t count) {
  if (table().layout.counted && row.key == key) return WriteOutcome::kWritten;
  if (unique_ != nullptr) TRY(unique_->check(transaction_, table_, line, key, row.line));
  TRY(note_references(key, line, row.line));
  const uint64_t changes = transaction_.change_count();
  const std::string new_line = unique_ != nullptr ? row.line : std::string();
  if (table().layout.counted) {
    std::string old_line;
    std::vector<Bytes> elements;
    TRY(type::split_line(table().layout, line, elements, count));
    std::vector<type::Cell> cells(column_of_slot_.size());
    for (size_t slot = 0; slot < cells.size(); ++slot) {
      cells[slot] = slot < elements.size() ? type::Cell{nullptr, elements[slot]}
                                           : type::Cell{&table().layout.slots[slot].absent, {}};
    }
    type::encode_line(table().layout, cells, 0, old_line);
    TRY(transaction_.add_count(table_, key, std::move(old_line), -static_cast<int64_t>(count)));
  } else {
    if (row.key != key) {
      TRY(transaction_.lock_key(table_, row.key));
      TRY_ASSIGN(const auto existing, transaction_.current_line(table_, row.key));
      if (existing) return duplicate_key(row.line);
      TRY(forget_large(key, line));
      TRY(transaction_.delete_row(table_, key));
    } else {
      TRY(forget_large(key, line));
    }
  }
  for (auto& [slot, bytes] : row.large) {
    const Oid blob = transaction_.add_blob(std::move(bytes));
    TRY(transaction_.set_large(table_, row.key, slot, blob));
  }
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
  TRY(note_references(key, line, std::nullopt));
  const uint64_t changes = transaction_.change_count();
  if (!table().layout.counted) {
    TRY(forget_large(key, line));
    TRY(transaction_.delete_row(table_, key));
    if (unique_ != nullptr)
      TRY(unique_->note(transaction_, table_, line, std::nullopt, key, changes));
    return WriteOutcome::kWritten;
  }
  std::vector<Bytes> elements;
  uint64_t count = 0;
  TRY(type::split_line(table().layout, line, elements, count));
  std::vector<type::Cell> cells(column_of_slot_.size());
  for (size_t slot = 0; slot < cells.size(); ++slot) {
    cells[slot] = slot < elements.size() ? type::Cell{nullptr, elements[slot]}
                                         : type::Cell{&table().layout.slots[slot].absent, {}};
  }
  std::string body;
  type::encode_line(table().layout, cells, 0, body);
  rows = count;
  TRY(transaction_.add_count(table_, key, std::move(body), -static_cast<int64_t>(count)));
  if (unique_ != nullptr)
    TRY(unique_->note(transaction_, table_, line, std::nullopt, key, changes));
  return WriteOutcome::kWritten;
}

}  // namespace rowan::exec
