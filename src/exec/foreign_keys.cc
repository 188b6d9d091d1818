#include "exec/foreign_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "exec/constraints.h"
#include "exec/dml.h"
#include "exec/row_writer.h"
#include "tree/row_tree.h"
#include "type/cast.h"
#include "type/key_codec.h"
#include "type/text.h"

namespace rowan::exec {

namespace {

using sql::ForeignAction;

std::string name_of(const Reference& reference) { return reference.child->path() + " " + reference.key().name; }

// A column's value in a line, long values fetched.
Result<type::Value> column_value(const catalog::ColumnDef& column, const std::vector<Bytes>& elements, const store::ObjectReader& objects) {
  if (column.slot >= elements.size()) return column.absent;
  if (const auto large = type::large_ref(elements[column.slot])) {
    TRY_ASSIGN(std::string bytes, BlobReader(objects).read_large(*large));
    return type::Value::of_string(column.type, std::move(bytes));
  }
  return type::decode_element(column.type, elements[column.slot]);
}

std::string column_names(const catalog::TableDef& table, const std::vector<uint16_t>& columns) {
  std::string names;
  for (const uint16_t column : columns) names += (names.empty() ? "" : ", ") + table.columns[column].name;
  return names;
}

std::string column_texts(const catalog::TableDef& table, const std::vector<uint16_t>& columns, Bytes line) {
  std::vector<Bytes> elements;
  uint64_t count = 0;
  if (!type::split_line(table.layout, line, elements, count)) return "?";
  std::string texts;
  for (const uint16_t index : columns) {
    const catalog::ColumnDef& column = table.columns[index];
    type::Value value = column.absent;
    if (column.slot < elements.size() && !type::large_ref(elements[column.slot])) {
      if (auto decoded = type::decode_element(column.type, elements[column.slot])) value = std::move(*decoded);
    }
    if (!texts.empty()) texts += ", ";
    texts += value.is_null() ? "null" : type::to_text(value);
  }
  return texts;
}

// Indexes of the referenced columns in the parent. Empty when the parent lost one: a definition that contradicts itself.
std::vector<uint16_t> referenced_columns(const catalog::ForeignKey& key, const catalog::TableDef& parent) {
  std::vector<uint16_t> columns;
  for (const std::string& name : key.referenced) {
    const auto index = parent.find_column(name);
    if (!index) return {};
    columns.push_back(*index);
  }
  return columns;
}

Error broken_definition(const Reference& reference) {
  return Error(ErrorCode::kInvalidContent, fmt::format("foreign key \"{}\" of table \"{}\" refers to columns that are not there",
                                                       reference.key().name, reference.child->name));
}

// The parts of an encoded value, in another order of its columns: values of a foreign key stand in the order of its own list.
Result<std::string> reorder(const std::vector<type::Value>& values, const std::vector<uint16_t>& from, const std::vector<uint16_t>& to) {
  std::string key;
  for (const uint16_t column : to) {
    const auto at = std::find(from.begin(), from.end(), column);
    TRY(type::append_key(values[static_cast<size_t>(at - from.begin())], key));
  }
  return key;
}

bool same_set(std::vector<uint16_t> a, std::vector<uint16_t> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

// The child's values, cast to the types of the parent's columns; nothing when one is NULL or cannot be a parent's.
Result<std::optional<std::vector<type::Value>>> child_values(const Reference& reference, const catalog::TableDef& parent, Bytes line,
                                                             const store::ObjectReader& objects, bool& is_null) {
  const catalog::ForeignKey& key = reference.key();
  const std::vector<uint16_t> columns = referenced_columns(key, parent);
  if (columns.size() != key.columns.size()) return broken_definition(reference);
  std::vector<Bytes> elements;
  uint64_t count = 0;
  TRY(type::split_line(reference.child->layout, line, elements, count));
  std::vector<type::Value> values;
  is_null = false;
  for (size_t i = 0; i < columns.size(); ++i) {
    TRY_ASSIGN(type::Value value, column_value(reference.child->columns[key.columns[i]], elements, objects));
    if (value.is_null()) {
      is_null = true;
      return std::optional<std::vector<type::Value>>();
    }
    auto converted = type::cast(value, parent.columns[columns[i]].type, type::CastContext::kAssignment);
    if (!converted) return std::optional<std::vector<type::Value>>();
    values.push_back(std::move(*converted));
  }
  return std::optional<std::vector<type::Value>>(std::move(values));
}

Result<std::string> encode(const std::vector<type::Value>& values) {
  std::string key;
  for (const type::Value& value : values) TRY(type::append_key(value, key));
  return key;
}

// Whether the child's own encoding of a value is the parent's, so that an index over the child's columns can be asked.
bool same_encoding(const Reference& reference, const catalog::TableDef& parent) {
  const std::vector<uint16_t> columns = referenced_columns(reference.key(), parent);
  const auto is_text = [](type::TypeId id) { return id == type::TypeId::kText || id == type::TypeId::kVarchar; };
  for (size_t i = 0; i < columns.size(); ++i) {
    const type::TypeId a = reference.child->columns[reference.key().columns[i]].type.id;
    const type::TypeId b = parent.columns[columns[i]].type.id;
    if (a != b && !(type::is_integer(a) && type::is_integer(b)) && !(is_text(a) && is_text(b))) return false;
  }
  return !columns.empty();
}

// A row of a child that has one of the values looked for.
struct ChildRow {
  std::string value;
  std::string key;
  std::string line;
};

// The rows of the child, as the branch's tip has them under the transaction's own changes, whose value is among `wanted`.
Result<std::vector<ChildRow>> find_children(ExecContext& context, const Reference& reference, const catalog::TableDef& parent,
                                            const std::set<std::string, std::less<>>& wanted, size_t limit) {
  txn::Transaction& transaction = context.transaction;
  TRY_ASSIGN(const catalog::TableVersion snapshot, transaction.get_table(reference.child->schema, reference.child->name));
  TRY_ASSIGN(const txn::TableView view, transaction.view(snapshot));
  TRY_ASSIGN(catalog::TableVersion tip, transaction.tip_version(snapshot));
  std::vector<ChildRow> rows;
  const auto take = [&](Bytes key, Bytes line) -> Result<bool> {
    TRY_ASSIGN(const auto value, child_value(reference, parent, line, transaction.objects()));
    if (value && wanted.contains(*value)) rows.push_back({*value, std::string(key), std::string(line)});
    return rows.size() < limit;
  };
  if (view.overlay != nullptr) {
    for (const auto& [key, change] : view.overlay->rows) {
      TRY_ASSIGN(const auto line, transaction.current_line(snapshot, key));
      if (!line) continue;
      TRY_ASSIGN(const bool more, take(key, *line));
      if (!more) return rows;
    }
  }
  derived::Indexes* const indexes = context.unique != nullptr ? &context.unique->indexes() : nullptr;
  TRY(find_child_rows(reference, tip, parent, wanted, transaction.objects(), context.manager.store().cache(), indexes, context.eval.cancelled,
                      [&](Bytes key, Bytes line, const std::string& value) -> Result<bool> {
                        if (view.overlay != nullptr && view.overlay->rows.contains(key)) return true;
                        rows.push_back({value, std::string(key), std::string(line)});
                        return rows.size() < limit;
                      }));
  TRY(transaction.watch_rows(snapshot, false));
  return rows;
}

}  // namespace

Result<std::vector<Reference>> references_to(const catalog::Catalog& catalog, std::string_view schema, std::string_view table) {
  std::vector<Reference> found;
  TRY_ASSIGN(const auto schemas, catalog.schemas());
  for (const std::string& each_schema : schemas) {
    TRY_ASSIGN(const auto tables, catalog.tables(each_schema));
    for (const std::string& name : tables) {
      TRY_ASSIGN(const catalog::TableVersion child, catalog.get_table(each_schema, name));
      for (size_t i = 0; i < child.table->foreign_keys.size(); ++i) {
        const catalog::ForeignKey& key = child.table->foreign_keys[i];
        if (key.schema == schema && key.table == table) found.push_back({child.table, i});
      }
    }
  }
  return found;
}

Result<std::optional<std::string>> child_value(const Reference& reference, const catalog::TableDef& parent, Bytes line,
                                               const store::ObjectReader& objects) {
  bool is_null = false;
  TRY_ASSIGN(const auto values, child_values(reference, parent, line, objects, is_null));
  if (is_null) return std::optional<std::string>();
  if (!values) return std::optional<std::string>("");
  TRY_ASSIGN(std::string key, encode(*values));
  return std::optional<std::string>(std::move(key));
}

Result<std::optional<std::string>> parent_value(const Reference& reference, const catalog::TableDef& parent, Bytes line,
                                                const store::ObjectReader& objects) {
  const std::vector<uint16_t> columns = referenced_columns(reference.key(), parent);
  if (columns.empty()) return broken_definition(reference);
  std::vector<Bytes> elements;
  uint64_t count = 0;
  TRY(type::split_line(parent.layout, line, elements, count));
  std::string key;
  for (const uint16_t column : columns) {
    TRY_ASSIGN(const type::Value value, column_value(parent.columns[column], elements, objects));
    if (value.is_null()) return std::optional<std::string>();
    TRY(type::append_key(value, key));
  }
  return std::optional<std::string>(std::move(key));
}

Result<std::optional<std::string>> find_parent_key(const Reference& reference, const catalog::TableVersion& parent, const std::string& value,
                                                   const store::ObjectStore& store, derived::Indexes& indexes) {
  if (parent.rows.is_zero()) return std::optional<std::string>();
  const std::vector<uint16_t> columns = referenced_columns(reference.key(), *parent.table);
  const catalog::TableLineKeys keys(parent.table);
  const tree::TreeReader reader{store, store.cache(), keys};
  if (columns == parent.table->primary_key) {
    TRY_ASSIGN(const auto found, tree::find_line(reader, parent.rows, value));
    return found ? std::optional<std::string>(value) : std::nullopt;
  }
  for (size_t which = 0; which < parent.table->unique_keys.size(); ++which) {
    if (parent.table->unique_keys[which].columns == columns) return indexes.holder(store, parent, which, value);
  }
  // The foreign key lists the columns in another order.
  std::optional<std::string> key;
  TRY(tree::diff_trees(reader, Oid{}, parent.rows, [&](const tree::RowDifference& row) -> Result<bool> {
    TRY_ASSIGN(const auto found, parent_value(reference, *parent.table, *row.to, store));
    if (found == value) key = std::string(row.key);
    return !key.has_value();
  }));
  return key;
}

Result<void> find_child_rows(const Reference& reference, const catalog::TableVersion& child, const catalog::TableDef& parent,
                             const std::set<std::string, std::less<>>& wanted, const store::ObjectReader& objects, store::NodeCache& cache,
                             derived::Indexes* indexes, const std::atomic<bool>* cancelled, const ChildVisitor& visit) {
  if (child.rows.is_zero()) return {};
  const catalog::TableLineKeys keys(child.table);
  if (indexes != nullptr && same_encoding(reference, parent)) {
    const derived::IndexSource source{objects, cache, child};
    bool more = true;
    for (const std::string& value : wanted) {
      TRY(indexes->visit_rows(source, reference.key().columns, value, [&](Bytes key) -> Result<bool> {
        TRY_ASSIGN(const auto found, tree::find_line({objects, cache, keys}, child.rows, key));
        if (found) {
          TRY_ASSIGN(more, visit(key, found->line, value));
        }
        return more;
      }));
      if (!more) return {};
      if (cancelled != nullptr && cancelled->load(std::memory_order_relaxed)) {
        return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
      }
    }
    return {};
  }
  uint64_t visited = 0;
  return tree::diff_trees({objects, cache, keys}, Oid{}, child.rows, [&](const tree::RowDifference& row) -> Result<bool> {
    if (++visited % 1024 == 0 && cancelled != nullptr && cancelled->load(std::memory_order_relaxed)) {
      return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
    }
    TRY_ASSIGN(const auto value, child_value(reference, parent, *row.to, objects));
    if (!value || !wanted.contains(*value)) return true;
    return visit(row.key, *row.to, *value);
  });
}

Error missing_parent(const Reference& reference, Bytes line) {
  const catalog::TableDef& child = *reference.child;
  const catalog::ForeignKey& key = reference.key();
  return Error(ErrorCode::kForeignKeyViolation,
               fmt::format("insert or update on table \"{}\" violates foreign key constraint \"{}\"", child.name, key.name))
      .with_detail(fmt::format("Key ({})=({}) is not present in table \"{}\".", column_names(child, key.columns),
                               column_texts(child, key.columns, line), key.table));
}

Error still_referenced(const Reference& reference, const catalog::TableDef& parent, Bytes line) {
  const std::vector<uint16_t> columns = referenced_columns(reference.key(), parent);
  return Error(ErrorCode::kForeignKeyViolation,
               fmt::format("update or delete on table \"{}\" violates foreign key constraint \"{}\" on table \"{}\"", parent.name,
                           reference.key().name, reference.child->name))
      .with_detail(fmt::format("Key ({})=({}) is still referenced from table \"{}\".", column_names(parent, columns),
                               column_texts(parent, columns, line), reference.child->name));
}

Result<const TableReferences*> ForeignKeyState::of(txn::Transaction& transaction, const catalog::TableDef& table) {
  if (generation_ != transaction.snapshot().schema_generation) {
    tables_.clear();
    generation_ = transaction.snapshot().schema_generation;
    const catalog::Catalog& catalog = transaction.catalog();
    TRY_ASSIGN(const auto schemas, catalog.schemas());
    for (const std::string& schema : schemas) {
      TRY_ASSIGN(const auto names, catalog.tables(schema));
      for (const std::string& name : names) {
        TRY_ASSIGN(const catalog::TableVersion child, catalog.get_table(schema, name));
        for (size_t i = 0; i < child.table->foreign_keys.size(); ++i) {
          const catalog::ForeignKey& key = child.table->foreign_keys[i];
          const auto entry = [&](const std::string& path) -> TableReferences& {
            auto& found = tables_[path];
            if (found == nullptr) found = std::make_unique<TableReferences>();
            return *found;
          };
          entry(schema + "/" + name).to_parents.push_back({child.table, i});
          entry(key.schema + "/" + key.table).from_children.push_back({child.table, i});
        }
      }
    }
  }
  static const TableReferences kNone;
  if (tables_.empty()) return &kNone;
  const auto found = tables_.find(table.schema + "/" + table.name);
  return found == tables_.end() ? &kNone : found->second.get();
}

void ForeignKeyState::begin_statement() {
  needed_.clear();
  gone_.clear();
}

Result<void> ForeignKeyState::note(const TableReferences& references, txn::Transaction& transaction, const catalog::TableVersion& table,
                                   std::optional<Bytes> old_line, std::optional<Bytes> new_line) {
  const store::ObjectReader& objects = transaction.objects();
  for (const Reference& reference : references.to_parents) {
    if (!new_line) break;
    TRY_ASSIGN(const catalog::TableVersion parent, transaction.get_table(reference.key().schema, reference.key().table));
    TRY_ASSIGN(const auto value, child_value(reference, *parent.table, *new_line, objects));
    if (!value) continue;
    if (old_line) {
      TRY_ASSIGN(const auto before, child_value(reference, *parent.table, *old_line, objects));
      if (before == value) continue;
    }
    auto& values = needed_[name_of(reference)];
    if (!values.contains(*value)) values.emplace(*value, Needed{reference, std::string(*new_line)});
  }
  for (const Reference& reference : references.from_children) {
    if (!old_line) break;
    TRY_ASSIGN(const auto value, parent_value(reference, *table.table, *old_line, objects));
    if (!value) continue;
    if (new_line) {
      TRY_ASSIGN(const auto after, parent_value(reference, *table.table, *new_line, objects));
      if (after == value) continue;
    }
    auto& [kept, values] = gone_[name_of(reference)];
    kept = reference;
    values.insert_or_assign(*value, Gone{reference, std::string(*old_line), new_line ? std::optional<std::string>(*new_line) : std::nullopt});
  }
  return {};
}

namespace {

// The row of the parent that has the value, locked against going; nothing when there is none.
Result<bool> find_parent(ExecContext& context, const Reference& reference, const catalog::TableVersion& parent,
                         const std::vector<type::Value>& values) {
  txn::Transaction& transaction = context.transaction;
  const std::vector<uint16_t> columns = referenced_columns(reference.key(), *parent.table);
  if (same_set(columns, parent.table->primary_key)) {
    TRY_ASSIGN(const std::string key, reorder(values, columns, parent.table->primary_key));
    TRY(transaction.share_key(parent, key));
    TRY_ASSIGN(const auto line, transaction.current_line(parent, key));
    return line.has_value();
  }
  for (size_t which = 0; which < parent.table->unique_keys.size(); ++which) {
    const catalog::UniqueKey& unique = parent.table->unique_keys[which];
    if (!same_set(columns, unique.columns)) continue;
    TRY_ASSIGN(const std::string value, reorder(values, columns, unique.columns));
    TRY_ASSIGN(auto holder, context.unique->holder(transaction, parent, which, value));
    while (holder) {
      TRY(transaction.share_key(parent, *holder));
      TRY_ASSIGN(auto again, context.unique->holder(transaction, parent, which, value));
      if (again == holder) return true;
      holder = std::move(again);         // It went while we waited.
    }
    return false;
  }
  return broken_definition(reference);
}

}  // namespace

Result<void> ForeignKeyState::check_parents(ExecContext& context) {
  for (const auto& [name, values] : std::exchange(needed_, {})) {
    for (const auto& [value, needed] : values) {
      const catalog::ForeignKey& key = needed.reference.key();
      TRY_ASSIGN(const catalog::TableVersion parent, context.transaction.get_table(key.schema, key.table));
      bool is_null = false;
      TRY_ASSIGN(const auto parts, child_values(needed.reference, *parent.table, needed.line, context.transaction.objects(), is_null));
      if (parts) {
        TRY_ASSIGN(const bool found, find_parent(context, needed.reference, parent, *parts));
        if (found) continue;
      }
      // The row that needed it may have gone again in the same statement.
      TRY_ASSIGN(const auto children, find_children(context, needed.reference, *parent.table, {value}, 1));
      if (!children.empty()) return missing_parent(needed.reference, children.front().line);
    }
  }
  return {};
}

// What happens to the children of parents that went or changed.
Result<bool> ForeignKeyState::act(ExecContext& context, const Reference& reference, const Values& values) {
  const catalog::ForeignKey& key = reference.key();
  TRY_ASSIGN(const catalog::TableVersion parent, context.transaction.get_table(key.schema, key.table));
  std::set<std::string, std::less<>> wanted;
  for (const auto& [value, gone] : values) wanted.insert(value);
  TRY_ASSIGN(std::vector<ChildRow> children, find_children(context, reference, *parent.table, wanted, SIZE_MAX));
  if (children.empty()) return false;
  TRY_ASSIGN(const catalog::TableVersion child, context.transaction.get_table(reference.child->schema, reference.child->name));
  RowWriter writer(context, child);
  std::vector<expr::NodePtr> defaults;
  for (const ChildRow& row : children) {
    const Gone& gone = values.find(row.value)->second;
    const ForeignAction action = gone.new_line ? key.on_update : key.on_delete;
    uint64_t rows = 0;
    WriteOutcome written = WriteOutcome::kWritten;
    if (action == ForeignAction::kNoAction || action == ForeignAction::kRestrict) {
      // Another row may have the value by now.
      bool is_null = false;
      TRY_ASSIGN(const auto parts, child_values(reference, *parent.table, row.line, context.transaction.objects(), is_null));
      bool found = false;
      if (parts && action == ForeignAction::kNoAction) {
        TRY_ASSIGN(found, find_parent(context, reference, parent, *parts));
      }
      if (!found) return still_referenced(reference, *parent.table, gone.line);
      continue;
    }
    if (action == ForeignAction::kCascade && !gone.new_line) {
      TRY_ASSIGN(written, writer.remove(row.key, row.line, rows));
    } else {
      std::vector<type::Value> after;
      std::vector<type::Value> parent_row;
      if (action == ForeignAction::kCascade) {
        TRY_ASSIGN(parent_row, row_values(*parent.table, *gone.new_line, context.transaction.objects()));
      } else if (action == ForeignAction::kSetDefault && defaults.empty()) {
        TRY_ASSIGN(defaults, bind_defaults(*child.table));
      }
      for (size_t i = 0; i < key.columns.size(); ++i) {
        const catalog::ColumnDef& column = child.table->columns[key.columns[i]];
        if (action == ForeignAction::kSetNull) {
          after.push_back(type::Value::null(column.type));
        } else if (action == ForeignAction::kSetDefault) {
          TRY_ASSIGN(type::Value value, expr::evaluate_constant(*defaults[key.columns[i]], context.eval));
          after.push_back(std::move(value));
        } else {
          const uint16_t referenced = *parent.table->find_column(key.referenced[i]);
          TRY_ASSIGN(type::Value value, type::cast(parent_row[referenced], column.type, type::CastContext::kAssignment));
          after.push_back(std::move(value));
        }
      }
      TRY_ASSIGN(written, writer.update(row.key, row.line, key.columns, after, rows));
    }
    if (written == WriteOutcome::kRestart) return true;
    // The default may be the very value that went: a row that stays as it was notes nothing.
    if (action == ForeignAction::kSetDefault) needed_[name_of(reference)].emplace(row.value, Needed{reference, row.line});
  }
  return false;
}

Result<bool> ForeignKeyState::finish(ExecContext& context) {
  // Cascades first: they may take the rows away that a NO ACTION key would complain about.
  for (;;) {
    if (context.cancelled()) return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
    auto gone = std::exchange(gone_, {});
    if (gone.empty()) break;
    std::vector<std::pair<Reference, Values>> checks;
    bool acted = false;
    for (auto& [name, entry] : gone) {
      auto& [reference, values] = entry;
      Values acting;
      for (auto value = values.begin(); value != values.end();) {
        const ForeignAction action = value->second.new_line ? reference.key().on_update : reference.key().on_delete;
        if (action == ForeignAction::kNoAction || action == ForeignAction::kRestrict) {
          ++value;
          continue;
        }
        acting.insert(values.extract(value++));
      }
      if (!acting.empty()) {
        acted = true;
        TRY_ASSIGN(const bool restart, act(context, reference, acting));
        if (restart) return true;
      }
      if (!values.empty()) checks.emplace_back(reference, std::move(values));
    }
    const bool more = acted && !gone_.empty();
    for (auto& [reference, values] : checks) {
      if (!more) {
        TRY_ASSIGN(const bool restart, act(context, reference, values));
        if (restart) return true;
        continue;
      }
      auto& [kept, later] = gone_[name_of(reference)];   // After what the cascades brought.
      kept = reference;
      for (auto& [value, entry] : values) later.insert_or_assign(value, std::move(entry));
    }
  }
  TRY(check_parents(context));
  return false;
}

Result<void> check_truncate(const catalog::Catalog& catalog, const std::vector<catalog::TableVersion>& tables) {
  for (const catalog::TableVersion& table : tables) {
    TRY_ASSIGN(const auto references, references_to(catalog, table.table->schema, table.table->name));
    for (const Reference& reference : references) {
      const auto is_child = [&](const catalog::TableVersion& other) {
        return other.table->schema == reference.child->schema && other.table->name == reference.child->name;
      };
      if (std::any_of(tables.begin(), tables.end(), is_child)) continue;
      return Error(ErrorCode::kFeatureNotSupported, "cannot truncate a table referenced in a foreign key constraint")
          .with_detail(fmt::format("Table \"{}\" references \"{}\".", reference.child->name, table.table->name))
          .with_hint(fmt::format("Truncate table \"{}\" at the same time.", reference.child->name));
    }
  }
  return {};
}

Result<void> check_all_references(ExecContext& context, const catalog::TableVersion& child, size_t index) {
  txn::Transaction& transaction = context.transaction;
  const Reference reference{child.table, index};
  TRY_ASSIGN(const catalog::TableVersion parent, transaction.get_table(reference.key().schema, reference.key().table));
  store::NodeCache& cache = context.manager.store().cache();
  std::set<std::string, std::less<>> present;
  TRY(visit_rows(transaction, cache, parent, [&](Bytes, Bytes line) -> Result<bool> {
    TRY_ASSIGN(auto value, parent_value(reference, *parent.table, line, transaction.objects()));
    if (value) present.insert(std::move(*value));
    return true;
  }));
  TRY(visit_rows(transaction, cache, child, [&](Bytes, Bytes line) -> Result<bool> {
    TRY_ASSIGN(const auto value, child_value(reference, *parent.table, line, transaction.objects()));
    if (value && !present.contains(*value)) return missing_parent(reference, line);
    return true;
  }));
  TRY(transaction.watch_rows(parent, true));
  return transaction.watch_rows(child, true);
}

}  // namespace rowan::exec
