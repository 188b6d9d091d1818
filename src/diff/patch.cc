#include "diff/patch.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "catalog/expression_text.h"
#include "catalog/objects.h"
#include "diff/patch_objects.h"
#include "diff/patch_table.h"
#include "diff/patch_text.h"
#include "diff/schema_diff.h"
#include "sql/parser.h"

namespace rowan::diff {

namespace {

using catalog::TableDef;
using catalog::TableVersion;

class PatchWriter {
 public:
  PatchWriter(const Source& source, const PatchRequest& request)
      : source_(source), request_(request) {}

  // What goes comes first, in the old names and with what depends on it before it; what comes is
  // made in the order in which it is needed. Rows change in between, when nothing but keys and
  // checks that stay watches them.
  Result<Patch> run() {
    TRY_ASSIGN(changes_, changed_objects(source_, request_.from_root, request_.to_root));
    if (!request_.table_path.empty()) keep_only(request_.table_path);
    TRY(load_tables());
    const PatchContext context{source_, request_, changes_, tables_};
    TRY_ASSIGN(ViewWork views, views_of_patch(context));
    TRY_ASSIGN(SequenceWork sequences, sequences_of_patch(context));
    add(views.drops);
    TRY(foreign_keys());
    for (TableWork& work : tables_) add(work.leaves);
    for (TableWork& work : tables_) add(work.early);
    add(sequences.releases);
    for (const TableWork& work : tables_) {
      if (work.goes()) add("DROP TABLE " + table_name_sql(*work.from->table));
    }
    add(sequences.drops);
    schemas(true);
    clear_key_names();
    rename_tables();
    rename_keys();
    add(sequences.frees);
    add(sequences.creates);
    shapes();
    for (TableWork& work : tables_) add(work.deletes);
    for (TableWork& work : tables_) add(work.updates);
    for (TableWork& work : tables_) add(work.inserts);
    for (TableWork& work : tables_) add(work.late);
    add(sequences.renames);  // Before an index that has the name which a sequence got by itself.
    for (TableWork& work : tables_) add(work.defaults);
    for (TableWork& work : tables_) add(work.parts);
    add(sequences.settles);
    add(added_keys_);
    add(views.creates);
    schemas(false);
    for (std::string& note : views.notes) patch_.notes.push_back(std::move(note));
    note_limits();
    return std::move(patch_);
  }

 private:
  void add(std::string statement) { patch_.statements.push_back(std::move(statement)); }
  void add(std::vector<std::string>& statements) {
    for (std::string& statement : statements) add(std::move(statement));
    statements.clear();
  }

  // The table, and sequences, among which those that it owns are looked for.
  void keep_only(const std::string& path) {
    std::erase_if(changes_, [&](const ObjectChange& change) {
      if (change.kind == ObjectKind::kSequence) return false;
      return change.kind != ObjectKind::kTable || ((!change.from || change.from->path != path) &&
                                                   (!change.to || change.to->path != path));
    });
  }

  Result<void> load_tables() {
    for (const ObjectChange& change : changes_) {
      if (change.kind != ObjectKind::kTable) continue;
      TableWork work;
      if (change.from) {
        TRY_ASSIGN(work.from, table_at(source_, request_.from_root, change.from->path));
      }
      if (change.to) {
        TRY_ASSIGN(work.to, table_at(source_, request_.to_root, change.to->path));
      }
      if (work.from || work.to) tables_.push_back(std::move(work));
    }
    for (TableWork& work : tables_) {
      if (!work.to) {
        TRY(leave_identities(work));
        continue;
      }
      TRY(find_late_defaults(work));
      TRY(write_definition(source_, work, request_.native));
      if (work.goes()) TRY(leave_identities(work));
      TRY(write_rows(source_, work, request_.native, patch_));
    }
    return {};
  }

  // The table whose identity's sequence the column's default draws from; empty: none.
  Result<std::string> identity_drawn_by(const catalog::ColumnDef& column, const TableDef& of,
                                        const Oid& root) const {
    if (column.default_sql.empty()) return std::string();
    TRY_ASSIGN(const std::vector<std::string> drawn, catalog::sequences_of(column.default_sql));
    const catalog::Catalog catalog(source_.objects, source_.cache, root);
    for (const std::string& text : drawn) {
      TRY_ASSIGN(const catalog::ObjectName name, catalog::parse_name(text, of.schema));
      TRY_ASSIGN(const bool there, catalog.has_schema(name.schema));
      if (!there) continue;
      TRY_ASSIGN(const auto sequence, catalog.find_sequence(name.schema, name.name));
      if (!sequence || sequence->owner_table.empty()) continue;
      TRY_ASSIGN(const catalog::ObjectName owner,
                 catalog::parse_name(sequence->owner_table, sequence->schema));
      TRY_ASSIGN(const auto table, catalog.find_table(owner.schema, owner.name));
      const auto index = table ? table->table->find_column(sequence->owner_column) : std::nullopt;
      if (index && table->table->columns[*index].identity != sql::IdentityKind::kNone)
        return table->table->path();
    }
    return std::string();
  }

  Result<void> find_late_defaults(TableWork& work) const {
    const TableDef& to = *work.to->table;
    for (const catalog::ColumnDef& column : to.columns) {
      TRY_ASSIGN(const std::string drawn, identity_drawn_by(column, to, request_.to_root));
      work.draws_late.push_back(!drawn.empty());
    }
    return {};
  }

  // A table that goes draws from no other table's identity, which may go before it.
  Result<void> leave_identities(TableWork& work) const {
    const TableDef& from = *work.from->table;
    for (const catalog::ColumnDef& column : from.columns) {
      TRY_ASSIGN(const std::string drawn, identity_drawn_by(column, from, request_.from_root));
      if (drawn.empty() || drawn == from.path()) continue;
      work.leaves.push_back("ALTER TABLE " + table_name_sql(from) + " ALTER COLUMN " +
                           sql::quote_ident(column.name) + " DROP DEFAULT");
    }
    return {};
  }

  // Nothing else had the name that a table comes to: it would be the same table. Between a new name
  // and a new schema it goes by a name nobody has.
  // A name may be another table's until that one goes by its new name, and a table that moves comes
  // to a schema under the name it had: then it goes by a name nobody has meanwhile.
  void rename_tables() {
    std::set<std::string> given_up;
    const auto is_renamed = [](const TableWork& work) {
      return work.altered() && table_name_sql(*work.from->table) != table_name_sql(*work.to->table);
    };
    for (const TableWork& work : tables_) {
      if (is_renamed(work)) given_up.insert(table_name_sql(*work.from->table));
    }
    std::vector<std::string> moves, renames;
    size_t number = 0;
    for (const TableWork& work : tables_) {
      if (!is_renamed(work)) continue;
      const TableDef& from = *work.from->table;
      const TableDef& to = *work.to->table;
      const bool moves_on = from.schema != to.schema;
      std::string name = from.name;
      if (given_up.contains(table_name_sql(to)) || (moves_on && name != to.name)) {
        name = fmt::format("rowan_renamed_table_{}", ++number);
        add(renamed(from.schema, from.name, name));
      }
      if (moves_on) {
        moves.push_back("ALTER TABLE " + catalog::qualified(from.schema, name) + " SET SCHEMA " +
                        sql::quote_ident(to.schema));
      }
      if (name != to.name) renames.push_back(renamed(to.schema, name, to.name));
    }
    add(moves);
    add(renames);
  }

  static std::string renamed(const std::string& schema, const std::string& from,
                             const std::string& to) {
    return "ALTER TABLE " + catalog::qualified(schema, from) + " RENAME TO " + sql::quote_ident(to);
  }

  // A table that has the name which an identity's sequence would get by itself comes first: then the
  // sequence gets another one.
  void shapes() {
    std::set<std::string> wanted;
    for (const TableWork& work : tables_) {
      if (!work.to) continue;
      for (const catalog::ColumnDef& column : work.to->table->columns) {
        if (column.identity == sql::IdentityKind::kNone) continue;
        const TableDef& table = *work.to->table;
        wanted.insert(catalog::qualified(
            table.schema, catalog::default_sequence_name(table, column.name, {})));
      }
    }
    for (const bool first : {true, false}) {
      for (TableWork& work : tables_) {
        if (!work.to || wanted.contains(table_name_sql(*work.to->table)) == first) add(work.shape);
      }
    }
  }

  // A primary key whose name something else will have lets go of it before that comes.
  void clear_key_names() {
    size_t number = 0;
    for (TableWork& work : tables_) {
      if (!work.key_rename) continue;
      std::string& name = work.key_rename->first;
      const bool wanted = std::any_of(tables_.begin(), tables_.end(), [&](const TableWork& other) {
        return other.to && has_name(*other.to->table, name);
      });
      if (!wanted) continue;
      const std::string between = fmt::format("rowan_renamed_key_{}", ++number);
      add(rename_constraint_sql(*work.from->table, name, between));
      name = between;
    }
  }

  void rename_keys() {
    for (const TableWork& work : tables_) {
      if (work.key_rename)
        add(rename_constraint_sql(*work.to->table, work.key_rename->first, work.key_rename->second));
    }
  }

  static std::string rename_constraint_sql(const TableDef& table, const std::string& from,
                                           const std::string& to) {
    return "ALTER TABLE " + table_name_sql(table) + " RENAME CONSTRAINT " + sql::quote_ident(from) +
           " TO " + sql::quote_ident(to);
  }

  // The table, its primary key, or another of its indexes.
  static bool has_name(const TableDef& table, const std::string& name) {
    const auto named = [&](const auto& each) { return each.name == name; };
    return table.name == name || table.primary_key_name == name ||
           std::any_of(table.unique_keys.begin(), table.unique_keys.end(), named) ||
           std::any_of(table.indexes.begin(), table.indexes.end(), named);
  }

  // ---- Foreign keys ----

  const TableWork* work_of(const std::string& schema, const std::string& name) const {
    const auto found = std::find_if(tables_.begin(), tables_.end(), [&](const TableWork& work) {
      return work.from && work.from->table->schema == schema && work.from->table->name == name;
    });
    return found == tables_.end() ? nullptr : &*found;
  }

  // `child_stays`: nothing of the child changes, so rows that come harm no key, nor do updates, which
  // leave keys and unique values alone.
  bool parent_moves(const catalog::ForeignKey& key, bool child_stays) const {
    const TableWork* parent = work_of(key.schema, key.table);
    if (parent == nullptr) return false;
    const bool rows_move = child_stays ? !parent->deletes.empty() : parent->rows_change();
    return rows_move || !parent->altered() || parent->keys_move;
  }

  static std::vector<TablePart> keys_of(const TableDef& table) {
    std::vector<TablePart> parts = table_parts(table);
    std::erase_if(parts, [](const TablePart& part) { return part.kind != "foreign key"; });
    return parts;
  }

  // Foreign keys that change, or whose parent's rows do, go before all else and come back at the
  // end: rows may then change in any order.
  Result<void> foreign_keys() {
    std::vector<std::string> schemas;
    const catalog::Catalog from(source_.objects, source_.cache, request_.from_root);
    if (!request_.from_root.is_zero()) {
      TRY_ASSIGN(schemas, from.schemas());
    }
    std::set<std::string> seen;  // Children by their path in `to`.
    for (const std::string& schema : schemas) {
      TRY_ASSIGN(const std::vector<std::string> names, from.tables(schema));
      for (const std::string& name : names) {
        TRY_ASSIGN(const TableVersion child, from.get_table(schema, name));
        const TableWork* work = work_of(schema, name);
        const TableDef* after = work == nullptr ? child.table.get()
                                : work->to      ? work->to->table.get()
                                                : nullptr;
        if (after != nullptr) seen.insert(after->path());
        keys_of_child(*child.table, work, after);
      }
    }
    for (const TableWork& work : tables_) {
      if (work.to && !work.from && !seen.contains(work.to->table->path()))
        add_keys(*work.to->table);
    }
    return {};
  }

  void keys_of_child(const TableDef& child, const TableWork* work, const TableDef* after) {
    const std::vector<catalog::ForeignKey>& keys = child.foreign_keys;
    const bool moves =
        (work != nullptr && (!work->altered() || work->keys_move)) ||
        std::any_of(keys.begin(), keys.end(), [&](const auto& key) { return parent_moves(key, work == nullptr); });
    if (!moves && after != nullptr && keys_of(child) == keys_of(*after)) return;
    for (const catalog::ForeignKey& key : keys) {
      add("ALTER TABLE " + table_name_sql(child) + " DROP CONSTRAINT " +
          sql::quote_ident(key.name));
    }
    if (after != nullptr) add_keys(*after);
  }

  void add_keys(const TableDef& table) {
    for (const catalog::ForeignKey& key : table.foreign_keys) {
      added_keys_.push_back("ALTER TABLE " + table_name_sql(table) + " ADD CONSTRAINT " +
                            sql::quote_ident(key.name) + " " + foreign_key_sql(table, key));
    }
  }

  void schemas(bool create) {
    for (const ObjectChange& change : changes_) {
      if (change.kind != ObjectKind::kSchema || change.to.has_value() != create) continue;
      add((create ? "CREATE SCHEMA " : "DROP SCHEMA ") + sql::quote_ident(change.either().schema));
    }
  }

  // ---- What no statement says ----

  static bool has_rules(const TableDef& table) {
    return table.merge_rule != catalog::MergeRule::kNone ||
           std::any_of(table.columns.begin(), table.columns.end(), [](const auto& column) {
             return column.merge_rule != catalog::MergeRule::kNone;
           });
  }

  void note_limits() {
    for (const ObjectChange& change : changes_) {
      if (change.kind == ObjectKind::kOther)
        patch_.notes.push_back("File " + change.either().path +
                               " differs and is not part of the script.");
    }
    if (request_.native) return;
    for (const TableWork& work : tables_) {
      const bool before = work.altered() && has_rules(*work.from->table);
      if (work.to && (before || has_rules(*work.to->table)) && !same_rules(work)) {
        patch_.notes.push_back("The merge rules of " + table_name_sql(*work.to->table) +
                               " are not PostgreSQL's: the native form writes them.");
      }
    }
  }

  static bool same_rules(const TableWork& work) {
    if (!work.altered()) return false;
    bool same = work.from->table->merge_rule == work.to->table->merge_rule;
    for (size_t i = 0; i < work.kept.size(); ++i) {
      const auto before = work.kept[i] ? work.from->table->columns[*work.kept[i]].merge_rule
                                       : catalog::MergeRule::kNone;
      same = same && before == work.to->table->columns[i].merge_rule;
    }
    return same;
  }

  const Source& source_;
  const PatchRequest& request_;
  Patch patch_;
  std::vector<ObjectChange> changes_;
  std::vector<TableWork> tables_;
  std::vector<std::string> added_keys_;
};

}  // namespace

Result<Patch> make_patch(const Source& source, const PatchRequest& request) {
  return PatchWriter(source, request).run();
}

}  // namespace rowan::diff
