// Proves: the fixed hashes keep their values, ids and hex text round-trip, errors carry their
// SQLSTATE.
#include <doctest/doctest.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/oid.h"
#include "base/result.h"

namespace rowan {

TEST_CASE("hash64 is fixed by the format") {
  CHECK(hash64("") == hash64("", 0));
  CHECK(hash64("a") != hash64("a", 1));
  CHECK(to_hex(Bytes(
            reinterpret_cast<const char*>(sha1("blob 0", std::string_view("\0", 1)).data()), 20)) ==
        "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
}

TEST_CASE("an id reads back from its text") {
  const auto id = Oid::parse("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  REQUIRE(id.has_value());
  CHECK(id->hex() == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  CHECK_FALSE(Oid::parse("e69d").has_value());
  CHECK_FALSE(Oid::parse("x69de29bb2d1d6434b8b29ae775ad8c2e48c5391").has_value());
}

TEST_CASE("an error keeps its code, hint and position") {
  const Error error =
      Error(ErrorCode::kUniqueViolation, "duplicate").with_hint("another key").at(7);
  CHECK(sqlstate(error.code()) == "23505");
  CHECK(error.hint() == "another key");
  CHECK(error.position() == 7);
}

}  // namespace rowan
