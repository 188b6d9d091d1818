// The interactive shell.
#pragma once

#include "rowan/rowan.h"

namespace rowan::shell {

// Reads statements until the end of input, \q, or a signal to leave. Without a terminal it runs
// what standard input holds. Gives the process's exit code.
int run_interactive(Session& session);

}  // namespace rowan::shell
