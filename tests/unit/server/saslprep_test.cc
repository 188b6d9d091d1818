// SASLprep: RFC 4013's examples, what stays as it is, and random texts as libpq prepares them.
#include <doctest/doctest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "server/auth/base64.h"
#include "server/auth/saslprep.h"
#include "server/auth/scram.h"

#ifdef ROWAN_HAVE_LIBPQ
#include <libpq-fe.h>
#endif

namespace rowan::server::auth {
namespace {

TEST_CASE("passwords are prepared as RFC 4013 says, or stay as they are") {
  CHECK(prepared_password("I\u00adX") == "IX");  // A soft hyphen is nothing.
  CHECK(prepared_password("user") == "user");
  CHECK(prepared_password("USER") == "USER");
  CHECK(prepared_password("\u00aa") == "a");
  CHECK(prepared_password("\u2168") == "IX");  // Roman nine.
  CHECK(prepared_password("p\u00e4ss") == "p\u00e4ss");
  CHECK(prepared_password("pa\u0308ss") == "p\u00e4ss");
  CHECK(prepared_password("a\u00a0b\u3000c") == "a b c");
  CHECK(prepared_password("\ufdfa").size() == 33);  // One that becomes eighteen.
  CHECK(prepared_password("") == "");
  CHECK(prepared_password("\u0340") == "\u0340");  // As PostgreSQL: prohibited as it was given,
  CHECK(prepared_password("\ufb4a") == "\u05ea\u05bc");  // and all right as it was.
  for (const std::string stays :
       {"a\x07\tb", "\u00e4\x07",
        "\u0627"
        "1",
        "\xff\xfe", "\u00ad", "\ue000", "\u0221", "\xed\xa0\x80", "\xc0\xaf\u00e4"}) {
    CAPTURE(stays);
    CHECK(prepared_password(stays) == stays);
  }
}

#ifdef ROWAN_HAVE_LIBPQ
void append_utf8(std::string& out, uint32_t c) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (c >> shift & 0x3f)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | c >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string random_password(std::mt19937& random) {
  const auto below = [&](uint32_t end) { return static_cast<uint32_t>(random() % end); };
  // Where the tables have something: Latin, combining marks, Hebrew and Arabic, Hangul,
  // compatibility forms, and anything.
  constexpr std::pair<uint32_t, uint32_t> kRanges[] = {
      {0x20, 0x7f},     {0x80, 0x250},     {0x300, 0x370},     {0x590, 0x780},
      {0x1100, 0x1200}, {0x1e00, 0x2100},  {0x2100, 0x2400},   {0x3000, 0x3400},
      {0xac00, 0xac80}, {0xf900, 0x10000}, {0x1d100, 0x1d800}, {0x1, 0x110000}};
  std::string password;
  for (uint32_t left = 1 + below(6); left > 0; --left) {
    const auto [first, end] = kRanges[below(std::size(kRanges))];
    const uint32_t c = first + below(end - first);
    append_utf8(password, c);
    if (below(200) == 0) password += static_cast<char>(0x80 + below(0x80));  // No UTF-8 then.
  }
  return password;
}

// The verifier that libpq's \password would send is the one that is made here of the same password.
TEST_CASE("random passwords are prepared as libpq prepares them") {
  PGconn* connection = PQconnectStart("host=/nowhere");  // Which no talk is needed for.
  REQUIRE(connection != nullptr);
  const char* given = std::getenv("ROWAN_SEED");
  const unsigned seed =
      given != nullptr ? static_cast<unsigned>(std::atoi(given)) : std::random_device()();
  MESSAGE("seed ", seed);
  std::mt19937 random(seed);
  const char* count = std::getenv("ROWAN_PASSWORDS");
  for (int i = count != nullptr ? std::atoi(count) : 150; i > 0; --i) {
    const std::string password = random_password(random);
    char* theirs = PQencryptPasswordConn(connection, password.c_str(), "ada", "scram-sha-256");
    REQUIRE(theirs != nullptr);
    const auto verifier = ScramVerifier::parse(theirs);
    REQUIRE(verifier.has_value());
    const auto ours = ScramVerifier::make(password, verifier->salt, verifier->iterations);
    REQUIRE(ours.has_value());
    CAPTURE(password);
    CAPTURE(to_base64(password));
    CHECK(ours->text() == theirs);
    PQfreemem(theirs);
  }
  PQfinish(connection);
}
#endif

}  // namespace
}  // namespace rowan::server::auth
