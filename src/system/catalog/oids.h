// Oids that follow from names, so that they are the same in every session and every clone
// (docs/decisions/0019-oids-follow-from-names.md).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace rowan::system {

using ObjectOid = int64_t;  // 1 to 2^31 - 1; 0: none.

inline constexpr ObjectOid kFirstFreeOid = 16'384;  // Below are PostgreSQL's own.
inline constexpr ObjectOid kOwnerOid = 10;  // The one role: whoever has the repository open.
inline constexpr ObjectOid kCatalogSchemaOid = 11;
inline constexpr ObjectOid kPublicSchemaOid = 2200;

// 31 bits of SHA-256 of the names with a NUL before each, at or above kFirstFreeOid.
ObjectOid oid_of_names(std::initializer_list<std::string_view> names);
ObjectOid oid_of_schema(std::string_view schema);
ObjectOid oid_of_database(std::string_view database);
// The one that comes after it, should somebody have it already.
ObjectOid next_oid(ObjectOid oid);

}  // namespace rowan::system
