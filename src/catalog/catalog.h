// Catalog: what a commit's tree holds: schemas and tables. Reads only what is asked for.
//
// Threads: immutable; definitions are cached by blob id in the store's node cache.
#pragma once

#include <initializer_list>
#include <span>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "catalog/objects.h"
#include "catalog/table.h"
#include "sql/object_kind.h"
#include "store/object_store.h"
#include "tree/git_tree.h"

namespace rowan::catalog {

inline constexpr std::string_view kDefaultSchema = "public";

class CachedKeyNames;

// A table as one commit has it.
struct TableVersion {
  std::shared_ptr<const TableDef> table;
  Oid rows;   // Zero: empty.
  Oid large;  // Zero: none.
};

class Catalog {
 public:
  // `root` is a commit's tree. The reader and cache must outlive the catalog. `before`: a tree that
  // differs little from it and that was read a moment ago; zero: none.
  Catalog(const store::ObjectReader& objects, store::NodeCache& cache, const Oid& root,
          const Oid& before = {})
      : objects_(objects), cache_(cache), root_(root), before_(before) {}

  const Oid& root() const { return root_; }
  Result<std::vector<std::string>> schemas() const;  // Sorted by name.
  Result<bool> has_schema(std::string_view schema) const;
  Result<std::vector<std::string>> tables(
      std::string_view schema) const;  // Sorted. kInvalidSchemaName.
  Result<std::optional<TableVersion>> find_table(std::string_view schema,
                                                 std::string_view name) const;
  // As find_table, but kUndefinedTable (`relation "x" does not exist`) or kInvalidSchemaName.
  Result<TableVersion> get_table(std::string_view schema, std::string_view name) const;

  // Where a name without a schema is: the first schema of the path that has a relation of that name.
  // When none has, and for names that are new (empty `name`): the first that is there, else the first.
  Result<std::string> schema_of(std::span<const std::string> path, std::string_view name) const;

  // What a name of the schema stands for. Indexes are found through their tables (find_index).
  Result<sql::ObjectKind> find_relation(std::string_view schema, std::string_view name) const;
  Result<std::vector<std::string>> views(
      std::string_view schema) const;  // Plain and materialised, sorted.
  Result<std::vector<std::string>> sequences(std::string_view schema) const;  // Sorted.
  Result<std::shared_ptr<const ViewDef>> find_view(std::string_view schema,
                                                   std::string_view name) const;  // nullptr: none.
  // A materialised view's rows as a table version: what a scan of it reads.
  Result<TableVersion> materialized_rows(const ViewDef& view) const;
  Result<std::optional<SequenceDef>> find_sequence(std::string_view schema,
                                                   std::string_view name) const;
  // The table that has an index of that name in the schema, or a primary or unique key; nothing
  // when there is none.
  Result<std::optional<TableVersion>> find_index(std::string_view schema,
                                                 std::string_view name) const;

 private:
  Result<std::vector<std::string>> names_of(std::string_view schema,
                                            std::initializer_list<sql::ObjectKind> kinds) const;
  Result<std::shared_ptr<const tree::GitTree>> folder_of(
      std::string_view schema, std::string_view name) const;  // nullptr: none.
  Result<std::shared_ptr<const CachedKeyNames>> key_names(std::string_view schema,
                                                          const Oid& folder) const;
  Result<std::shared_ptr<const CachedKeyNames>> key_names_after(
      std::string_view schema, const std::shared_ptr<const CachedKeyNames>& known,
      const tree::GitTree& from, const tree::GitTree& to) const;  // nullptr: read all of them.
  Result<std::optional<std::string>> table_of_index(std::string_view schema,
                                                    std::string_view name) const;

  const store::ObjectReader& objects_;
  store::NodeCache& cache_;
  Oid root_;
  Oid before_;
};

// What refers to something that is not there: foreign keys without a table or key, columns without
// their sequence, views without a table they read. One text each, sorted.
Result<std::vector<std::string>> dangling_references(const Catalog& catalog);

// The tree of a fresh repository: rowan.json, .gitattributes, public/schema.sql.
Result<Oid> write_initial_tree(store::PendingObjects& objects);
std::string schema_sql(std::string_view schema);   // Canonical schema.sql.
std::string schema_path(std::string_view schema);  // Encoded folder name.

}  // namespace rowan::catalog
