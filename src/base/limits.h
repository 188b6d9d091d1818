// Every named maximum in one place. A value that reaches disk is fixed by the format version and
// says so; the others may change freely.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rowan {

// Fixed by format 1 (docs/format.md).
inline constexpr uint32_t kFormatVersion = 1;
inline constexpr size_t kLeafTargetBytes = 4096;
inline constexpr size_t kInteriorTargetBytes = 2240;
inline constexpr size_t kNodeNameBytesMax = 200;
inline constexpr size_t kLeafBytesMax = 1u << 20;
inline constexpr size_t kLargeValueBytes = 8u << 10;  // A value above this goes out of line.
inline constexpr size_t kLineSoftBytes = 16u
                                         << 10;  // Above this the longest values go out of line.
inline constexpr size_t kLineBytesMax = 256u << 10;
inline constexpr size_t kValueBytesMax = 50u << 20;
inline constexpr size_t kColumnsMax = 1600;     // PostgreSQL's limit.
inline constexpr size_t kIndexColumnsMax = 32;  // PostgreSQL's limit, for keys and indexes.
inline constexpr size_t kDirectoryEntriesMax = 1000;  // Of the folders of a rows tree.
// Passive files: what people keep beside the data.
inline constexpr size_t kPassiveFileBytesMax = 4u << 20;
inline constexpr size_t kPassiveFilesMax = 1000;       // In one commit.
inline constexpr size_t kPassivePathBytesMax = 1024;   // Of a whole path.
inline constexpr size_t kPassiveNameBytesMax = 255;    // Of one part of it.
inline constexpr size_t kPassiveFolderDepthMax = 16;

// What another program made is read once, within these, however far its objects unfold
// (engine/import/foreign_work.h).
inline constexpr uint64_t kForeignNodesMax = 100'000'000;  // Folders and files of one commit.
inline constexpr uint64_t kForeignBytesMax = 1ull << 40;   // Of their files.
inline constexpr uint64_t kForeignRepeatsMax = 1'000'000;  // Nodes that were read before.
inline constexpr uint64_t kForeignRepeatedBytesMax = 4ull << 30;
inline constexpr int kForeignSecondsMax = 300;

// SQL.
inline constexpr size_t kSchemaObjectsMax = 20'000;  // Tables, views, sequences of one schema.
inline constexpr size_t kSchemasMax = 1000;
inline constexpr size_t kIdentifierBytesMax = 63;  // PostgreSQL's NAMEDATALEN - 1.
inline constexpr size_t kStatementBytesMax = 64u << 20;
inline constexpr int kParserDepthMax = 20'000;  // lemon's stack.
// What any thread's stack bears; what is deeper gets a stack of its own (base/deep_stack.h).
inline constexpr int kExpressionDepthMax = 500;
inline constexpr size_t kParametersMax = 65535;
inline constexpr size_t kFromTablesMax = 1000;  // In one FROM.
inline constexpr size_t kWithReferencesMax =
    10'000;  // Each binds the query behind the name anew, so they multiply.
inline constexpr size_t kCopiedNodesMax =
    1u << 17;  // NULLIF, BETWEEN and CASE repeat their operand, so they multiply too.
inline constexpr size_t kBatchRows = 2048;
inline constexpr size_t kBatchTextBytes = 8u << 20;  // Made for one batch, but for a row of more.
inline constexpr size_t kWorkMemDefault = 256u << 20;  // A sort, a hash table: work_mem.

// Store.
inline constexpr size_t kJournalFirstFileBytes = 1u << 20;
inline constexpr size_t kJournalFileBytes = 64u << 20;
inline constexpr size_t kJournalFilesMax = 8;
inline constexpr size_t kJournalObjectBytesMax = 8u << 20;  // Larger objects go to a pack first.
inline constexpr size_t kObjectBytesMax = 64u << 20;    // Refused when read from a foreign source.
inline constexpr size_t kRefsFileBytesMax = 64u << 20;  // DIR/rowan/refs: about a million branches.
inline constexpr size_t kDeltaChainMax = 50;
inline constexpr size_t kPacksMax = 20;
inline constexpr uint64_t kMergedObjectsMax = 8'000'000;  // Merged at a time, at some 80 bytes each.
inline constexpr uint64_t kCheckpointCommits = 10'000;
// Of objects that are in the journal alone: a commit above waits for a checkpoint.
inline constexpr size_t kUnpublishedBytesMax = 256u << 20;
inline constexpr size_t kNodeCacheBytesDefault = 256u << 20;
inline constexpr size_t kCommitBodyBytesMax = 8u << 10;

// Transactions.
inline constexpr size_t kWorkspaceRowsMax =
    65'536;  // Above this it is flushed into a private tree, as it is
inline constexpr size_t kWorkspaceBytesMax = 64u << 20;  // above so many bytes.
inline constexpr size_t kReplayedCommitsMax = 100'000;  // By one REVERT, CHERRY-PICK or REBASE.

static_assert(kLargeValueBytes < kLineSoftBytes && kLineSoftBytes < kLineBytesMax);
static_assert(kLineBytesMax < kLeafBytesMax && kLeafBytesMax < kJournalObjectBytesMax);

}  // namespace rowan
