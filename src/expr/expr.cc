// The tree of bound expressions: making, copying, comparing, printing.
#include "expr/expr.h"

#include <algorithm>

#include "expr/constant_set.h"
#include "expr/array_forms.h"
#include "expr/families.h"
#include "expr/functions.h"
#include "expr/kernels.h"
#include "sql/parser.h"
#include "type/text.h"

namespace rowan::expr {

NodePtr Node::clone() const {
  auto copy = std::make_unique<Node>();
  copy->kind = kind;
  copy->type = type;
  copy->position = position;
  copy->column = column;
  copy->constant = constant;
  copy->constant_column = constant_column;
  copy->set = set;
  copy->function = function;
  copy->element_function = element_function;
  copy->cast_context = cast_context;
  copy->truth = truth;
  copy->negated = negated;
  copy->has_else = has_else;
  copy->children.reserve(children.size());
  for (const auto& child : children) copy->children.push_back(child->clone());
  return copy;
}

NodePtr make_column(uint32_t index, Type type) {
  auto node = std::make_unique<Node>();
  node->kind = NodeKind::kColumn;
  node->column = index;
  node->type = type;
  return node;
}

NodePtr make_constant(Value value) {
  auto node = std::make_unique<Node>();
  node->kind = NodeKind::kConstant;
  node->type = value.type();
  node->constant_column = constant_column(value, 1);
  node->constant = std::move(value);
  return node;
}

void prepare_set(Node& node) {
  constexpr size_t kFewItems = 4;  // Fewer are compared one by one.
  if (node.kind != NodeKind::kIn || node.children.size() <= kFewItems) return;
  auto set = std::make_shared<ConstantSet>(node.children[0]->type);
  for (size_t i = 1; i < node.children.size(); ++i) {
    const Node& item = *node.children[i];
    if (item.kind != NodeKind::kConstant) return;
    set->add(item.constant);
  }
  node.set = std::move(set);
}

void collect_columns(const Node& node, std::vector<uint32_t>& columns) {
  if (node.kind == NodeKind::kColumn) {
    const auto at = std::lower_bound(columns.begin(), columns.end(), node.column);
    if (at == columns.end() || *at != node.column) columns.insert(at, node.column);
  }
  for (const auto& child : node.children) collect_columns(*child, columns);
}

void remap_columns(Node& node, const std::vector<uint32_t>& new_index) {
  if (node.kind == NodeKind::kColumn) node.column = new_index[node.column];
  for (auto& child : node.children) remap_columns(*child, new_index);
}

static bool equal_values(const Value& a, const Value& b) {
  if (a.type() != b.type() || a.is_null() != b.is_null()) return false;
  if (a.is_null()) return true;
  const type::Physical form = physical(a.type().id);
  return form == type::Physical::kDouble
             ? normalised_double(a.as_double()) == normalised_double(b.as_double())
             : is_same(form, a.datum(), b.datum());
}

bool equal(const Node& a, const Node& b, bool as_written) {
  if (a.kind != b.kind || a.type != b.type || a.column != b.column || a.function != b.function ||
      a.negated != b.negated || a.has_else != b.has_else ||
      a.children.size() != b.children.size()) {
    return false;
  }
  if (a.kind == NodeKind::kIsBool && a.truth != b.truth) return false;
  if (a.kind == NodeKind::kCast && a.cast_context != b.cast_context) return false;
  if (a.kind == NodeKind::kConstant && !equal_values(a.constant, b.constant)) return false;
  if (a.kind == NodeKind::kCall && a.function->is_volatile() && !as_written) return false;
  for (size_t i = 0; i < a.children.size(); ++i) {
    if (!equal(*a.children[i], *b.children[i], as_written)) return false;
  }
  return true;
}

// ---- Printing ----

namespace {

void print(const Node& node, const std::vector<std::string>& columns, std::string& out);

void print_list(const Node& node, size_t from, std::string_view between,
                const std::vector<std::string>& columns, std::string& out) {
  for (size_t i = from; i < node.children.size(); ++i) {
    if (i > from) out += between;
    print(*node.children[i], columns, out);
  }
}

void print_constant(const Value& value, std::string& out) {
  if (value.is_null()) {
    out += "NULL";
    return;
  }
  const TypeId id = value.type().id;
  const std::string text = type::to_text(value);
  if (id == TypeId::kBool) {
    out += value.as_int() != 0 ? "true" : "false";
  } else if (type::is_number(id) && text.find_first_not_of("0123456789.-") == std::string::npos) {
    out += text;
  } else {
    out += sql::quote_literal(text);
    if (id != TypeId::kUnknown) out.append("::").append(type::type_name(value.type()));
  }
}

std::string_view symbol(std::string_view name) {
  if (name == "~~") return "LIKE";
  if (name == "!~~") return "NOT LIKE";
  if (name == "~~*") return "ILIKE";
  if (name == "!~~*") return "NOT ILIKE";
  if (name == kIsDistinctName) return "IS DISTINCT FROM";
  return name;
}

void print_call(const Node& node, const std::vector<std::string>& columns, std::string& out) {
  const std::string_view name = node.function->name;
  const char first = name.empty() ? '\0' : name[0];
  const bool is_word = (first >= 'a' && first <= 'z') || first == '_';
  if (is_word && name != kIsDistinctName) {
    out += name;
    out += '(';
    print_list(node, 0, ", ", columns, out);
    out += ')';
    return;
  }
  out += '(';
  if (name == kAnyEnding || name == kAllEnding) {
    print(*node.children[0], columns, out);
    out.append(" ").append(symbol(node.element_function->name));
    out += name == kAnyEnding ? " ANY (" : " ALL (";
    print(*node.children[1], columns, out);
    out += ')';
  } else if (node.children.size() == 1) {
    out += name;
    out += ' ';
    print(*node.children[0], columns, out);
  } else {
    print(*node.children[0], columns, out);
    out += ' ';
    out += symbol(name);
    out += ' ';
    print(*node.children[1], columns, out);
    if (node.children.size() > 2) {
      out += " ESCAPE ";
      print(*node.children[2], columns, out);
    }
  }
  out += ')';
}

void print_case(const Node& node, const std::vector<std::string>& columns, std::string& out) {
  out += "CASE";
  const size_t branches = (node.children.size() - (node.has_else ? 1 : 0)) / 2;
  for (size_t i = 0; i < branches; ++i) {
    out += " WHEN ";
    print(*node.children[2 * i], columns, out);
    out += " THEN ";
    print(*node.children[2 * i + 1], columns, out);
  }
  if (node.has_else) {
    out += " ELSE ";
    print(*node.children.back(), columns, out);
  }
  out += " END";
}

void print_test(const Node& node, const std::vector<std::string>& columns, std::string& out) {
  out += '(';
  print(*node.children[0], columns, out);
  out += node.negated ? " IS NOT " : " IS ";
  if (node.kind == NodeKind::kIsNull) {
    out += "NULL";
  } else {
    out += node.truth == sql::TruthValue::kTrue    ? "TRUE"
           : node.truth == sql::TruthValue::kFalse ? "FALSE"
                                                   : "UNKNOWN";
  }
  out += ')';
}

void print(const Node& node, const std::vector<std::string>& columns, std::string& out) {
  switch (node.kind) {
    case NodeKind::kColumn:
      out += node.column < columns.size() ? columns[node.column]
                                          : std::string("#").append(std::to_string(node.column));
      break;
    case NodeKind::kConstant:
      print_constant(node.constant, out);
      break;
    case NodeKind::kParameter:
      out.append("$").append(std::to_string(node.column + 1));
      break;
    case NodeKind::kCall:
      print_call(node, columns, out);
      break;
    case NodeKind::kCast:
      // Casts the binder put in are not shown; those the user wrote are.
      if (node.cast_context != type::CastContext::kExplicit) {
        print(*node.children[0], columns, out);
      } else {
        out += '(';
        print(*node.children[0], columns, out);
        out += ")::" + type::type_name(node.type);
      }
      break;
    case NodeKind::kAnd:
    case NodeKind::kOr:
      out += '(';
      print_list(node, 0, node.kind == NodeKind::kAnd ? " AND " : " OR ", columns, out);
      out += ')';
      break;
    case NodeKind::kNot:
      out += "(NOT ";
      print(*node.children[0], columns, out);
      out += ')';
      break;
    case NodeKind::kIsNull:
    case NodeKind::kIsBool:
      print_test(node, columns, out);
      break;
    case NodeKind::kCase:
      print_case(node, columns, out);
      break;
    case NodeKind::kIn:
      out += '(';
      print(*node.children[0], columns, out);
      out += node.negated ? " NOT IN (" : " IN (";
      print_list(node, 1, ", ", columns, out);
      out += "))";
      break;
    case NodeKind::kCoalesce:
      out += "COALESCE(";
      print_list(node, 0, ", ", columns, out);
      out += ')';
      break;
  }
}

}  // namespace

std::string to_string(const Node& node, const std::vector<std::string>& columns) {
  std::string out;
  print(node, columns, out);
  return out;
}

}  // namespace rowan::expr
