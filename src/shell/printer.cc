#include "shell/printer.h"

#include <fmt/format.h>
#include <wchar.h>

#include <algorithm>
#include <ostream>

namespace rowan::shell {

namespace {

// A statement's line is cut to this many columns around the position an error names.
constexpr size_t kShownLineColumns = 100;
constexpr size_t kShownLineBefore = 60;

bool right_aligned(ColumnKind kind) {
  return kind == ColumnKind::kInteger || kind == ColumnKind::kFloat || kind == ColumnKind::kNumeric;
}

// Decodes one UTF-8 character at `i` and steps over it; a broken byte stands for itself, and takes
// nothing along that is no part of a character.
uint32_t next_character(std::string_view text, size_t& i) {
  const auto byte = static_cast<uint8_t>(text[i++]);
  const int more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0;
  uint32_t code = more == 0 ? byte : byte & (0x3f >> more);
  for (int k = 0; k < more; ++k) {
    if (i + static_cast<size_t>(k) >= text.size() ||
        (static_cast<uint8_t>(text[i + static_cast<size_t>(k)]) & 0xc0) != 0x80)
      return byte;
    code = code << 6 | (static_cast<uint8_t>(text[i + static_cast<size_t>(k)]) & 0x3f);
  }
  i += static_cast<size_t>(more);
  return code;
}

std::string pad(std::string_view text, size_t width, bool right) {
  const size_t used = display_width(text);
  const std::string blanks(width > used ? width - used : 0, ' ');
  return right ? blanks + std::string(text) : std::string(text) + blanks;
}

std::string centred(std::string_view text, size_t width) {
  const size_t used = display_width(text);
  const size_t blanks = width > used ? width - used : 0;
  return std::string(blanks / 2, ' ') + std::string(text) + std::string(blanks - blanks / 2, ' ');
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

// Control characters would move the cursor: they are shown by their code, but newlines, which split
// a cell into lines.
void append_visible(std::string_view text, std::string& out) {
  size_t column = 0;
  for (size_t i = 0; i < text.size();) {
    const size_t from = i;
    const uint32_t code = next_character(text, i);
    if (code == '\n') {
      out.push_back('\n');
      column = 0;
      continue;
    }
    const size_t start = out.size();
    if (code == '\t') {
      out.append(8 - column % 8, ' ');
    } else if (code == '\r') {
      out += "\\r";
    } else if (code < 0x20 || code == 0x7f) {
      out += fmt::format("\\x{:02X}", code);
    } else if (code >= 0x80 && code < 0xa0) {
      out += fmt::format("\\u{:04X}", code);
    } else {
      out.append(text, from, i - from);
    }
    column += display_width(std::string_view(out).substr(start));
  }
}

// A result held for printing: the cells' visible text one behind the other, so that a million cells
// are a few blocks of memory.
class TextTable {
 public:
  explicit TextTable(const std::vector<ColumnInfo>& columns) : columns_(columns) {
    for (const ColumnInfo& column : columns) {
      titles_.emplace_back();
      append_visible(column.name, titles_.back());
      std::replace(titles_.back().begin(), titles_.back().end(), '\n', ' ');
      widths_.push_back(display_width(titles_.back()));
    }
  }
  void add_row(const Rows& rows) {
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (!rows.is_null(i)) add_text(rows.get_text(i), widths_[i]);
      ends_.push_back(text_.size());
    }
    ++row_count_;
  }
  uint64_t row_count() const { return row_count_; }
  bool print(const PrintOptions& options,
             std::ostream& out) const;  // False when stopped or the output broke.
  bool print_expanded(const PrintOptions& options, std::ostream& out) const;

 private:
  void add_text(const std::string& text, size_t& width) {
    if (is_plain(text)) {
      text_ += text;
      width = std::max(width, text.size());
      return;
    }
    const size_t start = text_.size();
    append_visible(text, text_);
    for (std::string_view rest = std::string_view(text_).substr(start);;) {
      const size_t end = rest.find('\n');
      width = std::max(width, display_width(rest.substr(0, end)));
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
    }
  }
  std::string_view cell(uint64_t row, size_t column) const {
    const size_t index = row * columns_.size() + column;
    const size_t start = index == 0 ? 0 : ends_[index - 1];
    return std::string_view(text_).substr(start, ends_[index] - start);
  }
  void append_row(uint64_t row, std::string& out) const;

  const std::vector<ColumnInfo>& columns_;
  std::vector<std::string> titles_;
  std::vector<size_t> widths_;  // Terminal columns, the title's included.
  std::string text_;
  std::vector<size_t> ends_;  // Of each cell in text_.
  uint64_t row_count_ = 0;
};

// One row, on as many lines as its highest cell has; '+' marks a cell that goes on. As psql does,
// the last column is padded only when a mark or right alignment asks for it.
void TextTable::append_row(uint64_t row, std::string& out) const {
  std::vector<std::string_view> rests;
  for (size_t i = 0; i < columns_.size(); ++i) rests.push_back(cell(row, i));
  for (bool more = true; more;) {
    more = false;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const size_t end = rests[i].find('\n');
      const std::string_view line = rests[i].substr(0, end);
      const bool goes_on = end != std::string_view::npos;
      rests[i].remove_prefix(goes_on ? end + 1 : rests[i].size());
      more |= goes_on;
      const bool last = i + 1 == columns_.size();
      const size_t used = is_plain(line) ? line.size() : display_width(line);
      const size_t blanks = widths_[i] - used;
      const bool right = right_aligned(columns_[i].kind);
      out += i > 0 ? "| " : " ";
      if (right) out.append(blanks, ' ');
      out += line;
      if (!right && (!last || goes_on)) out.append(blanks, ' ');
      if (goes_on) {
        out.push_back('+');
      } else if (!last) {
        out.push_back(' ');
      }
    }
    out.push_back('\n');
  }
}

bool TextTable::print(const PrintOptions& options, std::ostream& out) const {
  std::string text;
  size_t full_width = columns_.empty() ? 0 : columns_.size() - 1;
  for (const size_t width : widths_) full_width += width + 2;
  if (!options.title.empty()) {
    const size_t used = display_width(options.title);
    text +=
        std::string(full_width > used ? (full_width - used) / 2 : 0, ' ') + options.title + '\n';
  }
  for (size_t i = 0; i < columns_.size(); ++i)
    text += (i > 0 ? "| " : " ") + centred(titles_[i], widths_[i]) + ' ';
  text += '\n';
  for (size_t i = 0; i < columns_.size(); ++i)
    text += (i > 0 ? "+" : "") + std::string(widths_[i] + 2, '-');
  out << text << '\n';
  for (uint64_t row = 0; row < row_count_; ++row) {
    text.clear();
    append_row(row, text);
    out << text;
    if (!out || (options.stopped && options.stopped())) return false;
  }
  if (options.footer) out << fmt::format("({} row{})\n\n", row_count_, row_count_ == 1 ? "" : "s");
  return true;
}

bool TextTable::print_expanded(const PrintOptions& options, std::ostream& out) const {
  size_t names = 0;
  size_t values = 0;
  for (const std::string& title : titles_) names = std::max(names, display_width(title));
  for (const size_t width : widths_) values = std::max(values, width);
  if (!options.title.empty()) out << options.title << '\n';
  for (uint64_t row = 0; row < row_count_; ++row) {
    std::string text = fmt::format("-[ RECORD {} ]", row + 1);
    while (text.size() < names + values + 3) text += text.size() == names + 1 ? '+' : '-';
    text += '\n';
    for (size_t i = 0; i < columns_.size(); ++i) {
      std::string_view rest = cell(row, i);
      for (bool first = true;; first = false) {
        const size_t end = rest.find('\n');
        text += pad(first ? titles_[i] : "", names, false) + " | ";
        text += end == std::string_view::npos ? std::string(rest)
                                              : pad(rest.substr(0, end), values, false) + '+';
        text += '\n';
        if (end == std::string_view::npos) break;
        rest.remove_prefix(end + 1);
      }
    }
    out << text;
    if (!out || (options.stopped && options.stopped())) return false;
  }
  out << (row_count_ == 0 ? "(0 rows)\n\n" : "\n");
  return true;
}

std::string csv_field(std::string_view text, bool is_null) {
  if (is_null) return "";
  const bool quote = text.empty() || text.find_first_of(",\"\r\n") != std::string_view::npos;
  if (!quote) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  return out + "\"";
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

std::string json_value(ColumnKind kind, const std::string& text, bool is_null) {
  if (is_null) return "null";
  const bool finite = text.find_first_not_of("+-.0123456789eE") == std::string::npos;
  switch (kind) {
    case ColumnKind::kBool:
      return text == "t" ? "true" : "false";
    case ColumnKind::kInteger:
    case ColumnKind::kFloat:
    case ColumnKind::kNumeric:
      return finite ? text : json_string(text);
    case ColumnKind::kJson:
      return text;
    default:
      return json_string(text);
  }
}

Failure stopped_failure() {
  return {"57014", "canceling statement due to user request", "", "", 0, false};
}

void append_csv(const Rows& rows, std::string& line) {
  for (size_t i = 0; i < rows.columns().size(); ++i) {
    if (i > 0) line.push_back(',');
    line += csv_field(rows.get_text(i), rows.is_null(i));
  }
  line.push_back('\n');
}

void append_json(const Rows& rows, bool first, std::string& line) {
  line += first ? "\n {" : ",\n {";
  for (size_t i = 0; i < rows.columns().size(); ++i) {
    if (i > 0) line.push_back(',');
    line += json_string(rows.columns()[i].name) + ':' +
            json_value(rows.columns()[i].kind, rows.get_text(i), rows.is_null(i));
  }
  line.push_back('}');
}

// One row at a time: any size of result.
Outcome<uint64_t> stream_rows(Rows& rows, const PrintOptions& options, std::ostream& out) {
  const bool csv = options.format == Format::kCsv;
  std::string line;
  if (csv) {
    for (const ColumnInfo& column : rows.columns())
      line += (line.empty() ? "" : ",") + csv_field(column.name, false);
    out << line << '\n';
  } else {
    out << '[';
  }
  for (uint64_t count = 0;; ++count) {
    auto more = rows.next();
    if (!more) {
      if (!csv) out << '\n';
      return more.failure();
    }
    if (!*more) {
      if (!csv) out << (count > 0 ? "\n]\n" : "]\n");
      return count;
    }
    line.clear();
    if (csv) {
      append_csv(rows, line);
    } else {
      append_json(rows, count == 0, line);
    }
    out << line;
    if (options.seen) options.seen(rows);
    if (!out) return count;
    if (options.stopped && options.stopped()) return stopped_failure();
  }
}

// Reads everything first: the widths of the columns are those of all rows.
Outcome<uint64_t> print_table(Rows& rows, const PrintOptions& options, std::ostream& out) {
  TextTable table(rows.columns());
  for (;;) {
    auto more = rows.next();
    if (!more) return more.failure();
    if (!*more) break;
    table.add_row(rows);
    if (options.seen) options.seen(rows);
    if (options.stopped && options.stopped()) return stopped_failure();
  }
  if (rows.columns().empty()) return table.row_count();
  const bool whole = options.format == Format::kExpanded ? table.print_expanded(options, out)
                                                         : table.print(options, out);
  if (!whole && out) return stopped_failure();
  return table.row_count();
}

}  // namespace

std::optional<Format> format_from_name(std::string_view name) {
  if (name == "table") return Format::kTable;
  if (name == "expanded") return Format::kExpanded;
  if (name == "csv") return Format::kCsv;
  if (name == "json") return Format::kJson;
  return std::nullopt;
}

size_t display_width(std::string_view text) {
  size_t width = 0;
  for (size_t i = 0; i < text.size();) {
    const uint32_t code = next_character(text, i);
    const int columns = code < 0x80 ? 1 : ::wcwidth(static_cast<wchar_t>(code));
    width += columns < 0 ? 1 : static_cast<size_t>(columns);
  }
  return width;
}

std::string visible(std::string_view text) {
  std::string out;
  append_visible(text, out);
  return out;
}

Outcome<uint64_t> print_rows(Rows& rows, const PrintOptions& options, std::ostream& out,
                             std::ostream& notices) {
  const bool has_columns = !rows.columns().empty();
  const bool streamed =
      has_columns && (options.format == Format::kCsv || options.format == Format::kJson);
  auto count = streamed ? stream_rows(rows, options, out) : print_table(rows, options, out);
  if (!count) return count;
  if (!rows.notices().empty()) out.flush();
  for (const Notice& notice : rows.notices())
    notices << notice.severity << ":  " << visible(notice.message) << '\n';
  if (options.commits && !rows.commit_id().empty()) {
    out.flush();
    notices << "NOTICE:  commit " << rows.commit_id() << '\n';
  }
  if (options.tags && !has_columns) out << rows.tag() << '\n';
  return count;
}

namespace {

// The line of the statement that holds the position (counted in characters) and a caret below; a
// long line is cut around it.
std::string line_with_caret(uint32_t position, std::string_view statement) {
  size_t at = 0;
  for (uint32_t i = 1; i < position && at < statement.size(); ++i) next_character(statement, at);
  const size_t before = at == 0 ? std::string_view::npos : statement.rfind('\n', at - 1);
  const size_t line_start = before == std::string_view::npos ? 0 : before + 1;
  const auto number = 1 + std::count(statement.begin(),
                                     statement.begin() + static_cast<ptrdiff_t>(line_start), '\n');
  const std::string_view line = statement.substr(
      line_start, std::min(statement.find('\n', at), statement.size()) - line_start);
  size_t caret = at - line_start;
  std::string shown;
  append_visible(line.substr(0, caret), shown);
  const size_t shown_caret = shown.size();
  append_visible(line.substr(caret), shown);
  std::string head = fmt::format("LINE {}: ", number);
  size_t from = 0;
  if (display_width(std::string_view(shown).substr(0, shown_caret)) > kShownLineBefore) {
    while (display_width(std::string_view(shown).substr(from, shown_caret - from)) >
           kShownLineBefore)
      next_character(shown, from);
    head += "...";
  }
  size_t to = from;
  for (size_t width = 0; to < shown.size() && width < kShownLineColumns;) {
    const size_t start = to;
    next_character(shown, to);
    width += display_width(std::string_view(shown).substr(start, to - start));
  }
  const std::string blanks(
      head.size() + display_width(std::string_view(shown).substr(from, shown_caret - from)), ' ');
  return head + shown.substr(from, to - from) + (to < shown.size() ? "...\n" : "\n") + blanks +
         "^\n";
}

}  // namespace

std::string failure_text(const Failure& failure, std::string_view statement) {
  std::string out = fmt::format("ERROR:  {}: {}\n", failure.sqlstate, visible(failure.message));
  if (failure.position > 0 && !statement.empty())
    out += line_with_caret(failure.position, statement);
  if (!failure.detail.empty()) out += "DETAIL:  " + visible(failure.detail) + '\n';
  if (!failure.hint.empty()) out += "HINT:  " + visible(failure.hint) + '\n';
  if (!failure.context.empty()) out += "CONTEXT:  " + visible(failure.context) + '\n';
  return out;
}

}  // namespace rowan::shell
