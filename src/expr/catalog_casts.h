// Casts to regclass, regtype, regnamespace, regrole and regproc. There are no types of these names:
// a name becomes its oid, an oid the text that names it.
#pragma once

#include <optional>

#include "expr/binder.h"
#include "expr/catalog_reader.h"

namespace rowan::expr {

// Nothing: the cast is to another type.
std::optional<ObjectClass> find_object_class(const sql::TypeName& type);
Result<NodePtr> bind_object_cast(const sql::CastExpr& cast, ObjectClass kind, BindContext& context);

// An oid that a name was cast to: as text it is its name again. Anything else stays.
Result<NodePtr> object_as_text(NodePtr operand, BindContext& context);

}  // namespace rowan::expr
