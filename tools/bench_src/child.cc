#include "child.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rowan::bench {

Child::Child(const std::vector<std::string>& words, const fs::path& log, Identity identity,
             int end_signal)
    : end_signal_(end_signal) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (out < 0) die("cannot write " + log.string());
  const pid_t bench = ::getpid();
  process_ = ::fork();
  if (process_ < 0) die("cannot fork");
  if (process_ == 0) {
    if (::geteuid() == 0 && identity.user != 0 &&
        (::setgid(identity.group) != 0 || ::setuid(identity.user) != 0))
      ::_exit(126);
    ::setsid();  // As a service has it: schedulers share the processor out among sessions.
    ::prctl(PR_SET_PDEATHSIG, end_signal);  // After the change of user, which forgets it.
    if (::getppid() != bench) ::_exit(125);
    ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(out);
}

bool Child::is_running() {
  if (process_ < 0) return false;
  if (::waitpid(process_, &status_, WNOHANG) == 0) return true;
  process_ = -1;
  return false;
}

bool Child::ended_well() {
  if (process_ >= 0) ::waitpid(process_, &status_, 0);
  process_ = -1;
  return WIFEXITED(status_) && WEXITSTATUS(status_) == 0;
}

Child::~Child() {
  if (process_ < 0) return;
  ::kill(process_, end_signal_);
  ended_well();
}

int free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (probe < 0 || ::bind(probe, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    die("no TCP port is free on loopback");
  ::close(probe);
  return ntohs(address.sin_port);
}

}  // namespace rowan::bench
