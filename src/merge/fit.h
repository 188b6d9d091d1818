// Whether what a side wrote into a column fits the type that the other side gave it.
//
// Threads: one.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "store/object_store.h"

namespace rowan::merge {

struct MisfitQuestion {
  const catalog::TableVersion& base;  // May have no table.
  const catalog::TableVersion& now;
  std::optional<uint16_t> base_slot;  // Nothing: the side added the column.
  uint16_t slot = 0;
  type::Type to;
};

// How many of the rows that are new or changed in that column have a value that has no place in the
// new type.
Result<uint64_t> count_misfits(store::PendingObjects& objects, store::NodeCache& cache,
                               const MisfitQuestion& question,
                               const std::atomic<bool>* cancelled);

// The value as the type has it, as a merge carries it over; nothing: it does not fit.
std::optional<type::Value> fitted(const type::Value& value, const type::Type& to);

}  // namespace rowan::merge
