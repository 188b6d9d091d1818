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
  void restart();  // A new statement: the bar waits a moment, lest a short one flickers.
  void show(const Progress& progress);
  void clear();

 private:
  bool terminal_;
  bool shown_ = false;
  std::string what_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace rowan::shell
