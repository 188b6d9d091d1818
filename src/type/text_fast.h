// The quick way from COPY's fields into rows: input text straight to a line's JSON or a key,
// without a Value. Validation, rounding and errors are those of parse_text.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "type/datetime.h"
#include "type/type.h"

namespace rowan::type {

// Appends the canonical JSON cell of input `text`. Nothing is appended on an error.
Result<void> append_json_from_text(Type type, std::string_view text, std::string& out,
                                   Moment now = {});
// Appends the encoded key of input `text`. Nothing is appended on an error.
Result<void> append_key_from_text(Type type, std::string_view text, std::string& key,
                                  Moment now = {});

// UTF-8 without NUL, as every text must be; 22021 names the bad bytes.
Result<void> check_text(std::string_view text);

}  // namespace rowan::type
