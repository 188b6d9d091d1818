#include "catalog/bounds.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "catalog/paths.h"
#include "tree/git_tree.h"
#include "type/key_codec.h"

namespace rowan::catalog {

namespace {

size_t count_folders(const tree::GitTree& tree) {
  return static_cast<size_t>(std::count_if(tree.entries().begin(), tree.entries().end(),
                                           [](const auto& entry) { return entry.is_tree(); }));
}

}  // namespace

Result<void> check_bounds(const store::ObjectReader& objects, store::NodeCache& cache,
                          const Oid& root) {
  TRY_ASSIGN(const auto tree, tree::GitTree::read(objects, cache, root));
  size_t schemas = 0;
  for (const tree::TreeEntry& entry : tree->entries()) {
    if (!entry.is_tree() || classify_path(entry.name, true) != PathKind::kSchema) continue;
    if (++schemas > kSchemasMax)
      return Error(ErrorCode::kProgramLimit,
                   fmt::format("a database holds at most {} schemas", kSchemasMax));
    TRY_ASSIGN(const auto folder, tree::GitTree::read(objects, cache, entry.id));
    if (count_folders(*folder) <= kSchemaObjectsMax) continue;
    const auto name = type::decode_name(entry.name);
    return Error(ErrorCode::kProgramLimit,
                 fmt::format("schema \"{}\" would hold more than {} tables, views and sequences",
                             name ? *name : std::string(entry.name), kSchemaObjectsMax))
        .with_hint("Put some of them into another schema.");
  }
  return {};
}

}  // namespace rowan::catalog
