#include "system/context.h"

#include "system/catalog/objects.h"

namespace rowan::system {

Result<std::shared_ptr<const Objects>> Context::objects(const Oid& root) {
  const catalog::Catalog& current = transaction().catalog();
  const Oid& wanted = root.is_zero() ? current.root() : root;
  if (objects_ != nullptr && objects_root_ == wanted) return objects_;
  if (wanted == current.root()) {
    TRY_ASSIGN(objects_, Objects::read(current));
  } else {
    TRY_ASSIGN(objects_, Objects::read(catalog::Catalog(store(), store().cache(), wanted)));
  }
  objects_root_ = wanted;
  return objects_;
}

}  // namespace rowan::system
