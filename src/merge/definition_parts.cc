// Keys, checks, foreign keys and indexes of three definitions, in merged column names.
#include <algorithm>
#include <set>
#include <utility>

#include "catalog/expression_text.h"
#include "merge/constraint_text.h"
#include "merge/definition.h"
#include "merge/sides.h"

namespace rowan::merge {

// A constraint or index of one side: its parts in merged terms, and a text that two equal ones
// share.
struct DefinitionMerge::Part {
  std::string name;
  std::string text;
  bool complete = true;    // All of its columns are there.
  bool contested = false;  // One that is not is a conflict of its own.
  std::array<bool, 3> gone{};  // By the side that dropped a column of it which stays all the same.
  bool as_base = false;        // A column of it stays as the base has it.
  bool is_key = true;          // Or an index: its columns' types must be a key's.
  catalog::UniqueKey unique;
  catalog::CheckConstraint check;
  catalog::ForeignKey foreign_key;
  catalog::IndexDef index;
};

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
    if (found >= 0 && part.is_key && lineages_[static_cast<size_t>(lineage)].keyless) {
      part.complete = false;
      part.contested = true;
    } else if (found < 0) {
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
  for (const auto& [name, stands] : input_.parts) stands_.emplace(name, Standing{stands, true});
  settle_kinds();
  merge_primary_key();
  drop_idle_rules();
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

// Whether a side gave the name of the base's key to something else.
bool DefinitionMerge::is_reused_key_name(std::string_view name) const {
  return std::any_of(std::begin(kSides), std::end(kSides), [&](Side which) {
    if (side(which) == nullptr || name.empty()) return false;
    const std::string text = constraint_text(*side(which), name);
    const bool is_other = !text.empty() && !text.starts_with("PRIMARY KEY");
    return is_other || !index_text_of(*side(which), name).empty();
  });
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
  std::array<std::string, 3> own_texts;
  std::string key_name;
  for (const Side which : kSides) {
    const Key& key = keys[at(which)];
    own_texts[at(which)] = side(which) == nullptr || side(which)->primary_key.empty()
                               ? std::string()
                               : key.name + " " + joined(merged_, key.columns);
    if (!key.name.empty()) key_name = key.name;
  }
  for (const Side which : {Side::kOurs, Side::kTheirs}) {
    if (as_base || (gone[at(which)] && keys[at(which)].columns.empty()))
      keys[at(which)] = keys[at(Side::kBase)];
  }
  const auto text = [&](const Key& key) {
    return key.columns.empty() ? std::string() : key.name + " " + joined(merged_, key.columns);
  };
  Key merged;
  const uint64_t settled = choices_.settled;
  const size_t open = choices_.open.size();
  if (const std::optional<Side> stands = settled_key(); stands) {
    merged = keys[at(*stands)];
  } else {
    merged = three_way<Key>(side(Side::kBase) == nullptr ? nullptr : &keys[0], keys[1], keys[2], {},
                            "primary key", text, !is_reused_key_name(keys[0].name));
  }
  // A key over a column that goes: goes with it, and what is whole stands.
  for (const Side which : {Side::kOurs, Side::kTheirs, Side::kBase}) {
    if (!merged.complete) merged = keys[at(which)];
  }
  if (!merged.complete) merged = Key();
  const bool is_kept = input_.parts.contains(key_name) && !input_.asked.contains(key_name);
  if (choices_.settled == settled && choices_.open.size() == open && (is_kept || !settled_key()))
    tell_part(key_name, "primary key", own_texts, text(merged));
  merged_.primary_key = merged.columns;
  merged_.primary_key_name = merged.columns.empty() ? std::string() : merged.name;
  for (const uint16_t column : merged_.primary_key) merged_.columns[column].not_null = true;
}

// Whether the version of a constraint or index that stands was a conflict of its own.
bool DefinitionMerge::was_asked(const std::string& name) const {
  if (input_.parts.contains(name)) return input_.asked.contains(name);
  return stands_.contains(name);
}

// What a side did to a constraint or an index, and is not so since its columns are others (one stays
// against a drop, or goes, or has a type that is none of a key), or since something else needs it as
// it was. `texts`: by Side, in merged names.
void DefinitionMerge::tell_part(const std::string& name, std::string_view kind,
                                std::array<std::string, 3> texts, const std::string& merged) const {
  const auto is_lost = [&](Side which) {
    return texts[at(which)] != texts[at(Side::kBase)] && texts[at(which)] != merged;
  };
  if (side(Side::kBase) == nullptr || (!is_lost(Side::kOurs) && !is_lost(Side::kTheirs))) return;
  const std::array<std::string, 3> in_merged_names = texts;
  for (const Side which : kSides) {  // As the side itself says it.
    if (side(which) == nullptr || texts[at(which)].empty()) continue;
    const std::string own = constraint_text(*side(which), name);
    texts[at(which)] = own.empty() ? index_text_of(*side(which), name) : own;
  }
  std::string now = merged;
  for (const Side which : kSides) {
    if (!merged.empty() && merged == in_merged_names[at(which)]) now = texts[at(which)];
  }
  choices_.tell({object(name), std::string(kind), std::move(texts), std::move(now),
                 input_.parts.contains(name) ? "what needs it" : "its columns"});
}

// A rule that can settle nothing, since one side took the table's key away or made the column part of
// one while the other side gave the rule: SQL refuses such a table. The rule goes.
void DefinitionMerge::drop_idle_rules() {
  const auto is_idle = [](const catalog::TableDef& table, uint16_t column) {
    const auto& key = table.primary_key;
    return key.empty() || std::find(key.begin(), key.end(), column) != key.end();
  };
  const auto rule_name = [](catalog::MergeRule rule) {
    return rule == catalog::MergeRule::kNone ? std::string()
                                             : std::string(catalog::merge_rule_name(rule));
  };
  Consequence about{object({}), "merge rule", {}, {}, "primary key"};
  bool was_idle = false;
  for (const Side which : kSides) {
    const catalog::TableDef* own = side(which);
    if (own == nullptr) continue;
    about.sides[at(which)] = rule_name(own->merge_rule);
    was_idle = was_idle || (which != Side::kBase && own->primary_key.empty() &&
                            own->merge_rule == merged_.merge_rule);
  }
  if (merged_.merge_rule != catalog::MergeRule::kNone && merged_.primary_key.empty() && !was_idle) {
    merged_.merge_rule = catalog::MergeRule::kNone;
    choices_.tell(std::move(about));
  }
  for (const Lineage& lineage : lineages_) {
    if (lineage.merged < 0) continue;
    const auto index = static_cast<uint16_t>(lineage.merged);
    catalog::ColumnDef& merged = merged_.columns[index];
    if (merged.merge_rule == catalog::MergeRule::kNone || !is_idle(merged_, index)) continue;
    Consequence told{object(merged.name), "merge rule", {}, {}, "primary key"};
    bool stays = false;
    for (const Side which : kSides) {
      const catalog::ColumnDef* own = column(lineage, which);
      if (own == nullptr) continue;
      told.sides[at(which)] = rule_name(own->merge_rule);
      stays = stays || (which != Side::kBase && own->merge_rule == merged.merge_rule &&
                        is_idle(*side(which), static_cast<uint16_t>(lineage.live[at(which)])));
    }
    if (stays) continue;
    merged.merge_rule = catalog::MergeRule::kNone;
    choices_.tell(std::move(told));
  }
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
    const uint64_t settled = choices_.settled;
    const size_t open = choices_.open.size();
    const Part* chosen = three_way<const Part*>(&base, find(Side::kOurs, name),
                                                find(Side::kTheirs, name), name, kind, text);
    const bool is_asked = choices_.settled > settled || choices_.open.size() > open || was_asked(name);
    const bool stays = chosen != nullptr && chosen->complete;
    if (!is_asked && (stays || chosen == nullptr || chosen->contested)) {
      std::array<std::string, 3> texts;
      for (const Side which : kSides) texts[at(which)] = text(own(which, name));
      tell_part(name, kind, texts, stays ? chosen->text : std::string());
    }
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
      part.is_key = false;
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
