#include "engine/resolver.h"

#include <fmt/format.h>

#include "engine/verbs.h"
#include "exec/build.h"
#include "system/compiled_views.h"
#include "system/registry.h"
#include "system/rowan/history_tables.h"
#include "tree/row_tree.h"

namespace rowan::engine {

namespace {

// A historical table is scanned rather than its index caught up over more rows than this.
constexpr size_t kHistoricalChangesMax = 5000;

// A name that is no table may be a view. False: it is none either.
Result<bool> find_view(const catalog::Catalog& catalog, std::string_view schema,
                       std::string_view name, const Error& no_table,
                       plan::ResolvedTable& resolved) {
  if (no_table.code() != ErrorCode::kUndefinedTable) return false;
  TRY_ASSIGN(resolved.view, catalog.find_view(schema, name));
  if (resolved.view == nullptr) return false;
  if (!resolved.view->materialized()) return true;
  TRY_ASSIGN(resolved.table, catalog.materialized_rows(*resolved.view));
  return true;
}

// A query in WITH that several places read. It lives as long as the plan that names it, which runs once.
class SharedQuery final : public plan::VirtualTable {
 public:
  SharedQuery(SessionImpl& session, plan::Plan plan) : session_(session), plan_(std::move(plan)) {}
  const std::vector<plan::OutputColumn>& columns() const override { return plan_.outputs; }
  Result<std::vector<type::Batch>> rows(const std::vector<type::Value>& /*arguments*/,
                                        const expr::EvalContext& eval) const override {
    if (!rows_.has_value()) {
      exec::ExecContext context = session_.context_in(*session_.transaction(), eval);
      MemoryAccount account = context.operation_account();
      TRY_ASSIGN(rows_, exec::run_all(plan_, context, account));
      account_.emplace(std::move(account));
    }
    return *rows_;
  }
  bool cacheable() const override { return false; }

 private:
  SessionImpl& session_;
  const plan::Plan plan_;
  mutable std::optional<std::vector<type::Batch>> rows_;  // Made by the first who asks.
  mutable std::optional<MemoryAccount> account_;
};

// pg_catalog comes before all of the search path.
std::shared_ptr<const catalog::ViewDef> system_view(const sql::QualifiedName& name) {
  return system::find_compiled_view(
      name.schema.empty() ? std::string_view("pg_catalog") : name.schema, name.name);
}

}  // namespace

Result<std::shared_ptr<const plan::VirtualTable>> SessionResolver::run_once(plan::Plan plan) {
  return std::shared_ptr<const plan::VirtualTable>(
      std::make_shared<SharedQuery>(session_, std::move(plan)));
}

// The commit that AS OF names; nothing: there is none.
Result<std::optional<Oid>> SessionResolver::historical_commit(
    std::string_view revision, const std::optional<int64_t>& time_us) const {
  if (revision.empty() && !time_us) return std::optional<Oid>();
  txn::Manager& manager = session_.owner().manager();
  TRY_ASSIGN(const Oid commit, time_us ? manager.revision_at(*time_us, session_.branch_name())
                                       : manager.resolve_revision(revision, session_.branch_name()));
  return std::optional<Oid>(commit);
}

Result<plan::ResolvedTable> SessionResolver::resolve(const sql::QualifiedName& name,
                                                     std::string_view revision,
                                                     std::optional<int64_t> time_us) {
  TRY(sql::check_database(name, session_.database()));
  const bool is_now = revision.empty() && !time_us;
  std::string schema = is_now ? session_.schema_of(name) : std::string(name.schema);
  plan::ResolvedTable resolved;
  if (auto view = system_view(name)) {
    resolved.view = std::move(view);
    TRY_ASSIGN(const std::optional<Oid> commit, historical_commit(revision, time_us));
    resolved.historical = commit.has_value();
    if (commit) resolved.commit = *commit;
    return resolved;
  }
  if (schema == "rowan") {
    TRY_ASSIGN(const std::optional<Oid> commit, historical_commit(revision, time_us));
    Oid root;
    if (commit) {
      TRY_ASSIGN(root, session_.owner().root_of(*commit));
    }
    TRY_ASSIGN(resolved.virtual_table, system::find_relation(session_.system(), name.name, root));
    if (resolved.virtual_table == nullptr) {
      return Error(ErrorCode::kUndefinedTable,
                   fmt::format("relation \"rowan.{}\" does not exist", name.name))
          .at(name.position);
    }
    return resolved;
  }
  if (is_now) {
    const catalog::Catalog& current = session_.transaction()->catalog();
    auto table = session_.transaction()->get_table(schema, name.name);
    if (!table) {
      TRY_ASSIGN(const bool is_view,
                 find_view(current, schema, name.name, table.error(), resolved));
      if (is_view) return resolved;
      // A name in FROM: PostgreSQL speaks of the relation as it is written, even when its schema is
      // not there.
      if (table.error().code() == ErrorCode::kInvalidSchemaName ||
          (table.error().code() == ErrorCode::kUndefinedTable && name.schema.empty())) {
        const std::string written = name.schema.empty() ? "" : schema + ".";
        return Error(ErrorCode::kUndefinedTable,
                     fmt::format("relation \"{}{}\" does not exist", written, name.name))
            .at(name.position);
      }
      return std::move(table.error()).at(name.position);
    }
    resolved.table = std::move(*table);
    return resolved;
  }
  txn::Manager& manager = session_.owner().manager();
  TRY_ASSIGN(const std::optional<Oid> found, historical_commit(revision, time_us));
  const Oid commit = *found;
  TRY_ASSIGN(const Oid root, session_.owner().root_of(commit));
  const catalog::Catalog catalog(manager.store(), manager.store().cache(), root);
  if (schema.empty()) {
    TRY_ASSIGN(schema, catalog.schema_of(session_.settings().search_path(), name.name));
  }
  auto table = catalog.get_table(schema, name.name);
  resolved.historical = true;
  resolved.root = root;
  resolved.commit = commit;
  if (!table) {
    TRY_ASSIGN(const bool is_view, find_view(catalog, schema, name.name, table.error(), resolved));
    if (is_view) return resolved;
    return std::move(table.error())
        .with_detail(fmt::format("It is not there as of commit {}.", commit.hex().substr(0, 12)))
        .at(name.position);
  }
  resolved.table = std::move(*table);
  return resolved;
}

Result<std::shared_ptr<const plan::VirtualTable>> SessionResolver::resolve_function(
    const sql::CallExpr& call, const std::vector<type::Type>& arguments) {
  TRY(check_no_verb(call));
  auto found = system::find_function(session_.system(), call, arguments, {});
  if (!found) return std::move(found.error()).at(call.position);
  return found;
}

Result<std::shared_ptr<const plan::VirtualTable>> SessionResolver::resolve_call(
    const sql::CallExpr& call, const std::vector<type::Type>& arguments,
    const std::vector<std::optional<type::Value>>& known) {
  TRY(check_no_verb(call));
  auto found = system::find_function(session_.system(), call, arguments, known);
  if (!found) return std::move(found.error()).at(call.position);
  return found;
}

std::optional<expr::PlacedArguments> SessionResolver::place_arguments(const sql::CallExpr& call) {
  return system::place_arguments(call);
}

Result<std::shared_ptr<const plan::VirtualTable>> SessionResolver::resolve_versions(
    const sql::QualifiedName& name, const plan::TimeRange& range) {
  return system::row_versions_table(session_.system(), name, range);
}

std::optional<derived::EntryTree> SessionResolver::find_index(const catalog::TableVersion& table,
                                                              const derived::IndexKey& key,
                                                              bool historical) {
  txn::Manager& manager = session_.owner().manager();
  const derived::IndexSource source{session_.transaction()->objects(), manager.store().cache(),
                                    table};
  if (historical) {
    auto found = manager.indexes().find(source, key, kHistoricalChangesMax);
    return found ? std::move(*found) : std::nullopt;
  }
  auto made = manager.indexes().get(source, key);
  // What is wrong with the rows is told when they are read.
  return made ? std::optional(std::move(*made)) : std::nullopt;
}

bool SessionResolver::rules_hold(bool historical) { return !historical && !session_.is_pinned(); }

double SessionResolver::key_share(const catalog::TableVersion& table, Bytes lower, Bytes upper) {
  if (table.rows.is_zero()) return 0;
  const catalog::TableLineKeys keys(table.table);
  const tree::TreeReader reader{session_.transaction()->objects(), session_.owner().store().cache(),
                                keys};
  const auto from =
      lower.empty() ? Result<double>(0.0) : tree::key_place(reader, table.rows, lower);
  const auto to = upper.empty() ? Result<double>(1.0) : tree::key_place(reader, table.rows, upper);
  if (!from || !to) return 1;
  return std::max(0.0, *to - *from);
}

std::optional<uint64_t> SessionResolver::row_count(const catalog::TableVersion& table) {
  return session_.owner().row_count(table);
}

}  // namespace rowan::engine
