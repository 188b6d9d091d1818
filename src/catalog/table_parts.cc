// Keys, checks, foreign keys and indexes of a table, and the names they get.
#include <algorithm>

#include "base/limits.h"
#include "catalog/expression_text.h"
#include "catalog/objects.h"
#include "catalog/table.h"
#include "sql/parser.h"
#include "sql/print.h"
#include "sql/walk.h"

namespace rowan::catalog {
namespace {

using Columns = std::vector<uint16_t>;

std::string quoted(std::string_view name) { return "\"" + std::string(name) + "\""; }

Error invalid(ErrorCode code, std::string message, uint32_t position) {
  return Error(code, std::move(message)).at(position);
}

// PostgreSQL's default name: the parts joined, the longer one cut until all fits.
std::string joined_name(std::string first, std::string names, std::string_view suffix) {
  const auto cut = [](std::string& text) {
    do {
      text.pop_back();
    } while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80);
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0) text.pop_back();
  };
  const size_t fixed = suffix.size() + (names.empty() ? 1 : 2);
  while (first.size() + names.size() + fixed > kIdentifierBytesMax - 2)
    cut(first.size() >= names.size() ? first : names);
  return first + (names.empty() ? "" : "_" + names) + "_" + std::string(suffix);
}

std::string column_names(const TableDef& table, const Columns& columns) {
  std::string names;
  for (const uint16_t column : columns)
    names += (names.empty() ? "" : "_") + table.columns[column].name;
  return names;
}

// A number behind the name when it is taken.
std::string free_name(const std::string& base, const NameTaken& taken) {
  std::string made = base;
  for (int n = 1; taken(made); ++n) made = base + std::to_string(n);
  return made;
}

bool key_exists(const TableDef& table, size_t unique_keys, std::string_view name) {
  if (!table.primary_key.empty() && table.primary_key_name == name) return true;
  const auto end = table.unique_keys.begin() + static_cast<ptrdiff_t>(unique_keys);
  return std::any_of(table.unique_keys.begin(), end,
                     [&](const UniqueKey& key) { return key.name == name; });
}

bool check_exists(const TableDef& table, size_t checks, std::string_view name) {
  const auto end = table.checks.begin() + static_cast<ptrdiff_t>(checks);
  return std::any_of(table.checks.begin(), end,
                     [&](const CheckConstraint& check) { return check.name == name; });
}

bool index_exists(const TableDef& table, std::string_view name) {
  return std::any_of(table.indexes.begin(), table.indexes.end(),
                     [&](const IndexDef& index) { return index.name == name; });
}

Error too_many_key_columns(uint32_t position) {
  return invalid(
      ErrorCode::kTooManyColumns,
      "cannot use more than " + std::to_string(kIndexColumnsMax) + " columns in an index",
      position);
}

Result<Columns> key_columns(const sql::List<std::string_view>& names, const TableDef& table,
                            bool primary, uint32_t position) {
  Columns columns;
  for (const std::string_view name : names) {
    const std::optional<uint16_t> column = table.find_column(name);
    if (!column)
      return invalid(ErrorCode::kUndefinedColumn,
                     "column " + quoted(name) + " named in key does not exist", position);
    if (std::find(columns.begin(), columns.end(), *column) != columns.end()) {
      const std::string kind = primary ? "primary key" : "unique";
      return invalid(ErrorCode::kDuplicateColumn,
                     "column " + quoted(name) + " appears twice in " + kind + " constraint",
                     position);
    }
    TRY(check_key_type(table.columns[*column].type, position));
    columns.push_back(*column);
  }
  if (columns.size() > kIndexColumnsMax) return too_many_key_columns(position);
  return columns;
}

Error duplicate_constraint(const TableDef& table, std::string_view name, uint32_t position) {
  return invalid(
      ErrorCode::kDuplicateObject,
      "constraint " + quoted(name) + " for relation " + quoted(table.name) + " already exists",
      position);
}

Error duplicate_relation(std::string_view name, uint32_t position) {
  return invalid(ErrorCode::kDuplicateTable, "relation " + quoted(name) + " already exists",
                 position);
}

// The one column that a check is about gives it its name; a check on none or several is the
// table's.
std::string check_name(const TableDef& table, const std::string& expression_sql,
                       const NameTaken& taken) {
  const auto columns = columns_of(expression_sql);
  const std::string names = columns && columns->size() == 1 ? columns->front() : std::string();
  return free_name(joined_name(table.name, names, "check"), taken);
}

}  // namespace

bool constraint_exists(const TableDef& table, std::string_view name) {
  return key_exists(table, table.unique_constraints, name) ||
         check_exists(table, table.checks.size(), name) ||
         std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(),
                     [&](const ForeignKey& key) { return key.name == name; });
}

bool references_key(const ForeignKey& key, const TableDef& parent) {
  std::vector<uint16_t> columns;
  for (const std::string& name : key.referenced) {
    const auto column = parent.find_column(name);
    if (!column) return false;
    columns.push_back(*column);
  }
  const auto same = [&](const std::vector<uint16_t>& each) {
    return !each.empty() && each.size() == columns.size() &&
           std::is_permutation(each.begin(), each.end(), columns.begin());
  };
  return same(parent.primary_key) ||
         std::any_of(parent.unique_keys.begin(), parent.unique_keys.end(),
                     [&](const UniqueKey& unique) { return same(unique.columns); });
}

std::string default_primary_key_name(const TableDef& table) {
  return joined_name(table.name, {}, "pkey");
}

// Only what stands in front counts for the number behind a name.
std::string default_unique_key_name(const TableDef& table, size_t index) {
  return free_name(
      joined_name(table.name, column_names(table, table.unique_keys[index].columns), "key"),
      [&](std::string_view name) { return key_exists(table, index, name); });
}

std::string default_check_name(const TableDef& table, size_t index) {
  return check_name(table, table.checks[index].expression_sql, [&](std::string_view name) {
    return key_exists(table, table.unique_constraints, name) || check_exists(table, index, name);
  });
}

std::string default_foreign_key_name(const TableDef& table, size_t index) {
  const auto in_front = [&](std::string_view name) {
    if (key_exists(table, table.unique_constraints, name) ||
        check_exists(table, table.checks.size(), name))
      return true;
    const auto end = table.foreign_keys.begin() + static_cast<ptrdiff_t>(index);
    return std::any_of(table.foreign_keys.begin(), end,
                       [&](const ForeignKey& key) { return key.name == name; });
  };
  return free_name(
      joined_name(table.name, column_names(table, table.foreign_keys[index].columns), "fkey"),
      in_front);
}

std::string default_sequence_name(const TableDef& table, std::string_view column,
                                  const NameTaken& taken) {
  const auto exists = [&](std::string_view name) {
    const std::string full = qualified(table.schema, name);
    return (taken && taken(name)) ||
           std::any_of(table.columns.begin(), table.columns.end(),
                       [&](const ColumnDef& each) { return each.sequence == full; });
  };
  return free_name(joined_name(table.name, std::string(column), "seq"), exists);
}

Result<void> add_key_clause(TableDef& table, const sql::KeyClause& clause, const NameTaken& taken) {
  if (clause.primary && !table.primary_key.empty()) {
    return invalid(ErrorCode::kInvalidTableDefinition,
                   "multiple primary keys for table " + quoted(table.name) + " are not allowed",
                   clause.position);
  }
  TRY_ASSIGN(const Columns columns,
             key_columns(clause.columns, table, clause.primary, clause.position));
  std::string name(clause.name);
  if (name.empty()) {
    const std::string base =
        joined_name(table.name, clause.primary ? std::string() : column_names(table, columns),
                    clause.primary ? "pkey" : "key");
    name = free_name(base, [&](std::string_view each) {
      return constraint_exists(table, each) || index_exists(table, each) || (taken && taken(each));
    });
  } else if (key_exists(table, table.unique_constraints, name) || index_exists(table, name) ||
             (taken && taken(name))) {
    return duplicate_relation(name, clause.position);
  } else if (constraint_exists(table, name)) {
    return duplicate_constraint(table, name, clause.position);
  }
  if (clause.primary) {
    table.primary_key = columns;
    table.primary_key_name = std::move(name);
    for (const uint16_t column : columns) table.columns[column].not_null = true;
    return {};
  }
  table.unique_keys.insert(
      table.unique_keys.begin() + static_cast<ptrdiff_t>(table.unique_constraints),
      {std::move(name), columns});
  ++table.unique_constraints;
  return {};
}

Result<void> add_check_clause(TableDef& table, const sql::CheckClause& clause) {
  const std::string text = sql::to_sql(*clause.expr);
  if (sql::has_subquery(*clause.expr))
    return invalid(ErrorCode::kFeatureNotSupported, "cannot use subquery in check constraint",
                   clause.expr->position);
  std::optional<Error> error;
  const auto refuse = [&](Error why) {
    if (!error) error.emplace(std::move(why));
  };
  CheckConstraint check;
  // The table's own name goes, so that the text stays true when the table is renamed.
  TRY_ASSIGN(
      check.expression_sql, rewrite_columns(text, [&](sql::ColumnExpr& column) {
        if (!column.table.empty() && (column.table != table.name ||
                                      (!column.schema.empty() && column.schema != table.schema))) {
          return refuse(Error(ErrorCode::kUndefinedTable,
                              "missing FROM-clause entry for table " + quoted(column.table)));
        }
        column.table = column.schema = {};
        if (!table.find_column(column.column))
          refuse(Error(ErrorCode::kUndefinedColumn,
                       "column " + quoted(column.column) + " does not exist"));
      }));
  if (error) return std::move(*error).at(clause.expr->position);
  check.name = clause.name;
  const auto exists = [&](std::string_view name) { return constraint_exists(table, name); };
  if (check.name.empty()) {
    check.name = check_name(table, check.expression_sql, exists);
  } else if (exists(check.name)) {
    return duplicate_constraint(table, check.name, clause.position);
  }
  table.checks.push_back(std::move(check));
  return {};
}

Result<void> add_foreign_key_clause(TableDef& table, const sql::ForeignKeyClause& clause,
                                    const NameScope& scope) {
  ForeignKey key;
  for (const std::string_view name : clause.columns) {
    const std::optional<uint16_t> column = table.find_column(name);
    if (!column) {
      return invalid(
          ErrorCode::kUndefinedColumn,
          "column " + quoted(name) + " referenced in foreign key constraint does not exist",
          clause.position);
    }
    if (std::find(key.columns.begin(), key.columns.end(), *column) != key.columns.end()) {
      return invalid(ErrorCode::kDuplicateColumn,
                     "column " + quoted(name) + " appears twice in foreign key constraint",
                     clause.position);
    }
    key.columns.push_back(*column);
  }
  if (key.columns.size() > kIndexColumnsMax) {
    return invalid(ErrorCode::kTooManyColumns,
                   "cannot have more than " + std::to_string(kIndexColumnsMax) +
                       " keys in a foreign key",
                   clause.position);
  }
  TRY(sql::check_database(clause.table, scope.database));
  key.schema = clause.table.schema;
  if (key.schema.empty()) {
    // The table itself need not be there yet.
    const bool own = clause.table.name == table.name && table.schema == scope.schema;
    key.schema = own || !scope.find ? std::string(scope.schema) : scope.find(clause.table.name);
  }
  key.table = clause.table.name;
  for (const std::string_view name : clause.referenced) key.referenced.emplace_back(name);
  if (!key.referenced.empty() && key.referenced.size() != key.columns.size()) {
    return invalid(ErrorCode::kInvalidForeignKey,
                   "number of referencing and referenced columns for foreign key disagree",
                   clause.position);
  }
  key.on_delete = clause.on_delete;
  key.on_update = clause.on_update;
  key.name = clause.name;
  if (!key.name.empty() && constraint_exists(table, key.name))
    return duplicate_constraint(table, key.name, clause.position);
  if (key.name.empty()) {
    key.name = free_name(joined_name(table.name, column_names(table, key.columns), "fkey"),
                         [&](std::string_view name) { return constraint_exists(table, name); });
  }
  table.foreign_keys.push_back(std::move(key));
  return {};
}

Result<void> check_key_type(type::Type type, uint32_t position) {
  if (type.id == type::TypeId::kJson) {
    return Error(ErrorCode::kUndefinedObject,
                 "data type json has no default operator class for access method \"btree\"")
        .with_hint("Compare the json as text, or make the column jsonb.")
        .at(position);
  }
  if (type::can_be_key(type.id)) return {};
  return invalid(ErrorCode::kFeatureNotSupported,
                 "a key of type " + type::type_name(type) + " is not supported", position);
}

Result<void> add_index_clause(TableDef& table, const sql::IndexClause& clause,
                              const NameTaken& taken) {
  IndexDef index;
  index.unique = clause.unique;
  std::string names;
  for (const sql::IndexColumn& each : clause.columns) {
    if (each.column.empty()) {
      return invalid(ErrorCode::kFeatureNotSupported,
                     "indexes on expressions are not supported yet",
                     each.expr != nullptr ? each.expr->position : clause.position);
    }
    const std::optional<uint16_t> column = table.find_column(each.column);
    if (!column)
      return invalid(ErrorCode::kUndefinedColumn,
                     "column " + quoted(each.column) + " does not exist", clause.position);
    const type::Type type = table.columns[*column].type;
    TRY(check_key_type(type, clause.position));
    index.columns.push_back({*column, each.descending, each.nulls_first});
    names += (names.empty() ? "" : "_") + std::string(each.column);
  }
  if (index.columns.empty())
    return invalid(ErrorCode::kSyntaxError, "an index needs a column", clause.position);
  if (index.columns.size() > kIndexColumnsMax) return too_many_key_columns(clause.position);
  const auto exists = [&](std::string_view name) {
    return key_exists(table, table.unique_constraints, name) || index_exists(table, name) ||
           (taken && taken(name));
  };
  index.name = clause.name;
  if (index.name.empty()) {
    index.name = free_name(joined_name(table.name, names, "idx"), exists);
  } else if (exists(index.name)) {
    return duplicate_relation(index.name, clause.position);
  }
  table.indexes.push_back(std::move(index));
  return {};
}

}  // namespace rowan::catalog
