// Widening: the type in which values of several types are shown together, each exactly as it was:
// with the very text that it has in its own type. That is the rule because history, differences and
// AS OF then show one thing, nothing is rounded or spelled anew, and no value of the past can make
// the query fail. So numbers with a fraction of binary places and exact ones (0.1::real prints no
// double and 1e+20 no numeric, which has no sign of -0 either), and dates and timestamps (one prints
// no time, and some dates are no timestamp) have only text in common. Who wants to compute with such
// a column casts it.
#pragma once

#include "base/result.h"
#include "type/type.h"
#include "type/value.h"

namespace rowan::type {

// Every value of `narrow` has the same text as a value of `wide`.
bool holds(Type wide, Type narrow);

// A type that holds both: one of the two where it does, else the same type without a bound, else
// numeric, else text. Text only where no type of the two families holds both.
Type widened(Type a, Type b);

// The value of type `to` with the same text: kDatatypeMismatch when there is none.
Result<Value> widen(const Value& value, Type to);

}  // namespace rowan::type
