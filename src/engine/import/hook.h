// What git's pre-receive hook asks: would these pushes be admitted? Beside a running server and
// without one: the repository is only read.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/oid.h"
#include "base/result.h"

namespace rowan::engine {

struct PushedRef {
  std::string name;  // "refs/heads/main".
  Oid from;          // Zero: the ref is new.
  Oid to;            // Zero: it is to be deleted.
};

// A sentence for each ref that would be parked and set back, with file, line, row and reason;
// empty: all may come in. `quarantine`: the folder where git keeps what was pushed; empty: it is in
// the repository already.
Result<std::vector<std::string>> refused_pushes(const std::filesystem::path& repository,
                                                const std::filesystem::path& quarantine,
                                                const std::vector<PushedRef>& pushed);

// Puts the hook into a bare repository; `program`: the rowan to run. kDuplicateFile when another
// hook is there, unless `force`.
Result<void> install_hook(const std::filesystem::path& repository, std::string_view program,
                          bool force);

}  // namespace rowan::engine
