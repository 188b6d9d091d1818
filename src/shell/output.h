// Output: std::cout over a large buffer that remembers why a write failed. A result of 100,000 rows
// must not cost 100,000 writes, and a pipe whose reader left must end the work quietly.
//
// Threads: one.
#pragma once

#include <array>
#include <ostream>
#include <streambuf>

namespace rowan::shell {

class DescriptorBuffer final : public std::streambuf {
 public:
  explicit DescriptorBuffer(int descriptor) : descriptor_(descriptor) {
    setp(buffer_.data(), buffer_.data() + buffer_.size());
  }
  int error() const { return error_; }  // errno of the first failed write; 0: none.

 protected:
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* bytes, std::streamsize count) override;
  int sync() override { return write_out(pbase(), pptr()) ? 0 : -1; }

 private:
  bool write_out(const char* from, const char* to);  // And empties the buffer.

  int descriptor_;
  int error_ = 0;
  std::array<char, 1 << 16> buffer_;
};

// While it lives, std::cout writes to standard output through a DescriptorBuffer.
class OutputGuard {
 public:
  OutputGuard();
  ~OutputGuard();
  // Writes what is buffered; errno of the first failure, 0: all is written.
  int finish();

 private:
  DescriptorBuffer buffer_;
  std::streambuf* former_;
};

}  // namespace rowan::shell
