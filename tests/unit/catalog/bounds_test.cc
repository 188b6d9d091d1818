// Proves: a schema holds 20,000 objects and a database 1,000 schemas, no more.
#include "catalog/bounds.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/limits.h"
#include "store/memory_store.h"
#include "tree/git_tree.h"

namespace rowan::catalog {

namespace {

// A folder with that many folders and a file beside them.
Oid folder_of(store::PendingObjects& objects, size_t folders, const Oid& below) {
  std::string tree;
  for (size_t i = 0; i < folders; ++i)
    tree::append_entry(tree, tree::kModeTree, fmt::format("n{:06}", i), below);
  tree::append_entry(tree, tree::kModeBlob, "schema.sql",
                     objects.add(store::ObjectType::kBlob, "CREATE SCHEMA s;\n"));
  return objects.add(store::ObjectType::kTree, std::move(tree));
}

}  // namespace

TEST_CASE("as many as may be, and one more") {
  const auto store = store::make_memory_store();
  store::PendingObjects objects(*store);
  const Oid empty = folder_of(objects, 0, {});
  const auto bounds_of = [&](size_t schemas, size_t relations) {
    const Oid root = folder_of(objects, schemas, folder_of(objects, relations, empty));
    return check_bounds(objects, store->cache(), root);
  };
  CHECK(bounds_of(2, kSchemaObjectsMax).has_value());
  CHECK(bounds_of(kSchemasMax, 1).has_value());
  for (const auto& result : {bounds_of(1, kSchemaObjectsMax + 1), bounds_of(kSchemasMax + 1, 1)}) {
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code() == ErrorCode::kProgramLimit);
  }
}

}  // namespace rowan::catalog
