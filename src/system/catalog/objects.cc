#include "system/catalog/objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sql/parser.h"
#include "system/compiled_views.h"
#include "system/registry.h"

namespace rowan::system {

namespace {

std::string name_key(std::string_view schema, std::string_view name) {
  std::string key(schema);
  key += '\0';
  key += name;
  return key;
}

std::vector<catalog::IndexColumnDef> plain_columns(const std::vector<uint16_t>& columns) {
  std::vector<catalog::IndexColumnDef> made;
  for (const uint16_t column : columns) made.push_back({column, false, false});
  return made;
}

std::vector<int64_t> numbers_of(const std::vector<uint16_t>& columns) {
  std::vector<int64_t> numbers;
  for (const uint16_t column : columns) numbers.push_back(column + 1);
  return numbers;
}

char action_letter(sql::ForeignAction action) {
  switch (action) {
    case sql::ForeignAction::kNoAction:
      return 'a';
    case sql::ForeignAction::kRestrict:
      return 'r';
    case sql::ForeignAction::kCascade:
      return 'c';
    case sql::ForeignAction::kSetNull:
      return 'n';
    case sql::ForeignAction::kSetDefault:
      return 'd';
  }
  return 'a';
}

// The key over just these columns, in any order; empty: none.
std::string name_of_key(const catalog::TableDef& table, std::vector<int64_t> columns) {
  const auto is_over = [&](const std::vector<uint16_t>& key) {
    std::vector<int64_t> numbers = numbers_of(key);
    std::sort(numbers.begin(), numbers.end());
    return numbers == columns;
  };
  std::sort(columns.begin(), columns.end());
  if (is_over(table.primary_key)) return table.primary_key_name;
  for (const catalog::UniqueKey& key : table.unique_keys) {
    if (is_over(key.columns)) return key.name;
  }
  return {};
}

// As PostgreSQL writes it: public is not named, and no blank stands before the columns.
std::string foreign_key_text(const catalog::TableDef& table, const catalog::ForeignKey& key) {
  std::string text = catalog::foreign_key_sql(table, key);
  const std::string target = catalog::qualified(key.schema, key.table) + " (";
  const size_t at = text.find(" REFERENCES ");
  if (at == std::string::npos || !text.substr(at + 12).starts_with(target)) return text;
  const std::string shown = key.schema == catalog::kDefaultSchema
                                ? sql::quote_ident(key.table)
                                : catalog::qualified(key.schema, key.table);
  return text.replace(at + 12, target.size(), shown + "(");
}

}  // namespace

Result<std::shared_ptr<const Objects>> Objects::read(const catalog::Catalog& catalog) {
  auto objects = std::make_shared<Objects>();
  TRY_ASSIGN(objects->schemas_, catalog.schemas());
  for (const std::string& schema : objects->schemas_) TRY(objects->add_schema(catalog, schema));
  objects->add_system();
  objects->number();
  for (const RelationObject& relation : objects->relations_) {
    if (relation.kind == 'r') objects->add_constraints(relation);
  }
  return std::shared_ptr<const Objects>(std::move(objects));
}

Result<void> Objects::add_schema(const catalog::Catalog& catalog, const std::string& schema) {
  TRY_ASSIGN(const std::vector<std::string> tables, catalog.tables(schema));
  for (const std::string& name : tables) {
    TRY_ASSIGN(const catalog::TableVersion version, catalog.get_table(schema, name));
    add_table(version.table);
  }
  TRY_ASSIGN(const std::vector<std::string> views, catalog.views(schema));
  for (const std::string& name : views) {
    RelationObject view;
    TRY_ASSIGN(view.view, catalog.find_view(schema, name));
    if (view.view == nullptr) continue;
    view.schema = schema;
    view.name = name;
    view.kind = view.view->materialized() ? 'm' : 'v';
    view.definition = view.view->stored;
    relations_.push_back(std::move(view));
  }
  TRY_ASSIGN(const std::vector<std::string> sequences, catalog.sequences(schema));
  for (const std::string& name : sequences) {
    RelationObject sequence;
    TRY_ASSIGN(sequence.sequence, catalog.find_sequence(schema, name));
    sequence.schema = schema;
    sequence.name = name;
    sequence.kind = 'S';
    if (sequence.sequence) relations_.push_back(std::move(sequence));
  }
  return {};
}

void Objects::add_table(const std::shared_ptr<const catalog::TableDef>& table) {
  RelationObject relation;
  relation.schema = table->schema;
  relation.name = table->name;
  relation.definition = table;
  relations_.push_back(relation);
  const auto add_index = [&](const std::string& name, IndexPart part) {
    relation.name = name;
    relation.kind = 'i';
    relation.index = std::move(part);
    relations_.push_back(relation);
  };
  if (!table->primary_key.empty()) {
    add_index(table->primary_key_name,
              {IndexKind::kPrimary, true, plain_columns(table->primary_key)});
  }
  for (size_t i = 0; i < table->unique_constraints; ++i) {
    add_index(table->unique_keys[i].name,
              {IndexKind::kUnique, true, plain_columns(table->unique_keys[i].columns)});
  }
  for (const catalog::IndexDef& index : table->indexes)
    add_index(index.name, {IndexKind::kPlain, index.unique, index.columns});
}

// The relations of pg_catalog, information_schema and rowan: views, as nobody can write them.
void Objects::add_system() {
  for (const auto& view : compiled_views()) {
    RelationObject relation;
    relation.schema = view->schema;
    relation.name = view->name;
    relation.kind = 'v';
    relation.view = view;
    relations_.push_back(std::move(relation));
  }
  for (const Relation& row : relation_rows()) {
    if (row.make != nullptr) continue;
    RelationObject relation;
    relation.schema = "rowan";
    relation.name = row.name;
    relation.kind = 'v';
    for (const Column& column : row.columns)
      relation.outputs.push_back({std::string(column.name), {column.type, -1}});
    relations_.push_back(std::move(relation));
  }
  for (const char* schema : {"information_schema", "pg_catalog", "rowan"})
    schemas_.push_back(schema);
}

void Objects::number() {
  std::sort(relations_.begin(), relations_.end(), [](const auto& a, const auto& b) {
    return std::tie(a.schema, a.name) < std::tie(b.schema, b.name);
  });
  for (size_t i = 0; i < relations_.size(); ++i) {
    RelationObject& relation = relations_[i];
    relation.oid = oid_of_relation(relation.schema, relation.name);
    while (!by_oid_.emplace(relation.oid, i).second) relation.oid = next_oid(relation.oid);
    by_name_.emplace(name_key(relation.schema, relation.name), i);
  }
  for (RelationObject& relation : relations_) {
    if (relation.kind == 'i')
      relation.table = find(relation.schema, relation.definition->name)->oid;
  }
}

void Objects::add_constraint(ConstraintObject constraint, const RelationObject& table) {
  constraint.table = table.oid;
  constraint.oid = oid_of_names({table.schema, table.name, constraint.name});
  while (!constraint_by_oid_.emplace(constraint.oid, constraints_.size()).second)
    constraint.oid = next_oid(constraint.oid);
  constraints_.push_back(std::move(constraint));
}

void Objects::add_constraints(const RelationObject& relation) {
  const catalog::TableDef& table = *relation.definition;
  const auto index_oid = [&](std::string_view schema, std::string_view name) -> ObjectOid {
    const RelationObject* index = find(schema, name);
    return index == nullptr ? 0 : index->oid;
  };
  const auto add_key = [&](const std::string& name, char kind, std::string_view words,
                           const std::vector<uint16_t>& columns) {
    ConstraintObject key;
    key.name = name;
    key.kind = kind;
    key.index = index_oid(table.schema, name);
    key.columns = numbers_of(columns);
    key.definition = fmt::format("{} {}", words, catalog::column_list_sql(table, columns));
    add_constraint(std::move(key), relation);
  };
  if (!table.primary_key.empty())
    add_key(table.primary_key_name, 'p', "PRIMARY KEY", table.primary_key);
  for (size_t i = 0; i < table.unique_constraints; ++i)
    add_key(table.unique_keys[i].name, 'u', "UNIQUE", table.unique_keys[i].columns);
  for (const catalog::CheckConstraint& check : table.checks) {
    ConstraintObject constraint;
    constraint.name = check.name;
    constraint.definition = "CHECK (" + check.expression_sql + ")";
    add_constraint(std::move(constraint), relation);
  }
  for (const catalog::ForeignKey& key : table.foreign_keys) {
    ConstraintObject constraint;
    constraint.name = key.name;
    constraint.kind = 'f';
    constraint.columns = numbers_of(key.columns);
    constraint.on_update = action_letter(key.on_update);
    constraint.on_delete = action_letter(key.on_delete);
    constraint.definition = foreign_key_text(table, key);
    if (const RelationObject* parent = find(key.schema, key.table); parent && parent->definition) {
      constraint.foreign_table = parent->oid;
      linked_.insert(parent->oid);
      for (const std::string& name : key.referenced) {
        if (const auto column = parent->definition->find_column(name))
          constraint.foreign_columns.push_back(*column + 1);
      }
      constraint.index =
          index_oid(key.schema, name_of_key(*parent->definition, constraint.foreign_columns));
    }
    linked_.insert(relation.oid);
    add_constraint(std::move(constraint), relation);
  }
}

const RelationObject* Objects::find(ObjectOid oid) const {
  const auto found = by_oid_.find(oid);
  return found == by_oid_.end() ? nullptr : &relations_[found->second];
}

const RelationObject* Objects::find(std::string_view schema, std::string_view name) const {
  const auto found = by_name_.find(name_key(schema, name));
  return found == by_name_.end() ? nullptr : &relations_[found->second];
}

const ConstraintObject* Objects::find_constraint(ObjectOid oid) const {
  const auto found = constraint_by_oid_.find(oid);
  return found == constraint_by_oid_.end() ? nullptr : &constraints_[found->second];
}

std::optional<std::string> Objects::schema_of(ObjectOid oid) const {
  for (const std::string& schema : schemas_) {
    if (oid_of_schema(schema) == oid) return schema;
  }
  return std::nullopt;
}

std::string index_text(const RelationObject& index, int64_t column, bool with_schema) {
  const catalog::TableDef& table = *index.definition;
  const auto name_of = [&](const catalog::IndexColumnDef& part) {
    return sql::quote_ident(table.columns[part.column].name);
  };
  if (column > 0) {
    const auto at = static_cast<size_t>(column) - 1;
    return at < index.index.columns.size() ? name_of(index.index.columns[at]) : std::string();
  }
  catalog::IndexDef definition;
  definition.columns = index.index.columns;
  return fmt::format(
      "CREATE {}INDEX {} ON {} USING btree {}", index.index.is_unique ? "UNIQUE " : "",
      sql::quote_ident(index.name),
      with_schema ? catalog::qualified(index.schema, table.name) : sql::quote_ident(table.name),
      catalog::index_columns_sql(table, definition));
}

}  // namespace rowan::system
