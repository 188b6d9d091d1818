// The table functions of history and differences: rowan.log, rowan.diff, rowan.history, rowan.blame
// and their kin.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "diff/table_diff.h"
#include "engine/history.h"
#include "engine/virtual_rows.h"
#include "plan/plan.h"
#include "sql/ast.h"

namespace rowan::engine {

class SessionImpl;

using VirtualTablePtr = std::shared_ptr<const plan::VirtualTable>;
using KnownArguments = std::vector<std::optional<type::Value>>;

// rowan.<name>(…) of this family; nullptr: not one of them. `known`: the arguments' values where
// they are known already. Functions whose columns follow a table need its name: kIndeterminateType
// without.
Result<VirtualTablePtr> find_history_function(SessionImpl& session, const sql::CallExpr& call,
                                              const std::vector<type::Type>& types,
                                              const KnownArguments& known);
// rowan.log, rowan.commits, rowan.parents as plain tables; nullptr: none of them.
VirtualTablePtr find_history_table(SessionImpl& session, std::string_view name);
// FOR SYSTEM_TIME BETWEEN | FROM | ALL.
Result<VirtualTablePtr> row_versions_table(SessionImpl& session, const sql::QualifiedName& name,
                                           const plan::TimeRange& range);

// ---- Shared by the files of this family ----

// Reads lines of any version of a table into fixed columns, found by ID, else by name. What a version
// did not have is NULL. A value shows as it was: in a type that holds it, never cast to less.
// Threads:  one at a time; copies are independent.
class RowReader {
 public:
  // All columns of `table`, or those of `columns`. With `past`, each in a type that holds what it
  // was in those definitions too.
  using Definitions = std::vector<std::shared_ptr<const catalog::TableDef>>;
  RowReader(const catalog::TableDef& table, const Definitions& past);
  RowReader(const catalog::TableDef& table, const std::vector<uint16_t>& columns,
            const Definitions& past);
  // These columns, each of the type beside it.
  RowReader(std::vector<diff::ColumnName> columns, const std::vector<type::Type>& types);

  const std::vector<plan::OutputColumn>& columns() const { return columns_; }
  // Appends a value a column to `row`. An empty line: NULLs.
  Result<void> append(const catalog::TableDef& table, Bytes line, const diff::LargeValues& large,
                      std::vector<type::Value>& row) const;

 private:
  std::vector<diff::ColumnName> names_;  // Of all columns of the table.
  std::vector<uint16_t> shown_;          // Indexes into them, one a column of columns_.
  std::vector<plan::OutputColumn> columns_;
  // Where the lines of the last definition have them.
  mutable Oid known_;
  mutable std::vector<std::optional<uint16_t>> places_;
};

// A table in a commit, by the text that names it.
struct PlacedTable {
  Oid commit;
  Oid root;
  std::string path;
  catalog::TableVersion version;
};
Result<PlacedTable> place_table(SessionImpl& session, const TableName& name, const Oid& commit);
// Every definition that a walk from there on may meet.
Result<RowReader::Definitions> definitions_below(SessionImpl& session, const PlacedTable& placed);
// The encoded key of a row from the values of its key columns: kInvalidParameterValue for a wrong
// number of them.
Result<diff::RowKey> encode_row_key(const catalog::TableDef& table,
                                   const std::vector<type::Value>& values);

// The text of an argument; an empty one for NULL or none.
std::string argument_text(const std::vector<type::Value>& arguments, size_t index);
// An argument that names a revision: HEAD when it is left out or NULL, but an empty one is an error.
Result<std::string> revision_text(const std::vector<type::Value>& arguments, size_t index);
Result<std::string> known_text(const KnownArguments& known, size_t index,
                               std::string_view function);

// What a list of rows says of the commit behind each.
struct CommitFacts {
  std::string hex, author, subject;
  int64_t time_us = 0;
  bool is_cut = false;  // As LogEntry's.
};
class CommitCache {
 public:
  explicit CommitCache(const diff::History& history) : history_(history) {}
  Result<const CommitFacts*> get(const Oid& commit);

 private:
  diff::History history_;
  std::unordered_map<Oid, CommitFacts, OidHash> facts_;
};

// Of one table, or of all (an empty name), between two commits.
struct DiffTarget {
  std::optional<TableName> table;
  CommitRange range;
};
Result<VirtualTablePtr> diff_table(
    SessionImpl& session, const TableName& table, const std::optional<CommitRange>& range,
    std::function<Result<CommitRange>(const std::vector<type::Value>&)> range_of);
VirtualTablePtr diff_stat_table(
    SessionImpl& session,
    std::function<Result<DiffTarget>(const std::vector<type::Value>&)> target_of);
// Every changed row of every table: table, change, key, and both rows as JSON.
VirtualTablePtr diff_rows_table(
    SessionImpl& session,
    std::function<Result<DiffTarget>(const std::vector<type::Value>&)> target_of);
VirtualTablePtr log_table(
    SessionImpl& session,
    std::function<Result<LogRequest>(const std::vector<type::Value>&)> request_of, bool brief);
VirtualTablePtr schema_diff_table(
    SessionImpl& session,
    std::function<Result<DiffTarget>(const std::vector<type::Value>&)> target_of);
// The statements that turn one commit into another, in order; `native`: with storage words.
VirtualTablePtr patch_table(
    SessionImpl& session,
    std::function<Result<DiffTarget>(const std::vector<type::Value>&)> target_of, bool native);
struct BlameTarget {
  TableName table;
  std::string revision;
  std::optional<std::vector<type::Value>> key;
  bool cells = false;
  AtBoundary at_boundary;  // May be empty.
};
Result<VirtualTablePtr> blame_table(SessionImpl& session, const BlameTarget& target);

Result<VirtualTablePtr> find_blame_function(SessionImpl& session, const sql::CallExpr& call,
                                            const KnownArguments& known);
VirtualTablePtr bisect_table(SessionImpl& session);

}  // namespace rowan::engine
