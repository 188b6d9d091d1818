// Whether commits have the form that Git itself writes, to the letter. Rowan reads more than
// that (commit.h: old history is what it is); what is new, and is not of this form, `git fsck
// --strict` would object to in the repository for ever.
//
// Threads: any.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace rowan::git {

// `tree`, `parent`s, one `author`, one `committer`, other headers, an empty line, and no zero byte.
// kInvalidContent, in words that go on from "commit 3f2a…: ".
Result<void> check_commit_form(Bytes commit);

}  // namespace rowan::git
