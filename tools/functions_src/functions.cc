// Prints docs/functions.md from the table of functions:  build/tools/functions_src/rowan-functions >
// docs/functions.md
#include <cstdio>
#include <string>

#include "expr/functions.h"
#include "expr/resolve.h"

namespace rowan::expr {
namespace {

std::string name_of(ArgumentType type) {
  switch (type.any) {
    case Any::kNo:
      return plain_name(type.id);
    case Any::kAny:
      return "any";
    case Any::kElement:
      return "anyelement";
    case Any::kNonArray:
      return "anynonarray";
    case Any::kArray:
      return "anyarray";
    case Any::kCompatible:
      return "anycompatible";
    case Any::kCompatibleNonArray:
      return "anycompatiblenonarray";
    case Any::kCompatibleArray:
      return "anycompatiblearray";
  }
  return "";
}

bool is_word(char first) { return (first >= 'a' && first <= 'z') || first == '_'; }

// Forms that SQL spells in a way of its own, and names that only the binder calls.
bool is_shown(const Function& function) {
  return is_word(function.name[0]) && function.name.find(' ') == std::string_view::npos &&
         function.name.find('[') == std::string_view::npos;
}

std::string call_of(const Function& function) {
  std::string text(function.name);
  text += '(';
  const size_t count = function.arguments.size();
  for (size_t i = 0; i < count; ++i) {
    const bool optional = i + function.traits.optional >= count;
    if (optional) text += i == 0 ? "[" : " [";
    if (i > 0) text += ", ";
    if (function.traits.variadic && i + 1 == count) text += "VARIADIC ";
    text += name_of(function.arguments[i]);
  }
  text.append(function.traits.optional, ']');
  return text + ')';
}

std::string operator_of(const Function& function) {
  std::string text;
  if (function.arguments.size() == 2) text = name_of(function.arguments[0]) + " ";
  text += function.name;
  return text + " " + name_of(function.arguments[function.arguments.size() - 1]);
}

std::string result_of(const Function& function) {
  if (function.traits.columns.empty()) return name_of(function.result);
  std::string text;
  for (const auto& [name, type] : function.traits.columns)
    text.append(text.empty() ? "" : ", ").append(name).append(" ").append(name_of(type));
  return text;
}

std::string notes_of(const Function& function) {
  std::string notes;
  const auto note = [&](bool is_so, std::string_view what) {
    if (is_so) notes.append(notes.empty() ? "" : ", ").append(what);
  };
  note(function.kind() == FunctionKind::kSet, "set of rows");
  note(function.kind() == FunctionKind::kWindow, "window");
  note(function.traits.volatility == Volatility::kStable, "stable");
  note(function.traits.volatility == Volatility::kVolatile, "volatile");
  const bool plain =
      function.kind() == FunctionKind::kScalar || function.kind() == FunctionKind::kSet;
  note(plain && !function.traits.strict, "takes NULL");
  note(function.traits.effect == Effect::kWrites, "writes");
  return notes;
}

// A bar would end a cell.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

void print_row(const Function& function) {
  const bool word = is_word(function.name[0]);
  const std::string text = word ? call_of(function) : operator_of(function);
  std::printf("| `%s` | %s | %s |\n", cell(text).c_str(), result_of(function).c_str(),
              notes_of(function).c_str());
}

void print_page() {
  std::printf(
      "# Functions and operators\n"
      "Made by `tools/functions_src/functions.cc` from the one table of functions (`src/expr/`); not edited "
      "by hand. What they mean is PostgreSQL 15's.\n\n"
      "Unless noted, a call is computed from its arguments alone, and gives NULL when one of them is "
      "NULL. *Stable*: one value within a statement. *Volatile*: a value for every call. "
      "`any…` are PostgreSQL's polymorphic types. Functions in FROM that show history and state "
      "(`rowan.log(…)` and so on) are in `docs/version-control.md`.\n");
  std::string_view title;
  for (const Family& family : all_families()) {
    if (family.title != title) {
      std::printf("\n## %s\n| call | gives | |\n| --- | --- | --- |\n",
                  std::string(family.title).c_str());
    }
    title = family.title;
    for (const Function& function : family.rows) {
      if (!is_word(function.name[0]) ? function.oid != 0 : is_shown(function)) print_row(function);
    }
  }
}

}  // namespace
}  // namespace rowan::expr

int main() {
  rowan::expr::print_page();
  return 0;
}
