// An ObjectStore that lives and dies with the process: `:memory:`, tests, temporary tables.
#pragma once

#include <memory>

#include "store/object_store.h"

namespace rowan::store {

std::unique_ptr<ObjectStore> make_memory_store();
// From here on it is as if opened for reading only. Requires: it was made here.
void end_writing(ObjectStore& store);

}  // namespace rowan::store
