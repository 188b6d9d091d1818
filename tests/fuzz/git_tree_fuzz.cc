// Arbitrary bytes as a Git tree object: what parses is written the same again and finds every
// entry.
#include <string>

#include "fuzz_input.h"
#include "tree/git_tree.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowan;
  using fuzz::require;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto tree = tree::GitTree::parse({store::ObjectType::kTree, bytes, nullptr});
  if (!tree) {
    return 0;
  }
  std::string again;
  for (const tree::TreeEntry& entry : (*tree)->entries()) {
    const tree::TreeEntry* found = (*tree)->find(entry.name);
    require(found != nullptr && found->name == entry.name, "every entry is found by its name",
            entry.name);
    tree::append_entry(again, entry.mode, entry.name, entry.id);
  }
  require(again == bytes, "a tree is written the same again");
  for (size_t i = 0; i < (*tree)->size(); ++i) {
    const Bytes key = (*tree)->key(i);
    require(
        (*tree)->lower_bound(key) <= (*tree)->size() && (*tree)->child_index(key) < (*tree)->size(),
        "searches stay inside", key);
    require((*tree)->end(i) <= bytes.size() && (*tree)->begin(i) < (*tree)->end(i),
            "entries lie inside");
  }
  return 0;
}
