#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "catalog/objects.h"
#include "diff/patch_objects.h"
#include "diff/patch_text.h"
#include "sql/parser.h"

namespace rowan::diff {

namespace {

using catalog::SequenceDef;
using catalog::TableDef;
using Sequences = std::map<std::string, SequenceDef>;  // By qualified name.

struct Owner {
  const TableWork* work = nullptr;  // Null: none, or a table that stays as it is.
  std::optional<uint16_t> column;
};

class SequenceWriter {
 public:
  explicit SequenceWriter(const PatchContext& context) : context_(context) {}

  Result<SequenceWork> run() {
    TRY(load());
    for (const auto& [name, sequence] : from_) match(name, sequence);
    for (const auto& [name, sequence] : to_) {
      if (!kept_.contains(name)) make(name, sequence);
    }
    free_names();
    order_renames();
    return std::move(work_);
  }

 private:
  // A new sequence may have the name of one that is renamed: that one makes way before.
  void free_names() {
    for (const std::string& name : made_) {
      const auto rename = renames_.find(name);
      if (rename == renames_.end()) continue;
      const SequenceDef to = rename->second;
      const std::string aside = fmt::format("rowan_freed_sequence_{}", work_.frees.size() + 1);
      work_.frees.push_back("ALTER SEQUENCE " + name + " RENAME TO " + aside);
      renames_.erase(rename);
      renames_.emplace(catalog::qualified(to.schema, aside), to);
    }
  }

  // Those that change, and those of schemas where tables are made anew, lose columns or move.
  Result<void> load() {
    std::set<std::pair<std::string, std::string>> wanted;
    for (const ObjectChange& change : context_.changes) {
      if (change.kind != ObjectKind::kSequence) continue;
      for (const auto* side : {&change.from, &change.to}) {
        if (*side) wanted.emplace((*side)->schema, (*side)->name);
      }
    }
    std::set<std::string> schemas;
    for (const TableWork& work : context_.tables) {
      if (!work.from || !work.to || (work.altered() && !work.loses_columns && same_owned(work)))
        continue;
      schemas.insert(work.from->table->schema);
      schemas.insert(work.to->table->schema);
    }
    for (const bool is_to : {false, true}) {
      const Oid& root = is_to ? context_.request.to_root : context_.request.from_root;
      if (root.is_zero()) continue;
      const catalog::Catalog catalog(context_.source.objects, context_.source.cache, root);
      for (const std::string& schema : schemas) {
        TRY_ASSIGN(const bool there, catalog.has_schema(schema));
        if (!there) continue;
        TRY_ASSIGN(const std::vector<std::string> names, catalog.sequences(schema));
        for (const std::string& name : names) wanted.emplace(schema, name);
      }
    }
    for (const auto& [schema, name] : wanted) {
      TRY(load(schema, name, false));
      TRY(load(schema, name, true));
    }
    return {};
  }

  Result<void> load(const std::string& schema, const std::string& name, bool is_to) {
    const Oid& root = is_to ? context_.request.to_root : context_.request.from_root;
    if (root.is_zero()) return {};
    const catalog::Catalog catalog(context_.source.objects, context_.source.cache, root);
    TRY_ASSIGN(const bool there, catalog.has_schema(schema));
    if (!there) return {};
    TRY_ASSIGN(const auto sequence, catalog.find_sequence(schema, name));
    const bool wanted = sequence && (context_.request.table_path.empty() ||
                                     owner_of(*sequence, is_to).work != nullptr);
    if (wanted) (is_to ? to_ : from_).emplace(catalog::qualified(schema, name), *sequence);
    return {};
  }

  // No identity comes or goes, and the table stays in its schema.
  static bool same_owned(const TableWork& work) {
    const TableDef& to = *work.to->table;
    for (size_t i = 0; i < to.columns.size(); ++i) {
      const auto index = static_cast<uint16_t>(i);
      const bool now = to.columns[i].identity != sql::IdentityKind::kNone;
      const bool before = work.kept[i] && work.from->table->columns[*work.kept[i]].identity !=
                                              sql::IdentityKind::kNone;
      if ((now || before) && !work.keeps_identity(index)) return false;
    }
    return to.schema == work.from->table->schema;
  }

  Owner owner_of(const SequenceDef& sequence, bool is_to) const {
    for (const TableWork& work : context_.tables) {
      const std::optional<catalog::TableVersion>& version = is_to ? work.to : work.from;
      if (!version || table_name_sql(*version->table) != sequence.owner_table) continue;
      return {&work, version->table->find_column(sequence.owner_column)};
    }
    return {};
  }

  // The sequence is its owner's identity: a statement about the column makes it or ends it.
  bool is_identity(const std::string& name, const SequenceDef& sequence, bool is_to) const {
    const Owner owner = owner_of(sequence, is_to);
    if (owner.work == nullptr || !owner.column) return false;
    const TableDef& table = *(is_to ? owner.work->to : owner.work->from)->table;
    const catalog::ColumnDef& column = table.columns[*owner.column];
    return column.identity != sql::IdentityKind::kNone && column.sequence == name;
  }

  // Where a column of the old table is now; nothing: it is gone, or its table is.
  static std::optional<uint16_t> now_at(const TableWork& work, uint16_t from_column) {
    if (!work.altered()) return std::nullopt;
    const auto found = std::find(work.kept.begin(), work.kept.end(), from_column);
    if (found == work.kept.end()) return std::nullopt;
    return static_cast<uint16_t>(found - work.kept.begin());
  }

  void match(const std::string& name, const SequenceDef& from) {
    const Owner owner = owner_of(from, false);
    std::optional<uint16_t> column;
    if (owner.work != nullptr && owner.column) column = now_at(*owner.work, *owner.column);
    const bool dies = owner.work != nullptr && !column;
    if (is_identity(name, from, false)) {
      if (column && owner.work->keeps_identity(*column)) keep_identity(from, *owner.work, *column);
      return;
    }
    // It moves with its owner to another schema.
    const std::string now =
        dies || owner.work == nullptr
            ? name
            : catalog::qualified(owner.work->to->table->schema, from.name);
    const auto to = to_.find(now);
    if (to == to_.end() || is_identity(now, to->second, true)) {
      if (!dies) work_.drops.push_back("DROP SEQUENCE " + name);
      return;
    }
    kept_.insert(now);
    std::string owned_by = "NONE";
    if (dies) {
      work_.releases.push_back("ALTER SEQUENCE " + name + " OWNED BY NONE");
    } else if (owner.work != nullptr) {
      owned_by = column_sql_of(*owner.work->to->table, *column);
    } else if (!from.owner_table.empty()) {
      owned_by = owner_sql(from);
    }
    settle(now, from, to->second, owned_by);
  }

  // The sequence of an identity that stays: it may have another name.
  void keep_identity(const SequenceDef& from, const TableWork& work, uint16_t column) {
    const TableDef& table = *work.to->table;
    const std::string now = catalog::qualified(table.schema, from.name);
    standing_.insert(now);
    const std::string& wanted = table.columns[column].sequence;
    const auto to = to_.find(wanted);
    if (to == to_.end()) return;
    kept_.insert(wanted);
    rename(now, to->second);
    settle(wanted, from, to->second, owner_sql(to->second));
  }

  void rename(const std::string& now, const SequenceDef& to) {
    if (now != catalog::qualified(to.schema, to.name)) renames_.emplace(now, to);
  }

  // A name is free before another sequence takes it; of those that wait for each other one goes by a
  // name that nobody has meanwhile.
  void order_renames() {
    size_t number = 0;
    while (!renames_.empty()) {
      const auto free = std::find_if(renames_.begin(), renames_.end(), [&](const auto& rename) {
        return !renames_.contains(catalog::qualified(rename.second.schema, rename.second.name));
      });
      const auto next = free == renames_.end() ? renames_.begin() : free;
      const SequenceDef to = next->second;
      const std::string name = free == renames_.end()
                                   ? fmt::format("rowan_renamed_sequence_{}", ++number)
                                   : to.name;
      work_.renames.push_back("ALTER SEQUENCE " + next->first + " RENAME TO " +
                              sql::quote_ident(name));
      renames_.erase(next);
      if (name != to.name) renames_.emplace(catalog::qualified(to.schema, name), to);
    }
  }

  void make(const std::string& name, const SequenceDef& to) {
    const Owner owner = owner_of(to, true);
    SequenceDef made = catalog::new_sequence(to.schema, to.name, to.type);
    if (!is_identity(name, to, true)) {
      made_.push_back(name);
      work_.creates.push_back("CREATE SEQUENCE " + name + " " + sequence_options_sql(to));
      made = to;
      made.called = false;
      settle(name, made, to, "NONE");
      return;
    }
    if (owner.work->keeps_identity(*owner.column)) return;
    if (!context_.request.native) {  // Both give it the same name by themselves.
      TableDef table = *owner.work->to->table;
      table.columns[*owner.column].sequence.clear();
      for (size_t i = 0; i < table.columns.size(); ++i) {  // They are not set yet.
        if (!owner.work->draws_late[i]) continue;
        table.columns[i].default_sql.clear();
        table.columns[i].sequence.clear();
      }
      const std::string given = catalog::default_sequence_name(
          table, to.owner_column,
          [&](std::string_view other) { return is_taken(to.schema, other, name); });
      rename(catalog::qualified(to.schema, given), to);
    }
    settle(name, made, to, owner_sql(to));
  }

  // Whether something has the name when the identity whose sequence is to be `name` is made: what
  // stands in both states, tables, and what CREATE SEQUENCE made.
  bool is_taken(const std::string& schema, std::string_view other, const std::string& name) const {
    const std::string taken = catalog::qualified(schema, other);
    if (standing_.contains(taken)) return true;
    if (taken == name) return false;
    if (const auto to = to_.find(taken); to != to_.end())
      return !is_identity(taken, to->second, true);
    for (const TableWork& work : context_.tables) {
      if (work.to && work.to->table->schema == schema && work.to->table->name == other) return true;
    }
    for (const Oid& root : {context_.request.from_root, context_.request.to_root}) {
      if (root.is_zero()) return false;
      const catalog::Catalog catalog(context_.source.objects, context_.source.cache, root);
      const auto there = catalog.has_schema(schema);
      if (!there || !*there) return false;
      const auto kind = catalog.find_relation(schema, other);
      const auto index = catalog.find_index(schema, other);
      if ((!kind || *kind == ObjectKind::kNone) && (!index || !*index)) return false;
    }
    return true;
  }

  // From what it is to what it becomes. `owned_by`: as it is.
  void settle(const std::string& name, const SequenceDef& from, const SequenceDef& to,
              const std::string& owned_by) {
    const bool options = sequence_options_sql(from) != sequence_options_sql(to);
    if (options) {
      work_.settles.push_back("ALTER SEQUENCE " + name + " " + sequence_options_sql(to) +
                              " RESTART");
    }
    if (options ? to.called : (from.called != to.called || from.last != to.last))
      position(name, to);
    const std::string wanted = to.owner_table.empty() ? "NONE" : owner_sql(to);
    if (wanted != owned_by)
      work_.settles.push_back("ALTER SEQUENCE " + name + " OWNED BY " + wanted);
  }

  // RESTART is a part of the transaction; setval is not, but says what RESTART cannot.
  void position(const std::string& name, const SequenceDef& to) {
    int64_t next = 0;
    const bool over = __builtin_add_overflow(to.last, to.increment, &next);
    if (!to.called) {
      work_.settles.push_back("ALTER SEQUENCE " + name + " RESTART");
    } else if (over || next < to.min || next > to.max) {
      work_.settles.push_back(
          fmt::format("SELECT setval({}, {})", sql::quote_literal(name), to.last));
    } else {
      work_.settles.push_back(fmt::format("ALTER SEQUENCE {} RESTART WITH {}", name, next));
    }
  }

  static std::string owner_sql(const SequenceDef& sequence) {
    return sequence.owner_table + "." + sql::quote_ident(sequence.owner_column);
  }
  static std::string column_sql_of(const TableDef& table, uint16_t column) {
    return table_name_sql(table) + "." + sql::quote_ident(table.columns[column].name);
  }

  const PatchContext& context_;
  SequenceWork work_;
  Sequences from_, to_;
  std::set<std::string> kept_;  // Of `to`, by name.
  std::set<std::string> standing_;  // Of identities that stay, by the names they have meanwhile.
  std::vector<std::string> made_;  // By CREATE SEQUENCE.
  Sequences renames_;           // What those become that have another name, by the name they have.
};

}  // namespace

Result<SequenceWork> sequences_of_patch(const PatchContext& context) {
  return SequenceWriter(context).run();
}

}  // namespace rowan::diff
