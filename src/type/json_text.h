// JSON text: checking it, jsonb's canonical form, and the string spelling of row lines.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace rowan::type {

inline constexpr int kJsonDepthMax = 1000;  // Nested arrays and objects.

Result<void> check_json(std::string_view text);  // 22P02 with PostgreSQL's wording.
Result<std::string> jsonb_from_text(
    std::string_view text);  // Canonical text as PostgreSQL prints jsonb.

// One JSON value from `p`; the place behind it, or nullptr when there is none or it nests too deep.
// Never reads at `end`.
const char* skip_json(const char* p, const char* end);

// Quoted; escapes only `"`, `\` and controls below 0x20 (\b \t \n \f \r in short, the others \u00xx
// in lower case).
void append_json_string(std::string_view text, std::string& out);
// Checks that each \u escape of checked JSON stands for text, as PostgreSQL asks where it reads
// json's strings: U+0000 is kUntranslatableCharacter, a lone surrogate kInvalidText.
Result<void> check_json_escapes(std::string_view json);
// The text of a quoted JSON string. False when it is malformed or holds U+0000 or a lone surrogate.
bool read_json_string(std::string_view quoted, std::string& out);

// Between jsonb's printed text, with blanks behind `,` and `:`, and the compact one that lines
// hold.
void append_compact_json(std::string_view jsonb, std::string& out);
void append_spaced_json(std::string_view compact, std::string& out);

}  // namespace rowan::type
