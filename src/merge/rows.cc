#include "merge/rows.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "merge/sides.h"
#include "type/key_codec.h"

namespace rowan::merge {
namespace {

constexpr uint64_t kStepsPerReport = 1024;

}  // namespace

// ---- A new tree of rows ----

RowTreeWriter::RowTreeWriter(MergeContext& context, const type::RowLayout& layout)
    : context_(context),
      layout_(layout),
      builder_([this](store::ObjectType type, Bytes bytes) -> Result<Oid> {
        return context_.made.add(type, std::string(bytes));
      }) {}

Result<void> RowTreeWriter::add(Bytes key, Bytes line) {
  TRY(builder_.add(key, line));
  TRY_ASSIGN(const auto slots, type::large_slots(layout_, line));
  for (const auto& [slot, blob] : slots) large_.push_back({tree::large_name(key, slot), blob});
  return {};
}

Result<void> RowTreeWriter::finish(Oid& rows, Oid& large) {
  TRY_ASSIGN(rows, builder_.finish());
  large = Oid{};
  if (large_.empty()) return {};
  TRY_ASSIGN(large,
             tree::apply_large_edits(context_.made, context_.cache, Oid{}, std::move(large_)));
  return {};
}

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
    keys_differ_ = keys_differ_ || !carriers_.back().keeps_keys();
  }
  rekeyed_ = keys_differ_;
  const std::vector<uint16_t> as_base = definition.slots_as_base();
  for (const Side side : {Side::kOurs, Side::kTheirs})
    carrier(side).know_base(carrier(Side::kBase), as_base);
  std::array<std::vector<uint16_t>, 3> lacks;
  for (uint16_t i = 0; i < merged_->columns.size(); ++i) {
    for (const Side side : kSides) {
      if (!carrier(side).has(merged_->columns[i].slot)) lacks[at(side)].push_back(i);
    }
  }
  settler_.know_columns(std::move(lacks));
  side_by_side_ = !as_base.empty() || !carrier(Side::kTheirs).reads_like(carrier(Side::kBase)) ||
                  !carrier(Side::kOurs).is_identity() || !carrier(Side::kOurs).same_key_layout();
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
  const Renumberer renumberer(context_.request, lines_, renumbered);
  if (rekeyed_ || (side_by_side_ && renumberer.applies())) {
    rekeyed_ = true;
    TRY(merge_rekeyed(renumberer));
    return finish();
  }
  if (side_by_side_) {
    TRY(merge_side_by_side());
    return finish();
  }
  if (takes_theirs_whole(renumberer)) return take_theirs();
  if (version(Side::kBase).rows != version(Side::kTheirs).rows || !shared_.empty())
    TRY(walk(renumberer));
  TRY_ASSIGN(const std::optional<Side> whole, settle_put_back());
  if (!whole) {
    if (settler_.tally().missing > 0) {
      TRY_ASSIGN(PutRows ours, put_rows(Side::kOurs));
      TRY_ASSIGN(PutRows theirs, put_rows(Side::kTheirs));
      TRY(tell_put_back({PutRows(), std::move(ours), std::move(theirs)}));
    }
    TRY(apply());
    return finish();
  }
  rows_ = version(*whole).rows;
  large_ = version(*whole).large;
  return finish();
}

// A side's line in the merged layout, beside the base's.
Result<std::optional<std::string>> RowMerge::carry(Side side, const std::optional<Bytes>& line,
                                                   const std::optional<std::string>& base) {
  own_[at(side)].reset();
  if (!line) return std::optional<std::string>();
  TRY_ASSIGN(std::string carried, carrier(side).carry(*line));
  if (base && side != Side::kBase) {
    TRY_ASSIGN(own_[at(side)], own_line(side, *base, carried, carrier(side).misfit_slots()));
    TRY_ASSIGN(carried,
               carrier(side).beside(*base, std::move(carried), carrier(side).misfit_slots()));
  }
  return std::optional<std::string>(std::move(carried));
}

// RowConflict::own of a carried line; nothing: nothing in it is another beside the base's.
Result<SideLine> RowMerge::own_line(Side side, Bytes base, const std::string& line,
                                    const std::vector<size_t>& misfits) {
  if (!carrier(side).is_refilled()) return SideLine();
  if (misfits.empty()) return SideLine(line);
  TRY_ASSIGN(std::string fit, lines_.with_cells_of(base, misfits, line));
  return SideLine(std::move(fit));
}

// M5: every row of the three sides, each read by its own side's layout. Keys, and so their order,
// are the same on all.
Result<void> RowMerge::merge_side_by_side() {
  std::array<std::optional<tree::Cursor>, 3> cursors;
  std::array<tree::TreeReader, 3> readers{reader(Side::kBase), reader(Side::kOurs),
                                          reader(Side::kTheirs)};
  for (const Side side : {Side::kBase, Side::kOurs, Side::kTheirs}) {
    if (version(side).rows.is_zero()) continue;
    TRY_ASSIGN(tree::Cursor cursor, tree::Cursor::open(readers[at(side)], version(side).rows));
    cursors[at(side)].emplace(std::move(cursor));
  }
  RowTreeWriter writer(context_, merged_->layout);
  auto shared = shared_.rows().begin();  // Rows that no side has any more may come back by them.
  for (;;) {
    TRY(step());
    std::optional<std::string> key;
    if (shared != shared_.rows().end()) key = shared->first;
    for (const auto& cursor : cursors) {
      if (cursor && !cursor->at_end() && (!key || cursor->key() < *key)) key = cursor->key();
    }
    if (!key) break;
    if (shared != shared_.rows().end() && shared->first == *key) ++shared;
    std::array<std::optional<std::string>, 3> lines;
    std::array<std::vector<size_t>, 3> misfits;
    own_ = {};
    for (const Side side : {Side::kBase, Side::kOurs, Side::kTheirs}) {
      auto& cursor = cursors[at(side)];
      if (!cursor || cursor->at_end() || cursor->key() != *key) continue;
      TRY_ASSIGN(lines[at(side)],
                 carry(side, std::optional<Bytes>(cursor->line()), lines[at(Side::kBase)]));
      misfits[at(side)] = carrier(side).misfit_slots();
      TRY(cursor->next());
    }
    if (!lines[at(Side::kBase)]) {
      for (const Side side : {Side::kOurs, Side::kTheirs})
        TRY(fit_beside(lines[at(other_side(side))], misfits[at(side)], lines[at(side)]));
    }
    const auto view = [&](Side side) {
      const auto& line = lines[at(side)];
      return line ? std::optional<Bytes>(*line) : std::nullopt;
    };
    const std::optional<Bytes> ours = view(Side::kOurs);
    TRY_ASSIGN(Decision decision,
               settler_.settle({*key, view(Side::kBase), ours, view(Side::kTheirs), *key, *key,
                                std::exchange(own_[at(Side::kOurs)], {}),
                                std::exchange(own_[at(Side::kTheirs)], {})}));
    const std::optional<Bytes> line = decision.keep_ours ? ours
                                      : decision.line    ? std::optional<Bytes>(*decision.line)
                                                         : std::nullopt;
    if (!decision.keep_ours) count_change(ours, line);
    if (!line) continue;
    for (const auto& [side, other] : {std::pair(Side::kOurs, Side::kTheirs),
                                      std::pair(Side::kTheirs, Side::kOurs)}) {
      TRY_ASSIGN(const bool lost, loses_misfit(misfits[at(side)], *line, view(other)));
      if (lost) misfit_keys_.insert(*key);
    }
    TRY(writer.add(*key, *line));
  }
  return writer.finish(rows_, large_);
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
                            TRY_ASSIGN(change.base, carry(Side::kBase, row.from, {}));
                            const bool base_misfit =
                                row.from && !carrier(Side::kBase).misfit_slots().empty();
                            TRY_ASSIGN(change.theirs, carry(Side::kTheirs, row.to, change.base));
                            if (change.theirs && !base_misfit)
                              change.misfits = carrier(Side::kTheirs).misfit_slots();
                            change.own = std::exchange(own_[at(Side::kTheirs)], {});
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
  if (!renumberer.applies() && shared_.empty())
    return visit_their_changes([this](TheirChange& change) { return settle_change(change); });
  std::vector<TheirChange> changes;
  TRY(visit_their_changes([&](TheirChange& change) -> Result<void> {
    count_row(change.key, change.base);
    count_row(change.side_key, change.theirs);
    changes.push_back(std::move(change));
    return {};
  }));
  if (renumberer.applies()) TRY(renumber(renumberer, changes));
  TRY(add_shared(changes));
  for (TheirChange& change : changes) TRY(settle_change(change));
  return {};
}

Result<void> RowMerge::renumber(const Renumberer& renumberer, std::vector<TheirChange>& changes) {
  TRY(renumberer.rewrite(changes, [this](Bytes key) { return find_ours(key); }));
  cursor_.reset();  // From here on keys ascend anew.
  return {};
}

Result<void> RowMerge::settle_change(const TheirChange& change) {
  const size_t edits = edits_.size();
  SideLine theirs = change.theirs;
  if (!change.misfits.empty() && theirs && !change.base) {
    TRY_ASSIGN(const std::optional<Bytes> ours, find_ours(change.key));
    TRY(fit_beside(ours ? SideLine(std::string(*ours)) : SideLine(), change.misfits, theirs));
  }
  TRY(settle(change.key, change.side_key, change.base, theirs, change.own));
  if (edits_.size() == edits) return {};
  if (!merged_->layout.counted) misfit_keys_.erase(change.key);  // Counts add up: none is replaced.
  if (!change.misfits.empty() && theirs) misfit_keys_.insert(change.key);
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
                              const std::optional<Bytes>& theirs, SideLine theirs_own) {
  TRY(step());
  TRY_ASSIGN(const std::optional<Bytes> ours, find_ours(key));
  Bytes ours_key = key;
  SideLine ours_own;
  if (rekeyed_ && ours) {
    const Rekeyed& row = ours_rekeyed_.find(std::string(key))->second;
    ours_key = row.side_key;
    ours_own = row.own;
  }
  TRY_ASSIGN(Decision decision,
             settler_.settle({key, base, ours, theirs, ours_key, theirs_key, std::move(ours_own),
                              std::move(theirs_own)}));
  if (decision.keep_ours) return {};
  return put(key, ours, std::move(decision.line));
}

void RowMerge::count_change(const std::optional<Bytes>& ours, const std::optional<Bytes>& line) {
  if (merged_->layout.counted) {
    const uint64_t from = ours ? std::strtoull(ours->data() + 1, nullptr, 10) : 0;
    const uint64_t to = line ? std::strtoull(line->data() + 1, nullptr, 10) : 0;
    (to > from ? summary_.added : summary_.deleted) += to > from ? to - from : from - to;
  } else {
    ++(!ours ? summary_.added : !line ? summary_.deleted : summary_.changed);
  }
}

Result<void> RowMerge::put(Bytes key, const std::optional<Bytes>& ours, SideLine line) {
  if (!ours && !line) return {};
  count_change(ours, line ? std::optional<Bytes>(*line) : std::nullopt);
  std::vector<std::pair<uint16_t, Oid>> before, after;
  if (ours) {
    TRY_ASSIGN(before, type::large_slots(merged_->layout, *ours));
  }
  if (line) {
    TRY_ASSIGN(after, type::large_slots(merged_->layout, *line));
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
  count_row(key, line ? std::optional<std::string>(*line) : std::nullopt);
  edits_.push_back({std::string(key), std::move(line)});
  return {};
}

void RowMerge::count_row(Bytes key, const std::optional<std::string>& line) {
  memory_.add(key.size() + (line ? line->size() : 0) + sizeof(Edit));
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

std::optional<SchemaConflict> RowMerge::unmatched() const {
  // An answer is remembered by these texts, and good for these rows only.
  constexpr size_t kShownDigits = 12;
  const bool misfits = !misfit_keys_.empty() && !sides_.settled_misfits;
  bool keyless = false;
  std::array<std::string, 3> texts;
  for (const Side side : {Side::kBase, Side::kOurs, Side::kTheirs}) {
    const auto& table = version(side).table;
    if (table == nullptr) continue;
    const uint64_t rows = keyless_[at(side)];
    keyless = keyless || rows > 0;
    texts[at(side)] = "rows " + version(side).rows.hex().substr(0, kShownDigits) + " of " +
                      (table->primary_key.empty() ? "no key" : "key " + table->primary_key_name);
    if (rows > 0) texts[at(side)] += ": " + std::to_string(rows) + " would share a key or have none";
  }
  if (!keyless && !misfits) return std::nullopt;
  if (misfits)
    texts[at(Side::kTheirs)] += ": " + std::to_string(misfit_keys_.size()) +
                                " merged would lose a value that the new type cannot take";
  // The base's table is no side's.
  return SchemaConflict{merged_->schema + "." + merged_->name,
                        "rows of another key",
                        std::move(texts[0]),
                        std::move(texts[1]),
                        std::move(texts[2]),
                        {false, true, true}};
}

Result<void> RowMerge::finish() {
  Settler::Tally& tally = settler_.tally();
  summary_.conflicts += tally.conflicts;
  context_.outcome.settled += tally.settled;
  if (keys_differ_ && unmatched()) return {};  // What is between single rows says nothing.
  for (const RowConflict& conflict : tally.open)
    context_.outcome.memory.add(sizeof conflict + conflict.text_bytes());
  for (RowConflict& conflict : tally.open)
    context_.outcome.conflicts.push_back(std::move(conflict));
  if (const size_t misfits = misfit_keys_.size(); misfits > 0 && !sides_.settled_misfits) {
    context_.choices.list({merged_->schema + "." + merged_->name,
                           "column type",
                           {},
                           {},
                           std::to_string(misfits) +
                               (misfits == 1 ? " row holds a value" : " rows hold values") +
                               " that the new type cannot take"});
  }
  return {};
}

Result<GivenKeys> RowMerge::given_keys() {
  GivenKeys given;
  const uint16_t slot = merged_->columns[*generated_key_column(*merged_)].slot;
  if (rekeyed_ || side_by_side_) return given;
  TRY(visit_their_changes([&](TheirChange& change) -> Result<void> {
    if (change.base || !change.theirs) return {};
    TRY_ASSIGN(const auto ours, find_ours(change.key));
    const bool is_alike = ours && *ours == *change.theirs;
    if (!ours || (is_alike && merged_->foreign_keys.empty())) return {};
    TRY_ASSIGN(const Cells cells, lines_.take_apart(*change.theirs));
    TRY_ASSIGN(const type::Value own, lines_.value(slot, cells[slot]));
    if (!is_alike) {
      given.apart.push_back(own.as_int());
      return {};
    }
    for (const catalog::ForeignKey& key : merged_->foreign_keys) {
      for (size_t i = 0; i < key.columns.size(); ++i) {
        const catalog::ColumnDef& column = merged_->columns[key.columns[i]];
        if (cells[column.slot] == "null" || !type::is_integer(column.type.id)) continue;
        TRY_ASSIGN(const type::Value value, lines_.value(column.slot, cells[column.slot]));
        memory_.add(sizeof(GivenKeys::Follows));
        given.alike.push_back(
            {{key.schema, key.table, key.referenced[i]}, value.as_int(), own.as_int()});
      }
    }
    return {};
  }));
  cursor_.reset();
  return given;
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
