#include "git/commit.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "git/signature.h"

namespace rowan::git {

namespace {

Error damaged(std::string_view what) {
  return Error(ErrorCode::kCorruption, "a commit object is malformed: " + std::string(what));
}

bool is_trailer_token(std::string_view token) {
  if (token.empty()) return false;
  for (const char c : token) {
    const bool fine =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    if (!fine) return false;
  }
  return true;
}

std::string_view without_trailing_newlines(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.remove_suffix(1);
  return text;
}

}  // namespace

std::string encode_commit(const Commit& commit) {
  std::string out;
  out.reserve(256 + commit.message.size());
  out += "tree " + commit.tree.hex() + "\n";
  for (const Oid& parent : commit.parents) out += "parent " + parent.hex() + "\n";
  out += "author ";
  append_signature(out, commit.author);
  out += "\ncommitter ";
  append_signature(out, commit.committer);
  out += "\n\n";
  // fsck refuses NUL bytes in a commit.
  for (const char c : commit.message) {
    if (c != '\0') out.push_back(c);
  }
  return out;
}

Result<Commit> parse_commit(Bytes bytes) {
  Commit out;
  bool has_tree = false;
  bool has_committer = false;
  while (true) {
    const size_t end = bytes.find('\n');
    if (end == Bytes::npos) return damaged("it ends within its headers");
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (line.empty()) break;
    if (line.starts_with("tree ") && !has_tree) {
      const auto id = Oid::parse(line.substr(5));
      if (!id) return damaged("bad tree id");
      out.tree = *id;
      has_tree = true;
    } else if (line.starts_with("parent ")) {
      const auto id = Oid::parse(line.substr(7));
      if (!id) return damaged("bad parent id");
      out.parents.push_back(*id);
    } else if (line.starts_with("author ")) {
      TRY_ASSIGN(out.author, parse_signature(line.substr(7)));
    } else if (line.starts_with("committer ")) {
      TRY_ASSIGN(out.committer, parse_signature(line.substr(10)));
      has_committer = true;
    }
    if (bytes.empty()) break;  // No message and no blank line: Git accepts it.
  }
  if (!has_tree) return damaged("no tree");
  if (!has_committer) return damaged("no committer");
  out.message = std::string(bytes);
  return out;
}

std::vector<std::pair<std::string, std::string>> trailers(std::string_view message) {
  std::vector<std::pair<std::string, std::string>> out;
  message = without_trailing_newlines(message);
  const size_t gap = message.rfind("\n\n");
  if (gap == std::string_view::npos) return out;  // The only paragraph is the subject's.
  std::string_view rest = message.substr(gap + 2);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const size_t colon = line.find(": ");
    if (colon == std::string_view::npos || !is_trailer_token(line.substr(0, colon))) return {};
    out.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  return out;
}

std::string_view text_before_trailers(std::string_view message) {
  if (trailers(message).empty()) return without_trailing_newlines(message);
  message = without_trailing_newlines(message);
  return without_trailing_newlines(message.substr(0, message.rfind("\n\n")));
}

std::string message_with_trailers(
    std::string_view subject, std::string_view body,
    const std::vector<std::pair<std::string, std::string>>& trailers) {
  std::string out(without_trailing_newlines(subject));
  body = without_trailing_newlines(body);
  if (!body.empty()) {
    out += "\n\n";
    out += body;
  }
  if (!trailers.empty()) out += "\n";
  for (const auto& [name, value] : trailers) {
    out += "\n" + name + ": ";
    for (const char c : value) out.push_back(c == '\n' || c == '\r' ? ' ' : c);
  }
  out += "\n";
  return out;
}

std::string_view subject(std::string_view message) { return message.substr(0, message.find('\n')); }

int64_t commit_time_us(const Commit& commit) {
  for (const auto& [name, value] : trailers(commit.message)) {
    if (name != "Rowan-Time") continue;
    int64_t time_us = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), time_us);
    const bool is_number = read.ec == std::errc() && read.ptr == value.data() + value.size();
    if (is_number && time_us == bounded_time_us(time_us)) return time_us;
  }
  constexpr int64_t kSecondsMax = kCommitTimeUsMax / 1'000'000;
  return std::clamp<int64_t>(commit.committer.seconds, 0, kSecondsMax) * 1'000'000;
}

int64_t bounded_time_us(int64_t time_us) {
  return std::clamp<int64_t>(time_us, 0, kCommitTimeUsMax);
}

}  // namespace rowan::git
