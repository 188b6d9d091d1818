// Widening: the type in which values of several types are shown together, each exactly as it was.
#pragma once

#include "base/result.h"
#include "type/type.h"
#include "type/value.h"

namespace rowan::type {

// Every value of `narrow` has the same text as a value of `wide`.
bool holds(Type wide, Type narrow);

// A type that holds both: one of the two where it does, else numeric, else text.
Type widened(Type a, Type b);

// The value of type `to` with the same text: kDatatypeMismatch when there is none.
Result<Value> widen(const Value& value, Type to);

}  // namespace rowan::type
