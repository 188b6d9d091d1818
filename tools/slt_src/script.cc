#include "script.h"

#include <fmt/format.h>

#include <sstream>

namespace rowan::slt {

namespace {

constexpr std::string_view kEngine = "postgresql";

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace

std::vector<Record> parse_script(std::string_view text, std::string& problem) {
  std::vector<std::string> lines;
  for (size_t from = 0; from <= text.size();) {
    const size_t end = std::min(text.find('\n', from), text.size());
    std::string line(text.substr(from, end - from));
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(std::move(line));
    from = end + 1;
  }
  std::vector<Record> records;
  size_t i = 0;
  while (i < lines.size()) {
    if (lines[i].empty() || lines[i][0] == '#') {
      ++i;
      continue;
    }
    bool left_out = false;
    Record record;
    record.line = static_cast<int>(i + 1);
    std::vector<std::string> words = words_of(lines[i]);
    while (!words.empty() && (words[0] == "skipif" || words[0] == "onlyif")) {
      const bool ours = words.size() > 1 && words[1] == kEngine;
      left_out = left_out || (words[0] == "skipif" ? ours : !ours);
      words = ++i < lines.size() ? words_of(lines[i]) : std::vector<std::string>();
    }
    if (words.size() > 2 && words[0] == "session" && words[1].ends_with(':')) {
      record.session = words[1].substr(0, words[1].size() - 1);
      words.erase(words.begin(), words.begin() + 2);
    }
    if (words.empty()) continue;
    ++i;
    if (words[0] == "hash-threshold") continue;
    if (words[0] == "halt" || words[0] == "restart") {
      if (left_out) continue;
      record.kind = words[0] == "halt" ? RecordKind::kHalt : RecordKind::kRestart;
      records.push_back(record);
      if (record.kind == RecordKind::kHalt) break;
      continue;
    }
    if (words[0] == "statement" && words.size() > 1 && (words[1] == "ok" || words[1] == "error")) {
      record.kind = words[1] == "ok" ? RecordKind::kStatementOk : RecordKind::kStatementError;
      if (words.size() > 2) record.sqlstate = words[2];
    } else if (words[0] == "query") {
      record.kind = RecordKind::kQuery;
      record.types = words.size() > 1 ? words[1] : "";
      for (size_t w = 2; w < words.size(); ++w) {
        if (words[w] == "rowsort")
          record.sort = SortMode::kRows;
        else if (words[w] == "valuesort")
          record.sort = SortMode::kValues;
        else if (words[w] != "nosort")
          record.label = words[w];
      }
    } else {
      problem = fmt::format("line {}: no record begins with \"{}\"", record.line, words[0]);
      return records;
    }
    bool in_results = false;
    for (; i < lines.size() && !lines[i].empty(); ++i) {
      if (lines[i][0] == '#' && !in_results) continue;
      if (!in_results && lines[i] == "----") {
        in_results = true;
      } else if (in_results) {
        record.expected.push_back(lines[i]);
      } else {
        record.sql += (record.sql.empty() ? "" : "\n") + lines[i];
      }
    }
    if (!left_out) records.push_back(std::move(record));
  }
  return records;
}

}  // namespace rowan::slt
