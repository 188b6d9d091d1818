// What all aggregates have in common: how a call is resolved, and DISTINCT. A state holds one
// accumulator a group; plain aggregates (groups == nullptr) run at memory speed over group 0.
#include <algorithm>
#include <unordered_set>

#include "base/ensure.h"
#include "expr/aggregates/values.h"
#include "expr/constant_set.h"
#include "expr/resolve.h"

namespace rowan::expr {
namespace {

using type::Physical;

// ---- DISTINCT ----

// Hands each value of a group on once. A key is the group's number and the value's normalised
// bytes.
class DistinctState final : public AggregateState {
 public:
  DistinctState(const AggregateSpec& spec, std::unique_ptr<AggregateState> inner)
      : spec_(spec), inner_(std::move(inner)) {}
  void resize(size_t groups) override { inner_->resize(groups); }
  Result<void> add(std::span<const Column> arguments, const uint32_t* groups,
                   size_t rows) override {
    const Column column = flat(arguments[0]);
    std::vector<uint32_t> fresh;
    std::vector<uint32_t> fresh_groups;
    std::string key;
    for_each_value(column, groups, rows, [&](size_t row, uint32_t group) {
      make_key(column, row, group, key);
      if (!seen_.insert(key).second) return;
      key_bytes_ += key.size();
      fresh.push_back(static_cast<uint32_t>(row));
      fresh_groups.push_back(group);
    });
    std::vector<Column> values = {column.gather(fresh.data(), fresh.size())};
    for (const Column& more : arguments.subspan(1))
      values.push_back(flat(more).gather(fresh.data(), fresh.size()));
    return inner_->add(values, groups == nullptr ? nullptr : fresh_groups.data(), fresh.size());
  }
  Result<void> merge(const AggregateState&, const uint32_t*) override {
    return Error(ErrorCode::kInternal, "DISTINCT aggregates are not merged");
  }
  Result<Column> finish() const override { return inner_->finish(); }
  size_t memory_bytes() const override {
    constexpr size_t kEntryBytes = 64;  // A hash node with its string.
    return inner_->memory_bytes() + seen_.size() * kEntryBytes + key_bytes_;
  }

 private:
  void make_key(const Column& column, size_t row, uint32_t group, std::string& key) const {
    key.assign(reinterpret_cast<const char*>(&group), sizeof group);
    const auto append = [&](int64_t bits) {
      key.append(reinterpret_cast<const char*>(&bits), sizeof bits);
    };
    switch (physical(spec_.argument.id)) {
      case Physical::kInt64:
        append(column.ints()[row]);
        break;
      case Physical::kDouble:
        append(normalised_double(column.doubles()[row]));
        break;
      case Physical::kString: {
        std::string scratch;
        key += normalised_string(spec_.argument.id, column.strings()[row], scratch);
        break;
      }
      case Physical::kInterval: {
        const IntervalKey length = interval_key(column.intervals()[row]);
        key.append(length.data(), length.size());
        break;
      }
    }
  }

  AggregateSpec spec_;
  std::unique_ptr<AggregateState> inner_;
  std::unordered_set<std::string> seen_;
  size_t key_bytes_ = 0;
};

}  // namespace

std::unique_ptr<AggregateState> AggregateState::make(const AggregateSpec& spec) {
  auto state = spec.function->body.make_state(spec);
  if (!spec.distinct || !spec.function->traits.by_count) return state;
  return std::make_unique<DistinctState>(spec, std::move(state));
}

bool counts_rows(const AggregateSpec& spec) {
  return spec.function->arguments.size() == 0 && spec.function->name == "count";
}

bool is_aggregate(std::string_view name) {
  const auto rows = functions_named(name);
  return !rows.empty() && rows[0]->kind() == FunctionKind::kAggregate;
}

Result<AggregateSpec> resolve_aggregate(std::string_view name, std::span<const Type> arguments,
                                        bool star, bool distinct, uint32_t position) {
  if (!star && arguments.empty() && name == "count") {
    return Error(ErrorCode::kWrongObjectType,
                 "count(*) must be used to call a parameterless aggregate function")
        .at(position);
  }
  TRY_ASSIGN(const ResolvedCall call, resolve_function(name, arguments, false, position));
  if (star && distinct) {
    return Error(ErrorCode::kSyntaxError, "DISTINCT specified, but * has no distinct values")
        .at(position);
  }
  AggregateSpec spec{call.function, {}, call.arguments, call.result, distinct};
  if (!spec.arguments.empty()) spec.argument = spec.arguments[0];
  if (distinct) TRY(check_groupable(spec.argument, position));
  return spec;
}

}  // namespace rowan::expr
