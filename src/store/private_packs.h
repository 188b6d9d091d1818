// PrivatePacks: packs written past the journal (bulk loads, spilled workspaces, oversized records)
// for a transaction that may still be rolled back.
//
// Each has a .keep of its own kind until the checkpoint that publishes its transaction. Then the
// refs lead to some or all of its objects: the mark goes, or, where the transaction made more than
// it kept, a pack with only those takes its place, or stands beside it while somebody else has it. A pack whose transaction ended without being
// appended is removed, at open as well (after a crash). That is safe because the journal forgets a
// transaction only when the marks of its packs are durably gone, and because the name of a private
// pack is salted: no other pack of equal content ever has it.
//
// Threads: add() from any thread; the others under the store's checkpoint_mutex_.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "store/file_system.h"
#include "store/pack_set.h"
#include "store/pack_writer.h"

namespace rowan::store {

class PrivatePacks {
 public:
  // Calls its argument for every id that the published transactions' refs and objects name.
  using EachNamed = std::function<void(const std::function<void(const Oid&)>&)>;
  using Hold = std::shared_ptr<const void>;

  PrivatePacks(FileSystem& files, std::filesystem::path folder)
      : files_(files), folder_(std::move(folder)) {}

  // At open, before anything is added: those of a process that died.
  Result<void> find_left_over(const PackSet& packs);
  // `hold`: while somebody has it the pack is wanted. Without one it is wanted until close().
  void add(const std::filesystem::path& stem, std::vector<Oid> ids,
           const std::optional<Hold>& hold);

  // To be called before the journal's unpublished transactions are listed: whatever names a pack
  // that has no holder by now is among those.
  void note_ended();
  // After their refs were published, before the journal forgets them. On an error nothing is lost:
  // it is done again.
  Result<void> settle(PackSet& packs, const EachNamed& each_named);
  void end_all();  // At close: nobody can append any more.

 private:
  struct Pack {
    std::filesystem::path stem;
    std::vector<Oid> ids;  // Sorted.
    bool has_hold = false;
    std::weak_ptr<const void> hold;
    bool has_ended = false;
    std::vector<bool> is_live;  // By position in ids; empty until one is named.
    size_t live = 0;
  };

  Result<void> mark_live(std::vector<Pack>& all, PackSet& packs, const EachNamed& each_named) const;
  Result<void> publish(Pack& pack, PackSet& packs);
  Result<void> add_live(const Pack& pack, PackSet& packs);
  static bool is_held(const Pack& pack);
  Result<WrittenPack> copy_live(const Pack& pack, const PackSet& packs) const;
  Result<void> remove(const std::filesystem::path& stem);

  FileSystem& files_;
  const std::filesystem::path folder_;
  std::mutex mutex_;
  std::vector<Pack> packs_;  // Guarded by mutex_.
};

}  // namespace rowan::store
