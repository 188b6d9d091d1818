#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/ensure.h"
#include "type/datetime.h"
#include "type/line_scan.h"
#include "type/row_codec.h"

namespace rowan::type {

namespace {

constexpr uint64_t kRepeatedRowsMax = uint64_t{1} << 28;  // Equal rows without a key, in one batch,
constexpr uint64_t kRepeatedBytesMax = 512u << 20;        // and what their columns take.

constexpr std::array<double, 23> kExactPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// A short decimal is an exact integer divided by an exact power of ten: one rounding, so the result
// is the nearest double. Longer ones and exponents go through from_chars. Advances p; false when
// there is no number.
bool read_line_double(const char*& p, const char* end, double& value) {
  const char* at = p;
  const bool negative = at < end && *at == '-';
  at += negative ? 1 : 0;
  const char* const first = at;
  uint64_t digits = 0;
  while (at < end && is_digit(*at)) {
    digits = digits * 10 + static_cast<uint64_t>(*at++ - '0');
  }
  auto count = at - first;
  if (count == 0 || (*first == '0' && count > 1)) {
    return false;
  }
  long scale = 0;
  if (at < end && *at == '.') {
    const char* const fraction = ++at;
    while (at < end && is_digit(*at)) {
      digits = digits * 10 + static_cast<uint64_t>(*at++ - '0');
    }
    scale = at - fraction;
    count += scale;
    if (scale == 0) {
      return false;
    }
  }
  if (count <= 15 && at < end && *at != 'e' && *at != 'E') [[likely]] {
    const double magnitude = static_cast<double>(digits) / kExactPowers[static_cast<size_t>(scale)];
    value = negative ? -magnitude : magnitude;
    p = at;
    return true;
  }
  const auto [stop, error] = std::from_chars(p, end, value);
  if (error != std::errc()) {
    return false;
  }
  p = stop;
  return true;
}

bool is_uuid(const char* p) {
  for (size_t i = 0; i < 36; ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? p[i] != '-' : !(is_digit(p[i]) || (p[i] >= 'a' && p[i] <= 'f'))) {
      return false;
    }
  }
  return true;
}

// One slot on the way through a line.
struct Target {
  Type type;
  bool dropped = false;  // Reads as NULL.
  Value absent;
  ColumnBuilder* column = nullptr;  // nullptr: skip it.
  std::vector<int64_t>* ints = nullptr;
  std::vector<double>* doubles = nullptr;
  std::vector<std::string_view>* strings = nullptr;
  std::vector<uint8_t>* nulls = nullptr;
  int64_t least = 0;  // Bounds of integers.
  int64_t most = 0;

  void not_null() {
    if (!nulls->empty()) [[unlikely]] {
      nulls->push_back(0);
    }
  }
  void bind() {
    ints = &column->ints();
    doubles = &column->doubles();
    strings = &column->strings();
    nulls = &column->nulls();
  }
};

}  // namespace

struct LineDecoder::State {
  const LargeReader* large = nullptr;
  bool counted = false;
  size_t slot_count = 0;                 // Of the layout: more elements than that are damage.
  std::vector<Target> targets;           // Slots 0 to the last one wanted.
  std::vector<ColumnBuilder> builders;   // One a distinct slot wanted.
  std::vector<size_t> column_of_wanted;  // Index into builders, in the caller's order.
  size_t rows = 0;
  size_t row_bytes = 0;   // One row's cells in memory.
  uint64_t repeated = 0;  // Of `rows`, those that no line of their own stands for.

  // The rare cases: NULLs, escapes, special values, out-of-line values. Advances p; an Error when
  // malformed.
  Result<void> add_slowly(Target& target, const char*& p, const char* end);
  // Returns false when the element needs add_slowly; p is then unmoved.
  bool add_quickly(Target& target, const char*& p, const char* end);
  void repeat_last(uint64_t times);
  Result<void> repeat_line(uint64_t times);
  Result<const char*> add_line(const char* p, const char* end);
  Result<const char*> finish_line(const char* p, const char* end, bool closed, const char* line);
};

bool LineDecoder::State::add_quickly(Target& target, const char*& p, const char* end) {
  switch (target.type.id) {
    case TypeId::kInt2:
    case TypeId::kInt4:
    case TypeId::kInt8: {
      const char* at = p;
      int64_t value = 0;
      if (!read_line_integer(at, end, value) || value < target.least || value > target.most) {
        return false;
      }
      target.ints->push_back(value);
      p = at;
      break;
    }
    case TypeId::kFloat8: {
      double value = 0;
      if (*p == '"' || *p == 'n' || !read_line_double(p, end, value)) {
        return false;
      }
      target.doubles->push_back(value);
      break;
    }
    case TypeId::kFloat4: {
      float value = 0;
      const auto [stop, error] = std::from_chars(p, end, value);
      if (error != std::errc() || !(is_digit(*p) || *p == '-') || !is_digit(stop[-1])) {
        return false;
      }
      target.doubles->push_back(value);
      p = stop;
      break;
    }
    case TypeId::kUuid: {
      if (end - p < 38 || p[0] != '"' || p[37] != '"' || !is_uuid(p + 1)) {
        return false;
      }
      target.strings->emplace_back(p + 1, 36);
      p += 38;
      break;
    }
    case TypeId::kNumeric: {
      const char* stop = skip_line_numeric(p, end);
      if (stop == nullptr || *stop == 'e' || *stop == 'E') {
        return false;
      }
      target.strings->emplace_back(p, static_cast<size_t>(stop - p));
      p = stop;
      break;
    }
    case TypeId::kText:
    case TypeId::kVarchar:
    case TypeId::kChar:
    case TypeId::kJson: {
      if (*p != '"') {
        return false;
      }
      const char* stop = find_string_stop(p + 1, end);
      if (stop == end || *stop != '"') {
        return false;
      }
      target.strings->emplace_back(p + 1, static_cast<size_t>(stop - p - 1));
      p = stop + 1;
      break;
    }
    case TypeId::kDate: {
      int64_t days = 0;
      if (end - p < 12 || p[0] != '"' || p[11] != '"' || !read_plain_date(p + 1, days)) {
        return false;
      }
      target.ints->push_back(days);
      p += 12;
      break;
    }
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz: {
      const char* stop = *p == '"' ? find_string_stop(p + 1, end) : end;
      if (stop == end || *stop != '"') {
        return false;
      }
      const std::string_view text(p + 1, static_cast<size_t>(stop - p - 1));
      int64_t micros = 0;
      const bool plain = target.type.id == TypeId::kTime
                             ? read_plain_time(text, micros)
                             : read_plain_timestamp(target.type.id, text, micros);
      if (!plain) {
        return false;
      }
      target.ints->push_back(micros);
      p = stop + 1;
      break;
    }
    case TypeId::kBool: {
      const bool is_true = end - p >= 4 && std::memcmp(p, "true", 4) == 0;
      if (!is_true && (end - p < 5 || std::memcmp(p, "false", 5) != 0)) {
        return false;
      }
      target.ints->push_back(is_true ? 1 : 0);
      p += is_true ? 4 : 5;
      break;
    }
    default:
      return false;
  }
  target.not_null();
  return true;
}

Result<void> LineDecoder::State::add_slowly(Target& target, const char*& p, const char* end) {
  const char* stop = skip_element(p, end);
  if (stop == nullptr) {
    return damaged_line({p, static_cast<size_t>(end - p)});
  }
  const Bytes element(p, static_cast<size_t>(stop - p));
  p = stop;
  if (element == "null" || target.dropped) {
    target.column->append_null();
    return {};
  }
  if (const auto ref = large_ref(element)) {
    TRY_ASSIGN(std::string bytes, large->read_large(*ref));
    if (bytes.size() != ref->bytes) {
      return damaged_line(element);
    }
    TRY_ASSIGN(const Value value, value_from_large(target.type, std::move(bytes)));
    target.column->append(value);
    return {};
  }
  TRY_ASSIGN(const Value value, decode_element(target.type, element));
  target.column->append(value);
  return {};
}

void LineDecoder::State::repeat_last(uint64_t times) {
  for (Target& target : targets) {
    if (target.column == nullptr) {
      continue;
    }
    const auto repeat = [times](auto& array) {
      const auto last = array.back();
      array.insert(array.end(), times, last);
    };
    with_cell(physical(target.type.id),
              [&]<typename T>() { repeat(target.column->template cells<T>()); });
    if (!target.nulls->empty()) {
      repeat(*target.nulls);
    }
  }
}

// A line of a few bytes, which may come from anybody, can claim any number of rows: what they take
// in memory is bounded.
Result<void> LineDecoder::State::repeat_line(uint64_t times) {
  const uint64_t rows_max =
      std::min<uint64_t>(kRepeatedRowsMax, kRepeatedBytesMax / std::max<size_t>(row_bytes, 1));
  if (times > rows_max - std::min(repeated, rows_max)) {
    return Error(ErrorCode::kProgramLimit, "too many equal rows to be read at once")
        .with_detail(
            "A table without a primary key stores equal rows as one line with their number, and a "
            "line has " +
            std::to_string(times + 1) + ".")
        .with_hint("Give the table a primary key, or select fewer columns.");
  }
  repeated += times;
  repeat_last(times);
  return {};
}

// Behind the last slot of interest: the rest of the line is passed over without being decoded.
Result<const char*> LineDecoder::State::finish_line(const char* p, const char* end, bool closed,
                                                    const char* line) {
  if (closed) {
    if (*p != '\n') {
      return damaged_line({line, static_cast<size_t>(end - line)});
    }
    return p + 1;
  }
  const auto newline = static_cast<const char*>(std::memchr(p, '\n', static_cast<size_t>(end - p)));
  const bool may_go_on = targets.size() < slot_count || slot_count == 0;
  if (newline == nullptr || newline == p || newline[-1] != ']' || !may_go_on) {
    return damaged_line({line, static_cast<size_t>(end - line)});
  }
  return newline + 1;
}

// Requires: the text ends with a newline, which no element can contain; so every read stays inside.
Result<const char*> LineDecoder::State::add_line(const char* p, const char* end) {
  const char* const line = p;
  const auto damaged = [&] { return damaged_line({line, static_cast<size_t>(end - line)}); };
  if (*p++ != '[') {
    return damaged();
  }
  int64_t count = 1;
  bool closed = *p == ']';
  if (counted) {
    if (!read_line_integer(p, end, count) || count < 1 || (*p != ',' && *p != ']')) {
      return damaged();
    }
    closed = *p == ']';
    p += closed ? 0 : 1;
  }
  p += closed ? 1 : 0;
  for (Target& target : targets) {
    if (closed) {
      if (target.column != nullptr) {
        target.column->append(target.absent);
      }
      continue;
    }
    if (target.column == nullptr) {
      p = skip_element(p, end);
      if (p == nullptr) {
        return damaged();
      }
    } else if (!add_quickly(target, p, end)) [[unlikely]] {
      if (auto added = add_slowly(target, p, end); !added.has_value()) {
        return added.error().code() == ErrorCode::kCorruption ? damaged()
                                                              : std::move(added).error();
      }
    }
    if (*p != ',' && *p != ']') {
      return damaged();
    }
    closed = *p++ == ']';
  }
  if (count > 1) {
    TRY(repeat_line(static_cast<uint64_t>(count) - 1));
  }
  rows += static_cast<size_t>(count);
  return finish_line(p, end, closed, line);
}

LineDecoder::LineDecoder(const RowLayout& layout, std::vector<uint16_t> slots,
                         const LargeReader& large)
    : state_(std::make_unique<State>()) {
  state_->large = &large;
  state_->counted = layout.counted;
  state_->slot_count = layout.slots.size();
  constexpr size_t kNone = static_cast<size_t>(-1);
  std::vector<size_t> builder_of(layout.slots.size(), kNone);
  size_t last = 0;
  for (const uint16_t slot : slots) {
    ENSURE(slot < layout.slots.size());
    if (builder_of[slot] == kNone) {
      builder_of[slot] = state_->builders.size();
      state_->builders.emplace_back(layout.slots[slot].type);
    }
    state_->column_of_wanted.push_back(builder_of[slot]);
    last = std::max(last, size_t{slot} + 1);
  }
  for (const ColumnBuilder& builder : state_->builders) {
    state_->row_bytes += cell_bytes(builder.type().id);
  }
  state_->targets.resize(last);
  for (size_t i = 0; i < last; ++i) {
    Target& target = state_->targets[i];
    target.type = layout.slots[i].type;
    target.dropped = layout.slots[i].dropped;
    target.absent = layout.slots[i].absent;
    if (is_integer(target.type.id)) {
      target.least = integer_min(target.type.id);
      target.most = integer_max(target.type.id);
    }
    if (builder_of[i] != kNone) {
      target.column = &state_->builders[builder_of[i]];
      target.bind();
    }
  }
}

LineDecoder::~LineDecoder() = default;

Result<void> LineDecoder::add(Bytes text, const std::shared_ptr<const void>& owner) {
  if (text.empty()) {
    return {};
  }
  if (text.back() != '\n') {
    return damaged_line(text.substr(text.rfind('\n') + 1));
  }
  for (ColumnBuilder& builder : state_->builders) {
    if (physical(builder.type().id) == Physical::kString) {
      builder.keep(owner);
    }
  }
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p < end) {
    TRY_ASSIGN(p, state_->add_line(p, end));
  }
  return {};
}

Batch LineDecoder::finish() {
  Batch batch;
  batch.rows = state_->rows;
  state_->rows = 0;
  state_->repeated = 0;
  std::vector<Column> columns;
  columns.reserve(state_->builders.size());
  for (ColumnBuilder& builder : state_->builders) {
    columns.push_back(builder.finish());
  }
  for (Target& target : state_->targets) {
    if (target.column != nullptr) {
      target.bind();  // finish() gave the arrays away.
    }
  }
  for (const size_t index : state_->column_of_wanted) {
    batch.columns.push_back(columns[index]);
  }
  return batch;
}

}  // namespace rowan::type
