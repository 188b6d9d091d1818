// What fills the relations and functions of schema `rowan`, each in the file that is named after it
// or its family (rowan/). Their columns stand in registry.cc.
#pragma once

#include "system/registry.h"

namespace rowan::system {

// branches.cc, tags.cc, reflog.cc, foreign.cc
Result<void> fill_branches(Context& context, const Values& none, RowCollector& rows);
Result<void> fill_shown_branches(Context& context, const Values& none, RowCollector& rows);
Result<void> fill_tags(Context& context, const Values& none, RowCollector& rows);
Result<void> fill_reflog(Context& context, const Values& branch, RowCollector& rows);
Result<void> fill_foreign(Context& context, const Values& none, RowCollector& rows);

// log.cc: rowan.log([revision or range [, table [, key …]]])
Result<NextRow> open_log(Context& context, const Values& arguments, const expr::EvalContext& eval);
Result<NextRow> open_commits(Context& context, const Values& none, const expr::EvalContext& eval);
Result<NextRow> open_parents(Context& context, const Values& none, const expr::EvalContext& eval);

// diff.cc, diff_stat.cc, diff_rows.cc, schema_diff.cc: ([table,] from, to) | ([table,] range) |
// (from)
Result<TablePtr> make_diff(Context& context, const Call& call);
Result<NextRow> open_diff_stat(Context& context, const Values& arguments,
                               const expr::EvalContext& eval);
Result<NextRow> open_diff_rows(Context& context, const Values& arguments,
                               const expr::EvalContext& eval);
Result<NextRow> open_schema_diff(Context& context, const Values& arguments,
                                 const expr::EvalContext& eval);
// The statements that turn one commit into another, in order; native: with storage words.
Result<NextRow> open_patch(Context& context, const Values& arguments,
                           const expr::EvalContext& eval);
Result<NextRow> open_native_patch(Context& context, const Values& arguments,
                                  const expr::EvalContext& eval);

// history.cc, blame.cc: (table [, revision [, key …]]); pickaxe.cc: (table, value [, column [,
// revision]])
Result<TablePtr> make_history(Context& context, const Call& call);
Result<TablePtr> make_blame(Context& context, const Call& call);
Result<TablePtr> make_pickaxe(Context& context, const Call& call);

// bisect.cc: (query, good, bad)
Result<NextRow> open_bisect(Context& context, const Values& arguments,
                            const expr::EvalContext& eval);

// merges.cc: merge_decisions(commit), of a merge that was made; (ours, theirs [, policy]), of one
// that MERGE would make.
Result<void> fill_merges(Context& context, const Values& none, RowCollector& rows);
Result<void> fill_merge_decisions(Context& context, const Values& arguments, RowCollector& rows);

// conflicts.cc
Result<void> fill_conflicts(Context& context, const Values& none, RowCollector& rows);
Result<void> fill_violations(Context& context, const Values& none, RowCollector& rows);
// rowan.conflicts_<table>; the branch's tip names the tables.
Result<TablePtr> make_table_conflicts(Context& context, std::string_view name);

// definitions.cc
Result<void> fill_relations(Context& context, const Oid& root, RowCollector& rows);
Result<void> fill_columns(Context& context, const Oid& root, RowCollector& rows);
Result<void> fill_indexes(Context& context, const Oid& root, RowCollector& rows);
Result<void> fill_constraints(Context& context, const Oid& root, RowCollector& rows);
Result<void> fill_views(Context& context, const Oid& root, RowCollector& rows);
Result<void> fill_sequences(Context& context, const Oid& root, RowCollector& rows);

// tables.cc
Result<void> fill_schemas(Context& context, const Values& none, RowCollector& rows);
Result<void> fill_tables(Context& context, const Values& none, RowCollector& rows);

// files.cc: what people keep beside the data.
Result<void> fill_files(Context& context, const Oid& root, RowCollector& rows);

// status.cc
Result<void> fill_status(Context& context, const Values& none, RowCollector& rows);
Result<void> fill_settings(Context& context, const Values& none, RowCollector& rows);

// catalog/fillers.cc: what pg_catalog and information_schema are views over.
Result<void> fill_catalog_schemas(Context& context, const Oid& root, RowCollector& rows);
Result<void> fill_catalog_relations(Context& context, const Oid& root, RowCollector& rows);
Result<void> fill_catalog_columns(Context& context, const Oid& root, RowCollector& rows);
Result<void> fill_catalog_indexes(Context& context, const Oid& root, RowCollector& rows);
Result<void> fill_catalog_constraints(Context& context, const Oid& root, RowCollector& rows);
Result<void> fill_catalog_sequences(Context& context, const Oid& root, RowCollector& rows);
Result<void> fill_catalog_types(Context& context, const Values& none, RowCollector& rows);
Result<void> fill_catalog_session(Context& context, const Values& none, RowCollector& rows);
Result<void> fill_catalog_databases(Context& context, const Values& none, RowCollector& rows);
Result<void> fill_catalog_statements(Context& context, const Values& none, RowCollector& rows);
Result<void> fill_catalog_cursors(Context& context, const Values& none, RowCollector& rows);

}  // namespace rowan::system
