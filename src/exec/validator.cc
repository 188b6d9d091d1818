#include "exec/validator.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "catalog/expression_text.h"
#include "catalog/foreign_types.h"
#include "catalog/names.h"
#include "catalog/objects.h"
#include "catalog/violations.h"
#include "exec/constraints.h"
#include "exec/definition.h"
#include "exec/definition_faults.h"
#include "exec/dml.h"
#include "plan/table_expressions.h"
#include "exec/foreign_keys.h"
#include "exec/views.h"
#include "tree/row_tree.h"
#include "type/text.h"

namespace rowan::exec {

namespace {

constexpr size_t kViolationsShown = 5;

using Keys = std::set<std::string, std::less<>>;

// A table on both sides.
struct TablePair {
  std::optional<catalog::TableVersion> before;
  catalog::TableVersion now;
  bool same_keys = false;  // Rows of both can be matched by key.

  bool same_rows() const { return same_keys && before->rows == now.rows; }
  bool definition_differs() const {
    return !before || before->table->definition_id != now.table->definition_id;
  }
};

std::string columns_text(const catalog::TableDef& table, const std::vector<uint16_t>& columns) {
  std::string text;
  for (const uint16_t index : columns) {
    const catalog::ColumnDef& column = table.columns[index];
    text += fmt::format("{:08x} {} {},", column.id, type::type_name(column.type),
                        column.absent.is_null() ? "" : type::to_text(column.absent));
  }
  return text;
}

// What a unique key, CHECK or foreign key says, free of names that may change without changing the
// meaning.
std::string meaning(const catalog::TableDef& table, const catalog::UniqueKey& key) {
  return columns_text(table, key.columns);
}
std::string meaning(const catalog::TableDef&, const catalog::CheckConstraint& check) {
  return check.expression_sql;
}
std::string meaning(const catalog::TableDef& table, const catalog::ForeignKey& key) {
  std::string text = columns_text(table, key.columns) + key.schema + "." + key.table;
  for (const std::string& column : key.referenced) text += "," + column;
  return text;
}

template <typename Constraint>
std::optional<size_t> find_same(const catalog::TableDef& before,
                                const std::vector<Constraint>& constraints,
                                const catalog::TableDef& now, const Constraint& wanted) {
  const std::string text = meaning(now, wanted);
  for (size_t i = 0; i < constraints.size(); ++i) {
    if (meaning(before, constraints[i]) == text) return i;
  }
  return std::nullopt;
}

bool same_absent(const type::Value& a, const type::Value& b) {
  return a.is_null() == b.is_null() && (a.is_null() || type::compare(a, b) == 0);
}

bool same_types(const catalog::TableDef& a, const catalog::TableDef& b) {
  if (a.columns.size() != b.columns.size()) return false;
  for (size_t i = 0; i < a.columns.size(); ++i) {
    if (a.columns[i].id != b.columns[i].id || a.columns[i].type != b.columns[i].type ||
        a.columns[i].name != b.columns[i].name ||
        !same_absent(a.columns[i].absent, b.columns[i].absent)) {
      return false;
    }
  }
  return true;
}

class Validator {
 public:
  Validator(const ValidateRequest& request, const store::ObjectStore& store,
            derived::Indexes& indexes, const expr::EvalContext& eval)
      : request_(request),
        store_(store),
        indexes_(indexes),
        eval_(eval),
        before_(request.objects, store.cache(), request.valid_root),
        now_(request.objects, store.cache(), request.root) {}

  Result<std::vector<Violation>> run_definitions();
  Result<std::vector<Violation>> run();

 private:
  bool full() const { return violations_.size() >= request_.violations_max; }
  void add(ErrorCode code, const catalog::TableDef& table, std::string constraint, std::string key,
           std::string message, Bytes line = {}) {
    if (full()) return;
    memory_.add(constraint.size() + key.size() + message.size() + line.size() + sizeof(Violation));
    violations_.push_back({code, table.schema, table.name, std::move(constraint), std::move(key),
                           std::move(message), std::string(line)});
  }
  void insert(Keys& keys, std::string key) {
    memory_.add(key.size() + kMapNodeBytes);
    keys.insert(std::move(key));
  }
  Result<TablePair*> pair_of(const std::string& schema, const std::string& name);
  std::string key_text(const catalog::TableDef& table, Bytes line) const;
  tree::TreeReader reader(const catalog::TableLineKeys& keys) const {
    return {request_.objects, store_.cache(), keys};
  }

  Result<void> load_pairs();
  Result<void> check_definition(const TablePair& pair);
  void check_default(const TablePair& pair, const catalog::ColumnDef& column);
  Result<void> check_foreign_types(const TablePair& pair);
  void check_rules(const TablePair& pair);
  Result<void> check_sequences(const TablePair& pair);
  Result<void> check_identities(const TablePair& pair);
  Result<void> check_sequence_faults(const std::string& schema);
  Result<void> check_names(const std::string& schema);
  Result<std::optional<Error>> sequence_fault_before(const std::string& schema,
                                                     const std::string& name) const;
  Result<void> check_table(TablePair& pair);
  Result<void> check_row(const TablePair& pair, const RowChecks* checks, Bytes line);
  Result<void> check_unique(const TablePair& pair, size_t which);
  Result<bool> kept_value(const TablePair& pair, const std::optional<size_t>& old_which, Bytes key,
                          const std::string& value);
  Result<void> check_children(const TablePair& pair, size_t index);
  Result<void> check_parents(const TablePair& parent, const BoundReference& reference);
  // Rows of the new side that are not on the old side as they are; with `all`, every row.
  Result<void> each_new_row(const TablePair& pair, bool all, const RowVisitor& visit);
  // Keys whose row changed, came or went.
  Result<const Keys*> changed_keys(const TablePair& pair);
  // The foreign key on the old side, when it says the same there and its values are encoded in the
  // same way.
  std::optional<BoundReference> known_before(const TablePair& child, const TablePair& parent,
                                             const BoundReference& reference) const;
  Result<bool> parent_has(const TablePair& parent, const BoundReference& reference,
                          const std::optional<BoundReference>& before, const std::string& value);

  const ValidateRequest& request_;
  const store::ObjectStore& store_;
  derived::Indexes& indexes_;
  const expr::EvalContext& eval_;
  catalog::Catalog before_;
  catalog::Catalog now_;
  std::map<std::string, std::optional<TablePair>> pairs_;  // By "schema/table".
  std::vector<TablePair*> tables_;                         // Those of the new side, in name order.
  std::map<std::string, Keys> changed_keys_;               // The same.
  std::map<std::string, Keys> parent_values_;  // By foreign key: the values in new rows of the
                                               // parent; in all, when it is new itself.
  std::vector<Violation> violations_;
  CountedMemory memory_;  // Of what is collected here.
};

Result<TablePair*> Validator::pair_of(const std::string& schema, const std::string& name) {
  const auto known = pairs_.find(schema + "/" + name);
  if (known != pairs_.end()) return known->second ? &*known->second : nullptr;
  std::optional<TablePair>& pair = pairs_[schema + "/" + name];
  TRY_ASSIGN(const bool has_schema, now_.has_schema(schema));
  if (!has_schema) return nullptr;
  TRY_ASSIGN(auto now, now_.find_table(schema, name));
  if (!now) return nullptr;
  pair.emplace();
  pair->now = std::move(*now);
  if (!request_.valid_root.is_zero()) {
    TRY_ASSIGN(const bool had_schema, before_.has_schema(schema));
    if (had_schema) {
      TRY_ASSIGN(pair->before, before_.find_table(schema, name));
    }
  }
  pair->same_keys =
      pair->before &&
      columns_text(*pair->before->table, pair->before->table->primary_key) ==
          columns_text(*pair->now.table, pair->now.table->primary_key) &&
      (!pair->now.table->layout.counted || same_types(*pair->before->table, *pair->now.table));
  return &*pair;
}

std::string Validator::key_text(const catalog::TableDef& table, Bytes line) const {
  auto values = row_values(table, line, request_.objects);
  if (!values) return "(?)";
  std::vector<uint16_t> columns = table.primary_key;
  if (columns.empty()) {
    for (size_t i = 0; i < table.columns.size(); ++i) columns.push_back(static_cast<uint16_t>(i));
  }
  std::string text = "(";
  for (const uint16_t column : columns) {
    if (text.size() > 1) text += ", ";
    text += (*values)[column].is_null() ? "null" : type::to_text((*values)[column]);
  }
  return text + ")";
}

Result<void> Validator::each_new_row(const TablePair& pair, bool all, const RowVisitor& visit) {
  const catalog::TableLineKeys keys(pair.now.table);
  const auto take = [&](const tree::RowDifference& row) -> Result<bool> {
    if (eval_.cancelled != nullptr && eval_.cancelled->load(std::memory_order_relaxed)) {
      return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
    }
    if (!row.to || full()) return !full();
    return visit(row.key, *row.to);
  };
  if (all || !pair.same_keys) return tree::diff_trees(reader(keys), Oid{}, pair.now.rows, take);
  const catalog::TableLineKeys old_keys(pair.before->table);
  return tree::diff_trees(reader(old_keys), pair.before->rows, reader(keys), pair.now.rows, take);
}

Result<const Keys*> Validator::changed_keys(const TablePair& pair) {
  const std::string name = pair.now.table->schema + "/" + pair.now.table->name;
  const auto known = changed_keys_.find(name);
  if (known != changed_keys_.end()) return &known->second;
  Keys& found = changed_keys_[name];
  const catalog::TableLineKeys keys(pair.now.table);
  const catalog::TableLineKeys old_keys(pair.before->table);
  TRY(tree::diff_trees(reader(old_keys), pair.before->rows, reader(keys), pair.now.rows,
                       [&](const tree::RowDifference& row) -> Result<bool> {
                         memory_.add(row.key.size() + kMapNodeBytes);
                         found.insert(found.end(), std::string(row.key));
                         return true;
                       }));
  return &found;
}

Result<void> Validator::check_row(const TablePair& pair, const RowChecks* checks, Bytes line) {
  const catalog::TableDef& table = *pair.now.table;
  TRY_ASSIGN(const std::vector<type::Value> row, row_values(table, line, request_.objects));
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (!table.columns[i].not_null || !row[i].is_null()) continue;
    add(ErrorCode::kNotNullViolation, table, "", key_text(table, line),
        not_null_violation(table, table.columns[i], row).message(), line);
  }
  if (checks == nullptr) return {};
  if (request_.time != nullptr) request_.time->begin();
  auto found = checks->find_broken(row, eval_);
  if (request_.time != nullptr) request_.time->end();
  if (!found && found.error().code() == ErrorCode::kQueryCanceled && request_.time != nullptr) {
    request_.time->schema = table.schema;
    request_.time->table = table.name;
  }
  TRY_ASSIGN(const catalog::CheckConstraint* const broken, std::move(found));
  if (broken != nullptr) {
    add(ErrorCode::kCheckViolation, table, broken->name, key_text(table, line),
        check_violation(table, *broken, row).message(), line);
  }
  return {};
}

// Whether the row had the value before: then no other row did, and no index needs to be asked.
Result<bool> Validator::kept_value(const TablePair& pair, const std::optional<size_t>& old_which,
                                   Bytes key, const std::string& value) {
  if (!old_which || pair.before->rows.is_zero()) return false;
  const catalog::TableDef& table = *pair.before->table;
  const catalog::TableLineKeys keys(pair.before->table);
  TRY_ASSIGN(const auto before, tree::find_line(reader(keys), pair.before->rows, key));
  if (!before) return false;
  TRY_ASSIGN(const auto held, derived::unique_key_of(table, table.unique_keys[*old_which],
                                                     before->line, request_.objects));
  return held && *held == value;
}

Result<void> Validator::check_unique(const TablePair& pair, size_t which) {
  const catalog::TableDef& table = *pair.now.table;
  const catalog::UniqueKey& unique = table.unique_keys[which];
  std::optional<size_t> old_which;
  if (pair.same_keys)
    old_which = find_same(*pair.before->table, pair.before->table->unique_keys, table, unique);
  if (old_which && pair.same_rows()) return {};
  std::unordered_map<std::string, std::string> held;
  return each_new_row(pair, !old_which, [&](Bytes key, Bytes line) -> Result<bool> {
    TRY_ASSIGN(const auto value, derived::unique_key_of(table, unique, line, request_.objects));
    if (!value) return true;
    memory_.add(value->size() + key.size() + kMapNodeBytes);
    bool taken = !held.emplace(*value, std::string(key)).second;
    if (table.layout.counted && !line.starts_with("[1,") && line != "[1]")
      taken = true;  // Equal rows.
    TRY_ASSIGN(const bool kept, kept_value(pair, old_which, key, *value));
    if (!taken && old_which && !kept) {
      TRY_ASSIGN(const auto holder, indexes_.holder(store_, *pair.before, *old_which, *value));
      if (holder && *holder != key) {
        TRY_ASSIGN(const Keys* const changed, changed_keys(pair));
        taken = !changed->contains(*holder);
      }
    }
    if (taken) {
      const Error error = catalog::duplicate_key(table, unique.name, unique.columns, line);
      add(ErrorCode::kUniqueViolation, table, unique.name, key_text(table, line),
          error.message() + ": " + error.detail(), line);
    }
    return !full();
  });
}

std::optional<BoundReference> Validator::known_before(const TablePair& child,
                                                      const TablePair& parent,
                                                      const BoundReference& reference) const {
  if (!child.same_keys || !parent.same_keys) return std::nullopt;
  const auto index = find_same(*child.before->table, child.before->table->foreign_keys,
                               *child.now.table, reference.key());
  if (!index) return std::nullopt;
  auto before = bind_reference({child.before->table, *index}, parent.before->table);
  if (!before ||
      columns_text(*child.before->table, before->child_columns) !=
          columns_text(*child.now.table, reference.child_columns) ||
      columns_text(*parent.before->table, before->parent_columns) !=
          columns_text(*parent.now.table, reference.parent_columns)) {
    return std::nullopt;
  }
  return std::move(*before);
}

// Whether a row of the parent has the value now.
Result<bool> Validator::parent_has(const TablePair& parent, const BoundReference& reference,
                                   const std::optional<BoundReference>& before,
                                   const std::string& value) {
  if (value.empty()) return false;
  const std::string name = reference.child->path() + " " + reference.key().name;
  auto known = parent_values_.find(name);
  if (known == parent_values_.end()) {
    // The values of the rows that are new or changed; the old side answers for the others.
    known = parent_values_.emplace(name, Keys()).first;
    TRY(each_new_row(parent, !before, [&](Bytes, Bytes line) -> Result<bool> {
      TRY_ASSIGN(auto found, parent_value(reference, line, request_.objects));
      if (found) insert(known->second, std::move(*found));
      return true;
    }));
  }
  if (known->second.contains(value)) return true;
  if (!before) return false;
  TRY_ASSIGN(const auto holder, find_parent_key(*before, *parent.before, value, store_, indexes_));
  if (!holder) return false;
  if (parent.same_rows()) return true;
  TRY_ASSIGN(const Keys* const changed, changed_keys(parent));
  return !changed->contains(*holder);
}

// The children that are new or changed must have their parents; all of them when the foreign key is
// new.
Result<void> Validator::check_children(const TablePair& pair, size_t index) {
  const catalog::TableDef& table = *pair.now.table;
  const catalog::ForeignKey& key = table.foreign_keys[index];
  TRY_ASSIGN(const TablePair* const parent, pair_of(key.schema, key.table));
  if (parent == nullptr) {
    add(ErrorCode::kUndefinedTable, table, key.name, "",
        fmt::format("foreign key \"{}\" of table \"{}\" refers to \"{}\", which does not exist",
                    key.name, table.name, key.table));
    return {};
  }
  const auto reference = bind_reference({pair.now.table, index}, parent->now.table);
  if (!reference) {
    add(reference.error().code(), table, key.name, "",
        fmt::format("foreign key \"{}\" of table \"{}\": {}", key.name, table.name,
                    reference.error().message()));
    return {};
  }
  const std::optional<BoundReference> before = known_before(pair, *parent, *reference);
  if (before && pair.same_rows()) return {};
  return each_new_row(pair, !before, [&](Bytes, Bytes line) -> Result<bool> {
    TRY_ASSIGN(const auto value, child_value(*reference, line, request_.objects));
    if (!value) return true;
    TRY_ASSIGN(const bool found, parent_has(*parent, *reference, before, *value));
    if (!found) {
      const Error error = missing_parent(*reference, line);
      add(ErrorCode::kForeignKeyViolation, table, key.name, key_text(table, line),
          error.message() + ": " + error.detail(), line);
    }
    return !full();
  });
}

// Children that stay as they were must not lose their parents.
Result<void> Validator::check_parents(const TablePair& parent, const BoundReference& reference) {
  if (!parent.before || parent.same_rows()) return {};
  TRY_ASSIGN(const TablePair* const child, pair_of(reference.child->schema, reference.child->name));
  const std::optional<BoundReference> before = known_before(*child, parent, reference);
  if (!before || child->before->rows.is_zero()) return {};  // check_children has seen every row.
  std::map<std::string, std::string> lost;                  // Value to the parent's old line.
  const catalog::TableLineKeys keys(parent.now.table);
  const catalog::TableLineKeys old_keys(parent.before->table);
  TRY(tree::diff_trees(reader(old_keys), parent.before->rows, reader(keys), parent.now.rows,
                       [&](const tree::RowDifference& row) -> Result<bool> {
                         if (!row.from) return true;
                         TRY_ASSIGN(auto value, parent_value(*before, *row.from, request_.objects));
                         if (!value) return true;
                         memory_.add(value->size() + row.from->size() + kMapNodeBytes);
                         lost.emplace(std::move(*value), std::string(*row.from));
                         return true;
                       }));
  std::set<std::string, std::less<>> wanted;
  for (const auto& [value, line] : lost) {
    TRY_ASSIGN(const bool found, parent_has(parent, reference, before, value));
    if (!found) insert(wanted, value);
  }
  if (wanted.empty()) return {};
  TRY_ASSIGN(const Keys* const changed, changed_keys(*child));
  return find_child_rows(
      *before, *child->before, wanted, store_, store_.cache(), &indexes_, eval_.cancelled,
      [&](Bytes key, Bytes line, const std::string& value) -> Result<bool> {
        if (changed->contains(key)) return true;  // check_children looked at it.
        const Error error =
            still_referenced(reference, *parent.before->table, lost.find(value)->second);
        add(ErrorCode::kForeignKeyViolation, *reference.child, reference.key().name,
            key_text(*child->before->table, line), error.message() + ": " + error.detail(), line);
        return !full();
      });
}

// The column as it was, by its identity, else by its name.
const catalog::ColumnDef* column_before(const TablePair& pair, const catalog::ColumnDef& column) {
  if (!pair.before) return nullptr;
  const std::vector<catalog::ColumnDef>& columns = pair.before->table->columns;
  auto found = std::find_if(columns.begin(), columns.end(),
                            [&](const auto& each) { return each.id == column.id; });
  if (found == columns.end()) {
    found = std::find_if(columns.begin(), columns.end(),
                         [&](const auto& each) { return each.name == column.name; });
  }
  return found == columns.end() ? nullptr : &*found;
}

bool same_default(const catalog::ColumnDef& a, const catalog::ColumnDef& b) {
  return a.type == b.type && a.default_sql == b.default_sql && a.identity == b.identity &&
         a.sequence == b.sequence;
}

void Validator::check_default(const TablePair& pair, const catalog::ColumnDef& column) {
  const catalog::ColumnDef* const before = column_before(pair, column);
  if (before != nullptr && same_default(*before, column)) return;
  const auto bound = plan::bind_column_default(column);
  if (bound) return;
  add(bound.error().code(), *pair.now.table, "", "",
      fmt::format("the default of column \"{}\" of table \"{}\" cannot be used: {}", column.name,
                  pair.now.table->name, bound.error().message()));
}

// A key that did not bind is for check_children to tell.
Result<void> Validator::check_foreign_types(const TablePair& pair) {
  const catalog::TableDef& table = *pair.now.table;
  for (size_t index = 0; index < table.foreign_keys.size(); ++index) {
    const catalog::ForeignKey& key = table.foreign_keys[index];
    TRY_ASSIGN(const TablePair* const parent, pair_of(key.schema, key.table));
    if (parent == nullptr || (!pair.definition_differs() && !parent->definition_differs())) continue;
    const auto bound = bind_reference({pair.now.table, index}, parent->now.table);
    if (!bound || known_before(pair, *parent, *bound)) continue;
    for (size_t i = 0; i < bound->child_columns.size(); ++i) {
      const catalog::ColumnDef& child = table.columns[bound->child_columns[i]];
      const catalog::ColumnDef& to = parent->now.table->columns[bound->parent_columns[i]];
      if (catalog::foreign_key_types_match(child.type, to.type)) continue;
      add(ErrorCode::kDatatypeMismatch, table, key.name, "",
          fmt::format("foreign key constraint \"{}\" cannot be implemented: key columns \"{}\" and "
                      "\"{}\" are of incompatible types: {} and {}",
                      key.name, child.name, to.name, type::type_name(child.type),
                      type::type_name(to.type)));
    }
  }
  return {};
}

void Validator::check_rules(const TablePair& pair) {
  const catalog::TableDef& table = *pair.now.table;
  const catalog::TableDef* const before = pair.before ? pair.before->table.get() : nullptr;
  const auto take = [&](const Result<void>& asked) {
    if (!asked) add(asked.error().code(), table, "", "", asked.error().message());
    return asked.has_value();
  };
  for (const catalog::ColumnDef& column : table.columns) {
    const catalog::ColumnDef* const old = column_before(pair, column);
    if (old != nullptr && old->merge_rule == column.merge_rule && old->type == column.type) continue;
    if (!take(require_merge_rule(table, column))) return;
  }
  const bool asks_table = before == nullptr || before->merge_rule != table.merge_rule;
  if (asks_table && !take(require_merge_rule(table))) return;
  take(require_rules_at_work(table, before));
}

// Faults of sequences, unless they had them before.
Result<void> Validator::check_sequence_faults(const std::string& schema) {
  TRY_ASSIGN(const auto names, now_.sequences(schema));
  for (const std::string& name : names) {
    TRY_ASSIGN(const auto sequence, now_.find_sequence(schema, name));
    if (!sequence || full()) continue;
    TRY_ASSIGN(const std::optional<Error> fault, find_sequence_fault(now_, *sequence));
    if (!fault) continue;
    TRY_ASSIGN(const std::optional<Error> old, sequence_fault_before(schema, name));
    if (old && old->message() == fault->message()) continue;
    violations_.push_back({fault->code(), schema, name, {}, {}, fault->message(), {}});
  }
  return {};
}

Result<std::optional<Error>> Validator::sequence_fault_before(const std::string& schema,
                                                              const std::string& name) const {
  if (request_.valid_root.is_zero()) return std::optional<Error>();
  TRY_ASSIGN(const bool had_schema, before_.has_schema(schema));
  if (!had_schema) return std::optional<Error>();
  TRY_ASSIGN(const auto sequence, before_.find_sequence(schema, name));
  if (!sequence) return std::optional<Error>();
  return find_sequence_fault(before_, *sequence);
}

// One name for two relations of a schema, unless it had such before.
Result<void> Validator::check_names(const std::string& schema) {
  TRY_ASSIGN(const catalog::NameClash clash, catalog::find_name_clash(now_, schema));
  if (clash.name.empty()) return {};
  if (!request_.valid_root.is_zero()) {
    TRY_ASSIGN(const bool had_schema, before_.has_schema(schema));
    if (had_schema) {
      TRY_ASSIGN(const catalog::NameClash old, catalog::find_name_clash(before_, schema));
      if (!old.name.empty()) return {};
    }
  }
  violations_.push_back({ErrorCode::kDuplicateTable, schema, clash.table, {}, {},
                         fmt::format("relation \"{}\" already exists", clash.name), {}});
  return {};
}

// Identities that share a sequence, or have one of another owner. The sequence's file may have changed
// alone.
Result<void> Validator::check_identities(const TablePair& pair) {
  const catalog::TableDef& table = *pair.now.table;
  TRY_ASSIGN(const std::optional<Error> fault, find_stray_identity(now_, table));
  if (!fault) return {};
  if (pair.before) {
    TRY_ASSIGN(const std::optional<Error> old, find_stray_identity(before_, *pair.before->table));
    if (old && old->message() == fault->message()) return {};
  }
  add(fault->code(), table, "", "", fault->message());
  return {};
}

// A default that draws from a sequence which is not there, and was there before.
Result<void> Validator::check_sequences(const TablePair& pair) {
  const auto is_there = [](const catalog::Catalog& catalog,
                           const catalog::ObjectName& name) -> Result<bool> {
    TRY_ASSIGN(const bool known, catalog.has_schema(name.schema));
    if (!known) return false;
    TRY_ASSIGN(const auto kind, catalog.find_relation(name.schema, name.name));
    return kind == sql::ObjectKind::kSequence;
  };
  const catalog::TableDef& table = *pair.now.table;
  for (const catalog::ColumnDef& column : table.columns) {
    if (column.sequence.empty() && column.default_sql.empty()) continue;
    std::vector<std::string> drawn;
    if (column.default_sql.empty()) {
      drawn.push_back(column.sequence);
    } else {
      TRY_ASSIGN(drawn, catalog::sequences_of(column.default_sql));
    }
    const catalog::ColumnDef* const before = column_before(pair, column);
    for (const std::string& text : drawn) {
      TRY_ASSIGN(const catalog::ObjectName name, catalog::parse_name(text, table.schema));
      TRY_ASSIGN(const bool there, is_there(now_, name));
      if (there) continue;
      if (before != nullptr && before->default_sql == column.default_sql &&
          before->sequence == column.sequence) {
        TRY_ASSIGN(const bool was_there, is_there(before_, name));
        if (!was_there) continue;
      }
      add(ErrorCode::kUndefinedTable, table, "", "",
          fmt::format("the default of column \"{}\" of table \"{}\" draws from sequence {}, which "
                      "does not exist",
                      column.name, table.name, text));
    }
  }
  return {};
}

Result<void> Validator::check_definition(const TablePair& pair) {
  TRY(check_sequences(pair));
  TRY(check_foreign_types(pair));
  TRY(check_identities(pair));
  if (!pair.definition_differs()) return {};
  if (const auto fault = find_repeated_column(*pair.now.table);
      fault && !(pair.before && find_repeated_column(*pair.before->table))) {
    add(fault->code(), *pair.now.table, "", "", fault->message());
  }
  for (const catalog::ColumnDef& column : pair.now.table->columns) check_default(pair, column);
  if (request_.with_rules && !request_.valid_root.is_zero()) check_rules(pair);
  return {};
}

Result<void> Validator::check_table(TablePair& pair) {
  const catalog::TableDef& table = *pair.now.table;
  const bool new_rules =
      !pair.same_keys || pair.before->table->checks.size() != table.checks.size() ||
      !std::all_of(table.checks.begin(), table.checks.end(),
                   [&](const catalog::CheckConstraint& check) {
                     return find_same(*pair.before->table, pair.before->table->checks, table, check)
                         .has_value();
                   }) ||
      !same_types(*pair.before->table, table) ||
      !std::equal(table.columns.begin(), table.columns.end(), pair.before->table->columns.begin(),
                  [](const auto& a, const auto& b) { return a.not_null == b.not_null; });
  if (new_rules || !pair.same_rows()) {
    std::shared_ptr<const RowChecks> checks;
    if (!table.checks.empty()) {
      auto bound = RowChecks::bind(pair.now.table);
      if (!bound) {
        add(bound.error().code(), table, "", "",
            fmt::format("a check constraint of table \"{}\" cannot be used: {}", table.name,
                        bound.error().message()));
        return {};
      }
      checks = std::move(*bound);
    }
    TRY(each_new_row(pair, new_rules, [&](Bytes, Bytes line) -> Result<bool> {
      TRY(check_row(pair, checks.get(), line));
      return !full();
    }));
  }
  for (size_t which = 0; which < table.unique_keys.size() && !full(); ++which)
    TRY(check_unique(pair, which));
  for (size_t index = 0; index < table.foreign_keys.size() && !full(); ++index)
    TRY(check_children(pair, index));
  return {};
}

Result<void> Validator::load_pairs() {
  TRY_ASSIGN(const auto schemas, now_.schemas());
  for (const std::string& schema : schemas) {
    TRY_ASSIGN(const auto tables, now_.tables(schema));
    for (const std::string& name : tables) {
      TRY_ASSIGN(TablePair* const pair, pair_of(schema, name));
      tables_.push_back(pair);
    }
  }
  return {};
}

Result<std::vector<Violation>> Validator::run_definitions() {
  TRY(load_pairs());
  for (const TablePair* const pair : tables_) {
    if (full()) break;
    TRY(check_definition(*pair));
  }
  TRY_ASSIGN(const auto schemas, now_.schemas());
  for (const std::string& schema : schemas) {
    if (!full()) TRY(check_sequence_faults(schema));
    if (!full()) TRY(check_names(schema));
  }
  return std::move(violations_);
}

Result<std::vector<Violation>> Validator::run() {
  TRY_ASSIGN(violations_, run_definitions());
  std::vector<Reference> references;
  for (TablePair* const pair : tables_) {
    for (size_t i = 0; i < pair->now.table->foreign_keys.size(); ++i)
      references.push_back({pair->now.table, i});
    if (!full()) TRY(check_table(*pair));
  }
  for (const Reference& reference : references) {
    if (full()) break;
    TRY_ASSIGN(const TablePair* const parent,
               pair_of(reference.key().schema, reference.key().table));
    if (parent == nullptr) continue;  // check_children said so, as when it cannot be bound.
    const auto bound = bind_reference(reference, parent->now.table);
    if (bound) TRY(check_parents(*parent, *bound));
  }
  return std::move(violations_);
}

}  // namespace

Result<std::vector<Violation>> validate_definitions(const ValidateRequest& request,
                                                    txn::Manager& manager,
                                                    derived::Indexes& indexes,
                                                    const expr::EvalContext& eval) {
  if (request.root == request.valid_root) return std::vector<Violation>();
  return Validator(request, manager.store(), indexes, eval).run_definitions();
}

Result<std::vector<Violation>> validate(const ValidateRequest& request, txn::Manager& manager,
                                        derived::Indexes& indexes, const expr::EvalContext& eval) {
  if (request.root == request.valid_root) return std::vector<Violation>();
  Validator validator(request, manager.store(), indexes, eval);
  TRY_ASSIGN(std::vector<Violation> violations, validator.run());
  if (violations.size() >= request.violations_max) return violations;
  TRY_ASSIGN(std::vector<Violation> views, check_views(request, request.root, manager, eval,
                                                       request.violations_max - violations.size()));
  if (views.empty()) return violations;
  // A view that did not bind before is no news.
  std::set<std::pair<std::string, std::string>> broken;
  if (!request.valid_root.is_zero()) {
    TRY_ASSIGN(const std::vector<Violation> before,
               check_views(request, request.valid_root, manager, eval, SIZE_MAX));
    for (const Violation& violation : before) broken.emplace(violation.schema, violation.table);
  }
  for (Violation& violation : views) {
    if (!broken.contains({violation.schema, violation.table}))
      violations.push_back(std::move(violation));
  }
  return violations;
}

Result<std::vector<Violation>> find_unusable(const ValidateRequest& request, txn::Manager& manager,
                                             const expr::EvalContext& eval) {
  TRY_ASSIGN(std::vector<Violation> found,
             check_views(request, request.root, manager, eval, SIZE_MAX));
  const catalog::Catalog catalog(request.objects, manager.store().cache(), request.root);
  TRY_ASSIGN(const std::vector<std::string> schemas, catalog.schemas());
  for (const std::string& schema : schemas) {
    TRY_ASSIGN(const std::vector<std::string> tables, catalog.tables(schema));
    for (const std::string& name : tables) {
      TRY_ASSIGN(const catalog::TableVersion version, catalog.get_table(schema, name));
      for (const catalog::CheckConstraint& check : version.table->checks) {
        auto alone = std::make_shared<catalog::TableDef>(*version.table);
        alone->checks = {check};
        const auto bound = RowChecks::bind(std::move(alone));
        if (!bound)
          found.push_back(
              {bound.error().code(), schema, name, check.name, {}, bound.error().message()});
      }
    }
  }
  return found;
}

Error violation_error(const std::vector<Violation>& violations, std::string_view what) {
  std::string detail;
  for (size_t i = 0; i < violations.size() && i < kViolationsShown; ++i) {
    const Violation& violation = violations[i];
    if (!detail.empty()) detail += "\n";
    detail += fmt::format("{}.{}{}{}: {}", violation.schema, violation.table,
                          violation.key.empty() ? "" : " ", violation.key, violation.message);
  }
  if (violations.size() > kViolationsShown)
    detail += fmt::format("\nand {} more", violations.size() - kViolationsShown);
  return Error(violations.front().code,
               fmt::format("{} would violate {} constraint{}", what,
                           violations.size() == 1 ? "a" : std::to_string(violations.size()),
                           violations.size() == 1 ? "" : "s"))
      .with_detail(std::move(detail));
}

}  // namespace rowan::exec
