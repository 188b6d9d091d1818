#include "merge/constraint_text.h"

#include <algorithm>
#include <optional>

#include "catalog/expression_text.h"

namespace rowan::merge {

std::string joined(const catalog::TableDef& table, const std::vector<uint16_t>& columns) {
  std::string text = "(";
  for (size_t i = 0; i < columns.size(); ++i)
    text += (i > 0 ? ", " : "") + table.columns[columns[i]].name;
  return text + ")";
}

size_t unique_constraint_count(const catalog::TableDef& table) {
  const auto unique = std::count_if(table.indexes.begin(), table.indexes.end(),
                                    [](const auto& index) { return index.unique; });
  return table.unique_keys.size() - std::min(table.unique_keys.size(), static_cast<size_t>(unique));
}

std::string index_text(const catalog::TableDef& table, const catalog::IndexDef& index) {
  std::string text = index.unique ? "UNIQUE INDEX (" : "INDEX (";
  for (size_t i = 0; i < index.columns.size(); ++i) {
    const catalog::IndexColumnDef& column = index.columns[i];
    text += (i > 0 ? ", " : "") + table.columns[column.column].name +
            (column.descending ? " DESC" : "") +
            (column.nulls_first == column.descending ? ""
             : column.nulls_first                    ? " NULLS FIRST"
                                                     : " NULLS LAST");
  }
  return text + ")";
}

const catalog::ForeignKey* find_foreign_key(const catalog::TableDef* table, std::string_view name) {
  if (table == nullptr) return nullptr;
  for (const catalog::ForeignKey& key : table->foreign_keys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

std::string constraint_text(const catalog::TableDef& table, std::string_view name) {
  if (!table.primary_key.empty() && table.primary_key_name == name)
    return "PRIMARY KEY " + joined(table, table.primary_key);
  const size_t count = unique_constraint_count(table);
  for (size_t i = 0; i < count; ++i) {
    if (table.unique_keys[i].name == name)
      return "UNIQUE " + joined(table, table.unique_keys[i].columns);
  }
  for (const catalog::CheckConstraint& check : table.checks) {
    if (check.name == name) return "CHECK (" + check.expression_sql + ")";
  }
  for (const catalog::ForeignKey& key : table.foreign_keys) {
    if (key.name == name) return catalog::foreign_key_sql(table, key);
  }
  return {};
}

std::vector<std::string> constraint_names(const catalog::TableDef& table) {
  std::vector<std::string> names;
  if (!table.primary_key.empty()) names.push_back(table.primary_key_name);
  const size_t count = unique_constraint_count(table);
  for (size_t i = 0; i < count; ++i) names.push_back(table.unique_keys[i].name);
  for (const catalog::CheckConstraint& check : table.checks) names.push_back(check.name);
  for (const catalog::ForeignKey& key : table.foreign_keys) names.push_back(key.name);
  return names;
}

std::string index_text_of(const catalog::TableDef& table, std::string_view name) {
  for (const catalog::IndexDef& index : table.indexes) {
    if (index.name == name) return index_text(table, index);
  }
  return {};
}

bool is_key_text(std::string_view text) {
  return text.starts_with("PRIMARY KEY") || text.starts_with("UNIQUE (");
}

Result<std::map<std::string, std::string>> parts_over(const catalog::TableDef& table,
                                                      std::string_view name) {
  std::map<std::string, std::string> parts;
  const std::optional<uint16_t> column = table.find_column(name);
  if (!column) return parts;
  const auto is_over = [&](const std::vector<uint16_t>& columns) {
    return std::find(columns.begin(), columns.end(), *column) != columns.end();
  };
  for (const std::string& constraint : constraint_names(table)) parts[constraint] = "";
  if (!is_over(table.primary_key)) parts.erase(table.primary_key_name);
  const size_t count = unique_constraint_count(table);
  for (size_t i = 0; i < count; ++i) {
    if (!is_over(table.unique_keys[i].columns)) parts.erase(table.unique_keys[i].name);
  }
  for (const catalog::CheckConstraint& check : table.checks) {
    TRY_ASSIGN(const std::vector<std::string> columns, catalog::columns_of(check.expression_sql));
    if (std::find(columns.begin(), columns.end(), name) == columns.end()) parts.erase(check.name);
  }
  for (const catalog::ForeignKey& key : table.foreign_keys) {
    if (!is_over(key.columns)) parts.erase(key.name);
  }
  for (auto& [constraint, text] : parts) text = constraint_text(table, constraint);
  for (const catalog::IndexDef& index : table.indexes) {
    const bool over = std::any_of(index.columns.begin(), index.columns.end(),
                                  [&](const auto& part) { return part.column == *column; });
    if (over) parts[index.name] = index_text(table, index);
  }
  return parts;
}

}  // namespace rowan::merge
