#include "versions/conflict_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/objects.h"
#include "exec/row_writer.h"
#include "exec/virtual_rows.h"
#include "sql/parser.h"
#include "type/json_text.h"
#include "type/row_codec.h"
#include "type/text.h"

namespace rowan::versions {

using exec::kTextType;
using exec::RowCollector;
using exec::text_value;

Result<std::vector<type::Value>> row_values(const store::ObjectReader& objects,
                                            const catalog::TableDef& table,
                                            const merge::SideLine& line) {
  std::vector<type::Value> values;
  if (!line) {
    for (const catalog::ColumnDef& column : table.columns)
      values.push_back(type::Value::null(column.type));
    return values;
  }
  const exec::BlobReader large(objects);
  TRY_ASSIGN(const std::vector<type::Value> slots, type::decode_line(table.layout, *line, large));
  for (const catalog::ColumnDef& column : table.columns) values.push_back(slots[column.slot]);
  return values;
}

Result<std::string> row_json(const store::ObjectReader& objects, const catalog::TableDef& table,
                             const merge::RowConflict& conflict, merge::Side side) {
  if (!conflict.line(side)) return std::string();
  TRY_ASSIGN(const std::vector<type::Value> values,
             row_values(objects, table, conflict.shown(side)));
  std::string json = "{";
  for (uint16_t i = 0; i < values.size(); ++i) {
    if (!conflict.has(side, i)) continue;
    if (json.size() > 1) json += ", ";
    type::append_json_string(table.columns[i].name, json);
    json += ": ";
    const bool is_jsonb = values[i].type().id == type::TypeId::kJsonb && !values[i].is_null();
    if (is_jsonb) {
      json += values[i].as_string();
    } else {
      type::append_json(values[i], json);
    }
  }
  return json + "}";
}

namespace {

Result<std::vector<type::Value>> key_values(const catalog::TableDef& table,
                                            const merge::RowConflict& conflict) {
  std::vector<type::Value> values;
  const merge::SideLine& line = conflict.ours     ? conflict.ours
                                : conflict.theirs ? conflict.theirs
                                                  : conflict.base;
  if (!line) return values;
  std::vector<Bytes> elements;
  uint64_t count = 0;
  TRY(type::split_line(table.layout, *line, elements, count));
  for (const uint16_t column : table.primary_key) {
    const catalog::ColumnDef& def = table.columns[column];
    type::Value value = def.absent;
    if (def.slot < elements.size()) {
      TRY_ASSIGN(value, type::decode_element(def.type, elements[def.slot]));
    }
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace

Result<std::string> key_text(const catalog::TableDef& table, const merge::RowConflict& conflict) {
  TRY_ASSIGN(const std::vector<type::Value> values, key_values(table, conflict));
  std::string text;
  for (const type::Value& value : values)
    text += (text.empty() ? "" : ", ") + (value.is_null() ? "null" : type::to_text(value));
  return values.size() > 1 ? "(" + text + ")" : text;
}

Result<std::string> conflict_key(const catalog::TableDef& table,
                                 const merge::RowConflict& conflict) {
  TRY_ASSIGN(const std::vector<type::Value> values, key_values(table, conflict));
  if (values.size() == 1) return type::to_text(values[0]);
  std::string text;
  for (const type::Value& value : values)
    text += (text.empty() ? "" : ", ") + sql::quote_literal(type::to_text(value));
  return text;
}

std::pair<std::string, std::string> parts_of(const merge::SchemaConflict& conflict) {
  if (conflict.kind == "file") return {std::string(), conflict.object};
  const size_t dot = conflict.object.find('.');
  return {conflict.object.substr(0, dot),
          dot == std::string::npos ? std::string() : conflict.object.substr(dot + 1)};
}

namespace {

// A dotted name as it is written.
std::string written_path(std::string_view dotted) {
  std::string path;
  for (size_t at = 0; at <= dotted.size();) {
    const size_t dot = std::min(dotted.find('.', at), dotted.size());
    path += (at > 0 ? "." : "") + sql::quote_ident(dotted.substr(at, dot - at));
    at = dot + 1;
  }
  return path;
}

// The sides that may answer the conflict: "HEAD | SOURCE | BASE".
template <typename Conflict>
std::string sides_of(const Conflict& conflict) {
  std::string sides;
  for (const auto& [side, word] :
       {std::pair(merge::Side::kOurs, "HEAD"), std::pair(merge::Side::kTheirs, "SOURCE"),
        std::pair(merge::Side::kBase, "BASE")}) {
    if (conflict.takes(side)) sides += (sides.empty() ? "" : " | ") + std::string(word);
  }
  return sides;
}

}  // namespace

std::string way_out(const merge::SchemaConflict& conflict) {
  const std::string sides = sides_of(conflict);
  if (sides.empty()) return "change the rows or the definition on this branch";
  // A file's path is one name, whatever dots are in it.
  const std::string object =
      conflict.kind == "file" ? sql::quote_ident(conflict.object) : written_path(conflict.object);
  return fmt::format("RESOLVE CONFLICT {} USING {}", object, sides);
}

std::string way_out(const catalog::TableDef& table, const merge::RowConflict& conflict) {
  std::string key;
  const auto values = key_values(table, conflict);
  for (size_t i = 0; values && i < values->size(); ++i)
    key += (i > 0 ? ", " : "") + sql::quote_literal(type::to_text((*values)[i]));
  return fmt::format("RESOLVE CONFLICT IN {} KEY {} USING {} | '{{…}}'",
                     catalog::qualified(table.schema, table.name),
                     table.primary_key.size() > 1 ? "(" + key + ")" : key, sides_of(conflict));
}

Result<TableRows> conflict_rows(const store::ObjectReader& objects, const catalog::Catalog& merged,
                                const merge::Outcome& outcome,
                                const std::optional<std::pair<std::string, std::string>>& table) {
  TableRows rows;
  rows.columns = exec::answer_columns(sql::StatementKind::kShowConflicts);
  RowCollector collector(rows.columns);
  for (const merge::SchemaConflict& conflict : outcome.schema_conflicts) {
    const auto [schema, object] = parts_of(conflict);
    const bool wanted =
        !table || (table->first == schema &&
                   (object == table->second || object.starts_with(table->second + ".")));
    if (wanted)
      collector.add({text_value(schema), text_value(object), text_value(conflict.kind),
                     text_value(conflict.ours), text_value(conflict.theirs)});
  }
  for (const merge::RowConflict& conflict : outcome.conflicts) {
    if (table && (table->first != conflict.schema || table->second != conflict.table)) continue;
    TRY_ASSIGN(const catalog::TableVersion version,
               merged.get_table(conflict.schema, conflict.table));
    TRY_ASSIGN(std::string key, key_text(*version.table, conflict));
    TRY_ASSIGN(std::string ours, row_json(objects, *version.table, conflict, merge::Side::kOurs));
    TRY_ASSIGN(std::string theirs,
               row_json(objects, *version.table, conflict, merge::Side::kTheirs));
    collector.add({text_value(conflict.schema), text_value(conflict.table),
                   text_value(std::move(key)), text_value(std::move(ours)),
                   text_value(std::move(theirs))});
  }
  rows.batches = collector.finish();
  return rows;
}

}  // namespace rowan::versions
