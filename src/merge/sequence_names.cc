#include "merge/sequence_names.h"

#include <algorithm>

#include "catalog/expression_text.h"
#include "catalog/catalog.h"
#include "type/key_codec.h"

namespace rowan::merge {

std::string path_of(const catalog::ObjectName& name) {
  return type::encode_name(name.schema) + "/" + type::encode_name(name.name);
}

Result<std::string> path_of(std::string_view dotted) {
  TRY_ASSIGN(const catalog::ObjectName name, catalog::parse_name(dotted, catalog::kDefaultSchema));
  return path_of(name);
}

Result<std::vector<std::string>> drawn_by(const catalog::ColumnDef& column) {
  std::vector<std::string> names;
  if (!column.sequence.empty()) names.push_back(column.sequence);
  if (column.default_sql.empty()) return names;
  TRY_ASSIGN(const std::vector<std::string> named, catalog::sequences_of(column.default_sql));
  for (const std::string& name : named) {
    if (name != column.sequence) names.push_back(name);
  }
  return names;
}

std::string definition_text(catalog::SequenceDef sequence) {
  sequence.last = 0;
  sequence.called = false;
  return catalog::sequence_json(sequence);
}

bool is_farther(const catalog::SequenceDef& sequence, int64_t last) {
  return !sequence.called ||
         (sequence.increment > 0 ? last > sequence.last : last < sequence.last);
}

Result<bool> drawn_from_in(const catalog::TableDef* table, std::string_view dotted) {
  if (table == nullptr) return false;
  for (const catalog::ColumnDef& column : table->columns) {
    TRY_ASSIGN(const auto drawn, drawn_by(column));
    if (std::find(drawn.begin(), drawn.end(), dotted) != drawn.end()) return true;
  }
  return false;
}

}  // namespace rowan::merge
