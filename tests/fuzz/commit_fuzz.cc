// Arbitrary bytes as a commit object: what parses is written in one stable form, and its message
// can be read.
#include <string>

#include "fuzz_input.h"
#include "git/commit.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowan;
  using fuzz::require;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)git::is_valid_ref_name(bytes);
  const auto commit = git::parse_commit(bytes);
  if (!commit) {
    return 0;
  }
  (void)git::commit_time_us(*commit);
  require(commit->message.starts_with(git::subject(commit->message)),
          "the subject begins the message");
  const std::string written = git::encode_commit(*commit);
  const auto again = git::parse_commit(written);
  require(again.has_value(), "a commit that was written is read", written);
  require(again->tree == commit->tree && again->parents == commit->parents, "ids stay", written);
  require(git::encode_commit(*again) == written, "writing a commit again changes nothing", written);
  // A message that was made keeps its trailers when it is made again.
  const std::string message =
      git::message_with_trailers("subject", "", git::trailers(commit->message));
  const auto trailers = git::trailers(message);
  require(git::trailers(git::message_with_trailers("subject", "", trailers)) == trailers,
          "trailers survive a new message", message);
  return 0;
}
