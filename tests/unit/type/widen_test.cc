// Proves: the type that shows values of two types has, for every value of either, the very text that it
// has in its own type; and it is text only where no other type has.
#include "type/widen.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "type/text.h"

namespace rowan::type {

namespace {

struct Case {
  Type type;
  std::vector<std::string> values;
};

Case one(const char* name, std::vector<int32_t> modifiers, std::vector<std::string> values) {
  const auto type = type_from_name(name, modifiers.data(), modifiers.size());
  REQUIRE(type.has_value());
  return {*type, std::move(values)};
}

// Values at the ends of each type, and those whose texts other types spell otherwise.
const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      one("boolean", {}, {"t", "f"}),
      one("smallint", {}, {"-32768", "32767", "0"}),
      one("integer", {}, {"-2147483648", "2147483647", "1000000", "0"}),
      one("bigint", {}, {"-9223372036854775808", "9223372036854775807", "9007199254740993"}),
      one("real", {}, {"3.4028235e+38", "1e-45", "0.1", "1e+06", "16777216", "NaN", "-0", "Infinity", "-Infinity"}),
      one("double precision", {}, {"1.7976931348623157e+308", "5e-324", "0.1", "1e+15", "1000000", "NaN", "-0"}),
      one("numeric", {}, {"1.255", "1.2550", "NaN", "-Infinity", "1000000000000000000000000000000",
                          "0.000000000000000000001"}),
      one("numeric", {10, 3}, {"1.255", "-9999999.999", "0.000", "NaN"}),
      one("numeric", {12, 3}, {"999999999.999", "1.000"}),
      one("numeric", {10, 1}, {"1.3", "-0.1", "2.0", "999999999.9"}),
      one("numeric", {6, 0}, {"999999", "-999999", "100000", "NaN", "0"}),
      one("numeric", {15, 0}, {"999999999999999", "-100000000000000", "1000000"}),
      one("numeric", {16, 0}, {"9999999999999999", "1000000000000000"}),
      one("numeric", {5, -2}, {"123400", "-9999900"}),
      one("numeric", {20, 0}, {"99999999999999999999", "-1"}),
      one("text", {}, {"", " x ", "2024-01-01", "07", "1.0", "a\nb"}),
      one("varchar", {}, {"plain", ""}),
      one("varchar", {300}, {std::string(300, 'x'), "5", "t"}),
      one("varchar", {20}, {"twenty characters ok", ""}),
      one("char", {5}, {"ab", "", "abcde"}),
      one("char", {9}, {"ab", "nine char"}),
      one("bytea", {}, {"\\x00ff", "\\x", "\\x61"}),
      one("date", {}, {"2024-02-29", "infinity", "4713-01-01 BC", "5874897-12-31"}),
      one("time", {}, {"23:59:59.999999", "00:00:00", "24:00:00"}),
      one("time", {0}, {"23:59:59", "24:00:00"}),
      one("time", {3}, {"23:59:59.999", "00:00:00.5"}),
      one("timestamp", {}, {"2024-02-29 12:34:56.789123", "2024-01-01 00:00:00", "-infinity"}),
      one("timestamp", {0}, {"2024-02-29 12:34:56", "infinity"}),
      one("timestamp", {3}, {"2024-02-29 12:34:56.789", "0001-01-01 00:00:00 BC"}),
      one("timestamptz", {}, {"2024-02-29 12:34:56.789123+00", "infinity"}),
      one("timestamptz", {2}, {"2024-02-29 12:34:56.78+00", "infinity"}),
      one("uuid", {}, {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}),
      one("json", {}, {"{\"b\" : 1, \"a\":[1,2]}", "null", "1.0"}),
      one("jsonb", {}, {"{\"b\": 1, \"aa\": [1, 2.50]}", "null", "1.0"})};
  return all;
}

bool keeps(Type wide, const Case& narrow) {
  for (const std::string& text : narrow.values) {
    const auto value = parse_text(narrow.type, text);
    REQUIRE(value.has_value());
    const auto there = widen(*value, wide);
    if (!there || to_text(*there) != to_text(*value)) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("the values of two types read in one as they read in their own") {
  for (const Case& a : cases()) {
    for (const Case& b : cases()) {
      const Type wide = widened(a.type, b.type);
      INFO(type_name(a.type) << " and " << type_name(b.type) << " in " << type_name(wide));
      CHECK(keeps(wide, a));
      CHECK(keeps(wide, b));
      if (!is_text(a.type.id) || !is_text(b.type.id)) CHECK(widened(b.type, a.type) == wide);
      CHECK(holds(wide, a.type));
      // What is said to hold does.
      if (holds(a.type, b.type)) CHECK(keeps(a.type, b));
      // Text is the last resort.
      if (wide.id != TypeId::kText || is_text(a.type.id) || is_text(b.type.id)) continue;
      for (const Case& other : cases()) {
        INFO("not in " << type_name(other.type));
        if (!is_text(other.type.id)) CHECK_FALSE((keeps(other.type, a) && keeps(other.type, b)));
      }
    }
  }
}

TEST_CASE("a widened value is the same value, or it is an error") {
  const auto precise = parse_text({TypeId::kTimestamp}, "2024-01-01 00:00:00.25");
  REQUIRE(precise.has_value());
  CHECK(widen(*precise, {TypeId::kTimestamp, 2}).has_value());
  CHECK_FALSE(widen(*precise, {TypeId::kTimestamp, 1}).has_value());
  CHECK_FALSE(widen(Value::of_int({TypeId::kInt8}, 9007199254740993), {TypeId::kFloat8}).has_value());
}

}  // namespace rowan::type
