// rowan.conflicts, rowan.conflicts_<table> and rowan.violations: what a merge that waits is open
// about.
#include "merge/record.h"
#include "system/fillers.h"
#include "system/rowan/history_parts.h"
#include "versions/conflict_text.h"
#include "versions/merge_run.h"
#include "versions/pending_merge.h"

namespace rowan::system {

using plan::OutputColumn;
using type::Value;

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

// rowan.conflicts_<table>: its key, then base_*, our_* and their_* columns of its own types.
class TableConflicts final : public plan::VirtualTable {
 public:
  TableConflicts(Context& context, std::shared_ptr<const catalog::TableDef> table)
      : context_(context), table_(std::move(table)) {
    for (const uint16_t column : table_->primary_key)
      columns_.push_back({table_->columns[column].name, table_->columns[column].type});
    for (const char* side : {"base_", "our_", "their_"}) {
      for (const catalog::ColumnDef& column : table_->columns)
        columns_.push_back({side + column.name, column.type});
    }
    columns_.push_back({"conflict_kind", {type::TypeId::kText}});
    columns_.push_back({"conflict_columns", {type::TypeId::kText}});
    columns_.push_back(
        {"conflict_key", {type::TypeId::kText}});  // Tells the rows apart, in answers too.
  }
  const std::vector<OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const std::vector<type::Value>&,
                                        const expr::EvalContext&) const override {
    RowCollector rows(columns_);
    const versions::Context asked = context_.versions();
    TRY_ASSIGN(const auto pending, find_pending_merge(asked.store, asked.head.branch, asked.words));
    if (!pending) return rows.finish();
    TRY_ASSIGN(const txn::Snapshot tip, asked.manager.tip_snapshot(asked.head.branch));
    TRY_ASSIGN(const MergeRun run, rerun_pending(asked, *pending, tip));
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
      TRY_ASSIGN(std::string key, versions::conflict_key(*table_, conflict));
      row.push_back(text_value(std::move(key)));
      rows.add(row);
    }
    return rows.finish();
  }

 private:
  Context& context_;
  std::shared_ptr<const catalog::TableDef> table_;
  std::vector<OutputColumn> columns_;
};

}  // namespace

// Everything that is open, as text.
Result<void> fill_conflicts(Context& context, const Values&, RowCollector& rows) {
  const versions::Context asked = context.versions();
  TRY_ASSIGN(const auto pending, find_pending_merge(asked.store, asked.head.branch, asked.words));
  if (!pending) return {};
  TRY_ASSIGN(const txn::Snapshot tip, asked.manager.tip_snapshot(asked.head.branch));
  TRY_ASSIGN(const MergeRun run, rerun_pending(asked, *pending, tip));
  const catalog::Catalog merged(*run.made, asked.store.cache(), run.root);
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
  return {};
}

// What stopped the session's last merge.
Result<void> fill_violations(Context& context, const Values&, RowCollector& rows) {
  for (const exec::Violation& violation : context.violations()) {
    rows.add({text_value(violation.schema), text_value(violation.table),
              violation.constraint.empty() ? no_value() : text_value(violation.constraint),
              violation.key.empty() ? no_value() : text_value(violation.key),
              text_value(std::string(sqlstate(violation.code))), text_value(violation.message)});
  }
  return {};
}

Result<TablePtr> make_table_conflicts(Context& context, std::string_view name) {
  std::string schema;
  if (const size_t dot = name.find('.'); dot != std::string_view::npos) {
    schema = name.substr(0, dot);
    name.remove_prefix(dot + 1);
  } else {
    schema = context.schema_of(name);
  }
  const versions::Context asked = context.versions();
  store::ObjectStore& store = asked.store;
  TRY_ASSIGN(const txn::Snapshot tip, asked.manager.tip_snapshot(asked.head.branch));
  TRY_ASSIGN(const auto pending, find_pending_merge(store, asked.head.branch, asked.words));
  std::optional<catalog::TableVersion> version;
  if (pending) {
    // The merged table may have columns that ours does not.
    TRY_ASSIGN(const MergeRun run, rerun_pending(asked, *pending, tip));
    TRY_ASSIGN(version,
               catalog::Catalog(*run.made, store.cache(), run.root).find_table(schema, name));
  } else {
    TRY_ASSIGN(version, catalog::Catalog(store, store.cache(), tip.root).find_table(schema, name));
  }
  return version ? TablePtr(std::make_shared<TableConflicts>(context, version->table)) : TablePtr();
}

}  // namespace rowan::system
