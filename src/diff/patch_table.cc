#include "diff/patch_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "catalog/expression_text.h"
#include "diff/patch_text.h"
#include "diff/schema_diff.h"
#include "sql/parser.h"
#include "type/cast.h"

namespace rowan::diff {

namespace {

using catalog::ColumnDef;
using catalog::TableDef;
using sql::IdentityKind;
using type::Value;

struct SlotId {
  uint16_t slot = 0;
  uint32_t id = 0;
  bool operator==(const SlotId&) const = default;
};

std::string rule_text(const ColumnDef& column) {
  return column.merge_rule == catalog::MergeRule::kNone
             ? ""
             : " MERGE RULE " + std::string(merge_rule_name(column.merge_rule));
}

std::string set_default_sql(const TableDef& table, const ColumnDef& column) {
  return "ALTER TABLE " + table_name_sql(table) + " ALTER COLUMN " + sql::quote_ident(column.name) +
         " SET DEFAULT " + column.default_sql;
}

std::string drop_default_sql(const TableDef& table, const ColumnDef& column) {
  return "ALTER TABLE " + table_name_sql(table) + " ALTER COLUMN " + sql::quote_ident(column.name) +
         " DROP DEFAULT";
}

class AlterWriter {
 public:
  AlterWriter(TableWork& work, bool native)
      : work_(work),
        native_(native),
        from_(*work.from->table),
        to_(*work.to->table),
        old_name_(table_name_sql(from_)),
        name_(table_name_sql(to_)) {}

  // False: ALTER TABLE cannot make `to` out of `from`.
  bool write() {
    if (!match()) return false;
    rename_columns();
    if (!(native_ ? native_columns() : plain_columns())) return false;
    for (size_t i = 0; i < to_.columns.size(); ++i) property(static_cast<uint16_t>(i));
    for (const ColumnDef& column : from_.columns) leave(column);
    if (native_ && from_.merge_rule != to_.merge_rule) {
      alter(to_.merge_rule == catalog::MergeRule::kNone
                ? "DROP MERGE RULE"
                : "SET MERGE RULE " + std::string(merge_rule_name(to_.merge_rule)));
    }
    parts();
    return true;
  }

 private:
  void alter(const std::string& action) {
    work_.shape.push_back("ALTER TABLE " + name_ + " " + action);
  }
  void alter_early(const std::string& action) {
    work_.early.push_back("ALTER TABLE " + old_name_ + " " + action);
  }
  void leave_default(const ColumnDef& old) { work_.leaves.push_back(drop_default_sql(from_, old)); }
  void alter_late(const std::string& action) {
    work_.late.push_back("ALTER TABLE " + name_ + " " + action);
  }

  const ColumnDef* old_of(uint16_t to_column) const {
    const auto& kept = work_.kept[to_column];
    return kept ? &from_.columns[*kept] : nullptr;
  }
  bool is_kept(const ColumnDef& column) const {
    const auto index = static_cast<size_t>(&column - from_.columns.data());
    return std::find(work_.kept.begin(), work_.kept.end(), index) != work_.kept.end();
  }

  // Which columns stay. By ID; without slots to mind also by name, where the order allows it.
  bool match() {
    if (from_.primary_key.size() != to_.primary_key.size()) return false;
    std::vector<std::optional<uint16_t>> by_id(to_.columns.size());
    for (size_t i = 0; i < by_id.size(); ++i) {
      for (size_t f = 0; f < from_.columns.size(); ++f) {
        if (from_.columns[f].id == to_.columns[i].id) by_id[i] = static_cast<uint16_t>(f);
      }
    }
    work_.kept = by_id;
    if (!native_) {
      work_.kept = match_columns(column_names(to_), from_);
      if (!in_order()) work_.kept = by_id;
      if (!in_order()) return false;
    }
    const TablePair pair(work_.from->table, work_.to->table);
    if (!pair.rows_match() && !to_.layout.counted) return false;
    return std::all_of(to_.primary_key.begin(), to_.primary_key.end(),
                       [&](uint16_t key) { return work_.kept[key].has_value(); });
  }

  // Columns that stay keep their order, and those that come stand behind them.
  bool in_order() const {
    std::optional<uint16_t> last;
    bool ended = false;
    for (const std::optional<uint16_t>& kept : work_.kept) {
      if (!kept) {
        ended = true;
        continue;
      }
      if (ended || (last && *kept < *last)) return false;
      last = kept;
    }
    return true;
  }

  bool plain_columns() {
    for (const ColumnDef& column : from_.columns) {
      if (!is_kept(column)) drop_column(column);
    }
    for (size_t i = 0; i < to_.columns.size(); ++i) {
      if (work_.kept[i]) continue;
      const ColumnDef& column = to_.columns[i];
      alter("ADD COLUMN " + sql::quote_ident(column.name) + " " + type::type_name(column.type) +
            (column.absent.is_null() ? "" : " DEFAULT " + literal_sql(column.absent)));
    }
    return true;
  }

  void drop_column(const ColumnDef& column) {
    const auto renamed = doomed_names_.find(column.id);
    alter("DROP COLUMN " +
          sql::quote_ident(renamed == doomed_names_.end() ? column.name : renamed->second));
  }

  // Adds and drops columns, and says whether that gives the slots of `to`.
  bool native_columns() {
    std::vector<SlotId> live, dropped;  // As ALTER TABLE leaves them.
    for (const ColumnDef& column : from_.columns) live.push_back({column.slot, column.id});
    for (const auto& slot : from_.dropped) dropped.push_back({slot.slot, slot.id});
    const size_t known = live.size() + dropped.size();
    std::map<uint16_t, std::pair<uint32_t, std::string>> made;  // By slot: ID and text.
    for (size_t i = 0; i < to_.columns.size(); ++i) {
      const ColumnDef& column = to_.columns[i];
      if (work_.kept[i]) continue;
      if (column.slot < known) return false;
      std::string text =
          fmt::format("{} {}{} SLOT {} ID {:08x}", sql::quote_ident(column.name),
                      type::type_name(column.type), rule_text(column), column.slot, column.id);
      if (!column.absent.is_null()) text += " ABSENT " + literal_sql(column.absent);
      if (comes_with_default(column)) {
        text.insert(text.find(" SLOT ", sql::quote_ident(column.name).size()),
                    " DEFAULT " + column.default_sql);
      }
      made[column.slot] = {column.id, std::move(text)};
    }
    std::vector<std::pair<const ColumnDef*, SlotId>> drops;  // Null: made only to be dropped.
    for (const auto& slot : to_.dropped) {
      const SlotId gone{slot.slot, slot.id};
      if (std::find(dropped.begin(), dropped.end(), gone) != dropped.end()) continue;
      const auto column =
          std::find_if(from_.columns.begin(), from_.columns.end(),
                       [&](const ColumnDef& each) { return each.id == slot.id; });
      if (column == from_.columns.end()) {
        if (slot.slot < known) return false;
        made[slot.slot] = {slot.id, fmt::format("rowan_dropped_{0} integer SLOT {0} ID {1:08x}",
                                                slot.slot, slot.id)};
      }
      drops.emplace_back(column == from_.columns.end() ? nullptr : &*column, gone);
    }
    for (const auto& [slot, column] : made) {
      alter("ADD COLUMN " + column.second);
      live.push_back({slot, column.first});
    }
    for (const auto& [column, slot] : drops) {
      if (column != nullptr) {
        drop_column(*column);
      } else {
        alter(fmt::format("DROP COLUMN rowan_dropped_{}", slot.slot));
      }
      std::erase(live, slot);
      dropped.push_back(slot);
    }
    return reached(live, dropped);
  }

  bool reached(const std::vector<SlotId>& live, const std::vector<SlotId>& dropped) const {
    if (live.size() != to_.columns.size() || dropped.size() != to_.dropped.size()) return false;
    for (size_t i = 0; i < live.size(); ++i) {
      const ColumnDef& column = to_.columns[i];
      if (live[i] != SlotId{column.slot, column.id}) return false;
      const ColumnDef* old = old_of(static_cast<uint16_t>(i));
      if (old == nullptr) continue;
      const bool retyped = old->type != column.type;
      const bool no_absent = old->absent.is_null() && column.absent.is_null();
      if (retyped ? !no_absent : exact_text(old->absent) != exact_text(column.absent)) return false;
    }
    for (size_t i = 0; i < dropped.size(); ++i) {
      if (dropped[i] != SlotId{to_.dropped[i].slot, to_.dropped[i].id}) return false;
    }
    return true;
  }

  // By way of names that nobody has, where a new name is still another's. Columns that go make room
  // first.
  void rename_columns() {
    std::vector<std::pair<std::string, std::string>> first, second;
    for (const ColumnDef& column : from_.columns) {
      if (is_kept(column)) continue;
      work_.disturbs = work_.loses_columns = true;
      if (!to_.find_column(column.name)) continue;
      const std::string between = fmt::format("rowan_gone_{}", column.slot);
      first.emplace_back(column.name, between);
      doomed_names_[column.id] = between;
    }
    for (size_t i = 0; i < to_.columns.size(); ++i) {
      const ColumnDef& column = to_.columns[i];
      const ColumnDef* old = old_of(static_cast<uint16_t>(i));
      if (old == nullptr || old->name == column.name) continue;
      work_.disturbs = true;
      const auto holder = from_.find_column(column.name);
      if (holder && is_kept(from_.columns[*holder])) {
        const std::string between = fmt::format("rowan_renamed_{}", i);
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

  // A column that goes lets go of the sequence it draws from.
  void leave(const ColumnDef& column) {
    if (is_kept(column) || column.default_sql.empty()) return;
    const auto sequences = catalog::sequences_of(column.default_sql);
    if (!sequences || !sequences->empty())
      leave_default(column);
  }

  void property(uint16_t index) {
    const ColumnDef& column = to_.columns[index];
    const ColumnDef* old = old_of(index);
    const std::string target = "ALTER COLUMN " + sql::quote_ident(column.name);
    const bool retyped = old != nullptr && old->type != column.type;
    if (retyped) {
      work_.disturbs = work_.keys_move = true;
      alter(fmt::format("{0} TYPE {2} USING CAST({1} AS {2})", target,
                        sql::quote_ident(column.name), type::type_name(column.type)));
    }
    default_of(column, old, target, retyped);
    const bool was_not_null = old != nullptr && old->not_null;
    if (was_not_null && !column.not_null) alter(target + " DROP NOT NULL");
    if (!was_not_null && column.not_null) alter_late(target + " SET NOT NULL");
    if (column.identity != IdentityKind::kNone && !work_.keeps_identity(index)) {
      alter_late(target + " ADD " + identity_words(column) +
                 (native_ ? " (SEQUENCE NAME " + column.sequence + ")" : ""));
    }
    if (native_ && old != nullptr && old->merge_rule != column.merge_rule) {
      alter(target + (column.merge_rule == catalog::MergeRule::kNone ? " DROP MERGE RULE"
                                                                     : " SET" + rule_text(column)));
    }
  }

  // Whether a column that is added is filled with its default: ADD COLUMN says it once for both.
  static bool comes_with_default(const ColumnDef& column) {
    return !column.absent.is_null() && column.default_sql == literal_sql(column.absent);
  }

  void default_of(const ColumnDef& column, const ColumnDef* old, const std::string& target,
                  bool retyped) {
    // What ADD COLUMN filled the rows with is its default now.
    const bool filled = old == nullptr && !native_ && !column.absent.is_null();
    const bool stays = old != nullptr && !retyped && old->default_sql == column.default_sql &&
                       old->identity == column.identity;
    if (stays || (old == nullptr && comes_with_default(column))) return;
    if (old != nullptr) {
      const std::string before = "ALTER COLUMN " + sql::quote_ident(old->name);
      if (old->identity != IdentityKind::kNone && old->identity != column.identity)
        alter_early(before + " DROP IDENTITY");
      if (!old->default_sql.empty()) leave_default(*old);
    }
    const auto index = static_cast<size_t>(&column - to_.columns.data());
    if (work_.draws_late[index]) {
      if (filled) alter_late(target + " DROP DEFAULT");
      work_.defaults.push_back(set_default_sql(to_, column));
    } else if (!column.default_sql.empty()) {
      alter_late(target + " SET DEFAULT " + column.default_sql);
    } else if (filled) {
      alter_late(target + " DROP DEFAULT");
    }
  }

  // Constraints and indexes, so that those kept and those added stand in the order of `to`. Foreign
  // keys are the whole patch's matter.
  void parts() {
    // In the newer names, so that a renamed column does not make another constraint of it.
    TableDef renamed = from_;
    for (size_t i = 0; i < work_.kept.size(); ++i) {
      if (work_.kept[i]) renamed.columns[*work_.kept[i]].name = to_.columns[i].name;
    }
    for (const std::string_view kind : {"primary key", "unique", "check", "index"}) {
      const std::vector<TablePart> before = of_kind(renamed, kind);
      const std::vector<TablePart> after = of_kind(to_, kind);
      if (kind == "primary key") {
        if (!before.empty() && before[0].name != after[0].name)
          work_.key_rename.emplace(before[0].name, after[0].name);
        continue;
      }
      size_t kept = 0;
      for (const TablePart& part : before) {
        if (kept < after.size() && part == after[kept]) {
          ++kept;
          continue;
        }
        drop_part(part);
      }
      for (size_t i = kept; i < after.size(); ++i) add_part(after[i]);
    }
  }

  void drop_part(const TablePart& part) {
    if (part.kind == "index") {
      work_.early.push_back("DROP INDEX " + catalog::qualified(from_.schema, part.name));
    } else {
      alter_early("DROP CONSTRAINT " + sql::quote_ident(part.name));
    }
    work_.keys_move = work_.keys_move || part.kind != "check";
  }

  void add_part(const TablePart& part) {
    if (part.kind != "index") {
      work_.parts.push_back("ALTER TABLE " + name_ + " ADD CONSTRAINT " +
                            sql::quote_ident(part.name) + " " + part.sql);
      return;
    }
    for (const catalog::IndexDef& index : to_.indexes) {
      if (index.name == part.name) work_.parts.push_back(create_index_sql(to_, index));
    }
  }

  static std::vector<TablePart> of_kind(const TableDef& table, std::string_view kind) {
    std::vector<TablePart> parts = table_parts(table);
    std::erase_if(parts, [&](const TablePart& part) { return part.kind != kind; });
    return parts;
  }

  TableWork& work_;
  bool native_;
  const TableDef& from_;
  const TableDef& to_;
  std::string old_name_, name_;
  std::map<uint32_t, std::string> doomed_names_;  // Of columns that will be dropped, by ID.
};

// Whether ALTER COLUMN … TYPE will get through every row.
Result<bool> casts_work(const Source& source, const TableWork& work) {
  const TableDef& from = *work.from->table;
  std::vector<std::pair<uint16_t, type::Type>> casts;  // By slot.
  for (size_t i = 0; i < work.kept.size(); ++i) {
    if (!work.kept[i]) continue;
    const ColumnDef& old = from.columns[*work.kept[i]];
    const type::Type wanted = work.to->table->columns[i].type;
    if (old.type == wanted) continue;
    if (!type::can_cast(old.type.id, wanted.id, type::CastContext::kExplicit)) return false;
    casts.emplace_back(old.slot, wanted);
  }
  if (casts.empty()) return true;
  const catalog::TableLineKeys keys(work.from->table);
  const LargeValues large(source.objects);
  TRY_ASSIGN(tree::Cursor cursor,
             tree::Cursor::open({source.objects, source.cache, keys}, work.from->rows));
  while (!cursor.at_end()) {
    TRY_ASSIGN(const std::vector<Value> slots,
               type::decode_line(from.layout, cursor.line(), large));
    for (const auto& [slot, wanted] : casts) {
      if (!slots[slot].is_null() && !type::cast(slots[slot], wanted, type::CastContext::kExplicit))
        return false;
    }
    TRY(cursor.next());
  }
  return true;
}

Result<bool> can_alter(const Source& source, TableWork& work, bool native) {
  const TableDef& from = *work.from->table;
  const TableDef& to = *work.to->table;
  // Equal rows that differ in what a dropped column left behind cannot be told apart by a statement.
  if (native && to.layout.counted && (!from.dropped.empty() || !to.dropped.empty()) &&
      (work.from->rows != work.to->rows || from.definition_id != to.definition_id))
    return false;
  if (!AlterWriter(work, native).write()) return false;
  // An old line without a primary key is found again by its values, as they were cast.
  return casts_work(source, work);
}

void write_create(TableWork& work, bool native) {
  const TableDef& to = *work.to->table;
  TableDef bare = to;
  for (size_t i = 0; i < to.columns.size(); ++i) {
    if (!work.draws_late[i]) continue;
    work.defaults.push_back(set_default_sql(to, to.columns[i]));
    bare.columns[i].default_sql.clear();
    bare.columns[i].sequence.clear();
  }
  if (native) {
    bare.foreign_keys.clear();  // They come last.
    std::string text = catalog::table_sql(bare);
    while (text.ends_with('\n') || text.ends_with(';')) text.pop_back();
    work.shape.push_back(std::move(text));
    return;
  }
  work.shape.push_back(plain_table_sql(bare));
  for (std::string& key : repeated_keys_sql(to)) work.shape.push_back(std::move(key));
  for (const catalog::IndexDef& index : to.indexes)
    work.parts.push_back(create_index_sql(to, index));
}

}  // namespace

bool TableWork::keeps_identity(uint16_t to_column) const {
  if (!altered() || !kept[to_column]) return false;
  const ColumnDef& now = to->table->columns[to_column];
  return now.identity != IdentityKind::kNone &&
         from->table->columns[*kept[to_column]].identity == now.identity;
}

Result<void> write_definition(const Source& source, TableWork& work, bool native) {
  if (work.from) {
    TRY_ASSIGN(const bool alterable, can_alter(source, work, native));
    if (alterable) return {};
    work.recreate = true;
    work.disturbs = work.keys_move = true;
    work.key_rename.reset();
    work.leaves.clear();
    work.early.clear();
    work.shape.clear();
    work.late.clear();
    work.defaults.clear();
    work.parts.clear();
  }
  write_create(work, native);
  return {};
}

}  // namespace rowan::diff
