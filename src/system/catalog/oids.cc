#include "system/catalog/oids.h"

#include <string>

#include "base/hash.h"

namespace rowan::system {

namespace {

constexpr ObjectOid kOidMax = 0x7FFF'FFFF;

}  // namespace

ObjectOid oid_of_names(std::initializer_list<std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) {
    text += '\0';
    text += name;
  }
  const auto hash = sha256(text);
  ObjectOid oid = 0;
  for (int i = 0; i < 4; ++i) oid = oid << 8 | hash[static_cast<size_t>(i)];
  oid &= kOidMax;
  return oid < kFirstFreeOid ? oid + kFirstFreeOid : oid;
}

ObjectOid oid_of_schema(std::string_view schema) {
  if (schema == "pg_catalog") return kCatalogSchemaOid;
  if (schema == "public") return kPublicSchemaOid;
  return oid_of_names({schema});
}

ObjectOid oid_of_database(std::string_view database) {
  if (database == "postgres") return 5;
  if (database == "template1") return 1;
  return oid_of_names({"database", database});
}

ObjectOid next_oid(ObjectOid oid) { return oid == kOidMax ? kFirstFreeOid : oid + 1; }

}  // namespace rowan::system
