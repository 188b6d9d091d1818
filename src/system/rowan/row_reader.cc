#include "system/rowan/row_reader.h"

#include <fmt/format.h>

#include <numeric>
#include <utility>

#include "type/text.h"
#include "type/widen.h"

namespace rowan::system {

using plan::OutputColumn;
using type::Value;

namespace {

std::vector<uint16_t> all_columns(const catalog::TableDef& table) {
  std::vector<uint16_t> all(table.columns.size());
  std::iota(all.begin(), all.end(), uint16_t{0});
  return all;
}

}  // namespace

RowReader::RowReader(const catalog::TableDef& table, const Definitions& past)
    : RowReader(table, all_columns(table), past) {}

RowReader::RowReader(const catalog::TableDef& table, const std::vector<uint16_t>& columns,
                     const Definitions& past)
    : names_(diff::column_names(table)), shown_(columns) {
  for (const uint16_t column : shown_)
    columns_.push_back({table.columns[column].name, table.columns[column].type});
  for (const auto& definition : past) {
    const auto places = diff::match_columns(names_, *definition);
    for (size_t i = 0; i < shown_.size(); ++i) {
      if (const auto place = places[shown_[i]])
        columns_[i].type = type::widened(columns_[i].type, definition->columns[*place].type);
    }
  }
}

RowReader::RowReader(std::vector<diff::ColumnName> columns, const std::vector<type::Type>& types)
    : names_(std::move(columns)), shown_(names_.size()) {
  std::iota(shown_.begin(), shown_.end(), uint16_t{0});
  for (size_t i = 0; i < names_.size(); ++i) columns_.push_back({names_[i].name, types[i]});
}

Result<void> RowReader::append(const catalog::TableDef& table, Bytes line,
                               const diff::LargeValues& large, std::vector<Value>& row) const {
  if (line.empty()) {
    for (const OutputColumn& column : columns_) row.push_back(Value::null(column.type));
    return {};
  }
  if (known_ != table.definition_id) {
    places_ = diff::match_columns(names_, table);
    known_ = table.definition_id;
  }
  TRY_ASSIGN(const std::vector<Value> slots, type::decode_line(table.layout, line, large));
  for (size_t i = 0; i < columns_.size(); ++i) {
    const auto place = places_[shown_[i]];
    if (!place) {
      row.push_back(Value::null(columns_[i].type));
      continue;
    }
    Result<Value> value = type::widen(slots[table.columns[*place].slot], columns_[i].type);
    if (!value) {
      return std::move(value.error())
          .with_detail(fmt::format("Column \"{}\" was of type {} then.", columns_[i].name,
                                   type::type_name(table.columns[*place].type)))
          .with_hint("Name the revision by a constant, or read that commit with AS OF.");
    }
    row.push_back(std::move(*value));
  }
  return {};
}

}  // namespace rowan::system
