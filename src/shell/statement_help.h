// What the shell says of itself (\?) and of statements (\h).
//
// Threads: any.
#pragma once

#include <string>
#include <string_view>

namespace rowan::shell {

// Backslash commands, keys and the verbs that one begins with.
std::string_view shell_help();

// The statements that there is help on, in columns.
std::string list_statements();
// Syntax of the statements whose words begin with `words`, in any case; empty: there are none.
std::string statement_help(std::string_view words);

}  // namespace rowan::shell
