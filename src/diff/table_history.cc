#include "diff/table_history.h"

#include <algorithm>
#include <queue>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "type/cast.h"
#include "type/key_codec.h"
#include "type/text.h"

namespace rowan::diff {

namespace {

using catalog::TableVersion;
using type::Value;

struct Stop {
  int64_t time_us = 0;
  Oid commit;
  std::string path;
  std::optional<RowKey> key;

  bool operator<(const Stop& other) const {
    return time_us != other.time_us ? time_us < other.time_us : commit < other.commit;
  }
};

std::string encode(const std::vector<Value>& values) {
  std::string encoded;
  for (const Value& value : values) {
    if (!type::append_key(value, encoded)) return {};
  }
  return encoded;
}

// The key as it was before its columns had these types. Nothing: other columns were the key, or no
// value of theirs becomes this one.
std::optional<RowKey> key_before(const TablePair& pair, const RowKey& key) {
  const catalog::TableDef& before = *pair.from();
  const catalog::TableDef& after = *pair.to();
  if (before.primary_key.size() != after.primary_key.size() ||
      key.values.size() != after.primary_key.size())
    return std::nullopt;
  RowKey old;
  std::vector<Value> again;
  for (size_t i = 0; i < key.values.size(); ++i) {
    const catalog::ColumnDef& was = before.columns[before.primary_key[i]];
    if (pair.columns()[after.primary_key[i]].from != before.primary_key[i]) return std::nullopt;
    const type::Type wanted = type::Type{was.type.id};
    auto value = type::cast(key.values[i], wanted, type::CastContext::kExplicit);
    if (!value) value = type::parse_text(wanted, type::to_text(key.values[i]));
    if (!value) return std::nullopt;
    auto back = type::cast(*value, key.values[i].type(), type::CastContext::kExplicit);
    if (!back) return std::nullopt;
    old.values.push_back(std::move(*value));
    again.push_back(std::move(*back));
  }
  if (encode(again) != key.encoded) return std::nullopt;
  old.encoded = encode(old.values);
  return old;
}

}  // namespace

struct TableHistory::State {
  State(const History& the_history, TableHistoryRequest the_request)
      : history(the_history),
        request(std::move(the_request)),
        source(history.source()),
        large(history.objects) {}

  void push(const Oid& commit, const std::string& path, const std::optional<RowKey>& key);
  Result<bool> open_next();
  Result<bool> next_row(RowDiff& row);
  Result<bool> changed_everywhere(const RowDiff& row) const;

  History history;
  TableHistoryRequest request;
  Source source;
  LargeValues large;
  std::priority_queue<Stop> stops;
  std::set<std::tuple<Oid, std::string, std::string>> seen;

  // The commit whose changes are being given.
  Stop current;
  bool is_cut = false;
  std::optional<TableVersion> version;
  std::string key_there;          // Of the one row, in that parent.
  std::optional<TableDiff> rows;  // Against the first of the parents that have the table.
  std::optional<TablePair> pair;  // For a single row.
  std::optional<RowDiff> single;
  std::string single_from, single_to;
  std::vector<TableVersion> others;  // Further parents' versions.
  std::vector<TablePair> other_pairs;
};

TableHistory::TableHistory(std::unique_ptr<State> state) : state_(std::move(state)) {}
TableHistory::TableHistory(TableHistory&&) noexcept = default;
TableHistory& TableHistory::operator=(TableHistory&&) noexcept = default;
TableHistory::~TableHistory() = default;

const LargeValues& TableHistory::large() const { return state_->large; }

Result<TableHistory> TableHistory::open(const History& history, TableHistoryRequest request) {
  auto state = std::make_unique<State>(history, std::move(request));
  TRY(history.index.ensure(history.objects, state->request.commit));
  state->push(state->request.commit, state->request.path, state->request.key);
  return TableHistory(std::move(state));
}

// Goes on at the newest commit from `commit` on that may have changed the table (or the row).
void TableHistory::State::push(const Oid& commit, const std::string& path,
                               const std::optional<RowKey>& key) {
  const std::string encoded = key ? key->encoded : std::string();
  const uint32_t hash = derived::change_hash(path, encoded);
  const Oid at = history.index.next_candidate(commit, {&hash, 1}).value_or(commit);
  const auto info = history.index.find(at);
  if (info && seen.emplace(at, path, encoded).second) stops.push({info->time_us, at, path, key});
}

Result<bool> TableHistory::State::open_next() {
  rows.reset();
  single.reset();
  others.clear();
  other_pairs.clear();
  if (stops.empty()) return false;
  TRY(history.check_cancelled());
  current = stops.top();
  stops.pop();
  is_cut = history.is_cut_at(current.commit);
  TRY_ASSIGN(const Oid root, history.root_of(current.commit));
  TRY_ASSIGN(version, table_at(source, root, current.path));
  std::vector<Oid> parents = history.index.find(current.commit)->parents;
  if (request.first_parents && parents.size() > 1) parents.resize(1);
  std::vector<TableVersion> before;
  bool lacking = false;  // A parent has no such table, nor has this commit: nothing is new here.
  for (const Oid& parent : parents) {
    TRY_ASSIGN(const Oid parent_root, history.root_of(parent));
    TRY_ASSIGN(const std::optional<std::string> old_path,
               path_before(source, parent_root, root, current.path));
    std::optional<TableVersion> old;
    if (old_path) {
      TRY_ASSIGN(old, table_at(source, parent_root, *old_path));
    }
    std::optional<RowKey> key = current.key;
    if (key && old && version) {
      const TablePair both(old->table, version->table);
      if (const auto other = both.rows_match() ? key : key_before(both, *key)) key = other;
    }
    if (old && before.empty() && key) key_there = key->encoded;
    if (old) before.push_back(*old);
    lacking = lacking || (!old && !version);
    TRY_ASSIGN(const std::optional<std::string> path,
               path_further_back(source, parent_root, root, current.path, old_path));
    if (path) push(parent, *path, key);
  }
  if (lacking || (!version && before.empty())) return true;
  for (size_t i = 1; i < before.size(); ++i) {
    others.push_back(before[i]);
    other_pairs.emplace_back(before[i].table, version ? version->table : nullptr);
  }
  const std::optional<TableVersion> first =
      before.empty() ? std::nullopt : std::optional<TableVersion>(before.front());
  const TablePair both(first ? first->table : nullptr, version ? version->table : nullptr);
  if (!current.key || (first && version && !both.rows_match())) {
    TRY_ASSIGN(rows, TableDiff::open(source, first, version));
    return true;
  }
  // One row: two look-ups.
  pair.emplace(both);
  RowDiff row;
  std::optional<std::string> from, to;
  if (first) {
    TRY_ASSIGN(from, find_row(source, *first, current.key->encoded));
  }
  if (version) {
    TRY_ASSIGN(to, find_row(source, *version, current.key->encoded));
  }
  if ((!from && !to) || (from && to && *from == *to && pair->aligned())) return true;
  row.kind = !from ? RowKind::kAdded : !to ? RowKind::kRemoved : RowKind::kModified;
  if (from && to) {
    TRY_ASSIGN(row.changed, pair->compare(*from, *to, large));
    if (row.changed.empty()) return true;
  }
  single_from = from.value_or("");
  single_to = to.value_or("");
  row.key = current.key->encoded;
  row.from_line = single_from;
  row.to_line = single_to;
  single = row;
  return true;
}

// A merge changed a row only if it differs from every parent's.
Result<bool> TableHistory::State::changed_everywhere(const RowDiff& row) const {
  for (size_t i = 0; i < others.size(); ++i) {
    const TablePair& other = other_pairs[i];
    if (other.from() != nullptr && other.to() != nullptr && !other.rows_match()) continue;
    TRY_ASSIGN(const std::optional<std::string> old, find_row(source, others[i], row.key));
    if (row.kind == RowKind::kRemoved && row.to_line.empty()) {
      if (!old) return false;
      continue;
    }
    if (!old) continue;
    if (other.to()->layout.counted) {
      TRY_ASSIGN(const uint64_t before, counted_rows(*other.from(), *old));
      TRY_ASSIGN(const uint64_t after, counted_rows(*other.to(), row.to_line));
      if (before != after) continue;
    }
    TRY_ASSIGN(const std::vector<bool> changed, other.compare(*old, row.to_line, large));
    if (changed.empty()) return false;
  }
  return true;
}

Result<bool> TableHistory::State::next_row(RowDiff& row) {
  for (;;) {
    if (single) {
      row = *single;
      single.reset();
    } else if (rows) {
      TRY_ASSIGN(const bool more, rows->next(row));
      if (!more) return false;
      const bool is_gone = row.kind == RowKind::kRemoved && row.to_line.empty();
      if (current.key && row.key != Bytes(is_gone ? key_there : current.key->encoded)) continue;
    } else {
      return false;
    }
    TRY_ASSIGN(const bool counts, changed_everywhere(row));
    if (counts) return true;
  }
}

Result<bool> TableHistory::next(RowVersion& result) {
  State& state = *state_;
  for (;;) {
    TRY_ASSIGN(const bool found, state.next_row(result.row));
    if (found) {
      result.commit = state.current.commit;
      result.time_us = state.current.time_us;
      result.is_cut = state.is_cut;
      result.pair = state.rows ? &state.rows->pair() : &*state.pair;
      return true;
    }
    TRY_ASSIGN(const bool more, state.open_next());
    if (!more) return false;
  }
}

Result<std::vector<std::shared_ptr<const catalog::TableDef>>> past_definitions(
    const History& history, const Oid& commit, const std::string& path) {
  TRY(history.index.ensure(history.objects, commit));
  const Source source = history.source();
  std::vector<std::shared_ptr<const catalog::TableDef>> found;
  std::set<Oid> known;
  std::set<std::pair<Oid, std::string>> seen;
  std::vector<std::pair<Oid, std::string>> open;
  const auto push = [&](const Oid& from, const std::string& at) {
    // No row has this name, so only commits that change definitions may have changed it.
    const uint32_t hash = derived::change_hash(at + "/table.sql", {});
    const Oid next = history.index.next_candidate(from, {&hash, 1}).value_or(from);
    if (seen.emplace(next, at).second) open.emplace_back(next, at);
  };
  push(commit, path);
  while (!open.empty()) {
    TRY(history.check_cancelled());
    const auto [at, here] = std::move(open.back());
    open.pop_back();
    TRY_ASSIGN(const Oid root, history.root_of(at));
    TRY_ASSIGN(const std::optional<TableVersion> version, table_at(source, root, here));
    if (version && known.insert(version->table->definition_id).second)
      found.push_back(version->table);
    const auto info = history.index.find(at);
    for (const Oid& parent : info ? info->parents : std::vector<Oid>()) {
      TRY_ASSIGN(const Oid parent_root, history.root_of(parent));
      TRY_ASSIGN(const std::optional<std::string> before,
                 path_before(source, parent_root, root, here));
      TRY_ASSIGN(const std::optional<std::string> path,
                 path_further_back(source, parent_root, root, here, before));
      if (path) push(parent, *path);
    }
  }
  return found;
}

}  // namespace rowan::diff
