// Reading the journal back after a crash: which transactions are whole, and whether what is not
// whole is a torn tail or damage (docs/format.md, "Recovery").
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/file_system.h"
#include "store/journal_record.h"
#include "store/store_state.h"

namespace rowan::store {

struct ScannedRecord {
  uint64_t sequence = 0;
  RecordBody body;  // Its bytes point into `owner`.
  std::shared_ptr<const void> owner;
};

struct ScannedFile {
  uint32_t number = 0;  // DIR/rowan/journal/NNNN.
  uint64_t bytes = 0;   // Its size.
  uint64_t id = 0;      // In its head; 0: it has none of ours, and its records begin at once.
  uint64_t begin = 0;   // Where its records begin.
  std::optional<uint64_t> first_epoch;  // Of what stands there, if that is a record.
  uint64_t epoch = 0;   // 0: nothing needed in it.
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;  // Below first_sequence: no good record.
};

struct JournalScan {
  std::vector<ScannedRecord> records;  // After state.published, one after the other.
  std::vector<ScannedFile> files;      // By number.
  uint64_t last_sequence = 0;          // Of the last good record, or state.published.
  uint64_t epoch_max = 0;              // The highest epoch seen.
};

// Every object's hash is checked (S1). kCorruption names the file, and the offset where one is
// damaged: a file that the state enters is missing, cut short, or another one.
Result<JournalScan> scan_journal(FileSystem& files, const std::filesystem::path& folder,
                                 const StoreState& state);

}  // namespace rowan::store
