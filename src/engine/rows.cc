#include "engine/rows.h"

#include <fmt/format.h>

#include "engine/failure.h"
#include "exec/operators.h"
#include "system/compiled_views.h"
#include "type/numeric.h"
#include "type/text.h"
#include "type/type_info.h"

namespace rowan::engine {

namespace {

using type::Physical;
using type::TypeId;

ColumnKind column_kind(TypeId id) {
  using type::Shape;
  switch (type::type_info(id).shape) {
    case Shape::kBool:
      return ColumnKind::kBool;
    case Shape::kInteger:
      return ColumnKind::kInteger;
    case Shape::kFloat:
      return ColumnKind::kFloat;
    case Shape::kNumeric:
      return ColumnKind::kNumeric;
    case Shape::kBytes:
      return ColumnKind::kBytes;
    case Shape::kDate:
      return ColumnKind::kDate;
    case Shape::kTime:
      return ColumnKind::kTime;
    case Shape::kTimestamp:
      return ColumnKind::kTimestamp;
    case Shape::kInterval:
      return ColumnKind::kInterval;
    case Shape::kUuid:
      return ColumnKind::kUuid;
    case Shape::kJson:
      return ColumnKind::kJson;
    case Shape::kText:
    case Shape::kArray:
      break;
  }
  return ColumnKind::kText;
}

// An array lies in a string that means nothing outside.
bool is_plain_string(TypeId id) {
  return type::physical(id) == Physical::kString && !type::is_array(id);
}

double as_double(TypeId id, type::Datum value) {
  switch (type::physical(id)) {
    case Physical::kInt64:
      return static_cast<double>(value.whole);
    case Physical::kDouble:
      return value.real;
    case Physical::kString:
      return type::is_number(id) ? type::numeric_to_double(value.text) : 0.0;
    case Physical::kInterval:
      break;
  }
  return 0;
}

void append_value(type::Type type, type::Datum value, Format format, std::string& out) {
  const type::TypeInfo& info = type::type_info(type.id);
  (format == Format::kText ? info.write_text : info.write_binary)(type, value, out);
}

class ResultRows : public Rows {
 public:
  ResultRows(ColumnInfos columns, ResultFacts facts)
      : columns_(std::move(columns)), facts_(std::move(facts)) {
    for (std::string& message : facts_.notices) notices_.push_back({.message = std::move(message)});
    facts_.notices.clear();
  }
  const std::vector<ColumnInfo>& columns() const override { return *columns_; }
  Format format() const override { return format_; }
  void set_format(Format format) { format_ = format; }
  const std::string& tag() const override { return facts_.tag; }
  uint64_t affected() const override { return facts_.affected; }
  const std::string& commit_id() const override { return facts_.commit_id; }
  const std::vector<Notice>& notices() const override { return notices_; }
  void add_notices(std::vector<Notice> notices) {
    notices_.insert(notices_.begin(), std::make_move_iterator(notices.begin()),
                    std::make_move_iterator(notices.end()));
  }
  std::vector<Notice> take_notices() { return std::exchange(notices_, {}); }
  virtual Result<bool> take(type::Batch& batch) = 0;

 protected:
  ColumnInfos columns_;
  ResultFacts facts_;
  std::vector<Notice> notices_;
  Format format_ = Format::kText;
};

class PointRows final : public ResultRows {
 public:
  PointRows(ColumnInfos columns, bool found, std::vector<type::Value> values)
      : ResultRows(std::move(columns), {found ? "SELECT 1" : "SELECT 0", found ? 1u : 0u, {}, {}}),
        left_(found),
        values_(std::move(values)) {}

  Outcome<bool> next() override {
    const bool row = left_;
    left_ = false;
    return row;
  }
  Result<bool> take(type::Batch& batch) override {
    batch = {};
    if (!std::exchange(left_, false)) return false;
    batch.rows = 1;
    for (const type::Value& value : values_)
      batch.columns.push_back(type::Column::of_constant(value, 1));
    return true;
  }
  bool is_null(size_t column) const override { return values_[column].is_null(); }
  int64_t get_int(size_t column) const override {
    const type::Value& value = values_[column];
    return !value.is_null() && type::physical(value.type().id) == Physical::kInt64 ? value.as_int()
                                                                                   : 0;
  }
  double get_double(size_t column) const override {
    const type::Value& value = values_[column];
    return value.is_null() ? 0 : as_double(value.type().id, value.datum());
  }
  std::string get_text(size_t column) const override {
    return values_[column].is_null() ? "" : type::to_text(values_[column]);
  }
  std::string_view get_string(size_t column) const override {
    const type::Value& value = values_[column];
    return !value.is_null() && is_plain_string(value.type().id)
               ? std::string_view(value.as_string())
               : std::string_view();
  }
  void append(size_t column, Format format, std::string& out) const override {
    const type::Value& value = values_[column];
    append_value(value.type(), value.datum(), format, out);
  }

 private:
  bool left_;
  std::vector<type::Value> values_;
};

// Walks batches, pulled or given.
class BatchRows final : public ResultRows {
 public:
  BatchRows(ColumnInfos columns, std::vector<type::Batch> batches, ResultFacts facts,
            MemoryAccount account)
      : ResultRows(std::move(columns), std::move(facts)),
        account_(std::move(account)),
        batches_(std::move(batches)) {}
  BatchRows(ColumnInfos columns, std::function<Result<bool>(type::Batch&)> pull)
      : ResultRows(std::move(columns), {"SELECT 0", 0, {}, {}}),
        account_(nullptr),
        pull_(std::move(pull)) {}

  Outcome<bool> next() override {
    if (++row_ < current_.rows) return true;
    return guarded([&] { return next_batch(); });
  }
  Result<bool> take(type::Batch& batch) override {
    if (pull_) return pull_(batch);
    if (next_batch_ == batches_.size()) return false;
    batch = std::move(batches_[next_batch_++]);
    return true;
  }
  bool is_null(size_t column) const override { return current_.columns[column].is_null(row_); }
  int64_t get_int(size_t i) const override {
    const type::Column& column = current_.columns[i];
    return type::physical(column.type.id) == Physical::kInt64 ? column.ints()[column.index(row_)]
                                                              : 0;
  }
  double get_double(size_t i) const override {
    const type::Column& column = current_.columns[i];
    return column.is_null(row_) ? 0 : as_double(column.type.id, column.datum(row_));
  }
  std::string get_text(size_t i) const override {
    const type::Column& column = current_.columns[i];
    std::string out;
    if (column.is_null(row_)) return out;
    type::append_text(column.type, column.datum(row_), out);
    return out;
  }
  std::string_view get_string(size_t i) const override {
    const type::Column& column = current_.columns[i];
    return is_plain_string(column.type.id) && !column.is_null(row_)
               ? column.strings()[column.index(row_)]
               : std::string_view();
  }
  void append(size_t i, Format format, std::string& out) const override {
    const type::Column& column = current_.columns[i];
    append_value(column.type, column.datum(row_), format, out);
  }

 private:
  Outcome<bool> next_batch() {
    for (;;) {
      if (done_) {
        row_ = current_.rows;
        return false;
      }
      seen_ += current_.rows;
      current_ = {};
      if (pull_) {
        bool more = false;
        try {
          auto pulled = pull_(current_);
          if (!pulled) {
            finish();
            return to_failure(pulled.error());
          }
          more = *pulled;
        } catch (...) {
          finish();
          throw;
        }
        if (!more) finish();
      } else if (next_batch_ < batches_.size()) {
        current_ = std::move(batches_[next_batch_++]);
      } else {
        done_ = true;
      }
      if (!done_ && current_.rows > 0) {
        row_ = 0;
        return true;
      }
    }
  }

  void finish() {
    done_ = true;
    current_ = {};
    pull_ = nullptr;
    facts_.affected = seen_;
    ends_well([&] { facts_.tag = fmt::format("SELECT {}", seen_); });
  }

  MemoryAccount account_;
  std::vector<type::Batch> batches_;
  size_t next_batch_ = 0;
  std::function<Result<bool>(type::Batch&)> pull_;
  type::Batch current_;
  size_t row_ = static_cast<size_t>(-1);  // Before the first row: ++row_ is 0.
  uint64_t seen_ = 0;
  bool done_ = false;
};

}  // namespace

void add_notices(Rows& rows, std::vector<Notice> notices) {
  static_cast<ResultRows&>(rows).add_notices(std::move(notices));
}

void set_format(Rows& rows, Format format) { static_cast<ResultRows&>(rows).set_format(format); }

std::vector<Notice> take_notices(Rows& rows) {
  return static_cast<ResultRows&>(rows).take_notices();
}

Result<bool> take_batch(Rows& rows, type::Batch& batch) {
  return static_cast<ResultRows&>(rows).take(batch);
}

int32_t postgres_modifier(type::Type type) {
  constexpr int32_t kLengthBytes = 4;  // PostgreSQL counts a value's own length along.
  if (type.modifier < 0) return -1;
  switch (type::is_array(type.id) ? type::element_of(type.id) : type.id) {
    case TypeId::kVarchar:
    case TypeId::kChar:
      return type.modifier + kLengthBytes;
    case TypeId::kNumeric:
      return (type.numeric_precision() << 16 | (type.numeric_scale() & 0x7ff)) + kLengthBytes;
    default:
      return type.modifier;
  }
}

ColumnInfos column_infos(const std::vector<plan::OutputColumn>& outputs) {
  auto infos = std::make_shared<std::vector<ColumnInfo>>();
  const plan::RelationName* relation = nullptr;
  uint32_t relation_oid = 0;
  for (const plan::OutputColumn& output : outputs) {
    const type::Type shown =
        output.type.id == TypeId::kUnknown ? type::Type{TypeId::kText} : output.type;
    const type::TypeInfo& info = type::type_info(shown.id);
    infos->push_back({output.name, type::type_name(shown), column_kind(shown.id), info.oid,
                      postgres_modifier(shown), info.length});
    if (output.relation == nullptr) continue;
    if (output.relation.get() != relation) {
      relation = output.relation.get();
      relation_oid = static_cast<uint32_t>(system::oid_of_relation(relation->schema, relation->name));
    }
    infos->back().table_oid = relation_oid;
    infos->back().table_column = static_cast<int16_t>(output.number);
  }
  return infos;
}

ColumnInfos no_columns() {
  static const ColumnInfos none = std::make_shared<const std::vector<ColumnInfo>>();
  return none;
}

std::unique_ptr<Rows> make_point_rows(ColumnInfos columns, bool found,
                                      std::vector<type::Value> values) {
  return std::make_unique<PointRows>(std::move(columns), found, std::move(values));
}
std::unique_ptr<Rows> make_batch_rows(ColumnInfos columns, std::vector<type::Batch> batches,
                                      ResultFacts facts, MemoryAccount account) {
  return std::make_unique<BatchRows>(std::move(columns), std::move(batches), std::move(facts),
                                     std::move(account));
}
Result<std::unique_ptr<Rows>> make_counted_rows(ColumnInfos columns,
                                                std::vector<type::Batch> batches,
                                                ResultFacts facts, MemoryBudget& memory) {
  MemoryAccount account(&memory);
  for (const type::Batch& batch : batches) TRY(account.add(exec::batch_bytes(batch)));
  return make_batch_rows(std::move(columns), std::move(batches), std::move(facts),
                         std::move(account));
}
std::unique_ptr<Rows> make_stream_rows(ColumnInfos columns,
                                       std::function<Result<bool>(type::Batch&)> pull) {
  return std::make_unique<BatchRows>(std::move(columns), std::move(pull));
}

Failure to_failure(const Error& error) {
  Failure made;
  made.sqlstate = sqlstate(error.code());
  made.message = error.message();
  made.detail = error.detail();
  made.hint = error.hint();
  made.position = error.position();
  made.retryable = is_retryable(error.code());
  made.context = error.context();
  const ErrorObject& object = error.object();
  made.schema = object.schema;
  made.table = object.table;
  made.column = object.column;
  made.data_type = object.data_type;
  made.constraint = object.constraint;
  return made;
}

Error to_error(const Failure& failure) {
  // The user's own source and sink: a read that was cancelled stays that, whatever else fails is
  // input and output.
  const ErrorCode code = failure.sqlstate == sqlstate(ErrorCode::kQueryCanceled)
                             ? ErrorCode::kQueryCanceled
                             : ErrorCode::kIoError;
  return Error(code, failure.message).with_detail(failure.detail).with_hint(failure.hint);
}

}  // namespace rowan::engine
