// SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's side, without channel binding.
//
//   client-first   n,,n=user,r=<client nonce>
//   server-first   r=<client nonce><server nonce>,s=<salt>,i=<iterations>
//   client-final   c=<base64 of the header>,r=<both nonces>,p=<proof>
//   server-final   v=<signature>
//
// The user's name in it is not read: the start-up packet has it, as PostgreSQL does.
//
// Threads: an exchange is used by one at a time; a verifier by any.
// Errors:  kProtocolViolation for what is no SCRAM message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace rowan::server::auth {

inline constexpr std::string_view kScramMechanism = "SCRAM-SHA-256";
inline constexpr int kScramIterations = 4096;
inline constexpr size_t kScramSaltBytes = 16;
inline constexpr size_t kScramNonceBytes = 18;

// What is kept of a password, in PostgreSQL's form:
// SCRAM-SHA-256$4096:<salt>$<StoredKey>:<ServerKey>, each in base64.
struct ScramVerifier {
  int iterations = kScramIterations;
  std::string salt;
  std::string stored_key;  // 32 bytes, as is the next.
  std::string server_key;

  // Of the password as SASLprep writes it.
  static Result<ScramVerifier> make(std::string_view given, Bytes salt,
                                    int iterations = kScramIterations);
  static Result<ScramVerifier> parse(std::string_view text);
  std::string text() const;
};

Result<std::string> random_bytes(size_t size);  // Of the system's generator for secrets.

class ScramExchange {
 public:
  // `verifier` must outlive it. `nonce`: the server's, printable and without a comma.
  ScramExchange(const ScramVerifier& verifier, std::string nonce)
      : verifier_(verifier), nonce_(std::move(nonce)) {}

  Result<std::string> answer_first(std::string_view client_first);
  // Requires: answer_first() gave an answer. The server's last word when the client has shown that
  // it knows the password; nothing when it does not.
  Result<std::optional<std::string>> answer_final(std::string_view client_final);

 private:
  const ScramVerifier& verifier_;
  std::string nonce_;  // The server's, then both.
  std::string header_;
  std::string client_first_bare_;
  std::string server_first_;
};

}  // namespace rowan::server::auth
