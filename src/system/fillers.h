// What fills the relations and functions of schema `rowan`, each in the file that is named after it
// or its family (rowan/). Their columns stand in registry.cc.
#pragma once

#include "system/registry.h"

namespace rowan::system {

// definitions.cc
Result<void> fill_relations(Context& context, const Values& none, RowCollector& rows);
Result<void> fill_columns(Context& context, const Values& none, RowCollector& rows);
Result<void> fill_indexes(Context& context, const Values& none, RowCollector& rows);
Result<void> fill_constraints(Context& context, const Values& none, RowCollector& rows);
Result<void> fill_views(Context& context, const Values& none, RowCollector& rows);
Result<void> fill_sequences(Context& context, const Values& none, RowCollector& rows);

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

}  // namespace rowan::system
