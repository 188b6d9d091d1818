// How many schemas a commit's tree may have, and how many tables, views and sequences a schema.
// Asked wherever a tree comes to be: by definitions, merges, moves and what other programs made.
#pragma once

#include "base/oid.h"
#include "base/result.h"
#include "store/node_cache.h"
#include "store/object_store.h"

namespace rowan::catalog {

// kProgramLimit, naming the schema. Reads the folders of schemas, nothing below them.
Result<void> check_bounds(const store::ObjectReader& objects, store::NodeCache& cache,
                          const Oid& root);

}  // namespace rowan::catalog
