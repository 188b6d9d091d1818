// Casts between types, with PostgreSQL's rules on what is implicit, on assignment, or explicit
// only.
#pragma once

#include "base/result.h"
#include "type/column.h"
#include "type/datetime.h"
#include "type/type.h"
#include "type/value.h"

namespace rowan::type {

enum class CastContext : uint8_t { kImplicit, kAssignment, kExplicit };

// True when a cast exists that may be used in `context` (or any stronger one).
bool can_cast(TypeId from, TypeId to, CastContext context);

// Casts and applies the modifier of `to`. An explicit cast to varchar(n)/char(n) truncates; the
// others give kStringTooLong (blanks at the end may always be cut). kCannotCoerce when there is no
// cast. `now`: as for parse_text.
Result<Value> cast(const Value& value, Type to, CastContext context, Moment now = {});
Result<Column> cast(const Column& column, Type to, CastContext context, Moment now = {});

}  // namespace rowan::type
