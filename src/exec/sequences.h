// Sequences: counters in memory, one a branch and sequence, shared by all sessions and never rolled back. A value that a transaction drew is
// below what sequence.json says once the transaction commits (Transaction::move_sequence): so no committed value is given out twice, whatever happens.
//
// Threads: SequenceCounters any; SessionSequences its session's.
// Errors:  kSequenceLimit, kObjectNotInState (currval before nextval), kUndefinedTable, kReadOnlyTransaction, in PostgreSQL's words.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "catalog/objects.h"
#include "expr/expr.h"
#include "txn/transaction.h"

namespace rowan::exec {

class SequenceCounters {
 public:
  // What a draw gave, and what the sequence's file has to say when it commits.
  struct Draw {
    int64_t value = 0;
    int64_t covered = 0;
    bool wrapped = false;              // CYCLE began again: `covered` is nearer than what the file says.
  };
  // `sequence`: as the transaction's snapshot has it, of that schema generation.
  Result<Draw> next(std::string_view branch, const catalog::SequenceDef& sequence, uint64_t generation);
  // The next value is the one after `value`, or `value` itself when not `called`.
  void set(std::string_view branch, const catalog::SequenceDef& sequence, uint64_t generation, int64_t value, bool called);

 private:
  struct Counter {
    std::string seen;                  // The definition's text when it was looked at last.
    uint64_t generation = 0;
    bool called = false;
    int64_t value = 0;                 // Given out last, when `called`.
    std::optional<int64_t> covered;    // What a transaction was told to store last.
  };
  void follow(Counter& counter, const catalog::SequenceDef& sequence, uint64_t generation) const;

  std::mutex mutex_;                   // Guards what follows.
  std::map<std::string, Counter, std::less<>> counters_;   // By branch and path.
};

// A session's view: what nextval and its like do. Remembers what it drew.
class SessionSequences final : public expr::SequenceSource {
 public:
  explicit SessionSequences(SequenceCounters& counters) : counters_(counters) {}

  // Before each statement. `transaction` may be null: then nothing can be drawn.
  void use(txn::Transaction* transaction, std::string_view schema) {
    transaction_ = transaction;
    schema_ = schema;
  }

  Result<int64_t> next(std::string_view name) override;
  Result<int64_t> current(std::string_view name) override;
  Result<int64_t> last() override;
  Result<void> set(std::string_view name, int64_t value, bool called) override;

 private:
  Result<catalog::SequenceDef> find(std::string_view name) const;

  SequenceCounters& counters_;
  txn::Transaction* transaction_ = nullptr;
  std::string schema_;
  std::map<std::string, int64_t, std::less<>> drawn_;      // By path.
  std::optional<std::string> last_;                        // Path of the sequence drawn from last.
};

}  // namespace rowan::exec
