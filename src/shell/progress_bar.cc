#include "shell/progress_bar.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace rowan::shell {

namespace {

constexpr int kBarCells = 30;
constexpr double kWaitSeconds = 0.3;

std::string amount(uint64_t value, std::string_view unit) {
  if (unit == "bytes") return fmt::format("{:.1f} MB", static_cast<double>(value) / 1e6);
  return fmt::format("{} {}", value, unit);
}

}  // namespace

ProgressBar::ProgressBar() : terminal_(::isatty(STDERR_FILENO) != 0) {}

void ProgressBar::show(const Progress& progress) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (what_ != progress.what) {
    if (!what_.empty()) started_ = now;
    what_ = progress.what;
  }
  const double seconds = std::chrono::duration<double>(now - started_).count();
  if (!shown_ && seconds < kWaitSeconds) return;
  shown_ = true;
  std::string line = what_;
  if (progress.total > 0) {
    const double part =
        std::min(1.0, static_cast<double>(progress.done) / static_cast<double>(progress.total));
    const int filled = static_cast<int>(part * kBarCells);
    line += fmt::format("  [{}{}] {:3.0f} %", std::string(filled, '#'),
                        std::string(kBarCells - filled, '.'), part * 100);
    if (part > 0.02 && seconds > 0.5)
      line += fmt::format("  {:.0f} s left", seconds * (1 - part) / part);
  }
  line += "  " + amount(progress.done, progress.unit);
  winsize window{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1)
    line.resize(std::min<size_t>(line.size(), window.ws_col - 1u));
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  std::fflush(stderr);
}

void ProgressBar::restart() {
  clear();
  what_.clear();
  started_ = std::chrono::steady_clock::now();
}

void ProgressBar::clear() {
  if (shown_) std::fputs("\r\033[K", stderr);
  shown_ = false;
}

}  // namespace rowan::shell
