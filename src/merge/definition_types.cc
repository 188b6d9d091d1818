// The type of a column that both sides gave other definitions, and what of them it bears.
#include <algorithm>
#include <utility>

#include "merge/constraint_text.h"
#include "merge/definition.h"
#include "merge/fit.h"
#include "merge/sides.h"

namespace rowan::merge {

// What a column of either side holds that the other's type, or the base's, does not take.
Result<DefinitionMerge::Lost> DefinitionMerge::find_lost(const Lineage& lineage,
                                                         const std::array<type::Type, 3>& types,
                                                         const FindMisfits& misfits) const {
  Lost lost;
  const catalog::ColumnDef* base = column(lineage, Side::kBase);
  for (const Side stands : kSides) {
    for (const Side holder : {Side::kOurs, Side::kTheirs}) {
      if (!misfits || types[at(holder)] == types[at(stands)]) continue;
      TRY_ASSIGN(const uint64_t count,
                 misfits(holder, base == nullptr ? std::nullopt : std::optional(base->slot),
                         column(lineage, holder)->slot, types[at(stands)]));
      lost.count[at(stands)] += count;
      lost.held[at(stands)][at(holder)] = count;
    }
  }
  return lost;
}

// Keys and indexes over the column that the side made, or made anew.
Result<std::string> DefinitionMerge::new_keys_over(const Lineage& lineage, Side which) const {
  const catalog::ColumnDef* base = column(lineage, Side::kBase);
  const catalog::ColumnDef* own = column(lineage, which);
  std::string names;
  if (own == nullptr || which == Side::kBase) return names;
  std::map<std::string, std::string> before;
  if (base != nullptr) {
    TRY_ASSIGN(before, parts_over(*side(Side::kBase), base->name));
  }
  TRY_ASSIGN(const auto now, parts_over(*side(which), own->name));
  for (const auto& [name, text] : now) {
    const bool is_key = is_key_text(text) || !index_text_of(*side(which), name).empty();
    const auto found = before.find(name);
    const bool is_old =
        found != before.end() && (own->name != base->name || found->second == text);
    if (is_key && !is_old) names += (names.empty() ? "" : ", ") + name;
  }
  return names;
}

Result<DefinitionMerge::Unborne> DefinitionMerge::find_unborne(const Lineage& lineage,
                                                               const catalog::ColumnDef& merged,
                                                               const type::Type& type,
                                                               const RowQuestions& rows) const {
  Unborne unborne;
  catalog::ColumnDef as = merged;
  as.type = type;
  unborne.rule = !catalog::rule_fits(as.merge_rule, type.id);
  if (as.identity != sql::IdentityKind::kNone) {
    unborne.value = !type::is_integer(type.id);
  } else if (!as.default_sql.empty() && rows.takes_default) {
    TRY_ASSIGN(const bool takes, rows.takes_default(as));
    bool ever_took = false;  // Else it never gave a value, and is nothing that the type took away.
    for (const Side which : {Side::kOurs, Side::kTheirs}) {
      const catalog::ColumnDef& own = *column(lineage, which);
      if (takes || ever_took || own.default_sql != as.default_sql) continue;
      TRY_ASSIGN(ever_took, rows.takes_default(own));
    }
    unborne.value = !takes && ever_took;
  }
  if (catalog::check_key_type(type, 0)) return unborne;
  for (const Side which : {Side::kOurs, Side::kTheirs}) {
    TRY_ASSIGN(const std::string keys, new_keys_over(lineage, which));
    unborne.keys += (unborne.keys.empty() || keys.empty() ? "" : ", ") + keys;
  }
  return unborne;
}

// The type as a side has it, with what it gave the column that is at stake.
Result<std::string> DefinitionMerge::type_text(const Lineage& lineage, Side which,
                                               const Unborne& unborne) const {
  const catalog::ColumnDef* own = column(lineage, which);
  if (own == nullptr) return std::string();
  std::string text = type::type_name(own->type);
  if (unborne.value && own->identity != sql::IdentityKind::kNone) text += " GENERATED AS IDENTITY";
  if (unborne.value && !own->default_sql.empty()) text += " DEFAULT " + own->default_sql;
  if (unborne.rule && own->merge_rule != catalog::MergeRule::kNone)
    text += " MERGE RULE " + std::string(catalog::merge_rule_name(own->merge_rule));
  if (unborne.keys.empty()) return text;
  TRY_ASSIGN(const std::string keys, new_keys_over(lineage, which));
  return text + (keys.empty() ? "" : ", in " + keys);
}

// Whether the column is NOT NULL when a side's type stands: NOT NULL that came with a key which the
// type does not bear goes with that.
bool DefinitionMerge::is_not_null(const Lineage& lineage, Side stands,
                                  const Unborne& unborne) const {
  const catalog::ColumnDef* own = column(lineage, stands);
  if (!unborne.keys.empty() && own != nullptr && !catalog::check_key_type(own->type, 0))
    return own->not_null;
  return column(lineage, Side::kOurs)->not_null || column(lineage, Side::kTheirs)->not_null;
}

// What is at stake goes with the type: it is the side's.
void DefinitionMerge::take_from(Side stands, const Unborne& unborne, Lineage& lineage,
                                catalog::ColumnDef& merged) const {
  const catalog::ColumnDef* own = column(lineage, stands);
  if (own == nullptr) own = column(lineage, Side::kOurs);
  if (unborne.value) {
    merged.default_sql = own->default_sql;
    merged.identity = own->identity;
    merged.sequence = own->sequence;
  }
  if (unborne.rule) merged.merge_rule = own->merge_rule;
  lineage.keyless = !unborne.keys.empty() && !catalog::check_key_type(merged.type, 0);
  if (lineage.keyless) merged.not_null = own->not_null;
}

// The side that has the column as it stands whatever was done, since something else needs it.
std::optional<Side> DefinitionMerge::kept_by(const Lineage& lineage) const {
  for (const Side which : {Side::kOurs, Side::kTheirs}) {
    const catalog::ColumnDef* own = column(lineage, which);
    if (own != nullptr && input_.columns[at(which)].contains(own->name)) return which;
  }
  return std::nullopt;
}

// A type that a side gave a column, and something else needs another one.
void DefinitionMerge::tell_kept_type(const catalog::ColumnDef& merged,
                                     const std::array<type::Type, 3>& types, bool is_old) const {
  const auto is_lost = [&](Side which) {
    return types[at(which)] != merged.type && (!is_old || types[at(which)] != types[0]);
  };
  if (!is_lost(Side::kOurs) && !is_lost(Side::kTheirs)) return;
  Consequence told{object(merged.name), "column type", {}, type::type_name(merged.type),
                   "what needs it"};
  for (const Side which : kSides) {
    if (which != Side::kBase || is_old) told.sides[at(which)] = type::type_name(types[at(which)]);
  }
  choices_.tell(std::move(told));
}

// The type of a column that both sides have. Where both gave it one, or one side gave it what the
// other's type does not bear, choosing a type chooses what becomes of that, and of values that do
// not fit. Of a column that was there, no policy chooses what becomes of values: only an answer
// does.
Result<void> DefinitionMerge::merge_type(Lineage& lineage, catalog::ColumnDef& merged,
                                         const RowQuestions& rows) {
  const catalog::ColumnDef* base = column(lineage, Side::kBase);
  std::array<type::Type, 3> types;  // By the side that stands.
  for (const Side which : kSides) {
    const catalog::ColumnDef* own = column(lineage, which);
    types[at(which)] = own == nullptr ? column(lineage, Side::kOurs)->type : own->type;
  }
  merged.type = types[1];
  if (types[1] == types[2]) return {};
  const std::optional<Side> kept = kept_by(lineage);
  Side stands = base != nullptr && types[0] == types[1] ? Side::kTheirs : Side::kOurs;
  if (kept) stands = *kept;
  TRY_ASSIGN(Lost lost, find_lost(lineage, types, rows.misfits));
  TRY_ASSIGN(Unborne unborne, find_unborne(lineage, merged, types[at(stands)], rows));
  SchemaConflict conflict{object(merged.name), "column type", {}, {}, {}};
  for (const Side which : kSides) {
    std::string& text = which == Side::kBase   ? conflict.base
                        : which == Side::kOurs ? conflict.ours
                                               : conflict.theirs;
    TRY_ASSIGN(text, type_text(lineage, which, unborne));
    const auto absent = fitted(merged.absent, types[at(which)]);
    conflict.may_stand[at(which)] =
        lost.count[at(which)] == 0 || !is_not_null(lineage, which, unborne) ||
        (absent && !absent->is_null());
    if (!conflict.takes(which) && which != Side::kBase)
      unfit_types_.emplace(which, column(lineage, which)->name);
  }
  // It says nothing of the keys, nor of a column that both sides added.
  if (!unborne.keys.empty() || base == nullptr) conflict.may_stand[at(Side::kBase)] = false;
  const bool can_stand = std::any_of(std::begin(kSides), std::end(kSides),
                                     [&](Side which) { return conflict.takes(which); });
  if (!can_stand && base != nullptr) {  // Rows of neither side have a place in the other's table.
    conflict.object = object({});
    conflict.kind = "values of another type";
    conflict.may_stand = {false, true, true};
    whole_table_ = std::move(conflict);
    // Meanwhile ours' stands, with no more over it than it bears.
    TRY_ASSIGN(unborne, find_unborne(lineage, merged, merged.type, rows));
    take_from(Side::kOurs, unborne, lineage, merged);
    return {};
  }
  bool settled = false;  // With the values that do not fit.
  const bool is_asked =
      base == nullptr || (types[0] != types[1] && types[0] != types[2]) || unborne.any();
  if (is_asked && !kept) {
    const size_t open = choices_.open.size();
    stands = choices_.settle(conflict);
    settled = base == nullptr && choices_.open.size() == open;
  }
  if (lost.count[at(stands)] > 0 && !settled) {
    conflict.object = object({});
    for (const Side side : kSides) {
      std::string& text = side == Side::kBase   ? conflict.base
                          : side == Side::kOurs ? conflict.ours
                                                : conflict.theirs;
      if (!text.empty()) text = merged.name + " " + text;
      if (const uint64_t count = lost.held[at(stands)][at(side)]; count > 0)
        text = std::to_string(count) + (count == 1 ? " row holds a value" : " rows hold values") +
               " that the new type cannot take";
    }
    // What was settled about what reads the column was settled knowing of these values.
    const std::optional<Side> given = kept ? choices_.given(conflict) : std::nullopt;
    if (given && *given != *kept) {
      settled = true;
    } else {
      const std::optional<Side> answer = choices_.ask(conflict);
      settled = answer.has_value();
      stands = answer.value_or(stands);
    }
  }
  settled_misfits_ = settled_misfits_ || lost.count[at(stands)] > 0;
  for (const Side holder : {Side::kOurs, Side::kTheirs}) {
    if (types[at(holder)] == types[at(stands)]) continue;
    note_lost(lineage, holder,
              {.stands = stands, .contested = settled, .answered = choices_.answered});
  }
  merged.type = types[at(stands)];
  if (kept) tell_kept_type(merged, types, base != nullptr);
  if (!unborne.any()) {
    TRY_ASSIGN(unborne, find_unborne(lineage, merged, merged.type, rows));
  }
  take_from(stands, unborne, lineage, merged);
  return {};
}

}  // namespace rowan::merge
