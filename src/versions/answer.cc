#include "versions/answer.h"

#include "versions/row_collector.h"

namespace rowan::versions {

TableRows text_rows(std::vector<std::string> names,
                    const std::vector<std::vector<std::string>>& rows) {
  TableRows table;
  for (std::string& name : names) table.columns.push_back({std::move(name), kTextType});
  RowCollector collector(table.columns);
  for (const auto& row : rows) {
    std::vector<type::Value> values;
    for (const std::string& cell : row) values.push_back(text_value(cell));
    collector.add(values);
  }
  table.batches = collector.finish();
  return table;
}

VerbResult verb_done(std::string_view tag, std::string notice) {
  VerbResult result;
  result.facts.tag = tag;
  if (!notice.empty()) result.facts.notices.push_back(std::move(notice));
  return result;
}

VerbResult verb_done(std::string_view tag, const txn::CommitOutcome& outcome, std::string notice) {
  VerbResult result = verb_done(tag, std::move(notice));
  if (outcome.changed) result.facts.commit_id = outcome.commit.hex();
  return result;
}

}  // namespace rowan::versions
