#include "exec/alter.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/foreign_types.h"
#include "catalog/expression_text.h"
#include "exec/constraints.h"
#include "exec/ddl.h"
#include "exec/definition.h"
#include "exec/dependents.h"
#include "exec/dml.h"
#include "plan/table_expressions.h"
#include "exec/foreign_keys.h"
#include "exec/rename.h"
#include "exec/table_check.h"
#include "exec/table_rewrite.h"
#include "plan/logical.h"
#include "sql/parser.h"
#include "type/cast.h"
#include "type/type_info.h"

namespace rowan::exec {

namespace {

using catalog::ColumnDef;
using catalog::TableDef;
using sql::AlterAction;
using sql::AlterKind;
using sql::ObjectKind;

constexpr size_t kAbsentBytesMax = 1024;  // A longer default is written into the rows.

// PostgreSQL's passes.
int pass_of(AlterKind kind) {
  switch (kind) {
    case AlterKind::kDropColumn:
    case AlterKind::kDropConstraint:
      return 0;
    case AlterKind::kSetType:
      return 1;
    case AlterKind::kAddColumn:
      return 2;
    case AlterKind::kAddKey:
      return 4;
    case AlterKind::kAddCheck:
    case AlterKind::kAddForeignKey:
      return 5;
    default:
      return 3;
  }
}

// Whether every value of `from` has the same text in a line, and the same key, as a value of `to`.
bool keeps_text(type::Type from, type::Type to, bool in_key) {
  using type::TypeId;
  if (from == to) return true;
  if (type::is_integer(from.id) && type::is_integer(to.id))
    return type::type_info(from.id).length < type::type_info(to.id).length;
  if (type::is_integer(from.id)) return to.id == TypeId::kNumeric && to.modifier < 0 && !in_key;
  if (from.id == TypeId::kNumeric && to.id == TypeId::kNumeric) {
    if (to.modifier < 0) return true;
    return from.modifier >= 0 && from.numeric_scale() == to.numeric_scale() &&
           from.numeric_precision() <= to.numeric_precision();
  }
  if (!type::is_text(from.id) || !type::is_text(to.id)) return false;
  if (to.id == TypeId::kChar && from.id != TypeId::kChar) return false;  // Loses its blanks.
  return to.modifier < 0 || (from.modifier >= 0 && from.modifier <= to.modifier);
}

void add_line(std::string& text, const std::string& line) {
  if (!line.empty()) text += (text.empty() ? "" : "\n") + line;
}

// One ALTER TABLE of actions that go together; those that rename stand alone.
class Alteration {
 public:
  Alteration(ExecContext& context, catalog::TableVersion before)
      : context_(context),
        before_(std::move(before)),
        table_(*before_.table),
        taken_(names_taken(context, table_.schema, table_.name)) {
    for (size_t i = 0; i < table_.columns.size(); ++i)
      sources_.push_back({static_cast<int>(i), nullptr});
  }

  Result<void> apply(const AlterAction& action);
  Result<std::string> finish();

 private:
  Result<uint16_t> column(const AlterAction& action) const;
  Error identity_column(const ColumnDef& column) const {
    return Error(ErrorCode::kSyntaxError,
                 fmt::format("column \"{}\" of relation \"{}\" is an identity column", column.name,
                             table_.name));
  }
  Error not_in_state(const ColumnDef& column, std::string_view what) const {
    return Error(ErrorCode::kObjectNotInState, fmt::format("column \"{}\" of relation \"{}\" {}",
                                                           column.name, table_.name, what));
  }

  Result<void> add_column(const AlterAction& action);
  Result<void> fill_column(const sql::ColumnClause& clause, ColumnDef& column,
                           ColumnSource& source);
  Result<void> add_column_constraints(const sql::ColumnClause& clause);
  Result<void> drop_column(const AlterAction& action);
  Result<void> drop_dependents(const ColumnDef& column, bool cascade);
  void forget_column(uint16_t index);
  Result<void> set_type(const AlterAction& action);
  Result<void> retype_default(ColumnDef& column, type::Type to) const;
  Result<void> check_retyped();
  Result<void> set_default(const AlterAction& action);
  Result<void> drop_default(const AlterAction& action);
  Result<void> set_not_null(const AlterAction& action);
  Result<void> drop_not_null(const AlterAction& action);
  Result<void> add_identity(const AlterAction& action);
  Result<void> drop_identity(const AlterAction& action);
  Result<void> set_merge_rule(const AlterAction& action);
  Result<void> add_key(const sql::KeyClause& key);
  Result<void> add_check(const sql::CheckClause& check);
  Result<void> add_foreign_key(const sql::ForeignKeyClause& key);
  Result<void> drop_constraint(const AlterAction& action);
  Result<bool> must_rewrite();
  Result<void> validate(const catalog::TableVersion& after);

  ExecContext& context_;
  const catalog::TableVersion before_;
  TableDef table_;  // As it becomes.
  const catalog::NameTaken taken_;
  std::vector<ColumnSource> sources_;  // One a column of table_, over the columns of before_.
  bool rewrite_ = false;
  bool retyped_ = false;
  std::vector<std::string>
      no_nulls_;  // What the rows are to be checked for: columns, and names of constraints.
  std::vector<std::string> checks_;
  std::vector<std::string> unique_;
  std::vector<std::string> foreign_keys_;
  std::vector<std::pair<uint16_t, std::string>>
      trimmed_slots_;  // Dropped slots whose ABSENT value was not NULL.
  std::vector<catalog::ObjectName> dropped_sequences_;
  bool cascade_ = false;
  bool key_lost_ = false;
  std::string lost_what_, lost_on_;
  std::string notice_;
};

Result<uint16_t> Alteration::column(const AlterAction& action) const {
  const auto found = table_.find_column(action.name);
  if (found) return *found;
  return Error(ErrorCode::kUndefinedColumn,
               fmt::format("column \"{}\" of relation \"{}\" does not exist", action.name,
                           table_.name))
      .at(action.position);
}

Result<void> Alteration::apply(const AlterAction& action) {
  switch (action.kind) {
    case AlterKind::kAddColumn:
      return add_column(action);
    case AlterKind::kDropColumn:
      return drop_column(action);
    case AlterKind::kSetType:
      return set_type(action);
    case AlterKind::kSetDefault:
      return set_default(action);
    case AlterKind::kDropDefault:
      return drop_default(action);
    case AlterKind::kSetNotNull:
      return set_not_null(action);
    case AlterKind::kDropNotNull:
      return drop_not_null(action);
    case AlterKind::kAddKey:
      return add_key(action.key);
    case AlterKind::kAddCheck:
      return add_check(action.check);
    case AlterKind::kAddForeignKey:
      return add_foreign_key(action.foreign_key);
    case AlterKind::kDropConstraint:
      return drop_constraint(action);
    case AlterKind::kAddIdentity:
      return add_identity(action);
    case AlterKind::kDropIdentity:
      return drop_identity(action);
    case AlterKind::kSetMergeRule:
      return set_merge_rule(action);
    default:
      return Error(ErrorCode::kInternal,
                   "an action of ALTER TABLE that stands alone came with others");
  }
}

// ---- Columns ----

Result<void> Alteration::add_column(const AlterAction& action) {
  const sql::ColumnClause& clause = action.column;
  if (table_.find_column(clause.name)) {
    const std::string message =
        fmt::format("column \"{}\" of relation \"{}\" already exists", clause.name, table_.name);
    if (!action.if_exists) return Error(ErrorCode::kDuplicateColumn, message).at(action.position);
    add_line(notice_, message + ", skipping");
    return {};
  }
  TRY(catalog::add_column_clause(table_, clause, name_scope(context_), taken_));
  TRY(require_merge_rule(table_, table_.columns.back()));
  ColumnSource source;
  TRY(fill_column(clause, table_.columns.back(), source));
  sources_.push_back(std::move(source));
  return add_column_constraints(clause);
}

// What rows that are there have in the new column.
Result<void> Alteration::fill_column(const sql::ColumnClause& clause, ColumnDef& column,
                                     ColumnSource& source) {
  const bool owns_sequence =
      catalog::is_serial(clause.type) || clause.identity != sql::IdentityKind::kNone;
  if (owns_sequence) TRY(create_owned_sequence(table_, clause, context_));
  if (clause.absent !=
      nullptr) {  // Written by hand, for tables that are put together from stored texts.
    source.value = expr::make_constant(column.absent);
    return {};
  }
  if (column.default_sql.empty() && column.identity == sql::IdentityKind::kNone) {
    source.value = expr::make_constant(type::Value::null(column.type));
    return {};
  }
  const std::string text = column.identity == sql::IdentityKind::kNone
                               ? column.default_sql
                               : "nextval(" + sql::quote_literal(column.sequence) + ")";
  if (clause.default_value != nullptr) {
    TRY(plan::bind_default(*clause.default_value,
                     column));  // Its errors have positions in the statement.
    TRY(require_sequences(column.default_sql, context_));
  }
  TRY_ASSIGN(const sql::ParsedExpression parsed, sql::parse_expression(text));
  TRY_ASSIGN(source.value, plan::bind_default(*parsed.expr, column));
  if (owns_sequence || plan::is_volatile(*source.value)) {
    rewrite_ = true;
    return {};
  }
  TRY_ASSIGN(type::Value value, expr::evaluate_constant(*source.value, context_.eval));
  if (!value.is_null() && type::physical(column.type.id) == type::Physical::kString &&
      value.as_string().size() > kAbsentBytesMax) {
    rewrite_ = true;
  } else {
    column.absent = value;  // So no row is rewritten.
  }
  source.value = expr::make_constant(std::move(value));
  return {};
}

Result<void> Alteration::add_column_constraints(const sql::ColumnClause& clause) {
  const ColumnDef& column = table_.columns.back();
  const bool is_null = sources_.back().value->kind == expr::NodeKind::kConstant &&
                       sources_.back().value->constant.is_null();
  if (column.not_null && is_null) no_nulls_.push_back(column.name);
  const sql::List<std::string_view> one{const_cast<std::string_view*>(&clause.name), 1};
  if (clause.primary_key)
    TRY(add_key(
        {clause.unique ? std::string_view() : clause.key_name, true, one, clause.position}));
  if (clause.unique) TRY(add_key({clause.key_name, false, one, clause.position}));
  for (const sql::CheckClause& check : clause.checks) TRY(add_check(check));
  if (clause.references != nullptr) TRY(add_foreign_key(*clause.references));
  return {};
}

Result<void> Alteration::drop_column(const AlterAction& action) {
  const auto found = table_.find_column(action.name);
  if (!found) {
    const std::string message =
        fmt::format("column \"{}\" of relation \"{}\" does not exist", action.name, table_.name);
    if (!action.if_exists) return Error(ErrorCode::kUndefinedColumn, message).at(action.position);
    add_line(notice_, message + ", skipping");
    return {};
  }
  const ColumnDef dropped = table_.columns[*found];
  TRY(drop_dependents(dropped, action.cascade));
  TRY_ASSIGN(const auto owned,
             sequences_owned_by(context_.transaction.catalog(), table_.schema, table_.name));
  for (const catalog::SequenceDef& sequence : owned) {
    if (sequence.owner_column == dropped.name)
      dropped_sequences_.push_back({sequence.schema, sequence.name});
  }
  cascade_ = cascade_ || action.cascade;
  forget_column(*found);
  table_.dropped.push_back({dropped.slot, dropped.id});
  if (!dropped.absent.is_null()) trimmed_slots_.emplace_back(dropped.slot, dropped.name);
  return {};
}

// Views and other tables' foreign keys that use the column.
Result<void> Alteration::drop_dependents(const ColumnDef& column, bool cascade) {
  const std::string what =
      fmt::format("column {} of table {}", sql::quote_ident(column.name), table_.qualified_name());
  TRY_ASSIGN(const auto views, views_reading(context_.transaction.catalog(), table_.schema,
                                             table_.name, column.name));
  TRY_ASSIGN(std::vector<Reference> keys,
             references_to(context_.transaction.catalog(), table_.schema, table_.name));
  std::erase_if(keys, [&](const Reference& reference) {
    const auto& names = reference.key().referenced;
    const bool own =
        reference.child->schema == table_.schema && reference.child->name == table_.name;
    return own || std::find(names.begin(), names.end(), column.name) == names.end();
  });
  std::string detail;
  const auto kind_of = [](const catalog::ViewDef& view) {
    return view.materialized() ? ObjectKind::kMaterializedView : ObjectKind::kView;
  };
  for (const auto& view : views) {
    add_line(detail, fmt::format("{} {} depends on {}", sql::object_word(kind_of(*view)),
                                 shown_name(view->schema, view->name), what));
  }
  for (const Reference& key : keys)
    add_line(detail,
             fmt::format("{} depends on {}", constraint_words(key.key().name, *key.child), what));
  if (!detail.empty() && !cascade) {
    return Error(ErrorCode::kDependentObjects,
                 fmt::format("cannot drop {} because other objects depend on it", what))
        .with_detail(std::move(detail))
        .with_hint("Use DROP ... CASCADE to drop the dependent objects too.");
  }
  DropPlan plan(context_);
  for (const auto& view : views) {
    plan.add(view->schema, view->name, kind_of(*view));
    add_line(notice_, fmt::format("drop cascades to {} {}", sql::object_word(kind_of(*view)),
                                  shown_name(view->schema, view->name)));
  }
  if (!views.empty()) {
    TRY(plan.close(true));
    TRY_ASSIGN(const std::string more, plan.run());
    add_line(notice_, more);
  }
  for (const Reference& key : keys) {
    TRY_ASSIGN(const catalog::TableVersion version,
               context_.transaction.get_table(key.child->schema, key.child->name));
    TableDef child = *version.table;
    std::erase_if(child.foreign_keys,
                  [&](const catalog::ForeignKey& each) { return each.name == key.key().name; });
    TRY(put_table(child, context_));
    add_line(notice_, "drop cascades to " + constraint_words(key.key().name, child));
  }
  return {};
}

// The column and what is made of it goes; the others move up.
void Alteration::forget_column(uint16_t index) {
  const std::string name = table_.columns[index].name;
  const auto names_it = [&](const std::vector<uint16_t>& columns) {
    return std::find(columns.begin(), columns.end(), index) != columns.end();
  };
  if (names_it(table_.primary_key)) {
    table_.primary_key.clear();
    table_.primary_key_name.clear();
    rewrite_ = true;
  }
  const auto constraints =
      table_.unique_keys.begin() + static_cast<ptrdiff_t>(table_.unique_constraints);
  table_.unique_constraints -= static_cast<size_t>(
      std::count_if(table_.unique_keys.begin(), constraints,
                    [&](const catalog::UniqueKey& key) { return names_it(key.columns); }));
  std::erase_if(table_.unique_keys,
                [&](const catalog::UniqueKey& key) { return names_it(key.columns); });
  std::erase_if(table_.foreign_keys, [&](const catalog::ForeignKey& key) {
    const bool own = key.schema == table_.schema && key.table == table_.name;
    return names_it(key.columns) || (own && std::find(key.referenced.begin(), key.referenced.end(),
                                                      name) != key.referenced.end());
  });
  std::erase_if(table_.indexes, [&](const catalog::IndexDef& each) {
    return std::any_of(
        each.columns.begin(), each.columns.end(),
        [&](const catalog::IndexColumnDef& column) { return column.column == index; });
  });
  std::erase_if(table_.checks, [&](const catalog::CheckConstraint& check) {
    const auto columns = catalog::columns_of(check.expression_sql);
    return columns && std::find(columns->begin(), columns->end(), name) != columns->end();
  });
  const auto move_up = [index](uint16_t& column) {
    column = static_cast<uint16_t>(column > index ? column - 1 : column);
  };
  for (uint16_t& column : table_.primary_key) move_up(column);
  for (catalog::UniqueKey& key : table_.unique_keys)
    std::for_each(key.columns.begin(), key.columns.end(), move_up);
  for (catalog::ForeignKey& key : table_.foreign_keys)
    std::for_each(key.columns.begin(), key.columns.end(), move_up);
  for (catalog::IndexDef& each : table_.indexes) {
    for (catalog::IndexColumnDef& column : each.columns) move_up(column.column);
  }
  table_.columns.erase(table_.columns.begin() + index);
  sources_.erase(sources_.begin() + index);
}

// ---- Types ----

Result<void> Alteration::set_type(const AlterAction& action) {
  TRY_ASSIGN(const uint16_t index, column(action));
  ColumnDef& changed = table_.columns[index];
  if (catalog::is_serial(action.type)) {
    return Error(ErrorCode::kUndefinedObject,
                 fmt::format("type \"{}\" does not exist", action.type.name))
        .at(action.type.position);
  }
  TRY_ASSIGN(const type::Type to, catalog::column_type(action.type));
  TRY_ASSIGN(const auto views, views_reading(context_.transaction.catalog(), table_.schema,
                                             table_.name, changed.name));
  if (!views.empty()) {
    return Error(ErrorCode::kFeatureNotSupported,
                 "cannot alter type of a column used by a view or rule")
        .with_detail(fmt::format("rule _RETURN on {} {} depends on column \"{}\"",
                                 views.front()->materialized() ? "materialized view" : "view",
                                 shown_name(views.front()->schema, views.front()->name),
                                 changed.name));
  }
  if (changed.identity != sql::IdentityKind::kNone && !type::is_integer(to.id)) {
    return Error(ErrorCode::kInvalidParameterValue,
                 "identity column type must be smallint, integer, or bigint")
        .at(action.type.position);
  }
  ColumnDef retyped = changed;
  retyped.type = to;
  TRY(require_merge_rule(table_, retyped));
  const auto uses = [index](const std::vector<uint16_t>& key) {
    return std::find(key.begin(), key.end(), index) != key.end();
  };
  const bool in_primary = uses(table_.primary_key);
  const bool in_key =
      in_primary ||
      std::any_of(table_.unique_keys.begin(), table_.unique_keys.end(),
                  [&](const auto& key) { return uses(key.columns); }) ||
      std::any_of(table_.indexes.begin(), table_.indexes.end(), [&](const catalog::IndexDef& each) {
        return std::any_of(each.columns.begin(), each.columns.end(),
                           [&](const auto& c) { return c.column == index; });
      });
  if (in_key) TRY(catalog::check_key_type(to, action.type.position));
  const auto from = static_cast<uint16_t>(sources_[index].from);  // Types come before new columns.
  ColumnSource source;
  if (action.value != nullptr) {
    TRY_ASSIGN(source.value, bind_transform(*action.value, *before_.table, changed.name, to));
  } else {
    TRY_ASSIGN(source.value, bind_column_cast(*before_.table, from, to));
  }
  TRY(retype_default(changed, to));
  if (action.value == nullptr && keeps_text(changed.type, to, in_primary)) {
    TRY_ASSIGN(changed.absent, changed.absent.is_null()
                                   ? type::Value::null(to)
                                   : type::cast(changed.absent, to, type::CastContext::kExplicit));
  } else {
    rewrite_ = true;
    // Rows of other branches that end before the column still mean what ADD COLUMN filled in.
    auto absent = type::Value::null(to);
    if (action.value == nullptr && !changed.absent.is_null()) {
      auto cast = type::cast(changed.absent, to, type::CastContext::kExplicit);
      if (cast) absent = std::move(*cast);
    }
    changed.absent = std::move(absent);
    for (size_t i = 0; i < table_.unique_keys.size();
         ++i) {  // Values that were different may have become equal.
      if (uses(table_.unique_keys[i].columns)) unique_.push_back(table_.unique_keys[i].name);
    }
    for (const catalog::CheckConstraint& check : table_.checks) {
      TRY_ASSIGN(const auto columns, catalog::columns_of(check.expression_sql));
      if (std::find(columns.begin(), columns.end(), changed.name) != columns.end())
        checks_.push_back(check.name);
    }
    for (const catalog::ForeignKey& key : table_.foreign_keys) {
      if (uses(key.columns)) foreign_keys_.push_back(key.name);
    }
    if (changed.not_null) no_nulls_.push_back(changed.name);
  }
  if (changed.identity != sql::IdentityKind::kNone && changed.type.id != to.id) {
    TRY_ASSIGN(const catalog::ObjectName name,
               catalog::parse_name(changed.sequence, table_.schema));
    TRY_ASSIGN(const auto sequence,
               context_.transaction.catalog().find_sequence(name.schema, name.name));
    if (sequence) {
      sql::SequenceOptions options;
      options.has_type = true;
      options.type.name = to.id == type::TypeId::kInt2   ? "smallint"
                          : to.id == type::TypeId::kInt4 ? "integer"
                                                         : "bigint";
      TRY_ASSIGN(const catalog::SequenceDef retyped,
                 catalog::sequence_from_options(options, *sequence));
      TRY(put_sequence(retyped, context_));
    }
  }
  changed.type = to;
  sources_[index] = std::move(source);
  retyped_ = true;
  return {};
}

Result<void> Alteration::retype_default(ColumnDef& column, type::Type to) const {
  if (column.default_sql.empty()) return {};
  TRY_ASSIGN(const sql::ParsedExpression parsed, sql::parse_expression(column.default_sql));
  if (!type::can_cast(column.type.id, to.id, type::CastContext::kAssignment)) {
    return Error(ErrorCode::kDatatypeMismatch,
                 fmt::format("default for column \"{}\" cannot be cast automatically to type {}",
                             column.name, type::type_name(to)));
  }
  ColumnDef as = column;
  as.type = to;
  auto bound = plan::bind_default(*parsed.expr, as);
  if (!bound) return std::move(bound.error()).at(0);
  return {};
}

// Constraints on both sides still make sense with the new types.
Result<void> Alteration::check_retyped() {
  TRY(require_checks(table_));
  for (catalog::ForeignKey& key : table_.foreign_keys)
    TRY(resolve_foreign_key(table_, key, 0, context_));
  TRY_ASSIGN(const std::vector<Reference> keys,
             references_to(context_.transaction.catalog(), table_.schema, table_.name));
  for (const Reference& reference : keys) {
    if (reference.child->schema == table_.schema && reference.child->name == table_.name) continue;
    for (size_t i = 0; i < reference.key().columns.size(); ++i) {
      const ColumnDef& child = reference.child->columns[reference.key().columns[i]];
      const auto parent = table_.find_column(reference.key().referenced[i]);
      if (!parent) continue;
      if (!catalog::foreign_key_types_match(child.type, table_.columns[*parent].type)) {
        return Error(ErrorCode::kDatatypeMismatch,
                     fmt::format("foreign key constraint \"{}\" cannot be implemented",
                                 reference.key().name))
            .with_detail(
                fmt::format("Key columns \"{}\" and \"{}\" are of incompatible types: {} and {}.",
                            child.name, table_.columns[*parent].name, type::type_name(child.type),
                            type::type_name(table_.columns[*parent].type)));
      }
    }
  }
  return {};
}

// ---- Properties of columns ----

Result<void> Alteration::set_default(const AlterAction& action) {
  TRY_ASSIGN(const uint16_t index, column(action));
  ColumnDef& changed = table_.columns[index];
  if (changed.identity != sql::IdentityKind::kNone) return identity_column(changed);
  TRY(plan::bind_default(*action.value, changed));
  TRY_ASSIGN(changed.default_sql, catalog::default_text(*action.value, table_, name_scope(context_)));
  TRY(require_sequences(changed.default_sql, context_));
  changed.sequence = catalog::sequence_of_default(changed.default_sql);
  return {};
}

Result<void> Alteration::drop_default(const AlterAction& action) {
  TRY_ASSIGN(const uint16_t index, column(action));
  ColumnDef& changed = table_.columns[index];
  if (changed.identity != sql::IdentityKind::kNone) {
    return identity_column(changed).with_hint(
        "Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.");
  }
  changed.default_sql.clear();
  changed.sequence.clear();
  return {};
}

Result<void> Alteration::set_not_null(const AlterAction& action) {
  TRY_ASSIGN(const uint16_t index, column(action));
  if (table_.columns[index].not_null) return {};
  table_.columns[index].not_null = true;
  no_nulls_.push_back(table_.columns[index].name);
  return {};
}

Result<void> Alteration::drop_not_null(const AlterAction& action) {
  TRY_ASSIGN(const uint16_t index, column(action));
  ColumnDef& changed = table_.columns[index];
  if (changed.identity != sql::IdentityKind::kNone) return identity_column(changed);
  if (std::find(table_.primary_key.begin(), table_.primary_key.end(), index) !=
      table_.primary_key.end()) {
    return Error(ErrorCode::kInvalidTableDefinition,
                 fmt::format("column \"{}\" is in a primary key", changed.name))
        .at(action.position);
  }
  changed.not_null = false;
  return {};
}

Result<void> Alteration::add_identity(const AlterAction& action) {
  TRY_ASSIGN(const uint16_t index, column(action));
  ColumnDef& changed = table_.columns[index];
  if (!changed.not_null)
    return not_in_state(changed, "must be declared NOT NULL before identity can be added");
  if (changed.identity != sql::IdentityKind::kNone)
    return not_in_state(changed, "is already an identity column");
  if (!changed.default_sql.empty()) return not_in_state(changed, "already has a default value");
  if (!type::is_integer(changed.type.id)) {
    return Error(ErrorCode::kInvalidParameterValue,
                 "identity column type must be smallint, integer, or bigint")
        .at(action.position);
  }
  changed.identity = action.column.identity;
  const sql::SequenceOptions* options = action.column.identity_options;
  if (options != nullptr && !options->sequence_name.name.empty()) {
    const sql::QualifiedName& name = options->sequence_name;
    changed.sequence = catalog::qualified(
        name.schema.empty() ? std::string_view(table_.schema) : name.schema, name.name);
  } else {
    changed.sequence = catalog::qualified(
        table_.schema, catalog::default_sequence_name(table_, changed.name, taken_));
  }
  sql::ColumnClause clause = action.column;
  clause.name = changed.name;
  return create_owned_sequence(table_, clause, context_);
}

Result<void> Alteration::drop_identity(const AlterAction& action) {
  TRY_ASSIGN(const uint16_t index, column(action));
  ColumnDef& changed = table_.columns[index];
  if (changed.identity == sql::IdentityKind::kNone) {
    Error error = not_in_state(changed, "is not an identity column");
    if (!action.if_exists) return error;
    add_line(notice_, error.message() + ", skipping");
    return {};
  }
  TRY_ASSIGN(const catalog::ObjectName name, catalog::parse_name(changed.sequence, table_.schema));
  dropped_sequences_.push_back(name);
  changed.identity = sql::IdentityKind::kNone;
  changed.sequence.clear();
  return {};
}

Result<void> Alteration::set_merge_rule(const AlterAction& action) {
  catalog::MergeRule rule = catalog::MergeRule::kNone;
  if (!action.new_name.empty()) {
    const auto found = catalog::find_merge_rule(action.new_name);
    if (!found) {
      return Error(ErrorCode::kUndefinedObject,
                   fmt::format("merge rule \"{}\" does not exist", action.new_name))
          .with_hint("There are sum, max, min, union, newest and conflict.")
          .at(action.position);
    }
    rule = *found;
  }
  if (action.name.empty()) {
    table_.merge_rule = rule;
    return require_merge_rule(table_);
  }
  TRY_ASSIGN(const uint16_t index, column(action));
  table_.columns[index].merge_rule = rule;
  return require_merge_rule(table_, table_.columns[index]);
}

// ---- Constraints ----

Result<void> Alteration::add_key(const sql::KeyClause& key) {
  TRY(catalog::add_key_clause(table_, key, taken_));
  if (key.primary) {
    rewrite_ = true;  // Its rows are keyed anew.
    for (const uint16_t index : table_.primary_key) no_nulls_.push_back(table_.columns[index].name);
  } else {
    unique_.push_back(table_.unique_keys[table_.unique_constraints - 1].name);
  }
  return {};
}

Result<void> Alteration::add_check(const sql::CheckClause& check) {
  TRY(plan::bind_check(table_, *check.expr));  // Its errors have positions in the statement.
  TRY(catalog::add_check_clause(table_, check));
  checks_.push_back(table_.checks.back().name);
  return {};
}

Result<void> Alteration::add_foreign_key(const sql::ForeignKeyClause& key) {
  TRY(catalog::add_foreign_key_clause(table_, key, name_scope(context_)));
  catalog::finish_table(table_);  // Its own unique indexes are keys too.
  TRY(resolve_foreign_key(table_, table_.foreign_keys.back(), key.position, context_));
  foreign_keys_.push_back(table_.foreign_keys.back().name);
  return {};
}

Result<void> Alteration::drop_constraint(const AlterAction& action) {
  const std::string name(action.name);
  cascade_ = cascade_ || action.cascade;
  const auto named = [&](const auto& each) { return each.name == name; };
  const auto lose_key = [&] {
    key_lost_ = true;
    lost_what_ = constraint_words(name, table_);
    lost_on_ = "index " + shown_name(table_.schema, name);
  };
  if (!table_.primary_key.empty() && table_.primary_key_name == name) {
    table_.primary_key.clear();
    table_.primary_key_name.clear();
    rewrite_ = true;
    lose_key();
    return {};
  }
  for (size_t i = 0; i < table_.unique_constraints; ++i) {
    if (table_.unique_keys[i].name != name) continue;
    table_.unique_keys.erase(table_.unique_keys.begin() + static_cast<ptrdiff_t>(i));
    --table_.unique_constraints;
    lose_key();
    return {};
  }
  if (std::erase_if(table_.checks, named) + std::erase_if(table_.foreign_keys, named) > 0)
    return {};
  const std::string message =
      fmt::format("constraint \"{}\" of relation \"{}\" does not exist", name, table_.name);
  if (!action.if_exists) return Error(ErrorCode::kUndefinedObject, message).at(action.position);
  add_line(notice_, message + ", skipping");
  return {};
}

// ---- The end ----

// Lines end at the last value that differs from its slot's ABSENT; a dropped slot's is NULL, so a
// NULL that had to be written is now one too many.
Result<bool> Alteration::must_rewrite() {
  if (!rewrite_ && trimmed_slots_.empty()) return false;
  TRY_ASSIGN(const txn::TableView view, context_.transaction.view(before_));
  if (view.version.rows.is_zero() && view.overlay == nullptr) return false;
  if (rewrite_) return true;
  bool found = false;
  TRY(visit_rows(context_.transaction, context_.manager.store().cache(), before_,
                 [&](Bytes, Bytes line) -> Result<bool> {
                   std::vector<Bytes> elements;
                   uint64_t count = 0;
                   TRY(type::split_line(before_.table->layout, line, elements, count));
                   for (const auto& [slot, name] : trimmed_slots_)
                     found = found || (elements.size() == slot + 1u && elements[slot] == "null");
                   return !found;
                 }));
  return found;
}

Result<void> Alteration::validate(const catalog::TableVersion& after) {
  const TableDef& table = *after.table;
  for (const std::string& name : no_nulls_) {
    if (const auto index = table.find_column(name))
      TRY(check_all_not_null(context_, after, *index));
  }
  if (!checks_.empty()) {
    auto wanted = std::make_shared<TableDef>(table);
    std::erase_if(wanted->checks, [this](const catalog::CheckConstraint& check) {
      return std::find(checks_.begin(), checks_.end(), check.name) == checks_.end();
    });
    TRY_ASSIGN(const auto bound, RowChecks::bind(wanted));
    TRY(check_all_rows(context_, after, *bound));
  }
  for (const catalog::UniqueKey& key : table.unique_keys) {
    if (std::find(unique_.begin(), unique_.end(), key.name) != unique_.end())
      TRY(check_unique(context_, after, key.name, key.columns));
  }
  for (size_t i = 0; i < table.foreign_keys.size(); ++i) {
    if (std::find(foreign_keys_.begin(), foreign_keys_.end(), table.foreign_keys[i].name) ==
        foreign_keys_.end())
      continue;
    TRY(check_all_references(context_, after, i));
  }
  return {};
}

Result<std::string> Alteration::finish() {
  catalog::finish_table(table_);
  TRY(require_rules_at_work(table_, before_.table.get()));
  if (retyped_) TRY(check_retyped());
  TRY_ASSIGN(const bool rewrite, must_rewrite());
  if (rewrite) {  // Sources that only changed a name of a type are copied as they are.
    for (size_t i = 0; i < sources_.size(); ++i) {
      if (sources_[i].from < 0 && sources_[i].value == nullptr)
        sources_[i].value = expr::make_constant(type::Value::null(table_.columns[i].type));
    }
  }
  if (key_lost_) {
    TRY_ASSIGN(const std::string cascaded,
               drop_keys_without_key(table_, lost_what_, lost_on_, cascade_, context_));
    add_line(notice_, cascaded);
  } else {
    TRY(put_table(table_, context_));
  }
  TRY_ASSIGN(catalog::TableVersion after,
             context_.transaction.get_table(table_.schema, table_.name));
  if (rewrite) TRY(rewrite_table(context_, before_, after, sources_));
  TRY(validate(after));
  if (!dropped_sequences_.empty()) {
    DropPlan plan(context_);
    for (const catalog::ObjectName& name : dropped_sequences_)
      plan.add(name.schema, name.name, ObjectKind::kSequence);
    TRY(plan.close(cascade_));
    TRY_ASSIGN(const std::string cascaded, plan.run());
    add_line(notice_, cascaded);
  }
  return std::move(notice_);
}

// ---- What stands alone ----

Result<void> rename_constraint(const AlterAction& action, const catalog::TableVersion& version,
                               ExecContext& context) {
  TableDef table = *version.table;
  const std::string from(action.name);
  const std::string to(action.new_name);
  if (!catalog::constraint_exists(table, from)) {
    return Error(ErrorCode::kUndefinedObject,
                 fmt::format("constraint \"{}\" for table \"{}\" does not exist", from, table.name))
        .at(action.position);
  }
  const bool is_primary = !table.primary_key.empty() && table.primary_key_name == from;
  const auto constraints =
      table.unique_keys.begin() + static_cast<ptrdiff_t>(table.unique_constraints);
  const auto unique = std::find_if(table.unique_keys.begin(), constraints,
                                   [&](const catalog::UniqueKey& key) { return key.name == from; });
  if (is_primary || unique != constraints) TRY(require_free_name(table.schema, to, 0, context));
  if (catalog::constraint_exists(table, to)) {
    return Error(
               ErrorCode::kDuplicateObject,
               fmt::format("constraint \"{}\" for relation \"{}\" already exists", to, table.name))
        .at(action.position);
  }
  if (is_primary) table.primary_key_name = to;
  if (unique != constraints) unique->name = to;
  for (catalog::CheckConstraint& check : table.checks) {
    if (check.name == from) check.name = to;
  }
  for (catalog::ForeignKey& key : table.foreign_keys) {
    if (key.name == from) key.name = to;
  }
  return put_table(table, context);
}

Result<void> run_rename_column(const AlterAction& action, const catalog::TableVersion& version,
                               ExecContext& context) {
  const TableDef& table = *version.table;
  if (!table.find_column(action.name)) {
    return Error(ErrorCode::kUndefinedColumn,
                 fmt::format("column \"{}\" does not exist", action.name))
        .at(action.position);
  }
  if (action.name == action.new_name || table.find_column(action.new_name)) {
    return Error(ErrorCode::kDuplicateColumn,
                 fmt::format("column \"{}\" of relation \"{}\" already exists", action.new_name,
                             table.name))
        .at(action.position);
  }
  return rename_column(version, action.name, action.new_name, context);
}

// The names of its indexes must be free where it goes, too.
Result<void> set_schema(const AlterAction& action, const catalog::TableVersion& version,
                        ExecContext& context) {
  const TableDef& table = *version.table;
  const std::string to(action.new_name);
  TRY(require_schema(to, action.position, context));
  if (to == table.schema) return {};
  TRY(require_free_name(to, table.name, action.position, context));
  if (!table.primary_key.empty())
    TRY(require_free_name(to, table.primary_key_name, action.position, context));
  for (const catalog::UniqueKey& key : table.unique_keys)
    TRY(require_free_name(to, key.name, action.position, context));
  for (const catalog::IndexDef& index : table.indexes) {
    if (!index.unique) TRY(require_free_name(to, index.name, action.position, context));
  }
  TRY_ASSIGN(const auto owned,
             sequences_owned_by(context.transaction.catalog(), table.schema, table.name));
  for (const catalog::SequenceDef& sequence : owned) {
    if (sequence.schema != to)
      TRY(require_free_name(to, sequence.name, action.position, context));
  }
  return rename_table(version, {to, table.name}, context);
}

bool stands_alone(AlterKind kind) {
  return kind == AlterKind::kRenameColumn || kind == AlterKind::kRenameConstraint ||
         kind == AlterKind::kRenameTable || kind == AlterKind::kSetSchema;
}

Result<void> run_alone(const AlterAction& action, const catalog::TableVersion& version,
                       ExecContext& context) {
  switch (action.kind) {
    case AlterKind::kRenameColumn:
      return run_rename_column(action, version, context);
    case AlterKind::kRenameConstraint:
      return rename_constraint(action, version, context);
    case AlterKind::kSetSchema:
      return set_schema(action, version, context);
    default:
      break;
  }
  TRY(require_free_name(version.table->schema, action.new_name, 0, context));
  return rename_table(version, {version.table->schema, std::string(action.new_name)}, context);
}

// ALTER TABLE also renames views and sequences.
Result<std::optional<std::string>> rename_other(const sql::AlterTableStmt& statement,
                                                ObjectKind kind, ExecContext& context) {
  if (statement.actions.size() != 1 || statement.actions[0].kind != AlterKind::kRenameTable)
    return std::optional<std::string>();
  sql::RenameStmt rename{};
  rename.kind = sql::StatementKind::kRename;
  rename.name = statement.table;
  rename.new_name = statement.actions[0].new_name;
  if (kind == ObjectKind::kNone || kind == ObjectKind::kTable) return std::optional<std::string>();
  rename.object = kind;
  TRY_ASSIGN(std::string notice, run_rename(rename, context));
  return std::optional<std::string>(std::move(notice));
}

}  // namespace

Result<std::string> run_alter_table(const sql::AlterTableStmt& statement, ExecContext& context) {
  TRY_ASSIGN(const RelationName name, relation_name(statement.table, context));
  TRY_ASSIGN(const ObjectKind kind,
             context.transaction.catalog().find_relation(name.schema, name.name));
  if (kind == ObjectKind::kNone && statement.if_exists)
    return fmt::format("relation \"{}\" does not exist, skipping", name.name);
  TRY_ASSIGN(std::optional<std::string> renamed, rename_other(statement, kind, context));
  if (renamed) return std::move(*renamed);
  TRY_ASSIGN(catalog::TableVersion version, require_table(statement.table, context));
  if (statement.actions.size() == 1 && stands_alone(statement.actions[0].kind)) {
    TRY(run_alone(statement.actions[0], version, context));
    return std::string();
  }
  std::vector<const AlterAction*> actions;
  for (const AlterAction& action : statement.actions) actions.push_back(&action);
  std::stable_sort(actions.begin(), actions.end(), [](const AlterAction* a, const AlterAction* b) {
    return pass_of(a->kind) < pass_of(b->kind);
  });
  Alteration alteration(context, std::move(version));
  for (const AlterAction* action : actions) TRY(alteration.apply(*action));
  return alteration.finish();
}

}  // namespace rowan::exec
