// What integrity errors (SQLSTATE class 23) say of tables: their objects by name, and PostgreSQL's words
// for a key that is there already.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "catalog/table.h"

namespace rowan::catalog {

ErrorObject column_object(const TableDef& table, const ColumnDef& column);
ErrorObject constraint_object(const TableDef& table, std::string_view constraint);

// 23505, with the columns' values as the line has them.
Error duplicate_key(const TableDef& table, std::string_view constraint,
                    const std::vector<uint16_t>& columns, Bytes line);
inline Error duplicate_key(const TableDef& table, Bytes line) {
  return duplicate_key(table, table.primary_key_name, table.primary_key, line);
}

}  // namespace rowan::catalog
