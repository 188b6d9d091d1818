#include "merge/told.h"

#include <map>
#include <utility>

#include "diff/schema_diff.h"
#include "merge/sides.h"

namespace rowan::merge {
namespace {

using Parts = std::map<std::pair<std::string, std::string>, std::string>;  // Kind and name to text.

Parts parts_of(const catalog::TableDef* table) {
  Parts parts;
  if (table == nullptr) return parts;
  for (const catalog::ColumnDef& column : table->columns)
    parts[{"column", column.name}] = diff::column_sql(column);
  for (diff::TablePart& part : diff::table_parts(*table))
    parts[{std::move(part.kind), std::move(part.name)}] = std::move(part.sql);
  if (table->merge_rule != catalog::MergeRule::kNone)
    parts[{"merge rule", {}}] = std::string(catalog::merge_rule_name(table->merge_rule));
  return parts;
}

std::string text_in(const Parts& parts, const Parts::key_type& key) {
  const auto found = parts.find(key);
  return found == parts.end() ? std::string() : found->second;
}

}  // namespace

void tell_lost_definition(Choices& choices, const std::array<const catalog::TableDef*, 3>& sides,
                          Side stands, const std::string& table, const std::string& ground) {
  std::array<Parts, 3> parts;
  Parts all;
  for (const Side side : kSides) {
    parts[at(side)] = parts_of(sides[at(side)]);
    all.insert(parts[at(side)].begin(), parts[at(side)].end());
  }
  for (const auto& [key, ignored] : all) {
    Consequence told{table + (key.second.empty() ? "" : "." + key.second), key.first, {}, {}, ground};
    for (const Side side : kSides) told.sides[at(side)] = text_in(parts[at(side)], key);
    told.merged = told.sides[at(stands)];
    bool is_lost = false;
    for (const Side side : {Side::kOurs, Side::kTheirs}) {
      const std::string& own = told.sides[at(side)];
      const bool changed = sides[at(side)] != nullptr && own != told.sides[at(Side::kBase)];
      is_lost = is_lost || (changed && own != told.merged);
    }
    if (is_lost) choices.tell(std::move(told));
  }
}

}  // namespace rowan::merge
