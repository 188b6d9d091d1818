// A merge that waits for somebody to settle its conflicts, and the answers given: where they are
// kept.
//
// The state of a pending merge is `refs/rowan/merge/<branch>`: a commit whose parents are the tip
// it began on and theirs, whose tree holds merge.json and the answers. The conflicts are derived:
// the merge is run again with the answers, so the branch may move meanwhile. Answers of finished
// merges are remembered in `refs/rowan/resolutions`. Both keep answers alike: a file `xx/xx/<28 hex
// digits>` named by the hash of what the conflict is about, holding the row's line (or which side
// stands, for definitions).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "git/ref_names.h"
#include "merge/merge.h"
#include "store/object_store.h"
#include "tree/git_tree.h"
#include "versions/context.h"
#include "versions/hints.h"

namespace rowan::versions {

// Answers below a tree, by the path answer_path() gives.
class Answers {
 public:
  explicit Answers(Oid tree = {}) : tree_(tree) {}
  const Oid& tree() const { return tree_; }
  // The answer's file; nothing: none was given.
  Result<std::optional<std::string>> find(const store::ObjectReader& objects,
                                          store::NodeCache& cache, const std::string& path) const;
  Result<std::optional<merge::Resolution>> row(const store::ObjectReader& objects,
                                               store::NodeCache& cache,
                                               const merge::RowConflict& conflict) const;
  Result<std::optional<merge::Side>> schema(const store::ObjectReader& objects,
                                            store::NodeCache& cache,
                                            const merge::SchemaConflict& conflict) const;

 private:
  Oid tree_;  // Zero: no answers.
};

// New answers on their way into a tree.
class NewAnswers {
 public:
  explicit NewAnswers(store::PendingObjects& objects) : objects_(objects) {}
  void add(const merge::RowConflict& conflict, const merge::SideLine& line);
  void add(const merge::SchemaConflict& conflict, merge::Side side);
  bool has(const merge::SchemaConflict& conflict) const;
  bool empty() const { return edits_.empty(); }
  size_t size() const { return edits_.size(); }
  Result<Oid> write(store::NodeCache& cache, const Oid& tree);

 private:
  void add(std::string path, std::string content);
  store::PendingObjects& objects_;
  std::map<std::string, tree::PathEdit> edits_;  // By path: one answer to a conflict.
};

struct PendingMerge {
  Oid state;     // The ref's commit.
  Oid began_at;  // The branch's tip then.
  Oid theirs;
  std::string source;       // As the statement named it.
  std::string message;      // The user's; empty: none.
  git::Signature begun_by;  // Who, and when; no name: it begins now.
  bool renumber = false;
  bool allow_unrelated = false;
  Answers answers;
};

std::string merge_ref(std::string_view branch);
Result<std::optional<PendingMerge>> find_pending_merge(store::ObjectStore& store,
                                                       std::string_view branch,
                                                       const HintWords& words);
// 55000 when there is none.
Result<PendingMerge> get_pending_merge(store::ObjectStore& store, std::string_view branch,
                                       const HintWords& words);
// The state as a new commit in `objects`.
Result<Oid> write_pending_merge(store::PendingObjects& objects, store::NodeCache& cache,
                                const PendingMerge& merge, const git::Signature& author);
// Moves the ref. kSerializationFailure when somebody else did so meanwhile.
Result<void> keep_pending_merge(Context& context, const PendingMerge& merge,
                                store::PendingObjects& objects);

Result<Answers> remembered_answers(store::ObjectStore& store);
// The update of refs/rowan/resolutions that adds the answers of a tree to it.
Result<std::optional<store::RefUpdate>> remember_answers(store::ObjectStore& store,
                                                         store::PendingObjects& objects,
                                                         const Answers& answers,
                                                         const git::Signature& author);

}  // namespace rowan::versions
