#include "tree/leaf.h"

#include <cstring>

#include "base/limits.h"
#include "tree/boundary.h"

namespace rowan::tree {
namespace {

Error damaged(const Oid& id, std::string what) {
  return Error(ErrorCode::kCorruption, "damaged leaf " + id.hex() + ": " + std::move(what));
}

}  // namespace

Result<store::ObjectRef> read_leaf(const store::ObjectReader& objects, const Oid& id) {
  TRY_ASSIGN(auto object, objects.read(id));
  if (!object.bytes.starts_with(kUnreadable)) return object;
  const Bytes why = object.bytes.substr(kUnreadable.size());
  return Error(ErrorCode::kInvalidContent, std::string(why.substr(0, why.find('\n'))));
}

uint64_t leaf_kind(const LineKeys& keys) { return keys.identity() ^ 0x6c6561662d726f77; }

Result<std::shared_ptr<const Leaf>> Leaf::read(const TreeReader& reader, const Oid& id) {
  return reader.cache.get<Leaf>(
      id, leaf_kind(reader.keys), [&]() -> Result<std::shared_ptr<const Leaf>> {
        TRY_ASSIGN(auto object, read_leaf(reader.objects, id));
        const Bytes text = object.bytes;
        if (object.type != store::ObjectType::kBlob) return damaged(id, "it is not a blob");
        if (text.empty() || text.back() != '\n')
          return damaged(id, "it does not end with a newline");
        if (text.size() > kLeafBytesMax) return damaged(id, "it is too large");
        auto leaf = std::make_shared<Leaf>();
        leaf->object_ = std::move(object);
        leaf->line_ends_.reserve(text.size() / 48 + 1);
        leaf->key_ends_.reserve(text.size() / 48 + 1);
        leaf->keys_.reserve(text.size() / 8);
        for (size_t at = 0; at < text.size();) {
          const auto* newline =
              static_cast<const char*>(std::memchr(text.data() + at, '\n', text.size() - at));
          const auto end = static_cast<size_t>(newline - text.data());
          const size_t key_begin = leaf->keys_.size();
          auto appended = reader.keys.append_key(text.substr(at, end - at), leaf->keys_);
          if (!appended) return damaged(id, appended.error().message());
          leaf->line_ends_.push_back(static_cast<uint32_t>(end));
          leaf->key_ends_.push_back(static_cast<uint32_t>(leaf->keys_.size()));
          const size_t count = leaf->size();
          // T2: lines ascend strictly.
          if (leaf->keys_.size() == key_begin) return damaged(id, "a line has an empty key");
          if (count > 1 && leaf->key(count - 2) >= leaf->key(count - 1))
            return Error(ErrorCode::kInvalidContent,
                         "leaf " + id.hex() + ": its lines are out of order");
          at = end + 1;
        }
        leaf->heads_.build(leaf->size(), [&](size_t i) { return leaf->key(i); });
        return std::shared_ptr<const Leaf>(std::move(leaf));
      });
}

size_t Leaf::size() const { return line_ends_.size(); }

Bytes Leaf::key(size_t index) const {
  const size_t begin = index == 0 ? 0 : key_ends_[index - 1];
  return Bytes(keys_).substr(begin, key_ends_[index] - begin);
}

Bytes Leaf::line(size_t index) const {
  return object_.bytes.substr(begin(index), line_ends_[index] - begin(index));
}
Bytes Leaf::text() const { return object_.bytes; }
std::shared_ptr<const void> Leaf::owner() const { return object_.owner; }

size_t Leaf::lower_bound(Bytes key) const {
  return heads_.lower_bound(key, [this](size_t i) { return this->key(i); });
}

size_t Leaf::memory_bytes() const {
  return sizeof *this + object_.bytes.size() + keys_.capacity() + heads_.memory_bytes() +
         (line_ends_.capacity() + key_ends_.capacity()) * sizeof(uint32_t);
}

void LeafText::append(Bytes key, Bytes line) {
  text += line;
  line_ends.push_back(static_cast<uint32_t>(text.size()));
  text.push_back('\n');
  keys += key;
  key_ends.push_back(static_cast<uint32_t>(keys.size()));
}

void LeafText::append_run(const Leaf& leaf, size_t begin, size_t end) {
  if (begin < end) LeafBuilder::append_run(*this, leaf, begin, end);
}

Bytes LeafText::last_key() const {
  if (key_ends.empty()) return {};
  return Bytes(keys).substr(key_ends.size() == 1 ? 0 : key_ends[key_ends.size() - 2]);
}

void LeafText::clear() {
  text.clear();
  line_ends.clear();
  keys.clear();
  key_ends.clear();
}

void LeafBuilder::append_run(LeafText& to, const Leaf& leaf, size_t begin, size_t end) {
  const auto text_begin = static_cast<uint32_t>(leaf.begin(begin));
  const uint32_t key_begin = begin == 0 ? 0 : leaf.key_ends_[begin - 1];
  // Unsigned wrap-around makes these right for moves to the left as well.
  const uint32_t line_shift = static_cast<uint32_t>(to.text.size()) - text_begin;
  const uint32_t key_shift = static_cast<uint32_t>(to.keys.size()) - key_begin;
  to.text += leaf.text().substr(text_begin, leaf.end(end - 1) - text_begin);
  to.keys += Bytes(leaf.keys_).substr(key_begin, leaf.key_ends_[end - 1] - key_begin);
  const size_t count = to.line_ends.size();
  to.line_ends.resize(count + end - begin);
  to.key_ends.resize(count + end - begin);
  for (size_t i = begin; i < end; ++i) {
    to.line_ends[count + i - begin] = leaf.line_ends_[i] + line_shift;
    to.key_ends[count + i - begin] = leaf.key_ends_[i] + key_shift;
  }
}

void LeafBuilder::remember(store::NodeCache& cache, const LineKeys& keys, const Oid& id,
                           store::ObjectRef object, LeafText made) {
  auto leaf = std::make_shared<Leaf>();
  leaf->object_ = std::move(object);
  leaf->line_ends_ = std::move(made.line_ends);
  leaf->keys_ = std::move(made.keys);
  leaf->key_ends_ = std::move(made.key_ends);
  leaf->heads_.build(leaf->size(), [&](size_t i) { return leaf->key(i); });
  cache.insert(id, leaf_kind(keys), std::move(leaf));
}

Result<std::optional<FoundLine>> find_line(const TreeReader& reader, const Oid& root, Bytes key) {
  if (root.is_zero()) return std::optional<FoundLine>();
  Oid id = root;
  for (int depth = 0;; ++depth) {
    if (depth == kTreeLevelsMax)
      return Error(ErrorCode::kCorruption, "row tree " + root.hex() + " is too deep");
    TRY_ASSIGN(const auto node, GitTree::read(reader.objects, reader.cache, id));
    if (node->size() == 0)
      return Error(ErrorCode::kCorruption, "row tree " + root.hex() + " has an empty node");
    const TreeEntry& entry = node->entries()[node->child_index(key)];
    id = entry.id;
    if (!entry.is_tree()) break;
  }
  TRY_ASSIGN(auto leaf, Leaf::read(reader, id));
  const size_t at = leaf->lower_bound(key);
  if (at == leaf->size() || leaf->key(at) != key) return std::optional<FoundLine>();
  const Bytes line = leaf->line(at);
  return std::optional<FoundLine>(FoundLine{std::move(leaf), line});
}

}  // namespace rowan::tree
