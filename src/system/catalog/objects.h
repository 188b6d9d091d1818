// Objects: what a tree holds, with oids: relations, indexes and constraints. What pg_catalog and
// the functions of the catalogue are made from.
//
// Lifetime: immutable once made; its definitions stay alive with it.
// Threads:  any.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "plan/plan.h"
#include "system/catalog/oids.h"

namespace rowan::system {

enum class IndexKind : uint8_t { kPrimary, kUnique, kPlain };

// A key or index of a table.
struct IndexPart {
  IndexKind kind = IndexKind::kPlain;
  bool is_unique = false;
  std::vector<catalog::IndexColumnDef> columns;
};

struct RelationObject {
  ObjectOid oid = 0;
  std::string schema;
  std::string name;
  char kind = 'r';                                      // pg_class.relkind
  ObjectOid table = 0;                                  // Of an index: the table's.
  std::shared_ptr<const catalog::TableDef> definition;  // A table, or the table of an index.
  std::shared_ptr<const catalog::ViewDef> view;         // Plain or materialised.
  std::optional<catalog::SequenceDef> sequence;
  IndexPart index;                          // Of an index.
  std::vector<plan::OutputColumn> outputs;  // Of a system relation with fixed columns.
};

struct ConstraintObject {
  ObjectOid oid = 0;
  ObjectOid table = 0;
  ObjectOid index = 0;  // Of a key; of a foreign key that of the table it refers to.
  ObjectOid foreign_table = 0;
  std::string name;
  char kind = 'c';  // pg_constraint.contype
  std::string definition;
  std::vector<int64_t> columns;  // Numbers from 1.
  std::vector<int64_t> foreign_columns;
  char on_update = ' ';
  char on_delete = ' ';
};

class Objects {
 public:
  static Result<std::shared_ptr<const Objects>> read(const catalog::Catalog& catalog);

  const std::vector<std::string>& schemas() const { return schemas_; }  // Those of the system last.
  const std::vector<RelationObject>& relations() const { return relations_; }
  const std::vector<ConstraintObject>& constraints() const { return constraints_; }

  const RelationObject* find(ObjectOid oid) const;  // nullptr: none.
  const RelationObject* find(std::string_view schema, std::string_view name) const;
  const ConstraintObject* find_constraint(ObjectOid oid) const;
  std::optional<std::string> schema_of(ObjectOid oid) const;
  // Whether a table has a foreign key, or one refers to it.
  bool is_linked(ObjectOid table) const { return linked_.contains(table); }

 private:
  Result<void> add_schema(const catalog::Catalog& catalog, const std::string& schema);
  void add_table(const std::shared_ptr<const catalog::TableDef>& table);
  void add_system();
  void number();
  void add_constraints(const RelationObject& table);
  void add_constraint(ConstraintObject constraint, const RelationObject& table);

  std::vector<std::string> schemas_;
  std::vector<RelationObject> relations_;  // By schema and name.
  std::vector<ConstraintObject> constraints_;
  std::unordered_map<ObjectOid, size_t> by_oid_;
  std::unordered_map<std::string, size_t> by_name_;  // "<schema>" NUL "<name>"
  std::unordered_map<ObjectOid, size_t> constraint_by_oid_;
  std::unordered_set<ObjectOid> linked_;
};

// "CREATE UNIQUE INDEX n ON public.t USING btree (a, b DESC)"; of a column alone (from 1) its name.
std::string index_text(const RelationObject& index, int64_t column, bool with_schema);

}  // namespace rowan::system
