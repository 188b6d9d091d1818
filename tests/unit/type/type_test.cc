// Proves: type names, PostgreSQL's input and output text of every type with its errors, casts, and
// numeric arithmetic with PostgreSQL's scales. The expected texts are PostgreSQL 15's.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "type/cast.h"
#include "type/column.h"
#include "type/numeric.h"
#include "type/text.h"

namespace rowan::type {

namespace {

// The output text of input text, or the SQLSTATE and message of its error.
std::string through(Type type, std::string_view text) {
  const auto value = parse_text(type, text);
  return value.has_value()
             ? to_text(*value)
             : std::string(sqlstate(value.error().code())) + " " + value.error().message();
}

std::string shown(const Result<std::string>& result) {
  return result.has_value()
             ? *result
             : std::string(sqlstate(result.error().code())) + " " + result.error().message();
}

std::string cast_text(TypeId from, std::string_view text, Type to,
                      CastContext context = CastContext::kExplicit) {
  const auto value = parse_text({from, -1}, text);
  REQUIRE(value.has_value());
  const auto result = cast(*value, to, context);
  return result.has_value()
             ? to_text(*result)
             : std::string(sqlstate(result.error().code())) + " " + result.error().message();
}

struct Line {
  Type type;
  std::string_view in;
  std::string_view out;
};

void check_all(const std::vector<Line>& lines) {
  for (const Line& line : lines) {
    CAPTURE(type_name(line.type));
    CAPTURE(line.in);
    CHECK(through(line.type, line.in) == line.out);
  }
}

constexpr Type kInt2{TypeId::kInt2};
constexpr Type kInt4{TypeId::kInt4};
constexpr Type kInt8{TypeId::kInt8};
constexpr Type kFloat4{TypeId::kFloat4};
constexpr Type kFloat8{TypeId::kFloat8};
constexpr Type kNumeric{TypeId::kNumeric};
constexpr Type kBool{TypeId::kBool};
constexpr Type kDate{TypeId::kDate};
constexpr Type kTime{TypeId::kTime};
constexpr Type kTimestamp{TypeId::kTimestamp};
constexpr Type kTimestamptz{TypeId::kTimestamptz};
constexpr Type kBytea{TypeId::kBytea};
constexpr Type kUuid{TypeId::kUuid};
constexpr Type kJson{TypeId::kJson};
constexpr Type kJsonb{TypeId::kJsonb};

}  // namespace

TEST_CASE("types are known by PostgreSQL's names") {
  const int32_t ten_two[] = {10, 2};
  CHECK(type_name(*type_from_name("decimal", ten_two, 2)) == "numeric(10,2)");
  CHECK(type_name(*type_from_name("varchar", ten_two, 1)) == "character varying(10)");
  CHECK(type_name(*type_from_name("char", nullptr, 0)) == "character(1)");
  CHECK(type_name(*type_from_name("timestamp with time zone", nullptr, 0)) ==
        "timestamp with time zone");
  CHECK(type_name(*type_from_name("float", ten_two, 1)) == "real");
  CHECK(type_from_name("int3", nullptr, 0).error().code() == ErrorCode::kUndefinedObject);
  const int32_t zero[] = {0};
  CHECK(type_from_name("varchar", zero, 1).error().code() == ErrorCode::kInvalidParameterValue);
  CHECK(type_from_name("int", zero, 1).error().code() == ErrorCode::kSyntaxError);
}

TEST_CASE("integers and booleans") {
  check_all({
      {kInt4, " 42 ", "42"},
      {kInt4, "-2147483648", "-2147483648"},
      {kInt4, "2147483648", "22003 value \"2147483648\" is out of range for type integer"},
      {kInt2, "-32769", "22003 value \"-32769\" is out of range for type smallint"},
      {kInt8, "-9223372036854775808", "-9223372036854775808"},
      {kInt8, "9223372036854775808",
       "22003 value \"9223372036854775808\" is out of range for type bigint"},
      {kInt4, "1x", "22P02 invalid input syntax for type integer: \"1x\""},
      {kInt4, "", "22P02 invalid input syntax for type integer: \"\""},
      {kBool, " YES ", "t"},
      {kBool, "of", "f"},
      {kBool, "o", "22P02 invalid input syntax for type boolean: \"o\""},
  });
}

TEST_CASE("floats print the shortest digits PostgreSQL prints") {
  check_all({
      {kFloat8, "0.1", "0.1"},
      {kFloat8, "1e15", "1e+15"},
      {kFloat8, "123456789012345", "123456789012345"},
      {kFloat8, "0.0001", "0.0001"},
      {kFloat8, "0.00001", "1e-05"},
      {kFloat8, "1e23", "9.999999999999999e+22"},
      {kFloat8, "-0", "-0"},
      {kFloat8, "5e-324", "5e-324"},
      {kFloat8, "inf", "Infinity"},
      {kFloat8, "nan", "NaN"},
      {kFloat8, "1e400", "22003 \"1e400\" is out of range for type double precision"},
      {kFloat8, "1e-400", "22003 \"1e-400\" is out of range for type double precision"},
      {kFloat8, "1.5.2", "22P02 invalid input syntax for type double precision: \"1.5.2\""},
      {kFloat4, "1000000", "1e+06"},
      {kFloat4, "3.14159274", "3.1415927"},
      {kFloat4, "1e39", "22003 \"1e39\" is out of range for type real"},
  });
}

TEST_CASE("numeric text keeps its scale") {
  check_all({
      {kNumeric, " 007.50 ", "7.50"},
      {kNumeric, "-0.00", "0.00"},
      {kNumeric, ".5", "0.5"},
      {kNumeric, "5.", "5"},
      {kNumeric, "1.5e3", "1500"},
      {kNumeric, "1.50e1", "15.0"},
      {kNumeric, "15e-3", "0.015"},
      {kNumeric, "-inf", "-Infinity"},
      {kNumeric, "1e131072", "22003 value overflows numeric format"},
      {kNumeric, "12a", "22P02 invalid input syntax for type numeric: \"12a\""},
      {Type::numeric(5, 2), "123.455", "123.46"},
      {Type::numeric(5, 2), "-123.455", "-123.46"},
      {Type::numeric(5, 2), "999.995", "22003 numeric field overflow"},
      {Type::numeric(2, -3), "12345", "12000"},
      {Type::numeric(3, 5), "0.00123", "0.00123"},
      {Type::numeric(3, 5), "0.01", "22003 numeric field overflow"},
  });
}

TEST_CASE("characters, bytes, uuid") {
  check_all({
      {{TypeId::kVarchar, 3}, "abc  ", "abc"},
      {{TypeId::kVarchar, 3}, "abcd", "22001 value too long for type character varying(3)"},
      {{TypeId::kVarchar, 3}, "äöü", "äöü"},
      {{TypeId::kChar, 4}, "ab", "ab  "},
      {{TypeId::kChar, 2}, "abc", "22001 value too long for type character(2)"},
      {{TypeId::kText}, "\xff", "22021 invalid byte sequence for encoding \"UTF8\": 0xff"},
      {{TypeId::kText},
       "a\xe2\x28\xa1",
       "22021 invalid byte sequence for encoding \"UTF8\": 0xe2 0x28 0xa1"},
      {{TypeId::kText},
       std::string_view("a\0b", 3),
       "22021 invalid byte sequence for encoding \"UTF8\": 0x00"},
      {kBytea, "\\xDE ad", "\\xdead"},
      {kBytea, "a\\\\\\001", "\\x615c01"},
      {kBytea, "\\xabc", "22023 invalid hexadecimal data: odd number of digits"},
      {kBytea, "\\9", "22P02 invalid input syntax for type bytea"},
      {kUuid, "{A0EEBC99-9c0b4ef8-bb6d6bb9-bd380a11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
      {kUuid, "a0ee", "22P02 invalid input syntax for type uuid: \"a0ee\""},
  });
}

TEST_CASE("dates and times") {
  check_all({
      {kDate, "2024-02-29", "2024-02-29"},
      {kDate, "20240229", "2024-02-29"},
      {kDate, "Feb 29 2024", "2024-02-29"},
      {kDate, "29-Feb-2024", "2024-02-29"},
      {kDate, "2023-02-29", "22008 date/time field value out of range: \"2023-02-29\""},
      {kDate, "2024-13-01", "22008 date/time field value out of range: \"2024-13-01\""},
      {kDate, "0044-03-15 BC", "0044-03-15 BC"},
      {kDate, "4714-11-24 BC", "4714-11-24 BC"},
      {kDate, "4714-11-23 BC", "22008 date out of range: \"4714-11-23 BC\""},
      {kDate, "5874897-12-31", "5874897-12-31"},
      {kDate, "5874898-01-01", "22008 date out of range: \"5874898-01-01\""},
      {kDate, "infinity", "infinity"},
      {kDate, "epoch", "1970-01-01"},
      {kDate, "x", "22007 invalid input syntax for type date: \"x\""},
      {kTime, "4:05 PM", "16:05:00"},
      {kTime, "23:59:59.123456", "23:59:59.123456"},
      {kTime, "24:00:00", "24:00:00"},
      {kTime, "25:00", "22008 date/time field value out of range: \"25:00\""},
      {kTimestamp, "2024-02-29T12:34:56.7890", "2024-02-29 12:34:56.789"},
      {kTimestamp, "1999-12-31 23:59:59.999999", "1999-12-31 23:59:59.999999"},
      {kTimestamp, "294276-12-31 23:59:59.999999", "294276-12-31 23:59:59.999999"},
      {kTimestamp, "294277-01-01", "22008 timestamp out of range: \"294277-01-01\""},
      {kTimestamptz, "2024-02-29 12:00:00+02", "2024-02-29 10:00:00+00"},
      {kTimestamptz, "2024-02-29 12:00:00 -05:30", "2024-02-29 17:30:00+00"},
      {kTimestamptz, "2024-02-29 12:00:00Z", "2024-02-29 12:00:00+00"},
      {kTimestamptz, "0044-03-15 12:00:00+00 BC", "0044-03-15 12:00:00+00 BC"},
      {kTimestamptz, "y", "22007 invalid input syntax for type timestamp with time zone: \"y\""},
  });
}

TEST_CASE("json keeps its text, jsonb has one") {
  check_all({
      {kJson, " {\"b\":1, \"a\":[]} ", " {\"b\":1, \"a\":[]} "},
      {kJson, "{\"a\":1,}", "22P02 invalid input syntax for type json"},
      {kJson, "[1 2]", "22P02 invalid input syntax for type json"},
      {kJsonb, "{\"bb\":1,\"a\":2,\"bb\":3}", "{\"a\": 2, \"bb\": 3}"},
      {kJsonb, "[1.50,1e2,-0,\"\\u00e4\\n\",true,null,{}]",
       "[1.50, 100, 0, \"ä\\n\", true, null, {}]"},
      {kJsonb, "\"\\u0000\"", "22P05 unsupported Unicode escape sequence"},
      {kJsonb, "\"\\ud83d\\ude00\"", "\"😀\""},
  });
  CHECK(through(kJson, std::string(100'000, '[')).starts_with("22P02"));
}

TEST_CASE("numeric arithmetic has PostgreSQL's scales") {
  CHECK(shown(numeric_divide("1", "3")) == "0.33333333333333333333");
  CHECK(shown(numeric_divide("10000", "3")) == "3333.3333333333333333");
  CHECK(shown(numeric_divide("2", "3")) == "0.66666666666666666667");
  CHECK(shown(numeric_divide("-1", "8")) == "-0.12500000000000000000");
  CHECK(shown(numeric_divide("1", "0")) == "22012 division by zero");
  CHECK(shown(numeric_divide("Infinity", "0")) == "22012 division by zero");
  CHECK(shown(numeric_multiply("2.00", "3.1")) == "6.200");
  CHECK(shown(numeric_add("0.1", "0.20")) == "0.30");
  CHECK(shown(numeric_add("99999999999999999999", "0.01")) == "99999999999999999999.01");
  CHECK(shown(numeric_subtract("Infinity", "Infinity")) == "NaN");
  CHECK(shown(numeric_modulo("-7.5", "2")) == "-1.5");
  CHECK(shown(numeric_round("2.5", 0)) == "3");
  CHECK(shown(numeric_round("-2.5", 0)) == "-3");
  CHECK(shown(numeric_round("1250", -2)) == "1300");
  CHECK(shown(numeric_truncate("-2.59", 1)) == "-2.5");
  CHECK(numeric_floor("-2.5") == "-3");
  CHECK(numeric_ceil("2.1") == "3");
  CHECK(numeric_ceil("-0.5") == "0");
  CHECK(numeric_compare("1.0", "1.00") == 0);
  CHECK(numeric_compare("-1.1", "-1.01") < 0);
  CHECK(numeric_compare("NaN", "Infinity") > 0);
  CHECK(numeric_from_double(0.1 + 0.2) == "0.3");
  CHECK(*numeric_to_int("-2.5") == -3);
  CHECK(numeric_to_int("9223372036854775808").error().code() == ErrorCode::kNumericOutOfRange);
}

TEST_CASE("a numeric sum is exact at any length") {
  NumericSum sum;
  NumericSum part;
  for (int i = 0; i < 1000; ++i) {
    sum.add("999999999999999.999");
    part.add(std::string_view("-0.0001"));
  }
  part.add(INT64_MIN);
  part.add("123456789012345678901234567890.5");
  sum.merge(part);
  CHECK(sum.count() == 2002);
  CHECK(sum.sum() ==
        *numeric_add(*numeric_add("999999999999999999", "123456789012345678901234567890.5"),
                     *numeric_subtract("-0.1000", "9223372036854775808")));
  NumericSum small;
  small.add(1);
  small.add(2);
  small.add(2);
  CHECK(*small.average() == "1.6666666666666667");
}

TEST_CASE("casts follow pg_cast") {
  CHECK(can_cast(TypeId::kInt2, TypeId::kInt8, CastContext::kImplicit));
  CHECK_FALSE(can_cast(TypeId::kInt8, TypeId::kInt4, CastContext::kImplicit));
  CHECK(can_cast(TypeId::kInt8, TypeId::kInt4, CastContext::kAssignment));
  CHECK(can_cast(TypeId::kNumeric, TypeId::kFloat8, CastContext::kImplicit));
  CHECK_FALSE(can_cast(TypeId::kText, TypeId::kInt4, CastContext::kAssignment));
  CHECK_FALSE(can_cast(TypeId::kDate, TypeId::kInt4, CastContext::kExplicit));
  CHECK_FALSE(can_cast(TypeId::kBool, TypeId::kInt8, CastContext::kExplicit));
  CHECK(cast_text(TypeId::kInt8, "70000", kInt2) == "22003 smallint out of range");
  CHECK(cast_text(TypeId::kFloat8, "2.5", kInt4) == "2");
  CHECK(cast_text(TypeId::kNumeric, "2.5", kInt4) == "3");
  CHECK(cast_text(TypeId::kNumeric, "NaN", kInt4) == "0A000 cannot convert NaN to integer");
  CHECK(cast_text(TypeId::kFloat8, "1e300", kFloat4) == "22003 value out of range: overflow");
  CHECK(cast_text(TypeId::kFloat4, "0.1", kNumeric) == "0.1");
  CHECK(cast_text(TypeId::kBool, "t", {TypeId::kText}) == "true");
  CHECK(cast_text(TypeId::kText, "abcdef", {TypeId::kVarchar, 3}) == "abc");
  CHECK(cast_text(TypeId::kText, "abcdef", {TypeId::kVarchar, 3}, CastContext::kAssignment) ==
        "22001 value too long for type character varying(3)");
  CHECK(cast_text(TypeId::kTimestamp, "1999-12-31 23:00:00", kDate) == "1999-12-31");
  CHECK(cast_text(TypeId::kTimestamp, "1999-12-31 23:00:00", kTime) == "23:00:00");
  CHECK(cast_text(TypeId::kDate, "infinity", kTimestamptz) == "infinity");
  CHECK(cast_text(TypeId::kJsonb, "[1]", kInt4) == "22023 cannot cast jsonb array to type integer");
  CHECK(cast_text(TypeId::kJsonb, "12.5", kInt8) == "13");
  CHECK(cast_text(TypeId::kDate, "2024-01-01", kInt4) == "42846 cannot cast type date to integer");
}

TEST_CASE("columns share, copy and flatten") {
  ColumnBuilder builder({TypeId::kText});
  builder.append_string("a");
  builder.append_null();
  builder.append_string(std::string(40'000, 'b'));
  const Column column = builder.finish();
  CHECK(builder.size() == 0);
  CHECK(column.size == 3);
  CHECK(column.is_null(1));
  const uint32_t rows[] = {2, 0};
  const Column picked = column.slice(0, 3).gather(rows, 2);
  CHECK(picked.strings()[0].size() == 40'000);
  CHECK(picked.strings()[1] == "a");
  const Column constant = Column::of_constant(Value::of_int(kInt4, 7), 3);
  CHECK(constant.flatten().ints()[2] == 7);
  const auto widened = cast(constant, kFloat8, CastContext::kImplicit);
  REQUIRE(widened.has_value());
  CHECK(widened->value(2).as_double() == 7.0);
}

}  // namespace rowan::type
