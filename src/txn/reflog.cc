// Reflogs. A commit on top of a branch leaves its trace in the chain of first parents. Every other
// move (reset, rebase, squash, rename, drop) leaves an entry: a ref
// `refs/rowan/reflog/<branch>/<n>` to a small commit with an empty tree, whose parents are the old
// and the new tip and whose message says what was done. So nothing that a branch ever was is lost
// to git gc.
#include <algorithm>
#include <charconv>
#include <utility>

#include "git/ref_names.h"
#include "txn/core.h"

namespace rowan::txn {

namespace {

std::string folder_of(std::string_view branch) {
  return std::string(git::kReflogRefs) + ref_part(branch) + "/";
}

struct Move {
  uint64_t number = 0;
  Oid entry;  // The commit that describes it.
};

// Oldest first.
std::vector<Move> moves_of(const Core& core, std::string_view branch) {
  const std::string folder = folder_of(branch);
  std::vector<Move> moves;
  for (const store::RefEntry& ref : core.store.refs(folder)) {
    const std::string_view digits = std::string_view(ref.name).substr(folder.size());
    uint64_t number = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (read.ec == std::errc() && read.ptr == digits.data() + digits.size())
      moves.push_back({number, ref.value});
  }
  std::sort(moves.begin(), moves.end(),
            [](const Move& a, const Move& b) { return a.number < b.number; });
  return moves;
}

// "reset: moving to v1" says both.
void split_message(std::string_view subject, ReflogEntry& entry) {
  const size_t colon = subject.find(": ");
  entry.action = subject.substr(0, colon);
  if (colon != std::string_view::npos) entry.message = subject.substr(colon + 2);
}

Result<ReflogEntry> read_move(const Core& core, const Oid& id) {
  TRY_ASSIGN(const store::ObjectRef object, core.store.read(id));
  if (object.type != store::ObjectType::kCommit)
    return Error(ErrorCode::kCorruption, "reflog entry " + id.hex() + " is no commit");
  TRY_ASSIGN(const git::Commit commit, git::parse_commit(object.bytes));
  ReflogEntry entry;
  if (!commit.parents.empty()) entry.previous = commit.parents[0];
  if (commit.parents.size() > 1) entry.commit = commit.parents[1];
  split_message(git::subject(commit.message), entry);
  if (entry.action == "rename") entry.commit = entry.previous;
  entry.author = commit.author;
  entry.time_us = git::commit_time_us(commit);
  return entry;
}

Result<ReflogEntry> read_commit(Core& core, const Oid& id) {
  TRY(core.history.ensure(core.store, id));
  TRY_ASSIGN(const store::ObjectRef object, core.store.read(id));
  TRY_ASSIGN(const git::Commit commit, git::parse_commit(object.bytes));
  ReflogEntry entry;
  entry.commit = id;
  if (!commit.parents.empty()) entry.previous = commit.parents[0];
  entry.action = commit.parents.size() > 1 ? "merge" : "commit";
  entry.message = git::subject(commit.message);
  entry.author = commit.author;
  const auto info = core.history.find(id);
  entry.time_us = info ? info->time_us : git::commit_time_us(commit);
  return entry;
}

}  // namespace

std::string ref_part(std::string_view branch) {
  std::string name;
  for (const char c : branch) {
    if (c == '/') {
      name += "%2F";
    } else if (c == '%') {
      name += "%25";
    } else {
      name += c;
    }
  }
  return name;
}

Result<store::RefUpdate> reflog_entry(Core& core, store::PendingObjects& objects,
                                      std::string_view branch, const Oid& from, const Oid& to,
                                      const git::Signature& author, std::string_view what) {
  const std::vector<Move> moves = moves_of(core, branch);
  int64_t time_us = core.clock.now_us();
  if (!moves.empty()) {
    TRY_ASSIGN(const ReflogEntry last, read_move(core, moves.back().entry));
    time_us = git::bounded_time_us(std::max(time_us, last.time_us + 1));
  }
  git::Commit commit;
  commit.tree = objects.add(store::ObjectType::kTree, "");
  commit.parents = {from};
  if (!to.is_zero() && to != from) commit.parents.push_back(to);
  commit.author = author;
  commit.author.seconds = time_us / 1'000'000;
  commit.committer = commit.author;
  std::string subject(what.substr(0, what.find('\n')));
  commit.message =
      git::message_with_trailers(subject, "", {{"Rowan-Time", std::to_string(time_us)}});
  const uint64_t number = moves.empty() ? 1 : moves.back().number + 1;
  return store::RefUpdate{folder_of(branch) + std::to_string(number), Oid{},
                          objects.add(store::ObjectType::kCommit, git::encode_commit(commit))};
}

Result<std::vector<store::RefUpdate>> rename_reflog(Core& core, store::PendingObjects& objects,
                                                    std::string_view from, std::string_view to,
                                                    const git::Signature& author) {
  TRY_ASSIGN(const auto branch, core.get_branch(from));
  const Oid tip = branch->tip().snapshot.commit;
  TRY_ASSIGN(store::RefUpdate last,
             reflog_entry(core, objects, from, tip, tip, author,
                          "rename: from " + std::string(from) + " to " + std::string(to)));
  const std::vector<Move> there = moves_of(core, to);
  uint64_t number = there.empty() ? 0 : there.back().number;
  std::vector<store::RefUpdate> updates;
  for (const Move& move : moves_of(core, from)) {
    updates.push_back({folder_of(from) + std::to_string(move.number), move.entry, Oid{}});
    updates.push_back({folder_of(to) + std::to_string(++number), Oid{}, move.entry});
  }
  last.name = folder_of(to) + std::to_string(++number);
  updates.push_back(std::move(last));
  return updates;
}

Result<void> walk_reflog(Core& core, std::string_view branch,
                         const std::function<Result<bool>(const ReflogEntry&)>& visit) {
  std::vector<Move> moves = moves_of(core, branch);
  Oid at;
  if (const auto now = core.find_branch(branch)) {
    at = now->tip().snapshot.commit;
  } else if (moves.empty()) {
    return Error(ErrorCode::kUndefinedBranch,
                 "branch \"" + std::string(branch) + "\" does not exist");
  }
  for (;;) {
    std::optional<ReflogEntry> move;
    if (!moves.empty()) {
      TRY_ASSIGN(move, read_move(core, moves.back().entry));
      moves.pop_back();
    }
    // Commits made since the move: the chain down to where it went, or to its time should the chain
    // not come by there.
    while (!at.is_zero() && (!move || at != move->commit)) {
      TRY_ASSIGN(const ReflogEntry commit, read_commit(core, at));
      if (move && commit.time_us <= move->time_us) break;
      TRY_ASSIGN(const bool more, visit(commit));
      if (!more) return {};
      at = commit.previous;
    }
    if (!move) return {};
    TRY_ASSIGN(const bool more, visit(*move));
    if (!more) return {};
    at = move->previous;
  }
}

Result<Oid> reflog_commit(Core& core, std::string_view branch, uint64_t n) {
  uint64_t left = n;
  std::optional<Oid> found;
  TRY(walk_reflog(core, branch, [&](const ReflogEntry& entry) -> Result<bool> {
    if (left-- > 0) return true;
    found = entry.commit;
    return false;
  }));
  if (!found || found->is_zero()) {
    return Error(ErrorCode::kUndefinedRevision, "the reflog of branch \"" + std::string(branch) +
                                                    "\" has no entry " + std::to_string(n) +
                                                    " that names a commit");
  }
  return *found;
}

}  // namespace rowan::txn
