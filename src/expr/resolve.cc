// PostgreSQL's overload resolution over the one table of functions ("Type Conversion",
// chapters 10.2 and 10.3).
#include "expr/resolve.h"

#include <algorithm>
#include <unordered_map>

#include "expr/binder.h"
#include "expr/families.h"
#include "type/cast.h"
#include "type/type_info.h"

namespace rowan::expr {

using type::Type;
using type::TypeId;

namespace {

using ByName = std::unordered_map<std::string_view, std::vector<const Function*>>;

const ByName& by_name() {
  static const ByName kByName = [] {  // Made once, never changed.
    ByName names;
    for (const Family& family : all_families()) {
      for (const Function& function : family.rows) names[function.name].push_back(&function);
    }
    return names;
  }();
  return kByName;
}

bool takes(const Function& function, size_t count) {
  const size_t most = function.arguments.size();
  if (function.traits.variadic) return count >= most;
  return count <= most && count + function.traits.optional >= most;
}

using Candidates = std::vector<const Function*>;

// Keeps the candidates with the highest positive score; all when every score is 0.
template <typename Score>
void keep_best(Candidates& candidates, Score score) {
  int best = 0;
  for (const Function* candidate : candidates) best = std::max(best, score(*candidate));
  std::erase_if(candidates, [&](const Function* candidate) { return score(*candidate) != best; });
}

bool is_unknown(const Type& type) { return type.id == TypeId::kUnknown; }

// ---- Polymorphic types ----

// PostgreSQL puts them in a category of their own.
char category_of(ArgumentType type) { return type.any == Any::kNo ? category(type.id) : 'P'; }
bool prefers(ArgumentType type) { return type.any == Any::kNo && is_preferred(type.id); }

bool is_compatible_kind(Any any) {
  return any == Any::kCompatible || any == Any::kCompatibleNonArray ||
         any == Any::kCompatibleArray;
}
bool is_array_kind(Any any) { return any == Any::kArray || any == Any::kCompatibleArray; }

// What the polymorphic arguments of a call stand for; kUnknown: nothing says it.
struct Meaning {
  TypeId element = TypeId::kUnknown;
  TypeId common = TypeId::kUnknown;  // Of the kCompatible ones.

  TypeId of(Any any) const {
    const TypeId id = is_compatible_kind(any) ? common : element;
    return is_array_kind(any) && id != TypeId::kUnknown ? type::array_of(id) : id;
  }
};

// The type that all can become; nothing: there is none.
std::optional<TypeId> common_of(std::span<const TypeId> ids) {
  std::vector<Type> types;
  for (const TypeId id : ids) types.push_back({id});
  const auto common = common_type(types, "", 0);
  if (!common.has_value()) return std::nullopt;
  for (const TypeId id : ids) {
    if (!can_coerce(id, common->id)) return std::nullopt;
  }
  return common->id;
}

// Nothing: the arguments do not go together.
std::optional<Meaning> meaning_of(const Function& function, std::span<const Type> arguments) {
  Meaning meaning;
  std::vector<TypeId> compatible;
  bool no_array = false;
  bool no_common_array = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Any any = argument_type(function, i).any;
    no_array = no_array || any == Any::kNonArray;
    no_common_array = no_common_array || any == Any::kCompatibleNonArray;
    if (any == Any::kNo || any == Any::kAny || is_unknown(arguments[i])) continue;
    TypeId id = arguments[i].id;
    if (is_array_kind(any)) {
      if (!type::is_array(id)) return std::nullopt;
      id = type::element_of(id);
    }
    if (is_compatible_kind(any)) {
      compatible.push_back(id);
    } else if (meaning.element != TypeId::kUnknown && meaning.element != id) {
      return std::nullopt;
    } else {
      meaning.element = id;
    }
  }
  if (no_array && type::is_array(meaning.element)) return std::nullopt;
  if (compatible.empty()) return meaning;
  const std::optional<TypeId> common = common_of(compatible);
  if (!common || (no_common_array && type::is_array(*common))) return std::nullopt;
  meaning.common = *common;
  return meaning;
}

bool fits(const Function& function, std::span<const Type> arguments) {
  bool polymorphic = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const ArgumentType wanted = argument_type(function, i);
    polymorphic = polymorphic || (wanted.any != Any::kNo && wanted.any != Any::kAny);
    if (wanted.any == Any::kNo && !can_coerce(arguments[i].id, wanted.id)) return false;
  }
  return !polymorphic || meaning_of(function, arguments).has_value();
}

// The modifier that all arguments of the kind share; one that only literals give has none.
int32_t modifier_of(const Function& function, std::span<const Type> arguments) {
  std::optional<int32_t> shared;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Any any = argument_type(function, i).any;
    if (any == Any::kNo || any == Any::kAny || is_unknown(arguments[i])) continue;
    if (shared && *shared != arguments[i].modifier) return -1;
    shared = arguments[i].modifier;
  }
  return shared.value_or(-1);
}

Result<ResolvedCall> resolved(const Function& function, std::span<const Type> arguments,
                              uint32_t position) {
  ResolvedCall call{&function, {}, {function.result.id}};
  call.arguments.reserve(arguments.size());
  Meaning meaning = meaning_of(function, arguments).value_or(Meaning());
  if (meaning.common == TypeId::kUnknown) meaning.common = TypeId::kText;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const ArgumentType wanted = argument_type(function, i);
    Type type{wanted.id};
    if (wanted.any == Any::kAny) {
      type = is_unknown(arguments[i]) ? Type{TypeId::kText} : arguments[i];
    } else if (wanted.any != Any::kNo) {
      type = {meaning.of(wanted.any)};
      if (is_unknown(type)) {
        return Error(ErrorCode::kDatatypeMismatch,
                     "could not determine polymorphic type because input has type unknown")
            .at(position);
      }
      if (type.id == arguments[i].id) type.modifier = arguments[i].modifier;
    }
    call.arguments.push_back(type);
  }
  if (function.result.any != Any::kNo) {
    call.result = {meaning.of(function.result.any)};
    if (!is_compatible_kind(function.result.any))
      call.result.modifier = modifier_of(function, arguments);
  }
  return call;
}

// For each unknown argument: the category its candidates agree on (text when any takes text), and
// only those kept.
bool narrow_by_unknowns(Candidates& candidates, std::span<const Type> arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!is_unknown(arguments[i])) continue;
    char chosen = '\0';
    bool conflict = false;
    for (const Function* candidate : candidates) {
      const char found = category_of(argument_type(*candidate, i));
      if (found == 'S') {
        chosen = 'S';
        conflict = false;
        break;
      }
      if (chosen == '\0') {
        chosen = found;
      } else if (chosen != found) {
        conflict = true;
      }
    }
    if (conflict) return false;
    const auto preferred = [&](const Function* candidate) {
      const ArgumentType wanted = argument_type(*candidate, i);
      return category_of(wanted) == chosen && prefers(wanted);
    };
    const bool has_preferred = std::any_of(candidates.begin(), candidates.end(), preferred);
    std::erase_if(candidates, [&](const Function* candidate) {
      return category_of(argument_type(*candidate, i)) != chosen ||
             (has_preferred && !preferred(candidate));
    });
  }
  return true;
}

// nullptr: no best one. PostgreSQL's func_select_candidate, step by step.
const Function* select_candidate(Candidates candidates, std::span<const Type> arguments) {
  keep_best(candidates, [&](const Function& candidate) {
    int exact = 0;
    for (size_t i = 0; i < arguments.size(); ++i)
      exact += !is_unknown(arguments[i]) && argument_type(candidate, i) == arguments[i].id;
    return exact;
  });
  if (candidates.size() == 1) return candidates[0];
  keep_best(candidates, [&](const Function& candidate) {
    int good = 0;
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (is_unknown(arguments[i])) continue;
      const ArgumentType wanted = argument_type(candidate, i);
      good += wanted == arguments[i].id ||
              (prefers(wanted) && category_of(wanted) == category(arguments[i].id));
    }
    return good;
  });
  if (candidates.size() == 1) return candidates[0];
  if (std::none_of(arguments.begin(), arguments.end(), is_unknown)) return nullptr;

  Candidates narrowed = candidates;
  if (narrow_by_unknowns(narrowed, arguments) && !narrowed.empty()) {
    candidates = std::move(narrowed);
    if (candidates.size() == 1) return candidates[0];
  }
  // The last hope: all known arguments are of one type, and so may be the unknown ones.
  TypeId known = TypeId::kUnknown;
  for (const Type& argument : arguments) {
    if (is_unknown(argument)) continue;
    if (known != TypeId::kUnknown && known != argument.id) return nullptr;
    known = argument.id;
  }
  if (known == TypeId::kUnknown) return nullptr;
  const std::vector<Type> assumed(arguments.size(), Type{known});
  std::erase_if(candidates,
                [&](const Function* candidate) { return !fits(*candidate, assumed); });
  return candidates.size() == 1 ? candidates[0] : nullptr;
}

std::string signature(std::string_view name, std::span<const Type> arguments) {
  std::string text(name);
  text += '(';
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (i > 0) text += ", ";
    text += plain_name(arguments[i].id);
  }
  return text + ')';
}

std::string operator_signature(std::string_view name, std::span<const Type> arguments) {
  std::string text;
  if (arguments.size() == 2) text = plain_name(arguments[0].id) + " ";
  text += name;
  return text + " " + plain_name(arguments.back().id);
}

Error no_such_operator(std::string_view name, std::span<const Type> arguments, uint32_t position) {
  return Error(ErrorCode::kUndefinedFunction,
               "operator does not exist: " + operator_signature(name, arguments))
      .with_hint(
          "No operator matches the given name and argument types. You might need to add explicit "
          "type casts.")
      .at(position);
}

Error not_unique_operator(std::string_view name, std::span<const Type> arguments,
                          uint32_t position) {
  return Error(ErrorCode::kAmbiguousFunction,
               "operator is not unique: " + operator_signature(name, arguments))
      .with_hint(
          "Could not choose a best candidate operator. You might need to add explicit type casts.")
      .at(position);
}

// What PostgreSQL has for types besides ours (here a network card's address): between them and ours
// it cannot choose, so neither may we.
bool is_ambiguous(std::string_view name, std::span<const Type> arguments) {
  return name == "trunc" && arguments.size() == 1 && is_unknown(arguments[0]);
}

}  // namespace

std::string plain_name(TypeId id) { return type::plain_type_name(id); }
char category(TypeId id) { return type::type_info(id).category; }
bool is_preferred(TypeId id) { return type::type_info(id).preferred; }

std::span<const Family> all_families() {
  static const Family kFamilies[] = {
#define ROWAN_FAMILY(rows, title) {title, rows},
#include "expr/families.def"
#undef ROWAN_FAMILY
  };
  return kFamilies;
}

std::span<const Function* const> functions_named(std::string_view name) {
  const auto at = by_name().find(name);
  if (at == by_name().end()) return {};
  return at->second;
}

void Effects::add(const Node& node) {
  if (node.function != nullptr) {
    const Traits& traits = node.function->traits;
    is_volatile = is_volatile || traits.volatility == Volatility::kVolatile;
    reads_session = reads_session || traits.effect == Effect::kReadsSession ||
                    traits.effect == Effect::kSets;
    writes = writes || traits.effect == Effect::kWrites;
  }
  for (const NodePtr& child : node.children) add(*child);
}

void Effects::add(const Effects& other) {
  is_volatile = is_volatile || other.is_volatile;
  reads_session = reads_session || other.reads_session;
  writes = writes || other.writes;
}

ArgumentType argument_type(const Function& function, size_t index) {
  return function.arguments[std::min(index, function.arguments.size() - 1)];
}

bool can_coerce(TypeId from, TypeId to) {
  return from == to || from == TypeId::kUnknown || to == TypeId::kUnknown ||
         type::can_cast(from, to, type::CastContext::kImplicit);
}

Result<void> check_groupable(Type type, uint32_t position) {
  if (type::type_info(type.id).order != type::Order::kNone) return {};
  return Error(ErrorCode::kUndefinedFunction,
               "could not identify an equality operator for type " + plain_name(type.id))
      .at(position);
}

Result<void> check_sortable(Type type, uint32_t position) {
  if (type::type_info(type.id).order != type::Order::kNone) return {};
  return Error(ErrorCode::kUndefinedFunction,
               "could not identify an ordering operator for type " + plain_name(type.id))
      .with_hint("Use an explicit ordering operator or modify the query.")
      .at(position);
}

Error no_such_function(std::string_view name, std::span<const Type> arguments, uint32_t position) {
  return Error(ErrorCode::kUndefinedFunction,
               "function " + signature(name, arguments) + " does not exist")
      .with_hint(
          "No function matches the given name and argument types. You might need to add explicit "
          "type casts.")
      .at(position);
}

Error needs_over(const Function& function, uint32_t position) {
  return Error(ErrorCode::kWrongObjectType,
               "window function " + std::string(function.name) + " requires an OVER clause")
      .at(position);
}

Error not_unique_function(std::string_view name, std::span<const Type> arguments,
                          uint32_t position) {
  return Error(ErrorCode::kAmbiguousFunction,
               "function " + signature(name, arguments) + " is not unique")
      .with_hint(
          "Could not choose a best candidate function. You might need to add explicit type casts.")
      .at(position);
}

const Function* find_exact(std::string_view name, std::span<const TypeId> arguments) {
  for (const Function* function : functions_named(name)) {
    if (!function->traits.variadic &&
        std::equal(arguments.begin(), arguments.end(), function->arguments.begin(),
                   function->arguments.end(),
                   [](TypeId id, ArgumentType wanted) { return wanted == id; })) {
      return function;
    }
  }
  return nullptr;
}

Result<ResolvedCall> resolve_function(std::string_view name, std::span<const Type> arguments,
                                      bool is_operator, uint32_t position) {
  const auto rows = functions_named(name);
  if (!rows.empty() && is_ambiguous(name, arguments)) {
    return is_operator ? not_unique_operator(name, arguments, position)
                       : not_unique_function(name, arguments, position);
  }
  std::vector<TypeId> ids;
  ids.reserve(arguments.size());
  for (const Type& argument : arguments) ids.push_back(argument.id);
  // An unknown operand of an operator is first taken for the other one's type.
  if (is_operator && ids.size() == 2) {
    if (ids[0] == TypeId::kUnknown) ids[0] = ids[1];
    if (ids[1] == TypeId::kUnknown) ids[1] = ids[0];
  }
  if (std::find(ids.begin(), ids.end(), TypeId::kUnknown) == ids.end()) {
    if (const Function* function = find_exact(name, ids))
      return resolved(*function, arguments, position);
  }
  Candidates candidates;
  for (const Function* function : rows) {
    if (takes(*function, arguments.size()) && fits(*function, arguments))
      candidates.push_back(function);
  }
  if (candidates.empty())
    return is_operator ? no_such_operator(name, arguments, position)
                       : no_such_function(name, arguments, position);
  const Function* best = candidates.size() == 1
                             ? candidates[0]
                             : select_candidate(std::move(candidates), arguments);
  if (best == nullptr)
    return is_operator ? not_unique_operator(name, arguments, position)
                       : not_unique_function(name, arguments, position);
  return resolved(*best, arguments, position);
}

}  // namespace rowan::expr
