#include "git/tag.h"

namespace rowan::git {

std::string encode_tag(const Tag& tag) {
  std::string out =
      "object " + tag.object.hex() + "\ntype " + tag.type + "\ntag " + tag.name + "\ntagger ";
  append_signature(out, tag.tagger);
  out += "\n\n";
  for (const char c : tag.message) {
    if (c != '\0') out.push_back(c);
  }
  if (out.back() != '\n') out.push_back('\n');
  return out;
}

Result<Tag> parse_tag(Bytes bytes) {
  Tag tag;
  bool has_object = false;
  while (!bytes.empty()) {
    const size_t end = std::min(bytes.find('\n'), bytes.size());
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    if (line.empty()) break;
    if (line.starts_with("object ")) {
      const auto id = Oid::parse(line.substr(7));
      if (!id) return Error(ErrorCode::kCorruption, "a tag object is malformed: bad object id");
      tag.object = *id;
      has_object = true;
    } else if (line.starts_with("type ")) {
      tag.type = std::string(line.substr(5));
    } else if (line.starts_with("tag ")) {
      tag.name = std::string(line.substr(4));
    } else if (line.starts_with("tagger ")) {
      TRY_ASSIGN(tag.tagger, parse_signature(line.substr(7)));
    }
  }
  if (!has_object)
    return Error(ErrorCode::kCorruption, "a tag object is malformed: it names no object");
  tag.message = std::string(bytes);
  return tag;
}

}  // namespace rowan::git
