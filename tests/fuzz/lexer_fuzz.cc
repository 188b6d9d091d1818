// The helpers that only lex must hold for any bytes: ends lie inside the text, normalising twice
// changes no more than once.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sql/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowan::sql;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t end = statement_end(text);
  if (end != std::string_view::npos && end > size) std::abort();
  const std::string once = normalise_statement(text);
  if (normalise_statement(once) != once) std::abort();
  return 0;
}
