// A merge worked out, not written: which trees, what is known of their history, and what came of it.
//
// Threads: one, the context's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "derived/history_index.h"
#include "merge/merge.h"
#include "versions/context.h"
#include "versions/pending_merge.h"

namespace rowan::versions {

// What merging reads of history.
class MergeGraph {
 public:
  explicit MergeGraph(const Context& context);

  Result<void> know(const Oid& commit) { return history_.ensure(store_, commit); }
  Result<Oid> root_of(const Oid& commit) const;
  bool contains(const Oid& tip, const Oid& commit) const {
    return history_.is_ancestor(commit, tip);
  }
  // The same, and a roll-up holds the commits that it rolled up.
  bool holds(const Oid& tip, const Oid& commit) const;
  // The merge bases of `source` with any of `tips`, without those that others of them contain.
  // Newest first.
  std::vector<Oid> bases(const std::vector<Oid>& tips, const Oid& source) const;
  // When and where a side changed a row last; the commit zero: it did not.
  Result<std::pair<int64_t, Oid>> last_change(const std::vector<Oid>& tips,
                                              const std::vector<Oid>& bases,
                                              const std::string& path, Bytes key) const;
  // Whether a tip has another value in a row's cell, by the column's ID, than it and `source` came
  // from; also when that is not known.
  Result<bool> changed_cell(const Oid& tip, const Oid& source, const std::string& path, Bytes key,
                            uint32_t column) const;
  // Indexes of the commits, the oldest first: what several come to does not depend on the order in
  // which they were named.
  std::vector<size_t> in_time(const std::vector<Oid>& commits) const;
  Result<Oid> base_root(store::PendingObjects& objects, const std::vector<Oid>& bases) const;

 private:
  int64_t time_of(const Oid& commit) const;

  const Context& context_;
  store::ObjectStore& store_;
  txn::Manager& manager_;
  derived::HistoryIndex& history_;
};

// What a pending merge is asked for as if nobody had answered.
enum class Unanswered : uint8_t { kNothing, kRows, kDefinitions };

struct MergeOptions {
  merge::Policy policy = merge::Policy::kRowLevel;
  bool renumber = false;
  bool allow_unrelated = false;
  const Answers* answers = nullptr;     // Of the pending merge; null: none.
  const Answers* remembered = nullptr;  // Null: not to be used.
  // Asked before the answers, and told what was settled; both may be null.
  std::function<Result<std::optional<merge::Resolution>>(const merge::RowConflict&)> resolve;
  std::function<bool(merge::Settlement)> record;
  Unanswered unanswered = Unanswered::kNothing;
};

// The trees of several commits merged one after the other, the oldest first, into the tip's.
struct MergeRun {
  // Trees of virtual bases, which no commit will name; and what the merged tree needs. `made` reads
  // through `bases`.
  std::unique_ptr<store::PendingObjects> bases, made;
  Oid root;
  merge::Outcome outcome;             // Of all of them together.
  std::vector<size_t> merged;         // Which of the sources went in, in that order.
  std::optional<size_t> conflicting;  // Which of the sources had the open conflicts; what is
                                      // younger was not tried.
  uint64_t remembered = 0;            // Conflicts that remembered answers settled.
};

// `sources` are not contained in `tip`.
Result<MergeRun> run_merge_of(const Context& context, const Oid& tip,
                              const std::vector<Oid>& sources, const MergeOptions& options);
// The pending merge of a branch on its tip as it is now.
Result<MergeRun> rerun_pending(const Context& context, const PendingMerge& pending,
                               const txn::Snapshot& tip,
                               std::function<bool(merge::Settlement)> record = {},
                               Unanswered unanswered = Unanswered::kNothing);

// What a column's default gives one row that never had the column, when trees are merged or a change
// is replayed. `next_value` draws from a sequence of the merged tree, by its qualified name.
Result<type::Value> merged_default(
    const Context& context, const catalog::ColumnDef& column,
    const std::function<Result<int64_t>(const std::string& sequence)>& next_value);

// merge::Request::find_unusable.
Result<std::vector<merge::Unusable>> find_unusable(const Context& context,
                                                   const store::ObjectReader& objects,
                                                   const Oid& root);

size_t open_count(const merge::Outcome& outcome);
// "public.t key 7", "public.t.c: column type"; a line each, the first few and how many more.
Result<std::string> conflict_lines(const MergeRun& run, store::NodeCache& cache);

}  // namespace rowan::versions
