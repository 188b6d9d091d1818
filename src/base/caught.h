// caught: the place where exceptions end. They are memory that ran out, and bugs (STYLE: nothing is
// thrown across a room): what may be called from where nobody catches goes through here.
#pragma once

#include <cerrno>
#include <exception>
#include <new>
#include <string>
#include <system_error>

#include "base/files.h"
#include "base/memory_budget.h"
#include "base/result.h"

namespace rowan {

// The error that an exception is answered with. Called in a handler.
inline Error error_of_exception() {
  try {
    throw;
  } catch (const TextLimit::Reached&) {
    return Error(ErrorCode::kOutOfMemory, "out of memory")
        .with_detail("More text would have been made at a time than may be.");
  } catch (const CountedMemory::Exceeded& exceeded) {
    return memory_limit_exceeded(exceeded.bytes_max);
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::kOutOfMemory, "out of memory");
  } catch (const std::system_error& failed) {  // A thread could not be had.
    const bool is_memory = failed.code() == std::errc::resource_unavailable_try_again ||
                           failed.code() == std::errc::not_enough_memory;
    if (is_memory) return Error(ErrorCode::kOutOfMemory, "out of memory");
    // By their number, whatever library's category they come in.
    if (failed.code().value() == EMFILE || failed.code().value() == ENFILE)
      return Error(ErrorCode::kIoError, failed.what()).with_hint(std::string(kOpenFilesHint));
    return Error(ErrorCode::kInternal, std::string("internal error: ") + failed.what());
  } catch (const std::exception& exception) {
    return Error(ErrorCode::kInternal, std::string("internal error: ") + exception.what());
  } catch (...) {
    return Error(ErrorCode::kInternal, "internal error: an exception of an unknown kind");
  }
}

// `work` gives a Result.
template <typename Work>
auto caught(const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (...) {
    return error_of_exception();
  }
}

// For threads of ours, destructors and what must go on: false when `work` threw. Needs no memory
// itself.
template <typename Work>
bool ends_well(const Work& work) noexcept {
  try {
    work();
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace rowan
