// The interactive shell.
#pragma once

#include "rowan/rowan.h"

namespace rowan::shell {

// Reads statements until the end of input or \q. Gives the process's exit code.
int run_interactive(Session& session);

}  // namespace rowan::shell
