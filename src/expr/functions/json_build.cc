// json and jsonb made of values: to_json, json_build_object, json_agg and their kin.
#include "base/limits.h"
#include "expr/aggregates/values.h"
#include "expr/families.h"
#include "expr/kernels.h"
#include "type/array.h"
#include "type/json_text.h"
#include "type/text.h"
#include "type/type_info.h"

namespace rowan::expr {
namespace {

// ---- One value as JSON ----

void append_json(Type type, std::optional<type::Datum> value, std::string& out);

void append_json_array(Type type, std::string_view array, std::string& out) {
  out += '[';
  bool first = true;
  for (type::ArrayReader reader(array); !reader.at_end();) {
    if (!first) out += ',';
    first = false;
    append_json({reader.element(), type.modifier}, reader.next(), out);
  }
  out += ']';
}

void append_json(Type type, std::optional<type::Datum> value, std::string& out) {
  if (!value) {
    out += "null";
    return;
  }
  if (type::is_array(type.id)) return append_json_array(type, value->text, out);
  std::string text;
  type::append_text(type, *value, text);
  switch (type::type_info(type.id).shape) {
    case type::Shape::kBool:
      out += value->whole != 0 ? "true" : "false";
      return;
    case type::Shape::kInteger:
    case type::Shape::kFloat:
    case type::Shape::kNumeric: {
      const bool number = text.find_first_not_of("0123456789+-.eE") == std::string::npos;
      if (number) {
        out += text;
        return;
      }
      break;  // NaN and the infinities are strings.
    }
    case type::Shape::kJson:
      out += text;
      return;
    case type::Shape::kTimestamp:
      if (const size_t blank = text.find(' '); blank != std::string::npos) text[blank] = 'T';
      if (type.id == TypeId::kTimestamptz && text.ends_with("+00")) text += ":00";
      break;
    default:
      break;
  }
  type::append_json_string(text, out);
}

void append_cell(const Column& column, size_t row, std::string& out) {
  if (column.is_null(row)) {
    append_json(column.type, std::nullopt, out);
  } else {
    append_json(column.type, column.datum(row), out);
  }
}

// What is made as json's text, as the result's type has it.
Result<std::string> as_type(Type type, std::string text) {
  if (text.size() > kValueBytesMax)
    return Error(ErrorCode::kProgramLimit, "requested length too large");
  if (type.id != TypeId::kJsonb) return text;
  return type::jsonb_from_text(text);
}

template <typename F>
Result<Column> make_documents(const KernelInput& input, F f) {
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    std::string text;
    TRY(f(row, text));
    TRY_ASSIGN(const std::string document, as_type(input.result_type, std::move(text)));
    out.set(row, document);
    return {};
  });
}

Result<Column> to_json(const KernelInput& input) {
  return make_documents(input, [&](size_t row, std::string& text) -> Result<void> {
    append_cell(input.arguments[0], row, text);
    return {};
  });
}

Result<Column> build_array(const KernelInput& input) {
  return make_documents(input, [&](size_t row, std::string& text) -> Result<void> {
    text = "[";
    for (size_t i = 0; i < input.arguments.size(); ++i) {
      if (i > 0) text += ", ";
      append_cell(input.arguments[i], row, text);
    }
    text += ']';
    return {};
  });
}

Result<void> append_key(const Column& column, size_t row, std::string& out) {
  std::string text;
  type::append_text(column.type, column.datum(row), text);
  type::append_json_string(text, out);
  return {};
}

Result<Column> build_object(const KernelInput& input) {
  if (input.arguments.size() % 2 != 0) {
    return Error(ErrorCode::kInvalidParameterValue,
                 "argument list must have even number of elements")
        .with_hint("The arguments must consist of alternating keys and values.");
  }
  return make_documents(input, [&](size_t row, std::string& text) -> Result<void> {
    text = "{";
    for (size_t i = 0; i < input.arguments.size(); i += 2) {
      if (i > 0) text += ", ";
      if (input.arguments[i].is_null(row)) {
        return Error(ErrorCode::kInvalidParameterValue,
                     "argument " + std::to_string(i + 1) + " cannot be null")
            .with_hint("Object keys should be text.");
      }
      TRY(append_key(input.arguments[i], row, text));
      text += " : ";
      append_cell(input.arguments[i + 1], row, text);
    }
    text += '}';
    return {};
  });
}

// ---- Aggregates ----

// The members of each group's array or object so far.
template <bool object>
class JsonState final : public AggregateState {
 public:
  explicit JsonState(const AggregateSpec& spec) : result_(spec.result) {}
  void resize(size_t groups) override { groups_.resize(groups); }
  Result<void> add(std::span<const Column> arguments, const uint32_t* groups,
                   size_t rows) override {
    if (groups == nullptr && groups_.empty()) groups_.resize(1);
    for (size_t row = 0; row < rows; ++row) {
      Group& group = groups_[groups == nullptr ? 0 : groups[row]];
      const size_t before = group.text.size();
      if (group.found) group.text += ", ";
      if (group.found && !object && type::is_array(arguments[0].type.id)) group.text += "\n ";
      group.found = true;
      if constexpr (object) {
        if (arguments[0].is_null(row))
          return Error(ErrorCode::kInvalidParameterValue, "field name must not be null");
        TRY(append_key(arguments[0], row, group.text));
        group.text += " : ";
        append_cell(arguments[1], row, group.text);
      } else {
        append_cell(arguments[0], row, group.text);
      }
      heap_bytes_ += group.text.size() - before;
      if (group.text.size() > kValueBytesMax)
        return Error(ErrorCode::kProgramLimit, "requested length too large");
    }
    return {};
  }
  Result<void> merge(const AggregateState& other, const uint32_t* group_map) override {
    const auto& from = static_cast<const JsonState&>(other);
    for (size_t g = 0; g < from.groups_.size(); ++g) {
      if (!from.groups_[g].found) continue;
      Group& group = groups_[group_map[g]];
      if (group.found) group.text += ", ";
      group.found = true;
      group.text += from.groups_[g].text;
      heap_bytes_ += from.groups_[g].text.size();
    }
    return {};
  }
  Result<Column> finish() const override {
    ColumnBuilder out(result_, groups_.size());
    for (const Group& group : groups_) {
      if (!group.found) {
        out.append_null();
        continue;
      }
      TRY_ASSIGN(const std::string document,
                 as_type(result_, object ? "{ " + group.text + " }" : "[" + group.text + "]"));
      out.append_string(document);
    }
    return out.finish();
  }
  size_t memory_bytes() const override { return groups_.capacity() * sizeof(Group) + heap_bytes_; }

 private:
  struct Group {
    std::string text;
    bool found = false;
  };
  Type result_;
  std::vector<Group> groups_;
  size_t heap_bytes_ = 0;
};

template <bool object>
std::unique_ptr<AggregateState> make_json(const AggregateSpec& spec) {
  return std::make_unique<JsonState<object>>(spec);
}

// ---- The rows ----

using enum TypeId;

constexpr Traits kStable = {.volatility = Volatility::kStable};
constexpr Traits kOfAny = {.volatility = Volatility::kStable, .strict = false, .variadic = true};
constexpr Traits kOfNothing = {.volatility = Volatility::kStable};
constexpr Traits kByOrder = {.volatility = Volatility::kStable, .by_order = true};

constexpr Function kRows[] = {
    {3176, "to_json", {Any::kElement}, kJson, to_json, kStable},
    {3787, "to_jsonb", {Any::kElement}, kJsonb, to_json, kStable},
    {3153, "array_to_json", {Any::kArray}, kJson, to_json, kStable},
    {3198, "json_build_array", {Any::kAny}, kJson, build_array, kOfAny},
    {3199, "json_build_array", {}, kJson, build_array, kOfNothing},
    {3271, "jsonb_build_array", {Any::kAny}, kJsonb, build_array, kOfAny},
    {3272, "jsonb_build_array", {}, kJsonb, build_array, kOfNothing},
    {3200, "json_build_object", {Any::kAny}, kJson, build_object, kOfAny},
    {3201, "json_build_object", {}, kJson, build_object, kOfNothing},
    {3273, "jsonb_build_object", {Any::kAny}, kJsonb, build_object, kOfAny},
    {3274, "jsonb_build_object", {}, kJsonb, build_object, kOfNothing},
};

constexpr Function kAggregateRows[] = {
    {3175, "json_agg", {Any::kElement}, kJson, make_json<false>, kByOrder},
    {3267, "jsonb_agg", {Any::kElement}, kJsonb, make_json<false>, kByOrder},
    {3197, "json_object_agg", {Any::kAny, Any::kAny}, kJson, make_json<true>, kByOrder},
    {3270, "jsonb_object_agg", {Any::kAny, Any::kAny}, kJsonb, make_json<true>, kByOrder},
};

}  // namespace

constinit const std::span<const Function> kJsonBuildFunctions = kRows;
constinit const std::span<const Function> kJsonAggregates = kAggregateRows;

}  // namespace rowan::expr
