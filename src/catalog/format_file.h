// rowan.json: which format a commit's tree has, and which features.
//
//   {"format":1}                                    format 1 alone
//   {"format":2,"features":["functions","types"]}   and the forms that are named; sorted, each once
//
// A tree names at least what its definitions need. A feature stays once it is named: it goes only
// where somebody takes it out of the file of a tree that does not need it, never by a merge.
// Threads: any.
#pragma once

#include <string>
#include <string_view>

#include "base/oid.h"
#include "base/result.h"
#include "catalog/features.h"
#include "store/node_cache.h"
#include "store/object_store.h"

namespace rowan::catalog {

inline constexpr std::string_view kFormatFile = "rowan.json";

std::string format_text(const FeatureSet& features);  // The one spelling, with its newline.
// The features that a text names. kUnsupportedFormat for a newer format and for a feature that this
// version does not know, all of them named; kInvalidContent for a text that is none of the two.
Result<FeatureSet> features_in(std::string_view text);

// The features that a tree names; errors as above, and kInvalidContent without a rowan.json.
Result<FeatureSet> named_features(const store::ObjectReader& objects, store::NodeCache& cache,
                                  const Oid& root);
// The same for who only wants to know whether the tree may be read.
Result<void> check_format(const store::ObjectReader& objects, store::NodeCache& cache,
                          const Oid& root);

// The features that the tree's definitions need. What `known_root` has under the same id is not
// read (zero: none): it needs nothing that is not named.
Result<FeatureSet> needed_features(const store::ObjectReader& objects, store::NodeCache& cache,
                                   const Oid& known_root, const Oid& root);

// The tree with a rowan.json in its one spelling that names all that it names already, what its
// definitions need, and `more`. `known_root`: as above; it names all that it needs.
Result<Oid> with_features(store::PendingObjects& made, store::NodeCache& cache,
                          const Oid& known_root, const Oid& root, const FeatureSet& more = {});

}  // namespace rowan::catalog
