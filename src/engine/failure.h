// From the rooms' Error to the public Failure, and the edge that no exception passes.
#pragma once

#include "base/caught.h"
#include "base/error.h"
#include "base/result.h"
#include "rowan/rowan.h"

namespace rowan::engine {

Failure to_failure(const Error& error);
Error to_error(const Failure& failure);  // For callbacks that the embedder implements.

template <typename T>
Outcome<T> to_outcome(Result<T> result) {
  if (!result) return to_failure(result.error());
  return std::move(*result);
}

// Memory ran out. Made without any: the texts are short enough.
inline Failure out_of_memory() {
  Failure failure;
  failure.sqlstate = "53200";
  failure.message = "out of memory";
  failure.retryable = true;
  return failure;
}

// The failure that an exception is answered with. Called in a handler.
inline Failure failure_of_exception() noexcept {
  try {
    return to_failure(error_of_exception());
  } catch (...) {
    return out_of_memory();
  }
}

// What every function of the API that can fail goes through (N1).
template <typename Work>
auto guarded(const Work& work) noexcept -> decltype(work()) {
  try {
    return work();
  } catch (...) {
    return failure_of_exception();
  }
}

}  // namespace rowan::engine
