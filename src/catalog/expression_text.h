// Expressions that are stored as text: what they name, and names that change.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/ast.h"

namespace rowan::catalog {

// Parses the text, lets `change` alter every column in it, and prints it again. Texts that `change`
// puts in must live until this returns.
Result<std::string> rewrite_columns(std::string_view expression_sql,
                                    const std::function<void(sql::ColumnExpr&)>& change);

// The columns an expression names, distinct, in order of appearance.
Result<std::vector<std::string>> columns_of(std::string_view expression_sql);
Result<std::string> rename_column_in(std::string_view expression_sql, std::string_view from,
                                     std::string_view to);

// Sequences named by nextval('…'), currval('…') and setval('…', …): "schema.name", distinct.
Result<std::vector<std::string>> sequences_of(std::string_view expression_sql);
Result<std::string> rename_sequence_in(std::string_view expression_sql, std::string_view from,
                                       std::string_view to);
// The same of a view's query. A name without a schema is one of `schema`, the view's. `to` must live
// as long as the query does.
Result<std::vector<std::string>> sequences_of_query(std::string_view query_sql,
                                                    std::string_view schema);
bool rename_sequence_in(sql::SelectStmt& select, std::string_view schema, std::string_view from,
                        std::string_view to);

}  // namespace rowan::catalog
