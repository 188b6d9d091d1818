// What merges tell the user: errors with their ways out, summaries, notices.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "exec/validator.h"
#include "versions/answer.h"
#include "versions/merge_run.h"

namespace rowan::versions {

std::string plural(size_t count, std::string_view word);        // "2 conflicts".
std::string names_of(const std::vector<std::string>& sources);  // "'a', 'b'".

// What the merged tree breaks that `valid_root` does not. `with_rules`: as exec::ValidateRequest's, for
// definitions that no statement asked about.
Result<std::vector<exec::Violation>> violations_of(const Context& context, const MergeRun& run,
                                                   const Oid& valid_root, bool with_rules = false);
std::string violation_line(const exec::Violation& violation);
std::string violation_hint(const std::vector<exec::Violation>& violations);
Error violation_error(const std::vector<exec::Violation>& violations, std::string hint);

// The end of a hint: how both rows of a key stay that both branches gave out. Empty: there is none.
std::string renumber_words(const HintWords& words, const merge::Outcome& outcome);
// What ends a merge that has conflicts: only what was tried is named.
Result<std::string> ways_out(const Context& context, const txn::Snapshot& tip, const MergeRun& run,
                             const std::vector<Oid>& sources, const MergeOptions& options);
Error conflict_error(const MergeRun& run, store::NodeCache& cache, std::string_view what,
                     std::string hint);

// Which conflicts a summary counts: those that nobody settled, or those too that the policy, a rule or
// an answer settled.
enum class Counted : uint8_t { kAll, kOpen };
// What MERGE and COMMIT MERGE answer, whatever came of them and in a dry run too; the columns are the
// kind's (sql/statements.def). A row a table; where there is none, one about no
// table. The outcome is "merged", "fast-forward", "up to date", "waits" (for answers) or "refused"
// (a dry run alone: else that is an error).
TableRows summary_rows(const merge::Outcome& outcome, std::string_view word,
                       const std::vector<exec::Violation>& violations = {},
                       Counted counted = Counted::kAll);
void add_notices(const MergeRun& run, ResultFacts& facts);

// What was decided where both sides had changed something: the first few.
class Decided {
 public:
  std::function<bool(merge::Settlement)> recorder();
  void add_lines(ResultFacts& facts) const;  // The first few.
  void add_lines_alone(ResultFacts& facts) const;  // Where no call lists them: and that there are more.
  // `of`: what the call that lists all of them is given.
  void add_notices(const HintWords& words, const std::string& of, ResultFacts& facts) const;

 private:
  std::vector<std::string> lines_;
  bool more_ = false;
};

}  // namespace rowan::versions
