#include "shell/printer.h"

#include <fmt/format.h>
#include <wchar.h>

#include <algorithm>
#include <ostream>

namespace rowan::shell {

namespace {

struct Cell {
  std::string text;
  bool is_null = false;
};

bool right_aligned(ColumnKind kind) {
  return kind == ColumnKind::kInteger || kind == ColumnKind::kFloat || kind == ColumnKind::kNumeric;
}

// Decodes one UTF-8 character at `i` and steps over it; a broken byte stands for itself.
uint32_t next_character(std::string_view text, size_t& i) {
  const auto byte = static_cast<uint8_t>(text[i++]);
  const int more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0;
  uint32_t code = more == 0 ? byte : byte & (0x3f >> more);
  for (int k = 0; k < more && i < text.size(); ++k) code = code << 6 | (static_cast<uint8_t>(text[i++]) & 0x3f);
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

// Control characters would move the cursor: they are shown by their code, but newlines, which split a cell into lines.
std::string visible(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x20 && c != '\n') {
      out += c == '\t' ? std::string("        ") : fmt::format("\\x{:02X}", byte);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  size_t from = 0;
  for (size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', from)) {
    lines.emplace_back(text.substr(from, end - from));
    from = end + 1;
  }
  lines.emplace_back(text.substr(from));
  return lines;
}

void print_table(const std::vector<ColumnInfo>& columns, const std::vector<std::vector<Cell>>& rows, std::ostream& out) {
  std::vector<size_t> widths;
  for (const ColumnInfo& column : columns) widths.push_back(display_width(column.name));
  std::vector<std::vector<std::vector<std::string>>> split(rows.size());
  for (size_t r = 0; r < rows.size(); ++r) {
    for (size_t i = 0; i < columns.size(); ++i) {
      split[r].push_back(lines_of(visible(rows[r][i].text)));
      for (const std::string& line : split[r][i]) widths[i] = std::max(widths[i], display_width(line));
    }
  }
  for (size_t i = 0; i < columns.size(); ++i) out << (i > 0 ? "|" : "") << ' ' << centred(columns[i].name, widths[i]) << ' ';
  out << '\n';
  for (size_t i = 0; i < columns.size(); ++i) out << (i > 0 ? "+" : "") << std::string(widths[i] + 2, '-');
  out << '\n';
  for (const auto& row : split) {
    size_t height = 1;
    for (const auto& cell : row) height = std::max(height, cell.size());
    for (size_t line = 0; line < height; ++line) {
      std::string text;
      for (size_t i = 0; i < columns.size(); ++i) {
        const bool here = line < row[i].size();
        if (i > 0) text += "|";
        text += ' ' + pad(here ? row[i][line] : "", widths[i], right_aligned(columns[i].kind));
        text += line + 1 < row[i].size() ? '+' : ' ';
      }
      while (!text.empty() && text.back() == ' ') text.pop_back();
      out << text << '\n';
    }
  }
  out << fmt::format("({} row{})\n", rows.size(), rows.size() == 1 ? "" : "s");
}

void print_expanded(const std::vector<ColumnInfo>& columns, const std::vector<std::vector<Cell>>& rows, std::ostream& out) {
  size_t names = 0;
  size_t values = 0;
  for (const ColumnInfo& column : columns) names = std::max(names, display_width(column.name));
  for (const auto& row : rows) {
    for (const Cell& cell : row) {
      for (const std::string& line : lines_of(visible(cell.text))) values = std::max(values, display_width(line));
    }
  }
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string head = fmt::format("-[ RECORD {} ]", r + 1);
    while (head.size() < names + values + 3) head += head.size() == names + 1 ? '+' : '-';
    out << head << '\n';
    for (size_t i = 0; i < columns.size(); ++i) {
      const auto lines = lines_of(visible(rows[r][i].text));
      for (size_t line = 0; line < lines.size(); ++line) {
        out << pad(line == 0 ? columns[i].name : "", names, false) << " | " << lines[line] << '\n';
      }
    }
  }
  if (rows.empty()) out << "(0 rows)\n";
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
    case ColumnKind::kBool: return text == "t" ? "true" : "false";
    case ColumnKind::kInteger:
    case ColumnKind::kFloat:
    case ColumnKind::kNumeric: return finite ? text : json_string(text);
    case ColumnKind::kJson: return text;
    default: return json_string(text);
  }
}

// One row at a time: any size of result.
Outcome<uint64_t> stream_rows(Rows& rows, Format format, std::ostream& out) {
  const auto& columns = rows.columns();
  if (format == Format::kCsv) {
    for (size_t i = 0; i < columns.size(); ++i) out << (i > 0 ? "," : "") << csv_field(columns[i].name, false);
    out << '\n';
  } else {
    out << '[';
  }
  uint64_t count = 0;
  for (;;) {
    auto more = rows.next();
    if (!more) {
      out << '\n';
      return more.failure();
    }
    if (!*more) break;
    if (format == Format::kJson) out << (count > 0 ? ",\n " : "\n ") << '{';
    for (size_t i = 0; i < columns.size(); ++i) {
      const bool is_null = rows.is_null(i);
      const std::string text = rows.get_text(i);
      if (format == Format::kCsv) {
        out << (i > 0 ? "," : "") << csv_field(text, is_null);
      } else {
        out << (i > 0 ? "," : "") << json_string(columns[i].name) << ':' << json_value(columns[i].kind, text, is_null);
      }
    }
    out << (format == Format::kCsv ? "\n" : "}");
    ++count;
  }
  if (format == Format::kJson) out << (count > 0 ? "\n]\n" : "]\n");
  return count;
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

Outcome<uint64_t> print_rows(Rows& rows, const PrintOptions& options, std::ostream& out, std::ostream& notices) {
  uint64_t count = 0;
  const bool has_columns = !rows.columns().empty();
  if (has_columns && (options.format == Format::kCsv || options.format == Format::kJson)) {
    auto streamed = stream_rows(rows, options.format, out);
    if (!streamed) return streamed;
    count = *streamed;
  } else {
    std::vector<std::vector<Cell>> cells;
    for (;;) {
      auto more = rows.next();
      if (!more) return more.failure();
      if (!*more) break;
      std::vector<Cell> row;
      for (size_t i = 0; i < rows.columns().size(); ++i) row.push_back({rows.get_text(i), rows.is_null(i)});
      cells.push_back(std::move(row));
    }
    count = cells.size();
    if (has_columns && options.format == Format::kTable) print_table(rows.columns(), cells, out);
    if (has_columns && options.format == Format::kExpanded) print_expanded(rows.columns(), cells, out);
  }
  for (const std::string& notice : rows.notices()) notices << "NOTICE:  " << notice << '\n';
  if (options.tags && !has_columns) out << rows.tag() << '\n';
  return count;
}

std::string failure_text(const Failure& failure, std::string_view statement) {
  std::string out = fmt::format("ERROR:  {}: {}\n", failure.sqlstate, failure.message);
  if (failure.position > 0 && !statement.empty()) {
    // The line of the statement that holds the position (counted in characters), with a caret below.
    size_t at = 0;
    for (uint32_t i = 1; i < failure.position && at < statement.size(); ++i) next_character(statement, at);
    const size_t before = at == 0 ? std::string_view::npos : statement.rfind('\n', at - 1);
    const size_t line_start = before == std::string_view::npos ? 0 : before + 1;
    const size_t line_end = std::min(statement.find('\n', at), statement.size());
    const auto number = 1 + std::count(statement.begin(), statement.begin() + static_cast<ptrdiff_t>(line_start), '\n');
    const std::string head = fmt::format("LINE {}: ", number);
    out += head + std::string(statement.substr(line_start, line_end - line_start)) + '\n';
    out += std::string(head.size() + display_width(statement.substr(line_start, at - line_start)), ' ') + "^\n";
  }
  if (!failure.detail.empty()) out += "DETAIL:  " + failure.detail + '\n';
  if (!failure.hint.empty()) out += "HINT:  " + failure.hint + '\n';
  return out;
}

}  // namespace rowan::shell
