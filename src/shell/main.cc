#include <clocale>

#include "shell/command_line.h"

int main(int argc, char** argv) {
  // Character widths and libedit need a UTF-8 locale; numbers keep C's point.
  if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) std::setlocale(LC_CTYPE, "");
  return rowan::shell::run_command_line({argv + 1, argv + argc});
}
