// write_pack: a checkpoint's objects with delta chains. PackStream: a bulk load's objects, deflated
// by several threads.
#include "store/pack_writer.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/caught.h"
#include "base/ensure.h"
#include "base/limits.h"
#include "store/pack_delta.h"
#include "store/pack_output.h"

namespace rowan::store {

namespace {

constexpr uint32_t kNone = UINT32_MAX;

// Positions in `objects`, one for each id: its last occurrence, so that a node that went back to an
// older content counts as new. In the order of the input.
struct Selection {
  std::vector<uint32_t> kept;
  std::unordered_map<Oid, uint32_t, OidHash> position;
};

Selection select_objects(std::span<const PackObject> objects) {
  Selection selection;
  selection.position.reserve(objects.size());
  for (uint32_t i = 0; i < objects.size(); ++i)
    selection.position.insert_or_assign(objects[i].id, i);
  selection.kept.reserve(selection.position.size());
  for (uint32_t i = 0; i < objects.size(); ++i) {
    if (selection.position.at(objects[i].id) == i) selection.kept.push_back(i);
  }
  return selection;
}

// For each object the newer version it is made from, or kNone: one that came from it, else the next
// that came from the same older version, as nodes of many branches do. A base always stands later
// in the input, so that links cannot form a ring.
std::vector<uint32_t> find_bases(std::span<const PackObject> objects, const Selection& selection) {
  std::vector<uint32_t> base(objects.size(), kNone);
  std::unordered_map<Oid, uint32_t, OidHash>
      sibling;  // By `previous`, the latest that came from it.
  for (const uint32_t i : selection.kept) {
    if (objects[i].previous.is_zero()) continue;
    if (const auto [at, is_first] = sibling.try_emplace(objects[i].previous, i); !is_first) {
      const uint32_t before = std::exchange(at->second, i);
      if (base[before] == kNone && objects[before].type == objects[i].type) base[before] = i;
    }
    const auto older = selection.position.find(objects[i].previous);
    if (older == selection.position.end() || older->second >= i) continue;
    if (objects[older->second].type == objects[i].type) base[older->second] = i;
  }
  return base;
}

}  // namespace

Result<WrittenPack> write_pack(const std::filesystem::path& pack_folder,
                               std::span<const PackObject> objects, const PackOptions& options) {
  if (objects.empty()) return WrittenPack{};
  if (objects.size() >= kNone)
    return Error(ErrorCode::kProgramLimit, "a pack holds too many objects");
  const Selection selection = select_objects(objects);
  const std::vector<uint32_t> base = find_bases(objects, selection);
  TRY_ASSIGN(auto output, PackOutput::open(pack_folder, {.files = options.files,
                                                         .sync = options.sync,
                                                         .is_private = options.is_private,
                                                         .count = selection.kept.size()}));
  Deflater deflater(options.compression);
  DeltaMaker deltas;
  std::vector<uint64_t> offset(objects.size());
  std::vector<uint8_t> depth(objects.size());
  static_assert(kDeltaChainMax <= UINT8_MAX);
  std::string data;

  // From the newest to the oldest, so that a base is always written before what is made from it.
  for (auto at = selection.kept.rbegin(); at != selection.kept.rend(); ++at) {
    const uint32_t i = *at;
    const PackObject& object = objects[i];
    offset[i] = output->offset();
    if (base[i] != kNone && depth[base[i]] < kDeltaChainMax &&
        object.bytes.size() >= kDeltaObjectBytesMin) {
      const std::string& delta =
          deltas.make(objects[base[i]].bytes, object.bytes, object.bytes.size() / 2);
      if (!delta.empty()) {
        data.clear();
        deflater.append(delta, data);
        depth[i] = static_cast<uint8_t>(depth[base[i]] + 1);
        TRY(output->add(object.id, delta_entry_head(delta.size(), offset[i] - offset[base[i]]),
                        data));
        continue;
      }
    }
    data.clear();
    deflater.append(object.bytes, data);
    TRY(output->add(object.id, whole_entry_head(object.type, object.bytes.size()), data));
  }
  return output->finish();
}

namespace {

constexpr size_t kBatchBytes = 256u << 10;
constexpr size_t kBatchObjectsMax = 4096;  // Bounds the books of a batch of empty objects.

class PackStreamImpl final : public PackStream {
 public:
  PackStreamImpl(std::unique_ptr<PackOutput> output, const PackOptions& options)
      : output_(std::move(output)), level_(options.compression), deflater_(options.compression) {
    // Without a thread the caller does its work.
    ends_well([&] {
      for (int i = 1; i < options.threads; ++i) workers_.emplace_back([this] { work(); });
    });
  }

  ~PackStreamImpl() override { stop(); }

  Result<Oid> add(ObjectType type, Bytes bytes) override {
    const Oid id = hash_object(type, bytes);
    if (!seen_.insert(id).second) return id;
    if (open_ == nullptr) {
      open_ = std::make_unique<Batch>();
      open_->raw.reserve(kBatchBytes + bytes.size());
    }
    open_->items.push_back({id, type, bytes.size(), 0});
    open_->raw.append(bytes);
    if (open_->raw.size() >= kBatchBytes || open_->items.size() >= kBatchObjectsMax) TRY(submit());
    return id;
  }

  Result<WrittenPack> finish() override {
    ENSURE(!finished_);
    finished_ = true;
    if (open_ != nullptr) TRY(submit());
    while (!pending_.empty()) TRY(write_front());
    stop();
    return output_->finish();
  }

 private:
  enum class State : uint8_t { kWaiting, kRunning, kDone, kFailed };

  struct Item {
    Oid id;
    ObjectType type;
    size_t raw_bytes;
    size_t packed_bytes;
  };
  struct Batch {
    std::string raw;
    std::string packed;
    std::vector<Item> items;
    State state = State::kWaiting;  // Guarded by mutex_.
  };

  static void deflate(Batch& batch, Deflater& deflater) {
    Bytes rest = batch.raw;
    for (Item& item : batch.items) {
      const size_t before = batch.packed.size();
      deflater.append(rest.substr(0, item.raw_bytes), batch.packed);
      item.packed_bytes = batch.packed.size() - before;
      rest.remove_prefix(item.raw_bytes);
    }
  }

  // Requires: mutex_ held. The oldest batch nobody has begun, or nullptr.
  Batch* take_waiting() {
    for (const auto& batch : pending_) {
      if (batch->state != State::kWaiting) continue;
      batch->state = State::kRunning;
      return batch.get();
    }
    return nullptr;
  }

  void work() {
    std::optional<Deflater> deflater;
    if (!ends_well([&] { deflater.emplace(level_); })) return;
    std::unique_lock lock(mutex_);
    for (;;) {
      Batch* const batch = take_waiting();
      if (batch == nullptr) {
        if (stopping_) return;
        changed_.wait(lock);
        continue;
      }
      lock.unlock();
      const bool done = ends_well([&] { deflate(*batch, *deflater); });
      lock.lock();
      batch->state = done ? State::kDone : State::kFailed;
      changed_.notify_all();
    }
  }

  // Hands the open batch over. When the workers fall behind, the caller deflates as well, which
  // also bounds memory.
  Result<void> submit() {
    {
      const std::lock_guard guard(mutex_);
      pending_.push_back(std::move(open_));
    }
    changed_.notify_all();
    while (pending_.size() > 3 * workers_.size() || front_is_done()) {
      TRY(write_front());
      if (pending_.empty()) break;
    }
    return {};
  }

  bool front_is_done() {
    const std::lock_guard guard(mutex_);
    return pending_.front()->state == State::kDone || pending_.front()->state == State::kFailed;
  }

  // Writes the oldest batch; while it is not done, deflates whatever is waiting.
  Result<void> write_front() {
    std::unique_lock lock(mutex_);
    while (pending_.front()->state != State::kDone) {
      if (pending_.front()->state == State::kFailed) throw std::bad_alloc();
      Batch* const batch = take_waiting();
      if (batch == nullptr) {
        changed_.wait(lock);
        continue;
      }
      lock.unlock();
      deflate(*batch, deflater_);
      lock.lock();
      batch->state = State::kDone;
    }
    const std::unique_ptr<Batch> done = std::move(pending_.front());
    pending_.pop_front();
    lock.unlock();
    Bytes rest = done->packed;
    for (const Item& item : done->items) {
      TRY(output_->add(item.id, whole_entry_head(item.type, item.raw_bytes),
                       rest.substr(0, item.packed_bytes)));
      rest.remove_prefix(item.packed_bytes);
    }
    return {};
  }

  void stop() {
    {
      const std::lock_guard guard(mutex_);
      stopping_ = true;
      // Batches nobody has begun are dropped when the stream is abandoned; finish() leaves none.
      for (const auto& batch : pending_) {
        if (batch->state == State::kWaiting) batch->state = State::kDone;
      }
    }
    changed_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
  }

  std::unique_ptr<PackOutput> output_;
  const int level_;
  Deflater deflater_;  // The caller's.
  std::unordered_set<Oid, OidHash> seen_;
  std::unique_ptr<Batch> open_;  // Being filled; nullptr when empty.
  bool finished_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;  // A batch came, or is done, or stopping_ was set.
  std::deque<std::unique_ptr<Batch>>
      pending_;            // Changed by the caller only, under mutex_; oldest first.
  bool stopping_ = false;  // Guarded by mutex_.
  std::vector<std::thread> workers_;
};

}  // namespace

Result<std::unique_ptr<PackStream>> PackStream::open(const std::filesystem::path& pack_folder,
                                                     const PackOptions& options) {
  TRY_ASSIGN(auto output, PackOutput::open(pack_folder, {.files = options.files,
                                                         .sync = options.sync,
                                                         .is_private = options.is_private,
                                                         .count = std::nullopt}));
  return std::unique_ptr<PackStream>(std::make_unique<PackStreamImpl>(std::move(output), options));
}

}  // namespace rowan::store
