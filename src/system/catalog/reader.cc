#include "system/catalog/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "sql/parser.h"
#include "system/catalog/objects.h"
#include "type/type_info.h"

namespace rowan::system {

namespace {

// The relation that a name without a schema means: pg_catalog's first, then by the path.
const RelationObject* find_by_path(const Objects& objects, const std::vector<std::string>& path,
                                   std::string_view name) {
  const bool has_own = std::find(path.begin(), path.end(), "pg_catalog") != path.end();
  if (!has_own) {
    if (const RelationObject* own = objects.find("pg_catalog", name)) return own;
  }
  for (const std::string& schema : path) {
    if (const RelationObject* found = objects.find(schema, name)) return found;
  }
  return nullptr;
}

// "n" or "s.n", folded and without quotes. An empty schema: none is named.
Result<catalog::ObjectName> split_name(std::string_view text) {
  return catalog::parse_name(text, {});
}

std::optional<int64_t> oid_of_type(std::string_view name) {
  std::string word(name);
  const bool is_array = word.ends_with("[]");
  if (is_array) word.resize(word.size() - 2);
  if (word.starts_with("pg_catalog.")) word.erase(0, 11);
  const auto type = type::type_from_name(word, nullptr, 0);
  if (!type) return std::nullopt;
  const type::TypeInfo& row = type::type_info(type->id);
  return is_array ? row.array_oid : row.oid;
}

}  // namespace

Result<std::optional<std::string>> SnapshotReader::name_of(expr::ObjectClass kind, int64_t oid) {
  using Name = std::optional<std::string>;
  switch (kind) {
    case expr::ObjectClass::kRelation: {
      TRY_ASSIGN(const auto objects, context_.objects({}));
      const RelationObject* relation = objects->find(oid);
      if (relation == nullptr) return Name();
      const bool plain = find_by_path(*objects, context_.search_path(), relation->name) == relation;
      return Name(plain ? sql::quote_ident(relation->name)
                        : catalog::qualified(relation->schema, relation->name));
    }
    case expr::ObjectClass::kType: {
      for (const type::TypeInfo* row : type::all_types()) {
        if (row->oid == oid) return Name(std::string(row->shown));
        if (row->array_oid == oid) return Name(std::string(row->shown) + "[]");
      }
      return Name();
    }
    case expr::ObjectClass::kNamespace: {
      TRY_ASSIGN(const auto objects, context_.objects({}));
      const auto schema = objects->schema_of(oid);
      return schema ? Name(sql::quote_ident(*schema)) : Name();
    }
    case expr::ObjectClass::kRole:
      return oid == kOwnerOid ? Name(sql::quote_ident(context_.user())) : Name();
    case expr::ObjectClass::kFunction:
      return Name();
  }
  return Name();
}

Result<std::optional<int64_t>> SnapshotReader::oid_of(expr::ObjectClass kind,
                                                      std::string_view name) {
  using Number = std::optional<int64_t>;
  switch (kind) {
    case expr::ObjectClass::kRelation: {
      TRY_ASSIGN(const catalog::ObjectName parts, split_name(name));
      TRY_ASSIGN(const auto objects, context_.objects({}));
      const RelationObject* relation =
          parts.schema.empty() ? find_by_path(*objects, context_.search_path(), parts.name)
                               : objects->find(parts.schema, parts.name);
      return relation == nullptr ? Number() : Number(relation->oid);
    }
    case expr::ObjectClass::kType:
      return oid_of_type(name);
    case expr::ObjectClass::kNamespace: {
      TRY_ASSIGN(const catalog::ObjectName parts, split_name(name));
      TRY_ASSIGN(const auto objects, context_.objects({}));
      const auto& schemas = objects->schemas();
      const bool there = std::find(schemas.begin(), schemas.end(), parts.name) != schemas.end();
      return there ? Number(oid_of_schema(parts.name)) : Number();
    }
    case expr::ObjectClass::kRole: {
      TRY_ASSIGN(const catalog::ObjectName parts, split_name(name));
      return parts.name == context_.user() ? Number(kOwnerOid) : Number();
    }
    case expr::ObjectClass::kFunction:
      return Number();
  }
  return Number();
}

Result<std::optional<bool>> SnapshotReader::is_visible(int64_t oid) {
  TRY_ASSIGN(const auto objects, context_.objects({}));
  const RelationObject* relation = objects->find(oid);
  if (relation == nullptr) return std::optional<bool>();
  return std::optional(find_by_path(*objects, context_.search_path(), relation->name) == relation);
}

Result<std::optional<std::string>> SnapshotReader::definition_of(expr::DefinitionKind kind,
                                                                 int64_t oid,
                                                                 const Wanted& wanted) {
  using Text = std::optional<std::string>;
  TRY_ASSIGN(const auto objects, context_.objects({}));
  if (kind == expr::DefinitionKind::kConstraint) {
    const ConstraintObject* constraint = objects->find_constraint(oid);
    return constraint == nullptr ? Text() : Text(constraint->definition);
  }
  const RelationObject* relation = objects->find(oid);
  if (relation == nullptr) return Text();
  if (kind == expr::DefinitionKind::kIndex) {
    if (relation->kind != 'i') return Text();
    const bool plain = wanted.is_pretty &&
                       find_by_path(*objects, context_.search_path(), relation->definition->name) ==
                           objects->find(relation->table);
    return Text(index_text(*relation, wanted.column, !plain));
  }
  return relation->view != nullptr ? Text(relation->view->query_sql + ";") : Text();
}

Result<std::optional<std::string>> SnapshotReader::sequence_of(std::string_view table,
                                                               std::string_view column) {
  using Text = std::optional<std::string>;
  TRY_ASSIGN(const auto oid, oid_of(expr::ObjectClass::kRelation, table));
  TRY_ASSIGN(const auto objects, context_.objects({}));
  const RelationObject* relation = oid ? objects->find(*oid) : nullptr;
  if (relation == nullptr) {
    return Error(ErrorCode::kUndefinedTable, fmt::format("relation \"{}\" does not exist", table));
  }
  const auto at =
      relation->definition == nullptr ? std::nullopt : relation->definition->find_column(column);
  if (!at) {
    return Error(
        ErrorCode::kUndefinedColumn,
        fmt::format("column \"{}\" of relation \"{}\" does not exist", column, relation->name));
  }
  const std::string& sequence = relation->definition->columns[*at].sequence;
  return sequence.empty() ? Text() : Text(sequence);
}

std::optional<std::string> SnapshotReader::setting(std::string_view name) {
  for (Setting& row : context_.settings()) {
    if (row.name == name) return std::move(row.value);
  }
  return std::nullopt;
}

Result<std::string> SnapshotReader::change_setting(std::string_view name, std::string_view value,
                                                   bool is_local) {
  return context_.change_setting(name, value, is_local);
}

}  // namespace rowan::system
