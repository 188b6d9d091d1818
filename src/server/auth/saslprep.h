// SASLprep (RFC 4013) of passwords, as PostgreSQL's servers and clients apply it before SCRAM: the
// ways of writing one text become one.
#pragma once

#include <string>
#include <string_view>

namespace rowan::server::auth {

// The password in its prepared form; as it is when it has none: when it is not UTF-8, or has
// characters that SASLprep prohibits or that its Unicode (3.2) does not assign.
std::string prepared_password(std::string_view password);

}  // namespace rowan::server::auth
