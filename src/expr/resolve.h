// Looking functions up, and the errors when that fails.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/result.h"
#include "expr/functions.h"

namespace rowan::expr {

// The row with exactly these argument types; nullptr when there is none.
const Function* find_exact(std::string_view name, std::span<const type::TypeId> arguments);
// The type that argument `index` of a call has (the last one of variadic functions repeats).
ArgumentType argument_type(const Function& function, size_t index);
// PostgreSQL's implicit coercion, unknown and "any" included.
bool can_coerce(type::TypeId from, type::TypeId to);
bool is_preferred(type::TypeId id);
// A type without its modifier, as messages and pg_typeof name it.
std::string plain_name(type::TypeId id);
char category(type::TypeId id);  // PostgreSQL's type categories.

// Whether PostgreSQL groups and sorts by a type; 42883 with its words for one that it does not (json).
Result<void> check_groupable(type::Type type, uint32_t position);
Result<void> check_sortable(type::Type type, uint32_t position);

Error no_such_function(std::string_view name, std::span<const type::Type> arguments,
                       uint32_t position);
Error needs_over(const Function& function, uint32_t position);  // Of a window function without it.
Error not_unique_function(std::string_view name, std::span<const type::Type> arguments,
                          uint32_t position);

}  // namespace rowan::expr
