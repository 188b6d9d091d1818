// What PREPARE made, by name.
//
// Threads: the session's.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/prepared.h"

namespace rowan::engine {

class NamedStatements {
 public:
  Result<void> check_new(std::string_view name) const;  // kDuplicatePreparedStatement
  void add(std::string_view name, std::shared_ptr<Prepared> prepared);
  Result<std::shared_ptr<Prepared>> find(std::string_view name) const;  // kUndefinedPreparedStatement
  Result<void> drop(std::string_view name);
  void clear() { statements_.clear(); }
  void drop_plans();

 private:
  std::map<std::string, std::shared_ptr<Prepared>, std::less<>> statements_;
};

}  // namespace rowan::engine
