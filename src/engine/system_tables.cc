#include "engine/system_tables.h"

#include <fmt/format.h>

#include <functional>

#include "catalog/paths.h"
#include "engine/definition_tables.h"
#include "engine/history.h"
#include "engine/history_tables.h"
#include "engine/session.h"
#include "engine/timestamp_series.h"
#include "engine/unnest.h"
#include "engine/version_tables.h"
#include "engine/virtual_rows.h"
#include "type/text.h"

namespace rowan::engine {

namespace {

using plan::OutputColumn;
using type::Type;
using type::TypeId;
using type::Value;


Value text(std::string value) { return text_value(std::move(value)); }
Value integer(int64_t value) { return bigint_value(value); }

using Fill = std::function<Result<void>(const std::vector<Value>& arguments, RowCollector& rows)>;

class FilledTable final : public plan::VirtualTable {
 public:
  FilledTable(std::vector<OutputColumn> columns, Fill fill)
      : columns_(std::move(columns)), fill_(std::move(fill)) {}
  const std::vector<OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const std::vector<Value>& arguments,
                                        const expr::EvalContext&) const override {
    RowCollector rows(columns_);
    TRY(fill_(arguments, rows));
    return rows.finish();
  }

 private:
  std::vector<OutputColumn> columns_;
  Fill fill_;
};

// Calls `visit` for every table that the session's transaction sees.
Result<void> each_table(SessionImpl& session,
                        const std::function<void(const catalog::TableVersion&)>& visit) {
  const catalog::Catalog& catalog = session.transaction()->catalog();
  TRY_ASSIGN(const std::vector<std::string> schemas, catalog.schemas());
  for (const std::string& schema : schemas) {
    TRY_ASSIGN(const std::vector<std::string> tables, catalog.tables(schema));
    for (const std::string& name : tables) {
      TRY_ASSIGN(const catalog::TableVersion version, catalog.get_table(schema, name));
      visit(version);
    }
  }
  return {};
}

Result<void> fill_schemas(SessionImpl& session, RowCollector& rows) {
  TRY_ASSIGN(const std::vector<std::string> schemas, session.transaction()->catalog().schemas());
  for (const std::string& schema : schemas) rows.add({text(schema)});
  return {};
}

Result<void> fill_tables(SessionImpl& session, RowCollector& rows) {
  return each_table(session, [&](const catalog::TableVersion& version) {
    const auto count = session.owner().row_count(version);
    rows.add({text(version.table->schema), text(version.table->name),
              integer(static_cast<int64_t>(version.table->columns.size())),
              count ? integer(static_cast<int64_t>(*count)) : Value::null({TypeId::kInt8}),
              version.rows.is_zero() ? Value::null({TypeId::kText}) : text(version.rows.hex())});
  });
}

// What people keep beside the data. `text` is NULL where the content is no text.
Result<void> fill_files(SessionImpl& session, const Oid& root, RowCollector& rows) {
  const store::ObjectReader& objects = session.transaction()->objects();
  const Oid tree = root.is_zero() ? session.transaction()->catalog().root() : root;
  return catalog::each_passive_file(
      objects, session.owner().store().cache(), tree,
      [&](const catalog::PassiveFile& file) -> Result<bool> {
        if (session.cancelled())
          return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
        if (!catalog::check_passive_mode(file.path, file.mode)) return true;  // A link: no file.
        TRY_ASSIGN(const store::ObjectRef object, objects.read(file.id));
        const std::string content(object.bytes);
        rows.add({text(file.path), integer(static_cast<int64_t>(content.size())),
                  text(file.id.hex()),
                  Value::of_int({TypeId::kBool}, file.mode == tree::kModeExecutable),
                  Value::of_string({TypeId::kBytea}, content),
                  catalog::is_text(content) ? text(content) : Value::null({TypeId::kText})});
        return true;
      });
}

Result<void> fill_status(SessionImpl& session, RowCollector& rows) {
  const store::StoreStats stats = session.owner().store().stats();
  const auto add = [&](std::string_view name, std::string value) {
    rows.add({text(std::string(name)), text(std::move(value))});
  };
  add("version", version());
  add("database", session.database());
  add("branch", session.branch_name());
  add("commit", session.transaction()->snapshot().commit.hex());
  add("unpublished journal bytes", std::to_string(stats.journal_bytes));
  add("packs", std::to_string(stats.packs));
  add("commits since open", std::to_string(stats.commits_appended));
  add("flushes since open", std::to_string(stats.flushes));
  return {};
}

Result<void> fill_settings(SessionImpl& session, RowCollector& rows) {
  for (const Settings::Row& row : session.settings().all()) {
    rows.add({text(std::string(row.name)), text(row.value), text(std::string(row.description))});
  }
  return {};
}

// generate_series: as many values as are asked for.
class SeriesRows final : public plan::VirtualRows {
 public:
  SeriesRows(Type type, int64_t from, int64_t to, int64_t step)
      : type_(type), next_(from), to_(to), step_(step) {}

  Result<bool> next(type::Batch& batch) override {
    type::ColumnBuilder builder(type_, batch_rows_);
    std::vector<int64_t>& values = builder.ints();
    for (; values.size() < batch_rows_ && (step_ > 0 ? next_ <= to_ : next_ >= to_); next_ += step_)
      values.push_back(static_cast<int64_t>(next_));
    batch.rows = values.size();
    batch.columns = {builder.finish()};
    batch_rows_ = std::min(2 * batch_rows_, kBatchRows);
    return batch.rows > 0;
  }

 private:
  static constexpr size_t kFirstBatchRows = 32;  // For whoever wants only a few.

  const Type type_;
  __int128 next_;  // It may pass the largest value of its type.
  const int64_t to_;
  const int64_t step_;
  size_t batch_rows_ = kFirstBatchRows;
};

class SeriesTable final : public plan::VirtualTable {
 public:
  explicit SeriesTable(Type type) : columns_{{"generate_series", type}} {}
  const std::vector<OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const std::vector<Value>& arguments,
                                        const expr::EvalContext& context) const override {
    return all_rows(*this, arguments, context);
  }
  Result<std::unique_ptr<plan::VirtualRows>> open(const std::vector<Value>& arguments,
                                                  const expr::EvalContext&) const override {
    const bool has_null = std::any_of(arguments.begin(), arguments.end(),
                                      [](const Value& argument) { return argument.is_null(); });
    const int64_t step = has_null || arguments.size() < 3 ? 1 : arguments[2].as_int();
    if (step == 0) return Error(ErrorCode::kInvalidParameterValue, "step size cannot equal zero");
    return std::unique_ptr<plan::VirtualRows>(std::make_unique<SeriesRows>(
        columns_[0].type, has_null ? 1 : arguments[0].as_int(),
        has_null ? 0 : arguments[1].as_int(), step));
  }

 private:
  std::vector<OutputColumn> columns_;
};

std::shared_ptr<const plan::VirtualTable> make(std::vector<OutputColumn> columns, Fill fill) {
  return std::make_shared<FilledTable>(std::move(columns), std::move(fill));
}

using SessionFill = Result<void> (*)(SessionImpl&, RowCollector&);
std::shared_ptr<const plan::VirtualTable> make(SessionImpl& session,
                                               std::vector<OutputColumn> columns,
                                               SessionFill fill) {
  return make(std::move(columns), [&session, fill](const std::vector<Value>&, RowCollector& rows) {
    return fill(session, rows);
  });
}

}  // namespace

std::shared_ptr<const plan::VirtualTable> files_table(SessionImpl& session, const Oid& root) {
  return make({{"path", {TypeId::kText}},
               {"size", {TypeId::kInt8}},
               {"oid", {TypeId::kText}},
               {"executable", {TypeId::kBool}},
               {"content", {TypeId::kBytea}},
               {"text", {TypeId::kText}}},
              [&session, root](const std::vector<Value>&, RowCollector& rows) {
                return fill_files(session, root, rows);
              });
}

std::shared_ptr<const plan::VirtualTable> find_system_table(SessionImpl& session,
                                                            std::string_view name) {
  const Type text_type{TypeId::kText};
  const Type int_type{TypeId::kInt8};
  if (name == "branches") return make(session, branch_columns(), fill_branches);
  if (name == "tags") return make(session, tag_columns(), fill_tags);
  if (name == "reflog") {
    return make(reflog_columns(), [&session](const std::vector<Value>&, RowCollector& rows) {
      return fill_reflog(session, "", rows);
    });
  }
  if (VirtualTablePtr history = find_history_table(session, name)) return history;
  if (name == "schemas") return make(session, {{"name", text_type}}, fill_schemas);
  if (name == "tables") {
    return make(session,
                {{"schema", text_type},
                 {"name", text_type},
                 {"columns", int_type},
                 {"rows", int_type},
                 {"tree", text_type}},
                fill_tables);
  }
  if (auto definitions = find_definition_table(session, name)) return definitions;
  if (name == "files") return files_table(session, Oid{});
  if (name == "foreign") return make(session, foreign_columns(), fill_foreign);
  if (name == "status")
    return make(session, {{"name", text_type}, {"value", text_type}}, fill_status);
  if (name == "settings")
    return make(session, {{"name", text_type}, {"setting", text_type}, {"description", text_type}},
                fill_settings);
  return nullptr;
}

Result<std::shared_ptr<const plan::VirtualTable>> find_table_function(
    SessionImpl& session, std::string_view schema, std::string_view name,
    const std::vector<Type>& arguments) {
  if (schema == "rowan" && name == "reflog" && arguments.size() == 1 &&
      type::is_text(arguments[0].id)) {
    return make(reflog_columns(),
                [&session](const std::vector<Value>& values, RowCollector& rows) -> Result<void> {
                  if (values[0].is_null()) return fill_reflog(session, "", rows);
                  if (values[0].as_string().empty()) {
                    return Error(ErrorCode::kInvalidParameterValue,
                                 "the name of a branch must not be empty");
                  }
                  return fill_reflog(session, values[0].as_string(), rows);
                });
  }
  const bool is_series =
      (schema.empty() || schema == "pg_catalog") && name == "generate_series";
  const bool is_unnest = (schema.empty() || schema == "pg_catalog") && name == "unnest";
  if (is_unnest && arguments.size() == 1 && type::is_array(arguments[0].id))
    return unnest_table(arguments[0]);
  if (auto series = is_series ? timestamp_series(arguments) : nullptr) return series;
  const auto is_int = [](Type type) { return type::is_integer(type.id); };
  if (is_series &&
      (arguments.size() == 2 || arguments.size() == 3) &&
      std::all_of(arguments.begin(), arguments.end(), is_int)) {
    Type type = arguments[0];
    for (const Type other : arguments) type = other.id == TypeId::kInt8 ? other : type;
    return std::shared_ptr<const plan::VirtualTable>(std::make_shared<SeriesTable>(type));
  }
  std::string types;
  for (const Type argument : arguments)
    types += (types.empty() ? "" : ", ") + type::type_name(argument);
  return Error(ErrorCode::kUndefinedFunction,
               fmt::format("function {}{}{}({}) does not exist", schema, schema.empty() ? "" : ".",
                           name, types));
}

Result<TableRows> show_status(SessionImpl& session, const sql::ShowStmt& /*statement*/) {
  TableRows table;
  table.columns = {{"name", kTextType}, {"value", kTextType}};
  RowCollector rows(table.columns);
  TRY(fill_status(session, rows));
  table.batches = rows.finish();
  return table;
}

}  // namespace rowan::engine
