// How deep recursion over what a user wrote may go, and a stack for what is nested deeper than any
// thread's stack surely bears.
//
// Threads: the limits are the current thread's.
#pragma once

#include <functional>

#include "base/limits.h"
#include "base/result.h"

namespace rowan {

// The levels that expressions, and queries within queries, may be nested on this thread.
struct NestingLimits {
  int expressions;
  int queries;
};
inline constexpr NestingLimits kShallowNesting{kExpressionDepthMax, 100};
inline constexpr NestingLimits kDeepNesting{10'000, 5'000};

const NestingLimits& nesting_limits();

// Does the work on a thread with a stack that bears kDeepNesting, and waits for it. What it throws
// comes out here. kStatementTooComplex when no such thread can be had.
Result<void> run_on_deep_stack(const std::function<void()>& work);

}  // namespace rowan
