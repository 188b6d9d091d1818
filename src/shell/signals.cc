#include "shell/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

namespace rowan::shell {

namespace {

constexpr std::array kCaught = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT};

struct SignalState {
  std::atomic<Session*> session{nullptr};
  std::atomic<bool> interrupted{false};
  std::atomic<bool> resized{false};
  std::atomic<int> leaving{0};
  int wake_read = -1;
  int wake_write = -1;
};
static_assert(std::atomic<Session*>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
              "a signal handler takes no lock");

SignalState& state() {
  static SignalState one;
  return one;
}

void on_signal(int signal) {
  const int kept = errno;
  SignalState& signals = state();
  if (signal == SIGWINCH || signal == SIGCONT) {
    signals.resized = true;
  } else {
    if (signal == SIGINT) {
      signals.interrupted = true;
    } else {
      signals.leaving = signal;
    }
    if (Session* session = signals.session; session != nullptr) session->cancel();
  }
  const char byte = 0;
  if (::write(signals.wake_write, &byte, 1) < 0) {
    // A full pipe wakes as well.
  }
  errno = kept;
}

void set_handlers(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;  // Without SA_RESTART: a read of standard input ends too.
  for (const int signal : kCaught) ::sigaction(signal, &action, nullptr);
}

}  // namespace

SignalGuard::SignalGuard(Session& session) {
  SignalState& signals = state();
  int ends[2];
  if (signals.wake_read < 0 && ::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
    signals.wake_read = ends[0];
    signals.wake_write = ends[1];
  }
  signals.session = &session;
  set_handlers(on_signal);
}

SignalGuard::~SignalGuard() {
  set_handlers(SIG_DFL);
  state().session = nullptr;
}

bool interrupted() { return state().interrupted; }
void clear_interrupt() { state().interrupted = false; }
int leaving_signal() { return state().leaving; }
bool take_resize() { return state().resized.exchange(false); }
int wake_descriptor() { return state().wake_read; }

void drain_wake() {
  char bytes[64];
  while (::read(state().wake_read, bytes, sizeof bytes) > 0) {
  }
}

void ignore_broken_pipes() {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // Past the limit on files' sizes (ulimit -f) writes fail, and say so.
}

}  // namespace rowan::shell
