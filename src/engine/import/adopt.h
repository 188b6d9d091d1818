// `rowan adopt`: a folder that came from somebody else becomes one's own. Its transactions, those
// that were not published included, are judged as a stranger's commits (admission.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/import/parked.h"

namespace rowan::engine {

struct Adoption {
  uint64_t transactions = 0;           // Of its journal.
  std::vector<std::string> dropped;    // Settings that are gone: "core.sshcommand".
  std::vector<std::string> set_aside;  // Files and folders, by the names they have now.
  std::vector<std::string> branches;
  // Of those, what the folder's settings say of them still.
  std::vector<std::string> protected_branches;
  std::vector<std::string> history_policies;
  std::vector<ParkedTip> parked;  // Tips that were not admitted.
};

// Afterwards the folder opens. kCorruption when its journal cannot be read, unless
// `discard_journal`: then what was not published is given up.
Result<Adoption> adopt_repository(const std::filesystem::path& path, bool discard_journal);

}  // namespace rowan::engine
