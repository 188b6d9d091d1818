// The syntax tree of one statement.
//
// Ownership: all nodes of a statement live in its Arena and die with it; nodes point at each other with plain pointers.
//            Texts are string_views into the arena.
// Positions: 1-based character offset into the statement's source, 0 when there is none.
// Names are already folded (unquoted ones to lower case) and at most 63 bytes.
#pragma once

#include <cstdint>
#include <string_view>

#include "sql/arena.h"

namespace rowan::sql {

// ---- Names and types ------------------------------------------------------------------------------------------------

struct QualifiedName {           // [schema.]name, or share.schema.name
  std::string_view catalog;      // Empty when not given.
  std::string_view schema;       // Empty when not given.
  std::string_view name;
  uint32_t position = 0;
};

struct TypeName {
  std::string_view name;         // Folded, single blanks: "double precision", "timestamp with time zone", "varchar".
  List<int32_t> modifiers;       // varchar(20), numeric(10,2)
  bool is_array = false;
  uint32_t position = 0;
};

// ---- Expressions ----------------------------------------------------------------------------------------------------

enum class ExprKind : uint8_t {
  kLiteral, kColumn, kStar, kParameter, kUnary, kBinary, kIsNull, kIsBool, kIsDistinct, kBetween, kIn, kLike, kCase, kCast, kCall,
  kSubquery, kExists, kInSubquery, kRow, kDefault,
};

struct Expr {
  ExprKind kind;
  uint32_t position = 0;
  uint16_t depth = 1;            // Levels of nodes from here down, at most kExpressionDepthMax; set by the parser.
  bool parenthesised = false;    // Stood in parentheses of its own.
};

enum class LiteralKind : uint8_t { kNull, kBool, kInteger, kDecimal, kString };

struct LiteralExpr : Expr {      // kInteger: digits that fit int64 or not, decided by the binder. kDecimal: "1.5", "1e10".
  LiteralKind literal = LiteralKind::kNull;
  bool boolean = false;
  std::string_view text;
};

struct ColumnExpr : Expr {       // [[schema.]table.]column
  std::string_view schema, table, column;
};

struct StarExpr : Expr {         // * or table.*
  std::string_view schema, table;
};

struct ParameterExpr : Expr {    // $n
  uint32_t number = 0;           // From 1.
};

struct UnaryExpr : Expr {        // -x, +x, NOT x, ~x and other prefix operators
  std::string_view op;           // "-", "+", "not", "~", "@", "|/"
  Expr* operand = nullptr;
};

struct BinaryExpr : Expr {       // "+", "=", "<>", "and", "or", "||", "->>", "~*", …; `!=` arrives as "<>"
  std::string_view op;
  Expr* left = nullptr;
  Expr* right = nullptr;
};

struct IsNullExpr : Expr {
  Expr* operand = nullptr;
  bool negated = false;
};

enum class TruthValue : uint8_t { kTrue, kFalse, kUnknown };
struct IsBoolExpr : Expr {       // x IS [NOT] TRUE | FALSE | UNKNOWN
  Expr* operand = nullptr;
  TruthValue truth = TruthValue::kTrue;
  bool negated = false;
};

struct IsDistinctExpr : Expr {   // x IS [NOT] DISTINCT FROM y
  Expr* left = nullptr;
  Expr* right = nullptr;
  bool negated = false;          // IS NOT DISTINCT FROM
};

struct BetweenExpr : Expr {
  Expr* operand = nullptr;
  Expr* low = nullptr;
  Expr* high = nullptr;
  bool negated = false;
  bool symmetric = false;
};

struct InExpr : Expr {           // x IN (a, b, …)
  Expr* operand = nullptr;
  List<Expr*> items;
  bool negated = false;
};

enum class LikeKind : uint8_t { kLike, kIlike, kSimilar };
struct LikeExpr : Expr {
  Expr* operand = nullptr;
  Expr* pattern = nullptr;
  Expr* escape = nullptr;        // May be null.
  LikeKind like = LikeKind::kLike;
  bool negated = false;
};

struct CaseBranch {
  Expr* when = nullptr;
  Expr* then = nullptr;
};
struct CaseExpr : Expr {
  Expr* operand = nullptr;       // Null for a searched CASE.
  List<CaseBranch> branches;
  Expr* otherwise = nullptr;     // May be null.
};

struct CastExpr : Expr {         // CAST(x AS t), x::t, t 'literal'
  Expr* operand = nullptr;
  TypeName type;
};

struct CallExpr : Expr {         // f(a, b); count(*); also SQL's special forms, as plain calls: extract -> extract('f', x),
  std::string_view schema;       // position -> position(sub, text), substring(x FROM a FOR b) -> substring(x, a, b),
  std::string_view name;         // trim -> btrim/ltrim/rtrim, coalesce, nullif, greatest, least, current_date, now, …
  List<Expr*> arguments;
  bool star = false;             // f(*)
  bool distinct = false;
  Expr* filter = nullptr;        // FILTER (WHERE …); may be null.
};

struct SelectStmt;
struct SubqueryExpr : Expr {     // (SELECT …) as a value; EXISTS (…); kInSubquery: operand [NOT] IN (SELECT …)
  SelectStmt* select = nullptr;
  Expr* operand = nullptr;
  bool negated = false;
};

struct RowExpr : Expr {          // (a, b) or ROW(a, b)
  List<Expr*> items;
};

struct DefaultExpr : Expr {};    // DEFAULT in VALUES or SET

// ---- Queries --------------------------------------------------------------------------------------------------------

struct SelectItem {
  Expr* expr = nullptr;
  std::string_view alias;        // Empty: none.
};

// AS OF 'rev' | AS OF TIMESTAMP expr | FOR SYSTEM_TIME AS OF expr | t@'rev'
enum class AsOfKind : uint8_t { kNone, kRevision, kTimestamp };
struct AsOf {
  AsOfKind kind = AsOfKind::kNone;
  Expr* value = nullptr;
};

enum class TableRefKind : uint8_t { kTable, kSubquery, kFunction, kJoin };
struct TableRef {
  TableRefKind kind;
  uint32_t position = 0;
  uint16_t depth = 1;            // As Expr::depth.
};

struct NamedTable : TableRef {
  QualifiedName name;
  AsOf as_of;
  std::string_view alias;
  List<std::string_view> column_aliases;
};

struct SubqueryTable : TableRef {
  SelectStmt* select = nullptr;
  std::string_view alias;
  List<std::string_view> column_aliases;
};

struct FunctionTable : TableRef {  // FROM rowan.log(…), generate_series(1, 10)
  CallExpr* call = nullptr;
  std::string_view alias;
  List<std::string_view> column_aliases;
};

enum class JoinKind : uint8_t { kInner, kLeft, kRight, kFull, kCross };
struct JoinTable : TableRef {
  JoinKind join = JoinKind::kInner;
  TableRef* left = nullptr;
  TableRef* right = nullptr;
  Expr* on = nullptr;            // Null for CROSS, USING and NATURAL.
  List<std::string_view> using_columns;
  bool natural = false;
};

struct OrderItem {
  Expr* expr = nullptr;
  bool descending = false;
  bool nulls_first = false;      // Already resolved: ASC puts NULLs last, DESC first, unless NULLS … says otherwise.
};

enum class SetOperation : uint8_t { kNone, kUnion, kIntersect, kExcept };

struct CommonTable {             // WITH name [(columns)] AS (select)
  std::string_view name;
  List<std::string_view> columns;
  SelectStmt* select = nullptr;
};

enum class StatementKind : uint8_t {
  kSelect, kInsert, kUpdate, kDelete, kTruncate, kCopy, kCreateSchema, kDropSchema, kCreateDatabase, kDropDatabase,
  kCreateTable, kDropTable, kBegin, kCommit, kRollback, kSavepoint, kReleaseSavepoint, kRollbackTo, kSetTransaction, kSet, kShow, kReset,
  kExplain, kShowLog, kShowBranches, kShowTables, kShowDatabases, kDescribe, kCreateBranch, kDropBranch, kRenameBranch, kCheckout, kCheckpoint,
};

struct Statement {
  StatementKind kind;
  uint32_t position = 0;
  std::string_view text;         // The statement's own source, without the semicolon.
};

struct SelectStmt : Statement {
  List<CommonTable> with;
  bool with_recursive = false;
  // Either a set operation of two queries …
  SetOperation set_operation = SetOperation::kNone;
  bool set_all = false;
  SelectStmt* left = nullptr;
  SelectStmt* right = nullptr;
  // … or VALUES …
  List<List<Expr*>> values;      // Not empty for VALUES.
  // … or SELECT.
  bool distinct = false;
  List<Expr*> distinct_on;
  List<SelectItem> items;        // Empty only for a select with no columns.
  List<TableRef*> from;          // Comma-separated entries.
  Expr* where = nullptr;
  List<Expr*> group_by;
  Expr* having = nullptr;
  // All three may have these.
  List<OrderItem> order_by;
  Expr* limit = nullptr;               // A NULL literal: LIMIT ALL.
  Expr* offset = nullptr;
  uint16_t depth = 1;                  // As Expr::depth.
  bool parenthesised = false;          // Stood in parentheses: WITH, ORDER BY and LIMIT around it do not merge into it.
};

// ---- Data changes ---------------------------------------------------------------------------------------------------

struct InsertStmt : Statement {
  QualifiedName table;
  List<std::string_view> columns;      // Empty: all.
  SelectStmt* source = nullptr;        // VALUES or a query; null: DEFAULT VALUES.
  List<SelectItem> returning;
};

struct Assignment {
  std::string_view column;
  Expr* value = nullptr;               // May be a DefaultExpr.
  uint32_t position = 0;
};

struct UpdateStmt : Statement {
  QualifiedName table;
  std::string_view alias;
  List<Assignment> set;
  List<TableRef*> from;
  Expr* where = nullptr;
  List<SelectItem> returning;
};

struct DeleteStmt : Statement {
  QualifiedName table;
  std::string_view alias;
  List<TableRef*> using_tables;
  Expr* where = nullptr;
  List<SelectItem> returning;
};

struct TruncateStmt : Statement {
  List<QualifiedName> tables;
};

enum class CopyEnd : uint8_t { kFile, kStdin, kStdout };
struct CopyStmt : Statement {
  QualifiedName table;                 // Unless `select`.
  List<std::string_view> columns;
  SelectStmt* select = nullptr;        // COPY (SELECT …) TO
  bool from = false;                   // FROM (into the table) or TO.
  CopyEnd end = CopyEnd::kFile;
  std::string_view path;
  bool csv = false;                    // Else text.
  bool header = false;
  bool has_delimiter = false, has_null = false, has_quote = false, has_escape = false;
  std::string_view delimiter, null_text, quote, escape;   // Checked by the executor.
};

// ---- Definitions ----------------------------------------------------------------------------------------------------

struct SchemaStmt : Statement {        // kCreateSchema, kDropSchema, kCreateDatabase, kDropDatabase
  std::string_view name;
  bool if_exists = false;              // Or IF NOT EXISTS.
  bool cascade = false;
};

// Slots, ids and ABSENT stand in stored table.sql; users may write them but need not.
struct ColumnClause {
  std::string_view name;
  TypeName type;
  bool not_null = false;
  bool primary_key = false;
  bool unique = false;
  Expr* default_value = nullptr;
  std::string_view default_text;       // Source text of the default.
  int32_t slot = -1;                   // SLOT n
  bool has_id = false;
  uint32_t id = 0;                     // ID hex8
  Expr* absent = nullptr;              // ABSENT literal
  uint32_t position = 0;
};

struct DroppedSlotClause {             // DROPPED SLOT n ID hex8
  int32_t slot = -1;
  uint32_t id = 0;
};

struct KeyClause {                     // [CONSTRAINT name] PRIMARY KEY (…) | UNIQUE (…)
  std::string_view name;               // Empty: none given.
  bool primary = false;
  List<std::string_view> columns;
  uint32_t position = 0;
};

struct CreateTableStmt : Statement {
  QualifiedName table;
  bool if_not_exists = false;
  List<ColumnClause> columns;
  List<KeyClause> keys;
  List<DroppedSlotClause> dropped;
};

struct DropTableStmt : Statement {
  List<QualifiedName> tables;
  bool if_exists = false;
  bool cascade = false;
};

// ---- Transactions and settings --------------------------------------------------------------------------------------

enum class IsolationLevel : uint8_t { kReadUncommitted, kReadCommitted, kRepeatableRead, kSerializable };

struct TransactionStmt : Statement {   // kBegin, kCommit, kRollback, kSavepoint, kReleaseSavepoint, kRollbackTo, kSetTransaction
  bool has_isolation = false;
  IsolationLevel isolation = IsolationLevel::kReadCommitted;
  bool has_read_only = false;
  bool read_only = false;
  std::string_view savepoint;
  bool has_message = false;
  std::string_view message;            // COMMIT MESSAGE '…'
};

struct SetStmt : Statement {           // SET [SESSION|LOCAL] name {=|TO} value | DEFAULT; RESET name; SHOW name | ALL
  std::string_view name;
  std::string_view value;              // Empty with is_default.
  bool is_default = false;
  bool local = false;
};

struct ExplainStmt : Statement {
  Statement* statement = nullptr;
  bool analyze = false;
};

// ---- Version control ------------------------------------------------------------------------------------------------

struct ShowLogStmt : Statement {       // SHOW LOG [FOR t] [LIMIT n]
  bool has_table = false;
  QualifiedName table;
  Expr* limit = nullptr;               // Null: the session's default.
};

struct BranchStmt : Statement {        // kCreateBranch, kDropBranch, kRenameBranch, kCheckout
  std::string_view name;
  std::string_view from;               // FROM 'rev'; empty: HEAD. RENAME: the new name.
  bool if_exists = false;              // Or IF NOT EXISTS.
  bool force = false;
};

struct ShowStmt : Statement {          // kShowBranches, kShowTables, kShowDatabases, kDescribe
  QualifiedName name;                  // SHOW TABLES IN s; DESCRIBE t.
};

struct SimpleStmt : Statement {};      // kCheckpoint

}  // namespace rowan::sql
