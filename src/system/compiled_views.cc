#include "system/compiled_views.h"

#include <fmt/format.h>

#include <string>
#include <unordered_map>

#include "catalog/names.h"
#include "expr/binder.h"
#include "sql/ast.h"
#include "sql/parser.h"

namespace rowan::system {

namespace {

using Views = std::vector<std::shared_ptr<const catalog::ViewDef>>;

// A text that cannot be read has no columns, so that whoever reads the view is told.
std::shared_ptr<const catalog::ViewDef> make_view(const ViewText& text) {
  auto view = std::make_shared<catalog::ViewDef>();
  view->schema = text.schema;
  view->name = text.name;
  view->query_sql = text.query;
  const auto parsed = sql::parse_statement(view->query_sql);
  if (!parsed || parsed->statement->kind != sql::StatementKind::kSelect) return view;
  const auto* select = static_cast<const sql::SelectStmt*>(parsed->statement);
  while (select->items.empty() && select->left != nullptr) select = select->left;
  for (const sql::SelectItem& item : select->items) {
    view->columns.emplace_back(item.alias.empty() ? expr::output_name(*item.expr) : item.alias);
  }
  if (const ObjectOid oid = system_oid(text.schema, text.name); oid != 0) {
    view->query_sql = fmt::format("SELECT *, {}::oid AS {} FROM (\n{}) AS self", oid,
                                  catalog::kTableOidColumn, text.query);
    view->columns.emplace_back(catalog::kTableOidColumn);
  }
  return view;
}

std::string key_of(std::string_view schema, std::string_view name) {
  return std::string(schema) + "." + std::string(name);
}

struct FixedOid {
  std::string_view name;
  ObjectOid oid;
};
constexpr FixedOid kFixedOids[] = {
    {"pg_aggregate", 2600},
    {"pg_am", 2601},
    {"pg_amop", 2602},
    {"pg_amproc", 2603},
    {"pg_attrdef", 2604},
    {"pg_attribute", 1249},
    {"pg_auth_members", 1261},
    {"pg_authid", 1260},
    {"pg_cast", 2605},
    {"pg_class", 1259},
    {"pg_collation", 3456},
    {"pg_constraint", 2606},
    {"pg_conversion", 2607},
    {"pg_database", 1262},
    {"pg_db_role_setting", 2964},
    {"pg_default_acl", 826},
    {"pg_depend", 2608},
    {"pg_description", 2609},
    {"pg_enum", 3501},
    {"pg_event_trigger", 3466},
    {"pg_extension", 3079},
    {"pg_foreign_data_wrapper", 2328},
    {"pg_foreign_server", 1417},
    {"pg_foreign_table", 3118},
    {"pg_index", 2610},
    {"pg_inherits", 2611},
    {"pg_init_privs", 3394},
    {"pg_language", 2612},
    {"pg_largeobject", 2613},
    {"pg_largeobject_metadata", 2995},
    {"pg_namespace", 2615},
    {"pg_opclass", 2616},
    {"pg_operator", 2617},
    {"pg_opfamily", 2753},
    {"pg_partitioned_table", 3350},
    {"pg_policy", 3256},
    {"pg_proc", 1255},
    {"pg_publication", 6104},
    {"pg_publication_namespace", 6237},
    {"pg_publication_rel", 6106},
    {"pg_range", 3541},
    {"pg_rewrite", 2618},
    {"pg_seclabel", 3596},
    {"pg_sequence", 2224},
    {"pg_shdepend", 1214},
    {"pg_shdescription", 2396},
    {"pg_shseclabel", 3592},
    {"pg_statistic_ext", 3381},
    {"pg_statistic_ext_data", 3429},
    {"pg_subscription", 6100},
    {"pg_subscription_rel", 6102},
    {"pg_tablespace", 1213},
    {"pg_transform", 3576},
    {"pg_trigger", 2620},
    {"pg_ts_config", 3602},
    {"pg_ts_dict", 3600},
    {"pg_ts_parser", 3601},
    {"pg_ts_template", 3764},
    {"pg_type", 1247},
    {"pg_user_mapping", 1418},
};

}  // namespace

const Views& compiled_views() {
  static const Views kViews = [] {
    Views views;
    for (const ViewText& text : view_texts()) views.push_back(make_view(text));
    return views;
  }();
  return kViews;
}

std::shared_ptr<const catalog::ViewDef> find_compiled_view(std::string_view schema,
                                                           std::string_view name) {
  if (schema == "pg_catalog" ? !name.starts_with("pg_") : schema != "information_schema")
    return nullptr;
  static const auto kByName = [] {
    std::unordered_map<std::string, std::shared_ptr<const catalog::ViewDef>> by_name;
    for (const auto& view : compiled_views())
      by_name.emplace(key_of(view->schema, view->name), view);
    return by_name;
  }();
  const auto found = kByName.find(key_of(schema, name));
  return found == kByName.end() ? nullptr : found->second;
}

bool is_system_schema(std::string_view schema) {
  return schema == "pg_catalog" || schema == "information_schema" || schema == "rowan";
}

ObjectOid system_oid(std::string_view schema, std::string_view name) {
  if (schema != "pg_catalog") return 0;
  for (const FixedOid& row : kFixedOids) {
    if (row.name == name) return row.oid;
  }
  return 0;
}

ObjectOid oid_of_relation(std::string_view schema, std::string_view name) {
  const ObjectOid fixed = system_oid(schema, name);
  return fixed != 0 ? fixed : oid_of_names({schema, name});
}

}  // namespace rowan::system
