// rowan.catalog_…: what pg_catalog and information_schema are views over.
#include "system/fillers.h"

#include <algorithm>
#include <set>

#include "catalog/names.h"
#include "plan/plan.h"
#include "sql/parser.h"
#include "system/catalog/objects.h"
#include "type/array.h"
#include "type/type_info.h"

namespace rowan::system {

using type::Type;
using type::TypeId;
using type::Value;

namespace {

Value oid_value(ObjectOid oid) { return Value::of_int({TypeId::kOid}, oid); }
Value int_value(int64_t value) { return Value::of_int({TypeId::kInt4}, value); }
Value short_value(int64_t value) { return Value::of_int({TypeId::kInt2}, value); }
Value moment_value(int64_t since_2000_us) {
  return Value::of_int({TypeId::kTimestamptz}, since_2000_us);
}
Value letter_value(char letter) { return text_value(std::string(1, letter)); }
Value maybe_text(std::string_view text) {
  return text.empty() ? Value::null(kTextType) : text_value(std::string(text));
}
Value shorts_value(const std::vector<int64_t>& numbers) {
  type::ArrayBuilder builder(TypeId::kInt2);
  for (const int64_t number : numbers) builder.append(short_value(number).datum());
  return Value::of_string({type::array_of(TypeId::kInt2)}, builder.finish());
}

// pg_attribute.atttypid, .atttypmod
ObjectOid type_oid(Type type) {
  if (type.id == TypeId::kUnknown) return type::type_info(TypeId::kText).oid;
  return type::is_array(type.id) ? type::type_info(type::element_of(type.id)).array_oid
                                 : type::type_info(type.id).oid;
}

int64_t type_modifier(Type type) {
  if (type.modifier < 0) return -1;
  const TypeId id = type::is_array(type.id) ? type::element_of(type.id) : type.id;
  const bool headed = id == TypeId::kVarchar || id == TypeId::kChar || id == TypeId::kNumeric;
  return headed ? int64_t{type.modifier} + 4 : type.modifier;
}

struct ShownColumn {
  std::string name;
  Type type;
  bool not_null = false;
  std::string default_sql;
  sql::IdentityKind identity = sql::IdentityKind::kNone;
};

// A catalogue's tableoid is no column of its view to who lists them.
size_t shown_columns(const catalog::ViewDef& view) {
  const bool is_hidden = view.schema == "pg_catalog" && !view.columns.empty() &&
                         view.columns.back() == catalog::kTableOidColumn;
  return view.columns.size() - (is_hidden ? 1 : 0);
}

// The columns of a view, by its query. One that cannot be bound has none.
std::vector<ShownColumn> columns_of_view(Context& context, const catalog::ViewDef& view) {
  std::vector<ShownColumn> columns;
  const auto parsed = sql::parse_statement(view.query_sql);
  if (!parsed || parsed->statement->kind != sql::StatementKind::kSelect) return columns;
  const std::unique_ptr<plan::Resolver> resolver = context.resolver();
  const expr::EvalContext eval = context.eval();
  expr::ParameterTypes parameters;
  plan::PlanContext planning{*resolver, parameters, eval, {}};
  const auto plan =
      plan::plan_query(static_cast<const sql::SelectStmt&>(*parsed->statement), planning);
  if (!plan) return columns;
  for (size_t i = 0; i < plan->outputs.size() && i < shown_columns(view); ++i)
    columns.push_back({view.columns[i], plan->outputs[i].type, false, {}});
  return columns;
}

// A default as PostgreSQL writes it: a literal with its type, a sequence as a regclass. Programs
// look for the latter to tell a serial column.
std::string default_text(const catalog::ColumnDef& column) {
  const std::string& text = column.default_sql;
  if (std::string sequence = catalog::sequence_of_default(text); !sequence.empty()) {
    const std::string shown = std::string(catalog::kDefaultSchema) + ".";
    if (sequence.starts_with(shown)) sequence.erase(0, shown.size());
    return "nextval(" + sql::quote_literal(sequence) + "::regclass)";
  }
  const bool is_literal = text.size() > 1 && text.front() == '\'' && text.back() == '\'' &&
                          text.find('\'', 1) == text.size() - 1;
  if (!is_literal) return text;
  return text + "::" +
         (column.type.id == TypeId::kChar ? "bpchar" : type::type_name({column.type.id, -1}));
}

std::vector<ShownColumn> columns_of(Context& context, const RelationObject& relation) {
  std::vector<ShownColumn> columns;
  if (relation.kind == 'i') {
    for (const catalog::IndexColumnDef& part : relation.index.columns) {
      const catalog::ColumnDef& column = relation.definition->columns[part.column];
      columns.push_back({column.name, column.type, false, {}});
    }
  } else if (relation.definition != nullptr) {
    for (const catalog::ColumnDef& column : relation.definition->columns) {
      columns.push_back(
          {column.name, column.type, column.not_null, default_text(column), column.identity});
    }
  } else if (relation.view != nullptr) {
    return columns_of_view(context, *relation.view);
  } else if (relation.sequence) {
    columns = {{"last_value", {TypeId::kInt8}, true, {}},
               {"log_cnt", {TypeId::kInt8}, true, {}},
               {"is_called", {TypeId::kBool}, true, {}}};
  } else {
    for (const plan::OutputColumn& column : relation.outputs)
      columns.push_back({column.name, column.type, false, {}});
  }
  return columns;
}

size_t column_count(const RelationObject& relation) {
  if (relation.kind == 'i') return relation.index.columns.size();
  if (relation.definition != nullptr) return relation.definition->columns.size();
  if (relation.view != nullptr) return shown_columns(*relation.view);
  return relation.sequence ? 3 : relation.outputs.size();
}

std::string_view identity_letter(sql::IdentityKind identity) {
  switch (identity) {
    case sql::IdentityKind::kNone:
      return "";
    case sql::IdentityKind::kAlways:
      return "a";
    case sql::IdentityKind::kByDefault:
      return "d";
  }
  return "";
}

}  // namespace

Result<void> fill_catalog_schemas(Context& context, const Oid& root, RowCollector& rows) {
  TRY_ASSIGN(const auto objects, context.objects(root));
  for (const std::string& schema : objects->schemas())
    rows.add({oid_value(oid_of_schema(schema)), text_value(schema)});
  return {};
}

Result<void> fill_catalog_relations(Context& context, const Oid& root, RowCollector& rows) {
  TRY_ASSIGN(const auto objects, context.objects(root));
  for (const RelationObject& relation : objects->relations()) {
    const bool is_table = relation.kind == 'r';
    std::optional<uint64_t> count;
    if (is_table && root.is_zero()) {
      TRY_ASSIGN(const auto version,
                 context.transaction().catalog().find_table(relation.schema, relation.name));
      if (version) count = context.row_count(*version);
    }
    const bool indexed = is_table && (!relation.definition->primary_key.empty() ||
                                      !relation.definition->unique_keys.empty() ||
                                      !relation.definition->indexes.empty());
    rows.add(
        {oid_value(relation.oid), oid_value(oid_of_schema(relation.schema)),
         text_value(relation.schema), text_value(relation.name), letter_value(relation.kind),
         oid_value(relation.table), short_value(static_cast<int64_t>(column_count(relation))),
         short_value(is_table ? static_cast<int64_t>(relation.definition->checks.size()) : 0),
         bool_value(indexed), bool_value(objects->is_linked(relation.oid)),
         bool_value(relation.kind != 'm' || relation.view->populated),
         count ? bigint_value(static_cast<int64_t>(*count)) : Value::null(kBigintType),
         relation.view != nullptr ? text_value(relation.view->query_sql) : Value::null(kTextType)});
  }
  return {};
}

Result<void> fill_catalog_columns(Context& context, const Oid& root, RowCollector& rows) {
  TRY_ASSIGN(const auto objects, context.objects(root));
  for (const RelationObject& relation : objects->relations()) {
    TRY(context.check_cancelled());
    int64_t number = 0;
    for (const ShownColumn& column : columns_of(context, relation)) {
      rows.add({oid_value(relation.oid), text_value(relation.schema), text_value(relation.name),
                letter_value(relation.kind), short_value(++number), text_value(column.name),
                oid_value(type_oid(column.type)), int_value(type_modifier(column.type)),
                short_value(type::type_info(column.type.id).length),
                text_value(type::type_name(column.type)), bool_value(column.not_null),
                maybe_text(column.default_sql),
                text_value(std::string(identity_letter(column.identity))),
                bool_value(type::is_array(column.type.id))});
    }
  }
  return {};
}

Result<void> fill_catalog_indexes(Context& context, const Oid& root, RowCollector& rows) {
  TRY_ASSIGN(const auto objects, context.objects(root));
  for (const RelationObject& relation : objects->relations()) {
    if (relation.kind != 'i') continue;
    std::vector<int64_t> keys, options;
    for (const catalog::IndexColumnDef& part : relation.index.columns) {
      keys.push_back(part.column + 1);
      options.push_back((part.descending ? 1 : 0) + (part.nulls_first ? 2 : 0));
    }
    rows.add({oid_value(relation.oid), oid_value(relation.table),
              bool_value(relation.index.is_unique),
              bool_value(relation.index.kind == IndexKind::kPrimary),
              short_value(static_cast<int64_t>(keys.size())), shorts_value(keys),
              shorts_value(options)});
  }
  return {};
}

Result<void> fill_catalog_constraints(Context& context, const Oid& root, RowCollector& rows) {
  TRY_ASSIGN(const auto objects, context.objects(root));
  const auto shorts = [](const std::vector<int64_t>& numbers) {
    return numbers.empty() ? Value::null({type::array_of(TypeId::kInt2)}) : shorts_value(numbers);
  };
  for (const ConstraintObject& constraint : objects->constraints()) {
    const RelationObject& table = *objects->find(constraint.table);
    rows.add({oid_value(constraint.oid), text_value(table.schema),
              oid_value(oid_of_schema(table.schema)), text_value(constraint.name),
              letter_value(constraint.kind), text_value(table.name), oid_value(constraint.table),
              oid_value(constraint.index), oid_value(constraint.foreign_table),
              shorts(constraint.columns), shorts(constraint.foreign_columns),
              letter_value(constraint.on_update), letter_value(constraint.on_delete),
              text_value(constraint.definition)});
  }
  return {};
}

Result<void> fill_catalog_sequences(Context& context, const Oid& root, RowCollector& rows) {
  TRY_ASSIGN(const auto objects, context.objects(root));
  for (const RelationObject& relation : objects->relations()) {
    if (!relation.sequence) continue;
    const catalog::SequenceDef& sequence = *relation.sequence;
    ObjectOid owner = 0;
    int64_t column = 0;
    bool identity = false;
    if (!sequence.owner_table.empty()) {
      TRY_ASSIGN(const catalog::ObjectName name,
                 catalog::parse_name(sequence.owner_table, sequence.schema));
      const RelationObject* table = objects->find(name.schema, name.name);
      if (table != nullptr && table->definition != nullptr) {
        owner = table->oid;
        if (const auto at = table->definition->find_column(sequence.owner_column)) {
          column = *at + 1;
          identity = table->definition->columns[*at].identity != sql::IdentityKind::kNone;
        }
      }
    }
    rows.add({oid_value(relation.oid), text_value(relation.schema), text_value(relation.name),
              oid_value(type_oid(sequence.type)), text_value(type::type_name(sequence.type)),
              bigint_value(sequence.start), bigint_value(sequence.increment),
              bigint_value(sequence.max), bigint_value(sequence.min), bool_value(sequence.cycle),
              oid_value(owner), short_value(column), bool_value(identity)});
  }
  return {};
}

Result<void> fill_catalog_types(Context&, const Values&, RowCollector& rows) {
  // The columns of the catalogue that are names in PostgreSQL are texts here. Programs ask for the
  // type's length, which is that of the longest name.
  rows.add({oid_value(19), text_value("name"), short_value(64), letter_value('S'),
            bool_value(false), oid_value(0), oid_value(1003), text_value("name")});
  for (const type::TypeInfo* row : type::all_types()) {
    const bool is_known = row->id != TypeId::kUnknown;
    rows.add({oid_value(row->oid), text_value(std::string(row->name)), short_value(row->length),
              letter_value(row->category), bool_value(row->preferred), oid_value(0),
              oid_value(row->array_oid), text_value(std::string(row->shown))});
    if (!is_known || row->array_oid == 0) continue;
    rows.add({oid_value(row->array_oid), text_value("_" + std::string(row->name)), short_value(-1),
              letter_value('A'), bool_value(false), oid_value(row->oid), oid_value(0),
              text_value(std::string(row->shown) + "[]")});
  }
  return {};
}

Result<void> fill_catalog_session(Context& context, const Values&, RowCollector& rows) {
  rows.add({text_value(context.database()), text_value(context.user()), oid_value(kOwnerOid)});
  return {};
}

Result<void> fill_catalog_databases(Context& context, const Values&, RowCollector& rows) {
  TRY_ASSIGN(const std::vector<std::string> names, context.databases());
  std::set<ObjectOid> given;
  for (const std::string& name : names) {
    ObjectOid oid = oid_of_database(name);
    while (!given.insert(oid).second) oid = next_oid(oid);
    rows.add({oid_value(oid), text_value(name)});
  }
  return {};
}

Result<void> fill_catalog_statements(Context& context, const Values&, RowCollector& rows) {
  for (const NamedStatementFacts& statement : context.named_statements()) {
    type::ArrayBuilder types(TypeId::kText);
    for (const Type& known : statement.parameters) {
      const TypeId id = known.id == TypeId::kUnknown ? TypeId::kText : known.id;
      types.append(text_value(std::string(type::plain_type_name(id))).datum());
    }
    rows.add({text_value(statement.name), text_value(statement.text), moment_value(statement.made_us),
              Value::of_string({type::array_of(TypeId::kText)}, types.finish()),
              bool_value(statement.from_sql)});
  }
  return {};
}

Result<void> fill_catalog_cursors(Context& context, const Values&, RowCollector& rows) {
  for (const CursorFacts& cursor : context.cursors())
    rows.add({text_value(cursor.name), text_value(cursor.text), moment_value(cursor.made_us),
              bool_value(cursor.is_held), bool_value(cursor.is_binary),
              bool_value(cursor.may_go_back)});
  return {};
}

}  // namespace rowan::system
