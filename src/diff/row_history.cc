#include "diff/row_history.h"

#include <algorithm>
#include <functional>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "diff/table_diff.h"
#include "git/commit.h"

namespace rowan::diff {

namespace {

using catalog::TableVersion;

// Up to this many rows are looked up one by one; more are found by a difference of the tables.
constexpr size_t kLookupRowsMax = 32;

// Whether nobody wrote to a row between two versions of its table (either may lack it). What a column
// brought or took by coming or going was written to no row: it does not make one side of a merge the
// later one.
Result<bool> is_untouched(const Source& source, const TablePair& pair,
                      const std::optional<std::string>& before,
                      const std::optional<std::string>& after) {
  if (!before || !after) return !before && !after;
  if (*before == *after && pair.aligned()) return true;
  if (pair.to()->layout.counted) return false;
  TRY_ASSIGN(const bool written, pair.written(*before, *after, LargeValues(source.objects)));
  return !written;
}

Result<std::optional<std::string>> row_at(const Source& source,
                                          const std::optional<TableVersion>& version, Bytes key) {
  if (!version) return std::optional<std::string>();
  return find_row(source, *version, key);
}

// The rows a commit has yet to explain.
struct Share {
  uint32_t row = 0;
  std::vector<bool> cells;  // Which cells are left; empty: the row as a whole.
};
using Shares = std::unordered_map<std::string, Share>;

class Blamer {
 public:
  Blamer(const History& history, const BlameRequest& request)
      : history_(history), request_(request), source_(history.source()) {}

  Result<Blame> run() {
    TRY(history_.index.ensure(history_.objects, request_.commit));
    TRY_ASSIGN(const Oid root, history_.root_of(request_.commit));
    TRY_ASSIGN(const std::optional<TableVersion> version, table_at(source_, root, request_.path));
    if (!version)
      return Error(ErrorCode::kUndefinedTable, "relation \"" + request_.path + "\" does not exist");
    for (const catalog::ColumnDef& column : version->table->columns) columns_.push_back(column.id);
    if (request_.cells) result_.width = std::max<size_t>(columns_.size(), 1);
    TRY_ASSIGN(Shares shares, all_shares(*version));
    result_.commits.resize(shares.size() * result_.width);
    push(request_.commit, request_.path, std::move(shares));
    while (!open_.empty()) {
      auto first = open_.extract(open_.begin());
      TRY(history_.check_cancelled());
      TRY(explain(std::get<1>(first.key()), std::get<2>(first.key()), std::move(first.mapped())));
    }
    return std::move(result_);
  }

 private:
  Result<Shares> all_shares(const TableVersion& version) {
    Shares shares;
    const std::vector<bool> cells(request_.cells ? columns_.size() : 0, true);
    const auto add = [&](std::string key) {
      result_.memory.add(kMapNodeBytes + key.size() + cells.size() / 8 +
                         result_.width * sizeof(Oid));
      shares.emplace(std::move(key), Share{static_cast<uint32_t>(shares.size()), cells});
    };
    if (request_.keys) {
      for (const std::string& key : *request_.keys) add(key);
      return shares;
    }
    const catalog::TableLineKeys keys(version.table);
    TRY_ASSIGN(tree::Cursor cursor,
               tree::Cursor::open({source_.objects, source_.cache, keys}, version.rows));
    while (!cursor.at_end()) {
      add(std::string(cursor.key()));
      TRY(cursor.next());
    }
    return shares;
  }

  // Queues rows at the newest commit from `commit` on that may have changed them; merges of lines
  // meet there.
  void push(const Oid& commit, const std::string& path, Shares shares) {
    if (shares.empty()) return;
    std::vector<uint32_t> hashes;
    if (shares.size() <= kLookupRowsMax) {
      for (const auto& [key, share] : shares) hashes.push_back(derived::change_hash(path, key));
    } else {
      hashes.push_back(derived::change_hash(path, {}));
    }
    const Oid at = history_.index.next_candidate(commit, hashes).value_or(commit);
    const auto info = history_.index.find(at);
    Shares& there = open_[{info ? info->generation : 0, at, path}];
    if (there.empty()) {
      there = std::move(shares);
      return;
    }
    if (there.size() < shares.size()) std::swap(there, shares);
    for (auto& [key, share] : shares) {
      const auto [entry, is_new] = there.try_emplace(key, share);
      for (size_t i = 0; !is_new && i < share.cells.size(); ++i) {
        if (share.cells[i]) entry->second.cells[i] = true;
      }
    }
  }

  Result<void> explain(const Oid& commit, const std::string& path, Shares shares) {
    const auto info = history_.index.find(commit);
    std::vector<Oid> parents = info ? info->parents : std::vector<Oid>();
    if (request_.first_parents && parents.size() > 1) parents.resize(1);
    TRY_ASSIGN(const Oid root, history_.root_of(commit));
    TRY_ASSIGN(const std::optional<TableVersion> version, table_at(source_, root, path));
    for (const Oid& parent : parents) {
      if (shares.empty() || !version) break;
      TRY_ASSIGN(const Oid parent_root, history_.root_of(parent));
      TRY_ASSIGN(const std::optional<std::string> before_path,
                 path_before(source_, parent_root, root, path));
      if (!before_path) continue;
      TRY_ASSIGN(const std::optional<TableVersion> before,
                 table_at(source_, parent_root, *before_path));
      if (!before) continue;
      TRY_ASSIGN(Shares kept, split(*before, *version, shares));
      push(parent, *before_path, std::move(shares));
      shares = std::move(kept);
    }
    for (const auto& [key, share] : shares) {
      if (share.cells.empty()) result_.commits[share.row * result_.width] = commit;
      for (size_t i = 0; i < share.cells.size(); ++i) {
        if (share.cells[i]) result_.commits[share.row * result_.width + i] = commit;
      }
    }
    return {};
  }

  // Leaves in `shares` what is as it was in `before`; gives the rest.
  Result<Shares> split(const TableVersion& before, const TableVersion& after,
                       Shares& shares) const {
    Shares rest;
    const TablePair pair(before.table, after.table);
    if (!pair.rows_match() || rewrites_keys(pair)) {
      std::swap(rest, shares);
      return rest;
    }
    if (request_.cells) take_new_columns(pair, shares, rest);
    if (before.rows == after.rows && pair.aligned()) return rest;
    const LargeValues large(source_.objects);
    if (shares.size() <= kLookupRowsMax) {
      std::vector<std::string> keys;
      for (const auto& [key, share] : shares) keys.push_back(key);
      for (const std::string& key : keys) {
        TRY_ASSIGN(const std::optional<std::string> old_line, find_row(source_, before, key));
        TRY_ASSIGN(const std::optional<std::string> new_line, find_row(source_, after, key));
        if (!old_line || !new_line) {
          take(pair, key, {}, shares, rest);
        } else if (*old_line != *new_line || !pair.aligned()) {
          TRY_ASSIGN(const std::vector<bool> changed, pair.compare(*old_line, *new_line, large));
          TRY_ASSIGN(const bool recounted, counts_differ(pair, *old_line, *new_line));
          if (recounted) {
            take(pair, key, {}, shares, rest);
          } else if (!changed.empty()) {
            take(pair, key, changed, shares, rest);
          }
        }
      }
      return rest;
    }
    TRY_ASSIGN(TableDiff rows, TableDiff::open(source_, before, after));
    RowDiff row;
    for (;;) {
      TRY_ASSIGN(const bool more, rows.next(row));
      if (!more) return rest;
      if (row.kind == RowKind::kRemoved && !pair.to()->layout.counted) continue;
      take(pair, std::string(row.key), row.changed, shares, rest);
    }
  }

  static Result<bool> counts_differ(const TablePair& pair, Bytes old_line, Bytes new_line) {
    TRY_ASSIGN(const uint64_t before, counted_rows(*pair.from(), old_line));
    TRY_ASSIGN(const uint64_t after, counted_rows(*pair.to(), new_line));
    return before != after;
  }

  // Without a primary key a row's key is its bytes: another type of a column gives it another one.
  static bool rewrites_keys(const TablePair& pair) {
    return pair.to()->layout.counted &&
           std::any_of(pair.columns().begin(), pair.columns().end(),
                       [&](const ColumnPair& columns) {
                         return columns.from && columns.to &&
                                pair.from()->columns[*columns.from].type !=
                                    pair.to()->columns[*columns.to].type;
                       });
  }

  // Cells of columns that `before` did not have.
  void take_new_columns(const TablePair& pair, Shares& shares, Shares& rest) const {
    std::vector<bool> is_new(columns_.size(), true);
    for (size_t i = 0; i < columns_.size(); ++i) {
      for (const ColumnPair& columns : pair.columns()) {
        if (columns.from && columns.to && pair.to()->columns[*columns.to].id == columns_[i])
          is_new[i] = false;
      }
    }
    if (std::find(is_new.begin(), is_new.end(), true) == is_new.end()) return;
    std::vector<std::string> keys;
    for (const auto& [key, share] : shares) keys.push_back(key);
    for (const std::string& key : keys) take_cells(key, is_new, shares, rest);
  }

  // Moves what changed of a row. `changed` by the pair's columns; empty: all of it.
  void take(const TablePair& pair, const std::string& key, const std::vector<bool>& changed,
            Shares& shares, Shares& rest) const {
    if (!request_.cells || changed.empty()) {
      auto node = shares.extract(key);
      if (!node) return;
      const auto [entry, is_new] = rest.try_emplace(key, node.mapped());
      for (size_t i = 0; !is_new && i < columns_.size(); ++i) {
        if (node.mapped().cells[i]) entry->second.cells[i] = true;
      }
      return;
    }
    std::vector<bool> cells(columns_.size());
    for (size_t i = 0; i < columns_.size(); ++i) {
      for (size_t p = 0; p < pair.columns().size(); ++p) {
        const auto& column = pair.columns()[p].to;
        if (changed[p] && column && pair.to()->columns[*column].id == columns_[i]) cells[i] = true;
      }
    }
    take_cells(key, cells, shares, rest);
  }

  void take_cells(const std::string& key, const std::vector<bool>& cells, Shares& shares,
                  Shares& rest) const {
    const auto found = shares.find(key);
    if (found == shares.end()) return;
    Share& share = found->second;
    for (size_t i = 0; i < cells.size(); ++i) {
      if (!cells[i] || !share.cells[i]) continue;
      const auto entry =
          rest.try_emplace(key, Share{share.row, std::vector<bool>(columns_.size())}).first;
      entry->second.cells[i] = true;
      share.cells[i] = false;
    }
    if (std::find(share.cells.begin(), share.cells.end(), true) == share.cells.end())
      shares.erase(found);
  }

  const History& history_;
  const BlameRequest& request_;
  Source source_;
  std::vector<uint32_t> columns_;  // IDs of the blamed version's columns.
  Blame result_;
  // By generation: a commit comes up when all that descends from it has handed down its rows.
  std::map<std::tuple<uint32_t, Oid, std::string>, Shares, std::greater<>> open_;
};

}  // namespace

Result<Oid> History::root_of(const Oid& commit) const {
  if (read_by) return read_by(commit);
  TRY_ASSIGN(const store::ObjectRef object, objects.read(commit));
  if (object.type != store::ObjectType::kCommit)
    return Error(ErrorCode::kCorruption, "object " + commit.hex() + " is no commit");
  TRY_ASSIGN(const git::Commit parsed, git::parse_commit(object.bytes));
  return parsed.tree;
}

Result<void> History::check_cancelled() const {
  if (cancelled != nullptr && cancelled->load(std::memory_order_relaxed)) {
    return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
  }
  return {};
}

Result<Blame> blame(const History& history, const BlameRequest& request) {
  return Blamer(history, request).run();
}

Result<std::optional<RowTime>> last_change(const History& history, const Oid& tip,
                                           const std::vector<Oid>& bases, const std::string& path,
                                           Bytes key) {
  TRY(history.index.ensure(history.objects, tip));
  const Source source = history.source();
  Oid commit = tip;
  std::string here = path;
  for (;;) {
    TRY(history.check_cancelled());
    const uint32_t hash = derived::change_hash(here, key);
    commit = history.index.next_candidate(commit, {&hash, 1}).value_or(commit);
    for (const Oid& base : bases) {
      if (history.index.is_ancestor(commit, base)) return std::optional<RowTime>();
    }
    const auto info = history.index.find(commit);
    if (!info) return Error(ErrorCode::kInternal, "the history index lost commit " + commit.hex());
    TRY_ASSIGN(const Oid root, history.root_of(commit));
    TRY_ASSIGN(const std::optional<TableVersion> version, table_at(source, root, here));
    TRY_ASSIGN(const std::optional<std::string> line, row_at(source, version, key));
    std::optional<std::pair<Oid, std::string>> next;
    for (const Oid& parent : info->parents) {
      TRY_ASSIGN(const Oid parent_root, history.root_of(parent));
      TRY_ASSIGN(const std::optional<std::string> before_path,
                 path_before(source, parent_root, root, here));
      const std::string there = before_path.value_or(here);
      std::optional<TableVersion> before;
      if (before_path) {
        TRY_ASSIGN(before, table_at(source, parent_root, there));
      }
      TRY_ASSIGN(const std::optional<std::string> old_line, row_at(source, before, key));
      bool same = !line && !old_line;
      if (line && old_line && version && before) {
        const TablePair pair(before->table, version->table);
        if (pair.rows_match()) {
          TRY_ASSIGN(same, is_untouched(source, pair, old_line, line));
        }
      }
      if (!same) continue;
      next = {parent, there};
      break;
    }
    if (!next) {
      const bool never = info->parents.empty() && !line;
      return never ? std::optional<RowTime>()
                   : std::optional<RowTime>(RowTime{commit, info->time_us});
    }
    commit = next->first;
    here = std::move(next->second);
  }
}

}  // namespace rowan::diff
