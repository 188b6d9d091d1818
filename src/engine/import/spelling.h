// Lines as people and other programs write them: what they stand for, and why one is no row.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "type/row_codec.h"
#include "type/value.h"

namespace rowan::engine {

// JSON without the white space that people and editors put between its tokens.
std::string without_blanks(Bytes line);
// The beginning of a line, for a message.
std::string shown(Bytes line);
// Why a line is no row of the table, for whoever wrote it.
std::string why_no_row(const type::RowLayout& layout, Bytes text);
// What an element that people wrote stands for in its column, when nothing of it is lost there.
Result<type::Value> lenient_value(type::Type type, Bytes element);

}  // namespace rowan::engine
