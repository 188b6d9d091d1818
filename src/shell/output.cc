#include "shell/output.h"

#include <unistd.h>

#include <cerrno>
#include <iostream>

namespace rowan::shell {

bool DescriptorBuffer::write_out(const char* from, const char* to) {
  setp(buffer_.data(), buffer_.data() + buffer_.size());
  while (from < to && error_ == 0) {
    const ssize_t count = ::write(descriptor_, from, static_cast<size_t>(to - from));
    if (count >= 0) {
      from += count;
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
  return error_ == 0;
}

DescriptorBuffer::int_type DescriptorBuffer::overflow(int_type c) {
  if (!write_out(pbase(), pptr())) return traits_type::eof();
  if (!traits_type::eq_int_type(c, traits_type::eof())) sputc(traits_type::to_char_type(c));
  return traits_type::not_eof(c);
}

std::streamsize DescriptorBuffer::xsputn(const char* bytes, std::streamsize count) {
  if (count <= epptr() - pptr()) {
    std::copy(bytes, bytes + count, pptr());
    pbump(static_cast<int>(count));
    return count;
  }
  return write_out(pbase(), pptr()) && write_out(bytes, bytes + count) ? count : 0;
}

OutputGuard::OutputGuard() : buffer_(STDOUT_FILENO), former_(std::cout.rdbuf(&buffer_)) {}

OutputGuard::~OutputGuard() {
  finish();
  std::cout.rdbuf(former_);
}

int OutputGuard::finish() {
  std::cout.flush();
  return buffer_.error();
}

}  // namespace rowan::shell
