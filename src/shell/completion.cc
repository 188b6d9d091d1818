#include "shell/completion.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include "sql/parser.h"

namespace rowan::shell {

namespace {

constexpr std::array<std::string_view, 13> kCommands = {
    "\\?", "\\d", "\\di", "\\dm",     "\\ds",      "\\dt", "\\dv",
    "\\i", "\\l", "\\q",  "\\timing", "\\verbose", "\\x"};

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '"' || c == '.' ||
         c == '\\' || (static_cast<unsigned char>(c) & 0x80) != 0;
}

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text)
    out.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  return out;
}

// What was typed, cut into the word at the cursor and what stands before it.
struct Typed {
  std::string_view word;
  std::string previous;  // The word before, lower case; punctuation when that is nearer.
  std::string before_previous;
};

std::string take_last_word(std::string_view& text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
    text.remove_suffix(1);
  size_t start = text.size();
  while (start > 0 && is_word(text[start - 1])) --start;
  if (start == text.size() && start > 0) --start;  // Punctuation.
  std::string word = lower(text.substr(start));
  text = text.substr(0, start);
  return word;
}

// `start`: where the word at the cursor begins.
Typed cut(std::string_view text, size_t start) {
  Typed typed;
  typed.word = text.substr(start);
  std::string_view rest = text.substr(0, start);
  typed.previous = take_last_word(rest);
  typed.before_previous = take_last_word(rest);
  return typed;
}

bool one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

Typed cut(std::string_view text) {
  size_t start = text.size();
  while (start > 0 && is_word(text[start - 1])) --start;
  return cut(text, start);
}

// The same for a branch, whose name may hold '-' and '/'.
Typed cut_branch(std::string_view text) { return cut(text, text.find_last_of(" \t\n'") + 1); }

bool expects_table(const Typed& typed) {
  return one_of(typed.previous,
                {"from", "join", "into", "update", "table", "copy", "truncate", "\\d"}) ||
         (typed.previous == "for" && typed.before_previous == "log");
}

bool expects_branch(const Typed& typed) {
  if (one_of(typed.previous, {"checkout", "branch"})) return true;
  return typed.previous == "'" &&
         one_of(typed.before_previous, {"of", "from"});  // AS OF 'rev', CREATE BRANCH b FROM 'rev'
}

class Collector {
 public:
  explicit Collector(std::string_view prefix) : wanted_(lower(prefix)) {}
  void add(std::string word) {
    if (lower(word).starts_with(wanted_)) words_.push_back(std::move(word));
  }
  void add_all(const std::vector<std::string>& words, const std::string& behind = "") {
    for (const std::string& word : words) add(word + behind);
  }
  // In the case that was begun.
  void add_keywords(bool upper) {
    for (const std::string_view keyword : sql::keywords())
      add(upper ? std::string(keyword) : lower(keyword));
  }
  Completion finish(size_t replaced) {
    std::sort(words_.begin(), words_.end());
    words_.erase(std::unique(words_.begin(), words_.end()), words_.end());
    return {replaced, std::move(words_)};
  }

 private:
  std::string wanted_;
  std::vector<std::string> words_;
};

Completion complete_path(std::string_view path) {
  const size_t slash = path.rfind('/');
  const std::string folder(slash == std::string_view::npos ? "" : path.substr(0, slash + 1));
  const std::string_view begun = path.substr(folder.size());
  Completion found{path.size(), {}};
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(folder.empty() ? "." : folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(begun) || (begun.empty() && name.starts_with('.'))) continue;
    found.words.push_back(folder + name + (entry.is_directory(error) ? "/" : ""));
  }
  std::sort(found.words.begin(), found.words.end());
  return found;
}

// Behind "name.": the tables of a schema, or the columns of a table; for an alias, every column.
Completion complete_member(std::string_view word, const ListNames& list_names) {
  const size_t dot = word.rfind('.');
  const std::string owner = lower(word.substr(0, dot));
  Collector found(word.substr(dot + 1));
  const auto schemas = list_names(NameKind::kSchema, "");
  if (std::find(schemas.begin(), schemas.end(), owner) != schemas.end()) {
    found.add_all(list_names(NameKind::kTable, owner));
  } else {
    const auto columns = list_names(NameKind::kColumn, owner);
    found.add_all(columns.empty() ? list_names(NameKind::kColumn, "") : columns);
  }
  return found.finish(word.size() - dot - 1);
}

}  // namespace

Completion complete(std::string_view text, const ListNames& list_names) {
  constexpr std::string_view kInclude = "\\i ";
  if (text.starts_with(kInclude))
    return complete_path(
        text.substr(std::min(text.find_first_not_of(' ', kInclude.size()), text.size())));
  if (const Typed branch = cut_branch(text); expects_branch(branch)) {
    Collector found(branch.word);
    found.add_all(list_names(NameKind::kBranch, ""));
    return found.finish(branch.word.size());
  }
  const Typed typed = cut(text);
  Collector found(typed.word);
  if (typed.word.starts_with('\\')) {
    for (const std::string_view command : kCommands) found.add(std::string(command));
  } else if (typed.word.find('.') != std::string_view::npos) {
    return complete_member(typed.word, list_names);
  } else if (expects_table(typed)) {
    found.add_all(list_names(NameKind::kTable, ""));
    found.add_all(list_names(NameKind::kSchema, ""), ".");
  } else {
    if (!typed.word.empty())
      found.add_keywords(std::isupper(static_cast<unsigned char>(typed.word.front())) != 0);
    for (const NameKind kind : {NameKind::kTable, NameKind::kColumn})
      found.add_all(list_names(kind, ""));
  }
  return found.finish(typed.word.size());
}

}  // namespace rowan::shell
