// Builder: definitions of schemas, tables, indexes, views and sequences.
#include <charconv>
#include <utility>

#include "sql/builder.h"
#include "sql/grammar.h"

namespace rowan::sql {

Statement* Builder::schema(const Token& token, const Token& kind, const Token& name, bool create,
                           bool if_exists, DropBehavior behavior) {
  const bool is_schema = kind.text() == "schema";
  const StatementKind of_schema =
      create ? StatementKind::kCreateSchema : StatementKind::kDropSchema;
  const StatementKind of_database =
      create ? StatementKind::kCreateDatabase : StatementKind::kDropDatabase;
  auto* made = statement_node<SchemaStmt>(is_schema ? of_schema : of_database, token);
  made->name = name.text();
  made->if_exists = if_exists;
  made->behavior = behavior;
  return made;
}

Builder::TableParts& Builder::parts() {
  if (parts_ == nullptr) parts_ = arena_.make<TableParts>();
  return *parts_;
}

Statement* Builder::create_table(const Token& token, const QualifiedName* name,
                                 const Token& merge_rule, bool if_not_exists) {
  auto* made = statement_node<CreateTableStmt>(StatementKind::kCreateTable, token);
  const TableParts& all = parts();
  made->table = *name;
  made->if_not_exists = if_not_exists;
  made->columns = list(&all.columns);
  made->keys = list(&all.keys);
  made->checks = list(&all.checks);
  made->foreign_keys = list(&all.foreign_keys);
  made->indexes = list(&all.indexes);
  made->dropped = list(&all.dropped);
  made->merge_rule = merge_rule.text();
  return made;
}

Statement* Builder::drop_table(const Token& token, const QualifiedList* tables, bool if_exists,
                               bool cascade) {
  auto* made = statement_node<DropTableStmt>(StatementKind::kDropTable, token);
  made->tables = list(tables);
  made->if_exists = if_exists;
  made->cascade = cascade;
  return made;
}

void Builder::begin_column(const Token& name, const TypeName* type) {
  parts().column_checks = {};
  ColumnClause& column = parts().column;
  column = ColumnClause{};
  column.name = name.text();
  column.type = *type;
  column.position = name.position;
}

ColumnClause& Builder::finish_column() {
  ColumnClause& column = parts().column;
  column.checks = list(&parts().column_checks);
  return column;
}

void Builder::end_column() { append(&parts().columns, finish_column()); }

void Builder::column_null(const Token&, const Token& token, bool not_null) {
  ColumnClause& column = parts().column;
  if (not_null ? column.explicit_null : column.not_null) {
    fail(ErrorCode::kSyntaxError,
         "conflicting NULL/NOT NULL declarations for column \"" + std::string(column.name) + "\"",
         token.position);
  }
  if (not_null) {
    column.not_null = true;
  } else {
    column.explicit_null = true;
  }
}

void Builder::column_default(const Token&, const Token& token, Expr* value) {
  ColumnClause& column = parts().column;
  if (column.default_value != nullptr) {
    fail(ErrorCode::kSyntaxError,
         "multiple default values specified for column \"" + std::string(column.name) + "\"",
         token.position);
  }
  column.default_value = value;
  std::string_view text = source_.substr(token.end, previous_end_ - token.end);
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  column.default_text = text;
}

// A column's key with a name of its own becomes a key of the table; ALTER TABLE ADD takes it back
// (add_column).
void Builder::column_key(const Token& constraint, const Token& token, bool primary) {
  ColumnClause& column = parts().column;
  if (constraint.data != nullptr) {
    append(&parts().keys, key_clause(constraint, token, primary, start(column.name)));
  } else if (primary) {
    if (column.primary_key) {
      fail(ErrorCode::kInvalidTableDefinition,
           "multiple primary keys for column \"" + std::string(column.name) + "\" are not allowed",
           token.position);
    }
    column.primary_key = true;
  } else {
    column.unique = true;
  }
}

void Builder::column_check(const Token& constraint, const Token& token, Expr* expr) {
  append(&parts().column_checks, CheckClause{constraint.text(), expr, token.position});
}

// The column's second reference and later ones become foreign keys of the table.
void Builder::column_references(const Token& constraint, const Token& token,
                                const QualifiedName* table, const NameList* referenced,
                                KeyActions actions) {
  ColumnClause& column = parts().column;
  const ForeignKeyClause key =
      foreign_key_clause(constraint, token, start(column.name), table, referenced, actions);
  if (column.references == nullptr) {
    column.references = arena_.make<ForeignKeyClause>(key);
  } else {
    append(&parts().foreign_keys, key);
  }
}

void Builder::column_identity(const Token& token, IdentityKind kind, SequenceOptions* options) {
  ColumnClause& column = parts().column;
  if (column.identity != IdentityKind::kNone) {
    fail(ErrorCode::kSyntaxError,
         "multiple identity specifications for column \"" + std::string(column.name) + "\"",
         token.position);
  }
  column.identity = kind;
  column.identity_options = options;
}

void Builder::column_rule(const Token& rule) { parts().column.merge_rule = rule.text(); }

void Builder::check_collation(const Token& token, const QualifiedName* collation) {
  collate(token, nullptr, collation);
}

int32_t Builder::slot(const Token& token) {
  int32_t number = 0;
  const auto read = std::from_chars(token.data, token.data + token.size, number);
  if (read.ec != std::errc() || number > 65535)
    fail(ErrorCode::kSyntaxError, "slot number is out of range", token.position);
  return number;
}

uint32_t Builder::hex(const Token& token) {
  uint32_t number = 0;
  std::from_chars(token.data, token.data + token.size, number, 16);
  return number;
}

void Builder::column_slot(const Token& slot, const Token& id) {
  ColumnClause& column = parts().column;
  if (column.slot >= 0) fail(ErrorCode::kSyntaxError, "a column has one slot", slot.position);
  column.slot = this->slot(slot);
  column.has_id = true;
  column.id = hex(id);
}

void Builder::column_absent(Expr* value) { parts().column.absent = value; }

KeyClause Builder::key_clause(const Token& constraint, const Token& token, bool primary,
                              const NameList* columns) {
  KeyClause key;
  key.name = constraint.text();
  key.primary = primary;
  key.columns = list(columns);
  key.position = token.position;
  return key;
}

ForeignKeyClause Builder::foreign_key_clause(const Token& constraint, const Token& token,
                                             const NameList* columns, const QualifiedName* table,
                                             const NameList* referenced, KeyActions actions) {
  ForeignKeyClause key;
  key.name = constraint.text();
  key.columns = list(columns);
  key.table = *table;
  key.referenced = list(referenced);
  key.on_delete = actions.on_delete;
  key.on_update = actions.on_update;
  key.position = token.position;
  return key;
}

AlterAction* Builder::action(AlterKind kind, const Token& token) {
  auto* made = arena_.make<AlterAction>();
  made->kind = kind;
  made->position = token.position;
  return made;
}

AlterAction* Builder::key_constraint(const Token& constraint, const Token& token, bool primary,
                                     const NameList* columns) {
  AlterAction* made = action(AlterKind::kAddKey, token);
  made->key = key_clause(constraint, token, primary, columns);
  return made;
}

AlterAction* Builder::check_constraint(const Token& constraint, const Token& token, Expr* expr) {
  AlterAction* made = action(AlterKind::kAddCheck, token);
  made->check = CheckClause{constraint.text(), expr, token.position};
  return made;
}

AlterAction* Builder::foreign_key(const Token& constraint, const Token& token,
                                  const NameList* columns, const QualifiedName* table,
                                  const NameList* referenced, KeyActions actions) {
  AlterAction* made = action(AlterKind::kAddForeignKey, token);
  made->foreign_key = foreign_key_clause(constraint, token, columns, table, referenced, actions);
  return made;
}

void Builder::table_constraint(const AlterAction* constraint) {
  switch (constraint->kind) {
    case AlterKind::kAddCheck:
      append(&parts().checks, constraint->check);
      break;
    case AlterKind::kAddForeignKey:
      append(&parts().foreign_keys, constraint->foreign_key);
      break;
    default:
      append(&parts().keys, constraint->key);
      break;
  }
}

void Builder::table_index(const Token& token, const Token& constraint, const Token& name,
                          const IndexList* columns, bool unique) {
  if (constraint.data != nullptr) syntax_error(TK_UNIQUE, token);
  IndexClause index;
  index.name = name.text();
  index.unique = unique;
  index.columns = list(columns);
  index.position = token.position;
  append(&parts().indexes, index);
}

void Builder::deferred_constraint(const Token& token) {
  unsupported(token, "deferrable constraints are not supported yet");
}

void Builder::unsupported(const Token& token, const char* message) {
  fail(ErrorCode::kFeatureNotSupported, message, token.position);
}

KeyActions Builder::key_actions(const Token& token, KeyActions actions, bool on_delete,
                                ForeignAction action) {
  bool& given = on_delete ? actions.has_delete : actions.has_update;
  if (given) syntax_error(TK_DELETE, token);
  given = true;
  (on_delete ? actions.on_delete : actions.on_update) = action;
  return actions;
}

void Builder::dropped_slot(const Token& slot, const Token& id) {
  append(&parts().dropped, DroppedSlotClause{this->slot(slot), hex(id)});
}

// ---- ALTER TABLE ----

Statement* Builder::alter_table(const Token& token, const QualifiedName* table,
                                const ActionList* actions, bool if_exists) {
  auto* made = statement_node<AlterTableStmt>(StatementKind::kAlterTable, token);
  made->table = *table;
  made->actions = list(actions);
  made->if_exists = if_exists;
  return made;
}

AlterAction* Builder::add_column(const Token& token, bool if_not_exists) {
  AlterAction* made = action(AlterKind::kAddColumn, token);
  ColumnClause& column = finish_column();
  for (uint32_t i = 0; i < parts().keys.count; ++i) {
    const KeyClause& key = parts().keys.items[i];
    if (!column.key_name.empty())
      unsupported(token, "two named keys of one added column are not supported yet");
    column.key_name = key.name;
    (key.primary ? column.primary_key : column.unique) = true;
  }
  if (parts().foreign_keys.count > 0)
    unsupported(token, "two foreign keys of one added column are not supported yet");
  parts().keys = {};
  made->name = column.name;
  made->column = column;
  made->if_exists = if_not_exists;
  return made;
}

AlterAction* Builder::drop_part(const Token& token, AlterKind kind, const Token& name,
                                bool if_exists, bool cascade) {
  AlterAction* made = action(kind, token);
  made->name = name.text();
  made->if_exists = if_exists;
  made->cascade = cascade;
  return made;
}

AlterAction* Builder::rename_part(const Token& token, AlterKind kind, const Token& name,
                                  const Token& new_name) {
  AlterAction* made = action(kind, token);
  made->name = name.text();
  made->new_name = new_name.text();
  return made;
}

AlterAction* Builder::merge_rule(const Token& token, const Token& column, const Token& rule) {
  return rename_part(token, AlterKind::kSetMergeRule, column, rule);
}

AlterAction* Builder::set_type(const Token& token, const Token& column, const TypeName* type,
                               Expr* value) {
  AlterAction* made = action(AlterKind::kSetType, token);
  made->name = column.text();
  made->type = *type;
  made->value = value;
  return made;
}

AlterAction* Builder::column_change(const Token& token, AlterKind kind, Expr* value) {
  AlterAction* made = action(kind, token);
  made->value = value;
  return made;
}

AlterAction* Builder::add_identity(const Token& token, IdentityKind kind,
                                   SequenceOptions* options) {
  AlterAction* made = action(AlterKind::kAddIdentity, token);
  made->column.identity = kind;
  made->column.identity_options = options;
  return made;
}

AlterAction* Builder::change_column(const Token& token, const Token& column, AlterAction* change) {
  change->name = column.text();
  change->position = token.position;
  return change;
}

// ---- Indexes and views ----

Statement* Builder::create_index(const Token& token, bool unique, const Token& name,
                                 const QualifiedName* table, IndexBody body, bool if_not_exists) {
  auto* made = statement_node<CreateIndexStmt>(StatementKind::kCreateIndex, token);
  made->table = *table;
  made->index.name = name.text();
  made->index.unique = unique;
  made->index.columns = list(body.columns);
  made->index.position = name.data == nullptr ? token.position : name.position;
  made->if_not_exists = if_not_exists;
  made->where = body.where;
  return made;
}

void Builder::index_method(const Token& method) {
  static constexpr std::string_view kKnown[] = {"hash", "gist", "gin", "spgist", "brin"};
  const std::string_view name = method.text();
  if (name == "btree") return;
  if (std::find(std::begin(kKnown), std::end(kKnown), name) == std::end(kKnown)) {
    return fail(ErrorCode::kUndefinedObject,
                "access method \"" + std::string(name) + "\" does not exist", method.position);
  }
  fail(ErrorCode::kFeatureNotSupported,
       "index method \"" + std::string(name) + "\" is not supported yet", method.position);
}

IndexColumn* Builder::index_column(const Token& column, bool descending, int nulls) {
  return arena_.make<IndexColumn>(column.text(), nullptr, descending,
                                  nulls == 0 ? descending : nulls > 0);
}

IndexColumn* Builder::index_column(Expr* expr, bool descending, int nulls) {
  // A column in parentheses is still a column.
  if (expr->kind == ExprKind::kColumn && static_cast<ColumnExpr*>(expr)->table.empty()) {
    return arena_.make<IndexColumn>(static_cast<ColumnExpr*>(expr)->column, nullptr, descending,
                                    nulls == 0 ? descending : nulls > 0);
  }
  return arena_.make<IndexColumn>(std::string_view(), expr, descending,
                                  nulls == 0 ? descending : nulls > 0);
}

void Builder::operator_class(const QualifiedName* name) {
  fail(ErrorCode::kFeatureNotSupported, "operator classes are not supported yet", name->position);
}

Statement* Builder::rename(const Token& token, ObjectKind object, const QualifiedName* name,
                           const Token& new_name, bool if_exists) {
  auto* made = statement_node<RenameStmt>(StatementKind::kRename, token);
  made->object = object;
  made->name = *name;
  made->new_name = new_name.text();
  made->if_exists = if_exists;
  return made;
}

Statement* Builder::drop(const Token& token, ObjectKind object, const QualifiedList* names,
                         bool if_exists, bool cascade) {
  auto* made = statement_node<DropStmt>(StatementKind::kDrop, token);
  made->object = object;
  made->names = list(names);
  made->if_exists = if_exists;
  made->cascade = cascade;
  return made;
}

Statement* Builder::drop_index(const Token& token, const QualifiedList* names,
                               const QualifiedName* table, bool if_exists, bool cascade) {
  auto* made = static_cast<DropStmt*>(drop(token, ObjectKind::kIndex, names, if_exists, cascade));
  if (table != nullptr) made->on_table = *table;
  return made;
}

Statement* Builder::create_view(const Token& token, const QualifiedName* name,
                                const NameList* columns, SelectStmt* select, bool or_replace) {
  auto* made = statement_node<CreateViewStmt>(StatementKind::kCreateView, token);
  made->name = *name;
  made->columns = list(columns);
  made->select = select;
  made->or_replace = or_replace;
  return made;
}

Statement* Builder::materialized_view(const Token& token, const QualifiedName* name,
                                      const NameList* columns, SelectStmt* select, bool with_data,
                                      bool if_not_exists) {
  auto* made = static_cast<CreateViewStmt*>(create_view(token, name, columns, select, false));
  made->materialized = true;
  made->stored_columns = list(&parts().columns);
  made->with_data = with_data;
  made->if_not_exists = if_not_exists;
  return made;
}

Statement* Builder::concurrently(Statement* statement, bool concurrently) {
  if (statement->kind == StatementKind::kCreateIndex) {
    static_cast<CreateIndexStmt*>(statement)->concurrently = concurrently;
    return statement;
  }
  auto* drop = static_cast<DropStmt*>(statement);
  drop->concurrently = concurrently;
  if (concurrently && drop->names.size() > 1)
    fail(ErrorCode::kFeatureNotSupported,
         "DROP INDEX CONCURRENTLY does not support dropping multiple objects", 0);
  if (concurrently && drop->cascade)
    fail(ErrorCode::kFeatureNotSupported, "DROP INDEX CONCURRENTLY does not support CASCADE", 0);
  return statement;
}

Statement* Builder::refresh(const Token& token, const QualifiedName* name, bool with_data,
                            bool concurrently) {
  if (concurrently && !with_data)
    fail(ErrorCode::kSyntaxError,
         "REFRESH options CONCURRENTLY and WITH NO DATA cannot be used together", 0);
  auto* made = statement_node<RefreshStmt>(StatementKind::kRefresh, token);
  made->name = *name;
  made->with_data = with_data;
  return made;
}

// ---- Sequences: options are gathered in sequence_ until the statement or the column takes them
// ----

SequenceOptions& Builder::sequence_options() {
  if (sequence_ == nullptr) sequence_ = arena_.make<SequenceOptions>();
  return *sequence_;
}

SequenceOptions* Builder::take_sequence() { return std::exchange(sequence_, nullptr); }

Statement* Builder::sequence(const Token& token, const QualifiedName* name, bool create,
                             bool if_exists) {
  auto* made = statement_node<SequenceStmt>(
      create ? StatementKind::kCreateSequence : StatementKind::kAlterSequence, token);
  made->name = *name;
  made->if_exists = if_exists;
  made->options = sequence_options();
  const QualifiedName& stored = made->options.sequence_name;
  if (!stored.name.empty())
    fail(ErrorCode::kSyntaxError, "invalid sequence option SEQUENCE NAME", stored.position);
  return made;
}

int64_t Builder::integer(const Token& digits, bool negative) {
  const std::string text = (negative ? "-" : "") + std::string(digits.text());
  int64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) {
    fail(ErrorCode::kNumericOutOfRange, "value \"" + text + "\" is out of range for type bigint",
         digits.position);
  }
  return value;
}

void Builder::once(bool& given, const Token& token) {
  if (given) redundant(token.position);
  given = true;
}

void Builder::once(uint32_t& seen, uint32_t bit, const Token& token) {
  if ((seen & bit) != 0) redundant(token.position);
  seen |= bit;
}

void Builder::redundant(uint32_t position) {
  fail(ErrorCode::kSyntaxError, "conflicting or redundant options", position);
}

void Builder::sequence_number(const Token& word, int64_t value) {
  SequenceOptions& options = sequence_options();
  const std::string_view name = word.text();
  if (name == "start") {
    once(options.has_start, word);
    options.start = value;
  } else if (name == "increment") {
    once(options.has_increment, word);
    options.increment = value;
  } else if (name == "minvalue") {
    once(options.has_min, word);
    options.min = value;
  } else if (name == "maxvalue") {
    once(options.has_max, word);
    options.max = value;
  } else if (name == "cache") {
    once(options.has_cache, word);
    options.cache = value;
  } else {
    once(options.has_restart, word);
    options.restart_with = true;
    options.restart = value;
  }
}

void Builder::sequence_no_bound(const Token& word) {
  SequenceOptions& options = sequence_options();
  const bool lower = word.text() == "minvalue";
  once(lower ? options.has_min : options.has_max, word);
  (lower ? options.no_min : options.no_max) = true;
}

void Builder::sequence_restart(const Token& word) { once(sequence_options().has_restart, word); }

void Builder::sequence_cycle(const Token& word, bool cycle) {
  once(sequence_options().has_cycle, word);
  sequence_options().cycle = cycle;
}

void Builder::sequence_type(const Token& word, const TypeName* type) {
  once(sequence_options().has_type, word);
  sequence_options().type = *type;
}

// The name's last part is the column.
void Builder::sequence_owner(const Token& word, const QualifiedName* name) {
  SequenceOptions& options = sequence_options();
  once(options.has_owner, word);
  if (name->schema.empty()) {
    if (name->name != "none")
      fail(ErrorCode::kSyntaxError, "invalid OWNED BY option", name->position);
    return;
  }
  options.owner_table.schema = name->catalog;
  options.owner_table.name = name->schema;
  options.owner_table.position = name->position;
  options.owner_column = name->name;
}

// NAME is no keyword: it is too good a name for columns.
void Builder::sequence_name(const Token& token, const Token& word, const QualifiedName* name) {
  if (word.text() != "name") return syntax_error(TK_IDENT, word);
  if (!sequence_options().sequence_name.name.empty())
    return fail(ErrorCode::kSyntaxError, "conflicting or redundant options", token.position);
  sequence_options().sequence_name = *name;
}

}  // namespace rowan::sql
