// apply_edits: re-chunks what a set of edits touches, level by level (README.md, "Re-chunking").
#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/limits.h"
#include "tree/boundary.h"
#include "tree/builder.h"
#include "tree/leaf.h"
#include "tree/path.h"
#include "tree/row_tree.h"

namespace rowan::tree {
namespace {

// Takes finished nodes.
class NodeOutput {
 public:
  virtual ~NodeOutput() = default;
  virtual Result<Oid> leaf(LeafText& made, const Oid& previous) = 0;  // Leaves `made` in any state.
  virtual Result<Oid> tree(std::string& made, const Oid& previous) = 0;
};

// Into a transaction's objects. Decoded forms go to the cache at once: the next commit reads the
// same nodes again.
class PendingOutput final : public NodeOutput {
 public:
  PendingOutput(store::PendingObjects& objects, store::NodeCache& cache, const LineKeys* keys)
      : objects_(objects), cache_(cache), keys_(keys) {}

  Result<Oid> leaf(LeafText& made, const Oid& previous) override {
    const Oid id = objects_.add(store::ObjectType::kBlob, std::move(made.text), previous);
    TRY_ASSIGN(auto object, objects_.read(id));
    LeafBuilder::remember(cache_, *keys_, id, std::move(object), std::move(made));
    if (!previous.is_zero()) cache_.supersede(previous, leaf_kind(*keys_));
    return id;
  }

  Result<Oid> tree(std::string& made, const Oid& previous) override {
    const Oid id = objects_.add(store::ObjectType::kTree, std::move(made), previous);
    TRY_ASSIGN(auto object, objects_.read(id));
    GitTree::remember(cache_, id, std::move(object), previous);
    return id;
  }

 private:
  store::PendingObjects& objects_;
  store::NodeCache& cache_;
  const LineKeys* keys_;
};

class SinkOutput final : public NodeOutput {
 public:
  explicit SinkOutput(const ObjectSink& sink) : sink_(sink) {}
  Result<Oid> leaf(LeafText& made, const Oid&) override {
    return sink_(store::ObjectType::kBlob, made.text);
  }
  Result<Oid> tree(std::string& made, const Oid&) override {
    return sink_(store::ObjectType::kTree, made);
  }

 private:
  const ObjectSink& sink_;
};

// A changed entry of an interior level.
struct EntryEdit {
  std::string key;
  Oid id;  // Zero: the entry goes.
};

// Row edits in order, from a span or from a callback.
class RowEdits {
 public:
  explicit RowEdits(std::span<const RowEdit> edits) : edits_(edits) {}
  explicit RowEdits(const std::function<Result<std::optional<RowEdit>>()>& next) : next_(&next) {}

  Result<void> start() { return next_ == nullptr ? check_span() : advance(); }
  const RowEdit* peek() const {
    if (next_ != nullptr) return current_ ? &*current_ : nullptr;
    return at_ < edits_.size() ? &edits_[at_] : nullptr;
  }
  Result<void> advance() {
    if (next_ == nullptr) {
      ++at_;
      return {};
    }
    TRY_ASSIGN(current_, (*next_)());
    if (!current_) return {};
    if (current_->key <= last_key_) return out_of_order();
    last_key_.assign(current_->key);
    return {};
  }

 private:
  static Error out_of_order() {
    return Error(ErrorCode::kInternal, "row edits: keys do not ascend");
  }
  Result<void> check_span() const {
    for (size_t i = 1; i < edits_.size(); ++i) {
      if (edits_[i].key <= edits_[i - 1].key) return out_of_order();
    }
    return {};
  }

  std::span<const RowEdit> edits_;
  size_t at_ = 0;
  const std::function<Result<std::optional<RowEdit>>()>* next_ = nullptr;
  std::optional<RowEdit> current_;
  std::string last_key_;
};

class EntryEdits {
 public:
  explicit EntryEdits(const std::vector<EntryEdit>& edits) : edits_(edits) {}
  const EntryEdit* peek() const { return at_ < edits_.size() ? &edits_[at_] : nullptr; }
  Result<void> advance() {
    ++at_;
    return {};
  }

 private:
  const std::vector<EntryEdit>& edits_;
  size_t at_ = 0;
};

// What an editor knows of the tree and of the nodes made so far.
struct EditContext {
  const store::ObjectReader& objects;
  store::NodeCache& cache;
  const LineKeys* keys;  // nullptr for trees of large values.
  NodeOutput& output;
  TreeShape shape;
  TreePath& path;
  // Interior nodes made above level 1: for each its only child, or zero when it has more. Needed
  // when the tree shrinks.
  std::vector<std::pair<Oid, Oid>> made_nodes;
};

constexpr size_t kReserveBytes = 64;

// The level of rows: nodes are leaves, items are lines.
struct RowLevel {
  using Node = Leaf;
  using Edit = RowEdit;
  using Source = RowEdits;

  EditContext& context;
  int level;
  LeafText text;

  Result<std::shared_ptr<const Leaf>> read() const {
    return Leaf::read({context.objects, context.cache, *context.keys}, context.path.node_id(0));
  }
  // Room for a node like `like`, so that a small edit allocates once.
  void reserve(const Leaf& like) {
    text.text.reserve(like.text().size() + kReserveBytes);
    text.line_ends.reserve(like.size() + 1);
    text.key_ends.reserve(like.size() + 1);
    text.keys.reserve(like.key_bytes() + kReserveBytes);
  }
  size_t bytes() const { return text.text.size(); }
  size_t count() const { return text.line_ends.size(); }
  bool may_start(Bytes key) const { return may_start_leaf(text.last_key(), key); }
  static bool may_start_after(Bytes before, Bytes key) { return may_start_leaf(before, key); }
  static bool removes(const RowEdit& edit) { return !edit.line; }
  size_t item_bytes(const RowEdit& edit) const { return edit.line->size() + 1; }
  static bool is_same(const RowEdit& edit, const Leaf& leaf, size_t at) {
    return edit.line && *edit.line == leaf.line(at);
  }
  void append(const RowEdit& edit) { text.append(edit.key, *edit.line); }
  void append_run(const Leaf& leaf, size_t begin, size_t end) { text.append_run(leaf, begin, end); }
  Result<Oid> write(const Oid& previous) { return context.output.leaf(text, previous); }
  void clear() { text.clear(); }
  static constexpr size_t kBytesMax = kLeafBytesMax;
};

// An interior level: nodes are trees, items their entries.
struct EntryLevel {
  using Node = GitTree;
  using Edit = EntryEdit;
  using Source = EntryEdits;

  EditContext& context;
  int level;
  std::string text;
  size_t items = 0;

  Result<std::shared_ptr<const GitTree>> read() const { return context.path.node(level); }
  void reserve(const GitTree& like) { text.reserve(like.bytes().size() + kReserveBytes); }
  size_t bytes() const { return text.size(); }
  size_t count() const { return items; }
  static bool may_start(Bytes) { return true; }
  static bool may_start_after(Bytes, Bytes) { return true; }
  static bool removes(const EntryEdit& edit) { return edit.id.is_zero(); }
  size_t item_bytes(const EntryEdit& edit) const {
    return context.shape.entry_bytes(level, edit.key);
  }
  static bool is_same(const EntryEdit& edit, const GitTree& node, size_t at) {
    return edit.id == node.entries()[at].id;
  }
  void append(const EntryEdit& edit) {
    text += level == 1 ? std::string_view("100644 ") : std::string_view("40000 ");
    text += edit.key;
    text += context.shape.suffix(level);
    text.push_back('\0');
    text += edit.id.raw();
    ++items;
  }
  void append_run(const GitTree& node, size_t begin, size_t end) {
    text += node.bytes().substr(node.begin(begin), node.end(end - 1) - node.begin(begin));
    items += end - begin;
  }
  Oid last_id() const { return Oid::from_raw(text.data() + text.size() - Oid::kBytes); }
  Result<Oid> write(const Oid& previous) {
    const Oid only_child = items == 1 ? last_id() : Oid{};
    TRY_ASSIGN(const Oid id, context.output.tree(text, previous));
    if (level > 1) context.made_nodes.emplace_back(id, only_child);
    return id;
  }
  void clear() {
    text.clear();
    items = 0;
  }
  static constexpr size_t kBytesMax = kLeafBytesMax;
};

struct NamedNode {
  std::string key;
  Oid id;
};

// Re-chunks one level. A range is a run of neighbouring old nodes that is read, and what takes its
// place: it begins at the first node an edit can change and ends where an old boundary stands
// again.
template <typename Level>
class LevelEditor {
  using Node = typename Level::Node;
  using Edit = typename Level::Edit;
  using Source = typename Level::Source;

 public:
  LevelEditor(EditContext& context, int level)
      : path_(context.path),
        boundary_(context.shape.boundary(level)),
        level_(level),
        is_bottom_(level == (context.shape.large ? 1 : 0)),
        chunk_{context, level, {}} {}

  Result<void> run(Source& source) {
    while (const Edit* edit = source.peek()) {
      TRY(path_.seek(level_, edit->key));
      TRY(begin_range(*edit));
      for (;;) {
        TRY(take_node(source));
        TRY_ASSIGN(const bool more, goes_on(source));
        if (!more) break;
      }
      TRY(end_range());
    }
    return {};
  }

  std::vector<EntryEdit>& changes() { return changes_; }  // For the level above.
  // At the root's level, once an edit was met: what stands there now.
  const std::vector<NamedNode>& nodes() const { return made_; }
  const Oid& only_child() const {
    return only_child_;
  }  // Not zero: the level shrank to one node of one entry.

 private:
  bool is_top() const { return level_ == path_.height(); }

  Result<void> begin_range(const Edit& edit) {
    old_.clear();
    made_.clear();
    TRY_ASSIGN(node_, chunk_.read());
    const size_t at = node_->lower_bound(edit.key);
    const bool is_found = at < node_->size() && node_->key(at) == edit.key;
    const bool same_size = is_found && !Level::removes(edit) &&
                           chunk_.item_bytes(edit) == node_->end(at) - node_->begin(at);
    // At a node's first item the edit may move the boundary before it.
    if (at == 0 && !same_size && !path_.at_first(level_)) {
      TRY(path_.previous(level_));
      TRY_ASSIGN(node_, chunk_.read());
    }
    is_leftmost_ = path_.at_first(level_);
    return {};
  }

  // Appends the current node with its edits to the chunk, cutting where the rule says.
  Result<void> take_node(Source& source) {
    node_id_ = path_.node_id(level_);
    old_.push_back({std::string(path_.node_key(level_)), node_id_});
    const bool is_last = !path_.has_next(level_);
    const Bytes bound = is_last ? Bytes() : path_.next_key(level_);
    size_t done = 0;
    bool check = true;  // The predecessor of the item at `done` may have changed.
    for (const Edit* edit = source.peek(); edit != nullptr && (is_last || Bytes(edit->key) < bound);
         edit = source.peek()) {
      const size_t at = node_->lower_bound(edit->key);
      const bool is_found = at < node_->size() && node_->key(at) == Bytes(edit->key);
      if (is_found ? !Level::is_same(*edit, *node_, at) : !Level::removes(*edit)) {
        TRY(copy(done, at, check));
        if (!Level::removes(*edit)) TRY(add_new(*edit));
        // What is removed behind a whole old node does not touch that one.
        if (!Level::removes(*edit) || chunk_.bytes() != whole_bytes_) is_dirty_ = true;
        done = is_found ? at + 1 : at;
        check = !is_found || Level::removes(*edit);
      }
      TRY(source.advance());
    }
    return copy(done, node_->size(), check);
  }

  Result<void> add_new(const Edit& edit) {
    const size_t size = chunk_.item_bytes(edit);
    if (boundary_.cuts_before(edit.key, chunk_.bytes(), size) && chunk_.may_start(edit.key)) {
      TRY(finish_chunk());
    }
    if (chunk_.bytes() == 0) begin_chunk(edit.key);
    if (chunk_.bytes() + size > Level::kBytesMax) return too_large();
    chunk_.append(edit);
    return {};
  }

  // Items [begin, end) of the current node, unchanged. The old node had no boundary before any of
  // them but the first; the rule gives the same again wherever the step is the same.
  Result<void> copy(size_t begin, size_t end, bool check) {
    size_t start = begin;
    for (size_t i = begin; i < end; ++i) {
      const size_t before = chunk_.bytes() + node_->begin(i) - node_->begin(start);
      if (!(check && i == begin)) {
        if (before == node_->begin(i))
          break;  // In step with the old node: nothing can differ any more.
        if (boundary_.step(before) == boundary_.step(node_->begin(i))) continue;
      }
      if (!boundary_.cuts_before(node_->key(i), before, node_->end(i) - node_->begin(i))) continue;
      const bool may_start = i == start ? chunk_.may_start(node_->key(i))
                                        : Level::may_start_after(node_->key(i - 1), node_->key(i));
      if (!may_start) continue;
      TRY(append_run(start, i));
      TRY(finish_chunk());
      start = i;
    }
    return append_run(start, end);
  }

  Result<void> append_run(size_t begin, size_t end) {
    if (begin == end) return {};
    if (chunk_.bytes() == 0) {
      begin_chunk(node_->key(begin));
      if (begin == 0) whole_bytes_ = node_->end(node_->size() - 1);
    }
    if (chunk_.bytes() + node_->end(end - 1) - node_->begin(begin) > Level::kBytesMax)
      return too_large();
    chunk_.append_run(*node_, begin, end);
    return {};
  }

  void begin_chunk(Bytes first_key) {
    first_key_.assign(first_key.substr(0, kNodeNameBytesMax));
    begun_in_ = node_id_;
    chunk_.reserve(*node_);
    whole_bytes_ = 0;
    is_dirty_ = false;
  }

  static Error too_large() {
    return Error(ErrorCode::kProgramLimit, "too many rows share the first 200 bytes of their key");
  }

  Result<void> finish_chunk() {
    // T3: the leftmost node is `0`. Above the bottom its first entry is named so already.
    const bool is_first = is_bottom_ && is_leftmost_ && made_.empty();
    Oid id = begun_in_;
    if (is_dirty_ || chunk_.bytes() != whole_bytes_) {
      // Only one new node follows an old one.
      const Oid previous = begun_in_ == followed_ ? Oid{} : begun_in_;
      followed_ = begun_in_;
      TRY_ASSIGN(id, chunk_.write(previous));
    }
    made_.push_back({is_first ? std::string(kLeftmostName) : first_key_, id});
    chunk_.clear();
    is_dirty_ = false;
    return {};
  }

  // Whether the range takes the next node too; moves there if so.
  Result<bool> goes_on(const Source& source) {
    if (!path_.has_next(level_)) return false;
    const Bytes next_key = path_.next_key(level_);
    const Edit* edit = source.peek();
    const bool edit_at_boundary =
        edit != nullptr && Bytes(edit->key).substr(0, kNodeNameBytesMax) == next_key;
    if (!edit_at_boundary && chunk_.bytes() > 0) {
      const size_t old_bytes = node_->end(node_->size() - 1);
      if (boundary_.step(chunk_.bytes()) == boundary_.step(old_bytes)) return false;
      if constexpr (std::is_same_v<Level, EntryLevel>) {
        if (boundary_.cuts_before(next_key, chunk_.bytes(),
                                  chunk_.item_bytes({std::string(next_key), {}})))
          return false;
      }
    }
    TRY(path_.next(level_));
    TRY_ASSIGN(node_, chunk_.read());
    if (edit_at_boundary || chunk_.bytes() == 0) return true;
    return !boundary_.cuts_before(node_->key(0), chunk_.bytes(), node_->end(0));
  }

  Result<void> end_range() {
    if (chunk_.bytes() > 0) {
      bool shrinks = false;
      if constexpr (std::is_same_v<Level, EntryLevel>) {
        shrinks = is_top() && level_ > 1 && made_.empty() && chunk_.count() == 1;
        if (shrinks) only_child_ = chunk_.last_id();
      }
      if (shrinks) {
        chunk_.clear();
      } else {
        TRY(finish_chunk());
      }
    }
    is_dirty_ = false;
    if (!is_top()) report();
    return {};
  }

  // The difference of the old and the new nodes of the range, as edits of the level above.
  void report() {
    auto old = old_.begin();
    auto made = made_.begin();
    while (old != old_.end() || made != made_.end()) {
      if (made == made_.end() || (old != old_.end() && old->key < made->key)) {
        changes_.push_back({std::move(old++->key), Oid{}});
      } else if (old == old_.end() || made->key < old->key) {
        changes_.push_back({std::move(made->key), made->id});
        ++made;
      } else {
        if (old->id != made->id) changes_.push_back({std::move(made->key), made->id});
        ++old;
        ++made;
      }
    }
  }

  TreePath& path_;
  const Boundary boundary_;
  const int level_;
  const bool is_bottom_;
  std::shared_ptr<const Node> node_;
  Oid node_id_;
  bool is_leftmost_ = false;  // The range begins at the level's first node.

  Level chunk_;  // The new node in the making.
  std::string first_key_;
  Oid begun_in_;            // The old node its first item came from.
  size_t whole_bytes_ = 0;  // That node's size when the chunk began with its first item.
  bool is_dirty_ = false;   // An edit touched the chunk.
  Oid followed_;            // The old node the last written one follows.

  std::vector<NamedNode> old_;  // Of the range.
  std::vector<NamedNode> made_;
  std::vector<EntryEdit> changes_;
  Oid only_child_;
};

// T4: a root of one entry gives way to its child, and so on down to level 1.
Result<Oid> shrink(const EditContext& context, Oid id, int level) {
  for (; level > 1; --level) {
    const auto made = std::find_if(context.made_nodes.begin(), context.made_nodes.end(),
                                   [&](const auto& node) { return node.first == id; });
    if (made != context.made_nodes.end()) {
      if (made->second.is_zero()) return id;
      id = made->second;
      continue;
    }
    TRY_ASSIGN(const auto node, GitTree::read(context.objects, context.cache, id));
    if (node->size() != 1) return id;
    id = node->entries()[0].id;
  }
  return id;
}

// Carries the changes of a level up to the root, from `level` on.
Result<Oid> edit_upwards(EditContext& context, const Oid& root, std::vector<EntryEdit> changes,
                         int level) {
  const int height = context.path.height();
  for (; !changes.empty(); ++level) {
    LevelEditor<EntryLevel> editor(context, level);
    EntryEdits source(changes);
    TRY(editor.run(source));
    if (level < height) {
      changes = std::move(editor.changes());
      continue;
    }
    if (!editor.only_child().is_zero()) return shrink(context, editor.only_child(), level - 1);
    if (editor.nodes().empty()) return Oid{};
    if (editor.nodes().size() == 1) return editor.nodes()[0].id;
    InteriorBuilder upper(context.shape, level + 1, [&](int, Bytes bytes) {
      std::string text(bytes);
      return context.output.tree(text, Oid{});
    });
    for (const NamedNode& node : editor.nodes()) TRY(upper.add(node.key, node.id));
    return upper.finish();
  }
  return root;
}

Result<Oid> build_from(RowEdits& edits, const ObjectSink& sink) {
  Builder builder(sink);
  for (const RowEdit* edit = edits.peek(); edit != nullptr; edit = edits.peek()) {
    if (edit->line) TRY(builder.add(edit->key, *edit->line));
    TRY(edits.advance());
  }
  return builder.finish();
}

Result<Oid> edit_rows(const TreeReader& reader, NodeOutput& output, const Oid& root,
                      RowEdits& edits) {
  TreePath path(reader.objects, reader.cache, root);
  EditContext context{reader.objects, reader.cache, &reader.keys, output, TreeShape{}, path, {}};
  TRY(path.open(edits.peek()->key));
  LevelEditor<RowLevel> editor(context, 0);
  TRY(editor.run(edits));
  return edit_upwards(context, root, std::move(editor.changes()), 1);
}

}  // namespace

Result<Oid> apply_edits(store::PendingObjects& objects, store::NodeCache& cache,
                        const LineKeys& keys, const Oid& root, std::span<const RowEdit> edits) {
  RowEdits source(edits);
  TRY(source.start());
  if (source.peek() == nullptr) return root;
  if (root.is_zero()) {
    return build_from(source, [&](store::ObjectType type, Bytes bytes) -> Result<Oid> {
      return objects.add(type, std::string(bytes));
    });
  }
  PendingOutput output(objects, cache, &keys);
  return edit_rows({objects, cache, keys}, output, root, source);
}

Result<Oid> apply_edit_stream(const TreeReader& reader, const ObjectSink& sink, const Oid& root,
                              const std::function<Result<std::optional<RowEdit>>()>& next_edit) {
  RowEdits source(next_edit);
  TRY(source.start());
  if (source.peek() == nullptr) return root;
  if (root.is_zero()) return build_from(source, sink);
  SinkOutput output(sink);
  return edit_rows(reader, output, root, source);
}

Result<Oid> apply_large_edits(store::PendingObjects& objects, store::NodeCache& cache,
                              const Oid& root, std::vector<LargeEdit> edits) {
  std::sort(edits.begin(), edits.end(),
            [](const LargeEdit& a, const LargeEdit& b) { return a.name < b.name; });
  std::vector<EntryEdit> changes;
  for (LargeEdit& edit : edits) {
    if (!changes.empty() && changes.back().key == edit.name)
      return Error(ErrorCode::kInternal, "large edits: " + edit.name + " twice");
    changes.push_back({std::move(edit.name), edit.blob});
  }
  if (changes.empty()) return root;
  constexpr TreeShape kShape{.large = true};
  if (root.is_zero()) {
    InteriorBuilder builder(kShape, 1, [&](int, Bytes bytes) -> Result<Oid> {
      return objects.add(store::ObjectType::kTree, std::string(bytes));
    });
    for (const EntryEdit& change : changes) {
      if (!change.id.is_zero()) TRY(builder.add(change.key, change.id));
    }
    return builder.finish();
  }
  PendingOutput output(objects, cache, nullptr);
  TreePath path(objects, cache, root);
  EditContext context{objects, cache, nullptr, output, kShape, path, {}};
  TRY(path.open(changes.front().key));
  return edit_upwards(context, root, std::move(changes), 1);
}

}  // namespace rowan::tree
