#include "sql/walk.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace rowan::sql {
namespace {

class Walker {
 public:
  explicit Walker(Visitor& visitor) : visitor_(visitor) {}

  void select(SelectStmt& s, const WalkScope* outer, const CommonScope* commons);
  void expr(Expr* e, const WalkScope* scope);

 private:
  const CommonScope* common_tables(SelectStmt& s, const WalkScope* outer,
                                   const CommonScope* commons, std::deque<CommonScope>& own);
  void table(TableRef& t, const WalkScope& scope);
  void exprs(const List<Expr*>& items, const WalkScope* scope) {
    for (Expr* item : items) expr(item, scope);
  }
  void call(CallExpr& e, const WalkScope* scope) {
    visitor_.call(e);
    exprs(e.arguments, scope);
    for (const OrderItem& item : e.order_by) expr(item.expr, scope);
    expr(e.filter, scope);
  }
  void predicate(Expr& e, const WalkScope* scope);

  Visitor& visitor_;
};

// Without RECURSIVE a common table sees those before it, else all of them.
const CommonScope* Walker::common_tables(SelectStmt& s, const WalkScope* outer,
                                         const CommonScope* commons, std::deque<CommonScope>& own) {
  const CommonScope* before = commons;
  for (const CommonTable& table : s.with) {
    own.push_back({&table, commons});
    commons = &own.back();
  }
  for (size_t i = 0; i < s.with.count; ++i) {
    select(*s.with[i].select, outer, s.with_recursive ? commons : before);
    before = &own[i];
  }
  return commons;
}

void Walker::select(SelectStmt& s, const WalkScope* outer, const CommonScope* commons) {
  std::deque<CommonScope> own;
  commons = common_tables(s, outer, commons, own);
  WalkScope scope{&s, commons, outer, false};
  if (s.set_operation != SetOperation::kNone) {
    select(*s.left, outer, commons);
    select(*s.right, outer, commons);
  }
  for (const List<Expr*>& row : s.values) exprs(row, &scope);
  for (TableRef* t : s.from) table(*t, scope);
  exprs(s.distinct_on, &scope);
  for (SelectItem& item : s.items) {
    visitor_.item(item, scope);
    expr(item.expr, &scope);
  }
  expr(s.where, &scope);
  exprs(s.group_by, &scope);
  expr(s.having, &scope);
  for (const OrderItem& item : s.order_by) {
    scope.in_order_by = item.expr->kind == ExprKind::kColumn;
    expr(item.expr, &scope);
  }
  scope.in_order_by = false;
  expr(s.limit, &scope);
  expr(s.offset, &scope);
}

void Walker::table(TableRef& t, const WalkScope& scope) {
  switch (t.kind) {
    case TableRefKind::kTable: {
      auto& named = static_cast<NamedTable&>(t);
      if (const CommonTable* common = find_common_table(named, scope.commons)) {
        visitor_.common_table(named, *common);
      } else {
        visitor_.table(named);
      }
      expr(named.as_of.value, &scope);
      return expr(named.as_of.until, &scope);
    }
    case TableRefKind::kSubquery:
      return select(*static_cast<SubqueryTable&>(t).select, scope.outer, scope.commons);
    case TableRefKind::kFunction:
      return call(*static_cast<FunctionTable&>(t).call, &scope);
    case TableRefKind::kJoin: {
      auto& join = static_cast<JoinTable&>(t);
      visitor_.join(join, scope);
      table(*join.left, scope);
      table(*join.right, scope);
      return expr(join.on, &scope);
    }
  }
}

void Walker::predicate(Expr& e, const WalkScope* scope) {
  switch (e.kind) {
    case ExprKind::kIsNull:
      return expr(static_cast<IsNullExpr&>(e).operand, scope);
    case ExprKind::kIsBool:
      return expr(static_cast<IsBoolExpr&>(e).operand, scope);
    case ExprKind::kIsDistinct: {
      auto& is = static_cast<IsDistinctExpr&>(e);
      expr(is.left, scope);
      return expr(is.right, scope);
    }
    case ExprKind::kBetween: {
      auto& between = static_cast<BetweenExpr&>(e);
      expr(between.operand, scope);
      expr(between.low, scope);
      return expr(between.high, scope);
    }
    case ExprKind::kIn: {
      auto& in = static_cast<InExpr&>(e);
      expr(in.operand, scope);
      return exprs(in.items, scope);
    }
    default: {
      auto& like = static_cast<LikeExpr&>(e);
      expr(like.operand, scope);
      expr(like.pattern, scope);
      return expr(like.escape, scope);
    }
  }
}

void Walker::expr(Expr* e, const WalkScope* scope) {
  if (e == nullptr) return;
  switch (e->kind) {
    case ExprKind::kLiteral:
    case ExprKind::kParameter:
    case ExprKind::kDefault:
      return;
    case ExprKind::kColumn:
      return visitor_.column(static_cast<ColumnExpr&>(*e), scope);
    case ExprKind::kStar:
      return visitor_.star(static_cast<StarExpr&>(*e), scope);
    case ExprKind::kUnary:
      return expr(static_cast<UnaryExpr*>(e)->operand, scope);
    case ExprKind::kBinary: {
      auto* binary = static_cast<BinaryExpr*>(e);
      expr(binary->left, scope);
      return expr(binary->right, scope);
    }
    case ExprKind::kIsNull:
    case ExprKind::kIsBool:
    case ExprKind::kIsDistinct:
    case ExprKind::kBetween:
    case ExprKind::kIn:
    case ExprKind::kLike:
      return predicate(*e, scope);
    case ExprKind::kCase: {
      auto* chosen = static_cast<CaseExpr*>(e);
      expr(chosen->operand, scope);
      for (const CaseBranch& branch : chosen->branches) {
        expr(branch.when, scope);
        expr(branch.then, scope);
      }
      return expr(chosen->otherwise, scope);
    }
    case ExprKind::kCast:
      visitor_.cast(static_cast<CastExpr&>(*e));
      return expr(static_cast<CastExpr*>(e)->operand, scope);
    case ExprKind::kCall:
      return call(static_cast<CallExpr&>(*e), scope);
    case ExprKind::kRow:
      return exprs(static_cast<RowExpr*>(e)->items, scope);
    case ExprKind::kSubquery:
    case ExprKind::kExists:
    case ExprKind::kInSubquery: {
      auto* subquery = static_cast<SubqueryExpr*>(e);
      expr(subquery->operand, scope);
      visitor_.subquery(*subquery);
      return select(*subquery->select, scope, scope == nullptr ? nullptr : scope->commons);
    }
  }
}

bool same_table(const QualifiedName& a, const QualifiedName& b) {
  return a.schema == b.schema && a.name == b.name;
}

bool contains(const List<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The name an item of a select list has without an alias; empty when it does not matter here.
std::string_view own_name(const Expr& e) {
  switch (e.kind) {
    case ExprKind::kColumn:
      return static_cast<const ColumnExpr&>(e).column;
    case ExprKind::kCall:
      return static_cast<const CallExpr&>(e).name;
    case ExprKind::kCast:
      return own_name(*static_cast<const CastExpr&>(e).operand);
    case ExprKind::kCase: {
      const Expr* otherwise = static_cast<const CaseExpr&>(e).otherwise;
      return otherwise == nullptr ? std::string_view() : own_name(*otherwise);
    }
    case ExprKind::kSubquery: {
      const auto& items = static_cast<const SubqueryExpr&>(e).select->items;
      return items.empty()            ? std::string_view()
             : items[0].alias.empty() ? own_name(*items[0].expr)
                                      : items[0].alias;
    }
    default:
      return {};
  }
}

class ColumnRenamer final : public Visitor {
 public:
  explicit ColumnRenamer(const ColumnRename& rename) : rename_(rename) {}

  RenameOutcome outcome() const {
    return blocked_   ? RenameOutcome::kBlocked
           : renamed_ ? RenameOutcome::kRenamed
                      : RenameOutcome::kNothing;
  }

  void item(SelectItem& item, const WalkScope& scope) override {
    if (item.alias.empty() && own_name(*item.expr) == rename_.column &&
        means_column(base_column(*item.expr), &scope))
      item.alias = rename_.column;
  }
  void column(ColumnExpr& column, const WalkScope* scope) override {
    if (!means_column(&column, scope)) return;
    column.column = rename_.new_column;
    renamed_ = true;
  }
  void star(StarExpr& star, const WalkScope* scope) override {
    for (const TableRef* t : scope == nullptr ? List<TableRef*>{} : scope->select->from) {
      if (star_covers(star, *t)) blocked_ = true;
    }
  }
  void join(JoinTable& join, const WalkScope& scope) override {
    if (contains(join.using_columns, rename_.column) &&
        (holds_target(*join.left) || holds_target(*join.right)))
      blocked_ = true;
    if (!join.natural) return;
    for (const auto& [side, other] :
         {std::pair{join.left, join.right}, std::pair{join.right, join.left}}) {
      if (holds_target(*side) && (has(*other, rename_.column, scope.commons) ||
                                  has(*other, rename_.new_column, scope.commons)))
        blocked_ = true;
    }
  }

 private:
  static const ColumnExpr* base_column(const Expr& e) {
    if (e.kind == ExprKind::kCast) return base_column(*static_cast<const CastExpr&>(e).operand);
    if (e.kind == ExprKind::kCase && static_cast<const CaseExpr&>(e).otherwise != nullptr)
      return base_column(*static_cast<const CaseExpr&>(e).otherwise);
    return e.kind == ExprKind::kColumn ? static_cast<const ColumnExpr*>(&e) : nullptr;
  }
  bool is_target(const TableRef& t) const {
    if (t.kind != TableRefKind::kTable) return false;
    const auto& named = static_cast<const NamedTable&>(t);
    return is_of_tip(named) && same_table(named.name, rename_.table) &&
           !contains(named.column_aliases, rename_.column);
  }
  bool holds_target(const TableRef& t) const {
    if (t.kind != TableRefKind::kJoin) return is_target(t);
    const auto& join = static_cast<const JoinTable&>(t);
    return holds_target(*join.left) || holds_target(*join.right);
  }
  static std::string_view visible_name(const TableRef& t) {
    switch (t.kind) {
      case TableRefKind::kTable: {
        const auto& named = static_cast<const NamedTable&>(t);
        return named.alias.empty() ? named.name.name : named.alias;
      }
      case TableRefKind::kSubquery:
        return static_cast<const SubqueryTable&>(t).alias;
      case TableRefKind::kFunction: {
        const auto& function = static_cast<const FunctionTable&>(t);
        return function.alias.empty() ? function.call->name : function.alias;
      }
      case TableRefKind::kJoin:
        return {};
    }
    return {};
  }
  static bool named_so(const TableRef& t, std::string_view schema, std::string_view name) {
    if (visible_name(t) != name) return false;
    if (schema.empty()) return true;
    return t.kind == TableRefKind::kTable && static_cast<const NamedTable&>(t).alias.empty() &&
           static_cast<const NamedTable&>(t).name.schema == schema;
  }
  bool star_covers(const StarExpr& star, const TableRef& t) const {
    if (t.kind == TableRefKind::kJoin) {
      const auto& join = static_cast<const JoinTable&>(t);
      return star_covers(star, *join.left) || star_covers(star, *join.right);
    }
    return is_target(t) && (star.table.empty() || named_so(t, star.schema, star.table));
  }

  // Whether the table has a column of that name for the query around it.
  bool has(const TableRef& t, std::string_view column, const CommonScope* commons) const {
    switch (t.kind) {
      case TableRefKind::kTable: {
        const auto& named = static_cast<const NamedTable&>(t);
        if (contains(named.column_aliases, column)) return true;
        const CommonTable* common = find_common_table(named, commons);
        if (common != nullptr)
          return contains(common->columns, column) || gives(*common->select, column, commons);
        if (same_table(named.name, rename_.table) && column == rename_.column) return true;
        return rename_.has_column(t, column);
      }
      case TableRefKind::kSubquery: {
        const auto& subquery = static_cast<const SubqueryTable&>(t);
        return contains(subquery.column_aliases, column) ||
               gives(*subquery.select, column, commons);
      }
      case TableRefKind::kFunction:
        return contains(static_cast<const FunctionTable&>(t).column_aliases, column) ||
               rename_.has_column(t, column);
      case TableRefKind::kJoin: {
        const auto& join = static_cast<const JoinTable&>(t);
        return has(*join.left, column, commons) || has(*join.right, column, commons);
      }
    }
    return false;
  }

  // Whether the query has an output of that name.
  bool gives(const SelectStmt& s, std::string_view column, const CommonScope* commons) const {
    if (s.set_operation != SetOperation::kNone) return gives(*s.left, column, commons);
    for (const SelectItem& item : s.items) {
      if (item.expr->kind == ExprKind::kStar) {
        for (const TableRef* t : s.from) {
          if (has(*t, column, commons)) return true;
        }
      } else if ((item.alias.empty() ? own_name(*item.expr) : item.alias) == column) {
        return true;
      }
    }
    return false;
  }

  // 1: the column is the target's, 0: it is another's, -1: nothing here has it.
  int means_in(const ColumnExpr& column, const TableRef& t, const CommonScope* commons) const {
    if (t.kind == TableRefKind::kJoin) {
      const auto& join = static_cast<const JoinTable&>(t);
      const int left = means_in(column, *join.left, commons);
      return left == 1 ? left : std::max(left, means_in(column, *join.right, commons));
    }
    if (column.table.empty()) {
      if (is_target(t)) return 1;
      return has(t, column.column, commons) ? 0 : -1;
    }
    if (!named_so(t, column.schema, column.table)) return -1;
    return is_target(t) ? 1 : 0;
  }

  bool means_column(const ColumnExpr* column, const WalkScope* scope) const {
    if (column == nullptr || column->column != rename_.column) return false;
    for (; scope != nullptr; scope = scope->outer) {
      if (scope->in_order_by && column->table.empty() &&
          gives(*scope->select, column->column, scope->commons))
        return false;
      int found = -1;
      for (const TableRef* t : scope->select->from)
        found = std::max(found, means_in(*column, *t, scope->commons));
      if (found >= 0) return found == 1;
    }
    return false;
  }

  const ColumnRename& rename_;
  bool renamed_ = false;
  bool blocked_ = false;
};

}  // namespace

void walk(SelectStmt& select, Visitor& visitor) {
  Walker(visitor).select(select, nullptr, nullptr);
}

void walk(Expr& expr, Visitor& visitor) { Walker(visitor).expr(&expr, nullptr); }

const CommonTable* find_common_table(const NamedTable& table, const CommonScope* commons) {
  if (!table.name.schema.empty() || table.as_of.kind != AsOfKind::kNone) return nullptr;
  for (; commons != nullptr; commons = commons->next) {
    if (commons->table->name == table.name.name) return commons->table;
  }
  return nullptr;
}

bool has_subquery(const Expr& expr) {
  struct Finder final : Visitor {
    bool found = false;
    void subquery(SubqueryExpr&) override { found = true; }
  } finder;
  walk(const_cast<Expr&>(expr), finder);  // The finder changes nothing.
  return finder.found;
}

LiteralExpr* sequence_name(CallExpr& call) {
  const bool names_one = call.name == "nextval" || call.name == "currval" || call.name == "setval";
  if (!names_one || call.arguments.empty() || (!call.schema.empty() && call.schema != "pg_catalog"))
    return nullptr;
  Expr* argument = call.arguments[0];
  if (argument->kind == ExprKind::kCast) argument = static_cast<CastExpr*>(argument)->operand;
  if (argument->kind != ExprKind::kLiteral) return nullptr;
  auto* literal = static_cast<LiteralExpr*>(argument);
  return literal->literal == LiteralKind::kString ? literal : nullptr;
}

namespace {

class EachSequence final : public Visitor {
 public:
  explicit EachSequence(const SequenceVisit& visit) : visit_(visit) {}
  void call(CallExpr& call) override {
    if (LiteralExpr* literal = sequence_name(call)) visit_(*literal);
  }

 private:
  const SequenceVisit& visit_;
};

}  // namespace

void each_sequence_name(SelectStmt& select, const SequenceVisit& visit) {
  EachSequence each(visit);
  walk(select, each);
}

void each_sequence_name(Expr& expr, const SequenceVisit& visit) {
  EachSequence each(visit);
  walk(expr, each);
}

void qualify_tables(SelectStmt& select,
                    const std::function<std::string_view(const NamedTable&)>& schema_of) {
  struct Qualifier final : Visitor {
    const std::function<std::string_view(const NamedTable&)>& schema_of;
    explicit Qualifier(const std::function<std::string_view(const NamedTable&)>& of)
        : schema_of(of) {}
    void table(NamedTable& table) override {
      if (table.name.schema.empty()) table.name.schema = schema_of(table);
    }
  } qualifier(schema_of);
  walk(select, qualifier);
}

bool is_of_tip(const NamedTable& table) {
  if (table.as_of.kind == AsOfKind::kNone) return true;
  if (table.as_of.kind != AsOfKind::kRevision || table.as_of.value->kind != ExprKind::kLiteral)
    return false;
  const std::string_view revision = static_cast<const LiteralExpr&>(*table.as_of.value).text;
  return revision == "HEAD" || revision == "@";
}

bool rename_table(SelectStmt& select, const QualifiedName& from, const QualifiedName& to) {
  struct Renamer final : Visitor {
    const QualifiedName& from;
    const QualifiedName& to;
    bool changed = false;
    Renamer(const QualifiedName& old_name, const QualifiedName& new_name)
        : from(old_name), to(new_name) {}
    void table(NamedTable& table) override {
      if (!is_of_tip(table) || !same_table(table.name, from)) return;
      if (table.alias.empty() && to.name != from.name) table.alias = from.name;
      table.name.schema = to.schema;
      table.name.name = to.name;
      changed = true;
    }
    // schema.table.column: the alias has no schema.
    void column(ColumnExpr& column, const WalkScope*) override {
      if (column.schema == from.schema && column.table == from.name) column.schema = {};
    }
    void star(StarExpr& star, const WalkScope*) override {
      if (star.schema == from.schema && star.table == from.name) star.schema = {};
    }
  } renamer(from, to);
  walk(select, renamer);
  return renamer.changed;
}

RenameOutcome rename_column(SelectStmt& select, const ColumnRename& rename) {
  ColumnRenamer renamer(rename);
  walk(select, renamer);
  return renamer.outcome();
}

RenameOutcome rename_column(Expr& expr, std::string_view table, std::string_view column,
                            std::string_view new_column) {
  struct Renamer final : Visitor {
    std::string_view table_name, from, to;
    bool changed = false;
    void column(ColumnExpr& column, const WalkScope* scope) override {
      if (scope != nullptr || column.column != from ||
          (!column.table.empty() && column.table != table_name))
        return;
      column.column = to;
      changed = true;
    }
  } renamer;
  renamer.table_name = table;
  renamer.from = column;
  renamer.to = new_column;
  walk(expr, renamer);
  return renamer.changed ? RenameOutcome::kRenamed : RenameOutcome::kNothing;
}

}  // namespace rowan::sql
