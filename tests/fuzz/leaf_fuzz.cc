// Arbitrary bytes as a leaf, in several layouts: nothing may read outside of it, and the ways to
// read a line must agree. Input: a byte for the layout, then the leaf.
#include <memory>
#include <string>
#include <vector>

#include "fuzz_input.h"
#include "store/node_cache.h"
#include "tree/row_tree.h"
#include "type/line_writer.h"
#include "type/row_codec.h"
#include "type/text.h"

namespace {

using namespace rowan;
using fuzz::require;
using type::TypeId;

class NoLargeValues final : public type::LargeReader {
 public:
  Result<std::string> read_large(const type::LargeRef&) const override {
    return Error(ErrorCode::kUndefinedObject, "there are no large values here");
  }
};

class OneObject final : public store::ObjectReader {
 public:
  explicit OneObject(Bytes bytes) : bytes_(bytes) {}
  Result<store::ObjectRef> read(const Oid&) const override {
    return store::ObjectRef{store::ObjectType::kBlob, bytes_, nullptr};
  }

 private:
  Bytes bytes_;
};

class LayoutKeys final : public tree::LineKeys {
 public:
  explicit LayoutKeys(const type::RowLayout& layout) : layout_(layout) {}
  Result<void> append_key(Bytes line, std::string& key) const override {
    return type::append_line_key(layout_, line, key);
  }
  uint64_t identity() const override { return 1; }

 private:
  const type::RowLayout& layout_;
};

type::RowLayout make_layout(const std::vector<TypeId>& types, std::vector<uint16_t> key_slots) {
  type::RowLayout layout;
  for (const TypeId id : types) {
    layout.slots.push_back({{id, -1}, false, type::Value::null({id, -1})});
  }
  layout.counted = key_slots.empty();
  layout.key_slots = std::move(key_slots);
  return layout;
}

const std::vector<type::RowLayout>& layouts() {
  static const std::vector<type::RowLayout> all = [] {
    using enum TypeId;
    std::vector<type::RowLayout> made;
    made.push_back(make_layout({kInt4, kText, kFloat8, kNumeric, kBool}, {0}));
    made.push_back(make_layout({kText, kDate, kTime, kTimestamp, kTimestamptz}, {0, 1}));
    made.push_back(make_layout({kInt2, kInt8, kFloat4, kUuid, kBytea, kJson, kJsonb}, {1, 0}));
    made.push_back(make_layout({kInt4, kVarchar, kChar}, {}));
    made.push_back(make_layout({kInt8, kText, kNumeric, kInt4}, {0}));
    made.back().slots[1].dropped = true;
    made.back().slots[1].type = {};
    made.back().slots[3].absent = type::Value::of_int({kInt4, -1}, 7);
    return made;
  }();
  return all;
}

// The line written anew from its values; its large references and dropped slots are carried.
std::string encode_again(const type::RowLayout& layout, Bytes line,
                         const std::vector<type::Value>& values, uint64_t count) {
  std::vector<Bytes> elements;
  uint64_t ignored = 0;
  require(type::split_line(layout, line, elements, ignored).has_value(), "a canonical line splits",
          line);
  std::vector<type::Cell> cells(values.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    const bool carried = layout.slots[i].dropped && i < elements.size();
    cells[i] = carried ? type::Cell{nullptr, elements[i]} : type::Cell{&values[i], {}};
  }
  std::string again;
  type::encode_line(layout, cells, count, again);
  return again;
}

struct Lines {
  size_t rows = 0;
  bool all_decode = true;
  std::vector<std::vector<type::Value>> values;
};

Lines read_one_by_one(const type::RowLayout& layout, Bytes text) {
  Lines lines;
  const NoLargeValues large;
  fuzz::Input input(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  while (!input.at_end()) {
    const Bytes line = input.take_until('\n');
    uint64_t count = 1;
    auto values = type::decode_line(layout, line, large, &count);
    const bool is_canonical = type::check_line(layout, line).has_value();
    std::string key;
    const bool has_key = type::append_line_key(layout, line, key).has_value();
    if (is_canonical) {
      require(has_key, "a canonical line has a key", line);
    }
    if (is_canonical && values) {
      require(encode_again(layout, line, *values, count) == line,
              "a canonical line is written the same again", line);
    }
    lines.all_decode = lines.all_decode && values.has_value() && is_canonical;
    lines.rows += static_cast<size_t>(count);
    if (values) {
      lines.values.insert(lines.values.end(), count > 8 ? 1 : count, *values);
    }
  }
  return lines;
}

void read_columns(const type::RowLayout& layout, Bytes text, const Lines& lines) {
  // One damaged count can stand for very many rows; what that costs is no matter of this test.
  constexpr size_t kRowsMax = 1000;
  if (lines.rows > kRowsMax) {
    return;
  }
  const NoLargeValues large;
  std::vector<uint16_t> slots;
  for (size_t i = 0; i < layout.slots.size(); ++i) {
    if (!layout.slots[i].dropped) {
      slots.push_back(static_cast<uint16_t>(i));
    }
  }
  type::LineDecoder decoder(layout, slots, large);
  const bool decoded = decoder.add(text, nullptr).has_value();
  type::LineDecoder last_only(layout, {slots.back()}, large);
  (void)last_only.add(text, nullptr);
  if (!lines.all_decode || text.empty() || text.back() != '\n') {
    return;
  }
  require(decoded, "columns can be read from canonical lines", text);
  const type::Batch batch = decoder.finish();
  require(batch.rows == lines.rows, "as many rows in columns as in lines", text);
  for (size_t row = 0; row < batch.rows && lines.values.size() == batch.rows; ++row) {
    for (size_t i = 0; i < slots.size(); ++i) {
      const type::Value& expected = lines.values[row][slots[i]];
      const type::Value got = batch.columns[i].value(row);
      const bool equal = got.is_null() == expected.is_null() &&
                         (got.is_null() || type::to_text(got) == type::to_text(expected));
      require(equal, "equal values in columns and lines", text);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const type::RowLayout& layout = layouts()[input.byte() % layouts().size()];
  // A copy of its own, so that a read behind its end is seen.
  const std::string text(input.rest());
  read_columns(layout, text, read_one_by_one(layout, text));

  const OneObject objects(text);
  static store::NodeCache cache(1u << 20);
  cache.clear();
  const LayoutKeys keys(layout);
  const auto leaf = tree::Leaf::read({objects, cache, keys}, Oid::from_raw("leaf of this fuzzing"));
  if (leaf) {
    for (size_t i = 0; i < (*leaf)->size(); ++i) {
      require((*leaf)->lower_bound((*leaf)->key(i)) == i,
              "every line of a leaf is found by its key", text);
    }
  }
  return 0;
}
