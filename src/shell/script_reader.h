// ScriptReader: cuts SQL text into statements, backslash commands and the data lines of COPY … FROM
// STDIN, as the text arrives.
//
// Threads: one.
// Errors:  reading that fails or is interrupted ends the script; read_error() says why.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rowan::shell {

// Bytes of blanks and comments that `text` begins with. A comment that stays open is not passed over.
size_t leading_blanks(std::string_view text);
// Whether a statement reads its data from the lines behind it: only then may they be taken.
bool is_copy_from_stdin(std::string_view statement);

class ScriptReader {
 public:
  explicit ScriptReader(std::string_view text) : buffer_(text), ended_(true) {}
  explicit ScriptReader(int descriptor) : descriptor_(descriptor) {}  // Borrowed.

  enum class Kind { kStatement, kCommand, kEnd };
  // The next statement with its semicolon, or command line; `text` holds until the next call of any
  // function here.
  Kind next(std::string_view& text);
  size_t line() const { return line_; }  // Where what next() gave begins, from 1.
  bool next_line(std::string& line);  // One line without its newline, else as it is; false at the
                                      // end of input.
  int read_error() const { return read_error_; }  // errno; 0: none.

 private:
  bool fill();  // Appends at least a byte; false at the end.
  void grow();  // For a statement that goes on: as much again as is there, if it is there.
  std::string_view rest() const { return std::string_view(buffer_).substr(at_); }
  void step(size_t bytes);  // Past `bytes`, counting lines.

  std::string buffer_;
  size_t at_ = 0;
  size_t next_line_number_ = 1;  // Of buffer_[at_].
  size_t line_ = 1;
  int descriptor_ = -1;
  int read_error_ = 0;
  bool ended_ = false;
};

}  // namespace rowan::shell
