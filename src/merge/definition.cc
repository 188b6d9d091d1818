#include "merge/definition.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/limits.h"
#include "catalog/expression_text.h"
#include "merge/fit.h"
#include "merge/constraint_text.h"
#include "merge/sides.h"
#include "type/cast.h"
#include "type/row_codec.h"

namespace rowan::merge {
namespace {


std::string value_text(const type::Value& value) {
  std::string text;
  type::append_json(value, text);
  return text;
}

using Identity = std::pair<sql::IdentityKind, std::string>;  // With the sequence's name.

std::string identity_text(const Identity& identity) {
  const std::string sequence = identity.second.empty() ? "" : "SEQUENCE " + identity.second;
  if (identity.first == sql::IdentityKind::kNone) return sequence;
  const bool always = identity.first == sql::IdentityKind::kAlways;
  return std::string("GENERATED ") + (always ? "ALWAYS" : "BY DEFAULT") + " AS IDENTITY (" +
         sequence + ")";
}

}  // namespace

bool same_value(const type::Value& a, const type::Value& b) {
  return value_text(a) == value_text(b);
}

DefinitionMerge::DefinitionMerge(DefinitionInput input, Choices& choices)
    : input_(std::move(input)), choices_(choices) {
  merged_.schema = input_.schema;
  merged_.name = input_.name;
}

std::string DefinitionMerge::object(std::string_view part) const {
  return merged_.schema + "." + merged_.name + (part.empty() ? "" : "." + std::string(part));
}

const catalog::ColumnDef* DefinitionMerge::column(const Lineage& lineage, Side which) const {
  const int index = lineage.live[at(which)];
  return index < 0 ? nullptr : &side(which)->columns[static_cast<size_t>(index)];
}

// Lineages in the order ours, then what only theirs has; base is found in them, or was left behind
// by both.
void DefinitionMerge::match() {
  std::map<uint32_t, size_t> by_id;
  for (const Side which : {Side::kOurs, Side::kTheirs, Side::kBase}) {
    const catalog::TableDef* def = side(which);
    if (def == nullptr) continue;
    const auto place = [&](uint32_t id) -> Lineage& {
      const auto [found, is_new] = by_id.try_emplace(id, lineages_.size());
      if (is_new) lineages_.emplace_back();
      return lineages_[found->second];
    };
    for (size_t i = 0; i < def->columns.size(); ++i)
      place(def->columns[i].id).live[at(which)] = static_cast<int>(i);
    for (size_t i = 0; i < def->dropped.size(); ++i)
      place(def->dropped[i].id).dropped[at(which)] = static_cast<int>(i);
  }
}

// What one side knows by an ID that the other never had, or made and dropped since, and the other
// by the same name with another ID, is one column.
void DefinitionMerge::match_by_name() {
  const auto means = [](const Lineage& lineage, Side which) {
    return lineage.live[at(which)] >= 0 || (lineage.known(which) && lineage.known(Side::kBase));
  };
  for (Lineage& ours : lineages_) {
    if (ours.live[at(Side::kOurs)] < 0 || means(ours, Side::kTheirs)) continue;
    for (Lineage& theirs : lineages_) {
      if (theirs.live[at(Side::kTheirs)] < 0 || means(theirs, Side::kOurs)) continue;
      if (column(ours, Side::kOurs)->name != column(theirs, Side::kTheirs)->name) continue;
      if (ours.known(Side::kBase) && theirs.known(Side::kBase)) continue;
      if (theirs.known(Side::kBase)) {
        ours.live[at(Side::kBase)] = theirs.live[at(Side::kBase)];
        ours.dropped[at(Side::kBase)] = theirs.dropped[at(Side::kBase)];
      }
      ours.live[at(Side::kTheirs)] = theirs.live[at(Side::kTheirs)];
      const int dropped_slot = theirs.dropped[at(Side::kOurs)];  // It stays one.
      theirs = Lineage();
      theirs.dropped[at(Side::kOurs)] = dropped_slot;
      break;
    }
  }
}

// What the side that kept a column did to it, or with it, while the other dropped it; empty:
// nothing.
Result<std::string> DefinitionMerge::changes_of_dropped(const Lineage& lineage,
                                                        const ChangedCells& changed_cells) const {
  const Side which = lineage.live[at(Side::kOurs)] >= 0 ? Side::kOurs : Side::kTheirs;
  const catalog::ColumnDef& base = *column(lineage, Side::kBase);
  const catalog::ColumnDef& kept = *column(lineage, which);
  std::string changes;
  if (changed_cells) {
    TRY_ASSIGN(const uint64_t rows, changed_cells(which, base.slot, kept.slot));
    if (rows > 0)
      changes += ", changed in " + std::to_string(rows) + (rows == 1 ? " row" : " rows");
  }
  TRY_ASSIGN(const auto before, parts_over(*side(Side::kBase), base.name));
  TRY_ASSIGN(const auto now, parts_over(*side(which), kept.name));
  for (const auto& [name, text] : now) {
    const auto found = before.find(name);
    if (found == before.end() || (base.name == kept.name && found->second != text))
      changes += ", in " + name;
  }
  return changes;
}

// A column that one side dropped goes, unless the other side changed it, a value in it, or what is
// made over it: then that is a conflict.
Result<bool> DefinitionMerge::stays_live(Lineage& lineage, const ChangedCells& changed_cells) {
  const catalog::ColumnDef* base = column(lineage, Side::kBase);
  const catalog::ColumnDef* ours = column(lineage, Side::kOurs);
  const catalog::ColumnDef* theirs = column(lineage, Side::kTheirs);
  if (ours != nullptr && theirs != nullptr) return true;
  if (ours == nullptr && theirs == nullptr) return false;
  if (base == nullptr) return true;
  if (kept_by(lineage)) {  // With what is over it.
    lineage.contested = true;
    return true;
  }
  const catalog::ColumnDef& kept = ours != nullptr ? *ours : *theirs;
  TRY_ASSIGN(const std::string changes, changes_of_dropped(lineage, changed_cells));
  const auto text = [](const catalog::ColumnDef* column) {
    if (column == nullptr) return std::string();
    return column->name + " " + type::type_name(column->type) +
           (column->not_null ? " NOT NULL" : "") +
           (column->default_sql.empty() ? "" : " DEFAULT " + column->default_sql);
  };
  if (text(base) == text(&kept) && changes.empty()) return false;
  lineage.contested = true;
  const auto side_text = [&](const catalog::ColumnDef* column) {
    return column == nullptr ? std::string() : text(column) + changes;
  };
  switch (choices_.settle(
      {object(base->name), "dropped column", text(base), side_text(ours), side_text(theirs)})) {
    case Side::kOurs:
      return ours != nullptr;
    case Side::kTheirs:
      return theirs != nullptr;
    case Side::kBase:
      break;
  }
  lineage.as_base = true;
  return true;
}

void DefinitionMerge::note_lost(const Lineage& lineage, Side holder, LostColumn lost) {
  const catalog::ColumnDef* base = column(lineage, Side::kBase);
  if (lineage.merged >= 0) lost.column = static_cast<uint16_t>(lineage.merged);
  lost.name = column(lineage, holder)->name;
  lost.holder = holder;
  if (base != nullptr) lost.base_slot = base->slot;
  lost.slot = column(lineage, holder)->slot;
  lost_columns_.push_back(std::move(lost));
}

// Of a column that the base has and one side dropped.
void DefinitionMerge::note_dropped(const Lineage& lineage, bool stays) {
  const bool ours = column(lineage, Side::kOurs) != nullptr;
  const bool theirs = column(lineage, Side::kTheirs) != nullptr;
  if (stays || ours == theirs) return;
  note_lost(lineage, ours ? Side::kOurs : Side::kTheirs,
            {.stands = ours ? Side::kTheirs : Side::kOurs,
             .contested = lineage.contested,
             .answered = lineage.contested && choices_.answered});
}

// The side whose ABSENT value the merged column has. A column that both sides added had no value in
// the base's rows: there the one stands whose default does.
const catalog::ColumnDef* DefinitionMerge::merged_absent(const catalog::ColumnDef* base,
                                                         const catalog::ColumnDef& ours,
                                                         const catalog::ColumnDef& theirs,
                                                         const std::string& default_sql) {
  if (base != nullptr) return same_value(base->absent, ours.absent) ? &theirs : &ours;
  if (ours.default_sql != theirs.default_sql)
    return default_sql == theirs.default_sql ? &theirs : &ours;
  if (ours.absent.is_null() || theirs.absent.is_null())
    return ours.absent.is_null() ? &theirs : &ours;
  return value_text(ours.absent) <= value_text(theirs.absent) ? &ours : &theirs;  // M1.
}

Result<catalog::ColumnDef> DefinitionMerge::merge_column(Lineage& lineage,
                                                         const RowQuestions& rows) {
  const catalog::ColumnDef* base = column(lineage, Side::kBase);
  const catalog::ColumnDef* ours = column(lineage, Side::kOurs);
  const catalog::ColumnDef* theirs = column(lineage, Side::kTheirs);
  if (lineage.as_base) return *base;
  if (ours == nullptr || theirs == nullptr) return ours != nullptr ? *ours : *theirs;
  catalog::ColumnDef merged = *ours;
  const auto plain = [](const std::string& text) { return text; };
  const auto field = [&](auto member) { return base == nullptr ? nullptr : &(base->*member); };
  merged.name =
      three_way<std::string>(field(&catalog::ColumnDef::name), ours->name, theirs->name,
                             base != nullptr ? base->name : ours->name, "column name", plain);
  merged.absent = merged_absent(base, *ours, *theirs, ours->default_sql)->absent;
  merged.not_null = three_way<bool>(
      field(&catalog::ColumnDef::not_null), ours->not_null, theirs->not_null, merged.name,
      "NOT NULL", [](const bool& not_null) { return std::string(not_null ? "NOT NULL" : "NULL"); });
  merged.default_sql =
      three_way<std::string>(field(&catalog::ColumnDef::default_sql), ours->default_sql,
                             theirs->default_sql, merged.name, "column default", plain);
  merged.merge_rule = three_way<catalog::MergeRule>(
      field(&catalog::ColumnDef::merge_rule), ours->merge_rule, theirs->merge_rule, merged.name,
      "merge rule", [](const catalog::MergeRule& rule) {
        return rule == catalog::MergeRule::kNone ? "" : std::string(catalog::merge_rule_name(rule));
      });
  const auto identity_of = [](const catalog::ColumnDef& column) {
    return Identity(column.identity, column.sequence);
  };
  const Identity base_identity = base != nullptr ? identity_of(*base) : Identity();
  const Identity identity =
      three_way<Identity>(base != nullptr ? &base_identity : nullptr, identity_of(*ours),
                          identity_of(*theirs), merged.name, "identity", identity_text);
  merged.identity = identity.first;
  merged.sequence = identity.second;
  TRY(merge_type(lineage, merged, rows));
  // What lines that end early mean is no choice of the user's: the carriers write out what a side
  // means by it.
  merged.absent = merged_absent(base, *ours, *theirs, merged.default_sql)->absent;
  if (!merged.absent.is_null() && merged.absent.type() != merged.type) {
    auto converted = type::cast(merged.absent, merged.type, type::CastContext::kExplicit);
    merged.absent = converted ? std::move(*converted) : type::Value::null(merged.type);
  }
  if (merged.absent.is_null()) merged.absent = type::Value::null(merged.type);
  return merged;
}

// Ours' columns keep their place and slot; theirs follow.
Result<void> DefinitionMerge::merge_columns(const RowQuestions& rows) {
  match();
  match_by_name();
  std::vector<Lineage*> order;
  const auto add_side = [&](Side which) {
    std::vector<Lineage*> own;
    for (Lineage& lineage : lineages_) {
      if (lineage.live[at(which)] >= 0 &&
          std::find(order.begin(), order.end(), &lineage) == order.end())
        own.push_back(&lineage);
    }
    std::sort(own.begin(), own.end(), [&](const Lineage* a, const Lineage* b) {
      return a->live[at(which)] < b->live[at(which)];
    });
    order.insert(order.end(), own.begin(), own.end());
  };
  add_side(Side::kOurs);
  add_side(Side::kTheirs);
  for (Lineage* lineage : order) {
    TRY_ASSIGN(const bool stays, stays_live(*lineage, rows.changed_cells));
    note_dropped(*lineage, stays);
    if (!stays) continue;
    lineage->merged = static_cast<int>(merged_.columns.size());
    TRY_ASSIGN(catalog::ColumnDef column, merge_column(*lineage, rows));
    merged_.columns.push_back(std::move(column));
  }
  name_apart();

  size_t slots = side(Side::kOurs)->layout.slots.size();
  std::vector<std::pair<uint16_t, Lineage*>> fresh;  // Theirs alone, by their slot.
  for (Lineage& lineage : lineages_) {
    const int live = lineage.live[at(Side::kOurs)];
    const int dropped = lineage.dropped[at(Side::kOurs)];
    if (live >= 0) {
      add_slot(lineage, side(Side::kOurs)->columns[static_cast<size_t>(live)].slot);
    } else if (dropped >= 0) {
      add_slot(lineage, side(Side::kOurs)->dropped[static_cast<size_t>(dropped)].slot);
    } else if (lineage.live[at(Side::kTheirs)] >= 0) {
      fresh.emplace_back(
          side(Side::kTheirs)->columns[static_cast<size_t>(lineage.live[at(Side::kTheirs)])].slot,
          &lineage);
    } else if (lineage.dropped[at(Side::kTheirs)] >= 0) {
      fresh.emplace_back(side(Side::kTheirs)
                             ->dropped[static_cast<size_t>(lineage.dropped[at(Side::kTheirs)])]
                             .slot,
                         &lineage);
    }
  }
  std::sort(fresh.begin(), fresh.end());
  for (const auto& [slot, lineage] : fresh) add_slot(*lineage, static_cast<uint16_t>(slots++));
  if (slots > kColumnsMax) {
    const catalog::TableDef* const ours = side(Side::kOurs);
    return Error(ErrorCode::kTooManyColumns,
                 fmt::format("tables can have at most {} columns", kColumnsMax))
        .with_detail(fmt::format("The merge would give table \"{}\" {}, with those that were dropped.",
                                 (ours != nullptr ? ours : side(Side::kTheirs))->name, slots))
        .with_hint("RESTORE TABLE … TO the other branch takes the table as it is there; then merge.");
  }
  std::sort(merged_.dropped.begin(), merged_.dropped.end(),
            [](const auto& a, const auto& b) { return a.slot < b.slot; });
  for (const Side which : kSides) {
    sources_[at(which)].resize(slots, kNoSlot);
    lineage_of_column_[at(which)].assign(side(which) == nullptr ? 0 : side(which)->columns.size(),
                                         -1);
  }
  for (size_t i = 0; i < lineages_.size(); ++i) {
    for (const Side which : kSides) {
      if (const int live = lineages_[i].live[at(which)]; live >= 0)
        lineage_of_column_[at(which)][static_cast<size_t>(live)] = static_cast<int>(i);
    }
  }
  return {};
}

// The merged slot of a lineage, and where each side has its value.
void DefinitionMerge::add_slot(Lineage& lineage, uint16_t slot) {
  uint32_t id = 0;
  const bool was_live = lineage.live[at(Side::kBase)] >= 0;
  for (const Side which : {Side::kBase, Side::kTheirs, Side::kOurs}) {
    const int live = lineage.live[at(which)];
    const int dropped = lineage.dropped[at(which)];
    if (live < 0 && dropped < 0) continue;
    const uint16_t from = live >= 0 ? side(which)->columns[static_cast<size_t>(live)].slot
                                    : side(which)->dropped[static_cast<size_t>(dropped)].slot;
    if (which != Side::kBase || id == 0) {
      id = live >= 0 ? side(which)->columns[static_cast<size_t>(live)].id
                     : side(which)->dropped[static_cast<size_t>(dropped)].id;
    }
    // A side that made and dropped the column has nothing to say to one that made it and kept it.
    if (live < 0 && lineage.merged >= 0 && !was_live) continue;
    sources_[at(which)].resize(std::max<size_t>(sources_[at(which)].size(), slot + 1u), kNoSlot);
    sources_[at(which)][slot] = from;
  }
  if (lineage.merged >= 0) {
    merged_.columns[static_cast<size_t>(lineage.merged)].slot = slot;
    merged_.columns[static_cast<size_t>(lineage.merged)].id = id;
  } else {
    merged_.dropped.push_back({slot, id});
  }
}

// Two columns that came to one name: the side that stands says what both are called. A column that
// it does not have, or has by a name that is taken as well, gets a name of its own.
void DefinitionMerge::name_apart() {
  const auto lineage_of = [&](size_t merged) -> const Lineage& {
    return *std::find_if(lineages_.begin(), lineages_.end(), [&](const Lineage& lineage) {
      return lineage.merged == static_cast<int>(merged);
    });
  };
  const auto text = [&](Side which, const Lineage& first, const Lineage& second) {
    std::string text;
    for (const Lineage* lineage : {&first, &second}) {
      const catalog::ColumnDef* own = column(*lineage, which);
      if (own == nullptr) continue;
      text += (text.empty() ? "" : ", ") + own->name + " " + type::type_name(own->type);
    }
    return text;
  };
  for (size_t second = 0; second < merged_.columns.size(); ++second) {
    const size_t first = *merged_.find_column(merged_.columns[second].name);
    if (first == second) continue;
    const Lineage& a = lineage_of(first);
    const Lineage& b = lineage_of(second);
    const Side stands = choices_.settle({object(merged_.columns[second].name), "column name",
                                         text(Side::kBase, a, b), text(Side::kOurs, a, b),
                                         text(Side::kTheirs, a, b)});
    const std::string wanted = merged_.columns[second].name;
    for (const size_t place : {first, second}) {
      const catalog::ColumnDef* own = column(lineage_of(place), stands);
      merged_.columns[place].name = own == nullptr ? std::string() : own->name;
    }
    for (const size_t place : {first, second}) {
      const std::string name = std::exchange(merged_.columns[place].name, {});
      merged_.columns[place].name = free_column_name(name.empty() ? wanted : name);
      tell_new_name(lineage_of(place));
    }
    second = 0;  // A name that came back may be taken by now.
  }
}

// A column that has a name which neither side gave it.
void DefinitionMerge::tell_new_name(const Lineage& lineage) {
  std::array<std::string, 3> names;
  for (const Side which : kSides) {
    if (const catalog::ColumnDef* own = column(lineage, which)) names[at(which)] = own->name;
  }
  const std::string& now = merged_.columns[static_cast<size_t>(lineage.merged)].name;
  if (now == names[1] || now == names[2]) return;
  choices_.tell({object(now), "column name", names, now, "name taken"});
}

std::string DefinitionMerge::free_column_name(const std::string& wanted) const {
  std::string name = wanted;
  for (int n = 2; merged_.find_column(name); ++n) name = wanted + "_" + std::to_string(n);
  return name;
}

std::vector<int32_t> DefinitionMerge::sources_in(const catalog::TableDef& table, Side which) const {
  std::vector<int32_t> sources(sources_[at(Side::kOurs)].size(), kNoSlot);
  const auto slot_of = [&](uint32_t id) -> int32_t {
    for (const catalog::ColumnDef& column : table.columns) {
      if (column.id == id) return column.slot;
    }
    for (const catalog::DroppedSlot& dropped : table.dropped) {
      if (dropped.id == id) return dropped.slot;
    }
    return kNoSlot;
  };
  for (size_t slot = 0; slot < sources.size(); ++slot) {
    for (const Side known : {which, Side::kBase, Side::kOurs, Side::kTheirs}) {
      const int32_t own = sources_[at(known)][slot];
      const catalog::TableDef* def = side(known);
      if (own == kNoSlot || def == nullptr || sources[slot] != kNoSlot) continue;
      for (const catalog::ColumnDef& column : def->columns) {
        if (column.slot == own) sources[slot] = slot_of(column.id);
      }
      for (const catalog::DroppedSlot& dropped : def->dropped) {
        if (dropped.slot == own) sources[slot] = slot_of(dropped.id);
      }
    }
  }
  return sources;
}

ColumnNames DefinitionMerge::names_of(Side which) const {
  ColumnNames names;
  if (side(which) == nullptr) return names;
  for (const Lineage& lineage : lineages_) {
    const catalog::ColumnDef* own = column(lineage, which);
    if (own == nullptr || lineage.merged < 0) continue;
    const std::string& merged = merged_.columns[static_cast<size_t>(lineage.merged)].name;
    if (merged != own->name) names[own->name] = merged;
  }
  return names;
}

std::vector<uint16_t> DefinitionMerge::slots_as_base() const {
  std::vector<uint16_t> slots;
  for (const Lineage& lineage : lineages_) {
    if (lineage.as_base && lineage.merged >= 0)
      slots.push_back(merged_.columns[static_cast<size_t>(lineage.merged)].slot);
  }
  return slots;
}

}  // namespace rowan::merge
