// PostgreSQL's overload resolution over the one table of functions ("Type Conversion",
// chapters 10.2 and 10.3).
#include "expr/resolve.h"

#include <algorithm>
#include <unordered_map>

#include "expr/function_table.h"
#include "type/cast.h"
#include "type/type_info.h"

namespace rowan::expr {

using type::Type;
using type::TypeId;

namespace {

class Table {
 public:
  Table() {
    add_arithmetic(rows_);
    add_comparison(rows_);
    add_math(rows_);
    add_text(rows_);
    add_like(rows_);
    add_datetime(rows_);
    add_interval(rows_);
    add_array(rows_);
    add_json(rows_);
    add_system(rows_);
    add_sequence(rows_);
    add_files(rows_);
    add_regex(rows_);
    add_catalog(rows_);
    for (const Function& function : rows_) by_name_[function.name].push_back(&function);
  }

  std::span<const Function* const> find(std::string_view name) const {
    const auto at = by_name_.find(name);
    if (at == by_name_.end()) return {};
    return at->second;
  }

 private:
  FunctionTable rows_;
  std::unordered_map<std::string_view, std::vector<const Function*>> by_name_;
};

const Table& table() {
  static const Table kTable;  // Made once, never changed.
  return kTable;
}

bool takes(const Function& function, size_t count) {
  return function.variadic ? count >= function.arguments.size()
                           : count == function.arguments.size();
}

using Candidates = std::vector<const Function*>;

// Keeps the candidates with the highest positive score; all when every score is 0.
template <typename Score>
void keep_best(Candidates& candidates, Score score) {
  int best = 0;
  for (const Function* candidate : candidates) best = std::max(best, score(*candidate));
  std::erase_if(candidates, [&](const Function* candidate) { return score(*candidate) != best; });
}

// Joining an array to a value is no joining of texts: a literal beside a value is no array
// ('<' || 1), and an array beside a text no text.
bool joins_otherwise(const Function& function, std::span<const Type> arguments) {
  if (arguments.size() != 2 || function.arguments.size() != 2) return false;
  for (const size_t i : {size_t{0}, size_t{1}}) {
    const TypeId takes = function.arguments[i];
    const bool array_of_value =
        type::is_array(takes) && !type::is_array(function.arguments[1 - i]);
    if (array_of_value && arguments[i].id == TypeId::kUnknown) return true;
    if (takes == TypeId::kUnknown && type::is_array(arguments[i].id)) return true;
  }
  return false;
}

// Rows of one function that differ in the elements of their arrays only, of which the arguments say
// nothing: some functions then take them for texts, the others PostgreSQL cannot choose.
bool is_of_any_array(const std::vector<const Function*>& candidates,
                     std::span<const Type> arguments) {
  return std::all_of(candidates.begin(), candidates.end(), [&](const Function* candidate) {
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (type::is_array(argument_type(*candidate, i)))
        return arguments[i].id == TypeId::kUnknown;
    }
    return false;
  });
}

const Function* of_texts(const std::vector<const Function*>& candidates) {
  constexpr std::string_view kJoining[] = {"array_append", "array_cat", "array_position",
                                           "array_prepend", "array_remove"};
  const TypeId texts = type::array_of(TypeId::kText);
  for (const Function* candidate : candidates) {
    const bool takes_texts = std::find(candidate->arguments.begin(), candidate->arguments.end(),
                                       texts) != candidate->arguments.end();
    if (takes_texts && std::find(std::begin(kJoining), std::end(kJoining), candidate->name) !=
                           std::end(kJoining))
      return candidate;
  }
  return nullptr;
}

bool is_unknown(const Type& type) { return type.id == TypeId::kUnknown; }

// For each unknown argument: the category its candidates agree on (text when any takes text), and
// only those kept.
bool narrow_by_unknowns(Candidates& candidates, std::span<const Type> arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!is_unknown(arguments[i])) continue;
    char chosen = '\0';
    bool conflict = false;
    for (const Function* candidate : candidates) {
      const char found = category(argument_type(*candidate, i));
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
      const TypeId id = argument_type(*candidate, i);
      return category(id) == chosen && is_preferred(id);
    };
    const bool has_preferred = std::any_of(candidates.begin(), candidates.end(), preferred);
    std::erase_if(candidates, [&](const Function* candidate) {
      return category(argument_type(*candidate, i)) != chosen ||
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
      const TypeId id = argument_type(candidate, i);
      good +=
          id == arguments[i].id || (is_preferred(id) && category(id) == category(arguments[i].id));
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
  std::erase_if(candidates, [&](const Function* candidate) {
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (!can_coerce(known, argument_type(*candidate, i))) return true;
    }
    return false;
  });
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

TypeId argument_type(const Function& function, size_t index) {
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

Error not_unique_function(std::string_view name, std::span<const Type> arguments,
                          uint32_t position) {
  return Error(ErrorCode::kAmbiguousFunction,
               "function " + signature(name, arguments) + " is not unique")
      .with_hint(
          "Could not choose a best candidate function. You might need to add explicit type casts.")
      .at(position);
}

const Function* find_exact(std::string_view name, std::span<const TypeId> arguments) {
  for (const Function* function : table().find(name)) {
    if (!function->variadic && std::equal(arguments.begin(), arguments.end(),
                                          function->arguments.begin(), function->arguments.end())) {
      return function;
    }
  }
  return nullptr;
}

Result<const Function*> resolve_function(std::string_view name, std::span<const Type> arguments,
                                         bool is_operator, uint32_t position) {
  const auto rows = table().find(name);
  if (is_operator && name == "-" && arguments.size() == 2 && is_unknown(arguments[0]) &&
      !is_unknown(arguments[1]) && type::is_text(arguments[1].id)) {
    return Error(ErrorCode::kFeatureNotSupported, "operator jsonb - text is not supported")
        .with_hint("Before a text PostgreSQL reads an untyped literal as jsonb.")
        .at(position);
  }
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
    if (const Function* function = find_exact(name, ids)) return function;
  }
  Candidates candidates;
  for (const Function* function : rows) {
    if (!takes(*function, arguments.size())) continue;
    if (is_operator && joins_otherwise(*function, arguments)) continue;
    bool fits = true;
    for (size_t i = 0; i < arguments.size() && fits; ++i)
      fits = can_coerce(arguments[i].id, argument_type(*function, i));
    if (fits) candidates.push_back(function);
  }
  if (candidates.empty())
    return is_operator ? no_such_operator(name, arguments, position)
                       : no_such_function(name, arguments, position);
  if (candidates.size() == 1) return candidates[0];
  const bool any_array = !is_operator && is_of_any_array(candidates, arguments);
  const Function* const texts = any_array ? of_texts(candidates) : nullptr;
  const Function* best = select_candidate(std::move(candidates), arguments);
  if (best == nullptr && texts != nullptr) return texts;
  if (best == nullptr && any_array) {
    return Error(ErrorCode::kDatatypeMismatch,
                 "could not determine polymorphic type because input has type unknown")
        .at(position);
  }
  if (best == nullptr)
    return is_operator ? not_unique_operator(name, arguments, position)
                       : not_unique_function(name, arguments, position);
  return best;
}

}  // namespace rowan::expr
