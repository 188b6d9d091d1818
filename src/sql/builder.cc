#include "sql/builder.h"

#include <charconv>

#include "base/deep_stack.h"
#include "base/limits.h"
#include "sql/grammar.h"
#include "sql/parser.h"

namespace rowan::sql {

// AND and OR chains: terms are gathered while they come and become a tree at the end, a balanced
// one when they are many, so that a chain of thousands of terms stays shallow. The tree depends on
// the list of terms alone.
struct Builder::Chain : BinaryExpr {
  ExprList terms;
  uint16_t terms_depth = 0;
  Chain* next = nullptr;
};

namespace {

constexpr uint32_t kChainLeftDeepMax = 32;

// What an erring token says when it starts something that PostgreSQL has and Rowan does not yet.
std::string_view missing_feature(int terminal, std::string_view word) {
  switch (terminal) {
    case TK_ARRAY:
    case TK_LBRACKET:
      return "arrays of more than one dimension and slices are not supported yet";
    case TK_LATERAL:
      return "LATERAL is not supported yet";
    case TK_WINDOW:
      return "window functions are not supported yet";
    default:
      break;
  }
  if (word == "sets") return "GROUPING SETS is not supported yet";
  return {};
}

bool is_comparison(std::string_view op) {
  return op == "=" || op == "<>" || op == "<" || op == ">" || op == "<=" || op == ">=";
}

}  // namespace

// ---- For the parser ----

void Builder::fail(ErrorCode code, std::string message, uint32_t position) {
  if (!error_) error_ = Error(code, std::move(message)).at(position);
}

void Builder::stack_overflow() {
  fail(ErrorCode::kStatementTooComplex, "stack depth limit exceeded", 0);
}

void Builder::syntax_error(int terminal, const Token& token) {
  if (terminal == kTokenEnd)
    return fail(ErrorCode::kSyntaxError, "syntax error at end of input", token.position);
  if (const std::string_view feature = missing_feature(terminal, token.text()); !feature.empty()) {
    return fail(ErrorCode::kFeatureNotSupported, std::string(feature), token.position);
  }
  std::string message = "syntax error at or near \"";
  message += source_.substr(token.begin, token.end - token.begin);
  message += '"';
  fail(ErrorCode::kSyntaxError, std::move(message), token.position);
}

const Token& Builder::bare_label(const Token& token) {
  static constexpr std::string_view kOnlyBehindAs[] = {
      "array",   "as",     "char",      "character", "create", "day",     "except", "fetch",
      "filter",  "for",    "from",      "grant",     "group",  "having",  "hour",   "intersect",
      "into",    "isnull", "limit",     "minute",    "month",  "notnull", "offset", "on",
      "order",   "over",   "overlaps",  "precision", "returning", "second", "to",   "union",
      "varying", "where",  "window",    "with",      "within", "without", "year"};
  const bool quoted = source_[token.begin] == '"' || token.end - token.begin != token.size;
  if (!quoted && std::find(std::begin(kOnlyBehindAs), std::end(kOnlyBehindAs), token.text()) !=
                     std::end(kOnlyBehindAs)) {
    fail(ErrorCode::kSyntaxError,
         "syntax error at or near \"" +
             std::string(source_.substr(token.begin, token.end - token.begin)) + "\"",
         token.position);
  }
  return token;
}

void Builder::accept(Statement* statement) {
  finish_chains();
  statement_ = statement;
}

void Builder::accept_expression(Expr* expr) {
  finish_chains();
  expression_ = expr;
}

void Builder::limit_depth(uint16_t& depth, uint32_t wanted, uint32_t position) {
  const auto most = static_cast<uint32_t>(nesting_limits().expressions);
  if (wanted > most) {
    fail(ErrorCode::kStatementTooComplex, "stack depth limit exceeded", position);
    wanted = most;
  }
  depth = static_cast<uint16_t>(wanted);
}

uint32_t Builder::depth_of(const ExprList* list) const {
  uint32_t deepest = 0;
  for (uint32_t i = 0; list != nullptr && i < list->count; ++i)
    deepest = std::max<uint32_t>(deepest, list->items[i]->depth);
  return deepest;
}

// ---- Small values ----

const char* Builder::dotted(const Token& scope, const Token& name) {
  return text(std::string(scope.text()) + "." + std::string(name.text()));
}

SettingText Builder::joined(SettingText left, SettingText right) {
  return {text(std::string(left.words) + ", " + right.words),
          text(std::string(left.names) + ", " + right.names), true};
}

SettingText Builder::setting_name(const Token& word) {
  return {text(word.text()), text(quote_ident(word.text())), false};
}

const char* Builder::signed_text(const Token& sign, const Token& number) {
  return text((sign.text() == "-" ? "-" : "") + std::string(number.text()));
}

int32_t Builder::modifier(const Token& digits, bool negative) {
  int32_t value = 0;
  const auto read = std::from_chars(digits.data, digits.data + digits.size, value);
  if (read.ec != std::errc()) {
    fail(ErrorCode::kInvalidParameterValue, "type modifier is out of range", digits.position);
  }
  return negative ? -value : value;
}

QualifiedName* Builder::qualified(const Token& name) {
  QualifiedName* made = arena_.make<QualifiedName>();
  made->name = name.text();
  made->position = name.position;
  return made;
}

QualifiedName* Builder::qualified(const Token& schema, const Token& name) {
  QualifiedName* made = qualified(schema);
  made->schema = schema.text();
  made->name = cut_identifier(name.text());
  return made;
}

QualifiedName* Builder::qualified(const Token& catalog, const Token& schema, const Token& name) {
  QualifiedName* made = qualified(schema, name);
  made->catalog = catalog.text();
  made->position = catalog.position;
  return made;
}

TypeName* Builder::type(const Token& name, const ModifierList* modifiers) {
  TypeName* made = arena_.make<TypeName>();
  made->name = name.text();
  made->modifiers = list(modifiers);
  made->position = name.position;
  return made;
}

TypeName* Builder::qualified_type(const Token& schema, const Token& name,
                                  const ModifierList* modifiers) {
  TypeName* made = type(name, modifiers);
  made->position = schema.position;
  if (schema.text() != "pg_catalog") made->name = dotted(schema, name);
  return made;
}

TypeName* Builder::time_type(const Token& name, const ModifierList* modifiers, bool with_zone) {
  TypeName* made = type(name, modifiers);
  if (with_zone)
    made->name = name.text() == "time" ? "time with time zone" : "timestamp with time zone";
  return made;
}

// Named with its fields: "interval day to second".
TypeName* Builder::interval_type(const Token& name, const Token& fields,
                                 const ModifierList* modifiers) {
  TypeName* made = type(name, modifiers);
  made->name = arena_.copy("interval " + std::string(fields.text()));
  return made;
}

TypeName* Builder::array_type(TypeName* type, int dimensions) {
  type->is_array = dimensions > 0;
  return type;
}

// ---- Expressions ----

Expr* Builder::literal(LiteralKind kind, const Token& token) {
  auto* made = node<LiteralExpr>(ExprKind::kLiteral, token.position);
  made->literal = kind;
  if (kind != LiteralKind::kNull) made->text = token.text();
  return made;
}

Expr* Builder::boolean(const Token& token, bool value) {
  auto* made = node<LiteralExpr>(ExprKind::kLiteral, token.position);
  made->literal = LiteralKind::kBool;
  made->boolean = value;
  return made;
}

Expr* Builder::number(const Token& token) {
  const bool integer = token.text().find_first_not_of("0123456789") == std::string_view::npos;
  return literal(integer ? LiteralKind::kInteger : LiteralKind::kDecimal, token);
}

Expr* Builder::one(const Token& token) {
  auto* made = node<LiteralExpr>(ExprKind::kLiteral, token.position);
  made->literal = LiteralKind::kInteger;
  made->text = "1";
  return made;
}

Expr* Builder::string(const Token& token) {
  const char first = source_[token.begin];
  if (first != 'n' && first != 'N') return literal(LiteralKind::kString, token);
  auto* type = arena_.make<TypeName>();
  type->name = "bpchar";
  type->position = token.position;
  return typed_literal(type, token);
}

// As PostgreSQL has it, a literal of type char without a length is as long as it is.
Expr* Builder::typed_literal(TypeName* type, const Token& text) {
  if (type->modifiers.size() == 0 && (type->name == "char" || type->name == "character")) {
    type->name = "bpchar";
  }
  auto* made = node<CastExpr>(ExprKind::kCast, type->position);
  made->operand = literal(LiteralKind::kString, text);
  made->type = *type;
  set_depth(made, made->operand);
  return made;
}

Expr* Builder::typed_literal(const Token& name, Arguments arguments, const Token& text) {
  if (arguments.names != nullptr)
    fail(ErrorCode::kSyntaxError, "type modifier cannot have parameter name", name.position);
  const ExprList* modifiers = arguments.values;
  ModifierList* numbers = modifiers == nullptr ? nullptr : arena_.make<ModifierList>();
  for (uint32_t i = 0; modifiers != nullptr && i < modifiers->count; ++i) {
    const auto* number = static_cast<const LiteralExpr*>(modifiers->items[i]);
    int32_t value = 0;
    const bool integer =
        number->kind == ExprKind::kLiteral && number->literal == LiteralKind::kInteger &&
        std::from_chars(number->text.data(), number->text.data() + number->text.size(), value).ec ==
            std::errc();
    if (!integer)
      fail(ErrorCode::kInvalidParameterValue,
           "type modifiers must be simple constants or identifiers", name.position);
    append(numbers, value);
  }
  return typed_literal(type(name, numbers), text);
}

Token Builder::text_parameter(const Token& token) {
  const auto* made = static_cast<const ParameterExpr*>(parameter(token));
  auto* stands = arena_.make<TextParameter>();
  stands->number = made->number;
  stands->position = token.position;
  stands->begin = token.begin;
  stands->end = token.end;
  text_parameters_.push_back(stands);
  return token;
}

GivenText Builder::given(const Token& token) const {
  if (token.data == nullptr) return {};
  for (const TextParameter* parameter : text_parameters_) {
    if (parameter->begin == token.begin) return GivenText(parameter);
  }
  return token.text();
}

Expr* Builder::parameter(const Token& token) {
  auto* made = node<ParameterExpr>(ExprKind::kParameter, token.position);
  uint32_t number = 0;
  const auto read = std::from_chars(token.data, token.data + token.size, number);
  if (read.ec != std::errc() || number > kParametersMax) {
    fail(ErrorCode::kProgramLimit, "parameter numbers go up to " + std::to_string(kParametersMax),
         token.position);
    number = 1;
  } else if (number == 0) {
    fail(ErrorCode::kUndefinedParameter, "there is no parameter $0", token.position);
  }
  made->number = number;
  parameter_count_ = std::max(parameter_count_, number);
  return made;
}

Expr* Builder::column(const Token& column) {
  auto* made = node<ColumnExpr>(ExprKind::kColumn, column.position);
  made->column = column.text();
  return made;
}

Expr* Builder::column(const Token& table, const Token& column) {
  auto* made = node<ColumnExpr>(ExprKind::kColumn, table.position);
  made->table = table.text();
  made->column = cut_identifier(column.text());
  return made;
}

Expr* Builder::column(const Token& schema, const Token& table, const Token& column) {
  auto* made = static_cast<ColumnExpr*>(this->column(table, column));
  made->schema = schema.text();
  made->position = schema.position;
  return made;
}

Expr* Builder::any_star(const Token& token) {
  return node<StarExpr>(ExprKind::kStar, token.position);
}

Expr* Builder::star(const Token& table) {
  auto* made = node<StarExpr>(ExprKind::kStar, table.position);
  made->table = table.text();
  return made;
}

Expr* Builder::star(const Token& schema, const Token& table) {
  auto* made = node<StarExpr>(ExprKind::kStar, schema.position);
  made->schema = schema.text();
  made->table = table.text();
  return made;
}

Expr* Builder::unary(const Token& op, Expr* operand) {
  auto* made = node<UnaryExpr>(ExprKind::kUnary, op.position);
  made->op = op.text();
  made->operand = operand;
  set_depth(made, operand);
  return made;
}

// Comparisons do not chain: `a = b = c` is a syntax error. (lemon's %nonassoc needs compressed
// tables to say so.)
Expr* Builder::binary(const Token& op, Expr* left, Expr* right) {
  if (is_comparison(op.text()) && left->kind == ExprKind::kBinary && !left->parenthesised &&
      is_comparison(static_cast<BinaryExpr*>(left)->op)) {
    syntax_error(TK_OP, op);
  }
  auto* made = node<BinaryExpr>(ExprKind::kBinary, op.position);
  made->op = op.text();
  made->left = left;
  made->right = right;
  set_depth(made, left, right);
  return made;
}

Expr* Builder::logical(const Token& op, Expr* left, Expr* right) {
  const auto chain_of = [&](Expr* expr) -> Chain* {
    if (expr->kind != ExprKind::kBinary) return nullptr;
    auto* binary = static_cast<BinaryExpr*>(expr);
    return binary->op == op.text() ? static_cast<Chain*>(binary)
                                   : nullptr;  // Only this function makes "and" and "or".
  };
  Chain* chain = chain_of(left);
  if (chain == nullptr) {
    chain = node<Chain>(ExprKind::kBinary, op.position);
    chain->op = op.text();
    chain->next = chains_;
    chains_ = chain;
    append(&chain->terms, left);
    chain->terms_depth = left->depth;
  }
  if (Chain* more = chain_of(right)) {
    join_lists(&chain->terms, &more->terms);
    chain->terms_depth = std::max(chain->terms_depth, more->terms_depth);
    more->terms.count = 0;  // Taken over.
  } else {
    append(&chain->terms, right);
    chain->terms_depth = std::max(chain->terms_depth, right->depth);
  }
  uint32_t levels = chain->terms.count - 1;
  if (chain->terms.count > kChainLeftDeepMax) {
    for (levels = 1; (1u << levels) < chain->terms.count && levels < 31;) ++levels;
  }
  limit_depth(chain->depth, chain->terms_depth + levels, op.position);
  return chain;
}

Expr* Builder::chain_tree(const Chain& chain, size_t from, size_t count) {
  if (count == 1) return chain.terms.items[from];
  auto* made = node<BinaryExpr>(ExprKind::kBinary, chain.position);
  made->op = chain.op;
  const size_t left = chain.terms.count > kChainLeftDeepMax ? (count + 1) / 2 : count - 1;
  made->left = chain_tree(chain, from, left);
  made->right = chain_tree(chain, from + left, count - left);
  set_depth(made, made->left, made->right);
  return made;
}

void Builder::finish_chains() {
  for (Chain* chain = chains_; chain != nullptr; chain = chain->next) {
    const size_t count = chain->terms.count;
    if (count < 2) continue;
    const size_t left = count > kChainLeftDeepMax ? (count + 1) / 2 : count - 1;
    chain->left = chain_tree(*chain, 0, left);
    chain->right = chain_tree(*chain, left, count - left);
  }
}

Expr* Builder::like(const Token& op, Expr* operand, Expr* pattern, Expr* escape, bool negated) {
  auto* made = node<LikeExpr>(ExprKind::kLike, op.position);
  made->operand = operand;
  made->pattern = pattern;
  made->escape = escape;
  made->like = op.text() == "like"    ? LikeKind::kLike
               : op.text() == "ilike" ? LikeKind::kIlike
                                      : LikeKind::kSimilar;
  made->negated = negated;
  set_depth(made, operand, pattern, escape);
  return made;
}

Expr* Builder::is_null(const Token& op, Expr* operand, bool negated) {
  auto* made = node<IsNullExpr>(ExprKind::kIsNull, op.position);
  made->operand = operand;
  made->negated = negated;
  set_depth(made, operand);
  return made;
}

Expr* Builder::is_bool(const Token& op, Expr* operand, const Token& value, bool negated) {
  auto* made = node<IsBoolExpr>(ExprKind::kIsBool, op.position);
  made->operand = operand;
  made->truth = value.text() == "true"    ? TruthValue::kTrue
                : value.text() == "false" ? TruthValue::kFalse
                                          : TruthValue::kUnknown;
  made->negated = negated;
  set_depth(made, operand);
  return made;
}

Expr* Builder::is_distinct(const Token& op, Expr* left, Expr* right, bool negated) {
  auto* made = node<IsDistinctExpr>(ExprKind::kIsDistinct, op.position);
  made->left = left;
  made->right = right;
  made->negated = negated;
  set_depth(made, left, right);
  return made;
}

Expr* Builder::between(const Token& op, Expr* operand, Expr* low, Expr* high, bool symmetric,
                       bool negated) {
  auto* made = node<BetweenExpr>(ExprKind::kBetween, op.position);
  made->operand = operand;
  made->low = low;
  made->high = high;
  made->symmetric = symmetric;
  made->negated = negated;
  set_depth(made, operand, low, high);
  return made;
}

Expr* Builder::in_list(const Token& op, Expr* operand, const ExprList* items, bool negated) {
  auto* made = node<InExpr>(ExprKind::kIn, op.position);
  made->operand = operand;
  made->items = list(items);
  made->negated = negated;
  limit_depth(made->depth, std::max<uint32_t>(operand->depth, depth_of(items)) + 1, op.position);
  return made;
}

Expr* Builder::in_select(const Token& op, Expr* operand, SelectStmt* select, bool negated) {
  auto* made = node<SubqueryExpr>(ExprKind::kInSubquery, op.position);
  made->select = select;
  made->operand = operand;
  made->negated = negated;
  limit_depth(made->depth, std::max(operand->depth, select->depth) + 1u, op.position);
  return made;
}

// `= ANY (SELECT …)` is IN and `<> ALL (SELECT …)` is NOT IN.
Expr* Builder::quantified_select(const Token& op, Expr* operand, const Token& quantifier,
                                 SelectStmt* select) {
  const bool all = quantifier.text() == "all";
  if (op.text() != (all ? "<>" : "=")) {
    fail(ErrorCode::kFeatureNotSupported,
         "of subqueries, ANY and ALL are supported only as = ANY and <> ALL yet", op.position);
    return operand;
  }
  return in_select(op, operand, select, all);
}

// A call of a name that no function has: "= any", "<= all".
Expr* Builder::quantified_array(const Token& op, Expr* operand, const Token& quantifier,
                                Expr* array) {
  const bool all = quantifier.text() == "all";
  return call(op, arena_.copy(std::string(op.text()) + (all ? " all" : " any")), operand, array);
}

Expr* Builder::array(const Token& at, const ExprList* items) {
  auto* made = node<CallExpr>(ExprKind::kCall, at.position);
  made->name = "array[]";
  made->arguments = list(items);
  limit_depth(made->depth, depth_of(items) + 1, at.position);
  return made;
}

// SELECT COALESCE(array_agg("array"), '{}') AS "array" FROM (…) "array"("array")
Expr* Builder::array_subquery(const Token& at, SelectStmt* rows) {
  const Token name{"array", 5, at.position, at.begin, at.end};
  const Token none{"{}", 2, at.position, at.begin, at.end};
  Expr* gathered = call(nullptr, {"array_agg", 9, at.position, at.begin, at.end},
                        start(column(name)), CallForm::kPlain);
  Expr* array = call(at, "coalesce", gathered, literal(LiteralKind::kString, none));
  TableRef* from = subquery_table(rows, {name, start(name.text())});
  return subquery(
      select(at, {}, start(TargetItem{array, name}), start(from), nullptr, nullptr, nullptr));
}

Expr* Builder::cast(const Token& op, Expr* operand, TypeName* type) {
  auto* made = node<CastExpr>(ExprKind::kCast, op.position);
  made->operand = operand;
  made->type = *type;
  set_depth(made, operand);
  return made;
}

// Text has one collation, by bytes, under its usual names.
Expr* Builder::collate(const Token& op, Expr* operand, const QualifiedName* collation) {
  if (collation->name != "C" && collation->name != "POSIX" && collation->name != "default") {
    fail(ErrorCode::kUndefinedObject,
         "collation \"" + std::string(collation->name) + "\" for encoding \"UTF8\" does not exist",
         op.position);
  }
  return operand;
}

Expr* Builder::case_of(const Token& token, Expr* operand, const BranchList* branches,
                       Expr* otherwise) {
  auto* made = node<CaseExpr>(ExprKind::kCase, token.position);
  made->operand = operand;
  made->branches = list(branches);
  made->otherwise = otherwise;
  uint32_t deepest =
      std::max<uint32_t>(operand ? operand->depth : 0, otherwise ? otherwise->depth : 0);
  for (const CaseBranch& branch : made->branches) {
    deepest = std::max<uint32_t>({deepest, branch.when->depth, branch.then->depth});
  }
  limit_depth(made->depth, deepest + 1, token.position);
  return made;
}

Expr* Builder::subquery(SelectStmt* select) {
  auto* made = node<SubqueryExpr>(ExprKind::kSubquery, select->position);
  made->select = select;
  limit_depth(made->depth, select->depth + 1u, select->position);
  return made;
}

Expr* Builder::exists(const Token& token, SelectStmt* select) {
  auto* made = node<SubqueryExpr>(ExprKind::kExists, token.position);
  made->select = select;
  limit_depth(made->depth, select->depth + 1u, token.position);
  return made;
}

Expr* Builder::row(const Token& token, const ExprList* items) {
  auto* made = node<RowExpr>(ExprKind::kRow, token.position);
  made->items = list(items);
  limit_depth(made->depth, depth_of(items) + 1, token.position);
  return made;
}

Expr* Builder::parenthesised(Expr* expr) {
  expr->parenthesised = true;
  return expr;
}

Expr* Builder::default_value(const Token& token) {
  return node<DefaultExpr>(ExprKind::kDefault, token.position);
}

namespace {

bool is_sequence_function(std::string_view name) {
  return name == "nextval" || name == "currval" || name == "setval";
}

// nextval('s'::regclass), as PostgreSQL writes defaults, is nextval('s') here.
Expr* without_regclass(Expr* argument) {
  if (argument->kind != ExprKind::kCast) return argument;
  const auto* cast = static_cast<const CastExpr*>(argument);
  const bool is_name = cast->type.name == "regclass" && cast->operand->kind == ExprKind::kLiteral;
  return is_name ? cast->operand : argument;
}

}  // namespace

CallExpr* Builder::call(const Token* schema, const Token& name, const ExprList* arguments,
                        CallForm form) {
  auto* made =
      node<CallExpr>(ExprKind::kCall, schema == nullptr ? name.position : schema->position);
  if (schema != nullptr) made->schema = schema->text();
  made->name = cut_identifier(name.text());
  made->arguments = list(arguments);
  if (is_sequence_function(made->name)) {
    for (Expr*& argument : made->arguments) argument = without_regclass(argument);
  }
  made->star = form == CallForm::kStar;
  made->distinct = form == CallForm::kDistinct;
  limit_depth(made->depth, depth_of(arguments) + 1, made->position);
  calls_.push_back(made);
  return made;
}

Expr* Builder::call(const Token& at, std::string_view name, Expr* a, Expr* b, Expr* c, Expr* d) {
  auto* made = node<CallExpr>(ExprKind::kCall, at.position);
  made->name = name;
  ExprList* arguments = start(a);
  for (Expr* more : {b, c, d}) {
    if (more != nullptr) append(arguments, more);
  }
  made->arguments = list(arguments);
  limit_depth(made->depth, depth_of(arguments) + 1, at.position);
  return made;
}

CallExpr* Builder::call(const Token* schema, const Token& name, Arguments arguments, CallForm form) {
  CallExpr* made = call(schema, name, arguments.values, form);
  made->names = list(arguments.names);
  return made;
}

Arguments Builder::argument(Arguments before, Expr* value) {
  if (before.names != nullptr)
    fail(ErrorCode::kSyntaxError, "positional argument cannot follow named argument", value->position);
  before.values = before.values == nullptr ? start(value) : append(before.values, value);
  return before;
}

Arguments Builder::argument(Arguments before, const Token& name, Expr* value) {
  if (before.names == nullptr) {
    before.names = arena_.make<NameList>();
    const uint32_t unnamed = before.values == nullptr ? 0 : before.values->count;
    for (uint32_t i = 0; i < unnamed; ++i) append(before.names, std::string_view());
  }
  for (const std::string_view known : list(before.names)) {
    if (known == name.text())
      fail(ErrorCode::kSyntaxError,
           "argument name \"" + std::string(known) + "\" used more than once", name.position);
  }
  append(before.names, name.text());
  before.values = before.values == nullptr ? start(value) : append(before.values, value);
  return before;
}

CallExpr* Builder::ordered(CallExpr* call, const OrderList* order) {
  call->order_by = list(order);
  for (const OrderItem& item : call->order_by)
    limit_depth(call->depth, std::max<uint32_t>(call->depth, item.expr->depth + 1u), call->position);
  return call;
}

Expr* Builder::filtered(CallExpr* call, Expr* filter) {
  call->filter = filter;
  if (filter != nullptr)
    limit_depth(call->depth, std::max<uint32_t>(call->depth, filter->depth + 1u), call->position);
  return call;
}

Expr* Builder::extract(const Token& token, const Token& field, Expr* from) {
  return call(token, "extract", literal(LiteralKind::kString, field), from);
}

Expr* Builder::substring_for(const Token& token, Expr* operand, Expr* count) {
  return call(token, "substring", operand, one(token), count);
}

Expr* Builder::trim(const Token& token, const char* function, const ExprList* arguments) {
  CallExpr* made = call(nullptr, token, arguments, CallForm::kPlain);
  made->name = function;
  return made;
}

// ---- Queries ----

List<SelectItem> Builder::items(const TargetList* targets) {
  if (targets == nullptr) return {};
  List<SelectItem> made;
  made.count = targets->count;
  made.items = static_cast<SelectItem*>(arena_.allocate(sizeof(SelectItem) * targets->count));
  for (uint32_t i = 0; i < targets->count; ++i) {
    const TargetItem& target = targets->items[i];
    new (made.items + i) SelectItem{
        target.expr, target.alias.data ? cut_identifier(target.alias.text()) : std::string_view()};
  }
  return made;
}

SelectStmt* Builder::select(const Token& token, Distinct distinct, const TargetList* targets,
                            const TableList* from, Expr* where, const ExprList* group_by,
                            Expr* having) {
  auto* made = statement_node<SelectStmt>(StatementKind::kSelect, token);
  made->distinct = distinct.on;
  made->distinct_on = list(distinct.exprs);
  made->items = items(targets);
  made->from = list(from);
  made->where = where;
  made->group_by = list(group_by);
  made->having = having;
  uint32_t deepest = std::max<uint32_t>({depth_of(distinct.exprs), depth_of(group_by),
                                         where ? where->depth : 0u, having ? having->depth : 0u});
  for (const SelectItem& item : made->items)
    deepest = std::max<uint32_t>(deepest, item.expr->depth);
  for (const TableRef* table : made->from) deepest = std::max<uint32_t>(deepest, table->depth);
  limit_depth(made->depth, deepest + 1, token.position);
  return made;
}

SelectStmt* Builder::values(const Token& token, const RowList* rows) {
  auto* made = statement_node<SelectStmt>(StatementKind::kSelect, token);
  made->values = list(rows);
  uint32_t deepest = 0;
  for (const List<Expr*>& row : made->values) {
    if (row.count != made->values[0].count) {
      fail(ErrorCode::kSyntaxError, "VALUES lists must all be the same length", row[0]->position);
    }
    for (const Expr* expr : row) deepest = std::max<uint32_t>(deepest, expr->depth);
  }
  limit_depth(made->depth, deepest + 1, token.position);
  return made;
}

SelectStmt* Builder::select_table(const Token& token, const QualifiedName* name) {
  const TargetList* all = start(TargetItem{any_star(token), {}});
  return select(token, {}, all, start(table(name, nullptr, {})), nullptr, nullptr, nullptr);
}

SelectStmt* Builder::set_operation(const Token& op, SelectStmt* left, SelectStmt* right, bool all) {
  Token first = op;
  first.position = left->position;
  auto* made = statement_node<SelectStmt>(StatementKind::kSelect, first);
  made->text = {};
  made->set_operation = op.text() == "union"       ? SetOperation::kUnion
                        : op.text() == "intersect" ? SetOperation::kIntersect
                                                   : SetOperation::kExcept;
  made->set_all = all;
  made->left = left;
  made->right = right;
  limit_depth(made->depth, std::max(left->depth, right->depth) + 1u, op.position);
  return made;
}

SelectStmt* Builder::finish_select(const WithClause* with, SelectStmt* select,
                                   const OrderList* order_by, const LimitClause* limits) {
  // Parentheses may hold clauses of the same kind: `(SELECT … LIMIT 2) LIMIT 1`. The outer ones
  // then stand on a query around it.
  const bool clash =
      (order_by != nullptr && !select->order_by.empty()) ||
      (limits != nullptr && (select->limit != nullptr || select->offset != nullptr)) ||
      (order_by != nullptr && (select->limit != nullptr || select->offset != nullptr)) ||
      (with != nullptr && !select->with.empty());
  if (clash) {
    Token token{};
    token.position = select->position;
    SelectStmt* inner = select;
    const TargetList* all = start(TargetItem{any_star(token), {}});
    select =
        this->select(token, {}, all, start(subquery_table(inner, {})), nullptr, nullptr, nullptr);
  }
  uint32_t deepest = select->depth;
  if (with != nullptr) {
    select->with = list(with->tables);
    select->with_recursive = with->recursive;
    for (const CommonTable& table : select->with)
      deepest = std::max<uint32_t>(deepest, table.select->depth + 1u);
  }
  if (order_by != nullptr) {
    select->order_by = list(order_by);
    for (const OrderItem& item : select->order_by)
      deepest = std::max<uint32_t>(deepest, item.expr->depth + 1u);
  }
  if (limits != nullptr) {
    select->limit = limits->limit;
    select->offset = limits->offset;
    for (const Expr* expr : {select->limit, select->offset}) {
      if (expr != nullptr) deepest = std::max<uint32_t>(deepest, expr->depth + 1u);
    }
  }
  limit_depth(select->depth, deepest, select->position);
  return select;
}

SelectStmt* Builder::parenthesised(SelectStmt* select) {
  select->parenthesised = true;
  return select;
}

LimitClause* Builder::limits(Expr* limit, Expr* offset) {
  return arena_.make<LimitClause>(limit, offset);
}

WithClause* Builder::with(CommonList* tables, bool recursive) {
  return arena_.make<WithClause>(tables, recursive);
}

CommonTable* Builder::common_table(const Token& name, const NameList* columns, SelectStmt* select) {
  return arena_.make<CommonTable>(name.text(), list(columns), select);
}

TableRef* Builder::table(const QualifiedName* name, const AsOf* as_of, Alias alias) {
  auto* made = arena_.make<NamedTable>();
  made->kind = TableRefKind::kTable;
  made->position = name->position;
  made->name = *name;
  if (as_of != nullptr) made->as_of = *as_of;
  made->alias = alias.name.text();
  made->column_aliases = list(alias.columns);
  for (const Expr* value : {made->as_of.value, made->as_of.until}) {
    if (value != nullptr)
      limit_depth(made->depth, std::max<uint32_t>(made->depth, value->depth + 1u), made->position);
  }
  return made;
}

Statement* Builder::call_statement(const Token& token, CallExpr* call) {
  const TargetList* all = start(TargetItem{any_star(token), {}});
  return finish(select(token, {}, all, start(function_table(call, {})), nullptr, nullptr, nullptr),
                token);
}

TableRef* Builder::function_table(CallExpr* call, Alias alias) {
  auto* made = arena_.make<FunctionTable>();
  made->kind = TableRefKind::kFunction;
  made->position = call->position;
  made->call = call;
  made->alias = alias.name.text();
  made->column_aliases = list(alias.columns);
  limit_depth(made->depth, call->depth + 1u, made->position);
  return made;
}

TableRef* Builder::numbered(TableRef* function) {
  static_cast<FunctionTable*>(function)->with_ordinality = true;
  return function;
}

TableRef* Builder::subquery_table(SelectStmt* select, Alias alias) {
  auto* made = arena_.make<SubqueryTable>();
  made->kind = TableRefKind::kSubquery;
  made->position = select->position;
  made->select = select;
  made->alias = alias.name.text();
  made->column_aliases = list(alias.columns);
  limit_depth(made->depth, select->depth + 1u, made->position);
  return made;
}

TableRef* Builder::join(const Token& token, JoinKind kind, TableRef* left, TableRef* right,
                        JoinCondition condition) {
  auto* made = arena_.make<JoinTable>();
  made->kind = TableRefKind::kJoin;
  made->position = token.position;
  made->join = kind;
  made->left = left;
  made->right = right;
  made->on = condition.on;
  made->using_columns = list(condition.columns);
  uint32_t deepest =
      std::max<uint32_t>({left->depth, right->depth, condition.on ? condition.on->depth : 0u});
  limit_depth(made->depth, deepest + 1, token.position);
  return made;
}

TableRef* Builder::cross_join(const Token& token, TableRef* left, TableRef* right) {
  return join(token, JoinKind::kCross, left, right, {});
}

TableRef* Builder::natural_join(const Token& token, JoinKind kind, TableRef* left,
                                TableRef* right) {
  auto* made = static_cast<JoinTable*>(join(token, kind, left, right, {}));
  made->natural = true;
  return made;
}

AsOf* Builder::at_revision(const Token& op, const Token& revision) {
  if (op.text() != "@") syntax_error(TK_OP, op);
  const bool is_parameter = source_[revision.begin] == '$' && source_[revision.end - 1] != '$';
  return is_parameter ? parameter_revision(revision) : this->revision(revision);
}

// The literal gets the parameter's text; until then it is written as the parameter.
AsOf* Builder::parameter_revision(const Token& token) {
  text_parameter(token);
  text_parameters_.back()->is_revision = true;
  auto* made = static_cast<LiteralExpr*>(literal(LiteralKind::kDecimal, token));
  made->text = source_.substr(token.begin, token.end - token.begin);
  text_parameters_.back()->literal = made;
  return revision(made);
}

AsOf* Builder::revision(const Token& name) {
  return revision(literal(LiteralKind::kString, revision_word(name)));
}

OrderItem* Builder::order(Expr* expr, bool descending, int nulls) {
  return arena_.make<OrderItem>(expr, descending, nulls == 0 ? descending : nulls > 0);
}

// ---- Data changes ----

Overriding Builder::overriding(const Token& whose, const Token& value) {
  const bool is_system = whose.text() == "system";
  const bool known = is_system || whose.text() == "user";
  if (!known || value.text() != "value") syntax_error(TK_IDENT, known ? value : whose);
  return is_system ? Overriding::kSystem : Overriding::kUser;
}

Statement* Builder::insert(const Token& token, const QualifiedName* table, const Token* alias,
                           InsertSource source, const TargetList* returning) {
  auto* made = statement_node<InsertStmt>(StatementKind::kInsert, token);
  made->table = *table;
  if (alias != nullptr) made->alias = cut_identifier(alias->text());
  made->columns = list(source.columns);
  made->source = source.select;
  made->overriding = source.overriding;
  made->returning = items(returning);
  return made;
}

Statement* Builder::update(const Token& token, const QualifiedName* table, std::string_view alias,
                           const AssignmentList* set, const TableList* from, Expr* where,
                           const TargetList* returning) {
  auto* made = statement_node<UpdateStmt>(StatementKind::kUpdate, token);
  made->table = *table;
  made->alias = alias;
  made->set = list(set);
  made->from = list(from);
  made->where = where;
  made->returning = items(returning);
  return made;
}

AssignmentList* Builder::assign(const Token& column, Expr* value) {
  return start(Assignment{column.text(), value, column.position});
}

AssignmentList* Builder::assign_row(const Token& token, const NameList* columns, Expr* value) {
  auto* made = arena_.make<AssignmentList>();
  if (columns->count == 1)
    return append(made, Assignment{columns->items[0], value, token.position});
  if (value->kind != ExprKind::kRow) {
    const bool select = value->kind == ExprKind::kSubquery;
    fail(ErrorCode::kFeatureNotSupported,
         select
             ? "assigning several columns from a query is not supported yet"
             : "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression",
         value->position);
    return made;
  }
  const List<Expr*>& values = static_cast<RowExpr*>(value)->items;
  if (values.count != columns->count) {
    fail(ErrorCode::kSyntaxError, "number of columns does not match number of values",
         token.position);
    return made;
  }
  for (uint32_t i = 0; i < columns->count; ++i)
    append(made, Assignment{columns->items[i], values[i], token.position});
  return made;
}

Statement* Builder::remove(const Token& token, const QualifiedName* table, Alias alias,
                           const TableList* using_tables, Expr* where,
                           const TargetList* returning) {
  auto* made = statement_node<DeleteStmt>(StatementKind::kDelete, token);
  made->table = *table;
  made->alias = alias.name.text();
  if (alias.columns != nullptr)
    fail(ErrorCode::kSyntaxError, "the table that DELETE takes rows from keeps its columns' names",
         alias.name.position);
  made->using_tables = list(using_tables);
  made->where = where;
  made->returning = items(returning);
  return made;
}

Statement* Builder::truncate(const Token& token, const QualifiedList* tables, bool restart_identity,
                             bool cascade) {
  auto* made = statement_node<TruncateStmt>(StatementKind::kTruncate, token);
  made->tables = list(tables);
  made->restart_identity = restart_identity;
  made->cascade = cascade;
  return made;
}

void Builder::apply_copy(CopyStmt& statement, const Token& end, const CopyOptions* options) {
  const Statement base = statement;
  const bool from = statement.from;
  if (options != nullptr && options->freeze && !from)
    fail(ErrorCode::kFeatureNotSupported, "COPY freeze only available using COPY FROM", end.position);
  if (options != nullptr) statement = options->values;
  static_cast<Statement&>(statement) = base;
  statement.from = from;
  const std::string_view source = source_.substr(end.begin, 1);
  if (source == "'" || source == "$" || source == "E" || source == "e") {
    statement.end = CopyEnd::kFile;
    statement.path = end.text();
  } else {
    // As in PostgreSQL, STDIN and STDOUT mean the client whichever way the rows go.
    statement.end = from ? CopyEnd::kStdin : CopyEnd::kStdout;
  }
}

Statement* Builder::copy(const Token& token, const QualifiedName* table, const NameList* columns,
                         bool from, const Token& end, const CopyOptions* options) {
  auto* made = statement_node<CopyStmt>(StatementKind::kCopy, token);
  made->from = from;
  apply_copy(*made, end, options);
  made->table = *table;
  made->columns = list(columns);
  return made;
}

Statement* Builder::copy_select(const Token& token, SelectStmt* select, const Token& end,
                                const CopyOptions* options) {
  auto* made = statement_node<CopyStmt>(StatementKind::kCopy, token);
  apply_copy(*made, end, options);
  made->select = select;
  return made;
}

CopyOptions* Builder::copy_options(CopyOptions* options) {
  if (options != nullptr) return options;
  auto* made = arena_.make<CopyOptions>();
  made->values.kind = StatementKind::kCopy;
  return made;
}

CopyOptions* Builder::copy_option(CopyOptions* options, const Token& name, const Token& value) {
  static constexpr std::string_view kOptions[] = {"format", "header", "delimiter", "null",
                                                  "quote",  "escape", "encoding", "freeze"};
  options = copy_options(options);
  CopyStmt& copy = options->values;
  const std::string_view option = name.text();
  const auto* known = std::find(std::begin(kOptions), std::end(kOptions), option);
  once(options->seen, 1u << (known - std::begin(kOptions)), name);
  const bool given = value.data != nullptr;
  const std::string_view text = given ? value.text() : std::string_view();
  const auto set = [&](bool& has, std::string_view& field) {
    if (!given)
      fail(ErrorCode::kSyntaxError, std::string(option) + " requires a parameter", name.position);
    has = true;
    field = text;
  };
  const auto is_on = [&] {
    const bool on = !given || text == "true" || text == "on" || text == "1";
    if (!on && text != "false" && text != "off" && text != "0")
      fail(ErrorCode::kSyntaxError, std::string(option) + " requires a Boolean value", name.position);
    return on;
  };
  if (option == "format") {
    copy.csv = text == "csv";
    if (text == "binary") {
      fail(ErrorCode::kFeatureNotSupported, "COPY format \"binary\" is not supported yet",
           name.position);
    } else if (text != "csv" && text != "text") {
      fail(ErrorCode::kInvalidParameterValue,
           "COPY format \"" + std::string(text) + "\" not recognized", name.position);
    }
  } else if (option == "header") {
    copy.header = is_on();
  } else if (option == "freeze") {
    options->freeze = is_on();  // PostgreSQL's rows then need no vacuum; Rowan's never do.
  } else if (option == "delimiter") {
    set(copy.has_delimiter, copy.delimiter);
  } else if (option == "null") {
    set(copy.has_null, copy.null_text);
  } else if (option == "quote") {
    set(copy.has_quote, copy.quote);
  } else if (option == "escape") {
    set(copy.has_escape, copy.escape);
  } else if (option == "encoding") {
    if (text != "UTF8" && text != "utf8" && text != "UTF-8" && text != "utf-8") {
      fail(ErrorCode::kFeatureNotSupported, "COPY reads and writes UTF8 only", name.position);
    }
  } else {
    fail(ErrorCode::kSyntaxError, "option \"" + std::string(option) + "\" not recognized",
         name.position);
  }
  return options;
}

CopyOptions* Builder::copy_into_options() {
  CopyOptions* made = copy_options(nullptr);
  made->values.csv = true;
  made->values.header = true;
  return made;
}

// CommitDB writes a tab as '\t'.
CopyOptions* Builder::copy_into_option(CopyOptions* options, OldCopyOption option) {
  if (option.name.text() == "delimiter" && option.value.text() == "\\t") {
    option.value.data = "\t";
    option.value.size = 1;
  }
  return copy_option(options, option.name, option.value);
}

CopyOptions* Builder::old_copy_option(CopyOptions* options, OldCopyOption option) {
  if (option.name.text() == "csv") {
    options = copy_options(options);
    once(options->seen, 1u, option.name);
    options->values.csv = true;
    return options;
  }
  return copy_option(options, option.name, option.value);
}

}  // namespace rowan::sql
