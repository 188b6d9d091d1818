#include "diff/patch.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "catalog/objects.h"
#include "diff/schema_diff.h"
#include "diff/table_diff.h"
#include "sql/parser.h"
#include "sql/print.h"
#include "tree/git_tree.h"
#include "type/cast.h"
#include "type/key_codec.h"
#include "type/text.h"

namespace rowan::diff {

namespace {

using catalog::ColumnDef;
using catalog::TableDef;
using catalog::TableVersion;
using type::TypeId;
using type::Value;

constexpr size_t kRowsPerInsert = 100;

std::string literal(const Value& value) {
  if (value.is_null()) return "NULL";
  if (value.type().id == TypeId::kBool) return value.as_int() != 0 ? "true" : "false";
  const std::string text = type::to_text(value);
  const bool number = type::is_number(value.type().id) &&
                      text.find_first_not_of("+-.0123456789e") == std::string::npos;
  return number ? text : sql::quote_literal(text);
}

std::string name_of(const TableDef& table) { return catalog::qualified(table.schema, table.name); }

// What a cell reads as: two values are one exactly if these are equal.
std::string exact_text(const Value& value) {
  return value.is_null() ? "NULL" : "=" + type::to_text(value);
}

// Types whose equality is not that of their texts.
bool compares_by_text(TypeId id) {
  return id == TypeId::kNumeric || id == TypeId::kFloat4 || id == TypeId::kFloat8 ||
         id == TypeId::kJson || id == TypeId::kJsonb;
}

// A table on its way.
struct TableWork {
  std::optional<TableVersion> from, to;
  bool recreate = false;  // ALTER TABLE cannot get there.
  bool rows_change = false;
  std::vector<std::string> before_rows;  // Definitions.
  std::vector<std::string> deletes, updates, inserts;
  std::vector<std::string> after_rows;
  std::vector<const ColumnDef*> added;  // Columns of `to` that `from` lacks.

  bool altered() const { return from && to && !recreate; }
};

// ---- One table's definition ----

class AlterWriter {
 public:
  AlterWriter(TableWork& work)
      : work_(work), from_(*work.from->table), to_(*work.to->table), name_(name_of(to_)) {}

  // False: ALTER TABLE cannot make `to` out of `from`.
  bool write() {
    const TablePair pair(work_.from->table, work_.to->table);
    if (!pair.rows_match()) return false;
    if (to_.layout.counted && !same_columns(pair)) return false;
    if (!columns()) return false;
    properties();
    parts();
    return true;
  }

 private:
  void alter(std::string action) {
    work_.before_rows.push_back("ALTER TABLE " + name_ + " " + std::move(action));
  }
  void alter_later(std::string action) {
    work_.after_rows.push_back("ALTER TABLE " + name_ + " " + std::move(action));
  }

  static const ColumnDef* find(const TableDef& table, uint32_t id) {
    const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                    [&](const ColumnDef& column) { return column.id == id; });
    return found == table.columns.end() ? nullptr : &*found;
  }

  static bool same_columns(const TablePair& pair) {
    return std::all_of(
        pair.columns().begin(), pair.columns().end(), [&](const ColumnPair& columns) {
          return columns.from && columns.to &&
                 pair.from()->columns[*columns.from].type == pair.to()->columns[*columns.to].type;
        });
  }

  // Adds, drops and renames columns, and says whether that gives the slots of `to`.
  bool columns() {
    std::vector<std::pair<uint16_t, uint32_t>> live,
        dropped;  // As ALTER TABLE leaves them: slot and ID.
    for (const ColumnDef& column : from_.columns) live.emplace_back(column.slot, column.id);
    for (const auto& slot : from_.dropped) dropped.emplace_back(slot.slot, slot.id);
    rename_columns();
    std::map<uint16_t, std::string> new_slots;  // What is added for each.
    const size_t known = from_.columns.size() + from_.dropped.size();
    for (const ColumnDef& column : to_.columns) {
      if (find(from_, column.id) != nullptr) continue;
      if (column.slot < known) return false;
      std::string text =
          fmt::format("{} {}{} SLOT {} ID {:08x}", sql::quote_ident(column.name),
                      type::type_name(column.type), rule_text(column), column.slot, column.id);
      if (!column.absent.is_null()) text += " ABSENT " + literal(column.absent);
      new_slots[column.slot] = text;
      work_.added.push_back(&column);
    }
    std::vector<std::pair<std::string, std::pair<uint16_t, uint32_t>>> drops;
    for (const auto& slot : to_.dropped) {
      if (std::find(dropped.begin(), dropped.end(), std::pair(slot.slot, slot.id)) != dropped.end())
        continue;
      const ColumnDef* column = find(from_, slot.id);
      std::string name;
      if (column != nullptr) {
        const auto renamed = doomed_names_.find(slot.id);
        name = renamed == doomed_names_.end() ? column->name : renamed->second;
      } else {
        if (slot.slot < known) return false;
        name = fmt::format("rowan_dropped_{}", slot.slot);
        new_slots[slot.slot] =
            fmt::format("{} integer SLOT {} ID {:08x}", name, slot.slot, slot.id);
      }
      drops.push_back({name, {slot.slot, slot.id}});
    }
    for (const auto& [slot, text] : new_slots) {
      alter("ADD COLUMN " + text);
      const auto made = std::find_if(to_.columns.begin(), to_.columns.end(),
                                     [&](const ColumnDef& column) { return column.slot == slot; });
      const auto gone = std::find_if(to_.dropped.begin(), to_.dropped.end(),
                                     [&](const auto& other) { return other.slot == slot; });
      live.emplace_back(slot, made != to_.columns.end() ? made->id : gone->id);
    }
    for (const auto& [name, slot] : drops) {
      alter("DROP COLUMN " + sql::quote_ident(name));
      std::erase(live, slot);
      dropped.push_back(slot);
    }
    return reached(live, dropped);
  }

  bool reached(const std::vector<std::pair<uint16_t, uint32_t>>& live,
               const std::vector<std::pair<uint16_t, uint32_t>>& dropped) const {
    if (live.size() != to_.columns.size() || dropped.size() != to_.dropped.size()) return false;
    for (size_t i = 0; i < live.size(); ++i) {
      const ColumnDef& column = to_.columns[i];
      if (live[i] != std::pair(column.slot, column.id)) return false;
      const ColumnDef* old = find(from_, column.id);
      if (old != nullptr && old->type == column.type &&
          exact_text(old->absent) != exact_text(column.absent))
        return false;
    }
    for (size_t i = 0; i < dropped.size(); ++i) {
      if (dropped[i] != std::pair(to_.dropped[i].slot, to_.dropped[i].id)) return false;
    }
    return true;
  }

  static std::string rule_text(const ColumnDef& column) {
    return column.merge_rule == catalog::MergeRule::kNone
               ? ""
               : " MERGE RULE " + std::string(merge_rule_name(column.merge_rule));
  }

  // By way of names that nobody has, where a new name is still another's. Columns that go make room
  // first.
  void rename_columns() {
    std::vector<std::pair<std::string, std::string>> first, second;
    for (const ColumnDef& column : from_.columns) {
      if (find(to_, column.id) != nullptr || !to_.find_column(column.name)) continue;
      const std::string between = fmt::format("rowan_gone_{}", column.slot);
      first.emplace_back(column.name, between);
      doomed_names_[column.id] = between;
    }
    for (const ColumnDef& column : to_.columns) {
      const ColumnDef* old = find(from_, column.id);
      if (old == nullptr || old->name == column.name) continue;
      const auto holder = from_.find_column(column.name);
      if (holder && find(to_, from_.columns[*holder].id) != nullptr) {
        const std::string between = fmt::format("rowan_renamed_{}", column.slot);
        first.emplace_back(old->name, between);
        second.emplace_back(between, column.name);
      } else {
        second.emplace_back(old->name, column.name);
      }
    }
    first.insert(first.end(), second.begin(), second.end());
    for (const auto& [from, to] : first)
      alter("RENAME COLUMN " + sql::quote_ident(from) + " TO " + sql::quote_ident(to));
  }

  void properties() {
    for (const ColumnDef& column : to_.columns) {
      const ColumnDef* old = find(from_, column.id);
      const std::string target = "ALTER COLUMN " + sql::quote_ident(column.name);
      if (old != nullptr && old->type != column.type) {
        if (!old->default_sql.empty()) alter(target + " DROP DEFAULT");
        alter(fmt::format("{} TYPE {} USING CAST({} AS {})", target, type::type_name(column.type),
                          sql::quote_ident(column.name), type::type_name(column.type)));
      }
      const bool retyped = old != nullptr && old->type != column.type;
      const std::string old_default = old == nullptr || retyped ? "" : old->default_sql;
      const auto old_identity = old == nullptr ? sql::IdentityKind::kNone : old->identity;
      if (old_identity != sql::IdentityKind::kNone && old_identity != column.identity)
        alter(target + " DROP IDENTITY");
      if (old_default != column.default_sql && column.identity == sql::IdentityKind::kNone) {
        alter_later(column.default_sql.empty() ? target + " DROP DEFAULT"
                                               : target + " SET DEFAULT " + column.default_sql);
      }
      const bool was_not_null = old != nullptr && old->not_null;
      if (was_not_null && !column.not_null) alter(target + " DROP NOT NULL");
      if (!was_not_null && column.not_null) alter_later(target + " SET NOT NULL");
      if (column.identity != sql::IdentityKind::kNone && old_identity != column.identity) {
        alter_later(
            fmt::format("{} ADD GENERATED {} AS IDENTITY (SEQUENCE NAME {})", target,
                        column.identity == sql::IdentityKind::kAlways ? "ALWAYS" : "BY DEFAULT",
                        column.sequence));
      }
      if (old != nullptr && old->merge_rule != column.merge_rule) {
        alter(target + (column.merge_rule == catalog::MergeRule::kNone
                            ? " DROP MERGE RULE"
                            : " SET" + rule_text(column)));
      }
    }
    if (from_.merge_rule != to_.merge_rule) {
      alter(to_.merge_rule == catalog::MergeRule::kNone
                ? "DROP MERGE RULE"
                : "SET MERGE RULE " + std::string(merge_rule_name(to_.merge_rule)));
    }
  }

  // Constraints and indexes, so that those kept and those added stand in the order of `to`. Foreign
  // keys are the whole patch's matter.
  void parts() {
    for (const std::string kind : {"primary key", "unique", "check", "index"}) {
      const std::vector<TablePart> before = of_kind(from_, kind);
      const std::vector<TablePart> after = of_kind(to_, kind);
      if (kind == "primary key") {
        if (!before.empty() && before[0].name != after[0].name) {
          alter("RENAME CONSTRAINT " + sql::quote_ident(before[0].name) + " TO " +
                sql::quote_ident(after[0].name));
        }
        continue;
      }
      size_t kept = 0;
      std::vector<std::string> drops;
      for (const TablePart& part : before) {
        if (kept < after.size() && part == after[kept]) {
          ++kept;
        } else if (kind == "index") {
          drops.push_back("DROP INDEX " + catalog::qualified(to_.schema, part.name));
        } else {
          drops.push_back("ALTER TABLE " + name_ + " DROP CONSTRAINT " +
                          sql::quote_ident(part.name));
        }
      }
      // Before columns are dropped or renamed, but behind the table's own renaming, which comes
      // first of all.
      work_.before_rows.insert(work_.before_rows.begin(), drops.begin(), drops.end());
      for (size_t i = kept; i < after.size(); ++i) {
        const TablePart& part = after[i];
        if (kind != "index") {
          alter_later("ADD CONSTRAINT " + sql::quote_ident(part.name) + " " + part.sql);
          continue;
        }
        const size_t columns = part.sql.find('(');
        work_.after_rows.push_back("CREATE " + part.sql.substr(0, columns) +
                                   sql::quote_ident(part.name) + " ON " + name_ + " " +
                                   part.sql.substr(columns));
      }
    }
  }

  std::vector<TablePart> of_kind(const TableDef& table, std::string_view kind) const {
    std::vector<TablePart> parts = table_parts(table);
    std::erase_if(parts, [&](const TablePart& part) { return part.kind != kind; });
    // In the newer names, so that a renamed column does not make another constraint of it.
    return parts;
  }

  TableWork& work_;
  const TableDef& from_;
  const TableDef& to_;
  std::string name_;
  std::map<uint32_t, std::string> doomed_names_;  // Of columns that will be dropped, by ID.
};

// ---- One table's rows ----

class RowWriter {
 public:
  RowWriter(const Source& source, TableWork& work, Patch& patch)
      : source_(source),
        work_(work),
        patch_(patch),
        to_(*work.to->table),
        name_(name_of(to_)),
        large_(source.objects) {}

  Result<void> write() {
    if (!work_.altered()) return insert_all();
    const TablePair pair(work_.from->table, work_.to->table);
    const bool full = !pair.aligned() || needs_full_walk(pair);
    TRY(to_.layout.counted ? counted(pair) : full ? keyed_full(pair) : keyed_difference(pair));
    flush_inserts();
    return {};
  }

 private:
  static bool needs_full_walk(const TablePair& pair) {
    return std::any_of(
        pair.columns().begin(), pair.columns().end(), [&](const ColumnPair& columns) {
          if (!columns.from || !columns.to) return columns.to.has_value();
          return columns.from && columns.to &&
                 pair.from()->columns[*columns.from].type != pair.to()->columns[*columns.to].type;
        });
  }

  Result<void> insert_all() {
    const catalog::TableLineKeys keys(work_.to->table);
    TRY_ASSIGN(tree::Cursor cursor,
               tree::Cursor::open({source_.objects, source_.cache, keys}, work_.to->rows));
    while (!cursor.at_end()) {
      TRY_ASSIGN(const uint64_t count, counted_rows(to_, cursor.line()));
      TRY(insert(cursor.line(), count));
      TRY(cursor.next());
    }
    flush_inserts();
    return {};
  }

  Result<void> keyed_difference(const TablePair& pair) {
    const catalog::TableLineKeys from_keys(work_.from->table), to_keys(work_.to->table);
    return tree::diff_trees(
        {source_.objects, source_.cache, from_keys}, work_.from->rows,
        {source_.objects, source_.cache, to_keys}, work_.to->rows,
        [&](const tree::RowDifference& row) -> Result<bool> {
          TRY(one_row(pair, row.from.value_or(Bytes()), row.to.value_or(Bytes())));
          return true;
        });
  }

  Result<void> keyed_full(const TablePair& pair) {
    const catalog::TableLineKeys from_keys(work_.from->table), to_keys(work_.to->table);
    TRY_ASSIGN(tree::Cursor from,
               tree::Cursor::open({source_.objects, source_.cache, from_keys}, work_.from->rows));
    TRY_ASSIGN(tree::Cursor to,
               tree::Cursor::open({source_.objects, source_.cache, to_keys}, work_.to->rows));
    while (!from.at_end() || !to.at_end()) {
      const int order = from.at_end() ? 1 : to.at_end() ? -1 : from.key().compare(to.key());
      TRY(one_row(pair, order <= 0 ? from.line() : Bytes(), order >= 0 ? to.line() : Bytes()));
      if (order <= 0) TRY(from.next());
      if (order >= 0) TRY(to.next());
    }
    return {};
  }

  Result<void> one_row(const TablePair& pair, Bytes from_line, Bytes to_line) {
    if (from_line.empty()) return insert(to_line, 1);
    if (to_line.empty()) {
      TRY_ASSIGN(const std::vector<Value> values, pair.from_values(from_line, large_));
      work_.deletes.push_back("DELETE FROM " + name_ + " WHERE " + key_condition(pair, values));
      return {};
    }
    TRY_ASSIGN(const std::vector<Value> before, pair.from_values(from_line, large_));
    TRY_ASSIGN(const std::vector<Value> after, pair.to_values(to_line, large_));
    std::string set;
    bool unique_moves = false;
    for (size_t i = 0; i < pair.columns().size(); ++i) {
      const ColumnPair& columns = pair.columns()[i];
      if (!columns.to) continue;
      const ColumnDef& column = to_.columns[*columns.to];
      Value now = columns.from ? before[i] : column.absent;
      if (columns.from && pair.from()->columns[*columns.from].type != column.type &&
          !now.is_null()) {
        TRY_ASSIGN(now, type::cast(now, column.type, type::CastContext::kExplicit));
      }
      if (exact_text(now) == exact_text(after[i])) continue;
      set += (set.empty() ? "" : ", ") + sql::quote_ident(column.name) + " = " + literal(after[i]);
      unique_moves = unique_moves || in_unique_key(*columns.to);
    }
    if (!unique_moves) note_leftovers(from_line, to_line);
    if (set.empty()) return {};
    if (!unique_moves) {
      work_.updates.push_back("UPDATE " + name_ + " SET " + set + " WHERE " +
                              key_condition(pair, after));
      return {};
    }
    // The value may be another row's until that one has moved too.
    work_.deletes.push_back("DELETE FROM " + name_ + " WHERE " + key_condition(pair, after));
    return insert(to_line, 1);
  }

  bool in_unique_key(uint16_t column) const {
    return std::any_of(
        to_.unique_keys.begin(), to_.unique_keys.end(), [&](const catalog::UniqueKey& key) {
          return std::find(key.columns.begin(), key.columns.end(), column) != key.columns.end();
        });
  }

  std::string key_condition(const TablePair& pair, const std::vector<Value>& values) const {
    std::string text;
    for (const uint16_t key : to_.primary_key) {
      for (size_t i = 0; i < pair.columns().size(); ++i) {
        if (pair.columns()[i].to != key) continue;
        text += (text.empty() ? "" : " AND ") + sql::quote_ident(to_.columns[key].name) + " = " +
                literal(values[i]);
      }
    }
    return text;
  }

  // A counted row: all that are equal go, those that stay come again.
  Result<void> counted(const TablePair& pair) {
    TRY_ASSIGN(TableDiff rows, TableDiff::open(source_, work_.from, work_.to));
    RowDiff row;
    for (;;) {
      TRY_ASSIGN(const bool more, rows.next(row));
      if (!more) break;
      if (row.kind == RowKind::kAdded) {
        TRY(insert(row.to_line, row.count));
        continue;
      }
      TRY_ASSIGN(std::vector<Value> values, pair.from_values(row.from_line, large_));
      std::string condition;
      std::vector<Value> left;
      for (size_t i = 0; i < pair.columns().size(); ++i) {
        const ColumnPair& columns = pair.columns()[i];
        if (!columns.to) continue;
        const ColumnDef& column = to_.columns[*columns.to];
        Value value = columns.from ? values[i] : column.absent;
        if (!value.is_null() && value.type() != column.type) {
          TRY_ASSIGN(value, type::cast(value, column.type, type::CastContext::kExplicit));
        }
        const std::string name = sql::quote_ident(column.name);
        const bool by_text = compares_by_text(column.type.id) && !value.is_null();
        condition +=
            (condition.empty() ? "" : " AND ") +
            (by_text ? "CAST(" + name + " AS text) = " + sql::quote_literal(type::to_text(value))
             : value.is_null() ? name + " IS NULL"
                               : name + " = " + literal(value));
        left.push_back(std::move(value));
      }
      TRY_ASSIGN(const uint64_t before, counted_rows(*pair.from(), row.from_line));
      work_.deletes.push_back("DELETE FROM " + name_ +
                              (condition.empty() ? "" : " WHERE " + condition));
      for (uint64_t i = row.count; i < before; ++i) insert_values(left);
    }
    return {};
  }

  Result<void> insert(Bytes line, uint64_t count) {
    TRY_ASSIGN(const std::vector<Value> slots, type::decode_line(to_.layout, line, large_));
    std::vector<Value> values;
    for (const ColumnDef& column : to_.columns) values.push_back(slots[column.slot]);
    for (uint64_t i = 0; i < count; ++i) insert_values(values);
    note_leftovers("[]", line);
    return {};
  }

  void insert_values(const std::vector<Value>& values) {
    std::string row;
    for (const Value& value : values) row += (row.empty() ? "" : ", ") + literal(value);
    rows_ += (rows_.empty() ? "(" : ", (") + row + ")";
    if (++row_count_ == kRowsPerInsert) flush_inserts();
  }

  void flush_inserts() {
    if (row_count_ == 0) return;
    std::string columns;
    for (const ColumnDef& column : to_.columns)
      columns += (columns.empty() ? "" : ", ") + sql::quote_ident(column.name);
    work_.inserts.push_back("INSERT INTO " + name_ + " (" + columns + ") VALUES " + rows_);
    rows_.clear();
    row_count_ = 0;
  }

  // What dropped columns left in a row: a new row has nothing there, a changed one carries it
  // along.
  void note_leftovers(Bytes from_line, Bytes to_line) {
    if (noted_ || to_.dropped.empty()) return;
    const catalog::TableDef& from = work_.altered() ? *work_.from->table : to_;
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
  Patch& patch_;
  const TableDef& to_;
  std::string name_;
  LargeValues large_;
  std::string rows_;
  size_t row_count_ = 0;
  bool noted_ = false;
};

// ---- The whole ----

class PatchWriter {
 public:
  PatchWriter(const Source& source, const Oid& from_root, const Oid& to_root)
      : source_(source), from_root_(from_root), to_root_(to_root) {}

  Result<Patch> run(const std::string& only) {
    TRY_ASSIGN(changes_, changed_objects(source_, from_root_, to_root_));
    if (!only.empty()) {
      std::erase_if(changes_, [&](const ObjectChange& change) {
        return change.kind != ObjectKind::kTable || ((!change.from || change.from->path != only) &&
                                                     (!change.to || change.to->path != only));
      });
    }
    TRY(load_tables());
    TRY(find_bound_views());
    TRY(views(true));
    TRY(foreign_keys());
    TRY(drop_tables());
    TRY(schemas(true));
    TRY(sequences());
    TRY(rename_tables());
    for (TableWork& work : tables_) add(work.before_rows);
    for (TableWork& work : tables_) add(work.deletes);
    for (TableWork& work : tables_) add(work.updates);
    for (TableWork& work : tables_) add(work.inserts);
    for (TableWork& work : tables_) add(work.after_rows);
    add(owners_);
    add(added_keys_);
    TRY(views(false));
    TRY(schemas(false));
    for (const ObjectChange& change : changes_) {
      if (change.kind == ObjectKind::kOther)
        patch_.notes.push_back("File " + change.either().path +
                               " differs and is not part of the script.");
    }
    return std::move(patch_);
  }

 private:
  void add(std::string statement) { patch_.statements.push_back(std::move(statement)); }
  void add(std::vector<std::string>& statements) {
    for (std::string& statement : statements) patch_.statements.push_back(std::move(statement));
    statements.clear();
  }

  Result<void> load_tables() {
    for (const ObjectChange& change : changes_) {
      if (change.kind != ObjectKind::kTable) continue;
      TableWork work;
      if (change.from) {
        TRY_ASSIGN(work.from, table_at(source_, from_root_, change.from->path));
      }
      if (change.to) {
        TRY_ASSIGN(work.to, table_at(source_, to_root_, change.to->path));
      }
      tables_.push_back(std::move(work));
    }
    for (TableWork& work : tables_) {
      if (!work.to) continue;
      TRY_ASSIGN(const bool alterable, can_alter(work));
      if (work.from && !alterable) {
        work.recreate = true;
        work.before_rows.clear();
        work.after_rows.clear();
      }
      if (!work.altered()) {
        TableDef bare = *work.to->table;  // Its foreign keys come last.
        bare.foreign_keys.clear();
        std::string text = table_sql(bare);
        while (text.ends_with('\n') || text.ends_with(';')) text.pop_back();
        work.before_rows.push_back(std::move(text));
      }
      TRY(RowWriter(source_, work, patch_).write());
      work.rows_change = !work.deletes.empty() || !work.updates.empty() || !work.inserts.empty();
    }
    return {};
  }

  // Writes the statements that alter the table. False: it has to be made anew.
  Result<bool> can_alter(TableWork& work) {
    if (!work.from) return true;
    const TableDef& from = *work.from->table;
    const TableDef& to = *work.to->table;
    // Rows that differ only in what a dropped column left behind cannot be told apart by a
    // statement.
    if (to.layout.counted && (!from.dropped.empty() || !to.dropped.empty()))
      return work.from->rows == work.to->rows && from.definition_id == to.definition_id;
    if (from.definition_id == to.definition_id) return true;
    if (!AlterWriter(work).write()) return false;
    return casts_work(work);
  }

  // Whether ALTER COLUMN … TYPE will get through every row.
  Result<bool> casts_work(const TableWork& work) const {
    const TablePair pair(work.from->table, work.to->table);
    std::vector<std::pair<size_t, type::Type>> casts;
    for (size_t i = 0; i < pair.columns().size(); ++i) {
      const ColumnPair& columns = pair.columns()[i];
      if (!columns.from || !columns.to) continue;
      const type::Type wanted = pair.to()->columns[*columns.to].type;
      if (pair.from()->columns[*columns.from].type != wanted) casts.emplace_back(i, wanted);
    }
    if (casts.empty()) return true;
    const catalog::TableLineKeys keys(work.from->table);
    const LargeValues large(source_.objects);
    TRY_ASSIGN(tree::Cursor cursor,
               tree::Cursor::open({source_.objects, source_.cache, keys}, work.from->rows));
    while (!cursor.at_end()) {
      TRY_ASSIGN(const std::vector<Value> values, pair.from_values(cursor.line(), large));
      for (const auto& [column, wanted] : casts) {
        if (!values[column].is_null() &&
            !type::cast(values[column], wanted, type::CastContext::kExplicit))
          return false;
      }
      TRY(cursor.next());
    }
    return true;
  }

  Result<void> drop_tables() {
    for (const TableWork& work : tables_) {
      if (work.from && !work.altered()) add("DROP TABLE " + name_of(*work.from->table));
    }
    return {};
  }

  // A name may be another table's until that one is renamed: then it goes by a name nobody has.
  Result<void> rename_tables() {
    std::set<std::string> taken;
    for (const TableWork& work : tables_) {
      if (work.altered()) taken.insert(name_of(*work.from->table));
    }
    std::vector<std::string> second;
    size_t number = 0;
    for (const TableWork& work : tables_) {
      if (!work.altered() || name_of(*work.from->table) == name_of(*work.to->table)) continue;
      const TableDef& from = *work.from->table;
      const TableDef& to = *work.to->table;
      std::string current = name_of(from);
      if (from.schema != to.schema) {
        add("ALTER TABLE " + current + " SET SCHEMA " + sql::quote_ident(to.schema));
        current = catalog::qualified(to.schema, from.name);
      }
      if (from.name == to.name) continue;
      if (taken.contains(name_of(to))) {
        const std::string between = fmt::format("rowan_renamed_table_{}", ++number);
        add("ALTER TABLE " + current + " RENAME TO " + between);
        second.push_back("ALTER TABLE " + catalog::qualified(to.schema, between) + " RENAME TO " +
                         sql::quote_ident(to.name));
      } else {
        add("ALTER TABLE " + current + " RENAME TO " + sql::quote_ident(to.name));
      }
    }
    add(second);
    return {};
  }

  bool parent_moves(const catalog::ForeignKey& key) const {
    return std::any_of(tables_.begin(), tables_.end(), [&](const TableWork& work) {
      return work.from && work.from->table->schema == key.schema &&
             work.from->table->name == key.table && (work.rows_change || !work.altered());
    });
  }

  // Foreign keys that change, or whose parent's rows do, go before all else and come back at the
  // end: rows may then change in any order.
  Result<void> foreign_keys() {
    const catalog::Catalog from(source_.objects, source_.cache, from_root_);
    std::vector<std::string> schemas;
    if (!from_root_.is_zero()) {
      TRY_ASSIGN(schemas, from.schemas());
    }
    std::set<std::string> seen;  // Children by their path in `to`.
    for (const std::string& schema : schemas) {
      TRY_ASSIGN(const std::vector<std::string> names, from.tables(schema));
      for (const std::string& name : names) {
        TRY_ASSIGN(const TableVersion child, from.get_table(schema, name));
        const auto work = std::find_if(tables_.begin(), tables_.end(), [&](const TableWork& other) {
          return other.from && other.from->table->schema == schema &&
                 other.from->table->name == name;
        });
        const TableDef* after = work == tables_.end() ? child.table.get()
                                : work->to            ? work->to->table.get()
                                                      : nullptr;
        if (after != nullptr) seen.insert(after->path());
        if (child.table->foreign_keys.empty() && (after == nullptr || after->foreign_keys.empty()))
          continue;
        const bool gone = work != tables_.end() && !work->altered();
        const auto texts = [](const TableDef& table) {
          std::vector<TablePart> parts = table_parts(table);
          std::erase_if(parts, [](const TablePart& part) { return part.kind != "foreign key"; });
          return parts;
        };
        const bool moves =
            std::any_of(child.table->foreign_keys.begin(), child.table->foreign_keys.end(),
                        [&](const auto& key) { return parent_moves(key); });
        if (!gone && !moves && after != nullptr && texts(*child.table) == texts(*after)) continue;
        for (const catalog::ForeignKey& key : child.table->foreign_keys) {
          add("ALTER TABLE " + name_of(*child.table) + " DROP CONSTRAINT " +
              sql::quote_ident(key.name));
        }
        if (after != nullptr) add_keys(*after);
      }
    }
    for (const TableWork& work : tables_) {
      if (work.to && !work.from && !seen.contains(work.to->table->path()))
        add_keys(*work.to->table);
    }
    return {};
  }

  void add_keys(const TableDef& table) {
    for (const catalog::ForeignKey& key : table.foreign_keys) {
      added_keys_.push_back("ALTER TABLE " + name_of(table) + " ADD CONSTRAINT " +
                            sql::quote_ident(key.name) + " " + foreign_key_sql(table, key));
    }
  }

  Result<void> schemas(bool create) {
    for (const ObjectChange& change : changes_) {
      if (change.kind != ObjectKind::kSchema || change.to.has_value() != create) continue;
      add((create ? "CREATE SCHEMA " : "DROP SCHEMA ") + sql::quote_ident(change.either().schema));
    }
    return {};
  }

  Result<std::string> text_of(const ObjectSide& side) const {
    TRY_ASSIGN(const store::ObjectRef object, source_.objects.read(side.definition));
    std::string text(object.bytes);
    while (text.ends_with('\n') || text.ends_with(';')) text.pop_back();
    return text;
  }

  // Views that did not change but name a table that is made anew or whose columns get other types:
  // they go and come back.
  Result<void> find_bound_views() {
    std::vector<std::string> names;
    for (const TableWork& work : tables_) {
      if (!work.from) continue;
      const bool retyped =
          work.altered() && std::any_of(work.before_rows.begin(), work.before_rows.end(),
                                        [](const std::string& statement) {
                                          return statement.find(" TYPE ") != std::string::npos;
                                        });
      if (retyped || !work.altered()) names.push_back(name_of(*work.from->table));
    }
    if (names.empty() || from_root_.is_zero()) return {};
    const catalog::Catalog from(source_.objects, source_.cache, from_root_);
    TRY_ASSIGN(const std::vector<std::string> schemas, from.schemas());
    std::vector<ObjectChange> candidates;
    for (const std::string& schema : schemas) {
      TRY_ASSIGN(const std::vector<std::string> views, from.views(schema));
      for (const std::string& name : views) {
        ObjectChange change;
        change.from = ObjectSide{
            schema, name, catalog::schema_path(schema) + "/" + type::encode_name(name), {}, {}};
        for (const auto& [file, kind] :
             {std::pair("/view.sql", ObjectKind::kView),
              std::pair("/matview.sql", ObjectKind::kMaterializedView)}) {
          TRY_ASSIGN(const auto entry, tree::find_path(source_.objects, source_.cache, from_root_,
                                                       change.from->path + file));
          if (!entry) continue;
          change.kind = kind;
          change.from->definition = entry->id;
        }
        change.to = change.from;
        candidates.push_back(std::move(change));
      }
    }
    for (size_t found = 1; found > 0;) {
      found = 0;
      for (ObjectChange& view : candidates) {
        if (!view.from) continue;
        const auto known =
            std::find_if(changes_.begin(), changes_.end(), [&](const ObjectChange& change) {
              return change.from && change.from->path == view.from->path;
            });
        if (known != changes_.end()) continue;
        TRY_ASSIGN(const std::string text, text_of(*view.from));
        if (std::none_of(names.begin(), names.end(), [&](const std::string& name) {
              return text.find(name) != std::string::npos;
            }))
          continue;
        names.push_back(catalog::qualified(view.from->schema, view.from->name));
        changes_.push_back(std::move(view));
        view.from.reset();
        ++found;
      }
    }
    return {};
  }

  // Changed views are dropped first and made last, each behind those it names.
  Result<void> views(bool drop) {
    std::vector<std::pair<std::string, std::string>> made;  // Name and text.
    for (const ObjectChange& change : changes_) {
      const bool materialized = change.kind == ObjectKind::kMaterializedView;
      if (change.kind != ObjectKind::kView && !materialized) continue;
      const std::optional<ObjectSide>& side = drop ? change.from : change.to;
      if (!side) continue;
      std::string text;
      if (materialized && !drop) {
        TRY_ASSIGN(const std::string stored, text_of(*side));
        TRY_ASSIGN(const sql::ParsedStatement parsed, sql::parse_statement(stored));
        if (parsed.statement->kind != sql::StatementKind::kCreateView)
          return Error(ErrorCode::kInvalidContent, side->path + " is no view");
        const auto& view = static_cast<const sql::CreateViewStmt&>(*parsed.statement);
        std::string columns;
        for (const sql::ColumnClause& column : view.stored_columns)
          columns += (columns.empty() ? "" : ", ") + sql::quote_ident(column.name);
        text = "CREATE MATERIALIZED VIEW " + catalog::qualified(side->schema, side->name) +
               (columns.empty() ? "" : " (" + columns + ")") + " AS " + sql::to_sql(*view.select) +
               (view.with_data ? "" : " WITH NO DATA");
        patch_.notes.push_back("Materialised view " + catalog::qualified(side->schema, side->name) +
                               " is computed anew.");
      } else {
        TRY_ASSIGN(text, text_of(*side));
      }
      made.emplace_back(catalog::qualified(side->schema, side->name), std::move(text));
      if (drop)
        made.back().second =
            (materialized ? "DROP MATERIALIZED VIEW " : "DROP VIEW ") + made.back().first;
      if (drop) {
        TRY_ASSIGN(const std::string old, text_of(*side));
        texts_[made.back().first] = old;
      } else {
        texts_[made.back().first] = made.back().second;
      }
    }
    // Behind what they name; dropped the other way round.
    std::vector<std::string> ordered;
    std::set<std::string> done;
    while (done.size() < made.size()) {
      const size_t before = done.size();
      for (const auto& [name, statement] : made) {
        if (done.contains(name)) continue;
        const bool waits =
            std::any_of(made.begin(), made.end(), [&, &own = name](const auto& other) {
              return other.first != own && !done.contains(other.first) &&
                     texts_[own].find(other.first) != std::string::npos;
            });
        if (waits) continue;
        ordered.push_back(statement);
        done.insert(name);
      }
      if (done.size() == before) {  // Names that look like each other's: as they come.
        for (const auto& [name, statement] : made) {
          if (done.insert(name).second) ordered.push_back(statement);
        }
      }
    }
    if (drop) std::reverse(ordered.begin(), ordered.end());
    add(ordered);
    return {};
  }

  static std::string options_of(const catalog::SequenceDef& sequence) {
    return fmt::format("INCREMENT BY {} MINVALUE {} MAXVALUE {} START WITH {} {}",
                       sequence.increment, sequence.min, sequence.max, sequence.start,
                       sequence.cycle ? "CYCLE" : "NO CYCLE");
  }

  // A sequence of an identity column comes and goes with its column.
  bool is_identity(const std::string& name, bool to) const {
    return std::any_of(tables_.begin(), tables_.end(), [&](const TableWork& work) {
      const std::optional<TableVersion>& version = to ? work.to : work.from;
      return version && std::any_of(version->table->columns.begin(), version->table->columns.end(),
                                    [&](const ColumnDef& column) {
                                      return column.identity != sql::IdentityKind::kNone &&
                                             column.sequence == name;
                                    });
    });
  }

  Result<void> sequences() {
    for (const ObjectChange& change : changes_) {
      if (change.kind != ObjectKind::kSequence) continue;
      std::optional<catalog::SequenceDef> from, to;
      for (const bool is_to : {false, true}) {
        const std::optional<ObjectSide>& side = is_to ? change.to : change.from;
        if (!side) continue;
        TRY_ASSIGN(const store::ObjectRef object, source_.objects.read(side->definition));
        TRY_ASSIGN((is_to ? to : from),
                   catalog::sequence_from_json(object.bytes, side->schema, side->name));
      }
      const std::string name = catalog::qualified(change.either().schema, change.either().name);
      const bool owned_gone = from && !from->owner_table.empty();
      if (!to) {
        // With its table or column, unless that stays.
        if (!owned_gone) add("DROP SEQUENCE " + name);
        continue;
      }
      const bool identity = is_identity(name, true);
      if (!from && !identity) {
        add(fmt::format("CREATE SEQUENCE {} AS {} {}", name, type::type_name(to->type),
                        options_of(*to)));
      } else if (!from || options_of(*from) != options_of(*to)) {
        owners_.push_back("ALTER SEQUENCE " + name + " " + options_of(*to));
      }
      const bool owner_moves =
          (from ? from->owner_table + "." + from->owner_column : std::string(".")) !=
          to->owner_table + "." + to->owner_column;
      if (owner_moves && !identity) {
        owners_.push_back("ALTER SEQUENCE " + name + " OWNED BY " +
                          (to->owner_table.empty()
                               ? "NONE"
                               : to->owner_table + "." + sql::quote_ident(to->owner_column)));
      }
      const bool same_place = from && from->called == to->called && from->last == to->last;
      if (to->called && !same_place) {
        owners_.push_back(fmt::format("SELECT setval({}, {})", sql::quote_literal(name), to->last));
        patch_.notes.push_back(
            "Sequence " + name +
            " goes on behind the same value; what of its block was drawn is not kept.");
      }
    }
    return {};
  }

  const Source& source_;
  Oid from_root_, to_root_;
  Patch patch_;
  std::vector<ObjectChange> changes_;
  std::vector<TableWork> tables_;
  std::vector<std::string> owners_;  // Of sequences, once their tables stand.
  std::vector<std::string> added_keys_;
  std::map<std::string, std::string> texts_;  // Of views.
};

}  // namespace

Result<Patch> make_patch(const Source& source, const Oid& from_root, const Oid& to_root,
                         const std::string& table_path) {
  return PatchWriter(source, from_root, to_root).run(table_path);
}

}  // namespace rowan::diff
