// Rows that came without a column which the other side added with a value for every row.
#include <cstdlib>

#include "merge/rows.h"

namespace rowan::merge {

// A side's rows by the merged table's keys, and how often each is there.
Result<std::map<std::string, uint64_t>> RowMerge::carried_counts(Side side) {
  std::map<std::string, uint64_t> counts;
  const tree::TreeReader from = reader(side);
  TRY_ASSIGN(tree::Cursor cursor, tree::Cursor::open(from, version(side).rows));
  for (; !cursor.at_end();) {
    TRY(step());
    TRY_ASSIGN(const std::string line, carrier(side).carry(cursor.line()));
    std::string key;
    TRY(type::append_line_key(merged_->layout, line, key));
    counts[key] += version(side).table->layout.counted
                       ? std::strtoull(cursor.line().data() + 1, nullptr, 10)
                       : uint64_t{1};
    TRY(cursor.next());
  }
  return counts;
}

Result<void> RowMerge::fill(const std::vector<uint16_t>& columns, Side known_by,
                            const ValueOf& value_of) {
  if (rows_.is_zero()) return {};
  edits_.clear();  // They are in the tree.
  rows_keys_ = std::make_shared<const catalog::TableLineKeys>(merged_);
  const tree::TreeReader merged{context_.made, context_.cache, *rows_keys_};
  const bool counted = merged_->layout.counted;
  // Rows of the side that has the column: a NULL there is its own.
  const bool same_keys = counted ? carrier(known_by).is_identity() : carrier(known_by).keeps_keys();
  std::map<std::string, uint64_t> own_counts;  // Where they have other keys.
  if (!same_keys && !version(known_by).rows.is_zero()) {
    TRY_ASSIGN(own_counts, carried_counts(known_by));
  }
  const auto own_count = [&](Bytes key) -> Result<uint64_t> {
    if (version(known_by).rows.is_zero()) return uint64_t{0};
    if (!same_keys) {
      const auto own = own_counts.find(std::string(key));
      return own == own_counts.end() ? uint64_t{0} : own->second;
    }
    TRY_ASSIGN(const auto line, tree::find_line(reader(known_by), version(known_by).rows, key));
    if (!line) return uint64_t{0};
    return counted ? static_cast<uint64_t>(std::strtoull(line->line.data() + 1, nullptr, 10))
                   : uint64_t{1};
  };
  std::map<std::string, std::pair<SideLine, SideLine>> edits;  // By key: as it is, and shall be.
  const auto add = [&](const Cells& cells) -> Result<void> {
    TRY_ASSIGN(std::string line, lines_.put_together(cells, 1));
    std::string key;
    TRY(type::append_line_key(merged_->layout, line, key));
    auto [place, is_new] = edits.try_emplace(key);
    if (is_new) {
      TRY_ASSIGN(const auto there, tree::find_line(merged, rows_, key));
      if (there) place->second.first = std::string(there->line);
    }
    const SideLine& before = place->second.second ? place->second.second : place->second.first;
    if (counted && before) {
      uint64_t count = 0;
      TRY(lines_.take_apart(*before, &count));
      TRY_ASSIGN(line, lines_.put_together(cells, count + 1));
    }
    place->second.second = std::move(line);
    return {};
  };
  TRY_ASSIGN(tree::Cursor cursor, tree::Cursor::open(merged, rows_));
  for (; !cursor.at_end();) {
    TRY(step());
    uint64_t count = 1;
    TRY_ASSIGN(const Cells cells, lines_.take_apart(cursor.line(), &count));
    std::vector<uint16_t> missing;
    for (const uint16_t column : columns) {
      if (cells[merged_->columns[column].slot] == "null") missing.push_back(column);
    }
    uint64_t own = 0;
    if (!missing.empty()) {
      TRY_ASSIGN(own, own_count(cursor.key()));
    }
    if (missing.empty() || own >= count) {
      TRY(cursor.next());
      continue;
    }
    if (counted) {
      SideLine& rest = edits[std::string(cursor.key())].second;
      edits[std::string(cursor.key())].first = std::string(cursor.line());
      if (own > 0) {
        TRY_ASSIGN(rest, lines_.put_together(cells, own));
      }
    }
    for (uint64_t i = own; i < count; ++i) {
      Cells filled = cells;
      for (const uint16_t column : missing) {
        TRY_ASSIGN(const type::Value value, value_of(merged_->columns[column]));
        std::string& cell = filled[merged_->columns[column].slot];
        cell.clear();
        type::append_json(value, cell);
      }
      TRY(add(filled));
    }
    TRY(cursor.next());
  }
  const TableMerge summary = summary_;  // The rows are counted already.
  for (auto& [key, edit] : edits) {
    if (edit.first == edit.second) continue;
    std::optional<Bytes> before;
    if (edit.first) before = Bytes(*edit.first);
    TRY(put(key, before, std::move(edit.second)));
  }
  summary_ = summary;
  return apply();
}

}  // namespace rowan::merge
