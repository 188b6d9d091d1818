// Whatever parses must survive: parsing again, printing of its expressions, and the helpers on raw text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sql/parser.h"
#include "sql/print.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowan::sql;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto script = parse_script(text);
  (void)script;
  const auto expression = parse_expression(text);
  if (expression) {
    const std::string printed = to_sql(*expression->expr);
    if (!printed.empty()) {
      const auto again = parse_expression(printed);
      if (again && to_sql(*again->expr) != printed) std::abort();
    }
  }
  return 0;
}
