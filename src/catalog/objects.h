// Views, materialised views and sequences: their definitions and the one canonical text of each.
//
// Stored: <schema>/<view>/view.sql, <schema>/<matview>/matview.sql (and rows/, as a table without a
// primary key), <schema>/<sequence>/sequence.json. All share the schema's one name space with
// tables and indexes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "catalog/table.h"
#include "sql/ast.h"
#include "type/type.h"

namespace rowan::catalog {

// Immutable once made.
struct ViewDef {
  std::string schema;
  std::string name;
  std::vector<std::string> columns;  // Output names; as many as the query gives.
  std::string query_sql;             // Canonical, every table name qualified, `*` written out.
  // A materialised view: its rows as a table without a primary key whose columns are those of the
  // query. nullptr: a plain view.
  std::shared_ptr<const TableDef> stored;
  bool populated = false;  // Materialised: REFRESH … WITH DATA has run.
  Oid definition_id;       // Blob id of the canonical text.

  bool materialized() const { return stored != nullptr; }
  std::string path() const;  // "<schema>/<view>" with encoded names.
};

struct SequenceDef {
  std::string schema;
  std::string name;
  type::Type type;  // smallint, integer or bigint.
  int64_t start = 1;
  int64_t increment = 1;  // Never 0.
  int64_t min = 1;
  int64_t max = INT64_MAX;
  bool cycle = false;
  std::string owner_table, owner_column;  // "schema.table" and column; empty: no owner.
  // What nextval may have given out already, rounded up to a block of kSequenceBlock; nothing was
  // drawn when !called.
  int64_t last = 0;
  bool called = false;

  std::string path() const;
};

inline constexpr int64_t kSequenceBlock = 32;

// A schema's name and one in it, as texts such as "public.t_id_seq" hold them: SQL's spelling, with
// quotes where they are needed.
struct ObjectName {
  std::string schema;
  std::string name;
};
std::string qualified(std::string_view schema, std::string_view name);
// Folds what is not quoted. An unqualified name gets `default_schema`. kInvalidName.
Result<ObjectName> parse_name(std::string_view text, std::string_view default_schema);

std::string view_sql(const ViewDef& view);  // "CREATE VIEW public.v (a, b) AS SELECT …;\n", or
                                            // CREATE MATERIALIZED VIEW ….
Result<ViewDef> view_from_sql(std::string_view text, std::string_view schema,
                              std::string_view name);    // kInvalidContent.
std::string sequence_json(const SequenceDef& sequence);  // One canonical JSON object and a newline.
Result<SequenceDef> sequence_from_json(std::string_view text, std::string_view schema,
                                       std::string_view name);  // kInvalidContent.

// A sequence of that type with PostgreSQL's defaults.
SequenceDef new_sequence(std::string_view schema, std::string_view name, type::Type type);
// PostgreSQL's rules and words for options that contradict each other (22023). `is_new`: CREATE,
// where bounds and start follow type and increment.
Result<SequenceDef> sequence_from_options(const sql::SequenceOptions& options, SequenceDef base,
                                          bool is_new = false);

}  // namespace rowan::catalog
