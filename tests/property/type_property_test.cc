// Proves for random and edge values of every type: key order is value order, keys are prefix-free
// and path- and case-safe, text forms and lines round-trip, and LineDecoder reads what decode_line
// reads. Prints its seed.
#include <doctest/doctest.h>

#include <bit>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/limits.h"
#include "type/array.h"
#include "type/datetime.h"
#include "type/key_codec.h"
#include "type/line_writer.h"
#include "type/number_text.h"
#include "type/row_codec.h"
#include "type/text.h"
#include "type/text_fast.h"

namespace rowan::type {

namespace {

uint64_t seed() {
  static const uint64_t value = [] {
    const char* given = std::getenv("ROWAN_TEST_SEED");
    const uint64_t chosen =
        given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
    std::cout << "seed " << chosen << " (set ROWAN_TEST_SEED to repeat it)\n";
    return chosen;
  }();
  return value;
}

class NoLarge final : public LargeReader {
 public:
  Result<std::string> read_large(const LargeRef&) const override {
    return Error(ErrorCode::kInternal, "none here");
  }
};

using Random = std::mt19937_64;

const std::vector<Type> kTypes = {{TypeId::kBool},     {TypeId::kInt2},      {TypeId::kInt4},
                                  {TypeId::kInt8},     {TypeId::kFloat4},    {TypeId::kFloat8},
                                  {TypeId::kNumeric},  {TypeId::kText},      {TypeId::kVarchar, 40},
                                  {TypeId::kChar, 40}, {TypeId::kBytea},     {TypeId::kDate},
                                  {TypeId::kTime},     {TypeId::kTimestamp}, {TypeId::kTimestamptz},
                                  {TypeId::kUuid},     {TypeId::kJson},      {TypeId::kJsonb},
                                  {TypeId::kInterval},
                                  {array_of(TypeId::kInt4)},
                                  {array_of(TypeId::kText)},
                                  {array_of(TypeId::kVarchar), 40},
                                  {array_of(TypeId::kNumeric)},
                                  {array_of(TypeId::kFloat8)},
                                  {array_of(TypeId::kJsonb)},
                                  {array_of(TypeId::kBytea)},
                                  {array_of(TypeId::kInterval)}};

std::string random_characters(Random& random) {
  static const std::vector<std::string> kPieces = {"a",  "b",  "z",  "{",  "0",    "9",    ":", "/",
                                                   " ",  "\"", "\\", "\n", "\x01", "A",    "é", "€",
                                                   "😀", "~",  "+",  "-",  "_",    "\x7f", "."};
  std::string text;
  for (size_t n = random() % 12; n > 0; --n) {
    text += kPieces[random() % kPieces.size()];
  }
  return text;
}

std::string random_number(Random& random) {
  static const std::vector<std::string> kEdges = {
      "0",   "0.00",     "1",         "1.0",   "1.00", "-1",    "-1.1",  "-1.10", "-1.01",
      "NaN", "Infinity", "-Infinity", "0.001", "1e30", "-1e30", "1e-30", "10",    "9.99"};
  if (random() % 3 == 0) {
    return kEdges[random() % kEdges.size()];
  }
  std::string text = random() % 2 == 0 ? "-" : "";
  for (size_t n = 1 + random() % 25; n > 0; --n) {
    text += static_cast<char>('0' + random() % 10);
  }
  if (random() % 2 == 0) {
    text.insert(text.size() - random() % 2, ".");
    text += std::to_string(random() % 1000);
  }
  return text;
}

int64_t random_integer(Random& random) {
  static const std::vector<int64_t> kEdges = {0,   1,  -1,  9,         10,       -9,
                                              -10, 99, 100, INT64_MAX, INT64_MIN};
  return random() % 4 == 0 ? kEdges[random() % kEdges.size()]
                           : static_cast<int64_t>(random()) >> (random() % 64);
}

double random_double(Random& random) {
  static const std::vector<double> kEdges = {
      0.0, -0.0, 1.0, -1.0, 5e-324, 1e23, 1.7976931348623157e308, 0.1, 9007199254740993.0};
  if (random() % 4 == 0) {
    return kEdges[random() % kEdges.size()];
  }
  return random() % 2 == 0 ? std::bit_cast<double>(random())
                           : static_cast<double>(random_integer(random) % 100'000) / 100;
}

Value random_value(Type type, Random& random) {
  if (is_array(type.id)) {
    const Type element{element_of(type.id), type.modifier};
    ArrayBuilder builder(element.id);
    for (size_t n = random() % 5; n > 0; --n) {
      if (random() % 5 == 0) {
        builder.append_null();
      } else {
        builder.append(random_value(element, random).datum());
      }
    }
    return Value::of_string(type, builder.finish());
  }
  const auto within = [&](int64_t least, int64_t end) {
    const uint64_t span =
        static_cast<uint64_t>(end) - static_cast<uint64_t>(least);  // May pass INT64_MAX.
    return static_cast<int64_t>(static_cast<uint64_t>(least) + random() % span);
  };
  const auto parsed = [&](const std::string& text) { return *parse_text(type, text); };
  switch (type.id) {
    case TypeId::kBool:
      return Value::of_int(type, static_cast<int64_t>(random() % 2));
    case TypeId::kInt2:
      return Value::of_int(type, static_cast<int16_t>(random_integer(random)));
    case TypeId::kInt4:
      return Value::of_int(type, static_cast<int32_t>(random_integer(random)));
    case TypeId::kInt8:
      return Value::of_int(type, random_integer(random));
    case TypeId::kFloat4:
      return Value::of_double(
          type, static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(random()))));
    case TypeId::kFloat8:
      return Value::of_double(type, random_double(random));
    case TypeId::kNumeric:
      return parsed(random_number(random));
    case TypeId::kBytea:
      return Value::of_string(type, random_characters(random) + std::string(random() % 2, '\0'));
    case TypeId::kDate:
      return Value::of_int(type, random() % 9 == 0   ? kDateInfinity
                                 : random() % 2 == 0 ? within(kDateMin, kDateEnd)
                                                     : within(-9999, 9999));
    case TypeId::kTime:
      return Value::of_int(type, within(0, kMicrosPerDay + 1));
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz:
      return Value::of_int(type, random() % 9 == 0   ? kTimestampMinusInfinity
                                 : random() % 2 == 0 ? within(kTimestampMin, kTimestampEnd)
                                                     : within(-1000, 1000) * 1'000'000);
    case TypeId::kInterval: {  // Many of one length, made of other parts.
      const auto small = [&] { return static_cast<int32_t>(random() % 7) - 3; };
      const bool far = random() % 2 == 0;
      return Value::of_interval(
          type, far ? Interval{random_integer(random), static_cast<int32_t>(random_integer(random)),
                               static_cast<int32_t>(random_integer(random))}
                    : Interval{small() * kMicrosPerDay, small() * 30 + small(), small()});
    }
    case TypeId::kUuid: {
      const uint64_t words[2] = {random(), random()};
      return parsed(to_hex({reinterpret_cast<const char*>(words), 16}));
    }
    case TypeId::kJson:
    case TypeId::kJsonb:
      return parsed("{\"k\": [" + std::to_string(random() % 100) + ", \"x, y\"], \"a b\": null}");
    default:
      return parsed(random_characters(random));
  }
}

}  // namespace

TEST_CASE("key order is value order, and keys are prefix-free and safe in paths") {
  Random random(seed());
  for (const Type type : kTypes) {
    if (!can_be_key(type.id)) {
      continue;
    }
    CAPTURE(type_name(type));
    for (int i = 0; i < 4000; ++i) {
      const Value a = random_value(type, random);
      const Value b = random_value(type, random);
      std::string keys[4];
      REQUIRE(append_key(a, keys[0]).has_value());
      REQUIRE(append_key(b, keys[1]).has_value());
      REQUIRE(append_key(a, keys[2], true).has_value());
      REQUIRE(append_key(b, keys[3], true).has_value());
      CAPTURE(keys[0]);
      CAPTURE(keys[1]);
      const auto sign = [](int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; };
      const int order = sign(compare(a, b));
      REQUIRE(sign(keys[0].compare(keys[1])) == order);
      REQUIRE(sign(keys[3].compare(keys[2])) == order);
      if (order != 0) {
        REQUIRE_FALSE(keys[0].starts_with(keys[1]));
        REQUIRE_FALSE(keys[1].starts_with(keys[0]));
        REQUIRE_FALSE(keys[2].starts_with(keys[3]));
      }
      REQUIRE(keys[0].find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz+-_~") ==
              std::string::npos);
      REQUIRE(keys[0] < "z");
    }
  }
}

TEST_CASE("text forms round-trip, and the quick way in writes the same cell and key") {
  Random random(seed() + 1);
  for (const Type type : kTypes) {
    CAPTURE(type_name(type));
    for (int i = 0; i < 2000; ++i) {
      const Value value = random_value(type, random);
      const std::string text = to_text(value);
      CAPTURE(text);
      const auto again = parse_text(type, text);
      REQUIRE(again.has_value());
      REQUIRE(compare(value, *again) == 0);
      REQUIRE(to_text(*again) == text);
      std::string slow;
      std::string fast;
      append_json(value, slow);
      REQUIRE(append_json_from_text(type, text, fast).has_value());
      REQUIRE(fast == slow);
      const auto decoded = decode_element(type, slow);
      REQUIRE(decoded.has_value());
      REQUIRE(to_text(*decoded) == text);
      if (can_be_key(type.id)) {
        std::string key;
        std::string fast_key;
        REQUIRE(append_key(value, key).has_value());
        REQUIRE(append_key_from_text(type, text, fast_key).has_value());
        REQUIRE(fast_key == key);
      }
    }
  }
}

TEST_CASE("lines round-trip, and the decoder agrees with decode_line") {
  Random random(seed() + 2);
  RowLayout layout;
  std::vector<uint16_t> wanted;
  for (const Type type : kTypes) {
    wanted.push_back(static_cast<uint16_t>(layout.slots.size()));
    layout.slots.push_back({type, false, Value::null(type)});
  }
  layout.slots[2].absent = Value::of_int(kTypes[2], 5);
  layout.key_slots = {3, 7, 6};
  const NoLarge large;
  LineDecoder decoder(layout, wanted, large);
  std::vector<std::vector<Value>> rows;
  auto text = std::make_shared<std::string>();
  for (int i = 0; i < 2000; ++i) {
    auto& row = rows.emplace_back();
    std::vector<Cell> cells(kTypes.size());
    std::string key;
    for (const Type type : kTypes) {
      row.push_back(random() % 4 == 0 ? Value::null(type) : random_value(type, random));
    }
    for (size_t n = 0; n < cells.size(); ++n) {
      cells[n].value = &row[n];
    }
    for (const uint16_t slot : layout.key_slots) {
      REQUIRE(append_key(row[slot], key).has_value());
    }
    std::string line;
    encode_line(layout, cells, 1, line);
    CAPTURE(line);
    std::string line_key;
    REQUIRE(append_line_key(layout, line, line_key).has_value());
    REQUIRE(line_key == key);
    const auto checked = check_line(layout, line);
    REQUIRE_MESSAGE(checked.has_value(), (checked.has_value() ? "" : checked.error().message()));
    const auto decoded = decode_line(layout, line, large);
    REQUIRE(decoded.has_value());
    row = *decoded;
    *text += line + "\n";
  }
  REQUIRE(decoder.add(*text, text).has_value());
  const Batch batch = decoder.finish();
  REQUIRE(batch.rows == rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t n = 0; n < kTypes.size(); ++n) {
      CAPTURE(type_name(kTypes[n]));
      const Value value = batch.columns[n].value(i);
      REQUIRE(value.is_null() == rows[i][n].is_null());
      REQUIRE((value.is_null() || to_text(value) == to_text(rows[i][n])));
    }
  }
}

namespace {

// Blobs by a made-up name: their number.
class MemoryLarge final : public LargeStore {
 public:
  Result<std::string> read_large(const LargeRef& ref) const override {
    return blobs_.at(ref.oid.hex());
  }
  Oid write_large(uint16_t, Bytes bytes) override {
    const auto [known, is_new] = names_.try_emplace(std::string(bytes));
    if (is_new) {
      std::string hex = std::to_string(names_.size());
      known->second = *Oid::parse(std::string(40 - hex.size(), '0') + hex);
      blobs_[known->second.hex()] = std::string(bytes);
    }
    return known->second;
  }

 private:
  std::map<std::string, Oid> names_;
  std::map<std::string, std::string> blobs_;
};

// Sizes about the bounds that the writer knows.
std::string long_text(TypeId id, Random& random) {
  static const std::vector<size_t> kSizes = {0,    1,    30,   79,   80,    81,    2000,
                                             4090, 5000, 8180, 8192, 8193, 16'370, 20'000};
  const size_t size = kSizes[random() % kSizes.size()] + random() % 3;
  const std::string body(size, random() % 5 == 0 ? '"' : 'q');
  switch (id) {
    case TypeId::kNumeric:
      return random() % 2 == 0 ? "1e" + std::to_string(size) : "1" + std::string(size, '0');
    case TypeId::kBytea:
      return body;
    case TypeId::kJson:
    case TypeId::kJsonb: {
      std::string text = "[1";
      while (text.size() < size) text += ",2";
      return text + "]";
    }
    default:
      return body;
  }
}

}  // namespace

TEST_CASE("T9: a row has one line, in whatever form its cells come") {
  Random random(seed() + 4);
  const std::vector<TypeId> ids = {TypeId::kInt4,    TypeId::kText, TypeId::kJsonb, TypeId::kNumeric,
                                   TypeId::kVarchar, TypeId::kJson, TypeId::kBytea, TypeId::kText};
  for (int i = 0; i < 1500; ++i) {
    RowLayout layout;
    std::vector<std::string> texts;
    std::vector<Value> values;
    for (const TypeId id : ids) {
      Slot slot{{id, -1}, false, Value::null({id, -1})};
      texts.push_back(id == TypeId::kInt4 ? std::to_string(random() % 10) : long_text(id, random));
      values.push_back(*parse_text(slot.type, texts.back()));
      if (random() % 4 == 0) slot.absent = random() % 2 == 0 ? values.back() : *parse_text(slot.type, id == TypeId::kJson || id == TypeId::kJsonb ? "[]" : "7");
      if (random() % 8 == 0) values.back() = Value::null(slot.type);
      if (random() % 10 == 0 && layout.slots.size() > 1) {
        slot.dropped = true;
        slot.absent = Value::null(slot.type);
        values.back() = Value::null(slot.type);
      }
      layout.slots.push_back(std::move(slot));
    }
    layout.counted = random() % 2 == 0;
    if (!layout.counted) layout.key_slots = {0};
    const uint64_t count = layout.counted ? 1 + random() % 2000 : 1;
    const LineWriter writer(layout);
    MemoryLarge large;
    const auto cells_of_values = [&] {
      std::vector<Cell> cells(values.size());
      for (size_t n = 0; n < cells.size(); ++n) cells[n].value = &values[n];
      return cells;
    };
    std::string line;
    std::vector<Cell> cells = cells_of_values();
    REQUIRE(writer.write(cells, count, large, line).has_value());
    CAPTURE(line.substr(0, 200));
    CAPTURE(line.size());

    // As one of many.
    std::string one;
    cells = cells_of_values();
    REQUIRE(writer.write(cells, 0, large, one).has_value());
    if (layout.counted) REQUIRE(with_line_count(one, count) == line);

    // From the texts of its elements, all in line.
    std::string again;
    std::vector<std::string> elements(values.size());
    cells.assign(values.size(), {});
    for (size_t n = 0; n < values.size(); ++n) {
      append_json(values[n], elements[n]);
      cells[n].raw = elements[n];
    }
    REQUIRE(writer.write(cells, count, large, again).has_value());
    REQUIRE(again == line);

    // From the elements of a line that had other neighbours, so that more of them are out of it.
    std::vector<std::string> moved = elements;
    for (size_t n = 1; n < moved.size(); ++n) {
      const bool is_text = physical(layout.slots[n].type.id) == Physical::kString;
      if (!is_text || values[n].is_null() || moved[n].size() <= 80 || random() % 2 == 0) continue;
      const std::string& bytes = values[n].as_string();
      moved[n].clear();
      append_large_ref({large.write_large(0, bytes), bytes.size()}, moved[n]);
    }
    cells.assign(values.size(), {});
    for (size_t n = 0; n < values.size(); ++n) cells[n].raw = moved[n];
    REQUIRE(writer.write(cells, count, large, again).has_value());
    REQUIRE(again == line);

    // As COPY reads it.
    LineBuilder builder(writer);
    builder.begin(count, again);
    for (size_t n = 0; n < values.size(); ++n) {
      std::string& to = builder.next();
      if (values[n].is_null()) {
        to += "null";
      } else {
        REQUIRE(append_json_from_text(layout.slots[n].type, texts[n], to).has_value());
      }
    }
    if (builder.finish()) REQUIRE(again == line);

    // It reads back, and no pushed line would be spelled so otherwise.
    const auto decoded = decode_line(layout, line, large);
    REQUIRE(decoded.has_value());
    for (size_t n = 0; n < values.size(); ++n) {
      REQUIRE((*decoded)[n].is_null() == values[n].is_null());
      if (!values[n].is_null()) REQUIRE(to_text((*decoded)[n]) == to_text(values[n]));
    }
    std::vector<Bytes> split;
    uint64_t number = 0;
    REQUIRE(split_line(layout, one, split, number).has_value());
    size_t used = values.size();
    for (; used > 0; --used) {
      std::string absent;
      append_json(layout.slots[used - 1].absent, absent);
      if (elements[used - 1] != absent) break;
    }
    REQUIRE(split.size() == used);
    for (size_t n = 1; n < split.size(); ++n) {
      if (!layout.slots[n].dropped) CHECK_FALSE(*must_leave_line(layout.slots[n].type, split[n], one.size()));
    }
  }
}

TEST_CASE("T9: how many equal rows there are decides nothing about their line") {
  RowLayout layout;
  for (int i = 0; i < 2; ++i) layout.slots.push_back({{TypeId::kText}, false, Value::null({TypeId::kText})});
  layout.counted = true;
  const LineWriter writer(layout);
  MemoryLarge large;
  for (size_t size = 8170; size <= 8192; ++size) {
    const Value first = Value::of_string({TypeId::kText}, std::string(size, 'a'));
    const Value second = Value::of_string({TypeId::kText}, std::string(8190, 'b'));
    std::string one, many;
    std::vector<Cell> cells{{&first, {}}, {&second, {}}};
    REQUIRE(writer.write(cells, 1, large, one).has_value());
    cells = {{&first, {}}, {&second, {}}};
    REQUIRE(writer.write(cells, 123'456, large, many).has_value());
    CHECK(many == with_line_count(one, 123'456));
  }
}

TEST_CASE("no damaged byte makes the decoder read outside or crash") {
  Random random(seed() + 3);
  const NoLarge large;
  RowLayout layout;
  for (const TypeId id :
       {TypeId::kInt4, TypeId::kText, TypeId::kFloat8, TypeId::kDate, TypeId::kJsonb}) {
    layout.slots.push_back({{id, -1}, false, Value::null({id, -1})});
  }
  const std::string good = "[42,\"Ada \\\" x\",3.5,\"2024-02-29\",[{\"a\":[1,2]}]]\n";
  for (int i = 0; i < 50'000; ++i) {
    std::string bad = good.substr(0, 1 + random() % good.size());
    for (size_t n = 1 + random() % 3; n > 0; --n) {
      bad[random() % bad.size()] = "[]{},:\"\\0129-.enul \n\x01\xff"[random() % 22];
    }
    const std::vector<char> exact(bad.begin(), bad.end());
    LineDecoder decoder(layout, {0, 1, 2, 3, 4}, large);
    const auto added = decoder.add({exact.data(), exact.size()}, nullptr);
    REQUIRE((added.has_value() || added.error().code() == ErrorCode::kCorruption));
    std::string key;
    ignore_error(append_line_key(layout, {exact.data(), exact.size()}, key),
                 "only that it stays inside matters");
    ignore_error(check_line(layout, {exact.data(), exact.size()}),
                 "only that it stays inside matters");
  }
}

}  // namespace rowan::type
