// StoreState: the small file DIR/rowan/state, which says where recovery begins. Replaced whole, so
// it is the old or the new.
//
//   offset bytes                      (numbers little-endian; stored: fixed by format 1)
//        0     8  magic "RowanSt1"
//        8     4  version of the state, 2
//       12     4  CRC-32 of bytes 16 to the end
//       16     8  key: random, made by init; epochs count up from it
//       24     8  published: the last sequence whose objects and refs are in Git
//       32     8  live epoch: files with an older epoch hold nothing that is needed
//       40     8  next epoch: no file was ever used under this epoch or a later one
//       48     1  clean: 1 after an orderly close, with nothing in the journal
//       49     1  number of journal files entered: at most 64
//       50    14  zero
//       64    24  for each of them: number (4), zero (4), id (8), size in bytes (8)
//
// A journal file is entered before its first record is written, and has its head by then
// (journal_head.h). Version 1 had 64 bytes and entered no files; it is read, and replaced by the
// first write.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/result.h"
#include "store/file_system.h"

namespace rowan::store {

// A journal file that must be there.
struct EnteredFile {
  uint32_t number = 0;
  uint64_t id = 0;
  uint64_t bytes = 0;  // At least.
};
inline constexpr size_t kEnteredFilesMax = 64;

struct StoreState {
  uint64_t key = 0;
  uint64_t published = 0;
  uint64_t live_epoch = 0;
  uint64_t next_epoch = 0;
  bool clean = true;
  std::vector<EnteredFile> files;
};

Result<StoreState> read_state(
    FileSystem& files, const std::filesystem::path& path);  // kCorruption, kUnsupportedFormat.
Result<void> write_state(FileSystem& files, const std::filesystem::path& path,
                         const StoreState& state);

}  // namespace rowan::store
