#include "derived/entry_tree.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "base/files.h"
#include "base/hash.h"

namespace rowan::derived {

struct EntryChild {
  std::string first;  // The first entry below.
  EntryNodePtr node;
};

struct EntryNode {
  uint64_t entries = 0;
  std::string own;                    // A leaf made here: its run. Else empty.
  Bytes run;                          // A leaf's run. Empty for nodes above.
  std::shared_ptr<const void> owner;  // Keeps a mapped run.
  std::vector<EntryChild> children;   // Empty for leaves.
  EntryMeter meter;
  size_t metered = 0;

  bool is_leaf() const { return children.empty(); }
  ~EntryNode() {
    if (meter != nullptr) meter->fetch_sub(metered, std::memory_order_relaxed);
  }
};

namespace {

constexpr size_t kLeafEntriesMax = 128;
constexpr size_t kRunBytesMax = 4096;
constexpr size_t kRawBytesMax = 64u << 10;  // Of a leaf's entries written out.
constexpr size_t kFanOutMax = 64;
constexpr std::string_view kMagic = "rowanix1";

using Children = std::vector<EntryChild>;

void append_varint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

bool take_varint(const char*& at, const char* end, uint64_t& value) {
  value = 0;
  for (int shift = 0; at != end && shift < 63; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// Entries one behind the other, with where each ends. False when the run is no run, or none that a
// LeafMaker would have made: in few bytes it could ask for any amount of memory.
bool decode_run(Bytes run, std::string& text, std::vector<uint32_t>& ends) {
  text.clear();
  ends.clear();
  const char* at = run.data();
  const char* const end = at + run.size();
  size_t before = 0;  // Where the entry before begins.
  while (at != end) {
    uint64_t shared = 0, rest = 0;
    if (!take_varint(at, end, shared) || !take_varint(at, end, rest)) return false;
    if (shared > text.size() - before || rest > static_cast<uint64_t>(end - at)) return false;
    if (ends.size() >= kLeafEntriesMax || text.size() >= kRawBytesMax) return false;
    const size_t begin = text.size();
    text.resize(begin + shared + rest);
    std::memcpy(text.data() + begin, text.data() + before, shared);
    std::memcpy(text.data() + begin + shared, at, rest);
    at += rest;
    before = begin;
    ends.push_back(static_cast<uint32_t>(text.size()));
  }
  return true;
}

Bytes entry_at(const std::string& text, const std::vector<uint32_t>& ends, size_t i) {
  const size_t begin = i == 0 ? 0 : ends[i - 1];
  return Bytes(text).substr(begin, ends[i] - begin);
}

EntryNodePtr finish_node(std::shared_ptr<EntryNode> node, const EntryMeter& meter) {
  node->meter = meter;
  node->metered = sizeof(EntryNode) + node->own.capacity();
  for (const EntryChild& child : node->children)
    node->metered += sizeof(EntryChild) + child.first.capacity();
  meter->fetch_add(node->metered, std::memory_order_relaxed);
  return node;
}

// Makes leaves of ascending entries.
class LeafMaker {
 public:
  LeafMaker(size_t entries_max, const EntryMeter& meter)
      : entries_max_(entries_max), meter_(meter) {}

  void add(Bytes entry) {
    if (count_ >= entries_max_ || run_.size() >= kRunBytesMax || raw_bytes_ >= kRawBytesMax) cut();
    size_t shared = 0;
    if (count_ == 0) {
      first_ = entry;
    } else {
      const size_t most = std::min(entry.size(), last_.size());
      while (shared < most && entry[shared] == last_[shared]) ++shared;
    }
    append_varint(shared, run_);
    append_varint(entry.size() - shared, run_);
    run_ += entry.substr(shared);
    last_ = entry;
    raw_bytes_ += entry.size();
    ++count_;
  }

  Children finish() {
    cut();
    return std::move(leaves_);
  }

 private:
  void cut() {
    if (count_ == 0) return;
    auto leaf = std::make_shared<EntryNode>();
    leaf->entries = count_;
    leaf->own.assign(run_);
    leaf->run = leaf->own;
    leaves_.push_back({std::move(first_), finish_node(std::move(leaf), meter_)});
    run_.clear();
    first_.clear();
    count_ = raw_bytes_ = 0;
  }

  size_t entries_max_;
  const EntryMeter& meter_;
  Children leaves_;
  std::string run_, first_, last_;
  size_t count_ = 0;
  size_t raw_bytes_ = 0;
};

EntryNodePtr make_interior(Children children, const EntryMeter& meter) {
  auto node = std::make_shared<EntryNode>();
  for (const EntryChild& child : children) node->entries += child.node->entries;
  node->children = std::move(children);
  return finish_node(std::move(node), meter);
}

// Groups of about equal size, none above the fan-out.
Children group(Children children, const EntryMeter& meter) {
  const size_t parts = (children.size() + kFanOutMax - 1) / kFanOutMax;
  Children out;
  size_t at = 0;
  for (size_t part = 0; part < parts; ++part) {
    const size_t end = children.size() * (part + 1) / parts;
    Children some(std::make_move_iterator(children.begin() + static_cast<ptrdiff_t>(at)),
                  std::make_move_iterator(children.begin() + static_cast<ptrdiff_t>(end)));
    std::string first = some[0].first;
    out.push_back({std::move(first), make_interior(std::move(some), meter)});
    at = end;
  }
  return out;
}

EntryNodePtr make_root(Children children, const EntryMeter& meter) {
  if (children.empty()) return nullptr;
  while (children.size() > 1) children = group(std::move(children), meter);
  EntryNodePtr root = children[0].node;
  while (root->children.size() == 1) root = root->children[0].node;
  return root;
}

Children edit_leaf(const EntryNode& leaf, std::span<const EntryTree::Edit> edits,
                   const EntryMeter& meter) {
  std::string text;
  std::vector<uint32_t> ends;
  decode_run(leaf.run, text, ends);
  std::vector<Bytes> merged;
  size_t i = 0;
  for (const EntryTree::Edit& edit : edits) {
    while (i < ends.size() && entry_at(text, ends, i) < Bytes(edit.entry))
      merged.push_back(entry_at(text, ends, i++));
    if (i < ends.size() && entry_at(text, ends, i) == Bytes(edit.entry)) ++i;
    if (edit.present) merged.push_back(edit.entry);
  }
  while (i < ends.size()) merged.push_back(entry_at(text, ends, i++));
  const size_t parts = std::max<size_t>((merged.size() + kLeafEntriesMax - 1) / kLeafEntriesMax, 1);
  LeafMaker maker((merged.size() + parts - 1) / parts, meter);
  for (const Bytes entry : merged) maker.add(entry);
  return maker.finish();
}

// Neighbours that became small are put together.
void join_small(Children& children, const EntryMeter& meter) {
  Children out;
  for (EntryChild& child : children) {
    if (out.empty()) {
      out.push_back(std::move(child));
      continue;
    }
    const EntryNode& left = *out.back().node;
    const EntryNode& right = *child.node;
    if (left.is_leaf() && right.is_leaf() && left.entries + right.entries <= kLeafEntriesMax / 2) {
      LeafMaker maker(kLeafEntriesMax, meter);
      std::string text;
      std::vector<uint32_t> ends;
      for (const EntryNode* leaf : {&left, &right}) {
        decode_run(leaf->run, text, ends);
        for (size_t i = 0; i < ends.size(); ++i) maker.add(entry_at(text, ends, i));
      }
      Children made = maker.finish();
      out.pop_back();
      std::move(made.begin(), made.end(), std::back_inserter(out));
    } else if (!left.is_leaf() && !right.is_leaf() &&
               left.children.size() + right.children.size() <= kFanOutMax / 2) {
      Children both = left.children;
      both.insert(both.end(), right.children.begin(), right.children.end());
      std::string first = std::move(out.back().first);
      out.back() = {std::move(first), make_interior(std::move(both), meter)};
    } else {
      out.push_back(std::move(child));
    }
  }
  children = std::move(out);
}

Children edit_node(const EntryNode& node, std::span<const EntryTree::Edit> edits,
                   const EntryMeter& meter) {
  if (node.is_leaf()) return edit_leaf(node, edits, meter);
  Children made;
  size_t at = 0;
  for (size_t i = 0; i < node.children.size(); ++i) {
    size_t end = edits.size();
    if (i + 1 < node.children.size()) {
      const std::string& next = node.children[i + 1].first;
      end = static_cast<size_t>(
          std::lower_bound(edits.begin() + static_cast<ptrdiff_t>(at), edits.end(), next,
                           [](const EntryTree::Edit& edit, const std::string& key) {
                             return edit.entry < key;
                           }) -
          edits.begin());
    }
    if (at == end) {
      made.push_back(node.children[i]);
      continue;
    }
    Children replaced = edit_node(*node.children[i].node, edits.subspan(at, end - at), meter);
    std::move(replaced.begin(), replaced.end(), std::back_inserter(made));
    at = end;
  }
  join_small(made, meter);
  if (made.empty()) return made;
  return group(std::move(made), meter);
}

// Whether `run` holds `entries` entries, ascending, of which `first` is the first and all are above
// `last`, which becomes the last of them.
bool is_run_of(Bytes run, uint32_t entries, Bytes first, std::string& last) {
  std::string text;
  std::vector<uint32_t> ends;
  if (!decode_run(run, text, ends) || ends.empty() || ends.size() != entries) return false;
  if (entry_at(text, ends, 0) != first) return false;
  for (size_t i = 0; i < ends.size(); ++i) {
    const Bytes before = i == 0 ? Bytes(last) : entry_at(text, ends, i - 1);
    if (entry_at(text, ends, i) <= before) return false;
  }
  last = entry_at(text, ends, ends.size() - 1);
  return true;
}

template <typename T>
void append_fixed(T value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
bool take_fixed(Bytes& from, T& value) {
  if (from.size() < sizeof value) return false;
  std::memcpy(&value, from.data(), sizeof value);
  from.remove_prefix(sizeof value);
  return true;
}

void collect_leaves(const EntryNode& node, const std::string& first,
                    std::vector<std::pair<const std::string*, const EntryNode*>>& out) {
  if (node.is_leaf()) {
    out.emplace_back(&first, &node);
    return;
  }
  for (const EntryChild& child : node.children) collect_leaves(*child.node, child.first, out);
}

// A file mapped for reading, unmapped with its last user.
std::shared_ptr<const Bytes> map_file(const std::filesystem::path& file) {
  const auto opened = open_file(file, OpenMode::kRead);
  if (!opened) return nullptr;
  struct stat facts{};
  void* at = MAP_FAILED;
  size_t bytes = 0;
  if (::fstat(opened->number(), &facts) == 0 && facts.st_size > 0) {
    bytes = static_cast<size_t>(facts.st_size);
    at = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, opened->number(), 0);
  }
  if (at == MAP_FAILED) return nullptr;
  return std::shared_ptr<const Bytes>(new Bytes(static_cast<const char*>(at), bytes),
                                      [](const Bytes* mapped) {
                                        ::munmap(const_cast<char*>(mapped->data()), mapped->size());
                                        delete mapped;
                                      });
}

}  // namespace

uint64_t EntryTree::size() const { return root_ == nullptr ? 0 : root_->entries; }

uint64_t EntryTree::rank(Bytes bound) const {
  uint64_t below = 0;
  const EntryNode* node = root_.get();
  if (node == nullptr) return 0;
  while (!node->is_leaf()) {
    const auto after = std::upper_bound(
        node->children.begin(), node->children.end(), bound,
        [](Bytes key, const EntryChild& child) { return key < Bytes(child.first); });
    const auto child = after == node->children.begin() ? after : after - 1;
    for (auto before = node->children.begin(); before != child; ++before)
      below += before->node->entries;
    node = child->node.get();
  }
  std::string text;
  std::vector<uint32_t> ends;
  decode_run(node->run, text, ends);
  size_t low = 0, high = ends.size();
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (entry_at(text, ends, middle) < bound) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return below + low;
}

EntryTree EntryTree::with(std::span<const Edit> edits, const EntryMeter& meter) const {
  if (edits.empty()) return *this;
  static const EntryNode kEmpty;
  return EntryTree(make_root(edit_node(root_ == nullptr ? kEmpty : *root_, edits, meter), meter));
}

EntryTree EntryTree::build(const Source& source, const EntryMeter& meter) {
  LeafMaker maker(kLeafEntriesMax, meter);
  while (const std::optional<Bytes> entry = source()) maker.add(*entry);
  return EntryTree(make_root(maker.finish(), meter));
}

Result<void> EntryTree::save(const std::filesystem::path& file) const {
  std::vector<std::pair<const std::string*, const EntryNode*>> leaves;
  std::string first;
  if (root_ != nullptr) {
    EntryWalk walk(*this);
    walk.move_to(0);
    first = walk.entry();
    collect_leaves(*root_, first, leaves);
  }
  std::string table;
  append_fixed<uint64_t>(size(), table);
  append_fixed<uint64_t>(leaves.size(), table);
  uint64_t offset = 0;
  for (const auto& [key, leaf] : leaves) {
    append_fixed<uint64_t>(offset, table);
    append_fixed<uint32_t>(static_cast<uint32_t>(leaf->run.size()), table);
    append_fixed<uint32_t>(static_cast<uint32_t>(leaf->entries), table);
    append_fixed<uint32_t>(static_cast<uint32_t>(key->size()), table);
    table += *key;
    offset += leaf->run.size();
  }
  uint32_t sum = crc32(table);
  for (const auto& [key, leaf] : leaves) sum = crc32(leaf->run, sum);

  TRY(make_folders(file.parent_path()));
  TRY_ASSIGN(NewFile out, NewFile::open(file));
  TRY(out.write(kMagic));
  TRY(out.write(Bytes(reinterpret_cast<const char*>(&sum), sizeof sum)));
  TRY(out.write(table));
  for (const auto& [key, leaf] : leaves) TRY(out.write(leaf->run));
  return out.commit(false);
}

std::optional<EntryTree> EntryTree::load(const std::filesystem::path& file,
                                         const EntryMeter& meter) {
  const std::shared_ptr<const Bytes> mapped = map_file(file);
  if (mapped == nullptr || !mapped->starts_with(kMagic)) return std::nullopt;
  Bytes rest = mapped->substr(kMagic.size());
  uint32_t sum = 0;
  if (!take_fixed(rest, sum) || crc32(rest) != sum) return std::nullopt;
  uint64_t entries = 0, leaves = 0;
  constexpr size_t kPlaceBytesMin = sizeof(uint64_t) + 3 * sizeof(uint32_t);
  if (!take_fixed(rest, entries) || !take_fixed(rest, leaves) ||
      leaves > rest.size() / kPlaceBytesMin)
    return std::nullopt;
  struct Place {
    std::string first;
    uint64_t offset = 0;
    uint32_t bytes = 0, entries = 0;
  };
  std::vector<Place> places(leaves);
  for (Place& place : places) {
    uint32_t first = 0;
    if (!take_fixed(rest, place.offset) || !take_fixed(rest, place.bytes) ||
        !take_fixed(rest, place.entries) || !take_fixed(rest, first) || first > rest.size()) {
      return std::nullopt;
    }
    place.first = rest.substr(0, first);
    rest.remove_prefix(first);
  }
  Children children;
  std::string last;
  for (Place& place : places) {
    if (place.offset > rest.size() || place.bytes > rest.size() - place.offset) return std::nullopt;
    if (!is_run_of(rest.substr(place.offset, place.bytes), place.entries, place.first, last))
      return std::nullopt;
    auto leaf = std::make_shared<EntryNode>();
    leaf->entries = place.entries;
    leaf->run = rest.substr(place.offset, place.bytes);
    leaf->owner = mapped;
    children.push_back({std::move(place.first), finish_node(std::move(leaf), meter)});
  }
  EntryTree tree(make_root(std::move(children), meter));
  if (tree.size() != entries) return std::nullopt;
  return tree;
}

void EntryWalk::move_to(uint64_t rank) {
  rank_ = rank;
  if (!valid() || (rank >= leaf_rank_ && rank - leaf_rank_ < ends_.size())) return;
  const EntryNode* node = tree_.root_.get();
  leaf_rank_ = 0;
  while (!node->is_leaf()) {
    for (const EntryChild& child : node->children) {
      if (rank - leaf_rank_ < child.node->entries) {
        node = child.node.get();
        break;
      }
      leaf_rank_ += child.node->entries;
    }
  }
  decode_run(node->run, text_, ends_);
}

Bytes EntryWalk::entry() const {
  return entry_at(text_, ends_, static_cast<size_t>(rank_ - leaf_rank_));
}

}  // namespace rowan::derived
