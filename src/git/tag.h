// Annotated tag objects as bytes. No libgit2 here.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/oid.h"
#include "base/result.h"
#include "git/signature.h"

namespace rowan::git {

struct Tag {
  Oid object;
  std::string type = "commit";  // Of the object: "commit", "tree", "blob", "tag".
  std::string name;
  Signature tagger;  // Old tags have none: an empty name.
  std::string message;
};

std::string encode_tag(const Tag& tag);
Result<Tag> parse_tag(Bytes bytes);  // kCorruption. Unknown headers are skipped.

}  // namespace rowan::git
