// Completion: the words that may stand at the end of a half-typed statement.
//
// Threads: one at a time.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace rowan::shell {

enum class NameKind { kTable, kColumn, kSchema, kBranch };
// The names of one kind that exist; of a table's columns when `table` is not empty. As SQL writes
// them, quoted where needed.
using ListNames = std::function<std::vector<std::string>(NameKind kind, const std::string& table)>;

struct Completion {
  size_t replaced = 0;             // Bytes at the end of the text that the words stand for.
  std::vector<std::string> words;  // Sorted, each once.
};

// `text`: the statement up to the cursor.
Completion complete(std::string_view text, const ListNames& list_names);

}  // namespace rowan::shell
