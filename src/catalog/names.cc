#include "catalog/names.h"

#include <fmt/format.h>

#include <set>
#include <vector>

namespace rowan::catalog {

bool is_system_schema(std::string_view name) {
  return name.starts_with("pg_") || name == "information_schema" || name == "rowan";
}

Result<void> check_schema_name(std::string_view name) {
  if (name.empty()) return Error(ErrorCode::kInvalidName, "zero-length identifier");
  if (is_system_schema(name)) {
    return Error(ErrorCode::kInvalidName, fmt::format("unacceptable schema name \"{}\"", name))
        .with_detail(
            "The names \"rowan\" and \"information_schema\" and the prefix \"pg_\" are reserved "
            "for system schemas.");
  }
  return {};
}

Result<NameClash> find_name_clash(const Catalog& catalog, std::string_view schema) {
  // Relations are folders, whose names differ; indexes and keys are named inside of them.
  TRY_ASSIGN(const std::vector<std::string> tables, catalog.tables(schema));
  TRY_ASSIGN(const std::vector<std::string> views, catalog.views(schema));
  TRY_ASSIGN(const std::vector<std::string> sequences, catalog.sequences(schema));
  std::set<std::string, std::less<>> taken(tables.begin(), tables.end());
  taken.insert(views.begin(), views.end());
  taken.insert(sequences.begin(), sequences.end());
  for (const std::string& name : tables) {
    TRY_ASSIGN(const TableVersion version, catalog.get_table(schema, name));
    const TableDef& table = *version.table;
    std::vector<std::string> inner;
    if (!table.primary_key.empty()) inner.push_back(table.primary_key_name);
    for (size_t i = 0; i < table.unique_constraints; ++i) inner.push_back(table.unique_keys[i].name);
    for (const IndexDef& index : table.indexes) inner.push_back(index.name);
    for (const std::string& each : inner) {
      if (!taken.insert(each).second) return NameClash{each, table.path() + "/table.sql", name};
    }
  }
  return NameClash{};
}

Error name_clash_error(const NameClash& clash) {
  return Error(ErrorCode::kDuplicateTable,
               fmt::format("{}: relation \"{}\" already exists", clash.file, clash.name));
}

}  // namespace rowan::catalog
