#include "sql/print.h"

#include "sql/grammar.h"
#include "sql/lexer.h"
#include "sql/parser.h"

namespace rowan::sql {
namespace {

// Operands that bind tighter than any operator need no parentheses.
bool is_primary(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kLiteral:
    case ExprKind::kColumn:
    case ExprKind::kStar:
    case ExprKind::kParameter:
    case ExprKind::kCase:
    case ExprKind::kCall:
    case ExprKind::kRow:
    case ExprKind::kSubquery:
    case ExprKind::kExists:
    case ExprKind::kCast:
      return true;
    default:
      return false;
  }
}

bool is_string_literal(const Expr& expr) {
  return expr.kind == ExprKind::kLiteral &&
         static_cast<const LiteralExpr&>(expr).literal == LiteralKind::kString;
}

class Printer {
 public:
  std::string out;

  void expr(const Expr& e);
  void select(const SelectStmt& s);

 private:
  void operand(const Expr& e) {
    if (is_primary(e)) return expr(e);
    out += '(';
    expr(e);
    out += ')';
  }
  void list(const List<Expr*>& items) {
    for (size_t i = 0; i < items.count; ++i) {
      if (i > 0) out += ", ";
      expr(*items[i]);
    }
  }
  void literal(const LiteralExpr& e);
  void chain(const BinaryExpr& e);
  void chain_terms(const BinaryExpr& e, std::string_view word, bool& first);
  void call(const CallExpr& e);
  void plain_call(const CallExpr& e, std::string_view name);
  bool array_form(const CallExpr& e);
  void subquery(const SubqueryExpr& e);
  void predicate(const Expr& e);
  void case_of(const CaseExpr& e);

  void names(const List<std::string_view>& items);
  void in_parentheses(const SelectStmt& s);
  void with(const SelectStmt& s);
  void values(const SelectStmt& s);
  void plain_select(const SelectStmt& s);
  void set_operand(const SelectStmt& s);
  void order_by(const List<OrderItem>& items);
  void ordering(const SelectStmt& s);
  void table(const TableRef& t);
  void named_table(const NamedTable& t);
  void join(const JoinTable& t);
  void join_operand(const TableRef& t, bool right);
  void as_of(const AsOf& as_of);
  void alias(std::string_view name, const List<std::string_view>& columns);
};

void Printer::literal(const LiteralExpr& e) {
  switch (e.literal) {
    case LiteralKind::kNull:
      out += "NULL";
      break;
    case LiteralKind::kBool:
      out += e.boolean ? "true" : "false";
      break;
    case LiteralKind::kInteger:
    case LiteralKind::kDecimal:
      out += e.text;
      break;
    case LiteralKind::kString:
      out += quote_literal(e.text);
      break;
  }
}

// AND and OR chains are one run of terms, however the tree groups them.
void Printer::chain_terms(const BinaryExpr& e, std::string_view word, bool& first) {
  for (const Expr* side : {e.left, e.right}) {
    if (side->kind == ExprKind::kBinary && static_cast<const BinaryExpr*>(side)->op == e.op) {
      chain_terms(*static_cast<const BinaryExpr*>(side), word, first);
      continue;
    }
    if (!first) out += word;
    first = false;
    operand(*side);
  }
}

void Printer::chain(const BinaryExpr& e) {
  bool first = true;
  chain_terms(e, e.op == "and" ? " AND " : " OR ", first);
}

void Printer::call(const CallExpr& e) {
  if (array_form(e)) return;
  if (e.schema.empty() && e.arguments.empty() && !e.star) {
    for (const std::string_view bare :
         {"current_catalog", "current_date", "current_role", "current_schema", "current_time",
          "current_timestamp", "current_user", "localtime", "localtimestamp", "session_user",
          "user"}) {
      if (e.name == bare) {
        for (const char c : bare) out += c == '_' ? c : static_cast<char>(c - 32);
        return;
      }
    }
  }
  if (e.schema.empty() && e.name == "extract" && e.arguments.size() == 2 &&
      is_string_literal(*e.arguments[0])) {
    out += "EXTRACT(";
    expr(*e.arguments[0]);
    out += " FROM ";
    expr(*e.arguments[1]);
    out += ')';
    return;
  }
  // `position` has only the spelling with IN; the plain one is quoted to name the function.
  const bool plain_special =
      e.schema.empty() &&
      (e.name == "substring" || e.name == "overlay" || e.name == "left" || e.name == "right" ||
       e.name == "coalesce" || e.name == "nullif" || e.name == "greatest" || e.name == "least");
  plain_call(e, plain_special ? std::string(e.name) : quote_ident(e.name));
  if (e.filter != nullptr) {
    out += " FILTER (WHERE ";
    expr(*e.filter);
    out += ')';
  }
}

// ARRAY[…], a[i], x = ANY (a): calls under names that no function has. False: it is none of them.
bool Printer::array_form(const CallExpr& e) {
  if (!e.schema.empty()) return false;
  if (e.name == "array[]") {
    out += "ARRAY[";
    list(e.arguments);
    out += ']';
    return true;
  }
  if (e.arguments.size() != 2) return false;
  const bool any = e.name.ends_with(" any");
  if (e.name != "[]" && !any && !e.name.ends_with(" all")) return false;
  out += '(';
  if (e.name == "[]") {
    expr(*e.arguments[0]);
    out += ")[";
    expr(*e.arguments[1]);
    out += ']';
    return true;
  }
  operand(*e.arguments[0]);
  out.append(" ").append(e.name.substr(0, e.name.size() - 4)).append(any ? " ANY (" : " ALL (");
  expr(*e.arguments[1]);
  out += "))";
  return true;
}

void Printer::plain_call(const CallExpr& e, std::string_view name) {
  if (!e.schema.empty()) out += quote_ident(e.schema) + ".";
  out += name;
  out += '(';
  if (e.star) out += '*';
  if (e.distinct) out += "DISTINCT ";
  if (e.names.empty()) {
    list(e.arguments);
  } else {
    for (size_t i = 0; i < e.arguments.size(); ++i) {
      if (i > 0) out += ", ";
      if (!e.names[i].empty()) out += quote_ident(e.names[i]) + " => ";
      expr(*e.arguments[i]);
    }
  }
  order_by(e.order_by);
  out += ')';
}

void Printer::subquery(const SubqueryExpr& e) {
  if (e.kind == ExprKind::kExists) out += "EXISTS ";
  if (e.kind == ExprKind::kInSubquery) {
    operand(*e.operand);
    out += e.negated ? " NOT IN " : " IN ";
  }
  in_parentheses(*e.select);
}

void Printer::case_of(const CaseExpr& e) {
  out += "CASE";
  if (e.operand != nullptr) {
    out += ' ';
    expr(*e.operand);
  }
  for (const CaseBranch& branch : e.branches) {
    out += " WHEN ";
    expr(*branch.when);
    out += " THEN ";
    expr(*branch.then);
  }
  if (e.otherwise != nullptr) {
    out += " ELSE ";
    expr(*e.otherwise);
  }
  out += " END";
}

void Printer::predicate(const Expr& e) {
  switch (e.kind) {
    case ExprKind::kIsNull: {
      const auto& is = static_cast<const IsNullExpr&>(e);
      operand(*is.operand);
      out += is.negated ? " IS NOT NULL" : " IS NULL";
      return;
    }
    case ExprKind::kIsBool: {
      const auto& is = static_cast<const IsBoolExpr&>(e);
      operand(*is.operand);
      out += is.negated ? " IS NOT " : " IS ";
      out += is.truth == TruthValue::kTrue    ? "TRUE"
             : is.truth == TruthValue::kFalse ? "FALSE"
                                              : "UNKNOWN";
      return;
    }
    case ExprKind::kIsDistinct: {
      const auto& is = static_cast<const IsDistinctExpr&>(e);
      operand(*is.left);
      out += is.negated ? " IS NOT DISTINCT FROM " : " IS DISTINCT FROM ";
      operand(*is.right);
      return;
    }
    case ExprKind::kBetween: {
      const auto& between = static_cast<const BetweenExpr&>(e);
      operand(*between.operand);
      out += between.negated ? " NOT BETWEEN " : " BETWEEN ";
      if (between.symmetric) out += "SYMMETRIC ";
      operand(*between.low);
      out += " AND ";
      operand(*between.high);
      return;
    }
    case ExprKind::kIn: {
      const auto& in = static_cast<const InExpr&>(e);
      operand(*in.operand);
      out += in.negated ? " NOT IN (" : " IN (";
      list(in.items);
      out += ')';
      return;
    }
    default:
      break;
  }
  const auto& like = static_cast<const LikeExpr&>(e);
  operand(*like.operand);
  out += like.negated ? " NOT " : " ";
  out += like.like == LikeKind::kLike    ? "LIKE "
         : like.like == LikeKind::kIlike ? "ILIKE "
                                         : "SIMILAR TO ";
  operand(*like.pattern);
  if (like.escape != nullptr) {
    out += " ESCAPE ";
    operand(*like.escape);
  }
}

void Printer::expr(const Expr& e) {
  switch (e.kind) {
    case ExprKind::kLiteral:
      return literal(static_cast<const LiteralExpr&>(e));
    case ExprKind::kColumn: {
      const auto& column = static_cast<const ColumnExpr&>(e);
      if (!column.schema.empty()) out += quote_ident(column.schema) + ".";
      if (!column.table.empty()) out += quote_ident(column.table) + ".";
      out += quote_ident(column.column);
      return;
    }
    case ExprKind::kStar: {
      const auto& star = static_cast<const StarExpr&>(e);
      if (!star.schema.empty()) out += quote_ident(star.schema) + ".";
      if (!star.table.empty()) out += quote_ident(star.table) + ".";
      out += '*';
      return;
    }
    case ExprKind::kParameter:
      out += "$" + std::to_string(static_cast<const ParameterExpr&>(e).number);
      return;
    case ExprKind::kUnary: {
      const auto& unary = static_cast<const UnaryExpr&>(e);
      out += unary.op == "not"
                 ? "NOT "
                 : std::string(unary.op) + (unary.op == "-" || unary.op == "+" ? "" : " ");
      operand(*unary.operand);
      return;
    }
    case ExprKind::kBinary: {
      const auto& binary = static_cast<const BinaryExpr&>(e);
      if (binary.op == "and" || binary.op == "or") return chain(binary);
      operand(*binary.left);
      out += " " + std::string(binary.op) + " ";
      operand(*binary.right);
      return;
    }
    case ExprKind::kIsNull:
    case ExprKind::kIsBool:
    case ExprKind::kIsDistinct:
    case ExprKind::kBetween:
    case ExprKind::kIn:
    case ExprKind::kLike:
      return predicate(e);
    case ExprKind::kCase:
      return case_of(static_cast<const CaseExpr&>(e));
    case ExprKind::kCast: {
      const auto& cast = static_cast<const CastExpr&>(e);
      operand(*cast.operand);
      out += "::" + to_sql(cast.type);
      return;
    }
    case ExprKind::kCall:
      return call(static_cast<const CallExpr&>(e));
    case ExprKind::kRow: {
      out += "ROW(";
      list(static_cast<const RowExpr&>(e).items);
      out += ')';
      return;
    }
    case ExprKind::kDefault:
      out += "DEFAULT";
      return;
    case ExprKind::kSubquery:
    case ExprKind::kExists:
    case ExprKind::kInSubquery:
      return subquery(static_cast<const SubqueryExpr&>(e));
  }
}

// ---- Queries ----

void Printer::names(const List<std::string_view>& items) {
  out += '(';
  for (size_t i = 0; i < items.count; ++i) out += (i > 0 ? ", " : "") + quote_ident(items[i]);
  out += ')';
}

void Printer::in_parentheses(const SelectStmt& s) {
  out += '(';
  select(s);
  out += ')';
}

void Printer::with(const SelectStmt& s) {
  if (s.with.empty()) return;
  out += s.with_recursive ? "WITH RECURSIVE " : "WITH ";
  for (size_t i = 0; i < s.with.count; ++i) {
    const CommonTable& table = s.with[i];
    out += (i > 0 ? ", " : "") + quote_ident(table.name);
    if (!table.columns.empty()) {
      out += ' ';
      names(table.columns);
    }
    out += " AS ";
    in_parentheses(*table.select);
  }
  out += ' ';
}

void Printer::values(const SelectStmt& s) {
  out += "VALUES ";
  for (size_t i = 0; i < s.values.count; ++i) {
    out += i > 0 ? ", (" : "(";
    list(s.values[i]);
    out += ')';
  }
}

// Set operations, and whatever ends in clauses of its own, stand in parentheses.
void Printer::set_operand(const SelectStmt& s) {
  const bool simple = s.set_operation == SetOperation::kNone && s.with.empty() &&
                      s.order_by.empty() && s.limit == nullptr && s.offset == nullptr;
  if (simple) return select(s);
  in_parentheses(s);
}

void Printer::plain_select(const SelectStmt& s) {
  out += "SELECT";
  if (s.distinct) out += " DISTINCT";
  if (!s.distinct_on.empty()) {
    out += " ON (";
    list(s.distinct_on);
    out += ')';
  }
  for (size_t i = 0; i < s.items.count; ++i) {
    out += i > 0 ? ", " : " ";
    expr(*s.items[i].expr);
    if (!s.items[i].alias.empty()) out += " AS " + quote_ident(s.items[i].alias);
  }
  for (size_t i = 0; i < s.from.count; ++i) {
    out += i > 0 ? ", " : " FROM ";
    table(*s.from[i]);
  }
  if (s.where != nullptr) {
    out += " WHERE ";
    expr(*s.where);
  }
  if (!s.group_by.empty()) {
    out += " GROUP BY ";
    list(s.group_by);
  }
  if (s.having != nullptr) {
    out += " HAVING ";
    expr(*s.having);
  }
}

void Printer::order_by(const List<OrderItem>& items) {
  for (size_t i = 0; i < items.count; ++i) {
    const OrderItem& item = items[i];
    out += i > 0 ? ", " : " ORDER BY ";
    expr(*item.expr);
    if (item.descending) out += " DESC";
    if (item.nulls_first != item.descending)
      out += item.nulls_first ? " NULLS FIRST" : " NULLS LAST";
  }
}

void Printer::ordering(const SelectStmt& s) {
  order_by(s.order_by);
  if (s.limit != nullptr) {
    const bool all = s.limit->kind == ExprKind::kLiteral &&
                     static_cast<const LiteralExpr*>(s.limit)->literal == LiteralKind::kNull;
    out += " LIMIT ";
    if (all) {
      out += "ALL";
    } else {
      operand(*s.limit);
    }
  }
  if (s.offset != nullptr) {
    out += " OFFSET ";
    operand(*s.offset);
  }
}

void Printer::select(const SelectStmt& s) {
  with(s);
  if (s.set_operation != SetOperation::kNone) {
    set_operand(*s.left);
    out += s.set_operation == SetOperation::kUnion       ? " UNION "
           : s.set_operation == SetOperation::kIntersect ? " INTERSECT "
                                                         : " EXCEPT ";
    if (s.set_all) out += "ALL ";
    set_operand(*s.right);
  } else if (!s.values.empty()) {
    values(s);
  } else {
    plain_select(s);
  }
  ordering(s);
}

void Printer::alias(std::string_view name, const List<std::string_view>& columns) {
  if (name.empty()) return;
  out += " AS " + quote_ident(name);
  if (columns.empty()) return;
  out += ' ';
  names(columns);
}

void Printer::as_of(const AsOf& as_of) {
  switch (as_of.kind) {
    case AsOfKind::kNone:
      return;
    case AsOfKind::kRevision:
      out += " AS OF ";
      break;
    case AsOfKind::kTimestamp:
      out += " AS OF TIMESTAMP ";
      break;
    case AsOfKind::kBetween:
      out += " FOR SYSTEM_TIME BETWEEN ";
      break;
    case AsOfKind::kFromTo:
      out += " FOR SYSTEM_TIME FROM ";
      break;
    case AsOfKind::kAll:
      out += " FOR SYSTEM_TIME ALL";
      return;
  }
  operand(*as_of.value);
  if (as_of.until == nullptr) return;
  out += as_of.kind == AsOfKind::kBetween ? " AND " : " TO ";
  operand(*as_of.until);
}

void Printer::named_table(const NamedTable& t) {
  out += to_sql(t.name);
  as_of(t.as_of);
  alias(t.alias, t.column_aliases);
}

// Joins group to the left; one on the right stands in parentheses.
void Printer::join_operand(const TableRef& t, bool right) {
  if (!right || t.kind != TableRefKind::kJoin) return table(t);
  out += '(';
  table(t);
  out += ')';
}

void Printer::join(const JoinTable& t) {
  join_operand(*t.left, false);
  if (t.natural) out += " NATURAL";
  switch (t.join) {
    case JoinKind::kInner:
      out += " JOIN ";
      break;
    case JoinKind::kLeft:
      out += " LEFT JOIN ";
      break;
    case JoinKind::kRight:
      out += " RIGHT JOIN ";
      break;
    case JoinKind::kFull:
      out += " FULL JOIN ";
      break;
    case JoinKind::kCross:
      out += " CROSS JOIN ";
      break;
  }
  join_operand(*t.right, true);
  if (t.on != nullptr) {
    out += " ON ";
    expr(*t.on);
  }
  if (!t.using_columns.empty()) {
    out += " USING ";
    names(t.using_columns);
  }
}

void Printer::table(const TableRef& t) {
  switch (t.kind) {
    case TableRefKind::kTable:
      return named_table(static_cast<const NamedTable&>(t));
    case TableRefKind::kJoin:
      return join(static_cast<const JoinTable&>(t));
    case TableRefKind::kSubquery: {
      const auto& subquery = static_cast<const SubqueryTable&>(t);
      in_parentheses(*subquery.select);
      return alias(subquery.alias, subquery.column_aliases);
    }
    case TableRefKind::kFunction: {
      // Only plain calls stand in FROM; names with a syntax of their own are quoted.
      const auto& function = static_cast<const FunctionTable&>(t);
      plain_call(*function.call, quote_ident(function.call->name));
      if (function.with_ordinality) out += " WITH ORDINALITY";
      return alias(function.alias, function.column_aliases);
    }
  }
}

// The name of a type as the grammar takes it: the words that it fuses, keywords that are types, or
// quoted.
std::string type_word(std::string_view name) {
  for (const std::string_view known :
       {"double precision", "character varying", "bit varying", "interval", "time", "timestamp"}) {
    if (name == known) return std::string(name);
  }
  if (name.starts_with("interval ")) return std::string(name);  // With its fields.
  if (const size_t dot = name.find('.');
      dot != std::string_view::npos && dot > 0 && dot + 1 < name.size()) {
    return quote_ident(name.substr(0, dot)) + "." + quote_ident(name.substr(dot + 1));
  }
  const Keyword* keyword = find_keyword(name);
  if (keyword != nullptr && (keyword->terminal == TK_IDENT || keyword->terminal == TK_TYPE_FUNC))
    return std::string(name);
  return quote_ident(name);
}

}  // namespace

std::string to_sql(const Expr& expr) {
  Printer printer;
  printer.expr(expr);
  return std::move(printer.out);
}

std::string to_sql(const SelectStmt& select) {
  Printer printer;
  printer.select(select);
  return std::move(printer.out);
}

std::string to_sql(const QualifiedName& name) {
  std::string out;
  if (!name.catalog.empty()) out += quote_ident(name.catalog) + ".";
  if (!name.schema.empty()) out += quote_ident(name.schema) + ".";
  return out + quote_ident(name.name);
}

std::string to_sql(const TypeName& type) {
  std::string modifiers;
  for (size_t i = 0; i < type.modifiers.count; ++i)
    modifiers += (i == 0 ? "(" : ", ") + std::to_string(type.modifiers[i]);
  if (!modifiers.empty()) modifiers += ')';
  // The modifier stands before WITH TIME ZONE.
  const size_t zone = type.name.find(" with time zone");
  std::string out = zone == std::string_view::npos
                        ? type_word(type.name) + modifiers
                        : std::string(type.name.substr(0, zone)) + modifiers + " with time zone";
  if (type.is_array) out += "[]";
  return out;
}

}  // namespace rowan::sql
