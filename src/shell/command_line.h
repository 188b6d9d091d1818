// The command line: `rowan <command> …`.
#pragma once

#include <string>
#include <vector>

namespace rowan::shell {

// Exit codes: 0 fine, 1 differences or failures found, 2 usage, 3 refused, 10 and above errors by
// class.
int run_command_line(const std::vector<std::string>& arguments);

}  // namespace rowan::shell
