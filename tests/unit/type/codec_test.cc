// Proves: the key names and lines of docs/format.md byte for byte, canonical trimming, refusal of
// malformed lines, and that COPY's quick text path writes what the slow one writes.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "type/key_codec.h"
#include "type/line_writer.h"
#include "type/row_codec.h"
#include "type/text.h"
#include "type/text_fast.h"

namespace rowan::type {

namespace {

class NoLarge final : public LargeReader {
 public:
  Result<std::string> read_large(const LargeRef& ref) const override {
    return std::string(ref.bytes, 'L');
  }
};

Value value_of(Type type, std::string_view text) {
  auto value = parse_text(type, text);
  REQUIRE(value.has_value());
  return *value;
}

std::string key_of(Type type, std::string_view text, bool descending = false) {
  std::string key;
  REQUIRE(append_key(value_of(type, text), key, descending).has_value());
  return key;
}

std::string json_of(Type type, std::string_view text) {
  std::string slow;
  append_json(value_of(type, text), slow);
  std::string fast;
  REQUIRE(append_json_from_text(type, text, fast).has_value());
  CHECK(fast == slow);
  return slow;
}

RowLayout layout_of(const std::vector<TypeId>& types, bool keyed) {
  RowLayout layout;
  for (const TypeId id : types) {
    Slot slot;
    slot.type = {id, -1};
    slot.absent = Value::null(slot.type);
    layout.slots.push_back(std::move(slot));
  }
  if (keyed) {
    layout.key_slots = {0};
  }
  layout.counted = !keyed;
  return layout;
}

std::string line_of(const RowLayout& layout, const std::vector<Value>& values, uint64_t count = 1) {
  std::vector<Cell> cells(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    cells[i].value = &values[i];
  }
  std::string line;
  encode_line(layout, cells, count, line);
  return line;
}

}  // namespace

TEST_CASE("key names are those of the format") {
  CHECK(key_of({TypeId::kInt4}, "0") == "a0");
  CHECK(key_of({TypeId::kInt4}, "7167") == "d7167");
  CHECK(key_of({TypeId::kInt4}, "-7167") == "1v2832");
  CHECK(key_of({TypeId::kInt8}, "-9223372036854775808") == "1g0776627963145224191");
  CHECK(key_of({TypeId::kBool}, "t") == "b1");
  CHECK(key_of({TypeId::kText}, "Ada 7") == "t_41da-207+");
  CHECK(key_of({TypeId::kText}, "") == "t+");
  CHECK(key_of({TypeId::kText}, "é") == "t~c3~a9+");
  CHECK(key_of({TypeId::kChar, 4}, "ab ") == "tab+");
  CHECK(key_of({TypeId::kBytea}, "\\x00ff") == "x00ff+");
  CHECK(key_of({TypeId::kDate}, "2000-01-11") == "db10");
  CHECK(key_of({TypeId::kDate}, "1999-12-31") == "d1y8");
  CHECK(key_of({TypeId::kTime}, "00:00:01") == "hg1000000");
  CHECK(key_of({TypeId::kTimestamptz}, "2000-01-01 00:00:01+00") == "wg1000000");
  CHECK(key_of({TypeId::kUuid}, "A0EEBC999C0B4EF8BB6D6BB9BD380A11") ==
        "ua0eebc999c0b4ef8bb6d6bb9bd380a11");
  CHECK(key_of({TypeId::kFloat8}, "1") == "fbff0000000000000");
  CHECK(key_of({TypeId::kFloat8}, "-0") == "f8000000000000000");
  CHECK(key_of({TypeId::kFloat8}, "NaN") == "ffff8000000000000");
  CHECK(key_of({TypeId::kNumeric}, "12.50") == "n6a2125+");
  CHECK(key_of({TypeId::kNumeric}, "0.00") == "n5");
  CHECK(key_of({TypeId::kNumeric}, "-12.5") == "n41y7874~");
  CHECK(key_of({TypeId::kNumeric}, "0.0012") == "n61y712+");
  CHECK(key_of({TypeId::kInt4}, "12", true) == "=nm");
  std::string key;
  CHECK(append_key(Value::null({TypeId::kText}), key).has_value());
  CHECK(key == "z");
  CHECK(append_key(value_of({TypeId::kJson}, "1"), key).error().code() ==
        ErrorCode::kFeatureNotSupported);
}

TEST_CASE("names come back from their encoding") {
  CHECK(encode_name("Order Items") == "_4frder-20_49tems");
  CHECK(*decode_name("_4frder-20_49tems") == "Order Items");
  CHECK_FALSE(decode_name("Order").has_value());
  CHECK_FALSE(decode_name("_61").has_value());
  CHECK_FALSE(decode_name("_4F").has_value());
  CHECK_FALSE(decode_name("~4").has_value());
}

TEST_CASE("cells are canonical JSON, by either way in") {
  CHECK(json_of({TypeId::kInt4}, " 042 ") == "42");
  CHECK(json_of({TypeId::kInt8}, "-9223372036854775808") == "-9223372036854775808");
  CHECK(json_of({TypeId::kFloat8}, "10.50") == "10.5");
  CHECK(json_of({TypeId::kFloat8}, "10.5") == "10.5");
  CHECK(json_of({TypeId::kFloat8}, "0.00001") == "1e-05");
  CHECK(json_of({TypeId::kFloat8}, "-0") == "-0");
  CHECK(json_of({TypeId::kFloat8}, "1e20") == "1e+20");
  CHECK(json_of({TypeId::kFloat8}, "inf") == "\"Infinity\"");
  CHECK(json_of({TypeId::kFloat4}, "0.1") == "0.1");
  CHECK(json_of(Type::numeric(5, 2), "5") == "5.00");
  CHECK(json_of(Type::numeric(5, 2), "5.00") == "5.00");
  CHECK(json_of({TypeId::kNumeric}, "-0.0") == "0.0");
  CHECK(json_of({TypeId::kNumeric}, "NaN") == "\"NaN\"");
  CHECK(json_of({TypeId::kDate}, "2024-02-29") == "\"2024-02-29\"");
  CHECK(json_of({TypeId::kBool}, "yes") == "true");
  CHECK(json_of({TypeId::kText}, "a\"b\\c\n\x01\x7f é") == "\"a\\\"b\\\\c\\n\\u0001\x7f é\"");
  CHECK(json_of({TypeId::kBytea}, "\\x00ff") == "\"\\\\x00ff\"");
  CHECK(json_of({TypeId::kJson}, "{\"a\": 1}") == "\"{\\\"a\\\": 1}\"");
  CHECK(json_of({TypeId::kJsonb}, "{\"b\": 1, \"a\": \"x, y: z\"}") ==
        "[{\"a\":\"x, y: z\",\"b\":1}]");
  CHECK(json_of({TypeId::kVarchar, 3}, "äöü") == "\"äöü\"");
  std::string out;
  CHECK_FALSE(append_json_from_text({TypeId::kInt2}, "40000", out).has_value());
  CHECK_FALSE(append_json_from_text(Type::numeric(4, 2), "123.45", out).has_value());
  CHECK(out.empty());
}

TEST_CASE("a line ends at its last value that is not absent") {
  RowLayout layout = layout_of({TypeId::kInt4, TypeId::kText, TypeId::kInt4}, true);
  layout.slots[2].absent = Value::of_int({TypeId::kInt4}, 7);
  const auto id = value_of({TypeId::kInt4}, "42");
  const auto null = Value::null({TypeId::kText});
  CHECK(line_of(layout, {id, null, Value::of_int({TypeId::kInt4}, 7)}) == "[42]");
  CHECK(line_of(layout, {id, null, Value::null({TypeId::kInt4})}) == "[42,null,null]");
  const auto values = decode_line(layout, "[42]", NoLarge());
  REQUIRE(values.has_value());
  CHECK((*values)[2].as_int() == 7);
  CHECK(check_line(layout, "[42]").has_value());
  for (const char* bad :
       {"[42,null]", "[42,null,7]", "[ 42]", "[042]", "[42,\"\\u0041\"]", "[42,1]", "[9999999999]",
        "[42,null,8,9]", "[42", "42", "[42,]", "[42,\"\xff\"]"}) {
    CAPTURE(bad);
    CHECK_FALSE(check_line(layout, bad).has_value());
  }
}

TEST_CASE("keys come straight from lines") {
  RowLayout layout = layout_of({TypeId::kInt4, TypeId::kText, TypeId::kDate}, true);
  const auto key_from = [&](std::string_view line) {
    std::string key;
    const auto result = append_line_key(layout, line, key);
    return result.has_value() ? key : "error";
  };
  CHECK(key_from("[7167,\"x\"]") == "d7167");
  CHECK(key_from("[-7167]") == "1v2832");
  CHECK(key_from("[x]") == "error");
  CHECK(key_from("[]") == "z");
  layout.key_slots = {1, 0, 2};
  CHECK(key_from("[5,\"a\\\"b\",\"2000-01-02\"]") == "ta-22b+a5da1");
  layout = layout_of({TypeId::kInt4, TypeId::kText}, false);
  CHECK(line_of(layout, {value_of({TypeId::kInt4}, "1"), value_of({TypeId::kText}, "a")}, 3) ==
        "[3,1,\"a\"]");
  CHECK(key_from("[3,1,\"a\"]") == key_from("[8,1,\"a\"]"));
  CHECK(key_from("[3,1,\"a\"]").size() == 32);
  CHECK(key_from("[3]") == key_from("[1]"));
  // A row on its way into a transaction has the count 0; a stored one never.
  CHECK(key_from("[0,1]") == key_from("[5,1]"));
  CHECK_FALSE(check_line(layout, "[0,1]").has_value());
  CHECK(check_line(layout, "[1,1]").has_value());
  CHECK(key_from("[-1,1]") == "error");
}

TEST_CASE("a line cannot claim more equal rows than memory holds") {
  const NoLarge large;
  const RowLayout counted = layout_of({TypeId::kInt4, TypeId::kText}, false);
  const auto add = [&](LineDecoder& decoder, uint64_t count) {
    const std::string line = "[" + std::to_string(count) + ",7,\"a\"]\n";
    const auto added = decoder.add(line, std::make_shared<std::string>(line));
    return added.has_value() ? std::string() : added.error().message();
  };
  {
    LineDecoder decoder(counted, {0}, large);
    CHECK(add(decoder, 1'000'000) == "");
    CHECK(decoder.finish().rows == 1'000'000);
    CHECK(add(decoder, 100'000'000) == "too many equal rows to be read at once");
  }
  LineDecoder counts(counted, {}, large);
  CHECK(add(counts, 200'000'000) == "");
  CHECK(add(counts, 200'000'000) == "too many equal rows to be read at once");  // Together.
  CHECK(add(counts, INT64_MAX) == "too many equal rows to be read at once");
}

TEST_CASE("the decoder refuses damage and repeats counted rows") {
  const NoLarge large;
  const RowLayout layout = layout_of({TypeId::kInt4, TypeId::kText, TypeId::kFloat8}, true);
  for (const std::string bad :
       {"[1,\"a\",2.5]", "[1,\"a\n", "[1,\"a\",2.5]x\n", "[1,,2]\n", "[1 ,\"a\"]\n", "{}\n", "\n",
        "[1,\"a\",2.5,4]\n", "[1,\"a\\q\"]\n", "[99999999999]\n", "[1,]\n", "[1,\"a\",2.]\n",
        "[1,\"a\",\"x\"]\n", "[1,[]]\n", "[\n", "[1\n", "[1,\"\\\n"}) {
    CAPTURE(bad);
    // A copy of exact size lets the address sanitizer see a read past the end.
    const std::vector<char> exact(bad.begin(), bad.end());
    LineDecoder decoder(layout, {0, 1, 2}, large);
    const auto added = decoder.add({exact.data(), exact.size()}, nullptr);
    REQUIRE_FALSE(added.has_value());
    CHECK(added.error().code() == ErrorCode::kCorruption);
  }
  const RowLayout counted = layout_of({TypeId::kInt4, TypeId::kText}, false);
  LineDecoder decoder(counted, {1, 0, 1}, large);
  REQUIRE(decoder.add("[2,1,\"a\"]\n[1,5]\n[3]\n", nullptr).has_value());
  const Batch batch = decoder.finish();
  CHECK(batch.rows == 6);
  CHECK(batch.columns[0].strings()[1] == "a");
  CHECK(batch.columns[1].ints()[2] == 5);
  CHECK(batch.columns[2].is_null(2));
  CHECK(batch.columns[1].is_null(5));
}

TEST_CASE("large references are fetched, and only their one spelling is one") {
  const RowLayout layout = layout_of({TypeId::kInt4, TypeId::kText}, true);
  const std::string line =
      "[1,{\"large\":\"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\",\"bytes\":5}]";
  const NoLarge large;
  const auto values = decode_line(layout, line, large);
  REQUIRE(values.has_value());
  CHECK((*values)[1].as_string() == "LLLLL");
  CHECK(check_line(layout, line).has_value());
  LineDecoder decoder(layout, {1}, large);
  REQUIRE(decoder.add(line + "\n", nullptr).has_value());
  CHECK(decoder.finish().columns[0].strings()[0] == "LLLLL");
  CHECK_FALSE(large_ref("{\"large\":\"E69de29bb2d1d6434b8b29ae775ad8c2e48c5391\",\"bytes\":5}")
                  .has_value());
  CHECK_FALSE(large_ref("{}").has_value());
  CHECK_FALSE(decode_line(layout, "[1,{}]", large).has_value());
}

}  // namespace rowan::type
