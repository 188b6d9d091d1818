// Writing Git packs (version 2) and their index (idx version 2) ourselves.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/oid.h"
#include "base/result.h"
#include "store/object_store.h"

namespace rowan::store {

class FileSystem;

struct PackObject {
  Oid id;
  ObjectType type = ObjectType::kBlob;
  Bytes bytes;   // Must stay valid until write_pack returns.
  Oid previous;  // The version of the same node this one follows; zero: none.
};

// A finished pack: <folder>/pack-<hash>.pack, .idx and .keep. The caller removes the .keep once the
// refs are published.
struct WrittenPack {
  std::filesystem::path stem;  // Without the extension. Empty: nothing to write.
  uint64_t objects = 0;
  uint64_t bytes = 0;
};

struct PackOptions {
  int compression = 1;      // libdeflate level; 0 stores.
  bool sync = true;         // fdatasync both files and fsync the folder.
  bool is_private = false;  // May still be given up: its own kind of .keep and a name of its own
                            // (private_packs.h).
  int threads = 1;  // Of PackStream, the caller's included; write_pack uses the caller's only.
  FileSystem* files = nullptr;  // Borrowed; nullptr: the real one.
};

// One pack with delta chains: of the versions of a node the newest stands whole and each older one
// is an OFS_DELTA against the next newer, at most kDeltaChainMax links. Where the chain's newest
// version is equal content in a pack already, nothing changes. Duplicated ids are written once.
// `objects` come in the order they were made: a `previous` that stands behind its follower is not
// used. Written under a temporary name, synced, renamed, folder synced.
Result<WrittenPack> write_pack(const std::filesystem::path& pack_folder,
                               std::span<const PackObject> objects, const PackOptions& options);

// PackStream: a pack written object by object, whole objects only (bulk loads). Compression may run
// on another thread.
class PackStream {
 public:
  static Result<std::unique_ptr<PackStream>> open(const std::filesystem::path& pack_folder,
                                                  const PackOptions& options);
  virtual ~PackStream() = default;  // Without finish(): removes its temporary files.
  virtual Result<Oid> add(ObjectType type, Bytes bytes) = 0;  // Duplicates are written once.
  virtual Result<WrittenPack> finish() = 0;
};

// Removes what a writer that died left behind. Requires: no pack is being written into the folder.
Result<void> remove_temporary_packs(const std::filesystem::path& pack_folder, FileSystem& files);

// Removes every .keep that we wrote (after recovery: all that the journal named is published).
// Requires: as above.
Result<void> release_kept_packs(const std::filesystem::path& pack_folder, FileSystem& files);

}  // namespace rowan::store
