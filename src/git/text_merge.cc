#include "git/text_merge.h"

#include "git/repository.h"

namespace rowan::git {

Result<std::optional<std::string>> merge_text(const TextSides& sides, Favor favor) {
  const Library library;  // A store in memory has none.
  const auto input = [](Bytes bytes) {
    git_merge_file_input made = GIT_MERGE_FILE_INPUT_INIT;
    made.ptr = bytes.data();
    made.size = bytes.size();
    return made;
  };
  const git_merge_file_input base = input(sides.base);
  const git_merge_file_input ours = input(sides.ours);
  const git_merge_file_input theirs = input(sides.theirs);
  git_merge_file_options options = GIT_MERGE_FILE_OPTIONS_INIT;
  if (favor == Favor::kOurs) options.favor = GIT_MERGE_FILE_FAVOR_OURS;
  if (favor == Favor::kTheirs) options.favor = GIT_MERGE_FILE_FAVOR_THEIRS;
  git_merge_file_result merged{};
  const int rc = git_merge_file(&merged, &base, &ours, &theirs, &options);
  if (rc < 0) return git_failure(rc, "merge a file");
  std::optional<std::string> text;
  if (merged.automergeable != 0) text.emplace(merged.ptr, merged.len);
  git_merge_file_result_free(&merged);
  return text;
}

}  // namespace rowan::git
