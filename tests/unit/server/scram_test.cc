// SCRAM-SHA-256 against the vector of RFC 7677, PostgreSQL's form of a verifier, and what is no
// message of it.
#include <doctest/doctest.h>

#include <string>

#include "server/auth/base64.h"
#include "server/auth/scram.h"

namespace rowan::server::auth {
namespace {

// RFC 7677, section 3.
constexpr std::string_view kServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr std::string_view kClientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view kServerFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr std::string_view kClientFinal =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr std::string_view kServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

ScramVerifier verifier() {
  auto made = ScramVerifier::make("pencil", *from_base64("W22ZaJ0SNY7soEsUEjb6gQ=="));
  REQUIRE(made.has_value());
  return *made;
}

TEST_CASE("the exchange of RFC 7677") {
  const ScramVerifier known = verifier();
  ScramExchange exchange(known, std::string(kServerNonce));
  const auto first = exchange.answer_first(kClientFirst);
  REQUIRE(first.has_value());
  CHECK(*first == kServerFirst);
  const auto last = exchange.answer_final(kClientFinal);
  REQUIRE(last.has_value());
  REQUIRE(last->has_value());
  CHECK(**last == kServerFinal);
}

TEST_CASE("a wrong proof is no entry, and a message with any byte changed neither") {
  const ScramVerifier known = verifier();
  std::string final(kClientFinal);
  for (size_t i = 0; i < final.size(); ++i) {
    CAPTURE(i);
    std::string changed = final;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    ScramExchange exchange(known, std::string(kServerNonce));
    REQUIRE(exchange.answer_first(kClientFirst).has_value());
    const auto last = exchange.answer_final(changed);
    CHECK((!last.has_value() || !last->has_value()));
  }
  for (size_t size = 0; size < final.size(); ++size) {
    CAPTURE(size);
    ScramExchange exchange(known, std::string(kServerNonce));
    REQUIRE(exchange.answer_first(kClientFirst).has_value());
    const auto last = exchange.answer_final(final.substr(0, size));
    CHECK((!last.has_value() || !last->has_value()));
  }
}

TEST_CASE("first messages that are none, or ask for what there is not") {
  const ScramVerifier known = verifier();
  for (const char* first :
       {"", "n", "n,", "n,,", "x,,n=u,r=abc", "p=tls-server-end-point,,n=u,r=abc",
        "n,a=other,n=u,r=abc", "n,,m=x,n=u,r=abc", "n,,n=u", "n,,n=u,r=", "n,,r=abc",
        "n,,n=u,r=a\x01", "nn=u,r=abc"}) {
    CAPTURE(first);
    CHECK_FALSE(ScramExchange(known, "abc").answer_first(first).has_value());
  }
  CHECK(ScramExchange(known, "abc").answer_first("y,,n=,r=abc").has_value());
}

TEST_CASE("a verifier in PostgreSQL's form reads back; others are refused") {
  const ScramVerifier known = verifier();
  const std::string text = known.text();
  CHECK(text.starts_with("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"));
  const auto read = ScramVerifier::parse(text);
  REQUIRE(read.has_value());
  CHECK(read->stored_key == known.stored_key);
  CHECK(read->server_key == known.server_key);
  for (size_t size = 0; size < text.size(); ++size)
    CHECK_FALSE(ScramVerifier::parse(text.substr(0, size)).has_value());
  CHECK_FALSE(ScramVerifier::parse("SCRAM-SHA-256$0:AAAA$AAAA:AAAA").has_value());
  CHECK_FALSE(ScramVerifier::parse("md5abcdef").has_value());
}

TEST_CASE("base64 has one spelling") {
  for (const std::string& bytes : {std::string(), std::string("a"), std::string("ab"),
                                   std::string("abc"), std::string("\0\xff\x7f\x80", 4)}) {
    const auto back = from_base64(to_base64(bytes));
    REQUIRE(back.has_value());
    CHECK(*back == bytes);
  }
  for (const char* bad :
       {"a", "ab", "abc", "a===", "====", "ab=c", "YR==", "YWI=YWI=", "!aaa", "YWJ="})
    CHECK_FALSE(from_base64(bad).has_value());
}

}  // namespace
}  // namespace rowan::server::auth
