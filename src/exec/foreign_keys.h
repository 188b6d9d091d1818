// FOREIGN KEY constraints while statements run: what a statement did to rows is noted; at its end
// children are looked up in their parents, and parents that went or changed act on their children.
//
// A child share-locks its parent's row, a parent that goes is locked by the statement: so whoever
// comes second waits, and then finds the truth in the branch's tip. Threads: a ForeignKeyState
// belongs to one session. Errors:  kForeignKeyViolation in PostgreSQL's words; those of reading and
// writing.
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
#include "base/memory_budget.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "derived/index.h"
#include "exec/operator.h"
#include "exec/unique_keys.h"
#include "sql/ast.h"
#include "txn/transaction.h"
#include "type/value.h"

namespace rowan::exec {

// A foreign key as its table has it.
struct Reference {
  std::shared_ptr<const catalog::TableDef> child;
  size_t index = 0;  // Into child->foreign_keys.

  const catalog::ForeignKey& key() const { return child->foreign_keys[index]; }
};

// Every foreign key of a commit's tree that refers to the table.
Result<std::vector<Reference>> references_to(const catalog::Catalog& catalog,
                                             std::string_view schema, std::string_view table);

// A foreign key with both of its ends. Its columns stand in the order of the parent's key, so that
// an encoded value is what that key is looked up by.
struct BoundReference : Reference {
  std::shared_ptr<const catalog::TableDef> parent;
  std::vector<uint16_t> child_columns;
  std::vector<uint16_t> parent_columns;
  std::optional<size_t> unique;  // Into parent->unique_keys; nothing: the primary key.
  size_t number = 0;             // Order among those of a ForeignKeyState.
};
// kInvalidForeignKey when the parent has no primary or unique key over the referenced columns.
Result<BoundReference> bind_reference(const Reference& reference,
                                      std::shared_ptr<const catalog::TableDef> parent);

// All foreign keys that a table's rows take part in.
struct TableReferences {
  std::vector<BoundReference> to_parents;     // Of the table itself.
  std::vector<BoundReference> from_children;  // That refer to it (its own, too).
  std::optional<Error>
      broken;  // One of the table's own has no key to refer to: content that was made elsewhere.

  bool empty() const { return to_parents.empty() && from_children.empty(); }
};

// The value of a foreign key in a child's line, encoded as the parent encodes its key; nothing when
// a column is NULL, and an empty text when no parent can have it (1.5 for an integer, say).
Result<std::optional<std::string>> child_value(const BoundReference& reference, Bytes line,
                                               const store::ObjectReader& objects);
// The value of the referenced columns in a parent's line; nothing when one is NULL.
Result<std::optional<std::string>> parent_value(const BoundReference& reference, Bytes line,
                                                const store::ObjectReader& objects);

// Lookups in one version of a table that is in the store. The key of the parent's row with the
// value; nothing: none.
Result<std::optional<std::string>> find_parent_key(const BoundReference& reference,
                                                   const catalog::TableVersion& parent,
                                                   const std::string& value,
                                                   const store::ObjectStore& store,
                                                   derived::Indexes& indexes);
// The child's rows whose value is among `wanted`; false from `visit` stops. An index is made for
// them, unless `indexes` is nullptr.
using ChildVisitor = std::function<Result<bool>(Bytes key, Bytes line, const std::string& value)>;
Result<void> find_child_rows(const BoundReference& reference, const catalog::TableVersion& child,
                             const std::set<std::string, std::less<>>& wanted,
                             const store::ObjectReader& objects, store::NodeCache& cache,
                             derived::Indexes* indexes, const std::atomic<bool>* cancelled,
                             const ChildVisitor& visit);

Error missing_parent(const Reference& reference, Bytes line);  // Insert or update of a child.
Error still_referenced(const Reference& reference, const catalog::TableDef& parent,
                       Bytes line);  // Delete or update of a parent.

class ForeignKeyState {
 public:
  // As of a schema generation; kept while it stays.
  Result<const TableReferences*> of(txn::Transaction& transaction, const catalog::TableDef& table);
  void begin_statement();  // Forgets what an undone statement noted.

  // A row of `table` is about to become `new_line` (nothing: deleted) from `old_line` (nothing:
  // inserted), whose key is `old_key`. A value that children may refer to is locked before it goes.
  // `new_key` may be empty where the row does not go into the overlay. `references`: of(table).
  Result<void> note(const TableReferences& references, txn::Transaction& transaction,
                    const catalog::TableVersion& table, Bytes old_key,
                    std::optional<Bytes> old_line, Bytes new_key, std::optional<Bytes> new_line);

  // At the end of the statement. True: READ COMMITTED has to run it again.
  Result<bool> finish(ExecContext& context);

 private:
  struct Needed {
    const BoundReference* reference = nullptr;
    std::map<std::string, std::string, std::less<>>
        lines;  // By value: one child's line, for the message.
  };
  struct Parent {
    std::string line;                     // As it was.
    std::optional<std::string> new_line;  // Its later one, when it was updated.
  };
  struct Gone {
    const BoundReference* reference = nullptr;
    std::map<std::string, Parent, std::less<>> parents;  // By value.
  };
  using GoneKeys = std::map<size_t, Gone>;  // By number.

  // A row of a child that has one of the values looked for.
  struct ChildRow {
    std::string value;
    std::string key;
    std::string line;
  };
  using Values = std::set<std::string, std::less<>>;
  // The keys of the child's rows in the overlay that may have a value, by value.
  using OverlayKeys = std::map<std::string, Values, std::less<>>;

  void add_overlay_key(OverlayKeys& keys, const std::string& value, Bytes key);
  static GoneKeys take(GoneKeys& from, std::initializer_list<sql::ForeignAction> actions);
  Result<void> refuse(ExecContext& context, const Gone& gone, bool unless_replaced);
  Result<bool> act(ExecContext& context, const Gone& gone);
  Result<std::vector<ChildRow>> find_children(ExecContext& context,
                                              const BoundReference& reference,
                                              const Values& wanted, size_t limit);
  Result<const OverlayKeys*> overlay_keys(txn::Transaction& transaction,
                                          const BoundReference& reference,
                                          const catalog::TableVersion& child,
                                          const txn::TableOverlay& overlay);
  Result<void> check_parents(ExecContext& context);

  uint64_t generation_ = 0;
  std::unordered_map<std::string, std::unique_ptr<TableReferences>> tables_;  // By "schema/table".
  std::map<size_t, Needed> needed_;  // By number; of the running statement, as the next.
  GoneKeys gone_;
  // By number; of the running statement. Read from the overlay by the first who asks, and kept up
  // with from then on: a long cascade must not read all that it has changed again and again.
  std::map<size_t, OverlayKeys> overlay_keys_;
  CountedMemory memory_;  // Of the three.
};

// TRUNCATE of `tables`: kFeatureNotSupported in PostgreSQL's words when another table refers to one
// of them.
Result<void> check_truncate(const catalog::Catalog& catalog,
                            const std::vector<catalog::TableVersion>& tables);

// Whether every row of the child has its parent: ALTER TABLE … ADD FOREIGN KEY. `child` has the key
// already. kForeignKeyViolation.
Result<void> check_all_references(ExecContext& context, const catalog::TableVersion& child,
                                  size_t index);

}  // namespace rowan::exec
