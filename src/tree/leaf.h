// LeafBuilder: leaves put together from lines whose keys are known already.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tree/row_tree.h"

namespace rowan::tree {

// The text of a leaf in the making, with what its decoded form needs, so that a leaf just written
// need not be decoded.
struct LeafText {
  std::string text;
  std::vector<uint32_t> line_ends;
  std::string keys;
  std::vector<uint32_t> key_ends;

  void append(Bytes key, Bytes line);
  void append_run(const Leaf& leaf, size_t begin, size_t end);  // Lines [begin, end) of `leaf`.
  Bytes last_key() const;                                       // Empty when there is no line.
  void clear();
};

struct LeafBuilder {
  static void append_run(LeafText& to, const Leaf& leaf, size_t begin, size_t end);
  // Puts the decoded leaf into the cache. `object` holds exactly made.text.
  static void remember(store::NodeCache& cache, const LineKeys& keys, const Oid& id,
                       store::ObjectRef object, LeafText made);
};

// Such a leaf stands for rows that cannot be read: behind these words is why. No line of a row begins
// with them.
inline constexpr std::string_view kUnreadable = "unreadable: ";

// A leaf's bytes, as the store has them. kInvalidContent: it is such a one.
Result<store::ObjectRef> read_leaf(const store::ObjectReader& objects, const Oid& id);

uint64_t leaf_kind(const LineKeys& keys);

}  // namespace rowan::tree
