#include "tree/git_tree.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "base/ensure.h"
#include "tree/boundary.h"

namespace rowan::tree {
namespace {

constexpr uint64_t kTreeKind =
    0x726f77616e747265;  // "rowantre": GitTree among the cache's decoded forms.
constexpr size_t kPathPartsMax = 64;

Error damaged(std::string what) {
  return Error(ErrorCode::kCorruption, "damaged tree object: " + std::move(what));
}

Bytes strip_suffix(Bytes name, uint32_t mode) {
  return mode != kModeTree && name.ends_with(kLeafSuffix)
             ? name.substr(0, name.size() - kLeafSuffix.size())
             : name;
}

// Git's order: a tree compares as if its name ended in a slash.
int compare_names(Bytes a, bool a_is_tree, Bytes b, bool b_is_tree) {
  const size_t shared = std::min(a.size(), b.size());
  const int order = std::memcmp(a.data(), b.data(), shared);
  if (order != 0) return order;
  const int next_a = a.size() > shared ? static_cast<uint8_t>(a[shared]) : a_is_tree ? '/' : 0;
  const int next_b = b.size() > shared ? static_cast<uint8_t>(b[shared]) : b_is_tree ? '/' : 0;
  return next_a - next_b;
}

bool is_dot_git(Bytes name) {
  return name.size() == 4 && name[0] == '.' && (name[1] | 0x20) == 'g' && (name[2] | 0x20) == 'i' &&
         (name[3] | 0x20) == 't';
}

bool is_valid_name(Bytes name) {
  if (name.empty() || name == "." || name == ".." || is_dot_git(name)) return false;
  return std::memchr(name.data(), '/', name.size()) == nullptr &&
         std::memchr(name.data(), 0, name.size()) == nullptr;
}

const TreeEntry* find_as(const std::vector<TreeEntry>& entries, std::string_view name,
                         bool as_tree) {
  const auto at = std::lower_bound(
      entries.begin(), entries.end(), name, [&](const TreeEntry& entry, std::string_view wanted) {
        return compare_names(entry.name, entry.is_tree(), wanted, as_tree) < 0;
      });
  return at != entries.end() && at->name == name && at->is_tree() == as_tree ? &*at : nullptr;
}

// The modes that Git writes, the frequent ones first.
struct ModeText {
  std::string_view text;
  uint32_t mode;
};
constexpr ModeText kModes[] = {{"100644 ", kModeBlob},
                               {"40000 ", kModeTree},
                               {"100755 ", kModeExecutable},
                               {"120000 ", kModeSymlink},
                               {"160000 ", kModeGitlink}};

// The entry at `at`, which then moves behind it; nullopt when the bytes are no entry that Git
// writes.
std::optional<TreeEntry> take_entry(Bytes bytes, size_t& at) {
  const Bytes rest = bytes.substr(at);
  const auto* const mode = std::find_if(std::begin(kModes), std::end(kModes), [&](const auto& each) {
    return rest.starts_with(each.text);
  });
  if (mode == std::end(kModes)) return std::nullopt;
  TreeEntry entry;
  entry.mode = mode->mode;
  const size_t name_at = mode->text.size();
  const auto* end =
      static_cast<const char*>(std::memchr(rest.data() + name_at, 0, rest.size() - name_at));
  if (end == nullptr) return std::nullopt;
  const auto name_end = static_cast<size_t>(end - rest.data());
  if (rest.size() - name_end < 1 + Oid::kBytes) return std::nullopt;
  entry.name = rest.substr(name_at, name_end - name_at);
  entry.id = Oid::from_raw(end + 1);
  at += name_end + 1 + Oid::kBytes;
  return entry;
}

}  // namespace

Result<std::shared_ptr<const GitTree>> GitTree::read(const store::ObjectReader& objects,
                                                     store::NodeCache& cache, const Oid& id) {
  return cache.get<GitTree>(id, kTreeKind, [&]() -> Result<std::shared_ptr<const GitTree>> {
    TRY_ASSIGN(auto object, objects.read(id));
    auto parsed = parse(std::move(object));
    if (!parsed)
      return Error(parsed.error().code(), parsed.error().message() + " (object " + id.hex() + ")");
    return parsed;
  });
}

Result<std::shared_ptr<const GitTree>> GitTree::parse(store::ObjectRef object) {
  if (object.type != store::ObjectType::kTree)
    return damaged("it is a " + std::string(store::type_word(object.type)));
  auto tree = std::make_shared<GitTree>();
  tree->object_ = std::move(object);
  const Bytes bytes = tree->object_.bytes;
  auto& entries = tree->entries_;
  entries.reserve(bytes.size() / 32 + 1);
  for (size_t at = 0; at < bytes.size();) {
    const auto entry = take_entry(bytes, at);
    if (!entry) return damaged("an entry is malformed or has a mode that Git does not write");
    if (!is_valid_name(entry->name)) return damaged("an entry has a name that is not allowed");
    if (entry->id.is_zero()) return damaged("an entry names no object");
    if (!entries.empty()) {
      const TreeEntry& before = entries.back();
      if (compare_names(before.name, before.is_tree(), entry->name, entry->is_tree()) >= 0)
        return damaged("its entries are out of order");
      // A blob may stand apart from a tree of the same name; everything between begins with that
      // name.
      if (entry->is_tree() && before.name.starts_with(entry->name) &&
          find_as(entries, entry->name, false) != nullptr) {
        return damaged("a name occurs twice");
      }
    }
    entries.push_back(*entry);
  }
  tree->index_keys();
  return std::shared_ptr<const GitTree>(std::move(tree));
}

void GitTree::remember(store::NodeCache& cache, const Oid& id, store::ObjectRef object,
                       const GitTree* old, const Oid& old_id) {
  auto tree = std::make_shared<GitTree>();
  tree->object_ = std::move(object);
  if (old == nullptr || !tree->take_layout(*old)) {
    const Bytes bytes = tree->object_.bytes;
    tree->entries_.clear();
    tree->entries_.reserve(bytes.size() / 32 + 1);
    for (size_t at = 0; at < bytes.size();) {
      const auto entry = take_entry(bytes, at);
      if (!entry) return;
      tree->entries_.push_back(*entry);
    }
    tree->index_keys();
  }
  cache.insert(id, kTreeKind, std::move(tree));
  if (!old_id.is_zero()) cache.supersede(old_id, kTreeKind);
}

void GitTree::remember(store::NodeCache& cache, const Oid& id, store::ObjectRef object,
                       const Oid& old_id) {
  const auto old = old_id.is_zero()
                       ? nullptr
                       : std::static_pointer_cast<const GitTree>(cache.find(old_id, kTreeKind));
  remember(cache, id, std::move(object), old.get(), old_id);
}

bool GitTree::take_layout(const GitTree& old) {
  const Bytes bytes = object_.bytes;
  const Bytes old_bytes = old.object_.bytes;
  if (bytes.size() != old_bytes.size()) return false;
  entries_ = old.entries_;
  size_t begin = 0;
  for (TreeEntry& entry : entries_) {
    const auto name_at = static_cast<size_t>(entry.name.data() - old_bytes.data());
    const size_t id_at = name_at + entry.name.size() + 1;
    // Mode, name and the zero byte behind it.
    if (std::memcmp(bytes.data() + begin, old_bytes.data() + begin, id_at - begin) != 0)
      return false;
    entry.name = bytes.substr(name_at, entry.name.size());
    entry.id = Oid::from_raw(bytes.data() + id_at);
    begin = id_at + Oid::kBytes;
  }
  heads_ = old.heads_;
  return true;
}

void GitTree::index_keys() {
  auto heads = std::make_shared<KeyHeads>();
  heads->build(entries_.size(), [this](size_t i) { return key(i); });
  heads_ = std::move(heads);
}

const TreeEntry* GitTree::find(std::string_view name) const {
  if (const TreeEntry* found = find_as(entries_, name, true)) return found;
  return find_as(entries_, name, false);
}

Bytes GitTree::key(size_t index) const {
  return strip_suffix(entries_[index].name, entries_[index].mode);
}

size_t GitTree::end(size_t index) const {
  const Bytes name = entries_[index].name;
  return static_cast<size_t>(name.data() - object_.bytes.data()) + name.size() + 1 + Oid::kBytes;
}

size_t GitTree::lower_bound(Bytes key) const {
  return heads_->lower_bound(key, [this](size_t i) { return this->key(i); });
}

size_t GitTree::child_index(Bytes key) const {
  const size_t at = lower_bound(key);
  if (at < entries_.size() && this->key(at) == key) return at;
  return at == 0 ? 0 : at - 1;
}

size_t GitTree::memory_bytes() const {
  return sizeof *this + object_.bytes.size() + entries_.capacity() * sizeof(TreeEntry) +
         heads_->memory_bytes();
}

void append_entry(std::string& tree, uint32_t mode, std::string_view name, const Oid& id) {
  const auto* const text = std::find_if(std::begin(kModes), std::end(kModes),
                                        [&](const auto& each) { return each.mode == mode; });
  DCHECK(text != std::end(kModes));
  tree += text->text;
  tree += name;
  tree.push_back('\0');
  tree += id.raw();
}

Result<std::optional<TreeEntry>> find_path(const store::ObjectReader& objects,
                                           store::NodeCache& cache, const Oid& root,
                                           std::string_view path) {
  if (path.empty()) return Error(ErrorCode::kInternal, "find_path: empty path");
  Oid id = root;
  for (;;) {
    if (id.is_zero()) return std::optional<TreeEntry>();
    TRY_ASSIGN(const auto tree, GitTree::read(objects, cache, id));
    const size_t slash = path.find('/');
    const TreeEntry* found = tree->find(path.substr(0, slash));
    if (found == nullptr) return std::optional<TreeEntry>();
    if (slash == std::string_view::npos) {
      TreeEntry entry = *found;
      entry.name = path;  // The tree may leave the cache; the caller's path stays.
      return std::optional<TreeEntry>(entry);
    }
    if (!found->is_tree()) return std::optional<TreeEntry>();
    id = found->id;
    path.remove_prefix(slash + 1);
  }
}

namespace {

struct EntryChange {
  std::string_view name;
  uint32_t mode = kModeBlob;
  Oid id;  // Zero: the entry goes.
};

class PathEditor {
 public:
  PathEditor(store::PendingObjects& objects, store::NodeCache& cache)
      : objects_(objects), cache_(cache) {}

  // The folder `id` (zero: none yet) with `edits` applied, whose paths are taken from byte `skip`
  // on.
  Result<Oid> edit_folder(const Oid& id, std::span<const PathEdit> edits, size_t skip,
                          size_t depth) {
    if (depth > kPathPartsMax) return Error(ErrorCode::kInternal, "edit_paths: path too deep");
    std::shared_ptr<const GitTree> old;
    if (!id.is_zero()) {
      TRY_ASSIGN(old, GitTree::read(objects_, cache_, id));
    }
    std::vector<EntryChange> changes;
    for (size_t i = 0; i < edits.size();) {
      const std::string_view rest = std::string_view(edits[i].path).substr(skip);
      const size_t slash = rest.find('/');
      const std::string_view name = rest.substr(0, slash);
      if (!is_valid_name(name))
        return Error(ErrorCode::kInternal, "edit_paths: bad path " + edits[i].path);
      const TreeEntry* before = old == nullptr ? nullptr : old->find(name);
      if (slash == std::string_view::npos) {
        if (edits[i].id != (before == nullptr ? Oid{} : before->id) ||
            (before != nullptr && before->mode != edits[i].mode)) {
          changes.push_back({name, edits[i].mode, edits[i].id});
        }
        ++i;
        continue;
      }
      size_t end = i + 1;
      while (end < edits.size() && is_below(edits[end].path, skip, name)) ++end;
      const Oid below = before != nullptr && before->is_tree() ? before->id : Oid{};
      TRY_ASSIGN(const Oid made,
                 edit_folder(below, edits.subspan(i, end - i), skip + slash + 1, depth + 1));
      // Removing what is below a file changes nothing.
      if (made != below) changes.push_back({name, kModeTree, made});
      i = end;
    }
    if (changes.empty()) return id;
    return write_folder(id, old.get(), std::move(changes));
  }

 private:
  static bool is_below(std::string_view path, size_t skip, std::string_view name) {
    path.remove_prefix(skip);
    return path.size() > name.size() && path[name.size()] == '/' && path.starts_with(name);
  }

  Result<Oid> write_folder(const Oid& id, const GitTree* old, std::vector<EntryChange> changes) {
    std::string bytes;
    bytes.reserve((old == nullptr ? 0 : old->bytes().size()) + changes.size() * 64);
    std::sort(changes.begin(), changes.end(),
              [](const EntryChange& a, const EntryChange& b) { return a.name < b.name; });
    for (size_t i = 1; i < changes.size(); ++i) {
      if (changes[i - 1].name == changes[i].name)
        return Error(ErrorCode::kInternal,
                     "edit_paths: a path is edited twice or lies below another");
    }
    std::vector<const EntryChange*> added;
    for (const EntryChange& change : changes) {
      if (!change.id.is_zero()) added.push_back(&change);
    }
    std::sort(added.begin(), added.end(), [](const EntryChange* a, const EntryChange* b) {
      return compare_names(a->name, a->mode == kModeTree, b->name, b->mode == kModeTree) < 0;
    });
    auto next = added.begin();
    const size_t count = old == nullptr ? 0 : old->size();
    for (size_t i = 0; i < count; ++i) {
      const TreeEntry& entry = old->entries()[i];
      for (; next != added.end() && compare_names((*next)->name, (*next)->mode == kModeTree,
                                                  entry.name, entry.is_tree()) < 0;
           ++next) {
        append_entry(bytes, (*next)->mode, (*next)->name, (*next)->id);
      }
      const auto replaced = std::lower_bound(
          changes.begin(), changes.end(), entry.name,
          [](const EntryChange& change, std::string_view name) { return change.name < name; });
      if (replaced != changes.end() && replaced->name == entry.name)
        continue;  // Its new form comes from `added`.
      bytes += old->bytes().substr(old->begin(i), old->end(i) - old->begin(i));
    }
    for (; next != added.end(); ++next)
      append_entry(bytes, (*next)->mode, (*next)->name, (*next)->id);
    if (bytes.empty()) return Oid{};
    const Oid made = objects_.add(store::ObjectType::kTree, std::move(bytes), id);
    TRY_ASSIGN(auto object, objects_.read(made));
    GitTree::remember(cache_, made, std::move(object), old, id);
    return made;
  }

  store::PendingObjects& objects_;
  store::NodeCache& cache_;
};

}  // namespace

Result<Oid> edit_paths(store::PendingObjects& objects, store::NodeCache& cache, const Oid& root,
                       std::vector<PathEdit> edits) {
  // Parts compare one by one, so that what lies in one folder stands together: '/' sorts before
  // every other byte.
  const auto by_parts = [](const PathEdit& a, const PathEdit& b) {
    return std::lexicographical_compare(a.path.begin(), a.path.end(), b.path.begin(), b.path.end(),
                                        [](char x, char y) {
                                          const int left = x == '/' ? -1 : static_cast<uint8_t>(x);
                                          const int right = y == '/' ? -1 : static_cast<uint8_t>(y);
                                          return left < right;
                                        });
  };
  std::sort(edits.begin(), edits.end(), by_parts);
  return PathEditor(objects, cache).edit_folder(root, edits, 0, 1);
}

}  // namespace rowan::tree
