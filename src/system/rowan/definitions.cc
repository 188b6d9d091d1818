// rowan.relations, columns, indexes, constraints, views and sequences, as the transaction sees
// them. docs/sql.md lists their columns.

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "catalog/objects.h"
#include "sql/parser.h"
#include "system/fillers.h"

namespace rowan::system {

namespace {

using type::Value;

using FillSchema = Result<void> (*)(const catalog::Catalog& catalog, const std::string& schema,
                                    RowCollector& rows);

Value maybe_text(std::string_view text) {
  return text.empty() ? Value::null(kTextType) : text_value(std::string(text));
}

Result<void> each_table(const catalog::Catalog& catalog, const std::string& schema,
                        const std::function<void(const catalog::TableDef&)>& visit) {
  TRY_ASSIGN(const std::vector<std::string> names, catalog.tables(schema));
  for (const std::string& name : names) {
    TRY_ASSIGN(const catalog::TableVersion version, catalog.get_table(schema, name));
    visit(*version.table);
  }
  return {};
}

Result<void> each_view(const catalog::Catalog& catalog, const std::string& schema,
                       const std::function<void(const catalog::ViewDef&)>& visit) {
  TRY_ASSIGN(const std::vector<std::string> names, catalog.views(schema));
  for (const std::string& name : names) {
    TRY_ASSIGN(const auto view, catalog.find_view(schema, name));
    if (view != nullptr) visit(*view);
  }
  return {};
}

Result<void> relations_of(const catalog::Catalog& catalog, const std::string& schema,
                          RowCollector& rows) {
  const auto add = [&](std::string_view name, std::string_view kind) {
    rows.add({text_value(schema), text_value(std::string(name)), text_value(std::string(kind))});
  };
  TRY(each_table(catalog, schema, [&](const catalog::TableDef& table) {
    add(table.name, "table");
    if (!table.primary_key.empty()) add(table.primary_key_name, "index");
    for (size_t i = 0; i < table.unique_constraints; ++i) add(table.unique_keys[i].name, "index");
    for (const catalog::IndexDef& index : table.indexes) add(index.name, "index");
  }));
  TRY(each_view(catalog, schema, [&](const catalog::ViewDef& view) {
    add(view.name, view.materialized() ? "materialized view" : "view");
  }));
  TRY_ASSIGN(const std::vector<std::string> sequences, catalog.sequences(schema));
  for (const std::string& name : sequences) add(name, "sequence");
  return {};
}

std::string_view identity_text(sql::IdentityKind identity) {
  switch (identity) {
    case sql::IdentityKind::kNone:
      return "";
    case sql::IdentityKind::kAlways:
      return "ALWAYS";
    case sql::IdentityKind::kByDefault:
      return "BY DEFAULT";
  }
  return "";
}

void add_columns(const catalog::TableDef& table, RowCollector& rows) {
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const catalog::ColumnDef& column = table.columns[i];
    const auto key = std::find(table.primary_key.begin(), table.primary_key.end(), i);
    rows.add({text_value(table.schema), text_value(table.name),
              bigint_value(static_cast<int64_t>(i + 1)), text_value(column.name),
              text_value(type::type_name(column.type)), bool_value(!column.not_null),
              maybe_text(column.default_sql),
              key == table.primary_key.end() ? Value::null(kBigintType)
                                             : bigint_value(key - table.primary_key.begin() + 1),
              maybe_text(identity_text(column.identity)),
              maybe_text(catalog::merge_rule_name(column.merge_rule))});
  }
}

Result<void> columns_of(const catalog::Catalog& catalog, const std::string& schema,
                        RowCollector& rows) {
  TRY(each_table(catalog, schema,
                 [&](const catalog::TableDef& table) { add_columns(table, rows); }));
  return each_view(catalog, schema, [&](const catalog::ViewDef& view) {
    if (view.materialized()) add_columns(*view.stored, rows);
  });
}

Result<void> indexes_of(const catalog::Catalog& catalog, const std::string& schema,
                        RowCollector& rows) {
  return each_table(catalog, schema, [&](const catalog::TableDef& table) {
    const auto add = [&](const std::string& name, bool unique, std::string_view constraint,
                         std::string columns) {
      rows.add({text_value(schema), text_value(table.name), text_value(name), bool_value(unique),
                maybe_text(constraint), text_value(std::move(columns))});
    };
    if (!table.primary_key.empty())
      add(table.primary_key_name, true, "PRIMARY KEY",
          catalog::column_list_sql(table, table.primary_key));
    for (size_t i = 0; i < table.unique_constraints; ++i) {
      add(table.unique_keys[i].name, true, "UNIQUE",
          catalog::column_list_sql(table, table.unique_keys[i].columns));
    }
    for (const catalog::IndexDef& index : table.indexes)
      add(index.name, index.unique, "", catalog::index_columns_sql(table, index));
  });
}

Result<void> constraints_of(const catalog::Catalog& catalog, const std::string& schema,
                            RowCollector& rows) {
  return each_table(catalog, schema, [&](const catalog::TableDef& table) {
    const auto add = [&](const std::string& name, std::string_view kind, std::string definition,
                         const std::string& referenced) {
      rows.add({text_value(schema), text_value(table.name), text_value(name),
                text_value(std::string(kind)), text_value(std::move(definition)),
                maybe_text(referenced)});
    };
    if (!table.primary_key.empty()) {
      add(table.primary_key_name, "PRIMARY KEY",
          "PRIMARY KEY " + catalog::column_list_sql(table, table.primary_key), "");
    }
    for (size_t i = 0; i < table.unique_constraints; ++i) {
      add(table.unique_keys[i].name, "UNIQUE",
          "UNIQUE " + catalog::column_list_sql(table, table.unique_keys[i].columns), "");
    }
    for (const catalog::CheckConstraint& check : table.checks)
      add(check.name, "CHECK", "CHECK (" + check.expression_sql + ")", "");
    for (const catalog::ForeignKey& key : table.foreign_keys) {
      add(key.name, "FOREIGN KEY", catalog::foreign_key_sql(table, key),
          catalog::qualified(key.schema, key.table));
    }
  });
}

Result<void> views_of(const catalog::Catalog& catalog, const std::string& schema,
                      RowCollector& rows) {
  return each_view(catalog, schema, [&](const catalog::ViewDef& view) {
    rows.add({text_value(schema), text_value(view.name), bool_value(view.materialized()),
              view.materialized() ? bool_value(view.populated) : Value::null(kBoolType),
              text_value(view.query_sql)});
  });
}

Result<void> sequences_of(const catalog::Catalog& catalog, const std::string& schema,
                          RowCollector& rows) {
  TRY_ASSIGN(const std::vector<std::string> names, catalog.sequences(schema));
  for (const std::string& name : names) {
    TRY_ASSIGN(const auto sequence, catalog.find_sequence(schema, name));
    if (!sequence) continue;
    const std::string owner =
        sequence->owner_table.empty()
            ? ""
            : sequence->owner_table + "." + sql::quote_ident(sequence->owner_column);
    rows.add({text_value(schema), text_value(name), text_value(type::type_name(sequence->type)),
              bigint_value(sequence->start), bigint_value(sequence->min),
              bigint_value(sequence->max), bigint_value(sequence->increment),
              bool_value(sequence->cycle), maybe_text(owner)});
  }
  return {};
}

Result<void> each_schema(const catalog::Catalog& catalog, FillSchema fill, RowCollector& rows) {
  TRY_ASSIGN(const std::vector<std::string> schemas, catalog.schemas());
  for (const std::string& schema : schemas) TRY(fill(catalog, schema, rows));
  return {};
}

Result<void> each_schema(Context& context, const Oid& root, FillSchema fill, RowCollector& rows) {
  if (root.is_zero()) return each_schema(context.transaction().catalog(), fill, rows);
  return each_schema(catalog::Catalog(context.store(), context.store().cache(), root), fill, rows);
}

}  // namespace

Result<void> fill_relations(Context& context, const Oid& root, RowCollector& rows) {
  return each_schema(context, root, relations_of, rows);
}

Result<void> fill_columns(Context& context, const Oid& root, RowCollector& rows) {
  return each_schema(context, root, columns_of, rows);
}

Result<void> fill_indexes(Context& context, const Oid& root, RowCollector& rows) {
  return each_schema(context, root, indexes_of, rows);
}

Result<void> fill_constraints(Context& context, const Oid& root, RowCollector& rows) {
  return each_schema(context, root, constraints_of, rows);
}

Result<void> fill_views(Context& context, const Oid& root, RowCollector& rows) {
  return each_schema(context, root, views_of, rows);
}

Result<void> fill_sequences(Context& context, const Oid& root, RowCollector& rows) {
  return each_schema(context, root, sequences_of, rows);
}

}  // namespace rowan::system
