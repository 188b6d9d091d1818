#include "exec/dependents.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/expression_text.h"
#include "exec/definition.h"
#include "sql/parser.h"
#include "sql/walk.h"
#include "type/key_codec.h"

namespace rowan::exec {

namespace {

constexpr size_t kNamedDependentsMax = 100;  // PostgreSQL's too; the others are counted.

template <typename Visit>
Result<void> for_each_table(const catalog::Catalog& catalog, const Visit& visit) {
  TRY_ASSIGN(const std::vector<std::string> schemas, catalog.schemas());
  for (const std::string& schema : schemas) {
    TRY_ASSIGN(const std::vector<std::string> tables, catalog.tables(schema));
    for (const std::string& name : tables) {
      TRY_ASSIGN(const std::optional<catalog::TableVersion> version,
                 catalog.find_table(schema, name));
      if (version) visit(version->table);
    }
  }
  return {};
}

template <typename Wanted>
Result<std::vector<std::shared_ptr<const catalog::ViewDef>>> views_where(
    const catalog::Catalog& catalog, const Wanted& wanted) {
  std::vector<std::shared_ptr<const catalog::ViewDef>> found;
  TRY_ASSIGN(const std::vector<std::string> schemas, catalog.schemas());
  for (const std::string& schema : schemas) {
    TRY_ASSIGN(const std::vector<std::string> views, catalog.views(schema));
    for (const std::string& name : views) {
      TRY_ASSIGN(std::shared_ptr<const catalog::ViewDef> view, catalog.find_view(schema, name));
      if (view == nullptr) continue;
      TRY_ASSIGN(const bool is_wanted, wanted(*view));
      if (is_wanted) found.push_back(std::move(view));
    }
  }
  return found;
}

// What a stored query reads.
class Reads final : public sql::Visitor {
 public:
  Reads(std::string_view schema, std::string_view name, std::string_view column)
      : schema_(schema), name_(name), column_(column) {}
  bool found() const { return table_ && (column_.empty() || column_met_); }

  void table(sql::NamedTable& table) override {
    if (table.name.schema == schema_ && table.name.name == name_ && sql::is_of_tip(table))
      table_ = true;
  }
  void join(sql::JoinTable& join, const sql::WalkScope&) override {
    for (const std::string_view each : join.using_columns)
      column_met_ = column_met_ || each == column_;
    column_met_ = column_met_ || join.natural;
  }
  void column(sql::ColumnExpr& column, const sql::WalkScope*) override {
    column_met_ = column_met_ || column.column == column_;
  }
  void star(sql::StarExpr&, const sql::WalkScope*) override { column_met_ = true; }

 private:
  std::string_view schema_, name_, column_;
  bool table_ = false;
  bool column_met_ = false;
};

}  // namespace

Result<std::vector<catalog::SequenceDef>> sequences_owned_by(const catalog::Catalog& catalog,
                                                             std::string_view schema,
                                                             std::string_view table) {
  std::vector<catalog::SequenceDef> found;
  const std::string owner = catalog::qualified(schema, table);
  TRY_ASSIGN(const std::vector<std::string> schemas, catalog.schemas());
  for (const std::string& each : schemas) {
    TRY_ASSIGN(const std::vector<std::string> names, catalog.sequences(each));
    for (const std::string& name : names) {
      TRY_ASSIGN(std::optional<catalog::SequenceDef> sequence, catalog.find_sequence(each, name));
      if (sequence && sequence->owner_table == owner) found.push_back(std::move(*sequence));
    }
  }
  return found;
}

Result<std::vector<SequenceUse>> uses_of_sequence(const catalog::Catalog& catalog,
                                                  std::string_view schema, std::string_view name) {
  std::vector<SequenceUse> found;
  const std::string wanted = catalog::qualified(schema, name);
  TRY(for_each_table(catalog, [&](const std::shared_ptr<const catalog::TableDef>& table) {
    for (size_t i = 0; i < table->columns.size(); ++i) {
      const catalog::ColumnDef& column = table->columns[i];
      bool uses = column.sequence == wanted;
      if (!uses && !column.default_sql.empty()) {
        const auto names = catalog::sequences_of(column.default_sql);
        uses = names && std::find(names->begin(), names->end(), wanted) != names->end();
      }
      if (uses) found.push_back({table, static_cast<uint16_t>(i)});
    }
  }));
  return found;
}

Result<std::vector<std::shared_ptr<const catalog::ViewDef>>> views_reading(
    const catalog::Catalog& catalog, std::string_view schema, std::string_view name,
    std::string_view column) {
  return views_where(catalog, [&](const catalog::ViewDef& view) -> Result<bool> {
    TRY_ASSIGN(const sql::ParsedStatement parsed, sql::parse_statement(view.query_sql));
    if (parsed.statement->kind != sql::StatementKind::kSelect) return false;
    Reads reads(schema, name, column);
    sql::walk(static_cast<sql::SelectStmt&>(*parsed.statement), reads);
    return reads.found();
  });
}

Result<std::vector<std::shared_ptr<const catalog::ViewDef>>> views_drawing(
    const catalog::Catalog& catalog, std::string_view schema, std::string_view name) {
  const std::string wanted = catalog::qualified(schema, name);
  return views_where(catalog, [&](const catalog::ViewDef& view) -> Result<bool> {
    TRY_ASSIGN(const auto names, catalog::sequences_of_query(view.query_sql, view.schema));
    return std::find(names.begin(), names.end(), wanted) != names.end();
  });
}

std::string constraint_words(std::string_view constraint, const catalog::TableDef& table) {
  return fmt::format("constraint {} on table {}", sql::quote_ident(constraint),
                     table.qualified_name());
}

// ---- DropPlan ----

void DropPlan::add(std::string_view schema, std::string_view name, Kind kind) {
  if (!goes(schema, name))
    relations_.push_back({std::string(schema), std::string(name), kind, true});
}

bool DropPlan::goes(std::string_view schema, std::string_view name) const {
  return std::any_of(relations_.begin(), relations_.end(), [&](const Relation& each) {
    return each.schema == schema && each.name == name;
  });
}

void DropPlan::depends(std::string dependent, const Relation& on) {
  lines_.push_back(fmt::format("{} depends on {} {}", dependent, sql::object_word(on.kind),
                               shown_name(on.schema, on.name)));
  taken_along_.push_back(std::move(dependent));
}

Result<void> DropPlan::follow_table(const Relation& relation) {
  const catalog::Catalog& catalog = context_.transaction.catalog();
  TRY_ASSIGN(const std::vector<catalog::SequenceDef> owned,
             sequences_owned_by(catalog, relation.schema, relation.name));
  for (const catalog::SequenceDef& sequence : owned) {
    if (!goes(sequence.schema, sequence.name))
      relations_.push_back({sequence.schema, sequence.name, Kind::kSequence, false});
  }
  TRY_ASSIGN(const std::vector<Reference> keys,
             references_to(catalog, relation.schema, relation.name));
  for (const Reference& reference : keys) {
    const catalog::TableDef& child = *reference.child;
    if (goes(child.schema, child.name)) continue;
    keys_.push_back({child.schema, child.name, reference.key().name});
    depends(constraint_words(reference.key().name, child), relation);
  }
  return {};
}

Result<void> DropPlan::follow_sequence(const Relation& relation) {
  TRY_ASSIGN(const std::vector<SequenceUse> uses,
             uses_of_sequence(context_.transaction.catalog(), relation.schema, relation.name));
  for (const SequenceUse& use : uses) {
    const catalog::ColumnDef& column = use.table->columns[use.column];
    if (goes(use.table->schema, use.table->name)) continue;
    if (column.identity != sql::IdentityKind::kNone) {
      const std::string owner = fmt::format("column {} of table {}", sql::quote_ident(column.name),
                                            use.table->qualified_name());
      return Error(ErrorCode::kDependentObjects,
                   fmt::format("cannot drop sequence {} because {} requires it",
                               shown_name(relation.schema, relation.name), owner))
          .with_hint(fmt::format("You can drop {} instead.", owner));
    }
    defaults_.push_back({use.table->schema, use.table->name, column.name});
    depends(fmt::format("default value for column {} of table {}", sql::quote_ident(column.name),
                        use.table->qualified_name()),
            relation);
  }
  return {};
}

Result<void> DropPlan::follow_views(const Relation& relation) {
  const catalog::Catalog& catalog = context_.transaction.catalog();
  TRY_ASSIGN(const auto views, relation.kind == Kind::kSequence
                                   ? views_drawing(catalog, relation.schema, relation.name)
                                   : views_reading(catalog, relation.schema, relation.name));
  for (const auto& view : views) {
    if (goes(view->schema, view->name)) continue;
    const Kind kind = view->materialized() ? Kind::kMaterializedView : Kind::kView;
    depends(fmt::format("{} {}", sql::object_word(kind), shown_name(view->schema, view->name)), relation);
    relations_.push_back({view->schema, view->name, kind, false});
  }
  return {};
}

Result<void> DropPlan::close(bool cascade) {
  for (size_t i = 0; i < relations_.size(); ++i) {
    const Relation relation = relations_[i];  // A copy: the list grows.
    if (relation.kind == Kind::kTable) TRY(follow_table(relation));
    if (relation.kind == Kind::kSequence) TRY(follow_sequence(relation));
    TRY(follow_views(relation));
  }
  // A key whose table was found to go only later is no loss.
  std::erase_if(keys_, [this](const LostKey& key) { return goes(key.schema, key.table); });
  std::erase_if(defaults_,
                [this](const LostDefault& lost) { return goes(lost.schema, lost.table); });
  if (cascade || lines_.empty()) return {};
  std::string detail;
  for (size_t i = 0; i < lines_.size(); ++i) {
    if (i == kNamedDependentsMax) {
      detail += fmt::format("\nand {} other objects", lines_.size() - i);
      break;
    }
    detail += (i > 0 ? "\n" : "") + lines_[i];
  }
  const Relation& first = relations_.front();
  const auto wanted = std::count_if(relations_.begin(), relations_.end(),
                                    [](const Relation& each) { return each.wanted; });
  const std::string what =
      wanted > 1 ? std::string("desired object(s) because other objects depend on them")
                 : fmt::format("{} {} because other objects depend on it", sql::object_word(first.kind),
                               shown_name(first.schema, first.name));
  return Error(ErrorCode::kDependentObjects, "cannot drop " + what)
      .with_detail(std::move(detail))
      .with_hint("Use DROP ... CASCADE to drop the dependent objects too.");
}

Result<std::string> DropPlan::run() {
  txn::Transaction& transaction = context_.transaction;
  for (const LostKey& lost : keys_) {
    TRY_ASSIGN(const catalog::TableVersion version, transaction.get_table(lost.schema, lost.table));
    catalog::TableDef table = *version.table;
    std::erase_if(table.foreign_keys,
                  [&](const catalog::ForeignKey& key) { return key.name == lost.name; });
    TRY(put_table(table, context_));
  }
  for (const LostDefault& lost : defaults_) {
    TRY_ASSIGN(const catalog::TableVersion version, transaction.get_table(lost.schema, lost.table));
    catalog::TableDef table = *version.table;
    catalog::ColumnDef& column = table.columns[*table.find_column(lost.column)];
    column.default_sql.clear();
    column.sequence.clear();
    TRY(put_table(table, context_));
  }
  for (const Relation& relation : relations_) {
    TRY(transaction.put_file(
        catalog::schema_path(relation.schema) + "/" + type::encode_name(relation.name),
        std::nullopt));
  }
  if (taken_along_.empty()) return std::string();
  if (taken_along_.size() == 1) return "drop cascades to " + taken_along_.front();
  std::string notice = fmt::format("drop cascades to {} other objects", taken_along_.size());
  for (const std::string& each : taken_along_) notice += "\ndrop cascades to " + each;
  return notice;
}

}  // namespace rowan::exec
