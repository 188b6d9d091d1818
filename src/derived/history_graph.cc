// The history index as a graph of commits: ancestors, merge bases, what is ahead and what is
// behind.
#include <algorithm>
#include <queue>
#include <unordered_map>
#include <utility>

#include "derived/history_index.h"

namespace rowan::derived {

// Paints the ancestors of two commits from the newest generation down. A commit is handed out after
// all of its descendants, so its paint is final then: it belongs to one side, or it is common to
// both.
struct HistoryIndex::Painter {
  static constexpr uint8_t kA = 1;
  static constexpr uint8_t kB = 2;
  static constexpr uint8_t kBelow = 4;  // Below a common ancestor.

  explicit Painter(const HistoryIndex& the_index) : index(the_index) {}

  void paint(uint32_t at, uint8_t flags) {
    const auto [entry, is_new] = paints.try_emplace(at, uint8_t{0});
    const bool was_open = !is_new && entry->second < kBelow;
    entry->second |= flags;
    if (is_new) queue.push({index.nodes_[at].generation, at});
    if (entry->second < kBelow) {
      if (is_new) ++open;
    } else if (was_open) {
      --open;
    }
  }

  // The next commit that is not below a common one; kNone when only such are left.
  uint32_t next(uint8_t& flags) {
    while (open > 0) {
      const uint32_t at = queue.top().second;
      queue.pop();
      flags = paints[at];
      const uint8_t handed_down = (flags & (kA | kB)) == (kA | kB) ? kA | kB | kBelow : flags;
      const Node& node = index.nodes_[at];
      if (node.first_parent != kNone) paint(node.first_parent, handed_down);
      for (const uint32_t parent : node.more_parents) paint(parent, handed_down);
      if (flags >= kBelow) continue;
      --open;
      return at;
    }
    return kNone;
  }

  const HistoryIndex& index;
  std::priority_queue<std::pair<uint32_t, uint32_t>> queue;  // Generation, position.
  std::unordered_map<uint32_t, uint8_t> paints;
  size_t open = 0;  // Queued and not below a common ancestor.
};

uint32_t HistoryIndex::at_depth(uint32_t at, uint32_t depth) const {
  while (nodes_[at].depth > depth) {
    const uint32_t skip = nodes_[at].skip;
    at = skip != kNone && nodes_[skip].depth >= depth ? skip : nodes_[at].first_parent;
  }
  return at;
}

uint32_t HistoryIndex::fork_point(uint32_t a, uint32_t b) const {
  if (nodes_[a].depth > nodes_[b].depth) a = at_depth(a, nodes_[b].depth);
  if (nodes_[b].depth > nodes_[a].depth) b = at_depth(b, nodes_[a].depth);
  // Skips depend on the depth alone, so both sides jump equally far.
  while (a != b) {
    const Node& left = nodes_[a];
    const Node& right = nodes_[b];
    if (left.first_parent == kNone) return kNone;
    const bool jump = left.skip != kNone && left.skip != right.skip;
    a = jump ? left.skip : left.first_parent;
    b = jump ? right.skip : right.first_parent;
  }
  return a;
}

bool HistoryIndex::straight(uint32_t from, uint32_t to) const {
  return nodes_[from].merges == nodes_[to].merges;
}

bool HistoryIndex::is_ancestor(const Oid& ancestor, const Oid& descendant) const {
  const std::lock_guard guard(mutex_);
  const uint32_t wanted = position(ancestor);
  const uint32_t from = position(descendant);
  if (wanted == kNone || from == kNone) return false;
  const uint32_t fork = fork_point(wanted, from);
  if (fork == wanted) return true;
  if (fork != kNone && straight(from, fork)) return false;
  // Only commits of a higher generation can lie between.
  const uint32_t generation = nodes_[wanted].generation;
  std::vector<uint32_t> stack{from};
  std::unordered_map<uint32_t, bool> seen;
  while (!stack.empty()) {
    const uint32_t at = stack.back();
    stack.pop_back();
    if (at == wanted) return true;
    const Node& node = nodes_[at];
    if (node.generation <= generation || !seen.try_emplace(at, true).second) continue;
    for (const uint32_t parent : node.more_parents) stack.push_back(parent);
    if (node.first_parent != kNone) stack.push_back(node.first_parent);
  }
  return false;
}

std::vector<Oid> HistoryIndex::merge_bases(const Oid& a, const Oid& b) const {
  const std::lock_guard guard(mutex_);
  const uint32_t left = position(a);
  const uint32_t right = position(b);
  if (left == kNone || right == kNone) return {};
  const uint32_t fork = fork_point(left, right);
  if (fork != kNone && straight(left, fork) && straight(right, fork)) return {nodes_[fork].commit};
  Painter painter(*this);
  painter.paint(left, Painter::kA);
  painter.paint(right, Painter::kB);
  std::vector<uint32_t> bases;
  uint8_t flags = 0;
  for (uint32_t at = painter.next(flags); at != kNone; at = painter.next(flags)) {
    if (flags == (Painter::kA | Painter::kB)) bases.push_back(at);
  }
  std::sort(bases.begin(), bases.end(), [this](uint32_t one, uint32_t other) {
    const Node& x = nodes_[one];
    const Node& y = nodes_[other];
    return x.time_us != y.time_us ? x.time_us > y.time_us : y.commit < x.commit;
  });
  std::vector<Oid> ids;
  for (const uint32_t at : bases) ids.push_back(nodes_[at].commit);
  return ids;
}

HistoryIndex::AheadBehind HistoryIndex::ahead_behind(const Oid& commit, const Oid& other) const {
  const std::lock_guard guard(mutex_);
  const uint32_t left = position(commit);
  const uint32_t right = position(other);
  AheadBehind counts;
  if (left == kNone || right == kNone) return counts;
  const uint32_t fork = fork_point(left, right);
  if (fork != kNone && straight(left, fork) && straight(right, fork)) {
    counts.ahead = nodes_[left].depth - nodes_[fork].depth;
    counts.behind = nodes_[right].depth - nodes_[fork].depth;
    return counts;
  }
  Painter painter(*this);
  painter.paint(left, Painter::kA);
  painter.paint(right, Painter::kB);
  uint8_t flags = 0;
  for (uint32_t at = painter.next(flags); at != kNone; at = painter.next(flags)) {
    counts.ahead += flags == Painter::kA;
    counts.behind += flags == Painter::kB;
  }
  return counts;
}

}  // namespace rowan::derived
