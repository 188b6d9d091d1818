#include "engine/system_tables.h"

#include <fmt/format.h>

#include <functional>

#include "catalog/paths.h"
#include "engine/definition_tables.h"
#include "engine/history.h"
#include "engine/history_tables.h"
#include "engine/session.h"
#include "engine/version_tables.h"
#include "engine/virtual_rows.h"
#include "type/text.h"

namespace rowan::engine {

namespace {

using plan::OutputColumn;
using type::Type;
using type::TypeId;
using type::Value;

constexpr uint64_t kSeriesRowsMax = 100'000'000;

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

Result<void> fill_series(const SessionImpl& session, const std::vector<Value>& arguments,
                         RowCollector& rows) {
  for (const Value& argument : arguments) {
    if (argument.is_null()) return {};
  }
  const int64_t from = arguments[0].as_int();
  const int64_t to = arguments[1].as_int();
  const int64_t step = arguments.size() > 2 ? arguments[2].as_int() : 1;
  if (step == 0) return Error(ErrorCode::kInvalidParameterValue, "step size cannot equal zero");
  const Type type = arguments[0].type();
  uint64_t count = 0;
  for (__int128 value = from; step > 0 ? value <= to : value >= to; value += step) {
    if (++count > kSeriesRowsMax)
      return Error(ErrorCode::kProgramLimit,
                   fmt::format("generate_series gives more than {} rows", kSeriesRowsMax));
    if (count % 4096 == 0 && session.cancelled())
      return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
    rows.add({Value::of_int(type, static_cast<int64_t>(value))});
  }
  return {};
}

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
  if (schema == "rowan" && name == "reflog" && arguments.size() == 1) {
    return make(reflog_columns(),
                [&session](const std::vector<Value>& values, RowCollector& rows) -> Result<void> {
                  if (values[0].is_null()) return {};
                  return fill_reflog(session, values[0].as_string(), rows);
                });
  }
  const auto is_int = [](Type type) { return type::is_integer(type.id); };
  if ((schema.empty() || schema == "pg_catalog") && name == "generate_series" &&
      (arguments.size() == 2 || arguments.size() == 3) &&
      std::all_of(arguments.begin(), arguments.end(), is_int)) {
    Type type = arguments[0];
    for (const Type other : arguments) type = other.id == TypeId::kInt8 ? other : type;
    return make({{"generate_series", type}},
                [&session](const std::vector<Value>& values, RowCollector& rows) {
                  return fill_series(session, values, rows);
                });
  }
  std::string types;
  for (const Type argument : arguments)
    types += (types.empty() ? "" : ", ") + type::type_name(argument);
  return Error(ErrorCode::kUndefinedFunction,
               fmt::format("function {}{}{}({}) does not exist", schema, schema.empty() ? "" : ".",
                           name, types));
}

TableRows text_rows(std::vector<std::string> names,
                    const std::vector<std::vector<std::string>>& rows) {
  TableRows table;
  for (std::string& name : names) table.columns.push_back({std::move(name), {TypeId::kText}});
  RowCollector collector(table.columns);
  for (const auto& row : rows) {
    std::vector<Value> values;
    for (const std::string& cell : row) values.push_back(text(cell));
    collector.add(values);
  }
  table.batches = collector.finish();
  return table;
}

}  // namespace rowan::engine
