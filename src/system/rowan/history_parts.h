// What the tables of history are made with: tables in commits, arguments, what a commit says.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "diff/row_history.h"
#include "diff/table_history.h"
#include "system/registry.h"
#include "system/rowan/row_reader.h"
#include "versions/log.h"
#include "versions/revisions.h"

namespace rowan::system {

using KnownArguments = std::vector<std::optional<type::Value>>;
using versions::AtBoundary;
using versions::CommitRange;
using versions::LogEntry;
using versions::LogRequest;
using versions::LogWalk;
using versions::TableName;

// What revisions and names mean to the running statement.
diff::History history_of(Context& context, const std::atomic<bool>* cancelled);
Result<Oid> commit_of(Context& context, std::string_view revision);
Result<std::optional<CommitRange>> range_of(Context& context, std::string_view text);
Result<TableName> parse_table_name(Context& context, std::string_view text);

// A table in a commit, by the text that names it.
struct PlacedTable {
  Oid commit;
  Oid root;
  std::string path;
  catalog::TableVersion version;
};
Result<PlacedTable> place_table(Context& context, const TableName& name, const Oid& commit);
// Every definition that a walk from there on may meet.
Result<RowReader::Definitions> definitions_below(Context& context, const PlacedTable& placed);
// The encoded key of a row from the values of its key columns: kInvalidParameterValue for a wrong
// number of them.
Result<diff::RowKey> encode_row_key(const catalog::TableDef& table,
                                    const std::vector<type::Value>& values);

// The text of an argument; an empty one for NULL or none.
std::string argument_text(const std::vector<type::Value>& arguments, size_t index);
// An argument that names a revision: HEAD when it is left out or NULL, but an empty one is an
// error.
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
// from and to, or one range, from argument `first` on. Without a `to` it is HEAD.
Result<CommitRange> range_arguments(Context& context, const Values& arguments, size_t first);
// ([table,] from, to) | ([table,] range) | (from)
Result<DiffTarget> target_arguments(Context& context, const Values& arguments);

// ---- Rows of one table: history, pickaxe, blame ----

// The columns that name a row: the key's, or all when there is none.
std::vector<uint16_t> naming_columns(const catalog::TableDef& table);
// The table that a call names, at the revision in argument `revision_at`, as far as they are known.
Result<PlacedTable> place_argument(Context& context, const Call& call, size_t revision_at);
// The table, revision and key of a call's values.
struct RowCall {
  PlacedTable placed;
  std::optional<diff::RowKey> key;
};
Result<RowCall> row_call(Context& context, const Values& arguments);

}  // namespace rowan::system
