#include "server/auth/scram.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <charconv>

#include "base/hash.h"
#include "server/auth/base64.h"
#include "server/auth/saslprep.h"

namespace rowan::server::auth {

namespace {

constexpr size_t kKeyBytes = 32;
constexpr int kIterationsMax = 10'000'000;

Error malformed(std::string_view detail) {
  return Error(ErrorCode::kProtocolViolation, "malformed SCRAM message")
      .with_detail(std::string(detail));
}

Error unusable(std::string_view what) {
  return Error(ErrorCode::kInternal, fmt::format("OpenSSL could not {}", what));
}

Result<std::string> hmac(std::string_view key, Bytes message) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(message.data()), message.size(), out,
             &size) == nullptr)
    return unusable("make an HMAC");
  return std::string(reinterpret_cast<const char*>(out), size);
}

std::string hashed(Bytes bytes) {
  const auto digest = sha256(bytes);
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// Takes "<name>=<value>" and the comma behind it from the front.
Result<std::string_view> take_attribute(std::string_view& text, char name) {
  if (text.size() < 2 || text[0] != name || text[1] != '=')
    return malformed(fmt::format("Attribute \"{}\" was expected.", name));
  const size_t comma = std::min(text.find(','), text.size());
  const std::string_view value = text.substr(2, comma - 2);
  text.remove_prefix(std::min(comma + 1, text.size()));
  return value;
}

bool is_printable(std::string_view nonce) {
  for (const char c : nonce) {
    if (c < 0x21 || c > 0x7e || c == ',') return false;
  }
  return !nonce.empty();
}

}  // namespace

Result<std::string> random_bytes(size_t size) {
  std::string bytes(size, '\0');
  if (::RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) != 1)
    return unusable("give random bytes");
  return bytes;
}

Result<ScramVerifier> ScramVerifier::make(std::string_view given, Bytes salt, int iterations) {
  std::string password = prepared_password(given);
  std::string salted(kKeyBytes, '\0');
  if (::PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                          reinterpret_cast<const unsigned char*>(salt.data()),
                          static_cast<int>(salt.size()), iterations, EVP_sha256(),
                          static_cast<int>(kKeyBytes),
                          reinterpret_cast<unsigned char*>(salted.data())) != 1)
    return unusable("derive a key");
  TRY_ASSIGN(const std::string client_key, hmac(salted, "Client Key"));
  TRY_ASSIGN(std::string server_key, hmac(salted, "Server Key"));
  ::OPENSSL_cleanse(salted.data(), salted.size());
  ::OPENSSL_cleanse(password.data(), password.size());
  return ScramVerifier{iterations, std::string(salt), hashed(client_key), std::move(server_key)};
}

Result<ScramVerifier> ScramVerifier::parse(std::string_view text) {
  const Error bad(ErrorCode::kInvalidParameterValue, "this is no SCRAM-SHA-256 verifier");
  const std::string prefix = std::string(kScramMechanism) + "$";
  if (!text.starts_with(prefix)) return bad;
  text.remove_prefix(prefix.size());
  const size_t salt_at = text.find(':');
  const size_t keys_at = text.find('$');
  const size_t server_at = text.find(':', std::min(keys_at, text.size()));
  if (salt_at == std::string_view::npos || keys_at == std::string_view::npos ||
      server_at == std::string_view::npos || salt_at > keys_at)
    return bad;
  ScramVerifier verifier;
  const auto [end, problem] =
      std::from_chars(text.data(), text.data() + salt_at, verifier.iterations);
  const auto salt = from_base64(text.substr(salt_at + 1, keys_at - salt_at - 1));
  const auto stored = from_base64(text.substr(keys_at + 1, server_at - keys_at - 1));
  const auto server = from_base64(text.substr(server_at + 1));
  if (problem != std::errc() || end != text.data() + salt_at || verifier.iterations < 1 ||
      verifier.iterations > kIterationsMax || !salt || salt->empty() || !stored ||
      stored->size() != kKeyBytes || !server || server->size() != kKeyBytes)
    return bad;
  verifier.salt = *salt;
  verifier.stored_key = *stored;
  verifier.server_key = *server;
  return verifier;
}

std::string ScramVerifier::text() const {
  return fmt::format("{}${}:{}${}:{}", kScramMechanism, iterations, to_base64(salt),
                     to_base64(stored_key), to_base64(server_key));
}

Result<std::string> ScramExchange::answer_first(std::string_view client_first) {
  // The header: channel binding, and on whose behalf.
  if (client_first.size() < 2) return malformed("The message is empty.");
  const char binding = client_first[0];
  if (binding == 'p')
    return malformed("The client asks for channel binding, which was not offered.");
  if ((binding != 'n' && binding != 'y') || client_first[1] != ',')
    return malformed("The channel binding flag is not known.");
  const size_t header_end = client_first.find(',', 2);
  if (header_end == std::string_view::npos) return malformed("The header does not end.");
  if (header_end != 2)
    return malformed("The client asks to act as somebody else, which is not supported.");
  header_ = client_first.substr(0, header_end + 1);
  std::string_view rest = client_first.substr(header_end + 1);
  client_first_bare_ = rest;
  if (rest.starts_with("m=")) return malformed("The client needs an extension.");
  TRY(take_attribute(rest, 'n'));
  TRY_ASSIGN(const std::string_view client_nonce, take_attribute(rest, 'r'));
  if (!is_printable(client_nonce)) return malformed("The nonce has characters that it must not.");
  nonce_ = std::string(client_nonce) + nonce_;
  server_first_ =
      fmt::format("r={},s={},i={}", nonce_, to_base64(verifier_.salt), verifier_.iterations);
  return server_first_;
}

Result<std::optional<std::string>> ScramExchange::answer_final(std::string_view client_final) {
  std::string_view rest = client_final;
  TRY_ASSIGN(const std::string_view binding, take_attribute(rest, 'c'));
  if (from_base64(binding) != header_) return malformed("The channel binding does not match.");
  TRY_ASSIGN(const std::string_view nonce, take_attribute(rest, 'r'));
  if (nonce != nonce_) return malformed("The nonce does not match.");
  while (!rest.empty() && !rest.starts_with("p=")) {  // Extensions, which may be passed over.
    const size_t comma = rest.find(',');
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
  const auto proof_at = static_cast<size_t>(rest.data() - client_final.data());
  TRY_ASSIGN(const std::string_view proof_text, take_attribute(rest, 'p'));
  const auto proof = from_base64(proof_text);
  if (!proof || proof->size() != kKeyBytes || !rest.empty() || proof_at == 0)
    return malformed("The proof is malformed.");
  const std::string message = fmt::format("{},{},{}", client_first_bare_, server_first_,
                                          client_final.substr(0, proof_at - 1));
  TRY_ASSIGN(const std::string signature, hmac(verifier_.stored_key, message));
  std::string client_key(kKeyBytes, '\0');
  for (size_t i = 0; i < kKeyBytes; ++i)
    client_key[i] = static_cast<char>((*proof)[i] ^ signature[i]);
  const std::string stored_key = hashed(client_key);
  if (::CRYPTO_memcmp(stored_key.data(), verifier_.stored_key.data(), kKeyBytes) != 0)
    return std::optional<std::string>();
  TRY_ASSIGN(const std::string server_signature, hmac(verifier_.server_key, message));
  return std::optional<std::string>("v=" + to_base64(server_signature));
}

}  // namespace rowan::server::auth
