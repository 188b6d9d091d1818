#include "shell/history_commands.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "shell/printer.h"
#include "sql/parser.h"

namespace rowan::shell {

namespace {

constexpr size_t kShortId = 10;
constexpr size_t kTableRowsMax = 500;  // More rows are shown one below the other, as they come.
constexpr size_t kWordsMax = 400;      // Longer texts are one word.
constexpr size_t kNarrowest = 40;
constexpr std::string_view kCutMark = " (boundary)";  // A shallow clone has nothing before it.

constexpr std::string_view kRed = "\033[31m";
constexpr std::string_view kGreen = "\033[32m";
constexpr std::string_view kYellow = "\033[33m";
constexpr std::string_view kCyan = "\033[36m";
constexpr std::string_view kBold = "\033[1m";
constexpr std::string_view kPlain = "\033[0m";

std::string paint(const Screen& screen, std::string_view colour, std::string_view text) {
  if (!screen.colours || text.empty()) return std::string(text);
  return fmt::format("{}{}{}", colour, text, kPlain);
}

// "shop.orders" as the table functions take it.
std::string table_argument(const std::string& table) { return sql::quote_literal(table); }

// The next row of a result; a failure stops everything.
struct Reader {
  explicit Reader(Session& session) : session(session) {}
  std::optional<Failure> open(const std::string& sql) {
    auto made = session.run(sql);
    if (!made) return made.failure();
    rows = std::move(*made);
    return std::nullopt;
  }
  bool next(std::optional<Failure>& failure) const {
    auto more = rows->next();
    if (!more) {
      failure = more.failure();
      return false;
    }
    return *more;
  }
  std::string text(size_t column) const { return visible(rows->get_text(column)); }  // To read.
  std::string raw(size_t column) const { return rows->get_text(column); }

  Session& session;
  std::unique_ptr<Rows> rows;
};

}  // namespace

Screen standard_output_screen() {
  Screen screen;
  const bool terminal = ::isatty(STDOUT_FILENO) != 0;
  const char* no_colour = std::getenv("NO_COLOR");
  screen.colours = terminal && (no_colour == nullptr || *no_colour == '\0');
  winsize size{};
  if (terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= kNarrowest)
    screen.width = size.ws_col;
  return screen;
}

// ---- log ----

std::string GraphDrawer::bars(size_t marked, char mark) const {
  std::string text;
  for (size_t i = 0; i < lanes_.size(); ++i) text += std::string(1, i == marked ? mark : '|') + " ";
  return text;
}

GraphDrawer::Drawn GraphDrawer::next(const std::string& commit,
                                     const std::vector<std::string>& parents) {
  Drawn drawn;
  size_t lane =
      static_cast<size_t>(std::find(lanes_.begin(), lanes_.end(), commit) - lanes_.begin());
  if (lane == lanes_.size()) lanes_.push_back(commit);
  // Other lanes that lead here come in from the right.
  for (size_t i = lanes_.size(); i-- > lane + 1;) {
    if (lanes_[i] != commit) continue;
    std::string line;
    for (size_t j = 0; j < lanes_.size(); ++j) {
      line += j == i ? ' ' : '|';
      line += j + 1 == i ? '/' : j >= lane && j + 1 < i ? '_' : ' ';
    }
    while (line.ends_with(' ')) line.pop_back();
    drawn.before.push_back(line);
    lanes_.erase(lanes_.begin() + static_cast<ptrdiff_t>(i));
  }
  drawn.prefix = bars(lane, '*');
  if (parents.empty()) {
    lanes_.erase(lanes_.begin() + static_cast<ptrdiff_t>(lane));
    drawn.below = bars(lanes_.size(), '|');
    return drawn;
  }
  lanes_[lane] = parents[0];
  drawn.below = bars(lanes_.size(), '|');
  for (size_t p = 1; p < parents.size(); ++p) {
    std::string line;
    for (size_t j = 0; j < lanes_.size(); ++j) line += j < lane ? "| " : j == lane ? "|\\ " : "\\ ";
    while (line.ends_with(' ')) line.pop_back();
    drawn.after.push_back(line);
    lanes_.insert(lanes_.begin() + static_cast<ptrdiff_t>(lane + 1), parents[p]);
  }
  return drawn;
}

namespace {

std::string revision_literal(const std::string& revision) {
  return sql::quote_literal(revision.empty() ? "HEAD" : revision);
}

std::string log_query(const LogView& view) {
  std::string sql =
      "SELECT \"commit\", author, email, time, message, parents, body, boundary FROM rowan.log(" +
      revision_literal(view.revision);
  if (!view.table.empty()) sql += ", " + table_argument(view.table);
  sql += ")";
  std::string where;
  const auto add = [&](const std::string& condition) {
    where += (where.empty() ? " WHERE " : " AND ") + condition;
  };
  if (!view.author.empty())
    add("position(" + sql::quote_literal(view.author) + " in author || ' <' || email || '>') > 0");
  if (!view.grep.empty())
    add("position(" + sql::quote_literal(view.grep) + " in message || ' ' || body) > 0");
  if (!view.since.empty())
    add("time >= CAST(" + sql::quote_literal(view.since) + " AS timestamptz)");
  if (!view.until.empty())
    add("time <= CAST(" + sql::quote_literal(view.until) + " AS timestamptz)");
  sql += where;
  if (view.count) sql += fmt::format(" LIMIT {}", *view.count);
  return sql;
}

// Filters of SHOW LOG end the walk early; the graph needs the parents too.
std::string show_log_statement(const LogView& view) {
  std::string sql = "SHOW LOG";
  const auto add = [&](std::string_view word, const std::string& value) {
    if (!value.empty()) sql += fmt::format(" {} {}", word, sql::quote_literal(value));
  };
  add("ON", view.revision);
  if (!view.table.empty()) {
    const size_t dot = view.table.find('.');
    sql += " FOR " + (dot == std::string::npos ? sql::quote_ident(view.table)
                                               : sql::quote_ident(view.table.substr(0, dot)) + "." +
                                                     sql::quote_ident(view.table.substr(dot + 1)));
  }
  add("AUTHOR", view.author);
  add("GREP", view.grep);
  add("SINCE", view.since);
  add("UNTIL", view.until);
  if (view.count) sql += fmt::format(" LIMIT {}", *view.count);
  return sql;
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace

std::optional<Failure> show_log(Session& session, const LogView& view, const Screen& screen,
                                std::ostream& out) {
  Reader log(session);
  if (auto failure = log.open(view.graph ? log_query(view) : show_log_statement(view)))
    return failure;
  GraphDrawer graph;
  std::optional<Failure> failure;
  while (out && log.next(failure)) {
    const std::string_view cut = view.graph && log.text(7) == "t" ? kCutMark : std::string_view();
    GraphDrawer::Drawn drawn;
    if (view.graph) drawn = graph.next(log.text(0), words_of(log.text(5)));
    for (const std::string& line : drawn.before) out << paint(screen, kRed, line) << '\n';
    if (view.oneline) {
      out << paint(screen, kRed, drawn.prefix)
          << paint(screen, kYellow, log.text(0).substr(0, kShortId)) << cut << ' ' << log.text(4)
          << '\n';
    } else {
      const std::string below = paint(screen, kRed, drawn.below);
      out << paint(screen, kRed, drawn.prefix) << paint(screen, kYellow, "commit " + log.text(0))
          << cut << '\n';
      out << below << fmt::format("Author: {} <{}>\n", log.text(1), log.text(2));
      out << below << fmt::format("Date:   {}\n", log.text(3));
      out << below << '\n' << below << "    " << log.text(4) << '\n' << below << '\n';
    }
    for (const std::string& line : drawn.after) out << paint(screen, kRed, line) << '\n';
  }
  if (!failure) {
    for (const Notice& notice : log.rows->notices())
      std::cerr << notice.severity << ":  " << visible(notice.message) << '\n';
  }
  return failure;
}

// ---- diff ----

std::vector<WordPiece> word_difference(const std::string& from, const std::string& to) {
  // Words keep the blanks behind them.
  const auto split = [](const std::string& text) {
    std::vector<std::string> words;
    for (size_t i = 0; i < text.size();) {
      size_t end = i;
      while (end < text.size() && text[end] != ' ') ++end;
      while (end < text.size() && text[end] == ' ') ++end;
      words.push_back(text.substr(i, end - i));
      i = end;
    }
    return words;
  };
  std::vector<std::string> a = split(from), b = split(to);
  if (a.size() > kWordsMax || b.size() > kWordsMax) {
    a = {from};
    b = {to};
  }
  // Longest common subsequence from the back.
  std::vector<std::vector<uint16_t>> common(a.size() + 1, std::vector<uint16_t>(b.size() + 1, 0));
  for (size_t i = a.size(); i-- > 0;) {
    for (size_t j = b.size(); j-- > 0;) {
      common[i][j] = a[i] == b[j] ? static_cast<uint16_t>(common[i + 1][j + 1] + 1)
                                  : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::vector<WordPiece> pieces;
  const auto add = [&](WordPiece::Kind kind, const std::string& word) {
    if (!pieces.empty() && pieces.back().kind == kind)
      pieces.back().text += word;
    else
      pieces.push_back({kind, word});
  };
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      add(WordPiece::Kind::kSame, a[i]);
      ++i;
      ++j;
    } else if (j == b.size() || (i < a.size() && common[i + 1][j] >= common[i][j + 1])) {
      add(WordPiece::Kind::kOld, a[i++]);
    } else {
      add(WordPiece::Kind::kNew, b[j++]);
    }
  }
  return pieces;
}

namespace {

// A text with marks or colours, and how wide it shows.
struct Painted {
  std::string text;
  size_t width = 0;
};

Painted plain_cell(const std::string& text) { return {text, display_width(text)}; }

std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  return text;
}

Painted changed_cell(const Screen& screen, const std::string& from, const std::string& to) {
  Painted cell;
  for (const WordPiece& piece : word_difference(from, to)) {
    if (piece.kind == WordPiece::Kind::kSame) {
      cell.text += piece.text;
      cell.width += display_width(piece.text);
      continue;
    }
    const bool old = piece.kind == WordPiece::Kind::kOld;
    if (screen.colours) {
      cell.text += paint(screen, old ? kRed : kGreen, piece.text);
      cell.width += display_width(piece.text);
    } else {
      const std::string marked = (old ? "[-" : "{+") + piece.text + (old ? "-]" : "+}");
      cell.text += marked;
      cell.width += display_width(marked);
    }
  }
  return cell;
}

// One table's columns in the result of rowan.diff.
struct DiffColumn {
  std::string name;
  std::optional<size_t> from, to;
};

std::vector<DiffColumn> diff_columns(const Rows& rows) {
  std::vector<DiffColumn> columns;
  const auto& infos = rows.columns();
  for (size_t i = 1; i + 2 < infos.size(); ++i) {
    const bool is_to = infos[i].name.starts_with("to_");
    const std::string name = infos[i].name.substr(is_to ? 3 : 5);
    if (is_to && !columns.empty() && columns.back().from && !columns.back().to &&
        *columns.back().from + 1 == i) {
      columns.back().to = i;
      if (columns.back().name != name) columns.back().name += " -> " + name;
      continue;
    }
    DiffColumn column{name, {}, {}};
    (is_to ? column.to : column.from) = i;
    columns.push_back(std::move(column));
  }
  return columns;
}

struct DiffRow {
  std::string change;
  std::vector<std::string> from, to;  // A text a column.
};

std::string cell_text(const Rows& rows, const std::optional<size_t>& column) {
  if (!column) return "";
  return rows.is_null(*column) ? "NULL" : one_line(visible(rows.get_text(*column)));
}

char mark_of(const DiffRow& row) {
  return row.change == "added" ? '+' : row.change == "removed" ? '-' : '~';
}
std::string_view colour_of(const DiffRow& row) {
  return row.change == "added" ? kGreen : row.change == "removed" ? kRed : kCyan;
}

class TableDiffPrinter {
 public:
  TableDiffPrinter(const Screen& screen, std::ostream& out) : screen_(screen), out_(out) {}

  std::optional<Failure> print(const Reader& reader) {
    columns_ = diff_columns(*reader.rows);
    std::vector<DiffRow> rows;
    std::optional<Failure> failure;
    bool streaming = false;
    while (out_ && reader.next(failure)) {
      rows.push_back(read(*reader.rows));
      if (!streaming && rows.size() <= kTableRowsMax) continue;
      if (!streaming) print_unified(rows);
      if (streaming) print_unified(rows);
      streaming = true;
      rows.clear();
    }
    if (failure) return failure;
    if (streaming || !print_as_table(rows)) print_unified(rows);
    return std::nullopt;
  }

 private:
  DiffRow read(const Rows& rows) const {
    DiffRow row;
    row.change = rows.get_text(0);
    for (const DiffColumn& column : columns_) {
      row.from.push_back(cell_text(rows, column.from));
      row.to.push_back(cell_text(rows, column.to));
    }
    return row;
  }

  // False: too wide.
  bool print_as_table(const std::vector<DiffRow>& rows) {
    std::vector<size_t> widths;
    for (const DiffColumn& column : columns_) widths.push_back(display_width(column.name));
    std::vector<std::vector<Painted>> cells;
    for (const DiffRow& row : rows) {
      std::vector<Painted>& line = cells.emplace_back();
      for (size_t i = 0; i < columns_.size(); ++i) {
        const bool modified = row.change == "modified" && columns_[i].from && columns_[i].to &&
                              row.from[i] != row.to[i];
        Painted cell =
            modified
                ? changed_cell(screen_, row.from[i], row.to[i])
                : plain_cell(row.change == "removed" || !columns_[i].to ? row.from[i] : row.to[i]);
        if (row.change != "modified") cell.text = paint(screen_, colour_of(row), cell.text);
        widths[i] = std::max(widths[i], cell.width);
        line.push_back(std::move(cell));
      }
    }
    size_t total = 2;
    for (const size_t width : widths) total += width + 3;
    if (total > screen_.width) return false;
    out_ << "  ";
    for (size_t i = 0; i < columns_.size(); ++i) {
      out_ << (i > 0 ? " | " : "") << paint(screen_, kBold, columns_[i].name)
           << padding(display_width(columns_[i].name), widths, i);
    }
    out_ << '\n';
    for (size_t r = 0; r < rows.size(); ++r) {
      out_ << paint(screen_, colour_of(rows[r]), std::string(1, mark_of(rows[r]))) << ' ';
      for (size_t i = 0; i < columns_.size(); ++i)
        out_ << (i > 0 ? " | " : "") << cells[r][i].text << padding(cells[r][i].width, widths, i);
      out_ << '\n';
    }
    return true;
  }

  static std::string padding(size_t width, const std::vector<size_t>& widths, size_t column) {
    return column + 1 == widths.size() ? "" : std::string(widths[column] - width, ' ');
  }

  void print_unified(const std::vector<DiffRow>& rows) {
    for (const DiffRow& row : rows) {
      out_ << paint(screen_, kCyan, "@@ " + row.change) << '\n';
      for (size_t i = 0; i < columns_.size(); ++i) {
        const std::string& name = columns_[i].name;
        const bool has_from = row.change != "added" && columns_[i].from;
        const bool has_to = row.change != "removed" && columns_[i].to;
        if (has_from && has_to && row.from[i] == row.to[i]) {
          out_ << "  " << name << ": " << row.to[i] << '\n';
          continue;
        }
        if (has_from) out_ << paint(screen_, kRed, "- " + name + ": " + row.from[i]) << '\n';
        if (has_to) out_ << paint(screen_, kGreen, "+ " + name + ": " + row.to[i]) << '\n';
      }
    }
  }

  const Screen& screen_;
  std::ostream& out_;
  std::vector<DiffColumn> columns_;
};

// from and to as the table functions take them.
std::string revision_arguments(const DiffView& view) {
  const bool range = view.to.empty() && view.from.find("..") != std::string::npos;
  return sql::quote_literal(view.from) +
         (range ? "" : ", " + sql::quote_literal(view.to.empty() ? "HEAD" : view.to));
}

std::string call(std::string_view function, const DiffView& view) {
  return fmt::format("rowan.{}({}{})", function,
                     view.table.empty() ? "" : table_argument(view.table) + ", ",
                     revision_arguments(view));
}

void print_block(const Screen& screen, std::ostream& out, std::string_view colour, char mark,
                 const std::string& text) {
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    out << paint(screen, colour, fmt::format("{} {}", mark, line)) << '\n';
}

std::variant<bool, Failure> print_schema(Session& session, const DiffView& view,
                                         const Screen& screen, std::ostream& out) {
  Reader changes(session);
  if (auto failure =
          changes.open("SELECT object, kind, from_sql, to_sql FROM " + call("schema_diff", view)))
    return *failure;
  std::optional<Failure> failure;
  bool any = false;
  while (out && changes.next(failure)) {
    any = true;
    out << paint(screen, kBold, changes.text(0) + " (" + changes.text(1) + ")") << '\n';
    print_block(screen, out, kRed, '-', changes.text(2));
    print_block(screen, out, kGreen, '+', changes.text(3));
  }
  if (failure) return *failure;
  return any;
}

// The tables whose rows differ, as the stat names them.
std::variant<bool, Failure> print_rows_of_tables(Session& session, const DiffView& view,
                                                 const Screen& screen, std::ostream& out) {
  auto schema = print_schema(session, view, screen, out);
  if (std::holds_alternative<Failure>(schema)) return schema;
  bool any = std::get<bool>(schema);
  std::vector<std::pair<std::string, std::string>> tables;  // Name, summary.
  {
    Reader stat(session);
    if (auto failure = stat.open("SELECT * FROM " + call("diff_stat", view))) return *failure;
    std::optional<Failure> failure;
    while (stat.next(failure)) {
      if (stat.text(1) == "0" && stat.text(2) == "0" && stat.text(3) == "0") continue;
      tables.emplace_back(stat.text(0),
                          fmt::format("+{} -{} ~{}", stat.text(1), stat.text(2), stat.text(3)));
    }
    if (failure) return *failure;
  }
  for (const auto& [table, summary] : tables) {
    out << (any ? "\n" : "") << paint(screen, kBold, table + "  " + summary) << '\n';
    any = true;
    Reader rows(session);
    DiffView one = view;
    one.table = table;
    if (auto failure = rows.open("SELECT * FROM " + call("diff", one))) return *failure;
    if (auto failure = TableDiffPrinter(screen, out).print(rows)) return *failure;
  }
  return any;
}

std::variant<bool, Failure> print_json(Session& session, const DiffView& view, std::ostream& out) {
  Reader rows(session);
  if (auto failure =
          rows.open("SELECT \"table\", change, from_row, to_row FROM " + call("diff_rows", view)))
    return *failure;
  std::optional<Failure> failure;
  bool any = false;
  const auto string = [](const std::string& text) {
    std::string quoted = "\"";
    for (const char c : text)
      quoted += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    return quoted + "\"";
  };
  while (out && rows.next(failure)) {
    any = true;
    out << "{\"table\": " << string(rows.raw(0)) << ", \"change\": " << string(rows.raw(1));
    if (!rows.rows->is_null(2)) out << ", \"from\": " << rows.raw(2);
    if (!rows.rows->is_null(3)) out << ", \"to\": " << rows.raw(3);
    out << "}\n";
  }
  if (failure) return *failure;
  return any;
}

}  // namespace

std::variant<bool, Failure> show_diff(Session& session, const DiffView& view, const Screen& screen,
                                      std::ostream& out) {
  switch (view.form) {
    case DiffForm::kRows:
      return print_rows_of_tables(session, view, screen, out);
    case DiffForm::kJson:
      return print_json(session, view, out);
    case DiffForm::kSchema:
      return print_schema(session, view, screen, out);
    case DiffForm::kStat: {
      auto rows = session.run("SELECT * FROM " + call("diff_stat", view));
      if (!rows) return rows.failure();
      auto count = print_rows(**rows, {.tags = false}, out, out);
      if (!count) return count.failure();
      return *count > 0;
    }
    case DiffForm::kSql: {
      Reader patch(session);
      const std::string_view function = view.native ? "native_patch" : "patch";
      if (auto failure = patch.open("SELECT statement FROM " + call(function, view)))
        return *failure;
      std::optional<Failure> failure;
      bool any = false;  // Of statements: notes may stand before them, or alone.
      bool shown = false;
      while (out && patch.next(failure)) {
        const std::string text = patch.raw(0);
        shown = true;
        if (!any && !text.starts_with("-- ")) {
          out << "BEGIN;\n";
          any = true;
        }
        out << text << '\n';
      }
      if (failure) return *failure;
      if (any) out << "COMMIT;\n";
      return shown;
    }
  }
  return false;
}

// ---- blame ----

std::variant<bool, Failure> show_blame(Session& session, const BlameView& view,
                                       const Screen& screen, std::ostream& out) {
  std::string sql =
      fmt::format("SELECT * FROM rowan.{}({}, {}", view.cells ? "blame_cells" : "blame",
                  table_argument(view.table), revision_literal(view.revision));
  for (const std::string& part : view.key) sql += ", " + sql::quote_literal(part);
  Reader rows(session);
  if (auto failure = rows.open(sql + ")")) return *failure;
  const auto& columns = rows.rows->columns();
  const size_t first = columns.size() - 5;  // commit, author, time, message, boundary.
  const size_t keys = view.cells ? first - 2 : first;
  std::optional<Failure> failure;
  bool found = false;
  while (out && rows.next(failure)) {
    found = true;
    std::string name;
    for (size_t i = 0; i < keys; ++i) name += (i > 0 ? ", " : "") + cell_text(*rows.rows, i);
    if (view.cells) name += "  " + rows.text(keys) + " = " + cell_text(*rows.rows, keys + 1);
    // As git marks it: this old, or older.
    const bool is_cut = rows.text(first + 4) == "t";
    const std::string commit =
        is_cut ? "^" + rows.text(first).substr(0, kShortId - 1) : rows.text(first).substr(0, kShortId);
    out << paint(screen, kYellow, commit)
        << fmt::format(" ({} {})  ", rows.text(first + 1), rows.text(first + 2)) << name << "  "
        << paint(screen, kCyan, rows.text(first + 3)) << '\n';
  }
  if (failure) return *failure;
  return found;
}

}  // namespace rowan::shell
