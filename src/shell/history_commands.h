// `rowan log`, `rowan diff` and `rowan blame`: history for people, over the SQL of a session.
//
// Threads: one.
// Errors:  what the session answers, as its Failure.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <variant>
#include <vector>

#include "rowan/rowan.h"

namespace rowan::shell {

// How much may be painted and how wide a line may be.
struct Screen {
  bool colours = false;
  size_t width = 120;
};
Screen standard_output_screen();  // Colours only at a terminal, and not with NO_COLOR.

struct LogView {
  std::string revision;  // Empty: the session's branch.
  std::string table, author, grep, since, until;
  std::optional<uint64_t> count;
  bool graph = false;
  bool oneline = false;
};
std::optional<Failure> show_log(Session& session, const LogView& view, const Screen& screen,
                                std::ostream& out);

enum class DiffForm { kRows, kStat, kJson, kSql, kSchema };
struct DiffView {
  std::string from;  // Or a range ("a..b", "a...b") when `to` is empty.
  std::string to;
  std::string table;
  DiffForm form = DiffForm::kRows;
  bool native = false;  // kSql: with the words for storage.
};
// True: there are differences.
std::variant<bool, Failure> show_diff(Session& session, const DiffView& view, const Screen& screen,
                                      std::ostream& out);

struct BlameView {
  std::string table;
  std::string revision;
  std::vector<std::string> key;  // Of one row; empty: all.
  bool cells = false;
};
// Whether there was a row.
std::variant<bool, Failure> show_blame(Session& session, const BlameView& view,
                                       const Screen& screen, std::ostream& out);

// ---- Parts, for tests ----

// Draws the graph of commits, newest first, a character column a line of history.
class GraphDrawer {
 public:
  // The lines to print before a commit's own, and what stands in front of it.
  struct Drawn {
    std::vector<std::string> before;
    std::string prefix;
    std::string below;  // In front of the commit's further lines.
    std::vector<std::string> after;
  };
  Drawn next(const std::string& commit, const std::vector<std::string>& parents);

 private:
  std::string bars(size_t marked, char mark) const;
  std::vector<std::string> lanes_;  // The commit that each lane waits for.
};

// A changed text, word by word: what goes and what comes between marks, or painted.
struct WordPiece {
  enum class Kind { kSame, kOld, kNew } kind = Kind::kSame;
  std::string text;
};
std::vector<WordPiece> word_difference(const std::string& from, const std::string& to);

}  // namespace rowan::shell
