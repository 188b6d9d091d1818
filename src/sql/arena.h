// Arena: memory for the nodes of one statement, freed at once. List: a fixed run of nodes inside
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace rowan::sql {

template <typename T>
struct List {
  T* items = nullptr;
  size_t count = 0;

  T* begin() const { return items; }
  T* end() const { return items + count; }
  bool empty() const { return count == 0; }
  size_t size() const { return count; }
  T& operator[](size_t i) const { return items[i]; }
};

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* allocate(size_t bytes) {
    bytes = (bytes + 15) & ~size_t{15};
    if (bytes > left_) grow(bytes);
    void* at = next_;
    next_ += bytes;
    left_ -= bytes;
    return at;
  }

  // T's destructor never runs.
  template <typename T, typename... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (allocate(sizeof(T))) T{std::forward<Args>(args)...};
  }

  std::string_view copy(std::string_view text) {
    char* at = static_cast<char*>(allocate(text.size() + 1));
    std::memcpy(at, text.data(), text.size());
    at[text.size()] = '\0';
    return {at, text.size()};
  }

  template <typename T>
  List<T> copy(const std::vector<T>& from) {
    static_assert(std::is_trivially_copyable_v<T>);
    List<T> list;
    list.count = from.size();
    list.items = static_cast<T*>(allocate(sizeof(T) * from.size() + 1));
    if (!from.empty())
      std::memcpy(static_cast<void*>(list.items), from.data(), sizeof(T) * from.size());
    return list;
  }

 private:
  void grow(size_t bytes) {
    const size_t block = bytes > kBlockBytes ? bytes : kBlockBytes;
    blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(block));
    next_ = blocks_.back().get();
    left_ = block;
  }

  static constexpr size_t kBlockBytes = 8192;
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::byte* next_ = nullptr;
  size_t left_ = 0;
};

}  // namespace rowan::sql
