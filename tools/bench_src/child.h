// Child: a program that runs beside the bench and ends with it, however the bench ends.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "bench.h"

namespace rowan::bench {

// Who a program runs as. Servers refuse root: PostgreSQL's runs as its own user then.
struct Identity {
  uid_t user = 0;
  gid_t group = 0;
};

class Child {
 public:
  // Starts words[0] with its words; what it says goes to `log`. As `identity` when the bench is
  // root. `end_signal` ends it in order.
  Child(const std::vector<std::string>& words, const fs::path& log, Identity identity,
        int end_signal);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool is_running();
  bool ended_well();  // Waits for its end: whether it exited with 0.

 private:
  pid_t process_ = -1;
  int status_ = 0;
  int end_signal_;
};

// A TCP port on loopback that nobody uses now.
int free_port();

}  // namespace rowan::bench
