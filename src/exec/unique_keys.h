// UNIQUE constraints at statement time: the value is locked, then looked up in the transaction's
// own changes and in the tip.
//
// Threads: a UniqueState belongs to one session; the indexes behind it are shared.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/memory_budget.h"
#include "base/result.h"
#include "derived/index.h"
#include "txn/transaction.h"

namespace rowan::exec {

class UniqueState {
 public:
  UniqueState(derived::Indexes& indexes, const store::ObjectStore& store)
      : indexes_(indexes), store_(store) {}

  derived::Indexes& indexes() { return indexes_; }
  void clear() { tables_.clear(); }  // At the start of a transaction.

  // Before a row becomes `new_line` (from `old_line` under `old_key`, or inserted): locks the new
  // values and checks that no other row has them. kUniqueViolation.
  Result<void> check(txn::Transaction& transaction, const catalog::TableVersion& table,
                     std::optional<Bytes> old_line, Bytes old_key, Bytes new_line);
  // The key of the row that has the value under the `which`th unique key, in the tip under the
  // transaction's own changes; nothing: none.
  Result<std::optional<std::string>> holder(txn::Transaction& transaction,
                                            const catalog::TableVersion& table, size_t which,
                                            Bytes value);
  // After the transaction took the change; `count_before` is its change_count() from before.
  Result<void> note(txn::Transaction& transaction, const catalog::TableVersion& table,
                    std::optional<Bytes> old_line, std::optional<Bytes> new_line, Bytes new_key,
                    uint64_t count_before);

 private:
  // What the transaction did to one unique key: the row that now holds a value, or nothing when its
  // row let go of it.
  using Values = std::unordered_map<std::string, std::optional<std::string>>;
  struct Table {
    uint64_t change_count = UINT64_MAX;  // Of the transaction, when `keys` was right.
    Oid definition_id;                   // The table's, then.
    std::vector<Values> keys;            // One a unique key.
    CountedMemory memory;                // Theirs.
  };
  Result<Table*> current(txn::Transaction& transaction, const catalog::TableVersion& table);
  static void put(Table& state, size_t which, const std::string& value,
                  std::optional<std::string> key);
  Result<void> take_row(const catalog::TableDef& table, const store::ObjectReader& objects,
                        Table& state, std::optional<Bytes> old_line, std::optional<Bytes> new_line,
                        Bytes new_key);

  derived::Indexes& indexes_;
  const store::ObjectStore& store_;
  std::unordered_map<std::string, Table> tables_;  // By path.
};

}  // namespace rowan::exec
