// A session for properties over SQL: statements that must work, statements that may fail, and rows as
// text.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "rowan/rowan.h"

namespace rowan::testing {

class SqlSession {
 public:
  explicit SqlSession(Database& database) : session_(std::move(*database.connect("main"))) {}

  struct Answer {
    Failure failure;  // An empty sqlstate: it worked.
    std::vector<std::vector<std::string>> rows;
    std::vector<std::string> notices;
    std::string commit;
    bool ok() const { return failure.sqlstate.empty(); }
    std::string text() const { return failure.sqlstate + " " + failure.message + " | " + failure.detail + " | " + failure.hint; }
  };
  // NULL reads as "∅".
  Answer run(const std::string& sql) {
    Answer answer;
    auto result = session_->run(sql, {});
    if (!result) {
      answer.failure = result.failure();
      return answer;
    }
    for (;;) {
      auto more = (*result)->next();
      if (!more) {
        answer.failure = more.failure();
        return answer;
      }
      if (!*more) break;
      std::vector<std::string> row;
      for (size_t i = 0; i < (*result)->columns().size(); ++i)
        row.push_back((*result)->is_null(i) ? "∅" : (*result)->get_text(i));
      answer.rows.push_back(std::move(row));
    }
    for (const Notice& notice : (*result)->notices()) answer.notices.push_back(notice.message);
    answer.commit = (*result)->commit_id();
    return answer;
  }
  // Statements behind each other, separated by ';' and a blank.
  void must(const std::string& script) {
    size_t at = 0;
    while (at < script.size()) {
      const size_t end = std::min(script.find("; ", at), script.size());
      const std::string sql = script.substr(at, end - at);
      const Answer answer = run(sql);
      const std::string why = sql + ": " + answer.text();
      if (!answer.ok()) FAIL(why);
      at = end + 2;
    }
  }
  // Whether all of them work. In a block, which is rolled back.
  bool try_all(const std::string& script) {
    must("BEGIN");
    bool works = true;
    size_t at = 0;
    while (works && at < script.size()) {
      const size_t end = std::min(script.find("; ", at), script.size());
      works = run(script.substr(at, end - at)).ok();
      at = end + 2;
    }
    must("ROLLBACK");
    return works;
  }
  // The rows of a query as one text, a row a line.
  std::string rows(const std::string& sql) {
    const Answer answer = run(sql);
    if (!answer.ok()) return answer.text();
    std::string text;
    for (const auto& row : answer.rows) {
      for (size_t i = 0; i < row.size(); ++i) text += (i > 0 ? "|" : "") + row[i];
      text += "\n";
    }
    return text;
  }

 private:
  std::unique_ptr<Session> session_;
};

}  // namespace rowan::testing
