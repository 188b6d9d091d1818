// The ObjectStore on a bare Git repository: journal, checkpoints, packs (ARCHITECTURE of the store:
// src/store/README.md).
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "store/object_store.h"

struct git_odb_backend;

namespace rowan::store {

struct GitStoreOptions {
  bool read_only = false;         // Opens without the lock; never writes.
  SyncMode sync = SyncMode::kOn;  // What wait_durable promises.
  bool publish_each = false;      // publish = each: a checkpoint per transaction.
  bool background = true;  // Checkpoint, pack care and ref watch threads. Tests may turn them off.
  size_t cache_bytes = kNodeCacheBytesDefault;
  size_t journal_file_bytes = kJournalFileBytes;
  size_t journal_first_file_bytes = kJournalFirstFileBytes;
  size_t unpublished_bytes_max = kUnpublishedBytesMax;
  const Clock* clock = nullptr;  // Borrowed; nullptr: the system's.
  Log* log = nullptr;            // Borrowed; nullptr: stderr.
  // A folder of further objects to read: those of a push, which git keeps apart while its hooks
  // look at them. Empty: none.
  std::filesystem::path quarantine = {};
};

// Whether the newest commit of some branch is of Rowan's content (layout.h).
Result<bool> has_content(const std::filesystem::path& dir);

// Makes the bare repository `dir` with branch `branch` unborn, DIR/rowan/ (0700) and the settings
// of section 2. An existing Git repository is refused with kDuplicateFile, and so is a non-empty
// folder.
Result<void> init_git_store(const std::filesystem::path& dir, std::string_view branch);

// kNotARepository, kUnsupportedFormat, kDatabaseInUse (a second writer), kCorruption, kIoError,
// kDiskFull. Recovers the journal. Destroying the store closes it with a checkpoint (errors are
// logged; the journal keeps the data).
Result<std::unique_ptr<ObjectStore>> open_git_store(const std::filesystem::path& dir,
                                                    const GitStoreOptions& options);

// A read-only libgit2 backend that shows what is still in the journal, for git_odb_add_backend on
// any odb of the same repository. Ownership passes to the odb. The store must outlive it. nullptr
// for a memory store.
git_odb_backend* make_journal_backend(const ObjectStore& store);

}  // namespace rowan::store
