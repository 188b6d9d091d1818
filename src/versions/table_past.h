// TablePast: what a table was called in the commits that lead to where it stands, through other names
// and schemas.
//
// Threads: one; the context must outlive it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "versions/context.h"

namespace rowan::versions {

class TablePast {
 public:
  explicit TablePast(const Context& context) : context_(context) {}

  // In this commit it stands at `path` ("public/t"); of a commit that is known already it changes nothing.
  void know(const Oid& commit, const std::string& path);
  // Those of the commits that may have changed the table, by what it is called in them. `commits`:
  // parents before children; of each either its place is known, or a child of it is among them.
  Result<std::map<Oid, std::string>> changing(const std::vector<Oid>& commits);
  // Where it stands in a commit that is known, if that may have changed it. Its parents are known then.
  Result<std::optional<std::string>> changed_at(const Oid& commit);

 private:
  const Context& context_;
  std::map<Oid, std::string> paths_;
};

}  // namespace rowan::versions
