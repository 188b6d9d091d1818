#include "git/config_text.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace rowan::git {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return out;
}

bool is_name_byte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-';
}

// One setting, and which bytes of the text it takes up: its line, or lines.
struct Placed {
  ConfigEntry entry;
  size_t begin = 0;
  size_t end = 0;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }

  Result<std::vector<Placed>> run() {
    while (at_ < text_.size()) {
      skip_blanks();
      if (at_ == text_.size()) break;
      const char c = text_[at_];
      if (c == '\n') {
        end_line();
      } else if (c == '#' || c == ';') {
        skip_line();
      } else if (c == '[') {
        TRY(read_section());
        section_end_ = at_;
      } else {
        TRY(read_setting());
      }
    }
    return std::move(found_);
  }

 private:
  Error bad() const {
    return Error(ErrorCode::kCorruption,
                 "the repository's config file cannot be read, line " + std::to_string(line_));
  }

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }
  void skip_line() {
    while (at_ < text_.size() && text_[at_] != '\n') ++at_;
  }
  void end_line() {
    ++at_;
    ++line_;
    line_begin_ = at_;
  }

  // [section], [section "Sub"] or the old [section.sub].
  Result<void> read_section() {
    const size_t from = ++at_;
    while (at_ < text_.size() && (is_name_byte(text_[at_]) || text_[at_] == '.')) ++at_;
    const std::string name = lower(text_.substr(from, at_ - from));
    const size_t dot = name.find('.');
    section_ = name.substr(0, dot);
    subsection_ = dot == std::string::npos ? "" : name.substr(dot + 1);
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == '"') {
      ++at_;
      subsection_.clear();
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n') {
        if (text_[at_] == '\\') ++at_;
        if (at_ < text_.size()) subsection_.push_back(text_[at_++]);
      }
      if (at_ == text_.size() || text_[at_] != '"') return bad();
      ++at_;
    }
    if (section_.empty() || at_ == text_.size() || text_[at_] != ']') return bad();
    ++at_;
    return {};
  }

  Result<void> read_setting() {
    Placed placed;
    placed.begin = std::max(line_begin_, section_end_);
    const size_t from = at_;
    while (at_ < text_.size() && is_name_byte(text_[at_])) ++at_;
    placed.entry = {section_, subsection_, lower(text_.substr(from, at_ - from)), "true"};
    if (placed.entry.name.empty() || section_.empty()) return bad();
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == '=') {
      ++at_;
      placed.entry.value.clear();
      TRY(read_value(placed.entry.value));
    } else if (at_ < text_.size() && (text_[at_] == '#' || text_[at_] == ';')) {
      skip_line();
    }
    if (at_ < text_.size() && text_[at_] != '\n') return bad();
    if (at_ < text_.size()) end_line();
    placed.end = at_;
    found_.push_back(std::move(placed));
    return {};
  }

  // Blanks around it do not count, unless they are quoted.
  Result<void> read_value(std::string& value) {
    skip_blanks();
    bool is_quoted = false;
    size_t kept = 0;
    while (at_ < text_.size() && (text_[at_] != '\n' || is_quoted)) {
      const char c = text_[at_++];
      if (c == '\n') return bad();
      if (c == '"') {
        is_quoted = !is_quoted;
      } else if (c == '\\') {
        if (at_ < text_.size() && text_[at_] == '\r') ++at_;
        if (at_ == text_.size()) return bad();
        const char next = text_[at_];
        if (next == '\n') {
          end_line();
          continue;
        }
        ++at_;
        if (next != 'n' && next != 't' && next != 'b' && next != '"' && next != '\\') return bad();
        value.push_back(next == 'n' ? '\n' : next == 't' ? '\t' : next == 'b' ? '\b' : next);
      } else if (!is_quoted && (c == '#' || c == ';')) {
        skip_line();
        break;
      } else {
        value.push_back(c);
        if (!is_quoted && (c == ' ' || c == '\t' || c == '\r')) continue;
      }
      kept = value.size();
    }
    value.resize(kept);
    return is_quoted ? Result<void>(bad()) : Result<void>();
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t line_ = 1;
  size_t line_begin_ = 0;
  size_t section_end_ = 0;  // Behind the last header: a setting may follow it in its line.
  std::string section_, subsection_;
  std::vector<Placed> found_;
};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (c == '\n' || c == '\t') {
      out += c == '\n' ? "\\n" : "\\t";
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

std::string header(const std::string& section, const std::string& subsection) {
  return subsection.empty() ? "[" + section + "]\n"
                            : "[" + section + " " + quoted(subsection) + "]\n";
}

// A line break in a subsection, and a zero byte anywhere, have no spelling.
Result<void> check_spelling(std::string_view subsection, std::string_view value) {
  constexpr std::string_view kNone("\0\n", 2);
  if (subsection.find_first_of(kNone) == std::string_view::npos && value.find('\0') == value.npos)
    return {};
  return Error(ErrorCode::kInvalidParameterValue,
               "a setting's value or section cannot be written to a config file");
}

bool is_plain(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return is_name_byte(c) || std::string_view("/._:").find(c) != std::string_view::npos;
  });
}

std::string line_of(const std::string& name, const std::string& value) {
  return "\t" + name + " = " + (is_plain(value) ? value : quoted(value)) + "\n";
}

}  // namespace

Result<std::string> append_config(std::string text, const ConfigEntry& entry) {
  TRY(check_spelling(entry.subsection, entry.value));
  return std::move(text) + header(entry.section, entry.subsection) +
         line_of(entry.name, entry.value);
}

Result<std::vector<ConfigEntry>> parse_config(std::string_view text) {
  TRY_ASSIGN(std::vector<Placed> placed, Reader(text).run());
  std::vector<ConfigEntry> entries;
  for (Placed& each : placed) entries.push_back(std::move(each.entry));
  return entries;
}

// The last setting of the name decides, so it takes the value; the others go, so that none comes
// back when it goes.
Result<std::string> change_config(std::string_view text, const ConfigChange& change) {
  TRY(check_spelling(change.subsection, change.value.value_or("")));
  TRY_ASSIGN(const std::vector<Placed> placed, Reader(text).run());
  const std::string line = change.value ? line_of(change.name, *change.value) : "";
  const std::string section = lower(change.section);
  std::string out(text);
  bool is_written = false;
  size_t section_end = std::string::npos;  // Of the last setting in the same section.
  for (auto at = placed.rbegin(); at != placed.rend(); ++at) {
    const ConfigEntry& entry = at->entry;
    if (entry.section != section || entry.subsection != change.subsection) continue;
    if (entry.name != lower(change.name)) {
      if (section_end == std::string::npos) section_end = at->end;
      continue;
    }
    std::string with = is_written ? "" : line;
    const bool shares_line = at->begin != 0 && out[at->begin - 1] != '\n';
    if (shares_line) with.insert(with.begin(), '\n');
    out.replace(at->begin, at->end - at->begin, with);
    is_written = true;
    section_end = 0;  // No use any more.
  }
  if (is_written || !change.value) return out;
  if (section_end != std::string::npos) {
    std::string with = line;
    if (out[section_end - 1] != '\n') with.insert(with.begin(), '\n');
    return out.insert(section_end, with);
  }
  if (!out.empty() && out.back() != '\n') out.push_back('\n');
  return out + header(change.section, change.subsection) + line;
}

}  // namespace rowan::git
