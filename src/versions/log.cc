#include "versions/log.h"

#include <queue>
#include <set>
#include <unordered_set>

#include "diff/table_history.h"
#include "store/node_cache.h"
#include "tree/git_tree.h"
#include "versions/revisions.h"

namespace rowan::versions {

// ---- The log by the history index ----

namespace {

struct LogStop {
  int64_t time_us = 0;
  Oid commit;
  std::string path;

  bool operator<(const LogStop& other) const {
    return time_us != other.time_us ? time_us < other.time_us : commit < other.commit;
  }
};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

struct LogWalk::State {
  State(const diff::History& the_history, LogRequest the_request)
      : history(the_history), request(std::move(the_request)) {}

  // Queues the newest commit from `commit` on that may be shown. `is_table`: of the path there;
  // only tables have hashes.
  void push(const Oid& commit, const std::string& path, bool is_table) {
    Oid at = commit;
    if (is_table) {
      const uint32_t hash = derived::change_hash(path, {});
      at = history.index.next_candidate(commit, {&hash, 1}).value_or(commit);
    }
    const auto info = history.index.find(at);
    if (!info || (request.since_us && info->time_us < *request.since_us)) return;
    if (seen.insert(at).second) stops.push({info->time_us, at, path});
  }

  Result<bool> is_table(const Oid& root, const std::string& path) const {
    if (path.empty()) return false;
    TRY_ASSIGN(const auto found,
               tree::find_path(history.objects, history.cache, root, path + "/table.sql"));
    return found.has_value();
  }

  void tell_boundary(const Oid& commit) const {
    if (request.at_boundary) request.at_boundary(commit);
  }

  Result<bool> next_stop(LogStop& stop);
  Result<bool> follow(const LogStop& stop);
  bool is_left_out(const LogStop& stop) const;
  Result<bool> show(const LogStop& stop, LogEntry& entry) const;

  diff::History history;
  LogRequest request;
  std::priority_queue<LogStop> stops;
  std::unordered_set<Oid, OidHash> seen;
  std::optional<diff::TableHistory> row;  // With a key: the commits of the row's versions.
  Oid last_of_row;
};

LogWalk::LogWalk(std::unique_ptr<State> state) : state_(std::move(state)) {}
LogWalk::LogWalk(LogWalk&&) noexcept = default;
LogWalk& LogWalk::operator=(LogWalk&&) noexcept = default;
LogWalk::~LogWalk() = default;

Result<LogWalk> LogWalk::open(const diff::History& history, LogRequest request) {
  auto state = std::make_unique<State>(history, std::move(request));
  for (const std::vector<Oid>* commits : {&state->request.from, &state->request.without}) {
    for (const Oid& commit : *commits) TRY(history.index.ensure(history.objects, commit));
  }
  const LogRequest& wanted = state->request;
  if (wanted.key) {
    TRY_ASSIGN(
        diff::TableHistory row,
        diff::TableHistory::open(history, {wanted.from.front(), wanted.path, wanted.key, false}));
    state->row.emplace(std::move(row));
    return LogWalk(std::move(state));
  }
  for (const Oid& commit : wanted.from) {
    bool is_table = false;
    if (!wanted.path.empty()) {
      TRY_ASSIGN(const Oid root, history.root_of(commit));
      TRY_ASSIGN(is_table, state->is_table(root, wanted.path));
    }
    state->push(commit, wanted.path, is_table);
  }
  return LogWalk(std::move(state));
}

// Queues the parents. True: the commit changed the path.
Result<bool> LogWalk::State::follow(const LogStop& stop) {
  const std::vector<Oid> parents = history.index.find(stop.commit)->parents;
  if (stop.path.empty()) {
    for (const Oid& parent : parents) push(parent, stop.path, false);
    return true;
  }
  TRY_ASSIGN(const Oid root, history.root_of(stop.commit));
  TRY_ASSIGN(const auto here, tree::find_path(history.objects, history.cache, root, stop.path));
  TRY_ASSIGN(const bool table_here, is_table(root, stop.path));
  bool changed = !parents.empty() || here.has_value();
  for (const Oid& parent : parents) {
    TRY_ASSIGN(const Oid parent_root, history.root_of(parent));
    std::string path = stop.path;
    if (table_here) {
      TRY_ASSIGN(const auto before,
                 diff::path_before(history.source(), parent_root, root, stop.path));
      TRY_ASSIGN(const auto back,
                 diff::path_further_back(history.source(), parent_root, root, stop.path, before));
      if (!back) continue;
      path = *back;
    }
    TRY_ASSIGN(const auto there,
               tree::find_path(history.objects, history.cache, parent_root, path));
    const bool same =
        (!here && !there) || (here && there && here->id == there->id && path == stop.path);
    if (same) changed = false;
    TRY_ASSIGN(const bool table_there, is_table(parent_root, path));
    push(parent, path, table_there);
  }
  return changed;
}

Result<bool> LogWalk::State::next_stop(LogStop& stop) {
  if (row) {
    diff::RowVersion version;
    for (;;) {
      TRY_ASSIGN(const bool more, row->next(version));
      if (!more) return false;
      if (version.is_cut) tell_boundary(version.commit);
      if (version.commit == last_of_row) continue;
      last_of_row = version.commit;
      if (request.since_us && version.time_us < *request.since_us) continue;
      stop = {version.time_us, version.commit, request.path};
      return true;
    }
  }
  while (!stops.empty()) {
    TRY(history.check_cancelled());
    stop = stops.top();
    stops.pop();
    if (history.is_cut_at(stop.commit)) tell_boundary(stop.commit);
    TRY_ASSIGN(const bool changed, follow(stop));
    if (changed) return true;
  }
  return false;
}

bool LogWalk::State::is_left_out(const LogStop& stop) const {
  if (request.until_us && stop.time_us > *request.until_us) return true;
  for (const Oid& commit : request.without) {
    if (history.index.is_ancestor(stop.commit, commit)) return true;
  }
  return false;
}

Result<bool> LogWalk::State::show(const LogStop& stop, LogEntry& entry) const {
  entry.id = stop.commit;
  entry.time_us = stop.time_us;
  entry.is_cut = history.is_cut_at(stop.commit);
  TRY_ASSIGN(entry.commit, read_commit(history.objects, stop.commit));
  const git::Signature& author = entry.commit.author;
  if (!request.author.empty() && !contains(author.name + " <" + author.email + ">", request.author))
    return false;
  return request.grep.empty() || contains(entry.commit.message, request.grep);
}

Result<bool> LogWalk::next(LogEntry& entry) {
  LogStop stop;
  for (;;) {
    TRY_ASSIGN(const bool more, state_->next_stop(stop));
    if (!more) return false;
    if (state_->is_left_out(stop)) continue;
    TRY_ASSIGN(const bool shown, state_->show(stop, entry));
    if (shown) return true;
  }
}

}  // namespace rowan::versions
