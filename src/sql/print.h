// Printing: trees back to SQL text.
#pragma once

#include <string>

#include "sql/ast.h"

namespace rowan::sql {

// The canonical text of a tree: keywords in capitals, functions and types as the tree names them,
// parentheses where precedence needs them and around every operand that is an operator of another
// level. It parses back to the same tree (positions apart) and prints itself again. One line;
// stored views, defaults and checks have this form. A very deep tree may print to a text that the
// parser refuses as too complex, so who stores a text parses it first.
std::string to_sql(const Expr& expr);
std::string to_sql(const SelectStmt& select);
std::string to_sql(const TypeName& type);
std::string to_sql(const QualifiedName& name);

}  // namespace rowan::sql
