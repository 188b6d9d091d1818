#include "merge/expression_text.h"

#include "sql/parser.h"
#include "sql/print.h"
#include "sql/walk.h"

namespace rowan::merge {
namespace {

class Renamer final : public sql::Visitor {
 public:
  Renamer(sql::Arena& arena, const ColumnNames& names) : arena_(arena), names_(names) {}

  void column(sql::ColumnExpr& column, const sql::WalkScope*) override {
    const auto found = names_.find(column.column);
    if (found == names_.end() || found->second == column.column) return;
    column.column = arena_.copy(found->second);
    changed_ = true;
  }
  bool changed() const { return changed_; }

 private:
  sql::Arena& arena_;
  const ColumnNames& names_;
  bool changed_ = false;
};

}  // namespace

Result<std::string> rename_columns(std::string_view expression_sql, const ColumnNames& names) {
  TRY_ASSIGN(sql::ParsedExpression parsed, sql::parse_expression(expression_sql));
  Renamer renamer(*parsed.arena, names);
  sql::walk(*parsed.expr, renamer);
  return renamer.changed() ? sql::to_sql(*parsed.expr) : std::string(expression_sql);
}

}  // namespace rowan::merge
