#include "exec/sequences.h"

#include <fmt/format.h>

#include <algorithm>

namespace rowan::exec {

namespace {

bool is_farther(const catalog::SequenceDef& sequence, int64_t a, int64_t b) { return sequence.increment > 0 ? a > b : a < b; }

// The end of the block that begins with `value`, within the sequence's bounds.
int64_t block_end(const catalog::SequenceDef& sequence, int64_t value) {
  int64_t end = 0;
  const bool over = __builtin_mul_overflow(sequence.increment, catalog::kSequenceBlock - 1, &end) || __builtin_add_overflow(value, end, &end);
  if (sequence.increment > 0) return over ? sequence.max : std::min(end, sequence.max);
  return over ? sequence.min : std::max(end, sequence.min);
}

}  // namespace

// A file that changed since it was looked at: by our own blocks, by a merge (the farther value counts), or by a definition that starts it again.
void SequenceCounters::follow(Counter& counter, const catalog::SequenceDef& sequence, uint64_t generation) const {
  std::string text = catalog::sequence_json(sequence);
  const bool is_new = counter.seen.empty();
  if (text == counter.seen || (!is_new && generation < counter.generation)) return;   // An older snapshot says nothing new.
  const bool same_generation = generation == counter.generation;
  counter.seen = std::move(text);
  counter.generation = generation;
  if (!is_new && sequence.called && counter.covered == sequence.last) return;
  if (!is_new && same_generation) return;              // Blocks of other transactions: all drawn from here.
  if (!is_new && sequence.called && counter.called && !is_farther(sequence, sequence.last, counter.value) &&
      counter.covered && is_farther(sequence, *counter.covered, sequence.last)) {
    counter.covered.reset();                           // It was set back (RESTART, a restored table).
  }
  counter.called = sequence.called;
  counter.value = sequence.last;
  counter.covered = sequence.called ? std::optional<int64_t>(sequence.last) : std::nullopt;
}

Result<SequenceCounters::Draw> SequenceCounters::next(std::string_view branch, const catalog::SequenceDef& sequence, uint64_t generation) {
  const std::lock_guard lock(mutex_);
  Counter& counter = counters_[std::string(branch) + '\n' + sequence.path()];
  follow(counter, sequence, generation);
  Draw draw;
  if (!counter.called) {
    draw.value = sequence.start;
  } else {
    const bool over = __builtin_add_overflow(counter.value, sequence.increment, &draw.value);
    if (over || draw.value > sequence.max || draw.value < sequence.min) {
      const bool up = sequence.increment > 0;
      if (!sequence.cycle) {
        return Error(ErrorCode::kSequenceLimit, fmt::format("nextval: reached {} value of sequence \"{}\" ({})", up ? "maximum" : "minimum",
                                                            sequence.name, up ? sequence.max : sequence.min));
      }
      draw.value = up ? sequence.min : sequence.max;
      draw.wrapped = true;
    }
  }
  counter.called = true;
  counter.value = draw.value;
  if (draw.wrapped || !counter.covered || is_farther(sequence, draw.value, *counter.covered)) counter.covered = block_end(sequence, draw.value);
  draw.covered = *counter.covered;
  return draw;
}

void SequenceCounters::set(std::string_view branch, const catalog::SequenceDef& sequence, uint64_t generation, int64_t value, bool called) {
  const std::lock_guard lock(mutex_);
  Counter& counter = counters_[std::string(branch) + '\n' + sequence.path()];
  counter.seen = catalog::sequence_json(sequence);
  counter.generation = generation;
  counter.called = true;
  counter.value = called ? value : value - sequence.increment;
  counter.covered = counter.value;
}

Result<catalog::SequenceDef> SessionSequences::find(std::string_view name) const {
  if (transaction_ == nullptr) return Error(ErrorCode::kFeatureNotSupported, "sequences cannot be used here");
  TRY_ASSIGN(const catalog::ObjectName parsed, catalog::parse_name(name, schema_));
  const catalog::Catalog& catalog = transaction_->catalog();
  TRY_ASSIGN(const bool has_schema, catalog.has_schema(parsed.schema));
  std::optional<catalog::SequenceDef> found;
  if (has_schema) {
    TRY_ASSIGN(found, catalog.find_sequence(parsed.schema, parsed.name));
  }
  if (found) return std::move(*found);
  if (has_schema) {
    TRY_ASSIGN(const auto kind, catalog.find_relation(parsed.schema, parsed.name));
    if (kind != catalog::Catalog::RelationKind::kNone) {
      return Error(ErrorCode::kWrongObjectType, fmt::format("\"{}\" is not a sequence", parsed.name));
    }
  }
  return Error(ErrorCode::kUndefinedTable, fmt::format("relation \"{}\" does not exist", name));
}

Result<int64_t> SessionSequences::next(std::string_view name) {
  TRY_ASSIGN(const catalog::SequenceDef sequence, find(name));
  if (transaction_->read_only()) return Error(ErrorCode::kReadOnlyTransaction, "cannot execute nextval() in a read-only transaction");
  TRY_ASSIGN(const auto draw, counters_.next(transaction_->branch(), sequence, transaction_->snapshot().schema_generation));
  TRY(transaction_->move_sequence(sequence.path() + "/sequence.json", draw.covered, draw.wrapped));
  drawn_.insert_or_assign(sequence.path(), draw.value);
  last_ = sequence.path();
  return draw.value;
}

Result<int64_t> SessionSequences::current(std::string_view name) {
  TRY_ASSIGN(const catalog::SequenceDef sequence, find(name));
  const auto drawn = drawn_.find(sequence.path());
  if (drawn != drawn_.end()) return drawn->second;
  return Error(ErrorCode::kObjectNotInState, fmt::format("currval of sequence \"{}\" is not yet defined in this session", sequence.name));
}

Result<int64_t> SessionSequences::last() {
  if (last_) return drawn_.find(*last_)->second;
  return Error(ErrorCode::kObjectNotInState, "lastval is not yet defined in this session");
}

Result<void> SessionSequences::set(std::string_view name, int64_t value, bool called) {
  TRY_ASSIGN(const catalog::SequenceDef sequence, find(name));
  if (transaction_->read_only()) return Error(ErrorCode::kReadOnlyTransaction, "cannot execute setval() in a read-only transaction");
  if (value < sequence.min || value > sequence.max) {
    return Error(ErrorCode::kNumericOutOfRange, fmt::format("setval: value {} is out of bounds for sequence \"{}\" ({}..{})", value, sequence.name,
                                                            sequence.min, sequence.max));
  }
  int64_t before = 0;
  if (!called && __builtin_sub_overflow(value, sequence.increment, &before)) {
    return Error(ErrorCode::kNumericOutOfRange, fmt::format("setval: value {} is too near the end of bigint", value));
  }
  counters_.set(transaction_->branch(), sequence, transaction_->snapshot().schema_generation, value, called);
  if (called) {
    drawn_.insert_or_assign(sequence.path(), value);
    last_ = sequence.path();
  }
  return transaction_->move_sequence(sequence.path() + "/sequence.json", called ? value : before, true);
}

}  // namespace rowan::exec
