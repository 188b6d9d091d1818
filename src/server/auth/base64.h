// Base64 (RFC 4648, with padding), as SCRAM writes its parts.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace rowan::server::auth {

std::string to_base64(Bytes bytes);
// The only spelling of some bytes; nothing for anything else.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace rowan::server::auth
