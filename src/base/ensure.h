// ENSURE and DCHECK: they catch our own bugs and nothing else. Bytes from disk, network or user are
// validated and become an Error.
#pragma once

namespace rowan {

// Prints the failed condition with its place to stderr and aborts.
[[noreturn]] void ensure_failed(const char* condition, const char* file, int line);

}  // namespace rowan

// On in every build: guards durability and memory.
#define ENSURE(condition)                                     \
  do {                                                        \
    if (!(condition)) [[unlikely]] {                          \
      ::rowan::ensure_failed(#condition, __FILE__, __LINE__); \
    }                                                         \
  } while (false)

// For hot paths: only in debug builds.
#ifdef NDEBUG
#define DCHECK(condition) ((void)0)
#else
#define DCHECK(condition) ENSURE(condition)
#endif
