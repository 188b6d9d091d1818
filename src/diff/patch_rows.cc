#include <algorithm>
#include <map>
#include <utility>

#include "base/memory_budget.h"
#include "diff/patch_table.h"
#include "diff/patch_text.h"
#include "diff/table_diff.h"
#include "sql/parser.h"
#include "type/cast.h"

namespace rowan::diff {

namespace {

using catalog::ColumnDef;
using catalog::TableDef;
using type::TypeId;
using type::Value;

constexpr size_t kRowsPerInsert = 100;
// What a statement takes beside its text, until it is shown.
constexpr size_t kStatementBytes = 4 * sizeof(std::string);

class RowWriter {
 public:
  RowWriter(const Source& source, TableWork& work, bool native, Patch& patch)
      : source_(source),
        work_(work),
        native_(native),
        patch_(patch),
        to_(*work.to->table),
        name_(table_name_sql(to_)),
        large_(source.objects) {}

  Result<void> write() {
    if (!work_.altered()) {
      TRY(insert_all());
    } else if (to_.layout.counted) {
      const bool by_line = work_.from->table->definition_id == to_.definition_id &&
                           to_.dropped.empty();
      TRY(by_line ? counted_lines() : counted_values());
    } else {
      TRY(keyed());
    }
    flush_inserts();
    return {};
  }

 private:
  Result<void> insert_all() {
    const catalog::TableLineKeys keys(work_.to->table);
    TRY_ASSIGN(tree::Cursor cursor,
               tree::Cursor::open({source_.objects, source_.cache, keys}, work_.to->rows));
    while (!cursor.at_end()) {
      TRY_ASSIGN(const uint64_t count, counted_rows(to_, cursor.line()));
      TRY(insert(cursor.line(), count));
      TRY(cursor.next());
    }
    return {};
  }

  // ---- Rows with a key ----

  // Equal lines need a statement: a column has another type, or comes back to what lines hold of it.
  bool needs_full_walk() const {
    const TableDef& from = *work_.from->table;
    const size_t slots = from.columns.size() + from.dropped.size();
    for (size_t i = 0; i < to_.columns.size(); ++i) {
      const ColumnDef& column = to_.columns[i];
      if (!work_.kept[i] && column.slot < slots) return true;
      if (!work_.kept[i]) continue;
      const ColumnDef& old = from.columns[*work_.kept[i]];
      if (old.id != column.id || old.type != column.type) return true;
    }
    return !TablePair(work_.from->table, work_.to->table).slots_agree();
  }

  Result<void> keyed() {
    const catalog::TableLineKeys from_keys(work_.from->table), to_keys(work_.to->table);
    const tree::TreeReader from_reader{source_.objects, source_.cache, from_keys};
    const tree::TreeReader to_reader{source_.objects, source_.cache, to_keys};
    if (!needs_full_walk()) {
      TRY_ASSIGN(tree::DifferenceCursor rows,
                 tree::DifferenceCursor::open(from_reader, work_.from->rows, to_reader,
                                              work_.to->rows));
      tree::RowDifference row;
      for (;;) {
        TRY_ASSIGN(const bool more, rows.next(row));
        if (!more) return {};
        TRY(one_row(row.from.value_or(Bytes()), row.to.value_or(Bytes())));
      }
    }
    TRY_ASSIGN(tree::Cursor from, tree::Cursor::open(from_reader, work_.from->rows));
    TRY_ASSIGN(tree::Cursor to, tree::Cursor::open(to_reader, work_.to->rows));
    while (!from.at_end() || !to.at_end()) {
      const int order = from.at_end() ? 1 : to.at_end() ? -1 : from.key().compare(to.key());
      TRY(one_row(order <= 0 ? from.line() : Bytes(), order >= 0 ? to.line() : Bytes()));
      if (order <= 0) TRY(from.next());
      if (order >= 0) TRY(to.next());
    }
    return {};
  }

  // What a line of `from` holds once its table has the shape of `to`.
  Result<std::vector<Value>> altered_values(Bytes line) const {
    const TableDef& from = *work_.from->table;
    TRY_ASSIGN(std::vector<Value> slots, type::decode_line(from.layout, line, large_));
    std::vector<Value> values;
    for (size_t i = 0; i < to_.columns.size(); ++i) {
      const ColumnDef& column = to_.columns[i];
      if (!work_.kept[i]) {
        values.push_back(column.absent);
        continue;
      }
      const ColumnDef& old = from.columns[*work_.kept[i]];
      Value& value = slots[old.slot];
      if (value.is_null() || old.type == column.type) {
        values.push_back(std::move(value));
        continue;
      }
      TRY_ASSIGN(Value cast, type::cast(value, column.type, type::CastContext::kExplicit));
      values.push_back(std::move(cast));
    }
    return values;
  }

  Result<std::vector<Value>> new_values(Bytes line) const {
    TRY_ASSIGN(std::vector<Value> slots, type::decode_line(to_.layout, line, large_));
    std::vector<Value> values;
    for (const ColumnDef& column : to_.columns) values.push_back(std::move(slots[column.slot]));
    return values;
  }

  Result<void> one_row(Bytes from_line, Bytes to_line) {
    if (from_line.empty()) return insert(to_line, 1);
    TRY_ASSIGN(const std::vector<Value> now, altered_values(from_line));
    if (to_line.empty()) {
      remove(now);
      return {};
    }
    TRY_ASSIGN(const std::vector<Value> wanted, new_values(to_line));
    std::string set;
    bool anew = false;
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (exact_text(now[i]) == exact_text(wanted[i])) continue;
      set += (set.empty() ? "" : ", ") + sql::quote_ident(to_.columns[i].name) + " = " +
             literal_sql(wanted[i]);
      anew = anew || cannot_update(static_cast<uint16_t>(i));
    }
    if (anew) {
      remove(now);
      return insert(to_line, 1);
    }
    note_leftovers(from_line, to_line);
    if (!set.empty())
      add(work_.updates, "UPDATE " + name_ + " SET " + set + " WHERE " + key_condition(now));
    return {};
  }

  void remove(const std::vector<Value>& values) {
    add(work_.deletes, "DELETE FROM " + name_ + " WHERE " + key_condition(values));
  }

  void add(std::vector<std::string>& statements, std::string statement) {
    patch_.memory.add(statement.size() + kStatementBytes);
    statements.push_back(std::move(statement));
  }

  // A unique value may be another row's until that one has moved too; a key that is equal may be
  // written in two ways (1.0 and 1.00), and a generated one is never updated.
  bool cannot_update(uint16_t column) const {
    const auto has = [column](const std::vector<uint16_t>& columns) {
      return std::find(columns.begin(), columns.end(), column) != columns.end();
    };
    return has(to_.primary_key) || is_generated(column) ||
           std::any_of(to_.unique_keys.begin(), to_.unique_keys.end(),
                       [&](const catalog::UniqueKey& key) { return has(key.columns); });
  }

  // GENERATED ALWAYS while the rows change.
  bool is_generated(uint16_t column) const {
    return to_.columns[column].identity == sql::IdentityKind::kAlways &&
           (!work_.altered() || work_.keeps_identity(column));
  }

  std::string key_condition(const std::vector<Value>& values) const {
    std::string text;
    for (const uint16_t key : to_.primary_key) {
      const TypeId id = to_.columns[key].type.id;
      // A number would be compared as a double with more digits than a real has.
      const bool quoted = type::is_float(id);
      text += (text.empty() ? "" : " AND ") + sql::quote_ident(to_.columns[key].name) + " = " +
              (quoted ? sql::quote_literal(exact_text(values[key]).substr(1))
                      : literal_sql(values[key]));
    }
    return text;
  }

  // ---- Rows that count ----

  // All that are equal go; those that stay come again.
  Result<void> recount(const std::vector<Value>& values, uint64_t before, uint64_t after) {
    if (after >= before) {
      for (uint64_t i = before; i < after; ++i) insert_values(values);
      return {};
    }
    std::string condition;
    for (size_t i = 0; i < values.size(); ++i) {
      condition += (condition.empty() ? "" : " AND ") +
                   condition_sql(sql::quote_ident(to_.columns[i].name), values[i]);
    }
    add(work_.deletes,
        "DELETE FROM " + name_ + (condition.empty() ? "" : " WHERE " + condition));
    for (uint64_t i = 0; i < after; ++i) insert_values(values);
    return {};
  }

  // A line is a row there and here.
  Result<void> counted_lines() {
    const catalog::TableLineKeys keys(work_.to->table);
    const tree::TreeReader reader{source_.objects, source_.cache, keys};
    TRY_ASSIGN(tree::DifferenceCursor rows,
               tree::DifferenceCursor::open(reader, work_.from->rows, reader, work_.to->rows));
    tree::RowDifference row;
    for (;;) {
      TRY_ASSIGN(const bool more, rows.next(row));
      if (!more) return {};
      uint64_t before = 0;
      uint64_t after = 0;
      if (row.from) {
        TRY_ASSIGN(before, counted_rows(to_, *row.from));
      }
      if (row.to) {
        TRY_ASSIGN(after, counted_rows(to_, *row.to));
      }
      TRY_ASSIGN(const std::vector<Value> values, new_values(row.to ? *row.to : *row.from));
      TRY(recount(values, before, after));
    }
  }

  // Several lines may be one row, so all are read.
  Result<void> counted_values() {
    struct Group {
      std::vector<Value> values;
      uint64_t before = 0;
      uint64_t after = 0;
    };
    std::map<std::string, Group> groups;
    CountedMemory memory;  // Of the groups.
    for (const bool is_to : {false, true}) {
      const catalog::TableVersion& version = is_to ? *work_.to : *work_.from;
      const catalog::TableLineKeys keys(version.table);
      TRY_ASSIGN(tree::Cursor cursor,
                 tree::Cursor::open({source_.objects, source_.cache, keys}, version.rows));
      while (!cursor.at_end()) {
        const Bytes line = cursor.line();
        TRY_ASSIGN(const uint64_t count, counted_rows(*version.table, line));
        TRY_ASSIGN(std::vector<Value> values, is_to ? new_values(line) : altered_values(line));
        std::string text;
        for (const Value& value : values) {
          const std::string cell = exact_text(value);
          text += std::to_string(cell.size()) + ":" + cell;
        }
        const auto [entry, is_new] = groups.try_emplace(text);
        Group& group = entry->second;
        if (is_new)
          memory.add(kMapNodeBytes + 2 * text.size() + values.size() * sizeof(Value) + sizeof group);
        group.values = std::move(values);
        (is_to ? group.after : group.before) += count;
        TRY(cursor.next());
      }
    }
    for (const auto& [text, group] : groups) {
      TRY(recount(group.values, group.before, group.after));
    }
    return {};
  }

  // ---- Rows that come ----

  Result<void> insert(Bytes line, uint64_t count) {
    TRY_ASSIGN(const std::vector<Value> values, new_values(line));
    for (uint64_t i = 0; i < count; ++i) insert_values(values);
    note_leftovers("[]", line);
    return {};
  }

  void insert_values(const std::vector<Value>& values) {
    if (values.empty()) {
      add(work_.inserts, "INSERT INTO " + name_ + " DEFAULT VALUES");
      return;
    }
    std::string row;
    for (const Value& value : values) row += (row.empty() ? "" : ", ") + literal_sql(value);
    rows_ += (rows_.empty() ? "(" : ", (") + row + ")";
    if (++row_count_ == kRowsPerInsert) flush_inserts();
  }

  void flush_inserts() {
    if (row_count_ == 0) return;
    std::string columns;
    bool generated = false;
    for (size_t i = 0; i < to_.columns.size(); ++i) {
      columns += (i == 0 ? "" : ", ") + sql::quote_ident(to_.columns[i].name);
      generated = generated || is_generated(static_cast<uint16_t>(i));
    }
    add(work_.inserts, "INSERT INTO " + name_ + " (" + columns + ")" +
                           (generated ? " OVERRIDING SYSTEM VALUE" : "") + " VALUES " + rows_);
    rows_.clear();
    row_count_ = 0;
  }

  // What dropped columns left in a row: a new row has nothing there, a changed one carries it
  // along.
  void note_leftovers(Bytes from_line, Bytes to_line) {
    if (!native_ || noted_ || to_.dropped.empty()) return;
    const TableDef& from = work_.altered() ? *work_.from->table : to_;
    std::vector<Bytes> before, after;
    uint64_t count = 0;
    if (from_line != "[]" && !type::split_line(from.layout, from_line, before, count)) return;
    if (!type::split_line(to_.layout, to_line, after, count)) return;
    const auto element = [](const std::vector<Bytes>& elements, size_t slot) {
      return slot < elements.size() ? elements[slot] : Bytes("null");
    };
    for (const auto& dropped : to_.dropped)
      noted_ = noted_ || element(before, dropped.slot) != element(after, dropped.slot);
    if (noted_)
      patch_.notes.push_back("Rows of " + name_ +
                             " differ in what dropped columns left behind, which no statement can "
                             "write: the contents will be equal, the ids not.");
  }

  const Source& source_;
  TableWork& work_;
  bool native_;
  Patch& patch_;
  const TableDef& to_;
  std::string name_;
  LargeValues large_;
  std::string rows_;
  size_t row_count_ = 0;
  bool noted_ = false;
};

}  // namespace

Result<void> write_rows(const Source& source, TableWork& work, bool native, Patch& patch) {
  return RowWriter(source, work, native, patch).write();
}

}  // namespace rowan::diff
