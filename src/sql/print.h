// Printing: expressions back to SQL text.
#pragma once

#include <string>

#include "sql/ast.h"

namespace rowan::sql {

// The canonical text of an expression: keywords in capitals, functions and types as the tree names them, parentheses where
// precedence needs them and around every operand that is an operator of another level. It parses back to the same tree
// (positions apart) and prints itself again. Subqueries are not printed: they give an empty text.
std::string to_sql(const Expr& expr);
std::string to_sql(const TypeName& type);

}  // namespace rowan::sql
