#include "git/object_form.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

#include "base/oid.h"

namespace rowan::git {

namespace {

constexpr size_t kZoneBytes = 5;          // "+0100"
constexpr Bytes kSecondsMax = "9223372036854775807";  // Git counts no further.

Error malformed(const std::string& what) { return Error(ErrorCode::kInvalidContent, what); }

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

// The lines in front of the message, taken one by one.
class Headers {
 public:
  static Result<Headers> read(Bytes object) {
    const size_t end = object.find("\n\n");
    // Without a message: the last header ends the object.
    const bool is_whole = end != Bytes::npos || object.ends_with('\n');
    if (!is_whole) return malformed("its headers do not end");
    if (object.find('\0') != Bytes::npos) return malformed("it has a zero byte");
    return Headers(end == Bytes::npos ? object : object.substr(0, end + 1));
  }

  bool is_next(std::string_view name) const {
    return rest_.size() > name.size() && rest_.starts_with(name) && rest_[name.size()] == ' ';
  }
  // Requires: is_next(name).
  Bytes take(std::string_view name) {
    const size_t end = rest_.find('\n');
    const Bytes value = rest_.substr(name.size() + 1, end - name.size() - 1);
    rest_.remove_prefix(end + 1);
    return value;
  }
  Result<Bytes> must_take(std::string_view name) {
    if (!is_next(name)) return malformed("it has no \"" + std::string(name) + "\" where one must be");
    return take(name);
  }
  Result<void> take_id(std::string_view name) {
    TRY_ASSIGN(const Bytes text, must_take(name));
    return is_id(text) ? Result<void>() : malformed("its " + std::string(name) + " is no id");
  }
  // Whether one of the rest begins so.
  bool has_later(std::string_view name) const {
    return rest_.find("\n" + std::string(name) + " ") != Bytes::npos || is_next(name);
  }

 private:
  explicit Headers(Bytes lines) : rest_(lines) {}
  // In small letters, as Git writes it.
  static bool is_id(Bytes text) {
    const auto id = Oid::parse(text);
    return id && id->hex() == text;
  }

  Bytes rest_;
};

// "Name <address> 1700000000 +0100"
Result<void> check_signature(std::string_view what, Bytes line) {
  const auto wrong = [&](std::string_view problem) {
    return malformed("its " + std::string(what) + " " + std::string(problem));
  };
  const size_t open = line.find_first_of("<>");
  if (open == Bytes::npos || line[open] == '>') return wrong("has no address in angle brackets");
  if (open == 0 || line[open - 1] != ' ') return wrong("has no name and a blank before the address");
  const size_t close = line.find_first_of("<>", open + 1);
  if (close == Bytes::npos || line[close] == '<') return wrong("has an address that does not end");
  Bytes rest = line.substr(close + 1);
  if (!rest.starts_with(' ')) return wrong("has no time behind the address");
  rest.remove_prefix(1);
  const size_t blank = std::min(rest.find(' '), rest.size());
  const Bytes seconds = rest.substr(0, blank);
  const bool counts_on = seconds.size() > kSecondsMax.size() ||
                         (seconds.size() == kSecondsMax.size() && seconds > kSecondsMax);
  if (!is_number(seconds) || counts_on)
    return wrong("has a time that is no number of seconds");
  if (seconds.size() > 1 && seconds.front() == '0') return wrong("has a time that begins with zeros");
  const Bytes zone = rest.substr(std::min(blank + 1, rest.size()));
  const bool is_zone = zone.size() == kZoneBytes && (zone[0] == '+' || zone[0] == '-') &&
                       is_number(zone.substr(1));
  return is_zone ? Result<void>() : wrong("has no time zone such as +0100");
}

}  // namespace

Result<void> check_commit_form(Bytes commit) {
  TRY_ASSIGN(Headers headers, Headers::read(commit));
  TRY(headers.take_id("tree"));
  while (headers.is_next("parent")) TRY(headers.take_id("parent"));
  TRY_ASSIGN(const Bytes author, headers.must_take("author"));
  TRY(check_signature("author", author));
  if (headers.is_next("author")) return malformed("it has two authors");
  TRY_ASSIGN(const Bytes committer, headers.must_take("committer"));
  TRY(check_signature("committer", committer));
  for (const std::string_view name : {"tree", "parent", "author", "committer"}) {
    if (headers.has_later(name))
      return malformed("it has a second \"" + std::string(name) + "\", or one out of place");
  }
  return {};
}

}  // namespace rowan::git
