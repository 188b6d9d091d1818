#include "catalog/violations.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "type/row_codec.h"
#include "type/text.h"

namespace rowan::catalog {

ErrorObject column_object(const TableDef& table, const ColumnDef& column) {
  ErrorObject object;
  object.schema = table.schema;
  object.table = table.name;
  object.column = column.name;
  return object;
}

ErrorObject constraint_object(const TableDef& table, std::string_view constraint) {
  ErrorObject object;
  object.schema = table.schema;
  object.table = table.name;
  object.constraint = constraint;
  return object;
}

Error duplicate_key(const TableDef& table, std::string_view constraint,
                    const std::vector<uint16_t>& columns, Bytes line) {
  std::string names;
  std::string texts;
  std::vector<Bytes> elements;
  uint64_t count = 0;
  const bool readable = type::split_line(table.layout, line, elements, count).has_value();
  for (const uint16_t index : columns) {
    const ColumnDef& column = table.columns[index];
    if (!names.empty()) {
      names += ", ";
      texts += ", ";
    }
    names += column.name;
    type::Value value = column.absent;
    if (readable && column.slot < elements.size()) {
      if (auto decoded = type::decode_element(column.type, elements[column.slot]))
        value = std::move(*decoded);
    }
    texts += value.is_null() ? "null" : type::to_text(value);
  }
  return Error(ErrorCode::kUniqueViolation,
               fmt::format("duplicate key value violates unique constraint \"{}\"", constraint))
      .with_detail(fmt::format("Key ({})=({}) already exists.", names, texts))
      .about(constraint_object(table, constraint));
}

}  // namespace rowan::catalog
