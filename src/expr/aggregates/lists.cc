// string_agg and array_agg.
#include "expr/aggregates/values.h"
#include "base/limits.h"
#include "type/array.h"

namespace rowan::expr {
namespace {

// ---- string_agg ----

class StringAggState final : public AggregateState {
 public:
  explicit StringAggState(const AggregateSpec& spec) : result_(spec.result) {}
  void resize(size_t groups) override { groups_.resize(groups); }
  Result<void> add(std::span<const Column> arguments, const uint32_t* groups,
                   size_t rows) override {
    if (groups == nullptr && groups_.empty()) groups_.resize(1);
    const Column column = flat(arguments[0]);
    const std::string_view* values = column.strings();
    for_each_value(column, groups, rows, [&](size_t row, uint32_t index) {
      const Column& delimiter = arguments[1];
      append(
          groups_[index],
          delimiter.is_null(row) ? std::string_view() : delimiter.strings()[delimiter.index(row)],
          values[row]);
    });
    return check_length();
  }
  Result<void> merge(const AggregateState& other, const uint32_t* group_map) override {
    for (size_t g = 0; const Group& from : static_cast<const StringAggState&>(other).groups_) {
      if (from.found) append(groups_[group_map[g]], from.first_delimiter, from.text);
      ++g;
    }
    return check_length();
  }
  Result<Column> finish() const override {
    ColumnBuilder out(result_, groups_.size());
    for (const Group& group : groups_) {
      if (group.found) {
        out.append_string(group.text);
      } else {
        out.append_null();
      }
    }
    return out.finish();
  }
  size_t memory_bytes() const override { return groups_.capacity() * sizeof(Group) + heap_bytes_; }

 private:
  struct Group {
    bool found = false;
    std::string first_delimiter;  // Of the first row: written only when another state's text stands
                                  // before it.
    std::string text;
  };
  Result<void> check_length() const {
    if (!too_long_) return {};
    return Error(ErrorCode::kProgramLimit, "requested length too large");
  }
  void append(Group& group, std::string_view delimiter, std::string_view text) {
    if (too_long_ || group.text.size() + delimiter.size() + text.size() > kValueBytesMax) {
      too_long_ = true;
      return;
    }
    if (group.found) {
      group.text += delimiter;
    } else {
      group.first_delimiter = delimiter;
    }
    group.found = true;
    group.text += text;
    heap_bytes_ += delimiter.size() + text.size();
  }

  Type result_;
  std::vector<Group> groups_;
  size_t heap_bytes_ = 0;
  bool too_long_ = false;
};

// ---- array_agg ----

// Keeps each group's elements as the array that they will be; NULLs are elements too.
class ArrayAggState final : public AggregateState {
 public:
  explicit ArrayAggState(const AggregateSpec& spec) : spec_(spec) {}
  void resize(size_t groups) override {
    while (groups_.size() < groups) groups_.emplace_back(spec_.argument.id);
  }
  Result<void> add(std::span<const Column> arguments, const uint32_t* groups,
                   size_t rows) override {
    if (groups == nullptr && groups_.empty()) resize(1);
    const Column& column = arguments[0];
    for (size_t row = 0; row < rows; ++row) {
      Group& group = groups_[groups == nullptr ? 0 : groups[row]];
      const size_t before = group.array.bytes();
      if (column.is_null(row)) {
        group.array.append_null();
      } else {
        group.array.append(column.datum(row));
      }
      group.found = true;
      heap_bytes_ += group.array.bytes() - before;
      if (group.array.bytes() > kValueBytesMax)
        return Error(ErrorCode::kProgramLimit, "array size exceeds the maximum allowed");
    }
    return {};
  }
  Result<void> merge(const AggregateState& other, const uint32_t* group_map) override {
    const auto& from = static_cast<const ArrayAggState&>(other);
    for (size_t g = 0; g < from.groups_.size(); ++g) {
      if (!from.groups_[g].found) continue;
      Group& group = groups_[group_map[g]];
      type::ArrayBuilder copy = from.groups_[g].array;
      const std::string array = copy.finish();
      for (type::ArrayReader reader(array); !reader.at_end();) group.array.append(reader.next());
      group.found = true;
      heap_bytes_ += array.size();
    }
    return {};
  }
  Result<Column> finish() const override {
    ColumnBuilder out(spec_.result, groups_.size());
    for (const Group& group : groups_) {
      if (!group.found) {
        out.append_null();
        continue;
      }
      type::ArrayBuilder copy = group.array;
      out.append_string(copy.finish());
    }
    return out.finish();
  }
  size_t memory_bytes() const override { return groups_.capacity() * sizeof(Group) + heap_bytes_; }

 private:
  struct Group {
    explicit Group(type::TypeId element) : array(element) {}
    type::ArrayBuilder array;
    bool found = false;
  };
  AggregateSpec spec_;
  std::vector<Group> groups_;
  size_t heap_bytes_ = 0;
};

template <typename State>
std::unique_ptr<AggregateState> make(const AggregateSpec& spec) {
  return std::make_unique<State>(spec);
}

// ---- The rows ----

using enum TypeId;

constexpr Traits kByOrder = {.by_order = true};

constexpr Function kRows[] = {
    {3538, "string_agg", {kText, kText}, kText, make<StringAggState>, kByOrder},
    {3545, "string_agg", {kBytea, kBytea}, kBytea, make<StringAggState>, kByOrder},
    {2335, "array_agg", {Any::kNonArray}, Any::kArray, make<ArrayAggState>, kByOrder},
};

}  // namespace

constinit const std::span<const Function> kListAggregates = kRows;

}  // namespace rowan::expr
