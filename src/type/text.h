// Text forms: PostgreSQL's input and output text of every type.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "type/datetime.h"
#include "type/type.h"
#include "type/value.h"

namespace rowan::type {

// Reads PostgreSQL input text. Applies the modifier (numeric rounds; varchar and char over their
// length are kStringTooLong unless only blanks are cut; char loses trailing blanks). kInvalidText
// (22P02), kNumericOutOfRange, kInvalidDatetimeFormat, kDatetimeOutOfRange,
// kUntranslatableCharacter with PostgreSQL's wording. `now` is what 'now' and 'today' mean; without
// it these are no dates.
Result<Value> parse_text(Type type, std::string_view text, Moment now = {});

// PostgreSQL's output text: booleans t/f, floats shortest round-trip, dates ISO, timestamptz in UTC
// ("+00"), bytea \x…, char(n) padded with blanks to n. Requires: not null.
std::string to_text(const Value& value);
void append_text(Type type, Datum value, std::string& out);  // As it lies in memory.

// char(n) compares without its trailing blanks.
inline std::string_view without_padding(std::string_view text) {
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

bool is_valid_utf8(std::string_view text);
size_t utf8_length(std::string_view text);  // Characters. Requires: valid.
// Whole characters of what is longer than that, and "..." behind them.
std::string clipped(std::string_view text, size_t bytes_max);

}  // namespace rowan::type
