#include "sql/print.h"

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
    case ExprKind::kCast: return true;
    default: return false;
  }
}

bool is_string_literal(const Expr& expr) {
  return expr.kind == ExprKind::kLiteral && static_cast<const LiteralExpr&>(expr).literal == LiteralKind::kString;
}

class Printer {
 public:
  std::string out;
  bool complete = true;      // False once something was met that has no text.

  void expr(const Expr& e);

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
  void predicate(const Expr& e);
  void case_of(const CaseExpr& e);
};

void Printer::literal(const LiteralExpr& e) {
  switch (e.literal) {
    case LiteralKind::kNull: out += "NULL"; break;
    case LiteralKind::kBool: out += e.boolean ? "true" : "false"; break;
    case LiteralKind::kInteger:
    case LiteralKind::kDecimal: out += e.text; break;
    case LiteralKind::kString: out += quote_literal(e.text); break;
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
  if (e.schema.empty() && e.arguments.empty() && !e.star) {
    for (const std::string_view bare : {"current_catalog", "current_date", "current_role", "current_schema", "current_time",
                                        "current_timestamp", "current_user", "localtime", "localtimestamp", "session_user", "user"}) {
      if (e.name == bare) {
        for (const char c : bare) out += c == '_' ? c : static_cast<char>(c - 32);
        return;
      }
    }
  }
  if (e.schema.empty() && e.name == "extract" && e.arguments.size() == 2 && is_string_literal(*e.arguments[0])) {
    out += "EXTRACT(";
    expr(*e.arguments[0]);
    out += " FROM ";
    expr(*e.arguments[1]);
    out += ')';
    return;
  }
  // `position` has only the spelling with IN; the plain one is quoted to name the function.
  if (!e.schema.empty()) out += quote_ident(e.schema) + ".";
  const bool plain_special = e.schema.empty() && (e.name == "substring" || e.name == "overlay" || e.name == "left" || e.name == "right" ||
                                                  e.name == "coalesce" || e.name == "nullif" || e.name == "greatest" || e.name == "least");
  out += plain_special ? std::string(e.name) : quote_ident(e.name);
  out += '(';
  if (e.star) out += '*';
  if (e.distinct) out += "DISTINCT ";
  list(e.arguments);
  out += ')';
  if (e.filter != nullptr) {
    out += " FILTER (WHERE ";
    expr(*e.filter);
    out += ')';
  }
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
      out += is.truth == TruthValue::kTrue ? "TRUE" : is.truth == TruthValue::kFalse ? "FALSE" : "UNKNOWN";
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
    default: break;
  }
  const auto& like = static_cast<const LikeExpr&>(e);
  operand(*like.operand);
  out += like.negated ? " NOT " : " ";
  out += like.like == LikeKind::kLike ? "LIKE " : like.like == LikeKind::kIlike ? "ILIKE " : "SIMILAR TO ";
  operand(*like.pattern);
  if (like.escape != nullptr) {
    out += " ESCAPE ";
    operand(*like.escape);
  }
}

void Printer::expr(const Expr& e) {
  switch (e.kind) {
    case ExprKind::kLiteral: return literal(static_cast<const LiteralExpr&>(e));
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
      out += unary.op == "not" ? "NOT " : std::string(unary.op) + (unary.op == "-" || unary.op == "+" ? "" : " ");
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
    case ExprKind::kLike: return predicate(e);
    case ExprKind::kCase: return case_of(static_cast<const CaseExpr&>(e));
    case ExprKind::kCast: {
      const auto& cast = static_cast<const CastExpr&>(e);
      operand(*cast.operand);
      out += "::" + to_sql(cast.type);
      return;
    }
    case ExprKind::kCall: return call(static_cast<const CallExpr&>(e));
    case ExprKind::kRow: {
      out += "ROW(";
      list(static_cast<const RowExpr&>(e).items);
      out += ')';
      return;
    }
    case ExprKind::kDefault: out += "DEFAULT"; return;
    case ExprKind::kSubquery:
    case ExprKind::kExists:
    case ExprKind::kInSubquery: complete = false; return;
  }
}

}  // namespace

std::string to_sql(const Expr& expr) {
  Printer printer;
  printer.expr(expr);
  return printer.complete ? std::move(printer.out) : std::string();
}

std::string to_sql(const TypeName& type) {
  std::string modifiers;
  for (size_t i = 0; i < type.modifiers.count; ++i) modifiers += (i == 0 ? "(" : ", ") + std::to_string(type.modifiers[i]);
  if (!modifiers.empty()) modifiers += ')';
  std::string name(type.name);
  // The modifier stands before WITH TIME ZONE; words that are no plain names were fused by the grammar.
  const size_t zone = name.find(" with time zone");
  std::string out;
  if (zone != std::string::npos) {
    out = name.substr(0, zone) + modifiers + name.substr(zone);
  } else if (name.find(' ') != std::string::npos || name.find('.') != std::string::npos || name == "time" || name == "timestamp") {
    out = name + modifiers;
  } else {
    out = name + modifiers;
    for (const char c : name) {
      if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) {
        out = quote_ident(name) + modifiers;
        break;
      }
    }
  }
  if (type.is_array) out += "[]";
  return out;
}

}  // namespace rowan::sql
