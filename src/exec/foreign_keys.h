// FOREIGN KEY constraints while statements run: what a statement did to rows is noted; at its end children are looked up in their parents, and
// parents that went or changed act on their children.
//
// A child share-locks its parent's row, a parent that goes is locked by the statement: so whoever comes second waits, and then finds the
// truth in the branch's tip. Threads: a ForeignKeyState belongs to one session.
// Errors:  kForeignKeyViolation in PostgreSQL's words; those of reading and writing.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "derived/index.h"
#include "exec/operator.h"
#include "exec/unique_keys.h"
#include "sql/ast.h"
#include "txn/transaction.h"
#include "type/value.h"

namespace rowan::exec {

// A foreign key seen from either side.
struct Reference {
  std::shared_ptr<const catalog::TableDef> child;
  size_t index = 0;                        // Into child->foreign_keys.

  const catalog::ForeignKey& key() const { return child->foreign_keys[index]; }
};

// All foreign keys that a table's rows take part in.
struct TableReferences {
  std::vector<Reference> to_parents;       // Of the table itself.
  std::vector<Reference> from_children;    // That refer to it (its own, too).

  bool empty() const { return to_parents.empty() && from_children.empty(); }
};

// Every foreign key of a commit's tree that refers to the table.
Result<std::vector<Reference>> references_to(const catalog::Catalog& catalog, std::string_view schema, std::string_view table);

// The value of a foreign key in a child's line, encoded as `parent` would encode its referenced columns; nothing when a column is NULL, and an
// empty text when no parent can have it (out of its type's range).
Result<std::optional<std::string>> child_value(const Reference& reference, const catalog::TableDef& parent, Bytes line, const store::ObjectReader& objects);
// The value of the referenced columns in a parent's line; nothing when one is NULL.
Result<std::optional<std::string>> parent_value(const Reference& reference, const catalog::TableDef& parent, Bytes line, const store::ObjectReader& objects);

// Lookups in one version of a table that is in the store. The key of the parent's row with the value; nothing: none.
Result<std::optional<std::string>> find_parent_key(const Reference& reference, const catalog::TableVersion& parent, const std::string& value,
                                                   const store::ObjectStore& store, derived::Indexes& indexes);
// The child's rows whose value is among `wanted`; false from `visit` stops. An index is made for them, unless `indexes` is nullptr.
using ChildVisitor = std::function<Result<bool>(Bytes key, Bytes line, const std::string& value)>;
Result<void> find_child_rows(const Reference& reference, const catalog::TableVersion& child, const catalog::TableDef& parent,
                             const std::set<std::string, std::less<>>& wanted, const store::ObjectReader& objects, store::NodeCache& cache,
                             derived::Indexes* indexes, const std::atomic<bool>* cancelled, const ChildVisitor& visit);

Error missing_parent(const Reference& reference, Bytes line);                                          // Insert or update of a child.
Error still_referenced(const Reference& reference, const catalog::TableDef& parent, Bytes line);       // Delete or update of a parent.

class ForeignKeyState {
 public:
  // As of a schema generation; kept while it stays.
  Result<const TableReferences*> of(txn::Transaction& transaction, const catalog::TableDef& table);
  void begin_statement();                  // Forgets what an undone statement noted.

  // A row of `table` became `new_line` (nothing: deleted) from `old_line` (nothing: inserted). `references`: of(table).
  Result<void> note(const TableReferences& references, txn::Transaction& transaction, const catalog::TableVersion& table,
                    std::optional<Bytes> old_line, std::optional<Bytes> new_line);

  // At the end of the statement. True: READ COMMITTED has to run it again.
  Result<bool> finish(ExecContext& context);

 private:
  struct Needed {
    Reference reference;
    std::string line;                      // One child's, for the message.
  };
  struct Gone {
    Reference reference;
    std::string line;                      // The parent's before.
    std::optional<std::string> new_line;   // Its later one, when it was updated.
  };
  using Values = std::map<std::string, Gone, std::less<>>;   // By value.

  Result<bool> act(ExecContext& context, const Reference& reference, const Values& values);
  Result<void> check_parents(ExecContext& context);

  uint64_t generation_ = 0;
  std::unordered_map<std::string, std::unique_ptr<TableReferences>> tables_;   // By "schema/table".
  std::map<std::string, std::map<std::string, Needed, std::less<>>> needed_;   // By foreign key, then value.
  std::map<std::string, std::pair<Reference, Values>> gone_;                   // By foreign key.
};

// TRUNCATE of `tables`: kFeatureNotSupported in PostgreSQL's words when another table refers to one of them.
Result<void> check_truncate(const catalog::Catalog& catalog, const std::vector<catalog::TableVersion>& tables);

// Whether every row of the child has its parent: ALTER TABLE … ADD FOREIGN KEY. `child` has the key already. kForeignKeyViolation.
Result<void> check_all_references(ExecContext& context, const catalog::TableVersion& child, size_t index);

}  // namespace rowan::exec
