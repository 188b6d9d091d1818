#include "shell/script_reader.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include "shell/signals.h"
#include "sql/ast.h"
#include "sql/parser.h"

namespace rowan::shell {

namespace {

constexpr size_t kReadBytes = 1 << 16;

bool is_blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

// Past the comment that `text` begins with (they nest); npos when it stays open.
size_t block_comment(std::string_view text) {
  size_t depth = 0;
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '/' && text[i + 1] == '*') {
      ++depth;
      ++i;
    } else if (text[i] == '*' && text[i + 1] == '/') {
      ++i;
      if (--depth == 0) return i + 1;
    }
  }
  return std::string_view::npos;
}

}  // namespace

size_t leading_blanks(std::string_view text) {
  size_t at = 0;
  for (;;) {
    while (at < text.size() && is_blank(text[at])) ++at;
    const std::string_view rest = text.substr(at);
    if (rest.starts_with("--")) {
      at += std::min(rest.find('\n'), rest.size());
    } else if (rest.starts_with("/*")) {
      const size_t end = block_comment(rest);
      if (end == std::string_view::npos) return at;
      at += end;
    } else {
      return at;
    }
  }
}

bool is_copy_from_stdin(std::string_view statement) {
  constexpr std::string_view kWord = "stdin";
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  if (std::search(statement.begin(), statement.end(), kWord.begin(), kWord.end(), same) ==
      statement.end())
    return false;
  const auto parsed = sql::parse_statement(statement);
  if (!parsed || parsed->statement->kind != sql::StatementKind::kCopy) return false;
  const auto& copy = static_cast<const sql::CopyStmt&>(*parsed->statement);
  return copy.from && copy.end == sql::CopyEnd::kStdin;
}

bool ScriptReader::fill() {
  if (ended_) return false;
  buffer_.erase(0, at_);
  at_ = 0;
  const size_t size = buffer_.size();
  for (;;) {
    buffer_.resize(size + kReadBytes);
    const ssize_t count = ::read(descriptor_, buffer_.data() + size, kReadBytes);
    buffer_.resize(size + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count > 0) return true;
    if (count < 0 && errno == EINTR && !interrupted() && leaving_signal() == 0) continue;
    if (count < 0) read_error_ = errno;
    ended_ = true;
    return false;
  }
}

// Looking for a statement's end begins anew each time, so a long statement is looked at only when
// it has doubled; text that comes slowly, as from a person or a program at the other end of a pipe,
// is looked at as it comes.
void ScriptReader::grow() {
  const size_t wanted = 2 * rest().size();
  while (fill() && rest().size() < wanted) {
    pollfd ready{descriptor_, POLLIN, 0};
    if (::poll(&ready, 1, 0) <= 0) return;
  }
}

void ScriptReader::step(size_t bytes) {
  const std::string_view passed = rest().substr(0, bytes);
  next_line_number_ += static_cast<size_t>(std::count(passed.begin(), passed.end(), '\n'));
  at_ += bytes;
}

ScriptReader::Kind ScriptReader::next(std::string_view& text) {
  for (;;) {
    const size_t blanks = leading_blanks(rest());
    // A comment that ends with what was read may go on in what was not.
    if (blanks == rest().size() || (rest().size() - blanks == 1 && !ended_)) {
      if (fill()) continue;
      if (blanks == rest().size()) return Kind::kEnd;
    }
    step(blanks);
    line_ = next_line_number_;
    if (rest().front() == '\\') {
      while (rest().find('\n') == std::string_view::npos && fill()) {
      }
      text = rest().substr(0, rest().find('\n'));
      step(text.size());
      return Kind::kCommand;
    }
    size_t end = sql::statement_end(rest());
    while (end == std::string_view::npos && !ended_) {
      grow();
      end = sql::statement_end(rest());
    }
    text = rest().substr(0, end);
    step(text.size());
    if (text != ";") return Kind::kStatement;
  }
}

bool ScriptReader::next_line(std::string& line) {
  size_t end = rest().find('\n');
  while (end == std::string_view::npos) {
    const size_t searched = rest().size();
    if (!fill()) break;
    end = rest().find('\n', searched);
  }
  if (rest().empty()) return false;
  line = rest().substr(0, end);
  step(std::min(line.size() + 1, rest().size()));
  return true;
}

}  // namespace rowan::shell
