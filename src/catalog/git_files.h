// Files beside the data that Git itself takes a meaning from, and names that it takes for its own on
// one disk or another. `git fsck --strict` has an opinion of them wherever they stand in a tree, so
// what it objects to is never stored.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace rowan::catalog {

// Whether some disk that Git runs on has the part of a path for `.git`, or for the short form (8.3) of
// one of Git's files: `.GIT`, `.g<U+200C>it`, `git~1`, `.git::$INDEX_ALLOCATION`, `gi7eba~1`.
bool is_gits_own(std::string_view part);

// What Git cannot check out by its name, or by its kind: a link, or a folder, in the place of one of its
// files. Of the path only the last part is looked at. kInvalidContent, naming the path.
Result<void> check_git_entry(std::string_view path, uint32_t mode);

// Whether the file's content is looked at by check_git_file.
bool is_git_file(std::string_view path);

// `.gitattributes` with lines that Git does not read, `.gitmodules` that name what Git refuses to
// clone. Any other file passes. kInvalidContent, naming path and line.
Result<void> check_git_file(std::string_view path, Bytes content);

}  // namespace rowan::catalog
