#include "merge/rows.h"

#include <algorithm>
#include <cstring>

#include "type/key_codec.h"

namespace rowan::merge {
namespace {

size_t at(Side side) { return static_cast<size_t>(side); }

constexpr uint64_t kStepsPerReport = 1024;

}  // namespace

RowMerge::RowMerge(MergeContext& context, const TableSides& sides,
                   std::shared_ptr<const catalog::TableDef> merged,
                   const DefinitionMerge& definition)
    : context_(context),
      sides_(sides),
      merged_(std::move(merged)),
      lines_(*merged_, context.made),
      settler_(context.request, lines_, sides.paths[at(Side::kOurs)],
               sides.paths[at(Side::kTheirs)]) {
  const auto merged_keys = std::make_shared<const catalog::TableLineKeys>(merged_);
  carriers_.reserve(3);
  for (const Side side : {Side::kBase, Side::kOurs, Side::kTheirs}) {
    const auto& def = version(side).table;
    carriers_.emplace_back(def.get(), lines_, definition.sources(side), context.made);
    // One way to read keys for all sides, where that is right: their decoded leaves are shared.
    if (carriers_.back().same_key_layout()) {
      keys_[at(side)] = merged_keys;
    } else {
      keys_[at(side)] = std::make_shared<const catalog::TableLineKeys>(def);
    }
    rekeyed_ = rekeyed_ || !carriers_.back().keeps_keys();
  }
  rows_ = version(Side::kOurs).rows;
  large_ = version(Side::kOurs).large;
  rows_keys_ = keys_[at(Side::kOurs)];
  summary_.schema = merged_->schema;
  summary_.table = merged_->name;
  const auto& ours = version(Side::kOurs).table;
  summary_.definition_changed = ours == nullptr || ours->definition_id != merged_->definition_id;
}

Result<void> RowMerge::step() {
  if (++steps_ % kStepsPerReport != 0) return {};
  if (context_.request.progress) context_.request.progress(steps_);
  if (context_.request.cancelled != nullptr &&
      context_.request.cancelled->load(std::memory_order_relaxed)) {
    return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
  }
  return {};
}

bool RowMerge::takes_theirs_whole(const Renumberer& renumberer) {
  if (renumberer.applies() || !shared_.empty() ||
      version(Side::kBase).rows != version(Side::kOurs).rows)
    return false;
  for (const Carrier& carrier : carriers_) {
    if (!carrier.is_identity()) return false;
  }
  return true;
}

// Nothing of ours is in the way: the tree is taken by its id, and only counted.
Result<void> RowMerge::take_theirs() {
  rows_ = version(Side::kTheirs).rows;
  large_ = version(Side::kTheirs).large;
  const bool counted = merged_->layout.counted;
  const auto count_of = [&](const std::optional<Bytes>& line) -> uint64_t {
    return !line ? 0 : counted ? std::strtoull(line->data() + 1, nullptr, 10) : 1;
  };
  return tree::diff_trees(reader(Side::kBase), version(Side::kBase).rows, reader(Side::kTheirs),
                          rows_, [&](const tree::RowDifference& row) -> Result<bool> {
                            TRY(step());
                            const uint64_t from = count_of(row.from);
                            const uint64_t to = count_of(row.to);
                            if (to > from) summary_.added += to - from;
                            if (to < from) summary_.deleted += from - to;
                            if (to == from) ++summary_.changed;
                            return true;
                          });
}

Result<void> RowMerge::run(const KeyMaps& renumbered) {
  const Renumberer renumberer(lines_, renumbered);
  if (rekeyed_) {
    TRY(merge_rekeyed(renumberer));
    return finish();
  }
  if (takes_theirs_whole(renumberer)) return take_theirs();
  if (!carrier(Side::kOurs).is_identity() || !carrier(Side::kOurs).same_key_layout())
    TRY(rewrite_ours());
  if (version(Side::kBase).rows != version(Side::kTheirs).rows || !shared_.empty())
    TRY(walk(renumberer));
  TRY(apply());
  return finish();
}

// Ours' rows in the merged layout. Their keys, and so their order, stay.
Result<void> RowMerge::rewrite_ours() {
  const tree::TreeReader from = reader(Side::kOurs);
  const Oid old_rows = rows_;
  TRY_ASSIGN(tree::Cursor cursor, tree::Cursor::open(from, old_rows));
  tree::Builder builder([&](store::ObjectType type, Bytes bytes) -> Result<Oid> {
    return context_.made.add(type, std::string(bytes));
  });
  std::vector<tree::LargeEdit> large;
  while (!cursor.at_end()) {
    TRY(step());
    const uint64_t misfits = carrier(Side::kOurs).misfits();
    TRY_ASSIGN(const std::string line, carrier(Side::kOurs).carry(cursor.line()));
    if (carrier(Side::kOurs).misfits() > misfits) misfit_keys_.emplace(cursor.key());
    TRY(builder.add(cursor.key(), line));
    TRY_ASSIGN(const auto before, large_slots(version(Side::kOurs).table->layout, cursor.line()));
    TRY_ASSIGN(const auto after, large_slots(merged_->layout, line));
    if (before != after) {
      std::map<std::string, Oid> entries;
      for (const auto& [slot, blob] : before) entries[tree::large_name(cursor.key(), slot)] = Oid{};
      for (const auto& [slot, blob] : after) entries[tree::large_name(cursor.key(), slot)] = blob;
      for (auto& [name, blob] : entries) large.push_back({name, blob});
    }
    TRY(cursor.next());
  }
  TRY_ASSIGN(rows_, builder.finish());
  if (!large.empty()) {
    TRY_ASSIGN(large_,
               tree::apply_large_edits(context_.made, context_.cache, large_, std::move(large)));
  }
  rows_keys_ = std::make_shared<const catalog::TableLineKeys>(merged_);
  return {};
}

// Keys ascend from call to call.
Result<std::optional<Bytes>> RowMerge::find_ours(Bytes key) {
  if (rekeyed_) {
    const auto found = ours_rekeyed_.find(std::string(key));
    if (found == ours_rekeyed_.end()) return std::optional<Bytes>();
    return std::optional<Bytes>(found->second.line);
  }
  if (rows_.is_zero()) return std::optional<Bytes>();
  if (!cursor_) {
    TRY_ASSIGN(tree::Cursor cursor,
               tree::Cursor::open({context_.made, context_.cache, *rows_keys_}, rows_));
    cursor_.emplace(std::move(cursor));
    TRY(cursor_->seek(key));
  }
  if (cursor_->at_end()) return std::optional<Bytes>();
  if (const auto& leaf = cursor_->leaf(); leaf->key(leaf->size() - 1) < key) {
    TRY(cursor_->seek(key));
    if (cursor_->at_end()) return std::optional<Bytes>();
  }
  const auto& leaf = cursor_->leaf();
  const size_t index = leaf->lower_bound(key);
  if (index == leaf->size() || leaf->key(index) != key) return std::optional<Bytes>();
  return std::optional<Bytes>(leaf->line(index));
}

Result<void> RowMerge::visit_their_changes(
    const std::function<Result<void>(TheirChange& change)>& visit) {
  return tree::diff_trees(reader(Side::kBase), version(Side::kBase).rows, reader(Side::kTheirs),
                          version(Side::kTheirs).rows,
                          [&](const tree::RowDifference& row) -> Result<bool> {
                            TheirChange change{std::string(row.key), std::string(row.key), {}, {}};
                            const uint64_t base_misfits = carrier(Side::kBase).misfits();
                            const uint64_t theirs_misfits = carrier(Side::kTheirs).misfits();
                            if (row.from) {
                              TRY_ASSIGN(change.base, carrier(Side::kBase).carry(*row.from));
                            }
                            if (row.to) {
                              TRY_ASSIGN(change.theirs, carrier(Side::kTheirs).carry(*row.to));
                            }
                            change.misfits = carrier(Side::kTheirs).misfits() - theirs_misfits >
                                             carrier(Side::kBase).misfits() - base_misfits;
                            TRY(visit(change));
                            return true;
                          });
}

Result<void> RowMerge::walk(const Renumberer& renumberer) {
  const bool plain = carrier(Side::kBase).is_identity() && carrier(Side::kTheirs).is_identity() &&
                     !renumberer.applies() && shared_.empty();
  if (plain) {
    return tree::diff_trees(reader(Side::kBase), version(Side::kBase).rows, reader(Side::kTheirs),
                            version(Side::kTheirs).rows,
                            [&](const tree::RowDifference& row) -> Result<bool> {
                              TRY(settle(row.key, row.key, row.from, row.to));
                              return true;
                            });
  }
  std::vector<TheirChange> changes;
  const auto settle_change = [&](TheirChange& change) -> Result<void> {
    const size_t edits = edits_.size();
    TRY(settle(change.key, change.side_key, change.base, change.theirs));
    if (edits_.size() == edits) return {};
    misfit_keys_.erase(change.key);
    if (change.misfits && change.theirs) misfit_keys_.insert(change.key);
    return {};
  };
  if (!renumberer.applies() && shared_.empty()) return visit_their_changes(settle_change);
  TRY(visit_their_changes([&](TheirChange& change) -> Result<void> {
    changes.push_back(std::move(change));
    return {};
  }));
  if (renumberer.applies()) TRY(renumberer.rewrite(changes));
  TRY(add_shared(changes));
  for (TheirChange& change : changes) TRY(settle_change(change));
  return {};
}

void RowMerge::count_once(SharedDeltas shared) {
  shared_ = std::move(shared);
  settler_.count_once(shared_.empty() ? nullptr : &shared_);
}

// Rows that theirs has as the base does, but that a commit of both sides changed.
Result<void> RowMerge::add_shared(std::vector<TheirChange>& changes) {
  if (shared_.empty()) return {};
  std::set<std::string, std::less<>> known;
  for (const TheirChange& change : changes) known.insert(change.key);
  for (const auto& [key, row] : shared_.rows()) {
    if (known.contains(key)) continue;
    TheirChange change{key, key, {}, {}};
    TRY_ASSIGN(const auto line,
               tree::find_line(reader(Side::kTheirs), version(Side::kTheirs).rows, key));
    if (line) {
      TRY_ASSIGN(change.theirs, carrier(Side::kTheirs).carry(line->line));
      change.base = change.theirs;
    }
    changes.push_back(std::move(change));
  }
  std::sort(changes.begin(), changes.end(),
            [](const TheirChange& a, const TheirChange& b) { return a.key < b.key; });
  return {};
}

Result<void> RowMerge::settle(Bytes key, Bytes theirs_key, const std::optional<Bytes>& base,
                              const std::optional<Bytes>& theirs) {
  TRY(step());
  TRY_ASSIGN(const std::optional<Bytes> ours, find_ours(key));
  Bytes ours_key = key;
  if (rekeyed_ && ours) ours_key = ours_rekeyed_.find(std::string(key))->second.side_key;
  TRY_ASSIGN(Decision decision, settler_.settle({key, base, ours, theirs, ours_key, theirs_key}));
  if (decision.keep_ours) return {};
  return put(key, ours, std::move(decision.line));
}

Result<void> RowMerge::put(Bytes key, const std::optional<Bytes>& ours, SideLine line) {
  if (!ours && !line) return {};
  if (merged_->layout.counted) {
    const uint64_t from = ours ? std::strtoull(ours->data() + 1, nullptr, 10) : 0;
    const uint64_t to = line ? std::strtoull(line->data() + 1, nullptr, 10) : 0;
    (to > from ? summary_.added : summary_.deleted) += to > from ? to - from : from - to;
  } else {
    ++(!ours ? summary_.added : !line ? summary_.deleted : summary_.changed);
  }
  std::vector<std::pair<uint16_t, Oid>> before, after;
  if (ours) {
    TRY_ASSIGN(before, large_slots(merged_->layout, *ours));
  }
  if (line) {
    TRY_ASSIGN(after, large_slots(merged_->layout, *line));
  }
  if (before != after) {
    for (const auto& [slot, blob] : before) {
      const uint16_t old_slot = slot;
      const bool stays = std::any_of(after.begin(), after.end(),
                                     [&](const auto& entry) { return entry.first == old_slot; });
      if (!stays) large_edits_.push_back({tree::large_name(key, slot), Oid{}});
    }
    for (const auto& [slot, blob] : after)
      large_edits_.push_back({tree::large_name(key, slot), blob});
  }
  edits_.push_back({std::string(key), std::move(line)});
  return {};
}

Result<void> RowMerge::apply() {
  cursor_.reset();
  if (!edits_.empty()) {
    std::vector<tree::RowEdit> edits;
    edits.reserve(edits_.size());
    for (const Edit& edit : edits_)
      edits.push_back({edit.key, edit.line ? std::optional<Bytes>(*edit.line) : std::nullopt});
    TRY_ASSIGN(rows_, tree::apply_edits(context_.made, context_.cache, *rows_keys_, rows_, edits));
  }
  if (!large_edits_.empty()) {
    TRY_ASSIGN(large_, tree::apply_large_edits(context_.made, context_.cache, large_,
                                               std::move(large_edits_)));
    large_edits_.clear();
  }
  return {};
}

// A whole side by the merged table's keys.
Result<RowMerge::RekeyedRows> RowMerge::read_rekeyed(Side side) {
  RekeyedRows rows;
  const tree::TreeReader from = reader(side);
  TRY_ASSIGN(tree::Cursor cursor, tree::Cursor::open(from, version(side).rows));
  while (!cursor.at_end()) {
    TRY(step());
    const uint64_t misfits = carrier(side).misfits();
    TRY_ASSIGN(std::string line, carrier(side).carry(cursor.line()));
    std::string key;
    TRY(type::append_line_key(merged_->layout, line, key));
    const auto [place, is_new] =
        rows.try_emplace(std::move(key), Rekeyed{line, std::string(cursor.key())});
    if (side != Side::kBase && carrier(side).misfits() > misfits) misfit_keys_.insert(place->first);
    if (!is_new && merged_->layout.counted) {
      uint64_t a = 0, b = 0;
      TRY_ASSIGN(const Cells cells, lines_.take_apart(line, &a));
      TRY(lines_.take_apart(place->second.line, &b));
      TRY_ASSIGN(place->second.line, lines_.put_together(cells, a + b));
    } else if (!is_new) {
      ++lost_keys_;
    }
    TRY(cursor.next());
  }
  return rows;
}

Result<void> RowMerge::merge_rekeyed(const Renumberer& renumberer) {
  TRY_ASSIGN(const RekeyedRows base, read_rekeyed(Side::kBase));
  TRY_ASSIGN(const RekeyedRows theirs, read_rekeyed(Side::kTheirs));
  TRY_ASSIGN(ours_rekeyed_, read_rekeyed(Side::kOurs));
  std::vector<TheirChange> changes;
  for (const auto& [key, row] : base) {
    const auto now = theirs.find(key);
    if (now == theirs.end()) {
      changes.push_back({key, row.side_key, row.line, {}});
    } else if (now->second.line != row.line) {
      changes.push_back({key, now->second.side_key, row.line, now->second.line});
    }
  }
  for (const auto& [key, row] : theirs) {
    if (!base.contains(key)) changes.push_back({key, row.side_key, {}, row.line});
  }
  for (const auto& [key, row] : shared_.rows()) {
    const auto was = base.find(key);
    const auto now = theirs.find(key);
    const bool is_change = (was == base.end()) != (now == theirs.end()) ||
                           (was != base.end() && was->second.line != now->second.line);
    if (is_change) continue;
    TheirChange change{key, key, {}, {}};
    if (was != base.end()) change.base = change.theirs = was->second.line;
    changes.push_back(std::move(change));
  }
  std::sort(changes.begin(), changes.end(),
            [](const TheirChange& a, const TheirChange& b) { return a.key < b.key; });
  if (renumberer.applies()) TRY(renumberer.rewrite(changes));
  for (const TheirChange& change : changes)
    TRY(settle(change.key, change.side_key, change.base, change.theirs));
  for (Edit& edit : edits_) {
    if (edit.line) {
      ours_rekeyed_[edit.key].line = *edit.line;
    } else {
      ours_rekeyed_.erase(edit.key);
    }
  }
  tree::Builder builder([&](store::ObjectType type, Bytes bytes) -> Result<Oid> {
    return context_.made.add(type, std::string(bytes));
  });
  std::vector<tree::LargeEdit> large;
  for (const auto& [key, row] : ours_rekeyed_) {
    TRY(builder.add(key, row.line));
    TRY_ASSIGN(const auto slots, large_slots(merged_->layout, row.line));
    for (const auto& [slot, blob] : slots) large.push_back({tree::large_name(key, slot), blob});
  }
  TRY_ASSIGN(rows_, builder.finish());
  large_ = Oid{};
  if (!large.empty()) {
    TRY_ASSIGN(large_,
               tree::apply_large_edits(context_.made, context_.cache, Oid{}, std::move(large)));
  }
  return {};
}

Result<void> RowMerge::finish() {
  Settler::Tally& tally = settler_.tally();
  summary_.conflicts += tally.conflicts;
  context_.outcome.settled += tally.settled;
  for (RowConflict& conflict : tally.open)
    context_.outcome.conflicts.push_back(std::move(conflict));
  const std::string object = merged_->schema + "." + merged_->name;
  if (const size_t misfits = misfit_keys_.size(); misfits > 0 && !sides_.settled_misfits) {
    context_.choices.list({object,
                           "column type",
                           {},
                           {},
                           std::to_string(misfits) +
                               (misfits == 1 ? " row holds a value" : " rows hold values") +
                               " that the new type cannot take"});
  }
  if (lost_keys_ > 0) {
    context_.choices.list({object,
                           "primary key",
                           {},
                           {},
                           std::to_string(lost_keys_) + " rows share a key with another row"});
  }
  return {};
}

Result<std::vector<int64_t>> RowMerge::duplicate_keys() {
  std::vector<int64_t> keys;
  const uint16_t slot = merged_->columns[*generated_key_column(*merged_)].slot;
  if (rekeyed_ || !carrier(Side::kOurs).is_identity()) return keys;
  TRY(visit_their_changes([&](TheirChange& change) -> Result<void> {
    if (change.base || !change.theirs) return {};
    TRY_ASSIGN(const auto ours, find_ours(change.key));
    if (!ours || *ours == *change.theirs) return {};
    TRY_ASSIGN(const Cells cells, lines_.take_apart(*change.theirs));
    TRY_ASSIGN(const type::Value value, lines_.value(slot, cells[slot]));
    keys.push_back(value.as_int());
    return {};
  }));
  cursor_.reset();
  return keys;
}

Result<bool> RowMerge::has_key(int64_t value) {
  std::string key;
  type::append_int_key(value, key);
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    if (version(side).rows.is_zero()) continue;
    TRY_ASSIGN(const auto found, tree::find_line(reader(side), version(side).rows, key));
    if (found) return true;
  }
  return false;
}

}  // namespace rowan::merge
