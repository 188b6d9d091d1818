// The declared rules: how a cell that both sides changed differently is settled without choosing a
// side.
//
//   sum       ours + theirs - base: both sides' deltas count. Numbers; a base that is NULL or not
//   there counts as 0.
//              Equal numbers on both sides are no agreement but two equal deltas. Columns of the
//              primary key are never summed.
//   max, min  The greater or lesser of both. Any type with an order; a NULL gives way.
//   union     Sets kept as JSON arrays (jsonb, and json whose text is an array): what base has and
//   neither removed, in base's order, then what
//             either side added, in the order of its canonical text. Equal elements are one.
// A rule that does not apply (another type, a NULL in a sum, a sum out of range) gives nothing:
// then the policy decides.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "catalog/table.h"
#include "type/value.h"

namespace rowan::merge {

struct RuleInput {
  catalog::MergeRule rule = catalog::MergeRule::kNone;
  type::Type type;
  const type::Value* base = nullptr;  // Null: no such row.
  const type::Value& ours;
  const type::Value& theirs;
};

std::optional<type::Value> apply_rule(const RuleInput& input);

}  // namespace rowan::merge
