#include "git/signature.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace rowan::git {

namespace {

constexpr int64_t kSecondsMax = 253'402'300'799;  // 9999-12-31 23:59:59 UTC.

// Git cuts names the same way: no angle brackets or line ends inside, no crud at the edges.
std::string cleaned(std::string_view text) {
  const auto is_crud = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '.' || c == ',' || c == ':' || c == ';' ||
           c == '"' || c == '\\' || c == '\'' || c == '<' || c == '>' || c == '\x7f';
  };
  while (!text.empty() && is_crud(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_crud(text.back())) text.remove_suffix(1);
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '<' || c == '>' || static_cast<unsigned char>(c) < ' ' || c == '\x7f') continue;
    out.push_back(c);
  }
  return out;
}

}  // namespace

void append_signature(std::string& out, const Signature& who) {
  const std::string name = cleaned(who.name);
  const int offset = std::abs(who.offset_minutes);
  char zone[8] = {who.offset_minutes < 0 ? '-' : '+', static_cast<char>('0' + offset / 600 % 10),
                  static_cast<char>('0' + offset / 60 % 10),
                  static_cast<char>('0' + offset % 60 / 10),
                  static_cast<char>('0' + offset % 60 % 10)};
  out += name.empty() ? "unknown" : name;
  out += " <";
  out += cleaned(who.email);
  out += "> ";
  out += std::to_string(who.seconds);
  out += ' ';
  out.append(zone, 5);
}

// "Name <email> seconds +hhmm". Foreign commits may lack the time or have an odd one; Git reads
// those as zero. Times count between 1970 and 9999 only, zones up to 99 hours.
Result<Signature> parse_signature(std::string_view line) {
  const size_t open = line.find('<');
  const size_t close = line.find('>', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) {
    return Error(ErrorCode::kCorruption, "an object is malformed: a name without an e-mail");
  }
  Signature who;
  std::string_view name = line.substr(0, open);
  while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
  who.name = std::string(name);
  who.email = std::string(line.substr(open + 1, close - open - 1));
  std::string_view rest = line.substr(close + 1);
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  const char* const end = rest.data() + rest.size();
  const auto time = std::from_chars(rest.data(), end, who.seconds);
  if (time.ec != std::errc()) {
    who.seconds = 0;
    return who;
  }
  who.seconds = std::clamp<int64_t>(who.seconds, 0, kSecondsMax);
  rest.remove_prefix(static_cast<size_t>(time.ptr - rest.data()));
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  if (rest.size() >= 5 && (rest[0] == '+' || rest[0] == '-')) {
    unsigned zone = 0;
    const auto read = std::from_chars(rest.data() + 1, rest.data() + 5, zone);
    if (read.ec == std::errc() && read.ptr == rest.data() + 5 && zone % 100 < 60) {
      const auto minutes = static_cast<int>(zone / 100 * 60 + zone % 100);
      who.offset_minutes = rest[0] == '-' ? -minutes : minutes;
    }
  }
  return who;
}

}  // namespace rowan::git
