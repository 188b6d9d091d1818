#include "system/compiled_views.h"

#include <string>
#include <unordered_map>

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
    {"pg_am", 2601},           {"pg_attrdef", 2604},  {"pg_attribute", 1249},
    {"pg_auth_members", 1261}, {"pg_class", 1259},    {"pg_collation", 3456},
    {"pg_constraint", 2606},   {"pg_database", 1262}, {"pg_depend", 2608},
    {"pg_description", 2609},  {"pg_enum", 3501},     {"pg_extension", 3079},
    {"pg_index", 2610},        {"pg_inherits", 2611}, {"pg_language", 2612},
    {"pg_namespace", 2615},    {"pg_policy", 3256},   {"pg_proc", 1255},
    {"pg_range", 3541},        {"pg_rewrite", 2618},  {"pg_sequence", 2224},
    {"pg_tablespace", 1213},   {"pg_trigger", 2620},  {"pg_type", 1247},
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

}  // namespace rowan::system
