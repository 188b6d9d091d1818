// What a verb answers: facts, and rows of plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exec/virtual_rows.h"
#include "txn/transaction.h"

namespace rowan::versions {

// What every result says beside its rows.
struct ResultFacts {
  std::string tag;  // "SELECT" gets its row count when the rows are read.
  uint64_t affected = 0;
  std::string commit_id;
  std::vector<std::string> notices;
};

using exec::TableRows;

struct VerbResult {
  VerbResult() = default;
  // No aggregate on purpose: where the rows of one throw, GCC 12 takes down twice what nameless
  // inner braces made of its facts.
  VerbResult(ResultFacts its_facts, std::optional<TableRows> its_rows)
      : facts(std::move(its_facts)), rows(std::move(its_rows)) {}

  ResultFacts facts;
  std::optional<TableRows> rows;
  uint64_t open_conflicts = 0;  // Of a merge: what waits for an answer, or would.
};

VerbResult verb_done(std::string_view tag, std::string notice = {});
VerbResult verb_done(std::string_view tag, const txn::CommitOutcome& outcome,
                     std::string notice = {});

}  // namespace rowan::versions
