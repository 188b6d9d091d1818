// Proves: pending objects are found before and after moves and de-duplicated; the in-memory store
// moves refs by compare-and-swap, all or none, and reads back what was appended.
#include "store/memory_store.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "store/node_cache.h"

namespace rowan::store {

TEST_CASE("ids are Git's") {
  CHECK(hash_object(ObjectType::kBlob, "").hex() == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  CHECK(hash_object(ObjectType::kTree, "").hex() == "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
  CHECK(hash_object(ObjectType::kBlob, "hello\n").hex() ==
        "ce013625030ba8dba906f756967f9e9ca394464a");
}

TEST_CASE("pending objects: few or many, moved or copied") {
  const auto store = make_memory_store();
  PendingObjects pending(*store);
  std::vector<Oid> ids;
  size_t bytes = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string text = "object " + std::to_string(i);
    ids.push_back(pending.add(ObjectType::kBlob, text, i > 0 ? ids.back() : Oid{}));
    bytes += text.size();
    CHECK(pending.add(ObjectType::kBlob, text) == ids.back());
  }
  CHECK(pending.entries().size() == 300);
  CHECK(pending.bytes() == bytes);
  CHECK(pending.entries()[5].previous == ids[4]);

  PendingObjects above(static_cast<const ObjectReader&>(pending));  // Reads through, adds its own.
  const Oid other = above.add(ObjectType::kTree, "");
  for (int i = 0; i < 300; ++i) {
    const auto object = above.read(ids[i]);
    REQUIRE(object);
    CHECK(object->bytes == "object " + std::to_string(i));
  }
  CHECK(above.read(other));
  CHECK_FALSE(pending.read(other));
  const auto kept = *pending.read(ids[0]);
  pending.clear();
  CHECK(pending.bytes() == 0);
  CHECK_FALSE(pending.read(ids[0]));
  CHECK(kept.bytes == "object 0");
}

TEST_CASE("refs move by compare-and-swap, all or none") {
  const auto store = make_memory_store();
  PendingObjects pending(*store);
  const Oid a = pending.add(ObjectType::kBlob, "a");
  const Oid b = pending.add(ObjectType::kBlob, "b");
  const Oid unused = pending.add(ObjectType::kBlob, "given up");
  const auto first = store->append(pending, {{"refs/heads/main", {}, a}, {"refs/heads/b", {}, b}});
  REQUIRE(first);
  CHECK(*first == 1);
  CHECK(store->wait_durable(*first));
  CHECK(store->durable_sequence() == 1);
  CHECK(store->ref("refs/heads/main") == a);
  CHECK((*store->read(b)).bytes == "b");
  CHECK(store->contains(a));
  CHECK_FALSE(store->contains(unused));

  const PendingObjects none(*store);
  const auto lost = store->append(none, {{"refs/heads/new", {}, a}, {"refs/heads/main", b, a}});
  REQUIRE_FALSE(lost);
  CHECK(lost.error().code() == ErrorCode::kSerializationFailure);
  CHECK_FALSE(store->ref("refs/heads/new"));
  REQUIRE(store->append(none, {{"refs/heads/new", {}, b}, {"refs/tags/v1", {}, a}}));
  const auto heads = store->refs("refs/heads/");
  REQUIRE(heads.size() == 3);
  CHECK(heads[1].name == "refs/heads/main");
  CHECK(heads[2].value == b);
  REQUIRE(store->append(none, {{"refs/heads/new", b, {}}}));
  CHECK_FALSE(store->ref("refs/heads/new"));
  CHECK(store->stats().commits_appended == 3);
}

TEST_CASE("bulk writers, prefixes and missing objects") {
  const auto store = make_memory_store();
  auto bulk = store->begin_bulk();
  REQUIRE(bulk);
  const auto id = (*bulk)->add(ObjectType::kBlob, "bulk");
  REQUIRE(id);
  CHECK_FALSE(store->contains(*id));
  REQUIRE((*bulk)->finish());
  CHECK((*store->read(*id)).bytes == "bulk");
  CHECK(store->find_prefix(id->hex().substr(0, 6), 10) == std::vector<Oid>{*id});
  const auto missing = store->read(Oid{});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code() == ErrorCode::kCorruption);
  CHECK(store->checkpoint());
  CHECK(store->maintain());
  CHECK_FALSE(store->read_only());
  CHECK(store->cache().bytes_max() > 0);
}

}  // namespace rowan::store
