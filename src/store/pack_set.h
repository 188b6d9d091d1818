// PackSet: reads every object of a repository's packs (memory-mapped, libdeflate) and loose
// objects.
//
// Threads: any; lookups take a shared lock only to copy the list of packs.
// Errors:  kCorruption names the file; a missing object is not an error of find().
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/oid.h"
#include "base/result.h"
#include "store/object_store.h"

namespace rowan::store {

class FileSystem;

class PackSet {
 public:
  // `objects_folder`: <repository>/objects; info/alternates is honoured. `another`: one more folder
  // of that kind; empty: none.
  static Result<std::unique_ptr<PackSet>> open(const std::filesystem::path& objects_folder,
                                               const std::filesystem::path& another = {});
  virtual ~PackSet() = default;

  // The object, or nothing. A miss lists the pack folder again (stock gc may have replaced packs),
  // at most every few ms unless `retry` is set. Objects over kObjectBytesMax are refused
  // (kProgramLimit). With `verify` the id is checked.
  virtual Result<std::optional<ObjectRef>> find(const Oid& id, bool verify = false) const = 0;
  virtual bool contains(const Oid& id) const = 0;
  // All ids that begin with the hexadecimal digits (at least 4), at most `limit`.
  virtual std::vector<Oid> find_prefix(std::string_view hex, size_t limit) const = 0;
  virtual Result<void> refresh() = 0;                            // Lists the folder now.
  virtual void add_pack(const std::filesystem::path& stem) = 0;  // A pack just written.

  struct PackInfo {
    std::filesystem::path stem;
    uint64_t objects = 0;
    uint64_t bytes = 0;
    bool kept = false;  // Has a .keep file.
  };
  virtual std::vector<PackInfo> packs() const = 0;
  // Every id of one pack, with type and (for chains) its delta base if it is stored as a delta.
  virtual Result<std::vector<Oid>> ids_of(const std::filesystem::path& stem) const = 0;
};

// Pack care: merges the smallest packs so that each one left is at least twice the sum of the
// smaller ones and fewer than kPacksMax stay, but for packs that would make more than
// `objects_max` objects together; keeps delta chains (entries whose base moves along
// are copied as they are, others are rebuilt). New pack first, then the old ones go. Packs with
// .keep, .promisor or .mtimes are left alone. Gives the number of packs merged. `files`: borrowed;
// nullptr: the real one.
Result<size_t> consolidate_packs(PackSet& packs, const std::filesystem::path& pack_folder,
                                 FileSystem* files = nullptr,
                                 uint64_t objects_max = kMergedObjectsMax);

}  // namespace rowan::store
