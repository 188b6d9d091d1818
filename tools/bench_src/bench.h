// What the parts of rowan-bench share: options, lines of the report, and small helpers that end the
// program on any failure.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rowan/rowan.h"

namespace rowan::bench {

namespace fs = std::filesystem;

struct Options {
  bool json = false;
  int64_t rows = 1'000'000;
  int64_t commits = 190'000;  // Of the parts about long histories.
  int rounds = 5;
  int seconds = 60;
  std::vector<std::string> only;
  fs::path dir = fs::temp_directory_path() / fmt::format("rowan-bench-{}", ::getpid());
};

// One line of the report. `limit` is what the project promises; direction by `at_least`.
struct Line {
  std::string name;
  std::string unit;
  std::vector<double> rowan;
  std::vector<double> peer;  // Empty: an absolute figure.
  double limit = 0;
  bool at_least = false;
};

[[noreturn]] void die(const std::string& message);

template <typename T>
T must(Outcome<T> outcome, const std::string& what) {
  if (!outcome) die(what + ": " + outcome.failure().message + " " + outcome.failure().detail);
  return std::move(*outcome);
}

void drain(Rows& rows);
void sql(Session& session, const std::string& text);
std::unique_ptr<Database> open_rowan(const fs::path& path, const std::string& sync = "on");
double seconds_of(const std::function<void()>& work);
uint64_t object_bytes(const fs::path& repository);  // Git's part: what a clone would carry.
uint64_t folder_bytes(const fs::path& folder);
void shell(const std::string& command);

}  // namespace rowan::bench
