// What is accepted is obeyed, and what is not obeyed is refused: every setting and every word that a statement takes as an
// option, with a value that is not the usual one and an effect that shows, with a value that there is not, and given twice.
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rowan/rowan.h"
#include "unit/engine/grammar_words.h"
#include "unit/engine/options_cases.h"
#include "unit/temp_folder.h"

namespace {

using rowan::Database;
using rowan::Session;
using rowan::testing::GrammarWords;
using rowan::testing::kObeyed;
using rowan::testing::kRefused;
using rowan::testing::kSetup;
using rowan::testing::Obeyed;
using rowan::testing::Refused;

const std::string kSources = ROWAN_SOURCE_ROOT "/src/sql/";

std::unique_ptr<Database> open_memory() {
  auto database = Database::open(":memory:", {});
  REQUIRE(database.ok());
  return std::move(*database);
}

void run_all(Session& session, std::string_view sql) {
  const auto done = session.run_script(std::string(sql) + ";");
  if (!done) FAIL(sql << ": " << done.failure().sqlstate << " " << done.failure().message);
}

// Files of statements lie in a folder of the test's own.
std::string with_file(std::string_view sql, const std::string& file) {
  std::string out(sql);
  for (size_t at = out.find("@file"); at != std::string::npos; at = out.find("@file"))
    out.replace(at, 5, file);
  return out;
}

// The first value of the first row; "#2" when `wants_count`.
std::string found_by(Session& session, std::string_view sql, bool wants_count) {
  auto rows = session.run(sql, {});
  if (!rows) FAIL(sql << ": " << rows.failure().sqlstate << " " << rows.failure().message);
  std::string first;
  size_t count = 0;
  for (;; ++count) {
    auto more = (*rows)->next();
    if (!more) FAIL(sql << ": " << more.failure().sqlstate << " " << more.failure().message);
    if (!*more) break;
    if (count == 0) first = (*rows)->get_text(0);
  }
  if (wants_count) return "#" + std::to_string(count);
  if (count == 0) FAIL(sql << " gives no row");
  return first;
}

// The words of each statement, in capitals.
using Words = std::set<std::string>;
void add_statements(std::string_view sql, std::vector<Words>& all, std::vector<std::string>& heads) {
  std::string word;
  Words words;
  std::string head;
  const auto end_word = [&] {
    if (word.empty()) return;
    if (head.empty()) head = word;
    words.insert(std::exchange(word, {}));
  };
  for (const char c : std::string(sql) + ";") {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      word += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      continue;
    }
    end_word();
    if (c != ';') continue;
    if (!words.empty()) {
      all.push_back(std::exchange(words, {}));
      heads.push_back(std::exchange(head, {}));
    }
  }
}

// What the cases above try.
struct Tried {
  std::vector<Words> statements;
  std::vector<std::string> heads;

  Tried() {
    for (const Obeyed& each : kObeyed) {
      add_statements(each.statements, statements, heads);
      add_statements(each.probe, statements, heads);
    }
    for (const Refused& each : kRefused) add_statements(each.statement, statements, heads);
  }
  bool has(const std::string& head, const Words& words) const {
    for (size_t i = 0; i < statements.size(); ++i) {
      if (heads[i] == head && std::includes(statements[i].begin(), statements[i].end(),
                                            words.begin(), words.end()))
        return true;
    }
    return false;
  }
};

// The words that a function of the builder tells options apart by: its literals.
std::set<std::string> literals_of(const std::string& file, const std::string& function) {
  std::ifstream source(kSources + file);
  const std::string text((std::istreambuf_iterator<char>(source)), {});
  const size_t begin = text.find("Builder::" + function + "(");
  REQUIRE(begin != std::string::npos);
  const std::string body = text.substr(begin, text.find("\n}\n", begin) - begin);
  std::set<std::string> found;
  static const std::regex kLiteral("\"([A-Za-z0-9][A-Za-z0-9-]*(?: [a-z]+){0,2})\"");
  for (std::sregex_iterator at(body.begin(), body.end(), kLiteral), end; at != end; ++at)
    found.insert((*at)[1]);
  return found;
}

}  // namespace

TEST_CASE("an option that is accepted is obeyed") {
  const rowan::TempFolder folder;
  const std::string file = (folder.path / "t.csv").string();
  for (const Obeyed& each : kObeyed) {
    INFO(each.option << ": " << each.statements);
    const auto database = open_memory();
    auto session = database->connect();
    REQUIRE(session.ok());
    run_all(**session, kSetup);
    run_all(**session, with_file(each.statements, file));
    CHECK(found_by(**session, each.probe, each.gives.starts_with("#")) == each.gives);
  }
}

TEST_CASE("an option that is not obeyed is refused") {
  for (const Refused& each : kRefused) {
    INFO(each.option << ": " << each.statement);
    const auto database = open_memory();
    auto session = database->connect();
    REQUIRE(session.ok());
    run_all(**session, kSetup);
    const size_t last = each.statement.rfind("; ");
    if (last != std::string_view::npos) run_all(**session, each.statement.substr(0, last));
    auto rows = (*session)->run(
        each.statement.substr(last == std::string_view::npos ? 0 : last + 2), {});
    bool failed = !rows;
    std::string sqlstate = failed ? rows.failure().sqlstate : "";
    if (!failed) {
      auto more = (*rows)->next();
      failed = !more;
      if (failed) sqlstate = more.failure().sqlstate;
    }
    CHECK(sqlstate == each.sqlstate);
  }
}

TEST_CASE("every word of the grammar's statements is tried") {
  const Tried tried;
  for (const auto& [head, words] : GrammarWords(kSources + "grammar.y").by_head()) {
    for (const std::string& word : words) {
      INFO(head << " … " << word);
      CHECK(tried.has(head, {word}));
    }
  }
}

TEST_CASE("every option that the builder tells apart is tried") {
  struct Source {
    std::string_view head;
    std::string file, function;
  };
  const Tried tried;
  for (const Source& source : {Source{"COPY", "builder.cc", "copy_option"},
                               Source{"EXPLAIN", "builder_sessions.cc", "explain_option"},
                               Source{"INSERT", "builder.cc", "overriding"},
                               Source{"MERGE", "builder_versions.cc", "set_policy"},
                               Source{"RESOLVE", "builder_versions.cc", "resolve"}}) {
    for (const std::string& option : literals_of(source.file, source.function)) {
      std::vector<Words> words;
      std::vector<std::string> heads;
      add_statements(option, words, heads);
      INFO(source.head << " … " << option);
      CHECK(tried.has(std::string(source.head), words.front()));
    }
  }
}

TEST_CASE("every setting is in both lists") {
  std::set<std::string> obeyed, refused;
  for (const Obeyed& each : kObeyed) obeyed.emplace(each.option);
  for (const Refused& each : kRefused) refused.emplace(each.option);
  const auto database = open_memory();
  auto session = database->connect();
  REQUIRE(session.ok());
  auto rows = (*session)->run("SELECT name FROM rowan.settings", {});
  REQUIRE(rows.ok());
  for (;;) {
    auto more = (*rows)->next();
    REQUIRE(more.ok());
    if (!*more) break;
    const std::string name = "setting " + (*rows)->get_text(0);
    INFO(name);
    static const std::set<std::string> kFixed = {
        "setting in_hot_standby",  "setting integer_datetimes", "setting is_superuser",
        "setting server_encoding", "setting server_version",    "setting session_authorization",
        "setting rowan.memory_limit", "setting max_identifier_length", "setting max_index_keys",
        "setting server_version_num"};
    const bool fixed = kFixed.contains(name);
    CHECK((fixed || obeyed.contains(name)));
    CHECK((refused.contains(name) || name == "setting application_name"));  // It may be any text.
  }
}
