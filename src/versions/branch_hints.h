// What hints about branches, tags and commits call the ways out, by the door that the user came by.
#pragma once

#include <string>
#include <string_view>

#include "versions/hints.h"

namespace rowan::versions {

struct BranchWords {
  std::string_view list_branches;       // … lists them; … makes one.
  std::string_view unprotect;           // … lifts that. `{}` is a branch.
  std::string_view force_drop;          // … drops a branch all the same.
  std::string_view force_squash;        // … makes a new commit all the same.
  std::string_view choose_parent;       // … is the branch that was merged into.
  std::string_view leave_branch;        // What must come before the session's own branch is dropped.
  std::string_view list_tags;           // … lists them.
  std::string_view drop_tag;            // … takes it away.
  std::string_view change_elsewhere;    // What to do about a protected branch. `{}` is the branch.
  std::string_view write_there;         // How to write where a tag or commit is. `{}` is that.
  std::string_view name_reflog;         // How to ask for the reflog of a branch.
  std::string_view drop_policy;         // What must come before a branch goes back. `{}` is it.
  std::string_view drop_table;          // … takes a table away.
};
// A phrase of either table with `name` for its `{}`, as the door writes it: quoted where SQL, or a
// command's shell, would read it as something else.
std::string hint_with(const HintWords& words, std::string_view phrase, std::string_view name);
// A NOTICE for whoever makes a branch and a tag of one name.
std::string same_name_notice(std::string_view name);
// For the door that `words` speak to.
const BranchWords& branch_words(const HintWords& words);

}  // namespace rowan::versions
