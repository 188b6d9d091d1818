// Collision detection for content that a user chose freely, byte by byte.
#pragma once

#include "base/bytes.h"
#include "base/oid.h"
#include "base/result.h"

namespace rowan::git {

// kDataException (22000) when the bytes of a blob carry the marks of a SHA-1 collision attack,
// kInternal when libgit2 does not hash them to `id`. Slower than our own hashing by 3x; any thread.
Result<void> check_collision(const Oid& id, Bytes blob);

}  // namespace rowan::git
