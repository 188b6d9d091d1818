#include "engine/verbs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "catalog/objects.h"
#include "engine/virtual_rows.h"
#include "expr/constant.h"
#include "expr/named_arguments.h"
#include "sql/parser.h"
#include "sql/walk.h"
#include "type/array.h"

namespace rowan::engine {

namespace {

using type::TypeId;
using type::Value;
using Values = std::vector<Value>;
using Text = Result<std::string>;

std::string quoted(const Value& value) { return sql::quote_literal(value.as_string()); }
bool is_on(const Values& values, size_t index) {
  return !values[index].is_null() && values[index].as_int() != 0;
}
std::string when(const Values& values, size_t index, std::string_view words) {
  return is_on(values, index) ? fmt::format(" {}", words) : std::string();
}
std::string when_given(const Values& values, size_t index, std::string_view word) {
  if (values[index].is_null()) return {};
  return fmt::format(" {} {}", word, quoted(values[index]));
}

// "public.t", "t", "\"Order 7\"" as SQL, whatever it holds.
Text relation(const Value& value) {
  const std::string_view text = value.as_string();
  TRY_ASSIGN(const catalog::ObjectName name, catalog::parse_name(text, ""));
  if (name.schema.empty()) return sql::quote_ident(name.name);
  return catalog::qualified(name.schema, name.name);
}

// ---- What each verb says ----

Text create_branch(const Values& v) {
  return fmt::format("CREATE BRANCH{} {}{}", when(v, 2, "IF NOT EXISTS"), quoted(v[0]),
                     when_given(v, 1, "FROM"));
}
Text drop_branch(const Values& v) {
  return fmt::format("DROP BRANCH{} {}{}", when(v, 2, "IF EXISTS"), quoted(v[0]),
                     when(v, 1, "FORCE"));
}
Text rename_branch(const Values& v) {
  return fmt::format("RENAME BRANCH {} TO {}", quoted(v[0]), quoted(v[1]));
}
Text protect_branch(const Values& v) { return "PROTECT BRANCH " + quoted(v[0]); }
Text unprotect_branch(const Values& v) { return "UNPROTECT BRANCH " + quoted(v[0]); }
Text checkout(const Values& v) { return "CHECKOUT " + quoted(v[0]); }

// "manual, renumber" as WITH manual, WITH renumber. Nothing but what is listed gets into the text.
Text policies(const Value& value) {
  std::string text;
  std::string_view rest = value.as_string();
  while (true) {
    const size_t comma = rest.find(',');
    std::string_view words = rest.substr(0, comma);
    while (words.starts_with(' ')) words.remove_prefix(1);
    while (words.ends_with(' ')) words.remove_suffix(1);
    static constexpr std::string_view kKnown[] = {
        "row-level", "last writer",     "ours",              "theirs",   "manual",
        "renumber",  "no fast forward", "fast forward only", "unrelated histories"};
    if (std::find(std::begin(kKnown), std::end(kKnown), words) == std::end(kKnown))
      return Error(ErrorCode::kInvalidParameterValue,
                   fmt::format("unknown merge policy \"{}\"", words))
          .with_hint("The policies are row-level, ours, theirs and manual; renumber, no fast "
                     "forward, fast forward only and unrelated histories can stand beside one, "
                     "with commas between.");
    text += fmt::format("{}WITH {}", text.empty() ? " " : ", ", words);
    if (comma == std::string_view::npos) return text;
    rest.remove_prefix(comma + 1);
  }
}

Text merge_of(std::string_view sources, const Values& v) {
  std::string with;
  if (!v[1].is_null()) {
    TRY_ASSIGN(with, policies(v[1]));
  }
  return fmt::format("MERGE {}{}{}{}", sources, with, when(v, 3, "DRY RUN"),
                     when_given(v, 2, "MESSAGE"));
}
Text merge(const Values& v) { return merge_of(quoted(v[0]), v); }
// Of several branches at once: ARRAY['a', 'b'].
Text merge_octopus(const Values& v) {
  std::string sources;
  for (type::ArrayReader reader(v[0].as_string()); !reader.at_end();) {
    const std::optional<type::Datum> source = reader.next();
    if (!source)
      return Error(ErrorCode::kInvalidParameterValue, "a source of a merge must not be null");
    sources += fmt::format("{}{}", sources.empty() ? "" : ", ", sql::quote_literal(source->text));
  }
  if (sources.empty())
    return Error(ErrorCode::kInvalidParameterValue, "a merge needs at least one source");
  return merge_of(sources, v);
}
Text commit_merge(const Values& v) { return "COMMIT MERGE" + when_given(v, 0, "MESSAGE"); }
Text abort_merge(const Values&) { return std::string("ABORT MERGE"); }

// head, source, base and their other names; all else is the row as JSON.
std::string side(const Value& value) {
  static constexpr std::string_view kSides[] = {"head", "ours", "source", "theirs", "base"};
  std::string word(value.as_string());
  for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const bool known = std::find(std::begin(kSides), std::end(kSides), word) != std::end(kSides);
  return known ? word : quoted(value);
}

Text resolve(const Values& v) {
  const std::string using_side = " USING " + side(v[0]);
  if (v[1].is_null()) return "RESOLVE CONFLICTS" + using_side;
  TRY_ASSIGN(const std::string table, relation(v[1]));
  std::string key;
  for (size_t i = 2; i < v.size(); ++i) {
    if (v[i].is_null()) continue;
    key += fmt::format("{}{}", key.empty() ? "" : ", ", quoted(v[i]));
  }
  if (key.empty()) return fmt::format("RESOLVE CONFLICTS IN {}{}", table, using_side);
  return fmt::format("RESOLVE CONFLICT IN {} KEY ({}){}", table, key, using_side);
}

Text tag(const Values& v) {
  return fmt::format("CREATE TAG {}{}{}", quoted(v[0]), when_given(v, 1, "FROM"),
                     when_given(v, 2, "MESSAGE"));
}
Text drop_tag(const Values& v) {
  return fmt::format("DROP TAG{} {}", when(v, 1, "IF EXISTS"), quoted(v[0]));
}

Text restore(const Values& v) {
  std::string what = "ALL";
  if (!v[1].is_null()) {
    TRY_ASSIGN(const std::string table, relation(v[1]));
    what = "TABLE " + table;
  }
  return fmt::format("RESTORE {} TO {}{}", what, quoted(v[0]), when_given(v, 2, "MESSAGE"));
}
Text restore_schema(const Values& v) {
  return fmt::format("RESTORE SCHEMA {} TO {}{}", sql::quote_ident(v[1].as_string()), quoted(v[0]),
                     when_given(v, 2, "MESSAGE"));
}
Text reset(const Values& v) {
  return fmt::format("RESET TO {}{}", quoted(v[0]), when(v, 1, "FORCE"));
}
Text pick(std::string_view verb, const Values& v) {
  std::string parent;
  if (!v[2].is_null()) {
    if (v[2].as_int() < 1)
      return Error(ErrorCode::kInvalidParameterValue, "parents are counted from 1");
    parent = fmt::format(" PARENT {}", v[2].as_int());
  }
  return fmt::format("{} {}{}{}", verb, quoted(v[0]), when_given(v, 1, "MESSAGE"), parent);
}
Text revert(const Values& v) { return pick("REVERT", v); }
Text cherry_pick(const Values& v) { return pick("CHERRY-PICK", v); }
Text rebase(const Values& v) { return "REBASE ONTO " + quoted(v[0]); }
Text squash(const Values& v) {
  return fmt::format("SQUASH SINCE {}{}{}", quoted(v[0]), when_given(v, 1, "MESSAGE"),
                     when(v, 2, "FORCE"));
}
Text take_foreign(const Values& v) {
  return fmt::format("TAKE FOREIGN {}{}", quoted(v[0]), when_given(v, 1, "MESSAGE"));
}
Text drop_foreign(const Values& v) { return "DROP FOREIGN " + quoted(v[0]); }

constexpr TypeId kString = TypeId::kText, kFlag = TypeId::kBool, kNumber = TypeId::kInt4;
constexpr TypeId kStrings = type::array_of(TypeId::kText);

}  // namespace

struct Verb {
  std::string_view name;
  std::string_view parameters;  // For people, as CREATE FUNCTION would have them.
  std::vector<TypeId> types;
  size_t required;  // Arguments that must be given, and not be NULL.
  size_t more = 0;  // Texts that may follow: the parts of a key.
  Text (*statement)(const Values& values);
};

namespace {

const std::vector<Verb>& verbs() {
  constexpr size_t kKeyParts = 32;
  static const std::vector<Verb> all = {
      {"abort_merge", "", {}, 0, 0, abort_merge},
      {"checkout", "revision", {kString}, 1, 0, checkout},
      {"cherry_pick", "revision, message, parent", {kString, kString, kNumber}, 1, 0, cherry_pick},
      {"commit_merge", "message", {kString}, 0, 0, commit_merge},
      {"create_branch", "name, revision, if_not_exists", {kString, kString, kFlag}, 1, 0,
       create_branch},
      {"drop_branch", "name, force, if_exists", {kString, kFlag, kFlag}, 1, 0, drop_branch},
      {"drop_foreign", "commit", {kString}, 1, 0, drop_foreign},
      {"drop_tag", "name, if_exists", {kString, kFlag}, 1, 0, drop_tag},
      {"merge", "source, policy, message, dry_run", {kString, kString, kString, kFlag}, 1, 0, merge},
      {"merge_octopus", "sources, policy, message, dry_run", {kStrings, kString, kString, kFlag}, 1, 0,
       merge_octopus},
      {"protect_branch", "name", {kString}, 1, 0, protect_branch},
      {"rebase", "onto", {kString}, 1, 0, rebase},
      {"rename_branch", "name, new_name", {kString, kString}, 2, 0, rename_branch},
      {"reset", "revision, force", {kString, kFlag}, 1, 0, reset},
      {"resolve", "side, table, key…", {kString, kString}, 1, kKeyParts, resolve},
      {"restore", "revision, table, message", {kString, kString, kString}, 1, 0, restore},
      {"restore_schema", "revision, schema, message", {kString, kString, kString}, 2, 0,
       restore_schema},
      {"revert", "revision, message, parent", {kString, kString, kNumber}, 1, 0, revert},
      {"squash", "since, message, force", {kString, kString, kFlag}, 1, 0, squash},
      {"tag", "name, revision, message", {kString, kString, kString}, 1, 0, tag},
      {"take_foreign", "commit, message", {kString, kString}, 1, 0, take_foreign},
      {"unprotect_branch", "name", {kString}, 1, 0, unprotect_branch},
  };
  return all;
}

const Verb* find_verb(const sql::CallExpr& call) {
  if (call.schema != "rowan") return nullptr;
  for (const Verb& verb : verbs()) {
    if (verb.name == call.name) return &verb;
  }
  return nullptr;
}

Error misplaced(const sql::CallExpr& call) {
  return Error(ErrorCode::kFeatureNotSupported,
               fmt::format("rowan.{} cannot stand inside another statement", call.name))
      .with_hint(fmt::format("It commits by itself: SELECT * FROM rowan.{0}(…) or CALL rowan.{0}(…), "
                             "alone.",
                             call.name))
      .at(call.position);
}

// The call that is all of `SELECT * FROM f(…)`.
const sql::CallExpr* only_call(const sql::SelectStmt& select) {
  const bool plain = select.with.count == 0 && select.set_operation == sql::SetOperation::kNone &&
                     select.values.count == 0 && !select.distinct && select.distinct_on.count == 0 &&
                     select.where == nullptr && select.group_by.count == 0 &&
                     select.having == nullptr && select.order_by.count == 0 &&
                     select.limit == nullptr && select.offset == nullptr &&
                     select.items.count == 1 && select.from.count == 1;
  if (!plain || select.items[0].expr->kind != sql::ExprKind::kStar ||
      !static_cast<const sql::StarExpr&>(*select.items[0].expr).table.empty() ||
      select.from[0]->kind != sql::TableRefKind::kFunction)
    return nullptr;
  const auto& table = static_cast<const sql::FunctionTable&>(*select.from[0]);
  return table.column_aliases.count == 0 ? table.call : nullptr;
}

bool begins_with_call(std::string_view text) {
  constexpr std::string_view kWord = "call";
  return text.size() > kWord.size() &&
         std::equal(kWord.begin(), kWord.end(), text.begin(),
                    [](char a, char b) { return a == (b | 0x20); }) &&
         std::isalnum(static_cast<unsigned char>(text[kWord.size()])) == 0;
}

class VerbsNamed final : public sql::Visitor {
 public:
  void call(sql::CallExpr& call) override {
    if (first == nullptr && find_verb(call) != nullptr) first = &call;
  }
  const sql::CallExpr* first = nullptr;
};

}  // namespace

bool is_verb(const sql::CallExpr& call) { return find_verb(call) != nullptr; }

std::vector<std::string> verb_calls() {
  std::vector<std::string> calls;
  for (const Verb& verb : verbs()) {
    std::string call = fmt::format("rowan.{}(", verb.name);
    size_t open = 0;
    const std::vector<expr::ArgumentName> names = expr::argument_names(verb.parameters);
    for (size_t i = 0; i < names.size(); ++i) {
      const bool is_optional = i >= verb.required;
      if (is_optional) ++open;
      call += fmt::format("{}{}{} {}", is_optional ? (i > 0 ? " [" : "[") : "", i > 0 ? ", " : "", names[i].name,
                          type::plain_type_name(i < verb.types.size() ? verb.types[i] : TypeId::kText));
    }
    calls.push_back(call.append(open, ']') + ')');
  }
  return calls;
}

Result<std::optional<VerbCall>> find_verb_call(const sql::Statement& statement) {
  if (statement.kind != sql::StatementKind::kSelect) return std::optional<VerbCall>();
  const sql::CallExpr* call = only_call(static_cast<const sql::SelectStmt&>(statement));
  if (call == nullptr) return std::optional<VerbCall>();
  const Verb* verb = find_verb(*call);
  const bool is_call = begins_with_call(statement.text);
  if (verb == nullptr && is_call)
    return Error(ErrorCode::kUndefinedFunction,
                 fmt::format("procedure {}{}{} does not exist", call->schema,
                             call->schema.empty() ? "" : ".", call->name))
        .with_hint("SELECT calls functions; CALL is for the verbs of version control.")
        .at(call->position);
  if (verb == nullptr) return std::optional<VerbCall>();
  return std::optional<VerbCall>({verb, call, is_call});
}

namespace {

// The arguments of a call with names in the verb's order, NULL for those left out between them.
Result<std::vector<expr::NodePtr>> in_places(const VerbCall& call,
                                             std::vector<expr::NodePtr> arguments) {
  std::vector<expr::ArgumentName> names = expr::argument_names(call.verb->parameters);
  if (call.verb->more > 0) names.pop_back();  // "key…"
  for (size_t i = call.verb->required; i < names.size(); ++i) names[i].otherwise = "";
  const auto places = expr::place_arguments(names, call.verb->required, *call.call);
  if (!places)
    return expr::no_such_function(*call.call, arguments)
        .with_hint(fmt::format("It is rowan.{}({}); the first {} must be given.", call.verb->name,
                               call.verb->parameters, call.verb->required));
  std::vector<expr::NodePtr> placed;
  for (const expr::PlacedArgument& place : *places) {
    const type::Type type{call.verb->types[placed.size()]};
    placed.push_back(place.argument ? std::move(arguments[*place.argument])
                                    : expr::make_constant(Value::null(type)));
  }
  return placed;
}

}  // namespace

Result<std::vector<expr::NodePtr>> bind_arguments(const VerbCall& call,
                                                  expr::ParameterTypes& parameters) {
  const Verb& verb = *call.verb;
  const size_t given = call.call->arguments.count;
  const bool odd = call.call->star || call.call->distinct || call.call->filter != nullptr ||
                   call.call->order_by.count > 0;
  if (odd || given < verb.required || given > verb.types.size() + verb.more) {
    return Error(ErrorCode::kUndefinedFunction,
                 fmt::format("function rowan.{} does not take {} argument{}", verb.name, given,
                             given == 1 ? "" : "s"))
        .with_hint(fmt::format("It is rowan.{}({}); the first {} must be given.", verb.name,
                               verb.parameters, verb.required))
        .at(call.call->position);
  }
  expr::NoColumns scope("arguments of version control");
  expr::BindContext context{scope, parameters, {}};
  std::vector<expr::NodePtr> nodes;
  for (const sql::Expr* argument : call.call->arguments) {
    TRY_ASSIGN(expr::NodePtr node, expr::bind(*argument, context));
    nodes.push_back(std::move(node));
  }
  if (!call.call->names.empty()) {
    TRY_ASSIGN(nodes, in_places(call, std::move(nodes)));
  }
  for (size_t i = 0; i < nodes.size(); ++i) {
    const bool is_key = i >= verb.types.size();
    expr::NodePtr& node = nodes[i];
    const type::Type wanted{is_key ? TypeId::kText : verb.types[i]};
    TRY_ASSIGN(node, expr::coerce(std::move(node), wanted,
                                  is_key ? type::CastContext::kExplicit
                                         : type::CastContext::kAssignment,
                                  context));
  }
  return nodes;
}

Result<std::string> statement_of(const VerbCall& call, const std::vector<Value>& arguments) {
  const Verb& verb = *call.verb;
  for (size_t i = 0; i < verb.required; ++i) {
    if (!arguments[i].is_null()) continue;
    return Error(ErrorCode::kInvalidParameterValue,
                 fmt::format("argument {} of rowan.{}({}) must not be null", i + 1, verb.name,
                             verb.parameters));
  }
  Values values = arguments;
  while (values.size() < verb.types.size())
    values.push_back(Value::null({verb.types[values.size()]}));
  return verb.statement(values);
}

std::vector<plan::OutputColumn> verb_columns() {
  return {{"commit", {TypeId::kText}},
          {"rows", {TypeId::kInt8}},
          {"conflicts", {TypeId::kInt8}},
          {"notice", {TypeId::kText}}};
}

TableRows verb_row(const versions::VerbResult& result) {
  TableRows rows;
  rows.columns = verb_columns();
  const auto text = [](std::string_view value) {
    return value.empty() ? Value::null({TypeId::kText}) : text_value(std::string(value));
  };
  std::string notice;
  for (const std::string& each : result.facts.notices)
    notice += (notice.empty() ? "" : "\n") + each;
  RowCollector collector(rows.columns);
  collector.add({text(result.facts.commit_id), bigint_value(static_cast<int64_t>(result.facts.affected)),
                 bigint_value(static_cast<int64_t>(result.open_conflicts)), text(notice)});
  rows.batches = collector.finish();
  return rows;
}

Result<void> check_no_verb(const sql::CallExpr& call) {
  if (find_verb(call) == nullptr) return {};
  return misplaced(call);
}

Result<void> check_no_verb(const sql::Statement& statement) {
  if (statement.kind != sql::StatementKind::kSelect) return {};
  VerbsNamed named;
  // Walking changes nothing unless the visitor does.
  sql::walk(const_cast<sql::SelectStmt&>(static_cast<const sql::SelectStmt&>(statement)), named);
  return named.first == nullptr ? Result<void>() : misplaced(*named.first);
}

}  // namespace rowan::engine
