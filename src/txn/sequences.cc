#include "txn/sequences.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tree/git_tree.h"

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

Result<SequenceCounter*> SequenceCounters::find(const SequencePlace& place,
                                                const SequenceDef& sequence) {
  std::string path = sequence.path();
  const auto known = counters_.find(path);
  if (known != counters_.end() && !known->second.stale) return &known->second;
  TRY_ASSIGN(auto now, read_sequence(place.objects, place.cache, place.root, path, sequence.schema,
                                     sequence.name));
  if (!now) {
    return Error(ErrorCode::kUndefinedTable,
                 fmt::format("relation \"{}\" does not exist", sequence.name));
  }
  SequenceCounter* counter = nullptr;
  if (known == counters_.end()) {
    counter = &counters_.emplace(path, counter_of(std::move(*now))).first->second;
    const auto note = notes_.find(path);
    if (note != notes_.end() && counter->covered == note->second.covered) {
      counter->value = note->second.value;
      if (counter->value == *counter->covered) counter->next = counter->value;
    }
    if (note != notes_.end()) notes_.erase(note);
  } else {
    counter = &known->second;
    follow(*counter, std::move(*now));
  }
  counter->stale = false;
  return counter;
}

Result<int64_t> SequenceCounters::next(const PlaceSource& place, const SequenceDef& sequence) {
  const std::lock_guard lock(mutex_);
  TRY_ASSIGN(SequenceCounter* const counter, find(place(), sequence));
  return draw(*counter);
}

Result<int64_t> SequenceCounters::next_as(const PlaceSource& place, const SequenceDef& sequence,
                                          const SequenceDef& definition) {
  const std::lock_guard lock(mutex_);
  TRY_ASSIGN(SequenceCounter* const counter, find(place(), sequence));
  const SequenceDef shared = std::exchange(counter->definition, definition);
  auto value = draw(*counter);
  counter->definition = shared;
  return value;
}

Result<void> SequenceCounters::set(const PlaceSource& place, const SequenceDef& sequence,
                                   int64_t value, bool called) {
  const std::lock_guard lock(mutex_);
  TRY_ASSIGN(SequenceCounter* const counter, find(place(), sequence));
  txn::set(*counter, value, called);
  return {};
}

Result<std::optional<int64_t>> SequenceCounters::covered(const SequencePlace& place,
                                                         const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto known = counters_.find(path);
  if (known == counters_.end()) return std::optional<int64_t>();
  SequenceCounter& counter = known->second;
  if (counter.stale) {
    TRY_ASSIGN(auto now, read_sequence(place.objects, place.cache, place.root, path,
                                       counter.definition.schema, counter.definition.name));
    if (!now) return std::optional<int64_t>();
    follow(counter, std::move(*now));
    counter.stale = false;
  }
  return counter.covered;
}

void SequenceCounters::follow_tree(const std::function<void()>& advance) {
  const std::lock_guard lock(mutex_);
  advance();
  notes_.clear();
  for (auto& [path, counter] : counters_) counter.stale = true;
}

void SequenceCounters::redefine(const std::string& path, const SequenceDef& definition) {
  const std::lock_guard lock(mutex_);
  notes_.erase(path);
  const auto known = counters_.find(path);
  if (known == counters_.end()) return;
  SequenceDef& kept = known->second.definition;
  const SequenceDef named = std::exchange(kept, definition);
  kept.schema = named.schema;
  kept.name = named.name;
}

void SequenceCounters::forget(std::string_view path) {
  const std::lock_guard lock(mutex_);
  const auto is_below = [&](const auto& entry) {
    return entry.first.starts_with(path) &&
           (entry.first.size() == path.size() || entry.first[path.size()] == '/');
  };
  std::erase_if(counters_, is_below);
  std::erase_if(notes_, is_below);
}

std::vector<SequenceNote> SequenceCounters::notes(const std::string& branch) {
  const std::lock_guard lock(mutex_);
  std::vector<SequenceNote> all;
  for (const auto& [path, note] : notes_) all.push_back(note);
  for (const auto& [path, counter] : counters_) {
    if (counter.stale || !counter.called || !counter.covered ||
        (*counter.covered == counter.value && !counter.next))
      continue;
    all.push_back({branch, path, *counter.covered, counter.value});
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
  counters_.insert_or_assign(path, std::move(counter));
}

}  // namespace rowan::txn
