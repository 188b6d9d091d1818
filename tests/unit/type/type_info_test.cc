// The table of types: every row is whole, and PostgreSQL's binary forms.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/bytes.h"
#include "type/interval.h"
#include "type/text.h"
#include "type/type_info.h"

namespace rowan::type {

TEST_CASE("every type has a whole row, found by its id, its oid and its names") {
  REQUIRE(all_types().size() == static_cast<size_t>(TypeId::kOid) + 1);
  for (const TypeInfo* row : all_types()) {
    CAPTURE(row->name);
    CHECK(&type_info(row->id) == row);
    CHECK(find_type(row->oid) == row);
    CHECK(find_type(row->name) == row);
    for (const std::string_view spelling : row->spellings) CHECK(find_type(spelling) == row);
    CHECK((row->read_text != nullptr));
    CHECK((row->write_text != nullptr));
    CHECK((row->read_binary != nullptr));
    CHECK((row->write_binary != nullptr));
    CHECK((row->read_json != nullptr));
    CHECK((row->write_json != nullptr));
    CHECK(((row->write_key == nullptr) == (row->key_length == nullptr)));
    CHECK((row->write_key == nullptr || row->order != Order::kNone));
    CHECK((row->with_modifiers != nullptr || row->shown_with == nullptr));
    CHECK(type_info(row->operators).order == row->order);
    for (const CastRow& cast : row->casts) {
      CHECK(cast.to != row->id);
      CHECK((cast.run != nullptr || type_info(cast.to).physical == row->physical));
    }
  }
  CHECK(find_type(uint32_t{1}) == nullptr);
  CHECK(find_type("int3") == nullptr);
}

namespace {

std::string binary_of(Type type, std::string_view text) {
  const auto value = parse_text(type, text);
  REQUIRE(value.has_value());
  std::string bytes;
  type_info(type.id).write_binary(type, value->datum(), bytes);
  return to_hex(bytes);
}

}  // namespace

// From PostgreSQL's own send functions: SELECT encode(numeric_send('12.50'), 'hex').
TEST_CASE("binary forms are PostgreSQL's, both ways") {
  struct Vector {
    const char* type;
    const char* text;
    const char* hex;
  };
  const std::vector<Vector> vectors = {
      {"bool", "t", "01"},
      {"bool", "f", "00"},
      {"int2", "-32768", "8000"},
      {"int2", "7", "0007"},
      {"int4", "-1", "ffffffff"},
      {"int4", "2147483647", "7fffffff"},
      {"int8", "-9223372036854775808", "8000000000000000"},
      {"int8", "10", "000000000000000a"},
      {"float4", "1.5", "3fc00000"},
      {"float4", "NaN", "7fc00000"},
      {"float4", "-Infinity", "ff800000"},
      {"float8", "-0", "8000000000000000"},
      {"float8", "0.1", "3fb999999999999a"},
      {"float8", "Infinity", "7ff0000000000000"},
      {"numeric", "0", "0000000000000000"},
      {"numeric", "0.00", "0000000000000002"},
      {"numeric", "12.50", "0002000000000002000c1388"},
      {"numeric", "-0.0012", "0001ffff40000004000c"},
      {"numeric", "10000", "00010001000000000001"},
      {"numeric", "100000000", "00010002000000000001"},
      {"numeric", "99999.9999", "00030001000000040009270f270f"},
      {"numeric", "1234567890.0123456789", "000600020000000a000c0d801ed2007b11d722c4"},
      {"numeric", "-1e-20", "0001fffb400000140001"},
      {"numeric", "1e20", "00010005000000000001"},
      {"numeric", "NaN", "00000000c0000000"},
      {"numeric", "Infinity", "00000000d0000020"},
      {"numeric", "-Infinity", "00000000f0000020"},
      {"numeric", "0.00010", "0001ffff000000050001"},
      {"text", "", ""},
      {"text", "äbc", "c3a46263"},
      {"varchar", "x y", "782079"},
      {"bytea", "\\x00ff", "00ff"},
      {"date", "2024-02-29", "00002279"},
      {"date", "0044-03-15 BC", "fff49d7b"},
      {"date", "infinity", "7fffffff"},
      {"date", "-infinity", "80000000"},
      {"time", "12:34:56.789", "0000000a8be62608"},
      {"time", "24:00", "000000141dd76000"},
      {"timestamp", "2024-02-29 12:34:56.789", "0002b58341728608"},
      {"timestamp", "infinity", "7fffffffffffffff"},
      {"timestamptz", "1999-12-31 23:59:59+00", "fffffffffff0bdc0"},
      {"timestamptz", "-infinity", "8000000000000000"},
      {"uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc999c0b4ef8bb6d6bb9bd380a11"},
      {"json", "{\"a\" : 1}", "7b226122203a20317d"},
      {"jsonb", "{\"a\": [1, 2.50]}", "017b2261223a205b312c20322e35305d7d"},
      {"interval", "1 year 2 mons -3 days 04:05:06.7", "000000036c966ee0fffffffd0000000e"},
      {"interval", "-00:00:00.5", "fffffffffff85ee00000000000000000"},
  };
  for (const Vector& vector : vectors) {
    CAPTURE(vector.type);
    CAPTURE(vector.text);
    const TypeInfo* row = find_type(vector.type);
    REQUIRE(row != nullptr);
    const Type type{row->id};
    CHECK(binary_of(type, vector.text) == std::string(vector.hex));
    std::string bytes;
    REQUIRE((*vector.hex == '\0' || from_hex(vector.hex, bytes)));
    const auto value = row->read_binary(type, bytes);
    REQUIRE(value.has_value());
    CHECK(to_text(*value) == to_text(*parse_text(type, vector.text)));
  }
}

TEST_CASE("what is no binary form is refused") {
  const auto code = [](std::string_view name, std::string_view hex) {
    const TypeInfo* row = find_type(name);
    std::string bytes;
    REQUIRE(from_hex(hex, bytes));
    const auto value = row->read_binary({row->id}, bytes);
    REQUIRE_FALSE(value.has_value());
    return value.error().code();
  };
  CHECK(code("int4", "0000") == ErrorCode::kProtocolViolation);
  CHECK(code("int4", "0000000000") == ErrorCode::kInvalidBinary);
  CHECK(code("bool", "") == ErrorCode::kProtocolViolation);
  CHECK(code("uuid", "00") == ErrorCode::kProtocolViolation);
  CHECK(code("numeric", "0001") == ErrorCode::kProtocolViolation);
  CHECK(code("numeric", "00010000100000000001") == ErrorCode::kInvalidBinary);  // Sign.
  CHECK(code("numeric", "00010000000000002710") == ErrorCode::kInvalidBinary);  // Digit.
  CHECK(code("numeric", "00010000000040000001") == ErrorCode::kInvalidBinary);  // Scale.
  CHECK(code("numeric", "0002000000000000") == ErrorCode::kProtocolViolation);
  CHECK(code("jsonb", "027b7d") == ErrorCode::kInvalidBinary);
  CHECK(code("jsonb", "") == ErrorCode::kProtocolViolation);
  CHECK(code("text", "ff") == ErrorCode::kUntranslatableCharacter);
  CHECK(code("time", "0000001fffffffff") == ErrorCode::kDatetimeOutOfRange);
  CHECK(code("date", "80000001") == ErrorCode::kDatetimeOutOfRange);
  CHECK(code("timestamp", "8000000000000001") == ErrorCode::kDatetimeOutOfRange);
  CHECK(code("interval", "00") == ErrorCode::kProtocolViolation);
}

// SELECT encode(array_send('{1,NULL,3}'::int4[]), 'hex')
TEST_CASE("arrays: rows made from their elements', binary forms, damage") {
  const TypeInfo& ints = type_info(array_of(TypeId::kInt4));
  CHECK(ints.oid == 1007);
  CHECK(find_type(uint32_t{1007}) == &ints);
  CHECK(type_name({array_of(TypeId::kNumeric), Type::numeric(6, 2).modifier}) == "numeric(6,2)[]");
  CHECK_FALSE(array_type({TypeId::kUnknown}).has_value());
  CHECK_FALSE(array_type({ints.id}).has_value());
  const Type type{ints.id};
  const char* const hex =
      "0000000100000001000000170000000300000001"
      "0000000400000001ffffffff0000000400000003";
  CHECK(binary_of(type, "{1,NULL,3}") == hex);
  CHECK(binary_of(type, "{}") == "000000000000000000000017");
  std::string bytes;
  REQUIRE(from_hex(hex, bytes));
  CHECK(to_text(*ints.read_binary(type, bytes)) == "{1,NULL,3}");
  for (size_t cut = 0; cut < bytes.size(); ++cut)
    CHECK_FALSE(ints.read_binary(type, std::string_view(bytes).substr(0, cut)).has_value());
  for (const char* element : {"[1,", "[", "[1,]", "[,1]", "[1 ,2]", "[{\"large\":1}]", "{}", "1", "\"{1}\"", "[1.5]",
                              "[[1]]", "[1,2]]", "[99999999999]"}) {
    CAPTURE(element);
    CHECK_FALSE(ints.read_json(type, element).has_value());
  }
  CHECK(to_text(*ints.read_json(type, "[1,null]")) == "{1,NULL}");
}

TEST_CASE("an interval's stored form: one text for each value, and no other is read quickly") {
  for (const Interval interval :
       {Interval{0, 0, 0}, Interval{INT64_MIN, INT32_MIN, INT32_MIN},
        Interval{INT64_MAX, INT32_MAX, INT32_MAX}, Interval{-500'000, 0, 0}, Interval{1, -2, 3},
        Interval{-3'600'000'000, 1, -14}, Interval{60'000'000, 0, 12}}) {
    std::string text;
    append_iso_interval(interval, text);
    CAPTURE(text);
    Interval again{1, 1, 1};
    REQUIRE(read_iso_interval(text, again));
    CHECK(again == interval);
    std::string shown;
    append_interval(interval, shown);
    CAPTURE(shown);
    const auto read = parse_interval(shown, -1);
    REQUIRE(read.has_value());
    CHECK(*read == interval);
  }
  Interval interval{};
  for (const char* text : {"", "P", "PT", "P0D", "P1Y0M", "P12M", "P13M", "PT60M", "PT0.50S", "P1D1M", "P1YT0S",
                           "PT1.S", "P1.5D", "PT3600S", "p1y", "P01Y", "P-0D", "PT-0S", "P1Y ", "PT1M1H",
                           "P99999999999Y", "PT9999999999H", "P+1Y", "1Y", "PT00.5S", "PT.5S"}) {
    CAPTURE(text);
    CHECK_FALSE(read_iso_interval(text, interval));
  }
}

}  // namespace rowan::type
