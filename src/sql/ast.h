// The syntax tree of one statement.
//
// Ownership: all nodes of a statement live in its Arena and die with it; nodes point at each other
// with plain pointers.
//            Texts are string_views into the arena.
// Positions: 1-based character offset into the statement's source, 0 when there is none.
// Names are already folded (unquoted ones to lower case) and at most 63 bytes.
#pragma once

#include <cstdint>
#include <string_view>

#include "sql/arena.h"
#include "sql/object_kind.h"

namespace rowan::sql {

// ---- Names and types ----

struct QualifiedName {       // [schema.]name, or share.schema.name
  std::string_view catalog;  // Empty when not given.
  std::string_view schema;   // Empty when not given.
  std::string_view name;
  uint32_t position = 0;
};

// A parameter in the place of a name, a revision or a text: MERGE $1, SHOW LOG ON $1, t AS OF $1. It
// cannot be evaluated in place; whoever runs the statement puts its text there, for each run anew.
struct LiteralExpr;
struct TextParameter {
  uint32_t number = 0;    // Of $n.
  uint32_t position = 0;
  uint32_t begin = 0;     // Bytes of the statement's text that it covers.
  uint32_t end = 0;
  bool is_revision = false;        // Empty it is none.
  LiteralExpr* literal = nullptr;  // AS OF: the revision, which gets the text too.
  std::string_view text;           // Borrowed while the statement runs.
};

// A name, a revision or a text of a statement as it was written, or a parameter in its place.
class GivenText {
 public:
  GivenText() = default;
  GivenText(std::string_view text) : text_(text) {}  // NOLINT: what a literal says.
  explicit GivenText(const TextParameter* parameter) : parameter_(parameter) {}

  // Empty before the parameter has its text.
  std::string_view text() const { return parameter_ == nullptr ? text_ : parameter_->text; }
  operator std::string_view() const { return text(); }  // NOLINT
  bool empty() const { return text().empty(); }
  bool is_written() const { return parameter_ != nullptr || text_.data() != nullptr; }

 private:
  std::string_view text_;
  const TextParameter* parameter_ = nullptr;
};

struct TypeName {
  std::string_view
      name;  // Folded, single blanks: "double precision", "timestamp with time zone", "varchar".
  List<int32_t> modifiers;  // varchar(20), numeric(10,2)
  bool is_array = false;
  uint32_t position = 0;
};

// ---- Expressions ----

enum class ExprKind : uint8_t {
  kLiteral,
  kColumn,
  kStar,
  kParameter,
  kUnary,
  kBinary,
  kIsNull,
  kIsBool,
  kIsDistinct,
  kBetween,
  kIn,
  kLike,
  kCase,
  kCast,
  kCall,
  kSubquery,
  kExists,
  kInSubquery,
  kRow,
  kDefault,
};

struct Expr {
  ExprKind kind;
  uint32_t position = 0;
  uint16_t depth =
      1;  // Levels of nodes from here down, at most kExpressionDepthMax; set by the parser.
  bool parenthesised = false;  // Stood in parentheses of its own.
};

enum class LiteralKind : uint8_t { kNull, kBool, kInteger, kDecimal, kString };

struct LiteralExpr : Expr {  // kInteger: digits that fit int64 or not, decided by the binder.
                             // kDecimal: "1.5", "1e10".
  LiteralKind literal = LiteralKind::kNull;
  bool boolean = false;
  std::string_view text;
};

struct ColumnExpr : Expr {  // [[schema.]table.]column
  std::string_view schema, table, column;
};

struct StarExpr : Expr {  // * or table.*
  std::string_view schema, table;
};

struct ParameterExpr : Expr {  // $n
  uint32_t number = 0;         // From 1.
};

struct UnaryExpr : Expr {  // -x, +x, NOT x, ~x and other prefix operators
  std::string_view op;     // "-", "+", "not", "~", "@", "|/"
  Expr* operand = nullptr;
};

struct BinaryExpr
    : Expr {  // "+", "=", "<>", "and", "or", "||", "->>", "~*", …; `!=` arrives as "<>"
  std::string_view op;
  Expr* left = nullptr;
  Expr* right = nullptr;
};

struct IsNullExpr : Expr {
  Expr* operand = nullptr;
  bool negated = false;
};

enum class TruthValue : uint8_t { kTrue, kFalse, kUnknown };
struct IsBoolExpr : Expr {  // x IS [NOT] TRUE | FALSE | UNKNOWN
  Expr* operand = nullptr;
  TruthValue truth = TruthValue::kTrue;
  bool negated = false;
};

struct IsDistinctExpr : Expr {  // x IS [NOT] DISTINCT FROM y
  Expr* left = nullptr;
  Expr* right = nullptr;
  bool negated = false;  // IS NOT DISTINCT FROM
};

struct BetweenExpr : Expr {
  Expr* operand = nullptr;
  Expr* low = nullptr;
  Expr* high = nullptr;
  bool negated = false;
  bool symmetric = false;
};

struct InExpr : Expr {  // x IN (a, b, …)
  Expr* operand = nullptr;
  List<Expr*> items;
  bool negated = false;
};

enum class LikeKind : uint8_t { kLike, kIlike, kSimilar };
struct LikeExpr : Expr {
  Expr* operand = nullptr;
  Expr* pattern = nullptr;
  Expr* escape = nullptr;  // May be null.
  LikeKind like = LikeKind::kLike;
  bool negated = false;
};

struct CaseBranch {
  Expr* when = nullptr;
  Expr* then = nullptr;
};
struct CaseExpr : Expr {
  Expr* operand = nullptr;  // Null for a searched CASE.
  List<CaseBranch> branches;
  Expr* otherwise = nullptr;  // May be null.
};

struct CastExpr : Expr {  // CAST(x AS t), x::t, t 'literal'
  Expr* operand = nullptr;
  TypeName type;
};

struct OrderItem {
  Expr* expr = nullptr;
  bool descending = false;
  bool nulls_first =
      false;  // Already resolved: ASC puts NULLs last, DESC first, unless NULLS … says otherwise.
};

struct CallExpr : Expr {  // f(a, b); count(*); also SQL's special forms, as plain calls: extract ->
                          // extract('f', x),
  std::string_view
      schema;  // position -> position(sub, text), substring(x FROM a FOR b) -> substring(x, a, b),
  std::string_view
      name;  // trim -> btrim/ltrim/rtrim, coalesce, nullif, greatest, least, current_date, now, …
  List<Expr*> arguments;
  List<std::string_view> names;  // f(a, n => b): of each argument, empty before the first; else none.
  bool star = false;  // f(*)
  bool distinct = false;
  List<OrderItem> order_by;  // f(x ORDER BY y)
  Expr* filter = nullptr;  // FILTER (WHERE …); may be null.
};

struct SelectStmt;
struct SubqueryExpr
    : Expr {  // (SELECT …) as a value; EXISTS (…); kInSubquery: operand [NOT] IN (SELECT …)
  SelectStmt* select = nullptr;
  Expr* operand = nullptr;
  bool negated = false;
};

struct RowExpr : Expr {  // (a, b) or ROW(a, b)
  List<Expr*> items;
};

struct DefaultExpr : Expr {};  // DEFAULT in VALUES or SET

// ---- Queries ----

struct SelectItem {
  Expr* expr = nullptr;
  std::string_view alias;  // Empty: none.
};

// AS OF 'rev' | AS OF TIMESTAMP expr | FOR SYSTEM_TIME AS OF expr | t@'rev' | FOR SYSTEM_TIME
// {BETWEEN a AND b | FROM a TO b | ALL}
enum class AsOfKind : uint8_t { kNone, kRevision, kTimestamp, kBetween, kFromTo, kAll };
struct AsOf {
  AsOfKind kind = AsOfKind::kNone;
  Expr* value = nullptr;
  Expr* until = nullptr;  // kBetween (inclusive), kFromTo (exclusive).
};

enum class TableRefKind : uint8_t { kTable, kSubquery, kFunction, kJoin };
struct TableRef {
  TableRefKind kind;
  uint32_t position = 0;
  uint16_t depth = 1;  // As Expr::depth.
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
  bool with_ordinality = false;  // A last column counts the rows.
};

enum class JoinKind : uint8_t { kInner, kLeft, kRight, kFull, kCross };
struct JoinTable : TableRef {
  JoinKind join = JoinKind::kInner;
  TableRef* left = nullptr;
  TableRef* right = nullptr;
  Expr* on = nullptr;  // Null for CROSS, USING and NATURAL.
  List<std::string_view> using_columns;
  bool natural = false;
};

enum class SetOperation : uint8_t { kNone, kUnion, kIntersect, kExcept };

struct CommonTable {  // WITH name [(columns)] AS (select)
  std::string_view name;
  List<std::string_view> columns;
  SelectStmt* select = nullptr;
};

enum class StatementKind : uint8_t {
#define STATEMENT(kind, ...) kind,
#include "sql/statements.def"
#undef STATEMENT
};

struct Statement {
  StatementKind kind;
  uint32_t position = 0;
  std::string_view text;  // The statement's own source, without the semicolon.
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
  List<List<Expr*>> values;  // Not empty for VALUES.
  // … or SELECT.
  bool distinct = false;
  List<Expr*> distinct_on;
  List<SelectItem> items;  // Empty only for a select with no columns.
  List<TableRef*> from;    // Comma-separated entries.
  Expr* where = nullptr;
  List<Expr*> group_by;
  Expr* having = nullptr;
  // All three may have these.
  List<OrderItem> order_by;
  Expr* limit = nullptr;  // A NULL literal: LIMIT ALL.
  Expr* offset = nullptr;
  uint16_t depth = 1;  // As Expr::depth.
  bool parenthesised =
      false;  // Stood in parentheses: WITH, ORDER BY and LIMIT around it do not merge into it.
};

// ---- Data changes ----

// Whose value an identity column takes when a statement gives it one: kNone: what its GENERATED says.
enum class Overriding : uint8_t { kNone, kSystem, kUser };

struct InsertStmt : Statement {
  QualifiedName table;
  std::string_view alias;          // Empty: none.
  List<std::string_view> columns;  // Empty: all.
  SelectStmt* source = nullptr;    // VALUES or a query; null: DEFAULT VALUES.
  Overriding overriding = Overriding::kNone;
  List<SelectItem> returning;
};

struct Assignment {
  std::string_view column;
  Expr* value = nullptr;  // May be a DefaultExpr.
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
  bool restart_identity = false;
  bool cascade = false;  // Tables that refer to them go along.
};

enum class CopyEnd : uint8_t { kFile, kStdin, kStdout };
struct CopyStmt : Statement {
  QualifiedName table;  // Unless `select`.
  List<std::string_view> columns;
  SelectStmt* select = nullptr;  // COPY (SELECT …) TO
  bool from = false;             // FROM (into the table) or TO.
  CopyEnd end = CopyEnd::kFile;
  std::string_view path;
  bool csv = false;  // Else text.
  bool header = false;
  bool has_delimiter = false, has_null = false, has_quote = false, has_escape = false;
  std::string_view delimiter, null_text, quote, escape;  // Checked by the executor.
};

// ---- Definitions ----

enum class DropBehavior : uint8_t { kNone, kCascade, kRestrict };

struct SchemaStmt : Statement {  // kCreateSchema, kDropSchema, kCreateDatabase, kDropDatabase
  std::string_view name;
  bool if_exists = false;  // Or IF NOT EXISTS.
  DropBehavior behavior = DropBehavior::kNone;
};

struct CheckClause {      // [CONSTRAINT name] CHECK (expr)
  std::string_view name;  // Empty: none given.
  Expr* expr = nullptr;
  uint32_t position = 0;
};

enum class ForeignAction : uint8_t { kNoAction, kRestrict, kCascade, kSetNull, kSetDefault };

struct ForeignKeyClause {  // [CONSTRAINT name] FOREIGN KEY (…) REFERENCES t [(…)] [ON DELETE …] [ON
                           // UPDATE …]
  std::string_view name;  // Empty: none given.
  List<std::string_view> columns;
  QualifiedName table;
  List<std::string_view> referenced;  // Empty: the primary key.
  ForeignAction on_delete = ForeignAction::kNoAction;
  ForeignAction on_update = ForeignAction::kNoAction;
  uint32_t position = 0;
};

struct IndexColumn {
  std::string_view column;  // Empty: an expression.
  Expr* expr = nullptr;
  bool descending = false;
  bool nulls_first = false;  // Resolved as in OrderItem.
};

struct IndexClause {  // In stored table.sql: [UNIQUE] INDEX name (a, b DESC)
  std::string_view name;
  bool unique = false;
  List<IndexColumn> columns;
  uint32_t position = 0;
};

struct SequenceOptions {
  bool has_start = false, has_increment = false, has_min = false, has_max = false,
       has_cycle = false, has_restart = false, has_cache = false;
  bool no_min = false, no_max = false;  // NO MINVALUE, NO MAXVALUE
  bool cycle = false;
  bool restart_with = false;  // RESTART WITH n, not plain RESTART.
  int64_t start = 0, increment = 0, min = 0, max = 0, restart = 0, cache = 0;
  bool has_type = false;
  TypeName type;  // AS smallint | integer | bigint
  bool has_owner = false;
  QualifiedName sequence_name;  // SEQUENCE NAME s, in the stored text of identity columns; an empty
                                // name: none given.
  QualifiedName owner_table;    // OWNED BY t.c; an empty owner_column: OWNED BY NONE.
  std::string_view owner_column;
};

enum class IdentityKind : uint8_t { kNone, kAlways, kByDefault };

// Slots, ids and ABSENT stand in stored table.sql; users may write them but need not.
struct ColumnClause {
  std::string_view name;
  TypeName type;  // smallserial, serial, bigserial arrive as they are written.
  bool not_null = false;
  bool explicit_null = false;  // NULL was written.
  bool primary_key = false;
  bool unique = false;
  std::string_view key_name;  // CONSTRAINT name before PRIMARY KEY or UNIQUE of this column.
  List<CheckClause> checks;
  ForeignKeyClause* references = nullptr;  // Its `columns` is this column.
  IdentityKind identity =
      IdentityKind::kNone;  // GENERATED {ALWAYS | BY DEFAULT} AS IDENTITY [(options)]
  SequenceOptions* identity_options = nullptr;  // May be null.
  std::string_view
      merge_rule;  // MERGE RULE sum | max | min | union | newest | conflict; empty: none.
  Expr* default_value = nullptr;
  std::string_view default_text;  // Source text of the default.
  int32_t slot = -1;              // SLOT n
  bool has_id = false;
  uint32_t id = 0;         // ID hex8
  Expr* absent = nullptr;  // ABSENT literal
  uint32_t position = 0;
};

struct DroppedSlotClause {  // DROPPED SLOT n ID hex8
  int32_t slot = -1;
  uint32_t id = 0;
};

struct KeyClause {        // [CONSTRAINT name] PRIMARY KEY (…) | UNIQUE (…)
  std::string_view name;  // Empty: none given.
  bool primary = false;
  List<std::string_view> columns;
  uint32_t position = 0;
};

struct CreateTableStmt : Statement {
  QualifiedName table;
  bool if_not_exists = false;
  List<ColumnClause> columns;
  List<KeyClause> keys;
  List<CheckClause> checks;
  List<ForeignKeyClause> foreign_keys;
  List<IndexClause> indexes;
  List<DroppedSlotClause> dropped;
  std::string_view merge_rule;  // Behind the closing parenthesis: MERGE RULE …; empty: none.
};

enum class AlterKind : uint8_t {
  kAddColumn,     // `column`; if_exists means IF NOT EXISTS.
  kDropColumn,    // `name`, if_exists, cascade.
  kRenameColumn,  // `name` to `new_name`.
  kSetType,       // `name`, `type`, `value`: USING, may be null. CommitDB's MODIFY [COLUMN] too.
  kSetDefault,    // `name`, `value`.
  kDropDefault,
  kSetNotNull,
  kDropNotNull,       // `name`.
  kAddKey,            // `key`.
  kAddCheck,          // `check`.
  kAddForeignKey,     // `foreign_key`.
  kDropConstraint,    // `name`, if_exists, cascade.
  kRenameConstraint,  // `name` to `new_name`.
  kRenameTable,       // To `new_name`.
  kSetSchema,         // To `new_name`.
  kAddIdentity,       // `name`, `column.identity`, `column.identity_options`.
  kDropIdentity,      // `name`, if_exists.
  kSetMergeRule,      // `name` (empty: the table), `new_name`: the rule; empty: DROP MERGE RULE.
};

struct AlterAction {
  AlterKind kind = AlterKind::kAddColumn;
  std::string_view name, new_name;
  ColumnClause column;
  TypeName type;
  Expr* value = nullptr;
  KeyClause key;
  CheckClause check;
  ForeignKeyClause foreign_key;
  bool if_exists = false;  // Or IF NOT EXISTS.
  bool cascade = false;
  uint32_t position = 0;
};

struct AlterTableStmt : Statement {
  QualifiedName table;
  bool if_exists = false;
  List<AlterAction> actions;
};


struct RenameStmt
    : Statement {  // ALTER INDEX | VIEW | MATERIALIZED VIEW | SEQUENCE name RENAME TO new_name
  ObjectKind object = ObjectKind::kIndex;
  QualifiedName name;
  std::string_view new_name;
  bool if_exists = false;
};

struct CreateIndexStmt : Statement {  // CREATE [UNIQUE] INDEX [CONCURRENTLY] [IF NOT EXISTS] [name]
                                      // ON t [USING btree] (…)
  QualifiedName table;
  IndexClause index;  // An empty name: PostgreSQL's own choice.
  bool if_not_exists = false;
  bool concurrently = false;
  Expr* where = nullptr;  // A partial index: refused with 0A000 by the executor.
};

struct DropStmt : Statement {  // DROP INDEX | VIEW | MATERIALIZED VIEW | SEQUENCE
  ObjectKind object = ObjectKind::kIndex;
  List<QualifiedName> names;
  QualifiedName on_table;  // CommitDB: DROP INDEX i ON t; an empty name: none.
  bool if_exists = false;
  bool concurrently = false;  // DROP INDEX
  bool cascade = false;
};

struct CreateViewStmt
    : Statement {  // CREATE [OR REPLACE] VIEW, CREATE MATERIALIZED VIEW [IF NOT EXISTS]
  QualifiedName name;
  List<std::string_view> columns;
  SelectStmt* select = nullptr;
  List<ColumnClause> stored_columns;  // In stored matview.sql: the typed columns, with slots.
  bool or_replace = false;
  bool materialized = false;
  bool if_not_exists = false;
  bool with_data = true;
};

struct RefreshStmt
    : Statement {  // REFRESH [MATERIALIZED] VIEW [CONCURRENTLY] name [WITH [NO] DATA]
  QualifiedName name;
  bool with_data = true;
};

struct SequenceStmt : Statement {  // kCreateSequence, kAlterSequence
  QualifiedName name;
  bool if_exists = false;  // Or IF NOT EXISTS.
  SequenceOptions options;
};

struct DropTableStmt : Statement {
  List<QualifiedName> tables;
  bool if_exists = false;
  bool cascade = false;
};

// ---- Transactions and settings ----

enum class IsolationLevel : uint8_t {
  kReadUncommitted,
  kReadCommitted,
  kRepeatableRead,
  kSerializable
};

struct TransactionStmt : Statement {  // kBegin, kCommit, kRollback, kSavepoint, kReleaseSavepoint,
                                      // kRollbackTo, kSetTransaction
  bool has_isolation = false;
  IsolationLevel isolation = IsolationLevel::kReadCommitted;
  bool has_read_only = false;
  bool read_only = false;
  bool is_start = false;  // START TRANSACTION, not BEGIN.
  std::string_view savepoint;
  bool has_message = false;
  std::string_view message;  // COMMIT MESSAGE '…'
};

struct SetStmt
    : Statement {  // SET [SESSION|LOCAL] name {=|TO} value | DEFAULT; RESET name; SHOW name | ALL;
                   // DISCARD ALL | PLANS | SEQUENCES | TEMP, with that as its name
  std::string_view name;
  std::string_view value;  // Empty with is_default.
  bool is_default = false;
  bool local = false;
  bool is_list = false;          // Several values between commas.
  SetStmt* also = nullptr;       // SESSION CHARACTERISTICS that give two settings: the second one.
};

// PREPARE name [(type, …)] AS statement | EXECUTE name [(value, …)] | DEALLOCATE [PREPARE] name | ALL
struct PrepareStmt : Statement {  // kPrepare, kExecute, kDeallocate
  std::string_view name;          // Empty: all.
  List<TypeName> types;
  std::string_view prepared;  // The statement's own source.
  List<Expr*> arguments;
};

struct ExplainStmt : Statement {
  Statement* statement = nullptr;
  bool analyze = false;
};

// ---- Version control ----

struct ShowLogStmt : Statement {  // SHOW LOG; options in any order. SHOW TRANSACTIONS [LIMIT n]
                                  // (CommitDB) has kShowTransactions
  bool has_table = false;
  QualifiedName table;  // FOR t
  Expr* key =
      nullptr;  // KEY value or KEY (a, b): one row; a RowExpr for several columns. Null: none.
  GivenText branch;         // ON rev; empty: HEAD.
  GivenText author;         // AUTHOR 'part of name or e-mail'
  GivenText path;           // PATH 'public/t'
  GivenText grep;           // GREP 'part of the message'
  Expr* since = nullptr;    // SINCE 'timestamp'
  Expr* until = nullptr;    // UNTIL 'timestamp'
  Expr* limit = nullptr;    // Null: all.
};

struct BranchStmt : Statement {  // kCreateBranch, kDropBranch, kRenameBranch, kCheckout
  GivenText name;
  GivenText from;          // FROM 'rev'; empty: HEAD. RENAME: the new name.
  bool if_exists = false;  // Or IF NOT EXISTS.
  bool force = false;
  bool create = false;  // CHECKOUT -b name / CHECKOUT NEW name
};

// PROTECT BRANCH b | UNPROTECT BRANCH b | ALTER BRANCH b SET HISTORY POLICY EVERY 'interval' [KEEP
// 'interval'] | ALTER BRANCH b DROP HISTORY POLICY
struct BranchSettingStmt : Statement {
  GivenText name;
  std::string_view every, keep;  // kSetHistoryPolicy's interval texts; empty: not given.
};

// MERGE [BRANCH] b [, c …] [WITH policy] [DRY RUN] [MESSAGE '…'], in that or any order of the
// options.
struct MergeStmt : Statement {
  List<GivenText> sources;  // Revisions.
  std::string_view policy;  // "row-level" (default, also LAST WRITER), "ours", "theirs", "manual"
                            // (MANUAL RESOLUTION); empty: default.
  bool dry_run = false;
  bool no_fast_forward = false;    // WITH NO FAST FORWARD
  bool fast_forward_only = false;  // WITH FAST FORWARD ONLY
  bool renumber = false;  // WITH RENUMBER: duplicate generated keys of theirs get new numbers.
  bool allow_unrelated = false;  // WITH UNRELATED HISTORIES
  bool has_message = false;
  GivenText message;  // Also of COMMIT MERGE (kCommitMerge).
};

enum class ResolveSide : uint8_t { kHead, kSource, kBase, kJson };
// RESOLVE CONFLICT s.t.key USING …  |  RESOLVE CONFLICT IN t KEY {value | (a, b)} USING …  |
// RESOLVE CONFLICTS [IN t [WHERE …]] USING …
struct ResolveStmt : Statement {
  bool has_table = false;
  QualifiedName table;
  Expr* key = nullptr;  // Null: all, or those of `where`.
  std::string_view
      object;  // The whole path, when it may name a definition ("public.t.c") as well as a row.
  Expr* where = nullptr;  // Over the table's conflict columns.
  ResolveSide side = ResolveSide::kHead;
  GivenText json;  // kJson: '{"column": value, …}', or 'null' to delete the row.
};

struct TagStmt : Statement {  // CREATE TAG n [FROM rev] [MESSAGE '…'], CREATE SNAPSHOT n …, DROP
                              // TAG | SNAPSHOT [IF EXISTS] n
  GivenText name;
  GivenText from;          // Empty: HEAD.
  bool if_exists = false;  // Or IF NOT EXISTS.
  bool has_message = false;
  GivenText message;  // An annotated tag. CREATE SNAPSHOT always makes one.
};

enum class RestoreScope : uint8_t { kAll, kTables, kSchema };
struct RestoreStmt : Statement {  // RESTORE {TABLE t [, …] | DATABASE s | SCHEMA s | ALL} TO rev
                                  // [MESSAGE '…']; plain RESTORE TO rev is ALL
  RestoreScope scope = RestoreScope::kAll;
  List<QualifiedName> tables;
  std::string_view schema;
  GivenText revision;
  bool has_message = false;
  GivenText message;
};

// REVERT rev [, …] [MESSAGE '…'] | CHERRY-PICK rev [, …] (each may be 'a..b') | RESET [BRANCH] TO
// rev [FORCE] | REBASE [ONTO] rev | SQUASH SINCE rev [MESSAGE '…'] [FORCE] | TAKE FOREIGN rev
// [MESSAGE '…'] | DROP FOREIGN rev
struct RevisionsStmt
    : Statement {  // kRevert, kCherryPick, kResetTo, kRebase, kSquash, kTakeForeign, kDropForeign
  List<GivenText> revisions;
  bool force = false;
  bool has_message = false;
  GivenText message;
  uint32_t parent = 0;  // REVERT and CHERRY-PICK of a merge: PARENT n, from 1; 0: not given.
};

struct DiffStmt : Statement {  // SHOW DIFF [STAT | SCHEMA] [FOR t] ['a..b' | 'a...b' | [FROM a] [TO
                               // b]] [LIMIT n]
  bool stat = false;
  bool schema = false;
  bool has_table = false;
  QualifiedName table;
  GivenText range;  // 'a..b', 'a...b', or one revision; read by revision_range(). Else, or empty:
  GivenText from;   // Empty: HEAD's first parent when `to` is empty too, else HEAD.
  GivenText to;     // Empty: HEAD.
  Expr* limit = nullptr;
};

struct BlameStmt : Statement {  // BLAME t [KEY …] [AS OF rev] [CELLS]
  QualifiedName table;
  Expr* key = nullptr;
  GivenText revision;  // Empty: HEAD.
  bool cells = false;         // One line a cell.
};

struct ShowStmt : Statement {  // kShowBranches, kShowTables, kShowDatabases, kDescribe, kShowTags,
                               // kShowForeign, kShowStatus, kShowIndexes (ON t), kShowViews (IN s),
                               // kShowReflog (of a branch), kShowConflicts (FOR t)
  QualifiedName name;  // SHOW TABLES IN s; DESCRIBE t. An empty name: none given.
  GivenText branch;    // kShowReflog; empty: HEAD's.
};

// VACUUM [(option, …)] [FULL] [FREEZE] [VERBOSE] [ANALYZE] [t [(column, …)], …], ANALYZE [VERBOSE] [t …]
struct MaintenanceStmt : Statement {  // kVacuum, kAnalyze
  List<QualifiedName> tables;         // None: all.
};

// ---- Cursors ----

struct DeclareStmt : Statement {  // DECLARE name [[NO] SCROLL] … CURSOR [{WITH | WITHOUT} HOLD] FOR query
  std::string_view name;
  bool scroll = false;
  bool no_scroll = false;
  bool hold = false;
  bool insensitive = false, asensitive = false;
  bool binary = false;
  SelectStmt* select = nullptr;
  std::string_view query;  // Its source.
};

// Where a cursor goes, and what it gives: rows of kForward and kBackward on the way, the one at the end
// of kAbsolute and kRelative.
enum class FetchDirection : uint8_t { kForward, kBackward, kAbsolute, kRelative };
inline constexpr int64_t kFetchAll = INT64_MAX;
struct FetchStmt : Statement {  // kFetch, kMove
  FetchDirection direction = FetchDirection::kForward;
  int64_t count = 1;  // kFetchAll: to the end.
  std::string_view cursor;
};

struct CloseStmt : Statement {
  std::string_view cursor;  // Empty: ALL.
};

struct SimpleStmt : Statement {};  // kCheckpoint, kAbortMerge

}  // namespace rowan::sql
