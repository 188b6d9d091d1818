// Indexes and sequences; DROP and RENAME of everything but tables and schemas.
#include <fmt/format.h>

#include <algorithm>

#include "exec/ddl.h"
#include "exec/definition.h"
#include "exec/dependents.h"
#include "exec/rename.h"
#include "exec/table_check.h"
#include "sql/parser.h"

namespace rowan::exec {

using sql::ObjectKind;
using sql::object_word;

namespace {

std::string wanted_words(ObjectKind kind) {
  return fmt::format("{} {}", kind == ObjectKind::kIndex ? "an" : "a", object_word(kind));
}

void add_notice(std::string& notice, const std::string& line) {
  if (!line.empty()) notice += (notice.empty() ? "" : "\n") + line;
}

// OWNED BY: the table is in the sequence's schema and has the column.
Result<void> set_owner(const sql::SequenceOptions& options, catalog::SequenceDef& sequence,
                       const ExecContext& context) {
  if (!options.has_owner) return {};
  sequence.owner_table.clear();
  sequence.owner_column.clear();
  if (options.owner_column.empty()) return {};
  TRY_ASSIGN(const catalog::TableVersion version, require_table(options.owner_table, context));
  const catalog::TableDef& table = *version.table;
  if (table.schema != sequence.schema)
    return Error(ErrorCode::kObjectNotInState,
                 "sequence must be in same schema as table it is linked to");
  if (!table.find_column(options.owner_column)) {
    return Error(ErrorCode::kUndefinedColumn,
                 fmt::format("column \"{}\" of relation \"{}\" does not exist",
                             options.owner_column, table.name));
  }
  sequence.owner_table = catalog::qualified(table.schema, table.name);
  sequence.owner_column = options.owner_column;
  return {};
}

// The foreign keys that would lose the unique key they reference when `without` takes the place of
// the table.
Result<std::vector<Reference>> keys_without_key(const catalog::TableDef& without,
                                                const ExecContext& context) {
  TRY_ASSIGN(std::vector<Reference> keys,
             references_to(context.transaction.catalog(), without.schema, without.name));
  std::erase_if(keys, [&](const Reference& reference) {
    return catalog::references_key(reference.key(), without);
  });
  return keys;
}

Result<std::string> drop_index(const RelationName& name, bool cascade, ExecContext& context) {
  TRY_ASSIGN(const auto found, context.transaction.catalog().find_index(name.schema, name.name));
  catalog::TableDef table = *found->table;
  const auto at =
      std::find_if(table.indexes.begin(), table.indexes.end(),
                   [&](const catalog::IndexDef& index) { return index.name == name.name; });
  if (at == table.indexes.end()) {
    const std::string constraint = constraint_words(name.name, table);
    return Error(ErrorCode::kDependentObjects,
                 fmt::format("cannot drop index {} because {} requires it",
                             shown_name(name.schema, name.name), constraint))
        .with_hint(fmt::format("You can drop {} instead.", constraint));
  }
  table.indexes.erase(at);
  catalog::finish_table(table);
  return drop_keys_without_key(table, fmt::format("index {}", shown_name(name.schema, name.name)),
                               fmt::format("index {}", shown_name(name.schema, name.name)), cascade,
                               context);
}

Result<void> require_on_table(const sql::DropStmt& statement, const RelationName& index,
                              const ExecContext& context) {
  if (statement.on_table.name.empty()) return {};
  TRY_ASSIGN(const catalog::TableVersion table, require_table(statement.on_table, context));
  TRY_ASSIGN(const auto owner, context.transaction.catalog().find_index(index.schema, index.name));
  if (owner && owner->table->name == table.table->name &&
      owner->table->schema == table.table->schema)
    return {};
  return Error(
      ErrorCode::kUndefinedObject,
      fmt::format("index \"{}\" of table \"{}\" does not exist", index.name, table.table->name));
}

Result<void> rename_index(const RelationName& from, std::string_view to, ExecContext& context) {
  TRY_ASSIGN(const auto found, context.transaction.catalog().find_index(from.schema, from.name));
  catalog::TableDef table = *found->table;
  if (!table.primary_key.empty() && table.primary_key_name == from.name)
    table.primary_key_name = to;
  for (size_t i = 0; i < table.unique_constraints; ++i) {
    if (table.unique_keys[i].name == from.name) table.unique_keys[i].name = to;
  }
  for (catalog::IndexDef& index : table.indexes) {
    if (index.name == from.name) index.name = to;
  }
  return put_table(table, context);
}

}  // namespace

Result<std::string> drop_keys_without_key(catalog::TableDef& table, std::string_view what,
                                          std::string_view depends_on, bool cascade,
                                          ExecContext& context) {
  TRY_ASSIGN(const std::vector<Reference> lost, keys_without_key(table, context));
  std::string notice;
  if (!lost.empty() && !cascade) {
    std::string detail;
    for (const Reference& each : lost) {
      detail += (detail.empty() ? "" : "\n") +
                fmt::format("{} depends on {}", constraint_words(each.key().name, *each.child),
                            depends_on);
    }
    return Error(ErrorCode::kDependentObjects,
                 fmt::format("cannot drop {} because other objects depend on it", what))
        .with_detail(std::move(detail))
        .with_hint("Use DROP ... CASCADE to drop the dependent objects too.");
  }
  for (const Reference& each : lost) {
    add_notice(notice, "drop cascades to " + constraint_words(each.key().name, *each.child));
    const auto is_it = [name = each.key().name](const catalog::ForeignKey& key) {
      return key.name == name;
    };
    if (each.child->schema == table.schema && each.child->name == table.name) {
      std::erase_if(table.foreign_keys, is_it);
      continue;
    }
    TRY_ASSIGN(const catalog::TableVersion version,
               context.transaction.get_table(each.child->schema, each.child->name));
    catalog::TableDef child = *version.table;
    std::erase_if(child.foreign_keys, is_it);
    TRY(put_table(child, context));
  }
  TRY(put_table(table, context));
  return notice;
}

Result<std::string> run_create_index(const sql::CreateIndexStmt& statement, ExecContext& context) {
  if (statement.where != nullptr) {
    return Error(ErrorCode::kFeatureNotSupported, "partial indexes are not supported yet")
        .at(statement.where->position);
  }
  TRY_ASSIGN(const catalog::TableVersion version, require_table(statement.table, context));
  catalog::TableDef table = *version.table;
  if (!statement.index.name.empty()) {
    TRY_ASSIGN(const ObjectKind existing,
               context.transaction.catalog().find_relation(table.schema, statement.index.name));
    if (existing != ObjectKind::kNone && statement.if_not_exists)
      return fmt::format("relation \"{}\" already exists, skipping", statement.index.name);
  }
  TRY(catalog::add_index_clause(table, statement.index, names_taken(context, table.schema)));
  TRY(put_table(table, context));
  if (!statement.index.unique) return std::string();
  TRY_ASSIGN(const catalog::TableVersion indexed,
             context.transaction.get_table(table.schema, table.name));
  const catalog::UniqueKey& key = indexed.table->unique_keys.back();
  TRY(check_unique(context, indexed, key.name, key.columns));
  return std::string();
}

Result<std::string> run_create_sequence(const sql::SequenceStmt& statement, ExecContext& context) {
  TRY_ASSIGN(const RelationName name, new_relation_name(statement.name, context));
  TRY(require_schema(name.schema, statement.name.position, context));
  TRY_ASSIGN(const ObjectKind existing,
             context.transaction.catalog().find_relation(name.schema, name.name));
  if (existing != ObjectKind::kNone && statement.if_exists)
    return fmt::format("relation \"{}\" already exists, skipping", name.name);
  TRY(require_free_name(name.schema, name.name, statement.name.position, context));
  catalog::SequenceDef fresh = catalog::new_sequence(name.schema, name.name, {type::TypeId::kInt8});
  TRY_ASSIGN(catalog::SequenceDef sequence,
             catalog::sequence_from_options(statement.options, std::move(fresh), true));
  TRY(set_owner(statement.options, sequence, context));
  TRY(put_sequence(sequence, context));
  return std::string();
}

Result<std::string> run_alter_sequence(const sql::SequenceStmt& statement, ExecContext& context) {
  TRY_ASSIGN(const RelationName name, relation_name(statement.name, context));
  TRY_ASSIGN(const ObjectKind kind,
             context.transaction.catalog().find_relation(name.schema, name.name));
  if (kind == ObjectKind::kNone && statement.if_exists)
    return fmt::format("relation \"{}\" does not exist, skipping", name.name);
  if (kind == ObjectKind::kNone) {
    return Error(ErrorCode::kUndefinedTable,
                 fmt::format("relation \"{}\" does not exist", shown_name(name.schema, name.name)))
        .at(statement.name.position);
  }
  if (kind != ObjectKind::kSequence)
    return Error(ErrorCode::kWrongObjectType, fmt::format("\"{}\" is not a sequence", name.name))
        .at(statement.name.position);
  TRY_ASSIGN(const auto before,
             context.transaction.catalog().find_sequence(name.schema, name.name));
  TRY_ASSIGN(const std::vector<SequenceUse> uses,
             uses_of_sequence(context.transaction.catalog(), name.schema, name.name));
  const bool is_identity = std::any_of(uses.begin(), uses.end(), [](const SequenceUse& use) {
    return use.table->columns[use.column].identity != sql::IdentityKind::kNone;
  });
  if (statement.options.has_owner && is_identity) {
    return Error(ErrorCode::kFeatureNotSupported, "cannot change ownership of identity sequence")
        .with_detail(fmt::format("Sequence \"{}\" is linked to table \"{}\".", name.name,
                                 uses.front().table->name));
  }
  TRY_ASSIGN(catalog::SequenceDef sequence,
             catalog::sequence_from_options(statement.options, *before));
  TRY(set_owner(statement.options, sequence, context));
  TRY(put_sequence(sequence, context));
  return std::string();
}

Result<std::string> run_drop(const sql::DropStmt& statement, ExecContext& context) {
  const ObjectKind wanted = statement.object;
  std::string notice;
  DropPlan plan(context);
  bool any = false;
  for (const sql::QualifiedName& written : statement.names) {
    TRY_ASSIGN(const RelationName name, relation_name(written, context));
    TRY_ASSIGN(const bool has_schema, context.transaction.catalog().has_schema(name.schema));
    ObjectKind kind = ObjectKind::kNone;
    if (has_schema) {
      TRY_ASSIGN(kind, context.transaction.catalog().find_relation(name.schema, name.name));
    }
    if (kind == ObjectKind::kNone) {
      if (statement.if_exists) {
        add_notice(notice,
                   fmt::format("{} \"{}\" does not exist, skipping", object_word(wanted), name.name));
        continue;
      }
      TRY(require_schema(name.schema, written.position, context));
      const ErrorCode code =
          wanted == ObjectKind::kIndex ? ErrorCode::kUndefinedObject : ErrorCode::kUndefinedTable;
      return Error(code, fmt::format("{} \"{}\" does not exist", object_word(wanted), name.name));
    }
    if (kind != wanted) return wrong_kind(name.name, kind, wanted_words(wanted));
    if (wanted == ObjectKind::kIndex) {
      TRY(require_on_table(statement, name, context));
      TRY_ASSIGN(const std::string cascaded, drop_index(name, statement.cascade, context));
      add_notice(notice, cascaded);
      continue;
    }
    plan.add(name.schema, name.name, kind);
    any = true;
  }
  if (!any) return notice;
  TRY(plan.close(statement.cascade));
  TRY_ASSIGN(const std::string cascaded, plan.run());
  add_notice(notice, cascaded);
  return notice;
}

Result<std::string> run_rename(const sql::RenameStmt& statement, ExecContext& context) {
  const ObjectKind wanted = statement.object;
  TRY_ASSIGN(const RelationName from, relation_name(statement.name, context));
  TRY_ASSIGN(const ObjectKind kind,
             context.transaction.catalog().find_relation(from.schema, from.name));
  if (kind == ObjectKind::kNone && statement.if_exists)
    return fmt::format("relation \"{}\" does not exist, skipping", from.name);
  if (kind == ObjectKind::kNone) {
    return Error(ErrorCode::kUndefinedTable,
                 fmt::format("relation \"{}\" does not exist", shown_name(from.schema, from.name)))
        .at(statement.name.position);
  }
  if (kind != wanted)
    return Error(ErrorCode::kWrongObjectType,
                 fmt::format("\"{}\" is not {}", from.name, wanted_words(wanted)))
        .at(statement.name.position);
  TRY(require_free_name(from.schema, statement.new_name, 0, context));
  const RelationName to{from.schema, std::string(statement.new_name)};
  if (kind == ObjectKind::kIndex) {
    TRY(rename_index(from, to.name, context));
  } else if (kind == ObjectKind::kSequence) {
    TRY(rename_sequence(from, to, context));
  } else {
    TRY(rename_view(from, to, context));
  }
  return std::string();
}

}  // namespace rowan::exec
