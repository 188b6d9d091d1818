// The parameters of a running statement, or of one that is only described, where they stand in the place
// of names, revisions and texts (MERGE $1, SHOW DIFF $1, t AS OF $1), and where they are read before
// the plan is made (AS OF TIMESTAMP $1, LIMIT $1 of SHOW LOG).
//
// Lifetime: borrows the statement and the values.
// Threads:  the session's.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "engine/prepared.h"
#include "expr/expr.h"
#include "rowan/rowan.h"
#include "type/value.h"

namespace rowan::engine {

class SessionImpl;

// A value as the parameter's type; of kUnknown: text. `now`: what its text may speak of, µs since 2000.
Result<type::Value> to_value(const Parameter& parameter, type::Type wanted, int64_t now);

class GivenParameters final : public expr::ParameterSource {
 public:
  // `values`: null when the statement is described before it has them.
  GivenParameters(SessionImpl& session, Prepared& prepared, const std::vector<Parameter>* values)
      : session_(session), prepared_(prepared), values_(values) {}

  // Gives the names, revisions and texts of the statement what stands in their place; before there are
  // values HEAD is the revision. kUndefinedParameter, kInvalidParameterValue (NULL, no revision),
  // kDatatypeMismatch.
  Result<void> fill_texts();
  Result<std::optional<type::Value>> value(uint32_t index, type::Type wanted) override;
  // What the statement gives may depend on the values.
  bool were_read() const { return were_read_; }

 private:
  SessionImpl& session_;
  Prepared& prepared_;
  const std::vector<Parameter>* values_;
  bool were_read_ = false;
};

// Sets a pointer of the session's while it lives.
template <typename T>
class SetWhile {
 public:
  SetWhile(T*& place, T* value) : place_(place), before_(place) { place = value; }
  ~SetWhile() { place_ = before_; }
  SetWhile(const SetWhile&) = delete;
  SetWhile& operator=(const SetWhile&) = delete;

 private:
  T*& place_;
  T* const before_;
};

}  // namespace rowan::engine
