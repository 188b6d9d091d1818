// Signals: Ctrl-C cancels the running statement; SIGTERM and SIGHUP cancel it too and ask the
// process to close and leave.
//
// A signal handler can be given nothing, so its state is the process's: one guard at a time.
#pragma once

#include "rowan/rowan.h"

namespace rowan::shell {

// While it lives, signals are taken for `session`; without it they end the process as usual.
class SignalGuard {
 public:
  explicit SignalGuard(Session& session);
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;
};

bool interrupted();  // Ctrl-C came since the last clear_interrupt().
void clear_interrupt();
int leaving_signal();   // SIGTERM or SIGHUP once it came; 0: none.
bool take_resize();     // True once after the window changed, or the process was continued.
int wake_descriptor();  // Becomes readable with each signal, so that a wait for keys ends; -1: no
                        // guard yet.
void drain_wake();
void ignore_broken_pipes();  // A write to a closed pipe then fails with EPIPE instead of ending the
                             // process.

}  // namespace rowan::shell
