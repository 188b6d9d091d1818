#include "exec/views.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "catalog/catalog.h"
#include "diff/table_history.h"
#include "diff/table_pair.h"
#include "exec/build.h"
#include "exec/definition.h"
#include "exec/row_writer.h"
#include "git/ref_names.h"
#include "sql/parser.h"
#include "sql/print.h"
#include "sql/walk.h"
#include "type/key_codec.h"
#include "type/widen.h"

namespace rowan::exec {

namespace {

using sql::ObjectKind;

// Puts the columns that each * stands for in its place.
class StarWriter final : public sql::Visitor {
 public:
  StarWriter(const std::vector<plan::StarColumns>& stars, sql::Arena& arena) : arena_(arena) {
    for (const plan::StarColumns& star : stars) stars_.emplace(star.star, &star);
  }
  void item(sql::SelectItem& item, const sql::WalkScope& scope) override {
    if (item.expr->kind == sql::ExprKind::kStar) selects_.push_back(scope.select);
  }
  // The walk is over: lists may change now.
  void write() {
    for (const sql::SelectStmt* select : selects_) {
      // The walk shows the queries of a tree that is this writer's to change.
      rewrite(const_cast<sql::SelectStmt&>(*select));
    }
  }

 private:
  void rewrite(sql::SelectStmt& select) {
    std::vector<sql::SelectItem> items;
    for (const sql::SelectItem& item : select.items) {
      const auto found = item.expr->kind == sql::ExprKind::kStar
                             ? stars_.find(static_cast<const sql::StarExpr*>(item.expr))
                             : stars_.end();
      if (found == stars_.end()) {
        items.push_back(item);
        continue;
      }
      for (const plan::ColumnName& name : found->second->columns) {
        auto* column = arena_.make<sql::ColumnExpr>(
            sql::ColumnExpr{{sql::ExprKind::kColumn, item.expr->position},
                            arena_.copy(name.schema),
                            arena_.copy(name.table),
                            arena_.copy(name.column)});
        items.push_back({column, {}});
      }
    }
    select.items = arena_.copy(items);
  }

  sql::Arena& arena_;
  std::map<const sql::StarExpr*, const plan::StarColumns*> stars_;
  std::vector<const sql::SelectStmt*> selects_;
};

// A query in the form that is stored, with what it gives.
struct BoundQuery {
  std::string text;
  std::vector<plan::OutputColumn> outputs;
};

// A view goes on drawing from the sequences that its names mean now.
Result<void> qualify_sequences(sql::SelectStmt& select, const ExecContext& context,
                               sql::Arena& arena) {
  Result<void> known;
  sql::each_sequence_name(select, [&](sql::LiteralExpr& literal) {
    const auto full = [&]() -> Result<std::string> {
      TRY_ASSIGN(catalog::ObjectName name, catalog::parse_name(literal.text, {}));
      if (name.schema.empty()) {
        TRY_ASSIGN(name.schema, schema_by_path(name.name, context));
      }
      const std::string text = catalog::qualified(name.schema, name.name);
      TRY(require_sequence(text, context));
      return text;
    }();
    if (full) {
      literal.text = arena.copy(*full);
    } else if (known) {
      known = Error(full.error()).at(literal.position);
    }
  });
  return known;
}

Result<BoundQuery> bind_query(const sql::CreateViewStmt& statement, const ExecContext& context,
                              plan::PlanContext& planning) {
  // The statement may run again, maybe in another schema: its own tree stays as it is.
  TRY_ASSIGN(sql::ParsedStatement parsed, sql::parse_statement(statement.text));
  auto& own = static_cast<sql::CreateViewStmt&>(*parsed.statement);
  if (parsed.parameter_count > 0)
    return Error(ErrorCode::kUndefinedParameter, "there is no parameter $1");
  std::vector<plan::StarColumns> stars;
  plan::PlanContext with_stars{planning.resolver, planning.parameters, planning.eval,
                               planning.disabled_rules, &stars};
  BoundQuery bound;
  {
    TRY_ASSIGN(const plan::Plan plan, plan::plan_query(*own.select, with_stars));
    bound.outputs = plan.outputs;
  }
  StarWriter writer(stars, *parsed.arena);
  sql::walk(*own.select, writer);
  writer.write();
  Result<void> known;
  sql::qualify_tables(*own.select, [&](const sql::NamedTable& table) -> std::string_view {
    // A view of the system's goes before the path.
    const auto resolved = planning.resolver.resolve(table.name, {}, std::nullopt);
    if (resolved && resolved->view != nullptr) return parsed.arena->copy(resolved->view->schema);
    const auto schema = schema_by_path(table.name.name, context);
    if (!schema) known = Error(schema.error());
    return schema ? parsed.arena->copy(*schema) : std::string_view();
  });
  if (!known) return std::move(known).error();
  TRY(qualify_sequences(*own.select, context, *parsed.arena));
  bound.text = sql::to_sql(*own.select);
  return bound;
}

// The text must mean what the statement meant.
Result<void> check_text(const BoundQuery& bound, plan::PlanContext& planning) {
  TRY_ASSIGN(const sql::ParsedStatement parsed, sql::parse_statement(bound.text));
  TRY_ASSIGN(const plan::Plan plan,
             plan::plan_query(static_cast<const sql::SelectStmt&>(*parsed.statement), planning));
  const bool same = std::equal(plan.outputs.begin(), plan.outputs.end(), bound.outputs.begin(),
                               bound.outputs.end(),
                               [](const auto& a, const auto& b) { return a.type == b.type; });
  if (!same) return Error(ErrorCode::kFeatureNotSupported, "this query cannot be stored as a view");
  return {};
}

Result<std::vector<std::string>> column_names(const sql::CreateViewStmt& statement,
                                              const std::vector<plan::OutputColumn>& outputs) {
  if (statement.columns.size() > outputs.size()) {
    return Error(ErrorCode::kSyntaxError,
                 statement.materialized ? "too many column names were specified"
                                        : "CREATE VIEW specifies more column names than columns");
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < outputs.size(); ++i) {
    std::string name =
        i < statement.columns.size() ? std::string(statement.columns[i]) : outputs[i].name;
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      return Error(ErrorCode::kDuplicateColumn,
                   fmt::format("column \"{}\" specified more than once", name));
    }
    names.push_back(std::move(name));
  }
  return names;
}

// CREATE OR REPLACE keeps the columns that are there, and may add some behind them.
Result<void> check_replacement(const std::vector<std::string>& names,
                               const std::vector<plan::OutputColumn>& outputs,
                               const catalog::ViewDef& old, plan::PlanContext& planning) {
  if (names.size() < old.columns.size())
    return Error(ErrorCode::kInvalidTableDefinition, "cannot drop columns from view");
  TRY_ASSIGN(const sql::ParsedStatement parsed, sql::parse_statement(old.query_sql));
  // A view that does not bind any more may be replaced by anything of its names.
  const auto before =
      plan::plan_query(static_cast<const sql::SelectStmt&>(*parsed.statement), planning);
  for (size_t i = 0; i < old.columns.size(); ++i) {
    if (names[i] != old.columns[i]) {
      return Error(ErrorCode::kInvalidTableDefinition,
                   fmt::format("cannot change name of view column \"{}\" to \"{}\"", old.columns[i],
                               names[i]))
          .with_hint("Drop the view and create it again to give its columns other names.");
    }
    if (before && i < before->outputs.size() && before->outputs[i].type != outputs[i].type) {
      return Error(
          ErrorCode::kInvalidTableDefinition,
          fmt::format("cannot change data type of view column \"{}\" from {} to {}", names[i],
                      type::type_name(before->outputs[i].type), type::type_name(outputs[i].type)));
    }
  }
  return {};
}

// The table that a materialised view's rows make: without a primary key.
Result<std::shared_ptr<const catalog::TableDef>> stored_table(
    const RelationName& name, const std::vector<std::string>& names,
    const std::vector<plan::OutputColumn>& outputs) {
  std::string text = fmt::format("CREATE TABLE {}.{} (", sql::quote_ident(name.schema),
                                 sql::quote_ident(name.name));
  for (size_t i = 0; i < names.size(); ++i) {
    text += fmt::format("{}{} {}", i > 0 ? ", " : "", sql::quote_ident(names[i]),
                        type::type_name(outputs[i].type));
  }
  TRY_ASSIGN(const sql::ParsedStatement parsed, sql::parse_statement(text + ")"));
  TRY_ASSIGN(catalog::TableDef table,
             catalog::table_from_statement(
                 static_cast<const sql::CreateTableStmt&>(*parsed.statement), {{}, name.schema}));
  return std::make_shared<const catalog::TableDef>(std::move(table));
}

Result<void> put_definition(const catalog::ViewDef& view, ExecContext& context) {
  return context.transaction.put_file(
      view.path() + (view.materialized() ? "/matview.sql" : "/view.sql"), catalog::view_sql(view));
}

// Whether a materialised view can hold what its query gives.
bool fits(const plan::Plan& plan, const catalog::TableDef& stored) {
  return std::equal(
      plan.outputs.begin(), plan.outputs.end(), stored.columns.begin(), stored.columns.end(),
      [](const auto& output, const auto& column) { return output.type.id == column.type.id; });
}

// Runs a materialised view's query and stores its rows in place of those that are there.
Result<uint64_t> fill(const RelationName& name, ExecContext& context, plan::PlanContext& planning) {
  TRY_ASSIGN(const auto view, context.transaction.catalog().find_view(name.schema, name.name));
  if (view == nullptr || !view->materialized())
    return Error(ErrorCode::kInternal, "a materialised view is gone");
  TRY_ASSIGN(const sql::ParsedStatement parsed, sql::parse_statement(view->query_sql));
  TRY_ASSIGN(const plan::Plan plan,
             plan::plan_query(static_cast<const sql::SelectStmt&>(*parsed.statement), planning));
  const auto& columns = view->stored->columns;
  if (!fits(plan, *view->stored)) {
    return Error(ErrorCode::kObjectNotInState,
                 fmt::format(
                     "the query of materialized view \"{}\" gives other columns than it stores",
                     name.name))
        .with_hint("Drop the materialized view and create it again.");
  }
  // The query may read the view's old rows: they go when all new ones are there.
  std::vector<type::Batch> batches;
  TRY_ASSIGN(const std::unique_ptr<Operator> root, build(plan, context));
  TRY(root->open());
  for (;;) {
    type::Batch batch;
    TRY_ASSIGN(const bool more, root->next(batch));
    if (!more) break;
    batches.push_back(std::move(batch));
  }
  TRY_ASSIGN(const catalog::TableVersion version,
             context.transaction.catalog().materialized_rows(*view));
  TRY(context.transaction.truncate(version));
  RowWriter writer(context, version);
  std::vector<type::Value> row(columns.size());
  uint64_t rows = 0;
  for (const type::Batch& batch : batches) {
    for (size_t i = 0; i < batch.rows; ++i, ++rows) {
      for (size_t column = 0; column < row.size(); ++column)
        row[column] = batch.columns[column].value(i);
      TRY(writer.insert(row));
    }
  }
  return rows;
}

Error not_a_view(const RelationName& name, std::string_view what) {
  return Error(ErrorCode::kWrongObjectType, fmt::format("\"{}\" is not a {}", name.name, what));
}

}  // namespace

Result<ViewOutcome> run_create_view(const sql::CreateViewStmt& statement, ExecContext& context,
                                    plan::PlanContext& planning) {
  const std::string_view kind = statement.materialized ? "CREATE MATERIALIZED VIEW" : "CREATE VIEW";
  TRY_ASSIGN(const RelationName name, new_relation_name(statement.name, context));
  TRY(require_schema(name.schema, statement.name.position, context));
  const catalog::Catalog& catalog = context.transaction.catalog();
  TRY_ASSIGN(const ObjectKind existing, catalog.find_relation(name.schema, name.name));
  if (existing != ObjectKind::kNone && !statement.or_replace) {
    if (statement.if_not_exists)
      return ViewOutcome{std::string(kind),
                         fmt::format("relation \"{}\" already exists, skipping", name.name)};
    return Error(ErrorCode::kDuplicateTable,
                 fmt::format("relation \"{}\" already exists", name.name))
        .at(statement.name.position);
  }
  if (existing != ObjectKind::kNone && existing != ObjectKind::kView)
    return not_a_view(name, "view").at(statement.name.position);
  TRY_ASSIGN(const BoundQuery bound, bind_query(statement, context, planning));
  catalog::ViewDef view;
  view.schema = name.schema;
  view.name = name.name;
  view.query_sql = bound.text;
  TRY_ASSIGN(view.columns, column_names(statement, bound.outputs));
  if (existing == ObjectKind::kView) {
    TRY_ASSIGN(const auto old, catalog.find_view(name.schema, name.name));
    TRY(check_replacement(view.columns, bound.outputs, *old, planning));
  }
  if (statement.materialized) {
    TRY_ASSIGN(view.stored, stored_table(name, view.columns, bound.outputs));
    view.populated = statement.with_data;
  }
  TRY(put_definition(view, context));
  // Bound as it is stored now: this finds views that read each other in a ring, too.
  TRY(check_text(bound, planning));
  if (!statement.materialized || !statement.with_data) return ViewOutcome{std::string(kind), {}};
  TRY_ASSIGN(const uint64_t rows, fill(name, context, planning));
  return ViewOutcome{fmt::format("SELECT {}", rows), {}};
}

Result<ViewOutcome> run_refresh(const sql::RefreshStmt& statement, ExecContext& context,
                                plan::PlanContext& planning) {
  TRY_ASSIGN(const RelationName name, relation_name(statement.name, context));
  TRY(require_schema(name.schema, statement.name.position, context));
  TRY_ASSIGN(const ObjectKind kind,
             context.transaction.catalog().find_relation(name.schema, name.name));
  if (kind == ObjectKind::kNone) {
    return Error(ErrorCode::kUndefinedTable,
                 fmt::format("relation \"{}\" does not exist", name.name))
        .at(statement.name.position);
  }
  if (kind != ObjectKind::kMaterializedView) {
    return Error(ErrorCode::kFeatureNotSupported,
                 fmt::format("\"{}\" is not a materialized view", name.name))
        .at(statement.name.position);
  }
  TRY_ASSIGN(const auto view, context.transaction.catalog().find_view(name.schema, name.name));
  if (view->populated != statement.with_data) {
    catalog::ViewDef changed = *view;
    changed.populated = statement.with_data;
    TRY(put_definition(changed, context));
  }
  const ViewOutcome outcome{"REFRESH MATERIALIZED VIEW", {}};
  if (statement.with_data) {
    TRY_ASSIGN(const uint64_t rows, fill(name, context, planning));
    static_cast<void>(rows);
    return outcome;
  }
  TRY_ASSIGN(const catalog::TableVersion version,
             context.transaction.catalog().materialized_rows(*view));
  TRY(context.transaction.truncate(version));
  return outcome;
}

// ---- Checking the views of a tree ----

namespace {

// A table's columns in FOR SYSTEM_TIME BETWEEN. Nobody asks for its rows.
class VersionColumns final : public plan::VirtualTable {
 public:
  VersionColumns(const catalog::TableDef& table,
                 const std::vector<std::shared_ptr<const catalog::TableDef>>& past) {
    for (const catalog::ColumnDef& column : table.columns)
      columns_.push_back({column.name, column.type});
    const auto names = diff::column_names(table);
    for (const auto& definition : past) {
      const auto places = diff::match_columns(names, *definition);
      for (size_t i = 0; i < table.columns.size(); ++i) {
        if (!places[i]) continue;
        type::Type& shown = columns_[i].type;
        shown = type::widened(shown, definition->columns[*places[i]].type);
      }
    }
    for (const char* name : {"valid_from", "valid_to"})
      columns_.push_back({name, {type::TypeId::kTimestamptz, -1}});
  }
  const std::vector<plan::OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const std::vector<type::Value>&,
                                        const expr::EvalContext&) const override {
    return Error(ErrorCode::kInternal, "rows of a table that was only looked at");
  }

 private:
  std::vector<plan::OutputColumn> columns_;
};

// Names as a tree has them. Of what is the program's own only that is out of sight whose columns
// follow a session.
class TreeResolver final : public plan::Resolver {
 public:
  TreeResolver(const ValidateRequest& request, const Oid& root, txn::Manager& manager,
               const expr::EvalContext& eval)
      : request_(request), root_(root), manager_(manager), eval_(eval) {}

  bool met_engine() const { return met_engine_; }
  void forget() { met_engine_ = false; }

  Result<plan::ResolvedTable> resolve(const sql::QualifiedName& name, std::string_view revision,
                                      std::optional<int64_t> time_us) override {
    const std::string_view schema = name.schema.empty() ? eval_.schema : name.schema;
    plan::ResolvedTable resolved;
    TRY_ASSIGN(const bool is_system, find_system(name, resolved));
    if (is_system) return resolved;
    Oid root = root_;
    // HEAD is the tree at hand, once it is a branch's, and so is the branch's own name when nobody
    // has the commit yet; what lies behind it nobody knows here.
    const bool is_tip = past_tip(revision) == "";
    if (is_behind_tip(revision)) return out_of_sight();
    if ((!revision.empty() && !is_tip) || time_us) {
      auto commit = resolve_commit(revision, time_us);
      if (!commit && is_elsewhere(commit.error())) return out_of_sight();
      TRY_ASSIGN(resolved.commit, std::move(commit));
      TRY_ASSIGN(const txn::Snapshot snapshot, manager_.snapshot_of(resolved.commit));
      root = resolved.root = snapshot.root;
    }
    resolved.historical = !resolved.commit.is_zero();
    const catalog::Catalog catalog(request_.objects, manager_.store().cache(), root);
    auto table = catalog.get_table(schema, name.name);
    if (table) {
      resolved.table = std::move(*table);
      return resolved;
    }
    if (table.error().code() != ErrorCode::kUndefinedTable) return std::move(table.error());
    TRY_ASSIGN(resolved.view, catalog.find_view(schema, name.name));
    if (resolved.view == nullptr) return std::move(table.error());
    if (resolved.view->materialized()) {
      TRY_ASSIGN(resolved.table, catalog.materialized_rows(*resolved.view));
    }
    return resolved;
  }
  Result<std::shared_ptr<const plan::VirtualTable>> resolve_function(
      const sql::CallExpr& call, const std::vector<type::Type>& arguments) override {
    if (request_.system == nullptr) return out_of_sight();
    TRY_ASSIGN(SystemTables::Found found, request_.system->find_function(call, arguments));
    if (found.follows_session) return out_of_sight();
    return std::move(found.table);
  }
  // The versions of a row have columns that hold what it was in all of the past.
  Result<std::shared_ptr<const plan::VirtualTable>> resolve_versions(
      const sql::QualifiedName& name, const plan::TimeRange&) override {
    const std::string schema(name.schema.empty() ? eval_.schema : name.schema);
    const catalog::Catalog catalog(request_.objects, manager_.store().cache(), root_);
    auto table = catalog.get_table(schema, name.name);
    if (!table) return std::move(table.error()).at(name.position);
    Oid tip = request_.commit;
    if (tip.is_zero()) {
      const auto snapshot = manager_.tip_snapshot(eval_.branch);
      if (!snapshot) return out_of_sight();
      tip = snapshot->commit;
    }
    const diff::History history{manager_.store(), manager_.store().cache(), manager_.history()};
    const auto past = diff::past_definitions(
        history, tip, type::encode_name(schema) + "/" + type::encode_name(name.name));
    if (!past) return out_of_sight();  // The commit may be on its way.
    return std::shared_ptr<const plan::VirtualTable>(
        std::make_shared<const VersionColumns>(*table->table, *past));
  }
  std::optional<uint64_t> row_count(const catalog::TableVersion&) override { return std::nullopt; }

 private:
  // False: the name is no relation of the program's. pg_catalog comes before all other schemas.
  Result<bool> find_system(const sql::QualifiedName& name, plan::ResolvedTable& resolved) {
    const bool is_named =
        name.schema == "rowan" || name.schema == "pg_catalog" || name.schema == "information_schema";
    if (!is_named && !name.schema.empty()) return false;
    if (request_.system == nullptr) {
      if (is_named) return out_of_sight();
      return false;
    }
    SystemTables::Found found =
        request_.system->find_relation(is_named ? name.schema : "pg_catalog", name.name);
    if (found.follows_session) return out_of_sight();
    resolved.view = std::move(found.view);
    resolved.virtual_table = std::move(found.table);
    if (resolved.view != nullptr || resolved.virtual_table != nullptr) return true;
    if (!is_named) return false;
    return Error(ErrorCode::kUndefinedTable,
                 fmt::format("relation \"{}.{}\" does not exist", name.schema, name.name))
        .at(name.position);
  }
  // What follows the words for the tip; nothing: it does not begin with any.
  std::optional<std::string_view> past_tip(std::string_view revision) const {
    if (revision.starts_with("@{")) return revision;
    const size_t end = std::min(
        {revision.find_first_of("~^"), revision.find("@{"), revision.size()});
    const std::string_view name = revision.substr(0, end);
    const bool is_own = request_.commit.is_zero() && request_.is_tip && !name.empty() &&
                        (name == eval_.branch ||
                         (name.starts_with("refs/heads/") && name.substr(11) == eval_.branch));
    if (name != "HEAD" && name != "@" && !is_own) return std::nullopt;
    return revision.substr(end);
  }
  // "HEAD~1", "@^2", "@{1}": so far from the tip.
  bool is_behind_tip(std::string_view revision) const {
    const auto rest = past_tip(revision);
    return rest && !rest->empty();
  }
  Error out_of_sight() {
    met_engine_ = true;
    return Error(ErrorCode::kFeatureNotSupported, "a system table is not checked here");
  }

  // As sessions on the branch will see it when the commit stands there.
  Result<Oid> resolve_commit(std::string_view revision, std::optional<int64_t> time_us) const {
    if (request_.commit.is_zero()) {
      return time_us ? manager_.revision_at(*time_us, eval_.branch)
                     : manager_.resolve_revision(revision, eval_.branch);
    }
    const std::string head = request_.commit.hex();
    if (time_us) return manager_.revision_at(*time_us, head);
    const size_t end = std::min(
        {revision.find_first_of("~^"), revision.find("@{"), revision.size()});
    const std::string_view name = revision.substr(0, end);
    const bool is_own =
        !name.empty() && (name == request_.branch || name == git::branch_ref(request_.branch));
    if (!is_own) return manager_.resolve_revision(revision, head);
    return manager_.resolve_revision("HEAD" + std::string(revision.substr(end)), head);
  }
  static bool is_elsewhere(const Error& error) {
    return error.code() == ErrorCode::kUndefinedRevision ||
           error.code() == ErrorCode::kUndefinedBranch ||
           error.code() == ErrorCode::kAmbiguousRevision;
  }

  const ValidateRequest& request_;
  Oid root_;
  txn::Manager& manager_;
  const expr::EvalContext& eval_;
  bool met_engine_ = false;
};

}  // namespace

Result<std::vector<Violation>> check_views(const ValidateRequest& request, const Oid& root,
                                           txn::Manager& manager, const expr::EvalContext& eval,
                                           size_t violations_max) {
  std::vector<Violation> violations;
  TreeResolver resolver(request, root, manager, eval);
  const catalog::Catalog catalog(request.objects, manager.store().cache(), root);
  TRY_ASSIGN(const std::vector<std::string> schemas, catalog.schemas());
  for (const std::string& schema : schemas) {
    TRY_ASSIGN(const std::vector<std::string> names, catalog.views(schema));
    for (const std::string& name : names) {
      if (violations.size() >= violations_max) return violations;
      TRY_ASSIGN(const auto view, catalog.find_view(schema, name));
      if (view == nullptr) continue;
      resolver.forget();
      expr::ParameterTypes parameters;
      plan::PlanContext planning{resolver, parameters, eval, {}};
      const auto parsed = sql::parse_statement(view->query_sql);
      if (!parsed) return Error(parsed.error());
      const auto plan =
          plan::plan_query(static_cast<const sql::SelectStmt&>(*parsed->statement), planning);
      if (resolver.met_engine()) continue;
      const bool same_count = plan && plan->outputs.size() == view->columns.size();
      if (same_count && (!view->materialized() || fits(*plan, *view->stored))) continue;
      const std::string why =
          same_count ? "its query gives other types than it stores"
          : plan     ? fmt::format("it names {} columns, its query gives {}", view->columns.size(),
                                   plan->outputs.size())
                     : plan.error().message();
      violations.push_back({plan ? ErrorCode::kInvalidContent : plan.error().code(),
                            schema,
                            name,
                            {},
                            {},
                            fmt::format("view \"{}\": {}", name, why)});
    }
  }
  return violations;
}

}  // namespace rowan::exec
