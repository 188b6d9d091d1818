// A repository that several processes of one user use at the same time.
//
// The first to open it has it, and serves the others through DIR/rowan/socket for as long as it has it
// open; their sessions run there. When it ends, one of the others opens the repository in its place, and
// the rest go on with that one. What this means for a session:
//   - At rest it notices nothing: branch and settings are what they were. Statements prepared by prepare()
//     go on; those of prepare_all() and PREPARE, and currval(), are gone.
//   - A transaction that was open is rolled back: 57P01 when the process ended in order (it waits five
//     seconds for such), else 08006. A block is failed then: 25P02 up to its end.
//   - 08007: a COMMIT, or a statement that commits by itself, was under way. Look whether it is there.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "rowan/rowan.h"

namespace rowan {

// As Database::open. 55006: a process has it that does not share it, or for longer than a few seconds
// could not be reached; or `options` ask for the repository alone (drop_caches).
Outcome<std::unique_ptr<Database>> open_shared(std::string_view path, const OpenOptions& options = {});

// How many sessions of other processes run in this one, in a repository that open_shared() gave. 0, too,
// when another process has it. Any thread.
size_t sessions_of_others(const Database& database);

}  // namespace rowan
