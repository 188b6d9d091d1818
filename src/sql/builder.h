// Builder: what the grammar's actions call. Makes the nodes of one statement in its arena.
//
// The first error wins; the parser stops at the next token. Every function gives a usable node even
// then.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "sql/arena.h"
#include "sql/ast.h"
#include "sql/lexer.h"

namespace rowan::sql {

// A list while it grows: the storage doubles inside the arena.
template <typename T>
struct Growing {
  T* items = nullptr;
  uint32_t count = 0;
  uint32_t capacity = 0;
};

// Semantic values that are no nodes: plain data for the generated parser's union.
struct TargetItem {
  Expr* expr;
  Token alias;
};
struct Alias {
  Token name;
  Growing<std::string_view>* columns;
};
struct Distinct {
  bool on;
  Growing<Expr*>* exprs;
};
struct JoinCondition {
  Expr* on;
  Growing<std::string_view>* columns;
};
struct LimitClause {
  Expr* limit;
  Expr* offset;
};
struct WithClause {
  Growing<CommonTable>* tables;
  bool recursive;
};
struct InsertSource {
  Growing<std::string_view>* columns;
  SelectStmt* select;
  Overriding overriding;
};
struct CopyOptions {
  CopyStmt values;
  uint32_t seen;  // Options written so far, a bit for each of those that there are.
  bool freeze;
};
struct OldCopyOption {
  Token name;
  Token value;
};
struct TransactionModes {
  bool has_isolation;
  IsolationLevel isolation;
  bool has_read_only;
  bool read_only;
};
// The values of SET: as they are, and each as an identifier for search_path.
struct SettingText {
  const char* words;
  const char* names;
  bool is_list;
};
struct KeyActions {
  ForeignAction on_delete, on_update;
  bool has_delete, has_update;
};
struct IndexBody {
  Growing<IndexColumn>* columns;
  Expr* where;
};
struct ResolveTarget {
  QualifiedName* table;  // Null: all tables.
  Expr* key;
  Expr* where;
  Token object;  // The whole path, when it may name a definition; else without text.
};
struct RevisionOptions {
  Token message;
  Token force;  // Where it was written.
  Token parent;
  uint32_t parent_number;
};
enum class CallForm : uint8_t { kPlain, kStar, kDistinct };
// Of a call: names once one was given, empty for those before it.
struct Arguments {
  Growing<Expr*>* values;
  Growing<std::string_view>* names;
};

using NameList = Growing<std::string_view>;
using GivenList = Growing<GivenText>;
using ExprList = Growing<Expr*>;
using RowList = Growing<List<Expr*>>;
using QualifiedList = Growing<QualifiedName>;
using ModifierList = Growing<int32_t>;
using TypeNameList = Growing<TypeName>;
using BranchList = Growing<CaseBranch>;
using TargetList = Growing<TargetItem>;
using CommonList = Growing<CommonTable>;
using TableList = Growing<TableRef*>;
using OrderList = Growing<OrderItem>;
using TokenList = Growing<Token>;
using ActionList = Growing<AlterAction>;
using IndexList = Growing<IndexColumn>;
using AssignmentList = Growing<Assignment>;

class Builder {
 public:
  // `source`: the statement's text, in the arena.
  Builder(Arena& arena, std::string_view source) : arena_(arena), source_(source) {}

  // ---- For the parser.
  void set_previous_end(uint32_t end) { previous_end_ = end; }
  bool failed() const { return error_.has_value(); }
  const std::optional<Error>& error() const { return error_; }
  Statement* statement() const { return statement_; }
  Expr* expression() const { return expression_; }
  uint32_t parameter_count() const { return parameter_count_; }
  bool may_hold_secret() const { return may_hold_secret_; }
  void fail(ErrorCode code, std::string message, uint32_t position);
  void stack_overflow();
  void syntax_error(int terminal, const Token& token);
  // A column's label without AS: PostgreSQL takes some words there only behind AS.
  const Token& bare_label(const Token& token);
  void accept(Statement* statement);
  void accept_expression(Expr* expr);

  // ---- Lists and small values.
  template <typename T>
  Growing<T>* start(const T& item) {
    return append(arena_.make<Growing<T>>(), item);
  }
  template <typename T>
  Growing<T>* append(Growing<T>* list, const T& item) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (list->count == list->capacity) {
      const uint32_t capacity = list->capacity == 0 ? 4 : list->capacity * 2;
      T* items = static_cast<T*>(arena_.allocate(sizeof(T) * capacity));
      if (list->count > 0)
        std::memcpy(static_cast<void*>(items), list->items, sizeof(T) * list->count);
      list->items = items;
      list->capacity = capacity;
    }
    new (list->items + list->count++) T(item);
    return list;
  }
  template <typename T>
  Growing<T>* join_lists(Growing<T>* list, const Growing<T>* more) {
    for (uint32_t i = 0; i < more->count; ++i) append(list, more->items[i]);
    return list;
  }
  template <typename T>
  static List<T> list(const Growing<T>* list) {
    return list == nullptr ? List<T>{} : List<T>{list->items, list->count};
  }
  const char* text(std::string_view value) { return arena_.copy(value).data(); }
  const char* dotted(const Token& scope, const Token& name);
  SettingText joined(SettingText left, SettingText right);
  SettingText setting_name(const Token& word);
  static SettingText setting_word(const char* word) { return {word, word, false}; }
  const char* signed_text(const Token& sign, const Token& number);
  int32_t modifier(const Token& digits, bool negative);

  // ---- Names and types.
  QualifiedName* qualified(const Token& name);
  QualifiedName* qualified(const Token& schema, const Token& name);
  QualifiedName* qualified(const Token& catalog, const Token& schema, const Token& name);
  TypeName* type(const Token& name, const ModifierList* modifiers);
  TypeName* qualified_type(const Token& schema, const Token& name, const ModifierList* modifiers);
  TypeName* time_type(const Token& name, const ModifierList* modifiers, bool with_zone);
  TypeName* interval_type(const Token& name, const Token& fields, const ModifierList* modifiers);
  TypeName* array_type(TypeName* type, int dimensions);

  // ---- Expressions.
  Expr* literal(LiteralKind kind, const Token& token);
  Expr* boolean(const Token& token, bool value);
  Expr* number(const Token& token);
  Expr* one(const Token& token);
  Expr* typed_literal(const Token& name, Arguments modifiers, const Token& text);
  Expr* string(const Token& token);  // N'…' is a char without a length.
  Expr* typed_literal(TypeName* type, const Token& text);
  Expr* parameter(const Token& token);
  // A parameter in the place of a name or a text; given() of its token is that parameter.
  Token text_parameter(const Token& token);
  GivenText given(const Token& token) const;  // Of no token: none.
  const std::vector<TextParameter*>& text_parameters() const { return text_parameters_; }
  std::vector<const CallExpr*> take_calls() { return std::move(calls_); }
  Expr* column(const Token& column);
  Expr* column(const Token& table, const Token& column);
  Expr* column(const Token& schema, const Token& table, const Token& column);
  Expr* any_star(const Token& token);
  Expr* star(const Token& table);
  Expr* star(const Token& schema, const Token& table);
  Expr* unary(const Token& op, Expr* operand);
  Expr* binary(const Token& op, Expr* left, Expr* right);
  Expr* logical(const Token& op, Expr* left, Expr* right);
  Expr* like(const Token& op, Expr* operand, Expr* pattern, Expr* escape, bool negated);
  Expr* is_null(const Token& op, Expr* operand, bool negated);
  Expr* is_bool(const Token& op, Expr* operand, const Token& value, bool negated);
  Expr* is_distinct(const Token& op, Expr* left, Expr* right, bool negated);
  Expr* between(const Token& op, Expr* operand, Expr* low, Expr* high, bool symmetric,
                bool negated);
  Expr* in_list(const Token& op, Expr* operand, const ExprList* items, bool negated);
  Expr* in_select(const Token& op, Expr* operand, SelectStmt* select, bool negated);
  Expr* quantified_select(const Token& op, Expr* operand, const Token& quantifier,
                          SelectStmt* select);
  Expr* quantified_array(const Token& op, Expr* operand, const Token& quantifier, Expr* array);
  Expr* array(const Token& at, const ExprList* items);
  Expr* cast(const Token& op, Expr* operand, TypeName* type);
  Expr* collate(const Token& op, Expr* operand, const QualifiedName* collation);
  Expr* case_of(const Token& token, Expr* operand, const BranchList* branches, Expr* otherwise);
  Expr* subquery(SelectStmt* select);
  Expr* exists(const Token& token, SelectStmt* select);
  Expr* row(const Token& token, const ExprList* items);
  Expr* default_value(const Token& token);
  Expr* array_subquery(const Token& at, SelectStmt* select);  // ARRAY(SELECT …)
  Expr* parenthesised(Expr* expr);
  CallExpr* call(const Token* schema, const Token& name, const ExprList* arguments, CallForm form);
  CallExpr* call(const Token* schema, const Token& name, Arguments arguments, CallForm form);
  Arguments argument(Arguments before, Expr* value);
  Arguments argument(Arguments before, const Token& name, Expr* value);
  Expr* call(const Token& at, std::string_view name, Expr* a, Expr* b, Expr* c = nullptr,
             Expr* d = nullptr);
  CallExpr* ordered(CallExpr* call, const OrderList* order);  // ORDER BY among the arguments.
  Expr* filtered(CallExpr* call, Expr* filter);
  Expr* extract(const Token& token, const Token& field, Expr* from);
  Expr* substring_for(const Token& token, Expr* operand, Expr* count);
  Expr* trim(const Token& token, const char* function, const ExprList* arguments);

  // ---- Queries.
  SelectStmt* select(const Token& token, Distinct distinct, const TargetList* items,
                     const TableList* from, Expr* where, const ExprList* group_by, Expr* having);
  SelectStmt* values(const Token& token, const RowList* rows);
  SelectStmt* select_table(const Token& token, const QualifiedName* table);
  SelectStmt* set_operation(const Token& op, SelectStmt* left, SelectStmt* right, bool all);
  SelectStmt* finish_select(const WithClause* with, SelectStmt* select, const OrderList* order_by,
                            const LimitClause* limits);
  SelectStmt* parenthesised(SelectStmt* select);
  LimitClause* limits(Expr* limit, Expr* offset);
  WithClause* with(CommonList* tables, bool recursive);
  CommonTable* common_table(const Token& name, const NameList* columns, SelectStmt* select);
  TableRef* table(const QualifiedName* name, const AsOf* as_of, Alias alias);
  TableRef* function_table(CallExpr* call, Alias alias);
  TableRef* numbered(TableRef* function);  // WITH ORDINALITY
  Statement* call_statement(const Token& token, CallExpr* call);  // As SELECT * FROM it.
  TableRef* subquery_table(SelectStmt* select, Alias alias);
  TableRef* join(const Token& token, JoinKind kind, TableRef* left, TableRef* right,
                 JoinCondition condition);
  TableRef* cross_join(const Token& token, TableRef* left, TableRef* right);
  TableRef* natural_join(const Token& token, JoinKind kind, TableRef* left, TableRef* right);
  AsOf* at_revision(const Token& op, const Token& revision);
  AsOf* revision(const Token& name);
  AsOf* parameter_revision(const Token& token);
  AsOf* revision(Expr* value) { return arena_.make<AsOf>(AsOfKind::kRevision, value); }
  AsOf* time_range(AsOfKind kind, Expr* from, Expr* until) {
    return arena_.make<AsOf>(kind, from, until);
  }
  AsOf* at_time(Expr* value) { return arena_.make<AsOf>(AsOfKind::kTimestamp, value); }
  OrderItem* order(Expr* expr, bool descending, int nulls);

  // ---- Data changes.
  Overriding overriding(const Token& whose, const Token& value);  // SYSTEM VALUE, USER VALUE.
  Statement* insert(const Token& token, const QualifiedName* table, const Token* alias,
                    InsertSource source, const TargetList* returning);
  Statement* update(const Token& token, const QualifiedName* table, std::string_view alias,
                    const AssignmentList* set, const TableList* from, Expr* where,
                    const TargetList* returning);
  AssignmentList* assign(const Token& column, Expr* value);
  AssignmentList* assign_row(const Token& token, const NameList* columns, Expr* value);
  Statement* remove(const Token& token, const QualifiedName* table, Alias alias,
                    const TableList* using_tables, Expr* where, const TargetList* returning);
  Statement* truncate(const Token& token, const QualifiedList* tables, bool restart_identity,
                      bool cascade);
  Statement* copy(const Token& token, const QualifiedName* table, const NameList* columns,
                  bool from, const Token& end, const CopyOptions* options);
  Statement* copy_select(const Token& token, SelectStmt* select, const Token& end,
                         const CopyOptions* options);
  CopyOptions* copy_option(CopyOptions* options, const Token& name, const Token& value);
  CopyOptions* copy_into_options();
  CopyOptions* copy_into_option(CopyOptions* options, OldCopyOption option);
  CopyOptions* old_copy_option(CopyOptions* options, OldCopyOption option);

  // ---- Definitions. A table's parts are gathered in table_ until create_table().
  Statement* schema(const Token& token, const Token& kind, const Token& name, bool create,
                    bool if_exists, DropBehavior behavior);
  Statement* create_table(const Token& token, const QualifiedName* name, const Token& merge_rule,
                          bool if_not_exists);
  Statement* drop_table(const Token& token, const QualifiedList* tables, bool if_exists,
                        bool cascade);
  void begin_column(const Token& name, const TypeName* type);
  void end_column();
  void column_null(const Token& constraint, const Token& token, bool not_null);
  void column_default(const Token& constraint, const Token& token, Expr* value);
  void column_key(const Token& constraint, const Token& token, bool primary);
  void column_check(const Token& constraint, const Token& token, Expr* expr);
  void column_references(const Token& constraint, const Token& token, const QualifiedName* table,
                         const NameList* referenced, KeyActions actions);
  void column_identity(const Token& token, IdentityKind kind, SequenceOptions* options);
  void column_rule(const Token& rule);
  void column_slot(const Token& slot, const Token& id);
  void column_absent(Expr* value);
  void check_collation(const Token& token, const QualifiedName* collation);
  AlterAction* key_constraint(const Token& constraint, const Token& token, bool primary,
                              const NameList* columns);
  AlterAction* check_constraint(const Token& constraint, const Token& token, Expr* expr);
  AlterAction* foreign_key(const Token& constraint, const Token& token, const NameList* columns,
                           const QualifiedName* table, const NameList* referenced,
                           KeyActions actions);
  KeyActions key_actions(const Token& token, KeyActions actions, bool on_delete,
                         ForeignAction action);
  void table_constraint(const AlterAction* constraint);
  void table_index(const Token& token, const Token& constraint, const Token& name,
                   const IndexList* columns, bool unique);
  void dropped_slot(const Token& slot, const Token& id);
  void deferred_constraint(const Token& token);
  void unsupported(const Token& token, const char* message);

  // ---- ALTER TABLE.
  Statement* alter_table(const Token& token, const QualifiedName* table, const ActionList* actions,
                         bool if_exists);
  AlterAction* add_column(const Token& token, bool if_not_exists);
  AlterAction* drop_part(const Token& token, AlterKind kind, const Token& name, bool if_exists,
                         bool cascade);
  AlterAction* rename_part(const Token& token, AlterKind kind, const Token& name,
                           const Token& new_name);
  AlterAction* merge_rule(const Token& token, const Token& column, const Token& rule);
  AlterAction* set_type(const Token& token, const Token& column, const TypeName* type, Expr* value);
  AlterAction* column_change(const Token& token, AlterKind kind, Expr* value);
  AlterAction* add_identity(const Token& token, IdentityKind kind, SequenceOptions* options);
  AlterAction* change_column(const Token& token, const Token& column, AlterAction* change);

  // ---- Indexes, views, sequences. A sequence's options are gathered until take_sequence() or
  // sequence().
  Statement* create_index(const Token& token, bool unique, const Token& name,
                          const QualifiedName* table, IndexBody body, bool if_not_exists);
  void index_method(const Token& method);
  IndexColumn* index_column(const Token& column, bool descending, int nulls);
  IndexColumn* index_column(Expr* expr, bool descending, int nulls);
  void operator_class(const QualifiedName* name);
  Statement* rename(const Token& token, ObjectKind object, const QualifiedName* name,
                    const Token& new_name, bool if_exists);
  Statement* drop(const Token& token, ObjectKind object, const QualifiedList* names, bool if_exists,
                  bool cascade);
  Statement* drop_index(const Token& token, const QualifiedList* names, const QualifiedName* table,
                        bool if_exists, bool cascade);
  Statement* create_view(const Token& token, const QualifiedName* name, const NameList* columns,
                         SelectStmt* select, bool or_replace);
  Statement* materialized_view(const Token& token, const QualifiedName* name,
                               const NameList* columns, SelectStmt* select, bool with_data,
                               bool if_not_exists);
  Statement* refresh(const Token& token, const QualifiedName* name, bool with_data,
                     bool concurrently);
  // Of CREATE INDEX and DROP INDEX.
  Statement* concurrently(Statement* statement, bool concurrently);
  Statement* sequence(const Token& token, const QualifiedName* name, bool create, bool if_exists);
  SequenceOptions* take_sequence();
  int64_t integer(const Token& digits, bool negative);
  void sequence_number(const Token& word,
                       int64_t value);  // START, INCREMENT, MINVALUE, MAXVALUE, CACHE, RESTART
  void sequence_no_bound(const Token& word);  // NO MINVALUE, NO MAXVALUE
  void sequence_restart(const Token& word);
  void sequence_cycle(const Token& word, bool cycle);
  void sequence_type(const Token& word, const TypeName* type);
  void sequence_owner(const Token& word, const QualifiedName* name);
  void sequence_name(const Token& token, const Token& word,
                     const QualifiedName* name);  // SEQUENCE NAME s

  // ---- Transactions and settings.
  Statement* transaction(const Token& token, StatementKind kind, TransactionModes modes);
  Statement* start_transaction(const Token& token, TransactionModes modes);
  Statement* commit_message(const Token& token, const Token& message);
  Statement* savepoint(const Token& token, StatementKind kind, const Token& name);
  TransactionModes modes(TransactionModes left, TransactionModes right);
  Statement* set(const Token& token, bool local, const char* name, SettingText value);
  Statement* set_zone_offset(const Token& token, bool local, const Token& offset);
  Statement* set_named(const Token& token, bool local, const char* name, std::string_view value);
  Statement* set_default(const Token& token, bool local, const char* name);
  Statement* session_modes(const Token& token, TransactionModes modes);
  Statement* setting(const Token& token, StatementKind kind, const char* name);
  void storage_parameter(const Token& name, const Token& value);
  Statement* discard(const Token& token, const Token& word);
  // The statement is what stands behind `as`.
  Statement* prepare(const Token& token, const Token& name, const TypeNameList* types,
                     const Token& as);
  Statement* execute(const Token& token, const Token& name, const ExprList* arguments);
  Statement* deallocate(const Token& token, const Token& name);
  Statement* explain(const Token& token, bool analyze, Statement* statement);
  Statement* maintenance(const Token& token, StatementKind kind, const QualifiedList* tables);
  void maintenance_option(StatementKind kind, const Token& name, const Token& value);
  Statement* declare(const Token& token, const Token& name, DeclareStmt* options, bool hold,
                     const Token& before, SelectStmt* query);
  DeclareStmt* declare_options();
  DeclareStmt* declare_option(DeclareStmt* options, const Token& word, bool no = false);
  FetchStmt* fetch(FetchDirection direction, int64_t count);
  FetchStmt* fetch_count(FetchDirection direction, const Token& number, bool negative);
  Statement* fetch_from(const Token& token, StatementKind kind, FetchStmt* what, const Token& cursor);
  Statement* close(const Token& token, std::string_view cursor);
  bool explain_option(const Token& name, const Token& value, bool analyze);

  // ---- Version control. The functions on options fill the statement that the last one makes
  // whole.
  Statement* show_log(const Token& token, StatementKind kind, ShowLogStmt* options);
  ShowLogStmt* log_options();
  ShowLogStmt* log_table(ShowLogStmt* options, const QualifiedName* table);
  ShowLogStmt* log_key(ShowLogStmt* options, Expr* key);
  ShowLogStmt* log_branch(ShowLogStmt* options, const Token& revision);
  ShowLogStmt* log_text(ShowLogStmt* options, const Token& word,
                        const Token& text);                                    // AUTHOR, PATH, GREP
  ShowLogStmt* log_time(ShowLogStmt* options, const Token& word, Expr* time);  // SINCE, UNTIL
  ShowLogStmt* log_limit(ShowLogStmt* options, Expr* limit);
  Expr* key_row(const Token& token, const ExprList* parts);
  Statement* show_diff(const Token& token, DiffStmt* options);
  DiffStmt* diff_options();
  DiffStmt* diff_form(DiffStmt* options, const Token& word);  // STAT, SCHEMA: one of them.
  DiffStmt* diff_table(DiffStmt* options, const QualifiedName* table);
  DiffStmt* diff_range(DiffStmt* options, const Token& range);
  DiffStmt* diff_from(DiffStmt* options, const Token& revision);
  DiffStmt* diff_to(DiffStmt* options, const Token& revision);
  DiffStmt* diff_limit(DiffStmt* options, Expr* limit);
  Statement* blame(const Token& token, const QualifiedName* table, BlameStmt* options);
  BlameStmt* blame_options();
  BlameStmt* blame_key(BlameStmt* options, Expr* key);
  BlameStmt* blame_revision(BlameStmt* options, const Token& revision);
  BlameStmt* blame_cells(BlameStmt* options);
  Statement* show(const Token& token, StatementKind kind, const QualifiedName* name);
  Statement* show_reflog(const Token& token, const Token& branch);
  Statement* branch(const Token& token, const Token& name, const Token& from, bool if_not_exists);
  Statement* drop_branch(const Token& token, const Token& name, bool if_exists, bool force);
  Statement* rename_branch(const Token& token, const Token& name, const Token& to);
  Statement* alter_branch(const Token& token, const Token& name, StatementKind kind,
                          const Token& every, const Token& keep);
  Statement* checkout(const Token& token, const Token& name);
  // CHECKOUT NEW name and CHECKOUT -b name: `word` must be `wanted`.
  Statement* checkout_new(const Token& token, const Token& word, std::string_view wanted,
                          const Token& name, const Token& from);
  Statement* simple(const Token& token, StatementKind kind);
  Token revision_word(Token token);
  Statement* merge(const Token& token, const GivenList* sources, MergeStmt* options);
  MergeStmt* merge_options();
  MergeStmt* merge_dry_run(MergeStmt* options);
  MergeStmt* merge_message(MergeStmt* options, const Token& message);
  MergeStmt* merge_policies(MergeStmt* options, const TokenList* policies);
  Token join_words(Token words, const Token& word);
  Statement* commit_merge(const Token& token, const Token& message);
  Statement* resolve(const Token& token, ResolveTarget target, const Token& side);
  ResolveTarget conflict_word(const TokenList* path);
  ResolveTarget conflict_number(const TokenList* path, const Token& number, const Token& fraction);
  ResolveTarget conflict_value(const TokenList* path, Expr* key);
  Statement* create_tag(const Token& token, bool snapshot, const Token& name, const Token& from,
                        const Token& message, bool if_not_exists);
  Statement* drop_tag(const Token& token, bool snapshot, const Token& name, bool if_exists);
  Statement* restore(const Token& token, const Token& revision, const Token& message);
  Statement* restore_tables(const Token& token, const QualifiedList* tables, const Token& revision,
                            const Token& message);
  Statement* restore_schema(const Token& token, const Token& name, const Token& revision,
                            const Token& message);
  Statement* revisions(const Token& token, StatementKind kind, const GivenList* revisions,
                       RevisionOptions options);
  Statement* reset_to(const Token& token, const Token& revision, bool force);
  RevisionOptions revision_message(RevisionOptions options, const Token& message);
  RevisionOptions revision_force(RevisionOptions options, const Token& word);
  RevisionOptions revision_parent(RevisionOptions options, const Token& word, const Token& number);

 private:
  struct Chain;
  struct TableParts {
    Growing<ColumnClause> columns;
    Growing<KeyClause> keys;
    Growing<CheckClause> checks;
    Growing<ForeignKeyClause> foreign_keys;
    Growing<IndexClause> indexes;
    Growing<DroppedSlotClause> dropped;
    ColumnClause column;  // The one being read, and its checks.
    Growing<CheckClause> column_checks;
  };

  template <typename T>
  T* node(ExprKind kind, uint32_t position) {
    T* made = arena_.make<T>();
    made->kind = kind;
    made->position = position;
    return made;
  }
  template <typename T>
  T* statement_node(StatementKind kind, const Token& token) {
    T* made = arena_.make<T>();
    made->kind = kind;
    made->position = token.position;
    made->text =
        source_.substr(token.begin, previous_end_ > token.begin ? previous_end_ - token.begin : 0);
    return made;
  }
  template <typename... Children>
  void set_depth(Expr* expr, Children... children) {
    uint32_t deepest = 0;
    ((deepest =
          std::max(deepest, children == nullptr ? 0u : static_cast<uint32_t>(children->depth))),
     ...);
    limit_depth(expr->depth, deepest + 1, expr->position);
  }
  void limit_depth(uint16_t& depth, uint32_t wanted, uint32_t position);
  uint32_t depth_of(const ExprList* list) const;
  void finish_chains();
  Expr* chain_tree(const Chain& chain, size_t from, size_t count);
  List<SelectItem> items(const TargetList* list);
  void apply_copy(CopyStmt& statement, const Token& end, const CopyOptions* options);
  uint32_t hex(const Token& token);
  int32_t slot(const Token& token);
  CopyOptions* copy_options(CopyOptions* options);
  TableParts& parts();
  ColumnClause& finish_column();
  QualifiedName* table_of_path(const TokenList* path, size_t parts);
  void set_message(bool& has, GivenText& text, const Token& message);
  void set_policy(MergeStmt* options, const Token& policy);
  template <typename T>
  T* finish(T* made, const Token& token) {
    made->position = token.position;
    made->text =
        source_.substr(token.begin, previous_end_ > token.begin ? previous_end_ - token.begin : 0);
    return made;
  }
  AlterAction* action(AlterKind kind, const Token& token);
  KeyClause key_clause(const Token& constraint, const Token& token, bool primary,
                       const NameList* columns);
  ForeignKeyClause foreign_key_clause(const Token& constraint, const Token& token,
                                      const NameList* columns, const QualifiedName* table,
                                      const NameList* referenced, KeyActions actions);
  SequenceOptions& sequence_options();
  // An option that was given before: 42601.
  void once(bool& given, const Token& token);
  void once(uint32_t& seen, uint32_t bit, const Token& token);
  void redundant(uint32_t position);

  Arena& arena_;
  std::string_view source_;
  uint32_t previous_end_ = 0;  // Byte behind the last token the parser took.
  uint32_t parameter_count_ = 0;
  std::vector<TextParameter*> text_parameters_;
  std::vector<const CallExpr*> calls_;
  bool may_hold_secret_ = false;
  std::optional<Error> error_;
  Statement* statement_ = nullptr;
  Expr* expression_ = nullptr;
  Chain* chains_ = nullptr;
  TableParts* parts_ = nullptr;
  SequenceOptions* sequence_ = nullptr;
};

}  // namespace rowan::sql
