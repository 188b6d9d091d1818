#include "catalog/type_features.h"

#include "type/type_info.h"

namespace rowan::catalog {

std::set<std::string, std::less<>> type_features(const TableDef& table) {
  std::set<std::string, std::less<>> features;
  for (const ColumnDef& column : table.columns) {
    const std::string_view feature = type::type_info(column.type.id).feature;
    if (!feature.empty()) features.emplace(feature);
  }
  return features;
}

}  // namespace rowan::catalog
