#include "txn/sequences.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tree/git_tree.h"
#include "type/key_codec.h"

namespace rowan::txn {

namespace {

using catalog::SequenceDef;

bool is_farther(const SequenceDef& sequence, int64_t a, int64_t b) {
  return sequence.increment > 0 ? a > b : a < b;
}

// The end of the block that begins with `value`, within the sequence's bounds.
int64_t block_end(const SequenceDef& sequence, int64_t value) {
  int64_t end = 0;
  const bool over = __builtin_mul_overflow(sequence.increment, catalog::kSequenceBlock - 1, &end) ||
                    __builtin_add_overflow(value, end, &end);
  if (sequence.increment > 0) return over ? sequence.max : std::min(end, sequence.max);
  return over ? sequence.min : std::max(end, sequence.min);
}

// The file was read again: the counter goes on from the farther of the two.
void follow(SequenceCounter& counter, SequenceDef now) {
  if (counter.restarted) {
    counter = counter_of(std::move(now));
    return;
  }
  const bool turned = (counter.definition.increment > 0) != (now.increment > 0);
  counter.definition = std::move(now);
  const SequenceDef& file = counter.definition;
  if (turned || !file.called || (counter.called && !is_farther(file, file.last, counter.value)))
    return;
  counter.called = true;
  counter.value = file.last;
  counter.next.reset();
  counter.covered = file.last;
}

}  // namespace

SequenceCounter counter_of(SequenceDef sequence) {
  SequenceCounter counter;
  counter.called = sequence.called;
  counter.value = sequence.last;
  if (sequence.called) counter.covered = sequence.last;
  counter.definition = std::move(sequence);
  return counter;
}

Result<int64_t> draw(SequenceCounter& counter) {
  const SequenceDef& sequence = counter.definition;
  int64_t value = sequence.start;
  bool again = false;  // CYCLE began anew: `covered` goes back with it.
  const auto next = std::exchange(counter.next, std::nullopt);
  if (next && *next >= sequence.min && *next <= sequence.max) {
    value = *next;
  } else if (counter.called) {
    const bool over = __builtin_add_overflow(counter.value, sequence.increment, &value);
    const bool up = sequence.increment > 0;
    if (over || (up ? value > sequence.max : value < sequence.min)) {
      if (!sequence.cycle) {
        return Error(ErrorCode::kSequenceLimit,
                     fmt::format("nextval: reached {} value of sequence \"{}\" ({})",
                                 up ? "maximum" : "minimum", sequence.name,
                                 up ? sequence.max : sequence.min));
      }
      value = up ? sequence.min : sequence.max;
      again = true;
    }
  }
  counter.called = true;
  counter.value = value;
  if (again || !counter.covered || is_farther(sequence, value, *counter.covered))
    counter.covered = block_end(sequence, value);
  return value;
}

void set(SequenceCounter& counter, int64_t value, bool called) {
  counter.called = true;
  counter.value = value;
  counter.next.reset();
  if (!called && __builtin_sub_overflow(value, counter.definition.increment, &counter.value))
    counter.next = counter.value = value;
  counter.covered = counter.value;
}

Result<std::optional<SequenceDef>> read_sequence(const store::ObjectReader& objects,
                                                 store::NodeCache& cache, const Oid& root,
                                                 const std::string& path, std::string_view schema,
                                                 std::string_view name) {
  TRY_ASSIGN(const auto entry, tree::find_path(objects, cache, root, path + "/sequence.json"));
  if (!entry || entry->is_tree()) return std::optional<SequenceDef>();
  TRY_ASSIGN(const store::ObjectRef object, objects.read(entry->id));
  TRY_ASSIGN(SequenceDef sequence, catalog::sequence_from_json(object.bytes, schema, name));
  return std::optional<SequenceDef>(std::move(sequence));
}

namespace {

constexpr size_t kLeftMax = 1000;  // Counters that are kept of sequences that went.

bool is_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace

// A sequence has come to a path that has no counter: it goes on behind what was drawn from the one
// that was there before, and keeps its counter when that is of no use elsewhere.
Result<SequenceCounters::Counter> SequenceCounters::begin(const SequencePlace& place,
                                                          const std::string& path,
                                                          SequenceDef now) {
  const auto left = left_.find(path);
  if (left == left_.end()) {
    const auto counter = std::make_shared<SequenceCounter>(counter_of(std::move(now)));
    const auto note = notes_.find(path);
    if (note != notes_.end() && counter->covered == note->second.covered) {
      counter->value = note->second.value;
      if (counter->value == *counter->covered) counter->next = counter->value;
    }
    if (note != notes_.end()) notes_.erase(note);
    return counter;
  }
  const Counter before = left->second;
  const auto used = std::find_if(counters_.begin(), counters_.end(),
                                 [&](const auto& entry) { return entry.second == before; });
  if (used != counters_.end()) {
    TRY_ASSIGN(const auto there,
               read_sequence(place.objects, place.cache, place.root, used->first, "", ""));
    if (there) {  // Both are there: they share what was drawn so far.
      const auto counter = std::make_shared<SequenceCounter>(*before);
      counter->covered.reset();
      if (counter->called) counter->covered = counter->value;
      follow(*counter, std::move(now));
      return counter;
    }
    counters_.erase(used);
  }
  left_.erase(left);
  follow(*before, std::move(now));
  return before;
}

Result<SequenceCounters::Counter> SequenceCounters::find(const SequencePlace& place,
                                                         const std::string& path,
                                                         const SequenceDef& sequence) {
  const auto known = counters_.find(path);
  if (known != counters_.end() && !known->second->stale) return known->second;
  TRY_ASSIGN(auto now, read_sequence(place.objects, place.cache, place.root, path, sequence.schema,
                                     sequence.name));
  if (!now) {
    return Error(ErrorCode::kUndefinedTable,
                 fmt::format("relation \"{}\" does not exist", sequence.name));
  }
  Counter counter;
  if (known == counters_.end()) {
    TRY_ASSIGN(counter, begin(place, path, std::move(*now)));
    counters_.insert_or_assign(path, counter);
  } else {
    counter = known->second;
    follow(*counter, std::move(*now));
  }
  counter->stale = counter->restarted = false;
  return counter;
}

Result<Draw> SequenceCounters::next(const PlaceSource& place, const std::string& path,
                                    const SequenceDef& sequence, const SequenceDef* definition) {
  const std::lock_guard lock(mutex_);
  TRY_ASSIGN(const Counter counter, find(place(), path, sequence));
  if (definition == nullptr) {
    TRY_ASSIGN(const int64_t value, draw(*counter));
    return Draw{value, counter};
  }
  const SequenceDef shared = std::exchange(counter->definition, *definition);
  const auto value = draw(*counter);
  counter->definition = shared;
  if (!value) return value.error();
  return Draw{*value, counter};
}

Result<CounterId> SequenceCounters::set(const PlaceSource& place, const std::string& path,
                                        const SequenceDef& sequence, int64_t value, bool called) {
  const std::lock_guard lock(mutex_);
  TRY_ASSIGN(const Counter counter, find(place(), path, sequence));
  txn::set(*counter, value, called);
  return CounterId(counter);
}

Result<std::optional<int64_t>> SequenceCounters::covered(const SequencePlace& place,
                                                         const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!counters_.contains(path) && !left_.contains(path)) return std::optional<int64_t>();
  SequenceDef nameless;
  auto counter = find(place, path, nameless);
  if (!counter && counter.error().code() == ErrorCode::kUndefinedTable)
    return std::optional<int64_t>();
  if (!counter) return std::move(counter).error();
  return (*counter)->covered;
}

bool SequenceCounters::is_current(const std::string& path, const CounterId& counter) {
  const std::lock_guard lock(mutex_);
  const auto known = counters_.find(path);
  return known != counters_.end() && known->second == counter;
}

void SequenceCounters::follow_tree(const std::function<void()>& advance) {
  const std::lock_guard lock(mutex_);
  advance();
  notes_.clear();
  for (auto& [path, counter] : counters_) counter->stale = true;
}

void SequenceCounters::redefine(const std::string& path, const SequenceDef& definition) {
  const std::lock_guard lock(mutex_);
  notes_.erase(path);
  const auto known = counters_.find(path);
  if (known == counters_.end()) return;
  SequenceDef& kept = known->second->definition;
  const SequenceDef named = std::exchange(kept, definition);
  kept.schema = named.schema;
  kept.name = named.name;
}

// Those that no transaction holds and no path has are given up when there are too many.
void SequenceCounters::leave(const std::string& path, const Counter& counter) {
  left_.insert_or_assign(path, counter);
  if (left_.size() <= kLeftMax) return;
  std::map<const SequenceCounter*, long> names;
  for (const auto& [name, kept] : left_) ++names[kept.get()];
  std::erase_if(left_, [&](const auto& entry) {
    return names[entry.second.get()] == entry.second.use_count();
  });
}

void SequenceCounters::drop(std::string_view path) {
  const std::lock_guard lock(mutex_);
  for (const auto& [known, counter] : counters_) {
    if (is_below(known, path)) leave(known, counter);
  }
  const auto is_gone = [&](const auto& entry) { return is_below(entry.first, path); };
  std::erase_if(counters_, is_gone);
  std::erase_if(notes_, is_gone);
}

void SequenceCounters::move(std::string_view path, std::string_view to) {
  const std::lock_guard lock(mutex_);
  const auto is_at = [](std::string_view folder) {
    return [folder](const auto& entry) { return is_below(entry.first, folder); };
  };
  std::vector<std::pair<std::string, Counter>> moved;
  for (const auto& [known, counter] : counters_) {
    if (!is_below(known, path)) continue;
    moved.emplace_back(std::string(to) + known.substr(path.size()), counter);
    leave(known, counter);
  }
  std::erase_if(counters_, is_at(path));
  std::erase_if(counters_, is_at(to));
  std::erase_if(left_, is_at(to));
  std::vector<SequenceNote> noted;
  for (const auto& [known, note] : notes_) {
    if (!is_below(known, path)) continue;
    noted.push_back(note);
    noted.back().path = std::string(to) + known.substr(path.size());
  }
  std::erase_if(notes_, is_at(path));
  std::erase_if(notes_, is_at(to));
  for (SequenceNote& note : noted) notes_.insert_or_assign(note.path, note);
  for (auto& [now, counter] : moved) {
    const size_t slash = now.rfind('/');
    if (const auto name = type::decode_name(now.substr(slash + 1))) counter->definition.name = *name;
    if (const auto schema = type::decode_name(now.substr(0, slash)))
      counter->definition.schema = *schema;
    counters_.insert_or_assign(std::move(now), counter);
  }
}

void SequenceCounters::create(const std::string& path) {
  const std::lock_guard lock(mutex_);
  counters_.erase(path);
  left_.erase(path);
  notes_.erase(path);
}

void SequenceCounters::restart(const std::string& path) {
  const std::lock_guard lock(mutex_);
  left_.erase(path);
  notes_.erase(path);
  const auto known = counters_.find(path);
  if (known != counters_.end()) known->second->stale = known->second->restarted = true;
}

std::vector<SequenceNote> SequenceCounters::notes(const std::string& branch) {
  const std::lock_guard lock(mutex_);
  std::vector<SequenceNote> all;
  for (const auto& [path, note] : notes_) all.push_back(note);
  for (const auto& [path, counter] : counters_) {
    if (counter->stale || !counter->called || !counter->covered ||
        (*counter->covered == counter->value && !counter->next))
      continue;
    all.push_back({branch, path, *counter->covered, counter->value});
  }
  return all;
}

void SequenceCounters::resume(const SequenceNote& note) {
  const std::lock_guard lock(mutex_);
  notes_.insert_or_assign(note.path, note);
}

void SequenceCounters::install(const std::string& path, SequenceCounter counter) {
  const std::lock_guard lock(mutex_);
  notes_.erase(path);
  left_.erase(path);
  Counter& there = counters_[path];
  if (there == nullptr) there = std::make_shared<SequenceCounter>();
  *there = std::move(counter);
}

}  // namespace rowan::txn
