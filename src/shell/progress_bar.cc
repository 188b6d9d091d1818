#include "shell/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace rowan::shell {

namespace {

constexpr int kBarCells = 30;

std::string amount(uint64_t value, std::string_view unit) {
  if (unit == "bytes") return fmt::format("{:.1f} MB", static_cast<double>(value) / 1e6);
  return fmt::format("{} {}", value, unit);
}

}  // namespace

ProgressBar::ProgressBar() : terminal_(::isatty(STDERR_FILENO) != 0) {}

void ProgressBar::show(const Progress& progress) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (!shown_ || what_ != progress.what) {
    started_ = now;
    what_ = progress.what;
  }
  shown_ = true;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  std::string line = what_;
  if (progress.total > 0) {
    const double part = std::min(1.0, static_cast<double>(progress.done) / static_cast<double>(progress.total));
    const int filled = static_cast<int>(part * kBarCells);
    line += fmt::format("  [{}{}] {:3.0f} %", std::string(filled, '#'), std::string(kBarCells - filled, '.'), part * 100);
    if (part > 0.02 && seconds > 0.5) line += fmt::format("  {:.0f} s left", seconds * (1 - part) / part);
  }
  line += "  " + amount(progress.done, progress.unit);
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  std::fflush(stderr);
}

void ProgressBar::clear() {
  if (shown_) std::fputs("\r\033[K", stderr);
  shown_ = false;
}

}  // namespace rowan::shell
