// Statements by name: of PREPARE, and of callers of name_statement().
//
// Threads: the session's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/prepared.h"

namespace rowan::engine {

struct NamedStatement {
  std::shared_ptr<Prepared> prepared;
  std::string text;    // As it was written, PREPARE included.
  int64_t made_us = 0;  // Since 2000.
  bool from_sql = true;
};

class NamedStatements {
 public:
  Result<void> check_new(std::string_view name) const;  // kDuplicatePreparedStatement
  void add(std::string_view name, NamedStatement statement);
  Result<std::shared_ptr<Prepared>> find(std::string_view name) const;  // kUndefinedPreparedStatement
  Result<void> drop(std::string_view name);
  const std::map<std::string, NamedStatement, std::less<>>& all() const { return statements_; }
  void clear() { statements_.clear(); }
  void drop_plans();

 private:
  std::map<std::string, NamedStatement, std::less<>> statements_;
};

}  // namespace rowan::engine
