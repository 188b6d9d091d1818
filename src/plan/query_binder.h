// QueryBinder: turns the names of one query level into a logical plan; subqueries get a binder of
// their own.
//
// Phases: columns are first resolved over FROM ("base"); once a query is grouped, its outputs,
// HAVING and ORDER BY see only group keys and aggregates. Their final column numbers are known at
// the end, so until then they are placeholders.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "expr/binder.h"
#include "plan/logical.h"

namespace rowan::plan {

struct VisibleColumn {
  std::string name;
  type::Type type;
  uint32_t index = 0;      // In the input of WHERE.
  bool is_hidden = false;  // From `*` and NATURAL: the catalogue's tableoid.
};

struct FromTable {
  std::string alias;
  std::string schema;  // Empty for subqueries and functions.
  std::vector<VisibleColumn> columns;
  std::shared_ptr<const catalog::TableDef> definition;  // May be null.
};

// What FROM offers: tables for qualified names, `visible` for plain names and `*` (USING merges
// columns there).
struct FromScope {
  std::vector<FromTable> tables;
  std::vector<VisibleColumn> visible;
};

// The WITH queries in sight, innermost first.
struct CommonTableScope {
  const sql::CommonTable* table = nullptr;
  const CommonTableScope* next = nullptr;
};

class QueryBinder final : public expr::Scope {
 public:
  QueryBinder(BindState& state, QueryBinder* parent, const CommonTableScope* common_tables)
      : state_(state), parent_(parent), common_tables_(common_tables) {}

  Result<LogicalPtr> bind(const sql::SelectStmt& select);
  // modify_binder.cc
  Result<BoundModify> bind_modify(const ModifyRequest& request);
  Result<Returning> bind_returning(const sql::QualifiedName& table, std::string_view alias,
                                   const sql::List<sql::SelectItem>& items);
  // VALUES that go to these columns, by assignment casts.
  Result<LogicalPtr> bind_values_as(const sql::SelectStmt& values,
                                    std::span<const AssignedColumn> columns) {
    wanted_columns_ = columns;
    return bind(values);
  }

  // A query whose rows go to columns of these types: outputs of a plain SELECT that are NULL, string
  // literals or parameters of no known type are read as such.
  Result<LogicalPtr> bind_for(const sql::SelectStmt& select, std::span<const type::Type> types);

  Result<expr::NodePtr> resolve_column(const sql::ColumnExpr& column) override;
  Result<expr::NodePtr> resolve_aggregate(const sql::CallExpr& call) override;
  Result<expr::NodePtr> resolve_subquery(const sql::SubqueryExpr& subquery) override;
  std::string_view clause() const override { return clause_; }

 private:
  struct OutputItem {
    expr::NodePtr node;
    std::string name;
  };
  struct Output {  // One of the two.
    const sql::Expr* expr = nullptr;
    const VisibleColumn* column = nullptr;
  };
  struct OuterReference {
    expr::NodePtr outer;  // Over the parent's current phase.
    uint32_t slot = 0;
  };
  struct PendingApply {
    LogicalPtr inner;
    ApplySpec spec;
    type::Type type;
  };

  // query_binder.cc
  void note_names(const sql::SelectStmt& select);
  Result<LogicalPtr> bind_body(const sql::SelectStmt& select);
  Result<LogicalPtr> bind_plain(const sql::SelectStmt& select);
  Result<LogicalPtr> bind_values(const sql::SelectStmt& select);
  Result<LogicalPtr> bind_value_queries(const sql::SelectStmt& select);
  Result<std::vector<type::Type>> value_types(const std::vector<std::vector<expr::NodePtr>>& rows,
                                              const sql::SelectStmt& select) const;
  Result<LogicalPtr> bind_set_operation(const sql::SelectStmt& select);
  Result<LogicalPtr> bind_limit(LogicalPtr input, const sql::SelectStmt& select);
  Result<LogicalPtr> bind_limit_query(LogicalPtr input, const sql::SelectStmt& select);
  Result<LogicalPtr> order_by_outputs(LogicalPtr input, const sql::SelectStmt& select);
  Result<LogicalPtr> bind_child(const sql::SelectStmt& select,
                                const CommonTableScope* common_tables,
                                std::vector<uint32_t>* literals = nullptr);
  bool is_untyped(const sql::Expr& expr) const;
  bool can_retype(const expr::Node& expression) const;
  Result<void> retype(expr::NodePtr& expression, type::Type to, type::CastContext cast);
  Result<bool> give_literal_type(LogicalNode& node, uint32_t output, type::Type to,
                                 type::CastContext cast);
  Result<std::vector<OutputItem>> bind_items(const sql::List<sql::SelectItem>& items);
  Result<void> expand_star(const sql::StarExpr& star, std::vector<OutputItem>& out);
  Result<void> bind_groups(const sql::SelectStmt& select);
  Result<Output> group_expression(const sql::Expr& expr, const sql::SelectStmt& select);
  Result<std::vector<Output>> outputs_of(const sql::List<sql::SelectItem>& items) const;
  Result<const std::vector<VisibleColumn>*> star_columns(const sql::StarExpr& star) const;
  Result<SortKey> bind_order_item(const sql::OrderItem& item, const sql::SelectStmt& select,
                                  std::vector<OutputItem>& items, size_t visible_items);
  Result<uint32_t> order_column(const sql::OrderItem& item, const sql::SelectStmt& select,
                                std::vector<OutputItem>& items, size_t visible_items);
  Result<std::vector<uint32_t>> bind_distinct_on(const sql::SelectStmt& select,
                                                 std::vector<OutputItem>& items);
  Result<expr::NodePtr> bind_scalar(const sql::Expr& expr);
  Result<expr::NodePtr> bind_where(const sql::Expr& expr, std::string_view clause);
  Result<LogicalPtr> finish_grouping(LogicalPtr input, std::vector<OutputItem>& items,
                                     expr::NodePtr& having);
  static LogicalPtr project_then_sort(LogicalPtr input, std::vector<OutputItem>& items,
                                      std::vector<SortKey> sort, bool distinct);
  static LogicalPtr project_after_sort(LogicalPtr input, std::vector<OutputItem>& items,
                                       std::vector<SortKey> sort);
  LogicalPtr wrap_applies(LogicalPtr input, std::vector<PendingApply>& applies);
  void adopt_outer_references(QueryBinder& child);

  // modify_binder.cc
  Result<std::vector<expr::NodePtr>> bind_assigned(const ModifyRequest& request);
  Result<Returning> bind_returning_items(const sql::List<sql::SelectItem>& written, uint32_t width,
                                         std::vector<uint32_t>& read_of_others);

  // scope.cc
  expr::BindContext bind_context();
  Result<void> bind_aggregate_order(const sql::CallExpr& call, AggregateItem& item,
                                    expr::BindContext& context);
  std::optional<expr::NodePtr> replace_by_group(const sql::Expr& expr);
  Result<expr::NodePtr> resolve_local(const sql::ColumnExpr& column);
  Result<expr::NodePtr> resolve_base(const sql::ColumnExpr& column);
  expr::NodePtr grouped(expr::NodePtr base, const sql::ColumnExpr& column);
  Error ungrouped_error(const expr::Node& base, const sql::ColumnExpr& column) const;
  Error misplaced_aggregate(const sql::CallExpr& call) const;
  bool determined_by_groups(uint32_t column) const;
  Result<expr::NodePtr> resolve_in_subquery(const sql::SubqueryExpr& subquery, QueryBinder& child,
                                            LogicalPtr inner, PendingApply pending);
  expr::NodePtr add_apply(PendingApply pending);

  // from.cc
  Result<LogicalPtr> bind_from(const sql::List<sql::TableRef*>& from);
  Result<LogicalPtr> bind_table_ref(const sql::TableRef& ref, FromScope& scope);
  Result<LogicalPtr> bind_common_table(const CommonTableScope& common);
  Result<LogicalPtr> bind_named_table(const sql::NamedTable& table, FromScope& scope);
  Result<LogicalPtr> bind_subquery_table(const sql::SubqueryTable& table, FromScope& scope);
  Result<LogicalPtr> bind_function_table(const sql::FunctionTable& table, FromScope& scope);
  Result<LogicalPtr> bind_join(const sql::JoinTable& join, FromScope& scope);
  Result<LogicalPtr> bind_join_condition(const sql::JoinTable& join, LogicalPtr node,
                                         const FromScope& scope);
  Result<LogicalPtr> bind_using(const sql::JoinTable& join, LogicalPtr node, const FromScope& left,
                                const FromScope& right, const std::vector<std::string>& names,
                                FromScope& scope);
  Result<ResolvedTable> resolve_table(const sql::NamedTable& table);
  Result<LogicalPtr> bind_view(const sql::NamedTable& table, const ResolvedTable& resolved);
  void record_star(const sql::StarExpr& star, const std::vector<VisibleColumn>& columns);
  Result<ResolvedTable> resolve_versions(const sql::NamedTable& table);
  Result<std::optional<int64_t>> system_time(const sql::Expr* value);
  Result<LogicalPtr> add_columns(LogicalPtr node, FromTable table,
                                 const sql::List<std::string_view>& aliases, uint32_t position,
                                 FromScope& scope);

  enum class Phase : uint8_t { kConstant, kBase, kGrouped };

  BindState& state_;
  QueryBinder* parent_;
  const CommonTableScope* common_tables_;
  std::deque<CommonTableScope> own_common_tables_;
  std::vector<OuterReference> outer_references_;

  FromScope from_;
  Phase phase_ = Phase::kConstant;
  std::string_view clause_ = "this expression";
  bool aggregates_allowed_ = false;
  bool subqueries_allowed_ = true;
  bool inside_aggregate_ = false;
  bool inside_subquery_ = false;  // A name is looked up for a query inside this one.

  uint32_t base_width_ = 0;  // Columns below the next base subquery.
  std::vector<PendingApply> base_applies_;
  std::vector<PendingApply> grouped_applies_;
  std::vector<expr::NodePtr> groups_;  // Over the base.
  // Those of them that hold a subquery: a query bound a second time is another one, so they are known
  // by their text.
  std::vector<std::pair<std::string, size_t>> subquery_groups_;
  bool groups_by_expression_ = false;
  std::optional<Error> ungrouped_;  // The first use of a column that is no group key.
  std::vector<AggregateItem> aggregates_;
  std::span<const AssignedColumn> wanted_columns_;  // VALUES of INSERT; else empty.
  std::vector<uint32_t> literal_outputs_;  // Outputs that are NULL, string literals or parameters
                                           // of no known type: text unless more is known.
};

// Walks of the syntax tree that do not enter subqueries.
bool contains_aggregate(const sql::Expr& expr);
bool contains_subquery(const sql::Expr& expr);

}  // namespace rowan::plan
