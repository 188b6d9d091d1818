// A database in memory with one session, for properties of histories.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/database.h"
#include "rowan/rowan.h"

namespace rowan {

using TextRows = std::vector<std::vector<std::string>>;

class PastDatabase {
 public:
  explicit PastDatabase(uint32_t seed = 1) : random_(seed) {
    auto opened = engine::DatabaseImpl::open(":memory:", {});
    REQUIRE(opened);
    database_ = std::move(*opened);
    session_ = std::move(*database_->connect(""));
  }

  int pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }

  // False: the statement was refused.
  bool run(const std::string& sql, const std::vector<Parameter>& parameters = {}) {
    auto rows = session_->run(sql, parameters);
    last_.clear();
    for (bool more = rows.ok(); more;) {
      auto next = (*rows)->next();
      if (!next) fail(next.failure(), sql);
      more = next && *next;
    }
    if (!rows) fail(rows.failure(), sql);
    return last_.empty();
  }
  void must_run(const std::string& sql) {
    const bool done = run(sql);
    INFO(last_);
    REQUIRE(done);
  }
  const std::string& last() const { return last_; }

  TextRows query(const std::string& sql, const std::vector<Parameter>& parameters = {}) {
    auto rows = session_->run(sql, parameters);
    INFO(sql << ": " << (rows ? "" : rows.failure().message));
    REQUIRE(rows.ok());
    TextRows found;
    for (;;) {
      auto more = (*rows)->next();
      INFO(sql << ": " << (more ? "" : more.failure().message));
      REQUIRE(more.ok());
      if (!*more) return found;
      std::vector<std::string>& row = found.emplace_back();
      for (size_t i = 0; i < (*rows)->columns().size(); ++i)
        row.push_back((*rows)->is_null(i) ? "NULL" : (*rows)->get_text(i));
    }
  }

  engine::DatabaseImpl& database() { return *database_; }
  Oid root(const std::string& branch) { return database_->manager().tip_snapshot(branch)->root; }

 private:
  void fail(const Failure& failure, const std::string& sql) {
    last_ = failure.sqlstate + " " + failure.message + " in: " + sql;
  }

  std::mt19937 random_;
  std::unique_ptr<engine::DatabaseImpl> database_;
  std::unique_ptr<Session> session_;
  std::string last_;
};

inline uint32_t first_seed() {
  const char* given = std::getenv("ROWAN_SEED");
  return given != nullptr ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10)) : 1;
}

}  // namespace rowan
