// Arbitrary text as a stored table.sql: what is accepted has one canonical text, and that text
// reads back as itself.
#include <string>

#include "catalog/table.h"
#include "fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowan;
  using fuzz::require;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto table = catalog::table_from_sql(text, "public", "t");
  if (!table) {
    return 0;
  }
  const std::string canonical = catalog::table_sql(*table);
  const auto again = catalog::table_from_sql(canonical, "public", "t");
  require(again.has_value(), again ? "" : again.error().message().c_str(), canonical);
  require(catalog::table_sql(*again) == canonical, "canonical text stays as it is", canonical);
  require(again->definition_id == table->definition_id, "one text, one id", canonical);
  require(again->layout.slots.size() == table->layout.slots.size(), "one text, one layout",
          canonical);
  return 0;
}
