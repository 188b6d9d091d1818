#include "tree/builder.h"

#include <deque>
#include <utility>

#include "base/limits.h"
#include "tree/row_tree.h"

namespace rowan::tree {

InteriorBuilder::InteriorBuilder(TreeShape shape, int bottom_level, LevelSink sink)
    : shape_(shape), bottom_level_(bottom_level), sink_(std::move(sink)) {
  levels_.reserve(kTreeLevelsMax);
}

Result<void> InteriorBuilder::add_at(int level, Bytes key, const Oid& id) {
  if (level - bottom_level_ == static_cast<int>(levels_.size())) {
    if (levels_.size() == kTreeLevelsMax)
      return Error(ErrorCode::kProgramLimit, "row tree is too deep");
    levels_.emplace_back();
  }
  Level& node = at(level);
  if (shape_.boundary(level).cuts_before(key, node.text.size(), shape_.entry_bytes(level, key))) {
    TRY(flush(level));
  }
  if (node.text.empty()) node.first_key.assign(key);
  node.text += level == 1 ? std::string_view("100644 ") : std::string_view("40000 ");
  node.text += key;
  node.text += shape_.suffix(level);
  node.text.push_back('\0');
  node.text += id.raw();
  return {};
}

Result<void> InteriorBuilder::flush(int level) {
  Level& node = at(level);
  TRY_ASSIGN(const Oid id, sink_(level, node.text));
  node.text.clear();
  // T3. In a row tree the leftmost entry is `0` at the bottom already.
  const Bytes name = node.nodes == 0 ? kLeftmostName : Bytes(node.first_key);
  ++node.nodes;
  return add_at(level + 1, name, id);
}

Result<Oid> InteriorBuilder::finish() {
  if (levels_.empty()) return Oid{};
  for (int level = bottom_level_;; ++level) {
    if (at(level).nodes == 0) return sink_(level, at(level).text);
    TRY(flush(level));
  }
}

// The rows' level on top of the interior ones.
namespace {

class RowBuilder {
 public:
  explicit RowBuilder(LevelSink sink) : sink_(sink), interior_(TreeShape{}, 1, std::move(sink)) {
    text_.reserve(4 * kLeafTargetBytes);
  }

  Result<void> add(Bytes key, Bytes line) {
    if (!last_key_.empty() && key <= last_key_)
      return Error(ErrorCode::kInternal, "tree builder: keys do not ascend");
    if (TreeShape{}.boundary(0).cuts_before(key, text_.size(), line.size() + 1) &&
        may_start_leaf(last_key_, key)) {
      TRY(flush());
    }
    if (text_.empty()) first_key_.assign(key.substr(0, kNodeNameBytesMax));
    if (text_.size() + line.size() + 1 > kLeafBytesMax) {
      return Error(ErrorCode::kProgramLimit,
                   "too many rows share the first 200 bytes of their key");
    }
    text_ += line;
    text_.push_back('\n');
    last_key_.assign(key);
    return {};
  }

  Result<Oid> finish() {
    if (text_.empty()) return Oid{};
    TRY(flush());
    return interior_.finish();
  }

 private:
  Result<void> flush() {
    TRY_ASSIGN(const Oid id, sink_(0, text_));
    text_.clear();
    const Bytes name = leaves_++ == 0 ? kLeftmostName : Bytes(first_key_);
    return interior_.add(name, id);
  }

  LevelSink sink_;
  InteriorBuilder interior_;
  std::string text_;
  std::string first_key_;
  std::string last_key_;
  uint64_t leaves_ = 0;
};

// Compares the nodes of a tree with those built again from its content, level by level, in step
// with the walk.
class CanonicalCheck {
 public:
  void expect(int level, const Oid& id) { expected_[static_cast<size_t>(level)].push_back(id); }

  LevelSink sink() {
    return [this](int level, Bytes bytes) -> Result<Oid> {
      const auto type = level == 0 ? store::ObjectType::kBlob : store::ObjectType::kTree;
      const Oid made = store::hash_object(type, bytes);
      auto& queue = expected_[static_cast<size_t>(level)];
      if (queue.empty()) return not_canonical("the tree has no node", made, level);
      const Oid expected = queue.front();
      queue.pop_front();
      if (made != expected)
        return not_canonical("node " + expected.hex() + " should be", made, level);
      return made;
    };
  }

  Result<void> finish(const Oid& made, const Oid& root) const {
    if (made != root) return not_canonical("root " + root.hex() + " should be", made, 0);
    for (const auto& queue : expected_) {
      if (!queue.empty())
        return Error(ErrorCode::kInvalidContent,
                     "row tree is not canonical: node " + queue.front().hex() + " is superfluous");
    }
    return {};
  }

 private:
  static Error not_canonical(const std::string& what, const Oid& made, int level) {
    return Error(ErrorCode::kInvalidContent, "row tree is not canonical: " + what + " " +
                                                 made.hex() + " at level " + std::to_string(level));
  }

  std::array<std::deque<Oid>, kTreeLevelsMax + 1> expected_;
};

// The level of `id`: one more than the trees below its leftmost entry.
Result<int> level_of(const store::ObjectReader& objects, store::NodeCache& cache, Oid id) {
  for (int level = 1; level < kTreeLevelsMax; ++level) {
    TRY_ASSIGN(const auto node, GitTree::read(objects, cache, id));
    if (node->size() == 0)
      return Error(ErrorCode::kCorruption, "row tree has an empty node " + id.hex());
    if (!node->entries()[0].is_tree()) return level;
    id = node->entries()[0].id;
  }
  return Error(ErrorCode::kCorruption, "row tree is too deep");
}

using EntryVisitor = std::function<Result<void>(const TreeEntry& entry)>;

// Calls `visit` for each blob entry in order, after telling `check` of the nodes above it.
Result<void> walk_nodes(const store::ObjectReader& objects, store::NodeCache& cache, const Oid& id,
                        int level, CanonicalCheck& check, const EntryVisitor& visit) {
  check.expect(level, id);
  TRY_ASSIGN(const auto node, GitTree::read(objects, cache, id));
  for (const TreeEntry& entry : node->entries()) {
    if (entry.is_tree() != (level > 1))
      return Error(ErrorCode::kInvalidContent, "row tree: node " + id.hex() + " mixes levels");
    if (level > 1) {
      TRY(walk_nodes(objects, cache, entry.id, level - 1, check, visit));
    } else {
      TRY(visit(entry));
    }
  }
  return {};
}

}  // namespace

struct Builder::State {
  explicit State(LevelSink sink) : rows(std::move(sink)) {}
  RowBuilder rows;
};

Builder::Builder(ObjectSink sink)
    : state_(std::make_unique<State>([sink = std::move(sink)](int level, Bytes bytes) {
        return sink(level == 0 ? store::ObjectType::kBlob : store::ObjectType::kTree, bytes);
      })) {}
Builder::~Builder() = default;

Result<void> Builder::add(Bytes key, Bytes line) { return state_->rows.add(key, line); }
Result<Oid> Builder::finish() { return state_->rows.finish(); }

Result<uint64_t> check_tree(const TreeReader& reader, const Oid& root) {
  if (root.is_zero()) return uint64_t{0};
  CanonicalCheck check;
  RowBuilder rows(check.sink());
  uint64_t lines = 0;
  std::string last_key;
  TRY_ASSIGN(const int level, level_of(reader.objects, reader.cache, root));
  TRY(walk_nodes(reader.objects, reader.cache, root, level, check,
                 [&](const TreeEntry& entry) -> Result<void> {
                   check.expect(0, entry.id);
                   TRY_ASSIGN(const auto leaf, Leaf::read(reader, entry.id));
                   if (!last_key.empty() && leaf->key(0) <= last_key) {
                     return Error(ErrorCode::kInvalidContent,
                                  "row tree: leaf " + entry.id.hex() + " is out of order");
                   }
                   for (size_t i = 0; i < leaf->size(); ++i)
                     TRY(rows.add(leaf->key(i), leaf->line(i)));
                   last_key.assign(leaf->key(leaf->size() - 1));
                   lines += leaf->size();
                   return {};
                 }));
  TRY_ASSIGN(const Oid made, rows.finish());
  TRY(check.finish(made, root));
  return lines;
}

Result<uint64_t> check_large_tree(const store::ObjectReader& objects, store::NodeCache& cache,
                                  const Oid& root) {
  if (root.is_zero()) return uint64_t{0};
  CanonicalCheck check;
  InteriorBuilder entries(TreeShape{.large = true}, 1, check.sink());
  uint64_t count = 0;
  TRY_ASSIGN(const int level, level_of(objects, cache, root));
  std::string last_name;
  TRY(walk_nodes(objects, cache, root, level, check, [&](const TreeEntry& entry) -> Result<void> {
    if (entry.name <= last_name)
      return Error(ErrorCode::kInvalidContent, "tree of large values is out of order");
    last_name.assign(entry.name);
    ++count;
    return entries.add(entry.name, entry.id);
  }));
  TRY_ASSIGN(const Oid made, entries.finish());
  TRY(check.finish(made, root));
  return count;
}

}  // namespace rowan::tree
