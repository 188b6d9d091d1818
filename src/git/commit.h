// Commit objects as bytes, and the trailers Rowan keeps in their messages. No libgit2 here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/oid.h"
#include "base/result.h"
#include "git/signature.h"

namespace rowan::git {

struct Commit {
  Oid tree;
  std::vector<Oid> parents;
  Signature author;
  Signature committer;
  std::string message;  // As stored, trailers included.
};

std::string encode_commit(const Commit& commit);
Result<Commit> parse_commit(
    Bytes bytes);  // kCorruption. Unknown headers (gpgsig, encoding) are skipped.

// The trailers of the message's last paragraph ("Rowan-Time: 1700000000000000"), if that paragraph
// is all trailers.
std::vector<std::pair<std::string, std::string>> trailers(std::string_view message);
// The message without its trailers and the blank line before them.
std::string_view text_before_trailers(std::string_view message);
std::string message_with_trailers(std::string_view subject, std::string_view body,
                                  const std::vector<std::pair<std::string, std::string>>& trailers);
std::string_view subject(std::string_view message);  // The first line.
// 9999-12-31 23:59:59.999999 UTC in µs since 1970: no commit counts as later, none as earlier than
// 1970.
inline constexpr int64_t kCommitTimeUsMax = 253'402'300'799'999'999;

// A Rowan-Time trailer in µs since 1970, or the committer's time if the trailer is none between
// 1970 and 9999; brought between them. It depends on the commit's bytes alone.
int64_t commit_time_us(const Commit& commit);
// `time_us` brought between 1970 and 9999.
int64_t bounded_time_us(int64_t time_us);

// Git's rules for a branch or tag name (git check-ref-format --branch). False: not allowed.
bool is_valid_ref_name(std::string_view short_name);

}  // namespace rowan::git
