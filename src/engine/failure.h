// From the rooms' Error to the public Failure.
#pragma once

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

}  // namespace rowan::engine
