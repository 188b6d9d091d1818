#include "catalog/type_features.h"

#include "type/type_info.h"

namespace rowan::catalog {

std::set<std::string, std::less<>> type_features(const TableDef& table) {
  std::set<std::string, std::less<>> features;
  for (const ColumnDef& column : table.columns) {
    const type::TypeId element = type::element_of(column.type.id);
    for (const type::TypeId id : {column.type.id, element}) {
      const std::string_view feature = type::type_info(id).feature;
      if (!feature.empty()) features.emplace(feature);
    }
  }
  return features;
}

}  // namespace rowan::catalog
