// Repository: what the verbs ask of whoever has the repository open, and that is above this room: what
// Git's HEAD says, and how commits that another program made are read.
//
// Threads: any.
#pragma once

#include <string>
#include <string_view>

#include "base/oid.h"
#include "base/result.h"
#include "exec/system_tables.h"
#include "store/object_store.h"

namespace rowan::versions {

class Repository {
 public:
  virtual ~Repository() = default;

  // What views take from the program's own schemas.
  virtual const exec::SystemTables& system_tables() const = 0;

  virtual std::string default_branch() const = 0;  // Of Git's HEAD.
  // After a branch got another name: HEAD follows it, as `git branch -m` has it.
  virtual Result<void> follow_rename(std::string_view from, std::string_view to) = 0;

  // The tree that a commit of history is read by. A table that is beyond reading gives its error to
  // whoever reads its rows.
  virtual Result<Oid> root_of(const Oid& commit) = 0;
  // The same to build upon: with what is beyond reading it is an error.
  virtual Result<Oid> sound_root_of(const Oid& commit) = 0;

  // `known_root`, below: the tree of some branch's tip. What is equal to it need not be read.
  // A commit that a branch may stand on: `commit` itself when its tree is canonical and valid, else one
  // on top of it, made in `objects`.
  virtual Result<Oid> canonical_commit(store::PendingObjects& objects, const Oid& commit,
                                       const Oid& known_root) = 0;
  // The canonical twin of a commit's own tree: the same rows in their one spelling.
  virtual Result<Oid> canonical_tree(store::PendingObjects& objects, const Oid& known_root,
                                     const Oid& root) = 0;
  // Refuses a commit that stands on others which no branch has and which cannot be read: history would
  // be read through them.
  virtual Result<void> check_history(const Oid& commit, const Oid& known_root) = 0;
};

}  // namespace rowan::versions
