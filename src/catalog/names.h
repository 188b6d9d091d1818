// Which names may stand beside one another: what SQL refuses to define, files must not hold.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "catalog/catalog.h"

namespace rowan::catalog {

// kInvalidName: empty, or one of the system's.
Result<void> check_schema_name(std::string_view name);

// Those that no repository holds: pg_catalog, information_schema, rowan.
bool is_system_schema(std::string_view name);
// Which relation of the catalogue a row is of: a column of its views that `*` leaves out.
inline constexpr std::string_view kTableOidColumn = "tableoid";

// A relation, index or key whose name another one of the schema has.
struct NameClash {
  std::string name;  // Empty: there is none.
  std::string file;  // Where the second of them is defined,
  std::string table;  // the table that it is.
};
// Reads all definitions of the schema.
Result<NameClash> find_name_clash(const Catalog& catalog, std::string_view schema);
Error name_clash_error(const NameClash& clash);

}  // namespace rowan::catalog
