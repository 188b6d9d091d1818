// Walking over trees: what a text depends on, and changing it in place (qualifying and renaming in
// stored texts).
//
// Ownership: borrows the tree. Texts put into it are not copied: they must live as long as the tree
// does. Threads:   a tree is walked by one thread at a time.
#pragma once

#include <functional>
#include <string_view>

#include "sql/ast.h"

namespace rowan::sql {

// The common tables in scope, innermost first.
struct CommonScope {
  const CommonTable* table = nullptr;
  const CommonScope* next = nullptr;
};

// The query around an expression, and those around that one.
struct WalkScope {
  const SelectStmt* select = nullptr;
  const CommonScope* commons = nullptr;
  const WalkScope* outer = nullptr;
  bool in_order_by =
      false;  // A bare name is a whole ORDER BY item: outputs of the query come first.
};

// What a walk meets, each node once. A common table is met by WITH's rules: a name with a schema or
// AS OF never means one.
class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual void table(NamedTable& /*table*/) {}  // A stored table, view or virtual table.
  virtual void common_table(NamedTable& /*table*/, const CommonTable& /*common*/) {}
  virtual void join(JoinTable& /*join*/, const WalkScope& /*scope*/) {}
  virtual void call(CallExpr& /*call*/) {}  // In expressions and in FROM.
  virtual void cast(CastExpr& /*cast*/) {}  // Also of typed literals.
  virtual void column(ColumnExpr& /*column*/, const WalkScope* /*scope*/) {
  }  // No scope: outside any query.
  virtual void star(StarExpr& /*star*/, const WalkScope* /*scope*/) {}
  virtual void item(SelectItem& /*item*/, const WalkScope& /*scope*/) {}  // Before its expression.
  virtual void subquery(SubqueryExpr& /*expr*/) {}                        // Before its query.
};
void walk(SelectStmt& select, Visitor& visitor);
void walk(Expr& expr, Visitor& visitor);

// The common table that a name in FROM means, or null.
const CommonTable* find_common_table(const NamedTable& table, const CommonScope* commons);

bool has_subquery(const Expr& expr);

// The literal by which nextval, currval or setval names a sequence: a string, or one cast to
// regclass. Null for other calls.
LiteralExpr* sequence_name(CallExpr& call);
// All of these in a query or an expression.
using SequenceVisit = std::function<void(LiteralExpr& name)>;
void each_sequence_name(SelectStmt& select, const SequenceVisit& visit);
void each_sequence_name(Expr& expr, const SequenceVisit& visit);

// Gives every table without a schema the one that `schema_of` names; an empty answer leaves it as
// it is.
void qualify_tables(SelectStmt& select,
                    const std::function<std::string_view(const NamedTable&)>& schema_of);

// Every reference to the table schema.name gets the new name; a table without an alias keeps its
// old name as one, so that columns stay what they were. Tables AS OF some revision are named as
// they were then, and stay. True when something changed. Requires: tables are qualified.
bool rename_table(SelectStmt& select, const QualifiedName& from, const QualifiedName& to);
// Of the branch as it is, now or once what is being done is committed: no AS OF, or AS OF 'HEAD'.
bool is_of_tip(const NamedTable& table);

enum class RenameOutcome : uint8_t { kNothing, kRenamed, kBlocked };

// Every reference to a column of a table gets the new name; an item of a select list that would
// lose its name by that keeps it as an alias. kBlocked, with the tree half changed: the query takes
// the column by USING, NATURAL or *, where it has no name of its own to change. `has_column` knows
// the columns of other stored tables and of functions in FROM. Tables AS OF stay, as in
// rename_table. Requires: tables are qualified, and the query is known to bind.
struct ColumnRename {
  QualifiedName table;
  std::string_view column, new_column;
  std::function<bool(const TableRef& table, std::string_view column)> has_column;
};
RenameOutcome rename_column(SelectStmt& select, const ColumnRename& rename);
// The same in an expression over that one table (a default, a check, an index).
RenameOutcome rename_column(Expr& expr, std::string_view table, std::string_view column,
                            std::string_view new_column);

}  // namespace rowan::sql
