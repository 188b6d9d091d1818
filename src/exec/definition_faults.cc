#include "exec/definition_faults.h"

#include <fmt/format.h>

#include <map>
#include <string>

#include "catalog/sequence_bounds.h"

namespace rowan::exec {

namespace {

Result<std::optional<Error>> find_stray_owner(const catalog::Catalog& catalog,
                                              const catalog::SequenceDef& sequence) {
  if (sequence.owner_table.empty()) return std::optional<Error>();
  const auto fault = [&](ErrorCode code, std::string_view why) {
    return std::optional<Error>(
        Error(code, fmt::format("sequence \"{}\" is owned by column \"{}\" of {}, {}", sequence.name,
                                sequence.owner_column, sequence.owner_table, why)));
  };
  TRY_ASSIGN(const catalog::ObjectName owner,
             catalog::parse_name(sequence.owner_table, sequence.schema));
  TRY_ASSIGN(const bool has_schema, catalog.has_schema(owner.schema));
  if (!has_schema) return fault(ErrorCode::kUndefinedTable, "which does not exist");
  TRY_ASSIGN(const sql::ObjectKind kind, catalog.find_relation(owner.schema, owner.name));
  if (kind == sql::ObjectKind::kNone)
    return fault(ErrorCode::kUndefinedTable, "which does not exist");
  if (kind != sql::ObjectKind::kTable)
    return fault(ErrorCode::kWrongObjectType, "which is not a table");
  TRY_ASSIGN(const auto table, catalog.find_table(owner.schema, owner.name));
  if (!table || !table->table->find_column(sequence.owner_column))
    return fault(ErrorCode::kUndefinedColumn, "which has no such column");
  if (owner.schema != sequence.schema)
    return fault(ErrorCode::kObjectNotInState, "which is in another schema");
  return std::optional<Error>();
}

}  // namespace

std::optional<Error> find_repeated_column(const catalog::TableDef& table) {
  std::map<uint32_t, std::string> names;
  const auto take = [&](uint32_t id, std::string name) -> std::optional<Error> {
    const auto [held, is_new] = names.emplace(id, std::move(name));
    if (is_new) return std::nullopt;
    return Error(ErrorCode::kInvalidTableDefinition,
                 fmt::format("table \"{}\" has two columns with ID {:08x}, the first is {}",
                             table.name, id, held->second));
  };
  for (const catalog::ColumnDef& column : table.columns) {
    if (auto fault = take(column.id, "\"" + column.name + "\"")) return fault;
  }
  for (const catalog::DroppedSlot& dropped : table.dropped) {
    if (auto fault = take(dropped.id, fmt::format("DROPPED SLOT {}", dropped.slot))) return fault;
  }
  return std::nullopt;
}

Result<std::optional<Error>> find_stray_identity(const catalog::Catalog& catalog,
                                                 const catalog::TableDef& table) {
  for (const catalog::ColumnDef& column : table.columns) {
    if (column.identity == sql::IdentityKind::kNone) continue;
    TRY_ASSIGN(const catalog::ObjectName name, catalog::parse_name(column.sequence, table.schema));
    TRY_ASSIGN(const bool has_schema, catalog.has_schema(name.schema));
    if (!has_schema) continue;
    TRY_ASSIGN(const auto sequence, catalog.find_sequence(name.schema, name.name));
    if (!sequence) continue;
    const bool is_own = sequence->owner_table == catalog::qualified(table.schema, table.name) &&
                        sequence->owner_column == column.name;
    if (is_own) continue;
    const std::string owner =
        sequence->owner_table.empty()
            ? std::string("no column")
            : fmt::format("column \"{}\" of {}", sequence->owner_column, sequence->owner_table);
    return std::optional<Error>(Error(
        ErrorCode::kFeatureNotSupported,
        fmt::format("cannot change ownership of identity sequence {}: it belongs to column \"{}\" of "
                    "table \"{}\", and its file says {}",
                    catalog::qualified(name.schema, name.name), column.name, table.name, owner)));
  }
  return std::optional<Error>();
}

Result<std::optional<Error>> find_sequence_fault(const catalog::Catalog& catalog,
                                                 const catalog::SequenceDef& sequence) {
  TRY_ASSIGN(std::optional<Error> fault, find_stray_owner(catalog, sequence));
  if (fault || !catalog::is_out_of_bounds(sequence)) return fault;
  return std::optional<Error>(
      Error(ErrorCode::kNumericOutOfRange,
            fmt::format("value {} is out of bounds for sequence \"{}\" ({}..{})", sequence.last,
                        sequence.name, sequence.min, sequence.max)));
}

}  // namespace rowan::exec
