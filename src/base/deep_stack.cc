#include "base/deep_stack.h"

#include <pthread.h>

#include <exception>

namespace rowan {

namespace {

// About 25 kB a level of expressions and 50 kB a level of queries: several times of what any of the
// recursions needs, also with a sanitizer. Only what is touched takes memory.
constexpr size_t kDeepStackBytes = 256u << 20;

constinit thread_local const NestingLimits* current_limits = &kShallowNesting;

struct DeepRun {
  const std::function<void()>& work;
  std::exception_ptr thrown;
};

void* run(void* argument) {
  DeepRun& deep = *static_cast<DeepRun*>(argument);
  current_limits = &kDeepNesting;
  try {
    deep.work();
  } catch (...) {
    deep.thrown = std::current_exception();
  }
  return nullptr;
}

}  // namespace

const NestingLimits& nesting_limits() { return *current_limits; }

Result<void> run_on_deep_stack(const std::function<void()>& work) {
  DeepRun deep{work, nullptr};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kDeepStackBytes);
  pthread_t thread;
  const int failed = pthread_create(&thread, &attributes, run, &deep);
  pthread_attr_destroy(&attributes);
  if (failed != 0)
    return Error(ErrorCode::kStatementTooComplex, "stack depth limit exceeded");
  pthread_join(thread, nullptr);
  if (deep.thrown) std::rethrow_exception(deep.thrown);
  return {};
}

}  // namespace rowan
