// Reading dates and times as PostgreSQL reads them, which takes much more than it writes. The text
// is first cut into fields by its characters alone (datetime_fields); then the fields are taken from
// left to right (datetime_reader).
#include <vector>

#include "type/datetime.h"
#include "type/datetime_reader.h"

namespace rowan::type {

namespace {

std::string shown_name(TypeId id) {
  return id == TypeId::kTime        ? "time"
         : id == TypeId::kTimestamp ? "timestamp"
                                    : type_name({id, -1});
}

Error read_failure(ReadStatus status, TypeId id, std::string_view text) {
  const std::string quoted = "\"" + std::string(text) + "\"";
  switch (status) {
    case ReadStatus::kOutOfRange:
      return Error(ErrorCode::kDatetimeOutOfRange, "date/time field value out of range: " + quoted);
    case ReadStatus::kMonthDayOutOfRange:
      return Error(ErrorCode::kDatetimeOutOfRange, "date/time field value out of range: " + quoted)
          .with_hint("Perhaps you need a different \"datestyle\" setting.");
    case ReadStatus::kZoneOutOfRange:
      return Error(ErrorCode::kInvalidZoneDisplacement,
                   "time zone displacement out of range: " + quoted);
    case ReadStatus::kUnknownZone:
      return Error(ErrorCode::kFeatureNotSupported,
                   "time zones by name are not supported: " + quoted)
          .with_hint("Write its distance from UTC, as +02 or -05:30.");
    case ReadStatus::kOk:
    case ReadStatus::kBadFormat:
      break;
  }
  return Error(ErrorCode::kInvalidDatetimeFormat,
               "invalid input syntax for type " + shown_name(id) + ": " + quoted);
}

int64_t endless_value(NamedDay day, bool is_date) {
  constexpr int64_t kDays1970 = -10'957;
  switch (day) {
    case NamedDay::kEnd:
      return is_date ? kDateInfinity : kTimestampInfinity;
    case NamedDay::kBeginning:
      return is_date ? kDateMinusInfinity : kTimestampMinusInfinity;
    default:
      return is_date ? kDays1970 : kDays1970 * kMicrosPerDay;
  }
}

Result<int64_t> date_and_time_value(TypeId id, const DatetimeReader& reader,
                                    std::string_view text) {
  const std::string quoted = "\"" + std::string(text) + "\"";
  const int64_t days = reader.days();
  if (id == TypeId::kDate) {
    if (days < kDateMin || days >= kDateEnd) {
      return Error(ErrorCode::kDatetimeOutOfRange, "date out of range: " + quoted);
    }
    return days;
  }
  int64_t value = 0;
  const int64_t zone_seconds = id == TypeId::kTimestamptz ? reader.zone_seconds() : 0;
  const bool overflow = __builtin_mul_overflow(days, kMicrosPerDay, &value) ||
                        __builtin_add_overflow(value, reader.micros(), &value) ||
                        __builtin_sub_overflow(value, zone_seconds * 1'000'000, &value);
  if (overflow || value < kTimestampMin || value >= kTimestampEnd) {
    return Error(ErrorCode::kDatetimeOutOfRange, "timestamp out of range: " + quoted);
  }
  return value;
}

// What PostgreSQL keeps fields in while it reads.
size_t field_bytes_max(TypeId id) {
  constexpr size_t kTextMax = 128;
  constexpr size_t kFieldsMax = 25;
  return id == TypeId::kDate || id == TypeId::kTime ? kTextMax + 1 : kTextMax + kFieldsMax;
}

}  // namespace

Result<int64_t> parse_datetime(TypeId id, std::string_view text, Moment now) {
  int64_t plain = 0;
  if (id == TypeId::kDate && text.size() == 10 && read_plain_date(text.data(), plain)) {
    return plain;
  }
  if ((id == TypeId::kTimestamp || id == TypeId::kTimestamptz) &&
      read_plain_timestamp(id, text, plain)) {
    return plain;
  }
  std::vector<Field> fields;
  ReadStatus status = cut_fields(text, field_bytes_max(id), fields);
  const bool time_only = id == TypeId::kTime;
  DatetimeReader reader(fields, time_only, now);
  if (status == ReadStatus::kOk) {
    status = reader.read();
  }
  if (status != ReadStatus::kOk) {
    return read_failure(status, id, text);
  }
  if (time_only) {
    return reader.micros();
  }
  if (reader.is_endless()) {
    return endless_value(reader.endless(), id == TypeId::kDate);
  }
  return date_and_time_value(id, reader, text);
}

bool depends_on_now(TypeId id, std::string_view text) {
  std::vector<Field> fields;
  if (cut_fields(text, field_bytes_max(id), fields) != ReadStatus::kOk) {
    return false;
  }
  DatetimeReader reader(fields, id == TypeId::kTime, 0);
  return reader.read() == ReadStatus::kOk && reader.asked_now();
}

}  // namespace rowan::type
