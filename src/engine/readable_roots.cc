#include "engine/readable_roots.h"

#include <utility>

#include "catalog/format_file.h"
#include "git/commit.h"
#include "versions/revisions.h"

namespace rowan::engine {

void ReadableRoots::compare_with(const Oid& sound_root) {
  const std::lock_guard guard(mutex_);
  sound_root_ = sound_root;
}

Result<Oid> ReadableRoots::root_of(const Oid& commit) {
  TRY_ASSIGN(const ReadableContent content, find(commit));
  return content.root;
}

Result<Oid> ReadableRoots::sound_root_of(const Oid& commit) {
  TRY_ASSIGN(ReadableContent content, find(commit));
  if (!content.fault) return content.root;
  return Error(content.fault->code(), "commit " + commit.hex().substr(0, 12) +
                                          " cannot be used: " + content.fault->message());
}

Result<ReadableContent> ReadableRoots::find(const Oid& commit) {
  TRY_ASSIGN(const git::Commit parsed, versions::read_commit(store_, commit));
  if (history_.is_own(commit)) {
    // Perhaps a newer version's own: what this one does not know it must not misread.
    const auto format = catalog::check_format(store_, store_.cache(), parsed.tree);
    if (!format && format.error().code() == ErrorCode::kUnsupportedFormat)
      return Error(format.error());
    return ReadableContent{parsed.tree, std::nullopt};
  }
  {
    const std::lock_guard guard(mutex_);
    if (const auto known = found_.find(parsed.tree); known != found_.end()) return known->second;
  }
  TRY_ASSIGN(ReadableContent content, read(parsed.tree));
  const std::lock_guard guard(mutex_);
  if (!content.fault && !content.broken_rule) sound_root_ = content.root;
  return found_.emplace(parsed.tree, std::move(content)).first->second;
}

Result<ReadableContent> ReadableRoots::read(const Oid& root) {
  Oid known_root;
  {
    const std::lock_guard guard(mutex_);
    known_root = sound_root_;
  }
  auto content = read_on(known_root, root);
  if (known_root.is_zero() || (content && !content->fault && !content->broken_rule)) return content;
  return read_on(Oid{}, root);  // What it was compared with may be gone by now.
}

Result<ReadableContent> ReadableRoots::read_on(const Oid& known_root, const Oid& root) {
  store::PendingObjects made(store_);
  TRY_ASSIGN(ReadableContent content, readable_content(made, store_, known_root, root));
  if (content.root == root) return content;
  TRY_ASSIGN(const auto bulk, store_.begin_bulk());
  auto hold = bulk->hold();
  for (const auto& entry : made.entries()) TRY(bulk->add(entry.type, entry.object.bytes));
  TRY(bulk->finish());
  const std::lock_guard guard(mutex_);
  holds_.push_back(std::move(hold));
  return content;
}

}  // namespace rowan::engine
