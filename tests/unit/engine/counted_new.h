// operator new under a test's control: counts what is live, and fails where the test wants it to.
// Included by one source of a program.
#pragma once

#include <execinfo.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <unordered_map>

namespace counted_new {

inline std::atomic<int64_t> live_bytes{0};
inline std::atomic<int64_t> peak_bytes{0};

enum class Fault : uint8_t { kNone, kOnce, kSticky };
inline std::atomic<Fault> fault{Fault::kNone};
inline std::atomic<bool> is_failing{false};    // kSticky, after the first: for every thread.
inline thread_local bool is_watched = false;   // Allocations of this thread are counted …
inline std::atomic<bool> others_fail{false};   // Every allocation of threads but those that are
inline thread_local bool is_spared = false;    // spared.
inline std::atomic<uint64_t> count{0};         // … here,
inline std::atomic<uint64_t> fail_at{0};       // and fail from this one on.

// By call stack, the number of its first allocation; null: none are noted.
inline std::unordered_map<uint64_t, uint64_t>* stacks = nullptr;

inline void note_stack(uint64_t number) {
  constexpr int kFramesMax = 48;
  auto* const noting = stacks;
  stacks = nullptr;  // What noting allocates is not noted.
  void* frames[kFramesMax];
  const int depth = ::backtrace(frames, kFramesMax);
  uint64_t hash = 0xcbf2'9ce4'8422'2325;
  for (int i = 0; i < depth; ++i)
    hash = (hash ^ reinterpret_cast<uintptr_t>(frames[i])) * 0x100'0000'01b3;
  noting->emplace(hash, number);
  stacks = noting;
}

inline bool fails() {
  if (is_failing.load(std::memory_order_relaxed)) return true;
  if (!is_spared && others_fail.load(std::memory_order_relaxed)) return true;
  if (!is_watched) return false;
  const uint64_t number = ++count;
  if (stacks != nullptr) note_stack(number);
  const Fault wanted = fault.load(std::memory_order_relaxed);
  if (wanted == Fault::kNone || number != fail_at.load(std::memory_order_relaxed)) return false;
  if (wanted == Fault::kSticky) is_failing = true;
  return true;
}

inline void* allocate(size_t bytes, size_t alignment) {
  if (fails()) return nullptr;
  void* made = alignment <= alignof(std::max_align_t)
                   ? std::malloc(std::max<size_t>(bytes, 1))
                   : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (made == nullptr) return nullptr;
  const auto size = static_cast<int64_t>(::malloc_usable_size(made));
  const int64_t live = live_bytes.fetch_add(size, std::memory_order_relaxed) + size;
  int64_t peak = peak_bytes.load(std::memory_order_relaxed);
  while (live > peak && !peak_bytes.compare_exchange_weak(peak, live)) {
  }
  return made;
}

inline void* allocate_or_throw(size_t bytes, size_t alignment) {
  void* made = allocate(bytes, alignment);
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

inline void release(void* made) noexcept {
  if (made == nullptr) return;
  live_bytes.fetch_sub(static_cast<int64_t>(::malloc_usable_size(made)), std::memory_order_relaxed);
  std::free(made);
}

}  // namespace counted_new

constexpr size_t kPlain = alignof(std::max_align_t);
void* operator new(size_t bytes) { return counted_new::allocate_or_throw(bytes, kPlain); }
void* operator new[](size_t bytes) { return counted_new::allocate_or_throw(bytes, kPlain); }
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  return counted_new::allocate(bytes, kPlain);
}
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept {
  return counted_new::allocate(bytes, kPlain);
}
void* operator new(size_t bytes, std::align_val_t alignment) {
  return counted_new::allocate_or_throw(bytes, static_cast<size_t>(alignment));
}
void* operator new[](size_t bytes, std::align_val_t alignment) {
  return counted_new::allocate_or_throw(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* made) noexcept { counted_new::release(made); }
void operator delete[](void* made) noexcept { counted_new::release(made); }
void operator delete(void* made, size_t) noexcept { counted_new::release(made); }
void operator delete[](void* made, size_t) noexcept { counted_new::release(made); }
void operator delete(void* made, const std::nothrow_t&) noexcept { counted_new::release(made); }
void operator delete[](void* made, const std::nothrow_t&) noexcept { counted_new::release(made); }
void operator delete(void* made, std::align_val_t) noexcept { counted_new::release(made); }
void operator delete[](void* made, std::align_val_t) noexcept { counted_new::release(made); }
void operator delete(void* made, size_t, std::align_val_t) noexcept { counted_new::release(made); }
void operator delete[](void* made, size_t, std::align_val_t) noexcept {
  counted_new::release(made);
}
