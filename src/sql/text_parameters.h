// Parameters that stand where a statement has a name or a text and no expression: MERGE $1,
// RESTORE ALL TO $1 MESSAGE $2, SHOW DIFF $1. They cannot be evaluated in place; who runs the
// statement puts their values there as quoted texts and parses it again.
//
// Threads: any. Errors:  parse_statement's.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rowan::sql {

struct TextParameter {
  uint32_t number = 0;  // Of $n.
  uint32_t begin = 0;   // Bytes of the statement's text that it covers.
  uint32_t end = 0;
  uint32_t position = 0;  // 1-based, in characters.
};
// In the order of the text.
Result<std::vector<TextParameter>> find_text_parameters(std::string_view statement);

}  // namespace rowan::sql
