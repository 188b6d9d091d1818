// The fields of a date-and-time text, cut by its characters alone. An inner part of datetime_input.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rowan::type {

enum class ReadStatus : uint8_t {
  kOk,
  kBadFormat,
  kOutOfRange,
  kMonthDayOutOfRange,
  kZoneOutOfRange,
  kUnknownZone,  // A zone by name, of which nothing is known here.
};

enum class FieldKind : uint8_t {
  kNumber,  // 2024, 101112.5
  kDate,    // 2024-01-31, and all words with punctuation inside
  kTime,    // 10:11
  kZone,    // +02:00
  kWord,
};

struct Field {
  FieldKind kind = FieldKind::kNumber;
  std::string text;  // In lower case.
};

inline bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

// `bytes_max` bounds the fields, each counted with one byte more. kOk or kBadFormat.
ReadStatus cut_fields(std::string_view text, size_t bytes_max, std::vector<Field>& fields);

}  // namespace rowan::type
