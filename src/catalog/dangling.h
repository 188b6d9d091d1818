// References to what is not there: foreign keys without the key that they need, defaults and views
// without a sequence, views without a relation.
//
// Threads: the catalog's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/objects.h"

namespace rowan::catalog {

struct DanglingReference {
  enum class Kind : uint8_t { kForeignKey, kDefault, kView };
  Kind kind = Kind::kView;
  ObjectName from;  // The table or view that refers.
  std::string key;  // The foreign key's name.
  ObjectName to;
  std::string text;  // "public.t: FOREIGN KEY (a) REFERENCES …": the same for the same reference.
};
Result<std::vector<DanglingReference>> find_dangling(const Catalog& catalog);

}  // namespace rowan::catalog
