// What nextval and its like do in a session: names become sequences, and what was drawn is
// remembered for currval and lastval.
//
// Threads: its session's.
// Errors:  those of Transaction::next_value; kObjectNotInState (currval before nextval),
// kUndefinedTable, kWrongObjectType, kNumericOutOfRange.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/objects.h"
#include "expr/expr.h"
#include "txn/transaction.h"

namespace rowan::exec {

class SessionSequences final : public expr::SequenceSource {
 public:
  // Before each statement. `transaction` may be null: then nothing can be drawn.
  void use(txn::Transaction* transaction, const std::vector<std::string>& search_path);

  Result<int64_t> next(std::string_view name) override;
  Result<int64_t> current(std::string_view name) override;
  Result<int64_t> last() override;
  Result<void> set(std::string_view name, int64_t value, bool called) override;

 private:
  Result<const catalog::SequenceDef*> find(std::string_view name);
  void remember(const catalog::SequenceDef& sequence, int64_t value);

  txn::Transaction* transaction_ = nullptr;
  std::vector<std::string> search_path_;
  uint64_t generation_ = 0;  // Schema generation that `found_` is of.
  std::map<std::string, catalog::SequenceDef, std::less<>>
      found_;  // By the name as it was written.
  struct Drawn {
    std::string branch;
    std::string path;
    auto operator<=>(const Drawn&) const = default;
  };
  std::map<Drawn, int64_t> drawn_;
  std::optional<Drawn> last_;
};

}  // namespace rowan::exec
