// Bytes: a borrowed run of raw bytes. It says nothing about encoding and is valid only as long as
// the buffer it points into; whoever returns one says until when that is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rowan {

using Bytes = std::string_view;

// Lower-case hexadecimal, two digits a byte.
std::string to_hex(Bytes bytes);

// The reverse of to_hex (either case). False when `hex` has an odd length or another character;
// `out` is then unspecified.
bool from_hex(std::string_view hex, std::string& out);

}  // namespace rowan
