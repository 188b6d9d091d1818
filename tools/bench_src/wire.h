// WireBench: Rowan's server and PostgreSQL's over loopback TCP, turn by turn, asked by the same
// clients: PostgreSQL's own pgbench and psql.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench.h"

namespace rowan::bench {

class WireServer;

class WireBench {
 public:
  // `csv`: the rows of the table t, options.rows of them.
  WireBench(const Options& options, fs::path csv, std::vector<Line>& lines);
  ~WireBench();
  void run();

 private:
  using Part = void (WireBench::*)();

  bool has_programs() const;
  void start();
  void select();
  void update();
  void copy();
  // Transactions a second of `script`, a line with each server's, round by round.
  void measure(const std::string& name, const std::string& script, int clients, double limit);
  double rate(const WireServer& server, const fs::path& script, int clients) const;

  const Options& options_;
  const fs::path csv_;
  std::vector<Line>& lines_;
  fs::path programs_;  // The folder of PostgreSQL's; empty: it is not installed.
  std::unique_ptr<WireServer> rowan_;
  std::unique_ptr<WireServer> postgres_;
};

}  // namespace rowan::bench
