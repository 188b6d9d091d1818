// RefWatch: tells when something moved in a repository's refs, by inotify, or by the clock where
// that is not to be had.
//
// Threads: wait() on one thread; wake() from any.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace rowan::store {

class RefWatch {
 public:
  explicit RefWatch(std::filesystem::path git_dir);
  ~RefWatch();
  RefWatch(const RefWatch&) = delete;
  RefWatch& operator=(const RefWatch&) = delete;

  // Blocks until refs may have moved (true), or until wake() or `timeout_ms` (false). Without
  // inotify it says true each second.
  bool wait(int timeout_ms);
  void wake();

 private:
  void watch(const std::filesystem::path& folder, int depth);
  bool read_events();

  std::filesystem::path git_dir_;
  int inotify_ = -1;
  int wake_event_ = -1;
  std::map<int, std::filesystem::path> folders_;  // By watch descriptor.
};

}  // namespace rowan::store
