// StoreState: the small file DIR/rowan/state, which says where recovery begins. Replaced whole, so
// it is the old or the new.
//
//   offset bytes                                            (numbers little-endian; stored: fixed
//   by format 1)
//        0     8  magic "RowanSt1"
//        8     4  format version
//       12     4  CRC-32 of bytes 16 to 63
//       16     8  key: random, made by init; epochs count up from it
//       24     8  published: the last sequence whose objects and refs are in Git
//       32     8  live epoch: files with an older epoch hold nothing that is needed
//       40     8  next epoch: no file was ever used under this epoch or a later one
//       48     1  clean: 1 after an orderly close, with nothing in the journal
//       49    15  zero
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"
#include "store/file_system.h"

namespace rowan::store {

struct StoreState {
  uint64_t key = 0;
  uint64_t published = 0;
  uint64_t live_epoch = 0;
  uint64_t next_epoch = 0;
  bool clean = true;
};

Result<StoreState> read_state(
    FileSystem& files, const std::filesystem::path& path);  // kCorruption, kUnsupportedFormat.
Result<void> write_state(FileSystem& files, const std::filesystem::path& path,
                         const StoreState& state);

}  // namespace rowan::store
