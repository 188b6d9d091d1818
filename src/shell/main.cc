#include <clocale>
#include <cstdio>
#include <new>

#include "shell/command_line.h"

namespace {

constexpr int kOutOfMemory = 16;  // docs/command-line.md: limits, memory, disk.

}  // namespace

int main(int argc, char** argv) {
  // Character widths and libedit need a UTF-8 locale; numbers keep C's point.
  if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) std::setlocale(LC_CTYPE, "");
  try {
    return rowan::shell::run_command_line({argv + 1, argv + argc});
  } catch (const std::bad_alloc&) {  // Of the printing: statements answer for theirs.
    std::fputs("ERROR:  53200: out of memory\n", stderr);
    return kOutOfMemory;
  }
}
