// Proves: whatever made a value, no line takes a text that a reader would refuse (NUL, bytes that
// are no UTF-8): the row is refused with 22021, and the line stays without it.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "type/line_writer.h"

namespace rowan::type {

namespace {

class NoLarge final : public LargeStore {
 public:
  Result<std::string> read_large(const LargeRef&) const override { return std::string(); }
  Oid write_large(uint16_t, Bytes) override { return Oid(); }
};

Result<void> write_one(TypeId id, std::string text, std::string& line) {
  RowLayout layout;
  layout.slots.resize(2);
  layout.slots[0].type = {TypeId::kInt4};
  layout.slots[0].absent = Value::null({TypeId::kInt4});
  layout.slots[1].type = {id};
  layout.slots[1].absent = Value::null({id});
  layout.key_slots = {0};
  const Value number = Value::of_int({TypeId::kInt4}, 1);
  const Value value = Value::of_string({id}, std::move(text));
  std::vector<Cell> cells(2);
  cells[0].value = &number;
  cells[1].value = &value;
  NoLarge large;
  return LineWriter(layout).write(cells, 0, large, line);
}

const std::string_view kNoText[] = {
    std::string_view("a\0b", 3),
    std::string_view("\0", 1),
    "\xff",
    "a\xc3",          // Cut short.
    "\xc0\x80",       // NUL in two bytes.
    "\xed\xa0\x80",   // Half of a surrogate pair.
    "\xf4\x90\x80\x80",
};

}  // namespace

TEST_CASE("line writer: bytes that are no text enter no line") {
  for (const TypeId id : {TypeId::kText, TypeId::kVarchar, TypeId::kChar}) {
    for (const std::string_view text : kNoText) {
      std::string line = "kept";
      const Result<void> written = write_one(id, std::string(text), line);
      REQUIRE_FALSE(written.has_value());
      CHECK(written.error().code() == ErrorCode::kUntranslatableCharacter);
      CHECK(line.find(text) == std::string::npos);
    }
  }
  for (const TypeId id : {TypeId::kJson, TypeId::kJsonb}) {
    std::string line;
    const Result<void> written = write_one(id, "\"a\xff\"", line);
    REQUIRE_FALSE(written.has_value());
    CHECK(written.error().code() == ErrorCode::kUntranslatableCharacter);
  }
}

TEST_CASE("line writer: every other text does, and so do bytes of bytea") {
  std::string line;
  REQUIRE(write_one(TypeId::kText, "\x01 \xc3\xa4 \xf0\x9f\x98\x80", line).has_value());
  REQUIRE(write_one(TypeId::kBytea, std::string("\0\xff", 2), line).has_value());
}

}  // namespace rowan::type
