#include "expr/array_agg.h"

#include "base/limits.h"
#include "type/array.h"

namespace rowan::expr {
namespace {

// Keeps each group's elements as the array that they will be; NULLs are elements too.
class ArrayAggState final : public AggregateState {
 public:
  explicit ArrayAggState(const AggregateSpec& spec) : spec_(spec) {}
  void resize(size_t groups) override {
    while (groups_.size() < groups) groups_.emplace_back(spec_.argument.id);
  }
  Result<void> add(std::span<const type::Column> arguments, const uint32_t* groups,
                   size_t rows) override {
    if (groups == nullptr && groups_.empty()) resize(1);
    const type::Column& column = arguments[0];
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
  Result<type::Column> finish() const override {
    type::ColumnBuilder out(spec_.result, groups_.size());
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

}  // namespace

std::unique_ptr<AggregateState> make_array_agg(const AggregateSpec& spec) {
  return std::make_unique<ArrayAggState>(spec);
}

}  // namespace rowan::expr
