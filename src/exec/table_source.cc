#include "exec/table_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/ensure.h"
#include "type/key_codec.h"

namespace rowan::exec {

namespace {

// Above every byte that a key may hold.
constexpr char kAfterKeys = '\xff';

Result<bool> append_value_key(const type::Value& value, std::string& key) {
  if (value.is_null()) return false;
  if (type::is_integer(value.type().id)) {
    type::append_int_key(value.as_int(), key);
  } else {
    TRY(type::append_key(value, key));
  }
  return true;
}

Result<bool> append_node_key(const expr::Node& node, const expr::EvalContext& context,
                             std::string& key) {
  if (node.kind == expr::NodeKind::kConstant) return append_value_key(node.constant, key);
  if (node.kind == expr::NodeKind::kParameter && context.parameters != nullptr &&
      node.column < context.parameters->size()) {
    const type::Value& value = (*context.parameters)[node.column];
    if (value.type().id == node.type.id) return append_value_key(value, key);
  }
  TRY_ASSIGN(const type::Value value, expr::evaluate_constant(node, context));
  return append_value_key(value, key);
}

// The table as the transaction has it now.
Result<catalog::TableVersion> current_version(const plan::ScanSpec& scan,
                                              const ExecContext& context) {
  const catalog::TableDef& planned = *scan.table.table;
  if (!scan.materialized) return context.transaction.get_table(planned.schema, planned.name);
  const catalog::Catalog& catalog = context.transaction.catalog();
  TRY_ASSIGN(const auto view, catalog.find_view(planned.schema, planned.name));
  if (view == nullptr || !view->materialized()) {
    return Error(ErrorCode::kUndefinedTable,
                 fmt::format("relation \"{}\" does not exist", planned.name));
  }
  return catalog.materialized_rows(*view);
}

}  // namespace

Result<TableSource> open_table(const plan::ScanSpec& scan, const ExecContext& context) {
  TableSource source;
  if (scan.historical) {
    source.version = scan.table;
    return source;
  }
  const catalog::TableDef& planned = *scan.table.table;
  TRY_ASSIGN(const catalog::TableVersion current, current_version(scan, context));
  if (current.table->definition_id != planned.definition_id) {
    return Error(
        ErrorCode::kObjectNotInState,
        fmt::format("table \"{}\" has changed since the statement was planned", planned.name));
  }
  TRY_ASSIGN(txn::TableView view, context.transaction.view(current));
  source.version = std::move(view.version);
  source.overlay = view.overlay;
  if (source.overlay != nullptr && source.overlay->rows.empty()) source.overlay = nullptr;
  return source;
}

Result<bool> append_equal_keys(const plan::KeyBounds& bounds, const expr::EvalContext& context,
                               std::string& key) {
  for (const expr::NodePtr& value : bounds.equal) {
    TRY_ASSIGN(const bool present, append_node_key(*value, context, key));
    if (!present) return false;
  }
  return true;
}

Result<std::vector<KeyInterval>> key_intervals(const plan::KeyBounds& bounds,
                                               const expr::EvalContext& context) {
  std::vector<KeyInterval> intervals;
  std::string prefix;
  TRY_ASSIGN(bool present, append_equal_keys(bounds, context, prefix));
  if (!present) return intervals;
  for (const expr::NodePtr& value : bounds.any) {
    KeyInterval interval{prefix, {}};
    TRY_ASSIGN(present, append_node_key(*value, context, interval.lower));
    if (!present) continue;
    interval.upper = interval.lower + kAfterKeys;
    intervals.push_back(std::move(interval));
  }
  if (!bounds.any.empty()) {
    std::sort(intervals.begin(), intervals.end(),
              [](const KeyInterval& a, const KeyInterval& b) { return a.lower < b.lower; });
    const auto same = [](const KeyInterval& a, const KeyInterval& b) { return a.lower == b.lower; };
    intervals.erase(std::unique(intervals.begin(), intervals.end(), same), intervals.end());
    return intervals;
  }
  KeyInterval interval{prefix, {}};
  if (!prefix.empty()) interval.upper = prefix + kAfterKeys;
  if (bounds.lower != nullptr) {
    TRY_ASSIGN(present, append_node_key(*bounds.lower, context, interval.lower));
    if (!present) return intervals;
    if (!bounds.lower_inclusive) interval.lower += kAfterKeys;
    // NULL is above nothing; a commit that breaks the rule has it behind all values.
    if (bounds.upper == nullptr) {
      interval.upper = prefix;
      TRY(type::append_key(type::Value::null(bounds.lower->type), interval.upper));
    }
  }
  if (bounds.upper != nullptr) {
    interval.upper = prefix;
    TRY_ASSIGN(present, append_node_key(*bounds.upper, context, interval.upper));
    if (!present) return intervals;
    if (bounds.upper_inclusive) interval.upper += kAfterKeys;
  }
  if (interval.upper.empty() || interval.lower < interval.upper)
    intervals.push_back(std::move(interval));
  return intervals;
}

Result<uint64_t> line_count(Bytes line) {
  uint64_t count = 0;
  if (line.size() > 2 && line[0] == '[') {
    const auto end = std::from_chars(line.data() + 1, line.data() + line.size(), count);
    if (end.ec == std::errc() && (*end.ptr == ',' || *end.ptr == ']')) return count;
  }
  return Error(ErrorCode::kCorruption,
               "a row of a table without a primary key does not begin with its count");
}

std::string row_key(Bytes key, uint64_t n) {
  DCHECK(key.find('#') == Bytes::npos);  // A counted key is hexadecimal.
  return std::string(key) + '#' + std::to_string(n);
}

Bytes stored_key(Bytes row_key) { return row_key.substr(0, row_key.find('#')); }

type::RowLayout uncounted_layout(const type::RowLayout& layout) {
  type::RowLayout result = layout;
  result.counted = false;
  type::Slot count;
  count.dropped = true;
  result.slots.insert(result.slots.begin(), count);
  return result;
}

}  // namespace rowan::exec
