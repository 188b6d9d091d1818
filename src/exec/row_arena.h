// RowArena: keys and lines of the rows of a bulk load, in big blocks, on their way into a tree.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "base/bytes.h"

namespace rowan::exec {

class RowArena {
 public:
  struct Row {
    char* bytes;  // Key, then line.
    uint32_t key_bytes;
    uint32_t line_bytes;
    uint32_t source_line;  // For messages.

    Bytes key() const { return {bytes, key_bytes}; }
    Bytes line() const { return {bytes + key_bytes, line_bytes}; }
  };

  void add(Bytes key, Bytes line, uint64_t source_line) {
    const bool ascends = rows_.empty() || rows_.back().key() < key;
    rows_.push_back({keep(key, line), static_cast<uint32_t>(key.size()),
                     static_cast<uint32_t>(line.size()), static_cast<uint32_t>(source_line)});
    sorted_ = sorted_ && ascends;
  }
  // The row keeps its key, and its place where the line fits into that. `line` is not in the arena.
  void set_line(Row& row, Bytes line) {
    if (line.size() > row.line_bytes) {
      row.bytes = keep(row.key(), line);
    } else {
      std::memcpy(row.bytes + row.key_bytes, line.data(), line.size());
    }
    row.line_bytes = static_cast<uint32_t>(line.size());
  }

  void sort() {
    if (sorted_) return;
    std::stable_sort(rows_.begin(), rows_.end(),
                     [](const Row& a, const Row& b) { return a.key() < b.key(); });
    sorted_ = true;
  }
  std::vector<Row>& rows() { return rows_; }
  // What it takes; sorting takes as much again for the rows' places.
  size_t bytes() const { return block_bytes_ + 2 * rows_.capacity() * sizeof(Row); }

 private:
  char* keep(Bytes key, Bytes line) {
    static constexpr size_t kBlockBytes = 4u << 20;
    const size_t size = key.size() + line.size();
    if (size > left_) {
      const size_t block = std::max(size, kBlockBytes);
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(block));
      block_bytes_ += block;
      next_ = blocks_.back().get();
      left_ = block;
    }
    char* const bytes = next_;
    std::memcpy(bytes, key.data(), key.size());
    std::memcpy(bytes + key.size(), line.data(), line.size());
    next_ += size;
    left_ -= size;
    return bytes;
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t block_bytes_ = 0;
  char* next_ = nullptr;
  size_t left_ = 0;
  std::vector<Row> rows_;
  bool sorted_ = true;
};

}  // namespace rowan::exec
