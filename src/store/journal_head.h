// The head of a journal file: which file of which repository it is. Written once, before the file is
// entered in the state (store_state.h), so that a file that is gone, was replaced or holds something
// else cannot pass for an empty one. Stored: the layout is fixed by format 1.
//
//   offset  bytes                                       (numbers little-endian)
//        0      4  magic "RWJF"
//        4      4  CRC-32 of bytes 8 to 63
//        8      4  version, 1
//       12      4  number: the file's name
//       16      8  key of the repository, as in the state
//       24      8  id of the file: random, never 0
//       32   4064  zero; the first record follows
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace rowan::store {

inline constexpr size_t kJournalHeadBytes = 4096;  // A block of its own: no later write touches it.
inline constexpr size_t kJournalHeadUsedBytes = 64;

struct JournalHead {
  uint32_t number = 0;
  uint64_t key = 0;
  uint64_t id = 0;
};

JournalHead new_journal_head(uint32_t number, uint64_t key);  // With an id of its own.
std::string encode_journal_head(const JournalHead& head);
// Nothing: no head stands at the front of `bytes`.
std::optional<JournalHead> read_journal_head(Bytes bytes);

}  // namespace rowan::store
