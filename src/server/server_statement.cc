#include "server/server_statement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string>
#include <string_view>


namespace rowan::server {

namespace {

// The words of a statement: names folded and unquoted, strings without their quotes.
class WordReader {
 public:
  explicit WordReader(std::string_view text) : text_(text) { advance(); }

  bool at_end() const { return kind_ == Kind::kEnd; }
  bool is(std::string_view word) const { return kind_ == Kind::kWord && word_ == word; }
  bool take(std::string_view word) {
    if (!is(word)) return false;
    advance();
    return true;
  }
  bool take_mark(char mark) {
    if (kind_ != Kind::kMark || word_[0] != mark) return false;
    advance();
    return true;
  }
  bool is_name() const { return kind_ == Kind::kWord || kind_ == Kind::kQuoted; }
  bool is_value() const { return is_name() || kind_ == Kind::kString; }
  std::string take_any() {
    std::string taken = std::move(word_);
    advance();
    return taken;
  }
  Error syntax_error() const {
    uint32_t position = 1;  // In characters.
    for (const char c : text_.substr(0, begin_)) position += (c & 0xc0) != 0x80 ? 1 : 0;
    if (at_end())
      return Error(ErrorCode::kSyntaxError, "syntax error at end of input").at(position);
    return Error(ErrorCode::kSyntaxError,
                 fmt::format("syntax error at or near \"{}\"", text_.substr(begin_, at_ - begin_)))
        .at(position);
  }

 private:
  enum class Kind : uint8_t { kWord, kQuoted, kString, kMark, kEnd };

  void skip_blanks() {
    while (at_ < text_.size()) {
      if (std::isspace(static_cast<unsigned char>(text_[at_]))) {
        ++at_;
      } else if (text_.substr(at_, 2) == "--") {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (text_.substr(at_, 2) == "/*") {
        const size_t end = text_.find("*/", at_ + 2);
        at_ = end == std::string_view::npos ? text_.size() : end + 2;
      } else {
        return;
      }
    }
  }

  void advance() {
    skip_blanks();
    begin_ = at_;
    word_.clear();
    if (at_ >= text_.size()) {
      kind_ = Kind::kEnd;
      return;
    }
    const char first = text_[at_];
    if (first == '"' || first == '\'') {
      kind_ = first == '"' ? Kind::kQuoted : Kind::kString;
      for (++at_; at_ < text_.size(); ++at_) {
        if (text_[at_] == first) {
          ++at_;
          if (at_ >= text_.size() || text_[at_] != first) return;
        }
        word_ += text_[at_];
      }
      kind_ = Kind::kMark;  // It does not end: nothing takes it.
      word_ = "\1";
    } else if (is_letter(first)) {
      kind_ = Kind::kWord;
      for (; at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_])); ++at_)
        word_ += static_cast<char>(std::tolower(static_cast<unsigned char>(text_[at_])));
    } else if (is_digit(first) || first == '-') {
      kind_ = Kind::kString;
      for (; at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '-'); ++at_)
        word_ += text_[at_];
    } else {
      kind_ = Kind::kMark;
      word_ = text_[at_++];
    }
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool is_letter(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t begin_ = 0;
  Kind kind_ = Kind::kEnd;
  std::string word_;
};

using Found = std::optional<ServerStatement>;

Result<Found> finish(WordReader& words, ServerStatement statement) {
  words.take_mark(';');
  if (!words.at_end()) return words.syntax_error();
  return Found(std::move(statement));
}

// What PostgreSQL's tools say behind the name, with the values that ask for what there is. Any: it says how
// the database is made, not what it is.
struct CreateOption {
  std::string_view name;
  std::string_view values;  // With blanks around each; empty: any.
  std::string_view hint;
};
constexpr std::string_view kByteOrder = "Texts are ordered by their bytes (C).";
constexpr CreateOption kCreateOptions[] = {
    {"owner", " default ", "Whoever connects may do everything."},
    {"template", " template0 template1 default ",
     "git clone --bare makes a copy of a repository in the folder."},
    {"encoding", " utf8 utf-8 default ", "Texts are UTF8."},
    {"locale", " c posix default ", kByteOrder},
    {"lc_collate", " c posix default ", kByteOrder},
    {"lc_ctype", " c posix default ", kByteOrder},
    {"locale_provider", " libc ", kByteOrder},
    {"icu_locale", " - ", kByteOrder},
    {"tablespace", " pg_default default ", ""},
    {"is_template", " false default ", ""},
    {"allow_connections", " true default ", ""},
    {"connection limit", " -1 ", ""},
    {"strategy", "", ""},
};

std::string in_case(std::string text, int (*change)(int)) {
  for (char& c : text) c = static_cast<char>(change(static_cast<unsigned char>(c)));
  return text;
}

Result<void> take_create_options(WordReader& words) {
  words.take("with");
  while (words.is_name()) {
    const Error unknown = words.syntax_error();
    std::string option = words.take_any();
    if (option == "connection") {
      if (!words.take("limit")) return words.syntax_error();
      option += " limit";
    }
    const auto known = std::find_if(std::begin(kCreateOptions), std::end(kCreateOptions),
                                    [&](const CreateOption& one) { return one.name == option; });
    if (known == std::end(kCreateOptions)) return unknown;
    words.take_mark('=');
    if (!words.is_value()) return words.syntax_error();
    const std::string value = " " + in_case(words.take_any(), std::tolower) + " ";
    if (known->values.empty() || known->values.find(value) != known->values.npos) continue;
    return Error(ErrorCode::kFeatureNotSupported,
                 fmt::format("CREATE DATABASE ... {} is not supported yet", in_case(option, std::toupper)))
        .with_hint(std::string(known->hint));
  }
  return {};
}

Result<Found> database_statement(WordReader& words, bool create) {
  ServerStatement statement;
  statement.verb = create ? ServerVerb::kCreateDatabase : ServerVerb::kDropDatabase;
  statement.tag = create ? "CREATE DATABASE" : "DROP DATABASE";
  if (words.take("if")) {
    if ((create && !words.take("not")) || !words.take("exists")) return words.syntax_error();
    statement.if_exists = true;
  }
  if (!words.is_name()) return words.syntax_error();
  statement.name = words.take_any();
  if (create) {
    TRY(take_create_options(words));
  } else {
    words.take("with");
    if (words.take_mark('(')) {
      if (!words.take("force") || !words.take_mark(')')) return words.syntax_error();
    }
  }
  return finish(words, std::move(statement));
}

Result<Found> discard(WordReader& words) {
  ServerStatement statement;
  for (const std::string_view what : {"all", "plans", "sequences", "temp", "temporary"}) {
    if (!words.take(what)) continue;
    statement.name = what == "all" ? "" : what;
    statement.tag = what == "all"         ? "DISCARD ALL"
                    : what == "plans"     ? "DISCARD PLANS"
                    : what == "sequences" ? "DISCARD SEQUENCES"
                                          : "DISCARD TEMP";
    return finish(words, std::move(statement));
  }
  return words.syntax_error();
}

Result<Found> deallocate(WordReader& words) {
  ServerStatement statement;
  statement.verb = ServerVerb::kDeallocate;
  words.take("prepare");
  const bool all = words.is("all");
  if (!words.is_name()) return words.syntax_error();
  statement.name = words.take_any();
  if (all) statement.name.clear();
  statement.tag = all ? "DEALLOCATE ALL" : "DEALLOCATE";
  return finish(words, std::move(statement));
}

}  // namespace

Result<std::optional<ServerStatement>> find_server_statement(std::string_view text) {
  WordReader words(text);
  if (words.is("create") || words.is("drop")) {
    const bool create = words.is("create");
    words.take_any();
    if (words.take("database")) return database_statement(words, create);
  } else if (words.take("discard")) {
    return discard(words);
  } else if (words.take("deallocate")) {
    return deallocate(words);
  }
  return Found();
}

}  // namespace rowan::server
