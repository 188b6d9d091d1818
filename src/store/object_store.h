// ObjectStore: Git objects and refs behind one interface, on disk (git_store.h) or in memory
// (memory_store.h).
//
// Invariants (cited as S1…):
//   S1. An object's id is the SHA-1 of its Git header and bytes; read() checks shape and checksums;
//   `rowan check` hashes again. S2. A transaction is one journal record: after a crash all of its
//   objects and refs are there, or none. S3. When wait_durable(n) returned without error, every
//   transaction up to n survives power loss. S4. Refs published in Git are never ahead of the packs
//   that hold their objects. S5. A ref moved by somebody else is never overwritten unseen: its tip
//   is parked first (foreign moves).
// Threads: every member may be called from any thread.
// Errors:  kIoError, kDiskFull, kCorruption; others as named.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/oid.h"
#include "base/result.h"

namespace rowan::store {

class NodeCache;

// Git's own numbers: they stand in packs and in the journal.
enum class ObjectType : uint8_t { kCommit = 1, kTree = 2, kBlob = 3, kTag = 4 };

std::string_view type_word(ObjectType type);  // "commit", "tree", "blob", "tag".
Oid hash_object(ObjectType type, Bytes bytes);

// An object's bytes and what keeps them alive (a mapped journal file, an inflated buffer).
struct ObjectRef {
  ObjectType type = ObjectType::kBlob;
  Bytes bytes;
  std::shared_ptr<const void> owner;
};

class ObjectReader {
 public:
  virtual ~ObjectReader() = default;
  // kCorruption when the object is missing or does not match its id; kAbsentObject when a partial
  // clone left it at its remote.
  virtual Result<ObjectRef> read(const Oid& id) const = 0;
};

// Objects a transaction made and has not handed over yet. Not shared between threads.
// Reading through it sees its own objects first, then `below`.
class PendingObjects final : public ObjectReader {
 public:
  struct Entry {
    Oid id;
    ObjectType type;
    Oid previous;  // The version of the same node that this one follows (delta base for packs);
                   // zero: none.
    ObjectRef object;
  };

  explicit PendingObjects(const ObjectReader& below);
  ~PendingObjects() override;
  PendingObjects(const PendingObjects&) =
      delete;  // Reading through another one is not a copy: pass it as an ObjectReader.
  PendingObjects& operator=(const PendingObjects&) = delete;

  // Hashes and keeps the object; the same object twice is kept once.
  Oid add(ObjectType type, std::string bytes, const Oid& previous = {});

  Result<ObjectRef> read(const Oid& id) const override;
  const std::vector<Entry>& entries() const { return entries_; }
  size_t bytes() const { return bytes_; }
  void clear();

 private:
  const Entry* find(const Oid& id) const;

  const ObjectReader& below_;
  std::vector<Entry>
      entries_;  // Searched from the back: a transaction makes few, bulk loads use BulkWriter.
  size_t bytes_ = 0;
  struct Index;
  std::unique_ptr<Index> index_;  // Built above a few dozen entries.
};

struct RefUpdate {
  std::string name;  // "refs/heads/main".
  Oid old_value;     // Zero: the ref must not exist.
  Oid new_value;     // Zero: the ref is deleted.
};

struct RefEntry {
  std::string name;
  Oid value;
};

// A branch that somebody else moved while the store was closed.
struct UnverifiedBranch {
  std::string name;
  Oid value;  // Zero: it was deleted.
  Oid good;   // The last value that this store published; zero: none is known.
};

// A pack written past the journal (COPY, imports, spilled workspaces). Objects may be read through
// the store once finish() returned; they are kept from collection until a transaction that names
// them is published.
class BulkWriter {
 public:
  virtual ~BulkWriter() = default;  // Without finish(): leaves nothing behind.
  virtual Result<Oid> add(ObjectType type, Bytes bytes) = 0;
  virtual Result<void> finish() = 0;  // fdatasync, rename, fsync of the folder.

  // To be asked for before finish(). While somebody has it the objects stay; when it is gone and no
  // transaction appended by then leads to them they are removed. Without it they stay until the
  // store is closed.
  virtual std::shared_ptr<const void> hold() = 0;
};

enum class SyncMode : uint8_t { kOn, kNormal, kOff };  // synchronous_commit.

// A ref that somebody else moved (a push, a hand edit). The store has kept `foreign` as
// refs/rowan/foreign/<branch>/<oid> before the handler hears of it.
struct ForeignMove {
  std::string name;
  Oid published;       // What Git last had from us; zero: the ref is new.
  Oid foreign;         // What Git has now; zero: the ref was deleted.
  std::string parked;  // The ref that keeps `foreign`; empty when there is nothing to keep.
};

struct StoreStats {
  uint64_t journal_bytes = 0;  // Unpublished bytes.
  uint64_t packs = 0;
  uint64_t objects_read = 0;  // read() calls that missed every decoded cache, since open.
  uint64_t commits_appended = 0;
  uint64_t flushes = 0;
};

class ObjectStore : public ObjectReader {
 public:
  // Of a clone that does not hold all of its history: commits whose parents are not here. read()
  // gives them without parents, as Git takes them, so their bytes do not hash to their ids. Known
  // since open.
  virtual bool is_boundary(const Oid& /*commit*/) const { return false; }
  virtual std::vector<Oid> boundary() const { return {}; }
  virtual bool contains(const Oid& id) const = 0;
  // All ids that begin with the hexadecimal digits (4 to 40 of them), at most `limit`.
  virtual std::vector<Oid> find_prefix(std::string_view hex, size_t limit) const = 0;

  // Refs as the last appended transaction left them (not as Git shows them until the next
  // checkpoint).
  virtual std::optional<Oid> ref(std::string_view name) const = 0;
  virtual std::vector<RefEntry> refs(std::string_view prefix) const = 0;  // Sorted by name.

  // Branches whose value at open is not one that this store published or recovered: somebody moved
  // them while it was closed. Their content is to be verified before it is built upon;
  // mark_verified() says that it was.
  virtual std::vector<UnverifiedBranch> unverified_branches() const { return {}; }
  virtual void mark_verified(std::string_view /*name*/) {}

  // Appends one transaction: at once visible to read() and ref(), durable after
  // wait_durable(sequence). With refs, only the objects that they lead to are taken: what was made
  // on the way and given up leaves nothing behind. Blocks only when all journal files are full.
  // kSerializationFailure when a ref does not have its old value.
  virtual Result<uint64_t> append(const PendingObjects& objects,
                                  const std::vector<RefUpdate>& refs) = 0;

  // Group commit: the first waiter flushes for all that wait. A failed flush makes the store
  // read-only: every later call fails with kIoError until it is opened again.
  virtual Result<void> wait_durable(uint64_t sequence) = 0;
  virtual uint64_t durable_sequence() const = 0;

  virtual Result<std::unique_ptr<BulkWriter>> begin_bulk() = 0;

  // Packs and publishes everything appended so far; returns when stock git sees it.
  virtual Result<void> checkpoint() = 0;
  virtual Result<void> maintain() = 0;  // Pack care, one round.

  // Called on a background thread for each foreign move; answers by append()ing what should stand,
  // or nothing: then the ref is set back to our value.
  virtual void set_foreign_handler(std::function<void(const ForeignMove&)> handler) = 0;

  virtual bool read_only() const = 0;
  virtual StoreStats stats() const = 0;
  virtual NodeCache& cache() const = 0;
};

}  // namespace rowan::store
