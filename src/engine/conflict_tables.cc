#include "engine/conflict_tables.h"

#include "engine/merge_tables.h"
#include "engine/session.h"
#include "engine/virtual_rows.h"
#include "merge/record.h"
#include "versions/conflict_text.h"
#include "versions/merge_run.h"
#include "versions/pending_merge.h"

namespace rowan::engine {

using versions::key_text;
using versions::MergeRun;
using versions::parts_of;
using versions::row_json;
using versions::row_values;
using versions::way_out;

namespace {

using plan::OutputColumn;

type::Value no_value() { return type::Value::null(kTextType); }

constexpr merge::Side kSides[] = {merge::Side::kBase, merge::Side::kOurs, merge::Side::kTheirs};

// rowan.conflicts: everything that is open, as text.
class AllConflicts final : public plan::VirtualTable {
 public:
  explicit AllConflicts(SessionImpl& session) : session_(session) {
    for (const char* name :
         {"schema", "table", "key", "kind", "columns", "base", "ours", "theirs", "way_out"})
      columns_.push_back({name, {type::TypeId::kText}});
  }
  const std::vector<OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const std::vector<type::Value>&,
                                        const expr::EvalContext&) const override {
    RowCollector rows(columns_);
    const versions::Context context = session_.version_context();
    TRY_ASSIGN(const auto pending,
               find_pending_merge(context.store, context.head.branch, context.words));
    if (!pending) return rows.finish();
    TRY_ASSIGN(const txn::Snapshot tip, context.manager.tip_snapshot(context.head.branch));
    TRY_ASSIGN(const MergeRun run, rerun_pending(context, *pending, tip));
    const catalog::Catalog merged(*run.made, context.store.cache(), run.root);
    for (const merge::SchemaConflict& conflict : run.outcome.schema_conflicts) {
      auto [schema, object] = parts_of(conflict);
      rows.add({text_value(std::move(schema)), text_value(std::move(object)), no_value(),
                text_value(conflict.kind), no_value(), text_value(conflict.base),
                text_value(conflict.ours), text_value(conflict.theirs),
                text_value(way_out(conflict))});
    }
    for (const merge::RowConflict& conflict : run.outcome.conflicts) {
      TRY_ASSIGN(const catalog::TableVersion version,
                 merged.get_table(conflict.schema, conflict.table));
      TRY_ASSIGN(std::string key, key_text(*version.table, conflict));
      std::string names;
      for (const uint16_t column : conflict.columns)
        names += (names.empty() ? "" : ", ") + version.table->columns[column].name;
      std::vector<type::Value> row{
          text_value(conflict.schema), text_value(conflict.table), text_value(std::move(key)),
          text_value(std::string(merge::conflict_kind(conflict))), text_value(names)};
      for (const merge::Side side : kSides) {
        TRY_ASSIGN(std::string json, row_json(*run.made, *version.table, conflict, side));
        row.push_back(conflict.line(side) ? text_value(std::move(json)) : no_value());
      }
      row.push_back(text_value(way_out(*version.table, conflict)));
      rows.add(row);
    }
    return rows.finish();
  }

 private:
  SessionImpl& session_;
  std::vector<OutputColumn> columns_;
};

// rowan.violations: what stopped the session's last merge.
class Violations final : public plan::VirtualTable {
 public:
  explicit Violations(SessionImpl& session) : session_(session) {
    for (const char* name : {"schema", "table", "constraint_name", "key", "sqlstate", "message"})
      columns_.push_back({name, {type::TypeId::kText}});
  }
  const std::vector<OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const std::vector<type::Value>&,
                                        const expr::EvalContext&) const override {
    RowCollector rows(columns_);
    for (const exec::Violation& violation : session_.violations()) {
      rows.add({text_value(violation.schema), text_value(violation.table),
                violation.constraint.empty() ? no_value() : text_value(violation.constraint),
                violation.key.empty() ? no_value() : text_value(violation.key),
                text_value(std::string(sqlstate(violation.code))), text_value(violation.message)});
    }
    return rows.finish();
  }

 private:
  SessionImpl& session_;
  std::vector<OutputColumn> columns_;
};

// rowan.conflicts_<table>: its key, then base_*, our_* and their_* columns of its own types.
class TableConflicts final : public plan::VirtualTable {
 public:
  TableConflicts(SessionImpl& session, std::shared_ptr<const catalog::TableDef> table)
      : session_(session), table_(std::move(table)) {
    for (const uint16_t column : table_->primary_key)
      columns_.push_back({table_->columns[column].name, table_->columns[column].type});
    for (const char* side : {"base_", "our_", "their_"}) {
      for (const catalog::ColumnDef& column : table_->columns)
        columns_.push_back({side + column.name, column.type});
    }
    columns_.push_back({"conflict_kind", {type::TypeId::kText}});
    columns_.push_back({"conflict_columns", {type::TypeId::kText}});
    columns_.push_back(
        {"conflict_key", {type::TypeId::kText}});  // Encoded: names the row in answers.
  }
  const std::vector<OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const std::vector<type::Value>&,
                                        const expr::EvalContext&) const override {
    RowCollector rows(columns_);
    const versions::Context context = session_.version_context();
    TRY_ASSIGN(const auto pending,
               find_pending_merge(context.store, context.head.branch, context.words));
    if (!pending) return rows.finish();
    TRY_ASSIGN(const txn::Snapshot tip, context.manager.tip_snapshot(context.head.branch));
    TRY_ASSIGN(const MergeRun run, rerun_pending(context, *pending, tip));
    for (const merge::RowConflict& conflict : run.outcome.conflicts) {
      if (conflict.schema != table_->schema || conflict.table != table_->name) continue;
      std::vector<type::Value> row;
      const merge::SideLine& any = conflict.ours ? conflict.ours : conflict.theirs;
      TRY_ASSIGN(const std::vector<type::Value> keyed, row_values(*run.made, *table_, any));
      for (const uint16_t column : table_->primary_key) row.push_back(keyed[column]);
      for (const merge::Side side : kSides) {
        TRY_ASSIGN(const std::vector<type::Value> values,
                   row_values(*run.made, *table_, conflict.shown(side)));
        for (uint16_t i = 0; i < values.size(); ++i) {
          row.push_back(conflict.has(side, i) ? values[i]
                                              : type::Value::null(table_->columns[i].type));
        }
      }
      std::string names;
      for (const uint16_t column : conflict.columns)
        names += (names.empty() ? "" : ", ") + table_->columns[column].name;
      row.push_back(text_value(std::string(merge::conflict_kind(conflict))));
      row.push_back(text_value(names));
      row.push_back(text_value(conflict.key));
      rows.add(row);
    }
    return rows.finish();
  }

 private:
  SessionImpl& session_;
  std::shared_ptr<const catalog::TableDef> table_;
  std::vector<OutputColumn> columns_;
};

}  // namespace

Result<std::shared_ptr<const plan::VirtualTable>> find_conflict_table(SessionImpl& session,
                                                                      std::string_view name) {
  using Found = std::shared_ptr<const plan::VirtualTable>;
  if (name == "violations") return Found(std::make_shared<Violations>(session));
  if (name == "conflicts") return Found(std::make_shared<AllConflicts>(session));
  if (name == "merges") return pending_merges_table(session);
  constexpr std::string_view kPrefix = "conflicts_";
  if (!name.starts_with(kPrefix)) return Found();
  name.remove_prefix(kPrefix.size());
  std::string schema;
  if (const size_t dot = name.find('.'); dot != std::string_view::npos) {
    schema = name.substr(0, dot);
    name.remove_prefix(dot + 1);
  } else {
    schema = session.schema_of(name);
  }
  const versions::Context context = session.version_context();
  store::ObjectStore& store = context.store;
  TRY_ASSIGN(const txn::Snapshot tip, context.manager.tip_snapshot(context.head.branch));
  TRY_ASSIGN(const auto pending, find_pending_merge(store, context.head.branch, context.words));
  std::optional<catalog::TableVersion> version;
  if (pending) {
    // The merged table may have columns that ours does not.
    TRY_ASSIGN(const MergeRun run, rerun_pending(context, *pending, tip));
    TRY_ASSIGN(version,
               catalog::Catalog(*run.made, store.cache(), run.root).find_table(schema, name));
  } else {
    TRY_ASSIGN(version, catalog::Catalog(store, store.cache(), tip.root).find_table(schema, name));
  }
  return version ? Found(std::make_shared<TableConflicts>(session, version->table)) : Found();
}

}  // namespace rowan::engine
