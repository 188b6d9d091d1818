#include "exec/foreign_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "catalog/violations.h"
#include "exec/constraints.h"
#include "exec/dml.h"
#include "plan/table_expressions.h"
#include "exec/row_writer.h"
#include "tree/row_tree.h"
#include "type/cast.h"
#include "type/key_codec.h"
#include "type/text.h"

namespace rowan::exec {

namespace {

using sql::ForeignAction;

constexpr uint64_t kCancelEveryRows = 1024;

// A column's value in a line, long values fetched.
Result<type::Value> column_value(const catalog::ColumnDef& column,
                                 const std::vector<Bytes>& elements,
                                 const store::ObjectReader& objects) {
  if (column.slot >= elements.size()) return column.absent;
  if (const auto large = type::large_ref(elements[column.slot])) {
    TRY_ASSIGN(std::string bytes, BlobReader(objects).read_large(*large));
    return type::Value::of_string(column.type, std::move(bytes));
  }
  return type::decode_element(column.type, elements[column.slot]);
}

std::string column_names(const catalog::TableDef& table, const std::vector<uint16_t>& columns) {
  std::string names;
  for (const uint16_t column : columns)
    names += (names.empty() ? "" : ", ") + table.columns[column].name;
  return names;
}

std::string column_texts(const catalog::TableDef& table, const std::vector<uint16_t>& columns,
                         Bytes line) {
  std::vector<Bytes> elements;
  uint64_t count = 0;
  if (!type::split_line(table.layout, line, elements, count)) return "?";
  std::string texts;
  for (const uint16_t index : columns) {
    const catalog::ColumnDef& column = table.columns[index];
    type::Value value = column.absent;
    if (column.slot < elements.size() && !type::large_ref(elements[column.slot])) {
      if (auto decoded = type::decode_element(column.type, elements[column.slot]))
        value = std::move(*decoded);
    }
    if (!texts.empty()) texts += ", ";
    texts += value.is_null() ? "null" : type::to_text(value);
  }
  return texts;
}

// Indexes of the referenced columns in the parent. Empty when the parent lost one: a definition
// that contradicts itself.
std::vector<uint16_t> referenced_columns(const catalog::ForeignKey& key,
                                         const catalog::TableDef& parent) {
  std::vector<uint16_t> columns;
  for (const std::string& name : key.referenced) {
    const auto index = parent.find_column(name);
    if (!index) return {};
    columns.push_back(*index);
  }
  return columns;
}

bool same_set(std::vector<uint16_t> a, std::vector<uint16_t> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

// Types whose values SQL compares as they are; those of other pairs are compared in the parent's
// type.
bool compares_across(type::TypeId child, type::TypeId parent) {
  const auto is_time = [](type::TypeId id) {
    return id == type::TypeId::kDate || type::is_timestamp(id);
  };
  return (type::is_integer(child) && type::is_integer(parent)) ||
         (type::is_float(child) && type::is_float(parent)) || (is_time(child) && is_time(parent));
}

// A child's value as one of the parent's column; nothing when that column can hold nothing that is
// equal to it: the column's length, digits or range would cut or round it.
std::optional<type::Value> as_parents(const type::Value& value, type::Type wanted) {
  if (value.type() == wanted) return value;
  auto converted = type::cast(value, wanted, type::CastContext::kExplicit);
  if (!converted) return std::nullopt;
  const bool across = compares_across(value.type().id, wanted.id);
  if (across && type::is_integer(wanted.id)) return std::move(*converted);
  // What it is compared as: where the types compare, it has to come back as it was; else the value
  // in the parent's type before any length or digits are asked of it. char(n) has no blanks at its
  // end, whatever the child's type makes of them.
  const type::Type as = across ? value.type() : type::Type{wanted.id, -1};
  const auto whole = type::cast(value, as, type::CastContext::kExplicit);
  const auto kept = type::cast(*converted, as, type::CastContext::kExplicit);
  if (!whole || !kept || type::compare(*whole, *kept) != 0) return std::nullopt;
  return std::move(*converted);
}

// The child's values; nothing when one is NULL (`is_null`) or cannot be a parent's.
Result<std::optional<std::vector<type::Value>>> child_values(const BoundReference& reference,
                                                             Bytes line,
                                                             const store::ObjectReader& objects,
                                                             bool& is_null) {
  std::vector<Bytes> elements;
  uint64_t count = 0;
  TRY(type::split_line(reference.child->layout, line, elements, count));
  std::vector<type::Value> values;
  bool possible = true;
  is_null = false;
  for (size_t i = 0; i < reference.child_columns.size(); ++i) {
    TRY_ASSIGN(
        const type::Value value,
        column_value(reference.child->columns[reference.child_columns[i]], elements, objects));
    if (value.is_null()) {
      is_null = true;
      return std::optional<std::vector<type::Value>>();
    }
    auto converted = as_parents(value, reference.parent->columns[reference.parent_columns[i]].type);
    possible = possible && converted.has_value();
    if (possible) values.push_back(std::move(*converted));
  }
  if (!possible) return std::optional<std::vector<type::Value>>();
  return std::optional<std::vector<type::Value>>(std::move(values));
}

Result<std::string> encode(const std::vector<type::Value>& values) {
  std::string key;
  for (const type::Value& value : values) TRY(type::append_key(value, key));
  return key;
}

// Whether the child's own encoding of a value is the parent's, so that an index over the child's
// columns can be asked.
bool same_encoding(const BoundReference& reference) {
  const auto is_text = [](type::TypeId id) {
    return id == type::TypeId::kText || id == type::TypeId::kVarchar;
  };
  for (size_t i = 0; i < reference.child_columns.size(); ++i) {
    const type::TypeId a = reference.child->columns[reference.child_columns[i]].type.id;
    const type::TypeId b = reference.parent->columns[reference.parent_columns[i]].type.id;
    if (a != b && !(type::is_integer(a) && type::is_integer(b)) && !(is_text(a) && is_text(b)))
      return false;
  }
  return true;
}

}  // namespace

Result<std::vector<Reference>> references_to(const catalog::Catalog& catalog,
                                             std::string_view schema, std::string_view table) {
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

Result<BoundReference> bind_reference(const Reference& reference,
                                      std::shared_ptr<const catalog::TableDef> parent) {
  BoundReference bound;
  bound.child = reference.child;
  bound.index = reference.index;
  bound.parent = std::move(parent);
  const catalog::ForeignKey& key = reference.key();
  const std::vector<uint16_t> referenced = referenced_columns(key, *bound.parent);
  const auto take_order = [&](const std::vector<uint16_t>& order) {
    if (referenced.empty() || referenced.size() != key.columns.size() ||
        !same_set(referenced, order))
      return false;
    bound.parent_columns = order;
    for (const uint16_t column : order) {
      const auto at = std::find(referenced.begin(), referenced.end(), column) - referenced.begin();
      bound.child_columns.push_back(key.columns[static_cast<size_t>(at)]);
    }
    return true;
  };
  if (take_order(bound.parent->primary_key)) return bound;
  for (size_t which = 0; which < bound.parent->unique_keys.size(); ++which) {
    if (!take_order(bound.parent->unique_keys[which].columns)) continue;
    bound.unique = which;
    return bound;
  }
  return Error(
      ErrorCode::kInvalidForeignKey,
      fmt::format("there is no unique constraint matching given keys for referenced table \"{}\"",
                  bound.parent->name));
}

Result<std::optional<std::string>> child_value(const BoundReference& reference, Bytes line,
                                               const store::ObjectReader& objects) {
  bool is_null = false;
  TRY_ASSIGN(const auto values, child_values(reference, line, objects, is_null));
  if (is_null) return std::optional<std::string>();
  if (!values) return std::optional<std::string>("");
  TRY_ASSIGN(std::string key, encode(*values));
  return std::optional<std::string>(std::move(key));
}

Result<std::optional<std::string>> parent_value(const BoundReference& reference, Bytes line,
                                                const store::ObjectReader& objects) {
  return derived::columns_key_of(*reference.parent, reference.parent_columns, line, objects);
}

Result<std::optional<std::string>> find_parent_key(const BoundReference& reference,
                                                   const catalog::TableVersion& parent,
                                                   const std::string& value,
                                                   const store::ObjectStore& store,
                                                   derived::Indexes& indexes) {
  if (parent.rows.is_zero() || value.empty()) return std::optional<std::string>();
  if (reference.unique) return indexes.holder(store, parent, *reference.unique, value);
  const catalog::TableLineKeys keys(parent.table);
  TRY_ASSIGN(const auto found, tree::find_line({store, store.cache(), keys}, parent.rows, value));
  return found ? std::optional<std::string>(value) : std::nullopt;
}

Result<void> find_child_rows(const BoundReference& reference, const catalog::TableVersion& child,
                             const std::set<std::string, std::less<>>& wanted,
                             const store::ObjectReader& objects, store::NodeCache& cache,
                             derived::Indexes* indexes, const std::atomic<bool>* cancelled,
                             const ChildVisitor& visit) {
  if (child.rows.is_zero()) return {};
  const catalog::TableLineKeys keys(child.table);
  if (indexes != nullptr && same_encoding(reference)) {
    const derived::IndexSource source{objects, cache, child};
    bool more = true;
    for (const std::string& value : wanted) {
      TRY(indexes->visit_rows(
          source, reference.child_columns, value, [&](Bytes key) -> Result<bool> {
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
  return tree::diff_trees({objects, cache, keys}, Oid{}, child.rows,
                          [&](const tree::RowDifference& row) -> Result<bool> {
                            if (++visited % kCancelEveryRows == 0 && cancelled != nullptr &&
                                cancelled->load(std::memory_order_relaxed)) {
                              return Error(ErrorCode::kQueryCanceled,
                                           "canceling statement due to user request");
                            }
                            TRY_ASSIGN(const auto value, child_value(reference, *row.to, objects));
                            if (!value || !wanted.contains(*value)) return true;
                            return visit(row.key, *row.to, *value);
                          });
}

Error missing_parent(const Reference& reference, Bytes line) {
  const catalog::TableDef& child = *reference.child;
  const catalog::ForeignKey& key = reference.key();
  return Error(
             ErrorCode::kForeignKeyViolation,
             fmt::format("insert or update on table \"{}\" violates foreign key constraint \"{}\"",
                         child.name, key.name))
      .with_detail(fmt::format("Key ({})=({}) is not present in table \"{}\".",
                               column_names(child, key.columns),
                               column_texts(child, key.columns, line), key.table))
      .about(catalog::constraint_object(child, key.name));
}

Error still_referenced(const Reference& reference, const catalog::TableDef& parent, Bytes line) {
  const std::vector<uint16_t> columns = referenced_columns(reference.key(), parent);
  return Error(ErrorCode::kForeignKeyViolation,
               fmt::format("update or delete on table \"{}\" violates foreign key constraint "
                           "\"{}\" on table \"{}\"",
                           parent.name, reference.key().name, reference.child->name))
      .with_detail(fmt::format("Key ({})=({}) is still referenced from table \"{}\".",
                               column_names(parent, columns), column_texts(parent, columns, line),
                               reference.child->name))
      .about(catalog::constraint_object(*reference.child, reference.key().name));
}

Result<const TableReferences*> ForeignKeyState::of(txn::Transaction& transaction,
                                                   const catalog::TableDef& table) {
  if (generation_ != transaction.snapshot().schema_generation) {
    tables_.clear();
    generation_ = 0;
    const catalog::Catalog& catalog = transaction.catalog();
    size_t number = 0;
    const auto entry = [&](std::string path) -> TableReferences& {
      auto& found = tables_[std::move(path)];
      if (found == nullptr) found = std::make_unique<TableReferences>();
      return *found;
    };
    TRY_ASSIGN(const auto schemas, catalog.schemas());
    for (const std::string& schema : schemas) {
      TRY_ASSIGN(const auto names, catalog.tables(schema));
      for (const std::string& name : names) {
        TRY_ASSIGN(const catalog::TableVersion child, catalog.get_table(schema, name));
        for (size_t i = 0; i < child.table->foreign_keys.size(); ++i) {
          const catalog::ForeignKey& key = child.table->foreign_keys[i];
          TRY_ASSIGN(const bool has_schema, catalog.has_schema(key.schema));
          std::optional<catalog::TableVersion> parent;
          if (has_schema) {
            TRY_ASSIGN(parent, catalog.find_table(key.schema, key.table));
          }
          TableReferences& own = entry(schema + "/" + name);
          if (!parent) {
            own.broken = Error(ErrorCode::kUndefinedTable,
                               fmt::format("relation \"{}\" does not exist", key.table));
            continue;
          }
          auto bound = bind_reference({child.table, i}, parent->table);
          if (!bound) {
            own.broken = bound.error();
            continue;
          }
          bound->number = number++;
          own.to_parents.push_back(*bound);
          entry(key.schema + "/" + key.table).from_children.push_back(std::move(*bound));
        }
      }
    }
    generation_ = transaction.snapshot().schema_generation;
  }
  static const TableReferences kNone;
  if (tables_.empty()) return &kNone;
  const auto found = tables_.find(table.schema + "/" + table.name);
  if (found == tables_.end()) return &kNone;
  if (found->second->broken) return *found->second->broken;
  return found->second.get();
}

void ForeignKeyState::begin_statement() {
  needed_.clear();
  gone_.clear();
  overlay_keys_.clear();
  memory_.clear();
}

void ForeignKeyState::add_overlay_key(OverlayKeys& keys, const std::string& value, Bytes key) {
  memory_.add(value.size() + key.size() + kMapNodeBytes);
  keys[value].emplace(key);
}

Result<void> ForeignKeyState::note(const TableReferences& references, txn::Transaction& transaction,
                                   const catalog::TableVersion& table, Bytes old_key,
                                   std::optional<Bytes> old_line, Bytes new_key,
                                   std::optional<Bytes> new_line) {
  const store::ObjectReader& objects = transaction.objects();
  for (const BoundReference& reference : references.to_parents) {
    if (!new_line) break;
    TRY_ASSIGN(const auto value, child_value(reference, *new_line, objects));
    if (!value) continue;
    const auto known = overlay_keys_.find(reference.number);
    if (known != overlay_keys_.end() && !new_key.empty())
      add_overlay_key(known->second, *value, new_key);
    if (old_line) {
      TRY_ASSIGN(const auto before, child_value(reference, *old_line, objects));
      if (before == value) continue;
    }
    Needed& needed = needed_[reference.number];
    needed.reference = &reference;
    if (needed.lines.contains(*value)) continue;
    memory_.add(value->size() + new_line->size() + kMapNodeBytes);
    needed.lines.emplace(*value, std::string(*new_line));
  }
  for (const BoundReference& reference : references.from_children) {
    if (!old_line) break;
    TRY_ASSIGN(const auto value, parent_value(reference, *old_line, objects));
    if (!value) continue;
    if (new_line) {
      TRY_ASSIGN(const auto after, parent_value(reference, *new_line, objects));
      if (after == value) continue;
    }
    TRY(transaction.lock_shared_key(table, old_key));
    Gone& gone = gone_[reference.number];
    gone.reference = &reference;
    memory_.add(value->size() + old_line->size() + (new_line ? new_line->size() : 0) +
                kMapNodeBytes);
    gone.parents.insert_or_assign(
        *value, Parent{std::string(*old_line),
                       new_line ? std::optional<std::string>(*new_line) : std::nullopt});
  }
  return {};
}

namespace {

// Whether a row of the parent has the value; it is locked against going.
Result<bool> find_parent(ExecContext& context, const BoundReference& reference,
                         const std::string& value) {
  if (value.empty()) return false;
  txn::Transaction& transaction = context.transaction;
  TRY_ASSIGN(const catalog::TableVersion parent,
             transaction.get_table(reference.key().schema, reference.key().table));
  if (!reference.unique) {
    TRY(transaction.share_key(parent, value));
    TRY_ASSIGN(const auto line, transaction.current_line(parent, value));
    return line.has_value();
  }
  TRY_ASSIGN(auto holder, context.unique->holder(transaction, parent, *reference.unique, value));
  while (holder) {
    TRY(transaction.share_key(parent, *holder));
    TRY_ASSIGN(auto again, context.unique->holder(transaction, parent, *reference.unique, value));
    if (again == holder) return true;
    holder = std::move(again);  // It went while we waited.
  }
  return false;
}

}  // namespace

Result<const ForeignKeyState::OverlayKeys*> ForeignKeyState::overlay_keys(
    txn::Transaction& transaction, const BoundReference& reference,
    const catalog::TableVersion& child, const txn::TableOverlay& overlay) {
  const auto [at, is_new] = overlay_keys_.try_emplace(reference.number);
  if (!is_new) return &at->second;
  for (const auto& [key, change] : overlay.rows) {
    TRY_ASSIGN(const auto line, transaction.current_line(child, key));
    if (!line) continue;
    TRY_ASSIGN(const auto value, child_value(reference, *line, transaction.objects()));
    if (value) add_overlay_key(at->second, *value, key);
  }
  return &at->second;
}

// The rows of the child, as the branch's tip has them under the transaction's own changes, whose
// value is among `wanted`.
Result<std::vector<ForeignKeyState::ChildRow>> ForeignKeyState::find_children(
    ExecContext& context, const BoundReference& reference, const Values& wanted, size_t limit) {
  txn::Transaction& transaction = context.transaction;
  TRY_ASSIGN(const catalog::TableVersion snapshot,
             transaction.get_table(reference.child->schema, reference.child->name));
  TRY_ASSIGN(const txn::TableView view, transaction.view(snapshot));
  TRY_ASSIGN(catalog::TableVersion tip, transaction.tip_version(snapshot));
  std::vector<ChildRow> rows;
  if (view.overlay != nullptr) {
    TRY_ASSIGN(const OverlayKeys* const known,
               overlay_keys(transaction, reference, snapshot, *view.overlay));
    for (const std::string& value : wanted) {
      const auto keys = known->find(value);
      if (keys == known->end()) continue;
      for (const std::string& key : keys->second) {
        if (!view.overlay->rows.contains(key)) continue;  // It was built into a private tree.
        TRY_ASSIGN(auto line, transaction.current_line(snapshot, key));
        if (!line) continue;
        TRY_ASSIGN(const auto now, child_value(reference, *line, transaction.objects()));
        if (now != value) continue;
        memory_.add(value.size() + key.size() + line->size() + sizeof(ChildRow));
        rows.push_back({value, key, std::move(*line)});
        if (rows.size() == limit) return rows;
      }
    }
  }
  derived::Indexes* const indexes =
      context.unique != nullptr ? &context.unique->indexes() : nullptr;
  TRY(find_child_rows(reference, tip, wanted, transaction.objects(),
                      context.manager.store().cache(), indexes, context.eval.cancelled,
                      [&](Bytes key, Bytes line, const std::string& value) -> Result<bool> {
                        if (view.overlay != nullptr && view.overlay->rows.contains(key))
                          return true;
                        memory_.add(value.size() + key.size() + line.size() + sizeof(ChildRow));
                        rows.push_back({value, std::string(key), std::string(line)});
                        return rows.size() < limit;
                      }));
  // What others brought since a private tree was made does not show through it.
  TRY(transaction.watch_rows(
      snapshot, view.overlay != nullptr && view.overlay->spilled && !view.overlay->truncated));
  return rows;
}

Result<void> ForeignKeyState::check_parents(ExecContext& context) {
  for (const auto& [number, needed] : std::exchange(needed_, {})) {
    const BoundReference& reference = *needed.reference;
    for (const auto& [value, line] : needed.lines) {
      TRY_ASSIGN(const bool found, find_parent(context, reference, value));
      if (found) continue;
      // The row that needed it may have gone again in the same statement.
      TRY_ASSIGN(const auto children, find_children(context, reference, {value}, 1));
      if (!children.empty()) return missing_parent(reference, children.front().line);
      if (context.cancelled())
        return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
    }
  }
  return {};
}

// NO ACTION and RESTRICT: children must not stand alone. With `unless_replaced`, another row of the
// parent may have taken the value.
Result<void> ForeignKeyState::refuse(ExecContext& context, const Gone& gone, bool unless_replaced) {
  std::set<std::string, std::less<>> wanted;
  for (const auto& [value, parent] : gone.parents) {
    bool replaced = false;
    if (unless_replaced) {
      TRY_ASSIGN(replaced, find_parent(context, *gone.reference, value));
    }
    if (!replaced) wanted.insert(value);
  }
  if (wanted.empty()) return {};
  TRY_ASSIGN(const auto children, find_children(context, *gone.reference, wanted, 1));
  if (children.empty()) return {};
  return still_referenced(*gone.reference, *gone.reference->parent,
                          gone.parents.find(children.front().value)->second.line);
}

namespace {

// What the columns of the foreign key become in a child, in the order of its own list.
Result<std::vector<type::Value>> new_values(ExecContext& context, const BoundReference& reference,
                                            ForeignAction action,
                                            const std::optional<std::string>& parent_line,
                                            const std::vector<expr::NodePtr>& defaults) {
  const catalog::ForeignKey& key = reference.key();
  std::vector<type::Value> parent_row;
  if (action == ForeignAction::kCascade) {
    TRY_ASSIGN(parent_row,
               row_values(*reference.parent, *parent_line, context.transaction.objects()));
  }
  std::vector<type::Value> values;
  for (size_t i = 0; i < key.columns.size(); ++i) {
    const catalog::ColumnDef& column = reference.child->columns[key.columns[i]];
    if (action == ForeignAction::kSetNull) {
      values.push_back(type::Value::null(column.type));
    } else if (action == ForeignAction::kSetDefault) {
      TRY_ASSIGN(type::Value value,
                 expr::evaluate_constant(*defaults[key.columns[i]], context.eval));
      values.push_back(std::move(value));
    } else {
      const uint16_t referenced = *reference.parent->find_column(key.referenced[i]);
      TRY_ASSIGN(type::Value value,
                 type::cast(parent_row[referenced], column.type, type::CastContext::kAssignment));
      values.push_back(std::move(value));
    }
  }
  return values;
}

}  // namespace

// CASCADE, SET NULL and SET DEFAULT: children follow their parents. True: the statement has to run
// again.
Result<bool> ForeignKeyState::act(ExecContext& context, const Gone& gone) {
  const BoundReference& reference = *gone.reference;
  const catalog::ForeignKey& key = reference.key();
  std::set<std::string, std::less<>> wanted;
  for (const auto& [value, parent] : gone.parents) wanted.insert(value);
  TRY_ASSIGN(const std::vector<ChildRow> children,
             find_children(context, reference, wanted, SIZE_MAX));
  if (children.empty()) return false;
  TRY_ASSIGN(const catalog::TableVersion child,
             context.transaction.get_table(reference.child->schema, reference.child->name));
  RowWriter writer(context, child);
  std::vector<expr::NodePtr> defaults;
  if (key.on_delete == ForeignAction::kSetDefault || key.on_update == ForeignAction::kSetDefault) {
    TRY_ASSIGN(defaults, plan::bind_defaults(*child.table));
  }
  for (const ChildRow& row : children) {
    const Parent& parent = gone.parents.find(row.value)->second;
    const ForeignAction action = parent.new_line ? key.on_update : key.on_delete;
    uint64_t rows = 0;
    WriteOutcome written = WriteOutcome::kWritten;
    if (action == ForeignAction::kCascade && !parent.new_line) {
      TRY_ASSIGN(written, writer.remove(row.key, row.line, rows));
    } else {
      TRY_ASSIGN(const auto values,
                 new_values(context, reference, action, parent.new_line, defaults));
      TRY_ASSIGN(written, writer.update(row.key, row.line, key.columns, values, rows));
    }
    if (written == WriteOutcome::kRestart) return true;
    if (context.cancelled())
      return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
  }
  return false;
}

// Takes out what the actions apply to.
ForeignKeyState::GoneKeys ForeignKeyState::take(GoneKeys& from,
                                                std::initializer_list<ForeignAction> actions) {
  GoneKeys taken;
  for (auto& [number, gone] : from) {
    const catalog::ForeignKey& key = gone.reference->key();
    for (auto parent = gone.parents.begin(); parent != gone.parents.end();) {
      const ForeignAction action = parent->second.new_line ? key.on_update : key.on_delete;
      if (std::find(actions.begin(), actions.end(), action) == actions.end()) {
        ++parent;
        continue;
      }
      Gone& to = taken[number];
      to.reference = gone.reference;
      to.parents.insert(gone.parents.extract(parent++));
    }
  }
  return taken;
}

Result<bool> ForeignKeyState::finish(ExecContext& context) {
  // Cascades bring others, until nothing more goes. They may take rows away that a NO ACTION key
  // would complain about, so it comes last.
  GoneKeys later;
  while (!gone_.empty()) {
    GoneKeys round = std::exchange(gone_, {});
    for (const auto& [number, gone] : take(round, {ForeignAction::kRestrict}))
      TRY(refuse(context, gone, false));
    const auto look_later = [&](const GoneKeys& keys) {
      for (const auto& [number, gone] : keys) {
        Gone& kept = later[number];
        kept.reference = gone.reference;
        for (const auto& [value, parent] : gone.parents)
          kept.parents.insert_or_assign(value, parent);
      }
    };
    look_later(take(round, {ForeignAction::kNoAction}));
    for (const auto& [number, gone] : round) {
      if (gone.parents.empty()) continue;
      TRY_ASSIGN(const bool restart, act(context, gone));
      if (restart) return true;
    }
    look_later(
        take(round, {ForeignAction::kSetDefault}));  // The default may be the very value that went.
  }
  for (const auto& [number, gone] : later) TRY(refuse(context, gone, true));
  TRY(check_parents(context));
  return false;
}

Result<void> check_truncate(const catalog::Catalog& catalog,
                            const std::vector<catalog::TableVersion>& tables) {
  for (const catalog::TableVersion& table : tables) {
    TRY_ASSIGN(const auto references,
               references_to(catalog, table.table->schema, table.table->name));
    for (const Reference& reference : references) {
      const auto is_child = [&](const catalog::TableVersion& other) {
        return other.table->schema == reference.child->schema &&
               other.table->name == reference.child->name;
      };
      if (std::any_of(tables.begin(), tables.end(), is_child)) continue;
      return Error(ErrorCode::kFeatureNotSupported,
                   "cannot truncate a table referenced in a foreign key constraint")
          .with_detail(fmt::format("Table \"{}\" references \"{}\".", reference.child->name,
                                   table.table->name))
          .with_hint(fmt::format("Truncate table \"{}\" at the same time.", reference.child->name));
    }
  }
  return {};
}

Result<void> check_all_references(ExecContext& context, const catalog::TableVersion& child,
                                  size_t index) {
  txn::Transaction& transaction = context.transaction;
  const catalog::ForeignKey& key = child.table->foreign_keys[index];
  TRY_ASSIGN(const catalog::TableVersion parent, transaction.get_table(key.schema, key.table));
  TRY_ASSIGN(const BoundReference reference, bind_reference({child.table, index}, parent.table));
  store::NodeCache& cache = context.manager.store().cache();
  std::set<std::string, std::less<>> present;
  CountedMemory memory;
  TRY(visit_rows(transaction, cache, parent, [&](Bytes, Bytes line) -> Result<bool> {
    TRY_ASSIGN(auto value, parent_value(reference, line, transaction.objects()));
    if (!value) return true;
    memory.add(value->size() + kMapNodeBytes);
    present.insert(std::move(*value));
    return true;
  }));
  uint64_t rows = 0;
  TRY(visit_rows(transaction, cache, child, [&](Bytes, Bytes line) -> Result<bool> {
    if (++rows % kCancelEveryRows == 0 && context.cancelled())
      return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
    TRY_ASSIGN(const auto value, child_value(reference, line, transaction.objects()));
    if (value && !present.contains(*value)) return missing_parent(reference, line);
    return true;
  }));
  TRY(transaction.watch_rows(parent, true));
  return transaction.watch_rows(child, true);
}

}  // namespace rowan::exec
