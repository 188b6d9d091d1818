#include "merge/definition.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "catalog/expression_text.h"
#include "merge/fit.h"
#include "type/cast.h"
#include "type/row_codec.h"

namespace rowan::merge {
namespace {

constexpr Side kSides[] = {Side::kBase, Side::kOurs, Side::kTheirs};

size_t at(Side side) { return static_cast<size_t>(side); }

std::string joined(const catalog::TableDef& table, const std::vector<uint16_t>& columns) {
  std::string text = "(";
  for (size_t i = 0; i < columns.size(); ++i)
    text += (i > 0 ? ", " : "") + table.columns[columns[i]].name;
  return text + ")";
}

std::string value_text(const type::Value& value) {
  std::string text;
  type::append_json(value, text);
  return text;
}

size_t unique_constraint_count(const catalog::TableDef& table) {
  const auto unique = std::count_if(table.indexes.begin(), table.indexes.end(),
                                    [](const auto& index) { return index.unique; });
  return table.unique_keys.size() - std::min(table.unique_keys.size(), static_cast<size_t>(unique));
}

using Identity = std::pair<sql::IdentityKind, std::string>;  // With the sequence's name.

std::string identity_text(const Identity& identity) {
  const std::string sequence = identity.second.empty() ? "" : "SEQUENCE " + identity.second;
  if (identity.first == sql::IdentityKind::kNone) return sequence;
  const bool always = identity.first == sql::IdentityKind::kAlways;
  return std::string("GENERATED ") + (always ? "ALWAYS" : "BY DEFAULT") + " AS IDENTITY (" +
         sequence + ")";
}

std::string index_text(const catalog::TableDef& table, const catalog::IndexDef& index) {
  std::string text = index.unique ? "UNIQUE INDEX (" : "INDEX (";
  for (size_t i = 0; i < index.columns.size(); ++i) {
    const catalog::IndexColumnDef& column = index.columns[i];
    text += (i > 0 ? ", " : "") + table.columns[column.column].name +
            (column.descending ? " DESC" : "") +
            (column.nulls_first == column.descending ? ""
             : column.nulls_first                    ? " NULLS FIRST"
                                                     : " NULLS LAST");
  }
  return text + ")";
}

// The text of the constraint of this name. Its first word is its kind.
std::string constraint_text(const catalog::TableDef& table, std::string_view name) {
  if (!table.primary_key.empty() && table.primary_key_name == name)
    return "PRIMARY KEY " + joined(table, table.primary_key);
  const size_t count = unique_constraint_count(table);
  for (size_t i = 0; i < count; ++i) {
    if (table.unique_keys[i].name == name)
      return "UNIQUE " + joined(table, table.unique_keys[i].columns);
  }
  for (const catalog::CheckConstraint& check : table.checks) {
    if (check.name == name) return "CHECK (" + check.expression_sql + ")";
  }
  for (const catalog::ForeignKey& key : table.foreign_keys) {
    if (key.name == name) return catalog::foreign_key_sql(table, key);
  }
  return {};
}

std::vector<std::string> constraint_names(const catalog::TableDef& table) {
  std::vector<std::string> names;
  if (!table.primary_key.empty()) names.push_back(table.primary_key_name);
  const size_t count = unique_constraint_count(table);
  for (size_t i = 0; i < count; ++i) names.push_back(table.unique_keys[i].name);
  for (const catalog::CheckConstraint& check : table.checks) names.push_back(check.name);
  for (const catalog::ForeignKey& key : table.foreign_keys) names.push_back(key.name);
  return names;
}

std::string index_text_of(const catalog::TableDef& table, std::string_view name) {
  for (const catalog::IndexDef& index : table.indexes) {
    if (index.name == name) return index_text(table, index);
  }
  return {};
}

// Whether the constraint is kept by an index of its name.
bool is_key_text(std::string_view text) {
  return text.starts_with("PRIMARY KEY") || text.starts_with("UNIQUE (");
}

// The constraints and indexes over a column, by name.
Result<std::map<std::string, std::string>> parts_over(const catalog::TableDef& table,
                                                      std::string_view name) {
  std::map<std::string, std::string> parts;
  const std::optional<uint16_t> column = table.find_column(name);
  if (!column) return parts;
  const auto is_over = [&](const std::vector<uint16_t>& columns) {
    return std::find(columns.begin(), columns.end(), *column) != columns.end();
  };
  for (const std::string& constraint : constraint_names(table)) parts[constraint] = "";
  if (!is_over(table.primary_key)) parts.erase(table.primary_key_name);
  const size_t count = unique_constraint_count(table);
  for (size_t i = 0; i < count; ++i) {
    if (!is_over(table.unique_keys[i].columns)) parts.erase(table.unique_keys[i].name);
  }
  for (const catalog::CheckConstraint& check : table.checks) {
    TRY_ASSIGN(const std::vector<std::string> columns, catalog::columns_of(check.expression_sql));
    if (std::find(columns.begin(), columns.end(), name) == columns.end()) parts.erase(check.name);
  }
  for (const catalog::ForeignKey& key : table.foreign_keys) {
    if (!is_over(key.columns)) parts.erase(key.name);
  }
  for (auto& [constraint, text] : parts) text = constraint_text(table, constraint);
  for (const catalog::IndexDef& index : table.indexes) {
    const bool over = std::any_of(index.columns.begin(), index.columns.end(),
                                  [&](const auto& part) { return part.column == *column; });
    if (over) parts[index.name] = index_text(table, index);
  }
  return parts;
}

}  // namespace

// A constraint or index of one side: its parts in merged terms, and a text that two equal ones
// share.
struct DefinitionMerge::Part {
  std::string name;
  std::string text;
  bool complete = true;    // All of its columns are there.
  bool contested = false;  // One that is not is a conflict of its own.
  std::array<bool, 3> gone{};  // By the side that dropped a column of it which stays all the same.
  bool as_base = false;        // A column of it stays as the base has it.
  catalog::UniqueKey unique;
  catalog::CheckConstraint check;
  catalog::ForeignKey foreign_key;
  catalog::IndexDef index;
};

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

template <typename T>
T DefinitionMerge::three_way(const T* base, const T& ours, const T& theirs, std::string_view part,
                             std::string_view kind,
                             const std::function<std::string(const T&)>& text) {
  const std::string ours_text = text(ours);
  const std::string theirs_text = text(theirs);
  if (ours_text == theirs_text) return ours;
  const std::string base_text = base == nullptr ? std::string() : text(*base);
  if (base != nullptr && base_text == ours_text) return theirs;
  if (base != nullptr && base_text == theirs_text) return ours;
  switch (choices_.settle({object(part), std::string(kind), base_text, ours_text, theirs_text})) {
    case Side::kTheirs:
      return theirs;
    case Side::kBase:
      return base == nullptr ? ours : *base;
    case Side::kOurs:
      break;
  }
  return ours;
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

// The type of a column that both sides have. Where both gave it one, choosing a type chooses what
// becomes of values that do not fit. Of a column that was there, no policy chooses that: only an
// answer does.
Result<type::Type> DefinitionMerge::merge_type(const Lineage& lineage,
                                               const catalog::ColumnDef& merged,
                                               const FindMisfits& misfits) {
  const catalog::ColumnDef* base = column(lineage, Side::kBase);
  std::array<type::Type, 3> types;  // By the side that stands.
  for (const Side which : kSides) {
    const catalog::ColumnDef* own = column(lineage, which);
    types[at(which)] = own == nullptr ? column(lineage, Side::kOurs)->type : own->type;
  }
  if (types[1] == types[2]) return types[1];
  TRY_ASSIGN(Lost lost, find_lost(lineage, types, misfits));
  SchemaConflict conflict{object(merged.name), "column type", {}, {}, {}};
  for (const Side stands : kSides) {
    std::string& text = stands == Side::kBase   ? conflict.base
                        : stands == Side::kOurs ? conflict.ours
                                                : conflict.theirs;
    if (column(lineage, stands) != nullptr) text = type::type_name(types[at(stands)]);
    const auto absent = fitted(merged.absent, types[at(stands)]);
    conflict.may_stand[at(stands)] = lost.count[at(stands)] == 0 || !merged.not_null ||
                                     (absent && !absent->is_null());
  }
  Side stands = base != nullptr && types[0] == types[1] ? Side::kTheirs : Side::kOurs;
  bool settled = false;  // With the values that do not fit.
  if (base == nullptr || (types[0] != types[1] && types[0] != types[2])) {
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
      if (const uint64_t rows = lost.held[at(stands)][at(side)]; rows > 0)
        text = std::to_string(rows) + (rows == 1 ? " row holds a value" : " rows hold values") +
               " that the new type cannot take";
    }
    const std::optional<Side> answer = choices_.ask(conflict);
    settled = answer.has_value();
    stands = answer.value_or(stands);
  }
  settled_misfits_ = settled_misfits_ || lost.count[at(stands)] > 0;
  for (const Side holder : {Side::kOurs, Side::kTheirs}) {
    if (types[at(holder)] == types[at(stands)]) continue;
    note_lost(lineage, holder, {.stands = stands, .contested = settled, .answered = choices_.answered});
  }
  return types[at(stands)];
}

Result<catalog::ColumnDef> DefinitionMerge::merge_column(const Lineage& lineage,
                                                         const FindMisfits& misfits) {
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
  merged.not_null = ours->not_null || theirs->not_null;
  TRY_ASSIGN(merged.type, merge_type(lineage, merged, misfits));
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
    TRY_ASSIGN(catalog::ColumnDef column, merge_column(*lineage, rows.misfits));
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
    }
    second = 0;  // A name that came back may be taken by now.
  }
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

bool DefinitionMerge::is_contested(Side which, uint16_t column) const {
  const int lineage = lineage_of_column_[at(which)][column];
  return lineage >= 0 && lineages_[static_cast<size_t>(lineage)].contested;
}

// A side that dropped a column has dropped what is over it; where the column stays against that, so
// does what is over it.
void DefinitionMerge::note_kept(const Lineage& lineage, Part& part) const {
  if (!lineage.contested || lineage.merged < 0) return;
  part.as_base = part.as_base || lineage.as_base;
  for (const Side dropper : {Side::kOurs, Side::kTheirs}) {
    if (lineage.live[at(dropper)] < 0) part.gone[at(dropper)] = true;
  }
}

std::vector<uint16_t> DefinitionMerge::merged_columns(Side which,
                                                      const std::vector<uint16_t>& columns,
                                                      Part& part) const {
  std::vector<uint16_t> merged;
  for (const uint16_t column : columns) {
    const int lineage = lineage_of_column_[at(which)][column];
    const int found = lineage < 0 ? -1 : lineages_[static_cast<size_t>(lineage)].merged;
    if (lineage >= 0) note_kept(lineages_[static_cast<size_t>(lineage)], part);
    if (found < 0) {
      part.complete = false;
      part.contested = part.contested || is_contested(which, column);
    } else {
      merged.push_back(static_cast<uint16_t>(found));
    }
  }
  return merged;
}

Result<void> DefinitionMerge::merge_constraints(const ReferenceOf& reference_of) {
  const catalog::TableDef* base = side(Side::kBase);
  merged_.merge_rule = three_way<catalog::MergeRule>(
      base == nullptr ? nullptr : &base->merge_rule, side(Side::kOurs)->merge_rule,
      side(Side::kTheirs)->merge_rule, {}, "merge rule", [](const catalog::MergeRule& rule) {
        return rule == catalog::MergeRule::kNone ? "" : std::string(catalog::merge_rule_name(rule));
      });
  for (const auto& [name, stands] : input_.keys) stands_.emplace(name, Standing{stands, true});
  settle_kinds();
  merge_primary_key();
  merge_indexes();
  merge_unique_keys();
  TRY(merge_checks());
  merge_foreign_keys(reference_of);
  catalog::finish_table(merged_);
  return {};
}

// One name that the sides gave to constraints of two kinds, or to an index and a key: a table can
// have only one of them.
void DefinitionMerge::settle_kinds() {
  const auto texts_of = [&](const auto& text_of) {
    std::array<std::string, 3> texts;
    for (const Side which : kSides) {
      if (side(which) != nullptr) texts[at(which)] = text_of(*side(which));
    }
    return texts;
  };
  const auto settle = [&](const std::string& name, const std::array<std::string, 3>& texts,
                          bool is_index) {
    if (texts[1].empty() || texts[2].empty() || stands_.contains(name)) return;
    if (texts[0] == texts[1] || texts[0] == texts[2]) return;  // Only one side changed it.
    const auto kind = [](const std::string& text) {
      const bool index = text.starts_with("INDEX") || text.starts_with("UNIQUE INDEX");
      return index ? std::string("INDEX") : text.substr(0, text.find(' '));
    };
    if (kind(texts[1]) == kind(texts[2])) return;
    stands_.emplace(
        name, Standing{choices_.settle({object(name), "constraint", texts[0], texts[1], texts[2]}),
                       is_index});
  };
  for (const std::string& name : constraint_names(*side(Side::kOurs))) {
    settle(name, texts_of([&](const auto& table) { return constraint_text(table, name); }), false);
  }
  std::vector<std::string> names = constraint_names(*side(Side::kOurs));
  for (const catalog::IndexDef& index : side(Side::kOurs)->indexes) names.push_back(index.name);
  for (const std::string& name : names) {
    settle(name, texts_of([&](const auto& table) {
             const std::string key = constraint_text(table, name);
             return is_key_text(key) ? key : index_text_of(table, name);
           }),
           true);
  }
}

void DefinitionMerge::rename_index(std::string_view from, const std::string& to) {
  for (catalog::IndexDef& index : merged_.indexes) {
    if (index.name == from) index.name = to;
  }
  for (catalog::UniqueKey& key : merged_.unique_keys) {
    if (key.name == from) key.name = to;
  }
  if (merged_.primary_key_name == from) merged_.primary_key_name = to;
  catalog::finish_table(merged_);
}

// Whose primary key stands, when its name was given to something else and that is settled.
std::optional<Side> DefinitionMerge::settled_key() const {
  for (const auto& [name, stands] : stands_) {
    for (const Side which : {Side::kOurs, Side::kTheirs}) {
      if (!side(which)->primary_key.empty() && side(which)->primary_key_name == name)
        return stands.side;
    }
  }
  return std::nullopt;
}

void DefinitionMerge::merge_primary_key() {
  struct Key {
    std::vector<uint16_t> columns;
    std::string name;
    bool complete = true;
  };
  std::array<Key, 3> keys;
  std::array<bool, 3> gone{};
  bool as_base = false;
  for (const Side which : kSides) {
    const catalog::TableDef* def = side(which);
    if (def == nullptr) continue;
    Key& key = keys[at(which)];
    Part part;
    key.columns = merged_columns(which, def->primary_key, part);
    key.complete = part.complete;
    key.name = def->primary_key_name;
    if (which == Side::kBase) gone = part.gone;
    as_base = as_base || part.as_base;
  }
  for (const Side which : {Side::kOurs, Side::kTheirs}) {
    if (as_base || (gone[at(which)] && keys[at(which)].columns.empty()))
      keys[at(which)] = keys[at(Side::kBase)];
  }
  const auto text = [&](const Key& key) {
    return key.columns.empty() ? std::string() : key.name + " " + joined(merged_, key.columns);
  };
  Key merged;
  if (const std::optional<Side> stands = settled_key(); stands) {
    merged = keys[at(*stands)];
  } else {
    merged = three_way<Key>(side(Side::kBase) == nullptr ? nullptr : &keys[0], keys[1], keys[2], {},
                            "primary key", text);
  }
  // A key over a column that goes: goes with it, and what is whole stands.
  for (const Side which : {Side::kOurs, Side::kTheirs, Side::kBase}) {
    if (!merged.complete) merged = keys[at(which)];
  }
  if (!merged.complete) merged = Key();
  merged_.primary_key = merged.columns;
  merged_.primary_key_name = merged.columns.empty() ? std::string() : merged.name;
  for (const uint16_t column : merged_.primary_key) merged_.columns[column].not_null = true;
}

// Of each name what three_way gives. Base's order, then what was added; by name when both sides
// added some, so that both see one order.
std::vector<DefinitionMerge::Part> DefinitionMerge::merge_parts(
    const std::array<std::vector<Part>, 3>& parts, std::string_view kind) {
  const auto own = [&](Side which, const std::string& name) -> const Part* {
    for (const Part& part : parts[at(which)]) {
      if (part.name == name) return &part;
    }
    return nullptr;
  };
  const auto find = [&](Side which, const std::string& name) -> const Part* {
    const bool as_base = std::any_of(kSides, std::end(kSides), [&](Side side) {
      const Part* part = own(side, name);
      return part != nullptr && part->as_base;
    });
    if (as_base) return own(Side::kBase, name);
    const auto settled = stands_.find(name);
    const bool applies =
        settled != stands_.end() && (kind != "index" || settled->second.is_index);
    const Side from = applies ? settled->second.side : which;
    const Part* part = own(from, name);
    const Part* before = own(Side::kBase, name);
    return part == nullptr && before != nullptr && before->gone[at(from)] ? before : part;
  };
  std::vector<std::string> names;
  std::vector<std::string> added;
  for (const Part& part : parts[0]) names.push_back(part.name);
  std::array<bool, 3> adds{};
  for (const Side which : {Side::kOurs, Side::kTheirs}) {
    for (const Part& part : parts[at(which)]) {
      if (own(Side::kBase, part.name) != nullptr) continue;
      adds[at(which)] = true;
      if (std::find(added.begin(), added.end(), part.name) == added.end())
        added.push_back(part.name);
    }
  }
  if (adds[1] && adds[2]) std::sort(added.begin(), added.end());
  names.insert(names.end(), added.begin(), added.end());

  std::vector<Part> merged;
  const auto text = [](const Part* const& part) {
    return part == nullptr ? std::string() : part->text;
  };
  for (const std::string& name : names) {
    const Part* base = find(Side::kBase, name);
    const Part* chosen = three_way<const Part*>(&base, find(Side::kOurs, name),
                                                find(Side::kTheirs, name), name, kind, text);
    if (chosen == nullptr) continue;
    if (!chosen->complete) {
      // What is over a column that goes has gone with it.
      if (!chosen->contested)
        choices_.settle({object(name), std::string(kind), text(base),
                         text(find(Side::kOurs, name)), text(find(Side::kTheirs, name))});
      continue;
    }
    merged.push_back(*chosen);
  }
  return merged;
}

void DefinitionMerge::merge_unique_keys() {
  std::array<std::vector<Part>, 3> parts;
  for (const Side which : kSides) {
    const catalog::TableDef* def = side(which);
    const size_t count = def == nullptr ? 0 : unique_constraint_count(*def);
    for (size_t i = 0; i < count; ++i) {
      Part part;
      part.name = def->unique_keys[i].name;
      part.unique = {part.name, merged_columns(which, def->unique_keys[i].columns, part)};
      part.text = "UNIQUE " + joined(merged_, part.unique.columns);
      parts[at(which)].push_back(std::move(part));
    }
  }
  for (Part& part : merge_parts(parts, "constraint"))
    merged_.unique_keys.push_back(std::move(part.unique));
  merged_.unique_constraints = merged_.unique_keys.size();
}

void DefinitionMerge::merge_indexes() {
  std::array<std::vector<Part>, 3> parts;
  for (const Side which : kSides) {
    if (side(which) == nullptr) continue;
    for (const catalog::IndexDef& index : side(which)->indexes) {
      Part part;
      part.name = index.name;
      part.index = index;
      for (catalog::IndexColumnDef& column : part.index.columns) {
        const std::vector<uint16_t> found = merged_columns(which, {column.column}, part);
        if (!found.empty()) column.column = found[0];
      }
      part.text = part.complete ? index_text(merged_, part.index) : index_text(*side(which), index);
      parts[at(which)].push_back(std::move(part));
    }
  }
  for (Part& part : merge_parts(parts, "index")) merged_.indexes.push_back(std::move(part.index));
}

Result<void> DefinitionMerge::merge_checks() {
  std::array<std::vector<Part>, 3> parts;
  for (const Side which : kSides) {
    if (side(which) == nullptr) continue;
    const ColumnNames names = names_of(which);
    for (const catalog::CheckConstraint& check : side(which)->checks) {
      Part part;
      part.name = check.name;
      part.check = check;
      if (!names.empty()) {
        TRY_ASSIGN(part.check.expression_sql, rename_columns(check.expression_sql, names));
      }
      TRY_ASSIGN(const std::vector<std::string> columns,
                 catalog::columns_of(part.check.expression_sql));
      for (const std::string& column : columns) {
        if (const auto merged = merged_.find_column(column)) {
          for (const Lineage& lineage : lineages_) {
            if (lineage.merged == static_cast<int>(*merged) && lineage.live[at(which)] >= 0)
              note_kept(lineage, part);
          }
          continue;
        }
        part.complete = false;
        const std::optional<uint16_t> own = side(which)->find_column(column);
        part.contested = part.contested || (own && is_contested(which, *own));
      }
      part.text = "CHECK (" + part.check.expression_sql + ")";
      parts[at(which)].push_back(std::move(part));
    }
  }
  for (Part& part : merge_parts(parts, "constraint"))
    merged_.checks.push_back(std::move(part.check));
  return {};
}

void DefinitionMerge::merge_foreign_keys(const ReferenceOf& reference_of) {
  std::array<std::vector<Part>, 3> parts;
  for (const Side which : kSides) {
    if (side(which) == nullptr) continue;
    for (const catalog::ForeignKey& key : side(which)->foreign_keys) {
      Part part;
      part.name = key.name;
      part.foreign_key = key;
      part.foreign_key.columns = merged_columns(which, key.columns, part);
      Reference reference = reference_of(which, key.schema, key.table);
      part.foreign_key.schema = std::move(reference.schema);
      part.foreign_key.table = std::move(reference.table);
      for (std::string& column : part.foreign_key.referenced) {
        if (const auto found = reference.columns.find(column); found != reference.columns.end())
          column = found->second;
      }
      part.text = catalog::foreign_key_sql(merged_, part.foreign_key);
      parts[at(which)].push_back(std::move(part));
    }
  }
  for (Part& part : merge_parts(parts, "constraint"))
    merged_.foreign_keys.push_back(std::move(part.foreign_key));
}

}  // namespace rowan::merge
