// Prints docs/functions.md from the tables of functions:  build/tools/functions_src/rowan-functions >
// docs/functions.md
#include <algorithm>
#include <cstdio>
#include <string>

#include "engine/verbs.h"
#include "expr/functions.h"
#include "expr/resolve.h"
#include "system/registry.h"

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
    if (i < function.traits.names.size()) text.append(function.traits.names[i].name) += ' ';
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

// "|tt*" as it is called: "rowan.log([text [, text [, …]]])", with the names of one of its forms.
std::string call_of(const system::Function& function, std::string_view form) {
  const std::vector<ArgumentName> names = argument_names(form);
  std::string text;
  if (function.schema != "pg_catalog") text.append(function.schema) += '.';
  text.append(function.name) += '(';
  bool is_optional = false;
  bool is_first = true;
  size_t open = 0;
  size_t place = 0;
  for (const char letter : function.takes) {
    if (letter == '|') {
      is_optional = true;
      continue;
    }
    const bool repeats = letter == '*';
    if (!names.empty() && place == names.size() && !repeats) break;
    if (is_optional || repeats) {
      text += is_first ? "[" : " [";
      ++open;
    }
    if (!is_first) text += ", ";
    if (place < names.size()) text.append(names[place].name) += ' ';
    text += repeats ? "…" : letter == 't' ? "text" : "any";
    is_first = false;
    ++place;
  }
  text.append(open, ']');
  return text + ')';
}

void print_row(const system::Function& function) {
  std::string columns;
  for (const system::Column& column : function.columns) {
    columns.append(columns.empty() ? "" : ", ")
        .append(column.name)
        .append(" ")
        .append(plain_name(column.type));
  }
  if (columns.empty()) columns = "columns that follow from the arguments";
  std::string_view forms = function.names;
  do {
    const std::string_view form = forms.substr(0, forms.find(';'));
    forms.remove_prefix(std::min(forms.size(), form.size() + 1));
    std::printf("| `%s` | %s | set of rows |\n", cell(call_of(function, form)).c_str(),
                columns.c_str());
  } while (!forms.empty());
}

void print_verbs() {
  std::string columns;
  for (const plan::OutputColumn& column : engine::verb_columns())
    columns.append(columns.empty() ? "" : ", ").append(column.name).append(" ").append(plain_name(column.type.id));
  std::printf("\n## Verbs of version control\nEach stands alone, behind `CALL` or `SELECT * FROM`, and commits as its statement does; the answer "
              "is one row.\n\n| call | gives | |\n| --- | --- | --- |\n");
  for (const std::string& call : engine::verb_calls())
    std::printf("| `%s` | %s |  |\n", cell(call).c_str(), columns.c_str());
}

void print_page() {
  std::printf(
      "# Functions and operators\n"
      "Made by `tools/functions_src/functions.cc` from the table of functions (`src/expr/`) and the registry of room `system`; not edited "
      "by hand. What they mean is PostgreSQL 15's.\n\n"
      "Unless noted, a call is computed from its arguments alone, and gives NULL when one of them is "
      "NULL. *Stable*: one value within a statement. *Volatile*: a value for every call. "
      "`any…` are PostgreSQL's polymorphic types. Arguments that have a name here can be given by it: `f(name => value)`. "
      "*Window*: known by name and types, but OVER, without which it has no meaning, is not there yet; nor is it for aggregates. "
      "What shows history and state (`rowan.log(…)`), and the verbs of version control, are the last tables; "
      "what they mean is in `docs/version-control.md`.\n");
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
  std::printf("\n## In FROM\n| call | gives | |\n| --- | --- | --- |\n");
  for (const system::Function& function : system::function_rows()) print_row(function);
  print_verbs();
}

}  // namespace
}  // namespace rowan::expr

int main() {
  rowan::expr::print_page();
  return 0;
}
