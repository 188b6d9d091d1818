// Where the counters of sequences stood when the database was closed in order. A commit stores what
// a counter has promised, up to 32 values ahead (sequences.h); without a note a counter begins
// behind that, so that nothing is given out twice after a crash. A note is used up by reading it.
//
// Threads: one. Not for other rooms.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace rowan::txn {

struct SequenceNote {
  std::string branch;
  std::string path;  // Of the sequence, as SequenceDef::path() gives it.
  int64_t covered =
      0;              // What its file promises; a note that says otherwise is about another state.
  int64_t value = 0;  // Given out last.
  bool operator==(const SequenceNote&) const = default;
};

Result<void> write_sequence_notes(const std::filesystem::path& file,
                                  const std::vector<SequenceNote>& notes);  // None: no file.
// Reads the notes after their file is gone for good. Damaged or not removable: none.
std::vector<SequenceNote> take_sequence_notes(const std::filesystem::path& file);

}  // namespace rowan::txn
