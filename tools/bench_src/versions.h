// VersionBench: what version control costs: branches, depth, difference, merge, log, blame, long
// histories. Where stock git can do the same on the same repository it is the peer; elsewhere the
// peer is Rowan itself at a smaller size, so that the ratio is growth.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "bench.h"

namespace rowan::bench {

class VersionBench {
 public:
  // `base`: a repository with the table t of options.rows rows.
  VersionBench(const Options& options, fs::path base, std::vector<Line>& lines)
      : options_(options), base_(std::move(base)), lines_(lines), random_(20261122) {}
  void run();

 private:
  void branches();
  void depth();
  void live();
  void diff();
  void diff_growth();
  void merge();
  void log();
  void blame();
  void care();

  fs::path copy_of_base(const std::string& name) const;
  // One-row updates by key, not durable one by one, of rows 2 to the last: row 1 stays as it was.
  void update_rows(Session& session, int64_t commits);
  // The time of `query` in `session` at its median over the rounds, one run before to warm up.
  std::vector<double> times_of(Session& session, const std::string& query) const;
  void merge_changes(int64_t changes, double limit);

  const Options& options_;
  const fs::path base_;
  std::vector<Line>& lines_;
  std::mt19937_64 random_;
};

}  // namespace rowan::bench
