// The in-memory ObjectStore: two maps behind one lock. Everything it holds is "durable" at once.
#include "store/memory_store.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/limits.h"
#include "store/node_cache.h"
#include "store/object_links.h"

namespace rowan::store {

namespace {

class MemoryStore final : public ObjectStore {
 public:
  Result<ObjectRef> read(const Oid& id) const override {
    const std::shared_lock guard(mutex_);
    objects_read_.fetch_add(1, std::memory_order_relaxed);
    const auto found = objects_.find(id);
    if (found == objects_.end()) {
      return Error(ErrorCode::kCorruption, "object " + id.hex() + " is missing");
    }
    return found->second;
  }

  bool contains(const Oid& id) const override {
    const std::shared_lock guard(mutex_);
    return objects_.contains(id);
  }

  std::vector<Oid> find_prefix(std::string_view hex, size_t limit) const override {
    std::vector<Oid> found;
    std::string wanted(hex);
    for (char& c : wanted) {
      if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    }
    const std::shared_lock guard(mutex_);
    for (const auto& [id, object] : objects_) {
      if (id.hex().starts_with(wanted)) found.push_back(id);
    }
    std::sort(found.begin(), found.end());
    if (found.size() > limit) found.resize(limit);
    return found;
  }

  std::optional<Oid> ref(std::string_view name) const override {
    const std::shared_lock guard(mutex_);
    const auto found = refs_.find(name);
    if (found == refs_.end()) return std::nullopt;
    return found->second;
  }

  std::vector<RefEntry> refs(std::string_view prefix) const override {
    std::vector<RefEntry> found;
    const std::shared_lock guard(mutex_);
    for (auto at = refs_.lower_bound(prefix); at != refs_.end() && at->first.starts_with(prefix);
         ++at) {
      found.push_back({at->first, at->second});
    }
    return found;
  }

  Result<uint64_t> append(const PendingObjects& objects,
                          const std::vector<RefUpdate>& refs) override {
    if (read_only())
      return Error(ErrorCode::kReadOnlyTransaction, "the database is open for reading only");
    const auto used = drop_unused(objects.entries(), refs);
    const std::unique_lock guard(mutex_);
    TRY(check_old_values(refs));
    for (const PendingObjects::Entry& entry : used ? *used : objects.entries())
      objects_.emplace(entry.id, entry.object);
    for (const RefUpdate& update : refs) {
      if (update.new_value.is_zero()) {
        refs_.erase(update.name);
      } else {
        refs_.insert_or_assign(update.name, update.new_value);
      }
    }
    return ++sequence_;
  }

  Result<void> wait_durable(uint64_t) override { return {}; }

  uint64_t durable_sequence() const override {
    const std::shared_lock guard(mutex_);
    return sequence_;
  }

  Result<std::unique_ptr<BulkWriter>> begin_bulk() override {
    return std::unique_ptr<BulkWriter>(std::make_unique<MemoryBulk>(*this));
  }

  Result<void> checkpoint() override { return {}; }
  Result<void> maintain() override { return {}; }
  void set_foreign_handler(std::function<void(const ForeignMove&)>) override {
  }  // Nobody else can move a ref.
  bool read_only() const override { return read_only_.load(std::memory_order_relaxed); }
  void end_writing() { read_only_.store(true, std::memory_order_relaxed); }

  StoreStats stats() const override {
    const std::shared_lock guard(mutex_);
    return {.objects_read = objects_read_.load(std::memory_order_relaxed),
            .commits_appended = sequence_};
  }

  NodeCache& cache() const override { return cache_; }

 private:
  // Keeps its objects to itself until finish(), so that an abandoned one leaves nothing behind.
  class MemoryBulk final : public BulkWriter {
   public:
    explicit MemoryBulk(MemoryStore& store) : store_(store) {}

    Result<Oid> add(ObjectType type, Bytes bytes) override {
      const Oid id = hash_object(type, bytes);
      const auto [at, is_new] = made_.try_emplace(id);
      if (is_new) {
        auto owner = std::make_shared<const std::string>(bytes);
        const Bytes view = *owner;
        at->second = ObjectRef{type, view, std::move(owner)};
      }
      return id;
    }

    Result<void> finish() override {
      const std::unique_lock guard(store_.mutex_);
      store_.objects_.merge(made_);
      made_.clear();
      return {};
    }

    std::shared_ptr<const void> hold() override {
      return std::make_shared<int>();
    }  // Nothing is removed before the store goes.

   private:
    MemoryStore& store_;
    std::unordered_map<Oid, ObjectRef, OidHash> made_;
  };

  // Requires: mutex_ held. All values are compared before the first one moves.
  Result<void> check_old_values(const std::vector<RefUpdate>& refs) const {
    for (const RefUpdate& update : refs) {
      const auto found = refs_.find(update.name);
      const Oid now = found == refs_.end() ? Oid{} : found->second;
      if (now != update.old_value) {
        return Error(ErrorCode::kSerializationFailure,
                     "could not serialize access due to concurrent update")
            .with_detail("Reference \"" + update.name + "\" was moved meanwhile.");
      }
    }
    for (const RefUpdate& update : refs) TRY(check_room(refs, update));
    return {};
  }

  // As on disk, where refs are files: "a" and "a/b" cannot both stand.
  Result<void> check_room(const std::vector<RefUpdate>& refs, const RefUpdate& made) const {
    if (!made.old_value.is_zero() || made.new_value.is_zero()) return {};
    const auto stands = [&](const std::string& name) {
      for (auto at = refs.rbegin(); at != refs.rend(); ++at) {
        if (at->name == name) return !at->new_value.is_zero();
      }
      return refs_.contains(name);
    };
    const auto conflict = [&](const std::string& other) {
      return Error(ErrorCode::kDuplicateBranch,
                   "ref \"" + made.name + "\" cannot exist beside \"" + other + "\"");
    };
    for (size_t slash = made.name.find('/', 5); slash != std::string::npos;
         slash = made.name.find('/', slash + 1)) {
      if (stands(made.name.substr(0, slash))) return conflict(made.name.substr(0, slash));
    }
    const std::string below = made.name + "/";
    for (auto at = refs_.lower_bound(below); at != refs_.end() && at->first.starts_with(below);
         ++at) {
      if (stands(at->first)) return conflict(at->first);
    }
    for (const RefUpdate& other : refs) {
      if (other.name.starts_with(below) && stands(other.name)) return conflict(other.name);
    }
    return {};
  }

  mutable std::shared_mutex mutex_;
  std::unordered_map<Oid, ObjectRef, OidHash> objects_;  // Guarded by mutex_, as the next two.
  std::map<std::string, Oid, std::less<>> refs_;
  uint64_t sequence_ = 0;
  std::atomic<bool> read_only_{false};
  mutable std::atomic<uint64_t> objects_read_ = 0;
  mutable NodeCache cache_{kNodeCacheBytesDefault};
};

}  // namespace

void end_writing(ObjectStore& store) { static_cast<MemoryStore&>(store).end_writing(); }

std::unique_ptr<ObjectStore> make_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace rowan::store
