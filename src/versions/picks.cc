#include "versions/picks.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_set>

#include "diff/changes.h"
#include "versions/revisions.h"

namespace rowan::versions {

namespace {

constexpr int kRevertsMax = 8;  // Of reverts of reverts.
constexpr size_t kHexDigits = 40;
constexpr std::string_view kPickedTrailer = "Rowan-Cherry-Picked-From";
constexpr std::string_view kRevertsTrailer = "Rowan-Reverts";
constexpr std::string_view kPickedWords = "(cherry picked from commit ";
constexpr std::string_view kRevertWords = "This reverts commit ";

bool is_id(std::string_view text) {
  return text.size() == kHexDigits && Oid::parse(text).has_value();
}

// The ids behind each place where the message has these words.
std::vector<std::string> ids_behind(std::string_view message, std::string_view words) {
  std::vector<std::string> ids;
  for (size_t at = message.find(words); at != std::string_view::npos;
       at = message.find(words, at + 1)) {
    const std::string_view id = message.substr(at + words.size(), kHexDigits);
    if (is_id(id)) ids.emplace_back(id);
  }
  return ids;
}

// The commits that a message says it reverts.
std::vector<std::string> reverted_ids(std::string_view message) {
  std::vector<std::string> ids = ids_behind(message, kRevertWords);
  for (const auto& [name, value] : git::trailers(message)) {
    if (name == kRevertsTrailer && is_id(value)) ids.push_back(value);
  }
  return ids;
}

// What a commit is known by. A revert's name is that of what it reverts, with a mark before it;
// `together`: also where it reverts several at once.
Result<std::set<std::string>> read_names(const Context& context, const Oid& commit, int depth = 0,
                                         bool together = false) {
  std::set<std::string> names{commit.hex()};
  const auto read = read_commit(context.store, commit);
  if (!read) return names;  // A shallow clone does not have what a message may name.
  for (const auto& [name, value] : git::trailers(read->message)) {
    if (name == kPickedTrailer && is_id(value)) names.insert(value);
  }
  for (std::string& id : ids_behind(read->message, kPickedWords)) names.insert(std::move(id));
  const std::vector<std::string> reverted = reverted_ids(read->message);
  if ((reverted.size() != 1 && !together) || depth == kRevertsMax) return names;
  for (const std::string& id : reverted) {
    TRY_ASSIGN(const std::set<std::string> undone,
               read_names(context, *Oid::parse(id), depth + 1, together));
    for (const std::string& name : undone) names.insert("-" + name);
  }
  return names;
}

size_t marks_of(std::string_view name) {
  return std::min(name.find_first_not_of('-'), name.size());
}

std::string_view root_name(std::string_view name) { return name.substr(marks_of(name)); }

// A commit of one parent, in which the table that is asked about stands at `path`.
Result<std::optional<merge::CommitChange>> change_of(const Context& context, const Oid& id,
                                                     const std::string& path) {
  TRY_ASSIGN(const git::Commit commit, read_commit(context.store, id));
  if (commit.parents.size() != 1) return std::optional<merge::CommitChange>();
  TRY_ASSIGN(const Oid before, context.repository.root_of(commit.parents[0]));
  TRY_ASSIGN(const Oid after, context.repository.root_of(id));
  return std::optional<merge::CommitChange>({before, after, path});
}

}  // namespace

std::vector<Oid> commits_apart(const Context& context, const std::vector<Oid>& tips,
                               const std::vector<Oid>& without) {
  const derived::HistoryIndex& history = context.manager.history();
  std::vector<std::pair<derived::CommitInfo, Oid>> found;
  std::vector<Oid> open = tips;
  std::unordered_set<Oid, OidHash> seen(tips.begin(), tips.end());
  while (!open.empty()) {
    const Oid id = open.back();
    open.pop_back();
    const bool is_held = std::any_of(without.begin(), without.end(),
                                     [&](const Oid& tip) { return history.is_ancestor(id, tip); });
    const auto info = is_held ? std::nullopt : history.find(id);
    if (!info) continue;
    found.emplace_back(*info, id);
    for (const Oid& parent : info->parents) {
      if (seen.insert(parent).second) open.push_back(parent);
    }
  }
  // A parent's generation is always lower.
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::tuple(a.first.generation, a.first.time_us, a.second) <
           std::tuple(b.first.generation, b.first.time_us, b.second);
  });
  std::vector<Oid> commits;
  for (const auto& [info, id] : found) commits.push_back(id);
  return commits;
}

Picks::Picks(const Context& context, std::vector<Oid> our_tips, const Oid& theirs)
    : context_(context), our_tips_(std::move(our_tips)), theirs_tip_(theirs) {
  ours_ = commits_apart(context_, our_tips_, {theirs_tip_});
  theirs_ = commits_apart(context_, {theirs_tip_}, our_tips_);
}

bool Picks::held_by_both(const std::string& name) const {
  const auto id = Oid::parse(name);
  const derived::HistoryIndex& history = context_.manager.history();
  if (!id || !history.find(*id)) return false;
  return history.is_ancestor(*id, theirs_tip_) &&
         std::any_of(our_tips_.begin(), our_tips_.end(),
                     [&](const Oid& tip) { return history.is_ancestor(*id, tip); });
}

// Whether the commit is a pick of one that both sides hold, which came to this side afterwards: then
// both are one change, and it is in the base. A pick of what was there already is another one.
bool Picks::is_in_base(const Oid& commit, const Names& names) const {
  const derived::HistoryIndex& history = context_.manager.history();
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return held_by_both(name) && !history.is_ancestor(*Oid::parse(name), commit);
  });
}

Result<const Picks::Names*> Picks::names_of(const Oid& commit) {
  if (const auto known = names_.find(commit); known != names_.end()) return &known->second;
  TRY_ASSIGN(Names names, read_names(context_, commit));
  if (is_in_base(commit, names)) {
    names.clear();
  } else if (names.size() > 1) {
    std::erase_if(names, [&](const std::string& name) { return held_by_both(name); });
  }
  return &names_.emplace(commit, std::move(names)).first->second;
}

// Whether the change was in both histories before they parted, by another commit of these names:
// then what both have of it is in their base.
Result<bool> Picks::counted_before(const Names& shared, TablePast past) {
  txn::Manager& manager = context_.manager;
  const derived::HistoryIndex& history = manager.history();
  int64_t since_us = INT64_MAX;  // What picks or reverts a commit is younger than it.
  for (const std::string& name : shared) {
    const auto id = Oid::parse(std::string_view(name).substr(name.find_first_not_of('-')));
    const auto info = id ? history.find(*id) : std::nullopt;
    since_us = std::min(since_us, info ? info->time_us : INT64_MIN);
  }
  std::vector<Oid> open;
  for (const Oid& tip : our_tips_) {
    for (const Oid& base : manager.merge_bases(tip, theirs_tip_)) open.push_back(base);
  }
  std::unordered_set<Oid, OidHash> seen(open.begin(), open.end());
  while (!open.empty()) {
    const Oid id = open.back();
    open.pop_back();
    const auto info = history.find(id);
    if (!info || info->time_us < since_us) continue;
    TRY(context_.check_cancelled());
    TRY_ASSIGN(const auto changed, past.changed_at(id));
    if (changed) {
      TRY_ASSIGN(const Names own, read_names(context_, id));
      if (std::any_of(own.begin(), own.end(),
                      [&](const std::string& name) { return shared.contains(name); }))
        return true;
    }
    for (const Oid& parent : info->parents) {
      if (seen.insert(parent).second) open.push_back(parent);
    }
  }
  return false;
}

namespace {

// The commits of one side by what they are known by, parents before children; and for each how many
// that share a name with it stand behind one another up to it.
class OneSide {
 public:
  size_t add(const derived::HistoryIndex& history, const Oid& commit,
             const std::set<std::string>& names) {
    size_t place = 1;
    for (const std::string& name : names) {
      for (const auto& [other, of_other] : by_name_[name]) {
        if (of_other >= place && history.is_ancestor(other, commit)) place = of_other + 1;
      }
    }
    for (const std::string& name : names) by_name_[name].emplace_back(commit, place);
    return place;
  }
  std::optional<Oid> at(const std::string& name, size_t place) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return std::nullopt;
    for (const auto& [commit, of_commit] : found->second) {
      if (of_commit == place) return commit;
    }
    return std::nullopt;
  }

 private:
  std::map<std::string, std::vector<std::pair<Oid, size_t>>> by_name_;
};

}  // namespace

Result<std::vector<Picks::Pair>> Picks::pairs(const Places& ours_changing,
                                              const Places& theirs_changing,
                                              const TablePast& past) {
  std::vector<Pair> pairs;
  if (ours_changing.empty() || theirs_changing.empty()) return pairs;
  OneSide by_name, their_makers;
  for (const Oid& commit : ours_) {
    if (!ours_changing.contains(commit)) continue;
    TRY_ASSIGN(const Names* names, names_of(commit));
    by_name.add(context_.manager.history(), commit, *names);
  }
  std::set<std::pair<std::string, size_t>> taken;  // Names, and the place of who has them.
  for (const Oid& commit : theirs_) {
    if (!theirs_changing.contains(commit)) continue;
    TRY_ASSIGN(const Names* names, names_of(commit));
    const size_t place = their_makers.add(context_.manager.history(), commit, *names);
    const bool again = std::any_of(names->begin(), names->end(), [&](const std::string& name) {
      return taken.contains({name, place});
    });
    if (again) continue;
    for (const std::string& name : *names) {
      const std::optional<Oid> other = by_name.at(name, place);
      if (!other) continue;
      TRY_ASSIGN(const Names* other_names, names_of(*other));
      for (const std::string& one : *names) taken.emplace(one, place);
      for (const std::string& one : *other_names) taken.emplace(one, place);
      Names shared;
      std::set_intersection(names->begin(), names->end(), other_names->begin(), other_names->end(),
                            std::inserter(shared, shared.end()));
      TRY_ASSIGN(const bool known, counted_before(shared, past));
      if (!known) pairs.push_back({*other, commit, other_names->contains(commit.hex())});
      break;
    }
  }
  return pairs;
}

Result<std::vector<merge::SharedChange>> Picks::of_table(const store::ObjectReader& objects,
                                                         const Oid& ours_root,
                                                         const merge::TablePlaces& places) {
  std::vector<merge::SharedChange> shared;
  if (ours_.empty() || theirs_.empty()) return shared;
  TablePast past(context_);
  for (const Oid& tip : our_tips_) {
    std::optional<std::string> path = places.ours;
    if (our_tips_.size() > 1) {
      TRY_ASSIGN(const Oid root, context_.repository.root_of(tip));
      TRY_ASSIGN(path, diff::path_before({objects, context_.store.cache()}, root, ours_root,
                                         places.ours));
    }
    if (path) past.know(tip, *path);
  }
  past.know(theirs_tip_, places.theirs);
  TRY_ASSIGN(const Places ours_changing, past.changing(ours_));
  TRY_ASSIGN(const Places theirs_changing, past.changing(theirs_));
  for (const Oid& tip : our_tips_) {
    for (const Oid& base : context_.manager.merge_bases(tip, theirs_tip_))
      past.know(base, places.base);
  }
  TRY_ASSIGN(const std::vector<Pair> found, pairs(ours_changing, theirs_changing, past));
  for (const Pair& pair : found) {
    TRY_ASSIGN(const auto ours, change_of(context_, pair.ours, ours_changing.at(pair.ours)));
    TRY_ASSIGN(const auto theirs, change_of(context_, pair.theirs, theirs_changing.at(pair.theirs)));
    if (ours && (pair.ours_is_pick || !theirs)) {
      shared.push_back({merge::Side::kOurs, *ours, theirs});
    } else if (theirs) {
      shared.push_back({merge::Side::kTheirs, *theirs, ours});
    }
  }
  return shared;
}

// ---- What a branch holds of a commit that is picked onto it ----

namespace {

// Commits of one history that make, or undo, one change; parents before children.
using Makers = std::vector<Oid>;

// For each of them, how many stand behind one another up to it.
std::vector<size_t> places_of(const derived::HistoryIndex& history, const Makers& makers) {
  std::vector<size_t> places;
  for (size_t i = 0; i < makers.size(); ++i) {
    size_t most = 0;
    for (size_t j = 0; j < i; ++j) {
      if (history.is_ancestor(makers[j], makers[i])) most = std::max(most, places[j]);
    }
    places.push_back(most + 1);
  }
  return places;
}

// How often a history makes a change: commits beside each other that came together by a merge
// counted once, one behind the other each counted.
size_t times_made(const derived::HistoryIndex& history, const Makers& makers) {
  const std::vector<size_t> places = places_of(history, makers);
  return places.empty() ? 0 : *std::max_element(places.begin(), places.end());
}

// The tip's commits back to the time of the oldest of `names`, parents before children. What makes
// or undoes a change by another commit is younger than that.
std::vector<Oid> younger_than(const Context& context, const Oid& tip,
                              const std::set<std::string>& names) {
  txn::Manager& manager = context.manager;
  const derived::HistoryIndex& history = manager.history();
  int64_t since_us = INT64_MAX;
  for (const std::string& name : names) {
    const auto id = Oid::parse(root_name(name));
    const auto info = id ? history.find(*id) : std::nullopt;
    since_us = std::min(since_us, info ? info->time_us : INT64_MIN);
  }
  std::vector<Oid> open = manager.held_tips(tip);
  std::unordered_set<Oid, OidHash> seen(open.begin(), open.end());
  std::vector<std::tuple<uint64_t, int64_t, Oid>> found;
  while (!open.empty()) {
    const Oid id = open.back();
    open.pop_back();
    const auto info = history.find(id);
    if (!info || info->time_us < since_us) continue;
    found.emplace_back(info->generation, info->time_us, id);
    for (const Oid& parent : info->parents) {
      if (seen.insert(parent).second) open.push_back(parent);
    }
  }
  std::sort(found.begin(), found.end());
  std::vector<Oid> commits;
  for (const auto& [generation, time_us, id] : found) commits.push_back(id);
  return commits;
}

}  // namespace

namespace {

// What a commit is known by; or, reverted, the revert of it.
Result<std::set<std::string>> names_of_change(const Context& context, const Oid& commit,
                                              bool is_back, bool together = false) {
  TRY_ASSIGN(std::set<std::string> names, read_names(context, commit, 0, together));
  if (!is_back) return names;
  std::set<std::string> undone;
  for (const std::string& name : names) undone.insert("-" + name);
  return undone;
}

}  // namespace

HeldChanges::HeldChanges(const Context& context, const store::ObjectReader& objects, const Oid& tip)
    : context_(context), objects_(objects), tip_(tip) {}

// The branch's changes, oldest first, that may have changed the table which stands at `path` now; those
// of the tip's history come first, and are `held_count`.
Result<std::vector<HeldChanges::Placed>> HeldChanges::changing(const std::set<std::string>& names,
                                                               std::string path,
                                                               size_t& held_count) const {
  const diff::Source source{objects_, context_.store.cache()};
  std::vector<Placed> added;
  for (size_t i = added_.size(); i > 0 && !path.empty(); --i) {
    const Added& one = added_[i - 1];
    added.push_back({one.change, path, one.to_root});
    TRY_ASSIGN(const auto before, diff::path_before(source, one.from_root, one.to_root, path));
    path = before.value_or("");
  }
  const std::vector<Oid> commits = younger_than(context_, tip_, names);
  TablePast past(context_);
  past.know(tip_, path);
  for (const Oid& tip : context_.manager.held_tips(tip_)) past.know(tip, path);
  TRY_ASSIGN(const auto places, past.changing(commits));
  std::vector<Placed> changes;
  for (const Oid& commit : commits) {
    const auto place = places.find(commit);
    if (place != places.end()) changes.push_back({{commit, false}, place->second, {}});
  }
  held_count = changes.size();
  changes.insert(changes.end(), added.rbegin(), added.rend());
  return changes;
}

// What it did to the table; nothing: a merge.
Result<std::optional<merge::CommitChange>> HeldChanges::made_by(const Placed& holder) const {
  const diff::Source source{objects_, context_.store.cache()};
  TRY_ASSIGN(auto made, change_of(context_, holder.change.commit, holder.path));
  if (!made) return made;
  if (holder.root) {
    TRY_ASSIGN(const auto path, diff::path_before(source, made->root, *holder.root, holder.path));
    made->path = path.value_or("");
  }
  if (!holder.change.is_back) return made;
  TRY_ASSIGN(const auto before, diff::path_before(source, made->before_root, made->root, made->path));
  std::swap(made->before_root, made->root);
  made->path = before.value_or("");
  return made;
}

Result<std::vector<merge::SharedChange>> HeldChanges::of_change(
    const Change& change, const merge::CommitChange& made, const merge::TablePlaces& places) {
  std::vector<merge::SharedChange> shared;
  TRY_ASSIGN(const std::set<std::string> given, names_of_change(context_, change.commit, change.is_back));
  size_t depth = 0;  // Odd: it undoes something.
  for (const std::string& name : given) depth = std::max(depth, marks_of(name));
  std::set<std::string, std::less<>> roots;  // The change that it makes or undoes.
  for (const std::string& name : given) {
    if (marks_of(name) == depth) roots.emplace(root_name(name));
  }
  size_t held_count = 0;
  TRY_ASSIGN(const std::vector<Placed> changes, changing(given, places.ours, held_count));
  std::map<size_t, Makers> makers;  // By how often a name is undone: odd ones undo.
  std::map<size_t, size_t> more;    // The same, of what was added since.
  const Placed* holder = nullptr;
  for (size_t i = 0; i < changes.size(); ++i) {
    TRY_ASSIGN(const std::set<std::string> names,
               names_of_change(context_, changes[i].change.commit, changes[i].change.is_back, true));
    std::set<size_t> levels;
    for (const std::string& name : names) {
      if (roots.contains(root_name(name))) levels.insert(marks_of(name));
      // The commit itself did all of it; a pick may have found less to do.
      if (given.contains(name) && (holder == nullptr || !(holder->change == change)))
        holder = &changes[i];
    }
    for (const size_t level : levels) {
      if (i < held_count) {
        makers[level].push_back(changes[i].change.commit);
      } else {
        ++more[level];
      }
    }
  }
  if (holder == nullptr) return shared;
  int64_t effect = 0;
  const derived::HistoryIndex& history = context_.manager.history();
  for (size_t level = 0; level <= kRevertsMax; ++level) {
    const auto times = static_cast<int64_t>(times_made(history, makers[level]) + more[level]);
    effect += level % 2 == 0 ? times : -times;
  }
  const bool undoes = depth % 2 == 1;
  if (undoes ? effect > 0 : effect <= 0) return shared;
  TRY_ASSIGN(const auto of_holder, made_by(*holder));
  if (holder->change == change || !of_holder) {
    shared.push_back({merge::Side::kTheirs, made, made});
  } else {
    shared.push_back({merge::Side::kOurs, *of_holder, made});
  }
  return shared;
}

// ---- What a rebase leaves out ----

namespace {

// The change that a commit of these names makes or undoes: those of them that are undone oftenest.
std::set<std::string> deepest(const std::set<std::string>& names) {
  size_t depth = 0;
  for (const std::string& name : names) depth = std::max(depth, marks_of(name));
  std::set<std::string> found;
  for (const std::string& name : names) {
    if (marks_of(name) == depth) found.insert(name);
  }
  return found;
}

using MakersByName = std::map<std::string, Makers>;

// Requires: `order` has each commit's place, parents before children.
Makers makers_of(const MakersByName& by_name, const std::set<std::string>& names,
                 const std::map<Oid, size_t>& order) {
  std::map<size_t, Oid> found;
  for (const std::string& name : names) {
    const auto makers = by_name.find(name);
    if (makers == by_name.end()) continue;
    for (const Oid& maker : makers->second) found.emplace(order.at(maker), maker);
  }
  Makers makers;
  for (const auto& [place, maker] : found) makers.push_back(maker);
  return makers;
}

}  // namespace

Result<std::vector<Oid>> picks_of(const Context& context, const Oid& tip, const Oid& commit) {
  std::vector<Oid> picks;
  for (const Oid& other : younger_than(context, tip, {commit.hex()})) {
    TRY(context.check_cancelled());
    if (other == commit) continue;
    TRY_ASSIGN(const std::set<std::string> names, read_names(context, other));
    if (names.contains(commit.hex())) picks.push_back(other);
  }
  return picks;
}

Result<std::set<Oid>> made_already(const Context& context, const Oid& onto,
                                   const std::vector<Oid>& own) {
  txn::Manager& manager = context.manager;
  derived::HistoryIndex& history = manager.history();
  std::map<Oid, std::set<std::string>> names;  // Of our own.
  std::set<std::string> wanted;
  for (const Oid& commit : own) {
    TRY(context.check_cancelled());
    TRY_ASSIGN(std::set<std::string> read, read_names(context, commit));
    for (const std::string& name : read) {
      const auto id = Oid::parse(root_name(name));
      // Of an original that no branch has, the time says how far to look.
      if (id && !history.find(*id)) (void)history.ensure(context.store, *id);
    }
    wanted.insert(read.begin(), read.end());
    names.emplace(commit, std::move(read));
  }
  MakersByName theirs, ours;
  std::map<Oid, size_t> order;
  for (const Oid& commit : younger_than(context, onto, wanted)) {
    TRY(context.check_cancelled());
    TRY_ASSIGN(const std::set<std::string> read, read_names(context, commit));
    for (const std::string& name : read) {
      if (wanted.contains(name)) theirs[name].push_back(commit);
    }
    order.emplace(commit, order.size());
  }
  std::set<Oid> made;
  for (const Oid& commit : own) {
    order.emplace(commit, order.size());
    // What was made where both come from, and again here, is another change.
    std::set<std::string>& known_by = names.at(commit);
    std::erase_if(known_by, [&](const std::string& name) {
      const auto makers = theirs.find(name);
      return makers != theirs.end() &&
             std::any_of(makers->second.begin(), makers->second.end(),
                         [&](const Oid& maker) { return history.is_ancestor(maker, commit); });
    });
    for (const std::string& name : known_by) ours[name].push_back(commit);
    const std::set<std::string> change = deepest(known_by);
    const size_t times_there = times_made(history, makers_of(theirs, change, order));
    const Makers here = makers_of(ours, change, order);  // The last is this one.
    const std::vector<size_t> places = places_of(history, here);
    bool is_made = places.back() <= times_there;
    for (size_t i = 0; i + 1 < here.size(); ++i) is_made |= places[i] == places.back();
    if (is_made) made.insert(commit);
  }
  return made;
}

}  // namespace rowan::versions
