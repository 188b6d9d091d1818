// Key codec: values as order-preserving, prefix-free, path- and case-safe text (docs/format.md,
// "Key names").
//
// memcmp order of encoded keys is the value order of PostgreSQL's btree (text by bytes). The
// encoded key is what trees sort by; its first 200 bytes name nodes.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "type/column.h"
#include "type/type.h"
#include "type/value.h"

namespace rowan::type {

// Appends one encoded value to `key`. `descending` complements every byte's rank so that the order
// turns round (indexes). NULL encodes as `z` (last; first when descending). kFeatureNotSupported
// for json and jsonb.
Result<void> append_key(const Value& value, std::string& key, bool descending = false);

// The fast form for integers, used by point statements.
void append_int_key(int64_t value, std::string& key);

// Text encoding alone, for names of schemas, tables and branches in paths: `t` … `+` left out; same
// byte rules.
std::string encode_name(std::string_view name);
Result<std::string> decode_name(
    std::string_view encoded);  // kInvalidContent when it is no encoding of a name.

}  // namespace rowan::type
