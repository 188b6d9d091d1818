#include "engine/system_tables.h"

#include <fmt/format.h>

#include <functional>

#include "engine/history.h"
#include "engine/history_tables.h"
#include "engine/session.h"
#include "engine/version_tables.h"
#include "engine/virtual_rows.h"
#include "system/registry.h"
#include "type/text.h"

namespace rowan::engine {

namespace {

using plan::OutputColumn;
using type::Type;
using type::TypeId;
using type::Value;


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

std::shared_ptr<const plan::VirtualTable> find_system_table(SessionImpl& session,
                                                            std::string_view name) {
  if (name == "branches") return make(session, branch_columns(), fill_branches);
  if (name == "tags") return make(session, tag_columns(), fill_tags);
  if (name == "reflog") {
    return make(reflog_columns(), [&session](const std::vector<Value>&, RowCollector& rows) {
      return fill_reflog(session, "", rows);
    });
  }
  if (name == "foreign") return make(session, foreign_columns(), fill_foreign);
  return find_history_table(session, name);
}

std::shared_ptr<const plan::VirtualTable> find_table_function(
    SessionImpl& session, const sql::CallExpr& call, const std::vector<Type>& arguments) {
  if (call.schema != "rowan" || call.name != "reflog" || arguments.size() != 1 ||
      !type::is_text(arguments[0].id)) {
    return nullptr;
  }
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

Result<TableRows> show_status(SessionImpl& session, const sql::ShowStmt& /*statement*/) {
  TRY_ASSIGN(const auto table, system::find_relation(session.system(), "status"));
  TableRows rows{table->columns(), {}};
  TRY_ASSIGN(rows.batches, all_rows(*table, {}, session.eval_context()));
  return rows;
}

}  // namespace rowan::engine
