#include "system/registry.h"

#include <fmt/format.h>

#include <algorithm>

#include "system/compiled_views.h"
#include "system/fillers.h"

namespace rowan::system {

namespace {

using plan::OutputColumn;
using type::TypeId;
using type::Value;

constexpr TypeId kText = TypeId::kText;
constexpr TypeId kBigint = TypeId::kInt8;
constexpr TypeId kBool = TypeId::kBool;
constexpr TypeId kTime = TypeId::kTimestamptz;

// ---- Columns ----

constexpr Column kBranches[] = {
    {"branch", kText},    {"current", kBool},       {"commit", kText},      {"author", kText},
    {"time", kTime},      {"message", kText},       {"ahead", kBigint},     {"behind", kBigint},
    {"protected", kBool}, {"history_every", kText}, {"history_keep", kText}};
constexpr Column kTags[] = {{"tag", kText},  {"commit", kText},  {"author", kText},
                            {"time", kTime}, {"message", kText}, {"annotated", kBool}};
constexpr Column kReflog[] = {{"n", kBigint},    {"commit", kText},  {"previous", kText},
                              {"action", kText}, {"message", kText}, {"author", kText},
                              {"time", kTime}};
constexpr Column kForeign[] = {{"branch", kText},    {"commit", kText},   {"ref", kText},
                               {"parked_at", kTime}, {"sqlstate", kText}, {"file", kText},
                               {"line", kBigint},    {"reason", kText}};
constexpr Column kLog[] = {{"commit", kText}, {"author", kText},  {"email", kText},
                           {"time", kTime},   {"message", kText}, {"committer", kText},
                           {"body", kText},   {"parents", kText}, {"boundary", kBool}};
constexpr Column kParents[] = {{"commit", kText}, {"position", kBigint}, {"parent", kText}};
constexpr Column kConflicts[] = {{"schema", kText}, {"table", kText},   {"key", kText},
                                 {"kind", kText},   {"columns", kText}, {"base", kText},
                                 {"ours", kText},   {"theirs", kText},  {"way_out", kText}};
constexpr Column kViolations[] = {{"schema", kText},          {"table", kText},
                                  {"constraint_name", kText}, {"key", kText},
                                  {"sqlstate", kText},        {"message", kText}};
constexpr Column kMerges[] = {{"branch", kText},  {"source", kText}, {"source_commit", kText},
                              {"base", kText},    {"author", kText}, {"begun", kTime},
                              {"message", kText}, {"open", kBigint}, {"conflicts", kText}};
constexpr Column kMergeDecisions[] = {{"schema", kText}, {"table", kText},  {"key", kText},
                                      {"kind", kText},   {"column", kText}, {"base", kText},
                                      {"ours", kText},   {"theirs", kText}, {"merged", kText},
                                      {"choice", kText}, {"ground", kText}};
constexpr Column kDiffStat[] = {
    {"table", kText},      {"added", kBigint},          {"removed", kBigint},
    {"modified", kBigint}, {"cells_modified", kBigint}, {"old_rows", kBigint},
    {"new_rows", kBigint}};
constexpr Column kDiffRows[] = {
    {"table", kText}, {"change", kText}, {"key", kText}, {"from_row", kText}, {"to_row", kText}};
constexpr Column kSchemaDiff[] = {
    {"object", kText}, {"kind", kText}, {"from_sql", kText}, {"to_sql", kText}};
constexpr Column kPatch[] = {{"position", kBigint}, {"statement", kText}};
constexpr Column kBisect[] = {{"step", kBigint},      {"commit", kText}, {"verdict", kText},
                              {"remaining", kBigint}, {"author", kText}, {"time", kTime},
                              {"message", kText}};
constexpr Column kSchemas[] = {{"name", kText}};
constexpr Column kTables[] = {
    {"schema", kText}, {"name", kText}, {"columns", kBigint}, {"rows", kBigint}, {"tree", kText}};
constexpr Column kRelations[] = {{"schema", kText}, {"name", kText}, {"kind", kText}};
constexpr Column kColumns[] = {
    {"schema", kText},   {"table", kText},     {"position", kBigint}, {"name", kText},
    {"type", kText},     {"nullable", kBool},  {"default", kText},    {"key_position", kBigint},
    {"identity", kText}, {"merge_rule", kText}};
constexpr Column kIndexes[] = {{"schema", kText}, {"table", kText},      {"name", kText},
                               {"unique", kBool}, {"constraint", kText}, {"columns", kText}};
constexpr Column kConstraints[] = {{"schema", kText}, {"table", kText},      {"name", kText},
                                   {"kind", kText},   {"definition", kText}, {"references", kText}};
constexpr Column kViews[] = {{"schema", kText},
                             {"name", kText},
                             {"materialized", kBool},
                             {"populated", kBool},
                             {"definition", kText}};
constexpr Column kSequences[] = {{"schema", kText},      {"name", kText},  {"type", kText},
                                 {"start", kBigint},     {"min", kBigint}, {"max", kBigint},
                                 {"increment", kBigint}, {"cycle", kBool}, {"owned_by", kText}};
constexpr Column kFiles[] = {{"path", kText},       {"size", kBigint},           {"oid", kText},
                             {"executable", kBool}, {"content", TypeId::kBytea}, {"text", kText}};
constexpr Column kStatus[] = {{"name", kText}, {"value", kText}};
// What pg_catalog and information_schema are made of: with oids, numbers and letters as
// PostgreSQL's own tables have them.
constexpr TypeId kOid = TypeId::kOid;
constexpr TypeId kInt = TypeId::kInt4;
constexpr TypeId kShort = TypeId::kInt2;
constexpr TypeId kTexts = type::array_of(TypeId::kText);
constexpr TypeId kShorts = type::array_of(TypeId::kInt2);
constexpr Column kCatalogSchemas[] = {{"oid", kOid}, {"name", kText}};
constexpr Column kCatalogRelations[] = {
    {"oid", kOid},        {"schema_oid", kOid}, {"schema", kText},    {"name", kText},
    {"kind", kText},      {"table_oid", kOid},  {"columns", kShort},  {"checks", kShort},
    {"indexed", kBool},   {"linked", kBool},    {"populated", kBool}, {"rows", kBigint},
    {"definition", kText}};
constexpr Column kCatalogColumns[] = {
    {"relation_oid", kOid}, {"schema", kText}, {"relation", kText}, {"kind", kText},
    {"number", kShort},     {"name", kText},   {"type_oid", kOid},  {"modifier", kInt},
    {"length", kShort},     {"type", kText},   {"not_null", kBool}, {"default", kText},
    {"identity", kText},    {"array", kBool}};
constexpr Column kCatalogIndexes[] = {{"oid", kOid},       {"table_oid", kOid}, {"unique", kBool},
                                      {"primary", kBool},  {"columns", kShort}, {"keys", kShorts},
                                      {"options", kShorts}};
constexpr Column kCatalogConstraints[] = {
    {"oid", kOid},        {"schema", kText},         {"schema_oid", kOid},
    {"name", kText},      {"kind", kText},           {"table", kText},
    {"table_oid", kOid},  {"index_oid", kOid},       {"foreign_table_oid", kOid},
    {"keys", kShorts},    {"foreign_keys", kShorts}, {"on_update", kText},
    {"on_delete", kText}, {"definition", kText}};
constexpr Column kCatalogTypes[] = {{"oid", kOid},       {"name", kText},      {"length", kShort},
                                    {"category", kText}, {"preferred", kBool}, {"element", kOid},
                                    {"array", kOid},     {"shown", kText}};
constexpr Column kCatalogSequences[] = {
    {"oid", kOid},      {"schema", kText},  {"name", kText},        {"type_oid", kOid},
    {"type", kText},    {"start", kBigint}, {"increment", kBigint}, {"max", kBigint},
    {"min", kBigint},   {"cycle", kBool},   {"owner_oid", kOid},    {"owner_column", kShort},
    {"identity", kBool}};
constexpr Column kCatalogSession[] = {{"database", kText}, {"user", kText}, {"user_oid", kOid}};
constexpr Column kCatalogDatabases[] = {{"oid", kOid}, {"name", kText}};
constexpr Column kCatalogStatements[] = {
    {"name", kText}, {"text", kText}, {"made", kTime}, {"types", kTexts}, {"from_sql", kBool}};
constexpr Column kCatalogCursors[] = {{"name", kText}, {"text", kText},   {"made", kTime},
                                      {"held", kBool}, {"binary", kBool}, {"back", kBool}};
constexpr Column kSettings[] = {{"name", kText}, {"setting", kText}, {"description", kText}};

constexpr Column kAncestors[] = {{"relid", TypeId::kOid}};

// No table is a part of another.
Result<void> fill_nothing(Context&, const Values&, RowCollector&) { return {}; }

// ---- The rows ----

const Relation kRelationRows[] = {
    {"branches", kBranches, fill_branches},
    {"tags", kTags, fill_tags},
    {"reflog", kReflog, fill_reflog},
    {"foreign", kForeign, fill_foreign},
    {"log", kLog, open_log},
    {"commits", kLog, open_commits},
    {"parents", kParents, open_parents},
    {"merges", kMerges, fill_merges},
    {"conflicts", kConflicts, fill_conflicts},
    {"violations", kViolations, fill_violations},
    {"schemas", kSchemas, fill_schemas},
    {"tables", kTables, fill_tables},
    {"relations", kRelations, fill_relations},
    {"columns", kColumns, fill_columns},
    {"indexes", kIndexes, fill_indexes},
    {"constraints", kConstraints, fill_constraints},
    {"views", kViews, fill_views},
    {"sequences", kSequences, fill_sequences},
    {"files", kFiles, fill_files},
    {"status", kStatus, fill_status},
    {"settings", kSettings, fill_settings},
    {"catalog_schemas", kCatalogSchemas, fill_catalog_schemas},
    {"catalog_relations", kCatalogRelations, fill_catalog_relations},
    {"catalog_columns", kCatalogColumns, fill_catalog_columns},
    {"catalog_indexes", kCatalogIndexes, fill_catalog_indexes},
    {"catalog_constraints", kCatalogConstraints, fill_catalog_constraints},
    {"catalog_types", kCatalogTypes, fill_catalog_types},
    {"catalog_sequences", kCatalogSequences, fill_catalog_sequences},
    {"catalog_session", kCatalogSession, fill_catalog_session},
    {"catalog_databases", kCatalogDatabases, fill_catalog_databases},
    {"catalog_statements", kCatalogStatements, fill_catalog_statements},
    {"catalog_cursors", kCatalogCursors, fill_catalog_cursors},
    {"conflicts_*", {}, {}, make_table_conflicts},
};

constexpr std::string_view kOfTwoRevisions = "table, from, to; table, range; from, to; range";

const Function kFunctionRows[] = {
    {"rowan", "reflog", "t", "branch", kReflog, fill_reflog},
    {"rowan", "log", "|tt*", "revision=HEAD, table", kLog, open_log},
    {"rowan", "diff", "tt|t", "table, from, to; table, range", {}, {}, make_diff},
    {"rowan", "diff_stat", "t|tt", kOfTwoRevisions, kDiffStat, open_diff_stat},
    {"rowan", "diff_rows", "t|tt", kOfTwoRevisions, kDiffRows, open_diff_rows},
    {"rowan", "schema_diff", "t|tt", kOfTwoRevisions, kSchemaDiff, open_schema_diff},
    {"rowan", "patch", "t|tt", kOfTwoRevisions, kPatch, open_patch},
    {"rowan", "native_patch", "t|tt", kOfTwoRevisions, kPatch, open_native_patch},
    {"rowan", "history", "t|t*", "table, revision", {}, {}, make_history},
    {"rowan", "blame", "t|t*", "table, revision", {}, {}, make_blame},
    {"rowan", "blame_cells", "t|t*", "table, revision", {}, {}, make_blame},
    {"rowan", "pickaxe", "tv|tt", "table, value, column, revision", {}, {}, make_pickaxe},
    {"rowan", "bisect", "ttt", "query, good, bad", kBisect, open_bisect},
    {"rowan", "merge_decisions", "t|tt", "commit; ours, theirs, policy", kMergeDecisions, fill_merge_decisions},
    {"pg_catalog", "pg_partition_ancestors", "v", "", kAncestors, fill_nothing},
};

// ---- From a row to a table ----

std::vector<OutputColumn> output_columns(Columns columns) {
  std::vector<OutputColumn> outputs;
  for (const Column& column : columns)
    outputs.push_back({std::string(column.name), {column.type, -1}});
  return outputs;
}

class RegisteredTable final : public plan::VirtualTable {
 public:
  RegisteredTable(Context& context, Columns columns, Filler filler, const Oid& root)
      : context_(context), filler_(filler), root_(root), columns_(output_columns(columns)) {}

  const std::vector<OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const Values& arguments,
                                        const expr::EvalContext& eval) const override {
    if (filler_.open != nullptr) return all_rows(*this, arguments, eval);
    RowCollector rows(columns_);
    if (filler_.at != nullptr) {
      TRY(filler_.at(context_, root_, rows));
    } else {
      TRY(filler_.all(context_, arguments, rows));
    }
    return rows.finish();
  }
  Result<std::unique_ptr<plan::VirtualRows>> open(const Values& arguments,
                                                  const expr::EvalContext& eval) const override {
    if (filler_.open == nullptr) return std::unique_ptr<plan::VirtualRows>();
    TRY_ASSIGN(NextRow next, filler_.open(context_, arguments, eval));
    return exec::stream_rows(columns_, std::move(next), eval);
  }

 private:
  Context& context_;
  const Filler filler_;
  const Oid root_;
  std::vector<OutputColumn> columns_;
};

// Whether the arguments of a call are what the row takes.
bool takes(std::string_view pattern, const std::vector<type::Type>& types) {
  size_t least = 0;
  size_t given = 0;
  bool is_optional = false;
  for (const char letter : pattern) {
    if (letter == '*') return types.size() >= least;
    if (letter == '|') {
      is_optional = true;
      continue;
    }
    if (!is_optional) ++least;
    if (given == types.size()) continue;
    if (letter == 't' && !type::is_text(types[given].id)) return false;
    ++given;
  }
  return given == types.size() && given >= least;
}

Error undefined(const sql::CallExpr& call, const std::vector<type::Type>& types) {
  std::string names;
  for (const type::Type type : types) names += (names.empty() ? "" : ", ") + type::type_name(type);
  return Error(ErrorCode::kUndefinedFunction,
               fmt::format("function {}{}{}({}) does not exist", call.schema,
                           call.schema.empty() ? "" : ".", call.name, names));
}

// Nothing but columns.
class ColumnsOnly final : public plan::VirtualTable {
 public:
  explicit ColumnsOnly(Columns columns) : columns_(output_columns(columns)) {}
  const std::vector<OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const Values&, const expr::EvalContext&) const override {
    return Error(ErrorCode::kInternal, "rows of a system table were asked for without a session");
  }

 private:
  const std::vector<OutputColumn> columns_;
};

class TablesWithoutSession final : public exec::SystemTables {
 public:
  Found find_relation(std::string_view schema, std::string_view name) const override {
    if (schema != "rowan") return {find_compiled_view(schema, name), {}};
    for (const Relation& row : kRelationRows) {
      const bool is_family = row.make != nullptr;
      if (is_family ? name.starts_with(row.name.substr(0, row.name.find('*'))) : name == row.name)
        return found(row.columns, is_family);
    }
    return {};
  }
  Result<Found> find_function(const sql::CallExpr& call,
                              const std::vector<type::Type>& arguments) const override {
    const std::string_view schema = call.schema.empty() ? "pg_catalog" : call.schema;
    for (const Function& row : kFunctionRows) {
      if (row.name == call.name && row.schema == schema && takes(row.takes, arguments))
        return found(row.columns, row.make != nullptr);
    }
    return undefined(call, arguments);
  }

 private:
  static Found found(Columns columns, bool follows_session) {
    if (follows_session) return {{}, {}, true};
    return {{}, std::make_shared<ColumnsOnly>(columns)};
  }
};

}  // namespace

const exec::SystemTables& tables_without_session() {
  static const TablesWithoutSession tables;
  return tables;
}

TablePtr make_table(Context& context, Columns columns, Filler filler, const Oid& root) {
  return std::make_shared<RegisteredTable>(context, columns, filler, root);
}

Columns columns_of(std::string_view name) {
  for (const Relation& row : kRelationRows) {
    if (row.name == name) return row.columns;
  }
  for (const Function& row : kFunctionRows) {
    if (row.schema == "rowan" && row.name == name) return row.columns;
  }
  return {};
}

std::span<const Relation> relation_rows() { return kRelationRows; }

std::span<const Function> function_rows() { return kFunctionRows; }

Result<TablePtr> find_relation(Context& context, std::string_view name, const Oid& root) {
  for (const Relation& row : kRelationRows) {
    if (row.make == nullptr) {
      if (row.name == name) return make_table(context, row.columns, row.filler, root);
      continue;
    }
    const std::string_view prefix = row.name.substr(0, row.name.find('*'));
    if (name.starts_with(prefix)) return row.make(context, name.substr(prefix.size()));
  }
  return TablePtr();
}

std::optional<expr::PlacedArguments> place_arguments(const sql::CallExpr& call) {
  const std::string_view schema = call.schema.empty() ? "pg_catalog" : call.schema;
  for (const Function& row : kFunctionRows) {
    if (row.name != call.name || row.schema != schema) continue;
    std::string_view rest = row.names;
    while (!rest.empty()) {
      const std::string_view form = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(rest.size(), form.size() + 1));
      if (auto places = expr::place_arguments(expr::argument_names(form), 0, call)) return places;
    }
  }
  return std::nullopt;
}

Result<TablePtr> find_function(Context& context, const sql::CallExpr& call,
                               const std::vector<type::Type>& types,
                               const std::vector<std::optional<type::Value>>& known) {
  const std::string_view schema = call.schema.empty() ? "pg_catalog" : call.schema;
  for (const Function& row : kFunctionRows) {
    if (row.name != call.name || row.schema != schema || !takes(row.takes, types)) continue;
    if (row.make == nullptr) return make_table(context, row.columns, row.filler);
    TRY_ASSIGN(TablePtr table, row.make(context, {call.name, types, known}));
    if (table != nullptr) return table;
  }
  return undefined(call, types);
}

}  // namespace rowan::system
