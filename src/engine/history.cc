#include "engine/history.h"

#include <queue>
#include <unordered_set>

#include "store/node_cache.h"
#include "tree/git_tree.h"

namespace rowan::engine {

namespace {

struct Later {
  bool operator()(const LogEntry& a, const LogEntry& b) const {
    return a.time_us != b.time_us ? a.time_us < b.time_us : a.id < b.id;
  }
};

Result<LogEntry> read_entry(const store::ObjectReader& objects, const Oid& id) {
  TRY_ASSIGN(git::Commit commit, read_commit(objects, id));
  const int64_t time = git::commit_time_us(commit);
  return LogEntry{id, std::move(commit), time};
}

// The id of a folder in a commit's tree; zero when it is not there.
Result<Oid> folder_id(const store::ObjectStore& store, const Oid& root, const std::string& path) {
  TRY_ASSIGN(const auto entry, tree::find_path(store, store.cache(), root, path));
  return entry ? entry->id : Oid{};
}

Result<bool> touches(const store::ObjectStore& store, const LogEntry& entry, const std::string& path) {
  TRY_ASSIGN(const Oid here, folder_id(store, entry.commit.tree, path));
  if (entry.commit.parents.empty()) return !here.is_zero();
  TRY_ASSIGN(const git::Commit parent, read_commit(store, entry.commit.parents.front()));
  TRY_ASSIGN(const Oid before, folder_id(store, parent.tree, path));
  return here != before;
}

}  // namespace

Result<git::Commit> read_commit(const store::ObjectReader& objects, const Oid& id) {
  TRY_ASSIGN(const store::ObjectRef object, objects.read(id));
  if (object.type != store::ObjectType::kCommit) return Error(ErrorCode::kUndefinedRevision, id.hex() + " is not a commit");
  return git::parse_commit(object.bytes);
}

Result<void> walk_log(const store::ObjectStore& store, const Oid& from, const std::optional<std::string>& path,
                      const std::function<Result<bool>(const LogEntry&)>& visit) {
  std::priority_queue<LogEntry, std::vector<LogEntry>, Later> open;
  std::unordered_set<Oid, OidHash> seen = {from};
  TRY_ASSIGN(LogEntry first, read_entry(store, from));
  open.push(std::move(first));
  while (!open.empty()) {
    const LogEntry entry = open.top();
    open.pop();
    for (const Oid& parent : entry.commit.parents) {
      if (!seen.insert(parent).second) continue;
      TRY_ASSIGN(LogEntry next, read_entry(store, parent));
      open.push(std::move(next));
    }
    if (path) {
      TRY_ASSIGN(const bool wanted, touches(store, entry, *path));
      if (!wanted) continue;
    }
    TRY_ASSIGN(const bool more, visit(entry));
    if (!more) break;
  }
  return {};
}

}  // namespace rowan::engine
