#include "store/ref_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/files.h"

namespace rowan::store {

namespace {

namespace fs = std::filesystem;

constexpr int kPollMs = 1000;
constexpr int kDepthMax = 16;
constexpr size_t kFoldersMax = 1000;
constexpr uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_ONLYDIR | IN_DONT_FOLLOW;

}  // namespace

RefWatch::RefWatch(fs::path git_dir) : git_dir_(std::move(git_dir)) {
  wake_event_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  inotify_ = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (inotify_ < 0) return;
  watch(git_dir_, kDepthMax);  // For packed-refs alone.
  watch(git_dir_ / "refs", 0);
}

RefWatch::~RefWatch() {
  if (inotify_ >= 0) ::close(inotify_);
  if (wake_event_ >= 0) ::close(wake_event_);
}

void RefWatch::watch(const fs::path& folder, int depth) {
  if (folders_.size() >= kFoldersMax) return;  // The clock serves the rest.
  const int descriptor = ::inotify_add_watch(inotify_, folder.c_str(), kEvents);
  if (descriptor < 0) return;
  folders_[descriptor] = folder;
  if (depth >= kDepthMax) return;
  const auto names = list_folder(folder);
  if (!names) return;
  for (const std::string& name : *names) {
    if (is_folder(folder / name)) watch(folder / name, depth + 1);
  }
}

bool RefWatch::read_events() {
  bool has_moved = false;
  alignas(inotify_event) char buffer[16 * 1024];
  while (true) {
    const ssize_t n = ::read(inotify_, buffer, sizeof buffer);
    if (n <= 0) return has_moved;
    for (ssize_t at = 0; at < n;) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof event);
      const std::string_view name = event.len > 0 ? buffer + at + sizeof event : "";
      at += static_cast<ssize_t>(sizeof event + event.len);
      if (event.mask & IN_Q_OVERFLOW) has_moved = true;
      const auto folder = folders_.find(event.wd);
      if (folder == folders_.end()) continue;
      if (event.mask & IN_IGNORED) {
        folders_.erase(folder);
        continue;
      }
      if (name.ends_with(".lock")) continue;
      if (folder->second == git_dir_) {
        has_moved = has_moved || name == "packed-refs";
        continue;
      }
      has_moved = true;
      if ((event.mask & IN_ISDIR) && (event.mask & (IN_CREATE | IN_MOVED_TO)))
        watch(folder->second / name, 0);
    }
  }
}

bool RefWatch::wait(int timeout_ms) {
  pollfd polled[2] = {{wake_event_, POLLIN, 0}, {inotify_, POLLIN, 0}};
  const bool has_inotify = inotify_ >= 0 && !folders_.empty();
  const int limit =
      has_inotify ? timeout_ms : (timeout_ms < 0 || timeout_ms > kPollMs ? kPollMs : timeout_ms);
  const int n = ::poll(polled, has_inotify ? 2 : 1, limit);
  if (n > 0 && (polled[0].revents & POLLIN)) {
    uint64_t count;
    if (::read(wake_event_, &count, sizeof count) > 0 && !has_inotify) return false;
  }
  if (!has_inotify) return n == 0;
  return n > 0 && (polled[1].revents & POLLIN) && read_events();
}

void RefWatch::wake() {
  const uint64_t one = 1;
  if (::write(wake_event_, &one, sizeof one) < 0) return;  // Full means: already told.
}

}  // namespace rowan::store
