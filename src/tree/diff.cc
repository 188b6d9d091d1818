// diff_trees: two walks side by side that open a node only where the other side does not have the
// same one.
#include <utility>

#include "tree/boundary.h"
#include "tree/row_tree.h"

namespace rowan::tree {
namespace {

// One tree's walk. It stands before an unopened node or at a row; everything before is done with.
class Walk {
 public:
  Walk(const TreeReader& reader, const Oid& root) : reader_(reader), root_(root) {}

  Result<void> start() {
    if (root_.is_zero()) return {};
    // The height tells which of two nodes of one name stands higher.
    Oid id = root_;
    for (height_ = 1;; ++height_) {
      if (height_ == kTreeLevelsMax)
        return Error(ErrorCode::kCorruption, "row tree " + root_.hex() + " is too deep");
      TRY_ASSIGN(const auto node, read_node(id));
      const TreeEntry& first = node->entries()[0];
      if (!first.is_tree()) break;
      id = first.id;
    }
    TRY_ASSIGN(auto node, read_node(root_));
    path_.push_back({std::move(node), 0});
    return {};
  }

  bool at_end() const { return path_.empty(); }
  bool at_row() const { return leaf_ != nullptr; }
  // The row's key, or a lower bound of the keys in the node stood before.
  Bytes key() const {
    return at_row() ? leaf_->key(row_) : path_.back().node->key(path_.back().index);
  }
  Bytes line() const { return leaf_->line(row_); }
  const TreeEntry& entry() const { return path_.back().node->entries()[path_.back().index]; }
  // 0 for a row's leaf, else the steps above it.
  int level() const { return height_ - static_cast<int>(path_.size()); }

  void skip() {  // The row or the node.
    if (at_row()) {
      if (++row_ < leaf_->size()) return;
      leaf_ = nullptr;
    }
    ++path_.back().index;
    while (!path_.empty() && path_.back().index == path_.back().node->size()) {
      path_.pop_back();
      if (!path_.empty()) ++path_.back().index;
    }
  }

  Result<void> open() {  // Requires: !at_row().
    const TreeEntry& next = entry();
    if (next.is_tree() != (level() > 0))
      return Error(ErrorCode::kCorruption,
                   "row tree " + root_.hex() + " has leaves at different depths");
    if (!next.is_tree()) {
      TRY_ASSIGN(leaf_, Leaf::read(reader_, next.id));
      row_ = 0;
      return {};
    }
    TRY_ASSIGN(auto node, read_node(next.id));
    path_.push_back({std::move(node), 0});
    return {};
  }

 private:
  struct Level {
    std::shared_ptr<const GitTree> node;
    size_t index = 0;
  };

  Result<std::shared_ptr<const GitTree>> read_node(const Oid& id) const {
    TRY_ASSIGN(auto node, GitTree::read(reader_.objects, reader_.cache, id));
    if (node->size() == 0)
      return Error(ErrorCode::kCorruption, "row tree has an empty node " + id.hex());
    return node;
  }

  const TreeReader& reader_;
  Oid root_;
  int height_ = 0;
  std::vector<Level> path_;
  std::shared_ptr<const Leaf> leaf_;
  size_t row_ = 0;
};

// Of two walks at one key, not both at rows: opens the one before a node, of two nodes the higher,
// of equal height both.
Result<void> open_higher(Walk& from, Walk& to) {
  const int from_level = from.at_row() ? -1 : from.level();
  const int to_level = to.at_row() ? -1 : to.level();
  if (from_level >= to_level) TRY(from.open());
  if (to_level >= from_level) TRY(to.open());
  return {};
}

}  // namespace

struct DifferenceCursor::State {
  State(const TreeReader& from_reader, const Oid& from_root, const TreeReader& to_reader,
        const Oid& to_root)
      : from(from_reader, from_root), to(to_reader, to_root) {}

  Walk from;
  Walk to;
  // The rows handed out last: left behind by the next call, so that their bytes stay.
  bool leave_from = false;
  bool leave_to = false;
};

DifferenceCursor::DifferenceCursor(std::unique_ptr<State> state) : state_(std::move(state)) {}
DifferenceCursor::DifferenceCursor(DifferenceCursor&&) noexcept = default;
DifferenceCursor& DifferenceCursor::operator=(DifferenceCursor&&) noexcept = default;
DifferenceCursor::~DifferenceCursor() = default;

Result<DifferenceCursor> DifferenceCursor::open(const TreeReader& from_reader, const Oid& from,
                                                const TreeReader& to_reader, const Oid& to) {
  const bool equal = from == to;
  auto state =
      std::make_unique<State>(from_reader, equal ? Oid{} : from, to_reader, equal ? Oid{} : to);
  TRY(state->from.start());
  TRY(state->to.start());
  return DifferenceCursor(std::move(state));
}

Result<bool> DifferenceCursor::next(RowDifference& difference) {
  Walk& from = state_->from;
  Walk& to = state_->to;
  if (std::exchange(state_->leave_from, false)) from.skip();
  if (std::exchange(state_->leave_to, false)) to.skip();
  while (!from.at_end() || !to.at_end()) {
    const bool is_one_sided = from.at_end() || to.at_end();
    if (!is_one_sided && !from.at_row() && !to.at_row() && from.entry().id == to.entry().id) {
      from.skip();
      to.skip();
      continue;
    }
    const int order = from.at_end() ? 1 : to.at_end() ? -1 : from.key().compare(to.key());
    Walk& first = order <= 0 ? from : to;
    if (order != 0 && first.at_row()) {
      difference = {first.key(), {}, {}};
      (order < 0 ? difference.from : difference.to) = first.line();
      (order < 0 ? state_->leave_from : state_->leave_to) = true;
      return true;
    }
    if (order == 0 && from.at_row() && to.at_row()) {
      if (from.line() != to.line()) {
        difference = {from.key(), from.line(), to.line()};
        state_->leave_from = state_->leave_to = true;
        return true;
      }
      from.skip();
      to.skip();
    } else if (order != 0) {
      TRY(first.open());
    } else {
      TRY(open_higher(from, to));
    }
  }
  return false;
}

Result<void> diff_trees(const TreeReader& from_reader, const Oid& from, const TreeReader& to_reader,
                        const Oid& to, const DifferenceVisitor& visit) {
  TRY_ASSIGN(DifferenceCursor cursor, DifferenceCursor::open(from_reader, from, to_reader, to));
  RowDifference difference;
  for (;;) {
    TRY_ASSIGN(const bool found, cursor.next(difference));
    if (!found) return {};
    TRY_ASSIGN(const bool more, visit(difference));
    if (!more) return {};
  }
}

Result<void> diff_trees(const TreeReader& reader, const Oid& from, const Oid& to,
                        const DifferenceVisitor& visit) {
  return diff_trees(reader, from, reader, to, visit);
}

}  // namespace rowan::tree
