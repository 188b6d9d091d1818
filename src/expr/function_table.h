// The families of functions that make up the one table. Each adds its rows.
#pragma once

#include <vector>

#include "expr/functions.h"

namespace rowan::expr {

using FunctionTable = std::vector<Function>;

void add_arithmetic(FunctionTable& table);  // + - * / % ^ & | # ~ << >> on numbers and dates
void add_comparison(FunctionTable& table);  // = <> < <= > >=, is distinct from, greatest, least
void add_math(FunctionTable& table);
void add_text(FunctionTable& table);
void add_like(FunctionTable& table);  // ~~ ~~* and their negations: LIKE and ILIKE
void add_regex(FunctionTable& table);  // ~ ~* and their negations
void add_catalog(FunctionTable& table);  // pg_get_indexdef, format_type …
void add_datetime(FunctionTable& table);
void add_interval(FunctionTable& table);  // intervals with numbers, dates and times
void add_array(FunctionTable& table);
void add_json(FunctionTable& table);
void add_system(FunctionTable& table);
void add_files(FunctionTable& table);     // rowan.write_file, rowan.delete_file
void add_sequence(FunctionTable& table);  // nextval, currval, lastval, setval

// The name the binder calls for IS DISTINCT FROM: no user can write it.
inline constexpr std::string_view kIsDistinctName = "is distinct from";

}  // namespace rowan::expr
