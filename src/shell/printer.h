// Printer: results as psql-like tables, expanded records, CSV or JSON.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/rowan.h"

namespace rowan::shell {

enum class Format { kTable, kExpanded, kCsv, kJson };
std::optional<Format> format_from_name(std::string_view name);  // table, expanded, csv, json

struct PrintOptions {
  Format format = Format::kTable;
  bool tags = true;                    // Also prints "INSERT 0 1".
  bool commits = false;                // Says which commit a statement made.
  std::string title = {};              // Above a table.
  bool footer = true;                  // "(3 rows)" and an empty line below a table.
  std::function<void(const Rows&)> seen = {};  // Told of each row.
  std::function<bool()> stopped = {};  // Asked between rows: true ends the printing with 57014.
};

// Reads all rows and prints them. A failure while reading is returned; what was read before it is
// printed for csv and json only.
Outcome<uint64_t> print_rows(Rows& rows, const PrintOptions& options, std::ostream& out,
                             std::ostream& notices);

// One failure as psql shows it: ERROR, LINE with a caret, DETAIL, HINT. `statement` is what was
// run; may be empty.
std::string failure_text(const Failure& failure, std::string_view statement);

// A text for people to read: control characters, which would move the cursor or worse, are shown by
// their code, tabs as blanks; lines stay lines. Foreign names and messages may hold anything.
std::string visible(std::string_view text);

// Columns a text takes on a terminal.
size_t display_width(std::string_view text);

}  // namespace rowan::shell
