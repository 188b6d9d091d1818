// ProgressBar: one line on a terminal's stderr while long work runs; silent elsewhere.
#pragma once

#include <chrono>
#include <string>

#include "rowan/rowan.h"

namespace rowan::shell {

class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar() { clear(); }
  void show(const Progress& progress);
  void clear();

 private:
  bool terminal_;
  bool shown_ = false;
  std::string what_;
  std::chrono::steady_clock::time_point started_;
};

}  // namespace rowan::shell
